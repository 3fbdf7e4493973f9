//! What the next commit would add: the index against its parents.
//!
//! Content is read from blobs, so that what is in the working tree, diff settings, filters and
//! line-ending conversion have no say. Must not write, and must not look at the working tree.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, Read as _},
    ops::Deref,
    path::PathBuf,
    sync::Arc,
};

use bstr::{BStr, ByteSlice as _};
use rayon::prelude::*;

use super::{
    beside,
    changes::{self, Change, Changes, Gone, Version},
    lfs,
    lines::{self, OldLines},
    objects::{Object, Objects, ReadError, Type},
    repo::Repo,
    tree::PathFinder,
};
use crate::{
    origin::{Beside, Entry, Kind, ObjectId, Origin},
    source::{
        Count, Problem, Skip, Source, SourceError, Visitor,
        windows::{Buffer, Reading},
    },
    text::Fresh,
};

/// Fewer changes than this are read on the calling thread: waking the others would take longer.
const PARALLEL_FROM: usize = 32;
/// Paths that HEAD has and the index has not, looked at as sources of renames.
const MAX_RENAME_SOURCES: usize = 100_000;
/// Added paths times removed paths up to which every pair is compared. Beyond it, only removed
/// paths with the same file name are.
const MAX_RENAME_PAIRS: usize = 256;
/// Removed paths of the same file name that an added path is compared with.
const MAX_SAME_NAME: usize = 2;
/// Larger files are not compared with removed ones: all of them is new.
const MAX_RENAME_SIZE: u64 = 4 << 20;
/// Larger LFS objects are read in parts, all of them being new.
const MAX_WHOLE_LFS: u64 = 64 << 20;

/// What is staged.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The repository.
    pub repo: Repo,
    /// True to call all of a staged file new, not only its new lines.
    pub whole: bool,
}

impl Source for Staged {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let objects = Arc::new(self.repo.objects()?);
        let head = self.repo.head()?;
        let tree = head.map(|head| tree_of(&objects, &head)).transpose()?;
        let changes = changes::of_index(&self.repo, &objects, tree)?;
        visitor.count(Count::Moved, (changes.changed.len() + changes.unmerged.len()) as u64);
        changes.problems.iter().for_each(|problem| visitor.problem(problem.clone()));
        for path in &changes.unmerged {
            let message = "it is in conflict, so nothing of it is staged; resolve it and git add it";
            visitor.problem(Problem { subject: path.clone(), message: message.to_owned() });
        }
        let jobs = self.jobs(&objects, &changes, visitor)?;
        let renames = Renames::find(&objects, &changes);
        let reader = Reader {
            objects: &objects,
            lfs: lfs::storage(&self.repo),
            renames: &renames,
            visitor,
            whole: self.whole,
            beside: beside::of_index(&objects, tree, &changes),
        };
        let run = |job: &Job<'_>| {
            if !visitor.cancelled() {
                reader.visit(job);
            }
        };
        if jobs.len() < PARALLEL_FROM {
            jobs.iter().for_each(run);
        } else {
            jobs.par_iter().for_each(run);
        }
        Ok(())
    }
}

impl Staged {
    /// Pairs each change with the versions of it that the parents have. What one parent has just
    /// so is not new: it is skipped here.
    fn jobs<'c>(
        &self,
        objects: &Objects,
        changes: &'c Changes,
        visitor: &dyn Visitor,
    ) -> Result<Vec<Job<'c>>, SourceError> {
        let mut parents = Vec::new();
        for commit in self.repo.merging()? {
            parents.push(PathFinder::new(objects, tree_of(objects, &commit)?));
        }
        let mut jobs = Vec::with_capacity(changes.changed.len());
        for change in &changes.changed {
            let mut olds: Vec<Version> = change.old.into_iter().collect();
            for parent in &mut parents {
                match parent.find(change.path.as_bstr()) {
                    Ok(found) => olds.extend(found.map(|(mode, id)| Version { mode, id })),
                    // Without it more counts as new, which is safe, but the run must say so.
                    Err(error) => visitor.problem(problem(change.path.as_bstr(), &error)),
                }
            }
            jobs.push(Job { change, olds });
        }
        Ok(jobs)
    }
}

/// A change, and what the parents have at its path.
struct Job<'c> {
    change: &'c Change,
    olds: Vec<Version>,
}

