//! Public keys as lines of text: `.pub` files, and the lists that forges publish for
//! each account (`https://github.com/<id>.keys`).

use conex_verify::format::key::{KeyError, PublicKey};

/// One public key with its comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicLine {
    /// The key.
    pub key: PublicKey,
    /// What follows it on the line, often nothing.
    pub comment: String,
}

impl PublicLine {
    /// Reads `ssh-ed25519 AAAA… comment`. Blanks around the parts do not matter.
    ///
    /// # Errors
    /// Not of this form, or a key that is not used.
    pub fn parse(line: &str) -> Result<PublicLine, KeyError> {
        let line = line.trim();
        let Some((kind, rest)) = line.split_once([' ', '\t']) else {
            // Refused there, too, for the same reason.
            return line.parse().map(|key| PublicLine {
                key,
                comment: String::new(),
            });
        };
        let rest = rest.trim_start();
        let (base64, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        Ok(PublicLine {
            key: format!("{kind} {base64}").parse()?,
            comment: comment.trim().to_owned(),
        })
    }
}

/// Reads a list of public keys, as `https://github.com/<id>.keys` is one: the keys that
/// can be used, and for each other line its number (from 1) and why not. Empty lines
/// and lines that start with `#` do not count; a key that is there twice is given once.
pub fn read_lines(text: &str) -> (Vec<PublicLine>, Vec<(usize, KeyError)>) {
    let mut usable: Vec<PublicLine> = Vec::new();
    let mut others = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match PublicLine::parse(line) {
            Ok(line) if usable.iter().any(|known| known.key == line.key) => {}
            Ok(line) => usable.push(line),
            Err(error) => others.push((number, error)),
        }
    }
    (usable, others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use conex_verify::format::key::KeyKind;

    const A: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

    /// User story: `curl https://github.com/author-a.keys | conex key import …`.
    #[test]
    fn a_list_of_a_forge_gives_the_keys_that_can_be_used() {
        let text = format!(
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAA\r\n{A}\r\n\n# note\n{A} again\n\
             ecdsa-sha2-nistp256 AAAA\nssh-ed25519 AAAA\nhello\n  \t{A}=\n"
        );
        let (usable, others) = read_lines(&text);
        assert_eq!(usable.len(), 1);
        assert_eq!(usable[0].key.to_string(), A);
        assert_eq!(usable[0].key.kind(), KeyKind::Ed25519);
        let lines: Vec<usize> = others.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 6, 7, 8, 9]);
        assert_eq!(others[0].1, KeyError::Kind("ssh-rsa".into()));
        assert!(others.iter().all(|(_, error)| error.hint().is_some()));
        assert_eq!(read_lines(""), (vec![], vec![]));
    }

    #[test]
    fn comments_and_blanks_do_not_matter() {
        let (kind, base64) = A.split_once(' ').unwrap();
        for (line, comment) in [
            (A.to_owned(), ""),
            (format!("{A}\n"), ""),
            (format!("  {kind} \t {base64}\t  a@b c \n"), "a@b c"),
        ] {
            let read = PublicLine::parse(&line).unwrap();
            assert_eq!(read.key.to_string(), A);
            assert_eq!(read.comment, comment);
        }
        for bad in ["", " ", "ssh-ed25519", &format!("restrict {A}"), &A[12..]] {
            assert!(PublicLine::parse(bad).is_err(), "{bad}");
        }
    }

    /// Attack: a page of megabytes in one line does not become the message.
    #[test]
    fn messages_stay_short() {
        let x = "x".repeat(1 << 20);
        for line in [x.clone(), format!("{x} {x}"), format!("ssh-ed25519 {x}")] {
            let error = PublicLine::parse(&line).unwrap_err();
            assert!(error.to_string().len() < 300);
        }
    }
}
