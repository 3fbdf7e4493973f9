//! The grams by which the prefilter knows keywords, and tables of them.
//!
//! `build.rs` uses this, too: what the built-in rules look for is entered when the program is
//! built, and a start makes nothing. Must not search.

use std::{borrow::Cow, sync::OnceLock};

use super::{Detector, entropy::pair_commonness};

/// A literal to find.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Keyword {
    /// The bytes, lower case if `fold`. At least [`MIN_KEYWORD`] of them.
    pub(crate) bytes: Vec<u8>,
    /// Whether ASCII case is ignored.
    pub(crate) fold: bool,
}

/// The keywords of a rule, and whether its matches may span lines.
pub(crate) fn keywords(detector: &Detector) -> Vec<(Keyword, bool)> {
    let (keywords, fold, spans_lines) = match detector {
        Detector::Pattern(pattern) => (&pattern.keywords, pattern.ignore_case, pattern.multiline),
        Detector::Bound(bound) => (&bound.keywords, true, false),
        Detector::Assignment(assignment) => (&assignment.keywords, true, false),
        Detector::File(_) | Detector::Structure => return Vec::new(),
    };
    let entered = keywords.iter().map(|keyword| {
        let text = if fold { keyword.to_ascii_lowercase() } else { keyword.to_string() };
        (Keyword { bytes: text.into_bytes(), fold }, spans_lines)
    });
    entered.collect()
}

/// Shortest keyword that can be found.
pub(crate) const MIN_KEYWORD: usize = 3;

/// A gram of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Entry {
    /// The folded gram; three-byte grams have a zero byte on top.
    pub(crate) gram: u32,
    /// Place of the keyword among all.
    pub(crate) keyword: u16,
    /// Place of the gram in the keyword.
    pub(crate) offset: u16,
}

/// Bits that tell four-byte grams apart. 2^18 bits are 32 KiB: with fewer, most places that pass
/// do so by mistake, with more, the bitmap falls out of the nearest cache.
const LONG_BITS: u32 = 18;
/// Bits that tell three-byte grams apart; there are few of them.
const SHORT_BITS: u32 = 16;
/// Buckets of the second look.
const BUCKET_BITS: u32 = 11;
/// Sets bit 5 of every byte: upper case becomes lower case, and other bytes keep apart well enough.
pub(crate) const FOLD: u32 = 0x2020_2020;
/// The three bytes of a short gram.
pub(crate) const SHORT: u32 = 0x00FF_FFFF;
/// An odd multiplier with well-spread bits (the golden ratio).
const MULTIPLIER: u32 = 0x9E37_79B1;

/// A bit for each hash of a four-byte gram.
pub(crate) type Long = [u64; 1 << (LONG_BITS - 6)];
/// A bit for each hash of a three-byte gram.
pub(crate) type Short = [u64; 1 << (SHORT_BITS - 6)];

/// Tables of keywords and their grams.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The keywords, one behind the other.
    pub(crate) bytes: Cow<'static, [u8]>,
    /// Where each keyword ends in `bytes`.
    pub(crate) ends: Cow<'static, [u32]>,
    /// Whether the case of each keyword is ignored.
    pub(crate) fold: Cow<'static, [bool]>,
    /// Four-byte grams that a keyword has.
    pub(crate) long: Long,
    /// Three-byte grams that a keyword has.
    pub(crate) short: Short,
    /// Grams by bucket: `starts[b]..starts[b + 1]` in `entries`.
    pub(crate) starts: Cow<'static, [u32]>,
    /// All grams.
    pub(crate) entries: Cow<'static, [Entry]>,
}

const fn mixed(gram: u32) -> u32 {
    gram.wrapping_mul(MULTIPLIER)
}

/// The place of a four-byte gram in [`Long`].
#[inline(always)]
pub(crate) const fn long(gram: u32) -> u32 {
    mixed(gram) >> (32 - LONG_BITS)
}

/// The place of a three-byte gram in [`Short`].
#[inline(always)]
pub(crate) const fn short(gram: u32) -> u32 {
    mixed(gram) >> (32 - SHORT_BITS)
}

/// The bucket of a gram.
#[inline(always)]
pub(crate) const fn bucket(gram: u32) -> usize {
    (mixed(gram) >> (32 - BUCKET_BITS)) as usize
}

/// Four bytes from `place` on, zero where the text has ended.
pub(crate) fn load(text: &[u8], place: usize) -> u32 {
    let mut four = [0; 4];
    let rest = text.get(place..).unwrap_or_default();
    let length = rest.len().min(4);
    four[..length].copy_from_slice(&rest[..length]);
    u32::from_le_bytes(four)
}

impl Table {
    /// A table without keywords.
    pub(crate) fn empty() -> Self {
        Self {
            bytes: Cow::Borrowed(&[]),
            ends: Cow::Borrowed(&[]),
            fold: Cow::Borrowed(&[]),
            long: [0; 1 << (LONG_BITS - 6)],
            short: [0; 1 << (SHORT_BITS - 6)],
            starts: Cow::Owned(vec![0; (1 << BUCKET_BITS) + 1]),
            entries: Cow::Borrowed(&[]),
        }
    }

