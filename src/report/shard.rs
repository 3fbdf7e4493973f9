//! The outcome of one part of a run, written so that all parts can be joined later, and read back.
//!
//! Unlike the other formats it is for abatis alone, of the same version: it holds all that a report is made from. It
//! holds no secret: a value is there in its redacted form, and so are the objects that hold it, by their ids.

use std::{collections::HashMap, io};

use bstr::BString;
use serde::{Deserialize, Serialize};

use crate::{
    finding::{
        Confidence, Encoding, Finding, Fingerprint, RuleId, Severity, Snippet, Suppression, SuppressionKind,
        exposure::Day,
    },
    origin::{History, Introduction, Kind, ObjectId, Origin, Presence, Skip},
    pipeline::{Outcome, Problem, Receipt, Sought, Way},
    report::{Input, Options, serial, view::View},
    rule::RuleSet,
    secret::Secret,
    text::{Position, Span},
};

/// Version of the format.
const VERSION: u32 = 2;

/// Which part of what a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    abatis_shard: u32,
    /// The version of the program.
    tool: String,
    /// Which part, from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
    /// The digest of the rules.
    rules: String,
    /// Name of what was looked at.
    pub subject: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    // Read on its own, before the rest.
    #[serde(flatten, skip_deserializing)]
    head: Head,
    today: Option<i64>,
    findings: Vec<FindingPart>,
    suppressed: Vec<FindingPart>,
    sought: Vec<SoughtPart>,
    problems: Vec<(Bytes, String)>,
    warnings: Vec<String>,
    receipt: ReceiptPart,
}

/// Bytes: as text where they are.
#[derive(Serialize)]
#[serde(untagged)]
enum Bytes {
    Text(String),
    Raw(Vec<u8>),
}

