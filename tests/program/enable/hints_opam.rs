//! Whoever types the opam command of a hint, as it is printed, comes out where the hint says: with real opams.

use std::path::{Path, PathBuf};

use super::home::{Home, copy, manifest};
use super::real::{opams, which};
use crate::hook::run::{trust, write};
use crate::typed_hints::commands;
use crate::world::{World, link};

/// A home whose shell finds this opam.
fn home_of(program: &Path) -> Home {
    let home = Home::new();
    home.must("true");
    std::os::unix::fs::symlink(which(program), home.path("bin/opam")).unwrap();
    home
}

/// Makes an opam that has the repository at `tree` under the name `r`, without anchors.
fn initialised(home: &Home, tree: &Path) {
    let tree = tree.display();
    home.must(&format!(
        "opam init --bare --no-setup --disable-sandboxing r {tree}"
    ));
}

/// The same, of a signed repository, which is verified. Gives its place and its anchors.
fn verified(home: &Home) -> (PathBuf, String) {
    let (tree, anchors) = home.signs("tree", "optional", &["--unclaimed"]);
    initialised(home, &tree);
    home.does(&["enable", "r", "--anchors", &anchors]);
    home.status(0);
    (tree, anchors)
}

/// Types a command where no switch is selected: `opam repository add` asks for an option then.
fn without_switch(home: &Home, line: &str) {
    let adds = line.starts_with("opam repository add ");
    home.must(&format!(
        "{line}{}",
        if adds { " --set-default" } else { "" }
    ));
}

/// Those that have `opam option`.
fn newer() -> Vec<(String, PathBuf)> {
    let all = opams().into_iter();
    all.filter(|(version, _)| !version.starts_with("2.0"))
        .collect()
}

/// The newest, if it applies updates to archives.
fn of_archives() -> Option<PathBuf> {
    let (version, program) = opams().pop_last()?;
    (version.as_str() >= "2.6").then_some(program)
}

/// opam has no root yet.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_root_is_made_by_the_command_that_is_named() {
    for program in opams().values() {
        let home = home_of(program);
        let (tree, _) = home.signs("tree", "optional", &["--unclaimed"]);
        let told = home.status(2);
        let line = commands(&told, "NameRoot", &[]).remove(0);
        let more = "--bare --no-setup --disable-sandboxing r";
        home.must(&format!("{line} {more} {}", tree.display()));
        assert!(home.status(1).contains("opam has no hook"));
    }
}

/// The anchors came with `opam repository`, and conex leaves them alone.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn anchors_that_opam_set_are_removed_by_the_command_that_is_named() {
    for program in opams().values() {
        for leave_out in [false, true] {
            let home = home_of(program);
            let (made, anchors) = home.signs("made", "optional", &["--unclaimed"]);
            let tree = home.path("a tree");
            std::fs::rename(made, &tree).unwrap();
            initialised(&home, Path::new(&format!("'{}'", tree.display())));
            let words = anchors.replace(',', " ");
            home.must(&format!(
                "opam repository set-url r '{}' 1 {words}",
                tree.display()
            ));
            home.does(&["enable", "r"]);
            home.status(0);
            let lines = if leave_out {
                let told = home.conex(&["enable", "r", "--leave-out"]).1;
                commands(&told, "SetUrlFirst", &[])
            } else {
                let told = home.conex(&["disable", "r"]).1;
                commands(&told, "OpamRemoves", &[])
            };
            for line in lines {
                home.must(&line);
            }
            assert!(home.status(1).contains("it has no anchors"));
            home.does(&["enable", "r", "--leave-out"]);
            home.status(0);
        }
    }
}

