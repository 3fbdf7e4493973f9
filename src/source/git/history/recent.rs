//! The short way of an audit: only what came since a record was kept is read.
//!
//! A record (`recent/record.rs`) has the commits in their order, and of their trees what leads to anything that was
//! found. What came since is walked here as the graph of a whole audit would walk it, each new tree against those of its
//! commit's parents; its blobs and messages are shown, and what history says is worked out on the record with the new
//! commits in it. So the report is that of a whole audit.
//!
//! Where that would take knowledge of an old object that the record does not have (a reference that lost commits which
//! brought something in, an old version that is back at a tip and is judged there, objects that are gone), this gives up,
//! and the long way is taken: [`Recent::open`] and [`Recent::gave_up`] say why.
//!
//! Must not write, nor tell anything before it is certain that it need not give up.

mod keep;
mod record;
mod walk;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use bstr::{BString, ByteSlice as _};
use rayon::prelude::*;

use super::{
    super::{
        attribute::{
            self, Asked,
            course::{Chronicle, Course, NONE},
            forest::{Needles, Nodes},
            refs,
        },
        beside::Versions,
        lfs,
        objects::{HashKind, Objects, Type},
        pack::{IdFormat, alternates},
        repo::Repo,
        tree::Mode,
    },
    Lenient, Lost, WholeHistory, graph, lock, message, past,
};
use crate::{
    finding::exposure::Exposure,
    origin::{Entry, History, Introduction, Kind, ObjectId, Origin, Presence},
    source::{Count, Holds, Sought, Source, SourceError, Visitor},
    text::Fresh,
};
pub use keep::Kept;
use record::{AT_TIP, REACHED, Record};

/// Most objects that are new to a record: with more, all is read again and a new record kept.
const MOST_NEW: usize = 20_000;
/// Largest blob that is read here, in bytes: larger ones are for the walk that has limits.
const LARGEST: u64 = 64 << 20;

/// Why the short way cannot be taken, as the end of a sentence.
pub type Reason = &'static str;

/// A commit that is not in the record.
#[derive(Debug)]
struct NewCommit {
    id: ObjectId,
    tree: ObjectId,
    parents: Vec<ObjectId>,
    author: BString,
    time: i64,
}

/// A tag that is not in the record.
#[derive(Debug)]
struct NewTag {
    target: ObjectId,
    author: BString,
    time: i64,
}

/// What came since.
#[derive(Debug, Default)]
struct News {
    commits: Vec<NewCommit>,
    tags: BTreeMap<ObjectId, NewTag>,
    trees: HashSet<ObjectId>,
    blobs: BTreeSet<ObjectId>,
}

/// A blob, and where it was met.
#[derive(Debug)]
struct Place {
    path: BString,
    mode: Mode,
    /// The position of the first commit that has it.
    since: Option<u32>,
    /// Its paths with other names.
    further: Vec<(BString, Mode)>,
}

/// What came since a record was kept.
pub struct Recent {
    repo: Repo,
    lost: Lost,
    record: Record,
    objects: Arc<Objects>,
    named: BTreeMap<BString, ObjectId>,
    news: News,
    course: Course,
    /// Positions of the commits of the record, and of the new ones.
    positions: Vec<u32>,
    new_positions: HashMap<ObjectId, u32>,
    /// By position: the place in the record, or, from its length on, among the new commits.
    places: Vec<u32>,
    nodes: Nodes,
    names: Vec<BString>,
    /// An object of each class.
    classes: Vec<ObjectId>,
    blobs: BTreeMap<ObjectId, Place>,
    /// New blobs at the tip of a reference.
    at_tip: HashSet<ObjectId>,
    /// Old blobs that are at the tip of a reference now, by name; old blobs under names that may be new, with the path.
    came: BTreeSet<(ObjectId, BString)>,
    renamed: BTreeSet<(ObjectId, BString, u32)>,
    /// What new commits brought to each path that they changed.
    placed: BTreeMap<BString, BTreeSet<ObjectId>>,
    /// Watched objects that are no longer at a tip.
    left: BTreeSet<ObjectId>,
    /// What references name, directly or by tags: commits by number in the record, then new ones; and tags.
    pointed: Vec<bool>,
    pointed_tags: BTreeSet<ObjectId>,
    /// Number of objects that references name directly.
    refs: u64,
    gave_up: Mutex<Option<Reason>>,
}

