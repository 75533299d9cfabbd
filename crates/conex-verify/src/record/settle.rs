//! Accepts an update for what changed in it.

use std::collections::BTreeSet;

use super::accepted::Record;
use super::make::{Made, context, make};
use super::parts::{Parts, share_of_bundle};
use crate::finding::Finding;
use crate::format::digest::Digest;
use crate::format::name::PackageName;
use crate::format::path::PACKAGES;
use crate::limits::MAX_ALIKE;
use crate::memories::Memories;
use crate::published;
use crate::report::Report;
use crate::repository::Repository;
use crate::settled::Settled;
use crate::tree::Tree;
use crate::trust::anchors::Client;
use crate::trust::settled::moved;
use crate::update::{Memory, drops_from};
use crate::verdict::{Known, Load, verify_update};
use crate::verify::Mode;

/// For whom something is judged.
pub(crate) struct Asked<'a> {
    /// How the client calls the repository.
    pub(crate) name: &'a str,
    /// What it trusts and asks for.
    pub(crate) client: &'a Client,
    /// What happens to unsigned packages.
    pub(crate) mode: Mode,
    /// What it remembers.
    pub(crate) memories: &'a dyn Memories,
}

/// So often what is settled is narrowed to what stands as before.
const ROUNDS: usize = 2;

/// Accepts a tree by the record of what was accepted before. `None`: the record is of no use, or
/// the tree is not accepted so; then the whole has to be judged.
///
/// `before` is what the client holds, which has to be what it accepted last: of anything else
/// there may be more to learn.
pub(crate) fn settle(
    asked: &Asked<'_>,
    (tree, parts): (&Tree, &Parts),
    before: Option<&Tree>,
    load: Load,
    notes: &[Finding],
) -> Option<Accepted> {
    let record = Record::decode(&asked.memories.record(asked.name)?)?;
    if !tree.defects.is_empty() {
        return None;
    }
    if let Some(before) = before {
        let before = before.clone().into_judged();
        let drops = load == Load::Patch && drops_from(&before, tree);
        if drops || !before.defects.is_empty() || !record.is_of(&Parts::of(&before)) {
            return None;
        }
    }
    let recalled = asked.memories.recall(asked.name, record.identity);
    // Where there is another memory, it has to be read as well (M4).
    let [memory] = recalled.as_deref().ok()? else {
        return None;
    };
    if Digest::of(memory) != record.memory {
        return None;
    }
    let mut moved = BTreeSet::new();
    for _ in 0..ROUNDS {
        let settled = record.settled(parts, &moved);
        match attempt(asked, (tree, parts), (&record, settled), memory, notes) {
            Attempt::Accepted(accepted) => return Some(*accepted),
            Attempt::Moved(more) => moved.extend(more),
            Attempt::Otherwise => return None,
        }
    }
    None
}

/// What an acceptance gives.
pub(crate) struct Accepted {
    pub(crate) report: Report,
    pub(crate) memory: Vec<u8>,
    pub(crate) record: Option<Vec<u8>>,
}

enum Attempt {
    Accepted(Box<Accepted>),
    /// These packages do not stand as before.
    Moved(Vec<PackageName>),
    /// The whole has to be judged.
    Otherwise,
}

fn attempt(
    asked: &Asked<'_>,
    (tree, parts): (&Tree, &Parts),
    (record, mut settled): (&Record, Settled),
    memory: &[u8],
    notes: &[Finding],
) -> Attempt {
    if settled.is_empty() {
        return Attempt::Otherwise;
    }
    let Some((known, lines)) = Memory::decode_rest(memory, &settled) else {
        return Attempt::Otherwise;
    };
    let Some(versions) = lines.versions() else {
        return Attempt::Otherwise;
    };
    settled.versions = versions;
    let Ok(tree) = published::expand_rest(rest(tree, &settled), &settled) else {
        return Attempt::Otherwise;
    };
    let repository = Repository::read_rest(&tree, settled, None, MAX_ALIKE);
    let memories = [known];
    let known = Known {
        name: asked.name,
        memories: &memories,
        ..Known::default()
    };
    let (client, mode) = (asked.client, asked.mode);
    let mut verdict = verify_update(&known, &tree, &repository, client, mode);
    let Some(assessment) = &verdict.assessment else {
        return Attempt::Otherwise;
    };
    let of = (asked.name, client, mode);
    if context(of, assessment) != record.context {
        return Attempt::Otherwise;
    }
    if !verdict.accepted() {
        let (people, chain) = (&assessment.people, &assessment.chain);
        let moved = moved(&repository.settled, &assessment.vouches, people, chain);
        return match moved.is_empty() {
            true => Attempt::Otherwise,
            false => Attempt::Moved(moved.into_iter().cloned().collect()),
        };
    }
    verdict.findings.extend(notes.iter().cloned());
    let new = Memory::after(asked.name, client, &repository, assessment);
    let memory = new.encode_with(&lines);
    let made = Made {
        parts,
        tree: &tree,
        repository: &repository,
        assessment,
        findings: &verdict.findings,
        client: of,
        memory: &memory,
    };
    let record = make(&made, Some(record)).encode();
    Attempt::Accepted(Box::new(Accepted {
        report: Report::of(&verdict),
        memory,
        record: Some(record),
    }))
}

/// A tree without the files that are settled.
fn rest(tree: &Tree, settled: &Settled) -> Tree {
    let mut last = ("", false);
    let files = tree.files.iter();
    let left = files.filter(|(path, _)| {
        let Some(below) = path.strip_prefix(PACKAGES) else {
            return true;
        };
        if below.starts_with(".conex/") {
            return share_of_bundle(path).is_none_or(|share| !settled.has_share(share));
        }
        let Some((dir, _)) = below.split_once('/') else {
            return true;
        };
        if dir != last.0 {
            last = (dir, settled.has_directory(dir));
        }
        !last.1
    });
    Tree {
        files: left
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect(),
        others: tree.others.clone(),
        elsewhere: tree.elsewhere.clone(),
        empty: tree.empty.clone(),
        defects: tree.defects.clone(),
    }
}
