//! Sifting contents and messages in pack order: which hold anything, and in which lines.
//!
//! Must not know commits.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bstr::BString;

use super::{
    super::{
        super::{
            history::{
                graph::{Graph, Label},
                message,
            },
            lfs,
            pack::{Object, ObjectKind, ObjectSink, Role},
        },
        Progress,
    },
    Tips,
};
use crate::{
    origin::{Entry, History, Kind, ObjectId, Origin, Presence},
    source::{Carried, Delta, Holds, Problem, Visitor},
    text::{Span, lines_around},
};

/// What a content or message holds.
#[derive(Debug)]
enum Found {
    /// Nobody knows.
    Perhaps,
    /// Something in the lines with these sums; without lines, in its name.
    Lines(Box<[u64]>),
}

/// Takes all contents, and keeps which hold anything.
pub(in super::super) struct Sieve<'s> {
    pub(super) visitor: &'s dyn Visitor,
    pub(super) graph: &'s Graph,
    tips: &'s Tips,
    progress: &'s Progress,
    sifted: &'s Sifted,
}

/// What was sifted.
#[derive(Debug)]
pub(in super::super) struct Sifted {
    /// By number of the object: whether it was sifted.
    looked: Vec<AtomicU64>,
    found: Mutex<HashMap<u32, Found>>,
    /// Keyed anew in each run, so that nobody can make two lines with one sum.
    sums: RandomState,
    /// Whether that is all.
    all: AtomicBool,
}

impl Sifted {
    /// For objects with numbers below `objects`.
    pub(super) fn new(objects: usize) -> Self {
        Self {
            looked: (0..objects.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            found: Mutex::default(),
            sums: RandomState::new(),
            all: AtomicBool::new(false),
        }
    }

    /// Whether nothing is left to sift.
    pub(in super::super) fn is_all(&self) -> bool {
        self.all.load(Ordering::Relaxed)
    }

    /// Nothing is left to sift.
    pub(in super::super) fn end(&self) {
        self.all.store(true, Ordering::Relaxed);
    }
}

impl<'s> Sieve<'s> {
    pub(in super::super) const fn new(
        visitor: &'s dyn Visitor,
        graph: &'s Graph,
        tips: &'s Tips,
        (progress, sifted): (&'s Progress, &'s Sifted),
    ) -> Self {
        Self { visitor, graph, tips, progress, sifted }
    }

    /// Whether an object was sifted.
    fn looked_at(&self, number: u32) -> bool {
        let word = self.sifted.looked.get(number as usize / 64);
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (number % 64) & 1 != 0)
    }

