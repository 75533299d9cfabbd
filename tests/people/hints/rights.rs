//! Who may do what, epochs, and what is signed on another machine.

use super::{approved, says, types};
use crate::town::Town;
use crate::typed_hints::commands;
use crate::verbs::epochs::at_epoch;
use crate::verbs::keys::{taken_by_hand, written_by_hand};
use crate::workflows::stolen::push_to_the_end;

#[test]
fn an_author_signs_and_a_janitor_approves() {
    let town = Town::new();
    let told = town.fails("edit fmt.1.0 Mine; by alice conex approve", "not a janitor");
    let typed = commands(&told, "JanitorsApprove", &[("ID", "alice=$KEYS/alice.pub")]);
    types(&town, "alice", &typed[1..]);
    town.ok(&typed[0]);
    let told = town.ok("by ja conex approve --yes");
    assert!(told.contains("`alice` becomes a janitor"), "{told}");
}

#[test]
fn a_link_is_signed_before_the_next_one() {
    let town = Town::new();
    town.ok("conex janitor remove jc");
    let told = town.fails("conex janitor quorum 1", "still lacks signatures");
    let typed = commands(&told, "SignLink", &[]);
    types(&town, "ja", &typed);
    types(&town, "jb", &typed);
    town.ok("conex janitor quorum 1");
}

#[test]
fn notaries_are_named_before_a_snapshot_is_made() {
    let town = Town::new();
    let told = town.fails("by ja conex snapshot --yes", "may not sign the snapshot");
    town.ok(&commands(&told, "NameNotaries", &[("ID", "ja")])[0]);
    approved(&town);
    town.ok("by ja conex snapshot --yes");
}

#[test]
fn a_chain_is_started_once() {
    let town = Town::new();
    let told = town.fails(
        "conex init --name town --quorum 1 --janitor jd=$KEYS/jd.pub",
        "has a janitor chain already",
    );
    let typed = commands(&told, "ChainIsThere", &[("ID", "jd=$KEYS/jd.pub")]);
    assert!(town.ok(&typed[0]).contains("ja, jb, jc, of whom 2"));
    town.ok(&typed[1]);
    let told = town.ok("by jd conex approve --yes");
    assert!(told.contains("`jd` becomes a janitor"), "{told}");
}

#[test]
fn what_counts_is_changed_and_not_declined() {
    let town = Town::new();
    let told = town.fails("conex decline fmt", "nothing that could be declined");
    let words = [("ID", "alice"), ("PACKAGE", "lwt")];
    let typed = commands(&told, "NothingToDecline", &words);
    assert!(town.ok(&typed[0]).contains("nothing waits"));
    town.ok(&typed[2]);
    town.ok(&typed[1]);
    let told = town.fails("conex decline link", "does not wait");
    town.ok(&commands(&told, "CompleteLink", &[("ID", "jc")])[0]);
    let told = town.ok("conex status");
    assert!(told.contains("`jc` is no janitor any more"), "{told}");
}

#[test]
fn an_id_of_a_janitor_is_approved_by_its_name() {
    let town = Town::new();
    town.ok("by ja conex owner add jc logs");
    approved(&town);
    town.ok("git checkout -qb request");
    taken_by_hand(&town);
    let told = says(&town, "by ja conex approve --yes");
    let by_id = commands(&told, "ApproveById", &[]);
    let told = says(&town, &format!("by ja {} --yes", by_id[0]));
    let typed = commands(&told, "ProveKey", &[]);
    town.ok(&format!(
        "by dave {} --key $PEOPLE/dave/keys/dave --yes",
        typed[0]
    ));
    for janitor in ["ja", "jb"] {
        types(&town, janitor, &by_id);
    }
}

#[test]
fn somebody_elses_file_is_not_mine() {
    let town = Town::new();
    written_by_hand(&town, "dave", "evil");
    town.ok("mv $PEOPLE/dave/keys/dave $PEOPLE/dave/keys/laptop; mv $PEOPLE/dave/keys/dave.pub $PEOPLE/dave/keys/laptop.pub");
    let told = town.fails("by dave conex sign --yes", "nothing shows that this is you");
    let typed = commands(&told, "MeOrDecline", &[("ID", "evil")]);
    town.ok(&typed[0]);
    let told = town.ok("conex status");
    assert!(!told.contains("`evil` becomes"), "{told}");
}

