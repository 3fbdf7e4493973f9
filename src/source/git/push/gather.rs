//! What new commits change: every path whose content is that of none of the parents.
//!
//! Only trees that differ from the parents' are read. Must not read blobs.

use std::{
    collections::{HashMap, HashSet},
    iter::Peekable,
};

use bstr::{BString, ByteSlice as _};

use super::{
    super::{
        changes::{Change, Gone, Key, MAX_DEPTH, Version, depth},
        objects::{Object, Objects, ReadError, Type},
        tree::{Tree, TreeEntry},
        version::Renames,
    },
    Step,
    walk::Commit,
};
use crate::{origin::ObjectId, source::Problem};

/// Gathers the changes of commits.
pub(super) struct Gatherer<'o> {
    objects: &'o Objects,
    /// Trees of commits that were asked for.
    trees: HashMap<ObjectId, Option<ObjectId>>,
    /// Each content at each path once.
    seen: HashSet<(BString, ObjectId)>,
    pub(super) steps: Vec<Step>,
    pub(super) problems: Vec<Problem>,
    /// Files at the top that a commit takes away.
    pub(super) removed: HashSet<BString>,
    /// Of the commit at work.
    changed: Vec<(Change, Vec<Version>)>,
    gone: Vec<Gone>,
}

impl<'o> Gatherer<'o> {
    pub(super) fn new(objects: &'o Objects) -> Self {
        Self {
            objects,
            trees: HashMap::new(),
            seen: HashSet::new(),
            steps: Vec::new(),
            problems: Vec::new(),
            removed: HashSet::new(),
            changed: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// Adds what commit number `place` changes.
    pub(super) fn commit(&mut self, place: usize, commit: &Commit) {
        self.trees.insert(commit.id, commit.tree);
        let Some(tree) = commit.tree else {
            return self.problem(&commit.id, "it names no tree; run git fsck".to_owned());
        };
        let mut olds = Vec::with_capacity(commit.parents.len());
        for parent in &commit.parents {
            olds.extend(self.tree_of(parent));
        }
        if olds.contains(&tree) {
            return;
        }
        self.compare(&commit.id, tree, &olds);
        self.take(Some(place));
    }

    /// Adds all that is below a tree that no commit names.
    pub(super) fn tree(&mut self, tree: ObjectId) {
        self.compare(&tree, tree, &[]);
        self.take(None);
    }

    /// Adds a blob that no tree names.
    pub(super) fn blob(&mut self, id: ObjectId) {
        // An ordinary file, by git's own mode.
        const FILE: u32 = 0o100_644;
        let new = Version { mode: super::super::tree::Mode(FILE), id };
        self.changed.push((Change { path: id.to_string().into(), new, old: None }, Vec::new()));
        self.take(None);
    }

    /// The tree of a parent. One that is not here has nothing that is known.
    fn tree_of(&mut self, commit: &ObjectId) -> Option<ObjectId> {
        if let Some(known) = self.trees.get(commit) {
            return *known;
        }
        let tree = self.objects.tree_of(commit).ok();
        self.trees.insert(*commit, tree);
        tree
    }

    fn compare(&mut self, subject: &ObjectId, new: ObjectId, olds: &[ObjectId]) {
        if let Err(error) = self.trees(&mut Vec::new(), new, olds) {
            self.problem(subject, error.to_string());
        }
    }

    /// Compares a tree with those of the parents at the same path.
    fn trees(&mut self, prefix: &mut Vec<u8>, new: ObjectId, olds: &[ObjectId]) -> Result<(), ReadError> {
        if depth(prefix) > MAX_DEPTH {
            return Err(ReadError::Unreadable(new, "folders nest too deep".to_owned()));
        }
        let objects = self.objects;
        let content = objects.read(&new, Type::Tree)?;
        let tree = Tree::new(&content, objects.hash_len());
        if !tree.is_sound() {
            return Err(ReadError::Unreadable(new, "this is no tree".to_owned()));
        }
        // One that cannot be read makes more count as new.
        let contents: Vec<Object> =
            olds.iter().filter_map(|old| objects.read(old, Type::Tree).ok()).collect();
        let mut cursors: Vec<Peekable<Tree<'_>>> =
            contents.iter().map(|old| Tree::new(old, objects.hash_len()).peekable()).collect();
        let alone = cursors.len() == 1;
        for entry in tree {
            let mut found = Vec::with_capacity(cursors.len());
            for cursor in &mut cursors {
                found.extend(self.pass_to(prefix, cursor, entry.key(), alone));
            }
            let Some(version) = entry.version() else { continue };
            let same = |old: &Version| old.id == version.id && old.mode.same_kind(version.mode);
            if found.iter().any(same) {
                continue;
            }
            if entry.mode.is_folder() {
                let len = prefix.len();
                prefix.extend_from_slice(entry.name);
                prefix.push(b'/');
                let below: Vec<ObjectId> =
                    found.iter().filter(|old| old.mode.is_folder()).map(|old| old.id).collect();
                self.trees(prefix, version.id, &below)?;
                prefix.truncate(len);
            } else {
                let path = [prefix, entry.name.as_bytes()].concat().into();
                self.changed.push((Change { path, new: version, old: None }, found));
            }
        }
        for cursor in cursors.iter_mut().filter(|_| alone) {
            cursor.for_each(|entry| self.lost(prefix, &entry));
        }
        Ok(())
    }

    /// Goes on in `old` to `key`; what is passed on the way went away.
    fn pass_to(
        &mut self,
        prefix: &[u8],
        old: &mut Peekable<Tree<'_>>,
        key: Key<'_>,
        alone: bool,
    ) -> Option<Version> {
        while let Some(entry) = old.peek() {
            match entry.key().order(key) {
                std::cmp::Ordering::Less => {
                    if alone {
                        let entry = *entry;
                        self.lost(prefix, &entry);
                    }
                    old.next();
                }
                std::cmp::Ordering::Equal => return old.next().and_then(|entry| entry.version()),
                std::cmp::Ordering::Greater => return None,
            }
        }
        None
    }

    fn lost(&mut self, prefix: &[u8], entry: &TreeEntry<'_>) {
        if let Some(old) = entry.version() {
            let path = [prefix, entry.name.as_bytes()].concat().into();
            self.gone.push(Gone { path, old });
        }
    }

    /// Turns the changes of a commit into steps.
    fn take(&mut self, commit: Option<usize>) {
        let changed = std::mem::take(&mut self.changed);
        let gone = std::mem::take(&mut self.gone);
        self.removed.extend(gone.iter().map(|gone| gone.path.clone()).filter(|path| !path.contains(&b'/')));
        let added: Vec<&Change> =
            changed.iter().filter(|(_, olds)| olds.is_empty()).map(|(change, _)| change).collect();
        let renames = Renames::find(self.objects, &added, &gone);
        let renamed: Vec<_> = changed
            .iter()
            .map(|(change, olds)| match &renames {
                Some(renames) if olds.is_empty() => renames.of(change),
                _ => super::super::version::Renamed::default(),
            })
            .collect();
        for ((change, olds), renamed) in changed.into_iter().zip(renamed) {
            let Change { path, new, .. } = change;
            if self.seen.insert((path.clone(), new.id)) {
                self.steps.push(Step { path, new, olds, renamed, commit, tip: None });
            }
        }
    }

    fn problem(&mut self, subject: &ObjectId, message: String) {
        self.problems.push(Problem { subject: subject.to_string().into(), message });
    }
}
