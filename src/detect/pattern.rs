//! Pattern rules: a regular expression on a window around a keyword.
//!
//! What a hit finds depends on the bytes of its window only, never on other hits: so a scan of
//! fresh ranges finds what a full scan finds there. Must not judge what was found.

mod steps;

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use regex_automata::{
    Anchored, Input,
    meta::{Config, Regex},
    util::syntax,
};
use regex_syntax::hir::{Class, Hir, HirKind};

pub(crate) use steps::Steps;
use steps::TooHard;

use crate::{
    rule::{Pattern, pattern_syntax},
    text::Span,
};

/// How far before its keyword a match may begin, in bytes.
pub(crate) const BEFORE: usize = 512;
/// How far after the start of its keyword a match on one line may end, in bytes.
pub(crate) const AFTER: usize = 4096;
/// The same for a match over several lines: a private key of 16,384 bits is 12 KiB.
pub(crate) const AFTER_MULTILINE: usize = 16 * 1024;
/// Searches after which an automaton is made for many of them: a lazy one takes some thousand times a window to
/// build its states, and then a tenth of the time.
const OFTEN: u32 = 512;
/// Limit on the memory of one compiled expression, in bytes.
const COMPILED_LIMIT: usize = 8 << 20;

/// A pattern rule, compiled when first needed.
///
/// Its shape is read at the first hit. An automaton is compiled only for what is not made into
/// [`Steps`], and at the first window that has what every match must have: most rules that are
/// hit by a common keyword never get that far.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    shape: OnceLock<Option<Shape>>,
    compiled: OnceLock<Option<Compiled>>,
    /// The same, made for many searches.
    often: OnceLock<Option<Compiled>>,
    /// Searches by an automaton so far.
    searches: AtomicU32,
    /// Set when steps took too long once; what they find would have been the same.
    hard: OnceLock<()>,
}

/// What is known of all matches of an expression without running it.
#[derive(Debug)]
struct Shape {
    hir: Hir,
    steps: Option<Steps>,
    /// Bytes in a row that every match has.
    run: Option<Run>,
    /// A byte that every match has behind its start: asked where an automaton would have to run.
    byte: Option<u8>,
    /// Bytes between the start of a match and its keyword, where every match has the same.
    lead: Option<usize>,
    /// Most bytes of a match before its keyword.
    before: usize,
    /// Most bytes of a match after the start of its keyword.
    after: usize,
}

#[derive(Debug)]
struct Compiled {
    regex: Regex,
    group: usize,
}

/// At least so many bytes in a row out of a set.
#[derive(Debug)]
struct Run {
    set: Box<[bool; 256]>,
    least: usize,
}

/// Shortest run that is worth looking for, in bytes: shorter ones are everywhere.
const MIN_RUN: usize = 8;

/// What an expression matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The whole match.
    pub(crate) whole: Span,
    /// The secret group.
    pub(crate) secret: Span,
}

/// The last window that a rule was searched in, and all that was found there.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    window: Span,
    found: Vec<Found>,
    valid: bool,
}

impl Memo {
    /// Forgets: another text comes.
    pub(crate) fn clear(&mut self) {
        self.valid = false;
    }
}

impl Engine {
    /// What the rule finds at the keyword `hit`, and the window that decided it.
    pub(crate) fn at(
        &self,
        rule: &Pattern,
        text: &[u8],
        hit: Span,
        memo: &mut Memo,
    ) -> (Option<Found>, Span) {
        let Some(shape) = self.shape.get_or_init(|| Shape::new(rule)) else { return (None, hit) };
        let start = shape.lead.map(|lead| hit.start.checked_sub(lead));
        if let (Some(start), Some(steps)) = (start, &shape.steps)
            && !start.is_some_and(|start| steps.may_begin(text, start))
        {
            return (None, hit);
        }
        let window = window(text, hit, shape.before, shape.after, rule.multiline);
        let lacks_byte = || match (shape.byte, start.flatten()) {
            (Some(byte), Some(start)) => memchr::memchr(byte, &text[start..window.end.max(start)]).is_none(),
            _ => false,
        };
        if shape.steps.is_none() && lacks_byte()
            || shape.run.as_ref().is_some_and(|run| !run.is_in(window.of(text)))
        {
            return (None, window);
        }
        if let Some(start) = start {
            let search = |start: usize| {
                self.search(shape, text, Span::new(start, window.end.max(start)), Anchored::Yes)
            };
            return (start.and_then(search), window);
        }
        if !(memo.valid && memo.window == window) {
            memo.valid = true;
            memo.window = window;
            memo.found.clear();
            let mut from = window.start;
            while let Some(found) = self.search(shape, text, Span::new(from, window.end), Anchored::No) {
                from = found.whole.end.max(from + 1);
                memo.found.push(found);
                if from > window.end {
                    break;
                }
            }
        }
        (memo.found.iter().find(|found| found.whole.contains(hit)).copied(), window)
    }

