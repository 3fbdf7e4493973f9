//! From what a pack says to rules that are valid by construction; everything that is wrong is
//! reported in one go.
//!
//! `build.rs` includes this file. Must not compile expressions; `lint` does.

use std::borrow::Cow;

use super::{
    example, expression, kind,
    model::{Allow, Example, Gate, List, Rule, Text},
    schema::{AllowTable, ExampleTable, OverrideTable, PackTable, RuleTable},
    table::{At, Sink},
};
use crate::{
    diagnostic::{Diagnostic, list},
    finding::{Risk, RuleId},
    text::Span,
};

/// The only form of packs so far.
const SCHEMA: u64 = 1;
/// Shortest prefix of a commit id.
const MIN_COMMIT: usize = 7;
/// Digits of a SHA-256 id.
const MAX_COMMIT: usize = 64;
/// Bits in a byte: more entropy than that there is not.
const MAX_ENTROPY: f64 = 8.0;

/// Where a pack comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'c> {
    /// What rules give as their source.
    pub(crate) source: &'c str,
    /// Built-in packs have to have help, docs and examples; for others they are good to have.
    pub(crate) built_in: bool,
    /// Names of offline proofs; not looked at if empty.
    pub(crate) checks: &'c [&'c str],
}

/// The rules of a pack, without those that something is wrong with.
pub(crate) fn rules(pack: &PackTable, context: Context<'_>, sink: &Sink<'_>) -> Vec<Rule> {
    header(pack, context, sink);
    duplicates(&pack.rules, sink);
    pack.rules.iter().filter_map(|table| rule(table, pack, context, sink)).collect()
}

fn header(pack: &PackTable, context: Context<'_>, sink: &Sink<'_>) {
    match &pack.schema {
        Some(schema) if schema.value != SCHEMA => sink.push(
            Diagnostic::error("bad-schema", format!("schema {} is not known", schema.value))
                .label(schema.span, "")
                .help(format!("this version of abatis reads `schema = {SCHEMA}`")),
        ),
        None => sink.push(
            Diagnostic::error("missing-key", "the file does not say its schema")
                .label(Span::new(0, 0), "")
                .help(format!("begin it with `schema = {SCHEMA}`")),
        ),
        Some(_) => {}
    }
    match &pack.pack {
        Some(name) if !is_kebab(&name.value) => sink.push(
            Diagnostic::error("bad-name", format!("`{}` is not the name of a pack", name.value))
                .label(name.span, "")
                .help("lower-case letters and digits, words joined by `-`"),
        ),
        None if context.built_in => {
            sink.push(Diagnostic::error("missing-key", "a built-in pack needs `pack`"));
        }
        _ => {}
    }
}

fn duplicates(rules: &[RuleTable], sink: &Sink<'_>) {
    let mut ids: Vec<&At<String>> = rules.iter().filter_map(|rule| rule.id.as_ref()).collect();
    ids.sort_by(|one, other| (&one.value, one.span).cmp(&(&other.value, other.span)));
    for pair in ids.windows(2) {
        if let [first, second] = pair
            && first.value == second.value
        {
            sink.push(
                Diagnostic::error("duplicate-id", format!("two rules have the id `{}`", second.value))
                    .label(second.span, "second")
                    .label(first.span, "first"),
            );
        }
    }
}

fn rule(table: &RuleTable, pack: &PackTable, context: Context<'_>, sink: &Sink<'_>) -> Option<Rule> {
    let before = sink.errors();
    required(table, sink);
    let id = table.id.as_ref();
    if let Some(id) = id
        && !is_kebab(&id.value)
    {
        sink.push(
            Diagnostic::error("bad-name", format!("`{}` is not a rule id", id.value))
                .label(id.span, "")
                .help("lower-case letters and digits, words joined by `-`"),
        );
    }
    let risk = risk(table, sink);
    let detector = kind::detector(table, context, sink);
    let parts = kind::parts(table, sink);
    if context.built_in {
        wanted(table, true, sink);
    }
    check_link(table, sink);
    table.tags.iter().for_each(|tag| check_tag(tag, sink));
    table.paths.iter().for_each(|glob| expression::glob(sink, glob));
    let allow: Vec<Allow> = table.allow.iter().filter_map(|table| allow(table, context, sink)).collect();
    let matches = examples(&table.matches, sink);
    let rejects = examples(&table.rejects, sink);
    if table.broken || sink.errors() > before {
        return None;
    }
    let mut tags: Vec<Text> = pack.pack.iter().map(text).collect();
    for tag in &table.tags {
        if !tags.contains(&text(tag)) {
            tags.push(text(tag));
        }
    }
    Some(Rule {
        id: RuleId::new(id?.value.clone()),
        title: text(table.title.as_ref()?),
        risk: risk?,
        severity: table.severity.as_ref()?.value,
        confidence: table.confidence.as_ref()?.value,
        tags: Cow::Owned(tags),
        help: optional_text(table.help.as_ref()),
        docs: optional_text(table.docs.as_ref()),
        refs: texts(&table.refs),
        gate: table.gate.as_ref().map_or(Gate::Block, |gate| gate.value),
        detector: detector?,
        structures: Cow::Owned(table.structures.clone()),
        parts: Cow::Owned(parts),
        paths: texts(&table.paths),
        allow: Cow::Owned(allow),
        matches,
        rejects,
        source: Cow::Owned(context.source.to_owned()),
    })
}

