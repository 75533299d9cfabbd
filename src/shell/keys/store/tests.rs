//! The files of the store: their modes, what is never lost, what is refused.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::shell::keys::Signer as _;

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

fn store() -> (TempDir, KeyStore) {
    let dir = TempDir::new().unwrap();
    let store = KeyStore::at(dir.path().join("data/keys"));
    (dir, store)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_new_key_is_for_its_owner_only() {
    let (_dir, store) = store();
    let author = id("author-a");
    let key = store.new_key(&author, None, Existing::Keep).unwrap();
    assert_eq!(mode(store.dir()), 0o700);
    assert_eq!(mode(&store.private_path(&author)), 0o600);
    assert_eq!(store.export(&author).unwrap(), format!("{key} author-a"));
    assert_eq!(
        fs::read_to_string(store.public_path(&author)).unwrap(),
        format!("{key} author-a\n")
    );
    let unlocked = store.private(&author).unwrap().unlock(None).unwrap();
    assert_eq!(unlocked.public(), &key);
    assert_eq!(
        fs::read_dir(store.dir()).unwrap().count(),
        2,
        "nothing else"
    );
}

/// A second `key new` never costs the first key.
#[test]
fn a_key_is_never_overwritten_unasked() {
    let (dir, store) = store();
    let author = id("a");
    let first = store.new_key(&author, None, Existing::Keep).unwrap();
    let line = dir.path().join("line");
    fs::write(&line, format!("{first} comment\n")).unwrap();
    for result in [
        store.new_key(&author, None, Existing::Keep).map(|_| ()),
        store.import(&author, &line, Existing::Keep).map(|_| ()),
    ] {
        assert!(matches!(result, Err(StoreError::Exists { .. })));
    }
    assert_eq!(store.public(&author).unwrap(), first);
    let second = store.new_key(&author, None, Existing::Replace).unwrap();
    assert_ne!(first, second);
    assert_eq!(store.public(&author).unwrap(), second);
    // A public line alone takes the place of the whole key.
    store.import(&author, &line, Existing::Replace).unwrap();
    let info = store.info(&author).unwrap();
    assert_eq!((info.public, info.private), (first, PrivateHalf::Elsewhere));
    assert!(matches!(
        store.private(&author),
        Err(StoreError::PublicOnly { .. })
    ));
    // Even a dangling link is not written through.
    let other = id("b");
    std::os::unix::fs::symlink("/nonexistent/x", store.private_path(&other)).unwrap();
    let result = store.new_key(&other, None, Existing::Keep);
    assert!(matches!(result, Err(StoreError::Exists { .. })));
}

/// Two that make a key at the same moment: one of them gets it, and it stays whole.
#[test]
fn of_two_at_once_one_wins() {
    let (_dir, store) = store();
    let author = id("a");
    let made: Vec<PublicKey> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| store.new_key(&author, None, Existing::Keep)))
            .collect();
        let results = threads.into_iter().map(|thread| thread.join().unwrap());
        results.filter_map(Result::ok).collect()
    });
    assert_eq!(made, [store.public(&author).unwrap()]);
    // The step that decides it, after both have seen that nothing is there.
    let path = store.private_path(&author);
    let result = store.put(&author, &path, b"x", 0o600, Existing::Keep);
    assert!(matches!(result, Err(StoreError::Exists { .. })));
    store.private(&author).unwrap();
}

/// Attack: another user of the machine reads the key, or puts one there.
#[test]
fn what_others_can_open_is_refused() {
    let (_dir, store) = store();
    let author = id("a");
    store.new_key(&author, None, Existing::Keep).unwrap();
    let path = store.private_path(&author);
    for bad in [0o640, 0o604, 0o620, 0o602, 0o660, 0o644, 0o777] {
        chmod(&path, bad);
        let error = store.private(&author).unwrap_err();
        assert!(error.to_string().contains(&format!("{bad:04o}")), "{error}");
        assert_eq!(
            error.hint().unwrap(),
            format!("run `chmod 600 {}`", path.display())
        );
        assert!(store.info(&author).is_err());
    }
    for good in [0o600, 0o400] {
        chmod(&path, good);
        store.private(&author).unwrap();
    }
    chmod(store.dir(), 0o755);
    let error = store.private(&author).unwrap_err();
    assert!(
        error.hint().unwrap().starts_with("run `chmod 700 "),
        "{error}"
    );
    assert!(store.list().is_err());
    assert!(store.new_key(&id("b"), None, Existing::Keep).is_err());
}

/// Attack: the public line, which is not secret, is exchanged; the author hands it out.
#[test]
fn a_public_line_of_another_key_is_refused() {
    let (_dir, store) = store();
    let (a, b) = (id("a"), id("b"));
    let key = store.new_key(&a, None, Existing::Keep).unwrap();
    store.new_key(&b, None, Existing::Keep).unwrap();
    fs::copy(store.public_path(&b), store.public_path(&a)).unwrap();
    let error = store.public(&a).unwrap_err();
    assert!(matches!(error, StoreError::Disagree { .. }));
    assert!(error.hint().unwrap().contains("rm "));
    // Without the line, the private file says it.
    fs::remove_file(store.public_path(&a)).unwrap();
    assert_eq!(store.public(&a).unwrap(), key);
}

