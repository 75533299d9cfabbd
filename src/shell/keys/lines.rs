//! A public key as a line of text.

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

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

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
