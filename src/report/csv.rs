//! CSV as RFC 4180 has it: a header, one row a finding (of an audit: a secret, so that the column
//! `fingerprint` is a key), then what made the run incomplete.
//!
//! Safe to open in a spreadsheet: no cell is a formula.

use std::io::{self, Write};

use crate::{
    finding::{Finding, exposure::Exposure},
    report::{Format, Input, Mode, group, plain, view, view::View},
};

pub(crate) const FORMAT: Format =
    Format { name: "csv", title: "CSV (RFC 4180)", extension: "csv", writer: write };

const COLUMNS: [&str; 29] = [
    "kind",
    "rule",
    "title",
    "severity",
    "confidence",
    "risk",
    "blocking",
    "path",
    "line",
    "column",
    "end_line",
    "end_column",
    "commit",
    "redacted",
    "fingerprint",
    "note",
    "suppression",
    "message",
    "secret",
    "state",
    "since",
    "since_commit",
    "since_author",
    "removed",
    "removed_commit",
    "days",
    "versions",
    "paths",
    "refs",
];

/// Columns that tell what history says.
const EXPOSURE_COLUMNS: usize = 10;

fn write(input: Input<'_>, target: &mut dyn Write) -> io::Result<()> {
    let view = View::new(input);
    // What history says has columns in an audit only.
    let audit = view.options().mode == Mode::Audit;
    let columns = if audit { COLUMNS.len() } else { COLUMNS.len() - EXPOSURE_COLUMNS };
    let mut row = |cells: &[String]| row(&cells[..columns], target);
    row(&COLUMNS.map(str::to_owned))?;
    if audit {
        for group in group::group(&view.outcome().findings) {
            row(&cells(&view, group.first))?;
        }
        for finding in view.suppressed() {
            row(&cells(&view, finding))?;
        }
    } else {
        for finding in view.findings() {
            row(&cells(&view, finding))?;
        }
    }
    for (subject, message) in view.problems() {
        row(&remark("problem", &subject, &message))?;
    }
    for reason in view.incomplete() {
        row(&remark("incomplete", "", &reason))?;
    }
    for warning in view.warnings() {
        row(&remark("warning", "", &warning))?;
    }
    Ok(())
}

fn cells(view: &View<'_>, finding: &Finding) -> [String; COLUMNS.len()] {
    let has_line = finding.start.line > 0;
    let number = |number: usize| if has_line { number.to_string() } else { String::new() };
    let (end_line, end_column) = view::end(finding);
    let kind = if finding.suppression.is_some() { "suppressed" } else { "finding" };
    let own = [
        kind.to_owned(),
        view.text(finding.rule.as_str()),
        view.text(finding.title.as_bytes()),
        finding.severity.to_string(),
        finding.confidence.to_string(),
        format!("{} {}", finding.risk.number(), finding.risk.title()),
        finding.blocking.to_string(),
        view.path(finding),
        number(finding.start.line),
        number(view::column(finding.start)),
        number(end_line),
        end_column.map(number).unwrap_or_default(),
        finding.origin.commit.map(|id| id.to_string()).unwrap_or_default(),
        view.redacted(finding).unwrap_or_default(),
        finding.fingerprint.to_string(),
        finding.note.as_ref().map(|note| view.text(note)).unwrap_or_default(),
        finding.suppression.as_ref().map(|it| view.suppression(it)).unwrap_or_default(),
        String::new(),
        view.secret(finding).map(plain::line).unwrap_or_default(),
    ];
    let exposure = view.exposure(finding).filter(|_| finding.suppression.is_none());
    let cells = own.into_iter().chain(exposure.map(|it| exposed(view, it)).unwrap_or_default());
    let mut all: [String; COLUMNS.len()] = Default::default();
    all.iter_mut().zip(cells).for_each(|(cell, text)| *cell = text);
    all
}

/// What history says, from the column `state` on.
fn exposed(view: &View<'_>, exposure: &Exposure) -> [String; EXPOSURE_COLUMNS] {
    let (since, removed) = (exposure.since.as_deref(), exposure.removed.as_deref());
    [
        exposure.state.name().to_owned(),
        since.map(|it| view::date(it.time)).unwrap_or_default(),
        since.map(|it| it.commit.to_string()).unwrap_or_default(),
        since.map(|it| view.text(&it.author)).unwrap_or_default(),
        removed.map(|it| view::date(it.time)).unwrap_or_default(),
        removed.map(|it| it.commit.to_string()).unwrap_or_default(),
        view.days(exposure).map(|days| days.to_string()).unwrap_or_default(),
        exposure.versions.to_string(),
        exposure.paths.len().to_string(),
        exposure.refs_total.to_string(),
    ]
}

/// A row that is no finding: only its kind, path and message are filled.
fn remark(kind: &str, path: &str, message: &str) -> [String; COLUMNS.len()] {
    let mut cells: [String; COLUMNS.len()] = Default::default();
    for (cell, column) in cells.iter_mut().zip(COLUMNS) {
        match column {
            "kind" => kind.clone_into(cell),
            "path" => path.clone_into(cell),
            "message" => message.clone_into(cell),
            _ => {}
        }
    }
    cells
}

fn row(cells: &[String], target: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<_> = cells.iter().map(|text| cell(text)).collect();
    write!(target, "{}\r\n", cells.join(","))
}

/// Quotes a cell where needed. One that a spreadsheet would take for a formula starts with `'`.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let safe = if formula { format!("'{text}") } else { text.to_owned() };
    if formula || safe.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        for (text, expected) in [
            ("a b", "a b"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+2", "\"'=1+2\""),
            ("@x", "\"'@x\""),
            ("-1", "\"'-1\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
