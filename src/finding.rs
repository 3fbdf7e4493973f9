//! Matches, findings and what is said of them: severity, confidence, risk, suppression.
//!
//! Plain data. Must not decide anything.

use std::{fmt, sync::Arc};

use bstr::BString;

use crate::{
    origin::{History, Origin},
    secret::Secret,
    text::{Position, Span},
};

pub mod exposure;
mod words;

pub use words::{Confidence, Risk, RuleId, Severity};

/// A way in which a secret was hidden in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Base64, standard or URL alphabet.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// `%41`.
    Percent,
    /// `\x41`, `\u0041`, `\101`, `\n`.
    Escapes,
    /// UTF-16, little or big endian.
    Utf16,
}

impl Encoding {
    /// The word used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Percent => "percent",
            Self::Escapes => "escapes",
            Self::Utf16 => "utf-16",
        }
    }
}

/// A raw hit of one rule in one content: no origin, no verdict of a filter yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Place of the rule in its rule set.
    pub rule: u32,
    /// The secret, in the bytes of the content.
    pub span: Span,
    /// All that the pattern matched; contains `span`.
    pub whole: Span,
    /// The bytes that the match was decided on: while they stay the same, so does the match.
    pub depends: Span,
    /// The other parts of the credential, in the bytes of the content: an id, an account.
    pub parts: Vec<Span>,
    /// The value, decoded.
    pub secret: Secret,
    /// How sure, after the rule's checks.
    pub confidence: Confidence,
    /// At most this severity, where the value or its place matters less than the rule says.
    pub at_most: Option<Severity>,
    /// A word on a proof that passed, such as `github-crc32`.
    pub proof: Option<&'static str>,
    /// Whether an offline proof failed, or the value is a published example: counted, and never told.
    pub disproved: bool,
    /// What the value was wrapped in, outermost first.
    pub decoded: Vec<Encoding>,
    /// What a file or structure rule has to say about this place.
    pub note: Option<String>,
    /// What a structural rule knows besides.
    pub structure: Option<Box<Structural>>,
}

impl Match {
    /// True for a setting: it is shown as it is, where a secret is not.
    #[must_use]
    pub fn is_setting(&self) -> bool {
        self.structure.is_some() && self.secret.is_empty()
    }

    /// True if it is about the file or its name, not about a place in it.
    #[must_use]
    pub const fn is_on_file(&self) -> bool {
        self.span.is_empty() && self.whole.is_empty()
    }

    /// True if the structure of the document decided it, not a line of it alone.
    #[must_use]
    pub fn is_structural(&self) -> bool {
        self.structure.as_ref().is_some_and(|structure| structure.part != Structural::LINE)
    }
}

/// What is known of a match of a structural rule, or of a line that is a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structural {
    /// Which of the rule's matches it is.
    pub part: u32,
    /// Whether it was decided by something that is written for certain: not by what is missing, nor by what a template may leave out.
    pub written: bool,
    /// What tells it from others of the rule in the file: block and element, not line.
    pub identity: String,
    /// What a credential may be that is given here and written elsewhere: texts that are not to be shown.
    pub lent: Vec<Secret>,
}

impl Structural {
    /// In place of a part of a rule: a line decided, whose pattern is about a setting and not about a secret.
    pub const LINE: u32 = u32::MAX;
}

/// Identity of a finding across runs: 32 hexadecimal digits.
///
/// It depends on the rule and the value (for rules without a value, on the path), and on the
/// key of the run; not on line, commit or order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// Reads what `Display` writes.
    #[must_use]
    pub fn from_hex(hex: &str) -> Option<Self> {
        let hex = hex.as_bytes();
        if hex.len() != 32 {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = (high * 16 + low) as u8;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// Who said that a finding is not to be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuppressionKind {
    /// A comment on the line or the line above.
    Inline,
    /// An allowlist of a rule, a pack or a configuration.
    Allowlist,
    /// An entry of the baseline.
    Baseline,
    /// Permission given for one run: `--allow`, or a push option.
    Override,
}

impl SuppressionKind {
    /// The word used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Allowlist => "allowlist",
            Self::Baseline => "baseline",
            Self::Override => "override",
        }
    }
}

/// Why a finding is not reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Who said so.
    pub kind: SuppressionKind,
    /// The reason given, if any.
    pub reason: Option<String>,
    /// Who gave it, if said.
    pub owner: Option<String>,
    /// Last day on which it holds, as `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Where it stands: a file and line, or the marker's own name.
    pub place: String,
}

/// The lines around a finding, with every secret in them redacted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Snippet {
    /// Number of the first line shown.
    pub first_line: usize,
    /// The text: valid UTF-8, control characters made harmless, secrets redacted.
    pub text: String,
    /// The redacted secret inside `text`.
    pub mark: Span,
}

/// A match with an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that matched.
    pub rule: RuleId,
    /// Place of the rule in its rule set.
    pub rule_index: u32,
    /// The rule's title.
    pub title: Arc<str>,
    /// The risk that it belongs to.
    pub risk: Risk,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Where.
    pub origin: Origin,
    /// The secret's bytes in the content.
    pub span: Span,
    /// First byte of the secret. Line 0 for a finding on a file as a whole.
    pub start: Position,
    /// After the last byte of the secret.
    pub end: Position,
    /// The secret.
    pub secret: Secret,
    /// Identity across runs.
    pub fingerprint: Fingerprint,
    /// The place, ready to be shown.
    pub snippet: Snippet,
    /// A proof that passed.
    pub proof: Option<&'static str>,
    /// What the value was wrapped in, outermost first.
    pub decoded: Vec<Encoding>,
    /// What a file or structure rule has to say about this place.
    pub note: Option<String>,
    /// Set if the finding is not to be reported.
    pub suppression: Option<Suppression>,
    /// What history says of it, in an audit.
    pub history: Option<History>,
    /// Whether it stops the run, once the thresholds are known.
    pub blocking: bool,
}

impl Finding {
    /// The order of all reports: path, then place, then rule.
    #[must_use]
    pub fn sort_key(&self) -> (&Origin, Span, &RuleId) {
        (&self.origin, self.span, &self.rule)
    }

    /// Whether it stands nowhere in a content, so that its path tells it: found by a name, or in one.
    #[must_use]
    pub const fn is_of_name(&self) -> bool {
        self.start.line == 0
    }

    /// The path shown to people, archive members behind `!`.
    #[must_use]
    pub fn path(&self) -> BString {
        self.origin.full_path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for severity in Severity::ALL {
            assert_eq!(Severity::from_name(severity.name()), Some(severity));
        }
        for confidence in Confidence::ALL {
            assert_eq!(Confidence::from_name(confidence.name()), Some(confidence));
        }
        assert_eq!(Severity::from_name("High"), None);
        assert!(Severity::High < Severity::Critical);
    }

    #[test]
    fn risks_are_ten() {
        assert_eq!((Risk::new(0), Risk::new(11)), (None, None));
        let titles: std::collections::BTreeSet<_> = (1..=10).filter_map(Risk::new).map(Risk::title).collect();
        assert_eq!(titles.len(), 10);
    }

    #[test]
    fn fingerprints_read_back() {
        let print = Fingerprint([7; 16]);
        assert_eq!(Fingerprint::from_hex(&print.to_string()), Some(print));
        assert_eq!(Fingerprint::from_hex("07"), None);
    }
}
