//! A repository that is signed in part is a normal state: whoever enables it reads one command that mends the finding,
//! before and after opam has it. No message ends at an opam without the repository.

use super::home::{CONEX, Home, anchor, printed};
use crate::typed_hints::commands;

/// The anchors are strict, and five of six packages are not signed. The one command that `enable` names makes all of
/// it work; so does the one that `--status` names.
#[test]
fn a_partly_signed_repository_works_after_the_one_command_that_is_named() {
    let makes = Home::new();
    let (tree, anchors) = makes.signs("tree", "optional", &["fmt"]);
    let home = Home::of_one(&tree);
    let text = home.does(&["enable", "default", "--anchors", &anchors]);
    assert!(text.contains("5 of 6 packages are not signed"), "{text}");
    assert!(!text.contains("remove"), "{text}");
    let status = home.status(1);
    assert!(!status.contains("remove"), "{status}");
    let named = commands(&status, "NoStrict", &[]);
    assert_eq!(named, commands(&text, "NoStrict", &[]));
    home.must(&named[0]);
    let status = home.status(0);
    assert!(
        status.contains("default: nostrict, 1 of 1 anchors, pinned link"),
        "{status}"
    );
    // And back: whoever asks for strictness again is told what that does.
    let text = home.does(&["enable", "default", "--strict"]);
    assert_eq!(commands(&text, "NoStrict", &[]), named);
}

/// V10.4: A valid snapshot covers what nobody signs. The command that is named takes it, and not `--nostrict`, which
/// would let packages through without a snapshot as well.
#[test]
fn where_a_snapshot_covers_the_rest_the_command_that_is_named_relies_on_it() {
    let makes = Home::new();
    let (tree, anchors) = makes.signs("tree", "required", &["fmt"]);
    let strict = anchors.strip_suffix(",unsigned=covered").unwrap();
    let strict = strict.replace(",quorum=1", "");
    let home = Home::of_one(&tree);
    let text = home.does(&["enable", "default", "--anchors", &strict, "--quorum", "1"]);
    let named = commands(&text, "Covered", &[]).remove(0);
    assert!(named.contains(",unsigned=covered --quorum 1"), "{named}");
    home.must(&named);
    let status = home.status(0);
    assert!(
        status.contains("default: covered, 1 of 1 anchors"),
        "{status}"
    );
    let config = String::from_utf8(home.files().0).unwrap();
    assert!(!config.contains("--nostrict"), "{config}");
}

