//! What waits and is not wanted: `conex decline`.

use crate::town::Town;

/// Somebody merged a new author with a package, and no janitor wants either.
#[test]
fn a_pending_author_and_a_first_claim() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    town.ok(
        "by dave conex join dave; release dune.1.0; by dave conex sign dune --yes; commit dave",
    );
    let told = town.ok("conex status");
    assert!(told.contains("dave") && told.contains("dune"), "{told}");
    let told = town.ok("conex decline dave dune; commit declined");
    assert!(told.contains("declines the author `dave`"), "{told}");
    assert!(told.contains("declines the claim of `dune`"), "{told}");
    let told = town.ok("by ja conex approve --dry-run; conex status");
    assert!(told.contains("Nothing to do"), "{told}");
    assert!(told.contains("to do       nothing waits"), "{told}");
    // Whoever lets unsigned packages through bears each of the steps.
    town.ok(
        "for c in day-one main~1 main; do git checkout -q $c
        conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2; done; git checkout -q main",
    );
    town.ok("conex check HEAD~1..HEAD");
    town.fails("conex decline dave", "nothing that could be declined waits");
    // The name is not spoilt for those who want it later.
    town.ok("by ja conex owner add bob dune; by bob conex sign --yes
        for j in ja jb; do by $j conex approve --yes; done; commit bob");
    town.accepted("main");
    client.update("main");
}

/// A link that nobody completes holds up every other one.
#[test]
fn a_link_that_nobody_completes() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    town.ok("git checkout -qb request; by ja conex janitor add \"jd=$KEYS/jd.pub\"; by ja conex approve --yes; commit link");
    town.fails("by jb conex janitor quorum 3", "still lacks signatures");
    let told = town.ok("conex decline link; commit declined");
    assert!(told.contains("removes link 1"), "{told}");
    town.ok("by jb conex janitor quorum 3; for j in ja jb jc; do by $j conex approve --yes; done; commit quorum");
    town.accepted("request");
    client.update("request");
    town.fails("conex decline link", "a complete link stays for ever");
}

/// What a quorum approved is not declined.
#[test]
fn what_counts_is_not_declined() {
    let town = Town::new();
    for name in ["alice", "web", "fmt", "ja", "nobody", "notaries"] {
        town.fails(
            &format!("conex decline {name}"),
            "nothing that could be declined waits",
        );
    }
    // Nor a change of it that waits: the command that made it is the way back.
    town.ok("by ja conex owner add carol fmt");
    town.fails("conex decline fmt", "`conex owner remove ID PACKAGE`");
    town.ok("git diff --quiet -- packages/.conex");
}

/// Janitors leave a package to the quorum: a first authorisation without owners is one that
/// counts as declined, and whoever names it takes it.
#[test]
fn a_package_that_is_left_to_the_quorum() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    let told = town.ok("release dune.1.0; by ja conex owner remove alice dune");
    assert!(told.contains("conex approve dune"), "{told}");
    let told = town.ok("by ja conex approve --yes; conex status; conex status dune");
    assert!(told.contains("Nothing to do"), "{told}");
    assert!(told.contains("declined    dune"), "{told}");
    assert!(told.contains("its first claim was declined"), "{told}");
    let told = town.ok("conex status --format=json");
    assert!(told.contains("\"declined\":[\"dune\"]"), "{told}");
    let told = town.ok("for j in ja jb; do by $j conex approve dune --yes; done");
    assert!(
        told.contains("nobody owns dune: a quorum signs for it"),
        "{told}"
    );
    town.ok("by ja conex sign --yes; for j in ja jb; do by $j conex approve --yes; done; commit dune; conex check HEAD~1..HEAD --strict --complete");
    assert!(!town.ok("conex status").contains("declined"));
    town.accepted("main");
    client.update("main");
}

/// A janitor changes their mind about an id that was declined: it is an author without keys.
#[test]
fn a_declined_id_is_taken_by_its_name() {
    let town = Town::new();
    town.ok("by dave conex join dave; commit dave; conex decline dave; commit declined");
    let told = town.ok("by ja conex approve --dry-run; by ja conex approve dave --dry-run");
    assert!(told.contains("Nothing to do"), "{told}");
    assert!(told.contains("`dave` has no key"), "{told}");
}

/// `conex join Dave`, mistyped, could not be undone by anything that is said.
#[test]
fn a_mistyped_id_is_taken_back() {
    let town = Town::new();
    town.ok("by dave conex join Dave --key $PEOPLE/dave/keys/dave");
    town.fails(
        "by dave conex join dave",
        "one that you mistyped, and that is not published: `conex decline ID`",
    );
    let told = town.ok("conex decline Dave");
    assert!(
        told.contains("takes `Dave` back, who is not published"),
        "{told}"
    );
    town.ok("test -z \"$(git status --porcelain)\"; by dave conex join dave");
    // Another typo, which was committed in a branch already.
    let town = Town::new();
    town.ok("git checkout -qb request; by dave conex join davve --key $PEOPLE/dave/keys/dave; commit joined");
    town.fails("by dave conex join dave", "conex decline davve");
    town.ok(
        "conex decline davve; by dave conex join dave; commit mended; conex check main..request",
    );
}
