//! New keys, several keys beside each other, and what the old ones signed: rotate, key add, key
//! remove.

use crate::town::{Town, told};

const APPROVE: &str = "for j in ja jb; do by $j conex approve --yes; done";

/// T3, C6: somebody joins, signs and takes a new key before the branch is merged. What the first
/// key signed is of this branch alone, and goes with it.
#[test]
fn a_new_key_in_the_branch_in_which_one_joined() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    town.ok("git checkout -qb request; by dave conex join dave; release dune.1.0; by dave conex sign dune --yes; commit joined");
    let told = town.ok("by dave conex rotate --no-passphrase --yes");
    assert!(told.contains("vouches again for"), "{told}");
    assert!(
        told.contains("of this branch that the key before signed"),
        "{told}"
    );
    town.ok(&format!(
        "{APPROVE}; commit rotated; conex check main..request --strict --complete"
    ));
    town.accepted("request");
    client.update("request");
}

/// T3: What the old key signed in the published branch stays: two branches could delete it.
#[test]
fn what_is_published_stays_when_the_key_goes() {
    let town = Town::new();
    let before = town.ok("ls packages/.conex/index/alice");
    town.ok(
        "git checkout -qb request; edit fmt.1.0 Edited; by alice conex sign --yes; commit signed",
    );
    town.ok(&format!(
        "by alice conex rotate --no-passphrase --yes; {APPROVE}; commit rotated"
    ));
    let after = town.ok("ls packages/.conex/index/alice");
    for segment in before.lines() {
        assert!(after.contains(segment), "{before} {after}");
    }
    // One more: by the new key. The second one by the old key is gone.
    assert_eq!(after.lines().count(), before.lines().count() + 1, "{after}");
    town.ok("conex check main..request --strict --complete");
    town.accepted("request");
    town.update_accepted("day-one", "request");
}

/// T3: A thief's edit, or one's own half-done work, is not signed by the way.
#[test]
fn a_new_key_signs_nothing_new() {
    let town = Town::new();
    town.ok("edit fmt.1.0 Unfinished; release lwt.2.0; by ja conex owner add carol logs");
    let told = town.ok("by alice conex rotate --no-passphrase --yes");
    assert!(told.contains("vouches again for"), "{told}");
    assert!(
        told.contains("leaves 1 list") || told.contains("leaves the list of releases lwt"),
        "{told}"
    );
    assert!(
        told.contains("leaves 2 releases: fmt.1.0, lwt.2.0"),
        "{told}"
    );
    let changed = town.ok("git status --porcelain packages/fmt packages/lwt");
    assert!(!changed.contains("checksum"), "{changed}");
    // A janitor's new key approves nothing that waits.
    let told = town.ok("git checkout -q .; git clean -fdq; by ja conex owner add carol logs 2> /dev/null; by jc conex rotate --no-passphrase --yes");
    assert!(told.contains("leaves the authorisation logs"), "{told}");
    assert!(!told.contains("`logs` is shared"), "{told}");
}

/// Two machines, two keys: both count, and one of them goes again.
#[test]
fn several_keys_beside_each_other() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    let told = town.ok(&format!(
        "cp $PEOPLE/erin/keys/erin second; by alice conex key add $PWD/second --as alice --yes; rm second; {APPROVE}
        commit second; conex check HEAD~1..HEAD --strict --complete"
    ));
    assert!(told.contains("`alice` gets the key"), "{told}");
    assert!(
        told.contains("proves that the key of the author `alice` is yours"),
        "{told}"
    );
    client.update("main");
    town.ok("edit fmt.1.0 Second; by erin conex sign --as alice --key $PEOPLE/erin/keys/erin --yes; commit by-second
        edit lwt.1.0 First; by alice conex sign --yes; commit by-first; conex check HEAD~2..HEAD --strict --complete");
    client.update("main");
    let erin = town.ok("by erin conex key show erin --fingerprint");
    let erin = erin.trim();
    let told = town.ok(&format!("by alice conex key remove {erin} --as alice"));
    assert!(told.contains("fmt.1.0"), "{told}");
    town.ok(&format!(
        "by alice conex sign --yes; {APPROVE}; commit removed; conex check HEAD~1..HEAD --strict --complete"
    ));
    client.update("main");
    town.accepted("main");
    town.update_accepted("day-one", "main");
    town.fails(
        "edit fmt.1.0 Third; by erin conex sign --as alice --yes",
        "",
    );
    // Nobody is left without a key by the way.
    let alice = town.ok("git checkout -q .; by alice conex key show alice --fingerprint");
    town.fails(
        &format!("by alice conex key remove {} --as alice", alice.trim()),
        "no key of `alice` would be left",
    );
}

