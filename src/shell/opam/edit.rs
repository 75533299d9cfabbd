//! What `conex enable` and `conex disable` change in the two files: from a text to a
//! text, so that nothing is half done when something is refused.

use std::ops::Range;
use std::path::Path;

use thiserror::Error;

use super::hook::{self, FIELD, Hook};
use super::record::{Record, Replaced};
use super::repositories::{self, Entry, trust};
use super::root::RootError;
use super::spliced;

/// Why a file is not edited.
#[derive(Debug, Error)]
pub enum EditError {
    /// The file is not understood, or has no such repository.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Somebody else's hook is there.
    #[error("opam runs another hook: `{0}`")]
    ForeignHook(String),
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It is right as it is.
    Unchanged,
    /// This is the new text.
    Changed(Vec<u8>),
    /// It was changed by others since, and is left as it is; the text says what it has.
    Others(String),
}

/// Whether to replace what somebody else configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// It stays.
    Keep,
    /// It is replaced, and comes back with `disable`.
    Replace,
}

/// Sets the hook.
///
/// # Errors
/// The file is not understood, or has a hook that is no conex and that stays.
pub fn set_hook(
    path: &Path,
    config: &[u8],
    wanted: &Hook,
    foreign: Foreign,
    record: &mut Record,
) -> Result<Edited, EditError> {
    let field = wanted.field();
    let Some(found) = hook::find(path, config)? else {
        let newline = if config.is_empty() || config.ends_with(b"\n") {
            ""
        } else {
            "\n"
        };
        let now = format!("{newline}{field}");
        let mut text = config.to_vec();
        text.extend_from_slice(now.as_bytes());
        record.hook = Some(Replaced {
            before: String::new(),
            now,
            earlier: None,
        });
        return Ok(Edited::Changed(text));
    };
    if found.hook.serves_as(wanted) {
        return Ok(Edited::Unchanged);
    }
    if !found.hook.is_conex() && foreign == Foreign::Keep {
        let words = found.hook.words.iter().map(|w| w.text.as_str());
        return Err(EditError::ForeignHook(words.collect::<Vec<_>>().join(" ")));
    }
    let old = text_of(path, config, &found.span)?;
    let now = field.trim_end().to_owned();
    // What was there before conex came, not what an earlier conex wrote.
    let ours = record.hook.take().filter(|_| found.hook.is_conex());
    let (range, replaced) = match ours {
        Some(ours) => match ours.written(config, &found.span) {
            // Its newlines are a part of what was written.
            Some((range, written)) => {
                let newline = written.strip_prefix('\n').map_or("", |_| "\n");
                let end = if written.ends_with('\n') { "\n" } else { "" };
                let replaced = Replaced {
                    now: format!("{newline}{now}{end}"),
                    earlier: Some(written.to_owned()),
                    before: ours.before,
                };
                (range, replaced)
            }
            None => (
                found.span.clone(),
                Replaced {
                    before: ours.before,
                    now,
                    earlier: Some(old),
                },
            ),
        },
        None => (
            found.span.clone(),
            Replaced {
                before: old,
                now,
                earlier: None,
            },
        ),
    };
    let text = spliced(config, &range, replaced.now.as_bytes());
    record.hook = Some(replaced);
    changed(path, text)
}

/// Takes the hook away, and brings back what was there before.
///
/// # Errors
/// The file is not understood.
pub fn unset_hook(path: &Path, config: &[u8], record: &mut Record) -> Result<Edited, EditError> {
    let replaced = record.hook.take();
    let Some(found) = hook::find(path, config)? else {
        return Ok(Edited::Unchanged);
    };
    if !found.hook.is_conex() && replaced.is_none() {
        return Ok(Edited::Unchanged);
    }
    if !found.hook.is_conex() {
        // Where a run was killed the one of before is still there, or is there again.
        let there = text_of(path, config, &found.span)?;
        if replaced.is_some_and(|replaced| replaced.before == there) {
            return Ok(Edited::Unchanged);
        }
        let words = found.hook.words.iter().map(|w| w.text.as_str());
        return Ok(Edited::Others(words.collect::<Vec<_>>().join(" ")));
    }
    let (range, before) = match replaced {
        Some(replaced) => match replaced.written(config, &found.span) {
            Some((range, _)) => (range, replaced.before),
            // opam wrote the file anew in the meantime.
            None if replaced.before.is_empty() => {
                (with_newline(config, &found.span), String::new())
            }
            None => (found.span, replaced.before),
        },
        None => (with_newline(config, &found.span), String::new()),
    };
    changed(path, spliced(config, &range, before.as_bytes()))
}

