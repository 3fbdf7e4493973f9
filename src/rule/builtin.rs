//! The built-in packs, as tables made by `build.rs`: nothing is parsed when the program starts.

use std::borrow::Cow;

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

/// The built-in packs as written: name and text.
#[must_use]
pub const fn builtin_packs() -> &'static [(&'static str, &'static str)] {
    &PACKS
}

/// A text of the tables.
const fn text(text: &'static str) -> model::Text {
    Cow::Borrowed(text)
}

/// A risk of the tables; `build.rs` has seen that it exists.
const fn risk(number: u8) -> words::Risk {
    match words::Risk::new(number) {
        Some(risk) => risk,
        None => panic!("build.rs let a risk through that does not exist"),
    }
}
