//! The scanning commands: which sources each of them is run on.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::{
    args::{CommitMsgArgs, CommonArgs, ScanArgs, StagedArgs},
    edge::Edge,
    exit::Exit,
    run::{self, Done, Job},
};
use crate::{
    report::Mode,
    source::{
        Source,
        files::{Files, IgnoreFiles, TrackedFiles},
        git::{
            message::Message,
            repo::{Repo, discover},
            staged::Staged,
            worktree::{Unstaged, Untracked, tracked_files},
        },
        patch::Patch,
        stdin::Stdin,
    },
};

/// `abatis scan`.
pub(super) fn scan(args: &ScanArgs, edge: &Edge) -> anyhow::Result<Exit> {
    // Outside a repository there is none to ask; where git's own words are needed, it is an error.
    let repo = edge.repository();
    let top = repo.as_ref().ok().and_then(|repo| repo.worktree.clone());
    let mut whole = false;
    let sources = if args.staged || args.unstaged || args.untracked {
        changes(args, &repo.context("--staged, --unstaged and --untracked need a repository")?, edge)
    } else if let Some(patch) = &args.diff {
        vec![diff(patch, edge)?]
    } else {
        whole = is_whole(args, top.as_deref(), edge);
        paths(args, edge)?
    };
    let job = Job {
        mode: Mode::Scan,
        common: &args.common,
        top: top.as_deref(),
        sources,
        today: None,
        subject: None,
    };
    run::run_told(edge, &job, |done| if whole { stale(done) } else { Vec::new() })
}

/// True if all files of the repository are looked at, for all that a baseline may hold.
fn is_whole(args: &ScanArgs, top: Option<&Path>, edge: &Edge) -> bool {
    let CommonArgs { risk, gate, min_confidence, disable, no_default_rules, .. } = &args.common;
    let narrowed = !risk.is_empty()
        || !gate.is_empty()
        || !disable.is_empty()
        || min_confidence.is_some()
        || *no_default_rules;
    let here = [PathBuf::from(".")];
    let roots = if args.paths.is_empty() { &here[..] } else { &args.paths[..] };
    let real = |path: &Path| dunce::canonicalize(edge.absolute(path)).ok();
    let top = top.and_then(real);
    !narrowed && top.is_some_and(|top| roots.iter().any(|root| real(root).as_ref() == Some(&top)))
}

/// A remark on entries of the baseline that nothing in the whole repository was found for.
fn stale(done: &Done) -> Vec<String> {
    let filter = &done.plan.filter;
    let Some(baseline) = filter.baseline().filter(|_| !done.outcome.is_incomplete()) else {
        return Vec::new();
    };
    let stale = baseline.entries().iter().filter(|entry| !entry.is_used()).count();
    // With another key none fits, and that is said already.
    if stale == 0 || baseline.key_id() != filter.key_id().as_deref() {
        return Vec::new();
    }
    let (entries, name) = if stale == 1 { ("1 entry", "it") } else { (&*format!("{stale} entries"), "them") };
    vec![format!(
        "{entries} of the baseline: nothing here is found for {name} any more; `abatis baseline show` lists {name}, \
         `abatis baseline prune` takes {name} out"
    )]
}

fn changes(args: &ScanArgs, repo: &Repo, edge: &Edge) -> Vec<Box<dyn Source + Sync>> {
    let mut sources: Vec<Box<dyn Source + Sync>> = Vec::new();
    if args.staged {
        sources.push(Box::new(Staged { repo: repo.clone(), whole: false }));
    }
    if args.unstaged {
        sources.push(Box::new(Unstaged { repo: repo.clone(), whole: false }));
    }
    if args.untracked {
        sources.push(Box::new(Untracked { repo: repo.clone(), environment: edge.git.clone() }));
    }
    sources
}

fn diff(patch: &Path, edge: &Edge) -> anyhow::Result<Box<dyn Source + Sync>> {
    if patch.as_os_str() == "-" {
        return Ok(Box::new(Patch::new("standard input", Box::new(io::stdin()))));
    }
    let shown = patch.display().to_string();
    let file =
        fs::File::open(edge.absolute(patch)).with_context(|| format!("{shown}: cannot read the patch"))?;
    Ok(Box::new(Patch::new(shown, Box::new(file))))
}

fn paths(args: &ScanArgs, edge: &Edge) -> anyhow::Result<Vec<Box<dyn Source + Sync>>> {
    let (stdin, mut roots): (Vec<PathBuf>, Vec<PathBuf>) =
        args.paths.iter().cloned().partition(|path| path.as_os_str() == "-");
    let mut sources: Vec<Box<dyn Source + Sync>> = Vec::new();
    if !stdin.is_empty() {
        let path = args.stdin_path.as_deref().unwrap_or("stdin");
        sources.push(Box::new(Stdin::new(path, Box::new(io::stdin()))));
    } else if roots.is_empty() {
        roots.push(PathBuf::from("."));
    }
    if !roots.is_empty() {
        let ignore = if args.no_ignore { IgnoreFiles::Disregard } else { IgnoreFiles::Honour };
        let tracked = if args.no_ignore { Vec::new() } else { tracked(&roots, edge)? };
        let files = Files::new(roots).ignore_files(ignore).tracked(tracked);
        sources.push(Box::new(files.threads(args.common.threads)));
    }
    Ok(sources)
}

/// What git tracks in the repositories that folders among `roots` lie in.
pub(super) fn tracked(roots: &[PathBuf], edge: &Edge) -> anyhow::Result<Vec<TrackedFiles>> {
    let folders = roots.iter().map(|root| edge.absolute(root)).filter(|root| root.is_dir());
    let mut repos: Vec<Repo> = folders.filter_map(|folder| discover(&folder, &edge.git).ok()).collect();
    repos.sort_by(|one, other| one.git_dir.cmp(&other.git_dir));
    repos.dedup_by(|one, other| one.git_dir == other.git_dir);
    Ok(repos.iter().map(tracked_files).collect::<Result<_, _>>()?)
}

/// `abatis staged`.
pub(super) fn staged(args: &StagedArgs, edge: &Edge) -> anyhow::Result<Exit> {
    let repo = edge.repository()?;
    let top = repo.worktree.clone();
    let source = Staged { repo, whole: args.whole };
    let sources: Vec<Box<dyn Source + Sync>> = vec![Box::new(source)];
    run::run(
        edge,
        &Job {
            mode: Mode::Staged,
            common: &args.common,
            top: top.as_deref(),
            sources,
            today: None,
            subject: None,
        },
    )
}

/// `abatis commit-msg`.
pub(super) fn commit_msg(args: &CommitMsgArgs, edge: &Edge) -> anyhow::Result<Exit> {
    let repo = edge.repository()?;
    let top = repo.worktree.clone();
    let message = Message::new(&edge.absolute(&args.file), &repo, &edge.git)?;
    let sources: Vec<Box<dyn Source + Sync>> = vec![Box::new(message)];
    run::run(
        edge,
        &Job {
            mode: Mode::Message,
            common: &args.common,
            top: top.as_deref(),
            sources,
            today: None,
            subject: None,
        },
    )
}
