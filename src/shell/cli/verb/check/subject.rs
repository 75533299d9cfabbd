//! What `conex check` judges, and what comes out.

use clap::{Args, ValueEnum};

use crate::check::Check;
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::failure::Failure;
use crate::shell::git::{Git, Oid, Range};
use conex_verify::finding::Finding;
use conex_verify::workbench::published::Form;
use conex_verify::workbench::verify::Mode;

/// How `check` prints its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON object, described in docs/json.md.
    Json,
    /// Annotations of GitHub Actions.
    Github,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The published branch, and the one to merge into it [default for HEAD: the present commit]
    #[arg(value_name = "BASE..HEAD", add = Completes(&[Source::Ranges]))]
    pub range: String,
    /// Refuse packages whose names no quorum claims, as strict clients do [default: where every
    /// package of BASE has an authorisation]
    #[arg(long, conflicts_with_all = ["nostrict", "covered"])]
    pub strict: bool,
    /// Let packages through whose names no quorum claims, under the snapshot that is made when the
    /// result is published, as anchors with unsigned=covered do
    #[arg(long, conflicts_with = "nostrict")]
    pub covered: bool,
    /// Let packages through whose names no quorum claims
    #[arg(long)]
    pub nostrict: bool,
    /// The branch or commit that clients follow, where that is not BASE: in its form the change is
    /// applied
    #[arg(long, value_name = "BRANCH-OR-COMMIT", add = Completes::BRANCH)]
    pub published: Option<String>,
    /// Refuse as well as long as anything that HEAD brings waits for approval
    #[arg(long)]
    pub complete: bool,
    /// Leave out the rule that needs the history of BASE: that no key comes back which was removed
    #[arg(long)]
    pub no_history: bool,
    /// Trust these anchors, not the chain of BASE
    #[arg(long, value_name = "ANCHORS", requires = "quorum", add = Completes::NOTHING)]
    pub anchors: Option<String>,
    /// How many anchors must agree
    #[arg(long, value_name = "N", requires = "anchors", add = Completes::NOTHING)]
    pub quorum: Option<usize>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
    /// Show all findings and names, not the first of them
    #[arg(long)]
    pub all: bool,
}

/// What is judged: names as typed, and what they mean now.
pub struct Subject {
    pub range: Range,
    pub base: Oid,
    pub base_tree: Oid,
    pub head: Oid,
    pub head_tree: Oid,
    /// `None` where there is no merge.
    pub merged: Option<Oid>,
    /// What was asked for; what is in force once the base was read.
    pub mode: Option<Mode>,
    /// Whether the history of the base is looked at.
    pub history: bool,
    /// The form in which another branch than the base is published.
    pub published: Option<Form>,
}

impl Subject {
    /// Two commits, by what people call them, to be looked at as `check` does by default.
    ///
    /// # Errors
    /// git fails.
    pub fn new(git: &Git, range: Range, base: Oid, head: Oid) -> Result<Subject, Failure> {
        Ok(Subject {
            base_tree: git.tree_of(&base)?,
            head_tree: git.tree_of(&head)?,
            range,
            base,
            head,
            merged: None,
            mode: None,
            history: true,
            published: None,
        })
    }
}

/// What comes out.
pub struct Outcome {
    pub new: Vec<Finding>,
    pub base: Vec<Finding>,
    pub conflicts: Vec<String>,
    pub check: Option<Check>,
    pub accepted: bool,
}
