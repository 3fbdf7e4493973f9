//! What an installation changes, as a list that can be shown before it is done.
//!
//! Must not decide what is done.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use bstr::ByteSlice as _;

use super::{git::Git, shim};

/// One change.
#[derive(Debug)]
pub(super) enum Step {
    /// Write a file whole; its mode is kept if it is there and need not be executable.
    Write { path: PathBuf, content: Vec<u8>, executable: bool },
    /// Rename a file, over another of ours.
    Rename { from: PathBuf, to: PathBuf },
    /// Remove a file of ours.
    Remove(PathBuf),
    /// Remove a folder of ours with all in it.
    RemoveFolder(PathBuf),
    /// `git config ARGUMENTS`.
    Config { git: Git, arguments: Vec<OsString> },
}

/// Changes in their order, and remarks for the user.
#[derive(Debug, Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    notes: Vec<String>,
}

impl Steps {
    pub(super) fn add(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.notes.is_empty()
    }

    /// Writes a hook of ours, unless it is there already.
    pub(super) fn write_file(&mut self, path: PathBuf, content: Vec<u8>, hook: &str) -> Result<()> {
        let same = read_if_there(&path)?.is_some_and(|known| known == content);
        if same && super::place::is_runnable(&path) {
            self.note(format!("{hook}: already installed in {}", path.display()));
        } else {
            self.add(Step::Write { path, content, executable: true });
        }
        Ok(())
    }

    /// Shows the steps, and takes them unless `dry`.
    pub(super) fn finish(self, dry: bool, out: &mut dyn Write) -> Result<()> {
        for step in &self.steps {
            if !dry {
                step.take()?;
            }
            say(out, &format!("{}{}", if dry { "would " } else { "" }, step.sentence(dry)))?;
        }
        for note in &self.notes {
            say(out, &format!("note: {note}"))?;
        }
        Ok(())
    }
}

/// A reader that goes away early is no error.
fn say(out: &mut dyn Write, line: &str) -> Result<()> {
    match writeln!(out, "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The content of a file, or `None` if there is none.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{}: cannot be read", path.display())),
    }
}

impl Step {
    fn sentence(&self, dry: bool) -> String {
        let verb = |now: &str, done: &str| if dry { now.to_owned() } else { done.to_owned() };
        match self {
            Self::Write { path, .. } => format!("{} {}", verb("write", "wrote"), path.display()),
            Self::Rename { from, to } if to.to_string_lossy().ends_with(shim::CHAINED) => {
                format!(
                    "{} {} as {}, to run after abatis",
                    verb("keep", "kept"),
                    from.display(),
                    to.file_name().unwrap_or_default().display()
                )
            }
            Self::Rename { from: _, to } => format!("put back {} as it was", to.display()),
            Self::Remove(path) | Self::RemoveFolder(path) => {
                format!("{} {}", verb("remove", "removed"), path.display())
            }
            Self::Config { arguments, .. } => {
                let text: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
                format!("{} git config {}", verb("run", "ran"), text.join(" "))
            }
        }
    }

    fn take(&self) -> Result<()> {
        match self {
            Self::Write { path, content, executable } => write(path, content, *executable),
            Self::Rename { from, to } => fs::rename(from, to)
                .with_context(|| format!("{}: cannot be renamed to {}", from.display(), to.display())),
            Self::Remove(path) => {
                fs::remove_file(path).with_context(|| format!("{}: cannot be removed", path.display()))
            }
            Self::RemoveFolder(path) if !path.exists() => Ok(()),
            Self::RemoveFolder(path) => {
                fs::remove_dir_all(path).with_context(|| format!("{}: cannot be removed", path.display()))
            }
            Self::Config { git, arguments } => {
                let output =
                    git.command().arg("config").args(arguments).output().context("git: cannot be run")?;
                if !output.status.success() {
                    bail!("{}: {}", self.sentence(true), output.stderr.trim().to_str_lossy());
                }
                Ok(())
            }
        }
    }
}

/// Writes beside and renames, so that no half-written hook ever runs.
fn write(path: &Path, content: &[u8], executable: bool) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".abatis-new");
    let beside = path.with_file_name(name);
    let done = write_beside(path, &beside, content, executable).and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        // What went wrong is told; that the rest could not be removed, too, would add nothing.
        drop(fs::remove_file(&beside));
    }
    done.with_context(|| format!("{}: cannot be written", path.display()))
}

fn write_beside(path: &Path, beside: &Path, content: &[u8], executable: bool) -> io::Result<()> {
    fs::write(beside, content)?;
    if let Ok(meta) = fs::metadata(path) {
        fs::set_permissions(beside, meta.permissions())?;
    }
    #[cfg(unix)]
    if executable {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(beside)?.permissions().mode();
        // Whoever may read it may run it.
        fs::set_permissions(beside, fs::Permissions::from_mode(mode | ((mode & 0o444) >> 2)))?;
    }
    #[cfg(not(unix))]
    let _ = executable;
    Ok(())
}
