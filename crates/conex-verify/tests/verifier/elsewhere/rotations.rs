//! The rotations of keys among the conformance tests of The Update Framework, each by its name
//! there (`test_updater_key_rotations.py`). A root is a link, and what another role signs with a
//! threshold is what the janitors approve. The first link is signed by all of its members, which
//! this format asks for.

use conex_verify::finding::Code;

use crate::world::*;

/// Keys, threshold, and the keys that sign.
type Root<'a> = (&'a [u8], usize, &'a [u8]);

const FIVE: &[u8] = &[0, 1, 2, 3, 4];
const ROTATED: &[u8] = &[0, 1, 3, 4, 5];

fn names(keys: &[u8]) -> Vec<String> {
    keys.iter().map(|key| format!("j{key}")).collect()
}

fn spec(keys: &[u8], threshold: usize, signers: &[u8]) -> LinkSpec {
    let mut spec = link(threshold, &[], &[]);
    spec.members = names(keys).into_iter().map(|n| (n.clone(), n)).collect();
    spec.signers = names(signers);
    spec
}

/// A repository with these roots, for a client that has the keys and the threshold of the first.
fn roots(versions: &[Root<'_>]) -> World {
    let mut w = World::empty();
    for (number, (keys, threshold, signers)) in versions.iter().enumerate() {
        let signers = if number == 0 { keys } else { signers };
        w.link(&spec(keys, *threshold, signers));
    }
    let (keys, threshold, _) = versions[0];
    w.anchors = names(keys);
    w.quorum = threshold;
    w
}

fn follows(versions: &[Root<'_>]) {
    roots(versions).verdict().is_accepted();
}

fn stops(versions: &[Root<'_>], code: Code) {
    let last = format!("packages/.conex/janitors/{}", versions.len() - 1);
    roots(versions).verdict().is_rejected(code, &last);
}

/// "1-of-1-key-rotation"
#[test]
fn root_1_of_1_key_rotation() {
    follows(&[(&[1], 1, &[1]), (&[2], 1, &[2, 1]), (&[2], 1, &[2])]);
}

/// "1-of-1-key-rotation-unused-signatures": signatures of keys that the root does not list, which
/// are refused here.
#[test]
fn root_1_of_1_key_rotation_unused_signatures() {
    stops(
        &[(&[1], 1, &[1]), (&[2], 1, &[3, 2, 1, 4])],
        Code::LinkSignatures,
    );
}

/// "3-of-5-sign-with-different-keycombos"
#[test]
fn root_3_of_5_sign_with_different_keycombos() {
    let combinations: [&[u8]; 4] = [&[0, 2, 4], &[0, 4, 1], &[0, 1, 3], &[0, 1, 3]];
    follows(&combinations.map(|signers| (FIVE, 3, signers)));
}

/// "3-of-5-one-key-rotated": the key that is added did not sign, which is refused here. If it
/// signs, the root is accepted.
#[test]
fn root_3_of_5_one_key_rotated() {
    let first = (FIVE, 3, FIVE);
    stops(&[first, (ROTATED, 3, &[0, 4, 1])], Code::LinkSignatures);
    follows(&[first, (ROTATED, 3, &[0, 4, 1, 5])]);
}

/// "3-of-5-one-key-rotated-with-intermediate-step"
#[test]
fn root_3_of_5_one_key_rotated_with_intermediate_step() {
    follows(&[
        (FIVE, 3, &[0, 2, 4]),
        (ROTATED, 3, &[0, 2, 4, 5]),
        (ROTATED, 3, &[0, 4, 5]),
    ]);
}

/// "3-of-5-all-keys-rotated-with-intermediate-step": two of the keys that are added did not sign,
/// which is refused here. If they sign, the root is accepted.
#[test]
fn root_3_of_5_all_keys_rotated_with_intermediate_step() {
    let (first, keys): (Root<'_>, &[u8]) = ((FIVE, 3, FIVE), &[5, 6, 7, 8, 9]);
    stops(
        &[first, (keys, 3, &[0, 2, 4, 5, 6, 7])],
        Code::LinkSignatures,
    );
    follows(&[
        first,
        (keys, 3, &[0, 2, 4, 5, 6, 7, 8, 9]),
        (keys, 3, &[5, 6, 7]),
    ]);
}

/// "1-of-3-threshold-increase-to-2-of-3"
#[test]
fn root_1_of_3_threshold_increase_to_2_of_3() {
    follows(&[(&[1, 2, 3], 1, &[1]), (&[1, 2, 3], 2, &[1, 2])]);
}

/// "2-of-3-threshold-decrease-to-1-of-3": below the quorum of the client, which is refused here.
/// A client with a quorum of one accepts it.
#[test]
fn root_2_of_3_threshold_decrease_to_1_of_3() {
    let keys = &[1, 2, 3][..];
    let first = (keys, 2, &[1, 2][..]);
    stops(&[first, (keys, 1, &[1, 2])], Code::LinkQuorum);
    let mut w = roots(&[first, (keys, 1, &[1, 2]), (keys, 1, &[1])]);
    w.quorum = 1;
    w.verdict().is_accepted();
}

/// "1-of-2-threshold-increase-to-2-of-2"
#[test]
fn root_1_of_2_threshold_increase_to_2_of_2() {
    follows(&[(&[1], 1, &[1]), (&[1, 2], 2, &[1, 2])]);
}

/// "1-of-1-key-rotation-fail-not-signed-with-old-key"
#[test]
fn root_1_of_1_key_rotation_fail_not_signed_with_old_key() {
    stops(&[(&[1], 1, &[1]), (&[2], 1, &[2])], Code::LinkSignatures);
}

/// "1-of-1-key-rotation-fail-not-signed-with-new-key"
#[test]
fn root_1_of_1_key_rotation_fail_not_signed_with_new_key() {
    stops(&[(&[1], 1, &[1]), (&[2], 1, &[1])], Code::LinkSignatures);
}

/// "3-of-5-one-key-rotate-fails-not-signed-with-3-new-keys"
#[test]
fn root_3_of_5_one_key_rotate_fails_not_signed_with_3_new_keys() {
    stops(
        &[(FIVE, 3, FIVE), (ROTATED, 3, &[0, 2, 4])],
        Code::LinkSignatures,
    );
}

/// "3-of-5-one-key-rotate-fails-not-signed-with-3-old-keys"
#[test]
fn root_3_of_5_one_key_rotate_fails_not_signed_with_3_old_keys() {
    stops(
        &[(FIVE, 3, FIVE), (ROTATED, 3, &[0, 4, 5])],
        Code::LinkSignatures,
    );
}

/// "1-of-3-threshold-bump-to-2-of-3-fails-new-threshold-not-reached"
#[test]
fn root_1_of_3_threshold_bump_to_2_of_3_fails_new_threshold_not_reached() {
    stops(
        &[(&[1, 2, 3], 1, &[1]), (&[1, 2, 3], 2, &[2])],
        Code::LinkSignatures,
    );
}

/// "2-of-3-threshold-decr-to-1-of-3-fails-old-threshold-not-eached", for a client with a quorum of
/// one.
#[test]
fn root_2_of_3_threshold_decr_to_1_of_3_fails_old_threshold_not_reached() {
    let mut w = roots(&[(&[1, 2, 3], 2, &[1, 2]), (&[1, 2, 3], 1, &[1])]);
    w.quorum = 1;
    w.verdict()
        .is_rejected(Code::LinkSignatures, "packages/.conex/janitors/1");
}

/// A root gives a role these keys and this threshold, and `signers` sign its next version: the
/// owners of `fmt`.
fn role(keys: &[u8], threshold: usize, signers: &[u8]) -> World {
    let mut w = World::with_janitors(1, &["old"]);
    let mut next = spec(keys, threshold, keys);
    next.signers.push("old".to_owned());
    w.link(&next);
    let author = w.author_file("bob", at(0, 1), &["bob"]);
    w.says("bob", vec![author.clone()]);
    let owners = w.authorisation("fmt", at(0, 1), &["bob"]);
    for who in names(keys) {
        w.says(&who, vec![author.clone(), owners.clone()]);
    }
    w.released("fmt.1.0", "bob");
    let owners = w.authorisation("fmt", at(0, 2), &["bob"]);
    for who in names(signers) {
        w.says(&who, vec![owners.clone()]);
    }
    w
}

fn signed(keys: &[u8], threshold: usize, signers: &[u8]) {
    role(keys, threshold, signers).verdict().is_accepted();
}

fn not_signed(keys: &[u8], threshold: usize, signers: &[u8]) {
    let verdict = role(keys, threshold, signers).verdict();
    verdict.is_rejected(Code::Quorum, "packages/fmt/authorisation");
}

/// "1-of-1-key-rotation", of another role than the root
#[test]
fn role_1_of_1_key_rotation() {
    signed(&[2], 1, &[2]);
}

/// "1-of-1-key-rotation-unused-signatures", of another role than the root
#[test]
fn role_1_of_1_key_rotation_unused_signatures() {
    signed(&[1], 1, &[3, 1, 4]);
}

/// "1-of-1-key-rotation-fail-not-signed-with-new-key", of another role than the root
#[test]
fn role_1_of_1_key_rotation_fail_not_signed_with_new_key() {
    not_signed(&[2], 1, &[1, 3, 4]);
}

/// "3-of-5-one-key-signature-wrong-not-signed-with-3-expected-keys"
#[test]
fn role_3_of_5_one_key_signature_wrong_not_signed_with_3_expected_keys() {
    not_signed(ROTATED, 3, &[0, 2, 4]);
}

/// "2-of-5-one-key-signature-mising-threshold-not-reached"
#[test]
fn role_2_of_5_one_key_signature_missing_threshold_not_reached() {
    not_signed(ROTATED, 3, &[0, 4]);
}

/// "3-of-5-sign-first-combo"
#[test]
fn role_3_of_5_sign_first_combo() {
    signed(FIVE, 3, &[0, 2, 4]);
}

/// "3-of-5-sign-second-combo"
#[test]
fn role_3_of_5_sign_second_combo() {
    signed(FIVE, 3, &[0, 4, 1]);
}

/// "3-of-5-sign-third-combo"
#[test]
fn role_3_of_5_sign_third_combo() {
    signed(FIVE, 3, &[0, 1, 3]);
}

/// "3-of-5-sign-fourth-combo"
#[test]
fn role_3_of_5_sign_fourth_combo() {
    signed(FIVE, 3, &[1, 2, 3]);
}

/// "3-of-5-sign-fifth-combo"
#[test]
fn role_3_of_5_sign_fifth_combo() {
    signed(FIVE, 3, &[2, 3, 4]);
}
