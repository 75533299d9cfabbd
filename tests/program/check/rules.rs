//! Pull requests that are in order, and those that would spoil the published branch.

use crate::check::forge::Forge;
use crate::world::{OPAM, World, at, checksum_path, link, opam_path};

/// An author's usual day: a release, signed, and nobody else is needed.
#[test]
fn a_signed_release_is_mergeable() {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    world.file(&opam_path("fmt.1.1"), OPAM);
    let entries = vec![
        world.checksum("fmt.1.1", at(0, 1)),
        world.release_list("fmt", at(0, 2)),
    ];
    world.says("bob", entries);
    forge.branch("release", "main", &world);
    let checked = forge.check("main..release");
    checked.is_good();
    assert_eq!(checked.summary("trust"), "base");
    assert_eq!(checked.summary("packages"), &serde_json::json!(["fmt"]));
    let text = |field: &str, part: &str| checked.summary(field)[part].as_str().unwrap().to_owned();
    assert_eq!(text("base", "commit"), forge.git(&["rev-parse", "main"]));
    assert_eq!(text("head", "commit"), forge.git(&["rev-parse", "release"]));
    assert_eq!(
        text("base", "tree"),
        forge.git(&["rev-parse", "main^{tree}"])
    );
    // All ways to write the same range.
    for range in ["main...release", "main..", "main"] {
        forge.check(range).is_good();
    }
}

/// Somebody who never released fmt edits its opam file, as most pull requests do.
#[test]
fn an_edit_without_signature_is_refused_and_says_who_must_sign() {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    world.file(&opam_path("fmt.1.0"), format!("{OPAM}bug-reports: \"x\"\n"));
    forge.branch("edit", "main", &world);
    let checked = forge.check("main..edit");
    checked.is_refused(&[("E014", &opam_path("fmt.1.0"))]);
    assert_eq!(
        checked.tasks(),
        ["write [bob] 2 of [ja jb jc]: checksum fmt.1.0"]
    );
    // They write the checksum (`conex sign`), and one janitor approves it.
    let entry = world.checksum("fmt.1.0", at(0, 2));
    forge.branch("edit", "main", &world);
    let checked = forge.check("main..edit");
    let waits = checksum_path("fmt.1.0");
    let waits = [("E022", &*waits)];
    checked.is_refused(&waits);
    assert_eq!(
        checked.tasks(),
        ["vouch [bob] 2 of [ja jb jc]: checksum fmt.1.0"]
    );
    world.says("jc", vec![entry.clone()]);
    forge.branch("edit", "main", &world);
    let checked = forge.check("main..edit");
    checked.is_refused(&waits);
    assert_eq!(
        checked.tasks(),
        ["vouch [bob] 1 of [ja jb]: checksum fmt.1.0"]
    );
    // The second one completes it.
    world.says("ja", vec![entry]);
    forge.branch("edit", "main", &world);
    forge.check("main..edit").is_good();
}

/// A new author with a first package: nothing that was valid breaks, so it can be merged;
/// who wants to merge what is complete says so.
#[test]
fn a_new_author_waits_and_harms_nobody() {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    let file = world.author_file("carol", at(0, 1), &["carol"]);
    world.says("carol", vec![file.clone()]);
    let owner = world.authorisation("lwt", at(0, 1), &["carol"]);
    world.released("lwt.1", "carol");
    forge.branch("join", "main", &world);
    let checked = forge.check("main..join");
    checked.is_mergeable();
    assert_eq!(checked.summary("complete"), false);
    assert_eq!(
        checked.tasks(),
        ["vouch [] 2 of [ja jb jc]: author carol, authorisation lwt"]
    );
    assert_eq!(
        forge.run(&["--complete", "main..join"]).status.code(),
        Some(1)
    );
    // Strict clients refuse packages that nobody claims.
    forge
        .check_with(&["--strict", "main..join"])
        .is_refused(&[("E020", "packages/lwt")]);
    world.quorum_says(vec![file, owner]);
    forge.branch("join", "main", &world);
    forge
        .check_with(&["--complete", "--strict", "main..join"])
        .is_good();
}

/// A branch undoes a merge with `git revert`: what was published once never comes back.
#[test]
fn reverting_a_merge_is_a_downgrade() {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    world.file(&opam_path("fmt.1.0"), format!("{OPAM}x-mended: true\n"));
    let entry = world.checksum("fmt.1.0", at(0, 2));
    world.says("bob", vec![entry]);
    forge.branch("mend", "main", &world);
    forge.check("main..mend").is_good();
    forge.merge("mend");
    forge.git(&["checkout", "-q", "-b", "undo", "main"]);
    forge.git(&["revert", "--no-edit", "-m", "1", "main"]);
    forge
        .check("main..undo")
        .is_refused(&[("E090", &checksum_path("fmt.1.0"))]);
}

