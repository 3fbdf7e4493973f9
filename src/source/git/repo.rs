//! Finds a repository and what belongs to it, as git does, and reads its references.
//!
//! Must not judge who owns it: git did, before it ran the hook. Must not write.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bstr::{BStr, ByteSlice as _};

use super::{
    config::{Config, Context},
    environment::Environment,
    objects::{HashKind, Objects},
    pack::alternates,
};
use crate::{origin::ObjectId, source::SourceError};

/// A symbolic reference to a symbolic reference …: git stops at five.
const MAX_SYMREF_DEPTH: usize = 5;

/// A repository, and where its parts are.
#[derive(Clone, Debug)]
pub struct Repo {
    /// The git folder: of a linked worktree its own one.
    pub git_dir: PathBuf,
    /// The git folder that all worktrees share.
    pub common_dir: PathBuf,
    /// Top of the working tree; `None` for a bare repository.
    pub worktree: Option<PathBuf>,
    /// The index to read.
    pub index: PathBuf,
    /// The `objects` folders: the main one first, then those of the environment.
    pub object_folders: Vec<PathBuf>,
    /// Which hash names objects.
    pub hash: HashKind,
    /// How references are stored: `files`, or what the configuration names.
    pub ref_storage: RefStorage,
    /// What is not here.
    pub missing: Missing,
    /// The file that lists commits without parents; it need not be there.
    pub shallow_file: PathBuf,
    /// Commits being merged that only the environment names.
    pub merge_heads: Vec<ObjectId>,
    /// Configuration of the repository and of the worktree, without the user's.
    pub local_config: Config,
}

/// How references are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RefStorage {
    /// Loose files and `packed-refs`.
    #[default]
    Files,
    /// Anything else, which git is asked to read.
    Other,
}

/// Which objects a clone left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Missing {
    /// Commits before a boundary.
    pub shallow: bool,
    /// Objects that a promisor remote has.
    pub partial: bool,
}

/// Finds the repository that `start` is in.
///
/// # Errors
///
/// If there is none, or it is broken.
pub fn discover(start: &Path, environment: &Environment) -> Result<Repo, SourceError> {
    let start = if start.as_os_str().is_empty() { Path::new(".") } else { start };
    let (git_dir, found_top) = match &environment.git_dir {
        Some(git_dir) => (follow_git_file(&start.join(git_dir))?, Some(start.to_path_buf())),
        None => find_upwards(start, &environment.ceilings)?,
    };
    if !git_dir.join("HEAD").symlink_metadata().is_ok_and(|meta| !meta.is_dir()) {
        return Err(SourceError::new(
            git_dir.display().to_string(),
            "this is not a git repository: it has no HEAD",
        ));
    }
    let common_dir = match &environment.common_dir {
        Some(common_dir) => start.join(common_dir),
        None => read_path(&git_dir.join("commondir"))?
            .map_or_else(|| git_dir.clone(), |common| tidy(&git_dir.join(common))),
    };

    let context = Context { home: environment.home.as_deref(), git_dir: Some(&git_dir) };
    let mut config = Config::default();
    add_config(&mut config, &common_dir.join("config"), context)?;
    if config.bool("extensions.worktreeconfig") == Some(true) {
        add_config(&mut config, &git_dir.join("config.worktree"), context)?;
    }
    let hash = match config.get("extensions.objectformat").map(|value| value.to_ascii_lowercase()) {
        None => HashKind::Sha1,
        Some(name) if name == b"sha1" => HashKind::Sha1,
        Some(name) if name == b"sha256" => HashKind::Sha256,
        Some(name) => {
            let message = format!("it names objects by {}, which is not known", name.as_bstr());
            return Err(SourceError::new(git_dir.display().to_string(), message));
        }
    };
    let ref_storage = match config.get("extensions.refstorage") {
        Some(name) if !name.eq_ignore_ascii_case(b"files") => RefStorage::Other,
        _ => RefStorage::Files,
    };
    let main_objects = environment
        .object_directory
        .as_ref()
        .map_or_else(|| common_dir.join("objects"), |folder| start.join(folder));
    let alternates = environment.alternate_objects.iter().map(|folder| start.join(folder));
    let index =
        environment.index_file.as_ref().map_or_else(|| git_dir.join("index"), |file| start.join(file));
    let shallow_file =
        environment.shallow_file.as_ref().map_or_else(|| common_dir.join("shallow"), |file| start.join(file));
    Ok(Repo {
        worktree: worktree_top(start, environment, &git_dir, &common_dir, &config, found_top),
        index,
        object_folders: std::iter::once(main_objects).chain(alternates).collect(),
        hash,
        ref_storage,
        missing: Missing {
            shallow: shallow_file.is_file(),
            partial: config.get("extensions.partialclone").is_some()
                || config.names().any(|name| name.starts_with(b"remote.") && name.ends_with(b".promisor")),
        },
        shallow_file,
        merge_heads: environment.merge_heads.clone(),
        local_config: config,
        git_dir,
        common_dir,
    })
}

