//! Delta instructions: applying them, and remembering what they copied.
//!
//! Format: `gitformat-pack(5)`, "Deltified representation".

use super::{CONTEXT, Copied, Fault};
use crate::text::Span;

/// Up to this size memory is taken on the word of the delta; above it the instructions are added
/// up first.
const UNCHECKED: u64 = 1 << 20;

/// Bytes that the two sizes at the start of a delta take at most.
pub(super) const LONGEST_SIZES: usize = 18;

/// The two sizes at the start of a delta, and the instructions behind them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delta<'a> {
    /// Size that the base must have.
    pub(super) base_size: u64,
    /// Size of the object made.
    pub(super) size: u64,
    instructions: &'a [u8],
}

impl<'a> Delta<'a> {
    /// Reads the sizes.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        let (base_size, rest) = size(bytes)?;
        let (size, instructions) = size(rest)?;
        let delta = Self { base_size, size, instructions };
        if size > UNCHECKED && delta.made()? != size {
            return Err(Fault::Delta);
        }
        Ok(delta)
    }

    /// Size of the base and of the object made, from the first [`LONGEST_SIZES`] bytes.
    pub(super) fn sizes(bytes: &[u8]) -> Result<(u64, u64), Fault> {
        let (base_size, rest) = size(bytes)?;
        Ok((base_size, size(rest)?.0))
    }

    /// Number of bytes that the instructions make.
    fn made(&self) -> Result<u64, Fault> {
        let mut rest = self.instructions;
        let mut made = 0;
        while let Some((&code, after)) = rest.split_first() {
            if code & 0x80 != 0 {
                let (_, len, after) = copy(code, after)?;
                made += len as u64;
                rest = after;
            } else {
                made += u64::from(code);
                rest = after.get(usize::from(code)..).ok_or(Fault::Delta)?;
            }
        }
        Ok(made)
    }

    /// Fills `out`, which has the size of the object, and notes what was copied.
    pub(super) fn apply(
        &self,
        base: &[u8],
        out: &mut [u8],
        mut copied: impl FnMut(Copied),
    ) -> Result<(), Fault> {
        if self.base_size != base.len() as u64 {
            return Err(Fault::WrongBase);
        }
        let mut rest = self.instructions;
        let mut at = 0;
        while let Some((&code, after)) = rest.split_first() {
            rest = after;
            if code & 0x80 != 0 {
                let (from, len, after) = copy(code, rest)?;
                rest = after;
                let source = base.get(from..from + len).ok_or(Fault::Delta)?;
                out.get_mut(at..at + len).ok_or(Fault::Delta)?.copy_from_slice(source);
                copied(Copied { at, from, len });
                at += len;
            } else {
                let len = usize::from(code);
                if len == 0 || len > rest.len() {
                    return Err(Fault::Delta);
                }
                let (inserted, after) = rest.split_at(len);
                rest = after;
                out.get_mut(at..at + len).ok_or(Fault::Delta)?.copy_from_slice(inserted);
                at += len;
            }
        }
        if at == out.len() { Ok(()) } else { Err(Fault::Delta) }
    }
}

/// Appends `next`, joined to the last one if both are neighbours in object and base.
pub(super) fn join(copies: &mut Vec<Copied>, next: Copied) {
    match copies.last_mut() {
        Some(last) if last.at + last.len == next.at && last.from + last.len == next.from => {
            last.len += next.len;
        }
        _ => copies.push(next),
    }
}

/// The ranges of an object of `len` bytes that are not, with [`CONTEXT`] bytes on either side,
/// inside one of `copies`: sorted, disjoint, not empty.
pub(super) fn fresh(copies: &[Copied], base_len: usize, len: usize, fresh: &mut Vec<Span>) {
    let mut add = |start: usize, end: usize| {
        let span = Span::new(start.saturating_sub(CONTEXT), end.saturating_add(CONTEXT).min(len));
        match fresh.last_mut() {
            _ if span.is_empty() => {}
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => fresh.push(span),
        }
    };
    let mut at = 0;
    for copy in copies {
        // A range that begins both texts, with nothing before it, has no seam there.
        if copy.at != 0 || copy.from != 0 {
            add(at, copy.at);
        }
        at = copy.at + copy.len;
    }
    let ends_both =
        copies.last().is_some_and(|last| last.at + last.len == len && last.from + last.len == base_len);
    if !ends_both {
        add(at, len);
    }
}

