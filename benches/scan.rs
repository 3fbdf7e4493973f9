//! Throughput of the scanning core on source text, in bytes a second, with all built-in rules.
//!
//! The text is this crate's own source, repeated; every run asserts how much is found. `cargo bench --bench scan`.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use abatis::{
    detect::{Limits, Scanner, Scratch, Subject},
    origin::Kind,
    rule::{self, Detector, RuleSet},
    text::{Fresh, Span},
};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};

fn main() {
    divan::main();
}

/// Bytes of text that are scanned in one go.
const SIZE: usize = 8 << 20;
/// Findings in text without a secret.
const OWN: usize = 0;

/// Source text of `SIZE` bytes, in which nothing is to be found.
fn text(scanner: &Scanner) -> Vec<u8> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files.sort();
    // Tests hold made values.
    let sources: Vec<Vec<u8>> = files
        .iter()
        .filter_map(|path| std::fs::read(path).ok())
        .filter(|text| count(scanner, text, &Fresh::All) == 0)
        .collect();
    let mut all = Vec::new();
    while all.len() < SIZE {
        sources.iter().for_each(|text| all.extend_from_slice(text));
    }
    all.truncate(SIZE);
    all
}

/// The same with a made token at the end of each of `parts` parts.
fn seeded(text: &[u8], parts: usize) -> Vec<u8> {
    let mut seeded = Vec::with_capacity(text.len() + parts * 80);
    for (index, part) in text.chunks(text.len().div_ceil(parts)).enumerate() {
        seeded.extend_from_slice(part);
        let token: String = (0..64_usize)
            .map(|place| {
                char::from_digit(((index * 7 + place * place * 3 + place * 5) % 16) as u32, 16).unwrap_or('0')
            })
            .collect();
        seeded.extend_from_slice(format!("\nval = {}{token}\n", concat!("dop", "_v1_")).as_bytes());
    }
    seeded
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn scanner() -> Scanner {
    Scanner::new(Arc::new(RuleSet::new(rule::builtin(), Vec::new())), Limits::default())
}

fn count(scanner: &Scanner, bytes: &[u8], fresh: &Fresh) -> usize {
    let mut matches = Vec::new();
    let subject = Subject {
        bytes,
        path: "src/text.rs".into(),
        kind: Kind::File,
        fresh,
        new_name: false,
        executable: false,
        beside: None,
    };
    scanner.scan(subject, &mut Scratch::default(), &mut matches);
    matches.len()
}

/// Text without a secret: what nearly all text is.
#[divan::bench(sample_count = 10)]
fn clean(bencher: Bencher<'_, '_>) {
    let scanner = scanner();
    let text = text(&scanner);
    bencher.counter(BytesCount::of_slice(&text)).bench(|| {
        assert_eq!(count(&scanner, &text, &Fresh::All), OWN);
    });
}

/// Text with a secret in every 64 KiB.
#[divan::bench(sample_count = 10)]
fn with_secrets(bencher: Bencher<'_, '_>) {
    let scanner = scanner();
    let text = seeded(&text(&scanner), 128);
    bencher.counter(BytesCount::of_slice(&text)).bench(|| {
        assert_eq!(count(&scanner, &text, &Fresh::All), 128);
    });
}

/// One byte in a hundred is fresh, as in a packed delta.
#[divan::bench(sample_count = 10)]
fn fresh_lines(bencher: Bencher<'_, '_>) {
    let scanner = scanner();
    let text = text(&scanner);
    let spans = (0..SIZE / 4000).map(|index| Span::new(index * 4000, index * 4000 + 40)).collect();
    let fresh = Fresh::from_spans(spans);
    bencher.counter(BytesCount::of_slice(&text)).bench(|| {
        assert_eq!(count(&scanner, &text, &fresh), OWN);
    });
}

/// The lines of a text that have a value of a telling name, each once.
fn telling_lines(scanner: &Scanner, text: &[u8]) -> Vec<u8> {
    let mut lines: Vec<u8> = Vec::new();
    let mut end = 0;
    for sample in scanner.study(text, "src/settings.yml".into()) {
        let start =
            text[..sample.key.start].iter().rposition(|&byte| byte == b'\n').map_or(0, |place| place + 1);
        if start >= end {
            let rest = text[sample.key.end..].iter().position(|&byte| byte == b'\n');
            end = rest.map_or(text.len(), |place| sample.key.end + place + 1);
            lines.extend_from_slice(&text[start..end]);
        }
    }
    lines
}

/// What is thought of every value of a telling name: finding it, and the verdict with all that is seen of it; an item is a
/// candidate.
#[divan::bench(sample_count = 10)]
fn verdicts(bencher: Bencher<'_, '_>) {
    let scanner = scanner();
    // Looking for keywords in the text between them would take most of the time.
    let text = telling_lines(&scanner, &text(&scanner));
    let candidates = scanner.study(&text, "src/settings.yml".into()).len();
    assert!(candidates > 1000);
    bencher.counter(ItemsCount::new(candidates)).bench(|| {
        assert_eq!(scanner.study(&text, "src/settings.yml".into()).len(), candidates);
    });
}

/// Making the rules ready: paid by every commit.
#[divan::bench(sample_count = 50)]
fn start(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let scanner = scanner();
        assert!(scanner.rules().len() >= 60);
        scanner
    });
}

