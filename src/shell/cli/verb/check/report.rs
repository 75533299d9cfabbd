//! What `conex check` prints: for people, for programs, and as annotations.

use crate::hint::Hint;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::subject::{CheckArgs, Outcome, Subject};

use crate::check::{Check, Trust};
use crate::plan::effect::Weight;
use crate::shell::cli::changes::{JsonChange, changes};
use crate::shell::cli::limits::{JsonLimit, limit_in_words, mentioned};
use crate::shell::cli::todo::{JsonCoverage, JsonTask, lines, some};
use crate::shell::git::Oid;
use crate::shell::keys::file::shell_quoted;
use crate::shell::out::{out, outln, raw_outln};
use crate::shell::report::{
    Annotation, Counts, Group, HumanOptions, Shown, annotation, groups, human, json_since, neutral,
    percent,
};
use conex_verify::finding::{Finding, Reader, Severity};
use conex_verify::words::{counted, verb};
use conex_verify::workbench::verify::Mode;

/// How many findings are shown of those that the change brings.
const SHOWN: usize = 10;

/// How many of those that were there before.
const SHOWN_OF_BASE: usize = 3;

/// How many annotations: GitHub shows ten of a kind for each step.
const ANNOTATIONS: usize = 10;

/// How many changes are shown that only bring something new.
fn of_new(all: bool) -> usize {
    if all { usize::MAX } else { SHOWN }
}

/// For programs.
pub fn json(subject: &Subject, outcome: &Outcome, elapsed: Duration) {
    let summary = Summary::of(subject, outcome, elapsed.as_millis());
    out!("{}", json_since(&outcome.new, &outcome.base, summary));
}

/// The verdict in one sentence.
pub fn verdict(subject: &Subject, outcome: &Outcome) -> String {
    let base = &subject.range.base;
    let Some(check) = &outcome.check else {
        return format!(
            "not mergeable into {base}: {}",
            match outcome.conflicts.len() {
                0 => Counts::of(&outcome.new).to_string(),
                n => format!(
                    "{} {}",
                    counted(n, "file"),
                    verb(n, "conflicts", "conflict")
                ),
            }
        );
    };
    if outcome.accepted {
        let waits = match check.todo.items().count() {
            0 => String::new(),
            n => format!(
                "; {} that it brings {}, and {} for nothing until then",
                counted(n, "thing"),
                verb(n, "waits", "wait"),
                verb(n, "counts", "count")
            ),
        };
        return format!("mergeable into {base} as it is now{waits}");
    }
    let (new, old) = (check.errors(false), check.errors(true));
    let errors = |n: usize| counted(n, "error");
    match (new, old) {
        (0, 0) if check.todo.is_empty() => format!("not mergeable into {base}: there is no chain"),
        (0, 0) => format!("not complete: it can be merged into {base}, but something waits"),
        (new, 0) => format!("not mergeable into {base}: {}", errors(new)),
        (0, old) => format!(
            "not mergeable into {base}: {} that {base} has already and that this change does not mend",
            errors(old)
        ),
        (new, old) => format!(
            "not mergeable into {base}: {}, and {} that {base} has already",
            errors(new),
            errors(old)
        ),
    }
}

/// What a result is about, in two lines.
fn about(subject: &Subject, outcome: &Outcome, all: bool) -> Vec<String> {
    let mut lines = vec![format!(
        "merging {} ({}) into {} ({}){}",
        subject.range.head,
        subject.head.short(),
        subject.range.base,
        subject.base.short(),
        subject
            .merged
            .as_ref()
            .map_or(String::new(), |tree| format!(": tree {}", tree.short())),
    )];
    if let Some(check) = &outcome.check {
        let names: Vec<String> = check.packages.iter().map(ToString::to_string).collect();
        let packages = match names.len() {
            0 => "no package".to_owned(),
            1 => format!("the package {}", some(&names, false)),
            n => format!("{n} packages: {}", some(&names, false)),
        };
        let files = counted(check.files, "file");
        let change = verb(check.files, "changes", "change");
        lines.push(format!("{files} {change}, in {packages}"));
        if let (Some(before), Some(after)) = (check.before, check.after)
            && before != after
        {
            lines.push(format!(
                "signed packages: {} of {} ({}), after {} of {} ({})",
                before.signed_packages,
                before.packages,
                percent(before.signed_packages, before.packages),
                after.signed_packages,
                after.packages,
                percent(after.signed_packages, after.packages),
            ));
        }
        if let Some(limit) = mentioned(&check.limits, all) {
            lines.push(format!("limits: {}", limit_in_words(limit)));
        }
        let told = match subject.mode {
            Some(Mode::Strict) => {
                "strict: a package that nobody claims is refused (--nostrict lets it through)"
            }
            Some(Mode::Covered) => {
                "covered: a package that nobody claims is let through under a snapshot"
            }
            Some(Mode::NoStrict) | None => "",
        };
        if !told.is_empty() {
            lines.push(told.to_owned());
        }
        if check.trust == Trust::New && check.after.is_some() {
            lines.push(
                "the published branch has no janitors: those of this change are taken as they are"
                    .to_owned(),
            );
        }
    }
    if !subject.history {
        lines.push(format!(
            "the history of {} was not looked at (--no-history): a key that was removed may come back",
            subject.range.base
        ));
    }
    lines
}

