//! Ordered verdicts on findings, which keep what they remove: inline markers, allowlists, baseline.
//!
//! Two steps. [`Filter::on_content`] judges the matches of a content while its bytes are at hand: first markers,
//! then allowlists. [`Filter::on_finding`] judges a finding by its fingerprint: the baseline.
//!
//! Nothing is dropped here: what is suppressed gets its [`Suppression`], and what was meant to suppress and does
//! not (expired, without a reason, stale) gets a warning. Must not know how a match was found.

pub mod allow;
pub mod baseline;
pub mod date;
pub mod fingerprint;
pub mod inline;
mod reach;

use std::{
    collections::BTreeSet,
    fmt::Display,
    sync::{Arc, Mutex, PoisonError},
};

use bstr::ByteSlice as _;

use crate::{
    finding::{Finding, Fingerprint, Match, RuleId, Suppression},
    origin::{Entry, Origin},
    rule::RuleSet,
    text::{Fresh, Position, Positions},
};
use allow::AllowList;
use baseline::Baseline;
use date::Date;
use fingerprint::Fingerprints;
use inline::{Inline, MarkerOptions};

/// Most warnings that are kept: whoever has more has one cause for them.
const WARNINGS_MAX: usize = 200;

/// What the filters of a run need to know.
#[derive(Debug)]
pub struct Options {
    /// Today, UTC.
    pub today: Date,
    /// Which markers in the text count.
    pub markers: MarkerOptions,
    /// A secret key for fingerprints.
    pub key: Option<Vec<u8>>,
    /// What is known and accepted. Its salt is that of the fingerprints.
    pub baseline: Option<Baseline>,
}

/// All filters of a run, shared by its threads.
#[derive(Debug)]
pub struct Filter {
    rules: Arc<RuleSet>,
    today: Date,
    inline: Inline,
    allow: AllowList,
    fingerprints: Fingerprints,
    baseline: Option<Baseline>,
    warnings: Mutex<BTreeSet<String>>,
}

