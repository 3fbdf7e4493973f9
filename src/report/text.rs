//! Text for a terminal and for the messages of hooks.
//!
//! A code frame a secret, then what to do, then what was scanned. Must not print secrets whole
//! unless asked, nor anything that a terminal would obey.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use crate::{
    finding::{Confidence, Finding, RuleId, Severity},
    report::{
        Format, Input, Mode, advice,
        group::{self, Group},
        layout,
        view::{self, View},
    },
    text::Span,
};

pub(crate) const FORMAT: Format =
    Format { name: "text", title: "text for people, with code frames", extension: "txt", writer: write };

/// Width where no terminal tells one.
const WIDTH: usize = 100;
/// Width of what a server sends: git puts `remote: ` before each line of an 80-column terminal.
const REMOTE_WIDTH: usize = 72;
/// Least width: below it, cutting would leave nothing to read.
const LEAST_WIDTH: usize = 40;
/// Further places listed for one secret.
const PLACES: usize = 10;
/// Findings told to whoever pushes to a server, what blocks first; the rest is counted.
const MOST_TO_CLIENTS: usize = 20;
/// Lines shown before and after the line of the mark.
const AROUND: usize = 2;

fn write(input: Input<'_>, target: &mut dyn Write) -> io::Result<()> {
    let view = View::new(input);
    let told = view.options().width;
    let width = match view.options().mode {
        Mode::Receive => told.unwrap_or(REMOTE_WIDTH).min(REMOTE_WIDTH),
        _ => told.unwrap_or(WIDTH),
    };
    let paint = Paint { on: view.options().color };
    let mut text = Text { view: &view, target, paint, width: width.max(LEAST_WIDTH), explained: Vec::new() };
    text.report()
}

/// Escape sequences, or nothing.
#[derive(Clone, Copy)]
struct Paint {
    on: bool,
}

/// The colours used, by meaning.
#[derive(Clone, Copy)]
enum Ink {
    Severe,
    Medium,
    Mild,
    Frame,
    Strong,
}

