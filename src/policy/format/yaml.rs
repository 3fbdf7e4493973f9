//! YAML with a place for every node, read on after an error.
//!
//! Block and flow collections, all scalars, anchors, aliases and merge keys (within bounds), tags, several documents. Tags of
//! an application (`!Sub`, `!vault`) are calls. Bytes [`HOLE`] stand for what a template fills in: a scalar of them is unknown,
//! a line of them says that its map has members that are not shown. Must not know what a document is about.

use std::collections::HashMap;

use super::base::{Bounds, after_mark, count, lossy, member, number};
use crate::{
    policy::document::{MORE, Member, Node, Value},
    text::Span,
};

/// Lines of template's actions that are looked past to see what follows; so that many of them cost no more than their number.
const MOST_HOLES: usize = 64;

/// Stands for a byte of a template's action.
pub(super) const HOLE: u8 = 1;

/// The documents of a stream, each with the span of all of it.
pub(super) fn read(text: &[u8], bounds: &mut Bounds) -> Vec<(Span, Node)> {
    let mut reader = Reader { text, at: after_mark(text), bounds, anchors: HashMap::new(), flow: 0 };
    reader.stream()
}

struct Reader<'t, 'b> {
    text: &'t [u8],
    at: usize,
    bounds: &'b mut Bounds,
    /// What `&name` stands before, and how many nodes that is.
    anchors: HashMap<Vec<u8>, (Node, usize)>,
    /// How many flow collections are open.
    flow: usize,
}

