//! The machine-readable record of pushes: a line of JSON each, for a file, a log shipper or a webhook.
//!
//! Secrets are in it as in every report: redacted. Must not decide anything.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;
use serde_json::{Value, json};

use super::pusher::User;
use crate::source::git::push::updates::RefUpdate;

/// Updates that are listed one by one; of more, the number is told.
const MOST_UPDATES: usize = 1000;

/// What became of a push.
#[derive(Debug)]
pub(crate) struct Record<'r> {
    /// The moment, as RFC 3339.
    pub(crate) time: String,
    /// The names of the repository.
    pub(crate) repositories: &'r [Vec<u8>],
    /// Who pushed.
    pub(crate) user: &'r User,
    /// What was pushed.
    pub(crate) updates: &'r [RefUpdate],
    /// `accepted` or `refused`.
    pub(crate) verdict: &'static str,
    /// Why, if nothing in the report says it.
    pub(crate) reason: Option<String>,
    /// Milliseconds that it took.
    pub(crate) milliseconds: u128,
    /// The report as JSON, if there was a run.
    pub(crate) report: Option<Value>,
}

impl Record<'_> {
    /// The line, with its end.
    pub(crate) fn line(&self) -> String {
        let id = |id: Option<crate::origin::ObjectId>| id.map(|id| id.to_string());
        let updates: Vec<Value> = self
            .updates
            .iter()
            .take(MOST_UPDATES)
            .map(|update| {
                json!({ "ref": update.name.to_str_lossy(), "old": id(update.old), "new": id(update.new) })
            })
            .collect();
        let record = json!({
            "abatis": env!("CARGO_PKG_VERSION"),
            "time": self.time,
            "repository": self.repositories.first().map(|name| name.to_str_lossy().into_owned()),
            "user": self.user.name,
            "user_from": self.user.variable,
            "verdict": self.verdict,
            "reason": self.reason,
            "milliseconds": u64::try_from(self.milliseconds).unwrap_or(u64::MAX),
            "updates_total": self.updates.len(),
            "updates": updates,
            "report": self.report,
        });
        format!("{record}\n")
    }
}

/// Appends a line to a file in one write, so that hooks that run at once do not mix theirs.
pub(crate) fn append(path: &Path, line: &str) -> Result<()> {
    let shown = || format!("{}: cannot write the record", path.display());
    let mut file = OpenOptions::new().append(true).create(true).open(path).with_context(shown)?;
    file.lock().with_context(shown)?;
    file.write_all(line.as_bytes()).with_context(shown)
}
