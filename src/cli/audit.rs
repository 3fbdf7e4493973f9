//! `abatis audit`: which repositories, which part of their histories, and what is done with the outcome.

mod find;
mod short;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use bstr::BString;
use sha2::{Digest as _, Sha256};

use super::{
    args::{AuditArgs, ScopeArgs},
    edge::Edge,
    exit::Exit,
    rewrite::Rewrite,
    run::{self, Job, Reports},
};
use crate::{
    config::parse_size,
    filter::date::Date,
    pipeline::{Outcome, Problem},
    report::Mode,
    source::{
        Source,
        git::{
            history::{
                Deltas, Lost, Shallow, Shared, WholeHistory,
                scope::{Refs, Scope, Since},
            },
            repo::Repo,
        },
        named::Named,
        shard::{Shard, Sharded},
    },
};

pub(super) use find::repository;
use find::{Target, Targets};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// `abatis audit`.
pub(super) fn audit(args: &AuditArgs, edge: &Edge) -> anyhow::Result<Exit> {
    let today = match &args.as_of {
        Some(text) => text.parse::<Date>().with_context(|| format!("--as-of {text}"))?,
        None => edge.today,
    };
    let shard = match &args.shard {
        Some(text) => {
            Some(Shard::parse(text).with_context(|| format!("--shard {text}: give K/N, such as 2/8"))?)
        }
        None => None,
    };
    let (path, revisions) = subject(&args.what, edge)?;
    let scope = scope(args, revisions, edge)?;
    let targets = find::find(path.as_deref(), args.recursive, edge)?;
    refuse(args, &scope, &targets)?;
    let rewrite = args.rewrite_plan.as_ref().map(|path| Rewrite::open(&edge.absolute(path))).transpose()?;
    let (top, subject) = match &targets.all[..] {
        [Target { repo, name: None }] => (repo.worktree.clone(), name(repo)),
        _ => {
            (None, path.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()))
        }
    };
    let (sources, problems, short) = sources(args, &scope, &targets, edge)?;
    let sources = match shard {
        Some(shard) => sources
            .into_iter()
            .map(|source| Box::new(Sharded { source, shard }) as Box<dyn Source + Sync>)
            .collect(),
        None => sources,
    };
    let job = Job {
        mode: Mode::Audit,
        common: &args.common,
        top: top.as_deref(),
        sources,
        today: Some(today),
        subject,
    };
    if let Some(shard) = shard {
        return run::run_part(edge, &job, shard);
    }
    let reports = Reports::open(edge, &job)?;
    let mut done = match short {
        Some(history) => short::scan(edge, &job, history)?,
        None => run::scan(edge, &job)?,
    };
    done.outcome.problems.extend(targets.problems.iter().cloned().chain(problems));
    done.outcome.problems.sort();
    describe(&mut done.outcome, &scope, &targets);
    reports.write(&done.outcome, done.plan.scanner.rules())?;
    if let (Some(rewrite), [target]) = (rewrite, &targets.all[..]) {
        rewrite.write(&done, &target.repo)?;
    }
    let exit = run::exit(&done.outcome);
    // The program ends: to give back piece by piece what is known of a history would take longer than all that is left.
    // What was found is dropped, and its secrets wiped.
    std::mem::forget((job.sources, done.plan.scanner, done.outcome.exposed));
    Ok(exit)
}

/// What does not go together.
fn refuse(args: &AuditArgs, scope: &Scope, targets: &Targets) -> anyhow::Result<()> {
    let several = targets.all.len() != 1 || targets.all[0].name.is_some();
    if args.shard.is_some() && (several || !scope.is_whole()) {
        bail!(
            "--shard splits the whole history of one repository: what is new in a part of history depends on what all \
             shards find; leave out what limits or widens it, or run it whole"
        );
    }
    if args.rewrite_plan.is_some() && several {
        bail!("--rewrite-plan is for one repository; name it");
    }
    if (args.incremental || args.state.is_some()) && (args.shard.is_some() || !scope.is_whole()) {
        bail!("--incremental and --state are for whole histories: leave out --shard and {scope}");
    }
    Ok(())
}

/// The history of a repository as the options have it.
fn whole(args: &AuditArgs, repo: &Repo, memory: u64, edge: &Edge) -> WholeHistory {
    let mut source = history(repo.clone(), args.no_delta, args.allow_shallow);
    source.memory = memory;
    if args.allow_missing {
        source.lost = Lost::Allow;
    }
    source.state = match &args.state {
        Some(folder) => Some(edge.absolute(folder).join(state_name(repo))),
        None => args.incremental.then(|| repo.common_dir.join("abatis").join("audit-state")),
    };
    source
}

