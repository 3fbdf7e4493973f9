//! JSON as it is written by hand: with comments, with commas too many, with line breaks in strings (ARM templates have all of these).
//!
//! Must not know what a document is about.

use super::base::{Bounds, after_mark, lossy, member, number};
use crate::{
    policy::document::{Member, Node, Value},
    text::Span,
};

/// The value that `text` is.
pub(super) fn read(text: &[u8], bounds: &mut Bounds) -> Node {
    let mut reader = Reader { text, at: after_mark(text), bounds };
    reader.blanks();
    if reader.at >= text.len() {
        return Node::new(Span::new(text.len(), text.len()), Value::Null);
    }
    let node = reader.value();
    reader.blanks();
    if reader.at < text.len() && !reader.bounds.spent() {
        reader.bounds.note(Span::new(reader.at, reader.at + 1), "more after the end of the JSON value");
    }
    node
}

struct Reader<'t, 'b> {
    text: &'t [u8],
    at: usize,
    bounds: &'b mut Bounds,
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Over blanks and comments.
    fn blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'/' if self.text[self.at..].starts_with(b"//") => {
                    self.at = super::base::line_end(self.text, self.at);
                }
                b'/' if self.text[self.at..].starts_with(b"/*") => {
                    self.at = memchr::memmem::find(&self.text[self.at + 2..], b"*/")
                        .map_or(self.text.len(), |found| self.at + found + 4);
                }
                b'#' => self.at = super::base::line_end(self.text, self.at),
                _ => break,
            }
        }
    }

    fn value(&mut self) -> Node {
        let start = self.at;
        if !self.bounds.take(1, start) {
            self.at = self.text.len();
            return Node::new(Span::new(start, start), Value::Unknown);
        }
        match self.peek() {
            Some(b'{') => self.nested(b'}', Self::object),
            Some(b'[') => self.nested(b']', Self::array),
            Some(b'"' | b'\'') => {
                let (string, span) = self.string();
                Node::new(span, Value::Text(string))
            }
            Some(_) => self.word(),
            None => {
                self.bounds.note(Span::new(start, start), "a value is missing at the end of the file");
                Node::new(Span::new(start, start), Value::Unknown)
            }
        }
    }

    /// An object or array, from its bracket to after the one that closes it.
    fn nested(&mut self, close: u8, content: fn(&mut Self) -> Value) -> Node {
        let start = self.at;
        if !self.bounds.down(start) {
            self.skip_nested();
            return Node::new(Span::new(start, self.at), Value::Unknown);
        }
        self.at += 1;
        let value = content(self);
        if self.peek() == Some(close) {
            self.at += 1;
        } else if !self.bounds.spent() {
            self.bounds.note(Span::new(start, start + 1), "is never closed");
        }
        self.bounds.up();
        Node::new(Span::new(start, self.at), value)
    }

    fn object(&mut self) -> Value {
        let mut members: Vec<Member> = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'}' | b']') => return Value::Map(members),
                Some(b',') => self.at += 1,
                Some(_) => {
                    let Some((key, key_span)) = self.key() else {
                        self.recover();
                        continue;
                    };
                    self.blanks();
                    if self.peek() != Some(b':') {
                        self.bounds.note(key_span, "a colon is missing after this key");
                        self.recover();
                        continue;
                    }
                    self.at += 1;
                    self.blanks();
                    if matches!(self.peek(), Some(b',' | b'}' | b']')) {
                        self.bounds.note(key_span, "a value is missing after this key");
                        continue;
                    }
                    let node = self.value();
                    members.push(member(key, key_span, node));
                    self.separator();
                }
            }
        }
    }

    fn array(&mut self) -> Value {
        let mut items = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'}' | b']') => return Value::List(items),
                Some(b',') => self.at += 1,
                Some(b':') => {
                    self.bounds.note(Span::new(self.at, self.at + 1), "a colon is out of place here");
                    self.at += 1;
                }
                Some(_) => {
                    items.push(self.value());
                    self.separator();
                }
            }
        }
    }

    /// A comma, or the end; what else stands there is noted and passed over.
    fn separator(&mut self) {
        self.blanks();
        match self.peek() {
            None | Some(b',' | b'}' | b']') => {}
            // A missing comma: the next key or value is read all the same.
            Some(b'"' | b'\'') => {
                self.bounds.note(Span::new(self.at, self.at + 1), "a comma is missing before this");
            }
            Some(_) => {
                self.bounds.note(Span::new(self.at, self.at + 1), "is out of place here");
                self.recover();
            }
        }
    }

    /// On to the next comma or closing bracket of this level.
    fn recover(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b',' | b'}' | b']' => return,
                b'{' | b'[' => self.skip_nested(),
                b'"' => {
                    self.string();
                }
                _ => self.at += 1,
            }
        }
    }

    /// Over a bracket and all that is in it, without building anything.
    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return;
                    }
                }
                b'"' => {
                    self.string();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    fn key(&mut self) -> Option<(String, Span)> {
        match self.peek()? {
            b'"' | b'\'' => Some(self.string()),
            byte if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$') => {
                let start = self.at;
                while self
                    .peek()
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-'))
                {
                    self.at += 1;
                }
                Some((lossy(self.text, start, self.at), Span::new(start, self.at)))
            }
            _ => {
                self.bounds.note(Span::new(self.at, self.at + 1), "a key was expected here");
                self.at += usize::from(!matches!(self.peek(), Some(b'{' | b'[' | b'}' | b']')));
                None
            }
        }
    }

    /// The string at the quote, unescaped, and the place of what is between the quotes.
    fn string(&mut self) -> (String, Span) {
        let quote = self.text[self.at];
        let start = self.at + 1;
        let mut end = start;
        let mut escaped = false;
        loop {
            match memchr::memchr2(quote, b'\\', &self.text[end..]) {
                None => {
                    self.bounds.note(Span::new(start - 1, start), "this string is never closed");
                    end = self.text.len();
                    self.at = end;
                    break;
                }
                Some(found) if self.text[end + found] == b'\\' => {
                    escaped = true;
                    end = (end + found + 2).min(self.text.len());
                }
                Some(found) => {
                    end += found;
                    self.at = end + 1;
                    break;
                }
            }
        }
        let span = Span::new(start, end);
        let string = if escaped { unescape(span.of(self.text)) } else { lossy(self.text, start, end) };
        (string, span)
    }

    fn word(&mut self) -> Node {
        let start = self.at;
        while self.peek().is_some_and(|byte| !byte.is_ascii_whitespace() && !b",:{}[]\"/#".contains(&byte)) {
            self.at += 1;
        }
        let span = Span::new(start, self.at);
        let value = match span.of(self.text) {
            b"true" => Value::Bool(true),
            b"false" => Value::Bool(false),
            b"null" => Value::Null,
            word => number(word).map_or(Value::Unknown, Value::Number),
        };
        if self.at == start {
            self.at += 1;
        }
        if value == Value::Unknown {
            self.bounds.note(Span::new(start, self.at), "a value was expected here");
        }
        Node::new(span, value)
    }
}

