//! Single files out of the trees of commits: configuration that is read from what is pushed.
//!
//! Must not look at a working tree.

use bstr::BStr;

use super::{
    objects::{Objects, ReadError, Type},
    repo::Repo,
    tree::PathFinder,
};
use crate::{origin::ObjectId, source::SourceError};

/// Reads files of commits.
#[derive(Debug)]
pub struct TreeFiles {
    objects: Objects,
}

impl TreeFiles {
    /// Opens the object store.
    ///
    /// # Errors
    ///
    /// If it cannot be opened.
    pub fn open(repo: &Repo) -> Result<Self, SourceError> {
        Ok(Self { objects: repo.objects()? })
    }

    /// The id and content of the file at `path`; `None` if there is none, or `commit` is no commit.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be read, or is longer than `limit` bytes.
    pub fn read(
        &self,
        commit: &ObjectId,
        path: &BStr,
        limit: u64,
    ) -> Result<Option<(ObjectId, Vec<u8>)>, SourceError> {
        let fail =
            |error: ReadError| SourceError::new(format!("{}:{path}", commit.short()), error.to_string());
        let tree = match self.objects.tree_of(commit) {
            Ok(tree) => tree,
            Err(ReadError::WrongType(_)) => return Ok(None),
            Err(error) => return Err(fail(error)),
        };
        let found = PathFinder::new(&self.objects, tree).find(path).map_err(fail)?;
        let Some((_, id)) = found.filter(|(mode, _)| mode.is_file()) else { return Ok(None) };
        let (_, size) = self.objects.header(&id).map_err(fail)?;
        if size > limit {
            let message = format!("it has {size} bytes, and {limit} is the most that is read");
            return Err(SourceError::new(format!("{}:{path}", commit.short()), message));
        }
        let content = self.objects.read(&id, Type::Blob).map_err(fail)?;
        Ok(Some((id, content.to_vec())))
    }
}
