//! What a rule is, as plain data that can stand in a constant.
//!
//! `build.rs` includes this file, so it must not use more than the words of findings.

use std::borrow::Cow;

use super::condition::Structure;
use crate::finding::{Confidence, Risk, RuleId, Severity};

/// Text that is either built in or was read at run time.
pub type Text = Cow<'static, str>;
/// A list that is either built in or was read at run time.
pub type List<T> = Cow<'static, [T]>;

/// One detector.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Kebab-case name, unique in a rule set.
    pub id: RuleId,
    /// What was found, as a noun phrase.
    pub title: Text,
    /// Which of the ten cloud risks.
    pub risk: Risk,
    /// How bad.
    pub severity: Severity,
    /// How sure, before checks.
    pub confidence: Confidence,
    /// Words to select rules by; the pack's name is always one.
    pub tags: List<Text>,
    /// What to do about a finding.
    pub help: Text,
    /// Where the format or the setting is documented.
    pub docs: Text,
    /// Ids of the same check in other tools and in standards, such as `CKV_AWS_20` or `CIS AWS 3.0 2.1.4`.
    pub refs: List<Text>,
    /// Where it counts.
    pub gate: Gate,
    /// What is looked for.
    pub detector: Detector,
    /// What is looked for in documents: beside a pattern, the pattern speaks only where none of these is for the format.
    pub structures: List<Structure>,
    /// What belongs to the secret and stands within some lines of it.
    pub parts: List<Part>,
    /// Only paths that match one of these globs, if any are given.
    pub paths: List<Text>,
    /// What is never reported by this rule.
    pub allow: List<Allow>,
    /// Texts in which the rule must find something.
    pub matches: List<Example>,
    /// Texts in which it must find nothing.
    pub rejects: List<Example>,
    /// The file that defined it.
    pub source: Text,
}

impl Rule {
    /// Whether what it finds may depend on lines around that of its keyword, without end but its window.
    #[must_use]
    pub fn spans_lines(&self) -> bool {
        let over_lines = match &self.detector {
            Detector::Pattern(pattern) => pattern.multiline,
            Detector::Assignment(assignment) => assignment.is_statement(),
            _ => false,
        };
        over_lines || !self.parts.is_empty()
    }
}

/// The other half of a credential: the id of a key, the account of a token. It is reported with the secret, as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is, as a noun phrase.
    pub name: Text,
    /// The expression, as of [`Pattern::regex`], on single lines; it stands in the first group, else it is the match.
    pub regex: Text,
}

/// Where a rule's findings count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Gate {
    /// Stops a commit or a push, if the severity reaches the threshold.
    #[default]
    Block,
    /// Is reported, and never stops anything.
    Warn,
    /// Is reported by an audit only.
    Audit,
    /// Is not looked for.
    Off,
}

impl Gate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Block, Self::Warn, Self::Audit, Self::Off];

    /// The word used in packs and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
            Self::Audit => "audit",
            Self::Off => "off",
        }
    }

    /// Reads the word that [`Gate::name`] writes.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gate| gate.name() == name)
    }
}

/// An example text of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The path it is looked at under; empty for a neutral one.
    pub path: Text,
    /// The text.
    pub text: Text,
}

/// What a rule looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Detector {
    /// Literals, then a regular expression around them.
    Pattern(Pattern),
    /// A value of a known form that something gives to a provider's name, in any syntax.
    Bound(Bound),
    /// A value given to a key with a telling name, in any syntax.
    Assignment(Assignment),
    /// Path, size and mode.
    File(FileRule),
    /// Only what [`Rule::structures`] say.
    Structure,
}

