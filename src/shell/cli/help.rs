//! What `--help` and the man pages say of each verb beside its options: its policy,
//! its exit status, examples. In one place, so that they can be compared with each other.

use clap::{Command, CommandFactory as _};

use super::args::Cli;

/// What is said of one verb.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// The verb, with the one above it: `janitor add`.
    pub verb: &'static str,
    /// What it decides, signs or writes, what it asks, and what it never does.
    pub policy: &'static str,
    /// What its exit status means, but for what all have in common.
    pub exit: &'static str,
    /// What can be typed.
    pub examples: &'static [&'static str],
}

const DONE: &str = "0 done, or nothing to do; 1 refused; 2 usage or environment";
const PRINTED: &str = "0 printed; 1 the repository does not allow it; 2 usage or environment";

/// All verbs that do something, in the order of `conex --help`.
pub const PAGES: &[Page] = &[
    Page {
        verb: "verify",
        policy: "every package is signed and complete; with --nostrict, packages whose names no quorum of \
janitors claims are let through and counted. In every mode a failing signature, metadata that cannot be read, \
a path outside the grammar, a name collision or a digest mismatch is a reason to reject. Where the anchors say \
unsigned=covered, such packages are let through as a valid snapshot states them, and not otherwise. It asks nothing, \
and writes nothing but its report and its memory. docs/verification.md has the rules.",
        exit: "0 the repository is valid; 1 it is rejected; 2 the command line or the environment does not \
allow to decide. opam keeps its old state after anything but 0",
        examples: &[
            "conex verify --dir . --anchors \"$(conex anchors)\"",
            "conex verify --dir new.tar.gz --anchors blake2b=… --quorum 1 --nostrict",
        ],
    },
    Page {
        verb: "key new",
        policy: "makes an Ed25519 key in OpenSSH's format, mode 0600, below $CONEX_HOME/keys. It asks twice for \
a passphrase; a key that is there is replaced only with --force. Whoever has an Ed25519 SSH key needs none: \
git's signing key, ssh-agent and ~/.ssh/id_ed25519 are found.",
        exit: DONE,
        examples: &["conex key new you"],
    },
    Page {
        verb: "key import",
        policy: "keeps a key for an id, and grants nothing: the repository says whose key counts. Of a list the \
first Ed25519 key is taken, and each line that cannot be used is named with the reason. An encrypted key stays \
encrypted; a private key that others can read is refused.",
        exit: DONE,
        examples: &[
            "conex key import you ~/.ssh/id_ed25519.pub",
            "curl -fsS https://github.com/ann.keys | conex key import ann -",
        ],
    },
    Page {
        verb: "key list",
        policy: "reads only conex's own keys, and shows no private half.",
        exit: PRINTED,
        examples: &["conex key list"],
    },
    Page {
        verb: "key show",
        policy: "prints the public half, for others; never the private one.",
        exit: PRINTED,
        examples: &["conex key show you", "conex key show you --fingerprint"],
    },
    Page {
        verb: "key add",
        policy: "writes the file of an author with one more key, and signs it with that key, which proves that it is \
yours. The keys before it stay. It grants nothing until a quorum of janitors approves the file.",
        exit: DONE,
        examples: &["conex key add ~/.ssh/id_ed25519_sk.pub --as you"],
    },
    Page {
        verb: "key remove",
        policy: "writes the file of an author without these keys and signs nothing: a quorum of janitors approves it. \
It says what then waits, because only these keys vouched for it, and leaves at least one key.",
        exit: DONE,
        examples: &["conex key remove blake2b=… --as you"],
    },
    Page {
        verb: "init",
        policy: "writes link 0 of the janitor chain, an empty list of claims, and the team `notaries` of all janitors, \
and signs nothing; each janitor then signs with `conex approve`. The link says that clients refuse a repository \
without a snapshot, which cannot be taken back; with --snapshot optional they do not, and no team is made. With \
--alone it signs with the key of the one janitor, after a question. It never replaces a chain.",
        exit: DONE,
        examples: &[
            "conex init --name example --quorum 2 --janitor you --janitor ann=ann.pub",
            "conex init --name my-repository --alone me",
        ],
    },
    Page {
        verb: "join",
        policy: "writes packages/.conex/ids/ID with your public key and signs it with that key, which proves \
that it is yours. It asks nothing: it grants nothing until a quorum of janitors approves it. Without --key it \
takes git's SSH signing key, ssh-agent's, ~/.ssh/id_ed25519 or conex's own key, and says which.",
        exit: DONE,
        examples: &["conex join you --account github:you"],
    },
    Page {
        verb: "owner add",
        policy: "writes the authorisations of these packages and signs nothing: a quorum of janitors approves \
them.",
        exit: DONE,
        examples: &[
            "conex owner add ann fmt logs",
            "conex owner add janitor-team --unclaimed",
        ],
    },
    Page {
        verb: "owner remove",
        policy: "writes the authorisations of these packages and signs nothing: a quorum of janitors approves \
them. What only this owner vouched for then waits for somebody else.",
        exit: DONE,
        examples: &["conex owner remove ann fmt"],
    },
    Page {
        verb: "team add",
        policy: "writes the file of the team and signs nothing: a quorum of janitors approves it.",
        exit: DONE,
        examples: &["conex team add mirage ann bob"],
    },
    Page {
        verb: "team remove",
        policy: "writes the file of the team and signs nothing: a quorum of janitors approves it. A team can be \
empty; its name stays taken.",
        exit: DONE,
        examples: &["conex team remove mirage bob"],
    },
    Page {
        verb: "janitor add",
        policy: "writes a new link of the janitor chain and signs nothing: a quorum of the janitors before, a \
quorum of those after, and everybody who is added sign it with `conex approve`.",
        exit: DONE,
        examples: &["conex janitor add eve=eve.pub --quorum 2"],
    },
    Page {
        verb: "janitor remove",
        policy: "writes a new link of the janitor chain and signs nothing. What the removed ones vouched for no \
longer counts: it says what then waits, and one `conex approve` of each janitor does all of it.",
        exit: DONE,
        examples: &["conex janitor remove bob"],
    },
    Page {
        verb: "janitor snapshot",
        policy: "writes a new link of the janitor chain and signs nothing. Required never becomes optional \
again.",
        exit: DONE,
        examples: &["conex janitor snapshot required"],
    },
    Page {
        verb: "janitor quorum",
        policy: "writes a new link of the janitor chain and signs nothing. Clients refuse a quorum below their \
own.",
        exit: DONE,
        examples: &["conex janitor quorum 3"],
    },
    Page {
        verb: "rotate",
        policy: "vouches again with the new key for exactly what the old one vouched for and what is valid, after a \
question; other changes in the tree are left for `sign` and `approve`, and named. What the old key signed in this \
branch, and nobody has yet, goes. A new key of conex's own is kept before \
anything is signed with it, and the old one under another name. Janitors approve the change; with the old key \
lost their approval is all that counts.",
        exit: DONE,
        examples: &[
            "conex rotate --as you",
            "conex rotate --as you --new-key ~/.ssh/id_ed25519.pub",
        ],
    },
    Page {
        verb: "revoke",
        policy: "writes the file of the author without these keys and signs nothing: a quorum of janitors \
approves it. It says what then waits, because only these keys vouched for it.",
        exit: DONE,
        examples: &["conex revoke mallory"],
    },
    Page {
        verb: "epoch",
        policy: "writes these resources in a new epoch and signs nothing: a quorum of janitors opens it with \
`conex approve`. Of a package that is its list of releases and every checksum, or with --owners its authorisation. \
It refuses while somebody who can support the package has entries in a later epoch. An epoch never goes back.",
        exit: DONE,
        examples: &["conex epoch fmt", "conex epoch --owners fmt"],
    },
    Page {
        verb: "claims",
        policy: "writes the list of packages that are claimed for ever: the names that it has, and those whose \
authorisation is valid now. It signs nothing: a quorum of janitors approves it, in a change of its own. No name \
ever leaves the list.",
        exit: DONE,
        examples: &["conex claims"],
    },
    Page {
        verb: "decline",
        policy: "empties an id or a first claim that waits for approval, so that nobody can approve it, and removes a \
link that lacks signatures. It signs nothing, and refuses what a quorum has approved before.",
        exit: DONE,
        examples: &["conex decline mallory", "conex decline fmt"],
    },
    Page {
        verb: "approve",
        policy: "shows what waits for a quorum, asks once, and vouches for all of it with one signature of a \
janitor's key; it also signs a new link of the janitor chain. It never changes what it vouches for, leaves out \
what does not fit the files that are there, and says what still lacks others. An id file for a past or present \
janitor that lists another key than the chain is left out unless --id names it.",
        exit: DONE,
        examples: &[
            "conex approve",
            "conex approve fmt ann --as you",
            "conex approve --range origin/main..HEAD --diff",
            "conex approve --as you --detached ../to-sign",
        ],
    },
    Page {
        verb: "sign",
        policy: "finds the releases that changed, writes their checksums and lists, shows them, asks, and \
vouches for them with one signature. It signs for you alone: an author's signature counts for what they own. It \
never touches an opam file, and refuses releases whose archives have no SHA-256 or SHA-512 checksum.",
        exit: DONE,
        examples: &["conex sign", "conex sign fmt --yes"],
    },
    Page {
        verb: "supersede",
        policy: "vouches for a revision above everything that is to be dead: above all that was signed in the branch or \
commit of --of, above --above, and above your own log of what you signed. Without any of the three it refuses. Of a \
release that is not there it raises the floor of the list; of another resource that is not there it writes the \
empty one.",
        exit: DONE,
        examples: &[
            "conex supersede fmt.0.9.0 --of closed-branch",
            "conex supersede fmt --above 0.7",
        ],
    },
    Page {
        verb: "compact",
        policy: "folds the segments of one key into one, shows that, and asks. It drops only entries that support \
nothing any more. With --delete-dead it deletes, of anybody, the segments in which every entry is such a one, and \
nobody signs. Run it in a change of its own: it conflicts with every other signature of yours.",
        exit: DONE,
        examples: &["conex compact --as you", "conex compact --delete-dead"],
    },
    Page {
        verb: "status",
        policy: "reads the repository as it lies there, without anchors: what it shows is no verdict. It signs, \
asks and writes nothing.",
        exit: "0 shown; 1 there is no janitor chain; 2 usage or environment",
        examples: &[
            "conex status",
            "conex status fmt",
            "conex status --format=json",
        ],
    },
    Page {
        verb: "check",
        policy: "judges what merging HEAD into BASE as it is now would give: the whole of it, as clients do, and \
what changed against BASE, whose chain of janitors is believed unless --anchors says whom to trust. Nothing is \
checked out or written, no key is needed, and the repository can be bare. The snapshot is left out: it is made \
when the branch is published. A result holds for this BASE: when it moved, check again.",
        exit: "0 it can be merged; 1 not yet; 2 usage or environment",
        examples: &[
            "conex check origin/main..HEAD",
            "conex check origin/main..feature --complete --format=github",
        ],
    },
    Page {
        verb: "snapshot",
        policy: "made last, of the tree that is published: every change after it makes it invalid. It shows \
what changed since the last one, asks, and signs as a notary. Files whose times, size and inode are as they \
were are not read again; --full reads them all, and says where that was wrong.",
        exit: "0 made, or nothing to do; 1 refused; 2 usage or environment",
        examples: &["conex snapshot", "conex snapshot --full --renew --yes"],
    },
    Page {
        verb: "signature export",
        policy: "prints the signatures of a segment, a link or the snapshot in OpenSSH's armoured form, or \
writes them with the bytes that they are over and a list of signers, and says how stock `ssh-keygen -Y verify` \
checks them. It needs no secret.",
        exit: "0 exported, and all verify; 1 one does not, or its key is not known; 2 usage or environment",
        examples: &[
            "conex signature export packages/.conex/snapshot",
            "conex signature export packages/.conex/janitors/0 --to ../link-0",
        ],
    },
    Page {
        verb: "signature import",
        policy: "takes in what `ssh-keygen -Y sign` made of a file of --detached, on another machine. It is \
refused unless it verifies under a key that the repository knows for its id, and says what the repository is \
now. It needs no secret.",
        exit: DONE,
        examples: &["conex signature import ../to-sign/index-0123456789abcdef"],
    },
    Page {
        verb: "compare",
        policy: "reads both and judges neither. The short state is what `conex status`, `conex explain` and \
`conex verify --format=json` print.",
        exit: "0 the same state; 1 another one; 2 usage or environment",
        examples: &["conex compare . mirror.tar.gz"],
    },
    Page {
        verb: "anchors",
        policy: "prints the fingerprints of the janitors' keys, the last link, and what the repository asks of \
clients (quorum=, claims=, unsigned=covered), as the tree at -C DIR says it: whoever hands them out has to know that \
this tree is the right one. Older anchors of the same repository stay good.",
        exit: PRINTED,
        examples: &[
            "conex anchors",
            "conex anchors --opam example https://packages.example",
        ],
    },
    Page {
        verb: "enable",
        policy: "writes the field repository-validation-command of opam's `config` and the anchors in its \
`repo/repos-config`, under opam's locks, and leaves everything else in them byte for byte. Without --anchors \
they are taken from the repository at -C DIR; without both, those that opam has are kept. `conex disable` \
brings back what was there.",
        exit: "0 done, or with --status: everything is verified; 1 refused, or something is not verified; 2 \
the command line or the environment does not allow it",
        examples: &[
            "conex enable default --anchors blake2b=…,blake2b=…,quorum=2",
            "conex enable --status",
        ],
    },
    Page {
        verb: "disable",
        policy: "takes back only what `enable` wrote, under opam's locks; what somebody changed since is left \
and named.",
        exit: DONE,
        examples: &["conex disable", "conex disable default --dry-run"],
    },
    Page {
        verb: "explain",
        policy: "prints the report that the hook kept; it judges nothing anew.",
        exit: "0 printed; 2 usage or environment",
        examples: &["conex explain", "conex explain default"],
    },
    Page {
        verb: "completions",
        policy: "prints a script for one shell on standard output; the same for the same version.",
        exit: "0 printed; 2 usage",
        examples: &[
            "conex completions bash > ~/.local/share/bash-completion/completions/conex",
            "conex completions zsh > ~/.zfunc/_conex",
            "conex completions fish > ~/.config/fish/completions/conex.fish",
        ],
    },
    Page {
        verb: "man",
        policy: "writes one page for each verb into a directory that is there: the same for the same version, \
without a date.",
        exit: "0 written; 2 usage or environment",
        examples: &["conex man /usr/local/share/man/man1"],
    },
];

