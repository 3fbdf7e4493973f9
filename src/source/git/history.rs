//! The whole of a repository: every version of every file, every message, reachable or not.
//!
//! Two walks over the object store. The first reads commits, tags and trees and makes a
//! [`graph`](self) of them in numbers, from which each blob gets the path and the commit that it
//! first came with: the answer to "since when" costs one visit to each tree and is at hand before
//! a blob is scanned. So rules on paths and languages see the real path, at the price of a
//! number for each entry of each tree that is new. The second walk shows blobs and
//! messages in pack order, each with what is new in it.
//!
//! A blob has one path here, the one under which it came in first; the same content under a second
//! name is scanned once.
//!
//! Must not know rules, nor write to the repository.

pub(super) mod graph;
pub(super) mod message;
mod past;
pub mod recent;
pub(super) mod refs;
pub mod scope;
mod versions;

use std::{
    collections::{BTreeSet, HashSet},
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bstr::{BStr, BString, ByteSlice as _};
use rayon::prelude::*;

use super::{
    attribute,
    beside::Versions,
    lfs,
    objects::{HashKind, Objects, Type},
    pack::{IdFormat, Kinds, Limits, Object, ObjectKind, ObjectSink, ObjectStore, Places, Role, Walk},
    repo::Repo,
};
use crate::{
    finding::exposure::Exposure,
    origin::{Entry, History, Kind, ObjectId, Origin, Presence, Skip},
    source::{
        Carried, Count, Delta, Learned, Problem, Show, Sought, Source, SourceError, Visitor,
        shard::Outside,
        windows::{Buffer, Reading},
    },
    text::Fresh,
};
use graph::{Graph, Messages};
use past::Past;
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

/// What to make of objects that are not there or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Lost {
    /// Each is a problem.
    #[default]
    Report,
    /// Each is named, and that is all.
    Allow,
}

/// Memory that a run may take if nobody says: enough for histories of millions of objects at full speed, little
/// enough for the smallest runners of CI.
pub const MEMORY: u64 = 700 << 20;

/// The whole of a repository.
#[derive(Clone, Debug)]
pub struct WholeHistory {
    /// The repository.
    pub repo: Repo,
    /// How blobs are shown.
    pub deltas: Deltas,
    /// Whether it may be cut off.
    pub shallow: Shallow,
    /// Whether objects may be missing or broken.
    pub lost: Lost,
    /// What of it is looked at, if that is not all.
    pub chosen: Option<Arc<Chosen>>,
    /// The file that says what was read before, and what is read now.
    pub state: Option<PathBuf>,
    /// What other repositories of the run had in folders that several of them use.
    pub shared: Option<Shared>,
    /// What is known of objects: from earlier runs before a visit, for later ones after it.
    past: Arc<Mutex<Option<Past>>>,
    /// Bytes of memory that a run may take, about; less takes more time.
    pub memory: u64,
    /// What a visit leaves for questions on what it found.
    graph: Arc<Mutex<Option<Arc<Graph>>>>,
    /// The same for what was there before what is looked at.
    store: Arc<Mutex<Option<Arc<ObjectStore>>>>,
    /// What a visit came to, for the record of it.
    end: Arc<Mutex<Option<End>>>,
}

/// What a visit came to, as far as it can be kept.
#[derive(Debug, Default)]
struct End {
    /// Whether all could be read, but for what is missing.
    is_sound: bool,
    /// The tree of HEAD.
    head: Option<ObjectId>,
    /// Objects in which something is.
    holders: Vec<ObjectId>,
}

impl WholeHistory {
    /// All of `repo`.
    #[must_use]
    pub fn new(repo: Repo, deltas: Deltas, shallow: Shallow) -> Self {
        Self {
            repo,
            deltas,
            shallow,
            lost: Lost::default(),
            chosen: None,
            memory: MEMORY,
            state: None,
            shared: None,
            past: Arc::default(),
            graph: Arc::default(),
            store: Arc::default(),
            end: Arc::default(),
        }
    }

