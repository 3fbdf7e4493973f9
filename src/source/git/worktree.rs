//! What the working tree holds beyond the index: changes not staged, and files not tracked.
//!
//! Must not run filters: a file is compared as it lies there, line endings aside.

use std::{
    collections::HashSet,
    fs::{self, File, Metadata},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use bstr::{BStr, BString, ByteSlice as _, ByteVec as _};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{
    changes::{Version, index_error},
    environment::Environment,
    index::{Cursor as _, IndexEntry, IndexFile, Listed, Stat},
    lfs, lines,
    objects::{Objects, Type},
    repo::Repo,
    version::problem,
};
use crate::{
    origin::{Entry, Kind, ObjectId, Origin},
    source::{
        Count, Problem, Skip, Source, SourceError, Visitor,
        files::TrackedFiles,
        windows::{Buffer, Giants, Reading},
    },
    text::Fresh,
};

/// Changes to tracked files that are not staged.
#[derive(Clone, Debug)]
pub struct Unstaged {
    /// The repository.
    pub repo: Repo,
    /// True to call all of a changed file new, not only its new lines.
    pub whole: bool,
}

/// Files that are neither tracked nor ignored.
#[derive(Clone, Debug)]
pub struct Untracked {
    /// The repository.
    pub repo: Repo,
    /// Where the user's configuration is, which may name an exclude file.
    pub environment: Environment,
}

/// The files that git tracks; none without a working tree.
///
/// # Errors
///
/// The index cannot be read.
pub fn tracked_files(repo: &Repo) -> Result<TrackedFiles, SourceError> {
    let Some(top) = &repo.worktree else { return Ok(TrackedFiles::default()) };
    let top = dunce::canonicalize(top).unwrap_or_else(|_| top.clone());
    let mut index = open(repo)?;
    let mut entries = list(repo, &mut index)?;
    let mut paths: Vec<BString> = Vec::new();
    while entries.advance().map_err(|error| index_error(repo, &error))? {
        let Some(entry) = entries.current() else { break };
        if is_looked_at(&entry) && paths.last().is_none_or(|last| *last != entry.path) {
            paths.push(entry.path.to_owned());
        }
    }
    Ok(TrackedFiles { top, paths })
}

/// Whether git looks at the file of an entry at all.
const fn is_looked_at(entry: &IndexEntry<'_>) -> bool {
    !entry.flags.ignore_worktree && !entry.mode.is_gitlink() && !entry.mode.is_folder()
}

/// A tracked path: the index has it once, or in conflict up to three times.
struct Tracked {
    path: BString,
    versions: Vec<Version>,
    stat: Option<Stat>,
}

impl Source for Unstaged {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let Some(top) = &self.repo.worktree else { return Err(no_worktree(&self.repo)) };
        let objects = self.repo.objects()?;
        let mut index = open(&self.repo)?;
        let written = index.modified();
        let tracked = tracked(list(&self.repo, &mut index)?);
        let reader = Reader { objects: &objects, top, written, visitor, whole: self.whole };
        tracked.par_iter().for_each(|tracked| {
            if !visitor.cancelled() {
                reader.visit(tracked);
            }
        });
        Ok(())
    }
}

/// Collects what can differ; what the index says not to look at cannot.
fn tracked(mut entries: Listed) -> Vec<Tracked> {
    let mut all: Vec<Tracked> = Vec::new();
    while let (Ok(true), Some(entry)) = (entries.advance(), entries.current()) {
        if !is_looked_at(&entry) {
            continue;
        }
        let intent_to_add = entry.flags.intent_to_add;
        let id = ObjectId::from_bytes(entry.id).filter(|_| !intent_to_add);
        let version = id.map(|id| Version { mode: entry.mode, id });
        match all.last_mut() {
            Some(last) if last.path == entry.path => {
                last.versions.extend(version);
                last.stat = None;
            }
            _ => all.push(Tracked {
                path: entry.path.to_owned(),
                versions: version.into_iter().collect(),
                stat: (entry.stage == 0 && !intent_to_add).then_some(entry.stat),
            }),
        }
    }
    all
}

struct Reader<'r> {
    objects: &'r Objects,
    top: &'r Path,
    written: Option<SystemTime>,
    visitor: &'r dyn Visitor,
    whole: bool,
}

