//! A machine of the test's own: a home, keys, a copy of an opam repository.

// Each test file uses a part of this.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub const CONEX: &str = env!("CARGO_BIN_EXE_conex");

pub struct Machine {
    dir: TempDir,
}

/// Whether another program is there, which `tests/need.sh` installs.
pub fn oracle(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|dir| dir.join(name).exists());
    if !there {
        let required = std::env::var_os("CONEX_REQUIRE_ORACLES").is_some_and(|v| v == "1");
        assert!(
            !required,
            "`{name}` is not installed, and CONEX_REQUIRE_ORACLES=1"
        );
        eprintln!("NOT TESTED: `{name}` is not installed (tests/need.sh names its package)");
    }
    there
}

pub fn top(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Machine {
    pub fn new() -> Machine {
        let dir = TempDir::new().unwrap();
        copy(&top("fixtures/transcript"), &dir.path().join("repo"));
        fs::create_dir(dir.path().join("home")).unwrap();
        Machine { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The environment of a person who has nothing but this machine.
    pub fn adapt(&self, command: &mut Command) {
        for variable in [
            "SSH_AUTH_SOCK",
            "CONEX_PASSPHRASE",
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "CI",
        ] {
            command.env_remove(variable);
        }
        for variable in [
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
            "XDG_CONFIG_HOME",
        ] {
            command.env_remove(variable);
        }
        command
            .env("HOME", self.path("home"))
            .env("CONEX_HOME", self.path("conex"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LC_ALL", "C")
            .current_dir(self.path("repo"));
    }

    /// Runs `conex` without a terminal.
    pub fn conex(&self, args: &[&str]) -> Output {
        let mut command = Command::new(CONEX);
        self.adapt(&mut command);
        command.args(args).stdin(Stdio::null()).output().unwrap()
    }

    /// The same, which must succeed.
    pub fn ok(&self, args: &[&str]) -> Output {
        let output = self.conex(args);
        assert!(output.status.success(), "{args:?}: {}", err(&output));
        output
    }

    /// A repository of one janitor, `ann`, to whom one new package is given.
    pub fn with_janitor(self) -> Machine {
        self.ok(&["key", "new", "ann", "--no-passphrase"]);
        self.ok(&[
            "init",
            "--name",
            "example",
            "--snapshot",
            "optional",
            "--quorum",
            "1",
            "--janitor",
            "ann",
        ]);
        self.ok(&["approve", "--yes"]);
        self.ok(&["owner", "add", "ann", "fmt"]);
        self
    }

    /// All files below a directory, with their bytes.
    pub fn files(&self, below: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(dir: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, all);
                } else {
                    let bytes = fs::read(&path).unwrap();
                    all.insert(path, bytes);
                }
            }
        }
        let mut all = BTreeMap::new();
        walk(&self.path(below), &mut all);
        all
    }
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
