//! What a site is made of.

use super::href::Href;
use crate::plan::report::Report;
use crate::plan::todo::Coverage;

/// What a site is made of.
pub struct Site<'a> {
    /// What is said.
    pub report: &'a Report<'a>,
    /// What of git's is shown.
    pub seen: Seen,
    /// How much was signed when.
    pub curve: Curve,
    /// Where people object.
    pub contact: Option<Href>,
}

/// What git says of the tree that is shown.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The commit, and its time in seconds since 1970.
    pub commit: Option<(String, i64)>,
    /// How many files differ from that commit.
    pub uncommitted: usize,
}

/// How much was signed when.
#[derive(Debug, Clone)]
pub enum Curve {
    /// The oldest first; the last one is the state that is shown.
    Points(Vec<Point>),
    /// Nobody knows, for this reason.
    Unknown(String),
}

/// How much was signed in one state of the history.
#[derive(Debug, Clone)]
pub struct Point {
    /// The time of the commit, in seconds since 1970.
    pub time: i64,
    /// The commit, short.
    pub commit: String,
    /// How much.
    pub signed: Coverage,
}

/// One file of a site.
pub struct File {
    /// Its path below the top of the site.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}
