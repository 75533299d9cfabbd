//! Fast-forward: a stolen key pushes counters to their end. A quorum opens an epoch.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::client::{Client, refused_after};
use crate::updates::rollback::{KINDS, everything, newer};
use crate::world::*;

/// ```text
/// epoch 0   0.1  0.END (thief)
/// epoch 1                       1.1 (quorum)  1.2 (owner)
/// client    yes  yes            yes           yes           0.END: no
/// ```
#[test]
fn what_a_stolen_key_pushed_to_the_end_is_recovered_and_stays_so() {
    for (kind, path) in KINDS {
        let honest = everything();
        let mut pushed = honest.clone();
        newer(&mut pushed, kind, END);
        let mut states = vec![pushed.clone()];
        for counter in [1, 2] {
            let mut w = states.last().unwrap().clone();
            let mut entries = Vec::new();
            // The list and all checksums of a package are of one epoch.
            if counter == 1 && kind == Kind::Releases {
                entries.push(w.checksum("fmt.1.0", at(1, 1)));
            }
            if counter == 1 && kind == Kind::Checksum {
                entries.push(w.release_list("fmt", at(1, 1)));
            }
            entries.push(match kind {
                Kind::Author => w.author_file("carol", at(1, counter), &["carol"]),
                Kind::Team => w.team_file("team", at(1, counter), &["bob"]),
                Kind::Repo => w.repo_file(at(1, counter), &[], &[]),
                Kind::Claims => w.claims_file(at(1, counter), &["fmt"]),
                Kind::Authorisation => w.authorisation("fmt", at(1, counter), &["bob"]),
                Kind::Releases => w.release_list("fmt", at(1, counter)),
                Kind::Checksum => w.checksum("fmt.1.0", at(1, counter)),
            });
            if kind == Kind::Author {
                w.says("carol", entries.clone());
            }
            if counter == 1 || !matches!(kind, Kind::Releases | Kind::Checksum) {
                w.quorum_says(entries);
            } else {
                w.says("bob", entries);
            }
            states.push(w);
        }
        let [pushed, recovered, next] = &states[..] else {
            unreachable!()
        };
        let mut client = Client::after(&[&honest, pushed, recovered, next]);
        client.updates(next).is_clean();
        refused_after(&[&honest, pushed, recovered], pushed, Code::Rollback, path);
        refused_after(&[recovered], &honest, Code::Rollback, path);
        // Away since before the theft, or since the theft.
        Client::after(&[&honest, next]);
        Client::after(&[pushed, next]);
    }
}

/// The end of a counter is an end: nothing can be higher without an epoch.
#[test]
fn nothing_of_the_same_epoch_follows_the_end_of_a_counter() {
    let mut pushed = World::usual();
    newer(&mut pushed, Kind::Checksum, END);
    let mut other = World::usual();
    other.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n");
    let entry = other.checksum("fmt.1.0", at(0, END));
    other.says("bob", vec![entry]);
    refused_after(&[&pushed], &other, Code::Rollback, "fmt.1.0/checksum");
}