    /// The text of the message of a commit or tag, as it is scanned, from the `objects` of the repository; `None` if it
    /// cannot be read.
    #[must_use]
    pub fn message(objects: &Objects, id: &ObjectId, kind: Kind) -> Option<Vec<u8>> {
        let expected = match kind {
            Kind::CommitMessage => Type::Commit,
            Kind::TagMessage => Type::Tag,
            _ => return None,
        };
        let object = objects.read(id, expected).ok()?;
        Some(message::text(&object))
    }

    /// Bounds on memory for a walk over `store`.
    fn limits(&self, store: &ObjectStore) -> Limits {
        Limits::within(self.memory, store.packed_objects(), rayon::current_num_threads())
    }

    /// The tree of HEAD; none where it cannot be read, which the walk itself reports.
    fn head_tree(&self) -> Option<(Arc<Objects>, ObjectId)> {
        let head = self.repo.head().ok()??;
        let objects = Arc::new(self.repo.objects().ok()?);
        let tree = objects.tree_of(&head).ok()?;
        Some((objects, tree))
    }

    /// What a visit knows of the history. Of parts that were visited elsewhere it is read here: those told what is missing,
    /// and blobs are not needed.
    fn visited(&self, visitor: &dyn Visitor) -> Result<Arc<Graph>, SourceError> {
        if let Some(graph) = lock(&self.graph).clone() {
            return Ok(graph);
        }
        let graph = Arc::new(self.read_graph(&Deaf(visitor), Messages::Leave)?.2);
        *lock(&self.graph) = Some(Arc::clone(&graph));
        Ok(graph)
    }

    /// Opens the store and reads commits and trees.
    fn read_graph(
        &self,
        visitor: &dyn Visitor,
        messages: Messages,
    ) -> Result<(Arc<ObjectStore>, Walk<'static>, Graph), SourceError> {
        let (objects, alternates) = match self.repo.object_folders.split_first() {
            Some((first, rest)) => (first.clone(), rest.to_vec()),
            None => return Err(SourceError::new(self.repo.git_dir.display().to_string(), "no object store")),
        };
        let format = match self.repo.hash {
            HashKind::Sha1 => IdFormat::Sha1,
            HashKind::Sha256 => IdFormat::Sha256,
        };
        let (store, tips) = rayon::join(
            || ObjectStore::open(&Places { objects, alternates }, format),
            || refs::tips(&self.repo),
        );
        let (store, tips) = (Arc::new(store?), tips?);
        let chosen = self.chosen.as_deref();
        let refs = chosen.filter(|chosen| !chosen.all).map_or(tips.len(), |chosen| chosen.tips.len());
        visitor.count(Count::Refs, refs as u64);
        let walk = Walk { limits: self.limits(&store), keep: true, ..Walk::default() };
        let limits = (&refs::boundary(&self.repo)?, self.repo.missing.partial);
        let graph = graph::read(&store, &walk, (visitor, messages), (&tips, chosen), limits, |_| {});
        visitor.count(Count::Commits, graph.commits_within());
        Ok((store, walk, graph))
    }
}

/// What several repositories of a run know together of objects in folders that more than one of them uses.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// These folders.
    pub folders: Arc<BTreeSet<PathBuf>>,
    known: Arc<Mutex<Past>>,
    /// Objects of graphs that are held until all repositories were visited.
    held: Arc<AtomicU64>,
}

/// Objects of graphs that are held at a time where there are many repositories: some 500 MB. What is not held is read
/// again, if anything was found there.
const MOST_HELD: u64 = 4_000_000;

impl Shared {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(folders: BTreeSet<PathBuf>) -> Self {
        Self { folders: Arc::new(folders), ..Self::default() }
    }