#[test]
fn old_signatures_are_superseded_before_somebody_comes_back() {
    let town = Town::new();
    town.ok(
        "for t in One Two Three; do edit logs.1.0 $t; by bob conex sign --yes; commit $t; done
        git checkout -q HEAD~2 -- packages/logs; by ja conex owner remove bob logs",
    );
    approved(&town);
    let told = town.fails("by ja conex owner add bob logs", "old signatures");
    let mut told = told;
    // One resource is named at a time.
    for _ in 0..3 {
        let typed = commands(&told, "SupersedeFirst", &[]);
        for janitor in ["ja", "jb"] {
            types(&town, janitor, &typed);
        }
        town.ok("commit above");
        let output = town.run("by ja conex owner add bob logs");
        told = crate::town::told(&output);
        if output.status.success() {
            return;
        }
    }
    panic!("{told}");
}

#[test]
fn a_counter_that_was_pushed_is_written_anew_or_left_behind() {
    let town = Town::new();
    let pushed = ["packages/fmt/releases", "packages/fmt/fmt.1.0/checksum"];
    pushed.iter().for_each(|path| push_to_the_end(&town, path));
    town.forge("bob", &pushed);
    town.ok("commit pushed");
    let told = says(&town, "by ja conex approve --yes");
    let typed = commands(&told, "SignAnewOrEpoch", &[]);
    types(&town, "alice", &typed);
    town.ok("commit mended");
    town.accepted("main");
    town.ok(&typed[1]);
    approved(&town);
    town.accepted("main");
}

#[test]
fn a_counter_at_its_end_has_two_ways_out() {
    for way in [0, 1] {
        let town = Town::new();
        let pushed = "packages/fmt/fmt.1.0/checksum";
        push_to_the_end(&town, pushed);
        town.forge("jc", &[pushed]);
        town.ok("git checkout -q packages/fmt; commit thief; edit fmt.1.0 Mended");
        let told = town.fails("by alice conex sign --yes", "at its end");
        let typed = commands(&told, "PushedToEnd", &[("ID", "jc")]);
        town.ok(&format!("git stash -q; {}", typed[way]));
        approved(&town);
        town.ok("git stash pop -q; by alice conex sign --yes; commit mended");
        town.accepted("main");
    }
}

#[test]
fn counters_of_a_revoked_author_start_over() {
    let town = Town::new();
    let pushed = ["packages/lwt/lwt.1.0/checksum", "packages/lwt/releases"];
    pushed.iter().for_each(|path| push_to_the_end(&town, path));
    town.forge("alice", &pushed);
    town.ok("commit pushed");
    let told = town.ok("by ja conex revoke alice");
    town.ok(&commands(&told, "EpochOfPushed", &[])[0]);
    let told = town.ok("by ja conex approve --yes");
    let waits = commands(&told, "StillWaits", &[]);
    types(&town, "jb", &waits);
    town.ok("commit recovered");
    town.accepted("main");
}

#[test]
fn what_was_signed_too_far_ahead_is_left_by_an_epoch() {
    let town = Town::new();
    town.ok("git checkout -qb closed");
    let pushed = "packages/lwt/lwt.1.0/checksum";
    push_to_the_end(&town, pushed);
    town.forge("alice", &[pushed]);
    town.ok("commit pushed; git checkout -q main");
    let told = town.fails(
        "by alice conex supersede lwt.1.0 --of closed --yes",
        "too far above",
    );
    town.ok(&commands(&told, "NewEpoch", &[])[0]);
    approved(&town);
    town.accepted("main");
}

#[test]
fn whoever_signed_ahead_loses_the_rights_first() {
    let town = Town::new();
    let ahead = ["packages/lwt/releases", "packages/lwt/lwt.1.0/checksum"];
    ahead.iter().for_each(|path| at_epoch(&town, path, 1));
    town.forge("alice", &ahead);
    town.ok("git checkout -q packages/lwt; commit thief");
    let told = town.fails("conex epoch lwt", "has entries already");
    let words = [("ID", "alice"), ("PACKAGE", "lwt")];
    let typed = commands(&told, "RightsFirst", &words);
    town.ok(&format!("{}; conex epoch lwt", typed[0]));
    approved(&town);
    town.accepted("main");
}

