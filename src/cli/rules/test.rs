//! `abatis rules test`: every rule held to its own examples, by the engine that scans; or timed on real text (`profile`).

use std::{borrow::Cow, io::Write as _, path::PathBuf, sync::Arc};

use anyhow::{Result, bail};
use bstr::BStr;

use super::{
    super::{args::CommonArgs, edge::Edge, exit::Exit},
    Words,
    check::number,
    files::{self, Written},
};
use crate::{
    config,
    detect::{Limits, Scanner, Scratch, Subject},
    diagnostic::{self, Diagnostic, Sources},
    filter::{self, Filter, inline::MarkerOptions},
    finding::{Confidence, RuleId},
    origin::{Beside, Entry, Kind, Origin},
    rule::{self, Detector, Example, Gate, Pattern, Rule, RuleSet},
    text::Fresh,
};

/// The path of examples that do not say one.
const NEUTRAL_PATH: &str = "example.txt";
/// Characters of an example in a message.
const MAX_SHOWN: usize = 80;

pub(super) fn run(paths: &[PathBuf], profile: &[PathBuf], edge: &Edge, out: &mut Vec<u8>) -> Result<Exit> {
    let rules = if paths.is_empty() {
        let config = super::load_here(&CommonArgs::default(), edge)?;
        config.rules.iter().cloned().collect()
    } else {
        match read(&files::collect(paths, edge)?) {
            Ok(rules) => rules,
            Err((problems, sources)) => {
                write!(out, "{}", diagnostic::render(&problems, &sources, edge.color))?;
                writeln!(out, "the packs cannot be used")?;
                return Ok(Exit::Incomplete);
            }
        }
    };
    if rules.is_empty() {
        bail!("there is no rule to test");
    }
    if !profile.is_empty() {
        return super::profile::run(profile, rules, edge, out);
    }
    let (mut examples, mut failed) = (0, 0);
    for rule in &rules {
        examples += rule.matches.len() + rule.rejects.len();
        for failure in failures(rule, edge) {
            failed += 1;
            writeln!(out, "{}: {failure} ({})", rule.id, rule.source)?;
        }
    }
    let (rules, shown) = (number(rules.len(), "rule"), number(examples, "example"));
    writeln!(
        out,
        "{rules}, {shown}: {}",
        if failed == 0 { "all pass".to_owned() } else { format!("{failed} fail") }
    )?;
    Ok(if failed == 0 { Exit::Clean } else { Exit::Findings })
}

fn read(files: &[Written]) -> Result<Vec<Rule>, (Vec<Diagnostic>, Sources)> {
    let words = Words::new();
    let mut rules = Vec::new();
    let mut problems = Vec::new();
    let mut sources = Sources::default();
    for Written { name, text } in files {
        problems.extend(config::check(name, text, words.known()).into_iter().filter(Diagnostic::is_error));
        rules.extend(config::rules(name, text, words.known()));
        sources.insert(name.as_str(), text.as_str());
    }
    if problems.is_empty() { Ok(rules) } else { Err((problems, sources)) }
}

/// What the rule's examples show to be wrong, a sentence each.
fn failures(rule: &Rule, edge: &Edge) -> Vec<String> {
    let trial = Trial::new(rule, edge);
    let matches = rule.matches.iter().map(|example| ("matches", true, example));
    let rejects = rule.rejects.iter().map(|example| ("rejects", false, example));
    let mut failures = Vec::new();
    let mut number = 0;
    let mut list = "";
    for (key, wanted, example) in matches.chain(rejects) {
        number = if list == key { number + 1 } else { 1 };
        list = key;
        let least = if wanted { trial.reported } else { Confidence::Low };
        if trial.finds(example, least) != wanted {
            let what = if wanted { "nothing is found in" } else { "something is found in" };
            let why = if wanted { trial.why_not(rule, example, edge) } else { String::new() };
            failures.push(format!("{what} `{key}` {number}{why}: {}", shown(example)));
        }
    }
    failures
}

