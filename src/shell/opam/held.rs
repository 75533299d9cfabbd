//! What opam holds of a repository, judged as the hook judges it: with the hook's own options, and with what it
//! remembers. opam asks the hook only when something changes: what came before the hook would else stay, unseen,
//! until then.

use crate::hint::Hint;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::repositories::Entry;
use super::root::Root;
use crate::shell::hook::load::load;
use crate::shell::hook::memory::{Kept, MemoryError};
use crate::shell::keys::file::shell_quoted;
use crate::shell::report::one_line;
use conex_verify::finding::{Code, Finding, Severity};
use conex_verify::tree::{Contents, Tree};
use conex_verify::{Memories, Mode, Outcome, Policy, Report, Request, Subject};

/// What the hook is asked about a repository, as it understands its own command line.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it trusts and demands.
    pub policy: Policy,
    /// Where it remembers, if it does.
    pub state: Option<PathBuf>,
    /// It should remember, and the environment does not say where.
    pub homeless: bool,
}

/// Why the hook refuses before it looks at anything: what is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub hint: String,
}

/// From the options of a hook, the place of a repository, and its entry to what the hook is asked. The verb `verify`
/// reads its own command line; this module does not know it.
pub type Ask<'a> = &'a dyn Fn(&[String], &Path, &Entry) -> Result<Asked, Refusal>;

/// What opam holds of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Nothing,
    /// It is valid, and not older than what is remembered.
    Valid,
    /// It is valid, but the hook has no place for its memory.
    Forgotten,
    /// It is not valid: what is wrong, and what mends it.
    Invalid(Refusal),
    /// The hook refuses every update, whatever it is.
    Refused(Refusal),
    /// It cannot be read; the reason.
    Unknown(String),
}

/// Verifies what opam holds of the repository of `entry`, for a hook with these options.
pub fn held(root: &Root, entry: &Entry, choices: &[String], ask: Ask<'_>) -> Held {
    let repo = root.path().join("repo");
    let (directory, archive) = (
        repo.join(&entry.name),
        repo.join(format!("{}.tar.gz", entry.name)),
    );
    let unknown = |path: &Path, e: &io::Error| Held::Unknown(format!("`{}`: {e}", path.display()));
    // What cannot be looked at may be there.
    let (path, is_there) = match (directory.try_exists(), archive.try_exists()) {
        (Err(e), _) => return unknown(&directory, &e),
        (_, Err(e)) => return unknown(&archive, &e),
        (Ok(false), Ok(true)) => (archive, true),
        (Ok(is_there), Ok(_)) => (directory, is_there),
    };
    let asked = match ask(choices, &path, entry) {
        Ok(asked) => asked,
        Err(refusal) => return Held::Refused(refusal),
    };
    let kept = match asked
        .state
        .as_ref()
        .map(|state| Kept::look(state, &entry.name))
        .transpose()
    {
        Ok(kept) => kept,
        Err(error) => return unreadable(&error),
    };
    if !is_there {
        return Held::Nothing;
    }
    let loaded = match load(&path, Contents::All) {
        Ok(loaded) => loaded,
        Err(e) => return Held::Unknown(e.to_string()),
    };
    let tree = below(loaded.tree, &entry.name);
    // What opam 2.0 and 2.1 leave when the hook refuses `opam repository set-url`.
    if tree.files.is_empty() && tree.others.is_empty() && tree.defects.is_empty() {
        return Held::Nothing;
    }
    let verdict = |policy: &Policy| {
        let memories: &dyn Memories = match &kept {
            Some(kept) => kept,
            None => &(),
        };
        let subject = Subject::Whole {
            tree: &tree,
            before: None,
        };
        conex_verify::verify(&Request {
            policy,
            name: &entry.name,
            subject,
            memories,
        })
    };
    let report = match verdict(&asked.policy) {
        Ok(Outcome::Accepted { .. }) if asked.homeless => return Held::Forgotten,
        Ok(Outcome::Accepted { .. }) => return Held::Valid,
        Ok(Outcome::Rejected(report)) => report,
        Ok(_) => return Held::Unknown("the verdict is one of another version".to_owned()),
        Err(error) => {
            return match kept.as_ref().and_then(|kept| kept.unread(&error)) {
                Some(error) => unreadable(&error),
                None => Held::Unknown(error.to_string()),
            };
        }
    };
    let would_be_accepted = |choices: &[String], entry: &Entry| {
        let asked = ask(choices, &path, entry);
        asked.is_ok_and(|asked| verdict(&asked.policy).is_ok_and(|outcome| outcome.is_accepted()))
    };
    Held::Invalid(
        match asked.policy.mode() {
            Mode::Strict => partly_signed(&report, entry, choices, would_be_accepted),
            _ => None,
        }
        .unwrap_or_else(|| wrong(&report, entry, kept.as_ref())),
    )
}

