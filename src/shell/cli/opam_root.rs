//! opam's root, where it is and how it is written.

use crate::hint::Hint;
use std::path::{Path, PathBuf};

use super::failure::Failure;

use crate::shell::opam::edit::{EditError, Edited};
use crate::shell::opam::record::Record;
use crate::shell::opam::root::{Locked, Root, RootError};
use crate::shell::out::sayln;
use crate::shell::signals;

/// opam's root: the one that was named, `OPAMROOT`, or `~/.opam`.
pub fn root(named: Option<&Path>) -> Result<Root, Failure> {
    let absent = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let path = named
        .map(Path::to_owned)
        .or_else(|| absent("OPAMROOT"))
        .or_else(|| Some(absent("HOME")?.join(".opam")));
    let Some(path) = path else {
        return Err(Failure::usage(
            "it is not known where opam's root is: neither OPAMROOT nor HOME is set",
            "name it with --root DIR",
        ));
    };
    Root::open(&path).map_err(failed)
}

/// The locks, unless nothing is to be written.
pub fn lock(root: &Root, dry_run: bool) -> Result<Option<Locked>, RootError> {
    if dry_run {
        Ok(None)
    } else {
        root.lock().map(Some)
    }
}

/// Writes the files, and the record, which was `before` when it was read.
pub fn write_root(
    root: &Root,
    locked: Option<&Locked>,
    changes: &[(&str, Edited)],
    (before, record): (&Record, &Record),
    order: Order,
) -> Result<(), Failure> {
    let Some(locked) = locked else {
        return Ok(());
    };
    let unchanged = changes.iter().all(|(_, e)| *e == Edited::Unchanged);
    if order == Order::RecordFirst && unchanged && before == record {
        return Ok(());
    }
    // The files and the record belong together: Ctrl-C does not come between.
    let _writing = signals::writing();
    if order == Order::RecordFirst {
        record.write(root, locked).map_err(failed)?;
    }
    for (name, edited) in changes {
        if let Edited::Changed(bytes) = edited {
            root.write(locked, name, Some(bytes)).map_err(failed)?;
        }
    }
    if order == Order::RecordLast {
        record.write(root, locked).map_err(failed)?;
    }
    Ok(())
}

pub fn tell(changes: &[(&str, Edited)], dry_run: bool) {
    let changed: Vec<String> = changes
        .iter()
        .filter(|(_, e)| matches!(e, Edited::Changed(_)))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    match (changed.is_empty(), dry_run) {
        (true, _) => sayln!("Nothing to do: it is so already."),
        (false, true) => sayln!("Would change {} (--dry-run).", changed.join(" and ")),
        (false, false) => sayln!("Changed {}.", changed.join(" and ")),
    }
}

pub fn failed(error: RootError) -> Failure {
    let hint = error.hint();
    Failure::usage(error, hint)
}

pub fn refused(error: EditError, by_hand: &str) -> Failure {
    match error {
        EditError::Root(error) => {
            let hint = format!("{}\n{by_hand}", error.hint());
            Failure::usage(error, hint)
        }
        EditError::ForeignHook(_) => Failure::refused(error, Hint::ReplaceHook),
    }
}

/// Whether the record is written before the files that it is about, or after them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What is recorded and was not done is undone as nothing.
    RecordFirst,
    /// What was not undone is still recorded.
    RecordLast,
}
