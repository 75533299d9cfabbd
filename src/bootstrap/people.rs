//! Who stands behind the changes of a history.

use std::collections::{BTreeMap, BTreeSet};

use super::history::Change;
use super::month::Month;
use conex_verify::format::name::{Id, fold};

/// For how long somebody is awake after the last change. An account that sleeps for longer may be
/// somebody else's by now.
const AWAKE: u64 = 2 * 365 * 86_400;

/// What is known of the people of a history.
#[derive(Debug, Default)]
pub struct People {
    /// When each was last seen.
    seen: BTreeMap<Id, u64>,
    /// Those who merged what others had opened.
    merge: BTreeSet<Id>,
    /// How an account is written, by how it is compared.
    written: BTreeMap<String, Id>,
    /// Whose the word for an author is.
    words: BTreeMap<Box<str>, Id>,
    /// Accounts at the heads of pull requests that others write: of organisations.
    shared: BTreeSet<Id>,
    /// The time of the last change.
    until: u64,
}

type Counts<K> = BTreeMap<K, BTreeMap<Id, usize>>;

impl People {
    /// Those of a history.
    pub fn of(changes: &[Change]) -> People {
        let mut people = People {
            until: changes.iter().map(|c| c.time).max().unwrap_or(0),
            ..People::default()
        };
        let mut newest: BTreeMap<String, u64> = BTreeMap::new();
        for change in changes {
            let Some(head) = &change.head else { continue };
            let time = newest.entry(fold(head.as_str())).or_default();
            if change.time >= *time {
                *time = change.time;
                people.written.insert(fold(head.as_str()), head.clone());
            }
        }
        people.link(changes);
        for change in changes {
            let publisher = people.publisher(change).cloned();
            let merger = people.words.get(&change.merger).cloned();
            if change.author != change.merger
                && let Some(merger) = &merger
                && Some(merger) != publisher.as_ref()
            {
                people.merge.insert(merger.clone());
            }
            for id in publisher.into_iter().chain(merger) {
                let time = people.seen.entry(id).or_default();
                *time = change.time.max(*time);
            }
        }
        people
    }

    /// Finds whose the words for authors are: whose account is most often at the head of what the
    /// author wrote and somebody else merged. Who merges under the own name writes the author too.
    fn link(&mut self, changes: &[Change]) {
        let (mut merged, mut own) = (Counts::new(), Counts::new());
        for change in changes {
            let Some(head) = self.head(change) else {
                continue;
            };
            let counts = match change.author == change.merger {
                true => &mut own,
                false => &mut merged,
            };
            let counts = counts.entry(change.author.clone()).or_default();
            *counts.entry(head.clone()).or_default() += 1;
        }
        let most = |counts: &BTreeMap<Id, usize>| {
            // Of two that are alike the first by name.
            let by_count = counts.iter().rev().max_by_key(|(_, n)| **n);
            by_count.map(|(id, _)| id.clone())
        };
        own.retain(|word, _| !merged.contains_key(word));
        let all = merged.iter().chain(&own);
        self.words = all
            .filter_map(|(word, counts)| Some((word.clone(), most(counts)?)))
            .collect();
        let mut written: BTreeMap<&Id, (usize, usize)> = BTreeMap::new();
        for (word, counts) in &merged {
            for (head, n) in counts {
                let (others, all) = written.entry(head).or_default();
                *all += n;
                *others += if self.words.get(word) == Some(head) {
                    0
                } else {
                    *n
                };
            }
        }
        let of_others = written
            .into_iter()
            .filter(|(_, (others, all))| others * 2 > *all);
        self.shared = of_others.map(|(head, _)| head.clone()).collect();
        let shared = &self.shared;
        self.words.retain(|_, id| !shared.contains(id));
    }

    fn head(&self, change: &Change) -> Option<&Id> {
        self.written.get(&fold(change.head.as_ref()?.as_str()))
    }

    /// Who published what a change adds: the account at its head; where that is an organisation's,
    /// or is not known, its author, if it is known whose word that is.
    pub fn publisher(&self, change: &Change) -> Option<&Id> {
        let author = self.words.get(&change.author);
        [self.head(change), author]
            .into_iter()
            .flatten()
            .find(|id| !self.shared.contains(*id))
    }

    /// The person of this name, however the letters are written.
    pub fn named(&self, name: &str) -> Option<&Id> {
        let id = self.written.get(&fold(name))?;
        self.seen.contains_key(id).then_some(id)
    }

    /// Everybody.
    pub fn all(&self) -> impl Iterator<Item = &Id> {
        self.seen.keys()
    }

    /// Whether somebody merged what another had opened.
    pub fn merges(&self, id: &Id) -> bool {
        self.merge.contains(id)
    }

    /// When somebody was last seen.
    pub fn last_seen(&self, id: &Id) -> Option<Month> {
        self.seen.get(id).map(|time| Month::of(*time))
    }

    /// Whether somebody was seen in the last two years of the history.
    pub fn is_awake(&self, id: &Id) -> bool {
        let awake = |time: &u64| time.saturating_add(AWAKE) >= self.until;
        self.seen.get(id).is_some_and(awake)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::new(text).unwrap()
    }

    fn change(time: u64, head: &str, author: &str, merger: &str) -> Change {
        Change {
            time,
            head: Id::new(head).ok(),
            author: author.into(),
            merger: merger.into(),
            added: BTreeSet::new(),
            releases: 0,
        }
    }

    /// What has no account at its head is known by its author, however an account is written.
    #[test]
    fn an_author_is_known_by_what_others_merged() {
        let changes = [
            change(1, "ann", "a", "m"),
            change(2, "Ann", "a", "m"),
            change(3, "mary", "m", "m"),
            change(4, "", "a", "a"),
        ];
        let people = People::of(&changes);
        for change in [0, 1, 3].map(|n| &changes[n]) {
            assert_eq!(people.publisher(change), Some(&id("Ann")));
        }
        assert_eq!(people.named("ANN"), Some(&id("Ann")));
        assert!(people.merges(&id("mary")) && !people.merges(&id("Ann")));
    }

    /// Who merges only what is their own merges nothing of others.
    #[test]
    fn who_merges_for_others_is_no_author_who_merges_alone() {
        let people = People::of(&[change(1, "ann", "a", "a"), change(2, "ann", "a", "a")]);
        assert!(!people.merges(&id("ann")));
    }

    /// A branch of an organisation is its author's, not a person of the organisation's name; nor is
    /// who always works in its branches, and merges.
    #[test]
    fn an_organisation_at_the_head_is_nobody() {
        let changes = [
            change(0, "guild", "g", "m"),
            change(0, "carl", "c", "g"),
            change(1, "ann", "a", "m"),
            change(2, "ann", "a", "m"),
            change(3, "bob", "b", "m"),
            change(4, "guild", "a", "m"),
            change(5, "guild", "b", "m"),
        ];
        let people = People::of(&changes);
        assert_eq!(people.publisher(&changes[5]), Some(&id("ann")));
        assert_eq!(people.named("guild"), None);
    }

    #[test]
    fn who_was_not_seen_for_two_years_sleeps() {
        let changes = [
            change(1, "ann", "a", "m"),
            change(2, "bob", "b", "m"),
            change(AWAKE + 2, "carl", "c", "m"),
        ];
        let people = People::of(&changes);
        assert!(!people.is_awake(&id("ann")) && people.is_awake(&id("bob")));
        assert_eq!(people.last_seen(&id("carl")), Some(Month::of(AWAKE + 2)));
    }
}