    /// The first match in `part` of `text`, or the one that begins it.
    fn search(&self, shape: &Shape, text: &[u8], part: Span, anchored: Anchored) -> Option<Found> {
        if let Some(steps) = shape.steps.as_ref().filter(|_| self.hard.get().is_none()) {
            let found = match anchored {
                Anchored::No => steps.first(text, part.start, part.end),
                _ => steps.at(text, part.start, part.end),
            };
            match found {
                Ok(found) => return found,
                Err(TooHard) => self.hard.set(()).unwrap_or_default(),
            }
        }
        let often = self.searches.fetch_add(1, Ordering::Relaxed) >= OFTEN;
        let compiled = if often { &self.often } else { &self.compiled };
        let compiled = compiled.get_or_init(|| Compiled::new(&shape.hir, often)).as_ref()?;
        compiled.search(&Input::new(text).span(part.start..part.end).anchored(anchored))
    }
}

/// The part of `text` that a match around `hit` may lie in.
fn window(text: &[u8], hit: Span, before: usize, after: usize, multiline: bool) -> Span {
    let low = hit.start.saturating_sub(before);
    let high = (hit.start + after).min(text.len());
    if multiline {
        return Span::new(low, high);
    }
    let start = memchr::memrchr(b'\n', &text[low..hit.start]).map_or(low, |newline| low + newline + 1);
    let end = memchr::memchr(b'\n', &text[hit.start..high]).map_or(high, |newline| hit.start + newline);
    Span::new(start, end)
}

impl Shape {
    fn new(rule: &Pattern) -> Option<Self> {
        let hir = syntax::parse_with(&rule.regex, &pattern_syntax(rule.ignore_case)).ok()?;
        let reach = if rule.multiline { AFTER_MULTILINE } else { AFTER };
        let most = hir.properties().maximum_len().unwrap_or(reach);
        let (lead, before) = match lead(&hir, rule) {
            Some((least, most)) => ((least == most).then_some(least), most.min(BEFORE)),
            None => (None, most.min(BEFORE)),
        };
        // One byte more than the longest match, so that a closing look-around sees its neighbour.
        let after = most.saturating_add(1).min(reach);
        Some(Self {
            run: Run::of(&hir),
            byte: last_byte(&hir),
            steps: Steps::new(&hir),
            hir,
            lead,
            before,
            after,
        })
    }
}

/// The last byte of the last literal that stands behind the first item of the sequence of `hir`.
fn last_byte(hir: &Hir) -> Option<u8> {
    let mut items = Vec::new();
    flatten(hir, &mut items);
    let mut literals = items.into_iter().skip(1).rev().filter_map(|item| match item.kind() {
        HirKind::Literal(literal) => literal.0.last().copied(),
        _ => None,
    });
    literals.next()
}

impl Run {
    /// The longest run that the sequence of `hir` requires.
    fn of(hir: &Hir) -> Option<Self> {
        let mut items = Vec::new();
        flatten(hir, &mut items);
        let runs = items.into_iter().filter_map(|item| {
            let HirKind::Repetition(repetition) = item.kind() else { return None };
            let HirKind::Class(Class::Bytes(class)) = repetition.sub.kind() else { return None };
            Some((repetition.min as usize, class))
        });
        let (least, class) = runs.max_by_key(|(least, _)| *least).filter(|(least, _)| *least >= MIN_RUN)?;
        let mut set = Box::new([false; 256]);
        for range in class.ranges() {
            for byte in range.start()..=range.end() {
                set[usize::from(byte)] = true;
            }
        }
        Some(Self { set, least })
    }

    /// Whether `text` has such a run. One covers a multiple of its length, so only those places
    /// are asked.
    fn is_in(&self, text: &[u8]) -> bool {
        let mut place = self.least - 1;
        while place < text.len() {
            let back = text[..=place].iter().rev().take_while(|&&byte| self.set[usize::from(byte)]).count();
            if back == 0 {
                place += self.least;
                continue;
            }
            let ahead =
                text[place + 1..].iter().take(self.least).take_while(|&&byte| self.set[usize::from(byte)]);
            let ahead = ahead.count();
            if back + ahead >= self.least {
                return true;
            }
            place += ahead + self.least;
        }
        false
    }
}

