//! What a report tells people to do: why a finding matters, how to fix it, how to allow it.
//!
//! Must not lay out: sentences and commands only.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::{
    finding::Risk,
    origin::Kind,
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

/// What has to be mended in a set of findings.
#[derive(Default)]
struct Needs {
    /// Values that give access stand in a text.
    move_out: bool,
    /// Something that gives access was written down, in a text or as a file.
    rotate: bool,
    /// Files should not be there.
    remove: bool,
    /// Settings should be others.
    change: bool,
    /// Messages of tags hold something.
    retag: bool,
}

impl Needs {
    fn of(view: &View<'_>, groups: &[Group<'_>]) -> Self {
        let mut needs = Self::default();
        for finding in groups.iter().flat_map(Group::findings) {
            let detector = view.rule(finding).map(|(_, rule)| &rule.detector);
            let is_file = matches!(detector, Some(Detector::File(_)));
            let is_secret = finding.risk.number() == CREDENTIALS;
            needs.rotate |= is_secret;
            needs.remove |= is_file;
            needs.move_out |= is_secret && !is_file;
            needs.change |= !is_secret && !is_file;
            needs.retag |= finding.origin.kind == Kind::TagMessage;
        }
        needs
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
    let needs = Needs::of(view, groups);
    let mode = view.options().mode;
    let mut steps = Vec::new();
    let mut add = |wanted: bool, step: &str| {
        if wanted {
            steps.push(step.to_owned());
        }
    };
    match mode {
        Mode::Staged => {
            let unstage = command_paths(view, groups);
            add(
                true,
                &format!(
                    "Unstage: `git restore --staged {unstage}` (before the first commit: `git rm --cached` \
                     in place of `git restore --staged`)."
                ),
            );
            add(needs.move_out, MOVE_OUT);
            add(needs.remove, "Keep the file out of git: name it in .gitignore.");
            add(needs.change, CHANGE);
            add(true, "Stage again with `git add`, and commit.");
            add(needs.rotate, ROTATE_IF_SEEN);
        }
        Mode::Message => {
            add(true, "Edit the message and commit again; git keeps the text in .git/COMMIT_EDITMSG.");
            add(needs.rotate, ROTATE_IF_SEEN);
        }
        Mode::Push | Mode::Receive | Mode::Range => {
            add(needs.rotate && mode == Mode::Range, ROTATE_FIRST);
            add(needs.move_out, MOVE_OUT);
            add(needs.remove, REMOVE);
            add(needs.change, CHANGE);
            let only_tags =
                groups.iter().flat_map(Group::findings).all(|one| one.origin.kind == Kind::TagMessage);
            add(!only_tags, &rewrite(groups));
            add(needs.retag, "Make the tag anew: `git tag --force --annotate NAME`.");
            add(needs.rotate && mode == Mode::Push, ROTATE_IF_SEEN);
            add(
                needs.rotate && mode == Mode::Receive,
                "Rotate the secret: it has left the machine it was written on.",
            );
        }
        Mode::Scan | Mode::Audit => {
            add(needs.rotate, ROTATE_FIRST);
            add(needs.move_out, MOVE_OUT);
            add(needs.remove, REMOVE);
            add(needs.change, CHANGE);
            add(needs.rotate && mode == Mode::Audit, HISTORY);
        }
    }
    steps
}

const MOVE_OUT: &str = "Move the value to an environment variable or a secret manager, and leave only its name \
                        in the text.";
const REMOVE: &str = "Take the file out with `git rm --cached`, and name it in .gitignore.";
const CHANGE: &str = "Change the setting as said under `help`.";
const ROTATE_FIRST: &str = "Rotate the secret first: whoever could read it may have it already, and taking it \
                            out of the text does not take it back.";
const ROTATE_IF_SEEN: &str = "Rotate the secret if it ever left this machine.";
const HISTORY: &str = "History keeps the old value. Once it is rotated it is worthless and may stay; to remove \
                       it all the same, rewrite history and have every clone made anew.";

