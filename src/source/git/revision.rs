//! Revisions as people write them: `HEAD~3`, `v1.2`, `main@{upstream}`, `:/text`, the beginning of an id.
//!
//! libgit2 reads them, so that no git is started; where it will not open a repository (another owner, references that are
//! no files), git is asked. Must not read content, and is for what a person typed only: hooks know their commits by id.

use std::ffi::OsStr;

use git2::{ErrorCode, ObjectType, Repository, RepositoryOpenFlags};

use super::repo::{RefStorage, Repo};
use crate::{origin::ObjectId, source::SourceError};

impl Repo {
    /// The commit that `revision` names, through tags; `None` if there is nothing of that name.
    ///
    /// # Errors
    ///
    /// If it is no revision, means several things, or names something that is no commit.
    pub fn commit(&self, revision: &str) -> Result<Option<ObjectId>, SourceError> {
        let repository = match self.ref_storage {
            RefStorage::Files => {
                let flags = RepositoryOpenFlags::NO_SEARCH;
                Repository::open_ext(&self.git_dir, flags, std::iter::empty::<&OsStr>()).ok()
            }
            RefStorage::Other => None,
        };
        let Some(repository) = repository else {
            return self.ask_git(&format!("{revision}^{{commit}}"));
        };
        let fail = |error: &git2::Error| {
            let why = error.message().trim_end_matches('.');
            SourceError::new(revision, format!("this names no commit ({why}); give a branch, a tag or an id"))
        };
        let object = match repository.revparse_single(revision) {
            Ok(object) => object,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(fail(&error)),
        };
        let commit = object.peel(ObjectType::Commit).map_err(|error| fail(&error))?;
        Ok(ObjectId::from_bytes(commit.id().as_bytes()))
    }
}
