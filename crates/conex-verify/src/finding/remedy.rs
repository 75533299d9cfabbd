//! What to do about a finding, in the words of each reader.
//!
//! This is the one place where a reader decides. A client has opam and no key; whoever stands in
//! a work tree can type; whoever looks at a merge tells others what to do in the branch.

use std::borrow::Cow;

use crate::format::resource::{Kind, ResourceId};

/// Who reads a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reader {
    /// The user of opam, who takes a repository over as it is.
    #[default]
    Client,
    /// A person in a work tree, who is an author or a janitor.
    WorkTree,
    /// Who decides whether a branch is merged.
    Merge,
}

/// What to do, for each reader. In the words `NAME` stands for what the finding is about.
#[derive(Debug, PartialEq, Eq)]
pub struct Remedy {
    client: &'static str,
    work_tree: &'static str,
    merge: &'static str,
}

/// What to do about a version of a resource that is older than the one that counts.
pub fn newer(resource: &ResourceId) -> &'static Remedy {
    match resource.kind {
        Kind::Releases | Kind::Checksum => &NEWER,
        Kind::Author | Kind::Team | Kind::Repo | Kind::Claims | Kind::Authorisation => {
            &NEWER_DECISION
        }
    }
}

/// What to do about one finding: the words, and the name that they speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The words.
    pub remedy: &'static Remedy,
    /// What stands for `NAME`; may be empty.
    pub name: String,
}

impl Advice {
    /// The words for a reader.
    pub fn to(&self, reader: Reader) -> Cow<'static, str> {
        let text = match reader {
            Reader::Client => self.remedy.client,
            Reader::WorkTree => self.remedy.work_tree,
            Reader::Merge => self.remedy.merge,
        };
        match (text.contains("NAME"), self.name.as_str()) {
            (false, _) => Cow::Borrowed(text),
            // `conex approve` without a name is for everything that waits.
            (true, "") => Cow::Owned(text.replace(" NAME", "")),
            (true, name) => Cow::Owned(text.replace("NAME", name)),
        }
    }
}

const ADDED_ON_THE_WAY: &str =
    "it was added on the way to you: use another server or mirror, or report it";
const ADDED_OR_PUBLISHED: &str = "it was added on the way to you, or its maintainers published it so: use another server or mirror, or report it";
const REMOVED_ON_THE_WAY: &str =
    "it was removed on the way to you: use another server or mirror, or report it";
const CHANGED_ON_THE_WAY: &str =
    "it was changed on the way to you: use another server or mirror, or report it";
const ASK: &str = "only the repository's maintainers can mend it: ask them, or report it to them";
const HIDDEN: &str = "ask the repository's maintainers: they are not done with it, or the server or mirror hides what they signed";

