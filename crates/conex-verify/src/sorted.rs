//! A small map: a sorted list of pairs, without room for more.
//!
//! Most directories of releases hold one file, and many packages one release. A
//! `BTreeMap` has room for eleven from the first one on, which a hostile repository of
//! tiny packages would have a client pay for.

use std::borrow::Borrow;

/// A map, as a list of pairs that is sorted by the first of them. Keys that come in their
/// order are put in at the end, which costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sorted<K, V>(Vec<(K, V)>);

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Sorted(Vec::new())
    }
}

impl<K: Ord, V> Sorted<K, V> {
    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        match self.0.last() {
            Some((last, _)) if key.cmp(last.borrow()).is_gt() => Err(self.0.len()),
            _ => self
                .0
                .binary_search_by(|(k, _)| key.cmp(k.borrow()).reverse()),
        }
    }

    /// What is known under a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (_, value) = self.0.get(self.find(key).ok()?)?;
        Some(value)
    }

    /// Whether something is known under a key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Puts a value under a key; gives the one that was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => {
                let (_, there) = self.0.get_mut(at)?;
                Some(std::mem::replace(there, value))
            }
            Err(at) => {
                self.make_room();
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Changes what is known under a key: a value as it is at first, if nothing was.
    pub fn update(&mut self, key: K, change: impl FnOnce(&mut V))
    where
        V: Default,
    {
        let at = match self.find(&key) {
            Ok(at) => at,
            Err(at) => {
                self.make_room();
                self.0.insert(at, (key, V::default()));
                at
            }
        };
        if let Some((_, value)) = self.0.get_mut(at) {
            change(value);
        }
    }

    /// Exactly one place at first, half as many again as there are later.
    fn make_room(&mut self) {
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact((self.0.len() / 2).max(1));
        }
    }

    /// The pairs, by their keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.into_iter()
    }

    /// The keys, in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values, by their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.0.iter().map(|(_, value)| value)
    }
}

/// The pairs of a [`Sorted`].
pub type Iter<'a, K, V> =
    std::iter::Map<std::slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;

impl<'a, K, V> IntoIterator for &'a Sorted<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        let pair: fn(&'a (K, V)) -> (&'a K, &'a V) = |(key, value)| (key, value);
        self.0.iter().map(pair)
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Sorted<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut map = Sorted::default();
        for (key, value) in pairs {
            map.insert(key, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(pairs in prop::collection::vec((0u8..30, 0u32..1000), 0..60)) {
            let model: BTreeMap<u8, u32> = pairs.iter().copied().collect();
            let map: Sorted<u8, u32> = pairs.iter().copied().collect();
            prop_assert!(map.iter().eq(&model));
            prop_assert!(map.keys().eq(model.keys()));
            prop_assert!(map.values().eq(model.values()));
            prop_assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
            let mut counted: Sorted<u8, u32> = Sorted::default();
            for (key, _) in &pairs {
                counted.update(*key, |count| *count += 1);
            }
            for key in 0..30 {
                prop_assert_eq!(map.get(&key), model.get(&key));
                prop_assert_eq!(map.contains_key(&key), model.contains_key(&key));
                let count = pairs.iter().filter(|(k, _)| *k == key).count();
                let found = counted.get(&key).map_or(0, |n| usize::try_from(*n).unwrap());
                prop_assert_eq!(found, count);
            }
        }
    }

    #[test]
    fn one_value_has_one_place() {
        let map: Sorted<u8, u8> = [(1, 1)].into_iter().collect();
        assert_eq!(map.0.capacity(), 1);
    }
}
