//! The hook: anchors, trees and patches.

use super::*;

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
        vec![&dir, "--no-state", "--state-dir=/x"],
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