    /// Whether a graph of so many objects may be held.
    fn holds(&self, objects: usize) -> bool {
        let before = self.held.fetch_add(objects as u64, Ordering::Relaxed);
        if before + objects as u64 > MOST_HELD {
            self.held.fetch_sub(objects as u64, Ordering::Relaxed);
            return false;
        }
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Contents that a thread takes at a time where some cost thousands of times what others do, so that none is left with many in the end.
const FEW: usize = 8;

/// What need not be read again.
impl WholeHistory {
    /// Whether messages can be looked at while history is read: all are wanted then, and none is known from before.
    fn messages(&self) -> Messages {
        let all = self.chosen.is_none() && self.shared.is_none() && lock(&self.past).is_none();
        if all && self.deltas == Deltas::Follow { Messages::Ask } else { Messages::Leave }
    }

    /// Shows messages, by numbers of their commits and tags.
    fn tell(&self, shower: &Shower<'_>, numbers: &[u32]) -> Result<(), SourceError> {
        let objects = self.repo.objects()?;
        numbers.par_iter().with_max_len(FEW).filter(|_| !shower.visitor.cancelled()).for_each(|&number| {
            let (id, kind) = match shower.graph.tags().contains_key(&number) {
                true => (shower.graph.id(number), (ObjectKind::Tag, Type::Tag)),
                false => (shower.graph.id(number), (ObjectKind::Commit, Type::Commit)),
            };
            shower.visitor.count(Count::Read, 1);
            // It was read a moment ago; what cannot be read is told by whoever reads it first.
            match objects.read(&id, kind.1) {
                Ok(bytes) => shower.message((id, kind.0, Some(number)), &bytes),
                Err(error) => shower
                    .problem(Problem { subject: BString::from(id.to_string()), message: error.to_string() }),
            }
        });
        Ok(())
    }

    /// Objects that were read before and that nothing new is to be said of, by number.
    fn known(&self, graph: &Graph, visitor: &dyn Visitor) -> Option<graph::Set> {
        let mut past = lock(&self.past).take();
        if let Some(shared) = &self.shared {
            let known = lock(&shared.known);
            if !known.seen.is_empty() {
                past.get_or_insert_default().join(known.clone());
            }
        }
        let head = self.repo.head().ok().flatten();
        Some(graph.known(&past?, head.as_ref(), &|id| visitor.holds(id)))
    }

    /// Whether any of the objects that hold something is here.
    fn has_any(&self, sought: &[Sought]) -> Result<bool, SourceError> {
        let objects = self.repo.objects()?;
        let mut ids = sought.iter().flat_map(|one| &one.carriers).flat_map(|(_, ids)| ids);
        Ok(ids.any(|id| objects.contains(id)))
    }

    /// Notes what is known now.
    fn learn(&self, store: &ObjectStore, graph: &Graph, failed: bool) {
        if failed {
            return;
        }
        if let Some(shared) = &self.shared {
            let mut theirs = store.ids_in(&shared.folders);
            theirs.sort_unstable();
            let past = graph.past();
            let only = |ids: Vec<ObjectId>| -> Vec<ObjectId> {
                ids.into_iter().filter(|id| theirs.binary_search(id).is_ok()).collect()
            };
            let past = Past { seen: only(past.seen), tips: only(past.tips), unnamed: only(past.unnamed) };
            lock(&shared.known).join(past);
        }
        if self.state.is_some() {
            *lock(&self.past) = Some(graph.past());
        }
    }
}

impl Source for WholeHistory {
    fn visit(&self, asked: &dyn Visitor) -> Result<(), SourceError> {
        let lenient = Lenient::new(asked, self.lost);
        let visitor: &dyn Visitor = &lenient;
        if self.repo.missing.shallow && self.shallow == Shallow::Report {
            asked.problem(Problem {
                subject: BString::from("shallow"),
                message:
                    "history is cut off, so older commits were not looked at; run `git fetch --unshallow`, \
                          or allow it with --allow-shallow"
                        .to_owned(),
            });
        }
        let messages = self.messages();
        let (store, walk, graph) = self.read_graph(visitor, messages)?;
        if visitor.cancelled() {
            return Ok(());
        }
        let graph = Arc::new(graph);
        if self.shared.as_ref().is_none_or(|shared| shared.holds(graph.objects())) {
            *lock(&self.graph) = Some(Arc::clone(&graph));
        }
        let kinds = match messages {
            Messages::Ask => Kinds::NONE.with(ObjectKind::Blob),
            Messages::Leave => {
                Kinds::NONE.with(ObjectKind::Blob).with(ObjectKind::Commit).with(ObjectKind::Tag)
            }
        };
        let known = self.known(&graph, asked);
        let contents = graph.contents();
        let left_out = known.as_ref().map_or(0, |known| graph.contents_in(known));
        if left_out > 0 {
            visitor.count(Count::Known, left_out);
            asked.note(format!(
                "{left_out} of {contents} blobs and messages are known from an earlier look and were not read again."
            ));
        }
        visitor.count(Count::Expected, contents - left_out);
        let wants = |id: &ObjectId| {
            let wants =
                |number| graph.wants(number) && !known.as_ref().is_some_and(|known| known.has(number));
            graph.number(id).is_none_or(wants)
        };
        let walk = Walk { kinds, keep: self.chosen.is_some(), ..walk };
        let walk = match (&self.chosen, &known) {
            (None, None) => walk,
            _ => Walk { wants: Some(&wants), ..walk },
        };
        let chosen = self.chosen.as_deref();
        let (lfs, head) = (lfs::storage(&self.repo), self.head_tree());
        let versions = head.as_ref().map(|(objects, tree)| Versions::of(objects, *tree));
        // Whose message could not be read with the history is not read here again, and must not pass for known.
        let is_whole = lenient.problems() == graph::lines_on(graph.told_missing());
        let failed = AtomicBool::new(messages == Messages::Ask && !is_whole);
        let shower =
            Shower { visitor, graph: &graph, deltas: self.deltas, lfs, versions, chosen, failed: &failed };
        if messages == Messages::Ask {
            visitor.count(Count::Read, graph.silent());
            self.tell(&shower, &graph.telling())?;
        }
        store.walk(&walk, &shower);
        self.learn(&store, &graph, failed.load(Ordering::Relaxed));
        let is_sound = lenient.problems() == graph::lines_on(graph.told_missing()) && !visitor.cancelled();
        let head = head.map(|(_, tree)| tree);
        *lock(&self.end) = Some(End { is_sound, head, holders: Vec::new() });
        if let Some(chosen) = chosen.filter(|_| !visitor.cancelled()) {
            chosen.tell(asked);
        }
        *lock(&self.store) = chosen.is_some().then_some(store);
        Ok(())
    }

    fn before(&self, sought: &dyn Fn() -> Vec<Sought>, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let store = lock(&self.store).take();
        let graph = lock(&self.graph).clone();
        let (Some(store), Some(graph)) = (store, graph) else { return Ok(()) };
        let old = graph.older_versions(&sought());
        if old.is_empty() || visitor.cancelled() {
            return Ok(());
        }
        let wants = |id: &ObjectId| graph.number(id).is_some_and(|number| old.has(number));
        let kinds = Kinds::NONE.with(ObjectKind::Blob);
        let walk = Walk { kinds, limits: self.limits(&store), wants: Some(&wants), ..Walk::default() };
        let lfs = lfs::storage(&self.repo);
        let shower = Shower {
            visitor,
            graph: &graph,
            deltas: self.deltas,
            lfs,
            versions: None,
            chosen: None,
            failed: &AtomicBool::new(false),
        };
        store.walk(&walk, &shower);
        Ok(())
    }

    fn versions_of(
        &self,
        files: &[Origin],
        show: &Show<'_>,
        visitor: &dyn Visitor,
    ) -> Result<(), SourceError> {
        if files.is_empty() {
            return Ok(());
        }
        let was_visited = lock(&self.graph).is_some();
        let graph = self.visited(visitor)?;
        let (objects, unread) = (Arc::new(self.repo.objects()?), AtomicU64::new(0));
        let paths: Vec<&BStr> = files.iter().map(|file| file.path.as_bstr()).collect();
        versions::of(&graph, &paths).into_par_iter().with_max_len(FEW).for_each(|version| {
            let (id, file) = (graph.id(version.blob), &files[version.file]);
            // What cannot be read was told when it was to be looked at.
            let bytes =
                (!visitor.cancelled() && file.object != Some(id)).then(|| objects.read(&id, Type::Blob));
            let Some(bytes) = bytes else { return };
            let Ok(bytes) = bytes else {
                unread.fetch_add(1, Ordering::Relaxed);
                return;
            };
            let tree = graph.commits().get(version.commit as usize).and_then(|commit| graph.root(commit));
            let origin = Origin { object: Some(id), ..file.clone() };
            let beside =
                tree.map(|tree| Versions::of(&objects, graph.id(tree)).beside_old(id)).unwrap_or_default();
            show(&Entry { origin, beside, new_name: true, ..Entry::default() }, &bytes);
        });
        let unread = unread.into_inner();
        if unread > 0 && !was_visited {
            visitor.remark(Problem {
                subject: BString::from("history"),
                message: format!(
                    "{unread} older versions of files cannot be read here, so settings may be older than is told"
                ),
            });
        }
        Ok(())
    }

    fn paths_of(&self, files: &[Origin], show: &Show<'_>, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let Some(graph) = lock(&self.graph).clone() else { return Ok(()) };
        let objects = Arc::new(self.repo.objects()?);
        let numbers: BTreeSet<u32> =
            files.iter().filter_map(|file| graph.number(file.object.as_ref()?)).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        let versions = self.head_tree().map(|(objects, tree)| Versions::of(&objects, tree));
        let is_chosen = |path: &BString| self.chosen.as_ref().is_none_or(|chosen| chosen.has_path(path));
        let numbers: Vec<u32> = numbers.into_iter().collect();
        let told: HashSet<(ObjectId, &BString)> =
            files.iter().filter_map(|file| Some((file.object?, &file.path))).collect();
        versions::places(&graph, &numbers).into_par_iter().with_max_len(FEW).for_each(|spot| {
            let id = graph.id(spot.blob);
            if visitor.cancelled() || !is_chosen(&spot.path) {
                return;
            }
            // Where that is known, the place alone is of interest.
            let read = || objects.read(&id, Type::Blob).map(|bytes| bytes.to_vec());
            let Ok(bytes) = (if told.contains(&(id, &spot.path)) { Ok(Vec::new()) } else { read() }) else {
                return;
            };
            let since = graph.introduction(spot.commit);
            let presence = match spot.at_tip {
                true => Presence::Tip,
                false if graph.is_reachable(spot.commit) => Presence::Past,
                false => Presence::Unreachable,
            };
            let kind = if spot.label.is_symlink() { Kind::Symlink } else { Kind::File };
            let commit = since.as_ref().map(|since| since.commit);
            let mut entry = Entry {
                origin: Origin { kind, commit, object: Some(id), ..Origin::file(spot.path) },
                executable: spot.label.is_executable(),
                new_name: true,
                size: Some(bytes.len() as u64),
                history: Some(History { since, presence }),
                ..Entry::default()
            };
            if presence == Presence::Tip
                && let Some(versions) = &versions
            {
                entry.beside = versions.beside(id);
            }
            if visitor.wants(&entry) {
                show(&entry, &bytes);
            }
        });
        Ok(())
    }

    fn remembers(&self) -> bool {
        self.state.is_some()
    }

    fn recall(&self, digest: &[u8; 32], visitor: &dyn Visitor) -> Learned {
        let Some(file) = &self.state else { return Learned::default() };
        let place = past::Place { file, digest: *digest, id_len: self.repo.hash.id_len() };
        match past::read(&place) {
            Ok((past, learned)) => {
                *lock(&self.past) = Some(past);
                learned
            }
            Err(unfit) => {
                if let Some(why) = past::why(unfit) {
                    visitor.note(format!("The state in {} {why}, so all was read again.", file.display()));
                }
                Learned::default()
            }
        }
    }

    fn keep(&self, digest: &[u8; 32], learned: &Learned, visitor: &dyn Visitor) {
        let Some(file) = &self.state else { return };
        let Some(past) = lock(&self.past).take() else {
            visitor.note("Not all could be read, so nothing was kept for the next audit.".to_owned());
            return;
        };
        let holders = learned.holders.iter().filter(|id| past.seen.binary_search(id).is_ok()).copied();
        let learned = Learned { holders: holders.collect(), ..learned.clone() };
        if let Some(end) = &mut *lock(&self.end) {
            end.holders.clone_from(&learned.holders);
            // What is in the store of LFS comes and goes, and no object tells.
            end.is_sound &= !learned.passed.contains_key(&Skip::LfsMissing);
        }
        let place = past::Place { file, digest: *digest, id_len: self.repo.hash.id_len() };
        if let Err(error) = past::write(&place, &past, &learned) {
            visitor.note(format!("The state in {} was not kept: {error}.", file.display()));
        }
    }

    fn trace(&self, sought: &[Sought], visitor: &dyn Visitor) -> Result<Vec<Exposure>, SourceError> {
        if sought.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = lock(&self.graph);
        // It is asked once more, by what keeps a record.
        let graph = if self.state.is_some() { known.clone() } else { known.take() };
        drop(known);
        let graph = match graph {
            Some(graph) => graph,
            None if self.shared.is_some() && !self.has_any(sought)? => return Ok(Vec::new()),
            None => self.visited(visitor)?,
        };
        let answers = attribute::trace(&self.repo, &graph, sought, visitor);
        // To give back memory of that size takes a while, for which nobody need wait.
        rayon::spawn(move || drop(graph));
        answers
    }
}

/// Counts what cannot be read, and passes it on: as a remark, if it was said that it need not be.
struct Lenient<'v>(&'v dyn Visitor, Lost, AtomicU64);

impl<'v> Lenient<'v> {
    fn new(visitor: &'v dyn Visitor, lost: Lost) -> Self {
        Self(visitor, lost, AtomicU64::new(0))
    }

