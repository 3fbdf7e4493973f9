//! What all references point at.
//!
//! Must not follow what they point at.

use std::{collections::BTreeSet, fs, io, path::Path};

use bstr::ByteSlice as _;

use super::super::{
    attribute::refs::named,
    repo::{Repo, io_error},
};
use crate::{origin::ObjectId, source::SourceError};

/// The objects that references and the heads of all worktrees point at, each once.
pub(super) fn tips(repo: &Repo) -> Result<BTreeSet<ObjectId>, SourceError> {
    let mut tips: BTreeSet<ObjectId> = named(repo)?.into_values().collect();
    tips.extend(repo.head()?);
    Ok(tips)
}

/// The commits whose parents a shallow clone left out.
pub(in crate::source::git) fn boundary(repo: &Repo) -> Result<BTreeSet<ObjectId>, SourceError> {
    let text = optional(&repo.shallow_file)?;
    Ok(text.lines().filter_map(|line| ObjectId::from_hex(line.trim())).collect())
}

fn optional(file: &Path) -> Result<Vec<u8>, SourceError> {
    match fs::read(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(io_error(file, &error)),
    }
}
