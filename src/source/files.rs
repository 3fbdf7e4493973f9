//! Files and folders: a parallel walk that honours ignore files, reading in the same workers.
//!
//! Symbolic links inside a tree are texts (their targets) and never followed, so nothing outside
//! the given roots is read. Must not know git beyond its ignore files.

use std::{
    collections::{BTreeSet, HashSet},
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bstr::{BString, ByteSlice as _, ByteVec as _};
use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};

use super::{
    Problem, Skip, Source, SourceError, Visitor,
    beside::{Disk, Shelves},
    windows::{Buffer, Giants, Reading},
};
use crate::{
    origin::{Beside, Entry, Kind, Origin},
    text::Fresh,
};

/// Our own ignore file, in the syntax of `.gitignore` and stronger than it.
pub const IGNORE_FILE: &str = ".abatisignore";

/// Folders of version control systems: their content is history, which has sources of its own.
const CONTROL_FOLDERS: [&str; 3] = [".git", ".hg", ".svn"];

/// What to do with `.gitignore`, git's other exclude files and [`IGNORE_FILE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum IgnoreFiles {
    /// Leave out what they name, unless it was given explicitly.
    #[default]
    Honour,
    /// Read everything.
    Disregard,
}

/// Files that git tracks.
#[derive(Clone, Debug, Default)]
pub struct TrackedFiles {
    /// The top of their working tree, without links.
    pub top: PathBuf,
    /// Their paths below it, as git writes them.
    pub paths: Vec<BString>,
}

/// Files and folders to read.
#[derive(Clone, Debug)]
pub struct Files {
    roots: Vec<PathBuf>,
    ignore_files: IgnoreFiles,
    threads: usize,
    /// What git tracks, and so never ignores.
    tracked: Vec<TrackedFiles>,
}

impl Files {
    /// What lies at `roots`, relative ones being relative to the current folder. A root is read
    /// even if it is ignored or a symbolic link, since somebody asked for it.
    #[must_use]
    pub fn new(roots: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut seen = BTreeSet::new();
        let roots = roots.into_iter().map(|root| tidy(&root)).filter(|root| seen.insert(root.clone()));
        Self { roots: roots.collect(), ignore_files: IgnoreFiles::Honour, threads: 0, tracked: Vec::new() }
    }

    /// Whether ignore files count.
    #[must_use]
    pub fn ignore_files(self, ignore_files: IgnoreFiles) -> Self {
        Self { ignore_files, ..self }
    }

    /// Files that git tracks. Git ignores none of them, whatever `.gitignore` names:
    /// those below a root are read, too. Only our own [`IGNORE_FILE`] can hide them.
    #[must_use]
    pub fn tracked(self, tracked: Vec<TrackedFiles>) -> Self {
        Self { tracked, ..self }
    }

    /// Worker threads; 0 for one a core.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Walks `roots`, which are all inside repositories or all outside.
    fn walk(&self, roots: &[&PathBuf], place: Place, visitor: &dyn Visitor) {
        let honour = self.ignore_files == IgnoreFiles::Honour;
        let mut builder = self.builder(roots);
        builder
            .git_ignore(honour)
            .git_exclude(honour)
            .git_global(honour)
            // Above a root, ignore files count up to the top of its repository. Outside of one
            // there is no such top, and a stray `.gitignore` in a parent must not hide everything.
            .parents(honour && place == Place::InRepository);
        let explicit = self.explicit();
        builder.filter_entry(move |entry| is_wanted(entry, &explicit));
        let giants = Giants::default();
        let beside = Beside::new(Arc::new(Shelves::new(Disk { roots: self.roots.clone() })));
        let note = honour && place == Place::InRepository && !self.tracked.is_empty();
        let seen = note.then(Mutex::default);
        let mut workers = Workers { visitor, giants: &giants, beside: &beside, seen: seen.as_ref() };
        builder.build_parallel().visit(&mut workers);

        let Some(seen) = seen else { return };
        let seen: HashSet<BString> =
            seen.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
        let hidden = self.hidden(roots, &seen);
        if hidden.is_empty() {
            return;
        }
        let folders: HashSet<PathBuf> =
            hidden.iter().flat_map(|path| path.ancestors().skip(1).map(Path::to_owned)).collect();
        let explicit = self.explicit();
        let mut builder = self.builder(roots);
        builder.parents(true).filter_entry(move |entry| {
            let path = entry.path();
            is_wanted(entry, &explicit) && (hidden.contains(path) || folders.contains(path))
        });
        let mut workers = Workers { visitor, giants: &giants, beside: &beside, seen: None };
        builder.build_parallel().visit(&mut workers);
    }

