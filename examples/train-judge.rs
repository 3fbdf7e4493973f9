//! Trains the model of `src/detect/judge` and says how good it is on repositories that it has not seen.
//!
//! ```text
//! abatis scan FOLDER/data --no-ignore --fail-on never --report sarif=others.sarif
//! cargo run --release --example train-judge -- FOLDER --others others.sarif [--write src/detect/judge/weights.rs]
//! ```
//!
//! `FOLDER` holds labelled lines in the form of `CredData`: `src/meta/*.csv` (labels), `src/snapshot.json`
//! (which repository is which), `data/` and `orig/` (the labelled files, under hashed and under real
//! paths) and `map.json` (which is which). Nothing of it is kept: what is written is a table of numbers.
//!
//! How: every candidate of the built-in rules that judge values gets its features and the label of its line.
//! Small gradient-boosted trees of three levels are fitted to them by Newton steps. Repositories are dealt
//! into five folds; each is judged by a model that saw none of its fold, together with what all other rules find
//! there: that is the score printed. The table is then fitted on all of them. Deterministic: no randomness but a
//! fixed sequence.
//!
//! Labels other than true and false count little: undecided lines (placeholders) and lines that nobody
//! looked at are false with a small weight.

#![expect(clippy::print_stdout, reason = "a program for people who train")]

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use abatis::{
    detect::{
        Limits, Scanner,
        judge::{
            Verdict,
            features::{COUNT, Feature, Features},
            known::Known,
            model::{NODES, SCALE, SPLITS, Tree, score_with},
        },
    },
    rule::{self, RuleSet},
    text::Span,
};

