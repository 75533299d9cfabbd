//! A home with an opam root in it, and signed repositories.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub const CONEX: &str = env!("CARGO_BIN_EXE_conex");

pub fn manifest(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A home of its own, and an opam root in it.
pub struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Home {
        let dir = tempfile::tempdir().unwrap();
        Home { dir }
    }

    /// With the files that an opam of this version wrote.
    pub fn of_fixture(version: &str, config: &str) -> Home {
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

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn root(&self) -> PathBuf {
        self.path("home/.opam")
    }

    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
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
    pub fn conex(&self, args: &[&str]) -> (Option<i32>, String) {
        printed(self.command(CONEX).args(args).output().unwrap())
    }

    /// Runs conex, which must do it.
    pub fn does(&self, args: &[&str]) -> String {
        let (status, text) = self.conex(args);
        assert_eq!(status, Some(0), "conex {args:?}: {text}");
        text
    }

    /// With one repository, `default`, which opam holds and which has no anchors.
    pub fn of_one(tree: &Path) -> Home {
        let home = Home::of_fixture("2.6.1", "config");
        home.repositories(&[("default", "")]);
        home.holds("default", tree);
        home
    }

    /// opam has these repositories: the name, and what stands behind the URL.
    pub fn repositories(&self, all: &[(&str, &str)]) {
        let entries = all
            .iter()
            .map(|(name, trust)| format!("  {name:?} {{\"https://{name}.example\"}} {trust}\n"));
        let text = format!("repositories: [\n{}]\n", entries.collect::<String>());
        std::fs::write(self.root().join("repo/repos-config"), text).unwrap();
    }

    /// opam holds a copy of this tree as the repository `name`, and nothing else.
    pub fn holds(&self, name: &str, tree: &Path) {
        let held = self.root().join("repo").join(name);
        let _ = std::fs::remove_dir_all(&held);
        copy(tree, &held);
    }

    /// What `--status` says, which must be so.
    pub fn status(&self, expected: i32) -> String {
        let (status, text) = self.conex(&["enable", "--status"]);
        assert_eq!(status, Some(expected), "{text}");
        text
    }

    /// The same for programs.
    pub fn json(&self) -> serde_json::Value {
        let (_, text) = self.conex(&["enable", "--status", "--format=json"]);
        serde_json::from_str(&text).unwrap()
    }

    /// A repository of the janitor `ann` at `name`, who signs these packages; all of them with `--unclaimed`.
    /// Gives its place and its anchors.
    pub fn signs(&self, name: &str, snapshot: &str, packages: &[&str]) -> (PathBuf, String) {
        let tree = self.path(name);
        copy(&manifest("fixtures/small-repository"), &tree);
        if !self.path("keys").exists() {
            self.does(&["key", "new", "ann", "--no-passphrase"]);
        }
        let there = |args: &[&str]| self.does(&[&["-C", tree.to_str().unwrap()], args].concat());
        there(&[
            "init",
            "--name",
            name,
            "--snapshot",
            snapshot,
            "--quorum",
            "1",
            "--janitor",
            "ann",
        ]);
        there(&["approve", "--as", "ann", "--yes"]);
        there(&[&["owner", "add", "ann"], packages].concat());
        there(&["approve", "--as", "ann", "--yes"]);
        there(&["sign", "--as", "ann", "--yes"]);
        if snapshot == "required" {
            there(&["snapshot", "--as", "ann", "--yes"]);
        }
        let anchors = there(&["anchors"]);
        (tree, anchors.lines().last().unwrap().to_owned())
    }

    /// Types a command that a message names, in a shell that finds this conex as `conex`.
    pub fn types(&self, command: &str) -> (Option<i32>, String) {
        let bin = self.path("bin");
        if !bin.exists() {
            std::fs::create_dir(&bin).unwrap();
            std::os::unix::fs::symlink(CONEX, bin.join("conex")).unwrap();
        }
        let mut shell = self.command("sh");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        printed(
            shell
                .env("PATH", path)
                .args(["-c", command])
                .output()
                .unwrap(),
        )
    }

    /// Types a command that must succeed.
    #[track_caller]
    pub fn must(&self, command: &str) -> String {
        let (status, text) = self.types(command);
        assert_eq!(status, Some(0), "{command}: {text}");
        text
    }

    /// opam's two files, and whether there is a record.
    pub fn files(&self) -> (Vec<u8>, Vec<u8>, bool) {
        let read = |name: &str| std::fs::read(self.root().join(name)).unwrap();
        let record = self.root().join("conex-enable.json").exists();
        (read("config"), read("repo/repos-config"), record)
    }
}

pub fn printed(output: Output) -> (Option<i32>, String) {
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

pub fn anchor(digit: &str) -> String {
    format!("blake2b={}", digit.repeat(64))
}

/// Copies a directory. Another process does, so that no file is open for writing when one is run.
pub fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").arg(from).arg(to).status();
    assert!(status.unwrap().success());
}
