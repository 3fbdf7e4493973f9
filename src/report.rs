//! Reports: one file a format, one list of formats.
//!
//! A report is a pure function of the outcome and the rules' texts. Must not know sources or
//! the command line.

mod advice;
mod csv;
mod github;
mod gitlab;
mod group;
mod html;
mod json;
mod jsonl;
mod junit;
mod layout;
mod markdown;
mod metrics;
mod openmetrics;
mod plain;
pub mod rotation;
mod sarif;
mod serial;
pub mod shard;
mod text;
mod uri;
pub(crate) mod view;

use std::io;

use crate::{pipeline::Outcome, rule::RuleSet};

/// What a report may say and show.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Colour and hyperlinks are allowed.
    pub color: bool,
    /// Suppressed findings are listed too.
    pub show_suppressed: bool,
    /// Secrets are shown whole.
    pub show_secrets: bool,
    /// Width of the terminal in columns, if there is one.
    pub width: Option<usize>,
    /// The mode that ran, such as `staged`: decides which advice fits.
    pub mode: Mode,
    /// Short form: no summary of what was scanned unless something is wrong.
    pub brief: bool,
    /// Comments in the text suppress findings: not so where a server decides.
    pub comments: bool,
    /// The server lets findings through with a push option, if it permits it.
    pub push_options: bool,
    /// URI of the folder that paths are relative to, ending in `/`, if it is to be told.
    pub root: Option<String>,
    /// The name of what was looked at, for titles.
    pub subject: Option<String>,
}

/// What was scanned, as far as advice depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// Files or standard input.
    #[default]
    Scan,
    /// What is about to be committed.
    Staged,
    /// A commit message.
    Message,
    /// What is about to be pushed.
    Push,
    /// What a server is about to accept.
    Receive,
    /// A range of commits.
    Range,
    /// The whole history.
    Audit,
}

/// What a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'r> {
    /// What the run found.
    pub outcome: &'r Outcome,
    /// The rules it ran with.
    pub rules: &'r RuleSet,
    /// How to show it.
    pub options: &'r Options,
}

/// Writes a report.
pub type Writer = fn(Input<'_>, &mut dyn io::Write) -> io::Result<()>;

/// A form that a report can take.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The word that selects it.
    pub name: &'static str,
    /// What it is, for help texts.
    pub title: &'static str,
    /// The usual ending of its files, without the dot.
    pub extension: &'static str,
    /// Writes it. An error is always one of the target; a broken pipe is passed on as such.
    pub writer: Writer,
}

/// All formats, the default first.
pub static FORMATS: &[Format] = &[
    text::FORMAT,
    json::FORMAT,
    jsonl::FORMAT,
    sarif::FORMAT,
    github::FORMAT,
    junit::FORMAT,
    csv::FORMAT,
    markdown::FORMAT,
    gitlab::FORMAT,
    html::FORMAT,
    openmetrics::FORMAT,
];

/// The format called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        finding::{Confidence, Finding, Fingerprint, Risk, RuleId, Severity, Snippet},
        origin::Origin,
        secret::Secret,
        text::{Position, Span},
    };

    /// A finding of nothing in particular, with `secret`.
    pub(super) fn finding(secret: Secret) -> Finding {
        Finding {
            rule: RuleId::from_static("made-up"),
            rule_index: 0,
            title: Arc::from("Made up"),
            risk: Risk::new(1).unwrap(),
            severity: Severity::High,
            confidence: Confidence::High,
            origin: Origin::file("a.txt"),
            span: Span::default(),
            start: Position::default(),
            end: Position::default(),
            secret,
            fingerprint: Fingerprint::default(),
            snippet: Snippet::default(),
            proof: None,
            decoded: Vec::new(),
            note: None,
            suppression: None,
            history: None,
            blocking: true,
        }
    }

    #[test]
    fn formats_are_found_by_name() {
        for format in FORMATS {
            assert_eq!(find(format.name).map(|found| found.title), Some(format.title));
        }
        assert!(find("xml").is_none());
    }
}
