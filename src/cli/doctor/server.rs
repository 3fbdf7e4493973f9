//! `abatis doctor --server PATH`: a trial push through the gate of a repository, into a scratch one.
//!
//! The scratch repository gets the hook of the real one and its configuration; nothing is pushed to
//! the real one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result, bail};
use bstr::ByteSlice as _;

use super::{Report, trial::token};
use crate::cli::{
    install::server::{self, Gate},
    load,
};

/// What a client says when a hook refused.
const DECLINED: &str = "pre-receive hook declined";

/// A folder that goes when it is dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left lies among temporary files, and there is nobody to tell.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Tries the gate of the repository at `path`.
pub(super) fn run(path: &Path, report: &mut Report<'_>) -> Result<()> {
    let hook = match server::gate(path)? {
        Some(Gate::File(hook)) => {
            report.good(&format!("the gate is {}", hook.display()));
            Some(hook)
        }
        // It holds for the scratch repository just as well.
        Some(Gate::Machine(place)) => {
            report.good(&format!("the gate is {place}"));
            None
        }
        None => {
            report.bad(&format!("{}: no gate is installed: abatis install --server {0}", path.display()));
            return Ok(());
        }
    };
    let scratch = Scratch(std::env::temp_dir().join(format!("abatis-doctor-{}", std::process::id())));
    fs::create_dir(&scratch.0).with_context(|| format!("{}: cannot be made", scratch.0.display()))?;
    let (bare, work) = (scratch.0.join("server.git"), scratch.0.join("work"));
    git(&scratch.0, &["init", "-q", "--bare", "server.git"])?;
    git(&scratch.0, &["init", "-q", "work"])?;
    if let Some(hook) = hook {
        let there = bare.join("hooks");
        fs::create_dir_all(&there).with_context(|| format!("{}: cannot be made", there.display()))?;
        fs::copy(&hook, there.join("pre-receive"))
            .with_context(|| format!("{}: cannot be copied", hook.display()))?;
    }
    for name in [load::SERVER_FILE_NAME, crate::cli::run::BASELINE] {
        if path.join(name).is_file() {
            fs::copy(path.join(name), bare.join(name))
                .with_context(|| format!("{name}: cannot be copied"))?;
        }
    }
    commit(&work, "a clean line\n")?;
    let output = push(&work)?;
    if !output.status.success() {
        report.bad(&format!("a clean push is refused: {}", output.stderr.trim().to_str_lossy()));
        return Ok(());
    }
    report.good("a clean push is let in");
    commit(&work, &format!("token = \"{}\"\n", token()))?;
    let id = git(&work, &["rev-parse", "HEAD"])?;
    let output = push(&work)?;
    let said = output.stderr.to_str_lossy();
    if output.status.success() {
        report.bad(
            "a push with a token is let in: rules, policies or the threshold in the configuration hide it",
        );
    } else if !said.contains(DECLINED) || !said.contains("abatis") {
        report.unknown(&format!("a push with a token fails, but not at the gate: {}", said.trim()));
    } else {
        let kept = command(&bare)
            .args(["--git-dir=.", "cat-file", "-e", &id])
            .status()
            .context("git: cannot be run")?;
        if kept.success() {
            report.bad("a push with a token is refused, and its objects stay all the same");
        } else {
            report.good("a push with a token is refused, and leaves nothing behind");
        }
    }
    Ok(())
}

fn commit(work: &Path, text: &str) -> Result<()> {
    let file = work.join("trial.txt");
    fs::write(&file, text).with_context(|| format!("{}: cannot be written", file.display()))?;
    git(work, &["add", "trial.txt"])?;
    let who = ["-c", "user.name=abatis", "-c", "user.email=abatis@example.invalid", "-c", "core.hooksPath="];
    git(work, &[&who[..], &["commit", "-q", "--no-verify", "-m", "a trial"]].concat())?;
    Ok(())
}

fn push(work: &Path) -> Result<Output> {
    command(work)
        .args(["push", "--no-verify", "../server.git", "HEAD:refs/heads/main"])
        .output()
        .context("git: cannot be run")
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    // The repository around the current folder is none of the trial's business.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"] {
        command.env_remove(name);
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = command(folder).args(arguments).output().context("git: cannot be run")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), output.stderr.trim().to_str_lossy());
    }
    Ok(output.stdout.trim().to_str_lossy().into_owned())
}