/// There is one hook: it can be made lenient before opam has the repository, which a strict one would not let in.
#[test]
fn the_hook_is_prepared_before_opam_has_the_repository() {
    let home = Home::of_fixture("2.6.1", "config");
    let before = home.files();
    let anchors = format!("{},{},quorum=2", anchor("a"), anchor("b"));
    // A mistyped name changes nothing, and the message says what there is and how to add one.
    let (status, text) = home.conex(&["enable", "work", "--anchors", &anchors]);
    assert_eq!(status, Some(2), "{text}");
    let add = format!(
        "opam repository add work URL 2 {}",
        anchors.replace(',', " ")
    );
    for part in [
        "default, one, pinned",
        "conex enable work --strict",
        add.as_str(),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(home.files(), before);
    let text = home.does(&["enable", "work", "--nostrict"]);
    assert!(
        text.contains("opam repository add work URL QUORUM ANCHOR…"),
        "{text}"
    );
    let text = home.does(&["enable", "work", "--nostrict", "--anchors", &anchors]);
    assert!(text.contains(&add), "{text}");
    let text = home.does(&[
        "enable",
        "work",
        "--nostrict",
        "--anchors",
        &anchors,
        "--quorum",
        "2",
    ]);
    assert!(text.contains(&add), "{text}");
    let lenient = |home: &Home| {
        String::from_utf8(home.files().0)
            .unwrap()
            .contains("--nostrict")
    };
    assert!(lenient(&home));
    assert_eq!(home.files().1, before.1);
    home.does(&["enable", "work", "--strict"]);
    assert!(!lenient(&home));
    home.does(&["disable"]);
    assert_eq!(home.files(), before);
}

/// `--quorum` alone is about the anchors that opam has: it is set where they reach it, and refused otherwise, and never
/// passed over.
#[test]
fn a_quorum_alone_changes_that_of_the_anchors_that_are_there() {
    let home = Home::of_fixture("2.6.1", "config");
    home.does(&["enable", "signed"]);
    let before = home.files();
    for (name, quorum, status, says) in [
        (
            "signed",
            "99",
            2,
            "a quorum of 99 cannot be reached by 2 different anchors",
        ),
        ("signed", "0", 2, "with N from 1 to 2"),
        ("default", "99", 1, "there are no trust anchors"),
        ("nobody", "1", 2, "opam repository add nobody URL 1 ANCHOR…"),
    ] {
        let (found, text) = home.conex(&["enable", name, "--quorum", quorum]);
        assert_eq!(found, Some(status), "{name} {quorum}: {text}");
        assert!(text.contains(says), "{name} {quorum}: {text}");
        assert_eq!(home.files(), before, "{name} {quorum}");
    }
    let text = home.does(&["enable", "signed", "--quorum", "1"]);
    assert!(text.contains("1 of 2 anchors must agree"), "{text}");
    assert_ne!(home.files().1, before.1);
    let text = home.does(&["enable", "signed", "--quorum", "1"]);
    assert!(text.contains("Nothing to do"), "{text}");
    home.does(&["disable", "signed"]);
    assert_eq!(home.files().1, before.1);
}

/// V10.2: Their maintainers say how many must agree, and opam has these anchors already.
#[test]
fn a_quorum_below_that_of_the_anchors_that_are_there_is_refused() {
    let home = Home::of_fixture("2.6.1", "config");
    let trust = format!("{{{:?} {:?} \"quorum=2\"}} {{2}}", anchor("a"), anchor("b"));
    home.repositories(&[("default", &trust)]);
    let before = home.files();
    let (status, text) = home.conex(&["enable", "default", "--quorum", "1"]);
    assert_eq!(status, Some(2), "{text}");
    assert!(
        text.contains("quorum=2") && text.contains("with N from 2 to 2"),
        "{text}"
    );
    assert_eq!(home.files(), before);
}

/// The anchors that opam has count as those that are given: `--nostrict` is never written for a repository whose anchors
/// say `unsigned=covered`. Where another repository needs it, what it means for this one is said.
#[test]
fn nostrict_is_not_written_where_the_anchors_that_are_there_say_covered() {
    let home = Home::of_fixture("2.6.1", "config");
    let covered = format!("{{{:?} \"unsigned=covered\"}} {{1}}", anchor("a"));
    let strict = format!("{{{:?}}} {{1}}", anchor("b"));
    home.repositories(&[("default", &covered), ("work", &strict)]);
    let before = home.files();
    let (status, text) = home.conex(&["enable", "default", "--nostrict"]);
    assert_eq!(status, Some(2), "{text}");
    assert_eq!(home.files(), before);
    let text = home.does(&["enable", "work", "--nostrict"]);
    assert!(
        text.contains("unsigned packages of `default` come without a snapshot"),
        "{text}"
    );
    assert_eq!(home.json()["checks"][1]["policy"]["mode"], "nostrict");
}

/// `--status` says of each repository what the hook asks of it.
#[test]
fn status_says_what_the_policy_of_each_repository_is() {
    let home = Home::of_fixture("2.6.1", "config");
    let (a, b, link) = (anchor("a"), anchor("b"), anchor("c"));
    let pinned = format!("{{{a:?} {b:?} \"link={link}\" \"claims=0.3\"}} {{2}}");
    let covered =
        format!("{{{a:?} {b:?} \"quorum=1\" \"snapshot=1.20\" \"unsigned=covered\"}} {{2}}");
    home.repositories(&[("pinned", &pinned), ("covered", &covered)]);
    home.does(&["enable", "pinned"]);
    let text = home.status(0);
    for line in [
        "pinned: strict, 2 of 2 anchors, pinned link, claims from 0.3 on; ",
        "covered: covered, 2 of 2 anchors, snapshot from 1.20 on; ",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let checks = home.json()["checks"].clone();
    assert_eq!(
        checks[1]["policy"],
        serde_json::json!({"mode": "strict", "quorum": 2, "anchors": 2, "link": link, "snapshot": null, "claims": "0.3"})
    );
    assert_eq!(
        checks[2]["policy"],
        serde_json::json!({"mode": "covered", "quorum": 2, "anchors": 2, "link": null, "snapshot": "1.20", "claims": null})
    );
}

/// Something is wrong with what opam holds. The hint never removes the repository: it fetches it again, under the same
/// URL and anchors, after which opam has it in any case.
#[test]
fn no_hint_about_a_damaged_copy_removes_the_repository() {
    let makes = Home::new();
    let (tree, anchors) = makes.signs("tree", "optional", &["--unclaimed"]);
    let home = Home::of_one(&tree);
    home.does(&["enable", "default", "--anchors", &anchors]);
    home.status(0);
    let opam_file = home
        .root()
        .join("repo/default/packages/fmt/fmt.0.10.0/opam");
    let text = std::fs::read_to_string(&opam_file).unwrap();
    std::fs::write(&opam_file, text + "post-messages: [\"owned\"]\n").unwrap();
    let status = home.status(1);
    assert!(
        status.contains("E014") && !status.contains("remove"),
        "{status}"
    );
    let fetch = format!(
        "opam repository set-url default https://default.example 1 {}",
        anchors.replace(',', " ")
    );
    assert!(status.contains(&fetch), "{status}");
    // What opam 2.0 and 2.1 leave after a refusal of that is nothing, and no damaged repository.
    std::fs::remove_dir_all(home.root().join("repo/default")).unwrap();
    std::fs::create_dir(home.root().join("repo/default")).unwrap();
    assert!(home.status(0).contains("opam holds nothing of it yet"));
}

/// What the hook refuses names what an opam user types: `--nostrict` where the policy is strict, and not where the anchors
/// say `unsigned=covered`, for which `enable` would refuse it.
#[test]
fn a_refused_update_names_a_command_that_is_not_refused_in_its_turn() {
    let home = Home::new();
    let (tree, covered) = home.signs("tree", "required", &["fmt"]);
    std::fs::remove_file(tree.join("packages/.conex/snapshot")).unwrap();
    let strict = covered.strip_suffix(",unsigned=covered").unwrap();
    for (anchors, named) in [(strict, true), (covered.as_str(), false)] {
        let mut hook = home.command(CONEX);
        hook.args(["verify", "--incremental=false", "--quorum=1", "--all"])
            .arg(format!("--anchors={anchors}"))
            .arg(format!("--repo={}", home.path("repo/work").display()))
            .arg(format!("--dir={}", tree.display()));
        let (status, text) = printed(hook.output().unwrap());
        assert_eq!(status, Some(1), "{text}");
        assert!(text.contains("E020") && text.contains("E063"), "{text}");
        assert_eq!(
            text.contains("conex enable work --nostrict"),
            named,
            "{text}"
        );
        assert_eq!(text.contains("--nostrict"), named, "{text}");
    }
}
