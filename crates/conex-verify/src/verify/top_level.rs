//! The files at the top: what opam and git make of the rest depends on them.

use std::collections::{BTreeMap, BTreeSet};

use super::Mode;
use crate::finding::{Code, Finding, Severity};
use crate::format::digest::Digest;
use crate::format::name::fold;
use crate::format::resource::{Repo, RepoField, TopFile};
use crate::format::syntax::{self, Item, Value, ValueKind};
use crate::limits::MAX_ALIKE;
use crate::limits::MAX_REPO_FILE;
use crate::repository::Repository;
use crate::tree::Tree;

/// Names at the top that change what opam sees: a package outside `packages/`, opam 1.2's packages, other
/// version control systems (opam then applies a checkout, not what was verified),
/// git's modules.
const FORBIDDEN: [(&str, &str); 6] = [
    // The reader of directories leaves it out; in an archive it is like any other name.
    (".git", "opam reads it in an archive"),
    ("opam", "opam takes a file of this name for a package"),
    (
        "compilers",
        "opam turns these files of opam 1.2 into packages",
    ),
    (
        ".hg",
        "with Mercurial opam applies a checkout, not what was verified",
    ),
    ("_darcs", "darcs repositories are not supported"),
    (
        ".gitmodules",
        "git would fetch something that nobody vouched for",
    ),
];

/// Judges everything at the top. `approved` is the valid `packages/.conex/repo`.
pub fn judge(
    tree: &Tree,
    repository: &Repository,
    approved: Option<&Repo>,
    mode: Mode,
) -> Vec<Finding> {
    let mut findings = names(tree);
    match repository.top_level.get("repo") {
        None => findings.push(
            Finding::error(Code::RepoFile, "repo", "the top-level file `repo` is missing")
                .hint("without it opam takes the repository for one of opam 1.2; it holds at least: opam-version: \"2.0\""),
        ),
        Some(source) => findings.extend(repo_file(source, approved, mode)),
    }
    for file in TopFile::ALL {
        let path = file.as_str();
        let Some(bytes) = repository.top_level.get(path) else {
            continue;
        };
        let found = Digest::of(bytes);
        match approved.map(|a| a.files.get(&file)) {
            Some(Some(expected)) if *expected == found => {}
            Some(expected) => findings.push(
                Finding::error(
                    Code::GitFile,
                    path,
                    format!("`{path}` is not what the janitors approved"),
                )
                .value("expected", expected.map_or_else(|| "no such file".to_owned(), Digest::to_string))
                .value("found", found)
                .hint("git changes files as it says; restore it, or propose it with `conex sign` and have it approved with `conex approve`"),
            ),
            None => findings.push(Finding {
                severity: mode.unsigned_severity(),
                ..Finding::error(
                    Code::GitFile,
                    path,
                    format!("nobody approved `{path}`, and git changes files as it says"),
                )
                .hint("propose it with `conex sign`; janitors approve it with `conex approve`")
            }),
        }
    }
    findings
}

fn names(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let files = tree.files.keys().filter(|p| !p.contains('/'));
    for name in files.chain(&tree.others) {
        let name = name.trim_end_matches('/');
        let top = name.split('/').next().unwrap_or(name);
        let folded = fold(top);
        if let Some((_, why)) = FORBIDDEN.iter().find(|(forbidden, _)| *forbidden == folded) {
            findings.push(
                Finding::error(
                    Code::TopLevel,
                    top,
                    format!("`{top}` cannot be at the top: {why}"),
                )
                .hint("remove it"),
            );
        }
        let special = ["packages", "repo", ".gitignore", ".gitattributes", ".git"];
        if top != folded && special.contains(&folded.as_str()) {
            findings.push(
                Finding::error(
                    Code::CaseCollision,
                    top,
                    format!("`{top}` is `{folded}` on file systems that do not tell case apart"),
                )
                .hint("remove it"),
            );
        }
    }
    if tree.files.contains_key("packages") {
        findings.push(Finding::error(
            Code::TopLevel,
            "packages",
            "`packages` is a file, not a directory",
        ));
    }
    findings
}