    /// A walk that honours no ignore file but ours.
    fn builder(&self, roots: &[&PathBuf]) -> WalkBuilder {
        let mut builder = WalkBuilder::empty();
        for root in roots {
            builder.add(to_walk(root));
        }
        builder.standard_filters(false).require_git(false).follow_links(false).threads(self.threads);
        if self.ignore_files == IgnoreFiles::Honour {
            builder.add_custom_ignore_filename(IGNORE_FILE);
        }
        builder
    }

    /// All roots: one inside of another is read once, as the root that it is.
    fn explicit(&self) -> Arc<BTreeSet<PathBuf>> {
        Arc::new(self.roots.iter().cloned().collect())
    }

    /// The tracked files below `roots` that a walk has not seen, as it would have called them.
    fn hidden(&self, roots: &[&PathBuf], seen: &HashSet<BString>) -> HashSet<PathBuf> {
        let mut hidden = HashSet::new();
        for root in roots {
            let Ok(real) = dunce::canonicalize(root) else { continue };
            let start = to_walk(root);
            for tracked in &self.tracked {
                // The root lies in the working tree, or that below the root.
                let (inner, outer) = match (real.strip_prefix(&tracked.top), tracked.top.strip_prefix(&real))
                {
                    (Ok(inner), _) => (folder(inner), BString::default()),
                    (_, Ok(outer)) => (BString::default(), folder(outer)),
                    _ => continue,
                };
                // By bytes: a repository has more files than a comparison of paths is cheap for.
                let mut name = folder(&start);
                let at = name.len();
                for path in &tracked.paths {
                    let Some(rest) = path.strip_prefix(inner.as_slice()) else { continue };
                    name.truncate(at);
                    name.extend_from_slice(&outer);
                    name.extend_from_slice(rest);
                    if !seen.contains(name.as_bstr()) {
                        let path = start.join(name[at..].to_path_lossy());
                        hidden.extend(fs::symlink_metadata(&path).is_ok().then_some(path));
                    }
                }
            }
        }
        hidden
    }
}

/// A folder as what the paths of its files begin with.
fn folder(path: &Path) -> BString {
    let mut bytes = bytes_of(path);
    if !bytes.is_empty() && !bytes.ends_with(b"/") {
        bytes.push(b'/');
    }
    bytes
}

/// Whether a walk goes on with an entry.
fn is_wanted(entry: &DirEntry, explicit: &BTreeSet<PathBuf>) -> bool {
    let control = CONTROL_FOLDERS.iter().any(|&name| entry.file_name() == name);
    !control && (explicit.len() < 2 || !explicit.contains(&tidy(entry.path())))
}

impl Source for Files {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        for place in [Place::InRepository, Place::Outside] {
            let roots: Vec<_> = self.roots.iter().filter(|root| Place::of(root) == place).collect();
            if !roots.is_empty() {
                self.walk(&roots, place, visitor);
            }
        }
        Ok(())
    }
}

/// Whether a root lies in a repository.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    InRepository,
    Outside,
}

impl Place {
    fn of(root: &Path) -> Self {
        let inside = std::path::absolute(root)
            .is_ok_and(|path| path.ancestors().any(|folder| folder.join(".git").exists()));
        if inside { Self::InRepository } else { Self::Outside }
    }
}

