//! What lies beside a file, read when somebody asks, and kept for the next file of the same folder.
//!
//! Must not know why it is asked.

use std::{
    collections::VecDeque,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use bstr::{BStr, BString, ByteSlice as _};

use crate::origin::{Folder, MOST_SIBLING_BYTES, MOST_SIBLINGS, Sibling, Siblings};

/// Folders that are kept. Files of a folder follow each other in every walk, with one folder a thread.
const KEPT: usize = 32;

/// A way to list a folder and to read what is in it.
pub(crate) trait Shelf: Send + Sync {
    /// Files in `folder` for whose name `wanted` is true, with their sizes; `None` if it cannot be listed.
    fn list(&self, folder: &BStr, wanted: &dyn Fn(&[u8]) -> bool) -> Option<Vec<(BString, u64)>>;

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

impl<S: Shelf> Folder for Shelves<S> {
    fn siblings(&self, path: &BStr, endings: &'static [&'static str]) -> Arc<Siblings> {
        let folder = path.rfind_byte(b'/').map_or(BStr::new(""), |slash| path[..=slash].as_bstr());
        let mut key = folder.to_owned();
        key.push(0);
        key.extend_from_slice(endings.first().map_or("", |ending| ending).as_bytes());
        let known = |kept: &VecDeque<(BString, Arc<Siblings>)>| {
            kept.iter().find(|(name, _)| *name == key).map(|(_, siblings)| Arc::clone(siblings))
        };
        if let Some(siblings) = known(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)) {
            return siblings;
        }
        // Outside of the lock: two threads may read the same folder, and get the same.
        let siblings = Arc::new(self.collect(folder, endings));
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

/// Files on disk. Symbolic links are not followed.
pub(crate) struct Disk;

impl Shelf for Disk {
    fn list(&self, folder: &BStr, wanted: &dyn Fn(&[u8]) -> bool) -> Option<Vec<(BString, u64)>> {
        let name = if folder.is_empty() { PathBuf::from(".") } else { folder.to_path().ok()?.to_owned() };
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

    fn read(&self, path: &BStr) -> Option<Vec<u8>> {
        fs::read(path.to_path().ok()?).ok()
    }
}
