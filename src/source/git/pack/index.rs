//! The index of a pack: sorted ids, and where their entries begin.
//!
//! Format: `gitformat-pack(5)`, versions 1 and 2.

use super::IdFormat;
use crate::origin::ObjectId;

const MAGIC: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];
const FANOUT: usize = 256;
const FANOUT_BYTES: usize = FANOUT * 4;

/// Ids and offsets of a pack's objects, sorted by id.
#[derive(Debug)]
pub(super) struct Index {
    format: IdFormat,
    /// For each first byte of an id, the number of ids that do not come after it.
    fanout: Vec<u32>,
    ids: Vec<u8>,
    offsets: Vec<u64>,
    /// CRC-32 of each entry as it is in the pack; empty if the index has none.
    checksums: Vec<u32>,
    /// The checksum that ends the pack.
    pub(super) pack_checksum: Vec<u8>,
}

/// Why an index cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum IndexError {
    #[error("its version is not 1 or 2")]
    Version,
    #[error("it is cut short, or its number of objects is wrong")]
    Length,
    #[error("its table of contents is not sorted")]
    Fanout,
    #[error("an offset lies outside of its table")]
    Offset,
}

impl Index {
    /// Reads the bytes of an index file.
    pub(super) fn parse(mut file: Vec<u8>, format: IdFormat) -> Result<Self, IndexError> {
        let id_len = format.id_len();
        let second = file.starts_with(&MAGIC[..4]);
        if second && !file.starts_with(&MAGIC) {
            return Err(IndexError::Version);
        }
        let head = if second { MAGIC.len() } else { 0 };
        let table = file.get(head..head + FANOUT_BYTES).ok_or(IndexError::Length)?;
        let fanout: Vec<u32> = table.chunks_exact(4).map(be32).collect();
        if !fanout.is_sorted() {
            return Err(IndexError::Fanout);
        }
        let count = fanout[FANOUT - 1] as usize;
        let start = head + FANOUT_BYTES;
        let body = file.len().checked_sub(start + 2 * id_len).ok_or(IndexError::Length)?;
        let pack_checksum = file[file.len() - 2 * id_len..file.len() - id_len].to_vec();
        let (ids, offsets, checksums) = if second {
            // Id, CRC-32 and offset of each object, then eight bytes for each far offset.
            let far = body.checked_sub(count * (id_len + 8)).ok_or(IndexError::Length)?;
            if far % 8 != 0 || far / 8 > count {
                return Err(IndexError::Length);
            }
            let near_start = start + count * (id_len + 4);
            let far_start = near_start + count * 4;
            let far = &file[far_start..far_start + far];
            let offsets = file[near_start..far_start]
                .chunks_exact(4)
                .map(|near| offset(be32(near), far))
                .collect::<Result<Vec<_>, _>>()?;
            let checksums_start = start + count * id_len;
            let checksums = file[checksums_start..near_start].chunks_exact(4).map(be32).collect();
            file.truncate(checksums_start);
            file.drain(..start);
            (file, offsets, checksums)
        } else {
            let entries = &file[start..start + body];
            if body != count * (id_len + 4) {
                return Err(IndexError::Length);
            }
            let entries = entries.chunks_exact(id_len + 4);
            let offsets = entries.clone().map(|entry| u64::from(be32(entry))).collect();
            let ids = entries.flat_map(|entry| &entry[4..]).copied().collect();
            (ids, offsets, Vec::new())
        };
        Ok(Self { format, fanout, ids, offsets, checksums, pack_checksum })
    }

    /// An index of `entries`, sorted here; the same id at two places keeps the first of them.
    pub(super) fn from_entries(mut entries: Vec<(ObjectId, u64)>, format: IdFormat) -> Self {
        entries.sort_unstable();
        entries.dedup_by_key(|entry| entry.0);
        let mut fanout = vec![0; FANOUT];
        let mut ids = Vec::with_capacity(entries.len() * format.id_len());
        for (id, _) in &entries {
            let id = id.as_bytes();
            fanout[usize::from(id[0])] += 1;
            ids.extend_from_slice(id);
        }
        for byte in 1..FANOUT {
            fanout[byte] += fanout[byte - 1];
        }
        let offsets = entries.into_iter().map(|(_, offset)| offset).collect();
        Self { format, fanout, ids, offsets, checksums: Vec::new(), pack_checksum: Vec::new() }
    }

