//! How random a text looks: entropy in bits a character, and how far its letters are from words.
//!
//! Pure arithmetic. Must not know rules.

/// Shannon entropy of `bytes`, in bits a byte: 0 for one repeated byte, at most 8.
#[must_use]
pub fn shannon(bytes: &[u8]) -> f64 {
    if bytes.is_empty() {
        return 0.0;
    }
    let mut counts = [0_u32; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    let total = bytes.len() as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / total;
            -share * share.log2()
        })
        .sum()
}

/// Binary logarithm of `number` in 256ths, rounded down; 0 of 0.
const fn log2_256(number: u32) -> u32 {
    if number == 0 {
        return 0;
    }
    let whole = 31 - number.leading_zeros();
    // The fraction, bit by bit: squaring doubles a logarithm.
    let mut rest = (number as u64) << (31 - whole);
    let mut fraction = 0;
    let mut bit = 0;
    while bit < 8 {
        rest = (rest * rest) >> 31;
        fraction <<= 1;
        if rest >= 1 << 32 {
            rest >>= 1;
            fraction |= 1;
        }
        bit += 1;
    }
    whole * 256 + fraction
}

/// Counts with a logarithm in [`LOGS`].
const COUNTS: usize = 513;
/// `n log2 n` for each count, in 256ths.
static LOGS: [u32; COUNTS] = {
    let mut table = [0; COUNTS];
    let mut count = 0;
    while count < COUNTS {
        table[count] = count as u32 * log2_256(count as u32);
        count += 1;
    }
    table
};

/// Entropy in whole numbers, the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FixedEntropy {
    /// Of the whole text, in 256ths of a bit.
    pub(crate) total: u32,
    /// A byte, in 256ths of a bit.
    pub(crate) per_byte: u32,
    /// Different bytes.
    pub(crate) distinct: u32,
}

/// Shannon entropy of the first 512 bytes.
pub(crate) fn fixed_entropy(bytes: &[u8]) -> FixedEntropy {
    let bytes = &bytes[..bytes.len().min(COUNTS - 1)];
    let mut counts = [0_u16; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    // By the bytes that there are: values are shorter than the table.
    let (mut parts, mut distinct) = (0, 0);
    for &byte in bytes {
        let count = std::mem::take(&mut counts[usize::from(byte)]);
        parts += LOGS[usize::from(count)];
        distinct += u32::from(count > 0);
    }
    let total = LOGS[bytes.len()].saturating_sub(parts);
    FixedEntropy { total, per_byte: total / (bytes.len() as u32).max(1), distinct }
}

/// Which characters a value is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Charset {
    /// Lower-case letters.
    pub lower: usize,
    /// Upper-case letters.
    pub upper: usize,
    /// Digits.
    pub digits: usize,
    /// Hexadecimal letters, of either case (counted in `lower` or `upper` too).
    pub hex_letters: usize,
    /// `+ / = _ - . ~`: what encodings add to letters and digits.
    pub joints: usize,
    /// Other visible ASCII.
    pub marks: usize,
    /// Spaces and tabs.
    pub spaces: usize,
    /// Control characters and bytes beyond ASCII.
    pub others: usize,
}

/// Kinds of characters: those that [`Charset`] counts, in its order but for `hex_letters`.
const KINDS: usize = 7;
const LOWER: usize = 0;
const UPPER: usize = 1;
const DIGITS: usize = 2;
const JOINTS: usize = 3;
const MARKS: usize = 4;
const SPACES: usize = 5;
const OTHERS: usize = 6;

/// The kind of each byte.
static KIND: [u8; 256] = {
    let mut table = [OTHERS as u8; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGITS,
            b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'~' => JOINTS,
            b' ' | b'\t' => SPACES,
            0x21..=0x7e => MARKS,
            _ => OTHERS,
        } as u8;
        byte += 1;
    }
    table
};

/// What follows what in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Order {
    /// Longest run of letters.
    pub(crate) letters: usize,
    /// Longest run of digits.
    pub(crate) digits: usize,
    /// How often lower-case letters, capitals, digits and all else follow each other, the first one counted.
    pub(crate) changes: usize,
}

impl Order {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let (mut order, mut last) = (Self::default(), KINDS);
        let (mut letters, mut digits) = (0, 0);
        for &byte in bytes {
            let kind = usize::from(KIND[usize::from(byte)]).min(JOINTS);
            // No branch: what follows what, nobody can foresee.
            letters = (letters + 1) * usize::from(kind < DIGITS);
            digits = (digits + 1) * usize::from(kind == DIGITS);
            order.letters = order.letters.max(letters);
            order.digits = order.digits.max(digits);
            order.changes += usize::from(kind != last);
            last = kind;
        }
        order
    }
}

impl Charset {
    /// Counts the characters of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let (mut counts, mut hex_letters) = ([0; KINDS + 1], 0);
        for &byte in bytes {
            counts[usize::from(KIND[usize::from(byte)] & 7)] += 1;
            hex_letters += usize::from((byte | 0x20).wrapping_sub(b'a') < 6);
        }
        Self {
            lower: counts[LOWER],
            upper: counts[UPPER],
            digits: counts[DIGITS],
            hex_letters,
            joints: counts[JOINTS],
            marks: counts[MARKS],
            spaces: counts[SPACES],
            others: counts[OTHERS],
        }
    }

    /// Number of letters.
    #[must_use]
    pub const fn letters(&self) -> usize {
        self.lower + self.upper
    }

    /// True if all `length` characters are hexadecimal digits, of one case.
    #[must_use]
    pub const fn is_hex(&self, length: usize) -> bool {
        length > 0 && self.digits + self.hex_letters == length && (self.lower == 0 || self.upper == 0)
    }
}

