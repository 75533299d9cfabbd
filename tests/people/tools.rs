//! What the tools of janitors and authors must not be talked into.

use std::time::Instant;

use conex::check::{Clients, Side, check};
use conex::plan::effect::{Past, effects};
use conex::plan::todo::{Deed, Item};
use conex::plan::{self, Plan, PlanError, Sign, View};
use conex_verify::finding::{Code, Severity};
use conex_verify::format::digest::Digest;
use conex_verify::format::key::Namespace;
use conex_verify::format::resource::{Entry, Kind, Segment, Timestamp};
use conex_verify::limits::MAX_SEGMENTS;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::verify::Mode;

use crate::client::accepted_after;
use crate::world::*;

fn approve(w: &World, janitor: &str) -> Plan {
    let repository = Repository::load(&w.tree);
    let world = plan::World::new(&w.tree, &repository, View::AsIfApproved).unwrap();
    let mut plan = plan::approve(&world, &id(janitor), &public(janitor), &[]).unwrap();
    plan.tell(&world, &|_| Default::default(), false);
    plan
}

fn sign(w: &World, author: &str) -> Result<Plan, PlanError> {
    let repository = Repository::load(&w.tree);
    let world = plan::World::new(&w.tree, &repository, View::AsIfApproved)?;
    plan::sign(
        &world,
        &Sign {
            signer: id(author),
            key: public(author),
            packages: Vec::new(),
            allow_weak_checksums: false,
            log: Default::default(),
        },
    )
}

/// Writes what the plan says, signed by `who`.
fn carry_out(w: &mut World, who: &str, plan: &Plan) {
    for (path, bytes) in &plan.writes {
        w.file(path, bytes);
    }
    w.says(who, plan.entries.clone());
}

fn entry_for<'p>(plan: &'p Plan, kind: Kind, name: &str) -> Option<&'p Entry> {
    plan.entries
        .iter()
        .find(|e| e.resource == resource(kind, name))
}

/// `eve` proved the key of `bob`: `approve` does not vouch for that, and says why.
#[test]
fn approve_refuses_a_key_that_two_ids_have_proven() {
    for key in ["bob", "jc"] {
        let mut w = World::usual();
        let file = w.author_file("eve", at(0, 1), &[key]);
        w.says_with("eve", key, vec![file]);
        let plan = approve(&w, "ja");
        assert_eq!(entry_for(&plan, Kind::Author, "eve"), None);
        assert!(
            plan.warnings
                .iter()
                .any(|f| f.path.contains("ids/eve") && f.severity == Severity::Warning),
            "{:?}",
            plan.warnings
        );
    }
    // Listed without a proof, it has no effect.
    let mut w = World::usual();
    let file = w.author_file("eve", at(0, 1), &["eve", "bob"]);
    w.says("eve", vec![file]);
    assert!(entry_for(&approve(&w, "ja"), Kind::Author, "eve").is_some());
}

/// A file of signatures in the name of `who`, under their key, which `signer` signed.
fn in_the_name_of(
    w: &mut World,
    who: &str,
    repository: Digest,
    signer: &str,
    entry: Entry,
) -> String {
    let segment = Segment {
        repository,
        id: id(who),
        created: Timestamp::new("2026-01-01T00:00:00Z").unwrap(),
        entries: vec![entry],
    };
    let signature = private(signer).sign(Namespace::Index, &segment.signed_bytes());
    let (path, bytes) = sealed(segment, fingerprint(who), signature);
    w.file(&path, bytes);
    path
}

