//! The message of a commit, as it is before git takes its own remarks out of it.
//!
//! When git has opened an editor, the file still holds the comment lines of its template, and
//! with `--verbose` the whole diff below a scissors line. None of it reaches the commit, and it is
//! left out here; without an editor everything is kept, since git keeps it. Lines keep their
//! numbers.
//!
//! Must not change the file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bstr::{BString, ByteSlice as _};

use super::{environment::Environment, repo::Repo, repo::io_error};
use crate::{
    origin::{Entry, Kind, Origin},
    source::{Count, Source, SourceError, Visitor},
    text::{Fresh, Span},
};

/// The name of the message in reports, whatever the file is called.
const NAME: &str = "COMMIT_EDITMSG";
/// What follows the comment mark in the line above the diff of `--verbose`.
const SCISSORS: &[u8] = b" ------------------------ >8 ------------------------";
/// The marks that `core.commentChar = auto` chooses from.
const AUTO_MARKS: &[u8] = b"#;@!$%^&|:";

/// What marks a comment line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommentMark {
    /// This text at the start of a line.
    Text(BString),
    /// A character that git chose; its template ends with lines that show it.
    Auto,
}

/// What git takes out of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Nothing that could hold a secret.
    Nothing,
    /// What is below a scissors line.
    Scissors,
    /// Comment lines, and what is below a scissors line.
    Comments,
}

/// The message of a commit that is being made.
#[derive(Clone, Debug)]
pub struct Message {
    /// The file, as git names it to the commit-msg hook.
    pub file: PathBuf,
    /// What marks a comment line.
    pub mark: CommentMark,
    /// What git takes out.
    pub cleanup: Cleanup,
}

impl Message {
    /// The message in `file`, under the configuration of `repo`.
    ///
    /// `--cleanup` on the command line cannot be seen from a hook and is taken not to be there.
    ///
    /// # Errors
    ///
    /// If configuration cannot be read.
    pub fn new(file: &Path, repo: &Repo, environment: &Environment) -> Result<Self, SourceError> {
        let config = repo.config(environment)?;
        // Two names of one setting: the later one counts.
        let mark = match config.last_of(&["core.commentchar", "core.commentstring"]) {
            Some(mark) if mark.eq_ignore_ascii_case(b"auto") => CommentMark::Auto,
            Some(mark) if !mark.is_empty() => CommentMark::Text(mark.to_owned()),
            _ => CommentMark::Text("#".into()),
        };
        // git sets the editor to `:` for the hooks of a commit that opens none.
        let edited = environment.editor.as_deref().is_none_or(|editor| editor != ":");
        let mode = config.get("commit.cleanup").map(|mode| mode.to_ascii_lowercase());
        let cleanup = match (mode.as_deref(), edited) {
            (Some(b"strip"), false) => Cleanup::Comments,
            (_, false) => Cleanup::Nothing,
            (Some(b"verbatim" | b"whitespace" | b"scissors"), true) => Cleanup::Scissors,
            (_, true) => Cleanup::Comments,
        };
        Ok(Self { file: file.to_path_buf(), mark, cleanup })
    }
}

impl Source for Message {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let text = fs::read(&self.file).map_err(|error| io_error(&self.file, &error))?;
        let entry = Entry {
            origin: Origin { kind: Kind::CommitMessage, ..Origin::file(NAME) },
            size: Some(text.len() as u64),
            ..Entry::default()
        };
        visitor.count(Count::Moved, 1);
        if visitor.wants(&entry) {
            visitor.content(&entry, &text, &kept(&text, &self.mark, self.cleanup));
        }
        Ok(())
    }
}

/// The parts of a message that reach the commit.
#[must_use]
pub fn kept(text: &[u8], mark: &CommentMark, cleanup: Cleanup) -> Fresh {
    if cleanup == Cleanup::Nothing {
        return Fresh::All;
    }
    let chosen;
    let mark = match mark {
        CommentMark::Text(mark) => mark.as_slice(),
        CommentMark::Auto => {
            chosen = [auto_mark(text)];
            &chosen[..]
        }
    };
    let mut spans = Vec::new();
    let mut start = 0;
    for line in text.lines_with_terminator() {
        let span = Span::new(start, start + line.len());
        start = span.end;
        let comment = line.strip_prefix(mark);
        if comment.is_some_and(|rest| rest.trim_end() == SCISSORS) {
            break;
        }
        if comment.is_none() || cleanup == Cleanup::Scissors {
            spans.push(span);
        }
    }
    Fresh::from_spans(spans)
}

/// The mark that git chose: its template stands at the end of the message, above the diff.
fn auto_mark(text: &[u8]) -> u8 {
    let scissors = |line: &&[u8]| {
        line.split_first()
            .is_some_and(|(mark, rest)| AUTO_MARKS.contains(mark) && rest.trim_end() == SCISSORS)
    };
    let lines = || text.lines();
    let last = lines().find(scissors).or_else(|| lines().rfind(|line| !line.trim().is_empty()));
    match last.and_then(|line| line.first()) {
        Some(mark) if AUTO_MARKS.contains(mark) => *mark,
        // No template; the default does no harm, since such a message has no line that starts with it.
        _ => b'#',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, mark: &CommentMark, cleanup: Cleanup, expected: &str) {
        let kept: String = kept(text.as_bytes(), mark, cleanup)
            .spans(text.len())
            .iter()
            .map(|span| &text[span.start..span.end])
            .collect();
        assert_eq!(kept, expected, "{text:?} {mark:?} {cleanup:?}");
    }

    #[test]
    fn what_git_takes_out_is_left_out() {
        let cut = "------------------------ >8 ------------------------";
        let hash = CommentMark::Text("#".into());
        let text = format!("title\n# note\n #kept\n# {cut}\n# more\ndiff\n+secret\n");
        check(&text, &hash, Cleanup::Comments, "title\n #kept\n");
        check(&text, &hash, Cleanup::Scissors, "title\n# note\n #kept\n");
        check(&text, &hash, Cleanup::Nothing, &text);
        let text = format!("title\r\n// note\r\n// {cut}\r\ndiff\r\n");
        check(&text, &CommentMark::Text("//".into()), Cleanup::Comments, "title\r\n");
        let text = format!("#1 title\n\n; note\n; {cut}\ndiff\n# x\n");
        check(&text, &CommentMark::Auto, Cleanup::Comments, "#1 title\n\n");
        check("#1 title\n;\n\n", &CommentMark::Auto, Cleanup::Comments, "#1 title\n\n");
        check("title\n", &CommentMark::Auto, Cleanup::Comments, "title\n");
        check("", &hash, Cleanup::Comments, "");
    }
}
