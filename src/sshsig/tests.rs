//! Envelopes that are not exactly those that conex or `ssh-keygen` makes.

use super::*;

fn example() -> (PublicKey, Namespace, Signature) {
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let public = PublicKey::ed25519(key.verifying_key().as_bytes()).unwrap();
    (public, Namespace::Index, Signature::ed25519([3; 64]))
}

fn hardware() -> (PublicKey, Namespace, Signature) {
    let (plain, namespace, _) = example();
    let mut wire = Vec::new();
    put(&mut wire, KeyKind::SkEd25519.as_str().as_bytes());
    put(&mut wire, plain.point());
    put(&mut wire, b"ssh:");
    let presence = Presence {
        flags: 1,
        counter: 0x0102_0304,
    };
    let key = PublicKey::from_wire(&wire).unwrap();
    (key, namespace, Signature::sk_ed25519([3; 64], presence))
}

fn text_of((key, namespace, signature): &(PublicKey, Namespace, Signature)) -> String {
    armour(key, *namespace, signature)
}

/// The fields of a blob, to be changed one at a time.
fn blob(change: impl Fn(usize, Vec<u8>) -> Vec<u8>) -> String {
    let (key, namespace, signature) = example();
    let mut blob = change(0, [MAGIC, &VERSION.to_be_bytes()].concat());
    for (at, field) in [
        key.wire(),
        namespace.as_str().into(),
        Vec::new(),
        HASH.into(),
        signature_wire(&signature),
    ]
    .into_iter()
    .enumerate()
    {
        put(&mut blob, &change(at + 1, field));
    }
    blob.extend(change(6, Vec::new()));
    wrap(&blob)
}

fn wrap(blob: &[u8]) -> String {
    let base64 = Base64::encode_string(blob);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(LINE)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
}

fn with(field: usize, bytes: &[u8]) -> Result<(PublicKey, Namespace, Signature), ArmourError> {
    from_armour(&blob(
        |at, old| {
            if at == field { bytes.to_vec() } else { old }
        },
    ))
}

#[test]
fn what_is_written_is_read() {
    for one in [example(), hardware()] {
        assert_eq!(from_armour(&text_of(&one)).unwrap(), one);
    }
    assert_eq!(blob(|_, old| old), text_of(&example()));
}

/// Attack: envelopes that say something else than what is verified.
#[test]
fn every_field_is_judged() {
    use ArmourError as E;
    assert_eq!(with(0, b"SSHSIG\0\0\0\x02"), Err(E::Version(2)));
    assert_eq!(with(0, b"SSHSIG\0\0\0\0"), Err(E::Version(0)));
    assert!(matches!(with(0, b"SSHSIH\0\0\0\x01"), Err(E::Blob(_))));
    assert!(matches!(with(1, b""), Err(E::Key(_))));
    assert_eq!(with(2, b"git"), Err(E::Namespace("git".into())));
    assert_eq!(with(2, b""), Err(E::Namespace(String::new())));
    assert_eq!(with(3, b"x"), Err(E::Reserved(1)));
    assert_eq!(with(4, b"sha256"), Err(E::Hash("sha256".into())));
    assert!(matches!(with(5, b""), Err(E::Blob(_))));
    assert!(matches!(
        with(5, &signature_wire(&hardware().2)),
        Err(E::Kind { .. })
    ));
    let longer = [signature_wire(&example().2), vec![0]].concat();
    assert!(matches!(with(5, &longer), Err(E::Blob(_))));
    assert!(matches!(with(6, b"\0"), Err(E::Blob(_))));
}

/// Attack: a signature hidden in, or followed by, something else.
#[test]
fn only_the_lines_of_ssh_keygen_are_taken() {
    let good = text_of(&example());
    // What copying and mail make of it.
    for fine in [good.replace('\n', "\r\n"), good.trim_end().to_owned()] {
        assert_eq!(from_armour(&fine).unwrap(), example());
    }
    let body: String = good.lines().filter(|line| !line.starts_with('-')).collect();
    for bad in [
        String::new(),
        format!("\n{good}"),
        format!("{good}\n"),
        format!("{good}x"),
        format!("{good}{good}"),
        format!("x{good}"),
        good.replace(END, ""),
        good.replace(BEGIN, "-----BEGIN PGP SIGNATURE-----"),
        good.replacen("\nU", "\n U", 1),
        good.replacen("-----\n", "-----\n\n", 1),
        good.replace("SSH SIGNATURE-----\n", "SSH SIGNATURE-----"),
        format!("{BEGIN}\n{body}\n{END}\n"),
        good.replacen('\n', " \n", 1),
        format!("{BEGIN}{END}"),
        format!("{BEGIN}\n{END}"),
        "A".repeat(MAX_ARMOUR_LEN + 1),
    ] {
        assert!(from_armour(&bad).is_err(), "{bad}");
    }
}

/// Whatever is cut off or altered is refused or is another signature, and never panics.
#[test]
fn damaged_envelopes_are_refused() {
    for one in [example(), hardware()] {
        let good = text_of(&one);
        for len in 0..good.len() - 1 {
            assert!(from_armour(&good[..len]).is_err(), "{len}");
        }
        for at in 0..good.len() {
            for new in [b'A', b'/', b'=', b'\n', b'-', b' ', 0] {
                let mut bytes = good.clone().into_bytes();
                bytes[at] = new;
                let text = String::from_utf8(bytes).unwrap();
                // Only the bytes of the signature and a namespace are free.
                if let Ok(read) = from_armour(&text) {
                    assert_eq!(text_of(&read).trim_end(), text.trim_end());
                }
            }
        }
    }
}
