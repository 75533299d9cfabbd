//! The janitor chain: who leads where.

use base64ct::{Base64, Encoding as _};
use conex_verify::finding::Code;
use conex_verify::format::digest::Digest;
use conex_verify::format::key::{Namespace, PublicKey};
use conex_verify::format::name::RepositoryName;
use conex_verify::format::resource::{Continues, Decode as _, Link, SignedLink, SnapshotRule};
use conex_verify::hint;

use crate::world::*;

/// The chain of most tests, in which nobody of link 0 is left in link 2.
///
/// ```text
/// link 0        link 1           link 2
/// ja jb   ---->  jb jc jd  ---->  jc jd je      quorum 2 in all
/// ```
fn renewed() -> World {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    w.link(&link(2, &["jb", "jc", "jd"], &["ja", "jb", "jc", "jd"]));
    w.link(&link(2, &["jc", "jd", "je"], &["jb", "jc", "jd", "je"]));
    let entry = w.author_file("bob", at(0, 1), &["bob"]);
    w.says("bob", vec![entry.clone()]);
    for janitor in ["jc", "je"] {
        w.says(janitor, vec![entry.clone()]);
    }
    let owner = w.authorisation("fmt", at(0, 1), &["bob"]);
    for janitor in ["jd", "je"] {
        w.says(janitor, vec![owner.clone()]);
    }
    w.released("fmt.1.0", "bob");
    w
}

#[test]
fn anchors_of_an_earlier_link_lead_to_the_present_one() {
    let w = renewed();
    w.clone().trusting(2, &["ja", "jb"]).verdict().is_clean();
    w.clone()
        .trusting(2, &["jb", "jc", "jd"])
        .verdict()
        .is_clean();
    w.trusting(2, &["jc", "jd", "je"]).verdict().is_clean();
}

/// Who knows one member of link 0 cannot start there: the other could continue alone
/// with somebody of their own. With quorum 1 and a link of quorum 2 it takes both.
#[test]
fn an_anchor_link_has_fewer_strangers_than_its_quorum() {
    let mut w = World::empty();
    w.link(&link(
        2,
        &["ja", "jb", "jc", "jd"],
        &["ja", "jb", "jc", "jd"],
    ));
    w.clone()
        .trusting(2, &["ja", "jb"])
        .verdict()
        .is_rejected(Code::AnchorLink, "janitors/0");
    w.trusting(2, &["ja", "jb", "jc"]).verdict().is_accepted();
}

/// The keys of the retired `ja` and `jb` are stolen. They write another link 1.
#[test]
fn retired_janitors_cannot_lead_those_who_know_todays_anywhere() {
    let mut w = renewed();
    w.remove("packages/.conex/janitors/2");
    w.link_at(
        1,
        &link(
            2,
            &["mallory", "mallet"],
            &["ja", "jb", "mallory", "mallet"],
        ),
    );
    w.clone()
        .trusting(2, &["jc", "jd", "je"])
        .verdict()
        .is_rejected(Code::AnchorLink, "janitors/");
    // They add people of today, who of course did not sign.
    w.link_at(
        1,
        &link(2, &["jc", "jd", "mallory"], &["ja", "jb", "mallory"]),
    );
    w.trusting(2, &["jc", "jd", "je"])
        .verdict()
        .is_rejected(Code::AnchorLink, "janitors/");
}

/// A single link is a wall: anchors that name only retired people and quorum of a
/// link that never was whole do not lead over a link whose signatures are of others.
#[test]
fn a_link_without_a_quorum_of_the_link_before_leads_nowhere() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    let path = w.link(&link(2, &["jx", "jy"], &["ja", "jx", "jy"]));
    w.verdict().is_rejected(Code::LinkSignatures, &path);
}

#[test]
fn a_link_without_a_quorum_of_its_own_members_is_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    let path = w.link(&link(3, &["ja", "jb", "jc"], &["ja", "jb"]));
    w.verdict().is_rejected(Code::LinkSignatures, &path);
}

#[test]
fn an_added_janitor_who_did_not_sign_is_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    let path = w.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb"]));
    let verdict = w.verdict();
    verdict.is_rejected(Code::LinkSignatures, &path);
    assert!(verdict.text().contains("`jd` must sign"));
}

/// A janitor with a new key is added anew: the new key has to sign.
#[test]
fn a_janitors_new_key_that_did_not_sign_is_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    let spec = link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]).with_key("jc", "jc-new");
    let path = w.link(&spec);
    w.verdict().is_rejected(Code::LinkSignatures, &path);
    let mut spec = spec;
    spec.signers.push("jc-new".to_owned());
    w.link_at(1, &spec);
    w.verdict().is_accepted();
}