#[test]
fn a_package_gets_its_list_from_its_owner() {
    let town = Town::new();
    town.ok("release dune.1.0; by ja conex owner add alice dune");
    let told = town.fails("conex epoch dune", "no list of releases");
    let typed = commands(&told, "OwnerSigns", &[]);
    let told = town.ok("by ja conex approve --yes");
    let theirs = commands(&told, "OwnersSign", &[]);
    assert_eq!(typed, theirs);
    types(&town, "alice", &typed);
    town.ok("by jb conex approve --yes; commit dune");
    town.accepted("main");
}

#[test]
fn a_change_of_keys_leaves_the_rest_for_sign() {
    let town = Town::new();
    let told = town.ok("edit fmt.1.0 Mine; by alice conex rotate --no-passphrase --yes");
    types(&town, "alice", &commands(&told, "LeavesFor", &[]));
    approved(&town);
    town.accepted("main");
}

#[test]
fn a_janitor_who_stays_an_author_proves_the_key() {
    let town = Town::new();
    let told = town.ok("conex janitor remove jc --keep-as-author");
    let proves = commands(&told, "KeepsAsAuthor", &[]);
    let counts = commands(&told, "CountsAfter", &[]);
    types(&town, "ja", &counts);
    types(&town, "jb", &counts);
    let told = town.ok("conex status");
    assert_eq!(commands(&told, "TodoProve", &[]), proves);
    types(&town, "jc", &proves);
    town.ok("commit kept");
    town.accepted("main");
}

#[test]
fn a_claim_without_owners_is_approved_by_its_name() {
    let town = Town::new();
    let told = town.ok("release dune.1.0; by ja conex owner remove alice dune");
    let by_name = commands(&told, "ApproveByName", &[]);
    let told = town.ok("conex status; conex status dune");
    let declined = commands(&told, "DeclinedByName", &[("NAME", "dune")]);
    assert_eq!(declined[..1], by_name);
    let all = town.ok(&format!("by ja {} --dry-run", declined[1]));
    assert!(all.contains("nobody owns dune"), "{all}");
    assert_eq!(commands(&told, "DeclinedClaim", &[]), by_name);
    for janitor in ["ja", "jb"] {
        types(&town, janitor, &by_name);
    }
    assert!(!town.ok("conex status").contains("declined"));
}

/// Signed on another machine, as both lines say.
#[test]
fn what_is_signed_elsewhere_comes_back() {
    let town = Town::new();
    let told = town.ok("edit fmt.1.0 Mine; mkdir ../out; by alice conex sign --detached ../out");
    let words = [
        ("KEY", "$PEOPLE/alice/keys/alice"),
        ("NAMESPACE", "conex-index-v1"),
    ];
    let sign = commands(&told, "SignElsewhere", &words);
    let import = commands(&told, "ImportHere", &[]);
    let told = town.fails(&import[0], "No such file");
    let file = import[0].rsplit_once(' ').unwrap().1;
    let words = [words[0], words[1], ("FILE", file)];
    assert_eq!(commands(&told, "SignFile", &words), sign);
    // A signature of other bytes.
    let told = town.fails(
        &format!(
            "cp {file} ../kept; echo >> {file}; {}; cp ../kept {file}; {}",
            sign[0], import[0]
        ),
        "does not fit the file",
    );
    assert_eq!(commands(&told, "SignFileAsItIs", &words), sign);
    town.ok(&format!(
        "rm {file}.sig; {}; {}; commit signed",
        sign[0], import[0]
    ));
    town.accepted("main");
    // Somebody else's signature.
    let told = town.fails(
        "edit fmt.1.1 Mine; by alice conex sign --detached ../out; f=$(ls -t ../out/index-* | grep -v sig | head -n 1); ssh-keygen -Y sign -n conex-index-v1 -f $PEOPLE/dave/keys/dave $f; conex signature import $f",
        "alice",
    );
    let typed = commands(&told, "KeyOfOrJoin", &[]);
    assert_eq!(typed, ["conex join alice"]);
}
