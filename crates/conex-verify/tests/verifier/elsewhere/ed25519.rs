//! Keys and signatures on which implementations of Ed25519 disagree: the vectors of "Taming the
//! many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020), and what they stand for.

use base64ct::{Base64, Encoding as _};
use conex_verify::finding::Code;
use conex_verify::format::key::{PublicKey, Signature, put};
use conex_verify::format::resource::{
    Author, Decode as _, Kind, Segment, SignedSegment, Timestamp,
};

use crate::world::*;

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

/// Key and signature of each vector.
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
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607",
    ),
    (
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09",
    ),
    // The keys of the last two are not canonical: p + 1 and p, with and without a sign.
    (
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000",
    ),
];

fn listed(point: &[u8]) -> PublicKey {
    let mut wire = Vec::new();
    put(&mut wire, b"ssh-ed25519");
    put(&mut wire, point);
    PublicKey::listed(&format!("ssh-ed25519 {}", Base64::encode_string(&wire))).unwrap()
}

/// A quorum approves an author with the key of a vector, and the author's index has its signature.
#[test]
fn no_vector_is_a_signature_of_anything_here() {
    for (point, signature) in VECTORS {
        let mut w = World::usual();
        let key = listed(&hex(point));
        let author = Author {
            id: id("eve"),
            revision: at(0, 1),
            keys: vec![key.clone()],
            accounts: std::collections::BTreeSet::new(),
        };
        w.file("packages/.conex/ids/eve", author.encode());
        let entry = w.now(Kind::Author, "eve");
        w.quorum_says(vec![entry.clone()]);
        let segment = Segment {
            repository: w.identity(),
            id: id("eve"),
            created: Timestamp::new("2026-11-24T14:00:00Z").unwrap(),
            entries: vec![entry],
        };
        let signature = Signature::ed25519(hex(signature).try_into().unwrap());
        let (path, file) = sealed(segment, key.fingerprint(), signature);
        w.file(&path, file);
        let verdict = w.verdict();
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

/// S + L: a second signature for whoever does not look whether the scalar is below the order.
#[test]
fn a_scalar_above_the_order_is_refused() {
    let (w, path) = changed(|bytes| {
        let mut carry = 0;
        for (byte, order) in bytes[32..].iter_mut().zip(hex(ORDER)) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            (*byte, carry) = ((sum & 0xff) as u8, sum >> 8);
        }
    });
    w.verdict().is_rejected(Code::BadSignature, &path);
}

/// R of small order, in canonical and other forms, with the scalar 0 and with that of the signer.
#[test]
fn a_commitment_of_small_order_is_refused() {
    for point in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
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

/// Each single bit at the ends of both halves.
#[test]
fn a_signature_with_another_bit_is_refused() {
    for at in [0, 31, 32, 63] {
        for bit in [1, 0x80] {
            let (w, path) = changed(|bytes| bytes[at] ^= bit);
            w.verdict().is_rejected(Code::BadSignature, &path);
        }
    }
}
