//! tar archives, read as a stream: v7, ustar, GNU (long names, sparse files) and pax.
//!
//! Formats: POSIX.1-2017 `pax`, and the GNU tar manual, "Basic Tar Format". Must not hold more than
//! one header in memory.

use std::io::{self, ErrorKind, Read};

use bstr::{BString, ByteSlice as _};

use super::{HEAD, Member, Opening, skip_bytes};
use crate::{
    origin::{Entry, Kind},
    source::Skip,
    text::Fresh,
};

/// Longest long name or pax header that is read. Systems end paths at 4 KiB; pax headers may
/// hold some attributes besides.
const MAX_EXTENSION: u64 = 1 << 20;

type Block = [u8; HEAD];

/// True if `bytes` begins with the header of a tar member: its checksum holds.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    let Some(block) = bytes.get(..HEAD) else {
        return false;
    };
    let field = &block[148..156];
    // The cheap test first: nearly every content that is asked about is none.
    if !field.iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0)) {
        return false;
    }
    let spaces = 8 * u64::from(b' ');
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    number(field) == Some(sum(&block[..148]) + spaces + sum(&block[156..]))
}

/// What headers in front of a member say of it.
#[derive(Default)]
struct Extension {
    name: Option<BString>,
    link: Option<BString>,
    size: Option<u64>,
}

/// What comes next in the archive.
enum Next {
    Header(Box<Block>),
    End,
    /// The archive ends where no archive may end.
    CutOff,
}

