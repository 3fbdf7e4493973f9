//! HCL, native syntax: Terraform, Terragrunt, Packer, Vault, Consul and Nomad.
//!
//! Expressions are not evaluated: what is not a literal is a reference, a call (operators are), or a mixture of parts. After an error reading goes on
//! with the next line. Must not know what a block is about.

use super::{
    base::{Bounds, Group, after_mark, line_end, lossy, member, number},
    expression::{FOR, dynamic, operation, part_of, signed},
};
use crate::{
    policy::document::{MORE, Member, Node, Value},
    text::Span,
};

/// The content of a file or of a block's braces.
#[derive(Debug)]
pub(super) struct Body {
    /// Attributes, and blocks inside blocks.
    pub(super) members: Vec<Member>,
    /// Blocks of a file, in order.
    pub(super) blocks: Vec<Top>,
}

/// A block that is in no other.
#[derive(Debug)]
pub(super) struct Top {
    /// The word it begins with, and its labels.
    pub(super) words: Vec<(String, Span)>,
    /// From its first word to its brace.
    pub(super) header: Span,
    /// From its first word to after its closing brace.
    pub(super) span: Span,
    /// What is in its braces.
    pub(super) root: Node,
}

/// A file.
pub(super) fn read(text: &[u8], bounds: &mut Bounds) -> Body {
    let mut reader =
        Reader { text, end: text.len(), at: after_mark(text), bounds, inside: 0, search: SEARCH };
    let mut blocks = Vec::new();
    let members = reader.body(Some(&mut blocks));
    Body { members, blocks }
}

/// A string of `.tf.json`, in which templates are filled in.
pub(super) fn template(text: &[u8], span: Span, bounds: &mut Bounds) -> Value {
    let mut reader = Reader { text, end: span.end, at: span.start, bounds, inside: 1, search: SEARCH };
    reader.template_parts(None, true).value
}

struct Reader<'t, 'b> {
    text: &'t [u8],
    /// Where reading ends: inside a heredoc before the end of the text.
    end: usize,
    at: usize,
    bounds: &'b mut Bounds,
    /// Open brackets and parentheses: in them a line break is a blank.
    inside: usize,
    /// Bytes that may still be passed over in search of a closing bracket.
    search: usize,
}

