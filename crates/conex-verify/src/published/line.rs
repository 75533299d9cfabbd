//! The lines of one file: what is left out of them, and put back.

use crate::format::digest::{Digest, PREFIX};

/// What may be left out of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// How many hex digits of a digest that a reader can compute are kept; `None` where every
    /// digest stands in full.
    pub(super) digits: Option<usize>,
    /// Whether the file has a line `check`, which is left out.
    pub(super) check: bool,
}

impl Shape {
    /// Links, ids, `repo`, `claims`, authorisations, lists of releases.
    pub(super) const PLAIN: Shape = Shape {
        digits: None,
        check: true,
    };
    /// A checksum.
    pub(super) const CHECKSUM: Shape = Shape {
        digits: Some(8),
        check: true,
    };
    /// A segment: each of its entries names the version as well.
    pub(super) const SEGMENT: Shape = Shape {
        digits: Some(0),
        check: false,
    };
    /// The snapshot.
    pub(super) const SNAPSHOT: Shape = Shape {
        digits: Some(8),
        check: true,
    };
}

/// A digest is written so, between quotes.
const FULL: usize = PREFIX.len() + 64 + 2;
/// `check: "`, 16 hex digits, `"` and a line feed.
const CHECK: usize = 26;

/// A line at whose end a digest stands: the field to which it belongs, what is before the digest,
/// the digest as it is written, and what is behind it.
struct Ended<'a, D> {
    before: &'a str,
    digest: D,
    after: &'a str,
}

/// A line without its line feed and without the bracket that closes an entry.
fn body(line: &str) -> (&str, &str) {
    let body = line.strip_suffix('\n').unwrap_or(line);
    let body = body.strip_suffix(']').unwrap_or(body);
    line.split_at(body.len())
}

/// A line with a digest in full.
fn full(line: &str) -> Option<Ended<'_, Digest>> {
    let (body, after) = body(line);
    let (before, digest) = body.split_at_checked(body.len().checked_sub(FULL)?)?;
    let digest = digest.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
    Some(Ended {
        before,
        digest,
        after,
    })
}

/// A line whose digest was left out but for `digits` hex digits, which are given.
fn short(line: &str, digits: usize) -> Option<Ended<'_, &str>> {
    let (body, after) = body(line);
    let (before, digest) = body.split_at_checked(body.len().checked_sub(digits + 1)?)?;
    let digest = digest.strip_prefix('=')?;
    (before.ends_with(' ') && digest.bytes().all(|b| b.is_ascii_hexdigit())).then_some(Ended {
        before,
        digest,
        after,
    })
}

/// The lines of a text with their fields: a line that is indented or closes a list belongs to the
/// field above it.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut field = "";
    text.split_inclusive('\n').map(move |line| {
        if !line.starts_with([' ', ']']) {
            field = line.split(':').next().unwrap_or_default();
        }
        (field, line)
    })
}

/// A text up to its signatures, and the signatures.
fn signed(text: &str) -> (&str, &str) {
    const SIGNATURES: &str = "signatures: ";
    let at = match text.starts_with(SIGNATURES) {
        true => Some(0),
        false => text.find("\nsignatures: ").map(|at| at + 1),
    };
    text.split_at(at.unwrap_or(text.len()))
}

fn check_line(text: &str) -> String {
    format!("check: \"{}\"\n", Digest::of(text.as_bytes()).short())
}

/// Leaves out of a file what a reader can compute. `compute` gives the digest that belongs behind
/// a field and the start of a line, if there is one. Nothing of a file whose line `check` is
/// missing or does not fit.
pub(super) fn shorten(
    shape: Shape,
    text: &str,
    compute: impl Fn(&str, &str) -> Option<Digest>,
) -> Option<String> {
    let (text, signatures) = signed(text);
    let text = match shape.check {
        true => {
            let (before, check) = text.split_at_checked(text.len().checked_sub(CHECK)?)?;
            (check == check_line(before)).then_some(before)?
        }
        false => text,
    };
    let mut out = String::with_capacity(text.len() + signatures.len());
    for (field, line) in lines(text) {
        let same = shape.digits.and_then(|digits| {
            let ended = full(line)?;
            (compute(field, ended.before)? == ended.digest).then_some((digits, ended))
        });
        match same {
            Some((
                digits,
                Ended {
                    before,
                    digest,
                    after,
                },
            )) => {
                out.push_str(before);
                out.push('=');
                out.push_str(
                    digest
                        .with_hex(|hex| Some(hex.get(..digits)?.to_owned()))?
                        .as_str(),
                );
                out.push_str(after);
            }
            None => out.push_str(line),
        }
    }
    out.push_str(signatures);
    Some(out)
}

