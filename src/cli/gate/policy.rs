//! How findings of a push are taken: by the policies of the references that get them.
//!
//! References that the same policies hold for are one class, and each class is looked at on its own,
//! so that what is let into one branch is still refused in another. Must not look for findings.

use std::collections::HashMap;

use anyhow::bail;

use crate::{
    config::{
        Config, Setting,
        gate::{Enforcement, GateConfig, Policy},
    },
    finding::{Finding, Severity, Suppression, SuppressionKind},
    glob::Glob,
    origin::ObjectId,
    pipeline::Outcome,
    rule::{self, Gate, Rule, RuleSet},
    source::git::push::updates::RefUpdate,
};

/// References under the same policies.
#[derive(Debug)]
pub(crate) struct Class<'c> {
    /// What they are to point at.
    pub(crate) tips: Vec<ObjectId>,
    /// What they point at so far.
    pub(crate) olds: Vec<ObjectId>,
    /// Whether some of them are made.
    pub(crate) creates: bool,
    policies: Vec<&'c Policy>,
}

/// Sorts updates into classes.
pub(crate) fn classes<'c>(
    config: &'c GateConfig,
    repositories: &[Vec<u8>],
    updates: &'c [RefUpdate],
) -> Vec<Class<'c>> {
    let mut classes: Vec<Class<'c>> = Vec::new();
    let mut by_policies: HashMap<Vec<usize>, usize> = HashMap::new();
    for update in updates {
        let Some(tip) = update.new else { continue };
        let holds = |policy: &Policy| policy.reach.holds(repositories, &update.name);
        let places: Vec<usize> = config
            .policies
            .iter()
            .enumerate()
            .filter(|(_, policy)| holds(policy))
            .map(|(at, _)| at)
            .collect();
        let place = *by_policies.entry(places).or_insert_with_key(|places| {
            let policies = places.iter().map(|&place| &config.policies[place]).collect();
            classes.push(Class { tips: Vec::new(), olds: Vec::new(), creates: false, policies });
            classes.len() - 1
        });
        classes[place].tips.push(tip);
        classes[place].olds.extend(update.old);
        classes[place].creates |= update.old.is_none();
    }
    classes
}

/// Decides on all findings of a run over what a class brings.
pub(crate) fn judge(outcome: &mut Outcome, rules: &RuleSet, fail_on: Option<Severity>, class: &Class<'_>) {
    for mut finding in std::mem::take(&mut outcome.findings) {
        let Some((_, rule)) = rules.find(finding.rule.as_str()) else { continue };
        let (verdict, place) = class.verdict(&finding, rule, fail_on);
        finding.blocking = verdict == Enforcement::Block;
        if verdict == Enforcement::Off {
            finding.suppression = Some(Suppression {
                kind: SuppressionKind::Allowlist,
                reason: Some("switched off by the policy of this reference".to_owned()),
                owner: None,
                until: None,
                place: place.unwrap_or_default(),
            });
            *outcome.receipt.suppressed.entry(SuppressionKind::Allowlist).or_default() += 1;
            outcome.suppressed.push(finding);
        } else {
            outcome.findings.push(finding);
        }
    }
}

/// Adds what a run over another class found; of what both found, the stricter verdict stays.
pub(crate) fn join(all: &mut Outcome, other: Outcome) {
    let same = |one: &Finding, two: &Finding| one.sort_key() == two.sort_key();
    for finding in other.findings {
        match all.findings.iter_mut().find(|known| same(known, &finding)) {
            Some(known) => known.blocking |= finding.blocking,
            None => all.findings.push(finding),
        }
    }
    for finding in other.suppressed {
        if !all.suppressed.iter().any(|known| same(known, &finding)) {
            all.suppressed.push(finding);
        }
    }
    all.findings.sort_by(|one, two| one.sort_key().cmp(&two.sort_key()));
    all.problems.extend(other.problems);
    all.warnings.extend(other.warnings);
    all.problems.sort();
    all.problems.dedup();
    all.warnings.sort();
    all.warnings.dedup();
    let (sum, more) = (&mut all.receipt, other.receipt);
    sum.rules = sum.rules.max(more.rules);
    sum.refs += more.refs;
    sum.commits += more.commits;
    sum.moved += more.moved;
    sum.contents += more.contents;
    sum.bytes += more.bytes;
    sum.fresh_bytes += more.fresh_bytes;
    sum.unsure += more.unsure;
    sum.disproved += more.disproved;
    for (why, number) in more.skipped {
        *sum.skipped.entry(why).or_default() += number;
    }
    for (kind, number) in more.suppressed {
        *sum.suppressed.entry(kind).or_default() += number;
    }
    if sum.unfinished.is_empty() {
        sum.unfinished = more.unfinished;
    }
}

impl Class<'_> {
    /// How a finding is taken, and which policy said so.
    fn verdict(
        &self,
        finding: &Finding,
        rule: &Rule,
        fail_on: Option<Severity>,
    ) -> (Enforcement, Option<String>) {
        let mut fail_on = fail_on;
        let mut named = None;
        let mut most = Enforcement::Block;
        let mut place = None;
        let mut allowed = false;
        for policy in &self.policies {
            if let Some(given) = policy.fail_on {
                fail_on = given;
            }
            if let Some(given) = policy.enforce {
                most = given;
                place = Some(policy.place.clone());
            }
            for (_, how) in policy.rules.iter().filter(|(name, _)| selects(name, rule)) {
                named = Some(*how);
                place = Some(policy.place.clone());
            }
            allowed |=
                policy.allow_paths.as_ref().is_some_and(|globs| !globs.get(&finding.origin.path).is_empty());
        }
        let severe = fail_on.is_some_and(|least| finding.severity >= least);
        let usual = if rule.gate == Gate::Block && severe { Enforcement::Block } else { Enforcement::Warn };
        let most = if allowed { most.min(Enforcement::Warn) } else { most };
        (named.unwrap_or(usual).min(most), place)
    }
}

/// True if a name of the configuration means the rule: its id or its group's, a glob of ids, or a tag.
pub(crate) fn selects(name: &str, rule: &Rule) -> bool {
    match name.strip_prefix("tag:") {
        Some(tag) => rule.tags.iter().any(|own| own == tag),
        None if name.contains(['*', '?', '[', '{']) => Glob::parse(name, false)
            .is_ok_and(|globs| globs.iter().any(|glob| glob.matches(rule.id.as_str().as_bytes()))),
        None => rule::is_called(rule, name),
    }
}

/// Refuses names that no rule has: a typing error there would silently do nothing.
pub(crate) fn check_names(config: &Config) -> anyhow::Result<()> {
    let gate = &config.gate;
    let names: Vec<&Setting<String>> = gate
        .policies
        .iter()
        .flat_map(|policy| policy.rules.iter().map(|(name, _)| name))
        .chain(gate.overrides.iter().flat_map(|permission| &permission.rules))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let builtin: Vec<_> = rule::builtin_refs().collect();
    for name in names {
        let known =
            config.rules.iter().chain(builtin.iter().map(|rule| &**rule)).any(|rule| selects(name, rule));
        if !known {
            bail!(
                "{}: `{}` is no rule, no tag and no glob of rules; see `abatis rules list`",
                name.place,
                name.value
            );
        }
    }
    Ok(())
}
