//! Pattern rules: a regular expression on a window around a keyword.
//!
//! What a hit finds depends on the bytes of its window only, never on other hits: so a scan of
//! fresh ranges finds what a full scan finds there. Must not judge what was found.

mod choice;
mod shape;
mod steps;
#[cfg(test)]
mod write;

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use regex_automata::{
    Anchored, Input,
    meta::{Config, Regex},
};
use regex_syntax::hir::Hir;

pub(crate) use shape::{AFTER_MULTILINE, BEFORE, Shapes, parse, value_expression};
use shape::{Landmark, Shape};
use steps::TooHard;
pub(crate) use steps::{Found, Head, Set, Step, Steps};

use crate::{rule::Pattern, text::Span};

/// Searches after which an automaton is made for many of them: a lazy one takes some thousand times a window to
/// build its states, and then a tenth of the time.
const OFTEN: u32 = 512;
/// Steps from which on it is worth while to ask first whether a window has a byte that every match has.
const LONG: usize = 400;
/// Limit on the memory of one compiled expression, in bytes.
const COMPILED_LIMIT: usize = 8 << 20;

/// A pattern rule, compiled when first needed.
///
/// Its shapes are looked up or made at the first hit.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    alternatives: OnceLock<Alternatives>,
}

/// The alternatives of a rule: one, or those of a choice of many.
#[derive(Debug)]
struct Alternatives {
    all: Vec<Alternative>,
    /// Numbers of the keywords of a choice of many, by the low five bits of the first byte, which do not tell case.
    by_first: [Vec<u32>; 32],
    /// For each of these keywords, which alternatives have it, in order.
    of_keyword: Vec<Vec<u16>>,
}

/// An expression, or an alternative of one that is a choice of many.
///
/// An automaton is compiled only for what is not made into [`Steps`], and at the first window that has what every match must
/// have: most rules that are hit by a common keyword never get that far.
#[derive(Debug)]
struct Alternative {
    /// Its number.
    number: usize,
    shape: Shape,
    /// What is known of a match before it is looked at, where all keywords that it is asked for are as long and begin it.
    head: Option<Head>,
    compiled: OnceLock<Option<Compiled>>,
    /// The same, made for many searches.
    often: OnceLock<Option<Compiled>>,
    /// Searches by an automaton so far.
    searches: AtomicU32,
    /// Set when steps took too long once; what they find would have been the same.
    hard: OnceLock<()>,
}

#[derive(Debug)]
struct Compiled {
    regex: Regex,
    group: usize,
}

/// The last window that an alternative of a rule was searched for in, and what was found there.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    alternative: usize,
    window: Span,
    found: Vec<Found>,
    /// Nothing else begins before this place.
    next: usize,
    valid: bool,
}

impl Memo {
    /// Whether it holds something.
    pub(crate) const fn is_used(&self) -> bool {
        self.valid
    }

    /// Forgets: another text comes.
    pub(crate) fn clear(&mut self) {
        self.valid = false;
    }
}

impl Engine {
    /// The engine of a rule whose shapes are known.
    pub(crate) fn with_shapes(rule: &Pattern, shapes: Option<Vec<Shape>>) -> Self {
        let engine = Self::default();
        if let Some(shapes) = shapes {
            engine.alternatives.get_or_init(|| Alternatives::new(rule, shapes));
        }
        engine
    }

    fn alternatives(&self, rule: &Pattern) -> &Alternatives {
        self.alternatives.get_or_init(|| Alternatives::new(rule, Shape::all(rule)))
    }

    /// Whether an automaton was compiled.
    #[cfg(test)]
    pub(crate) fn has_automaton(&self) -> bool {
        let all = self.alternatives.get().map_or(&[][..], |alternatives| &alternatives.all);
        all.iter().any(|one| one.compiled.get().is_some() || one.often.get().is_some())
    }

    /// True if the rule finds nothing at the keyword `hit` for certain: a few comparisons say so of most.
    #[inline]
    pub(crate) fn turns_away(&self, rule: &Pattern, text: &[u8], hit: Span) -> bool {
        match self.alternatives(rule) {
            Alternatives { all, .. } if let [one] = &all[..] => one.turns_away(rule, text, hit),
            alternatives => alternatives.at(rule, text, hit).all(|one| one.turns_away(rule, text, hit)),
        }
    }