/// Reads what changed. Shared by all threads.
struct Reader<'r> {
    objects: &'r Objects,
    lfs: PathBuf,
    renames: &'r Renames<'r>,
    visitor: &'r dyn Visitor,
    whole: bool,
    beside: Beside,
}

/// Content of a blob, or of the LFS object that it points at.
enum Content<'o> {
    Blob(Object<'o>),
    Lfs(Vec<u8>),
}

impl Deref for Content<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Blob(object) => object,
            Self::Lfs(bytes) => bytes,
        }
    }
}

impl Reader<'_> {
    fn visit(&self, job: &Job<'_>) {
        let Change { path, new, .. } = job.change;
        let mut entry = Entry {
            origin: Origin {
                kind: if new.mode.is_symlink() { Kind::Symlink } else { Kind::File },
                object: Some(new.id),
                ..Origin::file(path.clone())
            },
            size: None,
            executable: new.mode.is_executable(),
            new_name: job.olds.is_empty(),
            beside: self.beside.clone(),
            ..Entry::default()
        };
        if new.mode.is_gitlink() {
            return self.visitor.skipped(&entry, Skip::Submodule);
        }
        let known = job.olds.iter().any(|old| old.id == new.id && old.mode.same_kind(new.mode));
        if known && !self.whole {
            return self.visitor.skipped(&entry, Skip::NotFresh);
        }
        if let Err(error) = self.read(job, &mut entry) {
            self.visitor.problem(problem(path.as_bstr(), &error));
        }
    }

    fn read(&self, job: &Job<'_>, entry: &mut Entry) -> Result<(), ReadError> {
        let new = job.change.new;
        let (kind, size) = self.objects.header(&new.id)?;
        if kind != Type::Blob {
            return Err(ReadError::WrongType(new.id));
        }
        entry.size = Some(size);
        let pointer = self.pointer(new, size)?;
        if let Some(pointer) = &pointer {
            entry.size = Some(pointer.size);
        }
        if !self.visitor.wants(entry) {
            return Ok(());
        }
        let content = match &pointer {
            None => Content::Blob(self.objects.read(&new.id, Type::Blob)?),
            Some(pointer) => match self.lfs_object(pointer, entry) {
                Ok(Some(bytes)) => Content::Lfs(bytes),
                Ok(None) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.visitor.skipped(entry, Skip::LfsMissing);
                    return Ok(());
                }
                Err(error) => {
                    return Err(ReadError::Unreadable(new.id, format!("its LFS object: {error}")));
                }
            },
        };
        let fresh = if self.whole { Fresh::All } else { self.fresh(job, &content) };
        if fresh.is_empty() && !entry.new_name {
            self.visitor.skipped(entry, Skip::NotFresh);
        } else {
            self.visitor.content(entry, &content, &fresh);
        }
        Ok(())
    }

    /// Reads an LFS object; a very long one is handed over in parts, which gives `None`.
    fn lfs_object(&self, pointer: &lfs::Pointer, entry: &Entry) -> io::Result<Option<Vec<u8>>> {
        let mut file = File::open(pointer.object_in(&self.lfs))?;
        if file.metadata()?.len() <= MAX_WHOLE_LFS {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            return Ok(Some(bytes));
        }
        let mut buffer = Buffer::default();
        Reading { entry, visitor: self.visitor, buffer: &mut buffer, giants: None }.run(&mut file)?;
        Ok(None)
    }

    /// What of `content` no parent has.
    fn fresh(&self, job: &Job<'_>, content: &[u8]) -> Fresh {
        let new = job.change.new;
        if self.renames.moved.contains(&new.id) {
            return Fresh::Ranges(Vec::new());
        }
        if !new.mode.is_file() {
            return Fresh::All;
        }
        let olds = job.olds.iter().filter(|old| old.mode.is_file());
        // A version that is not here (partial clone) makes more of the content new, which is safe.
        let olds: Vec<_> = olds.filter_map(|old| self.old_content(*old)).collect();
        if job.olds.is_empty() {
            return self.fresh_of_renamed(job, content);
        }
        let olds: Vec<&[u8]> = olds.iter().map(|old| &old[..]).collect();
        lines::fresh(content, &olds)
    }

    /// What of an added file the removed file that is most like it has not. As in git, at least
    /// half of it must be the same; else all of it is new.
    fn fresh_of_renamed(&self, job: &Job<'_>, content: &[u8]) -> Fresh {
        let mut best = (content.len().div_ceil(2).max(1), Fresh::All);
        if content.len() as u64 > MAX_RENAME_SIZE {
            return best.1;
        }
        for source in self.renames.candidates(job.change.path.as_bstr()) {
            let small = self.objects.header(&source.id).is_ok_and(|(_, size)| size <= MAX_RENAME_SIZE);
            let Some(old) = small.then(|| self.old_content(*source)).flatten() else { continue };
            let old: &[u8] = &old;
            let shared = OldLines::new(&[old]).shared_bytes(content);
            if shared >= best.0 {
                best = (shared, lines::fresh(content, &[old]));
            }
        }
        best.1
    }

    /// The pointer that a blob holds, if it does.
    fn pointer(&self, version: Version, size: u64) -> Result<Option<lfs::Pointer>, ReadError> {
        if !version.mode.is_file() || size >= lfs::MAX_POINTER_LEN {
            return Ok(None);
        }
        Ok(lfs::Pointer::parse(&self.objects.read(&version.id, Type::Blob)?))
    }

    /// An older version, if it can be read.
    fn old_content(&self, version: Version) -> Option<Content<'_>> {
        let blob = self.objects.read(&version.id, Type::Blob).ok()?;
        match lfs::Pointer::parse(&blob) {
            Some(pointer) if pointer.size <= MAX_WHOLE_LFS => {
                fs::read(pointer.object_in(&self.lfs)).ok().map(Content::Lfs)
            }
            Some(_) => None,
            None => Some(Content::Blob(blob)),
        }
    }
}

