//! What the receiving side has already, as far as a reference of it says so.
//!
//! An object that is merely in the store does not count: it may have been left by a push that was
//! refused. Must not follow what references point at.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bstr::{BStr, BString, ByteSlice as _};

use super::super::{
    pack::alternates,
    repo::{RefStorage, Repo, io_error},
};
use crate::{origin::ObjectId, source::SourceError};

/// Deepest folder below `refs` that is looked into.
const DEEPEST: usize = 64;

/// The objects that references point at, those first that a push is likely to be built on.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// All of them.
    pub(super) ids: HashSet<ObjectId>,
    /// What the references to be updated point at so far, and HEAD.
    pub(super) first: Vec<ObjectId>,
    /// Branches and tags.
    pub(super) second: Vec<ObjectId>,
    /// All other references, and those of the repositories that objects are borrowed from.
    pub(super) rest: Vec<ObjectId>,
    /// Names of references that are files of their own, so that what a list of packed ones says of them is of old.
    files: HashSet<BString>,
}

impl Held {
    /// These objects, and what they reach.
    #[must_use]
    pub fn ids(ids: impl IntoIterator<Item = ObjectId>) -> Self {
        let first: Vec<ObjectId> = ids.into_iter().collect();
        Self { ids: first.iter().copied().collect(), first, ..Self::default() }
    }

    /// All references of `repo` and of those it borrows objects from: what a server has.
    ///
    /// # Errors
    ///
    /// If the references of `repo` cannot be read. Of the others, what cannot be read is left out,
    /// so that more counts as new.
    pub fn by_server(repo: &Repo, updated: &[ObjectId]) -> Result<Self, SourceError> {
        let mut held = Self::ids(updated.iter().copied());
        held.references(repo, |_| true)?;
        if let Some(head) = repo.head()? {
            held.ids.insert(head);
            held.first.push(head);
        }
        if repo.local_config.get("core.alternaterefscommand").is_none() {
            for folder in borrowed_from(repo) {
                held.borrowed(&folder);
            }
        }
        Ok(held)
    }

    /// The references that `repo` remembers of a remote: those that `matches` their full names.
    ///
    /// # Errors
    ///
    /// If references cannot be read.
    pub fn by_remote(
        repo: &Repo,
        known: &[ObjectId],
        matches: impl Fn(&BStr) -> bool,
    ) -> Result<Self, SourceError> {
        let mut held = Self::ids(known.iter().copied());
        held.references(repo, matches)?;
        // What is known of a remote is little.
        let second = std::mem::take(&mut held.second);
        held.first.extend(second);
        Ok(held)
    }

    fn add(&mut self, name: &BStr, id: ObjectId) {
        if self.ids.insert(id) {
            let usual = name.starts_with(b"refs/heads/") || name.starts_with(b"refs/tags/");
            if usual { &mut self.second } else { &mut self.rest }.push(id);
        }
    }

    fn references(&mut self, repo: &Repo, matches: impl Fn(&BStr) -> bool) -> Result<(), SourceError> {
        if repo.ref_storage == RefStorage::Other {
            return self.ask_git(repo, &matches);
        }
        // Loose ones first: a reference that is being packed is then met twice, and never missed.
        self.loose(&repo.common_dir, &mut b"refs".to_vec(), DEEPEST, &matches)?;
        if repo.git_dir != repo.common_dir {
            self.loose(&repo.git_dir, &mut b"refs".to_vec(), DEEPEST, &matches)?;
        }
        let packed = optional(&repo.common_dir.join("packed-refs"))?;
        self.packed(&packed, &matches);
        Ok(())
    }

    fn packed(&mut self, text: &[u8], matches: &dyn Fn(&BStr) -> bool) {
        let mut last: Option<&BStr> = None;
        for line in text.lines() {
            if let Some(peeled) = line.strip_prefix(b"^") {
                // What the tag in the line above points at.
                if let Some((name, id)) = last.zip(ObjectId::from_hex(peeled)) {
                    self.add(name, id);
                }
                continue;
            }
            // One that is a file of its own says there what it is now.
            let parts = line.split_once_str(" ");
            let parts =
                parts.filter(|(_, name)| matches(name.as_bstr()) && !self.files.contains(name.as_bstr()));
            last = parts.map(|(_, name)| name.as_bstr());
            if let Some((name, id)) = last.zip(parts.and_then(|(hex, _)| ObjectId::from_hex(hex))) {
                self.add(name, id);
            }
        }
    }

    /// The references in files below `top`, of which `name` is a folder.
    fn loose(
        &mut self,
        top: &Path,
        name: &mut Vec<u8>,
        depth: usize,
        matches: &dyn Fn(&BStr) -> bool,
    ) -> Result<(), SourceError> {
        let Ok(relative) = name.to_path() else { return Ok(()) };
        let folder = top.join(relative);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(io_error(&folder, &error)),
        };
        let length = name.len();
        for entry in entries {
            let entry = entry.map_err(|error| io_error(&folder, &error))?;
            let path = entry.path();
            name.push(b'/');
            name.extend_from_slice(entry.file_name().as_encoded_bytes());
            if path.is_dir() {
                if depth > 0 {
                    self.loose(top, name, depth - 1, matches)?;
                }
            } else if matches(name.as_bstr()) {
                // A symbolic reference holds no id, and what it names is a reference itself. One
                // that was just packed or removed is no longer there.
                if let Some(id) = ObjectId::from_hex(optional(&path)?.trim()) {
                    self.add(name.as_bstr(), id);
                    self.files.insert(name.as_bstr().to_owned());
                }
            }
            name.truncate(length);
        }
        Ok(())
    }

    /// The references of the repository that owns an `objects` folder.
    fn borrowed(&mut self, objects: &Path) {
        let Some(top) = objects.parent() else { return };
        let mut theirs = Self::default();
        // What cannot be read is left out: then more of the push counts as new.
        if theirs.loose(top, &mut b"refs".to_vec(), DEEPEST, &|_| true).is_ok() {
            theirs.packed(&optional(&top.join("packed-refs")).unwrap_or_default(), &|_| true);
        }
        for id in theirs.second.into_iter().chain(theirs.rest) {
            if self.ids.insert(id) {
                self.rest.push(id);
            }
        }
    }

    fn ask_git(&mut self, repo: &Repo, matches: &dyn Fn(&BStr) -> bool) -> Result<(), SourceError> {
        let mut command = Command::new("git");
        let format = "--format=%(objectname) %(refname)%0a^%(*objectname)";
        command.arg("--git-dir").arg(&repo.git_dir).args(["for-each-ref", format]);
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
        self.packed(&output.stdout, matches);
        Ok(())
    }
}

/// The `objects` folders that `repo` borrows from, without its own and the quarantine.
fn borrowed_from(repo: &Repo) -> Vec<PathBuf> {
    let own = dunce::canonicalize(repo.common_dir.join("objects")).ok();
    let main = repo.object_folders.first().and_then(|folder| dunce::canonicalize(folder).ok());
    // What cannot be read is told by whoever reads objects.
    let folders = alternates::folders(&repo.object_folders, &mut Vec::new());
    let borrowed = folders.into_iter().filter(|folder| {
        let real = dunce::canonicalize(folder).ok();
        real.is_some() && real != own && real != main
    });
    borrowed.collect()
}

fn optional(file: &Path) -> Result<Vec<u8>, SourceError> {
    match fs::read(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(io_error(file, &error)),
    }
}
