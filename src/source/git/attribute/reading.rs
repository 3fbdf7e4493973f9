//! What the graph of a history has of commits and tags, and of trees which tree is in which.
//!
//! Must not judge what matters.

use std::collections::{BTreeSet, HashMap};

use bstr::BString;
use rayon::prelude::*;

use super::{super::history::graph::Graph, Numbered, forest::Needles, short};
use crate::origin::{Introduction, ObjectId};

/// A commit.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) id: ObjectId,
    /// Its tree, shortened.
    pub(super) tree: u64,
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

/// That a tree names another tree or a sought object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// What is named, shortened.
    pub(super) child: u64,
    /// Place of the tree in [`Read::trees`].
    pub(super) parent: u32,
    pub(super) name: u32,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Read {
    /// Sorted by id, so that nothing depends on threads.
    pub(super) commits: Vec<Commit>,
    pub(super) tags: HashMap<ObjectId, Tag>,
    /// Ids of trees, shortened.
    pub(super) trees: Vec<u64>,
    pub(super) names: Vec<BString>,
    /// Sorted.
    pub(super) edges: Vec<Edge>,
    authors: Vec<BString>,
}

impl Read {
    /// The edges that lead to `child`.
    pub(super) fn above(&self, child: u64) -> &[Edge] {
        let start = self.edges.partition_point(|edge| edge.child < child);
        let rest = &self.edges[start..];
        &rest[..rest.partition_point(|edge| edge.child == child)]
    }

    /// Who made a commit, and when.
    pub(super) fn introduction(&self, commit: &Commit) -> Introduction {
        Introduction {
            commit: commit.id,
            author: self.authors[commit.author as usize].clone(),
            time: commit.time,
        }
    }
}

/// Takes the commits and tags of `graph`, and its trees above what is sought.
pub(super) fn read(graph: &Graph, needles: &Needles<'_>) -> Read {
    let mut authors = Numbered::default();
    let mut commits: Vec<Commit> = graph
        .commits()
        .iter()
        .map(|commit| Commit {
            id: graph.id(commit.object),
            tree: short(&graph.id(commit.tree)),
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
    let sought: BTreeSet<u32> = needles.blobs.keys().filter_map(|id| graph.number(id)).collect();
    let above = graph.above(sought.iter().copied());
    let places: HashMap<u32, u32> = above.iter().copied().zip(0..).collect();
    let mut names = Numbered::default();
    let mut edges = Vec::new();
    for (&tree, parent) in above.iter().zip(0..) {
        let leading = |object: &u32| places.contains_key(object) || sought.contains(object);
        for (object, label) in graph.entries(tree).filter(|(object, _)| leading(object)) {
            let name = names.of(graph.name(label).to_owned());
            edges.push(Edge { child: short(&graph.id(object)), parent, name });
        }
    }
    edges.par_sort_unstable();
    let trees = above.iter().map(|&tree| short(&graph.id(tree))).collect();
    Read { commits, tags, trees, names: names.things, edges, authors: authors.things }
}
