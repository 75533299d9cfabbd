//! Tokens: what opam-file-format's lexer reads, as nom parsers chosen by the
//! first byte. Each looks at a byte a fixed number of times, whatever the input.

use std::borrow::Cow;

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::{take_till, take_while, take_while_m_n};
use nom::combinator::recognize;
use nom::error::{ErrorKind, ParseError};

use super::ast::{EnvOp, PfxOp, RelOp, Span};
use super::error::{SyntaxError, SyntaxErrorKind, byte_name, quote};

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `:` and nothing behind it that makes an operator
    Colon,
    /// `{`
    LeftBrace,
    /// `}`
    RightBrace,
    /// `[`
    LeftBracket,
    /// `]`
    RightBracket,
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// A string, its escapes resolved.
    String(Cow<'a, [u8]>),
    /// `true` or `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A word that is not one of the above.
    Ident(&'a str),
    /// A comparison.
    Rel(RelOp),
    /// `&`
    And,
    /// `|`
    Or,
    /// `!` or `?`
    Prefix(PfxOp),
    /// A change of the environment.
    Env(EnvOp),
    /// The end of the source.
    End,
}

impl Token<'_> {
    /// How a message calls it.
    pub(super) fn describe(&self) -> String {
        let mark = match self {
            Token::Colon => ":",
            Token::LeftBrace => "{",
            Token::RightBrace => "}",
            Token::LeftBracket => "[",
            Token::RightBracket => "]",
            Token::LeftParen => "(",
            Token::RightParen => ")",
            Token::And => "&",
            Token::Or => "|",
            Token::Rel(op) => op.as_str(),
            Token::Prefix(op) => op.as_str(),
            Token::Env(op) => op.as_str(),
            Token::Bool(true) => "true",
            Token::Bool(false) => "false",
            Token::String(text) => return format!("the string \"{}\"", quote(text)),
            Token::Int(number) => return format!("the integer {number}"),
            Token::Ident(text) => return format!("the name `{}`", quote(text.as_bytes())),
            Token::End => return "the end of the file".to_owned(),
        };
        format!("`{mark}`")
    }
}

/// What a nom parser of this file fails with.
#[derive(Debug)]
struct Failure<'a> {
    /// The source from the place of the error on.
    at: &'a [u8],
    /// The source from behind it.
    behind: &'a [u8],
    kind: SyntaxErrorKind,
}