    /// What the rule finds at the keyword `hit`, and the part of the text that decided it: of the alternatives that have the
    /// keyword, what begins first. It is the same whether [`Self::turns_away`] was asked or not.
    pub(crate) fn at(
        &self,
        rule: &Pattern,
        text: &[u8],
        hit: Span,
        memo: &mut Memo,
    ) -> (Option<Found>, Span) {
        let alternatives = self.alternatives(rule);
        if let [one] = &alternatives.all[..] {
            return one.at(rule, text, hit, memo);
        }
        let (mut first, mut seen) = (None::<Found>, hit);
        for one in alternatives.at(rule, text, hit) {
            if one.turns_away(rule, text, hit) {
                continue;
            }
            let (found, window) = one.at(rule, text, hit, memo);
            seen = Span::new(seen.start.min(window.start), seen.end.max(window.end));
            if let Some(found) =
                found.filter(|found| first.is_none_or(|first| found.whole.start < first.whole.start))
            {
                first = Some(found);
            }
        }
        (first, seen)
    }
}

impl Alternatives {
    fn new(rule: &Pattern, shapes: Vec<Shape>) -> Self {
        let all = Alternative::all(rule, shapes);
        let mut by_first: [Vec<u32>; 32] = Default::default();
        let mut of_keyword = vec![Vec::new(); if all.len() > 1 { rule.keywords.len() } else { 0 }];
        for one in all.iter().filter(|_| all.len() > 1) {
            for &keyword in &one.shape.keywords {
                of_keyword[keyword].push(one.number as u16);
            }
        }
        for (number, keyword) in rule.keywords.iter().enumerate().take(of_keyword.len()) {
            let first = keyword.as_bytes().first().map_or(0, |byte| usize::from(byte & 31));
            by_first[first].push(number as u32);
        }
        Self { all, by_first, of_keyword }
    }

    /// The alternatives that have the keyword at `hit`.
    fn at<'a>(&'a self, rule: &Pattern, text: &[u8], hit: Span) -> impl Iterator<Item = &'a Alternative> {
        let written = hit.of(text);
        let is_written = |number: &&u32| {
            let keyword = rule.keywords[**number as usize].as_bytes();
            keyword.len() == written.len()
                && if rule.ignore_case { keyword.eq_ignore_ascii_case(written) } else { keyword == written }
        };
        let first = written.first().map_or(0, |byte| usize::from(byte & 31));
        let keyword = self.by_first[first].iter().find(is_written);
        let numbers = keyword.map_or(&[][..], |&number| &self.of_keyword[number as usize]);
        numbers.iter().map(|&number| &self.all[usize::from(number)])
    }
}

impl Alternative {
    fn all(rule: &Pattern, shapes: Vec<Shape>) -> Vec<Self> {
        let alternatives = shapes.into_iter().enumerate().map(|(number, shape)| Self {
            number,
            head: Self::head(rule, &shape),
            shape,
            compiled: OnceLock::new(),
            often: OnceLock::new(),
            searches: AtomicU32::new(0),
            hard: OnceLock::new(),
        });
        alternatives.collect()
    }

    fn head(rule: &Pattern, shape: &Shape) -> Option<Head> {
        let steps = shape.steps.as_ref().filter(|_| shape.lead == Some(0))?;
        let asked = |number: &usize| shape.keywords.is_empty() || shape.keywords.contains(number);
        let mut lengths = (0..rule.keywords.len()).filter(asked).map(|number| rule.keywords[number].len());
        let length = lengths.next()?;
        lengths.all(|other| other == length).then(|| steps.head(length))?
    }

    /// True if it finds nothing at the keyword `hit` for certain.
    #[inline]
    fn turns_away(&self, rule: &Pattern, text: &[u8], hit: Span) -> bool {
        let shape = &self.shape;
        let (Some(lead), Some(steps)) = (shape.lead, &shape.steps) else { return false };
        let start = hit.start.checked_sub(lead);
        let may_be_there = start.is_some_and(|start| {
            shape.landmark.as_ref().is_none_or(|landmark| landmark.is_near(text, start, shape.after))
                && match self.head {
                    Some(head) => steps.may_begin_with(head, text, start),
                    None => steps.may_begin(text, start),
                }
                && shape
                    .run
                    .as_ref()
                    .is_none_or(|run| run.is_near(text, (start, hit.start), shape.after, rule.multiline))
        });
        !may_be_there && !ends_escape(text, start.unwrap_or(hit.start))
    }

