//! The anchors that `conex enable` is given, or that opam has already.

use crate::hint::Hint;
use std::num::NonZeroUsize;
use std::path::Path;

use super::super::anchors::{Handout, handout};

use crate::shell::cli::failure::Failure;
use crate::shell::cli::workspace::seen_tree;
use crate::shell::opam::repositories::Entry;
use crate::shell::opam::root::RootError;
use crate::shell::out::{raw_sayln, sayln};
use conex_verify::AnchorError;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::{Anchors, Client, words};

/// Anchors that somebody wants for a repository.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The words, as they are written.
    pub anchors: Vec<String>,
    /// What they mean.
    pub client: Client,
}

/// The anchors that were given, or those of a working repository; `asked` is the quorum that was given.
pub fn anchors(
    directory: Option<&Path>,
    anchors: Option<&str>,
    asked: Option<usize>,
) -> Result<Option<Wanted>, Failure> {
    let (text, quorum) = match (anchors, directory) {
        (Some(anchors), _) => (anchors.to_owned(), asked),
        (None, Some(directory)) => {
            let tree = seen_tree(directory)?;
            let Handout {
                policy,
                quorum,
                lacks,
            } = handout(&tree, &Repository::load(&tree))?;
            let anchors = words(&policy);
            if lacks {
                return Err(Failure::refused(
                    format!(
                        "the last link of the janitor chain in `{}` is not completely signed",
                        directory.display()
                    ),
                    Hint::SignLink,
                ));
            }
            sayln!(
                "The anchors in `{}`; compare them with those that its maintainers publish:",
                directory.display()
            );
            for anchor in &anchors {
                raw_sayln!("  {anchor}");
            }
            (anchors.join(","), asked.or(Some(quorum)))
        }
        (None, None) => return Ok(None),
    };
    let usage = |e: AnchorError| Failure::usage(&e, e.hint());
    let parsed: Anchors = text.parse().map_err(usage)?;
    let client = Client::asking(parsed, quorum).map_err(usage)?;
    Ok(Some(Wanted {
        anchors: text.split(',').map(str::to_owned).collect(),
        client,
    }))
}

/// The anchors that opam has of a repository, with the quorum that is asked for, if one is.
pub fn kept(entry: &Entry, asked: Option<usize>) -> Result<Wanted, Failure> {
    let name = &entry.name;
    let client = match asked {
        None => entry.client(),
        Some(quorum) => entry
            .anchors()
            .and_then(|anchors| Client::new(anchors, quorum)),
    };
    let client = client.map_err(|e| match (asked, entry.anchors()) {
        (Some(_), Ok(anchors)) => {
            let least = anchors.quorum.map_or(1, NonZeroUsize::get);
            let most = anchors.keys.len();
            Failure::usage(
                format!("the repository `{name}`: {e}"),
                format!("opam has {most} anchors of it: give --quorum=N, with N from {least} to {most}, or other --anchors"),
            )
        }
        _ => Failure::refused(
            format!("the repository `{name}`: {e}"),
            Hint::GiveAnchors { name: name.to_owned() },
        ),
    })?;
    Ok(Wanted {
        anchors: entry.fingerprints.clone(),
        client,
    })
}

/// The command that adds a repository with its anchors, as far as they are known.
pub fn add(name: &str, wanted: Option<&Wanted>, asked: Option<usize>) -> String {
    let quorum = asked.map_or_else(|| "QUORUM".to_owned(), |quorum| quorum.to_string());
    match wanted {
        Some(Wanted { anchors, client }) => format!(
            "opam repository add {name} URL {} {}",
            client.quorum(),
            anchors.join(" ")
        ),
        None => format!("opam repository add {name} URL {quorum} ANCHOR…"),
    }
}

/// What to do about a repository that opam does not have. `hook` says whether opam has one already.
pub fn absent(error: &RootError, name: &str, add: &str, hook: bool) -> String {
    let known = match error {
        RootError::NoRepository { known, .. } if !known.is_empty() => known.join(", "),
        _ => "none".to_owned(),
    };
    let (name, add) = (name.to_owned(), add.to_owned());
    match hook {
        true => Hint::AddVerified { known, name, add },
        false => Hint::EnableAndAdd { known, name, add },
    }
    .to_string()
}
