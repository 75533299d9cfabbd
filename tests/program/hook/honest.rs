//! What honest servers, tools and settings make of an update: it is accepted, or refused with
//! the true reason and the way out.

use std::process::Command;

use crate::hook::run::{Answer, Machine, archive, commit, git, gnu_patch, run, two, write};
use crate::patch_support::files;
use crate::patch_support::print::{Print, print};
use crate::typed_hints::commands;
use crate::world::*;

/// What OCaml's `patch` prints for the update of an archive.
fn ocaml(old: &World, new: &World) -> Vec<u8> {
    let dialect = Print::Ocaml { twice: false };
    let patch = print(dialect, &files(&old.tree), &files(&new.tree));
    let patch = String::from_utf8(patch).unwrap();
    let patch = patch.replace("--- r/", "--- r.tar.gz/");
    patch
        .replace("+++ r.new/", "+++ r.tar.gz.new/")
        .into_bytes()
}

/// `git archive --format=tar.gz` begins with the id of the commit as a global PAX header.
/// opam 2.6 keeps the bytes as they came, so that the next update is against them.
#[test]
fn an_archive_that_git_archive_made_is_accepted() {
    let (old, new) = two();
    let machine = Machine::new();
    let dir = machine.path("tmp/served");
    commit(&old, &dir);
    let bytes = git(&dir, &[], &["archive", "--format=tar.gz", "HEAD"]).stdout;
    let file = machine.path("root/repo/r.tar.gz.new");
    std::fs::write(&file, &bytes).unwrap();
    run(machine.full_at(&old, "r.tar.gz", &file)).accepted();
    let held = machine.path("root/repo/r.tar.gz");
    std::fs::write(&held, &bytes).unwrap();
    run(machine.update_at(&old, &ocaml(&old, &new), &held)).accepted();
}

/// An index that is made reproducibly: every file of it has the time 0.
#[test]
fn d18_an_index_of_files_with_time_0_is_updated() {
    let (old, new) = two();
    let machine = Machine::new();
    let patch = gnu_patch(&machine, &old, &new, "r");
    let patch = String::from_utf8(patch).unwrap();
    let all = |starts: &[&str]| -> String {
        let stamp = |line: &str| match line.split_once('\t') {
            Some((name, _)) if starts.iter().any(|start| line.starts_with(start)) => {
                format!("{name}\t1970-01-01 01:00:00.000000000 +0100\n")
            }
            _ => format!("{line}\n"),
        };
        patch.lines().map(stamp).collect()
    };
    for starts in [&["--- r/"][..], &["+++ r.new/"], &["--- r/", "+++ r.new/"]] {
        run(machine.update(&old, all(starts).as_bytes(), "r")).accepted();
    }
}

/// A local path that is a clone, opam 2.0 to 2.3: the copy has its `.git`, and so has the patch.
#[test]
fn a_path_that_is_a_clone_is_updated() {
    let (old, new) = two();
    let machine = Machine::new();
    let (repo, next) = (machine.path("root/repo/r"), machine.path("root/repo/r.new"));
    commit(&old, &repo);
    let copied = Command::new("cp").arg("-a").args([&repo, &next]).status();
    assert!(copied.unwrap().success());
    let config = || std::fs::read(repo.join(".git/config")).unwrap();
    let before = config();
    run(machine.full_at(&old, "other", &next)).accepted();
    // The settings of a clone that is not opam's are left alone: they would be in the next patch.
    assert_eq!(std::fs::read(next.join(".git/config")).unwrap(), before);
    commit(&new, &next);
    let update = |machine: &Machine| -> Answer {
        let output = Command::new("diff")
            .args(["-ruaN", "r", "r.new"])
            .current_dir(machine.path("root/repo"))
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("r.new/.git/index"), "{text}");
        run(machine.update_at(&old, &output.stdout, &repo))
    };
    update(&machine).accepted();
    assert_eq!(config(), before);
    // `diff` follows links, and what applies the patch would write through them.
    let away = machine.path("root/repo/r/.git/objects");
    std::fs::rename(&away, machine.path("tmp/objects")).unwrap();
    std::os::unix::fs::symlink(machine.path("tmp/objects"), &away).unwrap();
    update(&machine).refused("E072").says(".git/objects");
}