/// Gives a repository anchors.
///
/// # Errors
/// The file is not understood, or there is no such repository.
pub fn set_anchors(
    path: &Path,
    text: &[u8],
    name: &str,
    anchors: &[String],
    quorum: usize,
    record: &mut Record,
) -> Result<Edited, EditError> {
    let entry = find(path, text, name)?;
    let old = text_of(path, text, &entry.trust)?;
    let now = trust(anchors, quorum);
    if entry.fingerprints == anchors && entry.quorum == i64::try_from(quorum).ok() {
        return Ok(Edited::Unchanged);
    }
    let ours = record.anchors.remove(name);
    let (before, earlier) = match ours {
        Some(ours) if ours.wrote(&old) => (ours.before, Some(old)),
        _ => (old, None),
    };
    let edited = changed(path, spliced(text, &entry.trust, now.as_bytes()))?;
    let replaced = Replaced {
        before,
        now,
        earlier,
    };
    record.anchors.insert(name.to_owned(), replaced);
    Ok(edited)
}

/// Gives a repository back the anchors that it had before conex set its own, usually none.
///
/// # Errors
/// The file is not understood.
pub fn unset_anchors(
    path: &Path,
    text: &[u8],
    name: &str,
    record: &mut Record,
) -> Result<Edited, EditError> {
    let Some(replaced) = record.anchors.remove(name) else {
        return Ok(Edited::Unchanged);
    };
    let Ok(entry) = find(path, text, name) else {
        // The repository is gone, its anchors with it.
        return Ok(Edited::Unchanged);
    };
    let old = text_of(path, text, &entry.trust)?;
    // Where a run was killed those of before are still there, or are there again.
    if same(&replaced.before, &old) {
        return Ok(Edited::Unchanged);
    }
    if !replaced.wrote(&old) {
        return Ok(Edited::Others(old));
    }
    changed(
        path,
        spliced(text, &entry.trust, replaced.before.as_bytes()),
    )
}

/// The repository of this name.
///
/// # Errors
/// The file is not understood, or there is no such repository.
pub fn find(path: &Path, text: &[u8], name: &str) -> Result<Entry, RootError> {
    let entries = repositories::read(path, text)?;
    let known = entries.iter().map(|e| e.name.clone()).collect();
    let mut of_name = entries.into_iter().filter(|e| e.name == name);
    match (of_name.next(), of_name.next()) {
        (Some(entry), None) => Ok(entry),
        (None, _) => Err(RootError::NoRepository {
            name: name.to_owned(),
            known,
        }),
        (Some(_), Some(_)) => Err(RootError::NotUnderstood {
            path: path.to_owned(),
            why: format!("it has the repository `{name}` twice"),
        }),
    }
}

/// Whether two pieces of opam's syntax differ at most in blanks: the strings in them
/// have none.
fn same(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

impl Replaced {
    /// Whether conex wrote this text, now or before.
    fn wrote(&self, text: &str) -> bool {
        let texts = [Some(&self.now), self.earlier.as_ref()];
        texts.into_iter().flatten().any(|ours| same(ours, text))
    }

    /// Where in `config`, around `span`, stands what conex wrote, now or before.
    fn written(&self, config: &[u8], span: &Range<usize>) -> Option<(Range<usize>, &str)> {
        let texts = [Some(&self.now), self.earlier.as_ref()];
        let mut texts = texts.into_iter().flatten();
        texts.find_map(|text| Some((exact(config, span, text)?, text.as_str())))
    }
}

/// The bytes of `written` in `config`, if they are there as they were written, around `span`.
fn exact(config: &[u8], span: &Range<usize>, written: &str) -> Option<Range<usize>> {
    let start = span.start.checked_sub(written.find(FIELD)?)?;
    let range = start..start.checked_add(written.len())?;
    (config.get(range.clone())? == written.as_bytes()).then_some(range)
}

/// The span and the newline behind it.
fn with_newline(config: &[u8], span: &Range<usize>) -> Range<usize> {
    let end = match config.get(span.end) {
        Some(b'\n') => span.end + 1,
        _ => span.end,
    };
    span.start..end
}

fn text_of(path: &Path, text: &[u8], span: &Range<usize>) -> Result<String, RootError> {
    let bytes = text.get(span.clone()).unwrap_or_default();
    String::from_utf8(bytes.to_vec()).map_err(|_| RootError::NotUnderstood {
        path: path.to_owned(),
        why: "it is not UTF-8".to_owned(),
    })
}

/// The new text, if it is still one that is understood: opam must be able to read it.
fn changed(path: &Path, text: Option<Vec<u8>>) -> Result<Edited, EditError> {
    let refuse = |why: String| RootError::NotUnderstood {
        path: path.to_owned(),
        why,
    };
    let text = text.ok_or_else(|| refuse("its places do not fit".to_owned()))?;
    conex_verify::format::syntax::parse(&text)
        .map_err(|e| refuse(format!("edited, it would not parse: {e}")))?;
    Ok(Edited::Changed(text))
}
