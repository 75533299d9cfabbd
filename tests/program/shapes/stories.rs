//! Every shape through both stories: nothing is signed and then refused, and nothing is refused
//! without a list that, followed, makes it pass.

use std::collections::BTreeSet;

use super::follow::follow;
use super::kinds::{COMMON, SHAPES, Shape};
use super::workshop::{Ran, Workshop};

/// How often somebody follows a list before they give up.
const PATIENCE: usize = 4;

fn make(shape: &Shape) -> Workshop {
    let workshop = Workshop::new();
    for (path, text) in COMMON.iter().chain(shape.files) {
        match path.strip_suffix('/') {
            None => workshop.write(path, text),
            Some(path) => {
                std::os::unix::fs::symlink(text, workshop.file(path)).unwrap();
            }
        }
    }
    workshop.commit();
    workshop
}

/// Runs a command until nothing stands in its way, and follows its list each time. Gives what
/// stood in the way.
fn until_free(workshop: &Workshop, args: &[&str]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for _ in 0..PATIENCE {
        let human = workshop.conex(args);
        if human.code == 0 {
            return all;
        }
        // The same again, for a program.
        let lines = workshop.conex(&[args, &["--format=lines"]].concat());
        let paths = listed(&lines, &human, args);
        all.extend(paths.iter().map(|path| (*path).to_owned()));
        follow(workshop, &human.err, &paths);
    }
    panic!("{args:?} is refused for ever: {all:?}")
}

/// What a refusal lists, one path a line: all of it is told to people too.
fn listed<'l>(lines: &'l Ran, human: &Ran, args: &[&str]) -> Vec<&'l str> {
    assert_eq!((human.code, lines.code), (1, 1), "{args:?}\n{}", human.err);
    assert_eq!(human.out, "", "{args:?}: a list for people is no data");
    let paths = lines.lines();
    assert!(
        !paths.is_empty(),
        "{args:?} is refused without a list:\n{}",
        human.err
    );
    for path in &paths {
        assert!(
            human.err.contains(path),
            "{args:?} says nothing of {path}:\n{}",
            human.err
        );
    }
    paths
}

fn expected(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

/// Somebody changes a release, and signs it in this way; and somebody changes one who does not.
fn goes_on(workshop: &Workshop, quorum: &str, sign: &[&[&str]]) {
    workshop.keep();
    let honest = "packages/b/b.2.0/opam";
    let text = workshop
        .read(honest)
        .replace("A package", "Another package");
    workshop.write(honest, &text);
    for args in sign {
        workshop.ok(args);
    }
    workshop.accepted(quorum);
    let ran = workshop.patched(quorum);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // What nobody signed is refused, whatever it is.
    let tampered = "packages/lib/lib.1/opam";
    let good = workshop.read(tampered);
    workshop.write(tampered, &format!("{good}# evil\n"));
    refused(workshop, quorum, tampered);
    workshop.write(tampered, &good);
    let added = "packages/b/b.2.0/files/more.patch";
    workshop.write(added, "x\n");
    refused(workshop, quorum, added);
    // A patch of opam 2.0 to 2.3 brings no empty file; a whole tree does.
    workshop.write(added, "");
    refused_whole(workshop, quorum, added);
    std::fs::remove_file(workshop.file(added)).unwrap();
    workshop.accepted(quorum);
}

fn refused(workshop: &Workshop, quorum: &str, what: &str) {
    refused_whole(workshop, quorum, what);
    let ran = workshop.patched(quorum);
    assert_eq!(ran.code, 1, "{what}\n{}", ran.err);
}

fn refused_whole(workshop: &Workshop, quorum: &str, what: &str) {
    for ran in [workshop.new_client(quorum), workshop.client(quorum)] {
        assert_eq!(ran.code, 1, "{what}\n{}", ran.err);
    }
}

fn operator(shape: &Shape) {
    let workshop = make(shape);
    let init = ["init", "--name", "r", "--alone", "me", "--yes"];
    // Before the way is known, nothing is written.
    if !shape.operator.is_empty() {
        assert_eq!(workshop.conex(&init).code, 1);
        assert!(!workshop.is_started());
    }
    let mut found = until_free(&workshop, &init);
    let snapshot = ["snapshot", "--yes"];
    found.extend(until_free(&workshop, &snapshot));
    assert_eq!(found, expected(shape.operator));
    workshop.accepted("1");
    goes_on(&workshop, "1", &[&snapshot]);
}

fn team(shape: &Shape) {
    let workshop = make(shape);
    let init = "init --name r --quorum 2 --janitor ja --janitor jb --snapshot optional --yes";
    let init: Vec<&str> = init.split(' ').collect();
    let mut found = until_free(&workshop, &init);
    workshop.ok(&["join", "bob"]);
    found.extend(until_free(
        &workshop,
        &["owner", "add", "bob", "--unclaimed"],
    ));
    for janitor in ["ja", "jb"] {
        workshop.ok(&["approve", "--as", janitor, "--yes"]);
    }
    let sign = ["sign", "--as", "bob", "--yes"];
    found.extend(until_free(&workshop, &sign));
    assert_eq!(found, expected(shape.team));
    workshop.accepted("2");
    goes_on(&workshop, "2", &[&sign]);
}

/// One after the other, on as many threads as there are.
fn each(story: fn(&Shape)) {
    let failed: Vec<&str> = std::thread::scope(|scope| {
        let started: Vec<_> = SHAPES
            .chunks(SHAPES.len().div_ceil(4))
            .map(|some| {
                scope.spawn(move || {
                    let fails = |shape: &&Shape| std::panic::catch_unwind(|| story(shape)).is_err();
                    some.iter()
                        .filter(fails)
                        .map(|s| s.name)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let ended = started
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        ended.collect()
    });
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn an_operator_signs_every_shape_that_exists_or_is_told_all_that_is_in_the_way() {
    each(operator);
}

#[test]
fn a_team_signs_every_shape_that_exists_or_is_told_all_that_is_in_the_way() {
    each(team);
}
