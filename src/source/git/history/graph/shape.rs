//! The walk that reads commits, tags and trees into numbers.
//!
//! An entry of a tree is four bytes: the number of what it names. What that is called goes beside
//! the number, once for all trees; an entry that calls it otherwise gets a number of its own. Trees
//! share blocks of entries ([`lists`](super::lists)). So a tree of a long history costs what is new in
//! it, and four bytes for each of its blocks.
//!
//! Must not judge what is reachable.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use bstr::BString;

use super::{
    super::{
        super::{
            pack::{Catalog, Kinds, Object, ObjectKind, ObjectSink, ObjectStore, Role, Walk},
            tree::{Mode, Tree},
        },
        message::{self, Header},
    },
    NONE, Set,
    lists::{At, Cut, Lists, NOWHERE, Writer},
    seen::Seen,
};
use crate::{
    origin::ObjectId,
    source::{Problem, Visitor},
    text::Copied,
};

/// What a tree calls something: a name, and the kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super::super) struct Label(u32);

impl Label {
    /// What no tree names.
    pub(in super::super::super) const NONE: Self = Self(NONE);
    const FORM_BITS: u32 = 2;

    fn new(name: u32, mode: Mode) -> Self {
        let form = match () {
            () if mode.is_symlink() => 1,
            () if mode.is_executable() => 2,
            () if mode.is_folder() => 3,
            () => 0,
        };
        Self(name << Self::FORM_BITS | form)
    }

    /// The same kind of file under another name.
    pub(in super::super::super) const fn renamed(self, name: u32) -> Self {
        Self(name << Self::FORM_BITS | self.0 & 3)
    }

    /// Place of the name.
    pub(in super::super::super) const fn name(self) -> u32 {
        self.0 >> Self::FORM_BITS
    }

    /// True for a symbolic link.
    pub(in super::super::super) const fn is_symlink(self) -> bool {
        self.0 & 3 == 1
    }

    /// True for a folder.
    pub(in super::super::super) const fn is_folder(self) -> bool {
        self.0 & 3 == 3
    }

    /// True for a file that its owner may execute.
    pub(in super::super::super) const fn is_executable(self) -> bool {
        self.0 & 3 == 2
    }
}

/// Numbers from here on stand for an object under another name than its usual one.
const ALIAS: u32 = 1 << 31;

/// A commit.
#[derive(Clone, Copy, Debug)]
pub(in super::super::super) struct Commit {
    /// Number of the object.
    pub(in super::super::super) object: u32,
    /// Number of its tree.
    pub(in super::super::super) tree: u32,
    /// In seconds since 1970, UTC.
    pub(in super::super::super) time: i64,
    /// Among the names.
    pub(super) author: u32,
    parents: (u32, u32),
}

/// A tag object.
#[derive(Clone, Copy, Debug)]
pub(in super::super::super) struct Tag {
    /// Number of what it points at.
    pub(in super::super::super) target: u32,
    /// In seconds since 1970, UTC.
    pub(in super::super::super) time: i64,
    /// Among the names.
    pub(super) author: u32,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) names: Vec<Vec<u8>>,
    /// What each object is mostly called.
    labels: Vec<AtomicU32>,
    aliases: Vec<(u32, Label)>,
    /// The objects of these.
    several: Set,
    /// By number of the object: where the entries are, without commits of other repositories.
    trees: Vec<At>,
    /// The objects that have some: it is asked of nearly every entry, and fits into a cache.
    are_trees: Set,
    lists: Lists,
    pub(super) commits: Vec<Commit>,
    parents: Vec<u32>,
    /// By number of the object.
    pub(super) tags: HashMap<u32, Tag>,
    /// Commits and tags whose messages were looked at, and say nothing.
    pub(super) silent: Vec<u32>,
}

impl Shape {
    /// The blocks of entries that a tree is made of; none for what is no tree.
    pub(super) fn blocks(&self, tree: u32) -> &[At] {
        match self.trees.get(tree as usize) {
            Some(&at) if at != NOWHERE => self.lists.get(at),
            _ => &[],
        }
    }

