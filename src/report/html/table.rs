//! The table of what was found, one row a secret, each with all that is known of it folded in.
//!
//! Must not need the script: it is a table as it stands, in the order of the other reports.

use std::io::{self, Write};

use super::{chart, class, escape, prose};
use crate::{
    finding::{
        Finding,
        exposure::{Exposure, State},
    },
    report::{
        advice,
        metrics::{Item, Metrics},
        uri,
        view::{self, View},
    },
};

/// Rows written: a browser copes with these; more are in the other formats.
const MOST_ROWS: usize = 5_000;
/// Places and paths listed in one row.
const MOST_PLACES: usize = 50;

/// Writes the table.
pub(super) fn write(view: &View<'_>, metrics: &Metrics<'_>, target: &mut dyn Write) -> io::Result<()> {
    if metrics.items.is_empty() {
        return Ok(());
    }
    let more = metrics.items.len().saturating_sub(MOST_ROWS) as u64;
    let note = if more > 0 {
        format!(
            " The first {}; {} more are in <code>--format json</code>.",
            view::thousands(MOST_ROWS as u64),
            view::thousands(more)
        )
    } else {
        String::new()
    };
    writeln!(
        target,
        "<section class=\"card long\"><h2>Findings</h2><p class=\"sub\">One row a secret; open a row for its places, references \
         and what to do.{note}</p><div class=\"tools\" id=\"tools\"></div><table id=\"findings\"><thead><tr><th>Severity</th>\
         <th>State</th><th>Finding</th><th>Since</th><th>Removed</th><th class=\"r\">Days</th><th class=\"r\">Paths</th></tr>\
         </thead><tbody>"
    )?;
    for item in metrics.items.iter().take(MOST_ROWS) {
        row(view, item, target)?;
    }
    writeln!(target, "</tbody></table></section><br>")
}

fn row(view: &View<'_>, item: &Item<'_>, target: &mut dyn Write) -> io::Result<()> {
    let finding = item.finding();
    let (state, pill) = match item.state {
        State::Open => ("open", "open"),
        State::Removed => ("removed", "closed"),
        State::Unreachable => ("unreachable", "closed"),
    };
    write!(
        target,
        "<tr data-state=\"{state}\"><td class=\"n\" data-v=\"{}\"><span class=\"dot\">{}</span>{}</td><td class=\"n\" data-v=\"{}\">\
         <span class=\"pill {pill}\">{state}</span></td><td class=\"f\">",
        finding.severity as u8,
        chart::swatch(class(finding.severity)),
        finding.severity,
        item.state as u8,
    )?;
    details(view, item, target)?;
    let exposure = view.exposure(finding);
    let day = |day: Option<crate::finding::exposure::Day>| {
        day.map_or_else(String::new, |day| view::date(day.seconds()))
    };
    let days = item.days.map_or_else(String::new, |days| days.to_string());
    let shown = item.days.map_or_else(String::new, view::thousands);
    let paths = exposure.map_or(item.group.findings().count(), |it| it.paths.len().max(1));
    writeln!(
        target,
        "</td><td class=\"n\" data-label=\"Since\">{}</td><td class=\"n\" data-label=\"Removed\">{}</td><td class=\"r\" \
         data-label=\"Days\" data-v=\"{days}\">{shown}</td><td class=\"r\" data-label=\"Paths\" data-v=\"{paths}\">{paths}</td></tr>",
        day(item.since),
        day(item.removed),
    )
}