/// What git's settings of this account make of the patches of a clone, up to opam 2.5.
#[test]
fn settings_of_git_are_not_the_maintainers_fault() {
    let (old, new) = two();
    for settings in [
        &["diff.mnemonicPrefix=true"][..],
        &["diff.srcPrefix=x/y/"],
        &["diff.dstPrefix=x/y/"],
        &["diff.noprefix=true"],
        &["color.diff=always"],
        &["diff.context=0"],
    ] {
        let machine = Machine::new();
        let repo = machine.path("root/repo/r");
        commit(&new, &repo);
        write(&old, &repo);
        git(&repo, &[], &["add", "."]);
        let diff = |settings: &[&str]| {
            let args = ["diff", "--text", "--no-ext-diff", "-R", "-p", "HEAD", "--"];
            git(&repo, settings, &args).stdout
        };
        let set: Vec<String> = settings
            .iter()
            .map(|s| s.replace('=', " = ").replacen('.', "]\n\t", 1))
            .map(|s| format!("[{s}\n"))
            .collect();
        // As the account has it: git takes what the clone says before.
        let home = machine.path("home/.gitconfig");
        std::fs::write(&home, set.concat()).unwrap();
        let answer = run(machine.update_at(&old, &diff(settings), &repo));
        answer
            .refused("E070")
            .says("the git configuration of this account");
        assert!(!answer.text.contains("maintainers"), "{}", answer.text);
        let typed = commands(&answer.text, "GIT_SETTINGS", &[]);
        assert_eq!(typed, ["opam update", "conex enable r"]);
        // From then on the clone has settings of its own.
        let args = ["diff", "--text", "--no-ext-diff", "-R", "-p", "HEAD", "--"];
        let mut again = Command::new("git");
        again
            .args(args)
            .current_dir(&repo)
            .env("HOME", machine.path("home"));
        let patch = again.env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
        run(machine.update_at(&old, &patch.stdout, &repo)).accepted();
    }
}

/// opam 2.6 over http removes the directory of a removed file. What is published is valid; the
/// reason is said first, and what helps.
#[test]
fn d11_one_of_several_files_is_removed_and_the_reason_is_said() {
    let (base, _) = two();
    let signed = |world: &mut World, link: u32| {
        let entry = world.checksum("fmt.1.0", at(0, link.into()));
        world.says("bob", vec![entry]);
    };
    let mut old = base.clone();
    old.file("packages/fmt/fmt.1.0/files/a.patch", "a\n");
    old.file("packages/fmt/fmt.1.0/files/b.patch", "b\n");
    signed(&mut old, 2);
    let mut new = old.clone();
    new.remove("packages/fmt/fmt.1.0/files/b.patch");
    signed(&mut new, 3);
    let machine = Machine::new();
    let held = machine.path("root/repo/r.tar.gz");
    std::fs::write(&held, archive(&old)).unwrap();
    let patch = ocaml(&old, &new);
    let answer = run(machine.update_at(&old, &patch, &held));
    answer
        .refused("error[E073]: opam 2.6 removes the whole directory")
        .says("what is published is valid")
        .says("`opam repository set-url r SAME-URL QUORUM ANCHORS`");
    assert_eq!(answer.text.matches("error[").count(), 1, "{}", answer.text);
    assert!(!answer.text.contains("next update"), "{}", answer.text);
    // The way out.
    let file = machine.path("root/repo/r.tar.gz.new");
    std::fs::write(&file, archive(&new)).unwrap();
    run(machine.full_at(&new, "r.tar.gz", &file)).accepted();
    // Where what is published is not valid either, that is what is said.
    let mut evil = new.clone();
    evil.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n");
    let answer = run(machine.update_at(&old, &ocaml(&old, &evil), &held));
    answer.refused("E014").says("warning[E073]");
    let typed = commands(&answer.text, "FETCH_OR_WAIT", &ANCHORS);
    assert_eq!(typed, ["opam repository set-url r URL 2 blake2b=x"]);
}

