//! The prefilter: where in a text do the keywords of all rules stand?
//!
//! Two bitmaps of hashed, case-folded grams are asked at every place; only a place that passes
//! is compared with keywords. Keywords of five bytes and more are entered with two neighbouring
//! four-byte grams, so that every second place suffices for them; shorter ones with one
//! three-byte gram, asked at every place. Which gram of a keyword is entered is chosen by how
//! rare its letters are. The automaton of the `aho-corasick` crate is the oracle of the tests;
//! the two have not been timed against each other yet.
//!
//! Must not know what a keyword belongs to.

use super::entropy::pair_commonness;

/// A literal to find.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Keyword {
    /// The bytes, lower case if `fold`. At least [`MIN_KEYWORD`] of them.
    pub(crate) bytes: Vec<u8>,
    /// Whether ASCII case is ignored.
    pub(crate) fold: bool,
}

/// Shortest keyword that can be found.
pub(crate) const MIN_KEYWORD: usize = 3;

/// Keywords made ready for searching.
#[derive(Debug)]
pub(crate) struct Prefilter {
    keywords: Vec<Keyword>,
    long: Box<Bitmap>,
    short: Box<Bitmap>,
    /// Keyword grams by bucket: `starts[b]..starts[b + 1]` in `entries`.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

/// A gram of a keyword.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The folded gram; three-byte grams have a zero byte on top.
    gram: u32,
    keyword: u16,
    /// Place of the gram in the keyword.
    offset: u16,
}

/// Bits of a gram hash. 2^16 bits are 8 KiB: both bitmaps stay in the first-level cache.
const HASH_BITS: u32 = 16;
/// Buckets of the second look.
const BUCKET_BITS: u32 = 11;
/// Sets bit 5 of every byte: upper case becomes lower case, and other bytes keep apart well enough.
const FOLD: u32 = 0x2020_2020;
const SHORT: u32 = 0x00FF_FFFF;
/// An odd multiplier with well-spread bits (the golden ratio).
const MULTIPLIER: u32 = 0x9E37_79B1;

type Bitmap = [u64; 1 << (HASH_BITS - 6)];

#[inline(always)]
const fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(MULTIPLIER) >> (32 - HASH_BITS)
}

/// The bit of `hash`, in bit 0; the mask is left to whoever has put several together.
#[inline(always)]
fn word(bitmap: &Bitmap, hash: u32) -> u64 {
    bitmap[(hash >> 6) as usize] >> (hash & 63)
}

#[inline(always)]
fn bit(bitmap: &Bitmap, hash: u32) -> u64 {
    word(bitmap, hash) & 1
}

/// Four bytes from `place` on, zero where the text has ended.
fn load(text: &[u8], place: usize) -> u32 {
    let mut four = [0; 4];
    let rest = text.get(place..).unwrap_or_default();
    let length = rest.len().min(4);
    four[..length].copy_from_slice(&rest[..length]);
    u32::from_le_bytes(four)
}

