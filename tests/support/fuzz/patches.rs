//! Patches of each dialect: whatever is accepted is what the models of those who apply them make
//! of it. The first byte chooses the tree, the second where opam keeps it.

use conex_verify::workbench::patch::{Applied, Dialect, Note, PatchContext, Store, apply};

use super::Choices;
use crate::patch_support::headers::with_headers;
use crate::patch_support::print::{Print, print};
use crate::patch_support::random::{self, Random};
use crate::patch_support::{Files, files, model, tree};

/// The most lines of a file.
const LINES: usize = 8;

/// The tree that this byte chooses.
pub fn before(choice: u8) -> Files {
    random::tree(&mut Random(u64::from(choice % 16)), LINES)
}

pub fn context(choice: u8) -> PatchContext<'static> {
    PatchContext {
        repo_name: "r",
        store: match choice % 2 {
            0 => Store::Directory,
            _ => Store::Archive,
        },
        posixly_correct: choice & 2 != 0,
        clone: None,
    }
}

/// The tree, the context and the patch.
pub fn parts(bytes: &[u8]) -> (Files, PatchContext<'static>, &[u8]) {
    let mut choices = Choices(bytes);
    (before(choices.byte()), context(choices.byte()), choices.0)
}

/// Honest patches of each dialect.
pub fn material() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for choice in 0..16 {
        let old = before(choice);
        let new = random::update(&mut Random(u64::from(choice) + 100), &old, LINES);
        for dialect in [
            Print::Gnu,
            Print::Git {
                context: 3,
                renames: true,
            },
            Print::Ocaml { twice: false },
            Print::Ocaml { twice: true },
        ] {
            all.push([vec![choice, 0], print(dialect, &old, &new)].concat());
        }
    }
    all
}

pub fn holds(bytes: &[u8]) {
    let (old, context, patch) = parts(bytes);
    let Ok(applied) = apply(&tree(&old), patch, &context) else {
        return;
    };
    let new = files(applied.published.as_ref().unwrap_or(&applied.tree));
    told(&old, &applied);
    if context.store == Store::Archive {
        return;
    }
    match applied.dialect {
        None => assert!(new == old),
        // By OCaml's patch, which opam 2.5 and later have in themselves.
        Some(Dialect::Ocaml) => {
            let theirs = model::apply(&old, &with_headers(patch, |start| start));
            assert!(theirs == Some(new), "OCaml's patch differs");
        }
        Some(Dialect::Git) => {
            let theirs = model::apply(&old, patch);
            assert!(theirs == Some(new), "OCaml's patch differs");
        }
        // GNU patch is a program: the test of the corpora runs it. What was applied can be
        // printed again, and is applied to the same.
        Some(Dialect::Gnu) => {
            let printed = print(Print::Gnu, &old, &new);
            let again = apply(&tree(&old), &printed, &context).unwrap();
            let nothing = |(_, bytes): &(&String, &Vec<u8>)| !bytes.is_empty();
            let again = files(&again.tree);
            assert!(again.iter().filter(nothing).eq(new.iter().filter(nothing)));
        }
    }
}

/// What is said of the update is so.
fn told(old: &Files, applied: &Applied) {
    let new = files(&applied.tree);
    let differs = |path: &&String| old.get(*path) != new.get(*path);
    let changed = old.keys().chain(new.keys()).filter(differs);
    let changed: std::collections::BTreeSet<&String> = changed.collect();
    assert!(applied.changed.iter().eq(changed), "other files changed");
    for note in &applied.notes {
        match note {
            Note::Moved { from, to } => assert!(old.get(from) == new.get(to)),
            Note::Lost { paths, .. } => {
                assert!(paths.iter().all(|path| !new.contains_key(path)));
            }
            Note::ModeIgnored { path } => assert!(old.contains_key(path)),
        }
    }
}
