//! `abatis pre-receive`: the hook of a server, which lets a push in or refuses it.
//!
//! It fails closed: whatever keeps it from knowing that a push is clean refuses it. It reads no
//! configuration of a user, runs nothing of the repository, and writes nothing into it.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, Read as _},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::{
    args::{self, CommonArgs, PreReceiveArgs},
    edge::Edge,
    exit::Exit,
    gate::{
        self, Budget, Ended,
        glass::{Case, Wish},
        message,
        policy::{self, Class},
        pusher::{self, User},
        record::{Record, Sink},
        trust,
    },
    hook, load, pre_push, run,
};
use crate::{
    config::{
        Config,
        gate::{OnTimeout, RepositoryConfig, parse_duration},
    },
    filter::baseline::Baseline,
    pipeline::{self, Control, Outcome},
    report::{Input, Mode, Options},
    rule::RuleSet,
    source::{
        Source,
        git::{
            push::{
                Packs, Push, PushError,
                held::Held,
                updates::{self, RefUpdate},
            },
            repo::Repo,
            tree_files::TreeFiles,
        },
    },
};

/// Most bytes of ref updates that are read: a million references of usual names.
const MAX_INPUT: u64 = 256 << 20;

/// A push, and all that is needed to look at it.
struct Task {
    edge: Edge,
    args: PreReceiveArgs,
    repo: Repo,
    config: Config,
    updates: Vec<RefUpdate>,
    repositories: Vec<Vec<u8>>,
    user: User,
    control: Arc<Control>,
    on_timeout: OnTimeout,
    /// Whether the time is limited.
    hurry: bool,
    packs: Packs,
}

/// What came of looking at a push.
struct Verdict {
    exit: Exit,
    /// For whoever pushes; empty if there is nothing to say.
    text: String,
    reason: Option<String>,
    report: Option<Value>,
}

/// Runs `abatis pre-receive`.
pub(super) fn pre_receive(args: &PreReceiveArgs, edge: &Edge) -> anyhow::Result<Exit> {
    let started = Instant::now();
    // All of it comes first: a hook that leaves something unread makes git fail in other ways.
    let input = read_input();
    let prefix = pusher::line_prefix();
    match input.and_then(|input| receive(args, edge, &input, started, prefix)) {
        Ok(exit) => Ok(exit),
        Err(error) => {
            let text = format!("abatis: push refused: it could not be looked at.\n{error:#}");
            message::tell(&message::wrap(&text, prefix), prefix);
            Ok(Exit::Incomplete)
        }
    }
}

fn read_input() -> anyhow::Result<Vec<u8>> {
    let mut input = Vec::new();
    let read = io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut input);
    read.context("standard input: the ref updates cannot be read")?;
    if input.len() as u64 > MAX_INPUT {
        bail!("standard input: more than {} MiB of ref updates", MAX_INPUT >> 20);
    }
    Ok(input)
}

fn receive(
    args: &PreReceiveArgs,
    edge: &Edge,
    input: &[u8],
    started: Instant,
    prefix: &str,
) -> anyhow::Result<Exit> {
    let repo = edge.repository()?;
    let updates = updates::receive(input, repo.hash)?;
    if updates.is_empty() {
        bail!("standard input: no ref updates; git gives one line for each reference");
    }
    let config = load::load_server(&args.common, &repo, Vec::new(), &load::read_extended, edge)?;
    policy::check_names(&config)?;
    let whole = budget(args, &config)?;
    let on_timeout = match args.on_timeout {
        Some(args::OnTimeout::Reject) => OnTimeout::Reject,
        Some(args::OnTimeout::Allow) => OnTimeout::Allow,
        None => config.gate.on_timeout.as_ref().map(|setting| setting.value).unwrap_or_default(),
    };
    let record_to = record_sink(args, edge, &config, &repo);
    let control = Arc::new(Control::default());
    let user = pusher::user(config.gate.user_variables.as_ref().map(|setting| setting.value.as_slice()));
    let repositories = pusher::repositories(&repo.git_dir);
    let task = Task {
        edge: edge.clone(),
        args: args.clone(),
        repo,
        config,
        updates: updates.clone(),
        repositories: repositories.clone(),
        user: user.clone(),
        control: Arc::clone(&control),
        on_timeout,
        hurry: whole.is_some(),
        packs: Packs::default(),
    };
    let budget = whole.map(|whole| Budget { whole, started });
    let ended = gate::within(budget, &control, move || task.work());
    let (verdict, failed) = match ended {
        Ended::Done(Ok(verdict)) => (verdict, None),
        Ended::Done(Err(error)) => (refused(None), Some(error)),
        Ended::Stuck => (timed_out(on_timeout, "it did not answer in time"), None),
        Ended::Died => (refused(None), Some(anyhow::anyhow!("internal error; please report it"))),
    };
    if let Some(sink) = record_to {
        let record = Record {
            time: now(),
            repositories: &repositories,
            user: &user,
            updates: &updates,
            verdict: if verdict.exit == Exit::Clean { "accepted" } else { "refused" },
            reason: failed.as_ref().map(|error| format!("{error:#}")).or_else(|| verdict.reason.clone()),
            milliseconds: started.elapsed().as_millis(),
            report: verdict.report,
        };
        sink.write(&record)?;
    }
    if let Some(error) = failed {
        return Err(error);
    }
    message::tell(&verdict.text, prefix);
    Ok(verdict.exit)
}

