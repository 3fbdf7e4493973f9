//! What can be said about a pattern without running it: whether it fits the size limit, whether
//! its keywords can be in a match at all, and whether every match has one.
//!
//! Must not search text.

use std::collections::{BTreeSet, HashSet};

use aho_corasick::{Anchored, automaton::Automaton as _, dfa::DFA};
use regex_automata::{
    nfa::thompson::{Compiler, Config, NFA, State, WhichCaptures},
    util::primitives::StateID,
};
use regex_syntax::{
    ast::{Ast, RepetitionKind, RepetitionRange},
    hir::{Class, Hir, HirKind},
};

use super::{
    expression,
    schema::{PackTable, RuleTable},
    table::{At, Sink},
    validate,
};
use crate::{diagnostic::Diagnostic, text::Span};

/// Memory that one compiled pattern may take: a token of a few hundred characters takes a fiftieth, a key of 16 KiB half.
const SIZE_LIMIT: usize = 4 << 20;
/// Pairs of states looked at before a question is given up: only odd patterns come near.
const PAIR_LIMIT: usize = 1 << 16;
/// Bytes of an example in a message.
const MAX_SHOWN: usize = 60;

/// Reports patterns that are too large to be used. Cheap: only odd patterns are compiled.
pub(crate) fn sizes(pack: &PackTable, sink: &Sink<'_>) {
    for rule in &pack.rules {
        let Some((pattern, hir)) = parsed(rule) else { continue };
        if size_estimate(&hir) > SIZE_LIMIT && compile(&hir).is_none() {
            sink.push(
                Diagnostic::error("large-pattern", "the pattern takes more than 4 MiB once compiled")
                    .label(pattern.span, "")
                    .help("repeat less: every round of `{n,m}` is a copy of what is repeated"),
            );
        }
    }
}

/// Reports keywords that are in no match, and patterns with matches without a keyword.
///
/// It takes about a millisecond a rule: for `rules check`, not for every run.
pub(crate) fn keywords(pack: &PackTable, sink: &Sink<'_>) {
    for rule in &pack.rules {
        check_keywords(rule, sink);
    }
}

/// Remarks on what rules lack that find something without it.
pub(crate) fn incomplete(pack: &PackTable, sink: &Sink<'_>) {
    for rule in &pack.rules {
        validate::wanted(rule, false, sink);
    }
}

/// Remarks on how a pack is written.
pub(crate) fn style(pack: &PackTable, sink: &Sink<'_>) {
    for rule in &pack.rules {
        if let Some(title) = rule.title.as_ref().filter(|title| title.value.ends_with('.')) {
            sink.push(
                Diagnostic::warning("title-stop", "a title is a noun phrase without a full stop")
                    .label(title.span, ""),
            );
        }
        let Some(pattern) = &rule.pattern else { continue };
        if sink.written(pattern.span).starts_with('"') && pattern.value.contains('\\') {
            sink.push(
                Diagnostic::warning(
                    "escaped-pattern",
                    "a pattern in double quotes needs every backslash twice",
                )
                .label(pattern.span, "")
                .help("write it as a literal string: `'''…'''`"),
            );
        }
        // Over several lines the window bounds a match: what is between header and footer has no length of its own.
        let multiline = rule.multiline.as_ref().is_some_and(|flag| flag.value);
        if let Some(span) = unbounded(&pattern.value).filter(|_| !multiline) {
            sink.push(
                Diagnostic::warning("unbounded", "a repetition without an upper bound")
                    .label(sink.inside(pattern, span), "")
                    .help(
                        "write `{1,100}` or what the format allows: a window is searched, not the whole line",
                    ),
            );
        }
    }
}

fn parsed(rule: &RuleTable) -> Option<(&At<String>, Hir)> {
    let pattern = rule.pattern.as_ref()?;
    let ignore_case = rule.ignore_case.as_ref().is_some_and(|flag| flag.value);
    let hir = expression::pattern_parser(ignore_case).parse(&pattern.value).ok()?;
    Some((pattern, hir))
}

