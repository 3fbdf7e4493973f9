//! The `git` command, for what only it knows: effective configuration, where hooks lie, its version.
//!
//! All configuration is written through it. Must not parse git's files.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result, bail};
use bstr::ByteSlice as _;

/// The first version with hooks in its configuration.
const CONFIG_HOOKS: (u32, u32) = (2, 54);
/// The first version with `git hook run`.
const HOOK_RUN: (u32, u32) = (2, 36);

/// `git`, run in one folder.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    folder: PathBuf,
    /// The git folder, if it is not left to git to find it.
    git_dir: Option<PathBuf>,
    version: (u32, u32),
    version_text: String,
}

/// A configuration value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// `system`, `global`, `local`, `worktree` or `command`.
    pub(crate) scope: String,
    /// The value as written.
    pub(crate) value: String,
}

impl Setting {
    /// True if it is set for one repository only.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.scope.as_str(), "local" | "worktree")
    }
}

impl Git {
    /// Git in `folder`, which need not be a repository.
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        let output = Command::new("git")
            .arg("version")
            .output()
            .context("git: cannot be run; install it, or put its folder on PATH")?;
        let version_text = output.stdout.trim().to_str_lossy().into_owned();
        let version = parse_version(&version_text)
            .with_context(|| format!("git: its version is not understood: {version_text}"))?;
        Ok(Self { folder, git_dir: None, version, version_text })
    }

    /// The same git in another folder.
    pub(crate) fn within(&self, folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), ..self.clone() }
    }

    /// The same git for the repository at `git_dir`, whoever owns it (`safe.directory`), bare or not
    /// (`safe.bareRepository`): it is named, so nobody was led into it.
    pub(crate) fn for_repository(&self, git_dir: &Path) -> Result<Self> {
        let git_dir = std::path::absolute(git_dir)
            .with_context(|| format!("{}: cannot be found", git_dir.display()))?;
        Ok(Self { git_dir: Some(git_dir), ..self.clone() })
    }

    /// The folder it runs in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What `git version` says.
    pub(crate) fn version_text(&self) -> &str {
        &self.version_text
    }

    /// Whether it runs hooks named in its configuration.
    pub(crate) fn has_config_hooks(&self) -> bool {
        self.version >= CONFIG_HOOKS
    }

    /// Whether it has `git hook run`.
    pub(crate) fn has_hook_run(&self) -> bool {
        self.version >= HOOK_RUN
    }

    /// A command in the folder, without standard input.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.folder).stdin(Stdio::null());
        if let Some(git_dir) = &self.git_dir {
            command.env("GIT_DIR", git_dir);
        }
        command
    }

    /// Runs git to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Output> {
        self.command().args(arguments).output().context("git: cannot be run")
    }

    /// Runs git, which must succeed, and gives its output without the last newline.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = self.run(arguments)?;
        if !output.status.success() {
            bail!("git {}: {}", arguments.join(" "), output.stderr.trim().to_str_lossy());
        }
        Ok(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout).to_vec())
    }

    /// [`Git::ask`] for a path, relative to the current folder or absolute.
    pub(crate) fn ask_path(&self, arguments: &[&str]) -> Result<PathBuf> {
        let path = self.ask(arguments)?;
        let path = path.strip_suffix(b"\r").unwrap_or(&path);
        let path = path.to_path().context("git named a path that this system cannot hold")?;
        let path = if self.folder == Path::new(".") { path.to_owned() } else { self.folder.join(path) };
        // git parts names by `/` everywhere; its parts put together again are parted as the system does it.
        Ok(path.components().collect())
    }

    /// The effective value of `key`, if it is set.
    pub(crate) fn setting(&self, key: &str) -> Result<Option<Setting>> {
        let output = self.run(["config", "--show-scope", "-z", "--get", key])?;
        if !output.status.success() {
            return Ok(None);
        }
        let mut parts = output.stdout.split(|&byte| byte == 0);
        let scope = parts.next().unwrap_or_default().to_str_lossy().into_owned();
        let value = parts.next().unwrap_or_default().to_str_lossy().into_owned();
        Ok(Some(Setting { scope, value }))
    }

    /// `key` in one scope (`--local`, `--global`), if it is set there; a path with `~` expanded.
    pub(crate) fn path_in(&self, scope: &str, key: &str) -> Result<Option<PathBuf>> {
        let output = self.run(["config", scope, "--type=path", "--get", key])?;
        if !output.status.success() {
            return Ok(None);
        }
        let value = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
        Ok(Some(value.to_path().context("git named a path that this system cannot hold")?.to_path_buf()))
    }
}

/// Major and minor of `git version 2.54.0.windows.1`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let version = text.strip_prefix("git version ")?;
    let mut numbers = version.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// `text` in single quotes for a POSIX shell.
pub(crate) fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A path as a shell on this system wants it: forward slashes even on Windows.
pub(crate) fn shell_path(path: &Path) -> Result<String> {
    let text = path.to_str().with_context(|| {
        format!("{}: a hook cannot name this path, which is not UTF-8; move the program", path.display())
    })?;
    Ok(if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() })
}

/// Arguments of `git config`.
pub(crate) fn words<const N: usize>(arguments: [&str; N]) -> Vec<OsString> {
    arguments.map(OsString::from).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_vendors() {
        for (text, expected) in [
            ("git version 2.47.3", Some((2, 47))),
            ("git version 2.54.0.windows.1", Some((2, 54))),
            ("git version 2.39.5 (Apple Git-154)", Some((2, 39))),
            ("git version 2.55.GIT", Some((2, 55))),
            ("hub 1.0", None),
        ] {
            assert_eq!(parse_version(text), expected, "{text}");
        }
    }

    #[test]
    fn quoting_holds_anything() {
        assert_eq!(shell_quote("a b$`\\\""), "'a b$`\\\"'");
        assert_eq!(shell_quote("it's"), r"'it'\''s'");
    }
}