/// What may stand before a node.
#[derive(Default)]
struct Properties {
    anchor: Option<Vec<u8>>,
    tag: Option<String>,
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn at_offset(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn stream(&mut self) -> Vec<(Span, Node)> {
        let mut documents = Vec::new();
        loop {
            self.blank_lines();
            while self.column() == 0 && self.peek() == Some(b'%') {
                self.next_line();
                self.blank_lines();
            }
            let start = self.at;
            let marked = self.at_marker(b"---");
            if marked {
                self.at += 3;
            }
            if self.peek().is_none() && !marked {
                return documents;
            }
            self.anchors.clear();
            let mut root = self.node(-1, false);
            loop {
                self.blank_lines();
                if self.peek().is_none() || self.at_marker(b"---") {
                    break;
                }
                if self.at_marker(b"...") {
                    self.next_line();
                    break;
                }
                self.stray(&mut root);
            }
            let end = self.at;
            if root.value != Value::Null {
                documents.push((Span::new(start, end.max(root.span.end)), root));
            }
            if self.bounds.spent() {
                return documents;
            }
        }
    }

    /// A line that belongs to nothing: noted, and what follows is read as more of `root` where it is a map again.
    fn stray(&mut self, root: &mut Node) {
        let hole = self.at_hole();
        if !hole {
            self.note_line("does not fit the indentation or the syntax of the lines before it");
        }
        self.next_line();
        self.blank_lines();
        if self.column() > 0 || self.peek().is_none() || self.at_marker(b"---") || self.at_marker(b"...") {
            return;
        }
        let start = self.at;
        let more = self.node(-1, false);
        match (&mut root.value, more.value) {
            (Value::Map(members), Value::Map(new)) => members.extend(new),
            (Value::List(items), Value::List(new)) => items.extend(new),
            (value @ Value::Null, new) => {
                *value = new;
                root.span = Span::new(start, start);
            }
            _ => {}
        }
        root.span.end = root.span.end.max(more.span.end);
    }

    /// True at `marker` at the start of a line and followed by a blank.
    fn at_marker(&self, marker: &[u8]) -> bool {
        self.text[self.at..].starts_with(marker)
            && (self.at == 0 || self.text[self.at - 1] == b'\n' || self.at == after_mark(self.text))
            && self.at_offset(3).is_none_or(|byte| byte.is_ascii_whitespace())
    }

    /// Columns from the start of the line.
    fn column(&self) -> usize {
        let line = memchr::memrchr(b'\n', &self.text[..self.at])
            .map_or_else(|| after_mark(self.text), |found| found + 1);
        self.at.saturating_sub(line)
    }

    /// To the line feed: collections take up there.
    fn line_feed(&mut self) {
        self.at = super::base::line_end(self.text, self.at);
    }

    /// From the start of a line back to the line feed before it.
    fn back(&mut self) {
        if self.at > 0 && self.text[self.at - 1] == b'\n' {
            self.at -= 1;
        }
    }

    fn next_line(&mut self) {
        self.at = (super::base::line_end(self.text, self.at) + 1).min(self.text.len());
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// True at the end of the line or at a comment.
    fn line_over(&self) -> bool {
        match self.peek() {
            None | Some(b'\n') => true,
            Some(b'\r') => matches!(self.at_offset(1), None | Some(b'\n')),
            Some(b'#') => self.at == 0 || self.text[self.at - 1].is_ascii_whitespace(),
            _ => false,
        }
    }

    /// Over blank lines and comments, to the first byte of what follows.
    fn blank_lines(&mut self) {
        loop {
            self.spaces();
            if !self.line_over() || self.peek().is_none() {
                return;
            }
            self.next_line();
        }
    }

    fn note_line(&mut self, message: &str) {
        let end = super::base::line_end(self.text, self.at);
        self.bounds.note(super::base::trimmed(self.text, self.at, end), message);
    }

    /// True where all that is left of the line is a template's action.
    fn at_hole(&self) -> bool {
        let mut line = self.text[self.at..].iter().take_while(|&&byte| byte != b'\n');
        self.peek() == Some(HOLE) && line.all(|&byte| byte == HOLE || byte.is_ascii_whitespace())
    }

    /// The node that starts here or on a later line that is indented by more than `parent`. `item_level` allows the value of
    /// a key to be a sequence that is indented as the key is.
    fn node(&mut self, parent: isize, item_level: bool) -> Node {
        let start = self.at;
        if !self.bounds.take(1, start) {
            self.at = self.text.len();
            return Node::new(Span::new(start, start), Value::Unknown);
        }
        if !self.bounds.down(start) {
            self.skip_deeper(parent);
            return Node::new(Span::new(start, start), Value::Unknown);
        }
        let node = self.node_inside(parent, item_level);
        self.bounds.up();
        node
    }

    fn node_inside(&mut self, parent: isize, item_level: bool) -> Node {
        self.spaces();
        let mut properties = self.properties();
        let start = self.at;
        let node = if self.line_over() {
            let before = self.at;
            self.blank_lines();
            if matches!(self.peek(), Some(b'&' | b'!'))
                && self.column().cast_signed() > parent
                && properties.is_empty()
            {
                properties = self.properties();
                if self.line_over() {
                    self.blank_lines();
                }
            }
            let indent = self.column().cast_signed();
            let over = self.peek().is_none() || self.at_marker(b"---") || self.at_marker(b"...");
            let item = item_level && indent == parent && self.at_dash();
            if over || (indent <= parent && !item) {
                self.at = before;
                Node::new(Span::new(start, start), Value::Null)
            } else {
                self.block(indent, parent)
            }
        } else if self.at_dash()
            || (self.column() > 0 && parent >= 0 && self.compact_map())
            || (parent < 0 && !matches!(self.peek(), Some(b'|' | b'>')))
        {
            self.block(self.column().cast_signed(), parent)
        } else {
            self.scalar(parent)
        };
        self.finish(node, properties)
    }

    /// True where a map starts on the line of a dash: only then may a key follow on the same line.
    fn compact_map(&self) -> bool {
        let line = memchr::memrchr(b'\n', &self.text[..self.at]).map_or(0, |found| found + 1);
        let before = &self.text[line..self.at];
        let dash = before.iter().rposition(|byte| !byte.is_ascii_whitespace());
        let tagged = dash.is_some_and(|at| {
            before[..=at]
                .iter()
                .rev()
                .take_while(|byte| !byte.is_ascii_whitespace())
                .any(|byte| matches!(byte, b'!' | b'&'))
        });
        (tagged && before.trim_ascii_start().starts_with(b"- ")
            || dash.is_some_and(|at| before[at] == b'-' && (at == 0 || before[at - 1].is_ascii_whitespace())))
            && self.key_end().is_some()
    }

    fn at_dash(&self) -> bool {
        self.flow == 0
            && self.peek() == Some(b'-')
            && self.at_offset(1).is_none_or(|byte| byte.is_ascii_whitespace())
    }

    /// Gives an anchor its node and a tag its meaning.
    fn finish(&mut self, mut node: Node, properties: Properties) -> Node {
        match properties.tag.as_deref() {
            None
            | Some(
                "" | "!map" | "!seq" | "!omap" | "!set" | "!null" | "!bool" | "!int" | "!float"
                | "!timestamp",
            ) => {}
            Some("!str" | "!binary") => {
                if !matches!(node.value, Value::Text(_) | Value::Map(_) | Value::List(_)) {
                    node.value = Value::Text(lossy(self.text, node.span.start, node.span.end));
                }
            }
            Some(_) => {
                let tag = properties.tag.unwrap_or_default();
                node = Node::new(node.span, Value::Call(tag, vec![node]));
            }
        }
        if let Some(anchor) = properties.anchor {
            let nodes = count(&node);
            if self.bounds.take(nodes, node.span.start) {
                self.anchors.insert(anchor, (node.clone(), nodes));
            }
        }
        node
    }

    fn properties(&mut self) -> Properties {
        let mut found = Properties::default();
        loop {
            let start = self.at;
            match self.peek() {
                Some(b'&') if found.anchor.is_none() => {
                    self.word();
                    found.anchor = Some(self.text[start + 1..self.at].to_vec());
                }
                Some(b'!') if found.tag.is_none() => {
                    self.word();
                    let tag = &self.text[start..self.at];
                    found.tag = Some(match tag.strip_prefix(b"!!") {
                        Some(core) => format!("!{}", String::from_utf8_lossy(core)),
                        None if tag == b"!" => String::new(),
                        None => String::from_utf8_lossy(&tag[1..]).into_owned(),
                    });
                }
                _ => return found,
            }
            self.spaces();
        }
    }

    /// Over a word that ends at a blank, and in flow at a bracket or comma.
    fn word(&mut self) {
        while let Some(byte) = self.peek() {
            if byte.is_ascii_whitespace() || (self.flow > 0 && b",[]{}".contains(&byte)) {
                break;
            }
            self.at += 1;
        }
    }

    /// A block node whose first line is indented by `indent`.
    fn block(&mut self, indent: isize, parent: isize) -> Node {
        if self.at_dash() {
            return self.sequence(indent);
        }
        if self.at_hole() && self.hole_in_map(indent) || self.key_end().is_some() || self.at_question() {
            return self.map(indent);
        }
        self.scalar(parent)
    }

    fn at_question(&self) -> bool {
        self.peek() == Some(b'?') && self.at_offset(1).is_none_or(|byte| byte.is_ascii_whitespace())
    }

    /// Over lines of a template's actions, as far as one looks ahead.
    fn over_holes(&mut self) {
        for _ in 0..MOST_HOLES {
            if !self.at_hole() {
                return;
            }
            self.next_line();
            self.blank_lines();
        }
    }

    /// At a line of a template's action: true if a key follows at the same indentation or further in.
    fn hole_in_map(&mut self, indent: isize) -> bool {
        let start = self.at;
        self.over_holes();
        let map = self.column().cast_signed() == indent
            && self.peek().is_some()
            && !self.at_dash()
            && self.key_end().is_some();
        self.at = start;
        map
    }

    fn sequence(&mut self, indent: isize) -> Node {
        let start = self.at;
        let mut end = self.at;
        let mut items: Vec<Node> = Vec::new();
        while self.at_dash() && !self.at_marker(b"---") && !self.bounds.spent() {
            self.at += 1;
            let item = self.node(indent, false);
            end = end.max(item.span.end);
            items.push(item);
            if !self.next_part(
                indent,
                &mut end,
                |reader| reader.at_dash(),
                |hole| items.push(Node::new(hole, Value::Unknown)),
            ) {
                break;
            }
        }
        Node::new(Span::new(start, end), Value::List(items))
    }

    fn map(&mut self, indent: isize) -> Node {
        let start = self.at;
        let mut end = self.at;
        let mut members: Vec<Member> = Vec::new();
        loop {
            if self.at_hole() {
                let hole =
                    super::base::trimmed(self.text, self.at, super::base::line_end(self.text, self.at));
                members.push(member(MORE.to_owned(), hole, Node::new(hole, Value::Unknown)));
                self.line_feed();
            } else {
                self.entry(indent, &mut members);
            }
            end = members.last().map_or(end, |last| end.max(last.node.span.end).max(last.key_span.end));
            let key = |reader: &Self| {
                reader.at_hole() || reader.at_question() || (!reader.at_dash() && reader.key_end().is_some())
            };
            if self.bounds.spent()
                || !self.next_part(indent, &mut end, key, |hole| {
                    members.push(member(MORE.to_owned(), hole, Node::new(hole, Value::Unknown)));
                })
            {
                break;
            }
        }
        Node::new(Span::new(start, end), Value::Map(members))
    }

    /// On to the next line of a collection indented by `indent`; false where it is over. Lines that fit nothing are noted and left out.
    fn next_part(
        &mut self,
        indent: isize,
        end: &mut usize,
        fits: impl Fn(&Self) -> bool,
        mut hole: impl FnMut(Span),
    ) -> bool {
        self.spaces();
        if !self.line_over() {
            // The rest of a line that is no scalar any more.
            if self.flow == 0 && self.peek() != Some(HOLE) {
                self.note_line("is out of place here");
            }
            self.line_feed();
        }
        loop {
            let before = self.at;
            self.blank_lines();
            if self.peek().is_none() || self.at_marker(b"---") || self.at_marker(b"...") {
                self.at = before;
                return false;
            }
            let column = self.column().cast_signed();
            if column < indent && !self.at_hole() {
                self.at = before;
                return false;
            }
            if column == indent && fits(self) {
                return true;
            }
            if self.at_hole() {
                if column >= indent {
                    let line =
                        super::base::trimmed(self.text, self.at, super::base::line_end(self.text, self.at));
                    hole(line);
                    *end = line.end;
                } else if self.outside_hole(indent) {
                    self.at = before;
                    return false;
                }
                self.line_feed();
                continue;
            }
            if column == indent && (self.at_dash() || indent == 0 || self.key_end().is_some()) {
                // A list may be indented as the key before it is; what fits nowhere, the caller notes.
                self.at = before;
                return false;
            }
            self.note_line("does not fit the indentation or the syntax of the lines before it");
            self.line_feed();
        }
    }

    /// At a template's action that is indented less than the collection: true if what follows is outside, too.
    fn outside_hole(&mut self, indent: isize) -> bool {
        let start = self.at;
        self.over_holes();
        let outside = self.peek().is_none() || self.column().cast_signed() < indent;
        self.at = start;
        outside
    }

    /// One `key: value`, or `? key` with `: value`.
    fn entry(&mut self, indent: isize, members: &mut Vec<Member>) {
        if self.at_question() {
            self.at += 1;
            self.spaces();
            let start = self.at;
            let key = self.node(indent, false);
            self.blank_lines();
            let text =
                if let Value::Text(text) = key.value { text } else { lossy(self.text, start, key.span.end) };
            let node = if self.column().cast_signed() == indent && self.peek() == Some(b':') {
                self.at += 1;
                self.node(indent, true)
            } else {
                Node::new(Span::new(key.span.end, key.span.end), Value::Null)
            };
            members.push(member(text, key.span, node));
            return;
        }
        let Some((key, key_span, colon)) = self.key() else {
            self.note_line("a key was expected here");
            self.line_feed();
            return;
        };
        self.at = colon + 1;
        let node = self.node(indent, true);
        self.add(members, key, key_span, node);
    }

    /// Adds a member; a merge key adds those of the map it names, before what the map says itself.
    fn add(&mut self, members: &mut Vec<Member>, key: String, key_span: Span, node: Node) {
        if key != "<<" {
            members.push(member(key, key_span, node));
            return;
        }
        let sources = match node.value {
            Value::List(items) => items,
            _ => vec![node],
        };
        for source in sources {
            match source.value {
                Value::Map(merged) => {
                    members.splice(0..0, merged);
                }
                _ => members
                    .insert(0, member(MORE.to_owned(), key_span, Node::new(source.span, Value::Unknown))),
            }
        }
    }

    /// The key at this place: its text, its span, and where its colon is.
    fn key(&mut self) -> Option<(String, Span, usize)> {
        let colon = self.key_end()?;
        self.properties();
        let start = self.at;
        if let Some(quote @ (b'"' | b'\'')) = self.peek() {
            let end = self.quoted_end(start, quote)?;
            let span = Span::new(start + 1, end);
            return Some((self.quoted(span, quote), span, colon));
        }
        let span = super::base::trimmed(self.text, start, colon);
        Some((lossy(self.text, span.start, span.end), span, colon))
    }

    /// Where the colon is that makes what stands here a key.
    fn key_end(&self) -> Option<usize> {
        let mut at = self.at;
        while matches!(self.text.get(at), Some(b'&' | b'!')) {
            while self.text.get(at).is_some_and(|byte| !byte.is_ascii_whitespace()) {
                at += 1;
            }
            while matches!(self.text.get(at), Some(b' ' | b'\t')) {
                at += 1;
            }
        }
        match self.text.get(at)? {
            quote @ (b'"' | b'\'') => {
                at = self.quoted_end(at, *quote)? + 1;
                while matches!(self.text.get(at), Some(b' ' | b'\t')) {
                    at += 1;
                }
                (self.text.get(at) == Some(&b':')
                    && self.text.get(at + 1).is_none_or(u8::is_ascii_whitespace))
                .then_some(at)
            }
            b'[' | b'{' | b'#' | b'|' | b'>' | b'@' | b'`' | b',' | b']' | b'}' => None,
            b'*' if self.flow == 0
                && self
                    .text
                    .get(at + 1)
                    .is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b'.' && *byte != b':') =>
            {
                None
            }
            _ => self.plain_key_end(at),
        }
    }

    fn plain_key_end(&self, at: usize) -> Option<usize> {
        let line = &self.text[at..super::base::line_end(self.text, at)];
        let mut from = 0;
        while let Some(found) = memchr::memchr2(b':', b'#', &line[from..]) {
            let place = from + found;
            if line[place] == b'#' {
                if place > 0 && line[place - 1].is_ascii_whitespace() {
                    return None;
                }
            } else if line.get(place + 1).is_none_or(u8::is_ascii_whitespace) {
                return Some(at + place);
            }
            from = place + 1;
        }
        None
    }

    /// Where the quote is that closes the one at `start`, on the same line.
    fn quoted_end(&self, start: usize, quote: u8) -> Option<usize> {
        let end = super::base::line_end(self.text, start);
        self.closing_quote(start, quote, end)
    }

    fn closing_quote(&self, start: usize, quote: u8, end: usize) -> Option<usize> {
        let mut at = start + 1;
        while at < end {
            let found = at + memchr::memchr2(quote, b'\\', &self.text[at..end])?;
            if self.text[found] == b'\\' {
                at = found + if quote == b'"' { 2 } else { 1 };
            } else if quote == b'\'' && self.text.get(found + 1) == Some(&b'\'') {
                at = found + 2;
            } else {
                return Some(found);
            }
        }
        None
    }

    /// Past all lines that are indented by more than `parent`.
    fn skip_deeper(&mut self, parent: isize) {
        if self.flow > 0 {
            self.at = self.text.len();
            return;
        }
        self.next_line();
        loop {
            let before = self.at;
            self.blank_lines();
            if self.peek().is_none() || self.column().cast_signed() <= parent {
                self.at = before;
                self.back();
                return;
            }
            self.next_line();
        }
    }
}

impl Properties {
    const fn is_empty(&self) -> bool {
        self.anchor.is_none() && self.tag.is_none()
    }
}

/// Scalars and flow collections.
impl Reader<'_, '_> {
    /// What is no block collection: a scalar, an alias, a flow collection. Its further lines are indented by more than `parent`.
    fn scalar(&mut self, parent: isize) -> Node {
        match self.peek() {
            Some(b'|' | b'>') if self.flow == 0 => self.block_scalar(parent),
            Some(b'*')
                if self.at_offset(1).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
            {
                self.alias()
            }
            Some(quote @ (b'"' | b'\'')) => self.quoted_scalar(quote),
            Some(b'[') => self.flow_collection(b']'),
            Some(b'{') => self.flow_collection(b'}'),
            _ => self.plain(parent),
        }
    }