/// Folds of the cross-validation.
const FOLDS: usize = 5;
/// Trees of the model.
const TREES: usize = 60;
/// Part of each Newton step that is taken.
const RATE: f64 = 0.16;
/// What is added to the weight of a leaf: small leaves say little.
const SHRINK: f64 = 6.0;
/// Least weight (sum of second derivatives) of a leaf.
const LEAST: f64 = 2.0;
/// Most thresholds asked of a feature.
const BINS: usize = 48;
/// Weight of undecided lines and of lines without a label, as false ones.
const UNDECIDED: f64 = 0.25;
const UNLABELLED: f64 = 0.10;
/// Repositories whose licence is copyleft, Creative Commons or missing: judged, never trained on.
const LEFT_OUT: [&str; 5] = [
    "LibreSprite/LibreSprite",
    "otya128/winevdm",
    "paramiko/paramiko",
    "grafana/grafana-com-public-clients",
    "postmanlabs/har-to-postman",
];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give the folder of the labelled corpus")?);
    let (mut write, mut others, mut misses) = (None, None, None);
    while let Some(flag) = arguments.next() {
        let value = arguments.next().map(PathBuf::from).ok_or("each option has a value")?;
        match flag.to_str() {
            Some("--write") => write = Some(value),
            Some("--others") => others = Some(value),
            Some("--misses") => misses = Some(value),
            _ => return Err(format!("{}: unknown", flag.display()).into()),
        }
    }
    let mut corpus = Corpus::read(&folder)?;
    if let Some(report) = others {
        corpus.others(&report)?;
    }
    let table = Columns::of(&corpus.samples);
    println!(
        "{} rows, {} candidates of which {} with odds",
        corpus.rows.len(),
        corpus.seen,
        corpus.samples.len()
    );
    corpus.say_known();
    corpus.say_ceiling();
    let mut odds = vec![0; corpus.samples.len()];
    for fold in 0..FOLDS {
        let model = fit(&corpus, &table, |sample| sample.fold != fold);
        for (sample, odds) in corpus.samples.iter().zip(&mut odds) {
            if sample.fold == fold {
                *odds = score_with(&model, &sample.features);
            }
        }
    }
    println!("\ncross-validated, grouped by repository, with all other rules:");
    for variant in [Variant::Hashed, Variant::Real] {
        corpus.say_scores(variant, &odds);
    }
    if let Some(path) = misses {
        fs::write(&path, corpus.misses(&odds, &folder))?;
    }
    if let Some(path) = write {
        let model = fit(&corpus, &table, |_| true);
        let fitted: Vec<i32> =
            corpus.samples.iter().map(|sample| score_with(&model, &sample.features)).collect();
        println!("\non the rows trained on (says nothing about others):");
        corpus.say_scores(Variant::Hashed, &fitted);
        say_features(&model);
        fs::write(&path, written(&model, &corpus))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Under which path a file was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Variant {
    Hashed,
    Real,
    None,
}

impl Variant {
    const ALL: [Self; 3] = [Self::Hashed, Self::Real, Self::None];

    const fn name(self) -> &'static str {
        match self {
            Self::Hashed => "hashed",
            Self::Real => "real",
            Self::None => "no",
        }
    }

    const fn weight(self) -> f64 {
        match self {
            Self::Hashed | Self::Real => 0.4,
            Self::None => 0.2,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    True,
    False,
    Undecided,
    Unlabelled,
    /// On the line of a true one, but another value: says nothing.
    Beside,
}

impl Label {
    const fn name(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Undecided => "undecided",
            Self::Unlabelled => "unlabelled",
            Self::Beside => "beside",
        }
    }
}

struct Row {
    repository: String,
    file: String,
    lines: (u32, u32),
    label: Label,
    columns: Option<(usize, usize)>,
    /// Kinds that nobody rotates: left out of the score.
    identifier: bool,
}

struct Sample {
    repository: String,
    file: Arc<str>,
    lines: (u32, u32),
    label: Label,
    features: Box<Features>,
    /// No secret whatever the odds: one to learn from.
    easy: bool,
    weight: f64,
    fold: usize,
    variant: Variant,
    text: String,
}

#[derive(Default)]
struct Corpus {
    rows: Vec<Row>,
    samples: Vec<Sample>,
    seen: usize,
    /// Files and lines that rules of a known form report.
    other: BTreeSet<(String, u32)>,
    known: BTreeMap<(Known, Label), usize>,
    /// Lines with any candidate, known ones included.
    candidates: BTreeSet<(String, u32)>,
    repositories: usize,
}

impl Corpus {
    fn read(folder: &Path) -> Result<Self> {
        let source = folder.join("src");
        let left_out = left_out(&source)?;
        let map: BTreeMap<String, BTreeMap<String, String>> =
            serde_json::from_slice(&fs::read(folder.join("map.json"))?)?;
        let map = map.get("paths").ok_or("map.json has no paths")?;
        let mut corpus = Self { rows: rows(&source.join("meta"), map)?, ..Self::default() };
        let repositories: BTreeSet<String> = corpus.rows.iter().map(|row| row.repository.clone()).collect();
        corpus.repositories = repositories.len();
        let sizes = folds(&corpus.rows);
        let rules = rule::builtin_refs().collect();
        let scanner = Scanner::new(Arc::new(RuleSet::from_refs(rules, Vec::new())), Limits::default());
        let files: BTreeSet<String> = corpus.rows.iter().map(|row| row.file.clone()).collect();
        let rows = std::mem::take(&mut corpus.rows);
        let mut by_file: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in &rows {
            by_file.entry(&row.file).or_default().push(row);
        }
        for file in &files {
            let Ok(text) = fs::read(folder.join(file)) else { continue };
            let repository = file.split('/').nth(1).unwrap_or_default().to_owned();
            let real = map.get(file).map_or("", String::as_str);
            let fold = sizes.get(&repository).copied().unwrap_or(0);
            let labels = by_file.get(file.as_str()).map_or(&[][..], Vec::as_slice);
            for variant in Variant::ALL {
                let path = match variant {
                    Variant::Hashed => file.strip_prefix("data/").unwrap_or(file),
                    Variant::Real => real,
                    Variant::None => "",
                };
                let file: Arc<str> = Arc::from(file.as_str());
                let look = Look { scanner: &scanner, text: &text, path, labels, file, variant, fold };
                corpus.look(&look, &repository, !left_out.contains(&repository));
            }
        }
        corpus.rows = rows;
        corpus.weigh();
        Ok(corpus)
    }

    /// What rules of a known form find, out of a report on `data`.
    fn others(&mut self, report: &Path) -> Result<()> {
        let report: serde_json::Value = serde_json::from_slice(&fs::read(report)?)?;
        let results =
            report["runs"].as_array().into_iter().flatten().flat_map(|run| run["results"].as_array());
        for result in results.flatten() {
            let place = &result["locations"][0]["physicalLocation"];
            let (Some(rule), Some(path)) =
                (result["ruleId"].as_str(), place["artifactLocation"]["uri"].as_str())
            else {
                continue;
            };
            let Some(at) = path.rfind("data/").filter(|_| !rule.starts_with("generic-")) else { continue };
            let first = place["region"]["startLine"].as_u64().unwrap_or(1) as u32;
            let last = place["region"]["endLine"].as_u64().map_or(first, |line| line as u32);
            self.other.extend((first..=last).map(|line| (path[at..].to_owned(), line)));
        }
        Ok(())
    }

    fn look(&mut self, look: &Look<'_>, repository: &str, train: bool) {
        let lines = Lines::of(look.text);
        for sample in look.scanner.study(look.text, look.path.into()) {
            let at = (lines.number(sample.value.start), lines.number(sample.value.end));
            let label = label(look.labels, &lines, look.text, sample.value, at);
            if look.variant == Variant::Hashed {
                self.seen += 1;
                self.candidates.extend((at.0..=at.1).map(|line| (look.file.to_string(), line)));
            }
            let known = match sample.verdict {
                Verdict::Known(known) | Verdict::Easy(known, _) => Some(known),
                Verdict::Odds(_) => None,
            };
            if let Some(known) = known
                && look.variant == Variant::Hashed
            {
                *self.known.entry((known, label)).or_default() += 1;
            }
            let (Verdict::Odds(features) | Verdict::Easy(_, features)) = sample.verdict else { continue };
            self.samples.push(Sample {
                repository: repository.to_owned(),
                file: Arc::clone(&look.file),
                lines: at,
                label,
                features,
                easy: known.is_some(),
                weight: if train { look.variant.weight() } else { 0.0 },
                fold: look.fold,
                variant: look.variant,
                text: String::from_utf8_lossy(sample.value.of(look.text)).into_owned(),
            });
        }
    }

    /// The same value many times in a repository is one habit, not many.
    fn weigh(&mut self) {
        let mut groups: BTreeMap<(&str, Variant, Label, &str), f64> = BTreeMap::new();
        for sample in &self.samples {
            *groups.entry((&sample.repository, sample.variant, sample.label, &sample.text)).or_default() +=
                1.0;
        }
        let weights: Vec<f64> = self
            .samples
            .iter()
            .map(|sample| {
                let count =
                    groups[&(sample.repository.as_str(), sample.variant, sample.label, sample.text.as_str())];
                let share = match sample.label {
                    Label::True | Label::False => 1.0,
                    Label::Undecided => UNDECIDED,
                    Label::Unlabelled => UNLABELLED,
                    Label::Beside => 0.0,
                };
                sample.weight * share / count.sqrt()
            })
            .collect();
        for (sample, weight) in self.samples.iter_mut().zip(weights) {
            sample.weight = weight;
        }
    }

    fn say_known(&self) {
        println!("\nknown for what they are (true, false, undecided, unlabelled):");
        let kinds: BTreeSet<Known> = self.known.keys().map(|(known, _)| *known).collect();
        for kind in kinds {
            let count = |label| self.known.get(&(kind, label)).copied().unwrap_or(0);
            let counts = [Label::True, Label::False, Label::Undecided, Label::Unlabelled].map(count);
            println!(
                "  {:>6} {:>6} {:>6} {:>6}  {}",
                counts[0],
                counts[1],
                counts[2],
                counts[3],
                kind.words()
            );
        }
    }

    fn say_ceiling(&self) {
        let with_odds: BTreeSet<(&str, u32)> = self
            .samples
            .iter()
            .filter(|sample| sample.variant == Variant::Hashed && !sample.easy)
            .flat_map(|sample| (sample.lines.0..=sample.lines.1).map(|line| (&*sample.file, line)))
            .collect();
        let (mut all, mut form, mut odds, mut any) = (0, 0, 0, 0);
        for row in self.rows.iter().filter(|row| row.label == Label::True && !row.identifier) {
            let lines = || row.lines.0..=row.lines.1;
            all += 1;
            let by_form = lines().any(|line| self.other.contains(&(row.file.clone(), line)));
            form += usize::from(by_form);
            odds +=
                usize::from(by_form || lines().any(|line| with_odds.contains(&(row.file.as_str(), line))));
            let candidate = lines().any(|line| self.candidates.contains(&(row.file.clone(), line)));
            any += usize::from(by_form || candidate);
        }
        println!(
            "\nof {all} true rows {form} by form, {odds} with candidates that get odds, {any} with any candidate"
        );
    }

    /// Precision and recall by row, at several thresholds.
    fn say_scores(&self, variant: Variant, odds: &[i32]) {
        println!(" {} paths\n  odds    TP   FP    X  P     R     F1", variant.name());
        for least in
            [-1800, -1400, -1100, -800, -600, -400, -200, 0, 200, 400, 600, 900, 1300, 1700, 2200, 2800]
        {
            let mut hit = self.other.clone();
            for (sample, odds) in self.samples.iter().zip(odds) {
                if sample.variant == variant && !sample.easy && *odds >= least {
                    hit.extend((sample.lines.0..=sample.lines.1).map(|line| (sample.file.to_string(), line)));
                }
            }
            let (tp, false_negatives, fp, undecided) = self.count(&hit);
            let (precision, recall) = (share(tp, fp), share(tp, false_negatives));
            let f1 = 2.0 * precision * recall / (precision + recall).max(1e-9);
            println!("{least:>6} {tp:>5} {fp:>4} {undecided:>4}  {precision:.3} {recall:.3} {f1:.3}");
        }
    }

    fn count(&self, hit: &BTreeSet<(String, u32)>) -> (usize, usize, usize, usize) {
        let mut true_lines: BTreeSet<(&str, u32)> = BTreeSet::new();
        for row in self.rows.iter().filter(|row| row.label == Label::True) {
            true_lines.extend((row.lines.0..=row.lines.1).map(|line| (row.file.as_str(), line)));
        }
        let mut counts = (0, 0, 0, 0);
        for row in self.rows.iter().filter(|row| !row.identifier) {
            let mut lines = row.lines.0..=row.lines.1;
            let is_hit = lines.clone().any(|line| hit.contains(&(row.file.clone(), line)));
            let shared = lines.any(|line| true_lines.contains(&(row.file.as_str(), line)));
            match row.label {
                Label::True if is_hit => counts.0 += 1,
                Label::True => counts.1 += 1,
                Label::False if is_hit && !shared => counts.2 += 1,
                Label::Undecided if is_hit && !shared => counts.3 += 1,
                _ => {}
            }
        }
        counts
    }

    /// True rows that are not found and false ones that are, with their best odds.
    fn misses(&self, odds: &[i32], folder: &Path) -> String {
        let mut out = String::new();
        let mut best: BTreeMap<(&str, u32), i32> = BTreeMap::new();
        for (sample, odds) in
            self.samples.iter().zip(odds).filter(|(one, _)| one.variant == Variant::Hashed && !one.easy)
        {
            for line in sample.lines.0..=sample.lines.1 {
                let place = best.entry((&sample.file, line)).or_insert(i32::MIN);
                *place = (*place).max(*odds);
            }
        }
        for row in self.rows.iter().filter(|row| !row.identifier) {
            let by_form =
                (row.lines.0..=row.lines.1).any(|line| self.other.contains(&(row.file.clone(), line)));
            let odds =
                (row.lines.0..=row.lines.1).filter_map(|line| best.get(&(row.file.as_str(), line))).max();
            let hit = by_form || odds.is_some_and(|&odds| odds >= -300);
            if hit != (row.label == Label::True) && (row.label != Label::Undecided) {
                let text = fs::read(folder.join(&row.file)).unwrap_or_default();
                let lines = Lines::of(&text);
                let line: String = String::from_utf8_lossy(lines.line(&text, row.lines.0))
                    .trim()
                    .chars()
                    .take(200)
                    .collect();
                let odds = odds.map_or_else(|| "none".to_owned(), i32::to_string);
                let (label, number) = (row.label.name(), row.lines.0);
                let _infallible = writeln!(out, "{label}\t{by_form}\t{odds}\t{}:{number}\t{line}", row.file);
            }
        }
        out
    }
}

struct Look<'l> {
    scanner: &'l Scanner,
    text: &'l [u8],
    path: &'l str,
    labels: &'l [&'l Row],
    file: Arc<str>,
    variant: Variant,
    fold: usize,
}

