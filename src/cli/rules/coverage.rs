//! `abatis rules coverage`: which providers and which risks the rules in force speak of.
//!
//! A provider is what a rule's documentation is of: its host, without `docs.` and its kin. Must not judge rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
};

use anyhow::{Result, bail};
use serde::Serialize;

use super::{
    super::{args::CommonArgs, edge::Edge, exit::Exit},
    check::number,
};
use crate::{
    finding::Risk,
    rule::{Detector, GROUPS, Group, Rule},
};

/// Risks there are.
const RISKS: usize = 10;
/// Most rules named in a line of the text form.
const MAX_NAMED: usize = 6;
/// Labels of a host that say what is read there, not whose it is.
const PLACES: [&str; 18] = [
    "www",
    "docs",
    "doc",
    "developer",
    "developers",
    "dev",
    "api",
    "api-docs",
    "apidocs",
    "help",
    "support",
    "learn",
    "app",
    "platform",
    "cloud",
    "dashboard",
    "documentation",
    "console",
];
/// Hosts whose documents are of many: there the first part of the path says whose.
const SHARED: [&str; 2] = ["github.com", "learn.microsoft.com"];

/// What there is for one provider.
#[derive(Debug, Default, Serialize)]
struct Provider<'r> {
    provider: String,
    rules: Vec<&'r str>,
    /// Rules with an offline proof.
    proofs: usize,
}

/// What there is for one risk.
#[derive(Debug, Serialize)]
struct OfRisk {
    risk: u8,
    title: &'static str,
    rules: usize,
    /// By kind of rule.
    kinds: BTreeMap<&'static str, usize>,
}

#[derive(Debug, Serialize)]
struct Coverage<'r> {
    risks: Vec<OfRisk>,
    /// How many rules of each risk are decided on the structure of a format.
    formats: BTreeMap<&'r str, [usize; RISKS]>,
    /// How many rules look for what has one name.
    groups: BTreeMap<&'static str, usize>,
    providers: Vec<Provider<'r>>,
}

pub(super) fn run(common: &CommonArgs, edge: &Edge, out: &mut Vec<u8>) -> Result<Exit> {
    let config = super::load_here(common, edge)?;
    let coverage = of(config.rules.iter());
    match common.format.as_str() {
        "json" => {
            serde_json::to_writer_pretty(&mut *out, &coverage)?;
            writeln!(out)?;
        }
        "text" => text(&coverage, out)?,
        other => bail!("--format {other}: coverage is shown as text or json"),
    }
    Ok(Exit::Clean)
}

fn text(coverage: &Coverage<'_>, out: &mut Vec<u8>) -> Result<()> {
    writeln!(out, "RISK  RULES  TITLE")?;
    for OfRisk { risk, title, rules, kinds } in &coverage.risks {
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let kinds = if kinds.is_empty() { "none yet".to_owned() } else { kinds.join(", ") };
        writeln!(out, "{risk:>4}  {rules:>5}  {title} ({kinds})")?;
    }
    writeln!(
        out,
        "\n{:18}{}",
        "FORMAT, BY RISK",
        (1..=RISKS).map(|risk| format!("{risk:>5}")).collect::<String>()
    )?;
    for (format, counts) in &coverage.formats {
        let counts: String = counts
            .iter()
            .map(|&count| if count == 0 { "    .".to_owned() } else { format!("{count:>5}") })
            .collect();
        writeln!(out, "{format:18}{counts}")?;
    }
    let width = coverage.groups.keys().map(|group| group.len()).max().unwrap_or_default();
    writeln!(out, "\n{:width$}  RULES  TITLE", "GROUP")?;
    for (&id, rules) in &coverage.groups {
        let title = Group::named(id).map_or("", |group| group.title);
        writeln!(out, "{id:width$}  {rules:>5}  {title}")?;
    }
    let width = coverage.providers.iter().map(|one| one.provider.len()).max().unwrap_or_default();
    writeln!(out, "\n{:width$}  RULES  PROOFS  IDS", "PROVIDER")?;
    for Provider { provider, rules, proofs } in &coverage.providers {
        let named = rules[..rules.len().min(MAX_NAMED)].join(" ");
        let more = if rules.len() > MAX_NAMED { " …" } else { "" };
        writeln!(out, "{provider:width$}  {:>5}  {proofs:>6}  {named}{more}", rules.len())?;
    }
    let rules: usize = coverage.risks.iter().map(|one| one.rules).sum();
    writeln!(out, "\n{} for {}", number(rules, "rule"), number(coverage.providers.len(), "provider"))?;
    Ok(())
}

