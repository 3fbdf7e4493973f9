//! A part of a source, chosen by the paths of contents: for runs that are spread over machines.
//!
//! A content belongs to the part that the hash of its path falls into. Of a history the path is the one that a content
//! first came in with, which is the same on every machine that has the same history, and versions of one file stay
//! together: they are stored as changes of each other, and so each is still looked at as a change. A content of another
//! part is read where something of this one is stored as a change of it, and not looked at.
//!
//! Must not answer what history says: that takes all parts.

use super::{Carried, Count, Delta, Problem, Show, Skip, Source, SourceError, Visitor};
use crate::{
    origin::{Entry, Origin},
    text::Fresh,
};

/// The most parts that a source can be split into.
const MOST: u64 = 4096;

/// One of several parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
}

impl Shard {
    /// Reads `K/N`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, of) = text.split_once('/')?;
        let shard = Self { number: number.parse().ok()?, of: of.parse().ok()? };
        (shard.number >= 1 && shard.number <= shard.of && shard.of <= MOST).then_some(shard)
    }

    /// True if the content of an entry belongs to this part.
    #[must_use]
    pub fn has(self, entry: &Entry) -> bool {
        // FNV-1a: the same everywhere, and even enough for file names.
        const START: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let path = entry.origin.path.iter();
        let hash = path.fold(START, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        // The low bits of this hash depend on the last bytes only.
        (hash ^ hash >> 32) % self.of == self.number - 1
    }
}

/// What stands for a content of another part where something is a change of it.
#[derive(Debug)]
pub struct Outside;

/// One part of a source.
pub struct Sharded {
    /// The whole.
    pub source: Box<dyn Source + Sync>,
    /// Which part.
    pub shard: Shard,
}

impl Source for Sharded {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        self.source.visit(&Part { visitor, shard: self.shard })
    }

    fn paths_of(&self, files: &[Origin], show: &Show<'_>, visitor: &dyn Visitor) -> Result<(), SourceError> {
        self.source.paths_of(files, show, visitor)
    }
}

struct Part<'v> {
    visitor: &'v dyn Visitor,
    shard: Shard,
}

impl Visitor for Part<'_> {
    fn wants(&self, entry: &Entry) -> bool {
        !self.shard.has(entry) || self.visitor.wants(entry)
    }

    fn content(&self, entry: &Entry, bytes: &[u8], fresh: &Fresh) {
        if self.shard.has(entry) {
            self.visitor.content(entry, bytes, fresh);
        }
    }

    fn delta(&self, entry: &Entry, bytes: &[u8], delta: &Delta<'_>) -> Option<Carried> {
        if self.shard.has(entry) { self.visitor.delta(entry, bytes, delta) } else { Some(Box::new(Outside)) }
    }

    fn says(&self, entry: &Entry, text: &[u8]) -> bool {
        self.shard.has(entry) && self.visitor.says(entry, text)
    }

    fn skipped(&self, entry: &Entry, why: Skip) {
        if self.shard.has(entry) {
            self.visitor.skipped(entry, why);
        }
    }

    fn problem(&self, problem: Problem) {
        self.visitor.problem(problem);
    }

    fn remark(&self, problem: Problem) {
        self.visitor.remark(problem);
    }

    fn renamed(&self, entry: &Entry, first: &Entry, bytes: &[u8]) {
        if self.shard.has(first) {
            self.visitor.renamed(entry, first, bytes);
        }
    }

    fn note(&self, note: String) {
        self.visitor.note(note);
    }

    fn count(&self, what: Count, number: u64) {
        self.visitor.count(what, number);
    }

    fn cancelled(&self) -> bool {
        self.visitor.cancelled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_in_one_part_and_parts_are_even() {
        let shards: Vec<Shard> = (1..=7).map(|number| Shard { number, of: 7 }).collect();
        let mut sizes = [0; 7];
        for number in 0..7_000 {
            let entry = Entry::file(format!("src/folder{}/file{number}.rs", number % 13));
            let holders: Vec<usize> = (0..7).filter(|&it| shards[it].has(&entry)).collect();
            assert_eq!(holders.len(), 1);
            sizes[holders[0]] += 1;
        }
        assert!(sizes.iter().all(|size| (800..1200).contains(size)), "{sizes:?}");
    }

    #[test]
    fn only_parts_that_are_there_are_read() {
        assert_eq!(Shard::parse("2/3"), Some(Shard { number: 2, of: 3 }));
        for bad in ["0/3", "4/3", "3", "a/b", "1/0", "1/5000", "-1/3", ""] {
            assert_eq!(Shard::parse(bad), None, "{bad}");
        }
    }
}
