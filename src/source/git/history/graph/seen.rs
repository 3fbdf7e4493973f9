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
    /// The number of an entry as its bytes are in a tree; of one that was not met lately what `make` says.
    pub(super) fn number(&mut self, raw: &[u8], make: impl FnOnce() -> u32) -> u32 {
        if raw.len() > LONGEST {
            return make();
        }
        if self.0.is_empty() {
            self.0.resize(SLOTS, Slot { number: 0, length: 0, raw: [0; LONGEST] });
        }
        // An entry ends in an id, whose bytes look random.
        let place = raw.last_chunk().map_or(0, |last| u32::from_le_bytes(*last) as usize % SLOTS);
        let known = &self.0[place];
        if usize::from(known.length) == raw.len() && known.raw[..raw.len()] == *raw {
            return known.number;
        }
        let mut slot = Slot { number: make(), length: raw.len() as u8, raw: [0; LONGEST] };
        slot.raw[..raw.len()].copy_from_slice(raw);
        self.0[place] = slot;
        slot.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_keeps_its_number_and_no_other_gets_it() {
        let mut seen = Seen::default();
        let entry = |name: &str, id: u8| [b"100644 ", name.as_bytes(), b"\0", &[id; 20][..]].concat();
        let all = [entry("a", 1), entry("b", 1), entry("a", 2), entry(&"long".repeat(20), 1)];
        for round in 0..3_u32 {
            for (raw, number) in all.iter().zip(0..) {
                // The first two share a slot; the last one has none.
                let found = seen.number(raw, || number);
                assert_eq!(found, number, "in round {round}");
            }
        }
        assert_eq!(seen.number(&all[2], || 9), 2);
        assert_eq!(seen.number(&all[3], || 9), 9);
    }
}
