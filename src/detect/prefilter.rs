//! The prefilter: where in a text do the keywords of all rules stand?
//!
//! At every second place one question is asked: is this four-byte gram (of five bits a byte, so that its 20 bits
//! are a place in a bitmap) one of some keyword? Keywords of five bytes and more are entered with two neighbouring grams,
//! the rarest they have (`gram`); shorter ones with all that their gram and a neighbour can be. Of what passes,
//! nearly all is turned away by the bytes before and after the gram, and nearly all of the rest by eight
//! bytes compared at once; only then a keyword is looked at.
//!
//! The automaton of the `aho-corasick` crate is the oracle of the tests.
//!
//! Must not know what a keyword belongs to.

use std::borrow::Cow;

use super::gram::{BEFORE, EVEN, Entry, FOLD, Grams, Keyword, ODD, THREE, Table, bucket, gram, load};

/// Keywords made ready for searching.
#[derive(Debug)]
pub(crate) struct Prefilter {
    table: Cow<'static, Table>,
}

/// Bit 0 tells whether a gram may be a keyword's; the mask is left to whoever has put several together.
#[inline(always)]
fn may_be(grams: &Grams, gram: u32) -> u8 {
    grams[(gram >> 3) as usize] >> (gram & 7)
}

/// The low five bits of eight bytes, two together in each 16 bits.
#[inline(always)]
const fn pairs(eight: u64) -> u64 {
    (eight & 0x001F_001F_001F_001F) | (eight >> 3 & 0x03E0_03E0_03E0_03E0)
}

/// The gram of the two lowest pairs.
#[inline(always)]
const fn joined(pairs: u64) -> u32 {
    ((pairs & 0x3FF) | (pairs >> 6 & 0xF_FC00)) as u32
}

impl Prefilter {
    /// The keywords of `base`, and `more` behind them. A place among all is what a search reports.
    pub(crate) fn new(base: Option<&'static Table>, more: &[Keyword]) -> Self {
        let mut table = base.map_or_else(|| Cow::Owned(Table::empty()), Cow::Borrowed);
        if base.is_none() || !more.is_empty() {
            table.to_mut().extend(more);
        }
        Self { table }
    }

    /// True if there is no keyword.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.len() == 0
    }

    /// Length of a keyword, in bytes.
    pub(crate) fn length(&self, keyword: usize) -> usize {
        self.table.keyword(keyword).0.len()
    }

    /// Calls `hit(keyword, place)` for every keyword that lies wholly in `text[start..end]`,
    /// in no particular order of places.
    pub(crate) fn find(&self, text: &[u8], start: usize, end: usize, mut hit: impl FnMut(usize, usize)) {
        let table = &*self.table;
        let grams: &Grams = &table.grams;
        let end = end.min(text.len());
        let search = Search { table, text: &text[..end], start };
        let mut place = start;
        // Eight bytes a turn. What lies behind the end is looked at as well, which costs less than to take
        // the last bytes one by one.
        while place < end
            && let Some(&[a, b, c, d, e, f, g, h, i, j, ..]) = text.get(place..place + 16)
        {
            let low = pairs(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
            let high = pairs(u64::from_le_bytes([i, j, 0, 0, 0, 0, 0, 0]));
            let four = [joined(low), joined(low >> 16), joined(low >> 32), joined(low >> 48 | high << 16)];
            let [zero, two, four_on, six] = four;
            let passed =
                may_be(grams, zero) | may_be(grams, two) | may_be(grams, four_on) | may_be(grams, six);
            if passed & 1 != 0 {
                search.turn(place, four, &mut hit);
            }
            place += 8;
        }
        while place < end {
            search.look(place, gram(&load(text, place as isize).to_le_bytes()[..4]), &mut hit);
            place += 2;
        }
    }
}

/// What is searched, and for what.
struct Search<'s> {
    table: &'s Table,
    text: &'s [u8],
    start: usize,
}

