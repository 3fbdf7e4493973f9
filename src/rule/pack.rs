//! One rule pack, from text to rules.
//!
//! Must not know other packs; layers are the business of `config`.

use super::{
    model::Rule,
    schema::PackTable,
    table::{Sink, Table, parse},
    validate::{self, Context},
};
use crate::{diagnostic::Diagnostic, text::Span};

/// Reads the rules of a pack. `file` is its name for people, and the rules' source.
///
/// # Errors
///
/// All problems of the pack, if one of them is an error.
pub fn read_pack(file: &str, text: &str) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    let sink = Sink::new(file, text);
    let mut rules = Vec::new();
    if let Some(document) = parse(&sink) {
        let mut table = Table::new(&sink, "a rule pack", &document, Span::new(0, 0));
        let pack = PackTable::read(&mut table);
        table.finish();
        let context = Context { source: file, built_in: false, checks: &[] };
        rules = validate::rules(&pack, context, &sink);
    }
    let diagnostics = sink.finish();
    if diagnostics.iter().any(Diagnostic::is_error) { Err(diagnostics) } else { Ok(rules) }
}
