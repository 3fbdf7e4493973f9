//! The whole of a repository: every version of every file, every message, reachable or not.
//!
//! Two walks over the object store. The first reads commits, tags and trees and makes a
//! [`graph`](self) of them in numbers, from which each blob gets the path and the commit that it
//! first came with: the answer to "since when" costs one visit to each tree and is at hand before
//! a blob is scanned. So rules on paths and languages see the real path, at the price of about
//! four bytes for each entry of each tree while the graph is made. The second walk shows blobs and
//! messages in pack order, each with what is new in it.
//!
//! A blob has one path here, the one under which it came in first; the same content under a second
//! name is scanned once.
//!
//! Must not know rules, nor write to the repository.

pub(super) mod graph;
pub(super) mod message;
pub(super) mod refs;
pub mod scope;

use std::{
    fs::File,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use bstr::BString;

use super::{
    attribute,
    beside::Versions,
    lfs,
    objects::HashKind,
    pack::{IdFormat, Kinds, Limits, Object, ObjectKind, ObjectSink, ObjectStore, Places, Role, Walk},
    repo::Repo,
};
use crate::{
    finding::exposure::Exposure,
    origin::{Entry, Kind, ObjectId, Origin, Presence, Skip},
    source::{
        Carried, Count, Delta, Problem, Sought, Source, SourceError, Visitor,
        windows::{Buffer, Reading},
    },
    text::Fresh,
};
use graph::Graph;
use scope::Chosen;

/// How blobs are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Deltas {
    /// As changes of the blobs that they are stored as changes of.
    #[default]
    Follow,
    /// Each as a whole: slower, and the measure for what the other way must find.
    Ignore,
}

/// What to make of a history that is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Shallow {
    /// It is a problem, since what is missing was not looked at.
    #[default]
    Report,
    /// It was asked for.
    Allow,
}

/// The whole of a repository.
#[derive(Clone, Debug)]
pub struct WholeHistory {
    /// The repository.
    pub repo: Repo,
    /// How blobs are shown.
    pub deltas: Deltas,
    /// Whether it may be cut off.
    pub shallow: Shallow,
    /// What of it is looked at, if that is not all.
    pub chosen: Option<Arc<Chosen>>,
    /// What a visit leaves for questions on what it found.
    graph: Arc<Mutex<Option<Arc<Graph>>>>,
    /// The same for what was there before what is looked at.
    store: Arc<Mutex<Option<Arc<ObjectStore>>>>,
}

impl WholeHistory {
    /// All of `repo`.
    #[must_use]
    pub fn new(repo: Repo, deltas: Deltas, shallow: Shallow) -> Self {
        Self { repo, deltas, shallow, chosen: None, graph: Arc::default(), store: Arc::default() }
    }

    /// The tree of HEAD; none where it cannot be read, which the walk itself reports.
    fn versions(&self) -> Option<Versions> {
        let head = self.repo.head().ok()??;
        let objects = Arc::new(self.repo.objects().ok()?);
        let tree = objects.tree_of(&head).ok()?;
        Some(Versions::of(&objects, tree))
    }

    /// Opens the store and reads commits and trees.
    fn read_graph(
        &self,
        visitor: &dyn Visitor,
    ) -> Result<(Arc<ObjectStore>, Walk<'static>, Graph), SourceError> {
        let (objects, alternates) = match self.repo.object_folders.split_first() {
            Some((first, rest)) => (first.clone(), rest.to_vec()),
            None => return Err(SourceError::new(self.repo.git_dir.display().to_string(), "no object store")),
        };
        let format = match self.repo.hash {
            HashKind::Sha1 => IdFormat::Sha1,
            HashKind::Sha256 => IdFormat::Sha256,
        };
        let store = Arc::new(ObjectStore::open(&Places { objects, alternates }, format)?);
        if self.repo.missing.shallow && self.shallow == Shallow::Report {
            visitor.problem(Problem {
                subject: BString::from("shallow"),
                message:
                    "history is cut off, so older commits were not looked at; run `git fetch --unshallow`, \
                          or allow it with --allow-shallow"
                        .to_owned(),
            });
        }
        let tips = refs::tips(&self.repo)?;
        let chosen = self.chosen.as_deref();
        let refs = chosen.filter(|chosen| !chosen.all).map_or(tips.len(), |chosen| chosen.tips.len());
        visitor.count(Count::Refs, refs as u64);
        let walk = Walk { limits: Limits::default(), keep: true, ..Walk::default() };
        let graph = graph::read(&store, &walk, visitor, (&tips, chosen), &refs::boundary(&self.repo)?);
        visitor.count(Count::Commits, graph.commits_within());
        Ok((store, walk, graph))
    }
}

