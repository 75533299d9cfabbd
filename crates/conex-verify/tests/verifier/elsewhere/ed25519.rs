//! Keys and signatures on which implementations of Ed25519 disagree: the twelve vectors of "Taming
//! the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020), and what they and the vectors of
//! Wycheproof and of ZIP 215 stand for. Their messages are no segments, so that none of their
//! signatures could be valid here: what each of them is about is made anew.

use base64ct::{Base64, Encoding as _};
use conex_verify::finding::Code;
use conex_verify::format::key::{PublicKey, Signature, put};
use conex_verify::format::resource::{Decode as _, SignedSegment};

use crate::world::*;

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

/// Key and signature of each vector. The last two, and the two before, differ in the message.
const VECTORS: [(&str, &str); 12] = [
    (
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    ),
    (
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
    ),
    (
        "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
        "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
    ),
    (
        "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
        "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
    ),
    (
        "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
        "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
    ),
    (
        "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
        "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
    ),
    (
        "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
        "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
    ),
    (
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
    ),
    (
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908",
    ),
    (
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    ),
    (
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    ),
];

fn listed(point: &[u8]) -> PublicKey {
    let mut wire = Vec::new();
    put(&mut wire, b"ssh-ed25519");
    put(&mut wire, point);
    PublicKey::listed(&format!("ssh-ed25519 {}", Base64::encode_string(&wire))).unwrap()
}

/// A quorum approves the author `eve` with this key, and her index has this signature.
fn approved(point: &[u8], signature: &[u8]) -> (World, String) {
    let key = listed(point);
    let (mut w, segment) = super::approved(&key, "2026-11-24T14:00:00Z");
    let signature = Signature::ed25519(signature.try_into().unwrap());
    let (path, file) = sealed(segment, key.fingerprint(), signature);
    w.file(&path, file);
    (w, path)
}

/// A quorum approves an author with the key of a vector, and the author's index has its signature.
#[test]
fn no_vector_is_a_signature_of_anything_here() {
    for (point, signature) in VECTORS {
        let verdict = approved(&hex(point), &hex(signature)).0.verdict();
        let code = |code| verdict.findings.iter().any(|f| f.code == code);
        assert!(
            !verdict.accepted && (code(Code::BadKey) || code(Code::BadSignature)),
            "{point}"
        );
    }
}

/// The order of the group, least significant byte first.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// The honest signature of `bob` with other bytes.
fn changed(change: impl Fn(&mut [u8; 64])) -> (World, String) {
    let mut w = World::usual();
    let old = w
        .paths()
        .into_iter()
        .rfind(|p| p.contains("/index/bob/"))
        .unwrap();
    let honest = SignedSegment::decode(&w.remove(&old)).unwrap();
    let mut bytes = *honest.signature.bytes();
    change(&mut bytes);
    let (path, file) = sealed(honest.segment, honest.key, Signature::ed25519(bytes));
    w.file(&path, file);
    (w, path)
}

/// The sum of two numbers, least significant byte first.
fn add(bytes: &mut [u8], number: &[u8]) {
    let mut carry = 0;
    for (byte, other) in bytes.iter_mut().zip(number) {
        let sum = u16::from(*byte) + u16::from(*other) + carry;
        (*byte, carry) = ((sum & 0xff) as u8, sum >> 8);
    }
}

/// S + L, S + 2L, S + 4L and S + 8L: a second signature for whoever does not look whether the
/// scalar is below the order.
#[test]
fn a_scalar_above_the_order_is_refused() {
    let mut multiple = hex(ORDER);
    for _ in 0..4 {
        let (w, path) = changed(|bytes| add(&mut bytes[32..], &multiple));
        w.verdict().is_rejected(Code::BadSignature, &path);
        let once = multiple.clone();
        add(&mut multiple, &once);
    }
}

/// 0, 1, the order and the prime as R, with 0, 1, the order, the order less one and the prime as S
/// (Wycheproof, "special values for r and s").
#[test]
fn special_values_of_both_halves_are_refused() {
    let zero = "00".repeat(32);
    let one = format!("01{}", "00".repeat(31));
    let below = format!("ec{}", &ORDER[2..]);
    let prime = format!("ed{}7f", "ff".repeat(30));
    let halves = [zero.as_str(), &one, ORDER, &prime, &below].map(hex);
    let pairs = halves[..4]
        .iter()
        .flat_map(|r| halves.iter().map(move |s| (r, s)));
    for (r, s) in pairs {
        let (w, path) = changed(|bytes| {
            bytes[..32].copy_from_slice(r);
            bytes[32..].copy_from_slice(s);
        });
        w.verdict().is_rejected(Code::BadSignature, &path);
    }
}

/// All ways to write a point of small order: eight points, of which four are written in six more
/// ways.
const SMALL: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

/// A key of small order, in all ways to write one, with a signature that holds with the cofactor
/// over anything: the neutral point, and the scalar 0.
#[test]
fn a_key_of_small_order_is_refused() {
    let mut signature = [0; 64];
    signature[0] = 1;
    for point in SMALL {
        let (w, path) = approved(&hex(point), &signature);
        w.verdict().is_rejected(Code::BadKey, &path);
    }
}

/// R of small order, in all ways to write one, with the scalar 0 and with that of the signer.
#[test]
fn a_commitment_of_small_order_is_refused() {
    for point in SMALL {
        for zero in [true, false] {
            let (w, path) = changed(|bytes| {
                bytes[..32].copy_from_slice(&hex(point));
                if zero {
                    bytes[32..].fill(0);
                }
            });
            w.verdict().is_rejected(Code::BadSignature, &path);
        }
    }
}

/// Each single bit at the ends of both halves; that of the sign of R gives the opposite point.
#[test]
fn a_signature_with_another_bit_is_refused() {
    for at in [0, 31, 32, 63] {
        for bit in [1, 0x80] {
            let (w, path) = changed(|bytes| bytes[at] ^= bit);
            w.verdict().is_rejected(Code::BadSignature, &path);
        }
    }
}
