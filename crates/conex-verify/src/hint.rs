//! What to do, where a command does it and the words are the same for every reader. `NAME` stands for
//! the repository's name, which whoever runs the verifier puts in. Where the words depend on the reader
//! they are a remedy, see [`crate::finding::remedy`].

macro_rules! hints {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $text;)*

        /// The name of each and its words.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $name),)*];
    };
}

hints! {
    /// The repository was started anew.
    NEW_ANCHORS = "if its maintainers started it anew, take their new anchors: `conex enable NAME --anchors ANCHORS`";
    /// opam removes more than the update says.
    FETCH_OR_WAIT = "the next update brings them back; or fetch the repository anew: `opam repository set-url NAME SAME-URL QUORUM ANCHORS`";
    /// opam would forget a release.
    FETCH_AND_TELL = "fetch the repository anew: `opam repository set-url NAME SAME-URL QUORUM ANCHORS`; and tell those who publish it";
    /// A description of an earlier opam.
    UPGRADE = "`opam admin upgrade` writes it anew";
    /// A file of opam 1.2 beside a description.
    UPGRADE_LAYOUT = "opam 1.2 had this file, and opam 2 still reads it, so it must not just go: `opam admin upgrade` takes what it says into the file `opam`; where that says it already, remove the file";
    /// There are no anchors.
    GIVE_ANCHORS = "give the fingerprints that the maintainers of the repository publish (`conex anchors` prints them): `opam repository add NAME URL QUORUM FINGERPRINT…`";
    /// Anchors that nothing in the chain meets.
    TODAYS_ANCHORS = "if the anchors are old or mistyped, take today's from where the maintainers publish them: `opam repository set-url NAME URL QUORUM FINGERPRINT…`, or with `add` what opam does not have";
    /// A repository whose quorum is below the client's.
    LOWER_QUORUM = "if that is right, lower yours: `opam repository set-url NAME URL QUORUM FINGERPRINT…`, or with `add` what opam does not have";
    /// A quorum that the anchors cannot reach.
    QUORUM_IN_RANGE = "give a quorum between 1 and the number of anchors: `opam repository set-url NAME URL QUORUM FINGERPRINT…`, or with `add` what opam does not have";
    /// A key of another kind than Ed25519.
    MAKE_KEY = "make such a key: `conex key new ID`, or `ssh-keygen -t ed25519`";
    /// A key of another kind in a token.
    TOKEN_KEY = "make a key of the other kind in the token, with `ssh-keygen -t ed25519-sk`, or use a plain one: `conex key new ID`";
    /// A rename in a patch of git's.
    RENAMES_OFF = "rename detection is now off for this clone: run `opam update` again; opam 2.1 throws the clone away: there, `conex enable NAME` first";
    /// Settings of git's that change a patch.
    GIT_SETTINGS = "it is the git configuration of this account, and not the repository: this clone has settings of its own now, run `opam update` again. opam 2.1 throws the clone away: there, `conex enable NAME` first";
    /// A difference that git writes in a form of its own.
    GIT_DIFFS = "remove `diff.renames`, `diff.external` and attributes from your git configuration, then run `opam update` again";
    /// A variable that changes what `diff` writes.
    POSIXLY_CORRECT = "`unset POSIXLY_CORRECT`, then run `opam update` again";
    /// An update that opam offers for ever.
    FETCH_ANEW = "opam offers the same update again until it has the repository anew: `opam repository set-url NAME SAME-URL QUORUM ANCHORS`; what was accepted stays remembered";
    /// A file that becomes a directory.
    FETCH_NAMES = "opam fetches it as it is now with `opam repository set-url NAME SAME-URL QUORUM ANCHORS`; its maintainers should use another name, or remove the one in an update before they add the other";
}
