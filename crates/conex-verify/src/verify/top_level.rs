//! The files at the top: what opam and git make of the rest depends on them.

use std::collections::{BTreeMap, BTreeSet};

use super::repo_file::{FORBIDDEN, HARMLESS, nobody_follows, value_text};
use super::{Mode, Unsigned};
use crate::finding::{Cause, Code, Finding, Findings, Severity, remedy};
use crate::format::digest::Digest;
use crate::format::name::on_disk;
use crate::format::path::forbidden_name;
use crate::format::resource::{Repo, RepoField, ResourceId, TopFile};
use crate::format::syntax::{self, Item, Value, ValueKind};
use crate::limits::MAX_REPO_FILE;
use crate::repository::Repository;
use crate::tree::Tree;

/// V8.5: judges everything at the top. `approved` is the valid `packages/.conex/repo`.
pub fn judge(
    tree: &Tree,
    repository: &Repository,
    approved: Option<&Repo>,
    mode: Mode,
    unsigned: Unsigned,
) -> Findings {
    let mut findings = repository.findings.as_many();
    findings.extend(names(tree));
    // What stands in a file that is not valid yet waits with it.
    let present = repository.repo.good().map(|loaded| &loaded.value);
    let proposed = present.filter(|_| approved.is_none());
    match repository.top_level.get("repo") {
        None => findings.push(
            Finding::error(Code::RepoFile, "repo", "the top-level file `repo` is missing")
                .hint("without it opam takes the repository for one of opam 1.2; it holds at least: opam-version: \"2.0\""),
        ),
        Some(source) => repo_file(source, (approved, proposed), unsigned, &mut findings),
    }
    for file in TopFile::ALL {
        let path = file.as_str();
        let Some(bytes) = repository.top_level.get(path) else {
            continue;
        };
        let found = bytes.digest();
        match approved.map(|a| a.files.get(&file)) {
            Some(Some(expected)) if *expected == found => {}
            Some(expected) => findings.push(
                Finding::error(
                    Code::GitFile,
                    path,
                    format!("`{path}` is not what the janitors approved"),
                )
                .value(
                    "expected",
                    expected.map_or_else(|| "no such file".to_owned(), Digest::to_string),
                )
                .value("found", found)
                .remedy(&remedy::TOP_CHANGED, ""),
            ),
            None => findings.push(Finding {
                // No snapshot covers them: git has them, an archive has not.
                severity: match mode {
                    Mode::Strict | Mode::Covered => Severity::Error,
                    Mode::NoStrict => Severity::Warning,
                },
                ..Finding::error(
                    Code::GitFile,
                    path,
                    format!("nobody approved `{path}`, and git changes files as it says"),
                )
                .remedy(&remedy::TOP_NEW, "")
                .because(waits(
                    proposed.is_some_and(|p| p.files.get(&file) == Some(&found)),
                ))
            }),
        }
    }
    findings
}

