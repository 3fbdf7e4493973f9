//! `abatis audit --rewrite-plan FILE`: the expressions for git filter-repo, which hold the secrets, and beside them the
//! list of what to rotate first, which holds none.
//!
//! The files are made before the scan and never written over, and the one with secrets can be read by its owner only.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::run::Done;
use crate::{
    finding::Finding,
    origin::Kind,
    report::{Input, Mode, Options, rotation},
    source::git::{
        objects::{Objects, Type},
        repo::Repo,
    },
};

/// The risk of credentials.
const CREDENTIALS: u8 = 1;
/// Values shorter than this are replaced only where no letter or digit touches them.
const SHORT: usize = 12;
/// Letters alone that are shorter than this are words: they are not replaced.
const WORD: usize = 12;
/// Values shorter than this are never replaced.
const SHORTEST: usize = 5;
/// What a value is replaced by.
const REPLACEMENT: &[u8] = b"***REMOVED***";

/// The two files, open and empty.
pub(super) struct Rewrite {
    path: PathBuf,
    plan: File,
    list_path: PathBuf,
    list: File,
}

impl Rewrite {
    /// Makes the files; one that is there is not touched.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".rotate.md");
        let list_path = path.with_file_name(name);
        let refuse = |path: &Path| {
            format!(
                "{}: cannot make the rewrite plan (a file that is there is never written over)",
                path.display()
            )
        };
        let plan = private(path).with_context(|| refuse(path))?;
        let list = private(&list_path).with_context(|| refuse(&list_path));
        if list.is_err() {
            // Nothing is in it yet.
            let _removed = fs::remove_file(path);
        }
        Ok(Self { path: path.to_owned(), plan, list_path, list: list? })
    }

    /// Fills the files from what was found, and says on standard error what they are.
    #[expect(
        clippy::print_stderr,
        reason = "it must be said that a file holds secrets, whatever the report's format"
    )]
    pub(super) fn write(mut self, done: &Done, repo: &Repo) -> anyhow::Result<()> {
        let shown = self.path.display().to_string();
        let mut expressions = Expressions { objects: repo.objects().ok(), ..Expressions::default() };
        for finding in done.outcome.findings.iter().filter(|finding| finding.risk.number() == CREDENTIALS) {
            expressions.add(finding);
        }
        let Expressions { mut lines, ordinary, unread, .. } = expressions;
        // A value inside another must not spoil it.
        lines.sort_by(|one, two| (two.0, &one.1).cmp(&(one.0, &two.1)));
        lines.dedup();
        let failed = || format!("{shown}: cannot write the rewrite plan");
        for (_, line) in &lines {
            self.plan.write_all(line).and_then(|()| self.plan.write_all(b"\n")).with_context(failed)?;
        }
        let plan = rotation::Plan { file: shown.clone(), expressions: lines.len(), ordinary, unread };
        let options = Options { mode: Mode::Audit, ..Options::default() };
        let input = Input { outcome: &done.outcome, rules: done.plan.scanner.rules(), options: &options };
        let mut text = Vec::new();
        rotation::write(input, &plan, &mut text)?;
        self.list
            .write_all(&text)
            .with_context(|| format!("{}: cannot be written", self.list_path.display()))?;
        eprintln!(
            "abatis: {shown} HOLDS {} IN CLEAR TEXT, for git filter-repo; only you can read it. Delete it after use.\n\
             abatis: {} says what to rotate first; it holds no secret.",
            if lines.len() == 1 { "1 SECRET".to_owned() } else { format!("{} SECRETS", lines.len()) },
            self.list_path.display(),
        );
        Ok(())
    }
}

/// The lines for git filter-repo, with the length of each value.
#[derive(Default)]
struct Expressions {
    objects: Option<Objects>,
    lines: Vec<(usize, Vec<u8>)>,
    ordinary: Vec<crate::finding::Fingerprint>,
    unread: Vec<crate::finding::Fingerprint>,
}

