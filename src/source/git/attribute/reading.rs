//! The walk that reads commits and tags, and of trees which tree is in which.
//!
//! Must not judge what matters.

use std::collections::HashMap;

use bstr::BString;
use rayon::prelude::*;

use super::{
    super::{
        pack::{IdFormat, Kinds, Object, ObjectKind, ObjectSink, ObjectStore, Role, Walk},
        tree::Tree,
    },
    Numbered,
    forest::Needles,
    message::Header,
    short,
};
use crate::{
    origin::{Introduction, ObjectId},
    source::{Problem, Visitor},
};

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

/// Reads all commits, tags and trees of `store`.
pub(super) fn read(
    store: &ObjectStore,
    format: IdFormat,
    needles: &Needles<'_>,
    visitor: &dyn Visitor,
) -> Read {
    let reader = Reader { visitor, needles, id_len: format.id_len() };
    let kinds = Kinds::NONE.with(ObjectKind::Tree).with(ObjectKind::Commit).with(ObjectKind::Tag);
    let (workers, _) = store.walk(&Walk { kinds, ..Walk::default() }, &reader);
    let mut all = Read {
        commits: Vec::new(),
        tags: HashMap::new(),
        trees: Vec::new(),
        names: Vec::new(),
        edges: Vec::new(),
        authors: Vec::new(),
    };
    let (mut names, mut authors) = (Numbered::default(), Numbered::default());
    for worker in workers {
        let base = all.trees.len() as u32;
        let new_names: Vec<u32> = worker.names.things.into_iter().map(|name| names.of(name)).collect();
        let new_authors: Vec<u32> = worker.authors.things.into_iter().map(|name| authors.of(name)).collect();
        all.trees.extend(worker.trees);
        all.edges.extend(worker.edges.into_iter().map(|edge| Edge {
            parent: edge.parent + base,
            name: new_names[edge.name as usize],
            ..edge
        }));
        all.commits.extend(
            worker
                .commits
                .into_iter()
                .map(|commit| Commit { author: new_authors[commit.author as usize], ..commit }),
        );
        all.tags.extend(worker.tags);
    }
    all.edges.par_sort_unstable();
    all.commits.sort_unstable_by_key(|commit| commit.id);
    Read { names: names.things, authors: authors.things, ..all }
}

struct Reader<'r> {
    visitor: &'r dyn Visitor,
    needles: &'r Needles<'r>,
    id_len: usize,
}

/// What one thread read.
#[derive(Default)]
struct Found {
    commits: Vec<Commit>,
    tags: Vec<(ObjectId, Tag)>,
    trees: Vec<u64>,
    names: Numbered<BString>,
    authors: Numbered<BString>,
    edges: Vec<Edge>,
}

impl ObjectSink for Reader<'_> {
    type State = ();
    type Worker = Found;

    fn worker(&self) -> Found {
        Found::default()
    }

    fn object(&self, found: &mut Found, object: &Object<'_>, _: Option<&()>) {
        if object.role == Role::Base {
            return;
        }
        if object.kind == ObjectKind::Tree {
            let parent = found.trees.len() as u32;
            found.trees.push(short(&object.id));
            for entry in Tree::new(object.bytes, self.id_len) {
                let folder = entry.mode.is_folder();
                if !folder && (entry.mode.is_gitlink() || !self.needles.holds(entry.id)) {
                    continue;
                }
                let child = entry.id.first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
                let known = found.names.numbers.get(entry.name).copied();
                let name = known.unwrap_or_else(|| found.names.of(entry.name.to_owned()));
                found.edges.push(Edge { child, parent, name });
            }
            return;
        }
        let header = Header::parse(object.bytes);
        if object.kind == ObjectKind::Tag {
            if let Some(target) = header.object {
                found.tags.push((object.id, Tag { target, author: header.author.into(), time: header.time }));
            }
        } else {
            found.commits.push(Commit {
                id: object.id,
                tree: header.tree.as_ref().map_or(0, short),
                parents: header.parents.into(),
                author: found.authors.of(header.author.into()),
                time: header.time,
            });
        }
    }

    fn too_large(&self, _: ObjectId, _: ObjectKind, _: u64) {}

    fn problem(&self, _: Problem) {}

    fn cancelled(&self) -> bool {
        self.visitor.cancelled()
    }
}