impl Compiled {
    fn new(hir: &Hir, often: bool) -> Option<Self> {
        let regex = Regex::builder()
            // Windows are short and rules are many: building states of lazy automata, once a thread, or searches for
            // literals would cost more than it saves, but where one rule is asked again and again.
            .configure(
                Config::new()
                    .utf8_empty(false)
                    .auto_prefilter(often)
                    .hybrid(often)
                    .nfa_size_limit(Some(COMPILED_LIMIT)),
            )
            .build_from_hir(hir)
            .ok()?;
        let group = secret_group(&regex);
        Some(Self { regex, group })
    }

    fn search(&self, input: &Input<'_>) -> Option<Found> {
        let mut captures = self.regex.create_captures();
        self.regex.search_captures(input, &mut captures);
        let whole = captures.get_match()?;
        let secret = captures.get_group(self.group).unwrap_or_else(|| whole.span());
        Some(Found {
            whole: Span::new(whole.start(), whole.end()),
            secret: Span::new(secret.start, secret.end),
        })
    }
}

/// The group named `secret`, else the first, else the whole match.
fn secret_group(regex: &Regex) -> usize {
    let names = regex.group_info().pattern_names(regex_automata::PatternID::ZERO);
    let mut count = 0;
    for (place, name) in names.enumerate() {
        if name == Some("secret") {
            return place;
        }
        count = place;
    }
    count.min(1)
}

/// Least and most bytes that a match has before its keyword, if every match has one there.
fn lead(hir: &Hir, rule: &Pattern) -> Option<(usize, usize)> {
    let mut items = Vec::new();
    flatten(hir, &mut items);
    let (mut least, mut most) = (0_usize, 0_usize);
    for place in 0..items.len() {
        if begins_with_keyword(&items[place..], rule) {
            return Some((least, most));
        }
        // A literal may hold the keyword further in.
        if let HirKind::Literal(literal) = items[place].kind()
            && let Some(inside) = rule.keywords.iter().find_map(|word| {
                memchr::memmem::find(&literal.0, word.as_bytes()).filter(|_| rule.keywords.len() == 1)
            })
        {
            return Some((least + inside, most + inside));
        }
        let properties = items[place].properties();
        least += properties.minimum_len()?;
        most = most.checked_add(properties.maximum_len()?)?;
    }
    None
}

/// The items that a match is a sequence of; groups are looked through.
fn flatten<'h>(hir: &'h Hir, items: &mut Vec<&'h Hir>) {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().for_each(|part| flatten(part, items)),
        HirKind::Capture(capture) => flatten(&capture.sub, items),
        HirKind::Empty => {}
        _ => items.push(hir),
    }
}

/// Whether every way through `items` begins with one of the rule's keywords.
fn begins_with_keyword(items: &[&Hir], rule: &Pattern) -> bool {
    let Some(first) = items.first() else { return false };
    if let HirKind::Alternation(branches) = first.kind() {
        return branches.iter().all(|branch| {
            let mut parts = Vec::new();
            flatten(branch, &mut parts);
            parts.extend_from_slice(&items[1..]);
            begins_with_keyword(&parts, rule)
        });
    }
    let mut bytes = Vec::new();
    for item in items {
        match item.kind() {
            HirKind::Literal(literal) => bytes.extend_from_slice(&literal.0),
            HirKind::Class(Class::Bytes(class)) => match folded_letter(class) {
                Some(letter) if rule.ignore_case => bytes.push(letter),
                _ => break,
            },
            HirKind::Alternation(branches) if !bytes.is_empty() => {
                return branches.iter().all(|branch| {
                    let mut parts = Vec::new();
                    flatten(branch, &mut parts);
                    let mut all = bytes.clone();
                    for part in parts {
                        let HirKind::Literal(literal) = part.kind() else { break };
                        all.extend_from_slice(&literal.0);
                    }
                    is_keyword_start(&all, rule)
                });
            }
            _ => break,
        }
    }
    is_keyword_start(&bytes, rule)
}