/// A source for each repository, problems of those that have none, and the one whose audit may take the short way.
#[expect(clippy::type_complexity, reason = "sources, and problems beside them")]
fn sources(
    args: &AuditArgs,
    scope: &Scope,
    targets: &Targets,
    edge: &Edge,
) -> anyhow::Result<(Vec<Box<dyn Source + Sync>>, Vec<Problem>, Option<WholeHistory>)> {
    let (mut sources, mut problems): (Vec<Box<dyn Source + Sync>>, _) = (Vec::new(), Vec::new());
    let mut short = None;
    let shared = Shared::new(targets.shared.clone());
    let memory = parse_size(&args.memory)
        .with_context(|| format!("--memory {}: no size; write one such as 500M or 2G", args.memory))?;
    for Target { repo, name } in &targets.all {
        let mut source = whole(args, repo, memory, edge);
        if !scope.is_whole() {
            source.chosen = match (scope.resolve(repo), name) {
                (Ok(chosen), _) => Some(Arc::new(chosen)),
                (Err(error), None) => return Err(error.into()),
                (Err(error), Some(name)) => {
                    let subject = BString::from(format!("{name}: {}", error.subject));
                    problems.push(Problem { subject, message: error.message });
                    continue;
                }
            };
        }
        if name.is_some() && scope.is_whole() {
            source.shared = Some(shared.clone());
        }
        if name.is_none() && scope.is_whole() && may_be_short(args) {
            short = source.state.is_some().then(|| source.clone());
        }
        sources.push(match name {
            Some(name) => Box::new(Named { source: Box::new(source), name: Arc::clone(name) }),
            None => Box::new(source),
        });
    }
    Ok((sources, problems, short))
}

/// Whether what was told before may be told again: it holds no secrets, and of what is suppressed not all.
const fn may_be_short(args: &AuditArgs) -> bool {
    !args.no_delta
        && args.shard.is_none()
        && args.rewrite_plan.is_none()
        && !args.common.show_secrets
        && !args.common.show_suppressed
}

/// The name of a repository's state among those of others: its own, and what tells it from others of that name.
fn state_name(repo: &Repo) -> String {
    let folder = dunce::canonicalize(&repo.common_dir).unwrap_or_else(|_| repo.common_dir.clone());
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let digest: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{digest}.state", name(repo).unwrap_or_default())
}

/// Says in the receipt what the run was limited to, and if that was nothing.
fn describe(outcome: &mut Outcome, scope: &Scope, targets: &Targets) {
    /// Repositories that are named.
    const NAMED: usize = 20;
    outcome.receipt.scope = scope.to_string();
    if !scope.is_whole() && outcome.receipt.commits == 0 && outcome.receipt.contents == 0 {
        outcome
            .warnings
            .push(format!("{scope}: nothing in this repository is new there, so nothing was looked at"));
    }
    let names: Vec<String> =
        targets.all.iter().filter_map(|target| Some(target.name.as_ref()?.to_string())).collect();
    if !names.is_empty() {
        let more = names.len().saturating_sub(NAMED);
        let mut note =
            format!("{} repositories were audited: {}", names.len(), names[..names.len() - more].join(", "));
        if more > 0 {
            note.push_str(&format!(" and {more} more"));
        }
        outcome.receipt.notes.insert(0, note + ".");
    }
}

/// What was named: a folder that is there is the repository, and all else is a revision.
fn subject(what: &[PathBuf], edge: &Edge) -> anyhow::Result<(Option<PathBuf>, Vec<String>)> {
    let (path, revisions) = match what.split_first() {
        Some((first, rest)) if edge.absolute(first).exists() => (Some(first.clone()), rest),
        _ => (None, what),
    };
    let text = |revision: &PathBuf| match revision.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => bail!("{}: this is neither a folder nor a revision", revision.display()),
    };
    if path.is_none()
        && let Some(first) = revisions.first().filter(|first| first.is_absolute())
    {
        bail!("{}: there is no such folder", first.display());
    }
    Ok((path, revisions.iter().map(text).collect::<Result<_, _>>()?))
}

