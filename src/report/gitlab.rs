//! GitLab's Code Quality report: a list of issues, drawn in merge requests.
//!
//! Code Quality and not Secret Detection: that report needs a start and an end time, so equal
//! runs would differ, and GitLab draws it in its highest tier only. What made a run incomplete
//! is an issue, too, as the format has no other place for it. Suppressed findings are left out,
//! as there is no way to mark them.

use std::{collections::HashMap, io};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    finding::{Finding, Severity},
    report::{Format, Input, Mode, group, serial, view, view::View},
};

pub(crate) const FORMAT: Format =
    Format { name: "gitlab", title: "GitLab Code Quality", extension: "json", writer: write };

/// Bytes of a hash that name an issue: enough that two never meet.
const IDENTITY_BYTES: usize = 16;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

fn write(input: Input<'_>, target: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(input);
    let mut issues = Vec::new();
    let mut seen: HashMap<Vec<u8>, u64> = HashMap::new();
    if view.options().mode == Mode::Audit {
        let groups = group::group(&view.outcome().findings);
        // One issue a secret: it stays the same issue when the secret is moved or found in one more file.
        issues.extend(groups.iter().map(|group| {
            let key = group.first.fingerprint.0.to_vec();
            issue(&view, group.first, identity(&mut seen, key))
        }));
    } else {
        issues.extend(view.outcome().findings.iter().map(|finding| {
            let key = [&finding.fingerprint.0[..], &finding.path()].concat();
            issue(&view, finding, identity(&mut seen, key))
        }));
    }
    let subjects =
        view.problems().map(|(subject, message)| (subject.clone(), format!("{subject}: {message}")));
    let reasons = view.incomplete().into_iter().map(|reason| (".".to_owned(), reason));
    for (path, message) in subjects.chain(reasons) {
        let key = format!("incomplete\0{message}").into_bytes();
        issues.push(Issue {
            description: format!("The scan is incomplete. {message}"),
            check_name: "abatis-incomplete".to_owned(),
            fingerprint: identity(&mut seen, key),
            severity: "blocker",
            location: Location { path, lines: Lines { begin: 1, end: 1 } },
        });
    }
    serial::pretty(&issues, target)
}

fn issue(view: &View<'_>, finding: &Finding, fingerprint: String) -> Issue {
    let mut description = view.text(finding.title.as_bytes());
    if let Some(redacted) = view.redacted(finding) {
        description.push_str(&format!(": {redacted}"));
    }
    if let Some(note) = &finding.note {
        description.push_str(&format!(" ({})", view.text(note)));
    }
    if let Some(exposure) = view.exposure(finding) {
        // Days would make another text of it each day.
        description.push_str(&format!("; {}", exposure.state.name()));
        if let Some(since) = &exposure.since {
            description.push_str(&format!(", since {}", view.act(since)));
        }
        if exposure.paths.len() > 1 {
            description.push_str(&format!(", in {} paths", exposure.paths.len()));
        }
    }
    Issue {
        description,
        check_name: view.text(finding.rule.as_str()),
        fingerprint,
        severity: severity(finding.severity),
        location: Location {
            path: view.path(finding),
            lines: Lines { begin: finding.start.line.max(1), end: view::end(finding).0.max(1) },
        },
    }
}

/// GitLab drops issues that share an identity, so the second in a file gets one of its own. It
/// depends on how many came before, not on lines.
fn identity(seen: &mut HashMap<Vec<u8>, u64>, key: Vec<u8>) -> String {
    let mut hash = Sha256::new();
    hash.update(&key);
    let number = seen.entry(key).or_default();
    hash.update(number.to_be_bytes());
    *number += 1;
    hash.finalize().iter().take(IDENTITY_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    }
}
