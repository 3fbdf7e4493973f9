//! Rule packs as written: every value with its place, nothing judged yet.
//!
//! `build.rs` includes this file. Must not fill in defaults or look at more than one value.

use super::{
    condition::Structure,
    model::Gate,
    structure,
    table::{At, Sink, Table},
};
use crate::{
    finding::{Confidence, Severity},
    text::Span,
};

/// What a pack holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackTable {
    pub(crate) schema: Option<At<u64>>,
    pub(crate) pack: Option<At<String>>,
    pub(crate) extend: Vec<At<String>>,
    pub(crate) disable: Vec<At<String>>,
    pub(crate) enable: Vec<At<String>>,
    pub(crate) rules: Vec<RuleTable>,
    pub(crate) overrides: Vec<OverrideTable>,
    pub(crate) allow: Vec<AllowTable>,
}

/// `[[rule]]`.
#[derive(Clone, Debug)]
pub(crate) struct RuleTable {
    /// The header.
    pub(crate) span: Span,
    /// Something in it could not be read: it is checked further and not used.
    pub(crate) broken: bool,
    /// The keys it has, readable or not.
    keys: Vec<String>,
    pub(crate) id: Option<At<String>>,
    pub(crate) title: Option<At<String>>,
    pub(crate) risk: Option<At<u64>>,
    pub(crate) severity: Option<At<Severity>>,
    pub(crate) confidence: Option<At<Confidence>>,
    pub(crate) gate: Option<At<Gate>>,
    pub(crate) tags: Vec<At<String>>,
    pub(crate) help: Option<At<String>>,
    pub(crate) docs: Option<At<String>>,
    pub(crate) refs: Vec<At<String>>,
    pub(crate) paths: Vec<At<String>>,
    pub(crate) allow: Vec<AllowTable>,
    pub(crate) matches: Vec<ExampleTable>,
    pub(crate) rejects: Vec<ExampleTable>,
    // Pattern and assignment.
    pub(crate) keywords: Option<At<Vec<At<String>>>>,
    pub(crate) pattern: Option<At<String>>,
    pub(crate) ignore_case: Option<At<bool>>,
    pub(crate) multiline: Option<At<bool>>,
    pub(crate) entropy: Option<At<f64>>,
    pub(crate) check: Option<At<String>>,
    pub(crate) lengths: Option<At<Vec<f64>>>,
    pub(crate) placeholders: Option<At<bool>>,
    pub(crate) binary: Option<At<bool>>,
    pub(crate) classifier: Option<At<String>>,
    pub(crate) columns: Option<At<Vec<At<String>>>>,
    pub(crate) odds: Option<OddsTable>,
    // Bound value.
    pub(crate) value: Option<At<String>>,
    pub(crate) near: Option<At<Vec<At<String>>>>,
    pub(crate) parts: Vec<PartTable>,
    // File and structure.
    pub(crate) file: Option<FileTable>,
    /// `[[rule.match]]`, without those that something is wrong with, and where the first one is.
    pub(crate) structures: Vec<Structure>,
    pub(crate) structure_span: Option<Span>,
}

/// `odds = { high = …, medium = …, low = … }`.
#[derive(Clone, Debug)]
pub(crate) struct OddsTable {
    pub(crate) span: Span,
    /// For high, medium and low confidence.
    pub(crate) least: [Option<At<f64>>; 3],
}

/// `[[rule.part]]`.
#[derive(Clone, Debug)]
pub(crate) struct PartTable {
    pub(crate) span: Span,
    pub(crate) name: Option<At<String>>,
    pub(crate) pattern: Option<At<String>>,
}

/// `[rule.file]`.
#[derive(Clone, Debug)]
pub(crate) struct FileTable {
    pub(crate) span: Span,
    pub(crate) names: Vec<At<String>>,
    pub(crate) except: Vec<At<String>>,
    pub(crate) min_size: Option<At<u64>>,
    pub(crate) max_size: Option<At<u64>>,
    pub(crate) executable: Option<At<bool>>,
    pub(crate) content: Option<At<String>>,
}

/// An item of `matches` or `rejects`.
#[derive(Clone, Debug)]
pub(crate) struct ExampleTable {
    pub(crate) path: Option<At<String>>,
    pub(crate) text: At<String>,
}