/// Bytes passed over in search of closing brackets, in all: enough for a document of the greatest length with an error in every block.
const SEARCH: usize = 16 << 20;

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || byte >= 0x80
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<u8> {
        if self.at < self.end { Some(self.text[self.at]) } else { None }
    }

    fn rest(&self) -> &[u8] {
        &self.text[self.at.min(self.end)..self.end]
    }

    fn starts(&self, what: &[u8]) -> bool {
        self.rest().starts_with(what)
    }

    /// Over blanks and comments, and over line breaks where these mean nothing.
    fn blanks(&mut self, breaks: bool) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' if breaks => self.at += 1,
                b'#' => self.at = line_end(self.text, self.at).min(self.end),
                b'/' if self.starts(b"//") => self.at = line_end(self.text, self.at).min(self.end),
                b'/' if self.starts(b"/*") => {
                    let found = memchr::memmem::find(&self.rest()[2..], b"*/");
                    self.at = found.map_or(self.end, |found| self.at + found + 4);
                }
                _ => return,
            }
        }
    }

    fn space(&mut self) {
        self.blanks(self.inside > 0);
    }

    fn word(&mut self) -> Option<Span> {
        let start = self.at;
        if self.peek().is_some_and(|byte| byte.is_ascii_digit() || byte == b'-') {
            return None;
        }
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
        (self.at > start).then(|| Span::new(start, self.at))
    }

    fn string_of(&self, span: Span) -> String {
        lossy(self.text, span.start, span.end)
    }

    fn here(&self) -> Span {
        Span::new(self.at, (self.at + 1).min(self.end).max(self.at))
    }

    /// Notes what is wrong and goes to the end of the line.
    fn skip_line(&mut self, message: &str) {
        self.bounds.note(self.here(), message);
        self.at = line_end(self.text, self.at).min(self.end);
    }

    /// Attributes and blocks, up to a closing brace or the end.
    fn body(&mut self, mut top: Option<&mut Vec<Top>>) -> Vec<Member> {
        let mut group = Group::default();
        loop {
            self.blanks(true);
            let start = self.at;
            match self.peek() {
                None => break,
                Some(b'}') if top.is_none() => break,
                Some(_) if !self.bounds.take(1, start) => {
                    self.at = self.end;
                    break;
                }
                Some(b'"') => {
                    let key = self.label();
                    self.item(start, key, &mut group, top.as_deref_mut());
                }
                Some(_) => match self.word() {
                    Some(span) => {
                        let key = (self.string_of(span), span);
                        self.item(start, key, &mut group, top.as_deref_mut());
                    }
                    None => self.skip_line("a name was expected here"),
                },
            }
        }
        group.into_members()
    }

    /// An attribute or a block, after its first word.
    fn item(&mut self, start: usize, key: (String, Span), group: &mut Group, top: Option<&mut Vec<Top>>) {
        self.blanks(false);
        if matches!(self.peek(), Some(b'=' | b':')) && !self.starts(b"==") {
            self.at += 1;
            // A value on the next line is an error of the language, and clear all the same.
            self.blanks(false);
            let node = self.expression();
            self.blanks(false);
            group.set(member(key.0, key.1, node));
            if !matches!(self.peek(), None | Some(b'\n' | b'}' | b',')) {
                self.skip_line("is out of place after a value");
            } else if self.peek() == Some(b',') {
                self.at += 1;
            }
            return;
        }
        let mut words = vec![key];
        loop {
            self.blanks(false);
            match self.peek() {
                Some(b'"') => {
                    let label = self.label();
                    words.push(label);
                }
                Some(b'{') => break,
                _ => match self.word() {
                    Some(span) => words.push((self.string_of(span), span)),
                    None => {
                        self.skip_line("an equals sign or an opening brace was expected here");
                        return;
                    }
                },
            }
        }
        let header = Span::new(start, self.at + 1);
        let (opened, root) = self.braces();
        let root = Node::new(Span::new(opened, self.at), Value::Map(root));
        let span = Span::new(start, self.at);
        match top {
            Some(blocks) => blocks.push(Top { words, header, span, root }),
            None => self.nested(words, span, root, group),
        }
    }

    /// What is in the braces at this place, and where they open.
    fn braces(&mut self) -> (usize, Vec<Member>) {
        let opened = self.at;
        if !self.bounds.down(opened) {
            self.skip_bracket();
            return (opened, Vec::new());
        }
        self.at += 1;
        let inside = std::mem::take(&mut self.inside);
        let members = self.body(None);
        self.inside = inside;
        self.bounds.up();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else if !self.bounds.spent() {
            self.bounds.note(Span::new(opened, opened + 1), "this block is never closed");
        }
        (opened, members)
    }

    /// A block inside a block: labels are keys on the way to its content, and `dynamic` is a call of the name of what it makes.
    fn nested(&mut self, mut words: Vec<(String, Span)>, span: Span, root: Node, group: &mut Group) {
        if words.len() == 2 && words[0].0 == "dynamic" {
            let Value::Map(members) = root.value else { return };
            let (name, name_span) = words.swap_remove(1);
            for node in dynamic(&name, span, members) {
                group.push(&name, name_span, node);
            }
            return;
        }
        let mut node = root;
        while words.len() > 1 {
            let Some((label, label_span)) = words.pop() else { break };
            let place = node.span;
            node = Node::new(place, Value::Map(vec![member(label, label_span, node)]));
        }
        if let Some((key, key_span)) = words.pop() {
            node.span = Span::new(key_span.start, node.span.end);
            group.push(&key, key_span, node);
        }
    }

    /// A quoted label or key; what would be filled in stands as it is.
    fn label(&mut self) -> (String, Span) {
        let node = self.quoted();
        let text = match node.value {
            Value::Text(text) => text,
            _ => self.string_of(node.span),
        };
        (text, node.span)
    }

    /// Over the bracket at this place and what it holds; to the end of the line where it is never closed.
    fn skip_bracket(&mut self) {
        let opened = self.at;
        if !self.find_close() {
            self.at = line_end(self.text, opened).min(self.end);
        }
    }

    /// To after the bracket that closes the one at this place; false where none does.
    fn find_close(&mut self) -> bool {
        let opened = self.at;
        let mut open: Vec<u8> = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b'{' => open.push(b'}'),
                b'[' => open.push(b']'),
                b'(' => open.push(b')'),
                b'}' | b']' | b')' => {
                    if open.pop() != Some(byte) {
                        break;
                    }
                    if open.is_empty() {
                        self.at += 1;
                        self.search = self.search.saturating_sub(self.at - opened);
                        return true;
                    }
                }
                b'"' => {
                    self.skip_string();
                    continue;
                }
                b'#' | b'/' => self.blanks(true),
                _ => {}
            }
            self.at += usize::from(self.peek() == Some(byte));
            if self.at - opened > self.search {
                break;
            }
        }
        self.search = self.search.saturating_sub(self.at - opened);
        false
    }

    /// Over a string without a look at what would be filled in; it ends with its line.
    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' | b'\n' => return,
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        self.at = self.at.min(self.end);
    }
}

