//! `abatis rules test --profile PATH`: what each rule costs on real text, and which keywords are too common.
//!
//! A rule's time is that of all its second looks: its keywords' hits, run again one rule at a time. It is told as a share of
//! what matching takes of a scan, by which a rule is too dear, and of a whole scan on one thread, which reads the files as
//! well. Must not change what is found.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    hint,
    io::Write as _,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Error, Result, bail};
use bstr::{BStr, BString};

use super::{
    super::{edge::Edge, exit::Exit},
    check::number,
};
use crate::{
    detect::{Limits, Scanner, Scratch, Subject, encoding},
    filter::{self, Filter, inline::MarkerOptions},
    finding::Confidence,
    origin::{Entry, Kind, Skip},
    pipeline::{self, Control, Gates, Plan, Thresholds},
    rule::{Detector, Rule, RuleSet},
    select::{self, Selector},
    source::{Count, Problem, Source as _, Visitor, files::Files},
    text::{Fresh, Span},
};

/// Most text that is kept in memory for a profile, in bytes: shares settle long before.
const MOST_TEXT: usize = 256 << 20;
/// Least share of the time that matching takes, in hundredths, that makes a rule too dear.
const DEAR: f64 = 3.0;
/// More hits of one keyword in a million bytes than this lead to no secret: the keyword is a part of words.
const COMMON: f64 = 400.0;
/// Rules in the list.
const SHOWN: usize = 25;
/// Rounds over all texts; of each text the fastest counts: another program may have had the processor for a while, and
/// would be taken for a part of what it met.
const ROUNDS: usize = 5;
/// Bytes that come from memory at once.
const CACHE_LINE: usize = 64;

/// What is known of one rule after all hits.
struct Cost {
    rule: u32,
    hits: usize,
    matches: usize,
    time: Duration,
}

/// The texts that a profile is of.
#[derive(Default)]
struct Texts {
    files: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    texts: Vec<(BString, Vec<u8>)>,
    bytes: usize,
    left_out: usize,
}

impl Visitor for Texts {
    fn wants(&self, entry: &Entry) -> bool {
        Selector::new(&select::Options::default()).is_ok_and(|selector| selector.decide(entry).is_ok())
    }

    fn content(&self, entry: &Entry, bytes: &[u8], _: &Fresh) {
        let Ok(mut kept) = self.files.lock() else { return };
        if !matches!(encoding::detect(bytes), encoding::Encoded::Text) {
            return;
        }
        if kept.bytes + bytes.len() > MOST_TEXT {
            kept.left_out += 1;
            return;
        }
        kept.bytes += bytes.len();
        kept.texts.push((entry.origin.path.clone(), bytes.to_vec()));
    }

    fn skipped(&self, _: &Entry, _: Skip) {}

    fn problem(&self, _: Problem) {}

    fn count(&self, _: Count, _: u64) {}

    fn cancelled(&self) -> bool {
        false
    }
}

pub(super) fn run(path: &[PathBuf], rules: Vec<Rule>, edge: &Edge, out: &mut Vec<u8>) -> Result<Exit> {
    let rules = Arc::new(RuleSet::new(rules.into_iter().map(Cow::Owned).collect(), Vec::new()));
    let texts = read(path, edge)?;
    let scanner = Scanner::new(Arc::clone(&rules), Limits::default());
    let matching = matching(&scanner, &texts);
    let hits = hits(&scanner, &texts);
    let mut costs: Vec<Cost> = hits.iter().map(|(&rule, hits)| cost(&scanner, &texts, rule, hits)).collect();
    costs.sort_by(|one, other| (other.time, one.rule).cmp(&(one.time, other.rule)));
    let bytes = texts.iter().map(|(_, text)| text.len()).sum();
    let report = Report { rules: &rules, bytes, scan: scan(&rules, path, edge)?, matching };
    report.costs(&costs, out)?;
    report.keywords(&scanner, &texts, out)?;
    let dear = costs.iter().filter(|cost| share(cost.time, report.matching) > DEAR).count();
    writeln!(
        out,
        "\n{} of text, {} a scan on one thread, of which matching {}; {} above {DEAR} % of that",
        size(report.bytes),
        milliseconds(report.scan),
        milliseconds(matching),
        number(dear, "rule"),
    )?;
    Ok(if dear == 0 { Exit::Clean } else { Exit::Findings })
}

