//! JSON as all JSON formats write it: lossless, and plain to look at on a terminal.
//!
//! Characters that a terminal might act on are written as `\uXXXX`, which any reader turns back
//! into the same text. Must not know what is serialised.

use std::io::{self, Write as _};

use rayon::prelude::*;
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

/// From so many on, the elements of a list are made and written on all threads, so many at a time: an audit may have thousands,
/// each with a hundred references.
const MANY: usize = 128;
const FEW: usize = 16;

/// A document as [`pretty`] writes it, a field at a time, whose long lists are not held in memory but as text.
pub(crate) struct Document<'t> {
    target: io::BufWriter<&'t mut dyn io::Write>,
    is_empty: bool,
}

impl<'t> Document<'t> {
    pub(crate) fn new(target: &'t mut dyn io::Write) -> Self {
        Self { target: io::BufWriter::with_capacity(BUFFER, target), is_empty: true }
    }

    /// Adds a field.
    pub(crate) fn field(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        self.name(name)?;
        let mut text = Vec::new();
        put(value, 1, &mut text)?;
        self.target.write_all(&text)
    }

    /// Adds a field, if there is something to it.
    pub(crate) fn optional(&mut self, name: &str, value: Option<&impl Serialize>) -> io::Result<()> {
        value.map_or(Ok(()), |value| self.field(name, value))
    }

    /// Adds a list of what is made of each of `things`, in the same order.
    pub(crate) fn list<T: Sync, M: Serialize>(
        &mut self,
        name: &str,
        things: &[T],
        make: impl Fn(&T) -> M + Sync,
    ) -> io::Result<()> {
        self.name(name)?;
        if things.is_empty() {
            return self.target.write_all(b"[]");
        }
        let part = |things: &[T]| -> io::Result<Vec<u8>> {
            let mut text = Vec::new();
            for thing in things {
                text.extend_from_slice(if text.is_empty() { b"\n    " } else { b",\n    " });
                put(&make(thing), 2, &mut text)?;
            }
            Ok(text)
        };
        let parts: Vec<_> =
            if things.len() < MANY { vec![part(things)] } else { things.par_chunks(FEW).map(part).collect() };
        for (index, part) in parts.into_iter().enumerate() {
            self.target.write_all(if index == 0 { b"[" } else { b"," })?;
            self.target.write_all(&part?)?;
        }
        self.target.write_all(b"\n  ]")
    }

    /// Ends the document.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.target.write_all(if self.is_empty { b"{}\n" } else { b"\n}\n" })?;
        self.target.flush()
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        let begin = if std::mem::take(&mut self.is_empty) { "{" } else { "," };
        write!(self.target, "{begin}\n  \"{name}\": ")
    }
}

/// Appends `value` as it is written so deep inside of others.
fn put(value: &impl Serialize, depth: usize, text: &mut Vec<u8>) -> io::Result<()> {
    let mut flat = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut flat, Plain(PrettyFormatter::new())))?;
    // Line breaks inside of strings are escaped.
    for (index, line) in flat.split(|&byte| byte == b'\n').enumerate() {
        if index > 0 {
            text.push(b'\n');
            text.resize(text.len() + 2 * depth, b' ');
        }
        text.extend_from_slice(line);
    }
    Ok(())
}

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
    fn a_document_is_written_as_one_value_would_be() {
        for count in [0, 1, 2, MANY, 3 * MANY + 1] {
            let things: Vec<usize> = (0..count).collect();
            let make = |thing: &usize| serde_json::json!({ "a": [thing, "x\ny"], "b": {}, "c": [] });
            let mut expected = Vec::new();
            let whole = serde_json::json!({
                "empty": [], "list": things.iter().map(make).collect::<Vec<_>>(), "object": { "a": { "b": [1] } },
            });
            pretty(&whole, &mut expected).unwrap();
            let mut written = Vec::new();
            let mut document = Document::new(&mut written);
            document.list("empty", &[], make).unwrap();
            document.list("list", &things, make).unwrap();
            document.optional("none", None::<&u8>).unwrap();
            document.field("object", &whole["object"]).unwrap();
            document.end().unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), String::from_utf8(expected).unwrap(), "{count}");
        }
        let (mut written, mut expected) = (Vec::new(), Vec::new());
        Document::new(&mut written).end().unwrap();
        pretty(&serde_json::json!({}), &mut expected).unwrap();
        assert_eq!(written, expected);
    }

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