impl Recent {
    /// What came to `history` since its record was kept, if that was made in the way that `digest` names. `None` if
    /// there is no record. With it what `found` makes of the document that was given to
    /// [`WholeHistory::keep_record`], which it does meanwhile.
    ///
    /// # Errors
    ///
    /// Why the long way has to be taken.
    pub fn open<T: Send>(
        history: &WholeHistory,
        digest: &[u8; 32],
        found: impl FnOnce(&[u8]) -> T + Send,
    ) -> Result<Option<(Self, T)>, Reason> {
        let Some(file) = history.record_file() else { return Ok(None) };
        let repo = &history.repo;
        let (record, named) =
            rayon::join(|| record::read(&file, digest, repo.hash.id_len()), || refs::named(repo));
        let Some(mut record) = record else { return Ok(None) };
        let named = named.map_err(|_| "its references cannot be read")?;
        let document = std::mem::take(&mut record.document);
        let (recent, found) = rayon::join(|| Self::with(history, record, named), || found(&document));
        Ok(Some((recent?, found)))
    }

    fn with(
        history: &WholeHistory,
        record: Record,
        named: BTreeMap<BString, ObjectId>,
    ) -> Result<Self, Reason> {
        let repo = history.repo.clone();
        let format = match repo.hash {
            HashKind::Sha1 => IdFormat::Sha1,
            HashKind::Sha256 => IdFormat::Sha256,
        };
        let unreadable = |_| "an object cannot be read";
        if repo.missing.shallow {
            return Err("history is cut off");
        }
        let folders = alternates::folders(&repo.object_folders, &mut Vec::new());
        let new = record
            .inventory
            .since(&folders, format, MOST_NEW)
            .ok_or("objects were packed anew or are gone, or many came")?;
        let objects = Arc::new(repo.objects().map_err(|_| "its objects cannot be read")?);
        let mut news = News::default();
        for id in new {
            if record.lacking.has(&id) {
                return Err("an object came that was missing");
            }
            let (kind, size) = objects.header(&id).map_err(unreadable)?;
            match kind {
                Type::Blob if size > LARGEST => return Err("a very large file came"),
                Type::Blob => _ = news.blobs.insert(id),
                Type::Tree => _ = news.trees.insert(id),
                Type::Commit | Type::Tag => {
                    let bytes = objects.read(&id, kind).map_err(unreadable)?;
                    let header = message::Header::parse(&bytes);
                    let (author, time) = (BString::from(header.author), header.time);
                    if kind == Type::Tag {
                        let target = header.object.ok_or("a tag is damaged")?;
                        news.tags.insert(id, NewTag { target, author, time });
                    } else {
                        let tree = header.tree.ok_or("a commit is damaged")?;
                        news.commits.push(NewCommit { id, tree, parents: header.parents, author, time });
                    }
                }
            }
        }
        let mut recent = Self {
            repo,
            lost: history.lost,
            objects,
            named,
            news,
            course: Course::default(),
            positions: Vec::new(),
            new_positions: HashMap::new(),
            places: Vec::new(),
            nodes: Nodes::default(),
            names: Vec::new(),
            classes: Vec::new(),
            blobs: BTreeMap::new(),
            at_tip: HashSet::new(),
            came: BTreeSet::new(),
            renamed: BTreeSet::new(),
            placed: BTreeMap::new(),
            left: BTreeSet::new(),
            pointed: Vec::new(),
            pointed_tags: BTreeSet::new(),
            refs: 0,
            gave_up: Mutex::default(),
            record,
        };
        recent.prepare()?;
        Ok(recent)
    }

    /// Why all has to be read after all; asked after the visit.
    #[must_use]
    pub fn gave_up(&self) -> Option<Reason> {
        *lock(&self.gave_up)
    }

    /// Watched objects that are no longer at the tip of any reference.
    #[must_use]
    pub const fn left(&self) -> &BTreeSet<ObjectId> {
        &self.left
    }

    /// Whether a watched object is at the tip of a reference still.
    #[must_use]
    pub fn is_at_tip(&self, object: &ObjectId) -> bool {
        self.record.watched.has(object) && !self.left.contains(object)
    }

    /// Whether there are versions of the file at a path since the record that are at no tip, or older ones.
    #[must_use]
    pub fn has_versions(&self, path: &BString) -> bool {
        self.placed.get(path).is_some_and(|blobs| blobs.iter().any(|blob| !self.at_tip.contains(blob)))
    }

    /// The paths at which new commits put an object.
    pub fn paths_of<'r>(&'r self, object: &'r ObjectId) -> impl Iterator<Item = &'r BString> {
        let has = self.placed.iter().filter(|(_, blobs)| blobs.contains(object));
        has.map(|(path, _)| path)
    }