/// The variables of the environment that mean something, for all verbs.
pub const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "CONEX_HOME",
        "where conex's own keys are [default: ~/.local/share/conex]",
    ),
    (
        "CONEX_PASSPHRASE",
        "the passphrase of the key, where there is no terminal to ask on",
    ),
    ("SSH_AUTH_SOCK", "the ssh-agent that is asked for keys"),
    (
        "XDG_STATE_HOME",
        "the hook keeps reports and its memory in `conex` below it",
    ),
    ("NO_COLOR", "no colours, if it is not empty"),
    (
        "CI",
        "no progress, if it is not empty; neither where TERM is dumb",
    ),
];

impl Page {
    /// The text behind the options in `--help`.
    fn text(&self) -> String {
        let heading = match self.examples {
            [_] => "Example:",
            _ => "Examples:",
        };
        format!(
            "Policy: {}\n\nExit status: {}.\n\n{heading}\n  {}",
            self.policy,
            self.exit,
            self.examples.join("\n  ")
        )
    }
}

/// The command line, with what is said here.
pub fn command() -> Command {
    let mut variables = String::from("Environment:");
    for (name, what) in ENVIRONMENT {
        variables += &format!("\n  {name:<16}  {what}");
    }
    let mut command = Cli::command().after_help(variables);
    for page in PAGES {
        let text = page.text();
        let words: Vec<&str> = page.verb.split(' ').collect();
        command = at(command, &words, text);
    }
    command
}

