//! Templates of Azure Resource Manager, in JSON and in Bicep: a block for every resource, also those inside others, and for every
//! parameter, variable, output and module.
//!
//! Properties keep their names. A reference to a parameter or variable is its name alone; both are blocks of that name, a variable
//! with its value as `default`. Must not know rules.

use super::{
    base::{Bounds, DEEPEST, as_text, entry_block, entry_span, member},
    expression::part_of,
    json,
};
use crate::{
    policy::document::{Block, Document, Member, Node, Value},
    text::Span,
};

/// A template in JSON.
pub(super) fn read(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let mut root = json::read(text, &mut bounds);
    expressions(&mut root, 0);
    let mut blocks = Vec::new();
    template(root, "", &mut blocks, 0);
    bounds.document(blocks)
}

fn template(root: Node, parent: &str, blocks: &mut Vec<Block>, depth: usize) {
    let Value::Map(members) = root.value else { return };
    for part in members {
        match (part.key.as_str(), part.node.value) {
            ("resources", Value::List(items)) => {
                items.into_iter().for_each(|item| resource(item, parent, blocks, depth));
            }
            // Since languageVersion 2.0 resources may have names instead of places.
            ("resources", Value::Map(entries)) => {
                entries.into_iter().for_each(|entry| resource(entry.node, parent, blocks, depth));
            }
            ("parameters", Value::Map(entries)) => {
                blocks.extend(entries.into_iter().map(|entry| entry_block("parameter", entry)));
            }
            ("variables", Value::Map(entries)) => blocks.extend(entries.into_iter().map(variable)),
            ("outputs", Value::Map(entries)) => {
                blocks.extend(entries.into_iter().map(|entry| entry_block("output", entry)));
            }
            _ => {}
        }
    }
}

/// A variable, with its value as its default.
fn variable(entry: Member) -> Block {
    let span = entry_span(&entry);
    let root = Node::new(
        entry.node.span,
        Value::Map(vec![member("default".to_owned(), entry.key_span, entry.node)]),
    );
    Block { kind: "variable".to_owned(), name: entry.key, span, header: entry.key_span, root }
}

/// A resource; those inside it are blocks of their own with the full type, and stay in its tree, too.
fn resource(node: Node, parent: &str, blocks: &mut Vec<Block>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    let kind = as_text(node.get("type")).unwrap_or_default();
    let kind = if parent.is_empty() || kind.contains('/') && kind.contains('.') {
        kind.to_owned()
    } else {
        format!("{parent}/{kind}")
    };
    let name = as_text(node.get("name")).unwrap_or_default().to_owned();
    let header = node.member("type").map_or(Span::new(node.span.start, node.span.start + 1), entry_span);
    let children = node.get("resources").cloned();
    let nested = node.get("properties").and_then(|properties| properties.get("template")).cloned();
    blocks.push(Block { kind: kind.clone(), name, span: node.span, header, root: node });
    if let Some(Node { value: Value::List(items), .. }) = children {
        items.into_iter().for_each(|item| resource(item, &kind, blocks, depth + 1));
    }
    if let Some(nested) = nested {
        template(nested, "", blocks, depth + 1);
    }
}

/// Strings in brackets are expressions; `[[` is a bracket.
fn expressions(node: &mut Node, depth: usize) {
    match &mut node.value {
        Value::Text(string) if string.starts_with("[[") => *string = string.split_off(1),
        Value::Text(string) if string.starts_with('[') && string.ends_with(']') => {
            let inner = &string[1..string.len() - 1];
            node.value = Expression { text: inner.as_bytes(), at: 0, span: node.span, depth: 0 }.whole();
        }
        Value::List(items) if depth < DEEPEST => {
            items.iter_mut().for_each(|item| expressions(item, depth + 1));
        }
        Value::Map(members) if depth < DEEPEST => {
            members.iter_mut().for_each(|member| expressions(&mut member.node, depth + 1));
        }
        _ => {}
    }
}

/// An expression of a template. Its parts all stand where the string does.
struct Expression<'t> {
    text: &'t [u8],
    at: usize,
    span: Span,
    depth: usize,
}