fn details(view: &View<'_>, item: &Item<'_>, target: &mut dyn Write) -> io::Result<()> {
    let finding = item.finding();
    write!(
        target,
        "<details><summary>{}<span class=\"where\">{}</span></summary>",
        escape(&view.text(finding.title.as_bytes())),
        escape(&view.place(finding)),
    )?;
    let snippet = view.snippet(finding);
    if finding.start.line > 0 && !snippet.text.trim().is_empty() {
        let [before, marked, after] = [
            &snippet.text[..snippet.mark.start],
            &snippet.text[snippet.mark.start..snippet.mark.end],
            &snippet.text[snippet.mark.end..],
        ]
        .map(escape);
        write!(target, "<pre>{before}<mark>{marked}</mark>{}</pre>", after.trim_end())?;
    }
    write!(target, "<dl class=\"more\">")?;
    let mut fact = |name: &str, text: &str| write!(target, "<dt>{name}</dt><dd>{text}</dd>");
    fact("Rule", &format!("<code>{}</code>", escape(&view.text(finding.rule.as_str()))))?;
    fact(
        "Risk",
        &format!("{} {}. {}", finding.risk.number(), finding.risk.title(), escape(advice::why(finding.risk))),
    )?;
    fact("Confidence", &sureness(finding))?;
    if let Some(note) = &finding.note {
        fact("Note", &escape(&view.text(note)))?;
    }
    if let Some(redacted) = view.redacted(finding) {
        fact("Value", &format!("<code>{}</code>", escape(&redacted)))?;
    }
    if let Some(exposure) = view.exposure(finding) {
        for (name, text) in history(view, exposure) {
            fact(name, &text)?;
        }
    }
    fact("Places", &places(view, item))?;
    if let Some((_, rule)) = view.rule(finding) {
        if !rule.help.is_empty() {
            fact("Help", &prose(&view.text(rule.help.as_bytes())))?;
        }
        let docs = view.text(rule.docs.as_bytes());
        if uri::is_web(&docs) {
            let docs = escape(&docs);
            fact("Docs", &format!("<a href=\"{docs}\" rel=\"noreferrer noopener\">{docs}</a>"))?;
        }
    }
    fact("Fingerprint", &format!("<code>{}</code>", finding.fingerprint))?;
    write!(target, "</dl></details>")
}

fn history(view: &View<'_>, exposure: &Exposure) -> Vec<(&'static str, String)> {
    let mut facts = vec![("State", escape(&view.standing(exposure)))];
    facts.extend(exposure.since.as_deref().map(|since| ("Brought in", escape(&view.act(since)))));
    facts.extend(exposure.removed.as_deref().map(|removed| ("Taken out", escape(&view.act(removed)))));
    facts.extend(view.reach(exposure).map(|reach| ("References", escape(&reach))));
    facts.push(("Versions", view::thousands(exposure.versions)));
    facts
}

/// All paths of a secret: with history where there is one, else as they were found.
fn places(view: &View<'_>, item: &Item<'_>) -> String {
    let known = view.exposure(item.finding()).filter(|exposure| !exposure.paths.is_empty());
    let all: Vec<String> = match known {
        Some(exposure) => exposure
            .paths
            .iter()
            .take(MOST_PLACES)
            .map(|path| {
                let state = path.removed.as_deref().map_or_else(
                    || path.state.name().to_owned(),
                    |removed| format!("removed {}", view.act(removed)),
                );
                format!("<code>{}</code> ({})", escape(&view.text(&path.path)), escape(&state))
            })
            .collect(),
        None => item
            .group
            .findings()
            .take(MOST_PLACES)
            .map(|finding| format!("<code>{}</code>", escape(&view.place(finding))))
            .collect(),
    };
    let total = known.map_or_else(|| item.group.findings().count(), |exposure| exposure.paths.len());
    let more = total.saturating_sub(all.len()) as u64;
    let more = if more > 0 { format!("<br>and {} more", view::thousands(more)) } else { String::new() };
    format!("{}{more}", all.join("<br>"))
}

fn sureness(finding: &Finding) -> String {
    let mut words = finding.confidence.to_string();
    if let Some(proof) = finding.proof {
        words.push_str(&format!(", proved offline by <code>{}</code>", escape(proof)));
    }
    if !finding.decoded.is_empty() {
        let chain: Vec<_> = finding.decoded.iter().map(|encoding| encoding.name()).collect();
        words.push_str(&format!(", decoded from {}", chain.join(", then ")));
    }
    words
}
