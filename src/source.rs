//! Sources of content: each drives itself over the worker pool and calls a visitor.
//!
//! Must not know rules, detection or reports.

use std::fmt;

use bstr::BString;

use crate::{origin::Entry, text::Fresh};

/// Why a piece of content is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// Larger than the limit.
    TooLarge,
    /// A kind of file that holds no text: pictures, sound, fonts.
    Media,
    /// Excluded by configuration, `.abatisignore` or an option.
    Excluded,
    /// Nothing in it is new.
    NotFresh,
    /// A commit of another repository.
    Submodule,
    /// A pointer whose LFS object is not in the local store.
    LfsMissing,
    /// A device, socket or pipe.
    Special,
    /// An archive member beyond a limit on depth, count or size.
    ArchiveLimit,
}

impl Skip {
    /// The word used in the coverage receipt.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too large",
            Self::Media => "media",
            Self::Excluded => "excluded",
            Self::NotFresh => "not fresh",
            Self::Submodule => "submodule",
            Self::LfsMissing => "LFS object missing",
            Self::Special => "special file",
            Self::ArchiveLimit => "archive limit",
        }
    }
}

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
    fn content(&self, entry: &Entry, bytes: &[u8], fresh: &Fresh);

    /// An entry that is not read.
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
