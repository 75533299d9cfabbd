//! Bad input of every kind, given to the executable: a clear message, exit status 1
//! or 2, within bounded time, and never a panic.
#![cfg(unix)]
// The list is for the core.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

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

// --- anchors, quorum, contradictions ----------------------------------------

#[test]
fn empty_and_malformed_anchors_end_with_2() {
    let p = Place::new();
    let dir = format!("--dir={}", p.repo().display());
    let first = p.anchors.split(',').next().unwrap().to_owned();
    for (anchors, word) in [
        (String::new(), "no trust anchors"),
        (" ".to_owned(), "no trust anchors"),
        (",".to_owned(), "not a fingerprint"),
        (format!("{first},"), "not a fingerprint"),
        (format!(" {first}"), "not a fingerprint"),
        (format!("{first} {first}"), "not a fingerprint"),
        (first.to_uppercase(), "not a fingerprint"),
        (first[..first.len() - 1].to_owned(), "not a fingerprint"),
        (format!("{first}0"), "not a fingerprint"),
        (first.replace("blake2b=", "sha256="), "not a fingerprint"),
        (first.replace("blake2b=", ""), "not a fingerprint"),
        ("janitor-a".to_owned(), "not a fingerprint"),
        ("\u{1b}[31mred".to_owned(), "not a fingerprint"),
        (format!("link={first}"), "no trust anchors"),
        (format!("{first},link={first},link={first}"), "two anchors"),
        (format!("{first},link="), "not a fingerprint"),
        ("x".repeat(100_000), "not a fingerprint"),
    ] {
        p.bare(&[&dir, &format!("--anchors={anchors}"), "--quorum=1"])
            .says(2, &[word, "hint"]);
    }
    p.bare(&[&dir, "--quorum=1"])
        .says(2, &["no trust anchors", "hint"]);
    // Well-formed, but of nobody here.
    let other = format!("--anchors=blake2b={}", "0".repeat(64));
    p.bare(&[&dir, &other, "--quorum=1"])
        .says(1, &["E033", "trust anchors"]);
}

#[test]
fn a_quorum_that_is_none_ends_with_2() {
    let p = Place::new();
    let dir = format!("--dir={}", p.repo().display());
    // The maintainers say a quorum with their anchors: it needs not be given, and not less.
    let anchors = format!("--anchors={}", p.anchors);
    p.bare(&[&dir, &anchors]).says(0, &["accepted"]);
    p.bare(&[&dir, &anchors, "--quorum="])
        .says(0, &["accepted"]);
    p.bare(&[&dir, &anchors, "--quorum=1"])
        .says(2, &["`quorum=2`", "1 is lower"]);
    let anchors = anchors.replace(",quorum=2", "");
    for (quorum, word) in [
        ("", "no quorum"),
        ("0", "quorum of 0"),
        ("00", "quorum of 0"),
        ("3", "cannot be reached"),
        ("18446744073709551615", "cannot be reached"),
        ("18446744073709551616", "not a number"),
        ("-1", "not a number"),
        ("two", "not a number"),
        ("1.5", "not a number"),
        ("0x2", "not a number"),
        (" 2", "not a number"),
        ("2 ", "not a number"),
    ] {
        p.bare(&[&dir, &anchors, &format!("--quorum={quorum}")])
            .says(2, &[word]);
    }
}

#[test]
fn contradicting_arguments_end_with_2() {
    let p = Place::new();
    let dir = format!("--dir={}", p.repo().display());
    let repo = format!("--repo={}", p.repo().display());
    let anchors = format!("--anchors={}", p.anchors);
    for args in [
        vec![],
        vec!["--dir=", "--repo=", "--patch="],
        vec!["--patch=/x"],
        vec![&dir, "--patch=/x"],
        vec![&dir, &repo, "--patch=/x"],
        vec![&dir, "--incremental=true"],
        vec![&dir, "--incremental=maybe"],
        vec![&repo, "--incremental=true"],
        vec![&repo, "--patch=/x", "--incremental=false"],
        vec![&dir, "--no-state", "--state=/x"],
        vec![&dir, "--format=xml"],
        vec![&dir, "--unknown"],
        vec![&dir, "more"],
    ] {
        let mut all = vec![anchors.as_str(), "--quorum=2"];
        all.extend(args);
        p.bare(&all).says(2, &[]);
    }
    // No verb, and one that does not exist.
    p.conex(&[]).says(2, &[]);
    p.conex(&["verfiy"]).says(2, &["verify"]);
}

