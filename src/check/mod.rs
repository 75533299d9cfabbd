//! What merging a change would make of the published branch.
//!
//! Judged is the result of the merge, as a whole ([`conex_verify::verify`]) and against
//! the branch as it is ([`conex_verify::workbench::update`]), never the change alone: two changes
//! that are each in order can spoil each other. The snapshot is left out: it is made
//! when the branch is published.

#![deny(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods
)]

mod change;
mod limits;
mod portable;
mod returns;
mod snapshot;

pub use portable::judge as portable;
pub use returns::{lacks_files, may_return};

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::effect::{self, Effect, Find};
use crate::plan::todo::{Coverage, Item, Todo, coverage, todo};
use crate::plan::{View, World};
use conex_verify::finding::{Code, Finding, Severity};
use conex_verify::format::digest::Digest;
use conex_verify::format::key::Fingerprint;
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::path::{Misplaced, Place};
use conex_verify::format::resource::{IdFile, Kind, Link, ResourceId};
use conex_verify::tree::{Bytes, Tree};
use conex_verify::workbench::published::{Form, shorten};
use conex_verify::workbench::repository::{Fullness, Repository};
use conex_verify::workbench::trust::anchors::Client;
use conex_verify::workbench::trust::chain::Chain;
use conex_verify::workbench::trust::support::Standing;
use conex_verify::workbench::update::{Registers, follows, forgotten};
use conex_verify::workbench::verify::explain;
use conex_verify::workbench::verify::{
    Assessment, Mode, Pretended, Signatures, assess, read_chain,
};

/// One tree, taken apart.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The files.
    pub tree: &'a Tree,
    /// [`Repository::load`] of the same tree.
    pub repository: &'a Repository,
}

impl<'a> Side<'a> {
    fn world(self, assessment: Assessment<'a>) -> World<'a> {
        World::of(self.tree, self.repository, assessment)
    }
}

/// Whom the chain of janitors is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The anchors that were given, as a client does.
    Anchors,
    /// The published branch: its chain is taken as it is.
    Base,
    /// Nobody: the change starts the chain, and all its janitors signed.
    New,
}

/// Who follows the published branch.
#[derive(Debug, Clone, Copy)]
pub struct Clients<'a> {
    /// What they trust. Without, the chain of the published branch is believed.
    pub trusting: Option<&'a Client>,
    /// What they make of packages that nobody claims.
    pub mode: Mode,
    /// The form in which another branch than the one that is merged into is published to them,
    /// if there is one.
    pub elsewhere: Option<Form>,
}

/// A finding about the result of the merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// Whether the published branch has it already.
    pub in_base: bool,
}

/// What is said about a change.
#[derive(Debug, Clone)]
pub struct Check {
    /// All findings about the result of the merge. It can be merged if none is an error.
    pub findings: Vec<Judged>,
    /// Whom the chain is believed.
    pub trust: Trust,
    /// What it changes of what counts, if what it brings is approved.
    pub effects: Vec<Effect>,
    /// What is to be done about what the change touches or breaks.
    pub todo: Todo,
    /// How many other things wait, in the published branch already.
    pub elsewhere: usize,
    /// How much is signed in the published branch; `None` without a chain.
    pub before: Option<Coverage>,
    /// How much would be after the merge; `None` without a chain.
    pub after: Option<Coverage>,
    /// How full each limit of clients is after the merge.
    pub limits: Vec<Fullness>,
    /// The packages that the change touches.
    pub packages: BTreeSet<PackageName>,
    /// The number of files that it adds, changes and removes.
    pub files: usize,
}

impl Check {
    /// Whether the result of the merge is a valid repository that may follow the
    /// published branch.
    pub fn mergeable(&self) -> bool {
        self.after.is_some() && self.errors(true) + self.errors(false) == 0
    }

    /// Whether, besides, nothing of what the change brings waits for anybody.
    pub fn complete(&self) -> bool {
        self.mergeable() && self.todo.is_empty()
    }

    /// The number of errors that the published branch has already, or not.
    pub fn errors(&self, in_base: bool) -> usize {
        let error = |j: &&Judged| j.finding.severity == Severity::Error && j.in_base == in_base;
        self.findings.iter().filter(error).count()
    }
}