fn compile(hir: &Hir) -> Option<NFA> {
    let config =
        Config::new().nfa_size_limit(Some(SIZE_LIMIT)).which_captures(WhichCaptures::None).utf8(false);
    Compiler::new().configure(config).build_from_hir(hir).ok()
}

/// More bytes than the compiled pattern takes.
fn size_estimate(hir: &Hir) -> usize {
    // A state with what belongs to it, generously; a transition of a class.
    const STATE: usize = 64;
    const TRANSITION: usize = 16;
    let sum = |parts: &[Hir]| {
        parts.iter().fold(0_usize, |sum, part| sum.saturating_add(size_estimate(part)).saturating_add(STATE))
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => STATE,
        HirKind::Literal(literal) => literal.0.len().saturating_mul(STATE),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() * TRANSITION + STATE,
        HirKind::Class(Class::Unicode(class)) => class.ranges().len() * 4 * STATE,
        HirKind::Repetition(repetition) => {
            let rounds = repetition.max.unwrap_or_else(|| repetition.min.saturating_add(1)) as usize;
            rounds.max(1).saturating_mul(size_estimate(&repetition.sub).saturating_add(2 * STATE))
        }
        HirKind::Capture(capture) => size_estimate(&capture.sub).saturating_add(2 * STATE),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => sum(parts),
    }
}

fn check_keywords(rule: &RuleTable, sink: &Sink<'_>) -> Option<()> {
    let (pattern, hir) = parsed(rule)?;
    let ignore_case = rule.ignore_case.as_ref().is_some_and(|flag| flag.value);
    let nfa = compile(&hir)?;
    let keywords = rule.keywords.as_ref()?;
    let product = Product::new(&nfa, &keywords.value, ignore_case)?;
    let possible = product.possible_keywords();
    for (keyword, _) in keywords.value.iter().zip(&possible).filter(|(_, possible)| !**possible) {
        impossible(pattern, keyword, ignore_case, sink);
    }
    if possible.iter().all(|possible| *possible)
        && let Some(example) = product.match_without_keyword()
    {
        sink.push(
            Diagnostic::warning("match-without-keyword", "the pattern also matches texts without a keyword")
                .label(pattern.span, "")
                .label(keywords.span, "one of these has to be in every match")
                .help(format!("never found, for example: `{}`", shown(&example))),
        );
    }
    Some(())
}

/// Start of an example, made harmless.
fn shown(example: &[u8]) -> String {
    let mut shown: String =
        example.iter().take(MAX_SHOWN).flat_map(|byte| byte.escape_ascii()).map(char::from).collect();
    if example.len() > MAX_SHOWN {
        shown.push('…');
    }
    shown
}

fn impossible(pattern: &At<String>, keyword: &At<String>, ignore_case: bool, sink: &Sink<'_>) {
    let lower = keyword.value.to_ascii_lowercase();
    let case = !ignore_case && pattern.value.to_ascii_lowercase().contains(&lower);
    let help = if case {
        "case counts unless the rule says `ignore-case = true`"
    } else {
        "the rule would find nothing by it: take a literal that is part of the pattern"
    };
    sink.push(
        Diagnostic::error("impossible-keyword", format!("no match can contain `{}`", keyword.value))
            .label(keyword.span, "")
            .label(pattern.span, "the pattern does not allow it")
            .help(help),
    );
}

/// The product of a pattern's automaton and that of its keywords.
///
/// Assertions such as `\b` are taken to hold everywhere, so that a match may be thought possible
/// that is not; never the other way round.
struct Product<'n> {
    nfa: &'n NFA,
    keywords: DFA,
    start: KeywordState,
    /// Bytes that keywords consist of; all others are alike.
    special: Vec<u8>,
}

type KeywordState = aho_corasick::automaton::StateID;
type Pair = (StateID, KeywordState);