/// Expressions.
impl Reader<'_, '_> {
    fn unknown(&self, start: usize) -> Node {
        Node::new(Span::new(start, self.at.max(start)), Value::Unknown)
    }

    fn expression(&mut self) -> Node {
        let start = self.at;
        if !self.bounds.down(start) {
            // Brackets are left as a whole, so that what follows is read again.
            if matches!(self.peek(), Some(b'{' | b'[' | b'(')) {
                self.skip_bracket();
            } else {
                self.at = self.end;
            }
            return self.unknown(start);
        }
        let node = self.conditional(start);
        self.bounds.up();
        node
    }

    fn conditional(&mut self, start: usize) -> Node {
        let condition = self.operands();
        self.space();
        if self.peek() != Some(b'?') {
            return condition;
        }
        self.at += 1;
        self.blanks(true);
        let yes = self.expression();
        self.blanks(true);
        if self.peek() != Some(b':') {
            self.bounds.note(self.here(), "a colon was expected here");
            return self.unknown(start);
        }
        self.at += 1;
        self.blanks(true);
        let no = self.expression();
        Node::new(Span::new(start, no.span.end), Value::Call("if".to_owned(), vec![condition, yes, no]))
    }

    /// Terms with operators between them.
    fn operands(&mut self) -> Node {
        const OPERATORS: &[&str] = &["==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/", "%", "<", ">"];
        let mut parts = vec![self.unary()];
        let mut operators = Vec::new();
        loop {
            self.space();
            let Some(found) = OPERATORS.iter().find(|operator| self.starts(operator.as_bytes())) else {
                break;
            };
            self.at += found.len();
            operators.push(*found);
            self.blanks(true);
            parts.push(self.unary());
        }
        operation(parts, &operators)
    }

    fn unary(&mut self) -> Node {
        let start = self.at;
        let mut operators = Vec::new();
        while let Some(byte @ (b'!' | b'-')) = self.peek() {
            operators.push(byte);
            self.at += 1;
            self.space();
        }
        let node = self.postfix();
        signed(Span::new(start, node.span.end.max(start)), &operators, node)
    }

