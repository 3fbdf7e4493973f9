//! Parts of credentials: the id of a key, the account of a token, within some lines of the secret.
//!
//! What is looked at is part of the decision: a match with parts depends on the whole window around it, so
//! that a scan of fresh ranges decides as a scan of everything does. Must not look beyond that window.

use std::sync::OnceLock;

use bstr::ByteSlice as _;

use crate::{
    finding::{Confidence, Match},
    rule::Part,
    secret::Secret,
    text::Span,
};

/// How far before the keyword and behind it a part may stand, in bytes: within what a rule over several lines may see.
const WINDOW: (usize, usize) = (super::pattern::BEFORE, 3072);
/// Lines around the secret that a part may stand in, to each side.
const LINES: usize = 6;

/// The expressions of a rule's parts, compiled when first needed.
#[derive(Debug, Default)]
pub(crate) struct Engine(OnceLock<Vec<Option<regex::bytes::Regex>>>);

impl Engine {
    /// Adds the parts that stand around the match whose keyword is at `hit`: the nearest of each. With one the secret is
    /// surely what the rule takes it for.
    pub(crate) fn complete(&self, parts: &[Part], text: &[u8], hit: Span, one: &mut Match) {
        let window = window(text, hit, one.whole);
        one.depends = join(one.depends, window);
        let engines = self.0.get_or_init(|| parts.iter().map(compile).collect());
        let mut notes = Vec::new();
        for (part, engine) in parts.iter().zip(engines) {
            let Some(engine) = engine else { continue };
            let found = engine.captures_iter(window.of(text)).filter_map(|groups| {
                let found = groups.get(1).or_else(|| groups.get(0))?;
                Some(Span::new(window.start + found.start(), window.start + found.end()))
            });
            let apart = |span: &Span| span.end <= one.span.start || span.start >= one.span.end;
            let Some(nearest) = found.filter(apart).min_by_key(|&span| (distance(span, one.span), span))
            else {
                continue;
            };
            notes.push(format!(
                "{} {}{}",
                part.name,
                Secret::new(nearest.of(text)).redacted(),
                lines_away(text, nearest, one.span)
            ));
            one.whole = join(one.whole, nearest);
            one.parts.push(nearest);
        }
        if !notes.is_empty() {
            one.note = Some(format!("with {}", notes.join(" and ")));
            one.confidence = Confidence::High;
        }
    }
}

fn compile(part: &Part) -> Option<regex::bytes::Regex> {
    // Validation has read it before.
    regex::bytes::RegexBuilder::new(&part.regex).unicode(false).multi_line(true).build().ok()
}

/// The text around a match that its parts are looked for in: whole lines as far as the window goes.
fn window(text: &[u8], hit: Span, whole: Span) -> Span {
    let low = hit.start.saturating_sub(WINDOW.0);
    let high = text.len().min(hit.end + WINDOW.1).max(whole.end);
    let mut start = whole.start.max(low);
    for _ in 0..=LINES {
        match memchr::memrchr(b'\n', &text[low..start]) {
            Some(newline) => start = low + newline,
            None => {
                start = low;
                break;
            }
        }
    }
    let mut end = whole.end;
    for _ in 0..=LINES {
        match memchr::memchr(b'\n', &text[end.min(high)..high]) {
            Some(newline) => end += newline + 1,
            None => {
                end = high;
                break;
            }
        }
    }
    Span::new(start.min(whole.start), end)
}

fn join(one: Span, other: Span) -> Span {
    Span::new(one.start.min(other.start), one.end.max(other.end))
}

fn distance(part: Span, secret: Span) -> usize {
    if part.end <= secret.start { secret.start - part.end } else { part.start - secret.end }
}

/// ` (2 lines above)`.
fn lines_away(text: &[u8], part: Span, secret: Span) -> String {
    let above = part.end <= secret.start;
    let between = if above { part.end..secret.start } else { secret.end..part.start };
    match (text[between].find_iter(b"\n").count(), above) {
        (0, _) => String::new(),
        (1, true) => " (1 line above)".to_owned(),
        (1, false) => " (1 line below)".to_owned(),
        (lines, true) => format!(" ({lines} lines above)"),
        (lines, false) => format!(" ({lines} lines below)"),
    }
}
