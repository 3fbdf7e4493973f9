//! Asks the histories behind the sources for the way of what was found.
//!
//! Must not know which source it asks.

use std::collections::{HashMap, HashSet};

use bstr::BString;

use super::merge::Carriers;
use crate::{
    finding::{
        Finding, Fingerprint, RuleId,
        exposure::{Exposed, Exposure, State},
    },
    origin::{Kind, Presence},
    source::{Problem, Sought, Source, Visitor},
};

/// What is asked for, and what it is.
#[derive(Debug, Default)]
pub(super) struct Question {
    keys: Vec<(u32, Fingerprint)>,
    sought: Vec<Sought>,
}

impl Question {
    /// Asks for those of `carriers` that `asked` says are reported.
    pub(super) fn new(carriers: Carriers, asked: impl Fn(&(u32, Fingerprint)) -> bool) -> Self {
        let mut all: Vec<_> = carriers.into_iter().filter(|(key, _)| asked(key)).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        let mut question = Self::default();
        for (key, mut carriers) in all {
            for (_, objects) in &mut carriers {
                objects.sort_unstable();
                objects.dedup();
            }
            carriers.sort_unstable();
            question.keys.push(key);
            question.sought.push(Sought { carriers });
        }
        question
    }

    /// What was asked for.
    pub(super) fn into_things(self) -> Vec<Sought> {
        self.sought
    }

    /// What was asked for, for whoever asks later.
    pub(super) fn into_sought(self, rule: impl Fn(u32) -> RuleId) -> Vec<(RuleId, Fingerprint, Sought)> {
        let keys = self.keys.into_iter().zip(self.sought);
        keys.map(|((index, fingerprint), sought)| (rule(index), fingerprint, sought)).collect()
    }

    /// Asks all of `sources`. The answers are in the order of the question; a thing that no source
    /// knows of has none.
    pub(super) fn ask(&self, sources: &[&(dyn Source + Sync)], visitor: &dyn Visitor) -> Answer {
        let mut exposures: Vec<Option<Exposure>> = vec![None; self.sought.len()];
        if self.sought.is_empty() {
            return Answer::default();
        }
        for source in sources {
            let answer = match source.trace(&self.sought, visitor) {
                Ok(answer) => answer,
                Err(error) => {
                    visitor.problem(Problem { subject: error.subject.into(), message: error.message });
                    continue;
                }
            };
            for (known, new) in exposures.iter_mut().zip(answer) {
                match known {
                    Some(known) => known.join(new),
                    None => *known = Some(new),
                }
            }
        }
        let answers = self.keys.iter().copied().zip(exposures);
        Answer(answers.filter_map(|(key, exposure)| Some((key, exposure?))).collect())
    }
}

/// What histories know.
#[derive(Debug, Default)]
pub(super) struct Answer(Vec<((u32, Fingerprint), Exposure)>);

impl Answer {
    /// Lets the findings know, and gives the whole answer by rule and fingerprint.
    pub(super) fn into_exposed(self, findings: &mut Vec<Finding>) -> Vec<Exposed> {
        self.drop_old(findings);
        let mut of_path = HashMap::new();
        for (key, exposure) in &self.0 {
            for path in &exposure.paths {
                of_path.insert((*key, &path.path), path);
            }
        }
        let mut rules = HashMap::new();
        for finding in findings.iter_mut() {
            let key = (finding.rule_index, finding.fingerprint);
            rules.insert(key, finding.rule.clone());
            let path: BString = finding.path();
            let told = of_path.get(&(key, &path)).filter(|_| {
                // The message of a commit has no later version: the graph knows best where it stands.
                matches!(finding.origin.kind, Kind::File | Kind::Symlink)
            });
            if let (Some(told), Some(history)) = (told, &mut finding.history) {
                history.presence = match told.state {
                    State::Open => Presence::Tip,
                    State::Removed => Presence::Past,
                    State::Unreachable => Presence::Unreachable,
                };
                if told.since.is_some() {
                    history.since.clone_from(&told.since);
                }
            }
        }
        let mut exposed: Vec<Exposed> = self
            .0
            .into_iter()
            .filter_map(|(key, exposure)| {
                Some(Exposed { rule: rules.get(&key)?.clone(), fingerprint: key.1, exposure })
            })
            .collect();
        exposed.retain(|one| !one.exposure.paths.is_empty() || one.exposure.before.is_empty());
        exposed.sort_by(|one, other| (&one.rule, one.fingerprint).cmp(&(&other.rule, other.fingerprint)));
        exposed
    }
}

impl Answer {
    /// Takes out findings that were there before what was looked at began.
    fn drop_old(&self, findings: &mut Vec<Finding>) {
        let mut old = HashSet::new();
        for (key, exposure) in &self.0 {
            old.extend(exposure.before.iter().map(|path| (*key, path)));
        }
        if !old.is_empty() {
            findings.retain(|one| !old.contains(&((one.rule_index, one.fingerprint), &one.path())));
        }
    }
}
