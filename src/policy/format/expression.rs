//! Expressions as trees of calls: operators, parts taken out of a value, blocks that a loop makes.
//!
//! Chains of any length stay flat, so that no tree is deeper than the brackets of its file. Must not compute anything.

use super::base::as_text;
use crate::{
    policy::document::{MORE, Member, Node, Value},
    text::Span,
};

/// Operators between terms of which a tree is made; what has more is unknown.
const MOST_OPERATORS: usize = 24;
/// The function of an expression that is not computed.
const OPAQUE: &str = "expression";
/// The function that takes a part out of a value: the value, then keys and numbers on the way.
pub(in crate::policy) const PART: &str = "[]";
/// The function that makes blocks: what it goes through, the name of an element in the last argument, the content of each.
pub(in crate::policy) const DYNAMIC: &str = "dynamic";

/// The function that makes a list or map of another: the names of an element, what it goes through, a key or nothing, a value, a
/// condition.
pub(in crate::policy) const FOR: &str = "for";

/// The key under which a block says what loop makes it: [`FOR`] without key and value.
pub(in crate::policy) const LOOP: &str = "for";

/// How tightly an operator binds.
fn strength(operator: &str) -> u8 {
    match operator {
        "??" => 0,
        "||" => 1,
        "&&" => 2,
        "==" | "!=" | "=~" | "!~" => 3,
        "<" | ">" | "<=" | ">=" => 4,
        "+" | "-" => 5,
        _ => 6,
    }
}

/// `parts` with `operators` between them, one fewer.
pub(super) fn operation(mut parts: Vec<Node>, operators: &[&str]) -> Node {
    let ends = parts.first().zip(parts.last()).map(|(first, last)| (first.span.start, last.span.end));
    let span = ends.map_or(Span::default(), |(start, end)| Span::new(start, end.max(start)));
    // The last of the operators that bind least is done last.
    let Some(last) = (0..operators.len()).min_by_key(|&at| (strength(operators[at]), operators.len() - at))
    else {
        return parts.pop().unwrap_or_else(|| Node::new(span, Value::Unknown));
    };
    if operators.len() > MOST_OPERATORS || parts.len() != operators.len() + 1 {
        return Node::new(span, Value::Call(OPAQUE.to_owned(), parts));
    }
    let right = operation(parts.split_off(last + 1), &operators[last + 1..]);
    let left = operation(parts, &operators[..last]);
    Node::new(span, Value::Call(operators[last].to_owned(), vec![left, right]))
}

/// A term behind `!` and `-`.
pub(super) fn signed(span: Span, operators: &[u8], node: Node) -> Node {
    if operators.is_empty() {
        return node;
    }
    match (operators, node.value) {
        ([b'-'], Value::Number(number)) => Node::new(span, Value::Number(-number)),
        ([operator], value) => {
            let name = char::from(*operator).to_string();
            Node::new(span, Value::Call(name, vec![Node::new(node.span, value)]))
        }
        (_, value) => Node::new(span, Value::Call(OPAQUE.to_owned(), vec![Node::new(node.span, value)])),
    }
}

/// A part of `value`. Of a resource that is one among several the reference says `*`; of what may be known, the key is kept.
pub(super) fn part_of(value: Value, span: Span, key: Node) -> Value {
    match value {
        Value::Reference(mut segments) => {
            let name = as_text(Some(&key)).map(str::to_owned);
            let given = matches!(segments[..], [ref first, ..] if first == "var" || first == "local")
                || segments.get(1).is_some_and(|second| second == "value" || second == "key")
                || segments.len() == 1;
            match name {
                Some(name) => segments.push(name),
                None if given => {
                    let whole = Node::new(span, Value::Reference(segments));
                    return Value::Call(PART.to_owned(), vec![whole, key]);
                }
                None => segments.push(MORE.to_owned()),
            }
            Value::Reference(segments)
        }
        Value::Call(name, mut arguments) if name == PART => {
            arguments.push(key);
            Value::Call(name, arguments)
        }
        value => Value::Call(PART.to_owned(), vec![Node::new(span, value), key]),
    }
}

/// What `dynamic "name" { for_each, iterator, content }` makes: one call for each content, unknown if there is none.
pub(super) fn dynamic(name: &str, span: Span, members: Vec<Member>) -> Vec<Node> {
    let (mut over, mut iterator) = (Node::new(span, Value::Unknown), name.to_owned());
    let mut contents = Vec::new();
    for member in members {
        match (member.key.as_str(), member.node.value) {
            ("content", Value::List(items)) => contents.extend(items),
            ("content", value) => contents.push(Node::new(member.node.span, value)),
            ("for_each", value) => over = Node::new(member.node.span, value),
            ("iterator", Value::Reference(segments)) => iterator = segments.concat(),
            ("iterator", Value::Text(text)) => iterator = text,
            _ => {}
        }
    }
    if contents.is_empty() {
        return vec![Node::new(span, Value::Unknown)];
    }
    let iterator = Node::new(span, Value::Text(iterator));
    let call = |content: Node| {
        let span = content.span;
        Node::new(span, Value::Call(DYNAMIC.to_owned(), vec![over.clone(), iterator.clone(), content]))
    };
    contents.into_iter().map(call).collect()
}
