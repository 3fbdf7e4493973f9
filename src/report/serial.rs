//! JSON as all JSON formats write it: lossless, and plain to look at on a terminal.
//!
//! Characters that a terminal might act on are written as `\uXXXX`, which any reader turns back
//! into the same text. Must not know what is serialised.

use std::io::{self, Write as _};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::report::plain;

/// Writes `value` with line breaks and two spaces of indentation, and a line break at the end.
pub(crate) fn pretty(value: &impl Serialize, target: &mut dyn io::Write) -> io::Result<()> {
    write(value, PrettyFormatter::new(), target)
}

/// Writes `value` on one line, and a line break at the end.
pub(crate) fn line(value: &impl Serialize, target: &mut dyn io::Write) -> io::Result<()> {
    write(value, CompactFormatter, target)
}

fn write(value: &impl Serialize, formatter: impl Formatter, target: &mut dyn io::Write) -> io::Result<()> {
    // The parts of a document are a few bytes each, and whoever gave the target may be asked for each of them.
    let mut target = io::BufWriter::with_capacity(BUFFER, target);
    value.serialize(&mut Serializer::with_formatter(&mut target, Plain(formatter)))?;
    target.write_all(b"\n")?;
    target.flush()
}

/// Bytes that are written at a time.
const BUFFER: usize = 64 << 10;

/// A formatter that differs from the one inside in how strings are written.
struct Plain<F>(F);

impl<F: Formatter> Formatter for Plain<F> {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        target: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Nearly all are, and are seen to be many bytes at a time.
        if fragment.bytes().fold(true, |plain, byte| plain & (0x20..0x7f).contains(&byte)) {
            return self.0.write_string_fragment(target, fragment);
        }
        let mut done = 0;
        for (place, character) in fragment.char_indices().filter(|&(_, it)| plain::is_harmful(it)) {
            self.0.write_string_fragment(target, &fragment[done..place])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(target, "\\u{unit:04x}")?;
            }
            done = place + character.len_utf8();
        }
        self.0.write_string_fragment(target, &fragment[done..])
    }

    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        target: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        self.0.write_char_escape(target, escape)
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, target: &mut W) -> io::Result<()> {
        self.0.begin_array(target)
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, target: &mut W) -> io::Result<()> {
        self.0.end_array(target)
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, target: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(target, first)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, target: &mut W) -> io::Result<()> {
        self.0.end_array_value(target)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, target: &mut W) -> io::Result<()> {
        self.0.begin_object(target)
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, target: &mut W) -> io::Result<()> {
        self.0.end_object(target)
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, target: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(target, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, target: &mut W) -> io::Result<()> {
        self.0.begin_object_value(target)
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, target: &mut W) -> io::Result<()> {
        self.0.end_object_value(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_plain_and_read_back() {
        let text = "a\"\\\n\u{1b}[0m\u{7f}\u{9b}\u{202e}é\u{e0041}𝄞";
        let mut written = Vec::new();
        line(&[text], &mut written).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written, "[\"a\\\"\\\\\\n\\u001b[0m\\u007f\\u009b\\u202eé\\udb40\\udc41𝄞\"]\n");
        let back: Vec<String> = serde_json::from_str(&written).unwrap();
        assert_eq!(back, [text]);
    }
}