/// A patch is never accepted: patch readers that skipped what they did not know,
/// `diff -ruaN` patches that were ignored and pure renames that were taken for no
/// change let unsigned packages through in earlier implementations.
#[test]
fn a_patch_is_refused_whatever_is_in_it() {
    let p = Place::new();
    let patch = p.dir.path().join("patch");
    let repo = format!("--repo={}", p.repo().display());
    let anchors = format!("--anchors={}", p.anchors);
    for text in [
        "\n",
        "garbage\n",
        "diff -ruaN repo/packages/x/x.1/opam repo.new/packages/x/x.1/opam\n",
        "diff --git b/packages/a a/packages/b\nsimilarity index 100%\nrename from packages/a\nrename to packages/b\n",
    ] {
        fs::write(&patch, text).unwrap();
        for mode in ["--nostrict", "--format=human"] {
            p.bare(&[
                &repo,
                &format!("--patch={}", patch.display()),
                &anchors,
                "--quorum=2",
                "--incremental=true",
                mode,
            ])
            .says(1, &["E07", "rejected"]);
        }
    }
}

// --- the tree ---------------------------------------------------------------

#[test]
fn what_is_no_directory_ends_with_2() {
    let p = Place::new();
    let anchors = format!("--anchors={}", p.anchors);
    let file = p.dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let link = p.dir.path().join("link");
    symlink(p.repo(), &link).unwrap();
    let fifo = p.dir.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    for path in [
        Path::new("/dev/null/none"),
        &p.dir.path().join("none"),
        &link,
        &fifo,
        Path::new("/dev/null"),
        Path::new("/dev/zero"),
    ] {
        let dir = format!("--dir={}", path.display());
        p.bare(&[&dir, &anchors, "--quorum=2"])
            .says(2, &[&path.display().to_string()]);
    }
    // A file is taken for an archive.
    p.bare(&[&format!("--dir={}", file.display()), &anchors, "--quorum=2"])
        .says(1, &["E080", "rejected"]);
    let mut bytes = b"--dir=/dev/null/none/".to_vec();
    bytes.extend(b"\xff\xfe\x1b[31m");
    let dir = OsString::from(OsStr::from_bytes(&bytes));
    let ran = p.run(&[
        OsStr::new("verify"),
        &dir,
        OsStr::new(&anchors),
        OsStr::new("--quorum=2"),
    ]);
    ran.says(2, &[]);
    let empty = p.dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let dir = format!("--dir={}", empty.display());
    p.bare(&[&dir, &anchors, "--quorum=2"]).says(1, &["E030"]);
}

type Change = fn(&Place);