impl<'n> Product<'n> {
    fn new(nfa: &'n NFA, keywords: &[At<String>], ignore_case: bool) -> Option<Self> {
        let literals: Vec<&str> = keywords.iter().map(|keyword| keyword.value.as_str()).collect();
        let automaton = DFA::builder().ascii_case_insensitive(ignore_case).build(&literals).ok()?;
        let start = automaton.start_state(Anchored::No).ok()?;
        let bytes = literals.iter().flat_map(|literal| literal.bytes());
        let special: BTreeSet<u8> = if ignore_case {
            bytes.flat_map(|byte| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]).collect()
        } else {
            bytes.collect()
        };
        Some(Self { nfa, keywords: automaton, start, special: special.into_iter().collect() })
    }

    /// For each keyword, whether a match can contain it. If that is too much to find out, it can.
    fn possible_keywords(&self) -> Vec<bool> {
        let count = self.keywords.patterns_len();
        let mut possible = vec![false; count];
        let mut missing = count;
        let first = (self.nfa.start_anchored(), self.start);
        let mut seen = HashSet::from([first]);
        let mut open = vec![first];
        while let Some(pair) = open.pop() {
            if seen.len() > PAIR_LIMIT {
                return vec![true; count];
            }
            self.next(pair, &mut |next, _| {
                if !seen.insert(next) {
                    return;
                }
                open.push(next);
                for index in 0..self.hits(next.1) {
                    let place = self.keywords.match_pattern(next.1, index).as_usize();
                    missing -= usize::from(!std::mem::replace(&mut possible[place], true));
                }
            });
            if missing == 0 {
                break;
            }
        }
        possible
    }

    /// A shortest text that matches and contains no keyword, if there is one and it is found soon.
    fn match_without_keyword(&self) -> Option<Vec<u8>> {
        // Pairs in the order of their distance, each with where it was come from and by which byte.
        let mut pairs: Vec<(Pair, usize, Option<u8>)> =
            vec![((self.nfa.start_anchored(), self.start), 0, None)];
        let mut seen = HashSet::from([pairs[0].0]);
        let mut place = 0;
        while let Some(&(pair, ..)) = pairs.get(place) {
            if matches!(self.nfa.state(pair.0), State::Match { .. }) {
                return Some(path_to(&pairs, place));
            }
            if pairs.len() > PAIR_LIMIT {
                return None;
            }
            self.next(pair, &mut |next, byte| {
                if self.hits(next.1) == 0 && seen.insert(next) {
                    pairs.push((next, place, byte));
                }
            });
            place += 1;
        }
        None
    }

    /// Number of keywords that end where this state is reached.
    fn hits(&self, state: KeywordState) -> usize {
        if self.keywords.is_match(state) { self.keywords.match_len(state) } else { 0 }
    }

    /// Calls `found` with every pair one step on, and the byte of the step.
    fn next(&self, (state, keyword): Pair, found: &mut dyn FnMut(Pair, Option<u8>)) {
        let mut range = |start: u8, end: u8, next: StateID| {
            self.bytes(start, end, keyword, |keyword, byte| found((next, keyword), Some(byte)));
        };
        match self.nfa.state(state) {
            State::ByteRange { trans } => range(trans.start, trans.end, trans.next),
            State::Sparse(sparse) => {
                sparse.transitions.iter().for_each(|trans| range(trans.start, trans.end, trans.next));
            }
            State::Dense(dense) => {
                for byte in 0..=u8::MAX {
                    if let Some(next) = dense.matches_byte(byte) {
                        range(byte, byte, next);
                    }
                }
            }
            State::Look { next, .. } | State::Capture { next, .. } => found((*next, keyword), None),
            State::Union { alternates } => alternates.iter().for_each(|next| found((*next, keyword), None)),
            State::BinaryUnion { alt1, alt2 } => {
                found((*alt1, keyword), None);
                found((*alt2, keyword), None);
            }
            State::Fail | State::Match { .. } => {}
        }
    }

    /// The keyword states after one byte of `start..=end`, each with such a byte.
    fn bytes(&self, start: u8, end: u8, keyword: KeywordState, mut found: impl FnMut(KeywordState, u8)) {
        let first = self.special.partition_point(|&byte| byte < start);
        let inside: Vec<u8> = self.special[first..].iter().copied().take_while(|&byte| byte <= end).collect();
        // All bytes that are in no keyword lead to the same state; a readable one stands for them.
        let mut others = (start..=end).filter(|byte| inside.binary_search(byte).is_err());
        let other = others.clone().find(u8::is_ascii_alphanumeric).or_else(|| others.next());
        for byte in inside.into_iter().chain(other) {
            found(self.keywords.next_state(Anchored::No, keyword, byte), byte);
        }
    }
}

