//! A token in a copy of the index, and what a hook says to it.
//!
//! Must leave nothing behind: files and the object go when the trial is dropped.

use std::{
    ffi::{OsStr, OsString},
    fs,
    hash::{BuildHasher as _, RandomState},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result, bail};
use bstr::ByteSlice as _;

use crate::cli::{
    hook::TRIAL,
    install::{git::Git, place::Repository},
};

/// The digits of base62 in the order of the token's checksum.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Random characters of the token.
const RANDOM: usize = 30;
/// Characters of its checksum.
const CHECKSUM: usize = 6;
/// Longest part of a hook's output that is shown, in bytes.
const SHOWN: usize = 400;

/// What became of the token.
#[derive(Debug)]
pub(super) enum Answer {
    /// It was stopped.
    Stopped {
        /// Whether abatis was reached.
        by_abatis: bool,
    },
    /// It was let through.
    Passed,
    /// Nothing can be said, for this reason.
    Broken(String),
}

/// The set-up of a trial.
pub(super) struct Trial {
    git: Git,
    /// Files that go in the end.
    index: PathBuf,
    message: PathBuf,
    reached: PathBuf,
    /// The loose object, if it was written for the trial.
    object: Option<PathBuf>,
    /// Where objects of a trial push go, and the repository's own ones.
    objects: (PathBuf, PathBuf),
    name: String,
}

impl Trial {
    /// Copies the index and puts the token into the copy.
    pub(super) fn new(git: &Git, common: &Path) -> Result<Self> {
        let nonce = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        let folder = git.ask_path(&["rev-parse", "--absolute-git-dir"])?;
        let file = |what: &str| folder.join(format!("doctor-{nonce}.{what}"));
        let mut trial = Self {
            git: git.clone(),
            index: file("index"),
            message: file("message"),
            reached: file("reached"),
            object: None,
            objects: (file("objects"), common.join("objects")),
            name: format!("doctor-trial-{nonce}.txt"),
        };
        let index = git.ask_path(&["rev-parse", "--git-path", "index"])?;
        if index.exists() {
            fs::copy(&index, &trial.index)
                .with_context(|| format!("{}: cannot be copied", index.display()))?;
        }
        let text = format!("token = \"{}\"\n", token());
        fs::write(&trial.message, &text)
            .with_context(|| format!("{}: cannot be written", trial.message.display()))?;
        fs::write(&trial.reached, "")
            .with_context(|| format!("{}: cannot be written", trial.reached.display()))?;
        let id = trial.write_object(&text)?;
        if let Some((start, rest)) = id.split_at_checked(2) {
            trial.object = Some(common.join("objects").join(start).join(rest));
        }
        let entry = format!("100644,{id},{}", trial.name);
        let mut command = trial.command("git");
        command.args(["update-index", "--add", "--cacheinfo", &entry]);
        let output = command.output().context("git: cannot be run")?;
        if !output.status.success() {
            bail!("git update-index: {}", output.stderr.trim().to_str_lossy());
        }
        Ok(trial)
    }