    fn problems(&self) -> u64 {
        self.2.load(Ordering::Relaxed)
    }
}

impl Visitor for Lenient<'_> {
    fn wants(&self, entry: &Entry) -> bool {
        self.0.wants(entry)
    }

    fn content(&self, entry: &Entry, bytes: &[u8], fresh: &Fresh) {
        self.0.content(entry, bytes, fresh);
    }

    fn delta(&self, entry: &Entry, bytes: &[u8], delta: &Delta<'_>) -> Option<Carried> {
        self.0.delta(entry, bytes, delta)
    }

    fn renamed(&self, entry: &Entry, first: &Entry, bytes: &[u8]) {
        self.0.renamed(entry, first, bytes);
    }

    fn says(&self, entry: &Entry, text: &[u8]) -> bool {
        self.0.says(entry, text)
    }

    fn skipped(&self, entry: &Entry, why: Skip) {
        self.0.skipped(entry, why);
    }

    fn problem(&self, problem: Problem) {
        self.2.fetch_add(1, Ordering::Relaxed);
        match self.1 {
            Lost::Allow => self.0.remark(problem),
            Lost::Report => self.0.problem(problem),
        }
    }

    fn note(&self, note: String) {
        self.0.note(note);
    }

    fn holds(&self, object: &ObjectId) -> bool {
        self.0.holds(object)
    }