fn path_to(pairs: &[(Pair, usize, Option<u8>)], mut place: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while place != 0 {
        bytes.extend(pairs[place].2);
        place = pairs[place].1;
    }
    bytes.reverse();
    bytes
}

/// The first repetition without an upper bound, in the text of the pattern.
fn unbounded(pattern: &str) -> Option<Span> {
    let ast = regex_syntax::ast::parse::Parser::new().parse(pattern).ok()?;
    first_unbounded(&ast)
}

fn first_unbounded(ast: &Ast) -> Option<Span> {
    match ast {
        Ast::Repetition(repetition) => match &repetition.op.kind {
            RepetitionKind::ZeroOrMore
            | RepetitionKind::OneOrMore
            | RepetitionKind::Range(RepetitionRange::AtLeast(_)) => {
                let span = repetition.op.span;
                Some(Span::new(span.start.offset, span.end.offset))
            }
            _ => first_unbounded(&repetition.ast),
        },
        Ast::Group(group) => first_unbounded(&group.ast),
        Ast::Alternation(parts) => parts.asts.iter().find_map(first_unbounded),
        Ast::Concat(parts) => parts.asts.iter().find_map(first_unbounded),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, literals: &[&str], ignore_case: bool) -> Vec<&'static str> {
        let quoted: Vec<String> = literals.iter().map(|keyword| format!("'{keyword}'")).collect();
        let text = format!(
            "[[rule]]\npattern = '''{pattern}'''\nignore-case = {ignore_case}\nkeywords = [{}]\n",
            quoted.join(", ")
        );
        let sink = Sink::new("pack.toml", &text);
        let document = super::super::table::parse(&sink).unwrap();
        let mut table = super::super::table::Table::new(&sink, "a pack", &document, Span::new(0, 0));
        let pack = PackTable::read(&mut table);
        sizes(&pack, &sink);
        keywords(&pack, &sink);
        sink.finish().iter().map(|diagnostic| diagnostic.code).collect()
    }

    #[test]
    fn keywords_are_decided_from_the_automaton() {
        for (pattern, keywords, ignore_case, expected) in [
            (r"\b(ghp_[0-9A-Za-z]{36})\b", &["ghp_"][..], false, &[][..]),
            (r"\b(gh[opsu]_[0-9A-Za-z]{36})\b", &["ghp_", "gho_", "ghs_", "ghu_"], false, &[]),
            (r"\b(gh[opsu]_[0-9A-Za-z]{36})\b", &["ghp_"], false, &["match-without-keyword"]),
            (r"(?:foo|bar)-[0-9]{4}", &["foo-", "baz-"], false, &["impossible-keyword"]),
            ("Datadog[0-9]{4}", &["datadog"], false, &["impossible-keyword"]),
            ("Datadog[0-9]{4}", &["datadog"], true, &[]),
            ("[a-z]{3}-key", &["abc-key"], false, &["match-without-keyword"]),
            ("aab[0-9]|aaab[0-9]", &["aab"], false, &[]),
            ("(?:ab){2,3}c", &["abab"], false, &[]),
            ("a[0-9]{9}(?:token)?", &["token"], false, &["match-without-keyword"]),
            (r"x[^\n]{0,40}secret", &["secret"], false, &[]),
            ("[0-9a-f]{300000}tail", &["tail"], false, &["large-pattern"]),
        ] {
            assert_eq!(check(pattern, keywords, ignore_case), expected, "{pattern}");
        }
    }

    #[test]
    fn finds_unbounded_repetitions() {
        for (pattern, expected) in [
            ("a{3,9}b?", None),
            ("a+", Some((1, 2))),
            ("(?:a|b{2,})c", Some((6, 10))),
            ("x[.*]y*?", Some((6, 8))),
        ] {
            assert_eq!(unbounded(pattern), expected.map(|(start, end)| Span::new(start, end)), "{pattern}");
        }
    }
}
