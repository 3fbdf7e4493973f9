//! What differs between the tree of HEAD and the index, by ids and modes alone.
//!
//! During a commit git has brought the cache-tree up to date before it runs the hook, so that the
//! tree of the commit to be is known without reading a single index entry: two trees are
//! compared, and unchanged folders are not opened. Otherwise the entries go by once, and folders
//! that the cache-tree knows to equal HEAD's are passed over.
//!
//! Must not read blobs.

use std::{cmp::Ordering, iter::Peekable};

use bstr::{BStr, BString, ByteSlice as _};

use super::{
    index::{
        Cursor, Extensions, IndexEntry, IndexError, IndexFile,
        cache_tree::{CacheTree, Folder},
    },
    objects::{Object, Objects, ReadError, Type},
    repo::Repo,
    tree::{Mode, Tree, TreeEntry},
};
use crate::{
    origin::ObjectId,
    source::{Problem, SourceError},
};

/// Folders in folders: more than any real path holds, and few enough for the stack.
pub(super) const MAX_DEPTH: usize = 500;

/// What one side has at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// What it is.
    pub mode: Mode,
    /// Its blob (or commit, for a submodule).
    pub id: ObjectId,
}

/// A path that is added or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path from the top.
    pub path: BString,
    /// What is staged.
    pub new: Version,
    /// What HEAD has there.
    pub old: Option<Version>,
}

/// A path that HEAD has and the index has not; a folder stands for all below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The path from the top.
    pub path: BString,
    /// What HEAD has there.
    pub old: Version,
}

/// The difference, in the order of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Paths added or changed.
    pub changed: Vec<Change>,
    /// Paths that are no more.
    pub gone: Vec<Gone>,
    /// Paths in conflict, which have no staged content.
    pub unmerged: Vec<BString>,
    /// Trees of HEAD that cannot be read; all below them counts as added.
    pub problems: Vec<Problem>,
}

/// Compares the index of `repo` with the tree `head`, where `None` is the empty tree.
///
/// # Errors
///
/// If the index cannot be read or makes no sense.
pub fn of_index(repo: &Repo, objects: &Objects, head: Option<ObjectId>) -> Result<Changes, SourceError> {
    compare(repo, objects, head).map_err(|error| index_error(repo, &error))
}

/// An error about the index.
pub(super) fn index_error(repo: &Repo, error: &IndexError) -> SourceError {
    SourceError::new(repo.index.display().to_string(), error.to_string())
}

fn compare(repo: &Repo, objects: &Objects, head: Option<ObjectId>) -> Result<Changes, IndexError> {
    let mut index = IndexFile::open(&repo.index, objects.hash_len())?;
    let cached = index.cache_tree()?;
    let whole = cached.as_ref().and_then(CacheTree::root).and_then(Folder::valid);
    if let (Some((_, tree)), Some(head)) = (whole, head) {
        let mut differ = Differ::new(objects);
        if tree == head || differ.trees(&mut Vec::new(), Some(head), tree).is_ok() {
            return Ok(differ.changes);
        }
        // A tree that git has not written, or that is lost: the entries say the same.
    }
    let mut entries = index.entries()?;
    let root = cached.as_ref().and_then(CacheTree::root);
    let mut differ = Differ::new(objects);
    differ.whole_index(&mut entries, head, root)?;
    let Some(link) = Extensions::read(entries)?.link else { return Ok(differ.changes) };
    // What went by is only a part. This is known at the end of the file alone, and is rare.
    let mut entries = index.merged(&link, &repo.git_dir)?;
    let mut differ = Differ::new(objects);
    differ.whole_index(&mut entries, head, root)?;
    Ok(differ.changes)
}

/// Lists the files below what is gone, up to `limit` of them.
#[must_use]
pub fn files_below(objects: &Objects, gone: &[Gone], limit: usize) -> Vec<Gone> {
    let mut files = Vec::new();
    let mut open: Vec<Gone> = gone.iter().rev().cloned().collect();
    while let Some(next) = open.pop() {
        if files.len() >= limit {
            break;
        }
        if !next.old.mode.is_folder() {
            files.push(next);
            continue;
        }
        // What cannot be read cannot be the source of a rename, and nothing else is lost.
        let Ok(content) = objects.read(&next.old.id, Type::Tree) else { continue };
        let first = open.len();
        for entry in Tree::new(&content, objects.hash_len()) {
            let Some(id) = entry.object() else { continue };
            let mut path = next.path.clone();
            path.push(b'/');
            path.extend_from_slice(entry.name);
            open.push(Gone { path, old: Version { mode: entry.mode, id } });
        }
        open[first..].reverse();
    }
    files
}

