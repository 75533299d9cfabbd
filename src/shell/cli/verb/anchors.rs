//! `conex anchors`.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args;

use crate::shell::cli::complete::Completes;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::{PRINTED, Page};
use crate::shell::cli::workspace::seen_tree;
use crate::shell::git::{Git, Where};
use crate::shell::out::{raw_outln, sayln};
use conex_verify::finding::Finding;
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::path::{CONEX, Place};
use conex_verify::format::resource::{Decode as _, Revision, SignedSnapshot, SnapshotRule};
use conex_verify::tree::{Defect, Tree};
use conex_verify::workbench::repository::{Repository, Slot};
use conex_verify::workbench::trust::anchors::{Anchors, words};
use conex_verify::workbench::trust::chain::Chain;
use conex_verify::workbench::verify::{Mode, Pretended, Signatures, assess, read_chain};

/// Arguments of `anchors`.
#[derive(Debug, Args)]
pub struct AnchorsArgs {
    /// Leave out the pinned link
    #[arg(long)]
    pub no_link: bool,
    /// Ask for the snapshot of this branch or commit, which users follow, or a later one
    #[arg(long, value_name = "BRANCH-OR-COMMIT", add = Completes::BRANCH)]
    pub published: Option<String>,
    /// Print the commands for users of opam, for a repository of this name and URL
    #[arg(long, num_args = 2, value_names = ["NAME", "URL"], add = Completes::NOTHING)]
    pub opam: Option<Vec<String>>,
}

/// Runs `conex anchors`.
pub fn run(root: &Path, args: &AnchorsArgs) -> Result<Exit, Failure> {
    let tree = seen_tree(root)?;
    let repository = Repository::load(&tree);
    let Handout {
        mut policy,
        quorum,
        lacks,
    } = handout(&tree, &repository)?;
    if lacks {
        sayln!(
            "warning: the last link is not completely signed yet; users cannot use these anchors until it is"
        );
    }
    if args.no_link {
        policy.link = None;
    }
    if let Some(published) = &args.published {
        policy.snapshot = Some(published_snapshot(root, published)?);
    }
    let anchors = words(&policy);
    match args.opam.as_deref() {
        // With anchors opam asks its hook, if it has one; that is what `enable` is for.
        Some([name, url]) => raw_outln!(
            "opam repository add {name} {url} {} {}\nconex enable {name}",
            quorum,
            anchors.join(" ")
        ),
        _ => raw_outln!("{}", anchors.join(",")),
    }
    Ok(Exit::Success)
}

/// The revision of the snapshot in a commit.
fn published_snapshot(root: &Path, published: &str) -> Result<Revision, Failure> {
    let git = Git::open(root, Where::Directory)?;
    let commit = git.commit(published)?;
    let path = Place::Snapshot.path();
    let listing = git.list(&git.tree_of(&commit)?)?.below(&path);
    let trees = git.read(&[&listing])?;
    let bytes = trees.iter().find_map(|tree| tree.get(&path).cloned());
    let snapshot = bytes.and_then(|bytes| SignedSnapshot::decode(&bytes).ok());
    snapshot.map(|s| s.snapshot.revision).ok_or_else(|| {
        Failure::refused(
            format!("there is no snapshot in `{published}`"),
            "name the branch that users follow: --published BRANCH",
        )
    })
}

/// The keys of the janitors of today.
fn members_of(chain: &Chain) -> BTreeSet<Fingerprint> {
    let members = chain.current().members.values();
    members.map(PublicKey::fingerprint).collect()
}

/// Refuses to hand out anchors without what cannot be read: nobody would see what they lack.
fn refuse_unread(tree: &Tree, repository: &Repository) -> Result<(), Failure> {
    let claims = Place::Claims.path();
    let above = |path: &str| CONEX.starts_with(&format!("{path}/")) || path.is_empty();
    let defects = tree.defects.iter();
    let mut unread: Vec<Finding> = defects
        .filter(|defect| defect.path.starts_with(CONEX) || above(&defect.path))
        .map(Defect::finding)
        .collect();
    if matches!(repository.claims, Slot::Broken) {
        let of_claims = repository.findings.iter().filter(|f| f.path == claims);
        unread.extend(of_claims.cloned());
    }
    match unread.is_empty() {
        true => Ok(()),
        false => Err(Failure {
            findings: unread,
            ..Failure::refused(
                "metadata cannot be read, and the anchors might ask clients for less than the repository does",
                "mend these first",
            )
        }),
    }
}

/// What is handed out to users.
pub struct Handout {
    /// The fingerprints of the janitors, the last link, and what the repository asks of clients.
    pub policy: Anchors,
    /// How many janitors must agree.
    pub quorum: usize,
    /// Whether the last link lacks signatures, so that no user can start from it.
    pub lacks: bool,
}

/// The anchors of a repository.
///
/// # Errors
/// There is no chain; or metadata cannot be read, and the anchors would ask clients for less.
pub fn handout(tree: &Tree, repository: &Repository) -> Result<Handout, Failure> {
    refuse_unread(tree, repository)?;
    let chain = read_chain(repository).map_err(|findings| Failure {
        findings,
        ..Failure::refused("there is no chain of janitors to take anchors from", "")
    })?;
    let last = chain.links().len().saturating_sub(1);
    let keys = members_of(&chain);
    let signed = chain.signatures(last).complete();
    let quorum = chain.quorum();
    let mut policy = Anchors {
        keys,
        link: chain.digests().last().copied(),
        quorum: NonZeroUsize::new(quorum),
        ..Anchors::default()
    };
    let required = chain.current().snapshot == SnapshotRule::Required;
    // However many forged signatures there are: what clients ask for gets no less by that.
    let as_evidence = Pretended {
        signatures: Signatures::Evidence,
        ..Pretended::default()
    };
    let assessment = assess(tree, repository, chain, Mode::NoStrict, &as_evidence);
    policy.claims = assessment
        .claims
        .0
        .filter(|_| assessment.claims.1.is_valid())
        .map(|version| version.revision);
    let unclaimed = assessment.packages.iter().any(|p| !p.claimed);
    policy.covered = required && unclaimed && policy.claims.is_some();
    Ok(Handout {
        policy,
        quorum,
        lacks: !signed,
    })
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "anchors",
    policy: "prints the fingerprints of the janitors' keys, the last link, and what the repository asks of \
clients (quorum=, claims=, unsigned=covered), as the tree at -C DIR says it: whoever hands them out has to know that \
this tree is the right one. Older anchors of the same repository stay good.",
    exit: PRINTED,
    examples: &[
        "conex anchors",
        "conex anchors --opam example https://packages.example",
    ],
}];
