//! `abatis baseline create|update|prune|show`: what is known and accepted, kept in a file that people read.
//!
//! Paths in it are relative to the top of the repository. Nothing is written after a scan that could not do its whole job.

use std::{
    fs,
    hash::{BuildHasher as _, RandomState},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use bstr::{BString, ByteSlice as _, ByteVec as _};

use super::{
    args::{BaselineArgs, BaselineCommand, BaselineScan},
    edge::Edge,
    exit::Exit,
    install::git::Git,
    load,
    run::{self, Job},
    scan,
};
use crate::{
    filter::{
        Filter,
        baseline::{Baseline, Entry, FILE_NAME, Terms},
        date::Date,
    },
    finding::Finding,
    pipeline::Outcome,
    report::Mode,
    source::{Source, files::Files},
};

/// The reason of entries that nobody gave one for: it says what is the case, and can be looked for.
const NOT_REVIEWED: &str = "not reviewed";

/// What a command works on.
struct Work<'w> {
    edge: &'w Edge,
    options: &'w BaselineScan,
    /// The baseline's file.
    file: PathBuf,
    /// What paths are relative to.
    top: PathBuf,
    terms: Terms,
}

/// Runs `abatis baseline …`.
pub(crate) fn run(args: &BaselineArgs, edge: &Edge) -> Result<Exit> {
    let (BaselineCommand::Create(options)
    | BaselineCommand::Update(options)
    | BaselineCommand::Prune(options)
    | BaselineCommand::Show(options)) = &args.command;
    let terms = terms(options)?;
    let top = edge.repository().ok().and_then(|repo| repo.worktree);
    let job = Job {
        mode: Mode::Scan,
        common: &options.common,
        top: top.as_deref(),
        sources: sources(options, top.as_deref(), edge)?,
        today: None,
        subject: None,
    };
    let config = load::load(job.common, job.top, edge)?;
    let file = run::baseline_path(edge, &job, &config).context("no baseline to work on")?;
    let known = run::baseline(edge, &job, &config)?;
    let known = match (&args.command, known) {
        (BaselineCommand::Create(_), Some(_)) => {
            bail!("{}: is there already; add to it with `abatis baseline update`", file.display())
        }
        (BaselineCommand::Create(_) | BaselineCommand::Update(_), None) => Baseline::new(&salt(), None),
        (_, Some(known)) => known,
        (_, None) => bail!("{}: is not there; `abatis baseline create` makes it", file.display()),
    };
    let done = run::scan_with(edge, &job, &config, Some(known))?;
    let mut out = io::stdout().lock();
    if done.outcome.is_incomplete() {
        for problem in &done.outcome.problems {
            say(&mut out, &format!("problem: {}", plain(&problem.to_string())))?;
        }
        bail!("the scan could not do its whole job, so {} stays as it is", file.display());
    }
    let filter = &done.plan.filter;
    let work = Work { edge, options, file, top: top.unwrap_or_else(|| edge.folder.clone()), terms };
    match args.command {
        BaselineCommand::Create(_) | BaselineCommand::Update(_) => {
            work.record(filter, &done.outcome, &mut out)?;
        }
        BaselineCommand::Prune(_) => work.prune(filter, &mut out)?,
        BaselineCommand::Show(_) => work.show(filter, &mut out)?,
    }
    Ok(Exit::Clean)
}

/// The paths that were named, else the whole repository.
fn sources(options: &BaselineScan, top: Option<&Path>, edge: &Edge) -> Result<Vec<Box<dyn Source + Sync>>> {
    let mut roots = options.paths.clone();
    let whole = top.filter(|_| roots.is_empty()).map(Path::to_owned);
    let tracked = scan::tracked(whole.as_ref().map_or(&roots[..], std::slice::from_ref), edge)?;
    if roots.is_empty() {
        if let Some(top) = top {
            // Paths are then relative to the top, wherever the command was given.
            std::env::set_current_dir(top)
                .with_context(|| format!("{}: cannot be entered", top.display()))?;
        }
        roots.push(PathBuf::from("."));
    }
    Ok(vec![Box::new(Files::new(roots).tracked(tracked).threads(options.common.threads))])
}

fn baseline_of(filter: &Filter) -> Result<&Baseline> {
    filter.baseline().context("the scan was done without the baseline (--no-baseline)")
}

