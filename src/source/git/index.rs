//! Reads an index file as a stream: versions 2 to 4, with its cache-tree, split and sparse forms.
//!
//! The format is `Documentation/gitformat-index.adoc` of git. Entries are not collected: an
//! index of 300,000 of them goes by in a buffer that stays in the processor's cache. The
//! cache-tree stands at the end of the file, and is looked for from there.
//!
//! Must not read objects, and must not trust a length.

pub mod cache_tree;
mod split;

use std::{
    fs::File,
    io::{self, Read, Seek as _, SeekFrom},
    path::Path,
    time::SystemTime,
};

use bstr::{BStr, BString, ByteSlice as _};

use self::cache_tree::CacheTree;
use super::tree::Mode;

/// Bytes before the first entry: signature, version, number of entries.
const HEADER_LEN: usize = 12;
/// Bytes of times, numbers, mode and size before the id of an entry.
const STAT_LEN: usize = 40;
/// Signature and length in front of an extension.
const EXTENSION_HEADER_LEN: usize = 8;
/// Read at a time: fits a level-2 cache, makes system calls rare, and touches few new pages.
const CHUNK: usize = 64 << 10;
/// Parts of the end of the file in which extensions are looked for, one after the other. A
/// cache-tree takes about 40 bytes a folder, so the last holds one of 800,000 folders; without
/// it the index is read from its start, which costs time and nothing else.
const TAILS: [usize; 3] = [64 << 10, 2 << 20, 32 << 20];
/// Mask of the length of a name; names at least as long say so by this value.
const NAME_MASK: u16 = 0x0fff;
/// An entry has a second word of flags.
const EXTENDED: u16 = 0x4000;
/// In the first word of flags: not to be looked at in the working tree.
const ASSUME_VALID: u16 = 0x8000;
/// In the second word of flags: absent from the working tree by intent.
const SKIP_WORKTREE: u16 = 0x4000;
/// In the second word of flags: only the intent to add something.
const INTENT_TO_ADD: u16 = 0x2000;

/// Why an index could not be read.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file system says so.
    #[error("it cannot be read ({0})")]
    Io(#[from] io::Error),
    /// It is not what an index looks like.
    #[error("the index is corrupt ({0}); remove it and run git reset to make it anew")]
    Corrupt(&'static str),
    /// It is of a kind that only a newer program knows.
    #[error("the index needs what this program does not know ({0})")]
    Unknown(String),
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry<'i> {
    /// What it is. A folder stands for all below it (sparse index); its path ends in `/`.
    pub mode: Mode,
    /// Raw id of the blob, commit or (for a folder) tree.
    pub id: &'i [u8],
    /// The path from the top.
    pub path: &'i BStr,
    /// 0, or 1 to 3 for the sides of a conflict.
    pub stage: u8,
    /// What the flags say.
    pub flags: Flags,
    /// What the file looked like when it was last compared.
    pub stat: Stat,
}

/// Marks on an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Flags {
    /// Only the intent to add; there is no content yet.
    pub intent_to_add: bool,
    /// Absent from the working tree by intent, or not to be looked at there.
    pub ignore_worktree: bool,
}

/// Size and time of a file as the index remembers them, cut to 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stat {
    /// Seconds of the modification time.
    pub seconds: u32,
    /// Nanoseconds of the modification time.
    pub nanoseconds: u32,
    /// Size in bytes.
    pub size: u32,
}

/// Goes over entries in order of path and stage. Starts before the first one.
pub trait Cursor {
    /// Goes to the next entry; false at the end.
    ///
    /// # Errors
    ///
    /// If the index is corrupt or cannot be read.
    fn advance(&mut self) -> Result<bool, IndexError>;

    /// The entry that the cursor is at; `None` at the end.
    fn current(&self) -> Option<IndexEntry<'_>>;

    /// The path of the current entry, for when nothing else of it is wanted.
    fn path(&self) -> Option<&BStr> {
        self.current().map(|entry| entry.path)
    }
}

/// An index file.
#[derive(Debug)]
pub struct IndexFile {
    file: Option<File>,
    len: u64,
    hash_len: usize,
}