/// opam runs at this moment: what `enable` does can be done with opam alone.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn what_enable_does_is_done_by_the_opam_commands_that_are_named() {
    use rustix::fs::{FlockOperation, fcntl_lock};
    for (version, program) in newer() {
        println!("opam {version}");
        for kept in [false, true] {
            let home = home_of(&program);
            let (tree, anchors) = home.signs("tree", "optional", &["--unclaimed"]);
            initialised(&home, &tree);
            let (tree, words) = (tree.to_str().unwrap(), anchors.replace(',', " "));
            let mut enable = vec!["enable", "r"];
            if kept {
                home.must(&format!("opam repository set-url r {tree} 1 {words}"));
            } else {
                enable.extend(["--anchors", &anchors]);
            }
            let lock = std::fs::File::create(home.root().join("config.lock")).unwrap();
            fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
            let (status, told) = home.conex(&enable);
            assert_eq!(status, Some(2), "{told}");
            drop(lock);
            let lines = if kept {
                commands(&told, "HookByHand", &[])
            } else {
                commands(&told, "AnchorsByHand", &[("URL", tree)])
            };
            for line in lines {
                home.must(&line);
            }
            home.status(0);
        }
    }
}

/// opam does not have the repository yet: it is added with what is printed, and its first copy is verified.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_repository_is_added_by_the_commands_that_are_named() {
    for program in opams().values() {
        let home = home_of(program);
        let (tree, anchors) = home.signs("tree", "optional", &["--unclaimed"]);
        initialised(&home, &tree);
        let added = |name: &str, hook: bool, lenient: bool| {
            let (other, anchors) = home.signs(name, "optional", &["--unclaimed"]);
            let url = [("URL", other.to_str().unwrap())];
            let enable = ["enable", name, "--anchors", &anchors];
            let lines = match (hook, lenient) {
                (false, _) => commands(&home.conex(&enable).1, "EnableAndAdd", &url),
                (true, false) => commands(&home.conex(&enable).1, "AddVerified", &url),
                (true, true) => {
                    let told = home.does(&[&enable[..], &["--nostrict"]].concat());
                    commands(&told, "AddNow", &url)
                }
            };
            for line in lines {
                without_switch(&home, &line);
            }
            let told = home.conex(&["enable", "--status"]).1;
            let mode = if lenient { "nostrict" } else { "strict" };
            let says = format!("ok       {name}: {mode}, 1 of 1 anchors, ");
            let line = told.lines().find(|line| line.starts_with(&says));
            let line = line.unwrap_or_else(|| panic!("{says}: {told}"));
            assert!(line.ends_with("what opam holds is valid"), "{line}");
        };
        added("first", false, false);
        added("second", true, false);
        added("third", true, true);
        home.does(&["enable", "r", "--anchors", &anchors, "--strict"]);
        home.status(0);
        // One that nobody signs.
        let overlay = home.path("overlay");
        copy(&manifest("fixtures/small-repository"), &overlay);
        let (status, told) = home.conex(&["enable", "overlay", "--leave-out"]);
        assert_eq!(status, Some(2), "{told}");
        let what = [("NAME", "overlay"), ("URL", overlay.to_str().unwrap())];
        for line in commands(&told, "AddRepository", &what) {
            without_switch(&home, &line);
        }
        home.does(&["enable", "overlay", "--leave-out"]);
        home.status(0);
    }
}

/// Somebody wrote to what opam holds.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn what_opam_holds_is_fetched_again_by_the_commands_that_are_named() {
    const DAMAGE: &str = r#"cd "$HOME/.opam/repo"
if [ -d r ]; then dir=r; else dir=unpacked; mkdir unpacked; tar -xzf r.tar.gz -C unpacked; fi
echo 'post-messages: ["owned"]' >> "$(find $dir -path '*fmt.0.10.0/opam')"
if [ $dir = unpacked ]; then tar -czf r.tar.gz -C unpacked $(ls -A unpacked); rm -r unpacked; fi"#;
    for (version, program) in opams() {
        println!("opam {version}");
        let home = home_of(&program);
        verified(&home);
        home.must(DAMAGE);
        let told = home.status(1);
        for line in commands(&told, "FetchAgain", &[]) {
            home.must(&line);
        }
        home.status(0);
    }
}

