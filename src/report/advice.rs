//! What a report tells people to do: why a finding matters, how to fix it, how to allow it.
//!
//! Must not lay out: sentences and commands only.

use std::fmt::Write as _;

use crate::{
    finding::{Finding, Risk},
    report::{Mode, group::Group, view::View},
    rule::Detector,
};

/// Paths named in one command; more would hide the command.
const COMMAND_PATHS: usize = 4;
/// Commits named in one step.
const COMMITS: usize = 4;
/// The risk of credentials: their findings hold a value that must be replaced.
const CREDENTIALS: u8 = 1;

/// Why findings of this risk matter, as a sentence.
pub(crate) const fn why(risk: Risk) -> &'static str {
    match risk.number() {
        1 => "Whoever reads the repository can act as the owner of this credential.",
        2 => "Data kept this way can be read, and sometimes changed, by anyone.",
        3 => "What ships with a known default is tried first by every attacker.",
        4 => "Somebody gets to do more than their task needs.",
        5 => "A service can be reached from where nobody should reach it.",
        6 => "An attack would leave no trace, or nobody would see it.",
        7 => "What nobody knows of is neither patched nor switched off.",
        8 => "Somebody else can take the name over and answer in its place.",
        9 => "What is lost cannot be brought back.",
        _ => "Accounts made by hand outlive the people and tasks they were made for.",
    }
}

/// What kind of thing was found, as far as advice depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nature {
    /// A value that gives access.
    Secret,
    /// A file that should not be there.
    File,
    /// A setting that should be another.
    Setting,
}

fn nature(view: &View<'_>, finding: &Finding) -> Nature {
    match view.rule(finding).map(|(_, rule)| &rule.detector) {
        Some(Detector::File(_)) => Nature::File,
        _ if finding.risk.number() == CREDENTIALS => Nature::Secret,
        _ => Nature::Setting,
    }
}

/// What is being stopped, for "blocks …".
pub(crate) const fn stopped(mode: Mode) -> &'static str {
    match mode {
        Mode::Staged | Mode::Message => "this commit",
        Mode::Push | Mode::Receive => "this push",
        Mode::Scan | Mode::Range | Mode::Audit => "this run",
    }
}

/// Steps that fix the findings of `groups`, in the order to do them.
pub(crate) fn steps(view: &View<'_>, groups: &[Group<'_>]) -> Vec<String> {
    let has = |wanted| groups.iter().flat_map(Group::findings).any(|finding| nature(view, finding) == wanted);
    let (secrets, files, settings) = (has(Nature::Secret), has(Nature::File), has(Nature::Setting));
    let mode = view.options().mode;
    let rotate = "Rotate the secret first: whoever could read it may have it already, and taking it out \
                  of the text does not take it back.";
    let move_out = "Move the value to an environment variable or a secret manager, and leave only its \
                    name in the text.";
    let mut steps = Vec::new();
    let mut add = |wanted: bool, step: &str| {
        if wanted {
            steps.push(step.to_owned());
        }
    };
    match mode {
        Mode::Staged => {
            let paths = command_paths(view, groups);
            add(
                true,
                &format!(
                    "Unstage: `git restore --staged {paths}` (before the first commit: `git rm --cached {paths}`)."
                ),
            );
            add(secrets, move_out);
            add(files, "Keep the file out of git: name it in .gitignore.");
            add(settings, "Change the setting as said under `help`.");
            add(true, "Stage again with `git add`, and commit.");
            add(secrets, "Rotate the secret if it ever left this machine.");
        }
        Mode::Message => {
            add(true, "Edit the message and commit again; git keeps the text in .git/COMMIT_EDITMSG.");
            add(secrets, "Rotate the secret if it ever left this machine.");
        }
        Mode::Push | Mode::Receive | Mode::Range => {
            add(secrets && mode == Mode::Range, rotate);
            add(secrets, move_out);
            add(files, "Take the file out with `git rm --cached`, and name it in .gitignore.");
            add(settings, "Change the setting as said under `help`.");
            add(true, &rewrite(groups));
            add(secrets && mode == Mode::Push, "Rotate the secret if it ever left this machine.");
            add(
                secrets && mode == Mode::Receive,
                "Rotate the secret: it has left the machine it was written on.",
            );
        }
        Mode::Scan | Mode::Audit => {
            add(secrets, rotate);
            add(secrets, move_out);
            add(files, "Take the file out with `git rm --cached`, and name it in .gitignore.");
            add(settings, "Change the setting as said under `help`.");
            add(
                secrets && mode == Mode::Audit,
                "History keeps the old value. Once it is rotated it is worthless and may stay; to \
                 remove it all the same, rewrite history and have every clone made anew.",
            );
        }
    }
    steps
}

