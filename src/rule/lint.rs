//! What can be said about a pattern without running it: whether it fits the size limit, whether
//! its keywords can be in a match at all, and whether every match has one.
//!
//! Must not search text.

use std::collections::BTreeSet;

use aho_corasick::{Anchored, automaton::Automaton as _, dfa::DFA};
use regex_automata::{
    nfa::thompson::{Compiler, Config, NFA, State, WhichCaptures},
    util::primitives::StateID,
};
use regex_syntax::ast::{Ast, RepetitionKind, RepetitionRange};

use super::{
    expression,
    schema::{PackTable, RuleTable},
    table::{At, Sink},
};
use crate::{diagnostic::Diagnostic, text::Span};

/// Memory that one compiled pattern may take: a token of a few hundred characters takes a tenth.
const SIZE_LIMIT: usize = 1 << 20;
/// Pairs of states looked at before a question is given up: only odd patterns come near.
const PAIR_LIMIT: usize = 1 << 18;

/// Reports patterns that cannot be used: too large, or with keywords that are in no match.
pub(crate) fn patterns(pack: &PackTable, sink: &Sink<'_>) {
    for rule in &pack.rules {
        check_pattern(rule, sink);
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
        if let Some(span) = unbounded(&pattern.value) {
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

fn check_pattern(rule: &RuleTable, sink: &Sink<'_>) -> Option<()> {
    let pattern = rule.pattern.as_ref()?;
    let ignore_case = rule.ignore_case.as_ref().is_some_and(|flag| flag.value);
    let hir = expression::pattern_parser(ignore_case).parse(&pattern.value).ok()?;
    let config =
        Config::new().nfa_size_limit(Some(SIZE_LIMIT)).which_captures(WhichCaptures::None).utf8(false);
    let Ok(nfa) = Compiler::new().configure(config).build_from_hir(&hir) else {
        sink.push(
            Diagnostic::error("large-pattern", "the pattern takes more than a mebibyte once compiled")
                .label(pattern.span, "")
                .help("repeat less: every round of `{n,m}` is a copy of what is repeated"),
        );
        return None;
    };
    let keywords = &rule.keywords.as_ref()?.value;
    let mut possible = Vec::new();
    for keyword in keywords.iter().filter(|keyword| !keyword.value.is_empty()) {
        if Walk::new(&nfa, &[keyword], ignore_case)?.can_match(Goal::WithKeyword) {
            possible.push(keyword);
        } else {
            impossible(pattern, keyword, ignore_case, sink);
        }
    }
    let all: Vec<_> = keywords.iter().collect();
    if possible.len() == all.len() && Walk::new(&nfa, &all, ignore_case)?.can_match(Goal::WithoutKeyword) {
        sink.push(
            Diagnostic::warning("match-without-keyword", "the pattern also matches texts without a keyword")
                .label(pattern.span, "such texts are never found")
                .label(rule.keywords.as_ref()?.span, "one of these has to be in every match"),
        );
    }
    Some(())
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

/// What is asked about the language of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// Is there a match that contains a keyword?
    WithKeyword,
    /// Is there a match that contains none?
    WithoutKeyword,
}

/// The product of a pattern's automaton and that of its keywords.
///
/// Assertions such as `\b` are taken to hold everywhere, so that a match may be thought possible
/// that is not; never the other way round.
struct Walk<'n> {
    nfa: &'n NFA,
    keywords: DFA,
    start: aho_corasick::automaton::StateID,
    /// Bytes that keywords consist of; all others are alike.
    special: Vec<u8>,
}

impl<'n> Walk<'n> {
    fn new(nfa: &'n NFA, keywords: &[&At<String>], ignore_case: bool) -> Option<Self> {
        let literals: Vec<&str> = keywords.iter().map(|keyword| keyword.value.as_str()).collect();
        let automaton = DFA::builder().ascii_case_insensitive(ignore_case).build(&literals).ok()?;
        let start = automaton.start_state(Anchored::No).ok()?;
        let special: BTreeSet<u8> = literals
            .iter()
            .flat_map(|literal| literal.bytes())
            .flat_map(|byte| {
                if ignore_case {
                    [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]
                } else {
                    [byte, byte]
                }
            })
            .collect();
        Some(Self { nfa, keywords: automaton, start, special: special.into_iter().collect() })
    }

    /// True if there is such a match, or if that is too much to find out.
    fn can_match(&self, goal: Goal) -> bool {
        let first = (self.nfa.start_anchored(), Some(self.start));
        let mut seen = BTreeSet::from([first]);
        let mut open = vec![first];
        while let Some((state, keyword)) = open.pop() {
            if seen.len() > PAIR_LIMIT {
                return goal == Goal::WithKeyword;
            }
            if matches!(self.nfa.state(state), State::Match { .. })
                && (goal == Goal::WithKeyword) == keyword.is_none()
            {
                return true;
            }
            self.next(state, keyword, &mut |pair| {
                let wanted = goal == Goal::WithKeyword || pair.1.is_some();
                if wanted && seen.insert(pair) {
                    open.push(pair);
                }
            });
        }
        false
    }

    /// Calls `found` with every pair one step on. No keyword state means that one has been seen.
    fn next(&self, state: StateID, keyword: Option<KeywordState>, found: &mut dyn FnMut(Pair)) {
        let mut range = |start: u8, end: u8, next: StateID| {
            self.bytes(start, end, keyword, |keyword| found((next, keyword)));
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
            State::Look { next, .. } | State::Capture { next, .. } => found((*next, keyword)),
            State::Union { alternates } => alternates.iter().for_each(|next| found((*next, keyword))),
            State::BinaryUnion { alt1, alt2 } => {
                found((*alt1, keyword));
                found((*alt2, keyword));
            }
            State::Fail | State::Match { .. } => {}
        }
    }

    /// The keyword states after one byte of `start..=end`.
    fn bytes(
        &self,
        start: u8,
        end: u8,
        keyword: Option<KeywordState>,
        mut found: impl FnMut(Option<KeywordState>),
    ) {
        let Some(keyword) = keyword else { return found(None) };
        let first = self.special.partition_point(|&byte| byte < start);
        let inside = self.special[first..].iter().take_while(|&&byte| byte <= end);
        let mut count = 0_usize;
        for &byte in inside {
            count += 1;
            let next = self.keywords.next_state(Anchored::No, keyword, byte);
            found((!self.keywords.is_match(next)).then_some(next));
        }
        if count <= usize::from(end - start) {
            found(Some(self.start));
        }
    }
}

type KeywordState = aho_corasick::automaton::StateID;
type Pair = (StateID, Option<KeywordState>);

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

    fn check(pattern: &str, keywords: &[&str], ignore_case: bool) -> Vec<&'static str> {
        let quoted: Vec<String> = keywords.iter().map(|keyword| format!("'{keyword}'")).collect();
        let text = format!(
            "[[rule]]\npattern = '''{pattern}'''\nignore-case = {ignore_case}\nkeywords = [{}]\n",
            quoted.join(", ")
        );
        let sink = Sink::new("pack.toml", &text);
        let document = super::super::table::parse(&sink).unwrap();
        let mut table = super::super::table::Table::new(&sink, "a pack", &document, Span::new(0, 0));
        let pack = PackTable::read(&mut table);
        patterns(&pack, &sink);
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
            ("[0-9a-f]{60000}tail", &["tail"], false, &["large-pattern"]),
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
