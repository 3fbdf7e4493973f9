//! Split indexes: a shared index, and a small one that says what differs from it.
//!
//! Must not look for the shared index; its name is all this gives.

use std::path::PathBuf;

use super::{IndexError, Listed};
use crate::origin::ObjectId;

/// What the `link` extension says.
#[derive(Debug)]
pub(super) struct Link {
    shared: ObjectId,
    /// Two bitmaps over the shared entries: which are gone, and which are replaced. Both may be
    /// left out.
    bitmaps: Vec<u8>,
}

const BROKEN: IndexError = IndexError::Corrupt("its link to a shared index makes no sense");

impl Link {
    pub(super) fn parse(content: &[u8], hash_len: usize) -> Result<Self, IndexError> {
        let shared = content.get(..hash_len).and_then(ObjectId::from_bytes).ok_or(BROKEN)?;
        Ok(Self { shared, bitmaps: content[hash_len..].to_vec() })
    }

    /// Name of the shared index in the git folder, if there is one.
    pub(super) fn shared_name(&self) -> Option<PathBuf> {
        (!self.shared.is_zero()).then(|| PathBuf::from(format!("sharedindex.{}", self.shared)))
    }
}

/// Applies the entries of the small index to those of the shared one: first come those that
/// replace, without a path and in order, then those that are added.
pub(super) fn merge(shared: Listed, own: Listed, link: &Link) -> Result<Listed, IndexError> {
    let limit = shared.entries.len();
    let (deleted, rest) = read_optional_bitmap(&link.bitmaps, limit).ok_or(BROKEN)?;
    let (replaced, _) = read_optional_bitmap(rest, limit).ok_or(BROKEN)?;
    let mut base: Vec<_> = shared.entries.into_iter().map(Some).collect();
    let mut own = own.entries.into_iter().peekable();
    for place in replaced {
        let slot = base.get_mut(place).and_then(Option::as_mut).ok_or(BROKEN)?;
        let mut entry = own.next().filter(|entry| entry.path.is_empty()).ok_or(BROKEN)?;
        entry.path = std::mem::take(&mut slot.path);
        *slot = entry;
    }
    for place in deleted {
        *base.get_mut(place).ok_or(BROKEN)? = None;
    }
    let mut entries: Vec<_> = base.into_iter().flatten().collect();
    for entry in own {
        if entry.path.is_empty() {
            return Err(BROKEN);
        }
        entries.push(entry);
    }
    // Stable, so that of two entries of one path and stage the added one comes last and stays.
    entries.sort_by(|a, b| (&a.path, a.stage).cmp(&(&b.path, b.stage)));
    entries.reverse();
    entries.dedup_by(|a, b| (&a.path, a.stage) == (&b.path, b.stage));
    entries.reverse();
    Ok(Listed { entries, gone: 0 })
}

/// [`read_bitmap`], where no bytes at all stand for an empty one.
fn read_optional_bitmap(text: &[u8], limit: usize) -> Option<(Vec<usize>, &[u8])> {
    if text.is_empty() { Some((Vec::new(), text)) } else { read_bitmap(text, limit) }
}

/// Reads an EWAH bitmap: the positions of its set bits, and what follows it.
///
/// A marker word holds the value of a run (1 bit), its length in words (32 bits) and the number
/// of literal words behind it (31 bits).
///
/// A bit at `limit` or above makes no sense, whatever the bitmap says about its own length.
fn read_bitmap(text: &[u8], limit: usize) -> Option<(Vec<usize>, &[u8])> {
    const WORD_BITS: usize = 64;
    let number = |at: usize| Some(u32::from_be_bytes(text.get(at..at + 4)?.try_into().ok()?) as usize);
    let bits = number(0)?;
    let words_len = number(4)?.checked_mul(8)?;
    let words = text.get(8..words_len.checked_add(8)?)?;
    // The place of the last marker follows; only writers need it.
    let after = text.get(8 + words_len + 4..)?;
    let mut words =
        words.chunks_exact(8).map(|word| word.iter().fold(0u64, |all, &byte| all << 8 | u64::from(byte)));
    let mut positions = Vec::new();
    let mut at = 0usize;
    while let Some(marker) = words.next() {
        let run = (marker >> 1 & 0xffff_ffff) as usize * WORD_BITS;
        let run_end = at.checked_add(run)?;
        if marker & 1 == 1 {
            let end = run_end.min(bits);
            if end > limit {
                return None;
            }
            positions.extend(at..end);
        }
        at = run_end;
        for _ in 0..marker >> 33 {
            let word = words.next()?;
            positions.extend((0..WORD_BITS).filter(|bit| word >> bit & 1 == 1).map(|bit| at + bit));
            at = at.checked_add(WORD_BITS)?;
        }
    }
    positions.iter().all(|&bit| bit < limit).then_some((positions, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_hold_runs_and_literals() {
        let mut text = Vec::new();
        text.extend(200u32.to_be_bytes());
        text.extend(4u32.to_be_bytes());
        // One word of ones, one literal word, then a run of zeros.
        text.extend((1u64 | 1 << 1 | 1 << 33).to_be_bytes());
        text.extend((1u64 << 5 | 1 << 63).to_be_bytes());
        text.extend((1u64 << 1 | 1 << 33).to_be_bytes());
        text.extend((1u64 << 7).to_be_bytes());
        text.extend(2u32.to_be_bytes());
        text.push(9);
        let (positions, after) = read_bitmap(&text, 200).unwrap();
        let expected: Vec<usize> = (0..64).chain([69, 127, 199]).collect();
        assert_eq!((positions, after), (expected, &[9u8][..]));
        assert!(read_bitmap(&text, 199).is_none());
        for end in 0..text.len() - 1 {
            assert!(read_bitmap(&text[..end], 200).is_none(), "cut at {end}");
        }
    }
}
