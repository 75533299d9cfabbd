//! `BASE..HEAD`, as people type it.

use super::error::GitError;
use super::oid::Oid;
use super::repository::Git;

/// Two names of commits. `BASE..HEAD` and `BASE...HEAD` are the same, and so is `BASE`
/// alone, with the present commit as the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The published branch.
    pub base: String,
    /// What is to be merged into it.
    pub head: String,
}

impl Range {
    /// Reads what was typed.
    ///
    /// # Errors
    /// No base, more than two names, or one that git would take for an option.
    pub fn parse(text: &str) -> Result<Range, GitError> {
        let (base, head) = match text.split_once("..") {
            Some((base, head)) => (base, head.strip_prefix('.').unwrap_or(head)),
            None => (text, ""),
        };
        let head = if head.is_empty() { "HEAD" } else { head };
        let sound = |name: &str| {
            !name.is_empty() && !name.starts_with(['-', '.', '^']) && !name.contains("..")
        };
        if sound(base) && sound(head) {
            Ok(Range {
                base: base.to_owned(),
                head: head.to_owned(),
            })
        } else {
            Err(GitError::Range(text.to_owned()))
        }
    }
}

impl Git {
    /// The commit that a name means now.
    ///
    /// # Errors
    /// There is none, or git fails.
    pub fn commit(&self, name: &str) -> Result<Oid, GitError> {
        // One argument, that nothing before it lets be an option.
        if name.starts_with('-') {
            return Err(GitError::Unknown(name.to_owned()));
        }
        let wanted = format!("{name}^{{commit}}");
        let output = self.run(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &wanted,
        ])?;
        Oid::new(&output.stdout).ok_or_else(|| GitError::Unknown(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_git_writes_them() {
        for (text, base, head) in [
            ("main..feature", "main", "feature"),
            ("main...feature", "main", "feature"),
            ("origin/main..", "origin/main", "HEAD"),
            ("origin/main...", "origin/main", "HEAD"),
            ("origin/main", "origin/main", "HEAD"),
            ("v1.0..HEAD~2", "v1.0", "HEAD~2"),
        ] {
            let range = Range::parse(text).unwrap();
            assert_eq!((&*range.base, &*range.head), (base, head), "{text}");
        }
        for text in [
            "",
            "..",
            "..HEAD",
            "a..b..c",
            "a....b",
            "--help..x",
            "a..--output=x",
            "-a",
            "^a..b",
        ] {
            assert!(Range::parse(text).is_err(), "{text}");
        }
    }
}