    /// What new commits put at paths of which `is_asked` holds: objects of the record in which something is.
    pub fn holders_at<'r>(
        &'r self,
        is_asked: impl Fn(&BString) -> bool + 'r,
    ) -> impl Iterator<Item = (&'r BString, &'r ObjectId)> {
        let all = self.placed.iter().flat_map(|(path, blobs)| blobs.iter().map(move |blob| (path, blob)));
        all.filter(move |(path, blob)| self.record.holders.has(blob) && is_asked(path))
    }

    /// Whether an object of the record has several names, or is none in which something was found.
    #[must_use]
    pub fn is_ambiguous(&self, object: &ObjectId) -> bool {
        self.record.several.has(object) || !self.record.holders.has(object)
    }

    /// What history says of an object of the record that came in with `commit`.
    #[must_use]
    pub fn history_of(&self, origin: &Origin) -> Option<History> {
        let commit = match origin.kind {
            Kind::TagMessage => None,
            _ => origin.commit,
        };
        let position = match commit {
            Some(commit) => Some(self.position(&commit)?),
            None => None,
        };
        let pointed = || origin.object.is_some_and(|object| self.points_at(&object));
        let presence = match position {
            _ if origin.kind != Kind::File && origin.kind != Kind::Symlink && pointed() => Presence::Tip,
            Some(position) if self.course.reachable[position as usize] => Presence::Past,
            _ => Presence::Unreachable,
        };
        let since = match origin.kind {
            Kind::TagMessage => self.tag(&origin.object?).map(|(_, who)| Arc::new(who)),
            _ => position.and_then(|position| self.introduction(position)),
        };
        Some(History { since, presence })
    }

    /// Whether a reference names an object, directly or by tags.
    fn points_at(&self, object: &ObjectId) -> bool {
        let number = self.record.position(object).map(|place| place as usize);
        let number = number.or_else(|| {
            let place = self.news.commits.iter().position(|commit| commit.id == *object);
            place.map(|place| self.record.commits.len() + place)
        });
        match number {
            Some(number) => self.pointed.get(number) == Some(&true),
            None => self.pointed_tags.contains(object),
        }
    }

    /// What a tag points at.
    fn target(&self, id: &ObjectId) -> Option<ObjectId> {
        match self.news.tags.get(id) {
            Some(tag) => Some(tag.target),
            None => self.record.tags.find(id).map(|place| self.record.tag_targets.get(place)),
        }
    }

    fn is_new(&self, position: u32) -> Option<&NewCommit> {
        let place = *self.places.get(position as usize)? as usize;
        self.news.commits.get(place.checked_sub(self.record.commits.len())?)
    }

    fn give_up(&self, why: Reason) {
        *lock(&self.gave_up) = Some(why);
    }

    /// Whether what lies beside files in the tree of HEAD is as it was, as far as that matters to anyone.
    fn doubts(&self, visitor: &dyn Visitor) -> Result<(), Reason> {
        self.compare_heads(&|name| visitor.asks_beside(name))?;
        let read = |id: &ObjectId| self.objects.read(id, Type::Blob).map_err(|_| "an object cannot be read");
        for (id, name) in &self.came {
            if visitor.may_judge(&read(id)?, name.as_bstr()) {
                return Err("an older version of a file is at a tip again");
            }
        }
        for (id, path, mode) in &self.renamed {
            let mode = Mode(*mode);
            let kind = if mode.is_symlink() { Kind::Symlink } else { Kind::File };
            let entry = Entry {
                origin: Origin { kind, object: Some(*id), ..Origin::file(path.clone()) },
                executable: mode.is_executable(),
                new_name: true,
                history: Some(History { since: None, presence: Presence::Tip }),
                ..Entry::default()
            };
            if visitor.sift(&entry, &read(id)?, None).holds != Holds::Nothing {
                return Err("a file with something in it has a new name");
            }
        }
        Ok(())
    }

    fn show(&self, visitor: &dyn Visitor, id: ObjectId, versions: Option<&Versions>) {
        let read = |kind| self.objects.read(&id, kind);
        let failed = |_| self.give_up("an object cannot be read");
        let message = |kind, name: &str, history: History, bytes: &[u8]| {
            let text = message::text(bytes);
            let origin = Origin { kind, commit: Some(id), object: Some(id), ..Origin::file(name) };
            let size = Some(text.len() as u64);
            let entry = Entry { origin, size, new_name: true, history: Some(history), ..Entry::default() };
            if visitor.wants(&entry) {
                visitor.content(&entry, &text, &Fresh::All);
            }
        };
        if let Some(place) = self.new_positions.get(&id) {
            let history = self.standing(Some(*place), self.points_at(&id));
            match read(Type::Commit) {
                Ok(bytes) => message(Kind::CommitMessage, message::COMMIT, history, &bytes),
                Err(error) => failed(error),
            }
        } else if self.news.tags.contains_key(&id) {
            let mut history = self.standing(None, self.points_at(&id));
            history.since = self.tag(&id).map(|(_, who)| Arc::new(who));
            match read(Type::Tag) {
                Ok(bytes) => message(Kind::TagMessage, message::TAG, history, &bytes),
                Err(error) => failed(error),
            }
        } else {
            match read(Type::Blob) {
                Ok(bytes) => self.blob(visitor, id, &bytes, versions),
                Err(error) => failed(error),
            }
        }
        visitor.count(Count::Read, 1);
    }

    fn blob(&self, visitor: &dyn Visitor, id: ObjectId, bytes: &[u8], versions: Option<&Versions>) {
        let place = self.blobs.get(&id);
        let history = self.standing(place.and_then(|place| place.since), self.at_tip.contains(&id));
        let (path, mode) = match place {
            Some(place) => (place.path.clone(), place.mode),
            None => (BString::from(id.to_string()), Mode::default()),
        };
        let kind = if mode.is_symlink() { Kind::Symlink } else { Kind::File };
        let commit = history.since.as_ref().map(|since| since.commit);
        let mut entry = Entry {
            origin: Origin { kind, commit, object: Some(id), ..Origin::file(path) },
            executable: mode.is_executable(),
            new_name: true,
            size: Some(bytes.len() as u64),
            ..Entry::default()
        };
        if history.presence == Presence::Tip
            && let Some(versions) = versions
        {
            entry.beside = versions.beside(id);
        }
        entry.history = Some(history);
        if !visitor.wants(&entry) {
            return;
        }
        self.content(visitor, &entry, bytes);
        for (path, mode) in place.map_or(&[][..], |place| &place.further) {
            let mut named = entry.clone();
            named.origin.path = path.clone();
            named.origin.kind = if mode.is_symlink() { Kind::Symlink } else { Kind::File };
            named.executable = mode.is_executable();
            visitor.renamed(&named, &entry, bytes);
        }
    }

    /// Shows a content, and what it points at if it is a pointer of LFS.
    fn content(&self, visitor: &dyn Visitor, entry: &Entry, bytes: &[u8]) {
        let is_blob = matches!(entry.origin.kind, Kind::File | Kind::Symlink);
        if is_blob
            && (bytes.len() as u64) < lfs::MAX_POINTER_LEN
            && let Some(pointer) = lfs::Pointer::parse(bytes)
        {
            let entry = Entry { size: Some(pointer.size), ..entry.clone() };
            let path = pointer.object_in(&lfs::storage(&self.repo));
            if super::show_lfs(visitor, &path, &entry).is_err() {
                self.give_up("an object of LFS cannot be read");
            }
        }
        visitor.content(entry, bytes, &Fresh::All);
    }

    fn standing(&self, since: Option<u32>, at_tip: bool) -> History {
        let presence = match since {
            _ if at_tip => Presence::Tip,
            Some(position) if self.course.reachable[position as usize] => Presence::Past,
            _ => Presence::Unreachable,
        };
        History { since: since.and_then(|position| self.introduction(position)), presence }
    }

    /// The tree of HEAD.
    fn head(&self) -> Option<ObjectId> {
        self.objects.tree_of(&self.repo.head().ok()??).ok()
    }
}