/// A description of opam 1.2 among signed ones, and a file of opam 1.2 beside one.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_description_of_an_earlier_opam_is_upgraded_by_the_command_that_is_named() {
    for program in opams().values() {
        let home = home_of(program);
        let (tree, anchors) = home.signs("tree", "optional", &["--unclaimed"]);
        let t = tree.to_str().unwrap();
        let release = tree.join("packages/fmt/fmt.0.10.0");
        let verify = ["verify", "--dir", t, "--anchors", &anchors, "--all"];
        let sign = ["-C", t, "sign", "--as", "ann", "--yes"];
        let text = std::fs::read_to_string(release.join("opam")).unwrap();
        let (before, rest) = text.split_once("synopsis:").unwrap();
        let (_, after) = rest.split_once("maintainer:").unwrap();
        std::fs::write(release.join("opam"), format!("{before}maintainer:{after}")).unwrap();
        home.does(&sign);
        home.does(&verify);
        std::fs::write(release.join("descr"), "Formatting.\n").unwrap();
        let (status, told) = home.conex(&verify);
        assert_eq!(status, Some(1), "{told}");
        for line in commands(&told, "UPGRADE_LAYOUT", &[]) {
            home.must(&format!("cd {t} && {line}"));
        }
        home.does(&sign);
        home.does(&verify);
        let text = std::fs::read_to_string(release.join("opam")).unwrap();
        assert!(text.contains("Formatting."), "{text}");
        let text = text.replace("opam-version: \"2.0\"", "opam-version: \"1.2\"");
        std::fs::write(release.join("opam"), text).unwrap();
        let (status, told) = home.conex(&sign);
        assert_eq!(status, Some(1), "{told}");
        for line in commands(&told, "UPGRADE", &[]) {
            home.must(&format!("cd {t} && {line}"));
        }
        home.does(&sign);
        home.does(&verify);
    }
}

/// Somebody verifies without anchors: they are told where they come from and how opam takes them.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn anchors_are_handed_out_and_taken_by_the_commands_that_are_named() {
    for program in opams().values() {
        let home = home_of(program);
        let (tree, _) = verified(&home);
        let t = tree.to_str().unwrap();
        let (status, told) = home.conex(&["verify", "--dir", t]);
        assert_eq!(status, Some(2), "{told}");
        let what = [
            ("NAME", "work"),
            ("URL", t),
            ("QUORUM", "1"),
            ("FINGERPRINT", "$ANCHORS"),
        ];
        let lines = commands(&told, "GIVE_ANCHORS", &what);
        let anchors = format!("ANCHORS=$(cd {t} && {} | tr , ' ')", lines[0]);
        home.must(&format!("{anchors} && {} --set-default", lines[1]));
        let told = home.status(0);
        assert!(told.contains("work: strict, 1 of 1 anchors"), "{told}");
    }
}

/// The anchors are mistyped, or their quorum cannot be reached.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn mistyped_anchors_are_mended_by_the_command_that_is_named() {
    for program in opams().values() {
        let home = home_of(program);
        let (tree, anchors) = verified(&home);
        let (t, words) = (tree.to_str().unwrap(), anchors.replace(',', " "));
        let wrong = super::home::anchor("a");
        home.types(&format!("opam repository set-url r {t} 1 {wrong}"));
        let told = home.does(&["explain", "r"]);
        let what = [("URL", t), ("QUORUM", "1"), ("FINGERPRINT", &words)];
        for line in commands(&told, "TODAYS_ANCHORS", &what) {
            home.must(&line);
        }
        home.status(0);
        // opam keeps nothing of a repository whose first copy was refused.
        home.types(&format!(
            "opam repository add work {t} 1 {wrong} --set-default"
        ));
        let told = home.does(&["explain", "work"]);
        let line = commands(&told, "TODAYS_ANCHORS", &what).remove(0);
        let line = line.replace("set-url", "add");
        home.must(&format!("{line} --set-default"));
        assert!(home.status(0).contains("work: strict"));
        let (status, told) = home.conex(&["enable", "r", "--anchors", &wrong, "--quorum", "2"]);
        assert_eq!(status, Some(2), "{told}");
        let what = [&what[..], &[("NAME", "r")]].concat();
        for line in commands(&told, "QUORUM_IN_RANGE", &what) {
            home.must(&line);
        }
        home.status(0);
    }
}

