//! Allowlists of rules and of the rule set, made ready when a match first asks for them.
//!
//! All conditions that an entry gives must hold; within one condition any may. Must not read the
//! comments in the text, nor know how a match was found.

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use aho_corasick::AhoCorasick;
use regex_automata::{
    meta::{BuildError, Config, Regex},
    nfa::thompson::WhichCaptures,
    util::syntax,
};

use super::{date::Date, reach};
use crate::{
    finding::{Match, Suppression, SuppressionKind},
    glob::Glob,
    origin::Origin,
    rule::{Allow, Rule, RuleSet, Text, is_called},
};

/// The word that names a tag in place of a rule.
const TAG: &str = "tag:";

/// What is never reported, by rule.
pub struct AllowList {
    rules: Arc<RuleSet>,
    today: Date,
    /// One cell a rule, for the entries written in that rule.
    own: Vec<OnceLock<Box<[Entry]>>>,
    /// One cell for each entry of the rule set.
    shared: Vec<OnceLock<Entry>>,
}

/// What an allowlist says of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not to be reported.
    Suppressed(Suppression),
    /// It would not have been, until some day: a sentence about that.
    Expired(String),
}

impl AllowList {
    /// The allowlists of `rules` as they hold on the day `today`.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, today: Date) -> Self {
        let own = std::iter::repeat_with(OnceLock::new).take(rules.len()).collect();
        let shared = std::iter::repeat_with(OnceLock::new).take(rules.allow().len()).collect();
        Self { rules, today, own, shared }
    }

    /// What the first entry that fits has to say of `found` in `bytes`; entries that still hold win.
    #[must_use]
    pub fn find(&self, bytes: &[u8], origin: &Origin, found: &Match) -> Option<Verdict> {
        let rule = self.rules.rule(found.rule);
        let place = Place { bytes, origin, found };
        let mut expired = None;
        let own = self.own.get(found.rule as usize).map_or(&[][..], |cell| {
            cell.get_or_init(|| rule.allow.iter().map(|allow| Entry::new(allow, self.today)).collect())
        });
        let shared = self.shared.iter().zip(self.rules.allow()).filter_map(|(cell, allow)| {
            let about = allow.rules.is_empty() || allow.rules.iter().any(|name| names_rule(name, rule));
            about.then(|| cell.get_or_init(|| Entry::new(allow, self.today)))
        });
        for entry in own.iter().chain(shared).filter(|entry| entry.fits(&place)) {
            if !entry.expired {
                return Some(Verdict::Suppressed(entry.suppression.clone()));
            }
            expired.get_or_insert_with(|| Verdict::Expired(entry.sentence(rule)));
        }
        expired
    }

    /// What is wrong with the entries that were needed so far, one sentence each.
    ///
    /// An entry that cannot be made ready suppresses nothing. Packs are validated when they are
    /// read, so that this stays empty.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let own = self.own.iter().filter_map(OnceLock::get).flatten();
        let shared = self.shared.iter().filter_map(OnceLock::get);
        own.chain(shared).filter_map(|entry| entry.fault.clone()).collect()
    }
}

impl fmt::Debug for AllowList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AllowList").field("shared", &self.shared.len()).finish_non_exhaustive()
    }
}

/// True if `name` is the rule's id or its group's, one of its tags behind `tag:`, or `*`.
#[must_use]
pub fn names_rule(name: &str, rule: &Rule) -> bool {
    match name.strip_prefix(TAG) {
        Some(tag) => rule.tags.iter().any(|own| own == tag),
        None => name == "*" || is_called(rule, name),
    }
}

/// A match and where it stands.
struct Place<'p> {
    bytes: &'p [u8],
    origin: &'p Origin,
    found: &'p Match,
}

/// An entry made ready. Conditions not given are `None`.
struct Entry {
    paths: Option<Box<[Glob]>>,
    secrets: Option<Expressions>,
    lines: Option<Expressions>,
    stopwords: Option<AhoCorasick>,
    commits: Option<Box<[String]>>,
    suppression: Suppression,
    expired: bool,
    fault: Option<String>,
}

