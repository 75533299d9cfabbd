//! `conex status`.

mod bootstrap;
mod json;
mod one;
mod overview;
mod remote;

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;

use crate::plan::person::Person;
use crate::plan::status::{Status, changes, status};
use crate::plan::todo::{Coverage, Item, Todo, coverage, snapshot_task, todo};
use crate::plan::{Effect, PlanError, View, World};
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::form;
use crate::shell::cli::options::Format;
use crate::shell::cli::page::Page;
use crate::shell::cli::part;
use crate::shell::cli::signer::id;
use crate::shell::cli::todo::lines;
use crate::shell::cli::workspace::{earlier, merged_or_published, seen_tree};
use crate::shell::git::{Git, Where};
use crate::shell::out::{out, outln};
use crate::shell::report::{Counts, HumanOptions, Shown, human, json as in_json};
use conex_verify::finding::{Finding, Reader, Severity};
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::resource::{Kind, ResourceId};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::verify::explain;

/// The most pull requests that are looked at: each is a merge, and all are fetched at once.
const MOST_PULLS: i64 = 1000;

/// What is said of a tree in which nobody works.
const PUBLISHED: &str =
    "form        published, which nobody edits: what is named below is done where people work";

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only these packages and these authors, teams and janitors, in detail
    #[arg(value_name = "NAME", add = Completes(&[Source::Packages, Source::Ids]))]
    pub names: Vec<String>,
    /// Only what this person can do
    #[arg(long = "as", value_name = "ID", add = Completes::SIGNER)]
    pub person: Option<String>,
    /// What waits in the branches of a remote, which are fetched [default: origin]
    #[arg(long, value_name = "REMOTE", num_args = 0..=1, default_missing_value = "", conflicts_with = "names", add = Completes(&[Source::Remotes]))]
    pub remote: Option<String>,
    /// With --remote: look at the pull requests that the forge keeps as well, at the N newest that are not merged [default: 50]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "50", requires = "remote", value_parser = clap::value_parser!(u16).range(1..=MOST_PULLS), add = Completes::NOTHING)]
    pub pulls: Option<u16>,
    /// How far the packages are on their way to owners who have proven a key
    #[arg(long, conflicts_with_all = ["names", "person", "remote"])]
    pub bootstrap: bool,
    /// Name every package with its owners, everybody, and all that is new, not only numbers
    #[arg(long)]
    pub all: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What is known of a work tree.
struct Known<'w, 'r> {
    /// The tree as a client sees it.
    world: &'w World<'r>,
    /// The tree as if what waits were approved.
    approved: &'w World<'r>,
    sum: Status,
    coverage: Coverage,
    todo: Todo,
    /// What approving everything that waits would change.
    changes: Vec<Effect>,
    /// Since when files of what waits, and of those who are asked about, are as they are: seconds
    /// since 1970 by path, as far as git's history says.
    since: BTreeMap<String, i64>,
}

/// What somebody asks about by name.
#[derive(Default)]
struct Named {
    packages: Vec<PackageName>,
    people: Vec<Person>,
}

impl Named {
    fn of(world: &World<'_>, names: &[String]) -> Result<Named, PlanError> {
        let mut named = Named::default();
        for text in names {
            let person = Id::new(text).ok().and_then(|id| world.person(&id));
            match world.package(text) {
                Ok(package) => named.packages.push(package),
                // The hint names what is most like it.
                Err(error) if person.is_none() => {
                    let id = Id::new(text).map_err(|_| error.clone())?;
                    return Err(world
                        .known_id(&id)
                        .err()
                        .filter(|e| e.is_a_guess())
                        .unwrap_or(error));
                }
                Err(_) => {}
            }
            named.people.extend(person);
        }
        Ok(named)
    }

    fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.people.is_empty()
    }

    /// Whether something to do is about what was named.
    fn has(&self, item: &Item) -> bool {
        let package = item.package();
        let of_person = |person: &Person| match item {
            Item::Resource(r) if matches!(r.kind, Kind::Author | Kind::Team) => {
                *r.name == *person.id.as_str()
            }
            _ => package.as_ref().is_some_and(|p| person.owns.contains(p)),
        };
        package.as_ref().is_some_and(|p| self.packages.contains(p))
            || self.people.iter().any(of_person)
    }

    /// Whether a finding is about what was named.
    fn is_about(&self, path: &str) -> bool {
        let below = |name: &PackageName| {
            let package = path
                .strip_prefix("packages/")
                .and_then(|p| p.strip_prefix(name.as_str()));
            package.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let file = |person: &Person| path == ResourceId::id(Kind::Author, &person.id).path();
        self.packages.iter().any(below) || self.people.iter().any(file)
    }
}

