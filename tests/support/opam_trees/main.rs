//! What `tests/opam/trees` needs besides real opams: random trees, the hook that asks the
//! verifier, and the comparison of what the verifier says with what opam lists.
//!
//! ```text
//! opam-trees generate DIR SEED FIRST COUNT        writes the cases FIRST to FIRST + COUNT - 1
//! opam-trees changes DIR SEED FIRST COUNT         changes that C14 lets through: DIR/old/N, DIR/new/N, and so on
//! opam-trees shapes DIR                           the shapes that C14 names, in the same way
//! opam-trees hook OUT --repo=… --dir=… --patch=… --anchors=… --quorum=… --incremental=…
//! opam-trees compare DIR VERDICTS LIST LOG ROUND  ROUND is `whole` or `patch`
//! ```
#![allow(missing_docs)]

mod compare;
mod generate;
mod hook;
#[path = "../patch_support/mod.rs"]
#[allow(dead_code)]
mod patch_support;
#[path = "../portable/mod.rs"]
#[allow(dead_code)]
mod portable_changes;
#[path = "../seed_key/mod.rs"]
#[allow(dead_code)]
mod seed_key;
#[path = "../world/mod.rs"]
#[allow(dead_code)]
mod world;

use std::path::Path;
use std::process::ExitCode;

use crate::patch_support::random::Random;
use crate::patch_support::{Files, oracle};
use crate::portable_changes::{SHAPES, before, honest_for_opam, of_shape};

/// The states that are published one after the other.
const SIDES: [&str; 3] = ["first", "old", "new"];

/// Writes changes for `tests/opam/portable`.
fn write(dir: &Path, changes: impl Iterator<Item = (String, [Files; 3])>) {
    let mut names = String::new();
    for side in SIDES {
        std::fs::create_dir_all(dir.join(side)).expect("a directory");
    }
    for (name, sides) in changes {
        for (side, files) in SIDES.iter().zip(sides) {
            oracle::write(&dir.join(side).join(&name), &files);
        }
        names += &name;
        names.push('\n');
    }
    std::fs::write(dir.join("names"), names).expect("a file");
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match *args {
        ["generate", dir, seed, first, count] => {
            let number = |text: &str| text.parse::<u64>().expect("a number");
            generate::write(Path::new(dir), number(seed), number(first), number(count));
            ExitCode::SUCCESS
        }
        ["changes", dir, seed, first, count] => {
            let number = |text: &str| text.parse::<u64>().expect("a number");
            let (seed, first) = (number(seed), number(first));
            let one = |n: u64| {
                let mut random = Random(seed.wrapping_mul(1 << 32).wrapping_add(n));
                let (old, new) = honest_for_opam(&mut random);
                (format!("c{n}"), [old.clone(), old, new])
            };
            write(Path::new(dir), (first..first + number(count)).map(one));
            ExitCode::SUCCESS
        }
        ["shapes", dir] => {
            let all = SHAPES.iter();
            let all = all.map(|(name, old, new)| {
                let [old, new] = of_shape([old, new]);
                ((*name).to_owned(), [before(name, &old), old, new])
            });
            write(Path::new(dir), all);
            ExitCode::SUCCESS
        }
        ["hook", out, ref given @ ..] => hook::run(Path::new(out), given),
        ["compare", dir, verdicts, list, log, round] => {
            let [dir, verdicts, list, log] = [dir, verdicts, list, log].map(Path::new);
            compare::run(dir, verdicts, list, log, round)
        }
        _ => {
            eprintln!("see the head of tests/support/opam_trees/main.rs");
            ExitCode::from(2)
        }
    }
}