impl Source for Recent {
    fn visit(&self, asked: &dyn Visitor) -> Result<(), SourceError> {
        if let Err(why) = self.doubts(asked) {
            self.give_up(why);
            return Ok(());
        }
        let lenient = Lenient::new(asked, self.lost);
        let visitor: &dyn Visitor = &lenient;
        visitor.count(Count::Refs, self.refs);
        visitor.count(Count::Commits, self.course.len() as u64);
        let missing: Vec<ObjectId> = self.record.told_missing.iter().collect();
        graph::tell(&missing, self.repo.missing.partial, visitor);
        let News { commits, tags, blobs, .. } = &self.news;
        let ids = commits.iter().map(|commit| &commit.id).chain(tags.keys()).chain(blobs);
        let ids: Vec<ObjectId> = ids.copied().collect();
        let known = self.record.contents;
        asked.note(format!(
            "{known} of {} blobs and messages are known from an earlier look, as is the history before them, and were not \
             read again.",
            known + ids.len() as u64
        ));
        visitor.count(Count::Known, known);
        visitor.count(Count::Expected, ids.len() as u64);
        let versions = self.head().map(|tree| Versions::of(&self.objects, tree));
        ids.par_iter().filter(|_| !visitor.cancelled()).for_each(|id| {
            self.show(visitor, *id, versions.as_ref());
        });
        Ok(())
    }
}

