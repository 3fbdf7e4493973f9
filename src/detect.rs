//! The detection core: a pure function of bytes, path, fresh ranges and rule set.
//!
//! Must not know git, files, the clock, the environment or threads.

pub(crate) mod assignment;
pub mod entropy;
pub(crate) mod judge;
pub(crate) mod pattern;
pub(crate) mod prefilter;

use std::sync::Arc;

use bstr::BStr;

use crate::{finding::Match, origin::Kind, rule::RuleSet, text::Fresh};

/// What is scanned.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'s> {
    /// The content.
    pub bytes: &'s [u8],
    /// The path that rules see.
    pub path: &'s BStr,
    /// What kind of text it is.
    pub kind: Kind,
    /// The parts that are new.
    pub fresh: &'s Fresh,
    /// Whether rules on the name apply.
    pub new_name: bool,
    /// Whether the owner may execute it.
    pub executable: bool,
}

/// What a scan counted besides its matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Matches dropped because an offline proof failed.
    pub disproved: u64,
}

/// A rule set made ready for scanning: immutable, shared by all threads.
#[derive(Debug)]
pub struct Scanner {
    rules: Arc<RuleSet>,
}

/// Buffers that one worker reuses from scan to scan.
#[derive(Debug, Default)]
pub struct Scratch {}

impl Scanner {
    /// Makes the rules ready. Expressions are compiled when first needed.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self { rules }
    }

    /// The rules it scans with.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Adds the matches of `subject` to `matches`, sorted by place and rule, overlaps resolved.
    pub fn scan(&self, _subject: Subject<'_>, _scratch: &mut Scratch, _matches: &mut Vec<Match>) -> Tally {
        Tally::default()
    }
}