impl Entry {
    fn new(allow: &Allow, today: Date) -> Self {
        let until = (!allow.until.is_empty()).then(|| allow.until.to_string());
        let mut entry = Self {
            paths: None,
            secrets: None,
            lines: None,
            stopwords: None,
            commits: (!allow.commits.is_empty())
                .then(|| allow.commits.iter().map(|commit| commit.to_ascii_lowercase()).collect()),
            // A day that cannot be read is in the past: what is unclear suppresses nothing.
            expired: until.as_deref().is_some_and(|until| Date::parse(until).is_none_or(|day| day < today)),
            suppression: Suppression {
                kind: SuppressionKind::Allowlist,
                reason: (!allow.reason.is_empty()).then(|| allow.reason.to_string()),
                owner: None,
                until,
                place: allow.source.to_string(),
            },
            fault: None,
        };
        if let Err(problem) = entry.prepare(allow) {
            entry.fault = Some(format!("{}: this entry suppresses nothing: {problem}", allow.source));
        }
        entry
    }

    fn prepare(&mut self, allow: &Allow) -> Result<(), Box<dyn std::error::Error>> {
        if !allow.paths.is_empty() {
            let globs: Result<Vec<_>, _> = allow.paths.iter().map(|glob| Glob::parse(glob, false)).collect();
            self.paths = Some(globs?.into_iter().flatten().collect());
        }
        if !allow.secrets.is_empty() {
            self.secrets = Some(Expressions::new(allow.secrets.clone())?);
        }
        if !allow.lines.is_empty() {
            self.lines = Some(Expressions::new(allow.lines.clone())?);
        }
        if !allow.stopwords.is_empty() {
            let words = allow.stopwords.iter().map(AsRef::<str>::as_ref);
            self.stopwords = Some(AhoCorasick::builder().ascii_case_insensitive(true).build(words)?);
        }
        let empty = allow.paths.is_empty()
            && allow.secrets.is_empty()
            && allow.lines.is_empty()
            && allow.stopwords.is_empty()
            && allow.commits.is_empty();
        if empty { Err("it has no condition".into()) } else { Ok(()) }
    }

    fn fits(&self, place: &Place<'_>) -> bool {
        let value = place.found.secret.expose();
        self.fault.is_none()
            && self.paths.as_ref().is_none_or(|globs| {
                globs
                    .iter()
                    .any(|glob| glob.matches(&place.origin.path) || glob.matches(place.origin.rule_path()))
            })
            && self.commits.as_ref().is_none_or(|prefixes| {
                let id = place.origin.commit.map(|id| id.to_string()).unwrap_or_default();
                prefixes.iter().any(|prefix| !prefix.is_empty() && id.starts_with(prefix.as_str()))
            })
            && self.stopwords.as_ref().is_none_or(|words| words.is_match(value))
            && self.secrets.as_ref().is_none_or(|set| !value.is_empty() && set.is_match(value))
            && self.lines.as_ref().is_none_or(|set| {
                let span = place.found.span;
                let (before, after) = reach::own_line(place.bytes, span);
                let line = &place.bytes[before.start..after.end];
                // The expressions are about lines; a secret over several has several.
                line.split(|&byte| byte == b'\n').any(|line| set.is_match(line))
            })
    }

    fn sentence(&self, rule: &Rule) -> String {
        let Suppression { reason, until, place, .. } = &self.suppression;
        format!(
            "{place}: expired on {}, so findings of {} are reported again ({})",
            until.as_deref().unwrap_or_default(),
            rule.id,
            reason.as_deref().unwrap_or("no reason given"),
        )
    }
}

/// Limit on the memory of compiled expressions, in bytes.
const COMPILED_LIMIT: usize = 10 << 20;
/// Questions after which automata are made for many of them.
const OFTEN: u32 = 512;

/// The expressions of a condition, of which any may match.
///
/// Most are asked a few times about short texts in ASCII. For those all that Unicode adds is left out, which makes an
/// expression ten times as large and matches nothing there; nor do lazy automata, expressions that run backwards and
/// searches for literals save what they cost.
struct Expressions {
    written: Cow<'static, [Text]>,
    few: Option<Regex>,
    many: OnceLock<Option<Regex>>,
    asked: AtomicU32,
}

