//! A document as an outline for people who write rules, and for tests. Must not know rules.

use std::fmt::Write as _;

use crate::policy::document::{Document, Node, Value};

/// Longest literal that an outline shows whole, in letters.
const SHOWN: usize = 60;

/// `document` as lines: a block with its kind and name, then its tree, each node with the line it stands on.
#[must_use]
pub fn outline(document: &Document, text: &[u8]) -> String {
    let feeds = memchr::memchr_iter(b'\n', text).collect();
    let mut lines = Lines { out: String::new(), feeds };
    for block in &document.blocks {
        let line = lines.line(block.header.start);
        let kind = if block.kind.is_empty() { "-" } else { &block.kind };
        let name = if block.name.is_empty() { String::new() } else { format!(" {:?}", block.name) };
        lines.push(0, &format!("{kind}{name}"), line);
        lines.tree(1, &block.root);
    }
    for note in &document.notes {
        let line = lines.line(note.span.start);
        lines.push(0, &format!("note: {}", note.message), line);
    }
    lines.out
}

struct Lines {
    out: String,
    /// Where the lines end.
    feeds: Vec<usize>,
}

impl Lines {
    fn line(&self, offset: usize) -> usize {
        self.feeds.partition_point(|feed| *feed < offset) + 1
    }

    fn push(&mut self, depth: usize, what: &str, line: usize) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "{:indent$}{what}  @{line}", "", indent = depth * 2);
    }

    /// What is below a node.
    fn tree(&mut self, depth: usize, node: &Node) {
        match &node.value {
            Value::Map(members) => {
                for member in members {
                    let line = self.line(member.key_span.start);
                    self.node(depth, &member.key, &member.node, line);
                }
            }
            Value::List(items) => {
                for item in items {
                    let line = self.line(item.span.start);
                    self.node(depth, "-", item, line);
                }
            }
            _ => {
                let line = self.line(node.span.start);
                self.node(depth, ".", node, line);
            }
        }
    }

    fn node(&mut self, depth: usize, label: &str, node: &Node, line: usize) {
        match &node.value {
            Value::Map(members) if !members.is_empty() => {
                self.push(depth, label, line);
                self.tree(depth + 1, node);
            }
            Value::List(items)
                if !items.is_empty()
                    && items.iter().any(|item| matches!(item.value, Value::Map(_) | Value::List(_))) =>
            {
                self.push(depth, label, line);
                self.tree(depth + 1, node);
            }
            value => {
                let short = short(value);
                self.push(depth, &format!("{label}: {short}"), line);
            }
        }
    }
}

/// A value on one line.
fn short(value: &Value) -> String {
    let all = |items: &[Node]| items.iter().map(|item| short(&item.value)).collect::<Vec<_>>().join(", ");
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Text(text) if text.chars().count() > SHOWN => {
            let start: String = text.chars().take(SHOWN).collect();
            format!("{start:?}…")
        }
        Value::Text(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", all(items)),
        Value::Map(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|member| format!("{}: {}", member.key, short(&member.node.value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Reference(segments) => format!("→{}", segments.join(".")),
        Value::Call(name, arguments) => format!("{name}({})", all(arguments)),
        Value::Mixed(parts) => format!("<{}>", all(parts)),
        Value::Meant(meant) => format!("={}", short(&meant.value)),
        Value::Unknown => "?".to_owned(),
    }
}