/// Attack: a pull request brings a file of signatures in the name of a janitor, with a
/// signature that does not verify, or that is of another repository. What folds the janitor's own
/// files would sign what is in it.
#[test]
fn a_forged_file_of_signatures_is_not_folded() {
    let other = World::with_janitors(1, &["mallory"]).identity();
    for (key, elsewhere) in [("mallory", false), ("ja", true)] {
        let mut w = World::usual();
        let own = w.says("ja", vec![w.now(Kind::Authorisation, "fmt")]);
        let identity = if elsewhere { other } else { w.identity() };
        let entry = w.author_file("mallory", at(0, 1), &["mallory"]);
        let forged = in_the_name_of(&mut w, "ja", identity, key, entry.clone());
        let repository = Repository::load(&w.tree);
        let world = plan::World::new(&w.tree, &repository, View::AsIfApproved).unwrap();
        let mut plan = Plan::default();
        for n in 0..40 {
            let digest = Digest::of(b"x");
            let name = format!("fmt.{n}");
            plan.entries
                .push(vouch(Kind::Checksum, &name, at(0, 1), digest));
        }
        plan::fold_small(
            &world,
            &id("ja"),
            fingerprint("ja"),
            &mut plan,
            &repository.segments,
            |_| Ok::<_, ()>(None),
        )
        .unwrap();
        assert!(plan.removes.contains(&own), "{:?}", plan.removes);
        assert!(!plan.removes.contains(&forged));
        assert!(!plan.entries.contains(&entry));
        let all = plan::Compact {
            id: id("ja"),
            key: public("ja"),
        };
        let plan = plan::compact(&world, &all).unwrap();
        assert!(plan.removes.contains(&own) && !plan.removes.contains(&forged));
        assert!(!plan.entries.contains(&entry));
    }
}

/// Attack, C5: the proof of a key that waits for approval is deleted, and a file that only says
/// the same takes its place.
#[test]
fn a_forged_file_does_not_replace_a_deleted_one() {
    let mut base = World::usual();
    let entry = base.author_file("eve", at(0, 1), &["eve"]);
    let proof = base.says("eve", vec![entry.clone()]);
    let mut merged = base.clone();
    merged.remove(&proof);
    in_the_name_of(&mut merged, "eve", base.identity(), "mallory", entry);
    let found = checked(&base, &merged);
    assert!(found.contains(&(Code::Stripped, proof)), "{found:?}");
}

/// Attack, C5: the published branch shows a rollback, as after a reverted merge, and a change deletes
/// what shows the rollback. L4
#[test]
fn what_shows_a_rollback_is_not_deleted() {
    let mut base = World::usual();
    let before = base.bytes("packages/fmt/authorisation");
    let entry = base.authorisation("fmt", at(0, 2), &["alice"]);
    let of_ja = base.says("ja", vec![entry.clone()]);
    let of_jb = base.says("jb", vec![entry]);
    base.file("packages/fmt/authorisation", before);
    let mut merged = base.clone();
    merged.remove(&of_ja);
    merged.remove(&of_jb);
    let found = checked(&base, &merged);
    for path in [of_ja, of_jb] {
        let lost = (Code::Stripped, path);
        assert!(found.contains(&lost), "{found:?}");
    }
}

/// Attack: thousands of pending ids. To say what each would change takes no look at all others: it took
/// eighty times as long as to judge the tree.
#[test]
fn many_pending_ids_are_told_in_no_time() {
    let mut w = World::usual();
    let ids = (0..8_000).map(|n| w.author_file(&format!("eve{n}"), at(0, 1), &["eve"]));
    let resources = ids.map(|entry| entry.resource).collect();
    let repository = Repository::load(&w.tree);
    let start = Instant::now();
    let world = plan::World::look(&w.tree, &repository, View::Supported).unwrap();
    let judged = start.elapsed();
    let start = Instant::now();
    let told = effects(&world, &Past::new(), &repository, &resources);
    assert!(told.len() >= 8_000);
    let took = start.elapsed();
    assert!(took < judged * 5, "{took:?} after {judged:?}");
}

/// A branch that has as many segments as clients bear, folds them: with the new one beside them there
/// would be too many, and nothing could be taken apart.
#[test]
fn at_the_limit_of_segments_folding_deletes_nothing() {
    let mut base = World::usual();
    let now = base.paths().into_iter();
    let there = now.filter(|path| path.starts_with("packages/.conex/index/"));
    let there = there.count();
    let mut merged = base.clone();
    for n in there..MAX_SEGMENTS {
        let digest = Digest::of(&n.to_le_bytes());
        base.says(
            "bob",
            vec![vouch(Kind::Checksum, "fmt.1.0", at(0, 1), digest)],
        );
    }
    let list = merged.now(Kind::Releases, "fmt");
    merged.says("bob", vec![list]);
    assert_eq!(checked(&base, &merged), []);
}

