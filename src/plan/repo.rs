//! What the files at the top of a repository may say: `packages/.conex/repo`.

use super::{Plan, PlanError, World};
use conex_verify::format::digest::Digest;
use conex_verify::format::path::Place;
use conex_verify::format::resource::{Kind, REPO_NAME, Repo, ResourceId, Revision, TopFile};
use conex_verify::format::syntax;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Slot;
use conex_verify::workbench::verify::repo_file::repo_values;

/// The files at the top, as they are now.
pub(super) fn top_level(tree: &Tree, revision: Revision) -> Repo {
    Repo {
        revision,
        values: tree.get("repo").map(|s| repo_values(s)).unwrap_or_default(),
        files: TopFile::ALL
            .into_iter()
            .filter_map(|file| Some((file, Digest::of(tree.get(file.as_str())?))))
            .collect(),
    }
}

impl Plan {
    /// Says what of the files at the top is proposed.
    pub(super) fn say_top_level(&mut self, repo: &Repo) {
        let mut what: Vec<&str> = repo.values.keys().map(|f| f.as_str()).collect();
        what.extend(repo.files.keys().map(|f| f.as_str()));
        if !what.is_empty() {
            self.say(format!(
                "proposes to approve, as they are now: {}",
                what.join(", ")
            ));
        }
    }

    /// Proposes what the files at the top say now, if that is not what was approved or
    /// proposed last.
    ///
    /// A file that was approved and is absent stays approved: a tree from an archive has
    /// none of git's.
    ///
    /// # Errors
    /// The counter is at its end.
    pub(super) fn propose_top_level(&mut self, world: &World<'_>) -> Result<(), PlanError> {
        // A file `repo` that is missing or cannot be read has its finding; nothing is
        // proposed on its account.
        let readable = world
            .tree
            .get("repo")
            .is_some_and(|s| syntax::parse(s).is_ok());
        let old = match &world.repository.repo {
            Slot::Good(loaded) => Some(&loaded.value),
            Slot::Missing => None,
            Slot::Broken => return Ok(()),
        };
        let now = top_level(world.tree, Revision::FIRST);
        let same = match old {
            Some(old) => {
                old.values == now.values
                    && now
                        .files
                        .iter()
                        .all(|(file, digest)| old.files.get(file) == Some(digest))
            }
            None => now.values.is_empty() && now.files.is_empty(),
        };
        let conflict = world.conflicts.rewritten.contains(&Place::Repo.path());
        if (same && !conflict) || !readable {
            return Ok(());
        }
        let resource = ResourceId {
            kind: Kind::Repo,
            name: REPO_NAME.into(),
        };
        let revision = world.next_revision(&resource, old.map(|o| o.revision))?;
        let repo = Repo { revision, ..now };
        self.write(&repo);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::View;
    use crate::plan::{Init, init};
    use conex_verify::format::key::PublicKey;
    use conex_verify::format::name::{Id, RepositoryName};
    use conex_verify::format::resource::Decode as _;
    use conex_verify::workbench::repository::Repository;

    /// A repository that was just started.
    fn start(repo: &str) -> Tree {
        let mut tree = Tree::default();
        tree.files.insert("repo".to_owned(), repo.as_bytes().into());
        // The base point of the curve.
        let mut point = [0x66; 32];
        point[0] = 0x58;
        let request = Init {
            name: RepositoryName::new("r").unwrap(),
            snapshot: conex_verify::format::resource::SnapshotRule::Optional,
            quorum: 1,
            janitors: vec![(Id::new("j").unwrap(), PublicKey::ed25519(&point).unwrap())],
        };
        let plan = init(&tree, &Repository::load(&tree), &request).unwrap();
        plan.apply(&tree)
    }

    /// What is proposed after the file `repo` became `repo`.
    fn proposed(tree: &Tree, repo: &str) -> Option<Repo> {
        let mut tree = tree.clone();
        tree.files.insert("repo".to_owned(), repo.as_bytes().into());
        let repository = Repository::load(&tree);
        let world = World::new(&tree, &repository, View::AsIfApproved).unwrap();
        let mut plan = Plan::default();
        plan.propose_top_level(&world).unwrap();
        let bytes = plan.writes.get("packages/.conex/repo")?;
        Some(Repo::decode(bytes).unwrap())
    }

    #[test]
    fn a_changed_announcement_is_proposed_with_a_higher_counter() {
        let tree = start("opam-version: \"2.0\"\nannounce: \"old\"\n");
        let new = proposed(&tree, "opam-version: \"2.0\"\nannounce: \"new\"\n").unwrap();
        assert_eq!(new.values.values().collect::<Vec<_>>(), ["\"new\""]);
        assert!(new.revision > Revision::FIRST);
    }

    #[test]
    fn a_stamp_and_what_cannot_be_read_propose_nothing() {
        let tree = start("opam-version: \"2.0\"\nannounce: \"old\"\n");
        let stamped = "opam-version: \"2.0\"\nstamp: \"1\"\nannounce: \"old\"\n";
        assert_eq!(proposed(&tree, stamped), None);
        assert_eq!(proposed(&tree, "announce: \"new"), None);
    }
}
