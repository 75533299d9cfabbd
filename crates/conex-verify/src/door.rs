//! The one door of this crate: bytes and policy in, a verdict out.

use crate::finding::{Code, Finding, Severity};
use crate::format::digest::Digest;
use crate::hint;
use crate::limits::MAX_ALIKE;
use crate::memories::Memories;
use crate::patch::{self, Note, PatchContext, PatchError};
use crate::published;
use crate::record::{Accepted, Asked, Made, Parts, make, settle};
use crate::report::Report;
use crate::repository::Repository;
use crate::tree::Tree;
use crate::trust::anchors::{AnchorError, Anchors, Client, MaxAge, SnapshotPolicy};
use crate::update::{Memory, MemoryError};
use crate::verdict::{self, Known, Load};
use crate::verify::Mode;
use crate::words::plural;

/// What a client trusts and asks for.
#[derive(Debug, Clone)]
pub struct Policy {
    client: Client,
    nostrict: bool,
}

impl Policy {
    /// The policy of anchors as opam joins them with commas, and of the quorum that the user
    /// asks for, if any: 1 to the number of fingerprints, and not below the one in the anchors.
    ///
    /// # Errors
    /// A word that is not understood, no fingerprint, or a quorum out of range.
    pub fn new(anchors: &str, quorum: Option<usize>) -> Result<Policy, AnchorError> {
        let anchors: Anchors = anchors.parse()?;
        Ok(Policy {
            client: Client::asking(anchors, quorum)?,
            nostrict: false,
        })
    }

    /// Lets packages through whose names nobody claims, with or without a snapshot.
    #[must_use]
    pub fn nostrict(self) -> Policy {
        Policy {
            nostrict: true,
            ..self
        }
    }

    /// Asks for a snapshot, and for one that is not older than `max_age`.
    #[must_use]
    pub fn with_snapshot(self, required: bool, max_age: Option<MaxAge>) -> Policy {
        Policy {
            client: self
                .client
                .with_snapshot(SnapshotPolicy { required, max_age }),
            ..self
        }
    }

    /// The policy of a client, for tests.
    #[cfg(feature = "workbench")]
    pub fn of(client: Client, nostrict: bool) -> Policy {
        Policy { client, nostrict }
    }

    /// What happens to unsigned packages.
    pub fn mode(&self) -> Mode {
        self.client.mode(self.nostrict)
    }
}

/// What opam is about to take over. Trees hold every file of the repository, with its content.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Subject<'a> {
    /// A tree as a whole, in place of the one before, if there was one.
    Whole {
        /// The new tree.
        tree: &'a Tree,
        /// The tree before.
        before: Option<&'a Tree>,
    },
    /// What a patch makes of a tree.
    Patch {
        /// The tree before.
        before: &'a Tree,
        /// The patch, as opam hands it over.
        patch: &'a [u8],
        /// How opam keeps and applies it.
        context: PatchContext<'a>,
    },
}

/// What is verified, for whom, and after what.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What the client trusts and asks for.
    pub policy: &'a Policy,
    /// How the client calls the repository: memory is kept under this name.
    pub name: &'a str,
    /// What it is about to take over.
    pub subject: Subject<'a>,
    /// What it remembers.
    pub memories: &'a dyn Memories,
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecided {
    /// The memories cannot be read.
    #[error("what was accepted before cannot be read: {0}")]
    Memories(String),
    /// Bytes that are no memory.
    #[error("what was accepted before cannot be read: {error}")]
    Memory {
        /// Which of those that were recalled, counted from 0.
        index: usize,
        /// Why.
        error: MemoryError,
    },
}

/// A verdict.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// The repository is valid, and follows from what was known.
    Accepted {
        /// What is to be said.
        report: Report,
        /// What to remember under the name and the identity, in place of what was there.
        memory: Vec<u8>,
        /// What to keep beside this memory, so that the next update is judged sooner. `None`
        /// where no records are kept.
        record: Option<Vec<u8>>,
    },
    /// It is not.
    Rejected(Report),
}

impl Outcome {
    /// Whether it was accepted.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Outcome::Accepted { .. })
    }

    /// What is to be said.
    pub fn report(&self) -> &Report {
        match self {
            Outcome::Accepted { report, .. } | Outcome::Rejected(report) => report,
        }
    }
}

