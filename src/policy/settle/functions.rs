//! Functions and operators that are worked out: one name for each, whatever the format. Must not follow references.

use super::{
    LONGEST, MOST_ELEMENTS, Names, Settler, index, items_of, named, number_of, pairs, part, same, scalar,
    truth_of, unwrapped,
};
use crate::{
    policy::{
        document::{MORE, Member, Node, Value},
        format::expression::{FOR, PART},
    },
    text::Span,
};

/// Lists in lists that are made flat.
const DEEPEST: usize = 16;

/// A call: where it stands, and what is given to it.
pub(super) struct Given<'g, 'w> {
    pub(super) settler: &'g Settler<'w>,
    pub(super) span: Span,
    pub(super) arguments: &'g [Node],
    pub(super) names: Names<'g>,
    pub(super) depth: usize,
}

impl Given<'_, '_> {
    /// What the function of this name gives, if all that it needs is known.
    pub(super) fn value(&self, name: &str) -> Option<Node> {
        let name = name.strip_prefix("Fn::").unwrap_or(name).to_ascii_lowercase();
        let name = name.as_str();
        self.operation(name)
            .or_else(|| self.choice(name))
            .or_else(|| self.collection(name))
            .or_else(|| self.text_of(name))
    }

    /// What is known of a node that stands among the arguments, or in one.
    fn of(&self, node: &Node) -> Option<Node> {
        self.settler.known(node, self.names, self.depth)
    }

    fn known(&self, at: usize) -> Option<Node> {
        self.of(self.arguments.get(at)?)
    }

    fn text(&self, at: usize) -> Option<String> {
        scalar(&self.known(at)?)
    }

    fn number(&self, at: usize) -> Option<f64> {
        number_of(&self.known(at)?)
    }

    fn list(&self, at: usize) -> Option<Vec<Node>> {
        items_of(self.known(at)?)
    }

    fn texts(&self, from: usize) -> Option<Vec<String>> {
        (from..self.arguments.len()).map(|at| self.text(at)).collect()
    }

    /// The members of a map of which all are known.
    fn members(&self, at: usize) -> Option<Vec<Member>> {
        match self.known(at)? {
            map if map.has_more() => None,
            Node { value: Value::Map(members), .. } => Some(members),
            _ => None,
        }
    }

    fn is_azure(&self) -> bool {
        matches!(self.settler.world.format.name(), "arm" | "bicep")
    }

    /// What was made, unless it grew too long.
    fn made(&self, value: Value) -> Option<Node> {
        let length = match &value {
            Value::List(items) => items.len(),
            Value::Map(members) => members.len(),
            Value::Text(text) => text.len(),
            _ => 0,
        };
        (length <= LONGEST).then(|| Node::new(self.span, value))
    }

    fn flag(&self, flag: bool) -> Option<Node> {
        self.made(Value::Bool(flag))
    }

    fn said(&self, text: impl Into<String>) -> Option<Node> {
        self.made(Value::Text(text.into()))
    }

    fn operation(&self, name: &str) -> Option<Node> {
        let compared =
            |compare: fn(&f64, &f64) -> bool| self.flag(compare(&self.number(0)?, &self.number(1)?));
        let computed = |compute: fn(f64, f64) -> f64| {
            self.made(Value::Number(compute(self.number(0)?, self.number(1)?)))
        };
        match name {
            "==" | "equals" => self.flag(same(&self.known(0)?, &self.known(1)?)?),
            "!=" => self.flag(!same(&self.known(0)?, &self.known(1)?)?),
            "!" | "not" => self.flag(!self.settler.truth(self.arguments.first()?, self.names, self.depth)?),
            "&&" | "and" => self.flag(self.every(true)?),
            "||" | "or" => self.flag(!self.every(false)?),
            "<" | "less" => compared(f64::lt),
            ">" | "greater" => compared(f64::gt),
            "<=" | "lessorequals" => compared(f64::le),
            ">=" | "greaterorequals" => compared(f64::ge),
            "-" if self.arguments.len() == 1 => self.made(Value::Number(-self.number(0)?)),
            "+" | "add" => computed(|one, other| one + other),
            "-" => computed(|one, other| one - other),
            "*" | "mul" => computed(|one, other| one * other),
            _ => None,
        }
    }

    /// Whether all are `wanted`; one that is not settles it although others are not known.
    fn every(&self, wanted: bool) -> Option<bool> {
        let mut every = Some(true);
        for argument in self.arguments {
            match self.settler.truth(argument, self.names, self.depth) {
                Some(truth) if truth != wanted => return Some(false),
                Some(_) => {}
                None => every = None,
            }
        }
        every
    }

