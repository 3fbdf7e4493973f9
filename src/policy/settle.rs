//! Expressions worked out: which branch a condition takes, what a loop makes, what functions give of what is known.
//!
//! What does not come to a value stays as it is written. A variable without a value from a file has its default, but never
//! makes a block go away: whoever uses the module may say otherwise. Must not know rules.

mod functions;

use std::cell::Cell;

use bstr::BString;

use super::{
    document::{Block, Member, Node, Value},
    format::expression::{DYNAMIC, LOOP},
    resolve::{World, is_terraform},
};
use crate::text::Span;

/// Expressions in expressions, and references that lead to references.
const DEEPEST: usize = 48;
/// Nodes made for one block; the largest policy of a public repository takes a tenth.
const MOST_NODES: u32 = 50_000;
/// Bytes of one text that is put together, and elements of one list: the longest policy of AWS takes a third.
const LONGEST: usize = 64 << 10;
/// Elements of one loop that are looked at.
const MOST_ELEMENTS: usize = 64;

/// What a block comes to.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// The blocks that it makes, none if there are none of it; `None` if it is as it is written.
    pub(super) blocks: Option<Vec<Block>>,
    /// Values that it rests on: in which files, and where.
    pub(super) touched: Vec<(BString, Span)>,
}

/// Values of names that only stand in a part of the document: `each`, `count`, the name of an element.
type Names<'n> = &'n [(String, Node)];

/// Works out `block`.
pub(super) fn settle<'w>(world: &'w World<'w>, block: &Block) -> Settled {
    let terraform =
        is_terraform(world.format) && !matches!(block.kind.as_str(), "locals" | "variables" | "variable");
    let loops = ["for_each", "count"].iter().find_map(|key| block.root.get(key)).filter(|_| terraform);
    let azure = matches!(world.format.name(), "arm" | "bicep");
    let condition = block.root.get("condition").filter(|_| azure);
    let made = block.root.get(LOOP).filter(|_| azure);
    if loops.is_none() && condition.is_none() && !has_expressions(&block.root) {
        return Settled::default();
    }
    let settler =
        Settler { world, left: Cell::new(MOST_NODES), guessed: Cell::new(false), touched: Cell::default() };
    let copies = match loops {
        Some(over) => settler.elements_of(block, over),
        None if condition.is_some_and(|condition| settler.is_never(condition)) => Vec::new(),
        None => made.and_then(|made| settler.elements_in(block, made)).unwrap_or_else(|| vec![Vec::new()]),
    };
    let copy = |names: &Vec<(String, Node)>| Block {
        kind: block.kind.clone(),
        name: block.name.clone(),
        span: block.span,
        header: block.header,
        root: without(settler.plain(&block.root, names, 0), made.map(|_| LOOP)),
    };
    let blocks = Some(copies.iter().map(copy).collect());
    Settled { blocks, touched: settler.touched.take() }
}

/// A node of which all that can be told is told, and nothing refers to anything any more; with the values it rests on.
pub(super) fn closed<'w>(world: &'w World<'w>, node: &Node) -> (Node, Vec<(BString, Span)>) {
    let settler =
        Settler { world, left: Cell::new(MOST_NODES), guessed: Cell::new(false), touched: Cell::default() };
    let node = settler.closed(node, 0);
    (node, settler.touched.take())
}

/// A map without the member named `key`.
fn without(mut node: Node, key: Option<&str>) -> Node {
    if let (Value::Map(members), Some(key)) = (&mut node.value, key) {
        members.retain(|member| member.key != key);
    }
    node
}

/// The same keys with what `of` makes of their nodes.
fn with_nodes(members: &[Member], of: impl Fn(&Node) -> Node) -> Value {
    let made = |member: &Member| Member {
        key: member.key.clone(),
        key_span: member.key_span,
        node: of(&member.node),
    };
    Value::Map(members.iter().map(made).collect())
}

/// Whether anything below a node may come to something else than it is written as.
fn has_expressions(node: &Node) -> bool {
    match &node.value {
        Value::Call(..) => true,
        Value::List(items) | Value::Mixed(items) => items.iter().any(has_expressions),
        Value::Map(members) => members.iter().any(|member| has_expressions(&member.node)),
        _ => false,
    }
}

struct Settler<'w> {
    world: &'w World<'w>,
    /// Nodes that may still be made.
    left: Cell<u32>,
    /// Whether what was last worked out rests on the default of a variable.
    guessed: Cell<bool>,
    touched: Cell<Vec<(BString, Span)>>,
}

