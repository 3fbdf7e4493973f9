//! Candidates with what is seen of them: for training the model, and for explaining a verdict.
//!
//! The same reading and judging as a scan, without filters, decoding or overlap. Must not change
//! what a scan finds.

use bstr::BStr;

use super::{
    NAME_WINDOW, Scanner, Scratch, Subject, assignment,
    judge::{self, Ask, Classifier, Verdict, place::Place},
};
use crate::{
    finding::Match,
    origin::Kind,
    rule::Detector,
    text::{Fresh, Span},
};

/// A candidate of a rule that judges values.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The rule, by its place in the rule set.
    pub rule: u32,
    /// The name that the value is given to.
    pub key: Span,
    /// The value.
    pub value: Span,
    /// What is thought of it.
    pub verdict: Verdict,
}

impl Scanner {
    /// All candidates in `text`, whatever is thought of them, in the order of their keywords.
    #[must_use]
    pub fn study(&self, text: &[u8], path: &BStr) -> Vec<Sample> {
        let place = Place::of(path);
        let mut samples = Vec::new();
        let mut candidates = Vec::new();
        self.near.prefilter.find(text, 0, text.len(), |keyword, start| {
            let hit = Span::new(start, start + self.near.prefilter.length(keyword));
            self.near.rules(keyword, |rule| {
                let Detector::Assignment(named) = &self.rules.rule(rule).detector else { return };
                if named.is_statement() {
                    return;
                }
                let Some(classifier) = Classifier::from_name(&named.classifier) else { return };
                let line = window(text, hit);
                candidates.clear();
                assignment::find(text, line, hit, &mut candidates);
                for candidate in &candidates {
                    let ask = Ask { keyword: hit.of(text), classifier, place, odds: named.odds };
                    let verdict = judge::verdict(text, line, candidate, ask);
                    samples.push(Sample { rule, key: candidate.key, value: candidate.value, verdict });
                }
            });
        });
        samples
    }

    /// What a scan of `text` as a file at `path` matches.
    #[must_use]
    pub fn look(&self, text: &[u8], path: &BStr) -> Vec<Match> {
        let subject = Subject {
            bytes: text,
            path,
            kind: Kind::File,
            fresh: &Fresh::All,
            new_name: true,
            executable: false,
            beside: None,
        };
        let mut matches = Vec::new();
        self.scan(subject, &mut Scratch::default(), &mut matches);
        matches
    }
}

/// The part of the line around `hit` that a value is looked for in.
pub(super) fn window(text: &[u8], hit: Span) -> Span {
    let low = hit.start.saturating_sub(NAME_WINDOW.0);
    let high = text.len().min(hit.end + NAME_WINDOW.1);
    let start = memchr::memrchr(b'\n', &text[low..hit.start]).map_or(low, |newline| low + newline + 1);
    let end = memchr::memchr2(b'\n', b'\r', &text[hit.end..high]).map_or(high, |newline| hit.end + newline);
    Span::new(start, end)
}