    /// Shows what was sifted so far to `judge`; nothing is sifted meanwhile.
    pub(in super::super) fn known<T>(&self, judge: impl FnOnce(Known<'_>) -> T) -> T {
        let found = self.sifted.found.lock().unwrap_or_else(PoisonError::into_inner);
        judge(Known { sieve: self, found: &found })
    }

    /// What is told of the place of a content.
    pub(super) fn entry(&self, path: BString, label: Label, number: u32) -> Entry {
        let kind = if label.is_symlink() { Kind::Symlink } else { Kind::File };
        Entry {
            origin: Origin { kind, ..Origin::file(path) },
            executable: label.is_executable(),
            new_name: true,
            history: Some(self.history(number)),
            ..Entry::default()
        }
    }

    /// Where a content was sifted.
    pub(super) fn first_entry(&self, number: u32) -> Entry {
        let (path, label) = self.graph.place(Some(number), &self.graph.id(number));
        self.entry(path, label, number)
    }

    fn history(&self, number: u32) -> History {
        let presence = if self.tips.has(number) { Presence::Tip } else { Presence::Past };
        History { since: None, presence }
    }

    fn blob(&self, object: &Object<'_>, number: u32, base: Option<&Carried>) -> (Option<Carried>, Holds) {
        let mut entry = self.first_entry(number);
        entry.origin.object = Some(object.id());
        entry.size = Some(object.bytes.len() as u64);
        if (object.bytes.len() as u64) < lfs::MAX_POINTER_LEN && lfs::Pointer::parse(object.bytes).is_some() {
            return (None, Holds::Perhaps);
        }
        let Object { fresh, copies, base: base_bytes, stored: counted, .. } = *object;
        let delta = Delta { fresh, copies, base_bytes, base, counted };
        let sifted = self.visitor.sift(&entry, object.bytes, Some(&delta));
        (sifted.carried, sifted.holds)
    }

    fn message(&self, object: &Object<'_>, number: u32) -> Holds {
        let (kind, name) = match object.kind {
            ObjectKind::Tag => (Kind::TagMessage, message::TAG),
            _ => (Kind::CommitMessage, message::COMMIT),
        };
        let text = message::text(object.bytes);
        let origin = Origin { kind, object: Some(object.id()), ..Origin::file(name) };
        // At a tip more rules speak; which messages are at one is not asked here.
        let history = History { presence: Presence::Tip, ..self.history(number) };
        let size = Some(text.len() as u64);
        let entry = Entry { origin, size, new_name: true, history: Some(history), ..Entry::default() };
        self.visitor.sift(&entry, &text, None).holds
    }

    fn keep(&self, number: u32, bytes: &[u8], holds: Holds) {
        let found = match holds {
            Holds::Nothing => None,
            Holds::Perhaps => Some(Found::Perhaps),
            Holds::Places(spans) => {
                let mut lines: Vec<u64> = spans.iter().flat_map(|&span| self.lines(bytes, span)).collect();
                lines.sort_unstable();
                lines.dedup();
                Some(Found::Lines(lines.into()))
            }
        };
        if let Some(found) = found {
            self.sifted.found.lock().unwrap_or_else(PoisonError::into_inner).insert(number, found);
        }
        if let Some(word) = self.sifted.looked.get(number as usize / 64) {
            word.fetch_or(1 << (number % 64), Ordering::Relaxed);
        }
        self.progress.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Sums of the lines that a place is in, as they are compared with older versions.
    fn lines(&self, bytes: &[u8], span: Span) -> Vec<u64> {
        let text = lines_around(bytes, Span::new(span.start, span.end.max(span.start + 1))).of(bytes);
        let bare = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        text.split(|&byte| byte == b'\n').map(|line| self.sifted.sums.hash_one(bare(line))).collect()
    }
}

impl ObjectSink for Sieve<'_> {
    type State = Option<Carried>;
    type Worker = ();

    fn worker(&self) {}

    fn object(&self, (): &mut (), object: &Object<'_>, base: Option<&Self::State>) -> Self::State {
        let number = self.graph.catalog().of(object);
        let wanted = object.role == Role::Wanted;
        match object.kind {
            ObjectKind::Tree => None,
            ObjectKind::Blob => {
                let (carried, holds) = self.blob(object, number, base.and_then(Option::as_ref));
                if wanted && !self.visitor.cancelled() {
                    self.keep(number, object.bytes, holds);
                }
                carried
            }
            ObjectKind::Commit | ObjectKind::Tag => {
                if wanted && !self.visitor.cancelled() {
                    let holds = self.message(object, number);
                    self.keep(number, &[], if holds == Holds::Nothing { holds } else { Holds::Perhaps });
                }
                None
            }
        }
    }

    fn too_large(&self, _: ObjectId, _: ObjectKind, _: u64) {
        // It was not sifted, so whatever has it is looked at closely.
        self.progress.done.fetch_add(1, Ordering::Relaxed);
    }

    fn problem(&self, problem: Problem) {
        self.visitor.problem(problem);
    }

    fn carries(&self, state: &Self::State) -> bool {
        state.is_some()
    }

    fn kin(&self, id: &ObjectId, kind: ObjectKind) -> Option<u32> {
        (kind == ObjectKind::Blob).then(|| self.graph.kin(id)).flatten()
    }

    fn cancelled(&self) -> bool {
        self.visitor.cancelled()
    }
}

/// What was sifted so far.
#[derive(Clone, Copy)]
pub(in super::super) struct Known<'k> {
    pub(super) sieve: &'k Sieve<'k>,
    found: &'k HashMap<u32, Found>,
}

impl Known<'_> {
    /// Whether nobody has looked at an object.
    pub(super) fn is_unknown(self, number: u32) -> bool {
        !self.sieve.looked_at(number)
    }

    /// Whether an object was looked at and holds nothing.
    pub(super) fn is_clear(self, number: u32) -> bool {
        !self.is_unknown(number) && !self.found.contains_key(&number)
    }

    /// Whether a commit or tag says nothing that is to be looked at closely.
    pub(in super::super) fn says_nothing(self, id: &ObjectId) -> bool {
        self.sieve.graph.number(id).is_some_and(|number| self.is_clear(number))
    }

    /// Whether a version has something in a line that none of the older ones has, as far as their lines are
    /// known.
    pub(super) fn is_new(self, number: u32, olds: &[u32]) -> bool {
        match self.found.get(&number) {
            Some(Found::Lines(lines)) if !olds.is_empty() => {
                let has = |old: &u32, line| match self.found.get(old) {
                    Some(Found::Lines(lines)) => lines.binary_search(line).is_ok(),
                    _ => false,
                };
                lines.iter().any(|line| !olds.iter().any(|old| has(old, line)))
            }
            Some(_) => true,
            None => self.is_unknown(number),
        }
    }
}