    /// What it finds at the keyword `hit`, and the window that decided it.
    fn at(&self, rule: &Pattern, text: &[u8], hit: Span, memo: &mut Memo) -> (Option<Found>, Span) {
        let shape = &self.shape;
        let start = shape.lead.map(|lead| hit.start.checked_sub(lead));
        let first = start.flatten().or((shape.before <= 1).then_some(hit.start));
        if let Some(first) = first.filter(|&first| ends_escape(text, first)) {
            return self.after_escape(rule, text, hit, first);
        }
        let window = window(text, hit, shape.before, shape.after, rule.multiline);
        let is_long = || shape.steps.as_ref().is_none_or(|steps| steps.steps.len() > LONG);
        let lacks = |landmark: &Landmark| {
            let rest = |start| text.get(start..window.end).unwrap_or_default();
            is_long() && start.flatten().is_some_and(|start| !landmark.is_in(rest(start)))
        };
        if shape.landmark.as_ref().is_some_and(lacks)
            || shape.run.as_ref().is_some_and(|run| !run.is_in(window.of(text)))
        {
            return (None, window);
        }
        if let Some(start) = start {
            let search = |start: usize| {
                let part = Span::new(start, window.end.max(start));
                self.search(rule, text, (part, start), Anchored::Yes).0
            };
            return (start.and_then(search), window);
        }
        if !(memo.valid && memo.window == window && memo.alternative == self.number) {
            memo.valid = true;
            memo.alternative = self.number;
            memo.window = window;
            memo.next = window.start;
            memo.found.clear();
        }
        // A match around the keyword begins at it, or before.
        while memo.next <= hit.start {
            let part = (Span::new(memo.next, window.end), hit.start);
            let (found, last) = self.search(rule, text, part, Anchored::No);
            memo.next = found.map_or(last, |found| found.whole.end.max(memo.next + 1) - 1) + 1;
            memo.found.extend(found);
        }
        (memo.found.iter().find(|found| found.whole.contains(hit)).copied(), window)
    }

    /// What the rule finds at `hit` if the text began at `first`: the letter before belongs to `\n`, not to the token.
    fn after_escape(&self, rule: &Pattern, text: &[u8], hit: Span, first: usize) -> (Option<Found>, Span) {
        let inner = Span::new(hit.start - first, hit.end - first);
        let (found, window) = self.at(rule, &text[first..], inner, &mut Memo::default());
        let found = found
            .map(|found| Found { whole: found.whole.shifted(first), secret: found.secret.shifted(first) });
        (found, Span::new(first - 2, window.end + first))
    }

    /// The first match in `part` of `text` that begins at `last` the latest, or the one that begins the part. With
    /// the place up to which none begins otherwise: an automaton looks at all of the part.
    fn search(
        &self,
        rule: &Pattern,
        text: &[u8],
        (part, last): (Span, usize),
        anchored: Anchored,
    ) -> (Option<Found>, usize) {
        if let Some(steps) = self.shape.steps.as_ref().filter(|_| self.hard.get().is_none()) {
            let found = match anchored {
                Anchored::No => steps.first(text, (part.start, last), part.end),
                _ => steps.at(text, part.start, part.end),
            };
            match found {
                Ok(found) => return (found, last),
                Err(TooHard) => self.hard.set(()).unwrap_or_default(),
            }
        }
        let often = self.searches.fetch_add(1, Ordering::Relaxed) >= OFTEN;
        let compiled = if often { &self.often } else { &self.compiled };
        let compiled = compiled.get_or_init(|| Compiled::new(rule, self.number, often)).as_ref();
        let input = Input::new(text).span(part.start..part.end).anchored(anchored);
        (compiled.and_then(|compiled| compiled.search(&input)), part.end)
    }
}

