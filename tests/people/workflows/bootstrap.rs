//! From packages of nobody to packages of owners: what a table gives and never gives, and the four
//! ways in which it goes wrong, each with the way back.

use crate::town::Town;
use crate::typed_hints::commands;

/// Three packages that nobody signs, keys that an operator fetched, and a table.
const BEGIN: &str = r#"
release dune.1.0; release re.1.0; release conf-gmp.1; release bos.1.0; commit unsigned
mkdir ~/fetched; cp $KEYS/dave.pub ~/fetched/Dave.keys; cp $KEYS/erin.pub ~/fetched/erin.keys; echo 7 > ~/fetched/dave.number
printf 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB somebody\n' >> ~/fetched/erin.keys
cat > ~/owners <<END
id dave 2025-01 -
id erin 2025-01 -
id old 2012-01 asleep
team guild dave erin
package bos old weak - 2012-01 published:old:1:2012-01
package conf-gmp maintainers strong - - -
package dune dave strong github.com/dave 2025-01 named:dave
package re @guild strong github.com/guild - published:dave:1:2025-01
END
"#;

const WRITE: &str = "conex bootstrap ids ~/owners --keys ~/fetched; conex bootstrap claim ~/owners";

const APPROVE: &str = "for j in ja jb; do by $j conex approve --held --yes; done; commit owners";

const STRICT: &str = "conex verify --dir . --anchors \"$ANCHORS\" --quorum 2";

fn begun() -> Town {
    let town = Town::new();
    town.ok(BEGIN);
    town
}

fn claimed() -> Town {
    let town = begun();
    town.ok(&format!("{WRITE}; {APPROVE}"));
    town
}

/// A quorum approves once, and a client that demands signatures of everything has them.
#[test]
fn one_approval_of_each_janitor_signs_everything() {
    let town = begun();
    town.fails(STRICT, "E020");
    let told = town.ok(&format!("{WRITE} 2>&1; conex status --bootstrap"));
    assert!(
        told.contains("2 held by the janitors: bos, conf-gmp"),
        "{told}"
    );
    assert!(
        told.contains("`guild` becomes a team of dave, erin"),
        "{told}"
    );
    town.fails(
        &format!("by ja conex approve --held --yes; {STRICT}"),
        "E020",
    );
    town.ok(&format!(
        "by jb conex approve --held --yes; {STRICT}; commit owners"
    ));
    town.accepted("main");
    town.update_accepted("day-one", "main");
    let told = town.ok("conex status --bootstrap --all; conex check main~1..main");
    for line in [
        "held       2 (",
        "proposed   2 (",
        "confirmed  4 (",
        "unclaimed  0 (",
    ] {
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&line), "{line}: {told}");
    }
    // There is nothing more to write.
    let told = town.ok(WRITE);
    assert_eq!(told.matches("it is so already").count(), 2, "{told}");
}

/// The commands that are named do it: each janitor's, and then an owner's.
#[test]
fn the_commands_that_are_named_lead_to_an_owner() {
    let town = begun();
    let told = town.ok("conex bootstrap ids ~/owners --keys ~/fetched");
    let join = commands(&told, "ListedOnly", &[("ID", "dave")]);
    let told = town.ok("conex bootstrap claim ~/owners");
    let approve = commands(&told, "ApproveHeld", &[]);
    for janitor in ["ja", "jb"] {
        town.ok(&format!("by {janitor} {} --yes", approve[0]));
    }
    town.ok(&format!(
        "{STRICT}; commit owners; by dave {}; commit joined",
        join[0]
    ));
    town.accepted("main");
    // The change of the owner alone can be merged: no janitor is asked.
    town.ok("conex check main~1..main");
    let told = town.ok("conex status --bootstrap");
    assert!(told.contains("confirmed        6 ("), "{told}");
    town.ok(&format!(
        "release dune.1.1; release re.1.1; by dave conex sign --yes; {STRICT}"
    ));
}

/// Attack: before a quorum approved the file, a listed key signs whatever it likes, and proves itself.
#[test]
fn a_listed_key_does_nothing_before_a_quorum_approves() {
    let town = begun();
    let forged = "by dave conex join dave; release dune.6.6; by dave conex sign --yes dune";
    town.ok(&format!(
        "{WRITE}; by ja conex approve --held --yes; {forged}"
    ));
    town.fails(STRICT, "E020");
    let told = town.ok("conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2");
    assert!(!told.contains("rejected"), "{told}");
    // With the owner becomes valid what the owner signed: whoever approves is shown it.
    let told = town.ok("by jb conex approve --held --dry-run");
    assert!(
        told.contains("`dune`, which nobody owned, with 2 releases"),
        "{told}"
    );
    town.ok(&format!(
        "rm -r packages/dune/dune.6.6; conex bootstrap claim ~/owners; {APPROVE}; {STRICT}"
    ));
}

