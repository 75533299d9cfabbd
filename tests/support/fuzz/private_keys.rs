//! Private keys: what is unlocked signs for the public half that the file names, and `ssh-key`
//! reads the same key.

use base64ct::{Base64, Encoding as _};
use conex::shell::keys::{PrivateFile, Signer as _, UnlockedKey};
use conex_verify::format::key::Namespace;

/// What stands before the base64 text, and behind it, in both formats that are read.
const FRAMES: [(&str, &str); 2] = [
    (
        "-----BEGIN OPENSSH PRIVATE KEY-----\n",
        "\n-----END OPENSSH PRIVATE KEY-----\n",
    ),
    (
        "-----BEGIN PRIVATE KEY-----\n",
        "\n-----END PRIVATE KEY-----\n",
    ),
];

pub fn holds(bytes: &[u8]) {
    file(bytes);
    // The bytes inside the text: a letter that is none of base64 would hide the rest.
    for (before, after) in FRAMES {
        let text = [before, &Base64::encode_string(bytes), after].concat();
        file(text.as_bytes());
    }
}

fn file(text: &[u8]) {
    let rewritten = PrivateFile::rewritten(text);
    let Ok(file) = PrivateFile::parse(text) else {
        return;
    };
    assert!(PrivateFile::looks_like(text), "a key that looks like none");
    let unlocked = file.unlock(None);
    if file.is_encrypted() {
        assert!(unlocked.is_err(), "unlocked without a passphrase");
        return;
    }
    let Ok(key) = unlocked else { return };
    assert_eq!(key.public(), file.public());
    let signature = key.sign(Namespace::Index, b"x").unwrap();
    let counts = file.public().verify(Namespace::Index, b"x", &signature);
    assert_eq!(counts, Ok(()));
    let again = key.to_openssh("", None).unwrap();
    let again = PrivateFile::parse(again.as_bytes()).unwrap();
    assert_eq!(again.public(), file.public());
    if let Ok(None) = rewritten {
        let theirs = ssh_key::PrivateKey::from_openssh(framed(text)).unwrap();
        let theirs = theirs.public_key().to_bytes().unwrap();
        assert!(theirs == file.public().wire(), "ssh-key differs");
    }
}

/// The bytes of a key file.
fn blob(text: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(text).unwrap().trim_ascii();
    let lines = text.lines().map(str::trim_ascii);
    let body: String = lines.filter(|line| !line.starts_with('-')).collect();
    Base64::decode_vec(&body).unwrap()
}

/// The same key in lines as OpenSSH writes them: blanks around them are none of `ssh-key`'s.
fn framed(text: &[u8]) -> String {
    let body = Base64::encode_string(&blob(text));
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let (before, after) = FRAMES[0];
    [before, &lines.join("\n"), after].concat()
}

/// A key in the clear as text and as bytes, one that is encrypted, and one of PKCS#8.
pub fn material() -> Vec<Vec<u8>> {
    let key = UnlockedKey::from_seed(&[7; 32]).unwrap();
    let clear = key
        .to_openssh("somebody", None)
        .unwrap()
        .as_bytes()
        .to_vec();
    let encrypted = key.to_openssh("", Some("x")).unwrap().as_bytes().to_vec();
    let pkcs8 = [
        b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".as_slice(),
        &[7; 32],
    ]
    .concat();
    vec![blob(&clear), blob(&encrypted), clear, encrypted, pkcs8]
}
