//! The built-in packs, as tables made by `build.rs`: nothing is parsed when the program starts.

use std::{borrow::Cow, mem};

use super::{RuleRef, condition, model};
use crate::finding as words;

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// The built-in rules, in the order of their ids.
#[must_use]
pub fn builtin() -> Vec<Cow<'static, model::Rule>> {
    BUILTIN.iter().map(Cow::Borrowed).collect()
}

/// The built-in rules as a rule set holds them, in the order of their ids.
pub fn builtin_refs() -> impl ExactSizeIterator<Item = RuleRef> {
    BUILTIN.iter().map(RuleRef::BuiltIn)
}

/// For each built-in rule, its place among `rules`, which are in the order of ids, too.
pub(super) fn places(rules: &[RuleRef]) -> Vec<Option<u32>> {
    let mut places = vec![None; BUILTIN.len()];
    let mut next = 0;
    for (place, rule) in rules.iter().enumerate() {
        let RuleRef::BuiltIn(rule) = rule else { continue };
        let found = BUILTIN[next..].iter().position(|builtin| std::ptr::eq(builtin, *rule));
        if let Some(ahead) = found {
            places[next + ahead] = Some(place as u32);
            next += ahead + 1;
        }
    }
    places
}

/// The number of a built-in rule.
pub(super) fn number(rule: &model::Rule) -> Option<usize> {
    let number = BUILTIN.binary_search_by(|known| known.id.cmp(&rule.id)).ok()?;
    std::ptr::eq(&BUILTIN[number], rule).then_some(number)
}

/// The built-in packs as written: name and text.
#[must_use]
pub const fn builtin_packs() -> &'static [(&'static str, &'static str)] {
    &PACKS
}

/// A text of the tables.
const fn text(text: &'static str) -> model::Text {
    Cow::Borrowed(text)
}

/// The table of the texts of all lists.
const fn all_texts<const N: usize>(written: [&'static str; N]) -> [model::Text; N] {
    let mut texts = [const { Cow::Borrowed("") }; N];
    let mut place = 0;
    while place < N {
        // What was there borrows: there is nothing to drop, which cannot be done in a constant.
        mem::forget(mem::replace(&mut texts[place], text(written[place])));
        place += 1;
    }
    texts
}

/// The table of the examples of all rules.
const fn all_examples<const N: usize>(written: [(&'static str, &'static str); N]) -> [model::Example; N] {
    let mut examples = [const { model::Example { path: text(""), text: text("") } }; N];
    let mut place = 0;
    while place < N {
        let (path, example) = written[place];
        let new = model::Example { path: text(path), text: text(example) };
        mem::forget(mem::replace(&mut examples[place], new));
        place += 1;
    }
    examples
}

/// A list of texts: `len` from `start` of the table.
const fn texts(start: usize, len: usize) -> model::List<model::Text> {
    Cow::Borrowed(TEXTS.split_at(start).1.split_at(len).0)
}

/// A list of examples: `len` from `start` of the table.
const fn examples(start: usize, len: usize) -> model::List<model::Example> {
    Cow::Borrowed(EXAMPLES.split_at(start).1.split_at(len).0)
}

/// A risk of the tables; `build.rs` has seen that it exists.
const fn risk(number: u8) -> words::Risk {
    match words::Risk::new(number) {
        Some(risk) => risk,
        None => panic!("build.rs let a risk through that does not exist"),
    }
}