    fn alias(&mut self) -> Node {
        let start = self.at;
        self.at += 1;
        self.word();
        if self.text[self.at - 1] == b':' {
            self.at -= 1;
        }
        let span = Span::new(start, self.at);
        let value = match self.anchors.get(&self.text[start + 1..self.at]) {
            Some((node, nodes)) if self.bounds.take(*nodes, start) => return node.clone(),
            Some(_) => Value::Unknown,
            None => {
                self.bounds.note(span, "there is no anchor of this name before it");
                Value::Unknown
            }
        };
        Node::new(span, value)
    }

    fn quoted_scalar(&mut self, quote: u8) -> Node {
        let start = self.at;
        let end = if let Some(end) = self.closing_quote(start, quote, self.text.len()) {
            self.at = end + 1;
            end
        } else {
            self.bounds.note(Span::new(start, start + 1), "this string is never closed");
            let end = super::base::line_end(self.text, start);
            self.at = end;
            end
        };
        let span = Span::new(start + 1, end);
        let value = if span.of(self.text).contains(&HOLE) {
            holes(self.text, span)
        } else {
            Value::Text(self.quoted(span, quote))
        };
        Node::new(span, value)
    }

    /// What a quoted string says: unescaped and folded.
    fn quoted(&self, span: Span, quote: u8) -> String {
        let raw = span.of(self.text);
        let folded =
            if memchr::memchr(b'\n', raw).is_some() { fold_flow(raw, quote == b'"') } else { raw.to_vec() };
        if quote == b'\'' {
            return String::from_utf8_lossy(&folded).replace("''", "'");
        }
        if memchr::memchr(b'\\', &folded).is_none() {
            return String::from_utf8_lossy(&folded).into_owned();
        }
        super::json::unescape(&yaml_escapes(&folded))
    }