/// Ways to allow what is meant to be there, in the order of preference.
pub(crate) fn allowances(view: &View<'_>, groups: &[Group<'_>]) -> Vec<String> {
    let mut ways = Vec::new();
    let in_line = groups.iter().find(|group| group.first.start.line > 0);
    if let Some(group) = in_line {
        ways.push(format!(
            "On the line or the one above, in a comment: `abatis:allow {} REASON`.",
            view.text(group.first.rule.as_str())
        ));
    }
    if view.options().mode == Mode::Receive {
        ways.push("The server may not honour comments: ask those who run it.".to_owned());
    } else if view.options().mode != Mode::Message {
        ways.push(
            "In the baseline, for what was there before: `abatis baseline update --reason \"REASON\"`."
                .to_owned(),
        );
    }
    ways
}

/// Which commits to change, and how.
fn rewrite(groups: &[Group<'_>]) -> String {
    let mut commits: Vec<String> = Vec::new();
    for finding in groups.iter().flat_map(Group::findings) {
        if let Some(commit) = finding.origin.commit {
            let short = commit.short();
            if !commits.contains(&short) {
                commits.push(short);
            }
        }
    }
    let again = "A further commit that removes it is not enough: the old one would still be sent.";
    match commits.as_slice() {
        [] => format!(
            "Change the commit that brings it in: `git commit --amend` for the last one, `git rebase -i` \
             for an older one. {again}"
        ),
        [commit] => format!(
            "Change commit {commit}: `git commit --amend` if it is the last one, else `git rebase -i \
             {commit}^`, and mark it `edit` or `drop`. {again}"
        ),
        shown => {
            let more = shown.len().saturating_sub(COMMITS);
            let mut list = shown[..shown.len() - more].join(", ");
            if more > 0 {
                let _ = write!(list, " and {more} more");
            }
            format!(
                "Change the commits {list}: `git rebase -i COMMIT^` with the oldest of them, and mark \
                 each `edit` or `drop`. {again}"
            )
        }
    }
}

/// The paths of `groups` as arguments of a shell command.
fn command_paths(view: &View<'_>, groups: &[Group<'_>]) -> String {
    let mut paths: Vec<Vec<u8>> = Vec::new();
    for finding in groups.iter().flat_map(Group::findings) {
        // The member of an archive is not a path that git knows.
        let path = view.raw(&finding.origin.path);
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    if paths.len() > COMMAND_PATHS {
        return "PATH…".to_owned();
    }
    let words: Vec<_> = paths.iter().map(|path| shell_word(&pathspec(path))).collect();
    words.join(" ")
}

/// `path` as git takes it from any folder of the work tree, and as nothing but a path.
fn pathspec(path: &[u8]) -> Vec<u8> {
    let is_glob = path.iter().any(|byte| b"*?[\\".contains(byte));
    let magic: &[u8] = if is_glob { b":(top,literal)" } else { b":/" };
    [magic, path].concat()
}

/// `path` quoted for a POSIX shell; where it holds what cannot be shown, in the `$'…'` form
/// that bash, zsh and POSIX.1-2024 know.
fn shell_word(path: &[u8]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+,:@%=".contains(byte);
    if !path.is_empty() && path.iter().all(is_plain) {
        return String::from_utf8_lossy(path).into_owned();
    }
    if path.iter().all(|byte| (b' '..=b'~').contains(byte) && *byte != b'\'') {
        return format!("'{}'", String::from_utf8_lossy(path));
    }
    let mut word = String::from("$'");
    for &byte in path {
        match byte {
            b'\'' | b'\\' => word.extend(['\\', char::from(byte)]),
            b' '..=b'~' => word.push(char::from(byte)),
            // Three octal digits: unlike \x, no shell reads on after them.
            _ => {
                let _ = write!(word, "\\{byte:03o}");
            }
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_words_are_safe_to_paste() {
        for (path, expected) in [
            (&b"src/a.rs"[..], "src/a.rs"),
            (b"a b;$(x)", "'a b;$(x)'"),
            (b"it's", r"$'it\'s'"),
            (b"a\n\x1b[1m\xff", r"$'a\012\033[1m\377'"),
            (b"", "''"),
        ] {
            assert_eq!(shell_word(path), expected);
        }
    }

    #[test]
    fn pathspecs_are_nothing_but_paths() {
        assert_eq!(pathspec(b"-x/a.rs"), b":/-x/a.rs");
        assert_eq!(shell_word(&pathspec(b"a[1].rs")), "':(top,literal)a[1].rs'");
    }

    #[test]
    fn every_risk_has_its_reason() {
        let reasons: std::collections::BTreeSet<_> = (1..=10).filter_map(Risk::new).map(why).collect();
        assert_eq!(reasons.len(), 10);
    }
}