fn is_keyword_start(bytes: &[u8], rule: &Pattern) -> bool {
    rule.keywords.iter().any(|word| {
        bytes.get(..word.len()).is_some_and(|start| {
            if rule.ignore_case {
                start.eq_ignore_ascii_case(word.as_bytes())
            } else {
                start == word.as_bytes()
            }
        })
    })
}

/// The lower-case letter that `[Aa]` stands for.
fn folded_letter(class: &regex_syntax::hir::ClassBytes) -> Option<u8> {
    let ranges = class.ranges();
    match ranges {
        [upper, lower]
            if upper.start() == upper.end()
                && lower.start() == lower.end()
                && upper.start().to_ascii_lowercase() == lower.start()
                && upper.start().is_ascii_uppercase() =>
        {
            Some(lower.start())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn pattern(regex: &'static str, keyword: &'static str, ignore_case: bool) -> Pattern {
        Pattern {
            keywords: Cow::Owned(vec![Cow::Borrowed(keyword)]),
            ignore_case,
            regex: Cow::Borrowed(regex),
            multiline: false,
            entropy: None,
            check: Cow::Borrowed(""),
            placeholders: true,
            binary: false,
        }
    }

    #[test]
    fn the_lead_is_known_where_the_keyword_begins_the_match() {
        for (regex, keyword, ignore_case, lead, before) in [
            (r"\b(ghp_[0-9A-Za-z]{36})\b", "ghp_", false, Some(0), 0),
            (r"(?:^|[^0-9])(abc_[0-9]{4})", "abc_", false, None, 1),
            (r"https://([a-z]{8})\.example", "https://", false, Some(0), 0),
            (r"\bdatadog[\w]{0,8}=([0-9a-f]{32})", "datadog", true, Some(0), 0),
            (r"([a-z]{3})KEYWORD", "KEYWORD", false, Some(3), 3),
            (r"[a-z]*KEYWORD", "KEYWORD", false, None, BEFORE),
            (r"\b((?:abcd|abce)_[0-9]{4})", "abc", false, Some(0), 0),
        ] {
            let shape = Shape::new(&pattern(regex, keyword, ignore_case)).unwrap();
            assert_eq!((shape.lead, shape.before), (lead, before), "{regex}");
        }
    }

    #[test]
    fn a_hit_finds_the_match_around_it() {
        let rule = pattern(r"[a-z]{2}-(tok_[0-9]{3})\b", "tok_", false);
        let engine = Engine::default();
        let text = b"xx-tok_12 ab-tok_345\nab-tok_678";
        let mut memo = Memo::default();
        let mut at = |place: usize| engine.at(&rule, text, Span::new(place, place + 4), &mut memo).0;
        assert_eq!(at(3), None);
        assert_eq!(at(13), Some(Found { whole: Span::new(10, 20), secret: Span::new(13, 20) }));
        assert_eq!(at(24), Some(Found { whole: Span::new(21, 31), secret: Span::new(24, 31) }));
    }

    #[test]
    fn a_byte_that_every_match_has_is_looked_for_before_an_automaton_runs() {
        let rule = pattern(r"://[a-z]{0,9}:((?:[a-z]|%[0-9A-F]{2}){3,127})@(?:x|y)", "://", false);
        let shape = Shape::new(&rule).unwrap();
        assert_eq!((shape.byte, shape.steps.is_none()), (Some(b'@'), true));
        let engine = Engine::default();
        for (text, found) in [("://u:abc@x", true), ("://u:abcd.x", false), ("@ ://u:ab%40@y", true)] {
            let place = text.find("://").unwrap();
            let hit = Span::new(place, place + 3);
            let seen = engine.at(&rule, text.as_bytes(), hit, &mut Memo::default()).0;
            assert_eq!(seen.is_some(), found, "{text}");
        }
    }

    #[test]
    fn a_run_that_every_match_has_is_looked_for_first() {
        let shape = Shape::new(&pattern(r"tok_[a-z]{2,4}-([0-9a-f]{10,12})x", "tok_", false)).unwrap();
        let run = shape.run.unwrap();
        assert_eq!(run.least, 10);
        for length in 0..14 {
            for before in 0..25 {
                let text = format!("{}{}{}", "-".repeat(before), "a".repeat(length), "zz-z".repeat(4));
                assert_eq!(run.is_in(text.as_bytes()), length >= 10, "{text}");
            }
        }
        assert!(Shape::new(&pattern(r"tok_(?:[0-9]{10}|x)", "tok_", false)).unwrap().run.is_none());
    }
}