impl Repo {
    /// True if there is no working tree.
    #[must_use]
    pub const fn is_bare(&self) -> bool {
        self.worktree.is_none()
    }

    /// The `objects` folders with all that they borrow from, as the file system has them. What is gone is left out.
    #[must_use]
    pub fn all_object_folders(&self) -> Vec<PathBuf> {
        let folders = alternates::folders(&self.object_folders, &mut Vec::new());
        folders.iter().filter_map(|folder| dunce::canonicalize(folder).ok()).collect()
    }

    /// Opens the object store.
    ///
    /// # Errors
    ///
    /// If it cannot be opened.
    pub fn objects(&self) -> Result<Objects, SourceError> {
        Objects::open(&self.object_folders, self.hash)
    }

    /// The whole configuration: system, user, repository, worktree, command line.
    ///
    /// git's own place for the system's file is a matter of how git was built; `/etc/gitconfig`
    /// is read unless the environment names another.
    ///
    /// # Errors
    ///
    /// If a file is there and cannot be read.
    pub fn config(&self, environment: &Environment) -> Result<Config, SourceError> {
        let home = environment.home.as_deref();
        let context = Context { home, git_dir: Some(&self.git_dir) };
        let mut config = Config::default();
        if !environment.no_system_config {
            let system = environment.config_system.as_deref().unwrap_or(Path::new("/etc/gitconfig"));
            add_config(&mut config, system, context)?;
        }
        if let Some(global) = &environment.config_global {
            add_config(&mut config, global, context)?;
        } else {
            let xdg = environment.xdg_config_home.clone().or_else(|| Some(home?.join(".config")));
            if let Some(xdg) = xdg {
                add_config(&mut config, &xdg.join("git/config"), context)?;
            }
            if let Some(home) = home {
                add_config(&mut config, &home.join(".gitconfig"), context)?;
            }
        }
        config.extend(&self.local_config);
        for (name, value) in &environment.config {
            config.add(name.as_bstr(), value.as_ref().map(|value| value.as_bstr()));
        }
        Ok(config)
    }

    /// The folder that git runs hooks from: `core.hooksPath` of `config` (from [`Repo::config`]),
    /// relative to the top of the working tree, else `hooks` in the shared git folder.
    #[must_use]
    pub fn hooks_folder(&self, config: &Config, home: Option<&Path>) -> PathBuf {
        match config.path("core.hookspath", home) {
            Some(path) => self.worktree.as_ref().unwrap_or(&self.git_dir).join(path),
            None => self.common_dir.join("hooks"),
        }
    }

    /// The commit that HEAD points at; `None` before the first commit.
    ///
    /// # Errors
    ///
    /// If HEAD is broken or cannot be read.
    pub fn head(&self) -> Result<Option<ObjectId>, SourceError> {
        self.resolve("HEAD")
    }

    /// The commits being merged: `MERGE_HEAD`, and those that only the environment names.
    ///
    /// # Errors
    ///
    /// If `MERGE_HEAD` is there and cannot be read.
    pub fn merging(&self) -> Result<Vec<ObjectId>, SourceError> {
        let mut heads = Vec::new();
        if let Some(text) = read_optional(&self.git_dir.join("MERGE_HEAD"))? {
            heads.extend(text.lines().filter_map(|line| ObjectId::from_hex(line.trim())));
        }
        for head in &self.merge_heads {
            if !heads.contains(head) {
                heads.push(*head);
            }
        }
        Ok(heads)
    }

