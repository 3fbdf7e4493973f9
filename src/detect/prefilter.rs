//! The prefilter: where in a text do the keywords of all rules stand?
//!
//! At every second place one question is asked: is this four-byte gram (of five bits a byte) one of some keyword?
//! Keywords of five bytes and more are entered with two neighbouring grams, the rarest they have (`gram`); shorter
//! ones with all that their gram and a neighbour can be. Of what passes, most is turned away by the bytes before and
//! after the gram, and nearly all of the rest by eight bytes compared at once; only then a keyword is looked at.
//!
//! The automaton of the `aho-corasick` crate is the oracle of the tests.
//!
//! Must not know what a keyword belongs to.

use super::gram::{Array, BEFORE, Entries, Entry, FOLD, Grams, Keyword, Table, WIDTH, knows, load, word};

/// Keywords made ready for searching.
#[derive(Debug)]
pub(crate) struct Prefilter {
    /// Those of the program, which come first.
    base: Option<&'static Table>,
    more: Option<Table>,
    /// The grams of both.
    grams: Array<{ size_of::<Grams>() }>,
}

/// Bytes of a turn: their even places are asked at once.
const TURN: usize = 16;
/// Places that are looked at together: enough to wait for memory once, and few enough for short texts.
const BATCH: usize = 32;
/// Bytes that the grams of a turn have.
const SEEN: usize = TURN + WIDTH - 2;

/// What four grams begin with (as [`super::gram::three`] has it), two bytes each: of those that begin at the even places of
/// `first`, where `last` is the eight bytes that begin two bytes on.
#[inline(always)]
const fn threes(first: u64, last: u64) -> u64 {
    (first & 0x001F_001F_001F_001F)
        | (first >> 3 & 0x03E0_03E0_03E0_03E0)
        | (last << 10 & 0x7C00_7C00_7C00_7C00)
}

impl Prefilter {
    /// The keywords of `base`, and `more` behind them. A place among all is what a search reports.
    pub(crate) fn new(base: Option<&'static Table>, more: &[Keyword]) -> Self {
        let more = (base.is_none() || !more.is_empty()).then(|| Table::new(more));
        let mut grams = match (base, &more) {
            (Some(base), _) => base.grams.clone(),
            (None, Some(more)) => more.grams.clone(),
            (None, None) => unreachable!("there is always one of the two"),
        };
        if let (Some(_), Some(more)) = (base, &more) {
            grams.to_mut().iter_mut().zip(more.grams.iter()).for_each(|(all, more)| *all |= more);
        }
        Self { base, more, grams }
    }

    /// Whether nothing was made: the tables are those of the program.
    #[cfg(test)]
    pub(crate) fn is_as_built(&self) -> bool {
        self.base.is_some() && self.more.is_none() && matches!(self.grams, Array::Static(_))
    }

    /// True if there is no keyword.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of keywords.
    pub(crate) fn len(&self) -> usize {
        self.tables().map(|(table, _)| table.len()).sum()
    }

    /// Length of a keyword, in bytes.
    pub(crate) fn length(&self, keyword: usize) -> usize {
        let own = self.base.map_or(0, Table::len);
        match (keyword.checked_sub(own), self.base, &self.more) {
            (None, Some(base), _) => base.keyword(keyword).0.len(),
            (Some(other), _, Some(more)) => more.keyword(other).0.len(),
            _ => 0,
        }
    }

    /// All tables, and the number of their first keyword among all.
    fn tables(&self) -> impl Iterator<Item = (&Table, usize)> {
        let own = self.base.map_or(0, Table::len);
        self.base.map(|base| (base, 0)).into_iter().chain(self.more.as_ref().map(|more| (more, own)))
    }

    /// Calls `hit(keyword, place)` for every keyword that lies wholly in `text[start..end]`,
    /// in no particular order of places.
    pub(crate) fn find(&self, text: &[u8], start: usize, end: usize, mut hit: impl FnMut(usize, usize)) {
        let grams: &Grams = &self.grams;
        let end = end.min(text.len());
        let search = Search { all: self, text: &text[..end], start };
        let mut place = start;
        let (mut waiting, mut count) = ([0; BATCH], 0);
        // What lies behind the end is looked at as well, which costs less than to take the last bytes one by one.
        while place < end
            && let Some(seen) = text.get(place..).and_then(|rest| rest.first_chunk::<SEEN>())
        {
            let low = threes(word(seen, 0), word(seen, 2));
            let high = threes(word(seen, 8), word(seen, 10));
            for index in 0..TURN / 2 {
                let (four, shift) = if index < 4 { (low, 16 * index) } else { (high, 16 * (index - 4)) };
                let passed = knows(grams, (four >> shift) as u16, seen[2 * index + WIDTH - 1]);
                // Always written, and kept if it passed: a branch would be guessed wrong too often.
                waiting[count % BATCH] = place + 2 * index;
                count += passed as usize;
            }
            if count > BATCH - TURN / 2 {
                search.looks(&waiting[..count], &mut hit);
                count = 0;
            }
            place += TURN;
        }
        search.looks(&waiting[..count], &mut hit);
        while place < end {
            let eight = load(text, place as isize);
            if knows(grams, threes(eight, eight >> 16) as u16, (eight >> 24) as u8) != 0 {
                search.looks(&[place], &mut hit);
            }
            place += 2;
        }
    }
}

