//! Breaking the glass: letting a finding through with a push option, where the server permits it.
//!
//! `git push -o abatis.allow=RULE -o "abatis.reason=TICKET why"`. Every use is written down before it
//! counts, and one that cannot be written down does not count. Must not print.

use std::path::PathBuf;

use anyhow::Result;
use bstr::ByteSlice as _;
use serde_json::{Map, Value};

use super::{chain, policy::selects, pusher::User};
use crate::{
    config::{Config, gate::Permission},
    filter::date::Date,
    finding::{Finding, Suppression, SuppressionKind},
    pipeline::Outcome,
    rule::Rule,
    source::git::push::updates::RefUpdate,
};

/// Fewest letters and digits of a reason.
const REASON_LEAST: usize = 5;
/// Characters of a reason or path that are written down.
const WRITTEN: usize = 500;
/// References that are written down.
const MOST_REFS: usize = 20;

/// What the push options ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Rules, by id, glob or tag.
    rules: Vec<String>,
    reason: String,
}

/// Who pushes what, and where uses are written down.
#[derive(Debug)]
pub(crate) struct Case<'c> {
    pub(crate) config: &'c Config,
    pub(crate) repositories: &'c [Vec<u8>],
    pub(crate) updates: &'c [RefUpdate],
    pub(crate) user: &'c User,
    pub(crate) today: Date,
    pub(crate) time: String,
    pub(crate) log: PathBuf,
}

impl Wish {
    /// Reads push options; those of others are passed over.
    pub(crate) fn read(options: &[String]) -> Self {
        let mut wish = Self::default();
        for option in options {
            if let Some(rules) = option.strip_prefix("abatis.allow=") {
                let names = rules.split(',').map(str::trim).filter(|name| !name.is_empty());
                wish.rules.extend(names.map(str::to_owned));
            } else if let Some(reason) = option.strip_prefix("abatis.reason=") {
                reason.trim().clone_into(&mut wish.reason);
            }
        }
        wish
    }

    /// Suppresses what is asked for and permitted. Gives remarks on what was asked for in vain.
    ///
    /// # Errors
    ///
    /// If uses cannot be written down.
    pub(crate) fn grant(&self, case: &Case<'_>, outcome: &mut Outcome) -> Result<Vec<String>> {
        let mut remarks = Vec::new();
        if self.rules.is_empty() {
            return Ok(remarks);
        }
        if self.reason.chars().filter(|letter| letter.is_alphanumeric()).count() < REASON_LEAST {
            remarks.push(
                "abatis.allow without a reason lets nothing through; add -o \"abatis.reason=WHY\"".to_owned(),
            );
            return Ok(remarks);
        }
        let rules = &case.config.rules;
        let mut granted: Vec<(usize, &Permission)> = Vec::new();
        for (place, finding) in outcome.findings.iter().enumerate().filter(|(_, finding)| finding.blocking) {
            let Some((_, rule)) = rules.find(finding.rule.as_str()) else { continue };
            if !self.rules.iter().any(|name| selects(name, rule)) {
                continue;
            }
            match case.config.gate.overrides.iter().find(|permission| self.permits(case, permission, rule)) {
                Some(permission) => granted.push((place, permission)),
                None => remarks.push(format!(
                    "{}: the server does not permit this override{}",
                    rule.id,
                    if case.user.name.is_empty() { " (it does not tell who pushes)" } else { "" }
                )),
            }
        }
        remarks.sort();
        remarks.dedup();
        if granted.is_empty() {
            return Ok(remarks);
        }
        let entries: Vec<Map<String, Value>> = granted
            .iter()
            .map(|(place, permission)| self.entry(case, &outcome.findings[*place], permission))
            .collect();
        chain::append(&case.log, &entries)?;
        for (place, permission) in granted.into_iter().rev() {
            let mut finding = outcome.findings.remove(place);
            finding.blocking = false;
            finding.suppression = Some(Suppression {
                kind: SuppressionKind::Override,
                reason: Some(self.reason.clone()),
                owner: Some(case.user.name.clone()).filter(|name| !name.is_empty()),
                until: permission.until.clone(),
                place: permission.place.clone(),
            });
            remarks.push(format!("{}: let through by an override, which was written down", finding.rule));
            outcome.suppressed.push(finding);
            *outcome.receipt.suppressed.entry(SuppressionKind::Override).or_default() += 1;
        }
        remarks.dedup();
        Ok(remarks)
    }

    fn permits(&self, case: &Case<'_>, permission: &Permission, rule: &Rule) -> bool {
        let Permission { reach, rules, users, from, until, reason, .. } = permission;
        let day = |text: &Option<String>| text.as_deref().and_then(Date::parse);
        rules.iter().any(|name| selects(name, rule))
            && (users.is_empty() || users.contains(&case.user.name))
            && day(from).is_none_or(|from| from <= case.today)
            && day(until).is_none_or(|until| case.today <= until)
            && reason.as_ref().is_none_or(|reason| reason.is_match(&self.reason))
            // What lets a secret into one of the references lets it into the repository.
            && case.updates.iter().filter(|update| update.new.is_some()).all(|update| reach.holds(case.repositories, &update.name))
    }

    fn entry(&self, case: &Case<'_>, finding: &Finding, permission: &Permission) -> Map<String, Value> {
        let cut = |text: &[u8]| -> String { text.to_str_lossy().chars().take(WRITTEN).collect() };
        let refs: Vec<String> = case.updates.iter().take(MOST_REFS).map(|update| cut(&update.name)).collect();
        let repository = case.repositories.first().map(|name| cut(name));
        let pairs: [(&str, Value); 13] = [
            ("time", case.time.clone().into()),
            ("repository", repository.into()),
            ("refs", refs.into()),
            ("refs_total", case.updates.len().into()),
            ("user", cut(case.user.name.as_bytes()).into()),
            ("user_from", case.user.variable.clone().into()),
            ("rule", finding.rule.as_str().into()),
            ("fingerprint", finding.fingerprint.to_string().into()),
            ("path", cut(&finding.path()).into()),
            ("line", finding.start.line.into()),
            ("commit", finding.origin.commit.map(|id| id.to_string()).into()),
            ("reason", cut(self.redacted(finding).as_bytes()).into()),
            ("permission", permission.place.clone().into()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The reason, without the secret that somebody may have quoted in it.
    fn redacted(&self, finding: &Finding) -> String {
        match std::str::from_utf8(finding.secret.expose()) {
            Ok(secret) if !secret.is_empty() => self.reason.replace(secret, &finding.secret.redacted()),
            _ => self.reason.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_from_push_options() {
        let options =
            ["ci.skip", "abatis.allow=one, tag:two", "abatis.reason= SEC-1 because ", "abatis.allow=three"];
        let wish = Wish::read(&options.map(str::to_owned));
        assert_eq!(wish.rules, ["one", "tag:two", "three"]);
        assert_eq!(wish.reason, "SEC-1 because");
        assert_eq!(Wish::read(&[]), Wish::default());
    }
}
