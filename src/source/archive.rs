//! Opens archives and compressed files, nested ones too, as streams and within limits.
//!
//! Detection goes by content, never by name. Nothing is written anywhere, and nothing is
//! allocated because a header claims a size. Must not know what members are searched for.

mod stream;
mod tar;
mod zip;

use std::{
    cell::Cell,
    io::{self, Read},
};

use bstr::{BString, ByteSlice as _};

use self::stream::{Capped, Head, Metered};
use super::{
    Skip, Visitor,
    windows::{Buffer, Reading},
};
use crate::{
    glob,
    origin::{Entry, Kind, Origin},
};

/// What can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// zip, and with it jar, war, apk, whl, nupkg, docx, xlsx, …
    Zip,
    /// tar of any age: v7, ustar, GNU, pax.
    Tar,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
}

/// What `bytes`, the start of a content of at least [`HEAD`] bytes where there are so many, can be
/// opened as.
#[must_use]
pub fn detect(bytes: &[u8]) -> Option<Format> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    match bytes.first()? {
        b'P' if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") => Some(Format::Zip),
        0x1f if starts(b"\x1f\x8b\x08") => Some(Format::Gzip),
        0x28 if starts(b"\x28\xb5\x2f\xfd") => Some(Format::Zstd),
        0xfd if starts(b"\xfd7zXZ\0") => Some(Format::Xz),
        b'B' if starts(b"BZh") && bytes.get(4..10) == Some(b"\x31\x41\x59\x26\x53\x59") => {
            Some(Format::Bzip2)
        }
        _ => tar::is_header(bytes).then_some(Format::Tar),
    }
}

/// Bytes that [`detect`] looks at: the header of a tar archive is the longest.
pub const HEAD: usize = 512;

/// How far archives are opened. Every limit that is hit is recorded as [`Skip::ArchiveLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Archives within archives; 1 opens the outermost only. A compressed tar archive is one
    /// level. At most 8 count.
    pub depth: u8,
    /// Members of an outermost archive, in all its levels.
    pub members: u64,
    /// Bytes of one member.
    pub member_bytes: u64,
    /// Bytes unpacked from an outermost archive, in all its levels.
    pub total_bytes: u64,
    /// Bytes unpacked for each byte of the outermost archive.
    pub ratio: u64,
}

impl Default for Limits {
    /// Room for every archive that is kept in a repository for use, and seconds at most for one
    /// that is made to harm.
    fn default() -> Self {
        Self { depth: 4, members: 100_000, member_bytes: 256 << 20, total_bytes: 1 << 30, ratio: 200 }
    }
}

/// Levels that are opened whatever the limits say: each holds decoder state in memory.
const MAX_DEPTH: u8 = 8;

/// Bytes that may be unpacked whatever the ratio: small files of repeated text pack very well.
const RATIO_FLOOR: u64 = 16 << 20;

/// Bytes of zip archives inside of archives, held in memory while they are read: a zip is read
/// from its end. Those of all levels count together.
const NESTED_ZIPS: u64 = 64 << 20;

/// What came of opening an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Members were reached. What could not be read is recorded as skipped.
    Members,
    /// Not one member was reached: look at the bytes as they are.
    Nothing,
}

/// Hands the members of the archive `bytes`, the content of `entry`, to `visitor`.
///
/// [`Visitor::wants`] is asked for each member before it is unpacked. Archives within are opened
/// in turn and not handed over themselves. What is cut off, corrupt, encrypted or over a limit
/// is skipped with its reason; what comes before it is handed over.
pub fn expand(entry: &Entry, bytes: &[u8], limits: &Limits, visitor: &dyn Visitor) -> Opened {
    let by_ratio = limits.ratio.saturating_mul(bytes.len() as u64).max(RATIO_FLOOR);
    let budget = Budget {
        bytes: Cell::new(limits.total_bytes.min(by_ratio)),
        members: Cell::new(limits.members),
        spent: Cell::new(false),
    };
    let mut opening = Opening {
        visitor,
        limits,
        budget: &budget,
        buffer: Buffer::default(),
        inflated: Vec::new(),
        held: 0,
    };
    match detect(bytes) {
        Some(Format::Zip) => opening.zip(bytes, entry, 1),
        Some(format) => opening.container(format, &mut Head::known(bytes), entry, 1),
        None => return Opened::Nothing,
    }
    if budget.spent.get() {
        visitor.skipped(entry, Skip::ArchiveLimit);
    }
    if budget.members.get() < limits.members || budget.spent.get() {
        Opened::Members
    } else {
        Opened::Nothing
    }
}

/// What is left of the limits of one outermost archive.
struct Budget {
    bytes: Cell<u64>,
    members: Cell<u64>,
    /// Set when either ran out. All levels then return without a further word.
    spent: Cell<bool>,
}

impl Budget {
    /// Takes a member; false if there is none left.
    fn member(&self) -> bool {
        match self.members.get().checked_sub(1) {
            Some(left) if !self.spent.get() => {
                self.members.set(left);
                true
            }
            _ => {
                self.spent.set(true);
                false
            }
        }
    }

    /// Takes bytes; false if there are not so many left.
    fn bytes(&self, count: u64) -> bool {
        let left = self.bytes.get().checked_sub(count);
        self.bytes.set(left.unwrap_or(0));
        if left.is_none() {
            self.spent.set(true);
        }
        left.is_some()
    }
}