/// The errors of a change.
fn checked(base: &World, merged: &World) -> Vec<(Code, String)> {
    let (old, new) = (Repository::load(&base.tree), Repository::load(&merged.tree));
    let side = |tree, repository| Side { tree, repository };
    let check = check(
        side(&base.tree, &old),
        side(&merged.tree, &new),
        Clients {
            trusting: None,
            mode: Mode::Strict,
            elsewhere: None,
        },
        &|_| Default::default(),
    );
    let all = check.findings.into_iter().map(|judged| judged.finding);
    let errors = all.filter(|finding| finding.severity == Severity::Error);
    errors.map(|f| (f.code, f.path)).collect()
}

/// Attack: `eve` waits for approval, and somebody writes a file in her name, under the key that she
/// listed, which no client looks at as long as she waits. Approved, she would have everybody
/// reject the repository. No such change is merged, nobody approves her while the file is there,
/// and anybody deletes it. C5, C6, T9
#[test]
fn a_file_in_the_name_of_a_pending_id_holds_nobody_up() {
    let mut base = World::usual();
    let entry = base.author_file("eve", at(0, 1), &["eve"]);
    let proof = base.says("eve", vec![entry.clone()]);
    let mut forged = base.clone();
    let later = vouch(Kind::Author, "eve", at(0, 900), Digest::of(b"x"));
    let path = in_the_name_of(&mut forged, "eve", base.identity(), "mallory", later);
    assert_eq!(
        checked(&base, &forged),
        [(Code::BadSignature, path.clone())]
    );
    let plan = approve(&forged, "ja");
    assert_eq!(entry_for(&plan, Kind::Author, "eve"), None);
    let told = |text: &str| plan.warnings.iter().any(|f| f.message.contains(text));
    assert!(
        told(&path) && told("remove that file"),
        "{:?}",
        plan.warnings
    );
    let repository = Repository::load(&forged.tree);
    let world = plan::World::look(&forged.tree, &repository, View::Supported).unwrap();
    assert_eq!(plan::delete_dead(&world).removes, [path.clone()].into());
    // She waits still: for those who approve, and not for another key of hers.
    let todo = plan::todo::todo(&world);
    let eve = Item::Resource(resource(Kind::Author, "eve"));
    let deeds = todo.items().filter(|(item, ..)| **item == eve);
    let deeds: Vec<Deed> = deeds.map(|(_, deed, _)| deed).collect();
    assert_eq!(deeds, [Deed::Vouch]);
    assert_eq!(checked(&forged, &base), []);
    assert_eq!(
        entry_for(&approve(&base, "ja"), Kind::Author, "eve"),
        Some(&entry)
    );
    // Her own signature stays.
    let mut stripped = forged.clone();
    stripped.remove(&proof);
    assert_eq!(checked(&forged, &stripped), [(Code::Stripped, proof)]);
}

/// A file of signatures of `erin` that she made for another repository counts for nothing here, and is
/// no reason to reject, as long as she waits; then it is. And so is one under the key of a janitor
/// who joins. V2.3, T9
#[test]
fn a_file_of_another_repository_holds_nobody_up() {
    let other = World::with_janitors(1, &["mallory"]).identity();
    let mut w = World::usual();
    let file = w.author_file("erin", at(0, 1), &["erin"]);
    w.says("erin", vec![file]);
    let (path, bytes) = segment(other, "erin", "erin", vec![]);
    w.file(&path, bytes);
    let plan = approve(&w, "ja");
    assert_eq!(entry_for(&plan, Kind::Author, "erin"), None);
    assert!(plan.warnings.iter().any(|f| f.message.contains(&path)));
    let repository = Repository::load(&w.tree);
    let world = plan::World::look(&w.tree, &repository, View::Supported).unwrap();
    let joins = plan::JanitorChange {
        add: vec![(id("erin"), public("erin"))],
        ..Default::default()
    };
    let refused = plan::janitor(&world, &joins).unwrap_err();
    assert!(format!("{refused:?}").contains(&path), "{refused:?}");
}

