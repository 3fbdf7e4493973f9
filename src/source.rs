//! Sources of content: each drives itself over the worker pool and calls a visitor.
//!
//! Must not know rules, detection or reports.

pub mod archive;
mod beside;
pub mod files;
pub mod git;
pub mod named;
pub mod patch;
pub mod shard;
pub mod stdin;
mod windows;

use std::{any::Any, collections::BTreeMap, fmt};

use bstr::{BStr, BString};

pub use crate::origin::Skip;
use crate::{
    finding::exposure::Exposure,
    origin::{Entry, Kind, ObjectId, Origin},
    text::{Copied, Fresh, Span},
};

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
    /// Contents that were scanned before, and are not read again.
    Known,
    /// Objects that are to be read, for who watches.
    Expected,
    /// Objects that were read, for who watches.
    Read,
}

/// What a visitor keeps of a content for those built on it. A source passes it on and cannot look
/// into it.
pub type Carried = Box<dyn Any + Send + Sync>;

/// How a content differs from its base.
#[derive(Clone, Copy, Debug)]
pub struct Delta<'d> {
    /// What is not in the base, each range with a few bytes of context; a range that does not
    /// touch it lies inside one of `copies`.
    pub fresh: &'d Fresh,
    /// What is in the base as well.
    pub copies: &'d [Copied],
    /// The base itself.
    pub base_bytes: &'d [u8],
    /// What the visitor returned for the base; without it, all of the content is new to it.
    pub base: Option<&'d Carried>,
    /// What counts as new if there is a base. That one may have been chosen by likeness alone, and be another one in the
    /// next run: then it saves work, and nothing that is told may depend on it.
    pub counted: &'d Fresh,
}

/// What [`Visitor::sift`] says of a content.
pub struct Sifted {
    /// To be handed back with what is built on the content, as that of [`Visitor::delta`].
    pub carried: Option<Carried>,
    /// What there is to take note of.
    pub holds: Holds,
}

