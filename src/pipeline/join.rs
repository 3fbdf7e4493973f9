//! Outcomes of the parts of one run, taken together as if it had been one.
//!
//! Must not know how they got here.

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    sync::{Mutex, PoisonError},
};

use bstr::BString;

use super::{Outcome, Plan, merge::Carriers, trace::Question, visit::Collector};
use crate::{
    finding::{Finding, Fingerprint, RuleId},
    origin::{self, History, Presence},
    source::{Count, Problem, Skip, Source, Visitor},
    text::Fresh,
};

/// Joins outcomes of parts, and asks `sources` what history says of what they found together. With a plan, older versions of
/// files are looked at first, as [`run`](super::run) does: a part knows only what was found in it.
#[must_use]
pub fn join(parts: Vec<Outcome>, sources: &[&(dyn Source + Sync)], plan: Option<&Plan>) -> Outcome {
    let mut all = Outcome::default();
    let mut sought = Vec::new();
    for (place, part) in parts.into_iter().enumerate() {
        let (mine, theirs) = (&mut all.receipt, part.receipt);
        if place == 0 {
            // All parts look at the same references and commits.
            (mine.rules, mine.refs, mine.commits) = (theirs.rules, theirs.refs, theirs.commits);
            all.today = part.today;
        }
        all.today = all.today.max(part.today);
        mine.moved += theirs.moved;
        mine.contents += theirs.contents;
        mine.known += theirs.known;
        mine.bytes += theirs.bytes;
        mine.fresh_bytes += theirs.fresh_bytes;
        mine.unsure += theirs.unsure;
        mine.disproved += theirs.disproved;
        add(&mut mine.skipped, theirs.skipped);
        add(&mut mine.suppressed, theirs.suppressed);
        for note in theirs.notes {
            if !mine.notes.contains(&note) {
                mine.notes.push(note);
            }
        }
        if mine.unfinished.is_empty() {
            mine.unfinished = theirs.unfinished;
        }
        all.findings.extend(part.findings);
        all.suppressed.extend(part.suppressed);
        all.problems.extend(part.problems);
        for warning in part.warnings {
            if !all.warnings.contains(&warning) {
                all.warnings.push(warning);
            }
        }
        sought.extend(part.sought);
    }
    for findings in [&mut all.findings, &mut all.suppressed] {
        leave_oldest(findings);
        findings.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
        findings.dedup_by(|later, earlier| later.sort_key() == earlier.sort_key());
    }
    let numbers: HashMap<&RuleId, u32> = all.findings.iter().map(|one| (&one.rule, one.rule_index)).collect();
    let mut carriers = Carriers::new();
    for (rule, fingerprint, sought) in sought {
        let Some(&number) = numbers.get(&rule) else { continue };
        let ways = carriers.entry((number, fingerprint)).or_default();
        for (way, objects) in sought.carriers {
            match ways.iter_mut().find(|(known, _)| *known == way) {
                Some((_, known)) => known.extend(objects),
                None => ways.push((way, objects)),
            }
        }
    }
    if let Some(plan) = plan {
        let collector = Collector::new(plan);
        carriers = collector.with_versions(sources, &all.findings, carriers);
        let (problems, remarks) = collector.into_problems();
        all.problems.extend(problems);
        all.warnings.extend(remarks.iter().map(ToString::to_string));
    }
    let key = |finding: &Finding| (finding.rule_index, finding.fingerprint);
    let reported: HashSet<_> = all.findings.iter().map(key).collect();
    let listener = Listener::default();
    let question = Question::new(carriers, |key| reported.contains(key));
    let answer = question.ask(sources, &listener);
    let rules: HashMap<u32, &RuleId> = numbers.into_iter().map(|(rule, number)| (number, rule)).collect();
    let sought = question
        .into_sought(|number| rules.get(&number).map_or_else(|| RuleId::new(""), |rule| (*rule).clone()));
    all.sought = sought;
    all.exposed = answer.into_exposed(&mut all.findings);
    all.problems.extend(listener.problems.into_inner().unwrap_or_else(PoisonError::into_inner));
    all.problems.sort();
    all.problems.dedup();
    all
}

/// Leaves one finding of each secret and path of a history: the oldest, which is where any of them is.
fn leave_oldest(findings: &mut Vec<Finding>) {
    let mut oldest: HashMap<(u32, Fingerprint, BString), (usize, Option<Presence>)> = HashMap::new();
    let mut out = vec![false; findings.len()];
    let presence = |one: &Finding| one.history.as_ref().map(|history| history.presence);
    let age = |one: &Finding| {
        let key = one.history.as_ref().map(History::age_key);
        (key, one.origin.clone(), one.span)
    };
    for (place, finding) in findings.iter().enumerate().filter(|(_, one)| one.history.is_some()) {
        match oldest.entry((finding.rule_index, finding.fingerprint, finding.path())) {
            Entry::Vacant(free) => _ = free.insert((place, presence(finding))),
            Entry::Occupied(mut known) => {
                let (old, there) = known.get_mut();
                let is_older = age(finding) < age(&findings[*old]);
                let younger = if is_older { std::mem::replace(old, place) } else { place };
                out[younger] = true;
                *there = (*there).max(presence(finding));
            }
        }
    }
    oldest.into_values().for_each(|(place, presence)| {
        if let (Some(history), Some(presence)) = (&mut findings[place].history, presence) {
            history.presence = presence;
        }
    });
    let mut out = out.into_iter();
    findings.retain(|_| out.next() != Some(true));
}

fn add<K: Ord>(mine: &mut BTreeMap<K, u64>, theirs: BTreeMap<K, u64>) {
    for (key, number) in theirs {
        *mine.entry(key).or_default() += number;
    }
}

/// Hears of problems.
#[derive(Default)]
struct Listener {
    problems: Mutex<Vec<Problem>>,
}

impl Visitor for Listener {
    fn wants(&self, _: &origin::Entry) -> bool {
        false
    }

    fn content(&self, _: &origin::Entry, _: &[u8], _: &Fresh) {}

    fn skipped(&self, _: &origin::Entry, _: Skip) {}

    fn problem(&self, problem: Problem) {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
    }

    fn count(&self, _: Count, _: u64) {}

    fn cancelled(&self) -> bool {
        false
    }
}
