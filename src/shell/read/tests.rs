//! What an archive, a clone or a user can leave in a directory, and what the reader makes of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use conex_verify::limits::MAX_TREE_DEPTH;
use conex_verify::tree::{Defect, DefectKind};

fn put(root: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

/// A small repository: two packages, `repo`, and things that git repositories have.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "packages/a/a.1/opam", "a1");
    put(dir.path(), "packages/b/b.1/opam", "b1");
    put(dir.path(), "packages/b/b.1/files/empty", "");
    put(dir.path(), "repo", "opam-version: \"2.0\"\n");
    put(dir.path(), ".gitignore", "*~\n");
    put(dir.path(), "README.md", "read me");
    put(dir.path(), ".github/workflows/ci.yml", "ci");
    dir
}

fn read_ok(root: &Path, contents: Contents) -> Reading {
    read(root, contents).unwrap()
}

/// The defects of a repository after `change`.
fn defects(change: impl FnOnce(&Path)) -> Vec<Defect> {
    let dir = repository();
    change(dir.path());
    let tree = read_ok(dir.path(), Contents::Judged).tree;
    let good = tree.get("packages/a/a.1/opam").is_some();
    assert!(good, "one bad entry does not hide the good ones");
    tree.defects
}

fn defect(path: &str, kind: DefectKind) -> Vec<Defect> {
    vec![Defect {
        path: path.to_owned(),
        kind,
    }]
}

#[test]
fn a_repository_is_read_with_its_names_at_the_top() {
    let dir = repository();
    let reading = read_ok(dir.path(), Contents::Judged);
    let paths: Vec<&str> = reading.tree.files.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            ".gitignore",
            "packages/a/a.1/opam",
            "packages/b/b.1/files/empty",
            "packages/b/b.1/opam",
            "repo",
        ]
    );
    assert_eq!(reading.tree.others, [".github/", "README.md"]);
    assert_eq!(reading.tree.defects, []);
    assert_eq!(reading.git, Git::Absent);
    assert_eq!(&**reading.tree.get("packages/b/b.1/opam").unwrap(), b"b1");
}

#[test]
fn all_contents_without_what_is_not_judged_are_the_judged_contents() {
    let dir = repository();
    fs::create_dir_all(dir.path().join("compilers/empty")).unwrap();
    let all = read_ok(dir.path(), Contents::All).tree;
    assert_eq!(&**all.get("README.md").unwrap(), b"read me");
    assert_eq!(&**all.get(".github/workflows/ci.yml").unwrap(), b"ci");
    assert_eq!(all.others, ["compilers/"]);
    let judged = read_ok(dir.path(), Contents::Judged).tree;
    let all = all.into_judged();
    assert_eq!(all.files, judged.files);
    assert_eq!(all.others, judged.others);
    assert_eq!(all.others, [".github/", "README.md", "compilers/"]);
}

#[test]
fn a_git_directory_is_skipped_at_the_top_and_only_there() {
    let dir = repository();
    put(dir.path(), ".git/config", "[core]");
    put(dir.path(), "packages/.git/evil.1/opam", "docs/hook.md D13");
    let reading = read_ok(dir.path(), Contents::All);
    assert_eq!(reading.git, Git::Directory);
    assert!(reading.tree.get(".git/config").is_none());
    assert!(reading.tree.get("packages/.git/evil.1/opam").is_some());

    fs::remove_dir_all(dir.path().join(".git")).unwrap();
    put(dir.path(), ".git", "gitdir: elsewhere");
    let reading = read_ok(dir.path(), Contents::All);
    assert_eq!(reading.git, Git::File);
    assert!(reading.tree.get(".git").is_none());
    assert_eq!(reading.tree.others, [""; 0]);
}

#[test]
fn symbolic_links_are_never_followed() {
    // D9: opam reads through them, and writes through them.
    for (link, target) in [
        ("packages/c", "a"),
        ("packages/b/b.1/files/x", "../../../../repo"),
        ("packages/b/b.1/files/y", "/etc/hostname"),
        ("packages/b/b.1/files/z", "nowhere"),
        ("README", "README.md"),
        (".git", "/tmp"),
    ] {
        let found = defects(|root| symlink(target, root.join(link)).unwrap());
        assert_eq!(found, defect(link, DefectKind::Symlink), "{link}");
    }
    let found = defects(|root| {
        fs::rename(root.join("packages"), root.join("p2")).unwrap();
        symlink("p2", root.join("packages")).unwrap();
        // so that the helper finds what it expects
        fs::remove_file(root.join("packages")).unwrap();
        fs::rename(root.join("p2"), root.join("packages")).unwrap();
        symlink("packages", root.join("packages2")).unwrap();
    });
    assert_eq!(found, defect("packages2", DefectKind::Symlink));
}

#[test]
fn packages_as_a_link_gives_no_files() {
    let dir = repository();
    fs::rename(dir.path().join("packages"), dir.path().join("real")).unwrap();
    symlink("real", dir.path().join("packages")).unwrap();
    let tree = read_ok(dir.path(), Contents::Judged).tree;
    assert_eq!(tree.below("packages/").count(), 0);
    assert_eq!(tree.defects, defect("packages", DefectKind::Symlink));
}