    fn plain(&mut self, parent: isize) -> Node {
        let start = self.at;
        let mut end = self.plain_line();
        if self.flow > 0 && end == start {
            self.at = (self.at + 1).min(self.text.len());
            return Node::new(Span::new(start, start), Value::Null);
        }
        let first = end;
        loop {
            let before = self.at;
            if self.flow == 0 && self.peek() == Some(b'#') {
                break;
            }
            if !self.line_over() || self.peek().is_none() {
                break;
            }
            self.blank_lines_only();
            let fits = self.peek().is_some()
                && !self.line_over()
                && !self.at_marker(b"---")
                && !self.at_marker(b"...")
                && self.column().cast_signed() > parent
                && !self.at_hole()
                && if self.flow > 0 {
                    !b",[]{}:#".contains(&self.text[self.at])
                } else {
                    self.key_end().is_none()
                };
            if !fits {
                self.at = before;
                break;
            }
            end = self.plain_line();
        }
        let span = Span::new(start, end);
        let value = if end == first { plain_value(self.text, span) } else { self.folded(span) };
        Node::new(span, value)
    }

    fn folded(&self, span: Span) -> Value {
        if span.of(self.text).contains(&HOLE) {
            return holes(self.text, span);
        }
        Value::Text(String::from_utf8_lossy(&fold_flow(span.of(self.text), false)).into_owned())
    }

