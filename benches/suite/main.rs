//! What `benches/whole` and `benches/instructions` need besides conex itself: a signed repository
//! of the shape of opam-repository, the least that anybody has to do who verifies it, patches as
//! opam makes them, and input that is made to be costly.
//!
//! ```text
//! suite make SOURCE SIZE TO         SOURCE: a directory with packages/, or `made-up:RELEASES`; SIZE: 0.1, 1, 4 …
//! suite years SOURCE SIZE YEARS TO  the same, and each of so many years later: TO/0, TO/1, …
//! suite floor WHAT PATH SIGNATURES  WHAT: `directory`, `archive`, `walk` or `start`
//! suite patch DIALECT OLD NEW       DIALECT: `gnu`, `ocaml` or `archive`; prints the patch
//! suite hostile TO                  archives, each beside an honest one
//! ```
#![allow(missing_docs, clippy::disallowed_methods)]

mod floor;
#[path = "../../tests/support/history_support/mod.rs"]
#[allow(dead_code)]
mod history_support;
mod hostile;
mod make;
#[path = "../../tests/support/patch_support/mod.rs"]
#[allow(dead_code)]
mod patch_support;
#[path = "../../tests/support/place/mod.rs"]
#[allow(dead_code)]
mod place;
#[path = "../../tests/support/seed_key/mod.rs"]
#[allow(dead_code)]
mod seed_key;
#[path = "../../tests/support/sizes/mod.rs"]
#[allow(dead_code)]
mod sizes;
mod spread;
#[path = "../../tests/support/world/mod.rs"]
#[allow(dead_code)]
mod world;
mod years;

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use conex::shell::read::{Contents, read};
use conex_verify::tree::Tree;

use history_support::publish::{Dialect, patch};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("suite: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &[&str]) -> Result<(), Box<dyn Error>> {
    match *args {
        ["make", source, size, to] => make::make(&packages(source, size)?, Path::new(to)),
        ["years", source, size, years, to] => {
            let packages = packages(source, size)?;
            years::years(&packages, size.parse()?, years.parse()?, Path::new(to))
        }
        ["floor", what, path, signatures] => {
            floor::floor(what, Path::new(path), signatures.parse()?)
        }
        ["patch", dialect, old, new] => {
            let dialect = match dialect {
                "gnu" => Dialect::Gnu,
                "ocaml" => Dialect::Ocaml,
                "archive" => Dialect::Archive,
                other => return Err(format!("no dialect `{other}`").into()),
            };
            let text = patch(dialect, &tree(old)?, &tree(new)?);
            Ok(std::io::stdout().write_all(&text)?)
        }
        ["hostile", to] => hostile::hostile(Path::new(to)),
        _ => Err("see the first lines of benches/suite/main.rs".into()),
    }
}

fn packages(source: &str, size: &str) -> Result<make::Packages, Box<dyn Error>> {
    let files = match source.strip_prefix("made-up:") {
        Some(count) => make::made_up(count.parse()?),
        None => make::real(&tree(source)?),
    };
    Ok(make::sized(&files, size.parse()?))
}

fn tree(path: &str) -> Result<Tree, Box<dyn Error>> {
    Ok(read(Path::new(path), Contents::Judged)?.tree)
}
