//! Where hooks go: the folder that git really looks in, or the file that a hook manager calls.
//!
//! Must not write anything.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::git::{Git, Setting};
use crate::cli::edge::Edge;

/// A repository as hooks see it.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    /// Git at the top: where hooks run.
    pub(crate) git: Git,
    /// The folder that git looks in, whether it is there or not.
    pub(crate) hooks: PathBuf,
    /// `core.hooksPath`, if it is set.
    pub(crate) hooks_path: Option<Setting>,
    /// The folder that all worktrees share.
    pub(crate) common: PathBuf,
    /// Whether there is no working tree.
    pub(crate) bare: bool,
}

/// What looks after a folder of hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    /// Nobody but git.
    None,
    /// husky: it makes the folder, and its files call those in this one.
    Husky(PathBuf),
    /// A folder in the working tree, which others may share.
    Shared,
}

impl Repository {
    /// The repository around `git`'s folder.
    pub(crate) fn open(git: &Git) -> Result<Self> {
        let inside = git.ask(&["rev-parse", "--is-bare-repository"]).with_context(|| {
            format!("{}: no git repository here; run it inside one, or use --global", git.folder().display())
        })?;
        let bare = inside == b"true";
        let top = if bare { "--absolute-git-dir" } else { "--show-toplevel" };
        let git = git.within(git.ask_path(&["rev-parse", top])?);
        Ok(Self {
            hooks: git.ask_path(&["rev-parse", "--git-path", "hooks"])?,
            common: git.ask_path(&["rev-parse", "--git-common-dir"])?,
            hooks_path: git.setting("core.hooksPath")?,
            git,
            bare,
        })
    }

    /// What looks after the folder of hooks.
    pub(crate) fn manager(&self) -> Manager {
        if self.hooks_path.is_none() {
            return Manager::None;
        }
        let parent = self.hooks.parent().unwrap_or(&self.hooks);
        let husky = self.hooks.ends_with(".husky/_") || self.hooks.join("husky.sh").is_file();
        if husky && parent != self.hooks {
            return Manager::Husky(parent.to_path_buf());
        }
        let top = self.git.folder();
        let inside = self.hooks.starts_with(top) && !self.hooks.starts_with(&self.common);
        if inside && !self.bare { Manager::Shared } else { Manager::None }
    }

    /// Fails if the folder belongs to all repositories of the user or the machine.
    pub(crate) fn check_own(&self) -> Result<()> {
        let Some(setting) = self.hooks_path.as_ref().filter(|setting| !setting.is_own()) else {
            return Ok(());
        };
        bail!(
            "core.hooksPath is set to {} in the {} configuration, so git does not look into this repository's own \
             hooks.\nEither install there, for every repository: abatis install --global\nor let this repository use \
             its own: git config --local core.hooksPath {}",
            setting.value,
            setting.scope,
            self.common.join("hooks").display(),
        )
    }

    /// The tools besides git that put files into the folder of hooks from time to time, by their configuration.
    pub(crate) fn rewriters(&self) -> Vec<&'static str> {
        let has = |names: &[&str]| names.iter().any(|name| self.git.folder().join(name).exists());
        let mut tools = Vec::new();
        if has(&[
            "lefthook.yml",
            ".lefthook.yml",
            "lefthook.yaml",
            ".lefthook.yaml",
            "lefthook.toml",
            "lefthook.json",
        ]) {
            tools.push("lefthook");
        }
        if has(&[".pre-commit-config.yaml"]) {
            tools.push("pre-commit");
        }
        tools
    }
}

/// True if git would run this file.
pub(crate) fn is_runnable(path: &Path) -> bool {
    let Ok(meta) = fs::metadata(path) else { return false };
    #[cfg(unix)]
    let executable = {
        use std::os::unix::fs::PermissionsExt as _;
        meta.permissions().mode() & 0o111 != 0
    };
    #[cfg(not(unix))]
    let executable = true;
    meta.is_file() && executable
}

/// The user's folder for data of this program.
pub(crate) fn data_folder() -> Result<PathBuf> {
    let from = |name: &str| Edge::variable(name).map(PathBuf::from);
    let base = if cfg!(windows) {
        from("LOCALAPPDATA").or_else(|| from("USERPROFILE").map(|home| home.join("AppData/Local")))
    } else {
        from("XDG_DATA_HOME")
            .filter(|folder| folder.is_absolute())
            .or_else(|| from("HOME").map(|home| home.join(".local/share")))
    };
    let base = base.context("no folder for the user's data: set HOME (on Windows LOCALAPPDATA)")?;
    Ok(base.join("abatis"))
}

/// The program to name in hooks: as it is found on PATH, since the real file behind a link may carry a version in
/// its path and go with the next update; else the file itself.
pub(crate) fn program() -> Result<PathBuf> {
    let this = std::env::current_exe().context("abatis: cannot tell where it is installed")?;
    let real = dunce::canonicalize(&this).unwrap_or_else(|_| this.clone());
    let name = format!("abatis{}", std::env::consts::EXE_SUFFIX);
    let paths = Edge::variable("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|folder| folder.join(&name)).find(|candidate| {
        candidate.is_absolute() && dunce::canonicalize(candidate).is_ok_and(|path| path == real)
    });
    Ok(found.unwrap_or(this))
}