/// Attack: before the day, somebody writes a file for the id of another, with a key of their own. It waits
/// like those that are listed, and would get what the table gives to the name.
#[test]
fn a_file_that_somebody_wrote_for_another_id_is_named() {
    let town = begun();
    town.ok("by erin conex join dave --key $PEOPLE/erin/keys/erin; commit planted");
    town.fails(
        "conex bootstrap ids ~/owners --keys ~/fetched",
        "which was not fetched",
    );
}

/// Attack: an approved, listed key is stolen before its owner ever used it. The thief is the owner
/// until a quorum says otherwise; then nothing of the thief's is left.
#[test]
fn a_stolen_listed_key_is_revoked_and_what_it_signed_taken_back() {
    let town = claimed();
    let client = town.client("every");
    client.update("main");
    town.ok("edit dune.1.0 Evil; by dave conex sign --yes; commit evil");
    client.update("main");
    town.ok(
        "git checkout -q main~1 -- packages/dune/dune.1.0/opam; by ja conex revoke dave
        by ja conex sign --yes; for j in ja jb; do by $j conex approve --yes; done; commit revoked",
    );
    client.update("main");
    town.accepted("main");
    // The key is nobody's now.
    town.fails("by dave conex join dave", "never comes back");
    town.ok("edit dune.1.0 Again; by dave conex sign --yes --as dave || true");
    town.fails(STRICT, "E014");
}