/// For people.
pub fn show(subject: &Subject, outcome: &Outcome, all: bool) {
    for line in about(subject, outcome, all) {
        outln!("{}", neutral(&line));
    }
    let print = |findings: &[Finding], shown: usize| {
        let options = HumanOptions {
            shown: if all { Shown::All } else { Shown::First(shown) },
            reader: Reader::Merge,
            ..HumanOptions::on(&std::io::stdout())
        };
        let text = human(findings, &options);
        if !text.is_empty() {
            raw_outln!("\n{}", text.trim_end());
        }
    };
    if let Some(check) = &outcome.check
        && !check.effects.is_empty()
    {
        outln!("\nwhat it changes, when it counts:");
        for line in changes(&check.effects, of_new(all), all) {
            outln!("  {}", neutral(&line));
        }
    }
    print(&outcome.new, SHOWN);
    // What only warns, and did so before, is nothing that this change has to answer for.
    let base: Vec<Finding> = outcome
        .base
        .iter()
        .filter(|f| all || f.severity == Severity::Error)
        .cloned()
        .collect();
    if !base.is_empty() {
        outln!("\n{} has already:", neutral(&subject.range.base));
        print(&base, SHOWN_OF_BASE);
    }
    if let Some(check) = &outcome.check {
        if !check.todo.is_empty() {
            outln!("\nto do, in the branch that is to be merged:");
            for line in lines(&check.todo, all) {
                outln!("  {line}");
            }
        }
        if check.elsewhere > 0 {
            let things = format!(
                "{} {}",
                counted(check.elsewhere, "thing"),
                verb(check.elsewhere, "waits", "wait")
            );
            outln!(
                "\nbesides, {things} in {} already",
                neutral(&subject.range.base)
            );
        }
    }
    outln!("\n{}", neutral(&verdict(subject, outcome)));
}

/// For a job of GitHub. Annotations, and nothing else: every line of a job's output can
/// be a command.
pub fn annotate(subject: &Subject, outcome: &Outcome, args: &CheckArgs) {
    let old = outcome.base.iter();
    let old: Vec<Finding> = old
        .filter(|f| f.severity == Severity::Error)
        .cloned()
        .collect();
    let new = groups(&outcome.new).into_iter().map(|group| (group, false));
    let old = groups(&old).into_iter().map(|group| (group, true));
    let mut told: Vec<(Group<'_>, bool)> = new.chain(old).collect();
    told.sort_by_key(|(group, old)| (group.head.severity, *old));
    let most = if args.all { usize::MAX } else { ANNOTATIONS };
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let of_kind: Vec<_> = told
            .iter()
            .filter(|(group, _)| group.head.severity == severity)
            .collect();
        for (group, in_base) in of_kind.iter().take(most) {
            let follow = group.follow();
            out!("{}", annotated(&group.head, follow, *in_base, subject));
            for finding in group.rest.iter().filter(|_| args.all) {
                out!("{}", annotated(finding, 0, *in_base, subject));
            }
        }
        let more = of_kind.len().saturating_sub(most);
        if more > 0 {
            out!(
                "{}",
                annotation(&Annotation {
                    severity,
                    file: "",
                    place: None,
                    title: "conex",
                    lines: vec![
                        Hint::CheckAll {
                            more: more.to_string(),
                            range: shell_quoted(Path::new(&args.range)),
                        }
                        .to_string()
                    ],
                })
            );
        }
    }
    if let Some(check) = &outcome.check
        && !check.effects.is_empty()
    {
        let takes = check.effects.iter().any(|e| e.weight == Weight::Takes);
        out!(
            "{}",
            annotation(&Annotation {
                severity: if takes {
                    Severity::Warning
                } else {
                    Severity::Note
                },
                file: "",
                place: None,
                title: "conex: what this change does when it counts",
                lines: changes(&check.effects, of_new(args.all), args.all),
            })
        );
    }
    if let Some(check) = &outcome.check
        && !check.todo.is_empty()
    {
        out!(
            "{}",
            annotation(&Annotation {
                severity: Severity::Note,
                file: "",
                place: None,
                title: "conex: to do, in this branch",
                lines: lines(&check.todo, args.all),
            })
        );
    }
    let mut last = vec![verdict(subject, outcome)];
    last.extend(about(subject, outcome, false));
    out!(
        "{}",
        annotation(&Annotation {
            severity: if outcome.accepted {
                Severity::Note
            } else {
                Severity::Error
            },
            file: "",
            place: None,
            title: "conex",
            lines: last,
        })
    );
}

