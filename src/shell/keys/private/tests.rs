//! Private key files that are damaged, hostile, or of the wrong kind.

use super::*;
use conex_verify::format::key::put;

fn example(passphrase: Option<&str>) -> (UnlockedKey, Vec<u8>) {
    let key = UnlockedKey::from_seed(&[7; 32]).unwrap();
    let text = key.to_openssh("author-a", passphrase).unwrap();
    (key, text.as_bytes().to_vec())
}

fn blob(text: &[u8]) -> Vec<u8> {
    PrivateFile::parse(text).unwrap().blob.to_vec()
}

fn wrap(blob: &[u8]) -> String {
    format!("{BEGIN}\n{}\n{END}\n", Base64::encode_string(blob))
}

fn parse(blob: &[u8]) -> Result<PrivateFile, PrivateKeyError> {
    PrivateFile::parse(wrap(blob).as_bytes())
}

/// The outside of a file, and nothing inside.
fn outside_of(cipher: &[u8], kdf: &[u8], options: &[u8], count: u32, key: &[u8]) -> Vec<u8> {
    let mut blob = MAGIC.to_vec();
    put(&mut blob, cipher);
    put(&mut blob, kdf);
    put(&mut blob, options);
    blob.extend(count.to_be_bytes());
    put(&mut blob, key);
    put(&mut blob, &[0; 160]);
    blob
}

fn bcrypt(rounds: u32) -> Vec<u8> {
    let mut options = Vec::new();
    put(&mut options, &[1; 16]);
    options.extend(rounds.to_be_bytes());
    options
}

#[test]
fn what_is_written_is_unlocked() {
    for passphrase in [None, Some("x"), Some("a long one, with ünïcode")] {
        let (key, text) = example(passphrase);
        let file = PrivateFile::parse(&text).unwrap();
        assert_eq!(file.public(), key.public());
        assert_eq!(file.is_encrypted(), passphrase.is_some());
        let again = file.unlock(passphrase).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(
            again.sign(Namespace::Index, b"m").unwrap(),
            key.sign(Namespace::Index, b"m").unwrap()
        );
    }
    let (key, _) = example(None);
    assert!(
        key.to_openssh("a", Some("")).is_err(),
        "encrypted with nothing"
    );
}

/// Two keys that are made are two keys; two files of one key share no salt.
#[test]
fn keys_and_salts_are_random() {
    let keys = [(); 2].map(|()| UnlockedKey::generate().unwrap());
    assert_ne!(keys[0].public(), keys[1].public());
    assert_ne!(example(Some("x")).1, example(Some("x")).1);
}

/// Attack: a file that asks for 2^32 rounds keeps conex busy for a year.
#[test]
fn rounds_are_bounded_before_they_are_done() {
    let key = example(None).0.public().wire();
    for rounds in [MAX_KDF_ROUNDS + 1, u32::MAX] {
        let blob = outside_of(b"aes256-ctr", b"bcrypt", &bcrypt(rounds), 1, &key);
        let error = parse(&blob).unwrap_err();
        assert_eq!(error, PrivateKeyError::Rounds(rounds));
        assert!(error.hint().unwrap().contains("ssh-keygen -p -a"));
    }
    let blob = outside_of(b"aes256-ctr", b"bcrypt", &bcrypt(MAX_KDF_ROUNDS), 1, &key);
    assert!(parse(&blob).is_ok());
}

/// Everything on the outside of a file that is not understood is refused.
#[test]
fn the_outside_is_judged() {
    use PrivateKeyError as E;
    let key = example(None).0.public().wire();
    let none = |count, key: &[u8]| parse(&outside_of(b"none", b"none", b"", count, key));
    assert!(none(1, &key).is_ok());
    assert!(matches!(none(0, &key), Err(E::Damaged(_))));
    assert!(matches!(none(2, &key), Err(E::Damaged(_))));
    assert!(matches!(none(1, b""), Err(E::Key(_))));
    let mut weak = Vec::new();
    put(&mut weak, b"ssh-ed25519");
    put(&mut weak, &[0; 32]);
    assert_eq!(none(1, &weak).unwrap_err(), E::Key(KeyError::Weak));
    for (cipher, kdf, options) in [
        (&b"none"[..], &b"bcrypt"[..], bcrypt(16)),
        (b"aes256-ctr", b"none", Vec::new()),
        (b"none", b"none", vec![0]),
        (b"aes256-ctr", b"bcrypt", bcrypt(0)),
        (b"aes256-ctr", b"bcrypt", vec![0; 8]),
        (b"aes256-ctr", b"bcrypt", [bcrypt(1), vec![0]].concat()),
        (b"aes256-ctr", b"bcrypt", Vec::new()),
    ] {
        let blob = outside_of(cipher, kdf, &options, 1, &key);
        assert!(matches!(parse(&blob), Err(E::Damaged(_))));
    }
    let blob = outside_of(b"aes256-ctr", b"argon2", b"", 1, &key);
    assert_eq!(parse(&blob).unwrap_err(), E::Kdf("argon2".into()));
    let blob = outside_of(b"\xff\x1b[2J", b"bcrypt", b"", 1, &key);
    let text = parse(&blob).unwrap_err().to_string();
    assert!(!text.contains('\x1b'), "{text}");
}

