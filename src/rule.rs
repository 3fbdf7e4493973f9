//! Rules, valid by construction, and the sets they form.
//!
//! A rule is data: what to look for, how bad it is, what to do, and its own tests. Must not
//! search anything.

use std::{
    borrow::Cow,
    ops::Deref,
    sync::{Arc, OnceLock},
};

mod builtin;
mod condition;
mod digest;
mod example;
pub(crate) mod expression;
mod group;
mod kind;
pub(crate) mod lint;
mod model;
pub(crate) mod pack;
pub(crate) mod schema;
mod structure;
pub(crate) mod table;
pub(crate) mod validate;
pub(crate) mod write;

pub use builtin::{builtin, builtin_packs, builtin_refs};

pub use condition::{Condition, FORMATS, Literal, Path, Step, Structure, Test, View};
pub use group::{GROUPS, Group, is_called};
pub use model::{
    Allow, Assignment, Bound, Detector, Example, FileRule, Gate, List, ODDS, Odds, Part, Pattern, Rule, Text,
};
pub use pack::{read_pack, review_builtin};
pub(crate) use validate::is_kebab;
pub use write::to_toml;

/// A rule in a set: a pointer, since a hook puts hundreds into a set each time it starts.
#[derive(Clone, Debug)]
pub enum RuleRef {
    /// One of the tables made at build time.
    BuiltIn(&'static Rule),
    /// One that was read or changed at run time.
    Own(Arc<Rule>),
}

impl RuleRef {
    /// The rule, to be changed; a built-in one is copied first.
    pub fn to_mut(&mut self) -> &mut Rule {
        if let Self::BuiltIn(rule) = *self {
            *self = Self::Own(Arc::new(rule.clone()));
        }
        match self {
            Self::Own(rule) => Arc::make_mut(rule),
            Self::BuiltIn(_) => unreachable!("it was copied above"),
        }
    }
}

impl Deref for RuleRef {
    type Target = Rule;

    fn deref(&self) -> &Rule {
        match self {
            Self::BuiltIn(rule) => rule,
            Self::Own(rule) => rule,
        }
    }
}

impl From<Rule> for RuleRef {
    fn from(rule: Rule) -> Self {
        Self::Own(Arc::new(rule))
    }
}

impl From<Cow<'static, Rule>> for RuleRef {
    fn from(rule: Cow<'static, Rule>) -> Self {
        match rule {
            Cow::Borrowed(rule) => Self::BuiltIn(rule),
            Cow::Owned(rule) => Self::from(rule),
        }
    }
}

/// Rules in the order of their ids, with what is allowed for all of them.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<RuleRef>,
    allow: Vec<Allow>,
    /// Whether each rule is a guest; empty if none is.
    guests: Vec<bool>,
    /// Worked out when first asked for.
    digest: OnceLock<[u8; 32]>,
}

impl RuleSet {
    /// Sorts `rules` by id. Where two share one, the later wins.
    #[must_use]
    pub fn new(rules: Vec<Cow<'static, Rule>>, allow: Vec<Allow>) -> Self {
        Self::from_refs(rules.into_iter().map(RuleRef::from).collect(), allow)
    }

    /// [`RuleSet::new`] for rules that are pointers already.
    #[must_use]
    pub fn from_refs(mut rules: Vec<RuleRef>, allow: Vec<Allow>) -> Self {
        rules.reverse();
        rules.sort_by(|one, other| one.id.cmp(&other.id));
        rules.dedup_by(|later, earlier| later.id == earlier.id);
        Self { rules, allow, guests: Vec::new(), digest: OnceLock::new() }
    }

    /// Makes those rules guests that `is_guest` names. A guest is of somebody who may add findings and take none away: it
    /// never speaks in place of a rule that is no guest.
    #[must_use]
    pub fn with_guests(self, is_guest: impl Fn(&Rule) -> bool) -> Self {
        let guests: Vec<bool> = self.iter().map(is_guest).collect();
        let guests = if guests.contains(&true) { guests } else { Vec::new() };
        Self { guests, digest: OnceLock::new(), ..self }
    }

    /// Whether the rule at place `index` is a guest.
    #[must_use]
    pub fn is_guest(&self, index: u32) -> bool {
        self.guests.get(index as usize).copied().unwrap_or(false)
    }

    /// The rules, in the order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.iter().map(|rule| &**rule)
    }

    /// The rule at place `index`.
    ///
    /// # Panics
    ///
    /// If `index` did not come from this set.
    #[must_use]
    pub fn rule(&self, index: u32) -> &Rule {
        &self.rules[index as usize]
    }

    /// The rule with this id, and its place.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<(u32, &Rule)> {
        let place = self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()?;
        Some((place as u32, &self.rules[place]))
    }

    /// For each built-in rule, in their order, its place in this set, if it is here as it was built.
    #[must_use]
    pub fn builtin_places(&self) -> Vec<Option<u32>> {
        builtin::places(&self.rules)
    }

    /// The number of a rule among the built-in ones, if it is as it was built.
    #[must_use]
    pub fn builtin_number(&self, index: u32) -> Option<usize> {
        match &self.rules[index as usize] {
            RuleRef::BuiltIn(rule) => builtin::number(rule),
            RuleRef::Own(_) => None,
        }
    }

    /// Number of rules.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rules.len()
    }

    /// True if there is no rule.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What is allowed for all rules.
    #[must_use]
    pub fn allow(&self) -> &[Allow] {
        &self.allow
    }
}

/// How the pattern of a rule is to be compiled: over bytes, `\w \d \b .` ASCII, `^` and `$` the
/// ends of lines (`\n` or `\r\n`). Packs are validated with the same settings.
#[must_use]
pub fn pattern_syntax(ignore_case: bool) -> regex_automata::util::syntax::Config {
    regex_automata::util::syntax::Config::new()
        .unicode(false)
        .utf8(false)
        .case_insensitive(ignore_case)
        .multi_line(true)
        .crlf(true)
}