/// The annotation of a finding from which so many follow.
fn annotated(finding: &Finding, follow: usize, in_base: bool, subject: &Subject) -> String {
    let mut lines = vec![finding.message.clone()];
    if in_base {
        lines.push(format!("{} has this already", subject.range.base));
    }
    let values = finding.values.iter();
    lines.extend(values.map(|(label, value)| format!("{label}: {value}")));
    let hint = finding.hint_for(Reader::Merge);
    if !hint.is_empty() {
        lines.push(format!("hint: {hint}"));
    }
    if follow > 0 {
        let follows = verb(follow, "follows", "follow");
        lines.push(format!(
            "{} {follows} from this",
            counted(follow, "finding")
        ));
    }
    // Where the place is in another file, the one that changed is what people look at.
    let excerpt = finding.excerpt.as_ref().filter(|e| e.path.is_empty());
    annotation(&Annotation {
        severity: finding.severity,
        file: &finding.path,
        place: excerpt.map(|e| (e.line, e.column)),
        title: &format!("{}: {}", finding.code, finding.code.title()),
        lines,
    })
}

/// What `check --format=json` says besides the findings; see docs/json.md.
#[derive(Serialize)]
pub struct Summary<'a> {
    verdict: &'static str,
    complete: bool,
    base: Commit<'a>,
    head: Commit<'a>,
    merged_tree: Option<&'a str>,
    conflicts: &'a [String],
    trust: Option<&'static str>,
    strict: bool,
    history: bool,
    errors: usize,
    errors_in_base: usize,
    files: usize,
    packages: Vec<String>,
    changes: Vec<JsonChange<'a>>,
    todo: Vec<JsonTask>,
    waiting_in_base: usize,
    before: Option<JsonCoverage>,
    after: Option<JsonCoverage>,
    limits: Vec<JsonLimit>,
    milliseconds: u128,
}

/// A commit, as it was named and as it is; see docs/json.md.
#[derive(Serialize)]
pub struct Commit<'a> {
    /// As it was typed.
    pub name: &'a str,
    /// The commit.
    pub commit: &'a str,
    /// Its tree.
    pub tree: &'a str,
}

impl<'a> Summary<'a> {
    /// Of what was judged, in so many milliseconds.
    pub fn of(subject: &'a Subject, outcome: &'a Outcome, milliseconds: u128) -> Summary<'a> {
        let check = outcome.check.as_ref();
        let errors = |findings: &[Finding]| Counts::of(findings).errors;
        Summary {
            verdict: if outcome.accepted {
                "mergeable"
            } else {
                "refused"
            },
            complete: check.is_some_and(Check::complete),
            base: Commit {
                name: &subject.range.base,
                commit: subject.base.as_str(),
                tree: subject.base_tree.as_str(),
            },
            head: Commit {
                name: &subject.range.head,
                commit: subject.head.as_str(),
                tree: subject.head_tree.as_str(),
            },
            merged_tree: subject.merged.as_ref().map(Oid::as_str),
            conflicts: &outcome.conflicts,
            trust: check.map(|c| match c.trust {
                Trust::Anchors => "anchors",
                Trust::Base => "base",
                Trust::New => "new",
            }),
            strict: subject.mode == Some(Mode::Strict),
            history: subject.history,
            errors: errors(&outcome.new),
            errors_in_base: errors(&outcome.base),
            files: check.map_or(0, |c| c.files),
            packages: check.map_or(Vec::new(), |c| {
                c.packages.iter().map(ToString::to_string).collect()
            }),
            changes: check.map_or(Vec::new(), |c| {
                c.effects.iter().map(JsonChange::of).collect()
            }),
            todo: check.map_or(Vec::new(), |c| JsonTask::all(&c.todo)),
            waiting_in_base: check.map_or(0, |c| c.elsewhere),
            before: check.and_then(|c| c.before.as_ref().map(JsonCoverage::of)),
            after: check.and_then(|c| c.after.as_ref().map(JsonCoverage::of)),
            limits: check.map_or_else(Vec::new, |c| JsonLimit::all(&c.limits)),
            milliseconds,
        }
    }
}
