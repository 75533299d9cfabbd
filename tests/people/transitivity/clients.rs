//! What clients say to the states of a sequence.
//!
//! A verdict is three things: the tree is valid (V), it follows from what is known (U), and the
//! proof agrees. What is known is the same by tree and by memory, so U is asked of all pairs by
//! their registers, which costs nothing; the one door of the verifier is asked of each state, of
//! each step, and of some pairs in each way to know a state. `CONEX_ALL_PAIRS=1` asks it of all.

use std::fmt::Write as _;

use conex_verify::finding::{Finding, Severity};
use conex_verify::format::resource::{ResourceId, ResourceVersion};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::update::{Memory, Registers, follows};
use conex_verify::workbench::verify::{Mode, Pretended, assess, read_chain};
use conex_verify::{Outcome, Policy, Request, Subject, verify};

use super::sequence::{JANITORS, State};
use crate::patch_support::random::Random;
use crate::world::fingerprint;

/// How many pairs are asked through the door of each state.
const DRAWN: usize = 1;

/// How a client knows a state that it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Knows {
    /// The hook remembers it, and opam hands over no tree.
    Memory,
    /// opam holds the tree, and nothing is remembered.
    Tree,
    /// Both.
    Both,
    /// opam holds the tree; the hook remembers an earlier state.
    TreeAndOlderMemory(usize),
    /// The hook remembers it; opam holds the tree of an earlier state.
    MemoryAndOlderTree(usize),
}

/// The clients of a sequence.
pub struct Clients<'s> {
    states: &'s [State],
    policy: Policy,
    mode: Mode,
    random: Random,
    /// What a client remembers of each state.
    memories: Vec<Vec<u8>>,
    /// The same, read.
    registers: Vec<Registers>,
    verdicts: usize,
}

