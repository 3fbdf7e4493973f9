//! Whole objects as changes of one another.
//!
//! A pack holds many contents as a whole although they are versions of one file: git gives up after a few
//! tries, chains of deltas have a bound, and packs are put together from packs. So the walk remembers the last ones by
//! what the sink calls their kin, and compares a whole object with the one of its kin line by line, as if the pack had
//! said so: most of what it holds is nothing new.
//!
//! Which object is the last one of its kin depends on the threads, so nothing that is told may depend on it.
//!
//! Must not know what makes objects kin.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{Copied, delta::join};

/// Larger objects are not remembered: source text is smaller, and of other content lines tell little.
const MOST_BYTES: usize = 1 << 20;

/// The last whole objects.
pub(super) struct Kin<B> {
    known: HashMap<u32, Known<B>>,
    /// What was put in, the oldest first; of a kin the last time counts.
    order: VecDeque<(u32, u64)>,
    next: u64,
    bytes: usize,
    most: usize,
}

struct Known<B> {
    base: Arc<B>,
    len: usize,
    time: u64,
}

impl<B> Kin<B> {
    /// With room for `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { known: HashMap::new(), order: VecDeque::new(), next: 0, bytes: 0, most }
    }

    /// The last object of a kin.
    pub(super) fn last(&self, kin: u32) -> Option<Arc<B>> {
        self.known.get(&kin).map(|known| Arc::clone(&known.base))
    }

    /// Remembers an object of `len` bytes; those that were put in first make room.
    pub(super) fn put(&mut self, kin: u32, base: &Arc<B>, len: usize) {
        if len > MOST_BYTES.min(self.most) {
            return;
        }
        let time = self.next;
        self.next += 1;
        self.order.push_back((kin, time));
        self.bytes += len;
        if let Some(before) = self.known.insert(kin, Known { base: Arc::clone(base), len, time }) {
            self.bytes -= before.len;
        }
        while self.bytes > self.most
            && let Some((kin, time)) = self.order.pop_front()
        {
            if self.known.get(&kin).is_some_and(|known| known.time == time)
                && let Some(known) = self.known.remove(&kin)
            {
                self.bytes -= known.len;
            }
        }
    }
}

/// Finds the lines of one text in another; keeps its memory for the next pair.
#[derive(Default)]
pub(super) struct Comparer {
    /// Places of lines of the base, by sum: a table with room for twice as many.
    table: Vec<(u32, u32)>,
}

/// Lines with fewer bytes are looked for beside others only: a bracket tells nothing of where it was.
const TELLING: usize = 6;

/// Places that are tried for a line. Lines can be made that all have one sum; most of them are not found then.
const MOST_PROBES: usize = 16;

/// No line.
const FREE: u32 = u32::MAX;

impl Comparer {
    /// Fills `copies` with whole lines of `text` that are in `base` as well, in the order of the text.
    pub(super) fn compare(&mut self, base: &[u8], text: &[u8], copies: &mut Vec<Copied>) {
        copies.clear();
        let start = head(base, text);
        let tail = tail(&base[start..], &text[start..]);
        if start > 0 {
            copies.push(Copied { at: 0, from: 0, len: start });
        }
        let (base_end, end) = (base.len() - tail, text.len() - tail);
        if start < base_end && start < end && u32::try_from(base.len()).is_ok() {
            self.middle(&base[..base_end], &text[..end], start, copies);
        }
        if tail > 0 {
            join(copies, Copied { at: end, from: base_end, len: tail });
        }
    }

    /// The same between what both begin with and what both end with.
    fn middle(&mut self, base: &[u8], text: &[u8], start: usize, copies: &mut Vec<Copied>) {
        let lines = memchr::memchr_iter(b'\n', &base[start..]).count() + 1;
        let size = (lines * 2).next_power_of_two();
        self.table.clear();
        self.table.resize(size, (0, FREE));
        let mut at = start;
        while at < base.len() {
            let line = line(base, at);
            if let Some((slot, sum)) = self.slot(line, base)
                && self.table[slot].1 == FREE
            {
                self.table[slot] = (sum, at as u32);
            }
            at += line.len();
        }
        let (mut at, mut end) = (start, start);
        while at < text.len() {
            let line = line(text, at);
            let Some(found) = self.find(line, base) else {
                at += line.len();
                continue;
            };
            // Short lines before it, and all lines behind it, for as long as they are the same.
            let from = found as usize;
            let after = head(&base[from..], &text[at..]);
            if after == 0 {
                // The last line of a text, without its newline.
                at += line.len();
                continue;
            }
            let before = tail(&base[start..from], &text[end..at]);
            join(copies, Copied { at: at - before, from: from - before, len: before + after });
            at += after;
            end = at;
        }
    }

    /// Where the first line of the base that is like `line` begins.
    fn find(&self, line: &[u8], base: &[u8]) -> Option<u32> {
        let (slot, _) = self.slot(line, base)?;
        Some(self.table[slot].1).filter(|&at| at != FREE)
    }

    /// Where a line is in the table, or where it is to be put, and its sum; `None` if it is not worth a place.
    fn slot(&self, line: &[u8], base: &[u8]) -> Option<(usize, u32)> {
        if line.len() < TELLING {
            return None;
        }
        let sum = sum(line);
        let mask = self.table.len() - 1;
        let first = (sum >> 32) as usize;
        let sum = sum as u32;
        (first..first + MOST_PROBES).map(|slot| slot & mask).find_map(|slot| match self.table[slot] {
            (_, FREE) => Some((slot, sum)),
            (known, at) if known == sum && base[at as usize..].starts_with(line) => Some((slot, sum)),
            _ => None,
        })
    }
}