    fn remark(&self, problem: Problem) {
        self.0.remark(problem);
    }

    fn count(&self, what: Count, number: u64) {
        self.0.count(what, number);
    }

    fn cancelled(&self) -> bool {
        self.0.cancelled()
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
    /// Whether an object could not be read.
    failed: &'v AtomicBool,
}

impl Shower<'_> {
    fn entry(&self, object: &Object<'_>) -> Entry {
        self.named(object.id(), object.kind, Some(self.graph.catalog().of(object)))
    }

    fn named(&self, id: ObjectId, kind: ObjectKind, number: Option<u32>) -> Entry {
        let (origin, executable) = match kind {
            ObjectKind::Commit | ObjectKind::Tag => (message::origin(id, kind), false),
            _ => {
                let (path, form) = self.graph.place(number, &id);
                let kind = if form.is_symlink() { Kind::Symlink } else { Kind::File };
                (Origin { kind, object: Some(id), ..Origin::file(path) }, form.is_executable())
            }
        };
        let mut history = self.graph.history(number);
        if kind == ObjectKind::Tag {
            // It came in with itself.
            history.since = number.and_then(|number| self.graph.tag_introduction(number));
        }
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

    /// Shows the message of a commit or tag.
    fn message(&self, (id, kind, number): (ObjectId, ObjectKind, Option<u32>), bytes: &[u8]) {
        let text = message::text(bytes);
        let mut entry = self.named(id, kind, number);
        entry.size = Some(text.len() as u64);
        if self.visitor.wants(&entry) {
            self.visitor.content(&entry, &text, &Fresh::All);
        }
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
            self.further(object, &entry);
            return None;
        }
        let Object { fresh, copies, base: base_bytes, stored: counted, .. } = *object;
        let delta = Delta { fresh, copies, base_bytes, base, counted };
        let kept = self.visitor.delta(&entry, object.bytes, &delta);
        self.further(object, &entry);
        kept
    }

