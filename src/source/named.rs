//! A source among several of its kind, with the name that tells it from the others.
//!
//! Must not change what is shown.

use std::sync::Arc;

use bstr::BString;

use super::{Carried, Count, Delta, Learned, Problem, Show, Skip, Sought, Source, SourceError, Visitor};
use crate::{
    finding::exposure::Exposure,
    origin::{Entry, ObjectId, Origin},
    text::Fresh,
};

/// A source with a name.
pub struct Named {
    /// The source.
    pub source: Box<dyn Source + Sync>,
    /// Its name: a path, with `/`.
    pub name: Arc<BString>,
}

impl Named {
    fn visitor<'v>(&'v self, visitor: &'v dyn Visitor) -> Namer<'v> {
        Namer { visitor, name: &self.name }
    }

    fn prefixed(&self, path: &mut BString) {
        let mut long = BString::clone(&self.name);
        long.push(b'/');
        long.extend_from_slice(path);
        *path = long;
    }
}

impl Named {
    /// Those of `files` that are in this repository.
    fn mine(&self, files: &[Origin]) -> Vec<Origin> {
        files.iter().filter(|file| file.repository.as_ref() == Some(&self.name)).cloned().collect()
    }
}

impl Source for Named {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        self.source.visit(&self.visitor(visitor))
    }

    fn before(&self, sought: &dyn Fn() -> Vec<Sought>, visitor: &dyn Visitor) -> Result<(), SourceError> {
        self.source.before(sought, &self.visitor(visitor))
    }

    fn versions_of(
        &self,
        files: &[Origin],
        show: &Show<'_>,
        visitor: &dyn Visitor,
    ) -> Result<(), SourceError> {
        let namer = self.visitor(visitor);
        self.source.versions_of(&self.mine(files), &|entry, bytes| show(&namer.entry(entry), bytes), &namer)
    }

    fn paths_of(&self, files: &[Origin], show: &Show<'_>, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let namer = self.visitor(visitor);
        self.source.paths_of(&self.mine(files), &|entry, bytes| show(&namer.entry(entry), bytes), &namer)
    }

    fn trace(&self, sought: &[Sought], visitor: &dyn Visitor) -> Result<Vec<Exposure>, SourceError> {
        let mut answers = self.source.trace(sought, &self.visitor(visitor))?;
        for answer in &mut answers {
            answer.paths.iter_mut().for_each(|path| self.prefixed(&mut path.path));
            answer.before.iter_mut().for_each(|path| self.prefixed(path));
            for one in &mut answer.refs {
                let mut name = BString::clone(&self.name);
                name.extend_from_slice(b": ");
                name.extend_from_slice(&one.name);
                one.name = name;
            }
        }
        Ok(answers)
    }

    fn remembers(&self) -> bool {
        self.source.remembers()
    }

    fn recall(&self, digest: &[u8; 32], visitor: &dyn Visitor) -> Learned {
        self.source.recall(digest, &self.visitor(visitor))
    }

    fn keep(&self, digest: &[u8; 32], learned: &Learned, visitor: &dyn Visitor) {
        self.source.keep(digest, learned, &self.visitor(visitor));
    }
}

/// Puts the name on all that is shown.
struct Namer<'v> {
    visitor: &'v dyn Visitor,
    name: &'v Arc<BString>,
}

impl Namer<'_> {
    fn entry(&self, entry: &Entry) -> Entry {
        let mut entry = entry.clone();
        entry.origin.repository = Some(Arc::clone(self.name));
        entry
    }

    fn problem_here(&self, problem: Problem) -> Problem {
        let mut subject = BString::clone(self.name);
        subject.extend_from_slice(b": ");
        subject.extend_from_slice(&problem.subject);
        Problem { subject, ..problem }
    }
}

impl Visitor for Namer<'_> {
    fn wants(&self, entry: &Entry) -> bool {
        self.visitor.wants(&self.entry(entry))
    }

    fn content(&self, entry: &Entry, bytes: &[u8], fresh: &Fresh) {
        self.visitor.content(&self.entry(entry), bytes, fresh);
    }

    fn delta(&self, entry: &Entry, bytes: &[u8], delta: &Delta<'_>) -> Option<Carried> {
        self.visitor.delta(&self.entry(entry), bytes, delta)
    }

    fn renamed(&self, entry: &Entry, first: &Entry, bytes: &[u8]) {
        self.visitor.renamed(&self.entry(entry), &self.entry(first), bytes);
    }

    fn skipped(&self, entry: &Entry, why: Skip) {
        self.visitor.skipped(&self.entry(entry), why);
    }

    fn problem(&self, problem: Problem) {
        self.visitor.problem(self.problem_here(problem));
    }

    fn remark(&self, problem: Problem) {
        self.visitor.remark(self.problem_here(problem));
    }

    fn note(&self, note: String) {
        self.visitor.note(format!("{}: {note}", self.name));
    }

    fn holds(&self, object: &ObjectId) -> bool {
        self.visitor.holds(object)
    }

    fn count(&self, what: Count, number: u64) {
        self.visitor.count(what, number);
    }

    fn cancelled(&self) -> bool {
        self.visitor.cancelled()
    }
}
