//! Ed25519 keys in PKCS#8 (RFC 8410), as OpenSSL and others write them: `BEGIN PRIVATE KEY`.
//! OpenSSH before 9.6 cannot read or convert them, so that nobody can be sent to it.

use super::{PrivateKeyError, UnlockedKey, between};

pub(super) const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// What stands between the version and the 32 bytes of the key: Ed25519, and the lengths.
const KEY: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
/// What stands before the public half, where it follows (RFC 5958): as the standard says, and
/// as some write it.
const PUBLIC: [&[u8]; 2] = [b"\x81\x21\x00", b"\xa1\x23\x03\x21\x00"];
/// Attributes, which say nothing of the key.
const ATTRIBUTES: u8 = 0xa0;

/// The key of such a file.
///
/// # Errors
/// Damaged, or a key of another type.
pub(super) fn key(text: &[u8]) -> Result<UnlockedKey, PrivateKeyError> {
    let der = between(text, BEGIN, END)?;
    let (seed, public) = parts(&der).ok_or(PrivateKeyError::Format("PKCS#8"))?;
    let key = UnlockedKey::from_seed(seed)?;
    if public.is_none_or(|public| public == key.public.point()) {
        Ok(key)
    } else {
        Err(PrivateKeyError::Damaged("its two halves do not fit"))
    }
}

/// The key of an Ed25519 key, and its public half, if that is there.
fn parts(der: &[u8]) -> Option<(&[u8; 32], Option<&[u8]>)> {
    let [0x30, len, 0x02, 0x01, 0x00 | 0x01, rest @ ..] = der else {
        return None;
    };
    // Lengths below 128 are one byte; no such file is longer.
    if *len >= 0x80 || usize::from(*len) + 2 != der.len() {
        return None;
    }
    let (seed, mut rest) = rest.strip_prefix(KEY)?.split_first_chunk::<32>()?;
    if let [ATTRIBUTES, len, after @ ..] = rest {
        rest = after.get(usize::from(*len)..)?;
    }
    if rest.is_empty() {
        return Some((seed, None));
    }
    let public = PUBLIC.iter().find_map(|start| rest.strip_prefix(*start))?;
    Some((seed, Some(public)))
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding as _};

    use super::super::{PrivateFile, Signer as _};
    use super::*;

    /// The examples of RFC 8410, section 10.3, and the public key to both.
    const ALONE: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
    const BOTH: &str = "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\noB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\nZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    const POINT: &str = "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

    fn pem(body: &str) -> String {
        format!("{BEGIN}\n{body}\n{END}\n")
    }

    #[test]
    fn an_ed25519_key_of_openssl_signs() {
        let point = Base64::decode_vec(POINT).unwrap();
        for body in [ALONE, BOTH] {
            let file = PrivateFile::parse(pem(body).as_bytes()).unwrap();
            assert_eq!(file.public().point()[..], point[..]);
            assert!(!file.is_encrypted());
            assert_eq!(file.unlock(None).unwrap().public(), file.public());
            // What conex keeps of it is in OpenSSH's form.
            let kept = PrivateFile::rewritten(pem(body).as_bytes())
                .unwrap()
                .unwrap();
            assert!(kept.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
        }
    }

    #[test]
    fn another_key_in_pkcs8_is_refused() {
        let der = Base64::decode_vec(&BOTH.replace('\n', "")).unwrap();
        let refused = |der: &[u8]| key(pem(&Base64::encode_string(der)).as_bytes()).unwrap_err();
        let mut other = der.clone();
        // X25519
        other[11] = 0x6e;
        assert_eq!(refused(&other), PrivateKeyError::Format("PKCS#8"));
        let mut other = der.clone();
        *other.last_mut().unwrap() ^= 1;
        let unfit = PrivateKeyError::Damaged("its two halves do not fit");
        assert_eq!(refused(&other), unfit);
        for len in 0..der.len() {
            let error = refused(&der[..len]);
            assert_eq!(error, PrivateKeyError::Format("PKCS#8"), "{len}");
        }
        assert_eq!(
            refused(&[&der[..], b"x"].concat()),
            PrivateKeyError::Format("PKCS#8")
        );
        let cut = pem(ALONE).replace(END, "");
        assert!(matches!(
            key(cut.as_bytes()),
            Err(PrivateKeyError::Damaged(_))
        ));
    }
}
