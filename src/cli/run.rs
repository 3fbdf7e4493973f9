//! One run: configuration and sources become a plan, its outcome becomes reports and an exit code.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use bstr::{BString, ByteSlice as _};

use super::{args::CommonArgs, edge::Edge, exit::Exit, interrupt, load, progress::Progress};
use crate::{
    config::Config,
    detect::{Limits, Scanner},
    filter::{
        self, Filter,
        baseline::Baseline,
        date::Date,
        inline::{MarkerOptions, Tool},
    },
    finding::exposure::Day,
    pipeline::{self, Control, Gates, Outcome, Place, Plan, Thresholds},
    report::{self, Format, Input, Mode, Options},
    rule::{Gate, RuleSet},
    select::{self, Selector},
    source::{Source, archive, shard::Shard},
};

/// The baseline of a repository, at its top, unless configured otherwise.
pub(crate) const BASELINE: &str = ".abatis-baseline";
/// Longest baseline that is read, in bytes.
pub(super) const MAX_BASELINE: u64 = 64 << 20;

/// What is to be done.
pub(super) struct Job<'j> {
    /// The mode, for advice and for which rules speak.
    pub(super) mode: Mode,
    /// The options of every mode.
    pub(super) common: &'j CommonArgs,
    /// The top of the repository, for its configuration and its baseline.
    pub(super) top: Option<&'j Path>,
    /// Where content comes from.
    pub(super) sources: Vec<Box<dyn Source + Sync>>,
    /// The day that ages are counted to, where any are told.
    pub(super) today: Option<Date>,
    /// The name of what is looked at, for titles.
    pub(super) subject: Option<String>,
}

/// What a run came to.
pub(super) struct Done {
    pub(super) plan: Plan,
    pub(super) outcome: Outcome,
}

/// Runs a job and writes its reports.
pub(super) fn run(edge: &Edge, job: &Job<'_>) -> anyhow::Result<Exit> {
    run_told(edge, job, |_| Vec::new())
}

/// [`run`], with remarks on what came of it.
pub(super) fn run_told(
    edge: &Edge,
    job: &Job<'_>,
    remarks: impl FnOnce(&Done) -> Vec<String>,
) -> anyhow::Result<Exit> {
    let reports = Reports::open(edge, job)?;
    let mut done = scan(edge, job)?;
    let remarks = remarks(&done);
    done.outcome.warnings.extend(remarks);
    reports.write(&done.outcome, done.plan.scanner.rules())?;
    Ok(exit(&done.outcome))
}

/// Runs a job that is a part of a larger one, and writes its result for the merge. Whether findings block is for the
/// merge to say.
pub(super) fn run_part(edge: &Edge, job: &Job<'_>, shard: Shard) -> anyhow::Result<Exit> {
    if !job.common.report.is_empty() || !matches!(job.common.format.as_str(), "text" | "json") {
        bail!("--shard: a part has a form of its own; choose formats in `abatis merge`");
    }
    let done = scan(edge, job)?;
    let options = Options { subject: job.subject.clone(), mode: job.mode, ..Options::default() };
    let input = Input { outcome: &done.outcome, rules: done.plan.scanner.rules(), options: &options };
    let mut out = BufWriter::new(io::stdout().lock());
    report::shard::write(input, (shard.number, shard.of), &mut out)
        .and_then(|()| out.flush())
        .context("cannot write to standard output")?;
    Ok(if done.outcome.is_incomplete() { Exit::Incomplete } else { Exit::Clean })
}

/// The exit code that an outcome means: incomplete wins over findings.
pub(super) fn exit(outcome: &Outcome) -> Exit {
    if outcome.is_incomplete() {
        Exit::Incomplete
    } else if outcome.is_blocking() {
        Exit::Findings
    } else {
        Exit::Clean
    }
}

/// Runs a job without writing anything.
pub(super) fn scan(edge: &Edge, job: &Job<'_>) -> anyhow::Result<Done> {
    let config = load::load(job.common, job.top, edge)?;
    let baseline = baseline(edge, job, &config)?;
    scan_with(edge, job, &config, baseline)
}

/// [`scan`] with a configuration and a baseline that were read before.
pub(super) fn scan_with(
    edge: &Edge,
    job: &Job<'_>,
    config: &Config,
    baseline: Option<Baseline>,
) -> anyhow::Result<Done> {
    let plan = plan(edge, job, config, baseline)?;
    let sources: Vec<&(dyn Source + Sync)> = job.sources.iter().map(AsRef::as_ref).collect();
    let progress =
        Progress::new(&plan.control, edge.progress && matches!(job.mode, Mode::Scan | Mode::Audit));
    if matches!(job.mode, Mode::Scan | Mode::Audit) {
        interrupt::watch(&plan.control);
    }
    let mut outcome = pipeline::run(&plan, &sources);
    drop(progress);
    outcome.today = job.today.map(day);
    outcome.warnings.extend(load::warnings(config));
    Ok(Done { plan, outcome })
}

