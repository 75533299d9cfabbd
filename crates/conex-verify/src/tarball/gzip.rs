//! One gzip member (RFC 1952), inflated in small steps.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::ArchiveErrorKind as Kind;
use super::{ArchiveError, ArchivePlace, BLOCK};
use crate::limits::{MAX_EXPANSION, MAX_FREE_EXPANSION};

/// How much is inflated at once, in bytes.
const STEP: usize = 64 << 10;

/// How many times larger deflate can make anything: two bits stand for at most 258 bytes.
const DEFLATE: u64 = 1032;

/// The header without optional fields, in bytes.
const HEADER: usize = 10;
/// The trailer: CRC-32 and length, in bytes.
const TRAILER: usize = 8;

/// The content of a gzip file, from its start to its end.
pub(super) struct Gzip<'a> {
    input: &'a [u8],
    /// How much of `input` is used up.
    used: usize,
    inflate: Decompress,
    crc: Crc,
    /// What was inflated and not yet taken: `step[start..end]`.
    step: Vec<u8>,
    start: usize,
    end: usize,
    finished: bool,
    /// How much was inflated and taken.
    taken: u64,
}

impl<'a> Gzip<'a> {
    /// Reads the header.
    pub(super) fn new(input: &'a [u8]) -> Result<Gzip<'a>, ArchiveError> {
        let at = |offset: usize, kind| Err(error(offset, kind));
        let Some((header, rest)) = input.split_first_chunk::<HEADER>() else {
            return match input {
                [0x1f, 0x8b, ..] => at(input.len(), Kind::Truncated("the gzip header")),
                _ => at(0, Kind::NotGzip),
            };
        };
        let [
            0x1f,
            0x8b,
            method,
            flags,
            _time0,
            _time1,
            _time2,
            _time3,
            _extra,
            _os,
        ] = *header
        else {
            return at(0, Kind::NotGzip);
        };
        if method != 8 {
            return at(2, Kind::GzipHeader("a method other than deflate"));
        }
        // FTEXT and FNAME say nothing that anybody acts on.
        let flag = |bit: u8| flags & (1 << bit) != 0;
        if flag(1) || flag(2) || flag(4) || flags & 0xe0 != 0 {
            return at(3, Kind::GzipHeader("a field that is not understood"));
        }
        let mut used = HEADER;
        if flag(3) {
            match rest.iter().position(|&b| b == 0) {
                Some(len) => used += len + 1,
                None => return at(input.len(), Kind::Truncated("the gzip header")),
            }
        }
        Ok(Gzip {
            input,
            used,
            inflate: Decompress::new(false),
            crc: Crc::new(),
            step: vec![0; STEP],
            start: 0,
            end: 0,
            finished: false,
            taken: 0,
        })
    }

    /// How much of the content was taken, in bytes.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Inflates the next step when all of the one before was taken.
    fn step(&mut self) -> Result<(), ArchiveError> {
        while self.start == self.end && !self.finished {
            let input = self.input.get(self.used..).unwrap_or_default();
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(input, &mut self.step, FlushDecompress::None)
                .map_err(|_| error(self.used, Kind::Deflate))?;
            let used = small(self.inflate.total_in() - before_in);
            let made = small(self.inflate.total_out() - before_out);
            self.used = self.used.saturating_add(used).min(self.input.len());
            self.start = 0;
            self.end = made.min(self.step.len());
            self.crc
                .update(self.step.get(..self.end).unwrap_or_default());
            let (total_in, total_out) = (self.inflate.total_in(), self.inflate.total_out());
            if total_out > MAX_FREE_EXPANSION && total_out / MAX_EXPANSION > total_in {
                return Err(error(self.used, Kind::Bomb));
            }
            match status {
                Status::StreamEnd => self.finished = true,
                Status::Ok | Status::BufError => {
                    if used == 0 && made == 0 {
                        let kind = Kind::Truncated("the compressed data");
                        return Err(error(self.used, kind));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether so many more bytes can follow: no memory is taken for what cannot.
    ///
    /// # Errors
    /// What is left of the file cannot become as much, or not without growing too much.
    pub(super) fn expect(&self, size: u64) -> Result<(), ArchiveError> {
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let left = number(self.input.len().saturating_sub(self.used));
        let ready = number(self.end.saturating_sub(self.start));
        // A step more for what was read and not inflated yet.
        let most = left.saturating_mul(DEFLATE) + ready + number(STEP);
        if size > most {
            return Err(error(self.input.len(), Kind::Truncated("a file")));
        }
        let after = self.taken.saturating_add(size);
        if after > MAX_FREE_EXPANSION && after / MAX_EXPANSION > number(self.input.len()) {
            return Err(error(self.used, Kind::Bomb));
        }
        Ok(())
    }

    /// Fills `place` with the next bytes of the content; how many there were, fewer
    /// only at the end.
    pub(super) fn take(&mut self, mut place: &mut [u8]) -> Result<usize, ArchiveError> {
        let mut filled = 0;
        while !place.is_empty() {
            self.step()?;
            let ready = self.step.get(self.start..self.end).unwrap_or_default();
            let n = ready.len().min(place.len());
            if n == 0 {
                break;
            }
            let (now, later) = std::mem::take(&mut place).split_at_mut(n);
            now.copy_from_slice(ready.get(..n).unwrap_or_default());
            place = later;
            self.start += n;
            filled += n;
        }
        self.taken = self
            .taken
            .saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
        Ok(filled)
    }

    /// The next block; `None` at the end of the content.
    pub(super) fn block(&mut self) -> Result<Option<[u8; BLOCK]>, ArchiveError> {
        let mut block = [0; BLOCK];
        match self.take(&mut block)? {
            0 => Ok(None),
            BLOCK => Ok(Some(block)),
            _ => Err(self.truncated("a block")),
        }
    }

    /// The content ends before something does.
    pub(super) fn truncated(&self, what: &'static str) -> ArchiveError {
        error(self.used, Kind::Truncated(what))
    }

    /// Checks the trailer, after the content was taken to its end.
    pub(super) fn finish(self) -> Result<(), ArchiveError> {
        let rest = self.input.get(self.used..).unwrap_or_default();
        let Some((trailer, after)) = rest.split_first_chunk::<TRAILER>() else {
            let kind = Kind::Truncated("the gzip trailer");
            return Err(error(self.input.len(), kind));
        };
        let [c0, c1, c2, c3, l0, l1, l2, l3] = *trailer;
        let (found, stated) = (self.crc.sum(), u32::from_le_bytes([c0, c1, c2, c3]));
        if found != stated {
            return Err(error(self.used, Kind::Crc { found, stated }));
        }
        let stated = u32::from_le_bytes([l0, l1, l2, l3]);
        let found = self.inflate.total_out() & u64::from(u32::MAX);
        if found != u64::from(stated) {
            let found = u32::try_from(found).unwrap_or(u32::MAX);
            return Err(error(self.used, Kind::Length { found, stated }));
        }
        if after.is_empty() {
            Ok(())
        } else {
            let offset = self.used.saturating_add(TRAILER);
            Err(error(offset, Kind::AfterGzip(after.len())))
        }
    }
}

fn small(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn error(offset: usize, kind: Kind) -> ArchiveError {
    ArchiveError {
        place: ArchivePlace::Compressed(u64::try_from(offset).unwrap_or(u64::MAX)),
        kind,
    }
}
