//! Settings that are program text: assignments of literals in Python and Ruby, and the array that a PHP file returns.
//!
//! Nothing is run: what is not a literal is unknown. Must not know rules.

use super::{
    base::{Bounds, after_mark, line_end, lossy, member, number, whole},
    settings::put,
};
use crate::{
    policy::document::{Document, Member, Node, Value},
    text::Span,
};

/// The language of a file of settings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    Ruby,
    Php,
}

/// A file of settings: one block `settings`.
pub(super) fn settings(text: &[u8], language: Language) -> Document {
    let mut reader = Reader { text, at: after_mark(text), bounds: Bounds::default(), language };
    let mut members = Vec::new();
    if language == Language::Php {
        reader.returned(&mut members);
    } else {
        reader.assignments(&mut members);
    }
    if members.is_empty() {
        return reader.bounds.document(Vec::new());
    }
    let root = Node::new(Span::new(after_mark(text), text.len()), Value::Map(members));
    reader.bounds.document(vec![whole("settings", "", root)])
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    bounds: Bounds,
    language: Language,
}

/// Most assignments of a file; see `settings::put`.
const MOST_ASSIGNMENTS: usize = 10_000;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self, breaks: bool) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' if breaks => self.at += 1,
                b'#' if breaks => self.at = line_end(self.text, self.at),
                b'/' if self.language == Language::Php && self.text[self.at..].starts_with(b"//") => {
                    self.at = line_end(self.text, self.at);
                }
                b'/' if self.language == Language::Php && self.text[self.at..].starts_with(b"/*") => {
                    let found = memchr::memmem::find(&self.text[self.at..], b"*/");
                    self.at = found.map_or(self.text.len(), |found| self.at + found + 2);
                }
                _ => return,
            }
        }
    }

    /// `return [ 'key' => value, … ];`
    fn returned(&mut self, members: &mut Vec<Member>) {
        let Some(found) = memchr::memmem::find(self.text, b"\nreturn")
            .or_else(|| memchr::memmem::find(self.text, b" return"))
        else {
            return;
        };
        self.at = found + 7;
        self.blanks(true);
        if let Value::Map(entries) = self.value().value {
            *members = entries;
        }
    }

    /// Lines `NAME = value`; in Ruby also inside blocks, in Python also `app.config["NAME"] = value`.
    fn assignments(&mut self, members: &mut Vec<Member>) {
        let mut count = 0;
        while self.at < self.text.len() {
            let start = self.at;
            let end = line_end(self.text, start);
            self.blanks(false);
            let inside = self.language == Language::Python && self.at > start;
            let target = self.target();
            self.blanks(false);
            let assigned =
                self.peek() == Some(b'=') && !matches!(self.text.get(self.at + 1), Some(b'=' | b'~' | b'>'));
            match target {
                Some((key, span)) if assigned && (!inside || key.starts_with("config.")) => {
                    count += 1;
                    if count > MOST_ASSIGNMENTS {
                        return;
                    }
                    self.at += 1;
                    self.blanks(false);
                    let node = self.whole_value();
                    put(members, &key, span, node);
                }
                _ => self.skip_strings(end),
            }
            self.at = line_end(self.text, self.at) + 1;
        }
    }

    /// Over a text of several lines that begins on this line.
    fn skip_strings(&mut self, end: usize) {
        for quotes in [&b"\"\"\""[..], b"'''"] {
            let line = &self.text[self.at.min(end)..end];
            if self.language == Language::Python
                && let Some(found) = memchr::memmem::find(line, quotes)
            {
                let from = self.at + found + 3;
                let close = memchr::memmem::find(&self.text[from..], quotes);
                self.at = close.map_or(self.text.len(), |close| from + close + 3);
                return;
            }
        }
        self.at = self.at.min(end);
    }

    /// A name with dots, or with a key in brackets, as a dotted key.
    fn target(&mut self) -> Option<(String, Span)> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')) {
            self.at += 1;
        }
        if self.at == start || self.text[start].is_ascii_digit() {
            return None;
        }
        let mut key = lossy(self.text, start, self.at);
        if let Some(rest) = key
            .strip_prefix("app.")
            .or_else(|| key.strip_prefix("Rails.application."))
            .or_else(|| key.strip_prefix("self."))
        {
            key = rest.to_owned();
        }
        if self.peek() == Some(b'[')
            && let Some(quote @ (b'"' | b'\'')) = self.text.get(self.at + 1).copied()
        {
            let from = self.at + 2;
            let line = &self.text[from..line_end(self.text, from)];
            let length = memchr::memchr(quote, line)?;
            if line.get(length + 1) != Some(&b']') {
                return None;
            }
            key.push('.');
            key.push_str(&lossy(self.text, from, from + length));
            self.at = from + length + 2;
        }
        // A type, as Python may have it.
        if self.peek() == Some(b':') && self.language == Language::Python {
            let line = &self.text[self.at..line_end(self.text, self.at)];
            self.at += memchr::memchr(b'=', line)?;
        }
        Some((key, Span::new(start, self.at)))
    }

    /// A value to the end of its line; with anything after it, it is unknown.
    fn whole_value(&mut self) -> Node {
        let start = self.at;
        let mut node = self.value();
        self.blanks(false);
        if !matches!(self.peek(), None | Some(b'\n' | b'#' | b';')) {
            self.skip_expression(b"\n");
            node = Node::new(Span::new(start, self.at), Value::Unknown);
        }
        node
    }

    fn value(&mut self) -> Node {
        let start = self.at;
        if !self.bounds.take(1, start) || !self.bounds.down(start) {
            self.at = self.text.len();
            return Node::new(Span::new(start, start), Value::Unknown);
        }
        let node = match self.peek() {
            Some(b'"' | b'\'') => self.string(),
            Some(b'[') => self.list(b']'),
            Some(b'{') => self.list(b'}'),
            Some(b'(') => self.list(b')'),
            Some(byte) if byte.is_ascii_digit() || byte == b'-' => self.word(),
            Some(byte) if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | b'\\') => self.word(),
            _ => Node::new(Span::new(start, start), Value::Unknown),
        };
        self.bounds.up();
        node
    }

    fn word(&mut self) -> Node {
        let start = self.at;
        while let Some(byte) = self.peek() {
            // `:name` and `A::B` are words, `name:` is a key.
            let colons = self.text[self.at - usize::from(self.at > start)..].starts_with(b"::");
            let colon =
                byte == b':' && (self.at == start || colons || self.text[self.at..].starts_with(b"::"));
            if !colon && !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'.' | b'\\' | b'-') {
                break;
            }
            self.at += 1;
        }
        let span = Span::new(start, self.at);
        let array = span.of(self.text) == b"array" && self.peek() == Some(b'(');
        if array {
            return self.list(b')');
        }
        let value = match span.of(self.text) {
            b"True" | b"true" | b"TRUE" => Value::Bool(true),
            b"False" | b"false" | b"FALSE" => Value::Bool(false),
            b"None" | b"nil" | b"null" | b"NULL" => Value::Null,
            word if word.first() == Some(&b':') => Value::Text(lossy(self.text, start + 1, self.at)),
            word => number(word).map_or(Value::Unknown, Value::Number),
        };
        if matches!(self.peek(), Some(b'(' | b'[')) {
            self.skip_expression(b",\n)]}");
            return Node::new(Span::new(start, self.at), Value::Unknown);
        }
        Node::new(span, value)
    }

    fn string(&mut self) -> Node {
        let quote = self.text[self.at];
        let triple = [quote; 3];
        if self.language == Language::Python && self.text[self.at..].starts_with(&triple) {
            let start = self.at + 3;
            let end = memchr::memmem::find(&self.text[start..], &triple)
                .map_or(self.text.len(), |found| start + found);
            self.at = (end + 3).min(self.text.len());
            return Node::new(Span::new(start, end), Value::Text(lossy(self.text, start, end)));
        }
        self.at += 1;
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.at = (self.at + 2).min(self.text.len()),
                byte if byte == quote || byte == b'\n' => break,
                _ => self.at += 1,
            }
        }
        let span = Span::new(start, self.at);
        if self.peek() == Some(quote) {
            self.at += 1;
        }
        let content = span.of(self.text);
        let filled = quote == b'"'
            && (content.windows(2).any(|pair| pair == b"#{")
                || self.language == Language::Php && content.contains(&b'$'));
        let value = if filled { Value::Unknown } else { Value::Text(lossy(self.text, span.start, span.end)) };
        Node::new(span, value)
    }

    /// A list, tuple, dictionary or array: a map if a key stands before the first arrow or colon.
    fn list(&mut self, close: u8) -> Node {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        let mut members = Vec::new();
        loop {
            self.blanks(true);
            let before = self.at;
            match self.peek() {
                None => break,
                Some(byte) if byte == close => {
                    self.at += 1;
                    break;
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(_) => {}
            }
            let node = self.value();
            self.blanks(true);
            let arrow = self.text[self.at..].starts_with(b"=>");
            if arrow || self.peek() == Some(b':') {
                self.at += if arrow { 2 } else { 1 };
                self.blanks(true);
                let value = self.element();
                let key = match node.value {
                    Value::Text(text) => text,
                    _ => lossy(self.text, node.span.start, node.span.end).trim_end_matches(':').to_owned(),
                };
                members.push(member(key, node.span, value));
            } else if matches!(self.peek(), Some(b',' | b']' | b'}' | b')')) {
                items.push(node);
            } else {
                self.skip_expression(b",)]}");
                items.push(Node::new(Span::new(before, self.at), Value::Unknown));
            }
            if self.at == before {
                self.at += 1;
            }
        }
        let span = Span::new(start, self.at);
        Node::new(span, if members.is_empty() { Value::List(items) } else { Value::Map(members) })
    }

    /// A value inside brackets; with anything after it before the comma, it is unknown.
    fn element(&mut self) -> Node {
        let start = self.at;
        let node = self.value();
        self.blanks(true);
        if matches!(self.peek(), None | Some(b',' | b']' | b'}' | b')')) {
            return node;
        }
        self.skip_expression(b",)]}");
        Node::new(Span::new(start, self.at), Value::Unknown)
    }

    /// On to one of `ends` outside of brackets and strings.
    fn skip_expression(&mut self, ends: &[u8]) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            if depth == 0 && ends.contains(&byte) {
                return;
            }
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => return,
                },
                b'"' | b'\'' => {
                    self.string();
                    continue;
                }
                b'#' if self.language != Language::Php => {
                    self.at = line_end(self.text, self.at);
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}
