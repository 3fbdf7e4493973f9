//! One version of a file, and what of it none of the older versions has.
//!
//! For sources that know a file's older versions by their ids: what is staged, what is pushed. The
//! older versions were looked at when they came in, so that lines of theirs are not new, nor are
//! lines of a file that went away while this one came.
//!
//! Must not decide which versions are compared.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, Read as _},
    ops::Deref,
    path::PathBuf,
    sync::Arc,
};

use bstr::{BStr, BString, ByteSlice as _};

use super::{
    changes::{self, Change, Gone, Version},
    lfs,
    lines::{self, OldLines},
    objects::{Object, Objects, ReadError, Type},
    tree::PathFinder,
};
use crate::{
    origin::{Beside, Entry, History, Kind, ObjectId, Origin},
    source::{
        Problem, Skip, Visitor,
        windows::{Buffer, Reading},
    },
    text::Fresh,
};

/// Paths that went away, looked at as sources of renames.
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

/// A version of a file, and what it is compared with.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// The path and the version.
    pub(super) path: BString,
    /// What is there now.
    pub(super) new: Version,
    /// What the parents have at the path.
    pub(super) olds: Vec<Version>,
    /// Where it may have been before, if no parent has the path.
    pub(super) renamed: Renamed,
    /// What lies beside it.
    pub(super) beside: Beside,
    /// Trees of what was known before all that is looked at, if that is more than one change: it is these that what is judged as a
    /// whole is compared with.
    pub(super) known: Option<Arc<[ObjectId]>>,
    /// The commit that it came with, where there is one.
    pub(super) commit: Option<ObjectId>,
    /// What history says of it.
    pub(super) history: Option<History>,
}

/// Files that went away while another one came.
#[derive(Clone, Debug, Default)]
pub(super) struct Renamed {
    /// One of them had just this content.
    pub(super) whole: bool,
    /// Those whose content may have been changed into that of the new one.
    pub(super) sources: Vec<Version>,
}

/// Reads what changed. Shared by all threads.
pub(super) struct Reader<'r> {
    pub(super) objects: &'r Objects,
    /// The LFS store.
    pub(super) lfs: PathBuf,
    pub(super) visitor: &'r dyn Visitor,
    /// True to call all of a changed file new.
    pub(super) whole: bool,
}

/// Content of a blob, or of the LFS object that it points at.
enum Content {
    Blob(Object),
    Lfs(Vec<u8>),
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Blob(object) => object,
            Self::Lfs(bytes) => bytes,
        }
    }
}