/// A release goes, with its line in the list, and the floor of the list rises.
#[test]
fn a_release_that_goes_raises_the_floor() {
    let mut world = World::usual();
    world.file(&opam_path("fmt.0.9"), OPAM);
    let entries = vec![
        world.checksum("fmt.0.9", at(0, 1)),
        world.release_list("fmt", at(0, 2)),
    ];
    world.says("bob", entries);
    let forge = Forge::new(&world);
    world.remove(&opam_path("fmt.0.9"));
    forge.branch("only-opam", "main", &world);
    let checked = forge.check("main..only-opam");
    assert_eq!(checked.status, 1);
    world.remove(&checksum_path("fmt.0.9"));
    forge.branch("directory", "main", &world);
    let checked = forge.check("main..directory");
    checked.is_refused(&[
        ("E040", "packages/fmt/fmt.0.9/"),
        ("E091", &checksum_path("fmt.0.9")),
    ]);
    assert_eq!(
        checked.tasks(),
        ["write [bob] 2 of [ja jb jc]: releases fmt"]
    );
    let list = world.release_list("fmt", at(0, 3));
    world.says("bob", vec![list]);
    forge.branch("no-floor", "main", &world);
    forge
        .check("main..no-floor")
        .is_refused(&[("E091", &checksum_path("fmt.0.9"))]);
    let list = world.release_list_above("fmt", at(0, 4), 1);
    world.says("bob", vec![list]);
    forge.branch("floor", "main", &world);
    forge.check("main..floor").is_good();
}

/// A branch cleans up what somebody vouched for.
#[test]
fn segments_are_not_deleted() {
    let world = World::usual();
    let forge = Forge::new(&world);
    let mut stripped = world.clone();
    for path in world.paths() {
        if path.starts_with("packages/.conex/index/bob/") {
            stripped.remove(&path);
        }
    }
    forge.branch("clean", "main", &stripped);
    let checked = forge.check("main..clean");
    assert_eq!(checked.status, 1);
    assert!(
        checked.json.to_string().contains("E022"),
        "{}",
        checked.json
    );
}

/// Signatures on a link can be added by anybody who has them, and never taken away:
/// whoever starts with the anchors of the first day needs them.
#[test]
fn signatures_on_old_links_stay() {
    let mut world = World::with_janitors(2, &["ja", "jb", "jc"]);
    world.link(&link(
        2,
        &["ja", "jb", "jc", "jd"],
        &["ja", "jb", "jc", "jd"],
    ));
    let forge = Forge::new(&world);
    world.link_at(1, &link(2, &["ja", "jb", "jc", "jd"], &["ja", "jb", "jd"]));
    forge.branch("fewer", "main", &world);
    forge
        .check("main..fewer")
        .is_refused(&[("E092", "packages/.conex/janitors/1")]);
}

/// A new link is merged when a quorum and those whom it adds have signed it.
#[test]
fn a_new_link_waits_for_its_signatures() {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    let members = ["ja", "jb", "jc", "jd"];
    world.link(&link(2, &members, &["ja"]));
    forge.branch("janitor", "main", &world);
    let checked = forge.check("main..janitor");
    checked.is_refused(&[("E032", "packages/.conex/janitors/1")]);
    assert_eq!(
        checked.tasks(),
        [
            "sign-link [jd] 0 of []: link 1",
            "sign-link [] 1 of [jb jc]: link 1"
        ]
    );
    world.link_at(1, &link(2, &members, &["ja", "jb", "jd"]));
    forge.branch("janitor", "main", &world);
    forge.check("main..janitor").is_good();
}

/// Two of three janitors replace the chain by one of their own, in which all is in order.
#[test]
fn the_chain_of_the_published_branch_is_continued() {
    let world = World::usual();
    let forge = Forge::new(&world);
    let mut forked = world.clone();
    forked.link_at(0, &link(1, &["ja", "jb"], &["ja", "jb"]));
    forge.branch("fork", "main", &forked);
    let checked = forge.check("main..fork");
    assert_eq!(checked.status, 1);
    let text = checked.json.to_string();
    assert!(text.contains("E095"), "{text}");
    // Without the chain there is nothing that could be judged.
    let mut none = world.clone();
    none.remove("packages/.conex/janitors/0");
    forge.branch("none", "main", &none);
    let checked = forge.check("main..none");
    assert_eq!(checked.status, 1);
    assert!(
        checked.json.to_string().contains("E030"),
        "{}",
        checked.json
    );
}