/// The keywords of all rules: lower case if their case is ignored, which is the second half of the key. With the number of
/// rules that have them.
fn keywords(rules: &RuleSet) -> BTreeMap<(Vec<u8>, bool), usize> {
    let mut keywords = BTreeMap::new();
    for rule in rules.iter() {
        let (words, fold) = match &rule.detector {
            Detector::Pattern(pattern) => (&pattern.keywords, pattern.ignore_case),
            Detector::Bound(bound) => (&bound.keywords, true),
            Detector::Assignment(assignment) => (&assignment.keywords, true),
            Detector::File(_) | Detector::Structure => continue,
        };
        for word in words.iter() {
            let word = if fold { word.to_ascii_lowercase() } else { word.to_string() };
            *keywords.entry((word.into_bytes(), fold)).or_default() += 1;
        }
    }
    keywords
}

/// Hits of keywords by an automaton of the aho-corasick crate, which ignores case for all: where it matters, it is looked at.
fn automaton_hits(automaton: &AhoCorasick, keywords: &[(Vec<u8>, bool, usize)], text: &[u8]) -> usize {
    let hits = automaton.find_overlapping_iter(text).map(|hit| {
        let (word, fold, rules) = &keywords[hit.pattern().as_usize()];
        if *fold || text[hit.range()] == word[..] { *rules } else { 0 }
    });
    hits.sum()
}

fn prefilter_hits(scanner: &Scanner, text: &[u8]) -> usize {
    let mut hits = 0;
    scanner.keyword_hits(text, &mut |_, _| hits += 1);
    hits
}

/// The prefilter alone: all keywords of all rules.
#[divan::bench(sample_count = 10)]
fn keywords_by_prefilter(bencher: Bencher<'_, '_>) {
    let scanner = scanner();
    let text = text(&scanner);
    let hits = prefilter_hits(&scanner, &text);
    bencher.counter(BytesCount::of_slice(&text)).bench(|| assert_eq!(prefilter_hits(&scanner, &text), hits));
}

/// The same keywords by the fastest automaton of the aho-corasick crate that takes so many.
#[divan::bench(sample_count = 10)]
fn keywords_by_aho_corasick(bencher: Bencher<'_, '_>) {
    let scanner = scanner();
    let text = text(&scanner);
    let keywords: Vec<(Vec<u8>, bool, usize)> =
        keywords(scanner.rules()).into_iter().map(|((word, fold), rules)| (word, fold, rules)).collect();
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(keywords.iter().map(|(word, ..)| word))
        .expect("the keywords of the built-in rules make an automaton");
    let hits = prefilter_hits(&scanner, &text);
    assert!(hits > 1000, "{hits}");
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench(|| assert_eq!(automaton_hits(&automaton, &keywords, &text), hits));
}