#[test]
fn hostile_trees_end_with_1_and_name_the_place() {
    let cases: Vec<(&str, &str, Change)> = vec![
        ("E001", "files/link", |p| {
            fs::create_dir(p.path("packages/fmt/fmt.1.0/files")).unwrap();
            symlink("/etc/passwd", p.path("packages/fmt/fmt.1.0/files/link")).unwrap();
        }),
        ("E001", "fmt.2.0", |p| {
            fs::remove_dir_all(p.path("packages/fmt/fmt.2.0")).unwrap();
            symlink("fmt.1.0", p.path("packages/fmt/fmt.2.0")).unwrap();
        }),
        ("E001", "fmt.1.0/opam", |p| {
            fs::remove_file(p.path("packages/fmt/fmt.1.0/opam")).unwrap();
            symlink("opam", p.path("packages/fmt/fmt.1.0/opam")).unwrap();
        }),
        ("E001", "packages/fmt/fifo", |p| {
            let status = Command::new("mkfifo")
                .arg(p.path("packages/fmt/fifo"))
                .status();
            assert!(status.unwrap().success());
        }),
        ("E001", "fmt.1.0/opam", |p| {
            // A FIFO in place of a file that is read.
            fs::remove_file(p.path("packages/fmt/fmt.1.0/opam")).unwrap();
            let status = Command::new("mkfifo")
                .arg(p.path("packages/fmt/fmt.1.0/opam"))
                .status();
            assert!(status.unwrap().success());
        }),
        ("E001", "packages/fmt/socket", |p| {
            let listener = std::os::unix::net::UnixListener::bind(p.path("packages/fmt/socket"));
            drop(listener.unwrap());
        }),
        ("E001", "fmt.1.0/opam", |p| {
            fs::hard_link(
                p.path("packages/fmt/fmt.1.0/opam"),
                p.path("packages/fmt/fmt.1.0/second"),
            )
            .unwrap();
        }),
        ("E001", "huge", |p| {
            // Sparse: nothing on disk, a terabyte to read.
            let file = fs::File::create(p.path("packages/fmt/huge")).unwrap();
            file.set_len(1 << 40).unwrap();
        }),
        ("E001", "d/d", |p| {
            let deep = format!("packages/fmt/fmt.1.0/files/{}", "d/".repeat(300));
            fs::create_dir_all(p.path(&deep)).unwrap();
        }),
        ("E001", "packages/fmt/", |p| {
            let name = OsStr::from_bytes(b"\xff\x1b[31m");
            fs::write(p.path("packages/fmt").join(name), "x").unwrap();
        }),
        ("E002", "files/", |p| {
            fs::create_dir(p.path("packages/fmt/fmt.1.0/files")).unwrap();
            fs::write(
                p.path("packages/fmt/fmt.1.0/files/a\n\u{202e}\u{1b}[2Jb"),
                "x",
            )
            .unwrap();
        }),
        ("E001", "fmt.1.0/opam", |p| {
            // Unreadable for anybody, root included: refused by its mode.
            let path = p.path("packages/fmt/fmt.1.0/opam");
            fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
        }),
        ("E001", "packages/lwt", |p| {
            let path = p.path("packages/lwt/lwt.5");
            fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
        }),
        ("E014", "fmt.1.0/opam", |p| {
            fs::write(p.path("packages/fmt/fmt.1.0/opam"), "\u{1b}[31m\u{202e}\0").unwrap();
        }),
        ("E010", "packages/fmt/releases", |p| {
            fs::write(p.path("packages/fmt/releases"), "[".repeat(1 << 20)).unwrap();
        }),
        ("E010", "packages/fmt/releases", |p| {
            fs::write(p.path("packages/fmt/releases"), b"\xff\xfe\0").unwrap();
        }),
        ("E011", "packages/fmt/releases", |p| {
            fs::write(p.path("packages/fmt/releases"), "").unwrap();
        }),
        ("E010", "janitors/0", |p| {
            fs::write(p.path("packages/.conex/janitors/0"), "(((((").unwrap();
        }),
        ("E030", "janitors/0", |p| {
            fs::remove_dir_all(p.path("packages/.conex/janitors")).unwrap();
        }),
        ("E026", "packages/fmt/authorisation", |p| {
            fs::remove_file(p.path("packages/fmt/authorisation")).unwrap();
        }),
        ("E026", "ids/bob", |p| {
            fs::remove_file(p.path("packages/.conex/ids/bob")).unwrap();
        }),
        ("E050", "repo", |p| {
            fs::remove_file(p.path("repo")).unwrap();
        }),
        ("E050", "repo", |p| {
            fs::write(
                p.path("repo"),
                "opam-version: \"2.0\"\nredirect: \"https://evil\"\n",
            )
            .unwrap();
        }),
        ("E005", "compilers", |p| {
            fs::create_dir(p.path("compilers")).unwrap();
        }),
        ("E020", "packages/evil", |p| {
            fs::create_dir_all(p.path("packages/evil/evil.1")).unwrap();
            fs::write(p.path("packages/evil/evil.1/opam"), OPAM).unwrap();
        }),
        ("E010", "snapshot", |p| {
            fs::write(p.path("packages/.conex/snapshot"), "x").unwrap();
        }),
    ];
    for (i, (code, word, change)) in cases.iter().enumerate() {
        let p = Place::new();
        change(&p);
        let ran = p.verify(&["--all"]);
        assert_eq!(ran.code, Some(1), "case {i} {word}: {}{}", ran.out, ran.err);
        ran.says(1, &[code, word, "rejected"]);
        p.verify(&["--format=json"])
            .says(1, &[code, "\"rejected\""]);
        if *code != "E020" {
            p.verify(&["--nostrict"]).says(1, &[]);
        }
        // The tools do not fall over it either, whatever they make of it.
        for line in [
            "status",
            "status --format=json",
            "sign --as bob --yes --dry-run",
            "approve --as ja --yes --dry-run",
            "owner add bob fmt --yes --dry-run",
            "anchors",
        ] {
            let args: Vec<&str> = line.split(' ').collect();
            p.conex(&args).sane();
        }
        // Removable again, also without being root.
        let _ = Command::new("chmod")
            .args(["-R", "u+rwx"])
            .arg(p.repo())
            .status();
    }
}

// --- people and keys --------------------------------------------------------