    /// The entries of a block. See [`Shape::entry`].
    pub(super) fn block(&self, block: At) -> &[u32] {
        self.lists.blocks.get(block)
    }

    /// What `each` makes of all blocks with their entries, on the threads of the pool.
    pub(super) fn map_blocks<T: Send>(&self, each: impl Fn(At, &[u32]) -> Option<T> + Sync) -> Vec<T> {
        self.lists.blocks.map(each)
    }

    /// What `each` makes of all trees with their blocks, on the threads of the pool. It is also told where the list of
    /// blocks is, for [`tree_at`](Self::tree_at).
    pub(super) fn map_trees<T: Send>(&self, each: impl Fn(At, u32, &[At]) -> Option<T> + Sync) -> Vec<T> {
        self.lists.lists.map(|at, list| each(at, list[0], &list[1..]))
    }

    /// A tree and its blocks.
    pub(super) fn tree_at(&self, list: At) -> (u32, &[At]) {
        let list = self.lists.lists.get(list);
        (list[0], &list[1..])
    }

    /// Blocks are below this one.
    pub(super) const fn blocks_end(&self) -> usize {
        self.lists.blocks.end()
    }

    /// The object of an entry, and what it is called.
    pub(super) fn entry(&self, entry: u32) -> (u32, Label) {
        if entry < ALIAS {
            (entry, Label(self.labels[entry as usize].load(Ordering::Relaxed)))
        } else {
            self.aliases[(entry - ALIAS) as usize]
        }
    }

    /// The object of an entry.
    pub(super) fn object(&self, entry: u32) -> u32 {
        if entry < ALIAS { entry } else { self.aliases[(entry - ALIAS) as usize].0 }
    }

    /// What each object is mostly called, by number.
    pub(super) fn usual_labels(&self) -> impl Iterator<Item = Label> {
        self.labels.iter().map(|label| Label(label.load(Ordering::Relaxed)))
    }

    /// True for an entry that calls its object otherwise than most do.
    pub(super) const fn is_alias(entry: u32) -> bool {
        entry >= ALIAS
    }

    /// Whether trees call an object by several names.
    pub(super) fn has_several_names(&self, object: u32) -> bool {
        self.several.has(object)
    }

    /// True if the tree was read.
    pub(super) fn is_tree(&self, number: u32) -> bool {
        self.are_trees.has(number)
    }

    /// Numbers of the parents.
    pub(super) fn parents(&self, commit: &Commit) -> &[u32] {
        let (start, len) = commit.parents;
        &self.parents[start as usize..(start + len) as usize]
    }
}

/// Locks that a table is spread over, so that threads seldom meet.
const SHARDS: usize = 64;

/// A hash of few steps. What is hashed is held by our own tables only for the time of a run, and
/// a crafted collision costs time in a run over a repository that its maker could make huge anyway.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super::super) struct Quick(u64);

impl std::hash::Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            let word = word.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
            self.write_u64(word);
        }
        let rest = words.remainder().iter().fold(1, |value, &byte| value << 8 | u64::from(byte));
        self.write_u64(rest);
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        // The multiplier is the golden ratio: odd, its bits well spread.
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

pub(in super::super::super) type Quickly = std::hash::BuildHasherDefault<Quick>;

/// Gives equal things the same number.
#[derive(Debug)]
struct Numbers<K> {
    shards: Vec<Mutex<HashMap<K, u32, Quickly>>>,
    next: AtomicU32,
}

