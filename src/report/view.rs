//! What all formats share: the texts of an outcome without secrets and ready to be shown.
//!
//! Every text that comes from scanned content, from a path or from a person goes through here.
//! The pipeline redacts snippets already; a second look is taken because a secret may also
//! stand in a path, in a remark or in the reason of a suppression. Must not write anything.

use std::collections::{HashMap, HashSet};

use bstr::ByteSlice as _;

use crate::{
    finding::{
        Finding, Snippet, Suppression,
        exposure::{Exposed, Exposure, RefExposure, State},
    },
    origin::{History, Introduction, Presence},
    pipeline::Outcome,
    report::{Input, Mode, Options, plain},
    rule::{Group, Rule},
    text::{Position, Span},
};

/// Access to an outcome's texts.
pub(crate) struct View<'r> {
    input: Input<'r>,
    secrets: Secrets<'r>,
}

impl<'r> View<'r> {
    pub(crate) fn new(input: Input<'r>) -> Self {
        let secrets =
            if input.options.show_secrets { Secrets::default() } else { Secrets::of(input.outcome) };
        Self { input, secrets }
    }

    pub(crate) const fn outcome(&self) -> &'r Outcome {
        self.input.outcome
    }

    pub(crate) const fn options(&self) -> &'r Options {
        self.input.options
    }

    /// The findings to list: those reported, then those suppressed if they are asked for.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &'r Finding> {
        self.input.outcome.findings.iter().chain(self.suppressed())
    }

    /// The suppressed findings to list: none unless they are asked for.
    pub(crate) fn suppressed(&self) -> &'r [Finding] {
        if self.input.options.show_suppressed { &self.input.outcome.suppressed } else { &[] }
    }

    /// The rule of a finding and its place, if the rule set has it.
    pub(crate) fn rule(&self, finding: &Finding) -> Option<(u32, &'r Rule)> {
        self.input.rules.find(finding.rule.as_str())
    }

    /// The coarser check that the finding's rule is a part of.
    pub(crate) fn group(&self, finding: &Finding) -> Option<&'static str> {
        self.rule(finding).and_then(|(_, rule)| Group::of(rule)).map(|group| group.id)
    }

    /// All rules, in the order of their ids.
    pub(crate) fn rules(&self) -> impl ExactSizeIterator<Item = &'r Rule> {
        self.input.rules.iter()
    }

    /// The whole path as bytes: exact but for secrets in it. For encoders only.
    pub(crate) fn raw_path(&self, finding: &Finding) -> Vec<u8> {
        self.secrets.redact(&finding.path(), &mut [])
    }

    /// Bytes without secrets, not made harmless. For encoders only.
    pub(crate) fn raw(&self, text: &[u8]) -> Vec<u8> {
        self.secrets.redact(text, &mut [])
    }

    /// The whole path, on one line.
    pub(crate) fn path(&self, finding: &Finding) -> String {
        plain::line(&self.raw_path(finding))
    }

    /// `path:line:column`, or the path alone for a finding on a file as a whole.
    pub(crate) fn place(&self, finding: &Finding) -> String {
        let path = self.path(finding);
        if finding.start.line == 0 {
            return path;
        }
        format!("{path}:{}:{}", finding.start.line, column(finding.start))
    }

    /// Since when a finding is there, by whom, and whether it still is.
    pub(crate) fn history(&self, finding: &Finding) -> Option<String> {
        let history = finding.history.as_ref()?;
        if matches!(self.options().mode, Mode::Push | Mode::Receive | Mode::Range) {
            return self.in_push(history);
        }
        let path = finding.path();
        let at_path = |exposure: &'r Exposure| exposure.paths.iter().find(|one| one.path == path);
        let removed = self.exposure(finding).and_then(at_path).and_then(|one| one.removed.as_deref());
        let state = match (removed, history.presence) {
            (Some(removed), _) => format!("removed {}", self.act(removed)),
            (None, Presence::Tip) => "still there".to_owned(),
            (None, Presence::Past) => "in history".to_owned(),
            (None, Presence::Unreachable) => "unreachable".to_owned(),
        };
        Some(match &history.since {
            None => state,
            Some(since) => format!("since {}; {state}", self.act(since)),
        })
    }

    /// The commit to change, and whether a later one of the push hides what it brings.
    fn in_push(&self, history: &History) -> Option<String> {
        let since = history.since.as_ref()?;
        let hidden = if history.presence == Presence::Tip { "" } else { "; not at the tip any more" };
        Some(format!("commit {} by {}{hidden}", since.commit.short(), self.text(&since.author)))
    }

    /// `2024-01-02 by NAME <ADDRESS>, commit 0123456789`.
    pub(crate) fn act(&self, act: &Introduction) -> String {
        format!("{} by {}, commit {}", date(act.time), self.text(&act.author), act.commit.short())
    }

    /// How a secret stands, in a few words: `open for 312 days`.
    pub(crate) fn standing(&self, exposure: &Exposure) -> String {
        let days = self.days(exposure).map(|days| count(days, "day", "days"));
        match (exposure.state, days) {
            (State::Open, Some(days)) => format!("open for {days}"),
            (State::Open, None) => "open".to_owned(),
            (State::Removed, Some(days)) => format!("removed after {days}; history keeps it"),
            (State::Removed, None) => "removed; history keeps it".to_owned(),
            (State::Unreachable, _) => "in no reference any more; the object store keeps it".to_owned(),
        }
    }

    /// The references that reach a secret: those that have it now, then in how many histories it is.
    pub(crate) fn reach(&self, exposure: &Exposure) -> Option<String> {
        const SHOWN: usize = 5;
        let tips: Vec<_> = exposure.refs.iter().filter(|one| one.tip).collect();
        let rest = exposure.refs_total.saturating_sub(tips.len() as u64);
        let named = |refs: &[&RefExposure]| {
            let names: Vec<_> = refs.iter().take(SHOWN).map(|one| self.text(&one.name)).collect();
            let more = refs.len().saturating_sub(SHOWN) as u64;
            let more = if more > 0 { format!(" and {} more", thousands(more)) } else { String::new() };
            format!("{}{more}", names.join(", "))
        };
        let in_history: Vec<_> = exposure.refs.iter().filter(|one| !one.tip).collect();
        match (tips.is_empty(), rest) {
            (true, 0) => None,
            (false, 0) => Some(format!("at the tip of {}", named(&tips))),
            (true, _) => Some(format!("in the history of {}", named(&in_history))),
            (false, rest) => {
                let others = count(rest, "more reference", "more references");
                Some(format!("at the tip of {}; in the history of {others}", named(&tips)))
            }
        }
    }

    /// What history says of each secret.
    pub(crate) fn exposed(&self) -> &'r [Exposed] {
        &self.input.outcome.exposed
    }

    /// What history says of the secret of a finding, with the secret's identity.
    pub(crate) fn exposed_of(&self, finding: &Finding) -> Option<&'r Exposed> {
        let key = (&finding.rule, finding.fingerprint);
        let place = self.exposed().binary_search_by(|one| (&one.rule, one.fingerprint).cmp(&key)).ok()?;
        self.exposed().get(place)
    }

    /// What history says of the secret of a finding.
    pub(crate) fn exposure(&self, finding: &Finding) -> Option<&'r Exposure> {
        self.exposed_of(finding).map(|exposed| &exposed.exposure)
    }

    /// Days for which a secret is or was to be read.
    pub(crate) fn days(&self, exposure: &Exposure) -> Option<u64> {
        exposure.days(self.input.outcome.today?)
    }

    /// Any text, on one line.
    pub(crate) fn text(&self, text: impl AsRef<[u8]>) -> String {
        plain::line(&self.raw(text.as_ref()))
    }

    /// What could not be read or done: subject and message, each on one line.
    pub(crate) fn problems(&self) -> impl ExactSizeIterator<Item = (String, String)> {
        let problems = self.input.outcome.problems.iter();
        problems.map(|problem| (self.text(&problem.subject), self.text(&problem.message)))
    }

    /// Remarks, each on one line.
    pub(crate) fn warnings(&self) -> impl ExactSizeIterator<Item = String> {
        self.input.outcome.warnings.iter().map(|warning| self.text(warning))
    }

    /// The lines of a finding. Line breaks and tabs are kept, and the mark is moved along.
    pub(crate) fn snippet(&self, finding: &Finding) -> Snippet {
        let snippet = &finding.snippet;
        let mut ends = [snippet.mark.start, snippet.mark.end];
        let text = self.secrets.redact(snippet.text.as_bytes(), &mut ends);
        let ends = ends.map(|end| end.min(text.len()));
        let [before, marked, after] =
            [&text[..ends[0]], &text[ends[0]..ends[1].max(ends[0])], &text[ends[1].max(ends[0])..]]
                .map(plain::block);
        let mark = Span::new(before.len(), before.len() + marked.len());
        Snippet { first_line: snippet.first_line, text: before + &marked + &after, mark }
    }

    /// The secret's redacted form; `None` for a finding without a value.
    pub(crate) fn redacted(&self, finding: &Finding) -> Option<String> {
        (!finding.secret.is_empty()).then(|| finding.secret.redacted())
    }

    /// The secret itself, if it may be shown and there is one.
    pub(crate) fn secret(&self, finding: &'r Finding) -> Option<&'r [u8]> {
        let shown = self.input.options.show_secrets && !finding.secret.is_empty();
        shown.then(|| finding.secret.expose())
    }

    /// Who suppressed a finding and why, in a few words.
    pub(crate) fn suppression(&self, suppression: &Suppression) -> String {
        let mut words = suppression.kind.name().to_owned();
        let reason = suppression.reason.as_deref().unwrap_or("no reason given");
        words.push_str(": ");
        words.push_str(&self.text(reason));
        let owner = suppression.owner.as_ref().map(|owner| format!("by {}", self.text(owner)));
        let until = suppression.until.as_ref().map(|until| format!("until {}", self.text(until)));
        let place = (!suppression.place.is_empty()).then(|| format!("at {}", self.text(&suppression.place)));
        let more: Vec<_> = [owner, until, place].into_iter().flatten().collect();
        if !more.is_empty() {
            words.push_str(&format!(" ({})", more.join(", ")));
        }
        words
    }

    /// Why the run is incomplete, one sentence a reason with what to do; empty if it is not.
    pub(crate) fn incomplete(&self) -> Vec<String> {
        let outcome = self.input.outcome;
        let receipt = &outcome.receipt;
        let mut reasons = Vec::new();
        if receipt.rules == 0 {
            reasons.push(
                "No rule is in force, so nothing could be found. See what the configuration leaves \
                 with `abatis rules list`."
                    .to_owned(),
            );
        }
        if !receipt.unfinished.is_empty() {
            reasons.push(format!("The run was ended early: {}", self.text(&receipt.unfinished)));
        }
        if receipt.moved > 0 && receipt.contents == 0 && receipt.skipped.is_empty() {
            reasons.push(format!(
                "{} moved and none was looked at. Run `abatis doctor`.",
                count(receipt.moved, "entry", "entries")
            ));
        }
        if !outcome.problems.is_empty() {
            let number = outcome.problems.len() as u64;
            reasons.push(format!(
                "{} kept a part from being looked at. Solve what is listed and run again.",
                count(number, "problem", "problems")
            ));
        }
        if reasons.is_empty() && outcome.is_incomplete() {
            reasons.push("The run could not do its whole job.".to_owned());
        }
        reasons
    }
}