    fn write_object(&self, text: &str) -> Result<String> {
        let mut command = self.git.command();
        command.args(["hash-object", "-w", "--stdin", "--no-filters"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("git: cannot be run")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(text.as_bytes()).context("git hash-object: takes no input")?;
        }
        let output = child.wait_with_output().context("git hash-object: cannot be run")?;
        if !output.status.success() {
            bail!("git hash-object: {}", output.stderr.trim().to_str_lossy());
        }
        Ok(output.stdout.trim().to_str_lossy().into_owned())
    }

    /// A command at the top that sees the copy of the index, as a hook of a commit would.
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.git.folder())
            .env("GIT_INDEX_FILE", &self.index)
            .env("GIT_EDITOR", ":")
            .env("GIT_PREFIX", "")
            .env(TRIAL, &self.reached)
            .env_remove("ABATIS_SKIP")
            .stdin(Stdio::null());
        command
    }

    /// What the program says without any hook.
    pub(super) fn direct(&self) -> Result<Answer> {
        let program = std::env::current_exe().context("abatis: cannot tell where it is installed")?;
        let mut command = self.command(program);
        let output = command.arg("staged").output().context("abatis: cannot be run")?;
        let named = output.stdout.contains_str(&self.name);
        Ok(match output.status.code() {
            // Something else that is staged may be what was found.
            Some(0 | 1) if !named => Answer::Passed,
            Some(0) => Answer::Passed,
            _ if named => Answer::Stopped { by_abatis: true },
            _ => Answer::Broken(shown(&output.stderr)),
        })
    }

    /// What the hook says, run as git runs it.
    pub(super) fn hook(&self, repository: &Repository, hook: &str) -> Result<Answer> {
        fs::write(&self.reached, "")
            .with_context(|| format!("{}: cannot be written", self.reached.display()))?;
        if hook == "pre-push" {
            return self.pre_push(repository);
        }
        let message = (hook == "commit-msg").then_some(&self.message);
        let mut command = if self.git.has_hook_run() {
            let mut command = self.command("git");
            command.args(["hook", "run", "--ignore-missing", hook, "--"]);
            command
        } else if cfg!(windows) {
            let mut command = self.command("sh");
            command.arg(repository.hooks.join(hook));
            command
        } else {
            self.command(repository.hooks.join(hook))
        };
        Ok(self.answer(command.args(message).output()))
    }

    fn answer(&self, output: io::Result<Output>) -> Answer {
        let output = match output {
            Ok(output) => output,
            Err(error) => return Answer::Broken(error.to_string()),
        };
        if output.status.success() {
            return Answer::Passed;
        }
        let reached = fs::read(&self.reached).is_ok_and(|text| !text.is_empty());
        // A hook that calls the program in another way (by a manager) names the file and itself.
        let said = [output.stdout, output.stderr].concat();
        let by_abatis = reached || (said.contains_str("abatis") && said.contains_str(&self.name));
        Answer::Stopped { by_abatis }
    }

    /// What the hook says to a commit of the copy of the index, whose objects are in a folder of their own.
    fn pre_push(&self, repository: &Repository) -> Result<Answer> {
        let (own, all) = &self.objects;
        fs::create_dir_all(own).with_context(|| format!("{}: cannot be made", own.display()))?;
        let with_objects = |program: &OsStr| {
            let mut command = self.command(program);
            command.env("GIT_OBJECT_DIRECTORY", own).env("GIT_ALTERNATE_OBJECT_DIRECTORIES", all);
            command
        };
        let ask = |arguments: &[&str]| -> Result<String> {
            let mut command = with_objects(OsStr::new("git"));
            for (name, value) in [("NAME", "abatis"), ("EMAIL", "abatis@example.invalid")] {
                command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
            }
            let output = command.args(arguments).output().context("git: cannot be run")?;
            if !output.status.success() {
                bail!("git {}: {}", arguments[0], output.stderr.trim().to_str_lossy());
            }
            Ok(output.stdout.trim().to_str_lossy().into_owned())
        };
        let tree = ask(&["write-tree"])?;
        let head = ask(&["rev-parse", "--verify", "-q", "HEAD"]).unwrap_or_default();
        let mut arguments = vec!["commit-tree", "--no-gpg-sign", "-m", "a trial"];
        if !head.is_empty() {
            arguments.extend(["-p", &head]);
        }
        arguments.push(&tree);
        let commit = ask(&arguments)?;
        let zero = "0".repeat(commit.len());
        let line = format!("refs/heads/{0} {commit} refs/heads/{0} {zero}\n", self.name);
        let lines = own.join("lines");
        fs::write(&lines, line).with_context(|| format!("{}: cannot be written", lines.display()))?;
        let remotes = ask(&["remote"]).unwrap_or_default();
        let remote = remotes.lines().next().unwrap_or("origin").to_owned();
        let url = ask(&["remote", "get-url", "--push", &remote]).unwrap_or_else(|_| remote.clone());
        let path = repository.hooks.join("pre-push");
        let mut command = if repository.git.has_config_hooks() {
            let mut command = with_objects(OsStr::new("git"));
            let mut from = OsString::from("--to-stdin=");
            from.push(&lines);
            command.args(["hook", "run", "--ignore-missing"]).arg(from).args(["pre-push", "--"]);
            command
        } else {
            let mut command =
                if cfg!(windows) { with_objects(OsStr::new("sh")) } else { with_objects(path.as_os_str()) };
            if cfg!(windows) {
                command.arg(&path);
            }
            let input = fs::File::open(&lines);
            command.stdin(input.with_context(|| format!("{}: cannot be read", lines.display()))?);
            command
        };
        Ok(self.answer(command.args([remote, url]).output()))
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // What is not there need not be removed, and there is nobody to tell.
        for path in [&self.index, &self.message, &self.reached].into_iter().chain(&self.object) {
            drop(fs::remove_file(path));
        }
        drop(fs::remove_dir_all(&self.objects.0));
        let mut lock = self.index.clone().into_os_string();
        lock.push(".lock");
        drop(fs::remove_file(lock));
        // Only if it is empty now.
        if let Some(folder) = self.object.as_deref().and_then(Path::parent) {
            drop(fs::remove_dir(folder));
        }
    }
}

/// The beginning of an output, on one line.
fn shown(output: &[u8]) -> String {
    let text = output.trim().to_str_lossy();
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    line.chars().take(SHOWN).collect()
}

/// A token in the form of GitHub's that nobody ever issued: random characters and the checksum over them.
pub(super) fn token() -> String {
    let random = RandomState::new();
    let body: String =
        (0..RANDOM).map(|place| char::from(BASE62[(random.hash_one(place) % 62) as usize])).collect();
    let mut sum = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(sum % 62) as usize];
        sum /= 62;
    }
    format!("{}{body}{}", concat!("gh", "p_"), digits.map(char::from).iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_form_of_the_real_ones() {
        let token = token();
        assert_eq!(token.len(), 4 + RANDOM + CHECKSUM);
        assert!(token[4..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(token, super::token());
    }
}
