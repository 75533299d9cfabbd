//! What waits in the branches of a remote.

use crate::hint::Hint;
use std::path::Path;

use crate::shell::cli::branch::published;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::todo::lines;
use crate::shell::cli::verb::check::{Subject, judge, verdict};
use crate::shell::git::{Git, Oid, Range, Where};
use crate::shell::out::outln;
use crate::shell::report::neutral;
use conex_verify::format::name::Id;

/// Where branches are.
const HEADS: &str = "refs/heads/";

/// Runs `conex status --remote`: of the remote `name`, or of the usual one if that is empty.
pub fn run(root: &Path, name: &str, person: Option<&Id>, all: bool) -> Result<Exit, Failure> {
    let git = Git::open(root, Where::Directory)?;
    let remotes = git.remotes()?;
    let wanted = (!name.is_empty()).then_some(name);
    let base = published(&git, &remotes, None, wanted)?;
    let branches = git.fetch(&base.remote, &[format!("{HEADS}*")])?;
    let Some(tip) = branches.get(&base.name) else {
        return Err(Failure::usage(
            format!(
                "the remote `{}` has no branch `{}`",
                base.remote,
                base.short()
            ),
            Hint::SetHead {
                remote: base.remote.clone(),
            },
        ));
    };
    let mut shown = 0;
    for (name, head) in branches.iter().filter(|(name, _)| **name != base.name) {
        let branch = name.strip_prefix(HEADS).unwrap_or(name);
        let branch = format!("{}/{branch}", base.remote);
        // What was merged waits nowhere but in the published branch.
        if git.common(tip, head)?.as_ref() == Some(head) {
            continue;
        }
        let said = of_branch(&git, &base.text(), &branch, tip, head, person, all);
        let said =
            said.unwrap_or_else(|failure| vec![format!("cannot be said: {}", failure.message)]);
        if said.is_empty() {
            continue;
        }
        shown += 1;
        outln!("{}", neutral(&branch));
        for line in said {
            outln!("  {}", neutral(&line));
        }
    }
    if shown == 0 {
        let what = person.map_or(String::new(), |id| format!(" for `{id}`"));
        outln!(
            "Nothing waits{what} in the branches of `{}`.",
            neutral(&base.remote)
        );
    }
    Ok(Exit::Success)
}

/// What there is to do in one branch, and whether it can be merged; of a person, only what that
/// one can do.
fn of_branch(
    git: &Git,
    base_name: &str,
    name: &str,
    base: &Oid,
    head: &Oid,
    person: Option<&Id>,
    all: bool,
) -> Result<Vec<String>, Failure> {
    let range = Range {
        base: base_name.to_owned(),
        head: name.to_owned(),
    };
    let mut subject = Subject::new(git, range, base.clone(), head.clone())?;
    // Whether a key comes back is asked when the branch is merged.
    subject.history = false;
    let outcome = judge(git, &mut subject, None)?;
    let mut said = Vec::new();
    if let Some(check) = &outcome.check {
        let todo = match person {
            Some(id) => check.todo.of_person(id),
            None => check.todo.clone(),
        };
        if person.is_some() && todo.is_empty() {
            return Ok(said);
        }
        said.extend(lines(&todo, all));
    } else if person.is_some() {
        return Ok(said);
    }
    said.push(verdict(&subject, &outcome));
    Ok(said)
}
