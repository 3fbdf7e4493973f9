//! The object store: blobs, trees and commits by id.
//!
//! Must not fetch what is missing, and must not follow replacements: what an id names is read.

use std::{fmt, path::PathBuf};

use git2::{ErrorCode, ObjectFormat, Odb, OdbObject, Oid};

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
    const fn of(kind: git2::ObjectType) -> Option<Self> {
        match kind {
            git2::ObjectType::Blob => Some(Self::Blob),
            git2::ObjectType::Tree => Some(Self::Tree),
            git2::ObjectType::Commit => Some(Self::Commit),
            git2::ObjectType::Tag => Some(Self::Tag),
            git2::ObjectType::Any => None,
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
pub struct Objects {
    odb: Odb<'static>,
    hash: HashKind,
}

impl fmt::Debug for Objects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Objects").field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Objects {
    /// Opens the stores in `folders` (each an `objects` folder) with the alternates that each of
    /// them names. The first one must exist; others may be gone, as git allows.
    ///
    /// # Errors
    ///
    /// If the first folder does not exist or a store cannot be opened.
    pub fn open(folders: &[PathBuf], hash: HashKind) -> Result<Self, SourceError> {
        let subject = || folders.first().map_or_else(String::new, |folder| folder.display().to_string());
        let fail = |error: git2::Error| SourceError {
            subject: subject(),
            message: format!("the object store cannot be opened ({})", error.message()),
            cause: None,
        };
        if !folders.first().is_some_and(|folder| folder.is_dir()) {
            return Err(SourceError::new(subject(), "there is no object store; is this a git repository?"));
        }
        let format = match hash {
            HashKind::Sha1 => ObjectFormat::Sha1,
            HashKind::Sha256 => ObjectFormat::Sha256,
        };
        // Hashing every object again costs more than reading it; git does not do so either.
        git2::opts::strict_hash_verification(false);
        let odb = Odb::new_ext(format).map_err(fail)?;
        for folder in folders {
            // The binding takes UTF-8 only. Seen from the current folder, a path often is.
            #[expect(clippy::disallowed_methods, reason = "the binding resolves relative paths the same way")]
            let near = std::env::current_dir().ok();
            let near = near.as_ref().and_then(|current| folder.strip_prefix(current).ok());
            let Some(path) = folder.to_str().or_else(|| near?.to_str()) else {
                return Err(SourceError::new(
                    folder.display().to_string(),
                    "the path of the object store is not UTF-8; move or link the repository",
                ));
            };
            odb.add_disk_alternate(path).map_err(fail)?;
        }
        Ok(Self { odb, hash })
    }

    /// Length of an id in bytes.
    #[must_use]
    pub const fn hash_len(&self) -> usize {
        self.hash.id_len()
    }

    /// Type and size in bytes of an object, without reading its content.
    ///
    /// # Errors
    ///
    /// If it is missing or broken.
    pub fn header(&self, id: &ObjectId) -> Result<(Type, u64), ReadError> {
        let (size, kind) = self.odb.read_header(to_oid(id)?).map_err(|error| translate(id, &error))?;
        Ok((Type::of(kind).ok_or(ReadError::WrongType(*id))?, size as u64))
    }

    /// True if the object is there.
    #[must_use]
    pub fn contains(&self, id: &ObjectId) -> bool {
        to_oid(id).is_ok_and(|oid| self.odb.exists(oid))
    }

    /// Reads an object, which must be of `expected` type.
    ///
    /// # Errors
    ///
    /// If it is missing, broken or something else.
    pub fn read(&self, id: &ObjectId, expected: Type) -> Result<Object<'_>, ReadError> {
        let object = self.odb.read(to_oid(id)?).map_err(|error| translate(id, &error))?;
        if Type::of(object.kind()) != Some(expected) {
            return Err(ReadError::WrongType(*id));
        }
        Ok(Object(object))
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
pub struct Object<'o>(OdbObject<'o>);

impl std::ops::Deref for Object<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // libgit2 may give no address for nothing.
        if self.0.len() == 0 { &[] } else { self.0.data() }
    }
}

fn to_oid(id: &ObjectId) -> Result<Oid, ReadError> {
    Oid::from_bytes(id.as_bytes()).map_err(|error| translate(id, &error))
}

fn translate(id: &ObjectId, error: &git2::Error) -> ReadError {
    if error.code() == ErrorCode::NotFound {
        ReadError::Missing(*id)
    } else {
        ReadError::Unreadable(*id, error.message().to_owned())
    }
}