/// The hook refuses all updates until the memory can be read.
fn unreadable(error: &MemoryError) -> Held {
    match error {
        MemoryError::Fault(_) | MemoryError::Busy { .. } => Held::Unknown(error.to_string()),
        error => Held::Refused(Refusal {
            why: error.to_string(),
            hint: error.hint(),
        }),
    }
}

/// A repository that is only partly signed is in order; the policy is too strict for it.
fn partly_signed(
    report: &Report,
    entry: &Entry,
    choices: &[String],
    would_be_accepted: impl Fn(&[String], &Entry) -> bool,
) -> Option<Refusal> {
    let (signed, unsigned) = (
        report.summary.signed_packages,
        report.summary.unsigned_packages,
    );
    let why = match unsigned {
        0 => one_line(&errors(report)),
        n => format!(
            "{n} of {} packages are not signed, and strict mode refuses them",
            signed + n
        ),
    };
    let mut covered = entry.clone();
    covered.fingerprints.push("unsigned=covered".to_owned());
    if would_be_accepted(choices, &covered) {
        let anchors = shell_quoted(Path::new(&covered.fingerprints.join(",")));
        return Some(Refusal {
            why,
            hint: Hint::Covered {
                name: entry.name.clone(),
                anchors: format!("{anchors}{}", quorum_beside(entry)),
            }
            .to_string(),
        });
    }
    let lenient = [choices, &["--nostrict".to_owned()]].concat();
    would_be_accepted(&lenient, entry).then(|| Refusal {
        why,
        hint: Hint::NoStrict {
            name: entry.name.clone(),
        }
        .to_string(),
    })
}

/// The option for a quorum that the anchors do not say.
fn quorum_beside(entry: &Entry) -> String {
    let quorum = entry.quorum.unwrap_or(1);
    let said = entry.fingerprints.contains(&format!("quorum={quorum}"));
    if said {
        String::new()
    } else {
        format!(" --quorum {quorum}")
    }
}

fn errors(report: &Report) -> Vec<Finding> {
    let errors = report
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error);
    errors.cloned().collect()
}

/// Something is wrong with what opam holds.
fn wrong(report: &Report, entry: &Entry, kept: Option<&Kept>) -> Refusal {
    let errors = errors(report);
    let name = &entry.name;
    let has = |code: Code| errors.iter().any(|f| f.code == code);
    // These are about the client, and not about what opam holds: fetching it again changes nothing.
    let hint = if has(Code::OtherRepository) {
        let others = kept.zip(report.identity);
        let others = others
            .map(|(kept, identity)| kept.others(identity).map(shell_quoted).collect::<Vec<_>>());
        let forget = match others.unwrap_or_default().as_slice() {
            [] => String::new(),
            paths => format!(
                "; {}",
                Hint::ForgetOthers {
                    paths: paths.join(" ")
                }
            ),
        };
        format!("{}{forget}", Hint::NewAnchors { name: name.clone() })
    } else if has(Code::AnchorLink) || has(Code::LinkQuorum) {
        Hint::CompareAnchors { name: name.clone() }.to_string()
    } else {
        Hint::FetchAgain {
            name: name.clone(),
            set_url: set_url(entry),
        }
        .to_string()
    };
    Refusal {
        why: one_line(&errors),
        hint,
    }
}

/// What makes opam fetch the whole repository again and ask the hook about all of it: the same URL once more. Unlike
/// a removal it never ends in an opam without the repository.
pub fn set_url(entry: &Entry) -> String {
    let quoted = |text: &str| shell_quoted(Path::new(text));
    let mut words = vec![quoted(&entry.name), quoted(&entry.url)];
    if !entry.fingerprints.is_empty() {
        words.push(entry.quorum.unwrap_or(1).to_string());
        words.extend(entry.fingerprints.iter().map(|word| quoted(word)));
    }
    format!("opam repository set-url {}", words.join(" "))
}

/// opam 2.1 puts all that it archives into a directory `name`; later ones do not. Of a
/// git repository it archives the whole clone, which it unpacks before it asks the hook.
fn below(tree: Tree, name: &str) -> Tree {
    let prefix = format!("{name}/");
    if tree.files.keys().any(|path| !path.starts_with(&prefix)) {
        return tree;
    }
    let clone = format!("{name}/.git/");
    let counts = |path: &str| !path.starts_with(&clone);
    let strip = |path: &str| path.strip_prefix(&prefix).unwrap_or(path).to_owned();
    let files = tree.files.into_iter().filter(|(path, _)| counts(path));
    let others = tree.others.into_iter();
    let empty = tree.empty.into_iter();
    let defects = tree.defects.into_iter();
    Tree {
        files: files.map(|(path, bytes)| (strip(&path), bytes)).collect(),
        others: others
            .filter(|path| *path != prefix && counts(path))
            .map(|path| strip(&path))
            .collect(),
        elsewhere: BTreeSet::new(),
        empty: empty
            .filter(|path| *path != name && counts(path))
            .map(|path| strip(&path))
            .collect(),
        defects: defects.filter(|defect| counts(&defect.path)).collect(),
    }
}
