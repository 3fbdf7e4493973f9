//! zip archives in memory, by their directory; without one, by the headers of their members.
//!
//! Format: PKWARE's APPNOTE.TXT 6.3.10, whose sections the comments name. The directory is walked
//! and never collected, so memory does not grow with the number of members.

use std::io::Read;

use bstr::{BString, ByteSlice as _};

use super::{Format, Member, Opening, stream};
use crate::{
    origin::{Entry, Kind},
    source::Skip,
};

/// Starts a member (4.3.7).
const LOCAL: &[u8] = b"PK\x03\x04";
/// Starts a record of the directory (4.3.12).
const CENTRAL: &[u8] = b"PK\x01\x02";
/// Starts the end of the directory (4.3.16).
const END: &[u8] = b"PK\x05\x06";
/// Starts the zip64 end of the directory (4.3.14) and the pointer to it (4.3.15).
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
/// Starts sizes that stand behind a member (4.3.9).
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// Length of the fixed part of each.
const LOCAL_LENGTH: usize = 30;
const CENTRAL_LENGTH: usize = 46;
const END_LENGTH: usize = 22;
const LOCATOR64_LENGTH: usize = 20;

/// Bit flags (4.4.4): needs a password; sizes stand behind the data.
const ENCRYPTED: u16 = 1;
const SIZES_BEHIND: u16 = 1 << 3;

/// Longest member that is inflated in one go, in bytes.
const AT_ONCE: usize = 16 << 20;
/// Bytes that deflate makes of one at most.
const EXPANSION: usize = 1032;

/// A size or place that stands in the zip64 field.
const IN_ZIP64: u64 = 0xffff_ffff;

/// A member, as far as headers tell.
struct Record {
    name: BString,
    flags: u16,
    method: u16,
    packed: u64,
    size: u64,
    /// Where its local header starts.
    place: u64,
    /// Mode of a Unix file; 0 where not known.
    mode: u32,
}