/// The keys in files of authors that a change brings, as files write them: of whom each is.
pub fn new_keys(base: &Repository, merged: &Repository) -> BTreeMap<String, (Id, Fingerprint)> {
    let mut new = BTreeMap::new();
    for (id, slot) in &merged.ids {
        let Some(loaded) = slot.good() else { continue };
        let before = base.ids.get(id).and_then(|slot| slot.good());
        if before.is_some_and(|before| before.digest == loaded.digest) {
            continue;
        }
        if let IdFile::Author(author) = &loaded.value {
            let keys = author.keys.iter();
            new.extend(keys.map(|k| (k.to_string(), (id.clone(), k.fingerprint()))));
        }
    }
    new
}

/// Judges the result of a merge for those who follow it. `find` looks for earlier contents of files
/// in the history of `base`.
pub fn check(base: Side<'_>, merged: Side<'_>, clients: Clients<'_>, find: Find<'_>) -> Check {
    let trust = match clients.trusting {
        Some(_) => Trust::Anchors,
        None if base.repository.links.is_empty() => Trust::New,
        None => Trust::Base,
    };
    let (old, new) = rayon::join(|| judge(base, clients), || judge(merged, clients));
    let mut findings = new.findings;
    let before = old.assessment.map(|assessment| base.world(assessment));
    let after = new.assessment.map(|assessment| merged.world(assessment));
    if let Some(after) = &after {
        match &before {
            Some(before) => {
                let known = Registers {
                    snapshot: None,
                    links: completed(before.chain()),
                    ..Registers::of(base.repository, &before.assessment)
                };
                let fell = follows(&known, merged.repository, &after.assessment, &findings);
                findings.extend(fell);
                findings.extend(forgotten(base.tree, merged.tree, merged.repository));
                findings.extend(unsigned_links(before.chain(), after.chain()));
                let of_change = change::judge(before, after, &findings);
                findings.extend(of_change);
                findings.extend(portability(base.tree, merged.tree, clients.elsewhere));
                findings.extend(limits::judge(base.repository, merged.repository));
                findings.extend(snapshot::judge(before, after, clients.elsewhere.is_some()));
            }
            None if !base.repository.links.is_empty() => findings.push(
                Finding::error(
                    Code::NoChain,
                    Place::Link(0).path(),
                    "the chain of janitors in the published branch cannot be read, so nothing says whether the change continues it",
                )
                .hint("bring that branch back to its last commit that clients accept; the change is compared with it"),
            ),
            None => {}
        }
    }
    let known: BTreeSet<(Code, Severity, &str, &str)> = old.findings.iter().map(key).collect();
    let findings = findings
        .into_iter()
        .map(|finding| Judged {
            in_base: known.contains(&key(&finding)),
            finding,
        })
        .collect();
    let touched = Touched::between(base.tree, merged.tree);
    let effects = effects(before.as_ref(), after.as_ref(), find);
    let (before, after) = (tasks(base, before), tasks(merged, after));
    let none = Todo::default();
    let waited = before.as_ref().map_or(&none, |(todo, _)| todo);
    let waits = after.as_ref().map_or(&none, |(todo, _)| todo);
    let same: BTreeSet<_> = waited.items().collect();
    let fresh: BTreeSet<Item> = waits
        .items()
        .filter(|task| touched.has(task.0) || !same.contains(task))
        .map(|(item, ..)| item.clone())
        .collect();
    let todo = waits.about(|item| fresh.contains(item));
    Check {
        findings,
        trust,
        effects,
        elsewhere: waits.items().count() - todo.items().count(),
        todo,
        before: before.map(|(_, coverage)| coverage),
        after: after.map(|(_, coverage)| coverage),
        limits: merged.repository.limits.clone(),
        packages: touched.packages,
        files: touched.files,
    }
}

/// C14: in the form that clients follow.
fn portability(base: &Tree, merged: &Tree, elsewhere: Option<Form>) -> Vec<Finding> {
    if elsewhere == Some(Form::Published)
        && let (Ok(base), Ok(merged)) = (shorten(base), shorten(merged))
    {
        return portable::judge(&base, &merged);
    }
    portable::judge(base, merged)
}

