//! Whether a run of bytes of a kind begins soon behind a place that a machine may have made: most names of providers have none behind
//! them that is as long as a value, or only words written together, and need not be looked at any closer.
//!
//! Sixty-four bytes at once, without a branch that depends on them until there is such a run: of the text behind a name nothing is
//! known that would let a branch be guessed right. Must not know what the runs are for.

use crate::detect::{
    block::{BLOCK, Holds, Part, lowest, with_block},
    pattern::Set,
};

/// Bytes that values are made of: the narrower the kind, the fewer runs there are by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Hexadecimal digits, and `-`.
    Hex,
    /// Letters and digits.
    Plain,
    /// The same, `_` and `-`.
    Word,
    /// Letters, digits, `+`, `/` and `=`.
    Base64,
    /// As of words, and `.`.
    Dotted,
    /// Whatever may be part of a token.
    Token,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Hex, Self::Plain, Self::Word, Self::Base64, Self::Dotted, Self::Token];

    /// The narrowest kind that has all bytes of an alphabet, if there is one.
    pub(super) fn of(alphabet: &Set) -> Option<Self> {
        let has = |kind: Self| move |byte| kind.holds(byte) || !alphabet.holds(byte);
        Self::ALL.into_iter().find(|&kind| (0..=u8::MAX).all(has(kind)))
    }

    pub(super) const fn holds(self, byte: u8) -> bool {
        byte.is_ascii_alphanumeric() && !matches!(self, Self::Hex)
            || match self {
                Self::Hex => byte.is_ascii_hexdigit() || byte == b'-',
                Self::Plain => false,
                Self::Word => matches!(byte, b'_' | b'-'),
                Self::Base64 => matches!(byte, b'+' | b'/' | b'='),
                Self::Dotted => matches!(byte, b'_' | b'-' | b'.'),
                Self::Token => {
                    byte.is_ascii_graphic()
                        && !matches!(
                            byte,
                            b'"' | b'\''
                                | b'`'
                                | b'<'
                                | b'>'
                                | b'('
                                | b')'
                                | b'{'
                                | b'}'
                                | b'['
                                | b']'
                                | b','
                                | b'\\'
                        )
                }
            }
    }
}

/// Blocks that are looked at.
const BLOCKS: usize = 3;

/// Bytes of a run of token characters that are asked whether a machine made it.
pub(super) const LOOK: usize = 40;
/// So many changes from lower to upper case are no words written together.
const RANDOM_HUMPS: usize = 4;

/// Whether a run may be made by a machine: a digit, or letters in no order of case.
pub(super) fn looks_made(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_digit)
        || run.windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()).count()
            >= RANDOM_HUMPS
}

/// The first of the `reach` places of `text` from `place` on where a run begins, of `least` bytes of a kind or of [`BLOCK`] if that is
/// less, that a machine may have made, with what follows of the token that it is part of; there are two blocks of places at most.
pub(super) fn first(text: &[u8], place: usize, reach: usize, (kind, least): (Kind, usize)) -> Option<usize> {
    match kind {
        Kind::Plain => plain(text, place, reach, least),
        Kind::Word => word(text, place, reach, least),
        Kind::Base64 => base64(text, place, reach, least),
        Kind::Dotted => dotted(text, place, reach, least),
        // Most bytes are none of these, which whoever looks one by one, from the back, sees as soon.
        Kind::Hex => Some(place),
        // There is one behind most names: an address, a path.
        Kind::Token => Some(place),
    }
}

#[inline(never)]
fn plain(text: &[u8], place: usize, reach: usize, least: usize) -> Option<usize> {
    first_of(text, place, reach, least, is_plain)
}

#[inline(never)]
fn word(text: &[u8], place: usize, reach: usize, least: usize) -> Option<usize> {
    first_of(text, place, reach, least, is_of_word)
}

#[inline(never)]
fn base64(text: &[u8], place: usize, reach: usize, least: usize) -> Option<usize> {
    let is_of_kind = |part: Part| is_plain(part) | part.is(b'+') | part.is(b'/') | part.is(b'=');
    first_of(text, place, reach, least, is_of_kind)
}

#[inline(never)]
fn dotted(text: &[u8], place: usize, reach: usize, least: usize) -> Option<usize> {
    first_of(text, place, reach, least, |part| is_of_word(part) | part.is(b'.'))
}

#[inline(always)]
fn is_plain(part: Part) -> Holds {
    part.is_letter() | part.lies(b'0', b'9')
}

#[inline(always)]
fn is_of_word(part: Part) -> Holds {
    is_plain(part) | part.is(b'_') | part.is(b'-')
}

#[inline(always)]
fn first_of(
    text: &[u8],
    place: usize,
    reach: usize,
    least: usize,
    is_of_kind: impl Fn(Part) -> Holds,
) -> Option<usize> {
    let least = least.min(BLOCK);
    let held = Near::of(text, place, is_of_kind);
    let starts = held.runs(least).before(reach);
    let mut start = starts.next(0)?;
    let made = Made::of(text, place);
    loop {
        let end = held.end(start + least);
        // A token begins no later than there, and is looked at so far.
        let last = end - least + LOOK;
        let beyond = place
            + end
            + text[(place + end).min(text.len())..]
                .iter()
                .take(last - end.min(last))
                .take_while(|&&byte| Kind::Token.holds(byte))
                .count();
        if last > Near::BYTES || made.looks(start, (beyond - place).min(last)) {
            return Some(place + start);
        }
        start = starts.next(end)?;
    }
}

/// Of the bytes from a place on, which are of a kind.
#[derive(Clone, Copy)]
struct Near([u64; BLOCKS]);

impl Near {
    const BYTES: usize = BLOCKS * BLOCK;