impl Opening<'_> {
    /// Reads the members of a zip archive.
    pub(super) fn zip(&mut self, bytes: &[u8], entry: &Entry, depth: u8) {
        let whole = match directory(bytes) {
            Some(directory) => self.zip_by_directory(bytes, &directory, entry, depth),
            None => self.zip_by_headers(bytes, entry, depth),
        };
        if !whole {
            self.damaged(entry);
        }
    }

    /// False if the archive is not whole.
    fn zip_by_directory(&mut self, bytes: &[u8], directory: &Directory, entry: &Entry, depth: u8) -> bool {
        let mut at = directory.start;
        let mut whole = true;
        // The number of records that the archive claims is not asked: what it leaves out would be
        // unpacked by others all the same.
        while at < directory.end {
            if self.is_over() {
                return true;
            }
            let Some((record, next)) = central(bytes, at) else {
                return false;
            };
            at = next;
            let place =
                usize::try_from(record.place).ok().and_then(|place| place.checked_add(directory.shift));
            let data = place.and_then(|place| local_data(bytes, place));
            let length = usize::try_from(record.packed).unwrap_or(usize::MAX);
            match data.map(|start| &bytes[start..]) {
                Some(data) if data.len() >= length => self.zip_member(&data[..length], record, entry, depth),
                Some(data) => {
                    whole = false;
                    self.zip_member(data, record, entry, depth);
                }
                None => {
                    whole = false;
                    self.unread(entry, record.member(), Skip::Damaged);
                }
            }
        }
        whole
    }

    /// Reads what there is of an archive without a directory. Always false: it is not whole.
    fn zip_by_headers(&mut self, bytes: &[u8], entry: &Entry, depth: u8) -> bool {
        let mut at = 0;
        while !self.is_over() {
            let Some(place) = bytes[at..].find(LOCAL) else {
                return false;
            };
            let Some((mut record, start)) = local(bytes, at + place) else {
                return false;
            };
            let rest = &bytes[start..];
            let sizes_behind = record.flags & SIZES_BEHIND != 0;
            let length = if sizes_behind {
                // Not exact where the data itself holds such bytes; a decoder stops at its own
                // end, and stored text is then read in two pieces.
                [DESCRIPTOR, LOCAL, CENTRAL]
                    .iter()
                    .filter_map(|mark| rest.find(mark))
                    .min()
                    .unwrap_or(rest.len())
            } else {
                usize::try_from(record.packed).unwrap_or(usize::MAX).min(rest.len())
            };
            if sizes_behind {
                record.size = IN_ZIP64;
            }
            self.zip_member(&rest[..length], record, entry, depth);
            at = start + length;
        }
        false
    }

    fn zip_member(&mut self, data: &[u8], record: Record, outer: &Entry, depth: u8) {
        let (method, flags, size) = (record.method, record.flags, record.size);
        let member = record.member();
        if member.name.ends_with(b"/") && data.is_empty() {
            return;
        }
        if flags & ENCRYPTED != 0 {
            return self.unread(outer, member, Skip::Encrypted);
        }
        // Methods (4.4.5).
        let format = match method {
            0 | 8 => None,
            12 => Some(Format::Bzip2),
            93 => Some(Format::Zstd),
            95 => Some(Format::Xz),
            _ => return self.unread(outer, member, Skip::Damaged),
        };
        let Some(entry) = self.wanted(outer, member) else {
            return;
        };
        let mut data = data;
        let mut inflated = std::mem::take(&mut self.inflated);
        let decoder: Box<dyn Read + '_> = match format {
            Some(format) => stream::decoder(format, &mut data),
            None if method == 8 => match inflate(data, size, &mut inflated) {
                Some(whole) => Box::new(whole),
                None => Box::new(flate2::bufread::DeflateDecoder::new(data)),
            },
            None => Box::new(data),
        };
        // Stored members count as well: many records may share the same bytes.
        let mut reader = stream::Metered::new(decoder, self.budget);
        self.member(&mut reader, &entry, depth);
        drop(reader);
        self.inflated = inflated;
    }
}

/// Inflates a member in one go, which takes half the time, if it is short and has the size that it is said to have.
fn inflate<'b>(data: &[u8], size: u64, into: &'b mut Vec<u8>) -> Option<&'b [u8]> {
    let size =
        usize::try_from(size).ok().filter(|&size| size <= AT_ONCE && size / EXPANSION <= data.len())?;
    if into.len() < size {
        into.resize(size, 0);
    }
    let whole = &mut into[..size];
    let length = libdeflater::Decompressor::new().deflate_decompress(data, whole).ok()?;
    (length == size).then_some(&*whole)
}

impl Record {
    fn member(self) -> Member {
        let is_link = self.mode & 0o170_000 == 0o120_000;
        Member {
            name: self.name,
            kind: if is_link { Kind::Symlink } else { Kind::File },
            size: (self.size != IN_ZIP64).then_some(self.size),
            executable: !is_link && self.mode & 0o100 != 0,
        }
    }
}

/// Where the directory is.
struct Directory {
    start: usize,
    end: usize,
    /// Bytes in front of the archive, which the places in it do not count.
    shift: usize,
}