/// What the change makes of what counts in the published branch.
fn effects(base: Option<&World<'_>>, merged: Option<&World<'_>>, find: Find<'_>) -> Vec<Effect> {
    let Some(merged) = merged else {
        return Vec::new();
    };
    // A link that lacks signatures can be replaced, and one that gets them begins to count.
    let counts = |base: &World<'_>, n: usize| {
        let (old, new) = (base.chain(), merged.chain());
        old.digests().get(n) == new.digests().get(n) && old.signatures(n).complete()
    };
    let known = base.map_or(0, |base| {
        let links = 0..base.chain().links().len();
        links.take_while(|n| counts(base, *n)).count()
    });
    let links = merged.chain().links();
    let links: Vec<&Link> = links.iter().map(|l| &l.value.link).collect();
    let mut effects = Vec::new();
    for (n, link) in links.iter().enumerate().skip(known) {
        let before = n.checked_sub(1).and_then(|n| links.get(n)).copied();
        effects.extend(effect::of_link(before, link));
    }
    if let Some(base) = base {
        let changed = |r: &ResourceId| {
            // A change can bring a file, or the approvals of one that is there already.
            let version = merged.repository.version_of(r);
            let (old, new) = (effect::counting(base, r), effect::counting(merged, r));
            version.is_some() && (version != base.repository.version_of(r) || old != new)
        };
        let resources = change::resources(merged)
            .into_iter()
            .filter(changed)
            .collect();
        let past = find(&effect::wanted(base, &resources));
        effects.extend(effect::effects(base, &past, merged.repository, &resources));
    }
    effects.sort_by_key(|effect| effect.weight);
    effects
}

/// What is to be done in a tree, and how much of it is signed. `None` without a chain.
fn tasks<'r>(side: Side<'r>, world: Option<World<'r>>) -> Option<(Todo, Coverage)> {
    let world = match world {
        Some(world) => world,
        // Anchors that lead nowhere are no reason not to say what is missing.
        None => World::look(side.tree, side.repository, View::Supported).ok()?,
    };
    // Where nothing waits, nothing would be otherwise if it were approved.
    if is_settled(&world.assessment) {
        return Some((todo(&world), coverage(&world, &world)));
    }
    let approved = World::look(side.tree, side.repository, View::AsIfApproved).ok()?;
    Some((todo(&approved), coverage(&world, &approved)))
}

fn is_settled(assessment: &Assessment<'_>) -> bool {
    let waits = |standing: &Standing| matches!(standing, Standing::Waiting(_));
    let people = &assessment.people;
    people.unproven.is_empty()
        && !people.standings.values().any(waits)
        && !waits(&assessment.repo.1)
        && !waits(&assessment.claims.1)
        && !assessment
            .packages
            .iter()
            .flat_map(|p| p.standings.values())
            .any(|(_, standing)| waits(standing))
}

fn key(finding: &Finding) -> (Code, Severity, &str, &str) {
    (
        finding.code,
        finding.severity,
        &finding.path,
        &finding.message,
    )
}

struct Opinion<'r> {
    findings: Vec<Finding>,
    /// Of a tree whose chain can be read, and leads to the anchors if there are any.
    assessment: Option<Assessment<'r>>,
}

/// Judges one tree as a client does, without its snapshot. Without a `client` every
/// link of the chain has to be in order: who has the anchors of the first day follows
/// all of them.
fn judge<'r>(side: Side<'r>, clients: Clients<'_>) -> Opinion<'r> {
    let Clients {
        trusting: client,
        mode,
        ..
    } = clients;
    let repository = side.repository;
    let snapshot = Place::Snapshot.path();
    let mut findings: Vec<Finding> = repository
        .findings
        .iter()
        .filter(|f| f.path != snapshot || f.code == Code::IrregularFile)
        .cloned()
        .collect();
    let chain = match read_chain(repository) {
        Ok(chain) => chain,
        Err(errors) => {
            findings.extend(errors);
            return Opinion {
                findings,
                assessment: None,
            };
        }
    };
    let (from, quorum) = match client.map(|c| (chain.anchor_link(c), c.quorum())) {
        None => (0, 0),
        Some((Ok(from), quorum)) => (from, quorum),
        Some((Err(fault), _)) => {
            findings.push(explain::anchor_fault(fault));
            return Opinion {
                findings,
                assessment: None,
            };
        }
    };
    if let Some(link) = chain.judge(from, quorum) {
        findings.extend(explain::link_fault(&link, quorum));
    }
    let assessment = {
        // What is published is stated by a notary who sees the whole of it.
        let pretended = Pretended {
            stated: true,
            signatures: Signatures::All,
            ..Pretended::default()
        };
        assess(side.tree, repository, chain, mode, &pretended)
    };
    findings.extend(assessment.findings.to_vec());
    Opinion {
        findings,
        assessment: Some(assessment),
    }
}