    /// What the reference `name` (in full, or `HEAD`) points at, through symbolic references;
    /// `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// If it is broken or cannot be read.
    pub fn resolve(&self, name: &str) -> Result<Option<ObjectId>, SourceError> {
        if self.ref_storage == RefStorage::Other {
            return self.ask_git(name);
        }
        let mut name = BStr::new(name).to_owned();
        for _ in 0..=MAX_SYMREF_DEPTH {
            let Some(text) = self.read_ref(name.as_bstr())? else { return Ok(None) };
            match text.strip_prefix(b"ref:") {
                Some(target) => name = target.trim().as_bstr().to_owned(),
                None => {
                    return ObjectId::from_hex(text.trim()).map(Some).ok_or_else(|| {
                        SourceError::new(name.to_string(), "this reference holds no object id; run git fsck")
                    });
                }
            }
        }
        Err(SourceError::new(name.to_string(), "symbolic references go round in a circle; run git fsck"))
    }

    /// The text of a reference, loose or packed.
    fn read_ref(&self, name: &BStr) -> Result<Option<Vec<u8>>, SourceError> {
        let own = !name.starts_with(b"refs/")
            || [&b"refs/bisect/"[..], b"refs/worktree/", b"refs/rewritten/"]
                .iter()
                .any(|prefix| name.starts_with(prefix));
        let folder = if own { &self.git_dir } else { &self.common_dir };
        let sound = !name.split_str("/").any(|part| part.is_empty() || part == b"..");
        let Some(path) = name.to_path().ok().filter(|_| sound) else {
            return Err(SourceError::new(name.to_string(), "this is not the name of a reference"));
        };
        if let Some(text) = read_optional(&folder.join(path))? {
            return Ok(Some(text));
        }
        let packed = read_optional(&self.common_dir.join("packed-refs"))?.unwrap_or_default();
        let hex_len = self.hash.id_len() * 2;
        for place in memchr::memmem::find_iter(&packed, &name) {
            let (start, end) = (place.checked_sub(hex_len + 1), place + name.len());
            let Some(start) = start else { continue };
            let whole_line = (start == 0 || packed[start - 1] == b'\n')
                && packed[place - 1] == b' '
                && matches!(packed.get(end), None | Some(b'\n' | b'\r'));
            if whole_line {
                return Ok(Some(packed[start..place - 1].to_vec()));
            }
        }
        Ok(None)
    }

    /// Asks git what a reference or revision stands for.
    pub(super) fn ask_git(&self, name: &str) -> Result<Option<ObjectId>, SourceError> {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&self.git_dir).args([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
        ]);
        let output = command.arg(name).stdin(Stdio::null()).output().map_err(|error| SourceError {
            subject: name.to_owned(),
            message: "git is needed to read the references of this repository".to_owned(),
            cause: Some(Box::new(error)),
        })?;
        match (output.status.code(), ObjectId::from_hex(output.stdout.trim())) {
            (Some(0), Some(id)) => Ok(Some(id)),
            // git's answer for a reference that does not exist.
            (Some(1), _) => Ok(None),
            _ => {
                let message = format!("git cannot resolve it ({})", output.stderr.trim().as_bstr());
                Err(SourceError::new(name, message))
            }
        }
    }
}

/// Looks for a repository in `start` and the folders above it. Gives the git folder, and the
/// folder that held it if it had a working tree's form.
fn find_upwards(start: &Path, ceilings: &[PathBuf]) -> Result<(PathBuf, Option<PathBuf>), SourceError> {
    let absolute = std::path::absolute(start).map_err(|error| io_error(start, &error))?;
    for folder in absolute.ancestors() {
        let inner = folder.join(".git");
        // One look in the usual case: a folder that has HEAD.
        if inner.join("HEAD").symlink_metadata().is_ok() && looks_like_git_dir(&inner) {
            return Ok((inner, Some(folder.to_path_buf())));
        }
        if inner.is_file() {
            return Ok((follow_git_file(&inner)?, Some(folder.to_path_buf())));
        }
        if looks_like_git_dir(folder) {
            return Ok((folder.to_path_buf(), None));
        }
        if ceilings.iter().any(|ceiling| folder.parent() == Some(ceiling)) {
            break;
        }
    }
    let message = "this is in no git repository; run inside one, or name paths to scan";
    Err(SourceError::new(start.display().to_string(), message))
}

