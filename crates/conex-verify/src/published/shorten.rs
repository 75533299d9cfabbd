//! From the working form to the published one.

use std::collections::BTreeMap;

use rayon::prelude::*;
use thiserror::Error;

use super::bundle::{self, Bundle, segments_path};
use super::facts::{self, Versions};
use super::line::{self, Gap, Misfit, Shape};
use crate::bytes::Bytes;
use crate::format::digest::Digest;
use crate::format::name::Release;
use crate::format::path::{PACKAGES, Place};
use crate::format::state::State;
use crate::limits::{MAX_ALIKE, MAX_BUNDLE};
use crate::settled::Settled;
use crate::tree::Tree;

/// Why a tree has no published form. A tree that a client accepts has one, unless it is too large.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unpublishable {
    /// A file of metadata that is not the one valid encoding of anything.
    #[error("`{0}` is not written as the format asks for")]
    NotCanonical(String),
    /// There is a bundle in the tree.
    #[error("`{0}` is a bundle: this is the published form already")]
    Published(String),
    /// A bundle would be too large.
    #[error("`{path}` would have {size} bytes, the most is {MAX_BUNDLE}")]
    TooLarge {
        /// The bundle.
        path: String,
        /// Its size, in bytes.
        size: usize,
    },
}

/// What kind of file a place holds, as far as it decides what is left out.
#[derive(Debug, Clone, Copy)]
pub(super) enum What<'a> {
    /// A file whose digests all stand in full.
    Plain,
    /// The checksum of a release.
    Checksum(&'a Release),
    /// A segment.
    Segment,
    /// The snapshot.
    Snapshot,
}

impl<'a> What<'a> {
    pub(super) fn of(place: &'a Place) -> What<'a> {
        match place {
            Place::Checksum(release) => What::Checksum(release),
            Place::Segment(..) => What::Segment,
            Place::Snapshot => What::Snapshot,
            _ => What::Plain,
        }
    }

    pub(super) fn shape(self) -> Shape {
        match self {
            What::Plain => Shape::PLAIN,
            What::Checksum(_) => Shape::CHECKSUM,
            What::Segment => Shape::SEGMENT,
            What::Snapshot => Shape::SNAPSHOT,
        }
    }

    /// The file without what a reader can compute of the rest of the tree; nothing if it is not
    /// written as the format asks for.
    pub(super) fn shorten(self, text: &str, known: &Known<'_>) -> Option<String> {
        line::shorten(self.shape(), text, |field, before| {
            known.compute(self, field, before)
        })
    }

    /// What cannot be put back, at most as much as anybody is told.
    pub(super) fn gaps(self, text: &str, known: &Known<'_>) -> Vec<Gap> {
        line::gaps(self.shape(), text, MAX_ALIKE, |field, before| {
            known.compute(self, field, before)
        })
    }

    /// The file with what was left out.
    pub(super) fn expand(self, text: &str, known: &Known<'_>) -> Result<String, Misfit> {
        line::expand(self.shape(), text, |field, before| {
            known.compute(self, field, before)
        })
    }
}

/// What is known of the rest of the tree.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) files: &'a BTreeMap<String, Bytes>,
    pub(super) versions: &'a Versions,
    pub(super) state: Option<&'a State>,
}

impl Known<'_> {
    fn compute(&self, what: What<'_>, field: &str, before: &str) -> Option<Digest> {
        match what {
            What::Plain => None,
            What::Checksum(release) => facts::of_file(self.files, release, before),
            What::Segment => self.versions.of_entry(before),
            What::Snapshot => facts::of_directory(self.state?, field, before),
        }
    }

    /// The file that a line of a checksum is about.
    pub(super) fn listed(
        &self,
        release: &Release,
        before: &str,
    ) -> Option<(String, Option<&Bytes>)> {
        facts::listed(self.files, release, before)
    }
}

/// The published form of a tree in the working form. Whoever expands that has the tree again.
///
/// # Errors
/// A bundle in the tree, metadata that nobody can read, or too much of it.
pub fn shorten(tree: &Tree) -> Result<Tree, Unpublishable> {
    if let Some((path, _)) = tree.below(super::BUNDLES).next() {
        return Err(Unpublishable::Published(path.to_owned()));
    }
    let mut metadata: Vec<(&String, Place, &str)> = Vec::new();
    let mut versions = Versions::default();
    let mut out = tree.clone();
    for (path, bytes) in tree.files.range(PACKAGES.to_owned()..) {
        let Ok(place) = Place::of(path) else { continue };
        if Bundle::of(&place).is_none() && place != Place::Snapshot {
            continue;
        }
        let text = std::str::from_utf8(bytes);
        let text = text.map_err(|_| Unpublishable::NotCanonical(path.clone()))?;
        versions.add(&place, text, bytes);
        metadata.push((path, place, text));
    }
    let state = Settled::default().state_with(tree);
    let known = Known {
        files: &tree.files,
        versions: &versions,
        state: Some(&state),
    };
    let shortened: Vec<Option<String>> = metadata
        .par_iter()
        .map(|(_, place, text)| What::of(place).shorten(text, &known))
        .collect();
    let mut bundles: BTreeMap<Bundle, Vec<(String, String)>> =
        Bundle::all().map(|bundle| (bundle, Vec::new())).collect();
    for ((path, place, _), short) in metadata.iter().zip(shortened) {
        let short = short.ok_or_else(|| Unpublishable::NotCanonical((*path).clone()))?;
        let Some(bundle) = Bundle::of(place) else {
            out.files.insert((*path).clone(), short.into());
            continue;
        };
        out.files.remove(*path);
        let header = match place {
            Place::Segment(id, _) => segments_path(id),
            _ => (*path).clone(),
        };
        bundles.entry(bundle).or_default().push((header, short));
    }
    for (bundle, records) in bundles {
        let records = records.iter().map(|(path, short)| (&**path, &**short));
        let text = bundle::write(bundle, records);
        if text.len() > MAX_BUNDLE {
            return Err(Unpublishable::TooLarge {
                path: bundle.path(),
                size: text.len(),
            });
        }
        out.files.insert(bundle.path(), text.into());
    }
    Ok(out)
}
