//! The grams by which the prefilter knows keywords, and tables of them.
//!
//! `build.rs` uses this, too: what the built-in rules look for is entered when the program is
//! built, and a start makes nothing. Must not search.

use std::{borrow::Cow, collections::BTreeMap, ops::Deref, sync::OnceLock};

use super::{Detector, entropy::pair_commonness};

/// A literal to find.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Keyword {
    /// The bytes, lower case if `fold`. At least [`MIN_KEYWORD`] of them.
    pub(crate) bytes: Vec<u8>,
    /// Whether ASCII case is ignored.
    pub(crate) fold: bool,
}

/// The keywords of a rule.
pub(crate) fn keywords(detector: &Detector) -> Vec<Keyword> {
    let (keywords, fold) = match detector {
        Detector::Pattern(pattern) => (&pattern.keywords, pattern.ignore_case),
        Detector::Bound(bound) => (&bound.keywords, true),
        Detector::Assignment(assignment) => (&assignment.keywords, true),
        Detector::File(_) | Detector::Structure => return Vec::new(),
    };
    let entered = keywords.iter().map(|keyword| {
        let text = if fold { keyword.to_ascii_lowercase() } else { keyword.to_string() };
        Keyword { bytes: text.into_bytes(), fold }
    });
    entered.collect()
}

/// Shortest keyword that can be found.
pub(crate) const MIN_KEYWORD: usize = 3;

/// A keyword at one of its grams. In a table each is [`Entry::SIZE`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Entry {
    /// Eight folded bytes of text around the gram, where `mask` says that the keyword has one.
    pub(crate) expect: u64,
    /// 0xFF for each byte of `expect` that counts.
    pub(crate) mask: u64,
    /// Place of the keyword among all.
    pub(crate) keyword: u32,
    /// Place of the gram in the keyword; -1 where the gram begins with the byte before it.
    pub(crate) offset: i16,
    /// Whether the eight bytes begin [`BEFORE`] bytes before the gram, not with it.
    pub(crate) before: bool,
}

/// What is asked before the entries of a list are looked at: the bytes (their low five bits) that may
/// stand before and after its grams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    pub(crate) before: u32,
    pub(crate) after: u32,
}

/// Bytes before a gram that an entry may show.
pub(crate) const BEFORE: usize = 4;
/// Bytes of a gram.
pub(crate) const WIDTH: usize = 4;
/// Sets bit 5 of every byte: upper case becomes lower case, and other bytes keep apart well enough.
pub(crate) const FOLD: u64 = 0x2020_2020_2020_2020;
/// Values of the low five bits of a byte.
const VALUES: u8 = 32;

/// Places of grams.
const PLACES: usize = 1 << 16;

/// Four bytes for each value of the first three bytes of grams ([`three`]), with a bit for each last byte: 128 KiB, of which
/// source text, with the few grams that it mostly has, keeps some hundred lines in use.
pub(crate) type Grams = [u8; GRAMS];
const GRAMS: usize = 4 << 15;

/// Whether a gram is known, by its first three bytes and the last one: 1 if it is, else 0.
#[inline(always)]
pub(crate) fn knows(grams: &Grams, three: u16, last: u8) -> u32 {
    let at = 4 * usize::from(three);
    let lasts = u32::from_le_bytes([grams[at], grams[at + 1], grams[at + 2], grams[at + 3]]);
    // As with a place, only the low five bits of the byte count.
    lasts.wrapping_shr(u32::from(last)) & 1
}

/// An array that is built in or on the heap: a thread's stack has no room for several of this size.
#[derive(Clone, Debug)]
pub(crate) enum Array<const N: usize> {
    /// Of the program.
    Static(&'static [u8; N]),
    /// Of this run.
    Heap(Box<[u8; N]>),
}

impl<const N: usize> Array<N> {
    fn zero() -> Self {
        Self::Heap(boxed(vec![0; N]))
    }

