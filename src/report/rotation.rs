//! The list of what to rotate first, and what a rewrite of history has to do: the companion of the expressions for
//! git filter-repo.
//!
//! Holds no secret. Must not write the expressions: they do.

use std::{
    cmp::Reverse,
    io::{self, Write},
};

use crate::{
    finding::{Confidence, Finding, Severity, exposure::State},
    origin::Kind,
    report::{
        Input, Options, advice,
        metrics::{Item, Metrics},
        view::{self, View},
    },
};

/// The risk of credentials: what can be rotated.
const CREDENTIALS: u8 = 1;

/// What is in a plan and what is not, for the list.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The file with the expressions, as it is to be typed.
    pub file: String,
    /// Number of expressions in it.
    pub expressions: usize,
    /// Fingerprints of secrets that are too short and too ordinary to be replaced wherever they stand.
    pub ordinary: Vec<crate::finding::Fingerprint>,
    /// Fingerprints of those whose bytes could not be read back.
    pub unread: Vec<crate::finding::Fingerprint>,
}

/// Writes the list as Markdown.
///
/// # Errors
///
/// Those of `target`.
pub fn write(input: Input<'_>, plan: &Plan, target: &mut dyn Write) -> io::Result<()> {
    let options = Options { show_secrets: false, ..input.options.clone() };
    let view = View::new(Input { options: &options, ..input });
    let mut items = Metrics::of(&view).items;
    items.retain(|item| item.finding().risk.number() == CREDENTIALS);
    items.sort_by_key(urgency);
    writeln!(target, "# Rotate, in this order\n")?;
    writeln!(
        target,
        "A rewrite does not take back what others have read. Rotate first; a value that is worthless may stay in history.\n"
    )?;
    for (place, item) in items.iter().enumerate() {
        entry(&view, place + 1, item, target)?;
    }
    writeln!(target, "\n# Then rewrite history\n")?;
    let file = &plan.file;
    for step in [
        "Tell everyone who has a clone: each of them has to be made anew afterwards, and nothing old may be pushed again.".to_owned(),
        "Make a fresh mirror: `git clone --mirror URL rewrite.git && cd rewrite.git`.".to_owned(),
        format!(
            "Replace the {}: `git filter-repo --replace-text {file} --replace-message {file}`.",
            view::count(plan.expressions as u64, "value", "values")
        ),
        "Push: `git push --mirror --force URL`. Ask the host to drop what merge requests and caches keep.".to_owned(),
        "Audit again: `abatis audit`.".to_owned(),
        format!("Delete `{file}`: it holds secrets."),
    ] {
        writeln!(target, "- {step}")?;
    }
    files(&view, &items, target)?;
    let named = |prints: &[crate::finding::Fingerprint]| -> Vec<String> {
        let of = items.iter().filter(|item| prints.contains(&item.finding().fingerprint));
        of.map(|item| format!("{} ({})", what(&view, item.finding()), code(&view.place(item.finding()))))
            .collect()
    };
    section(
        "Not in the file: too ordinary to be replaced wherever they stand",
        "They are short and made of letters, so the same letters stand elsewhere. Rotate them, or edit their files.",
        &named(&plan.ordinary),
        target,
    )?;
    section(
        "Not in the file: written in an encoding, and not read back",
        "Replace them by hand.",
        &named(&plan.unread),
        target,
    )
}

/// What comes first: the worst, then what is still there, then the surest, then what could be read longest.
fn urgency(item: &Item<'_>) -> Reverse<(Severity, bool, Confidence, bool, Option<u64>)> {
    let finding = item.finding();
    Reverse((
        finding.severity,
        item.state == State::Open,
        finding.confidence,
        finding.proof.is_some(),
        item.days,
    ))
}

fn entry(view: &View<'_>, number: usize, item: &Item<'_>, target: &mut dyn Write) -> io::Result<()> {
    let finding = item.finding();
    let standing =
        view.exposure(finding).map(|exposure| format!(", {}", view.standing(exposure))).unwrap_or_default();
    writeln!(target, "{number}. {}{standing}: {}", finding.severity, what(view, finding))?;
    let others = item.group.others.len() as u64;
    let more = if others > 0 {
        format!(" and {}", view::count(others, "more place", "more places"))
    } else {
        String::new()
    };
    writeln!(target, "   in {}{more}; fingerprint `{}`", code(&view.place(finding)), finding.fingerprint)?;
    match view.rule(finding).map(|(_, rule)| view.text(rule.help.as_bytes())).filter(|help| !help.is_empty())
    {
        Some(help) => writeln!(target, "   {help}"),
        None => writeln!(target, "   {}", advice::why(finding.risk)),
    }
}

/// Files that are secrets as a whole, and archives, in which no text can be replaced.
fn files(view: &View<'_>, items: &[Item<'_>], target: &mut dyn Write) -> io::Result<()> {
    let mut paths: Vec<String> = items
        .iter()
        .flat_map(|item| item.group.findings())
        .filter(|finding| finding.origin.kind == Kind::File)
        .filter(|finding| finding.secret.is_empty() || !finding.origin.members.is_empty())
        .map(|finding| code(&view.text(&finding.origin.path)))
        .collect();
    paths.sort();
    paths.dedup();
    section(
        "To be removed as files",
        "What is in them is the secret, or they are archives: `git filter-repo --invert-paths --path PATH` for each.",
        &paths,
        target,
    )
}

fn section(title: &str, text: &str, lines: &[String], target: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(target, "\n# {title}\n\n{text}\n")?;
    lines.iter().try_for_each(|line| writeln!(target, "- {line}"))
}

fn what(view: &View<'_>, finding: &Finding) -> String {
    let redacted =
        view.redacted(finding).map(|redacted| format!(", {}", code(&redacted))).unwrap_or_default();
    format!("{}{redacted}", view.text(finding.title.as_bytes()))
}

/// As code, whatever backticks are in it.
fn code(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}
