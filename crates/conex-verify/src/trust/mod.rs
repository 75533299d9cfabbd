//! Who is believed: anchors, the janitor chain, vouches, support.
//!
//! `docs/verification.md` has the rules in words, in the same order.

pub mod anchors;
pub mod chain;
pub mod ids;
pub mod support;
pub mod tally;
pub mod vouch;

use support::Standing;

/// Whether what waits for approval counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Only what is supported counts: how a client sees the tree.
    Supported,
    /// Pending authorisations count too: how an author sees a working tree, who
    /// signs before janitors approve.
    AsIfApproved,
}

impl View {
    /// Whether a resource of this standing is in force.
    pub fn in_force(self, standing: &Standing) -> bool {
        standing.is_valid()
            || (self == View::AsIfApproved && matches!(standing, Standing::Waiting(_)))
    }
}