/// Where in a table the head of the list is for a gram, and whether one of its keywords may stand there. `after` are the
/// eight bytes from the gram on, `before` those from [`BEFORE`] bytes before it.
#[inline(always)]
fn head(table: &Table, before: u64, after: u64) -> (usize, bool) {
    let three = threes(after, after >> 16) as u16;
    let known = knows(&table.grams, three, (after >> 24) as u8) != 0;
    let place = three | (after >> 24 << 15) as u16;
    let (head, passes) = table.head(place, ((before >> 24) as u8, (after >> 32) as u8));
    (head, known & passes)
}

/// What is searched, and for what.
struct Search<'s> {
    all: &'s Prefilter,
    text: &'s [u8],
    start: usize,
}

impl Search<'_> {
    /// Looks closer at places whose gram has passed.
    #[inline(never)]
    fn looks(&self, waiting: &[usize], hit: &mut impl FnMut(usize, usize)) {
        for of in self.all.tables() {
            self.looks_in(of, waiting, hit);
        }
    }

    /// The same in one table. Each place waits for memory that is far away, so that they wait together: nothing is decided
    /// before all have been asked for.
    #[inline(always)]
    fn looks_in(&self, of: (&Table, usize), waiting: &[usize], hit: &mut impl FnMut(usize, usize)) {
        let (mut left, mut count) = ([(0, 0); BATCH], 0);
        for &at in waiting {
            let Some(around) = self.around(at) else {
                self.look_in(of, at, hit);
                continue;
            };
            let (head, passes) = head(of.0, word(around, 0), word(around, BEFORE));
            left[count % BATCH] = (at, head);
            count += usize::from(passes);
        }
        for &(at, head) in &left[..count] {
            if let Some(around) = self.around(at) {
                let seen = (word(around, 0) | FOLD, word(around, BEFORE) | FOLD);
                self.compare(at, of, of.0.entries(head), seen, hit);
            }
        }
    }

    /// The bytes around a gram, if the text has them all.
    #[inline(always)]
    fn around(&self, at: usize) -> Option<&[u8; BEFORE + 8]> {
        self.text.get(at.checked_sub(BEFORE)?..)?.first_chunk()
    }

    /// Looks closer at a place that may lie at an end of the text.
    #[inline(never)]
    fn look_in(&self, of: (&Table, usize), at: usize, hit: &mut impl FnMut(usize, usize)) {
        let (before, after) = (load(self.text, at as isize - BEFORE as isize), load(self.text, at as isize));
        if let (head, true) = head(of.0, before, after) {
            self.compare(at, of, of.0.entries(head), (before | FOLD, after | FOLD), hit);
        }
    }

    /// Which of `entries` stand there.
    #[inline(always)]
    fn compare(
        &self,
        place: usize,
        of: (&Table, usize),
        entries: Entries<'_>,
        (before, after): (u64, u64),
        hit: &mut impl FnMut(usize, usize),
    ) {
        for entry in entries {
            let seen = if entry.before { before } else { after };
            if seen & entry.mask == entry.expect {
                self.verify(place, entry, of, hit);
            }
        }
    }

    #[inline(never)]
    fn verify(
        &self,
        place: usize,
        entry: Entry,
        (table, own): (&Table, usize),
        hit: &mut impl FnMut(usize, usize),
    ) {
        let keyword = entry.keyword as usize;
        let (bytes, fold) = table.keyword(keyword);
        let from = place.checked_add_signed(-isize::from(entry.offset)).filter(|&from| from >= self.start);
        let Some(from) = from else { return };
        let Some(found) = self.text.get(from..from + bytes.len()) else { return };
        if if fold { found.eq_ignore_ascii_case(bytes) } else { found == bytes } {
            hit(own + keyword, from);
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