/// The column that reports show: in UTF-16 units where known, else in bytes.
pub(crate) const fn column(position: Position) -> usize {
    if position.character == 0 { position.column } else { position.character }
}

/// The line of the last byte of a finding, and the column after it. The column is `None` where
/// the secret ends with its line: that end has no column on the same line.
pub(crate) const fn end(finding: &Finding) -> (usize, Option<usize>) {
    let (start, end) = (finding.start, finding.end);
    if end.line > start.line && end.column <= 1 {
        return (end.line - 1, None);
    }
    if end.line < start.line {
        return (start.line, None);
    }
    (end.line, Some(column(end)))
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", thousands(number)) }
}

/// The day of a moment given in seconds since 1970, UTC, as `YYYY-MM-DD`.
pub(crate) fn date(seconds: i64) -> String {
    /// Days from the first of March of the year 0, where leap days end a year, to 1970.
    const BEFORE_1970: i128 = 719_468;
    /// Days of four centuries, after which the calendar repeats.
    const ERA: i128 = 146_097;
    let days = i128::from(seconds).div_euclid(86_400) + BEFORE_1970;
    let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months from March on have 153 days in each five.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + next)
}

/// A number with commas between groups of three digits.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of bytes for people: `640 B`, `3.4 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    // Tenths, so that no floating point decides what is printed.
    let mut tenths = u128::from(number) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// Length of the piece of a secret that is looked up, and so the least length of a secret that