/// Makes one worker a thread.
struct Workers<'v> {
    visitor: &'v dyn Visitor,
    giants: &'v Giants,
    beside: &'v Beside,
    /// Where to note what was come upon.
    seen: Option<&'v Mutex<Vec<BString>>>,
}

impl<'s, 'v: 's> ParallelVisitorBuilder<'s> for Workers<'v> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 's> {
        Box::new(Worker {
            visitor: self.visitor,
            giants: self.giants,
            beside: self.beside,
            buffer: Buffer::default(),
            seen: self.seen.map(|seen| (seen, Vec::new())),
        })
    }
}

/// Reads what the walk comes upon.
struct Worker<'v> {
    visitor: &'v dyn Visitor,
    giants: &'v Giants,
    beside: &'v Beside,
    buffer: Buffer,
    /// What this worker has come upon, for all when it ends.
    seen: Option<(&'v Mutex<Vec<BString>>, Vec<BString>)>,
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        if let Some((all, mine)) = &mut self.seen {
            all.lock().unwrap_or_else(PoisonError::into_inner).append(mine);
        }
    }
}

impl ParallelVisitor for Worker<'_> {
    fn visit(&mut self, found: Result<DirEntry, ignore::Error>) -> WalkState {
        if self.visitor.cancelled() {
            return WalkState::Quit;
        }
        match found {
            Ok(entry) => self.entry(&entry),
            Err(error) => self.failed_walk(&error),
        }
        WalkState::Continue
    }
}

impl Worker<'_> {
    fn entry(&mut self, found: &DirEntry) {
        let path = found.path();
        let Some(file_type) = found.file_type() else {
            return;
        };
        if let Some(error) = found.error() {
            self.bad_globs(error, None, None);
        }
        if file_type.is_dir() {
            return;
        }
        if let Some((_, seen)) = &mut self.seen {
            seen.push(bytes_of(path));
        }
        let root = found.depth() == 0;
        let read = if file_type.is_symlink() {
            self.symlink(path)
        } else if file_type.is_file() {
            self.file(path)
        } else {
            self.visitor.skipped(&Entry::file(name_of(path)), Skip::Special);
            Ok(())
        };
        if let Err(error) = read {
            self.failed(path, root, &error);
        }
    }

    /// Reads a file.
    fn file(&mut self, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let entry = Entry {
            size: Some(metadata.len()),
            executable: is_executable(&metadata),
            beside: self.beside.clone(),
            ..Entry::file(name_of(path))
        };
        if !metadata.is_file() {
            self.visitor.skipped(&entry, Skip::Special);
            return Ok(());
        }
        if !self.visitor.wants(&entry) {
            return Ok(());
        }
        let reading = Reading {
            entry: &entry,
            visitor: self.visitor,
            buffer: &mut self.buffer,
            giants: Some(self.giants),
        };
        reading.run(&mut Measured { file, left: metadata.len() })
    }

    /// Hands over the target of a symbolic link.
    fn symlink(&self, path: &Path) -> io::Result<()> {
        let target = bytes_of(&fs::read_link(path)?);
        let origin = Origin { kind: Kind::Symlink, ..Origin::file(name_of(path)) };
        let entry = Entry { origin, size: Some(target.len() as u64), new_name: true, ..Entry::default() };
        if self.visitor.wants(&entry) {
            self.visitor.content(&entry, &target, &Fresh::All);
        }
        Ok(())
    }

    /// Notes a file that could not be read.
    ///
    /// What vanished while the walk went on (an editor's or a build's temporary file) is no
    /// longer part of the tree, so nothing is missed; a root was named by somebody.
    fn failed(&self, path: &Path, root: bool, error: &io::Error) {
        if error.kind() == ErrorKind::NotFound && !root {
            return;
        }
        let message = match error.kind() {
            ErrorKind::NotFound => "no such file or folder".to_owned(),
            ErrorKind::PermissionDenied => "no permission to read it; nothing in it was scanned".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        self.visitor.problem(Problem { subject: name_of(path), message });
    }

    /// Notes what the walk itself could not do.
    fn failed_walk(&self, error: &ignore::Error) {
        let Some(io) = error.io_error() else {
            return self.bad_globs(error, None, None);
        };
        let trouble = Trouble::of(error);
        let path = trouble.path.unwrap_or(Path::new(""));
        // A root that is a link is followed; if it points nowhere, its target is still a text.
        if trouble.depth > 0 || self.symlink(path).is_err() {
            self.failed(path, trouble.depth == 0, io);
        }
    }

    /// Notes bad lines of our own ignore files. Those of git's are passed over as git does; in
    /// both cases more is read, not less.
    fn bad_globs(&self, error: &ignore::Error, file: Option<&Path>, line: Option<u64>) {
        match error {
            ignore::Error::Partial(errors) => {
                errors.iter().for_each(|error| self.bad_globs(error, file, line));
            }
            ignore::Error::WithPath { path, err } => self.bad_globs(err, Some(path), line),
            ignore::Error::WithLineNumber { line, err } => self.bad_globs(err, file, Some(*line)),
            ignore::Error::WithDepth { err, .. } => self.bad_globs(err, file, line),
            ignore::Error::Glob { err, .. } => {
                if let Some(file) = file.filter(|file| file.ends_with(IGNORE_FILE)) {
                    let message = format!("line {}: {err}", line.unwrap_or(0));
                    self.visitor.problem(Problem { subject: name_of(file), message });
                }
            }
            _ => {}
        }
    }
}

