//! T7: whoever writes or signs a change is shown what it takes from whom, whatever the verb.

use crate::town::Town;

/// `sign` said `signs fmt (2 releases)` of one new release and one that somebody else had edited.
#[test]
fn an_edit_of_somebody_else_is_named_before_the_author_signs() {
    let town = Town::new();
    town.ok("edit fmt.1.1 Stranger; commit somebody-else; release fmt.2.0");
    let told = town.ok("by alice conex sign --yes");
    assert!(
        told.contains("! the release fmt.1.1, which was signed: opam changes"),
        "{told}"
    );
    assert!(told.contains("the release fmt.2.0 becomes valid"), "{told}");
}

/// With `--diff` the author sees which bytes.
#[test]
fn the_author_sees_the_bytes_of_an_edit() {
    let town = Town::new();
    town.ok("edit fmt.1.1 Stranger; commit somebody-else");
    let told = town.ok("by alice conex sign --diff --dry-run");
    assert!(told.contains("-synopsis: \"fmt.1.1\""), "{told}");
    assert!(told.contains("+synopsis: \"Stranger\""), "{told}");
    let told = town.ok("by alice conex sign --diff --yes --detached $TMPDIR/out");
    assert!(told.contains("+synopsis: \"Stranger\""), "{told}");
    assert!(
        told.contains("! the release fmt.1.1, which was signed: opam changes"),
        "{told}"
    );
}

/// A release that is gone from the tree is a loss, also for the one who removed the directory.
#[test]
fn a_removed_release_is_named_before_the_author_signs() {
    let town = Town::new();
    let told = town.ok("rm -r packages/fmt/fmt.1.0; by alice conex sign --yes");
    assert!(told.contains("!! removed: fmt.1.0"), "{told}");
}

/// What an author only proposes is told from what the signature does.
#[test]
fn a_proposal_is_said_to_be_one() {
    let town = Town::new();
    let told = town.ok("release dune.1.0; by bob conex sign dune --yes");
    assert!(
        told.contains("proposed: `bob` gets `dune`, which nobody owned, with 1 release"),
        "{told}"
    );
    assert!(
        told.contains("the release dune.1.0 becomes valid"),
        "{told}"
    );
}

/// The verbs that write and sign nothing say the same as the approval that follows.
#[test]
fn verbs_that_write_say_who_loses_what() {
    let town = Town::new();
    let cases = [
        (
            "conex owner add dave fmt --instead-of alice",
            "!! `fmt` is taken from `alice`, and goes to `dave`",
        ),
        (
            "conex owner add bob lwt",
            "! `lwt` is shared with `bob`; `alice` stays",
        ),
        (
            "conex owner remove bob logs",
            "!! `logs` is taken from `bob`, and goes to nobody",
        ),
        (
            "conex team add web bob",
            "! into the team `web`, which owns 1 package: bob",
        ),
        (
            "conex team remove web carol",
            "!! out of the team `web`, which owns 1 package: carol",
        ),
        (
            "conex janitor remove jc --quorum 1",
            "!! link 1: the quorum falls from 2 to 1 of 2 janitors",
        ),
        (
            "conex janitor remove jc",
            "!! link 1: `jc` is no janitor any more",
        ),
        (
            "conex janitor snapshot required",
            "! link 1: a snapshot is required from now on, which cannot be taken back",
        ),
        (
            "conex revoke alice",
            "!! `alice` is revoked: no key is left",
        ),
        (
            "conex epoch fmt",
            "!! epoch 1 of the releases `fmt` is opened: all before it is void",
        ),
        (
            "conex epoch --owners fmt",
            "!! epoch 1 of the authorisation `fmt` is opened: all before it is void",
        ),
    ];
    town.ok("by dave conex join dave; for j in ja jb; do by $j conex approve --yes; done; conex team add notaries ja
        for j in ja jb; do by $j conex approve --yes; done; commit before");
    for (command, line) in cases {
        for dry in [" --dry-run", ""] {
            let told = town.ok(&format!("{command}{dry}"));
            assert!(
                told.lines().any(|l| l.trim().starts_with(line)),
                "{command}{dry}: {told}"
            );
        }
        let told = town.ok("by ja conex approve --dry-run; git checkout -q .; git clean -qfd");
        assert!(
            told.lines().any(|l| l.trim().starts_with(line)),
            "approve after {command}: {told}"
        );
    }
}

/// A new key is a change of what was approved, for the author as for the janitor.
#[test]
fn another_key_is_named_before_the_author_signs() {
    let town = Town::new();
    let told = town.ok("by alice conex rotate --as alice --no-passphrase --yes");
    assert!(
        told.contains("!! `alice` gets another key: blake2b="),
        "{told}"
    );
    let told = town.ok("by dave conex join dave --account github:dave");
    assert!(
        told.contains("`dave` becomes an author, and says to be github:dave"),
        "{told}"
    );
}

/// A version that replaces others names what it replaces.
#[test]
fn a_superseding_version_is_shown_as_a_change() {
    let town = Town::new();
    let told = town.ok("by alice conex supersede fmt.1.1 --above 0.4 --yes");
    assert!(
        told.contains("1 release of `fmt` stays as it is, in another version"),
        "{told}"
    );
}

/// 30 new packages: eight are named; with `--all` each of them.
#[test]
fn all_names_everything() {
    let town = Town::new();
    town.ok("for n in $(seq 10 39); do release p$n.1; done; conex owner add bob --unclaimed; by bob conex sign --yes");
    let told = town.ok("by ja conex approve --dry-run");
    assert!(told.contains("and 22 more"), "{told}");
    assert!(!told.contains("p35"), "{told}");
    let told = town.ok("by ja conex approve --dry-run --all");
    assert!(told.contains("p35"), "{told}");
}

/// Attack: a branch deletes the approvals of before, so that a takeover reads like a first claim. What
/// counts is what the published branch says.
#[test]
fn a_takeover_is_no_first_claim_where_the_approvals_of_before_are_deleted() {
    let town = Town::new();
    town.ok("git checkout -qb request; conex owner add mallory fmt 2> /dev/null || conex owner add carol fmt --instead-of alice
        grep -l 'authorisation' -r packages/.conex/index | xargs rm; commit request");
    let told = town.ok("by ja conex approve --dry-run");
    assert!(
        told.contains("!! `fmt` is taken from `alice`, and goes to `carol`"),
        "{told}"
    );
    assert!(!told.contains("gets `fmt`, which nobody owned"), "{told}");
}

/// Attack: the branch has a chain of its own, so that nothing of what counts can be compared with.
#[test]
fn a_branch_with_another_chain_of_janitors_is_marked() {
    let town = Town::new();
    town.ok("git checkout -qb request; git rm -rq packages/.conex/janitors packages/.conex/index
        conex init --name town --quorum 1 --snapshot optional --janitor ja=$KEYS/ja.pub --janitor jd=$KEYS/jd.pub; commit other");
    let told = town.ok("by ja conex approve --dry-run");
    let line = "!! the chain of janitors here does not continue that of the published branch";
    let first = told.lines().nth(1).unwrap_or_default();
    assert!(first.trim().starts_with(line), "{told}");
}
