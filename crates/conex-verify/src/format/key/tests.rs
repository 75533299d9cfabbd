//! Keys that must not count, and signatures that must not verify.

use ed25519_dalek::{Signer as _, SigningKey};

use super::*;

fn bytes(hex: &str) -> [u8; 32] {
    let digits: Vec<u8> = hex
        .chars()
        .map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap())
        .collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect();
    bytes.try_into().unwrap()
}

fn secret() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn plain() -> PublicKey {
    PublicKey::ed25519(secret().verifying_key().as_bytes()).unwrap()
}

fn wire(kind: &str, point: &[u8], application: Option<&str>) -> Vec<u8> {
    let mut wire = Vec::new();
    put(&mut wire, kind.as_bytes());
    put(&mut wire, point);
    if let Some(application) = application {
        put(&mut wire, application.as_bytes());
    }
    wire
}

const SK: &str = "sk-ssh-ed25519@openssh.com";

fn token(application: &str) -> PublicKey {
    let point = *secret().verifying_key().as_bytes();
    PublicKey::from_wire(&wire(SK, &point, Some(application))).unwrap()
}

fn sign(namespace: Namespace, message: &[u8]) -> Signature {
    Signature::ed25519(secret().sign(&sshsig_bytes(namespace, message)).to_bytes())
}

/// What a token does, by `PROTOCOL.u2f`.
fn touch(application: &str, flags: u8, counter: u32, message: &[u8]) -> Signature {
    let mut signed = Sha256::digest(application.as_bytes()).to_vec();
    signed.push(flags);
    signed.extend_from_slice(&counter.to_be_bytes());
    signed.extend_from_slice(&Sha256::digest(sshsig_bytes(Namespace::Index, message)));
    let bytes = secret().sign(&signed).to_bytes();
    Signature::sk_ed25519(bytes, Presence { flags, counter })
}

/// Attack: an anchor or an author's key for which anyone can sign. All eight points of
/// small order, in canonical form ("Taming the many EdDSAs", table 1).
#[test]
fn every_point_of_small_order_is_weak() {
    for hex in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ] {
        let point = bytes(hex);
        assert_eq!(PublicKey::ed25519(&point), Err(KeyError::Weak), "{hex}");
        for (kind, application) in [("ssh-ed25519", None), (SK, Some("ssh:"))] {
            let wire = wire(kind, &point, application);
            assert_eq!(PublicKey::from_wire(&wire), Err(KeyError::Weak), "{hex}");
        }
    }
}

/// Attack: one key written in two ways counts as two supporters. Every y at or above
/// the prime, and the two points with x = 0 and a sign.
#[test]
fn every_second_way_to_write_a_point_is_refused() {
    let mut twice = Vec::new();
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            let mut point = [0xff; 32];
            (point[0], point[31]) = (low, high);
            twice.push(point);
        }
    }
    twice.push(bytes(
        "0100000000000000000000000000000000000000000000000000000000000080",
    ));
    twice.push(bytes(
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ));
    for point in twice {
        let result = PublicKey::ed25519(&point);
        assert_eq!(result, Err(KeyError::Point), "{point:02x?}");
    }
}

/// Not every y is on the curve: 2 is the smallest that is not.
#[test]
fn bytes_that_are_no_point_are_refused() {
    let mut point = [0; 32];
    point[0] = 2;
    assert_eq!(PublicKey::ed25519(&point), Err(KeyError::Point));
}

/// A file may list a key that cannot be used; everything else that reads or uses one looks.
#[test]
fn a_listed_key_is_not_a_usable_one() {
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    let twice = [0xff; 32];
    for (point, why) in [
        ([0; 32], KeyError::Weak),
        (off_curve, KeyError::Point),
        (twice, KeyError::Point),
    ] {
        for (kind, application) in [("ssh-ed25519", None), (SK, Some("ssh:"))] {
            let wire = wire(kind, &point, application);
            let text = format!("{kind} {}", Base64::encode_string(&wire));
            let key = PublicKey::listed(&text).unwrap();
            assert_eq!(key.to_string(), text);
            assert_eq!(key.fingerprint(), Fingerprint(Digest::of(&wire)));
            assert_eq!(key.usable(), Err(why.clone()));
            assert_eq!(text.parse::<PublicKey>(), Err(why.clone()));
            assert_eq!(PublicKey::from_wire(&wire), Err(why.clone()));
            // `R` = the neutral point and `S` = 0.
            let mut bytes = [0; 64];
            bytes[0] = 1;
            let signature = match application {
                None => Signature::ed25519(bytes),
                Some(_) => Signature::sk_ed25519(
                    bytes,
                    Presence {
                        flags: USER_PRESENT,
                        counter: 1,
                    },
                ),
            };
            let verified = key.verify(Namespace::Index, b"anything", &signature);
            assert_eq!(verified, Err(SignatureError::Key(why.clone())));
        }
    }
    assert_eq!(plain().usable(), Ok(()));
    assert_eq!(PublicKey::listed(&plain().to_string()), Ok(plain()));
}