/// Where a content holds something to take note of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nowhere.
    Nothing,
    /// Nobody knows without looking closely.
    Perhaps,
    /// In these places, of which one counts if it touches what is fresh; without places in its name alone,
    /// which counts if the name is new.
    Places(Vec<Span>),
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

    /// Content that is a change of other content of which the visitor was told before.
    ///
    /// Whatever it returns is handed back as [`Delta::base`] with what is built on this content,
    /// so that a visitor need not look again at what was copied. One that keeps nothing is asked
    /// to look at all of it.
    fn delta(&self, entry: &Entry, bytes: &[u8], delta: &Delta<'_>) -> Option<Carried> {
        let _ = delta;
        self.content(entry, bytes, &Fresh::All);
        None
    }

    /// Says whether [`content`](Self::content) or `delta` could take note of anything in a content,
    /// whatever of it is fresh. Takes note of nothing itself but that it was not wanted.
    ///
    /// For sources that have far more content than they need to know about exactly.
    fn sift(&self, entry: &Entry, bytes: &[u8], delta: Option<&Delta<'_>>) -> Sifted {
        let _ = (entry, bytes, delta);
        Sifted { carried: None, holds: Holds::Perhaps }
    }

    /// Whether there may be anything to take note of in the message of a commit or tag, of which is not known yet where in history it
    /// stands. If there is not, it has been looked at.
    fn says(&self, entry: &Entry, text: &[u8]) -> bool {
        let _ = (entry, text);
        true
    }

    /// True if [`sift`](Self::sift) says the same of any content under both names.
    fn alike(&self, one: &Entry, other: &Entry) -> bool {
        let _ = (one, other);
        false
    }

    /// Whether what is said of a file of this name depends on others beside it that are named alike.
    fn asks_beside(&self, name: &[u8]) -> bool {
        let _ = name;
        true
    }

    /// Whether what is said of a content may rest on more of it than its new lines, so that it matters where its lines stand.
    fn judges(&self, entry: &Entry, bytes: &[u8]) -> bool {
        let _ = (entry, bytes);
        false
    }

    /// Whether there may be something to say of a content as a whole, once it is at the tip of a reference: in any folder,
    /// under this name.
    fn may_judge(&self, bytes: &[u8], name: &BStr) -> bool {
        let _ = (bytes, name);
        true
    }

    /// An entry that is not read, or not read to its end.
    fn skipped(&self, entry: &Entry, why: Skip);

    /// Something that could not be read.
    fn problem(&self, problem: Problem);

    /// Something that could not be read, and that the user said need not be.
    fn remark(&self, problem: Problem) {
        self.problem(problem);
    }

    /// Content that was shown under the entry `first`, under a further name: what is to be said of that name.
    fn renamed(&self, entry: &Entry, first: &Entry, bytes: &[u8]) {
        let _ = (entry, first, bytes);
    }

    /// A sentence for the receipt.
    fn note(&self, note: String) {
        drop(note);
    }

    /// Whether something was found in an object before, in this run or in one that [`Source::recall`] told of.
    fn holds(&self, object: &ObjectId) -> bool {
        let _ = object;
        false
    }

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

    /// Whether it keeps what runs learn: only then is a digest of all rules made, which takes longer than a small commit.
    fn remembers(&self) -> bool {
        false
    }

    /// What earlier runs learned with the rules and limits that `digest` names; the visit then leaves out what they
    /// looked at. Asked once, before the visit.
    fn recall(&self, digest: &[u8; 32], visitor: &dyn Visitor) -> Learned {
        let _ = (digest, visitor);
        Learned::default()
    }

    /// Keeps for later runs what this one learned. Called once, after all else, if the run came to its end.
    fn keep(&self, digest: &[u8; 32], learned: &Learned, visitor: &dyn Visitor) {
        let _ = (digest, learned, visitor);
    }

    /// Shows what of `sought` was there before that part of a history began which the source is limited to, so that only
    /// what is new in it is told. Asked once, between the visit and [`trace`](Self::trace); nothing for a source without
    /// such a limit. Contents that are shown then are no part of what is looked at.
    ///
    /// # Errors
    ///
    /// If the history as a whole cannot be read.
    fn before(&self, sought: &dyn Fn() -> Vec<Sought>, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let _ = (sought, visitor);
        Ok(())
    }

    /// Shows older versions of `files`, each with what lay beside it when it came: what rules see in a whole file is looked
    /// for in what is there now only, and where it was found one may ask since when. Asked once, between the visit and
    /// [`trace`](Self::trace); nothing for a source without history. What is shown is no part of what is looked at, and on
    /// several threads.
    ///
    /// # Errors
    ///
    /// If the history as a whole cannot be read.
    fn versions_of(
        &self,
        files: &[Origin],
        show: &Show<'_>,
        visitor: &dyn Visitor,
    ) -> Result<(), SourceError> {
        let _ = (files, show, visitor);
        Ok(())
    }

    /// Shows what is in `files` again, under each path that history has it at, with the commit that brought it there: a content
    /// is shown once, and what was found by its path is found at that path alone. At the paths that `files` name it is shown
    /// without its bytes, which were looked at there. Asked once, between the visit and [`before`](Self::before); nothing
    /// for a source without history. What is shown is shown on several threads.
    ///
    /// # Errors
    ///
    /// If the history as a whole cannot be read.
    fn paths_of(&self, files: &[Origin], show: &Show<'_>, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let _ = (files, show, visitor);
        Ok(())
    }

    /// Says what the history behind the source knows of `sought`, in the same order; nothing where there is none.
    /// Asked once, after the visit.
    ///
    /// # Errors
    ///
    /// If the history as a whole cannot be read.
    fn trace(&self, sought: &[Sought], visitor: &dyn Visitor) -> Result<Vec<Exposure>, SourceError> {
        let _ = (sought, visitor);
        Ok(Vec::new())
    }
}

/// Takes a version of a file.
pub type Show<'s> = dyn Fn(&Entry, &[u8]) + Sync + 's;

/// What a look came to, as far as the next one needs it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Learned {
    /// Objects in which something is, sorted: they are looked at again.
    pub holders: Vec<ObjectId>,
    /// Entries that were not read, and for which reason.
    pub passed: BTreeMap<Skip, u64>,
}

/// Something that was found, whose way through a history is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Sought {
    /// The objects that hold it, by how they hold it.
    pub carriers: Vec<(Way, Vec<ObjectId>)>,
}

/// How an object holds something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Way {
    /// What the object is: a file or link, or a message.
    pub kind: Kind,
    /// What is put behind the path: members of archives, each behind `!`.
    pub suffix: BString,
    /// The one path that counts, where the name is what was found.
    pub only: Option<BString>,
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
