//! `abatis rules check`: everything that is wrong with packs, or could be better, in one go.

use std::{collections::BTreeMap, io::Write as _, path::PathBuf};

use anyhow::Result;

use super::{
    super::{args::CommonArgs, edge::Edge, exit::Exit, load},
    Words,
    files::{self, Written},
};
use crate::{
    config::{self, Choice, Layer, LayerKind},
    diagnostic::{self, Diagnostic, Sources},
    rule,
};

pub(super) fn run(paths: &[PathBuf], edge: &Edge, out: &mut Vec<u8>) -> Result<Exit> {
    let words = Words::new();
    let (mut problems, sources, count) = if paths.is_empty() {
        let top = edge.repository().ok().and_then(|repo| repo.worktree);
        // The files in force; what is wrong with them ends the command with all problems.
        let config = load::load(&CommonArgs::default(), top.as_deref(), edge)?;
        let (mut problems, mut sources) = (config.warnings, config.sources);
        for (name, text) in rule::builtin_packs() {
            let (_, found) = rule::review_builtin(name, text, &words.checks);
            problems.extend(found);
            sources.insert(*name, *text);
        }
        (problems, sources, rule::builtin_packs().len())
    } else {
        let files = files::collect(paths, edge)?;
        let count = files.len();
        let (problems, sources) = check(files, &words);
        (problems, sources, count)
    };
    diagnostic::sort(&mut problems);
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    write!(out, "{}", diagnostic::render(&problems, &sources, edge.color))?;
    let warnings = problems.len() - errors;
    writeln!(out, "{}: {}, {}", number(count, "file"), number(errors, "error"), number(warnings, "warning"))?;
    Ok(if errors == 0 { Exit::Clean } else { Exit::Incomplete })
}

fn check(files: Vec<Written>, words: &Words) -> (Vec<Diagnostic>, Sources) {
    let mut problems = Vec::new();
    let mut sources = Sources::default();
    for Written { name, text } in &files {
        problems.extend(config::check(name, text, words.known()));
        sources.insert(name.as_str(), text.as_str());
    }
    problems.extend(repeated_ids(&files, words));
    // Laid over each other, files show which names nobody knows.
    let layer = |Written { name: file, text }| Layer { kind: LayerKind::CommandLine, file, text };
    let layers = files.into_iter().map(layer).collect();
    if let Err(rejected) = config::load(layers, &load::read_extended, words.known(), &Choice::default()) {
        problems.extend(rejected.diagnostics);
    }
    (problems, sources)
}

/// Rules of one file that another one has, too: in one run the later would replace the earlier.
fn repeated_ids(files: &[Written], words: &Words) -> Vec<Diagnostic> {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for Written { name, text } in files {
        for rule in config::rules(name, text, words.known()) {
            match owners.get(rule.id.as_str()) {
                Some(owner) if *owner != name => problems.push(
                    Diagnostic::warning("repeated-id", format!("{owner} has a rule `{}`, too", rule.id))
                        .in_file(name.as_str())
                        .help("given together, the later file wins; rename one to have both"),
                ),
                _ => {
                    owners.insert(rule.id.as_str().to_owned(), name);
                }
            }
        }
    }
    problems
}

/// A number with its noun.
pub(super) fn number(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
