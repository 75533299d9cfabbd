//! opam's configuration: the hook in `config`, the anchors of repositories in
//! `repo/repos-config`, and whether the two protect anybody.
//!
//! Both files are edited where they lie, everything else in them byte for byte as it
//! was, under the locks that opam itself takes. That works for every opam from 2.0
//! to 2.6 and needs no network; `opam option` exists only since 2.1, and `opam
//! repository set-url` fetches and applies an update, after which opam 2.0 and 2.1 leave
//! the repository empty when it is refused (docs/hook.md).
//!
//! * [`root`]: opam's root, its locks, reading and writing its files
//! * [`hook`]: the field `repository-validation-command`
//! * [`repositories`]: the entries of `repos-config`
//! * [`record`]: what was there before, for `conex disable`
//! * [`edit`]: what `conex enable` and `conex disable` change
//! * [`clone`]: git's settings in a clone that opam has
//! * [`program`]: whether a file is a conex that opam can run
//! * [`held`]: what opam holds of a repository, judged as the hook judges it
//! * [`inspect`]: what `conex enable --status` says

pub mod clone;
pub mod edit;
pub mod held;
pub mod hook;
pub mod inspect;
pub mod program;
pub mod record;
pub mod repositories;
pub mod root;

#[cfg(test)]
mod tests;

use std::ops::Range;

/// The text with the bytes of `range` replaced; `None` if it has no such bytes.
fn spliced(text: &[u8], range: &Range<usize>, with: &[u8]) -> Option<Vec<u8>> {
    let mut out = text.get(..range.start)?.to_vec();
    out.extend_from_slice(with);
    out.extend_from_slice(text.get(range.end..)?);
    Some(out)
}
