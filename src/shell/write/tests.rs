//! What is in a directory after a change, and where nothing may be written.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn change(path: &str, text: Option<&str>) -> Change {
    Change {
        path: path.to_owned(),
        bytes: text.map(|t| t.as_bytes().into()),
    }
}

fn root() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// All files and directories below `root`, and nothing followed.
fn listing(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo = vec![root.to_owned()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if path.symlink_metadata().unwrap().is_dir() {
                found.push(format!("{name}/"));
                todo.push(path);
            } else {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_change_set_is_applied_with_its_directories() {
    let dir = root();
    for options in [WORK_TREE, PRIVATE_STATE] {
        apply(
            dir.path(),
            &[
                change("packages/a/a.1/opam", Some("a1")),
                change("packages/a/a.1/checksum", Some("c")),
                change("repo", Some("r")),
            ],
            options,
        )
        .unwrap();
        assert_eq!(
            listing(dir.path()),
            [
                "packages/",
                "packages/a/",
                "packages/a/a.1/",
                "packages/a/a.1/checksum",
                "packages/a/a.1/opam",
                "repo"
            ]
        );
        let text = fs::read_to_string(dir.path().join("packages/a/a.1/opam")).unwrap();
        assert_eq!(text, "a1");
        let changes = [
            change("packages/a/a.1/opam", None),
            change("packages/a/a.1/gone", None),
            change("packages/b/b.1/gone", None),
            change("packages/a/a.1/checksum", None),
            change("repo", Some("")),
        ];
        apply(dir.path(), &changes, options).unwrap();
        assert_eq!(listing(dir.path()), ["packages/", "repo"]);
        apply(dir.path(), &changes, options).unwrap();
    }
}

#[test]
fn directories_with_something_in_them_stay() {
    let dir = root();
    for path in ["packages/a/a.1/opam", "packages/a/a.2/opam"] {
        write(dir.path(), path, b"x", WORK_TREE).unwrap();
    }
    remove(dir.path(), "packages/a/a.1/opam").unwrap();
    assert_eq!(
        listing(dir.path()),
        [
            "packages/",
            "packages/a/",
            "packages/a/a.2/",
            "packages/a/a.2/opam"
        ]
    );
}

#[test]
fn nothing_is_written_or_removed_through_a_link() {
    let dir = root();
    let outside = root();
    fs::write(outside.path().join("opam"), "outside").unwrap();
    write(dir.path(), "packages/b/b.1/opam", b"b", WORK_TREE).unwrap();
    symlink(outside.path(), dir.path().join("packages/a")).unwrap();
    symlink(outside.path().join("opam"), dir.path().join("link")).unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    for (path, link) in [
        ("packages/a/opam", "packages/a"),
        ("packages/a/a.1/opam", "packages/a"),
        ("link", "link"),
        ("dangling", "dangling"),
    ] {
        let is_link = |e: WriteError| matches!(e, WriteError::Symlink { path } if path == link);
        assert!(is_link(
            write(dir.path(), path, b"x", WORK_TREE).unwrap_err()
        ));
        assert!(is_link(remove(dir.path(), path).unwrap_err()));
        // In a set nothing happens at all.
        let set = [change("new", Some("x")), change(path, Some("x"))];
        let error = apply(dir.path(), &set, WORK_TREE).unwrap_err();
        assert_eq!((error.applied, error.all), (0, 2));
        assert!(is_link(error.source));
        assert!(!dir.path().join("new").exists());
    }
    assert_eq!(listing(outside.path()), ["opam"]);
    assert_eq!(
        fs::read_to_string(outside.path().join("opam")).unwrap(),
        "outside"
    );
}

#[test]
fn a_root_that_is_a_link_is_the_users_own() {
    let dir = root();
    fs::create_dir(dir.path().join("real")).unwrap();
    symlink("real", dir.path().join("link")).unwrap();
    write(&dir.path().join("link"), "x", b"", WORK_TREE).unwrap();
    assert_eq!(listing(dir.path()), ["link", "real/", "real/x"]);
}

#[test]
fn bad_paths_are_refused() {
    let dir = root();
    for path in [
        "",
        "/",
        "/etc/x",
        "a//b",
        "a/",
        "./a",
        "a/./b",
        "../a",
        "a/../b",
        "a\0b",
        ".git/config",
        "a/.GIT/x",
    ] {
        let error = write(dir.path(), path, b"x", WORK_TREE).unwrap_err();
        assert!(matches!(error, WriteError::BadPath { .. }), "{path:?}");
        assert!(remove(dir.path(), path).is_err(), "{path:?}");
    }
    assert_eq!(listing(dir.path()), [""; 0]);
}

#[test]
fn a_file_is_no_directory_and_a_directory_no_file() {
    let dir = root();
    write(dir.path(), "a/b", b"x", WORK_TREE).unwrap();
    let kind = |result: Result<(), WriteError>| match result.unwrap_err() {
        WriteError::Kind { path, expected } => (path, expected),
        e => panic!("{e}"),
    };
    let file = |path: &str| (path.to_owned(), "file");
    assert_eq!(kind(write(dir.path(), "a", b"", WORK_TREE)), file("a"));
    assert_eq!(kind(remove(dir.path(), "a")), file("a"));
    let expected = ("a/b".to_owned(), "directory");
    assert_eq!(kind(write(dir.path(), "a/b/c", b"", WORK_TREE)), expected);
    let set = [change("x", None), change("x", None)];
    let error = apply(dir.path(), &set, WORK_TREE).unwrap_err();
    assert!(matches!(error.source, WriteError::Twice { .. }));
    assert_eq!(listing(dir.path()), ["a/", "a/b"]);
}

#[test]
fn permissions_are_kept_or_private() {
    let dir = root();
    let mode = |path: &str| {
        let metadata = fs::metadata(dir.path().join(path)).unwrap();
        metadata.permissions().mode() & 0o7777
    };
    write(dir.path(), "run", b"1", WORK_TREE).unwrap();
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(dir.path().join("run"), executable).unwrap();
    write(dir.path(), "run", b"2", WORK_TREE).unwrap();
    assert_eq!(mode("run"), 0o755);
    write(dir.path(), "run", b"3", PRIVATE_STATE).unwrap();
    assert_eq!(mode("run"), 0o600);
    write(dir.path(), "keys/k", b"", PRIVATE_STATE).unwrap();
    assert_eq!((mode("keys"), mode("keys/k")), (0o700, 0o600));
}

#[test]
fn a_replaced_file_does_not_change_its_other_name() {
    let dir = root();
    write(dir.path(), "a", b"old", WORK_TREE).unwrap();
    fs::hard_link(dir.path().join("a"), dir.path().join("b")).unwrap();
    write(dir.path(), "a", b"new", WORK_TREE).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("b")).unwrap(), "old");
}
