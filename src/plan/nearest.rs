//! What somebody most likely meant.

use strsim::osa_distance;

/// The candidate that differs from `text` in the fewest slips of a finger (a character too
/// many, too few, another, or two swapped), if that is few.
pub fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (text.chars().count() / 3).max(1);
    candidates
        .filter(|c| c.len().abs_diff(text.len()) <= limit)
        .map(|c| (osa_distance(text, c), c))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_found() {
        let names = ["astring", "fmt", "lwt", "logs"];
        assert_eq!(nearest("astrign", names.into_iter()), Some("astring"));
        assert_eq!(nearest("lwtt", names.into_iter()), Some("lwt"));
        assert_eq!(nearest("cohttp", names.into_iter()), None);
        assert_eq!(nearest("lgos", names.into_iter()), Some("logs"));
    }
}
