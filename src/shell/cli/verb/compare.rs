//! `conex compare`.

use crate::hint::Hint;
use crate::shell::cli::complete::Completes;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::form::either;
use crate::shell::cli::options::Format;
use crate::shell::cli::page::Page;
use crate::shell::hook::load::load;
use crate::shell::keys::file::shell_quoted;
use crate::shell::out::{out, outln, sayln};
use crate::shell::report::{json, neutral};
use conex_verify::finding::Reader;
use conex_verify::finding::{Finding, Severity};
use conex_verify::format::path::PACKAGES;
use conex_verify::format::state::{Difference, Part, diff};
use conex_verify::tree::{Contents, Tree};
use conex_verify::workbench::repository::Repository;

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// A directory or .tar.gz
    #[arg(add = Completes::FILE)]
    pub a: PathBuf,
    /// Another one
    #[arg(add = Completes::FILE)]
    pub b: PathBuf,
    /// Name every difference, not the first of each kind
    #[arg(long)]
    pub all: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How many files are named for each part that differs.
const FILES_SHOWN: usize = 5;

/// How many parts that differ are named.
const PARTS_SHOWN: usize = 40;

/// Runs `conex compare`.
pub fn run(args: &CompareArgs) -> Result<Exit, Failure> {
    let (tree_a, a) = side(&args.a)?;
    let (tree_b, b) = side(&args.b)?;
    let differences = diff(&a.state, &b.state);
    // What has no place in a repository is in no state.
    let strays: Vec<Finding> = a.findings.iter().chain(&b.findings).cloned().collect();
    let files = files(&tree_a, &tree_b);
    let same = differences.is_empty()
        && files
            .keys()
            .all(|path| part_of(path, &differences).is_some());
    if args.format == Format::Json {
        let summary = Summary {
            same,
            states: [a.state.id(), b.state.id()],
            differences: differences.iter().map(Item::of).collect(),
            files: files
                .iter()
                .map(|(path, change)| File { path, change })
                .collect(),
        };
        out!("{}", json(&strays, Reader::WorkTree, summary));
        return Ok(exit(same));
    }
    outln!(
        "state  {}  {}",
        a.state.id(),
        neutral(&args.a.to_string_lossy())
    );
    outln!(
        "state  {}  {}",
        b.state.id(),
        neutral(&args.b.to_string_lossy())
    );
    let most = |n: usize| if args.all { usize::MAX } else { n };
    for difference in differences.iter().take(most(PARTS_SHOWN)) {
        outln!("{difference}");
        let of_part: Vec<_> = files
            .iter()
            .filter(|(path, _)| holds(&difference.part, path))
            .collect();
        for (path, change) in of_part.iter().take(most(FILES_SHOWN)) {
            outln!("    {change} {}", neutral(path));
        }
        if of_part.len() > most(FILES_SHOWN) {
            outln!("    and {} more files", of_part.len() - FILES_SHOWN);
        }
    }
    if differences.len() > most(PARTS_SHOWN) {
        outln!(
            "and {} more differences (--all names them)",
            differences.len() - PARTS_SHOWN
        );
    }
    for (path, change) in &files {
        if part_of(path, &differences).is_none() {
            outln!("{change} {}, which no snapshot can state", neutral(path));
        }
    }
    for (path, repository) in [(&args.a, &a), (&args.b, &b)] {
        let errors = repository.findings.iter();
        let errors = errors.filter(|f| f.severity == Severity::Error).count();
        if errors > 0 {
            let (n, dir) = (errors.to_string(), shell_quoted(path));
            sayln!("{}", Hint::VerifySays { n, dir });
        }
    }
    outln!(
        "{}",
        if same {
            "The same state."
        } else {
            "Different states."
        }
    );
    Ok(exit(same))
}

fn exit(same: bool) -> Exit {
    if same { Exit::Success } else { Exit::Rejected }
}

fn side(path: &Path) -> Result<(Tree, Repository), Failure> {
    let loaded = load(path, Contents::Judged)
        .map_err(|e| Failure::usage(e, "name the directory or .tar.gz of a repository"))?;
    let tree = either(loaded.tree)?;
    let repository = Repository::load(&tree);
    Ok((tree, repository))
}

/// The files below `packages/` that differ, with `+`, `-` or `~`. Empty ones and the
/// snapshot count for nothing, as in a state.
fn files(a: &Tree, b: &Tree) -> BTreeMap<String, char> {
    let snapshot = conex_verify::format::path::Place::Snapshot.path();
    let bytes = |tree: &Tree, path: &str| tree.get(path).filter(|bytes| !bytes.is_empty()).cloned();
    let all = a.below(PACKAGES).chain(b.below(PACKAGES));
    all.filter(|(path, _)| *path != snapshot)
        .filter_map(|(path, _)| {
            let change = match (bytes(a, path), bytes(b, path)) {
                (before, after) if before == after => return None,
                (None, _) => '+',
                (_, None) => '-',
                _ => '~',
            };
            Some((path.to_owned(), change))
        })
        .collect()
}

fn holds(part: &Part, path: &str) -> bool {
    let place = part.path();
    path == place
        || path
            .strip_prefix(&place)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn part_of<'d>(path: &str, differences: &'d [Difference]) -> Option<&'d Difference> {
    differences.iter().find(|d| holds(&d.part, path))
}

/// What `compare --format=json` says; see docs/json.md.
#[derive(Serialize)]
struct Summary<'a> {
    same: bool,
    states: [String; 2],
    differences: Vec<Item>,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct Item {
    path: String,
    before: Option<String>,
    after: Option<String>,
}

impl Item {
    fn of(difference: &Difference) -> Item {
        let text = |d: Option<conex_verify::format::digest::Digest>| d.map(|d| d.to_string());
        Item {
            path: difference.part.path(),
            before: text(difference.before),
            after: text(difference.after),
        }
    }
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    change: &'a char,
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "compare",
    policy: "reads both and judges neither. The short state is what `conex status`, `conex explain` and \
`conex verify --format=json` print.",
    exit: "0 the same state; 1 another one; 2 usage or environment",
    examples: &["conex compare . mirror.tar.gz"],
}];
