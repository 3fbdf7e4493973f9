//! Markers of other tools.
//!
//! Must not know where the marker stands, but for blocks, which are looked for in a text as a whole.

use super::{Answer, Date, Side, clean_reason, comment_text, dated, is_word};
use crate::{
    finding::{Suppression, SuppressionKind},
    text::Span,
};

/// Another tool whose markers are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// `betterleaks:allow`
    Betterleaks,
    /// `pragma: allowlist secret`, `pragma: allowlist nextline secret`
    DetectSecrets,
    /// `DevSkim: ignore ID until DATE by NAME`
    DevSkim,
    /// `ggignore`
    GitGuardian,
    /// `gitleaks:allow`
    Gitleaks,
    /// `kingfisher:ignore`, `kingfisher:allow`
    Kingfisher,
    /// `secretlint-disable`, `-line`, `-next-line`, until `secretlint-enable`
    Secretlint,
    /// `talisman-ignore`, `talisman:ignore`
    Talisman,
    /// `trufflehog:ignore`
    Trufflehog,
    /// `rules_to_suppress` in the metadata of a resource
    CfnNag,
    /// `checkov:skip=ID:REASON` in a block
    Checkov,
    /// `hadolint ignore=ID` above an instruction
    Hadolint,
    /// `kics-scan ignore-line`, `ignore-block`, `disable=ID`
    Kics,
    /// `ignore-check.kube-linter.io/CHECK` among the annotations
    KubeLinter,
    /// `nosemgrep`, `nosemgrep: ID`
    Semgrep,
    /// `tfsec:ignore:ID`
    Tfsec,
    /// `trivy:ignore:ID`
    Trivy,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Betterleaks,
        Self::DetectSecrets,
        Self::DevSkim,
        Self::GitGuardian,
        Self::Gitleaks,
        Self::Kingfisher,
        Self::Secretlint,
        Self::Talisman,
        Self::Trufflehog,
        Self::CfnNag,
        Self::Checkov,
        Self::Hadolint,
        Self::Kics,
        Self::KubeLinter,
        Self::Semgrep,
        Self::Tfsec,
        Self::Trivy,
    ];

    /// The word used in configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Betterleaks => "betterleaks",
            Self::DetectSecrets => "detect-secrets",
            Self::DevSkim => "devskim",
            Self::GitGuardian => "gitguardian",
            Self::Gitleaks => "gitleaks",
            Self::Kingfisher => "kingfisher",
            Self::Secretlint => "secretlint",
            Self::Talisman => "talisman",
            Self::Trufflehog => "trufflehog",
            Self::CfnNag => "cfn-nag",
            Self::Checkov => "checkov",
            Self::Hadolint => "hadolint",
            Self::Kics => "kics",
            Self::KubeLinter => "kube-linter",
            Self::Semgrep => "semgrep",
            Self::Tfsec => "tfsec",
            Self::Trivy => "trivy",
        }
    }

    /// Reads the word that [`Tool::name`] writes.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }
}

/// Where a marker was seen.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    /// On the secret's own line, or the line above.
    pub(super) side: Side,
    /// Whether nothing else stands on its line.
    pub(super) alone: bool,
}

/// What the marker `word` of `tool` says, with what stands behind it.
pub(super) fn foreign_marker(tool: Tool, word: &'static str, rest: &str, seen: Seen, today: Date) -> Answer {
    let own = seen.side == Side::Own;
    let ended = !rest.bytes().next().is_some_and(is_word);
    let lower = rest.get(..rest.len().min(64)).unwrap_or(rest).to_ascii_lowercase();
    let (holds, name) = match tool {
        Tool::Betterleaks | Tool::Gitleaks | Tool::GitGuardian | Tool::Talisman | Tool::Trufflehog => {
            (own && ended, word)
        }
        Tool::Kingfisher => (ended && (own || seen.alone), word),
        Tool::DetectSecrets => {
            let what = lower.trim_start_matches([' ', '-']);
            if let Some(what) = what.strip_prefix("nextline") {
                let what = what.trim_start_matches([' ', '-']);
                (!own && what.starts_with("secret"), "pragma: allowlist nextline secret")
            } else {
                (own && what.starts_with("secret"), "pragma: allowlist secret")
            }
        }
        Tool::Secretlint => match lower.strip_prefix('-') {
            Some(what) if what.starts_with("next-line") => (!own, "secretlint-disable-next-line"),
            Some(what) if what.starts_with("line") => (own, "secretlint-disable-line"),
            // A block is looked for in the text as a whole.
            _ => (false, word),
        },
        // These speak for blocks: `policy` reads them.
        Tool::CfnNag
        | Tool::Checkov
        | Tool::Hadolint
        | Tool::Kics
        | Tool::KubeLinter
        | Tool::Semgrep
        | Tool::Tfsec
        | Tool::Trivy => (false, word),
        Tool::DevSkim => return if own && ended { devskim(rest, today) } else { None },
    };
    holds.then(|| Ok(foreign(name)))
}

/// The suppression of a marker that gives no reason.
pub(super) fn foreign(name: &str) -> Suppression {
    Suppression {
        kind: SuppressionKind::Inline,
        reason: None,
        owner: None,
        until: None,
        place: name.to_owned(),
    }
}

/// `ID[,ID] [until DATE] [by NAME]`; the ids are that tool's own, and stand for all rules here.
fn devskim(rest: &str, today: Date) -> Answer {
    let mut until = None;
    let mut owner = None;
    let mut tokens = comment_text(rest).split_whitespace();
    tokens.next()?;
    while let Some(token) = tokens.next() {
        match token {
            "until" => until = tokens.next().map(ToOwned::to_owned),
            "by" => owner = tokens.next().and_then(clean_reason),
            _ => {}
        }
    }
    match dated(until.as_deref(), today) {
        Err(problem) => Some(Err(format!("DevSkim: ignore: {problem}"))),
        Ok(()) => Some(Ok(Suppression { owner, until, ..foreign("DevSkim: ignore") })),
    }
}

/// The parts of `bytes` between `secretlint-disable` and `secretlint-enable` (or the end).
pub(super) fn secretlint_blocks(bytes: &[u8]) -> Vec<Span> {
    const STEM: &[u8] = b"secretlint-";
    let mut blocks = Vec::new();
    let mut open = None;
    for at in memchr::memmem::find_iter(bytes, STEM) {
        let verb = &bytes[at + STEM.len()..];
        let is = |word: &[u8]| verb.starts_with(word) && !verb.get(word.len()).copied().is_some_and(is_word);
        if is(b"disable") {
            open = open.or(Some(at));
        } else if is(b"enable")
            && let Some(start) = open.take()
        {
            blocks.push(Span::new(start, at));
        }
    }
    blocks.extend(open.map(|start| Span::new(start, bytes.len())));
    blocks
}
