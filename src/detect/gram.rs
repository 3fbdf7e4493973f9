//! The grams by which the prefilter knows keywords, and tables of them.
//!
//! `build.rs` uses this, too: what the built-in rules look for is entered when the program is
//! built, and a start makes nothing. Must not search.

use std::{borrow::Cow, ops::Deref, sync::OnceLock};

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
    /// Place of the gram in the keyword.
    pub(crate) offset: u16,
    /// Whether the eight bytes begin [`BEFORE`] bytes before the gram, not with it.
    pub(crate) before: bool,
}

/// What is asked before the keywords of a bucket are looked at: the bytes (their low five bits) that may
/// stand before and after the grams in it. Nothing passes for an empty bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    pub(crate) before: u32,
    pub(crate) after: u32,
}

/// Bytes before a gram that an entry may show.
pub(crate) const BEFORE: usize = 4;
/// Buckets of the second look.
const BUCKET_BITS: u32 = 12;
/// Sets bit 5 of every byte: upper case becomes lower case, and other bytes keep apart well enough.
pub(crate) const FOLD: u64 = 0x2020_2020_2020_2020;
/// An odd multiplier with well-spread bits (the golden ratio).
const MULTIPLIER: u32 = 0x9E37_79B1;
/// The low five bits of three bytes.
pub(crate) const THREE: u32 = 0x7FFF;
/// Of a key: the gram has three bytes, and is asked for at even places.
pub(crate) const EVEN: u32 = 1 << 20;
/// Of a key: the gram has three bytes, and is asked for at odd places.
pub(crate) const ODD: u32 = 1 << 21;
/// Values of the low five bits of a byte.
const VALUES: u32 = 32;

/// Bytes of [`Grams`].
const GRAMS: usize = 1 << (20 - 3);

/// A bit for each four-byte gram of five bits a byte: 128 KiB, of which source text, with the few
/// grams that it mostly has, keeps some hundred lines in use.
pub(crate) type Grams = [u8; GRAMS];

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
    fn to_mut(&mut self) -> &mut [u8; N] {
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
/// equal to some letter. So 20 bits name a gram, and `grams` has one bit for each.
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
    /// [`Marks`] by bucket (twice four bytes).
    pub(crate) marks: Array<{ 8 << BUCKET_BITS }>,
    /// The first entry of each bucket, and their number (four bytes).
    pub(crate) starts: Cow<'static, [u8]>,
    /// All entries, by bucket.
    pub(crate) entries: Cow<'static, [u8]>,
}

/// The bucket of a key.
#[inline(always)]
pub(crate) const fn bucket(key: u32) -> usize {
    (key.wrapping_mul(MULTIPLIER) >> (32 - BUCKET_BITS)) as usize
}

/// The low five bits of up to four bytes, the first one lowest.
pub(crate) fn gram(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |gram, byte| gram << 5 | u32::from(byte & 31))
}

/// Eight bytes from `place` on, zero where there is no text.
pub(crate) fn load(text: &[u8], place: isize) -> u64 {
    let mut eight = [0; 8];
    for (at, byte) in (place..).zip(&mut eight) {
        *byte = usize::try_from(at).ok().and_then(|at| text.get(at)).copied().unwrap_or(0);
    }
    u64::from_le_bytes(eight)
}

#[inline(always)]
fn number(bytes: &[u8], index: usize) -> u32 {
    let four = bytes.get(4 * index..4 * index + 4).unwrap_or(&[0; 4]);
    u32::from_le_bytes([four[0], four[1], four[2], four[3]])
}

impl Entry {
    /// Bytes of an entry in a table.
    pub(crate) const SIZE: usize = 24;

    /// The entry for the gram of `width` bytes at `offset` of a keyword.
    fn new(keyword: u32, bytes: &[u8], offset: usize) -> Self {
        let shown = |from: isize| {
            let (mut expect, mut mask) = (0_u64, 0_u64);
            for (shift, at) in (from..from + 8).enumerate() {
                if let Some(byte) = usize::try_from(at).ok().and_then(|at| bytes.get(at)) {
                    expect |= u64::from(byte | 0x20) << (8 * shift);
                    mask |= 0xFF << (8 * shift);
                }
            }
            (expect, mask)
        };
        let at = offset as isize;
        let (from_gram, from_before) = (shown(at), shown(at - BEFORE as isize));
        let before = from_before.1.count_ones() > from_gram.1.count_ones();
        let (expect, mask) = if before { from_before } else { from_gram };
        Self { expect, mask, keyword, offset: offset as u16, before }
    }

