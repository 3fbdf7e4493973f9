//! What lies beside a file, read when somebody asks, and kept for the next file of the same folder.
//!
//! Must not know why it is asked.

use std::{
    collections::VecDeque,
    fs,
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bstr::{BStr, BString, ByteSlice as _};

use crate::origin::{Folder, Holds, MOST_SIBLING_BYTES, MOST_SIBLINGS, Sibling, Siblings};

/// Levels above and below a folder at which calls of what is in it are looked for.
const LEVELS_ABOVE: usize = 3;
const LEVELS_BELOW: usize = 4;
/// Most folders looked into for that.
const MOST_FOLDERS: usize = 1000;
/// Folders that are kept. Files of a folder follow each other in every walk, with one folder a thread.
const KEPT: usize = 32;

/// A way to list a folder and to read what is in it.
pub(crate) trait Shelf: Send + Sync {
    /// Files in `folder` for whose name `wanted` is true, with their sizes; `None` if it cannot be listed.
    fn list(&self, folder: &BStr, wanted: &dyn Fn(&[u8]) -> bool) -> Option<Vec<(BString, u64)>>;

    /// The folders in `folder`, each with a `/` at its end, but hidden ones.
    fn folders(&self, folder: &BStr) -> Vec<BString>;

    /// Content of a file that was listed.
    fn read(&self, path: &BStr) -> Option<Vec<u8>>;
}

/// A shelf that remembers.
pub(crate) struct Shelves<S> {
    shelf: S,
    kept: Mutex<VecDeque<(BString, Arc<Siblings>)>>,
}

impl<S: Shelf> Shelves<S> {
    pub(crate) fn new(shelf: S) -> Self {
        Self { shelf, kept: Mutex::default() }
    }

    /// What it remembers for.
    pub(crate) const fn shelf(&self) -> &S {
        &self.shelf
    }

    fn collect(&self, folder: &BStr, endings: &[&str]) -> Siblings {
        let wanted = |name: &[u8]| endings.iter().any(|ending| name.ends_with(ending.as_bytes()));
        let Some(mut listed) = self.shelf.list(folder, &wanted) else { return Siblings::default() };
        listed.sort();
        let mut siblings = Siblings { files: Vec::new(), complete: listed.len() <= MOST_SIBLINGS };
        let mut bytes = 0;
        for (path, size) in listed.into_iter().take(MOST_SIBLINGS) {
            bytes += size;
            let content = if bytes <= MOST_SIBLING_BYTES { self.shelf.read(path.as_bstr()) } else { None };
            match content {
                Some(bytes) => siblings.files.push(Sibling { path, bytes, ..Sibling::default() }),
                None => siblings.complete = false,
            }
        }
        siblings
    }
}

impl<S: Shelf> Shelves<S> {
    /// Files below `top` that are wanted, nearest folders first.
    fn gather(&self, top: BString, endings: &[&str], holds: Holds) -> Siblings {
        let mut siblings = Siblings { files: Vec::new(), complete: true };
        let (mut folders, mut bytes) = (VecDeque::from([(top, 0)]), 0);
        let mut seen = 0;
        while let Some((folder, depth)) = folders.pop_front() {
            seen += 1;
            if seen > MOST_FOLDERS || bytes > MOST_SIBLING_BYTES {
                siblings.complete = false;
                break;
            }
            let wanted = |name: &[u8]| endings.iter().any(|ending| name.ends_with(ending.as_bytes()));
            let Some(listed) = self.shelf.list(folder.as_bstr(), &wanted) else {
                siblings.complete = false;
                continue;
            };
            for (path, size) in listed {
                bytes += size;
                if bytes > MOST_SIBLING_BYTES || siblings.files.len() >= MOST_SIBLINGS {
                    siblings.complete = false;
                    break;
                }
                match self.shelf.read(path.as_bstr()) {
                    Some(bytes) if holds(&bytes) => {
                        siblings.files.push(Sibling { path, bytes, ..Sibling::default() });
                    }
                    Some(_) => {}
                    None => siblings.complete = false,
                }
            }
            if depth < LEVELS_BELOW {
                let below = self.shelf.folders(folder.as_bstr()).into_iter();
                folders.extend(below.map(|folder| (folder, depth + 1)));
            }
        }
        siblings
    }

    /// What is kept under a name, or made now.
    fn keep(&self, key: BString, make: impl FnOnce() -> Siblings) -> Arc<Siblings> {
        let known = |kept: &VecDeque<(BString, Arc<Siblings>)>| {
            kept.iter().find(|(name, _)| *name == key).map(|(_, siblings)| Arc::clone(siblings))
        };
        if let Some(siblings) = known(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)) {
            return siblings;
        }
        // Outside of the lock: two threads may read the same folder, and get the same.
        let siblings = Arc::new(make());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(siblings) = known(&kept) {
            return siblings;
        }
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((key, Arc::clone(&siblings)));
        siblings
    }
}

