//! What lies beside a file in a tree of the repository, with what was changed since.
//!
//! Must not look at the working tree.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use bstr::{BStr, BString, ByteSlice as _};

use super::{
    changes::Changes,
    objects::{Objects, Type},
    tree::{Mode, PathFinder, Tree},
};
use crate::{
    origin::{Beside, Folder, Holds, ObjectId, Siblings},
    source::beside::{Shelf, Shelves},
};

/// A tree, and paths that are otherwise in what is looked at.
struct TreeShelf {
    objects: Arc<Objects>,
    root: Option<ObjectId>,
    /// Paths that differ from the tree; `None` for what is no more.
    changed: BTreeMap<BString, Option<(Mode, ObjectId)>>,
    /// Blobs of what was listed.
    listed: Mutex<BTreeMap<BString, ObjectId>>,
}

/// What lies beside the files of the tree `root`, as the index has it.
pub(super) fn of_index(objects: &Arc<Objects>, root: Option<ObjectId>, changes: &Changes) -> Beside {
    let mut changed: BTreeMap<_, _> = changes
        .changed
        .iter()
        .map(|change| (change.path.clone(), Some((change.new.mode, change.new.id))))
        .collect();
    changed.extend(changes.gone.iter().map(|gone| (gone.path.clone(), None)));
    let objects = Arc::clone(objects);
    Beside::new(Arc::new(Shelves::new(TreeShelf { objects, root, changed, listed: Mutex::default() })))
}

/// What lies beside the files of the tree `root`.
#[must_use]
pub fn of_tree(objects: &Arc<Objects>, root: ObjectId) -> Beside {
    of_index(objects, Some(root), &Changes::default())
}

impl TreeShelf {
    /// The content of the tree of a folder, which ends in `/` or is empty; `None` if there is none.
    fn tree(&self, folder: &BStr) -> Option<Vec<u8>> {
        let root = self.root?;
        let id = match folder.strip_suffix(b"/") {
            None => root,
            Some(name) => {
                let found = PathFinder::new(&self.objects, root).find(name.as_bstr()).ok()??;
                found.0.is_folder().then_some(found.1)?
            }
        };
        Some(self.objects.read(&id, Type::Tree).ok()?.to_vec())
    }
}

impl Shelf for TreeShelf {
    fn list(&self, folder: &BStr, wanted: &dyn Fn(&[u8]) -> bool) -> Option<Vec<(BString, u64)>> {
        let mut files: BTreeMap<BString, ObjectId> = BTreeMap::new();
        if let Some(content) = self.tree(folder) {
            for entry in Tree::new(&content, self.objects.hash_len()) {
                if entry.mode.is_file() && wanted(entry.name) {
                    let mut path = folder.to_owned();
                    path.extend_from_slice(entry.name);
                    files.extend(entry.object().map(|id| (path, id)));
                }
            }
        }
        for (path, now) in self.changed.range(folder.to_owned()..) {
            let Some(name) = path.strip_prefix(folder.as_bytes()) else { break };
            if name.contains(&b'/') || !wanted(name) {
                continue;
            }
            match now {
                Some((mode, id)) if mode.is_file() => {
                    files.insert(path.clone(), *id);
                }
                _ => {
                    files.remove(path);
                }
            }
        }
        let sizes = files.iter().map(|(path, id)| Some((path.clone(), self.objects.header(id).ok()?.1)));
        let listed: Option<Vec<_>> = sizes.collect();
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).append(&mut files);
        listed
    }

    fn folders(&self, folder: &BStr) -> Vec<BString> {
        let mut folders = BTreeSet::new();
        let mut add = |name: &[u8]| {
            if !name.starts_with(b".") {
                let mut path = folder.to_owned();
                path.extend_from_slice(name);
                path.push(b'/');
                folders.insert(path);
            }
        };
        if let Some(content) = self.tree(folder) {
            let tree = Tree::new(&content, self.objects.hash_len());
            tree.filter(|entry| entry.mode.is_folder()).for_each(|entry| add(entry.name));
        }
        for (path, _) in self.changed.range(folder.to_owned()..) {
            let Some(name) = path.strip_prefix(folder.as_bytes()) else { break };
            name.find_byte(b'/').into_iter().for_each(|slash| add(&name[..slash]));
        }
        folders.into_iter().collect()
    }

    fn read(&self, path: &BStr) -> Option<Vec<u8>> {
        let id = self.listed.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied()?;
        Some(self.objects.read(&id, Type::Blob).ok()?.to_vec())
    }
}

/// A tree beside whose files versions may stand that are not of it.
pub(super) struct Versions(Arc<Shelves<TreeShelf>>);

impl Versions {
    /// Of the tree `root`.
    pub(super) fn of(objects: &Arc<Objects>, root: ObjectId) -> Self {
        let objects = Arc::clone(objects);
        let shelf =
            TreeShelf { objects, root: Some(root), changed: BTreeMap::new(), listed: Mutex::default() };
        Self(Arc::new(Shelves::new(shelf)))
    }

    /// What lies beside the version `id` of a file: known if the tree has that version.
    pub(super) fn beside(&self, id: ObjectId) -> Beside {
        Beside::new(Arc::new(Version { shelves: Arc::clone(&self.0), id, is_old: false }))
    }

    /// The same of an older version, of which only that is asked since when something is in it: the folders around, which
    /// would have to be read anew for each of thousands of trees, are not known.
    pub(super) fn beside_old(&self, id: ObjectId) -> Beside {
        Beside::new(Arc::new(Version { shelves: Arc::clone(&self.0), id, is_old: true }))
    }
}

/// A version of a file, and the tree that may have it.
struct Version {
    shelves: Arc<Shelves<TreeShelf>>,
    id: ObjectId,
    is_old: bool,
}

impl Folder for Version {
    fn siblings(&self, path: &BStr, endings: &'static [&'static str]) -> Arc<Siblings> {
        let siblings = self.shelves.siblings(path, endings);
        let listed = self.shelves.shelf().listed.lock().unwrap_or_else(PoisonError::into_inner);
        if listed.get(path) == Some(&self.id) { siblings } else { Arc::default() }
    }

    fn elsewhere(&self, path: &BStr, folder: &BStr, endings: &'static [&'static str]) -> Arc<Siblings> {
        // What the tree has elsewhere goes with the version that it has here.
        if self.siblings(path, endings).files.is_empty() {
            return Arc::default();
        }
        self.shelves.elsewhere(path, folder, endings)
    }

    fn around(&self, path: &BStr, endings: &'static [&'static str], holds: Holds) -> Arc<Siblings> {
        if self.is_old || self.siblings(path, endings).files.is_empty() {
            return Arc::default();
        }
        self.shelves.around(path, endings, holds)
    }
}