impl<K: Hash + Eq> Numbers<K> {
    fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), next: AtomicU32::new(0) }
    }

    fn of<Q: Hash + Eq + ToOwned<Owned = K> + ?Sized>(&self, key: &Q) -> u32
    where
        K: std::borrow::Borrow<Q>,
    {
        // The table of a shard uses the top bits and the bottom ones.
        let shard = &self.shards[(Quickly::default().hash_one(key) >> 32) as usize % SHARDS];
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
pub(super) fn read(
    store: &ObjectStore,
    catalog: &Catalog,
    walk: &Walk<'_>,
    (visitor, messages): (&dyn Visitor, Messages),
) -> Shape {
    let mut reader = Reader {
        visitor,
        messages,
        catalog,
        id_len: store.format().id_len(),
        names: Numbers::new(),
        labels: (0..catalog.known()).map(|_| AtomicU32::new(NONE)).collect(),
        aliases: Numbers::new(),
        workers: AtomicU32::new(0),
    };
    let kinds = Kinds::NONE.with(ObjectKind::Tree).with(ObjectKind::Commit).with(ObjectKind::Tag);
    let (workers, _) = store.walk(&Walk { kinds, ..*walk }, &reader);
    let names = std::mem::replace(&mut reader.names, Numbers::new());
    let aliases = std::mem::replace(&mut reader.aliases, Numbers::new());
    let mut shape = Shape {
        names: names.into_list(Vec::new()),
        labels: std::mem::take(&mut reader.labels),
        several: Set::new(catalog.len()),
        aliases: aliases.into_list((NONE, Label::NONE)),
        trees: vec![NOWHERE; catalog.len()],
        are_trees: Set::new(catalog.len()),
        lists: Lists::default(),
        commits: Vec::new(),
        parents: Vec::new(),
        tags: HashMap::new(),
        silent: Vec::new(),
    };
    shape.aliases.iter().for_each(|&(object, _)| _ = shape.several.put(object));
    for mut worker in workers {
        match shape.lists.append(worker.lists) {
            Some(shift) => {
                for (tree, at) in worker.trees {
                    shape.trees[tree as usize] = at + shift;
                    shape.are_trees.put(tree);
                }
            }
            None => reader.no_room(worker.trees.len()),
        }
        let first = shape.parents.len() as u32;
        shape.parents.append(&mut worker.parents);
        shape.commits.extend(worker.commits.into_iter().map(|commit| {
            let (start, len) = commit.parents;
            Commit { parents: (start + first, len), ..commit }
        }));
        shape.tags.extend(worker.tags);
        shape.silent.append(&mut worker.silent);
    }
    shape
}

/// What is done with messages when commits and tags are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super::super) enum Messages {
    /// They are shown at once, so that those that say nothing need not be read again.
    Ask,
    /// They are left for later.
    Leave,
}

struct Reader<'v> {
    visitor: &'v dyn Visitor,
    messages: Messages,
    catalog: &'v Catalog,
    id_len: usize,
    names: Numbers<Vec<u8>>,
    labels: Vec<AtomicU32>,
    aliases: Numbers<(u32, Label)>,
    /// How many threads there are.
    workers: AtomicU32,
}

/// What one thread read.
#[derive(Default)]
struct Found {
    /// Numbers of trees, and where their entries are in `lists`.
    trees: Vec<(u32, At)>,
    lists: Writer,
    entries: Vec<u32>,
    commits: Vec<Commit>,
    parents: Vec<u32>,
    tags: Vec<(u32, Tag)>,
    silent: Vec<u32>,
    /// Names that this thread met before.
    names: HashMap<Vec<u8>, u32, Quickly>,
    seen: Seen,
    placed: Placed,
    /// Of the tree at hand, with the objects and the numbers of these entries.
    unknown: Vec<Unknown>,
    objects: Vec<u32>,
    numbers: Vec<u32>,
}

/// An entry of a tree that has no number yet.
#[derive(Clone, Copy, Debug)]
struct Unknown {
    /// Among the entries that were placed.
    place: u32,
    /// Bytes that it takes in the tree, and those of its name.
    length: u32,
    name: u32,
    mode: Mode,
}

/// The entries of a tree.
#[derive(Clone, Debug, Default)]
struct Placed {
    /// Where each begins, and the end of the tree.
    starts: Vec<u32>,
    /// Their numbers; none for commits of other repositories.
    numbers: Vec<u32>,
}

impl Placed {
    fn clear(&mut self) {
        self.starts.clear();
        self.numbers.clear();
    }

