//! Public keys, anchors and signatures: what is read is printed as it was, is usable where an
//! arithmetic of others says so, and `ssh-key` reads the same.

use conex::sshsig::{armour, from_armour};
use conex_verify::Policy;
use conex_verify::format::key::{Fingerprint, Namespace, PublicKey, Signature};
use ed25519_dalek::VerifyingKey;

use crate::world::{fingerprint, private, public};

/// So many words have room for one more.
const MOST: usize = 100;

pub fn holds(bytes: &[u8]) {
    if let Ok(key) = PublicKey::from_wire(bytes) {
        assert!(key.wire() == bytes, "two wire formats");
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(key) = PublicKey::listed(text) {
        listed(text, &key);
    }
    if let Ok(fingerprint) = text.parse::<Fingerprint>() {
        assert_eq!(fingerprint.to_string(), text);
    }
    if let Ok(signature) = text.parse::<Signature>() {
        assert_eq!(signature.to_string(), text);
        let counts = public("ja")
            .verify(Namespace::Index, b"x", &signature)
            .is_ok();
        let honest = private("ja").sign(Namespace::Index, b"x");
        assert_eq!(counts, signature == honest, "a signature of nobody");
    }
    if let Ok((key, namespace, signature)) = from_armour(text) {
        let printed = armour(&key, namespace, &signature);
        let again = from_armour(&printed).unwrap();
        assert!(again == (key.clone(), namespace, signature));
        let theirs: ssh_key::SshSig = printed.parse().unwrap();
        assert_eq!(theirs.namespace(), namespace.as_str());
        let theirs = ssh_key::PublicKey::from(theirs.public_key().clone());
        assert!(theirs.to_bytes().unwrap() == key.wire());
    }
    if Policy::new(text, None).is_ok() {
        anchors(text);
    }
}

fn listed(text: &str, key: &PublicKey) {
    assert_eq!(key.to_string(), text);
    let theirs = ssh_key::PublicKey::from_openssh(text).unwrap();
    assert!(theirs.to_bytes().unwrap() == key.wire(), "ssh-key differs");
    let point = VerifyingKey::from_bytes(key.point());
    let is_good =
        point.is_ok_and(|p| !p.is_weak() && p.to_edwards().compress().as_bytes() == key.point());
    assert_eq!(key.usable().is_ok(), is_good);
    assert_eq!(text.parse::<PublicKey>().is_ok(), is_good);
    assert_eq!(PublicKey::from_wire(&key.wire()).is_ok(), is_good);
}

/// Words in another order, or twice the same fingerprint, are the same; a word that is not known
/// is refused.
fn anchors(text: &str) {
    let mut words: Vec<&str> = text.split(',').collect();
    words.reverse();
    assert!(
        Policy::new(&words.join(","), None).is_ok(),
        "an order of words"
    );
    if words.len() > MOST {
        return;
    }
    let one = words.iter().find(|word| word.starts_with("blake2b="));
    let one = one.expect("anchors without a fingerprint");
    assert!(Policy::new(&format!("{text},{one}"), None).is_ok());
    assert!(Policy::new(&format!("{text},x"), None).is_err());
}

/// A key, a hardware key, a fingerprint, signatures in both forms, and anchors.
pub fn material() -> Vec<Vec<u8>> {
    let signature = private("ja").sign(Namespace::Index, b"x");
    let (a, b) = (fingerprint("ja"), fingerprint("jb"));
    let hardware = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIG56HN0psLeP0Tr0xVmP7/TvKpcWbjym8uT7/M2AUFvxAAAABHNzaDo=";
    let texts = [
        public("ja").to_string(),
        hardware.to_owned(),
        a.to_string(),
        signature.to_string(),
        armour(&public("ja"), Namespace::Index, &signature),
        format!("{a},{b},quorum=2,snapshot=1.3,claims=0.2,unsigned=covered"),
        format!("{b},link={a}"),
    ];
    let texts = texts.into_iter().map(String::into_bytes);
    let keys = [public("ja"), hardware.parse().unwrap()];
    texts.chain(keys.iter().map(PublicKey::wire)).collect()
}
