//! What a link of the janitor chain changes.

use super::change::{Effect, Weight};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{Link, SnapshotRule};

/// What a link changes against the one before it, or starts.
pub fn of_link(before: Option<&Link>, link: &Link) -> Vec<Effect> {
    let mut effects = Vec::new();
    let path = Place::Link(link.number).path();
    let mut say = |weight, line| {
        effects.push(Effect {
            weight,
            path: path.clone(),
            line: format!("link {}: {line}", link.number),
            more: Vec::new(),
        });
    };
    let Some(before) = before else {
        for (id, key) in &link.members {
            say(
                Weight::New,
                format!("janitor `{id}`, key {}", key.fingerprint()),
            );
        }
        let members = link.members.len();
        say(
            Weight::New,
            format!("the quorum is {} of {members} janitors", link.quorum),
        );
        if link.snapshot == SnapshotRule::Required {
            say(Weight::New, snapshot_required());
        }
        return effects;
    };
    for (id, key) in &before.members {
        match link.members.get(id) {
            None => say(Weight::Takes, format!("`{id}` is no janitor any more")),
            Some(new) if new != key => say(
                Weight::Takes,
                format!(
                    "the janitor `{id}` gets another key: {} instead of {}",
                    new.fingerprint(),
                    key.fingerprint()
                ),
            ),
            Some(_) => {}
        }
    }
    let new = link.members.iter();
    for (id, key) in new.filter(|(id, _)| !before.members.contains_key(*id)) {
        say(
            Weight::Changes,
            format!(
                "`{id}` becomes a janitor, with the key {}",
                key.fingerprint()
            ),
        );
    }
    let (old, members) = (before.quorum, link.members.len());
    if link.quorum < old {
        say(
            Weight::Takes,
            format!(
                "the quorum falls from {old} to {} of {members} janitors",
                link.quorum
            ),
        );
    } else if link.quorum > old {
        say(
            Weight::Changes,
            format!(
                "the quorum rises from {old} to {} of {members} janitors",
                link.quorum
            ),
        );
    }
    if link.snapshot > before.snapshot {
        say(Weight::Changes, snapshot_required());
    }
    effects
}

fn snapshot_required() -> String {
    "a snapshot is required from now on, which cannot be taken back".to_owned()
}