/// What the options say of the part of history that is looked at.
fn scope(args: &AuditArgs, revisions: Vec<String>, edge: &Edge) -> anyhow::Result<Scope> {
    let ScopeArgs { since, all, branches, tags, remotes, glob, unreachable, path } = &args.scope;
    let mut refs = Vec::new();
    if *all {
        refs.push(Refs { option: "--all", below: "refs/", pattern: None });
    }
    let kinds = [
        (branches, "--branches", "refs/heads/"),
        (tags, "--tags", "refs/tags/"),
        (remotes, "--remotes", "refs/remotes/"),
        (glob, "--glob", "refs/"),
    ];
    for (patterns, option, below) in kinds {
        refs.extend(patterns.iter().map(|pattern| Refs {
            option,
            below,
            pattern: (!pattern.is_empty()).then(|| pattern.clone()),
        }));
    }
    if glob.iter().any(String::is_empty) {
        bail!("--glob: give a glob of references, such as pull/*/head");
    }
    let since = match since {
        None => None,
        Some(text) if text.trim().is_empty() => bail!("--since: give a day or a commit"),
        Some(text) => Some(match moment(text, edge.today) {
            Some(time) => Since::Time(time, text.clone()),
            None => Since::Revision(text.clone()),
        }),
    };
    let paths = args.paths.iter().chain(path).cloned().collect();
    Ok(Scope { revisions, refs, unreachable: *unreachable, since, paths })
}

/// The moment, in seconds since 1970 (UTC), that a text means: a day, with or without a time, or how long ago.
fn moment(text: &str, today: Date) -> Option<i64> {
    let text = text.trim();
    let day = |date: Date| date.days_since_1970() * DAY;
    if let Some((date, time)) = text.split_once(['T', ' '])
        && let Some(date) = Date::parse(date)
    {
        let mut parts = time.trim_end_matches('Z').splitn(3, ':').map(str::parse::<i64>);
        let (hour, minute) = (parts.next()?.ok()?, parts.next()?.ok()?);
        let second = parts.next().unwrap_or(Ok(0)).ok()?;
        let sound = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..61).contains(&second);
        return sound.then(|| day(date) + hour * 3600 + minute * 60 + second);
    }
    if let Some(date) = Date::parse(text) {
        return Some(day(date));
    }
    let words: Vec<&str> = text.split([' ', '.']).filter(|word| !word.is_empty()).collect();
    let (number, unit) = match words[..] {
        ["today"] => (0, "day"),
        ["yesterday"] => (1, "day"),
        ["last", unit] => (1, unit),
        [number, unit, "ago"] | [number, unit] => (number.parse::<i64>().ok()?, unit),
        _ => return None,
    };
    let back = number.checked_mul(match unit.strip_suffix('s').unwrap_or(unit) {
        "day" => 1,
        "week" => 7,
        // As long as any month and any year, so that nothing is missed.
        "month" => 31,
        "year" => 366,
        _ => return None,
    })?;
    (number >= 0).then(|| day(today).saturating_sub(back.saturating_mul(DAY)))
}

/// The whole history of a repository.
pub(super) fn history(repo: Repo, no_delta: bool, allow_shallow: bool) -> WholeHistory {
    let deltas = if no_delta { Deltas::Ignore } else { Deltas::Follow };
    let shallow = if allow_shallow { Shallow::Allow } else { Shallow::Report };
    WholeHistory::new(repo, deltas, shallow)
}

/// The name that people know a repository by: that of its folder.
fn name(repo: &Repo) -> Option<String> {
    let folder = repo.worktree.as_deref().unwrap_or(&repo.common_dir);
    let folder = dunce::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    let name = folder.file_name()?.to_string_lossy().into_owned();
    Some(name.strip_suffix(".git").map(str::to_owned).filter(|name| !name.is_empty()).unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_git_writes_them() {
        let today = Date::parse("2024-03-10").unwrap();
        let days = |days: i64| Some((today.days_since_1970() - days) * DAY);
        for (text, expected) in [
            ("2024-03-10", days(0)),
            ("2024-03-10T00:00:01Z", days(0).map(|time| time + 1)),
            ("2024-03-09 12:30", days(1).map(|time| time + 12 * 3600 + 1800)),
            ("yesterday", days(1)),
            ("2 weeks ago", days(14)),
            ("3.days.ago", days(3)),
            ("1 month", days(31)),
            ("main", None),
            ("v1.2", None),
            ("2024-13-01", None),
            ("-1 days ago", None),
        ] {
            assert_eq!(moment(text, today), expected, "{text}");
        }
    }
}
