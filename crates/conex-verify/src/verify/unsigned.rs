//! What a tree may have unsigned.

use crate::finding::Severity;

/// Whether unsigned packages are let through in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsigned {
    /// They are refused.
    Refused,
    /// They are let through.
    LetThrough,
}

impl Unsigned {
    /// How much it weighs that something unsigned is not as it should be.
    pub fn severity(self) -> Severity {
        match self {
            Unsigned::Refused => Severity::Error,
            Unsigned::LetThrough => Severity::Warning,
        }
    }
}
