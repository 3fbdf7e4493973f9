//! A TOML table read key by key: every wrong key, type and word becomes a diagnostic, and
//! reading goes on.
//!
//! `build.rs` includes this file. Must not know what the keys mean.

use std::{borrow::Cow, cell::RefCell};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::condition::Literal;
use crate::{
    diagnostic::{Diagnostic, did_you_mean, list},
    text::{Positions, Span},
};

/// A value and its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it is written, quotes included.
    pub(crate) span: Span,
}

/// Where the problems of one file go.
#[derive(Debug)]
pub(crate) struct Sink<'t> {
    file: &'t str,
    text: &'t str,
    found: RefCell<Vec<Diagnostic>>,
}

impl<'t> Sink<'t> {
    pub(crate) const fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, found: RefCell::new(Vec::new()) }
    }

    /// Takes a problem of this file.
    pub(crate) fn push(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic.in_file(self.file));
    }

    /// Number of errors so far: a part during which it grew is not to be used.
    pub(crate) fn errors(&self) -> usize {
        self.found.borrow().iter().filter(|diagnostic| diagnostic.is_error()).count()
    }

    /// All problems, sorted.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        crate::diagnostic::sort(&mut found);
        found
    }

    /// The text as written at `span`.
    pub(crate) fn written(&self, span: Span) -> &'t str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The line of a place, from 1.
    pub(crate) fn line(&self, span: Span) -> usize {
        Positions::new(self.text.as_bytes()).at(span.start).line
    }

    /// The place of `inner` (offsets in the value) of a string value written at `span`.
    ///
    /// Escapes and the like make offsets differ; then it is the whole string.
    pub(crate) fn inside(&self, string: &At<String>, inner: Span) -> Span {
        let written = self.written(string.span);
        let quote = match written.as_bytes() {
            [b'\'', b'\'', b'\'', ..] | [b'"', b'"', b'"', ..] => 3,
            [b'\'' | b'"', ..] => 1,
            _ => return string.span,
        };
        let Some(body) = written.len().checked_sub(quote).and_then(|end| written.get(quote..end)) else {
            return string.span;
        };
        // A newline right behind the opening quotes is not part of the value.
        let newline = match body.as_bytes() {
            [b'\r', b'\n', ..] if quote == 3 => 2,
            [b'\n', ..] if quote == 3 => 1,
            _ => 0,
        };
        if body[newline..] != string.value {
            return string.span;
        }
        inner.shifted(string.span.start + quote + newline)
    }
}

/// Reads a document. `None` if it is not TOML; all that is wrong with its syntax is in `sink`.
pub(crate) fn parse<'t>(sink: &Sink<'t>) -> Option<DeTable<'t>> {
    let (table, errors) = DeTable::parse_recoverable(sink.text);
    if errors.is_empty() {
        return Some(table.into_inner());
    }
    for error in errors {
        let span = error.span().map_or(Span::new(0, 0), |range| Span::new(range.start, range.end));
        sink.push(Diagnostic::error("toml-syntax", error.message().trim_end()).label(span, ""));
    }
    None
}

/// A table being read. Keys that nobody asked for are unknown.
#[derive(Debug)]
pub(crate) struct Table<'a, 't> {
    sink: &'a Sink<'t>,
    /// What it is, for messages: `a rule`.
    what: &'static str,
    span: Span,
    entries: &'a DeTable<'t>,
    known: Vec<&'static str>,
}

impl<'a, 't> Table<'a, 't> {
    pub(crate) const fn new(
        sink: &'a Sink<'t>,
        what: &'static str,
        entries: &'a DeTable<'t>,
        span: Span,
    ) -> Self {
        Self { sink, what, span, entries, known: Vec::new() }
    }

    pub(crate) const fn sink(&self) -> &'a Sink<'t> {
        self.sink
    }

    /// Where the table begins: its header, or its braces.
    pub(crate) const fn span(&self) -> Span {
        self.span
    }