/// How often one letter follows another in the words of source text and manuals: a row a first
/// letter, a digit a second one; 5 is what chance gives, each step a factor of two.
///
/// Counted over 8.6 million words of five public repositories; no text of theirs is kept.
static BIGRAMS: [[u8; 26]; 26] = [
    *b"05650350503756050667432230",
    *b"72327000660730600552700050",
    *b"60306107406630810537400030",
    *b"63168200700412510551610340",
    *b"51664530200557244776144530",
    *b"60136620800532830645600030",
    *b"40308045700426510673540010",
    *b"80329000700121610435400000",
    *b"54665450001658630567040304",
    *b"50019000300000730070600000",
    *b"52039341601415423174432010",
    *b"62158310701700730155611050",
    *b"84138010600363760043400010",
    *b"60676570503314620167440030",
    *b"34561330403568550755654010",
    *b"70247113400710760747500030",
    *b"00000000000600000130900000",
    *b"63548240603345620655530040",
    *b"40537125603321652268501030",
    *b"60427307700320530754501350",
    *b"55546540500757150767000000",
    *b"80118000700000600030000000",
    *b"70116007800206710650003001",
    *b"60631201600140180138200330",
    *b"43315100500556780466003002",
    *b"50309300500330600240200044",
];

/// How common it is that `second` follows `first`, from 0 to 9; 5 is what chance gives among
/// letters, and 3 stands for pairs with anything but letters.
pub(crate) fn pair_commonness(first: u8, second: u8) -> u32 {
    if !(first.is_ascii_alphabetic() && second.is_ascii_alphabetic()) {
        return 3;
    }
    u32::from(BIGRAMS[usize::from(first & 31) - 1][usize::from(second & 31) - 1] - b'0')
}

/// How much the letters of `bytes` read like words: about -2.3 for random letters, above 0 for
/// words, in doublings a pair of letters. `None` if there are fewer than four such pairs.
#[must_use]
pub fn wordiness(bytes: &[u8]) -> Option<f64> {
    wordiness_tenths(bytes).map(|tenths| f64::from(tenths) / 10.0)
}

/// The bit that tells a small letter from a capital.
const SMALL: u8 = 0x20;
const NO_LETTER: usize = usize::MAX;

/// The same in tenths.
pub(crate) fn wordiness_tenths(bytes: &[u8]) -> Option<i32> {
    let (mut sum, mut pairs) = (0_i32, 0_i32);
    // The letter before, from 0 for `a`, and its bit of the case; none at first.
    let (mut previous, mut small) = (NO_LETTER, 0);
    for &byte in bytes {
        let letter = usize::from((byte | SMALL).wrapping_sub(b'a'));
        // `aB` starts a new word in camel case.
        let joined = small <= byte & SMALL;
        if let Some(common) = BIGRAMS.get(previous).and_then(|row| row.get(letter)).filter(|_| joined) {
            sum += i32::from(*common) - i32::from(b'5');
            pairs += 1;
        }
        (previous, small) = (letter, byte & SMALL);
    }
    (pairs >= 4).then(|| (sum * 10).div_euclid(pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_in_bits() {
        for (text, expected) in
            [("", 0.0), ("aaaa", 0.0), ("abab", 1.0), ("abcd", 2.0), ("0123456789abcdef", 4.0)]
        {
            assert!((shannon(text.as_bytes()) - expected).abs() < 1e-9, "{text}");
        }
    }

    #[test]
    fn whole_numbers_agree_with_real_ones() {
        for text in ["", "a", "abab", "k3Jx9Qm2Vt7Rb4Wn8Zc1", "correct horse battery staple"] {
            let (fixed, real) = (fixed_entropy(text.as_bytes()), shannon(text.as_bytes()));
            assert!((f64::from(fixed.per_byte) / 256.0 - real).abs() < 0.02, "{text}");
        }
    }

    #[test]
    fn pairs_are_letters_side_by_side_in_a_word() {
        let mut state = 5_u64;
        for length in (0..40).cycle().take(20_000) {
            let text: Vec<u8> = (0..length)
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    if state >> 62 == 0 {
                        (state >> 40) as u8
                    } else {
                        b"aAbBzZeT"[(state >> 40) as usize % 8]
                    }
                })
                .collect();
            let pairs: Vec<i32> = text
                .windows(2)
                .filter(|pair| pair.iter().all(u8::is_ascii_alphabetic))
                .filter(|pair| !(pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()))
                .map(|pair| pair_commonness(pair[0], pair[1]) as i32 - 5)
                .collect();
            let mean = || (10 * pairs.iter().sum::<i32>()).div_euclid(pairs.len() as i32);
            assert_eq!(wordiness_tenths(&text), (pairs.len() >= 4).then(mean), "{text:?}");
        }
    }

    #[test]
    fn words_and_noise_differ() {
        for word in ["password", "configuration", "kubernetes", "getElementById"] {
            assert!(wordiness(word.as_bytes()).unwrap() > 0.0, "{word}");
        }
        for noise in ["xkqzvbnw", "QzXkWvJq", "hgjkqwxz"] {
            assert!(wordiness(noise.as_bytes()).unwrap() < -1.0, "{noise}");
        }
        assert_eq!(wordiness(b"a1b2c3"), None);
    }

    #[test]
    fn charsets() {
        let set = Charset::of(b"aB3+ $\xff");
        assert_eq!((set.lower, set.upper, set.digits, set.joints), (1, 1, 1, 1));
        assert_eq!((set.spaces, set.marks, set.others), (1, 1, 1));
        assert!(Charset::of(b"00ffa9").is_hex(6));
        assert!(!Charset::of(b"00fFa9").is_hex(6));
    }
}
