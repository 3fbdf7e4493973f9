//! The four kinds of rules: which one a table is, and what is wrong with it as such.
//!
//! `build.rs` includes this file. Must not look at what all kinds have in common; `validate` does.

use std::borrow::Cow;

use super::{
    expression,
    model::{Assignment, Bound, Detector, FileRule, ODDS, Odds, Part, Pattern, Text},
    schema::{FileTable, RuleTable},
    table::Sink,
    validate::{Context, check_entropy, flag, optional_text, text, texts},
};
use crate::diagnostic::{Diagnostic, did_you_mean, list};

/// Keywords shorter than this are in nearly every line.
const MIN_KEYWORD: usize = 3;
/// Longest value that a rule can bind to a name, in bytes: the longest tokens in use are JWTs of a few thousand.
const MAX_VALUE: usize = 8192;
/// No model is surer than this, as the logarithm of odds.
const MOST_ODDS: f64 = 100.0;
/// Names of classifiers of assignments.
const CLASSIFIERS: [&str; 2] = ["password", "token"];

/// The kinds of rules, with the keys that only they have.
const KINDS: [(&str, &[&str]); 5] = [
    (
        "pattern",
        &[
            "keywords",
            "ignore-case",
            "multiline",
            "entropy",
            "check",
            "lengths",
            "placeholders",
            "binary",
            "[[rule.part]]",
        ],
    ),
    ("value", &["keywords", "ignore-case", "near", "entropy", "check", "lengths", "[[rule.part]]"]),
    ("classifier", &["keywords", "columns", "odds", "[[rule.part]]"]),
    ("[rule.file]", &[]),
    ("[[rule.match]]", &[]),
];

/// What the rule looks for, as far as that can be said.
pub(super) fn detector(table: &RuleTable, context: Context<'_>, sink: &Sink<'_>) -> Option<Detector> {
    let kinds = [
        table.pattern.as_ref().map(|at| at.span),
        table.value.as_ref().map(|at| at.span),
        table.classifier.as_ref().map(|at| at.span),
        table.file.as_ref().map(|file| file.span),
        table.structure_span,
    ];
    let mut given = kinds.iter().zip(KINDS).filter_map(|(span, kind)| Some(((*span)?, kind)));
    let Some((first, (kind, keys))) = given.next() else {
        if !KINDS.iter().any(|(key, _)| table.unreadable(key)) {
            sink.push(
                Diagnostic::error("no-kind", format!("{} looks for nothing", table.name()))
                    .label(table.place(), "")
                    .help("give it `pattern`, `value`, `classifier`, `[rule.file]` or `[[rule.match]]`"),
            );
        }
        return None;
    };
    // What a document decides where there is one, a line decides elsewhere.
    let both = kind == "pattern";
    if let Some((second, (other, _))) =
        given.next().filter(|(_, (other, _))| !both || *other != "[[rule.match]]")
    {
        sink.push(
            Diagnostic::error("two-kinds", format!("{} has both `{kind}` and `{other}`", table.name()))
                .label(second, "second")
                .label(first, "first")
                .help("make it two rules"),
        );
        return None;
    }
    for (key, span) in table.kind_keys() {
        if !keys.contains(&key) {
            sink.push(
                Diagnostic::error("wrong-kind", format!("`{key}` means nothing beside `{kind}`"))
                    .label(span, "")
                    .label(first, "this makes it another kind of rule"),
            );
        }
    }
    match kind {
        "pattern" => pattern(table, context, sink).map(Detector::Pattern),
        "value" => bound(table, context, sink).map(Detector::Bound),
        "classifier" => assignment(table, sink).map(Detector::Assignment),
        "[rule.file]" => table.file.as_ref().map(|file| Detector::File(file_rule(table, file, sink))),
        _ => Some(Detector::Structure),
    }
}