/// Attack: an account that slept is registered by somebody else. Its key is not listed, and its
/// packages are the janitors', until a quorum knows the person.
#[test]
fn who_sleeps_is_not_listed_and_comes_back_by_a_quorum() {
    let town = begun();
    town.ok(
        "sed -i 's/^package bos old weak/package bos old strong/' ~/owners
        by erin conex key new old --no-passphrase; cp $PEOPLE/erin/keys/old.pub ~/fetched/old.keys",
    );
    let told = town.ok(WRITE);
    assert!(
        told.contains("left out: old was not seen for two years"),
        "{told}"
    );
    assert!(
        told.contains("1 not known here, and given nothing: old"),
        "{told}"
    );
    town.ok(&format!(
        "test ! -e packages/.conex/ids/old; {APPROVE}; {STRICT}"
    ));
    // Who asks for it lists the key, and a quorum sees it.
    let told = town.ok("conex bootstrap ids ~/owners --keys ~/fetched --asleep");
    assert!(told.contains("`old` becomes an author"), "{told}");
    town.ok("git checkout -q .; git clean -fdq packages");
    // The person is here again.
    town.ok("cp $PEOPLE/erin/keys/old* $PEOPLE/dave/keys/; by dave conex join old --key $PEOPLE/dave/keys/old
        by ja conex owner add old bos; for j in ja jb; do by $j conex approve --yes; done; commit back");
    town.accepted("main");
    town.ok(&format!(
        "release bos.1.1; by dave conex sign --as old --yes; {STRICT}"
    ));
}

/// Attack: an account is renamed, and somebody else registers the name and serves a key under it.
/// The number gives it away; nothing is written.
#[test]
fn an_account_that_is_registered_again_is_not_listed() {
    let town = claimed();
    town.ok(
        "echo 8 > ~/fetched/dave.number; by erin conex key new thief --no-passphrase
        cp $PEOPLE/erin/keys/thief.pub ~/fetched/Dave.keys",
    );
    let told = town.fails(
        "conex bootstrap ids ~/owners --keys ~/fetched",
        "registered again",
    );
    assert!(told.contains("`dave` had the number 7"), "{told}");
    town.ok("test -z \"$(git status --porcelain packages)\"");
    // Where the number is not known, a quorum sees a key that nobody has explained.
    let told = town.ok("rm ~/fetched/dave.number; conex bootstrap ids ~/owners --keys ~/fetched");
    assert!(told.contains("!! `dave` gets another key"), "{told}");
    let told = town.ok(STRICT);
    assert!(told.contains("`dave` waits for 2 more janitors"), "{told}");
    town.ok("git checkout -q packages");
    // Whoever has proven the key decides alone.
    town.ok("by dave conex join dave; commit proven");
    let told = town.ok("conex bootstrap ids ~/owners --keys ~/fetched");
    assert!(told.contains("it is so already"), "{told}");
}

/// A person mistypes a line: before a quorum approved it, the table says it anew; afterwards it is a
/// change of owners like another.
#[test]
fn a_wrong_line_is_put_right_before_and_after_it_is_approved() {
    let town = begun();
    town.ok("sed -i 's/^package dune dave/package dune erin/' ~/owners");
    town.ok(&format!("{WRITE}; by ja conex approve --held --yes"));
    // Seen after one janitor approved.
    town.ok(
        "sed -i 's/^package dune erin/package dune dave/' ~/owners; conex bootstrap claim ~/owners",
    );
    town.ok(&format!(
        "grep -q '\"dave\"' packages/dune/authorisation; {APPROVE}; {STRICT}"
    ));
    town.ok(&format!(
        "by dave conex join dave; release dune.1.1; by dave conex sign --yes; {STRICT}; commit dune"
    ));
    // Seen after a quorum approved: erin is no member of the guild, and proved nothing so far.
    let told = town.ok("conex bootstrap claim ~/owners");
    assert!(told.contains("it is so already"), "{told}");
    town.ok("by ja conex team remove guild erin; for j in ja jb; do by $j conex approve --yes; done; commit guild");
    town.accepted("main");
    town.ok("by erin conex join erin; release re.1.1; by erin conex sign --yes re || true");
    town.fails(STRICT, "E0");
}

/// Attack: somebody adds another person's public key to the own account.
#[test]
fn a_key_under_two_accounts_is_nobodys() {
    let town = begun();
    town.ok("cat $KEYS/dave.pub >> ~/fetched/erin.keys");
    let told = town.fails(
        "conex bootstrap ids ~/owners --keys ~/fetched",
        "left out: `dave` has the key",
    );
    assert!(told.contains("left out: `erin` has the key"), "{told}");
    town.ok("test ! -e packages/.conex/ids/dave; test ! -e packages/.conex/ids/erin");
    // A key that somebody has here is not listed for another.
    town.ok("cp $KEYS/dave.pub ~/fetched/Dave.keys; cp $KEYS/alice.pub ~/fetched/erin.keys");
    town.fails(
        "conex bootstrap ids ~/owners --keys ~/fetched",
        "of `alice` too",
    );
}

/// Who has another key than the one that was listed takes it with a quorum, and not alone.
#[test]
fn another_key_takes_a_quorum() {
    let town = claimed();
    town.ok("by erin conex key new erin --force --no-passphrase");
    let told = town.ok("by erin conex join erin");
    assert!(
        told.contains("takes another key than those that are listed"),
        "{told}"
    );
    town.ok("release re.1.1; by erin conex sign --yes");
    town.fails(STRICT, "E0");
    town.ok("for j in ja jb; do by $j conex approve --yes; done; commit joined");
    town.accepted("main");
    // Once a key is proven, no other one is taken this way.
    town.ok("by erin conex key new erin --force --no-passphrase");
    town.fails("by erin conex join erin", "exists, with other keys");
}

/// Without a table git's history says the same: the account of a merge, whoever wrote what was merged,
/// and never an address.
#[test]
fn the_history_of_git_is_enough() {
    let town = Town::new();
    let told = town.ok(
        r#"
        sent() { git checkout -qb request; shift; for r in "$@"; do release $r; done; git add -A
            git commit -q --author "$author <$author@town.example>" -m 'New'; git checkout -q main; }
        merged() { git merge -q --no-ff -m "Merge pull request #$1 from $2/request" request; git branch -qD request; }
        author=dave; sent 7 dune.1.0 re.1.0; merged 7 dave
        author=dave; sent 8 dune.1.1; merged 8 dave
        author=somebody; sent 9 bos.1.0; merged 9 keeper
        conex bootstrap propose
        "#,
    );
    for words in [
        "package\tdune\tdave\tweak\t-\t",
        "published:dave:2:",
        "package\tbos\t-\tweak\t",
        "helped:keeper:1:",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("town.example"), "{told}");
}

/// T12: Whose key the janitors listed supersedes before anything else. Nothing that is signed under a
/// key counts before the key is proven: the command proves the key.
#[test]
fn who_supersedes_first_of_all_proves_their_key() {
    let town = claimed();
    let told = town.ok("by dave conex supersede dune --above 0.5 --yes");
    assert!(
        told.contains("proves that the key of the author `dave` is yours"),
        "{told}"
    );
    town.ok("commit superseded; conex check main~1..main");
    town.accepted("main");
}
