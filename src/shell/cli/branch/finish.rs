//! From a plan to a commit on top of somebody else's branch, where others can fetch it.

use super::fetched::Fetched;
use super::merged::merge;
use super::named::{BranchArgs, Place};
use crate::hint::Hint;

use crate::plan::{Plan, World};
use crate::shell::cli::confirm::agreed;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::{nothing, still_invalid};
use crate::shell::cli::options::Consent;
use crate::shell::cli::signer::Who;
use crate::shell::cli::signing::sign_plan;
use crate::shell::git::{GitError, Merge, Oid, Pushed};
use crate::shell::keys::file::shell_quoted;
use crate::shell::out::{raw_sayln, sayln};
use crate::shell::report::neutral;

/// Asks, has a plan signed, commits it on top of the branch, and pushes that. `verb` is what the
/// commit says.
///
/// # Errors
/// Nobody is there to ask, nobody can sign, the branch moved, or no remote takes the commit.
pub fn sign_and_push(
    fetched: &Fetched,
    args: &BranchArgs,
    mut plan: Plan,
    consent: Consent,
    world: &World<'_>,
    who: &Who,
    verb: &str,
) -> Result<Exit, Failure> {
    let name = &fetched.named.text;
    if plan.is_empty() {
        for line in &plan.lines {
            sayln!("{}", neutral(line));
        }
        let exit = nothing(&plan, &who.id, None);
        if !args.merge || consent.dry_run {
            return Ok(exit);
        }
    } else {
        // Whoever cannot commit learns that before they sign.
        fetched.git().committer()?;
        if !agreed(&plan, consent, Some(who))? {
            return Ok(Exit::Success);
        }
        sign_plan(&mut plan, world, who)?;
    }
    let message = format!("{verb} {name}, as {}\n", who.id);
    let commit = commit(fetched, &plan, &message)?;
    if args.merge {
        // What was signed is pushed all the same, for the others.
        match merge(fetched, &commit) {
            Ok(()) => return Ok(Exit::Success),
            Err(failure) if plan.is_empty() => return Err(failure),
            Err(failure) => {
                failure.report();
                deliver(fetched, &commit)?;
                still_invalid(&plan.apply(world.tree));
                return Ok(failure.exit);
            }
        }
    }
    if args.no_push {
        keep(fetched, &commit)?;
    } else {
        deliver(fetched, &commit)?;
    }
    still_invalid(&plan.apply(world.tree));
    Ok(Exit::Success)
}

/// The commit of a plan; of one that does nothing, what is there.
fn commit(fetched: &Fetched, plan: &Plan, message: &str) -> Result<Oid, Failure> {
    let git = fetched.git();
    let whole = match fetched.parents.as_slice() {
        [one] if plan.is_empty() => return Ok(one.clone()),
        // The merge of both was only looked at so far.
        [tip, head] => match git.keep_merge(tip, head)? {
            Merge::Clean(tree) if tree == fetched.whole => tree,
            _ => return Err(Failure::usage("git merged it in two ways", "")),
        },
        _ => fetched.whole.clone(),
    };
    let removes = plan.removes.iter();
    let removes = removes.filter(|path| !plan.writes.contains_key(*path));
    let writes = plan.writes.iter();
    let files = writes
        .map(|(path, bytes)| (path.as_str(), Some(bytes.as_slice())))
        .chain(removes.map(|path| (path.as_str(), None)));
    let tree = git.with_files(&whole, files)?;
    Ok(git.commit_tree(&tree, &fetched.parents, message)?)
}

/// Keeps a commit in this clone, and says how it is pushed.
fn keep(fetched: &Fetched, commit: &Oid) -> Result<(), Failure> {
    let named = &fetched.named;
    let kept = fetched.git().keep(&named.kept, commit)?;
    let place = match &named.theirs[..] {
        [theirs] if named.is_branch => theirs,
        _ => &named.carrier,
    };
    sayln!(
        "Nothing was pushed (--no-push). It is the commit {}:",
        commit.short()
    );
    raw_sayln!(
        "{}",
        Hint::ShowKept {
            kept: quoted(&kept)
        }
    );
    sayln!("To push it:");
    raw_sayln!("{}", push_command(place, &kept));
    Ok(())
}

fn quoted(text: &str) -> String {
    shell_quoted(std::path::Path::new(text))
}

fn push_yourself(place: &Place, kept: String) -> Hint {
    let refs = quoted(&format!("{kept}:{}", place.name));
    let remote = quoted(&place.remote);
    Hint::PushYourself { kept, remote, refs }
}

fn push_command(place: &Place, kept: &str) -> Hint {
    let refs = quoted(&format!("{kept}:{}", place.name));
    let remote = quoted(&place.remote);
    Hint::PushKept { remote, refs }
}

/// Pushes a commit to the branch, or where it does not take it to the one that carries both.
fn deliver(fetched: &Fetched, commit: &Oid) -> Result<(), Failure> {
    let named = &fetched.named;
    let mut refused = None;
    if let [theirs] = named.theirs.as_slice()
        && named.is_branch
    {
        match push(fetched, commit, theirs, Some(&fetched.head))? {
            Pushed::Done => {
                let text = theirs.text();
                sayln!("Pushed to `{}`: {}.", neutral(&text), commit.short());
                return Ok(());
            }
            Pushed::Moved => return Err(moved(fetched, theirs)),
            Pushed::Refused(why) => refused = Some((theirs.text(), why)),
        }
    }
    if let Some((place, why)) = &refused {
        sayln!("`{}` does not take it: {}", neutral(place), neutral(why));
    }
    let carrier = &named.carrier;
    let same = named.theirs.contains(carrier);
    let pushed = match &refused {
        Some((_, why)) if same => Pushed::Refused(why.clone()),
        _ => push(fetched, commit, carrier, fetched.carrier.as_ref())?,
    };
    match pushed {
        Pushed::Done => {
            let text = carrier.text();
            sayln!(
                "Pushed to `{}`, which has both, {} and what is new: {}.",
                neutral(&text),
                neutral(&named.text),
                commit.short()
            );
            sayln!(
                "Merge that branch in its place, with --merge or in a pull request of its own. The other janitors give the same command as you."
            );
            Ok(())
        }
        Pushed::Moved => Err(moved(fetched, carrier)),
        Pushed::Refused(why) => {
            let kept = fetched.git().keep(&named.kept, commit)?;
            Err(Failure::refused(
                format!("`{}` does not take it: {why}", carrier.text()),
                push_yourself(carrier, kept),
            ))
        }
    }
}

fn push(
    fetched: &Fetched,
    commit: &Oid,
    place: &Place,
    expected: Option<&Oid>,
) -> Result<Pushed, GitError> {
    let git = fetched.git();
    git.push(&place.remote, commit, &place.name, expected)
}

fn moved(fetched: &Fetched, place: &Place) -> Failure {
    let seen = if place.name == fetched.named.carrier.name {
        fetched.carrier.as_ref()
    } else {
        Some(&fetched.head)
    };
    Failure::refused(
        format!(
            "`{}` moved while you looked at it, from {}: nothing was pushed",
            place.text(),
            seen.map_or("nothing", Oid::short)
        ),
        "give the command again, and look at what is there now",
    )
}
