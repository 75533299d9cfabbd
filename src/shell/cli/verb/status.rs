//! `conex status`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::Args;
use serde::Serialize;

use crate::plan::conflict::Conflicts;
use crate::plan::status::{Status, elsewhere, status};
use crate::plan::todo::{Coverage, Todo, coverage, todo};
use crate::plan::{View, World};
use crate::shell::cli::age::{JsonSnapshot, in_words};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::options::Format;
use crate::shell::cli::page::Page;
use crate::shell::cli::signer::id;
use crate::shell::cli::todo::{JsonCoverage, JsonTask, counted, lines, percent, some};
use crate::shell::cli::workspace::{merged_tree, working_tree};
use crate::shell::keys::log;
use crate::shell::out::{out, outln};
use crate::shell::report::{Color, Counts, HumanOptions, Shown, human, json, neutral};
use conex_verify::SnapshotFacts;
use conex_verify::finding::Severity;
use conex_verify::format::name::Id;
use conex_verify::format::resource::{Kind, SnapshotRule, Timestamp};
use conex_verify::workbench::repository::{Repository, Slot};
use conex_verify::workbench::verify::explain;
use conex_verify::workbench::verify::packages::PackageReport;
use conex_verify::workbench::verify::snapshot::SnapshotReport;

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only these packages, in detail
    pub packages: Vec<String>,
    /// Only what this person can do
    #[arg(long = "as", value_name = "ID")]
    pub person: Option<String>,
    /// List every package, not only numbers
    #[arg(long)]
    pub all: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Runs `conex status`.
pub fn run(root: &Path, args: &StatusArgs) -> Result<Exit, Failure> {
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = World::look(&tree, &repository, View::Supported)?;
    // What waits is seen as `approve` sees it.
    let as_approved = World::look(&tree, &repository, View::AsIfApproved)?;
    let mut sum = status(&world);
    let seen = status(&as_approved);
    (sum.waiting, sum.declined) = (seen.waiting, seen.declined);
    // What a client would say sees what is there, not what the tools put in its place.
    let mut findings = if conflicts.is_empty() {
        repository.findings.to_vec()
    } else {
        Repository::load(&working_tree(root)?).findings.into_vec()
    };
    findings.extend(world.assessment.findings.iter().cloned());
    findings.extend(explain::link_signatures(&sum.link));
    let names = args
        .packages
        .iter()
        .map(|text| world.package(text))
        .collect::<Result<Vec<_>, _>>()?;
    if !names.is_empty() {
        findings.retain(|f| {
            names.iter().any(|n| {
                f.path == format!("packages/{n}") || f.path.starts_with(&format!("packages/{n}/"))
            })
        });
    }
    let mut todo = todo(&as_approved);
    if !names.is_empty() {
        todo = todo.about(|item| item.package().is_some_and(|p| names.contains(&p)));
    }
    let coverage = coverage(&world, &as_approved);
    if let Some(text) = &args.person {
        let person = id(text)?;
        // Who left can still be asked to sign the link that says so.
        if !world.chain().ever_members().contains(&person) {
            world.known_id(&person)?;
        }
        todo = todo.of_person(&person);
        if args.format == Format::Human {
            show_todo(&todo, &person, args.all);
            return Ok(Exit::Success);
        }
    }
    if args.format == Format::Json {
        let snapshot = &world.assessment.snapshot;
        let summary = Summary::of(&sum, &repository, snapshot, &todo, &coverage);
        out!("{}", json(&findings, summary));
        return Ok(Exit::Success);
    }
    if names.is_empty() {
        overview(&sum, &coverage, &todo, args.all);
        snapshot(&world);
        claims(&sum);
        signed_elsewhere(&world, args.all);
        merge(&conflicts);
    }
    for name in &names {
        if let Some(report) = world.assessment.packages.iter().find(|p| p.name == *name) {
            package(report, sum.declined.contains(name.as_str()));
        }
    }
    if !names.is_empty() {
        for line in lines(&todo, args.all) {
            outln!("  {line}");
        }
    }
    let errors = findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .count();
    let summary = match errors {
        0 => String::new(),
        _ => format!("a client would reject this: {}", Counts::of(&findings)),
    };
    let shown = if args.all {
        Shown::All
    } else {
        Shown::First(5)
    };
    let text = human(
        &findings,
        &HumanOptions {
            color: Color::of(&std::io::stdout()),
            shown,
            summary: &summary,
        },
    );
    if !text.is_empty() {
        out!("\n{text}");
    }
    Ok(Exit::Success)
}

