//! The references of a repository by their names.
//!
//! Must not follow what they point at.

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use bstr::{BString, ByteSlice as _, ByteVec as _};

use super::super::repo::{RefStorage, Repo, io_error};
use crate::{origin::ObjectId, source::SourceError};

/// Deepest folder below `refs` that is looked into.
const DEEPEST: usize = 64;

/// All references that hold an id, and the heads of worktrees that are on no branch.
pub(in crate::source::git) fn named(repo: &Repo) -> Result<BTreeMap<BString, ObjectId>, SourceError> {
    let mut named = BTreeMap::new();
    if repo.ref_storage == RefStorage::Other {
        ask_git(repo, &mut named)?;
    } else {
        let packed = optional(&repo.common_dir.join("packed-refs"))?;
        // Lines that begin with `#` or `^` are a header, and what a tag above them points at. All at once, since they
        // are in order and there may be tens of thousands.
        named = packed.lines().filter_map(reference).collect();
        // A loose reference wins over a packed one of its name.
        for folder in [&repo.common_dir, &repo.git_dir] {
            loose(&folder.join("refs"), &BString::from("refs"), DEEPEST, &mut named)?;
        }
        for entry in fs::read_dir(repo.common_dir.join("worktrees")).into_iter().flatten().flatten() {
            if let Some(id) = ObjectId::from_hex(optional(&entry.path().join("HEAD"))?.trim()) {
                let mut name = BString::from("worktrees/");
                name.extend_from_slice(&Vec::from_os_string(entry.file_name()).unwrap_or_default());
                name.extend_from_slice(b"/HEAD");
                named.insert(name, id);
            }
        }
    }
    if let Some(id) = ObjectId::from_hex(optional(&repo.git_dir.join("HEAD"))?.trim()) {
        named.insert(BString::from("HEAD"), id);
    }
    Ok(named)
}

/// `ID NAME`.
fn reference(line: &[u8]) -> Option<(BString, ObjectId)> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    Some((BString::from(line[space + 1..].trim()), ObjectId::from_hex(&line[..space])?))
}

fn loose(
    folder: &Path,
    prefix: &BString,
    depth: usize,
    named: &mut BTreeMap<BString, ObjectId>,
) -> Result<(), SourceError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(folder, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| io_error(folder, &error))?;
        let path = entry.path();
        let mut name = prefix.clone();
        name.push(b'/');
        name.extend_from_slice(&Vec::from_os_string(entry.file_name()).unwrap_or_default());
        if path.is_dir() {
            if depth > 0 {
                loose(&path, &name, depth - 1, named)?;
            }
        } else if let Some(id) = ObjectId::from_hex(optional(&path)?.trim()) {
            // A symbolic reference holds no id, and what it names is a reference itself.
            named.insert(name, id);
        }
    }
    Ok(())
}

fn ask_git(repo: &Repo, named: &mut BTreeMap<BString, ObjectId>) -> Result<(), SourceError> {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(&repo.git_dir);
    command.args(["for-each-ref", "--format=%(objectname) %(refname)"]);
    let output = command.stdin(Stdio::null()).output().ok().filter(|output| output.status.success());
    let Some(output) = output else {
        let subject = repo.git_dir.display().to_string();
        return Err(SourceError::new(subject, "git cannot list the references of this repository"));
    };
    named.extend(output.stdout.lines().filter_map(|line| {
        let (id, name) = line.split_once_str(" ")?;
        Some((BString::from(name), ObjectId::from_hex(id)?))
    }));
    Ok(())
}

fn optional(file: &Path) -> Result<Vec<u8>, SourceError> {
    match fs::read(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(io_error(file, &error)),
    }
}