fn share(part: usize, rest: usize) -> f64 {
    part as f64 / ((part + rest) as f64).max(1.0)
}

/// The ids of repositories that are not trained on.
fn left_out(source: &Path) -> Result<BTreeSet<String>> {
    let snapshot: BTreeMap<String, String> =
        serde_json::from_slice(&fs::read(source.join("snapshot.json"))?)?;
    let mut ids = BTreeSet::new();
    for (key, address) in snapshot {
        let name =
            address.trim_end_matches('/').trim_end_matches(".git").trim_start_matches("https://github.com/");
        if LEFT_OUT.iter().any(|one| one.eq_ignore_ascii_case(name)) {
            let bytes: std::result::Result<Vec<u8>, _> =
                (0..key.len() / 2).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16)).collect();
            ids.insert(format!("{:08x}", crc32fast::hash(&bytes?)));
        }
    }
    Ok(ids)
}

fn rows(meta: &Path, map: &BTreeMap<String, String>) -> Result<Vec<Row>> {
    const IDENTIFIERS: [&str; 6] =
        ["UUID", "AWS S3 Bucket", "Firebase Domain", "Tencent WeChat API App ID", "Nonce", "Salt"];
    let mut rows = Vec::new();
    let mut paths: Vec<PathBuf> =
        fs::read_dir(meta)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    for path in paths {
        for line in fs::read_to_string(&path)?.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let [_, _, _, repository, file, first, last, truth, from, to, _, _, kinds] = fields[..] else {
                continue;
            };
            if !map.contains_key(file) {
                continue;
            }
            let label = match truth {
                "T" => Label::True,
                "F" => Label::False,
                _ => Label::Undecided,
            };
            let columns = from.parse().ok().map(|from| (from, to.parse().unwrap_or(usize::MAX)));
            rows.push(Row {
                repository: repository.to_owned(),
                file: file.to_owned(),
                lines: (first.parse()?, last.parse()?),
                label,
                columns,
                identifier: kinds.split(':').all(|kind| IDENTIFIERS.contains(&kind)),
            });
        }
    }
    Ok(rows)
}