    /// A term with what is taken out of it: `.name`, `[0]`, `[*]`.
    fn postfix(&mut self) -> Node {
        let mut node = self.term();
        loop {
            if self.inside > 0 {
                self.blanks(true);
            }
            let segment = match self.peek() {
                Some(b'.') if !self.starts(b"..") => {
                    self.at += 1;
                    let start = self.at;
                    let name = self.attribute();
                    Node::new(Span::new(start, self.at), name.map_or(Value::Unknown, Value::Text))
                }
                Some(b'[') => self.index(),
                _ => return node,
            };
            node.span.end = self.at;
            node.value = part_of(node.value, node.span, segment);
        }
    }

    fn attribute(&mut self) -> Option<String> {
        let start = self.at;
        if self.peek() == Some(b'*') {
            self.at += 1;
            return Some(MORE.to_owned());
        }
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
        if start == self.at {
            self.bounds.note(self.here(), "a name was expected after the dot");
            return None;
        }
        Some(lossy(self.text, start, self.at))
    }

    /// What is in the brackets after a term.
    fn index(&mut self) -> Node {
        let opened = self.at;
        self.at += 1;
        self.inside += 1;
        self.blanks(true);
        let mut node = if self.peek() == Some(b'*') {
            self.at += 1;
            Node::new(Span::new(opened, self.at), Value::Text(MORE.to_owned()))
        } else {
            self.expression()
        };
        if matches!(node.value, Value::Number(_)) {
            node.value = Value::Text(self.string_of(node.span));
        }
        self.blanks(true);
        self.close(b']', opened);
        node
    }

    /// The bracket that closes; if something else stands there, what is up to the bracket is left out.
    fn close(&mut self, bracket: u8, opened: usize) {
        self.inside -= 1;
        if self.peek() == Some(bracket) {
            self.at += 1;
            return;
        }
        if self.bounds.spent() {
            return;
        }
        self.bounds.note(self.here(), "is out of place inside brackets");
        let stray = self.at;
        self.at = opened;
        if self.find_close() && self.at > stray {
            return;
        }
        // Never closed: what stands there is read as if it were, from the start of its line if nothing is before it.
        self.at = stray;
        while self.at > opened && matches!(self.text[self.at - 1], b' ' | b'\t') {
            self.at -= 1;
        }
        if self.at > opened && self.text[self.at - 1] == b'\n' {
            self.at -= 1;
        } else {
            self.at = line_end(self.text, stray).min(self.end);
        }
    }

