//! What somebody is shown before they sign in somebody else's branch: what changes against the
//! published branch, and not against what the branch says that was before.

use crate::hint::Hint;
use std::path::Path;

use super::fetched::{Fetched, Trees};

use crate::plan::{Plan, View as Seen, World, published};
use crate::shell::cli::diff::{Past, Showing};
use crate::shell::cli::failure::Failure;
use conex_verify::workbench::repository::Repository;

/// The two sides of what is shown.
pub struct View<'a> {
    fetched: &'a Fetched,
    trees: &'a Trees,
    /// The published branch; `None` as long as it has no janitors.
    now: Option<World<'a>>,
}

impl<'a> View<'a> {
    /// Judges the published branch, taken apart in `published`; `None` as long as it has no
    /// janitors.
    ///
    /// # Errors
    /// Its chain of janitors cannot be read.
    pub fn now(trees: &'a Trees, published: &'a Repository) -> Result<Option<World<'a>>, Failure> {
        Ok(match published.links.is_empty() {
            true => None,
            false => Some(World::look(&trees.base, published, Seen::Supported)?),
        })
    }

    /// Looks at `world`, the branch, beside the published one.
    ///
    /// # Errors
    /// The branch does not continue the chain of janitors of the published one.
    pub fn new(
        fetched: &'a Fetched,
        trees: &'a Trees,
        now: Option<World<'a>>,
        world: &World<'_>,
    ) -> Result<View<'a>, Failure> {
        let view = View {
            fetched,
            trees,
            now,
        };
        view.continues(world)?;
        Ok(view)
    }

    /// T7: By other janitors than those of the published branch nothing is judged.
    fn continues(&self, world: &World<'_>) -> Result<(), Failure> {
        let Some(now) = &self.now else {
            return Ok(());
        };
        let (old, new) = (now.chain().digests(), world.chain().digests());
        let differs = old.iter().zip(new).position(|(old, new)| old != new);
        let Some(n) = differs else {
            return Ok(());
        };
        let (name, base) = (&self.fetched.named.text, self.fetched.named.base.text());
        Err(Failure::refused(
            format!("link {n} of the janitor chain in {name} is not the one in {base}"),
            match n {
                0 => format!("it is another repository: start the branch anew from {base}"),
                _ => Hint::TakeLinkOf { base: base.clone() }.to_string(),
            },
        ))
    }

    /// The branch, as one that was made on top of what counts in the published branch, if it has
    /// all commits of that.
    pub fn below<'r>(&self, world: World<'r>) -> World<'r> {
        match &self.now {
            Some(now) if self.fetched.is_below(self.trees) => world.above(published(now)),
            _ => world,
        }
    }

    /// Says what changes, in the first lines for the one who is asked; with `all`, each name.
    pub fn tell(&self, world: &World<'_>, plan: &mut Plan, all: bool) {
        let now = self.now.as_ref().unwrap_or(world);
        let from = match &self.now {
            Some(_) => &self.fetched.base,
            None => &self.fetched.head,
        };
        let find = |wanted: &_| {
            let found = self.fetched.git().versions(from, wanted);
            found.unwrap_or_default()
        };
        plan.tell_since(now, world, &find, all);
    }

    /// Prints the difference of all releases in the plan, if it is wanted.
    ///
    /// # Errors
    /// git fails, or there is no commit of that name.
    pub fn differ(
        &self,
        showing: &Showing,
        world: &World<'_>,
        plan: &Plan,
        root: &Path,
    ) -> Result<(), Failure> {
        let commits = [&self.fetched.base].into_iter().chain(&self.trees.common);
        let past = Past {
            now: self.now.as_ref().unwrap_or(world),
            root,
            head: self.fetched.head.as_str(),
            published: commits.map(|oid| oid.as_str().to_owned()).collect(),
        };
        showing.show_from(&past, world, plan)
    }
}