/// A file of known size: where a read falls short at that size, the end need not be asked for.
struct Measured {
    file: File,
    /// Bytes still to come; none is known once there were more than expected.
    left: u64,
}

impl Read for Measured {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == AT_END {
            return Ok(0);
        }
        let count = self.file.read(into)?;
        let ends = count > 0 && count < into.len() && count as u64 == self.left;
        self.left = if ends { AT_END } else { self.left.saturating_sub(count as u64) };
        Ok(count)
    }
}

/// What is left of a file whose end was read.
const AT_END: u64 = u64::MAX;

/// Where the walk failed.
struct Trouble<'e> {
    path: Option<&'e Path>,
    depth: usize,
}

impl<'e> Trouble<'e> {
    fn of(mut error: &'e ignore::Error) -> Self {
        let mut trouble = Self { path: None, depth: 0 };
        loop {
            error = match error {
                ignore::Error::WithPath { path, err } => {
                    trouble.path = Some(path);
                    err
                }
                ignore::Error::WithDepth { depth, err } => {
                    trouble.depth = *depth;
                    err
                }
                ignore::Error::WithLineNumber { err, .. } => err,
                _ => return trouble,
            };
        }
    }
}

/// A path without `.` components, so that equal places have equal paths.
fn tidy(path: &Path) -> PathBuf {
    let tidied: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if tidied.as_os_str().is_empty() { PathBuf::from(".") } else { tidied }
}

/// A root as the walk is to see it.
fn to_walk(root: &Path) -> PathBuf {
    if root == Path::new("-") {
        // The walk takes a lone `-` for standard input.
        return Path::new(".").join(root);
    }
    root.to_owned()
}

/// The path of an entry: as typed, below a root; without `./`.
fn name_of(path: &Path) -> BString {
    let mut bytes = bytes_of(path);
    if bytes.starts_with(b"./") && bytes.len() > 2 {
        bytes.drain(..2);
    }
    bytes
}

/// The bytes of a path, `/` between components.
fn bytes_of(path: &Path) -> BString {
    let mut bytes = Vec::from_path_lossy(path).into_owned();
    if cfg!(windows) {
        bytes.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
    }
    bytes.into()
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &fs::Metadata) -> bool {
    false
}