/// is taken out of other texts. Shorter ones are too often a part of ordinary words.
const PROBE: usize = 8;
/// From this length on a value is no ordinary word, whatever it is made of.
const NO_WORD: usize = 16;

/// The secrets of an outcome, by their first bytes. Nothing is copied: the values stay where
/// they are wiped.
#[derive(Default)]
struct Secrets<'r> {
    /// By [`start`], whether a secret starts so: spares most places the look into the map.
    starts: Vec<bool>,
    /// Longest first.
    by_probe: HashMap<[u8; PROBE], Vec<&'r Finding>>,
}

impl<'r> Secrets<'r> {
    fn of(outcome: &'r Outcome) -> Self {
        let mut secrets = Self::default();
        let mut seen = HashSet::new();
        for finding in outcome.findings.iter().chain(&outcome.suppressed) {
            let value = finding.secret.expose();
            // A path such as `docker/postgres/x.yml` must not lose its name to a password `postgres`.
            let made = value.len() >= NO_WORD || value.iter().any(u8::is_ascii_digit);
            if let Some(probe) = value.first_chunk::<PROBE>()
                && made
                && seen.insert(value)
                && let Some(start) = start(value)
            {
                secrets.starts.resize(1 << 16, false);
                secrets.starts[start] = true;
                let same = secrets.by_probe.entry(*probe).or_default();
                let place = same.partition_point(|other| other.secret.len() >= value.len());
                same.insert(place, finding);
            }
        }
        secrets
    }