/// `[[override]]`.
#[derive(Clone, Debug)]
pub(crate) struct OverrideTable {
    pub(crate) span: Span,
    pub(crate) broken: bool,
    pub(crate) rule: Option<At<String>>,
    pub(crate) severity: Option<At<Severity>>,
    pub(crate) confidence: Option<At<Confidence>>,
    pub(crate) gate: Option<At<Gate>>,
    pub(crate) entropy: Option<At<f64>>,
    pub(crate) paths: Option<At<Vec<At<String>>>>,
    pub(crate) tags: Option<At<Vec<At<String>>>>,
    pub(crate) help: Option<At<String>>,
    pub(crate) docs: Option<At<String>>,
}

/// `[[allow]]` and `[[rule.allow]]`.
#[derive(Clone, Debug)]
pub(crate) struct AllowTable {
    pub(crate) span: Span,
    pub(crate) broken: bool,
    pub(crate) rules: Vec<At<String>>,
    pub(crate) paths: Vec<At<String>>,
    pub(crate) secrets: Vec<At<String>>,
    pub(crate) lines: Vec<At<String>>,
    pub(crate) stopwords: Vec<At<String>>,
    pub(crate) commits: Vec<At<String>>,
    pub(crate) reason: Option<At<String>>,
    pub(crate) until: Option<At<String>>,
}

/// Words of `severity`, worst first.
pub(crate) const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];
/// Words of `confidence`, surest first.
pub(crate) const CONFIDENCES: [&str; 3] = ["high", "medium", "low"];
/// Words of `gate`.
pub(crate) const GATES: [&str; 4] = ["block", "warn", "audit", "off"];

impl PackTable {
    /// Takes the keys of a pack out of the document; the caller may take further ones.
    pub(crate) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            schema: table.number("schema"),
            pack: table.string("pack"),
            extend: table.strings("extend"),
            disable: table.strings("disable"),
            enable: table.strings("enable"),
            rules: table.tables("rule", "a rule").into_iter().map(RuleTable::read).collect(),
            overrides: table.tables("override", "an override").into_iter().map(OverrideTable::read).collect(),
            allow: table
                .tables("allow", "an allow entry")
                .into_iter()
                .map(|table| AllowTable::read(table, true))
                .collect(),
        }
    }
}

/// Longest secret whose length can be named, in bytes: longer than any form with few lengths.
const MOST_LENGTH: u16 = 8192;

impl RuleTable {
    fn read(mut table: Table<'_, '_>) -> Self {
        let (sink, span) = (table.sink(), table.span());
        let before = sink.errors();
        let mut rule = Self {
            span,
            broken: false,
            keys: table.keys(),
            id: table.string("id"),
            title: table.string("title"),
            risk: table.number("risk"),
            severity: table.word("severity", &SEVERITIES, Severity::from_name),
            confidence: table.word("confidence", &CONFIDENCES, Confidence::from_name),
            gate: table.word("gate", &GATES, Gate::from_name),
            tags: table.strings("tags"),
            help: table.string("help"),
            docs: table.string("docs"),
            refs: table.strings("refs"),
            paths: table.strings("paths"),
            allow: table
                .tables("allow", "an allow entry of a rule")
                .into_iter()
                .map(|table| AllowTable::read(table, false))
                .collect(),
            matches: ExampleTable::read_all(&mut table, "matches"),
            rejects: ExampleTable::read_all(&mut table, "rejects"),
            keywords: table.optional_strings("keywords"),
            pattern: table.string("pattern"),
            ignore_case: table.boolean("ignore-case"),
            multiline: table.boolean("multiline"),
            entropy: table.decimal("entropy"),
            check: table.string("check"),
            lengths: table.numbers("lengths", 1.0, f64::from(MOST_LENGTH)),
            placeholders: table.boolean("placeholders"),
            binary: table.boolean("binary"),
            classifier: table.string("classifier"),
            columns: table.optional_strings("columns"),
            odds: table.table("odds", "`odds`").map(OddsTable::read),
            value: table.string("value"),
            near: table.optional_strings("near"),
            parts: table.tables("part", "a part of a credential").into_iter().map(PartTable::read).collect(),
            file: table.table("file", "`[rule.file]`").map(FileTable::read),
            structures: Vec::new(),
            structure_span: None,
        };
        for part in table.tables("match", "a match of a rule") {
            rule.structure_span.get_or_insert(part.span());
            rule.structures.extend(structure::read(part));
        }
        table.finish();
        rule.broken = errors_since(sink, before);
        rule
    }

    /// The rule as messages name it.
    pub(crate) fn name(&self) -> String {
        self.id.as_ref().map_or_else(|| "a rule".to_owned(), |id| format!("rule `{}`", id.value))
    }