/// Reports keys that have to be there. One that is there and unreadable was reported already.
fn required(table: &RuleTable, sink: &Sink<'_>) {
    let missing: Vec<&str> = [
        (table.id.is_some(), "id"),
        (table.title.is_some(), "title"),
        (table.risk.is_some(), "risk"),
        (table.severity.is_some(), "severity"),
        (table.confidence.is_some(), "confidence"),
    ]
    .into_iter()
    .filter(|&(there, key)| !there && !table.unreadable(key))
    .map(|(_, key)| key)
    .collect();
    if !missing.is_empty() {
        sink.push(
            Diagnostic::error("missing-key", format!("{} has no {}", table.name(), list(&missing)))
                .label(table.place(), ""),
        );
    }
}

fn risk(table: &RuleTable, sink: &Sink<'_>) -> Option<Risk> {
    let number = table.risk.as_ref()?;
    let risk = u8::try_from(number.value).ok().and_then(Risk::new);
    if risk.is_none() {
        let titles: Vec<String> = (1..=10)
            .filter_map(Risk::new)
            .map(|risk| format!("{} {}", risk.number(), risk.title()))
            .collect();
        sink.push(
            Diagnostic::error("bad-risk", format!("there is no risk {}", number.value))
                .label(number.span, "")
                .help(titles.join(", ")),
        );
    }
    risk
}

/// The risk of rules that find credentials.
const CREDENTIALS: u64 = 1;

/// What a good rule has besides what it must have.
pub(super) fn wanted(table: &RuleTable, built_in: bool, sink: &Sink<'_>) {
    let missing: Vec<(&str, &str)> = [
        (table.help.is_some(), "help", "what to do about a finding"),
        (table.docs.is_some(), "docs", "a link to where the format is documented"),
        (!table.matches.is_empty(), "matches", "texts in which the rule finds something"),
        (!table.rejects.is_empty(), "rejects", "texts that it leaves alone"),
    ]
    .into_iter()
    .filter(|&(there, key, _)| !there && (!table.broken || !table.unreadable(key)))
    .map(|(_, key, why)| (key, why))
    .collect();
    if !missing.is_empty() {
        let keys: Vec<&str> = missing.iter().map(|&(key, _)| key).collect();
        let meaning: Vec<String> = missing.iter().map(|(key, why)| format!("`{key}`: {why}")).collect();
        let message = format!("{} has no {}", table.name(), list(&keys));
        let diagnostic = if built_in {
            Diagnostic::error("missing-key", message)
        } else {
            Diagnostic::warning("incomplete-rule", message)
        };
        sink.push(diagnostic.label(table.place(), "").help(meaning.join("; ")));
    }
    let credential = table.risk.as_ref().is_some_and(|risk| risk.value == CREDENTIALS);
    if credential && table.structures.is_empty() && table.matches.len() == 1 {
        let message = format!("{} has one example that matches", table.name());
        let diagnostic = if built_in {
            Diagnostic::error("one-match", message)
        } else {
            Diagnostic::warning("one-match", message)
        };
        sink.push(
            diagnostic
                .label(table.matches[0].text.span, "")
                .help("give another form, too (JSON, YAML, a header, a URL, another path): a rule that knows one form only shows there"),
        );
    }
}

fn check_link(table: &RuleTable, sink: &Sink<'_>) {
    if let Some(docs) = &table.docs
        && !docs.value.starts_with("https://")
    {
        sink.push(
            Diagnostic::error("bad-link", "`docs` is not a link")
                .label(docs.span, "")
                .help("it begins with `https://`"),
        );
    }
}