fn of<'r>(rules: impl Iterator<Item = &'r Rule>) -> Coverage<'r> {
    let mut risks: Vec<OfRisk> = (1..=10)
        .filter_map(Risk::new)
        .map(|risk| OfRisk { risk: risk.number(), title: risk.title(), rules: 0, kinds: BTreeMap::new() })
        .collect();
    let mut providers: BTreeMap<String, Provider<'r>> = BTreeMap::new();
    let mut by_format: BTreeMap<&'r str, [usize; RISKS]> = BTreeMap::new();
    let mut groups: BTreeMap<&'static str, usize> = GROUPS.iter().map(|group| (group.id, 0)).collect();
    for rule in rules {
        if let Some(group) = Group::of(rule) {
            *groups.entry(group.id).or_default() += 1;
        }
        let formats: BTreeSet<&'r str> =
            rule.structures.iter().flat_map(|part| part.formats.iter()).map(AsRef::as_ref).collect();
        for format in formats {
            let counts = by_format.entry(format).or_default();
            if let Some(count) = counts.get_mut(usize::from(rule.risk.number()) - 1) {
                *count += 1;
            }
        }
        if let Some(of_risk) = risks.get_mut(usize::from(rule.risk.number()) - 1) {
            of_risk.rules += 1;
            *of_risk.kinds.entry(super::kind(rule)).or_default() += 1;
        }
        // Only credentials have a provider: the rest is about settings.
        if rule.risk.number() != 1 {
            continue;
        }
        let Some(name) = provider(&rule.docs) else { continue };
        let one = providers.entry(name.clone()).or_default();
        one.provider = name;
        one.rules.push(rule.id.as_str());
        let check = match &rule.detector {
            Detector::Pattern(pattern) => &*pattern.check,
            Detector::Bound(bound) => &*bound.check,
            _ => "",
        };
        one.proofs += usize::from(!check.is_empty());
    }
    Coverage { risks, formats: by_format, groups, providers: providers.into_values().collect() }
}

/// Whose documentation an address is.
fn provider(docs: &str) -> Option<String> {
    let rest = docs.strip_prefix("https://").or_else(|| docs.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if SHARED.contains(&host) {
        let first = path.split('/').find(|part| !part.is_empty() && !part.contains('-'))?;
        return Some(format!("{host}/{first}"));
    }
    let mut labels: Vec<&str> = host.split('.').collect();
    while labels.len() > 2 && PLACES.contains(&labels[0]) {
        labels.remove(0);
    }
    Some(labels.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_the_host_of_the_documentation() {
        for (docs, wanted) in [
            ("https://docs.acme.com/api/keys", Some("acme.com")),
            ("https://www.acme.io", Some("acme.io")),
            ("https://developer.api.acme.co.uk/x", Some("acme.co.uk")),
            ("https://dev.io/", Some("dev.io")),
            ("https://github.com/acme/tool", Some("github.com/acme")),
            ("https://learn.microsoft.com/en-us/azure/x", Some("learn.microsoft.com/azure")),
            ("", None),
        ] {
            assert_eq!(provider(docs).as_deref(), wanted, "{docs}");
        }
    }

    #[test]
    fn every_risk_is_listed() {
        let coverage = of(std::iter::empty());
        assert_eq!(coverage.risks.len(), 10);
    }
}