impl Search<'_> {
    /// One of the grams at four even places has passed.
    #[inline(never)]
    fn turn(&self, place: usize, grams: [u32; 4], hit: &mut impl FnMut(usize, usize)) {
        let mut passed = 0;
        for (index, &gram) in grams.iter().enumerate() {
            passed |= (may_be(&self.table.grams, gram) & 1) << index;
        }
        while passed != 0 {
            let index = passed.trailing_zeros() as usize;
            passed &= passed - 1;
            self.look(place + 2 * index, grams[index], hit);
        }
    }

    /// Looks closer at the gram at an even place, and at the two of three bytes in it.
    #[inline(always)]
    fn look(&self, place: usize, gram: u32, hit: &mut impl FnMut(usize, usize)) {
        let at = |place: usize| self.text.get(place).copied().unwrap_or(0);
        let before = place.checked_sub(1).map_or(0, at);
        let (even, odd) = (gram & THREE | EVEN, gram >> 5 | ODD);
        let whole = self.passes(gram, before, at(place + 4));
        let first = self.passes(even, before, at(place + 3));
        let last = self.passes(odd, at(place), at(place + 4));
        if (whole | first | last) & 1 == 0 {
            return;
        }
        if whole & 1 != 0 {
            self.compare(place, gram, hit);
        }
        if first & 1 != 0 {
            self.compare(place, even, hit);
        }
        if last & 1 != 0 {
            self.compare(place + 1, odd, hit);
        }
    }

    /// Bit 0 tells whether a keyword may stand at a gram between these bytes.
    #[inline(always)]
    fn passes(&self, key: u32, before: u8, after: u8) -> u32 {
        let marks = self.table.marks(bucket(key));
        (marks.before >> (before & 31)) & (marks.after >> (after & 31))
    }

    #[inline(never)]
    fn compare(&self, place: usize, key: u32, hit: &mut impl FnMut(usize, usize)) {
        let around = place.checked_sub(BEFORE).and_then(|from| self.text.get(from..from + 12));
        let (before, after) = match around {
            Some(&[a, b, c, d, e, f, g, h, i, j, k, l]) => {
                (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes([e, f, g, h, i, j, k, l]))
            }
            _ => (load(self.text, place as isize - BEFORE as isize), load(self.text, place as isize)),
        };
        let (before, after) = (before | FOLD, after | FOLD);
        for entry in self.table.bucket(bucket(key)) {
            let seen = if entry.before { before } else { after };
            if seen & entry.mask == entry.expect {
                self.verify(place, entry, hit);
            }
        }
    }

    #[inline(always)]
    fn verify(&self, place: usize, entry: Entry, hit: &mut impl FnMut(usize, usize)) {
        let keyword = entry.keyword as usize;
        let (bytes, fold) = self.table.keyword(keyword);
        let from = place.checked_sub(usize::from(entry.offset)).filter(|&from| from >= self.start);
        let Some(from) = from else { return };
        let Some(found) = self.text.get(from..from + bytes.len()) else { return };
        if if fold { found.eq_ignore_ascii_case(bytes) } else { found == bytes } {
            hit(keyword, from);
        }
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
        Prefilter::new(None, keywords).find(text, start, end, |index, place| hits.push((index, place)));
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

    #[test]
    fn keywords_are_added_to_those_of_the_program() {
        let base: &'static Table = &crate::detect::builtin::NEAR;
        let count = base.len();
        let more = [keyword("zebra_tok", false), keyword("okapi", true)];
        let prefilter = Prefilter::new(Some(base), &more);
        let text = [base.keyword(0).0, b" zebra_tok OKAPI"].concat();
        let mut hits = Vec::new();
        prefilter.find(&text, 0, text.len(), |keyword, _| hits.push(keyword));
        hits.sort_unstable();
        assert!(hits.contains(&0));
        assert!(hits.ends_with(&[count, count + 1]), "{hits:?}");
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
