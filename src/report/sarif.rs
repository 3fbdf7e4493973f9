//! SARIF 2.1.0, for code scanning and for viewers: one result a place, no grouping.
//!
//! Columns are UTF-16 code units, SARIF's own default, so that readers that do not look at
//! `columnKind` are right too. Must not hold a secret in any field unless asked.

mod model;

use std::{collections::BTreeMap, io};

use serde_json::json;

use crate::{
    finding::{Finding, Risk, Severity, SuppressionKind},
    report::{
        Format, Input, advice, json as own, plain, serial, uri,
        view::{self, View},
    },
    rule,
};

pub(crate) const FORMAT: Format =
    Format { name: "sarif", title: "SARIF 2.1.0", extension: "sarif", writer: write };

/// Name of the folder that relative paths start from.
const ROOT: &str = "%SRCROOT%";
/// Name of our fingerprint; a new way to compute it gets a new version.
const FINGERPRINT: &str = "abatis/v1";

fn write(input: Input<'_>, target: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(input);
    // A base that does not end in a slash would lose its last folder when joined.
    let root = view.options().root.as_deref().filter(|root| root.ends_with('/'));
    let base = root.map(|uri| (ROOT, model::ArtifactLocation { uri: uri.to_owned(), uri_base_id: None }));
    let driver = model::Driver {
        name: env!("CARGO_PKG_NAME"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules: view.rules().map(|rule| describe(&view, rule)).collect(),
    };
    let run = model::Run {
        tool: model::Tool { driver },
        invocations: [invocation(&view)],
        original_uri_base_ids: base.into_iter().collect(),
        column_kind: "utf16CodeUnits",
        results: view.findings().map(|finding| result(&view, finding, root.is_some())).collect(),
        properties: BTreeMap::from([("receipt", json!(own::receipt(&view)))]),
    };
    let log = model::Log { schema: model::SCHEMA, version: "2.1.0", runs: [run] };
    serial::pretty(&log, target)
}

fn describe(view: &View<'_>, rule: &rule::Rule) -> model::Rule {
    let title = view.text(rule.title.as_bytes());
    let why = advice::why(rule.risk);
    let help = if rule.help.is_empty() { why.to_owned() } else { view.text(rule.help.as_bytes()) };
    let docs = (!rule.docs.is_empty()).then(|| view.text(rule.docs.as_bytes()));
    let markdown = match &docs {
        Some(docs) if uri::is_web(docs) => format!("{help}\n\nDocumentation: <{docs}>"),
        _ => help.clone(),
    };
    let mut tags = vec!["security".to_owned()];
    tags.extend(weakness(rule.risk).map(|number| format!("external/cwe/cwe-{number}")));
    for tag in rule.tags.iter() {
        let tag = view.text(tag.as_bytes());
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    model::Rule {
        id: view.text(rule.id.as_str()),
        name: pascal(rule.id.as_str()),
        short_description: model::Text::plain(title.clone()),
        full_description: model::Text::plain(format!("{title}. {why}")),
        help: model::Text { text: help, markdown: Some(markdown) },
        help_uri: docs.filter(|docs| uri::is_web(docs)),
        default_configuration: model::Configuration { level: level(rule.severity) },
        properties: BTreeMap::from([
            ("security-severity", json!(score(rule.severity))),
            ("precision", json!(rule.confidence.name())),
            ("tags", json!(tags)),
            ("risk", risk(rule.risk)),
        ]),
    }
}

fn invocation(view: &View<'_>) -> model::Invocation {
    let note = |level, text| model::Notification { level, message: model::Text::plain(text) };
    let problems = view.problems().map(|(subject, message)| format!("{subject}: {message}"));
    let errors = problems.chain(view.incomplete()).map(|text| note("error", text));
    let warnings = view.warnings().map(|text| note("warning", text));
    model::Invocation {
        execution_successful: !view.outcome().is_incomplete(),
        tool_execution_notifications: errors.chain(warnings).collect(),
    }
}

fn result(view: &View<'_>, finding: &Finding, has_root: bool) -> model::Outcome {
    let path = uri::from_path(&view.raw_path(finding));
    let is_relative = !path.starts_with("file:");
    let (region, context_region) = regions(view, finding);
    let mut text = view.text(finding.title.as_bytes());
    if let Some(redacted) = view.redacted(finding) {
        text.push_str(&format!(": {redacted}"));
    }
    text.push('.');
    if let Some(note) = &finding.note {
        text.push_str(&format!(" {}", view.text(note)));
    }
    model::Outcome {
        rule_id: view.text(finding.rule.as_str()),
        rule_index: view.rule(finding).map(|(place, _)| place),
        level: level(finding.severity),
        message: model::Text::plain(text),
        locations: [model::Location {
            physical_location: model::PhysicalLocation {
                artifact_location: model::ArtifactLocation {
                    uri: path,
                    uri_base_id: (has_root && is_relative).then_some(ROOT),
                },
                region,
                context_region,
            },
        }],
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, finding.fingerprint.to_string())]),
        suppressions: suppressions(view, finding),
        properties: properties(view, finding),
    }
}

