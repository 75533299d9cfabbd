//! What changes when a plan counts.

use conex_verify::format::path::{PACKAGES, Place};
use conex_verify::format::resource::{Decode, IdFile, Kind, Link, ResourceId, SignedLink};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use std::collections::BTreeSet;

use super::super::planned::Plan;
use super::super::world::World;
use super::change::Effect;
use super::link::of_link;
use super::list::{Find, effects as between, wanted};

/// Where signatures lie.
const INDEX: &str = "packages/.conex/index/";

impl Plan {
    /// T7: What changes when this counts. `world` is the one in which the plan was made, and `find`
    /// gives earlier contents of files. Where somebody signs, what is only written and waits for
    /// others is marked as a proposal.
    pub fn effects(&self, world: &World<'_>, find: Find<'_>) -> Vec<Effect> {
        self.effects_since(world, world, find)
    }

    /// [`Plan::effects`], against what counts in `now`, which `world` does not decide: that is a
    /// branch of somebody else's.
    pub fn effects_since(&self, now: &World<'_>, world: &World<'_>, find: Find<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Some(link) = self.written_link() {
            let links = world.chain().links().iter().map(|l| &l.value.link);
            let before = |link: &Link| {
                let mut links = links.clone().rev();
                links.find(|l| l.number.checked_add(1) == Some(link.number))
            };
            // Whoever signs a link goes on from all before it, also those that are new.
            let known = now.chain().links().len();
            let new = links.clone().skip(known);
            for between in new.filter(|l| l.number < link.number) {
                effects.extend(of_link(before(between), between));
            }
            effects.extend(of_link(before(&link), &link));
        }
        let signed: BTreeSet<ResourceId> =
            self.entries.iter().map(|e| e.resource.clone()).collect();
        let written: BTreeSet<ResourceId> = self
            .writes
            .keys()
            .filter_map(|path| resource_at(path, self))
            .filter(|resource| !signed.contains(resource))
            .collect();
        let both = &signed | &written;
        let past = find(&wanted(now, &both));
        let after = (!self.writes.is_empty()).then(|| Repository::load(&self.part(world, &both)));
        let then = after.as_ref().unwrap_or(world.repository);
        effects.extend(between(now, &past, then, &signed));
        let proposed = between(now, &past, then, &written).into_iter();
        effects.extend(proposed.map(|mut effect| {
            if self.needs_signature() {
                effect.line = format!("proposed: {}", effect.line);
            }
            effect
        }));
        effects.sort_by_key(|effect| effect.weight);
        effects
    }

    /// The link that is signed, or only written.
    fn written_link(&self) -> Option<Link> {
        let of_signed = self.link.as_ref().map(|signed| signed.link.clone());
        of_signed.or_else(|| {
            let mut written = self.writes.iter().rev();
            let link = written.find(|(path, _)| matches!(Place::of(path), Ok(Place::Link(_))))?;
            SignedLink::decode(link.1).ok().map(|signed| signed.link)
        })
    }

    /// Of the tree as it will be, what these resources are about. Signatures are no part of that.
    fn part(&self, world: &World<'_>, resources: &BTreeSet<ResourceId>) -> Tree {
        let names = resources.iter().filter_map(ResourceId::package);
        let names: BTreeSet<String> = names.map(|name| name.to_string()).collect();
        let wanted = |path: &str| {
            let below = path.strip_prefix(PACKAGES);
            let first = below.and_then(|below| below.split('/').next());
            let of_conex = first == Some(".conex") && !path.starts_with(INDEX);
            of_conex || first.is_none_or(|first| names.contains(first))
        };
        let mut part = Tree::default();
        let there = world.tree.files.iter();
        let there = there.filter(|(path, _)| wanted(path) && !self.removes.contains(*path));
        part.files
            .extend(there.map(|(path, bytes)| (path.clone(), bytes.clone())));
        let written = self.writes.iter();
        let written = written.map(|(path, bytes)| (path.clone(), bytes.as_slice().into()));
        part.files.extend(written);
        part
    }

    /// Says what changes, in the first lines for the one who is asked; with `all`, each name.
    pub fn tell(&mut self, world: &World<'_>, find: Find<'_>, all: bool) {
        self.tell_since(world, world, find, all);
    }

    /// [`Plan::tell`], against what counts in `now`.
    pub fn tell_since(&mut self, now: &World<'_>, world: &World<'_>, find: Find<'_>, all: bool) {
        let effects = self.effects_since(now, world, find);
        let lines = effects.iter().flat_map(|effect| effect.shown(all));
        self.lines.splice(..0, lines);
    }
}

/// The resource whose file lies at a path, in the tree of the plan.
fn resource_at(path: &str, plan: &Plan) -> Option<ResourceId> {
    Some(match Place::of(path).ok()? {
        Place::IdFile(id) => match IdFile::decode(plan.writes.get(path)?).ok()? {
            IdFile::Author(_) => ResourceId::id(Kind::Author, &id),
            IdFile::Team(_) => ResourceId::id(Kind::Team, &id),
        },
        Place::Repo => ResourceId::repo(),
        Place::Claims => ResourceId::claims(),
        Place::Authorisation(name) => ResourceId::authorisation(&name),
        Place::Releases(name) => ResourceId::releases(&name),
        Place::Checksum(release) => ResourceId::checksum(&release),
        _ => return None,
    })
}