impl Reader<'_> {
    fn visit(&self, tracked: &Tracked) {
        let Ok(relative) = tracked.path.to_path() else {
            return self.failed(tracked, "its name cannot be written on this system");
        };
        let file = self.top.join(relative);
        let metadata = match fs::symlink_metadata(&file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return,
            Err(error) => return self.failed(tracked, &format!("it cannot be read ({error})")),
        };
        // A folder in the place of a file: what is in it is not tracked.
        if metadata.is_dir() || tracked.stat.is_some_and(|stat| self.unchanged(&metadata, stat)) {
            return;
        }
        let mut entry = Entry {
            origin: Origin::file(tracked.path.clone()),
            size: Some(metadata.len()),
            executable: is_executable(&metadata),
            new_name: tracked.versions.is_empty(),
            ..Entry::default()
        };
        if let Err(error) = self.read(tracked, &file, &metadata, &mut entry) {
            self.failed(tracked, &format!("it cannot be read ({error})"));
        }
    }

    fn read(&self, tracked: &Tracked, file: &Path, metadata: &Metadata, entry: &mut Entry) -> io::Result<()> {
        let link = metadata.is_symlink();
        if !link && !metadata.is_file() {
            self.visitor.count(Count::Moved, 1);
            self.visitor.skipped(entry, Skip::Special);
            return Ok(());
        }
        if link {
            entry.origin.kind = Kind::Symlink;
        }
        if !self.visitor.wants(entry) {
            self.visitor.count(Count::Moved, 1);
            return Ok(());
        }
        let content = if link { link_target(file)? } else { fs::read(file)? };
        let alike = tracked.versions.iter().filter(|version| version.mode.is_symlink() == link);
        let mut olds = Vec::new();
        for version in alike {
            match self.objects.read(&version.id, Type::Blob) {
                Ok(old) => olds.push(old),
                Err(error) => self.visitor.problem(problem(tracked.path.as_bstr(), &error)),
            }
        }
        let same = |old: &[u8]| {
            old == content || lfs::Pointer::parse(old).is_some_and(|pointer| points_at(&pointer, &content))
        };
        if olds.iter().any(|old| same(old)) {
            return Ok(());
        }
        self.visitor.count(Count::Moved, 1);
        let olds: Vec<&[u8]> = olds.iter().map(|old| &old[..]).collect();
        let fresh = if self.whole || link { Fresh::All } else { lines::fresh(&content, &olds) };
        if matches!(fresh, Fresh::Ranges(_)) && !olds.is_empty() && self.visitor.judges(entry, &content) {
            entry.beside = std::mem::take(&mut entry.beside).of_changed(lines::changed(&content, &olds));
        }
        let changed = entry.beside.changed().is_some_and(|changed| !changed.is_empty());
        if fresh.is_empty() && !entry.new_name && !changed {
            self.visitor.skipped(entry, Skip::NotFresh);
        } else {
            self.visitor.content(entry, &content, &fresh);
        }
        Ok(())
    }

    /// Whether the index has seen the file as it is. A file as young as the index may have
    /// changed after it was looked at, within one tick of the clock.
    fn unchanged(&self, metadata: &Metadata, stat: Stat) -> bool {
        let Ok(modified) = metadata.modified() else { return false };
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::MAX);
        // git may be built to leave nanoseconds out; both numbers are cut to 32 bits.
        let nanoseconds = stat.nanoseconds == 0 || stat.nanoseconds == since.subsec_nanos();
        stat.size == metadata.len() as u32
            && stat.seconds == since.as_secs() as u32
            && nanoseconds
            && self.written.is_some_and(|written| modified < written)
    }

    fn failed(&self, tracked: &Tracked, message: &str) {
        self.visitor.problem(Problem { subject: tracked.path.clone(), message: message.to_owned() });
    }
}

/// Whether `content` is the LFS object that `pointer` names.
fn points_at(pointer: &lfs::Pointer, content: &[u8]) -> bool {
    let hex = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    pointer.size == content.len() as u64 && pointer.oid() == hex(&Sha256::digest(content))
}

impl Source for Untracked {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let Some(top) = &self.repo.worktree else { return Err(no_worktree(&self.repo)) };
        let mut entries = list(&self.repo, &mut open(&self.repo)?)?;
        let mut tracked: HashSet<BString> = HashSet::new();
        let mut submodules: HashSet<BString> = HashSet::new();
        while let (Ok(true), Some(entry)) = (entries.advance(), entries.current()) {
            let set = if entry.mode.is_gitlink() { &mut submodules } else { &mut tracked };
            set.insert(entry.path.to_owned());
        }
        let found = self.walk(top, submodules, visitor)?;
        let found: Vec<_> = found.into_iter().filter(|(path, _)| !tracked.contains(path)).collect();
        visitor.count(Count::Moved, found.len() as u64);
        let giants = Giants::default();
        found.par_iter().for_each_init(Buffer::default, |buffer, (path, file)| {
            if visitor.cancelled() {
                return;
            }
            if let Err(error) = read_whole(path.as_bstr(), file, visitor, (buffer, &giants)) {
                let message = format!("it cannot be read ({error})");
                visitor.problem(Problem { subject: path.clone(), message });
            }
        });
        Ok(())
    }
}

