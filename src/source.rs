//! Sources of content: each drives itself over the worker pool and calls a visitor.
//!
//! Must not know rules, detection or reports.

pub mod archive;
pub mod files;
pub mod git;
pub mod patch;
pub mod stdin;
mod windows;

use std::fmt;

use bstr::BString;

pub use crate::origin::Skip;
use crate::{origin::Entry, text::Fresh};

/// Something that could not be read or done. A run with a problem is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What it is about: a path, an object, a reference.
    pub subject: BString,
    /// What went wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.subject, self.message)
    }
}

/// What a source counts while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// References looked at.
    Refs,
    /// Commits looked at.
    Commits,
    /// Entries that moved since the last look (staged paths, pushed objects).
    Moved,
}

/// Takes what a source finds. Called from many threads.
pub trait Visitor: Sync {
    /// Asked before content is read: whether to read it. A skip is recorded.
    fn wants(&self, entry: &Entry) -> bool;

    /// Content of an entry, and which part of it is new.
    ///
    /// Called more than once for an entry whose content comes in parts: a very long file, the
    /// hunks of a patch. Then [`Entry::offset`] and [`Entry::lines`] say where the part lies, only
    /// the first part has [`Entry::new_name`], and what a part repeats from the one before it is
    /// not fresh.
    fn content(&self, entry: &Entry, bytes: &[u8], fresh: &Fresh);

    /// An entry that is not read, or not read to its end.
    fn skipped(&self, entry: &Entry, why: Skip);

    /// Something that could not be read.
    fn problem(&self, problem: Problem);

    /// Something to count in the receipt.
    fn count(&self, what: Count, number: u64);

    /// True if the run is to stop: the source returns as soon as it can.
    fn cancelled(&self) -> bool;
}

/// A place that content comes from.
pub trait Source {
    /// Visits everything.
    ///
    /// # Errors
    ///
    /// If the source as a whole cannot be read. Single entries that cannot are problems.
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError>;
}

/// A source as a whole could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{subject}: {message}")]
pub struct SourceError {
    /// What could not be read.
    pub subject: String,
    /// What went wrong, and what to do.
    pub message: String,
    /// The cause, if another error.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SourceError {
    /// An error about `subject`.
    pub fn new(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { subject: subject.into(), message: message.into(), cause: None }
    }
}
