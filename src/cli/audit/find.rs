//! Which repositories an audit is of: one, or all below a folder.
//!
//! Must not read objects.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use bstr::{BString, ByteSlice as _};

use super::super::edge::Edge;
use crate::{
    pipeline::Problem,
    source::git::{
        environment::Environment,
        repo::{Repo, discover},
    },
};

/// Deepest folder that is looked into: servers nest groups a few levels deep.
const DEEPEST: usize = 16;

/// A repository, and its name among several.
pub(super) struct Target {
    pub(super) repo: Repo,
    pub(super) name: Option<Arc<BString>>,
}

/// Repositories, and what could not be read on the way to them.
pub(super) struct Targets {
    pub(super) all: Vec<Target>,
    pub(super) problems: Vec<Problem>,
    /// Object folders that more than one of them uses, as the file system has them.
    pub(super) shared: BTreeSet<PathBuf>,
}

/// The repository that was named, or the one around the current folder; or all below a folder that is in none.
pub(super) fn find(path: Option<&Path>, recursive: bool, edge: &Edge) -> anyhow::Result<Targets> {
    let one = |repo| Targets {
        all: vec![Target { repo, name: None }],
        problems: Vec::new(),
        shared: BTreeSet::new(),
    };
    if !recursive {
        let error = match repository(path, edge) {
            Ok(repo) => return Ok(one(repo)),
            Err(error) => error,
        };
        let Some(folder) = path.filter(|path| edge.absolute(path).is_dir()) else { return Err(error) };
        let targets = below(&edge.absolute(folder));
        // A broken repository is its own error.
        return if targets.all.is_empty() && targets.problems.is_empty() { Err(error) } else { Ok(targets) };
    }
    let folder = edge.absolute(path.unwrap_or(Path::new(".")));
    let targets = below(&folder);
    if targets.all.is_empty() && targets.problems.is_empty() {
        bail!("{}: there is no git repository below this folder", folder.display());
    }
    Ok(targets)
}

/// The repository that was named, or the one around the current folder.
pub(in super::super) fn repository(path: Option<&Path>, edge: &Edge) -> anyhow::Result<Repo> {
    match path {
        // The environment of a hook names the repository around it, not the one that was asked for.
        Some(path) => {
            let environment = Environment { home: edge.git.home.clone(), ..Environment::default() };
            Ok(discover(&edge.absolute(path), &environment)?)
        }
        None => edge.repository().context("name a repository, or run inside one"),
    }
}

/// All repositories below a folder, those that others borrow from first.
fn below(folder: &Path) -> Targets {
    let mut search = Search::default();
    search.look(folder, DEEPEST);
    let Search { mut folders, mut problems } = search;
    folders.sort();
    let mut all: Vec<Target> = Vec::new();
    let mut known = BTreeSet::new();
    for place in folders {
        let name = name_below(folder, &place);
        // Nothing above it counts: a broken repository is not to be taken for one around it.
        let ceilings = place.parent().map(Path::to_path_buf).into_iter().collect();
        match discover(&place, &Environment { ceilings, ..Environment::default() }) {
            Ok(repo) => {
                let common =
                    dunce::canonicalize(&repo.common_dir).unwrap_or_else(|_| repo.common_dir.clone());
                // Linked worktrees are the same repository.
                if known.insert(common) {
                    all.push(Target { repo, name: Some(Arc::new(name)) });
                }
            }
            Err(error) => problems.push(Problem { subject: name, message: error.message }),
        }
    }
    let mut users: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for target in &all {
        for folder in target.repo.all_object_folders() {
            *users.entry(folder).or_default() += 1;
        }
    }
    let shared: BTreeSet<PathBuf> =
        users.into_iter().filter(|(_, users)| *users > 1).map(|(folder, _)| folder).collect();
    let lends = |target: &Target| {
        let own = target.repo.object_folders.first();
        own.and_then(|own| dunce::canonicalize(own).ok()).is_some_and(|own| shared.contains(&own))
    };
    all.sort_by_key(|target| !lends(target));
    Targets { all, problems, shared }
}

/// The path of `place` below `folder`, with `/`.
fn name_below(folder: &Path, place: &Path) -> BString {
    let relative = place.strip_prefix(folder).unwrap_or(place);
    let relative = if relative.as_os_str().is_empty() {
        Path::new(place.file_name().unwrap_or_default())
    } else {
        relative
    };
    let bytes = <[u8]>::from_path(relative).unwrap_or(b"repository");
    BString::from(if cfg!(windows) { bytes.replace(b"\\", b"/") } else { bytes.to_vec() })
}

#[derive(Default)]
struct Search {
    folders: Vec<PathBuf>,
    problems: Vec<Problem>,
}

impl Search {
    fn look(&mut self, folder: &Path, depth: usize) {
        let bare = folder.join("HEAD").is_file() && folder.join("objects").is_dir();
        if bare || folder.join(".git").exists() {
            self.folders.push(folder.to_path_buf());
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.fail(folder, &error.to_string()),
        };
        for entry in entries.flatten() {
            // A link may lead anywhere, and round in a circle.
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if depth == 0 {
                return self.fail(folder, "its folders are nested too deep to be looked into");
            }
            self.look(&entry.path(), depth - 1);
        }
    }

    fn fail(&mut self, folder: &Path, message: &str) {
        self.problems.push(Problem {
            subject: BString::from(<[u8]>::from_path(folder).unwrap_or(b"folder")),
            message: format!("this folder cannot be searched for repositories: {message}"),
        });
    }
}