/// The line that begins at a place, with its newline.
fn line(text: &[u8], at: usize) -> &[u8] {
    let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end + 1);
    &text[at..end]
}

/// A sum over a line. It is no secret: see [`MOST_PROBES`].
fn sum(line: &[u8]) -> u64 {
    // The multiplier is the golden ratio: odd, its bits well spread.
    let step = |sum: u64, word: u64| {
        let sum = (sum ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        sum ^ sum >> 32
    };
    let (words, rest) = line.as_chunks::<8>();
    let sum = words.iter().fold(line.len() as u64, |sum, word| step(sum, u64::from_le_bytes(*word)));
    let last = rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    step(sum, last)
}

/// Bytes of the whole lines that both texts begin with.
fn head(one: &[u8], other: &[u8]) -> usize {
    let most = one.len().min(other.len());
    let (one, other) = (&one[..most], &other[..most]);
    let blocks = one.chunks(64).zip(other.chunks(64)).take_while(|(one, other)| one == other).count();
    let start = (blocks * 64).min(most);
    let rest = one[start..].iter().zip(&other[start..]).take_while(|(one, other)| one == other).count();
    memchr::memrchr(b'\n', &one[..start + rest]).map_or(0, |newline| newline + 1)
}

/// Bytes of the whole lines that both texts end with. Both begin with a line.
fn tail(one: &[u8], other: &[u8]) -> usize {
    let most = one.len().min(other.len());
    let (above, one) = one.split_at(one.len() - most);
    let (over, other) = other.split_at(other.len() - most);
    let blocks = one.rchunks(64).zip(other.rchunks(64)).take_while(|(one, other)| one == other).count();
    let end = most - (blocks * 64).min(most);
    let rest = one[..end].iter().rev().zip(other[..end].iter().rev());
    let start = end - rest.take_while(|(one, other)| one == other).count();
    let begins = |above: &[u8]| above.last().is_none_or(|&byte| byte == b'\n');
    if start == 0 && begins(above) && begins(over) {
        return most;
    }
    memchr::memchr(b'\n', &one[start..]).map_or(0, |newline| most - start - newline - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn copies(base: &str, text: &str) -> Vec<(String, usize)> {
        let mut copies = Vec::new();
        Comparer::default().compare(base.as_bytes(), text.as_bytes(), &mut copies);
        copies.iter().map(|copy| (text[copy.at..copy.at + copy.len].to_owned(), copy.from)).collect()
    }

    #[test]
    fn whole_lines_are_found_wherever_they_went() {
        let base = "use one;\nuse two;\n\nfn first() {\n}\n\nfn second() {\n}\n";
        let text = "use one;\n\nfn second() {\n}\n\nfn first() {\n}\nfn third() {\n}\n";
        let found = [("use one;\n", 0), ("\nfn second() {\n", 34), ("\nfn first() {\n}\n", 18), ("}\n", 49)];
        assert_eq!(copies(base, text), found.map(|(line, from)| (line.to_owned(), from)));
    }

    #[test]
    fn parts_of_lines_are_not_taken() {
        assert_eq!(copies("password one\n", "password one and more\n"), []);
        assert_eq!(copies("the password\n", "password\n"), []);
        assert_eq!(copies("the password", "the password\n"), []);
        assert_eq!(copies("a\nsame last", "bcd\nsame last"), [("same last".to_owned(), 2)]);
        assert_eq!(copies("", "something\n"), []);
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut kin = Kin::new(100);
        kin.put(7, &Arc::new("a"), 40);
        kin.put(8, &Arc::new("b"), 40);
        kin.put(7, &Arc::new("c"), 50);
        assert_eq!((kin.last(7), kin.last(8)), (Some(Arc::new("c")), Some(Arc::new("b"))));
        kin.put(9, &Arc::new("d"), 20);
        assert_eq!((kin.last(7), kin.last(8)), (Some(Arc::new("c")), None));
        kin.put(10, &Arc::new("e"), 101);
        assert_eq!((kin.last(9), kin.last(10), kin.bytes), (Some(Arc::new("d")), None, 70));
    }

    proptest! {
        #[test]
        fn copies_are_what_they_say(
            base in "([ab]{0,2}|longer line|another line)(\n([ab]{0,2}|longer line|another line)){0,12}",
            text in "([ab]{0,2}|longer line|another line)(\n([ab]{0,2}|longer line|another line)){0,12}",
        ) {
            let mut copies = Vec::new();
            Comparer::default().compare(base.as_bytes(), text.as_bytes(), &mut copies);
            let mut end = 0;
            for copy in copies {
                prop_assert!(copy.len > 0 && copy.at >= end);
                end = copy.at + copy.len;
                prop_assert_eq!(&text[copy.at..end], &base[copy.from..copy.from + copy.len]);
                prop_assert!(copy.at == 0 || text.as_bytes()[copy.at - 1] == b'\n');
                prop_assert!(copy.from == 0 || base.as_bytes()[copy.from - 1] == b'\n');
            }
            prop_assert!(end <= text.len());
        }
    }
}