/// Attack: a repository that one janitor founded alone asks for two now. With that one key, today's
/// janitor's or not, or with the keys of two who went, somebody says that an epoch far away was
/// opened once. The tree alone does not tell that apart from an epoch that they did open; BASE
/// does. C9
#[test]
fn no_epoch_far_away_was_opened_by_an_earlier_quorum() {
    let far = 1_000_000;
    let claim = resource(Kind::Authorisation, "fmt");
    let skips = |before: u64, links: &[LinkSpec], signers: &[&str]| {
        let mut base = World::with_janitors(1, &["ja"]);
        for (number, spec) in (1..).zip(links) {
            base.link_at(number, spec);
        }
        base.joined("bob");
        let entry = base.authorisation("fmt", at(before, 1), &["bob"]);
        base.quorum_says(vec![entry]);
        let mut merged = base.clone();
        let entry = merged.authorisation("fmt", at(far, 2), &["bob"]);
        for who in signers {
            merged.says(who, vec![entry.clone()]);
        }
        checked(&base, &merged).contains(&(Code::EpochNotOpened, claim.path()))
    };
    let three = link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]);
    let gone = link(2, &["jb", "jc"], &["jb", "jc"]);
    let others = link(2, &["jb", "jc", "jd"], &["jb", "jc", "jd"]);
    let last = link(2, &["jc", "jd"], &["jc", "jd"]);
    for before in [0, far - 2] {
        assert!(skips(before, std::slice::from_ref(&three), &["ja"]));
        assert!(skips(before, &[three.clone(), gone.clone()], &["ja"]));
        let links = [three.clone(), others.clone(), last.clone()];
        assert!(skips(before, &links, &["ja", "jb"]));
    }
    // Where the published list is in that epoch, or the one before, nothing is skipped.
    for before in [far - 1, far] {
        assert!(!skips(before, &[three.clone(), gone.clone()], &["ja"]));
    }
}

/// Two janitors opened two epochs, and then three are asked for: what the two opened is opened by
/// the third as well, who is offered it. T10
#[test]
fn a_quorum_is_raised_above_epochs_that_fewer_opened() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    w.joined("bob");
    let entry = w.authorisation("fmt", at(2, 1), &["bob"]);
    w.says("ja", vec![entry.clone()]);
    w.says("jb", vec![entry.clone()]);
    w.link(&link(3, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    let plan = approve(&w, "jc");
    assert!(plan.entries.contains(&entry), "{:?}", plan.warnings);
}

/// Of two people who want the same key, neither is approved yet.
#[test]
fn approve_refuses_a_key_that_two_pending_ids_have_proven() {
    let mut w = World::usual();
    for who in ["eve", "mallory"] {
        let file = w.author_file(who, at(0, 1), &["shared"]);
        w.says_with(who, "shared", vec![file]);
    }
    let plan = approve(&w, "ja");
    assert_eq!(entry_for(&plan, Kind::Author, "eve"), None);
    assert_eq!(entry_for(&plan, Kind::Author, "mallory"), None);
}

/// A checksum that does not fit the files is not approved.
#[test]
fn approve_leaves_out_what_does_not_fit() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.2.0"), OPAM);
    w.listed("fmt.2.0", at(0, 2));
    w.file(&opam_path("fmt.2.0"), "opam-version: \"2.0\"\n# evil\n");
    let plan = approve(&w, "ja");
    assert_eq!(entry_for(&plan, Kind::Checksum, "fmt.2.0"), None);
    assert!(plan.warnings.iter().any(|f| f.code == Code::Digest));
}