    /// The array, to be changed; one of the program is copied first.
    pub(crate) fn to_mut(&mut self) -> &mut [u8; N] {
        if let Self::Static(array) = *self {
            *self = Self::Heap(boxed(array.to_vec()));
        }
        match self {
            Self::Heap(array) => array,
            Self::Static(_) => unreachable!("it was copied above"),
        }
    }
}

impl<const N: usize> Deref for Array<N> {
    type Target = [u8; N];

    #[inline(always)]
    fn deref(&self) -> &[u8; N] {
        match self {
            Self::Static(array) => array,
            Self::Heap(array) => array,
        }
    }
}

fn boxed<const N: usize>(bytes: Vec<u8>) -> Box<[u8; N]> {
    bytes.into_boxed_slice().try_into().unwrap_or_else(|_| unreachable!("it was made with this length"))
}

/// Tables of keywords and their grams, in the form in which `build.rs` leaves them in files: numbers are bytes,
/// the lowest first.
///
/// A gram is four bytes, of each the low five bits, which makes letters of both cases equal and all other bytes
/// equal to some letter. All of these 20 bits say whether a gram is known ([`knows`]), and 16 of them where its list is ([`place`]).
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The keywords, one behind the other.
    pub(crate) bytes: Cow<'static, [u8]>,
    /// For each keyword: where it ends in `bytes` (four bytes).
    pub(crate) ends: Cow<'static, [u8]>,
    /// For each keyword: whether its case is ignored (0 or 1).
    pub(crate) fold: Cow<'static, [u8]>,
    /// The grams that a keyword has, or may have together with a neighbour.
    pub(crate) grams: Array<GRAMS>,
    /// For each place that has grams: the number of its list (two bytes). Many places have the same.
    pub(crate) lists: Array<{ 2 * PLACES }>,
    /// For each list, and one behind the last: its [`Marks`] (twice four bytes), and where in `entries` it begins (four bytes).
    pub(crate) heads: Cow<'static, [u8]>,
    /// The entries of all lists.
    pub(crate) entries: Cow<'static, [u8]>,
}

/// Bytes of a head of a list.
const HEAD: usize = 12;

/// All of the first three bytes of a gram that counts.
pub(crate) fn three(gram: [u8; WIDTH]) -> u16 {
    place(gram) & 0x7FFF
}

/// The place of a gram: all of the first three bytes that counts, and the lowest bit of the last.
pub(crate) fn place(gram: [u8; WIDTH]) -> u16 {
    gram.iter().rev().fold(0, |all, &byte| all << 5 | u16::from(byte & 31))
}

/// Eight bytes from `place` on (which may lie before the text), zero where there is no text.
#[inline(never)]
pub(crate) fn load(text: &[u8], place: isize) -> u64 {
    let mut eight = [0; 8];
    for (at, byte) in (place..).zip(&mut eight) {
        *byte = usize::try_from(at).ok().and_then(|at| text.get(at)).copied().unwrap_or(0);
    }
    u64::from_le_bytes(eight)
}

/// Eight bytes from `at` on.
#[inline(always)]
pub(crate) fn word<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    // Written so that it becomes one load; put together byte by byte, it did not.
    bytes[at..].first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight))
}

#[inline(always)]
fn number(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).unwrap_or(&[0; 4]);
    u32::from_le_bytes([four[0], four[1], four[2], four[3]])
}

impl Entry {
    /// Bytes of an entry in a table.
    pub(crate) const SIZE: usize = 24;

