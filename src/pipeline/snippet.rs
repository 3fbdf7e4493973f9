//! The lines around a finding, fit to be shown: secrets redacted, control characters harmless, giant lines cut.
//!
//! Must not show a byte of any secret of the content beyond its redacted form.

use std::{cell::RefCell, collections::HashMap, sync::OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

use crate::{
    finding::{Match, Snippet},
    secret::redact,
    text::{LineMap, Position, Span},
};

/// Most bytes shown before and after the secret on its lines.
const MARGIN: usize = 160;
/// Most bytes of a context line.
const CONTEXT: usize = 200;
/// Least bytes that are searched for values at a time.
const BLOCK: usize = 4096;
/// Shortest value whose other occurrences in the shown text are redacted too.
const REPEATED: usize = 5;

/// The snippet of a finding without a place.
pub(super) fn none() -> Snippet {
    Snippet::default()
}

/// A content with what is not to be shown of it, learnt once: a content may have as many findings as lines.
pub(super) struct Hidden<'c> {
    bytes: &'c [u8],
    matches: &'c [Match],
    others: &'c [Match],
    /// Secrets in the order of their places.
    secrets: OnceLock<Vec<Secret>>,
    /// Finds the values of all matches wherever they stand.
    finder: OnceLock<Option<AhoCorasick>>,
    /// Length of the longest value, in bytes.
    longest: OnceLock<usize>,
    /// Where values stand, by number of block: what is around one place is around many, on a line with many secrets.
    repeats: RefCell<HashMap<usize, Vec<Span>>>,
}

/// The place of a secret.
struct Secret {
    /// Which of the matches and others.
    index: usize,
    span: Span,
    /// Where the last of the secrets up to this one ends.
    reach: usize,
}