/// The change that makes a repository a signed one.
#[test]
fn the_first_chain_is_taken_as_it_is() {
    let mut world = World::empty();
    world.file(&opam_path("fmt.1.0"), OPAM);
    let forge = Forge::new(&world);
    world.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    forge.branch("init", "main", &world);
    let checked = forge.check("main..init");
    checked.is_mergeable();
    assert_eq!(checked.summary("trust"), "new");
    world.link_at(0, &link(2, &["ja", "jb"], &["ja"]));
    forge.branch("half", "main", &world);
    forge
        .check("main..half")
        .is_refused(&[("E032", "packages/.conex/janitors/0")]);
    // A repository that nobody signs has no verdict to give.
    let mut unsigned = World::empty();
    unsigned.file(&opam_path("fmt.2.0"), OPAM);
    forge.branch("unsigned", "main", &unsigned);
    assert_eq!(forge.check("main..unsigned").status, 1);
}

/// Whoever says whom to trust is not told by the published branch.
#[test]
fn anchors_are_believed_before_the_published_branch() {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    world.file(&opam_path("new.1"), OPAM);
    forge.branch("new", "main", &world);
    let anchors = |names: &[&str]| -> String {
        let all = names
            .iter()
            .map(|n| crate::world::fingerprint(n).to_string());
        all.collect::<Vec<_>>().join(",")
    };
    let good = anchors(&["ja", "jb", "jc"]);
    let args = ["--quorum=2", "main..new", "--anchors"];
    let checked = forge.check_with(&[args[0], args[1], args[2], &good, "--nostrict"]);
    checked.is_good();
    assert_eq!(checked.summary("trust"), "anchors");
    let other = anchors(&["mallory", "eve"]);
    let checked = forge.check_with(&[args[0], args[1], args[2], &other, "--nostrict"]);
    assert_eq!(checked.status, 1);
    forge.undecided(
        &["main..new", "--anchors", "x", "--quorum", "1"],
        "not a fingerprint",
    );
    forge.undecided(
        &["main..new", "--anchors", &good, "--quorum", "4"],
        "cannot be reached",
    );
}

/// What is broken in the published branch stays a reason to refuse, and is not blamed
/// on the change; a change that mends it can be merged.
#[test]
fn errors_of_before_are_told_apart() {
    let good = World::usual();
    let mut broken = good.clone();
    broken.file(&opam_path("fmt.1.0"), format!("{OPAM}x-broken: true\n"));
    let forge = Forge::new(&broken);
    let mut other = broken.clone();
    other.file(&opam_path("new.1"), OPAM);
    forge.branch("other", "main", &other);
    let checked = forge.check("main..other");
    let opam = opam_path("fmt.1.0");
    checked.is_refused(&[]).has_before(&[("E014", &opam)]);
    assert_eq!(checked.summary("errors_in_base"), 1);
    let text = forge.run(&["--nostrict", "main..other"]);
    let text = crate::check::forge::told(&text);
    assert!(text.contains("main has already:"), "{text}");
    assert!(
        text.contains("1 error that main has already and that this change does not mend"),
        "{text}"
    );
    let mut worse = broken.clone();
    worse.file("packages/.conex/stray", "x");
    forge.branch("worse", "main", &worse);
    let checked = forge.check("main..worse");
    checked
        .is_refused(&[("E002", "packages/.conex/stray")])
        .has_before(&[("E014", &opam)]);
    forge.branch("mends", "main", &good);
    forge.check("main..mends").is_good();
}

/// What is no snapshot may go from the published branch.
#[test]
fn a_file_that_is_no_snapshot_may_go() {
    let mut world = World::usual();
    world.file("packages/.conex/snapshot", "not one\n");
    let forge = Forge::new(&world);
    world.remove("packages/.conex/snapshot");
    forge.branch("without", "main", &world);
    forge.check("main..without").is_good();
}

/// What is no file at all is refused wherever it lies: the work tree of a clone has it.
#[test]
fn a_snapshot_that_is_a_link_is_refused() {
    let forge = Forge::new(&World::usual());
    forge.sh(
        "git checkout -q -b link && ln -s /etc/passwd packages/.conex/snapshot && git add -A && git commit -qm link
         git checkout -q main",
    );
    forge
        .check("main..link")
        .is_refused(&[("E001", "packages/.conex/snapshot")]);
}

/// BASE is damaged, so nothing in it says what HEAD must not take back: whom to trust is
/// known from the anchors, and that is not enough.
#[test]
fn a_published_branch_that_cannot_be_read_is_compared_with_nothing() {
    let mut world = World::usual();
    let link = "packages/.conex/janitors/0";
    let good = world.bytes(link);
    world.file(link, "not one\n");
    let forge = Forge::new(&world);
    world.file(link, good);
    forge.branch("mends", "main", &world);
    let anchors: Vec<String> = ["ja", "jb", "jc"]
        .iter()
        .map(|n| crate::world::fingerprint(n).to_string())
        .collect();
    let anchors = anchors.join(",");
    let checked = forge.check_with(&["main..mends", "--quorum=2", "--anchors", &anchors]);
    checked.is_refused(&[("E030", link)]);
}