/// The paths that HEAD has and the index has not.
#[derive(Default)]
struct Renames<'c> {
    sources: Vec<Gone>,
    /// Blobs that are staged under another path than HEAD has them.
    moved: HashSet<ObjectId>,
    /// Sources by file name.
    by_name: HashMap<&'c BStr, Vec<Version>>,
    /// Every source is a candidate for every added path.
    few: bool,
}

impl<'c> Renames<'c> {
    fn find(objects: &Objects, changes: &'c Changes) -> Self {
        let added: Vec<&Change> = changes.changed.iter().filter(|change| change.old.is_none()).collect();
        if added.is_empty() || changes.gone.is_empty() {
            return Self::default();
        }
        let mut sources = changes::files_below(objects, &changes.gone, MAX_RENAME_SOURCES);
        sources.retain(|source| source.old.mode.is_file());
        let ids: HashSet<ObjectId> = sources.iter().map(|source| source.old.id).collect();
        let moved = added.iter().map(|change| change.new.id).filter(|id| ids.contains(id)).collect();
        let mut renames =
            Self { few: added.len() * sources.len() <= MAX_RENAME_PAIRS, moved, ..Self::default() };
        if !renames.few {
            let names: HashSet<&BStr> = added.iter().map(|change| file_name(change.path.as_bstr())).collect();
            for source in &sources {
                if let Some(name) = names.get(file_name(source.path.as_bstr())) {
                    let same = renames.by_name.entry(name).or_default();
                    if same.len() < MAX_SAME_NAME {
                        same.push(source.old);
                    }
                }
            }
        }
        renames.sources = sources;
        renames
    }

    fn candidates(&self, path: &BStr) -> Box<dyn Iterator<Item = &Version> + '_> {
        if self.few {
            Box::new(self.sources.iter().map(|source| &source.old))
        } else {
            Box::new(self.by_name.get(file_name(path)).into_iter().flatten())
        }
    }
}

fn file_name(path: &BStr) -> &BStr {
    path.rfind_byte(b'/').map_or(path, |slash| path[slash + 1..].as_bstr())
}

fn tree_of(objects: &Objects, commit: &ObjectId) -> Result<ObjectId, SourceError> {
    objects.tree_of(commit).map_err(|error| SourceError {
        subject: format!("commit {}", commit.short()),
        message: error.to_string(),
        cause: Some(Box::new(error)),
    })
}

pub(super) fn problem(path: &BStr, error: &ReadError) -> Problem {
    Problem { subject: path.to_owned(), message: error.to_string() }
}
