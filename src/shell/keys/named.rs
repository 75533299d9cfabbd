//! The key files that somebody named with `--key` or `--new-key`: `$CONEX_HOME/key-files`, a path
//! in each line, the last one named last.
//!
//! Whoever signed once with a key in a place of its own signs again without naming the place.
//! Only where a key may be is kept here, and no key: a file counts if the repository lists its key.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::store::KeyStore;
use crate::shell::write::{IN_PLACE, write};

/// How many files are kept in mind.
const MOST: usize = 32;

/// The name of the list, beside the directory of conex's own keys.
const LIST: &str = "key-files";

fn home(store: &KeyStore) -> Option<&Path> {
    store.dir().parent()
}

/// The files that were named, the last one first.
pub fn named(store: &KeyStore) -> Vec<PathBuf> {
    let text = home(store).and_then(|home| fs::read_to_string(home.join(LIST)).ok());
    let text = text.unwrap_or_default();
    let paths = text.lines().rev().map(PathBuf::from);
    paths.filter(|path| path.is_absolute()).take(MOST).collect()
}

/// Keeps a file in mind. One that cannot be kept has to be named again, and nothing else.
pub fn keep(store: &KeyStore, path: &Path) {
    let (Some(home), Ok(path)) = (home(store), path.canonicalize()) else {
        return;
    };
    let Some(text) = path.to_str().filter(|text| !text.contains('\n')) else {
        return;
    };
    let mut paths = named(store);
    if paths.first().is_some_and(|first| *first == path) {
        return;
    }
    paths.retain(|known| *known != path);
    let old = paths.iter().take(MOST - 1).rev();
    let mut list: String = old.map(|path| format!("{}\n", path.display())).collect();
    list.push_str(text);
    list.push('\n');
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(home);
    let _ = made.is_ok() && write(home, LIST, list.as_bytes(), IN_PLACE).is_ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last one named comes first, each once, and no more than a few.
    #[test]
    fn files_are_kept_in_the_order_of_their_last_use() {
        let dir = tempfile::tempdir().unwrap();
        let store = KeyStore::at(dir.path().join("home/keys"));
        assert_eq!(named(&store), Vec::<PathBuf>::new());
        let file = |n: usize| {
            let path = dir.path().join(format!("key-{n}"));
            fs::write(&path, "").unwrap();
            path.canonicalize().unwrap()
        };
        for n in [1, 2, 1] {
            keep(&store, &file(n));
        }
        keep(&store, &dir.path().join("absent"));
        assert_eq!(named(&store), [file(1), file(2)]);
        for n in 0..2 * MOST {
            keep(&store, &file(n));
        }
        assert_eq!(named(&store).len(), MOST);
        assert_eq!(named(&store).first(), Some(&file(2 * MOST - 1)));
    }
}
