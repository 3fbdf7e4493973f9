//! The grammar of our own marker.
//!
//! Must not know where the marker stands.

use super::{Answer, MARKER, Question, clean_reason, comment_text, dated, is_word};
use crate::{
    filter::allow::names_rule,
    finding::{Suppression, SuppressionKind},
};

/// Our own marker, taken apart.
pub(super) struct Own {
    /// Ids, `tag:NAME` or `*`; none if it names none.
    pub(super) rules: Vec<String>,
    /// The word after `until`.
    pub(super) until: Option<String>,
    /// Why, if it says anything.
    pub(super) reason: Option<String>,
}

impl Own {
    /// Reads what stands behind the word.
    pub(super) fn parse(rest: &str) -> Self {
        let mut rest = comment_text(rest).trim_start_matches([':', ' ', '\t', '(', '[']);
        let mut rules = Vec::new();
        loop {
            let (token, tail) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let names = token.trim_end_matches([':', ';', ')', ']']);
            rules.extend(names.split(',').filter(|name| !name.is_empty()).map(ToOwned::to_owned));
            rest = tail.trim_start();
            if !token.ends_with(',') && !rest.starts_with(',') || rest.is_empty() {
                break;
            }
            rest = rest.trim_start_matches([',', ' ', '\t']);
        }
        let mut until = None;
        if let Some(tail) = rest.strip_prefix("until ") {
            let tail = tail.trim_start();
            let (token, tail) = tail.split_once(char::is_whitespace).unwrap_or((tail, ""));
            until = Some(token.trim_end_matches([':', ',', ';', ')', '.']).to_owned());
            rest = tail;
        }
        let reason = rest.trim_start_matches(['-', ':', '\u{2013}', '\u{2014}', ' ', '\t', '#', '(']);
        Self { rules, until, reason: clean_reason(reason) }
    }
}

pub(super) fn own_marker(rest: &str, question: &Question<'_>) -> Answer {
    if rest.bytes().next().is_some_and(is_word) {
        return None;
    }
    let Question { rules, rule, today } = *question;
    let own = Own::parse(rest);
    if own.rules.is_empty() {
        return Some(Err(format!(
            "{MARKER} names no rule and suppresses nothing; write {MARKER} {} and the reason",
            rule.id
        )));
    }
    if !own.rules.iter().any(|name| names_rule(name, rule)) {
        let unknown = own.rules.iter().find(|name| !rules.iter().any(|rule| names_rule(name, rule)))?;
        return Some(Err(format!(
            "{MARKER} names {}, which is no rule in force; the finding here is of {}",
            shown_name(unknown),
            rule.id
        )));
    }
    let Some(reason) = own.reason else {
        return Some(Err(format!(
            "{MARKER} without a reason suppresses nothing; write {MARKER} {} and the reason",
            rule.id
        )));
    };
    match dated(own.until.as_deref(), today) {
        Err(problem) => Some(Err(format!("{MARKER} {}: {problem}", rule.id))),
        Ok(()) => Some(Ok(Suppression {
            kind: SuppressionKind::Inline,
            reason: Some(reason),
            owner: None,
            until: own.until,
            place: MARKER.to_owned(),
        })),
    }
}

/// A name from the text, short enough and plain enough to be shown.
fn shown_name(name: &str) -> String {
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || "-_:*".contains(*letter);
    format!("\"{}\"", name.chars().filter(plain).take(40).collect::<String>())
}