    /// The entry of a keyword at the gram that begins at `offset` in it.
    fn new(keyword: u32, bytes: &[u8], offset: isize) -> Self {
        let shown = |from: isize| {
            let (mut expect, mut mask) = (0_u64, 0_u64);
            for (shift, at) in (from..from + 8).enumerate() {
                if let Some(byte) = byte_at(bytes, at) {
                    expect |= u64::from(byte | 0x20) << (8 * shift);
                    mask |= 0xFF << (8 * shift);
                }
            }
            (expect, mask)
        };
        let (from_gram, from_before) = (shown(offset), shown(offset - BEFORE as isize));
        let before = from_before.1.count_ones() > from_gram.1.count_ones();
        let (expect, mask) = if before { from_before } else { from_gram };
        Self { expect, mask, keyword, offset: offset as i16, before }
    }

    #[inline(always)]
    pub(crate) fn read(bytes: &[u8; Self::SIZE]) -> Self {
        let last = word(bytes, 16);
        Self {
            expect: word(bytes, 0),
            mask: word(bytes, 8),
            keyword: last as u32,
            offset: (last >> 32) as i16,
            before: last >> 48 & 1 != 0,
        }
    }

    fn write(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.expect.to_le_bytes());
        bytes.extend_from_slice(&self.mask.to_le_bytes());
        bytes.extend_from_slice(&self.keyword.to_le_bytes());
        bytes.extend_from_slice(&self.offset.to_le_bytes());
        bytes.extend_from_slice(&[u8::from(self.before), 0]);
    }
}

fn byte_at(bytes: &[u8], at: isize) -> Option<u8> {
    usize::try_from(at).ok().and_then(|at| bytes.get(at)).copied()
}

impl Table {
    /// The table of `keywords`.
    ///
    /// Keywords shorter than [`MIN_KEYWORD`] are never found; validation does not let them in.
    pub(crate) fn new(keywords: &[Keyword]) -> Self {
        let (mut bytes, mut ends, mut fold) = (Vec::new(), Vec::new(), Vec::new());
        // What may stand at a place: the number of a keyword, and where in it the gram begins.
        let mut seen: BTreeMap<u16, Vec<(u32, isize)>> = BTreeMap::new();
        let mut table_grams = Array::zero();
        for (index, keyword) in (0..).zip(keywords) {
            for offset in offsets(&keyword.bytes) {
                for gram in grams(&keyword.bytes, offset) {
                    let at = 4 * usize::from(three(gram));
                    let known = table_grams.to_mut()[at..at + 4].iter_mut();
                    let bit = 1_u32 << (gram[WIDTH - 1] & 31);
                    known.zip(bit.to_le_bytes()).for_each(|(known, bit)| *known |= bit);
                    let here = seen.entry(place(gram)).or_default();
                    if here.last() != Some(&(index, offset)) {
                        here.push((index, offset));
                    }
                }
            }
            bytes.extend_from_slice(&keyword.bytes);
            ends.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            fold.push(u8::from(keyword.fold));
        }
        let (mut lists, mut heads, mut entries) = (Array::zero(), Vec::new(), Vec::new());
        let mut numbers: BTreeMap<Vec<(u32, isize)>, u16> = BTreeMap::new();
        let mut begin = |marks: Marks, entries: &[u8]| {
            heads.extend_from_slice(&marks.before.to_le_bytes());
            heads.extend_from_slice(&marks.after.to_le_bytes());
            heads.extend_from_slice(&(entries.len() as u32).to_le_bytes());
        };
        for (place, list) in seen {
            // There are no more lists than places.
            let next = numbers.len() as u16;
            let number = *numbers.entry(list).or_insert_with_key(|list| {
                let keyword = |index: u32| &*keywords[index as usize].bytes;
                let marks = list.iter().map(|&(index, offset)| Marks::of(keyword(index), offset));
                begin(marks.fold(Marks::default(), Marks::or), &entries);
                for &(index, offset) in list {
                    Entry::new(index, keyword(index), offset).write(&mut entries);
                }
                next
            });
            let place = 2 * usize::from(place);
            lists.to_mut()[place..place + 2].copy_from_slice(&number.to_le_bytes());
        }
        begin(Marks::default(), &entries);
        Self {
            bytes: bytes.into(),
            ends: ends.into(),
            fold: fold.into(),
            grams: table_grams,
            lists,
            heads: heads.into(),
            entries: entries.into(),
        }
    }