impl<'c> Hidden<'c> {
    /// `matches` are those of the content `bytes` that may be told; `others` are those that are not, and no less to be hidden.
    pub(super) fn new(bytes: &'c [u8], matches: &'c [Match], others: &'c [Match]) -> Self {
        Self {
            bytes,
            matches,
            others,
            secrets: OnceLock::new(),
            finder: OnceLock::new(),
            longest: OnceLock::new(),
            repeats: RefCell::default(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &'c Match> {
        self.matches.iter().chain(self.others)
    }

    /// What is shown in place of the secret of one of the matches and others.
    fn form(&self, index: usize) -> String {
        let found = self.matches.get(index).or_else(|| self.others.get(index - self.matches.len()));
        found.map_or_else(String::new, |found| harmless(redact(found.secret.expose()).as_bytes()))
    }

    /// The secrets that touch a part.
    fn touching(&self, part: Span) -> impl Iterator<Item = &Secret> {
        let secrets = self.secrets.get_or_init(|| {
            let all = self.all().enumerate();
            let mut secrets: Vec<Secret> = all
                .filter(|(_, found)| !found.span.is_empty() && !found.is_setting())
                .map(|(index, found)| Secret { index, span: found.span, reach: 0 })
                .collect();
            secrets.sort_by_key(|secret| secret.span.start);
            let mut reach = 0;
            for secret in &mut secrets {
                reach = reach.max(secret.span.end);
                secret.reach = reach;
            }
            secrets
        });
        let first = secrets.partition_point(|secret| secret.reach < part.start);
        let near = secrets[first..].iter().take_while(move |secret| secret.span.start <= part.end);
        near.filter(move |secret| secret.span.touches(part))
    }

    /// The values of all matches.
    fn values(&self) -> impl Iterator<Item = &'c [u8]> {
        let lent = |found: &'c Match| found.structure.iter().flat_map(|structure| &structure.lent);
        let values = self.all().flat_map(move |found| lent(found).chain([&found.secret]));
        values.map(crate::secret::Secret::expose)
    }

    /// Where in `part`, or across its ends, the values of matches stand; all of it if that cannot be told.
    fn repeated(&self, part: Span) -> Vec<Span> {
        let values = self.finder.get_or_init(|| {
            // For a few lines: what is quick to make, not what is quick to search with.
            AhoCorasickBuilder::new()
                .kind(Some(AhoCorasickKind::NoncontiguousNFA))
                .prefilter(false)
                .match_kind(MatchKind::LeftmostLongest)
                .build(self.values().filter(|value| value.len() >= REPEATED))
                .ok()
        });
        let (Some(values), false) = (values, part.is_empty()) else { return vec![part] };
        let longest = *self.longest.get_or_init(|| self.values().map(<[u8]>::len).max().unwrap_or_default());
        let block = BLOCK.max(longest);
        let mut blocks = self.repeats.borrow_mut();
        let mut found = Vec::new();
        for number in part.start / block..=(part.end - 1) / block {
            let hits = blocks.entry(number).or_insert_with(|| {
                let (start, end) = (number * block, self.bytes.len().min((number + 1) * block));
                let low = start.saturating_sub(longest);
                let around = &self.bytes[low..self.bytes.len().min(end + longest)];
                let hits = values.find_iter(around).map(|hit| Span::new(low + hit.start(), low + hit.end()));
                hits.filter(|hit| hit.end > start && hit.start < end).collect()
            });
            let first = hits.partition_point(|hit| hit.end <= part.start);
            found.extend(hits[first..].iter().take_while(|hit| hit.start < part.end));
        }
        found
    }
}

/// The line of match `index` and its neighbours. `start` is its position in `bytes`.
pub(super) fn around(hidden: &Hidden<'_>, index: usize, start: Position, lines: &LineMap) -> Snippet {
    let &Hidden { bytes, matches, .. } = hidden;
    let found = &matches[index];
    let low = found.span.start.saturating_sub(MARGIN);
    let line_start =
        memchr::memrchr(b'\n', &bytes[low..found.span.start]).map_or(low, |newline| low + newline + 1);
    let high = bytes.len().min(found.span.end + MARGIN);
    let line_end =
        memchr::memchr(b'\n', &bytes[found.span.end..high]).map_or(high, |newline| found.span.end + newline);
    let mut builder = Builder { hidden, text: String::new(), mark: Span::default(), marked: index };
    let mut first = start;
    if let Some(before) = context_before(bytes, line_start) {
        builder.add(before);
        builder.text.push('\n');
        first = Position { line: start.line.saturating_sub(1), column: 1, character: 1 };
    }
    builder.add(Span::new(line_start, line_end));
    if let Some(after) = context_after(bytes, line_end) {
        builder.text.push('\n');
        builder.add(after);
    }
    Snippet { first_line: lines.in_file(first).line, text: builder.text, mark: builder.mark }
}

/// The line before the one that begins at `line_start`, if it is there, short and not empty.
fn context_before(bytes: &[u8], line_start: usize) -> Option<Span> {
    let end = line_start.checked_sub(1).filter(|&newline| bytes[newline] == b'\n')?;
    let low = end.saturating_sub(CONTEXT);
    let start = match memchr::memrchr(b'\n', &bytes[low..end]) {
        Some(newline) => low + newline + 1,
        None if low == 0 => 0,
        None => return None,
    };
    (!bytes[start..end].trim_ascii().is_empty()).then(|| Span::new(start, end))
}

fn context_after(bytes: &[u8], line_end: usize) -> Option<Span> {
    let start = (bytes.get(line_end) == Some(&b'\n')).then_some(line_end + 1)?;
    let high = bytes.len().min(start + CONTEXT);
    let end = match memchr::memchr(b'\n', &bytes[start..high]) {
        Some(newline) => start + newline,
        None if high == bytes.len() => high,
        None => return None,
    };
    (!bytes[start..end].trim_ascii().is_empty()).then(|| Span::new(start, end))
}

struct Builder<'b> {
    hidden: &'b Hidden<'b>,
    text: String,
    mark: Span,
    marked: usize,
}

