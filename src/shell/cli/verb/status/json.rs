//! What `conex status` says for programs; see docs/json.md.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Known, Named};

use crate::plan::depends;
use crate::plan::person::{KeyOf, Person, Sort};
use crate::plan::status::left_out;
use crate::shell::cli::age::JsonSnapshot;
use crate::shell::cli::changes::JsonChange;
use crate::shell::cli::limits::JsonLimit;
use crate::shell::cli::todo::{JsonCoverage, JsonTask};
use conex_verify::SnapshotFacts;
use conex_verify::format::name::PackageName;
use conex_verify::format::resource::{Kind, ResourceId, SnapshotRule};
use conex_verify::workbench::verify::explain;

/// What `status --format=json` says besides the findings; see docs/json.md.
#[derive(Serialize)]
pub struct Summary<'a> {
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
    changes: Vec<JsonChange<'a>>,
    left_out: Vec<String>,
    people: Vec<JsonPerson>,
    owners: BTreeMap<String, Vec<String>>,
    depends_on_unsigned: BTreeMap<String, Vec<String>>,
    coverage: JsonCoverage,
    limits: Vec<JsonLimit>,
    todo: Vec<JsonTask>,
}

#[derive(Serialize)]
struct Waiting<'a> {
    name: &'a str,
    approvals: usize,
    /// When the file was last changed, in seconds since 1970, if git's history says it.
    since: Option<i64>,
}

impl<'a> Summary<'a> {
    /// All of it, or only what is named.
    pub(super) fn of(known: &'a Known<'_, '_>, named: &Named) -> Summary<'a> {
        let Known {
            world,
            sum: status,
            coverage,
            todo,
            ..
        } = known;
        let repository = world.repository;
        let snapshot = &world.assessment.snapshot;
        let wanted = |name: &PackageName| named.is_empty() || named.packages.contains(name);
        let people: Vec<Person> = match named.is_empty() {
            true => world
                .everybody()
                .iter()
                .filter_map(|id| world.person(id))
                .collect(),
            false => named.people.clone(),
        };
        let owned = world
            .assessment
            .packages
            .iter()
            .filter(|p| p.claimed && wanted(&p.name));
        let since = |kind: Kind, name: &str| {
            let resource = ResourceId {
                kind,
                name: name.into(),
            };
            known.since.get(&resource.path()).copied()
        };
        let list = |(kind, items): (&Kind, &'a Vec<(String, usize)>)| {
            let items = items
                .iter()
                .map(|(name, approvals)| Waiting {
                    name,
                    approvals: *approvals,
                    since: since(*kind, name),
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
            changes: known.changes.iter().map(JsonChange::of).collect(),
            left_out: left_out(known.approved)
                .iter()
                .map(|finding| finding.message.to_string())
                .collect(),
            people: people.iter().map(JsonPerson::of).collect(),
            owners: owned
                .map(|report| (report.name.to_string(), texts(&report.owners)))
                .collect(),
            depends_on_unsigned: depends::on_unsigned(world)
                .iter()
                .filter(|(name, _)| wanted(name))
                .map(|(name, on)| (name.to_string(), texts(on)))
                .collect(),
            coverage: JsonCoverage::of(coverage),
            limits: JsonLimit::all(&repository.limits),
            todo: JsonTask::all(todo),
        }
    }
}

fn texts<T: ToString>(names: &BTreeSet<T>) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// One person or team.
#[derive(Serialize)]
struct JsonPerson {
    id: String,
    kind: &'static str,
    valid: bool,
    janitor: bool,
    links: Option<(usize, usize)>,
    keys: Vec<JsonKey>,
    accounts: Vec<String>,
    members: Vec<String>,
    teams: Vec<String>,
    owns: Vec<String>,
    owns_through: BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
struct JsonKey {
    key: String,
    fingerprint: String,
    of_janitor: bool,
    listed: bool,
    proven: bool,
}

impl JsonPerson {
    fn of(person: &Person) -> JsonPerson {
        let key = |key: &KeyOf| JsonKey {
            key: key.key.to_string(),
            fingerprint: key.key.fingerprint().to_string(),
            of_janitor: key.of_janitor,
            listed: key.listed,
            proven: key.proven,
        };
        let owned = |names: &Vec<PackageName>| names.iter().map(ToString::to_string).collect();
        JsonPerson {
            id: person.id.to_string(),
            kind: match person.sort {
                Sort::Author => "author",
                Sort::Team => "team",
                Sort::JanitorAlone => "janitor",
            },
            valid: person.valid,
            janitor: person.janitor,
            links: person.links,
            keys: person.keys.iter().map(key).collect(),
            accounts: person.accounts.clone(),
            members: texts(&person.members),
            teams: texts(&person.teams),
            owns: owned(&person.owns),
            owns_through: person
                .through
                .iter()
                .map(|(team, names)| (team.to_string(), owned(names)))
                .collect(),
        }
    }
}