#[test]
fn wrong_keys_and_passphrases_end_with_1_or_2() {
    let p = Place::new();
    let secret = p.dir.path().join("passphrase");
    fs::write(&secret, "right\n").unwrap();
    let wrong = p.dir.path().join("wrong");
    fs::write(&wrong, "wrong\n").unwrap();
    for file in [&secret, &wrong] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let (secret, wrong) = (secret.to_str().unwrap(), wrong.to_str().unwrap());
    p.conex(&["key", "new", "locked", "--passphrase-file", secret])
        .says(0, &[]);
    p.conex(&["join", "locked", "--passphrase-file", wrong])
        .says(2, &["passphrase"]);
    p.conex(&["join", "locked", "--passphrase-file", "/dev/null/none"])
        .says(2, &["/dev/null/none"]);
    // Nobody to ask.
    p.conex(&["join", "locked"]).says(2, &["passphrase"]);
    p.conex(&["key", "new", "bob", "--no-passphrase"])
        .says(2, &["bob"]);
    for bad in ["", "janitors", "opam", "a b", "../x", "\u{e9}", "a\nb", "-"] {
        let ran = p.conex(&["key", "new", bad, "--no-passphrase"]);
        assert_ne!(ran.code, Some(0), "{bad:?}");
        ran.sane();
    }
    // Key files that are none, or of types that are not used.
    let file = p.dir.path().join("key");
    for (text, word) in [
        ("", ""),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 x", "ssh-rsa"),
        (
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY= x",
            "ecdsa",
        ),
        (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "",
        ),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
            "",
        ),
        ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n", ""),
    ] {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let ran = p.conex(&["key", "import", "eve", file.to_str().unwrap()]);
        assert!(matches!(ran.code, Some(1 | 2)), "{text:?}");
        ran.sane();
        assert!(ran.err.contains(word), "{text:?}: {}", ran.err);
    }
    for path in ["/dev/null/none", "/", "/dev/zero"] {
        let ran = p.conex(&["key", "import", "eve", path]);
        assert!(matches!(ran.code, Some(1 | 2)), "{path}: {}", ran.err);
        ran.sane();
    }
}

#[test]
fn requests_that_make_no_sense_end_with_1_or_2() {
    let p = Place::new();
    for line in [
        "init --name example --snapshot optional --quorum 2 --janitor ja --janitor jb --yes",
        "join BOB",
        "join ja2",
        "owner add nobody fmt --yes",
        "owner add bob nopackage --yes",
        "owner add bob --yes",
        "owner add bob fmt --unclaimed --yes",
        "owner remove",
        "team add bob ja --yes",
        "team add ja bob --yes",
        "team remove none bob --yes",
        "team add crew --yes",
        "approve --as bob --yes",
        "approve --as nobody --yes",
        "approve nopackage --as ja --yes",
        "sign --as nobody --yes",
        "sign nopackage --as bob --yes",
        "sign --yes",
        "status nopackage",
        "explain",
        "explain nothing",
        "verify",
        "anchors --opam one",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let ran = p.conex(&args);
        assert!(
            matches!(ran.code, Some(1 | 2)),
            "{line}: {:?} {}{}",
            ran.code,
            ran.out,
            ran.err
        );
        ran.sane();
        assert!(!ran.err.is_empty(), "{line} says nothing");
    }
    p.verify(&[]).says(0, &["accepted"]);
    // Quorums and names of a new repository.
    let empty = p.dir.path().join("new");
    fs::create_dir_all(empty.join("packages/a/a.1")).unwrap();
    fs::write(empty.join("packages/a/a.1/opam"), OPAM).unwrap();
    let empty = empty.to_str().unwrap().to_owned();
    for line in [
        "init --name example --quorum 0 --janitor ja --yes",
        "init --name example --snapshot optional --quorum 2 --janitor ja --yes",
        "init --name example --quorum -1 --janitor ja --yes",
        "init --name example --quorum x --janitor ja --yes",
        "init --name example --snapshot optional --quorum 2 --janitor ja --janitor ja --yes",
        "init --name example --snapshot optional --quorum 2 --janitor ja --janitor JA --yes",
        "init --name example --quorum 1 --janitor nobody --yes",
        "init --name ../x --quorum 1 --janitor ja --yes",
        "init --name example --quorum 1 --janitor janitors --yes",
        "init --name example --quorum 1 --yes",
        "status",
        "sign --as bob --yes",
    ] {
        let mut args = vec!["-C", &empty];
        args.extend(line.split(' '));
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        let ran = p.run(&args);
        assert!(matches!(ran.code, Some(1 | 2)), "{line}: {}", ran.out);
        ran.sane();
    }
}

// --- the environment --------------------------------------------------------

