//! Tests of single values: what a value is, and how it compares.
//!
//! Must not follow paths.

use std::borrow::Cow;

use super::{Here, Judge, Reached, Truth};
use crate::{
    policy::{
        document::{Node, Value},
        format::{self, Format},
    },
    rule::{Literal, Test},
    text::Span,
};

/// Lists in lists and functions in functions that a test goes into.
const DEEPEST: usize = 8;
/// Bytes of a text that is put together; beyond that, its parts are not known.
const LONGEST: usize = 4 << 20;
/// Bytes of a value below which nothing is looked for in it.
const SHORTEST_SECRET: usize = 8;
/// Bytes of a key and what stands between it and its value; more is not a key.
const LONGEST_KEY: usize = 200;
/// Stands for a part of a text that is not known: no expression of a rule names it.
const HOLE: char = '\u{fffc}';

/// Functions whose value passes a test if one of their arguments does.
pub(super) fn passes_through(name: &str) -> bool {
    matches!(
        name,
        "tolist"
            | "toset"
            | "tostring"
            | "tonumber"
            | "tobool"
            | "lower"
            | "upper"
            | "trimspace"
            | "sensitive"
            | "nonsensitive"
            | "flatten"
            | "compact"
            | "distinct"
            | "concat"
            | "setunion"
            | "sort"
            | "one"
    )
}

/// Whether what stands here passes the test; `None` if nothing is written.
pub(super) fn passes(judge: &Judge<'_>, at: Here<'_>, test: &Test, nocase: bool) -> Option<Truth> {
    match test {
        Test::Literal(wanted) => {
            let node = judge.world.behind_locals(at.node);
            return Some((is_literal(node)? == *wanted).into());
        }
        Test::Secretlike => {
            is_literal(at.node)?;
            let found = if at.own { (judge.secretlike)(judge.world.text, at.node.span) } else { None };
            judge.seen.set(found);
            return Some((found.is_some() || is_secret_elsewhere(judge, at)).into());
        }
        _ => {}
    }
    one(judge, at, (test, nocase), 0)
}

fn one(judge: &Judge<'_>, at: Here<'_>, ask: (&Test, bool), depth: usize) -> Option<Truth> {
    if depth > DEEPEST || !judge.world.step() {
        return Some(Truth::Unknown);
    }
    let (node, own) = judge.world.resolve(at.node, at.own);
    let at = Here { node, own, ..at };
    let down = |node| one(judge, Here { node, ..at }, ask, depth + 1);
    match &node.value {
        Value::Null => None,
        Value::List(items) => some(items.iter().map(down)),
        Value::Call(name, items) if passes_through(name) => some(items.iter().map(down)),
        Value::Call(name, items) => {
            let branches = match (name.as_str(), items.as_slice()) {
                ("if" | "Fn::If", [_, yes, no]) => [yes, no],
                _ => return Some(Truth::Unknown),
            };
            // Which of the two it is cannot be known: only what both are is.
            match branches.map(|node| down(node).unwrap_or(Truth::False)) {
                [Truth::True, Truth::True] => Some(Truth::True),
                [Truth::False, Truth::False] => Some(Truth::False),
                _ => Some(Truth::Unknown),
            }
        }
        Value::Reference(_) | Value::Unknown => Some(Truth::Unknown),
        Value::Mixed(_) => Some(mixed(judge, node, ask.0)),
        _ => Some(plain(judge, node, ask).into()),
    }
}

/// True if one is true, unknown if one may be, and nothing if there is none.
fn some(items: impl Iterator<Item = Option<Truth>>) -> Option<Truth> {
    let mut sum = None;
    for item in items.flatten() {
        sum = match (sum, item) {
            (_, Truth::True) => return Some(Truth::True),
            (Some(Truth::Unknown), _) | (_, Truth::Unknown) => Some(Truth::Unknown),
            _ => Some(Truth::False),
        };
    }
    sum
}

/// A text of which parts are not known: what an expression finds in the known ones, it finds.
fn mixed(judge: &Judge<'_>, node: &Node, test: &Test) -> Truth {
    let mut text = String::new();
    let whole = render(judge, node, 0, &mut text);
    let filled = Node::new(node.span, Value::Text(text));
    if whole {
        return plain(judge, &filled, (test, false)).into();
    }
    let Value::Text(text) = &filled.value else { return Truth::Unknown };
    match test {
        Test::Matches(expression) if judge.expressions.matches(expression, text) => Truth::True,
        Test::NotMatches(expression) if judge.expressions.matches(expression, text) => Truth::False,
        _ => Truth::Unknown,
    }
}

/// Writes the text with [`HOLE`]s; false if there are any.
pub(crate) fn render(judge: &Judge<'_>, node: &Node, depth: usize, text: &mut String) -> bool {
    let (node, _) = judge.world.resolve(node, true);
    match &node.value {
        Value::Text(part) if text.len() + part.len() <= LONGEST => text.push_str(part),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Mixed(parts) if depth < DEEPEST && text.len() < LONGEST => {
            let mut whole = true;
            for part in parts {
                whole &= render(judge, part, depth + 1, text);
            }
            return whole;
        }
        _ => {
            text.push(HOLE);
            return false;
        }
    }
    true
}