impl<'w> Settler<'w> {
    /// The names that each element of a loop over the whole block brings; none for a block that is not there.
    fn elements_of(&self, block: &Block, over: &Node) -> Vec<Vec<(String, Node)>> {
        self.guessed.set(false);
        let counted = block.root.get("for_each").is_none();
        let known = self.known(over, &[], 0);
        let elements = match known.as_ref().map(|known| &known.value) {
            Some(Value::Number(count)) if counted => numbers(*count),
            Some(Value::Bool(there)) if counted => numbers(f64::from(u8::from(*there))),
            Some(Value::Text(count)) if counted => count.parse().map(numbers).unwrap_or_default(),
            _ if counted => None,
            Some(_) => known.as_ref().and_then(|known| pairs(known, over.span)),
            None => None,
        };
        let name = if counted { "count" } else { "each" };
        match elements {
            Some(elements) if elements.is_empty() && !self.guessed.get() => Vec::new(),
            // Elements that cannot be told apart are looked at once.
            Some(elements) if !elements.is_empty() && mentions(&block.root, name) => {
                elements.into_iter().map(|element| vec![(name.to_owned(), element)]).collect()
            }
            _ => vec![Vec::new()],
        }
    }

    /// The names that each element of a loop around a block brings, as Bicep has it; `None` if they are not known, or all the same.
    fn elements_in(&self, block: &Block, made: &Node) -> Option<Vec<Vec<(String, Node)>>> {
        let Value::Call(_, arguments) = &made.value else { return None };
        let [Node { value: Value::Text(called), .. }, over, ..] = arguments.as_slice() else { return None };
        self.guessed.set(false);
        let over = self.known(over, &[], 0)?;
        let elements = pairs(&over, made.span)?;
        if elements.is_empty() {
            return (!self.guessed.get()).then(Vec::new);
        }
        let differ = called.split(' ').any(|name| mentions(&block.root, name));
        differ.then(|| elements.iter().enumerate().map(|one| named(called, &over, one, made.span)).collect())
    }

    /// Whether a condition does not hold whatever is given to the template.
    fn is_never(&self, condition: &Node) -> bool {
        self.truth(condition, &[], 0) == Some(false) && !self.guessed.get()
    }

    fn take(&self) -> bool {
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        left > 0 && self.world.step()
    }

    /// A node as it stands in its place: what is a reference stays one, so that it is followed where a rule asks.
    fn plain(&self, node: &Node, names: Names<'_>, depth: usize) -> Node {
        if depth > DEEPEST || !self.take() {
            return Node::new(node.span, Value::Unknown);
        }
        let all = |items: &[Node]| self.all(items, names, depth + 1);
        let value = match &node.value {
            Value::List(items) => Value::List(all(items)),
            Value::Mixed(items) => Value::Mixed(all(items)),
            Value::Map(members) => with_nodes(members, |node| self.plain(node, names, depth + 1)),
            Value::Reference(segments) => {
                return match self.named(segments, names) {
                    Some(given) => self.lent(given, node.span),
                    None => node.clone(),
                };
            }
            Value::Call(name, arguments) => return self.call(node, (name, arguments), names, depth),
            other => other.clone(),
        };
        Node::new(node.span, value)
    }

