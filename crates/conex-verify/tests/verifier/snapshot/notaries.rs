//! Who may sign the snapshot, what a stolen key of theirs can do, and the way out.

use conex_verify::finding::Code;

use crate::snapshot::notary::*;
use crate::world::*;

// --- who ------------------------------------------------------------------------

#[test]
fn every_notary_may_sign_with_each_of_their_keys_that_count() {
    let mut w = usual();
    // A janitor by the key of the chain, an author by a proven one.
    for (n, key) in ["ja", "bob"].into_iter().enumerate() {
        w.stated(key, at(1, 2 + u64::try_from(n).unwrap()));
        w.verdict().is_accepted();
    }
    // A janitor who is no notary, and a stranger.
    for key in ["jb", "mallory"] {
        w.stated(key, at(1, 4));
        w.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
    }
}

#[test]
fn a_key_that_the_notary_has_not_proven_does_not_count() {
    let mut w = usual();
    let entry = w.author_file("bob", at(0, 2), &["bob", "bob-2"]);
    w.quorum_says(vec![entry]);
    w.stated("bob-2", at(1, 2));
    w.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
}

/// Without the team no janitor may sign, not even the only one.
#[test]
fn without_a_team_no_janitor_may_sign() {
    let mut w = World::usual();
    w.stated("ja", at(0, 1));
    w.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
    let mut w = World::with_janitors(1, &["ja"]);
    w.stated("ja", at(0, 1));
    w.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
}

/// The first team counts in the epoch in which it is, 0 for a new one.
#[test]
fn the_team_starts_at_epoch_0() {
    let mut w = World::usual();
    w.teamed("notaries", &["jc"]);
    w.stated("jc", at(0, 1));
    w.verdict().is_clean();
    w.stated("jc", at(1, 1));
    w.verdict().is_rejected(Code::SnapshotEpoch, SNAPSHOT);
}

/// A first team that nobody approved gives nobody anything.
#[test]
fn a_pending_team_may_not_sign() {
    let mut w = World::usual().nostrict();
    w.team_file("notaries", at(0, 1), &["mallory", "ja"]);
    for key in ["ja", "mallory"] {
        w.stated(key, at(0, 1));
        w.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
    }
}

/// A pending team that looks like the one of the notaries: people would take it for that.
#[test]
fn a_team_called_notaries_in_other_letters_is_refused() {
    for id in ["Notaries", "NOTARIES", "notarieS"] {
        let w = usual();
        let text = String::from_utf8(w.bytes("packages/.conex/ids/notaries")).unwrap();
        let text = text.replace("\"notaries\"", &format!("\"{id}\""));
        for with_real in [true, false] {
            let mut evil = w.clone();
            if !with_real {
                evil.remove("packages/.conex/ids/notaries");
            }
            let path = format!("packages/.conex/ids/{id}");
            evil.file(&path, resealed(text.as_bytes()).unwrap());
            for mode in MODES {
                let verdict = evil.clone().in_mode(mode).verdict();
                verdict.is_rejected(Code::BadPath, &path);
            }
        }
    }
    // Nor does a janitor of that name, or an owner.
    assert!(conex_verify::format::name::Id::new("Notaries").is_err());
}

/// An approved team whose file was replaced by a pending one: nobody may sign.
#[test]
fn a_pending_change_of_the_team_leaves_nobody() {
    let mut w = unsigned();
    w.team_file("notaries", at(0, 2), &["ja", "mallory"]);
    for (key, epoch) in [("ja", 0), ("ja", 1), ("mallory", 0)] {
        w.stated(key, at(epoch, 2));
        w.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
    }
}

#[test]
fn an_emptied_team_leaves_nobody() {
    let mut w = unsigned();
    let entry = w.team_file("notaries", at(0, 2), &[]);
    w.says("ja", vec![entry]);
    for epoch in [0, 1] {
        w.stated("ja", at(epoch, 2));
        w.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
    }
}

/// ```text
/// notaries   ja bob      ja
/// snapshot   by bob 1.1  by bob 1.2 (refused)   by ja 1.3
/// ```
#[test]
fn a_removed_notary() {
    let before = usual();
    let mut w = before.clone();
    w.notaries(at(1, 2), &["ja"]);
    w.stated("bob", at(1, 2));
    w.is_refused_in_every_form(&before, Code::SnapshotSigner, SNAPSHOT);
    // The one from before the removal, too.
    w.file(SNAPSHOT, before.bytes(SNAPSHOT));
    w.is_refused_in_every_form(&before, Code::SnapshotSigner, SNAPSHOT);
    w.stated("ja", at(1, 3));
    w.is_accepted_in_every_form(&before);
    remembers(&[&before], &w).is_accepted();
}

// --- what a stolen key can and cannot do --------------------------------------------

/// On a first clone, the thief of a notary's key can mix and withhold ...
#[test]
fn a_stolen_notary_key_can_mix_or_withhold_on_a_first_clone() {
    let mut w = usual();
    w.remove(&opam_path("lwt.1.0"));
    w.stated("bob", at(1, 2));
    w.verdict().is_accepted();
}

