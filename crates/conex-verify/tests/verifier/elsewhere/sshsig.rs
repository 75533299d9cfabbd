//! What OpenSSH tests of its signatures, by the names in `regress/sshsig.sh` and in
//! `regress/unittests/sshsig`: who takes one of these for valid takes it for something that was not
//! signed.

use base64ct::{Base64, Encoding as _};
use conex_verify::finding::Code;
use conex_verify::format::key::{Presence, PublicKey, Signature, put};
use conex_verify::format::resource::{Entry, Kind, Segment, Timestamp};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256, Sha512};

use crate::world::*;

/// The bytes that SSH signs: magic, namespace, reserved, name of the digest, digest.
fn signed(magic: &[u8], namespace: &str, reserved: &str, hash: &str, digest: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    for part in [
        namespace.as_bytes(),
        reserved.as_bytes(),
        hash.as_bytes(),
        digest,
    ] {
        put(&mut bytes, part);
    }
    bytes
}

/// The usual world, in which the checksum of `fmt.1.0` is vouched for again, over these bytes of
/// the segment.
fn vouched(key: &str, bytes: impl Fn(&[u8]) -> Vec<u8>) -> (World, String) {
    let mut w = World::usual();
    let entry: Entry = w.now(Kind::Checksum, "fmt.1.0");
    let segment = Segment {
        repository: w.identity(),
        id: id("bob"),
        created: Timestamp::new("2026-11-25T14:00:00Z").unwrap(),
        entries: vec![entry],
    };
    let message = bytes(&segment.signed_bytes());
    let signature = SigningKey::from_bytes(&seed(key)).sign(&message).to_bytes();
    let (path, file) = sealed(segment, fingerprint("bob"), Signature::ed25519(signature));
    w.file(&path, file);
    (w, path)
}

fn sha512(message: &[u8]) -> Vec<u8> {
    Sha512::digest(message).to_vec()
}

/// What is said of each other way to sign.
fn refused(bytes: impl Fn(&[u8]) -> Vec<u8>) {
    let (w, path) = vouched("bob", bytes);
    w.verdict().is_rejected(Code::BadSignature, &path);
}

/// "check ED25519 signature", "sign with hash" sha512
#[test]
fn a_signature_as_the_format_says_is_accepted() {
    let (w, _) = vouched("bob", |m| {
        signed(b"SSHSIG", "conex-index-v1", "", "sha512", &sha512(m))
    });
    w.verdict().is_clean();
}

/// "verify with wrong namespace"
#[test]
fn another_namespace_is_refused() {
    for namespace in [
        "file",
        "git",
        "",
        "conex-index-v2",
        "conex-snapshot-v1",
        "conex-janitors-v1",
        "conex-index-v1\0",
    ] {
        refused(|m| signed(b"SSHSIG", namespace, "", "sha512", &sha512(m)));
    }
}

/// "verify with wrong key"
#[test]
fn another_key_is_refused() {
    let (w, path) = vouched("mallory", |m| {
        signed(b"SSHSIG", "conex-index-v1", "", "sha512", &sha512(m))
    });
    w.verdict().is_rejected(Code::BadSignature, &path);
}

/// "verify with wrong data"
#[test]
fn other_data_is_refused() {
    refused(|m| signed(b"SSHSIG", "conex-index-v1", "", "sha512", &sha512(&m[1..])));
    refused(|m| {
        signed(
            b"SSHSIG",
            "conex-index-v1",
            "",
            "sha512",
            &sha512(&[m, b"\n"].concat()),
        )
    });
}

/// "sign with hash" sha256, which is refused here, and "check bad hashlg": another digest of the
/// data, by its own name and by the wrong one.
#[test]
fn another_digest_is_refused() {
    refused(|m| {
        signed(
            b"SSHSIG",
            "conex-index-v1",
            "",
            "sha256",
            &Sha256::digest(m),
        )
    });
    refused(|m| {
        signed(
            b"SSHSIG",
            "conex-index-v1",
            "",
            "sha512",
            &Sha256::digest(m),
        )
    });
    refused(|m| signed(b"SSHSIG", "conex-index-v1", "", "sha512", &sha512(m)[..32]));
}

/// Another preamble, none, and a reserved field that says something.
#[test]
fn another_preamble_is_refused() {
    refused(|m| signed(b"SSHSIG", "conex-index-v1", "x", "sha512", &sha512(m)));
    refused(|m| signed(b"SSHSI", "conex-index-v1", "", "sha512", &sha512(m)));
    refused(|m| signed(b"", "conex-index-v1", "", "sha512", &sha512(m)));
    refused(|m| m.to_vec());
    refused(sha512);
}

/// "check RSA signature", "check DSA signature", "check ECDSA signature", "check ECDSA-SK
/// signature" and certificates: types of keys that this format does not take.
#[test]
fn keys_of_other_types_are_refused() {
    let w = World::usual();
    let path = "packages/.conex/ids/bob";
    let text = String::from_utf8(w.bytes(path)).unwrap();
    for kind in [
        "ssh-rsa",
        "ssh-dss",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp521",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-ed25519-cert-v01@openssh.com",
        "sk-ssh-ed25519-cert-v01@openssh.com",
        "ssh-ed448",
    ] {
        let mut wire = Vec::new();
        put(&mut wire, kind.as_bytes());
        put(&mut wire, public("bob").point());
        let key = format!("{kind} {}", Base64::encode_string(&wire));
        let mut evil = w.clone();
        let changed = text.replace(&public("bob").to_string(), &key);
        evil.file(path, resealed(changed.as_bytes()).unwrap());
        evil.verdict().is_rejected(Code::BadKey, path);
    }
}

