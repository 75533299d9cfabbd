//! How people, and what does not count, are named in findings.

use crate::format::name::Id;
use crate::trust::vouch::Idle;

/// Why a segment does not count.
pub(super) fn idle(why: Idle) -> &'static str {
    match why {
        Idle::BadSignature => "the signature does not verify",
        Idle::NotYet => "the author's file is not valid yet",
        Idle::FormerJanitor => "signed with the key of a former janitor",
        Idle::SomebodyElse => "signed with the key of somebody else",
        Idle::UnknownKey => "signed with a key that is not valid for this id",
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_ids_the_first_eight_are_named() {
        let ids: Vec<Id> = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
            .map(|id| Id::new(id).unwrap())
            .into();
        let of = |n| list(ids.iter().take(n));
        assert_eq!(of(2), "a, b");
        assert_eq!(of(8), "a, b, c, d, e, f, g, h");
        assert_eq!(of(10), "a, b, c, d, e, f, g, h and 2 more");
    }
}