/// A release that is signed again gets a counter above everything that those vouched for
/// who can support it, whether a quorum of them agrees or not.
#[test]
fn signing_again_raises_the_counter() {
    let mut w = World::usual();
    let other = |counter, text| {
        let digest = conex_verify::format::digest::Digest::of(text);
        vec![vouch(Kind::Checksum, "fmt.1.0", at(0, counter), digest)]
    };
    w.quorum_says(other(1, b"half"));
    w.says("jc", other(6, b"pending"));
    // Who cannot support it decides nothing: the counter would be at its end.
    w.joined("eve");
    w.says("eve", other(END, b"eve"));
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# new\n");
    let plan = sign(&w, "bob").unwrap();
    let entry = entry_for(&plan, Kind::Checksum, "fmt.1.0").unwrap();
    assert_eq!(entry.version.revision, at(0, 7));
    carry_out(&mut w, "bob", &plan);
    w.verdict().is_clean();
}

/// A removed release that comes back is signed above the floor of the list.
#[test]
fn signing_a_release_that_returns_rises_above_the_floor() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        w.checksum("fmt.2.0", at(0, 3)),
        w.release_list("fmt", at(0, 2)),
    ];
    w.says("bob", entries);
    let with = w.clone();
    w.gone("fmt.2.0");
    let plan = sign(&w, "bob").unwrap();
    carry_out(&mut w, "bob", &plan);
    w.verdict().is_clean();
    let without = w.clone();
    w.file(&opam_path("fmt.2.0"), OPAM);
    let plan = sign(&w, "bob").unwrap();
    let entry = entry_for(&plan, Kind::Checksum, "fmt.2.0").unwrap();
    assert_eq!(entry.version.revision, at(0, 4));
    carry_out(&mut w, "bob", &plan);
    w.verdict().is_clean();
    accepted_after(&[&with, &without], &w);
    accepted_after(&[&with], &w);
}

/// The counter is at its end: the tool says who can help and does not wrap round.
#[test]
fn signing_at_the_end_of_the_counter_is_refused() {
    let mut w = World::usual();
    w.says(
        "bob",
        vec![vouch(
            Kind::Checksum,
            "fmt.1.0",
            at(0, END),
            conex_verify::format::digest::Digest::of(b"thief"),
        )],
    );
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# new\n");
    let refused = sign(&w, "bob").unwrap_err().to_string();
    assert!(refused.contains("at its end"), "{refused}");
}

/// An author cannot sign for a package that somebody else owns: it is written, and waits.
#[test]
fn signing_what_is_not_mine_vouches_for_nothing() {
    let mut w = World::usual();
    w.joined("eve");
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# eve\n");
    let plan = sign(&w, "eve").unwrap();
    assert!(
        plan.entries
            .iter()
            .all(|e| !matches!(e.resource.kind, Kind::Checksum | Kind::Releases)),
        "{:?}",
        plan.entries
    );
}

/// Equivocation is undone by signing again.
#[test]
fn signing_decides_an_equivocation() {
    let mut w = World::usual();
    w.says(
        "bob",
        vec![vouch(
            Kind::Checksum,
            "fmt.1.0",
            at(0, 1),
            conex_verify::format::digest::Digest::of(b"other"),
        )],
    );
    w.verdict()
        .is_rejected(Code::Equivocation, "fmt.1.0/checksum");
    let plan = sign(&w, "bob").unwrap();
    let entry = entry_for(&plan, Kind::Checksum, "fmt.1.0").unwrap();
    assert!(entry.version.revision > at(0, 1));
    carry_out(&mut w, "bob", &plan);
    w.verdict().is_clean();
}

/// `bob` writes a list of the last epoch that there is, and hopes that janitors do not
/// look: approved once, nothing could ever supersede it.
#[test]
fn approve_opens_the_next_epoch_and_no_later_one() {
    for (epoch, approved) in [(1, true), (2, false), (LAST_EPOCH, false)] {
        let mut w = World::usual();
        let entries = w.listed("fmt.1.0", at(epoch, 1));
        w.says("bob", entries);
        let plan = approve(&w, "ja");
        let found = entry_for(&plan, Kind::Releases, "fmt").is_some();
        assert_eq!(found, approved, "epoch {epoch}");
        let said = plan.lines.iter().any(|l| l.starts_with("!! epoch 1 of"));
        assert_eq!(said, approved, "{:?}", plan.lines);
        let warned = plan.warnings.iter().any(|f| f.code == Code::EpochNotOpened);
        assert_eq!(warned, !approved, "{:?}", plan.warnings);
    }
}

