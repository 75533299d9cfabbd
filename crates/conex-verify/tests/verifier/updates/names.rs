//! Several repositories under one name, and one repository under several names: opam knows a
//! repository by its name and URL, the hook by its identity.

use conex_verify::finding::Code;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::{Anchors, Client};
use conex_verify::workbench::update::Memory;
use conex_verify::workbench::verdict::{Known, Load, verify_update};

use crate::world::*;

/// What a client says who has these memories and no tree.
fn says(memories: &[Memory], name: &str, client: &Client, world: &World) -> Verdict {
    let known = Known {
        tree: None,
        name,
        memories,
        load: Load::Whole,
    };
    world.judge(&known, client).says().0
}

/// What is remembered of a state that was accepted under this name.
fn memory(name: &str, client: &Client, world: &World) -> Memory {
    let repository = Repository::load(&world.tree);
    let known = Known {
        name,
        ..Known::default()
    };
    let verdict = verify_update(&known, &world.tree, &repository, client, world.mode);
    assert!(verdict.accepted());
    let assessment = verdict.assessment.as_ref().unwrap();
    Memory::after(name, client, &repository, assessment)
}

fn client(quorum: usize, anchors: &[&str]) -> Client {
    let anchors = Anchors {
        keys: anchors.iter().map(|a| fingerprint(a)).collect(),
        ..Anchors::default()
    };
    Client::new(anchors, quorum).unwrap()
}

/// Another repository of these janitors, from which a server would rather serve.
fn other(janitors: &[&str]) -> World {
    let mut w = World::empty();
    let mut first = link(2, janitors, janitors);
    first.repository = "another".to_owned();
    w.link(&first);
    w
}

/// The hook remembers `default`; the server, or whoever edits opam's configuration, hands out
/// anchors of which one is another one. They are still those of the same janitors.
#[test]
fn another_repository_of_the_same_janitors_under_the_same_name_is_refused() {
    let real = World::usual();
    let known = memory("r", &client(2, &["ja", "jb", "jc"]), &real);
    for (janitors, anchors) in [
        (&["ja", "jb", "jc"][..], &["ja", "jb", "jc"][..]),
        // One anchor differs.
        (&["ja", "jb", "jx"], &["ja", "jb", "jx"]),
        // One less, and one more.
        (&["ja", "jb"], &["ja", "jb"]),
        (&["ja", "jb", "jc", "jx"], &["ja", "jb", "jc", "jx"]),
    ] {
        let evil = other(janitors);
        let client = client(2, anchors);
        let verdict = says(std::slice::from_ref(&known), "r", &client, &evil);
        verdict.is_rejected(Code::OtherRepository, "janitors/0");
        // Under another name it is nobody's business.
        says(std::slice::from_ref(&known), "other", &client, &evil).is_accepted();
    }
}

/// With a lower quorum in the new anchors fewer keys have to be the same.
#[test]
fn a_lower_quorum_of_the_new_anchors_does_not_help() {
    let real = World::usual();
    let known = memory("r", &client(2, &["ja", "jb", "jc"]), &real);
    let mut evil = World::empty();
    let mut first = link(1, &["ja", "jx"], &["ja", "jx"]);
    first.repository = "another".to_owned();
    evil.link(&first);
    let verdict = says(&[known], "r", &client(1, &["ja", "jx"]), &evil);
    verdict.is_rejected(Code::OtherRepository, "janitors/0");
}

/// The maintainers start anew and publish anchors that pin the new chain; or the name is
/// given to a repository of other people.
#[test]
fn another_repository_that_the_user_means_is_accepted() {
    let real = World::usual();
    let known = memory("r", &client(2, &["ja", "jb", "jc"]), &real);
    let anew = other(&["ja", "jb", "jc"]);
    let anchors = Anchors {
        keys: ["ja", "jb", "jc"].map(fingerprint).into(),
        link: Some(anew.identity()),
        ..Anchors::default()
    };
    let pinned = Client::new(anchors, 2).unwrap();
    says(std::slice::from_ref(&known), "r", &pinned, &anew).is_accepted();
    let strangers = other(&["jx", "jy", "ja"]);
    let client = client(2, &["jx", "jy", "ja"]);
    says(&[known], "r", &client, &strangers).is_accepted();
}