impl Work<'_> {
    fn record(&self, filter: &Filter, outcome: &Outcome, out: &mut dyn Write) -> Result<()> {
        let known = baseline_of(filter)?;
        let before = known.entries().len();
        if before > 0 && known.key_id() != filter.key_id().as_deref() {
            bail!("{}: was made with another fingerprint key, or without one", self.file.display());
        }
        let mut new = Baseline::new(known.salt(), filter.key_id());
        // What the file holds comes first, so that its terms stay.
        let (old, _) = Baseline::parse(known.to_text(|_| true).as_bytes(), "");
        old.into_entries().into_iter().for_each(|entry| new.add(entry));
        for finding in &outcome.findings {
            new.renew(Entry::new(finding, self.path(finding), &self.terms), self.edge.today);
        }
        write(&self.file, &new.to_text(|_| true))?;
        let (added, all) = (new.entries().len() - before, new.entries().len());
        say(out, &format!("{}: {added} added, {all} in all", self.file.display()))?;
        self.advice(&new, out)
    }

    fn prune(&self, filter: &Filter, out: &mut dyn Write) -> Result<()> {
        let known = baseline_of(filter)?;
        let keep = |entry: &Entry| entry.is_used() || !self.looked_at(entry);
        let stale: Vec<_> = known.entries().iter().filter(|entry| !keep(entry)).collect();
        for entry in &stale {
            say(out, &format!("no longer found: {}", plain(&entry.text())))?;
        }
        if !stale.is_empty() {
            write(&self.file, &known.to_text(keep))?;
        }
        let left = known.entries().len() - stale.len();
        say(out, &format!("{}: {} dropped, {left} left", self.file.display(), stale.len()))
    }

    fn show(&self, filter: &Filter, out: &mut dyn Write) -> Result<()> {
        let known = baseline_of(filter)?;
        let (mut stale, mut expired) = (0, 0);
        for entry in known.entries() {
            let state = if !entry.is_used() && self.looked_at(entry) {
                stale += 1;
                "stale"
            } else if entry.is_expired(self.edge.today) {
                expired += 1;
                "expired"
            } else {
                "holds"
            };
            say(out, &format!("{state:8} {}", plain(&entry.text())))?;
        }
        let all = known.entries().len();
        say(out, &format!("{}: {all} in all, {expired} expired, {stale} stale", self.file.display()))?;
        self.advice(known, out)
    }

    /// The path of a finding from the top.
    fn path(&self, finding: &Finding) -> BString {
        let shown = finding.path();
        if self.options.paths.is_empty() {
            return shown;
        }
        let full = shown.to_path().ok().and_then(|path| std::path::absolute(path).ok());
        let inside = full.as_deref().and_then(|full| full.strip_prefix(&self.top).ok());
        let bytes = inside.and_then(|inside| Vec::from_path_buf(inside.to_owned()).ok());
        bytes
            .map_or(shown, |bytes| if cfg!(windows) { bytes.replace("\\", "/").into() } else { bytes.into() })
    }

    /// True if the scan was about the entry's path, so that not finding it means something.
    fn looked_at(&self, entry: &Entry) -> bool {
        let Ok(path) = entry.path.to_path() else { return self.options.paths.is_empty() };
        let full = self.top.join(path);
        let covers = |scanned: &PathBuf| {
            dunce::canonicalize(scanned).is_ok_and(|scanned| {
                full.starts_with(&scanned)
                    || dunce::canonicalize(&full).is_ok_and(|full| full.starts_with(scanned))
            })
        };
        self.options.paths.is_empty() || self.options.paths.iter().any(covers)
    }

    fn advice(&self, known: &Baseline, out: &mut dyn Write) -> Result<()> {
        let unseen = known.entries().iter().filter(|entry| entry.reason == NOT_REVIEWED).count();
        if unseen > 0 {
            say(out, &format!("{unseen} {NOT_REVIEWED}: look at them, and write the reason after #"))?;
        }
        let attribute =
            Git::new(&self.top).and_then(|git| git.ask(&["check-attr", "merge", "--", FILE_NAME]));
        if attribute.is_ok_and(|answer| !answer.ends_with(b"union")) {
            say(
                out,
                &format!("to merge it without conflicts: echo '{FILE_NAME} merge=union' >> .gitattributes"),
            )?;
        }
        Ok(())
    }
}

fn terms(options: &BaselineScan) -> Result<Terms> {
    let until = options.until.as_deref().map(str::parse::<Date>).transpose();
    Ok(Terms {
        reason: options.reason.clone().unwrap_or_else(|| NOT_REVIEWED.to_owned()),
        owner: options.owner.clone(),
        until: until.with_context(|| format!("--until {}", options.until.as_deref().unwrap_or_default()))?,
    })
}

/// Sixteen bytes that no other baseline has. They need not be secret, only different.
fn salt() -> Vec<u8> {
    let random = RandomState::new();
    [random.hash_one(0), random.hash_one(1)].into_iter().flat_map(u64::to_le_bytes).collect()
}

/// Writes beside and renames, so that a half-written baseline never stands.
fn write(file: &Path, text: &str) -> Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = file.with_file_name(name);
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, file))
        .with_context(|| format!("{}: cannot be written", file.display()))
}

fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A reader that goes away early is no error.
fn say(out: &mut dyn Write, line: &str) -> Result<()> {
    match writeln!(out, "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
