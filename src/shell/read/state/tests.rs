//! What a scan reads again, and what it takes as it was.

use super::*;
use std::fs;
use std::time::{Duration, SystemTime};

/// A small repository whose files are an hour old. (Their ctimes are not; what is
/// kept is settled by hand.)
fn repository() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("r");
    for n in 0..40 {
        let release = root.join(format!("packages/p{n}/p{n}.1"));
        fs::create_dir_all(&release).unwrap();
        fs::write(
            release.join("opam"),
            format!("opam-version: \"2.0\" # {n}\n"),
        )
        .unwrap();
    }
    fs::write(root.join("repo"), "opam-version: \"2.0\"\n").unwrap();
    (dir, root)
}

fn scan(root: &Path, cache: Option<&Cache>) -> Result<Scan, ReadError> {
    look(root, cache)?.1.packages()
}

/// A scan after which everything that was seen counts as settled.
fn settled(root: &Path, cache: &Cache) -> Seen {
    let found = scan(root, Some(cache)).unwrap();
    let mut known = found.known;
    known.start = u64::MAX;
    cache.keep(&known).unwrap();
    Seen {
        state: found.state,
        files: found.files,
        read: found.read,
    }
}

struct Seen {
    state: State,
    files: usize,
    read: usize,
}

/// What the ordinary reader says.
fn whole(root: &Path) -> State {
    let tree = crate::shell::read::read(root, crate::shell::read::Contents::Judged)
        .unwrap()
        .tree;
    conex_verify::workbench::repository::Repository::load(&tree).state
}

#[test]
fn only_what_changed_is_read_again() {
    let (dir, root) = repository();
    let cache = Cache::new(dir.path().join("cache"), &root);
    let first = settled(&root, &cache);
    assert_eq!((first.files, first.read), (40, 40));
    assert_eq!(first.state, whole(&root));
    assert_eq!(scan(&root, Some(&cache)).unwrap().read, 0);
    type Step<'a> = (&'a str, &'a dyn Fn(&Path), usize);
    let steps: [Step<'_>; 6] = [
        (
            "edit",
            &|r| fs::write(r.join("packages/p3/p3.1/opam"), "x").unwrap(),
            1,
        ),
        (
            "add",
            &|r| {
                fs::create_dir(r.join("packages/p4/p4.2")).unwrap();
                fs::write(r.join("packages/p4/p4.2/opam"), "y").unwrap();
            },
            1,
        ),
        (
            "remove",
            &|r| fs::remove_dir_all(r.join("packages/p5")).unwrap(),
            0,
        ),
        (
            "rename",
            &|r| fs::rename(r.join("packages/p6/p6.1"), r.join("packages/p6/p6.2")).unwrap(),
            1,
        ),
        (
            "swap two of one size and time",
            &|r| {
                let time = SystemTime::now() - Duration::from_secs(3600);
                for (path, text) in [("p7/p7.1/opam", "abc"), ("p8/p8.1/opam", "abd")] {
                    let path = r.join("packages").join(path);
                    fs::write(&path, text).unwrap();
                    fs::File::open(&path).unwrap().set_modified(time).unwrap();
                }
            },
            2,
        ),
        (
            "repo",
            &|r| fs::write(r.join("repo"), "opam-version: \"2.1\"\n").unwrap(),
            0,
        ),
    ];
    for (what, change, read) in steps {
        change(&root);
        let found = settled(&root, &cache);
        assert_eq!(found.state, whole(&root), "{what}");
        assert_eq!(found.read, read, "{what}");
    }
}

/// A file changes twice within one tick of the clock, and the second time nothing
/// of its stat does: git calls it racy.
#[test]
fn what_was_just_written_is_read_again() {
    let (dir, root) = repository();
    let cache = Cache::new(dir.path().join("cache"), &root);
    let found = scan(&root, Some(&cache)).unwrap();
    cache.keep(&found.known).unwrap();
    assert_eq!(scan(&root, Some(&cache)).unwrap().read, 40);
}

#[test]
fn a_damaged_cache_is_none() {
    let (dir, root) = repository();
    let cache = Cache::new(dir.path().join("cache"), &root);
    settled(&root, &cache);
    let path = cache.dir.join(&cache.file);
    let bytes = fs::read(&path).unwrap();
    for at in [0, 30, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert_eq!(scan(&root, Some(&cache)).unwrap().read, 40);
    }
    for len in [0, 3, 4, bytes.len() - 1] {
        fs::write(&path, &bytes[..len]).unwrap();
        assert_eq!(scan(&root, Some(&cache)).unwrap().read, 40);
    }
}

#[test]
fn what_is_no_file_of_a_repository_is_refused() {
    let (_dir, root) = repository();
    std::os::unix::fs::symlink("/etc/hostname", root.join("packages/p1/p1.1/files")).unwrap();
    fs::write(root.join("packages/p2/opam"), "").unwrap();
    fs::hard_link(root.join("packages/p3/p3.1/opam"), root.join("x")).unwrap();
    let found = scan(&root, None).unwrap();
    let paths: Vec<&str> = found.findings.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "packages/p1/p1.1/files",
            "packages/p2/opam",
            "packages/p3/p3.1/opam"
        ]
    );
}
