//! `OpenMetrics` text, for Prometheus: a file for a textfile collector or a push gateway.
//!
//! Follows version 1.0.0 of the specification: families in one block, units in names, label values
//! escaped, `# EOF` at the end. No sample has a timestamp, so that equal outcomes give equal bytes
//! and a scraper sets its own; when the audit was is a figure itself. Series do not vanish: a
//! severity of which nothing is found is there with 0.

use std::io::{self, Write};

use crate::{
    finding::{Severity, exposure::State},
    report::{
        Format, Input, Options,
        metrics::{BOUNDS, Count, Metrics},
        view::View,
    },
};

pub(crate) const FORMAT: Format = Format {
    name: "openmetrics",
    title: "OpenMetrics text, for Prometheus and Grafana",
    extension: "prom",
    writer: write,
};

/// Seconds of a day: the unit of durations is the second.
const DAY: u64 = 86_400;
const STATES: [State; 3] = [State::Open, State::Removed, State::Unreachable];

fn write(input: Input<'_>, target: &mut dyn Write) -> io::Result<()> {
    let options = Options { show_secrets: false, ..input.options.clone() };
    let view = View::new(Input { options: &options, ..input });
    let metrics = Metrics::of(&view);
    let mut out = Out { target };
    out.family("abatis_build", "info", "", "The program that wrote this.")?;
    out.sample("abatis_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1)?;
    findings(&metrics, &mut out)?;
    durations(&metrics, &mut out)?;
    coverage(&view, &mut out)?;
    writeln!(out.target, "# EOF")
}

fn findings(metrics: &Metrics<'_>, out: &mut Out<'_>) -> io::Result<()> {
    out.family("abatis_secrets", "gauge", "", "Distinct secrets and other findings, by severity and state.")?;
    for (severity, count) in metrics.by_severity.iter().rev() {
        out.states("abatis_secrets", &[("severity", severity.name())], count)?;
    }
    out.family("abatis_risk_secrets", "gauge", "", "The same by cloud risk.")?;
    for (risk, count) in &metrics.by_risk {
        out.states("abatis_risk_secrets", &[("risk", &risk.to_string())], count)?;
    }
    out.family("abatis_rule_secrets", "gauge", "", "The same by rule.")?;
    for (rule, count) in &metrics.by_rule {
        out.states("abatis_rule_secrets", &[("rule", rule.as_str())], count)?;
    }
    out.family(
        "abatis_path_secrets",
        "gauge",
        "",
        "The same by the first part of the path, the most frequent ones.",
    )?;
    for (path, count) in &metrics.by_path {
        out.states("abatis_path_secrets", &[("path", path.as_deref().unwrap_or(""))], count)?;
    }
    Ok(())
}

fn durations(metrics: &Metrics<'_>, out: &mut Out<'_>) -> io::Result<()> {
    let name = "abatis_open_age_seconds";
    out.family(name, "gaugehistogram", "seconds", "Time since the first commit of what is open.")?;
    for severity in Severity::ALL.into_iter().rev() {
        let Some(days) = metrics.open_days_by_severity.get(&severity) else { continue };
        let mut below = 0;
        for (class, number) in days.classes().into_iter().enumerate() {
            below += number;
            let bound = BOUNDS.get(class).map_or("+Inf".to_owned(), |bound| format!("{}.0", bound * DAY));
            let labels = [("severity", severity.name()), ("le", bound.as_str())];
            out.sample("abatis_open_age_seconds_bucket", &labels, below)?;
        }
        let labels = [("severity", severity.name())];
        out.sample("abatis_open_age_seconds_gcount", &labels, days.count())?;
        out.sample("abatis_open_age_seconds_gsum", &labels, days.sum() * DAY)?;
    }
    let name = "abatis_oldest_open_seconds";
    out.family(
        name,
        "gauge",
        "seconds",
        "Time since the first commit of the oldest that is open; 0 if none is.",
    )?;
    for (severity, days) in metrics.open_days_by_severity.iter().rev() {
        out.sample(name, &[("severity", severity.name())], days.max().unwrap_or_default() * DAY)?;
    }
    let name = "abatis_removal_seconds";
    out.family(name, "summary", "seconds", "Time from the first commit to the removal of what was removed.")?;
    let days = &metrics.removal_days;
    for (percent, quantile) in [(50, "0.5"), (90, "0.9")] {
        if let Some(days) = days.quantile(percent) {
            out.sample(name, &[("quantile", quantile)], days * DAY)?;
        }
    }
    out.sample("abatis_removal_seconds_count", &[], days.count())?;
    out.sample("abatis_removal_seconds_sum", &[], days.sum() * DAY)
}

fn coverage(view: &View<'_>, out: &mut Out<'_>) -> io::Result<()> {
    let receipt = &view.outcome().receipt;
    let incomplete = u64::from(view.outcome().is_incomplete());
    let problems = view.outcome().problems.len() as u64;
    for (name, unit, help, number) in [
        ("abatis_scan_incomplete", "", "1 if the run could not do its whole job.", incomplete),
        ("abatis_scan_problems", "", "What could not be read or done.", problems),
        ("abatis_scan_rules", "", "Rules in force.", receipt.rules),
        ("abatis_scan_refs", "", "References looked at.", receipt.refs),
        ("abatis_scan_commits", "", "Commits looked at.", receipt.commits),
        (
            "abatis_scan_contents",
            "",
            "Contents scanned: files, versions, messages, members.",
            receipt.contents,
        ),
        ("abatis_scan_bytes", "bytes", "Bytes of those contents.", receipt.bytes),
        ("abatis_scan_fresh_bytes", "bytes", "Bytes of them that were new.", receipt.fresh_bytes),
        ("abatis_scan_disproved", "", "Matches dropped because an offline proof failed.", receipt.disproved),
    ] {
        out.family(name, "gauge", unit, help)?;
        out.sample(name, &[], number)?;
    }
    if receipt.known > 0 {
        let help = "Contents that an earlier run scanned and that were not read again.";
        out.family("abatis_scan_known_contents", "gauge", "", help)?;
        out.sample("abatis_scan_known_contents", &[], receipt.known)?;
    }
    let reasons = view.incomplete();
    if !reasons.is_empty() {
        out.family("abatis_scan_incomplete_reason", "info", "", "Why the run could not do its whole job.")?;
        for reason in reasons {
            out.sample("abatis_scan_incomplete_reason_info", &[("reason", &reason)], 1)?;
        }
    }
    out.family("abatis_scan_skipped", "gauge", "", "What was not looked at, by reason.")?;
    for (why, number) in &receipt.skipped {
        out.sample("abatis_scan_skipped", &[("reason", why.name())], *number)?;
    }
    out.family("abatis_scan_suppressed", "gauge", "", "Findings not reported, by who said so.")?;
    for (kind, number) in &receipt.suppressed {
        out.sample("abatis_scan_suppressed", &[("by", kind.name())], *number)?;
    }
    let name = "abatis_scan_timestamp_seconds";
    out.family(name, "gauge", "seconds", "The day that ages are counted to, its first moment since 1970.")?;
    match view.outcome().today {
        Some(today) => out.sample(name, &[], today.seconds().max(0).unsigned_abs()),
        None => Ok(()),
    }
}

struct Out<'t> {
    target: &'t mut dyn Write,
}

impl Out<'_> {
    fn family(&mut self, name: &str, kind: &str, unit: &str, help: &str) -> io::Result<()> {
        writeln!(self.target, "# TYPE {name} {kind}")?;
        if !unit.is_empty() {
            writeln!(self.target, "# UNIT {name} {unit}")?;
        }
        writeln!(self.target, "# HELP {name} {}", escape(help))
    }

    /// One sample a state.
    fn states(&mut self, name: &str, labels: &[(&str, &str)], count: &Count) -> io::Result<()> {
        for state in STATES {
            let labels: Vec<_> = labels.iter().copied().chain([("state", state.name())]).collect();
            self.sample(name, &labels, count.of(state))?;
        }
        Ok(())
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) -> io::Result<()> {
        let labels: Vec<_> =
            labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escape(text))).collect();
        if labels.is_empty() {
            writeln!(self.target, "{name} {value}")
        } else {
            writeln!(self.target, "{name}{{{}}} {value}", labels.join(","))
        }
    }
}

/// Backslashes, quotes and line breaks, as the specification has it.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
