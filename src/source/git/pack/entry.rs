//! The header of a pack entry: kind, size, and the base of a delta.
//!
//! Format: `gitformat-pack(5)`, "pack-*.pack files have the following format".

use super::{Fault, IdFormat, ObjectKind};
use crate::origin::ObjectId;

/// The longest header: a 64-bit size takes ten bytes, a base at most 32 (an id).
pub(super) const LONGEST_HEADER: usize = 42;

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A whole object.
    Full(ObjectKind),
    /// Changes to the entry that begins this many bytes before.
    OffsetDelta(u64),
    /// Changes to the object with this id.
    IdDelta(ObjectId),
}

/// The header of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) content: Content,
    /// Size of the inflated data: of the object, or of the instructions of a delta.
    pub(super) size: u64,
    /// Number of bytes of the header.
    pub(super) len: usize,
}

impl Header {
    /// Reads the header at the start of `bytes`.
    pub(super) fn parse(bytes: &[u8], format: IdFormat) -> Result<Self, Fault> {
        let first = *bytes.first().ok_or(Fault::BeyondEnd)?;
        let mut size = u64::from(first & 0x0f);
        let mut len = 1;
        let mut shift = 4;
        let mut byte = first;
        while byte & 0x80 != 0 {
            byte = *bytes.get(len).ok_or(Fault::BeyondEnd)?;
            let bits = u64::from(byte & 0x7f);
            if shift > 60 || (bits << shift) >> shift != bits {
                return Err(Fault::Header);
            }
            size |= bits << shift;
            shift += 7;
            len += 1;
        }
        let content = match first >> 4 & 7 {
            1 => Content::Full(ObjectKind::Commit),
            2 => Content::Full(ObjectKind::Tree),
            3 => Content::Full(ObjectKind::Blob),
            4 => Content::Full(ObjectKind::Tag),
            6 => {
                let (distance, used) = base_distance(&bytes[len..])?;
                len += used;
                Content::OffsetDelta(distance)
            }
            7 => {
                let id = bytes.get(len..len + format.id_len()).ok_or(Fault::BeyondEnd)?;
                len += id.len();
                Content::IdDelta(ObjectId::from_bytes(id).ok_or(Fault::Header)?)
            }
            _ => return Err(Fault::Header),
        };
        Ok(Self { content, size, len })
    }
}

/// The distance to the base: big-endian groups of seven bits, each continuation adding one.
fn base_distance(bytes: &[u8]) -> Result<(u64, usize), Fault> {
    let mut byte = *bytes.first().ok_or(Fault::BeyondEnd)?;
    let mut distance = u64::from(byte & 0x7f);
    let mut used = 1;
    while byte & 0x80 != 0 {
        byte = *bytes.get(used).ok_or(Fault::BeyondEnd)?;
        if distance >= u64::MAX >> 8 {
            return Err(Fault::Header);
        }
        distance = (distance + 1) << 7 | u64::from(byte & 0x7f);
        used += 1;
    }
    if distance == 0 {
        return Err(Fault::Header);
    }
    Ok((distance, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "the cases read better")]
    fn check(bytes: &[u8], expected: Result<(Content, u64, usize), Fault>) {
        let found = Header::parse(bytes, IdFormat::Sha1);
        assert_eq!(found.map(|header| (header.content, header.size, header.len)), expected);
    }

    #[test]
    fn headers() {
        check(&[0x35], Ok((Content::Full(ObjectKind::Blob), 5, 1)));
        check(&[0x95, 0x02], Ok((Content::Full(ObjectKind::Commit), 37, 2)));
        check(&[0x61, 0x05], Ok((Content::OffsetDelta(5), 1, 2)));
        check(&[0x61, 0x80, 0x00], Ok((Content::OffsetDelta(128), 1, 3)));
        let mut by_id = vec![0x72];
        by_id.extend([7; 20]);
        let id = ObjectId::from_bytes(&[7; 20]).unwrap();
        check(&by_id, Ok((Content::IdDelta(id), 2, 21)));
    }

    #[test]
    fn broken_headers() {
        check(&[], Err(Fault::BeyondEnd));
        check(&[0x95], Err(Fault::BeyondEnd));
        check(&[0x00], Err(Fault::Header));
        check(&[0x50], Err(Fault::Header));
        check(&[0x61, 0x00], Err(Fault::Header));
        check(&[0xff; 64], Err(Fault::Header));
        check(&[0x71, 1, 2], Err(Fault::BeyondEnd));
        let mut far = vec![0x61];
        far.extend([0xff; 40]);
        check(&far, Err(Fault::Header));
    }
}