/// A name as trees sort it: folders as if they ended in `/`.
#[derive(Clone, Copy)]
pub(super) struct Key<'n> {
    name: &'n BStr,
    folder: bool,
}

impl Key<'_> {
    /// Which of two names comes first in a tree.
    pub(super) fn order(self, other: Key<'_>) -> Ordering {
        let shared = self.name.len().min(other.name.len());
        let next = |key: Key<'_>| match key.name.get(shared) {
            Some(&byte) => Some(byte),
            None => key.folder.then_some(b'/'),
        };
        // Two names of one length that are equal so far differ in being a folder or not.
        let ours = self.name.as_bytes()[..shared].cmp(&other.name.as_bytes()[..shared]);
        ours.then_with(|| next(self).cmp(&next(other))).then_with(|| self.name.len().cmp(&other.name.len()))
    }
}

impl<'t> TreeEntry<'t> {
    /// How it is sorted.
    pub(super) fn key(&self) -> Key<'t> {
        Key { name: self.name, folder: self.mode.is_folder() }
    }

    /// What is there.
    pub(super) fn version(&self) -> Option<Version> {
        Some(Version { mode: self.mode, id: self.object()? })
    }
}

struct Differ<'o> {
    objects: &'o Objects,
    changes: Changes,
}

impl<'o> Differ<'o> {
    fn new(objects: &'o Objects) -> Self {
        Self { objects, changes: Changes::default() }
    }

    /// Compares two trees. Fails only if the new one cannot be read.
    fn trees(&mut self, prefix: &mut Vec<u8>, old: Option<ObjectId>, new: ObjectId) -> Result<(), ReadError> {
        if depth(prefix) > MAX_DEPTH {
            return Err(ReadError::Unreadable(new, "folders nest too deep".to_owned()));
        }
        let new_content = self.objects.read(&new, Type::Tree)?;
        let new_tree = Tree::new(&new_content, self.objects.hash_len());
        if !new_tree.is_sound() {
            return Err(ReadError::Unreadable(new, "this is no tree".to_owned()));
        }
        let old_content = self.old_tree(prefix, old);
        let mut old_tree = self.entries(old_content.as_ref());
        for entry in new_tree {
            let found = self.pass_to(prefix, &mut old_tree, entry.key());
            let Some(version) = entry.version() else { continue };
            if !entry.mode.is_folder() {
                self.path(prefix, entry.name, version, found);
            } else if found.is_none_or(|found| found.id != version.id) {
                let len = prefix.len();
                prefix.extend_from_slice(entry.name);
                prefix.push(b'/');
                self.trees(prefix, found.map(|found| found.id), version.id)?;
                prefix.truncate(len);
            }
        }
        old_tree.for_each(|entry| self.gone(prefix, &entry));
        Ok(())
    }

    /// Compares all entries of an index with a tree.
    fn whole_index(
        &mut self,
        cursor: &mut impl Cursor,
        old: Option<ObjectId>,
        cached: Option<Folder<'_>>,
    ) -> Result<(), IndexError> {
        cursor.advance()?;
        self.folder(cursor, &mut Vec::new(), old, cached)
    }

    /// Compares the entries below `prefix`, at whose first one the cursor is, with a tree.
    fn folder(
        &mut self,
        cursor: &mut impl Cursor,
        prefix: &mut Vec<u8>,
        old: Option<ObjectId>,
        cached: Option<Folder<'_>>,
    ) -> Result<(), IndexError> {
        if depth(prefix) > MAX_DEPTH {
            return Err(IndexError::Corrupt("folders nest too deep"));
        }
        let old_content = self.old_tree(prefix, old);
        let mut old_tree = self.entries(old_content.as_ref());
        let children = cached.map(Folder::children).unwrap_or_default();
        let len = prefix.len();
        while let Some(rest) = cursor.path().and_then(|path| path.strip_prefix(prefix.as_slice())) {
            if rest.is_empty() && prefix.is_empty() {
                // Only a split index has entries without a path; what this finds is not used then.
                cursor.advance()?;
                continue;
            }
            let slash = memchr::memchr(b'/', rest);
            let name = rest[..slash.unwrap_or(rest.len())].as_bstr();
            if name.is_empty() {
                return Err(IndexError::Corrupt("a path has an empty part"));
            }
            let found = self.pass_to(prefix, &mut old_tree, Key { name, folder: slash.is_some() });
            match slash {
                None => {
                    let Some(entry) = cursor.current() else { break };
                    self.entry(prefix, name, &entry, found);
                    cursor.advance()?;
                }
                Some(slash) if slash + 1 == rest.len() => {
                    // A folder that a sparse index keeps closed.
                    let id = cursor.current().filter(|entry| entry.mode.is_folder());
                    let id = id.and_then(|entry| ObjectId::from_bytes(entry.id));
                    let id = id.ok_or(IndexError::Corrupt("a file has the path of a folder"))?;
                    if found.is_none_or(|found| found.id != id) {
                        prefix.extend_from_slice(rest);
                        if let Err(error) = self.trees(prefix, found.map(|found| found.id), id) {
                            self.problem(prefix, &error);
                        }
                        prefix.truncate(len);
                    }
                    cursor.advance()?;
                }
                Some(slash) => {
                    let child = children.binary_search_by_key(&name, |child| child.name()).ok();
                    let child = child.map(|place| children[place]);
                    prefix.extend_from_slice(&rest[..=slash]);
                    match child.and_then(Folder::valid) {
                        Some((count, id)) if count > 0 && found.is_some_and(|found| found.id == id) => {
                            pass_over(cursor, prefix, count)?;
                        }
                        _ => self.folder(cursor, prefix, found.map(|found| found.id), child)?,
                    }
                    prefix.truncate(len);
                }
            }
        }
        old_tree.for_each(|entry| self.gone(prefix, &entry));
        Ok(())
    }

