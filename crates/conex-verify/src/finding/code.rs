//! The kinds of finding.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $title:literal;)*) => {
        /// The kinds of finding. A number is never used again for another kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* #[doc = $title] $name,)* }

        impl Code {
            /// All codes, by number.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code as it is printed: `E` and three digits.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $number,)* }
            }

            /// What findings of this code have in common, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    // The tree as files.
    IrregularFile = "E001", "not a plain, readable file";
    BadPath = "E002", "a path outside the grammar";
    CaseCollision = "E003", "two names that differ only in case";
    UnexpectedFile = "E004", "a file that nothing accounts for";
    TopLevel = "E005", "a forbidden name at the top of the repository";
    // Metadata as text.
    Syntax = "E010", "not in opam-file syntax";
    Encoding = "E011", "not the one valid encoding";
    WrongIdentity = "E012", "type, name or place disagree";
    CheckLine = "E013", "the check line does not fit";
    Digest = "E014", "bytes differ from what was vouched for";
    // Keys and signatures.
    BadKey = "E015", "an unusable key";
    BadSignature = "E016", "a signature that does not verify";
    ForeignRepository = "E017", "made for another repository";
    KeyOfTwoIds = "E018", "one key under two ids";
    UnknownKey = "E019", "a key that is not valid for the id";
    // Support.
    Unclaimed = "E020", "a package that is not signed";
    Quorum = "E021", "fewer approvals than the quorum";
    NotVouched = "E022", "neither an owner nor a quorum vouches";
    Superseded = "E023", "a newer version is vouched for";
    Equivocation = "E024", "two versions with the same counter are vouched for";
    EpochNotOpened = "E025", "an epoch that no quorum opened";
    MissingResource = "E026", "metadata is missing";
    NotAnAuthor = "E027", "an owner or member that is not a valid author";
    PendingId = "E028", "an id that is not valid yet";
    NamespaceClash = "E029", "one name for two different things";
    // Chain and anchors.
    NoChain = "E030", "the janitor chain is missing or incomplete";
    ChainLink = "E031", "a link that does not follow from the one before";
    LinkSignatures = "E032", "a link that lacks signatures";
    AnchorLink = "E033", "no link is vouched for by the anchors";
    LinkQuorum = "E034", "a quorum that is out of range";
    // Packages.
    ReleaseList = "E040", "releases and directories differ";
    MissingFile = "E041", "a file that was vouched for is missing";
    ExtraFile = "E042", "a file that was not vouched for";
    MissingOpam = "E043", "a release without opam file";
    OpamSyntax = "E044", "an opam file that some opam cannot read";
    OpamName = "E045", "the opam file disagrees with its directory";
    WeakChecksum = "E046", "a source archive without a strong checksum";
    EqualVersions = "E047", "two versions that opam holds equal";
    Misplaced = "E048", "a release in another place than its own";
    EmptyFile = "E049", "an empty file of a signed release";
    // The `repo` file and the snapshot.
    RepoFile = "E050", "the top-level repo file";
    GitFile = "E051", "a git file at the top that was not approved";
    Snapshot = "E060", "not the state that the snapshot states";
    SnapshotSigner = "E061", "a snapshot by nobody who may sign it";
    SnapshotEpoch = "E062", "a snapshot of another epoch";
    SnapshotMissing = "E063", "a snapshot is required and missing";
    SnapshotAge = "E064", "a snapshot older than allowed";
    // The patch of an update.
    PatchSyntax = "E070", "a patch outside the closed grammar";
    PatchName = "E071", "a file name that no patch may have";
    PatchConflict = "E072", "a patch that does not fit the repository";
    PatchAmbiguous = "E073", "a change that versions of opam apply differently";
    PatchLimit = "E074", "a patch beyond a limit";
    // Archives.
    ArchiveGzip = "E080", "an archive that is not one intact gzip member";
    ArchiveEntry = "E081", "an archive outside the strict subset of tar";
    ArchiveName = "E082", "a name in an archive that readers take differently";
    ArchiveLimit = "E083", "an archive above the limits";
    // From one state to the next.
    Rollback = "E090", "older than what was accepted before";
    Removed = "E091", "something that is never removed is gone";
    Stripped = "E092", "vouches that were there are gone";
    Forked = "E093", "the chain does not continue the one accepted before";
    Unsigned = "E094", "what was valid is not valid any more";
    OtherRepository = "E095", "another repository under the same name";
    Returned = "E096", "a removed release is back without a new signature";
    Conflict = "E097", "one file changed in two branches";
    Forgotten = "E098", "a removal after which opam forgets a release";
    Disagreement = "E099", "findings and proof disagree";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_ascending() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].as_str() < pair[1].as_str());
        }
    }
}
