//! What an installed hook calls: the command that stands for the hook, or a bypass that leaves a trace.
//!
//! Hook files name only this, so that they need not change when the program does. Must not scan.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use bstr::ByteSlice as _;

use super::{args::HookArgs, edge::Edge, install::git::Git};
use crate::filter::date::Date;

/// Skips the hooks of one command; its value is the reason.
const SKIP: &str = "ABATIS_SKIP";
/// The file in which `doctor` wants to read that a hook was reached.
pub(crate) const TRIAL: &str = "ABATIS_TRIAL";
/// Fewest letters of a reason: `1`, `y` and `no` are none.
const REASON_LETTERS: usize = 5;
/// Names of staged files, or of references, that are printed when they are skipped.
const NAMES_SHOWN: usize = 10;
/// The log, in the folder that all worktrees share.
pub(crate) const LOG: &str = "abatis/bypass.log";

/// What a hook is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Run this command line, the program's name in front.
    Run(Vec<OsString>),
    /// Nothing: it is skipped, and that is said and written down.
    Skipped,
}

/// Decides what the hook is to do. `may_skip` asks the configuration, and is asked only if a bypass is wanted.
///
/// # Errors
///
/// If the hook is not known, or a bypass is wanted that is not allowed, has no reason or cannot be written down.
pub(crate) fn prepare(args: &HookArgs, may_skip: impl FnOnce() -> Result<bool>) -> Result<Call> {
    note_trial(&args.name);
    let line = command_line(args)?;
    // On a server nobody skips: there are push options for that, which the server permits or not.
    let Some(reason) = Edge::variable(SKIP).filter(|_| args.name != "pre-receive") else {
        return Ok(Call::Run(line));
    };
    let reason = reason.to_string_lossy().into_owned();
    if reason.chars().filter(|letter| letter.is_alphabetic()).count() < REASON_LETTERS {
        bail!("{SKIP}: the reason is missing, so nothing is skipped; write {SKIP}='why it must be' git …");
    }
    if !may_skip()? {
        bail!("{SKIP}: the configuration forbids it ([hook] allow-bypass = false), so nothing is skipped");
    }
    skip(&args.name, &plain(&reason))?;
    Ok(Call::Skipped)
}

fn command_line(args: &HookArgs) -> Result<Vec<OsString>> {
    let mut line: Vec<OsString> = vec!["abatis".into()];
    match args.name.as_str() {
        "pre-commit" | "pre-merge-commit" => line.push("staged".into()),
        "commit-msg" => {
            let file = args.arguments.first().context("commit-msg: git passed no file with the message")?;
            line.extend(["commit-msg".into(), "--".into(), file.clone()]);
        }
        "pre-push" => {
            line.extend(["pre-push".into(), "--".into()]);
            line.extend(args.arguments.iter().take(2).cloned());
        }
        "pre-receive" => line.push("pre-receive".into()),
        other => bail!("{other}: not a hook that abatis knows"),
    }
    Ok(line)
}

/// Says to `doctor` that the hook was reached. A file that is not there is not made.
fn note_trial(hook: &str) {
    if let Some(path) = Edge::variable(TRIAL)
        && fs::metadata(&path).is_ok_and(|meta| meta.is_file())
        && let Ok(mut file) = OpenOptions::new().append(true).open(path)
    {
        // If it cannot be written, doctor says that the hook was not reached.
        drop(writeln!(file, "reached {}", plain(hook)));
    }
}

