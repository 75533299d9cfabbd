//! A client that has accepted something before.

use conex_verify::finding::Code;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::update::Memory;
use conex_verify::workbench::verdict::{Known, Load};

use crate::world::{Verdict, World};

/// How opam calls the repository.
pub const NAME: &str = "r";

/// What a client has from the last time.
#[derive(Clone, Default)]
pub struct Client {
    /// The tree that opam holds.
    pub tree: Option<Tree>,
    /// What the hook remembers.
    pub memory: Option<Memory>,
}

impl Client {
    /// A client that took over these states, one after the other.
    #[track_caller]
    pub fn after(states: &[&World]) -> Client {
        let mut client = Client::default();
        for state in states {
            client.updates(state).is_accepted();
        }
        client
    }

    /// What it says to a new state. Nothing changes in the client.
    pub fn says(&self, world: &World) -> Verdict {
        self.judge(world, Load::Patch).0
    }

    /// The same where opam reads the whole tree again, and applies no patch.
    pub fn says_of_the_whole(&self, world: &World) -> Verdict {
        self.judge(world, Load::Whole).0
    }

    /// It takes the new state over, if it accepts it.
    pub fn updates(&mut self, world: &World) -> Verdict {
        let (verdict, memory) = self.judge(world, Load::Patch);
        if verdict.accepted {
            self.tree = Some(world.tree.clone());
            self.memory = memory;
        }
        verdict
    }

    fn judge(&self, world: &World, load: Load) -> (Verdict, Option<Memory>) {
        let old = self
            .tree
            .as_ref()
            .map(|tree| (tree, Repository::load(tree)));
        let known = Known {
            tree: old.as_ref().map(|(tree, repository)| (*tree, repository)),
            name: NAME,
            memories: self.memory.as_slice(),
            load,
        };
        world.judge(&known, &world.client().unwrap()).says()
    }

    /// The repository was added again, or got another URL: opam hands over nothing.
    pub fn added_again(&self) -> Client {
        Client {
            tree: None,
            memory: self.memory.clone(),
        }
    }

    /// The memory is off.
    pub fn without_memory(&self) -> Client {
        Client {
            tree: self.tree.clone(),
            memory: None,
        }
    }
}

/// Who knows what, of the clients that have seen a state.
pub const BOTH: [Knows; 2] = [Knows::Tree, Knows::Memory];

/// What a client goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knows {
    /// The tree that opam holds.
    Tree,
    /// What the hook remembers.
    Memory,
}

/// `next` is a state that a new client accepts, and that one refuses, with `code`
/// about `path`, who has seen `before`; the tree alone is enough to know, and so is
/// the memory alone.
#[track_caller]
pub fn refused_after(before: &[&World], next: &World, code: Code, path: &str) {
    next.verdict().is_accepted();
    refused_by(&BOTH, before, next, code, path);
}

/// `next` is refused by clients who have seen `before`, going by what is named.
#[track_caller]
pub fn refused_by(who: &[Knows], before: &[&World], next: &World, code: Code, path: &str) {
    let client = Client::after(before);
    client.says(next).is_rejected(code, path);
    for knows in who {
        let one = match knows {
            Knows::Tree => client.without_memory(),
            Knows::Memory => client.added_again(),
        };
        one.says(next).is_rejected(code, path);
    }
}

/// `next` is accepted by every client that has seen `before`.
#[track_caller]
pub fn accepted_after(before: &[&World], next: &World) {
    let client = Client::after(before);
    client.says(next).is_accepted();
    client.without_memory().says(next).is_accepted();
    client.added_again().says(next).is_accepted();
}

impl World {
    /// The same repository and client, with another tree.
    pub fn with_tree(&self, tree: Tree) -> World {
        let mut world = self.clone();
        world.tree = tree;
        world
    }
}