/// The plan of a job.
pub(super) fn plan(
    edge: &Edge,
    job: &Job<'_>,
    config: &Config,
    baseline: Option<Baseline>,
) -> anyhow::Result<Plan> {
    let rules = Arc::new(config.rules.clone());
    let settings = &config.scan;
    let exclude = settings.exclude.iter().map(|glob| glob.value.clone()).collect();
    let selector = Selector::new(&select::Options { max_size: *settings.max_size, exclude })
        .map_err(|problem| anyhow::anyhow!("exclude: {problem}"))?;
    let archives = (*settings.archive_depth > 0)
        .then(|| archive::Limits { depth: *settings.archive_depth, ..archive::Limits::default() });
    let filter = filter::Options {
        today: edge.today,
        markers: markers(job.common, config),
        key: key(edge)?,
        baseline,
    };
    Ok(Plan {
        scanner: Scanner::new(Arc::clone(&rules), Limits { decode_depth: *settings.decode_depth }),
        selector,
        filter: Filter::new(rules, filter),
        archives,
        thresholds: Thresholds {
            fail_on: *settings.fail_on,
            min_confidence: *settings.min_confidence,
            gates: gates(job)?,
        },
        place: place(edge, job),
        threads: *settings.threads,
        control: Arc::new(Control::default()),
    })
}

