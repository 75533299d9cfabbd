//! The names of objects.

/// What an object is called: 40 or 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Box<str>);

impl Oid {
    /// The name that git printed, with or without a line end.
    pub fn new(text: &[u8]) -> Option<Oid> {
        let text = std::str::from_utf8(text).ok()?.trim_end_matches('\n');
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (matches!(text.len(), 40 | 64) && text.bytes().all(hex)).then(|| Oid(text.into()))
    }

    /// All digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough digits for people.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_are_hex_and_nothing_else() {
        let good = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        assert!(Oid::new(good.as_bytes()).is_some());
        assert!(Oid::new(format!("{good}\n").as_bytes()).is_some());
        for bad in ["", "--help", "HEAD", &good[1..], &good.to_uppercase()] {
            assert!(Oid::new(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