fn pattern(table: &RuleTable, context: Context<'_>, sink: &Sink<'_>) -> Option<Pattern> {
    let ignore_case = flag(table.ignore_case.as_ref(), false);
    let written = table.pattern.as_ref()?;
    expression::pattern(sink, written, ignore_case);
    let mut keywords = keywords(table, sink);
    if ignore_case {
        keywords.iter_mut().for_each(|keyword| keyword.to_mut().make_ascii_lowercase());
    }
    check_entropy(table.entropy.as_ref(), sink);
    known_check(table, context, sink);
    Some(Pattern {
        keywords: Cow::Owned(keywords),
        ignore_case,
        regex: text(written),
        multiline: flag(table.multiline.as_ref(), false),
        entropy: table.entropy.as_ref().map(|entropy| entropy.value),
        check: optional_text(table.check.as_ref()),
        lengths: Cow::Owned(lengths(table)),
        placeholders: flag(table.placeholders.as_ref(), true),
        binary: flag(table.binary.as_ref(), false),
    })
}

fn bound(table: &RuleTable, context: Context<'_>, sink: &Sink<'_>) -> Option<Bound> {
    let ignore_case = flag(table.ignore_case.as_ref(), false);
    let written = table.value.as_ref()?;
    let hir = expression::pattern(sink, written, ignore_case)?;
    check_entropy(table.entropy.as_ref(), sink);
    known_check(table, context, sink);
    let most = hir.properties().maximum_len().filter(|&most| most <= MAX_VALUE);
    let Some(most) = most else {
        sink.push(
            Diagnostic::error(
                "unbounded",
                format!("a value may have {MAX_VALUE} bytes, this has no such end"),
            )
            .label(written.span, "")
            .help("bound its repetitions, such as `{20,64}`"),
        );
        return None;
    };
    let lower = |words: Vec<Text>| -> Vec<Text> {
        words.into_iter().map(|word| Cow::Owned(word.to_ascii_lowercase())).collect()
    };
    let near = table.near.iter().flat_map(|near| near.value.iter().map(text)).collect();
    Some(Bound {
        keywords: Cow::Owned(lower(keywords(table, sink))),
        value: text(written),
        ignore_case,
        near: Cow::Owned(lower(near)),
        entropy: table.entropy.as_ref().map(|entropy| entropy.value),
        check: optional_text(table.check.as_ref()),
        lengths: Cow::Owned(lengths(table)),
        least: hir.properties().minimum_len().unwrap_or_default(),
        most,
    })
}

/// The parts of a credential, as far as they can be read.
pub(super) fn parts(table: &RuleTable, sink: &Sink<'_>) -> Vec<Part> {
    let read = table.parts.iter().filter_map(|part| {
        let (Some(name), Some(pattern)) = (&part.name, &part.pattern) else {
            sink.push(
                Diagnostic::error("missing-key", "a part needs `name` and `pattern`").label(part.span, ""),
            );
            return None;
        };
        expression::pattern(sink, pattern, false)?;
        Some(Part { name: text(name), regex: text(pattern) })
    });
    read.collect()
}

fn known_check(table: &RuleTable, context: Context<'_>, sink: &Sink<'_>) {
    if let Some(check) = &table.check
        && !context.checks.is_empty()
        && !context.checks.contains(&check.value.as_str())
    {
        sink.push(
            Diagnostic::error("unknown-check", format!("there is no check `{}`", check.value))
                .label(check.span, "")
                .help(did_you_mean(&check.value, context.checks)),
        );
    }
}

/// The lengths that are documented, as the table has been read: whole, and not beyond what fits.
fn lengths(table: &RuleTable) -> Vec<u16> {
    let lengths = table.lengths.iter().flat_map(|lengths| &lengths.value);
    lengths.map(|&length| length as u16).collect()
}

fn assignment(table: &RuleTable, sink: &Sink<'_>) -> Option<Assignment> {
    let classifier = table.classifier.as_ref()?;
    if !CLASSIFIERS.contains(&classifier.value.as_str()) {
        sink.push(
            Diagnostic::error("bad-word", format!("there is no classifier `{}`", classifier.value))
                .label(classifier.span, "")
                .help(format!("one of {}", list(&CLASSIFIERS))),
        );
    }
    let keywords =
        keywords(table, sink).into_iter().map(|word| Cow::Owned(word.to_ascii_lowercase())).collect();
    Some(Assignment {
        keywords: Cow::Owned(keywords),
        columns: Cow::Owned(columns(table, sink)),
        classifier: text(classifier),
        odds: odds(table, sink),
    })
}