impl Builder<'_> {
    /// Adds the bytes of `part`, each secret in it redacted.
    fn add(&mut self, part: Span) {
        let mut place = part.start;
        // Policy findings may overlap secrets, which are hidden first.
        let mut hidden: Vec<(usize, Span)> =
            self.hidden.touching(part).map(|secret| (secret.index, secret.span)).collect();
        hidden.sort_by_key(|(index, span)| (span.start, *index != self.marked));
        for (index, span) in hidden {
            let form = || self.hidden.form(index);
            if span.start < place {
                // It begins before what is shown, or inside of another one: nothing of the rest of it is shown.
                let from = self.text.len();
                if place == part.start && span.end > place {
                    self.text.push_str(&form());
                }
                if index == self.marked {
                    self.mark = Span::new(from, self.text.len());
                }
                place = place.max(span.end);
                continue;
            }
            self.shown(Span::new(place, span.start));
            let from = self.text.len();
            self.text.push_str(&form());
            if index == self.marked {
                self.mark = Span::new(from, self.text.len());
            }
            place = span.end;
        }
        if place < part.end {
            self.shown(Span::new(place, part.end));
        }
    }

    /// Adds text that holds no secret, and marks what of it is the setting that is reported.
    fn shown(&mut self, part: Span) {
        let setting = &self.hidden.matches[self.marked];
        if !setting.is_setting() {
            return self.plain(part);
        }
        let setting = setting.span;
        let mut cuts = [
            part.start,
            setting.start.clamp(part.start, part.end),
            setting.end.clamp(part.start, part.end),
            part.end,
        ];
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            let piece = Span::new(pair[0], pair[1]);
            let inside = !piece.is_empty() && setting.contains(piece);
            if inside && self.mark.is_empty() {
                self.mark = Span::new(self.text.len(), self.text.len());
            }
            if !piece.is_empty() {
                self.plain(piece);
            }
            if inside {
                self.mark.end = self.text.len();
            }
        }
    }

    /// Adds text that holds no match; values that stand there again are redacted all the same, those that it cuts, too.
    fn plain(&mut self, part: Span) {
        let bytes = self.hidden.bytes;
        let end = if part.of(bytes).ends_with(b"\r") { part.end - 1 } else { part.end };
        let mut place = part.start;
        for hit in self.hidden.repeated(Span::new(part.start, end)) {
            if hit.end <= place {
                continue;
            }
            let before = &bytes[place..hit.start.max(place)];
            let value = hit.of(bytes);
            self.text.push_str(&harmless(before));
            if hit.start >= place && hit.end <= end && is_key(before, value, &bytes[hit.end..end]) {
                self.text.push_str(&harmless(value));
            } else {
                self.text.push_str(&redact(value));
            }
            place = hit.end;
        }
        self.text.push_str(&harmless(bytes.get(place..end).unwrap_or_default()));
    }
}

/// Whether a word is the name of what follows: `password = "password"` is to be told as what it is.
fn is_key(before: &[u8], word: &[u8], after: &[u8]) -> bool {
    let opens = before.last().is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'{[(,;.".contains(byte));
    let after = after.strip_prefix(b"\"").or_else(|| after.strip_prefix(b"'")).unwrap_or(after);
    opens
        && word.iter().all(|&byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
        && matches!(after.trim_ascii_start().first(), Some(b'=' | b':'))
}

/// UTF-8 without characters that a terminal acts on: control characters become their pictures,
/// bidirectional overrides a replacement character.
fn harmless(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|character| match character {
            '\t' => '\t',
            '\0'..='\x1f' => char::from_u32(0x2400 + character as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
            '\x7f' => '\u{2421}',
            '\u{80}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_before_a_value_is_its_name() {
        let key = |before: &str, word: &str, after: &str| {
            is_key(before.as_bytes(), word.as_bytes(), after.as_bytes())
        };
        assert!(key("  ", "password", " = \"…"));
        assert!(key("{\"", "adminPassword", "\": \"…"));
        assert!(key("", "client-secret", ": "));
        assert!(!key("postgres://", "admin", ":…@host"));
        assert!(!key("x = \"", "password", "\"\n"));
        assert!(!key("", "k3yw1thd1g1ts", " = 1"));
    }
}