/// The last link that has all its signatures. One that lacks some is accepted by no client,
/// and may be declined.
fn completed(chain: &Chain) -> BTreeMap<u64, Digest> {
    let last = (0..chain.links().len())
        .rev()
        .find(|n| chain.signatures(*n).complete());
    let last = last.and_then(|n| Some((u64::try_from(n).ok()?, *chain.digests().get(n)?)));
    last.into_iter().collect()
}

/// C4: Signatures on links are never taken away: clients start from any of them. One that lacks
/// some is accepted by no client, and may be declined.
fn unsigned_links(old: &Chain, new: &Chain) -> Vec<Finding> {
    let mut findings = Vec::new();
    for n in 0..old.links().len() {
        let declined = old.digests().get(n) != new.digests().get(n);
        if declined && !old.signatures(n).complete() {
            continue;
        }
        let now = new.signatures(n).signed;
        let gone: Vec<Id> = old
            .signatures(n)
            .signed
            .into_iter()
            .filter(|id| !now.contains(id))
            .collect();
        if gone.is_empty() {
            continue;
        }
        let names: Vec<String> = gone.iter().map(|id| format!("`{id}`")).collect();
        let number = u64::try_from(n).unwrap_or(u64::MAX);
        findings.push(
            Finding::error(
                Code::Stripped,
                Place::Link(number).path(),
                format!(
                    "the signature of {} on link {n} of the janitor chain is gone",
                    names.join(", ")
                ),
            )
            .hint("restore the file from the published branch; signatures are only added"),
        );
    }
    findings
}

/// What a change touches.
#[derive(Debug, Default)]
struct Touched {
    packages: BTreeSet<PackageName>,
    ids: BTreeSet<Id>,
    repo: bool,
    claims: bool,
    chain: bool,
    files: usize,
}

impl Touched {
    fn between(old: &Tree, new: &Tree) -> Touched {
        let mut touched = Touched::default();
        let differs = |path: &str, bytes: &Bytes, other: &Tree| {
            let there = other.get(path);
            !there.is_some_and(|there| there == bytes)
        };
        for (path, bytes) in &new.files {
            if differs(path, bytes, old) {
                touched.add(path);
            }
        }
        for path in old.files.keys() {
            if !new.files.contains_key(path) {
                touched.add(path);
            }
        }
        touched
    }

    fn add(&mut self, path: &str) {
        self.files += 1;
        match Place::of(path) {
            Ok(Place::Link(_)) => self.chain = true,
            Ok(Place::IdFile(id)) => {
                self.ids.insert(id);
            }
            Ok(Place::Repo) => self.repo = true,
            Ok(Place::Claims) => self.claims = true,
            Ok(Place::Authorisation(name) | Place::Releases(name)) => {
                self.packages.insert(name);
            }
            Ok(
                Place::Checksum(release)
                | Place::Opam(release)
                | Place::File(release, _)
                | Place::Old(release, _)
                | Place::Misplaced(Misplaced { release, .. }),
            ) => {
                self.packages.insert(release.name());
            }
            Ok(Place::Segment(..) | Place::Snapshot | Place::Stray(_)) => {}
            Err(_) => self.repo |= conex_verify::tree::TOP_LEVEL_FILES.contains(&path),
        }
    }

    fn has(&self, item: &Item) -> bool {
        match item {
            Item::Link(_) => self.chain,
            Item::Snapshot => false,
            Item::Resource(resource) => match resource.kind {
                Kind::Author | Kind::Team => {
                    Id::new(&resource.name).is_ok_and(|id| self.ids.contains(&id))
                }
                Kind::Repo => self.repo,
                Kind::Claims => self.claims,
                Kind::Authorisation | Kind::Releases | Kind::Checksum => {
                    item.package().is_some_and(|p| self.packages.contains(&p))
                }
            },
        }
    }
}
