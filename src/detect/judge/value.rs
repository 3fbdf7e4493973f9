//! A value, with what is looked for in it more than once: bytes that say much, words of placeholders, runs through the alphabet.
//!
//! Must not know names.

use std::cell::OnceCell;

use super::form::{MIN_REPEATED, readable_base64};
use crate::detect::{
    check,
    entropy::wordiness,
    words::{Words, count},
};

/// A value, and the words in it once somebody has asked for them.
pub(super) struct Value<'v> {
    pub(super) bytes: &'v [u8],
    marks: Marks,
    said: OnceCell<u64>,
    runs: OnceCell<Runs>,
}

/// Which of some bytes that say much a value has: most have hardly one, and need not be looked through for each question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks(u16);

impl Marks {
    pub(super) const DIGIT: Self = Self(1);
    pub(super) const CAPITAL: Self = Self(1 << 1);
    pub(super) const SPACE: Self = Self(1 << 2);
    pub(super) const DOT: Self = Self(1 << 3);
    pub(super) const COLON: Self = Self(1 << 4);
    pub(super) const UNDERSCORE: Self = Self(1 << 5);
    pub(super) const DASH: Self = Self(1 << 6);
    /// Of either kind.
    pub(super) const SLASH: Self = Self(1 << 7);
    /// Brackets of all kinds, `$` and `|`.
    pub(super) const BRACE: Self = Self(1 << 8);
    /// What something to be filled in has: `$ % { } # < > @ \ " ' [`.
    pub(super) const TEMPLATE: Self = Self(1 << 9);
    /// What no alphabet of tokens has: `? ^ ! * $ % # & ;`.
    pub(super) const ODD: Self = Self(1 << 10);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn of_byte(byte: u8) -> Self {
        let braces = matches!(byte, b'$' | b'(' | b')' | b'{' | b'}' | b'[' | b']' | b'<' | b'>' | b'|');
        let template = matches!(
            byte,
            b'$' | b'%' | b'{' | b'}' | b'#' | b'<' | b'>' | b'@' | b'\\' | b'"' | b'\'' | b'['
        );
        let odd = matches!(byte, b'?' | b'^' | b'!' | b'*' | b'$' | b'%' | b'#' | b'&' | b';');
        let kinds = (if braces { Self::BRACE.0 } else { 0 })
            | (if template { Self::TEMPLATE.0 } else { 0 })
            | (if odd { Self::ODD.0 } else { 0 });
        let own = match byte {
            b'0'..=b'9' => Self::DIGIT.0,
            b'A'..=b'Z' => Self::CAPITAL.0,
            b' ' => Self::SPACE.0,
            b'.' => Self::DOT.0,
            b':' => Self::COLON.0,
            b'_' => Self::UNDERSCORE.0,
            b'-' => Self::DASH.0,
            b'/' | b'\\' => Self::SLASH.0,
            _ => 0,
        };
        Self(kinds | own)
    }

    fn of(bytes: &[u8]) -> Self {
        static OF_BYTES: [Marks; 256] = {
            let mut table = [Marks(0); 256];
            let mut byte = 0;
            while byte < table.len() {
                table[byte] = Marks::of_byte(byte as u8);
                byte += 1;
            }
            table
        };
        bytes.iter().fold(Self(0), |marks, &byte| marks.and(OF_BYTES[usize::from(byte)]))
    }
}

/// Bits of the words that are looked for: stands where a value is to be put in; asks the reader for a value; is of samples;
/// and, from `HINT` on, one for each of [`HINTS`].
const PLACEHOLDER: u64 = 1;
const ASKING: u64 = 1 << 1;
const COMMON: u64 = 1 << 2;
const HINT: u32 = 3;

/// Words for what a value is, the surest first.
const HINTS: [&str; 5] = ["password", "passwd", "passphrase", "secret", "pass"];

static WORDS: Words<{ count(LISTS) }> = Words::new(LISTS);
const LISTS: &[(u64, &[&str])] = &[
    (PLACEHOLDER | ASKING, PLACEHOLDERS_THAT_ASK),
    (PLACEHOLDER, PLACEHOLDERS),
    (ASKING, &["change-this", "change_this", "insert-", "insert_"]),
    (COMMON, SAMPLES),
    (1 << HINT, &[HINTS[0]]),
    (1 << (HINT + 1), &[HINTS[1]]),
    (1 << (HINT + 2), &[HINTS[2]]),
    (1 << (HINT + 3), &[HINTS[3]]),
    (1 << (HINT + 4), &[HINTS[4]]),
];

const PLACEHOLDERS_THAT_ASK: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "your_",
    "your-",
    "yourpass",
    "yourstrong",
    "yoursecret",
    "yourtoken",
    "yourkey",
    "yourapi",
    "replace",
    "redacted",
    "censored",
    "placeholder",
    "fixme",
    "word_here",
    "word-here",
    "secret_here",
    "secret-here",
    "token_here",
    "token-here",
    "key_here",
    "key-here",
    "goes_here",
    "goes-here",
    "goeshere",
];