/// A scanner with one rule.
struct Trial {
    scanner: Scanner,
    filter: Filter,
    executable: bool,
    /// The rule on trial.
    id: RuleId,
    /// What is reported by default, or what the rule has if that is less: so sure it must be of what it is to find.
    /// What it is to leave alone it must not find at all.
    reported: Confidence,
}

impl Trial {
    fn new(rule: &Rule, edge: &Edge) -> Self {
        let mut rule = rule.clone();
        if rule.gate == Gate::Off {
            rule.gate = Gate::Block;
        }
        let executable = matches!(&rule.detector, Detector::File(file) if file.executable == Some(true));
        let reported = rule.confidence.min(Confidence::Medium);
        let id = rule.id.clone();
        // What a structural rule calls a secret is what the credential rules see.
        let mut all = if rule.structures.is_empty() { Vec::new() } else { rule::builtin() };
        all.push(Cow::Owned(rule));
        let rules = Arc::new(RuleSet::new(all, Vec::new()));
        let options =
            filter::Options { today: edge.today, markers: MarkerOptions::none(), key: None, baseline: None };
        Self {
            scanner: Scanner::new(Arc::clone(&rules), Limits::default()),
            filter: Filter::new(rules, options),
            executable,
            id,
            reported,
        }
    }

    /// Whether the rule reports something, its own allowlist considered.
    fn finds(&self, example: &Example, least: Confidence) -> bool {
        let Seen { matches, allowed, .. } = self.look(example, least);
        matches > allowed
    }

    fn look(&self, example: &Example, least: Confidence) -> Seen {
        let path = if example.path.is_empty() { NEUTRAL_PATH } else { &example.path };
        let subject = Subject {
            bytes: example.text.as_bytes(),
            path: BStr::new(path),
            kind: Kind::File,
            fresh: &Fresh::All,
            new_name: true,
            executable: self.executable,
            beside: Some((&Beside::alone(), BStr::new(path))),
        };
        let mut matches = Vec::new();
        let tally = self.scanner.scan(subject, &mut Scratch::default(), &mut matches);
        matches.retain(|one| one.confidence >= least && self.scanner.rules().rule(one.rule).id == self.id);
        let entry = Entry { origin: Origin::file(path), ..Entry::default() };
        let verdicts = self.filter.on_content(&entry, subject.bytes, &Fresh::All, &matches);
        let allowed = verdicts.iter().flatten().count();
        Seen { matches: matches.len(), allowed, disproved: tally.disproved > 0 }
    }

    /// Which part of the rule stands in the way of finding `example`, if one alone does.
    fn why_not(&self, rule: &Rule, example: &Example, edge: &Edge) -> String {
        let seen = self.look(example, self.reported);
        let Detector::Pattern(pattern) = &rule.detector else { return String::new() };
        if seen.allowed > 0 {
            return ", which the rule's own allowlist allows".to_owned();
        }
        if seen.disproved {
            return format!(", which the check `{}` disproves", pattern.check);
        }
        let without = |change: fn(&mut Pattern)| {
            let mut pattern = pattern.clone();
            change(&mut pattern);
            let rule = Rule { detector: Detector::Pattern(pattern), ..rule.clone() };
            Self::new(&rule, edge).finds(example, self.reported)
        };
        if pattern.placeholders && without(|pattern| pattern.placeholders = false) {
            return ", which looks like a placeholder (`placeholders = false` keeps such)".to_owned();
        }
        if let Some(least) = pattern.entropy
            && without(|pattern| pattern.entropy = None)
        {
            return format!(", whose entropy is less than {least}");
        }
        if !pattern.ignore_case && without(|pattern| pattern.ignore_case = true) {
            return ", which differs in case".to_owned();
        }
        String::new()
    }
}

/// What came of an example.
struct Seen {
    matches: usize,
    /// Matches that the rule's own allowlist takes back.
    allowed: usize,
    disproved: bool,
}

/// Start of an example in one line.
fn shown(example: &Example) -> String {
    let mut shown: String = example.text.chars().take(MAX_SHOWN).flat_map(char::escape_debug).collect();
    if example.text.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    if example.path.is_empty() { shown } else { format!("{}: {shown}", example.path.escape_debug()) }
}
