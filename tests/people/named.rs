//! `sign PKG`, `approve PKG` and `status PKG` open no file of another package, and say and write what
//! they would with the whole tree.

use crate::patch_support::random::Random;
use crate::patch_support::{cases, seed};
use crate::town::{Town, told};

/// Shell functions: `both COMMAND…` gives the same command in two copies of what is there, of which
/// one has an empty directory, so that the whole tree is read; and compares what is said, the exit
/// status, the files, and of signatures what they vouch for. Both may end in two seconds, and a
/// signature says when it was made. What they made is left in `~/part`.
const WORDS: &str = r#"
copy() { mkdir $1; cp -a ~/work ~/people $1/; }
written() { cd $1/work; find packages -type f ! -path '*/.conex/index/*' | LC_ALL=C sort | xargs sha256sum
    for id in packages/.conex/index/*; do echo $id; cat $id/*/index | grep '^  \["[a-z]*" ' | sort
        find $id -type f | wc -l; done; cat ../told; }
both() {
    rm -rf ~/part ~/whole; copy ~/part; copy ~/whole; mkdir -p ~/whole/work/packages/empty
    for way in part whole; do
        ( cd ~/$way/work; PEOPLE=~/$way/people; set +e; "$@"; echo "exit $?" ) 2>&1 | sed "s,/$way/,/way/,g" > ~/told
        mv ~/told ~/$way/told
    done
    diff <(written ~/whole) <(written ~/part) || { echo "differs: $*"; exit 9; }
    cat ~/part/told
}
"#;

/// What people do, one after the other; what cannot be done is left.
const STEPS: &[&str] = &[
    "release fmt.2.0",
    "edit fmt.1.0 Other",
    "edit lwt.1.0 Other",
    "edit_end logs.1.0 Other",
    "edit cohttp.1.0 Other",
    "rm -r packages/fmt/fmt.1.1",
    "release lwt.2.0; by alice conex sign lwt --yes",
    "release fmt.3.0; by alice conex sign fmt --yes",
    "release logs.2.0; by bob conex sign logs --yes",
    "release dune.1.0",
    "release fmt.1.00",
    "cp -r packages/fmt/fmt.1.0 packages/fmt/fmt.4.0",
    "cp -r packages/lwt/lwt.1.0 packages/lwt/lwt.1.0.1",
    "cp packages/fmt/fmt.1.0/checksum packages/logs/logs.1.0/",
    "echo broken > packages/fmt/releases",
    "echo broken > packages/lwt/lwt.1.0/checksum",
    "rm packages/logs/logs.1.0/checksum",
    "by dave conex join dave; release new.1.0; by dave conex sign new --as dave --yes",
    "by alice conex sign --yes",
    "by carol conex sign --yes",
    "by ja conex approve --yes",
    "by jb conex approve --yes",
    "conex owner add bob fmt",
    "conex owner remove alice lwt",
    "conex owner add web dune",
    "conex team add web bob",
    "conex epoch fmt",
    "conex revoke bob",
    "conex claims; for id in ja jb; do by $id conex approve --yes; done",
    "conex team add notaries ja; for id in ja jb; do by $id conex approve --yes; done; by ja conex snapshot --as ja --yes",
    "rm packages/lwt/authorisation",
    "rm -r packages/lwt",
    "echo stray > packages/lwt/README",
    "mkdir packages/fmt.9; cp packages/fmt/fmt.1.0/opam packages/fmt.9/",
    "mkdir packages/lwt/fmt.9; cp packages/fmt/fmt.1.0/opam packages/lwt/fmt.9/",
    "mkdir -p packages/FMT/FMT.1; cp packages/fmt/fmt.1.0/opam packages/FMT/FMT.1/",
    "commit some",
    "commit some && git revert --no-edit HEAD",
    "commit some; git checkout -qb $(mktemp -u branch.XXXX)",
    "git checkout -q -- packages",
];

/// What is given: by whom, and of which package.
const COMMANDS: &[(&str, &[&str])] = &[
    ("sign PKG --yes --as WHO", &["alice", "bob", "carol", "ja"]),
    ("sign PKG --dry-run --as WHO", &["alice", "bob"]),
    ("approve PKG --yes --as WHO", &["ja", "jb", "jc"]),
    ("status PKG", &["ja"]),
    ("status PKG --all", &["ja"]),
    ("status PKG --as WHO", &["alice", "ja"]),
    ("status PKG --format=json", &["ja"]),
];

const PACKAGES: &[&str] = &[
    "fmt", "fmt", "lwt", "logs", "cohttp", "dune", "new", "fmt lwt",
];