    fn term(&mut self) -> Node {
        let start = self.at;
        if !self.bounds.take(1, start) {
            self.at = self.end;
            return self.unknown(start);
        }
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'<') if self.starts(b"<<") => self.heredoc(),
            Some(b'[') => self.tuple(),
            Some(b'{') => self.object(),
            Some(b'(') => {
                self.at += 1;
                self.inside += 1;
                self.blanks(true);
                let node = self.expression();
                self.blanks(true);
                self.close(b')', start);
                Node::new(Span::new(start, self.at), node.value)
            }
            Some(byte) if byte.is_ascii_digit() => self.number(),
            Some(_) => match self.word() {
                Some(span) => self.named(span),
                None => {
                    self.bounds.note(self.here(), "a value was expected here");
                    self.unknown(start)
                }
            },
            None => {
                self.bounds.note(self.here(), "a value was expected here");
                self.unknown(start)
            }
        }
    }

    fn number(&mut self) -> Node {
        let start = self.at;
        while let Some(byte) = self.peek() {
            let exponent = matches!(byte, b'+' | b'-') && matches!(self.text[self.at - 1], b'e' | b'E');
            let point = byte == b'.' && self.text.get(self.at + 1).is_some_and(u8::is_ascii_digit);
            if !byte.is_ascii_alphanumeric() && !exponent && !point {
                break;
            }
            self.at += 1;
        }
        let span = Span::new(start, self.at);
        let value =
            number(span.of(self.text)).map_or_else(|| Value::Text(self.string_of(span)), Value::Number);
        Node::new(span, value)
    }

    /// A keyword, a call or a reference.
    fn named(&mut self, span: Span) -> Node {
        let start = span.start;
        while self.starts(b"::") {
            self.at += 2;
            self.word();
        }
        if self.peek() == Some(b'(') {
            let name = lossy(self.text, start, self.at);
            let opened = self.at;
            self.at += 1;
            let arguments = self.items(b')', opened);
            return Node::new(Span::new(start, self.at), Value::Call(name, arguments));
        }
        let value = match span.of(self.text) {
            b"true" => Value::Bool(true),
            b"false" => Value::Bool(false),
            b"null" => Value::Null,
            _ => Value::Reference(vec![self.string_of(span)]),
        };
        Node::new(span, value)
    }

    fn tuple(&mut self) -> Node {
        let start = self.at;
        self.at += 1;
        if let Some(node) = self.comprehension(start) {
            return node;
        }
        let items = self.items(b']', start);
        Node::new(Span::new(start, self.at), Value::List(items))
    }

    /// `for … in …`, after the bracket at `start`, up to the one that closes; unknown where it is not written as it should be.
    fn comprehension(&mut self, start: usize) -> Option<Node> {
        self.blanks(true);
        if !self.starts(b"for")
            || self.text.get(self.at + 3).copied().is_none_or(is_word)
            || self.at + 3 >= self.end
        {
            return None;
        }
        let inside = self.inside;
        self.at += 3;
        self.inside += 1;
        let value = self.comprehended(if self.text[start] == b'{' { b'}' } else { b']' });
        self.inside = inside;
        if value.is_none() {
            self.at = start;
            self.skip_bracket();
        }
        Some(Node::new(Span::new(start, self.at), value.unwrap_or(Value::Unknown)))
    }

    /// What stands behind `for`, as a call: the names of an element, what it goes through, a key or nothing, a value, a condition.
    fn comprehended(&mut self, close: u8) -> Option<Value> {
        let mut names = Vec::new();
        let opened = self.at;
        loop {
            self.blanks(true);
            names.push(self.word().map(|name| self.string_of(name))?);
            self.blanks(true);
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
        }
        let named = Node::new(Span::new(opened, self.at), Value::Text(names.join(" ")));
        (self.word()?.of(self.text) == b"in" && names.len() < 3).then_some(())?;
        self.blanks(true);
        let over = self.expression();
        self.blanks(true);
        (self.peek() == Some(b':')).then(|| self.at += 1)?;
        self.blanks(true);
        let mut value = self.expression();
        let mut key = Node::new(value.span, Value::Null);
        self.blanks(true);
        if self.starts(b"=>") {
            self.at += 2;
            self.blanks(true);
            key = std::mem::replace(&mut value, key);
            value = self.expression();
            self.blanks(true);
        }
        let mut condition = Node::new(value.span, Value::Bool(true));
        if self.starts(b"if") {
            self.at += 2;
            self.blanks(true);
            condition = self.expression();
            self.blanks(true);
        }
        (self.peek() == Some(close) && (close == b'}') == (key.value != Value::Null)).then_some(())?;
        self.at += 1;
        Some(Value::Call(FOR.to_owned(), vec![named, over, key, value, condition]))
    }

    /// Values up to `close`; the opening bracket is read.
    fn items(&mut self, close: u8, opened: usize) -> Vec<Node> {
        self.inside += 1;
        let mut items = Vec::new();
        loop {
            self.blanks(true);
            match self.peek() {
                None => break,
                Some(byte) if byte == close => break,
                Some(b',') => self.at += 1,
                Some(_) => {
                    let before = self.at;
                    items.push(self.expression());
                    self.blanks(true);
                    if self.starts(b"...") {
                        self.at += 3;
                        // Its elements are the arguments.
                        if let Some(last) = items.last_mut() {
                            last.value = Value::Unknown;
                        }
                        self.blanks(true);
                    }
                    let separated = self.peek().is_none_or(|byte| byte == b',' || byte == close);
                    if !separated || self.at == before {
                        break;
                    }
                }
            }
        }
        self.close(close, opened);
        items
    }

    fn object(&mut self) -> Node {
        let start = self.at;
        self.at += 1;
        if let Some(node) = self.comprehension(start) {
            return node;
        }
        self.inside += 1;
        let mut members = Vec::new();
        loop {
            self.blanks(true);
            match self.peek() {
                None | Some(b'}') => break,
                Some(b',') => self.at += 1,
                Some(_) => {
                    let Some((key, key_span)) = self.object_key() else { break };
                    self.blanks(true);
                    if !matches!(self.peek(), Some(b'=' | b':')) || self.starts(b"==") {
                        break;
                    }
                    self.at += 1;
                    self.blanks(true);
                    // A line break ends a member, so that an operator may not be looked for behind it.
                    let inside = std::mem::take(&mut self.inside);
                    let mut node = self.expression();
                    self.inside = inside;
                    if key == MORE {
                        node.value = Value::Unknown;
                    }
                    members.push(member(key, key_span, node));
                    self.blanks(false);
                    if !matches!(self.peek(), None | Some(b',' | b'\n' | b'}')) {
                        break;
                    }
                }
            }
        }
        self.close(b'}', start);
        Node::new(Span::new(start, self.at), Value::Map(members))
    }

    /// A key; one that is an expression stands as it is written, or says that the map has more.
    fn object_key(&mut self) -> Option<(String, Span)> {
        let start = self.at;
        match self.peek()? {
            b'"' => {
                let node = self.quoted();
                let Value::Text(key) = node.value else { return Some((MORE.to_owned(), node.span)) };
                Some((key, node.span))
            }
            b'(' => {
                self.skip_bracket();
                Some((MORE.to_owned(), Span::new(start, self.at)))
            }
            _ => {
                while self.peek().is_some_and(|byte| is_word(byte) || byte == b'.') {
                    self.at += 1;
                }
                let span = Span::new(start, self.at);
                (!span.is_empty()).then(|| (self.string_of(span), span))
            }
        }
    }
}