/// Whether something is there: not `null`, and not a reference to it.
pub(super) fn is_there(judge: &Judge<'_>, at: Here<'_>) -> Truth {
    let (node, _) = judge.world.resolve(at.node, at.own);
    match &node.value {
        Value::Null => Truth::False,
        Value::Unknown => Truth::Unknown,
        Value::List(items) if items.is_empty() => Truth::False,
        Value::Call(name, items) if matches!(name.as_str(), "if" | "Fn::If") => {
            let there = |node: &Node| is_there(judge, Here { node, ..at });
            match items.as_slice() {
                [_, yes, no] if there(yes) == Truth::True && there(no) == Truth::True => Truth::True,
                _ => Truth::Unknown,
            }
        }
        _ => Truth::True,
    }
}

/// Whether the credential rules see something in a value that is written elsewhere, or put together of what is: it is shown to
/// them under the key that it is given to here.
fn is_secret_elsewhere(judge: &Judge<'_>, at: Here<'_>) -> bool {
    let node = unencoded(at.node);
    if !at.own || !leads_elsewhere(judge, node, 0) {
        return false;
    }
    let mut value = String::new();
    render(judge, node, 0, &mut value);
    if value.len() < SHORTEST_SECRET {
        return false;
    }
    let key = Span::new(at.span.start.min(at.node.span.start), at.node.span.start);
    let key = if key.len() <= LONGEST_KEY { key.of(judge.world.text) } else { b"" };
    let mut text = key.to_vec();
    let quote: &[u8] = if value.contains('\n') { b"\n" } else { b"\"" };
    text.extend_from_slice(quote);
    text.extend_from_slice(value.replace(HOLE, "${_}").as_bytes());
    text.extend_from_slice(quote);
    let whole = Span::new(0, text.len());
    (judge.secretlike)(&text, whole).is_some()
}

/// What a function that encodes is given.
fn unencoded(node: &Node) -> &Node {
    match &node.value {
        Value::Call(name, arguments) if matches!(name.as_str(), "base64encode" | "base64" | "Fn::Base64") => {
            arguments.first().unwrap_or(node)
        }
        _ => node,
    }
}

/// Whether a node, or a part of it, is known and not written where it stands.
fn leads_elsewhere(judge: &Judge<'_>, node: &Node, depth: usize) -> bool {
    match &node.value {
        Value::Meant(_) => true,
        Value::Reference(_) => {
            let (value, _) = judge.world.resolve(node, true);
            matches!(value.value, Value::Text(_) | Value::Mixed(_))
        }
        Value::Mixed(parts) if depth < DEEPEST => {
            parts.iter().any(|part| leads_elsewhere(judge, part, depth + 1))
        }
        _ => false,
    }
}

/// Whether a value is written out; `None` if nothing is.
fn is_literal(node: &Node) -> Option<bool> {
    match &node.value {
        Value::Null => None,
        Value::Text(text) => Some(!text.is_empty()),
        Value::Bool(_) | Value::Number(_) => Some(true),
        Value::List(items) => {
            Some(!items.is_empty() && items.iter().all(|item| is_literal(item) == Some(true)))
        }
        _ => Some(false),
    }
}

/// The test of a value in the rule.
pub(super) fn literal_passes(judge: &Judge<'_>, literal: &Literal, test: &Test, nocase: bool) -> bool {
    let value = match literal {
        Literal::Bool(flag) => Value::Bool(*flag),
        Literal::Number(number) => Value::Number(*number),
        Literal::Text(text) => Value::Text(text.to_string()),
    };
    plain(judge, &Node::new(Span::default(), value), (test, nocase))
}

/// The test of a value that is known.
fn plain(judge: &Judge<'_>, node: &Node, (test, nocase): (&Test, bool)) -> bool {
    match test {
        Test::In(list) => list.iter().any(|literal| equal(&node.value, literal, nocase)),
        Test::NotIn(list) => !list.iter().any(|literal| equal(&node.value, literal, nocase)),
        Test::Matches(expression) => {
            as_text(&node.value).is_some_and(|text| judge.expressions.matches(expression, &text))
        }
        Test::NotMatches(expression) => {
            as_text(&node.value).is_none_or(|text| !judge.expressions.matches(expression, &text))
        }
        Test::Lt(limit) => as_number(&node.value).is_some_and(|number| number < *limit),
        Test::Gt(limit) => as_number(&node.value).is_some_and(|number| number > *limit),
        Test::World => as_text(&node.value).is_some_and(|text| is_world(&text)),
        Test::Wider(bits) => as_text(&node.value).is_some_and(|text| {
            prefix(&text).is_some_and(|prefix| prefix < u32::from(*bits)) || is_world(&text)
        }),
        Test::Covers(ports) => covers(&node.value, ports),
        Test::Literal(_) | Test::Secretlike => false,
    }
}

fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        _ => None,
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn as_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Text(text) => {
            let word = text.trim().to_ascii_lowercase();
            match word.as_str() {
                "true" | "yes" | "on" => Some(true),
                "false" | "no" | "off" => Some(false),
                _ => None,
            }
        }
        _ => None,
    }
}

fn equal(value: &Value, literal: &Literal, nocase: bool) -> bool {
    match literal {
        Literal::Bool(flag) => as_bool(value) == Some(*flag),
        Literal::Number(number) => as_number(value) == Some(*number),
        Literal::Text(wanted) => as_text(value)
            .is_some_and(|text| if nocase { text.eq_ignore_ascii_case(wanted) } else { text == *wanted }),
    }
}

/// Bits of the prefix of an address range.
fn prefix(text: &str) -> Option<u32> {
    let (address, bits) = text.trim().rsplit_once('/')?;
    address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':')).then_some(())?;
    bits.parse().ok()
}

/// Whether a text stands for every address.
fn is_world(text: &str) -> bool {
    let text = text.trim();
    prefix(text) == Some(0)
        || matches!(
            text.to_ascii_lowercase().as_str(),
            "*" | "any" | "internet" | "0.0.0.0" | "<nw>/0" | "/0" | "::"
        )
}

/// Whether ports as written include one of `ports`.
fn covers(value: &Value, ports: &[u16]) -> bool {
    if let Value::Number(number) = value {
        return *number < 0.0 || ports.iter().any(|&port| f64::from(port) == *number);
    }
    let Value::Text(text) = value else { return false };
    text.split(',').map(str::trim).any(|part| {
        if matches!(part.to_ascii_lowercase().as_str(), "*" | "-1" | "any" | "all") {
            return true;
        }
        let (low, high) = part.split_once(['-', ':', '/']).unwrap_or((part, part));
        let (Ok(low), Ok(high)) = (low.trim().parse::<u16>(), high.trim().parse::<u16>()) else {
            return false;
        };
        ports.iter().any(|port| (low..=high).contains(port))
    })
}

/// Reads on in a text that holds JSON, or in what a function makes JSON of.
pub(crate) fn with_json(judge: &Judge<'_>, at: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    let (node, own) = judge.world.resolve(at.node, at.own);
    let at = Here { node, own, ..at };
    match &node.value {
        Value::Null => {}
        Value::Map(_) | Value::List(_) => found(Reached::Node(at)),
        Value::Call(name, arguments) if name == "jsonencode" || name == "yamlencode" => {
            if let Some(argument) = arguments.first() {
                let (node, own) = judge.world.resolve(argument, own);
                found(Reached::Node(Here { node, own, span: if own { node.span } else { at.span }, ..at }));
            }
        }
        Value::Text(text) => found_in(judge, text, at, found),
        Value::Mixed(_) => {
            let mut text = String::new();
            render(judge, node, 0, &mut text);
            found_in(judge, &text, at, found);
        }
        _ => found(Reached::Unknown),
    }
}

fn found_in(judge: &Judge<'_>, text: &str, at: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    if !text.trim_start().starts_with(['{', '[']) {
        return found(Reached::Unknown);
    }
    // Where the text stands in the source as it is, what is in it can be pointed at.
    let written = at.node.span.of(judge.world.text);
    let from = if at.own { memchr::memmem::find(written, text.as_bytes()) } else { None };
    let place = match from {
        Some(from) => Placing::At(at.node.span.start + from),
        None => Placing::Whole(at.node.span),
    };
    for block in format::parse(Format::Json, text.as_bytes()).blocks {
        let mut root = block.root;
        put(&mut root, place);
        found(Reached::Node(Here { node: &root, ..at }));
    }
}

/// Where a tree read from a text in a document is put.
#[derive(Clone, Copy)]
enum Placing {
    /// From this offset on.
    At(usize),
    /// Everything at one place.
    Whole(Span),
}

impl Placing {
    const fn of(self, span: Span) -> Span {
        match self {
            Self::At(offset) => span.shifted(offset),
            Self::Whole(whole) => whole,
        }
    }
}

/// Gives the nodes of a tree their places in the document, and makes what holds a hole unknown.
fn put(node: &mut Node, place: Placing) {
    node.span = place.of(node.span);
    let span = node.span;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| put(item, place)),
        Value::Map(members) => {
            for member in members {
                member.key_span = place.of(member.key_span);
                put(&mut member.node, place);
            }
        }
        Value::Text(text) if text.contains(HOLE) => {
            let mut parts = Vec::new();
            for (index, part) in text.split(HOLE).enumerate() {
                if index > 0 {
                    parts.push(Node::new(span, Value::Unknown));
                }
                if !part.is_empty() {
                    parts.push(Node::new(span, Value::Text(part.to_owned())));
                }
            }
            node.value = match parts.len() {
                1 => parts.remove(0).value,
                _ => Value::Mixed(parts),
            };
        }
        _ => {}
    }
}
