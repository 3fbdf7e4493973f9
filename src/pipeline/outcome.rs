//! What a run found, and the receipt of what it looked at.

use std::collections::BTreeMap;

use crate::{
    finding::{
        Finding, Fingerprint, RuleId, SuppressionKind,
        exposure::{Day, Exposed},
    },
    source::{Problem, Skip, Sought},
};

/// What a run did, in numbers. Every run ends with it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Rules loaded.
    pub rules: u64,
    /// References looked at.
    pub refs: u64,
    /// Commits looked at.
    pub commits: u64,
    /// Entries that moved (staged paths, pushed objects); 0 where nothing can move.
    pub moved: u64,
    /// Contents scanned: files, blobs, messages, archive members.
    pub contents: u64,
    /// Bytes of those contents.
    pub bytes: u64,
    /// Bytes of them that were fresh.
    pub fresh_bytes: u64,
    /// Contents that an earlier run scanned and that were not read again.
    pub known: u64,
    /// Entries not looked at, by reason.
    pub skipped: BTreeMap<Skip, u64>,
    /// Findings not reported, by who said so.
    pub suppressed: BTreeMap<SuppressionKind, u64>,
    /// Matches not reported because they are less sure than was asked for.
    pub unsure: u64,
    /// Matches dropped because an offline proof failed.
    pub disproved: u64,
    /// What was left out because the run was ended early; empty if it was not.
    pub unfinished: String,
    /// The part of it all that was looked at, as it was asked for; empty for all.
    pub scope: String,
    /// What else must be known to judge what the numbers mean, as sentences.
    pub notes: Vec<String>,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Findings to report, in the order of [`Finding::sort_key`].
    pub findings: Vec<Finding>,
    /// Findings that something suppressed, in the same order.
    pub suppressed: Vec<Finding>,
    /// What history says of each secret that is reported, by rule and fingerprint; empty where there is no history.
    pub exposed: Vec<Exposed>,
    /// The objects that hold what is reported, where there is a history.
    pub sought: Vec<(RuleId, Fingerprint, Sought)>,
    /// The day that ages are counted to, where any are told.
    pub today: Option<Day>,
    /// What could not be read, sorted.
    pub problems: Vec<Problem>,
    /// Remarks that do not make a run incomplete, such as a suppression that expired.
    pub warnings: Vec<String>,
    /// What was done.
    pub receipt: Receipt,
}

impl Outcome {
    /// True if the run could not do its whole job: problems, no rules, cut short, or nothing
    /// looked at although something moved.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        let receipt = &self.receipt;
        let looked = receipt.contents > 0 || !receipt.skipped.is_empty();
        !self.problems.is_empty()
            || receipt.rules == 0
            || !receipt.unfinished.is_empty()
            || (receipt.moved > 0 && !looked)
    }

    /// True if a finding stops the run.
    #[must_use]
    pub fn is_blocking(&self) -> bool {
        self.findings.iter().any(|finding| finding.blocking)
    }
}
