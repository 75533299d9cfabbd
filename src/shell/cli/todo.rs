//! Who must still do what, in a few lines and for programs.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::plan::todo::{Coverage, Deed, Item, Todo, Who};
use crate::shell::report::neutral;
use conex_verify::format::name::Id;
use conex_verify::format::resource::Kind;
use conex_verify::words;

/// How many names a line shows.
const SHOWN: usize = 6;

/// What can be shown as one: tasks with the same janitors, whoever the owners are.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Heading {
    deed: Deed,
    each: bool,
    missing: usize,
    of: BTreeSet<Id>,
    owned: bool,
}

#[derive(Default)]
struct Group {
    items: BTreeSet<Item>,
    /// The owners, and of how many of the items.
    owners: BTreeMap<Id, usize>,
}

fn groups(todo: &Todo) -> BTreeMap<Heading, Group> {
    let mut groups: BTreeMap<Heading, Group> = BTreeMap::new();
    for (item, deed, who) in todo.items() {
        let (heading, owners) = match who {
            Who::Each(ids) => {
                // Authors who prove a key are many, each for themselves.
                let of = match deed {
                    Deed::Prove | Deed::OtherKey => BTreeSet::new(),
                    _ => ids.clone(),
                };
                (
                    Heading {
                        deed,
                        each: true,
                        missing: ids.len(),
                        of,
                        owned: false,
                    },
                    None,
                )
            }
            Who::Enough {
                owners,
                missing,
                of,
            } => (
                Heading {
                    deed,
                    each: false,
                    missing: *missing,
                    of: of.clone(),
                    owned: !owners.is_empty(),
                },
                Some(owners),
            ),
        };
        let group = groups.entry(heading).or_default();
        if group.items.insert(item.clone()) {
            for owner in owners.into_iter().flatten() {
                *group.owners.entry(owner.clone()).or_default() += 1;
            }
        }
    }
    groups
}

/// The lines that say what is to be done: who and how first, then indented with what.
/// With `all` they name everything.
pub fn lines(todo: &Todo, all: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (heading, group) in groups(todo) {
        lines.push(format!("{}:", title(&heading)));
        for line in what(&group.items, all) {
            lines.push(format!("  {line}"));
        }
        if !group.owners.is_empty() {
            let mut owners: Vec<(&Id, usize)> =
                group.owners.iter().map(|(id, n)| (id, *n)).collect();
            owners.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            let names: Vec<String> = match owners.as_slice() {
                [(one, _)] => vec![one.to_string()],
                many if heading.deed == Deed::Snapshot => {
                    many.iter().map(|(id, _)| id.to_string()).collect()
                }
                many => many.iter().map(|(id, n)| format!("{id} ({n})")).collect(),
            };
            let word = match heading.deed {
                Deed::Snapshot => words::plural(names.len(), "notary"),
                _ => words::plural(names.len(), "owner"),
            };
            lines.push(format!("  {word}: {}", some(&names, all)));
        }
    }
    lines
}

fn title(heading: &Heading) -> String {
    let ids: Vec<String> = heading.of.iter().map(ToString::to_string).collect();
    let names = some(&ids, false);
    let left = heading.of.len();
    let janitors = words::counted(heading.missing, "more janitor");
    let more = if heading.missing <= left {
        format!("{} more of {names}", heading.missing)
    } else {
        match left {
            0 => format!("{janitors}, of whom none is left"),
            _ => format!("{janitors}, of whom only {names} can be asked"),
        }
    };
    match (heading.deed, heading.each, heading.owned) {
        (Deed::SignLink, true, _) if left == 1 => Hint::TodoApprove { who: names },
        (Deed::SignLink, true, _) => Hint::TodoApprove {
            who: format!("each of {names}"),
        },
        (Deed::Snapshot, ..) => Hint::TodoSnapshot,
        (Deed::Prove, ..) => Hint::TodoProve,
        (Deed::OtherKey, ..) => Hint::TodoRotate,
        (Deed::Write, _, true) => Hint::TodoWriteOwned { more },
        (Deed::Write, _, false) => Hint::TodoWrite { more },
        (_, _, true) => Hint::TodoOwned { more },
        (_, _, false) => Hint::TodoApprove { who: more },
    }
    .to_string()
}

