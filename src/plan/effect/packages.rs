//! What changes of owners, lists of releases and releases.

use std::collections::BTreeSet;

use super::super::world::package_or_name;
use super::change::{NAMES, Weight};
use super::list::{Before, List, cut, people};
use conex_verify::format::name::{Id, Release};
use conex_verify::format::resource::{Authorisation, Checksum, Releases, ResourceId};

impl List<'_, '_> {
    pub(super) fn authorisation(&mut self, resource: &ResourceId) {
        let name = resource.package();
        let found = name.as_ref().and_then(|n| self.then.packages.get(n));
        let Some(to) = found.and_then(|p| p.authorisation.good()) else {
            return;
        };
        let (name, to) = (to.value.name.clone(), to.value.owners.clone());
        let from = match self.before::<Authorisation>(resource) {
            Before::Nothing => {
                self.owners.entry(to).or_default().push(name);
                return;
            }
            Before::Was(was) => was.owners,
            Before::Unknown(_) => {
                self.was::<Authorisation>(resource);
                let line = format!("`{name}` belongs to {}", people(&to));
                return self.say(Weight::Takes, resource, line);
            }
        };
        let gone: BTreeSet<Id> = from.difference(&to).cloned().collect();
        let come: BTreeSet<Id> = to.difference(&from).cloned().collect();
        let stays = match from.intersection(&to).count() {
            0 => String::new(),
            _ => format!(
                "; {} stays",
                people(&from.intersection(&to).cloned().collect())
            ),
        };
        let (weight, line) = match (gone.is_empty(), come.is_empty()) {
            (true, true) => (
                Weight::Changes,
                format!("`{name}` still belongs to {}", people(&to)),
            ),
            (true, false) if from.is_empty() => (
                Weight::Changes,
                format!(
                    "`{name}`, which a quorum took care of, goes to {}",
                    people(&come)
                ),
            ),
            (true, false) => (
                Weight::Changes,
                format!("`{name}` is shared with {}{stays}", people(&come)),
            ),
            (false, true) if to.is_empty() => (
                Weight::Takes,
                format!(
                    "`{name}` is taken from {}, and goes to nobody",
                    people(&gone)
                ),
            ),
            (false, true) => (
                Weight::Takes,
                format!("`{name}` is taken from {}{stays}", people(&gone)),
            ),
            (false, false) => (
                Weight::Takes,
                format!(
                    "`{name}` is taken from {}, and goes to {}{stays}",
                    people(&gone),
                    people(&come)
                ),
            ),
        };
        self.say(weight, resource, line);
    }

    pub(super) fn list_of(&mut self, resource: &ResourceId) {
        let name = resource.package();
        let found = name.as_ref().and_then(|n| self.then.packages.get(n));
        let Some(list) = found.and_then(|p| p.releases.good()) else {
            return;
        };
        let list = list.value.clone();
        let Some(was) = self.was::<Releases>(resource) else {
            self.lists.insert(list.name, list.releases.len());
            return;
        };
        self.each(
            Weight::Takes,
            resource,
            "removed:",
            was.releases.difference(&list.releases),
        );
        if list.floor > was.floor {
            let line = format!(
                "what was removed of `{}` does not come back below version {} (before: {})",
                list.name,
                list.floor.saturating_add(1),
                was.floor.saturating_add(1)
            );
            self.say(Weight::Changes, resource, line);
        }
    }

    pub(super) fn release(&mut self, resource: &ResourceId) {
        let Ok(release) = Release::new(&resource.name) else {
            return;
        };
        let package = self.then.packages.get(&release.name());
        let dir = package.and_then(|p| p.directories.get(&release));
        let Some(checksum) = dir.and_then(|dir| dir.checksum.good()) else {
            return;
        };
        let files = checksum.value.files.clone();
        let was = match self.before::<Checksum>(resource) {
            Before::Nothing => {
                let of = package_or_name(resource).to_owned();
                return self.releases.entry(of).or_default().push(release);
            }
            Before::Was(was) => was.files,
            Before::Unknown(_) => {
                self.was::<Checksum>(resource);
                return;
            }
        };
        let changed = files.iter().filter(|(path, d)| was.get(*path) != Some(*d));
        let changed: Vec<String> = changed.map(|(path, _)| cut(path)).collect();
        let gone = was.keys().filter(|path| !files.contains_key(*path));
        let gone: Vec<String> = gone.map(|path| cut(path)).collect();
        if changed.is_empty() && gone.is_empty() {
            let of = package_or_name(resource).to_owned();
            *self.same.entry(of).or_default() += 1;
            return;
        }
        // Of few files the releases of a package stand in one line; many are all named, so that
        // none hides behind others.
        if changed.len() + gone.len() > NAMES {
            let what = format!("the release {release}, which was signed, changes:");
            self.each(Weight::Changes, resource, &what, changed);
            let what = format!("the release {release}, which was signed, loses:");
            self.each(Weight::Changes, resource, &what, gone);
            return;
        }
        let mut what = Vec::new();
        if !changed.is_empty() {
            what.push(format!("{} changes", changed.join(", ")));
        }
        if !gone.is_empty() {
            what.push(format!("{} goes", gone.join(", ")));
        }
        let key = (package_or_name(resource).to_owned(), what.join("; "));
        self.changed.entry(key).or_default().push(release);
    }
}
