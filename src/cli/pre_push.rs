//! `abatis pre-push` and `abatis range`: new commits before they are sent, and in a merge request.
//!
//! Both are the walk of the server's gate with another idea of what is there already. Must not write.

use std::{
    ffi::OsStr,
    io::{self, Read as _},
};

use anyhow::{Context as _, bail};
use bstr::{BStr, ByteSlice as _};

use super::{
    args::{PrePushArgs, RangeArgs, ReadObjects},
    edge::Edge,
    exit::Exit,
    run::{self, Job},
};
use crate::{
    origin::ObjectId,
    report::Mode,
    source::{
        Source,
        git::{
            push::{
                Packs, Push, Reading,
                held::Held,
                updates::{self, RefUpdate},
            },
            repo::Repo,
        },
    },
};

/// Where the pre-commit framework says what is pushed: it gives its hooks no lines to read.
const TO: &str = "PRE_COMMIT_TO_REF";
const FROM: &str = "PRE_COMMIT_FROM_REF";
const LOCAL: &str = "PRE_COMMIT_LOCAL_BRANCH";
const REMOTE: &str = "PRE_COMMIT_REMOTE_NAME";

/// `abatis pre-push`.
pub(super) fn pre_push(args: &PrePushArgs, edge: &Edge) -> anyhow::Result<Exit> {
    // All of it, or git gets a broken pipe.
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input).context("standard input: the references cannot be read")?;
    let repo = edge.repository()?;
    let mut updates = updates::send(&input, repo.hash)?;
    if updates.is_empty() {
        updates.extend(framework(&repo)?);
    }
    let tips: Vec<ObjectId> = updates.iter().filter_map(|update| update.new).collect();
    if tips.is_empty() {
        return Ok(Exit::Clean);
    }
    let known: Vec<ObjectId> = updates.iter().filter_map(|update| update.old).collect();
    let remote = args.remote.clone().or_else(|| Edge::variable(REMOTE)).unwrap_or_default();
    let held = held_by(&repo, &remote, &known)?;
    look(edge, Mode::Push, &args.common, &push(repo, tips, held, Reading::Auto))
}

/// What the remote has, as far as it is known here.
fn held_by(repo: &Repo, remote: &OsStr, known: &[ObjectId]) -> anyhow::Result<Held> {
    let remote = remote.to_string_lossy();
    // Named by its URL, a remote may be one that has a name all the same.
    let url = |name: &BStr| {
        let name = name.strip_prefix(b"remote.")?.strip_suffix(b".url")?.to_str().ok()?;
        let url = repo.local_config.get(&format!("remote.{name}.url"))?;
        (url == remote.as_bytes()).then(|| name.to_owned())
    };
    let name = repo.local_config.names().find_map(url).unwrap_or_else(|| remote.into_owned());
    let mut prefixes = vec![format!("refs/remotes/{name}/").into_bytes()];
    if let Some(spec) = repo.local_config.get(&format!("remote.{name}.fetch"))
        && let Some((_, target)) = spec.split_once_str(":")
        && let Some(prefix) = target.strip_suffix(b"*")
        // Local branches are not what a remote has, whatever the configuration says.
        && prefix.starts_with(b"refs/") && !prefix.starts_with(b"refs/heads/") && prefix != b"refs/"
    {
        prefixes.push(prefix.to_vec());
    }
    let matches = |reference: &BStr| prefixes.iter().any(|prefix| reference.starts_with(prefix));
    Ok(Held::by_remote(repo, known, matches)?)
}

/// What the pre-commit framework says that is pushed: of several references only one.
fn framework(repo: &Repo) -> anyhow::Result<Option<RefUpdate>> {
    let id = |name: &str| -> anyhow::Result<Option<ObjectId>> {
        let Some(text) = Edge::variable(name) else { return Ok(None) };
        let text = text.to_string_lossy().into_owned();
        match ObjectId::from_hex(text.as_bytes()) {
            Some(id) => Ok(Some(id).filter(|id| !id.is_zero())),
            None => Ok(repo.resolve(&text)?),
        }
    };
    let new = match id(TO)? {
        Some(new) => Some(new),
        // The framework passes no ids for the first push of a branch.
        None => match Edge::variable(REMOTE) {
            Some(_) => id(LOCAL)?.map_or_else(|| repo.head(), |new| Ok(Some(new)))?,
            None => None,
        },
    };
    let name = Edge::variable(LOCAL).unwrap_or_default().into_encoded_bytes().into();
    Ok(new.map(|_| id(FROM)).transpose()?.map(|old| RefUpdate { old, new, name }))
}

/// `abatis range`.
pub(super) fn range(args: &RangeArgs, edge: &Edge) -> anyhow::Result<Exit> {
    let repo = edge.repository()?;
    let (from, to) = match args.range.split_once("...").or_else(|| args.range.split_once("..")) {
        Some((from, to)) => (or_head(from), or_head(to)),
        None => bail!("{}: give a range such as origin/main..HEAD", args.range),
    };
    let held = Held::ids([commit(&repo, from)?]);
    let tips = vec![commit(&repo, to)?];
    look(edge, Mode::Range, &args.common, &push(repo, tips, held, reading(args.read)))
}

const fn or_head(revision: &str) -> &str {
    if revision.is_empty() { "HEAD" } else { revision }
}

fn commit(repo: &Repo, revision: &str) -> anyhow::Result<ObjectId> {
    repo.commit(revision)?.with_context(|| {
        format!(
            "{revision}: no commit of that name is here; in a shallow clone, fetch more of the history first"
        )
    })
}

fn push(repo: Repo, tips: Vec<ObjectId>, held: Held, reading: Reading) -> Push {
    let packs = Packs::default();
    Push { repo, tips, others: Vec::new(), held, reading, hurry: false, packs, rules: 0 }
}

/// How objects are read, as the command line says.
pub(super) const fn reading(wish: ReadObjects) -> Reading {
    match wish {
        ReadObjects::Auto => Reading::Auto,
        ReadObjects::Commits => Reading::Commits,
        ReadObjects::Packs => Reading::Packs,
    }
}

fn look(edge: &Edge, mode: Mode, common: &super::args::CommonArgs, push: &Push) -> anyhow::Result<Exit> {
    let top = push.repo.worktree.clone();
    let news = push.find(&|| false)?;
    let sources: Vec<Box<dyn Source + Sync>> = vec![Box::new(news)];
    run::run(edge, &Job { mode, common, top: top.as_deref(), sources, today: None, subject: None })
}