    /// Adds those of `base` that begin at `at` and lie in `copy` as a whole. Gives the place behind them, if there are any.
    fn take_over(&mut self, base: &Self, copy: &Copied, at: usize) -> Option<usize> {
        let from = (at - copy.at + copy.from) as u32;
        let first = base.starts.binary_search(&from).ok()?;
        let end = (copy.from + copy.len) as u32;
        let behind = first + base.starts[first..].partition_point(|&start| start <= end).checked_sub(1)?;
        let shift = (at as u32).wrapping_sub(from);
        self.starts.extend(base.starts[first..behind].iter().map(|start| start.wrapping_add(shift)));
        self.numbers.extend_from_slice(&base.numbers[first..behind]);
        (behind > first).then(|| base.starts[behind].wrapping_add(shift) as usize)
    }
}

/// What is kept of a tree for those built on it.
#[derive(Clone, Debug, Default)]
struct Base {
    placed: Placed,
    /// How the numbers were cut into blocks, if that is known and all are kept.
    cut: Option<Cut>,
}

impl Found {
    fn name(&mut self, all: &Numbers<Vec<u8>>, name: &[u8]) -> u32 {
        if let Some(&number) = self.names.get(name) {
            return number;
        }
        let number = all.of(name);
        self.names.insert(name.to_owned(), number);
        number
    }

    /// Keeps the entries that were placed, of a tree built on `base`. False if there is no room for them.
    fn keep(&mut self, tree: u32, base: Option<&Base>) -> bool {
        let at = if self.placed.numbers.contains(&NONE) {
            self.entries.clear();
            self.entries.extend(self.placed.numbers.iter().filter(|&&entry| entry != NONE));
            self.lists.put(tree, &self.entries, None)
        } else {
            let like = base.and_then(|base| Some((&*base.placed.numbers, base.cut.as_ref()?)));
            self.lists.put(tree, &self.placed.numbers, like)
        };
        self.trees.extend(at.map(|at| (tree, at)));
        at.is_some()
    }

    /// What is kept of the tree at hand, which was `kept` or not.
    fn base(&self, kept: bool) -> Base {
        let whole = kept && !self.placed.numbers.contains(&NONE);
        Base { placed: self.placed.clone(), cut: whole.then(|| self.lists.cut()) }
    }
}

