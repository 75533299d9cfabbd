//! The merge of a branch into the published one, if `check` has nothing against it.

use super::fetched::Fetched;

use crate::check::Check;
use crate::shell::cli::failure::Failure;
use crate::shell::cli::verb::check::{Subject, judge, show, verdict};
use crate::shell::git::{Merge, Oid, Pushed, Range};
use crate::shell::out::sayln;
use crate::shell::report::neutral;

/// Merges `head` into the published branch as it was fetched, and pushes that.
///
/// # Errors
/// `check --complete` refuses, the published branch moved, or its remote does not take it.
pub fn merge(fetched: &Fetched, head: &Oid) -> Result<(), Failure> {
    let git = fetched.git();
    let base = &fetched.named.base;
    let range = Range {
        base: base.text(),
        head: fetched.named.text.clone(),
    };
    let mut subject = Subject::new(git, range, fetched.base.clone(), head.clone())?;
    let mut outcome = judge(git, &mut subject, None)?;
    // What waits can be merged, but not behind the back of those for whom it waits.
    outcome.accepted &= outcome.check.as_ref().is_some_and(Check::complete);
    // Whoever merges sees all that the merge does, and not only what they signed.
    show(&subject, &outcome, false);
    if !outcome.accepted {
        return Err(Failure::refused(
            format!("not merged: {}", verdict(&subject, &outcome)),
            format!(
                "when it can be merged, give the command again; or merge it into {} by other means",
                base.short()
            ),
        ));
    }
    let tree = match git.keep_merge(&fetched.base, head)? {
        Merge::Clean(tree) if Some(git.inside(&tree)?) == subject.merged => tree,
        _ => return Err(Failure::usage("git merged it in two ways", "")),
    };
    let message = match fetched.named.is_branch {
        true => format!("Merge branch '{}'\n", fetched.named.text),
        false => format!("Merge {}\n", fetched.named.text),
    };
    let merge = git.commit_tree(&tree, &[fetched.base.clone(), head.clone()], &message)?;
    match git.push(&base.remote, &merge, &base.name, Some(&fetched.base))? {
        Pushed::Done => {
            let text = base.text();
            sayln!("Merged into `{}`: {}.", neutral(&text), merge.short());
            Ok(())
        }
        Pushed::Moved => Err(Failure::refused(
            format!("not merged: `{}` moved meanwhile", base.text()),
            "give the command again: what was judged is the branch as it was",
        )),
        Pushed::Refused(why) => Err(Failure::refused(
            format!("not merged: `{}` does not take it: {why}", base.text()),
            "merge it where the forge allows it, with its button for example",
        )),
    }
}