/// Link 0 needs all of its members, not a quorum.
#[test]
fn link_0_lacking_one_member_is_refused() {
    let mut w = World::empty();
    w.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb"]));
    w.trusting(2, &["ja", "jb", "jc"])
        .verdict()
        .is_rejected(Code::LinkSignatures, "janitors/0");
}

/// One person signs for the quorum of the link before, with a key of each link.
#[test]
fn one_janitor_with_an_old_and_a_new_key_counts_once() {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    let path = w.link(&link(2, &["ja", "jb"], &["ja", "ja-new"]).with_key("ja", "ja-new"));
    w.verdict().is_rejected(Code::LinkSignatures, &path);
}

#[test]
fn a_signature_of_a_stranger_on_a_link_is_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    let path = w.link(&link(2, &["ja", "jb"], &["ja", "jb", "mallory"]));
    w.verdict().is_rejected(Code::LinkSignatures, &path);
}

/// The signature of `jb` is of other bytes.
#[test]
fn a_failing_signature_on_a_link_is_refused_though_others_suffice() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    let path = w.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    let good = String::from_utf8(w.bytes(&path)).unwrap();
    let other = String::from_utf8(w.bytes("packages/.conex/janitors/0")).unwrap();
    let of = |text: &str, key: &str| {
        let line = text
            .lines()
            .find(|l| l.contains(&format!("[\"{}\"", fingerprint(key))))
            .unwrap();
        line.to_owned()
    };
    w.file(&path, good.replace(&of(&good, "jb"), &of(&other, "jb")));
    w.verdict().is_rejected(Code::BadSignature, &path);
}

/// Signatures before the anchor link are not judged: keys of long ago may be weak
/// by now, and clients with today's anchors need nothing older.
#[test]
fn signatures_before_the_anchor_link_are_not_judged() {
    let mut w = renewed();
    let text = String::from_utf8(w.bytes("packages/.conex/janitors/0")).unwrap();
    let at = text.find("signatures: [").unwrap();
    w.file(
        "packages/.conex/janitors/0",
        format!("{}signatures: []\n", &text[..at]),
    );
    w.clone()
        .trusting(2, &["jc", "jd", "je"])
        .verdict()
        .is_clean();
    w.trusting(2, &["ja", "jb"])
        .verdict()
        .is_rejected(Code::AnchorLink, "janitors/");
}

// --- gaps, forks, removed links -------------------------------------------

#[test]
fn a_removed_link_is_noticed() {
    for n in 0..3 {
        let mut w = renewed();
        let path = format!("packages/.conex/janitors/{n}");
        w.remove(&path);
        let verdict = w.trusting(2, &["jc", "jd", "je"]).verdict();
        assert!(!verdict.accepted);
        match n {
            2 => {
                // What is left is a chain: of an earlier day, for which today's
                // anchors vouch all the same. What was vouched for since is gone.
                verdict.is_rejected(Code::Unclaimed, "packages/fmt");
            }
            _ => {
                verdict.is_rejected(Code::NoChain, &path);
            }
        }
    }
}

#[test]
fn no_chain_at_all_is_refused() {
    let w = World::empty().trusting(1, &["ja"]);
    w.clone().verdict().is_rejected(Code::NoChain, "janitors/0");
    w.nostrict()
        .verdict()
        .is_rejected(Code::NoChain, "janitors/0");
}

/// Another link 1 under an unchanged link 2.
#[test]
fn a_fork_in_the_middle_is_refused() {
    let mut w = renewed();
    let last = w.bytes("packages/.conex/janitors/2");
    let mut fork = link(2, &["jb", "jc", "jd"], &["ja", "jb", "jc", "jd"]);
    fork.members.reverse();
    fork.quorum = 3;
    w.link_at(1, &fork);
    w.file("packages/.conex/janitors/2", last);
    w.trusting(2, &["ja", "jb"])
        .verdict()
        .is_rejected(Code::ChainLink, "janitors/2");
}

/// A whole chain of another repository, with the anchors of this one.
#[test]
fn another_repositorys_chain_is_refused() {
    let mut w = World::with_janitors(2, &["mallory", "mallet"]);
    w.link(&link(2, &["ja", "jb"], &["mallory", "mallet", "ja", "jb"]));
    // They would have to sign: without that it leads nowhere.
    w.link_at(1, &link(2, &["ja", "jb"], &["mallory", "mallet"]));
    w.trusting(2, &["ja", "jb"])
        .verdict()
        .is_rejected(Code::AnchorLink, "janitors/");
}

