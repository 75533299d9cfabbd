//! What janitors sign in branches of their own: approvals of the same thing, and links.

use crate::town::Town;

/// Two janitors approve one pull request, each in a branch, and the branches are merged
/// into it in both orders: no conflict, and nobody's approval is missing.
#[test]
fn two_janitors_approve_the_same_in_two_branches() {
    for (first, second) in [("ja", "jb"), ("jb", "ja")] {
        let town = Town::new();
        town.ok(
            "git checkout -qb request main; by dave conex join dave; release dune.1.0
            by dave conex sign dune --yes; edit logs.1.0 Better; by dave conex sign --yes; commit request
            for j in ja jb; do git checkout -qb by-$j request; by $j conex approve --yes; commit $j; done",
        );
        town.fails(
            "conex verify --dir . --anchors \"$ANCHORS\" --quorum 2",
            "waits for 1 more janitor",
        );
        town.ok(&format!(
            "git checkout -q request; git merge -q --no-edit by-{first}; git merge -q --no-edit by-{second}
            git checkout -q main; git merge -q --no-ff --no-edit request"
        ));
        town.accepted("main");
        town.update_accepted("day-one", "main");
    }
}

/// A new janitor: three people sign one link, each in a branch. Lines beside each other
/// conflict in git; `approve` joins what both sides have, and signs with the rest.
#[test]
fn signatures_under_one_link_are_joined() {
    for order in [["ja", "jb", "jd"], ["jd", "jb", "ja"], ["jb", "jd", "ja"]] {
        let town = Town::new();
        town.ok(
            "git checkout -qb request main; by ja conex janitor add \"jd=$KEYS/jd.pub\"; commit link
            for j in ja jb jd; do git checkout -qb by-$j request; by $j conex approve --yes; commit $j; done
            git checkout -q request",
        );
        let mut conflicts = 0;
        for who in order {
            if town
                .run(&format!("git merge -q --no-edit by-{who}"))
                .status
                .success()
            {
                continue;
            }
            conflicts += 1;
            let told = town.ok(&format!("by {who} conex approve --yes; commit merged"));
            assert!(told.contains("joins the signatures"), "{told}");
        }
        assert!(conflicts > 0, "nothing was joined");
        town.accepted("request");
        town.update_accepted("main", "request");
        let told = town.ok("for j in ja jb jc jd; do by $j conex approve --dry-run; done");
        assert!(!told.contains("joins"), "{told}");
    }
}

/// A signature that fails is nobody's: joining does not take it in.
#[test]
fn a_signature_that_fails_is_not_joined() {
    let town = Town::new();
    town.ok(
        "git checkout -qb request main; by ja conex janitor add \"jd=$KEYS/jd.pub\"; commit link
        for j in ja jb; do git checkout -qb by-$j request; by $j conex approve --yes; commit $j; done
        sed -i 's/\\(^  *\\[\"blake2b=[0-9a-f]*\" \"\\)..../\\1AAAA/' packages/.conex/janitors/1; commit forged
        git checkout -q by-ja",
    );
    town.fails("git merge -q --no-edit by-jb", "CONFLICT");
    town.ok("by jc conex approve --yes; by jd conex approve --yes; commit merged");
    town.accepted("by-ja");
}

/// Two branches start the same link in two ways: there is one chain, so one of them is
/// started again, after the other.
#[test]
fn two_links_of_one_number() {
    let town = Town::new();
    let approve = "for j in ja jb jc; do by $j conex approve --yes; done";
    town.ok(&format!(
        "git checkout -qb one main; by ja conex janitor add \"jd=$KEYS/jd.pub\"; by jd conex approve --yes; {approve}; commit one
        git checkout -qb two main; by ja conex janitor quorum 3; {approve}; commit two
        git checkout -q one"
    ));
    town.fails("git merge -q --no-edit two", "CONFLICT");
    town.fails(
        "by ja conex approve --yes",
        "git checkout --ours packages/.conex/janitors/1",
    );
    town.ok(&format!(
        "git checkout -q --ours packages/.conex/janitors/1; by ja conex janitor quorum 3; {approve}; commit merged"
    ));
    town.accepted("one");
    town.update_accepted("main", "one");
}

/// A request that has one approval is put on top of what was published meanwhile: the
/// approval stays, and the other one is enough.
#[test]
fn an_approval_survives_a_rebase() {
    let town = Town::new();
    town.ok(
        "git checkout -qb request; edit logs.1.0 Better; by carol conex sign --yes; commit edit
        by ja conex approve --yes; commit ja
        git checkout -q main; edit fmt.1.0 Mended; by alice conex sign --yes; commit fmt
        git checkout -q request; git rebase -q main; by jb conex approve --yes; commit jb",
    );
    town.accepted("request");
    town.update_accepted("main", "request");
}

/// What was approved changed meanwhile: the approvals are for other bytes. Everybody is
/// told that they are needed again.
#[test]
fn an_approval_of_what_changed_meanwhile_is_void() {
    let town = Town::new();
    town.ok(
        "git checkout -qb request; edit logs.1.0 Better; by carol conex sign --yes
        for j in ja jb; do by $j conex approve --yes; done; commit approved
        git checkout -q main; edit_end logs.1.0 Owner; by bob conex sign --yes; commit owner
        git checkout -q request",
    );
    town.fails("git merge -q --no-edit main", "CONFLICT");
    let told = town.ok("by carol conex sign --yes; commit merged; conex status");
    assert!(told.contains("waits"), "{told}");
    town.fails("conex check main..request", "logs.1.0");
    town.ok("for j in jb jc; do by $j conex approve --yes; done; commit again; conex check main..request --strict --complete");
    town.accepted("request");
    town.update_accepted("main", "request");
}
