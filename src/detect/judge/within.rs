//! A short text that is asked for many words.
//!
//! Two hundred words are looked for around each candidate, and hardly one is there. A map of the pairs of
//! letters that the text has turns nearly all away, where a search would first prepare itself for each.
//! Must not know what the words mean.

/// Bits of the map; texts have a hundred pairs or so.
const BITS: usize = 1024;

/// A text, made ready.
pub(super) struct Within<'t> {
    text: &'t [u8],
    pairs: [u64; BITS / 64],
}

const fn bit(first: u8, second: u8) -> usize {
    (first as usize * 37 + second as usize) % BITS
}

impl<'t> Within<'t> {
    /// Looks at `text` once.
    pub(super) fn new(text: &'t [u8]) -> Self {
        let mut pairs = [0; BITS / 64];
        for pair in text.windows(2) {
            let bit = bit(pair[0], pair[1]);
            pairs[bit / 64] |= 1 << (bit % 64);
        }
        Self { text, pairs }
    }

    /// Whether `word` is in the text.
    pub(super) fn has(&self, word: &[u8]) -> bool {
        let known = word.windows(2).all(|pair| {
            let bit = bit(pair[0], pair[1]);
            self.pairs[bit / 64] >> (bit % 64) & 1 != 0
        });
        known && memchr::memmem::find(self.text, word).is_some()
    }

    /// Whether one of `words` is in the text.
    pub(super) fn has_any<W: AsRef<[u8]>>(&self, words: &[W]) -> bool {
        words.iter().any(|word| self.has(word.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_a_search_finds(text in "[ab_]{0,12}", word in "[ab_]{0,4}") {
            let within = Within::new(text.as_bytes());
            prop_assert_eq!(within.has(word.as_bytes()), text.contains(&word));
        }
    }
}
