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
    UPGRADE_LAYOUT = "opam 1.2 had this file, and opam 2 still reads it; `opam admin upgrade` takes what it says into the file `opam`; where that says it already, remove the file";
    /// There are no anchors.
    GIVE_ANCHORS = "give the fingerprints that the maintainers of the repository publish (`conex anchors` prints them): `opam repository add NAME URL QUORUM FINGERPRINT…`";
    /// Anchors that nothing in the chain meets.
    TODAYS_ANCHORS = "if the anchors are old or mistyped, take today's from where the maintainers publish them: `opam repository set-url NAME URL QUORUM FINGERPRINT…`, or with `add` what opam does not have";
    /// A repository whose quorum is below the client's.
    LOWER_QUORUM = "if that is right, lower yours: `opam repository set-url NAME URL QUORUM FINGERPRINT…`, or with `add` what opam does not have";
    /// A quorum that the anchors cannot reach.
    QUORUM_IN_RANGE = "give a quorum between 1 and the number of anchors: `opam repository set-url NAME URL QUORUM FINGERPRINT…`, or with `add` what opam does not have";
}
