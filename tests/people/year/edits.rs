//! What kind of edit a change of an opam file is, by the fields that differ.

use std::collections::{BTreeMap, BTreeSet};

/// Kinds of edits. One of several kinds is of the one that comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// Fewer versions of dependencies, or fewer machines.
    Narrows,
    /// What people read, and flags.
    Text,
    /// Packages of the system.
    Depexts,
    /// More versions, other dependencies.
    Depends,
    /// Sources, and what is run.
    SourceOrBuild,
}

/// The text after a patch of git for one file; the patch of a new file has no text before.
pub fn patched(before: &str, patch: &str) -> String {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let mut new = String::new();
    let (mut at, mut in_hunk, mut last) = (0, false, b' ');
    for line in patch.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("@@ -") {
            let range = rest.split(' ').next().unwrap();
            let mut numbers = range.split(',').map(|n| n.parse::<usize>().unwrap());
            let first = numbers.next().unwrap();
            let first = match numbers.next() {
                Some(0) => first,
                _ => first - 1,
            };
            new.extend(old[at..first].iter().copied());
            (at, in_hunk) = (first, true);
        } else if in_hunk {
            match line.as_bytes()[0] {
                b' ' => {
                    new.push_str(&line[1..]);
                    at += 1;
                }
                b'-' => at += 1,
                b'+' => new.push_str(&line[1..]),
                // The line before ends without a line feed.
                b'\\' if last != b'-' => {
                    new.pop();
                }
                _ => {}
            }
            last = line.as_bytes()[0];
        }
    }
    new.extend(old[at..].iter().copied());
    new
}

/// The words of an opam file: strings, names and signs, without comments.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("\"\"\"") => {
                rest[3..].find("\"\"\"").map_or(rest.len(), |end| end + 6)
            }
            '"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                end.map_or(rest.len(), |end| end + 2)
            }
            c if is_name(c) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let word = &rest[..length];
        if !first.is_whitespace() && first != '#' {
            words.push(word.to_owned());
        }
        rest = &rest[length..];
    }
    words
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || "-_+".contains(c)
}

/// The words of each field and section at the top.
fn fields(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut name, mut depth) = (String::new(), 0_i32);
    let words = words(text);
    for (n, word) in words.iter().enumerate() {
        let next = words.get(n + 1).map_or("", String::as_str);
        let after = words.get(n + 2).map_or("", String::as_str);
        let starts = depth == 0
            && word.starts_with(char::is_alphabetic)
            && (next == ":"
                || (next == "{" && !name.is_empty() && is_section(word))
                || (after == "{" && is_section(word)));
        match word.as_str() {
            "[" | "{" | "(" => depth += 1,
            "]" | "}" | ")" => depth -= 1,
            _ => {}
        }
        match starts {
            true => {
                name.clone_from(word);
                fields.entry(name.clone()).or_default();
            }
            false => fields.entry(name.clone()).or_default().push(word.clone()),
        }
    }
    fields
}

fn is_section(word: &str) -> bool {
    matches!(word, "url" | "extra-source")
}

/// What kind of edit it is.
pub fn kind(before: &str, after: &str) -> Edit {
    let (old, new) = (fields(before), fields(after));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let none = Vec::new();
    let kinds = names.into_iter().filter_map(|name| {
        let old = old.get(name).unwrap_or(&none);
        let new = new.get(name).unwrap_or(&none);
        (old != new).then(|| of_field(name, old, new))
    });
    kinds.max().unwrap_or(Edit::Text)
}

fn of_field(name: &str, old: &[String], new: &[String]) -> Edit {
    match name {
        "depends" | "conflicts" | "available" | "conflict-class" => match narrows(name, old, new) {
            true => Edit::Narrows,
            false => Edit::Depends,
        },
        "depopts" => Edit::Depends,
        "depexts" => Edit::Depexts,
        "url" | "extra-source" | "extra-files" | "build" | "install" | "remove" | "patches"
        | "substs" | "run-test" | "build-env" | "setenv" | "build-test" | "build-doc"
        | "pin-depends" | "messages" => Edit::SourceOrBuild,
        _ => Edit::Text,
    }
}

/// Whether everything that was asked is still asked, and what is added asks for more. (A bound that is
/// another number is not looked into, and is no narrowing here.)
fn narrows(name: &str, old: &[String], new: &[String]) -> bool {
    if name == "available" && new.len() == 1 && new[0] == "false" {
        return true;
    }
    let mut left = old.iter().peekable();
    let (mut depth, mut ok) = (0_i32, true);
    for word in new {
        match word.as_str() {
            "{" | "(" => depth += 1,
            "}" | ")" => depth -= 1,
            _ => {}
        }
        match left.peek() {
            Some(next) if *next == word => {
                left.next();
            }
            // A new dependency is code that runs, and an alternative allows more.
            _ => ok &= word != "|" && !(name == "depends" && depth == 0 && word.starts_with('"')),
        }
    }
    ok && left.peek().is_none() && !new.is_empty()
}

/// The account in which the sources are, as `github.com/ann`, or nothing.
pub fn source(text: &str) -> String {
    let fields = fields(text);
    let words = ["dev-repo", "url"]
        .into_iter()
        .filter_map(|name| fields.get(name));
    let mut addresses = words
        .flatten()
        .filter_map(|word| word.trim_matches('"').split_once("://"));
    let account = addresses.find_map(|(_, address)| {
        let mut parts = address.trim_start_matches("git@").split('/');
        Some(format!("{}/{}", parts.next()?, parts.next()?).to_lowercase())
    });
    account.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "opam-version: \"2.0\"\nsynopsis: \"s\"\ndepends: [\n  \"a\" {>= \"1\"}\n  \"b\" # why\n]\nbuild: [\"dune\"]\nurl {\n  src: \"x\"\n}\n";

    #[test]
    fn edits_are_told_apart() {
        let of = |from: &str, to: &str| {
            assert!(FILE.contains(from), "{from}");
            kind(FILE, &FILE.replace(from, to))
        };
        assert_eq!(of("\"b\" # why", "\"b\" {< \"2\"}"), Edit::Narrows);
        assert_eq!(of("{>= \"1\"}", "{>= \"1\" & < \"3\"}"), Edit::Narrows);
        assert_eq!(
            of("build:", "available: arch = \"x86_64\"\nbuild:"),
            Edit::Narrows
        );
        assert_eq!(of("build:", "conflicts: [\"c\"]\nbuild:"), Edit::Narrows);
        assert_eq!(of("{>= \"1\"}", ""), Edit::Depends);
        assert_eq!(of("{>= \"1\"}", "{>= \"1\" | = \"0\"}"), Edit::Depends);
        assert_eq!(of("\"b\" # why", "\"b\"\n  \"c\""), Edit::Depends);
        assert_eq!(of("\"s\"", "\"t\""), Edit::Text);
        assert_eq!(of("# why", "# so"), Edit::Text);
        assert_eq!(of("\"dune\"", "\"make\""), Edit::SourceOrBuild);
        assert_eq!(of("src: \"x\"", "src: \"y\""), Edit::SourceOrBuild);
    }

    #[test]
    fn a_patch_gives_what_git_would_give() {
        let patch = "@@ -1,3 +1,2 @@\n a\n-b\n c\n@@ -5 +4,2 @@\n-e\n\\ No newline at end of file\n+e\n+f\n";
        assert_eq!(patched("a\nb\nc\nd\ne", patch), "a\nc\nd\ne\nf\n");
        assert_eq!(
            patched("", "@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n"),
            "a"
        );
    }
}
