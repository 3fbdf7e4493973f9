//! `abatis doctor`: proves that the hooks of this repository stop a secret, and says why if they do not.
//!
//! The proof is a trial: a token made on the spot is put into a copy of the index, and the hook is run as git runs
//! it. The working tree, the index and the configuration stay as they are; the objects that are written are
//! removed again.

mod server;
mod trial;

use std::{fs, io::Write, path::Path};

use anyhow::Result;
use bstr::ByteSlice as _;

use super::{
    args::{CommonArgs, DoctorArgs},
    edge::Edge,
    exit::Exit,
    install::{
        HOOKS,
        git::Git,
        is_our_file,
        place::{self, Manager, Repository},
        shim,
    },
    load,
};
use trial::{Answer, Trial};

/// What was found out, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Good,
    Exposed,
    Unknown,
}

impl Grade {
    const fn exit(self) -> Exit {
        match self {
            Self::Good => Exit::Clean,
            Self::Exposed => Exit::Findings,
            Self::Unknown => Exit::Incomplete,
        }
    }
}

struct Report<'o> {
    out: &'o mut dyn Write,
    grade: Grade,
}

impl Report<'_> {
    fn say(&mut self, mark: &str, text: &str) {
        // A reader that goes away does not change the grade.
        drop(writeln!(self.out, "{mark:4} {text}"));
    }

    fn good(&mut self, text: &str) {
        self.say("ok", text);
    }

    fn note(&mut self, text: &str) {
        self.say("note", text);
    }

    fn bad(&mut self, text: &str) {
        self.grade = self.grade.max(Grade::Exposed);
        self.say("BAD", text);
    }

    fn unknown(&mut self, text: &str) {
        self.grade = self.grade.max(Grade::Unknown);
        self.say("??", text);
    }
}

/// Runs `abatis doctor` in the current folder.
pub(crate) fn run(args: &DoctorArgs, edge: &Edge) -> Result<Exit> {
    let mut out = std::io::stdout().lock();
    let mut report = Report { out: &mut out, grade: Grade::Good };
    if let Some(path) = &args.server {
        server::run(&edge.absolute(path), &mut report)?;
        return Ok(report.grade.exit());
    }
    let git = Git::new(".")?;
    let repository = Repository::open(&git)?;
    about(&repository, &mut report)?;
    configuration(&repository, edge, &mut report);
    if repository.bare {
        report.note("a bare repository: nothing is committed here, so there is no hook to try");
    } else {
        try_hooks(&repository, &mut report)?;
        other_worktrees(&repository, &mut report)?;
    }
    Ok(report.grade.exit())
}

fn about(repository: &Repository, report: &mut Report<'_>) -> Result<()> {
    let git = &repository.git;
    report.good(&format!("abatis {} in {}", env!("CARGO_PKG_VERSION"), place::program()?.display()));
    report.good(git.version_text());
    if let Some(setting) = &repository.hooks_path {
        report.note(&format!(
            "core.hooksPath is {} ({} configuration): git looks for hooks in {}",
            setting.value,
            setting.scope,
            repository.hooks.display()
        ));
    }
    for tool in repository.rewriters() {
        report.note(&format!("{tool} is set up here as well"));
    }
    Ok(())
}

/// Whether the files of configuration can be used; with one that cannot, every hook stops every commit.
fn configuration(repository: &Repository, edge: &Edge, report: &mut Report<'_>) {
    let top = (!repository.bare).then(|| repository.git.folder());
    match load::load(&CommonArgs::default(), top, edge) {
        Ok(config) => {
            report.good(&format!("the configuration can be used: {} rules in force", config.rules.len()));
            if !*config.hook.allow_bypass {
                report.note("the configuration forbids ABATIS_SKIP");
            }
        }
        Err(problem) => report.unknown(&format!("{problem:#}")),
    }
}

/// Tries each hook that is there; pre-commit must be.
fn try_hooks(repository: &Repository, report: &mut Report<'_>) -> Result<()> {
    let trial = match Trial::new(&repository.git, &repository.common) {
        Ok(trial) => trial,
        Err(problem) => {
            report.unknown(&format!("the trial cannot be set up: {problem:#}"));
            return Ok(());
        }
    };
    match trial.direct()? {
        Answer::Stopped { .. } => report.good("the rules in force find the token of the trial"),
        Answer::Passed => {
            report.bad(
                "abatis itself lets the token of the trial pass: rules, allowlists or the threshold in the \
                 configuration hide it (abatis config shows them)",
            );
            return Ok(());
        }
        Answer::Broken(why) => {
            report.unknown(&format!("abatis cannot scan here: {why}"));
            return Ok(());
        }
    }
    for hook in HOOKS {
        let configured = in_config(&repository.git, hook)?;
        let path = repository.hooks.join(hook);
        let there = fs::symlink_metadata(&path).is_ok();
        if !there && !configured {
            match hook {
                "pre-commit" => missing(repository, hook, report),
                _ => report.note(&format!("{hook} is not installed: abatis install {hook}")),
            }
            continue;
        }
        if !configured && !place::is_runnable(&path) {
            report.bad(&format!(
                "{hook}: {} is not executable, so git does not run it: chmod +x",
                path.display()
            ));
            continue;
        }
        judge(repository, hook, configured, &trial.hook(repository, hook)?, report);
    }
    Ok(())
}