    /// Elements of a list, with what loops among them make.
    fn all(&self, items: &[Node], names: Names<'_>, depth: usize) -> Vec<Node> {
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            match &item.value {
                Value::Call(name, arguments) if name == DYNAMIC => {
                    self.made(arguments, names, depth, &mut all);
                }
                _ => all.push(self.plain(item, names, depth)),
            }
        }
        all
    }

    /// The blocks that a loop inside a block makes.
    fn made(&self, arguments: &[Node], names: Names<'_>, depth: usize, all: &mut Vec<Node>) {
        let [over, Node { value: Value::Text(iterator), .. }, content] = arguments else { return };
        self.guessed.set(false);
        let known = self.known(over, names, depth);
        match known.and_then(|known| pairs(&known, over.span)) {
            Some(elements) if !elements.is_empty() && mentions(content, iterator) => {
                for element in elements {
                    let mut inner = names.to_vec();
                    inner.push((iterator.clone(), element));
                    all.push(self.plain(content, &inner, depth));
                }
            }
            Some(elements) if elements.is_empty() && !self.guessed.get() => {}
            _ => all.push(self.plain(content, names, depth)),
        }
    }

    /// What a name of a loop stands for, if the reference is to one.
    fn named(&self, segments: &[String], names: Names<'_>) -> Option<Node> {
        let (first, rest) = segments.split_first()?;
        let (_, value) = names.iter().rev().find(|(name, _)| name == first)?;
        let mut value = value.clone();
        for key in rest {
            value = part(&value, key)?;
        }
        Some(value)
    }

    /// A call, worked out where that can be done, else with its arguments as they stand.
    fn call(&self, node: &Node, (name, arguments): (&str, &[Node]), names: Names<'_>, depth: usize) -> Node {
        if matches!(name, "if" | "Fn::If")
            && let [condition, yes, no] = arguments
        {
            let chosen = self.truth(condition, names, depth + 1).map(|truth| if truth { yes } else { no });
            if let Some(chosen) = chosen {
                return self.plain(chosen, names, depth + 1);
            }
        } else if name == DYNAMIC {
            // Outside of a list nothing is made.
            return Node::new(node.span, Value::Unknown);
        } else if let Some(value) = self.function(node.span, (name, arguments), names, depth + 1) {
            return match value.value {
                Value::Map(_) | Value::List(_) | Value::Null => value,
                _ => Node::new(node.span, Value::Meant(Box::new(value))),
            };
        }
        Node::new(node.span, Value::Call(name.to_owned(), self.all(arguments, names, depth + 1)))
    }

    /// Whether a condition holds; that of a template of AWS is a name.
    fn truth(&self, condition: &Node, names: Names<'_>, depth: usize) -> Option<bool> {
        match &condition.value {
            Value::Text(name) if self.world.format.name() == "cloudformation" => {
                let reference = Node::new(condition.span, Value::Reference(vec![name.clone()]));
                truth_of(&self.known(&reference, names, depth)?)
            }
            _ => truth_of(&self.known(condition, names, depth)?),
        }
    }

    /// The value of a node, if it can be told: never a reference, a call or a text with holes. What is in it may be.
    fn known(&self, node: &Node, names: Names<'_>, depth: usize) -> Option<Node> {
        if depth > DEEPEST || !self.take() {
            return None;
        }
        match &node.value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => Some(node.clone()),
            Value::Meant(meant) => self.known(meant, names, depth + 1),
            Value::List(_) | Value::Map(_) => Some(self.plain(node, names, depth + 1)),
            Value::Unknown => None,
            Value::Reference(segments) => {
                if let Some(given) = self.named(segments, names) {
                    return Some(unwrapped(self.lent(self.known(&given, &[], depth + 1)?, node.span)));
                }
                let (base, rest) = self.world.stands_for(segments)?;
                let mut touched = self.touched.take();
                touched.push((base.path.to_owned(), base.touched));
                self.touched.set(touched);
                self.guessed.set(self.guessed.get() || base.guessed);
                let mut value = self.known(base.node, &[], depth + 1)?;
                for key in rest {
                    value = self.known(&part(&value, key)?, &[], depth + 1)?;
                }
                Some(unwrapped(self.lent(value, node.span)))
            }
            Value::Mixed(parts) => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&scalar(&self.known(part, names, depth + 1)?)?);
                    if text.len() > LONGEST {
                        return None;
                    }
                }
                Some(Node::new(node.span, Value::Text(text)))
            }
            Value::Call(name, arguments) => {
                if matches!(name.as_str(), "if" | "Fn::If")
                    && let [condition, yes, no] = arguments.as_slice()
                {
                    let chosen = if self.truth(condition, names, depth + 1)? { yes } else { no };
                    return self.known(chosen, names, depth + 1);
                }
                self.function(node.span, (name, arguments), names, depth + 1)
            }
        }
    }

    /// A node without references; what they lead to where that is known.
    fn closed(&self, node: &Node, depth: usize) -> Node {
        if depth > DEEPEST || !self.take() {
            return Node::new(node.span, Value::Unknown);
        }
        let value = match &node.value {
            Value::Reference(_) | Value::Call(..) | Value::Mixed(_) => {
                let known = self.known(node, &[], depth + 1).map(|known| self.lent(known, node.span));
                return match known {
                    Some(known) if matches!(known.value, Value::List(_) | Value::Map(_)) => {
                        self.closed(&known, depth + 1)
                    }
                    Some(known) => known,
                    None => Node::new(node.span, Value::Unknown),
                };
            }
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.closed(item, depth + 1)).collect())
            }
            Value::Map(members) => with_nodes(members, |node| self.closed(node, depth + 1)),
            other => other.clone(),
        };
        Node::new(node.span, value)
    }

    /// A value that is written elsewhere, as standing at `span`.
    fn lent(&self, node: Node, span: Span) -> Node {
        if !self.take() {
            return Node::new(span, Value::Unknown);
        }
        let all = |items: Vec<Node>| items.into_iter().map(|item| self.lent(item, span)).collect();
        let value = match node.value {
            Value::List(items) => Value::List(all(items)),
            Value::Mixed(items) => Value::Mixed(all(items)),
            Value::Call(name, items) => Value::Call(name, all(items)),
            Value::Map(members) => Value::Map(
                members
                    .into_iter()
                    .map(|member| Member {
                        key: member.key,
                        key_span: Span::new(span.start, span.start),
                        node: self.lent(member.node, span),
                    })
                    .collect(),
            ),
            value @ (Value::Text(_) | Value::Number(_) | Value::Bool(_)) => {
                Value::Meant(Box::new(Node::new(span, value)))
            }
            value => value,
        };
        Node::new(span, value)
    }

    /// What a function gives, where all that it needs is known.
    fn function(
        &self,
        span: Span,
        (name, arguments): (&str, &[Node]),
        names: Names<'_>,
        depth: usize,
    ) -> Option<Node> {
        functions::Given { settler: self, span, arguments, names, depth }.value(name)
    }
}

