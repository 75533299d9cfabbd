//! What is signed in a branch that is never merged stays signed: `conex supersede`.

use crate::town::Town;

/// alice signs a release in a branch that is closed:
///
/// ```text
/// main ──────────────── supersede ── …
///        └── closed: fmt.2.0
/// ```
fn closed() -> Town {
    let town = Town::new();
    town.ok(
        "git checkout -qb closed; release fmt.2.0; by alice conex sign --yes; commit closed
        git checkout -q main",
    );
    town.accepted("closed");
    town
}

/// Served later, what was superseded is refused by whoever has the state that supersedes it;
/// and the release can come, signed anew.
#[test]
fn a_closed_branch_that_is_served_later_is_refused() {
    let town = closed();
    let client = town.client("every");
    client.update("day-one");
    let told = town.ok("conex status; by alice conex status");
    assert!(
        told.contains("elsewhere   `alice` signed what is not here: the releases `fmt` at epoch 0 counter 2, the checksum `fmt.2.0`"),
        "{told}"
    );
    let told = town.ok("by alice conex supersede fmt.2.0 --yes; commit superseded");
    assert!(told.contains("raises the floor"), "{told}");
    let told = town.ok("by alice conex status");
    assert!(!told.contains("elsewhere"), "{told}");
    town.accepted("main");
    client.update("main");
    client.refuses("closed", "E0");
    // Its release, put beside what is published, with the signatures of both.
    town.ok(
        "git checkout -qb served; git checkout -q closed -- packages/fmt packages/.conex/index
        commit served; git checkout -q main",
    );
    client.refuses("served", "E023");
    town.ok("release fmt.2.0; by alice conex sign --yes; commit again");
    town.accepted("main");
    client.update("main");
    town.update_accepted("day-one", "main");
}

/// On another machine there is no log: where it was signed has to be said.
#[test]
fn without_any_source_it_refuses() {
    let town = closed();
    town.ok("rm -r $PEOPLE/alice/log");
    town.fails(
        "by alice conex supersede fmt.2.0 --yes",
        "nothing is known that the checksum `fmt.2.0` is to be above",
    );
    town.fails(
        "by alice conex supersede fmt.2.0 --of nowhere --yes",
        "nowhere",
    );
    town.fails(
        "by alice conex supersede fmt.2.0 --above 7 --yes",
        "EPOCH.COUNTER",
    );
    town.fails(
        "by alice conex supersede fnt --above 0.7 --yes",
        "did you mean `fmt`",
    );
    for source in ["--of closed", "--above 0.1"] {
        let told = town.ok(&format!(
            "by alice conex supersede fmt.2.0 {source} --dry-run"
        ));
        assert!(
            told.contains("raises the floor of the releases `fmt` from 0 to 1"),
            "{told}"
        );
    }
}

/// Two releases of one package, and a list: one list for both.
#[test]
fn several_releases_at_once() {
    let town = closed();
    let client = town.client("every");
    town.ok("git checkout -q closed; release fmt.3.0; by alice conex sign --yes; commit three; git checkout -q main");
    town.ok("by alice conex supersede fmt.2.0 fmt.3.0 --yes; commit superseded");
    client.update("main");
    client.refuses("closed", "E0");
    town.fails(
        "by alice conex supersede fmt fmt.4.0 --above 0.9 --yes",
        "name the release alone",
    );
    // A release that is there gets a version above.
    let told = town.ok("by alice conex supersede fmt.1.0 --above 0.9 --yes; commit above");
    assert!(told.contains("with epoch 0 counter 10"), "{told}");
    client.update("main");
    let told = town.ok("by alice conex supersede fmt.1.0 --above 0.9 --yes");
    assert!(told.contains("above epoch 0 counter 9 already"), "{told}");
    assert!(told.contains("Nothing to do"), "{told}");
}

/// Whoever pushes a counter is answered with an epoch.
#[test]
fn further_ahead_than_a_thousand_it_says_epoch() {
    let town = closed();
    town.fails(
        "by alice conex supersede fmt.2.0 --above 0.1001 --yes",
        "conex epoch fmt",
    );
    town.fails(
        "by alice conex supersede fmt --above 0.1002 --yes",
        "conex epoch fmt",
    );
    town.fails(
        "by alice conex supersede fmt --above 1.1 --yes",
        "conex epoch fmt",
    );
    town.ok("by alice conex supersede fmt --above 0.1001 --yes; commit ahead");
    town.accepted("main");
    town.update_accepted("day-one", "main");
}

/// Whose signature would count for nothing gives none.
#[test]
fn who_cannot_sign_for_it_is_told() {
    let town = closed();
    for resource in [
        "fmt.2.0",
        "fmt",
        "authorisation:fmt",
        "repo",
        "author:alice",
    ] {
        town.fails(
            &format!("by bob conex supersede {resource} --above 0.5 --yes"),
            "`bob` cannot sign",
        );
    }
}

/// A quorum approved something in a branch that is closed. Another quorum's version above it
/// is in force then.
#[test]
fn an_approval_in_a_closed_branch() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    town.ok(
        "git checkout -qb closed; by ja conex owner add carol fmt; by dave conex join dave
        for j in ja jb; do by $j conex approve --yes; done; commit closed; git checkout -q main",
    );
    let told = town.ok(
        "by ja conex supersede authorisation:fmt author:dave --of closed --yes
        by jb conex approve --yes; commit superseded",
    );
    assert!(
        told.contains("writes an author `dave` without keys"),
        "{told}"
    );
    town.accepted("main");
    client.update("main");
    client.refuses("closed", "E0");
    town.ok(
        "git checkout -qb served; git checkout -q closed -- packages/fmt packages/.conex/index packages/.conex/ids
        commit served; git checkout -q main",
    );
    client.refuses("served", "E023");
    let told = town.ok("conex status fmt");
    assert!(told.contains("owners: alice\n"), "{told}");
}
