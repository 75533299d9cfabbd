//! Who changed which packages when: the history of the published branch, a line each change.
//!
//! The fields of a line are separated by tabs: the time in seconds since 1970; the number of the
//! pull request; how it was merged; the account at its head; a word for the author and one for who
//! merged; and what it did to releases, `+` for one that it added. Any word will do for a person,
//! as long as it is the same in all lines. Lines that start with `#` say nothing.

use std::collections::BTreeSet;

use conex_verify::format::name::{Id, PackageName};
use thiserror::Error;

/// One change of the published branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When, in seconds since 1970.
    pub time: u64,
    /// The account at the head of the pull request, where that is known.
    pub head: Option<Id>,
    /// A word for who wrote it.
    pub author: Box<str>,
    /// A word for who merged it.
    pub merger: Box<str>,
    /// The packages of which it added a release.
    pub added: BTreeSet<PackageName>,
    /// How many releases it added.
    pub releases: usize,
}

/// A line that is not of this form.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line} of the history: {why}")]
pub struct HistoryError {
    /// Its number, from 1 on.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// Reads a history.
///
/// # Errors
/// A line that is not of this form.
pub fn parse(text: &str) -> Result<Vec<Change>, HistoryError> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let change =
        |(n, line): (usize, &str)| change(line).map_err(|why| HistoryError { line: n + 1, why });
    lines.map(change).collect()
}

fn change(line: &str) -> Result<Change, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [time, _pull, _kind, head, author, merger, what] = fields.as_slice() else {
        return Err(format!("{} fields, and 7 are expected", fields.len()));
    };
    let mut added = BTreeSet::new();
    let mut releases = 0;
    for release in what.split(' ').filter_map(|word| word.strip_prefix('+')) {
        let (name, _) = release
            .split_once('.')
            .ok_or_else(|| format!("`{}` is no release", release.escape_default()))?;
        releases += 1;
        // What cannot be a package any more has no owner.
        added.extend(PackageName::new(name));
    }
    Ok(Change {
        time: time
            .parse()
            .map_err(|_| format!("`{}` is no time", time.escape_default()))?,
        // An account that cannot be an id proposes nobody.
        head: Id::new(head).ok(),
        author: (*author).into(),
        merger: (*merger).into(),
        added,
        releases,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_added_what() {
        let text = "#time\tpr\n1561150088\t14331\tm\txavier\taa\tbb\t+num.1.2 +num.1.3 ~zed.1 -old.1 !num.1.2\n\
            1561150089\t\td\t\taa\taa\t~num.1.2\n";
        let changes = parse(text).unwrap();
        let [first, second] = changes.as_slice() else {
            panic!("{changes:?}")
        };
        assert_eq!(first.time, 1_561_150_088);
        assert_eq!(first.head, Some(Id::new("xavier").unwrap()));
        assert_eq!((&*first.author, &*first.merger), ("aa", "bb"));
        assert_eq!(first.added, [PackageName::new("num").unwrap()].into());
        assert_eq!(first.releases, 2);
        assert_eq!((&second.head, second.releases), (&None, 0));
        // A name that nobody can have any more.
        let old = parse("1\t2\tm\thead\ta\tb\t+opam.1 +num.1\n").unwrap();
        assert_eq!((old[0].added.len(), old[0].releases), (1, 2));
    }

    #[test]
    fn what_is_no_history_is_refused_with_its_line() {
        for (bad, why) in [
            ("1\t2\tm\thead\ta\tb", "6 fields"),
            ("x\t2\tm\thead\ta\tb\t+num.1", "`x` is no time"),
            ("1\t2\tm\thead\ta\tb\t+num", "`num` is no release"),
        ] {
            let error = parse(&format!("# of a test\n\n{bad}\n")).unwrap_err();
            assert_eq!(error.line, 3);
            assert!(error.why.contains(why), "{}", error.why);
        }
    }
}
