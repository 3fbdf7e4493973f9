//! A push that brings very much, read in pack order.
//!
//! Commit by commit, each content is fetched and compared on its own: right for a push of a day's
//! work, and far too slow for a first push of a long history. Here the packs that came are read
//! with the engine of the audit, every delta base once: first trees and commits, which become
//! numbers, then contents and messages, which are only *sifted*: does this hold anything at all?
//! Nearly all do not. Then commits are compared with their parents in numbers, and only those steps
//! are left in which something that may matter comes in anew; these are looked at exactly as
//! they are commit by commit. So both ways find the same, and a test holds them to it.
//!
//! What was not sifted (it lies outside of the packs that came, it is too large, damaged or an
//! archive) counts as holding something.
//!
//! Must not report: what it leaves is looked at by [`News`](super::News).

mod changes;
mod sieve;
mod tips;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bstr::ByteSlice as _;
use rayon::prelude::*;

use super::{
    super::{
        history::graph::{self, Commits, Graph, Messages},
        objects::{HashKind, Objects},
        pack::{IdFormat, Kinds, Limits, ObjectKind, ObjectStore, Places, Scope, Walk},
        repo::Repo,
        tree::PathFinder,
    },
    walk::Commit,
};
use crate::{
    origin::{Entry, ObjectId, Skip},
    source::{Count, Problem, SourceError, Visitor},
    text::Fresh,
};

pub(super) use changes::{Ground, Picked, pick};
pub(super) use sieve::{Sieve, Sifted};
pub(super) use tips::Tips;

/// Which objects are meant.
pub(super) type Choice<'c> = dyn Fn(&ObjectId) -> bool + Sync + 'c;

/// New commits from which on packs are read, where what came is apart in a quarantine: reading
/// trees and contents one by one then takes longer than reading all of the packs.
const FROM_QUARANTINE: usize = 1000;
/// The same, where packs hold older things, too: one commit for so many objects in them.
const OBJECTS_A_COMMIT: u64 = 40;
/// Commits below which packs are not read in any case.
const LEAST: usize = 2000;

/// The packs that came, their commits and trees in numbers.
pub(super) struct Bulk {
    store: Arc<ObjectStore>,
    pub(super) graph: Graph,
    /// Contents and messages that there are to sift.
    pub(super) contents: u64,
    pub(super) problems: Vec<Problem>,
}

impl fmt::Debug for Bulk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bulk").field("contents", &self.contents).finish_non_exhaustive()
    }
}

/// What is read and sifted at most once for all that is asked about one push.
#[derive(Clone, Debug, Default)]
pub(super) struct Once(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    bulk: Option<Arc<Bulk>>,
    /// By what distinguishes those who look.
    sifted: HashMap<u64, Arc<Sifted>>,
}

impl Once {
    /// What came, by numbers. Where it is read now, `meanwhile` is called with the commits as soon as they are there.
    pub(super) fn bulk(
        &self,
        repo: &Repo,
        boundary: &BTreeSet<ObjectId>,
        cancelled: &(dyn Fn() -> bool + Sync),
        meanwhile: impl FnOnce(Commits<'_>) + Send,
    ) -> Result<Arc<Bulk>, SourceError> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &shared.bulk {
            return Ok(Arc::clone(known));
        }
        let bulk = Arc::new(Bulk::read(repo, boundary, cancelled, meanwhile)?);
        shared.bulk = Some(Arc::clone(&bulk));
        Ok(bulk)
    }

    /// What was sifted for those who look in the way `how`.
    pub(super) fn sifted(&self, how: u64, bulk: &Bulk) -> Arc<Sifted> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Sifted::new(bulk.graph.objects()));
        Arc::clone(shared.sifted.entry(how).or_insert_with(new))
    }
}

/// New commits up to which a push is looked at commit by commit.
pub(super) fn most_commits(repo: &Repo) -> usize {
    let folders = &repo.object_folders;
    // More than one folder is named by the environment only: the first is a quarantine.
    if folders.len() > 1 {
        return FROM_QUARANTINE;
    }
    let objects = folders.first().map_or(0, |folder| packed_objects(folder));
    LEAST.max(usize::try_from(objects / OBJECTS_A_COMMIT).unwrap_or(usize::MAX))
}

