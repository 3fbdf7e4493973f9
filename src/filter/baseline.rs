//! The baseline: findings that are known and accepted, one sorted line each.
//!
//! ```text
//! # abatis baseline v1
//! # salt 00112233445566778899aabbccddeeff
//! FINGERPRINT RULE PATH [until=YYYY-MM-DD] [owner=NAME] # reason
//! ```
//!
//! No line numbers, no commits and no times, so that an entry changes only when somebody decides something.
//! Lines are sorted by fingerprint, which spreads additions over the file: two branches seldom touch
//! neighbouring lines. With `.abatis-baseline merge=union` in `.gitattributes` git never stops at this file:
//! duplicate and unsorted lines are read as they are, and the next `update` puts them in order.
//!
//! An entry holds for its fingerprint at its path, and at any path with the same file name: a file that moved
//! keeps its entry, and the same password in another file is new.
//!
//! Must not open files: it is given text, and gives text.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::atomic::{AtomicBool, Ordering},
};

use bstr::{BStr, BString, ByteSlice as _};

use super::date::Date;
use crate::{
    diagnostic::Diagnostic,
    finding::{Finding, Fingerprint, RuleId, Suppression, SuppressionKind},
    text::Span,
};

/// The file at the top of a repository.
pub const FILE_NAME: &str = ".abatis-baseline";

/// The first line of a baseline.
const HEADER: &str = "# abatis baseline v1";
/// How the first line of any version begins.
const HEADER_STEM: &str = "# abatis baseline ";
const SALT: &str = "# salt ";
const KEY: &str = "# key ";
/// The code of all its diagnostics.
const CODE: &str = "baseline";
/// Longest salt that is read, in bytes.
const SALT_MAX: usize = 64;

/// An accepted finding.
#[derive(Debug)]
pub struct Entry {
    /// Identity of the finding.
    pub fingerprint: Fingerprint,
    /// The rule that found it.
    pub rule: RuleId,
    /// Where it was when it was accepted.
    pub path: BString,
    /// Last day on which it is accepted.
    pub until: Option<Date>,
    /// Who accepted it.
    pub owner: Option<String>,
    /// Why.
    pub reason: String,
    /// Line in the file, from 1; 0 for an entry that is not in a file yet.
    pub line: usize,
    used: AtomicBool,
}

impl Entry {
    /// An entry for `finding`, whose path from the top of the repository is `path`.
    #[must_use]
    pub fn new(finding: &Finding, path: BString, terms: &Terms) -> Self {
        Self {
            fingerprint: finding.fingerprint,
            rule: finding.rule.clone(),
            path,
            until: terms.until,
            owner: terms.owner.clone(),
            reason: terms.reason.clone(),
            line: 0,
            used: AtomicBool::new(true),
        }
    }

    /// True if a finding of this run was the one this entry is about.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// True if its last day lies before `today`.
    #[must_use]
    pub fn is_expired(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    /// The entry as its line in the file, without the line's end.
    #[must_use]
    pub fn text(&self) -> String {
        let mut line = format!("{} {} {}", self.fingerprint, self.rule, escape(&self.path));
        if let Some(until) = self.until {
            line.push_str(&format!(" until={until}"));
        }
        if let Some(owner) = &self.owner {
            line.push_str(&format!(" owner={}", escape(owner.as_bytes())));
        }
        let reason: String = self.reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        line.push_str(" # ");
        line.push_str(reason.trim());
        line
    }
}

/// On which terms findings are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Why.
    pub reason: String,
    /// Who says so.
    pub owner: Option<String>,
    /// Last day.
    pub until: Option<Date>,
}

/// What the baseline says of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not to be reported.
    Suppressed(Suppression),
    /// It was accepted until a day that has passed: a sentence about that.
    Expired(String),
}

/// Known findings.
#[derive(Debug, Default)]
pub struct Baseline {
    file: String,
    salt: Vec<u8>,
    key_id: Option<String>,
    entries: Vec<Entry>,
    by_print: BTreeMap<Fingerprint, Vec<usize>>,
}

impl Baseline {
    /// An empty baseline with this salt, made with the key of this name.
    #[must_use]
    pub fn new(salt: &[u8], key_id: Option<String>) -> Self {
        Self { salt: salt.to_vec(), key_id, ..Self::default() }
    }