impl Reader<'_> {
    /// Shows a version, or says why not.
    pub(super) fn visit(&self, job: &Job) {
        let Job { path, new, .. } = job;
        let mut entry = Entry {
            origin: Origin {
                kind: if new.mode.is_symlink() { Kind::Symlink } else { Kind::File },
                object: Some(new.id),
                commit: job.commit,
                ..Origin::file(path.clone())
            },
            size: None,
            executable: new.mode.is_executable(),
            new_name: job.olds.is_empty(),
            history: job.history.clone(),
            beside: job.beside.clone(),
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

    fn read(&self, job: &Job, entry: &mut Entry) -> Result<(), ReadError> {
        let new = job.new;
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
        // A version that is not here (partial clone) makes more of the content new, which is safe.
        let olds = job.olds.iter().filter(|old| old.mode.is_file() && !self.whole);
        let olds: Vec<Content> = olds.filter_map(|old| self.old_content(*old)).collect();
        let olds: Vec<&[u8]> = olds.iter().map(|old| &old[..]).collect();
        let fresh = if self.whole { Fresh::All } else { self.fresh(job, &content, &olds) };
        if matches!(fresh, Fresh::Ranges(_)) && !job.olds.is_empty() && self.visitor.judges(entry, &content) {
            entry.beside = job.beside.clone().of_changed(self.changed(job, &content, &olds));
        }
        let changed = entry.beside.changed().is_some_and(|changed| !changed.is_empty());
        if fresh.is_empty() && !entry.new_name && !changed {
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
    fn fresh(&self, job: &Job, content: &[u8], olds: &[&[u8]]) -> Fresh {
        let new = job.new;
        if job.renamed.whole {
            return Fresh::Ranges(Vec::new());
        }
        if !new.mode.is_file() {
            return Fresh::All;
        }
        if job.olds.is_empty() {
            return self.fresh_of_renamed(job, content);
        }
        lines::fresh(content, olds)
    }

    /// What of `content` is not as it was: before the change, or before all of them.
    fn changed(&self, job: &Job, content: &[u8], olds: &[&[u8]]) -> Fresh {
        let Some(trees) = &job.known else { return lines::changed(content, olds) };
        let mut known = Vec::new();
        for tree in trees.iter() {
            match PathFinder::new(self.objects, *tree).find(job.path.as_bstr()) {
                Ok(Some((mode, id))) if mode.is_file() => match self.old_content(Version { mode, id }) {
                    Some(old) => known.push(old),
                    None => return Fresh::All,
                },
                Ok(_) => {}
                Err(_) => return Fresh::All,
            }
        }
        let known: Vec<&[u8]> = known.iter().map(|old| &old[..]).collect();
        lines::changed(content, &known)
    }

    /// What of an added file the removed file that is most like it has not. As in git, at least
    /// half of it must be the same; else all of it is new.
    fn fresh_of_renamed(&self, job: &Job, content: &[u8]) -> Fresh {
        let mut best = (content.len().div_ceil(2).max(1), Fresh::All);
        if content.len() as u64 > MAX_RENAME_SIZE {
            return best.1;
        }
        for source in &job.renamed.sources {
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
    fn old_content(&self, version: Version) -> Option<Content> {
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

/// The files that went away with a set of changes, as sources of those that came.
pub(super) struct Renames<'c> {
    sources: Vec<Gone>,
    /// Blobs that are added under another path than they had.
    moved: HashSet<ObjectId>,
    /// Sources by file name.
    by_name: HashMap<&'c BStr, Vec<Version>>,
    /// Every source is a candidate for every added path.
    few: bool,
}

impl<'c> Renames<'c> {
    /// Pairs paths that came with paths that went; `None` if there is nothing to pair.
    pub(super) fn find(objects: &Objects, added: &[&'c Change], gone: &[Gone]) -> Option<Self> {
        if added.is_empty() || gone.is_empty() {
            return None;
        }
        let mut sources = changes::files_below(objects, gone, MAX_RENAME_SOURCES);
        sources.retain(|source| source.old.mode.is_file());
        let ids: HashSet<ObjectId> = sources.iter().map(|source| source.old.id).collect();
        let moved = added.iter().map(|change| change.new.id).filter(|id| ids.contains(id)).collect();
        let few = added.len() * sources.len() <= MAX_RENAME_PAIRS;
        let mut by_name: HashMap<&'c BStr, Vec<Version>> = HashMap::new();
        if !few {
            let names: HashSet<&'c BStr> =
                added.iter().map(|change| file_name(change.path.as_bstr())).collect();
            for source in &sources {
                if let Some(name) = names.get(file_name(source.path.as_bstr())) {
                    let same = by_name.entry(name).or_default();
                    if same.len() < MAX_SAME_NAME {
                        same.push(source.old);
                    }
                }
            }
        }
        Some(Self { sources, moved, by_name, few })
    }

    /// Where an added file may come from.
    pub(super) fn of(&self, change: &Change) -> Renamed {
        let whole = self.moved.contains(&change.new.id);
        let sources = if whole {
            Vec::new()
        } else if self.few {
            self.sources.iter().map(|source| source.old).collect()
        } else {
            self.by_name.get(file_name(change.path.as_bstr())).cloned().unwrap_or_default()
        };
        Renamed { whole, sources }
    }
}

fn file_name(path: &BStr) -> &BStr {
    path.rfind_byte(b'/').map_or(path, |slash| path[slash + 1..].as_bstr())
}

/// A problem about a path.
pub(super) fn problem(path: &BStr, error: &ReadError) -> Problem {
    Problem { subject: path.to_owned(), message: error.to_string() }
}