/// The region of the secret, and the lines around it.
fn regions(view: &View<'_>, finding: &Finding) -> (model::Region, Option<model::Region>) {
    let start_line = finding.start.line;
    if start_line == 0 {
        // The file as a whole. GitHub takes no location without a line, so it gets the first.
        return (model::Region { start_line: 1, ..model::Region::default() }, None);
    }
    let (end_line, end_column) = view::end(finding);
    let knows_columns = finding.start.character > 0 && finding.end.character > 0;
    let snippet = view.snippet(finding);
    let marked = snippet.text.get(snippet.mark.start..snippet.mark.end).unwrap_or_default();
    let text = |text: &str| (!text.is_empty()).then(|| model::Text::plain(text.to_owned()));
    let region = model::Region {
        start_line,
        // A column that is known in bytes only would point somewhere else.
        start_column: knows_columns.then_some(finding.start.character),
        end_line: Some(end_line),
        end_column: end_column.filter(|_| knows_columns),
        snippet: text(marked),
    };
    let lines = snippet.text.lines().count();
    let context = (lines > 0).then(|| model::Region {
        start_line: snippet.first_line.clamp(1, start_line),
        end_line: Some((snippet.first_line.saturating_add(lines) - 1).max(end_line)),
        snippet: text(&snippet.text),
        ..model::Region::default()
    });
    (region, context)
}

/// SARIF wants the array at all results or at none: an empty one says that nothing suppresses.
fn suppressions(view: &View<'_>, finding: &Finding) -> Option<Vec<model::Suppression>> {
    view.options().show_suppressed.then(|| {
        let one = finding.suppression.as_ref().map(|suppression| model::Suppression {
            kind: match suppression.kind {
                SuppressionKind::Inline => "inSource",
                SuppressionKind::Allowlist | SuppressionKind::Baseline | SuppressionKind::Override => {
                    "external"
                }
            },
            status: "accepted",
            justification: view.suppression(suppression),
        });
        one.into_iter().collect()
    })
}

fn properties(view: &View<'_>, finding: &Finding) -> model::Properties {
    let mut properties = BTreeMap::from([
        ("severity", json!(finding.severity.name())),
        ("confidence", json!(finding.confidence.name())),
        ("risk", risk(finding.risk)),
        ("blocking", json!(finding.blocking)),
    ]);
    if let Some(group) = view.group(finding) {
        properties.insert("group", json!(group));
    }
    if let Some(commit) = finding.origin.commit {
        properties.insert("commit", json!(commit.to_string()));
    }
    if let Some(object) = finding.origin.object {
        properties.insert("object", json!(object.to_string()));
    }
    if let Some(proof) = finding.proof {
        properties.insert("proof", json!(proof));
    }
    if !finding.decoded.is_empty() {
        let chain: Vec<_> = finding.decoded.iter().map(|encoding| encoding.name()).collect();
        properties.insert("decoded", json!(chain));
    }
    if let Some(exposed) = view.exposed_of(finding) {
        properties.insert("exposure", json!(own::exposure(view, exposed)));
    }
    if let Some(secret) = view.secret(finding) {
        properties.insert("secret", json!(plain::line(secret)));
    }
    properties
}

fn risk(risk: Risk) -> serde_json::Value {
    json!({ "number": risk.number(), "title": risk.title() })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub reads this number: above 9 critical, from 7 high, from 4 medium, above 0 low. Each is
/// the middle of its band.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

/// The number in the Common Weakness Enumeration, for risks that one entry describes.
const fn weakness(risk: Risk) -> Option<u16> {
    match risk.number() {
        1 => Some(798),
        3 => Some(1188),
        4 => Some(284),
        6 => Some(778),
        _ => None,
    }
}

/// `github-pat` as `GithubPat`: SARIF wants a name that reads as an identifier.
fn pascal(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    let mut starts = true;
    for character in id.chars() {
        if !character.is_ascii_alphanumeric() {
            starts = true;
        } else if starts {
            name.push(character.to_ascii_uppercase());
            starts = false;
        } else {
            name.push(character);
        }
    }
    name
}