/// Finds the directory from the end of the archive.
fn directory(bytes: &[u8]) -> Option<Directory> {
    // The end record is followed by a comment of at most 64 KiB.
    let from = bytes.len().saturating_sub(END_LENGTH + 0xffff);
    let end = from + bytes[from..].rfind(END)?;
    bytes.get(end..end + END_LENGTH)?;
    let mut length = u64::from(u32_at(bytes, end + 12)?);
    let mut place = u64::from(u32_at(bytes, end + 16)?);
    let mut directory_end = end;
    let records = u16_at(bytes, end + 10)?;
    if records == 0xffff || length == IN_ZIP64 || place == IN_ZIP64 {
        let locator = end.checked_sub(LOCATOR64_LENGTH);
        if let Some(locator) = locator.filter(|&at| bytes[at..].starts_with(LOCATOR64)) {
            let end64 = bytes[..locator].rfind(END64)?;
            length = u64_at(bytes, end64 + 40)?;
            place = u64_at(bytes, end64 + 48)?;
            directory_end = end64;
        }
    }
    let start = directory_end.checked_sub(usize::try_from(length).ok()?)?;
    let shift = start.checked_sub(usize::try_from(place).ok()?)?;
    let sound = start == directory_end || bytes[start..].starts_with(CENTRAL);
    sound.then_some(Directory { start, end: directory_end, shift })
}

/// The record of the directory at `at`, and where the next one starts.
fn central(bytes: &[u8], at: usize) -> Option<(Record, usize)> {
    let fixed = bytes.get(at..at.checked_add(CENTRAL_LENGTH)?)?;
    if !fixed.starts_with(CENTRAL) {
        return None;
    }
    let length = |place| u16_at(fixed, place).map(usize::from);
    let name_start = at + CENTRAL_LENGTH;
    let extra_start = name_start + length(28)?;
    let comment_start = extra_start + length(30)?;
    let next = comment_start + length(32)?;
    // The high byte of the version tells the system: 3 is Unix, 19 is macOS (4.4.2).
    let unix = matches!(fixed[5], 3 | 19);
    let mut record = Record {
        name: bytes.get(name_start..extra_start)?.into(),
        flags: u16_at(fixed, 8)?,
        method: u16_at(fixed, 10)?,
        packed: u32_at(fixed, 20)?.into(),
        size: u32_at(fixed, 24)?.into(),
        place: u32_at(fixed, 42)?.into(),
        mode: if unix { u32_at(fixed, 38)? >> 16 } else { 0 },
    };
    record.read_zip64(bytes.get(extra_start..comment_start)?);
    Some((record, next))
}

impl Record {
    /// Takes sizes and place out of the zip64 field (4.5.3), which holds only those that do not
    /// fit.
    fn read_zip64(&mut self, mut extra: &[u8]) {
        while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
            let end = 4 + usize::from(length);
            let Some(field) = extra.get(4..end) else {
                return;
            };
            extra = &extra[end..];
            if id != 1 {
                continue;
            }
            let mut at = 0;
            for value in [&mut self.size, &mut self.packed, &mut self.place] {
                if *value == IN_ZIP64
                    && let Some(long) = u64_at(field, at)
                {
                    *value = long;
                    at += 8;
                }
            }
        }
    }
}

/// The local header at `at`, and where the data behind it starts.
fn local(bytes: &[u8], at: usize) -> Option<(Record, usize)> {
    let start = local_data(bytes, at)?;
    let fixed = &bytes[at..];
    let name_start = at + LOCAL_LENGTH;
    let extra_start = name_start + usize::from(u16_at(fixed, 26)?);
    let mut record = Record {
        name: bytes.get(name_start..extra_start)?.into(),
        flags: u16_at(fixed, 6)?,
        method: u16_at(fixed, 8)?,
        packed: u32_at(fixed, 18)?.into(),
        size: u32_at(fixed, 22)?.into(),
        place: at as u64,
        mode: 0,
    };
    record.read_zip64(bytes.get(extra_start..start)?);
    Some((record, start))
}

/// Where the data behind the local header at `at` starts.
fn local_data(bytes: &[u8], at: usize) -> Option<usize> {
    let fixed = bytes.get(at..at.checked_add(LOCAL_LENGTH)?)?;
    if !fixed.starts_with(LOCAL) {
        return None;
    }
    let start = at + LOCAL_LENGTH + usize::from(u16_at(fixed, 26)?) + usize::from(u16_at(fixed, 28)?);
    (start <= bytes.len()).then_some(start)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}
