//! Templates of AWS (`CloudFormation` and SAM) templates, in YAML or JSON: a block for every resource, parameter, condition, mapping and output.
//!
//! Short and long forms of the functions become one: `Ref` and `Fn::GetAtt` are references, `Fn::Sub` is text with parts filled in,
//! `Fn::If` is `if`. Must not know rules.

use super::base::{Bounds, entry_span};
use crate::{
    policy::document::{Block, Document, MORE, Member, Node, Value},
    text::Span,
};

/// The blocks of a template that was read as YAML or JSON.
pub(super) fn blocks(text: &[u8], mut root: Node, bounds: Bounds) -> Document {
    functions(text, &mut root, 0);
    let Value::Map(parts) = root.value else { return bounds.document(Vec::new()) };
    let mut blocks = Vec::new();
    let mut rest = Vec::new();
    for part in parts {
        let kind = match part.key.as_str() {
            "Resources" => "",
            "Parameters" => "parameter",
            "Conditions" => "condition",
            "Mappings" => "mapping",
            "Outputs" => "output",
            "Rules" => "rule",
            _ => {
                rest.push(part);
                continue;
            }
        };
        let Value::Map(members) = part.node.value else { continue };
        blocks.extend(
            members
                .into_iter()
                .filter(|one| one.key != MORE && !one.key.starts_with("Fn::"))
                .map(|one| named(kind, one)),
        );
    }
    if !rest.is_empty() {
        let span = Span::new(rest[0].key_span.start, rest[rest.len() - 1].node.span.end);
        let header = rest[0].key_span;
        blocks.push(Block {
            kind: "template".to_owned(),
            name: String::new(),
            span,
            header,
            root: Node::new(span, Value::Map(rest)),
        });
    }
    blocks.sort_by_key(|block| block.span);
    bounds.document(blocks)
}

fn named(kind: &str, entry: Member) -> Block {
    let span = entry_span(&entry);
    let kind = match entry.node.get("Type").map(|of| &of.value) {
        Some(Value::Text(of)) if kind.is_empty() => of.clone(),
        _ => kind.to_owned(),
    };
    Block { kind, name: entry.key, span, header: entry.key_span, root: entry.node }
}

/// Puts what the functions mean in their place.
fn functions(text: &[u8], node: &mut Node, depth: usize) {
    if depth > super::base::DEEPEST {
        node.value = Value::Unknown;
        return;
    }
    match &mut node.value {
        Value::List(items) | Value::Call(_, items) => {
            items.iter_mut().for_each(|item| functions(text, item, depth + 1));
        }
        Value::Map(members) => {
            members.iter_mut().for_each(|member| functions(text, &mut member.node, depth + 1));
            expand_transforms(members);
        }
        _ => {}
    }
    let call = match &mut node.value {
        Value::Map(members) if members.len() == 1 && is_function(&members[0].key) => {
            members.pop().map(|only| (only.key, only.node))
        }
        Value::Call(name, items) if items.len() == 1 => {
            let name = std::mem::take(name);
            let full = if matches!(name.as_str(), "Ref" | "Condition") || name.starts_with("Fn::") {
                name
            } else {
                format!("Fn::{name}")
            };
            items.pop().map(|argument| (full, argument))
        }
        _ => None,
    };
    if let Some((name, argument)) = call {
        node.value = meaning(text, &name, argument);
    }
}

/// `Fn::Transform` and `Fn::ForEach::…` put members into a map that it does not show.
fn expand_transforms(members: &mut [Member]) {
    if members.len() < 2 {
        return;
    }
    for member in members {
        if member.key == "Fn::Transform" || member.key.starts_with("Fn::ForEach::") {
            MORE.clone_into(&mut member.key);
            member.node.value = Value::Unknown;
        }
    }
}

fn is_function(key: &str) -> bool {
    matches!(key, "Ref" | "Condition") || key.starts_with("Fn::")
}