impl Paint {
    fn text(self, ink: Ink, text: &str) -> String {
        if !self.on || text.is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Severe => "1;31",
            Ink::Medium => "1;33",
            Ink::Mild => "1;36",
            Ink::Frame => "34",
            Ink::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

const fn ink(severity: Severity) -> Ink {
    match severity {
        Severity::Critical | Severity::High => Ink::Severe,
        Severity::Medium => Ink::Medium,
        Severity::Low | Severity::Info => Ink::Mild,
    }
}

struct Text<'w, 'r> {
    view: &'w View<'r>,
    target: &'w mut dyn Write,
    paint: Paint,
    width: usize,
    /// Rules whose help was printed.
    explained: Vec<&'r RuleId>,
}

impl<'r> Text<'_, 'r> {
    fn report(&mut self) -> io::Result<()> {
        let outcome = self.view.outcome();
        let groups = group::group(&outcome.findings);
        let folded = group::folded(group::group(&outcome.findings));
        let most = if self.view.options().mode == Mode::Receive { MOST_TO_CLIENTS } else { folded.len() };
        for group in folded.iter().take(most) {
            self.group(group)?;
        }
        if let Some(more) = folded.get(most..).filter(|more| !more.is_empty()) {
            let blocking = more.iter().filter(|group| group.blocking).count() as u64;
            let more = view::count(more.len() as u64, "more finding", "more findings");
            let blocking = view::count(blocking, "blocks", "block");
            let text =
                format!("{more}, of which {blocking}: `abatis range BASE..HEAD` in your clone shows all.");
            self.wrapped(Ink::Strong, "", &text)?;
            writeln!(self.target)?;
        }
        if !groups.is_empty() {
            self.advice(&groups)?;
        }
        self.suppressed()?;
        for warning in self.view.warnings() {
            self.wrapped(Ink::Medium, "warning: ", &warning)?;
        }
        self.problems()?;
        let clean = groups.is_empty() && !outcome.is_incomplete();
        if clean && self.view.options().brief {
            return Ok(());
        }
        self.summary(&groups)?;
        if self.view.options().brief && !outcome.is_incomplete() {
            return Ok(());
        }
        self.receipt()
    }

    fn group(&mut self, group: &Group<'r>) -> io::Result<()> {
        let finding = group.first;
        self.heading(group)?;
        let gutter = self.frame(finding)?;
        if let Some(note) = &finding.note {
            self.remark(gutter, "note", &self.view.text(note))?;
        }
        if let Some(secret) = self.view.secret(finding) {
            self.remark(gutter, "secret", &crate::report::plain::line(secret))?;
        }
        for other in group.others.iter().take(PLACES) {
            self.remark(gutter, "also in", &self.where_is(other))?;
        }
        if group.others.len() > PLACES {
            let more = (group.others.len() - PLACES) as u64;
            let places = view::count(more, "more place", "more places");
            self.remark(gutter, "also in", &format!("{places}; all are in `--format json`"))?;
        }
        self.exposure(group, gutter)?;
        if let Some(sure) = sureness(finding) {
            self.remark(gutter, "sure", &sure)?;
        }
        self.explain(finding, gutter)?;
        writeln!(self.target)
    }

    /// What history says of the secret as a whole.
    fn exposure(&mut self, group: &Group<'r>, gutter: usize) -> io::Result<()> {
        let view = self.view;
        let Some(exposure) = view.exposure(group.first) else { return Ok(()) };
        let shown: Vec<_> = group.findings().map(Finding::path).collect();
        let further: Vec<_> = exposure.paths.iter().filter(|one| !shown.contains(&one.path)).collect();
        for path in further.iter().take(PLACES) {
            let state = path.removed.as_deref().map_or_else(
                || path.state.name().to_owned(),
                |removed| format!("removed {}", view.act(removed)),
            );
            let since = path.since.as_deref().map(|since| format!("since {}; ", view.act(since)));
            let text = format!("{} ({}{state})", view.text(&path.path), since.unwrap_or_default());
            self.remark(gutter, "also in", &text)?;
        }
        if further.len() > PLACES {
            let more = view::count((further.len() - PLACES) as u64, "more path", "more paths");
            self.remark(gutter, "also in", &format!("{more}; all are in `--format json`"))?;
        }
        self.remark(gutter, "state", &view.standing(exposure))?;
        match view.reach(exposure) {
            Some(reach) => self.remark(gutter, "refs", &reach),
            None => Ok(()),
        }
    }

    /// `critical: Title [rule-id]`.
    fn heading(&mut self, group: &Group<'_>) -> io::Result<()> {
        let finding = group.first;
        let note = if group.blocking { "" } else { " (does not block)" };
        let label = format!("{}{note}: ", finding.severity);
        let title = self.view.text(finding.title.as_bytes());
        let rule = self.view.text(finding.rule.as_str());
        self.wrapped(ink(finding.severity), &label, &format!("{title} [{rule}]"))
    }

    /// The place and the lines around it. Gives the columns of the gutter.
    fn frame(&mut self, finding: &Finding) -> io::Result<usize> {
        let snippet = self.view.snippet(finding);
        let (lines, marked) = lines_of(&snippet.text, snippet.mark);
        let shown = lines.len().min(marked + AROUND + 1);
        let first = marked.saturating_sub(AROUND);
        let last_number = snippet.first_line.saturating_add(shown.saturating_sub(1));
        let has_frame = finding.start.line > 0 && !snippet.text.trim().is_empty();
        let gutter = if has_frame { last_number.to_string().len() } else { 1 };
        let pad = " ".repeat(gutter);
        let arrow = self.paint.text(Ink::Frame, "-->");
        let place = self.where_is(finding);
        let is_long = self.view.options().width.is_some() && gutter + 4 + place.width() > self.width;
        match place.rsplit_once(" (commit ").filter(|_| is_long) {
            Some((path, commit)) => {
                writeln!(self.target, "{pad}{arrow} {path}")?;
                let pad = " ".repeat(gutter + 4);
                for line in layout::wrap(&format!("(commit {commit}"), self.width.saturating_sub(pad.len())) {
                    writeln!(self.target, "{pad}{line}")?;
                }
            }
            None => writeln!(self.target, "{pad}{arrow} {place}")?,
        }
        if !has_frame {
            return Ok(gutter);
        }
        let bar = self.paint.text(Ink::Frame, "|");
        writeln!(self.target, "{pad} {bar}")?;
        let room = self.width.saturating_sub(gutter + 3);
        for (place, &(start, line)) in lines.iter().enumerate().take(shown).skip(first) {
            let number = format!("{:>gutter$}", snippet.first_line.saturating_add(place));
            let number = self.paint.text(Ink::Frame, &number);
            let is_marked = place == marked;
            let mark = if is_marked {
                Span::new(snippet.mark.start - start, snippet.mark.end.saturating_sub(start))
            } else {
                Span::default()
            };
            let fitted = layout::fit(line, mark, room);
            if fitted.text.trim().is_empty() {
                writeln!(self.target, "{number} {bar}")?;
            } else {
                writeln!(self.target, "{number} {bar} {}", fitted.text.trim_end())?;
            }
            if is_marked {
                let carets = "^".repeat(fitted.carets.min(room.saturating_sub(fitted.indent)).max(1));
                let carets = self.paint.text(ink(finding.severity), &carets);
                writeln!(self.target, "{pad} {bar} {}{carets}", " ".repeat(fitted.indent))?;
            }
        }
        Ok(gutter)
    }

    /// Why it matters and what to do, in full for the first finding of a rule.
    fn explain(&mut self, finding: &'r Finding, gutter: usize) -> io::Result<()> {
        let risk = format!("{} {}", finding.risk.number(), finding.risk.title());
        if self.explained.contains(&&finding.rule) {
            return self.remark(gutter, "risk", &format!("{risk}; help as above"));
        }
        self.explained.push(&finding.rule);
        self.remark(gutter, "risk", &format!("{risk}. {}", advice::why(finding.risk)))?;
        if let Some((_, rule)) = self.view.rule(finding) {
            if !rule.help.is_empty() {
                self.remark(gutter, "help", &self.view.text(rule.help.as_bytes()))?;
            }
            if !rule.docs.is_empty() {
                self.remark(gutter, "docs", &self.view.text(rule.docs.as_bytes()))?;
            }
        }
        Ok(())
    }

    /// `= label: text`, wrapped behind the label.
    fn remark(&mut self, gutter: usize, label: &str, text: &str) -> io::Result<()> {
        let before = format!("{} = ", " ".repeat(gutter));
        let indent = before.len() + label.len() + 2;
        let lines = layout::wrap(text, self.width.saturating_sub(indent));
        let sign = self.paint.text(Ink::Frame, "=");
        let label = self.paint.text(Ink::Strong, label);
        for (place, line) in lines.iter().enumerate() {
            if place == 0 {
                writeln!(self.target, "{} {sign} {label}: {line}", " ".repeat(gutter))?;
            } else {
                writeln!(self.target, "{}{line}", " ".repeat(indent))?;
            }
        }
        Ok(())
    }

    fn advice(&mut self, groups: &[Group<'_>]) -> io::Result<()> {
        let title = match self.view.options().mode {
            _ if !self.view.outcome().is_blocking() => "To mend it:",
            Mode::Staged | Mode::Message => "To commit without it:",
            Mode::Push | Mode::Receive => "To push without it:",
            Mode::Scan | Mode::Range | Mode::Audit => "What to do:",
        };
        writeln!(self.target, "{}", self.paint.text(Ink::Strong, title))?;
        for (place, step) in advice::steps(self.view, groups).iter().enumerate() {
            self.item(&format!("{}. ", place + 1), step)?;
        }
        writeln!(self.target, "{}", self.paint.text(Ink::Strong, "If it is meant to be there, say why:"))?;
        for way in advice::allowances(self.view, groups) {
            self.item("- ", &way)?;
        }
        writeln!(self.target)
    }

    fn suppressed(&mut self) -> io::Result<()> {
        for finding in self.view.suppressed() {
            let why = finding.suppression.as_ref().map(|it| self.view.suppression(it));
            let rule = self.view.text(finding.rule.as_str());
            let text = format!(
                "{} {rule} at {}; {}",
                finding.severity,
                self.where_is(finding),
                why.as_deref().unwrap_or("not said by what")
            );
            self.wrapped(Ink::Mild, "suppressed: ", &text)?;
        }
        Ok(())
    }

    fn problems(&mut self) -> io::Result<()> {
        for (subject, message) in self.view.problems() {
            self.wrapped(Ink::Severe, "problem: ", &format!("{subject}: {message}"))?;
        }
        let reasons = self.view.incomplete();
        if reasons.is_empty() {
            return Ok(());
        }
        let title = "INCOMPLETE: do not take what was not reported for clean.";
        writeln!(self.target, "{}", self.paint.text(Ink::Severe, title))?;
        for reason in reasons {
            self.item("- ", &reason)?;
        }
        writeln!(self.target)
    }

    /// One line: how much was found, and whether it blocks.
    fn summary(&mut self, groups: &[Group<'_>]) -> io::Result<()> {
        if groups.is_empty() {
            let rest = if self.view.outcome().is_incomplete() { " in what was looked at" } else { "" };
            return writeln!(self.target, "abatis: no findings{rest}.");
        }
        let number = groups.len() as u64;
        let places: u64 = groups.iter().map(|group| group.findings().count() as u64).sum();
        let mut line = format!("abatis: {}", view::count(number, "finding", "findings"));
        if places != number {
            line.push_str(&format!(" in {}", view::count(places, "place", "places")));
        }
        let by_severity: Vec<_> = Severity::ALL
            .into_iter()
            .rev()
            .map(|severity| (severity, groups.iter().filter(|it| it.first.severity == severity).count()))
            .filter(|&(_, number)| number > 0)
            .map(|(severity, number)| format!("{} {severity}", view::thousands(number as u64)))
            .collect();
        line.push_str(&format!(" ({}): ", by_severity.join(", ")));
        let blocking = groups.iter().filter(|group| group.blocking).count() as u64;
        let what = advice::stopped(self.view.options().mode);
        line.push_str(&match blocking {
            0 => format!("nothing blocks {what}."),
            _ if blocking == number => {
                format!("{} {what}.", if number == 1 { "it blocks" } else { "all block" })
            }
            1 => format!("1 blocks {what}."),
            _ => format!("{} block {what}.", view::thousands(blocking)),
        });
        let ink = if blocking > 0 { Ink::Severe } else { Ink::Medium };
        self.wrapped(ink, "", &line)
    }

    /// What was scanned, skipped and suppressed.
    fn receipt(&mut self) -> io::Result<()> {
        let receipt = &self.view.outcome().receipt;
        let mut parts = vec![format!(
            "scanned {} ({}",
            view::count(receipt.contents, "content", "contents"),
            view::bytes(receipt.bytes)
        )];
        if receipt.fresh_bytes < receipt.bytes {
            parts[0].push_str(&format!(", {} of it new", view::bytes(receipt.fresh_bytes)));
        }
        parts[0].push(')');
        if receipt.commits > 0 {
            parts[0].push_str(&format!(" of {}", view::count(receipt.commits, "commit", "commits")));
        }
        if receipt.refs > 0 {
            parts[0].push_str(&format!(" in {}", view::count(receipt.refs, "ref", "refs")));
        }
        parts[0].push_str(&format!(" with {}", view::count(receipt.rules, "rule", "rules")));
        let skipped = receipt.skipped.iter().map(|(why, number)| (*number, why.name()));
        parts.extend(listed("skipped", skipped));
        let suppressed = receipt.suppressed.iter().map(|(kind, number)| (*number, kind.name()));
        parts.extend(listed("suppressed", suppressed));
        if receipt.disproved > 0 {
            parts.push(format!("disproved {}", view::thousands(receipt.disproved)));
        }
        let problems = self.view.outcome().problems.len() as u64;
        if problems > 0 {
            parts.push(view::count(problems, "problem", "problems"));
        }
        self.wrapped(Ink::Frame, "abatis: ", &format!("{}.", parts.join("; ")))?;
        if !receipt.scope.is_empty() {
            let scope = self.view.text(&receipt.scope);
            self.wrapped(Ink::Frame, "abatis: ", &format!("looked at {scope} only."))?;
        }
        for note in &receipt.notes {
            let note = self.view.text(note);
            self.wrapped(Ink::Frame, "abatis: ", &note)?;
        }
        Ok(())
    }

    /// The place of a finding with its commit.
    fn where_is(&self, finding: &Finding) -> String {
        let place = self.view.place(finding);
        if let Some(history) = self.view.history(finding) {
            return format!("{place} ({history})");
        }
        match finding.origin.commit {
            Some(commit) => format!("{place} (commit {})", commit.short()),
            None => place,
        }
    }

    /// An indented item of a list.
    fn item(&mut self, sign: &str, text: &str) -> io::Result<()> {
        let indent = 2 + sign.len();
        for (place, line) in layout::wrap(text, self.width - indent).iter().enumerate() {
            if place == 0 {
                writeln!(self.target, "  {sign}{line}")?;
            } else {
                writeln!(self.target, "{}{line}", " ".repeat(indent))?;
            }
        }
        Ok(())
    }

    /// A coloured label and a text, wrapped below itself. Without a label the text is coloured.
    fn wrapped(&mut self, ink: Ink, label: &str, text: &str) -> io::Result<()> {
        let indent = if label.is_empty() { 2 } else { label.width().min(4) };
        let mut lines = layout::wrap(&format!("{label}{text}"), self.width - indent).into_iter();
        let first = lines.next().unwrap_or_default();
        match first.strip_prefix(label) {
            Some(rest) if !label.is_empty() => {
                writeln!(self.target, "{}{rest}", self.paint.text(ink, label))?;
            }
            _ => writeln!(self.target, "{}", self.paint.text(ink, &first))?,
        }
        for line in lines {
            writeln!(self.target, "{}{line}", " ".repeat(indent))?;
        }
        Ok(())
    }
}

/// How sure, by what proof, and how the value was hidden; nothing where it is plain.
fn sureness(finding: &Finding) -> Option<String> {
    let is_plain = finding.proof.is_none() && finding.decoded.is_empty();
    if finding.confidence == Confidence::High && is_plain {
        return None;
    }
    let mut words = format!("{} confidence", finding.confidence);
    if let Some(proof) = finding.proof {
        words.push_str(&format!(", proved offline by {proof}"));
    }
    if !finding.decoded.is_empty() {
        let chain: Vec<_> = finding.decoded.iter().map(|encoding| encoding.name()).collect();
        words.push_str(&format!(", decoded from {}", chain.join(", then ")));
    }
    Some(words)
}

/// `skipped 3 (2 media, 1 too large)`; nothing if there is nothing.
fn listed<'n>(what: &str, numbers: impl Iterator<Item = (u64, &'n str)>) -> Option<String> {
    let mut total = 0;
    let mut parts = Vec::new();
    for (number, name) in numbers.filter(|&(number, _)| number > 0) {
        total += number;
        parts.push(format!("{} {name}", view::thousands(number)));
    }
    (total > 0).then(|| format!("{what} {} ({})", view::thousands(total), parts.join(", ")))
}

/// The lines of a snippet with the offset of each, and which of them holds the mark's start.
fn lines_of(text: &str, mark: Span) -> (Vec<(usize, &str)>, usize) {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        lines.push((start, line.trim_end_matches('\n')));
        start += line.len();
    }
    let marked = lines.iter().rposition(|&(start, _)| start <= mark.start).unwrap_or(0);
    (lines, marked)
}