    /// Over blank lines, but not comments: a comment ends a plain scalar.
    fn blank_lines_only(&mut self) {
        loop {
            self.spaces();
            match self.peek() {
                Some(b'\n') => self.at += 1,
                Some(b'\r') if self.at_offset(1) == Some(b'\n') => self.at += 2,
                _ => return,
            }
        }
    }

    /// Over the part of a plain scalar on this line; its end without blanks.
    fn plain_line(&mut self) -> usize {
        let start = self.at;
        // Not from the line's end: a document may be one line of millions of scalars.
        while let Some(byte) = self.peek().filter(|&byte| byte != b'\n') {
            let next = self.text.get(self.at + 1);
            let stop = match byte {
                b'#' => self.at > start && self.text[self.at - 1].is_ascii_whitespace(),
                b':' if self.flow > 0 => {
                    next.is_none_or(|byte| byte.is_ascii_whitespace() || b",[]{}".contains(byte))
                }
                b',' | b'[' | b']' | b'{' | b'}' => self.flow > 0,
                _ => false,
            };
            if stop {
                break;
            }
            self.at += 1;
        }
        super::base::trimmed(self.text, start, self.at).end.max(start)
    }

    fn block_scalar(&mut self, parent: isize) -> Node {
        let folded = self.peek() == Some(b'>');
        self.at += 1;
        let mut keep = None;
        let mut explicit = None;
        while let Some(byte) = self.peek() {
            match byte {
                b'-' | b'+' => keep = Some(byte == b'+'),
                b'1'..=b'9' => explicit = Some(usize::from(byte - b'0')),
                _ => break,
            }
            self.at += 1;
        }
        self.spaces();
        if !self.line_over() && self.peek() != Some(HOLE) {
            self.note_line("is out of place after the start of a block of text");
        }
        self.next_line();
        let start = self.at;
        let least = usize::try_from(parent + 1).unwrap_or(0);
        let indent = explicit
            .map_or_else(|| self.text_indent(start).max(least), |given| least.saturating_sub(1) + given);
        let (lines, end) = self.text_lines(start, indent);
        self.at = end;
        self.back();
        let span = Span::new((start + indent).min(end), end);
        if span.of(self.text).contains(&HOLE) {
            return Node::new(span, holes(self.text, span));
        }
        let text = join_lines(self.text, &lines, folded, keep);
        Node::new(span, Value::Text(text))
    }