impl Prefilter {
    /// Enters the keywords. Their place in `keywords` is what a search reports.
    ///
    /// Keywords shorter than [`MIN_KEYWORD`] are never found; validation does not let them in.
    pub(crate) fn new(keywords: Vec<Keyword>) -> Self {
        let mut long = Box::new([0; 1 << (HASH_BITS - 6)]);
        let mut short = Box::new([0; 1 << (HASH_BITS - 6)]);
        let mut entries = Vec::with_capacity(keywords.len() * 2);
        for (index, keyword) in keywords.iter().enumerate() {
            let bytes = &keyword.bytes;
            let mut enter = |offset: usize, gram: u32, bitmap: &mut Bitmap| {
                let at = hash(gram);
                bitmap[(at >> 6) as usize] |= 1 << (at & 63);
                entries.push(Entry { gram, keyword: index as u16, offset: offset as u16 });
            };
            if bytes.len() > 4 {
                let offset = rarest(bytes, 5);
                enter(offset, load(bytes, offset) | FOLD, &mut long);
                enter(offset + 1, load(bytes, offset + 1) | FOLD, &mut long);
            } else if bytes.len() >= MIN_KEYWORD {
                let offset = rarest(bytes, 3);
                enter(offset, (load(bytes, offset) | FOLD) & SHORT, &mut short);
            }
        }
        let bucket = |entry: &Entry| hash(entry.gram) >> (HASH_BITS - BUCKET_BITS);
        entries.sort_unstable_by_key(|entry| (bucket(entry), entry.gram, entry.keyword, entry.offset));
        let mut starts = vec![0; (1 << BUCKET_BITS) + 1];
        for entry in &entries {
            starts[bucket(entry) as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        Self { keywords, long, short, starts, entries }
    }

    /// Length of a keyword, in bytes.
    pub(crate) fn length(&self, keyword: usize) -> usize {
        self.keywords[keyword].bytes.len()
    }

    /// Calls `hit(keyword, place)` for every keyword that lies wholly in `text[start..end]`,
    /// in no particular order of places.
    pub(crate) fn find(&self, text: &[u8], start: usize, end: usize, mut hit: impl FnMut(usize, usize)) {
        let end = end.min(text.len());
        let mut place = start;
        // Eight bytes a turn: four long grams at even places, eight short ones. What lies behind the
        // end is looked at as well, which costs less than to take the last bytes one by one.
        while place < end
            && let Some(window) = text.get(place..place + 12)
        {
            let (low, high) = window.split_at(8);
            let low = u64::from_le_bytes([low[0], low[1], low[2], low[3], low[4], low[5], low[6], low[7]]);
            let high = u64::from(u32::from_le_bytes([high[0], high[1], high[2], high[3]]));
            let grams = [low as u32, (low >> 16) as u32, (low >> 32) as u32, (low >> 48 | high << 16) as u32];
            // Written out: a loop over the four is not inlined, and costs a third more.
            let [zero, two, four, six] = grams;
            let passed = self.may_hold(zero) | self.may_hold(two) | self.may_hold(four) | self.may_hold(six);
            if passed & 1 != 0 {
                for (step, gram) in grams.into_iter().enumerate() {
                    if self.may_hold(gram) & 1 != 0 {
                        self.look(&text[..end], start, place + 2 * step, gram, &mut hit);
                    }
                }
            }
            place += 8;
        }
        while place < end {
            self.look(&text[..end], start, place, load(text, place), &mut hit);
            place += 2;
        }
    }

    /// Bit 0 tells whether one of the three grams that a load at an even place answers for may be
    /// a keyword's; the other bits mean nothing.
    #[inline(always)]
    fn may_hold(&self, gram: u32) -> u64 {
        let folded = gram | FOLD;
        word(&self.long, hash(folded))
            | word(&self.short, hash(folded & SHORT))
            | word(&self.short, hash(folded >> 8))
    }

    #[inline(never)]
    fn look(&self, text: &[u8], start: usize, place: usize, gram: u32, hit: &mut impl FnMut(usize, usize)) {
        let folded = gram | FOLD;
        let (near, next) = (folded & SHORT, folded >> 8);
        if bit(&self.long, hash(folded)) != 0 {
            self.compare(text, start, place, folded, hit);
        }
        if bit(&self.short, hash(near)) != 0 {
            self.compare(text, start, place, near, hit);
        }
        if bit(&self.short, hash(next)) != 0 {
            self.compare(text, start, place + 1, next, hit);
        }
    }

    fn compare(
        &self,
        text: &[u8],
        start: usize,
        place: usize,
        gram: u32,
        hit: &mut impl FnMut(usize, usize),
    ) {
        let bucket = (hash(gram) >> (HASH_BITS - BUCKET_BITS)) as usize;
        for entry in &self.entries[self.starts[bucket] as usize..self.starts[bucket + 1] as usize] {
            if entry.gram != gram {
                continue;
            }
            let keyword = &self.keywords[usize::from(entry.keyword)];
            let Some(from) = place.checked_sub(usize::from(entry.offset)).filter(|&from| from >= start)
            else {
                continue;
            };
            let Some(found) = text.get(from..from + keyword.bytes.len()) else { continue };
            let same = if keyword.fold {
                found.eq_ignore_ascii_case(&keyword.bytes)
            } else {
                found == keyword.bytes
            };
            if same {
                hit(usize::from(entry.keyword), from);
            }
        }
    }
}

/// Where in `bytes` the `width` bytes begin that are least likely in source text.
fn rarest(bytes: &[u8], width: usize) -> usize {
    let single = |place: usize| commonness(bytes[place]);
    let pair = |place: usize| 2 * pair_commonness(bytes[place], bytes[place + 1]);
    let mut weight = (0..width).map(single).sum::<u32>() + (0..width - 1).map(pair).sum::<u32>();
    let mut best = (weight, 0);
    for offset in 1..=bytes.len() - width {
        let last = offset + width - 1;
        weight = weight + single(last) + pair(last - 1) - single(offset - 1) - pair(offset - 1);
        best = best.min((weight, offset));
    }
    best.1
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keyword(text: &str, fold: bool) -> Keyword {
        let bytes = if fold { text.to_ascii_lowercase() } else { text.to_owned() };
        Keyword { bytes: bytes.into_bytes(), fold }
    }

    fn found(keywords: &[Keyword], text: &[u8], start: usize, end: usize) -> Vec<(usize, usize)> {
        let mut hits = Vec::new();
        Prefilter::new(keywords.to_vec()).find(text, start, end, |index, place| hits.push((index, place)));
        hits.sort_unstable();
        hits
    }

    /// The same by the automaton of the aho-corasick crate.
    fn oracle(keywords: &[Keyword], text: &[u8], start: usize, end: usize) -> Vec<(usize, usize)> {
        let mut hits = Vec::new();
        for fold in [true, false] {
            let chosen: Vec<usize> =
                (0..keywords.len()).filter(|&index| keywords[index].fold == fold).collect();
            let automaton = aho_corasick::AhoCorasickBuilder::new()
                .ascii_case_insensitive(fold)
                .build(chosen.iter().map(|&index| &keywords[index].bytes))
                .unwrap();
            for hit in automaton.find_overlapping_iter(&text[start..end]) {
                hits.push((chosen[hit.pattern().as_usize()], hit.start() + start));
            }
        }
        hits.sort_unstable();
        hits
    }

    #[test]
    fn finds_keywords_of_all_lengths_at_all_places() {
        let keywords: Vec<_> =
            [("abc", false), ("KEY", true), ("AKIA", false), ("token", true), ("password", true)]
                .map(|(text, fold)| keyword(text, fold))
                .to_vec();
        for word in ["abc", "kEy", "AKIA", "ToKeN", "PassWord", "xabcx", "akia"] {
            for before in 0..20 {
                for after in 0..20 {
                    let text = format!("{}{word}{}", ".".repeat(before), "#".repeat(after)).into_bytes();
                    let all = text.len();
                    assert_eq!(found(&keywords, &text, 0, all), oracle(&keywords, &text, 0, all), "{text:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_aho_corasick(
            words in prop::collection::vec(("[abkKeEyY_0-]{3,7}", any::<bool>()), 1..12),
            text in "[abkKeEyY_0-]{0,200}",
            cut in 0usize..20,
        ) {
            let keywords: Vec<_> = words.iter().map(|(text, fold)| keyword(text, *fold)).collect();
            let text = text.into_bytes();
            let (start, end) = (cut.min(text.len()), text.len() - (cut / 2).min(text.len()));
            prop_assume!(start <= end);
            prop_assert_eq!(found(&keywords, &text, start, end), oracle(&keywords, &text, start, end));
        }
    }
}