/// What a merge left to do.
fn merge(conflicts: &Conflicts) {
    if conflicts.is_empty() {
        return;
    }
    outln!(
        "merge       {} with git's conflict markers",
        match conflicts.len() {
            1 => "1 file".to_owned(),
            n => format!("{n} files"),
        }
    );
    if let Some((message, hint)) = conflicts.to_redo() {
        outln!("            {}; {}", neutral(&message), neutral(&hint));
    }
    if !conflicts.rewritten.is_empty() {
        outln!(
            "            `conex sign` writes {} of them anew",
            conflicts.rewritten.len()
        );
    }
    if !conflicts.links.is_empty() {
        outln!("            `conex approve` joins the signatures of both branches");
    }
}

/// What one person can do.
fn show_todo(todo: &Todo, person: &Id, all: bool) {
    if todo.is_empty() {
        outln!("Nothing waits for `{person}`.");
    }
    for line in lines(todo, all) {
        outln!("{line}");
    }
}

fn overview(status: &Status, coverage: &Coverage, todo: &Todo, all: bool) {
    outln!("repository  {}", neutral(&status.name));
    outln!("identity    {}", status.identity);
    outln!(
        "janitors    {}, of whom {} must agree (link {})",
        status.janitors.join(", "),
        status.quorum,
        status.link.number
    );
    for missing in explain::lacking(&status.link) {
        outln!("            link {}: {missing}", status.link.number);
    }
    outln!(
        "people      {}, {}",
        counted(Kind::Author, status.authors),
        counted(Kind::Team, status.teams)
    );
    outln!(
        "packages    {} of {} signed and valid ({})",
        coverage.signed_packages,
        coverage.packages,
        percent(coverage.signed_packages, coverage.packages)
    );
    let lists = [
        ("not valid", &status.broken),
        ("not approved", &status.pending),
        ("unsigned", &status.unsigned),
    ];
    for (what, names) in lists {
        if !names.is_empty() {
            outln!("            {} {what}: {}", names.len(), some(names, all));
        }
    }
    outln!(
        "releases    {} of {} ({})",
        coverage.signed_releases,
        coverage.releases,
        percent(coverage.signed_releases, coverage.releases)
    );
    if !status.declined.is_empty() {
        let names: Vec<String> = status.declined.iter().cloned().collect();
        outln!(
            "declined    {}; `conex approve NAME` takes one by its name",
            some(&names, all)
        );
    }
    if todo.is_empty() {
        outln!("to do       nothing waits");
        return;
    }
    outln!(
        "if approved {} of them ({}), {} of the releases ({})",
        coverage.if_approved_packages,
        percent(coverage.if_approved_packages, coverage.packages),
        coverage.if_approved_releases,
        percent(coverage.if_approved_releases, coverage.releases)
    );
    for (i, line) in lines(todo, all).iter().enumerate() {
        outln!(
            "{} {line}",
            if i == 0 { "to do      " } else { "           " }
        );
    }
}

/// The snapshot, which clients judge and those who work on a tree do not.
fn snapshot(world: &World<'_>) {
    let report = &world.assessment.snapshot;
    outln!("state       {}", world.repository.state.id());
    let rule = world.chain().current().snapshot;
    let required = match rule {
        SnapshotRule::Required => ", and one is required",
        SnapshotRule::Optional => "",
    };
    let Some(version) = report.version else {
        let what = match world.repository.snapshot {
            Slot::Missing => "none",
            _ => "cannot be read",
        };
        outln!("snapshot    {what}{required}");
        return;
    };
    let by = report
        .by
        .as_ref()
        .map_or("nobody who may", |id| id.as_str());
    let created = report
        .created
        .as_ref()
        .map(Timestamp::as_str)
        .unwrap_or_default();
    outln!(
        "snapshot    {}, by {by}, {created}: {}",
        version.revision,
        in_words(SnapshotFacts::of(report).as_ref())
    );
    if report.is_valid() {
        return;
    }
    if report.differences.is_empty() {
        for finding in &report.findings {
            outln!("            {}", neutral(&finding.message));
        }
    } else if report.by.is_some() {
        let changes: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
        outln!(
            "            not of this state, {} changes since: {}",
            changes.len(),
            some(&changes, false)
        );
    }
    outln!("            `conex snapshot` makes it anew before this is published");
}

/// The list of claims, and what it lacks.
fn claims(status: &Status) {
    let Some(listed) = status.claims else {
        return;
    };
    let lacks = match status.not_claimed {
        0 => String::new(),
        n => format!("; {n} more can be claimed: conex claims"),
    };
    let packages = if listed == 1 { "package" } else { "packages" };
    outln!("claims      {listed} {packages}{lacks}");
}

