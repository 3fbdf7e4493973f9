//! Findings of one secret, and of one rule, taken together; for people, what is missing in many places of a folder as well.
//!
//! Must not drop a finding: each is in exactly one group.

use std::{cmp::Reverse, collections::HashMap};

use bstr::BString;

use crate::{
    finding::{Finding, Fingerprint, RuleId},
    origin::Presence,
};

/// All places of one value found by one rule, in the order of the report. Never empty.
pub(crate) struct Group<'r> {
    /// The place shown in full.
    pub(crate) first: &'r Finding,
    /// The other places.
    pub(crate) others: Vec<&'r Finding>,
    /// True if one of them stops the run.
    pub(crate) blocking: bool,
}

impl<'r> Group<'r> {
    /// All places.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &'r Finding> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

/// Groups `findings`: what stops the run first, then the worst, then what is still there, then the surest; equals
/// keep their order.
pub(crate) fn group(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places: HashMap<(&RuleId, Fingerprint), usize> = HashMap::new();
    for finding in findings {
        let place = *places.entry((&finding.rule, finding.fingerprint)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => {
                group.blocking |= finding.blocking;
                // What is still there is shown in full, rather than what was.
                let other = if presence(finding) > presence(group.first) {
                    std::mem::replace(&mut group.first, finding)
                } else {
                    finding
                };
                group.others.push(other);
            }
            None => groups.push(Group { first: finding, others: Vec::new(), blocking: finding.blocking }),
        }
    }
    groups.sort_by_key(|group| {
        let first = group.first;
        Reverse((group.blocking, first.severity, presence(first) == Some(Presence::Tip), first.confidence))
    });
    groups
}

/// Least number of entries that become one.
const MANY: usize = 4;

/// What is missing in the same way in many places of a folder, as one entry: a setting that nobody made is missing in each of
/// a hundred manifests. What stops the run stays as it is.
pub(crate) fn folded<'r>(groups: Vec<Group<'r>>) -> Vec<Group<'r>> {
    let key = |group: &Group<'r>| {
        let finding = group.first;
        let missing = finding.note.as_ref().is_some_and(|note| note.ends_with("not set"));
        let path = finding.path();
        let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        (missing && !group.blocking).then(|| (finding.rule.clone(), BString::from(&path[..end])))
    };
    let mut counts: HashMap<(RuleId, BString), usize> = HashMap::new();
    for key in groups.iter().filter_map(key) {
        *counts.entry(key).or_default() += 1;
    }
    let mut folded: Vec<Group<'r>> = Vec::new();
    let mut places: HashMap<(RuleId, BString), usize> = HashMap::new();
    for group in groups {
        let key = key(&group).filter(|key| counts.get(key).is_some_and(|&count| count >= MANY));
        let known = key.as_ref().and_then(|key| places.get(key)).copied();
        match known.and_then(|place| folded.get_mut(place)) {
            Some(first) => first.others.extend(group.findings()),
            None => {
                if let Some(key) = key {
                    places.insert(key, folded.len());
                }
                folded.push(group);
            }
        }
    }
    folded
}

/// Where in history a finding stands.
fn presence(finding: &Finding) -> Option<Presence> {
    finding.history.as_ref().map(|history| history.presence)
}
