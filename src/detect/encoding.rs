//! What kind of text a content is: UTF-8 (or near it), UTF-16, or binary; and UTF-16 as UTF-8.
//!
//! Must not look for anything.

use crate::text::Span;

/// How a content is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// UTF-8 or any other superset of ASCII.
    Text,
    /// UTF-16, little or big endian; the text begins behind a byte order mark of this many bytes.
    Utf16 {
        /// Whether the most significant byte comes first.
        big_endian: bool,
        /// 2 with a byte order mark, else 0.
        mark: usize,
    },
    /// Holds NUL bytes, as git's own test has it.
    Binary,
}

/// Bytes at the start that decide, as git decides on binary content. Text has no NUL among them.
pub(super) const LOOK: usize = 8000;

/// Judges by the byte order mark, else by where NUL bytes stand.
#[must_use]
pub fn detect(bytes: &[u8]) -> Encoded {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] => return Encoded::Binary,
        [0xFF, 0xFE, ..] => return Encoded::Utf16 { big_endian: false, mark: 2 },
        [0xFE, 0xFF, ..] => return Encoded::Utf16 { big_endian: true, mark: 2 },
        _ => {}
    }
    let head = &bytes[..bytes.len().min(LOOK)];
    let Some(first) = memchr::memchr(0, head) else { return Encoded::Text };
    // Text in a European script has a NUL in nearly every pair, always on the same side.
    let pairs = head.len() / 2;
    let nul = |side: usize| head.iter().skip(side).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (nul(0), nul(1));
    if pairs >= 4 && first < 2 && bytes.len().is_multiple_of(2) {
        if even == 0 && odd * 10 >= pairs * 9 {
            return Encoded::Utf16 { big_endian: false, mark: 0 };
        }
        if odd == 0 && even * 10 >= pairs * 9 {
            return Encoded::Utf16 { big_endian: true, mark: 0 };
        }
    }
    Encoded::Binary
}

/// UTF-16 read as UTF-8, with a way between both.
#[derive(Debug)]
pub struct Converted {
    /// The text as UTF-8; what is no valid UTF-16 is U+FFFD.
    pub text: Vec<u8>,
    /// `(offset in text, offset in source)` every so often.
    marks: Vec<(usize, usize)>,
    source_len: usize,
    big_endian: bool,
}

/// Source bytes between two marks.
const MARK_EVERY: usize = 4096;

/// Reads UTF-16 from behind the byte order mark on.
#[must_use]
pub fn convert(bytes: &[u8], big_endian: bool, mark: usize) -> Converted {
    let mut text = Vec::with_capacity(bytes.len() / 2 + 16);
    let mut marks = vec![(0, mark)];
    let mut next_mark = mark + MARK_EVERY;
    let mut place = mark;
    while place + 1 < bytes.len() {
        if place >= next_mark {
            marks.push((text.len(), place));
            next_mark = place + MARK_EVERY;
        }
        let (character, length) = unit(bytes, place, big_endian);
        let mut utf8 = [0; 4];
        text.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
        place += length;
    }
    Converted { text, marks, source_len: bytes.len(), big_endian }
}

/// The character at `place`, and its length in bytes.
fn unit(bytes: &[u8], place: usize, big_endian: bool) -> (char, usize) {
    let read = |at: usize| {
        let pair = bytes.get(at..at + 2)?;
        Some(if big_endian {
            u16::from_be_bytes([pair[0], pair[1]])
        } else {
            u16::from_le_bytes([pair[0], pair[1]])
        })
    };
    let Some(high) = read(place) else { return (char::REPLACEMENT_CHARACTER, 2) };
    if (0xD800..0xDC00).contains(&high)
        && let Some(low) = read(place + 2)
        && (0xDC00..0xE000).contains(&low)
    {
        let value = 0x1_0000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
        return (char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER), 4);
    }
    (char::from_u32(u32::from(high)).unwrap_or(char::REPLACEMENT_CHARACTER), 2)
}

impl Converted {
    /// Where the bytes `span` of the text stand in the source.
    #[must_use]
    pub fn source(&self, bytes: &[u8], span: Span) -> Span {
        Span::new(self.source_offset(bytes, span.start), self.source_offset(bytes, span.end))
    }

    fn source_offset(&self, bytes: &[u8], offset: usize) -> usize {
        let mark = self.marks.partition_point(|mark| mark.0 <= offset).saturating_sub(1);
        let (mut at, mut place) = self.marks[mark];
        while at < offset && place + 1 < bytes.len() {
            let (character, length) = unit(bytes, place, self.big_endian);
            at += character.len_utf8();
            place += length;
        }
        place.min(self.source_len)
    }

    /// Where the bytes `span` of the source stand in the text, widened to whole characters.
    #[must_use]
    pub fn text_span(&self, bytes: &[u8], span: Span) -> Span {
        Span::new(self.text_offset(bytes, span.start), self.text_offset(bytes, span.end + 1))
    }

    fn text_offset(&self, bytes: &[u8], offset: usize) -> usize {
        let mark = self.marks.partition_point(|mark| mark.1 <= offset).saturating_sub(1);
        let (mut at, mut place) = self.marks[mark];
        while place + 1 < bytes.len() {
            let (character, length) = unit(bytes, place, self.big_endian);
            if place + length > offset {
                break;
            }
            at += character.len_utf8();
            place += length;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big_endian: bool, mark: bool) -> Vec<u8> {
        let mark: &str = if mark { "\u{feff}" } else { "" };
        mark.encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    }

    #[test]
    fn kinds_of_text() {
        let text = "password = 1234\n";
        for (bytes, expected) in [
            (text.as_bytes().to_vec(), Encoded::Text),
            (b"\xef\xbb\xbfabc".to_vec(), Encoded::Text),
            (b"caf\xe9 \xff".to_vec(), Encoded::Text),
            (utf16(text, false, true), Encoded::Utf16 { big_endian: false, mark: 2 }),
            (utf16(text, true, true), Encoded::Utf16 { big_endian: true, mark: 2 }),
            (utf16(text, false, false), Encoded::Utf16 { big_endian: false, mark: 0 }),
            (utf16(text, true, false), Encoded::Utf16 { big_endian: true, mark: 0 }),
            (b"\x7fELF\x00\x01\x02text".to_vec(), Encoded::Binary),
        ] {
            assert_eq!(detect(&bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn offsets_lead_both_ways() {
        let text = format!("{}é😀x = y", "a".repeat(5000));
        for big_endian in [false, true] {
            let bytes = utf16(&text, big_endian, true);
            let converted = convert(&bytes, big_endian, 2);
            assert_eq!(converted.text, text.as_bytes());
            let at = text.find('x').unwrap();
            let source = converted.source(&bytes, Span::new(at, at + 1));
            assert_eq!(source, Span::new(2 + 5000 * 2 + 2 + 4, 2 + 5000 * 2 + 2 + 4 + 2));
            assert_eq!(converted.text_span(&bytes, Span::new(source.start, source.end - 1)).start, at);
        }
    }

    #[test]
    fn broken_utf16_is_harmless() {
        for bytes in [&b"\xff\xfe\x00\xd8"[..], b"\xff\xfe\x00\xd8a\x00", b"\xff\xfea", b"\xfe\xff"] {
            let converted = convert(bytes, false, 2);
            for offset in 0..6 {
                assert!(converted.source(bytes, Span::new(offset, offset + 1)).end <= bytes.len());
                assert!(
                    converted.text_span(bytes, Span::new(offset, offset + 1)).end <= converted.text.len()
                );
            }
        }
    }
}
