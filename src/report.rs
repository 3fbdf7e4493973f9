//! Reports: one file a format, one list of formats.
//!
//! A report is a pure function of the outcome and the rules' texts. Must not know sources or
//! the command line.

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