/// User story: somebody pastes their RSA key, and learns what to do.
#[test]
fn other_types_of_key_are_refused_with_a_hint() {
    for kind in [
        "ssh-rsa",
        "ssh-dss",
        "ecdsa-sha2-nistp256",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-ed25519-cert-v01@openssh.com",
        "ssh-ed448",
    ] {
        let error = format!("{kind} AAAA").parse::<PublicKey>().unwrap_err();
        assert_eq!(error, KeyError::Kind(kind.to_owned()));
        assert!(error.hint().is_some());
        // The same, hidden behind the name of a type that is used.
        let inner = Base64::encode_string(&wire(kind, &[0; 32], None));
        let error = format!("ssh-ed25519 {inner}").parse::<PublicKey>();
        assert_eq!(error, Err(KeyError::Kind(kind.to_owned())));
    }
}

/// One key has one text: fingerprints and quorums depend on it.
#[test]
fn a_key_is_written_in_one_way() {
    for key in [plain(), token("ssh:"), token("ssh:work")] {
        let text = key.to_string();
        assert_eq!(text.parse::<PublicKey>().unwrap(), key);
        assert_eq!(PublicKey::from_wire(&key.wire()).unwrap(), key);
        let (kind, base64) = text.split_once(' ').unwrap();
        let other = if kind == SK { "ssh-ed25519" } else { SK };
        for bad in [
            format!("{text} comment"),
            format!(" {text}"),
            format!("{text}\n"),
            format!("{kind}  {base64}"),
            format!("{other} {base64}"),
            format!("{kind} {}", base64.trim_end_matches('=').to_owned() + "A"),
            kind.to_owned(),
            base64.to_owned(),
            String::new(),
        ] {
            assert!(bad.parse::<PublicKey>().is_err(), "{bad:?}");
        }
        let whole = key.wire();
        for len in 0..whole.len() {
            assert!(PublicKey::from_wire(&whole[..len]).is_err());
        }
        assert!(PublicKey::from_wire(&[whole, vec![0]].concat()).is_err());
    }
    let point = *plain().point();
    for (kind, point, application) in [
        ("ssh-ed25519", &point[..31], None),
        ("ssh-ed25519", &[&point[..], &[0]].concat(), None),
        ("ssh-ed25519", &point, Some("ssh:")),
        (SK, &point, None),
    ] {
        let wire = wire(kind, point, application);
        assert!(matches!(
            PublicKey::from_wire(&wire),
            Err(KeyError::Wire(_))
        ));
    }
}

/// Attack: base64 leaves bits over, so that one key has several texts.
#[test]
fn bits_left_over_in_base64_are_refused() {
    let text = token("ssh:").to_string();
    let body = text.trim_end_matches('=');
    assert!(body.len() < text.len(), "this key has bits left over");
    let last = body.chars().last().unwrap();
    let other = char::from(u8::try_from(last).unwrap() + 1);
    let bad = format!("{}{other}{}", &body[..body.len() - 1], &text[body.len()..]);
    assert_eq!(bad.parse::<PublicKey>(), Err(KeyError::Base64));
}

/// Attack: a token's key for a web site is passed off as one for SSH.
#[test]
fn hardware_keys_are_for_ssh() {
    let point = *plain().point();
    let long = format!("ssh:{}", "a".repeat(61));
    for application in [
        "",
        "https://example.org",
        "SSH:",
        "ssh: a",
        "ssh:\n",
        "ssh:é",
        &long,
    ] {
        assert_eq!(
            PublicKey::from_wire(&wire(SK, &point, Some(application))),
            Err(KeyError::Application(application.to_owned())),
        );
    }
}

/// The same point as a plain key and as one in a token are two keys.
#[test]
fn fingerprints_differ_by_kind_and_application() {
    let all = [plain(), token("ssh:"), token("ssh:a")].map(|k| k.fingerprint());
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    // `base64 -d | b2sum -l 256` of the second word of what `ssh-keygen -y` prints.
    assert_eq!(
        all[0].to_string(),
        "blake2b=d81e9826045c21a788850f25f1f3ca1dee135d236408340baae1732550d854b2"
    );
}

