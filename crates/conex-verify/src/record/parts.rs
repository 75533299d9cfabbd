//! The parts of a tree as it lies there, in either form: a digest for each.

use rayon::prelude::*;

use crate::format::digest::Digest;
use crate::format::path::{CONEX, PACKAGES};
use crate::published::{BUNDLES, SHARES, share};
use crate::tree::Tree;

/// The digests of a tree: of the packages of each share, with the bundle that holds their
/// metadata in the published form, and of everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    /// One for each share, in their order.
    pub(super) shares: Vec<Digest>,
    /// Of all files that are of no share, and of what is no file.
    pub(super) common: Digest,
}

impl Parts {
    /// The parts of a tree.
    pub(crate) fn of(tree: &Tree) -> Parts {
        tree.digest_all();
        let mut shares = vec![Vec::new(); usize::from(SHARES)];
        let mut common = Vec::new();
        let mut known = Sharer::default();
        for (path, bytes) in &tree.files {
            let share = known.of(path).map(usize::from);
            let text = share.and_then(|share| shares.get_mut(share));
            let text = text.unwrap_or(&mut common);
            put(text, path);
            text.extend_from_slice(bytes.digest().as_bytes());
        }
        // Between two kinds of names stands a name that no file has.
        let mut names = |names: &mut dyn Iterator<Item = &String>| {
            put(&mut common, "");
            names.for_each(|name| put(&mut common, name));
        };
        names(&mut tree.others.iter());
        names(&mut tree.elsewhere.iter());
        names(&mut tree.empty.iter());
        Parts {
            shares: shares.par_iter().map(|text| Digest::of(text)).collect(),
            common: Digest::of(&common),
        }
    }
}

/// Adds a name so that two lists of names never give the same bytes.
fn put(text: &mut Vec<u8>, name: &str) {
    let len = u64::try_from(name.len()).unwrap_or(u64::MAX);
    text.extend_from_slice(&len.to_be_bytes());
    text.extend_from_slice(name.as_bytes());
}

/// Tells the share of a path. The paths of one directory mostly follow each other.
#[derive(Debug, Default)]
struct Sharer<'t> {
    last: Option<(&'t str, u8)>,
}

impl<'t> Sharer<'t> {
    /// The share of a path: that of a package directory and everything in it, or of a bundle.
    fn of(&mut self, path: &'t str) -> Option<u8> {
        if path.starts_with(CONEX) {
            return share_of_bundle(path);
        }
        let (dir, _) = path.strip_prefix(PACKAGES)?.split_once('/')?;
        match self.last {
            Some((last, share)) if last == dir => Some(share),
            _ => {
                let share = share(dir);
                self.last = Some((dir, share));
                Some(share)
            }
        }
    }
}

/// The share whose packages have their metadata in this bundle.
pub(super) fn share_of_bundle(path: &str) -> Option<u8> {
    let share = path.strip_prefix(BUNDLES)?.strip_prefix("packages-")?;
    let number: u8 = share.parse().ok()?;
    (number < SHARES && format!("{number:02}") == share).then_some(number)
}
