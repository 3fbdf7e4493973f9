//! The walk that reads commits, tags and trees into numbers.
//!
//! Must not judge what is reachable.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use bstr::BString;

use super::{
    super::{
        super::{
            pack::{IdFormat, Kinds, Object, ObjectKind, ObjectSink, ObjectStore, Role, Walk},
            tree::{Mode, Tree},
        },
        message::Header,
    },
    NONE,
};
use crate::{
    origin::ObjectId,
    source::{Problem, Visitor},
    text::Copied,
};

/// An entry of a tree; entries that are alike are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    pub(super) object: u32,
    pub(super) name: u32,
    pub(super) mode: Mode,
}

/// A commit.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) object: u32,
    pub(super) tree: u32,
    pub(super) parents: Box<[u32]>,
    /// Among the names.
    pub(super) author: u32,
    /// In seconds since 1970, UTC.
    pub(super) time: i64,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) numbers: HashMap<ObjectId, u32>,
    /// By number.
    pub(super) ids: Vec<ObjectId>,
    pub(super) names: Vec<Vec<u8>>,
    entries: Vec<Entry>,
    /// By number of the object: numbers of entries.
    pub(super) trees: Vec<Option<Box<[u32]>>>,
    pub(super) commits: Vec<Commit>,
    /// What each tag points at.
    pub(super) tags: HashMap<u32, u32>,
}

impl Shape {
    /// The entries of a tree that are no commits of other repositories; none of anything else.
    pub(super) fn entries_of(&self, tree: u32) -> impl Iterator<Item = &Entry> {
        let entries = self.trees.get(tree as usize).and_then(Option::as_deref).unwrap_or_default();
        entries.iter().map(|&entry| &self.entries[entry as usize]).filter(|entry| !entry.mode.is_gitlink())
    }
}

/// Locks that a table is spread over, so that threads seldom meet.
const SHARDS: usize = 64;

/// Gives equal things the same number.
struct Numbers<K> {
    shards: Vec<Mutex<HashMap<K, u32>>>,
    hasher: RandomState,
    next: AtomicU32,
}

impl<K: Hash + Eq> Numbers<K> {
    fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            next: AtomicU32::new(0),
        }
    }

    fn of<Q: Hash + Eq + ToOwned<Owned = K> + ?Sized>(&self, key: &Q) -> u32
    where
        K: std::borrow::Borrow<Q>,
    {
        let shard = &self.shards[self.hasher.hash_one(key) as usize % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&number) = shard.get(key) {
            return number;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        shard.insert(key.to_owned(), number);
        number
    }

    /// All things in the order of their numbers.
    fn into_list(self, filler: K) -> Vec<K>
    where
        K: Clone,
    {
        let mut list = vec![filler; self.next.load(Ordering::Relaxed) as usize];
        for shard in self.shards {
            let shard = shard.into_inner().unwrap_or_else(PoisonError::into_inner);
            shard.into_iter().for_each(|(thing, number)| list[number as usize] = thing);
        }
        list
    }
}

/// Reads all commits, tags and trees.
pub(super) fn read(store: &ObjectStore, format: IdFormat, visitor: &dyn Visitor) -> Shape {
    let reader = Reader {
        visitor,
        id_len: format.id_len(),
        objects: Numbers::new(),
        names: Numbers::new(),
        entries: Numbers::new(),
    };
    let kinds = Kinds::NONE.with(ObjectKind::Tree).with(ObjectKind::Commit).with(ObjectKind::Tag);
    let (workers, _) = store.walk(&Walk { kinds, ..Walk::default() }, &reader);
    let Reader { objects, names, entries, .. } = reader;
    let ids = objects.into_list(ObjectId::NULL);
    let numbers: HashMap<ObjectId, u32> = ids.iter().copied().zip(0..).collect();
    let mut trees = vec![None; ids.len()];
    let (mut commits, mut tags) = (Vec::new(), HashMap::new());
    for worker in workers {
        for (tree, entries) in worker.trees {
            trees[tree as usize] = Some(entries);
        }
        commits.extend(worker.commits);
        tags.extend(worker.tags);
    }
    let names = names.into_list(Vec::new());
    let entries = entries.into_list(Entry { object: NONE, name: NONE, mode: Mode(0) });
    Shape { numbers, ids, names, entries, trees, commits, tags }
}

