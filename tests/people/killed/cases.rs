//! A story for each verb that writes.

/// One verb: what is there before, the command, and what has to hold when it was given again.
pub struct Case {
    /// The verb, with the option that makes it another case.
    pub name: &'static str,
    pub before: &'static str,
    pub command: &'static str,
    /// What has to hold of what the dead left, before anything is given again.
    pub dead: &'static str,
    /// What is given afterwards, where that is not the same command.
    pub again: Option<&'static str>,
    /// What that must not say: somebody else is blamed for what the dead did.
    pub never: &'static [&'static str],
    pub after: &'static str,
    /// Whether git, which it asks, is killed as well. Not where git writes to its own store: what a
    /// killed git leaves there is git's.
    pub children: bool,
}

impl Case {
    /// What most of them have.
    pub const EMPTY: Case = CASE;
}

/// What most of them have.
const CASE: Case = Case {
    name: "",
    before: "",
    command: "",
    dead: "",
    again: None,
    never: &["panicked"],
    after: ACCEPTED,
    children: false,
};

/// The verbs that write no file. Whoever adds one here has looked.
pub const WRITE_NOTHING: &[&str] = &[
    "anchors",
    "bootstrap propose",
    "bootstrap teams",
    "check",
    "compare",
    "completions",
    "explain",
    "key list",
    "key show",
    "self verify",
];

/// How many of the cases, from the first on, every run of the tests has.
pub const USUAL: usize = 4;

/// What everybody accepts who lets unsigned packages through.
const ACCEPTED: &str = "conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2";

const APPROVED: &str = "for j in ja jb; do by $j conex approve --yes; done
    conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2";

/// Shell functions of these stories.
pub const WORDS: &str = r#"
# opam's root as 2.1 has it, with a clone of the published branch in an archive.
root() { mkdir -p ~/.opam/repo; cd ~/.opam/repo; git clone -q ~/work mine; tar -czf mine.tar.gz mine; rm -rf mine
    printf 'opam-version: "2.0"\nrepositories: ["mine"]\n' > ../config
    printf 'opam-version: "2.0"\nrepositories: [\n  "mine" {"git+file://%s"}\n]\n' ~/work > repos-config; cd; }
foreign() { printf 'repository-validation-command: ["/bin/other" "%%{anchors}%%"]\n' >> ~/.opam/config; }
enable() { conex enable mine --anchors "$ANCHORS" --quorum 2 "$@"; }
# Anchors without a hook look like protection.
hook_first() { if grep -q blake2b= ~/.opam/repo/repos-config; then grep -q /conex ~/.opam/config; fi; }
# opam's files are as they were, byte for byte, and nothing is recorded any more.
back() { conex disable; for file in config repo/repos-config; do cmp ~/opam-before/$file ~/.opam/$file; done
    test ! -e ~/.opam/conex-enable.json; }
# Who would own what: dave owns dune, and the janitors hold re.
table() { printf '%s\n' 'id dave 2025-01 -' 'package dune dave strong - 2025-01 -' 'package re - weak - - -' > ~/owners; }
at() { git --git-dir ~/forge.git "$@"; }
# A forge with the branch `join`: a new author with a package, and an edit of fmt that nobody signed.
forge() { git clone -q --bare . ~/forge.git; git remote add origin ~/forge.git; git clone -q ~/forge.git ~/ja-clone
    git checkout -qb join; by dave conex join dave; release dune.1.0; by dave conex sign dune --yes; commit join
    git push -q origin join; git checkout -q main; }
edited() { git checkout -qb edit; edit fmt.1.0 Mended; commit edit; git push -q origin edit; git checkout -q main; }
# What is published is what every client accepts, with the branch.
published() { at merge-base --is-ancestor $1 main; rm -rf ~/seen; git clone -q ~/forge.git ~/seen
    conex verify --dir ~/seen --anchors "$ANCHORS" --quorum 2; }
