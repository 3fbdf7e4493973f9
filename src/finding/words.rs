//! The words that rules and findings share: severity, confidence, risk, rule id.
//!
//! `build.rs` includes this file, so it must not use more than the standard library.

use std::{borrow::Cow, fmt};

/// How bad it is if the finding is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Poor practice.
    Low,
    /// A weakness that needs something else to be used.
    Medium,
    /// Can be used by whoever reads it.
    High,
    /// Gives away an account, a fleet or a store of data.
    Critical,
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word used in packs, options and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads the word that [`Severity::name`] writes.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// How sure it is that the finding is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A hint.
    Low,
    /// More likely real than not.
    Medium,
    /// The form leaves little doubt, or a proof passed.
    High,
}

impl Confidence {
    /// All of them, weakest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word used in packs, options and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Reads the word that [`Confidence::name`] writes.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|confidence| confidence.name() == name)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// One of the ten cloud risks, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Risk(u8);

impl Risk {
    /// Risk `number`, from 1 to 10.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= 10 { Some(Self(number)) } else { None }
    }

    /// The number, from 1 to 10.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The title used in reports.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self.0 {
            1 => "developer credentials",
            2 => "public storage",
            3 => "default configuration",
            4 => "broken access control",
            5 => "network exposure",
            6 => "monitoring and logging",
            7 => "inventory",
            8 => "domain hijacking",
            9 => "disaster recovery",
            _ => "manual accounts",
        }
    }

    /// Why it matters, in a sentence.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self.0 {
            1 => "Whoever reads the repository, a copy of it or its history can use what is written there.",
            2 => "Storage that everyone can reach is found by scanners within hours and copied whole.",
            3 => "Settings of delivery and of development are known to everyone and tried first.",
            4 => {
                "Rights that are not needed are what one stolen key or one mistake turns into all of the account."
            }
            5 => "What answers the whole internet is attacked by the whole internet.",
            6 => "What nobody records, nobody notices, and afterwards nobody can say what happened.",
            7 => "What is not known exactly cannot be kept up to date, and may be exchanged by others.",
            8 => "A name that points at something given up serves whoever claims that next, under your name.",
            9 => "A mistake or an attacker deletes it, and nothing brings it back.",
            _ => "Accounts made by hand outlive their owners and escape every central rule.",
        }
    }
}

/// The id of a rule, such as `github-pat`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(Cow<'static, str>);

impl RuleId {
    /// An id known when the program was built.
    #[must_use]
    pub const fn from_static(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// An id read at run time.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(Cow::Owned(id.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