/// Deals repositories into folds of about as many rows: the largest first, each to the smallest fold.
fn folds(rows: &[Row]) -> BTreeMap<String, usize> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.label == Label::True) {
        *sizes.entry(&row.repository).or_default() += 1;
    }
    for row in rows {
        sizes.entry(&row.repository).or_default();
    }
    let mut order: Vec<_> = sizes.into_iter().collect();
    order.sort_by_key(|&(name, size)| (std::cmp::Reverse(size), name));
    let mut filled = [0; FOLDS];
    let mut dealt = BTreeMap::new();
    for (name, size) in order {
        let fold = (0..FOLDS).min_by_key(|&fold| filled[fold]).unwrap_or(0);
        filled[fold] += size + 1;
        dealt.insert(name.to_owned(), fold);
    }
    dealt
}

fn label(rows: &[&Row], lines: &Lines, text: &[u8], value: Span, at: (u32, u32)) -> Label {
    let mut best = Label::Unlabelled;
    for row in rows.iter().filter(|row| row.lines.0 <= at.1 && at.0 <= row.lines.1) {
        let overlaps = row.columns.is_none_or(|(from, to)| {
            let start = lines.starts[(row.lines.0 - 1) as usize];
            let line = lines.line(text, row.lines.0);
            // Columns count characters.
            let byte = |column: usize| {
                String::from_utf8_lossy(line).char_indices().nth(column).map_or(line.len(), |(at, _)| at)
                    + start
            };
            row.lines.0 != row.lines.1 || value.start < byte(to) && byte(from) < value.end
        });
        let label = match row.label {
            Label::True if !overlaps => Label::Beside,
            Label::False | Label::Undecided if !overlaps => continue,
            label => label,
        };
        best = match (best, label) {
            (Label::True, _) | (_, Label::True) => Label::True,
            (Label::Beside, _) | (_, Label::Beside) => Label::Beside,
            (Label::False, _) | (_, Label::False) => Label::False,
            (_, label) => label,
        };
    }
    best
}

struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn of(text: &[u8]) -> Self {
        let breaks = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(breaks).collect() }
    }

    fn number(&self, place: usize) -> u32 {
        self.starts.partition_point(|&start| start <= place) as u32
    }

    fn line<'t>(&self, text: &'t [u8], number: u32) -> &'t [u8] {
        let start = self.starts[(number - 1) as usize];
        let end = self.starts.get(number as usize).map_or(text.len(), |end| end - 1);
        &text[start..end.max(start)]
    }
}

/// Features by column, each number as the place of its threshold.
struct Columns {
    limits: Vec<Vec<i16>>,
    bins: Vec<Vec<u8>>,
}

impl Columns {
    fn of(samples: &[Sample]) -> Self {
        let mut columns = Self { limits: Vec::new(), bins: Vec::new() };
        for feature in 0..COUNT {
            let mut numbers: Vec<i16> = samples.iter().map(|sample| sample.features[feature]).collect();
            numbers.sort_unstable();
            let mut limits = Vec::new();
            let step = (numbers.len() / BINS).max(1);
            let mut distinct = numbers.clone();
            distinct.dedup();
            let source: Vec<i16> = if distinct.len() <= BINS {
                distinct
            } else {
                let mut picked: Vec<i16> = numbers.iter().step_by(step).copied().collect();
                picked.dedup();
                picked
            };
            limits.extend(source);
            limits.pop();
            let bin =
                |sample: &Sample| limits.partition_point(|limit| *limit < sample.features[feature]) as u8;
            columns.bins.push(samples.iter().map(bin).collect());
            columns.limits.push(limits);
        }
        columns
    }
}