/// `escaped` without the escapes of JSON.
pub(super) fn unescape(escaped: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(found) = memchr::memchr(b'\\', rest) {
        bytes.extend_from_slice(&rest[..found]);
        let Some(&kind) = rest.get(found + 1) else {
            rest = &rest[found + 1..];
            break;
        };
        rest = &rest[found + 2..];
        match kind {
            b'n' => bytes.push(b'\n'),
            b't' => bytes.push(b'\t'),
            b'r' => bytes.push(b'\r'),
            b'b' => bytes.push(8),
            b'f' => bytes.push(12),
            b'u' => {
                let (letter, used) = unicode(rest);
                bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[used..];
            }
            other => bytes.push(other),
        }
    }
    bytes.extend_from_slice(rest);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The letter of the digits after `\u`, with the second half of a surrogate pair, and how many bytes that was.
fn unicode(rest: &[u8]) -> (char, usize) {
    let unit = |digits: Option<&[u8]>| {
        digits.and_then(|digits| u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok())
    };
    let Some(first) = unit(rest.get(..4)) else { return (char::REPLACEMENT_CHARACTER, 0) };
    if (0xd800..0xdc00).contains(&first)
        && rest.get(4..6) == Some(b"\\u")
        && let Some(second @ 0xdc00..0xe000) = unit(rest.get(6..10))
    {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 10);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 4)
}