/// Runs `conex status`.
pub fn run(root: &Path, args: &StatusArgs) -> Result<Exit, Failure> {
    if let Some(name) = &args.remote {
        let person = args.person.as_deref().map(id).transpose()?;
        return remote::run(root, name, person.as_ref(), args);
    }
    if args.bootstrap {
        let tree = seen_tree(root)?;
        let repository = Repository::load(&tree);
        let world = World::look(&tree, &repository, View::Supported)?;
        match args.format {
            Format::Human => bootstrap::show(&world, args.all),
            Format::Json => bootstrap::show_json(&world),
        }
        return Ok(Exit::Success);
    }
    // The numbers that programs get, and what a person is asked for, are of the whole.
    let is_part = args.format == Format::Human && args.person.is_none();
    let part = is_part.then(|| part::named(root, &args.names));
    let (tree, conflicts, repository) = match part.flatten() {
        Some(part) => (part.tree, part.conflicts, part.repository),
        None => {
            let (tree, conflicts) = merged_or_published(root)?;
            let repository = Repository::load(&tree);
            (tree, conflicts, repository)
        }
    };
    if args.format == Format::Human && form::working_at(root).is_err() {
        outln!("{PUBLISHED}");
    }
    let world = World::look(&tree, &repository, View::Supported)?;
    // What waits is seen as `approve` sees it.
    let approved = World::look(&tree, &repository, View::AsIfApproved)?;
    let mut sum = status(&world);
    let seen = status(&approved);
    (sum.waiting, sum.declined) = (seen.waiting, seen.declined);
    // What a client would say sees what is there, not what the tools put in its place.
    let mut findings = if conflicts.is_empty() {
        repository.findings.to_vec()
    } else {
        Repository::load(&seen_tree(root)?).findings.into_vec()
    };
    findings.extend(world.assessment.findings.iter().cloned());
    findings.extend(explain::link_signatures(&sum.link));
    let named = Named::of(&world, &args.names)?;
    let mut todo = todo(&approved);
    todo.tasks.extend(snapshot_task(&world));
    if !named.is_empty() {
        findings.retain(|f| named.is_about(&f.path));
        todo = todo.about(|item| named.has(item));
    }
    if let Some(text) = &args.person {
        let person = id(text)?;
        // Who left can still be asked to sign the link that says so.
        if !world.chain().ever_members().contains(&person) {
            world.known_id(&person)?;
        }
        todo = todo.of_person(&person);
        if args.format == Format::Human {
            overview::show_todo(&todo, &person, args.all);
            return Ok(Exit::Success);
        }
    }
    let known = Known {
        coverage: coverage(&world, &approved),
        changes: changes(&approved, &earlier(root)),
        since: since(root, &named, &sum),
        world: &world,
        approved: &approved,
        sum,
        todo,
    };
    if args.format == Format::Json {
        out!(
            "{}",
            in_json(
                &findings,
                Reader::WorkTree,
                json::Summary::of(&known, &named)
            )
        );
        return Ok(Exit::Success);
    }
    if named.is_empty() {
        overview::show(&known, args.all);
        overview::uncommitted(root);
        overview::merge(&conflicts);
    }
    for name in &named.packages {
        if let Some(report) = world.report(name) {
            one::package(&known, report);
        }
    }
    for person in &named.people {
        one::person(&known, person);
    }
    if !named.is_empty() {
        for line in lines(&known.todo, args.all) {
            outln!("  {line}");
        }
    }
    show_findings(&findings, args.all);
    Ok(Exit::Success)
}

fn show_findings(findings: &[Finding], all: bool) {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    let summary = match errors.count() {
        0 => String::new(),
        _ => format!("a client would reject this: {}", Counts::of(findings)),
    };
    let options = HumanOptions {
        shown: if all { Shown::All } else { Shown::First(5) },
        reader: Reader::WorkTree,
        summary: &summary,
        ..HumanOptions::on(&std::io::stdout())
    };
    let text = human(findings, &options);
    if !text.is_empty() {
        out!("\n{text}");
    }
}

/// Since when the files that wait, and those of people who are asked about, are as they are. Where
/// there is no git, nothing is known.
fn since(root: &Path, named: &Named, sum: &Status) -> BTreeMap<String, i64> {
    let waiting = sum.waiting.iter().flat_map(|(kind, items)| {
        items.iter().map(|(name, _)| {
            let resource = ResourceId {
                kind: *kind,
                name: name.as_str().into(),
            };
            resource.path()
        })
    });
    let people = named.people.iter();
    let people = people.map(|person| ResourceId::id(Kind::Author, &person.id).path());
    let paths: Vec<String> = people.chain(waiting).collect();
    let found = Git::open(root, Where::Directory).and_then(|git| {
        let head = git.commit("HEAD")?;
        git.last_changes(&head, paths.iter().map(String::as_str))
    });
    found.unwrap_or_default()
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "status",
    policy: "reads the repository as it lies there, without anchors: what it shows is no verdict. It signs, \
asks and writes nothing. With --remote it fetches, and says of each branch of the remote that is not merged what \
`check` says of it; with --pulls, of each pull request as well. A forge keeps those that were closed, too, and does \
not say so.",
    exit: "0 shown; 1 there is no janitor chain; 2 usage or environment",
    examples: &[
        "conex status",
        "conex status fmt",
        "conex status --remote --as you",
        "conex status --remote --pulls 20",
        "conex status --bootstrap",
        "conex status --format=json",
    ],
}];