/// What a call stands for.
fn meaning(text: &[u8], name: &str, argument: Node) -> Value {
    match (name, argument.value) {
        ("Ref" | "Condition", Value::Text(target)) => Value::Reference(vec![target]),
        ("Fn::GetAtt", Value::Text(target)) => {
            Value::Reference(target.splitn(2, '.').map(str::to_owned).collect())
        }
        ("Fn::GetAtt", Value::List(items)) => {
            let segments: Option<Vec<String>> = items
                .iter()
                .map(|item| if let Value::Text(text) = &item.value { Some(text.clone()) } else { None })
                .collect();
            segments.map_or(Value::Unknown, Value::Reference)
        }
        ("Fn::Sub", Value::Text(pattern)) => substitute(text, &pattern, argument.span, &[]),
        ("Fn::Sub", Value::List(items)) => match items.split_first() {
            Some((Node { value: Value::Text(pattern), span }, rest)) => {
                let known = match rest.first().map(|map| &map.value) {
                    Some(Value::Map(members)) => members.as_slice(),
                    _ => &[],
                };
                substitute(text, pattern, *span, known)
            }
            _ => Value::Unknown,
        },
        ("Fn::If", Value::List(items)) => Value::Call("if".to_owned(), items),
        ("Fn::Join", Value::List(items)) => join(items, argument.span),
        ("Fn::Base64", value) => Value::Call("Fn::Base64".to_owned(), vec![Node::new(argument.span, value)]),
        (_, Value::List(items)) => Value::Call(name.to_owned(), items),
        (_, value) => Value::Call(name.to_owned(), vec![Node::new(argument.span, value)]),
    }
}

/// Text with `${Name}` and `${Name.Attribute}`; a name given with the call is what it was given.
fn substitute(text: &[u8], pattern: &str, span: Span, known: &[Member]) -> Value {
    // Where the text stands as it is in the file, its parts have places of their own.
    let exact = span.of(text) == pattern.as_bytes();
    let place =
        |from: usize, to: usize| if exact { Span::new(span.start + from, span.start + to) } else { span };
    let mut parts = Vec::new();
    let mut literal = String::new();
    let (mut at, mut literal_start) = (0, 0);
    while let Some(found) = pattern[at..].find("${") {
        let open = at + found;
        let Some(close) = pattern[open..].find('}').map(|close| open + close) else { break };
        literal.push_str(&pattern[at..open]);
        let name = pattern[open + 2..close].trim();
        if let Some(kept) = name.strip_prefix('!') {
            literal.push_str("${");
            literal.push_str(kept);
            literal.push('}');
        } else {
            if !literal.is_empty() {
                parts.push(Node::new(place(literal_start, open), Value::Text(std::mem::take(&mut literal))));
            }
            let given = known.iter().find(|member| member.key == name);
            parts.push(given.map_or_else(
                || {
                    Node::new(
                        place(open, close + 1),
                        Value::Reference(name.splitn(2, '.').map(str::to_owned).collect()),
                    )
                },
                |given| given.node.clone(),
            ));
            literal_start = close + 1;
        }
        at = close + 1;
    }
    literal.push_str(&pattern[at..]);
    if parts.is_empty() {
        return Value::Text(literal);
    }
    if !literal.is_empty() {
        parts.push(Node::new(place(literal_start, pattern.len()), Value::Text(literal)));
    }
    one_or_mixed(parts)
}

fn one_or_mixed(mut parts: Vec<Node>) -> Value {
    if parts.len() == 1 { parts.pop().map_or(Value::Unknown, |only| only.value) } else { Value::Mixed(parts) }
}

/// Parts joined with a separator; text where all of them are.
fn join(items: Vec<Node>, span: Span) -> Value {
    let [Node { value: Value::Text(separator), .. }, Node { value: Value::List(list), .. }] =
        items.as_slice()
    else {
        return Value::Call("Fn::Join".to_owned(), items);
    };
    let mut parts: Vec<Node> = Vec::new();
    let mut literal = String::new();
    for (index, item) in list.iter().enumerate() {
        if index > 0 {
            literal.push_str(separator);
        }
        match &item.value {
            Value::Text(text) => literal.push_str(text),
            Value::Number(number) => literal.push_str(&number.to_string()),
            Value::Bool(flag) => literal.push_str(if *flag { "true" } else { "false" }),
            _ => {
                if !literal.is_empty() {
                    parts.push(Node::new(item.span, Value::Text(std::mem::take(&mut literal))));
                }
                parts.push(item.clone());
            }
        }
    }
    if parts.is_empty() {
        return Value::Text(literal);
    }
    if !literal.is_empty() {
        parts.push(Node::new(span, Value::Text(literal)));
    }
    one_or_mixed(parts)
}