/// Judges the file `repo`: opam obeys its `redirect`, prints its `announce`, and
/// takes a repository of another `opam-version` apart in its own way.
fn repo_file(source: &[u8], approved: Option<&Repo>, mode: Mode) -> Vec<Finding> {
    let error = |message: String| Finding::error(Code::RepoFile, "repo", message);
    if source.len() > MAX_REPO_FILE {
        return vec![
            error("the top-level file `repo` is too large".to_owned())
                .value("found", format!("{} bytes", source.len()))
                .value("most", format!("{MAX_REPO_FILE} bytes"))
                .hint("it says where the repository is and what opam prints, in a few lines"),
        ];
    }
    let file = match syntax::parse(source) {
        Ok(file) => file,
        Err(syntax_error) => {
            let span = syntax_error.span();
            return vec![
                error(format!(
                    "the top-level file `repo` does not parse: {syntax_error}"
                ))
                .at(source, span.start..span.end, "")
                .hint("opam would take the repository for one of opam 1.2"),
            ];
        }
    };
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    let mut values: BTreeMap<RepoField, (&Value<'_>, String)> = BTreeMap::new();
    for item in &file.items {
        // All of them are errors so far, and each quotes its line.
        if findings.len() >= MAX_ALIKE {
            findings.push(error("the file `repo` has more of that kind".to_owned()));
            break;
        }
        let (name, span) = match item {
            Item::Field(field) => (field.name.text, field.name.span),
            Item::Section(section) => (section.kind.text, section.kind.span),
        };
        let mark = |finding: Finding| finding.at(source, span.start..span.end, "");
        if !seen.insert(name) {
            findings.push(mark(error(format!(
                "the file `repo` has the field `{name}` twice"
            ))));
        }
        match (item, RepoField::from_text(name)) {
            (Item::Field(field), _) if name == "opam-version" => {
                let ok = matches!(&field.value.kind, ValueKind::String(v) if **v == *b"2.0");
                if !ok {
                    findings.push(
                        mark(error("the file `repo` is not for opam 2".to_owned()))
                            .value("expected", "opam-version: \"2.0\"")
                            .value(
                                "found",
                                format!("opam-version: {}", value_text(&field.value)),
                            )
                            .hint("opam would take the repository apart as one of opam 1.2"),
                    );
                }
            }
            (Item::Field(_), _) if name == "stamp" => {}
            (Item::Field(field), Some(known)) => {
                values.insert(known, (&field.value, value_text(&field.value)));
            }
            _ => findings.push(
                mark(error(format!(
                    "the file `repo` has `{name}`, which nobody can vouch for"
                )))
                .value("allowed", "opam-version, stamp, browse, upstream, announce")
                .hint("remove it: `redirect` for example sends opam to another server"),
            ),
        }
    }
    if !seen.contains("opam-version") {
        findings.push(
            error("the file `repo` has no opam-version".to_owned())
                .value("expected", "opam-version: \"2.0\"")
                .hint("opam would take the repository for one of opam 1.2"),
        );
    }
    for field in RepoField::ALL {
        let found = values.get(&field);
        let mark = |finding: Finding| match found {
            Some((value, _)) => finding.at(source, value.span.start..value.span.end, ""),
            None => finding,
        };
        let name = field.as_str();
        match (approved.map(|a| a.values.get(&field)), found) {
            (Some(None), None) | (None, None) => {}
            (Some(Some(expected)), Some((_, found))) if expected == found => {}
            (Some(expected), found) => findings.push(
                mark(error(format!(
                    "`{name}` in the file `repo` is not what the janitors approved"
                )))
                .value("expected", expected.map_or("nothing", String::as_str))
                .value("found", found.map_or("nothing", |(_, text)| text.as_str()))
                .hint("restore it, or propose it with `conex sign` and have it approved with `conex approve`"),
            ),
            (None, Some((_, text))) => {
                let mut finding = mark(error(format!(
                    "nobody approved `{name}` in the file `repo`"
                )))
                .value("found", text)
                .hint("propose it with `conex sign`; janitors approve it with `conex approve`");
                if mode == Mode::IgnoreMissing {
                    finding.severity = Severity::Warning;
                }
                findings.push(finding);
            }
        }
    }
    findings
}

/// The fields of a top-level `repo` file that need an approval, printed in the one
/// compact form. Empty if it cannot be read: verification says why.
pub fn repo_values(source: &[u8]) -> BTreeMap<RepoField, String> {
    if source.len() > MAX_REPO_FILE {
        return BTreeMap::new();
    }
    let Ok(file) = syntax::parse(source) else {
        return BTreeMap::new();
    };
    file.items
        .iter()
        .filter_map(|item| match item {
            Item::Field(field) => {
                RepoField::from_text(field.name.text).map(|known| (known, value_text(&field.value)))
            }
            Item::Section(_) => None,
        })
        .collect()
}

/// A value as `packages/.conex/repo` holds it: in the one compact form, without
/// parentheses that mean nothing (`opam admin index` writes it so). opam reads
/// strings of any bytes; those that are not UTF-8 are written as `\xHH`, which the
/// printer uses for control characters only, so that no two values share a text.
fn value_text(value: &Value<'_>) -> String {
    String::from_utf8(syntax::print_value(&syntax::plain(value))).unwrap_or_else(|error| {
        error.as_bytes().iter().fold(String::new(), |text, &byte| {
            if byte.is_ascii() {
                text + &char::from(byte).to_string()
            } else {
                text + &format!("\\x{byte:02x}")
            }
        })
    })
}
