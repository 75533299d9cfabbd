//! How much was signed when, by the history of the branch.

use std::path::Path;

use crate::plan::todo::signed;
use crate::plan::{View, World};
use crate::shell::cli::form::either;
use crate::shell::git::{Git, GitError, Oid, State, Where};
use crate::shell::out::sayln;
use crate::shell::progress;
use crate::shell::site::{Curve, Point};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;

/// The most states that are judged.
const MOST_STATES: usize = 24;

/// The most files of all of them: a state of a large repository takes half a second.
const MOST_FILES: usize = 150_000;

/// How much was signed when, at a bounded number of states.
pub fn curve(root: &Path, now: &Repository) -> Curve {
    let _progress = progress::start("judging earlier states");
    match points(root, now) {
        Ok(points) if points.len() > 1 => Curve::Points(points),
        Ok(_) => Curve::Unknown("the history has only one state with signatures".to_owned()),
        Err(error) if error.is_without() => {
            Curve::Unknown("there is no history of git here".to_owned())
        }
        Err(error) => {
            sayln!("warning: the pages do not say how much was signed when: {error}");
            Curve::Unknown(error.to_string())
        }
    }
}

fn points(root: &Path, now: &Repository) -> Result<Vec<Point>, GitError> {
    let git = Git::open(root, Where::Directory)?;
    let states = git.signed_states(&git.commit("HEAD")?)?;
    let most = MOST_FILES / now.file_count.max(1);
    let mut points = Vec::new();
    let mut known: Option<(Oid, Tree)> = None;
    let mut before: Option<Repository> = None;
    for state in spread(states, most.clamp(2, MOST_STATES)) {
        progress::tick();
        let tree = git.tree_of(&state.commit)?;
        let files = git.read_after(known.take(), &tree)?;
        known = Some((tree, files.clone()));
        // One that nobody can read says nothing of how much was signed.
        let Ok(files) = either(files) else { continue };
        let repository = Repository::load_after(&files, before.as_ref());
        if let Ok(world) = World::look(&files, &repository, View::Supported) {
            points.push(Point {
                time: state.time,
                commit: state.commit.short().to_owned(),
                signed: signed(&world),
            });
        }
        before = Some(repository);
    }
    Ok(points)
}

/// At most so many of some states, at even distances in time: of each the last one before it.
/// The first and the last one are among them.
fn spread(states: Vec<State>, most: usize) -> Vec<State> {
    let (Some(first), Some(last)) = (states.first(), states.last()) else {
        return states;
    };
    if states.len() <= most {
        return states;
    }
    let steps = i64::try_from(most.saturating_sub(1)).unwrap_or(1).max(1);
    let start = first.time;
    let span = last.time.saturating_sub(start).max(0);
    let mut wanted: Vec<usize> = Vec::new();
    for step in 0..=steps {
        let until = start.saturating_add(span.saturating_mul(step) / steps);
        let at = match step == steps {
            true => states.len() - 1,
            // Times of commits can go back: the first one that is later ends it.
            false => states
                .iter()
                .position(|s| s.time > until)
                .map_or(0, |n| n.saturating_sub(1)),
        };
        if wanted.last().is_none_or(|last| *last < at) {
            wanted.push(at);
        }
    }
    let all = states.into_iter().enumerate();
    all.filter(|(at, _)| wanted.contains(at))
        .map(|(_, state)| state)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(times: &[i64]) -> Vec<State> {
        let oid = |n: usize| Oid::new(format!("{n:040x}").as_bytes()).unwrap();
        let all = times.iter().enumerate();
        all.map(|(n, time)| State {
            commit: oid(n),
            time: *time,
        })
        .collect()
    }

    #[test]
    fn states_are_spread_in_time() {
        let times = |times: &[i64], most| -> Vec<i64> {
            spread(states(times), most).iter().map(|s| s.time).collect()
        };
        assert!(times(&[], 3).is_empty());
        assert_eq!(times(&[5], 3), [5]);
        assert_eq!(times(&[1, 2, 3], 3), [1, 2, 3]);
        // Many on one day, and few later.
        assert_eq!(times(&[0, 1, 2, 3, 4, 50, 100], 3), [0, 50, 100]);
        assert_eq!(times(&[0, 1, 2, 3, 4, 60, 100], 3), [0, 4, 100]);
        // Times that go back, or stand still.
        assert_eq!(times(&[9, 5, 7, 1], 2), [9, 1]);
        assert_eq!(times(&[3, 3, 3, 3], 2), [3, 3]);
    }
}
