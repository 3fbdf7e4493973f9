//! `abatis merge FILE…`: the parts of a sharded audit as one report, as if it had been one run.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, bail};

use super::{
    args::MergeArgs,
    audit,
    edge::Edge,
    exit::Exit,
    load,
    run::{self, Job, Reports},
};
use crate::{
    pipeline::{self, Outcome},
    report::{Mode, shard},
    secret::Secret,
    source::git::history::WholeHistory,
};

/// `abatis merge`.
pub(super) fn merge(args: &MergeArgs, edge: &Edge) -> anyhow::Result<Exit> {
    let repo = audit::repository(args.repo.as_deref(), edge).context(
        "what history says of the findings takes the repository (a clone without blobs will do, but for since when \
         settings are there): --repo",
    )?;
    let top = repo.worktree.clone();
    let config = load::load(&args.common, top.as_deref(), edge)?;
    if args.common.show_secrets {
        bail!("the results of parts hold no secrets, so --show-secrets cannot show any");
    }
    let (subject, parts) = read(args, edge, &config)?;
    let (refs, commits) = (parts[0].receipt.refs, parts[0].receipt.commits);
    if let Some(other) =
        parts.iter().find(|part| (part.receipt.refs, part.receipt.commits) != (refs, commits))
    {
        bail!(
            "the parts did not look at the same history: one saw {commits} commits in {refs} references, another {} in {}; \
             run all parts on one state",
            other.receipt.commits,
            other.receipt.refs
        );
    }
    let source = audit::history(repo, false, true);
    let job = Job {
        mode: Mode::Audit,
        common: &args.common,
        top: top.as_deref(),
        sources: Vec::new(),
        today: None,
        subject,
    };
    let reports = Reports::open(edge, &job)?;
    let plan = run::plan(edge, &job, &config, run::baseline(edge, &job, &config)?)?;
    let mut outcome = pipeline::join(parts, &[&source], Some(&plan));
    learn_values(&mut outcome, &source);
    reports.write(&outcome, &config.rules)?;
    Ok(run::exit(&outcome))
}

/// Reads what was found in messages again: parts hold no values, and the name of whoever made a commit, which reports
/// tell beside it, may hold one that is to be hidden there.
fn learn_values(outcome: &mut Outcome, history: &WholeHistory) {
    // Where this fails, no history was told either.
    let Ok(objects) = history.repo.objects() else { return };
    for finding in outcome.findings.iter_mut().chain(&mut outcome.suppressed) {
        let text = finding.origin.object;
        let text = text.and_then(|id| WholeHistory::message(&objects, &id, finding.origin.kind));
        let value = text.as_ref().and_then(|text| text.get(finding.span.start..finding.span.end));
        if let Some(value) = value.filter(|_| finding.decoded.is_empty() && !finding.secret.is_empty()) {
            finding.secret = Secret::new(value);
        }
    }
}

/// Reads all parts: each once, and none missing.
fn read(
    args: &MergeArgs,
    edge: &Edge,
    config: &crate::config::Config,
) -> anyhow::Result<(Option<String>, Vec<Outcome>)> {
    let mut parts = Vec::new();
    for file in &args.files {
        let shown = file.display();
        let text =
            fs::read(edge.absolute(file)).with_context(|| format!("{shown}: cannot read this part"))?;
        let (head, outcome) =
            shard::read(&text, &config.rules).map_err(|what| anyhow::anyhow!("{shown}: {what}"))?;
        parts.push((head, outcome));
    }
    parts.sort_by_key(|(head, _)| head.number);
    let Some((first, _)) = parts.first() else { bail!("name the results of all parts") };
    let (of, subject) = (first.of, first.subject.clone());
    if parts.iter().any(|(head, _)| head.of != of) {
        bail!("these are parts of runs that were split differently");
    }
    let numbers: BTreeSet<u64> = parts.iter().map(|(head, _)| head.number).collect();
    let missing: Vec<String> =
        (1..=of).filter(|number| !numbers.contains(number)).map(|number| format!("{number}/{of}")).collect();
    if !missing.is_empty() {
        bail!("parts are missing: {}; without them the report would not be whole", missing.join(", "));
    }
    if parts.len() as u64 != of {
        bail!("a part is named twice");
    }
    Ok((subject, parts.into_iter().map(|(_, outcome)| outcome).collect()))
}
