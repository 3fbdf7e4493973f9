//! Terraform and what else is HCL: native syntax, `.tf.json` and variable files.
//!
//! A resource is a block of its type, a data source one of `data.TYPE`, a provider one of `provider.NAME`; other blocks are of the
//! kind of their first word. Must not know rules.

use super::{
    base::{Bounds, member},
    expression::dynamic,
    hcl, json,
};
use crate::{
    policy::document::{Block, Document, Node, Value},
    text::Span,
};

/// A `.tf` file.
pub(super) fn read(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let body = hcl::read(text, &mut bounds);
    let mut blocks: Vec<Block> = body.blocks.into_iter().map(top_block).collect();
    if !body.members.is_empty() {
        blocks.insert(0, variables(text, body.members));
    }
    bounds.document(blocks)
}

/// A `.tfvars` file, or another of attributes and blocks: one block `variables` for the attributes.
fn variables(text: &[u8], members: Vec<crate::policy::document::Member>) -> Block {
    let start = members.first().map_or(0, |first| first.key_span.start);
    let end = members.last().map_or(text.len(), |last| last.node.span.end);
    let span = Span::new(start, end);
    let header = members.first().map_or(span, |first| first.key_span);
    Block {
        kind: "variables".to_owned(),
        name: String::new(),
        span,
        header,
        root: Node::new(span, Value::Map(members)),
    }
}

fn top_block(top: hcl::Top) -> Block {
    let mut words = top.words.into_iter().map(|(word, _)| word);
    let first = words.next().unwrap_or_default();
    let labels: Vec<String> = words.collect();
    let (kind, name) = kind_and_name(&first, &labels);
    Block { kind, name, span: top.span, header: top.header, root: top.root }
}

/// What rules select a block by, and what references name it by.
fn kind_and_name(word: &str, labels: &[String]) -> (String, String) {
    let first = labels.first().map_or("", String::as_str);
    let last = labels.last().map_or("", String::as_str);
    match word {
        "resource" if labels.len() > 1 => (first.to_owned(), last.to_owned()),
        "data" | "ephemeral" if labels.len() > 1 => (format!("{word}.{first}"), last.to_owned()),
        "provider" => (format!("provider.{first}"), first.to_owned()),
        _ => (word.to_owned(), last.to_owned()),
    }
}

/// A `.tf.json` or `.tfvars.json` file.
pub(super) fn read_json(text: &[u8], variables_only: bool) -> Document {
    let mut bounds = Bounds::default();
    let mut root = json::read(text, &mut bounds);
    fill_in(text, &mut root, &mut bounds);
    let Value::Map(members) = root.value else { return bounds.document(Vec::new()) };
    let mut blocks = Vec::new();
    if variables_only {
        if !members.is_empty() {
            blocks.push(variables(text, members));
        }
        return bounds.document(blocks);
    }
    for part in members {
        let labels = match part.key.as_str() {
            "resource" | "data" | "ephemeral" => 2,
            "provider" | "variable" | "output" | "module" => 1,
            _ => 0,
        };
        labelled(&part.key, &mut Vec::new(), labels, (part.key_span, part.node), &mut blocks);
    }
    blocks.sort_by_key(|block| block.span);
    bounds.document(blocks)
}

/// The blocks under so many levels of labels.
fn labelled(word: &str, labels: &mut Vec<String>, levels: usize, at: (Span, Node), blocks: &mut Vec<Block>) {
    let (key_span, node) = at;
    match node.value {
        Value::List(items) => {
            for item in items {
                labelled(word, labels, levels, (key_span, item), blocks);
            }
        }
        Value::Map(members) if levels > 0 => {
            for inner in members.into_iter().filter(|member| member.key != "//") {
                labels.push(inner.key);
                labelled(word, labels, levels - 1, (inner.key_span, inner.node), blocks);
                labels.pop();
            }
        }
        Value::Map(members) if levels == 0 => {
            let (kind, name) = kind_and_name(word, labels);
            let span = Span::new(key_span.start, node.span.end);
            blocks.push(Block {
                kind,
                name,
                span,
                header: key_span,
                root: Node::new(node.span, Value::Map(dynamics(members))),
            });
        }
        _ => {}
    }
}

/// `"dynamic": {"ingress": {"content": …}}` as a call under the name of what it makes.
fn dynamics(members: Vec<crate::policy::document::Member>) -> Vec<crate::policy::document::Member> {
    let mut out = Vec::with_capacity(members.len());
    for part in members {
        if part.key != "dynamic" {
            out.push(part);
            continue;
        }
        let maps = match part.node.value {
            Value::List(items) => items,
            _ => vec![part.node],
        };
        for map in maps {
            let Value::Map(kinds) = map.value else { continue };
            for kind in kinds {
                let span = kind.node.span;
                let inner = match kind.node.value {
                    Value::List(items) => items,
                    _ => vec![kind.node],
                };
                let mut made = Vec::new();
                for one in inner {
                    let Value::Map(members) = one.value else { continue };
                    made.extend(dynamic(&kind.key, one.span, members));
                }
                out.push(member(kind.key, kind.key_span, Node::new(span, Value::List(made))));
            }
        }
    }
    out
}

/// Every string of JSON syntax is a template.
fn fill_in(text: &[u8], node: &mut Node, bounds: &mut Bounds) {
    match &mut node.value {
        Value::Text(string) if string.contains("${") || string.contains("%{") => {
            let written = node.span.of(text);
            if written.contains(&b'\\') {
                // Offsets inside cannot be told from the unescaped text: every part stands where the string does.
                let mut value = hcl::template(string.as_bytes(), Span::new(0, string.len()), bounds);
                place(&mut value, node.span);
                node.value = value;
            } else {
                node.value = hcl::template(text, node.span, bounds);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| fill_in(text, item, bounds)),
        Value::Map(members) => members.iter_mut().for_each(|member| fill_in(text, &mut member.node, bounds)),
        _ => {}
    }
}

fn place(value: &mut Value, span: Span) {
    match value {
        Value::List(items) | Value::Call(_, items) | Value::Mixed(items) => {
            for item in items {
                item.span = span;
                place(&mut item.value, span);
            }
        }
        Value::Map(members) => {
            for member in members {
                member.key_span = span;
                member.node.span = span;
                place(&mut member.node.value, span);
            }
        }
        _ => {}
    }
}