/// A line whose digest a reader cannot put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    /// The field to which the line belongs.
    pub(super) field: String,
    /// The line up to the digest.
    pub(super) before: String,
    /// The hex digits that are given.
    pub(super) given: String,
    /// The digest that is computed, which starts otherwise; `None` if none can be.
    pub(super) computed: Option<Digest>,
}

/// At least as many bytes as [`expanded_len`], without a look at the lines.
pub(super) fn most_expanded_len(shape: Shape, text: &str) -> usize {
    let check = if shape.check { CHECK } else { 0 };
    let digests = shape.digits.map_or(0, |digits| {
        let count = text.bytes().filter(|b| *b == b'=').count();
        count * (FULL - digits - 1)
    });
    text.len() + check + digests
}

/// How many bytes a file has when what was left out is put back.
pub(super) fn expanded_len(shape: Shape, text: &str) -> usize {
    let (before, _) = signed(text);
    let check = if shape.check { CHECK } else { 0 };
    let digests = shape.digits.map_or(0, |digits| {
        let count = lines(before).filter(|(_, line)| short(line, digits).is_some());
        count.count() * (FULL - digits - 1)
    });
    text.len() + check + digests
}

/// The lines whose digests a reader cannot put back, in the order of the text, at most `most`.
pub(super) fn gaps(
    shape: Shape,
    text: &str,
    most: usize,
    compute: impl Fn(&str, &str) -> Option<Digest>,
) -> Vec<Gap> {
    let (before, _) = signed(text);
    let gap = |(field, line): (&str, &str)| {
        let ended = short(line, shape.digits?)?;
        let computed = compute(field, ended.before);
        let same =
            computed.is_some_and(|digest| digest.with_hex(|hex| hex.starts_with(ended.digest)));
        (!same).then(|| Gap {
            field: field.to_owned(),
            before: ended.before.to_owned(),
            given: ended.digest.to_owned(),
            computed,
        })
    };
    lines(before).filter_map(gap).take(most).collect()
}

/// Why a file is not what [`shorten`] leaves of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Misfit {
    /// A digest cannot be put back.
    Gap(Box<Gap>),
    /// A digest stands in full, and could have been left out.
    InFull,
}

/// Puts back what [`shorten`] left out. Nothing but what that makes of the result is taken (V11.4), so
/// nobody needs to shorten the result and compare: what [`shorten`] leaves of a line that was put
/// back is that line, and each line in full is looked at here.
pub(super) fn expand(
    shape: Shape,
    text: &str,
    compute: impl Fn(&str, &str) -> Option<Digest>,
) -> Result<String, Misfit> {
    let (before, signatures) = signed(text);
    // Of most files this is enough, and an attacker's many `=` reserve no more than this.
    let room = most_expanded_len(shape, text).min(4 * text.len() + CHECK);
    let mut out = String::with_capacity(room);
    match shape.digits {
        Some(digits) => put_back(digits, before, compute, &mut out)?,
        None => out.push_str(before),
    }
    if shape.check {
        let check = check_line(&out);
        out.push_str(&check);
    }
    out.push_str(signatures);
    Ok(out)
}

