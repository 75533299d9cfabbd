//! The steps that honest people make, each in a branch, with the functions behind the verbs of
//! the program.

mod packages;
mod persons;
mod upkeep;

use std::collections::BTreeSet;

use conex::plan::{
    Change, Compact, Epoch, JanitorChange, Join, KeyChange, OwnerChange, PlanError, Selection,
    Supersede, TeamChange, View, approve, change_keys, claims::claims as list_claims, compact,
    decline, delete_dead, epoch, janitor, join, owner, revoke, sign, supersede, team,
};
use conex::shell::keys::Signer as _;
use conex_verify::format::key::PublicKey;
use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Author, Decode as _, IdFile, Kind as Of, Resource as _, ResourceId, SnapshotRule,
};
use conex_verify::workbench::repository::Repository;

use super::people::{Branch, Facts, Refused, has_file, request};
use crate::world::{OPAM, id, opam_path};

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Join,
    NewKey,
    Rotate,
    Revoke,
    Package,
    Release,
    Edit,
    Removal,
    Return,
    Epoch,
    Owner,
    Team,
    Janitor,
    Claims,
    Supersede,
    Decline,
    Withdraw,
    Compact,
    DeleteDead,
    TopLevel,
    Approve,
    /// A step of earlier is taken back with git, or a branch that was not merged comes again.
    Revert,
    Retry,
    /// Somebody deletes a segment, whether it is dead or not.
    Strip,
    Snapshot,
}

/// All of them; what authors do most stands twice.
pub const KINDS: [Kind; 33] = [
    Kind::Join,
    Kind::Join,
    Kind::NewKey,
    Kind::Rotate,
    Kind::Revoke,
    Kind::Package,
    Kind::Release,
    Kind::Release,
    Kind::Edit,
    Kind::Edit,
    Kind::Removal,
    Kind::Removal,
    Kind::Return,
    Kind::Epoch,
    Kind::Epoch,
    Kind::Owner,
    Kind::Team,
    Kind::Janitor,
    Kind::Janitor,
    Kind::Claims,
    Kind::Supersede,
    Kind::Decline,
    Kind::Decline,
    Kind::Withdraw,
    Kind::Compact,
    Kind::DeleteDead,
    Kind::TopLevel,
    Kind::Approve,
    Kind::Revert,
    Kind::Revert,
    Kind::Retry,
    Kind::Retry,
    Kind::Strip,
];

/// The people who can become authors, and those who can become janitors.
const NEWCOMERS: [&str; 4] = ["dave", "erin", "frank", "grace"];
const NEW_JANITORS: [&str; 3] = ["jd", "je", "dave"];
/// Packages that can come.
const NAMES: [&str; 3] = ["logs", "astring", "lone"];

fn nobody() -> Refused {
    "there is nobody and nothing to do it with".to_owned()
}

/// Makes a step, and says which.
pub fn make(kind: Kind, branch: &mut Branch<'_>) -> Result<String, Refused> {
    match kind {
        Kind::Join => persons::new_author(branch),
        Kind::NewKey => persons::new_key(branch),
        Kind::Rotate => persons::rotate(branch),
        Kind::Revoke => persons::revoked(branch),
        Kind::Package => packages::package(branch),
        Kind::Release => packages::release(branch),
        Kind::Edit => packages::edit(branch),
        Kind::Removal => packages::removal(branch),
        Kind::Return => packages::returned(branch),
        Kind::Epoch => upkeep::new_epoch(branch),
        Kind::Owner => packages::owners(branch),
        Kind::Team => persons::teams(branch),
        Kind::Janitor => persons::janitors(branch),
        Kind::Claims => {
            branch.unsigned(list_claims)?;
            branch.settle(&["claims".to_owned()])?;
            Ok("the list of claims".to_owned())
        }
        Kind::Supersede => upkeep::above(branch),
        Kind::Decline => upkeep::declined(branch),
        Kind::Withdraw => upkeep::withdrawn(branch),
        Kind::Compact => upkeep::fold(branch),
        Kind::DeleteDead => upkeep::dead(branch),
        Kind::TopLevel => upkeep::top_level(branch),
        Kind::Approve => {
            branch.settle(&[])?;
            Ok("everybody does what waits".to_owned())
        }
        Kind::Strip => upkeep::strip(branch),
        // These are made of what was published, not in a branch.
        Kind::Revert | Kind::Retry | Kind::Snapshot => Err(nobody()),
    }
}

impl Branch<'_> {
    /// What is proposed is approved in the same change, of these names or whatever waits; or,
    /// once in a while, it waits.
    fn proposed(&mut self, names: &[&str]) -> Result<&'static str, Refused> {
        match self.people.random.below(8) {
            0 | 1 => Ok(", which waits"),
            2..=4 => {
                let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
                self.settle(&names)?;
                Ok(", approved alone")
            }
            _ => {
                self.settle(&[])?;
                Ok("")
            }
        }
    }

    fn text(&mut self) -> String {
        self.people.serial += 1;
        format!("{OPAM}x-n: {}\n", self.people.serial)
    }

    fn put(&mut self, path: &str, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref().into();
        self.tree.files.insert(path.to_owned(), bytes);
    }

    fn remove_below(&mut self, prefix: &str) {
        self.tree.files.retain(|path, _| !path.starts_with(prefix));
    }

    /// Who signs for a package: somebody who owns it, otherwise a janitor, who writes what the
    /// others approve.
    fn signer(&mut self, package: &str) -> Result<String, Refused> {
        let facts = Facts::of(&self.tree);
        let mut people = facts.people_of(package);
        if people.is_empty() || self.people.random.once_in(8) {
            people = facts.janitors;
        }
        self.people.one(&people).ok_or_else(nobody)
    }

    /// Signs what was changed of a package.
    fn changed(&mut self, package: &str) -> Result<(), Refused> {
        let who = self.signer(package)?;
        let named = match self.people.random.below(3) {
            0 => vec![],
            _ => vec![package.to_owned()],
        };
        // A package that nobody claims and that is named would get an owner.
        let facts = Facts::of(&self.tree);
        let owned = facts.packages.get(package).is_some_and(|p| p.0.is_some());
        self.sign(&who, if owned { &named } else { &[] })?;
        self.settle(&[package.to_owned()])
    }
}