impl From<Accepted> for Outcome {
    fn from(accepted: Accepted) -> Outcome {
        Outcome::Accepted {
            report: accepted.report,
            memory: accepted.memory,
            record: accepted.record,
        }
    }
}

/// Verifies what opam is about to take over.
///
/// # Errors
/// What is remembered cannot be read. There is no verdict then, and nothing may be taken over.
///
/// # Examples
///
/// A directory, or anything else from which a [`Tree`] can be made, for a client that sees
/// the repository for the first time:
///
/// ```
/// use conex_verify::{Outcome, Policy, Request, Subject, tree::Tree, verify};
///
/// fn read(dir: &std::path::Path, below: &str, tree: &mut Tree) {
///     for entry in std::fs::read_dir(dir).unwrap() {
///         let entry = entry.unwrap();
///         let path = format!("{below}{}", entry.file_name().to_str().unwrap());
///         if entry.file_type().unwrap().is_dir() {
///             read(&entry.path(), &format!("{path}/"), tree);
///         } else {
///             tree.files.insert(path, std::fs::read(entry.path()).unwrap().into());
///         }
///     }
/// }
///
/// let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/golden");
/// let mut tree = Tree::default();
/// read(golden.as_ref(), "", &mut tree);
/// let policy = Policy::new(
///     "blake2b=c0f57c699a84545f1d925ef7ca37a78f93068bfde9bbc0835d47a93957128d77,\
///      blake2b=f472505d47e3bf0c70a4db5d91ae89877ba9d6e64aa20024dcf171eb74f2ba59",
///     Some(2),
/// )
/// .unwrap();
/// let request = Request {
///     policy: &policy,
///     name: "default",
///     subject: Subject::Whole { tree: &tree, before: None },
///     memories: &(),
/// };
/// let Ok(Outcome::Accepted { memory, .. }) = verify(&request) else {
///     panic!("not accepted");
/// };
///
/// // The next update is a patch. Whoever made this one has no key.
/// let patch = b"\
/// --- r/packages/hello/hello.1.0/opam
/// +++ r.new/packages/hello/hello.1.0/opam
/// @@ -1,2 +1,2 @@
/// -opam-version: \"2.0\"
/// -synopsis: \"Says hello\"
/// +opam-version: \"2.0\"
/// +synopsis: \"Says boo\"
/// ";
/// # use conex_verify::{PatchContext, Store};
/// let request = Request {
///     subject: Subject::Patch {
///         before: &tree,
///         patch,
///         context: PatchContext { repo_name: "r", store: Store::Directory, posixly_correct: false, clone: None },
///     },
///     memories: &vec![memory],
///     ..request
/// };
/// let outcome = verify(&request).unwrap();
/// assert!(!outcome.is_accepted());
/// println!("{}", outcome.report().findings[0].message);
/// ```
pub fn verify(request: &Request<'_>) -> Result<Outcome, Undecided> {
    match request.subject {
        Subject::Whole { tree, before } => {
            let tree = tree.clone().into_judged();
            judge(request, tree, before, Load::Whole, Vec::new())
        }
        Subject::Patch {
            before,
            patch,
            context,
        } => match patch::apply(before, patch, &context) {
            Ok(applied) => {
                let notes: Vec<Finding> = applied.notes.iter().filter_map(lost).collect();
                let tree = applied.tree.into_judged();
                let outcome = judge(request, tree, Some(before), Load::Patch, notes.clone())?;
                match (outcome, applied.published) {
                    (Outcome::Rejected(report), Some(published)) => {
                        let published = published.into_judged();
                        let alone =
                            judge(request, published, Some(before), Load::Patch, Vec::new())?;
                        Ok(Outcome::Rejected(why(report, &alone, notes)))
                    }
                    (outcome, _) => Ok(outcome),
                }
            }
            Err(error) => Ok(refused(&error)),
        },
    }
}

fn refused(error: &PatchError) -> Outcome {
    Outcome::Rejected(Report::refused(error.finding()))
}