/// The lines of a text, with each digest that was left out but for `digits` hex digits.
fn put_back(
    digits: usize,
    text: &str,
    compute: impl Fn(&str, &str) -> Option<Digest>,
    out: &mut String,
) -> Result<(), Misfit> {
    for (field, line) in lines(text) {
        let Some(ended) = short(line, digits) else {
            let in_full = |full: Ended<'_, Digest>| {
                compute(field, full.before).is_some_and(|digest| digest == full.digest)
            };
            if full(line).is_some_and(in_full) {
                return Err(Misfit::InFull);
            }
            out.push_str(line);
            continue;
        };
        let computed = compute(field, ended.before);
        let is_put_back = computed.is_some_and(|digest| {
            digest.with_hex(|hex| {
                let fits = hex.starts_with(ended.digest);
                if fits {
                    let parts = [ended.before, "\"", PREFIX, hex, "\"", ended.after];
                    out.extend(parts);
                }
                fits
            })
        });
        if !is_put_back {
            return Err(Misfit::Gap(Box::new(Gap {
                field: field.to_owned(),
                before: ended.before.to_owned(),
                given: ended.digest.to_owned(),
                computed,
            })));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGESTS: [(&str, &str); 2] = [("a: ", "a"), ("  [\"x\" 1 ", "b")];

    fn compute(_: &str, before: &str) -> Option<Digest> {
        let known = DIGESTS.iter().find(|(start, _)| *start == before);
        known.map(|(_, of)| Digest::of(of.as_bytes()))
    }

    /// Each line that has a short form by itself, with its digest put back.
    fn by_hand(shape: Shape, text: &str) -> String {
        let (before, signatures) = signed(text);
        let mut out = String::new();
        for line in before.split_inclusive('\n') {
            let line = DIGESTS.iter().fold(line.to_owned(), |line, (start, of)| {
                let hex = Digest::of(of.as_bytes()).hex();
                let short = format!("{start}={}", &hex[..shape.digits.unwrap_or_default()]);
                let rest = line.strip_prefix(&short);
                let rest = rest.filter(|rest| ["", "\n", "]", "]\n"].contains(rest));
                let full = rest.map(|rest| format!("{start}\"{PREFIX}{hex}\"{rest}"));
                full.filter(|_| shape.digits.is_some()).unwrap_or(line)
            });
            out.push_str(&line);
        }
        if shape.check {
            let check = check_line(&out);
            out.push_str(&check);
        }
        out + signatures
    }

    /// V11.4: Of all texts of up to four of these lines, those are expanded that the expanded text is
    /// shortened to, and no others.
    #[test]
    fn a_text_is_expanded_if_the_result_is_shortened_to_it() {
        let [a, b, other] = ["a", "b", "other"].map(|of| Digest::of(of.as_bytes()));
        let eight = |digest: Digest| digest.hex()[..8].to_owned();
        let line = [
            "a: =\n".to_owned(),
            format!("a: ={}\n", eight(a)),
            format!("a: ={}", eight(other)),
            format!("a: \"{a}\"\n"),
            format!("a: \"{other}\"]\n"),
            format!("a: \"{}\"\n", a.to_string().to_uppercase()),
            "  [\"x\" 1 =]\n".to_owned(),
            format!("  [\"x\" 1 ={}]\n", eight(b)),
            format!("  [\"x\" 1 \"{b}\"]"),
            format!("  [\"y\" 1 \"{b}\"]\n"),
            "signatures: [\n".to_owned(),
            "check: \"0123456789abcdef\"\n".to_owned(),
        ];
        let shapes = [
            Shape::PLAIN,
            Shape::CHECKSUM,
            Shape::SEGMENT,
            Shape::SNAPSHOT,
        ];
        let mut found = [0; 3];
        for number in 0..line.len().pow(4) {
            let lines = (0..4).map(|at| number / line.len().pow(at) % line.len());
            let text: String = lines.map(|at| line[at].as_str()).collect();
            for shape in shapes {
                assert!(expanded_len(shape, &text) <= most_expanded_len(shape, &text));
                let back = by_hand(shape, &text);
                let again = shorten(shape, &back, compute);
                match expand(shape, &text, compute) {
                    Ok(expanded) => {
                        found[0] += 1;
                        assert_eq!(expanded, back, "{text}");
                        assert_eq!(again.as_deref(), Some(&*text));
                    }
                    Err(Misfit::InFull) => {
                        found[1] += 1;
                        assert_ne!(again.as_deref(), Some(&*text));
                    }
                    Err(Misfit::Gap(_)) => found[2] += 1,
                }
            }
        }
        assert!(found.iter().all(|count| *count > 1000), "{found:?}");
    }
}
