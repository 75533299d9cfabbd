//! What a client says through the door of the crate.

use conex_verify::tree::Tree;
use conex_verify::workbench::verify::Mode;
use conex_verify::{Outcome, PatchContext, Policy, Request, Store, Subject, verify};

use super::{World, cases, fingerprint};

impl World {
    pub fn policy(&self) -> Policy {
        let keys: Vec<String> = self
            .anchors
            .iter()
            .map(|a| fingerprint(a).to_string())
            .collect();
        let mut anchors = keys.join(",");
        if self.mode == Mode::Covered {
            anchors.push_str(",unsigned=covered");
        }
        let policy = Policy::new(&anchors, Some(self.quorum)).unwrap();
        match self.mode {
            Mode::NoStrict => policy.nostrict(),
            _ => policy,
        }
    }

    /// What a client says that gets this tree, and nothing before it.
    pub fn served(&self, tree: &Tree) -> Outcome {
        let outcome = self.update(tree, None, Vec::new());
        let findings = &outcome.report().findings;
        let client = self.client().unwrap();
        cases::served(tree, &client, self.mode, outcome.is_accepted(), findings);
        outcome
    }

    /// What a client says that gets this tree in place of another.
    pub fn update(&self, tree: &Tree, before: Option<&Tree>, memories: Vec<Vec<u8>>) -> Outcome {
        let request = Request {
            policy: &self.policy(),
            name: "r",
            subject: Subject::Whole { tree, before },
            memories: &memories,
        };
        verify(&request).unwrap()
    }

    /// What a client says that gets a patch.
    pub fn patched(&self, before: &Tree, patch: &[u8], memories: Vec<Vec<u8>>) -> Outcome {
        let context = PatchContext {
            repo_name: "r",
            store: Store::Directory,
            posixly_correct: false,
            clone: None,
        };
        let request = Request {
            policy: &self.policy(),
            name: "r",
            subject: Subject::Patch {
                before,
                patch,
                context,
            },
            memories: &memories,
        };
        verify(&request).unwrap()
    }
}
