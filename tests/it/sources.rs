//! Sources that are not git, seen through a visitor that keeps everything in memory.

mod archives;
mod malformed;
mod patches;
mod walk;

use std::sync::{Mutex, MutexGuard};

use abatis::{
    origin::{Entry, Origin},
    select::{Options, Selector},
    source::{
        Count, Problem, Skip, Source, Visitor,
        archive::{self, Limits, Opened},
    },
    text::{Fresh, Position, Positions, Span},
};
use bstr::BString;

/// A visitor that keeps what it is given.
pub(crate) struct Collector {
    selector: Selector,
    /// Opens archives if set.
    limits: Option<Limits>,
    seen: Mutex<Seen>,
}

/// What a collector was given, sorted by [`Collector::visit`].
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) parts: Vec<Part>,
    pub(crate) skips: Vec<(BString, Skip)>,
    pub(crate) problems: Vec<Problem>,
}

/// One call of [`Visitor::content`].
pub(crate) struct Part {
    pub(crate) entry: Entry,
    pub(crate) text: Vec<u8>,
    pub(crate) fresh: Vec<Span>,
}

impl Part {
    /// The place in the file of the first `needle`.
    #[track_caller]
    pub(crate) fn place_of(&self, needle: &str) -> (usize, usize) {
        let offset = bstr::ByteSlice::find(self.text.as_slice(), needle).expect(needle);
        let Position { line, column, .. } = self.entry.lines.in_file(Positions::new(&self.text).at(offset));
        (line, column)
    }

    /// The fresh lines with their numbers in the file.
    pub(crate) fn fresh_lines(&self) -> Vec<(usize, String)> {
        let mut positions = Positions::new(&self.text);
        let mut lines = Vec::new();
        for span in &self.fresh {
            let mut start = span.start;
            for line in span.of(&self.text).split_inclusive(|&byte| byte == b'\n') {
                let place = self.entry.lines.in_file(positions.at(start));
                lines.push((place.line, String::from_utf8_lossy(line).trim_end_matches('\n').to_owned()));
                start += line.len();
            }
        }
        lines
    }
}

impl Collector {
    pub(crate) fn new() -> Self {
        Self::with(&Options::default(), None)
    }

    pub(crate) fn with(options: &Options, limits: Option<Limits>) -> Self {
        Self { selector: Selector::new(options).unwrap(), limits, seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// What `source` gives, in the order of paths.
    #[track_caller]
    pub(crate) fn visit(self, source: &dyn Source) -> Seen {
        source.visit(&self).unwrap();
        self.finish()
    }

    /// What was given, in the order of paths.
    pub(crate) fn finish(self) -> Seen {
        let mut seen = self.seen.into_inner().unwrap();
        seen.parts.sort_by_key(|part| (part.entry.origin.clone(), part.entry.offset));
        seen.skips.sort();
        seen.problems.sort();
        seen
    }
}

impl Seen {
    /// The paths of contents, archive members behind `!`.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.parts.iter().map(|part| shown(&part.entry.origin)).collect()
    }

    /// Paths and contents.
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        let text = |part: &Part| String::from_utf8_lossy(&part.text).into_owned();
        self.parts.iter().map(|part| (shown(&part.entry.origin), text(part))).collect()
    }

    /// Paths and reasons.
    pub(crate) fn skipped(&self) -> Vec<(String, Skip)> {
        self.skips.iter().map(|(path, why)| (path.to_string(), *why)).collect()
    }

    /// The one content there is.
    #[track_caller]
    pub(crate) fn only(&self) -> &Part {
        assert_eq!(self.parts.len(), 1, "{:?}", self.paths());
        &self.parts[0]
    }

    /// Fails if anything was left out.
    #[track_caller]
    pub(crate) fn assert_complete(&self) {
        assert_eq!((self.skipped(), &self.problems), (vec![], &vec![]));
    }
}

fn shown(origin: &Origin) -> String {
    origin.display_path().to_string()
}

impl Visitor for Collector {
    fn wants(&self, entry: &Entry) -> bool {
        match self.selector.decide(entry) {
            Ok(()) => true,
            Err(why) => {
                self.skipped(entry, why);
                false
            }
        }
    }

    fn content(&self, entry: &Entry, bytes: &[u8], fresh: &Fresh) {
        if let Some(limits) = &self.limits
            && entry.origin.members.is_empty()
            && archive::detect(bytes).is_some()
            && archive::expand(entry, bytes, limits, self) == Opened::Members
        {
            return;
        }
        let fresh = fresh.spans(bytes.len());
        self.seen().parts.push(Part { entry: entry.clone(), text: bytes.to_vec(), fresh });
    }

    fn skipped(&self, entry: &Entry, why: Skip) {
        self.seen().skips.push((entry.origin.display_path(), why));
    }

    fn problem(&self, problem: Problem) {
        self.seen().problems.push(problem);
    }

    fn count(&self, _what: Count, _number: u64) {}

    fn cancelled(&self) -> bool {
        false
    }
}
