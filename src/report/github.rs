//! GitHub workflow commands: annotations on the files of a pull request.
//!
//! A job summary is what `markdown` is for. GitHub shows ten annotations of each level a step,
//! so what says that a run is incomplete comes first, then what blocks.

use std::io::{self, Write};

use crate::{
    finding::{Finding, Severity},
    report::{
        Format, Input,
        group::{self, Group},
        view::{self, View},
    },
};

pub(crate) const FORMAT: Format =
    Format { name: "github", title: "GitHub workflow annotations", extension: "txt", writer: write };

fn write(input: Input<'_>, target: &mut dyn Write) -> io::Result<()> {
    let view = View::new(input);
    let title = property("abatis: incomplete run");
    for reason in view.incomplete() {
        writeln!(target, "::error title={title}::{}", data(&reason))?;
    }
    for (subject, message) in view.problems() {
        writeln!(target, "::error title={title}::{}", data(&format!("{subject}: {message}")))?;
    }
    let groups = group::group(&view.outcome().findings);
    for finding in groups.iter().flat_map(Group::findings) {
        annotation(&view, finding, target)?;
    }
    for finding in view.suppressed() {
        let why = finding.suppression.as_ref().map(|it| view.suppression(it)).unwrap_or_default();
        let place = view.place(finding);
        let text = format!("{} at {place} is suppressed; {why}", view.text(finding.rule.as_str()));
        writeln!(target, "::notice title={}::{}", property("abatis: suppressed"), data(&text))?;
    }
    for warning in view.warnings() {
        writeln!(target, "::warning title=abatis::{}", data(&warning))?;
    }
    Ok(())
}

fn annotation(view: &View<'_>, finding: &Finding, target: &mut dyn Write) -> io::Result<()> {
    let mut properties = vec![format!("file={}", property(&view.path(finding)))];
    if finding.start.line > 0 {
        let (end_line, end_column) = view::end(finding);
        properties.push(format!("line={},endLine={end_line}", finding.start.line));
        // GitHub takes columns only where both ends are on one line.
        if let Some(end_column) = end_column
            && end_line == finding.start.line
        {
            properties.push(format!("col={},endColumn={end_column}", view::column(finding.start)));
        }
    }
    let rule = view.text(finding.rule.as_str());
    let title = format!("{} ({})", view.text(finding.title.as_bytes()), finding.severity);
    properties.push(format!("title={}", property(&title)));
    let mut lines = Vec::new();
    let mut what = format!("{rule}, risk {} {}", finding.risk.number(), finding.risk.title());
    if let Some(redacted) = view.redacted(finding) {
        what.push_str(&format!(": {redacted}"));
    }
    lines.push(what);
    lines.extend(finding.note.as_ref().map(|note| view.text(note)));
    if let Some(commit) = finding.origin.commit {
        lines.push(format!("In commit {}.", commit.short()));
    }
    if let Some((_, rule)) = view.rule(finding) {
        let texts = [&rule.help, &rule.docs];
        lines.extend(texts.into_iter().filter(|it| !it.is_empty()).map(|it| view.text(it.as_bytes())));
    }
    let level = level(finding);
    writeln!(target, "::{level} {}::{}", properties.join(","), data(&lines.join("\n")))
}

/// What blocks is an error; the rest is a warning or a notice, by its severity.
const fn level(finding: &Finding) -> &'static str {
    match finding.severity {
        _ if finding.blocking => "error",
        Severity::Critical | Severity::High | Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    }
}

/// Escapes the text after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
