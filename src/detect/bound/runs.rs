//! Whether a run of bytes of a kind begins soon behind a place: most names of providers have none behind them that is as long as a
//! value, and need not be looked at any closer.
//!
//! Sixty-four bytes at once, without a branch that depends on them: of the text behind a name nothing is known that would
//! let a branch be guessed right. Must not know what the runs are for.

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

/// Whether a run of `least` bytes of a kind, or of [`BLOCK`] if that is less, begins in the `reach` bytes of `text` from `place` on,
/// of which there are two blocks at most.
pub(super) fn has_any(text: &[u8], place: usize, reach: usize, (kind, least): (Kind, usize)) -> bool {
    match kind {
        Kind::Plain => plain(text, place, reach, least),
        Kind::Word => word(text, place, reach, least),
        Kind::Base64 => base64(text, place, reach, least),
        Kind::Dotted => dotted(text, place, reach, least),
        // Most bytes are none of these, which whoever looks one by one, from the back, sees as soon.
        Kind::Hex => true,
        // There is one behind most names: an address, a path.
        Kind::Token => true,
    }
}

#[inline(never)]
fn plain(text: &[u8], place: usize, reach: usize, least: usize) -> bool {
    begins(text, place, reach, least, is_plain)
}

#[inline(never)]
fn word(text: &[u8], place: usize, reach: usize, least: usize) -> bool {
    begins(text, place, reach, least, is_of_word)
}

#[inline(never)]
fn base64(text: &[u8], place: usize, reach: usize, least: usize) -> bool {
    begins(text, place, reach, least, |part| is_plain(part) | part.is(b'+') | part.is(b'/') | part.is(b'='))
}

#[inline(never)]
fn dotted(text: &[u8], place: usize, reach: usize, least: usize) -> bool {
    begins(text, place, reach, least, |part| is_of_word(part) | part.is(b'.'))
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
fn begins(text: &[u8], place: usize, reach: usize, least: usize, is_of_kind: impl Fn(Part) -> Holds) -> bool {
    let least = least.min(BLOCK);
    let mut bits = [0_u64; BLOCKS];
    for (number, bits) in bits.iter_mut().enumerate() {
        let start = (place + number * BLOCK).min(text.len());
        *bits = with_block(text, start, |bytes| {
            Part::each(bytes).enumerate().fold(0, |bits, (place, part)| bits | is_of_kind(part).bits(place))
        });
    }
    // A bit stays where as many of those from it on are set as are known to be by now.
    let mut known = 1;
    while known < least {
        let more = known.min(least - known);
        let [first, second, third] = bits;
        let from = |bits: u64, next: u64| bits & (bits >> more | next << (BLOCK - more));
        bits = [from(first, second), from(second, third), from(third, 0)];
        known += more;
    }
    let [first, second, _] = bits;
    first & lowest(reach) != 0 || second & lowest(reach.saturating_sub(BLOCK)) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_are_found_where_they_are(
            parts in prop::collection::vec("[a-c0-9]{0,40}[._ ][+/=]{0,2}", 0..20),
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
                let known = (place..place + reach).any(|at| begins(&at));
                prop_assert_eq!(has_any(&text, place, reach, (kind, least)), known);
            }
        }
    }

    #[test]
    fn kinds_are_seen_as_they_are() {
        for byte in 0..=u8::MAX {
            for kind in [Kind::Plain, Kind::Word, Kind::Base64, Kind::Dotted] {
                assert_eq!(has_any(&[byte], 0, 1, (kind, 1)), kind.holds(byte), "{byte} {kind:?}");
            }
        }
    }
}
