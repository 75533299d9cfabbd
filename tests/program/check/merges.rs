//! The result of the merge is judged: branches that are each in order can spoil each other.

use crate::check::forge::{CONEX, Forge, told};
use crate::world::{OPAM, World, at, opam_path};

/// The release `release` of fmt, signed by bob with this counter of the list.
fn releasing(world: &World, release: &str, counter: u64) -> World {
    let mut world = world.clone();
    world.file(&opam_path(release), OPAM);
    let entries = vec![
        world.checksum(release, at(0, 1)),
        world.release_list("fmt", at(0, counter)),
    ];
    world.says("bob", entries);
    world
}

/// ```text
/// main ──┬── owner: fmt goes to carol ── merged first
///        └── release: bob signs fmt.1.1
/// ```
/// Each is in order alone, and git puts them together without a word.
#[test]
fn a_check_is_void_when_the_published_branch_moved() {
    let mut world = World::usual();
    world.joined("carol");
    let forge = Forge::new(&world);
    let release = releasing(&world, "fmt.1.1", 2);
    forge.branch("release", "main", &release);
    let mut owner = world.clone();
    let entry = owner.authorisation("fmt", at(0, 2), &["carol"]);
    owner.quorum_says(vec![entry]);
    // What was bob's is vouched for by its new owner.
    let entries = vec![
        owner.now(conex_verify::format::resource::Kind::Checksum, "fmt.1.0"),
        owner.now(conex_verify::format::resource::Kind::Releases, "fmt"),
    ];
    owner.says("carol", entries);
    forge.branch("owner", "main", &owner);
    forge.check("main..release").is_good();
    forge.check("main..owner").is_good();
    let before = forge.check("main..release");
    forge.merge("owner");
    let checked = forge.check("main..release");
    checked.is_refused(&[("E022", "packages/fmt/releases")]);
    // A bot sees that the green one is of another tip.
    assert_ne!(before.summary("base"), checked.summary("base"));
    assert_eq!(
        checked.tasks(),
        ["vouch [carol] 2 of [ja jb jc]: releases fmt, checksum fmt.1.1"]
    );
}

/// Two releases of one package: both lists have the counter 2, and their check lines
/// keep git from putting them together into a third that nobody signed.
#[test]
fn two_changes_of_one_resource_conflict() {
    let world = World::usual();
    let forge = Forge::new(&world);
    forge.branch("a", "main", &releasing(&world, "fmt.1.1", 2));
    forge.branch("b", "main", &releasing(&world, "fmt.1.2", 2));
    forge.check("main..a").is_good();
    forge.check("main..b").is_good();
    forge.merge("a");
    let checked = forge.check("main..b");
    checked.is_refused(&[("E097", "packages/fmt/releases")]);
    assert_eq!(
        checked.summary("conflicts"),
        &serde_json::json!(["packages/fmt/releases"])
    );
    assert_eq!(checked.summary("merged_tree"), &serde_json::Value::Null);
    let text = told(&forge.run(&["main..b"]));
    assert!(
        text.contains("`conex sign` writes it anew, above both"),
        "{text}"
    );
    assert!(
        text.contains("not mergeable into main: 1 file conflicts"),
        "{text}"
    );
}

/// A merge driver in the published branch, or in the work tree, does not resolve it.
#[test]
fn no_attribute_hides_a_conflict() {
    let mut world = World::usual();
    world.file(".gitattributes", "* merge=union\n");
    let forge = Forge::new(&world);
    forge.branch("a", "main", &releasing(&world, "fmt.1.1", 2));
    forge.branch("b", "main", &releasing(&world, "fmt.1.2", 2));
    forge.merge("a");
    assert!(forge.dir().join(".gitattributes").exists());
    forge.git(&["config", "merge.default", "union"]);
    forge
        .check("main..b")
        .is_refused(&[("E097", "packages/fmt/releases")]);
}

/// Different packages of one author never meet.
#[test]
fn branches_of_different_packages_merge() {
    let mut world = World::usual();
    world.owned("lwt", &["bob"]);
    world.released("lwt.1", "bob");
    let forge = Forge::new(&world);
    forge.branch("fmt", "main", &releasing(&world, "fmt.1.1", 2));
    let mut lwt = world.clone();
    lwt.file(&opam_path("lwt.2"), OPAM);
    let entries = vec![
        lwt.checksum("lwt.2", at(0, 1)),
        lwt.release_list("lwt", at(0, 2)),
    ];
    lwt.says("bob", entries);
    forge.branch("lwt", "main", &lwt);
    forge.merge("fmt");
    let checked = forge.check("main..lwt");
    checked.is_good();
    // What was judged is what git makes of it.
    let judged = checked.summary("merged_tree").as_str().unwrap().to_owned();
    forge.merge("lwt");
    assert_eq!(judged, forge.git(&["rev-parse", "main^{tree}"]));
}

/// An edit of a file that the other branch renamed: whatever the configuration says, it is
/// what git's own merge makes of it that is judged.
#[test]
fn the_tree_that_is_judged_is_the_one_that_git_makes() {
    let mut world = World::usual();
    let text = format!("{OPAM}x-long: \"the same in both of them\"\n");
    world.file(&opam_path("lib.1"), &text);
    let forge = Forge::new(&world);
    let mut moved = world.clone();
    moved.remove(&opam_path("lib.1"));
    moved.file(&opam_path("lib.2"), &text);
    let mut edited = world.clone();
    edited.file(&opam_path("lib.1"), format!("{text}x-edited: true\n"));
    forge.branch("edited", "main", &edited);
    forge.branch("moved", "main", &moved);
    forge.merge("moved");
    let judged = || forge.check("main..edited").summary("merged_tree").clone();
    let plain = judged();
    for setting in ["merge.renames", "diff.renames", "merge.directoryRenames"] {
        forge.git(&["config", setting, "false"]);
    }
    forge.git(&["config", "diff.algorithm", "patience"]);
    assert_eq!(judged(), plain);
    forge.sh("rm .git/config; git init -q");
    forge.merge("edited");
    assert_eq!(plain, forge.git(&["rev-parse", "main^{tree}"]));
    assert!(forge.dir().join(opam_path("lib.2")).exists());
}

/// Histories that have nothing in common are not merged, and a clone that does not
/// reach back far enough cannot know.
#[test]
fn what_has_no_common_commit_is_not_judged() {
    let world = World::usual();
    let forge = Forge::new(&world);
    forge.branch("a", "main", &releasing(&world, "fmt.1.1", 2));
    forge.git(&["checkout", "-q", "main"]);
    forge.branch("main", "main", &{
        let mut world = world.clone();
        world.file(&opam_path("new.1"), OPAM);
        world
    });
    forge.git(&["checkout", "-q", "--orphan", "other"]);
    forge.git(&["commit", "-q", "-m", "other"]);
    forge.check("main..other").is_refused(&[("E097", "")]);
    forge.sh("git checkout -q main
         git clone -q --bare --depth 1 --no-single-branch \"file://$PWD\" ../shallow.git");
    let shallow = forge.home().join("shallow.git");
    let output = forge
        .command(CONEX)
        .args(["-C", shallow.to_str().unwrap(), "check", "main..a"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(
        told(&output).contains("git fetch --unshallow"),
        "{}",
        told(&output)
    );
}
