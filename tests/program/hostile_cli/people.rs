//! What people type, and the machine that they type it on.

use super::*;

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
        let state = format!("--state-dir={}", state.display());
        p.bare(&[&repo, &anchors, "--quorum=2", &state])
            .says(0, &["accepted", "warning"]);
    }
    let link = p.dir.path().join("dangling");
    symlink("/dev/null/x", &link).unwrap();
    let state = format!("--state-dir={}", link.display());
    p.bare(&[&repo, &anchors, "--quorum=2", &state])
        .says(0, &["accepted", "warning"]);
    // And the other way round: a rejected tree stays rejected.
    fs::write(p.path("packages/fmt/fmt.1.0/opam"), "evil: 1\n").unwrap();
    let state = format!("--state-dir={}", file.display());
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

/// `conex anchors > anchors.txt` on a full disk leaves half of the anchors, or none.
#[test]
fn what_cannot_be_printed_is_no_success() {
    let p = Place::new();
    for args in [
        vec!["status", "--all"],
        vec!["anchors"],
        vec!["--help"],
        vec!["--version"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let ran = Command::new(env!("CARGO_BIN_EXE_conex"))
            .arg("-C")
            .arg(p.repo())
            .args(&args)
            .env_clear()
            .env("CONEX_HOME", p.dir.path().join("home"))
            .stdin(Stdio::null())
            .stdout(full.unwrap())
            .output()
            .unwrap();
        assert_eq!(ran.status.code(), Some(2), "{args:?}");
        let told = String::from_utf8(ran.stderr).unwrap();
        assert!(
            told.contains("error: standard output cannot be written: No space left"),
            "{told}"
        );
    }
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