/// Number of objects in the packs of a folder, by the sizes of their indexes.
fn packed_objects(folder: &std::path::Path) -> u64 {
    /// Bytes of an index for each object, ids being SHA-1, and of its table.
    const EACH: u64 = 28;
    const TABLE: u64 = 1024;
    let entries = std::fs::read_dir(folder.join("pack")).into_iter().flatten().flatten();
    let indexes = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "idx"));
    let sizes = indexes.filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len());
    sizes.map(|size| size.saturating_sub(TABLE) / EACH).sum()
}

/// Keeps problems until there is someone to tell them to.
struct Listener<'c> {
    problems: Mutex<Vec<Problem>>,
    cancelled: &'c (dyn Fn() -> bool + Sync),
}

impl Visitor for Listener<'_> {
    fn wants(&self, _: &Entry) -> bool {
        false
    }

    fn content(&self, _: &Entry, _: &[u8], _: &Fresh) {}

    fn skipped(&self, _: &Entry, _: Skip) {}

    fn problem(&self, problem: Problem) {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
    }

    fn count(&self, _: Count, _: u64) {}

    fn cancelled(&self) -> bool {
        (self.cancelled)()
    }
}

impl Bulk {
    fn read(
        repo: &Repo,
        boundary: &BTreeSet<ObjectId>,
        cancelled: &(dyn Fn() -> bool + Sync),
        meanwhile: impl FnOnce(Commits<'_>) + Send,
    ) -> Result<Self, SourceError> {
        let (objects, alternates) = match repo.object_folders.split_first() {
            Some((first, rest)) => (first.clone(), rest.to_vec()),
            None => return Err(SourceError::new(repo.git_dir.display().to_string(), "no object store")),
        };
        let format = match repo.hash {
            HashKind::Sha1 => IdFormat::Sha1,
            HashKind::Sha256 => IdFormat::Sha256,
        };
        let store = Arc::new(ObjectStore::open(&Places { objects, alternates }, format)?);
        let listener = Listener { problems: Mutex::default(), cancelled };
        // What references reach is the walk's business, not that of the graph.
        let none = (&BTreeSet::new(), None);
        let graph =
            graph::read(&store, &whole(), (&listener, Messages::Leave), none, (boundary, false), meanwhile);
        let trees = (0..graph.objects() as u32).filter(|&number| graph.is_tree(number)).count() as u64;
        let mut problems = listener.problems.into_inner().unwrap_or_else(PoisonError::into_inner);
        problems.dedup();
        Ok(Self { contents: store.own_objects().saturating_sub(trees), store, graph, problems })
    }

    /// True if a commit changes the file `path` at the top, or takes it away.
    pub(super) fn touches(&self, objects: &Objects, commits: &[Commit], path: &[u8]) -> bool {
        let graph = &self.graph;
        let in_graph = |id: &ObjectId| {
            let commit = graph.commits().get(graph.commit_of(graph.number(id)?)? as usize)?;
            let root = graph.root(commit).filter(|&root| graph.is_tree(root))?;
            let mut entries = graph.raw_entries(root);
            let found = entries.find(|&entry| graph.name(graph.label_of(entry)) == path);
            Some(found.map(|entry| graph.id(graph.object_of(entry))))
        };
        let at = |id: &ObjectId| {
            in_graph(id).unwrap_or_else(|| {
                let tree = objects.tree_of(id).ok()?;
                PathFinder::new(objects, tree).find(path.as_bstr()).ok()?.map(|(_, id)| id)
            })
        };
        commits.par_iter().any(|commit| {
            let now = at(&commit.id);
            let mut before = commit.parents.iter().map(at);
            match commit.parents.len() {
                0 => now.is_some(),
                _ => before.all(|before| before != now),
            }
        })
    }

    /// Sifts what came: of all contents and messages those that `wants` says, or all.
    pub(super) fn sift(&self, sieve: &Sieve<'_>, wants: Option<&Choice<'_>>) {
        let kinds = Kinds::NONE.with(ObjectKind::Blob).with(ObjectKind::Commit).with(ObjectKind::Tag);
        self.store.walk(&Walk { kinds, wants, ..whole() }, sieve);
    }
}

/// A commit that was read, if it was.
pub(super) fn commit(commits: Commits<'_>, id: &ObjectId) -> Option<Commit> {
    let commit = commits.get(id)?;
    Some(Commit {
        id: *id,
        tree: commits.tree(commit),
        parents: commits.parents(commit).collect(),
        author: commits.author(commit).to_owned(),
        time: commit.time,
    })
}

/// A walk over what came.
fn whole() -> Walk<'static> {
    Walk { scope: Scope::Own, limits: Limits::default(), keep: true, ..Walk::default() }
}