/// "verify with revoked key": the key signed, and was taken out afterwards.
#[test]
fn a_revoked_key_is_refused() {
    let mut w = World::usual();
    let entry = w.author_file("bob", at(0, 2), &["bob-2"]);
    w.says_with("bob", "bob-2", vec![entry.clone()]);
    w.quorum_says(vec![entry]);
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/fmt/releases");
}

/// A signature that is cut, one with something behind ("Signature contains trailing data", which
/// OpenSSH says and no test asks for), and one that is no base64.
#[test]
fn a_signature_of_another_length_is_refused() {
    let w = World::usual();
    let path = w
        .paths()
        .into_iter()
        .find(|p| p.contains("/index/bob/"))
        .unwrap();
    let text = String::from_utf8(w.bytes(&path)).unwrap();
    let (head, _) = text
        .split_once("\" \"")
        .map_or((text.as_str(), ""), |_| text.rsplit_once("\" \"").unwrap());
    let honest = text
        .rsplit_once("\" \"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    let bytes = Base64::decode_vec(honest).unwrap();
    for signature in [
        Base64::encode_string(&bytes[..63]),
        Base64::encode_string(&[&bytes[..], &[0]].concat()),
        Base64::encode_string(&[&bytes[..], &[1, 0, 0, 0, 0]].concat()),
        honest.trim_end_matches('=').to_owned(),
        honest.replacen(char::is_alphanumeric, "*", 1),
        String::new(),
    ] {
        let file = format!("{head}\" \"{signature}\"]\n]\n");
        let mut evil = w.clone();
        evil.remove(&path);
        let short = conex_verify::format::digest::Digest::of(file.as_bytes()).short();
        evil.file(&format!("packages/.conex/index/bob/{short}/index"), file);
        let verdict = evil.verdict();
        assert!(!verdict.accepted, "{signature}");
    }
}

/// "verify with wrong principal": the key of somebody else whom the repository knows.
#[test]
fn the_key_of_somebody_else_is_refused() {
    let mut w = World::usual();
    w.joined("carol");
    w.file(&opam_path("fmt.1.0"), format!("{OPAM}# of carol\n"));
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says_with("bob", "carol", vec![entry]);
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/fmt/fmt.1.0/checksum");
}

/// "verify with unrevoked key": another key of the same author was taken out.
#[test]
fn a_key_beside_a_revoked_one_is_accepted() {
    let mut w = World::usual();
    for (counter, keys) in [(2, &["bob", "bob-2"][..]), (3, &["bob"])] {
        let entry = w.author_file("bob", at(0, counter), keys);
        for key in keys {
            w.says_with("bob", key, vec![entry.clone()]);
        }
        w.quorum_says(vec![entry]);
    }
    w.verdict().is_accepted();
}

/// What a hardware key did when it signed.
#[derive(Clone, Copy)]
struct Touch {
    /// The application whose digest it signed.
    application: &'static str,
    /// The flags that it signed, and those that the signature tells.
    flags: (u8, u8),
    /// The same of the counter.
    counter: (u32, u32),
}

const TOUCHED: Touch = Touch {
    application: "ssh:",
    flags: (1, 1),
    counter: (7, 7),
};

/// The usual world with an author `eve`, who has a hardware key and proves it with this touch.
fn hardware(touch: Touch) -> (World, String) {
    let secret = SigningKey::from_bytes(&seed("eve"));
    let mut wire = Vec::new();
    put(&mut wire, b"sk-ssh-ed25519@openssh.com");
    put(&mut wire, secret.verifying_key().as_bytes());
    put(&mut wire, b"ssh:");
    let key = PublicKey::from_wire(&wire).unwrap();
    let (mut w, segment) = super::approved(&key, "2026-11-25T14:00:00Z");
    let digest = sha512(&segment.signed_bytes());
    let inner = signed(b"SSHSIG", "conex-index-v1", "", "sha512", &digest);
    let mut message = Sha256::digest(touch.application.as_bytes()).to_vec();
    message.push(touch.flags.0);
    message.extend_from_slice(&touch.counter.0.to_be_bytes());
    message.extend_from_slice(&Sha256::digest(&inner));
    let (flags, counter) = (touch.flags.1, touch.counter.1);
    let bytes = secret.sign(&message).to_bytes();
    let signature = Signature::sk_ed25519(bytes, Presence { flags, counter });
    let (path, file) = sealed(segment, key.fingerprint(), signature);
    w.file(&path, file);
    (w, path)
}

/// "check ED25519-SK signature"
#[test]
fn a_signature_of_a_hardware_key_is_accepted() {
    hardware(TOUCHED).0.verdict().is_clean();
    // With a PIN.
    let flags = (5, 5);
    hardware(Touch { flags, ..TOUCHED }).0.verdict().is_clean();
}

/// A signature of a hardware key that nobody touched, for another application, and with other
/// flags or another counter than were signed.
#[test]
fn a_signature_of_a_hardware_key_for_something_else_is_refused() {
    for touch in [
        Touch {
            flags: (0, 0),
            ..TOUCHED
        },
        Touch {
            flags: (0, 1),
            ..TOUCHED
        },
        Touch {
            counter: (7, 8),
            ..TOUCHED
        },
        Touch {
            application: "https://example.com",
            ..TOUCHED
        },
    ] {
        let (w, path) = hardware(touch);
        w.verdict().is_rejected(Code::BadSignature, &path);
    }
}