    /// The keys that are there.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.entries.keys().map(|key| key.get_ref().to_string()).collect()
    }

    /// Reports keys that nobody asked for.
    pub(crate) fn finish(self) {
        for key in self.entries.keys() {
            let name: &str = key.get_ref();
            if !self.known.contains(&name) {
                self.sink.push(
                    Diagnostic::error("unknown-key", format!("`{name}` is not a key of {}", self.what))
                        .label(span_of(key), "")
                        .help(did_you_mean(name, &self.known)),
                );
            }
        }
    }

    /// A missing key that has to be there.
    pub(crate) fn missing(&self, key: &str, help: impl Into<String>) {
        self.sink.push(
            Diagnostic::error("missing-key", format!("{} needs `{key}`", self.what))
                .label(self.span, "")
                .help(help),
        );
    }

    fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.known.push(key);
        self.entries.get(key)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let message = format!("`{key}` of {} is {expected}, not {}", self.what, type_name(value.get_ref()));
        self.sink.push(Diagnostic::error("wrong-type", message).label(span_of(value), ""));
    }

    /// True if the key has a string for its value.
    pub(crate) fn is_string(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|value| matches!(value.get_ref(), DeValue::String(_)))
    }

    pub(crate) fn string(&mut self, key: &'static str) -> Option<At<String>> {
        let value = self.get(key)?;
        let string = as_string(value);
        if string.is_none() {
            self.wrong_type(key, value, "a string");
        }
        string
    }

    /// A string that is one of a few words.
    pub(crate) fn word<T>(
        &mut self,
        key: &'static str,
        words: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<At<T>> {
        let string = self.string(key)?;
        if let Some(value) = read(&string.value) {
            return Some(At { value, span: string.span });
        }
        let near = crate::diagnostic::nearest(&string.value, words.iter().copied());
        let help = near.map_or_else(
            || format!("one of {}", list(words)),
            |near| format!("did you mean `{near}`? It is one of {}", list(words)),
        );
        self.sink.push(
            Diagnostic::error("bad-word", format!("`{key}` cannot be `{}`", string.value))
                .label(string.span, "")
                .help(help),
        );
        None
    }

    /// A list of strings; empty if it is not there.
    pub(crate) fn strings(&mut self, key: &'static str) -> Vec<At<String>> {
        self.optional_strings(key).map(|strings| strings.value).unwrap_or_default()
    }

    /// A list of strings, if it is there.
    pub(crate) fn optional_strings(&mut self, key: &'static str) -> Option<At<Vec<At<String>>>> {
        let value = self.get(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, "a list of strings");
            return None;
        };
        let mut strings = Vec::with_capacity(items.len());
        for item in items {
            match as_string(item) {
                Some(string) => strings.push(string),
                None => self.wrong_type(key, item, "a list of strings"),
            }
        }
        Some(At { value: strings, span: span_of(value) })
    }

    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<At<bool>> {
        let value = self.get(key)?;
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(At { value: *flag, span: span_of(value) });
        }
        self.wrong_type(key, value, "true or false");
        None
    }

    /// A whole number that is not negative.
    pub(crate) fn number(&mut self, key: &'static str) -> Option<At<u64>> {
        let value = self.get(key)?;
        if let DeValue::Integer(number) = value.get_ref()
            && let Ok(number) = u64::from_str_radix(number.as_str(), number.radix())
        {
            return Some(At { value: number, span: span_of(value) });
        }
        self.wrong_type(key, value, "a whole number from 0");
        None
    }

    /// A number with or without a fraction.
    pub(crate) fn decimal(&mut self, key: &'static str) -> Option<At<f64>> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse::<f64>().ok(),
            DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
            _ => None,
        };
        if let Some(number) = number.filter(|number| number.is_finite()) {
            return Some(At { value: number, span: span_of(value) });
        }
        self.wrong_type(key, value, "a number");
        None
    }

    /// A day, as `YYYY-MM-DD`.
    pub(crate) fn day(&mut self, key: &'static str) -> Option<At<String>> {
        let value = self.get(key)?;
        if let DeValue::Datetime(moment) = value.get_ref()
            && let (Some(date), None) = (moment.date, moment.time)
        {
            return Some(At { value: date.to_string(), span: span_of(value) });
        }
        self.sink.push(
            Diagnostic::error("bad-date", format!("`{key}` of {} is a day", self.what))
                .label(span_of(value), "")
                .help("write it without quotes, such as `2027-01-31`"),
        );
        None
    }

    /// A table of its own.
    pub(crate) fn table(&mut self, key: &'static str, what: &'static str) -> Option<Self> {
        let value = self.get(key)?;
        if let DeValue::Table(entries) = value.get_ref() {
            return Some(Self::new(self.sink, what, entries, span_of(value)));
        }
        self.wrong_type(key, value, "a table");
        None
    }

    /// A list of tables; empty if it is not there.
    pub(crate) fn tables(&mut self, key: &'static str, what: &'static str) -> Vec<Self> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, &format!("a list of tables, written `[[{key}]]`"));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for item in items {
            match item.get_ref() {
                DeValue::Table(entries) => {
                    tables.push(Self::new(self.sink, what, entries, span_of(item)));
                }
                _ => self.wrong_type(key, item, "a list of tables"),
            }
        }
        tables
    }

    /// A list whose items are strings or tables; empty if it is not there.
    pub(crate) fn items<T>(
        &mut self,
        key: &'static str,
        what: &'static str,
        string: impl Fn(At<String>) -> T,
        table: impl Fn(Self) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let expected = "a list of strings and tables";
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, expected);
            return Vec::new();
        };
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            match (as_string(item), item.get_ref()) {
                (Some(text), _) => all.push(string(text)),
                (None, DeValue::Table(entries)) => {
                    all.extend(table(Self::new(self.sink, what, entries, span_of(item))));
                }
                _ => self.wrong_type(key, item, expected),
            }
        }
        all
    }

    /// True if the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A string, or a list of strings, if it is there.
    pub(crate) fn one_or_more(&mut self, key: &'static str) -> Option<Vec<At<String>>> {
        let value = self.get(key)?;
        let expected = "a string or a list of strings";
        if let Some(string) = as_string(value) {
            return Some(vec![string]);
        }
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, expected);
            return None;
        };
        let mut strings = Vec::with_capacity(items.len());
        for item in items {
            match as_string(item) {
                Some(string) => strings.push(string),
                None => self.wrong_type(key, item, expected),
            }
        }
        Some(strings)
    }

    /// A text, a number or a truth value, if it is there.
    pub(crate) fn literal(&mut self, key: &'static str) -> Option<Literal> {
        let value = self.get(key)?;
        let literal = as_literal(value);
        if literal.is_none() {
            self.wrong_type(key, value, "a text, a number, true or false");
        }
        literal
    }

    /// A list of texts, numbers and truth values, if it is there.
    pub(crate) fn literals(&mut self, key: &'static str) -> Option<Vec<Literal>> {
        let value = self.get(key)?;
        let expected = "a list of texts, numbers, true or false";
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, expected);
            return None;
        };
        let mut literals = Vec::with_capacity(items.len());
        for item in items {
            match as_literal(item) {
                Some(literal) => literals.push(literal),
                None => self.wrong_type(key, item, expected),
            }
        }
        Some(literals)
    }

    /// A number or a list of numbers from `least` to `most`, if it is there.
    pub(crate) fn numbers(&mut self, key: &'static str, least: f64, most: f64) -> Option<At<Vec<f64>>> {
        let value = self.get(key)?;
        let single = std::slice::from_ref(value);
        let items = if let DeValue::Array(items) = value.get_ref() { &items[..] } else { single };
        let mut numbers = Vec::with_capacity(items.len());
        for item in items {
            match as_literal(item) {
                Some(Literal::Number(number))
                    if (least..=most).contains(&number) && number.fract() == 0.0 =>
                {
                    numbers.push(number);
                }
                _ => self.wrong_type(key, item, &format!("a list of whole numbers from {least} to {most}")),
            }
        }
        Some(At { value: numbers, span: span_of(value) })
    }
}

fn span_of<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span::new(range.start, range.end)
}

fn as_string(value: &Spanned<DeValue<'_>>) -> Option<At<String>> {
    match value.get_ref() {
        DeValue::String(text) => Some(At { value: text.to_string(), span: span_of(value) }),
        _ => None,
    }
}

fn as_literal(value: &Spanned<DeValue<'_>>) -> Option<Literal> {
    let number = match value.get_ref() {
        DeValue::String(text) => return Some(Literal::Text(Cow::Owned(text.to_string()))),
        DeValue::Boolean(flag) => return Some(Literal::Bool(*flag)),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse::<f64>().ok(),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite()).map(Literal::Number)
}

const fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Writes a TOML basic string, quotes included.
pub(crate) fn write_string(text: &str, written: &mut String) {
    written.push('"');
    for character in text.chars() {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\t' => written.push_str("\\t"),
            '\r' => written.push_str("\\r"),
            control if control.is_control() => {
                written.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            other => written.push(other),
        }
    }
    written.push('"');
}