    /// Shows a blob under its further names.
    fn further(&self, object: &Object<'_>, first: &Entry) {
        for (path, form) in self.graph.further_places(self.graph.catalog().of(object)) {
            if self.chosen.is_some_and(|chosen| !chosen.has_path(&path)) {
                continue;
            }
            let mut entry = first.clone();
            entry.origin.path = path;
            entry.origin.kind = if form.is_symlink() { Kind::Symlink } else { Kind::File };
            entry.executable = form.is_executable();
            self.visitor.renamed(&entry, first, object.bytes);
        }
    }
}

impl Shower<'_> {
    /// Shows what a pointer stands for, if it is here.
    fn lfs_object(&self, pointer: &lfs::Pointer, entry: &Entry) {
        if !self.visitor.wants(entry) {
            return;
        }
        let path = pointer.object_in(&self.lfs);
        match show_lfs(self.visitor, &path, entry) {
            Ok(()) => {}
            Err(error) => self.problem(Problem {
                subject: BString::from(path.display().to_string()),
                message: format!("LFS object cannot be read: {error}"),
            }),
        }
    }
}

/// Shows the LFS object in a file, if it is here.
fn show_lfs(visitor: &dyn Visitor, path: &Path, entry: &Entry) -> io::Result<()> {
    let shown = File::open(path).and_then(|mut file| {
        let mut buffer = Buffer::default();
        Reading { entry, visitor, buffer: &mut buffer, giants: None }.run(&mut file)
    });
    match shown {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            visitor.skipped(entry, Skip::LfsMissing);
            Ok(())
        }
        other => other,
    }
}