/// A fixed sequence of numbers below one.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1_u64 << 24) as f64
    }
}

/// Part of the features that a tree may use: others get their turn in the next.
const COLUMN_SHARE: f64 = 0.5;

fn fit(corpus: &Corpus, table: &Columns, train: impl Fn(&Sample) -> bool) -> Vec<Tree> {
    let chosen: Vec<u32> = corpus
        .samples
        .iter()
        .enumerate()
        .filter(|(_, sample)| sample.weight > 0.0 && train(sample))
        .map(|(index, _)| index as u32)
        .collect();
    let mut odds = vec![0.0; corpus.samples.len()];
    let mut sequence = Sequence(7);
    let mut model = Vec::new();
    let (mut slope, mut bend) = (vec![0.0; corpus.samples.len()], vec![0.0; corpus.samples.len()]);
    for _ in 0..TREES {
        for &index in &chosen {
            let (index, sample) = (index as usize, &corpus.samples[index as usize]);
            let p = 1.0 / (1.0 + f64::exp(-odds[index]));
            let target = if sample.label == Label::True { 1.0 } else { 0.0 };
            slope[index] = sample.weight * (target - p);
            bend[index] = sample.weight * p * (1.0 - p);
        }
        let columns: Vec<usize> = (0..COUNT).filter(|_| sequence.next() < COLUMN_SHARE).collect();
        let tree = grow(table, &columns, &chosen, &slope, &bend);
        for &index in &chosen {
            let index = index as usize;
            odds[index] += f64::from(value(&tree, &corpus.samples[index].features)) / f64::from(SCALE);
        }
        model.push(tree);
    }
    model
}

fn value(tree: &Tree, features: &Features) -> i32 {
    score_with(std::slice::from_ref(tree), features)
}

