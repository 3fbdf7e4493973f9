//! One rule pack, from text to rules.
//!
//! Must not know other packs; layers are the business of `config`.

use super::{
    lint,
    model::{Allow, Rule},
    schema::PackTable,
    table::{Sink, Table, parse},
    validate::{self, Context},
};
use crate::{diagnostic::Diagnostic, text::Span};

/// A pack as read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pack {
    /// What it says.
    pub(crate) table: PackTable,
    /// Its rules, without those that something is wrong with.
    pub(crate) rules: Vec<Rule>,
    /// Its `[[allow]]` entries in the order written, without those that something is wrong with.
    pub(crate) allow: Vec<Allow>,
}

impl Pack {
    /// Takes the keys of a pack out of a document; the caller may take further ones.
    pub(crate) fn read(table: &mut Table<'_, '_>, context: Context<'_>) -> Self {
        let sink = table.sink();
        let pack = PackTable::read(table);
        let rules = validate::rules(&pack, context, sink);
        let allow = pack.allow.iter().filter_map(|entry| validate::allow(entry, context, sink)).collect();
        pack.overrides.iter().for_each(|change| validate::check_override(change, sink));
        lint::sizes(&pack, sink);
        Self { table: pack, rules, allow }
    }
}

/// Reads the rules of a pack. `file` is its name for people, and the rules' source.
///
/// # Errors
///
/// All problems of the pack, warnings too, if one of them is an error.
pub fn read_pack(file: &str, text: &str) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    let sink = Sink::new(file, text);
    let mut rules = Vec::new();
    if let Some(document) = parse(&sink) {
        let mut table = Table::new(&sink, "a rule pack", &document, Span::new(0, 0));
        rules = Pack::read(&mut table, Context { source: file, built_in: false, checks: &[] }).rules;
        table.finish();
    }
    let diagnostics = sink.finish();
    if diagnostics.iter().any(Diagnostic::is_error) { Err(diagnostics) } else { Ok(rules) }
}

/// Reads the rules of a built-in pack as `build.rs` does, and reports everything that could be better.
///
/// `checks` are the names of the offline proofs there are.
#[must_use]
pub fn review_builtin(name: &str, text: &str, checks: &[&str]) -> (Vec<Rule>, Vec<Diagnostic>) {
    let sink = Sink::new(name, text);
    let mut rules = Vec::new();
    if let Some(document) = parse(&sink) {
        let mut table = Table::new(&sink, "a rule pack", &document, Span::new(0, 0));
        let source = format!("built-in/{name}");
        let pack = Pack::read(&mut table, Context { source: &source, built_in: true, checks });
        table.finish();
        lint::keywords(&pack.table, &sink);
        lint::style(&pack.table, &sink);
        rules = pack.rules;
    }
    (rules, sink.finish())
}
