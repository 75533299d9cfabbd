//! The two forms of a repository: which verbs take which.

use std::path::Path;

use super::failure::{Failure, is_there};
use conex_verify::tree::Tree;
use conex_verify::workbench::published::{BUNDLES, Form, expand, form_of};

/// The tree of people, for those who change it.
///
/// # Errors
/// It is in the published form, which nobody edits.
pub fn working(tree: Tree, name: &str) -> Result<Tree, Failure> {
    match form_of(&tree) {
        Form::Working => Ok(tree),
        Form::Published => Err(nobody_edits(name)),
    }
}

/// A directory of people, for those who look at no file of it yet.
///
/// # Errors
/// It holds the published form, or cannot be looked at.
pub fn working_at(root: &Path) -> Result<(), Failure> {
    match is_there(&root.join(BUNDLES))? {
        false => Ok(()),
        true => Err(nobody_edits(&root.display().to_string())),
    }
}

fn nobody_edits(name: &str) -> Failure {
    Failure::refused(
        format!("`{name}` holds the published form of the repository, which nobody edits"),
        "go to the branch that people work on: there, signatures lie in files of their own",
    )
}

/// The tree as people would have it, for those who read it.
///
/// # Errors
/// It cannot be expanded.
pub fn either(tree: Tree) -> Result<Tree, Failure> {
    expand(tree).map_err(|findings| Failure {
        findings: findings.into_vec(),
        ..Failure::refused("the published form cannot be read", "")
    })
}