impl ObjectSink for Shower<'_> {
    type State = Option<Carried>;
    type Worker = ();

    fn worker(&self) {}

    fn object(&self, (): &mut (), object: &Object<'_>, base: Option<&Self::State>) -> Self::State {
        if object.role == Role::Wanted {
            self.visitor.count(Count::Read, 1);
        }
        match (object.role, object.kind) {
            // It was scanned elsewhere; what is built on it here is scanned whole.
            (Role::Base, _) | (_, ObjectKind::Tree) => None,
            (Role::Wanted, ObjectKind::Blob) => self.blob(object, base.and_then(Option::as_ref)),
            (Role::Wanted, _) if self.chosen.is_some_and(|chosen| !chosen.has_messages()) => None,
            (Role::Wanted, ObjectKind::Commit | ObjectKind::Tag) => {
                let number = self.graph.catalog().of(object);
                self.message((object.id(), object.kind, Some(number)), object.bytes);
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
        self.failed.store(true, Ordering::Relaxed);
        self.visitor.problem(problem);
    }

    fn carries(&self, state: &Self::State) -> bool {
        state.as_ref().is_some_and(|carried| !carried.is::<Outside>())
    }

    fn kin(&self, id: &ObjectId, kind: ObjectKind) -> Option<u32> {
        let wanted = kind == ObjectKind::Blob && self.deltas == Deltas::Follow;
        wanted.then(|| self.graph.kin(id)).flatten()
    }

    fn cancelled(&self) -> bool {
        self.visitor.cancelled()
    }
}