const PLACEHOLDERS: &[&str] = &[
    "example",
    "sample",
    "changeit",
    "insert",
    "dummy",
    "fake",
    "todo",
    "xxxx",
    "....",
    "****",
    "----",
    "____",
    "foobar",
    "foo_bar",
    "somepass",
    "somesecret",
    "sometoken",
    "mytoken",
    "my-token",
    "my_token",
    "my-secret",
    "my_secret",
    "my-password",
    "my_password",
    "mypassword",
    "lorem",
    "<your",
    "[your",
    "here>",
    "removed",
    "deadbeef",
    "not-a-real",
    "notreal",
    "undefined",
];

const SAMPLES: &[&str] = &[
    "test", "demo", "admin", "root", "guest", "foo", "bar", "abc", "qwe", "asdf", "hello", "user", "1234",
    "4321", "default", "temp", "postgres", "mysql", "some", "any", "other", "wrong", "bogus", "invalid",
    "new", "old",
];

/// Bytes of a value in which words of placeholders are looked for.
const SAYING: usize = 256;
/// Values as long as this do not ask for one.
const MAX_ASKING: usize = 64;

impl<'v> Value<'v> {
    pub(super) fn new(bytes: &'v [u8]) -> Self {
        Self { bytes, marks: Marks::of(bytes), said: OnceCell::new(), runs: OnceCell::new() }
    }

    /// Whether it has a byte of one of these kinds.
    pub(super) const fn has(&self, marks: Marks) -> bool {
        self.marks.0 & marks.0 != 0
    }

    fn says(&self, bits: u64) -> bool {
        let said = self.said.get_or_init(|| {
            let head = &self.bytes[..self.bytes.len().min(SAYING)];
            let rest = if head.len() < self.bytes.len() { WORDS.within(self.bytes) } else { 0 };
            WORDS.within(head) | rest & !PLACEHOLDER
        });
        said & bits != 0
    }

    /// Its runs, with regard to case.
    pub(super) fn runs(&self) -> Runs {
        *self.runs.get_or_init(|| Runs::along(self.bytes, |byte| *byte))
    }

    /// The same if case is ignored.
    fn runs_of_letters(&self) -> Runs {
        match self.has(Marks::CAPITAL) {
            true => Runs::along(self.bytes, u8::to_ascii_lowercase),
            false => self.runs(),
        }
    }

    /// As [`is_placeholder`].
    pub(super) fn is_placeholder(&self) -> bool {
        self.says(PLACEHOLDER) || is_typed(self) || self.encodes_a_placeholder()
    }

    /// Whether it is base64 of a text with a word of placeholders in it, but not of a user and a password.
    fn encodes_a_placeholder(&self) -> bool {
        readable_base64(self.bytes) == 1
            && check::base64(&self.bytes[..self.bytes.len().min(SAYING)])
                .is_some_and(|text| WORDS.within(&text) & PLACEHOLDER != 0)
    }

    /// Whether it asks the reader for a value of their own.
    pub(super) fn asks_for_a_value(&self) -> bool {
        self.bytes.len() < MAX_ASKING && self.says(ASKING)
    }

    /// Whether a word of samples is in it.
    pub(super) fn is_common(&self) -> bool {
        self.says(COMMON)
    }

    /// Whether it says what it is: 0 not, 5 says `password`.
    pub(super) fn hint(&self) -> usize {
        (0..HINTS.len()).find(|&at| self.says(1 << HINT << at)).map_or(0, |at| HINTS.len() - at)
    }
}

/// True for what stands in place of a secret: an example, a mask, a row of one character or a
/// run through the alphabet.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    Value::new(value).is_placeholder()
}

/// Shortest stretch of letters that shows whether a token is words.
const MIN_WORDS: usize = 16;

/// Whether most of what should be a token is words written together, behind its mark: `acme_defaultCustomerContext`.
pub(crate) fn is_worded(value: &[u8]) -> bool {
    let stretches = value.split(|byte| !byte.is_ascii_alphabetic());
    let longest = stretches.max_by_key(|letters| letters.len()).unwrap_or_default();
    longest.len() >= MIN_WORDS
        && longest.len() * 2 >= value.len()
        && wordiness(longest).is_some_and(|score| score > 0.0)
}

/// Shortest ascending, descending or constant run that shows a made-up value.
const RUN: usize = 7;
/// Shortest run that counts towards a value which is made of such runs.
const SHORT_RUN: usize = 4;

