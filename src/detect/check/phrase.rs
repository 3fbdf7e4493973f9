//! Recovery phrases of wallets: words of one list, the last of which holds a checksum (BIP-39).
//!
//! The list is kept as the first four letters of each word, which tell them all apart. Must not know what a phrase opens.

use sha2::{Digest as _, Sha256};

use super::Proof;

/// The first four letters of the 2,048 English words, in their order, which is that of the alphabet; shorter words are padded
/// with spaces.
static WORDS: &str = include_str!("bip39.txt");
/// Letters that are kept of a word.
const KEPT: usize = 4;
/// Words to a line of the file, and bytes of a line.
const LINE: (usize, usize) = (24, 24 * KEPT + 1);
/// Words in all, and bits that a word stands for.
const COUNT: (usize, usize) = (2048, 11);
/// Words that phrases have.
const LENGTHS: [usize; 5] = [12, 15, 18, 21, 24];

/// The place of a word in the list.
fn place(word: &[u8]) -> Option<usize> {
    let mut wanted = [b' '; KEPT];
    for (to, from) in wanted.iter_mut().zip(word) {
        *to = from.to_ascii_lowercase();
    }
    let kept = |place: usize| {
        let start = place / LINE.0 * LINE.1 + place % LINE.0 * KEPT;
        // The last word has no spaces behind it.
        WORDS.as_bytes().get(start..start + KEPT).unwrap_or_default().trim_ascii_end()
    };
    let (mut low, mut high) = (0, COUNT.0);
    while low < high {
        let middle = low.midpoint(high);
        match kept(middle).cmp(wanted.trim_ascii_end()) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return (3..=8).contains(&word.len()).then_some(middle),
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

/// Words of the list with a right checksum pass. A phrase of other words is none; with another checksum it may be of a wallet
/// that has its own.
pub(super) fn bip39(text: &[u8]) -> Proof {
    let words = text.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let places: Option<Vec<usize>> = words.map(place).collect();
    let Some(places) = places.filter(|places| LENGTHS.contains(&places.len())) else { return Proof::Failed };
    if places.iter().all(|place| *place == places[0]) {
        return Proof::Failed;
    }
    let bits: Vec<bool> =
        places.iter().flat_map(|place| (0..COUNT.1).rev().map(move |bit| place >> bit & 1 == 1)).collect();
    // Of 33 bits one is checksum.
    let sum = bits.len() / 33;
    let (entropy, check) = bits.split_at(bits.len() - sum);
    let bytes: Vec<u8> =
        entropy.chunks(8).map(|byte| byte.iter().fold(0, |sum, &bit| sum << 1 | u8::from(bit))).collect();
    let digest = Sha256::digest(&bytes);
    let holds = check.iter().enumerate().all(|(bit, &set)| (digest[0] >> (7 - bit) & 1 == 1) == set);
    if holds { Proof::Passed } else { Proof::Doubted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_sorted() {
        let kept: String = WORDS.split('\n').collect();
        let words: Vec<&[u8]> = kept.as_bytes().chunks(KEPT).collect();
        assert_eq!(words.len(), COUNT.0);
        assert!(words.is_sorted_by(|one, other| one < other));
        for (at, word) in words.iter().enumerate() {
            assert_eq!(place(word.trim_ascii()), Some(at), "{}", String::from_utf8_lossy(word));
        }
        assert_eq!(place(b"kestrel"), None);
    }

    #[test]
    fn phrases() {
        // All zeros and all ones, as the standard has them.
        let zeros = format!("{}about", "abandon ".repeat(11));
        assert_eq!(bip39(zeros.as_bytes()), Proof::Passed);
        let ones = format!("{}vote", "zoo ".repeat(23));
        assert_eq!(bip39(ones.as_bytes()), Proof::Passed);
        let other = format!("{}zoo", "abandon ".repeat(11));
        assert_eq!(bip39(other.as_bytes()), Proof::Doubted);
        assert_eq!(bip39(b"a sentence is no phrase at all even if it has twelve words"), Proof::Failed);
        assert_eq!(bip39(b"zoo zoo zoo"), Proof::Failed);
    }
}
