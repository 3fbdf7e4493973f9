//! Words, variables and logical lines as a shell has them. Must not know what commands do.

use super::base::{Bounds, line_end};
use crate::{
    policy::document::{Block, Document, Node, Value},
    text::Span,
};

/// `$NAME`, `${NAME}` and `${NAME:-default}` in text that is filled in; `$$` is a dollar sign.
pub(super) fn filled(text: &[u8], string: &str, span: Span) -> Value {
    let exact = span.of(text) == string.as_bytes();
    let place =
        |from: usize, to: usize| if exact { Span::new(span.start + from, span.start + to) } else { span };
    let bytes = string.as_bytes();
    let mut parts = Vec::new();
    let mut literal = String::new();
    let (mut at, mut start) = (0, 0);
    while let Some(found) = memchr::memchr(b'$', &bytes[at..]) {
        let open = at + found;
        literal.push_str(&string[at..open]);
        at = open + 1;
        match bytes.get(at) {
            Some(b'$') => {
                literal.push('$');
                at += 1;
            }
            Some(b'{') => {
                let Some(close) = string[at..].find('}').map(|close| at + close) else {
                    literal.push('$');
                    continue;
                };
                flush(&mut parts, &mut literal, place(start, open));
                parts.push(Node::new(
                    place(open, close + 1),
                    variable(&string[at + 1..close], place(open, close + 1)),
                ));
                at = close + 1;
                start = at;
            }
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {
                let end = at
                    + bytes[at..]
                        .iter()
                        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                        .count();
                flush(&mut parts, &mut literal, place(start, open));
                parts.push(Node::new(place(open, end), Value::Reference(vec![string[at..end].to_owned()])));
                at = end;
                start = at;
            }
            _ => literal.push('$'),
        }
    }
    literal.push_str(&string[at..]);
    if parts.is_empty() {
        return Value::Text(literal);
    }
    flush(&mut parts, &mut literal, place(start, string.len()));
    if parts.len() == 1 { parts.pop().map_or(Value::Unknown, |only| only.value) } else { Value::Mixed(parts) }
}

fn flush(parts: &mut Vec<Node>, literal: &mut String, span: Span) {
    if !literal.is_empty() {
        parts.push(Node::new(span, Value::Text(std::mem::take(literal))));
    }
}

/// What is between the braces: a name, with a default perhaps, which is what it stands for as far as the file says.
fn variable(inner: &str, span: Span) -> Value {
    let end =
        inner.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    let default = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'));
    match default {
        Some(default) if !default.is_empty() => Value::Call(
            "default".to_owned(),
            vec![
                Node::new(span, Value::Reference(vec![name.to_owned()])),
                Node::new(span, Value::Text(default.to_owned())),
            ],
        ),
        _ => Value::Reference(vec![name.to_owned()]),
    }
}

/// A script or source file: a block `line` for every logical line, the comments left out.
pub(super) fn lines(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let mut blocks = Vec::new();
    let mut at = super::base::after_mark(text);
    while at < text.len() {
        let start = at;
        let (string, end) = logical_line(text, at, b'\\');
        at = end;
        let trimmed = string.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') || trimmed.starts_with("//") {
            continue;
        }
        if !bounds.take(1, start) {
            break;
        }
        let span = super::base::trimmed(text, start, end);
        let root = Node::new(span, Value::Text(trimmed.to_owned()));
        blocks.push(Block { kind: "line".to_owned(), name: String::new(), span, header: span, root });
    }
    bounds.document(blocks)
}

/// The line at `start` with those that it is continued on, without the `escape`s at their ends, and the offset after it.
pub(super) fn logical_line(text: &[u8], start: usize, escape: u8) -> (String, usize) {
    let mut joined = Vec::new();
    let mut at = start;
    loop {
        let end = line_end(text, at);
        let line = text[at..end].trim_ascii_end();
        at = (end + 1).min(text.len());
        match line.strip_suffix(&[escape]) {
            Some(more) if end < text.len() => {
                joined.extend_from_slice(more);
                joined.push(b' ');
            }
            _ => {
                joined.extend_from_slice(line);
                return (String::from_utf8_lossy(&joined).into_owned(), at);
            }
        }
    }
}