/// A copy instruction: which of up to four bytes of offset and three of length are there.
fn copy(code: u8, mut rest: &[u8]) -> Result<(usize, usize, &[u8]), Fault> {
    let mut values = 0_u64;
    for bit in 0..7 {
        if code & 1 << bit != 0 {
            let (&byte, after) = rest.split_first().ok_or(Fault::Delta)?;
            values |= u64::from(byte) << (8 * bit);
            rest = after;
        }
    }
    let from = values & 0xffff_ffff;
    let len = match values >> 32 {
        0 => 0x1_0000,
        len => len,
    };
    Ok((from as usize, len as usize, rest))
}

/// A size: little-endian groups of seven bits.
fn size(bytes: &[u8]) -> Result<(u64, &[u8]), Fault> {
    let mut size = 0;
    for (index, &byte) in bytes.iter().enumerate().take(9) {
        size |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((size, &bytes[index + 1..]));
        }
    }
    Err(Fault::Delta)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Applied = (Vec<u8>, Vec<Copied>, Vec<Span>);

    fn apply(base: &[u8], delta: &[u8]) -> Result<Applied, Fault> {
        let delta = Delta::parse(delta)?;
        let mut out = vec![0; delta.size as usize];
        let mut copies = Vec::new();
        delta.apply(base, &mut out, |copy| join(&mut copies, copy))?;
        let mut spans = Vec::new();
        fresh(&copies, base.len(), out.len(), &mut spans);
        Ok((out, copies, spans))
    }

    #[test]
    fn copies_and_inserts() {
        let base = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let delta = [36, 34, 0x91, 0, 10, 0x91, 10, 10, 2, b'!', b'?', 0x91, 24, 12];
        let (out, copies, spans) = apply(base, &delta).unwrap();
        assert_eq!(out, b"0123456789abcdefghij!?opqrstuvwxyz");
        assert_eq!(copies, [Copied { at: 0, from: 0, len: 20 }, Copied { at: 22, from: 24, len: 12 }]);
        assert_eq!(spans, [Span::new(16, 26)]);
    }

    #[test]
    fn seams_are_fresh() {
        let base = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let (out, _, spans) = apply(base, &[36, 24, 0x91, 1, 12, 0x91, 23, 12]).unwrap();
        assert_eq!(out, b"123456789abcnopqrstuvwxy");
        assert_eq!(spans, [Span::new(0, 4), Span::new(8, 16), Span::new(20, 24)]);
    }

    #[test]
    fn unchanged_text_has_nothing_fresh() {
        let (out, _, spans) = apply(b"abc", &[3, 3, 0x90, 3]).unwrap();
        assert_eq!((out.as_slice(), spans.len()), (&b"abc"[..], 0));
    }

    #[test]
    fn empty_results() {
        let (out, copies, spans) = apply(b"abc", &[3, 0]).unwrap();
        assert!(out.is_empty() && copies.is_empty() && spans.is_empty());
    }

    #[test]
    fn broken_deltas() {
        for (delta, expected) in [
            (&[][..], Fault::Delta),
            (&[3], Fault::Delta),
            (&[4, 1, 1, b'x'], Fault::WrongBase),
            (&[3, 1, 0], Fault::Delta),
            (&[3, 1, 2, b'x'], Fault::Delta),
            (&[3, 2, 1, b'x'], Fault::Delta),
            (&[3, 1, 0x91, 2, 2], Fault::Delta),
            (&[3, 1, 0x91], Fault::Delta),
            (&[3, 1, 0x90, 3], Fault::Delta),
            (&[0xff; 32], Fault::Delta),
        ] {
            assert_eq!(apply(b"abc", delta).unwrap_err(), expected, "{delta:?}");
        }
    }
}