#[expect(clippy::print_stderr, reason = "a bypass is loud")]
fn skip(hook: &str, reason: &str) -> Result<()> {
    let git = Git::new(".")?;
    let log = git.ask_path(&["rev-parse", "--git-common-dir"])?.join(LOG);
    write_log(&git, &log, hook, reason)
        .with_context(|| format!("{}: cannot be written, so nothing is skipped", log.display()))?;
    let (what, names) = match hook {
        "commit-msg" => ("the commit message was".to_owned(), Vec::new()),
        "pre-push" => pushed()?,
        _ => staged(&git)?,
    };
    eprintln!("abatis: SKIPPED {hook}: {what} not scanned. Reason: {reason}");
    for name in names.iter().take(NAMES_SHOWN) {
        eprintln!("  not scanned: {}", name.escape_bytes());
    }
    if names.len() > NAMES_SHOWN {
        eprintln!("  and {} more", names.len() - NAMES_SHOWN);
    }
    eprintln!("abatis: recorded in {}", log.display());
    Ok(())
}

/// The staged files, and how many they are.
fn staged(git: &Git) -> Result<(String, Vec<Vec<u8>>)> {
    let names = git.run(["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z"])?.stdout;
    let names: Vec<Vec<u8>> =
        names.split(|&byte| byte == 0).filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect();
    let what = if names.len() == 1 {
        "1 staged file was".to_owned()
    } else {
        format!("{} staged files were", names.len())
    };
    Ok((what, names))
}

/// The references that git says it pushes, and how many they are.
fn pushed() -> Result<(String, Vec<Vec<u8>>)> {
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input).context("standard input: the references cannot be read")?;
    let local = |line: &[u8]| line.split(|&byte| byte == b' ').next().unwrap_or_default().to_vec();
    let names: Vec<Vec<u8>> = input.lines().filter(|line| !line.is_empty()).map(local).collect();
    let what = match names.len() {
        0 => "what is pushed was".to_owned(),
        1 => "1 reference was".to_owned(),
        several => format!("{several} references were"),
    };
    Ok((what, names))
}

/// One line: time, user, hook, HEAD, reason, with tabs between.
fn write_log(git: &Git, log: &Path, hook: &str, reason: &str) -> Result<()> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let user = git.ask(&["config", "user.email"]).ok().map(|email| email.to_str_lossy().into_owned());
    let login = || Edge::variable("USER").or_else(|| Edge::variable("USERNAME"));
    let user = user.or_else(|| login().map(|name| name.to_string_lossy().into_owned())).unwrap_or_default();
    let head = git.ask(&["rev-parse", "-q", "--verify", "HEAD"]).unwrap_or_default();
    let head = if head.is_empty() { "-".to_owned() } else { head.to_str_lossy().into_owned() };
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().append(true).create(true).open(log)?;
    let line = format!("{}\t{}\t{hook}\t{head}\t{reason}\n", time(seconds), plain(&user));
    file.write_all(line.as_bytes())?;
    Ok(())
}

/// A moment in the form of RFC 3339, UTC.
pub(super) fn time(seconds: u64) -> String {
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", Date::from_unix_seconds(seconds))
}

/// `text` on one line, without what could steer a terminal.
fn plain(text: &str) -> String {
    text.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, arguments: &[&str], expected: &[&str]) {
        let args =
            HookArgs { name: name.to_owned(), arguments: arguments.iter().map(OsString::from).collect() };
        let line = command_line(&args).unwrap_or_default();
        assert_eq!(line, expected.iter().map(OsString::from).collect::<Vec<_>>());
    }

    #[test]
    fn hooks_stand_for_commands() {
        check("pre-commit", &["ignored"], &["abatis", "staged"]);
        check("pre-merge-commit", &[], &["abatis", "staged"]);
        check("commit-msg", &["-odd"], &["abatis", "commit-msg", "--", "-odd"]);
        check("commit-msg", &[], &[]);
        check("pre-push", &["origin", "-u"], &["abatis", "pre-push", "--", "origin", "-u"]);
        check("pre-receive", &[], &["abatis", "pre-receive"]);
        check("post-commit", &[], &[]);
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(time(1_704_164_645), "2024-01-02T03:04:05Z");
    }

    #[test]
    fn log_lines_stay_lines() {
        assert_eq!(plain(" a\n\tb\u{1b}[31m "), "a  b [31m");
    }
}
