//! A new epoch: of the releases of a package, and of its owners.

use std::fs;

use conex_verify::format::digest::Digest;

use crate::town::Town;

const APPROVE: &str = "for j in ja jb; do by $j conex approve --yes; done";

/// Writes another epoch into a file of metadata.
pub fn at_epoch(town: &Town, path: &str, epoch: u64) {
    let path = town.path("work").join(path);
    let text = fs::read_to_string(&path).unwrap();
    let lines = text.lines().filter(|l| !l.starts_with("check: "));
    let lines = lines.map(|line| match line.starts_with("epoch: ") {
        true => format!("epoch: {epoch}\n"),
        false => format!("{line}\n"),
    });
    let text: String = lines.collect();
    let check = Digest::of(text.as_bytes()).short();
    fs::write(path, format!("{text}check: \"{check}\"\n")).unwrap();
}

#[test]
fn of_the_releases_and_of_the_owners() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    town.ok("git rm -qr packages/fmt/fmt.1.1; by alice conex sign --yes; commit removed");
    client.update("main");
    let told = town.ok(&format!(
        "by ja conex epoch fmt; {APPROVE}; commit releases"
    ));
    assert!(
        told.contains("!! epoch 1 of the releases `fmt` is opened"),
        "{told}"
    );
    let list = town
        .ok("cat packages/fmt/releases packages/fmt/fmt.1.0/checksum packages/fmt/authorisation");
    assert!(list.contains("epoch: 1\ncounter: 1\nfloor: 0\n"), "{list}");
    assert_eq!(list.matches("epoch: 1\ncounter: 1\n").count(), 2, "{list}");
    town.accepted("main");
    client.update("main");
    // What was removed before cannot come as it was, whoever has the signatures.
    town.ok("git checkout -qb served; git checkout -q day-one -- packages/fmt; commit served; git checkout -q main");
    client.refuses("served", "E0");
    let told = town.ok(&format!(
        "by ja conex epoch --owners fmt; {APPROVE}; commit owners; cat packages/fmt/authorisation"
    ));
    assert!(
        told.contains("!! epoch 1 of the authorisation `fmt` is opened"),
        "{told}"
    );
    assert!(told.contains("epoch: 1\ncounter: 1\n"), "{told}");
    client.update("main");
    // Owners and janitors go on in it.
    town.ok(&format!(
        "release fmt.1.1; edit fmt.1.0 Mended; by alice conex sign --yes; by ja conex owner add carol fmt; {APPROVE}; commit on"
    ));
    town.accepted("main");
    client.update("main");
    town.update_accepted("day-one", "main");
}

/// Who has signed in the epoch to come would be in it at once: they are named, and lose their
/// key or the package in the same change.
#[test]
fn who_has_signed_in_a_later_epoch_is_named() {
    for epoch in [1, 7] {
        let town = Town::new();
        let client = town.client("every");
        client.update("day-one");
        let ahead = ["packages/lwt/releases", "packages/lwt/lwt.1.0/checksum"];
        ahead.iter().for_each(|path| at_epoch(&town, path, epoch));
        town.forge("alice", &ahead);
        town.ok("git checkout -q packages/lwt; commit thief");
        client.update("main");
        town.fails(
            "by ja conex epoch lwt",
            &format!("has entries already, of `alice` (epoch {epoch})"),
        );
        town.ok(&format!(
            "by ja conex revoke alice; by ja conex epoch lwt; {APPROVE}; commit recovered"
        ));
        town.accepted("main");
        client.update("main");
        town.update_accepted("day-one", "main");
    }
}

/// Nobody leaps over an epoch: what is of a later one than the next is named, and not approved.
#[test]
fn a_leap_is_named_and_not_approved() {
    let town = Town::new();
    let paths = ["packages/fmt/releases", "packages/fmt/authorisation"];
    paths.iter().for_each(|path| at_epoch(&town, path, 5));
    town.forge("alice", &paths[..1]);
    let told = town.ok("! by ja conex approve --yes; git status --short");
    assert_eq!(
        told.matches("it is of epoch 5, and the next to be opened is 1")
            .count(),
        2,
        "{told}"
    );
    assert!(!told.contains("index/ja"), "{told}");
    // And `sign` writes the list in the epoch that is open.
    town.ok("git checkout -q packages/fmt/authorisation; by alice conex sign --yes; commit signed");
    town.accepted("main");
    town.update_accepted("day-one", "main");
}