impl<S: Shelf> Folder for Shelves<S> {
    fn siblings(&self, path: &BStr, endings: &'static [&'static str]) -> Arc<Siblings> {
        let folder = path.rfind_byte(b'/').map_or(BStr::new(""), |slash| path[..=slash].as_bstr());
        self.elsewhere(path, folder, endings)
    }

    fn elsewhere(&self, _path: &BStr, folder: &BStr, endings: &'static [&'static str]) -> Arc<Siblings> {
        let mut key = folder.to_owned();
        key.push(0);
        key.extend_from_slice(endings.first().map_or("", |ending| ending).as_bytes());
        self.keep(key, || self.collect(folder, endings))
    }

    fn around(&self, path: &BStr, endings: &'static [&'static str], holds: Holds) -> Arc<Siblings> {
        let mut top = path.rfind_byte(b'/').map_or(&b""[..], |slash| &path[..=slash]);
        for _ in 0..LEVELS_ABOVE {
            let above = top.strip_suffix(b"/").map_or(&b""[..], |folder| {
                folder.rfind_byte(b'/').map_or(&b""[..], |slash| &folder[..=slash])
            });
            // What lies above what is looked at cannot be listed.
            if top.is_empty() || self.shelf.list(above.as_bstr(), &|_| false).is_none() {
                break;
            }
            top = above;
        }
        let mut key = BString::from(top);
        key.extend_from_slice(b"\0\0");
        self.keep(key, || self.gather(top.into(), endings, holds))
    }
}

/// Files on disk, at and below what is scanned. Symbolic links are not followed.
pub(crate) struct Disk {
    /// What is scanned.
    pub(crate) roots: Vec<PathBuf>,
}

impl Disk {
    /// Whether a folder is one of what is scanned, or holds a file that is, without links on the way.
    fn holds(&self, folder: &Path) -> bool {
        let plain = |path: &Path| -> PathBuf {
            path.components().filter(|part| *part != Component::CurDir).collect()
        };
        let folder = plain(folder);
        self.roots.iter().any(|root| {
            let root = plain(root);
            let Ok(below) = folder.strip_prefix(&root) else { return root.parent() == Some(&folder) };
            let mut path = root.clone();
            below.components().all(|part| {
                path.push(part);
                part != Component::ParentDir && fs::symlink_metadata(&path).is_ok_and(|at| at.is_dir())
            })
        })
    }
}

impl Shelf for Disk {
    fn list(&self, folder: &BStr, wanted: &dyn Fn(&[u8]) -> bool) -> Option<Vec<(BString, u64)>> {
        let name = if folder.is_empty() { PathBuf::from(".") } else { folder.to_path().ok()?.to_owned() };
        if !self.holds(&name) {
            return None;
        }
        let mut listed = Vec::new();
        for entry in fs::read_dir(name).ok()? {
            let entry = entry.ok()?;
            let file = entry.file_name();
            let Some(file) = <[u8]>::from_os_str(&file) else { continue };
            if wanted(file) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                let mut path = folder.to_owned();
                path.extend_from_slice(file);
                listed.push((path, entry.metadata().ok()?.len()));
            }
        }
        Some(listed)
    }

    fn folders(&self, folder: &BStr) -> Vec<BString> {
        let name = if folder.is_empty() { Some(Path::new(".")) } else { folder.to_path().ok() };
        let Some(entries) = name.filter(|name| self.holds(name)).and_then(|name| fs::read_dir(name).ok())
        else {
            return Vec::new();
        };
        let mut folders = Vec::new();
        for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let file = entry.file_name();
            let Some(file) = <[u8]>::from_os_str(&file).filter(|file| !file.starts_with(b".")) else {
                continue;
            };
            let mut path = folder.to_owned();
            path.extend_from_slice(file);
            path.push(b'/');
            folders.push(path);
        }
        folders.sort();
        folders
    }

    fn read(&self, path: &BStr) -> Option<Vec<u8>> {
        fs::read(path.to_path().ok()?).ok()
    }
}
