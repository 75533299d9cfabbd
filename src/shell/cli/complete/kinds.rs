//! What an argument completes with.

use clap::builder::ArgExt;

/// What an argument completes with, from all of these sources; from none of them, as a number.
/// It stands at the argument: `#[arg(add = Completes(&[Source::Packages]))]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completes(pub &'static [Source]);

impl ArgExt for Completes {}

impl Completes {
    /// A number, a time, a text that nobody knows but who types it.
    pub const NOTHING: Completes = Completes(&[]);
    /// The name of somebody in the repository.
    pub const ID: Completes = Completes(&[Source::Ids]);
    /// Who signs: the keys that are here, and everybody else whose key may be in an agent.
    pub const SIGNER: Completes = Completes(&[Source::Keys, Source::Ids]);
    /// A key of one's own.
    pub const KEY: Completes = Completes(&[Source::Fingerprints, Source::File]);
    /// A file.
    pub const FILE: Completes = Completes(&[Source::File]);
    /// A directory.
    pub const DIRECTORY: Completes = Completes(&[Source::Directory]);
    /// A branch or a commit, of which the branches have names.
    pub const BRANCH: Completes = Completes(&[Source::Branches]);
}

/// Where names come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The packages of the repository.
    Packages,
    /// The releases of the package whose name and dot were typed.
    Releases,
    /// Authors, teams and janitors of the repository.
    Ids,
    /// The janitors of the last link.
    Janitors,
    /// What `supersede` takes before the name of a resource: `authorisation:`, and then names.
    Resources,
    /// The keys that conex keeps for somebody, by their ids.
    Keys,
    /// The fingerprints of those keys.
    Fingerprints,
    /// The fingerprints that the repository lists for the person who was named, or for those
    /// whose keys conex keeps.
    Listed,
    /// All branches that this clone knows.
    Branches,
    /// The branches of remotes, as this clone saw them last.
    RemoteBranches,
    /// Two of these branches, with `..` between them.
    Ranges,
    /// The remotes of this clone.
    Remotes,
    /// The repositories of opam.
    Repositories,
    /// The codes of findings.
    Codes,
    /// These words.
    Words(&'static [&'static str]),
    /// Files, which the shell knows best.
    File,
    /// Directories, which the shell knows best.
    Directory,
}