/// Literals, then a regular expression on a window around the literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// One of these must be in the match. Lower case if `ignore_case`.
    pub keywords: List<Text>,
    /// Whether keywords and pattern ignore ASCII case.
    pub ignore_case: bool,
    /// The expression, over bytes; `\w`, `\b`, `\d` are ASCII. The secret is the group named
    /// `secret`, else the first group, else the whole match.
    pub regex: Text,
    /// Whether the match may span lines.
    pub multiline: bool,
    /// Least entropy of the secret, in bits a character.
    pub entropy: Option<f64>,
    /// Name of an offline proof (`detect::check`): a failed one drops the match.
    pub check: Text,
    /// Lengths of the secret that its provider documents, in bytes; of another length it is found at medium confidence at most,
    /// unless the check proves it.
    /// None are named if all that have the form are alike.
    pub lengths: List<u16>,
    /// Whether values that look like placeholders are dropped.
    pub placeholders: bool,
    /// Whether the form is marked enough to be looked for in binary content.
    pub binary: bool,
}

/// A value of a known form without a mark of its own: the name of its provider has to stand before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// Names of the provider, lower case; ASCII case is ignored.
    pub keywords: List<Text>,
    /// The expression of the value alone.
    pub value: Text,
    /// Whether the value ignores ASCII case.
    pub ignore_case: bool,
    /// Words of which one must stand in the key's name or beside it, lower case; any if empty.
    pub near: List<Text>,
    /// Least entropy of the value, in bits a character.
    pub entropy: Option<f64>,
    /// Name of an offline proof, as of [`Pattern::check`].
    pub check: Text,
    /// As of [`Pattern::lengths`].
    pub lengths: List<u16>,
    /// Bytes of the shortest value; follows from `value`.
    pub least: usize,
    /// Bytes of the longest value; follows from `value`.
    pub most: usize,
}

/// A value given to a key with a telling name.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Parts of key names, lower case, such as `passw`; with `columns`, what begins a statement that names some.
    pub keywords: List<Text>,
    /// Parts of the names of columns, lower case: rows of values that follow them in a statement are asked, each value by
    /// the name of its column. Empty if keys are asked.
    pub columns: List<Text>,
    /// How values are judged: `password` (people choose it) or `token` (a machine made it).
    pub classifier: Text,
    /// Odds from which a value counts at high, medium and low confidence.
    pub odds: Odds,
}

impl Assignment {
    /// Whether values are given to columns by a statement rather than to keys.
    #[must_use]
    pub fn is_statement(&self) -> bool {
        !self.columns.is_empty()
    }
}

/// The logarithms of the odds, in thousandths, from which a judged value counts at high, medium and low confidence.
pub type Odds = [i32; 3];

/// The odds that count where a rule does not say: `Medium` is what is reported by default, the point where precision
/// over the training data, grouped by repository, is about nine in ten; `High` is nearly always right.
pub const ODDS: Odds = [1300, -250, -1000];

/// Path, size and mode.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRule {
    /// Globs on the path, `/` between components; one must match, ASCII case ignored.
    pub names: List<Text>,
    /// Globs that rule a path out again.
    pub except: List<Text>,
    /// Least size in bytes.
    pub min_size: Option<u64>,
    /// Most size in bytes.
    pub max_size: Option<u64>,
    /// Only executable, or only not executable.
    pub executable: Option<bool>,
    /// A literal or expression that the content must hold, so that a name alone is not enough. What a group named `value`
    /// holds must be more than a placeholder, a template or a reference.
    pub content: Text,
}

/// Something that is never reported.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Allow {
    /// Rules or tags that it is about; empty for all.
    pub rules: List<Text>,
    /// Globs on the path.
    pub paths: List<Text>,
    /// Expressions on the secret.
    pub secrets: List<Text>,
    /// Expressions on the line of the secret.
    pub lines: List<Text>,
    /// Words that the secret holds, case ignored.
    pub stopwords: List<Text>,
    /// Commits, as hexadecimal ids or unique prefixes of at least seven digits.
    pub commits: List<Text>,
    /// Why.
    pub reason: Text,
    /// Last day on which it holds, as `YYYY-MM-DD`; empty for no end.
    pub until: Text,
    /// Where it was written: file and line.
    pub source: Text,
}
