//! Markers in the text itself: our own, and those of other tools.
//!
//! Our own: `abatis:allow RULE[,RULE] [until YYYY-MM-DD] reason`, in a comment of any syntax. A marker
//! alone on its line speaks for the line below, too; one that follows code speaks for its own line only.
//! A rule (an id, `tag:NAME` or `*`) and a reason are required: without them it suppresses nothing, and
//! the run says so.
//!
//! A marker inside the secret itself is none. Must not read further than `reach` says, except for
//! block markers, which are read once a content.

mod names;
mod own;
mod policy;
mod tools;

use std::{borrow::Cow, fmt, sync::OnceLock};

use aho_corasick::{AhoCorasick, MatchKind};
use bstr::ByteSlice as _;

use super::{allow::names_rule, date::Date, reach};
use crate::{
    finding::{Match, Suppression},
    rule::{Rule, RuleSet},
    text::{Fresh, Span, line_end, line_start},
};
use own::{Own, own_marker};
pub use tools::Tool;
use tools::{Seen, foreign, foreign_marker, secretlint_blocks};

/// Our own marker.
pub const MARKER: &str = "abatis:allow";

/// The name of our own markers in configuration.
const OWN: &str = "abatis";
/// Fewest letters and digits of a reason: less says nothing.
const REASON_LETTERS: usize = 3;
/// Longest reason that is kept, in characters: it goes into reports.
const REASON_MAX: usize = 200;
/// Matches of a content from which on it is asked once whether it holds a marker at all, and not around each.
const MANY: usize = 64;
/// Longest match there is: how far back a match may begin and still cover a byte.
const MATCH_MAX: usize = 32 * 1024;

/// Which markers count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkerOptions {
    /// Whether our own do.
    pub own: bool,
    /// The tools whose markers do.
    pub tools: Vec<Tool>,
}

impl Default for MarkerOptions {
    /// All of them.
    fn default() -> Self {
        Self { own: true, tools: Tool::ALL.to_vec() }
    }
}

impl MarkerOptions {
    /// The names that [`MarkerOptions::from_names`] knows, our own first.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        std::iter::once(OWN).chain(Tool::ALL.map(Tool::name)).collect()
    }

    /// The markers with these names; names that are not known are passed over.
    #[must_use]
    pub fn from_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut options = Self::none();
        for name in names {
            options.own |= name == OWN;
            options.tools.extend(Tool::from_name(name));
        }
        options
    }

    /// None of them.
    #[must_use]
    pub const fn none() -> Self {
        Self { own: false, tools: Vec::new() }
    }
}

/// What a marker near a match says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not to be reported.
    Suppressed {
        /// Why.
        suppression: Suppression,
        /// Where the marker begins, in the content.
        at: usize,
    },
    /// A marker was meant, and does not hold: a sentence about the place `at`.
    Void {
        /// What is wrong.
        remark: String,
        /// Where the marker begins, in the content.
        at: usize,
    },
}

/// Reads markers.
pub struct Inline {
    options: MarkerOptions,
    /// Made when the first match comes.
    words: OnceLock<Option<AhoCorasick>>,
}

/// A content with its matches, and what was learnt of it once.
pub(super) struct Text<'t> {
    bytes: &'t [u8],
    matches: &'t [Match],
    blocks: OnceLock<Vec<Span>>,
    /// Where words of policy scanners' markers stand.
    markers: OnceLock<Vec<policy::Hit>>,
    /// Whether a word of any other marker stands anywhere.
    marked: OnceLock<bool>,
}

impl<'t> Text<'t> {
    /// `matches` in the order of their places.
    pub(super) const fn new(bytes: &'t [u8], matches: &'t [Match]) -> Self {
        Self { bytes, matches, blocks: OnceLock::new(), markers: OnceLock::new(), marked: OnceLock::new() }
    }
}

/// A word that begins a marker: whose, and the word in lower case.
const WORDS: [(Option<Tool>, &str); 16] = [
    (None, MARKER),
    (Some(Tool::Betterleaks), "betterleaks:allow"),
    (Some(Tool::DetectSecrets), "pragma: allowlist"),
    (Some(Tool::DetectSecrets), "pragma:allowlist"),
    (Some(Tool::DetectSecrets), "pragma: whitelist"),
    (Some(Tool::DetectSecrets), "pragma:whitelist"),
    (Some(Tool::DevSkim), "devskim: ignore"),
    (Some(Tool::DevSkim), "devskim:ignore"),
    (Some(Tool::GitGuardian), "ggignore"),
    (Some(Tool::Gitleaks), "gitleaks:allow"),
    (Some(Tool::Kingfisher), "kingfisher:allow"),
    (Some(Tool::Kingfisher), "kingfisher:ignore"),
    (Some(Tool::Secretlint), "secretlint-disable"),
    (Some(Tool::Talisman), "talisman-ignore"),
    (Some(Tool::Talisman), "talisman:ignore"),
    (Some(Tool::Trufflehog), "trufflehog:ignore"),
];

