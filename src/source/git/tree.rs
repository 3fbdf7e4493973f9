//! Reads the bytes of tree objects, and finds paths below a tree.
//!
//! Must not compare trees.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice as _};

use super::objects::{Objects, ReadError, Type};
use crate::origin::ObjectId;

/// The bits of a mode that say what an entry is.
const TYPE_MASK: u32 = 0o170_000;
/// A folder.
const FOLDER: u32 = 0o040_000;
/// A symbolic link.
const SYMLINK: u32 = 0o120_000;
/// A commit of another repository.
const GITLINK: u32 = 0o160_000;
/// The owner may execute it.
const EXECUTABLE: u32 = 0o100;

/// The mode of an entry of a tree or an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Mode(pub u32);

impl Mode {
    /// True for a folder.
    #[must_use]
    pub const fn is_folder(self) -> bool {
        self.0 & TYPE_MASK == FOLDER
    }

    /// True for a symbolic link.
    #[must_use]
    pub const fn is_symlink(self) -> bool {
        self.0 & TYPE_MASK == SYMLINK
    }

    /// True for a commit of another repository.
    #[must_use]
    pub const fn is_gitlink(self) -> bool {
        self.0 & TYPE_MASK == GITLINK
    }

    /// True for a file, executable or not.
    #[must_use]
    pub const fn is_file(self) -> bool {
        !self.is_folder() && !self.is_symlink() && !self.is_gitlink()
    }

    /// True for a file that its owner may execute.
    #[must_use]
    pub const fn is_executable(self) -> bool {
        self.is_file() && self.0 & EXECUTABLE != 0
    }

    /// True if both are of one kind: file, link, folder or gitlink.
    #[must_use]
    pub const fn same_kind(self, other: Self) -> bool {
        self.0 & TYPE_MASK == other.0 & TYPE_MASK
    }
}

/// One entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeEntry<'t> {
    /// What it is.
    pub mode: Mode,
    /// Its name, without any `/`.
    pub name: &'t BStr,
    /// Raw id of the blob, tree or commit.
    pub id: &'t [u8],
    /// Bytes that it takes in the tree.
    length: usize,
}

impl TreeEntry<'_> {
    /// Number of bytes that it takes in the content of the tree.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// The id.
    #[must_use]
    pub fn object(&self) -> Option<ObjectId> {
        ObjectId::from_bytes(self.id)
    }
}

/// Walks the entries of a tree in git's order. Ends at the first byte that makes no sense;
/// [`Tree::is_sound`] tells.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'t> {
    rest: &'t [u8],
    hash_len: usize,
}

impl<'t> Tree<'t> {
    /// The entries in the content of a tree object, whose ids have `hash_len` bytes.
    #[must_use]
    pub const fn new(content: &'t [u8], hash_len: usize) -> Self {
        Self { rest: content, hash_len }
    }

    /// True if every byte belongs to an entry.
    #[must_use]
    pub fn is_sound(mut self) -> bool {
        self.by_ref().for_each(drop);
        self.rest.is_empty()
    }

    fn parse(&self) -> Option<(TreeEntry<'t>, &'t [u8])> {
        // Modes have five or six octal digits; a longer run is no tree.
        const MODE_DIGITS: usize = 7;
        let space = self.rest.iter().take(MODE_DIGITS + 1).position(|&byte| byte == b' ')?;
        let mode = self.rest[..space].iter().try_fold(0u32, |mode, &digit| match digit {
            b'0'..=b'7' => Some(mode * 8 + u32::from(digit - b'0')),
            _ => None,
        })?;
        let rest = &self.rest[space + 1..];
        let end = memchr::memchr(0, rest)?;
        let id = rest.get(end + 1..end + 1 + self.hash_len)?;
        if end == 0 {
            return None;
        }
        let length = space + 1 + end + 1 + self.hash_len;
        let entry = TreeEntry { mode: Mode(mode), name: rest[..end].as_bstr(), id, length };
        Some((entry, &rest[end + 1 + self.hash_len..]))
    }
}

impl<'t> Iterator for Tree<'t> {
    type Item = TreeEntry<'t>;

    fn next(&mut self) -> Option<Self::Item> {
        let (entry, rest) = self.parse()?;
        self.rest = rest;
        Some(entry)
    }
}

/// Finds paths below one tree, reading every tree on the way once.
#[derive(Debug)]
pub struct PathFinder<'o> {
    objects: &'o Objects,
    root: ObjectId,
    /// Content of the trees read so far, by folder; `None` if there is no such folder.
    folders: HashMap<BString, Option<Vec<u8>>>,
}

impl<'o> PathFinder<'o> {
    /// Finds paths below the tree `root`.
    #[must_use]
    pub fn new(objects: &'o Objects, root: ObjectId) -> Self {
        Self { objects, root, folders: HashMap::new() }
    }

    /// The mode and id at `path`, if there is anything.
    ///
    /// # Errors
    ///
    /// If a tree on the way cannot be read.
    pub fn find(&mut self, path: &BStr) -> Result<Option<(Mode, ObjectId)>, ReadError> {
        let (folder, name) = match path.rfind_byte(b'/') {
            Some(slash) => (path[..slash].as_bstr(), path[slash + 1..].as_bstr()),
            None => (BStr::new(b""), path),
        };
        if !self.folders.contains_key(folder) {
            let id = if folder.is_empty() {
                Some(self.root)
            } else {
                self.find(folder)?.filter(|(mode, _)| mode.is_folder()).map(|(_, id)| id)
            };
            let content = match id {
                Some(id) => Some(self.objects.read(&id, Type::Tree)?.to_vec()),
                None => None,
            };
            self.folders.insert(folder.to_owned(), content);
        }
        let Some(Some(content)) = self.folders.get(folder) else { return Ok(None) };
        let found = Tree::new(content, self.objects.hash_len()).find(|entry| entry.name == name);
        Ok(found.and_then(|entry| Some((entry.mode, entry.object()?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_entries_and_stops_at_nonsense() {
        let mut content = b"100644 a\0".to_vec();
        content.extend([1; 20]);
        content.extend(b"40000 dir\0");
        content.extend([2; 20]);
        let entries: Vec<_> = Tree::new(&content, 20).collect();
        assert_eq!(entries.len(), 2);
        assert!(entries[0].mode.is_file() && entries[1].mode.is_folder());
        assert!(Tree::new(&content, 20).is_sound());
        for cut in 1..content.len() {
            let tree = Tree::new(&content[..cut], 20);
            assert_eq!(tree.is_sound(), cut == 29, "cut at {cut}");
        }
    }
}
