//! Which of a list of words a short text has, whatever the case of its letters: found in one pass.
//!
//! Two hundred words are looked for in and around each candidate, and hardly one is there. Each place of the text is asked
//! once which words begin with the three bytes there; nearly always none does. Must not know what the words mean.

/// Pairs of bytes, of which the low five bits count.
const PAIRS: usize = 1 << 10;

const fn pair(first: u8, second: u8) -> usize {
    ((first & 31) as usize) << 5 | (second & 31) as usize
}

/// Words to look for, in lower case and of at least two bytes, with what each says.
pub(crate) struct Words<const N: usize> {
    words: [(&'static [u8], u64); N],
    /// By pair, one more than the place of the first word that begins with it; 0 if none does.
    first: [u8; PAIRS],
    /// For each word, the same of the next one that begins alike.
    next: [u8; N],
    /// By pair, a bit for each third byte of the words that begin with it, of which the low five bits count, too; all of them
    /// where a word has no third.
    third: [u32; PAIRS],
}

/// How many words there are in all lists.
pub(crate) const fn count(lists: &[(u64, &[&str])]) -> usize {
    let (mut count, mut list) = (0, 0);
    while list < lists.len() {
        count += lists[list].1.len();
        list += 1;
    }
    count
}

impl<const N: usize> Words<N> {
    /// Makes ready lists of words, each with the bits that its words stand for. `N` is their [`count`].
    pub(crate) const fn new(lists: &[(u64, &[&'static str])]) -> Self {
        assert!(N < 256, "places are bytes");
        let mut words: [(&'static [u8], u64); N] = [(b"", 0); N];
        let (mut first, mut next, mut third) = ([0; PAIRS], [0; N], [0; PAIRS]);
        let (mut place, mut list) = (0, 0);
        while list < lists.len() {
            let (bits, of_list) = lists[list];
            let mut at = 0;
            while at < of_list.len() {
                let word = of_list[at].as_bytes();
                assert!(word.len() >= 2 && !has_capitals(word), "a word that is never found");
                let pair = pair(word[0], word[1]);
                words[place] = (word, bits);
                next[place] = first[pair];
                first[pair] = place as u8 + 1;
                third[pair] |= if word.len() > 2 { 1 << (word[2] & 31) } else { u32::MAX };
                place += 1;
                at += 1;
            }
            list += 1;
        }
        Self { words, first, next, third }
    }

    /// The bits of the words in `text`.
    pub(crate) fn within(&self, text: &[u8]) -> u64 {
        let mut found = 0;
        let &[first, second, ..] = text else { return 0 };
        // Five bits of each of three bytes: the pair, and the third.
        let mut three = pair(first, second);
        for (place, &byte) in text[2..].iter().enumerate() {
            three = (three << 5 | usize::from(byte & 31)) % (PAIRS << 5);
            if self.third[three >> 5] >> (three & 31) & 1 != 0 {
                found |= self.at(&text[place..], found);
            }
        }
        // Words of two bytes may end it.
        let last = text.len() - 2;
        if self.third[pair(text[last], text[last + 1])] & 1 != 0 {
            found |= self.at(&text[last..], found);
        }
        found
    }

    /// The bits of the words that `text` begins with, of those that have others than are known.
    #[inline(never)]
    fn at(&self, text: &[u8], known: u64) -> u64 {
        let mut found = 0;
        let mut at = self.first[pair(text[0], text[1])];
        while at != 0 {
            let index = usize::from(at - 1);
            let (word, bits) = self.words[index];
            if bits & !known != 0 && begins(text, word) {
                found |= bits;
            }
            at = self.next[index];
        }
        found
    }

    /// Whether `text` begins with one of the words.
    pub(crate) fn begin(&self, text: &[u8]) -> bool {
        self.alike(text).any(|word| begins(text, word))
    }

    /// Whether `text` is one of the words.
    pub(crate) fn has(&self, text: &[u8]) -> bool {
        self.alike(text).any(|word| word.len() == text.len() && begins(text, word))
    }

    /// The words that begin with the same two bytes as `text`, or look as if they did.
    fn alike(&self, text: &[u8]) -> impl Iterator<Item = &'static [u8]> {
        let mut at = text.first_chunk().map_or(0, |&[one, other]| self.first[pair(one, other)]);
        std::iter::from_fn(move || {
            let index = usize::from(at.checked_sub(1)?);
            at = self.next[index];
            Some(self.words[index].0)
        })
    }
}

/// Where `part` is in a line. A searcher for it would take longer to make than a line does to be looked through.
pub(crate) fn place_of(text: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memchr_iter(*part.first()?, text).find(|&at| text[at..].starts_with(part))
}

/// Whether `text` begins with one of a few words as they stand: nearly always its first byte shows that it does not.
pub(crate) fn begins_with_one(text: &[u8], words: &[&[u8]]) -> bool {
    text.first().is_some_and(|first| words.iter().any(|word| word[0] == *first && text.starts_with(word)))
}

/// The same of what `text` ends in.
pub(crate) fn ends_in_one(text: &[u8], words: &[&[u8]]) -> bool {
    text.last().is_some_and(|last| words.iter().any(|word| word.last() == Some(last) && text.ends_with(word)))
}

/// Whether `text` begins with `word`, which is in lower case.
fn begins(text: &[u8], word: &[u8]) -> bool {
    let last = word.len() - 1;
    text.get(last).is_some_and(|byte| byte.to_ascii_lowercase() == word[last])
        && text.iter().zip(word).all(|(byte, wanted)| byte.to_ascii_lowercase() == *wanted)
}

const fn has_capitals(word: &[u8]) -> bool {
    let mut at = 0;
    while at < word.len() {
        if word[at].is_ascii_uppercase() {
            return true;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LISTS: &[(u64, &[&str])] = &[(1, &["ab", "a_b", "--"]), (2, &["abba", "ab"]), (4, &["b1", ".n"])];
    static WORDS: Words<{ count(LISTS) }> = Words::new(LISTS);

    proptest! {
        #[test]
        fn finds_what_a_search_finds(text in "[abABnN_.1q-]{0,12}") {
            let lower = text.to_ascii_lowercase();
            let holds = |test: &dyn Fn(&str) -> bool| {
                LISTS.iter().filter(|(_, list)| list.iter().any(|word| test(word))).fold(0, |sum, (bits, _)| sum | bits)
            };
            prop_assert_eq!(WORDS.within(text.as_bytes()), holds(&|word| lower.contains(word)));
            prop_assert_eq!(WORDS.begin(text.as_bytes()), holds(&|word| lower.starts_with(word)) != 0);
            prop_assert_eq!(WORDS.has(text.as_bytes()), holds(&|word| lower == word) != 0);
        }
    }
}