/// Judges a tree, of which all that is not judged has been left out.
fn judge(
    request: &Request<'_>,
    tree: Tree,
    before: Option<&Tree>,
    load: Load,
    notes: Vec<Finding>,
) -> Result<Outcome, Undecided> {
    let keeps = request.memories.record(request.name).is_some();
    let parts = keeps.then(|| Parts::of(&tree));
    let asked = Asked {
        name: request.name,
        client: &request.policy.client,
        mode: request.policy.mode(),
        memories: request.memories,
    };
    let settled = parts.as_ref();
    let settled = settled.and_then(|parts| settle(&asked, (&tree, parts), before, load, &notes));
    if let Some(accepted) = settled {
        return Ok(accepted.into());
    }
    let tree = match published::expand(tree) {
        Ok(tree) => tree,
        Err(mut findings) => {
            notes.into_iter().for_each(|note| findings.push(note));
            return Ok(Outcome::Rejected(Report {
                findings: findings.into_vec(),
                ..Report::default()
            }));
        }
    };
    let before = before.map(|tree| published::evidence(tree.clone().into_judged()));
    let old = before.as_ref();
    let old = old.map(|tree| Repository::read(tree, None, MAX_ALIKE));
    let repository = Repository::read(&tree, old.as_ref(), MAX_ALIKE);
    let link = repository.links.get(&0).and_then(|slot| slot.good());
    let identity = link.map(|link| Digest::of(link.signed()));
    let memories = match identity {
        Some(identity) => recall(request, identity)?,
        None => Vec::new(),
    };
    let known = Known {
        tree: before.as_ref().zip(old.as_ref()),
        name: request.name,
        memories: &memories,
        load,
    };
    let (client, mode) = (&request.policy.client, request.policy.mode());
    let mut verdict = verdict::verify_update(&known, &tree, &repository, client, mode);
    verdict.findings.extend(notes);
    let report = Report::of(&verdict);
    let accepted = verdict.accepted();
    let Some(assessment) = verdict.assessment.as_ref().filter(|_| accepted) else {
        return Ok(Outcome::Rejected(report));
    };
    let memory = Memory::after(request.name, client, &repository, assessment).encode();
    let record = parts.map(|parts| {
        let made = Made {
            parts: &parts,
            tree: &tree,
            repository: &repository,
            assessment,
            findings: &report.findings,
            client: (request.name, client, mode),
            memory: &memory,
        };
        make(&made, None).encode()
    });
    Ok(Accepted {
        report,
        memory,
        record,
    }
    .into())
}

fn recall(request: &Request<'_>, identity: Digest) -> Result<Vec<Memory>, Undecided> {
    let recalled = request.memories.recall(request.name, identity);
    let all = recalled.map_err(Undecided::Memories)?;
    let memories = all.iter().enumerate();
    memories
        .map(|(index, bytes)| {
            Memory::decode(bytes).map_err(|error| Undecided::Memory { index, error })
        })
        .collect()
}

/// Why a tree is refused from which opam 2.6 loses files: because of that alone, if what is
/// published would be accepted, and otherwise for what is wrong with that.
fn why(report: Report, published: &Outcome, notes: Vec<Finding>) -> Report {
    let findings = if published.is_accepted() {
        let told = notes.into_iter().map(|note| {
            let note = Finding {
                severity: Severity::Error,
                ..note
            };
            note.hint(format!("what is published is valid; {}", hint::FETCH_ANEW))
        });
        told.collect()
    } else {
        let findings = published.report().findings.iter().cloned();
        findings.chain(notes).collect()
    };
    Report { findings, ..report }
}

/// What opam 2.6 will lose when it applies the patch.
fn lost(note: &Note) -> Option<Finding> {
    let Note::Lost { paths, removed } = note else {
        return None;
    };
    let first = paths.first().map(String::as_str).unwrap_or_default();
    let (count, files) = (paths.len(), plural(paths.len(), "file"));
    Some(
        Finding::warning(
            Code::PatchAmbiguous,
            first,
            format!(
                "opam 2.6 removes the whole directory of a file that an update removes, here with {count} other {files}"
            ),
        )
        .value("removed", removed)
        .value("lost with it", first)
        .hint(hint::FETCH_OR_WAIT),
    )
}