impl IndexFile {
    /// Opens the index at `path` of a repository whose ids have `hash_len` bytes. A file that is
    /// not there is an empty index.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be opened.
    pub fn open(path: &Path, hash_len: usize) -> Result<Self, IndexError> {
        let file = match File::open(path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let len = match &file {
            Some(file) => file.metadata()?.len(),
            None => 0,
        };
        Ok(Self { file, len, hash_len })
    }

    /// The cache-tree, if it can be found from the end of the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is no index. A cache-tree that is broken is one that is not there.
    pub fn cache_tree(&mut self) -> Result<Option<CacheTree>, IndexError> {
        // The header first: what is no index has no cache-tree either.
        self.entries()?;
        let Some(file) = &mut self.file else { return Ok(None) };
        for tail_len in TAILS {
            let start = self.len.saturating_sub(tail_len as u64);
            let mut tail = Vec::with_capacity((self.len - start) as usize);
            file.seek(SeekFrom::Start(start))?;
            file.take(self.len - start).read_to_end(&mut tail)?;
            let Some(end) = tail.len().checked_sub(self.hash_len) else { return Ok(None) };
            for place in memchr::memmem::rfind_iter(&tail[..end], b"TREE") {
                if let Some(content) = chained(&tail[place..end]) {
                    return Ok(CacheTree::parse(content, self.hash_len));
                }
            }
            if start == 0 {
                break;
            }
        }
        Ok(None)
    }

    /// Starts to read the entries.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or its header is not that of an index.
    pub fn entries(&mut self) -> Result<Entries<'_>, IndexError> {
        let Some(file) = &mut self.file else { return Ok(Entries::before(io::empty(), self.hash_len)) };
        file.seek(SeekFrom::Start(0))?;
        Entries::new((&*file).take(self.len), self.hash_len)
    }

    /// All entries in memory; `git_dir` is where a shared index would be.
    ///
    /// # Errors
    ///
    /// If the index is corrupt or cannot be read.
    pub fn list(&mut self, git_dir: &Path) -> Result<Listed, IndexError> {
        let mut entries = self.entries()?;
        let own = Listed::collect(&mut entries)?;
        match Extensions::read(entries)?.link {
            Some(link) => self.merged(&link, git_dir),
            None => Ok(own),
        }
    }

    /// When the file was last written; `None` if that is not known.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        self.file.as_ref()?.metadata().ok()?.modified().ok()
    }

    /// All entries, merged with those of the shared index that `link` names in `git_dir`.
    ///
    /// # Errors
    ///
    /// If either file is corrupt or cannot be read.
    pub fn merged(&mut self, link: &[u8], git_dir: &Path) -> Result<Listed, IndexError> {
        let hash_len = self.hash_len;
        let link = split::Link::parse(link, hash_len)?;
        let own = Listed::collect(&mut self.entries()?)?;
        let Some(name) = link.shared_name() else { return Ok(own) };
        let mut shared = Self::open(&git_dir.join(name), hash_len)?;
        if shared.file.is_none() {
            return Err(IndexError::Corrupt("its shared index is not there"));
        }
        let base = Listed::collect(&mut shared.entries()?)?;
        split::merge(base, own, &link)
    }
}

/// If `text` starts with an extension from which others follow up to its very end: its content.
fn chained(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    let mut first = None;
    while !rest.is_empty() {
        let (signature, content, after) = extension(rest)?;
        if !signature.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        first.get_or_insert(content);
        rest = after;
    }
    first
}

/// Signature and content of the first extension of `text`, and what follows it.
fn extension(text: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let signature = text.get(..4)?.try_into().ok()?;
    let len = be32(text, 4)? as usize;
    let rest = text.get(EXTENSION_HEADER_LEN..)?;
    Some((signature, rest.get(..len)?, &rest[len..]))
}

/// What stands behind the entries.
#[derive(Debug, Default)]
pub struct Extensions {
    /// The content of `link`: entries are the difference to a shared index.
    pub link: Option<Vec<u8>>,
}

impl Extensions {
    /// Reads what stands behind the entries, once they have all gone by.
    ///
    /// # Errors
    ///
    /// If the file is corrupt, or holds an extension without which it cannot be understood.
    pub fn read(mut entries: Entries<'_>) -> Result<Self, IndexError> {
        let rest = entries.rest()?;
        let end = rest.len().checked_sub(entries.hash_len);
        // A file of no bytes at all has no checksum either.
        let Some(end) = end else {
            return match entries.version {
                0 => Ok(Self::default()),
                _ => Err(IndexError::Corrupt("it ends too early")),
            };
        };
        let mut found = Self::default();
        let mut rest = &rest[..end];
        while !rest.is_empty() {
            let (signature, content, after) =
                extension(rest).ok_or(IndexError::Corrupt("an extension is longer than the file"))?;
            match &signature {
                b"link" => found.link = Some(content.to_vec()),
                b"sdir" => {}
                // Capitals mark what a reader may pass over.
                [b'A'..=b'Z', ..] => {}
                other => return Err(IndexError::Unknown(format!("extension {:?}", other.as_bstr()))),
            }
            rest = after;
        }
        if entries.nameless && found.link.is_none() {
            return Err(IndexError::Corrupt("an entry has no path"));
        }
        Ok(found)
    }
}