    /// True if the key is there, although its value may not be: then the reason is known already.
    pub(crate) fn unreadable(&self, key: &str) -> bool {
        let key = key.trim_start_matches("[[rule.").trim_start_matches("[rule.").trim_end_matches(']');
        self.keys.iter().any(|given| given == key)
    }

    /// The keys that only some kinds of rules have, where given.
    pub(crate) fn kind_keys(&self) -> impl Iterator<Item = (&'static str, Span)> {
        let flag = |at: &Option<At<bool>>| at.as_ref().map(|at| at.span);
        [
            ("keywords", self.keywords.as_ref().map(|at| at.span)),
            ("ignore-case", flag(&self.ignore_case)),
            ("multiline", flag(&self.multiline)),
            ("entropy", self.entropy.as_ref().map(|at| at.span)),
            ("check", self.check.as_ref().map(|at| at.span)),
            ("lengths", self.lengths.as_ref().map(|at| at.span)),
            ("placeholders", flag(&self.placeholders)),
            ("binary", flag(&self.binary)),
            ("near", self.near.as_ref().map(|at| at.span)),
            ("columns", self.columns.as_ref().map(|at| at.span)),
            ("odds", self.odds.as_ref().map(|odds| odds.span)),
            ("[[rule.part]]", self.parts.first().map(|part| part.span)),
        ]
        .into_iter()
        .filter_map(|(key, span)| Some((key, span?)))
    }

    /// Where to point for the rule as a whole.
    pub(crate) fn place(&self) -> Span {
        self.id.as_ref().map_or(self.span, |id| id.span)
    }
}

impl OddsTable {
    fn read(mut table: Table<'_, '_>) -> Self {
        let least = ["high", "medium", "low"].map(|level| table.decimal(level));
        let odds = Self { span: table.span(), least };
        table.finish();
        odds
    }
}

impl PartTable {
    fn read(mut table: Table<'_, '_>) -> Self {
        let part = Self { span: table.span(), name: table.string("name"), pattern: table.string("pattern") };
        table.finish();
        part
    }
}

impl FileTable {
    fn read(mut table: Table<'_, '_>) -> Self {
        let file = Self {
            span: table.span(),
            names: table.strings("names"),
            except: table.strings("except"),
            min_size: table.number("min-size"),
            max_size: table.number("max-size"),
            executable: table.boolean("executable"),
            content: table.string("content"),
        };
        table.finish();
        file
    }
}

impl ExampleTable {
    fn read_all(table: &mut Table<'_, '_>, key: &'static str) -> Vec<Self> {
        table.items(
            key,
            "an example",
            |text| Self { path: None, text },
            |mut table| {
                let path = table.string("path");
                let text = table.string("text");
                if text.is_none() {
                    table.missing("text", "write `{ path = \"…\", text = \"…\" }`");
                }
                table.finish();
                text.map(|text| Self { path, text })
            },
        )
    }
}

impl OverrideTable {
    fn read(mut table: Table<'_, '_>) -> Self {
        let (sink, span) = (table.sink(), table.span());
        let before = sink.errors();
        let mut change = Self {
            span,
            broken: false,
            rule: table.string("rule"),
            severity: table.word("severity", &SEVERITIES, Severity::from_name),
            confidence: table.word("confidence", &CONFIDENCES, Confidence::from_name),
            gate: table.word("gate", &GATES, Gate::from_name),
            entropy: table.decimal("entropy"),
            paths: table.optional_strings("paths"),
            tags: table.optional_strings("tags"),
            help: table.string("help"),
            docs: table.string("docs"),
        };
        if change.rule.is_none() {
            table.missing("rule", "name a rule by its id, or rules by `tag:NAME`");
        }
        table.finish();
        change.broken = errors_since(sink, before);
        change
    }
}

impl AllowTable {
    /// Reads an entry; one inside a rule is about that rule and names no others.
    fn read(mut table: Table<'_, '_>, names_rules: bool) -> Self {
        let (sink, span) = (table.sink(), table.span());
        let before = sink.errors();
        let mut allow = Self {
            span,
            broken: false,
            rules: if names_rules { table.strings("rules") } else { Vec::new() },
            paths: table.strings("paths"),
            secrets: table.strings("secrets"),
            lines: table.strings("lines"),
            stopwords: table.strings("stopwords"),
            commits: table.strings("commits"),
            reason: table.string("reason"),
            until: table.day("until"),
        };
        table.finish();
        allow.broken = errors_since(sink, before);
        allow
    }
}

fn errors_since(sink: &Sink<'_>, before: usize) -> bool {
    sink.errors() > before
}