impl Untracked {
    /// Lists the files that are not ignored, with their paths from the top.
    fn walk(
        &self,
        top: &Path,
        submodules: HashSet<BString>,
        visitor: &dyn Visitor,
    ) -> Result<Vec<(BString, PathBuf)>, SourceError> {
        let mut builder = ignore::WalkBuilder::new(top);
        // The user's exclude file is configuration, which is read here and not by the walk.
        builder.standard_filters(false).git_ignore(true).git_exclude(true).parents(false);
        let home = self.environment.home.as_deref();
        let config_home = self.environment.xdg_config_home.clone().or_else(|| Some(home?.join(".config")));
        let excludes = self.repo.config(&self.environment)?.path("core.excludesfile", home);
        let excludes = excludes.or_else(|| Some(config_home?.join("git/ignore")));
        if let Some(excludes) = excludes.filter(|file| file.is_file()) {
            // Bad lines are passed over, as git does.
            drop(builder.add_ignore(excludes));
        }
        let root = top.to_path_buf();
        builder.filter_entry(move |entry| {
            if entry.file_name() == ".git" {
                return false;
            }
            // Another repository in the tree, registered or not, is not this one's content.
            let folder = entry.depth() > 0 && entry.file_type().is_some_and(|kind| kind.is_dir());
            !folder
                || !(entry.path().join(".git").exists()
                    || relative(&root, entry.path()).is_some_and(|path| submodules.contains(&path)))
        });
        let mut found = Vec::new();
        for entry in builder.build() {
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| !kind.is_dir()) => {
                    let path = relative(top, entry.path());
                    found.extend(path.map(|path| (path, entry.into_path())));
                }
                Ok(_) => {}
                Err(error) => visitor.problem(Problem {
                    subject: top.display().to_string().into(),
                    message: format!("a folder cannot be read ({error})"),
                }),
            }
        }
        Ok(found)
    }
}

/// Hands a file over, in parts if it is long.
fn read_whole(
    path: &BStr,
    file: &Path,
    visitor: &dyn Visitor,
    (buffer, giants): (&mut Buffer, &Giants),
) -> io::Result<()> {
    let metadata = fs::symlink_metadata(file)?;
    let mut entry = Entry {
        size: Some(metadata.len()),
        executable: is_executable(&metadata),
        ..Entry::file(path.to_owned())
    };
    if metadata.is_symlink() {
        entry.origin.kind = Kind::Symlink;
        let target = link_target(file)?;
        if visitor.wants(&entry) {
            visitor.content(&entry, &target, &Fresh::All);
        }
    } else if !metadata.is_file() {
        visitor.skipped(&entry, Skip::Special);
    } else if visitor.wants(&entry) {
        Reading { entry: &entry, visitor, buffer, giants: Some(giants) }.run(&mut File::open(file)?)?;
    }
    Ok(())
}

/// A path from the top, with `/` on every system.
fn relative(top: &Path, path: &Path) -> Option<BString> {
    let path = path.strip_prefix(top).ok()?;
    Some(slashed(Vec::from_path_lossy(path).into_owned()))
}

fn link_target(file: &Path) -> io::Result<Vec<u8>> {
    Ok(slashed(Vec::from_path_buf(fs::read_link(file)?).unwrap_or_default()).into())
}

fn slashed(mut path: Vec<u8>) -> BString {
    if cfg!(windows) {
        path.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
    }
    path.into()
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.is_file() && metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
const fn is_executable(_: &Metadata) -> bool {
    false
}

fn open(repo: &Repo) -> Result<IndexFile, SourceError> {
    IndexFile::open(&repo.index, repo.hash.id_len()).map_err(|error| index_error(repo, &error))
}

fn list(repo: &Repo, index: &mut IndexFile) -> Result<Listed, SourceError> {
    index.list(&repo.git_dir).map_err(|error| index_error(repo, &error))
}

fn no_worktree(repo: &Repo) -> SourceError {
    let message = "this repository is bare, so it has no working tree to scan";
    SourceError::new(repo.git_dir.display().to_string(), message)
}
