//! What a thief does with a key, and what the tool offers against it.

use std::fs;

use conex_verify::format::digest::Digest;

use crate::town::Town;

/// The end of every counter: 2^62 - 1.
pub const END: u64 = (1 << 62) - 1;

/// Writes the highest counter into a file of metadata, as no honest tool does.
pub fn push_to_the_end(town: &Town, path: &str) {
    push(town, path, "counter: ");
}

/// Writes the highest number into a field of a file of metadata.
pub fn push(town: &Town, path: &str, field: &str) {
    let path = town.path("work").join(path);
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert!(lines.pop().unwrap().starts_with("check: "));
    for line in &mut lines {
        if line.starts_with(field) {
            *line = format!("{field}{END}");
        }
    }
    let text = lines.join("\n") + "\n";
    let check = Digest::of(text.as_bytes()).short();
    fs::write(path, format!("{text}check: \"{check}\"\n")).unwrap();
}

const VERIFY: &str = "conex verify --dir . --anchors \"$ANCHORS\" --quorum 2";
const APPROVE: &str = "for j in ja jb; do by $j conex approve --yes; done";

/// The thief released something bad, and everybody has it. One change takes the key away
/// and brings back what was there.
#[test]
fn what_a_thief_released_is_taken_back() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    town.ok("edit fmt.1.0 Evil; by alice conex sign --yes; commit evil");
    client.update("main");
    let told =
        town.ok("git checkout -q day-one -- packages/fmt/fmt.1.0/opam; by ja conex revoke alice");
    assert!(told.contains("fmt.1.0"), "{told}");
    // Who approves without looking vouches for no bad release, and is told.
    let told = town.ok("by jc conex approve --yes");
    assert!(told.contains("does not fit the files"), "{told}");
    town.ok(&format!(
        "by ja conex sign --yes; {APPROVE}; commit revoked"
    ));
    client.update("main");
    town.accepted("main");
    town.update_accepted("day-one", "main");
}

/// The same key pushed a counter to its end: the epoch is raised in the same change, and
/// one `approve` of each does for both.
#[test]
fn a_stolen_key_and_a_counter_at_its_end() {
    for commands in [["revoke alice", "epoch lwt"], ["epoch lwt", "revoke alice"]] {
        let town = Town::new();
        let client = town.client("every");
        client.update("day-one");
        let pushed = ["packages/lwt/lwt.1.0/checksum", "packages/lwt/releases"];
        pushed.iter().for_each(|path| push_to_the_end(&town, path));
        town.forge("alice", &pushed);
        town.ok("commit pushed");
        client.update("main");
        let mut told = String::new();
        for command in commands {
            told += &town.ok(&format!("by ja conex {command}"));
        }
        if commands[0] == "revoke alice" {
            assert!(told.contains("conex epoch lwt"), "{told}");
        }
        town.ok(&format!("{APPROVE}; commit recovered"));
        client.update("main");
        town.accepted("main");
        town.update_accepted("day-one", "main");
        // And counters count again.
        town.ok(&format!(
            "by carol conex join carol || true; by ja conex owner add bob lwt; {APPROVE}
            edit lwt.1.0 Next; by bob conex sign --yes; commit next"
        ));
        client.update("main");
    }
}

/// One stolen janitor's key vouches for the end of every counter: nobody can sign until
/// the key is taken away, then everybody can.
#[test]
fn a_stolen_janitors_key_that_blocks_counters() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    let pushed = "packages/fmt/fmt.1.0/checksum";
    push_to_the_end(&town, pushed);
    town.forge("jc", &[pushed]);
    town.ok("git checkout -q packages/fmt; commit thief");
    client.update("main");
    town.fails(
        "edit fmt.1.0 Mended; by alice conex sign --yes",
        "conex epoch fmt",
    );
    town.ok(&format!(
        "git checkout -q .; by ja conex revoke jc; {APPROVE}; commit revoked"
    ));
    client.update("main");
    town.ok("edit fmt.1.0 Mended; by alice conex sign --yes; commit mended");
    client.update("main");
    town.accepted("main");
    town.update_accepted("day-one", "main");
}

/// A janitor who is an author as well, with the same key: none of it stays.
#[test]
fn nothing_stays_of_a_janitors_stolen_key() {
    let town = Town::new();
    town.ok(&format!(
        "by jc conex join jc; by ja conex owner add jc logs; {APPROVE}; commit owner"
    ));
    town.ok("edit logs.1.0 'By jc'; by jc conex sign --yes; commit signed");
    town.accepted("main");
    let told = town.ok(&format!("by ja conex revoke jc; {APPROVE}; commit revoked"));
    assert!(told.contains("logs.1.0"), "{told}");
    town.accepted("main");
    town.update_accepted("day-one", "main");
    town.run("edit logs.1.0 'By a thief'; by jc conex sign --yes");
    town.fails(VERIFY, "logs.1.0");
}