    /// Functions that give one of several values.
    fn choice(&self, name: &str) -> Option<Node> {
        match name {
            "??" | "coalesce" => {
                for argument in self.arguments {
                    let node = self.of(argument)?;
                    if !matches!(&node.value, Value::Null) && node.value != Value::Text(String::new()) {
                        return Some(node);
                    }
                }
                None
            }
            "try" => self.known(0).filter(|node| node.value != Value::Null),
            PART => {
                let mut value = self.known(0)?;
                for key in 1..self.arguments.len() {
                    value = self.of(&part(&value, &self.text(key)?)?)?;
                }
                Some(value)
            }
            "lookup" => {
                let key = self.text(1)?;
                let found = self.members(0)?.into_iter().find(|member| member.key == key);
                found.map_or_else(|| self.known(2), |member| self.of(&member.node))
            }
            "findinmap" => {
                let map = self.of(&Node::new(self.span, Value::Reference(vec![self.text(0)?])))?;
                let value = part(&part(&map, &self.text(1)?)?, &self.text(2)?)?;
                Some(unwrapped(self.settler.lent(self.of(&value)?, self.span)))
            }
            "select" => self.of(self.list(1)?.get(index(self.number(0)?)?)?),
            "element" => {
                let items = self.list(0)?;
                self.of(items.get(index(self.number(1)?)?.checked_rem(items.len())?)?)
            }
            "one" | "first" => {
                self.list(0)?.first().map_or_else(|| self.made(Value::Null), |first| self.of(first))
            }
            "tomap" | "sensitive" | "nonsensitive" | "any" => self.known(0),
            _ => None,
        }
    }

    /// Functions that give lists and maps, or speak of them.
    fn collection(&self, name: &str) -> Option<Node> {
        match name {
            "length" => self.made(Value::Number(match self.known(0)? {
                Node { value: Value::List(items), .. } => items.len() as f64,
                Node { value: Value::Text(text), .. } => text.chars().count() as f64,
                _ => self.members(0)?.len() as f64,
            })),
            "empty" => self.flag(match self.known(0)? {
                Node { value: Value::Null, .. } => true,
                Node { value: Value::List(items), .. } => items.is_empty(),
                Node { value: Value::Text(text), .. } => text.is_empty(),
                _ => self.members(0)?.is_empty(),
            }),
            "contains" => self.contains(),
            "merge" | "union" => {
                let mut members: Vec<Member> = Vec::new();
                for at in 0..self.arguments.len() {
                    let Value::Map(more) = self.known(at)?.value else { return None };
                    members.retain(|member| !more.iter().any(|new| new.key == member.key && new.key != MORE));
                    members.extend(more);
                }
                self.made(Value::Map(members))
            }
            "createobject" => {
                let pairs = self.arguments.chunks_exact(2).map(|pair| {
                    let key = scalar(&self.of(&pair[0])?)?;
                    let node = self.settler.plain(&pair[1], self.names, self.depth);
                    Some(Member { key, key_span: pair[0].span, node })
                });
                self.made(Value::Map(pairs.collect::<Option<_>>()?))
            }
            FOR => self.comprehension(),
            "range" => self.range(),
            "concat" if self.is_azure() && !matches!(self.known(0)?.value, Value::List(_)) => {
                self.said(self.texts(0)?.concat())
            }
            "concat" | "setunion" | "flatten" | "distinct" => {
                let lists: Option<Vec<Vec<Node>>> =
                    (0..self.arguments.len()).map(|at| self.list(at)).collect();
                let all = lists?.concat();
                self.made(Value::List(if name == "flatten" { self.flat(all, 0)? } else { all }))
            }
            "toset" | "tolist" | "sort" => self.made(Value::List(self.list(0)?)),
            "keys" => {
                let key = |member: Member| Node::new(self.span, Value::Text(member.key));
                self.made(Value::List(self.members(0)?.into_iter().map(key).collect()))
            }
            "values" => {
                self.made(Value::List(self.members(0)?.into_iter().map(|member| member.node).collect()))
            }
            "split" if !self.is_azure() => {
                let (separator, all) = (self.text(0)?, self.text(1)?);
                let part = |part: &str| Node::new(self.span, Value::Text(part.to_owned()));
                self.made(Value::List(all.split(separator.as_str()).map(part).collect()))
            }
            _ => None,
        }
    }

    /// The list or map that goes through another.
    fn comprehension(&self) -> Option<Node> {
        let [Node { value: Value::Text(called), .. }, over, key, value, condition] = self.arguments else {
            return None;
        };
        let over = self.of(over)?;
        let elements = pairs(&over, self.span).filter(|elements| elements.len() < MOST_ELEMENTS)?;
        let (mut items, mut members) = (Vec::new(), Vec::new());
        for (at, element) in elements.iter().enumerate() {
            let mut names = self.names.to_vec();
            names.extend(named(called, &over, (at, element), self.span));
            if !self.settler.truth(condition, &names, self.depth)? {
                continue;
            }
            let node = self.settler.plain(value, &names, self.depth);
            if key.value == Value::Null {
                items.push(node);
            } else {
                let key = scalar(&self.settler.known(key, &names, self.depth)?)?;
                members.push(Member { key, key_span: Span::new(node.span.start, node.span.start), node });
            }
        }
        self.made(if key.value == Value::Null { Value::List(items) } else { Value::Map(members) })
    }

