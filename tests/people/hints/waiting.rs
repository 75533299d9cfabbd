//! What `status` and `init` say comes next.

use super::{approved, types};
use crate::town::Town;
use crate::typed_hints::commands;

#[test]
fn what_waited_longest_is_approved_or_declined() {
    let town = Town::new();
    town.ok(
        "by dave conex join dave; export GIT_COMMITTER_DATE='2020-02-02T00:00:00Z'; commit dave",
    );
    let told = town.ok("conex status");
    let typed = commands(&told, "LongestOrDecline", &[]);
    town.ok(&typed[1]);
    assert!(town.ok("conex status").contains("nothing waits"));
    town.ok("git checkout -q .");
    for janitor in ["ja", "jb"] {
        types(&town, janitor, &typed);
    }
    town.ok("commit approved; by ja conex owner add dave fmt; commit owner");
    let told = town.ok("conex status");
    let typed = commands(&told, "Longest", &[]);
    assert_eq!(
        typed,
        commands(&told, "TodoApprove", &[])
            .iter()
            .map(|c| format!("{c} fmt"))
            .collect::<Vec<_>>()
    );
    for janitor in ["ja", "jb"] {
        types(&town, janitor, &typed);
    }
    assert!(town.ok("conex status").contains("nothing waits"));
}

#[test]
fn everybody_who_is_to_do_something_is_told_what() {
    let town = Town::new();
    // An edit that nobody signed.
    town.ok("edit fmt.1.0 Mine");
    let told = town.ok("conex status");
    types(&town, "alice", &commands(&told, "TodoWriteOwned", &[]));
    town.ok("commit signed");
    // A signature that went.
    town.ok("git rm -qr packages/.conex/index/bob");
    let told = town.ok("conex status");
    types(&town, "bob", &commands(&told, "TodoOwned", &[]));
    town.ok("commit again");
    // A package that only the quorum can sign for.
    town.ok("by ja conex revoke bob");
    approved(&town);
    town.ok("edit logs.1.0 Theirs");
    let told = town.ok("conex status");
    let typed = commands(&told, "TodoWrite", &[]);
    types(&town, "carol", &typed);
    for janitor in ["ja", "jb"] {
        types(&town, janitor, &typed[1..]);
    }
    town.ok("commit done");
    assert!(town.ok("conex status").contains("nothing waits"));
    town.accepted("main");
}

#[test]
fn what_was_signed_and_never_came_is_superseded() {
    let town = Town::new();
    town.ok("git checkout -qb closed; edit fmt.1.0 Bad; by alice conex sign --yes; commit bad; git checkout -q main");
    let told = town.ok("by alice conex status");
    let typed = commands(&told, "SupersedeNever", &[("NAME", "fmt.1.0")]);
    types(&town, "alice", &typed);
    town.ok("commit superseded");
    assert!(!town.ok("by alice conex status").contains("elsewhere"));
    town.accepted("main");
}

#[test]
fn claims_are_listed_in_a_change_of_their_own() {
    let town = Town::new();
    let told = town.ok("conex status");
    town.ok(&commands(&told, "MoreClaims", &[])[0]);
    approved(&town);
    let told = town.ok("conex status");
    assert!(!told.contains("can be claimed"), "{told}");
}

const NEW: &str = "mkdir -p ../new/packages; cd ../new; echo 'opam-version: \"2.0\"' > repo";

#[test]
fn a_repository_starts_with_the_commands_that_are_named() {
    let town = Town::new();
    let told = town.ok(&format!(
        "{NEW}; conex init --name new --quorum 2 --janitor ja=$KEYS/ja.pub --janitor jb=$KEYS/jb.pub"
    ));
    let approve = commands(&told, "InitApprove", &[]);
    let snapshot = commands(&told, "InitSnapshot", &[]);
    town.ok(&format!(
        "cd ../new; by ja {0} --yes; by jb {0} --yes; by ja {1} --yes; conex verify --dir . --anchors \"$(conex anchors)\"",
        approve[0], snapshot[0]
    ));
    let told = town.ok("mkdir -p ../alone/packages; cd ../alone; echo 'opam-version: \"2.0\"' > repo; by ja conex init --name new --alone ja --yes");
    let snapshot = commands(&told, "AloneSnapshot", &[]);
    town.ok(&format!(
        "cd ../alone; by ja {} --yes; conex verify --dir . --anchors \"$(conex anchors)\"",
        snapshot[0]
    ));
}

#[test]
fn a_snapshot_of_another_state_is_made_anew() {
    let town = Town::new();
    town.ok("by ja conex team add notaries ja");
    approved(&town);
    town.ok("by ja conex snapshot --yes; commit snapshot; edit fmt.1.0 Mine; by alice conex sign --yes; commit edit");
    let told = town.ok("conex status");
    let typed = commands(&told, "SnapshotAnew", &[]);
    assert_eq!(typed, commands(&told, "TodoSnapshot", &[]));
    types(&town, "ja", &typed);
    town.ok("commit snapshot");
    town.accepted("main");
    // One that nobody can read is taken from the branch, or left behind.
    let told = town.fails(
        "echo x > packages/.conex/snapshot; by ja conex snapshot --yes",
        "cannot be read",
    );
    let typed = commands(&told, "RestoreSnapshot", &[("BRANCH", "main")]);
    town.ok(&typed[0]);
    town.accepted("main");
    town.ok(&typed[1]);
    approved(&town);
    town.ok("by ja conex snapshot --yes; commit snapshot");
    town.accepted("main");
}