    fn entry(&mut self, prefix: &[u8], name: &BStr, entry: &IndexEntry<'_>, found: Option<Version>) {
        if entry.stage != 0 {
            if self.changes.unmerged.last().is_none_or(|last| last != entry.path) {
                self.changes.unmerged.push(entry.path.to_owned());
            }
        } else if !entry.flags.intent_to_add
            && let Some(id) = ObjectId::from_bytes(entry.id)
        {
            self.path(prefix, name, Version { mode: entry.mode, id }, found);
        }
    }

    fn path(&mut self, prefix: &[u8], name: &BStr, new: Version, old: Option<Version>) {
        if old != Some(new) {
            let path = [prefix, name.as_bytes()].concat().into();
            self.changes.changed.push(Change { path, new, old });
        }
    }

    fn gone(&mut self, prefix: &[u8], entry: &TreeEntry<'_>) {
        if let Some(old) = entry.version() {
            let path = [prefix, entry.name.as_bytes()].concat().into();
            self.changes.gone.push(Gone { path, old });
        }
    }

    /// Goes on in `old` to `key`; what is passed on the way is gone.
    fn pass_to<'t>(&mut self, prefix: &[u8], old: &mut Peekable<Tree<'t>>, key: Key<'_>) -> Option<Version> {
        while let Some(entry) = old.peek() {
            match entry.key().order(key) {
                Ordering::Less => {
                    let entry = *entry;
                    self.gone(prefix, &entry);
                    old.next();
                }
                Ordering::Equal => return old.next().and_then(|entry| entry.version()),
                Ordering::Greater => return None,
            }
        }
        None
    }

    /// Reads a tree of HEAD; one that cannot be read is a problem and counts as empty.
    fn old_tree(&mut self, prefix: &[u8], id: Option<ObjectId>) -> Option<Object> {
        match self.objects.read(&id?, Type::Tree) {
            Ok(content) => Some(content),
            Err(error) => {
                self.problem(prefix, &error);
                None
            }
        }
    }

    fn entries<'t>(&self, content: Option<&'t Object>) -> Peekable<Tree<'t>> {
        Tree::new(content.map_or(&[], |content| &content[..]), self.objects.hash_len()).peekable()
    }

    fn problem(&mut self, prefix: &[u8], error: &ReadError) {
        let subject = if prefix.is_empty() { b"HEAD" } else { prefix };
        self.changes.problems.push(Problem { subject: subject.into(), message: error.to_string() });
    }
}

/// Goes on to the first entry behind the `count` ones below `prefix`.
fn pass_over(cursor: &mut impl Cursor, prefix: &[u8], count: u32) -> Result<(), IndexError> {
    const LIES: IndexError = IndexError::Corrupt("its cache-tree counts other entries than there are");
    for _ in 1..count {
        cursor.advance()?;
    }
    let inside = |cursor: &dyn Cursor| cursor.path().is_some_and(|path| path.starts_with(prefix));
    if !inside(cursor) {
        return Err(LIES);
    }
    cursor.advance()?;
    if inside(cursor) { Err(LIES) } else { Ok(()) }
}

/// Number of folders that a prefix with a `/` at its end goes through.
pub(super) fn depth(prefix: &[u8]) -> usize {
    memchr::memchr_iter(b'/', prefix).count()
}