    /// Adds keywords behind those that are here.
    ///
    /// Keywords shorter than [`MIN_KEYWORD`] are never found; validation does not let them in.
    pub(crate) fn extend(&mut self, keywords: &[Keyword]) {
        let mut entries = std::mem::take(&mut self.entries).into_owned();
        for keyword in keywords {
            let index = self.ends.len() as u16;
            let bytes = &keyword.bytes;
            if bytes.len() > 4 {
                // Two neighbouring grams, so that every second place suffices.
                let first = rarest(bytes, 5);
                for offset in [first, first + 1] {
                    let gram = load(bytes, offset) | FOLD;
                    set(&mut self.long, long(gram));
                    entries.push(Entry { gram, keyword: index, offset: offset as u16 });
                }
            } else if bytes.len() >= MIN_KEYWORD {
                let offset = rarest(bytes, 3);
                let gram = (load(bytes, offset) | FOLD) & SHORT;
                set(&mut self.short, short(gram));
                entries.push(Entry { gram, keyword: index, offset: offset as u16 });
            }
            self.bytes.to_mut().extend_from_slice(bytes);
            self.ends.to_mut().push(self.bytes.len() as u32);
            self.fold.to_mut().push(keyword.fold);
        }
        self.place(&entries);
    }

    /// Puts entries into their buckets.
    fn place(&mut self, entries: &[Entry]) {
        let mut starts = vec![0_u32; (1 << BUCKET_BITS) + 1];
        for entry in entries {
            starts[bucket(entry.gram) + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let mut next = starts.clone();
        let mut placed = vec![Entry::default(); entries.len()];
        for entry in entries {
            let at = &mut next[bucket(entry.gram)];
            placed[*at as usize] = *entry;
            *at += 1;
        }
        self.starts = Cow::Owned(starts);
        self.entries = Cow::Owned(placed);
    }

    /// The bytes of a keyword, and whether its case is ignored.
    pub(crate) fn keyword(&self, index: usize) -> (&[u8], bool) {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        (&self.bytes[start as usize..self.ends[index] as usize], self.fold[index])
    }
}

fn set(bitmap: &mut [u64], at: u32) {
    bitmap[(at >> 6) as usize] |= 1 << (at & 63);
}

/// How often three bytes stand together in source text: a sorted list of them, case folded, each
/// with a digit, whose steps are factors of two; what is not in it is rarer than 60 in a million.
///
/// Counted over 110 million bytes of public repositories, nine languages and formats of
/// configuration; no text of theirs is kept. `@` stands as its folded form, a line end as `*`.
const TRIGRAMS: &str = include_str!("trigrams.txt");

/// How often a three-byte gram stands in source text, in 60 of a million.
fn frequency(bytes: &[u8], place: usize) -> u32 {
    static TABLE: OnceLock<Vec<(u32, u32)>> = OnceLock::new();
    let folded = |bytes: &[u8]| (load(bytes, 0) | FOLD) & SHORT;
    let table = TABLE.get_or_init(|| {
        let entries = TRIGRAMS.lines().flat_map(|line| line.as_bytes().chunks_exact(4));
        let mut table: Vec<_> =
            entries.map(|entry| (folded(entry), 1 << u32::from(entry[3].saturating_sub(b'0')))).collect();
        table.sort_unstable();
        table
    });
    let gram = folded(&bytes[place..]);
    table.binary_search_by_key(&gram, |entry| entry.0).map_or(0, |found| table[found].1)
}

/// Where in `bytes` the `width` bytes begin that are least likely in source text: three bytes that
/// are entered as one gram, or five that are entered as two of four.
fn rarest(bytes: &[u8], width: usize) -> usize {
    let weight = |offset: usize| {
        let three = |place: usize| frequency(bytes, offset + place);
        let often = if width == 3 {
            three(0)
        } else {
            // Four bytes are no more frequent than the rarer three of them.
            three(0).min(three(1)) + three(1).min(three(2))
        };
        let single = |place: usize| commonness(bytes[offset + place]);
        let pair = |place: usize| 2 * pair_commonness(bytes[offset + place], bytes[offset + place + 1]);
        (often, (0..width).map(single).sum::<u32>() + (0..width - 1).map(pair).sum::<u32>())
    };
    (0..=bytes.len() - width).min_by_key(|&offset| weight(offset)).unwrap_or(0)
}

/// How common a byte is in source text, from 3 to 12: a rough logarithm of its frequency.
const fn commonness(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b'e' | b't' | b' ' => 12,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' => 11,
        b'd' | b'l' | b'c' | b'u' => 10,
        b'p' | b'm' | b'f' | b'h' => 9,
        b'g' | b'b' | b'y' | b'_' | b'.' => 8,
        b'v' | b'w' | b'k' | b'-' | b'/' | b'"' => 7,
        b'x' | b'0' | b'1' | b'=' | b':' => 6,
        b'2'..=b'9' | b'q' | b'j' | b'z' => 4,
        _ => 3,
    }
}