    /// Reads `text`, which came from `file`. Lines that cannot be read are told, all at once; the others count.
    #[must_use]
    pub fn parse(text: &[u8], file: &str) -> (Self, Vec<Diagnostic>) {
        let mut baseline = Self { file: file.to_owned(), ..Self::default() };
        let mut diagnostics = Vec::new();
        let mut version = None;
        let mut start = 0;
        for (index, whole) in text.lines_with_terminator().enumerate() {
            let line = if index == 0 { whole.strip_prefix(b"\xef\xbb\xbf").unwrap_or(whole) } else { whole };
            if let Err(message) = baseline.read_line(line.trim(), index + 1, &mut version) {
                let span = Span::new(start, start + whole.trim_end().len());
                diagnostics.push(Diagnostic::error(CODE, message).in_file(file).label(span, ""));
            }
            start += whole.len();
        }
        if version.is_none() && !baseline.entries.is_empty() {
            let message = "the first line of a baseline is missing";
            let help = format!("put \"{HEADER}\" at the top");
            diagnostics.push(Diagnostic::error(CODE, message).in_file(file).help(help));
        }
        (baseline, diagnostics)
    }

    fn read_line(&mut self, line: &[u8], number: usize, version: &mut Option<usize>) -> Result<(), String> {
        let conflict = [&b"<<<<<<<"[..], b"=======", b">>>>>>>", b"|||||||"];
        if conflict.iter().any(|marker| line.starts_with(marker)) {
            return Err(
                "a conflict of a merge is left: keep the lines of both sides and remove this one".into()
            );
        }
        let Ok(line) = line.to_str() else {
            return Err("not UTF-8: bytes of paths are written as %XX".into());
        };
        if line.starts_with(HEADER_STEM) {
            return if line == HEADER {
                *version = version.or(Some(number));
                Ok(())
            } else {
                Err(format!("another version of the file than this abatis knows (\"{HEADER}\")"))
            };
        }
        if let Some(hex) = line.strip_prefix(SALT) {
            let salt = from_hex(hex.trim()).ok_or("the salt is not an even number of hexadecimal digits")?;
            if !self.salt.is_empty() && self.salt != salt {
                return Err("a second salt: two baselines were merged; keep one of them, then run \
                            `abatis baseline update`"
                    .into());
            }
            self.salt = salt;
            return Ok(());
        }
        if let Some(name) = line.strip_prefix(KEY) {
            if self.key_id.as_deref().is_some_and(|known| known != name.trim()) {
                return Err("a second key: baselines made with two keys were merged; keep one of them".into());
            }
            self.key_id = Some(name.trim().to_owned());
            return Ok(());
        }
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        self.add(parse_entry(line, number)?);
        Ok(())
    }

    /// Adds an entry, unless the same finding at the same path is there.
    ///
    /// Of two that differ in their terms, the one that was there stays.
    pub fn add(&mut self, entry: Entry) {
        let same = self.by_print.entry(entry.fingerprint).or_default();
        let known = same.iter().any(|&index| self.entries[index].path == entry.path);
        if !known {
            same.push(self.entries.len());
            self.entries.push(entry);
        }
    }

    /// Adds an entry, in place of one for the same finding at the same path whose day has passed.
    pub fn renew(&mut self, entry: Entry, today: Date) {
        let same = self.by_print.get(&entry.fingerprint).into_iter().flatten().copied();
        let lapsed = |&index: &usize| {
            let known = &self.entries[index];
            known.path == entry.path && known.is_expired(today)
        };
        match same.clone().find(lapsed) {
            Some(index) => self.entries[index] = entry,
            None => self.add(entry),
        }
    }

    /// The entries, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Gives the entries away.
    #[must_use]
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// The salt of its fingerprints.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// The name of the key that its fingerprints were made with, if with any.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// What it says of the finding with this fingerprint at `path`. The entry is marked as used.
    #[must_use]
    pub fn find(&self, fingerprint: Fingerprint, path: &BStr, today: Date) -> Option<Verdict> {
        let entry = self.entry_for(fingerprint, path)?;
        entry.used.store(true, Ordering::Relaxed);
        let place = if entry.line == 0 { self.file.clone() } else { format!("{}:{}", self.file, entry.line) };
        if let Some(until) = entry.until.filter(|_| entry.is_expired(today)) {
            return Some(Verdict::Expired(format!(
                "{place}: expired on {until}, so the finding of {} in {} is reported again ({})",
                entry.rule,
                escape(&entry.path),
                entry.reason,
            )));
        }
        Some(Verdict::Suppressed(Suppression {
            kind: SuppressionKind::Baseline,
            reason: Some(entry.reason.clone()),
            owner: entry.owner.clone(),
            until: entry.until.map(|until| until.to_string()),
            place,
        }))
    }

