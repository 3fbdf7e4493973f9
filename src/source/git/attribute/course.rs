//! The commits in the order in which they are gone through, and who knows objects by their ids.
//!
//! Attribution knows histories by this only, so that it does not matter whether one was just read or is known from an
//! earlier look.

use std::sync::Arc;

use crate::origin::{Introduction, ObjectId};

/// No node.
pub(in super::super) const NONE: u32 = u32::MAX;

/// The commits by position: parents first.
#[derive(Debug, Default)]
pub(in super::super) struct Course {
    /// Positions of the parents that are there.
    pub(in super::super) parents: Parents,
    /// In seconds since 1970, UTC.
    pub(in super::super) times: Vec<i64>,
    /// Whether references reach it.
    pub(in super::super) reachable: Vec<bool>,
    /// The node of its tree, or [`NONE`].
    pub(in super::super) roots: Vec<u32>,
    /// Whether it is in the part that is looked at; all are, where this is empty.
    pub(in super::super) within: Vec<bool>,
}

impl Course {
    /// Number of commits.
    pub(in super::super) const fn len(&self) -> usize {
        self.times.len()
    }

    pub(super) fn root(&self, position: u32) -> Option<u32> {
        self.roots.get(position as usize).copied().filter(|&node| node != NONE)
    }

    pub(super) fn is_within(&self, position: usize) -> bool {
        self.within.get(position).copied().unwrap_or(true)
    }
}

/// Positions of the parents that are there, by position.
#[derive(Debug)]
pub(in super::super) struct Parents {
    positions: Vec<u32>,
    /// Where those of each begin.
    starts: Vec<u32>,
}

impl Default for Parents {
    fn default() -> Self {
        Self { positions: Vec::new(), starts: vec![0] }
    }
}

impl Parents {
    /// Positions, and where those of each begin.
    pub(in super::super) fn lists(&self) -> (&[u32], &[u32]) {
        (&self.positions, &self.starts)
    }

    /// What [`lists`](Self::lists) gives, taken back.
    pub(in super::super) const fn from_lists(positions: Vec<u32>, starts: Vec<u32>) -> Self {
        Self { positions, starts }
    }

    /// Whether there are those of `len` positions, each before what it is a parent of.
    pub(in super::super) fn is_sound(&self, len: usize) -> bool {
        self.starts.len() == len + 1
            && self.starts.is_sorted()
            && self.starts[len] as usize == self.positions.len()
            && (0..len).all(|at| self.of(at).iter().all(|&parent| (parent as usize) < at))
    }

    /// Adds those of the next position.
    pub(in super::super) fn push(&mut self, parents: impl Iterator<Item = u32>) {
        self.positions.extend(parents);
        self.starts.push(self.positions.len() as u32);
    }

    /// Those of a position.
    pub(in super::super) fn of(&self, position: usize) -> &[u32] {
        match self.starts.get(position..position + 2) {
            Some(&[start, end]) => &self.positions[start as usize..end as usize],
            _ => &[],
        }
    }
}

/// Knows objects by their ids.
pub(in super::super) trait Chronicle: Sync {
    /// The position of a commit.
    fn position(&self, id: &ObjectId) -> Option<u32>;

    /// Who made the commit at a position.
    fn introduction(&self, position: u32) -> Option<Arc<Introduction>>;

    /// What a tag points at, and who made it.
    fn tag(&self, id: &ObjectId) -> Option<(ObjectId, Introduction)>;

    /// The node of a tree or blob that a reference points at, if something sought is in it.
    fn node(&self, id: &ObjectId) -> Option<u32>;
}