/// A verdict does not depend on where reports can be kept.
#[test]
fn an_unwritable_state_changes_no_verdict() {
    let p = Place::new();
    let repo = format!("--repo={}", p.repo().display());
    let anchors = format!("--anchors={}", p.anchors);
    let file = p.dir.path().join("file");
    fs::write(&file, "x").unwrap();
    // Below a file nobody can make a directory, root included.
    for state in [
        file.join("state"),
        file.clone(),
        PathBuf::from("/proc/conex"),
    ] {
        let state = format!("--state={}", state.display());
        p.bare(&[&repo, &anchors, "--quorum=2", &state])
            .says(0, &["accepted", "warning"]);
    }
    let link = p.dir.path().join("dangling");
    symlink("/dev/null/x", &link).unwrap();
    let state = format!("--state={}", link.display());
    p.bare(&[&repo, &anchors, "--quorum=2", &state])
        .says(0, &["accepted", "warning"]);
    // And the other way round: a rejected tree stays rejected.
    fs::write(p.path("packages/fmt/fmt.1.0/opam"), "evil: 1\n").unwrap();
    let state = format!("--state={}", file.display());
    for _ in 0..2 {
        p.bare(&[&repo, &anchors, "--quorum=2", &state])
            .says(1, &["E014", "warning"]);
    }
}

#[test]
fn without_home_and_state_everything_still_ends() {
    let p = Place::new();
    let repo = p.repo();
    let anchors = format!("--anchors={}", p.anchors);
    let path = format!("--repo={}", repo.display());
    let verify = ["verify", &path, &anchors, "--quorum=2"].map(OsStr::new);
    run_with(&[], &verify).says(0, &["accepted"]);
    run_with(&[("HOME", OsStr::new(""))], &verify).says(0, &["accepted"]);
    run_with(&[("HOME", OsStr::new("relative"))], &verify).says(0, &["accepted"]);
    // A home that nobody can make: below a file.
    run_with(&[("HOME", OsStr::new("/dev/null/home"))], &verify).says(0, &["accepted"]);
    let odd = OsStr::from_bytes(b"/dev/null/\xff");
    run_with(&[("XDG_STATE_HOME", odd)], &verify).says(0, &["accepted"]);
    for args in [
        vec!["key", "list"],
        vec!["key", "new", "x", "--no-passphrase"],
        vec!["explain"],
        vec!["sign", "--yes"],
    ] {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        let ran = run_with(&[], &args);
        assert!(matches!(ran.code, Some(1 | 2)), "{args:?}: {}", ran.out);
        ran.sane();
    }
}

/// `conex status | head -0`, and a full disk: printing fails, nothing else does.
#[test]
fn a_reader_that_went_away_is_no_reason_to_panic() {
    let p = Place::new();
    let home = p.dir.path().join("home");
    for (args, code) in [
        (vec!["status", "--all"], 0),
        (vec!["anchors"], 0),
        (vec!["--help"], 0),
        (vec!["key", "list"], 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let other = writer.try_clone().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_conex"));
        command
            .arg("-C")
            .arg(p.repo())
            .args(&args)
            .env_clear()
            .env("CONEX_HOME", &home)
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(other);
        let status = command.status().unwrap();
        assert_eq!(status.code(), Some(code), "{args:?}");
        if Path::new("/dev/full").exists() {
            let full = fs::OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .unwrap();
            let status = command
                .stdout(full.try_clone().unwrap())
                .stderr(full)
                .status()
                .unwrap();
            assert_eq!(status.code(), Some(code), "{args:?}");
        }
    }
    // A verdict survives it as well.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = Command::new(env!("CARGO_BIN_EXE_conex"))
        .arg("verify")
        .arg(format!("--dir={}", p.repo().display()))
        .arg(format!("--anchors={}", p.anchors))
        .arg("--quorum=2")
        .arg("--format=json")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}

/// Nothing can be written: the repository stays as it was, and the message says so.
#[test]
fn a_repository_that_cannot_be_written_is_left_alone() {
    let p = Place::new();
    fs::create_dir_all(p.path("packages/fmt/fmt.3.0")).unwrap();
    fs::write(p.path("packages/fmt/fmt.3.0/opam"), OPAM).unwrap();
    // Where the checksum should be written there is a link to another place.
    let outside = p.dir.path().join("outside");
    symlink(&outside, p.path("packages/fmt/fmt.3.0/checksum")).unwrap();
    let ran = p.conex(&["sign", "--as", "bob", "--yes"]);
    ran.says(2, &["checksum", "symbolic link"]);
    assert!(!outside.exists());
}