/// Streams the entries of an index file.
pub struct Entries<'f> {
    input: Box<dyn Read + 'f>,
    hash_len: usize,
    /// 0 if there is no file.
    version: u32,
    /// Entries that have not been looked at.
    left: u32,
    /// What was read, of which `at..` has not been taken.
    buffer: Vec<u8>,
    at: usize,
    /// Where the current entry starts in the buffer; `None` before the first and after the last.
    entry: Option<usize>,
    /// Where its name is in the buffer (versions 2 and 3).
    name: (usize, usize),
    /// Its path (version 4, where names are written as differences).
    path: Vec<u8>,
    /// Entries without a path went by, which only a split index has.
    nameless: bool,
}

impl<'f> Entries<'f> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// If it is not that of an index of version 2, 3 or 4.
    pub fn new(input: impl Read + 'f, hash_len: usize) -> Result<Self, IndexError> {
        let mut entries = Self::before(input, hash_len);
        // No more than the header: often the cache-tree answers, and nothing else is read.
        entries.input.by_ref().take(HEADER_LEN as u64).read_to_end(&mut entries.buffer)?;
        if entries.buffer.len() < HEADER_LEN {
            return Err(IndexError::Corrupt("it has no header"));
        }
        if !entries.buffer.starts_with(b"DIRC") {
            return Err(IndexError::Corrupt("it does not start with DIRC"));
        }
        entries.version = be32(&entries.buffer, 4).unwrap_or(0);
        entries.left = be32(&entries.buffer, 8).unwrap_or(0);
        if !(2..=4).contains(&entries.version) {
            return Err(IndexError::Unknown(format!("version {}", entries.version)));
        }
        entries.at = HEADER_LEN;
        Ok(entries)
    }

    /// Stands before everything; without a header, the index is empty.
    fn before(input: impl Read + 'f, hash_len: usize) -> Self {
        Self {
            input: Box::new(input),
            hash_len,
            version: 0,
            left: 0,
            buffer: Vec::new(),
            at: 0,
            entry: None,
            name: (0, 0),
            path: Vec::new(),
            nameless: false,
        }
    }

    /// Makes sure that `len` bytes from `at` on are in the buffer; false if the input is too short.
    fn fill(&mut self, len: usize) -> Result<bool, IndexError> {
        if self.buffer.len() - self.at >= len {
            return Ok(true);
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        let mut filled = self.buffer.len();
        self.buffer.resize(len.max(CHUNK), 0);
        while filled < self.buffer.len() {
            match self.input.read(&mut self.buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.buffer.truncate(filled);
        Ok(filled >= len)
    }

    /// Offset from `from` to the next NUL in the buffer, reading on until there is one. Offsets count from `at`.
    fn find_nul(&mut self, from: usize) -> Result<usize, IndexError> {
        let mut searched = from;
        loop {
            if let Some(found) = memchr::memchr(0, &self.buffer[self.at + searched..]) {
                return Ok(searched + found);
            }
            searched = self.buffer.len() - self.at;
            if !self.fill(searched + 1)? {
                return Err(IndexError::Corrupt("a path does not end"));
            }
        }
    }

    /// What follows the entries.
    fn rest(&mut self) -> Result<Vec<u8>, IndexError> {
        let mut rest = self.buffer.split_off(self.at.min(self.buffer.len()));
        self.input.read_to_end(&mut rest)?;
        Ok(rest)
    }

    /// Reads the name of version 4: how much of the path before stays, then the rest and a NUL.
    fn read_compressed_name(&mut self, fixed: usize) -> Result<usize, IndexError> {
        const TOO_LONG: IndexError = IndexError::Corrupt("a path shares more than the one before it has");
        let mut offset = fixed;
        let mut byte = self.byte(offset)?;
        let mut cut = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            offset += 1;
            byte = self.byte(offset)?;
            // As in pack offsets: each further byte adds one, so that no number has two forms.
            cut = cut.checked_add(1).and_then(|cut| cut.checked_mul(0x80)).ok_or(TOO_LONG)?;
            cut += usize::from(byte & 0x7f);
        }
        offset += 1;
        let kept = self.path.len().checked_sub(cut).ok_or(TOO_LONG)?;
        let nul = self.find_nul(offset)?;
        self.path.truncate(kept);
        self.path.extend_from_slice(&self.buffer[self.at + offset..self.at + nul]);
        Ok(nul + 1)
    }

    /// The byte at `offset` from `at`.
    fn byte(&mut self, offset: usize) -> Result<u8, IndexError> {
        if !self.fill(offset + 1)? {
            return Err(IndexError::Corrupt("it ends too early"));
        }
        Ok(self.buffer[self.at + offset])
    }
}

impl Cursor for Entries<'_> {
    fn advance(&mut self) -> Result<bool, IndexError> {
        self.entry = None;
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        let mut fixed = STAT_LEN + self.hash_len + 2;
        // The second word of flags and one byte of name are there in any case.
        if !self.fill(fixed + 2)? {
            return Err(IndexError::Corrupt("it holds fewer entries than it says"));
        }
        let flags = be16(&self.buffer, self.at + fixed - 2);
        if flags & EXTENDED != 0 {
            if self.version < 3 {
                return Err(IndexError::Corrupt("an entry has flags that its version has not"));
            }
            fixed += 2;
        }
        let len = if self.version == 4 {
            self.read_compressed_name(fixed)?
        } else {
            let said = usize::from(flags & NAME_MASK);
            let name_len = if said < usize::from(NAME_MASK) { said } else { self.find_nul(fixed)? - fixed };
            // One to eight NUL bytes make the length a multiple of eight.
            let len = (fixed + name_len + 8) & !7;
            if !self.fill(len)? {
                return Err(IndexError::Corrupt("it ends too early"));
            }
            if self.buffer[self.at + fixed + name_len] != 0 {
                return Err(IndexError::Corrupt("a path is longer than it says"));
            }
            self.name = (self.at + fixed, name_len);
            len
        };
        self.nameless |= self.name_bytes().is_empty();
        self.entry = Some(self.at);
        self.at += len;
        Ok(true)
    }

    fn current(&self) -> Option<IndexEntry<'_>> {
        let raw = &self.buffer[self.entry?..];
        let at = |offset| be32(raw, offset).unwrap_or(0);
        let flags_at = STAT_LEN + self.hash_len;
        let flags = be16(raw, flags_at);
        let more = if flags & EXTENDED == 0 { 0 } else { be16(raw, flags_at + 2) };
        Some(IndexEntry {
            mode: Mode(at(24)),
            id: &raw[STAT_LEN..flags_at],
            path: self.name_bytes().as_bstr(),
            stage: (flags >> 12 & 3) as u8,
            flags: Flags {
                intent_to_add: more & INTENT_TO_ADD != 0,
                ignore_worktree: more & SKIP_WORKTREE != 0 || flags & ASSUME_VALID != 0,
            },
            stat: Stat { seconds: at(8), nanoseconds: at(12), size: at(36) },
        })
    }

    fn path(&self) -> Option<&BStr> {
        self.entry.map(|_| self.name_bytes().as_bstr())
    }
}

