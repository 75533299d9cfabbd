//! Stock OpenSSH is the oracle: what conex signs `ssh-keygen -Y verify` accepts, what
//! `ssh-keygen -Y sign` makes conex takes in, and each reads the key files of the other.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::openssh::{
    id, keygen, ok, oracle, parse, phrase, public, run, their_armour, they_accept,
};
use conex::shell::keys::passphrase::{Nobody, PassphraseError, unlock};
use conex::shell::keys::private::PrivateKeyError;
use conex::shell::keys::store::{Existing, PrivateHalf, StoreError};
use conex::shell::keys::{KeyStore, Passphrase, Passphrases, PublicLine, Signer, UnlockedKey};
use conex::sshsig::{ArmourError, armour, from_armour};
use conex_verify::format::key::{Namespace, Presence, PublicKey, Signature, put, sshsig_bytes};
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const MESSAGES: [&[u8]; 3] = [b"", b"a segment\n", &[0xff; 5000]];

/// User story: a sceptic checks every signature of a repository without conex.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn ssh_keygen_accepts_what_conex_signs() {
    if !oracle("ssh-keygen") {
        return;
    }
    let key = UnlockedKey::generate().unwrap();
    for namespace in Namespace::ALL {
        for message in MESSAGES {
            let text = armour(
                key.public(),
                namespace,
                &key.sign(namespace, message).unwrap(),
            );
            let name = namespace.as_str();
            assert!(they_accept(key.public(), name, message, &text));
            // What they accept they also refuse: the oracle is not simply content.
            assert!(!they_accept(key.public(), name, b"another", &text));
            assert!(!they_accept(key.public(), "conex-other-v1", message, &text));
        }
    }
}

/// User story: an author whose key must not be touched by conex signs with
/// `ssh-keygen`. Ed25519 is deterministic, so the bytes have to be the same.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn conex_takes_in_what_ssh_keygen_signs() {
    if !oracle("ssh-keygen") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let path = keygen(&dir, "key", &["-t", "ed25519"], "");
    let ours = parse(&path).unwrap().unlock(None).unwrap();
    for namespace in Namespace::ALL {
        for message in MESSAGES {
            let text = their_armour(&path, namespace.as_str(), message, &[]);
            let (key, found, signature) = from_armour(&text).unwrap();
            assert_eq!((&key, found), (&public(&path), namespace));
            key.verify(namespace, message, &signature).unwrap();
            assert_eq!(armour(&key, found, &signature), text);
            assert_eq!(ours.sign(namespace, message).unwrap(), signature);
        }
    }
}

/// Attack: a signature made for something else (a commit, an email), or over a weaker
/// hash, is handed in.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn other_namespaces_and_hashes_are_refused() {
    if !oracle("ssh-keygen") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let path = keygen(&dir, "key", &["-t", "ed25519"], "");
    let text = their_armour(&path, "git", b"m", &[]);
    assert_eq!(
        from_armour(&text),
        Err(ArmourError::Namespace("git".into()))
    );
    let text = their_armour(&path, "conex-index-v1", b"m", &["-O", "hashalg=sha256"]);
    let error = from_armour(&text).unwrap_err();
    assert_eq!(error, ArmourError::Hash("sha256".into()));
    assert!(error.hint().unwrap().contains("hashalg"));
    let path = keygen(&dir, "rsa", &["-t", "rsa", "-b", "2048"], "");
    let text = their_armour(&path, "conex-index-v1", b"m", &[]);
    assert!(matches!(from_armour(&text), Err(ArmourError::Key(_))));
}

/// User story: an author's SSH key has a passphrase, in any way that OpenSSH ever
/// encrypted one.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn files_with_a_passphrase_are_unlocked() {
    if !oracle("ssh-keygen") {
        return;
    }
    let dir = TempDir::new().unwrap();
    for cipher in [
        "", // whatever this OpenSSH takes
        "aes128-cbc",
        "aes192-cbc",
        "aes256-cbc",
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "chacha20-poly1305@openssh.com",
    ] {
        let name = cipher.replace(['@', '.'], "-") + "-key";
        let mut options = vec!["-t", "ed25519"];
        if !cipher.is_empty() {
            options.extend(["-a", "2", "-Z", cipher]);
        }
        let path = keygen(&dir, &name, &options, "correct horse");
        let file = parse(&path).unwrap();
        assert!(file.is_encrypted());
        assert_eq!(file.public(), &public(&path));
        assert_eq!(
            file.unlock(None).unwrap_err(),
            PrivateKeyError::Encrypted,
            "{cipher}"
        );
        for wrong in ["correct horsf", "", "correct horse "] {
            let error = file.unlock(Some(wrong)).unwrap_err();
            assert_eq!(error, PrivateKeyError::WrongPassphrase, "{cipher}");
        }
        let key = file.unlock(Some("correct horse")).unwrap();
        let signature = key.sign(Namespace::Index, b"m").unwrap();
        let text = armour(key.public(), Namespace::Index, &signature);
        assert!(they_accept(&public(&path), "conex-index-v1", b"m", &text));
    }
}