impl Filter {
    /// Makes the filters ready. Costs next to nothing: what needs compiling is compiled when first needed.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, options: Options) -> Self {
        let Options { today, markers, key, baseline } = options;
        let salt = baseline.as_ref().map_or(&[][..], Baseline::salt);
        let fingerprints = Fingerprints::new(key.as_deref(), salt);
        let filter = Self {
            inline: Inline::new(markers),
            allow: AllowList::new(Arc::clone(&rules), today),
            fingerprints,
            baseline,
            warnings: Mutex::default(),
            rules,
            today,
        };
        filter.check_key();
        filter
    }

    fn check_key(&self) {
        let Some(baseline) = self.baseline.as_ref().filter(|baseline| !baseline.entries().is_empty()) else {
            return;
        };
        let (theirs, ours) = (baseline.key_id(), self.fingerprints.key_id());
        let what = match (theirs, ours.as_deref()) {
            (Some(theirs), Some(ours)) if theirs != ours => "was made with another fingerprint key",
            (Some(_), None) => "was made with a fingerprint key, and this run has none",
            (None, Some(_)) => "was made without a fingerprint key, and this run has one",
            _ => return,
        };
        self.warn(format!("the baseline {what}, so none of its entries fits"));
    }

    /// Judges `matches`, which were found in `bytes` and are in the order of their places.
    ///
    /// Gives one answer a match: `Some` if it is not to be reported. The list is empty if there are no matches.
    #[must_use]
    pub fn on_content(
        &self,
        entry: &Entry,
        bytes: &[u8],
        fresh: &Fresh,
        matches: &[Match],
    ) -> Vec<Option<Suppression>> {
        let mut used = Vec::new();
        let mut positions = Positions::new(bytes);
        let text = inline::Text::new(bytes, matches);
        let verdicts = (0..matches.len())
            .map(|index| match self.inline.find(&text, index, &self.rules, self.today) {
                Some(inline::Verdict::Suppressed { suppression, at }) => {
                    used.push(at);
                    Some(suppression)
                }
                void => {
                    if let Some(inline::Verdict::Void { remark, at }) = void {
                        used.push(at);
                        self.warn_at(entry, positions.at(at), remark);
                    }
                    self.allowed(bytes, &entry.origin, &matches[index])
                }
            })
            .collect();
        for (at, rules) in self.inline.stale(bytes, fresh, &used, &self.rules) {
            let remark = format!("{} {rules} suppresses nothing any more: remove it", inline::MARKER);
            self.warn_at(entry, positions.at(at), remark);
        }
        verdicts
    }

    fn allowed(&self, bytes: &[u8], origin: &Origin, found: &Match) -> Option<Suppression> {
        match self.allow.find(bytes, origin, found)? {
            allow::Verdict::Suppressed(suppression) => Some(suppression),
            allow::Verdict::Expired(remark) => {
                self.warn(remark);
                None
            }
        }
    }

    /// The identity of what `rule` found: `value`, or, where that is empty, the path.
    #[must_use]
    pub fn fingerprint(&self, rule: &RuleId, value: &[u8], origin: &Origin) -> Fingerprint {
        self.fingerprints.of(rule, value, &origin.display_path())
    }

    /// The identity of what `rule` found in a content: by its value, or, where it has none, by its place in the file.
    #[must_use]
    pub fn fingerprint_of(&self, rule: &RuleId, found: &Match, origin: &Origin) -> Fingerprint {
        let value = found.secret.expose();
        match &found.structure {
            Some(structure) if value.is_empty() => {
                let mut place = origin.display_path();
                place.push(0);
                place.extend_from_slice(structure.identity.as_bytes());
                self.fingerprints.of(rule, &[], &place)
            }
            _ => self.fingerprint(rule, value, origin),
        }
    }

    /// Judges a finding that has its fingerprint.
    #[must_use]
    pub fn on_finding(&self, finding: &Finding) -> Option<Suppression> {
        let baseline = self.baseline.as_ref()?;
        let path = finding.path();
        match baseline.find(finding.fingerprint, path.as_bstr(), self.today)? {
            baseline::Verdict::Suppressed(suppression) => Some(suppression),
            baseline::Verdict::Expired(remark) => {
                self.warn(remark);
                None
            }
        }
    }

    /// The baseline, whose entries know after a run whether they were used.
    #[must_use]
    pub const fn baseline(&self) -> Option<&Baseline> {
        self.baseline.as_ref()
    }

    /// The name of the fingerprint key, if there is one.
    #[must_use]
    pub fn key_id(&self) -> Option<String> {
        self.fingerprints.key_id()
    }

    /// What was meant to suppress and does not, sorted, each once.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        warnings.extend(self.allow.faults());
        warnings.into_iter().collect()
    }

    fn warn_at(&self, entry: &Entry, place: Position, remark: impl Display) {
        let line = entry.lines.in_file(place).line;
        self.warn(format!("{}:{line}: {remark}", entry.origin.display_path()));
    }

    fn warn(&self, remark: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.insert(remark);
        // The last one goes, whichever came first, so that the number of threads does not show.
        if warnings.len() > WARNINGS_MAX {
            warnings.pop_last();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::{
        finding::{Confidence, Risk, Severity},
        rule::{Allow, Detector, Gate, Pattern, Rule},
        secret::Secret,
        text::Span,
    };

    /// A rule of the given id, with the tag `kind-ID`.
    pub(crate) fn rule(id: &'static str) -> Rule {
        Rule {
            id: RuleId::from_static(id),
            title: "made".into(),
            risk: Risk::new(1).unwrap(),
            severity: Severity::High,
            confidence: Confidence::High,
            tags: vec![Cow::Owned(format!("kind-{id}"))].into(),
            help: "".into(),
            docs: "".into(),
            refs: Cow::Borrowed(&[]),
            gate: Gate::Block,
            detector: Detector::Pattern(Pattern {
                keywords: Cow::Borrowed(&[]),
                ignore_case: false,
                regex: "s3cret".into(),
                multiline: false,
                entropy: None,
                check: "".into(),
                lengths: Vec::new().into(),
                placeholders: false,
                binary: false,
            }),
            structures: Cow::Borrowed(&[]),
            parts: Cow::Borrowed(&[]),
            paths: Cow::Borrowed(&[]),
            allow: Cow::Borrowed(&[]),
            matches: Cow::Borrowed(&[]),
            rejects: Cow::Borrowed(&[]),
            source: "".into(),
        }
    }

    /// A match of rule number `rule` at the last place of `secret` in `text`.
    pub(super) fn find_secret(rule: u32, text: &str, secret: &str) -> Match {
        let start = text.rfind(secret).unwrap();
        match_at(rule, text, Span::new(start, start + secret.len()))
    }

    fn match_at(rule: u32, text: &str, span: Span) -> Match {
        Match {
            rule,
            span,
            whole: span,
            depends: span,
            parts: Vec::new(),
            secret: Secret::new(span.of(text.as_bytes())),
            confidence: Confidence::High,
            proof: None,
            decoded: Vec::new(),
            at_most: None,
            disproved: false,
            note: None,
            structure: None,
        }
    }

    /// Every `S3C1…` is a match of rule `one`, every `S3C2…` of rule `two`.
    fn judge(text: &str, fresh: &Fresh, markers: MarkerOptions) -> (Vec<Option<Suppression>>, Vec<String>) {
        let matches: Vec<Match> = text
            .match_indices("S3C")
            .map(|(start, _)| {
                let rule = u32::from(text.as_bytes()[start + 3] - b'1');
                let len = text[start..].find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len() - start);
                match_at(rule, text, Span::new(start, start + len))
            })
            .collect();
        let filter = filter(markers, vec![]);
        let verdicts = filter.on_content(&Entry::file("a.py"), text.as_bytes(), fresh, &matches);
        (verdicts, filter.warnings())
    }

    fn filter(markers: MarkerOptions, allow: Vec<Allow>) -> Filter {
        let rules = vec![Cow::Owned(rule("one")), Cow::Owned(rule("two"))];
        let today = Date::parse("2024-06-01").unwrap();
        let options = Options { today, markers, key: None, baseline: None };
        Filter::new(Arc::new(RuleSet::new(rules, allow)), options)
    }

    /// `expected`: one word a match, `-` or the reason (else the place), then warnings behind `|`.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let (verdicts, warnings) = judge(text, &Fresh::All, MarkerOptions::default());
        let words: Vec<String> = verdicts
            .into_iter()
            .map(|verdict| verdict.map_or("-".into(), |by| by.reason.unwrap_or(by.place)))
            .collect();
        let all: Vec<String> = std::iter::once(words.join(" + ")).chain(warnings).collect();
        assert_eq!(all.join(" | "), expected, "{text}");
    }

    #[test]
    fn own_marker_in_any_comment() {
        for comment in [
            "# @",
            "// @",
            "/* @ */",
            "-- @",
            "; @",
            "<!-- @ -->",
            "% @",
            "' @",
            "rem @",
            "REM @",
            "dnl @",
            "\"\"\"@\"\"\"",
            "{# @ #}",
            "(* @ *)",
            "<%-- @ --%>",
            "  * @",
            "//! @",
            "{{!-- @ --}}",
            "@",
        ] {
            let comment = comment.replace('@', "abatis:allow one made up");
            check(&format!("x\nk = \"S3C1\" {comment}\n"), "made up");
            check(&format!("x\n{comment}\nk = \"S3C1\"\n"), "made up");
            check(&format!("{comment}\r\nk = \"S3C1\"\r\n"), "made up");
        }
        check("/* abatis:allow one made up */ k = \"S3C1\"", "made up");
    }

    #[test]
    fn own_marker_names_rules() {
        check("S3C1 # abatis:allow one,two made up", "made up");
        check("S3C2 # abatis:allow one, two made up", "made up");
        check("S3C2 # abatis:allow one , two made up", "made up");
        check("S3C2 # abatis:allow * made up", "made up");
        check("S3C2 # abatis:allow tag:kind-two: made up", "made up");
        check("S3C1 S3C2 # abatis:allow two made up", "- + made up");
        check("S3C1 # abatis:allow one -- made up", "made up");
        check("S3C1 # abatis:allow one (made up)", "made up)");
    }

    #[test]
    fn markers_that_do_not_hold_say_so() {
        let write = "suppresses nothing; write abatis:allow one and the reason";
        check("S3C1 # abatis:allow", &format!("- | a.py:1: abatis:allow names no rule and {write}"));
        check("S3C1 # abatis:allow one", &format!("- | a.py:1: abatis:allow without a reason {write}"));
        check("S3C1 # abatis:allow one ok", &format!("- | a.py:1: abatis:allow without a reason {write}"));
        check("\nS3C1 /* abatis:allow one */", &format!("- | a.py:2: abatis:allow without a reason {write}"));
        check(
            "S3C1 # abatis:allow this is fine",
            "- | a.py:1: abatis:allow names \"this\", which is no rule in force; the finding here is of one",
        );
        check(
            "S3C1 # abatis:allow one until 2024-05-31 made up",
            "- | a.py:1: abatis:allow one: expired on 2024-05-31, so the finding is reported again",
        );
        check(
            "S3C1 # abatis:allow one until monday made up",
            "- | a.py:1: abatis:allow one: the day after \"until\" is not of the form YYYY-MM-DD, so it suppresses nothing",
        );
        check("S3C1 # abatis:allow one until 2024-06-01 made up", "made up");
        check("S3C1 # abatis:allowed one made up", "-");
        check("S3C1 # xabatis:allow one made up", "-");
    }

    #[test]
    fn a_marker_behind_code_speaks_for_its_own_line_only() {
        check("a = S3C1 # abatis:allow one made up\nb = S3C1\n", "made up + -");
        check("S3C1 # abatis:allow one made up\nS3C1\n", "made up + -");
        check("# abatis:allow one made up\nb = S3C1\nc = S3C1", "made up + -");
        check(
            "b = S3C1\n# abatis:allow one made up\n",
            "- | a.py:2: abatis:allow one suppresses nothing any more: remove it",
        );
    }

    #[test]
    fn a_marker_inside_a_secret_is_none() {
        let text = "k = S3C1 abatis:allow one made up ;";
        let span = Span::new(4, text.len() - 2);
        let filter = filter(MarkerOptions::default(), vec![]);
        let found = match_at(0, text, span);
        let verdicts = filter.on_content(&Entry::file("a"), text.as_bytes(), &Fresh::All, &[found]);
        assert_eq!(verdicts, vec![None]);
    }

    #[test]
    fn reasons_hold_no_secret() {
        check("# abatis:allow one made S3C1aaaa S3C1bbbb", "made + made XXXXXXXX");
    }

    #[test]
    fn stale_markers_are_told_in_fresh_text_only() {
        let text = "a\n# abatis:allow one made up\nb = 1\n# abatis:allow RULE reason\n# abatis:allow one\n";
        let stale = "a.py:2: abatis:allow one suppresses nothing any more: remove it";
        let judge = |fresh| judge(text, &fresh, MarkerOptions::default()).1;
        assert_eq!(judge(Fresh::All), vec![stale]);
        assert_eq!(judge(Fresh::from_spans(vec![Span::new(2, text.len())])), vec![stale]);
        assert_eq!(judge(Fresh::from_spans(vec![Span::new(2, 30)])), Vec::<String>::new());
        assert_eq!(judge(Fresh::from_spans(vec![])), Vec::<String>::new());
    }

    #[test]
    fn markers_of_other_tools() {
        for (text, expected) in [
            ("S3C1 # gitleaks:allow", "gitleaks:allow"),
            ("S3C1 # betterleaks:allow", "betterleaks:allow"),
            ("S3C1 # pragma: allowlist secret", "pragma: allowlist secret"),
            ("S3C1 # pragma: whitelist secret", "pragma: allowlist secret"),
            ("# pragma: allowlist nextline secret\nS3C1", "pragma: allowlist nextline secret"),
            ("S3C1 # pragma: allowlist nextline secret", "-"),
            ("# pragma: allowlist secret\nS3C1", "-"),
            ("S3C1 // talisman-ignore", "talisman-ignore"),
            ("S3C1 // kingfisher:ignore", "kingfisher:ignore"),
            ("// kingfisher:allow\nS3C1", "kingfisher:allow"),
            ("x = 1 // kingfisher:allow\nS3C1", "-"),
            ("S3C1 # trufflehog:ignore", "trufflehog:ignore"),
            ("# trufflehog:ignore\nS3C1", "-"),
            ("S3C1 # ggignore", "ggignore"),
            ("S3C1 # ggignored", "-"),
            ("S3C1 // secretlint-disable-line", "secretlint-disable-line"),
            ("// secretlint-disable-next-line\nS3C1", "secretlint-disable-next-line"),
            ("// secretlint-disable-next-line\n\nS3C1", "-"),
            (
                "S3C1\n/* secretlint-disable */\na\nS3C1\n/* secretlint-enable */\nS3C1",
                "- + secretlint-disable + -",
            ),
            ("S3C1 // DevSkim: ignore DS117838", "DevSkim: ignore"),
            ("S3C1 // DevSkim: ignore DS117838 until 2024-06-01 by ann", "DevSkim: ignore"),
            (
                "S3C1 // DevSkim: ignore DS117838 until 2024-05-31 by ann",
                "- | a.py:1: DevSkim: ignore: expired on 2024-05-31, so the finding is reported again",
            ),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn each_tool_can_be_switched_off() {
        let text = "S3C1 # gitleaks:allow";
        let tools = |tools: &[Tool]| MarkerOptions { own: true, tools: tools.to_vec() };
        use inline::Tool;
        let judge = |markers| judge(text, &Fresh::All, markers).0[0].is_some();
        assert!(judge(tools(&[Tool::Gitleaks])));
        assert!(!judge(tools(&[Tool::Kingfisher])));
        assert!(!judge(MarkerOptions::none()));
        assert_eq!(MarkerOptions::from_names(MarkerOptions::names()), MarkerOptions::default());
    }

    #[test]
    fn utf16_text_has_markers_too() {
        let text: String = "k = S3C1 # abatis:allow one made up\n".chars().flat_map(|c| [c, '\0']).collect();
        let span = Span::new(8, 16);
        let filter = filter(MarkerOptions::default(), vec![]);
        let found = match_at(0, &text, span);
        let verdicts = filter.on_content(&Entry::file("a"), text.as_bytes(), &Fresh::All, &[found]);
        assert_eq!(verdicts[0].as_ref().and_then(|by| by.reason.as_deref()), Some("made up"));
    }

    #[test]
    fn allowlists_come_after_markers() {
        let allow =
            Allow { stopwords: vec!["s3c".into()].into(), reason: "listed".into(), ..Allow::default() };
        let filter = filter(MarkerOptions::default(), vec![allow]);
        let text = "S3C1 # abatis:allow one made up\nS3C1";
        let matches = [match_at(0, text, Span::new(0, 4)), match_at(0, text, Span::new(32, 36))];
        let verdicts = filter.on_content(&Entry::file("a"), text.as_bytes(), &Fresh::All, &matches);
        let reasons: Vec<_> = verdicts.iter().flatten().filter_map(|by| by.reason.as_deref()).collect();
        assert_eq!(reasons, ["made up", "listed"]);
    }

    #[test]
    fn a_baseline_of_another_key_is_told() {
        let text = b"# abatis baseline v1\n# key 00000000\n000102030405060708090a0b0c0d0e0f r a # x\n";
        for (key, expected) in [(None, "this run has none"), (Some(b"k".to_vec()), "another fingerprint key")]
        {
            let (baseline, _) = Baseline::parse(text, "base");
            let today = Date::parse("2024-06-01").unwrap();
            let options = Options { today, markers: MarkerOptions::none(), key, baseline: Some(baseline) };
            let warnings = Filter::new(Arc::default(), options).warnings();
            assert!(warnings.len() == 1 && warnings[0].contains(expected), "{warnings:?}");
        }
    }
}
