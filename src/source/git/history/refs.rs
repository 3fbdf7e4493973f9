//! What all references point at.
//!
//! Must not follow what they point at.

use std::{
    collections::BTreeSet,
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use bstr::ByteSlice as _;

use super::super::repo::{RefStorage, Repo, io_error};
use crate::{origin::ObjectId, source::SourceError};

/// Deepest folder below `refs` that is looked into.
const DEEPEST: usize = 64;

/// The objects that references and the heads of all worktrees point at, each once.
pub(super) fn tips(repo: &Repo) -> Result<BTreeSet<ObjectId>, SourceError> {
    let mut tips = BTreeSet::new();
    if repo.ref_storage == RefStorage::Other {
        ask_git(repo, &mut tips)?;
    } else {
        for folder in [&repo.common_dir, &repo.git_dir] {
            loose(&folder.join("refs"), DEEPEST, &mut tips)?;
        }
        for line in optional(&repo.common_dir.join("packed-refs"))?.lines() {
            // Lines that begin with `#` or `^` are a header, and what a tag above them points at.
            tips.extend(line.split(|&byte| byte == b' ').next().and_then(ObjectId::from_hex));
        }
        // The heads of linked worktrees; one on a branch is no id and is among the references.
        for entry in fs::read_dir(repo.common_dir.join("worktrees")).into_iter().flatten().flatten() {
            tips.extend(ObjectId::from_hex(optional(&entry.path().join("HEAD"))?.trim()));
        }
    }
    tips.extend(repo.head()?);
    Ok(tips)
}

/// The commits whose parents a shallow clone left out.
pub(in crate::source::git) fn boundary(repo: &Repo) -> Result<BTreeSet<ObjectId>, SourceError> {
    let text = optional(&repo.shallow_file)?;
    Ok(text.lines().filter_map(|line| ObjectId::from_hex(line.trim())).collect())
}

fn loose(folder: &Path, depth: usize, tips: &mut BTreeSet<ObjectId>) -> Result<(), SourceError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(folder, error)),
    };
    for entry in entries {
        let path = entry.map_err(|error| io_error(folder, error))?.path();
        if !path.is_dir() {
            // A symbolic reference holds no id, and what it names is a reference itself.
            tips.extend(ObjectId::from_hex(optional(&path)?.trim()));
        } else if depth > 0 {
            loose(&path, depth - 1, tips)?;
        }
    }
    Ok(())
}

fn ask_git(repo: &Repo, tips: &mut BTreeSet<ObjectId>) -> Result<(), SourceError> {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(&repo.git_dir).args(["for-each-ref", "--format=%(objectname)"]);
    let subject = || repo.git_dir.display().to_string();
    let output = command.stdin(Stdio::null()).output().map_err(|error| SourceError {
        subject: subject(),
        message: "git is needed to list the references of this repository".to_owned(),
        cause: Some(Box::new(error)),
    })?;
    if !output.status.success() {
        let message = format!("git cannot list its references ({})", output.stderr.trim().as_bstr());
        return Err(SourceError::new(subject(), message));
    }
    tips.extend(output.stdout.lines().filter_map(|line| ObjectId::from_hex(line.trim())));
    Ok(())
}

fn optional(file: &Path) -> Result<Vec<u8>, SourceError> {
    match fs::read(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(io_error(file, error)),
    }
}