/// Whether somebody typed it to fill the place of a token, whatever the case of its letters: it has few characters, a
/// long run or a block over and over; or most of it is runs through the alphabet and the digits (`abcdef0123456789…`).
fn is_typed(looked: &Value<'_>) -> bool {
    let value = looked.bytes;
    let mut seen = [0_u64; 4];
    for byte in value {
        let byte = byte.to_ascii_lowercase();
        seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    let distinct: u32 = seen.iter().map(|part| part.count_ones()).sum();
    if distinct <= 2 || value.len() >= MIN_REPEATED && (distinct <= 4 || has_few_letters(value, &seen)) {
        return true;
    }
    let runs = looked.runs_of_letters();
    let few = || distinct as usize * FEW <= value.len() && is_mostly_repeated(value);
    runs.longest >= RUN.max(value.len() * 2 / 5)
        || value.len() >= MIN_REPEATED
            && (runs.inside * 2 > value.len() || repeats_block(value, distinct as usize) || few())
        || check::is_said(value)
}

/// A value of which each character stands there so often, on the average, may be a short block over and over.
const FEW: usize = 3;
/// Longest block, and shortest stretch of them that counts.
const BLOCKS: (usize, usize) = (3, 8);

/// Whether more than half of a value is short blocks over and over, behind a mark or between others: `acme_A7A7A7A7…`.
fn is_mostly_repeated(value: &[u8]) -> bool {
    (2..=BLOCKS.0).any(|period| {
        let later = value.get(period..).unwrap_or_default();
        let same = || value.iter().zip(later).map(|(byte, later)| byte.eq_ignore_ascii_case(later));
        // A stretch adds a period to what is the same in it: with less than that there cannot be enough.
        let least = value.len() / 2 * BLOCKS.1 / (BLOCKS.1 + period);
        if same().map(usize::from).sum::<usize>() < least {
            return false;
        }
        let (mut inside, mut stretch) = (0, 0);
        for same in same().chain([false]) {
            if same {
                stretch += 1;
                continue;
            }
            inside += if stretch >= BLOCKS.1 { stretch + period } else { 0 };
            stretch = 0;
        }
        inside * 2 > value.len()
    })
}

/// Fewest bytes, one after the other, that follow the second one before them in the alphabet or the digits.
const MIN_TURNS: usize = 4;

/// Whether more than half of a value is runs, and some of them take turns: `a1b2c3d4-e5f6-7890-abcd-ef1234567890`.
pub(super) fn runs_in_turns(value: &[u8]) -> bool {
    let (mut inside, mut stretch) = (0, 0);
    let mut before = [None; 2];
    for byte in value.iter().filter(|byte| **byte != b'-').map(u8::to_ascii_lowercase) {
        let follows = before[0].is_some_and(|before| byte.abs_diff(before) == 1);
        if !follows {
            inside += if stretch >= MIN_TURNS { stretch + before.len() } else { 0 };
            stretch = 0;
        }
        stretch += usize::from(follows);
        before = [before[1], Some(byte)];
    }
    inside += if stretch >= MIN_TURNS { stretch + before.len() } else { 0 };
    let others = || Runs::along(value, u8::to_ascii_lowercase).inside;
    value.len() >= MIN_REPEATED && inside > 0 && (inside + others()) * 2 > value.len()
}

/// Whether a value of letters and digits has three of them at the most, whatever stands between: `abab-1ba1_aab1`. `seen` has
/// a bit for each of its bytes.
fn has_few_letters(value: &[u8], seen: &[u64; 4]) -> bool {
    const DIGITS: u64 = 0x3FF << b'0';
    const LETTERS: u64 = 0x3FF_FFFF << (b'a' - 64);
    let distinct = (seen[0] & DIGITS).count_ones() + (seen[1] & LETTERS).count_ones();
    distinct <= 3 && value.iter().filter(|byte| byte.is_ascii_alphanumeric()).count() * 4 >= value.len() * 3
}

/// Whether the value is one block over and over, but for the case of letters; no block is shorter than it has `distinct` bytes.
fn repeats_block(value: &[u8], distinct: usize) -> bool {
    let same = |period: usize| {
        value[period].eq_ignore_ascii_case(&value[0])
            && value[period..].eq_ignore_ascii_case(&value[..value.len() - period])
    };
    (distinct..=value.len() / 2).any(same)
}

/// Runs of neighbours that differ by the same step of -1, 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Runs {
    /// Length of the longest one.
    pub(super) longest: usize,
    /// Bytes in those that are not short.
    pub(super) inside: usize,
}

impl Runs {
    /// Those of `bytes`, each taken for what `of` makes of it.
    fn along(bytes: &[u8], of: impl Fn(&u8) -> u8) -> Self {
        let mut runs = Self { longest: usize::from(bytes.len() > 1), inside: 0 };
        let Some((first, bytes)) = bytes.split_first() else { return runs };
        let (mut last, mut length, mut step) = (of(first), 1, None);
        for byte in bytes {
            let byte = of(byte);
            let next = byte.wrapping_sub(last);
            last = byte;
            // Hardly a byte is near the one before.
            if next.wrapping_add(1) > 2 {
                if length > 1 {
                    runs.end(length);
                    length = 1;
                }
                step = None;
                continue;
            }
            if step != Some(next) {
                runs.end(length);
                length = 1;
            }
            length += 1;
            step = Some(next);
            runs.longest = runs.longest.max(length);
        }
        runs.end(length);
        runs
    }

    const fn end(&mut self, length: usize) {
        self.inside += if length >= SHORT_RUN { length } else { 0 };
    }
}