/// ... but never forge what is signed by others: `ja` is a notary, and a quorum is two.
#[test]
fn a_stolen_notary_key_can_never_forge() {
    let w = usual();
    for (path, code) in [
        (opam_path("fmt.1.0"), Code::Digest),
        (checksum_path("fmt.1.0"), Code::CheckLine),
        ("packages/fmt/releases".to_owned(), Code::CheckLine),
        ("packages/fmt/authorisation".to_owned(), Code::CheckLine),
        ("packages/.conex/ids/bob".to_owned(), Code::CheckLine),
        ("packages/.conex/janitors/0".to_owned(), Code::CheckLine),
    ] {
        let mut evil = w.clone();
        let mut bytes = evil.bytes(&path);
        let end = bytes.len() - 1;
        let at = match code {
            Code::Digest => end - 1,
            // A digit of the counter or quorum, which the check line is about.
            _ => bytes
                .windows(2)
                .position(|b| b == b": ")
                .map(|p| p + 2)
                .unwrap(),
        };
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        evil.file(&path, bytes);
        evil.stated("ja", at_end());
        assert!(!evil.verdict().accepted, "{path}");
    }
    // A whole package is left out, its claim is not.
    let mut evil = w.clone();
    for path in evil.paths() {
        if path.starts_with("packages/fmt/") {
            evil.remove(&path);
        }
    }
    evil.stated("ja", at_end());
    evil.verdict()
        .is_rejected(Code::MissingResource, "packages/fmt");
    // A client that was there before is served nothing old.
    let mut newer = w.clone();
    newer.file(&opam_path("fmt.1.0"), format!("{OPAM}# fixed\n"));
    let entry = newer.checksum("fmt.1.0", at(0, 2));
    newer.says("bob", vec![entry]);
    newer.stated("bob", at(1, 2));
    let mut evil = w;
    evil.stated("ja", at(1, 3));
    evil.verdict().is_accepted();
    remembers(&[&newer], &evil).is_rejected(Code::Rollback, "fmt.1.0/checksum");
}

fn at_end() -> conex_verify::format::resource::Revision {
    at(1, END)
}

/// ```text
/// epoch      1            1 (stolen)         2
/// counter    1            2^62 - 1           1
/// signed     by bob       by bob's thief     by ja
/// ```
#[test]
fn a_fast_forwarded_counter_is_recovered_by_an_epoch() {
    let honest = usual();
    let mut stolen = honest.clone();
    stolen.file(&opam_path("lwt.2.0"), OPAM);
    stolen.stated("bob", at_end());
    remembers(&[&honest], &stolen).is_accepted();
    // Without an epoch nobody gets further.
    let mut stuck = honest.clone();
    stuck.file(&opam_path("lwt.3.0"), OPAM);
    stuck.stated("ja", at(1, 2));
    remembers(&[&honest, &stolen], &stuck).is_rejected(Code::Rollback, SNAPSHOT);
    // A quorum opens the next one, without bob.
    let mut way_out = stuck.clone();
    way_out.notaries(at(2, 1), &["ja"]);
    way_out.stated("ja", at(2, 1));
    remembers(&[&honest, &stolen], &way_out).is_accepted();
    has_tree(&stolen, &way_out).is_accepted();
    // The thief is left behind, in whichever epoch.
    for epoch in [1, 2, 3] {
        let mut evil = way_out.clone();
        evil.stated("bob", at(epoch, END));
        evil.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
    }
    remembers(&[&honest, &stolen, &way_out], &stolen).is_rejected(Code::Rollback, SNAPSHOT);
}

/// A notary cannot open an epoch: only a quorum of janitors can.
#[test]
fn a_snapshot_of_another_epoch_is_refused() {
    let mut w = usual();
    for epoch in [0, 2, LAST_EPOCH] {
        w.stated("bob", at(epoch, 2));
        w.verdict().is_rejected(Code::SnapshotEpoch, SNAPSHOT);
    }
    // One janitor of two is no quorum either.
    let entry = w.team_file("notaries", at(2, 1), &["bob"]);
    w.says("ja", vec![entry]);
    w.stated("bob", at(2, 2));
    w.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
}

/// What the thief of a notary's key left at the end of epoch 0 is below the next epoch.
#[test]
fn the_next_epoch_is_above_everything_before() {
    let mut stolen = unsigned();
    stolen.stated("ja", at(0, END));
    let mut w = stolen.clone();
    let entry = w.team_file("notaries", at(1, 1), &["ja"]);
    w.says("ja", vec![entry]);
    w.stated("ja", at(0, END));
    w.verdict().is_rejected(Code::SnapshotEpoch, SNAPSHOT);
    w.stated("ja", at(1, 1));
    w.verdict().is_accepted();
    remembers(&[&stolen], &w).is_accepted();
}

/// The approval of the team is stripped, and with it everybody who may sign.
#[test]
fn the_approval_of_the_team_stripped() {
    let old = unsigned();
    let mut w = old.clone();
    let entry = w.team_file("notaries", at(1, 1), &["ja"]);
    let path = w.says("ja", vec![entry]);
    w.stated("ja", at(1, 1));
    w.verdict().is_accepted();
    let mut evil = w.clone();
    evil.remove(&path);
    evil.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
    // With the team and the snapshot of then, and everything else of now.
    evil.file(SNAPSHOT, old.bytes(SNAPSHOT));
    evil.file(
        "packages/.conex/ids/notaries",
        old.bytes("packages/.conex/ids/notaries"),
    );
    evil.file(&opam_path("lwt.2.0"), OPAM);
    evil.verdict().is_rejected(Code::Snapshot, "packages/lwt");
}