/// A directory becomes a file. `diff` only says so, and no opam applies it.
#[test]
fn d10_a_directory_that_becomes_a_file_is_refused_with_the_reason() {
    let (old, new) = two();
    let (mut before, mut after) = (old.clone(), new.clone());
    before.file("doc/notes/x", "x\n");
    after.file("doc/notes", "x\n");
    for (old, new) in [(&before, &after), (&after, &before)] {
        let machine = Machine::new();
        let patch = gnu_patch(&machine, old, new, "r");
        let answer = run(machine.update(old, &patch, "r"));
        answer.refused("a directory becomes a file, or a file a directory");
        let typed = commands(&answer.text, "FETCH_NAMES", &ANCHORS);
        assert_eq!(typed, ["opam repository set-url r URL 2 blake2b=x"]);
        // What opam asks then.
        run(machine.full(new, "f")).accepted();
    }
}

const ANCHORS: [(&str, &str); 3] = [
    ("SAME-URL", "URL"),
    ("QUORUM", "2"),
    ("ANCHORS", "blake2b=x"),
];

/// A patch of another state than the one that opam has: it is fetched anew.
#[test]
fn a_patch_that_does_not_fit_is_answered_by_fetching_anew() {
    let (old, new) = two();
    let mut other = old.clone();
    other.file("doc/more", "more\n");
    let mut third = other.clone();
    third.file("doc/more", "less\n");
    let machine = Machine::new();
    let patch = gnu_patch(&machine, &other, &third, "r");
    let answer = run(machine.update(&old, &patch, "r"));
    answer.refused("E072");
    let typed = commands(&answer.text, "FETCH_ANEW", &ANCHORS);
    assert_eq!(typed, ["opam repository set-url r URL 2 blake2b=x"]);
    run(machine.full(&new, "f")).accepted();
}

/// What the user's git makes of a rename and of a file with other bytes than text.
#[test]
fn differences_of_a_form_that_opam_misapplies_are_asked_for_again() {
    let (old, _) = two();
    let text: String = (0..40).map(|n| format!("line {n}\n")).collect();
    let (mut before, mut after) = (old.clone(), old.clone());
    before.file("doc/a", &text);
    after.file("doc/b", text.replace("line 7\n", "line seven\n"));
    let (mut plain, mut bytes) = (old.clone(), old.clone());
    plain.file("doc/c", [0, 1, 2, 3]);
    bytes.file("doc/c", [0, 1, 2, 4]);
    for (from, to, options, kind) in [
        (&before, &after, &["--text", "-M"][..], "RENAMES_OFF"),
        (&plain, &bytes, &["--no-renames"][..], "GIT_DIFFS"),
    ] {
        let machine = Machine::new();
        let repo = machine.path("root/repo/r");
        commit(to, &repo);
        write(from, &repo);
        let ask = |options: &[&str]| {
            git(&repo, &[], &["add", "-A"]);
            let args = [&["diff"][..], options, &["-R", "-p", "HEAD", "--"]].concat();
            git(&repo, &[], &args).stdout
        };
        let answer = run(machine.update_at(from, &ask(options), &repo));
        assert_eq!(answer.status, Some(1), "{}", answer.text);
        let typed = match kind {
            "RENAMES_OFF" => commands(&answer.text, "RENAMES_OFF", &[]),
            _ => commands(&answer.text, "GIT_DIFFS", &[]),
        };
        assert_eq!(typed[0], "opam update");
        // As opam asks then, for the clone has settings of its own, or the user's are gone.
        let again = ask(&["--text", "--no-renames"]);
        run(machine.update_at(from, &again, &repo)).accepted();
    }
}