/// Strings and templates.
impl Reader<'_, '_> {
    /// The quoted string at this place.
    fn quoted(&mut self) -> Node {
        self.at += 1;
        self.template_parts(Some(b'"'), true)
    }

    /// `<<END` and `<<-END`. Indentation stays, so that offsets in the text are offsets in the file.
    fn heredoc(&mut self) -> Node {
        let start = self.at;
        self.at += 2;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let Some(marker) = self.word() else {
            self.skip_line("the name of a heredoc was expected here");
            return self.unknown(start);
        };
        let marker = marker.of(self.text).to_vec();
        let content = (line_end(self.text, self.at) + 1).min(self.end);
        let mut line = content;
        let closing = loop {
            if line >= self.end {
                self.bounds.note(Span::new(start, content), "this heredoc is never closed");
                break self.end;
            }
            let end = line_end(self.text, line).min(self.end);
            if self.text[line..end].trim_ascii() == marker {
                break line;
            }
            line = end + 1;
        };
        self.at = content;
        let end = std::mem::replace(&mut self.end, closing);
        let node = self.template_parts(None, false);
        self.end = end;
        self.at = line_end(self.text, closing).min(self.end);
        if self.inside > 0 && closing < self.end {
            // `EOT)` and `EOT,` are not allowed; the marker stands alone on its line.
            self.at = line_end(self.text, closing).min(self.end);
        }
        node
    }

