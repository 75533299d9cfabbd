//! Who is who: `conex status` of one person, of a package, of everybody; and what waits.

use super::epochs::at_epoch;
use crate::town::Town;

/// Who is `alice`, what does she own, in which teams is she?
#[test]
fn a_person_is_described() {
    let town = Town::new();
    let told = town.ok("conex status alice");
    for line in [
        "alice: an author, as it is since 20",
        "  key: blake2b=",
        "  in teams: web",
        "  owns: fmt, lwt",
        "  owns through the team web: cohttp",
    ] {
        assert!(told.lines().any(|l| l.starts_with(line)), "{line}: {told}");
    }
    assert!(!told.contains("nothing is signed"), "{told}");
    let told = town.ok("conex status web");
    assert!(told.contains("web: a team"), "{told}");
    assert!(told.contains("  members: alice, carol"), "{told}");
    let told = town.ok("conex status ja");
    assert!(told.contains("ja: a janitor since link 0"), "{told}");
    town.fails("conex status alcie", "did you mean `alice`?");
    town.fails("conex status nobody-of-this-name", "there is no package");
}

/// A janitor who left is known as one, and somebody who waits as one who waits.
#[test]
fn past_and_future_are_told_apart() {
    let town = Town::new();
    town.ok("by ja conex janitor remove jc; for j in ja jb; do by $j conex approve --yes; done; commit without-jc
        by dave conex join dave --account github:dave; commit dave");
    let told = town.ok("conex status jc dave");
    assert!(told.contains("jc: a janitor once, in link 0"), "{told}");
    assert!(
        told.contains("dave: an author whose file waits: 0 of 2 janitors approve it"),
        "{told}"
    );
    assert!(told.contains("  says to be: github:dave"), "{told}");
    assert!(
        told.contains("  if approved: `dave` becomes an author"),
        "{told}"
    );
    let told = town.ok("conex revoke alice; conex status alice");
    assert!(told.contains("alice: an author whose file waits"), "{told}");
    assert!(
        told.contains("  if approved: !! `alice` is revoked: no key is left"),
        "{told}"
    );
}

/// What waits is shown as `approve` shows it, and what waited longest comes with both ways out.
#[test]
fn status_names_what_waits_longest_and_what_it_changes() {
    let town = Town::new();
    town.ok(
        "by dave conex join dave; export GIT_COMMITTER_DATE='2020-02-02T00:00:00Z'; commit dave",
    );
    town.ok("by ja conex owner add erin fmt 2> /dev/null || by ja conex owner add carol fmt --instead-of alice; commit taken");
    let told = town.ok("conex status");
    assert!(
        told.contains("changes     !! `fmt` is taken from `alice`, and goes to `carol`"),
        "{told}"
    );
    assert!(
        told.contains("longest     the author `dave` waits since 2020-02-02, "),
        "{told}"
    );
    assert!(
        told.contains("`conex approve dave`; if nobody wants it: `conex decline dave`"),
        "{told}"
    );
    let json = town.ok("conex status --format=json");
    assert!(json.contains("`fmt` is taken from `alice`"), "{json}");
    assert!(json.contains("\"since\":1580601600"), "{json}");
    // Both are typed.
    town.ok(
        "conex decline dave; for j in ja jb; do by $j conex approve fmt --yes; done; commit done",
    );
    let told = town.ok("conex status");
    assert!(!told.contains("longest"), "{told}");
}

/// Everybody and all owners, for people and for programs.
#[test]
fn all_names_everybody_and_every_owner() {
    let town = Town::new();
    let told = town.ok("conex status --all");
    assert!(told.contains("limits      1 % of the "), "{told}");
    for line in [
        "  alice: an author, owns 3 packages",
        "  jb: a janitor since link 0",
        "  web: a team, owns 1 package",
        "  cohttp: signed and valid, of web",
    ] {
        assert!(told.lines().any(|l| l == line), "{line}: {told}");
    }
    let json = town.ok("conex status --format=json | tr -d ' \\n'");
    assert!(
        json.contains("\"owners\":{\"cohttp\":[\"web\"],\"fmt\":[\"alice\"]"),
        "{json}"
    );
    assert!(
        json.contains("\"id\":\"alice\",\"kind\":\"author\",\"valid\":true"),
        "{json}"
    );
    assert!(
        json.contains("\"owns_through\":{\"web\":[\"cohttp\"]}"),
        "{json}"
    );
}

/// Whoever installs a signed package takes its unsigned dependencies in as well.
#[test]
fn signed_packages_that_depend_on_unsigned_ones_are_counted() {
    let town = Town::new();
    town.ok("release dune.1.0; release re.1.0; printf 'depends: [\"dune\" {>= \"1\"} \"ocaml\"]\\n' >> packages/fmt/fmt.1.1/opam
        by alice conex sign --yes; commit depends");
    let told = town.ok("conex status");
    assert!(
        told.contains("depends     1 signed package depends on unsigned ones: fmt"),
        "{told}"
    );
    let json = town.ok("conex status --format=json | tr -d ' \\n'");
    assert!(
        json.contains("\"depends_on_unsigned\":{\"fmt\":[\"dune\"]}"),
        "{json}"
    );
}

/// `status` said that nothing is to do where the snapshot was stale and every client refused.
#[test]
fn a_stale_snapshot_is_something_to_do() {
    let town = Town::new();
    town.ok(
        "by ja conex team add notaries ja; for j in ja jb; do by $j conex approve --yes; done
        by ja conex janitor snapshot required; for j in ja jb; do by $j conex approve --yes; done
        by ja conex snapshot --yes; commit snapshot; release dune.1.0; commit dune",
    );
    let told = town.ok("conex status");
    assert!(!told.contains("nothing waits"), "{told}");
    assert!(
        told.contains("a notary, when all else is done: `conex snapshot`"),
        "{told}"
    );
    assert!(told.contains("notary: ja"), "{told}");
    town.ok("by ja conex snapshot --yes; commit anew");
    let told = town.ok("conex status");
    assert!(told.contains("to do       nothing waits"), "{told}");
}

/// What no approval takes is not among what janitors are asked for, and the reason is said.
#[test]
fn what_is_left_out_waits_for_nobody() {
    let town = Town::new();
    at_epoch(&town, "packages/fmt/authorisation", 5);
    let told = town.ok("conex status");
    assert!(!told.contains("1 authorisation: fmt"), "{told}");
    assert!(
        told.contains("left out    the authorisation `fmt` is left out: it is of epoch 5"),
        "{told}"
    );
}
