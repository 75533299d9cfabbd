//! What the verifier says to a client, twice: with all checks, and with each check silenced
//! that refused the tree. The proof has to refuse it then.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::panic::Location;
use std::sync::OnceLock;

use conex_verify::finding::silence;
use conex_verify::finding::{Code, Severity};
use conex_verify::limits::MAX_COMPARED;
use conex_verify::tree::Tree;
use conex_verify::workbench::published::{expand, shorten};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::Client;
use conex_verify::workbench::update::Memory;
use conex_verify::workbench::verdict::{Known, verify_update};
use conex_verify::workbench::verify::Mode;

use super::{Verdict, cases, recorded};

/// Who judges which tree.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// What the client knows.
    pub known: &'a Known<'a>,
    /// The tree.
    pub tree: &'a Tree,
    /// What the client trusts.
    pub client: &'a Client,
    /// What happens to unsigned packages.
    pub mode: Mode,
}

impl Judge<'_> {
    /// The verdict, and what to remember after it.
    pub fn says(self) -> (Verdict, Option<Memory>) {
        let (verdict, memory) = self.once(MAX_COMPARED);
        cases::judged(self, memory.as_ref().filter(|_| verdict.accepted));
        if let Some((before, _)) = self.known.tree {
            recorded::sample(self.client, self.mode, before, self.tree);
        }
        if verdict.accepted {
            self.in_both_forms();
        } else {
            self.without_one_check(&verdict);
        }
        (verdict, memory)
    }

    /// The same without a second run, and with so many findings of a kind.
    pub fn once(self, alike: usize) -> (Verdict, Option<Memory>) {
        let repository = Repository::read(self.tree, None, alike);
        let verdict = verify_update(self.known, self.tree, &repository, self.client, self.mode);
        let assessment = verdict.assessment.as_ref();
        let memory =
            assessment.map(|a| Memory::after(self.known.name, self.client, &repository, a));
        (Verdict::of(&verdict), memory)
    }

    /// A tree that is accepted has a published form, which is the same tree again when it is
    /// expanded. So the verdict is one in both forms.
    fn in_both_forms(self) {
        let files = &self.tree.files;
        let above = |path: &String, at: usize| files.contains_key(&path[..at]);
        let is_both = |path: &&String| path.match_indices('/').any(|(at, _)| above(path, at));
        // No file system holds a file and a directory of one name.
        if files.keys().any(|path| is_both(&path)) {
            return;
        }
        let expanded = expand(shorten(self.tree).unwrap()).map_err(|findings| findings.into_vec());
        assert!(expanded.unwrap().files == self.tree.files);
    }

    /// Findings and proof agree on a tree, and it stays refused if any single place is silenced
    /// that reports an error of it. `CONEX_SILENCE=all` asks that of every tree; otherwise a
    /// tenth is asked, chosen by what is refused.
    fn without_one_check(self, verdict: &Verdict) {
        let disagrees = |v: &Verdict| v.findings.iter().any(|f| f.code == Code::Disagreement);
        assert!(!disagrees(verdict), "{}", verdict.text());
        let errors = verdict
            .findings
            .iter()
            .filter(|f| f.severity == Severity::Error);
        let places: BTreeMap<_, _> = errors
            .filter(|f| is_check(f.place))
            .map(|f| ((f.place.file(), f.place.line()), f.place))
            .collect();
        // Where no check says anything there is no proof either: so a proof that forgets
        // something shows as soon as any test refuses a tree for it.
        assert!(
            places.is_empty() || !verdict.proven,
            "it is refused, and proven to be valid:\n{}",
            verdict.text()
        );
        let all = std::env::var_os("CONEX_SILENCE").is_some_and(|which| which == "all");
        let chosen = verdict.text().bytes().map(usize::from).sum::<usize>() % 10 == 0;
        for place in places.into_values().filter(|_| all || chosen) {
            note(place);
            let again = || silence::within(place, || self.once(MAX_COMPARED).0);
            // From a thread of its own: a thread of rayon that waits for another pool takes up
            // other work meanwhile, and with that the next wait, without end.
            let silenced = std::thread::scope(|scope| {
                let waits = scope.spawn(|| alone().install(again));
                waits.join().unwrap()
            });
            assert!(
                !silenced.accepted,
                "with the check at {place} silenced it is accepted:\n{}\nbefore:\n{}",
                silenced.text(),
                verdict.text()
            );
        }
    }
}

/// Whether a place reports an error of chain, support, people, packages, coverage, snapshot or
/// update. Readers of syntax, patches and archives return nothing where they fail.
fn is_check(place: &Location<'_>) -> bool {
    let checks = [
        "/verify/",
        "/update/",
        "/verdict.rs",
        "/tree.rs",
        "/names.rs",
    ];
    checks.iter().any(|part| place.file().contains(part))
}

/// Writes down which places were silenced, where `CONEX_SILENCE_LOG` says.
fn note(place: &Location<'_>) {
    if let Some(log) = std::env::var_os("CONEX_SILENCE_LOG") {
        let mut log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(log)
            .unwrap();
        let line = format!("{}:{}\n", place.file(), place.line());
        log.write_all(line.as_bytes()).unwrap();
    }
}

/// One thread, so that a silenced place is silent in all of a run and in nothing else.
fn alone() -> &'static rayon::ThreadPool {
    static ALONE: OnceLock<rayon::ThreadPool> = OnceLock::new();
    ALONE.get_or_init(|| {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1);
        one.build().unwrap()
    })
}