impl Reader<'_> {
    /// There are more trees than can be numbered.
    fn no_room(&self, trees: usize) {
        self.visitor.problem(Problem {
            subject: BString::from("trees"),
            message: format!("{trees} are too many to be held, so what they name has no path"),
        });
    }

    /// Reads a tree into `found.placed`.
    fn tree(&self, found: &mut Found, object: &Object<'_>, base: Option<&Placed>) {
        let bytes = object.bytes;
        let mut placed = std::mem::take(&mut found.placed);
        placed.clear();
        let mut at = 0;
        let mut copies = object.copies.iter().peekable();
        while at < bytes.len() {
            while copies.next_if(|copy| copy.at + copy.len <= at).is_some() {}
            let copy = copies.peek().filter(|copy| copy.at <= at);
            if let (Some(base), Some(copy)) = (base, copy)
                && let Some(next) = placed.take_over(base, copy, at)
            {
                at = next;
                continue;
            }
            let mut rest = Tree::new(&bytes[at..], self.id_len);
            let Some(entry) = rest.next() else {
                self.visitor.problem(Problem {
                    subject: BString::from(object.id().to_string()),
                    message: "tree is damaged, so what it names has no path; run `git fsck`".to_owned(),
                });
                break;
            };
            let number = match found.seen.get(&bytes[at..at + entry.length()]) {
                Some(number) => number,
                None if entry.mode.is_gitlink() => NONE,
                None => {
                    let (place, name) = (placed.numbers.len() as u32, entry.name.len() as u32);
                    found.unknown.push(Unknown {
                        place,
                        length: entry.length() as u32,
                        name,
                        mode: entry.mode,
                    });
                    NONE
                }
            };
            placed.starts.push(at as u32);
            placed.numbers.push(number);
            at += entry.length();
        }
        placed.starts.push(at as u32);
        self.number(found, bytes, &mut placed);
        found.placed = placed;
    }

    /// Gives the unknown entries of a tree their numbers. What is known of an object lies far away in memory: it is asked
    /// for of all of them before any of it is needed, so that they wait together.
    fn number(&self, found: &mut Found, bytes: &[u8], placed: &mut Placed) {
        let mut unknown = std::mem::take(&mut found.unknown);
        let mut objects = std::mem::take(&mut found.objects);
        let raw = |one: &Unknown| {
            let start = placed.starts[one.place as usize] as usize;
            &bytes[start..start + one.length as usize]
        };
        let id = |one: &Unknown| &raw(one)[one.length as usize - self.id_len..];
        self.catalog.find_all(unknown.iter().map(id), &mut objects);
        let mut numbers = std::mem::take(&mut found.numbers);
        numbers.clear();
        numbers.extend(unknown.iter().map(|one| {
            let end = one.length as usize - self.id_len - 1;
            let name = found.name(&self.names, &raw(one)[end - one.name as usize..end]);
            Label::new(name, one.mode).0
        }));
        for ((one, &object), number) in unknown.iter().zip(&objects).zip(&mut numbers) {
            *number = self.entry((object, id(one)), Label(*number));
            found.seen.put(raw(one), *number);
        }
        for (one, &number) in unknown.iter().zip(&numbers) {
            placed.numbers[one.place as usize] = number;
        }
        unknown.clear();
        (found.unknown, found.objects, found.numbers) = (unknown, objects, numbers);
    }

    /// The number of an object under a name; the object's own is `NONE` if the store lacks it.
    fn entry(&self, (object, id): (u32, &[u8]), label: Label) -> u32 {
        if object == NONE {
            let id = ObjectId::from_bytes(id).unwrap_or(ObjectId::NULL);
            return ALIAS + self.aliases.of(&(self.catalog.number(&id), label));
        }
        let usual = &self.labels[object as usize];
        // The first to come decides; which one that is shows nowhere.
        let known = match usual.load(Ordering::Relaxed) {
            NONE => usual
                .compare_exchange(NONE, label.0, Ordering::Relaxed, Ordering::Relaxed)
                .map_or_else(|known| known, |_| label.0),
            known => known,
        };
        if known == label.0 { object } else { ALIAS + self.aliases.of(&(object, label)) }
    }

    fn commit(&self, found: &mut Found, object: &Object<'_>) {
        let header = Header::parse(object.bytes);
        let number = self.catalog.of(object);
        if self.messages == Messages::Ask {
            let text = message::text(object.bytes);
            if !self.visitor.says(&message::entry(object.id(), object.kind, &text), &text) {
                found.silent.push(number);
            }
        }
        if object.kind == ObjectKind::Tag {
            if let Some(target) = header.object {
                let author = found.name(&self.names, header.author);
                let target = self.catalog.number(&target);
                found.tags.push((number, Tag { target, time: header.time, author }));
            }
            return;
        }
        let start = found.parents.len() as u32;
        found.parents.extend(header.parents.iter().map(|parent| self.catalog.number(parent)));
        let author = found.name(&self.names, header.author);
        found.commits.push(Commit {
            object: number,
            tree: header.tree.map_or(NONE, |tree| self.catalog.number(&tree)),
            parents: (start, found.parents.len() as u32 - start),
            author,
            time: header.time,
        });
    }
}

impl ObjectSink for Reader<'_> {
    type State = Base;
    type Worker = Found;

    fn worker(&self) -> Found {
        Found { lists: Writer::new(self.workers.fetch_add(1, Ordering::Relaxed) + 1), ..Found::default() }
    }

    fn object(&self, found: &mut Found, object: &Object<'_>, base: Option<&Base>) -> Base {
        if object.kind == ObjectKind::Tree {
            self.tree(found, object, base.map(|base| &base.placed));
            let wanted = object.role == Role::Wanted;
            let kept = wanted && found.keep(self.catalog.of(object), base);
            if wanted && !kept {
                self.no_room(1);
            }
            return if object.is_base { found.base(kept) } else { Base::default() };
        }
        if object.role == Role::Wanted {
            self.commit(found, object);
        }
        Base::default()
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
