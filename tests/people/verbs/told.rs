//! What people are told of a tree that is not valid: one cause is one finding, with what to do
//! and by whom, in the words of who reads it.

use crate::town::{Town, told};

const VERIFY: &str = "conex verify --dir . --anchors \"$ANCHORS\" --quorum 2 --no-state";

/// What a client says of the work tree, whatever the verdict.
fn verify(town: &Town, options: &str) -> String {
    told(&town.run(&format!("{VERIFY} {options}")))
}

fn errors(text: &str) -> usize {
    text.lines().filter(|l| l.starts_with("error[")).count()
}

/// An author took a new key, and one of two janitors approved it: that is what is missing, and
/// nothing else is told, in a work tree, in a merge and to a client.
#[test]
fn a_rotation_that_waits_is_told_as_one_thing() {
    let town = Town::new();
    town.ok("git checkout -qb rotation; by alice conex rotate --no-passphrase --yes; by ja conex approve --yes; commit rotated");
    let cause = "error[E028]: the new key of `alice` waits for 1 more janitor, and counts for nothing until then";
    let status = town.ok("conex status");
    let check = told(&town.run("conex check main..rotation"));
    let client = verify(&town, "");
    for text in [&status, &check, &client] {
        assert!(text.contains(cause), "{text}");
        assert_eq!(errors(text), 1, "{text}");
        assert!(text.contains(" findings follow from this"), "{text}");
        assert!(!text.contains("E022"), "{text}");
    }
    assert!(
        status.contains("hint: janitors approve it: `conex approve alice`"),
        "{status}"
    );
    assert!(
        check.contains(
            "hint: janitors run `conex approve alice` in the branch that is to be merged"
        ),
        "{check}"
    );
    assert!(
        client.contains("hint: ask the repository's maintainers"),
        "{client}"
    );
    assert!(!client.contains("conex approve"), "{client}");
    // What follows is there for those who ask, and the verdict counts it.
    let all = verify(&town, "--all");
    assert!(
        errors(&all) > 1 && all.contains("E022") && all.contains("E027"),
        "{all}"
    );
    assert!(all.contains("findings follow from this:\n"), "{all}");
    let last = |text: &str| {
        text.lines()
            .last()
            .unwrap()
            .split(" (")
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(last(&client), last(&all));
    // One more approval, and everything is valid.
    town.ok("by jb conex approve alice --yes; commit approved");
    town.accepted("rotation");
}

/// Attack: behind a key change that waits, somebody changes a package. The cause hides what
/// follows from it, and not that.
#[test]
fn an_independent_error_stands_beside_a_cause() {
    let town = Town::new();
    town.ok("by alice conex rotate --no-passphrase --yes; edit logs.1.0 evil");
    for text in [verify(&town, ""), town.ok("conex status")] {
        assert!(
            text.contains("error[E028]: the new key of `alice`"),
            "{text}"
        );
        let edited =
            "error[E014]: `packages/logs/logs.1.0/opam` is not what its maintainers signed";
        assert!(text.contains(edited), "{text}");
    }
    // Nor does a list of their own that somebody edits.
    let town = Town::new();
    town.ok("by alice conex rotate --no-passphrase --yes; sed -i 's/^counter: .*/counter: 9/' packages/fmt/releases");
    let text = verify(&town, "");
    assert!(
        text.contains("error[E028]: the new key of `alice`"),
        "{text}"
    );
    assert!(
        text.contains("error[E013]: `packages/fmt/releases`"),
        "{text}"
    );
}

/// An author waits with a package of which they are the first owner.
#[test]
fn what_waits_behind_an_authorisation_follows_from_it() {
    let town = Town::new();
    town.ok("by ja conex owner add carol logs; by ja conex owner remove bob logs; by carol conex sign --yes");
    let text = town.ok("conex status");
    assert!(
        text.contains("error[E021]: the authorisation `logs` waits for 2 more janitors"),
        "{text}"
    );
    assert!(text.contains("`conex approve logs`"), "{text}");
    assert_eq!(errors(&text), 1, "{text}");
}

/// A release is copied with `cp -r`, as one does for the next version.
#[test]
fn a_copied_release_is_to_be_signed() {
    let town = Town::new();
    town.ok("cp -r packages/fmt/fmt.1.1 packages/fmt/fmt.1.2");
    let message = "the release `fmt.1.2` is a copy of `fmt.1.1`, and is not signed";
    let status = town.ok("conex status");
    assert!(status.contains(message), "{status}");
    assert!(
        status.contains("hint: sign it as a release of its own: `conex sign`"),
        "{status}"
    );
    assert_eq!(errors(&status), 1, "{status}");
    let client = verify(&town, "");
    assert!(
        client.contains(message) && !client.contains("conex sign"),
        "{client}"
    );
    town.ok("by alice conex sign --yes; commit signed");
    town.accepted("main");
    // The checksum of another package is no copy.
    let text =
        told(&town.run("cp packages/lwt/lwt.1.0/checksum packages/fmt/fmt.1.0/; conex status"));
    assert!(text.contains("is the file of another place"), "{text}");
    assert!(
        text.contains("expected  fmt.1.0") && text.contains("found     lwt.1.0"),
        "{text}"
    );
}

/// A new release without anything signed: two things are missing, one person is waited for.
#[test]
fn a_new_release_waits_for_its_owner() {
    let town = Town::new();
    town.ok("release fmt.2.0; release fmt.2.1");
    let text = town.ok("conex status");
    assert!(
        text.contains("not signed yet: waits for `alice`\n --> packages/fmt/fmt.2.0"),
        "{text}"
    );
    assert!(text.contains("hint: `conex sign`"), "{text}");
    assert!(text.contains("4 findings follow from this"), "{text}");
    assert_eq!(errors(&text), 1, "{text}");
}

/// Janitors approve before the author signs: that is a success, and says who is next.
#[test]
fn an_approval_before_the_author_signs_reports_no_error() {
    let town = Town::new();
    town.ok("release dune.1.0; release dune.1.1; by ja conex owner add bob dune");
    for janitor in ["ja", "jb"] {
        let text = town.ok(&format!("by {janitor} conex approve --yes"));
        assert!(text.contains("Waits for `bob`: `conex sign`."), "{text}");
        assert!(
            !text.contains("error") && !text.contains("not valid"),
            "{text}"
        );
    }
    let text = town.ok("by bob conex sign --yes; by ja conex approve --yes");
    assert!(!text.contains("Waits for"), "{text}");
}

/// What a former key signed stays for ever. A client can do nothing about it, and is not told.
#[test]
fn former_keys_are_nothing_to_clients() {
    let town = Town::new();
    town.ok(
        "by alice conex rotate --no-passphrase --yes; by bob conex rotate --no-passphrase --yes
        for j in ja jb; do by $j conex approve --yes; done; commit rotated",
    );
    let client = town.ok(VERIFY);
    assert!(
        client.contains("accepted") && !client.contains("E019"),
        "{client}"
    );
    let status = town.ok("conex status");
    assert!(
        status.contains("note[E019]: signatures are left of keys that count no more")
            && status.contains("2 findings follow"),
        "{status}"
    );
    assert!(verify(&town, "--all").contains("signed with a key that is not valid for this id"));
}

/// For programs every finding says what it follows from.
#[test]
fn json_says_the_cause() {
    let town = Town::new();
    town.ok("by alice conex rotate --no-passphrase --yes");
    let output = town.run(&format!("{VERIFY} --format=json"));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let of = |code: &str| -> Vec<_> { findings.iter().filter(|f| f["code"] == code).collect() };
    assert!(!of("E022").is_empty() && !of("E027").is_empty());
    for finding in of("E022").into_iter().chain(of("E027")) {
        assert_eq!(
            (&finding["cause"], &finding["explains"]),
            (&"id alice".into(), &false.into()),
            "{finding}"
        );
    }
    let heads: Vec<_> = findings.iter().filter(|f| f["explains"] == true).collect();
    assert_eq!(heads.len(), 1);
    assert_eq!(
        (&heads[0]["code"], &heads[0]["cause"]),
        (&"E028".into(), &"id alice".into())
    );
    // Digests are whole.
    let text = serde_json::to_string(findings).unwrap();
    assert!(!text.contains('\u{2026}'), "{text}");
}

/// In a job of GitHub each cause is one annotation.
#[test]
fn a_job_has_one_annotation_for_each_cause() {
    let town = Town::new();
    town.ok(
        "git checkout -qb rotation; by alice conex rotate --no-passphrase --yes; commit rotated",
    );
    let text = told(&town.run("conex check main..rotation --format=github"));
    let errors: Vec<&str> = text
        .lines()
        .filter(|l| l.starts_with("::error file="))
        .collect();
    assert_eq!(errors.len(), 1, "{text}");
    assert!(
        errors[0].contains("the new key of `alice` waits for 2 more janitors")
            && errors[0].contains("findings follow from this"),
        "{text}"
    );
}

/// A dry run asks nothing, not even for the passphrase of the key that it would make.
#[test]
fn a_dry_run_of_a_rotation_asks_nothing() {
    let town = Town::new();
    let text = town.ok("by alice conex rotate --dry-run; git diff --quiet");
    assert!(text.contains("Nothing was written (--dry-run)."), "{text}");
}