/// An encryption that nobody should use any more is refused by name, not as damaged.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn triple_des_is_refused_by_name() {
    if !oracle("ssh-keygen") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let path = keygen(
        &dir,
        "key",
        &["-t", "ed25519", "-Z", "3des-cbc", "-a", "1"],
        "secret",
    );
    let error = parse(&path).unwrap_err();
    assert_eq!(error, PrivateKeyError::Cipher("3des-cbc".into()));
    assert!(error.hint().unwrap().contains("ssh-keygen -p"));
}

/// User story: an author has an RSA key, or an old format, and must learn what to do.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn other_types_and_formats_are_refused_with_a_hint() {
    if !oracle("ssh-keygen") {
        return;
    }
    let dir = TempDir::new().unwrap();
    for (name, options, needle) in [
        ("rsa", &["-t", "rsa", "-b", "2048"][..], "\"ssh-rsa\""),
        ("ecdsa", &["-t", "ecdsa"], "\"ecdsa-sha2-nistp256\""),
        (
            "rsa-pem",
            &["-t", "rsa", "-b", "2048", "-m", "PEM"],
            "PEM, RSA",
        ),
        ("ecdsa-pem", &["-t", "ecdsa", "-m", "PEM"], "PEM, ECDSA"),
        (
            "rsa-8",
            &["-t", "rsa", "-b", "2048", "-m", "PKCS8"],
            "PKCS#8",
        ),
    ] {
        let path = keygen(&dir, name, options, "");
        let error = parse(&path).unwrap_err();
        assert!(error.to_string().contains(needle), "{name}: {error}");
        assert!(error.hint().unwrap().contains("conex key new"), "{name}");
        let line = fs::read_to_string(path.with_extension("pub")).unwrap();
        let error = PublicLine::parse(&line).unwrap_err();
        assert!(error.hint().unwrap().contains("conex key new"), "{name}");
    }
}

/// User story: a key made by conex is an SSH key like any other.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn ssh_keygen_reads_what_the_store_writes() {
    if !oracle("ssh-keygen") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let store = KeyStore::at(dir.path().join("keys"));
    for (name, passphrase) in [
        ("author-a", None),
        ("author-b", Some(phrase("böse secret"))),
    ] {
        let name = id(name);
        let key = store
            .new_key(&name, passphrase.as_ref(), Existing::Keep)
            .unwrap();
        let mut command = Command::new("ssh-keygen");
        command.args([
            "-y",
            "-P",
            passphrase.as_ref().map_or("", |p| p.as_str()),
            "-f",
        ]);
        let line = ok(command.arg(store.private_path(&name)), b"");
        // An encrypted file gives its comment away only together with the key.
        assert_eq!(PublicLine::parse(&line).unwrap().key, key);
        assert_eq!(PublicLine::parse(&line).unwrap().comment, name.as_str());
        let file = store.private(&name).unwrap();
        assert_eq!(file.is_encrypted(), passphrase.is_some());
        let key = file
            .unlock(passphrase.as_ref().map(|p| p.as_str()))
            .unwrap();
        key.sign(Namespace::Snapshot, b"m").unwrap();
        if passphrase.is_some() {
            let mut command = Command::new("ssh-keygen");
            command.args(["-y", "-P", "wrong", "-f"]);
            let output = run(command.arg(store.private_path(&name)), b"");
            assert!(!output.status.success());
        }
    }
}