fn budget(args: &PreReceiveArgs, config: &Config) -> anyhow::Result<Option<Duration>> {
    match &args.budget {
        Some(text) => {
            let whole = parse_duration(text);
            Ok(Some(whole.with_context(|| format!("--budget {text}: give a time such as 4s or 900ms"))?))
        }
        None => Ok(config.gate.budget.as_ref().map(|setting| setting.value)),
    }
}

fn record_sink(args: &PreReceiveArgs, edge: &Edge, config: &Config, repo: &Repo) -> Option<Sink> {
    match &args.record {
        Some(path) => Some(Sink::of(path, |path| edge.absolute(path))),
        None => {
            let setting = config.gate.record.as_ref()?;
            Some(Sink::of(&setting.value, |path| repo.common_dir.join(path)))
        }
    }
}

/// Now, as RFC 3339 in UTC.
pub(super) fn now() -> String {
    hook::time(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

const fn refused(reason: Option<String>) -> Verdict {
    Verdict { exit: Exit::Incomplete, text: String::new(), reason, report: None }
}

fn timed_out(on_timeout: OnTimeout, why: &str) -> Verdict {
    let (exit, what, then) = match on_timeout {
        OnTimeout::Reject => {
            (Exit::Incomplete, "refused", "Push less at once, or ask those who run the server.")
        }
        OnTimeout::Allow => {
            (Exit::Clean, "let in unseen", "Those who run the server can scan it with abatis audit.")
        }
    };
    let text = format!("abatis: push {what}: time ran out.\n{why}. {then}");
    let prefix = pusher::line_prefix();
    Verdict {
        exit,
        text: message::wrap(&text, prefix),
        reason: Some(format!("time ran out: {why}")),
        report: None,
    }
}

impl Task {
    fn work(&self) -> anyhow::Result<Verdict> {
        let olds: Vec<_> = self.updates.iter().filter_map(|update| update.old).collect();
        let classes = policy::classes(&self.config.gate, &self.repositories, &self.updates);
        if classes.is_empty() {
            // References are removed, and nothing comes.
            return Ok(Verdict { exit: Exit::Clean, text: String::new(), reason: None, report: None });
        }
        let mut reports = run::Reports::open(&self.edge, &self.job(&self.args.common))?;
        reports.options = self.options(reports.options);
        let held = Held::by_server(&self.repo, &olds)?;
        let mut whole: Option<(Outcome, RuleSet)> = None;
        let mut remarks = BTreeSet::new();
        for class in &classes {
            let Some((outcome, rules)) = self.look(class, &held, &mut remarks)? else {
                return Ok(timed_out(self.on_timeout, "it is not even known what is new in it"));
            };
            match &mut whole {
                None => whole = Some((outcome, rules)),
                Some((all, _)) => policy::join(all, outcome),
            }
        }
        let (mut outcome, rules) = whole.context("no references are updated")?;
        outcome.warnings.extend(remarks);
        let case = Case {
            config: &self.config,
            repositories: &self.repositories,
            updates: &self.updates,
            user: &self.user,
            today: self.edge.today,
            time: now(),
            log: self.log(),
        };
        let remarks = Wish::read(&pusher::push_options()).grant(&case, &mut outcome)?;
        outcome.warnings.extend(remarks);
        reports.write_files(&outcome, &rules)?;
        self.conclude(&outcome, &rules, &reports.options)
    }

    fn job<'j>(&'j self, common: &'j CommonArgs) -> run::Job<'j> {
        run::Job {
            mode: Mode::Receive,
            common,
            top: Some(&self.repo.common_dir),
            sources: Vec::new(),
            today: None,
            subject: None,
        }
    }

    /// How findings are told to whoever pushes.
    fn options(&self, usual: Options) -> Options {
        Options {
            color: false,
            brief: true,
            comments: self.config.gate.comments.as_ref().is_some_and(|setting| setting.value),
            push_options: !self.config.gate.overrides.is_empty(),
            show_secrets: false,
            width: Some(message::width(pusher::line_prefix())),
            ..usual
        }
    }

    /// Looks at what the references of a class bring; `None` if time ran out before it was known.
    fn look(
        &self,
        class: &Class<'_>,
        held: &Held,
        remarks: &mut BTreeSet<String>,
    ) -> anyhow::Result<Option<(Outcome, RuleSet)>> {
        let (config, rules) = &self.config_of(class)?;
        let push = Push {
            repo: self.repo.clone(),
            tips: class.tips.clone(),
            held: held.clone(),
            reading: pre_push::reading(self.args.read),
            hurry: self.hurry,
            packs: self.packs.clone(),
            others: self.updates.iter().filter_map(|update| update.new).collect(),
            rules: *rules,
        };
        let news = match push.find(&|| self.control.is_cancelled()) {
            Ok(news) => news,
            Err(PushError::Cancelled) => return Ok(None),
            Err(PushError::Source(error)) => return Err(error.into()),
        };
        for name in [crate::config::FILE_NAME, run::BASELINE] {
            if news.touches(name.as_bytes()) {
                remarks.insert(format!(
                    "this push changes {name}, which says what is scanned and what is accepted"
                ));
            }
        }
        let mut common = self.args.common.clone();
        common.no_inline |= !config.gate.comments.as_ref().is_some_and(|setting| setting.value);
        let job = self.job(&common);
        let baseline = match run::baseline(&self.edge, &job, config)? {
            None if self.listen() == RepositoryConfig::Target => self.baseline_of_target(class)?,
            known => known,
        };
        let mut plan = run::plan(&self.edge, &job, config, baseline)?;
        plan.control = Arc::clone(&self.control);
        let source: &(dyn Source + Sync) = &news;
        let mut outcome = pipeline::run(&plan, &[source]);
        if let Some(left) = news.left().filter(|_| self.control.is_cancelled()) {
            outcome.receipt.unfinished = format!("time ran out: {left}");
        } else {
            outcome.receipt.unfinished.clear();
        }
        outcome.warnings.extend(load::warnings(config));
        policy::judge(&mut outcome, &config.rules, *config.scan.fail_on, class);
        Ok(Some((outcome, config.rules.clone())))
    }

    /// What the repository's own configuration may do.
    fn listen(&self) -> RepositoryConfig {
        self.config.gate.repository.as_ref().map(|setting| setting.value).unwrap_or_default()
    }

    /// The configuration for a class of references: the server's, with what their trees add; and a number for
    /// that.
    fn config_of(&self, class: &Class<'_>) -> anyhow::Result<(Config, u64)> {
        let files = TreeFiles::open(&self.repo)?;
        let layers = trust::layers(&self.repo, &files, class, self.listen())?;
        if layers.is_empty() {
            return Ok((self.config.clone(), 0));
        }
        let mut sum = DefaultHasher::new();
        layers.iter().for_each(|layer| (&layer.file, &layer.text).hash(&mut sum));
        let read = |from: &str, name: &str| {
            trust::extended(&files, from, name).unwrap_or_else(|| load::read_extended(from, name))
        };
        let config = load::load_server(&self.args.common, &self.repo, layers, &read, &self.edge)
            .context("what is pushed holds a configuration of abatis that cannot be used")?;
        Ok((config, sum.finish()))
    }

    /// The baseline that the target branch has so far.
    fn baseline_of_target(&self, class: &Class<'_>) -> anyhow::Result<Option<Baseline>> {
        let files = TreeFiles::open(&self.repo)?;
        for target in trust::targets(&self.repo, class)? {
            if let Some((_, text)) = files.read(&target, run::BASELINE.into(), run::MAX_BASELINE)? {
                let name = format!("{}:{}", target.short(), run::BASELINE);
                let (baseline, faults) = Baseline::parse(&text, &name);
                load::refuse(&faults, &name, &String::from_utf8_lossy(&text), &self.edge)?;
                return Ok(Some(baseline));
            }
        }
        Ok(None)
    }

    /// The log of overrides: where the configuration says, else in the repository's folder.
    fn log(&self) -> PathBuf {
        let usual = PathBuf::from("abatis/override.log");
        let configured = self.config.gate.log.as_ref().map(|setting| setting.value.clone());
        self.repo.common_dir.join(configured.unwrap_or(usual))
    }

    fn conclude(&self, outcome: &Outcome, rules: &RuleSet, options: &Options) -> anyhow::Result<Verdict> {
        let late = !outcome.receipt.unfinished.is_empty();
        let mut exit = run::exit(outcome);
        if late
            && self.on_timeout == OnTimeout::Allow
            && outcome.problems.is_empty()
            && outcome.receipt.rules > 0
        {
            exit = if outcome.is_blocking() { Exit::Findings } else { Exit::Clean };
        }
        let written = |name: &str| -> anyhow::Result<Vec<u8>> {
            let mut out = Vec::new();
            (run::format(name)?.writer)(Input { outcome, rules, options }, &mut out)?;
            Ok(out)
        };
        let text = String::from_utf8_lossy(&written(&self.args.common.format)?).into_owned();
        let report = serde_json::from_slice(&written("json")?).ok();
        let verdict = match exit {
            Exit::Clean if late => {
                "abatis: time ran out; the push is let in although not all of it was looked at.\n"
            }
            Exit::Clean => "",
            _ => "abatis: push refused.\n",
        };
        Ok(Verdict { exit, text: format!("{text}{verdict}"), reason: None, report })
    }
}