    fn entry_for(&self, fingerprint: Fingerprint, path: &BStr) -> Option<&Entry> {
        let same = self.by_print.get(&fingerprint)?.iter().map(|&index| &self.entries[index]);
        same.clone()
            .find(|entry| entry.path == path)
            .or_else(|| same.clone().find(|entry| file_name(&entry.path) == file_name(path)))
    }

    /// The file's text: header, then the entries for which `keep` holds, sorted, each once.
    #[must_use]
    pub fn to_text(&self, keep: impl Fn(&Entry) -> bool) -> String {
        let mut text = format!("{HEADER}\n");
        if !self.salt.is_empty() {
            let hex = self.salt.iter().fold(String::new(), |mut hex, byte| {
                // Writing to a string does not fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            text.push_str(&format!("{SALT}{hex}\n"));
        }
        if let Some(name) = &self.key_id {
            text.push_str(&format!("{KEY}{name}\n"));
        }
        let lines: BTreeSet<String> =
            self.entries.iter().filter(|entry| keep(entry)).map(Entry::text).collect();
        for line in lines {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

fn parse_entry(line: &str, number: usize) -> Result<Entry, String> {
    let (fields, reason) = line.split_once(" #").unwrap_or((line, ""));
    let mut fields = fields.split_ascii_whitespace();
    let fingerprint = fields
        .next()
        .and_then(Fingerprint::from_hex)
        .ok_or("the line does not begin with a fingerprint of 32 hexadecimal digits")?;
    let rule = fields.next().ok_or("the rule is missing after the fingerprint")?;
    let path = fields.next().ok_or("the path is missing after the rule")?;
    let path = unescape(path).ok_or("in the path, % is not followed by two hexadecimal digits")?;
    let mut until = None;
    let mut owner = None;
    for field in fields {
        match field.split_once('=') {
            Some(("until", day)) => {
                until = Some(Date::parse(day).ok_or("the day after until= is not of the form YYYY-MM-DD")?);
            }
            Some(("owner", name)) => {
                let name =
                    unescape(name).ok_or("in the owner, % is not followed by two hexadecimal digits")?;
                owner = Some(name.to_str_lossy().into_owned());
            }
            _ => return Err("only until=YYYY-MM-DD and owner=NAME may follow the path".into()),
        }
    }
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return Err("the reason is missing: write it after # at the end of the line".into());
    }
    let rule = RuleId::new(rule);
    Ok(Entry { fingerprint, rule, path, until, owner, reason, line: number, used: AtomicBool::new(false) })
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

/// `bytes` with `%XX` for all but letters, digits and the signs usual in paths.
fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for (start, end, letter) in bytes.char_indices() {
        let raw = &bytes[start..end];
        let valid = letter != char::REPLACEMENT_CHARACTER;
        if valid && (letter.is_alphanumeric() || "/._-+@~,:!()[]".contains(letter)) {
            text.push(letter);
        } else {
            raw.iter().for_each(|byte| text.push_str(&format!("%{byte:02X}")));
        }
    }
    text
}

fn unescape(text: &str) -> Option<BString> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let pair = from_hex(text.get(text.len() - tail.len()..text.len() - tail.len() + 2)?)?;
            bytes.extend(pair);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    Some(bytes.into())
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 2 * SALT_MAX {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINT: &str = "000102030405060708090a0b0c0d0e0f";
    const OTHER: &str = "100102030405060708090a0b0c0d0e0f";

    fn today() -> Date {
        Date::parse("2024-06-01").unwrap()
    }

    fn print(hex: &str) -> Fingerprint {
        Fingerprint::from_hex(hex).unwrap()
    }

    fn read(lines: &str) -> (Baseline, Vec<String>) {
        let (baseline, faults) = Baseline::parse(format!("{HEADER}\n{lines}").as_bytes(), "base");
        (baseline, faults.into_iter().map(|fault| fault.message).collect())
    }

    #[test]
    fn entries_suppress_where_they_are_and_where_the_file_moved() {
        let (baseline, faults) = read(&format!("{PRINT} r a/b.env owner=Ann%20B # made up\n"));
        assert_eq!(faults, Vec::<String>::new());
        for (path, expected) in [("a/b.env", true), ("c/d/b.env", true), ("b.env", true), ("a/c.env", false)]
        {
            let verdict = baseline.find(print(PRINT), path.into(), today());
            assert_eq!(verdict.is_some(), expected, "{path}");
        }
        assert_eq!(baseline.find(print(OTHER), "a/b.env".into(), today()), None);
        assert_eq!(
            baseline.find(print(PRINT), "a/b.env".into(), today()),
            Some(Verdict::Suppressed(Suppression {
                kind: SuppressionKind::Baseline,
                reason: Some("made up".into()),
                owner: Some("Ann B".into()),
                until: None,
                place: "base:2".into(),
            }))
        );
    }

    #[test]
    fn entries_expire_after_their_day() {
        let (baseline, _) = read(&format!(
            "{PRINT} r a until=2024-06-01 # holds today\n{OTHER} r b until=2024-05-31 # held\n"
        ));
        assert!(matches!(baseline.find(print(PRINT), "a".into(), today()), Some(Verdict::Suppressed(_))));
        assert_eq!(
            baseline.find(print(OTHER), "b".into(), today()),
            Some(Verdict::Expired(
                "base:3: expired on 2024-05-31, so the finding of r in b is reported again (held)".into()
            ))
        );
    }

    #[test]
    fn any_path_reads_back() {
        for path in
            [&b"plain/a.txt"[..], b"a b#c=%\n\"", b"\xff\xfe/x", "\u{fc}ber/\u{65e5}\u{672c}".as_bytes()]
        {
            let escaped = escape(path);
            assert!(!escaped.contains(char::is_whitespace) && !escaped.contains('#'), "{escaped}");
            assert_eq!(unescape(&escaped).unwrap(), path);
        }
        assert_eq!(escape("\u{202e}x".as_bytes()), "%E2%80%AEx");
        for bad in ["%", "%4", "%4g", "a%\u{e9}b"] {
            assert_eq!(unescape(bad), None, "{bad}");
        }
    }

    #[test]
    fn text_is_sorted_without_duplicates_and_reads_back() {
        let (baseline, faults) = read(&format!(
            "# salt 00ff\n# key 0a0b0c0d\n\n{OTHER} r b # two\n{PRINT} r a until=2025-01-01 owner=x # one\n{PRINT} r a # again\n"
        ));
        assert_eq!(faults, Vec::<String>::new());
        let expected = format!(
            "{HEADER}\n# salt 00ff\n# key 0a0b0c0d\n{PRINT} r a until=2025-01-01 owner=x # one\n{OTHER} r b # two\n"
        );
        assert_eq!(baseline.to_text(|_| true), expected);
        assert_eq!((baseline.salt(), baseline.key_id()), (&[0, 255][..], Some("0a0b0c0d")));
        let (again, _) = Baseline::parse(expected.as_bytes(), "base");
        assert_eq!(again.to_text(|_| true), expected);
    }

    #[test]
    fn what_was_not_found_is_stale() {
        let (baseline, _) = read(&format!("{PRINT} r a # one\n{OTHER} r b # two\n"));
        assert!(baseline.find(print(PRINT), "a".into(), today()).is_some());
        assert_eq!(baseline.to_text(Entry::is_used), format!("{HEADER}\n{PRINT} r a # one\n"));
    }

    #[test]
    fn bad_lines_are_named() {
        for (line, expected) in [
            ("<<<<<<< HEAD", "a conflict of a merge is left"),
            ("=======", "a conflict of a merge is left"),
            ("1234 r a # x", "does not begin with a fingerprint"),
            (PRINT, "the rule is missing"),
            (&format!("{PRINT} r"), "the path is missing"),
            (&format!("{PRINT} r a"), "the reason is missing"),
            (&format!("{PRINT} r a #  "), "the reason is missing"),
            (&format!("{PRINT} r a%zz # x"), "two hexadecimal digits"),
            (&format!("{PRINT} r a until=soon # x"), "YYYY-MM-DD"),
            (&format!("{PRINT} r a b # x"), "only until="),
            ("# abatis baseline v2", "another version"),
            ("# salt 0", "even number"),
            ("# salt 00\n# salt 01", "a second salt"),
        ] {
            let (_, faults) = read(line);
            assert_eq!(faults.len(), 1, "{line}: {faults:?}");
            assert!(faults[0].contains(expected), "{faults:?}");
        }
        let (baseline, faults) = Baseline::parse(format!("{PRINT} r a # x\n").as_bytes(), "base");
        assert_eq!((baseline.entries().len(), faults.len()), (1, 1));
        let (_, faults) = Baseline::parse(b"\xff\xfe\n", "base");
        assert_eq!(faults.len(), 1);
        assert_eq!(Baseline::parse(b"", "base").1, vec![]);
        let (_, faults) = Baseline::parse(format!("{HEADER}\n\n=======\r\n").as_bytes(), "base");
        let start = HEADER.len() + 2;
        assert_eq!(faults[0].labels[0].span, Span::new(start, start + 7));
    }
}
