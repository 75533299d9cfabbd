//! The patch reader against GNU diff, GNU patch and git.
//!
//! `CONEX_PATCH_CASES=100000` runs that many cases, `CONEX_SEED=N` starts elsewhere;
//! a failure prints the seed of its case.

// Tests read fixtures and start the oracles; only the core may not.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::patch_support::headers::with_headers;
use crate::patch_support::model;
use crate::patch_support::mutate::mutate;
use crate::patch_support::oracle::Oracle;
use crate::patch_support::print::{Print, print};
use crate::patch_support::random::{self, Random};
use crate::patch_support::{Files, files, map_headers, patch_cases, seed, tree};
use conex_verify::workbench::patch::{Kind, PatchContext, PatchError, Store, apply};

/// The most lines of a random file.
const LINES: usize = 24;

fn ours(old: &Files, patch: &[u8]) -> Result<Files, PatchError> {
    let ctx = PatchContext {
        repo_name: "r",
        store: Store::Directory,
        posixly_correct: false,
        clone: None,
    };
    apply(&tree(old), patch, &ctx).map(|applied| files(&applied.tree))
}

/// Runs `case` for seeds from `seed()` on, on all cores.
fn for_each_case(name: &str, count: usize, case: impl Fn(u64, &mut Oracle) + Sync) {
    let first = seed();
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    println!("{name}: {count} cases from seed {first}");
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            scope.spawn(|| {
                let mut oracle = Oracle::start();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count || failed.lock().unwrap().is_some() {
                        break;
                    }
                    let seed = first.wrapping_add(u64::try_from(n).unwrap());
                    let run = std::panic::AssertUnwindSafe(|| case(seed, &mut oracle));
                    if std::panic::catch_unwind(run).is_err() {
                        *failed.lock().unwrap() = Some(seed);
                    }
                }
            });
        }
    });
    if let Some(seed) = failed.into_inner().unwrap() {
        panic!(
            "{name}: case with seed {seed} failed; run it with CONEX_SEED={seed} CONEX_PATCH_CASES=1"
        );
    }
}

/// Why an honest patch must be refused.
fn excused(print: Print, old: &Files, new: &Files) -> Vec<Kind> {
    let emptied = |(name, bytes): (&String, &Vec<u8>)| {
        bytes.last().is_some_and(|&b| b != b'\n') && new.get(name).is_some_and(Vec::is_empty)
    };
    let is_dir = |files: &Files, name: &str| {
        let below = format!("{name}/");
        files.keys().any(|path| path.starts_with(&below))
    };
    let mut kinds = Vec::new();
    if old.keys().any(|name| is_dir(new, name)) || new.keys().any(|name| is_dir(old, name)) {
        kinds.push(Kind::FileAndDirectory);
        if print == Print::Gnu {
            // `File … is a regular file while file … is a directory`
            kinds.push(Kind::Line);
        }
    }
    if print != Print::Gnu && old.iter().any(emptied) {
        kinds.push(Kind::Emptied);
    }
    kinds
}

/// What `new` is when empty files are neither created nor removed (D17).
fn without_empty_changes(old: &Files, new: &Files) -> Files {
    let mut result = new.clone();
    result.retain(|name, bytes| !bytes.is_empty() || old.contains_key(name));
    for (name, bytes) in old {
        if bytes.is_empty() {
            result.entry(name.clone()).or_default();
        }
    }
    result
}

fn check_honest(seed: u64, dialect: Print, old: &Files, new: &Files, patch: &[u8]) {
    let expected = match dialect {
        Print::Gnu => without_empty_changes(old, new),
        _ => new.clone(),
    };
    let shown = String::from_utf8_lossy(patch);
    let excuses = excused(dialect, old, new);
    match ours(old, patch) {
        Ok(result) => {
            // `diff -ruaN` does not always show what would be refused (D17).
            let complete = excuses.is_empty() || dialect == Print::Gnu;
            assert!(complete, "seed {seed}: not refused\n{shown}");
            assert!(result == expected, "seed {seed}: wrong tree\n{shown}");
        }
        Err(error) => assert!(
            excuses.contains(&error.kind()),
            "seed {seed}: {error}\n{shown}"
        ),
    }
}

/// User story: an honest update through http or a local path reaches the tree that was published.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn apply_after_gnu_diff_is_the_identity() {
    for_each_case("diff -ruaN", patch_cases(200) / 4, |seed, oracle| {
        let mut random = Random(seed);
        let old = random::tree(&mut random, LINES);
        let new = random::update(&mut random, &old, LINES);
        let patch = oracle.diff("diff", &old, &new);
        check_honest(seed, Print::Gnu, &old, &new, &patch);
    });
}