/// Parts of the names of columns, in small letters.
fn columns(table: &RuleTable, sink: &Sink<'_>) -> Vec<Text> {
    let Some(columns) = &table.columns else { return Vec::new() };
    let nothing = |span| {
        let help = "parts of names of columns, such as `passw`; without the key, values of keys are asked";
        sink.push(Diagnostic::error("no-column", "there is no column here").label(span, "").help(help));
    };
    if columns.value.is_empty() {
        nothing(columns.span);
    }
    columns.value.iter().filter(|word| word.value.is_empty()).for_each(|word| nothing(word.span));
    columns.value.iter().map(|word| Cow::Owned(word.value.to_ascii_lowercase())).collect()
}

/// The odds of each confidence; what is not said is as everywhere.
fn odds(table: &RuleTable, sink: &Sink<'_>) -> Odds {
    let Some(written) = &table.odds else { return ODDS };
    let mut odds = ODDS;
    for (odds, least) in odds.iter_mut().zip(&written.least) {
        if let Some(least) = least {
            *odds = (least.value.clamp(-MOST_ODDS, MOST_ODDS) * 1000.0).round() as i32;
        }
    }
    if !odds.is_sorted_by(|surer, less| surer >= less) {
        sink.push(
            Diagnostic::error("bad-odds", "a higher confidence needs odds that are at least as high")
                .label(written.span, "")
                .help("logarithms of odds: 0 is even, 2.2 is nine to one"),
        );
    }
    odds
}

fn keywords(table: &RuleTable, sink: &Sink<'_>) -> Vec<Text> {
    let Some(keywords) = &table.keywords else {
        if !table.unreadable("keywords") {
            sink.push(
                Diagnostic::error("no-keyword", format!("{} has no `keywords`", table.name()))
                    .label(table.place(), "")
                    .help(
                        "literals of which one is in every match; without them every line would be searched",
                    ),
            );
        }
        return Vec::new();
    };
    if keywords.value.is_empty() {
        sink.push(
            Diagnostic::error("no-keyword", "there has to be at least one keyword").label(keywords.span, ""),
        );
    }
    for keyword in &keywords.value {
        if keyword.value.len() < MIN_KEYWORD {
            sink.push(
                Diagnostic::error("short-keyword", format!("`{}` is too short a keyword", keyword.value))
                    .label(keyword.span, "")
                    .help(format!("at least {MIN_KEYWORD} bytes, better 4: shorter ones are in every file")),
            );
        }
    }
    keywords.value.iter().map(text).collect()
}

fn file_rule(table: &RuleTable, file: &FileTable, sink: &Sink<'_>) -> FileRule {
    if file.names.is_empty() && !table.broken {
        sink.push(
            Diagnostic::error("missing-key", format!("{} has no `names`", table.name()))
                .label(file.span, "")
                .help("globs on the path, such as `*.pem`"),
        );
    }
    file.names.iter().chain(&file.except).for_each(|glob| expression::glob(sink, glob));
    if let Some(content) = &file.content {
        expression::check(sink, content, expression::pattern_parser(false));
    }
    if let (Some(least), Some(most)) = (&file.min_size, &file.max_size)
        && least.value > most.value
    {
        sink.push(
            Diagnostic::error("bad-size", "no file is at least this large and at most that")
                .label(least.span, "at least")
                .label(most.span, "at most"),
        );
    }
    FileRule {
        names: texts(&file.names),
        except: texts(&file.except),
        min_size: file.min_size.as_ref().map(|size| size.value),
        max_size: file.max_size.as_ref().map(|size| size.value),
        executable: file.executable.as_ref().map(|flag| flag.value),
        content: optional_text(file.content.as_ref()),
    }
}