/// An allow entry, unless something is wrong with it.
pub(crate) fn allow(table: &AllowTable, context: Context<'_>, sink: &Sink<'_>) -> Option<Allow> {
    let before = sink.errors();
    let conditions = [&table.paths, &table.secrets, &table.lines, &table.stopwords, &table.commits];
    if conditions.iter().all(|list| list.is_empty()) && !table.broken {
        sink.push(
            Diagnostic::error("no-condition", "an allow entry without a condition allows everything")
                .label(table.span, "")
                .help("give it `paths`, `secrets`, `lines`, `stopwords` or `commits`; to switch a rule off, use `disable`"),
        );
    }
    if table.reason.as_ref().is_none_or(|reason| reason.value.trim().is_empty()) && !table.broken {
        let span = table.reason.as_ref().map_or(table.span, |reason| reason.span);
        sink.push(
            Diagnostic::error("no-reason", "an allow entry needs a `reason`")
                .label(span, "")
                .help("say why this is not a problem, for whoever reads it in a year"),
        );
    }
    table.paths.iter().for_each(|glob| expression::glob(sink, glob));
    for text in table.secrets.iter().chain(&table.lines) {
        expression::check(sink, text, expression::allow_parser());
    }
    for word in table.stopwords.iter().filter(|word| word.value.trim().is_empty()) {
        sink.push(
            Diagnostic::error("empty-stopword", "an empty stopword is in every secret").label(word.span, ""),
        );
    }
    for commit in &table.commits {
        let hex = commit.value.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex || !(MIN_COMMIT..=MAX_COMMIT).contains(&commit.value.len()) {
            sink.push(
                Diagnostic::error("bad-commit", format!("`{}` is not a commit id", commit.value))
                    .label(commit.span, "")
                    .help(format!("at least {MIN_COMMIT} hexadecimal digits")),
            );
        }
    }
    if table.broken || sink.errors() > before {
        return None;
    }
    let lower = |words: &[At<String>]| {
        Cow::Owned(words.iter().map(|word| Cow::Owned(word.value.to_ascii_lowercase())).collect())
    };
    Some(Allow {
        rules: texts(&table.rules),
        paths: texts(&table.paths),
        secrets: texts(&table.secrets),
        lines: texts(&table.lines),
        stopwords: texts(&table.stopwords),
        commits: lower(&table.commits),
        reason: optional_text(table.reason.as_ref()),
        until: optional_text(table.until.as_ref()),
        source: Cow::Owned(format!("{}:{}", context.source, sink.line(table.span))),
    })
}

/// What is wrong with an override, apart from the rule that it names.
pub(crate) fn check_override(table: &OverrideTable, sink: &Sink<'_>) {
    let rated = table.severity.is_some() || table.confidence.is_some() || table.gate.is_some();
    let narrowed = table.entropy.is_some() || table.paths.is_some() || table.tags.is_some();
    if !(rated || narrowed || table.help.is_some() || table.docs.is_some() || table.broken) {
        sink.push(
            Diagnostic::error("no-change", "the override changes nothing").label(table.span, "").help(
                "give it `severity`, `confidence`, `gate`, `entropy`, `paths`, `tags`, `help` or `docs`",
            ),
        );
    }
    check_entropy(table.entropy.as_ref(), sink);
    for glob in table.paths.iter().flat_map(|paths| &paths.value) {
        expression::glob(sink, glob);
    }
    for tag in table.tags.iter().flat_map(|tags| &tags.value) {
        check_tag(tag, sink);
    }
}

/// Reports an entropy that no text has.
pub(super) fn check_entropy(entropy: Option<&At<f64>>, sink: &Sink<'_>) {
    let Some(entropy) = entropy.filter(|entropy| !(0.0..=MAX_ENTROPY).contains(&entropy.value)) else {
        return;
    };
    sink.push(
        Diagnostic::error("bad-entropy", format!("no text has an entropy of {}", entropy.value))
            .label(entropy.span, "")
            .help("bits a character: 0 to 8; 3.0 to 4.5 are usual"),
    );
}

fn check_tag(tag: &At<String>, sink: &Sink<'_>) {
    if !is_kebab(&tag.value) {
        sink.push(
            Diagnostic::error("bad-name", format!("`{}` is not a tag", tag.value))
                .label(tag.span, "")
                .help("lower-case letters and digits, words joined by `-`"),
        );
    }
}

fn examples(tables: &[ExampleTable], sink: &Sink<'_>) -> List<Example> {
    let mut examples = Vec::with_capacity(tables.len());
    for table in tables {
        match example::expand(&table.text.value) {
            Ok(text) => {
                examples.push(Example { path: optional_text(table.path.as_ref()), text: Cow::Owned(text) });
            }
            Err((range, why)) => {
                let place = sink.inside(&table.text, Span::new(range.start, range.end));
                sink.push(Diagnostic::error("bad-escape", why).label(place, ""));
            }
        }
    }
    Cow::Owned(examples)
}

/// Lower-case words of letters and digits, joined by single hyphens.
pub(crate) fn is_kebab(name: &str) -> bool {
    name.split('-').all(|word| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

pub(super) fn flag(at: Option<&At<bool>>, default: bool) -> bool {
    at.map_or(default, |at| at.value)
}

pub(super) fn text(at: &At<String>) -> Text {
    Cow::Owned(at.value.clone())
}

pub(super) fn optional_text(at: Option<&At<String>>) -> Text {
    Cow::Owned(at.map(|at| at.value.clone()).unwrap_or_default())
}

pub(super) fn texts(list: &[At<String>]) -> List<Text> {
    Cow::Owned(list.iter().map(text).collect())
}
