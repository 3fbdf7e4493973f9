//! The matcher of steps against the automata of regex-automata.

use proptest::prelude::*;
use regex_automata::{
    Anchored, Input,
    meta::{Config, Regex},
    util::syntax,
};

use super::*;
use crate::rule::{self, Detector, pattern_syntax};

fn parsed(pattern: &str, ignore_case: bool) -> Hir {
    syntax::parse_with(pattern, &pattern_syntax(ignore_case)).unwrap()
}

fn automaton(hir: &Hir) -> Regex {
    Regex::builder().configure(Config::new().utf8_empty(false)).build_from_hir(hir).unwrap()
}

/// What the automaton finds, from `start` on or at `start` only.
fn expected(regex: &Regex, text: &[u8], (start, end): (usize, usize), anchored: Anchored) -> Option<Found> {
    let mut captures = regex.create_captures();
    regex.search_captures(&Input::new(text).span(start..end).anchored(anchored), &mut captures);
    let whole = captures.get_match()?;
    let names = regex.group_info().pattern_names(regex_automata::PatternID::ZERO);
    let named = names.enumerate().find(|(_, name)| *name == Some("secret")).map(|(place, _)| place);
    let group = named.unwrap_or_else(|| usize::from(captures.group_len() > 1));
    let secret = captures.get_group(group).unwrap_or_else(|| whole.span());
    Some(Found { whole: Span::new(whole.start(), whole.end()), secret: Span::new(secret.start, secret.end) })
}

/// Compares at every place of `text`. Gives the number of places where steps gave up.
fn compare(name: &str, steps: &Steps, regex: &Regex, text: &[u8]) -> usize {
    let mut hard = 0;
    let end = text.len();
    for start in 0..=end {
        let wanted = expected(regex, text, (start, end), Anchored::Yes);
        match steps.at(text, start, end) {
            Ok(found) => assert_eq!(found, wanted, "{name} at {start} of {:?}", bstr::BStr::new(text)),
            Err(TooHard) => hard += 1,
        }
        assert!(wanted.is_none() || steps.may_begin(text, start), "{name} may begin at {start}");
    }
    let wanted = expected(regex, text, (0, end), Anchored::No);
    for last in [end, end / 2, 0] {
        if let Ok(found) = steps.first(text, (0, last), end) {
            let wanted = wanted.filter(|found| found.whole.start <= last);
            assert_eq!(found, wanted, "{name} up to {last} in {:?}", bstr::BStr::new(text));
        }
    }
    hard
}

#[test]
fn all_rules_find_in_their_examples_what_automata_find() {
    let (mut made, mut all, mut hard) = (0, 0, 0);
    for rule in rule::builtin() {
        let Detector::Pattern(pattern) = &rule.detector else { continue };
        all += 1;
        let hir = parsed(&pattern.regex, pattern.ignore_case);
        let Some(steps) = Steps::new(&hir) else { continue };
        made += 1;
        let regex = automaton(&hir);
        for example in rule.matches.iter().chain(rule.rejects.iter()).take(3) {
            let text = example.text.replace("{cat}", "");
            let text = &text.as_bytes()[..text.len().min(400)];
            let cut = &text[..text.len() - text.len() / 8];
            hard += compare(rule.id.as_str(), &steps, &regex, text);
            hard += compare(rule.id.as_str(), &steps, &regex, cut);
        }
    }
    assert!(made * 100 >= all * 95, "only {made} of {all} expressions are made into steps");
    assert_eq!(hard, 0);
}

#[test]
fn what_would_take_too_long_is_said() {
    let hir = parsed("(?:a|aa){1,60}b", false);
    let steps = Steps::new(&hir).unwrap();
    assert_eq!(steps.at(&[b'a'; 60], 0, 60), Err(TooHard));
}

/// Expressions with every kind of step, and texts that nearly match.
const TRICKY: [&str; 18] = [
    r"\b(ab_[ab]{2,4})\b",
    r"a(?:b|ab)*(?P<secret>_+?)b",
    r"^(a+)$",
    r"(?:^|[^a])(b{1,3}?)(?:_|$)",
    r"(a{0,3}?)(b)",
    r"(?:a(b)?){1,3}_",
    r"(?:(a)|b){2,3}?",
    r"\Ba+\b_?",
    r"(?:ab|a)(?:b_|_)?",
    r"[ab]{2,}?_",
    r"(?:_(a|ab)){0,2}b",
    r"\r?$\n",
    r"(?:a|b|_){1,4}(\n)",
    r"a*?b*_*",
    r"(a[ab]*)_\b",
    r"(?:a(?:b{2}|_)){2,}",
    // Choices of many.
    r"(\bab_|\baab\b|b_a\b|(?:^|\n)(?:__)?ba|\b(?:a_)?bb|_a+b|a__|\r\n|\bba_|b{2,3}_)",
    r"\ba_|\Bba|\bba?_|[ab]_a|_{2}|\baaab_a|bbb| a|(?:a|_b)b|$",
];

proptest! {
    #[test]
    fn texts_of_few_letters_are_matched_as_automata_match_them(
        text in prop::collection::vec(prop::sample::select(&b"aaabbb__\n\r "[..]), 0..24),
        which in 0..TRICKY.len(),
    ) {
        let hir = parsed(TRICKY[which], false);
        let steps = Steps::new(&hir).unwrap();
        compare(TRICKY[which], &steps, &automaton(&hir), &text);
    }
}