/// As the derived one, which keeps each value until it knows which of the two it is.
impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = Bytes;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a text or bytes")
            }

            fn visit_str<E>(self, text: &str) -> Result<Bytes, E> {
                Ok(Bytes::Text(text.to_owned()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut bytes: A) -> Result<Bytes, A::Error> {
                let mut raw = Vec::new();
                while let Some(byte) = bytes.next_element()? {
                    raw.push(byte);
                }
                Ok(Bytes::Raw(raw))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Bytes {
    fn new(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Raw(error.into_bytes()), Self::Text)
    }

    fn into_bytes(self) -> BString {
        match self {
            Self::Text(text) => text.into(),
            Self::Raw(bytes) => bytes.into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct FindingPart {
    rule: String,
    severity: String,
    confidence: String,
    path: Bytes,
    members: Vec<Bytes>,
    kind: String,
    commit: Option<String>,
    object: Option<String>,
    span: (usize, usize),
    start: (usize, usize, usize),
    end: (usize, usize, usize),
    redacted: Option<String>,
    fingerprint: String,
    first_line: usize,
    snippet: String,
    mark: (usize, usize),
    proof: Option<String>,
    decoded: Vec<String>,
    note: Option<String>,
    suppression: Option<SuppressionPart>,
    history: Option<(String, Option<ActPart>)>,
    blocking: bool,
}

#[derive(Serialize, Deserialize)]
struct SuppressionPart {
    kind: String,
    reason: Option<String>,
    owner: Option<String>,
    until: Option<String>,
    place: String,
}

#[derive(Serialize, Deserialize)]
struct ActPart {
    commit: String,
    author: Bytes,
    time: i64,
}

#[derive(Serialize, Deserialize)]
struct SoughtPart {
    rule: String,
    fingerprint: String,
    carriers: Vec<(WayPart, Vec<String>)>,
}

#[derive(Serialize, Deserialize)]
struct WayPart {
    kind: String,
    suffix: Bytes,
    only: Option<Bytes>,
}

#[derive(Serialize, Deserialize)]
struct ReceiptPart {
    rules: u64,
    refs: u64,
    commits: u64,
    moved: u64,
    contents: u64,
    known: u64,
    bytes: u64,
    fresh_bytes: u64,
    skipped: Vec<(String, u64)>,
    suppressed: Vec<(String, u64)>,
    unsure: u64,
    disproved: u64,
    unfinished: String,
    notes: Vec<String>,
}

/// Writes part `number` of `of`.
///
/// # Errors
///
/// Those of `target`.
pub fn write(input: Input<'_>, (number, of): (u64, u64), target: &mut dyn io::Write) -> io::Result<()> {
    let options = Options { show_secrets: false, ..input.options.clone() };
    let view = View::new(Input { options: &options, ..input });
    let outcome = input.outcome;
    let text = |text: &str| String::from_utf8_lossy(&view.raw(text.as_bytes())).into_owned();
    let document = Document {
        head: Head {
            abatis_shard: VERSION,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            number,
            of,
            rules: digest(input.rules),
            subject: input.options.subject.clone(),
        },
        today: outcome.today.map(|day| day.0),
        findings: outcome.findings.iter().map(|finding| part(&view, finding)).collect(),
        suppressed: outcome.suppressed.iter().map(|finding| part(&view, finding)).collect(),
        sought: outcome.sought.iter().map(|sought| sought_part(&view, sought)).collect(),
        problems: outcome
            .problems
            .iter()
            .map(|problem| (Bytes::new(view.raw(&problem.subject)), text(&problem.message)))
            .collect(),
        warnings: outcome.warnings.iter().map(|warning| text(warning)).collect(),
        receipt: receipt_part(&outcome.receipt),
    };
    serial::line(&document, target)
}

/// Reads a part back; the rules must be those that it was made with.
///
/// # Errors
///
/// What is wrong with it, as a sentence that says what to do.
pub fn read(text: &[u8], rules: &RuleSet) -> Result<(Head, Outcome), String> {
    let head: Head = serde_json::from_slice(text)
        .map_err(|_| "this is not the result of `abatis audit --shard K/N`".to_owned())?;
    if head.abatis_shard != VERSION || head.tool != env!("CARGO_PKG_VERSION") {
        return Err(format!(
            "it was made by abatis {}; run all parts and the merge with one version",
            head.tool
        ));
    }
    if head.rules != digest(rules) {
        return Err(
            "it was made with other rules; give the merge the options and the configuration of the parts"
                .to_owned(),
        );
    }
    let document: Document = serde_json::from_slice(text)
        .map_err(|error| format!("it is damaged ({error}); run this part again"))?;
    let outcome = outcome(document, rules).ok_or("it is damaged; run this part again")?;
    Ok((head, outcome))
}

fn digest(rules: &RuleSet) -> String {
    rules.digest().iter().map(|byte| format!("{byte:02x}")).collect()
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::File, "file"),
    (Kind::Symlink, "symlink"),
    (Kind::CommitMessage, "commit-message"),
    (Kind::TagMessage, "tag-message"),
    (Kind::Stdin, "stdin"),
];

fn kind_name(kind: Kind) -> String {
    KINDS.iter().find(|(one, _)| *one == kind).map_or("file", |(_, name)| name).to_owned()
}

fn kind_from(name: &str) -> Option<Kind> {
    KINDS.iter().find(|(_, one)| *one == name).map(|(kind, _)| *kind)
}

fn part(view: &View<'_>, finding: &Finding) -> FindingPart {
    let origin = &finding.origin;
    let bytes = |bytes: &[u8]| Bytes::new(view.raw(bytes));
    let text = |text: &String| String::from_utf8_lossy(&view.raw(text.as_bytes())).into_owned();
    let snippet = view.snippet(finding);
    let place = |at: Position| (at.line, at.column, at.character);
    FindingPart {
        rule: finding.rule.to_string(),
        severity: finding.severity.name().to_owned(),
        confidence: finding.confidence.name().to_owned(),
        path: bytes(&origin.path),
        members: origin.members.iter().map(|member| bytes(member)).collect(),
        kind: kind_name(origin.kind),
        commit: origin.commit.map(|id| id.to_string()),
        object: origin.object.map(|id| id.to_string()),
        span: (finding.span.start, finding.span.end),
        start: place(finding.start),
        end: place(finding.end),
        redacted: view.redacted(finding),
        fingerprint: finding.fingerprint.to_string(),
        first_line: snippet.first_line,
        mark: (snippet.mark.start, snippet.mark.end),
        snippet: snippet.text,
        proof: finding.proof.map(str::to_owned),
        decoded: finding.decoded.iter().map(|encoding| encoding.name().to_owned()).collect(),
        note: finding.note.as_ref().map(text),
        suppression: finding.suppression.as_ref().map(|suppression| SuppressionPart {
            kind: suppression.kind.name().to_owned(),
            reason: suppression.reason.as_ref().map(text),
            owner: suppression.owner.as_ref().map(text),
            until: suppression.until.clone(),
            place: text(&suppression.place),
        }),
        history: finding.history.as_ref().map(|history| {
            let since = history.since.as_ref().map(|since| ActPart {
                commit: since.commit.to_string(),
                author: bytes(&since.author),
                time: since.time,
            });
            (history.presence.name().to_owned(), since)
        }),
        blocking: finding.blocking,
    }
}

fn sought_part(view: &View<'_>, (rule, fingerprint, sought): &(RuleId, Fingerprint, Sought)) -> SoughtPart {
    let way = |way: &Way| WayPart {
        kind: kind_name(way.kind),
        suffix: Bytes::new(view.raw(&way.suffix)),
        only: way.only.as_ref().map(|only| Bytes::new(view.raw(only))),
    };
    SoughtPart {
        rule: rule.to_string(),
        fingerprint: fingerprint.to_string(),
        carriers: sought
            .carriers
            .iter()
            .map(|(one, objects)| (way(one), objects.iter().map(ToString::to_string).collect()))
            .collect(),
    }
}

fn receipt_part(receipt: &Receipt) -> ReceiptPart {
    ReceiptPart {
        rules: receipt.rules,
        refs: receipt.refs,
        commits: receipt.commits,
        moved: receipt.moved,
        contents: receipt.contents,
        known: receipt.known,
        bytes: receipt.bytes,
        fresh_bytes: receipt.fresh_bytes,
        skipped: receipt.skipped.iter().map(|(why, number)| (why.name().to_owned(), *number)).collect(),
        suppressed: receipt
            .suppressed
            .iter()
            .map(|(kind, number)| (kind.name().to_owned(), *number))
            .collect(),
        unsure: receipt.unsure,
        disproved: receipt.disproved,
        unfinished: receipt.unfinished.clone(),
        notes: receipt.notes.clone(),
    }
}

fn outcome(document: Document, rules: &RuleSet) -> Option<Outcome> {
    let mut proofs = HashMap::new();
    let mut read = |parts: Vec<FindingPart>| -> Option<Vec<Finding>> {
        parts.into_iter().map(|part| finding(part, rules, &mut proofs)).collect()
    };
    let receipt = document.receipt;
    Some(Outcome {
        findings: read(document.findings)?,
        suppressed: read(document.suppressed)?,
        exposed: Vec::new(),
        sought: document.sought.into_iter().map(sought).collect::<Option<_>>()?,
        today: document.today.map(Day),
        problems: document
            .problems
            .into_iter()
            .map(|(subject, message)| Problem { subject: subject.into_bytes(), message })
            .collect(),
        warnings: document.warnings,
        receipt: Receipt {
            rules: receipt.rules,
            refs: receipt.refs,
            commits: receipt.commits,
            moved: receipt.moved,
            contents: receipt.contents,
            known: receipt.known,
            bytes: receipt.bytes,
            fresh_bytes: receipt.fresh_bytes,
            skipped: receipt
                .skipped
                .into_iter()
                .map(|(name, number)| Some((Skip::from_name(&name)?, number)))
                .collect::<Option<_>>()?,
            suppressed: receipt
                .suppressed
                .into_iter()
                .map(|(name, number)| Some((suppression_kind(&name)?, number)))
                .collect::<Option<_>>()?,
            unsure: receipt.unsure,
            disproved: receipt.disproved,
            unfinished: receipt.unfinished,
            scope: String::new(),
            notes: receipt.notes,
        },
    })
}

fn id(hex: &str) -> Option<ObjectId> {
    ObjectId::from_hex(hex.as_bytes())
}

/// An id that may be missing, but not wrong.
fn maybe(hex: Option<String>) -> Option<Option<ObjectId>> {
    match hex {
        None => Some(None),
        Some(hex) => id(&hex).map(Some),
    }
}

fn suppression_kind(name: &str) -> Option<SuppressionKind> {
    use SuppressionKind as Of;
    [Of::Inline, Of::Allowlist, Of::Baseline, Of::Override].into_iter().find(|kind| kind.name() == name)
}

fn finding(
    part: FindingPart,
    rules: &RuleSet,
    proofs: &mut HashMap<String, &'static str>,
) -> Option<Finding> {
    let (rule_index, rule) = rules.find(&part.rule)?;
    let place = |(line, column, character)| Position { line, column, character };
    let spans = [Encoding::Base64, Encoding::Hex, Encoding::Percent, Encoding::Escapes, Encoding::Utf16];
    let encoding = |name: String| spans.into_iter().find(|one| one.name() == name);
    let marked = part.snippet.get(part.mark.0..part.mark.1).is_some();
    Some(Finding {
        rule: rule.id.clone(),
        rule_index,
        title: rule.title.as_ref().into(),
        risk: rule.risk,
        severity: Severity::from_name(&part.severity)?,
        confidence: Confidence::from_name(&part.confidence)?,
        origin: Origin {
            repository: None,
            path: part.path.into_bytes(),
            members: part.members.into_iter().map(Bytes::into_bytes).collect(),
            kind: kind_from(&part.kind)?,
            commit: maybe(part.commit)?,
            object: maybe(part.object)?,
        },
        span: (part.span.0 <= part.span.1).then(|| Span::new(part.span.0, part.span.1))?,
        start: place(part.start),
        end: place(part.end),
        secret: part.redacted.map_or_else(|| Secret::new(b""), Secret::told),
        fingerprint: Fingerprint::from_hex(&part.fingerprint)?,
        snippet: Snippet {
            first_line: part.first_line,
            mark: marked.then(|| Span::new(part.mark.0, part.mark.1))?,
            text: part.snippet,
        },
        // Names of proofs live as long as the program; there are few, and each is kept once.
        proof: part.proof.map(|name| {
            *proofs.entry(name).or_insert_with_key(|name| Box::leak(name.clone().into_boxed_str()))
        }),
        decoded: part.decoded.into_iter().map(encoding).collect::<Option<_>>()?,
        note: part.note,
        suppression: match part.suppression {
            None => None,
            Some(suppression) => Some(Suppression {
                kind: suppression_kind(&suppression.kind)?,
                reason: suppression.reason,
                owner: suppression.owner,
                until: suppression.until,
                place: suppression.place,
            }),
        },
        history: match part.history {
            None => None,
            Some((presence, since)) => Some(history(&presence, since)?),
        },
        blocking: part.blocking,
    })
}

fn history(presence: &str, since: Option<ActPart>) -> Option<History> {
    let known = [Presence::Unreachable, Presence::Past, Presence::Tip];
    let presence = known.into_iter().find(|one| one.name() == presence)?;
    let since = match since {
        None => None,
        Some(act) => Some(
            Introduction { commit: id(&act.commit)?, author: act.author.into_bytes(), time: act.time }.into(),
        ),
    };
    Some(History { since, presence })
}

fn sought(part: SoughtPart) -> Option<(RuleId, Fingerprint, Sought)> {
    let carriers = part.carriers.into_iter().map(|(way, objects)| {
        let way = Way {
            kind: kind_from(&way.kind)?,
            suffix: way.suffix.into_bytes(),
            only: way.only.map(Bytes::into_bytes),
        };
        Some((way, objects.iter().map(|hex| id(hex)).collect::<Option<_>>()?))
    });
    let carriers = carriers.collect::<Option<_>>()?;
    Some((RuleId::new(part.rule), Fingerprint::from_hex(&part.fingerprint)?, Sought { carriers }))
}
