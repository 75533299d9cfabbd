//! From the published form to the working one.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::BUNDLES;
use super::bundle::{Bundle, NoBundle, Record, records, segments_of};
use super::facts::Versions;
use super::fault::Fault;
use super::line::{Gap, Misfit, Shape, expanded_len, most_expanded_len};
use super::shorten::{Known, What};
use crate::bytes::Bytes;
use crate::finding::{Findings, Severity};
use crate::format::path::{CONEX, PACKAGES, Place, segment_path};
use crate::limits::{MAX_BUNDLE, MAX_TREE_FILES, MAX_TREE_SIZE};
use crate::settled::Settled;
use crate::tree::Tree;

/// How the metadata of a tree lie in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Each in a file of its own: people work on these, and a small repository is published so.
    Working,
    /// In bundles, for clients.
    Published,
}

/// The form of a tree: whether there is a bundle.
pub fn form_of(tree: &Tree) -> Form {
    match tree.below(BUNDLES).next() {
        None => Form::Working,
        Some(_) => Form::Published,
    }
}

/// V11.1 to V11.5: The working form of a tree. One that has it already comes back as it is.
///
/// A tree is in one form, and there is one published form of each state: nothing else is expanded
/// than what the expanded tree is shortened to. Limits hold for the expanded tree, and are looked at before
/// anything is expanded.
///
/// # Errors
/// Why something cannot be expanded. Then the tree has no working form.
pub fn expand(tree: Tree) -> Result<Tree, Findings> {
    expand_rest(tree, &Settled::default())
}

/// The working form of a tree from which everything of the settled shares has been left out. What
/// is left out need not be there, and counts.
///
/// # Errors
/// Those of [`expand`].
pub fn expand_rest(tree: Tree, settled: &Settled) -> Result<Tree, Findings> {
    let (tree, findings) = work(tree, settled);
    match findings.is_refused() {
        true => Err(findings),
        false => Ok(tree),
    }
}

/// What of a tree can be expanded: of one that was accepted once, and that somebody may have
/// damaged since, this is what it still says.
pub fn evidence(tree: Tree) -> Tree {
    work(tree, &Settled::default()).0
}

fn work(tree: Tree, settled: &Settled) -> (Tree, Findings) {
    if form_of(&tree) == Form::Working {
        return (tree, Findings::default());
    }
    let mut work = Work {
        tree,
        settled,
        findings: Findings::default(),
        versions: Versions::of(settled),
    };
    let bundles = work.take_bundles();
    work.take_own_files();
    work.expand_all(&bundles);
    (work.tree, work.findings)
}

struct Work<'s> {
    tree: Tree,
    settled: &'s Settled,
    findings: Findings,
    versions: Versions,
}

/// A file in a bundle that can lie there.
struct Item<'a> {
    bundle: Bundle,
    /// Nothing for a segment, whose place is not known before it is expanded.
    place: Option<Place>,
    path: &'a str,
    short: &'a str,
}

impl Item<'_> {
    fn what(&self) -> What<'_> {
        self.place.as_ref().map_or(What::Segment, What::of)
    }
}

