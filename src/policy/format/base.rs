//! What the parsers share: their bounds, their notes and small ways of reading bytes.
//!
//! A parser never fails: what it cannot read becomes a note. Must not know any one format.

use crate::{
    policy::document::{Block, Document, Member, Node, Note, Value},
    text::Span,
};

/// Longest document that is parsed. Configuration written by hand stays far below; state files, lock files and data do not.
pub(super) const LONGEST: usize = 4 << 20;
/// Deepest nesting that is followed. Real documents stay below 40; each level costs a few hundred bytes of stack.
pub(super) const DEEPEST: usize = 96;
/// Most nodes of one document, aliases expanded; about 60 MB of memory at worst.
const MOST_NODES: usize = 400_000;
/// Most notes of one document: who reads more of them has stopped reading.
const MOST_NOTES: usize = 20;

/// Nesting, nodes and notes of one document being read.
#[derive(Debug)]
pub(super) struct Bounds {
    depth: usize,
    nodes: usize,
    notes: Vec<Note>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { depth: 0, nodes: MOST_NODES, notes: Vec::new() }
    }
}

impl Bounds {
    /// Says that something could not be read.
    pub(super) fn note(&mut self, span: Span, message: impl Into<String>) {
        if self.notes.len() < MOST_NOTES && self.notes.last().is_none_or(|last| last.span != span) {
            self.notes.push(Note { span, message: message.into() });
        }
    }

    /// Goes one level down; false where that is too deep. Every true needs an [`Self::up`].
    pub(super) fn down(&mut self, at: usize) -> bool {
        if self.depth >= DEEPEST {
            self.note(
                Span::new(at, at + 1),
                format!("nested more than {DEEPEST} levels deep; what is below is not read"),
            );
            return false;
        }
        self.depth += 1;
        true
    }

    /// Comes one level up.
    pub(super) const fn up(&mut self) {
        self.depth -= 1;
    }

    /// Takes `count` nodes; false where there are no more.
    pub(super) fn take(&mut self, count: usize, at: usize) -> bool {
        if count > self.nodes {
            if self.nodes > 0 {
                self.note(
                    Span::new(at, at + 1),
                    format!("more than {MOST_NODES} values; the rest is not read"),
                );
            }
            self.nodes = 0;
            return false;
        }
        self.nodes -= count;
        true
    }

    /// True when no node may be made any more.
    pub(super) const fn spent(&self) -> bool {
        self.nodes == 0
    }

    /// The notes, in the order of the file.
    pub(super) fn into_notes(mut self) -> Vec<Note> {
        self.notes.sort_by_key(|note| note.span);
        self.notes
    }

    /// A document of `blocks` with the notes.
    pub(super) fn document(self, blocks: Vec<Block>) -> Document {
        Document { blocks, notes: self.into_notes(), steered: Vec::new() }
    }
}

/// The bytes of `range` as text; what is not UTF-8 becomes U+FFFD.
pub(super) fn lossy(text: &[u8], start: usize, end: usize) -> String {
    String::from_utf8_lossy(Span::new(start, end).of(text)).into_owned()
}

/// The offset after a byte order mark.
pub(super) fn after_mark(text: &[u8]) -> usize {
    if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }
}

/// The offset of the line feed that ends the line of `at`, or the end of the text.
pub(super) fn line_end(text: &[u8], at: usize) -> usize {
    let at = at.min(text.len());
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |found| at + found)
}

/// `start..end` without blanks at both ends.
pub(super) fn trimmed(text: &[u8], start: usize, end: usize) -> Span {
    let (mut start, mut end) = (start, end.min(text.len()));
    while start < end && text[start].is_ascii_whitespace() {
        start += 1;
    }
    while end > start && text[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    Span::new(start, end)
}

/// A member.
pub(super) const fn member(key: String, key_span: Span, node: Node) -> Member {
    Member { key, key_span, node }
}

/// Members of which some repeat: those are gathered in one list, where the first of them stood.
#[derive(Debug, Default)]
pub(super) struct Group {
    members: Vec<Member>,
    /// Where the list of a key is.
    lists: std::collections::HashMap<String, usize>,
}

impl Group {
    /// Adds `node` to the list of `key`.
    pub(super) fn push(&mut self, key: &str, key_span: Span, node: Node) {
        if let Some(Member { node: Node { span, value: Value::List(items) }, .. }) =
            self.lists.get(key).and_then(|place| self.members.get_mut(*place))
        {
            span.end = span.end.max(node.span.end);
            items.push(node);
            return;
        }
        self.lists.insert(key.to_owned(), self.members.len());
        self.members.push(member(key.to_owned(), key_span, Node::new(node.span, Value::List(vec![node]))));
    }

    /// Adds a member that is not gathered.
    pub(super) fn set(&mut self, member: Member) {
        self.members.push(member);
    }

    /// The members.
    pub(super) fn into_members(self) -> Vec<Member> {
        self.members
    }
}

/// Nodes of a tree.
pub(super) fn count(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(items) | Value::Call(_, items) | Value::Mixed(items) => items.iter().map(count).sum(),
        Value::Map(members) => members.iter().map(|member| count(&member.node)).sum(),
        _ => 0,
    }
}

/// The number that `text` is in decimal notation, if it is one and is not written with leading zeros (a file mode, an id).
pub(super) fn number(text: &[u8]) -> Option<f64> {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let first = *digits.first()?;
    let starts = first.is_ascii_digit() || (first == b'.' && digits.len() > 1);
    if !starts {
        return None;
    }
    if first == b'0' && digits.get(1).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    if !digits.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}

/// From a member's key to the end of its value.
pub(super) const fn entry_span(entry: &Member) -> Span {
    let end = if entry.node.span.end > entry.key_span.end { entry.node.span.end } else { entry.key_span.end };
    Span::new(entry.key_span.start, end)
}

/// The text of a node that is literal text.
pub(super) fn as_text(node: Option<&Node>) -> Option<&str> {
    match node.map(|node| &node.value) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// One block for all of `root`.
pub(super) fn whole(kind: &str, name: &str, root: Node) -> Block {
    let span = root.span;
    let header = match &root.value {
        Value::Map(members) => members.first().map_or(span, |first| first.key_span),
        _ => Span::new(span.start, span.start),
    };
    Block { kind: kind.to_owned(), name: name.to_owned(), span, header, root }
}

/// A block of a named entry of a map.
pub(super) fn entry_block(kind: &str, entry: Member) -> Block {
    Block {
        kind: kind.to_owned(),
        span: entry_span(&entry),
        header: entry.key_span,
        name: entry.key,
        root: entry.node,
    }
}
