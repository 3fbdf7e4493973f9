//! Files of one layer and those they extend, from text to what they say.
//!
//! Must not decide between layers.

use std::collections::BTreeSet;

use super::{Known, Layer, LayerKind, ReadFile, gate::GateSections, schema::Sections};
use crate::{
    diagnostic::{Diagnostic, Sources, did_you_mean},
    rule::{
        Rule, expression, lint,
        pack::Pack,
        table::{At, Sink, Table, parse},
        validate::Context,
    },
    text::{Positions, Span},
};

/// Files that extend files that extend files: more than this is a mistake.
const MAX_EXTEND: usize = 8;

/// One file as read.
#[derive(Debug)]
pub(super) struct File {
    pub(super) kind: LayerKind,
    pub(super) name: String,
    text: String,
    pub(super) pack: Pack,
    pub(super) sections: Sections,
    pub(super) gate: GateSections,
}

impl File {
    /// `FILE:LINE` of a place.
    pub(super) fn place(&self, span: Span) -> String {
        format!("{}:{}", self.name, Positions::new(self.text.as_bytes()).at(span.start).line)
    }
}

/// Reads files and gathers their problems.
pub(super) struct Reader<'o> {
    known: Known<'o>,
    read: &'o ReadFile<'o>,
    /// Names of the files being read, outermost first.
    stack: Vec<String>,
    /// Names of the files read or being read.
    seen: BTreeSet<String>,
    /// What was read: files that are extended come before those that extend them.
    pub(super) files: Vec<File>,
    pub(super) problems: Vec<Diagnostic>,
    pub(super) sources: Sources,
}

impl<'o> Reader<'o> {
    pub(super) fn new(known: Known<'o>, read: &'o ReadFile<'o>) -> Self {
        Self {
            known,
            read,
            stack: Vec::new(),
            seen: BTreeSet::new(),
            files: Vec::new(),
            problems: Vec::new(),
            sources: Sources::default(),
        }
    }

    /// Reads a file and those it extends.
    pub(super) fn layer(&mut self, layer: Layer) {
        let Layer { kind, file: name, text } = layer;
        if !self.seen.insert(name.clone()) {
            return;
        }
        let (parts, problems) = document(&name, &text, self.known, Remarks::Left);
        self.problems.extend(problems);
        self.sources.insert(name.clone(), text.clone());
        let Some((pack, sections, gate)) = parts else { return };
        self.stack.push(name.clone());
        for extended in &pack.table.extend {
            if let Err(why) = self.extend(kind, &name, extended) {
                self.problems.push(
                    Diagnostic::error("bad-extend", why).in_file(name.as_str()).label(extended.span, ""),
                );
            }
        }
        self.stack.pop();
        self.files.push(File { kind, name, text, pack, sections, gate });
    }

    fn extend(&mut self, kind: LayerKind, from: &str, extended: &At<String>) -> Result<(), String> {
        let wanted = extended.value.as_str();
        // What a repository says must not make a server read files that are none of its business.
        if matches!(kind, LayerKind::Repository | LayerKind::Target) && leaves_folder(wanted) {
            return Err("a repository's configuration extends files of its own folder only".to_owned());
        }
        if self.stack.len() >= MAX_EXTEND {
            return Err(format!("more than {MAX_EXTEND} files extend each other"));
        }
        let (file, text) = (self.read)(from, wanted)?;
        if self.stack.contains(&file) {
            return Err(format!("the file extends itself: {} -> {file}", self.stack.join(" -> ")));
        }
        self.layer(Layer { kind, file, text });
        Ok(())
    }
}

/// True for a path that may lead out of the folder it is relative to.
fn leaves_folder(path: &str) -> bool {
    let absolute = path.starts_with(['/', '\\', '~']) || path.contains(':');
    absolute || path.split(['/', '\\']).any(|component| component == "..")
}

/// Whether remarks on style are made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remarks {
    Made,
    Left,
}

/// Everything that is wrong with one file, or could be better; files that it extends and rules of
/// other files are not looked at.
#[must_use]
pub fn check(file: &str, text: &str, known: Known<'_>) -> Vec<Diagnostic> {
    document(file, text, known, Remarks::Made).1
}

/// The rules of one file, without those that something is wrong with; see [`check`].
#[must_use]
pub fn rules(file: &str, text: &str, known: Known<'_>) -> Vec<Rule> {
    document(file, text, known, Remarks::Left).0.map(|(pack, ..)| pack.rules).unwrap_or_default()
}

fn document(
    name: &str,
    text: &str,
    known: Known<'_>,
    remarks: Remarks,
) -> (Option<(Pack, Sections, GateSections)>, Vec<Diagnostic>) {
    let sink = Sink::new(name, text);
    let parts = parse(&sink).map(|document| {
        let mut table = Table::new(&sink, "a configuration file", &document, Span::new(0, 0));
        let context = Context { source: name, built_in: false, checks: known.checks };
        let pack = Pack::read(&mut table, context);
        let sections = Sections::read(&mut table);
        let gate = GateSections::read(&mut table, &sink, name);
        table.finish();
        check_sections(&sections, known, &sink);
        if remarks == Remarks::Made {
            lint::incomplete(&pack.table, &sink);
            lint::keywords(&pack.table, &sink);
            lint::style(&pack.table, &sink);
        }
        (pack, sections, gate)
    });
    (parts, sink.finish())
}

fn check_sections(sections: &Sections, known: Known<'_>, sink: &Sink<'_>) {
    sections.exclude.iter().for_each(|glob| expression::glob(sink, glob));
    for marker in sections.markers.iter().flat_map(|markers| &markers.value) {
        if !known.markers.is_empty() && !known.markers.contains(&marker.value.as_str()) {
            sink.push(
                Diagnostic::error("bad-word", format!("there are no markers of `{}`", marker.value))
                    .label(marker.span, "")
                    .help(did_you_mean(&marker.value, known.markers)),
            );
        }
    }
}
