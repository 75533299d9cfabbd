//! A signed repository and its update, changed at random: what is accepted is the honest one, or
//! differs only where all is free, and a patch is judged as the tree that it makes.

use std::sync::LazyLock;

use conex_verify::Outcome;
use conex_verify::workbench::patch::apply;

use super::{Choices, patches};
use crate::mutation::{Mutation, changed, free, noticed, valid};
use crate::patch_support::files;
use crate::patch_support::print::{Print, print};
use crate::world::{END, World};

/// The repositories, and what a client remembers that accepted them.
static HONEST: LazyLock<Vec<(World, Vec<u8>)>> = LazyLock::new(|| {
    let with_memory = |which| {
        let world = valid(which);
        let Outcome::Accepted { memory, .. } = world.served(&world.tree) else {
            panic!("not accepted");
        };
        (world, memory)
    };
    (0..3).map(with_memory).collect()
});

const NAMES: [&str; 16] = [
    "opam", "fmt", "fmt.1.0", "lwt.5", "bob", "eve", "crew", "ja", "jd", "mallory", "files",
    ".conex", "ids", "author", "team", "claims",
];

fn mutation(choices: &mut Choices<'_>) -> Mutation {
    let kind = choices.byte() % 12;
    let (file, at) = (choices.number(), choices.number());
    match kind {
        0 => Mutation::Byte {
            file,
            at,
            to: choices.byte(),
        },
        1 => Mutation::Insert {
            file,
            at,
            bytes: choices.bytes(40).to_vec(),
        },
        2 => Mutation::Cut {
            file,
            from: at,
            len: usize::from(choices.byte()),
        },
        3 => Mutation::Line {
            file,
            from: at,
            to: choices.number(),
        },
        4 => Mutation::Swap { a: file, b: at },
        5 => Mutation::Copy { from: file, to: at },
        6 => Mutation::Remove { file },
        7 => Mutation::Splice {
            from: file,
            to: at,
            at: choices.number(),
        },
        8 => {
            let parts = 1 + file % 4;
            let path: Vec<&str> = (0..parts).map(|_| choices.pick(&NAMES)).collect();
            Mutation::Add {
                path: format!("packages/{}", path.join("/")),
                bytes: choices.bytes(40).to_vec(),
            }
        }
        9 => Mutation::Number {
            file,
            which: at,
            to: choices.pick(&[0, 1, 2, 3, 7, 1_000_000, 1_000_001, END, END + 1]),
        },
        10 => Mutation::Word {
            file,
            which: at,
            to: choices.pick(&NAMES).to_owned(),
        },
        _ => Mutation::Forge { file, key: at },
    }
}

pub fn holds(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let (honest, memory) = &HONEST[usize::from(choices.byte() % 3)];
    let dialect = choices.pick(&[
        Print::Gnu,
        Print::Ocaml { twice: false },
        Print::Git {
            context: 3,
            renames: true,
        },
    ]);
    let mut mutations = Vec::new();
    while !choices.is_empty() && mutations.len() < 6 {
        mutations.push(mutation(&mut choices));
    }
    let after = changed(honest, &mutations);
    noticed(honest, &after, World::client_verdict);
    let update =
        |after: &World| honest.update(&after.tree, Some(&honest.tree), vec![memory.clone()]);
    if update(&after).is_accepted() {
        let mut paths = honest.paths();
        paths.extend(after.paths());
        for path in paths {
            let same = honest.tree.get(&path) == after.tree.get(&path);
            assert!(same || free(honest, &after, &path), "{path}");
        }
    }
    let patch = print(dialect, &files(&honest.tree), &files(&after.tree));
    let patched = honest.patched(&honest.tree, &patch, vec![memory.clone()]);
    let Ok(applied) = apply(&honest.tree, &patch, &patches::context(0)) else {
        assert!(!patched.is_accepted(), "a patch that is refused");
        return;
    };
    let mut made = honest.clone();
    made.tree = applied.tree;
    assert_eq!(update(&made).is_accepted(), patched.is_accepted());
}

/// One change of each kind.
pub fn material() -> Vec<Vec<u8>> {
    let kinds = (0..12).map(|kind| vec![kind, kind, kind, 0, 3, 0, 40, 5, 1, 2, 3]);
    kinds.collect()
}