fn read(paths: &[PathBuf], edge: &Edge) -> Result<Vec<(BString, Vec<u8>)>> {
    let texts = Texts::default();
    Files::new(paths.iter().map(|path| edge.absolute(path))).visit(&texts)?;
    let kept = texts.files.into_inner().unwrap_or_default();
    let mut texts = kept.texts;
    if texts.is_empty() {
        bail!("there is no text in what was given: name a folder with source code");
    }
    if kept.left_out > 0 {
        bail!("there is more text than {} in what was given: name a folder with less", size(MOST_TEXT));
    }
    texts.sort();
    Ok(texts)
}

fn subject<'s>(path: &'s BString, text: &'s [u8]) -> Subject<'s> {
    Subject {
        bytes: text,
        path: BStr::new(path),
        kind: Kind::File,
        fresh: &Fresh::All,
        new_name: false,
        executable: false,
        beside: None,
    }
}

/// The time of a scan of `paths` on one thread, as `abatis scan` does it but for the report: the least of some rounds, so
/// that files are read from memory.
fn scan(rules: &Arc<RuleSet>, paths: &[PathBuf], edge: &Edge) -> Result<Duration> {
    let plan = Plan {
        scanner: Scanner::new(Arc::clone(rules), Limits::default()),
        selector: Selector::new(&select::Options::default()).map_err(Error::msg)?,
        filter: Filter::new(
            Arc::clone(rules),
            filter::Options {
                today: edge.today,
                markers: MarkerOptions::default(),
                key: None,
                baseline: None,
            },
        ),
        archives: None,
        thresholds: Thresholds { fail_on: None, min_confidence: Confidence::Medium, gates: Gates::SCAN },
        place: None,
        threads: 1,
        control: Arc::new(Control::default()),
    };
    let files = Files::new(paths.iter().map(|path| edge.absolute(path))).threads(1);
    let round = || {
        let start = Instant::now();
        hint::black_box(pipeline::run(&plan, &[&files]));
        start.elapsed()
    };
    Ok((0..ROUNDS).map(|_| round()).min().unwrap_or_default())
}

/// The time of matching alone.
fn matching(scanner: &Scanner, texts: &[(BString, Vec<u8>)]) -> Duration {
    let mut scratch = Scratch::default();
    let mut matches = Vec::new();
    fastest(texts, |(path, text)| {
        let start = Instant::now();
        scanner.scan(subject(path, text), &mut scratch, &mut matches);
        let time = start.elapsed();
        matches.clear();
        time
    })
}

/// The least time of each of `things`, summed.
fn fastest<T>(things: &[T], mut time: impl FnMut(&T) -> Duration) -> Duration {
    let mut least = vec![Duration::MAX; things.len()];
    for _ in 0..ROUNDS {
        for (thing, least) in things.iter().zip(&mut least) {
            *least = time(thing).min(*least);
        }
    }
    least.into_iter().sum()
}

/// The hits of every rule, by text.
fn hits(scanner: &Scanner, texts: &[(BString, Vec<u8>)]) -> BTreeMap<u32, BTreeMap<usize, Vec<Span>>> {
    let mut hits: BTreeMap<u32, BTreeMap<usize, Vec<Span>>> = BTreeMap::new();
    for (place, (_, text)) in texts.iter().enumerate() {
        scanner.keyword_hits(text, &mut |rule, hit| {
            hits.entry(rule).or_default().entry(place).or_default().push(hit);
        });
    }
    hits
}

fn cost(
    scanner: &Scanner,
    texts: &[(BString, Vec<u8>)],
    rule: u32,
    hits: &BTreeMap<usize, Vec<Span>>,
) -> Cost {
    let mut scratch = Scratch::default();
    let hits: Vec<(&usize, &Vec<Span>)> = hits.iter().collect();
    let mut matches = 0;
    let time = fastest(&hits, |&(&place, hits)| {
        let (path, text) = &texts[place];
        let subject = subject(path, text);
        // In a scan, keywords have just been looked for in the text: to fetch it from memory is no cost of a rule. Nor
        // are the buffers of a scan, which are made once for all rules.
        hint::black_box(text.iter().step_by(CACHE_LINE).fold(0, |sum, byte| sum ^ byte));
        scanner.revisit(subject, rule, &[], &mut scratch);
        let start = Instant::now();
        matches += scanner.revisit(subject, rule, hits, &mut scratch);
        let whole = start.elapsed();
        let start = Instant::now();
        scanner.revisit(subject, rule, &[], &mut scratch);
        whole.saturating_sub(start.elapsed())
    });
    Cost { rule, hits: hits.iter().map(|(_, hits)| hits.len()).sum(), matches: matches / ROUNDS, time }
}