impl Source for WholeHistory {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let (store, walk, graph) = self.read_graph(visitor)?;
        if visitor.cancelled() {
            return Ok(());
        }
        let graph = Arc::new(graph);
        *self.graph.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&graph));
        let kinds = Kinds::NONE.with(ObjectKind::Blob).with(ObjectKind::Commit).with(ObjectKind::Tag);
        let wants = |id: &ObjectId| graph.number(id).is_none_or(|number| graph.wants(number));
        let walk = Walk { kinds, keep: self.chosen.is_some(), ..walk };
        let walk = match &self.chosen {
            Some(_) => Walk { wants: Some(&wants), ..walk },
            None => walk,
        };
        let chosen = self.chosen.as_deref();
        let (lfs, versions) = (lfs::storage(&self.repo), self.versions());
        store.walk(&walk, &Shower { visitor, graph: &graph, deltas: self.deltas, lfs, versions, chosen });
        if let Some(chosen) = chosen.filter(|_| !visitor.cancelled()) {
            chosen.tell(visitor);
        }
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = chosen.is_some().then_some(store);
        Ok(())
    }

    fn before(&self, sought: &dyn Fn() -> Vec<Sought>, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner).take();
        let graph = self.graph.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (Some(store), Some(graph)) = (store, graph) else { return Ok(()) };
        let old = graph.older_versions(&sought());
        if old.is_empty() || visitor.cancelled() {
            return Ok(());
        }
        let wants = |id: &ObjectId| graph.number(id).is_some_and(|number| old.has(number));
        let kinds = Kinds::NONE.with(ObjectKind::Blob);
        let walk = Walk { kinds, limits: Limits::default(), wants: Some(&wants), ..Walk::default() };
        let lfs = lfs::storage(&self.repo);
        let shower =
            Shower { visitor, graph: &graph, deltas: self.deltas, lfs, versions: None, chosen: None };
        store.walk(&walk, &shower);
        Ok(())
    }

    fn trace(&self, sought: &[Sought], visitor: &dyn Visitor) -> Result<Vec<Exposure>, SourceError> {
        if sought.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.graph.lock().unwrap_or_else(PoisonError::into_inner).take();
        let graph = match known {
            Some(graph) => graph,
            // Of parts that were visited elsewhere: those told what is missing, and blobs are not needed here.
            None => Arc::new(self.read_graph(&Deaf(visitor))?.2),
        };
        attribute::trace(&self.repo, &graph, sought, visitor)
    }
}

/// Listens to nothing.
struct Deaf<'v>(&'v dyn Visitor);

impl Visitor for Deaf<'_> {
    fn wants(&self, _: &Entry) -> bool {
        false
    }

    fn content(&self, _: &Entry, _: &[u8], _: &Fresh) {}

    fn skipped(&self, _: &Entry, _: Skip) {}

    fn problem(&self, _: Problem) {}

    fn count(&self, _: Count, _: u64) {}

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

/// Shows what the second walk reads.
struct Shower<'v> {
    visitor: &'v dyn Visitor,
    graph: &'v Graph,
    deltas: Deltas,
    /// Where LFS keeps its objects.
    lfs: PathBuf,
    /// The tree of HEAD, for rules that look at several files of a folder.
    versions: Option<Versions>,
    /// What is looked at, if that is not all.
    chosen: Option<&'v Chosen>,
}