    /// Number of keywords.
    pub(crate) fn len(&self) -> usize {
        self.fold.len()
    }

    /// Where the head is of the list of a place that has grams, and whether two bytes that stand beside the gram may be
    /// those of a keyword.
    #[inline(always)]
    pub(crate) fn head(&self, place: u16, (before, after): (u8, u8)) -> (usize, bool) {
        let place = 2 * usize::from(place);
        let head = HEAD * usize::from(u16::from_le_bytes([self.lists[place], self.lists[place + 1]]));
        let marks =
            self.heads.get(head..).and_then(|head| head.first_chunk::<8>()).map_or(0, |head| word(head, 0));
        (head, (marks >> (before & 31)) & (marks >> 32 >> (after & 31)) & 1 != 0)
    }

    /// The entries of the list whose head is there.
    #[inline(always)]
    pub(crate) fn entries(&self, head: usize) -> Entries<'_> {
        let (from, to) =
            (number(&self.heads, head + 8) as usize, number(&self.heads, head + HEAD + 8) as usize);
        Entries(self.entries.get(from..to).unwrap_or_default())
    }

    /// The bytes of a keyword, and whether its case is ignored.
    pub(crate) fn keyword(&self, index: usize) -> (&[u8], bool) {
        let start = index.checked_sub(1).map_or(0, |before| number(&self.ends, 4 * before));
        (&self.bytes[start as usize..number(&self.ends, 4 * index) as usize], self.fold[index] != 0)
    }
}

/// Entries as they stand in a table.
pub(crate) struct Entries<'t>(&'t [u8]);

impl Iterator for Entries<'_> {
    type Item = Entry;

    #[inline(always)]
    fn next(&mut self) -> Option<Entry> {
        let (entry, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(Entry::read(entry))
    }
}

impl Marks {
    /// What may stand around the gram at `offset` of a keyword.
    fn of(bytes: &[u8], offset: isize) -> Self {
        let neighbour = |at: isize| byte_at(bytes, at).map_or(!0, |byte| 1 << (byte & 31));
        Self { before: neighbour(offset - 1), after: neighbour(offset + WIDTH as isize) }
    }

    const fn or(self, other: Self) -> Self {
        Self { before: self.before | other.before, after: self.after | other.after }
    }
}

/// Where in a keyword the grams begin by which it is found.
///
/// Searches ask at every second place. Of five bytes and more two neighbouring grams are taken, so that
/// one of them is at such a place; four bytes are a gram where the keyword begins at an even place. Where they do not, and for three bytes, the
/// byte before or after is a part of the gram, whatever it is.
fn offsets(bytes: &[u8]) -> Vec<isize> {
    match bytes.len() {
        0..MIN_KEYWORD => Vec::new(),
        3 => vec![0, -1],
        4 if rarest(bytes, 3) == 0 => vec![0, -1],
        4 => vec![0, 1],
        _ => {
            let first = rarest(bytes, 5) as isize;
            vec![first, first + 1]
        }
    }
}

/// The grams that a keyword may have at `offset`: one byte of them may be a neighbour.
fn grams(bytes: &[u8], offset: isize) -> Vec<[u8; WIDTH]> {
    let known = [0, 1, 2, 3].map(|at| byte_at(bytes, offset + at));
    let unknown = if known.contains(&None) { VALUES } else { 1 };
    (0..unknown).map(|value| known.map(|byte| byte.unwrap_or(value) & 31)).collect()
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
    let folded = |three: &[u8]| three[..3].iter().fold(0, |all, byte| all << 8 | u32::from(byte | 0x20));
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
    let last = (bytes.len() - width).min(i16::MAX as usize - 1);
    (0..=last).min_by_key(|&offset| weight(offset)).unwrap_or(0)
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
