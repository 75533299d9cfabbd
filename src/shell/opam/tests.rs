//! Files that real opams wrote, edited and brought back.

use std::path::{Path, PathBuf};

use super::edit::{
    EditError, Edited, Foreign, find, set_anchors, set_hook, unset_anchors, unset_hook,
};
use super::hook::{self, Hook, When, Word};
use super::record::Record;
use super::repositories::read;

const NOTHING: &[&str] = &[];
const VERSIONS: [&str; 3] = ["2.0.8", "2.1.2", "2.6.1"];

fn fixture(version: &str, name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/opam-config");
    std::fs::read(path.join(version).join(name)).unwrap()
}

fn path() -> PathBuf {
    PathBuf::from("config")
}

fn conex() -> Hook {
    Hook::of(Path::new("/usr/local/bin/conex"), NOTHING)
}

fn anchor(digit: &str) -> String {
    format!("blake2b={}", digit.repeat(64))
}

/// The new text of an edit that must change something.
fn new(edited: Edited) -> Vec<u8> {
    match edited {
        Edited::Changed(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hook_that_is_set_and_taken_away_leaves_every_byte_as_it_was() {
    for version in VERSIONS {
        let whole = fixture(version, "config");
        // Written by opam, without a newline at the end, with a comment there, empty.
        let cut = whole.strip_suffix(b"\n").unwrap().to_vec();
        let comment = [whole.as_slice(), b"# mine\n\n"].concat();
        for before in [whole, cut, comment, Vec::new()] {
            let mut record = Record::default();
            let set = set_hook(&path(), &before, &conex(), Foreign::Keep, &mut record).unwrap();
            let with = new(set);
            assert!(with.starts_with(&before));
            assert_eq!(hook::find(&path(), &with).unwrap().unwrap().hook, conex());
            let again = set_hook(&path(), &with, &conex(), Foreign::Keep, &mut record.clone());
            assert_eq!(again.unwrap(), Edited::Unchanged);
            let without = new(unset_hook(&path(), &with, &mut record).unwrap());
            assert_eq!(without, before);
            assert_eq!(record, Record::default());
        }
    }
}

#[test]
fn a_foreign_hook_stays_unless_forced_and_comes_back() {
    for version in ["2.1.2", "2.6.1"] {
        let before = fixture(version, "config.foreign");
        let mut record = Record::default();
        let kept = set_hook(&path(), &before, &conex(), Foreign::Keep, &mut record);
        assert!(matches!(kept, Err(EditError::ForeignHook(h)) if h.contains("other-hook")));
        assert_eq!(record, Record::default());
        let set = set_hook(&path(), &before, &conex(), Foreign::Replace, &mut record).unwrap();
        let with = new(set);
        assert_eq!(hook::find(&path(), &with).unwrap().unwrap().hook, conex());
        // A later conex at another place does not make the first one the one to bring back.
        let moved = Hook::of(Path::new("/opt/conex"), &["--nostrict"]);
        let with = new(set_hook(&path(), &with, &moved, Foreign::Keep, &mut record).unwrap());
        let without = new(unset_hook(&path(), &with, &mut record).unwrap());
        assert_eq!(without, before);
    }
}

#[test]
fn a_conex_at_another_place_replaces_the_first_and_still_nothing_is_left() {
    let before = fixture("2.6.1", "config");
    let cut = before.strip_suffix(b"\n").unwrap().to_vec();
    for before in [before, cut] {
        let mut record = Record::default();
        let set = set_hook(&path(), &before, &conex(), Foreign::Keep, &mut record).unwrap();
        let moved = Hook::of(Path::new("/opt/conex"), &["--nostrict"]);
        let with = new(set_hook(&path(), &new(set), &moved, Foreign::Keep, &mut record).unwrap());
        assert_eq!(
            new(unset_hook(&path(), &with, &mut record).unwrap()),
            before
        );
    }
}

#[test]
fn a_config_that_opam_wrote_anew_in_between_loses_the_hook_alone() {
    // opam writes the field in the middle of the file; `other-hook` stands for conex here.
    let rewritten = String::from_utf8(fixture("2.6.1", "config.foreign")).unwrap();
    let rewritten = rewritten.replace(
        "/usr/local/bin/other-hook\"",
        "/usr/local/bin/conex\"\n  \"verify\"",
    );
    let before = fixture("2.6.1", "config");
    let mut record = Record::default();
    set_hook(&path(), &before, &conex(), Foreign::Keep, &mut record).unwrap();
    assert_eq!(
        set_hook(
            &path(),
            rewritten.as_bytes(),
            &conex(),
            Foreign::Keep,
            &mut record
        )
        .unwrap(),
        Edited::Unchanged
    );
    let without = new(unset_hook(&path(), rewritten.as_bytes(), &mut record).unwrap());
    assert_eq!(without, before);
}

#[test]
fn another_hook_that_came_later_is_not_taken_away() {
    let mut record = Record::default();
    let config = fixture("2.6.1", "config");
    set_hook(&path(), &config, &conex(), Foreign::Keep, &mut record).unwrap();
    let later = fixture("2.6.1", "config.foreign");
    assert!(matches!(
        unset_hook(&path(), &later, &mut record).unwrap(),
        Edited::Others(_)
    ));
}

#[test]
fn anchors_are_written_as_opam_writes_them() {
    for version in VERSIONS {
        let repos = fixture(version, "repos-config");
        let mut record = Record::default();
        // From what opam wrote for `one` to what it wrote for `signed`.
        let wanted = [anchor("a"), anchor("b")];
        let with = set_anchors(&path(), &repos, "one", &wanted, 2, &mut record).unwrap();
        let with = new(with);
        let entries = read(&path(), &with).unwrap();
        let of = |name: &str| entries.iter().find(|e| e.name == name).unwrap();
        let text = |name: &str| with[of(name).trust.clone()].to_vec();
        assert_eq!(text("one"), text("signed"));
        assert_eq!(of("one").client().unwrap().quorum(), 2);
        let again = set_anchors(&path(), &with, "one", &wanted, 2, &mut record).unwrap();
        assert_eq!(again, Edited::Unchanged);
        let without = new(unset_anchors(&path(), &with, "one", &mut record).unwrap());
        assert_eq!(without, repos);
        assert_eq!(record, Record::default());
    }
}

#[test]
fn every_repository_gets_anchors_and_gives_them_back() {
    for version in VERSIONS {
        let repos = fixture(version, "repos-config");
        let mut record = Record::default();
        let mut text = repos.clone();
        let wanted = [anchor("d"), format!("link={}", anchor("e"))];
        for name in ["default", "one", "pinned", "signed", "trap"] {
            text = new(set_anchors(&path(), &text, name, &wanted, 1, &mut record).unwrap());
        }
        for entry in read(&path(), &text).unwrap() {
            assert_eq!(entry.fingerprints, wanted);
        }
        // Set once more with others: what comes back is what was there at first.
        text = new(set_anchors(&path(), &text, "trap", &wanted[..1], 1, &mut record).unwrap());
        for name in ["trap", "default", "signed", "one", "pinned"] {
            text = new(unset_anchors(&path(), &text, name, &mut record).unwrap());
        }
        assert_eq!(text, repos);
    }
}

#[test]
fn anchors_that_were_changed_since_are_not_touched() {
    let repos = fixture("2.6.1", "repos-config");
    let mut record = Record::default();
    let text = set_anchors(&path(), &repos, "default", &[anchor("d")], 1, &mut record).unwrap();
    let text = String::from_utf8(new(text))
        .unwrap()
        .replace(&anchor("d"), &anchor("f"));
    assert!(matches!(
        unset_anchors(&path(), text.as_bytes(), "default", &mut record).unwrap(),
        Edited::Others(_)
    ));
}

#[test]
fn what_is_not_understood_is_not_edited() {
    let mut record = Record::default();
    for config in [
        "opam-version: \"2.0",
        "repository-validation-command: [\"a\"]\nrepository-validation-command: [\"b\"]\n",
        "repository-validation-command: 3\n",
        "repository-validation-command: [[\"a\"]]\n",
    ] {
        let set = set_hook(
            &path(),
            config.as_bytes(),
            &conex(),
            Foreign::Replace,
            &mut record,
        );
        assert!(set.is_err(), "{config}");
    }
    for repos in [
        "repositories: [\"r\" {\"u\"} {3} {2}]",
        "repositories: [\"r\" {\"u\" \"v\"}]",
        "repositories: [\"r\" {\"u\"} {\"f\"} {2} {3}]",
        "repositories: [\"r\" {\"u\"} \"r\" {\"v\"}]",
        "repositories: [\"r\" {\"u\"}]\nrepositories: []",
    ] {
        assert!(find(&path(), repos.as_bytes(), "r").is_err(), "{repos}");
    }
    assert_eq!(record, Record::default());
}

#[test]
fn a_quorum_without_anchors_is_seen() {
    // Other versions of opam keep the quorum of `opam repository add NAME URL 2`.
    let entries = read(
        &path(),
        b"repositories: [\"r\" {\"u\"} {} {2} \"s\" {\"u\"} {\"f\"}]",
    )
    .unwrap();
    assert_eq!(
        (entries[0].fingerprints.len(), entries[0].quorum),
        (0, Some(2))
    );
    assert!(entries[0].client().is_err());
    assert_eq!(
        (entries[1].fingerprints.len(), entries[1].quorum),
        (1, None)
    );
}

#[test]
fn arguments_that_let_updates_past_are_seen() {
    assert_eq!(conex().problems(), [] as [&str; 0]);
    assert_eq!(
        Hook::of(Path::new("/c/conex"), &["--nostrict"]).problems(),
        [] as [&str; 0]
    );
    // The form of the environment has no filters.
    let text = conex()
        .words
        .iter()
        .map(|w| w.text.clone())
        .collect::<Vec<_>>();
    assert_eq!(
        Hook::of_environment(&text.join(" ")).problems(),
        [] as [&str; 0]
    );
    let change = |f: &dyn Fn(&mut Vec<Word>)| {
        let mut hook = conex();
        f(&mut hook.words);
        hook.problems().len()
    };
    let always = |text: &str| Word {
        text: text.to_owned(),
        when: When::Always,
    };
    // Each argument missing, passed twice, or with a value of its own.
    for at in 2..conex().words.len() {
        assert_eq!(change(&|w| drop(w.remove(at))), 1);
        assert_eq!(change(&|w| w.push(w[at].clone())), 1);
        assert_eq!(change(&|w| w[at].text = w[at].text.replace("%{", "%{x")), 1);
    }
    assert_eq!(change(&|w| w[3].when = When::Incremental), 1);
    assert_eq!(change(&|w| w[5].when = When::Full), 1);
    assert_eq!(
        change(&|w| w[6].when = When::Other(" {os = \"linux\"}".to_owned())),
        2
    );
    assert_eq!(change(&|w| w.push(always("--help"))), 1);
    assert_eq!(change(&|w| w.push(always("--state-dir="))), 1);
    assert_eq!(change(&|w| w.push(always("--state-dir=/var/lib/conex"))), 0);
    let chosen = ["--state-dir=/s", "--nostrict"];
    assert_eq!(Hook::of(Path::new("/c/conex"), &chosen).choices(), chosen);
}

#[test]
fn a_percent_sign_in_a_path_is_no_variable() {
    let hook = Hook::of(Path::new("/opt/100%/conex"), NOTHING);
    assert!(hook.field().contains("\"/opt/100%%/conex\""));
    assert_eq!(hook.program().unwrap(), "/opt/100%/conex");
    let found = hook::find(&path(), hook.field().as_bytes())
        .unwrap()
        .unwrap();
    assert_eq!(found.hook, hook);
}

#[test]
fn a_hook_that_was_written_by_hand_and_is_right_stays() {
    let text = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/opam-config"));
    let text = text.unwrap();
    let mut record = Record::default();
    let set = set_hook(&path(), &text, &conex(), Foreign::Keep, &mut record).unwrap();
    assert_eq!(set, Edited::Unchanged);
    // And `disable` takes it away.
    let without = new(unset_hook(&path(), &text, &mut record).unwrap());
    assert_eq!(hook::find(&path(), &without).unwrap(), None);
}

/// A download has the name that its maintainers gave it, and may be gone. What opam runs is known by the words.
#[test]
fn a_hook_of_conex_is_known_by_its_words_and_another_one_is_not() {
    let at = |program: &str| Hook::of(Path::new(program), NOTHING);
    for program in [
        "/c/conex",
        "/c/conex-0.1-x86_64-linux",
        "/c/verifier",
        "conex",
    ] {
        assert!(at(program).is_conex(), "{program}");
    }
    let without = |program: &str, word: usize| {
        let mut hook = at(program);
        hook.words.remove(word);
        hook
    };
    // Damaged, and still called by its name.
    assert!(without("/c/conex", 4).is_conex());
    assert!(without("/c/conex-0.1", 4).is_conex());
    for word in 1..8 {
        assert!(!without("/c/verifier", word).is_conex(), "{word}");
    }
    for text in [
        "/c/conex",
        "/c/conex --repo=%{repo}%",
        "/c/conexion verify --repo=%{repo}%",
        "/c/other verify --repo=%{repo}% --quorum=%{quorum}%",
        "/usr/bin/env conex verify",
    ] {
        assert!(!Hook::of_environment(text).is_conex(), "{text}");
    }
}