/// As many elements as a number says, each with its index.
fn numbers(count: f64) -> Option<Vec<Node>> {
    let count = index(count)?.min(MOST_ELEMENTS);
    Some((0..count).map(|at| element(Node::new(Span::default(), Value::Number(at as f64)), None)).collect())
}

/// What stands for an element: a map of its `key` or `index`, and its `value`.
fn element(key: Node, value: Option<Node>) -> Node {
    let member = |name: &str, node: Node| Member { key: name.to_owned(), key_span: Span::default(), node };
    let mut members = vec![member(if value.is_some() { "key" } else { "index" }, key)];
    members.extend(value.map(|value| member("value", value)));
    Node::new(Span::default(), Value::Map(members))
}

/// The elements of a list or map; `None` if there may be others.
fn pairs(known: &Node, span: Span) -> Option<Vec<Node>> {
    let elements: Vec<Node> = match &known.value {
        Value::List(items) => {
            if items.iter().any(|item| item.value == Value::Unknown) {
                return None;
            }
            items.iter().map(|item| element(item.clone(), Some(item.clone()))).collect()
        }
        Value::Map(members) if !known.has_more() => {
            let key = |member: &Member| Node::new(span, Value::Text(member.key.clone()));
            members.iter().map(|member| element(key(member), Some(member.node.clone()))).collect()
        }
        _ => return None,
    };
    Some(elements.into_iter().take(MOST_ELEMENTS).collect())
}

/// What the names of a loop, apart by blanks, stand for at an element: its key or number, if there are two, and its value.
fn named(called: &str, over: &Node, (at, element): (usize, &Node), span: Span) -> Vec<(String, Node)> {
    let first = match over.value {
        Value::Map(_) => element.get("key").cloned(),
        _ => Some(Node::new(span, Value::Number(at as f64))),
    };
    let both = [first, element.get("value").cloned()];
    let called: Vec<&str> = called.split(' ').collect();
    let given = both.into_iter().flatten().skip(2 - called.len().min(2));
    called.iter().map(|name| (*name).to_owned()).zip(given).collect()
}

/// Whether anything below a node refers to a name.
fn mentions(node: &Node, name: &str) -> bool {
    match &node.value {
        Value::Reference(segments) => segments.first().is_some_and(|first| first == name),
        Value::List(items) | Value::Mixed(items) | Value::Call(_, items) => {
            items.iter().any(|item| mentions(item, name))
        }
        Value::Map(members) => members.iter().any(|member| mentions(&member.node, name)),
        _ => false,
    }
}

/// The value itself of what is written elsewhere.
fn unwrapped(node: Node) -> Node {
    match node.value {
        Value::Meant(meant) => *meant,
        _ => node,
    }
}

/// A member or an element.
fn part(node: &Node, key: &str) -> Option<Node> {
    match &node.value {
        Value::Meant(meant) => part(meant, key),
        Value::Map(_) => node.get(key).cloned(),
        Value::List(items) => items.get(key.parse::<usize>().ok()?).cloned(),
        _ => None,
    }
}

fn plain_value(node: &Node) -> &Value {
    match &node.value {
        Value::Meant(meant) => &meant.value,
        value => value,
    }
}

fn scalar(node: &Node) -> Option<String> {
    match plain_value(node) {
        Value::Text(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn number_of(node: &Node) -> Option<f64> {
    match plain_value(node) {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn truth_of(node: &Node) -> Option<bool> {
    match plain_value(node) {
        Value::Bool(flag) => Some(*flag),
        Value::Text(text) => match text.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Whether two known values are the same; lists and maps are not compared.
fn same(one: &Node, other: &Node) -> Option<bool> {
    match (plain_value(one), plain_value(other)) {
        (Value::Null, Value::Null) => Some(true),
        (
            Value::Null,
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::List(_) | Value::Map(_),
        )
        | (
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::List(_) | Value::Map(_),
            Value::Null,
        ) => Some(false),
        (Value::List(one), Value::List(other)) if one.is_empty() || other.is_empty() => {
            Some(one.is_empty() && other.is_empty())
        }
        _ => Some(scalar(one)? == scalar(other)?),
    }
}

fn items_of(node: Node) -> Option<Vec<Node>> {
    match node.value {
        Value::List(items) => Some(items),
        _ => None,
    }
}

fn index(number: f64) -> Option<usize> {
    (0.0..=1e6).contains(&number).then_some(number as usize)
}