struct Reader<'v> {
    visitor: &'v dyn Visitor,
    id_len: usize,
    objects: Numbers<ObjectId>,
    names: Numbers<Vec<u8>>,
    entries: Numbers<Entry>,
}

/// What one thread read.
#[derive(Default)]
struct Found {
    trees: Vec<(u32, Box<[u32]>)>,
    commits: Vec<Commit>,
    tags: Vec<(u32, u32)>,
}

/// Where each entry of a tree begins, and its number; last the end of the tree.
type Placed = Vec<(u32, u32)>;

impl Reader<'_> {
    fn tree(&self, object: &Object<'_>, base: Option<&Placed>) -> Placed {
        let bytes = object.bytes;
        let mut placed = Placed::new();
        let mut at = 0;
        let mut copies = object.copies.iter().peekable();
        while at < bytes.len() {
            while copies.next_if(|copy| copy.at + copy.len <= at).is_some() {}
            let copy = copies.peek().filter(|copy| copy.at <= at);
            if let (Some(base), Some(copy)) = (base, copy)
                && let Some(next) = take_over(base, copy, at, &mut placed)
            {
                at = next;
                continue;
            }
            let mut rest = Tree::new(&bytes[at..], self.id_len);
            let Some((entry, id)) = rest.next().and_then(|entry| Some((entry, entry.object()?))) else {
                self.visitor.problem(Problem {
                    subject: BString::from(object.id.to_string()),
                    message: "tree is damaged, so what it names has no path; run `git fsck`".to_owned(),
                });
                break;
            };
            let number = self.entries.of(&Entry {
                object: self.objects.of(&id),
                name: self.names.of::<[u8]>(entry.name),
                mode: entry.mode,
            });
            placed.push((at as u32, number));
            at += entry.length();
        }
        placed.push((at as u32, NONE));
        placed
    }
}

/// Takes the entries over that begin at `at` and lie in `copy` as a whole. Gives the place behind
/// them, if there are any.
fn take_over(base: &Placed, copy: &Copied, at: usize, placed: &mut Placed) -> Option<usize> {
    let from = (at - copy.at + copy.from) as u32;
    let first = base.binary_search_by_key(&from, |&(start, _)| start).ok()?;
    let end = (copy.from + copy.len) as u32;
    let mut next = None;
    for pair in base[first..].windows(2).take_while(|pair| pair[1].0 <= end) {
        placed.push((pair[0].0 - from + at as u32, pair[0].1));
        next = Some((pair[1].0 - from) as usize + at);
    }
    next
}

impl ObjectSink for Reader<'_> {
    type State = Placed;
    type Worker = Found;

    fn worker(&self) -> Found {
        Found::default()
    }

    fn object(&self, found: &mut Found, object: &Object<'_>, base: Option<&Placed>) -> Placed {
        if object.kind == ObjectKind::Tree {
            let placed = self.tree(object, base);
            if object.role == Role::Wanted {
                let entries = placed[..placed.len() - 1].iter().map(|&(_, entry)| entry).collect();
                found.trees.push((self.objects.of(&object.id), entries));
            }
            return placed;
        }
        if object.role == Role::Base {
            return Placed::new();
        }
        let header = Header::parse(object.bytes);
        let number = self.objects.of(&object.id);
        if object.kind == ObjectKind::Tag {
            found.tags.extend(header.object.map(|target| (number, self.objects.of(&target))));
        } else {
            found.commits.push(Commit {
                object: number,
                tree: header.tree.map_or(NONE, |tree| self.objects.of(&tree)),
                parents: header.parents.iter().map(|parent| self.objects.of(parent)).collect(),
                author: self.names.of(header.author),
                time: header.time,
            });
        }
        Placed::new()
    }

    fn too_large(&self, id: ObjectId, kind: ObjectKind, size: u64) {
        self.visitor.problem(Problem {
            subject: BString::from(id.to_string()),
            message: format!("{kind} of {size} bytes is too large to be read"),
        });
    }

    fn problem(&self, problem: Problem) {
        self.visitor.problem(problem);
    }

    fn cancelled(&self) -> bool {
        self.visitor.cancelled()
    }
}