impl<'a> ParseError<&'a [u8]> for Failure<'a> {
    fn from_error_kind(at: &'a [u8], _: ErrorKind) -> Failure<'a> {
        let (byte, behind) = match at {
            [byte, behind @ ..] => (*byte, behind),
            [] => (0, at),
        };
        Failure {
            at,
            behind,
            kind: SyntaxErrorKind::Byte(byte),
        }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Failure<'a>) -> Failure<'a> {
        other
    }
}

type Lexed<'a, T> = IResult<&'a [u8], T, Failure<'a>>;

fn fail<'a, T>(at: &'a [u8], behind: &'a [u8], kind: SyntaxErrorKind) -> Lexed<'a, T> {
    Err(nom::Err::Failure(Failure { at, behind, kind }))
}

/// Hands out the tokens of a source one by one.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    source: &'a [u8],
    rest: &'a [u8],
    /// Below this offset stands no letter. A run of digits and dashes is many
    /// integers, or one name if a letter follows anywhere: without this memory
    /// `1-1-1-…` would be searched for that letter again at each integer.
    no_letter_before: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a [u8]) -> Lexer<'a> {
        Lexer {
            source,
            rest: source,
            no_letter_before: 0,
        }
    }

    /// The next token and its place.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, Span), SyntaxError> {
        match self.token() {
            Ok((rest, (start, token))) => {
                self.rest = rest;
                Ok((
                    token,
                    Span {
                        start: self.offset(start),
                        end: self.offset(rest),
                    },
                ))
            }
            Err(nom::Err::Error(failure) | nom::Err::Failure(failure)) => Err(SyntaxError::new(
                self.offset(failure.at),
                self.offset(failure.behind),
                failure.kind,
            )),
            // Only nom's streaming parsers ask for more input.
            Err(nom::Err::Incomplete(_)) => Err(SyntaxError::new(
                self.source.len(),
                self.source.len(),
                SyntaxErrorKind::Unexpected {
                    expected: "more",
                    found: Token::End.describe(),
                },
            )),
        }
    }

    /// Where `rest`, an end of the source, starts.
    fn offset(&self, rest: &[u8]) -> usize {
        self.source.len().saturating_sub(rest.len())
    }

    /// Blanks, then a token; the source from the token on, and the token.
    fn token(&mut self) -> Lexed<'a, (&'a [u8], Token<'a>)> {
        let (start, ()) = blanks(self.rest)?;
        let (rest, token) = match start {
            [] => (start, Token::End),
            [b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-', ..] => self.word(start)?,
            [b'"', b'"', b'"', rest @ ..] => triple_string(start, rest)?,
            [b'"', rest @ ..] => single_string(start, rest)?,
            [b':', b'=', rest @ ..] => (rest, Token::Env(EnvOp::ColonEq)),
            [b':', rest @ ..] => (rest, Token::Colon),
            [b'[', rest @ ..] => (rest, Token::LeftBracket),
            [b']', rest @ ..] => (rest, Token::RightBracket),
            [b'{', rest @ ..] => (rest, Token::LeftBrace),
            [b'}', rest @ ..] => (rest, Token::RightBrace),
            [b'(', rest @ ..] => (rest, Token::LeftParen),
            [b')', rest @ ..] => (rest, Token::RightParen),
            [b'&', rest @ ..] => (rest, Token::And),
            [b'|', rest @ ..] => (rest, Token::Or),
            [b'=', b'+', b'=', rest @ ..] => (rest, Token::Env(EnvOp::EqPlusEq)),
            // opam's lexer reads these three as one token and then refuses it.
            [b'=', b':', b'=', rest @ ..] => {
                let kind = SyntaxErrorKind::Unexpected {
                    expected: "an operator",
                    found: "`=:=`".to_owned(),
                };
                return fail(start, rest, kind);
            }
            [b'=', b'+', rest @ ..] => (rest, Token::Env(EnvOp::EqPlus)),
            [b'=', b':', rest @ ..] => (rest, Token::Env(EnvOp::EqColon)),
            [b'=', rest @ ..] => (rest, Token::Rel(RelOp::Eq)),
            [b'+', b'=', rest @ ..] => (rest, Token::Env(EnvOp::PlusEq)),
            [b'!', b'=', rest @ ..] => (rest, Token::Rel(RelOp::Neq)),
            [b'!', rest @ ..] => (rest, Token::Prefix(PfxOp::Not)),
            [b'?', rest @ ..] => (rest, Token::Prefix(PfxOp::Defined)),
            [b'<', b'=', rest @ ..] => (rest, Token::Rel(RelOp::Leq)),
            [b'<', rest @ ..] => (rest, Token::Rel(RelOp::Lt)),
            [b'>', b'=', rest @ ..] => (rest, Token::Rel(RelOp::Geq)),
            [b'>', rest @ ..] => (rest, Token::Rel(RelOp::Gt)),
            [b'~', rest @ ..] => (rest, Token::Rel(RelOp::Geq)),
            [byte, rest @ ..] => return fail(start, rest, SyntaxErrorKind::Byte(*byte)),
        };
        Ok((rest, (start, token)))
    }

    /// The longest of a name, an integer, `true` and `false`.
    fn word(&mut self, start: &'a [u8]) -> Lexed<'a, Token<'a>> {
        let name = self.name(start);
        let (behind, digits) = integer_text(start)?;
        match name {
            Some(rest) if rest.len() < behind.len() => {
                let length = start.len().saturating_sub(rest.len());
                let text = start.get(..length).unwrap_or_default();
                let token = match text {
                    b"true" => Token::Bool(true),
                    b"false" => Token::Bool(false),
                    _ => Token::Ident(std::str::from_utf8(text).unwrap_or_default()),
                };
                Ok((rest, token))
            }
            _ if digits.is_empty() => {
                let behind = start.get(1..).unwrap_or_default();
                fail(start, behind, SyntaxErrorKind::Byte(b'-'))
            }
            _ => match integer(digits) {
                Some(number) => Ok((behind, Token::Int(number))),
                None => fail(start, behind, SyntaxErrorKind::Integer(quote(digits))),
            },
        }
    }

    /// What follows the longest name at `start`: words joined by `+`, then at
    /// most one more word behind a `:`.
    fn name(&mut self, start: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = self.part(start)?;
        while let [b'+', tail @ ..] = rest
            && let Some(behind) = self.part(tail)
        {
            rest = behind;
        }
        if let [b':', tail @ ..] = rest
            && let Some(behind) = self.lettered(tail)
        {
            rest = behind;
        }
        Some(rest)
    }

    /// What follows a word with a letter in it, or a single `_`.
    fn part(&mut self, start: &'a [u8]) -> Option<&'a [u8]> {
        let lettered = self.lettered(start);
        match start {
            [b'_', rest @ ..] if lettered.is_none() => Some(rest),
            _ => lettered,
        }
    }

    /// What follows a word with a letter in it.
    fn lettered(&mut self, start: &'a [u8]) -> Option<&'a [u8]> {
        if self.offset(start) < self.no_letter_before {
            return None;
        }
        let (rest, word) = word_bytes(start).ok()?;
        if word.iter().any(u8::is_ascii_alphabetic) {
            Some(rest)
        } else {
            self.no_letter_before = self.offset(rest);
            None
        }
    }
}

/// Blanks, line ends and comments.
fn blanks(start: &[u8]) -> Lexed<'_, ()> {
    let (mut rest, _) = take_while(|b| matches!(b, b' ' | b'\t' | b'\n')).parse(start)?;
    loop {
        rest = match rest {
            [b'\r', b'\n', tail @ ..] => tail,
            [b'#', tail @ ..] => take_till(|b| b == b'\n').parse(tail)?.0,
            [b'(', b'*', tail @ ..] => comment(rest, tail)?.0,
            [b' ' | b'\t' | b'\n', ..] => {
                take_while(|b| matches!(b, b' ' | b'\t' | b'\n'))
                    .parse(rest)?
                    .0
            }
            _ => return Ok((rest, ())),
        };
    }
}

