//! JSON: the whole outcome as one document. Described in `docs/json.md`.
//!
//! The structs here are the format; they stand apart from the domain types, so that those may
//! change. A change that a reader could trip over raises [`VERSION`].

use std::{collections::BTreeMap, io, sync::Arc};

use serde::Serialize;

use crate::{
    finding::{Finding, exposure::Exposed},
    origin::{Introduction, Kind},
    report::{
        Format, Input,
        metrics::{Count, Days, Metrics},
        serial::Document,
        uri, view,
        view::View,
    },
};

pub(crate) const FORMAT: Format =
    Format { name: "json", title: "JSON, one document (docs/json.md)", extension: "json", writer: write };

/// Version of the format. Fields may be added within a version.
pub(crate) const VERSION: u32 = 1;

fn write(input: Input<'_>, target: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(input);
    let summary = summary(&view);
    let mut document = Document::new(target);
    document.field("version", &VERSION)?;
    document.field("tool", &summary.tool)?;
    document.field("incomplete", &summary.incomplete)?;
    document.field("incomplete_because", &summary.incomplete_because)?;
    document.field("blocking", &summary.blocking)?;
    document.list("findings", &view.findings().collect::<Vec<_>>(), |shown| finding(&view, shown))?;
    if !view.exposed().is_empty() {
        document.list("exposures", view.exposed(), |exposed| exposure(&view, exposed))?;
    }
    document.optional("today", summary.today.as_ref())?;
    document.optional("metrics", summary.metrics.as_ref())?;
    document.field("problems", &summary.problems)?;
    document.field("warnings", &summary.warnings)?;
    document.field("receipt", &summary.receipt)?;
    document.end()
}

/// Everything but the findings.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) tool: Tool,
    pub(crate) incomplete: bool,
    pub(crate) incomplete_because: Vec<String>,
    pub(crate) blocking: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) today: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metrics: Option<MetricsJson>,
    pub(crate) problems: Vec<ProblemJson>,
    pub(crate) warnings: Vec<String>,
    pub(crate) receipt: ReceiptJson,
}

/// Figures of an audit.
#[derive(Serialize)]
pub(crate) struct MetricsJson {
    total: CountJson,
    by_severity: BTreeMap<&'static str, CountJson>,
    by_risk: BTreeMap<u8, CountJson>,
    by_rule: BTreeMap<String, CountJson>,
    by_path: BTreeMap<String, CountJson>,
    open_days: DaysJson,
    open_days_by_severity: BTreeMap<&'static str, DaysJson>,
    removal_days: DaysJson,
}

#[derive(Serialize)]
struct CountJson {
    open: u64,
    removed: u64,
    unreachable: u64,
}

