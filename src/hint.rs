//! What to type next: every text of this program that holds a command.
//!
//! A hint is a value, a kind and its arguments, so that all of them are known. The table in
//! `tests/book/hints.rs` names for each kind the test that brings the state about, types what is
//! printed, and looks at what came of it. In a command a word in capitals stands for what only
//! the reader knows. The hints of the verifier are in `conex_verify::finding::remedy`.

use std::fmt;

macro_rules! hints {
    ($($(#[$doc:meta])* $name:ident $({ $($arg:ident),* })? = $text:literal;)*) => {
        /// What to type next. The arguments stand in the words as they are.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(missing_docs)] // the arguments stand in the words
        pub enum Hint { $($(#[$doc])* $name $({ $($arg: String),* })?,)* }

        impl Hint {
            /// The name of each kind and its words, where `{argument}` stands for an argument.
            pub const ALL: &'static [(&'static str, &'static str)] =
                &[$((stringify!($name), $text),)*];
        }

        impl fmt::Display for Hint {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Hint::$name $({ $($arg),* })? => write!(f, $text),)*
                }
            }
        }
    };
}

impl From<Hint> for String {
    fn from(hint: Hint) -> String {
        hint.to_string()
    }
}

hints! {
    // Who somebody is, and their keys.
    /// Somebody joins under an id that exists.
    RotateYours = "if that is you, change keys with `conex rotate`; if not, choose another id";
    /// Somebody joins under an id that differs from another in case alone.
    DeclineMistyped { id } = "choose another id; one that you mistyped, and that is not published: `conex decline {id}`";
    /// A new id takes the key of another one.
    KeyOfOther { other } = "one key counts for one id; make another with `conex key new ID`; if you mistyped `{other}`, and it is not published: `conex decline {other}`";
    /// An author takes a key that another id has.
    OneKeyOneId = "one key counts for one id; make another with `conex key new ID`";
    /// Somebody signs who is no author.
    Join { id } = "a new author starts with `conex join {id}`";
    /// Somebody mistyped an id, or is no author.
    NearOrJoin { near, id } = "did you mean `{near}`? A new author starts with `conex join {id}`";
    /// `join` with `--as`.
    JoinWithoutAs { id } = "leave out --as: `conex join {id}` signs as `{id}`";
    /// A key of nobody signed a file.
    KeyOfOrJoin { id } = "sign with a key of `{id}`, or put this one into the repository first: `conex join {id}`";
    /// `rotate` of an id that is no author.
    JoinOrChain = "authors join with `conex join ID`; the keys of janitors are in the chain: `conex status`";
    /// A branch took the change of an author's key back.
    NoFormerKey { path } = "take the file of the published branch back (`git checkout BRANCH -- {path}`), and have the author prove the key (`conex sign`); whoever wants another key takes a new one: `conex rotate`";
    /// An author without keys.
    LastKey { id } = "take another one first: `conex key add KEY`, or `conex rotate`; whoever is gone, or was robbed of all keys: `conex revoke {id}`";
    /// There is no key.
    MakeKey { id } = "make a key with `conex key new {id}`";
    /// conex keeps no key of this id.
    MakeKeyOrImport { id } = "make one with `conex key new {id}`, or take the SSH key that you have: `conex key import {id} ~/.ssh/id_ed25519`";
    /// conex keeps a key of this id already.
    ReplaceKey { id } = "to replace a key in a repository use `conex rotate`; to throw this one away, `conex key new {id} --force`";
    /// Something that is no file with a key.
    KeyFile = "give the file that `ssh-keygen` or `conex key new ID` wrote";
    /// There is no key at all, and no author.
    MakeKeyAndJoin = "make one with `ssh-keygen -t ed25519`, and become an author with `conex join ID`";
    /// Two ids list a key.
    MeOrDecline = "if it is you, say so with --as ID; if not, nobody is to approve the file: `conex decline ID`";
    /// Something that is no fingerprint.
    ShowFingerprint = "`conex key show ID --fingerprint` prints the fingerprint of a key";
    /// A key of a former janitor.
    OtherKeyOfJanitor { id } = "`{id}` takes another key: `conex key new {id}`, then `conex janitor add {id}`";
    /// Old signatures would count again.
    SupersedeFirst { resource, above } = "sign a version above it first: `conex supersede {resource} --above {above}`; or take another key";

    // What waits, and for whom.
    /// A repository of an earlier conex.
    StartAnew = "this repository is signed by conex 1.0.0: its top-level file `root` has `signed:`. Nothing of that counts here, and nothing of it is in the way: start anew with `conex init`, and give your users the new anchors; `root` and the directory of its keys can go when nobody uses the old `conex_verify` any more";
    /// Only janitors can do it.
    JanitorsApprove = "janitors are added with `conex janitor add ID`; authors sign with `conex sign`";
    /// A link lacks signatures.
    SignLink = "its janitors sign it with `conex approve`";
    /// There is no notary, or nobody else.
    NameNotaries = "janitors name notaries with `conex team add notaries ID`, and approve it";
    /// `status` has the answer.
    StatusShows { what } = "`conex status` shows {what}";
    /// The owners of a package.
    StatusShowsOwners { name } = "`conex status {name}` shows who does";
    /// The chain was started already.
    ChainIsThere = "`conex status` shows it; janitors are added with `conex janitor add ID`";
    /// Nothing that waits has this name.
    NothingToDecline = "`conex status` shows what waits; what a quorum approved is changed with `conex revoke ID` or `conex owner remove ID PACKAGE`";
    /// A link cannot be declined.
    CompleteLink = "a complete link stays for ever; another one changes what it says, as `conex janitor remove ID`";
    /// An id takes somebody's place.
    ApproveById { id } = "ask whose key it is; to approve it all the same: `conex approve --id {id}`";
    /// A key is not proven.
    ProveKey { id } = "whoever has the key proves it: `conex sign --as {id}`";
    /// A counter that is too far ahead.
    SignAnewOrEpoch { name } = "`conex sign` writes it anew, or start a new epoch: `conex epoch {name}`";
    /// A counter was pushed to its end.
    PushedToEnd { name } = "somebody pushed it there: take a stolen key away with `conex revoke ID`, or start a new epoch with `conex epoch {name}`; a quorum of janitors approves either";
    /// Counters were pushed ahead by whoever is revoked.
    EpochOfPushed { names } = "Counters were pushed too far ahead; in the same change: `conex epoch {names}`";
    /// A counter is at its end.
    NewEpoch { name } = "start a new epoch: `conex epoch {name}`";
    /// The next epoch has entries.
    RightsFirst = "take their keys or their ownership away first, in the same change: `conex revoke ID`, or `conex owner remove ID PACKAGE`";
    /// Something has to be written anew.
    SignAgain = "write it with `conex sign`";
    /// `bootstrap ids` wrote keys that somebody fetched.
    ListedOnly = "nobody has proven these keys: whoever has one does, without a janitor, by `conex join ID`";
    /// `bootstrap claim` left packages to the janitors.
    ApproveHeld = "Each janitor approves all of it, with the packages that they hold: `conex approve --held`";
    /// A package has no list.
    OwnerSigns = "an owner writes it with `conex sign`";
    /// What a change of keys leaves for others.
    LeavesFor { what } = "leaves {what} for `conex sign` or `conex approve`";
    /// A janitor stays an author.
    KeepsAsAuthor { id } = "keeps `{id}` as an author, who proves the key with `conex sign`";
    /// A claim without owners.
    ApproveByName { name } = "Without owners, `{name}` is approved by its name: `conex approve {name}`";
    /// What was declined.
    DeclinedByName { names } = "{names}; `conex approve NAME` takes one by its name, and `conex approve --held` all packages of them";
    /// The first claim of a package was declined.
    DeclinedClaim { state, name } = "{state}, its first claim was declined (`conex approve {name}` takes it)";
    /// When a change of rights counts.
    CountsAfter { quorum, janitors } = "It counts when `conex approve` was run by {quorum} of {janitors}.";
    /// A janitor approved, and others are missing.
    StillWaits = "Still waits for `conex approve` by more janitors:";
    /// An owner did not sign yet.
    OwnersSign { waits } = "{waits}: `conex sign`.";
    /// What has waited longest.
    Longest { what, name } = "{what}: `conex approve {name}`";
    /// What has waited longest, and can be declined.
    LongestOrDecline { what, name } = "{what}: `conex approve {name}`; if nobody wants it: `conex decline {name}`";
    /// Janitors who are to sign or approve.
    TodoApprove { who } = "{who}: `conex approve`";
    /// Authors who are to prove a key.
    TodoProve = "authors who prove that the key is theirs: `conex sign`";
    /// Authors whose key is another's.
    TodoRotate = "authors who take another key, this one is somebody else's: `conex rotate`";
    /// A notary.
    TodoSnapshot = "a notary, when all else is done: `conex snapshot`";
    /// An owner writes, or anybody.
    TodoWriteOwned { more } = "not signed as it is now: `conex sign` by an owner; or by anybody, and `conex approve` by {more}";
    /// Anybody writes.
    TodoWrite { more } = "not signed as it is now: `conex sign` by anybody, and `conex approve` by {more}";
    /// An owner signs, or janitors.
    TodoOwned { more } = "an owner: `conex sign`, or {more}: `conex approve`";
    /// What the signer signed elsewhere.
    SupersedeNever = "if it is never to come: `conex supersede NAME`";
    /// Claims that are not listed yet.
    MoreClaims { n } = "{n} more can be claimed: `conex claims`";
    /// The chain was started.
    InitApprove = "Every janitor now signs it with `conex approve`.";
    /// The chain was started, and demands a snapshot.
    InitSnapshot = "Then one of them makes the snapshot with `conex snapshot`, and again after each change.";
    /// One person started the chain and signed it.
    AloneSnapshot = "Now `conex snapshot` protects all that is there, and again after each change.";
    /// The snapshot is of another state.
    SnapshotAnew = "`conex snapshot` makes it anew before this is published";
    /// The snapshot of a work tree is older than the one that is published.
    RestoreSnapshot = "take the one that is published (`git checkout BRANCH -- packages/.conex/snapshot`), or start a new epoch: `conex epoch notaries`";
    /// What is known of files does not fit.
    ForgetKnown { path } = "files changed and kept their times and inodes, or just now; forget what is known: `rm -r {path}`";

    // What a site says.
    /// Whoever reads a page about a package or a person.
    SiteStatus { name } = "In a clone, `conex status {name}` says the same.";
    /// Whoever asks what a page is worth.
    SiteVerify = "In a clone of the repository, `conex verify --dir . --anchors ANCHORS` says whether a client accepts it, by anchors that you have from elsewhere; `conex status` says all that stands here of the files themselves, and prints the state that it looked at.";
    /// A person whose listed keys nobody has proven.
    SiteConfirm { id } = "Whoever has one of these keys proves it, and needs no janitor: `conex join {id}`";
    /// A package whose owner is nobody, or has not proven a key.
    SiteMine { name } = "Is it yours? Become an author with `conex join ID`; a quorum approves the owner after `conex owner add ID {name}`.";

    // Files signed elsewhere.
    /// Where the key is.
    SignElsewhere { namespace, path } = "  ssh-keygen -Y sign -n {namespace} -f KEY {path}";
    /// Where the repository is.
    ImportHere { path } = "  conex signature import {path}";
    /// A file without a signature.
    SignFile = "sign it with `ssh-keygen -Y sign -n NAMESPACE -f KEY FILE`, which writes FILE.sig";
    /// A file whose signature is of other bytes.
    SignFileAsItIs { namespace } = "sign the file as it is: `ssh-keygen -Y sign -n {namespace} -f KEY FILE`";

    // Merges, branches and git.
    /// Two branches folded their signatures.
    MergeOfCompacts = "if this is a merge: two branches ran `conex compact`, and git took that for renames; `git merge --abort`, then `git merge -s resolve BRANCH`";
    /// Git left the changes of both sides.
    TakeOurs { what, path } = "{what}: `git checkout --ours {path}`, then give the command of the other branch again";
    /// An authorisation was changed in both branches.
    RedoOwner { name } = "`conex owner add ID {name}`, or `conex owner remove ID {name}`";
    /// A file of people was changed in both branches.
    RedoPeople { id } = "`conex team add {id} ID` or `conex team remove {id} ID` of a team, `conex rotate --as {id}` of an author";
    /// The claims were changed in both branches.
    RedoClaims = "`conex claims`";
    /// Files of a merge that `sign` writes.
    SignWrites { n } = "`conex sign` writes {n} of them anew";
    /// A link with signatures of both branches.
    ApproveJoins = "`conex approve` joins the signatures of both branches";
    /// A release or list that was changed in both branches.
    ConflictOfPackage { base } = "merge {base} into the branch and take either side of this file; `conex sign` writes it anew, above both";
    /// A link that was changed in both branches.
    ConflictOfLink { base } = "janitors changed meanwhile: take the link of {base}, and give the command again that started yours, as `conex janitor add ID`; where both only added signatures, `conex approve` joins them";
    /// A file of people or rights that was changed in both branches.
    ConflictOfPeople { base } = "merge {base} into the branch, take the side of {base}, and give the command again that made the change (`conex owner add ID PACKAGE`, `conex team add TEAM ID`, `conex join ID`, `conex rotate`); its counter then rises above both";
    /// Files of signatures that both branches folded, and of which git takes one for another.
    ConflictOfSegments { base } = "git takes a file of signatures for another one under a new name; without that both sides go together: `git merge -s resolve {base}` in the branch";
    /// A snapshot that was changed in both branches.
    ConflictOfSnapshot { base } = "take the side of {base}: a snapshot is made when the branch is published, with `conex snapshot`";
    /// Another file that was changed in both branches.
    ConflictOfFile { base } = "merge {base} into the branch, resolve it as always, and run `conex sign`";
    /// A branch with another link.
    TakeLinkOf { base } = "merge {base} into the branch, take its link, and give the command again that started yours, as `conex janitor add ID`";
    /// A change that deletes signatures.
    RestoreSegments = "restore the file; `conex compact` folds the own ones, `conex compact --delete-dead` deletes those that support nothing";
    /// A change with a snapshot that does not fit.
    SnapshotOfPublished = "take the snapshot of the published branch back (`git checkout BRANCH -- packages/.conex/snapshot`); a notary makes the next one when the branch is published: `conex snapshot`";
    /// A signature under a key that nobody lists.
    ListKeyFirst = "remove the file; the key is put into the repository first: `conex join ID`, or `conex rotate`";
    /// A file of signatures that nobody signed.
    RemoveForged = "remove that file, in a change of its own: it supports nothing";
    /// Too many new files of signatures.
    FoldSegments = "fold them into one with `conex compact`";
    /// An epoch was skipped.
    NextEpoch = "`conex epoch NAME` starts the next one";
    /// A counter leaps.
    NextCounter { first } = "{first} the next counter; the way back from a counter that was pushed to its end is `conex epoch NAME`";
    /// A floor leaps.
    FloorBySign = "`conex sign` computes the floor";
    /// A list of claims that lost a name.
    ClaimsAnew = "write it anew with `conex claims`";
    /// A claim that is not valid yet.
    ClaimsAfterwards = "claim a package after its authorisation is approved and merged: `conex claims`, in a change of its own";
    /// Findings that are not shown.
    CheckAll { more, range } = "and {more} more; `conex check --all {range}` names them";
    /// A revision that is not there.
    FetchBranch = "fetch it first: `git fetch origin BRANCH`";
    /// A clone without its history.
    Unshallow = "fetch the rest: `git fetch --unshallow` (in a job: fetch-depth 0, GIT_DEPTH 0)";
    /// A clone without its history, where a rule can be left out.
    UnshallowOrNoHistory = "fetch the rest: `git fetch --unshallow` (in a job: fetch-depth 0, GIT_DEPTH 0); or leave the rule out with --no-history";
    /// A clone without all files.
    Incomplete = "the clone leaves out files (--filter), or is damaged: fetch all of it, or run `git fsck`";
    /// A remote cannot be asked.
    FetchFails = "nothing was signed; give the command again when `git fetch` works";
    /// Git knows no committer.
    GitIdentity = "say who you are: `git config user.name NAME`; `git config user.email ADDRESS`";
    /// The published branch is named as one that is to be approved.
    BranchOfItsOwn = "what waits there is approved in a branch of its own: `git switch -c approve`, then `conex approve`";
    /// A clone without remotes.
    AddRemote = "add the one of the published repository: `git remote add origin ADDRESS`";
    /// A branch that is of no remote.
    NameRemote = "name it as REMOTE/BRANCH; `git remote` lists the remotes";
    /// The published branch of a remote is not known.
    SetHead { remote } = "`git remote set-head {remote} --auto`; or name it with --base {remote}/BRANCH";
    /// What carries a branch is older than the branch.
    StaleCarrier { remote, short, text } = "take that branch away, and approve again what is there now: `git push {remote} --delete {short}`; or work on it as it is: --branch {text}";
    /// A branch or pull request that a remote does not have.
    NotThere { remote } = "see what there is: `git ls-remote {remote}`; or name the branch of the fork: `git remote add FORK ADDRESS`, and --branch FORK/BRANCH";
    /// A difference that git cannot make.
    GitDiff = "leave out --diff, and look with `git diff`";
    /// Something that was written is ignored.
    AddForced = "commit what was written with `git add -f packages`, and look for the line in .gitignore";
    /// Something that was written is in no commit.
    NotCommitted { what } = "{what}; `git add packages`, then commit";
    /// Something that was written is in no commit and is ignored.
    IgnoredByGit { what } = "{what}; `git add -f packages`, then commit";
    /// Something would be vouched for that git ignores.
    TakeIn = "remove what does not belong there, or take it in with `git add -f`";
    /// A commit that was not pushed.
    ShowKept { kept } = "  git show {kept}";
    /// How that commit is pushed.
    PushKept { remote, refs } = "  git push {remote} {refs}";
    /// A commit that no branch takes.
    PushYourself { kept, remote, refs } = "it is kept here as {kept}; name a remote that you can push to with --to REMOTE, or push it yourself: `git push {remote} {refs}`";
    /// Renames are still detected.
    RenamesOff { clone } = "an update that git takes for a rename will be refused: `git -C {clone} config diff.renames false`";

    // opam.
    /// Another hook is configured.
    ReplaceHook = "the same command with --force replaces it, and `conex disable` brings it back";
    /// Another hook is configured, and the repository is known.
    ReplaceHookOf { name } = "`conex enable {name} --force` replaces it, and `conex disable` brings it back";
    /// A repository that is left out has anchors of conex's.
    DisableFirst { name } = "to leave it out, take its anchors away first: `conex disable {name}`";
    /// A repository that is left out has anchors of opam's.
    SetUrlFirst { name, url } = "to leave it out, take its anchors away first: `opam repository set-url {name} {url}`";
    /// Anchors that conex did not set.
    OpamRemoves { name, url } = "opam removes them: `opam repository set-url {name} {url}`";
    /// opam's files cannot be written.
    HookByHand { option } = "opam 2.1 and later do the same with `opam option --global {option}`";
    /// opam's files cannot be written, and there are anchors to set.
    AnchorsByHand { option, name, quorum, anchors } = "opam 2.1 and later do the same with `opam option --global {option}` and `opam repository set-url {name} URL {quorum} {anchors}`";
    /// There is no hook, or a wrong one.
    Enable { name } = "`conex enable {name}`";
    /// Anchors are missing.
    GiveAnchors { name } = "give its anchors, as its maintainers publish them: `conex enable {name} --anchors ANCHORS`";
    /// Anchors are missing, and that may be meant.
    GiveAnchorsOrLeaveOut { name } = "give its anchors, as its maintainers publish them: `conex enable {name} --anchors ANCHORS`; or, if it is meant to come unverified: `conex enable {name} --leave-out`";
    /// Anchors of another start of the repository.
    NewAnchors { name } = "if its maintainers started it anew, take their new anchors: `conex enable {name} --anchors ANCHORS`";
    /// Anchors that nothing in the repository meets.
    CompareAnchors { name } = "compare your anchors and your quorum with those that its maintainers publish today; others are set with `conex enable {name} --anchors ANCHORS`";
    /// What is remembered of the other repositories of this name.
    ForgetOthers { paths } = "if it is right as it is: `rm {paths}`";
    /// The memory cannot be read.
    GiveUpMemory { path } = "if you know why, give up the protection against rollback once: `rm -r {path}`";
    /// A repository that a snapshot covers.
    Covered { name, anchors } = "a valid snapshot covers them, so that they can come as its maintainers state them: `conex enable {name} --anchors {anchors}`";
    /// A repository that is signed in part.
    NoStrict { name } = "let through what nobody signs, in all repositories: `conex enable {name} --nostrict`";
    /// The same, for the reader of a report.
    CoveredOrNoStrict { name } = "a repository that is signed only in part needs anchors with `unsigned=covered`, if its maintainers publish such, or: `conex enable {name} --nostrict`";
    /// What lets more through than the anchors.
    StrictAgain { name } = "`conex enable {name} --strict`, if no other repository needs --nostrict";
    /// What opam holds is not valid.
    FetchAgain { name, set_url } = "`opam update {name}`; if it finds no changes, fetch all of it again: `{set_url}` (if conex refuses that, opam from 2.2 on keeps what it has, and opam 2.0 and 2.1 keep the repository without packages until the next update; `conex explain {name}` says why)";
    /// Not a directory of opam's.
    NameRoot = "make one with `opam init`; one that lies elsewhere is named with --root DIR";
    /// The record of `enable` is damaged.
    ForgetRecord { path } = "it says what was there before conex, and what is left out on purpose; without it, neither is known any more: `rm {path}`";
    /// A repository that opam does not have.
    AddRepository { known } = "there are: {known}; add one with `opam repository add NAME URL`";
    /// A repository that opam does not have, and the command that adds it verified.
    AddVerified { known, name, add } = "opam has: {known}; to add `{name}` so that its first copy is verified too: `{add}`";
    /// The same, where there is no hook yet.
    EnableAndAdd { known, name, add } = "opam has: {known}; to add `{name}` so that its first copy is verified too: `conex enable {name} --strict` (or --nostrict, if it is signed only in part), and then: `{add}`";
    /// The command that adds a repository.
    AddNow { name, add } = "opam has no repository `{name}` yet. This adds it, so that the first copy is verified too:\n  {add}";
    /// The hook is another conex.
    NamesConex { name } = "update the one or the other; `conex enable {name}` names the conex that runs it";
    /// The hook's program does not run.
    NamesConexOrDisable { name } = "`conex enable {name}` names the conex that runs it; `conex disable` takes the hook away";
    /// The variable overrides the configuration.
    UnsetHook = "`unset OPAMVALIDATIONHOOK`, so that opam goes by what it is configured to";
    /// The variable turns verification off.
    UnsetNoChecksums = "`unset OPAMNOCHECKSUMS`";
    /// A program that cannot be executed.
    MakeExecutable { path } = "`chmod +x {path}`";
    /// A program that others can change.
    OthersCanWrite { path } = "`chmod go-w {path}`, or install it where only root writes";
    /// A repository that is compared with another, and is broken.
    VerifySays { n, dir } = "{n} errors in {dir}; this names them: `conex verify --dir {dir} --anchors ANCHORS --all`";
    /// A report of the hook.
    WholeReport { path } = "the whole report: `conex explain`, or {path}";
}
