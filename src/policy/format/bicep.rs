//! Bicep, into the same blocks as templates in JSON. Must not know rules.

use super::{
    base::{Bounds, after_mark, line_end, lossy, member, number},
    expression::{FOR, LOOP, operation, part_of, signed},
};
use crate::{
    policy::document::{Block, Document, Member, Node, Value},
    text::Span,
};

/// Reads a Bicep file.
pub(super) fn read(text: &[u8]) -> Document {
    let mut reader = Reader {
        text,
        at: after_mark(text),
        bounds: Bounds::default(),
        blocks: Vec::new(),
        parents: Vec::new(),
    };
    reader.statements();
    let mut bounds = Bounds::default();
    std::mem::swap(&mut bounds, &mut reader.bounds);
    reader.blocks.sort_by_key(|block| block.span);
    bounds.document(reader.blocks)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    bounds: Bounds,
    blocks: Vec<Block>,
    /// Types of the resources around.
    parents: Vec<String>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self, breaks: bool) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' if breaks => self.at += 1,
                b'/' if self.text[self.at..].starts_with(b"//") => self.at = line_end(self.text, self.at),
                b'/' if self.text[self.at..].starts_with(b"/*") => {
                    let found = memchr::memmem::find(&self.text[self.at + 2..], b"*/");
                    self.at = found.map_or(self.text.len(), |found| self.at + found + 4);
                }
                _ => return,
            }
        }
    }

    fn word(&mut self) -> Option<Span> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        (self.at > start).then(|| Span::new(start, self.at))
    }

    fn string_of(&self, span: Span) -> String {
        lossy(self.text, span.start, span.end)
    }

    fn statements(&mut self) {
        let mut decorators = Vec::new();
        loop {
            self.blanks(true);
            if self.peek().is_none() || !self.bounds.take(1, self.at) {
                return;
            }
            if self.peek() == Some(b'@') {
                decorators.push(self.decorator());
                continue;
            }
            let start = self.at;
            let known = self.word().map(|word| self.string_of(word));
            let read = match known.as_deref() {
                Some(word @ ("param" | "var" | "output" | "resource" | "module")) => {
                    self.declaration(start, word, std::mem::take(&mut decorators))
                }
                Some(
                    "targetScope" | "metadata" | "import" | "using" | "type" | "func" | "extension"
                    | "provider" | "assert",
                ) => false,
                _ => {
                    self.bounds.note(Span::new(start, start + 1), "a declaration was expected here");
                    false
                }
            };
            if !read {
                self.skip_statement();
            }
        }
    }

    /// `@secure()`, `@allowed([…])`.
    fn decorator(&mut self) -> Member {
        let start = self.at;
        self.at += 1;
        let node = self.expression();
        let name = match &node.value {
            Value::Call(name, _) => name.rsplit('.').next().unwrap_or_default().to_owned(),
            Value::Reference(segments) => segments.last().cloned().unwrap_or_default(),
            _ => String::new(),
        };
        let argument = match node.value {
            Value::Call(_, mut arguments) if arguments.len() == 1 => arguments.remove(0),
            _ => Node::new(node.span, Value::Bool(true)),
        };
        if self.at == start + 1 {
            self.at = line_end(self.text, self.at);
        }
        member(name, Span::new(start, self.at), argument)
    }

    /// To the end of a statement: of the line, and of the brackets that open on it.
    fn skip_statement(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => return,
                b'{' | b'[' | b'(' => self.skip_bracket(),
                _ => self.at += 1,
            }
        }
    }

    fn skip_bracket(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'{' | b'[' | b'(' => depth += 1,
                b'}' | b']' | b')' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        self.at += 1;
                        return;
                    }
                }
                b'\'' => {
                    self.string();
                    continue;
                }
                b'/' => {
                    let before = self.at;
                    self.blanks(false);
                    if self.at > before {
                        continue;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    fn declaration(&mut self, start: usize, word: &str, decorators: Vec<Member>) -> bool {
        self.blanks(false);
        let Some(name_span) = self.word() else {
            self.bounds.note(Span::new(start, self.at), "a name was expected after this");
            return false;
        };
        let name = self.string_of(name_span);
        self.blanks(false);
        if matches!(word, "resource" | "module") {
            return self.resource(start, word, &name);
        }
        // The type, up to the value.
        let from = self.at;
        while self.peek().is_some_and(|byte| !matches!(byte, b'=' | b'\n')) {
            self.at += 1;
        }
        let kind = self.string_of(super::base::trimmed(self.text, from, self.at));
        let mut members = decorators;
        if !kind.is_empty() {
            let place = super::base::trimmed(self.text, from, self.at);
            members.push(member("type".to_owned(), place, Node::new(place, Value::Text(kind))));
        }
        let mut end = self.at;
        if self.peek() == Some(b'=') {
            self.at += 1;
            let node = self.expression();
            end = node.span.end;
            let key = match word {
                "param" => "defaultValue",
                "var" => "default",
                _ => "value",
            };
            members.push(member(key.to_owned(), name_span, node));
        }
        let kind = match word {
            "param" => "parameter",
            "var" => "variable",
            other => other,
        };
        let span = Span::new(start, end);
        self.push(Block {
            kind: kind.to_owned(),
            name,
            span,
            header: Span::new(start, name_span.end),
            root: Node::new(span, Value::Map(members)),
        });
        true
    }

    fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// `resource name 'type@version' = { … }`, also behind `existing`, `if (…)` and `[for … : { … }]`.
    fn resource(&mut self, start: usize, word: &str, name: &str) -> bool {
        if self.peek() != Some(b'\'') {
            self.bounds.note(Span::new(start, self.at), "a type was expected after this");
            return false;
        }
        let of = self.string();
        let written = match &of.value {
            Value::Text(text) => text.split('@').next().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let kind = match self.parents.last() {
            Some(parent) if word == "resource" && !written.contains('.') => format!("{parent}/{written}"),
            _ if word == "module" => "module".to_owned(),
            _ => written,
        };
        let header = Span::new(start, self.at);
        self.blanks(false);
        let mut existing = false;
        while self.peek().is_some_and(|byte| byte != b'=' && byte != b'\n') {
            let at = self.at;
            match self.word() {
                Some(span) => existing |= span.of(self.text) == b"existing",
                None => self.at += 1,
            }
            debug_assert!(self.at > at, "a word or a byte");
        }
        if self.peek() != Some(b'=') {
            return false;
        }
        self.at += 1;
        self.blanks(true);
        let about = self.open_body();
        self.parents.push(kind.clone());
        let mut node = self.expression();
        self.parents.pop();
        if let Value::Map(members) = &mut node.value {
            members.extend(about);
        } else {
            node.value = Value::Map(vec![member(
                crate::policy::document::MORE.to_owned(),
                header,
                Node::new(node.span, Value::Unknown),
            )]);
        }
        let span = Span::new(start, node.span.end.max(header.end));
        let kind = if existing { "existing".to_owned() } else { kind };
        self.push(Block { kind, name: name.to_owned(), span, header, root: node });
        // What closes a loop.
        self.blanks(false);
        while matches!(self.peek(), Some(b']' | b')')) {
            self.at += 1;
            self.blanks(false);
        }
        true
    }

    /// Over `if (…)` and `[for … :` to the brace of a body: what they say, as members of it.
    fn open_body(&mut self) -> Vec<Member> {
        let mut about = Vec::new();
        loop {
            self.blanks(true);
            let start = self.at;
            if self.is_condition() {
                self.at += 2;
                let word = Span::new(start, self.at);
                self.blanks(true);
                if self.peek() == Some(b'(') {
                    about.push(member("condition".to_owned(), word, self.condition()));
                }
            } else if self.is_loop() {
                let head = self.loop_head();
                let word = Span::new(start, self.at);
                if let Some((named, over)) = head {
                    let nothing = || Node::new(word, Value::Null);
                    let always = Node::new(word, Value::Bool(true));
                    let made = Value::Call(FOR.to_owned(), vec![named, over, nothing(), nothing(), always]);
                    about.push(member(LOOP.to_owned(), word, Node::new(word, made)));
                    continue;
                }
                // Up to the colon before the body; a colon in a condition is behind a bracket.
                self.at = start + 1;
                while self.peek().is_some_and(|byte| byte != b':') {
                    match self.peek() {
                        Some(b'(' | b'[' | b'{') => self.skip_bracket(),
                        Some(b'\'') => {
                            self.string();
                        }
                        _ => self.at += 1,
                    }
                }
                self.at = (self.at + 1).min(self.text.len());
            } else {
                return about;
            }
        }
    }

    fn is_condition(&self) -> bool {
        let rest = &self.text[self.at..];
        rest.starts_with(b"if") && rest.get(2).is_some_and(|byte| matches!(byte, b' ' | b'('))
    }

    fn is_loop(&self) -> bool {
        let rest = self.text.get(self.at + 1..).unwrap_or_default().trim_ascii_start();
        self.peek() == Some(b'[')
            && rest.strip_prefix(b"for").is_some_and(|rest| matches!(rest.first(), Some(b' ' | b'(')))
    }

    /// A condition in parentheses; unknown if it is not all that is between them.
    fn condition(&mut self) -> Node {
        let start = self.at;
        let mut node = self.term();
        let read = std::mem::replace(&mut self.at, start);
        self.skip_bracket();
        if self.at != read {
            node.value = Value::Unknown;
        }
        node
    }

    /// `[for item in items:` and `[for (item, number) in items:`, as the names of an element, its number first, and what is gone through.
    fn loop_head(&mut self) -> Option<(Node, Node)> {
        let opened = self.at;
        self.at += 1;
        self.blanks(true);
        self.at += 3;
        self.blanks(true);
        let several = self.peek() == Some(b'(');
        if several {
            self.at += 1;
            self.blanks(true);
        }
        let mut names = vec![self.word().map(|name| self.string_of(name))?];
        self.blanks(true);
        if several {
            (self.peek() == Some(b',')).then(|| self.at += 1)?;
            self.blanks(true);
            names.insert(0, self.word().map(|name| self.string_of(name))?);
            self.blanks(true);
            (self.peek() == Some(b')')).then(|| self.at += 1)?;
            self.blanks(true);
        }
        let named = Node::new(Span::new(opened, self.at), Value::Text(names.join(" ")));
        (self.word()?.of(self.text) == b"in").then_some(())?;
        self.blanks(true);
        let over = self.expression();
        self.blanks(true);
        (self.peek() == Some(b':')).then(|| self.at += 1)?;
        Some((named, over))
    }

    /// `[for … : value]`, as the call that makes its elements.
    fn comprehended(&mut self) -> Option<Value> {
        let (named, over) = self.loop_head()?;
        self.blanks(true);
        let mut condition = Node::new(named.span, Value::Bool(true));
        if self.is_condition() {
            self.at += 2;
            self.blanks(true);
            condition = self.condition();
            self.blanks(true);
        }
        let value = self.expression();
        self.blanks(true);
        (self.peek() == Some(b']')).then(|| self.at += 1)?;
        let nothing = Node::new(value.span, Value::Null);
        Some(Value::Call(FOR.to_owned(), vec![named, over, nothing, value, condition]))
    }
}

/// Expressions.
impl Reader<'_> {
    fn expression(&mut self) -> Node {
        self.blanks(false);
        let start = self.at;
        if !self.bounds.take(1, start) {
            self.at = self.text.len();
            return Node::new(Span::new(start, start), Value::Unknown);
        }
        if !self.bounds.down(start) {
            if matches!(self.peek(), Some(b'{' | b'[' | b'(')) {
                self.skip_bracket();
            } else {
                self.at = self.text.len();
            }
            return Node::new(Span::new(start, self.at), Value::Unknown);
        }
        let mut parts = vec![self.term()];
        let mut operators = Vec::new();
        self.blanks(false);
        while let Some(operator) = self.operator() {
            self.at += operator.len();
            operators.push(operator);
            self.blanks(true);
            parts.push(self.term());
            self.blanks(false);
        }
        let mut node = operation(parts, &operators);
        if self.peek() == Some(b'?') && self.text.get(self.at + 1) != Some(&b'.') {
            self.at += 1;
            self.blanks(true);
            let yes = self.expression();
            self.blanks(true);
            if self.peek() == Some(b':') {
                self.at += 1;
                self.blanks(true);
                let no = self.expression();
                node = Node::new(
                    Span::new(start, no.span.end),
                    Value::Call("if".to_owned(), vec![node, yes, no]),
                );
            } else {
                node.value = Value::Unknown;
            }
        }
        self.bounds.up();
        node
    }

    fn operator(&self) -> Option<&'static str> {
        const OPERATORS: &[&str] =
            &["==", "!=", "=~", "!~", "<=", ">=", "&&", "||", "??", "+", "-", "*", "/", "%", "<", ">"];
        OPERATORS.iter().find(|operator| self.text[self.at..].starts_with(operator.as_bytes())).copied()
    }

    fn term(&mut self) -> Node {
        let start = self.at;
        let node = match self.peek() {
            Some(b'\'') => self.string(),
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'(') => {
                self.at += 1;
                self.blanks(true);
                let inner = self.expression();
                self.blanks(true);
                if self.peek() == Some(b')') {
                    self.at += 1;
                }
                Node::new(Span::new(start, self.at), inner.value)
            }
            Some(b'!' | b'-') => {
                let operator = if self.peek() == Some(b'-') { b'-' } else { b'!' };
                self.at += 1;
                if !self.bounds.down(start) {
                    self.at = self.text.len();
                    return Node::new(Span::new(start, start), Value::Unknown);
                }
                let inner = self.term();
                self.bounds.up();
                return signed(Span::new(start, self.at), &[operator], inner);
            }
            Some(byte) if byte.is_ascii_digit() => {
                self.word();
                let span = Span::new(start, self.at);
                Node::new(span, number(span.of(self.text)).map_or(Value::Unknown, Value::Number))
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => self.named(),
            _ => {
                self.bounds
                    .note(Span::new(start, (start + 1).min(self.text.len())), "a value was expected here");
                if self.peek().is_some_and(|byte| byte != b'\n') {
                    self.at += 1;
                }
                return Node::new(Span::new(start, start), Value::Unknown);
            }
        };
        self.suffix(node)
    }

    fn named(&mut self) -> Node {
        let start = self.at;
        self.word();
        let span = Span::new(start, self.at);
        let name = self.string_of(span);
        if self.peek() == Some(b'(') {
            return self.call(start, name);
        }
        let value = match name.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => Value::Reference(vec![name]),
        };
        Node::new(span, value)
    }

    fn call(&mut self, start: usize, name: String) -> Node {
        let opened = self.at;
        self.at += 1;
        let mut arguments = Vec::new();
        loop {
            self.blanks(true);
            match self.peek() {
                None => break,
                Some(b')') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(_) => {
                    let before = self.at;
                    arguments.push(self.expression());
                    if self.at == before {
                        self.at = opened;
                        self.skip_bracket();
                        break;
                    }
                }
            }
        }
        Node::new(Span::new(start, self.at), Value::Call(name, arguments))
    }

    /// `.name`, `[0]`, `::name`, `.call()` and `!` after a term.
    fn suffix(&mut self, mut node: Node) -> Node {
        loop {
            let segment = match self.peek() {
                Some(b'.' | b':') if self.peek() == Some(b'.') || self.text[self.at..].starts_with(b"::") => {
                    self.at += if self.peek() == Some(b'.') { 1 } else { 2 };
                    if self.peek() == Some(b'?') {
                        self.at += 1;
                    }
                    let name = self.word().map(|word| self.string_of(word)).unwrap_or_default();
                    if self.peek() == Some(b'(') {
                        node = self.call(node.span.start, name);
                        continue;
                    }
                    Node::new(Span::new(self.at - name.len(), self.at), Value::Text(name))
                }
                Some(b'?') if self.text.get(self.at + 1) == Some(&b'.') => {
                    self.at += 1;
                    continue;
                }
                Some(b'[') => {
                    self.at += 1;
                    self.blanks(true);
                    let index = self.expression();
                    self.blanks(true);
                    if self.peek() == Some(b']') {
                        self.at += 1;
                    }
                    match index.value {
                        Value::Number(number) => Node::new(index.span, Value::Text(number.to_string())),
                        _ => index,
                    }
                }
                Some(b'!')
                    if self.text.get(self.at + 1) != Some(&b'=')
                        && self.text.get(self.at + 1) != Some(&b'~') =>
                {
                    self.at += 1;
                    continue;
                }
                _ => return node,
            };
            node.span.end = self.at;
            node.value = part_of(node.value, node.span, segment);
        }
    }

    fn array(&mut self) -> Node {
        let start = self.at;
        if self.is_loop() {
            let made = self.comprehended();
            if made.is_none() {
                self.at = start;
                self.skip_bracket();
            }
            return Node::new(Span::new(start, self.at), made.unwrap_or(Value::Unknown));
        }
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blanks(true);
            match self.peek() {
                None => break,
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(b'.') if self.text[self.at..].starts_with(b"...") => {
                    self.at += 3;
                    let node = self.expression();
                    items.push(Node::new(node.span, Value::Unknown));
                }
                Some(_) => {
                    let before = self.at;
                    items.push(self.expression());
                    if self.at == before {
                        self.at += 1;
                    }
                }
            }
        }
        Node::new(Span::new(start, self.at), Value::List(items))
    }

    fn object(&mut self) -> Node {
        let start = self.at;
        self.at += 1;
        let mut members = Vec::new();
        let mut decorators = Vec::new();
        loop {
            self.blanks(true);
            let from = self.at;
            match self.peek() {
                None => {
                    self.bounds.note(Span::new(start, start + 1), "is never closed");
                    break;
                }
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(b'@') => decorators.push(self.decorator()),
                Some(b'.') if self.text[from..].starts_with(b"...") => {
                    self.at += 3;
                    let node = self.expression();
                    members.push(member(
                        crate::policy::document::MORE.to_owned(),
                        node.span,
                        Node::new(node.span, Value::Unknown),
                    ));
                }
                Some(_) => self.entry(&mut members, &mut decorators),
            }
            if self.at == from {
                self.at += 1;
            }
        }
        Node::new(Span::new(start, self.at), Value::Map(members))
    }

    /// `key: value`, or a resource inside a resource.
    fn entry(&mut self, members: &mut Vec<Member>, decorators: &mut Vec<Member>) {
        let from = self.at;
        let (key, key_span) = if self.peek() == Some(b'\'') {
            let node = self.string();
            match node.value {
                Value::Text(key) => (key, node.span),
                _ => (crate::policy::document::MORE.to_owned(), node.span),
            }
        } else if let Some(span) = self.word() {
            (self.string_of(span), span)
        } else {
            self.bounds.note(Span::new(from, from + 1), "a key was expected here");
            self.skip_statement();
            return;
        };
        self.blanks(false);
        if self.peek() == Some(b':') {
            self.at += 1;
            self.blanks(true);
            let mut node = if self.text[self.at..].starts_with(b"if")
                && self.text.get(self.at + 2).is_some_and(|byte| matches!(byte, b' ' | b'('))
            {
                self.open_body();
                self.expression()
            } else {
                self.expression()
            };
            if key == crate::policy::document::MORE {
                node.value = Value::Unknown;
            }
            members.push(member(key, key_span, node));
            return;
        }
        if key == "resource" && self.declaration(from, "resource", std::mem::take(decorators)) {
            return;
        }
        self.bounds.note(key_span, "a colon is missing after this key");
        self.skip_statement();
    }

    /// A string with `${…}`, or one of several lines in three quotes.
    fn string(&mut self) -> Node {
        if self.text[self.at..].starts_with(b"'''") {
            let start = self.at + 3;
            let found = memchr::memmem::find(&self.text[start..], b"'''");
            let end = found.map_or(self.text.len(), |found| start + found);
            self.at = (end + 3).min(self.text.len());
            return Node::new(Span::new(start, end), Value::Text(lossy(self.text, start, end)));
        }
        self.at += 1;
        let start = self.at;
        let mut parts: Vec<Node> = Vec::new();
        let mut literal = Vec::new();
        let mut from = start;
        loop {
            match self.peek() {
                None | Some(b'\'') => break,
                Some(b'\n') => {
                    self.bounds.note(Span::new(start - 1, start), "this string is never closed");
                    break;
                }
                Some(b'\\') => {
                    match self.text.get(self.at + 1) {
                        Some(b'n') => literal.push(b'\n'),
                        Some(b't') => literal.push(b'\t'),
                        Some(b'r') => literal.push(b'\r'),
                        Some(other) => literal.push(*other),
                        None => {}
                    }
                    self.at = (self.at + 2).min(self.text.len());
                }
                Some(b'$') if self.text.get(self.at + 1) == Some(&b'{') => {
                    if !literal.is_empty() {
                        let text = String::from_utf8_lossy(&std::mem::take(&mut literal)).into_owned();
                        parts.push(Node::new(Span::new(from, self.at), Value::Text(text)));
                    }
                    let open = self.at;
                    self.at += 2;
                    self.blanks(true);
                    let node = self.expression();
                    self.blanks(true);
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                    }
                    parts.push(Node::new(Span::new(open, self.at), node.value));
                    from = self.at;
                }
                Some(byte) => {
                    literal.push(byte);
                    self.at += 1;
                }
            }
        }
        let span = Span::new(start, self.at);
        if self.peek() == Some(b'\'') {
            self.at += 1;
        }
        let text = String::from_utf8_lossy(&literal).into_owned();
        if parts.is_empty() {
            return Node::new(span, Value::Text(text));
        }
        if !text.is_empty() {
            parts.push(Node::new(Span::new(from, span.end), Value::Text(text)));
        }
        let value = if parts.len() == 1 {
            parts.pop().map_or(Value::Unknown, |only| only.value)
        } else {
            Value::Mixed(parts)
        };
        Node::new(span, value)
    }
}
