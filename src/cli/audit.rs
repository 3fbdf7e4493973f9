//! `abatis audit`: which repositories, which part of their histories, and what is done with the outcome.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};

use super::{
    args::{AuditArgs, ScopeArgs},
    edge::Edge,
    exit::Exit,
    rewrite::Rewrite,
    run::{self, Job, Reports},
};
use crate::{
    filter::date::Date,
    report::Mode,
    source::{
        Source,
        git::{
            environment::Environment,
            history::{
                Deltas, Shallow, WholeHistory,
                scope::{Refs, Scope, Since},
            },
            repo::{Repo, discover},
        },
        shard::{Shard, Sharded},
    },
};

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
    let repo = repository(path.as_deref(), edge)?;
    let rewrite = args.rewrite_plan.as_ref().map(|path| Rewrite::open(&edge.absolute(path))).transpose()?;
    let top = repo.worktree.clone();
    let subject = name(&repo);
    let mut source = history(repo.clone(), args.no_delta, args.allow_shallow);
    if !scope.is_whole() {
        source.chosen = Some(Arc::new(scope.resolve(&repo)?));
    }
    let source: Box<dyn Source + Sync> = match shard {
        Some(_) if !scope.is_whole() => {
            bail!("--shard splits all of a history; leave out what limits it: {scope}")
        }
        Some(shard) => Box::new(Sharded { source: Box::new(source), shard }),
        None => Box::new(source),
    };
    let sources: Vec<Box<dyn Source + Sync>> = vec![source];
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
    let mut done = run::scan(edge, &job)?;
    describe(&mut done.outcome, &scope);
    reports.write(&done.outcome, done.plan.scanner.rules())?;
    if let Some(rewrite) = rewrite {
        rewrite.write(&done, &repo)?;
    }
    Ok(run::exit(&done.outcome))
}

/// Says in the receipt what the run was limited to, and if that was nothing.
fn describe(outcome: &mut crate::pipeline::Outcome, scope: &Scope) {
    outcome.receipt.scope = scope.to_string();
    if !scope.is_whole() && outcome.receipt.commits == 0 && outcome.receipt.contents == 0 {
        outcome
            .warnings
            .push(format!("{scope}: nothing in this repository is new there, so nothing was looked at"));
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

/// The repository that was named, or the one around the current folder.
pub(super) fn repository(path: Option<&Path>, edge: &Edge) -> anyhow::Result<Repo> {
    match path {
        // The environment of a hook names the repository around it, not the one that was asked for.
        Some(path) => {
            let environment = Environment { home: edge.git.home.clone(), ..Environment::default() };
            Ok(discover(&edge.absolute(path), &environment)?)
        }
        None => Ok(edge.repository()?),
    }
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
    let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
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
