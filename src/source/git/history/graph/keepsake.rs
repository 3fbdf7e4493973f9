//! What of a graph is kept for the next audit.

use bstr::BStr;

use super::{Graph, Label, NONE};
use crate::origin::ObjectId;

impl Graph {
    /// Whether a reference points at an object, or at what leads to it.
    pub(in super::super) fn is_at_tip(&self, number: u32) -> bool {
        self.tip.has(number)
    }

    /// Numbers of the objects that the store has.
    pub(in super::super) fn stored(&self) -> std::ops::Range<u32> {
        0..self.catalog.known() as u32
    }

    /// Objects that something names and the store lacks.
    pub(in super::super) fn lacking(&self) -> impl Iterator<Item = ObjectId> {
        (self.catalog.known() as u32..self.catalog.len() as u32).map(|number| self.id(number))
    }

    /// What is told to be missing.
    pub(in super::super) fn told_missing(&self) -> &[ObjectId] {
        &self.missing
    }

    /// The place of the first commit that has an object.
    pub(in super::super) fn since_place(&self, number: u32) -> Option<u32> {
        self.entered.first.get(number as usize).map(|first| first.since).filter(|&place| place != NONE)
    }

    /// The name by which an object came in first; `None` if nothing names it.
    pub(in super::super) fn first_name(&self, number: u32) -> Option<&BStr> {
        let path = self
            .entered
            .first
            .get(number as usize)
            .map(|first| first.path)
            .filter(|&path| path != Label::NONE)?;
        self.entered.paths.steps.get(path.name() as usize).map(|step| self.name_of(step.1))
    }

    /// Objects with names that are not those by which they came in.
    pub(in super::super) fn with_further_names(&self) -> impl Iterator<Item = u32> {
        self.entered.further.0.keys().copied()
    }

    /// Whether an object is one of them.
    pub(in super::super) fn has_further_names(&self, number: u32) -> bool {
        self.entered.further.0.contains_key(&number)
    }
}