#[test]
fn a_link_in_an_unjudged_directory_shows_when_all_is_read() {
    // A patch for `doc/link/a.1/opam` would be written to `packages/`.
    let dir = repository();
    fs::create_dir(dir.path().join("doc")).unwrap();
    symlink("../packages", dir.path().join("doc/link")).unwrap();
    let tree = read_ok(dir.path(), Contents::All).tree;
    assert_eq!(tree.defects, defect("doc/link", DefectKind::Symlink));
}

#[test]
fn an_opam_file_outside_packages_is_a_defect() {
    // opam 2.5 and later load the directory of every file that a patch names.
    let dir = repository();
    put(dir.path(), "doc/evil.1/opam", "");
    put(dir.path(), "OPAM", "");
    let all = read_ok(dir.path(), Contents::All).tree;
    assert_eq!(all.defects, defect("OPAM", DefectKind::StrayOpam));
    let judged = all.into_judged();
    let paths: Vec<_> = judged.defects.iter().map(|d| d.path.as_str()).collect();
    assert_eq!(paths, ["OPAM", "doc/evil.1/opam"]);
    let kinds = |d: &Defect| d.kind == DefectKind::StrayOpam;
    assert!(judged.defects.iter().all(kinds));
}

#[test]
fn a_fifo_or_socket_is_reported_and_blocks_nothing() {
    let start = Instant::now();
    let found = defects(|root| {
        for path in ["packages/b/b.1/files/fifo", "fifo"] {
            let path = root.join(path);
            let mode = Mode::from_raw_mode(0o644);
            rustix::fs::mknodat(CWD, &path, FileType::Fifo, mode, 0).unwrap();
        }
        drop(std::os::unix::net::UnixListener::bind(root.join("packages/a/s")).unwrap());
    });
    assert!(start.elapsed() < Duration::from_secs(5));
    let kinds: Vec<_> = found.iter().map(|d| (d.path.as_str(), &d.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("fifo", &DefectKind::Special("a FIFO")),
            ("packages/a/s", &DefectKind::Special("a socket")),
            ("packages/b/b.1/files/fifo", &DefectKind::Special("a FIFO")),
        ]
    );
}

#[test]
fn a_fifo_that_takes_the_place_of_a_file_blocks_nothing() {
    // Between listing and opening: the kind in the listing is not believed.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    let fd = fs::File::open(dir.path()).unwrap();
    let changed = file::Trouble::Defect(DefectKind::Changed);
    let read = |name: &std::ffi::CStr| {
        file::read(
            std::os::fd::AsFd::as_fd(&fd),
            name,
            file::Permissions::Plain,
            |_| true,
        )
        .unwrap_err()
    };
    assert_eq!(read(c"f"), changed);
    symlink("/etc/passwd", dir.path().join("l")).unwrap();
    assert_eq!(read(c"l"), changed);
    fs::create_dir(dir.path().join("d")).unwrap();
    assert_eq!(read(c"d"), changed);
    assert_eq!(read(c"gone"), changed);
}

#[test]
fn two_names_of_one_file_are_two_defects() {
    // D8: a patch that edits one in place changes the other.
    let found = defects(|root| {
        let from = root.join("packages/b/b.1/opam");
        fs::hard_link(from, root.join("packages/b/b.1/files/twin")).unwrap();
    });
    let kind = DefectKind::HardLink { links: 2 };
    let paths: Vec<_> = found.iter().map(|d| d.path.as_str()).collect();
    assert_eq!(paths, ["packages/b/b.1/files/twin", "packages/b/b.1/opam"]);
    assert!(found.iter().all(|d| d.kind == kind));
    // The other name may lie where nothing is read.
    let found = defects(|root| {
        let from = root.join("packages/b/b.1/opam");
        fs::hard_link(from, root.join(".github/x")).unwrap();
    });
    assert_eq!(found, defect("packages/b/b.1/opam", kind));
}

#[test]
fn modes_with_which_opam_fails_half_way_are_refused() {
    // D10: a read-only directory from an archive stops GNU patch in the middle.
    for (path, mode, needed) in [
        ("packages/b/b.1/opam", 0o444, 0o644),
        ("packages/b/b.1/opam", 0o000, 0o600),
        ("packages/b/b.1/opam", 0o4755, 0o755),
        ("packages/b/b.1/opam", 0o2644, 0o644),
        ("packages/b/b.1", 0o555, 0o755),
        ("packages/b/b.1", 0o600, 0o700),
    ] {
        let found = defects(|root| {
            fs::set_permissions(root.join(path), Permissions::from_mode(mode)).unwrap();
        });
        // Who is not root cannot even open some of these.
        let unreadable = matches!(
            found.as_slice(),
            [Defect {
                kind: DefectKind::Unreadable(_),
                ..
            }]
        );
        if !unreadable {
            assert_eq!(found, defect(path, DefectKind::Mode { mode, needed }));
        }
    }
    for mode in [0o600, 0o640, 0o664, 0o755] {
        let found = defects(|root| {
            let path = root.join("packages/b/b.1/opam");
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        });
        assert_eq!(found, []);
    }
}