/// Whether a folder has what git wants of a git folder.
fn looks_like_git_dir(folder: &Path) -> bool {
    folder.join("HEAD").symlink_metadata().is_ok_and(|meta| !meta.is_dir())
        && (folder.join("commondir").is_file()
            || (folder.join("objects").is_dir() && folder.join("refs").is_dir()))
}

/// What a `.git` file points at; a folder is given back as it is.
fn follow_git_file(path: &Path) -> Result<PathBuf, SourceError> {
    if !path.is_file() {
        return Ok(path.to_path_buf());
    }
    let text = fs::read(path).map_err(|error| io_error(path, &error))?;
    let target = text.strip_prefix(b"gitdir:").map(|target| target.trim());
    match target.and_then(|target| target.to_path().ok()).zip(path.parent()) {
        Some((target, folder)) if !target.as_os_str().is_empty() => Ok(tidy(&folder.join(target))),
        _ => Err(SourceError::new(path.display().to_string(), "this .git file does not say `gitdir: PATH`")),
    }
}

/// Takes `a/b/../c` together where that cannot change what it names, and is only for people's eyes.
fn tidy(path: &Path) -> PathBuf {
    if path.components().any(|part| part == std::path::Component::ParentDir) {
        dunce::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
    } else {
        path.to_path_buf()
    }
}

/// The top of the working tree by git's order of precedence.
fn worktree_top(
    start: &Path,
    environment: &Environment,
    git_dir: &Path,
    common_dir: &Path,
    config: &Config,
    found_top: Option<PathBuf>,
) -> Option<PathBuf> {
    if let Some(top) = &environment.work_tree {
        return Some(start.join(top));
    }
    let linked = git_dir != common_dir;
    if let Some(top) = config.path("core.worktree", environment.home.as_deref())
        && !linked
    {
        return Some(tidy(&git_dir.join(top)));
    }
    // `core.bare` in the shared configuration speaks of the main worktree only.
    if config.bool("core.bare") == Some(true) && !linked {
        return None;
    }
    if linked && environment.git_dir.is_none() && found_top.is_none() {
        // Found from inside `.git/worktrees/NAME`: the link back names the worktree's .git file.
        let back = read_path(&git_dir.join("gitdir")).ok().flatten()?;
        return git_dir.join(back).parent().map(Path::to_path_buf);
    }
    found_top
}

/// Reads a file that holds one path.
fn read_path(file: &Path) -> Result<Option<PathBuf>, SourceError> {
    let Some(text) = read_optional(file)? else { return Ok(None) };
    match text.trim_end().to_path() {
        Ok(path) => Ok(Some(path.to_path_buf())),
        Err(_) => Err(SourceError::new(file.display().to_string(), "it holds no path of this system")),
    }
}

/// Reads a file that may not be there. A folder in its place counts as not there, since
/// `refs/heads/a` is one while `refs/heads/a/b` exists.
fn read_optional(file: &Path) -> Result<Option<Vec<u8>>, SourceError> {
    match fs::read(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => Ok(None),
            // Windows says so of a folder.
            io::ErrorKind::PermissionDenied if file.is_dir() => Ok(None),
            _ => Err(io_error(file, &error)),
        },
    }
}

fn add_config(config: &mut Config, file: &Path, context: Context<'_>) -> Result<(), SourceError> {
    config.add_file(file, context).map_err(|error| io_error(file, &error))
}

/// An error of the file system about `path`.
pub(super) fn io_error(path: &Path, error: &io::Error) -> SourceError {
    SourceError::new(path.display().to_string(), format!("it cannot be read ({error})"))
}