impl Expressions {
    fn new(written: Cow<'static, [Text]>) -> Result<Self, Box<BuildError>> {
        let many = OnceLock::new();
        // Some, such as `\p{Greek}`, mean nothing without Unicode.
        let few = Self::compile(&written, false).ok();
        if few.is_none() {
            let compiled = Self::compile(&written, true)?;
            many.get_or_init(|| Some(compiled));
        }
        Ok(Self { written, few, many, asked: AtomicU32::new(0) })
    }

    /// For many searches in any text, or for few in ASCII.
    fn compile(written: &[Text], many: bool) -> Result<Regex, Box<BuildError>> {
        let config = Config::new()
            .utf8_empty(false)
            .which_captures(WhichCaptures::Implicit)
            .auto_prefilter(many)
            .hybrid(many)
            .onepass(many)
            .nfa_size_limit(Some(COMPILED_LIMIT));
        let syntax = syntax::Config::new().utf8(false).unicode(many);
        Regex::builder().configure(config).syntax(syntax).build_many(written).map_err(Box::new)
    }

    fn is_match(&self, text: &[u8]) -> bool {
        let often = self.asked.fetch_add(1, Ordering::Relaxed) >= OFTEN;
        if let Some(few) = self.few.as_ref().filter(|_| !often && text.is_ascii()) {
            return few.is_match(text);
        }
        let many = self.many.get_or_init(|| Self::compile(&self.written, true).ok());
        // What cannot be made ready suppresses nothing.
        many.as_ref().is_some_and(|many| many.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        filter::tests::{find_secret, rule},
        origin::ObjectId,
    };

    fn list(values: &'static [&'static str]) -> Cow<'static, [Cow<'static, str>]> {
        values.iter().map(|value| Cow::Borrowed(*value)).collect()
    }

    fn verdict(shared: Allow, text: &str, path: &str) -> Option<Verdict> {
        let rules =
            Arc::new(RuleSet::new(vec![Cow::Owned(rule("one")), Cow::Owned(rule("two"))], vec![shared]));
        let allow = AllowList::new(rules, Date::parse("2024-06-01").unwrap());
        let commit = ObjectId::from_hex(b"4b825dc642cb6eb9a060e54bf8d69288fbee4904").unwrap();
        let origin = Origin { commit: Some(commit), ..Origin::file(path) };
        let verdict = allow.find(text.as_bytes(), &origin, &find_secret(0, text, "s3cret"));
        assert_eq!(allow.faults(), Vec::<String>::new());
        verdict
    }

    #[track_caller]
    fn check(allow: Allow, path: &str, expected: bool) {
        let allow = Allow { reason: "made".into(), source: "x.toml:3".into(), ..allow };
        let text = "first s3cretly\nkey = s3cret-Dummy # sample\nlast";
        let verdict = verdict(allow.clone(), text, path);
        assert_eq!(matches!(verdict, Some(Verdict::Suppressed(_))), expected, "{allow:?}: {verdict:?}");
        if let Some(Verdict::Suppressed(suppression)) = verdict {
            assert_eq!(suppression.reason.as_deref(), Some("made"));
            assert_eq!(suppression.place, "x.toml:3");
        }
    }

    #[test]
    fn each_condition_and_all_together() {
        let paths = |globs| Allow { paths: list(globs), ..Allow::default() };
        check(paths(&["docs/**"]), "docs/a/b.md", true);
        check(paths(&["docs/**"]), "src/docs/b.md", false);
        check(paths(&["docs/"]), "docs/a/b.md", true);
        check(paths(&["docs/"]), "src/docs/b.md", false);
        check(paths(&["/docs/"]), "src/docs/b.md", false);
        check(paths(&["*.md"]), "src/docs/b.md", true);
        check(paths(&["*.md"]), "src/docs/b.MD", false);
        check(paths(&["src/*.md"]), "src/docs/b.md", false);
        check(paths(&["b.md", "c.md"]), "c.md", true);
        check(Allow { secrets: list(&["^s3c", "nope"]), ..Allow::default() }, "a", true);
        check(Allow { secrets: list(&["^3c"]), ..Allow::default() }, "a", false);
        check(Allow { lines: list(&["# sample$"]), ..Allow::default() }, "a", true);
        check(Allow { lines: list(&["^last"]), ..Allow::default() }, "a", false);
        check(Allow { stopwords: list(&["S3CR"]), ..Allow::default() }, "a", true);
        check(Allow { stopwords: list(&["dummy"]), ..Allow::default() }, "a", false);
        check(Allow { commits: list(&["4B825dc"]), ..Allow::default() }, "a", true);
        check(Allow { commits: list(&["825dc64"]), ..Allow::default() }, "a", false);
        check(Allow { paths: list(&["*.md"]), secrets: list(&["^s3c"]), ..Allow::default() }, "a.md", true);
        check(Allow { paths: list(&["*.md"]), secrets: list(&["^x"]), ..Allow::default() }, "a.md", false);
    }

    #[test]
    fn rules_by_id_and_tag() {
        for (name, expected) in [("one", true), ("two", false), ("tag:kind-one", true), ("tag:one", false)] {
            let rules = Cow::Owned(vec![Cow::Borrowed(name)]);
            check(Allow { rules, paths: list(&["*"]), ..Allow::default() }, "a", expected);
        }
    }

    #[test]
    fn holds_until_the_end_of_its_day() {
        for (until, expected) in [("2024-06-01", true), ("2024-05-31", false), ("soon", false), ("", true)] {
            check(Allow { paths: list(&["*"]), until: until.into(), ..Allow::default() }, "a", expected);
        }
        let allow = Allow {
            paths: list(&["*"]),
            until: "2024-05-31".into(),
            source: "x.toml:3".into(),
            ..Allow::default()
        };
        assert_eq!(
            verdict(allow, "s3cret", "a"),
            Some(Verdict::Expired(
                "x.toml:3: expired on 2024-05-31, so findings of one are reported again (no reason given)"
                    .into()
            ))
        );
    }

    #[test]
    fn bad_entries_suppress_nothing_and_say_so() {
        for allow in [Allow::default(), Allow { secrets: list(&["("]), ..Allow::default() }] {
            let rules = Arc::new(RuleSet::new(vec![Cow::Owned(rule("one"))], vec![allow]));
            let list = AllowList::new(rules, Date::parse("2024-06-01").unwrap());
            let found = find_secret(0, "s3cret", "s3cret");
            assert_eq!(list.find(b"s3cret", &Origin::file("a"), &found), None);
            assert_eq!(list.faults().len(), 1);
        }
    }

    #[test]
    fn expressions_match_what_those_of_the_regex_crate_match() {
        let texts = [
            "s3cret",
            "pa\u{17f}\u{17f}word",
            "PASSWORD",
            "Gr\u{f6}\u{df}e",
            "\u{212a}ey",
            "my_key",
            "a key b",
            "",
            "a\nb",
            "x",
            "\u{e9}",
            "\u{a0}x",
            "\u{3b1}",
            "# sample",
            "@localhost:5432/x",
            "$x",
            "%20",
            "'\\",
        ];
        let own = [
            r"^\w+$",
            r"(?i)^pass",
            r"(?i)^k",
            r"\bkey\b",
            r"^.$",
            r"[^a-z]",
            "\u{e9}",
            "[\u{e0}-\u{ff}]",
            r"\s",
            r"\p{Greek}",
            r"\xE9",
            r"(?-u:\xC3)",
            r"^\W",
        ];
        let own = own.map(|expression| Cow::<[Text]>::Owned(vec![Cow::Borrowed(expression)]));
        let builtin = crate::rule::builtin();
        let allows = builtin.iter().flat_map(|rule| rule.allow.iter());
        let built = allows.flat_map(|allow| [allow.secrets.clone(), allow.lines.clone()]);
        for written in own.into_iter().chain(built) {
            let oracle = regex::bytes::RegexSet::new(written.iter()).unwrap();
            let expressions = Expressions::new(written.clone()).unwrap();
            for text in texts.map(str::as_bytes).into_iter().chain([&b"\xff"[..], b"\xC3"]) {
                let wanted = oracle.is_match(text);
                assert_eq!(expressions.is_match(text), wanted, "{written:?} in {:?}", bstr::BStr::new(text));
            }
            // And when it was asked often.
            expressions.asked.store(OFTEN, Ordering::Relaxed);
            for text in texts.map(str::as_bytes) {
                assert_eq!(expressions.is_match(text), oracle.is_match(text), "{written:?}");
            }
        }
    }
}