impl Opening<'_> {
    /// Reads the members of a tar archive.
    pub(super) fn tar(&mut self, reader: &mut dyn Read, entry: &Entry, depth: u8) {
        match self.tar_members(reader, entry, depth) {
            Ok(true) => {}
            Ok(false) | Err(_) => self.damaged(entry),
        }
    }

    /// False if the archive is not whole.
    fn tar_members(&mut self, reader: &mut dyn Read, entry: &Entry, depth: u8) -> io::Result<bool> {
        let mut extension = Extension::default();
        let mut whole = true;
        while !self.is_over() {
            let header = match next_header(reader, &mut whole)? {
                Next::Header(header) => header,
                Next::End => return Ok(whole),
                Next::CutOff => return Ok(false),
            };
            let size = extension.size.or_else(|| number(&header[124..136])).unwrap_or(u64::MAX);
            let padding = size.wrapping_neg() % HEAD as u64;
            if header[156] == b'S' {
                skip_sparse_maps(reader, &header)?;
            }
            let mut content = (&mut *reader).take(size);
            match header[156] {
                b'L' => extension.name = Some(long_text(&mut content)?),
                b'K' => extension.link = Some(long_text(&mut content)?),
                b'x' => extension.read_pax(&read_extension(&mut content)?),
                // Global pax headers, and the label of a volume: nothing on a member.
                b'g' | b'V' => {}
                _ => {
                    self.tar_member(&mut content, &header, std::mem::take(&mut extension), entry, depth);
                }
            }
            let left = content.limit();
            if skip_bytes(reader, left.saturating_add(padding))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn tar_member(
        &mut self,
        content: &mut dyn Read,
        header: &Block,
        extension: Extension,
        outer: &Entry,
        depth: u8,
    ) {
        let kind = if header[156] == b'2' { Kind::Symlink } else { Kind::File };
        let name = extension.name.unwrap_or_else(|| name_in(header));
        let size = extension.size.or_else(|| number(&header[124..136]));
        let executable = number(&header[100..108]).is_some_and(|mode| mode & 0o100 != 0);
        let directory = name.ends_with(b"/") || header[156] == b'5';
        let member = Member { name, kind, size, executable: executable && !directory };
        match header[156] {
            b'2' => {
                let target = extension.link.unwrap_or_else(|| text_in(&header[157..257]));
                let member = Member { size: Some(target.len() as u64), executable: false, ..member };
                if let Some(entry) = self.wanted(outer, member) {
                    self.visitor.content(&entry, &target, &Fresh::All);
                }
            }
            // A hard link names a member whose content is in the archive already.
            b'1' => {}
            b'3' | b'4' | b'6' => self.unread(outer, member, Skip::Special),
            _ if directory => {}
            _ => {
                if let Some(entry) = self.wanted(outer, member) {
                    self.member(content, &entry, depth);
                }
            }
        }
    }
}

impl Extension {
    /// Takes over the records of a pax header: `LENGTH KEY=VALUE\n` each.
    fn read_pax(&mut self, mut records: &[u8]) {
        while let Some(space) = memchr::memchr(b' ', records) {
            let length = records[..space].to_str().ok().and_then(|digits| digits.parse().ok());
            let Some(record) = length.and_then(|length: usize| records.get(space + 1..length)) else {
                return;
            };
            records = &records[space + 1 + record.len()..];
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            match record.split_once_str(b"=") {
                Some((b"path" | b"GNU.sparse.name", value)) => self.name = Some(value.into()),
                Some((b"linkpath", value)) => self.link = Some(value.into()),
                Some((b"size", value)) => {
                    self.size = value.to_str().ok().and_then(|digits| digits.parse().ok());
                }
                _ => {}
            }
        }
    }
}

/// The next header. Blocks that are neither header nor zeros are passed over, and the archive is
/// then not `whole`.
fn next_header(reader: &mut dyn Read, whole: &mut bool) -> io::Result<Next> {
    let mut block: Block = [0; HEAD];
    loop {
        match read_block(reader, &mut block)? {
            HEAD => {}
            // Some writers leave the zeros at the end out; what is cut off within a member shows
            // while that is passed over.
            0 if *whole => return Ok(Next::End),
            _ => return Ok(Next::CutOff),
        }
        if is_header(&block) {
            return Ok(Next::Header(Box::new(block)));
        }
        if block.iter().all(|&byte| byte == 0) && *whole {
            return Ok(Next::End);
        }
        *whole = false;
    }
}

/// Reads a block; fewer bytes than that at the end.
fn read_block(reader: &mut dyn Read, block: &mut Block) -> io::Result<usize> {
    let mut filled = 0;
    while filled < HEAD {
        match reader.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Passes over the further maps of an old GNU sparse file; its data stands packed behind them.
fn skip_sparse_maps(reader: &mut dyn Read, header: &Block) -> io::Result<()> {
    let mut more = header[482] != 0;
    let mut block: Block = [0; HEAD];
    while more {
        reader.read_exact(&mut block)?;
        more = block[504] != 0;
    }
    Ok(())
}

fn read_extension(content: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.take(MAX_EXTENSION + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_EXTENSION {
        return Err(io::Error::other("extended header too long"));
    }
    Ok(bytes)
}

fn long_text(content: &mut dyn Read) -> io::Result<BString> {
    read_extension(content).map(|bytes| text_in(&bytes))
}

/// The name of a member: with the prefix that ustar has for long ones.
fn name_in(header: &Block) -> BString {
    let name = text_in(&header[..100]);
    // GNU's magic ends in two spaces, and it keeps other things in the prefix.
    if &header[257..263] != b"ustar\0" || header[345] == 0 {
        return name;
    }
    let mut path = text_in(&header[345..500]);
    path.push(b'/');
    path.extend_from_slice(&name);
    path
}

/// Text up to a NUL.
fn text_in(field: &[u8]) -> BString {
    field[..memchr::memchr(0, field).unwrap_or(field.len())].into()
}

/// A number: octal digits, or big-endian binary where the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    let (&first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // Negative numbers and those beyond 64 bits are no sizes.
        return rest.iter().try_fold(u64::from(first & 0x7f), |value, &byte| {
            value.checked_mul(256).map(|value| value + u64::from(byte))
        });
    }
    let digits = field.trim_start_with(|character| matches!(character, ' ' | '\0'));
    let end = digits.iter().position(|byte| !(b'0'..=b'7').contains(byte)).unwrap_or(digits.len());
    digits[..end]
        .iter()
        .try_fold(0_u64, |value, &byte| value.checked_mul(8).map(|value| value + u64::from(byte - b'0')))
}