struct Report<'r> {
    rules: &'r RuleSet,
    bytes: usize,
    scan: Duration,
    matching: Duration,
}

/// Hundredths of `whole`.
fn share(time: Duration, whole: Duration) -> f64 {
    100.0 * time.as_secs_f64() / whole.as_secs_f64().max(f64::MIN_POSITIVE)
}

impl Report<'_> {
    fn costs(&self, costs: &[Cost], out: &mut Vec<u8>) -> Result<()> {
        let shown = &costs[..costs.len().min(SHOWN)];
        let width = shown.iter().map(|cost| self.id(cost.rule).len()).max().unwrap_or_default().max(4);
        writeln!(out, "{:width$}   SHARE  OF A SCAN       TIME      HITS  MATCHES", "RULE")?;
        for cost in shown {
            writeln!(
                out,
                "{:width$}  {:>5.2}%  {:>8.2}%  {:>9}  {:>8}  {:>7}",
                self.id(cost.rule),
                share(cost.time, self.matching),
                share(cost.time, self.scan),
                milliseconds(cost.time),
                cost.hits,
                cost.matches,
            )?;
        }
        let rest: Duration = costs[shown.len()..].iter().map(|cost| cost.time).sum();
        let never = self.rules.len() - costs.len();
        writeln!(
            out,
            "{} more with {:.2}% together; {never} without a hit",
            number(costs.len() - shown.len(), "rule"),
            share(rest, self.matching),
        )?;
        Ok(())
    }

    /// Keywords that stand in the text more often than a secret could.
    fn keywords(&self, scanner: &Scanner, texts: &[(BString, Vec<u8>)], out: &mut Vec<u8>) -> Result<()> {
        let mut counts: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        let mut last = (usize::MAX, Span::default());
        for (place, (_, text)) in texts.iter().enumerate() {
            scanner.keyword_hits(text, &mut |_, hit| {
                // A keyword of several rules is one hit.
                if last != (place, hit) {
                    *counts.entry(hit.of(text).to_ascii_lowercase()).or_default() += 1;
                    last = (place, hit);
                }
            });
        }
        let million = (self.bytes as f64 / 1e6).max(f64::MIN_POSITIVE);
        let mut common: Vec<(usize, Vec<u8>)> = counts
            .into_iter()
            .filter(|(_, count)| *count as f64 / million > COMMON)
            .map(|(word, count)| (count, word))
            .collect();
        if common.is_empty() {
            return Ok(());
        }
        common.sort_by(|one, other| other.cmp(one));
        writeln!(out, "\nCOMMON KEYWORD     A MILLION BYTES  RULES")?;
        for (count, word) in common.iter().take(SHOWN) {
            let users: Vec<&str> =
                self.rules.iter().filter(|rule| uses(rule, word)).map(|rule| rule.id.as_str()).collect();
            writeln!(
                out,
                "{:<18} {:>16.0}  {}",
                word.escape_ascii().to_string(),
                *count as f64 / million,
                users.join(" "),
            )?;
        }
        Ok(())
    }

    fn id(&self, rule: u32) -> &str {
        self.rules.rule(rule).id.as_str()
    }
}

/// Whether `word`, in lower case, is a keyword of the rule.
fn uses(rule: &Rule, word: &[u8]) -> bool {
    let keywords = match &rule.detector {
        Detector::Pattern(pattern) => &pattern.keywords,
        Detector::Bound(bound) => &bound.keywords,
        Detector::Assignment(assignment) => &assignment.keywords,
        _ => return false,
    };
    keywords.iter().any(|keyword| keyword.as_bytes().eq_ignore_ascii_case(word))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn size(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