/// A key belongs to one person.
#[test]
fn somebody_elses_key_is_not_added() {
    let town = Town::new();
    town.fails(
        "cp $PEOPLE/bob/keys/bob second; by alice conex key add $PWD/second --as alice --yes",
        "belongs to `bob`",
    );
}

/// T5, C12: Somebody writes a file for the id of a janitor, who left or did not, with a key of
/// their own: it would inherit what that id owns. It is left out unless it is named and the key
/// proved itself, and said.
#[test]
fn the_id_of_a_janitor_with_another_key() {
    for (leaves, who) in [
        (
            format!("by ja conex janitor remove jc; {APPROVE}; commit removed"),
            "`jc` was a janitor",
        ),
        (String::new(), "`jc` is a janitor"),
    ] {
        let town = Town::new();
        town.ok(&format!(
            "by ja conex owner add jc logs; {APPROVE}; commit owner
            {leaves}
            git checkout -qb request"
        ));
        taken_by_hand(&town);
        // That something was left out is not "nothing waits", and no success.
        let told = told_of(&town, "by ja conex approve --yes");
        assert!(told.contains(&format!("left out: {who}")), "{told}");
        assert!(told.contains("gets what `jc` owns: `logs`"), "{told}");
        assert!(told.contains("Nothing was signed"), "{told}");
        let told = town.ok("conex check main..request");
        assert!(told.contains(who), "{told}");
        assert!(told.contains("gets what `jc` owns: `logs`"), "{told}");
        let told = told_of(&town, "by ja conex approve --id jc --yes");
        assert!(told.contains("has signed nothing for `jc`"), "{told}");
        assert!(told.contains("Nothing was signed"), "{told}");
        town.ok("by dave conex sign --as jc --key $PEOPLE/dave/keys/dave --yes; commit proven");
        let told = told_of(&town, "by ja conex approve --yes");
        assert!(told.contains(&format!("left out: {who}")), "{told}");
        let told = town.ok("by ja conex approve --id jc --yes; by jb conex approve --id jc --yes");
        assert!(told.contains(&format!("TAKES OVER: {who}")), "{told}");
        assert!(told.contains("`jc` becomes an author"), "{told}");
    }
}

/// What somebody reads whose command is refused.
fn told_of(town: &Town, command: &str) -> String {
    let output = town.run(command);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    told(&output)
}

/// A file for `jc` with the key of `dave`, written by hand.
pub fn taken_by_hand(town: &Town) {
    town.fails(
        "by dave conex join jc --key $PEOPLE/dave/keys/dave",
        "who has another key",
    );
    written_by_hand(town, "dave", "jc");
}

/// A file for an id that lists the key of somebody else, who did not write it.
pub fn written_by_hand(town: &Town, whose: &str, id: &str) {
    let work = town.path("work");
    let there = work.join(format!("packages/.conex/ids/{whose}"));
    let published = there.exists();
    if !published {
        town.ok(&format!(
            "by {whose} conex join {whose} --key $PEOPLE/{whose}/keys/{whose}"
        ));
    }
    let file = std::fs::read_to_string(there).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    let text = lines[..lines.len() - 1].join("\n") + "\n";
    let text = text.replace(&format!("\"{whose}\""), &format!("\"{id}\""));
    let check = conex_verify::format::digest::Digest::of(text.as_bytes()).short();
    std::fs::write(
        work.join(format!("packages/.conex/ids/{id}")),
        format!("{text}check: \"{check}\"\n"),
    )
    .unwrap();
    if !published {
        town.ok(&format!(
            "git clean -fdq packages/.conex/ids/{whose} packages/.conex/index/{whose}"
        ));
    }
    town.ok("commit taken");
}

