//! The one place where decisions about trust become findings, with code, values and hint. The
//! rules themselves, [`crate::trust`], know no text.

mod chain;
mod standing;

pub use self::chain::{anchor_fault, chain_fault, lacking, link_fault, link_signatures};
pub use self::standing::standing;

use crate::format::name::Id;

/// Ids, separated by commas; of many only the first.
pub fn list<'a>(ids: impl Iterator<Item = &'a Id>) -> String {
    const SHOWN: usize = 8;
    let ids: Vec<&str> = ids.map(Id::as_str).collect();
    let shown: Vec<&str> = ids.iter().take(SHOWN).copied().collect();
    match ids.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}