#[derive(Serialize)]
struct DaysJson {
    count: u64,
    median: Option<u64>,
    p90: Option<u64>,
    max: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
pub(crate) struct FindingJson {
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'static str>,
    title: String,
    severity: &'static str,
    confidence: &'static str,
    risk: RiskJson,
    blocking: bool,
    fingerprint: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<String>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_bytes: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    decoded: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<SnippetJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<HistoryJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppression: Option<SuppressionJson>,
}

#[derive(Serialize)]
struct HistoryJson {
    presence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<SinceJson>,
}

#[derive(Serialize)]
struct SinceJson {
    commit: String,
    author: String,
    time: i64,
    date: String,
}

#[derive(Serialize)]
pub(crate) struct ExposureJson {
    rule: String,
    fingerprint: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<SinceJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<SinceJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u64>,
    versions: u64,
    paths: Vec<PathJson>,
    refs: Vec<RefJson>,
    refs_total: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

#[derive(Serialize)]
struct PathJson {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<SinceJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<SinceJson>,
    times: u64,
}

#[derive(Serialize)]
struct RefJson {
    name: String,
    tip: bool,
}

#[derive(Serialize)]
struct RiskJson {
    number: u8,
    title: &'static str,
}

#[derive(Serialize)]
struct Region {
    start: Place,
    end: Place,
    bytes: Range,
}

#[derive(Serialize)]
struct Place {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

#[derive(Serialize)]
struct Range {
    start: usize,
    end: usize,
}

#[derive(Serialize)]
struct SnippetJson {
    first_line: usize,
    text: String,
    mark: Range,
}

#[derive(Serialize)]
struct SuppressionJson {
    kind: &'static str,
    reason: Option<String>,
    owner: Option<String>,
    until: Option<String>,
    place: String,
}

#[derive(Serialize)]
pub(crate) struct ProblemJson {
    subject: String,
    message: String,
}

/// What was done, in numbers.
#[derive(Serialize)]
pub(crate) struct ReceiptJson {
    rules: u64,
    refs: u64,
    commits: u64,
    moved: u64,
    contents: u64,
    #[serde(skip_serializing_if = "is_none")]
    known: u64,
    bytes: u64,
    fresh_bytes: u64,
    skipped: BTreeMap<&'static str, u64>,
    suppressed: BTreeMap<&'static str, u64>,
    disproved: u64,
    unfinished: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

pub(crate) fn finding(view: &View<'_>, finding: &Finding) -> FindingJson {
    let origin = &finding.origin;
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(&view.raw(bytes)).into_owned();
    let (path, path_bytes) = exact(&view.raw(&origin.path_from_top()));
    let (secret, secret_bytes) = view.secret(finding).map(exact).unzip();
    let snippet = view.snippet(finding);
    FindingJson {
        rule: finding.rule.to_string(),
        group: view.group(finding),
        title: finding.title.to_string(),
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        risk: RiskJson { number: finding.risk.number(), title: finding.risk.title() },
        blocking: finding.blocking,
        fingerprint: finding.fingerprint.to_string(),
        path,
        path_bytes,
        repository: origin.repository.as_ref().map(|name| lossy(name)),
        members: origin.members.iter().map(|member| lossy(member)).collect(),
        kind: kind(origin.kind),
        commit: origin.commit.map(|id| id.to_string()),
        object: origin.object.map(|id| id.to_string()),
        region: region(finding),
        redacted: view.redacted(finding),
        secret,
        secret_bytes: secret_bytes.flatten(),
        decoded: finding.decoded.iter().map(|encoding| encoding.name()).collect(),
        proof: finding.proof,
        note: finding.note.as_ref().map(|note| lossy(note.as_bytes())),
        snippet: (!snippet.text.is_empty()).then_some(SnippetJson {
            first_line: snippet.first_line,
            mark: Range { start: snippet.mark.start, end: snippet.mark.end },
            text: snippet.text,
        }),
        history: finding.history.as_ref().map(|history| HistoryJson {
            presence: history.presence.name(),
            since: history.since.as_deref().map(|since| self::since(view, since)),
        }),
        suppression: finding.suppression.as_ref().map(|suppression| SuppressionJson {
            kind: suppression.kind.name(),
            reason: suppression.reason.as_ref().map(|it| lossy(it.as_bytes())),
            owner: suppression.owner.as_ref().map(|it| lossy(it.as_bytes())),
            until: suppression.until.as_ref().map(|it| lossy(it.as_bytes())),
            place: lossy(suppression.place.as_bytes()),
        }),
    }
}

fn metrics(metrics: &Metrics<'_>) -> MetricsJson {
    let count = |count: &Count| CountJson {
        open: count.open,
        removed: count.removed,
        unreachable: count.unreachable,
    };
    let days = |days: &Days| DaysJson {
        count: days.count(),
        median: days.quantile(50),
        p90: days.quantile(90),
        max: days.max(),
    };
    MetricsJson {
        total: count(&metrics.all),
        by_severity: metrics.by_severity.iter().map(|(severity, it)| (severity.name(), count(it))).collect(),
        by_risk: metrics.by_risk.iter().map(|(risk, it)| (*risk, count(it))).collect(),
        by_rule: metrics.by_rule.iter().map(|(rule, it)| (rule.to_string(), count(it))).collect(),
        // What is left over has an empty path.
        by_path: metrics
            .by_path
            .iter()
            .map(|(path, it)| (path.clone().unwrap_or_default(), count(it)))
            .collect(),
        open_days: days(&metrics.open_days),
        open_days_by_severity: metrics
            .open_days_by_severity
            .iter()
            .map(|(severity, it)| (severity.name(), days(it)))
            .collect(),
        removal_days: days(&metrics.removal_days),
    }
}

fn since(view: &View<'_>, since: &Introduction) -> SinceJson {
    SinceJson {
        commit: since.commit.to_string(),
        author: String::from_utf8_lossy(&view.raw(&since.author)).into_owned(),
        time: since.time,
        date: view::date(since.time),
    }
}

pub(crate) fn exposure(view: &View<'_>, exposed: &Exposed) -> ExposureJson {
    let exposure = &exposed.exposure;
    let of = |introduction: &Option<Arc<Introduction>>| introduction.as_deref().map(|it| since(view, it));
    ExposureJson {
        rule: exposed.rule.to_string(),
        fingerprint: exposed.fingerprint.to_string(),
        state: exposure.state.name(),
        since: of(&exposure.since),
        removed: of(&exposure.removed),
        days: view.days(exposure),
        versions: exposure.versions,
        paths: exposure
            .paths
            .iter()
            .map(|path| {
                let (shown, path_bytes) = exact(&view.raw(&path.path));
                PathJson {
                    path: shown,
                    path_bytes,
                    state: path.state.name(),
                    since: of(&path.since),
                    removed: of(&path.removed),
                    times: path.times,
                }
            })
            .collect(),
        refs: exposure
            .refs
            .iter()
            .map(|one| RefJson {
                name: String::from_utf8_lossy(&view.raw(&one.name)).into_owned(),
                tip: one.tip,
            })
            .collect(),
        refs_total: exposure.refs_total,
        truncated: exposure.truncated,
    }
}

pub(crate) fn summary(view: &View<'_>) -> Summary {
    let outcome = view.outcome();
    Summary {
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        incomplete: outcome.is_incomplete(),
        incomplete_because: view.incomplete(),
        blocking: outcome.is_blocking(),
        today: outcome.today.map(|day| view::date(day.seconds())),
        metrics: outcome.today.map(|_| metrics(&Metrics::of(view))),
        problems: view.problems().map(|(subject, message)| ProblemJson { subject, message }).collect(),
        warnings: view.warnings().collect(),
        receipt: receipt(view),
    }
}

const fn is_none(number: &u64) -> bool {
    *number == 0
}

pub(crate) fn receipt(view: &View<'_>) -> ReceiptJson {
    let receipt = &view.outcome().receipt;
    ReceiptJson {
        rules: receipt.rules,
        refs: receipt.refs,
        commits: receipt.commits,
        moved: receipt.moved,
        contents: receipt.contents,
        known: receipt.known,
        bytes: receipt.bytes,
        fresh_bytes: receipt.fresh_bytes,
        skipped: receipt.skipped.iter().map(|(why, number)| (why.name(), *number)).collect(),
        suppressed: receipt.suppressed.iter().map(|(kind, number)| (kind.name(), *number)).collect(),
        disproved: receipt.disproved,
        unfinished: (!receipt.unfinished.is_empty()).then(|| view.text(&receipt.unfinished)),
        scope: (!receipt.scope.is_empty()).then(|| view.text(&receipt.scope)),
        notes: receipt.notes.iter().map(|note| view.text(note)).collect(),
    }
}

/// `None` for a finding on a file as a whole.
fn region(finding: &Finding) -> Option<Region> {
    let start = finding.start;
    let (line, column) = view::end(finding);
    (start.line > 0).then(|| Region {
        start: Place { line: start.line, column: Some(view::column(start)) },
        end: Place { line, column },
        bytes: Range { start: finding.span.start, end: finding.span.end },
    })
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Symlink => "symlink",
        Kind::CommitMessage => "commit-message",
        Kind::TagMessage => "tag-message",
        Kind::Stdin => "stdin",
    }
}

/// Bytes as text and, where that loses something, percent-encoded as well.
fn exact(bytes: &[u8]) -> (String, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (String::from_utf8_lossy(bytes).into_owned(), Some(uri::percent(bytes))),
    }
}
