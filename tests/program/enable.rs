//! `conex enable` and `conex disable` with the files of real opams, and with real opams
//! that then call the hook: the one on PATH, and those that `tests/opam/install` unpacked.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CONEX: &str = env!("CARGO_BIN_EXE_conex");

fn manifest(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A home of its own, and an opam root in it.
struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new() -> Home {
        let dir = tempfile::tempdir().unwrap();
        Home { dir }
    }

    /// With the files that an opam of this version wrote.
    fn of_fixture(version: &str, config: &str) -> Home {
        let home = Home::new();
        let from = manifest("fixtures/opam-config").join(version);
        std::fs::create_dir_all(home.root().join("repo")).unwrap();
        std::fs::copy(from.join(config), home.root().join("config")).unwrap();
        std::fs::copy(
            from.join("repos-config"),
            home.root().join("repo/repos-config"),
        )
        .unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn root(&self) -> PathBuf {
        self.path("home/.opam")
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home"))
            .env("CONEX_HOME", self.path("keys"))
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["OPAMYES", "OPAMROOTISOK", "OPAMNODEPEXTS"].map(|v| (v, "1")))
            .env("OPAMCOLOR", "never")
            .current_dir(self.dir.path());
        command
    }

    /// Runs conex; gives its exit status and all that it printed.
    fn conex(&self, args: &[&str]) -> (Option<i32>, String) {
        printed(self.command(CONEX).args(args).output().unwrap())
    }

    /// Runs conex, which must do it.
    fn does(&self, args: &[&str]) -> String {
        let (status, text) = self.conex(args);
        assert_eq!(status, Some(0), "conex {args:?}: {text}");
        text
    }

    /// opam's two files, and whether there is a record.
    fn files(&self) -> (Vec<u8>, Vec<u8>, bool) {
        let read = |name: &str| std::fs::read(self.root().join(name)).unwrap();
        let record = self.root().join("conex-enable.json").exists();
        (read("config"), read("repo/repos-config"), record)
    }
}

