//! C14: a change that `check` lets through is applied alike by every opam: by GNU diff and GNU patch
//! (2.0 to 2.3), from git (whose renames the hook switches off, D2) by git's patch and either program, by OCaml's `patch` (2.4 on), and by the
//! archive that opam 2.6 keeps.
//!
//! GNU diff, GNU patch and git are the programs; OCaml's library and the store are models written
//! from what was measured ([D](../../docs/hook.md#patches)). `tests/opam/portable` gives 200 of these
//! changes to real opams.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::patch_support::oracle::Oracle;
use crate::patch_support::print::{Print, print};
use crate::patch_support::random::Random;
use crate::patch_support::{Files, cases, model, seed};
use crate::portable_changes::honest;

/// D11: with each file that goes, the archive of opam 2.6 loses its directory.
fn as_stored(old: &Files, applied: Option<Files>) -> Option<Files> {
    let mut files = applied?;
    let gone: Vec<&String> = old.keys().filter(|p| !files.contains_key(*p)).collect();
    let above = gone.iter().filter_map(|path| path.rsplit_once('/'));
    let lost: Vec<String> = above.map(|(dir, _)| format!("{dir}/")).collect();
    files.retain(|path, _| !lost.iter().any(|dir| path.starts_with(dir)));
    Some(files)
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn what_check_lets_through_every_opam_applies() {
    let (first, count) = (seed(), u64::try_from(cases(300)).unwrap());
    let changed = AtomicUsize::new(0);
    let next = std::sync::atomic::AtomicU64::new(first);
    let one = |oracle: &mut Oracle, seed: u64| {
        let mut random = Random(seed);
        let (old, new) = honest(&mut random);
        changed.fetch_add(usize::from(old != new), Ordering::Relaxed);
        let same = |way: &str, patch: &[u8], result: Option<Files>| {
            let shown = String::from_utf8_lossy(patch);
            assert!(result.as_ref() == Some(&new), "seed {seed}, {way}\n{shown}");
        };
        let gnu = oracle.diff("diff", &old, &new);
        let git = oracle.diff("git-plain", &old, &new);
        for (way, patch) in [("diff", &gnu), ("git diff", &git)] {
            if !patch.is_empty() {
                let applied = oracle.apply("patch", &old, patch);
                same(&format!("{way} and patch"), patch, applied);
            }
        }
        same("git diff and OCaml's patch", &git, model::apply(&old, &git));
        for twice in [false, true] {
            let patch = print(Print::Ocaml { twice }, &old, &new);
            let applied = model::apply(&old, &patch);
            same("OCaml's diff and patch", &patch, applied.clone());
            same("in an archive", &patch, as_stored(&old, applied));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut oracle = Oracle::start();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    one(&mut oracle, seed);
                }
            });
        }
    });
    let changed = changed.into_inner();
    println!("{changed} of {count} changes changed something");
    assert!(
        u64::try_from(changed).unwrap() * 10 > count * 9,
        "{changed}"
    );
}