# What clients get who follow the branch that is made for them.
followed() { rm -rf ~/seen; git clone -q -b published ~/forge.git ~/seen
    conex verify --dir ~/seen --anchors "$ANCHORS" --quorum 2 --no-state --require-snapshot; }
# A repository without signatures, of somebody else.
unsigned() { mkdir $1; cp -r packages repo $1/; rm -r $1/packages/.conex
    find $1 \( -name checksum -o -name releases -o -name authorisation \) -delete
    git -C $1 init -q; git -C $1 add -A; git -C $1 commit -qm upstream; }
# What a mirror hands out is one state, for clients of the archive.
mirrored() { test -s ~/anchors || conex -C ~/www anchors > ~/anchors
    conex verify --dir ~/www/index.tar.gz --anchors "$(cat ~/anchors)" --no-state --require-snapshot; }
# The other janitor merges it.
merge() { by jb conex -C ~/ja-clone approve --branch origin/join --yes --merge; published join; }
"#;

/// Those that CI runs come first; of them it kills conex alone, and not what conex started.
pub const CASES: &[Case] = &[
    Case {
        name: "sign",
        children: true,
        before: "edit fmt.1.0 Mine; release fmt.2.0; rm -r packages/lwt/lwt.1.0; release lwt.2.0",
        command: "by alice conex sign --yes",
        ..CASE
    },
    Case {
        name: "init --alone",
        before: "rm -rf packages/.conex packages/*/authorisation packages/*/releases packages/*/*/checksum",
        command: "by ja conex init --name mine --alone ja --snapshot optional --yes",
        after: "conex verify --dir . --nostrict --anchors \"$(conex anchors)\"; conex status | grep -q 'nothing waits'",
        ..CASE
    },
    Case {
        name: "key new",
        command: "by erin conex key new fresh --no-passphrase",
        after: "by erin conex key show fresh; test $(by erin conex key list | wc -l) = 2",
        ..CASE
    },
    Case {
        name: "disable",
        before: "root; foreign; cp -a ~/.opam ~/opam-before; enable --force",
        command: "conex disable",
        dead: "hook_first",
        never: &["warning"],
        after: "back",
        ..CASE
    },
    Case {
        name: "rotate",
        children: true,
        command: "by alice conex rotate --as alice --no-passphrase --yes",
        after: "for j in ja jb; do by $j conex approve --yes; done; edit fmt.1.0 Mine; by alice conex sign --yes
            conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2",
        ..CASE
    },
    Case {
        name: "enable",
        before: "root; cp -a ~/.opam ~/opam-before",
        command: "enable",
        dead: "hook_first",
        never: &["since", "settings"],
        after: "tar -xOzf ~/.opam/repo/mine.tar.gz mine/.git/config | grep -q 'noprefix = false'
            enable 2>&1 | grep 'so already'; back",
        ..CASE
    },
    Case {
        name: "approve",
        before: "by dave conex join dave; by ja conex owner add dave lwt",
        command: "by ja conex approve --yes",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "join",
        command: "by dave conex join dave --account github:dave",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "bootstrap ids",
        before: "release dune.1.0; table; mkdir ~/fetched; cp $KEYS/dave.pub ~/fetched/dave.keys",
        command: "conex bootstrap ids ~/owners --keys ~/fetched",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "bootstrap claim",
        before: "release dune.1.0; release re.1.0; table; by dave conex join dave",
        command: "conex bootstrap claim ~/owners",
        after: "for j in ja jb; do by $j conex approve --held --yes; done
            conex verify --dir . --anchors \"$ANCHORS\" --quorum 2",
        ..CASE
    },
    Case {
        name: "owner add",
        before: "release dune.1.0; release re.1.0",
        command: "conex owner add bob --unclaimed",
        after: "by bob conex sign --yes; for j in ja jb; do by $j conex approve --yes; done
            conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2",
        ..CASE
    },
    Case {
        name: "team remove",
        command: "conex team remove web carol",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "janitor remove",
        before: "by ja conex team add notaries ja jb jc; for j in ja jb; do by $j conex approve --yes; done",
        command: "conex janitor remove jc",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "revoke",
        command: "conex revoke alice",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "epoch",
        command: "conex epoch fmt",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "claims",
        command: "conex claims",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "decline",
        before: "by dave conex join dave",
        command: "conex decline dave",
        ..CASE
    },
    Case {
        name: "supersede",
        command: "by alice conex supersede fmt.1.0 --above 0.9 --yes",
        ..CASE
    },
    Case {
        name: "compact",
        before: "edit fmt.1.0 Once; by alice conex sign --yes; edit fmt.1.0 Twice; by alice conex sign --yes",
        command: "by alice conex compact --yes",
        ..CASE
    },
    Case {
        name: "snapshot",
        before: "by ja conex team add notaries ja; for j in ja jb; do by $j conex approve --yes; done",
        command: "by ja conex snapshot --yes",
        ..CASE
    },
    Case {
        name: "publish",
        before: "by ja conex team add notaries ja; for j in ja jb; do by $j conex approve --yes; done",
        command: "by ja conex publish --to ../www --anchors \"$ANCHORS\" --as ja --yes",
        after: "conex verify --dir ../www --anchors \"$ANCHORS\" --quorum 2 --no-state --require-snapshot
            conex verify --dir ../www/index.tar.gz --anchors \"$ANCHORS\" --quorum 2 --no-state --require-snapshot",
        ..CASE
    },
    Case {
        name: "publish --working-form",
        before: "by ja conex team add notaries ja; for j in ja jb; do by $j conex approve --yes; done",
        command: "by ja conex publish --working-form --to ../www --anchors \"$ANCHORS\" --as ja --yes",
        after: "conex verify --dir ../www --anchors \"$ANCHORS\" --quorum 2 --no-state --require-snapshot
            conex verify --dir ../www/index.tar.gz --anchors \"$ANCHORS\" --quorum 2 --no-state --require-snapshot
            test \"$(diff -r packages ../www/packages)\" = 'Only in ../www/packages/.conex: snapshot'",
        ..CASE
    },
    // What clients follow is there whole, or not at all.
    Case {
        name: "publish --branch",
        before: "by ja conex team add notaries ja; for j in ja jb; do by $j conex approve --yes; done; commit notaries
            git clone -q --bare . ~/forge.git; git remote add origin ~/forge.git; git fetch -q",
        command: "by ja conex publish --branch origin/main origin/published --anchors \"$ANCHORS\" --as ja --yes",
        dead: "if at rev-parse -q --verify published; then followed; fi",
        after: "followed; at log --format=%s published | grep -cx 'Publish .*' | grep -x 1",
        ..CASE
    },
    // Of a mirror its own directory and what users get; what git has of upstream is git's.
    Case {
        name: "mirror",
        before: "unsigned ~/up; mkdir ~/mine",
        command: "by ja conex -C ~/mine mirror --git ~/up --to ~/www --init mine --as ja --yes",
        dead: "if test -e ~/www/index.tar.gz; then mirrored; fi",
        after: "mirrored; diff -r -x .conex ~/up/packages ~/www/packages",
        ..CASE
    },
    Case {
        name: "mirror --git",
        before: "unsigned ~/up; mkdir ~/mine; by ja conex -C ~/mine mirror --git ~/up --to ~/www --init mine --as ja --yes; mirrored
            rm -r ~/up/packages/logs; mkdir ~/up/packages/fmt/fmt.7.0; cp packages/fmt/fmt.1.0/opam ~/up/packages/fmt/fmt.7.0/
            git -C ~/up add -A; git -C ~/up commit -qm more",
        command: "by ja conex -C ~/mine mirror --git ~/up --to ~/www --as ja --yes",
        dead: "mirrored",
        after: "mirrored; diff -r -x .conex ~/up/packages ~/www/packages",
        ..CASE
    },
    Case {
        name: "key add",
        before: "cp $PEOPLE/erin/keys/erin $TMPDIR/second",
        command: "by alice conex key add $TMPDIR/second --as alice --yes",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "key import",
        command: "by erin conex key import other $PEOPLE/dave/keys/dave",
        after: "by erin conex key show other",
        ..CASE
    },
    Case {
        name: "sign --detached",
        before: "edit fmt.1.0 Mine; mkdir -p $TMPDIR/out",
        command: "by alice conex sign --yes --detached $TMPDIR/out",
        after: "by alice conex sign --yes; conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2",
        ..CASE
    },
    Case {
        name: "man",
        before: "mkdir -p $TMPDIR/man",
        command: "conex man $TMPDIR/man",
        after: "test -s $TMPDIR/man/conex.1; test $(ls -A $TMPDIR/man | grep -c conex-new) = 0",
        ..CASE
    },
    Case {
        name: "report",
        before: "release dune.1.0; release re.1.0; table; conex report ~/site --proposal ~/owners; rm -r packages/re; release bos.1.0",
        command: "conex report ~/site",
        after: "test ! -e ~/site/package/p-re.html; test ! -e ~/site/proposal.html; conex report ~/again; diff -r ~/again ~/site",
        ..CASE
    },
    // Other anchors and another hook than those that conex wrote before.
    Case {
        name: "enable --nostrict",
        before: "root; cp -a ~/.opam ~/opam-before; conex enable mine --quorum 1 --anchors blake2b=$(printf a%.0s {1..64})",
        command: "enable --nostrict",
        dead: "hook_first",
        never: &["since"],
        after: "grep -q nostrict ~/.opam/config; enable 2>&1 | grep 'so already'; back",
        ..CASE
    },
    // Over another hook, by somebody who thinks better of it.
    Case {
        name: "enable --force",
        before: "root; foreign; cp -a ~/.opam ~/opam-before",
        command: "enable --force",
        again: Some("conex disable"),
        never: &["warning"],
        after: "back",
        ..CASE
    },
    Case {
        name: "enable --leave-out",
        before: "root",
        command: "conex enable mine --leave-out",
        after: "told=$(conex enable --status) || test $? = 1; grep 'left out.*mine' <<< $told",
        ..CASE
    },
    Case {
        name: "init",
        before: "rm -rf packages/.conex packages/*/authorisation packages/*/releases packages/*/*/checksum",
        command: "by ja conex init --name mine --quorum 2 --janitor ja=$KEYS/ja.pub --janitor jb=$KEYS/jb.pub --yes",
        after: "for j in ja jb; do by $j conex approve --yes; done; by ja conex snapshot --yes
            conex verify --dir . --nostrict --anchors \"$(conex anchors)\" --quorum 2",
        ..CASE
    },
    Case {
        name: "owner remove",
        before: "conex owner add bob fmt; for j in ja jb; do by $j conex approve --yes; done",
        command: "conex owner remove bob fmt",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "team add",
        command: "conex team add web bob",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "janitor add",
        command: "conex janitor add jd=$KEYS/jd.pub",
        after: "by jd conex approve --yes; for j in ja jb; do by $j conex approve --yes; done
            conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2",
        ..CASE
    },
    Case {
        name: "janitor quorum",
        command: "conex janitor quorum 3",
        after: "by jc conex approve --yes; for j in ja jb; do by $j conex approve --yes; done
            conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2",
        ..CASE
    },
    Case {
        name: "janitor snapshot",
        before: "by ja conex team add notaries ja; for j in ja jb; do by $j conex approve --yes; done",
        command: "conex janitor snapshot required",
        after: "for j in ja jb; do by $j conex approve --yes; done; by ja conex snapshot --yes
            conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2",
        ..CASE
    },
    Case {
        name: "key remove",
        before: "cp $PEOPLE/erin/keys/erin ../second; by alice conex key add ../second --as alice --yes
            for j in ja jb; do by $j conex approve --yes; done; by erin conex key show erin --fingerprint > ../fp",
        command: "by alice conex key remove $(cat ../fp) --as alice --yes",
        after: APPROVED,
        ..CASE
    },
    Case {
        name: "approve --detached",
        before: "by dave conex join dave; mkdir -p ../out",
        command: "by ja conex approve --yes --detached ../out",
        after: APPROVED,
        ..CASE
    },
    // Who takes in what was signed elsewhere has it in their log, as if it were signed here.
    Case {
        name: "signature import",
        before: "edit fmt.1.0 Mine; mkdir ../out; by alice conex sign --yes --detached ../out
            ssh-keygen -q -Y sign -f $PEOPLE/alice/keys/alice -n conex-index-v1 ../out/index-*",
        command: "by alice conex signature import ../out/index-????????????????",
        after: "conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2
            grep -q '^alice checksum fmt.1.0 0 2 ' $PEOPLE/alice/log/*",
        ..CASE
    },
    Case {
        name: "signature import --of-a-link",
        before: "conex janitor quorum 3; mkdir ../out; by ja conex approve --yes --detached ../out
            ssh-keygen -q -Y sign -f $PEOPLE/ja/keys/ja -n conex-janitors-v1 ../out/link-*",
        command: "by ja conex signature import ../out/link-????????????????",
        after: "for j in jb jc; do by $j conex approve --yes; done
            conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2",
        ..CASE
    },
    Case {
        name: "signature export",
        before: "mkdir ../out",
        command: "conex signature export packages/.conex/janitors/0 --to ../out",
        after: "cd ../out; for by in *.sig; do
                ssh-keygen -Y verify -f signers -I ${by%%-*} -n conex-janitors-v1 -s $by < message; done
            test $(ls | wc -l) = 5",
        ..CASE
    },
    // What a hook remembers.
    Case {
        name: "verify",
        before: "cd ..; mkdir state old new default; git -C work archive main | tar -x -C old; cd work
            edit fmt.1.0 Mine; by alice conex sign --yes; commit; git archive main | tar -x -C ../new; cp -r ../old/. ../default
            conex verify --repo $HOME/default --dir $HOME/old --anchors \"$ANCHORS\" --quorum 2 --state-dir $HOME/state",
        command: "conex verify --repo $HOME/default --dir $HOME/new --anchors \"$ANCHORS\" --quorum 2 --state-dir $HOME/state",
        after: "rm -r $HOME/default/*; told=$(conex verify --repo $HOME/default --dir $HOME/old --anchors \"$ANCHORS\" --quorum 2 \\
                --state-dir $HOME/state 2>&1) && exit 9
            case $told in *E090*) ;; *) echo \"$told\"; exit 8 ;; esac",
        ..CASE
    },
    Case {
        name: "approve --branch",
        before: "forge",
        command: "by ja conex -C ~/ja-clone approve --branch origin/join --yes",
        after: "merge",
        ..CASE
    },
    Case {
        name: "approve --branch --merge",
        before: "forge; by jb conex -C ~/ja-clone approve --branch origin/join --yes",
        command: "by ja conex -C ~/ja-clone approve --branch origin/join --yes --merge",
        after: "published join",
        ..CASE
    },
    Case {
        name: "approve --branch --no-push",
        before: "forge; at rev-parse join > ~/tip",
        command: "by ja conex -C ~/ja-clone approve --branch origin/join --yes --no-push",
        dead: "at rev-parse join | cmp - ~/tip",
        after: "git -C ~/ja-clone push -q origin refs/conex/join:refs/heads/join; merge",
        ..CASE
    },
    Case {
        name: "sign --branch",
        before: "forge; edited",
        command: "by alice conex -C ~/ja-clone sign --branch origin/edit --yes --merge",
        after: "published edit",
        ..CASE
    },
    Case {
        name: "status --remote",
        before: "forge",
        command: "conex -C ~/ja-clone status --remote",
        after: "conex -C ~/ja-clone status --remote | grep origin/join",
        ..CASE
    },
];
