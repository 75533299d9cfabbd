//! What may change from one state of a repository to the next.
//!
//! The new tree is verified as a whole first ([`crate::verify`]); here it is
//! held against what the client knows already: the tree before, and the memory of
//! what it accepted. Both are [`Evidence`], and the same rules apply to both.

mod evidence;
mod memory;
mod rules;

pub use evidence::Evidence;
pub use memory::{Memory, MemoryKey};

use crate::finding::{Finding, Severity};
use crate::repository::Repository;
use crate::tree::Tree;
use crate::trust::View;
use crate::trust::anchors::Client;
use crate::trust::chain::Chain;
use crate::verify::{Assessment, Mode, Verdict, assess, verify};

/// What a client knows before an update.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// The tree before, if there is one.
    pub tree: Option<(&'a Tree, &'a Repository)>,
    /// What was accepted before, if anything is remembered.
    pub memory: Option<&'a Memory>,
}

/// Verifies the new tree as a whole, then what changed.
pub fn verify_update<'r>(
    known: &Known<'_>,
    tree: &Tree,
    repository: &'r Repository,
    client: &Client,
    mode: Mode,
) -> Verdict<'r> {
    let mut verdict = verify(tree, repository, client, mode);
    let Some(assessment) = &verdict.assessment else {
        return verdict;
    };
    let mut findings = Vec::new();
    if let Some((old_tree, old)) = known.tree
        && let Some(evidence) = evidence_of(old_tree, old, client)
    {
        findings.extend(rules::judge(&evidence, repository, assessment));
    }
    if let Some(memory) = known.memory {
        let more = rules::judge(&memory.evidence, repository, assessment);
        // The same thing told twice helps nobody.
        for finding in more {
            if !findings
                .iter()
                .any(|f: &Finding| f.code == finding.code && f.path == finding.path)
            {
                findings.push(finding);
            }
        }
    }
    verdict.findings.extend(findings);
    verdict
}

/// Holds a tree, judged already, against what was valid before.
pub fn follows(old: &Evidence, repository: &Repository, new: &Assessment<'_>) -> Vec<Finding> {
    rules::judge(old, repository, new)
}

/// What the tree before proves. It may be half-applied or damaged, so only what is
/// valid in it counts, and nothing at all if its chain does not lead to the anchors.
fn evidence_of(tree: &Tree, repository: &Repository, client: &Client) -> Option<Evidence> {
    let chain = Chain::read(repository).ok()?;
    let from = chain.anchor_link(client).ok()?;
    if chain
        .judge(from, 0)
        .iter()
        .any(|f| f.severity == Severity::Error)
    {
        return None;
    }
    let assessment = assess(
        tree,
        repository,
        chain,
        Mode::IgnoreMissing,
        View::Supported,
    );
    Some(Evidence::of(repository, &assessment))
}