    /// How far the first line of text that is not blank is indented.
    fn text_indent(&self, start: usize) -> usize {
        let mut at = start;
        while at < self.text.len() {
            let end = super::base::line_end(self.text, at);
            let line = &self.text[at..end];
            if let Some(indent) = line.iter().position(|byte| !byte.is_ascii_whitespace()) {
                return indent;
            }
            at = end + 1;
        }
        0
    }

    /// The lines of a block of text, without their indentation, and where it ends.
    fn text_lines(&self, start: usize, indent: usize) -> (Vec<Span>, usize) {
        let mut lines: Vec<Span> = Vec::new();
        let mut at = start;
        let mut over = start;
        while at < self.text.len() {
            let end = super::base::line_end(self.text, at);
            let line = &self.text[at..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let blank = line.iter().take_while(|byte| **byte == b' ').count();
            let empty = line.iter().all(u8::is_ascii_whitespace);
            let marker = indent == 0 && (line.starts_with(b"---") || line.starts_with(b"..."));
            if !empty
                && (blank < indent
                    && !line[blank..].iter().all(|byte| *byte == HOLE || byte.is_ascii_whitespace())
                    || marker)
            {
                break;
            }
            let from = at + indent.min(blank);
            lines.push(Span::new(from.min(at + line.len()), at + line.len()));
            at = (end + 1).min(self.text.len());
            if !empty {
                over = at;
            }
            if end >= self.text.len() {
                break;
            }
        }
        // Blank lines at the end belong to what follows as far as places go.
        (lines, over)
    }

    fn flow_collection(&mut self, close: u8) -> Node {
        let start = self.at;
        if !self.bounds.down(start) {
            self.at = self.text.len();
            return Node::new(Span::new(start, start), Value::Unknown);
        }
        self.at += 1;
        self.flow += 1;
        let value =
            if close == b']' { Value::List(self.flow_items()) } else { Value::Map(self.flow_members()) };
        self.flow -= 1;
        self.bounds.up();
        if self.peek() == Some(close) {
            self.at += 1;
        } else if !self.bounds.spent() {
            self.bounds.note(Span::new(start, start + 1), "is never closed");
        }
        Node::new(Span::new(start, self.at), value)
    }

    /// A node inside brackets.
    fn flow_node(&mut self) -> Node {
        let start = self.at;
        if !self.bounds.take(1, start) {
            self.at = self.text.len();
            return Node::new(Span::new(start, start), Value::Unknown);
        }
        let properties = self.properties();
        self.blank_lines();
        let node = if matches!(self.peek(), None | Some(b',' | b']' | b'}')) {
            Node::new(Span::new(start, start), Value::Null)
        } else {
            self.scalar(-1)
        };
        self.finish(node, properties)
    }

    fn flow_items(&mut self) -> Vec<Node> {
        let mut items = Vec::new();
        loop {
            self.blank_lines();
            match self.peek() {
                None | Some(b']' | b'}') => return items,
                Some(b',') => self.at += 1,
                Some(_) => {
                    let start = self.at;
                    let node = self.flow_node();
                    self.blank_lines();
                    if self.peek() == Some(b':') {
                        // `[a: b]` is a list with a map of one member.
                        self.at += 1;
                        self.blank_lines();
                        let value = self.flow_node();
                        let key = lossy(self.text, node.span.start, node.span.end);
                        let span = Span::new(start, value.span.end);
                        items.push(Node::new(span, Value::Map(vec![member(key, node.span, value)])));
                    } else {
                        items.push(node);
                    }
                }
            }
        }
    }

    fn flow_members(&mut self) -> Vec<Member> {
        let mut members = Vec::new();
        loop {
            self.blank_lines();
            match self.peek() {
                None | Some(b']' | b'}') => return members,
                Some(b',') => self.at += 1,
                Some(_) => {
                    let key = self.flow_node();
                    self.blank_lines();
                    let text = match key.value {
                        Value::Text(text) => text,
                        _ => lossy(self.text, key.span.start, key.span.end),
                    };
                    let node = if self.peek() == Some(b':') {
                        self.at += 1;
                        self.blank_lines();
                        self.flow_node()
                    } else {
                        Node::new(Span::new(key.span.end, key.span.end), Value::Null)
                    };
                    self.add(&mut members, text, key.span, node);
                }
            }
        }
    }
}

/// What a plain scalar of one line is.
fn plain_value(text: &[u8], span: Span) -> Value {
    match span.of(text) {
        b"" | b"~" | b"null" | b"Null" | b"NULL" => Value::Null,
        b"true" | b"True" | b"TRUE" => Value::Bool(true),
        b"false" | b"False" | b"FALSE" => Value::Bool(false),
        word if word.contains(&HOLE) => holes(text, span),
        word => number(word).map_or_else(|| Value::Text(lossy(text, span.start, span.end)), Value::Number),
    }
}

/// Text with holes: its literal parts, and something unknown for each hole.
fn holes(text: &[u8], span: Span) -> Value {
    let mut parts = Vec::new();
    let mut at = span.start;
    while at < span.end {
        let hole = text[at] == HOLE;
        let mut end = at;
        while end < span.end && (text[end] == HOLE) == hole {
            end += 1;
        }
        let place = Span::new(at, end);
        let value = if hole { Value::Unknown } else { Value::Text(lossy(text, at, end)) };
        parts.push(Node::new(place, value));
        at = end;
    }
    if parts.len() == 1 { Value::Unknown } else { Value::Mixed(parts) }
}

/// Lines folded as in plain and quoted scalars: one break is a blank, more are one less.
fn fold_flow(raw: &[u8], escapes: bool) -> Vec<u8> {
    let mut folded: Vec<u8> = Vec::with_capacity(raw.len());
    let mut breaks = 0_usize;
    for (index, line) in raw.split(|byte| *byte == b'\n').enumerate() {
        let line = if index == 0 { line } else { line.trim_ascii_start() };
        if index > 0 {
            if line.trim_ascii().is_empty() {
                breaks += 1;
                continue;
            }
            let continued = escapes
                && folded.last() == Some(&b'\\')
                && folded.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
            if continued {
                folded.pop();
            } else if breaks == 0 {
                folded.push(b' ');
            } else {
                folded.extend(std::iter::repeat_n(b'\n', breaks));
            }
            breaks = 0;
        }
        folded.extend_from_slice(line.trim_ascii_end());
    }
    folded
}

/// `\x41` and `\U00000041` as the `\u0041` of JSON, and the escapes that only YAML has as what they mean.
fn yaml_escapes(raw: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        if raw[at] != b'\\' || at + 1 == raw.len() {
            plain.push(raw[at]);
            at += 1;
            continue;
        }
        match raw[at + 1] {
            b'x' if raw.len() >= at + 4 => {
                plain.extend_from_slice(b"\\u00");
                plain.extend_from_slice(&raw[at + 2..at + 4]);
                at += 2;
            }
            b'U' if raw.len() >= at + 10 => {
                let code = str::from_utf8(&raw[at + 2..at + 10])
                    .ok()
                    .and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let letter = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
                plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                at += 8;
            }
            b'0' => plain.push(0),
            b'a' => plain.push(7),
            b'e' => plain.push(27),
            b'v' => plain.push(11),
            b'_' => plain.extend_from_slice("\u{a0}".as_bytes()),
            b'N' => plain.extend_from_slice("\u{85}".as_bytes()),
            other => plain.extend_from_slice(&[b'\\', other]),
        }
        at += 2;
    }
    plain
}

/// A block of text; `keep` is what is done with line breaks at its end: all, none, or one where it is not said.
fn join_lines(text: &[u8], lines: &[Span], folded: bool, keep: Option<bool>) -> String {
    let mut joined = String::new();
    let mut previous_more = true;
    for (index, line) in lines.iter().enumerate() {
        let content = String::from_utf8_lossy(line.of(text));
        let more = content.starts_with([' ', '\t']) || content.is_empty();
        if index > 0 {
            let fold = folded && !more && !previous_more;
            let after_blank =
                folded && !more && index > 0 && lines[index - 1].is_empty() && joined.ends_with('\n');
            if fold {
                joined.push(' ');
            } else if !after_blank {
                joined.push('\n');
            }
        }
        joined.push_str(&content);
        previous_more = more;
    }
    match keep {
        Some(true) => joined.push('\n'),
        Some(false) => joined.truncate(joined.trim_end_matches('\n').len()),
        None => {
            joined.truncate(joined.trim_end_matches('\n').len());
            if !joined.is_empty() {
                joined.push('\n');
            }
        }
    }
    joined
}