/// ```text
/// as `default`   0.1   0.2
/// as `copy`                  0.1: refused by the memory of `default`
/// ```
#[test]
fn an_older_state_of_the_same_repository_under_another_name_is_refused() {
    let old = World::usual();
    let mut new = old.clone();
    let entries = new.listed("fmt.1.0", at(0, 2));
    new.says("bob", entries);
    let client = old.client().unwrap();
    let known = memory("default", &client, &new);
    let verdict = says(std::slice::from_ref(&known), "copy", &client, &old);
    verdict.is_rejected(Code::Rollback, "fmt.1.0/checksum");
    let told = verdict.text().contains("accepted as: default");
    assert!(told, "{}", verdict.text());
    let way_out = |f: &conex_verify::finding::Finding| f.hint.contains("--state-dir");
    assert!(verdict.findings.iter().any(way_out));
    says(&[known], "copy", &client, &new).is_accepted();
}

/// Of several other names the highest of each register counts, whichever has it.
#[test]
fn a_new_name_starts_from_the_highest_under_all_others() {
    let base = {
        let mut w = World::usual();
        w.owned("lwt", &["bob"]);
        w.released("lwt.1.0", "bob");
        w
    };
    let newer = |release: &str| {
        let mut w = base.clone();
        let entry = w.checksum(release, at(0, 2));
        w.says("bob", vec![entry]);
        w
    };
    let (fmt, lwt) = (newer("fmt.1.0"), newer("lwt.1.0"));
    let client = base.client().unwrap();
    let known = [memory("a", &client, &fmt), memory("b", &client, &lwt)];
    for (state, code) in [(&fmt, "lwt.1.0"), (&lwt, "fmt.1.0"), (&base, "fmt.1.0")] {
        says(&known, "c", &client, state).is_rejected(Code::Rollback, code);
    }
    let mut both = fmt.clone();
    both.tree.files.extend(lwt.tree.files.clone());
    both.file(
        &checksum_path("fmt.1.0"),
        fmt.bytes(&checksum_path("fmt.1.0")),
    );
    both.verdict().is_clean();
    says(&known, "c", &client, &both).is_accepted();
    // A name that has a memory of its own goes by that: it may lag behind.
    says(&known, "a", &client, &fmt).is_accepted();
}

/// What is remembered of another repository says nothing about this one.
#[test]
fn the_memory_of_another_repository_under_another_name_says_nothing() {
    let real = World::usual();
    let mut far = real.clone();
    let entries = far.listed("fmt.1.0", at(0, 9));
    far.says("bob", entries);
    let mut foreign = World::with_janitors(2, &["ja", "jb", "jd"]);
    foreign.joined("bob");
    let client = real.client().unwrap();
    let of_foreign = memory("x", &foreign.client().unwrap(), &foreign);
    says(&[of_foreign], "r", &client, &real).is_accepted();
}

/// M2: A third party's repository begins with link 0 of this one, which everybody can copy, so
/// that the two have one identity. Its janitors let a link of nobody follow, which no anchor
/// signed and so nobody judges, and go on from there.
///
/// ```text
/// this one   0 (ja jb jc)
/// theirs     0 (ja jb jc)   1 (jy), by nobody who could   2 (jx)
/// ```
fn of_a_third_party(real: &World) -> World {
    let mut theirs = real.clone();
    for path in theirs.paths() {
        if path.starts_with("packages/") && !path.ends_with("janitors/0") {
            theirs.remove(&path);
        }
    }
    theirs.link(&link(1, &["jy"], &["jz"]));
    theirs.link(&link(1, &["jx"], &["jy", "jx"]));
    let entry = theirs.author_file("bob", at(0, 999_999), &[]);
    theirs.says("jx", vec![entry]);
    theirs
}

/// Whoever uses the repository of that third party does not learn from it what this one is.
#[test]
fn a_repository_that_copies_link_0_does_not_block_this_one_under_another_name() {
    let real = World::usual();
    let theirs = of_a_third_party(&real);
    let known = memory("theirs", &client(1, &["jx"]), &theirs);
    assert_eq!(known.registers.identity, real.identity());
    let known = [known];
    says(&known, "r", &real.client().unwrap(), &real).is_accepted();
    // Nor after this one went on.
    let mut later = real.clone();
    for _ in 0..3 {
        later.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    }
    says(&known, "r", &real.client().unwrap(), &later).is_accepted();
}

/// M2: What was accepted under other anchors still counts where this chain has its links.
#[test]
fn an_older_state_is_refused_under_another_name_and_other_anchors() {
    let mut old = World::usual();
    old.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb", "jd"]));
    let mut new = old.clone();
    let entries = new.listed("fmt.1.0", at(0, 2));
    new.says("bob", entries);
    let known = memory("default", &client(1, &["jb", "jd"]), &new);
    let other = client(1, &["ja", "jc"]);
    says(&[known], "copy", &other, &old).is_rejected(Code::Rollback, "fmt.1.0/checksum");
}