#[test]
fn a_signature_verifies_for_its_namespace_and_message_only() {
    for namespace in Namespace::ALL {
        let signature = sign(namespace, b"m");
        for other in Namespace::ALL {
            let result = plain().verify(other, b"m", &signature);
            assert_eq!(result.is_ok(), other == namespace);
        }
        let result = plain().verify(namespace, b"n", &signature);
        assert_eq!(result, Err(SignatureError::Wrong));
    }
    // Raw bytes, without the envelope: what a careless signer would make.
    let raw = Signature::ed25519(secret().sign(b"m").to_bytes());
    let result = plain().verify(Namespace::Index, b"m", &raw);
    assert_eq!(result, Err(SignatureError::Wrong));
}

/// Attack: a second signature is made from a first one without the key: S + L.
#[test]
fn a_malleated_signature_is_refused() {
    let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let good = sign(Namespace::Index, b"m");
    let mut bad = *good.bytes();
    let mut carry = 0_u16;
    for (byte, add) in bad[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    plain().verify(Namespace::Index, b"m", &good).unwrap();
    let result = plain().verify(Namespace::Index, b"m", &Signature::ed25519(bad));
    assert_eq!(result, Err(SignatureError::Wrong));
}

/// Attack: any bit of a signature that does not matter.
#[test]
fn every_bit_of_a_signature_matters() {
    let good = sign(Namespace::Index, b"m");
    for bit in 0..512 {
        let mut bad = *good.bytes();
        bad[bit / 8] ^= 1 << (bit % 8);
        let result = plain().verify(Namespace::Index, b"m", &Signature::ed25519(bad));
        assert_eq!(result, Err(SignatureError::Wrong), "bit {bit}");
    }
    let good = touch("ssh:", 1, 77, b"m");
    let presence = good.presence().unwrap();
    for bit in 1..40 {
        let mut other = presence;
        if bit < 8 {
            other.flags ^= 1 << bit;
        } else {
            other.counter ^= 1 << (bit - 8);
        }
        let bad = Signature::sk_ed25519(*good.bytes(), other);
        let result = token("ssh:").verify(Namespace::Index, b"m", &bad);
        assert_eq!(result, Err(SignatureError::Wrong), "bit {bit}");
    }
}

/// Attack: malware on the author's machine uses the token while nobody touches it.
#[test]
fn a_token_has_to_be_touched() {
    let key = token("ssh:");
    for flags in 0..=0xff {
        let signature = touch("ssh:", flags, 1, b"m");
        let result = key.verify(Namespace::Index, b"m", &signature);
        if flags & 1 == 1 {
            assert_eq!(result, Ok(()), "{flags:02x}");
        } else {
            assert_eq!(result, Err(SignatureError::NotTouched), "{flags:02x}");
        }
    }
}

/// Attack: a signature for one application, or by one kind of key, is passed off as
/// one for another.
#[test]
fn signatures_of_hardware_keys_do_not_cross() {
    let signature = touch("ssh:a", 1, 1, b"m");
    let result = token("ssh:b").verify(Namespace::Index, b"m", &signature);
    assert_eq!(result, Err(SignatureError::Wrong));
    let result = token("ssh:a").verify(Namespace::Snapshot, b"m", &signature);
    assert_eq!(result, Err(SignatureError::Wrong));
    let result = plain().verify(Namespace::Index, b"m", &signature);
    assert!(matches!(result, Err(SignatureError::OtherKind(_))));
    let signature = sign(Namespace::Index, b"m");
    let result = token("ssh:a").verify(Namespace::Index, b"m", &signature);
    assert!(matches!(result, Err(SignatureError::OtherKind(_))));
}

#[test]
fn a_signature_is_written_in_one_way() {
    for signature in [sign(Namespace::Index, b"m"), touch("ssh:", 1, 2, b"m")] {
        let text = signature.to_string();
        assert_eq!(text.parse::<Signature>().unwrap(), signature);
        let decoded = Base64::decode_vec(&text).unwrap();
        for len in (0..75).filter(|len| ![64, 69].contains(len)) {
            let mut other = decoded.clone();
            other.resize(len, 0);
            assert!(Base64::encode_string(&other).parse::<Signature>().is_err());
        }
        for bad in [
            format!("{text}\n"),
            format!(" {text}"),
            text.trim_end_matches('=').to_owned() + "!",
        ] {
            assert!(bad.parse::<Signature>().is_err(), "{bad:?}");
        }
    }
}
