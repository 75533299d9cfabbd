//! What people are told: words and numbers by which they decide whom to ask.

use conex_verify::finding::{Cause, Code};
use conex_verify::format::key::Namespace;
use conex_verify::format::resource::{Kind, ResourceId, Segment, Timestamp, TopFile};
use conex_verify::hint::UPGRADE_LAYOUT;

use crate::world::*;

const CLAIMS: &str = "packages/.conex/claims";

/// V2.3, V4.1: Of everybody whose approval does not count it is told why: `jc` has left, `carl`
/// waits, `dan` has the key of `jb`, `eve` is nobody, and the segment of `bob` is forged.
#[test]
fn why_an_approval_does_not_count_is_told_for_each_who_gave_one() {
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    let entry = w.claims_file(at(0, 1), &["fmt"]);
    w.says("ja", vec![entry.clone()]);
    w.says("jc", vec![entry.clone()]);
    let carl = w.author_file("carl", at(0, 1), &["carl"]);
    w.says("carl", vec![carl, entry.clone()]);
    w.says_with("dan", "jb", vec![entry.clone()]);
    w.says("eve", vec![entry.clone()]);
    let forged = Segment {
        repository: w.identity(),
        id: id("bob"),
        created: Timestamp::unknown(),
        entries: vec![entry],
    };
    let signature = private("eve").sign(Namespace::Index, &forged.signed_bytes());
    let (path, bytes) = sealed(forged, fingerprint("bob"), signature);
    w.file(&path, bytes);
    let verdict = w.verdict();
    verdict
        .is_rejected(Code::BadSignature, &path)
        .reports(Code::Quorum, CLAIMS);
    let told = verdict.findings.iter().find(|f| f.path == CLAIMS).unwrap();
    assert_eq!(
        told.message,
        "the list of claims waits for 1 more janitor",
        "{}",
        verdict.text()
    );
    let values = |of: &str| {
        let values = told.values.iter().filter(|(label, _)| *label == of);
        values
            .map(|(_, value)| value.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(values("approvals"), ["1 of 2"]);
    assert_eq!(values("counted"), ["ja"]);
    assert_eq!(
        values("not"),
        [
            "bob: the signature does not verify",
            "carl: the author's file is not valid yet",
            "dan: signed with the key of somebody else",
            "eve: signed with a key that is not valid for this id",
            "jc: signed with the key of a former janitor",
        ]
    );
}

/// V5.3: Under a valid snapshot what is missing is the list of claims, and nobody has to sign
/// `lwt`. Without one, or for those who let nothing through, that `lwt` is not signed is all.
#[test]
fn the_list_of_claims_is_the_cause_where_a_snapshot_covers_all_else() {
    let mut w = covered();
    w.remove(CLAIMS);
    w.stated("bob", at(0, 2));
    let cause = |w: &World| {
        let verdict = w.verdict();
        verdict.is_rejected(Code::Unclaimed, "packages/lwt");
        let mut findings = verdict.findings.into_iter();
        findings
            .find(|f| f.code == Code::Unclaimed)
            .and_then(|f| f.cause)
    };
    let claims = Cause::Standing(ResourceId::claims());
    assert_eq!(cause(&w), Some(claims));
    assert_eq!(cause(&w.clone().in_mode(MODES[0])), None);
    w.remove(SNAPSHOT);
    assert_eq!(cause(&w), None);
}

/// The cause of the error about a path.
fn cause(w: &World, path: &str) -> Option<Cause> {
    let verdict = w.verdict();
    let found = verdict.findings.iter().find(|f| f.path == path);
    let finding = found.unwrap_or_else(|| panic!("nothing about {path}:\n{}", verdict.text()));
    finding.cause.clone()
}

const LWT: &str = "packages/lwt/releases";

/// `lwt` is in the list of claims, and has a release that nobody signed.
fn claimed_only() -> World {
    let mut w = World::usual();
    w.claimed(at(0, 1), &["fmt", "lwt"]);
    w.file(&opam_path("lwt.1.0"), OPAM);
    w
}

/// V6.3, V6.4: What nobody ever signed waits for the owners, once there are some.
#[test]
fn what_was_never_signed_waits_for_the_owners_in_force() {
    let mut w = claimed_only();
    assert_eq!(cause(&w, LWT), None);
    let proposed = w.authorisation("lwt", at(0, 1), &["bob"]);
    w.says("ja", vec![proposed.clone()]);
    assert_eq!(cause(&w, LWT), None);
    w.says("jb", vec![proposed]);
    let owners = [id("bob")].into_iter().collect();
    assert_eq!(cause(&w, LWT), Some(Cause::sign(&owners)));
    let nobody = w.authorisation("lwt", at(0, 2), &[]);
    w.quorum_says(vec![nobody]);
    assert_eq!(cause(&w, LWT), None);
}

/// V4.2: What somebody signed who is to be an owner waits for the one file that makes them one:
/// the authorisation, the author, or the team.
#[test]
fn what_an_owner_to_be_signed_waits_for_what_makes_them_one() {
    let waits_for = |w: &World, kind: Kind, name: &str| {
        let expected = match kind {
            Kind::Author | Kind::Team => Cause::Id(id(name)),
            _ => Cause::Standing(resource(kind, name)),
        };
        assert_eq!(cause(w, LWT), Some(expected), "{name}");
    };
    // The authorisation waits, and `bob` is an author.
    let mut w = claimed_only();
    let proposed = w.authorisation("lwt", at(0, 1), &["bob"]);
    w.says("ja", vec![proposed]);
    w.released("lwt.1.0", "bob");
    waits_for(&w, Kind::Authorisation, "lwt");
    // Somebody whom it does not name is no reason, whatever waits.
    let mut other = w.clone();
    other.authorisation("lwt", at(0, 1), &["eve"]);
    assert_eq!(cause(&other, LWT), None);
    // The owner waits.
    let mut w = claimed_only();
    w.owned("lwt", &["bob", "eve"]);
    let eve = w.author_file("eve", at(0, 1), &["eve"]);
    w.says("eve", vec![eve.clone()]);
    w.released("lwt.1.0", "eve");
    waits_for(&w, Kind::Author, "eve");
    // She signed another version than the one that is there.
    let mut other = w.clone();
    other.release_list_above("lwt", at(0, 2), 1);
    assert_eq!(cause(&other, LWT), None);
    // The team waits, of which `bob` is a member.
    let mut w = claimed_only();
    w.owned("lwt", &["crew"]);
    w.team_file("crew", at(0, 1), &["bob"]);
    w.released("lwt.1.0", "bob");
    waits_for(&w, Kind::Team, "crew");
    let mut other = w.clone();
    other.release_list_above("lwt", at(0, 2), 1);
    assert_eq!(cause(&other, LWT), None);
    // The team is there, and its member waits.
    let mut w = claimed_only();
    w.teamed("crew", &["eve"]);
    w.owned("lwt", &["crew"]);
    w.says("eve", vec![eve]);
    w.author_file("eve", at(0, 1), &["eve"]);
    w.released("lwt.1.0", "eve");
    waits_for(&w, Kind::Author, "eve");
}

/// V6.2: Of a package that nobody claims it is told how many janitors approved its owners.
#[test]
fn of_a_package_that_is_not_claimed_the_approvals_are_told() {
    let mut w = World::usual();
    w.file(&opam_path("lwt.1.0"), OPAM);
    let proposed = w.authorisation("lwt", at(0, 1), &["bob"]);
    w.says("ja", vec![proposed]);
    let verdict = w.verdict();
    verdict.is_rejected(Code::Unclaimed, "packages/lwt");
    let text = verdict.text();
    assert!(text.contains("approvals: 1 of 2"), "{text}");
}

/// V6.5: Of a changed or missing file the line of the checksum is shown in which it stands.
#[test]
fn the_line_of_the_checksum_is_shown_that_a_file_is_not_like() {
    let mut w = World::usual();
    w.file("packages/fmt/fmt.1.0/files/a.patch", "a\n");
    let again = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![again]);
    w.verdict().is_clean();
    w.file("packages/fmt/fmt.1.0/files/a.patch", "b\n");
    w.remove(&opam_path("fmt.1.0"));
    let verdict = w.verdict();
    verdict.is_rejected(Code::Digest, "files/a.patch");
    let shown = verdict.findings.iter().filter_map(|f| {
        let excerpt = f.excerpt.as_ref()?;
        assert_eq!(excerpt.path, checksum_path("fmt.1.0"));
        let line = excerpt.text.get(excerpt.mark.clone()).unwrap();
        Some((f.code, line.to_owned(), excerpt.column))
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            (Code::Digest, "\"files/a.patch\"".to_owned(), 4),
            (Code::MissingFile, "\"opam\"".to_owned(), 4),
        ]
    );
}

/// V7.3: A file of opam 1.2 that nobody signed must not just go, and any other one is signed.
#[test]
fn a_file_of_an_older_opam_is_called_one() {
    let mut w = World::usual();
    for file in ["url", "descr", "files/x"] {
        w.file(&format!("packages/fmt/fmt.1.0/{file}"), "x\n");
    }
    let verdict = w.verdict();
    let extra = verdict
        .findings
        .iter()
        .filter(|f| f.code == Code::ExtraFile);
    let extra: Vec<_> = extra
        .map(|f| (f.path.rsplit('/').next().unwrap(), f.hint == UPGRADE_LAYOUT))
        .collect();
    assert_eq!(extra, [("descr", true), ("x", false), ("url", true)]);
}

/// V8.3, V8.5: What somebody proposed of the top-level files waits for the janitors, and what
/// nobody proposed has no other cause.
#[test]
fn what_is_proposed_of_the_top_level_files_waits_for_the_janitors() {
    let mut w = World::usual();
    w.file(".gitattributes", "* -text\n");
    w.file("repo", "opam-version: \"2.0\"\nannounce: \"welcome\"\n");
    let causes = |w: &World| [".gitattributes", "repo"].map(|path| cause(w, path));
    assert_eq!(causes(&w), [None, None]);
    w.repo_file(
        at(0, 1),
        &[("announce", "\"welcome\"")],
        &[TopFile::Gitattributes],
    );
    let waits = Some(Cause::Standing(ResourceId::repo()));
    assert_eq!(causes(&w), [waits.clone(), waits]);
    w.repo_file(at(0, 1), &[("announce", "\"bye\"")], &[]);
    assert_eq!(causes(&w), [None, None]);
}

/// V4.6: Where nobody's approval counts no list of those is shown that do.
#[test]
fn of_what_nobody_approved_nobody_is_named() {
    let mut w = World::usual();
    w.claims_file(at(0, 1), &["fmt"]);
    let verdict = w.verdict();
    verdict.reports(Code::Quorum, CLAIMS);
    let told = verdict.findings.iter().find(|f| f.path == CLAIMS).unwrap();
    let values: Vec<_> = told
        .values
        .iter()
        .map(|(label, what)| (&**label, &**what))
        .collect();
    assert_eq!(values, [("approvals", "0 of 2")]);
}

/// V1.5: All that a link lacks is told in one finding, below one label.
#[test]
fn all_that_a_link_lacks_is_told_at_once() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    let path = w.link(&link(3, &["ja", "jb", "jd"], &["ja"]));
    let verdict = w.verdict();
    verdict.is_rejected(Code::LinkSignatures, &path);
    let values = verdict.findings[0].values.iter();
    let values: Vec<_> = values.map(|(label, what)| (&**label, &**what)).collect();
    assert_eq!(
        values,
        [
            ("missing", "1 of 2 janitors of link 0 signed"),
            ("", "1 of 3 of its own janitors signed"),
            ("", "`jd` must sign too, being added"),
        ]
    );
}