/// User story: an author imports the SSH key that they push with.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn keys_made_by_ssh_keygen_are_imported() {
    if !oracle("ssh-keygen") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let store = KeyStore::at(dir.path().join("keys"));
    let clear = keygen(&dir, "clear", &["-t", "ed25519"], "");
    let locked = keygen(&dir, "locked", &["-t", "ed25519", "-a", "2"], "secret");
    let info = store.import(&id("a"), &clear, Existing::Keep).unwrap();
    assert_eq!(
        (info.public, info.private),
        (public(&clear), PrivateHalf::Clear)
    );
    let info = store.import(&id("b"), &locked, Existing::Keep).unwrap();
    assert_eq!(
        (info.public, info.private),
        (public(&locked), PrivateHalf::Encrypted)
    );
    assert_eq!(
        fs::read(&locked).unwrap(),
        fs::read(store.private_path(&id("b"))).unwrap(),
        "stays encrypted as it was"
    );
    let info = store
        .import(&id("c"), &clear.with_extension("pub"), Existing::Keep)
        .unwrap();
    assert_eq!(
        (info.public, info.private),
        (public(&clear), PrivateHalf::Elsewhere)
    );
    assert!(matches!(
        store.import(&id("c"), &locked, Existing::Keep),
        Err(StoreError::Exists { .. })
    ));
    fs::set_permissions(&clear, fs::Permissions::from_mode(0o640)).unwrap();
    let error = store.import(&id("d"), &clear, Existing::Keep).unwrap_err();
    assert_eq!(
        error.hint().unwrap(),
        format!("run `chmod 600 {}`", clear.display())
    );
    assert_eq!(store.list().unwrap().len(), 3);
}

/// A hardware key in software: what a token does by `PROTOCOL.u2f`.
struct Token {
    key: ed25519_dalek::SigningKey,
    application: &'static str,
}

impl Token {
    fn public(&self) -> PublicKey {
        let mut wire = Vec::new();
        put(&mut wire, b"sk-ssh-ed25519@openssh.com");
        put(&mut wire, self.key.verifying_key().as_bytes());
        put(&mut wire, self.application.as_bytes());
        PublicKey::from_wire(&wire).unwrap()
    }

    fn sign(&self, flags: u8, counter: u32, namespace: Namespace, message: &[u8]) -> Signature {
        let mut signed = Sha256::digest(self.application.as_bytes()).to_vec();
        signed.push(flags);
        signed.extend_from_slice(&counter.to_be_bytes());
        signed.extend_from_slice(&Sha256::digest(sshsig_bytes(namespace, message)));
        let bytes = self.key.sign(&signed).to_bytes();
        Signature::sk_ed25519(bytes, Presence { flags, counter })
    }
}

/// Hardware keys: OpenSSH and conex agree on what they sign.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn ssh_keygen_accepts_signatures_of_hardware_keys() {
    if !oracle("ssh-keygen") {
        return;
    }
    for application in ["ssh:", "ssh:work"] {
        let token = Token {
            key: ed25519_dalek::SigningKey::from_bytes(&[7; 32]),
            application,
        };
        for (flags, counter) in [(0x01, 0), (0x05, 77), (0x01, u32::MAX)] {
            let signature = token.sign(flags, counter, Namespace::Janitors, b"link");
            let key = token.public();
            key.verify(Namespace::Janitors, b"link", &signature)
                .unwrap();
            let text = armour(&key, Namespace::Janitors, &signature);
            assert!(they_accept(&key, "conex-janitors-v1", b"link", &text));
            assert!(!they_accept(&key, "conex-janitors-v1", b"other", &text));
            assert_eq!(
                from_armour(&text).unwrap(),
                (key, Namespace::Janitors, signature)
            );
        }
    }
}

/// Counts how often it is asked.
struct Counting(usize);

impl Passphrases for Counting {
    fn tries(&self) -> u32 {
        3
    }

    fn ask(&mut self, _: &str) -> Result<Passphrase, PassphraseError> {
        self.0 += 1;
        Ok(phrase(if self.0 == 3 { "secret" } else { "wrong" }))
    }
}

/// A person may mistype twice, and no more.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_person_has_three_tries() {
    if !oracle("ssh-keygen") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let path = keygen(&dir, "key", &["-t", "ed25519", "-a", "2"], "secret");
    let file = parse(&path).unwrap();
    let mut asked = Counting(0);
    unlock(&file, "the key", &mut asked).unwrap();
    assert_eq!(asked.0, 3);
    let mut asked = Counting(10);
    assert!(unlock(&file, "the key", &mut asked).is_err());
    assert_eq!(asked.0, 13);
    // Nobody is asked for what is open.
    let path = keygen(&dir, "open", &["-t", "ed25519"], "");
    unlock(&parse(&path).unwrap(), "the key", &mut Nobody).unwrap();
}