impl Expressions {
    fn add(&mut self, finding: &Finding) {
        if finding.secret.is_empty() || !finding.origin.members.is_empty() {
            return;
        }
        let value = if finding.decoded.is_empty() {
            finding.secret.expose().to_vec()
        } else if let Some(value) = self.as_written(finding) {
            value
        } else {
            push(&mut self.unread, finding);
            return;
        };
        match expression(&value) {
            Some(line) => self.lines.push((value.len(), line)),
            None => push(&mut self.ordinary, finding),
        }
    }

    /// The bytes of an encoded value as they stand in the file.
    fn as_written(&self, finding: &Finding) -> Option<Vec<u8>> {
        if !matches!(finding.origin.kind, Kind::File | Kind::Symlink) {
            return None;
        }
        let object = self.objects.as_ref()?.read(&finding.origin.object?, Type::Blob).ok()?;
        let value = object.get(finding.span.start..finding.span.end)?;
        (!value.is_empty()).then(|| value.to_vec())
    }
}

fn push(prints: &mut Vec<crate::finding::Fingerprint>, finding: &Finding) {
    if !prints.contains(&finding.fingerprint) {
        prints.push(finding.fingerprint);
    }
}

/// The line for a value; `None` if it is too ordinary to be replaced wherever it stands.
fn expression(value: &[u8]) -> Option<Vec<u8>> {
    let is_word = value.len() < WORD && value.iter().all(u8::is_ascii_alphabetic);
    if value.len() < SHORTEST || is_word {
        return None;
    }
    let short = value.len() < SHORT;
    let mut line = Vec::with_capacity(value.len() + 64);
    if !short && !value.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        line.extend_from_slice(b"literal:");
        line.extend_from_slice(value);
    } else {
        line.extend_from_slice(b"regex:");
        if short {
            line.extend_from_slice(b"(?<![0-9A-Za-z_])");
        }
        for &byte in value {
            if byte.is_ascii_alphanumeric() {
                line.push(byte);
            } else {
                line.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
            }
        }
        if short {
            line.extend_from_slice(b"(?![0-9A-Za-z_])");
        }
    }
    line.extend_from_slice(b"==>");
    line.extend_from_slice(REPLACEMENT);
    Some(line)
}

/// A new file that nobody but its owner can read.
#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A new file whose inherited rights are taken away while it is empty, by the tool that Windows has for that.
#[cfg(windows)]
fn private(path: &Path) -> std::io::Result<File> {
    use std::process::{Command, Stdio};
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    let user = super::edge::Edge::variable("USERNAME").unwrap_or_default();
    let mut grant = user;
    grant.push(":F");
    let mut command = Command::new("icacls");
    command.arg(path).args(["/inheritance:r", "/grant:r"]).arg(grant);
    let done = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !done.as_ref().is_ok_and(std::process::ExitStatus::success) {
        drop(file);
        let _removed = fs::remove_file(path);
        return Err(std::io::Error::other("its access rights could not be limited to you (icacls failed)"));
    }
    Ok(file)
}

/// A new file; this system has no rights that could be limited.
#[cfg(not(any(unix, windows)))]
fn private(path: &Path) -> std::io::Result<File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_literal_or_quoted() {
        let line = |value: &[u8]| expression(value).map(|line| String::from_utf8(line).unwrap());
        assert_eq!(line(b"a==>b.c+d/e-f0").as_deref(), Some("literal:a==>b.c+d/e-f0==>***REMOVED***"));
        assert_eq!(
            line(b"one\r\ntwo three").as_deref(),
            Some("regex:one\\x0d\\x0atwo\\x20three==>***REMOVED***")
        );
        assert_eq!(
            line(b"pass.1").as_deref(),
            Some("regex:(?<![0-9A-Za-z_])pass\\x2e1(?![0-9A-Za-z_])==>***REMOVED***")
        );
        assert_eq!((line(b"admin"), line(b"a1b2")), (None, None));
    }
}
