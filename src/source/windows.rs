//! Hands over content of any length in bounded memory: whole where it is short, in parts where
//! it is long.
//!
//! Parts end at the end of a line where one is near, and begin with the last lines of the part
//! before, so that what spans a boundary is seen whole once. Must not know where bytes come from.

use std::{
    io::{self, ErrorKind, Read},
    sync::{Mutex, PoisonError},
};

use super::{Skip, Visitor, archive};
use crate::{
    origin::Entry,
    text::{Fresh, LineMap, Position, Span},
};

/// Longest content that is handed over whole. Source text is far below; eight workers with a
/// full buffer each stay near the size of a browser tab.
pub(super) const PART: usize = 16 << 20;

/// What a part repeats of the one before: more than the longest secret with its context (a PEM
/// file of some keys), and nothing to speak of in time.
const OVERLAP: usize = 64 << 10;

/// Longest archive that is held whole though its size is not known beforehand: standard input.
const WHOLE_ARCHIVE: usize = 256 << 20;

/// Smallest read: most source files fit.
const FIRST_READ: usize = 32 << 10;

/// A buffer that one worker uses from content to content.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    /// Zeroed once, when it grows; what is in use is a prefix.
    bytes: Vec<u8>,
}

/// The one buffer for archives longer than a part, which cannot be opened in parts. Workers take
/// turns, so that memory holds one of them.
#[derive(Debug, Default)]
pub(super) struct Giants(Mutex<()>);

/// A content that is being read.
pub(super) struct Reading<'r> {
    /// What is being read.
    pub(super) entry: &'r Entry,
    /// Takes the parts.
    pub(super) visitor: &'r dyn Visitor,
    /// Where parts are read into.
    pub(super) buffer: &'r mut Buffer,
    /// Set where long archives may be handed over whole.
    pub(super) giants: Option<&'r Giants>,
}

/// Where the first byte of a part lies in the file.
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Reading<'_> {
    /// Reads to the end and hands everything over, at least once (an empty content, too).
    ///
    /// # Errors
    ///
    /// If reading fails. What was read until then has been handed over.
    pub(super) fn run(self, reader: &mut dyn Read) -> io::Result<()> {
        let expected = self.entry.size.map_or(FIRST_READ, |size| usize::try_from(size).unwrap_or(PART));
        let mut place = Place { offset: 0, line: 1, column: 1 };
        let mut filled = 0;
        // Bytes at the front of the buffer that were handed over with the part before.
        let mut repeated = 0;
        let mut wide = false;
        loop {
            let end = fill(reader, &mut self.buffer.bytes, &mut filled, expected);
            let (complete, failure) = match end {
                Ok(complete) => (complete, None),
                Err(error) => (true, Some(error)),
            };
            let text = &self.buffer.bytes[..filled];
            if complete && place.offset == 0 {
                if filled > 0 || failure.is_none() {
                    self.visitor.content(self.entry, text, &Fresh::All);
                }
                return failure.map_or(Ok(()), Err);
            }
            if place.offset == 0
                && let Some(giants) = self.giants
                && archive::detect(text).is_some()
            {
                return self.run_whole(reader, giants, filled);
            }
            wide |= place.offset == 0 && is_utf16(text);
            let cut = if complete { filled } else { cut(text, repeated, wide) };
            if cut > repeated {
                let part = part_of(self.entry, &place);
                let fresh = Fresh::from_spans(vec![Span::new(repeated, cut)]);
                self.visitor.content(&part, &text[..cut], &fresh);
            }
            if complete || self.visitor.cancelled() {
                return failure.map_or(Ok(()), Err);
            }
            let keep = keep_from(text, cut, wide);
            place.advance(&text[..keep]);
            self.buffer.bytes.copy_within(keep..filled, 0);
            filled -= keep;
            repeated = cut - keep;
        }
    }

    /// Reads the rest of an archive behind the `filled` bytes of the buffer and hands it over
    /// whole.
    fn run_whole(self, reader: &mut dyn Read, giants: &Giants, filled: usize) -> io::Result<()> {
        let _turn = giants.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.entry.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        let limit = known.max(WHOLE_ARCHIVE);
        let mut bytes = Vec::with_capacity(known.max(filled));
        bytes.extend_from_slice(&self.buffer.bytes[..filled]);
        let rest = (limit - filled.min(limit)) as u64;
        let read = reader.take(rest + 1).read_to_end(&mut bytes);
        if bytes.len() > limit {
            self.visitor.skipped(self.entry, Skip::TooLarge);
            return Ok(());
        }
        self.visitor.content(self.entry, &bytes, &Fresh::All);
        read.map(drop)
    }
}

impl Place {
    /// Goes on by `text`.
    pub(super) fn advance(&mut self, text: &[u8]) {
        self.offset += text.len() as u64;
        self.line += memchr::memchr_iter(b'\n', text).count();
        match memchr::memrchr(b'\n', text) {
            Some(newline) => self.column = text.len() - newline,
            None => self.column += text.len(),
        }
    }
}

/// The entry of a part that begins at `place`.
pub(super) fn part_of(entry: &Entry, place: &Place) -> Entry {
    let first = Position { line: place.line, column: place.column, character: 0 };
    Entry {
        offset: place.offset,
        lines: LineMap::starting_at(first),
        new_name: entry.new_name && place.offset == 0,
        ..entry.clone()
    }
}

/// Reads until the buffer holds a part or the end is there; true for the end.
fn fill(reader: &mut dyn Read, bytes: &mut Vec<u8>, filled: &mut usize, expected: usize) -> io::Result<bool> {
    // One byte more than expected, so that the end shows without a further growth.
    let first = expected.saturating_add(1).clamp(FIRST_READ, PART);
    loop {
        if *filled == PART {
            return Ok(false);
        }
        if *filled == bytes.len() {
            bytes.resize((bytes.len() * 2).clamp(first, PART), 0);
        }
        match reader.read(&mut bytes[*filled..]) {
            Ok(0) => return Ok(true),
            Ok(count) => *filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Where a full part ends: behind the last newline of its second half, else anywhere.
fn cut(text: &[u8], repeated: usize, wide: bool) -> usize {
    let from = repeated.max(text.len() / 2);
    let cut = memchr::memrchr(b'\n', &text[from..]).map_or(text.len(), |newline| from + newline + 1);
    align(cut, wide).min(text.len())
}

/// Where the next part begins: at a line that is at most the overlap in front of `cut`.
pub(super) fn keep_from(text: &[u8], cut: usize, wide: bool) -> usize {
    let from = cut.saturating_sub(OVERLAP);
    let keep = memchr::memchr(b'\n', &text[from..cut]).map_or(from, |newline| from + newline + 1);
    align(keep, wide).min(cut)
}

/// In UTF-16 of both byte orders, the code unit of a newline ends at an even offset.
const fn align(offset: usize, wide: bool) -> usize {
    if wide { offset + (offset & 1) } else { offset }
}

fn is_utf16(text: &[u8]) -> bool {
    text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff")
}