impl Shower<'_> {
    fn entry(&self, object: &Object<'_>) -> Entry {
        self.named(object.id(), object.kind, Some(self.graph.catalog().of(object)))
    }

    fn named(&self, id: ObjectId, kind: ObjectKind, number: Option<u32>) -> Entry {
        let of_kind =
            |kind, path: &str| Origin { kind, commit: Some(id), object: Some(id), ..Origin::file(path) };
        let (origin, executable) = match kind {
            ObjectKind::Commit => (of_kind(Kind::CommitMessage, message::COMMIT), false),
            ObjectKind::Tag => (of_kind(Kind::TagMessage, message::TAG), false),
            _ => {
                let (path, form) = self.graph.place(number, &id);
                let kind = if form.is_symlink() { Kind::Symlink } else { Kind::File };
                (Origin { kind, object: Some(id), ..Origin::file(path) }, form.is_executable())
            }
        };
        let history = self.graph.history(number);
        let mut entry = Entry { origin, executable, new_name: true, ..Entry::default() };
        if kind == ObjectKind::Blob {
            entry.origin.commit = history.since.as_ref().map(|since| since.commit);
        }
        if kind == ObjectKind::Blob
            && history.presence == Presence::Tip
            && let Some(versions) = &self.versions
        {
            entry.beside = versions.beside(id);
        }
        entry.history = Some(history);
        entry
    }

    fn blob(&self, object: &Object<'_>, base: Option<&Carried>) -> Option<Carried> {
        let mut entry = self.entry(object);
        entry.size = Some(object.bytes.len() as u64);
        if self.chosen.is_some_and(|chosen| !chosen.has_path(&entry.origin.path))
            || !self.visitor.wants(&entry)
        {
            return None;
        }
        if (object.bytes.len() as u64) < lfs::MAX_POINTER_LEN
            && let Some(pointer) = lfs::Pointer::parse(object.bytes)
        {
            self.lfs_object(&pointer, &Entry { size: Some(pointer.size), ..entry.clone() });
        }
        if self.deltas == Deltas::Ignore {
            self.visitor.content(&entry, object.bytes, &Fresh::All);
            return None;
        }
        let Object { fresh, copies, base: base_bytes, .. } = *object;
        self.visitor.delta(&entry, object.bytes, &Delta { fresh, copies, base_bytes, base })
    }
}

impl Shower<'_> {
    /// Shows what a pointer stands for, if it is here.
    fn lfs_object(&self, pointer: &lfs::Pointer, entry: &Entry) {
        if !self.visitor.wants(entry) {
            return;
        }
        let path = pointer.object_in(&self.lfs);
        let shown = File::open(&path).and_then(|mut file| {
            let mut buffer = Buffer::default();
            Reading { entry, visitor: self.visitor, buffer: &mut buffer, giants: None }.run(&mut file)
        });
        match shown {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.visitor.skipped(entry, Skip::LfsMissing);
            }
            Err(error) => self.visitor.problem(Problem {
                subject: BString::from(path.display().to_string()),
                message: format!("LFS object cannot be read: {error}"),
            }),
        }
    }
}

impl ObjectSink for Shower<'_> {
    type State = Option<Carried>;
    type Worker = ();

    fn worker(&self) {}

    fn object(&self, (): &mut (), object: &Object<'_>, base: Option<&Self::State>) -> Self::State {
        match (object.role, object.kind) {
            // It was scanned elsewhere; what is built on it here is scanned whole.
            (Role::Base, _) | (_, ObjectKind::Tree) => None,
            (Role::Wanted, ObjectKind::Blob) => self.blob(object, base.and_then(Option::as_ref)),
            (Role::Wanted, _) if self.chosen.is_some_and(|chosen| !chosen.has_messages()) => None,
            (Role::Wanted, ObjectKind::Commit | ObjectKind::Tag) => {
                let text = message::text(object.bytes);
                let mut entry = self.entry(object);
                entry.size = Some(text.len() as u64);
                if self.visitor.wants(&entry) {
                    self.visitor.content(&entry, &text, &Fresh::All);
                }
                None
            }
        }
    }

    fn too_large(&self, id: ObjectId, kind: ObjectKind, size: u64) {
        let entry =
            Entry { size: Some(size), ..self.named(id, kind, self.graph.catalog().find(id.as_bytes())) };
        self.visitor.skipped(&entry, Skip::TooLarge);
    }

    fn problem(&self, problem: Problem) {
        self.visitor.problem(problem);
    }

    fn cancelled(&self) -> bool {
        self.visitor.cancelled()
    }
}
