//! The command line with what is said of each verb.

use clap::{Command, CommandFactory as _};

use super::command::Cli;
use super::page::Page;
use super::verb::*;

/// What is said of all verbs that do something, in the order of `conex --help`.
const ALL: &[&[Page]] = &[
    verify::PAGES,
    key::PAGES,
    init::PAGES,
    bootstrap::propose::PAGES,
    bootstrap::teams::PAGES,
    bootstrap::ids::PAGES,
    bootstrap::claim::PAGES,
    join::PAGES,
    owner::PAGES,
    team::PAGES,
    janitor::PAGES,
    rotate::PAGES,
    revoke::PAGES,
    epoch::PAGES,
    claims::PAGES,
    decline::PAGES,
    approve::PAGES,
    sign::PAGES,
    supersede::PAGES,
    compact::PAGES,
    status::PAGES,
    check::PAGES,
    snapshot::PAGES,
    publish::PAGES,
    mirror::PAGES,
    signature::PAGES,
    compare::PAGES,
    report::PAGES,
    anchors::PAGES,
    enable::PAGES,
    disable::PAGES,
    explain::PAGES,
    completions::PAGES,
    man::PAGES,
    own::PAGES,
];

/// What is said of the verbs, one by one.
pub fn pages() -> impl Iterator<Item = &'static Page> {
    ALL.iter().copied().flatten()
}

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

/// The command line, with what is said here.
pub fn command() -> Command {
    let mut variables = String::from("Environment:");
    for (name, what) in ENVIRONMENT {
        variables += &format!("\n  {name:<16}  {what}");
    }
    let mut command = Cli::command().after_help(variables);
    for page in pages() {
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
    pages().find(|page| page.verb == verb)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::cli::complete::Completes;

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
        let mut stated: Vec<&str> = pages().map(|page| page.verb).collect();
        stated.sort_unstable();
        assert_eq!(stated, verbs, "a page for each verb, in its file");
        for page in pages() {
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

    /// User story: a shell completes each argument with what there is of it, or somebody decided
    /// that there is nothing to complete it with.
    #[test]
    fn every_argument_says_what_it_completes_with() {
        fn undecided(command: &Command, all: &mut Vec<String>) {
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let takes = arg.get_num_args().is_some_and(|n| n.takes_values());
                let closed = arg.get_value_parser().possible_values().is_some();
                if takes && !closed && arg.get::<Completes>().is_none() {
                    all.push(format!("{}: {}", command.get_name(), arg.get_id()));
                }
            }
            for below in command.get_subcommands() {
                undecided(below, all);
            }
        }
        let mut command = Cli::command();
        command.build();
        let mut all = Vec::new();
        undecided(&command, &mut all);
        all.retain(|line| !line.starts_with("help: "));
        assert_eq!(all, [""; 0]);
    }

    /// The words of an example as a shell makes them: a pipe ends or starts a command.
    fn words(example: &str) -> Vec<String> {
        let command = example.rsplit(" | ").next().unwrap();
        let command = command.split(" > ").next().unwrap();
        command.split(' ').map(|w| w.replace('"', "")).collect()
    }

    #[test]
    fn every_example_can_be_typed() {
        for page in pages() {
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
