//! What `tests/opam/trees` needs besides real opams: random trees, the hook that asks the
//! verifier, and the comparison of what the verifier says with what opam lists.
//!
//! ```text
//! opam-trees generate DIR SEED FIRST COUNT        writes the cases FIRST to FIRST + COUNT - 1
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
#[path = "../seed_key/mod.rs"]
#[allow(dead_code)]
mod seed_key;
#[path = "../world/mod.rs"]
#[allow(dead_code)]
mod world;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match *args {
        ["generate", dir, seed, first, count] => {
            let number = |text: &str| text.parse::<u64>().expect("a number");
            generate::write(Path::new(dir), number(seed), number(first), number(count));
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
