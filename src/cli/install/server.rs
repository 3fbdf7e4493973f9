//! `abatis install --server PATH` and `--all DIR`: the gate in repositories that others push to.
//!
//! Where the hook goes is seen from what is there: a forge that calls the files of a folder gets one
//! of ours in it, and everything else the hook itself, with what was there before behind it. Must not
//! look at what is pushed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use bstr::ByteSlice as _;

use super::{
    add_files,
    git::{Git, shell_path},
    is_our_file,
    place::{self, Repository},
    remove_files,
    shim::Shim,
    steps::{Step, Steps},
};
use crate::cli::args::Layout;

/// The hook.
const HOOK: &str = "pre-receive";
/// Our file among those that a forge calls.
const FILE: &str = "abatis";
/// Deepest folder below the one given that is looked at for repositories.
const DEEPEST: usize = 8;

/// Where the hook of a repository goes.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// Into a folder whose files are all called.
    Among(PathBuf),
    /// Into git's own folder.
    Hook(PathBuf),
}

/// Puts the gate into repositories.
pub(super) fn install(repositories: &[PathBuf], layout: Layout, steps: &mut Steps) -> Result<()> {
    let program = shell_path(&place::program()?)?;
    for path in repositories {
        match target(path, layout)? {
            Target::Among(folder) => {
                let text = Shim::alone(HOOK, Some(&program)).into_bytes();
                let file = folder.join(FILE);
                if fs::symlink_metadata(&file).is_ok() && !is_our_file(&file) {
                    bail!("{}: a file that is not abatis's; move it away first", file.display());
                }
                steps.write_file(file, text, HOOK)?;
            }
            Target::Hook(folder) => add_files(&folder, &[HOOK], Some(&program), steps)?,
        }
    }
    Ok(())
}

/// Takes the gate out again.
pub(super) fn uninstall(repositories: &[PathBuf], layout: Layout, steps: &mut Steps) -> Result<()> {
    for path in repositories {
        match target(path, layout)? {
            Target::Among(folder) if is_our_file(&folder.join(FILE)) => {
                steps.add(Step::Remove(folder.join(FILE)));
            }
            Target::Among(_) => {}
            Target::Hook(folder) => remove_files(&folder, &[HOOK], steps)?,
        }
    }
    Ok(())
}

/// What looks at pushes into a repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// A file of the repository that calls abatis.
    File(PathBuf),
    /// Something that the configuration of this machine names for every repository.
    Machine(String),
}

/// The gate that a repository has, if it has one.
pub(crate) fn gate(path: &Path) -> Result<Option<Gate>> {
    let folder = git_folder(path).with_context(|| format!("{}: no git repository", path.display()))?;
    let git = Git::new(path)?.for_repository(&folder)?;
    let repository = Repository::open(&git).with_context(|| path.display().to_string())?;
    let shared = repository.hooks_path.as_ref().filter(|setting| !setting.is_own());
    let own = if shared.is_some() { folder.join("hooks") } else { repository.hooks.clone() };
    let files = [among_gitlab(&folder).join(FILE), among_gitea(&folder).join(FILE), own.join(HOOK)];
    let runs = |file: &PathBuf| calls_us(file) && (shared.is_none() || !file.starts_with(&own));
    if let Some(file) = files.into_iter().find(runs) {
        return Ok(Some(Gate::File(file)));
    }
    let hook = repository.hooks.join(HOOK);
    if let Some(setting) = shared.filter(|_| calls_us(&hook)) {
        let text = format!("{} (core.hooksPath in the {} configuration)", hook.display(), setting.scope);
        return Ok(Some(Gate::Machine(text)));
    }
    let named = git.run(["config", "--show-scope", "--get-regexp", r"^hook\..*\.event$", "^pre-receive$"])?;
    let outside = |line: &&[u8]| line.starts_with(b"system") || line.starts_with(b"global");
    let named = named.stdout.lines().find(outside).filter(|_| git.has_config_hooks());
    Ok(named.map(|line| {
        let text = line.to_str_lossy();
        let mut words = text.split_whitespace();
        let (scope, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Gate::Machine(format!("{} in the {scope} configuration", key.trim_end_matches(".event")))
    }))
}

/// True if git can run the file, and it speaks of abatis: a sample of ours names it as well.
fn calls_us(file: &Path) -> bool {
    place::is_runnable(file) && fs::read(file).is_ok_and(|text| text.contains_str("abatis"))
}

fn among_gitlab(folder: &Path) -> PathBuf {
    folder.join("custom_hooks").join("pre-receive.d")
}

fn among_gitea(folder: &Path) -> PathBuf {
    folder.join("hooks").join("pre-receive.d")
}

fn target(path: &Path, layout: Layout) -> Result<Target> {
    let folder = git_folder(path).with_context(|| format!("{}: no git repository", path.display()))?;
    let (gitlab, gitea) = (among_gitlab(&folder), among_gitea(&folder));
    Ok(match layout {
        Layout::Gitlab => Target::Among(gitlab),
        Layout::Gitea => Target::Among(gitea),
        Layout::Auto if folder.join("custom_hooks").is_dir() => Target::Among(gitlab),
        Layout::Auto if gitea.is_dir() => Target::Among(gitea),
        Layout::Auto | Layout::Plain => {
            let repository = Repository::open(&Git::new(path)?.for_repository(&folder)?)
                .with_context(|| path.display().to_string())?;
            repository.check_own()?;
            Target::Hook(repository.hooks)
        }
    })
}

/// The git folder of a repository with or without a working tree.
fn git_folder(path: &Path) -> Option<PathBuf> {
    [path.to_path_buf(), path.join(".git")].into_iter().find(|folder| is_repository(folder))
}

fn is_repository(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// All repositories below a folder.
pub(super) fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = open.pop() {
        if git_folder(&folder).is_some() {
            found.push(folder);
            continue;
        }
        if depth == DEEPEST {
            continue;
        }
        let entries =
            fs::read_dir(&folder).with_context(|| format!("{}: cannot be read", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("{}: cannot be read", folder.display()))?;
            // Links are not followed: they may lead round in a circle.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push((entry.path(), depth + 1));
            }
        }
    }
    found.sort();
    if found.is_empty() {
        bail!("{}: no git repository is in it", folder.display());
    }
    Ok(found)
}