    /// Literal text and what is filled in, up to `close` or the end. `escapes` says whether a backslash means something.
    fn template_parts(&mut self, close: Option<u8>, escapes: bool) -> Node {
        let start = self.at;
        let mut parts: Vec<Node> = Vec::new();
        let mut literal = Literal { start, text: Vec::new() };
        loop {
            let Some(byte) = self.peek() else {
                if close.is_some() {
                    self.bounds.note(Span::new(start, start + 1), "this string is never closed");
                }
                break;
            };
            match byte {
                _ if close == Some(byte) => break,
                b'\n' if close.is_some() => {
                    self.bounds.note(Span::new(start, start + 1), "this string is never closed");
                    break;
                }
                b'\\' if escapes => self.escape(&mut literal.text),
                b'$' | b'%'
                    if self.text.get(self.at + 1) == Some(&byte)
                        && self.text.get(self.at + 2) == Some(&b'{') =>
                {
                    literal.text.extend_from_slice(&[byte, b'{']);
                    self.at += 3;
                }
                b'$' | b'%' if self.text.get(self.at + 1) == Some(&b'{') && self.at + 1 < self.end => {
                    literal.flush(self.at, &mut parts);
                    let part = self.filled(byte == b'%');
                    parts.push(part);
                    literal.start = self.at;
                }
                _ => self.plain(close, escapes, &mut literal.text),
            }
            if self.bounds.spent() {
                break;
            }
        }
        let end = self.at.min(self.end);
        if close.is_some() && self.peek() == close {
            self.at += 1;
        }
        let span = Span::new(start, end);
        if parts.is_empty() {
            return Node::new(span, Value::Text(into_string(literal.text)));
        }
        literal.flush(end, &mut parts);
        match parts.pop() {
            // Nothing but one value filled in: it is that value.
            Some(only) if parts.is_empty() => Node::new(span, only.value),
            Some(last) => {
                parts.push(last);
                Node::new(span, Value::Mixed(parts))
            }
            None => Node::new(span, Value::Unknown),
        }
    }

    /// Bytes up to the next that means something.
    fn plain(&mut self, close: Option<u8>, escapes: bool, text: &mut Vec<u8>) {
        let from = self.at;
        self.at += 1;
        while let Some(byte) = self.peek() {
            if matches!(byte, b'$' | b'%')
                || (escapes && byte == b'\\')
                || (close.is_some() && (close == Some(byte) || byte == b'\n'))
            {
                break;
            }
            self.at += 1;
        }
        text.extend_from_slice(&self.text[from..self.at]);
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let rest = self.rest();
        let length = match rest.get(1) {
            Some(b'u') => 6,
            Some(b'U') => 10,
            _ => 2,
        };
        let escaped = &rest[..length.min(rest.len())];
        if length == 10 {
            let code = str::from_utf8(escaped.get(2..).unwrap_or_default())
                .ok()
                .and_then(|digits| u32::from_str_radix(digits, 16).ok());
            let letter = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            text.extend_from_slice(super::json::unescape(escaped).as_bytes());
        }
        self.at = (self.at + escaped.len()).min(self.end);
    }

    /// `${ … }`, or `%{ … }`, whose part is unknown.
    fn filled(&mut self, directive: bool) -> Node {
        let start = self.at;
        if directive {
            self.at += 1;
            self.skip_bracket();
            return self.unknown(start);
        }
        self.at += 2;
        if self.peek() == Some(b'~') {
            self.at += 1;
        }
        self.inside += 1;
        self.blanks(true);
        let node = self.expression();
        self.blanks(true);
        if self.starts(b"~}") {
            self.at += 1;
        }
        self.close(b'}', start + 1);
        Node::new(Span::new(start, self.at), node.value)
    }
}

/// Literal text being gathered.
struct Literal {
    start: usize,
    text: Vec<u8>,
}

impl Literal {
    fn flush(&mut self, end: usize, parts: &mut Vec<Node>) {
        if !self.text.is_empty() {
            let text = into_string(std::mem::take(&mut self.text));
            parts.push(Node::new(Span::new(self.start, end), Value::Text(text)));
        }
    }
}

fn into_string(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