/// User story: an honest update of a git repository, renames included.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn apply_after_git_diff_is_the_identity() {
    for_each_case("git diff", patch_cases(200) / 4, |seed, oracle| {
        let mut random = Random(seed);
        let old = random::tree(&mut random, LINES);
        let new = random::update(&mut random, &old, LINES);
        let patch = one_sided_headers(&oracle.diff("git-diff", &old, &new));
        let patched = ours(&old, &patch);
        if patched
            .as_ref()
            .is_err_and(|e| e.kind() == Kind::RenameEdit)
        {
            return;
        }
        let git = Print::Git {
            context: 3,
            renames: true,
        };
        check_honest(seed, git, &old, &new, &patch);
    });
}

/// `git diff --no-index` names the side that exists twice; `-R` of a repository names both.
fn one_sided_headers(patch: &[u8]) -> Vec<u8> {
    map_headers(patch, |line| {
        if let Some(names) = line.strip_prefix("diff --git ") {
            let (from, to) = names.trim_end().split_once(' ').unwrap();
            format!("diff --git b/{} a/{}\n", &from[2..], &to[2..])
        } else if line.starts_with("rename ") {
            line.replacen(" b/", " ", 1).replacen(" a/", " ", 1)
        } else {
            line.to_owned()
        }
    })
}

/// User story: the same in every dialect as printed here, many more cases.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn apply_after_print_is_the_identity() {
    let first = seed();
    for n in 0..patch_cases(200) {
        let seed = first.wrapping_add(u64::try_from(n).unwrap());
        let mut random = Random(seed);
        let old = random::tree(&mut random, LINES);
        let new = random::update(&mut random, &old, LINES);
        let dialect = dialect(&mut random);
        check_honest(seed, dialect, &old, &new, &print(dialect, &old, &new));
    }
}

fn dialect(random: &mut Random) -> Print {
    match random.below(5) {
        0 | 1 => Print::Gnu,
        2 | 3 => Print::Git {
            context: 1 + random.below(5),
            renames: random.once_in(2),
        },
        _ => Print::Ocaml {
            twice: random.once_in(2),
        },
    }
}

/// Attack: a patch that this reader understands in one way and opam's program in another.
///
/// Whenever a patch is accepted, GNU patch (and `git apply` for git's dialect)
/// must accept it too, with the same tree.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn what_is_accepted_is_what_the_appliers_do() {
    let accepted = AtomicUsize::new(0);
    let hostile = AtomicUsize::new(0);
    let count = patch_cases(300);
    for_each_case("hostile", count, |seed, oracle| {
        let mut random = Random(seed);
        let most = [3, 8, LINES][random.below(3)];
        let mut old = random::tree(&mut random, most);
        let new = random::update(&mut random, &old, most);
        let mut dialect = dialect(&mut random);
        if let Print::Git { context, .. } = &mut dialect
            && random.once_in(8)
        {
            *context = 0;
        }
        let honest = print(dialect, &old, &new);
        let mut patch = honest.clone();
        for _ in 0..random.below(4) {
            patch = mutate(&mut random, &patch);
        }
        if random.once_in(6) {
            // The repository is not the one that the patch was made for.
            old = random::update(&mut random, &old, most);
        }
        let Ok(result) = ours(&old, &patch) else {
            return;
        };
        accepted.fetch_add(1, Ordering::Relaxed);
        if patch != honest {
            hostile.fetch_add(1, Ordering::Relaxed);
        }
        let shown = String::from_utf8_lossy(&patch);
        let for_patch = match dialect {
            Print::Ocaml { .. } => with_headers(&patch, |start| start.saturating_sub(1)),
            _ => patch.clone(),
        };
        let theirs = oracle.apply("patch", &old, &for_patch);
        let log = oracle.log();
        assert!(
            theirs.as_ref() == Some(&result),
            "seed {seed}: GNU patch differs\n{log}\n{shown}"
        );
        if dialect != Print::Gnu {
            // opam 2.5 and later have the sections in memory, each by itself.
            let theirs = match dialect {
                Print::Ocaml { .. } => model::apply(&old, &with_headers(&patch, |start| start)),
                _ => model::apply(&old, &patch),
            };
            assert!(
                theirs.as_ref() == Some(&result),
                "seed {seed}: OCaml's patch differs\n{shown}"
            );
        }
        if matches!(dialect, Print::Git { .. }) && !patch.is_empty() {
            let theirs = oracle.apply("apply", &old, &patch);
            let log = oracle.log();
            // `git apply` creates no file where an empty one is; what opam uses does.
            let onto_empty =
                theirs.is_none() && log.contains("already exists in working directory");
            assert!(
                onto_empty || theirs.as_ref() == Some(&result),
                "seed {seed}: git apply differs\n{log}\n{shown}"
            );
        }
    });
    println!(
        "accepted {} of {count}, of these {} changed",
        accepted.into_inner(),
        hostile.into_inner()
    );
}