    #[inline(always)]
    fn of(text: &[u8], place: usize, is_of_kind: impl Fn(Part) -> Holds) -> Self {
        let mut bits = [0; BLOCKS];
        for (number, bits) in bits.iter_mut().enumerate() {
            let start = (place + number * BLOCK).min(text.len());
            *bits = with_block(text, start, |bytes| {
                Part::each(bytes)
                    .enumerate()
                    .fold(0, |bits, (place, part)| bits | is_of_kind(part).bits(place))
            });
        }
        Self(bits)
    }

    /// Where a run of `least` of them begins: a bit stays where as many of those from it on are set as are known to be by now.
    #[inline(always)]
    fn runs(self, least: usize) -> Self {
        let mut runs = self;
        let mut known = 1;
        while known < least {
            let more = known.min(least - known);
            let next = runs.from(more);
            runs = Self(std::array::from_fn(|block| runs.0[block] & next.0[block]));
            known += more;
        }
        runs
    }

    /// Each bit where that one is which is `count` behind it, which is less than a block.
    #[inline(always)]
    fn from(self, count: usize) -> Self {
        let [first, second, third] = self.0;
        let from = |bits: u64, next: u64| bits >> count | next << 1 << (BLOCK - 1 - count);
        Self([from(first, second), from(second, third), third >> count])
    }

    /// Those of the first `count` bits, of which there are two blocks at most.
    fn before(self, count: usize) -> Self {
        let [first, second, _] = self.0;
        Self([first & lowest(count), second & lowest(count.saturating_sub(BLOCK)), 0])
    }

    /// The first place from `place` on whose bit is set.
    fn next(self, place: usize) -> Option<usize> {
        let mut block = place / BLOCK;
        let mut bits = self.0.get(block)? & !lowest(place % BLOCK);
        while bits == 0 {
            block += 1;
            bits = *self.0.get(block)?;
        }
        Some(block * BLOCK + bits.trailing_zeros() as usize)
    }

    /// The first place from `place` on whose bit is not set.
    fn end(self, place: usize) -> usize {
        Self(self.0.map(|bits| !bits)).next(place).unwrap_or(Self::BYTES)
    }

    /// How many bits are set from `start` to before `end`.
    fn count(self, start: usize, end: usize) -> u32 {
        let within = |block: usize| {
            let offset = |place: usize| place.saturating_sub(block * BLOCK);
            self.0[block] & lowest(offset(end)) & !lowest(offset(start))
        };
        (0..BLOCKS).map(|block| within(block).count_ones()).sum()
    }
}

/// Of the bytes from a place on, which show that a machine may have made what they stand in.
struct Made {
    digits: Near,
    /// Lower case before upper case.
    humps: Near,
}

impl Made {
    fn of(text: &[u8], place: usize) -> Self {
        let lower = Near::of(text, place, |part| part.lies(b'a', b'z'));
        let upper = Near::of(text, place, |part| part.lies(b'A', b'Z')).from(1);
        Self {
            digits: Near::of(text, place, |part| part.lies(b'0', b'9')),
            humps: Near(std::array::from_fn(|block| lower.0[block] & upper.0[block])),
        }
    }

    /// As [`looks_made`] says of the bytes from `start` to before `end`.
    fn looks(&self, start: usize, end: usize) -> bool {
        self.digits.count(start, end) > 0
            || self.humps.count(start, end.saturating_sub(1)) as usize >= RANDOM_HUMPS
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_are_found_where_they_are(
            parts in prop::collection::vec(
                prop_oneof!["[a-c0-9]{0,40}[._ ][+/=]{0,2}", "([A-Z]?[a-c]{1,6}){1,9}[;. ]?"],
                0..20,
            ),
            place in 0_usize..300,
            reach in 1_usize..112,
            least in 1_usize..64,
        ) {
            let text = parts.concat().into_bytes();
            let place = place.min(text.len());
            for kind in [Kind::Plain, Kind::Word, Kind::Base64, Kind::Dotted] {
                let begins = |at: &usize| {
                    text.get(*at..*at + least).is_some_and(|run| run.iter().all(|&byte| kind.holds(byte)))
                };
                let token = |at: usize| {
                    text[at..].iter().take(LOOK).take_while(|&&byte| Kind::Token.holds(byte)).count()
                };
                let made = |at: &usize| looks_made(&text[*at..*at + token(*at)]);
                let found = first(&text, place, reach, (kind, least));
                let known = (place..place + reach).filter(begins).find(made);
                prop_assert!(found.is_some_and(|found| begins(&found)) || found.is_none());
                prop_assert!(known.is_none_or(|known| found.is_some_and(|found| found <= known)));
                let any = (place..place + reach).any(|at| begins(&at));
                prop_assert!(any || found.is_none());
            }
        }
    }

    #[test]
    fn kinds_are_seen_as_they_are() {
        for byte in 0..=u8::MAX {
            for kind in [Kind::Plain, Kind::Word, Kind::Base64, Kind::Dotted] {
                // The digit says that a machine may have made it.
                let text = [byte, b'1'];
                assert_eq!(first(&text, 0, 1, (kind, 1)).is_some(), kind.holds(byte), "{byte} {kind:?}");
            }
        }
    }

    #[test]
    fn words_written_together_are_passed() {
        let first = |text: &str| first(text.as_bytes(), 0, 112, (Kind::Plain, 17));
        assert_eq!(first(".server.service.TransportServiceCallback;\nimport java.util.UUID;"), None);
        assert_eq!(first(".server.TransportServiceCallback2;\nimport java.util.UUID;"), Some(8));
        assert_eq!(first(" { TransportServiceCallback x = \"KNfvB519Ir2T92nhN8Wb\" }"), Some(33));
        assert_eq!(first(&"TransportService".repeat(20)), Some(0));
    }
}