impl Recent {
    /// Says what history knows of `sought`, in the same order; see [`Source::trace`].
    fn answer(&self, sought: &[Sought], visitor: &dyn Visitor) -> Vec<Exposure> {
        if sought.is_empty() || visitor.cancelled() {
            return Vec::new();
        }
        let needles = Needles::new(sought);
        let none = Vec::new();
        let of = |class: u32| {
            let object = self.classes.get(class as usize);
            object.and_then(|object| needles.blobs.get(object)).unwrap_or(&none).as_slice()
        };
        let nodes = self.nodes.with_ways(of);
        let asked = Asked { sought, needles: &needles, named: &self.named };
        attribute::answer((&self.course, self), (&nodes, &self.names), &asked, visitor)
    }
}

/// Shows again where something was found.
pub struct Again<'r> {
    recent: &'r Recent,
    /// Each object and path once.
    places: BTreeMap<(ObjectId, &'r BString), (&'r Origin, &'r History)>,
}

impl<'r> Again<'r> {
    /// Shows the objects at `places`.
    pub fn new(recent: &'r Recent, places: impl Iterator<Item = (&'r Origin, &'r History)>) -> Self {
        let places = places.filter_map(|place| Some(((place.0.object?, &place.0.path), place)));
        Self { recent, places: places.collect() }
    }
}

impl Source for Again<'_> {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let places: Vec<_> = self.places.iter().collect();
        let versions = self.recent.head().map(|tree| Versions::of(&self.recent.objects, tree));
        places.par_iter().filter(|_| !visitor.cancelled()).for_each(|&((id, _), &(origin, history))| {
            let kind = match origin.kind {
                Kind::CommitMessage => Type::Commit,
                Kind::TagMessage => Type::Tag,
                _ => Type::Blob,
            };
            // What cannot be read is not found again, which whoever asks sees.
            let Ok(bytes) = self.recent.objects.read(id, kind) else { return };
            let bytes = if kind == Type::Blob { bytes.to_vec() } else { message::text(&bytes) };
            let origin = Origin { members: Vec::new(), ..origin.clone() };
            let history = Some(history.clone());
            let mut entry = Entry { origin, new_name: true, history, ..Entry::default() };
            if let Some(versions) = &versions {
                entry.beside = versions.beside(*id);
            }
            self.recent.content(visitor, &entry, &bytes);
        });
        Ok(())
    }
}

/// Answers what history says of all, known and new.
pub struct Whole<'r>(pub &'r Recent);

impl Source for Whole<'_> {
    fn visit(&self, _: &dyn Visitor) -> Result<(), SourceError> {
        Ok(())
    }

    fn trace(&self, sought: &[Sought], visitor: &dyn Visitor) -> Result<Vec<Exposure>, SourceError> {
        Ok(self.0.answer(sought, visitor))
    }
}

impl Chronicle for Recent {
    fn position(&self, id: &ObjectId) -> Option<u32> {
        match self.record.position(id) {
            Some(place) => self.positions.get(place as usize).copied(),
            None => self.new_positions.get(id).copied(),
        }
    }

    fn introduction(&self, position: u32) -> Option<Arc<Introduction>> {
        if let Some(commit) = self.is_new(position) {
            let author = commit.author.clone();
            return Some(Arc::new(Introduction { commit: commit.id, author, time: commit.time }));
        }
        let place = *self.places.get(position as usize)? as usize;
        let author = self.record.people.get(*self.record.authors.get(place)? as usize)?.clone();
        let time = *self.record.times.get(place)?;
        Some(Arc::new(Introduction { commit: self.record.commits.get(place), author, time }))
    }

    fn tag(&self, id: &ObjectId) -> Option<(ObjectId, Introduction)> {
        if let Some(tag) = self.news.tags.get(id) {
            let author = tag.author.clone();
            return Some((tag.target, Introduction { commit: *id, author, time: tag.time }));
        }
        let place = self.record.tags.find(id)?;
        let author = self.record.people.get(*self.record.taggers.get(place)? as usize)?.clone();
        let who = Introduction { commit: *id, author, time: *self.record.tag_times.get(place)? };
        Some((self.record.tag_targets.get(place), who))
    }

    fn node(&self, id: &ObjectId) -> Option<u32> {
        let node = self.record.odd_nodes.get(self.record.odd.find(id)?).copied()?;
        (node != NONE).then_some(node)
    }
}

impl WholeHistory {
    /// The file of the record, beside that of the state.
    fn record_file(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|state| past::beside(state, "record"))
    }
}
