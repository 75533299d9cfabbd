//! Numbers with words.

/// A number and what is counted: `1 file`, `2 files`, `3 lists of releases`.
pub fn counted(n: usize, what: &str) -> String {
    format!("{n} {}", plural(n, what))
}

/// What is counted, for this number of it.
pub fn plural(n: usize, what: &str) -> String {
    if n == 1 {
        return what.to_owned();
    }
    let (head, rest) = match what.find(" of ") {
        Some(at) => what.split_at(at),
        None => (what, ""),
    };
    match head.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies{rest}"),
        _ => format!("{head}s{rest}"),
    }
}

/// The form of a verb for a number of things: `1 file changes`, `2 files change`.
pub fn verb(n: usize, one: &'static str, many: &'static str) -> &'static str {
    if n == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        for (n, what, text) in [
            (0, "error", "0 errors"),
            (1, "more janitor", "1 more janitor"),
            (2, "more janitor", "2 more janitors"),
            (1, "list of releases", "1 list of releases"),
            (2, "list of releases", "2 lists of releases"),
            (2, "repository", "2 repositories"),
            (3, "key", "3 keys"),
        ] {
            assert_eq!(counted(n, what), text);
        }
        assert_eq!(
            (verb(1, "waits", "wait"), verb(2, "waits", "wait")),
            ("waits", "wait")
        );
    }
}
