//! Conditions held against nodes: true, false or unknown.
//!
//! What cannot be known from the folder satisfies nothing and its contrary neither, so that it is never reported. Must not
//! know which rule asks.

mod value;

pub(super) use value::with_json;

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use regex_automata::meta::Regex;

use super::{
    document::{Block, Member, Node, Value},
    resolve::{Found, World, is_terraform},
    view,
};
use crate::{
    rule::{Condition, Path, Step, Test, Text, pattern_syntax},
    text::Span,
};

/// Levels of nodes below which nothing is looked for at any depth.
const DEEPEST: usize = 96;

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    Unknown,
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

/// What a true condition rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ground {
    /// On something that is not there.
    Nothing,
    /// On a value that is written.
    Written,
    /// On a value that the product takes because none is written.
    Default,
}

/// An answer, and what it rests on if it is yes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) truth: Truth,
    pub(crate) ground: Ground,
    /// Where: one place an element, if elements were asked for; none if nothing is written.
    pub(crate) places: Vec<Place>,
}

/// A place in the document that is judged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// What to point at.
    pub(crate) span: Span,
    /// The value alone, without its key; empty if it is written elsewhere.
    pub(crate) value: Span,
    /// What tells elements of one block apart: a name, or a number.
    pub(crate) element: String,
    /// What it rests on.
    pub(crate) ground: Ground,
}

impl Verdict {
    const fn of(truth: Truth) -> Self {
        Self { truth, ground: Ground::Nothing, places: Vec::new() }
    }
}

/// Where one stands.
#[derive(Clone, Copy)]
pub(crate) struct Here<'n> {
    pub(crate) node: &'n Node,
    /// What is pointed at: with its key, where it has one.
    pub(crate) span: Span,
    /// Whether this is part of the document that is judged.
    pub(crate) own: bool,
    pub(crate) block: &'n Block,
}

impl<'n> Here<'n> {
    pub(crate) fn block(block: &'n Block, own: bool) -> Self {
        Self { node: &block.root, span: block.header, own, block }
    }

    /// Its place, if it has one in the document.
    pub(crate) fn place(&self) -> Option<Place> {
        let lent = matches!(self.node.value, Value::Reference(_) | Value::Meant(_));
        self.own.then(|| Place {
            span: self.span,
            value: if lent { Span::default() } else { self.node.span },
            element: String::new(),
            ground: Ground::Written,
        })
    }
}

/// Something at the end of a path.
#[derive(Clone, Copy)]
pub(crate) enum Reached<'n> {
    Node(Here<'n>),
    /// It cannot be known what is there.
    Unknown,
}

/// Expressions, compiled when first needed.
#[derive(Debug, Default)]
pub(crate) struct Expressions(RwLock<HashMap<Text, Option<Arc<Regex>>>>);

/// Memory of one compiled expression, in bytes.
const COMPILED_LIMIT: usize = 4 << 20;

impl Expressions {
    /// Whether `expression` matches somewhere in `text`. A broken one matches nothing; validation does not let it in.
    pub(crate) fn matches(&self, expression: &Text, text: &str) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(expression).cloned();
        let compiled = known.unwrap_or_else(|| {
            let compiled = Regex::builder()
                .syntax(pattern_syntax(false))
                .configure(Regex::config().nfa_size_limit(Some(COMPILED_LIMIT)).utf8_empty(false))
                .build(expression)
                .ok()
                .map(Arc::new);
            self.0
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(expression.clone(), compiled.clone());
            compiled
        });
        compiled.is_some_and(|regex| regex.is_match(text))
    }
}

/// Asks conditions about one document.
pub(crate) struct Judge<'j> {
    pub(crate) world: &'j World<'j>,
    pub(crate) expressions: &'j Expressions,
    /// Where the credential rules see something in a part of a text.
    pub(crate) secretlike: &'j dyn Fn(&[u8], Span) -> Option<Span>,
    /// The last credential seen.
    pub(crate) seen: Cell<Option<Span>>,
}