#[test]
fn the_list_shows_what_cannot_be_used() {
    let (_dir, store) = store();
    assert!(store.list().unwrap().is_empty(), "no directory, no keys");
    store.new_key(&id("b"), None, Existing::Keep).unwrap();
    let secret = Passphrase::new("secret".to_owned());
    store
        .new_key(&id("a"), Some(&secret), Existing::Keep)
        .unwrap();
    fs::write(store.dir().join("c.pub"), "ssh-rsa AAAA\n").unwrap();
    fs::write(store.dir().join(".new-x"), "half").unwrap();
    fs::create_dir(store.dir().join("d")).unwrap();
    let list = store.list().unwrap();
    let of = |at: usize| list[at].1.as_ref().map(|info| info.private).ok();
    assert_eq!(
        list.iter().map(|k| k.0.as_str()).collect::<Vec<_>>(),
        ["a", "b", "c", "d"]
    );
    assert_eq!(
        [of(0), of(1), of(2), of(3)],
        [
            Some(PrivateHalf::Encrypted),
            Some(PrivateHalf::Clear),
            None,
            None
        ]
    );
}

/// Paths come from a configuration: they may name anything.
#[test]
fn files_that_are_no_keys_are_refused() {
    let (dir, store) = store();
    let path = dir.path().join("file");
    let import = || store.import(&id("a"), &path, Existing::Keep);
    assert!(matches!(
        import(),
        Err(StoreError::File(FileError::Missing(_)))
    ));
    fs::create_dir(&path).unwrap();
    assert!(matches!(
        import(),
        Err(StoreError::File(FileError::NotAFile(_)))
    ));
    fs::remove_dir(&path).unwrap();
    for bad in [&b""[..], b"\n\n", b"\xff", b"a\nb\n"] {
        fs::write(&path, bad).unwrap();
        assert!(matches!(import(), Err(StoreError::Text { .. })));
    }
    fs::write(&path, "hello\n").unwrap();
    assert!(matches!(import(), Err(StoreError::Text { .. })));
    // A sparse file of 1 TB.
    let file = fs::File::create(&path).unwrap();
    file.set_len(1 << 40).unwrap();
    assert!(matches!(
        import(),
        Err(StoreError::File(FileError::TooLarge(_)))
    ));
    fs::remove_file(&path).unwrap();
    // A pipe that nobody writes to must not hold us.
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert!(matches!(
        import(),
        Err(StoreError::File(FileError::NotAFile(_)))
    ));
    assert!(!store.dir().exists(), "nothing was made");
}

/// A directory that cannot be written: an error, and nothing half-made.
#[test]
fn failed_writes_leave_nothing() {
    let (dir, _) = store();
    fs::write(dir.path().join("taken"), "a file").unwrap();
    let store = KeyStore::at(dir.path().join("taken/keys"));
    let error = store.new_key(&id("a"), None, Existing::Keep).unwrap_err();
    assert!(matches!(error, StoreError::Write { .. }), "{error}");
    // The name is taken by a directory: the file cannot be put there.
    let store = KeyStore::at(dir.path().join("keys"));
    store.new_key(&id("b"), None, Existing::Keep).unwrap();
    fs::create_dir(store.private_path(&id("a"))).unwrap();
    assert!(store.new_key(&id("a"), None, Existing::Replace).is_err());
    assert_eq!(fs::read_dir(store.dir()).unwrap().count(), 3);
}

#[test]
fn home_follows_the_base_directory_specification() {
    let home = |vars: &[(&str, &str)]| {
        home_from(|name| {
            let found = vars.iter().find(|(var, _)| *var == name);
            found.map(|(_, value)| OsString::from(value))
        })
    };
    let is = |path: &str| Ok(PathBuf::from(path));
    let (data, user) = (("XDG_DATA_HOME", "/d"), ("HOME", "/h"));
    assert_eq!(home(&[("CONEX_HOME", "/c"), data, user]), is("/c"));
    assert_eq!(home(&[("CONEX_HOME", ""), data, user]), is("/d/conex"));
    assert_eq!(home(&[user]), is("/h/.local/share/conex"));
    assert_eq!(
        home(&[("XDG_DATA_HOME", "d"), user]),
        is("/h/.local/share/conex")
    );
    assert_eq!(home(&[]), Err(HomeError::Unset));
    assert_eq!(home(&[("HOME", "h")]), Err(HomeError::Unset));
    let relative = home(&[("CONEX_HOME", "c"), data]);
    assert_eq!(relative, Err(HomeError::Relative("c".into())));
}
