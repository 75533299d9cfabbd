//! Bad input of every kind, given to the executable: a clear message, exit status 1
//! or 2, within bounded time, and never a panic.
#![cfg(unix)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

mod hook;
mod people;

/// How long any command may take, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a run ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    /// Ended with this status, and said all of these words.
    #[track_caller]
    fn says(&self, code: i32, words: &[&str]) -> &Ran {
        self.sane();
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        for word in words {
            assert!(
                self.err.contains(word) || self.out.contains(word),
                "nothing about {word:?}:\n{}{}",
                self.out,
                self.err
            );
        }
        self
    }

    /// Ended by itself, without a panic.
    #[track_caller]
    fn sane(&self) {
        assert!(
            matches!(self.code, Some(0..=2)),
            "status {:?}\n{}",
            self.code,
            self.err
        );
        assert!(!self.err.contains("panicked"), "{}", self.err);
        assert!(!self.out.contains("panicked"), "{}", self.out);
        // Nothing that a terminal acts on reaches it.
        for text in [&self.out, &self.err] {
            assert!(
                !text
                    .chars()
                    .any(|c| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}'),
                "{text:?}"
            );
        }
    }
}

/// Runs `conex` with an environment that has nothing but what is given.
fn run_with(env: &[(&str, &OsStr)], args: &[&OsStr]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let (out, err) = (dir.path().join("out"), dir.path().join("err"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_conex"))
        .args(args)
        .env_clear()
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{args:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Ran {
        code: status.code(),
        out: String::from_utf8(fs::read(&out).unwrap()).unwrap(),
        err: String::from_utf8(fs::read(&err).unwrap()).unwrap(),
    }
}

/// A signed repository on disk, and what its people and its clients need.
struct Place {
    dir: TempDir,
    anchors: String,
}

const OPAM: &str = "opam-version: \"2.0\"\nsynopsis: \"A package\"\n";

impl Place {
    /// The repository, made once by the executable itself and then copied.
    fn new() -> Place {
        static MADE: OnceLock<(TempDir, String)> = OnceLock::new();
        let (made, anchors) = MADE.get_or_init(Place::make);
        let dir = tempfile::tempdir().unwrap();
        copy(made.path(), dir.path());
        Place {
            dir,
            anchors: anchors.clone(),
        }
    }

    fn make() -> (TempDir, String) {
        let mut place = Place {
            dir: tempfile::tempdir().unwrap(),
            anchors: String::new(),
        };
        fs::create_dir(place.repo()).unwrap();
        for release in ["fmt/fmt.1.0", "fmt/fmt.2.0", "lwt/lwt.5"] {
            let dir = place.repo().join("packages").join(release);
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("opam"), OPAM).unwrap();
        }
        fs::write(place.repo().join("repo"), "opam-version: \"2.0\"\n").unwrap();
        for who in ["ja", "jb", "bob"] {
            place
                .conex(&["key", "new", who, "--no-passphrase"])
                .says(0, &[]);
        }
        for line in [
            "init --name example --snapshot optional --quorum 2 --janitor ja --janitor jb --yes",
            "join bob",
            "owner add bob --unclaimed --yes",
            "approve --as ja --yes",
            "approve --as jb --yes",
            "sign --as bob --yes",
        ] {
            let args: Vec<&str> = line.split(' ').collect();
            place.conex(&args).says(0, &[]);
        }
        let anchors = place.conex(&["anchors"]);
        anchors.says(0, &["blake2b="]);
        place.anchors = anchors.out.trim().to_owned();
        place.verify(&[]).says(0, &["accepted"]);
        (place.dir, place.anchors)
    }

    fn repo(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    fn path(&self, path: &str) -> PathBuf {
        self.repo().join(path)
    }

    /// `conex` in the repository.
    fn conex(&self, args: &[&str]) -> Ran {
        let repo = self.repo();
        let mut all: Vec<&OsStr> = vec![OsStr::new("-C"), repo.as_os_str()];
        all.extend(args.iter().map(OsStr::new));
        self.run(&all)
    }

    fn run(&self, args: &[&OsStr]) -> Ran {
        let home = self.dir.path().join("home");
        let state = self.dir.path().join("state");
        run_with(
            &[
                ("CONEX_HOME", home.as_os_str()),
                ("XDG_STATE_HOME", state.as_os_str()),
            ],
            args,
        )
    }

    /// `conex verify` of the repository, with good anchors and `more`.
    fn verify(&self, more: &[&str]) -> Ran {
        let dir = format!("--dir={}", self.repo().display());
        let anchors = format!("--anchors={}", self.anchors);
        let mut args = vec!["verify", &dir, &anchors, "--quorum=2"];
        args.extend(more);
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        self.run(&args)
    }

    /// `conex verify` with nothing but these arguments.
    fn bare(&self, args: &[&str]) -> Ran {
        let mut all = vec![OsStr::new("verify")];
        all.extend(args.iter().map(OsStr::new));
        self.run(&all)
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            fs::set_permissions(&target, entry.metadata().unwrap().permissions()).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