    /// `text` with every secret replaced by its redacted form. `offsets` into it are moved along;
    /// one inside a secret goes to the end of its redacted form.
    fn redact(&self, text: &[u8], offsets: &mut [usize]) -> Vec<u8> {
        let mut clean = Vec::with_capacity(text.len());
        let mut done = 0;
        let old = offsets.to_vec();
        while let Some((place, finding)) = self.next(text, done) {
            clean.extend_from_slice(&text[done..place]);
            clean.extend_from_slice(finding.secret.redacted().as_bytes());
            done = place + finding.secret.len();
            for (offset, &old) in offsets.iter_mut().zip(&old).filter(|&(_, &old)| old > place) {
                *offset = clean.len() + old.saturating_sub(done);
            }
        }
        clean.extend_from_slice(&text[done..]);
        clean
    }

    /// The first secret in `text` from `from` on, and its place; the longest if several start there.
    fn next(&self, text: &[u8], from: usize) -> Option<(usize, &'r Finding)> {
        if self.by_probe.is_empty() {
            return None;
        }
        (from..text.len().saturating_sub(PROBE - 1)).find_map(|place| {
            let rest = &text[place..];
            if !*self.starts.get(start(rest)?)? {
                return None;
            }
            let same = self.by_probe.get(rest.first_chunk::<PROBE>()?)?;
            let found = same.iter().find(|finding| rest.starts_with_str(finding.secret.expose()))?;
            Some((place, *found))
        })
    }
}

/// The first two bytes as a number.
fn start(text: &[u8]) -> Option<usize> {
    text.first_chunk().map(|start| usize::from(u16::from_be_bytes(*start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_and_offsets_follow() {
        let made = |value: &str| crate::secret::Secret::new(value.as_bytes());
        let texts = ["k3y-one-two", "k3y-one-two-three", "shorter", "longword"];
        let findings = texts.map(|text| crate::report::tests::finding(made(text)));
        let outcome = Outcome { findings: findings.to_vec(), ..Outcome::default() };
        let secrets = Secrets::of(&outcome);
        for (text, offsets, clean, moved) in [
            ("a k3y-one-two b", [2, 13], "a **** b", [2, 6]),
            ("k3y-one-two-three", [0, 99], "k3y-****(17 bytes)", [0, 18]),
            ("k3y-one-twk3y-one-two", [9, 12], "k3y-one-tw****", [9, 14]),
            ("shorter longword k3y-one", [7, 24], "shorter longword k3y-one", [7, 24]),
            ("", [0, 0], "", [0, 0]),
        ] {
            let mut places = offsets;
            assert_eq!(secrets.redact(text.as_bytes(), &mut places).as_bstr(), clean);
            assert_eq!(places.map(|place| place.min(clean.len())), moved, "{text}");
        }
    }

    #[test]
    fn numbers_for_people() {
        for (number, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_500_000, "1.4 MiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(bytes(number), expected);
        }
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), expected);
        }
        assert_eq!(count(1, "file", "files"), "1 file");
        assert_eq!(count(1200, "file", "files"), "1,200 files");
    }
}