/// A hardware key's file: the public half can be used, the private one is not there.
#[test]
fn the_file_of_a_hardware_key_is_understood() {
    let mut key = Vec::new();
    put(&mut key, b"sk-ssh-ed25519@openssh.com");
    put(&mut key, example(None).0.public().point());
    put(&mut key, b"ssh:");
    let file = parse(&outside_of(b"none", b"none", b"", 1, &key)).unwrap();
    assert_eq!(file.public().kind(), KeyKind::SkEd25519);
    let error = file.unlock(None).unwrap_err();
    assert_eq!(error, PrivateKeyError::Hardware);
    assert!(error.hint().unwrap().contains("ssh-add"));
}

/// Attack: a public half that is not that of the private one makes Ed25519 give the
/// private key away. In every place where the file has it.
#[test]
fn halves_that_do_not_fit_are_refused() {
    let (_, text) = example(None);
    let blob = blob(&text);
    let point = *example(None).0.public().point();
    let other = *UnlockedKey::from_seed(&[8; 32]).unwrap().public().point();
    let places: Vec<usize> = (0..blob.len() - 31)
        .filter(|at| blob[*at..*at + 32] == point)
        .collect();
    assert_eq!(places.len(), 3);
    for mask in 1..8_usize {
        let mut bad = blob.clone();
        for (bit, at) in places.iter().enumerate() {
            if mask >> bit & 1 == 1 {
                bad[*at..*at + 32].copy_from_slice(&other);
            }
        }
        assert!(parse(&bad).unwrap().unlock(None).is_err(), "{mask}");
    }
}

/// Whatever is cut off or altered: an error or the same key, never a panic.
#[test]
fn damaged_files_are_refused() {
    let (key, text) = example(None);
    for len in 0..text.len() - 1 {
        assert!(PrivateFile::parse(&text[..len]).is_err());
    }
    let blob = blob(&text);
    for len in 0..blob.len() {
        let cut = parse(&blob[..len]).and_then(|file| file.unlock(None));
        assert!(cut.is_err(), "{len}");
    }
    for at in 0..blob.len() {
        for change in [1, 0x80, 0xff] {
            let mut bad = blob.clone();
            bad[at] ^= change;
            if let Ok(read) = parse(&bad).and_then(|file| file.unlock(None)) {
                // The comment is free.
                assert_eq!(read.public(), key.public(), "{at}");
            }
        }
    }
    let longer = [&blob[..], &[0]].concat();
    assert!(parse(&longer).unwrap().unlock(None).is_err());
}

/// The same for an encrypted file, with as few rounds as there can be.
#[test]
fn damaged_encrypted_files_are_refused() {
    let pair = Ed25519Keypair::from_seed(&[7; 32]);
    for cipher in [
        Cipher::Aes256Ctr,
        Cipher::Aes256Cbc,
        Cipher::ChaCha20Poly1305,
    ] {
        let kdf = Kdf::Bcrypt {
            salt: vec![1; 16],
            rounds: 1,
        };
        let key = PrivateKey::from(pair.clone());
        let key = key.encrypt_with(cipher, kdf, 5, "secret").unwrap();
        let blob = key.to_bytes().unwrap();
        assert!(parse(&blob).unwrap().unlock(Some("secret")).is_ok());
        for at in 0..blob.len() {
            let mut bad = blob.to_vec();
            bad[at] ^= 0x40;
            // A round count of 2^30 must not be tried: `parse` refuses it.
            if let Ok(read) = parse(&bad).and_then(|file| file.unlock(Some("secret"))) {
                assert_eq!(read.public().point(), pair.public.as_ref(), "{at}");
            }
        }
        for len in 0..blob.len() {
            let cut = parse(&blob[..len]).and_then(|file| file.unlock(Some("secret")));
            assert!(cut.is_err(), "{len}");
        }
    }
}

/// Other things that people give.
#[test]
fn other_files_are_refused_by_name() {
    for (text, wanted) in [
        ("", PrivateKeyError::NotAKey),
        ("ssh-ed25519 AAAA a@b", PrivateKeyError::NotAKey),
        (BEGIN, PrivateKeyError::Damaged("its last line is missing")),
        // `ssh-keygen` takes no end that is part of a line.
        (
            &format!("{BEGIN}\nAAAA{END}\n"),
            PrivateKeyError::Damaged("its last line is missing"),
        ),
        (
            "PuTTY-User-Key-File-3: ssh-ed25519\n",
            PrivateKeyError::Format("PuTTY"),
        ),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
            PrivateKeyError::Format("PKCS#8, encrypted"),
        ),
        (
            "-----BEGIN PRIVATE KEY-----\n",
            PrivateKeyError::Damaged("its last line is missing"),
        ),
    ] {
        let error = PrivateFile::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error, wanted);
        assert!(error.hint().is_some());
    }
    assert_eq!(
        PrivateFile::parse(b"\xff\xfe").unwrap_err(),
        PrivateKeyError::NotAKey
    );
}

/// No way of printing shows a secret.
#[test]
fn nothing_secret_is_shown() {
    let (key, text) = example(None);
    let file = PrivateFile::parse(&text).unwrap();
    for shown in [format!("{key:?}"), format!("{file:?}")] {
        assert!(shown.contains("ssh-ed25519 "));
        assert!(!shown.contains("7, 7") && !shown.contains("0707") && !shown.contains("BwcH"));
    }
}
