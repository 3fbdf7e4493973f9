//! Sixty-four bytes at once: which of them are of a kind, as bits, the lowest for the first byte.
//!
//! Safe vectors of the wide crate. Must not know what the bits are for.

use wide::u8x16;

/// Bytes that are looked at together.
pub(crate) const BLOCK: usize = 64;

/// Bytes of a part of them.
pub(crate) const PART: usize = 16;

/// So many bytes.
#[derive(Clone, Copy)]
pub(crate) struct Part(u8x16);

/// For each of sixteen bytes, whether something holds.
#[derive(Clone, Copy)]
pub(crate) struct Holds(u8x16);

impl Part {
    /// The four parts of a block.
    pub(crate) fn each(bytes: &[u8; BLOCK]) -> impl Iterator<Item = Self> {
        bytes.as_chunks().0.iter().map(Self::new)
    }

    pub(crate) fn new(bytes: &[u8; PART]) -> Self {
        Self(u8x16::new(*bytes))
    }

    pub(crate) fn is(self, byte: u8) -> Holds {
        Holds(self.0.simd_eq(u8x16::splat(byte)))
    }

    /// Whether a byte is one from `first` to `last`.
    pub(crate) fn lies(self, first: u8, last: u8) -> Holds {
        let offset = self.0 - u8x16::splat(first);
        Holds(offset.min(u8x16::splat(last - first)).simd_eq(offset))
    }

    pub(crate) fn is_letter(self) -> Holds {
        Self(self.0 | u8x16::splat(0x20)).lies(b'a', b'z')
    }
}

impl std::ops::BitOr for Holds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Holds {
    /// Its bits, as those of the part with this number.
    pub(crate) fn bits(self, part: usize) -> u64 {
        u64::from(self.0.to_bitmask()) << (PART * part)
    }
}

/// The bytes from `place` on, of those before the end of the text; zeros behind it.
#[inline]
pub(crate) fn with_block<T>(text: &[u8], place: usize, of: impl FnOnce(&[u8; BLOCK]) -> T) -> T {
    let rest = &text[place..];
    match rest.first_chunk() {
        Some(bytes) => of(bytes),
        None => {
            let mut bytes = [0; BLOCK];
            bytes[..rest.len()].copy_from_slice(rest);
            of(&bytes)
        }
    }
}

/// The lowest `count` bits.
pub(crate) const fn lowest(count: usize) -> u64 {
    if count < BLOCK { (1 << count) - 1 } else { u64::MAX }
}
