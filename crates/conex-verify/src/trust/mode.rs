//! The policy for packages that nobody claims.

/// What happens to packages whose names nobody claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are refused.
    Strict,
    /// They are let through where a valid snapshot covers them and a valid list of claims does
    /// not name them: `unsigned=covered` in the anchors.
    Covered,
    /// They are let through, and counted: `--nostrict`.
    NoStrict,
}
