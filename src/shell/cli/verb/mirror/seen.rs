//! When a mirror saw which commit of upstream, by its own clock: the dates in commits are whatever
//! their authors wrote.

use std::path::Path;

use crate::shell::cli::failure::Failure;
use crate::shell::git::Oid;
use crate::shell::write::{PRIVATE_STATE, write};

/// The file, below the directory of the mirror's own.
const FILE: &str = "seen";

/// The commits that the mirror saw at the end of upstream's branch, the last one last. Those before the
/// one that was published are forgotten.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen(Vec<(u64, Oid)>);

impl Seen {
    /// Reads the file below `dir`; nothing was seen where it is not there.
    ///
    /// # Errors
    /// It cannot be read, or is not what [`Seen::write`] wrote.
    pub fn read(dir: &Path) -> Result<Seen, Failure> {
        let path = dir.join(FILE);
        let unreadable = |why: String| {
            Failure::usage(
                format!("`{}`: {why}", path.display()),
                "it says which commit of upstream was mirrored last; remove it only if you know that upstream is right",
            )
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Seen::default()),
            Err(e) => return Err(unreadable(e.to_string())),
        };
        let seen: Option<Vec<_>> = text.lines().map(entry).collect();
        seen.map(Seen)
            .ok_or_else(|| unreadable("not lines of a time and a commit".to_owned()))
    }

    /// Writes the file below `dir`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), Failure> {
        let line = |(time, commit): &(u64, Oid)| format!("{time} {}\n", commit.as_str());
        let text: String = self.0.iter().map(line).collect();
        write(dir, FILE, text.as_bytes(), PRIVATE_STATE).map_err(|e| Failure::usage(e, ""))
    }

    /// The commit that was seen last.
    pub fn last(&self) -> Option<&Oid> {
        self.0.last().map(|(_, commit)| commit)
    }

    /// Takes in what is there at `now`. What was seen before is forgotten where the branch was
    /// rewritten.
    pub fn add(&mut self, now: u64, commit: &Oid, rewritten: bool) {
        if rewritten {
            self.0.clear();
        }
        if self.last() != Some(commit) {
            self.0.push((now, commit.clone()));
        }
    }

    /// The last commit that was seen until `then`, and forgets those before it. What was due once stays
    /// so, whatever the clock says later: its time becomes 0. A commit of a time to come was seen by a
    /// clock that was wrong, and waits.
    pub fn due(&mut self, then: u64) -> Option<Oid> {
        let at = self.0.iter().rposition(|(time, _)| *time <= then)?;
        self.0.drain(..at);
        let (time, commit) = self.0.first_mut()?;
        *time = 0;
        Some(commit.clone())
    }

    /// How many commits wait behind the one that is due, and when the next of these was seen.
    pub fn waiting(&self, due: Option<&Oid>) -> Option<(usize, u64)> {
        let is_due = |(_, commit): &(u64, Oid)| Some(commit) == due;
        let from = self.0.iter().rposition(is_due).map_or(0, |at| at + 1);
        let rest = self.0.get(from..)?;
        rest.first().map(|(time, _)| (rest.len(), *time))
    }
}

fn entry(line: &str) -> Option<(u64, Oid)> {
    let (time, commit) = line.split_once(' ')?;
    Some((time.parse().ok()?, Oid::new(commit.as_bytes())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(digit: &str) -> Oid {
        Oid::new(digit.repeat(40).as_bytes()).unwrap()
    }

    #[test]
    fn a_commit_is_due_when_it_was_seen_long_enough_ago() {
        let mut seen = Seen::default();
        for (time, commit) in [(10, "a"), (20, "b"), (20, "b"), (30, "c")] {
            seen.add(time, &oid(commit), false);
        }
        assert_eq!(seen.due(9), None);
        assert_eq!(seen.waiting(None), Some((3, 10)));
        assert_eq!(seen.due(29), Some(oid("b")));
        assert_eq!(seen.waiting(Some(&oid("b"))), Some((1, 30)));
        assert_eq!(seen.last(), Some(&oid("c")));
        // The clock goes back: what is there stays, and nothing is lost.
        assert_eq!(seen.due(15), Some(oid("b")));
        assert_eq!(seen.due(30), Some(oid("c")));
        assert_eq!(seen.waiting(Some(&oid("c"))), None);
        seen.add(40, &oid("d"), true);
        assert_eq!(seen, Seen(vec![(40, oid("d"))]));
    }

    #[test]
    fn the_file_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Seen::read(dir.path()).unwrap(), Seen::default());
        let seen = Seen(vec![(1, oid("a")), (22, oid("b"))]);
        seen.write(dir.path()).unwrap();
        assert_eq!(Seen::read(dir.path()).unwrap(), seen);
        for bad in ["x", "1 abc", "-1 a", "1"] {
            std::fs::write(dir.path().join(FILE), bad).unwrap();
            assert!(Seen::read(dir.path()).is_err(), "{bad}");
        }
    }
}
