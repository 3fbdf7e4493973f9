//! The machine-readable record of pushes: a line of JSON each, for a file, a log shipper or a webhook, or for
//! the system's log.
//!
//! Secrets are in it as in every report: redacted. Must not decide anything.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;
use serde_json::{Value, json};

use super::pusher::User;
use crate::source::git::push::updates::RefUpdate;

/// Updates that are listed one by one; of more, the number is told.
const MOST_UPDATES: usize = 1000;
/// Updates and findings in the system's log: programs that write it take eight kilobytes and more.
const FEW: usize = 10;

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
    fn line(&self) -> String {
        let mut record = self.value(MOST_UPDATES);
        record["report"] = self.report.clone().unwrap_or_default();
        format!("{record}\n")
    }

    /// The line for the system's log, which takes no long ones: findings by place alone.
    fn short(&self) -> String {
        let mut record = self.value(FEW);
        let findings = self.report.as_ref().and_then(|report| report["findings"].as_array());
        let place = |finding: &Value| {
            let keys = ["rule", "severity", "path", "line", "commit", "fingerprint", "blocking"];
            keys.iter().map(|&key| (key.to_owned(), finding[key].clone())).collect::<Value>()
        };
        record["findings_total"] = findings.map_or(0, Vec::len).into();
        record["findings"] = findings.into_iter().flatten().take(FEW).map(place).collect();
        record.to_string()
    }

    fn value(&self, most: usize) -> Value {
        let id = |id: Option<crate::origin::ObjectId>| id.map(|id| id.to_string());
        let updates: Vec<Value> = self
            .updates
            .iter()
            .take(most)
            .map(|update| {
                json!({ "ref": update.name.to_str_lossy(), "old": id(update.old), "new": id(update.new) })
            })
            .collect();
        json!({
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
        })
    }
}

/// Where records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sink {
    /// To the end of a file.
    File(PathBuf),
    /// To the system's log, by this socket.
    Syslog(PathBuf),
}

impl Sink {
    /// What is meant by the name of a file, `syslog`, or `syslog:SOCKET`; `whole` gives the place of a file.
    pub(crate) fn of(name: &Path, whole: impl FnOnce(&Path) -> PathBuf) -> Self {
        match name.to_str() {
            Some("syslog") => Self::Syslog(PathBuf::from("/dev/log")),
            Some(text) if text.starts_with("syslog:") => {
                Self::Syslog(PathBuf::from(&text["syslog:".len()..]))
            }
            _ => Self::File(whole(name)),
        }
    }

    /// Writes a record down.
    pub(crate) fn write(&self, record: &Record<'_>) -> Result<()> {
        match self {
            Self::File(path) => append(path, &record.line()),
            Self::Syslog(socket) => {
                // The facility is that of security messages; what is refused is a warning.
                let priority = AUTH * 8 + if record.verdict == "accepted" { INFORMATION } else { WARNING };
                send(socket, &format!("<{priority}>abatis[{}]: {}", std::process::id(), record.short()))
                    .with_context(|| {
                        format!("{}: cannot write the record to the system's log", socket.display())
                    })
            }
        }
    }
}

/// Facility and severities of the system's log.
const AUTH: u8 = 4;
const WARNING: u8 = 4;
const INFORMATION: u8 = 6;

#[cfg(unix)]
fn send(socket: &Path, message: &str) -> Result<()> {
    let own = std::os::unix::net::UnixDatagram::unbound()?;
    // A log that takes nothing must not hold the push up for ever.
    own.set_write_timeout(Some(std::time::Duration::from_secs(2)))?;
    own.send_to(message.as_bytes(), socket)?;
    Ok(())
}

#[cfg(not(unix))]
fn send(_: &Path, _: &str) -> Result<()> {
    anyhow::bail!("this system has none; name a file instead")
}

/// Appends a line to a file in one write, so that hooks that run at once do not mix theirs. A line that does
/// not fit is taken back.
fn append(path: &Path, line: &str) -> Result<()> {
    let shown = || format!("{}: cannot write the record", path.display());
    let mut file = OpenOptions::new().append(true).create(true).open(path).with_context(shown)?;
    file.lock().with_context(shown)?;
    let length = File::metadata(&file).with_context(shown)?.len();
    file.write_all(line.as_bytes()).with_context(|| {
        // It cannot be told to anyone else if this fails, too.
        drop(file.set_len(length));
        shown()
    })
}