#[test]
fn a_link_that_names_another_link_before_it_is_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    let mut spec = link(2, &["ja", "jb"], &["ja", "jb"]);
    spec.previous = Some(Digest::of(b"another"));
    w.link(&spec);
    w.verdict().is_rejected(Code::ChainLink, "janitors/1");
}

#[test]
fn a_link_that_names_another_link_0_is_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    let mut spec = link(2, &["ja", "jb"], &["ja", "jb"]);
    spec.identity = Some(Digest::of(b"another"));
    w.link(&spec);
    w.verdict().is_rejected(Code::ChainLink, "janitors/1");
}

#[test]
fn a_link_that_renames_the_repository_is_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    let mut spec = link(2, &["ja", "jb"], &["ja", "jb"]);
    spec.repository = "evil".to_owned();
    w.link(&spec);
    w.verdict().is_rejected(Code::ChainLink, "janitors/1");
}

#[test]
fn a_link_under_another_number_is_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    w.file(
        "packages/.conex/janitors/1",
        w.bytes("packages/.conex/janitors/0"),
    );
    w.verdict().is_rejected(Code::WrongIdentity, "janitors/1");
}

#[test]
fn a_required_snapshot_never_becomes_optional_again() {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]).requiring_snapshot());
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    w.verdict().is_rejected(Code::ChainLink, "janitors/2");
}

/// The chain makes the snapshot obligatory, and the server leaves it out.
#[test]
fn a_required_snapshot_that_is_missing_is_refused_in_every_mode() {
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb"]).requiring_snapshot());
    w.clone()
        .verdict()
        .is_rejected(Code::SnapshotMissing, "packages/.conex/snapshot");
    w.nostrict()
        .verdict()
        .is_rejected(Code::SnapshotMissing, "packages/.conex/snapshot");
}

#[test]
fn a_snapshot_that_cannot_be_read_is_refused_in_every_mode() {
    let mut w = World::usual();
    w.file("packages/.conex/snapshot", "format: 1\n");
    w.clone()
        .verdict()
        .is_rejected(Code::Encoding, "packages/.conex/snapshot");
    w.nostrict()
        .verdict()
        .is_rejected(Code::Encoding, "packages/.conex/snapshot");
}

// --- the pinned link ------------------------------------------------------

#[test]
fn a_pinned_link_must_be_in_the_chain() {
    let mut w = renewed().trusting(2, &["ja", "jb"]);
    w.pin = Some(Digest::of(b"another"));
    w.verdict().is_rejected(Code::AnchorLink, "janitors");
}

/// Links before the pinned one are not considered, though one of them qualifies.
#[test]
fn a_pinned_link_must_itself_qualify() {
    let mut w = renewed().trusting(2, &["ja", "jb"]);
    w.pin = Some(w.link_digest(2));
    w.verdict().is_rejected(Code::AnchorLink, "janitors/2");
    let mut w = renewed().trusting(2, &["jc", "jd", "je"]);
    w.pin = Some(w.link_digest(2));
    w.verdict().is_clean();
}

/// The retired keys are stolen, and another link 1 made. The client has pinned link 2.
#[test]
fn retired_janitors_cannot_lead_past_a_pinned_link() {
    let mut w = renewed().trusting(2, &["ja", "jb", "jc", "jd", "je"]);
    w.pin = Some(w.link_digest(2));
    w.verdict().is_clean();
    w.remove("packages/.conex/janitors/2");
    w.link_at(
        1,
        &link(2, &["mallory"; 1], &["ja", "jb", "mallory"]).quorum_of(1),
    );
    w.verdict().is_rejected(Code::AnchorLink, "janitors");
}

/// A pin is no key: it does not help the quorum.
#[test]
fn a_pinned_link_does_not_count_as_a_key() {
    use conex_verify::workbench::trust::anchors::{AnchorError, Anchors, Client};
    let w = renewed();
    let text = format!("{},link={}", fingerprint("jc"), w.link_digest(2));
    let anchors: Anchors = text.parse().unwrap();
    assert!(matches!(
        Client::new(anchors, 2),
        Err(AnchorError::QuorumAboveAnchors { .. })
    ));
}

// --- the client's quorum --------------------------------------------------