    /// Number of objects.
    pub(super) const fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Where each object begins, in the order of ids.
    pub(super) fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// The CRC-32 of an entry, if the index has it.
    pub(super) fn checksum(&self, place: usize) -> Option<u32> {
        self.checksums.get(place).copied()
    }

    /// The id at a place in the order of ids.
    pub(super) fn id(&self, place: usize) -> ObjectId {
        // The length of an id is always one of the two that there are.
        ObjectId::from_bytes(self.raw_id(place)).unwrap_or(ObjectId::NULL)
    }

    /// The bytes of the id at a place in the order of ids.
    pub(super) fn raw_id(&self, place: usize) -> &[u8] {
        let len = self.format.id_len();
        &self.ids[place * len..(place + 1) * len]
    }

    /// The place of `id` in the order of ids.
    pub(super) fn find(&self, id: &ObjectId) -> Option<usize> {
        let id = id.as_bytes();
        let len = self.format.id_len();
        if id.len() != len {
            return None;
        }
        let first = usize::from(id[0]);
        let mut high = self.fanout[first] as usize;
        let mut low = if first == 0 { 0 } else { self.fanout[first - 1] as usize };
        while low < high {
            let middle = low.midpoint(high);
            match self.ids[middle * len..(middle + 1) * len].cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// The near offset, or what it points to among the far ones.
fn offset(near: u32, far: &[u8]) -> Result<u64, IndexError> {
    const FAR: u32 = 1 << 31;
    if near & FAR == 0 {
        return Ok(u64::from(near));
    }
    let place = (near & !FAR) as usize * 8;
    let bytes = far.get(place..place + 8).ok_or(IndexError::Offset)?;
    Ok(u64::from(be32(bytes)) << 32 | u64::from(be32(&bytes[4..])))
}

fn be32(bytes: &[u8]) -> u32 {
    bytes[..4].iter().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of version 2 with two objects, the second one far away.
    fn second() -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        for byte in 0..=255_u32 {
            let count: u32 = u32::from(byte >= 3) + u32::from(byte >= 200);
            file.extend(count.to_be_bytes());
        }
        file.extend([3; 20]);
        file.extend([200; 20]);
        file.extend([0; 8]);
        file.extend(12_u32.to_be_bytes());
        file.extend((1_u32 << 31).to_be_bytes());
        file.extend((5_u64 << 32 | 1).to_be_bytes());
        file.extend([0xaa; 20]);
        file.extend([0xbb; 20]);
        file
    }

    #[test]
    fn reads_version_two() {
        let index = Index::parse(second(), IdFormat::Sha1).unwrap();
        assert_eq!(index.offsets(), [12, 5 << 32 | 1]);
        let id = ObjectId::from_bytes(&[200; 20]).unwrap();
        assert_eq!((index.id(1), index.find(&id)), (id, Some(1)));
        assert_eq!(index.find(&ObjectId::from_bytes(&[4; 20]).unwrap()), None);
        assert_eq!(index.find(&ObjectId::from_bytes(&[200; 32]).unwrap()), None);
        assert_eq!(index.pack_checksum, [0xaa; 20]);
    }

    #[test]
    fn reads_version_one() {
        let mut file = Vec::new();
        for byte in 0..=255_u32 {
            file.extend(u32::from(byte >= 9).to_be_bytes());
        }
        file.extend(12_u32.to_be_bytes());
        file.extend([9; 20]);
        file.extend([0; 40]);
        let index = Index::parse(file, IdFormat::Sha1).unwrap();
        assert_eq!((index.offsets(), index.id(0).as_bytes()), (&[12][..], &[9; 20][..]));
    }

    #[test]
    fn rebuilt_indexes_find_their_ids() {
        let ids = [[9; 20], [1; 20], [9; 20]].map(|id| ObjectId::from_bytes(&id).unwrap());
        let entries = ids.into_iter().zip([30, 20, 40]).collect();
        let index = Index::from_entries(entries, IdFormat::Sha1);
        assert_eq!((index.len(), index.find(&ids[0]), index.offsets()), (2, Some(1), &[20, 30][..]));
    }

    #[test]
    fn no_damage_panics() {
        let whole = second();
        for len in 0..whole.len() {
            assert!(Index::parse(whole[..len].to_vec(), IdFormat::Sha1).is_err(), "{len}");
            let mut flipped = whole.clone();
            flipped[len] ^= 0xff;
            let _index = Index::parse(flipped, IdFormat::Sha1);
        }
        assert!(Index::parse(whole, IdFormat::Sha256).is_err());
    }
}