#[test]
fn a_name_that_is_not_utf8_is_a_defect() {
    use std::os::unix::ffi::OsStrExt;
    let found = defects(|root| {
        let name = std::ffi::OsStr::from_bytes(b"x\xff");
        fs::create_dir(root.join("packages/b").join(name)).unwrap();
        fs::write(root.join("packages/b").join(name).join("opam"), "").unwrap();
    });
    assert_eq!(found, defect("packages/b/x\u{fffd}", DefectKind::NotUtf8));
}

#[test]
fn a_sparse_file_is_not_read() {
    let found = defects(|root| {
        let file = fs::File::create(root.join("packages/a/huge")).unwrap();
        file.set_len(1 << 40).unwrap();
    });
    assert_eq!(
        found,
        defect("packages/a/huge", DefectKind::TooLarge { size: 1 << 40 })
    );
}

#[test]
fn sizes_around_the_buffer_are_read_exactly() {
    let dir = repository();
    for len in [0, 1, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 300_000] {
        let bytes: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
        put(dir.path(), &format!("packages/a/{len}"), &bytes);
        let tree = read_ok(dir.path(), Contents::Judged).tree;
        assert_eq!(**tree.get(&format!("packages/a/{len}")).unwrap(), *bytes);
    }
}

#[test]
fn above_a_limit_there_is_one_defect_and_no_file() {
    let dir = repository();
    for i in 0..200 {
        put(
            dir.path(),
            &format!("packages/p{i}/p{i}.1/opam"),
            "12345678",
        );
    }
    // 5 directories and files of the top, packages, a, b, their content, and 200 times 3.
    let few = 201;
    for (entries, bytes, packages, kind) in [
        (613, 1 << 20, 202, None),
        (612, 1 << 20, 202, Some(DefectKind::TooMany)),
        (3, 1 << 20, 202, Some(DefectKind::TooMany)),
        (613, 1000, 202, Some(DefectKind::TooMuch)),
        (613, 0, 202, Some(DefectKind::TooMuch)),
        (613, 1 << 20, few, Some(DefectKind::TooManyPackages)),
        // Several: always the same one.
        (612, 1000, 202, Some(DefectKind::TooMany)),
        (612, 0, 202, Some(DefectKind::TooMany)),
        (613, 0, few, Some(DefectKind::TooMuch)),
        (3, 1 << 20, few, Some(DefectKind::TooMany)),
    ] {
        for _ in 0..5 {
            let fd = std::os::fd::OwnedFd::from(fs::File::open(dir.path()).unwrap());
            let most = walk::Most {
                entries,
                bytes,
                packages,
            };
            let tree = walk::walk(&fd, Contents::Judged, most, None)
                .unwrap()
                .0
                .tree;
            match kind.clone() {
                None => assert_eq!((tree.files.len(), tree.defects.len()), (205, 0)),
                Some(kind) => {
                    assert_eq!(tree.defects, defect("", kind));
                    assert!(tree.files.is_empty() && tree.others.is_empty());
                }
            }
        }
    }
}

#[test]
fn depth_has_an_end() {
    let deep = |levels| format!("packages/{}", "d/".repeat(levels));
    let found = defects(|root| fs::create_dir_all(root.join(deep(500))).unwrap());
    let path = deep(MAX_TREE_DEPTH);
    assert_eq!(
        found,
        defect(path.trim_end_matches('/'), DefectKind::TooDeep)
    );
    assert_eq!(
        defects(|root| fs::create_dir_all(root.join(deep(MAX_TREE_DEPTH - 1))).unwrap()),
        []
    );
}

#[test]
fn what_is_not_a_directory_is_a_typed_error() {
    let dir = repository();
    let path = |name: &str| dir.path().join(name);
    symlink("packages", path("link")).unwrap();
    let error = |name: &str| read(&path(name), Contents::Judged).unwrap_err();
    assert!(matches!(error("none"), ReadError::Missing(_)));
    assert!(matches!(error("repo"), ReadError::NotADirectory(_)));
    assert!(matches!(error("repo/x"), ReadError::NotADirectory(_)));
    assert!(matches!(error("link"), ReadError::Symlink(_)));
    assert!(error("link").to_string().contains("symbolic link"));
    assert!(read(&path("packages/."), Contents::Judged).is_ok());
}

#[test]
fn the_result_does_not_depend_on_the_threads() {
    let dir = repository();
    for p in 0..40 {
        for v in 0..20 {
            put(
                dir.path(),
                &format!("packages/p{p}/p{p}.{v}/opam"),
                format!("{p}.{v}"),
            );
        }
        symlink("x", dir.path().join(format!("packages/p{p}/link"))).unwrap();
    }
    let first = read_ok(dir.path(), Contents::Judged).tree;
    assert_eq!(first.below("packages/p").count(), 800);
    assert_eq!(first.defects.len(), 40);
    for _ in 0..20 {
        let again = read_ok(dir.path(), Contents::Judged).tree;
        assert_eq!(again.files, first.files);
        assert_eq!(again.defects, first.defects);
    }
}