macro_rules! remedies {
    ($($(#[$doc:meta])* $name:ident {
        client: $client:expr,
        work_tree: $work_tree:expr,
        merge: $merge:expr,
    })*) => {
        $($(#[$doc])* pub const $name: Remedy = Remedy {
            client: $client,
            work_tree: $work_tree,
            merge: $merge,
        };)*

        impl Remedy {
            /// The name of each and its words: for a client, in a work tree, for a merge.
            pub const ALL: &'static [(&'static str, [&'static str; 3])] =
                &[$((stringify!($name), [$name.client, $name.work_tree, $name.merge]),)*];
        }
    };
}

remedies! {
    /// Nobody started a chain.
    INIT {
        client: "ask the repository's maintainers: they have not signed it, or the server or mirror hides what they signed",
        work_tree: "start the chain: `conex init`",
        merge: "a maintainer starts the chain with `conex init`, in the branch that is to be merged",
    }

    /// A link lacks signatures of janitors.
    SIGN_LINK {
        client: HIDDEN,
        work_tree: "each missing janitor signs it: `conex approve`",
        merge: "each missing janitor runs `conex approve` in the branch that is to be merged",
    }

    /// A janitor came back with a key that was dropped.
    NEW_KEY {
        client: ASK,
        work_tree: "a janitor who comes back takes another key: `conex key new ID`",
        merge: "a janitor who comes back takes another key with `conex key new ID`; the branch that is to be merged names that one",
    }

    /// An author has proven no key.
    PROVE {
        client: "`NAME` counts for nothing until they prove a key: ask the repository's maintainers, or the server or mirror hides it",
        work_tree: "`NAME` proves a key: `conex sign`",
        merge: "`NAME` runs `conex sign` in the branch that is to be merged",
    }

    /// Two ids have one key.
    ONE_KEY {
        client: ASK,
        work_tree: "one key counts for one id; one of the two takes it out of their file: `conex rotate`",
        merge: "one key counts for one id; one of the two takes it out of their file with `conex rotate`, in the branch that is to be merged",
    }

    /// Something waits for janitors.
    APPROVE {
        client: HIDDEN,
        work_tree: "janitors approve it: `conex approve NAME`",
        merge: "janitors run `conex approve NAME` in the branch that is to be merged",
    }

    /// Owners or janitors vouch for it.
    SIGN_OR_APPROVE {
        client: HIDDEN,
        work_tree: "an owner signs it: `conex sign`; or janitors approve it: `conex approve NAME`",
        merge: "in the branch that is to be merged an owner runs `conex sign`, or janitors run `conex approve NAME`",
    }

    /// Nobody ever signed it.
    SIGN {
        client: HIDDEN,
        work_tree: "`conex sign`",
        merge: "an owner runs `conex sign` in the branch that is to be merged",
    }

    /// A release was copied.
    SIGN_COPY {
        client: HIDDEN,
        work_tree: "sign it as a release of its own: `conex sign`",
        merge: "an owner runs `conex sign` in the branch that is to be merged, which writes the checksum of this release",
    }

    /// A file is in the place of another.
    IN_ITS_PLACE {
        client: CHANGED_ON_THE_WAY,
        work_tree: "restore it, or have it written: `conex sign`",
        merge: "restore it, or run `conex sign` in the branch that is to be merged",
    }

    /// The published form is not as it is written.
    PUBLISHED_FORM {
        client: "it was changed on the way to you, or its publisher does not use conex: use another server or mirror, or report it",
        work_tree: "nobody edits the published form: restore it, or publish the branch anew that people work on",
        merge: "nobody edits the published form: make the change in the branch that people work on",
    }

    /// A file of signatures that does not verify.
    RESTORE_OR_REMOVE {
        client: CHANGED_ON_THE_WAY,
        work_tree: "restore it if it was changed after it was signed; remove it if nobody signed it",
        merge: "in the branch that is to be merged restore it if it was changed after it was signed; remove it if nobody signed it",
    }

    /// It was changed after somebody signed it.
    SIGN_AGAIN {
        client: CHANGED_ON_THE_WAY,
        work_tree: "it was changed after it was signed; restore it, or sign it again: `conex sign`",
        merge: "it was changed after it was signed; in the branch that is to be merged restore it, or sign it again with `conex sign`",
    }

    /// Two versions count.
    DECIDE {
        client: ASK,
        work_tree: "an owner decides: `conex sign`, or janitors: `conex approve NAME`; the counter rises above both",
        merge: "in the branch that is to be merged an owner decides with `conex sign`, or janitors with `conex approve NAME`; the counter rises above both",
    }

    /// An epoch that no quorum opened.
    OPEN_EPOCH {
        client: HIDDEN,
        work_tree: "only a quorum of janitors raises an epoch: `conex approve NAME`",
        merge: "only a quorum of janitors raises an epoch: they run `conex approve NAME` in the branch that is to be merged",
    }

    /// A checksum of another epoch than the list.
    EPOCH_OF_LIST {
        client: HIDDEN,
        work_tree: "an owner writes it anew in the epoch of the list: `conex sign`",
        merge: "an owner writes it anew in the epoch of the list with `conex sign`, in the branch that is to be merged",
    }

    /// A package that nobody claimed.
    CLAIM {
        client: "ask the repository's maintainers to sign it; `--nostrict` in the command of the hook lets packages through that nobody signed",
        work_tree: "give it an owner: `conex owner add OWNER NAME`; or let packages through that nobody signed: --nostrict",
        merge: "give it an owner with `conex owner add OWNER NAME`, in the branch that is to be merged; or check without --strict",
    }

    /// A package that nobody claimed, and of which releases lie elsewhere.
    MOVE_AND_CLAIM {
        client: CLAIM.client,
        work_tree: "move its directories to their places, then give it an owner: `conex owner add OWNER NAME`; or let packages through that nobody signed: --nostrict",
        merge: "move its directories to their places and give it an owner with `conex owner add OWNER NAME`, in the branch that is to be merged; or check without --strict",
    }

    /// A release in a directory that is not its place.
    MOVE_RELEASE {
        client: ADDED_OR_PUBLISHED,
        work_tree: "the place of this release is `NAME`: move the directory there, or remove it if the release is there already",
        merge: "the place of this release is `NAME`: move the directory there, or remove it if the release is there already, in the branch that is to be merged",
    }

    /// A description outside the directory of a release.
    NO_RELEASE {
        client: ADDED_OR_PUBLISHED,
        work_tree: "move it to the place of its release, `packages/NAME/NAME.VERSION/opam`, or remove it: opam stops its search here, and finds nothing below",
        merge: "move it to the place of its release, or remove it, in the branch that is to be merged: opam stops its search here, and finds nothing below",
    }

    /// A file that opam does not read, where no such file can be.
    NOT_READ {
        client: ADDED_OR_PUBLISHED,
        work_tree: "opam does not read it here: remove it; or put it under a name of letters, digits and `._+~-` directly beside `opam`, or below `files/` if the build needs it",
        merge: "opam does not read it here: remove it in the branch that is to be merged; or put it under a name of letters, digits and `._+~-` directly beside `opam`, or below `files/` if the build needs it",
    }

    /// Something beside the metadata.
    NO_METADATA {
        client: ADDED_OR_PUBLISHED,
        work_tree: "below `packages/.conex/` lies only what conex writes: remove it",
        merge: "below `packages/.conex/` lies only what conex writes: remove it in the branch that is to be merged",
    }

    /// A file of a version control system.
    OF_GIT {
        client: ADDED_OR_PUBLISHED,
        work_tree: "version control systems act on a file of this name: remove it; what git is to leave out stands in the `.gitignore` at the top, which janitors approve, or in `.git/info/exclude`",
        merge: "version control systems act on a file of this name: remove it in the branch that is to be merged",
    }

    /// What an editor left.
    LEFTOVER {
        client: ADDED_OR_PUBLISHED,
        work_tree: "an editor or a file manager left it: remove it (an editor that has changes of the file beside it keeps it until they are saved)",
        merge: "an editor or a file manager left it: remove it in the branch that is to be merged",
    }

    /// A symbolic link.
    LINK {
        client: ADDED_OR_PUBLISHED,
        work_tree: "opam reads and writes through links: replace it by what it points to, or remove it",
        merge: "opam reads and writes through links: replace it by what it points to, or remove it, in the branch that is to be merged",
    }

    /// Permissions that are out of order.
    PERMISSIONS {
        client: "give the files permissions with which opam can work; if they came so, ask the repository's maintainers",
        work_tree: "give it the permissions that are in order, with `chmod`",
        merge: "give it the permissions that are in order, in the branch that is to be merged",
    }

    /// Something is there that nobody signed.
    ADDED {
        client: ADDED_ON_THE_WAY,
        work_tree: "an owner signs it: `conex sign`; or remove it",
        merge: "an owner signs it with `conex sign` in the branch that is to be merged, or it is removed there",
    }

    /// Something that was signed is not there.
    REMOVED {
        client: REMOVED_ON_THE_WAY,
        work_tree: "restore it; or an owner signs that it goes: `conex sign`",
        merge: "in the branch that is to be merged restore it, or an owner signs that it goes with `conex sign`",
    }

    /// Something is not what was signed.
    CHANGED {
        client: CHANGED_ON_THE_WAY,
        work_tree: "an owner signs the change: `conex sign`; or restore it",
        merge: "an owner signs the change with `conex sign` in the branch that is to be merged, or it is restored there",
    }

    /// A directory lies elsewhere.
    MOVE {
        client: ADDED_ON_THE_WAY,
        work_tree: "move the directory to its place",
        merge: "move the directory to its place, in the branch that is to be merged",
    }

    /// An empty file.
    FILL {
        client: "it was added or emptied on the way to you, or its maintainers published it so: use another server or mirror, or report it",
        work_tree: "fill it with one line feed, which all versions of opam bring along, and sign it: `conex sign`",
        merge: "an owner fills it with one line feed, which all versions of opam bring along, and runs `conex sign` in the branch that is to be merged",
    }

    /// A file at the top that differs from what was approved.
    TOP_CHANGED {
        client: CHANGED_ON_THE_WAY,
        work_tree: "restore it; or propose it with `conex sign` and have it approved with `conex approve`",
        merge: "in the branch that is to be merged restore it, or propose it with `conex sign` and have janitors approve it with `conex approve`",
    }

    /// A file at the top that nobody approved.
    TOP_NEW {
        client: HIDDEN,
        work_tree: "propose it with `conex sign`; janitors approve it with `conex approve`",
        merge: "in the branch that is to be merged propose it with `conex sign`, and janitors approve it with `conex approve`",
    }

    /// No list of claims is in force.
    CLAIMS {
        client: "ask the repository's maintainers; until there is one that is valid only signed packages are accepted: leave `unsigned=covered` out of the anchors",
        work_tree: "janitors write the list of claims and approve it; until then clients with `unsigned=covered` refuse the repository",
        merge: "janitors write the list of claims and approve it, in the branch that is to be merged",
    }

    /// A snapshot that does not fit.
    SNAPSHOT_MIXED {
        client: "the server or mirror mixes two states or hides a part of one; use another one, or report it",
        work_tree: "whoever publishes makes the snapshot of what is published",
        merge: "the snapshot is made when the branch is published",
    }

    /// A snapshot that does not count.
    SNAPSHOT_AGAIN {
        client: "the server or mirror serves an old state, or somebody else made it; use another one, or report it",
        work_tree: "a notary makes the snapshot anew",
        merge: "a notary makes the snapshot anew when the branch is published",
    }

    /// No snapshot where one is asked for.
    SNAPSHOT_MISSING {
        client: "the server or mirror left it out, or the repository's maintainers make none: use another one, or ask them",
        work_tree: "a notary makes one when this is published",
        merge: "a notary makes one when the branch is published",
    }

    /// Too many segments.
    COMPACT {
        client: ASK,
        work_tree: "each author folds their own, and deletes those that support nothing",
        merge: "in the branch that is to be merged each author folds their own, and deletes those that support nothing",
    }

    /// A version of a package's releases below the one that counts.
    NEWER {
        client: "the server or mirror serves an old state, or mixes two; use another one, or report it",
        work_tree: "take the newer version back from git; or write this one anew above it: `conex sign`",
        merge: "merge the published branch into the one that is to be merged, and keep the newer version; or write this one anew above it there: `conex sign`",
    }

    /// A version below the one that counts, of what a quorum decides.
    NEWER_DECISION {
        client: "the server or mirror serves an old state, or mixes two; use another one, or report it",
        work_tree: "take the newer version back from git; or a janitor writes this one anew above the published one: `conex approve`",
        merge: "merge the published branch into the one that is to be merged, and keep the newer version; or a janitor writes this one anew above it there: `conex approve`",
    }

    /// A file of metadata that never goes.
    RESTORE {
        client: "the server or mirror is damaged, or hides it; use another one, or report it",
        work_tree: "restore the file: whoever vouches for it can empty it, and never remove it",
        merge: "restore the file in the branch that is to be merged: whoever vouches for it can empty it, and never remove it",
    }

    /// A snapshot that is gone.
    RESTORE_SNAPSHOT {
        client: "a repository that has one keeps it: the server or mirror hides it; use another one, or report it",
        work_tree: "a repository that has a snapshot keeps it: a notary makes one",
        merge: "a repository that has a snapshot keeps it: a notary makes one when the branch is published",
    }

    /// A link that was changed or removed.
    RESTORE_LINK {
        client: "links are never changed or removed: the server or mirror is damaged, or lies; use another one, or report it",
        work_tree: "links are never changed or removed: restore it as it is published",
        merge: "links are never changed or removed: take the one of the published branch",
    }

    /// What was valid is not.
    VALID_BEFORE {
        client: "what makes it valid comes in the same update: its maintainers left out approvals or signatures, or the server hides them; use another one, or report it",
        work_tree: "what makes it valid comes in the same change",
        merge: "what makes it valid comes in the same change: see below what is to do in the branch that is to be merged",
    }

    /// A release went without a signature.
    SIGN_REMOVAL {
        client: "its maintainers did not sign that it goes, so the server or mirror hides it; use another one, or report it",
        work_tree: "an owner signs that it goes: `conex sign`, which raises the floor of the list",
        merge: "an owner signs that it goes with `conex sign`, which raises the floor of the list, in the branch that is to be merged",
    }

    /// A removed release is back.
    SIGN_RETURN {
        client: "nobody signed it again, so the server or mirror serves what was taken back; use another one, or report it",
        work_tree: "an owner who wants it back signs it again: `conex sign`",
        merge: "an owner who wants it back signs it again with `conex sign`, in the branch that is to be merged",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A user of opam has no key: nothing that needs one is told to them.
    #[test]
    fn no_client_is_told_to_sign() {
        for (name, [client, work_tree, merge]) in Remedy::ALL {
            assert!(!client.contains("conex "), "{name}");
            assert!(!work_tree.contains("on the way to you"), "{name}");
            assert!(!merge.contains("on the way to you"), "{name}");
        }
    }

    #[test]
    fn a_command_names_what_it_is_about() {
        let advice = |name: &str| Advice {
            remedy: &APPROVE,
            name: name.to_owned(),
        };
        let text = advice("ann").to(Reader::WorkTree);
        assert_eq!(text, "janitors approve it: `conex approve ann`");
        let text = advice("").to(Reader::WorkTree);
        assert_eq!(text, "janitors approve it: `conex approve`");
        assert!(!advice("ann").to(Reader::Client).contains("ann"));
    }
}