/// One tree, level by level.
fn grow(table: &Columns, columns: &[usize], chosen: &[u32], slope: &[f64], bend: &[f64]) -> Tree {
    let mut tree = Tree { feature: [0; SPLITS], limit: [i16::MAX; SPLITS], value: [0; NODES] };
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); NODES];
    rows[0] = chosen.to_vec();
    for node in 0..NODES {
        let members = std::mem::take(&mut rows[node]);
        let (g, h) = members
            .iter()
            .fold((0.0, 0.0), |(g, h), &index| (g + slope[index as usize], h + bend[index as usize]));
        tree.value[node] = (RATE * g / (h + SHRINK) * f64::from(SCALE)).round() as i16;
        if node >= SPLITS {
            continue;
        }
        match split(table, columns, &members, (slope, bend), (g, h)) {
            Some((feature, bin)) => {
                tree.feature[node] = feature as u8;
                tree.limit[node] = table.limits[feature][usize::from(bin)];
                let bins = &table.bins[feature];
                let (left, right) = members.iter().partition(|&&index| bins[index as usize] <= bin);
                rows[2 * node + 1] = left;
                rows[2 * node + 2] = right;
            }
            // All go left, and the leaf keeps what is known here.
            None => rows[2 * node + 1] = members,
        }
    }
    tree
}

fn split(
    table: &Columns,
    columns: &[usize],
    members: &[u32],
    (slope, bend): (&[f64], &[f64]),
    (all_g, all_h): (f64, f64),
) -> Option<(usize, u8)> {
    let gain = |g: f64, h: f64| g * g / (h + SHRINK);
    let mut best = (1e-3, None);
    for &feature in columns {
        let bins = &table.bins[feature];
        let mut sums = vec![(0.0, 0.0); table.limits[feature].len() + 1];
        for &index in members {
            let sum: &mut (f64, f64) = &mut sums[usize::from(bins[index as usize])];
            sum.0 += slope[index as usize];
            sum.1 += bend[index as usize];
        }
        let (mut g, mut h) = (0.0, 0.0);
        for (bin, sum) in sums.iter().enumerate().take(table.limits[feature].len()) {
            g += sum.0;
            h += sum.1;
            if h < LEAST || all_h - h < LEAST {
                continue;
            }
            let won = gain(g, h) + gain(all_g - g, all_h - h) - gain(all_g, all_h);
            if won > best.0 {
                best = (won, Some((feature, bin as u8)));
            }
        }
    }
    best.1
}

fn say_features(model: &[Tree]) {
    let mut used: BTreeMap<u8, usize> = BTreeMap::new();
    for tree in model {
        for split in 0..SPLITS {
            if tree.limit[split] != i16::MAX {
                *used.entry(tree.feature[split]).or_default() += 1;
            }
        }
    }
    let mut order: Vec<_> = used.into_iter().collect();
    order.sort_by_key(|&(feature, count)| (std::cmp::Reverse(count), feature));
    let named = order
        .iter()
        .map(|&(feature, count)| format!("{} {count}", Feature::ALL[usize::from(feature)].name()));
    println!("splits by feature: {}", named.collect::<Vec<_>>().join(", "));
}

fn written(model: &[Tree], corpus: &Corpus) -> String {
    let mut out = format!(
        "//! Weights of the model: generated by `examples/train-judge.rs`, not written by hand.\n//!\n\
         //! Fitted on the labels of `CredData` (Apache-2.0, see NOTICE) for lines of {} public repositories, of\n\
         //! which only numbers are left. {} trees of {SPLITS} splits.\n\n\
         use super::{{features::Feature as F, model::Tree}};\n\n\
         /// The trees.\n#[rustfmt::skip]\npub(super) static TREES: &[Tree] = &[\n",
        corpus.repositories,
        model.len(),
    );
    for tree in model {
        let features = tree
            .feature
            .iter()
            .map(|&feature| format!("F::{} as u8", Feature::ALL[usize::from(feature)].name()));
        let _infallible = writeln!(
            out,
            "    Tree {{ feature: [{}], limit: [{}], value: [{}] }},",
            features.collect::<Vec<_>>().join(", "),
            joined(&tree.limit),
            joined(&tree.value),
        );
    }
    out.push_str("];\n");
    out
}

fn joined(numbers: &[i16]) -> String {
    numbers.iter().map(i16::to_string).collect::<Vec<_>>().join(", ")
}