impl Work<'_> {
    /// Takes in a fault; of those that are all alike only the first are put into words.
    fn fault(&mut self, fault: &Fault) {
        let make = || fault.finding();
        self.findings.push_with(fault.code(), Severity::Error, make);
    }

    /// V11.1: All bundles are there, and nothing else is where they lie.
    fn take_bundles(&mut self) -> Vec<(Bundle, Bytes)> {
        let mut found: BTreeMap<String, Bytes> = self
            .tree
            .below(BUNDLES)
            .map(|(path, bytes)| (path.to_owned(), bytes.clone()))
            .collect();
        self.tree.files.retain(|path, _| !found.contains_key(path));
        let mut bundles = Vec::new();
        let settled = self.settled;
        let left_out = |bundle: &Bundle| match bundle {
            Bundle::Packages(share) => settled.has_share(*share),
            _ => false,
        };
        for bundle in Bundle::all().filter(|bundle| !left_out(bundle)) {
            match found.remove(&bundle.path()) {
                Some(bytes) if bytes.len() <= MAX_BUNDLE => bundles.push((bundle, bytes)),
                Some(bytes) => self.fault(&Fault::TooLarge(bundle, bytes.len())),
                None => self.fault(&Fault::Missing(bundle)),
            }
        }
        for path in found.into_keys() {
            self.fault(&Fault::NoBundle(path));
        }
        bundles
    }

    /// V11.2: No metadata lie in files of their own but the snapshot.
    fn take_own_files(&mut self) {
        let own = |path: &str| {
            let last = path.rsplit('/').next().unwrap_or_default();
            let metadata = path.starts_with(CONEX)
                || path.starts_with(PACKAGES)
                    && ["authorisation", "releases", "checksum"].contains(&last);
            metadata && Place::of(path).is_ok_and(|place| Bundle::of(&place).is_some())
        };
        let paths: Vec<String> = self.tree.files.keys().filter(|p| own(p)).cloned().collect();
        for path in paths {
            self.tree.files.remove(&path);
            self.fault(&Fault::OwnFile(path));
        }
    }

    fn expand_all(&mut self, bundles: &[(Bundle, Bytes)]) {
        // V11.5: counted before any of them is kept.
        let counts = bundles.par_iter();
        let count: usize = counts.map(|(b, bytes)| records(*b, bytes).count()).sum();
        let files = self.tree.files.len() + count + self.settled.totals().files;
        if files > MAX_TREE_FILES {
            return self.fault(&Fault::TooManyFiles(files));
        }
        let read: Vec<Result<Vec<Record<'_>>, NoBundle>> = bundles
            .par_iter()
            .map(|(bundle, bytes)| records(*bundle, bytes).collect())
            .collect();
        let mut items = Vec::new();
        for ((bundle, _), read) in bundles.iter().zip(read) {
            match read {
                Ok(records) => self.places(*bundle, records, &mut items),
                Err(error) => self.fault(&Fault::Malformed(*bundle, error)),
            }
        }
        if let Err(fault) = self.within(&items) {
            return self.fault(&fault);
        }
        let segment = |item: &Item<'_>| matches!(item.what(), What::Segment);
        let checksum = |item: &Item<'_>| matches!(item.what(), What::Checksum(_));
        let (segments, items): (Vec<_>, Vec<_>) = items.into_iter().partition(segment);
        let (checksums, items): (Vec<_>, Vec<_>) = items.into_iter().partition(checksum);
        for stage in [items, checksums, segments] {
            self.stage(&stage);
        }
        self.snapshot();
    }

    /// V11.3: Metadata and nothing else, each file in the bundle that its name gives.
    fn places<'a>(&mut self, bundle: Bundle, records: Vec<Record<'a>>, items: &mut Vec<Item<'a>>) {
        for Record { path, short } in records {
            let place = Place::of(path).ok();
            let package = place.as_ref().and_then(Place::package);
            if package.is_some_and(|name| self.settled.has(&name)) {
                continue;
            }
            let belongs = match (segments_of(path), &place) {
                (Some(id), _) => Bundle::of_index(&id) == bundle,
                // It has the name of a segment, which is computed.
                (None, Some(Place::Segment(..)) | None) => false,
                (None, Some(place)) => Bundle::of(place) == Some(bundle),
            };
            if belongs {
                items.push(Item {
                    bundle,
                    place,
                    path,
                    short,
                });
            } else {
                self.fault(&Fault::NotHere(bundle, path.to_owned()));
            }
        }
    }

    /// V11.5: The bytes of the whole tree when everything is expanded.
    fn within(&self, items: &[Item<'_>]) -> Result<(), Fault> {
        let real: usize = self.tree.files.values().map(|bytes| bytes.len()).sum();
        let snapshot = self.tree.get(&Place::Snapshot.path());
        let snapshot = snapshot.and_then(|bytes| std::str::from_utf8(bytes).ok());
        let all = |len: fn(Shape, &str) -> usize| {
            let expanded = items.iter();
            let expanded = expanded.map(|item| len(item.what().shape(), item.short));
            let snapshot = snapshot.map_or(0, |text| len(What::Snapshot.shape(), text));
            let all = real + expanded.sum::<usize>() + snapshot + self.settled.totals().bytes;
            u64::try_from(all).unwrap_or(u64::MAX)
        };
        // What is cheap to count first.
        if all(most_expanded_len) <= MAX_TREE_SIZE {
            return Ok(());
        }
        match all(expanded_len) {
            size if size > MAX_TREE_SIZE => Err(Fault::TooManyBytes(size)),
            _ => Ok(()),
        }
    }

    /// Files that need nothing of one another.
    fn stage(&mut self, items: &[Item<'_>]) {
        let known = Known {
            files: &self.tree.files,
            versions: &self.versions,
            state: None,
        };
        let expanded: Vec<Result<(String, Bytes), Fault>> = items
            .par_iter()
            .map(|item| self.expand_item(item, &known))
            .collect();
        // What needs a version that cannot be expanded is not expanded either, and that was said.
        let told = self.findings.is_refused();
        let mut last = "";
        let mut paths: Vec<String> = Vec::new();
        for (item, expanded) in items.iter().zip(expanded) {
            let (path, bytes) = match expanded {
                Ok(expanded) => expanded,
                Err(Fault::Entry(..)) if told => continue,
                Err(fault) => {
                    self.fault(&fault);
                    continue;
                }
            };
            // V11.3: segments of one id stand in the order of their names.
            if item.path == last && paths.last().is_some_and(|before| *before >= path) {
                self.fault(&Fault::Order(item.bundle, path));
                continue;
            }
            last = item.path;
            if let (Some(place), Ok(text)) = (&item.place, std::str::from_utf8(&bytes)) {
                self.versions.add(place, text, &bytes);
            }
            paths.push(path.clone());
            self.tree.files.insert(path, bytes);
        }
    }

    fn expand_item(&self, item: &Item<'_>, known: &Known<'_>) -> Result<(String, Bytes), Fault> {
        let (what, short) = (item.what(), item.short);
        let text = what.expand(short, known).map_err(|misfit| match misfit {
            Misfit::Gap(gap) => fault_of(item, gap, known),
            Misfit::InFull => Fault::OtherForm(item.path.to_owned()),
        })?;
        let bytes = Bytes::from(text);
        let path = match segments_of(item.path) {
            Some(id) => segment_path(&id, &bytes.digest().short()),
            None => item.path.to_owned(),
        };
        match self.occupied(&path) {
            Some(real) => Err(Fault::Occupied(path, real)),
            None => Ok((path, bytes)),
        }
    }

    /// V11.3: What is in the tree where the file or one of its directories would lie.
    fn occupied(&self, path: &str) -> Option<String> {
        let tree = &self.tree;
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        let mut file = above.filter(|dir| tree.files.contains_key(*dir));
        let below = || {
            tree.below(&format!("{path}/"))
                .next()
                .map(|(p, _)| p.to_owned())
        };
        let here = || tree.empty.contains(path) || tree.files.contains_key(path);
        file.next()
            .map(str::to_owned)
            .or_else(below)
            .or_else(|| here().then(|| path.to_owned()))
    }

    fn snapshot(&mut self) {
        let path = Place::Snapshot.path();
        let Some(bytes) = self.tree.get(&path).cloned() else {
            return;
        };
        let Ok(short) = std::str::from_utf8(&bytes) else {
            return;
        };
        self.tree.files.remove(&path);
        // It states what cannot be expanded.
        if self.findings.is_refused() {
            return;
        }
        let state = self.settled.state_with(&self.tree);
        let known = Known {
            files: &self.tree.files,
            versions: &self.versions,
            state: Some(&state),
        };
        match What::Snapshot.expand(short, &known) {
            Ok(text) => {
                self.tree.files.insert(path, text.into());
            }
            Err(Misfit::InFull) => self.fault(&Fault::OtherForm(path)),
            // V11.5: each directory that differs.
            Err(Misfit::Gap(_)) => {
                for gap in What::Snapshot.gaps(short, &known) {
                    self.fault(&Fault::Snapshot(gap));
                }
            }
        }
    }
}

/// What to say of a digest that cannot be put back.
fn fault_of(item: &Item<'_>, gap: Box<Gap>, known: &Known<'_>) -> Fault {
    match item.what() {
        What::Checksum(release) => match known.listed(release, &gap.before) {
            Some((path, Some(bytes))) => Fault::Changed(path, gap, bytes.clone()),
            Some((path, None)) => Fault::Gone(path, item.path.to_owned()),
            None => Fault::OtherForm(item.path.to_owned()),
        },
        What::Segment => Fault::Entry(item.path.to_owned(), gap),
        What::Plain | What::Snapshot => Fault::OtherForm(item.path.to_owned()),
    }
}
