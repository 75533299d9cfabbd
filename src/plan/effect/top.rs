//! What changes of the files at the top, and of the list of claims.

use super::change::{Effect, Weight};
use super::list::{Before, List, counting, cut, some};
use conex_verify::format::name::PackageName;
use conex_verify::format::resource::{Claims, Repo, ResourceId};

impl List<'_, '_> {
    pub(super) fn repo(&mut self, resource: &ResourceId) {
        let Some(repo) = self.then.repo.good().map(|loaded| loaded.value.clone()) else {
            return;
        };
        let before = self.before::<Repo>(resource);
        let first = matches!(before, Before::Nothing);
        let was = match before {
            Before::Was(was) => Some(was),
            _ => self.was::<Repo>(resource),
        };
        let (values, files) = was.map(|w| (w.values, w.files)).unwrap_or_default();
        let weight = if first { Weight::New } else { Weight::Changes };
        for (field, value) in &repo.values {
            let what = format!("the field `{}` of the file `repo`", field.as_str());
            match values.get(field) {
                Some(old) if old == value => continue,
                Some(old) => {
                    let line = format!("{what} no longer says {}", cut(old));
                    self.say(weight, resource, line);
                }
                None => {}
            }
            self.whole(weight, resource, &format!("{what} says"), value);
        }
        for field in values.keys().filter(|f| !repo.values.contains_key(*f)) {
            let line = format!("the file `repo` has no field `{}` any more", field.as_str());
            self.say(weight, resource, line);
        }
        for (file, digest) in &repo.files {
            if files.get(file) != Some(digest) {
                let line = format!(
                    "the file `{}` is {}: look at it, for it decides which bytes git writes",
                    file.as_str(),
                    digest.short()
                );
                self.say(weight, resource, line);
            }
        }
        for file in files.keys().filter(|f| !repo.files.contains_key(*f)) {
            self.say(
                weight,
                resource,
                format!("the file `{}` goes", file.as_str()),
            );
        }
    }

    pub(super) fn claims(&mut self, resource: &ResourceId) {
        let Some(claims) = self.then.claims.good().map(|loaded| &loaded.value) else {
            return;
        };
        let names = claims.packages.clone();
        if names.is_empty() && counting(self.now, resource).is_none() {
            let line = "the list of claims becomes valid, and is empty".to_owned();
            return self.say(Weight::New, resource, line);
        }
        let was = self.was::<Claims>(resource);
        let was = was.map(|was| was.packages).unwrap_or_default();
        self.each(
            Weight::Takes,
            resource,
            "clients no longer demand signatures of",
            was.difference(&names),
        );
        let new: Vec<&PackageName> = names.difference(&was).collect();
        if !new.is_empty() {
            let (shown, more) = some(&new);
            self.effects.push(Effect {
                weight: Weight::New,
                path: resource.path(),
                line: format!("clients demand signatures of {shown}"),
                more,
            });
        }
    }
}