#[test]
fn what_is_named_is_signed_approved_and_shown_as_with_the_whole_tree() {
    for seed in seed()..seed() + u64::try_from(cases(12)).unwrap() {
        let mut random = Random(seed);
        let town = Town::new();
        let steps = 1 + random.below(6);
        let mut story: String = WORDS.to_owned();
        for _ in 0..steps {
            let step = random.pick(STEPS);
            story.push_str(&format!("({step}) > /dev/null 2>&1 || true\n"));
        }
        for _ in 0..4 {
            let (command, people) = COMMANDS[random.below(COMMANDS.len())];
            let who = random.pick(people);
            let package = random.pick(PACKAGES);
            let command = command.replace("PKG", package).replace("WHO", who);
            story.push_str(&format!("both by {who} conex {command}\n"));
        }
        let output = town.run(&story);
        assert!(
            output.status.success(),
            "{seed}: {story}\n{}",
            told(&output)
        );
    }
}

/// Signs or approves in both ways; what was said, once.
fn both(town: &Town, before: &str, command: &str) -> String {
    town.ok(&format!(
        "{WORDS}\n({before}) > /dev/null 2>&1\nboth {command}"
    ))
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

/// What is broken in another package stops who names everything, and nobody else: so the file is not
/// opened.
#[test]
fn what_is_wrong_in_other_packages_stops_nobody() {
    let town = Town::new();
    town.ok("echo broken > packages/logs/authorisation; edit fmt.1.0 Other");
    town.fails("by alice conex sign --yes", "packages/logs/authorisation");
    has(
        &town.ok("by alice conex sign fmt --yes"),
        &["signs `fmt` (1 release)", "Wrote 2 files"],
    );
    // With something that has no place beside it the whole is read.
    town.ok("edit fmt.1.0 More; mkdir packages/empty");
    let fails = "by alice conex sign fmt --yes";
    town.fails(fails, "packages/logs/authorisation");
}

/// Fault: the checksum that comes with a copied release made `sign PKG` read the world, where the first
/// thing that a new release is, is a copy of the last one. With something wrong in another package the
/// world would be read, and stop her.
#[test]
fn a_copied_release_is_signed_without_the_world() {
    let town = Town::new();
    town.ok("echo broken > packages/logs/authorisation; cp -r packages/fmt/fmt.1.0 packages/fmt/fmt.4.0");
    has(
        &town.ok("by alice conex sign fmt --yes"),
        &["the release fmt.4.0 becomes valid", "Wrote"],
    );
}

/// Attack: a release of the package in a place where its owner does not look.
#[test]
fn a_release_that_lies_elsewhere_is_seen_by_who_names_the_package() {
    for place in ["packages/fmt.9", "packages/logs/fmt.9"] {
        let town = Town::new();
        let before =
            format!("mkdir {place}; cp packages/fmt/fmt.1.0/opam {place}/; edit fmt.1.0 Other");
        let text = both(&town, &before, "by alice conex sign fmt --yes");
        has(&text, &["does not lie in its place", "exit 1"]);
    }
}

/// A name that differs in case alone, of a package that is not named.
#[test]
fn names_that_collide_are_seen_by_who_names_one_of_them() {
    let town = Town::new();
    let before = "mkdir -p packages/FMT/FMT.1; cp packages/fmt/fmt.1.0/opam packages/FMT/FMT.1/; edit fmt.1.0 Other";
    let text = both(&town, before, "by alice conex sign fmt --yes");
    has(&text, &["differ only in case", "exit 1"]);
}

/// The list of claims names packages that are not read; a snapshot states them.
#[test]
fn claims_and_a_snapshot_of_all_packages_change_nothing() {
    let town = Town::new();
    let before = "conex claims; conex team add notaries ja; for id in ja jb; do by $id conex approve --yes; done
        by ja conex snapshot --as ja --yes; commit all; edit fmt.1.0 Other; conex owner add bob fmt";
    both(&town, before, "conex status fmt");
    for (command, said) in [
        ("by alice conex sign fmt --yes", "signs `fmt` (1 release)"),
        (
            "by ja conex approve fmt --yes --as ja",
            "`fmt` is shared with `bob`",
        ),
        ("conex status fmt", "packages/fmt/fmt.1.0/opam"),
    ] {
        has(&both(&town, "true", command), &[said]);
    }
}

/// An id with the name of a package means what it owns, wherever that is; one that owns nothing
/// means its file.
#[test]
fn people_who_are_named_take_the_whole_tree() {
    let town = Town::new();
    let before = "by dave conex join lwt --key $PEOPLE/dave/keys/dave; conex owner add lwt logs";
    let text = both(&town, before, "by ja conex approve lwt --yes --as ja");
    has(&text, &["`lwt` becomes an author"]);
    let janitor = "release ja.1.0; conex owner add ja ja logs; for id in ja jb; do by $id conex approve --yes; done";
    let text = both(&town, janitor, "conex status ja");
    has(&text, &["ja: a janitor since link 0", "owns: ja, logs"]);
    let text = both(&town, "true", "conex status alice");
    has(&text, &["owns: fmt, lwt"]);
    let text = both(&town, "true", "conex status fmt web");
    has(&text, &["members: alice, carol", "signed and valid"]);
}

/// Smaller files of signatures are folded into the new one: those about other packages live on,
/// approved or not.
#[test]
fn what_else_the_signer_vouched_for_is_not_lost() {
    let town = Town::new();
    let before = "for n in 1 2 3; do release lwt.$n.5; by alice conex sign lwt --yes; done
        release dune.1.0; conex owner add alice dune; by alice conex sign dune --yes
        for n in 1 2 3 4 5 6 7 8 9; do release fmt.$n.5; done";
    let text = both(&town, before, "by alice conex sign fmt --yes");
    has(&text, &["renews", "in place of"]);
    town.ok("rm -rf ~/work ~/people; cp -a ~/part/work ~/part/people ~/");
    let text = town.ok("for id in ja jb; do by $id conex approve --yes; done; conex status");
    has(&text, &["packages    5 of 5 signed and valid"]);
}

/// A conflict elsewhere is settled first.
#[test]
fn a_merge_with_conflicts_takes_the_whole_tree() {
    let town = Town::new();
    let before = "git checkout -qb a; conex owner add carol logs; commit a; git checkout -q main; git checkout -qb b
        conex owner add alice logs; commit b; git merge a || true; edit fmt.1.0 Other";
    let text = both(&town, before, "by alice conex sign fmt --yes");
    has(&text, &["in two ways", "exit 1"]);
}

/// What was taken back is signed above what is published, in a part of the published branch as well.
#[test]
fn what_was_reverted_is_signed_above_what_is_published() {
    let town = Town::new();
    let before = "edit fmt.1.0 Other; by alice conex sign --yes; commit one
        git checkout -qb undo; git revert --no-edit HEAD";
    let text = both(&town, before, "by alice conex sign fmt --yes");
    has(
        &text,
        &["the release fmt.1.0, which was signed: opam changes"],
    );
    town.ok("grep -x 'counter: 3' ~/part/work/packages/fmt/fmt.1.0/checksum");
}

/// The published form is refused as ever, and looked at as ever.
#[test]
fn the_published_form_is_read_whole() {
    let town = Town::new();
    town.ok(
        "conex team add notaries ja; for id in ja jb; do by $id conex approve --yes; done
        by ja conex publish --to ../www --anchors \"$ANCHORS\" --as ja --yes",
    );
    for verb in ["sign fmt --as alice", "approve fmt --as ja"] {
        let who = verb.rsplit(' ').next().unwrap();
        let story = format!("cd ../www; by {who} conex {verb}");
        town.fails(&story, "holds the published form of the repository");
    }
    has(
        &town.ok("conex -C ../www status fmt"),
        &["fmt: signed and valid, 2 releases"],
    );
}

/// A name that is nobody's is met with the one that was meant.
#[test]
fn a_mistyped_package_is_told_as_ever() {
    let town = Town::new();
    for verb in ["sign", "approve", "status"] {
        let command = match verb {
            "status" => "conex status fmtt".to_owned(),
            verb => format!("by ja conex {verb} fmtt --as ja"),
        };
        has(&both(&town, "true", &command), &["did you mean `fmt`?"]);
    }
}

/// Fault: an author removed one of two files beside a description, signed, and heard from `check`, or from
/// nobody, that opam 2.6 over http takes the whole directory away then (D11).
#[test]
fn an_author_hears_what_some_opam_would_apply_otherwise() {
    for command in ["by alice conex sign fmt --yes", "by alice conex sign --yes"] {
        let town = Town::new();
        town.ok("mkdir packages/fmt/fmt.1.0/files; echo a > packages/fmt/fmt.1.0/files/a.patch
            echo b > packages/fmt/fmt.1.0/files/b.patch; by alice conex sign fmt --yes; commit files");
        let text = town.ok(&format!(
            "edit fmt.1.0 Other; rm packages/fmt/fmt.1.0/files/a.patch; {command}"
        ));
        has(&text, &["warning", "packages/fmt/fmt.1.0/files", "Wrote"]);
        // A new file, and a description that changes, are what everybody applies.
        let text = town.ok(&format!(
            "commit less; edit fmt.1.0 More; echo c > packages/fmt/fmt.1.0/files/c.patch; {command}"
        ));
        assert!(!text.contains("warning"), "{text}");
    }
}
