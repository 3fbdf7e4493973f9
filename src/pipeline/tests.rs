//! Runs on sources in memory.

use std::borrow::Cow;

use super::*;
use crate::{
    detect::Limits,
    filter::{self, date::Date, inline::MarkerOptions},
    origin::Entry,
    rule::{self, RuleSet},
    select,
    source::{Count, SourceError, Visitor},
    text::Fresh,
};

/// Contents in memory, visited by the pool.
struct Memory {
    files: Vec<(&'static str, Vec<u8>)>,
    moved: u64,
}

impl Source for Memory {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        visitor.count(Count::Moved, self.moved);
        rayon::scope(|scope| {
            for (path, bytes) in &self.files {
                scope.spawn(move |_| {
                    let entry = Entry::file(*path);
                    if visitor.wants(&entry) {
                        visitor.content(&entry, bytes, &Fresh::All);
                    }
                });
            }
        });
        Ok(())
    }
}

fn plan(threads: usize) -> Plan {
    let pack = r#"
schema = 1
pack = "test"
[[rule]]
id = "acme-token"
title = "Acme token"
risk = 1
severity = "high"
confidence = "high"
keywords = ["acme_"]
pattern = '''\b(acme_[0-9a-z]{12})\b'''
help = "Revoke it."
docs = "https://example.com/"
matches = ["acme_8k2j5h7x9q1z"]
rejects = ["acme_8k2j"]
"#;
    let rules = rule::read_pack("test.toml", pack).unwrap().into_iter().map(Cow::Owned).collect();
    let rules = Arc::new(RuleSet::new(rules, Vec::new()));
    Plan {
        scanner: Scanner::new(Arc::clone(&rules), Limits::default()),
        selector: Selector::new(&select::Options::default()).unwrap(),
        filter: Filter::new(
            rules,
            filter::Options {
                today: Date::parse("2026-01-01").unwrap(),
                markers: MarkerOptions::default(),
                key: None,
                baseline: None,
            },
        ),
        archives: None,
        thresholds: Thresholds {
            fail_on: Some(Severity::Medium),
            min_confidence: Confidence::Medium,
            gates: Gates::HOOK,
        },
        place: None,
        threads,
        control: Arc::default(),
    }
}

fn memory() -> Memory {
    let files = ["z.txt", "a.txt", "m/n.txt", "b.png"]
        .map(|path| (path, b"one\nkey acme_8k2j5h7x9q1z acme_8k2j5h7x9q1z\n\x1b[31mthree".to_vec()));
    Memory { files: files.into(), moved: 4 }
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let one = run(&plan(1), &[&memory()]);
    assert_eq!(one.findings.len(), 6);
    assert!(one.is_blocking() && !one.is_incomplete());
    for threads in [0, 2, 8] {
        let other = run(&plan(threads), &[&memory()]);
        assert_eq!((&other.findings, &other.receipt), (&one.findings, &one.receipt));
    }
}

#[test]
fn snippets_hide_every_secret_and_control_character() {
    let outcome = run(&plan(1), &[&memory()]);
    let snippet = &outcome.findings[0].snippet;
    assert_eq!(snippet.first_line, 1);
    assert_eq!(snippet.text, "one\nkey acme****(17 bytes) acme****(17 bytes)\n\u{241b}[31mthree");
    assert_eq!(&snippet.text[snippet.mark.start..snippet.mark.end], "acme****(17 bytes)");
    assert_eq!((outcome.findings[0].start.line, outcome.findings[0].start.column), (2, 5));
}

#[test]
fn what_is_skipped_is_counted() {
    let outcome = run(&plan(1), &[&memory()]);
    assert_eq!(outcome.receipt.skipped.values().sum::<u64>(), 1);
    assert_eq!((outcome.receipt.contents, outcome.receipt.rules), (3, 1));
}

#[test]
fn nothing_looked_at_is_not_clean() {
    let outcome = run(&plan(1), &[&Memory { files: Vec::new(), moved: 2 }]);
    assert!(outcome.is_incomplete());
    let plan = plan(1);
    plan.control.cancel();
    assert!(run(&plan, &[&memory()]).is_incomplete());
}
