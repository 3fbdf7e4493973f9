//! What the graph of a history has of commits and tags.
//!
//! Must not judge what matters.

use std::collections::HashMap;

use bstr::BString;

use super::{super::history::graph::Graph, Numbered};
use crate::origin::{Introduction, ObjectId};

/// A commit.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) id: ObjectId,
    /// Number of its tree in the graph.
    pub(super) tree: u32,
    pub(super) parents: Box<[ObjectId]>,
    /// Among the authors.
    author: u32,
    /// In seconds since 1970, UTC.
    pub(super) time: i64,
}

/// A tag object.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) target: ObjectId,
    pub(super) author: BString,
    pub(super) time: i64,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Read {
    /// Sorted by id, so that nothing depends on threads.
    pub(super) commits: Vec<Commit>,
    pub(super) tags: HashMap<ObjectId, Tag>,
    authors: Vec<BString>,
}

impl Read {
    /// Who made a commit, and when.
    pub(super) fn introduction(&self, commit: &Commit) -> Introduction {
        Introduction {
            commit: commit.id,
            author: self.authors[commit.author as usize].clone(),
            time: commit.time,
        }
    }
}

/// Takes the commits and tags of `graph`.
pub(super) fn read(graph: &Graph) -> Read {
    let mut authors = Numbered::default();
    let mut commits: Vec<Commit> = graph
        .commits()
        .iter()
        .map(|commit| Commit {
            id: graph.id(commit.object),
            tree: commit.tree,
            parents: graph.parent_ids(commit).collect(),
            author: authors.of(graph.author(commit).to_owned()),
            time: commit.time,
        })
        .collect();
    commits.sort_unstable_by_key(|commit| commit.id);
    let tags = graph.tags().iter().map(|(&object, tag)| {
        let author = graph.tagger(tag).to_owned();
        (graph.id(object), Tag { target: graph.id(tag.target), author, time: tag.time })
    });
    let tags = tags.collect();
    Read { commits, tags, authors: authors.things }
}