impl Expression<'_> {
    fn whole(mut self) -> Value {
        let value = self.value();
        self.blanks();
        if self.at < self.text.len() { Value::Unknown } else { value }
    }

    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Value {
        if self.depth > 32 {
            self.at = self.text.len() + 1;
            return Value::Unknown;
        }
        self.blanks();
        let start = self.at;
        match self.text.get(self.at) {
            Some(b'\'') => Value::Text(self.string()),
            Some(byte) if byte.is_ascii_digit() || *byte == b'-' => {
                self.at += 1;
                while self.text.get(self.at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
                    self.at += 1;
                }
                super::base::number(&self.text[start..self.at]).map_or(Value::Unknown, Value::Number)
            }
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => self.call(),
            _ => {
                self.at = self.text.len() + 1;
                Value::Unknown
            }
        }
    }

    fn string(&mut self) -> String {
        let mut string = Vec::new();
        self.at += 1;
        while let Some(&byte) = self.text.get(self.at) {
            self.at += 1;
            if byte == b'\'' {
                if self.text.get(self.at) != Some(&b'\'') {
                    break;
                }
                self.at += 1;
            }
            string.push(byte);
        }
        String::from_utf8_lossy(&string).into_owned()
    }

    fn call(&mut self) -> Value {
        let start = self.at;
        while self
            .text
            .get(self.at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        {
            self.at += 1;
        }
        let name = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
        self.blanks();
        let mut arguments = Vec::new();
        if self.text.get(self.at) == Some(&b'(') {
            self.at += 1;
            loop {
                self.blanks();
                match self.text.get(self.at) {
                    Some(b')') => {
                        self.at += 1;
                        break;
                    }
                    Some(b',') => self.at += 1,
                    Some(_) => {
                        self.depth += 1;
                        let value = self.value();
                        self.depth -= 1;
                        arguments.push(Node::new(self.span, value));
                    }
                    None => break,
                }
            }
        }
        let value = meaning(&name, arguments);
        self.parts(value)
    }

    /// `.name` and `[0]` after a value.
    fn parts(&mut self, value: Value) -> Value {
        let mut value = value;
        loop {
            let segment = match self.text.get(self.at) {
                Some(b'.') => {
                    let start = self.at + 1;
                    self.at = start;
                    while self
                        .text
                        .get(self.at)
                        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                    {
                        self.at += 1;
                    }
                    Value::Text(String::from_utf8_lossy(&self.text[start..self.at]).into_owned())
                }
                Some(b'[') => {
                    self.at += 1;
                    self.depth += 1;
                    let index = self.value();
                    self.depth -= 1;
                    self.blanks();
                    if self.text.get(self.at) == Some(&b']') {
                        self.at += 1;
                    }
                    match index {
                        Value::Number(number) => Value::Text(number.to_string()),
                        other => other,
                    }
                }
                _ => return value,
            };
            value = part_of(value, self.span, Node::new(self.span, segment));
        }
    }
}

/// What a function gives, as far as that can be said.
fn meaning(name: &str, mut arguments: Vec<Node>) -> Value {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "parameters" | "variables" => match arguments.first().map(|argument| &argument.value) {
            Some(Value::Text(target)) => Value::Reference(vec![target.clone()]),
            _ => Value::Unknown,
        },
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        "if" => Value::Call("if".to_owned(), arguments),
        "createarray" => Value::List(arguments),
        "concat"
            if arguments.iter().all(|argument| {
                matches!(argument.value, Value::Text(_) | Value::Reference(_) | Value::Mixed(_))
            }) =>
        {
            if arguments.iter().all(|argument| matches!(argument.value, Value::Text(_))) {
                return Value::Text(
                    arguments.iter().filter_map(|argument| as_text(Some(argument))).collect(),
                );
            }
            if arguments.len() == 1 {
                arguments.pop().map_or(Value::Unknown, |only| only.value)
            } else {
                Value::Mixed(arguments)
            }
        }
        _ => Value::Call(name.to_owned(), arguments),
    }
}