/// T8: A pending file that lists somebody's public key made `sign` sign as that id, or ask who it
/// is.
#[test]
fn a_file_that_waits_captures_nobody() {
    let town = Town::new();
    written_by_hand(&town, "bob", "evil");
    // The name under which the key is kept says nothing.
    town.ok("mv $PEOPLE/bob/keys/bob $PEOPLE/bob/keys/laptop; mv $PEOPLE/bob/keys/bob.pub $PEOPLE/bob/keys/laptop.pub
        edit logs.1.0 Mine");
    let told = town.ok("by bob conex sign --yes");
    assert!(told.contains("`bob`, with"), "{told}");
    assert!(!told.contains("evil"), "{told}");
    // Whom nobody knows yet has to say who they are.
    let town = Town::new();
    written_by_hand(&town, "dave", "evil");
    town.ok("mv $PEOPLE/dave/keys/dave $PEOPLE/dave/keys/laptop; mv $PEOPLE/dave/keys/dave.pub $PEOPLE/dave/keys/laptop.pub");
    town.fails(
        "by dave conex sign --yes",
        "a file for evil lists a key of yours, and nothing shows that this is you",
    );
    town.ok("conex decline evil");
}

/// After `rotate --new-key` the next `sign` did not find the key, and advised to become an author.
#[test]
fn a_key_file_that_was_named_is_found_again() {
    let town = Town::new();
    town.ok(
        "mkdir -p $TMPDIR/token; cp $PEOPLE/erin/keys/erin $TMPDIR/token/new; mkdir $PEOPLE/fresh
        cp -r $PEOPLE/alice/. $PEOPLE/fresh; cd ../work
        by fresh conex rotate --as alice --new-key $TMPDIR/token/new --yes; rm $PEOPLE/fresh/keys/alice*
        for j in ja jb; do by $j conex approve --yes; done; commit rotated; edit fmt.1.0 Mine",
    );
    let told = town.ok("by fresh conex sign --yes");
    assert!(
        told.contains("token/new`, which was named before"),
        "{told}"
    );
    assert!(told.contains("`alice`, with"), "{told}");
    town.ok("commit signed");
    town.accepted("main");
}

/// T6: Somebody who signed much once gets the package back: what they signed last would count
/// again, above what is there.
#[test]
fn old_signatures_do_not_count_again_by_the_way() {
    let town = Town::new();
    town.ok(
        "for t in One Two Three; do edit logs.1.0 $t; by bob conex sign --yes; commit $t; done",
    );
    // The key goes, a quorum signs the version of before anew, and the branch of bob is forgotten.
    town.ok(&format!(
        "git checkout -q HEAD~2 -- packages/logs; by ja conex owner remove bob logs; {APPROVE}; commit removed"
    ));
    town.fails(
        "by ja conex owner add bob logs",
        "old signatures would count again",
    );
    let told = town.run("by ja conex owner add bob logs");
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("conex supersede"), "{told}");
    town.fails(
        "by ja conex team add logs-team bob; by ja conex owner add logs-team logs",
        "old signatures",
    );
}

/// C13: A key was taken away. It does not come back, for its old signatures would count again.
#[test]
fn a_removed_key_does_not_come_back() {
    let town = Town::new();
    town.ok(&format!(
        "cp -r $PEOPLE/alice $PEOPLE/thief; by alice conex rotate --no-passphrase --yes; {APPROVE}; commit rotated
        git checkout -qb request"
    ));
    for verb in [
        "key add $PEOPLE/thief/keys/alice --as alice --yes",
        "rotate --new-key $PEOPLE/thief/keys/alice --yes",
        "join mallory --key $PEOPLE/thief/keys/alice",
    ] {
        town.fails(
            &format!("by alice conex {verb}"),
            "was removed from the published branch, and never comes back",
        );
    }
    // Without git's history the tools do not know it, and `check` does.
    town.ok("git diff --quiet; mv .git ../kept; by alice conex key add $PEOPLE/thief/keys/alice --as alice --yes; mv ../kept .git");
    town.ok(&format!("{APPROVE}; commit back"));
    let told = town.fails("conex check main..request", "never comes back");
    assert!(told.contains("E019"), "{told}");
    // In a shallow clone nothing can be said, unless one does without.
    town.ok("git clone -q --depth 1 --no-single-branch file://$PWD ../shallow; cd ../shallow; git fetch -q --depth 2 origin request");
    let shallow = "cd ../shallow; conex check origin/main..origin/request";
    let output = town.run(shallow);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    town.fails(shallow, "git fetch --unshallow");
    let told = town.ok(&format!("{shallow} --no-history"));
    assert!(told.contains("was not looked at (--no-history)"), "{told}");
    // A change without new keys needs no history.
    town.ok(
        "git checkout -q main; edit lwt.1.0 Edited; by alice conex sign --yes; commit edited
        git clone -q --depth 2 file://$PWD ../other; cd ../other; conex check HEAD~1..HEAD",
    );
}
