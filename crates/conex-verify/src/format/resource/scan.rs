//! The scanner: a cursor over the bytes of a file in the one valid encoding.
//!
//! It takes exactly what [`Encoder`](super::encode::Encoder) prints, byte for byte, and refuses
//! everything else without saying why: the general reader does. So what it takes need not be
//! printed again to be compared.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::error::{MetaError, MetaErrorKind};
use super::source::{Item, Source, whole};
use crate::limits::{MAX_INTEGER, MAX_SYNTAX_VALUES};

/// The fields of a file, taken in order.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    source: &'a [u8],
    rest: &'a [u8],
    /// The values read. The general reader counts them as well.
    values: usize,
}

/// Says only that there is something to explain.
fn refused() -> MetaError {
    whole(MetaErrorKind::Value(String::new()))
}

impl<'a> Scanner<'a> {
    pub(super) fn new(source: &'a [u8]) -> Scanner<'a> {
        Scanner {
            source,
            rest: source,
            values: 0,
        }
    }

    /// Nothing is behind the last field.
    pub(super) fn end(&self) -> Result<(), MetaError> {
        self.rest.is_empty().then_some(()).ok_or_else(refused)
    }

    /// These bytes, if they come next.
    fn has(&mut self, text: &[u8]) -> bool {
        let behind = self.rest.strip_prefix(text);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    fn take(&mut self, text: &[u8]) -> Result<(), MetaError> {
        self.has(text).then_some(()).ok_or_else(refused)
    }

    /// The name of a field, and the blank behind it.
    fn name(&mut self, name: &'static str) -> Result<(), MetaError> {
        self.take(name.as_bytes())?;
        self.take(b": ")
    }

    fn counted(&mut self) -> Result<(), MetaError> {
        self.values += 1;
        let few = self.values <= MAX_SYNTAX_VALUES;
        few.then_some(()).ok_or_else(refused)
    }

    /// A string or an integer.
    fn atom(&mut self) -> Result<Atom<'a>, MetaError> {
        self.counted()?;
        let (rest, atom) = match self.rest {
            [b'"', rest @ ..] => string(rest),
            rest => integer(rest),
        }
        .ok_or_else(refused)?;
        self.rest = rest;
        Ok(atom)
    }

    /// A list whose entries `entry` takes, each on a line of its own, the lines strictly
    /// rising: sorted by their bytes, and none twice.
    fn lines<T, C: FromIterator<T>>(
        &mut self,
        name: &'static str,
        mut entry: impl FnMut(&mut Scanner<'a>) -> Result<T, MetaError>,
    ) -> Result<C, MetaError> {
        self.name(name)?;
        self.counted()?;
        if self.has(b"[]\n") {
            return Ok(std::iter::empty().collect());
        }
        self.take(b"[\n")?;
        let mut last: &[u8] = &[];
        let mut first = true;
        std::iter::from_fn(|| {
            // An empty list has no second form.
            if !std::mem::take(&mut first) && self.has(b"]\n") {
                return None;
            }
            Some((|| {
                self.take(b"  ")?;
                let start = self.rest;
                let value = entry(self)?;
                let length = start.len().saturating_sub(self.rest.len());
                let line = start.get(..length).unwrap_or_default();
                self.take(b"\n")?;
                let rises = line > std::mem::replace(&mut last, line);
                rises.then_some(value).ok_or_else(refused)
            })())
        })
        .collect()
    }

    /// An entry of `N` values in brackets.
    fn row<const N: usize>(&mut self) -> Result<[Atom<'a>; N], MetaError> {
        self.counted()?;
        self.take(b"[")?;
        let mut row = [Atom::Integer(0); N];
        for (n, atom) in row.iter_mut().enumerate() {
            if n > 0 {
                self.take(b" ")?;
            }
            *atom = self.atom()?;
        }
        self.take(b"]")?;
        Ok(row)
    }
}

impl<'a> Source<'a> for Scanner<'a> {
    type Item = Atom<'a>;

    fn value(&mut self, name: &'static str) -> Result<Atom<'a>, MetaError> {
        self.name(name)?;
        let atom = self.atom()?;
        self.take(b"\n")?;
        Ok(atom)
    }

    fn list<T, C: FromIterator<T>>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(Atom<'a>) -> Result<T, MetaError>,
    ) -> Result<C, MetaError> {
        self.lines(name, |scanner| read(scanner.atom()?))
    }

    fn rows<const N: usize, T, C: FromIterator<T>>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut([Atom<'a>; N]) -> Result<T, MetaError>,
    ) -> Result<C, MetaError> {
        self.lines(name, |scanner| read(scanner.row()?))
    }

    fn map<const N: usize, K: Ord, V>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut([Atom<'a>; N]) -> Result<(K, V), MetaError>,
    ) -> Result<BTreeMap<K, V>, MetaError> {
        let mut lines = 0_usize;
        let map: BTreeMap<K, V> = self.rows(name, |row| {
            lines += 1;
            read(row)
        })?;
        // Two lines with one key can rise by what stands behind it.
        (map.len() == lines).then_some(map).ok_or_else(refused)
    }

    fn before(&self) -> &'a [u8] {
        let length = self.source.len().saturating_sub(self.rest.len());
        self.source.get(..length).unwrap_or_default()
    }
}

/// A value that is no list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Atom<'a> {
    Integer(u64),
    /// A string that stands for itself.
    Plain(&'a [u8]),
    /// What is between the quotes, with an escape in it.
    Escaped(&'a [u8]),
}

impl<'a> Item<'a> for Atom<'a> {
    fn error(&self, _: MetaErrorKind) -> MetaError {
        refused()
    }

    fn text(&self) -> Result<Cow<'a, str>, MetaError> {
        match self {
            Atom::Plain(text) => std::str::from_utf8(text).ok().map(Cow::Borrowed),
            Atom::Escaped(text) => unescaped(text).map(Cow::Owned),
            Atom::Integer(_) => None,
        }
        .ok_or_else(refused)
    }

    fn integer(&self) -> Result<u64, MetaError> {
        match self {
            Atom::Integer(value) => Ok(*value),
            Atom::Plain(_) | Atom::Escaped(_) => Err(refused()),
        }
    }
}

/// An integer up to 2^62 - 1 without a zero in front, and what follows it.
fn integer(text: &[u8]) -> Option<(&[u8], Atom<'_>)> {
    let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(length)?;
    let value = match digits {
        [] | [b'0', _, ..] => return None,
        digits => digits.iter().try_fold(0_u64, |value, digit| {
            let digit = u64::from(digit.checked_sub(b'0')?);
            value.checked_mul(10)?.checked_add(digit)
        })?,
    };
    (value <= MAX_INTEGER).then_some((rest, Atom::Integer(value)))
}

/// The rest of a string behind its first quote, and what follows the last one.
fn string(text: &[u8]) -> Option<(&[u8], Atom<'_>)> {
    let special = |b: &u8| !matches!(b, b' '..=b'~') || matches!(b, b'"' | b'\\');
    let mut length = text.iter().position(special)?;
    let plain = text.get(length) == Some(&b'"');
    loop {
        match text.get(length..)? {
            [b'"', rest @ ..] => {
                let text = text.get(..length)?;
                let atom = if plain {
                    Atom::Plain(text)
                } else {
                    Atom::Escaped(text)
                };
                return Some((rest, atom));
            }
            [b'\\', _, ..] => length += 2,
            [b' '..=b'~', ..] => length += 1,
            _ => return None,
        }
    }
}

/// The text that is written so; `None` if there is another way to write it.
fn unescaped(mut text: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    loop {
        let (byte, rest) = match text {
            [] => return String::from_utf8(out).ok(),
            [b'\\', byte @ (b'"' | b'\\'), rest @ ..] => (*byte, rest),
            [b'\\', b'n', rest @ ..] => (b'\n', rest),
            [b'\\', b'x', high, low, rest @ ..] => {
                let byte = digit(*high)? << 4 | digit(*low)?;
                let own_way = byte == b'\n' || matches!(byte, b' '..=b'~');
                (!own_way).then_some((byte, rest))?
            }
            [b'\\', ..] => return None,
            [byte, rest @ ..] => (*byte, rest),
        };
        out.push(byte);
        text = rest;
    }
}

fn digit(hex: u8) -> Option<u8> {
    match hex {
        b'0'..=b'9' => hex.checked_sub(b'0'),
        b'a'..=b'f' => hex.checked_sub(b'a' - 10),
        _ => None,
    }
}
