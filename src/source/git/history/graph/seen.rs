//! Entries of trees that a thread has met lately, so that one that stands in the next tree as well is not looked up again:
//! its name, its object and what that is called are each in memory far away, and an entry here is one line of the cache.
//!
//! Must not know what an entry means.

/// Longest entry that is remembered, in bytes: a slot is to be 64.
const LONGEST: usize = 59;
/// Slots, 256 KiB in all. A power of two.
const SLOTS: usize = 1 << 12;

/// An entry as a tree has it, and its number.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Slot {
    number: u32,
    /// Of the entry; nothing is remembered here if it is zero.
    length: u8,
    raw: [u8; LONGEST],
}

/// What was met lately. Each place in the table has the last entry that belongs there.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<Slot>);

impl Seen {
    /// The number of an entry as its bytes are in a tree, if it was met lately.
    pub(super) fn get(&self, raw: &[u8]) -> Option<u32> {
        let known = self.0.get(place(raw))?;
        let same = usize::from(known.length) == raw.len() && known.raw[..raw.len()] == *raw;
        same.then_some(known.number)
    }

    /// Remembers an entry.
    pub(super) fn put(&mut self, raw: &[u8], number: u32) {
        if raw.len() > LONGEST {
            return;
        }
        if self.0.is_empty() {
            self.0.resize(SLOTS, Slot { number: 0, length: 0, raw: [0; LONGEST] });
        }
        let slot = &mut self.0[place(raw)];
        (slot.number, slot.length) = (number, raw.len() as u8);
        slot.raw[..raw.len()].copy_from_slice(raw);
    }
}

/// The slot of an entry, which ends in an id, whose bytes look random.
fn place(raw: &[u8]) -> usize {
    raw.last_chunk().map_or(0, |last| u32::from_le_bytes(*last) as usize % SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_keeps_its_number_and_no_other_gets_it() {
        let mut seen = Seen::default();
        let entry = |name: &str, id: u8| [b"100644 ", name.as_bytes(), b"\0", &[id; 20][..]].concat();
        // The first two share a slot; the last one has none.
        let all = [entry("a", 1), entry("b", 1), entry("a", 2), entry(&"long".repeat(20), 1)];
        assert_eq!(seen.get(&all[0]), None);
        for _ in 0..2 {
            for (raw, number) in all.iter().zip(7..) {
                seen.put(raw, number);
                assert_eq!(seen.get(raw), (raw.len() <= LONGEST).then_some(number));
            }
        }
        assert_eq!([0, 1, 2, 3].map(|at: usize| seen.get(&all[at])), [None, Some(8), Some(9), None]);
    }
}