#[test]
fn a_quorum_below_the_clients_is_refused() {
    let mut w = World::with_janitors(3, &["ja", "jb", "jc"]);
    w.verdict().is_accepted();
    let path = w.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    let verdict = w.verdict();
    verdict.is_rejected(Code::LinkQuorum, &path);
    assert!(verdict.findings[0].hint.contains("set-url NAME URL 2"));
    // A link in between is looked at too.
    w.link(&link(3, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    w.verdict().is_rejected(Code::LinkQuorum, &path);
    w.trusting(2, &["ja", "jb", "jc"]).verdict().is_accepted();
}

/// What counts inside the repository is its own quorum, even if the client's is lower.
#[test]
fn a_lower_quorum_of_the_client_lowers_nothing() {
    let mut w = World::usual().trusting(1, &["ja", "jb"]);
    let entry = w.authorisation("lwt", at(0, 1), &["bob"]);
    w.says("ja", vec![entry]);
    w.released("lwt.1.0", "bob");
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
}

/// V1.4: The key of `ja` is stolen, and a client asks for one janitor where the repository asks
/// for two. Without its signatures link 0 would not be the anchor link, and what follows it would
/// not be judged before a link that `ja` alone wrote.
///
/// ```text
/// link 0, without signatures   link 1, by nobody   link 2, by ja
/// ja jb jc, quorum 2   ---->   ja, quorum 1   ---->   ja, quorum 1
/// ```
#[test]
fn a_link_whose_signatures_were_taken_away_is_not_passed_over() {
    let real = World::with_janitors(2, &["ja", "jb", "jc"]).trusting(1, &["ja", "jb", "jc"]);
    real.verdict().is_accepted();
    let mut w = real.clone();
    w.link_at(0, &link(2, &["ja", "jb", "jc"], &["jz"]));
    assert_eq!(w.identity(), real.identity());
    w.link(&link(1, &["ja"], &["jz"]));
    w.link(&link(1, &["ja"], &["ja"]));
    w.verdict().is_rejected(Code::LinkSignatures, "janitors/0");
}

#[test]
fn a_quorum_above_the_number_of_members_is_refused() {
    for quorum in [0, 3] {
        let mut w = World::empty();
        w.link(&link(quorum, &["ja", "jb"], &["ja", "jb"]));
        w.trusting(1, &["ja", "jb"])
            .verdict()
            .is_rejected(Code::Encoding, "janitors/0");
    }
}

/// V1.4: Nobody of link 0 is an anchor, and one signature less than is needed is on the others:
/// the link that most of the anchors signed is told, and of those with as many the first.
///
/// ```text
/// link 0        link 1         link 2            link 3
/// jx jy   ---->  ja jy   ---->  ja jb jc   ---->  ja jb jd     anchors ja jb je, quorum 3
/// ```
#[test]
fn the_link_that_most_anchors_signed_is_told_as_the_nearest() {
    let mut w = World::empty();
    w.link(&link(2, &["jx", "jy"], &["jx", "jy"]));
    w.link(&link(2, &["ja", "jy"], &["ja", "jx", "jy"]));
    w.link(&link(3, &["ja", "jb", "jc"], &["ja", "jb", "jc", "jy"]));
    w.link(&link(3, &["ja", "jb", "jd"], &["ja", "jb", "jc", "jd"]));
    let verdict = w.trusting(3, &["ja", "jb", "je"]).verdict();
    verdict.is_rejected(Code::AnchorLink, "janitors/2");
    let text = verdict.text();
    assert!(
        text.contains("nearest: link 2, quorum 3, 3 members"),
        "{text}"
    );
    let signed = "2 of 3 needed signed it; 1 of its members are not among them";
    assert!(text.contains(signed), "{text}");
    assert_eq!(verdict.findings[0].hint, hint::TODAYS_ANCHORS);
}

/// V1.4: Enough anchors signed, and either the repository asks for fewer janitors than the client,
/// or those whom the client does not know are enough to go on alone.
#[test]
fn anchors_that_are_enough_and_lead_nowhere_are_not_called_old() {
    let hint = |w: World| {
        let verdict = w.verdict();
        verdict.is_rejected(Code::AnchorLink, "janitors/0");
        verdict.findings[0].hint.clone()
    };
    let members = ["ja", "jb", "jc", "jd"];
    let mut w = World::empty();
    w.link(&link(2, &members, &members));
    let lower = hint(w.clone().trusting(3, &["ja", "jb", "jc"]));
    assert!(lower.starts_with("the repository's quorum of 2 is below yours of 3"));
    let outside = hint(w.trusting(2, &["ja", "jb"]));
    assert!(outside.starts_with("2 of its members are not among your anchors"));
}

// --- keys that cannot be used ----------------------------------------------

/// V0.4: A janitor of link 0, or of the last link, has a weak key, under which anybody can sign.
/// It is told once.
#[test]
fn a_janitor_with_a_weak_key_is_refused() {
    let weak = {
        let mut wire = Vec::new();
        conex_verify::format::key::put(&mut wire, b"ssh-ed25519");
        conex_verify::format::key::put(&mut wire, &[0; 32]);
        format!("ssh-ed25519 {}", Base64::encode_string(&wire))
    };
    let weak = PublicKey::listed(&weak).unwrap();
    let start = World::with_janitors(2, &["ja", "jb"]);
    for number in [0, 1] {
        let mut w = start.clone();
        let members = ["ja", "jb"].map(|who| (id(who), public(who)));
        let mut link = SignedLink::unsigned(Link {
            repository: RepositoryName::new("example").unwrap(),
            number,
            continues: (number > 0).then(|| Continues {
                identity: start.identity(),
                previous: start.link_digest(0),
            }),
            quorum: 2,
            snapshot: SnapshotRule::Optional,
            members: members
                .into_iter()
                .chain([(id("jw"), weak.clone())])
                .collect(),
        });
        let bytes = link.signed_bytes();
        for who in ["ja", "jb"] {
            let signature = private(who).sign(Namespace::Janitors, &bytes);
            link.signatures.push((fingerprint(who), signature));
        }
        let path = format!("packages/.conex/janitors/{number}");
        w.file(&path, link.encode());
        let verdict = w.verdict();
        verdict.is_rejected(Code::BadKey, &path);
        let told = verdict.findings.iter().filter(|f| f.code == Code::BadKey);
        assert_eq!(told.count(), 1, "{}", verdict.text());
    }
}

// --- ids in the chain -----------------------------------------------------

#[test]
fn janitors_that_differ_only_in_case_are_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    w.link(&link(2, &["JA", "jb"], &["ja", "jb", "JA"]));
    w.verdict().is_rejected(Code::CaseCollision, "janitors/1");
    let mut w = World::empty();
    w.link(&link(2, &["JA", "ja"], &["ja", "JA"]));
    w.trusting(1, &["ja", "JA"])
        .verdict()
        .is_rejected(Code::Encoding, "janitors/0");
}

#[test]
fn a_key_that_moves_to_another_janitor_is_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    w.link(&link(2, &["ja", "jb"], &["ja", "jb", "jc"]));
    w.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb", "jc"]).with_key("jd", "jc"));
    w.verdict().is_rejected(Code::KeyOfTwoIds, "janitors/2");
}

