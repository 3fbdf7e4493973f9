//! XML as far as settings need it: elements, attributes and text. No entities but the five of the language, so nothing can grow.
//!
//! An element with nothing but text is that text; else it is a map of its attributes, its children (lists, as they may repeat) and its
//! text as `_`. Must not know rules.

use super::base::{Bounds, Group, after_mark, member, trimmed};
use crate::{
    policy::document::{Block, Document, Node, Value},
    text::Span,
};

/// An element that is open.
struct Element {
    name: String,
    name_span: Span,
    start: usize,
    header_end: usize,
    group: Group,
    text: String,
    text_span: Option<Span>,
    plain: bool,
}

/// Reads an XML file: one block of the root element's name.
pub(super) fn read(text: &[u8]) -> Document {
    let mut reader = Reader { text, bounds: Bounds::default(), open: Vec::new(), blocks: Vec::new() };
    reader.all();
    while let Some(element) = reader.open.last() {
        let place = Span::new(element.start, element.header_end);
        reader.bounds.note(place, "this element is never closed");
        reader.close(text.len());
    }
    reader.bounds.document(reader.blocks)
}

struct Reader<'t> {
    text: &'t [u8],
    bounds: Bounds,
    open: Vec<Element>,
    blocks: Vec<Block>,
}

impl Reader<'_> {
    fn all(&mut self) {
        let mut at = after_mark(self.text);
        while at < self.text.len() {
            let Some(found) = memchr::memchr(b'<', &self.text[at..]) else { break };
            let tag = at + found;
            self.characters(at, tag);
            let rest = &self.text[tag..];
            let skip = |end: &[u8], from: usize| {
                memchr::memmem::find(&rest[from.min(rest.len())..], end)
                    .map_or(self.text.len(), |found| tag + from + found + end.len())
            };
            if rest.starts_with(b"<!--") {
                at = skip(b"-->", 4);
            } else if rest.starts_with(b"<![CDATA[") {
                at = skip(b"]]>", 9);
                let end = at.saturating_sub(3).max(tag + 9).min(self.text.len());
                self.characters(tag + 9, end);
            } else if rest.starts_with(b"<?") {
                at = skip(b"?>", 2);
            } else if rest.starts_with(b"<!") {
                at = skip(b">", 2);
            } else if rest.starts_with(b"</") {
                at = skip(b">", 2);
                let name = trimmed(self.text, tag + 2, at.saturating_sub(1));
                let name = String::from_utf8_lossy(name.of(self.text)).into_owned();
                if self.open.iter().any(|element| element.name == name) {
                    while self.open.last().is_some_and(|element| element.name != name) {
                        self.close(tag);
                    }
                    self.close(at);
                } else {
                    self.bounds.note(Span::new(tag, at), "closes an element that is not open");
                }
            } else {
                at = self.element(tag);
            }
            if self.bounds.spent() {
                return;
            }
        }
    }

    fn characters(&mut self, start: usize, end: usize) {
        let span = trimmed(self.text, start, end);
        if span.is_empty() {
            return;
        }
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(&decoded(span.of(self.text)));
            element.text_span.get_or_insert(span).end = span.end;
        }
    }

    /// The start tag at `tag`; the offset after it.
    fn element(&mut self, tag: usize) -> usize {
        let mut at = tag + 1;
        let word = |text: &[u8], from: usize| {
            let length = text[from..]
                .iter()
                .take_while(|byte| !byte.is_ascii_whitespace() && !b"=<>/\"'".contains(byte))
                .count();
            Span::new(from, from + length)
        };
        let name_span = word(self.text, at);
        if name_span.is_empty() || !self.bounds.take(1, tag) || self.open.len() >= super::base::DEEPEST {
            return tag + 1;
        }
        at = name_span.end;
        let mut group = Group::default();
        let mut plain = true;
        let mut closed = false;
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'>' => {
                    at += 1;
                    break;
                }
                b'/' => {
                    closed = self.text.get(at + 1) == Some(&b'>');
                    at += 1;
                }
                b'<' => break,
                byte if byte.is_ascii_whitespace() || matches!(byte, b'=' | b'"' | b'\'') => at += 1,
                _ => {
                    let key = word(self.text, at);
                    at = key.end.max(at + 1);
                    let equals = trimmed(self.text, at, self.text.len()).start;
                    if self.text.get(equals) != Some(&b'=') {
                        continue;
                    }
                    let open = trimmed(self.text, equals + 1, self.text.len()).start;
                    let Some(quote @ (b'"' | b'\'')) = self.text.get(open).copied() else { continue };
                    let Some(end) =
                        memchr::memchr2(quote, b'<', &self.text[open + 1..]).map(|found| open + 1 + found)
                    else {
                        break;
                    };
                    let span = Span::new(open + 1, end);
                    let value = Node::new(span, Value::Text(decoded(span.of(self.text))));
                    group.set(member(String::from_utf8_lossy(key.of(self.text)).into_owned(), key, value));
                    plain = false;
                    at = end + 1;
                }
            }
        }
        let at = at.min(self.text.len());
        let name = String::from_utf8_lossy(name_span.of(self.text)).into_owned();
        self.open.push(Element {
            name,
            name_span,
            start: tag,
            header_end: at,
            group,
            text: String::new(),
            text_span: None,
            plain,
        });
        if closed {
            self.close(at);
        }
        at
    }

    /// Closes the innermost element.
    fn close(&mut self, end: usize) {
        let Some(mut element) = self.open.pop() else { return };
        let span = Span::new(element.start, end);
        let node = if element.plain {
            element.text_span.map_or_else(
                || Node::new(Span::new(element.header_end, element.header_end), Value::Null),
                |place| Node::new(place, Value::Text(element.text)),
            )
        } else {
            if let Some(place) = element.text_span {
                element.group.set(member("_".to_owned(), place, Node::new(place, Value::Text(element.text))));
            }
            Node::new(span, Value::Map(element.group.into_members()))
        };
        if let Some(outer) = self.open.last_mut() {
            outer.plain = false;
            outer.group.push(&element.name, element.name_span, node);
        } else {
            let header = Span::new(element.start, element.header_end);
            self.blocks.push(Block { kind: element.name, name: String::new(), span, header, root: node });
        }
    }
}

/// Text with the five entities replaced.
fn decoded(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    if !text.contains('&') {
        return text.into_owned();
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}
