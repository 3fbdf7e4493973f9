//! The data file of a pack, read by position.

use std::{fs::File, io, ops::Range, path::Path, sync::Arc};

use super::{
    Fault, IdFormat,
    pieces::{AtHand, PIECE, Pieces},
};

/// Bytes of `PACK`, version and number of objects.
pub(super) const PACK_HEADER: u64 = 12;

/// How much is read at once where entries are read in order. Large enough that the system call
/// does not count, small enough to stay in the cache of a core.
const WINDOW: usize = 128 << 10;

/// How much is read at once elsewhere: the next entry of a family is often near.
const NEAR: usize = 8 << 10;

/// An open pack.
#[derive(Debug)]
pub(super) struct PackData {
    file: File,
    len: u64,
    /// Where entries end: before the checksum.
    end: u64,
    /// It ends as its index says; see [`PackData::ends_with`].
    whole: bool,
}

impl PackData {
    /// Opens the pack and reads its header.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not a pack of version 2 or 3.
    pub(super) fn open(path: &Path, format: IdFormat) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let mut header = [0; PACK_HEADER as usize];
        read_exact_at(&file, &mut header, 0)?;
        let [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, ..] = header else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a pack of version 2 or 3"));
        };
        Ok(Self { file, len, end: len.saturating_sub(format.id_len() as u64), whole: true })
    }

    /// Checks that the pack ends with `checksum`, the one its index was made for. A pack that
    /// does not was cut or changed: its entries may then reach to the end of the file.
    pub(super) fn ends_with(&mut self, checksum: &[u8]) -> bool {
        let mut trailer = vec![0; checksum.len()];
        let same = self.end >= PACK_HEADER
            && read_exact_at(&self.file, &mut trailer, self.end).is_ok()
            && trailer == checksum;
        if !same {
            self.end = self.len;
            self.whole = false;
        }
        same
    }

    /// True if nothing says that the pack was cut short.
    pub(super) const fn is_whole(&self) -> bool {
        self.whole
    }

    /// Offset after the last entry.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Reads up to `len` bytes; fewer at the end of the entries.
    pub(super) fn read(&self, offset: u64, len: usize, into: &mut Vec<u8>) -> io::Result<()> {
        let len = self.end.saturating_sub(offset).min(len as u64) as usize;
        if into.capacity() < len {
            // The system gives memory that is zero.
            *into = vec![0; len];
        }
        into.resize(len, 0);
        read_exact_at(&self.file, into, offset)
    }

    /// The entries' bytes as a stream from `offset`.
    pub(super) const fn stream(&self, offset: u64) -> Stream<'_> {
        Stream { data: self, offset }
    }
}

/// Reads a pack from some place on.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    data: &'a PackData,
    offset: u64,
}

impl io::Read for Stream<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let len = self.data.end.saturating_sub(self.offset).min(into.len() as u64) as usize;
        read_exact_at(&self.data.file, &mut into[..len], self.offset)?;
        self.offset += len as u64;
        Ok(len)
    }
}

/// A part of a pack in memory, moved over it by one thread.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    start: u64,
    /// The piece of the last entry.
    pub(super) piece: AtHand,
}

impl Window {
    /// The bytes of `range`, which may be cut by the end of the pack.
    pub(super) fn get<'w>(&'w mut self, data: &'w PackData, range: Range<u64>) -> Result<&'w [u8], Fault> {
        if range.start >= data.end || range.end < range.start {
            return Err(Fault::BeyondEnd);
        }
        let end = range.end.min(data.end);
        let held = self.start + self.bytes.len() as u64;
        if range.start < self.start || end > held {
            // Close behind what is held, the pack is being read in order.
            let ahead = range.start >= self.start && range.start < held + NEAR as u64;
            let least = if ahead { WINDOW } else { NEAR };
            let len = usize::try_from(end - range.start).map_err(|_| Fault::BeyondEnd)?;
            if let Err(error) = data.read(range.start, len.max(least), &mut self.bytes) {
                self.bytes.clear();
                return Err(error.into());
            }
            self.start = range.start;
        }
        let from = (range.start - self.start) as usize;
        Ok(&self.bytes[from..from + (end - range.start) as usize])
    }

    /// The bytes of an entry, out of the piece that it lies in if that can be held.
    pub(super) fn entry<'w>(
        &'w mut self,
        data: &'w PackData,
        pieces: &Pieces,
        range: Range<u64>,
    ) -> Result<&'w [u8], Fault> {
        let place = (range.start / PIECE) as usize;
        let start = place as u64 * PIECE;
        let end = range.end.min(data.end);
        let inside = end <= start + PIECE && range.start < end;
        if inside && self.piece.as_ref().is_none_or(|piece| piece.0 != place) {
            self.piece = pieces.get(data, place).map(|bytes| (place, bytes));
        }
        if inside && self.piece.is_some() {
            let bytes = |piece: &'w (usize, Arc<Vec<u8>>)| {
                piece.1.get((range.start - start) as usize..(end - start) as usize)
            };
            return self.piece.as_ref().and_then(bytes).ok_or(Fault::BeyondEnd);
        }
        self.get(data, range)
    }

    /// Forgets what is held, for another pack.
    pub(super) fn clear(&mut self) {
        self.piece = None;
        self.bytes.clear();
        self.bytes.shrink_to(WINDOW);
    }
}

/// Fills `into` from `offset` on, without moving the place that the file is read at.
#[cfg(unix)]
pub(super) fn read_exact_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
}

/// Fills `into` from `offset` on.
#[cfg(windows)]
pub(super) fn read_exact_at(file: &File, mut into: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !into.is_empty() {
        match file.seek_read(into, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(len) => {
                into = &mut into[len..];
                offset += len as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