/// A stolen key pushed the counters of `fmt` to their end, with an edit. A janitor starts
/// an epoch and then takes the edit back: what is written must not fall back into the
/// epoch before, which every client that was there refuses.
#[test]
fn what_is_changed_after_an_epoch_was_started_stays_in_it() {
    let mut w = World::usual();
    let thief = [
        w.checksum("fmt.1.0", at(0, END)),
        w.release_list("fmt", at(0, END)),
    ];
    w.says("bob", thief.to_vec());
    let repository = Repository::load(&w.tree);
    let world = plan::World::new(&w.tree, &repository, View::AsIfApproved).unwrap();
    let request = plan::Epoch {
        names: vec!["fmt".to_owned()],
        owners: false,
    };
    let plan = plan::epoch(&world, &request).unwrap();
    for (path, bytes) in &plan.writes {
        w.file(path, bytes);
    }
    w.file(&opam_path("fmt.1.0"), [OPAM, "# mended\n"].concat());
    let plan = sign(&w, "ja").unwrap();
    let text = String::from_utf8_lossy(&plan.writes[&checksum_path("fmt.1.0")]);
    assert!(text.contains("epoch: 1\ncounter: 2\n"), "{text}");
    // Before the epoch is started, there is no way to write it; the hint names the command.
    let mut w = World::usual();
    let entry = w.checksum("fmt.1.0", at(0, END));
    w.says("bob", vec![entry]);
    w.file(&opam_path("fmt.1.0"), [OPAM, "# mended\n"].concat());
    let error = sign(&w, "ja").unwrap_err();
    assert!(
        format!("{error:?}").contains("conex epoch fmt"),
        "{error:?}"
    );
}

/// `ja` is a janitor and an author, approved by `ja` and `jb`; then `ja` leaves, and the file
/// of the author becomes empty. Nobody vouches for a version of it any more.
fn left(keys: &[&str]) -> World {
    let mut w = World::usual();
    w.joined("ja");
    w.link(&link(2, &["jb", "jc"], &["jb", "jc"]));
    w.author_file("ja", at(0, 2), keys);
    w
}

/// V3.1, U2: The others can approve that a janitor who was an author too has no key left: an
/// emptied file that was approved once is no declined one.
#[test]
fn a_janitor_who_is_an_author_too_can_be_revoked() {
    let mut w = left(&[]);
    for janitor in ["jb", "jc"] {
        let plan = approve(&w, janitor);
        assert!(entry_for(&plan, Kind::Author, "ja").is_some(), "{janitor}");
        carry_out(&mut w, janitor, &plan);
    }
    accepted_after(
        &[&{
            let mut before = World::usual();
            before.joined("ja");
            before
        }],
        &w,
    );
}

/// V3.3: A janitor who stays as an author proves the key with `conex sign`.
#[test]
fn a_former_janitor_proves_a_key_by_signing() {
    let mut w = World::usual();
    w.link(&link(2, &["jb", "jc"], &["jb", "jc"]));
    let file = w.author_file("ja", at(0, 1), &["ja"]);
    for janitor in ["jb", "jc"] {
        w.says(janitor, vec![file.clone()]);
    }
    let plan = sign(&w, "ja").unwrap();
    assert!(entry_for(&plan, Kind::Author, "ja").is_some());
}

/// U2: What former janitors approved is known to every client: it cannot be declined.
#[test]
fn decline_refuses_what_was_approved_by_former_janitors() {
    let w = left(&["ja"]);
    let repository = Repository::load(&w.tree);
    let world = plan::World::new(&w.tree, &repository, View::Supported).unwrap();
    let refused = plan::decline(&world, &["ja".to_owned()], |_| true);
    assert!(
        matches!(refused, Err(PlanError::Refused { .. })),
        "{refused:?}"
    );
}