/// V0.2, V8.6.
fn names(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let files = tree.files.keys().filter(|p| !p.contains('/'));
    for name in files.chain(&tree.others) {
        let name = name.trim_end_matches('/');
        let top = name.split('/').next().unwrap_or(name);
        let folded = on_disk(top);
        // V7.4: a backslash ends a component as well.
        let folded = match forbidden_name(top) {
            Some(_) => "opam".to_owned(),
            None => folded,
        };
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
                    format!("`{top}` is `{folded}` on some file systems"),
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

/// The cause of what is proposed and not approved.
fn waits(is_proposed: bool) -> Option<Cause> {
    is_proposed.then(|| Cause::Standing(ResourceId::repo()))
}

/// V8.1, V8.2, V8.3: judges the file `repo`: opam obeys its `redirect`, prints its `announce`, and
/// takes a repository of another `opam-version` apart in its own way.
fn repo_file(
    source: &[u8],
    (approved, proposed): (Option<&Repo>, Option<&Repo>),
    unsigned: Unsigned,
    findings: &mut Findings,
) {
    let error = |message: String| Finding::error(Code::RepoFile, "repo", message);
    if source.len() > MAX_REPO_FILE {
        findings.push(
            error("the top-level file `repo` is too large".to_owned())
                .value("found", format!("{} bytes", source.len()))
                .value("most", format!("{MAX_REPO_FILE} bytes"))
                .hint("it says where the repository is and what opam prints, in a few lines"),
        );
        return;
    }
    let file = match syntax::parse(source) {
        Ok(file) => file,
        Err(syntax_error) => {
            let span = syntax_error.span();
            findings.push(
                error(format!(
                    "the top-level file `repo` does not parse: {syntax_error}"
                ))
                .at(source, span.start..span.end, "")
                .hint("opam would take the repository for one of opam 1.2"),
            );
            return;
        }
    };
    // Each quotes its line, so what is only counted is not made.
    let mut refuse = |make: &dyn Fn() -> Finding| {
        findings.push_with(Code::RepoFile, Severity::Error, make);
    };
    let mut seen = BTreeSet::new();
    let mut values: BTreeMap<RepoField, (&Value<'_>, String)> = BTreeMap::new();
    for item in &file.items {
        let (name, span) = match item {
            Item::Field(field) => (field.name.text, field.name.span),
            Item::Section(section) => (section.kind.text, section.kind.span),
        };
        let mark = |finding: Finding| finding.at(source, span.start..span.end, "");
        if !seen.insert(name) {
            refuse(&|| {
                mark(error(format!(
                    "the file `repo` has the field `{name}` twice"
                )))
            });
        }
        match (item, RepoField::new(name)) {
            (Item::Field(field), _) if name == "opam-version" => {
                let ok = matches!(&field.value.kind, ValueKind::String(v) if **v == *b"2.0");
                if !ok {
                    refuse(&|| {
                        mark(error("the file `repo` is not for opam 2".to_owned()))
                            .value("expected", "opam-version: \"2.0\"")
                            .value(
                                "found",
                                format!("opam-version: {}", value_text(&field.value)),
                            )
                            .hint("opam would take the repository apart as one of opam 1.2")
                    });
                }
            }
            (Item::Field(_), _) if name == "stamp" => {}
            (Item::Field(field), Some(known)) => {
                if name == "redirect" && !nobody_follows(&field.value) {
                    refuse(&|| {
                        mark(error(
                            "`redirect` in the file `repo` sends an opam 2 to another server".to_owned(),
                        ))
                        .value("found", value_text(&field.value))
                        .hint("remove it, or give each alternative a filter that no opam 2 satisfies: {opam-version < \"2.0\"}")
                    });
                }
                values.insert(known, (&field.value, value_text(&field.value)));
            }
            _ => refuse(&|| {
                mark(error(format!(
                    "the file `repo` has `{name}`, which nobody can vouch for"
                )))
                .value("allowed", "fields")
                .hint("remove it")
            }),
        }
    }
    if !seen.contains("opam-version") {
        refuse(&|| {
            error("the file `repo` has no opam-version".to_owned())
                .value("expected", "opam-version: \"2.0\"")
                .hint("opam would take the repository for one of opam 1.2")
        });
    }
    let none = BTreeMap::new();
    let listed = approved.map_or(&none, |a| &a.values).keys();
    let fields: BTreeSet<&RepoField> = listed.chain(values.keys()).collect();
    for field in fields {
        let found = values.get(field);
        let mark = |finding: Finding| match found {
            Some((value, _)) => finding.at(source, value.span.start..value.span.end, ""),
            None => finding,
        };
        let name = field.as_str();
        match (approved.map(|a| a.values.get(field)), found) {
            (Some(None), None) | (None, None) => {}
            (Some(Some(expected)), Some((_, found))) if expected == found => {}
            (Some(expected), found) => findings.push_with(Code::RepoFile, Severity::Error, || {
                mark(error(format!(
                    "`{name}` in the file `repo` is not what the janitors approved"
                )))
                .value("expected", expected.map_or("nothing", String::as_str))
                .value("found", found.map_or("nothing", |(_, text)| text.as_str()))
                .remedy(&remedy::TOP_CHANGED, "")
            }),
            (None, Some((_, text))) => {
                let severity = match HARMLESS.contains(&name) {
                    true => unsigned.severity(),
                    false => Severity::Error,
                };
                findings.push_with(Code::RepoFile, severity, || {
                    let mut finding = mark(error(format!(
                        "nobody approved `{name}` in the file `repo`"
                    )))
                    .value("found", text)
                    .remedy(&remedy::TOP_NEW, "")
                    .because(waits(
                        proposed.is_some_and(|p| p.values.get(field) == Some(text)),
                    ));
                    if severity != Severity::Error {
                        finding.severity = severity;
                    }
                    finding
                });
            }
        }
    }
}