/// One line for each kind of thing.
fn what(items: &BTreeSet<Item>, all: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut kinds: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    let mut packages: BTreeSet<String> = BTreeSet::new();
    for item in items {
        match item {
            Item::Link(n) => lines.push(format!("link {n} of the janitor chain")),
            Item::Snapshot => {
                lines.push("the snapshot, which does not state what is there".to_owned())
            }
            Item::Resource(resource) => {
                if resource.kind == Kind::Checksum {
                    packages.extend(item.package().map(|name| name.to_string()));
                }
                let names = kinds.entry(resource.kind).or_default();
                names.push(resource.name.to_string());
            }
        }
    }
    for (kind, names) in kinds {
        let of = match (kind, packages.len()) {
            (Kind::Checksum, n) if n > 1 && n < names.len() => format!(" of {n} packages"),
            _ => String::new(),
        };
        let list = match kind {
            Kind::Repo => String::new(),
            _ => format!(": {}", some(&names, all)),
        };
        lines.push(format!("{}{of}{list}", counted(kind, names.len())));
    }
    lines
}

/// Names, separated by commas; of many only the first.
pub fn some(names: &[String], all: bool) -> String {
    let shown = if all { names.len() } else { SHOWN };
    let list: Vec<&str> = names.iter().take(shown).map(String::as_str).collect();
    let list = list.join(", ");
    let list = neutral(&list);
    match names.len().saturating_sub(shown) {
        0 => list.into_owned(),
        more => format!("{list} and {more} more"),
    }
}

/// One task for programs; see docs/json.md.
#[derive(Serialize)]
pub struct JsonTask {
    deed: &'static str,
    each: Vec<String>,
    owners: Vec<String>,
    missing: usize,
    of: Vec<String>,
    items: Vec<JsonItem>,
}

#[derive(Serialize)]
struct JsonItem {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
}

impl JsonTask {
    /// All tasks.
    pub fn all(todo: &Todo) -> Vec<JsonTask> {
        let texts = |ids: &BTreeSet<Id>| ids.iter().map(ToString::to_string).collect();
        let task = |task: &crate::plan::todo::Task| {
            let none = BTreeSet::new();
            let (each, owners, missing, of) = match &task.who {
                Who::Each(ids) => (ids, &none, 0, &none),
                Who::Enough {
                    owners,
                    missing,
                    of,
                } => (&none, owners, *missing, of),
            };
            JsonTask {
                deed: task.deed.as_str(),
                each: texts(each),
                owners: texts(owners),
                missing,
                of: texts(of),
                items: task.items.iter().map(JsonItem::of).collect(),
            }
        };
        todo.tasks.iter().map(task).collect()
    }
}

impl JsonItem {
    fn of(item: &Item) -> JsonItem {
        match item {
            Item::Snapshot => JsonItem {
                kind: "snapshot",
                name: "snapshot".to_owned(),
            },
            Item::Link(n) => JsonItem {
                kind: "link",
                name: n.to_string(),
            },
            Item::Resource(resource) => JsonItem {
                kind: resource.kind.as_str(),
                name: resource.name.to_string(),
            },
        }
    }
}

/// How much is signed, for programs; see docs/json.md.
#[derive(Serialize)]
pub struct JsonCoverage {
    packages: usize,
    signed_packages: usize,
    if_approved_packages: usize,
    releases: usize,
    signed_releases: usize,
    if_approved_releases: usize,
}

impl JsonCoverage {
    /// The numbers.
    pub fn of(coverage: &Coverage) -> JsonCoverage {
        JsonCoverage {
            packages: coverage.packages,
            signed_packages: coverage.signed_packages,
            if_approved_packages: coverage.if_approved_packages,
            releases: coverage.releases,
            signed_releases: coverage.signed_releases,
            if_approved_releases: coverage.if_approved_releases,
        }
    }
}

/// A number of resources of a kind, in words.
pub fn counted(kind: Kind, n: usize) -> String {
    let one = match kind {
        Kind::Author => "author",
        Kind::Team => "team",
        Kind::Repo => "approval of top-level files",
        Kind::Claims => "list of claims",
        Kind::Authorisation => "authorisation",
        Kind::Releases => "list of releases",
        Kind::Checksum => "release",
    };
    words::counted(n, one)
}