/// True if git's configuration has our hook, and git is one that runs it.
fn in_config(git: &Git, hook: &str) -> Result<bool> {
    let key = format!("hook.{}.command", shim::config_name(hook));
    Ok(git.has_config_hooks() && git.setting(&key)?.is_some())
}

fn judge(repository: &Repository, hook: &str, configured: bool, answer: &Answer, report: &mut Report<'_>) {
    let path = repository.hooks.join(hook);
    let place = if configured { "git's configuration".to_owned() } else { path.display().to_string() };
    match answer {
        Answer::Stopped { by_abatis: true } => report.good(&format!("{hook} stops the trial ({place})")),
        Answer::Stopped { by_abatis: false } => report.bad(&format!(
            "{hook}: {place} ends with an error before abatis is reached, so it cannot be proved that abatis runs: \
             run git commit by hand and mend that hook first"
        )),
        Answer::Broken(why) => report.unknown(&format!("{hook}: cannot be run: {why}")),
        Answer::Passed if hook == "pre-commit" || is_our_file(&path) || configured => {
            let why = if configured { switched_off(repository, hook) } else { None };
            let why = why.unwrap_or_else(|| why_passed(repository, hook, &path));
            report.bad(&format!("{hook} lets the trial pass: {why}"));
        }
        Answer::Passed => report.note(&format!("{hook} is another tool's, and does not call abatis: {place}")),
    }
}

fn missing(repository: &Repository, hook: &str, report: &mut Report<'_>) {
    let own = repository.common.join("hooks").join(hook);
    if own != repository.hooks.join(hook) && is_our_file(&own) {
        let setting = repository.hooks_path.as_ref();
        report.bad(&format!(
            "{hook}: {} is there, but core.hooksPath ({}) makes git look in {}: abatis install again",
            own.display(),
            setting.map_or("", |setting| setting.scope.as_str()),
            repository.hooks.display()
        ));
    } else if repository.hooks_path.is_some() && !repository.hooks.is_dir() {
        report.bad(&format!(
            "{hook}: core.hooksPath names {}, which is not there, so git runs no hook at all",
            repository.hooks.display()
        ));
    } else {
        report.bad(&format!("{hook} is not installed: abatis install"));
    }
}

/// What keeps git from running our hook in its configuration.
fn switched_off(repository: &Repository, hook: &str) -> Option<String> {
    let keys = [format!("hook.{}.enabled", shim::config_name(hook)), format!("hook.{hook}.enabled")];
    let off = |key: &&String| {
        repository
            .git
            .ask(&["config", "--type=bool", "--get", key.as_str()])
            .is_ok_and(|value| value == b"false")
    };
    keys.iter().find(off).map(|key| format!("{key} is false, so git does not run it"))
}

fn why_passed(repository: &Repository, hook: &str, path: &Path) -> String {
    if let Manager::Husky(folder) = repository.manager() {
        return format!(
            "husky calls {}, which does not call abatis: abatis install",
            folder.join(hook).display()
        );
    }
    if is_our_file(path) {
        return format!("{} is ours, but did not stop it: abatis install again", path.display());
    }
    let old = repository.hooks.join(format!("{hook}{}", shim::MOVED));
    if is_our_file(&old) {
        return format!("lefthook put ours aside as {}: name abatis in lefthook.yml", old.display());
    }
    format!("{} is another tool's, and does not call abatis: abatis install", path.display())
}

/// A relative `core.hooksPath` leads somewhere else in each worktree.
fn other_worktrees(repository: &Repository, report: &mut Report<'_>) -> Result<()> {
    if repository.git.has_config_hooks() && in_config(&repository.git, "pre-commit")? {
        return Ok(());
    }
    let list = repository.git.ask(&["worktree", "list", "--porcelain"])?;
    for top in list.lines().filter_map(|line| line.strip_prefix(b"worktree ")) {
        let Ok(top) = top.to_path() else { continue };
        if !top.is_dir() || top == repository.git.folder() {
            continue;
        }
        let Ok(other) = Repository::open(&repository.git.within(top)) else { continue };
        if !other.bare && !place::is_runnable(&other.hooks.join("pre-commit")) {
            report.bad(&format!(
                "the worktree {} has no pre-commit hook: there git looks in {}",
                top.display(),
                other.hooks.display()
            ));
        }
    }
    Ok(())
}
