//! A repository that conex 1.0.0 signed: it is known by its top-level file `root`, and named.

use crate::hint::Hint;
use std::io::Read as _;
use std::path::Path;

use super::failure::Failure;
use conex_verify::finding::{Code, Finding, Reader};
use conex_verify::format::path::Place;
use conex_verify::limits::MAX_REPO_FILE;

/// What somebody does who uses it.
const ASK: &str = "this repository is signed by conex 1.0.0: its top-level file `root` has `signed:`. Only the `conex_verify` of that version can say whether it is valid: use that one, or ask the repository's maintainers for one that is signed with today's conex, and for its anchors";

/// Whether a top-level file `root` was written by conex 1.0.0.
pub fn is_signed(root: &[u8]) -> bool {
    root.split(|&byte| byte == b'\n').any(|line| {
        let rest = line.strip_prefix(b"signed");
        let rest = rest.map(<[u8]>::trim_ascii_start);
        rest.is_some_and(|rest| rest.starts_with(b":"))
    })
}

/// Whether the directory of a repository was signed by conex 1.0.0.
pub fn is_signed_at(root: &Path) -> bool {
    let Ok(file) = std::fs::File::open(root.join("root")) else {
        return false;
    };
    let most = u64::try_from(MAX_REPO_FILE).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = file.take(most).read_to_end(&mut bytes);
    read.is_ok() && is_signed(&bytes)
}

/// Says what to do where there is no chain of today, and what earlier metadata is.
pub fn name(findings: &mut [Finding], reader: Reader) {
    for finding in findings {
        let metadata = matches!(
            Place::of(&finding.path),
            Ok(Place::Authorisation(_) | Place::Releases(_) | Place::Checksum(_))
        );
        let hint = match (finding.code, reader) {
            (Code::NoChain, Reader::Client) => ASK.to_owned(),
            (Code::NoChain, _) => Hint::StartAnew.to_string(),
            (Code::Syntax | Code::Encoding, Reader::WorkTree) if metadata => {
                "an earlier conex wrote it: remove it".to_owned()
            }
            _ => continue,
        };
        finding.hint = hint;
        finding.advice = None;
    }
}

/// A failure in the work tree at `root`, in the words for those whose repository an earlier conex
/// signed.
pub fn named(mut failure: Failure, root: &Path) -> Failure {
    let chain = |f: &Finding| matches!(f.code, Code::NoChain | Code::Syntax | Code::Encoding);
    if failure.findings.iter().any(chain) && is_signed_at(root) {
        name(&mut failure.findings, Reader::WorkTree);
    }
    failure
}