/// The rest of a comment that opened at `start`. Comments nest; quotes in them
/// mean nothing.
fn comment<'a>(start: &'a [u8], mut rest: &'a [u8]) -> Lexed<'a, ()> {
    let mut open = 1_usize;
    loop {
        (rest, _) = take_till(|b| matches!(b, b'(' | b'*')).parse(rest)?;
        rest = match rest {
            [b'(', b'*', tail @ ..] => {
                open = open.saturating_add(1);
                tail
            }
            [b'*', b')', tail @ ..] if open == 1 => return Ok((tail, ())),
            [b'*', b')', tail @ ..] => {
                open = open.saturating_sub(1);
                tail
            }
            [_, tail @ ..] => tail,
            [] => return fail(start, rest, SyntaxErrorKind::OpenComment),
        };
    }
}

/// Letters, digits, `_` and `-`.
fn word_bytes(start: &[u8]) -> Lexed<'_, &[u8]> {
    take_while(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).parse(start)
}

/// Digits and `_`, a `-` before them; nothing if there is none of them.
fn integer_text(start: &[u8]) -> Lexed<'_, &[u8]> {
    let digits = |input| take_while(|b: u8| b.is_ascii_digit() || b == b'_').parse(input);
    match start {
        [b'-', b'0'..=b'9' | b'_', ..] => {
            recognize((take_while_m_n(1, 1, |b| b == b'-'), digits)).parse(start)
        }
        _ => digits(start),
    }
}

/// OCaml's `int_of_string` on such a text.
fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    let mut number = 0_i64;
    for digit in digits.iter().filter(|&&b| b != b'_') {
        let digit = i64::from(digit.checked_sub(b'0')?);
        let digit = if negative {
            digit.checked_neg()?
        } else {
            digit
        };
        number = number.checked_mul(10)?.checked_add(digit)?;
    }
    (-(1_i64 << 62)..1_i64 << 62)
        .contains(&number)
        .then_some(number)
}