/// Where a piece of text stands, seen from the secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Own,
    Above,
}

/// What a marker is asked about.
struct Question<'q> {
    rules: &'q RuleSet,
    rule: &'q Rule,
    today: Date,
}

impl Inline {
    /// Reads the markers that `options` names.
    #[must_use]
    pub const fn new(options: MarkerOptions) -> Self {
        Self { options, words: OnceLock::new() }
    }

    /// What the markers around match number `index` say of it; one that suppresses wins.
    pub(super) fn find(
        &self,
        text: &Text<'_>,
        index: usize,
        rules: &RuleSet,
        today: Date,
    ) -> Option<Verdict> {
        if !self.options.own && self.options.tools.is_empty() {
            return None;
        }
        let found = &text.matches[index];
        let question = Question { rules, rule: rules.rule(found.rule), today };
        let (before, after) = reach::own_line(text.bytes, found.span);
        let above = reach::line_above(text.bytes, found.span.start);
        let pieces = [(Side::Own, Some(before)), (Side::Own, Some(after)), (Side::Above, above)];
        let mut void = None;
        for (side, piece) in pieces.into_iter().filter(|_| self.may_mark(text)) {
            let Some(piece) = piece.filter(|piece| !piece.is_empty()) else { continue };
            match self.in_piece(text, side, piece, &question) {
                Some(void_one @ Verdict::Void { .. }) => void = void.or(Some(void_one)),
                Some(suppressed) => return Some(suppressed),
                None => {}
            }
        }
        if let Some(verdict) = policy::find(text, found, question.rule, &self.options.tools) {
            return Some(verdict);
        }
        if self.options.tools.contains(&Tool::Secretlint) {
            let blocks = text.blocks.get_or_init(|| secretlint_blocks(text.bytes));
            if let Some(block) = blocks.iter().find(|block| block.contains(found.span)) {
                return Some(Verdict::Suppressed {
                    suppression: foreign("secretlint-disable"),
                    at: block.start,
                });
            }
        }
        void
    }

    /// Our own markers in fresh text that are well formed and suppressed nothing: their places, and the rules
    /// they name. `used` are the places of those that did.
    ///
    /// A marker counts only if its line and the one below are fresh as a whole: else the match that it is for may
    /// lie in text that is not looked at.
    pub(super) fn stale(
        &self,
        bytes: &[u8],
        fresh: &Fresh,
        used: &[usize],
        rules: &RuleSet,
    ) -> Vec<(usize, String)> {
        let mut stale = Vec::new();
        if !self.options.own {
            return stale;
        }
        let finder = memchr::memmem::Finder::new(MARKER);
        for span in fresh.spans(bytes.len()) {
            for place in finder.find_iter(span.of(bytes)) {
                let at = span.start + place;
                let line = line_end(bytes, at);
                let below = line_end(bytes, (line + 1).min(bytes.len()));
                let whole = span.contains(Span::new(line_start(bytes, at), below));
                if !whole || used.contains(&at) || !ends_word(bytes, at, MARKER.len()) {
                    continue;
                }
                let rest = &bytes[at + MARKER.len()..line.min(at + reach::REACH)];
                let own = Own::parse(&rest.to_str_lossy());
                let known = !own.rules.is_empty()
                    && own.rules.iter().all(|name| rules.iter().any(|rule| names_rule(name, rule)));
                if known && own.reason.is_some() {
                    stale.push((at, own.rules.join(",")));
                }
            }
        }
        stale
    }

    /// Whether there may be a marker in the text.
    fn may_mark(&self, text: &Text<'_>) -> bool {
        text.matches.len() < MANY
            || *text.marked.get_or_init(|| {
                let words = self.words.get_or_init(words).as_ref();
                memchr::memchr(0, text.bytes).is_some()
                    || words.is_some_and(|words| words.is_match(text.bytes))
            })
    }