impl Entries<'_> {
    fn name_bytes(&self) -> &[u8] {
        if self.version == 4 { &self.path } else { &self.buffer[self.name.0..self.name.0 + self.name.1] }
    }
}

/// An entry that owns what it holds.
#[derive(Clone, Debug)]
struct Owned {
    mode: Mode,
    id: Vec<u8>,
    path: BString,
    stage: u8,
    flags: Flags,
    stat: Stat,
}

/// Entries in memory, for indexes that are not a plain stream.
#[derive(Debug, Default)]
pub struct Listed {
    entries: Vec<Owned>,
    /// Entries gone by, the current one included.
    gone: usize,
}

impl Listed {
    fn collect(cursor: &mut impl Cursor) -> Result<Self, IndexError> {
        let mut entries = Vec::new();
        while cursor.advance()? {
            entries.extend(cursor.current().map(|entry| Owned {
                mode: entry.mode,
                id: entry.id.to_vec(),
                path: entry.path.to_owned(),
                stage: entry.stage,
                flags: entry.flags,
                stat: entry.stat,
            }));
        }
        Ok(Self { entries, gone: 0 })
    }
}

impl Cursor for Listed {
    fn advance(&mut self) -> Result<bool, IndexError> {
        self.gone = (self.gone + 1).min(self.entries.len() + 1);
        Ok(self.gone <= self.entries.len())
    }

    fn current(&self) -> Option<IndexEntry<'_>> {
        let entry = self.entries.get(self.gone.checked_sub(1)?)?;
        Some(IndexEntry {
            mode: entry.mode,
            id: &entry.id,
            path: entry.path.as_bstr(),
            stage: entry.stage,
            flags: entry.flags,
            stat: entry.stat,
        })
    }
}

fn be16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |word| u16::from_be_bytes([word[0], word[1]]))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
}

#[cfg(test)]
mod tests;