/// The rest of a string that opened with one quote at `start`.
fn single_string<'a>(start: &'a [u8], rest: &'a [u8]) -> Lexed<'a, Token<'a>> {
    string(start, rest, "\"", |at| match at {
        [b'"', rest @ ..] => Some(rest),
        _ => None,
    })
}

/// The rest of a string that opened with three quotes at `start`: it ends at the
/// first three in a row.
fn triple_string<'a>(start: &'a [u8], rest: &'a [u8]) -> Lexed<'a, Token<'a>> {
    string(start, rest, "\"\"\"", |at| match at {
        [b'"', b'"', b'"', rest @ ..] => Some(rest),
        _ => None,
    })
}

fn string<'a>(
    start: &'a [u8],
    body: &'a [u8],
    quotes: &'static str,
    close: impl Fn(&'a [u8]) -> Option<&'a [u8]>,
) -> Lexed<'a, Token<'a>> {
    let mut text = Cow::Borrowed(&b""[..]);
    let mut rest = body;
    loop {
        let (at, plain) = take_till(|b| matches!(b, b'"' | b'\\' | b'\r')).parse(rest)?;
        push(&mut text, plain);
        if let Some(behind) = close(at) {
            return Ok((behind, Token::String(text)));
        }
        rest = match at {
            [] | [b'\\'] => return fail(start, at, SyntaxErrorKind::OpenString(quotes)),
            [b'\\', tail @ ..] => {
                let (behind, byte) = escape(at, tail)?;
                text.to_mut().extend(byte);
                behind
            }
            // A line end of two bytes reads as one of one byte.
            [b'\r', b'\n', tail @ ..] => {
                push(&mut text, b"\n");
                tail
            }
            [_, tail @ ..] => {
                push(&mut text, at.get(..1).unwrap_or_default());
                tail
            }
        };
    }
}

/// Adds to a text, which stays borrowed while it is one piece of the source.
fn push<'a>(text: &mut Cow<'a, [u8]>, piece: &'a [u8]) {
    if text.is_empty() && matches!(text, Cow::Borrowed(_)) {
        *text = Cow::Borrowed(piece);
    } else if !piece.is_empty() {
        text.to_mut().extend_from_slice(piece);
    }
}

/// What stands behind the backslash at `start`: a byte, or nothing at a line end.
fn escape<'a>(start: &'a [u8], tail: &'a [u8]) -> Lexed<'a, Option<u8>> {
    let (rest, byte) = match tail {
        [b'n', rest @ ..] => (rest, b'\n'),
        [b'r', rest @ ..] => (rest, b'\r'),
        [b't', rest @ ..] => (rest, b'\t'),
        [b'b', rest @ ..] => (rest, 8),
        [byte @ (b'\\' | b'"' | b'\'' | b' '), rest @ ..] => (rest, *byte),
        // The blanks at the start of the next line are left out as well.
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => {
            let (rest, _) = take_while(|b| matches!(b, b' ' | b'\t')).parse(rest)?;
            return Ok((rest, None));
        }
        _ => match number(tail) {
            Some(read) => read,
            None => {
                let (found, behind) = match tail {
                    [byte, behind @ ..] => (byte_name(*byte), behind),
                    [] => (Token::End.describe(), tail),
                };
                return fail(start, behind, SyntaxErrorKind::Escape(found));
            }
        },
    };
    Ok((rest, Some(byte)))
}

/// The byte whose number stands behind a backslash, and what follows.
fn number(tail: &[u8]) -> Option<(&[u8], u8)> {
    match tail {
        [b'x', high, low, rest @ ..] => Some((rest, hexadecimal(*high, *low)?)),
        [a, b, c, rest @ ..] => Some((rest, decimal([*a, *b, *c])?)),
        _ => None,
    }
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

fn decimal(digits: [u8; 3]) -> Option<u8> {
    let mut number = 0_u32;
    for digit in digits {
        number = number * 10 + char::from(digit).to_digit(10)?;
    }
    u8::try_from(number).ok()
}
