//! What detection knows of the built-in rules, as tables made by `build.rs`.
//!
//! Keywords of rules that are off until they are asked for are not in them. Must not know any other rule.

use std::borrow::Cow;

use super::{
    gram::{Array, Table},
    pattern::Shapes,
};

/// The rules of each keyword of a table, by their places among the built-in rules.
#[derive(Debug)]
pub(super) struct Users {
    /// `starts[keyword]..starts[keyword + 1]` in `rules`.
    pub(super) starts: &'static [u16],
    /// Places of rules.
    pub(super) rules: &'static [u16],
    /// By keyword: whether matches of one of its rules span lines.
    pub(super) spans: &'static [bool],
}

include!(concat!(env!("OUT_DIR"), "/keywords.rs"));
