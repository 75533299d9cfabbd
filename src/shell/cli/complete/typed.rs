//! What a shell hands over, and what it means.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command};

use super::script::Completed;
use crate::shell::keys::file::from_home;

/// The words of a command line up to the cursor.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// The words, `conex` and the one to complete among them, without quotes.
    pub all: Vec<String>,
    /// How much of the last word the shell does not put anything in place of.
    pub kept: usize,
}

impl Words {
    /// Reads what a shell gives. bash splits words at `=` and `:`, and hands them over with their
    /// quotes, as the Z shell does.
    pub fn new(shell: Completed, given: &[String]) -> Words {
        let (all, kept) = match shell {
            Completed::Bash => joined(given),
            Completed::Zsh | Completed::Fish => (given.to_vec(), 0),
        };
        let all = match shell {
            Completed::Bash | Completed::Zsh => all.iter().map(|word| unquoted(word)).collect(),
            Completed::Fish => all,
        };
        Words { all, kept }
    }

    /// What is to be completed.
    pub fn current(&self) -> &str {
        self.all.last().map_or("", String::as_str)
    }

    /// What stands before it.
    pub fn before(&self) -> &[String] {
        self.all.split_last().map_or(&[], |(_, before)| before)
    }
}

/// Puts together what bash split, and says how much of the last word it takes for another word.
fn joined(given: &[String]) -> (Vec<String>, usize) {
    let mut all: Vec<String> = Vec::new();
    let (mut open, mut kept) = (false, 0);
    for word in given {
        let breaks = !word.is_empty() && word.chars().all(|c| matches!(c, '=' | ':'));
        match all.last_mut().filter(|_| breaks || open) {
            Some(last) => {
                kept = last.len() + if breaks { word.len() } else { 0 };
                last.push_str(word);
            }
            None => {
                kept = 0;
                all.push(word.clone());
            }
        }
        open = breaks;
    }
    (all, kept)
}

/// A word without its quotes; one with an open quote as it is. Nothing in it is run.
fn unquoted(word: &str) -> String {
    match shlex::split(word).as_deref() {
        Some([one]) => one.clone(),
        _ => word.to_owned(),
    }
}

/// Where names are looked for.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The repository, if one was named.
    pub directory: Option<PathBuf>,
    /// opam's root, if one was named.
    pub root: Option<PathBuf>,
    /// The person that the command is about.
    pub person: Option<String>,
}

impl Places {
    /// Reads what was typed before the word to complete. What is wrong there is passed over.
    pub fn new(command: &Command, before: &[String]) -> Places {
        let command = command.clone().ignore_errors(true);
        let Ok(matches) = command.try_get_matches_from(before) else {
            return Places::default();
        };
        let leaf = leaf(&matches);
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let path = |name: &str| {
            let typed = leaf.try_get_one::<PathBuf>(name).ok().flatten()?;
            Some(expanded(typed, home.as_deref()))
        };
        let text = |name: &str| leaf.try_get_one::<String>(name).ok().flatten().cloned();
        Places {
            directory: path("directory"),
            root: path("root"),
            person: text("signer").or_else(|| text("id")),
        }
    }
}

fn leaf(matches: &ArgMatches) -> &ArgMatches {
    match matches.subcommand() {
        Some((_, below)) => leaf(below),
        None => matches,
    }
}

/// `~/` stands for the home, as it would when the command ran.
fn expanded(path: &Path, home: Option<&Path>) -> PathBuf {
    match path.to_str() {
        Some(text) => from_home(text, home),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(shell: Completed, given: &[&str]) -> Words {
        let given: Vec<String> = given.iter().map(|&word| word.to_owned()).collect();
        Words::new(shell, &given)
    }

    /// `COMP_WORDBREAKS` has `=` and `:`.
    #[test]
    fn what_bash_splits_is_one_word() {
        let bash = |given: &[&str]| {
            let words = words(Completed::Bash, given);
            (words.all.join("|"), words.kept)
        };
        let of = |text: &str, kept| (text.to_owned(), kept);
        assert_eq!(bash(&["conex", "sign", "f"]), of("conex|sign|f", 0));
        assert_eq!(bash(&["conex", "sign", ""]), of("conex|sign|", 0));
        assert_eq!(bash(&["conex", "--as", "=", "an"]), of("conex|--as=an", 5));
        assert_eq!(bash(&["conex", "--as", "=", ""]), of("conex|--as=", 5));
        assert_eq!(bash(&["conex", "--as", "="]), of("conex|--as=", 5));
        assert_eq!(
            bash(&["conex", "--key", "=", "SHA256", ":", "ab"]),
            of("conex|--key=SHA256:ab", 13)
        );
        assert_eq!(
            bash(&["conex", "-C", "'my repository'", "--as", "=", "ann", "f"]),
            of("conex|-C|my repository|--as=ann|f", 0)
        );
    }

    #[test]
    fn what_was_typed_is_read_and_never_run() {
        let zsh = |word: &str| words(Completed::Zsh, &[word]).all.concat();
        assert_eq!(zsh("my\\ repository"), "my repository");
        assert_eq!(zsh("$(touch x)"), "$(touch x)");
        assert_eq!(zsh("\"open"), "\"open");
        assert_eq!(zsh("'a b'"), "a b");
    }
}