/// What was signed on this machine, is not here, and may still come.
fn signed_elsewhere(world: &World<'_>, all: bool) {
    let identity = world.chain().identity();
    for id in log::signers(identity) {
        let elsewhere = elsewhere(world, &log::signed_by(identity, &id));
        let names: Vec<String> = elsewhere
            .iter()
            .map(|(resource, revision)| format!("the {resource} at {revision}"))
            .collect();
        if !names.is_empty() {
            outln!(
                "elsewhere   `{id}` signed what is not here: {}",
                some(&names, all)
            );
            outln!("            if it is never to come: conex supersede");
        }
    }
}

fn package(report: &PackageReport, declined: bool) {
    let state = if report.is_signed() {
        "signed and valid"
    } else if report.claimed {
        "claimed, but not valid"
    } else {
        "not signed"
    };
    let state = match declined {
        true => format!(
            "{state}, its first claim was declined (`conex approve {}` takes it)",
            report.name
        ),
        false => state.to_owned(),
    };
    outln!("{}: {state}, {} releases", report.name, report.releases);
    let owners: Vec<&str> = report.owners.iter().map(|o| o.as_str()).collect();
    if !owners.is_empty() {
        outln!("  owners: {}", owners.join(", "));
    }
    for (resource, (version, standing)) in &report.standings {
        use conex_verify::workbench::trust::support::Standing;
        let text = match standing {
            Standing::Valid => "valid".to_owned(),
            Standing::Waiting(w) => format!("waits: {} janitors", w.count),
            Standing::Superseded { .. } => "older than what is vouched for".to_owned(),
            Standing::Contested { .. } => "other bytes are vouched for".to_owned(),
            Standing::Absent { .. } => "missing".to_owned(),
        };
        let version = version.map_or(String::new(), |v| format!(", {}", v.revision));
        outln!("  {resource}{version}: {text}");
    }
}

/// What `status --format=json` says besides the findings; see docs/json.md.
#[derive(Serialize)]
struct Summary<'a> {
    repository: &'a str,
    identity: &'a str,
    link: usize,
    link_lacks: Vec<String>,
    janitors: &'a [String],
    quorum: usize,
    authors: usize,
    teams: usize,
    signed: &'a [String],
    invalid: &'a [String],
    not_approved: &'a [String],
    unsigned: &'a [String],
    state: String,
    snapshot: Option<JsonSnapshot>,
    snapshot_required: bool,
    claims: Option<usize>,
    not_claimed: usize,
    waiting: BTreeMap<&'static str, Vec<Waiting<'a>>>,
    declined: &'a BTreeSet<String>,
    coverage: JsonCoverage,
    todo: Vec<JsonTask>,
}

#[derive(Serialize)]
struct Waiting<'a> {
    name: &'a str,
    approvals: usize,
}

impl<'a> Summary<'a> {
    fn of(
        status: &'a Status,
        repository: &Repository,
        snapshot: &SnapshotReport,
        todo: &Todo,
        coverage: &Coverage,
    ) -> Summary<'a> {
        let list = |(kind, items): (&Kind, &'a Vec<(String, usize)>)| {
            let items = items
                .iter()
                .map(|(name, approvals)| Waiting {
                    name,
                    approvals: *approvals,
                })
                .collect();
            (kind.as_str(), items)
        };
        Summary {
            repository: &status.name,
            identity: &status.identity,
            link: status.link.number,
            link_lacks: explain::lacking(&status.link),
            janitors: &status.janitors,
            quorum: status.quorum,
            authors: status.authors,
            teams: status.teams,
            signed: &status.signed,
            invalid: &status.broken,
            not_approved: &status.pending,
            unsigned: &status.unsigned,
            state: repository.state.id(),
            snapshot: SnapshotFacts::of(snapshot).as_ref().map(JsonSnapshot::of),
            snapshot_required: status.snapshot == SnapshotRule::Required,
            claims: status.claims,
            not_claimed: status.not_claimed,
            waiting: status.waiting.iter().map(list).collect(),
            declined: &status.declined,
            coverage: JsonCoverage::of(coverage),
            todo: JsonTask::all(todo),
        }
    }
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "status",
    policy: "reads the repository as it lies there, without anchors: what it shows is no verdict. It signs, \
asks and writes nothing.",
    exit: "0 shown; 1 there is no janitor chain; 2 usage or environment",
    examples: &[
        "conex status",
        "conex status fmt",
        "conex status --format=json",
    ],
}];
