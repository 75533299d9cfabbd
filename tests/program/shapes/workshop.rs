//! A repository in a work tree of git, and the people who sign it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

const CONEX: &str = env!("CARGO_BIN_EXE_conex");

/// Everybody who signs: the operator, two janitors, an author.
const PEOPLE: [&str; 4] = ["me", "ja", "jb", "bob"];

pub struct Workshop {
    dir: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The lines on standard output.
    pub fn lines(&self) -> Vec<&str> {
        self.out.lines().collect()
    }
}

/// The keys of everybody, made once.
fn keys() -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let workshop = Workshop { dir };
        fs::create_dir(workshop.work()).unwrap();
        for who in PEOPLE {
            workshop.ok(&["key", "new", who, "--no-passphrase"]);
        }
        workshop.dir
    });
    made.path()
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(status.unwrap().success());
}

impl Workshop {
    /// An empty work tree.
    pub fn new() -> Workshop {
        let workshop = Workshop {
            dir: tempfile::tempdir().unwrap(),
        };
        copy(&keys().join("home"), &workshop.path("home"));
        fs::create_dir(workshop.work()).unwrap();
        workshop.git(&["init", "-q", "-b", "main", "."]);
        workshop
    }

    /// A work tree with these files, which are committed.
    pub fn with(files: &[(&str, &str)]) -> Workshop {
        let workshop = Workshop::new();
        for (path, text) in files {
            workshop.write(path, text);
        }
        workshop.commit();
        workshop
    }

    /// A work tree with what lies in a directory of `fixtures/shapes`, which is committed.
    pub fn given(name: &str) -> Workshop {
        let workshop = Workshop::new();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shapes");
        copy(&from.join(name).join("."), &workshop.work());
        workshop.commit();
        workshop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn work(&self) -> PathBuf {
        self.path("work")
    }

    pub fn file(&self, path: &str) -> PathBuf {
        self.work().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.file(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).unwrap()
    }

    fn adapt(&self, command: &mut Command) -> Output {
        command
            .current_dir(self.work())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.dir.path())
            .env("CONEX_HOME", self.path("home"))
            .env("GIT_CONFIG_GLOBAL", self.path("gitconfig"))
            .env("LC_ALL", "C")
            .envs(["AUTHOR", "COMMITTER"].into_iter().flat_map(|who| {
                [
                    (format!("GIT_{who}_NAME"), "somebody"),
                    (format!("GIT_{who}_EMAIL"), "somebody@packages.example"),
                ]
            }))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    pub fn git(&self, args: &[&str]) {
        let output = self.adapt(Command::new("git").args(args));
        assert!(output.status.success(), "git {args:?}: {output:?}");
    }

    pub fn commit(&self) {
        self.git(&["add", "-A", "."]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "a change"]);
    }

    /// `conex` in the work tree.
    pub fn conex(&self, args: &[&str]) -> Ran {
        let output = self.adapt(Command::new(CONEX).args(args));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ran = Ran {
            code: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    }

    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.conex(args);
        assert_eq!(ran.code, 0, "conex {args:?}\n{}{}", ran.out, ran.err);
        ran
    }

    /// Refused, for this reason.
    #[track_caller]
    pub fn refused(&self, args: &[&str], why: &str) -> Ran {
        let ran = self.conex(args);
        assert_eq!(ran.code, 1, "conex {args:?}\n{}{}", ran.out, ran.err);
        assert!(ran.err.contains(why), "no {why:?} in\n{}", ran.err);
        ran
    }

    /// Whether anything was written or signed.
    pub fn is_started(&self) -> bool {
        self.file("packages/.conex").exists()
    }

    fn verify(&self, quorum: &str, more: &[&str]) -> Ran {
        let anchors = self.ok(&["anchors"]).out.trim().to_owned();
        let mut args = vec!["verify", "--dir", ".", "--quorum", quorum];
        args.extend(["--anchors", &anchors]);
        args.extend(more);
        self.conex(&args)
    }

    /// What a client says that starts anew with the anchors of today.
    pub fn new_client(&self, quorum: &str) -> Ran {
        self.verify(quorum, &["--no-state"])
    }

    /// What a client says that remembers what it accepted.
    pub fn client(&self, quorum: &str) -> Ran {
        let state = self.path("client");
        self.verify(quorum, &["--state-dir", state.to_str().unwrap()])
    }

    /// What opam holds from now on: the work tree as it is.
    pub fn keep(&self) {
        self.copied("default");
    }

    fn copied(&self, name: &str) {
        let to = self.path(name);
        if to.exists() {
            fs::remove_dir_all(&to).unwrap();
        }
        copy(&self.work(), &to);
        fs::remove_dir_all(to.join(".git")).unwrap();
    }

    /// What a client says that gets the difference to what opam holds.
    pub fn patched(&self, quorum: &str) -> Ran {
        self.copied("default.new");
        let diff = Command::new("diff")
            .args(["-ruaN", "default", "default.new"])
            .current_dir(self.dir.path())
            .output()
            .unwrap();
        fs::write(self.path("patch"), diff.stdout).unwrap();
        let anchors = self.ok(&["anchors"]).out.trim().to_owned();
        let (repo, patch) = (self.path("default"), self.path("patch"));
        let files = [
            "--repo",
            repo.to_str().unwrap(),
            "--patch",
            patch.to_str().unwrap(),
        ];
        let policy = ["--no-state", "--quorum", quorum, "--anchors", &anchors];
        self.conex(&[&["verify"][..], &files, &policy].concat())
    }

    /// A client that remembers accepts the work tree.
    #[track_caller]
    pub fn accepted(&self, quorum: &str) {
        for ran in [self.new_client(quorum), self.client(quorum)] {
            assert_eq!(ran.code, 0, "{}", ran.err);
        }
    }
}