    fn in_piece(&self, text: &Text<'_>, side: Side, piece: Span, question: &Question<'_>) -> Option<Verdict> {
        let words = self.words.get_or_init(words).as_ref()?;
        let bytes = piece.of(text.bytes);
        // The letters of UTF-16 text lie apart; what an offset is off by then does not matter.
        let narrow: Cow<'_, [u8]> = if memchr::memchr(0, bytes).is_some() {
            bytes.iter().copied().filter(|&byte| byte != 0).collect::<Vec<_>>().into()
        } else {
            bytes.into()
        };
        if !words.is_match(narrow.as_ref()) {
            return None;
        }
        let masked = mask(text, piece, narrow);
        let mut void = None;
        for hit in words.find_iter(masked.as_ref()) {
            let (tool, word) = WORDS[hit.pattern().as_usize()];
            let counts = tool.map_or(self.options.own, |tool| self.options.tools.contains(&tool));
            if !counts || !begins_word(&masked, hit.start()) {
                continue;
            }
            let at = piece.start + hit.start();
            let rest = masked[hit.end()..].to_str_lossy();
            let alone = is_alone(&masked[..hit.start()]);
            let answer = match tool {
                None if side == Side::Own || alone => own_marker(&rest, question),
                None => None,
                Some(tool) => foreign_marker(tool, word, &rest, Seen { side, alone }, question.today),
            };
            match answer {
                Some(Ok(suppression)) => return Some(Verdict::Suppressed { suppression, at }),
                Some(Err(remark)) => void = void.or(Some(Verdict::Void { remark, at })),
                None => {}
            }
        }
        void
    }
}

impl fmt::Debug for Inline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Inline").field("options", &self.options).finish_non_exhaustive()
    }
}

fn words() -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(WORDS.iter().map(|(_, word)| word))
        .ok()
}

/// `bytes`, which are those of `piece`, with `X` in place of all secrets (a letter, so that the line is not taken for a lone comment): none gets into a reason, and no
/// marker inside another secret counts.
fn mask<'b>(text: &Text<'_>, piece: Span, mut bytes: Cow<'b, [u8]>) -> Cow<'b, [u8]> {
    let same_length = bytes.len() == piece.len();
    let end = text.matches.partition_point(|found| found.span.start < piece.end);
    let near = text.matches[..end].iter().rev();
    for found in near.take_while(|found| found.span.start + MATCH_MAX > piece.start) {
        if found.span.touches(piece) {
            if !same_length {
                // Where the letters lie apart, offsets do not fit: better no marker than a secret shown.
                return Cow::Borrowed(b"");
            }
            let start = found.span.start.max(piece.start) - piece.start;
            let end = found.span.end.min(piece.end) - piece.start;
            bytes.to_mut()[start..end].fill(b'X');
        }
    }
    bytes
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn begins_word(bytes: &[u8], at: usize) -> bool {
    at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

/// True if the `len` bytes from `at` are not part of a longer word.
fn ends_word(bytes: &[u8], at: usize, len: usize) -> bool {
    begins_word(bytes, at) && !bytes.get(at + len).copied().is_some_and(is_word)
}

/// True if nothing but the opening of a comment stands before a marker: no letter and no digit, or a word that
/// opens comments in batch files, Basic and m4.
fn is_alone(before: &[u8]) -> bool {
    let word = before.trim_with(|letter| !letter.is_alphanumeric());
    word.is_empty() || [&b"rem"[..], b"dnl"].iter().any(|opening| word.eq_ignore_ascii_case(opening))
}

/// `Ok` if it suppresses, `Err` with a remark if it was meant to, `None` if it is about something else.
type Answer = Option<Result<Suppression, String>>;

/// `text` up to where the comment ends.
fn comment_text(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    let ends = ["*/", "-->", "--%>", "%>", "\"\"\"", "'''", "#}", "}}", "-}", "*)", "|#", "#>", "]]"];
    let end = ends.iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len());
    line[..end].trim()
}

/// A reason as it is kept: no control characters, not too long; `None` if it says nothing.
fn clean_reason(reason: &str) -> Option<String> {
    let clean: String = reason.chars().filter(|letter| !letter.is_control()).take(REASON_MAX).collect();
    let clean = clean.trim().trim_end_matches(['-', '*', ' ']);
    (clean.chars().filter(|letter| letter.is_alphanumeric()).count() >= REASON_LETTERS)
        .then(|| clean.to_owned())
}

fn dated(until: Option<&str>, today: Date) -> Result<(), String> {
    let Some(until) = until else { return Ok(()) };
    match Date::parse(until) {
        None => Err("the day after \"until\" is not of the form YYYY-MM-DD, so it suppresses nothing".into()),
        Some(day) if day < today => Err(format!("expired on {day}, so the finding is reported again")),
        Some(_) => Ok(()),
    }
}
