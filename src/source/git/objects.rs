//! The object store: blobs, trees and commits by id.
//!
//! Must not fetch what is missing, and must not follow replacements: what an id names is read.

use std::{path::PathBuf, sync::Arc};

use super::pack::{IdFormat, Lack, ObjectKind, SingleStore};
use crate::{origin::ObjectId, source::SourceError};

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Content.
    Blob,
    /// A folder.
    Tree,
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
}

impl Type {
    const fn of(kind: ObjectKind) -> Self {
        match kind {
            ObjectKind::Blob => Self::Blob,
            ObjectKind::Tree => Self::Tree,
            ObjectKind::Commit => Self::Commit,
            ObjectKind::Tag => Self::Tag,
        }
    }
}

/// Why an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is in no object store of this repository.
    #[error("object {0} is not in the object store; fetch it, or run git fsck")]
    Missing(ObjectId),
    /// It is there, and broken.
    #[error("object {0} cannot be read ({1}); run git fsck")]
    Unreadable(ObjectId, String),
    /// It is something else than what names it says.
    #[error("object {0} is of another type than what refers to it says; run git fsck")]
    WrongType(ObjectId),
}

/// Which hash names objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HashKind {
    /// Ids of 20 bytes.
    #[default]
    Sha1,
    /// Ids of 32 bytes.
    Sha256,
}

impl HashKind {
    /// Length of an id in bytes.
    #[must_use]
    pub const fn id_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// All object stores of a repository: its own, and the alternates of it.
#[derive(Debug)]
pub struct Objects {
    store: SingleStore,
    hash: HashKind,
}

impl Objects {
    /// Opens the stores in `folders` (each an `objects` folder) with the alternates that each of
    /// them names. The first one must exist; others may be gone, as git allows.
    ///
    /// # Errors
    ///
    /// If the first folder does not exist.
    pub fn open(folders: &[PathBuf], hash: HashKind) -> Result<Self, SourceError> {
        if !folders.first().is_some_and(|folder| folder.is_dir()) {
            let subject = folders.first().map_or_else(String::new, |folder| folder.display().to_string());
            return Err(SourceError::new(subject, "there is no object store; is this a git repository?"));
        }
        let format = match hash {
            HashKind::Sha1 => IdFormat::Sha1,
            HashKind::Sha256 => IdFormat::Sha256,
        };
        Ok(Self { store: SingleStore::new(folders, format), hash })
    }

    /// Length of an id in bytes.
    #[must_use]
    pub const fn hash_len(&self) -> usize {
        self.hash.id_len()
    }

    /// Type and size in bytes of an object, mostly without reading its content.
    ///
    /// # Errors
    ///
    /// If it is missing or broken.
    pub fn header(&self, id: &ObjectId) -> Result<(Type, u64), ReadError> {
        let (kind, size) = self.store.header(id).map_err(|lack| translate(id, lack))?;
        Ok((Type::of(kind), size))
    }

    /// True if the object is there.
    #[must_use]
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.store.contains(id)
    }

    /// Reads an object, which must be of `expected` type.
    ///
    /// # Errors
    ///
    /// If it is missing, broken or something else.
    pub fn read(&self, id: &ObjectId, expected: Type) -> Result<Object, ReadError> {
        let (kind, bytes) = self.store.read(id).map_err(|lack| translate(id, lack))?;
        if Type::of(kind) != expected {
            return Err(ReadError::WrongType(*id));
        }
        Ok(Object(bytes))
    }

    /// The tree of a commit.
    ///
    /// # Errors
    ///
    /// If the commit cannot be read or names no tree.
    pub fn tree_of(&self, commit: &ObjectId) -> Result<ObjectId, ReadError> {
        let content = self.read(commit, Type::Commit)?;
        content
            .strip_prefix(b"tree ")
            .and_then(|rest| ObjectId::from_hex(rest.get(..self.hash.id_len() * 2)?))
            .ok_or_else(|| ReadError::Unreadable(*commit, "it names no tree".to_owned()))
    }
}

/// Content of an object.
#[derive(Clone, Debug)]
pub struct Object(Arc<Vec<u8>>);

impl std::ops::Deref for Object {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

fn translate(id: &ObjectId, lack: Lack) -> ReadError {
    match lack {
        Lack::Missing => ReadError::Missing(*id),
        Lack::Broken(why) => ReadError::Unreadable(*id, why),
    }
}