/// One outermost archive being read.
struct Opening<'o> {
    visitor: &'o dyn Visitor,
    limits: &'o Limits,
    budget: &'o Budget,
    buffer: Buffer,
    /// Room for a member that is inflated in one go.
    inflated: Vec<u8>,
    /// Bytes of nested zip archives in memory.
    held: u64,
}

/// What the directory of an archive says on a member.
struct Member {
    name: BString,
    kind: Kind,
    size: Option<u64>,
    executable: bool,
}

impl Opening<'_> {
    /// True if nothing more is to be read.
    fn is_over(&self) -> bool {
        self.budget.spent.get() || self.visitor.cancelled()
    }

    /// Notes that the rest of `entry` cannot be read.
    fn damaged(&self, entry: &Entry) {
        if !self.budget.spent.get() {
            self.visitor.skipped(entry, Skip::Damaged);
        }
    }

    /// Counts a member and asks for it; its entry, if it is to be read.
    fn wanted(&self, outer: &Entry, member: Member) -> Option<Entry> {
        if !self.budget.member() {
            return None;
        }
        let entry = entry_of(outer, member);
        self.visitor.wants(&entry).then_some(entry)
    }

    /// Notes a member that is not read.
    fn unread(&self, outer: &Entry, member: Member, why: Skip) {
        if self.budget.member() {
            self.visitor.skipped(&entry_of(outer, member), why);
        }
    }

    /// Reads one member: as an archive if it is one, else as content.
    fn member(&mut self, reader: &mut dyn Read, entry: &Entry, depth: u8) {
        if entry.origin.kind == Kind::Symlink {
            return self.plain(reader, entry);
        }
        let Ok(mut head) = Head::peek(reader) else {
            return self.damaged(entry);
        };
        match detect(head.start()) {
            Some(format) if depth < self.limits.depth.min(MAX_DEPTH) => {
                self.container(format, &mut head, entry, depth + 1);
            }
            Some(_) => self.visitor.skipped(entry, Skip::ArchiveLimit),
            None => self.plain(&mut head, entry),
        }
    }

    /// Hands over content.
    fn plain(&mut self, reader: &mut dyn Read, entry: &Entry) {
        let mut capped = Capped::new(reader, self.limits.member_bytes);
        let reading = Reading { entry, visitor: self.visitor, buffer: &mut self.buffer, giants: None };
        let end = reading.run(&mut capped);
        if capped.is_cut() {
            self.visitor.skipped(entry, Skip::ArchiveLimit);
        } else if end.is_err() {
            self.damaged(entry);
        }
    }

    /// Opens an archive or a compressed file.
    fn container(&mut self, format: Format, reader: &mut Head<'_>, entry: &Entry, depth: u8) {
        match format {
            Format::Tar => self.tar(reader, entry, depth),
            Format::Zip => self.nested_zip(reader, entry, depth),
            _ => {
                let mut decoder = Metered::new(stream::decoder(format, reader), self.budget);
                self.compressed(&mut decoder, entry, depth);
            }
        }
    }

    /// Reads what a compressed file holds: the members of a tar archive, or one member.
    fn compressed(&mut self, reader: &mut dyn Read, entry: &Entry, depth: u8) {
        let Ok(mut head) = Head::peek(reader) else {
            return self.damaged(entry);
        };
        if detect(head.start()) == Some(Format::Tar) {
            return self.tar(&mut head, entry, depth);
        }
        let name = unpacked_name(&entry.origin);
        let member = Member { name, kind: Kind::File, size: None, executable: false };
        if let Some(inner) = self.wanted(entry, member) {
            self.member(&mut head, &inner, depth);
        }
    }

    /// Reads a zip archive inside of another archive into memory, and opens it.
    fn nested_zip(&mut self, reader: &mut dyn Read, entry: &Entry, depth: u8) {
        let room = NESTED_ZIPS.saturating_sub(self.held);
        let mut bytes = Vec::new();
        let end = reader.take(room + 1).read_to_end(&mut bytes);
        let length = bytes.len() as u64;
        if length > room {
            return self.visitor.skipped(entry, Skip::ArchiveLimit);
        }
        if end.is_err() {
            self.damaged(entry);
        }
        self.held += length;
        self.zip(&bytes, entry, depth);
        self.held -= length;
    }
}

/// The entry of a member of `outer`.
fn entry_of(outer: &Entry, member: Member) -> Entry {
    let mut origin = outer.origin.clone();
    origin.members.push(member.name);
    origin.kind = member.kind;
    Entry {
        origin,
        size: member.size,
        executable: member.executable,
        new_name: true,
        history: outer.history.clone(),
        ..Entry::default()
    }
}

/// The name of what a compressed file holds: its own without the ending of the compression.
fn unpacked_name(origin: &Origin) -> BString {
    let name = glob::file_name(origin.rule_path());
    for ending in [".gz", ".xz", ".zst", ".bz2"] {
        let split = name.len().saturating_sub(ending.len());
        let (stem, last) = name.split_at(split);
        if !stem.is_empty() && last.eq_ignore_ascii_case(ending.as_bytes()) {
            return stem.as_bstr().to_owned();
        }
    }
    name.as_bstr().to_owned()
}

/// Reads and forgets; true if the end came before `count` bytes.
fn skip_bytes(reader: &mut dyn Read, count: u64) -> io::Result<bool> {
    Ok(io::copy(&mut reader.take(count), &mut io::sink())? < count)
}