/// Whether `\n`, `\r` or `\t` ends just before `place`, written as in a string.
pub(super) fn ends_escape(text: &[u8], place: usize) -> bool {
    matches!(text.get(..place), Some([.., b'\\', b'n' | b'r' | b't']))
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

impl Compiled {
    /// The automaton of an alternative.
    fn new(rule: &Pattern, number: usize, often: bool) -> Option<Self> {
        let hir: Hir = parse(&rule.regex, rule.ignore_case)?;
        let (hir, _) = choice::alternatives(hir, rule).into_iter().nth(number)?;
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
            .build_from_hir(&hir)
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::{steps::Reader, write::Writer, *};
    use crate::{detect::builtin::SHAPES, rule::Detector};

    fn pattern(regex: &'static str, keyword: &'static str, ignore_case: bool) -> Pattern {
        Pattern {
            keywords: Cow::Owned(vec![Cow::Borrowed(keyword)]),
            ignore_case,
            regex: Cow::Borrowed(regex),
            multiline: false,
            entropy: None,
            check: Cow::Borrowed(""),
            lengths: Cow::Borrowed(&[]),
            placeholders: true,
            binary: false,
        }
    }

    /// The shape of an expression that is no choice of many.
    fn shape(rule: &Pattern) -> Shape {
        let mut shapes = Shape::all(rule);
        assert_eq!(shapes.len(), 1, "{}", rule.regex);
        shapes.remove(0)
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
            let shape = shape(&pattern(regex, keyword, ignore_case));
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
    fn the_letter_of_an_escape_is_no_part_of_a_word() {
        for (regex, text, found) in [
            (r"\b(tok_[0-9]{3})\b", r"a\ntok_345", true),
            (r"\b(tok_[0-9]{3})\b", r"antok_345", false),
            (r"\b(tok_[0-9]{3})\b", r"a\qtok_345", false),
            (r"(?:^|[^a-z])(tok_[0-9]{3})", r"a\ttok_345\n", true),
            (r"([a-z]-tok_[0-9]{3})\b", r"\nx-tok_345", true),
            (r"\b([a-z]-tok_[0-9]{3})\b", r"\nx-tok_345", true),
        ] {
            let rule = pattern(regex, "tok_", false);
            let place = text.find("tok_").unwrap();
            let hit = Span::new(place, place + 4);
            let (seen, window) = Engine::default().at(&rule, text.as_bytes(), hit, &mut Memo::default());
            assert_eq!(
                seen.map(|seen| seen.secret.of(text.as_bytes()).ends_with(b"tok_345")),
                found.then_some(true),
                "{regex} {text}"
            );
            assert!(seen.is_none_or(|seen| window.contains(seen.whole)), "{regex} {text}");
        }
    }

    #[test]
    fn a_byte_that_every_match_has_is_looked_for_before_an_automaton_runs() {
        let rule = pattern(r"://[a-z]{0,9}:((?:[a-z]|%[0-9A-F]{2}){3,400})@(?:x|y)", "://", false);
        let shape = shape(&rule);
        let landmark = shape.landmark.as_ref().unwrap();
        assert_eq!((landmark.byte, landmark.skip, shape.steps.is_none()), (b'@', 3, true));
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
        let run = shape(&pattern(r"tok_[a-z]{2,4}-([0-9a-f]{10,12})x", "tok_", false)).run.unwrap();
        assert_eq!(run.least, 10);
        for length in 0..14 {
            for before in 0..25 {
                let text = format!("{}{}{}", "-".repeat(before), "a".repeat(length), "zz-z".repeat(4));
                assert_eq!(run.is_in(text.as_bytes()), length >= 10, "{text}");
            }
        }
        assert!(shape(&pattern(r"tok_(?:[0-9]{10}|x)", "tok_", false)).run.is_none());
    }

    #[test]
    fn tables_hold_what_expressions_make() {
        let (mut patterns, mut bound) = (0, 0);
        for (number, rule) in crate::rule::builtin().iter().enumerate() {
            match &rule.detector {
                Detector::Pattern(pattern) => {
                    assert_eq!(SHAPES.shapes(number), Some(Shape::all(pattern)), "{}", rule.id);
                    patterns += 1;
                }
                Detector::Bound(value) => {
                    let hir = parse(&value_expression(&value.value), value.ignore_case).unwrap();
                    assert_eq!(SHAPES.steps(number), Some(Steps::with_group(&hir, 1)), "{}", rule.id);
                    bound += 1;
                }
                _ => assert_eq!(SHAPES.shapes(number), None, "{}", rule.id),
            }
        }
        assert!(patterns > 300 && bound > 300, "{patterns} {bound}");
        assert_eq!(SHAPES.shapes(usize::MAX / 8), None);
    }

    #[test]
    fn expressions_are_read_as_packs_are_validated() {
        for (regex, ignore_case) in
            [(r"\b(a{3,})x?$", true), (r"(?:^|\n)[^\w]\d.", false), (r"\p{Greek}", false), ("(", true)]
        {
            let validated =
                regex_automata::util::syntax::parse_with(regex, &crate::rule::pattern_syntax(ignore_case))
                    .ok();
            assert_eq!(parse(regex, ignore_case), validated, "{regex}");
        }
    }

    proptest! {
        #[test]
        fn shapes_are_read_as_written(regex in "([a-c]|\\[a-f]\\{0,3\\}|\\\\b|\\(x|y\\)|[ab]\\*){1,6}") {
            let rule = Pattern { regex: Cow::Owned(regex), ..pattern("", "abc", true) };
            for shape in Shape::all(&rule) {
                let mut written = Writer::default();
                shape.write(&mut written);
                let sets: &'static [[u8; 256]] = written.sets.leak();
                let mut from = Reader { bytes: written.bytes.leak(), sets };
                prop_assert_eq!(Shape::read(&mut from), Some(shape));
                prop_assert!(from.bytes.is_empty());
            }
        }
    }
}