/// The gates that are reported: those asked for, or those of the mode.
fn gates(job: &Job<'_>) -> anyhow::Result<Gates> {
    let asked: Vec<Gate> = job
        .common
        .gate
        .iter()
        .map(|word| {
            Gate::from_name(word)
                .filter(|gate| *gate != Gate::Off)
                .with_context(|| format!("--gate {word}: give block, warn or audit"))
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(match job.mode {
        _ if !asked.is_empty() => Gates::only(&asked),
        Mode::Audit => Gates::AUDIT,
        Mode::Scan => Gates::SCAN,
        _ => Gates::HOOK,
    })
}

/// Where typed paths lie, for scans of files inside a repository.
fn place(edge: &Edge, job: &Job<'_>) -> Option<Place> {
    let slashes = |path: &Path| {
        let bytes = <[u8]>::from_path(path)?;
        Some(BString::from(if cfg!(windows) { bytes.replace(b"\\", b"/") } else { bytes.to_vec() }))
    };
    let top = job.top.filter(|_| job.mode == Mode::Scan)?;
    Place::new(slashes(top)?.as_bstr(), slashes(&edge.folder)?.as_bstr())
}

fn markers(common: &CommonArgs, config: &Config) -> MarkerOptions {
    if common.no_inline {
        return MarkerOptions::none();
    }
    match config.suppress.markers.as_ref() {
        None => MarkerOptions::default(),
        Some(names) => MarkerOptions {
            own: names.iter().any(|name| name == "abatis"),
            tools: names.iter().filter_map(|name| Tool::from_name(name)).collect(),
        },
    }
}

/// The key of fingerprints: `ABATIS_KEY`, or the file that `ABATIS_KEY_FILE` names.
fn key(edge: &Edge) -> anyhow::Result<Option<Vec<u8>>> {
    if let Some(key) = Edge::variable("ABATIS_KEY") {
        return Ok(Some(key.into_encoded_bytes()));
    }
    let Some(file) = Edge::variable("ABATIS_KEY_FILE") else { return Ok(None) };
    let path = edge.absolute(Path::new(&file));
    let key = std::fs::read(&path)
        .with_context(|| format!("{}: cannot read the fingerprint key", path.display()))?;
    if key.trim_ascii().is_empty() {
        bail!("{}: the fingerprint key is empty", path.display());
    }
    Ok(Some(key.trim_ascii().to_vec()))
}

/// Where the baseline of this run is, whether or not there is one.
pub(super) fn baseline_path(edge: &Edge, job: &Job<'_>, config: &Config) -> Option<PathBuf> {
    if let Some(path) = &job.common.baseline {
        return Some(edge.absolute(path));
    }
    let name = config.baseline.value.clone().unwrap_or_else(|| PathBuf::from(BASELINE));
    Some(job.top.map_or_else(|| edge.absolute(&name), |top| top.join(&name)))
}

/// Reads the baseline. One that was named must be there; the usual one need not.
pub(super) fn baseline(edge: &Edge, job: &Job<'_>, config: &Config) -> anyhow::Result<Option<Baseline>> {
    if job.common.no_baseline {
        return Ok(None);
    }
    let Some(path) = baseline_path(edge, job, config) else { return Ok(None) };
    let shown = path.display();
    let text = match load::read_limited(&path, MAX_BASELINE) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && job.common.baseline.is_none() => {
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| format!("{shown}: cannot read the baseline")),
    };
    let (baseline, faults) = Baseline::parse(&text, &shown.to_string());
    load::refuse(&faults, &shown.to_string(), &String::from_utf8_lossy(&text), edge)?;
    Ok(Some(baseline))
}

/// Where reports go: opened before the scan, so that a bad path costs no time.
pub(super) struct Reports {
    format: &'static Format,
    files: Vec<(&'static Format, PathBuf, File)>,
    /// How findings are told, on standard output and, but for what only a terminal has, in files.
    pub(super) options: Options,
    quiet: bool,
}

impl Reports {
    pub(super) fn open(edge: &Edge, job: &Job<'_>) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for wanted in &job.common.report {
            let Some((name, file)) = wanted.split_once('=').filter(|(_, file)| !file.is_empty()) else {
                bail!("--report {wanted}: give a format and a file, such as sarif=out.sarif");
            };
            let path = edge.absolute(Path::new(file));
            let opened = File::create(&path)
                .with_context(|| format!("{}: cannot write the report", path.display()))?;
            files.push((format(name)?, path, opened));
        }
        let options = Options {
            color: edge.color,
            show_suppressed: job.common.show_suppressed,
            show_secrets: job.common.show_secrets,
            width: edge.width,
            mode: job.mode,
            brief: edge.quiet || matches!(job.mode, Mode::Staged | Mode::Message | Mode::Push),
            comments: true,
            push_options: false,
            root: None,
            subject: job.subject.clone(),
        };
        Ok(Self { format: format(&job.common.format)?, files, options, quiet: edge.quiet })
    }

    /// Writes the reports that go to files.
    pub(super) fn write_files(&mut self, outcome: &Outcome, rules: &RuleSet) -> anyhow::Result<()> {
        let plain = Options { color: false, width: None, brief: false, ..self.options.clone() };
        for (format, path, file) in self.files.drain(..) {
            let mut out = BufWriter::new(file);
            (format.writer)(Input { outcome, rules, options: &plain }, &mut out)
                .and_then(|()| out.flush())
                .with_context(|| format!("{}: cannot write the report", path.display()))?;
        }
        Ok(())
    }

    /// Writes all reports.
    pub(super) fn write(mut self, outcome: &Outcome, rules: &RuleSet) -> anyhow::Result<()> {
        self.write_files(outcome, rules)?;
        let nothing = outcome.findings.is_empty() && !outcome.is_incomplete();
        if self.quiet && self.format.name == "text" && nothing {
            return Ok(());
        }
        let mut out = BufWriter::new(io::stdout().lock());
        let written = (self.format.writer)(Input { outcome, rules, options: &self.options }, &mut out)
            .and_then(|()| out.flush());
        match written {
            // Whoever read it has read enough; the exit code stays what it is.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to standard output"),
        }
    }
}

/// All that decides what is told of what is found, beside the plan's own: remarks that count, the key of fingerprints,
/// and the baseline.
pub(super) fn told_by(edge: &Edge, job: &Job<'_>, config: &Config) -> anyhow::Result<String> {
    use sha2::{Digest as _, Sha256};
    let hex =
        |bytes: &[u8]| -> String { Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect() };
    let key = key(edge)?.map(|key| hex(&key));
    let path = if job.common.no_baseline { None } else { baseline_path(edge, job, config) };
    let baseline = path.and_then(|path| load::read_limited(&path, MAX_BASELINE).ok()).map(|text| hex(&text));
    Ok(format!("{:?} {key:?} {baseline:?}", markers(job.common, config)))
}

/// A day, as ages are counted to it.
pub(super) const fn day(date: Date) -> Day {
    Day(date.days_since_1970())
}

/// The format of that name.
pub(super) fn format(name: &str) -> anyhow::Result<&'static Format> {
    report::find(name).with_context(|| {
        let known: Vec<&str> = report::FORMATS.iter().map(|format| format.name).collect();
        format!("unknown format `{name}`; there are {}", known.join(", "))
    })
}