fn printed(output: Output) -> (Option<i32>, String) {
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

fn anchor(digit: &str) -> String {
    format!("blake2b={}", digit.repeat(64))
}

#[test]
fn enable_and_disable_leave_every_byte_as_it_was() {
    for version in ["2.0.8", "2.1.2", "2.6.1"] {
        let home = Home::of_fixture(version, "config");
        let before = home.files();
        let anchors = format!("{},{},link={}", anchor("d"), anchor("e"), anchor("f"));
        let enable = ["enable", "trap", "--anchors", &anchors, "--quorum", "2"];
        home.does(&enable);
        let enabled = home.files();
        assert_ne!(enabled, before);
        let again = home.does(&enable);
        assert!(again.contains("Nothing to do"), "{again}");
        assert_eq!(home.files(), enabled);
        // The anchors that opam has already are kept.
        home.does(&["enable", "signed"]);
        assert_eq!(home.files(), enabled);
        // One repository, then everything.
        home.does(&["disable", "trap"]);
        assert_eq!(home.files().1, before.1);
        assert_eq!(home.files().0, enabled.0);
        home.does(&["disable"]);
        assert_eq!(home.files(), before);
        let nothing = home.does(&["disable"]);
        assert!(nothing.contains("Nothing to do"), "{nothing}");
    }
}

#[test]
fn the_one_hook_keeps_what_was_chosen_for_it() {
    let home = Home::of_fixture("2.6.1", "config");
    let lenient = || {
        String::from_utf8(home.files().0)
            .unwrap()
            .contains("--nostrict")
    };
    home.does(&["enable", "signed", "--nostrict"]);
    assert!(lenient());
    home.does(&["enable", "one"]);
    assert!(lenient());
    home.does(&["enable", "one", "--strict"]);
    assert!(!lenient());
    home.does(&["disable"]);
    let (config, ..) = home.files();
    assert_eq!(config, Home::of_fixture("2.6.1", "config").files().0);
}

#[test]
fn a_foreign_hook_stays_unless_forced_and_comes_back() {
    for version in ["2.1.2", "2.6.1"] {
        let home = Home::of_fixture(version, "config.foreign");
        let before = home.files();
        let (status, text) = home.conex(&["enable", "signed"]);
        assert_eq!(status, Some(1), "{text}");
        assert!(
            text.contains("other-hook") && text.contains("--force"),
            "{text}"
        );
        assert_eq!(home.files(), before);
        home.does(&["enable", "signed", "--force"]);
        assert_ne!(home.files(), before);
        home.does(&["disable"]);
        assert_eq!(home.files(), before);
    }
}

#[test]
fn nothing_is_written_while_opam_runs_by_a_dry_run_or_for_what_makes_no_sense() {
    use rustix::fs::{FlockOperation, fcntl_lock};
    let home = Home::of_fixture("2.6.1", "config");
    let before = home.files();
    let a = anchor("a");
    home.does(&["enable", "signed", "--dry-run"]);
    for (args, expected) in [
        (vec!["enable", "default"], 1), // It has no anchors, and none were given.
        (
            vec!["enable", "nobody", "--anchors", &a, "--quorum", "1"],
            2,
        ),
        (
            vec!["enable", "default", "--anchors", &a, "--quorum", "2"],
            2,
        ),
        (
            vec!["enable", "default", "--anchors", &a, "--quorum", "0"],
            2,
        ),
        (vec!["enable", "default", "--anchors", &a], 2),
        (
            vec!["enable", "default", "--anchors", "", "--quorum", "1"],
            2,
        ),
        (vec!["enable", "signed", "--hook", "conex"], 2),
        (vec!["disable", "signed"], 1), // These anchors are not ours.
    ] {
        let (status, text) = home.conex(&args);
        assert_eq!(status, Some(expected), "{args:?}: {text}");
        assert_eq!(home.files(), before, "{args:?}");
    }
    for name in ["lock", "config.lock", "repo/lock"] {
        let lock = std::fs::File::create(home.root().join(name)).unwrap();
        // As an opam that reads does.
        fcntl_lock(&lock, FlockOperation::NonBlockingLockShared).unwrap_or(());
        fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        let (status, text) = home.conex(&["enable", "signed"]);
        assert_eq!(status, Some(2), "{text}");
        assert!(
            text.contains("opam is running") && text.contains("opam option"),
            "{text}"
        );
        assert_eq!(home.files(), before);
    }
}

#[test]
fn status_names_each_way_past_the_hook() {
    let home = Home::of_fixture("2.6.1", "config");
    let status = |env: &[(&str, &str)]| {
        let mut command = home.command(CONEX);
        command
            .args(["enable", "--status"])
            .envs(env.iter().copied());
        printed(command.output().unwrap())
    };
    let (code, text) = status(&[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("opam has no hook"), "{text}");
    let a = anchor("a");
    for name in ["default", "trap"] {
        home.does(&["enable", name, "--anchors", &a, "--quorum", "1"]);
    }
    let (code, text) = status(&[]);
    assert_eq!(code, Some(0), "{text}");
    for variable in [
        ("OPAMNOCHECKSUMS", "1"),
        ("OPAMVALIDATIONHOOK", "/bin/true"),
        ("OPAMVALIDATIONHOOK", ""),
        ("OPAMVALIDATIONHOOK", "conex verify"),
    ] {
        let (code, text) = status(&[variable]);
        assert_eq!(code, Some(1), "{variable:?}: {text}");
    }
    // The quorum without anchors of `opam repository add NAME URL 2`.
    let repos = home.root().join("repo/repos-config");
    let good = std::fs::read_to_string(&repos).unwrap();
    for (from, to) in [
        (format!("{{\"{a}\"}}\n    {{1}}"), "{} {2}".to_owned()),
        (format!("{{\"{a}\"}}\n    {{1}}"), String::new()),
        (
            format!("{{\"{a}\"}}\n    {{1}}"),
            format!("{{\"{a}\"}} {{0}}"),
        ),
        (
            format!("{{\"{a}\"}}\n    {{1}}"),
            format!("{{\"{a}\"}} {{2}}"),
        ),
        (a.clone(), "sha256=aaaa".to_owned()),
    ] {
        std::fs::write(&repos, good.replacen(&from, &to, 1)).unwrap();
        let (code, text) = status(&[]);
        assert_eq!(code, Some(1), "{to}: {text}");
    }
    std::fs::write(&repos, good).unwrap();
    let config = home.root().join("config");
    let good = std::fs::read_to_string(&config).unwrap();
    for (from, to) in [
        (CONEX, "/nowhere/conex"),
        (CONEX, "conex"),
        (CONEX, "/bin/sh"),
        ("  \"--quorum=%{quorum}%\"\n", ""),
        ("{!incremental}", "{incremental}"),
        ("%{anchors}%", "blake2b=0"),
    ] {
        std::fs::write(&config, good.replacen(from, to, 1)).unwrap();
        let (code, text) = status(&[]);
        assert_eq!(code, Some(1), "{to}: {text}");
    }
    std::fs::write(&config, good).unwrap();
    let (code, text) = home.conex(&["enable", "--status", "--format=json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &json["protected"]), (Some(0), &true.into()));
}

/// The opams to try, by version.
fn opams() -> BTreeMap<String, PathBuf> {
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
    let mut copy = Command::new("cp");
    copy.arg("-r")
        .arg(manifest("fixtures/small-repository"))
        .arg(&tree);
    assert!(copy.status().unwrap().success());
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