/// The janitors lowered their quorum below what this client asks for.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_lower_quorum_is_taken_by_the_command_that_is_named() {
    for program in opams().values() {
        let home = home_of(program);
        let tree = home.path("tree");
        let mut world = World::with_janitors(3, &["ja", "jb", "jc"]);
        write(&world, &tree);
        initialised(&home, &tree);
        let anchors = trust(&world)[0].trim_start_matches("--anchors=").to_owned();
        home.does(&["enable", "r", "--anchors", &anchors, "--quorum", "3"]);
        home.status(0);
        world.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
        write(&world, &tree);
        assert_eq!(home.types("opam update r").0, Some(40));
        let told = home.does(&["explain", "r"]);
        let words = anchors.replace(',', " ");
        let what = [("URL", tree.to_str().unwrap()), ("FINGERPRINT", &words)];
        for line in commands(&told, "LOWER_QUORUM", &what) {
            home.must(&line);
        }
        assert!(home.status(0).contains("2 of 3 anchors"));
    }
}

/// D11: opam 2.6 would lose more than an update removes, so the update is refused; what is fetched anew is whole.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn an_update_in_which_opam_loses_files_is_got_past_by_the_command_that_is_named() {
    let Some(program) = of_archives() else {
        eprintln!("NOT RUN: there is no opam 2.6; tests/opam/install gets one");
        return;
    };
    let home = home_of(&program);
    let archives = |line: &str| home.types(&format!("export OPAMREPOSITORYTARRING=1; {line}"));
    let (tree, _) = home.signs("tree", "optional", &["--unclaimed"]);
    let t = tree.to_str().unwrap();
    let files = tree.join("packages/fmt/fmt.0.10.0/files");
    std::fs::create_dir(&files).unwrap();
    for name in ["goes.patch", "stays.patch"] {
        std::fs::write(files.join(name), format!("{name}\n")).unwrap();
    }
    let sign = ["-C", t, "sign", "--as", "ann", "--yes"];
    home.does(&sign);
    archives(&format!(
        "opam init --bare --no-setup --disable-sandboxing r {t}"
    ));
    assert!(home.root().join("repo/r.tar.gz").exists());
    let anchors = home.does(&["-C", t, "anchors"]);
    let anchors = anchors.lines().last().unwrap();
    home.does(&["enable", "r", "--anchors", anchors]);
    home.status(0);
    std::fs::remove_file(files.join("goes.patch")).unwrap();
    home.does(&sign);
    let (status, text) = archives("opam update r");
    assert_eq!(status, Some(40), "{text}");
    let told = home.does(&["explain", "r"]);
    let words = anchors.replace(',', " ");
    let what = [("SAME-URL", t), ("QUORUM", "1"), ("ANCHORS", &words)];
    for line in commands(&told, "FETCH_ANEW", &what) {
        let (status, text) = archives(&line);
        assert_eq!(status, Some(0), "{text}");
    }
    home.status(0);
    assert_eq!(archives("opam update r").0, Some(0));
}

/// U7: opam would forget a release with a file that is removed elsewhere.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn an_update_that_hides_a_release_is_got_past_by_the_command_that_is_named() {
    for program in opams().values() {
        let home = home_of(program);
        let (tree, anchors) = home.signs("tree", "optional", &["--unclaimed"]);
        let t = tree.to_str().unwrap();
        let doc = tree.join("doc/fmt.0.10.0");
        std::fs::create_dir_all(&doc).unwrap();
        std::fs::write(doc.join("README"), "read\n").unwrap();
        initialised(&home, &tree);
        home.does(&["enable", "r", "--anchors", &anchors]);
        home.status(0);
        std::fs::remove_dir_all(tree.join("doc")).unwrap();
        let (status, text) = home.types("opam update r");
        assert_eq!(status, Some(40), "{text}");
        let told = home.does(&["explain", "r"]);
        assert!(told.contains("E098"), "{told}");
        let words = anchors.replace(',', " ");
        let what = [("SAME-URL", t), ("QUORUM", "1"), ("ANCHORS", &words)];
        for line in commands(&told, "FETCH_AND_TELL", &what) {
            home.must(&line);
        }
        home.status(0);
        home.must("opam update r");
    }
}