/// Ways to allow what is meant to be there, in the order of preference.
pub(crate) fn allowances(view: &View<'_>, groups: &[Group<'_>]) -> Vec<String> {
    let mut ways = Vec::new();
    let receive = view.options().mode == Mode::Receive;
    let in_line = groups.iter().find(|group| group.first.start.line > 0);
    if let Some(group) = in_line.filter(|_| !receive || view.options().comments) {
        let comment = if view.options().mode == Mode::Message { "" } else { ", in a comment" };
        let rule = view.text(group.first.rule.as_str());
        ways.push(format!("On the line or the one above{comment}: `abatis:allow {rule} REASON`."));
    }
    if receive {
        if let Some(group) =
            groups.iter().find(|group| group.blocking).filter(|_| view.options().push_options)
        {
            let rule = view.text(group.first.rule.as_str());
            ways.push(format!(
                "If you may, and it will be written down: \
                 `git push -o abatis.allow={rule} -o 'abatis.reason=WHY'`."
            ));
        }
        ways.push("Ask those who run the server.".to_owned());
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
    let mut seen = BTreeSet::new();
    let findings = groups.iter().flat_map(Group::findings);
    let commits: Vec<_> = findings
        .filter(|finding| finding.origin.kind != Kind::TagMessage)
        .filter_map(|finding| finding.origin.commit)
        .filter(|commit| seen.insert(*commit))
        .map(|commit| commit.short())
        .collect();
    let again = "A further commit that removes it is not enough: the old one would still be sent.";
    match commits.as_slice() {
        [] => format!(
            "Change the commit that brings it in: `git commit --amend` for the last one, `git rebase -i` \
             for an older one. {again}"
        ),
        [commit] => format!(
            "Change commit {commit}: `git commit --amend` if it is the last one, else `git rebase -i \
             {commit}^`, and mark it `edit`, `reword` (for its message) or `drop`. {again}"
        ),
        shown => {
            let more = shown.len().saturating_sub(COMMITS);
            let mut list = shown[..shown.len() - more].join(", ");
            if more > 0 {
                let _ = write!(list, " and {more} more");
            }
            format!(
                "Change the commits {list}: `git rebase -i COMMIT^` with the oldest of them, and mark \
                 each `edit`, `reword` (for its message) or `drop`. {again}"
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
        if paths.len() > COMMAND_PATHS {
            return "PATH…".to_owned();
        }
    }
    let words: Vec<_> = paths.iter().map(|path| shell_word(&pathspec(path))).collect();
    words.join(" ")
}

/// `path` as git takes it from any folder of the work tree, and as nothing but a path.
fn pathspec(path: &[u8]) -> Vec<u8> {
    let is_glob = path.iter().any(|byte| b"*?[\\".contains(byte));
    // After `:/`, git reads other punctuation as more magic.
    let is_short = path.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
    let magic: &[u8] = if is_short && !is_glob { b":/" } else { b":(top,literal)" };
    [magic, path].concat()
}

/// `path` quoted for a POSIX shell; where it holds what cannot be shown, in the `$'…'` form
/// that bash, zsh and POSIX.1-2024 know.
fn shell_word(path: &[u8]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+,:@%=".contains(byte);
    if !path.is_empty() && path.iter().all(is_plain) {
        return String::from_utf8_lossy(path).into_owned();
    }
    // A backtick would end the code that the command stands in.
    let is_quotable = |byte: &u8| (b' '..=b'~').contains(byte) && !b"'`".contains(byte);
    if path.iter().all(is_quotable) {
        return format!("'{}'", String::from_utf8_lossy(path));
    }
    let mut word = String::from("$'");
    for &byte in path {
        match byte {
            b'\'' | b'\\' => word.extend(['\\', char::from(byte)]),
            b' '..=b'~' if byte != b'`' => word.push(char::from(byte)),
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
            (b"a`b", r"$'a\140b'"),
            (b"", "''"),
        ] {
            assert_eq!(shell_word(path), expected);
        }
    }

    #[test]
    fn pathspecs_are_nothing_but_paths() {
        assert_eq!(pathspec(b".env"), b":/.env");
        assert_eq!(pathspec(b"-x/a.rs"), b":(top,literal)-x/a.rs");
        assert_eq!(shell_word(&pathspec(b"a[1].rs")), "':(top,literal)a[1].rs'");
    }

    #[test]
    fn every_risk_has_its_reason() {
        let reasons: BTreeSet<_> = (1..=10).filter_map(Risk::new).map(why).collect();
        assert_eq!(reasons.len(), 10);
    }
}