fn at(command: Command, verb: &[&'static str], text: String) -> Command {
    match verb {
        [] => command.after_help(text),
        [first, rest @ ..] => command.mut_subcommand(first, |sub| at(sub, rest, text)),
    }
}

/// What is said of a verb.
pub fn page(verb: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.verb == verb)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All verbs that have none below them.
    fn leaves(command: &Command, above: &str, all: &mut Vec<String>) {
        let subs: Vec<&Command> = command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
            .collect();
        if subs.is_empty() {
            all.push(above.trim().to_owned());
        }
        for sub in subs {
            leaves(sub, &format!("{above} {}", sub.get_name()), all);
        }
    }

    /// User story: whoever reads `--help` learns what the verb decides and never does.
    #[test]
    fn every_verb_states_its_policy() {
        let mut verbs = Vec::new();
        leaves(&Cli::command(), "", &mut verbs);
        verbs.sort();
        let mut pages: Vec<&str> = PAGES.iter().map(|page| page.verb).collect();
        pages.sort_unstable();
        assert_eq!(
            pages, verbs,
            "a page for each verb, in src/shell/cli/help.rs"
        );
        for page in PAGES {
            let text = page.text();
            assert!(text.contains("Exit status: 0 "), "{}", page.verb);
            assert!(!page.examples.is_empty(), "{}", page.verb);
            assert!(
                !page.policy.contains("  "),
                "{}: a line too long",
                page.verb
            );
        }
    }

    /// The words of an example as a shell makes them: a pipe ends or starts a command.
    fn words(example: &str) -> Vec<String> {
        let command = example.rsplit(" | ").next().unwrap();
        let command = command.split(" > ").next().unwrap();
        command.split(' ').map(|w| w.replace('"', "")).collect()
    }

    #[test]
    fn every_example_can_be_typed() {
        for page in PAGES {
            for example in page.examples {
                assert!(
                    example.len() <= 80,
                    "{example} is not one line of a terminal"
                );
                // What a shell would put in place of itself is one word.
                let example = example.replace("$(conex anchors)", "blake2b=…");
                let words = words(&example);
                let read = command().try_get_matches_from(&words);
                assert!(read.is_ok(), "{example}: {}", read.unwrap_err());
                let typed = words.iter().skip(1);
                assert!(
                    typed.zip(page.verb.split(' ')).all(|(a, b)| a == b),
                    "{example} is no example of {}",
                    page.verb
                );
            }
        }
    }
}