impl<'j> Judge<'j> {
    /// The same for another world of the same document.
    pub(crate) fn of_world<'o>(&self, world: &'o World<'o>) -> Judge<'o>
    where
        'j: 'o,
    {
        let Self { expressions, secretlike, .. } = *self;
        Judge { world, expressions, secretlike, seen: Cell::new(None) }
    }

    /// Whether `condition` holds where one stands.
    pub(crate) fn ask(&self, condition: &Condition, here: Here<'_>) -> Verdict {
        match condition {
            Condition::All(list) => self.all(list, here),
            Condition::Any(list) => self.any(list, here),
            Condition::Not(list) => {
                let inner = list.first().map_or(Truth::Unknown, |inner| self.ask(inner, here).truth);
                Verdict::of(match inner {
                    Truth::True => Truth::False,
                    Truth::False => Truth::True,
                    Truth::Unknown => Truth::Unknown,
                })
            }
            Condition::Value { paths, tests, default, nocase } => {
                self.value(paths, here, (tests, default.as_ref(), *nocase))
            }
            Condition::Present { paths, present } => self.present(paths, *present, here),
            Condition::Range { from, to, covers } => self.range(from, to, covers, here),
            Condition::Each { paths, of } => self.each(paths, of, here),
            Condition::Key { name, of } => self.key(name, of, here),
            Condition::Ref { paths, of } => self.reference(paths, of, here),
            Condition::Linked { kinds, via, outward, of } => self.linked((kinds, via, *outward), of, here),
            Condition::Selects { paths, kinds, labels } => {
                Verdict::of(self.selects(paths, (kinds, labels), here))
            }
            Condition::Kind(kinds) => {
                Verdict::of(kinds.iter().any(|kind| is_kind(kind, &here.block.kind)).into())
            }
            Condition::Name(name) => Verdict::of(self.expressions.matches(name, &here.block.name).into()),
        }
    }

    /// All of the conditions. What a default decides is a default; the last thing written is what is pointed at.
    pub(crate) fn all(&self, list: &[Condition], here: Here<'_>) -> Verdict {
        let mut all = Verdict::of(Truth::True);
        for condition in list {
            let one = self.ask(condition, here);
            match one.truth {
                Truth::False => return one,
                Truth::Unknown => all.truth = Truth::Unknown,
                Truth::True => {
                    all.ground = all.ground.max(one.ground);
                    let several = all.places.len() > 1 && one.places.len() < 2;
                    if !one.places.is_empty() && !several {
                        all.places = one.places;
                    }
                }
            }
        }
        if all.truth == Truth::Unknown {
            return Verdict::of(Truth::Unknown);
        }
        all.places.iter_mut().for_each(|place| place.ground = place.ground.max(all.ground));
        all
    }

    fn any(&self, list: &[Condition], here: Here<'_>) -> Verdict {
        let mut truth = Truth::False;
        for condition in list {
            let one = self.ask(condition, here);
            match one.truth {
                Truth::True => return one,
                Truth::Unknown => truth = Truth::Unknown,
                Truth::False => {}
            }
        }
        Verdict::of(truth)
    }

    fn value(
        &self,
        paths: &[Path],
        here: Here<'_>,
        (tests, default, nocase): (&[Test], Option<&crate::rule::Literal>, bool),
    ) -> Verdict {
        let (mut seen, mut unknown) = (false, false);
        let mut answer = None;
        for path in paths {
            self.walk(here, &path.0, &mut |reached| {
                if answer.is_some() {
                    return;
                }
                let Reached::Node(at) = reached else {
                    (seen, unknown) = (true, true);
                    return;
                };
                match self.passes(at, tests, nocase) {
                    None => {}
                    Some(Truth::True) => {
                        seen = true;
                        let credential = self.seen.take();
                        let at = self.element_of(at, tests, nocase);
                        answer = Some(at.place().map(|place| match credential {
                            Some(span) => Place { span, value: span, ..place },
                            None => place,
                        }));
                    }
                    Some(Truth::Unknown) => (seen, unknown) = (true, true),
                    Some(Truth::False) => seen = true,
                }
            });
        }
        if let Some(place) = answer {
            let places = place.into_iter().collect();
            return Verdict { truth: Truth::True, ground: Ground::Written, places };
        }
        if !seen && let Some(default) = default {
            let truth = tests.iter().all(|test| value::literal_passes(self, default, test, nocase)).into();
            return Verdict { truth, ground: Ground::Default, places: Vec::new() };
        }
        Verdict::of(if unknown { Truth::Unknown } else { Truth::False })
    }