    /// Whole numbers: in Azure so many from the first on, else up to the last but one.
    fn range(&self) -> Option<Node> {
        let (from, count) = match self.arguments {
            [_, _] if self.is_azure() => (self.number(0)?, self.number(1)?),
            [_, _] => (self.number(0)?, self.number(1)? - self.number(0)?),
            [_] => (0.0, self.number(0)?),
            _ => return None,
        };
        let count = index(count).filter(|count| *count < MOST_ELEMENTS)?;
        let number = |at: usize| Node::new(self.span, Value::Number(from + at as f64));
        self.made(Value::List((0..count).map(number).collect()))
    }

    /// Whether a text, a list or a map has something in it.
    fn contains(&self) -> Option<Node> {
        let wanted = self.known(1)?;
        match self.known(0)? {
            Node { value: Value::Text(text), .. } => self.flag(text.contains(&scalar(&wanted)?)),
            Node { value: Value::List(items), .. } => {
                let mut found = Some(false);
                for item in &items {
                    match self.of(item).and_then(|item| same(&item, &wanted)) {
                        Some(true) => return self.flag(true),
                        Some(false) => {}
                        None => found = None,
                    }
                }
                self.flag(found?)
            }
            _ => {
                let key = scalar(&wanted)?;
                self.flag(self.members(0)?.iter().any(|member| member.key == key))
            }
        }
    }

    /// Lists in a list as their elements.
    fn flat(&self, items: Vec<Node>, depth: usize) -> Option<Vec<Node>> {
        let mut flat = Vec::with_capacity(items.len());
        for item in items {
            match &item.value {
                Value::Reference(_) | Value::Call(..) | Value::List(_) if depth > DEEPEST => return None,
                Value::Reference(_) | Value::Call(..) => {
                    flat.extend(self.flat(vec![self.of(&item)?], depth + 1)?);
                }
                Value::List(inner) => flat.extend(self.flat(inner.clone(), depth + 1)?),
                _ => flat.push(item),
            }
        }
        Some(flat)
    }

    /// Functions that give a text, or another form of one.
    fn text_of(&self, name: &str) -> Option<Node> {
        match name {
            "tobool" | "bool" => self.flag(truth_of(&self.known(0)?)?),
            "tonumber" | "int" => self.made(Value::Number(self.number(0)?)),
            "tostring" | "string" => self.said(self.text(0)?),
            "lower" | "tolower" => self.said(self.text(0)?.to_lowercase()),
            "upper" | "toupper" => self.said(self.text(0)?.to_uppercase()),
            "trimspace" => self.said(self.text(0)?.trim()),
            "trim" if self.arguments.len() == 1 => self.said(self.text(0)?.trim()),
            "trimprefix" => {
                let (all, cut) = (self.text(0)?, self.text(1)?);
                self.said(all.strip_prefix(&cut).unwrap_or(&all))
            }
            "trimsuffix" => {
                let (all, cut) = (self.text(0)?, self.text(1)?);
                self.said(all.strip_suffix(&cut).unwrap_or(&all))
            }
            "startswith" => self.flag(self.text(0)?.starts_with(&self.text(1)?)),
            "endswith" => self.flag(self.text(0)?.ends_with(&self.text(1)?)),
            // Between slashes stands an expression.
            "replace" if !self.text(1)?.starts_with('/') => {
                self.said(self.text(0)?.replace(&self.text(1)?, &self.text(2)?))
            }
            "join" if !self.is_azure() => {
                let texts: Option<Vec<String>> =
                    self.list(1)?.iter().map(|item| scalar(&self.of(item)?)).collect();
                self.said(texts?.join(&self.text(0)?))
            }
            "format" if self.is_azure() => self.said(numbered(&self.text(0)?, &self.texts(1)?)),
            "format" => self.said(placed(&self.text(0)?, &self.texts(1)?)?),
            _ => None,
        }
    }
}

/// `%s` and the like with values in their place, in order.
fn placed(pattern: &str, values: &[String]) -> Option<String> {
    let mut values = values.iter();
    let mut parts = pattern.split('%');
    let mut text = parts.next()?.to_owned();
    while let Some(part) = parts.next() {
        match part.chars().next() {
            Some('s' | 'd' | 'v' | 't') => {
                text.push_str(values.next()?);
                text.push_str(&part[1..]);
            }
            None => {
                text.push('%');
                text.push_str(parts.next()?);
            }
            _ => return None,
        }
    }
    Some(text)
}

/// `{0}` and the like with values in their place.
fn numbered(pattern: &str, values: &[String]) -> String {
    values
        .iter()
        .enumerate()
        .fold(pattern.to_owned(), |text, (at, value)| text.replace(&format!("{{{at}}}"), value))
}
