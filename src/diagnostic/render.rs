//! Diagnostics as text, with the lines they are about.

use std::collections::BTreeMap;

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Renderer, Snippet};

use super::{Diagnostic, Label, Level};
use crate::text::{Span, line_end, line_start, lines_around};

/// The texts that diagnostics point into, by file name.
#[derive(Clone, Debug, Default)]
pub struct Sources(BTreeMap<String, String>);

impl Sources {
    /// Remembers the text of a file.
    pub fn insert(&mut self, file: impl Into<String>, text: impl Into<String>) {
        self.0.insert(file.into(), text.into());
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, file: &str) -> Option<&str> {
        self.0.get(file).map(String::as_str)
    }
}

/// Labels nearer than this many bytes share one window.
const NEAR: usize = 512;

/// Writes diagnostics one after another, each followed by an empty line.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut shown = String::new();
    for diagnostic in diagnostics {
        shown.push_str(&render_one(diagnostic, sources, &renderer));
        shown.push_str("\n\n");
    }
    shown
}

impl Diagnostic {
    /// All on one line: place, message, what to do.
    #[must_use]
    pub fn on_one_line(&self, sources: &Sources) -> String {
        let Self { message, file, labels, help, .. } = self;
        let mut line = match (labels.first(), sources.text(file)) {
            (Some(label), Some(text)) => {
                let above = &text.as_bytes()[..label.span.start.min(text.len())];
                format!("{file}:{}: {message}", 1 + memchr::memchr_iter(b'\n', above).count())
            }
            _ if file.is_empty() => message.clone(),
            _ => format!("{file}: {message}"),
        };
        if let Some(help) = help {
            line.push_str("; ");
            line.push_str(help);
        }
        line
    }
}

fn render_one(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let level = match diagnostic.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
    };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code);
    let mut group = Group::with_title(title);
    match sources.text(&diagnostic.file) {
        Some(text) if !diagnostic.labels.is_empty() => {
            for labels in clusters(&diagnostic.labels) {
                group = group.element(snippet(&diagnostic.file, text, &diagnostic.labels[0], &labels));
            }
        }
        _ if diagnostic.file.is_empty() => {}
        _ => group = group.element(annotate_snippets::Origin::path(&diagnostic.file)),
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Shown::HELP.message(help));
    }
    renderer.render(&[group])
}

/// Neighbouring labels together; the cluster with the first label comes first.
fn clusters(labels: &[Label]) -> Vec<Vec<&Label>> {
    let mut sorted: Vec<&Label> = labels.iter().collect();
    sorted.sort_by_key(|label| label.span);
    let mut clusters: Vec<Vec<&Label>> = Vec::new();
    for label in sorted {
        match clusters.last_mut() {
            Some(last) if last.last().is_some_and(|near| label.span.start < near.span.end + NEAR) => {
                last.push(label);
            }
            _ => clusters.push(vec![label]),
        }
    }
    clusters.sort_by_key(|cluster| !cluster.iter().any(|label| std::ptr::eq(*label, &raw const labels[0])));
    clusters
}

/// The lines of the labels and no more: a whole file of megabytes takes milliseconds to lay out.
fn snippet<'s>(
    file: &'s str,
    text: &'s str,
    first: &Label,
    labels: &[&'s Label],
) -> Snippet<'s, annotate_snippets::Annotation<'s>> {
    let start = labels.iter().map(|label| label.span.start).min().unwrap_or(0);
    let end = labels.iter().map(|label| label.span.end).max().unwrap_or(0);
    let window = lines_around(text.as_bytes(), Span::new(start, end));
    let line = 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..window.start]).count();
    let shown = text.get(window.start..window.end).unwrap_or_default();
    let annotations = labels.iter().map(|label| {
        let kind =
            if std::ptr::eq(*label, first) { AnnotationKind::Primary } else { AnnotationKind::Context };
        let span = one_line(text, label.span);
        let place = span.start.saturating_sub(window.start)..span.end.saturating_sub(window.start);
        let text = (!label.text.is_empty()).then_some(label.text.as_str());
        kind.span(place).label(text)
    });
    Snippet::source(shown).path(file).line_start(line).annotations(annotations)
}

/// A place that goes over lines is shown at its first line, cut to whole characters.
fn one_line(text: &str, span: Span) -> Span {
    let bytes = text.as_bytes();
    let mut start = span.start.min(bytes.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut line = line_end(bytes, start);
    if line > line_start(bytes, start) && bytes[line - 1] == b'\r' {
        line -= 1;
    }
    let mut end = span.end.min(line).max(start);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    Span::new(start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, diagnostic: &Diagnostic) -> String {
        let mut sources = Sources::default();
        sources.insert("pack.toml", text);
        render(std::slice::from_ref(diagnostic), &sources, false).trim_end().to_owned()
    }

    #[test]
    fn shows_the_line_and_the_place() {
        let diagnostic = Diagnostic::error("bad-word", "`hgih` is not a severity")
            .in_file("pack.toml")
            .label(Span::new(17, 23), "no such severity")
            .help("did you mean `high`?");
        insta::assert_snapshot!(check("[[rule]]\nlevel = \"hgih\"\n", &diagnostic), @r#"
        error[bad-word]: `hgih` is not a severity
         --> pack.toml:2:9
          |
        2 | level = "hgih"
          |         ^^^^^^ no such severity
          |
          = help: did you mean `high`?
        "#);
    }

    #[test]
    fn far_labels_get_a_window_each() {
        let text = format!("id = \"one\"\n{}id = \"one\"\n", "# filler\n".repeat(100));
        let far = text.rfind("\"one\"").unwrap();
        let diagnostic = Diagnostic::error("duplicate-id", "two rules have the id `one`")
            .in_file("pack.toml")
            .label(Span::new(far, far + 5), "second")
            .label(Span::new(5, 10), "first");
        insta::assert_snapshot!(check(&text, &diagnostic), @r#"
        error[duplicate-id]: two rules have the id `one`
           --> pack.toml:102:6
            |
        102 | id = "one"
            |      ^^^^^ second
            |
           ::: pack.toml:1:6
            |
          1 | id = "one"
            |      ----- first
        "#);
    }

    #[test]
    fn odd_places_do_not_panic() {
        let text = "é\r\n\u{1b}[31m\nü";
        for start in 0..=text.len() + 2 {
            for end in start..=text.len() + 2 {
                let diagnostic =
                    Diagnostic::warning("odd", "m").in_file("pack.toml").label(Span::new(start, end), "here");
                assert!(!check(text, &diagnostic).contains('\u{1b}'));
            }
        }
    }
}
