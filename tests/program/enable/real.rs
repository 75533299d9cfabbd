//! Real opams take what `conex enable` writes, and then call the hook: the one on PATH, and those that
//! `tests/opam/install` unpacked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::home::{CONEX, Home, copy, manifest, printed};
use crate::typed_hints::commands;

/// The opams to try, by version.
pub fn opams() -> BTreeMap<String, PathBuf> {
    let cache = std::env::var_os("CONEX_CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("XDG_CACHE_HOME")?).join("conex")))
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/conex")));
    let unpacked = cache.and_then(|c| std::fs::read_dir(c.join("opams")).ok());
    let unpacked = unpacked.into_iter().flatten().flatten();
    let mut candidates: Vec<PathBuf> = unpacked.map(|e| e.path().join("opam")).collect();
    candidates.push("opam".into());
    let version = |program: PathBuf| {
        let output = Command::new(&program).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output
            .status
            .success()
            .then(|| (text.trim().to_owned(), program))
    };
    candidates.into_iter().filter_map(version).collect()
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn real_opams_take_the_result_and_call_the_hook() {
    let opams = opams();
    if opams.is_empty() {
        eprintln!("NOT RUN: there is no opam; tests/opam/install gets some");
    }
    for (version, opam) in opams {
        println!("opam {version}");
        real(&version, &opam);
    }
}

fn real(version: &str, program: &Path) {
    let home = Home::new();
    let tree = home.path("tree");
    copy(&manifest("fixtures/small-repository"), &tree);
    let t = tree.to_str().unwrap().to_owned();
    for id in ["janitor-a", "author-c"] {
        home.does(&["key", "new", id, "--no-passphrase"]);
    }
    let signs = |args: &[&str]| home.does(&[&["-C", t.as_str()], args].concat());
    signs(&[
        "init",
        "--name",
        "example",
        "--snapshot",
        "optional",
        "--quorum",
        "1",
        "--janitor",
        "janitor-a",
    ]);
    signs(&["join", "author-c"]);
    signs(&["owner", "add", "author-c", "--unclaimed"]);
    signs(&["approve", "--as", "janitor-a", "--yes"]);
    signs(&["sign", "--as", "author-c", "--yes"]);

    let opam = |args: &[&str]| printed(home.command(program).args(args).output().unwrap());
    let must = |args: &[&str]| {
        let (status, text) = opam(args);
        assert_eq!(status, Some(0), "{version}: opam {args:?}: {text}");
        text
    };
    must(&[
        "init",
        "--bare",
        "--no-setup",
        "--disable-sandboxing",
        "r",
        &t,
    ]);
    let before = home.files();
    let text = signs(&["enable", "r"]);
    assert!(!text.contains("warning"), "{version}: {text}");
    let (status, text) = home.conex(&["enable", "--status"]);
    assert_eq!(status, Some(0), "{version}: {text}");
    assert!(
        text.contains("what opam holds is valid"),
        "{version}: {text}"
    );
    // opam reads both files, and thinks of them what we meant.
    assert!(
        must(&["repository", "list", "--all"]).contains(&t),
        "{version}"
    );

    // A new release, first changed on the way, then as it was signed.
    let release = tree.join("packages/fmt/fmt.0.11.0");
    std::fs::create_dir(&release).unwrap();
    let opam_file = release.join("opam");
    std::fs::copy(tree.join("packages/fmt/fmt.0.10.0/opam"), &opam_file).unwrap();
    signs(&["sign", "--as", "author-c", "--yes"]);
    let honest = std::fs::read(&opam_file).unwrap();
    std::fs::write(
        &opam_file,
        [&honest[..], b"post-messages: [\"owned\"]\n"].concat(),
    )
    .unwrap();
    let (status, text) = opam(&["update", "r"]);
    assert_eq!(status, Some(40), "{version}: {text}");
    let report = home.does(&["explain", "r"]);
    assert!(
        report.contains("packages/fmt/fmt.0.11.0"),
        "{version}: {report}"
    );
    std::fs::write(&opam_file, &honest).unwrap();
    must(&["update", "r"]);
    let report = home.does(&["explain", "r"]);
    assert!(report.contains("accepted"), "{version}: {report}");

    // opam 2.0 writes `repos-config` anew when it updates, in its own layout.
    home.does(&["disable"]);
    let words = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .split_whitespace()
            .collect::<String>()
    };
    let after = home.files();
    assert_eq!(after.0, before.0, "{version}");
    assert_eq!(words(&after.1), words(&before.1), "{version}");
    assert!(!after.2, "{version}");
    must(&["repository", "list", "--all"]);
}

/// The program was deleted before opam's configuration was: opam refuses every update, and conex cannot be asked. What
/// docs/users.md says for it brings opam back: one command from 2.1 on, and for 2.0 the field out of the file.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn opam_is_had_back_when_conex_is_gone_already() {
    let page = std::fs::read_to_string(manifest("docs/users.md")).unwrap();
    let lines = page.lines().map(str::trim);
    let lines = lines.filter(|line| line.contains("repository-validation-command"));
    let one = |start: &str| {
        lines
            .clone()
            .find(|l| l.starts_with(start))
            .unwrap()
            .to_owned()
    };
    let (newer, older) = (one("opam option --global"), one("sed -i"));
    for (version, program) in opams() {
        println!("opam {version}");
        let home = Home::new();
        let (tree, anchors) = home.signs("tree", "optional", &["--unclaimed"]);
        let t = tree.to_str().unwrap();
        let bin = home.path("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(which(&program), bin.join("opam")).unwrap();
        let opam = |line: &str| home.types(line);
        let must = |line: &str| {
            let (status, text) = opam(line);
            assert_eq!(status, Some(0), "{version}: {line}: {text}");
        };
        must(&format!(
            "opam init --bare --no-setup --disable-sandboxing r {t}"
        ));
        let conex = home.path("conex");
        copy(Path::new(CONEX), &conex);
        must(&format!("{} enable r --anchors {anchors}", conex.display()));
        let before = String::from_utf8(home.files().0).unwrap();
        assert!(before.contains("repository-validation-command"));
        std::fs::remove_file(&conex).unwrap();
        std::fs::write(
            tree.join("packages/fmt/fmt.0.10.0/opam"),
            "opam-version: \"2.0\"\n",
        )
        .unwrap();
        let (status, text) = opam("opam update r");
        assert_eq!(status, Some(40), "{version}: {text}");
        assert!(text.contains("command not found"), "{version}: {text}");
        must(if version.starts_with("2.0") {
            &older
        } else {
            &newer
        });
        let after = String::from_utf8(home.files().0).unwrap();
        assert!(
            !after.contains("repository-validation-command"),
            "{version}: {after}"
        );
        // Nothing else is gone from it.
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let hook = &before[before.find("repository-validation-command").unwrap()..];
        let kept = before.replace(&hook[..hook.find("\n]\n").unwrap() + 3], "");
        let (mut kept, mut after) = (words(&kept), words(&after));
        kept.sort();
        after.sort();
        assert_eq!(kept, after, "{version}");
        must("opam update r");
    }
}

/// The whole path of a program, which is a name in PATH or a path.
pub fn which(program: &Path) -> PathBuf {
    if program.is_absolute() {
        return program.to_owned();
    }
    let path = std::env::var_os("PATH").unwrap();
    let mut all = std::env::split_paths(&path).map(|dir| dir.join(program));
    all.find(|file| file.exists()).unwrap()
}

/// The hook is strict, for another repository, and refuses the first copy of a repository that is signed in part. What
/// the refusal says leads to an opam that has it, in one command before it is added again.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_partly_signed_repository_that_a_strict_hook_refused_is_added_after_what_the_report_says() {
    for (version, program) in opams() {
        println!("opam {version}");
        let home = Home::new();
        let (whole, strict) = home.signs("whole", "optional", &["--unclaimed"]);
        let (part, anchors) = home.signs("part", "optional", &["fmt"]);
        let opam = |args: &[&str]| printed(home.command(&program).args(args).output().unwrap());
        let init = [
            "init",
            "--bare",
            "--no-setup",
            "--disable-sandboxing",
            "default",
        ];
        let (status, text) = opam(&[&init[..], &[whole.to_str().unwrap()]].concat());
        assert_eq!(status, Some(0), "{version}: {text}");
        home.does(&["enable", "default", "--anchors", &strict]);
        home.status(0);
        let words: Vec<&str> = anchors.split(',').collect();
        let add = [
            &["repository", "add", "work", part.to_str().unwrap(), "1"],
            &words[..],
            &["--set-default"],
        ]
        .concat();
        assert_eq!(opam(&add).0, Some(40), "{version}");
        let report = home.does(&["explain", "work"]);
        let line = commands(&report, "CoveredOrNoStrict", &[]);
        let text = home.must(&line[0]);
        assert!(
            text.contains("opam repository add work URL"),
            "{version}: {text}"
        );
        let (status, text) = opam(&add);
        assert_eq!(status, Some(0), "{version}: {text}");
        let text = home.status(0);
        assert!(text.contains("work: nostrict"), "{version}: {text}");
    }
}
