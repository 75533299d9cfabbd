//! What a release says of itself: its opam file.

use super::unsigned::Unsigned;
use crate::finding::{Code, Finding, Findings, Severity};
use crate::format::name::Release;
use crate::hint;
use crate::opam_file::Problem;
use crate::repository::ReleaseDir;

/// V6.6: Judges the opam file of a release in the directory at `dir_path`.
pub(super) fn description(
    dir_path: &str,
    release: &Release,
    dir: &ReleaseDir,
    (signed, unsigned): (bool, Unsigned),
    findings: &mut Findings,
) {
    let path = format!("{dir_path}opam");
    let Some(source) = dir.opam() else {
        let mut finding = Finding::error(
            Code::MissingOpam,
            &path,
            format!("the release `{release}` has no opam file"),
        )
        .hint("a directory of a release without an opam file means nothing; remove it, or restore the file");
        if !signed {
            finding.severity = unsigned.severity();
        }
        findings.push(finding);
        return;
    };
    for problem in &dir.problems {
        if matches!(problem, Problem::WeakSource { .. }) && !signed {
            continue;
        }
        let mut finding = opam_problem(&path, source, problem);
        if matches!(problem, Problem::OtherVersion { .. }) && !signed {
            finding.severity = Severity::Warning;
        }
        findings.push(finding);
    }
}

/// V6.7, V6.8: The finding for something that is wrong with the opam file at `path`, as verification says
/// it of a signed package.
pub fn opam_problem(path: &str, source: &[u8], problem: &Problem) -> Finding {
    match problem {
        Problem::Unreadable { why, span } => Finding::error(
            Code::OpamSyntax,
            path,
            format!("`{path}` {why}"),
        )
        .at(source, span.start..span.end, "")
        .hint("some versions of opam leave the package out, others cannot read the repository any more; mend the file"),
        Problem::OtherVersion { found, span } => Finding::error(
            Code::OpamSyntax,
            path,
            format!("`{path}` is not of opam's version 2.0"),
        )
        .at(source, span.start..span.end, "")
        .value("expected", "opam-version: \"2.0\"")
        .value("found", format!("opam-version: {found:?}"))
        .hint(hint::UPGRADE),
        // opam goes by the directory, whatever the file says.
        Problem::Disagrees {
            field,
            expected,
            found,
            span,
        } => Finding::warning(
            Code::OpamName,
            path,
            format!("the {field} in `{path}` disagrees with its directory, by which opam goes"),
        )
        .at(source, span.start..span.end, "")
        .value("directory", expected)
        .value("file", found)
        .hint("remove the field: the directory says it"),
        Problem::WeakSource {
            what,
            algorithms,
            span,
        } => weak_source(path, source, what, algorithms, span.start..span.end),
    }
}

/// V6.9: The finding for a source archive without a strong checksum; a warning.
pub fn weak_source(
    path: &str,
    source: &[u8],
    what: &str,
    algorithms: &[String],
    span: std::ops::Range<usize>,
) -> Finding {
    let found = if algorithms.is_empty() {
        "no checksum".to_owned()
    } else {
        algorithms.join(", ")
    };
    Finding::warning(
        Code::WeakChecksum,
        path,
        format!("`{what}` of `{path}` has no strong checksum, so the signature does not reach the source"),
    )
    .at(source, span, "")
    .value("needed", "sha256 or sha512")
    .value("found", found)
}
