//! Problems in text that the user wrote: all of them at once, each with a caret into the file.
//!
//! Must not read files, nor decide what a problem is.

use crate::text::Span;

// The path is spelled out for build.rs, which includes this file from elsewhere.
#[path = "diagnostic/render.rs"]
mod render;

pub use render::{Sources, render};

/// One problem in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable kebab-case name of the kind of problem.
    pub code: &'static str,
    /// Whether the file can be used all the same.
    pub level: Level,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The file, as the user would name it; the key of its text in [`Sources`].
    pub file: String,
    /// Where; the first is the place itself, the others explain it. Empty for a whole file.
    pub labels: Vec<Label>,
    /// What to do, if it is not plain from the message.
    pub help: Option<String>,
}

/// Whether a file with the problem can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It cannot.
    Error,
    /// It can; the problem is worth a look.
    Warning,
}

/// A place in the file with a few words on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Byte offsets in the text of the file.
    pub span: Span,
    /// What is to be said about it; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// An error without a place.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Error, code, message.into())
    }

    /// A warning without a place.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, message.into())
    }

    const fn new(level: Level, code: &'static str, message: String) -> Self {
        Self { code, level, message, file: String::new(), labels: Vec::new(), help: None }
    }

    /// Says which file it is about.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = file.into();
        self
    }

    /// Adds a place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// True if the file cannot be used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}

/// Sorts by file, then place, then code, and drops what is said twice.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    fn start(diagnostic: &Diagnostic) -> Option<Span> {
        diagnostic.labels.first().map(|label| label.span)
    }
    diagnostics.sort_by(|one, other| {
        (&one.file, start(one), one.code).cmp(&(&other.file, start(other), other.code))
    });
    diagnostics.dedup();
}

/// The one of `known` that `word` was probably meant to be.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // One slip for each three letters, so that short words are not "corrected" into others.
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|&(distance, _)| distance <= limit)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Help for a word that is not among `known`: the one that was probably meant, else all of them.
#[must_use]
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("known here: {}", list(known)),
    }
}

/// Words as people list them: `a`, `b`, `c`.
#[must_use]
pub fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Number of insertions, removals, replacements and swaps of neighbours between two words.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().flat_map(char::to_lowercase).collect();
    let other: Vec<char> = other.chars().flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for row in 1..=one.len() {
        let mut current = vec![row; other.len() + 1];
        for column in 1..=other.len() {
            let replaced = above[column - 1] + usize::from(one[row - 1] != other[column - 1]);
            let mut least = replaced.min(above[column] + 1).min(current[column - 1] + 1);
            if row > 1 && column > 1 && one[row - 1] == other[column - 2] && one[row - 2] == other[column - 1]
            {
                least = least.min(before[column - 2] + 1);
            }
            current[column] = least;
        }
        before = std::mem::replace(&mut above, current);
    }
    above[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_what_was_meant() {
        let known = ["severity", "confidence", "gate", "entropy", "tags"];
        for (word, expected) in [
            ("serverity", Some("severity")),
            ("Severity", Some("severity")),
            ("gtae", Some("gate")),
            ("tag", Some("tags")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }

    #[test]
    fn sorts_by_place_and_drops_doubles() {
        let at =
            |code, start| Diagnostic::error(code, "m").in_file("f").label(Span::new(start, start + 1), "");
        let mut all = vec![at("b", 9), at("a", 9), at("c", 2), at("a", 9)];
        sort(&mut all);
        let codes: Vec<_> = all.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, ["c", "a", "b"]);
    }
}