    /// The element of a list over several lines that passes all tests, else the list: a report is to name its line.
    fn element_of<'n>(&self, at: Here<'n>, tests: &[Test], nocase: bool) -> Here<'n> {
        let Value::List(items) = &at.node.value else { return at };
        let below = |item: &Node| {
            item.span.start > at.span.start
                && memchr::memchr(b'\n', Span::new(at.span.start, item.span.start).of(self.world.text))
                    .is_some()
        };
        if !at.own || !items.last().is_some_and(below) {
            return at;
        }
        let passing = items.iter().find(|item| {
            self.passes(Here { node: item, span: item.span, ..at }, tests, nocase) == Some(Truth::True)
        });
        match passing {
            Some(item) if below(item) => Here { node: item, span: item.span, ..at },
            _ => at,
        }
    }

    /// Whether a value passes all tests; `None` if nothing is written there.
    fn passes(&self, at: Here<'_>, tests: &[Test], nocase: bool) -> Option<Truth> {
        let mut truth = Truth::True;
        for test in tests {
            match value::passes(self, at, test, nocase)? {
                Truth::False => return Some(Truth::False),
                Truth::Unknown => truth = Truth::Unknown,
                Truth::True => {}
            }
        }
        Some(truth)
    }

    fn present(&self, paths: &[Path], present: bool, here: Here<'_>) -> Verdict {
        let (mut place, mut there, mut unknown) = (None, false, false);
        for path in paths {
            self.walk(here, &path.0, &mut |reached| match reached {
                Reached::Unknown => unknown = true,
                Reached::Node(at) => match value::is_there(self, at) {
                    Truth::True => {
                        there = true;
                        place = place.take().or_else(|| at.place());
                    }
                    Truth::Unknown => unknown = true,
                    Truth::False => {}
                },
            });
        }
        match (there, unknown) {
            (true, _) if present => {
                Verdict { truth: Truth::True, ground: Ground::Written, places: place.into_iter().collect() }
            }
            (true, _) => Verdict::of(Truth::False),
            (false, true) => Verdict::of(Truth::Unknown),
            (false, false) => Verdict::of((!present).into()),
        }
    }

    fn range(&self, from: &Path, to: &Path, covers: &[u16], here: Here<'_>) -> Verdict {
        let (low, high) = (self.number(from, here), self.number(to, here));
        let (Some((low, place)), Some((high, _))) = (low, high) else { return Verdict::of(Truth::Unknown) };
        let (Some(low), Some(high)) = (low, high) else { return Verdict::of(Truth::False) };
        let inside = covers.iter().any(|&port| (low..=high).contains(&f64::from(port)));
        if !inside {
            return Verdict::of(Truth::False);
        }
        Verdict { truth: Truth::True, ground: Ground::Written, places: place.into_iter().collect() }
    }

    /// The number at a path and its place; the inner `None` if there is none, the outer if it cannot be known.
    fn number(&self, path: &Path, here: Here<'_>) -> Option<(Option<f64>, Option<Place>)> {
        let mut number = Some((None, None));
        self.walk(here, &path.0, &mut |reached| {
            let Reached::Node(at) = reached else {
                number = None;
                return;
            };
            let (node, _) = self.world.resolve(at.node, at.own);
            number = match &node.value {
                Value::Null => Some((None, None)),
                Value::Number(value) => Some((Some(*value), at.place())),
                Value::Text(text) => match text.trim().parse::<f64>() {
                    Ok(value) => Some((Some(value), at.place())),
                    Err(_) => Some((None, None)),
                },
                _ => None,
            };
        });
        number
    }

    /// The elements for which all of the conditions hold.
    fn each(&self, paths: &[Path], of: &[Condition], here: Here<'_>) -> Verdict {
        let mut sum = Sum::default();
        for path in paths {
            self.walk(here, &path.0, &mut |reached| match reached {
                Reached::Unknown => sum.unknown = true,
                Reached::Node(at) => self.elements(at, 0, &mut |reached| match reached {
                    Reached::Unknown => sum.unknown = true,
                    Reached::Node(element) => {
                        let verdict = self.all(of, element);
                        sum.add(verdict, element);
                    }
                }),
            });
        }
        sum.verdict()
    }

    /// The elements of a list, or what is no list.
    fn elements(&self, at: Here<'_>, depth: usize, each: &mut dyn FnMut(Reached<'_>)) {
        let (node, own) = self.world.resolve(at.node, at.own);
        let at = Here { node, own, ..at };
        match &node.value {
            Value::Null => {}
            Value::List(items) if depth < DEEPEST => {
                for item in items {
                    let span = if own { item.span } else { at.span };
                    self.elements(Here { node: item, span, ..at }, depth + 1, each);
                }
            }
            Value::Reference(_) | Value::Unknown => each(Reached::Unknown),
            Value::Call(name, items) if value::passes_through(name) && depth < DEEPEST => {
                for item in items {
                    self.elements(Here { node: item, ..at }, depth + 1, each);
                }
            }
            Value::Call(..) => each(Reached::Unknown),
            _ => each(Reached::Node(at)),
        }
    }

    fn key(&self, name: &Text, of: &[Condition], here: Here<'_>) -> Verdict {
        let mut sum = Sum::default();
        self.members(here, 0, &mut |at, member| {
            if self.expressions.matches(name, &member.key) {
                let verdict = self.all(of, at);
                sum.add_named(verdict, at, &member.key);
            }
        });
        sum.verdict()
    }

    /// All members at any depth.
    fn members(&self, here: Here<'_>, depth: usize, each: &mut dyn FnMut(Here<'_>, &Member)) {
        if depth > DEEPEST || !self.world.step() {
            return;
        }
        match &here.node.value {
            Value::Map(members) => {
                for member in members {
                    let at = inside(here, member);
                    each(at, member);
                    self.members(at, depth + 1, each);
                }
            }
            Value::List(items) | Value::Call(_, items) => {
                for item in items {
                    self.members(Here { node: item, span: item.span, ..here }, depth + 1, each);
                }
            }
            _ => {}
        }
    }

    fn reference(&self, paths: &[Path], of: &[Condition], here: Here<'_>) -> Verdict {
        let (mut answer, mut unknown) = (None, false);
        for path in paths {
            self.walk(here, &path.0, &mut |reached| {
                let Reached::Node(at) = reached else { return };
                let Value::Reference(reference) = &at.node.value else { return };
                let Some(found) = self.world.definition(reference) else { return };
                if !super::resolve::is_parameter(found.block) {
                    return;
                }
                match self.all(of, Here::block(found.block, found.own)).truth {
                    Truth::True if answer.is_none() => {
                        self.world.touch(found);
                        answer = Some(at.place());
                    }
                    Truth::Unknown => unknown = true,
                    _ => {}
                }
            });
        }
        match answer {
            Some(place) => {
                Verdict { truth: Truth::True, ground: Ground::Written, places: place.into_iter().collect() }
            }
            None => Verdict::of(if unknown { Truth::Unknown } else { Truth::False }),
        }
    }

    fn linked(
        &self,
        (kinds, via, outward): (&[Text], &[Path], bool),
        of: &[Condition],
        here: Here<'_>,
    ) -> Verdict {
        let mut truth = Truth::from(false);
        let mut consider = |found: Found<'_>, linked: Truth| {
            if linked == Truth::False || truth == Truth::True {
                return;
            }
            let holds = self.all(of, Here::block(found.block, found.own)).truth;
            truth = match (linked, holds) {
                (_, Truth::False) => truth,
                (Truth::True, Truth::True) => {
                    self.world.touch(found);
                    Truth::True
                }
                _ => Truth::Unknown,
            };
        };
        for kind in kinds {
            self.world.of_kind(kind, &mut |found| {
                if !std::ptr::eq(found.block, here.block) {
                    let (from, to) =
                        if outward { (here.block, found.block) } else { (found.block, here.block) };
                    consider(found, self.refers(from, via, to));
                }
            });
        }
        if truth == Truth::False && !self.world.complete() {
            truth = Truth::Unknown;
        }
        Verdict::of(truth)
    }

    /// Whether a block of the document has the labels, or the name, that stand at one of the paths.
    fn selects(&self, paths: &[Path], (kinds, labels): (&[Text], &[Path]), here: Here<'_>) -> Truth {
        let mut blocks = Vec::new();
        for kind in kinds {
            self.world.of_kind(kind, &mut |found| blocks.push(found));
        }
        if blocks.is_empty() {
            return Truth::Unknown;
        }
        let mut truth = Truth::False;
        for path in paths {
            self.walk(here, &path.0, &mut |reached| {
                for &found in &blocks {
                    let one = match reached {
                        Reached::Node(at) => self.has_labels(at.node, found, labels),
                        Reached::Unknown => Truth::Unknown,
                    };
                    if one == Truth::True {
                        self.world.touch(found);
                    }
                    truth = match (truth, one) {
                        (Truth::True, _) | (_, Truth::True) => Truth::True,
                        (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
                        _ => Truth::False,
                    };
                }
            });
        }
        truth
    }

    /// Whether `wanted` is the name of a block, or labels that it has among its own at one of the paths.
    fn has_labels(&self, wanted: &Node, found: Found<'_>, labels: &[Path]) -> Truth {
        let block = found.block;
        let Value::Map(members) = &wanted.value else {
            return match &wanted.value {
                Value::Text(name) if labels.is_empty() && !block.name.is_empty() => {
                    (*name == block.name).into()
                }
                _ => Truth::Unknown,
            };
        };
        let mut truth = Truth::False;
        for path in labels {
            self.walk(Here::block(block, found.own), &path.0, &mut |reached| {
                let Reached::Node(Here { node, .. }) = reached else {
                    truth = truth.or(true);
                    return;
                };
                let mut every = Truth::True;
                for Member { key, node: value, .. } in members {
                    let one = match (&value.value, node.get(key).map(|label| &label.value)) {
                        (_, None) if node.has_more() => Truth::Unknown,
                        (_, None) => Truth::False,
                        (Value::Text(one), Some(Value::Text(other))) => (one == other).into(),
                        (one, Some(other)) if one == other => Truth::True,
                        _ => Truth::Unknown,
                    };
                    every = match (every, one) {
                        (Truth::False, _) | (_, Truth::False) => Truth::False,
                        (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
                        _ => Truth::True,
                    };
                }
                truth = match (truth, every) {
                    (Truth::True, _) | (_, Truth::True) => Truth::True,
                    _ => truth.or(every == Truth::Unknown),
                };
            });
        }
        truth
    }

    /// Whether block `from` refers to block `to` by one of the paths: by a reference to it, or by its name written out.
    fn refers(&self, from: &Block, via: &[Path], to: &Block) -> Truth {
        let mut truth = Truth::False;
        for path in via {
            self.walk(Here::block(from, true), &path.0, &mut |reached| {
                let one = match reached {
                    Reached::Unknown => Truth::Unknown,
                    Reached::Node(at) => self.names(at.node, to, 0),
                };
                truth = match (truth, one) {
                    (Truth::True, _) | (_, Truth::True) => Truth::True,
                    (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
                    _ => Truth::False,
                };
            });
        }
        truth
    }

    fn names(&self, node: &Node, to: &Block, depth: usize) -> Truth {
        match &node.value {
            Value::Reference(reference) => {
                let (kind, name) =
                    to.kind.strip_prefix("data.").map_or((to.kind.as_str(), 0), |kind| (kind, 1));
                let place = name;
                let same = match reference.as_slice() {
                    [one] => *one == to.name,
                    [one, ..] if *one == to.name && !is_terraform(self.world.format) => true,
                    list => {
                        list.get(place).is_some_and(|word| word == kind)
                            && list.get(place + 1).is_some_and(|word| *word == to.name)
                    }
                };
                if same {
                    return Truth::True;
                }
                let (resolved, _) = self.world.resolve(node, true);
                match &resolved.value {
                    Value::Reference(reference) => {
                        let first = reference.first().map(String::as_str);
                        // What a module, a loop or a variable without a value gives may be anything.
                        Truth::from(false)
                            .or(matches!(first, Some("var" | "local" | "module" | "each" | "count" | "self")))
                    }
                    _ if depth < 4 => self.names(resolved, to, depth + 1),
                    _ => Truth::Unknown,
                }
            }
            Value::Text(text) => {
                let mut same = *text == to.name;
                for key in ["bucket", "name", "id", "Properties", "identifier"] {
                    let named = to.root.get(key);
                    let named =
                        named.and_then(
                            |node| if key == "Properties" { node.get("BucketName") } else { Some(node) },
                        );
                    if let Some(node) = named {
                        let (node, _) = self.world.resolve(node, true);
                        same |= matches!(&node.value, Value::Text(name) if name == text);
                    }
                }
                same.into()
            }
            Value::Meant(meant) => self.names(meant, to, depth + 1),
            Value::List(items) if depth < 4 => {
                let mut truth = Truth::False;
                for item in items {
                    match self.names(item, to, depth + 1) {
                        Truth::True => return Truth::True,
                        Truth::Unknown => truth = Truth::Unknown,
                        Truth::False => {}
                    }
                }
                truth
            }
            Value::Mixed(items) | Value::Call(_, items) if depth < 4 => {
                // A name in a text that is put together, such as an ARN, is a reference all the same.
                let any = items.iter().any(|item| self.names(item, to, depth + 1) == Truth::True);
                if any { Truth::True } else { Truth::Unknown }
            }
            Value::Unknown | Value::Mixed(_) | Value::Call(..) => Truth::Unknown,
            _ => Truth::False,
        }
    }

    /// Everything at the end of a path.
    pub(crate) fn walk(&self, here: Here<'_>, steps: &[Step], found: &mut dyn FnMut(Reached<'_>)) {
        if !self.world.step() {
            return found(Reached::Unknown);
        }
        let Some((step, rest)) = steps.split_first() else { return found(Reached::Node(here)) };
        if let Step::View(which) = step {
            return view::elements(self, *which, here, &mut |at| match at {
                Reached::Node(at) => self.walk(at, rest, found),
                Reached::Unknown => found(Reached::Unknown),
            });
        }
        let (node, own) = self.world.resolve(here.node, here.own);
        let here = Here { node, own, ..here };
        match (&node.value, step) {
            (Value::List(items), Step::Index(index)) => {
                let place = usize::try_from(*index)
                    .ok()
                    .or_else(|| items.len().checked_sub(index.unsigned_abs() as usize));
                if let Some(item) = place.and_then(|place| items.get(place)) {
                    self.walk(beneath(here, item), rest, found);
                }
            }
            (Value::List(items), Step::Any) => {
                items.iter().for_each(|item| self.walk(beneath(here, item), rest, found));
            }
            (Value::List(items), _) => {
                if *step == Step::Deep {
                    self.walk(here, rest, found);
                }
                items.iter().for_each(|item| self.walk(beneath(here, item), steps, found));
            }
            (Value::Map(members), Step::Key(key)) => {
                let mut any = false;
                for member in members.iter().filter(|member| member.key == **key) {
                    any = true;
                    self.walk(inside(here, member), rest, found);
                }
                if !any && node.has_more() {
                    found(Reached::Unknown);
                }
            }
            (Value::Map(members), Step::Any) => {
                members.iter().for_each(|member| self.walk(inside(here, member), rest, found));
            }
            (Value::Map(members), Step::Deep) => {
                self.walk(here, rest, found);
                members.iter().for_each(|member| self.walk(inside(here, member), steps, found));
            }
            (_, Step::Json) => with_json(self, here, &mut |reached| match reached {
                Reached::Node(at) => self.walk(at, rest, found),
                Reached::Unknown => found(Reached::Unknown),
            }),
            (_, Step::Deep) => self.walk(here, rest, found),
            (Value::Call(name, arguments), _) => self.through(name, arguments, (here, steps), found),
            (Value::Reference(_) | Value::Unknown | Value::Mixed(_), _) => found(Reached::Unknown),
            _ => {}
        }
    }

    /// On through a function.
    fn through(
        &self,
        name: &str,
        arguments: &[Node],
        (here, steps): (Here<'_>, &[Step]),
        found: &mut dyn FnMut(Reached<'_>),
    ) {
        if value::passes_through(name) {
            return arguments.iter().for_each(|item| self.walk(beneath(here, item), steps, found));
        }
        if name == "merge"
            && let [Step::Key(key), ..] = steps
        {
            // Later maps win; one that is not known may have the key.
            for argument in arguments.iter().rev() {
                let (node, own) = self.world.resolve(argument, here.own);
                match &node.value {
                    Value::Map(_) if node.get(key).is_some() => {
                        return self.walk(Here { node, own, ..here }, steps, found);
                    }
                    Value::Map(_) if !node.has_more() => {}
                    _ => return found(Reached::Unknown),
                }
            }
            return;
        }
        found(Reached::Unknown);
    }
}

impl Truth {
    /// Unknown in place of false, if it may be.
    fn or(self, perhaps: bool) -> Self {
        if perhaps && self == Self::False { Self::Unknown } else { self }
    }
}

fn beneath<'n>(here: Here<'n>, item: &'n Node) -> Here<'n> {
    Here { node: item, span: if here.own { item.span } else { here.span }, ..here }
}

fn inside<'n>(here: Here<'n>, member: &'n Member) -> Here<'n> {
    let span = if here.own { Span::new(member.key_span.start, member.node.span.end) } else { here.span };
    // A block in a block, or a list on the following lines, begins after its key; made up members have no key of their own.
    let span = if member.key_span.is_empty() { member.node.span } else { span };
    Here { node: &member.node, span, ..here }
}

/// Whether `kind` is what `pattern` names. Case does not count: types of Azure are written in any.
pub(crate) fn is_kind(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => {
            kind.as_bytes().get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
        }
        None => pattern.eq_ignore_ascii_case(kind),
    }
}

/// Answers about several elements.
#[derive(Default)]
struct Sum {
    unknown: bool,
    count: usize,
    ground: Option<Ground>,
    places: Vec<Place>,
    any: bool,
}

impl Sum {
    fn add(&mut self, verdict: Verdict, element: Here<'_>) {
        self.count += 1;
        let name =
            ["name", "Name", "Sid", "sid", "id"].iter().find_map(|key| match &element.node.get(key)?.value {
                Value::Text(name) => Some(name.clone()),
                _ => None,
            });
        let name = name.unwrap_or_else(|| self.count.to_string());
        self.add_named(verdict, element, &name);
    }

    fn add_named(&mut self, verdict: Verdict, element: Here<'_>, name: &str) {
        match verdict.truth {
            Truth::False => {}
            Truth::Unknown => self.unknown = true,
            Truth::True => {
                self.any = true;
                self.ground = Some(self.ground.map_or(verdict.ground, |ground| ground.min(verdict.ground)));
                let mut places = verdict.places;
                if places.is_empty() {
                    places.extend(element.place().map(|place| Place { ground: verdict.ground, ..place }));
                }
                self.places.extend(places.into_iter().map(|place| Place {
                    element: if place.element.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{name}.{}", place.element)
                    },
                    ..place
                }));
            }
        }
    }

    fn verdict(self) -> Verdict {
        if !self.any {
            return Verdict::of(if self.unknown { Truth::Unknown } else { Truth::False });
        }
        Verdict { truth: Truth::True, ground: self.ground.unwrap_or(Ground::Nothing), places: self.places }
    }
}