    #[inline(always)]
    pub(crate) fn read(bytes: &[u8; Self::SIZE]) -> Self {
        let half = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let whole = |at: usize| u64::from(half(at)) | u64::from(half(at + 4)) << 32;
        Self {
            expect: whole(0),
            mask: whole(8),
            keyword: half(16),
            offset: u16::from_le_bytes([bytes[20], bytes[21]]),
            before: bytes[22] != 0,
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

impl Table {
    /// A table without keywords.
    pub(crate) fn empty() -> Self {
        Self {
            bytes: Cow::Borrowed(&[]),
            ends: Cow::Borrowed(&[]),
            fold: Cow::Borrowed(&[]),
            grams: Array::zero(),
            marks: Array::zero(),
            starts: Cow::Owned(vec![0; 4 * ((1 << BUCKET_BITS) + 1)]),
            entries: Cow::Borrowed(&[]),
        }
    }

    /// Number of keywords.
    pub(crate) fn len(&self) -> usize {
        self.fold.len()
    }

    /// Adds keywords behind those that are here.
    ///
    /// Keywords shorter than [`MIN_KEYWORD`] are never found; validation does not let them in.
    pub(crate) fn extend(&mut self, keywords: &[Keyword]) {
        let mut entries: Vec<(u32, Entry)> = Vec::new();
        for bucket in 0..1 << BUCKET_BITS {
            entries.extend(self.bucket(bucket).map(|entry| (bucket as u32, entry)));
        }
        for keyword in keywords {
            let index = self.len() as u32;
            let bytes = &keyword.bytes;
            for (key, offset, width) in keys(bytes) {
                let marks = bucket(key);
                self.mark(marks, bytes, offset, width);
                entries.push((marks as u32, Entry::new(index, bytes, offset)));
            }
            for gram in grams(bytes) {
                self.grams.to_mut()[(gram >> 3) as usize] |= 1 << (gram & 7);
            }
            self.bytes.to_mut().extend_from_slice(bytes);
            let end = self.bytes.len() as u32;
            self.ends.to_mut().extend_from_slice(&end.to_le_bytes());
            self.fold.to_mut().push(u8::from(keyword.fold));
        }
        self.place(entries);
    }

    /// Lets the neighbours of a gram pass.
    fn mark(&mut self, bucket: usize, bytes: &[u8], offset: usize, width: usize) {
        let neighbour =
            |at: Option<usize>| at.and_then(|at| bytes.get(at)).map_or(!0, |byte| 1 << (byte & 31));
        let mut marks = self.marks(bucket);
        marks.before |= neighbour(offset.checked_sub(1));
        marks.after |= neighbour(Some(offset + width));
        let written = &mut self.marks.to_mut()[8 * bucket..8 * bucket + 8];
        written[..4].copy_from_slice(&marks.before.to_le_bytes());
        written[4..].copy_from_slice(&marks.after.to_le_bytes());
    }

    /// Puts entries into their buckets.
    fn place(&mut self, mut entries: Vec<(u32, Entry)>) {
        entries.sort_by_key(|(bucket, _)| *bucket);
        let (mut starts, mut written) = (Vec::new(), Vec::with_capacity(entries.len() * Entry::SIZE));
        let mut next = 0;
        for bucket in 0..=1_u32 << BUCKET_BITS {
            while next < entries.len() && entries[next].0 < bucket {
                entries[next].1.write(&mut written);
                next += 1;
            }
            starts.extend_from_slice(&(next as u32).to_le_bytes());
        }
        self.starts = Cow::Owned(starts);
        self.entries = Cow::Owned(written);
    }

    /// What is asked first in a bucket.
    #[inline(always)]
    pub(crate) fn marks(&self, bucket: usize) -> Marks {
        let eight = &self.marks[8 * bucket..8 * bucket + 8];
        Marks {
            before: u32::from_le_bytes([eight[0], eight[1], eight[2], eight[3]]),
            after: u32::from_le_bytes([eight[4], eight[5], eight[6], eight[7]]),
        }
    }

    /// The entries of a bucket.
    #[inline(always)]
    pub(crate) fn bucket(&self, bucket: usize) -> impl Iterator<Item = Entry> {
        let (from, to) = (number(&self.starts, bucket) as usize, number(&self.starts, bucket + 1) as usize);
        let all = self.entries.get(from * Entry::SIZE..to * Entry::SIZE).unwrap_or_default();
        all.as_chunks().0.iter().map(Entry::read)
    }

    /// The bytes of a keyword, and whether its case is ignored.
    pub(crate) fn keyword(&self, index: usize) -> (&[u8], bool) {
        let start = index.checked_sub(1).map_or(0, |before| number(&self.ends, before));
        (&self.bytes[start as usize..number(&self.ends, index) as usize], self.fold[index] != 0)
    }
}

/// By what a keyword is found: keys of buckets, with the place and the width of their gram.
///
/// Searches ask at every second place. Of five bytes and more two neighbouring grams of four are taken, so that
/// one of them is at such a place; four bytes are a gram where the keyword begins at an even place, and have one of three bytes where it
/// does not; three bytes are a gram at both.
fn keys(bytes: &[u8]) -> Vec<(u32, usize, usize)> {
    let key =
        |offset: usize, width: usize, kind: u32| (gram(&bytes[offset..offset + width]) | kind, offset, width);
    match bytes.len() {
        0..MIN_KEYWORD => Vec::new(),
        3 => vec![key(0, 3, EVEN), key(0, 3, ODD)],
        4 => match rarest(bytes, 3) {
            0 => vec![key(0, 4, 0), key(0, 3, ODD)],
            _ => vec![key(0, 4, 0), key(1, 3, EVEN)],
        },
        _ => {
            let first = rarest(bytes, 5);
            vec![key(first, 4, 0), key(first + 1, 4, 0)]
        }
    }
}

/// The grams that stand at an even place where a keyword does: a gram of three bytes has any neighbour.
fn grams(bytes: &[u8]) -> Vec<u32> {
    let mut grams = Vec::new();
    for (key, _, _) in keys(bytes) {
        match key {
            _ if key & EVEN != 0 => grams.extend((0..VALUES).map(|after| (key & THREE) | after << 15)),
            _ if key & ODD != 0 => grams.extend((0..VALUES).map(|before| before | (key & THREE) << 5)),
            _ => grams.push(key),
        }
    }
    grams
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
    let last = (bytes.len() - width).min(usize::from(u16::MAX) - 1);
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