/// A janitor left because the key was stolen; whoever has it cannot be talked back in.
#[test]
fn a_key_that_a_link_dropped_is_in_no_later_link() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    w.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    w.verdict().is_rejected(Code::ChainLink, "janitors/2");
    // Nor a key that was replaced, and some links later.
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    w.link(&link(2, &["ja", "jb"], &["ja", "jb", "ja-new"]).with_key("ja", "ja-new"));
    w.link(&link(2, &["ja", "jb"], &["ja-new", "jb"]).with_key("ja", "ja-new"));
    w.verdict().is_accepted();
    w.link(&link(2, &["ja", "jb"], &["ja", "jb", "ja-new"]));
    w.verdict().is_rejected(Code::ChainLink, "janitors/3");
}

/// A janitor may leave and come back, with another key.
#[test]
fn a_janitor_may_come_back_with_another_key() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    w.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc-new"]).with_key("jc", "jc-new"));
    w.joined("bob");
    w.verdict().is_clean();
}

/// A long chain is followed.
#[test]
fn clients_follow_any_number_of_changes() {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    let names: Vec<String> = (0..60).map(|n| format!("j{n}")).collect();
    let mut before = ["ja".to_owned(), "jb".to_owned()];
    for name in &names {
        let now = [before[1].clone(), name.clone()];
        let members: Vec<&str> = now.iter().map(String::as_str).collect();
        let signers = [before[0].as_str(), before[1].as_str(), name.as_str()];
        w.link(&link(2, &members, &signers));
        before = now;
    }
    w.trusting(2, &["ja", "jb"]).verdict().is_clean();
}

impl LinkSpec {
    fn quorum_of(mut self, quorum: usize) -> LinkSpec {
        self.quorum = quorum;
        self
    }
}