impl<'s> Clients<'s> {
    pub fn new(states: &'s [State], mode: Mode, random: Random) -> Clients<'s> {
        let mut words: Vec<String> = JANITORS
            .map(|j| fingerprint(&format!("{j}#1")).to_string())
            .into();
        if mode == Mode::Covered {
            words.push("unsigned=covered".to_owned());
        }
        let policy = Policy::new(&words.join(","), Some(2)).unwrap();
        let policy = match mode {
            Mode::NoStrict => policy.nostrict(),
            _ => policy,
        };
        Clients {
            states,
            policy,
            mode,
            random,
            memories: Vec::new(),
            registers: Vec::new(),
            verdicts: 0,
        }
    }

    fn ask(&mut self, state: usize, before: Option<usize>, memory: Option<&Vec<u8>>) -> Outcome {
        self.verdicts += 1;
        let tree = |n: usize| -> &'s Tree { &self.states[n].published };
        let request = Request {
            policy: &self.policy,
            name: "r",
            subject: Subject::Whole {
                tree: tree(state),
                before: before.map(tree),
            },
            memories: &memory.into_iter().cloned().collect::<Vec<_>>(),
        };
        verify(&request).unwrap()
    }

    /// What a client that has seen state `i` says to state `j`.
    fn after(&mut self, i: usize, knows: Knows, j: usize) -> Outcome {
        let (tree, memory) = match knows {
            Knows::Memory => (None, Some(i)),
            Knows::Tree => (Some(i), None),
            Knows::Both => (Some(i), Some(i)),
            Knows::TreeAndOlderMemory(k) => (Some(i), Some(k)),
            Knows::MemoryAndOlderTree(k) => (Some(k), Some(i)),
        };
        let memory = memory.map(|n| self.memories[n].clone());
        self.ask(j, tree, memory.as_ref())
    }

    /// The number of verdicts, or what went wrong first.
    pub fn judge(mut self) -> Result<usize, String> {
        self.start()?;
        self.all_pairs()?;
        self.anchors_of_a_later_day()?;
        for j in 1..self.states.len() {
            for (i, knows) in self.some_ways(j) {
                let outcome = self.after(i, knows, j);
                let what = || format!("after {i} ({knows:?}) state {j}");
                let Outcome::Accepted { memory, .. } = &outcome else {
                    return Err(format!("{} is refused{}", what(), told(&outcome)));
                };
                if *memory != self.memories[j] {
                    return Err(format!("{} leaves another memory", what()));
                }
                self.goes_back(j, knows, i)?;
            }
        }
        Ok(self.verdicts)
    }

    /// U0 to U6 of all pairs. What is known by the tree is what is known by the memory.
    fn all_pairs(&self) -> Result<(), String> {
        let trees = self.states.iter().map(|s| &s.published);
        let repositories: Vec<Repository> = trees.map(Repository::load).collect();
        // What is known of a tree does not depend on the mode.
        let assess = |n: usize| {
            let (tree, repository) = (&self.states[n].published, &repositories[n]);
            let chain = read_chain(repository).unwrap();
            let nothing = Pretended::default();
            assess(tree, repository, chain, Mode::NoStrict, &nothing)
        };
        let all = 0..self.states.len();
        let assessments: Vec<_> = all.clone().map(assess).collect();
        for n in all.clone() {
            if Registers::of(&repositories[n], &assessments[n]) != self.registers[n] {
                return Err(format!(
                    "the tree of {n} says something else than the memory"
                ));
            }
        }
        for (i, j) in all.clone().flat_map(|i| all.clone().map(move |j| (i, j))) {
            let findings = follows(&self.registers[i], &repositories[j], &assessments[j], &[]);
            let follows = !findings.iter().any(|f| f.severity == Severity::Error);
            let same = self.registers[i] == self.registers[j];
            if follows != (i <= j || same) {
                let told = listed(&mut findings.iter());
                return Err(format!("state {j} after {i}: {follows}{told}"));
            }
        }
        Ok(())
    }

    /// P4: Every state is accepted by a client that sees it first, and by one that followed
    /// every step. They remember the same.
    fn start(&mut self) -> Result<(), String> {
        let mut steady: Option<Vec<u8>> = None;
        for n in 0..self.states.len() {
            let outcome = self.ask(n, None, None);
            let Outcome::Accepted { memory, .. } = outcome else {
                return Err(format!("state {n} is refused{}", told(&outcome)));
            };
            let before = n.checked_sub(1);
            let outcome = self.ask(n, before, steady.as_ref());
            let Outcome::Accepted { memory: own, .. } = outcome else {
                let told = told(&outcome);
                return Err(format!("who followed every step refuses state {n}{told}"));
            };
            if own != memory {
                return Err(format!("who followed remembers something else at {n}"));
            }
            self.registers
                .push(Memory::decode(&memory).unwrap().registers);
            self.memories.push(memory);
            steady = Some(own);
        }
        Ok(())
    }

    /// V1.4, V10.3: Whoever starts with the anchors that one state hands out accepts it and
    /// all later ones.
    fn anchors_of_a_later_day(&mut self) -> Result<(), String> {
        let i = self.random.below(self.states.len());
        let j = i + self.random.below(self.states.len() - i);
        let repository = Repository::load(&self.states[i].published);
        let chain = read_chain(&repository).unwrap();
        let keys = chain.current().members.values();
        let mut words: Vec<String> = keys.map(|k| k.fingerprint().to_string()).collect();
        let last = chain.digests().last().unwrap();
        words.push(format!("link={last}"));
        if self.mode == Mode::Covered {
            words.push("unsigned=covered".to_owned());
        }
        let known = &self.registers[i];
        let claims = known.version(&ResourceId::claims());
        let revision = |v: ResourceVersion| format!("{}.{}", v.revision.epoch, v.revision.counter);
        words.extend(claims.map(|v| format!("claims={}", revision(v))));
        words.extend(known.snapshot.map(|v| format!("snapshot={}", revision(v))));
        let policy = Policy::new(&words.join(","), Some(2)).unwrap();
        let policy = match self.mode {
            Mode::NoStrict => policy.nostrict(),
            _ => policy,
        };
        for n in [i, j] {
            self.verdicts += 1;
            let request = Request {
                policy: &policy,
                name: "r",
                subject: Subject::Whole {
                    tree: &self.states[n].published,
                    before: None,
                },
                memories: &(),
            };
            let outcome = verify(&request).unwrap();
            if !outcome.is_accepted() {
                let told = told(&outcome);
                return Err(format!(
                    "with the anchors of {i} state {n} is refused{told}"
                ));
            }
        }
        Ok(())
    }

    /// A client that has seen state `j` does not go back to state `i`, unless all that is valid
    /// is the same.
    fn goes_back(&mut self, j: usize, knows: Knows, i: usize) -> Result<(), String> {
        let knows = match knows {
            Knows::TreeAndOlderMemory(_) | Knows::MemoryAndOlderTree(_) => return Ok(()),
            knows => knows,
        };
        let same = self.registers[i] == self.registers[j];
        let outcome = self.after(j, knows, i);
        if outcome.is_accepted() == same {
            return Ok(());
        }
        let told = told(&outcome);
        Err(match same {
            true => format!(
                "after {j} ({knows:?}) state {i} is refused, of which all valid is the same{told}"
            ),
            false => format!(
                "after {j} ({knows:?}) state {i} is accepted, of which something valid changed"
            ),
        })
    }

    /// The ways to state `j` that are asked through the door: some, or all of them where
    /// `CONEX_ALL_PAIRS` is set.
    fn some_ways(&mut self, j: usize) -> Vec<(usize, Knows)> {
        let mut all = Vec::new();
        for i in 0..j {
            let mut ways = vec![Knows::Memory, Knows::Tree, Knows::Both];
            if i > 0 {
                let k = self.random.below(i);
                ways.push(Knows::TreeAndOlderMemory(k));
                ways.push(Knows::MemoryAndOlderTree(k));
            }
            all.extend(ways.into_iter().map(|knows| (i, knows)));
        }
        if std::env::var_os("CONEX_ALL_PAIRS").is_some() {
            return all;
        }
        let some = (0..DRAWN).map(|_| all[self.random.below(all.len())]);
        some.collect()
    }
}

/// The errors.
fn told(outcome: &Outcome) -> String {
    listed(&mut outcome.report().findings.iter())
}

fn listed(findings: &mut dyn Iterator<Item = &Finding>) -> String {
    let mut text = String::new();
    for f in findings.filter(|f| f.severity == Severity::Error) {
        let _ = write!(text, "\n    {} {}: {}", f.code, f.path, f.message);
        for (label, value) in &f.values {
            let _ = write!(text, "\n        {label}: {value}");
        }
    }
    text
}
