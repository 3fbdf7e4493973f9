//! `[[rule.match]]` and its conditions, read from TOML and written back.
//!
//! A condition is a table; all that it says must hold. `build.rs` includes this file. Must not know documents.

use std::borrow::Cow;

use super::{
    condition::{Condition, FORMATS, Literal, Path, Structure, Test},
    expression,
    model::{Gate, List, Text},
    schema::GATES,
    table::{At, Table, write_string},
};
use crate::{
    diagnostic::{Diagnostic, did_you_mean},
    text::Span,
};

/// Ports end here.
const MAX_PORT: f64 = 65_535.0;
/// Deepest nesting of conditions: the twelve of the longest rule are four deep.
const MAX_DEPTH: usize = 16;

/// Reads a `[[rule.match]]`. `None` if something is wrong with it, which is in the sink.
pub(crate) fn read(mut table: Table<'_, '_>) -> Option<Structure> {
    let sink = table.sink();
    let before = sink.errors();
    let formats = table.one_or_more("format");
    for format in formats.iter().flatten().filter(|format| !FORMATS.contains(&format.value.as_str())) {
        sink.push(
            Diagnostic::error("unknown-format", format!("no document is of the format `{}`", format.value))
                .label(format.span, "")
                .help(did_you_mean(&format.value, &FORMATS)),
        );
    }
    if formats.is_none() {
        table.missing("format", "name one or more, such as `terraform`");
    }
    let kinds = table.one_or_more("type");
    let keywords = table.one_or_more("keywords");
    let files = table.one_or_more("files");
    let not_files = table.one_or_more("not-files");
    files.iter().chain(&not_files).flatten().for_each(|glob| expression::glob(sink, glob));
    let gate = table.word("gate", &GATES, Gate::from_name);
    let note = table.string("note");
    let at = paths(&mut table, "at");
    let unless = table.table("unless", "a condition").and_then(|table| condition(table, 0));
    let bad = table.table("bad", "a condition").and_then(|table| condition(table, 0));
    if bad.is_none() && sink.errors() == before {
        table.missing("bad", "say what is reported: `bad = { path = \"…\", equals = … }`");
    }
    table.finish();
    if sink.errors() > before {
        return None;
    }
    Some(Structure {
        formats: owned(formats),
        kinds: owned(kinds),
        keywords: owned(keywords),
        files: owned(files),
        not_files: owned(not_files),
        gate: gate.map(|gate| gate.value),
        note: note.map(|note| Cow::Owned(note.value)).unwrap_or_default(),
        unless,
        bad: bad?,
        at: Cow::Owned(at.unwrap_or_default()),
    })
}

/// Reads a condition. `None` if something is wrong with it.
fn condition(mut table: Table<'_, '_>, depth: usize) -> Option<Condition> {
    let (sink, span) = (table.sink(), table.span());
    let before = sink.errors();
    if depth > MAX_DEPTH {
        sink.push(
            Diagnostic::error("deep-condition", format!("conditions are nested more than {MAX_DEPTH} deep"))
                .label(span, "")
                .help("make it two matches of the rule"),
        );
        return None;
    }
    let each = paths(&mut table, "each");
    let key = table.string("key");
    if let Some(key) = &key {
        expression::condition(sink, key);
    }
    if let (Some(_), Some(key)) = (&each, &key) {
        sink.push(
            Diagnostic::error("two-scopes", "`each` and `key` in one condition")
                .label(key.span, "")
                .help("put one of them into `all = [{ … }]` of the other"),
        );
    }
    let mut parts = Vec::new();
    references(&mut table, depth, &mut parts);
    values(&mut table, each.is_some() || key.is_some() || depth > 0, &mut parts);
    for (name, make) in [("all", Condition::All as fn(List<Condition>) -> Condition), ("any", Condition::Any)]
    {
        let given = table.has(name);
        let list: Vec<Condition> = table
            .tables(name, "a condition")
            .into_iter()
            .filter_map(|table| condition(table, depth + 1))
            .collect();
        if given && list.is_empty() && sink.errors() == before {
            sink.push(Diagnostic::error("no-condition", format!("`{name}` is empty")).label(span, ""));
        }
        if !list.is_empty() {
            parts.push(make(Cow::Owned(list)));
        }
    }
    if let Some(inner) = table.table("not", "a condition").and_then(|table| condition(table, depth + 1)) {
        parts.push(Condition::Not(Cow::Owned(vec![inner])));
    }
    table.finish();
    if sink.errors() > before {
        return None;
    }
    if parts.is_empty() {
        sink.push(
            Diagnostic::error("no-condition", "the condition says nothing")
                .label(span, "")
                .help("give it a test of a `path`, or `all`, `any`, `not`, `linked`"),
        );
        return None;
    }
    if let Some(paths) = each {
        return Some(Condition::Each { paths: Cow::Owned(paths), of: conjunction(parts) });
    }
    if let Some(key) = key {
        return Some(Condition::Key { name: Cow::Owned(key.value), of: conjunction(parts) });
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Condition::All(Cow::Owned(parts)) })
}

/// Conditions that must all hold, as a list.
fn conjunction(mut parts: Vec<Condition>) -> List<Condition> {
    match parts.as_mut_slice() {
        [Condition::All(list)] => std::mem::take(list),
        _ => Cow::Owned(parts),
    }
}

/// `linked`, `links-to`, `selects`, `type` and `name`.
fn references(table: &mut Table<'_, '_>, depth: usize, parts: &mut Vec<Condition>) {
    let sink = table.sink();
    for (name, outward) in [("linked", false), ("links-to", true)] {
        let Some(mut inner) = table.table(name, "a link") else { continue };
        let kinds = inner.one_or_more("type");
        if kinds.is_none() {
            inner.missing("type", "the kind of the other block");
        }
        let via = paths(&mut inner, "via");
        if via.is_none() {
            inner.missing("via", "the path of the reference between the two blocks");
        }
        let of = inner.table("where", "a condition").and_then(|table| condition(table, depth + 1));
        inner.finish();
        if let (Some(kinds), Some(via)) = (kinds, via) {
            parts.push(Condition::Linked {
                kinds: owned(Some(kinds)),
                via: Cow::Owned(via),
                outward,
                of: conjunction(of.into_iter().collect()),
            });
        }
    }
    if let Some(mut inner) = table.table("selects", "a selection") {
        let (given, kinds) = (paths(&mut inner, "path"), inner.one_or_more("type"));
        let labels = paths(&mut inner, "labels").unwrap_or_default();
        if given.is_none() {
            inner.missing("path", "where the labels or the name of the other block are");
        }
        if kinds.is_none() {
            inner.missing("type", "the kind of the other block");
        }
        inner.finish();
        if let (Some(given), Some(kinds)) = (given, kinds) {
            parts.push(Condition::Selects {
                paths: Cow::Owned(given),
                kinds: owned(Some(kinds)),
                labels: Cow::Owned(labels),
            });
        }
    }
    if let Some(kinds) = table.one_or_more("type") {
        parts.push(Condition::Kind(owned(Some(kinds))));
    }
    if let Some(name) = table.string("name") {
        expression::condition(sink, &name);
        parts.push(Condition::Name(Cow::Owned(name.value)));
    }
}

/// Tests of values: everything that goes with `path` or `range`.
fn values(table: &mut Table<'_, '_>, here: bool, parts: &mut Vec<Condition>) {
    let (sink, span) = (table.sink(), table.span());
    let before = sink.errors();
    let given = paths(table, "path");
    let range = table.has("range").then(|| paths(table, "range").unwrap_or_default());
    let nocase = table.boolean("nocase").is_some_and(|flag| flag.value);
    let default = table.literal("default");
    let covers = table.numbers("covers", 0.0, MAX_PORT).map(|at| at.value);
    let mut tests = Vec::new();
    tests_of(table, &mut tests);
    if let Some(range) = range {
        match (<[Path; 2]>::try_from(range), &covers) {
            (Ok([from, to]), Some(covers)) => {
                let covers = Cow::Owned(covers.iter().map(|&port| port as u16).collect());
                parts.push(Condition::Range { from, to, covers });
            }
            _ if sink.errors() == before => sink.push(
                Diagnostic::error("bad-range", "a range has two ends, and numbers that it is to cover")
                    .label(span, "")
                    .help("write `range = [\"from_port\", \"to_port\"], covers = [22]`"),
            ),
            _ => {}
        }
    } else if let Some(covers) = covers {
        tests.push(Test::Covers(Cow::Owned(covers.iter().map(|&port| port as u16).collect())));
    }
    let there = [("present", true), ("absent", false)]
        .map(|(name, wanted)| table.boolean(name).map(|flag| flag.value == wanted));
    let reference = table.table("ref", "a condition").and_then(|table| condition(table, 1));
    let tested = !tests.is_empty() || there.iter().any(Option::is_some) || reference.is_some();
    let paths: List<Path> = match given {
        Some(paths) if tested => Cow::Owned(paths),
        Some(_) => {
            if sink.errors() == before {
                sink.push(
                    Diagnostic::error("no-test", "a path without a test")
                        .label(span, "")
                        .help("add `equals`, `in`, `matches`, `present`, `absent` or another test"),
                );
            }
            return;
        }
        None if here => Cow::Owned(vec![Path(Cow::Borrowed(&[]))]),
        None if tested && sink.errors() == before => {
            sink.push(Diagnostic::error("no-path", "a test without a `path`").label(span, ""));
            return;
        }
        None => return,
    };
    if tests.is_empty() && (default.is_some() || nocase) && sink.errors() == before {
        let message = "`default` and `nocase` mean nothing without a test of the value";
        sink.push(Diagnostic::error("no-test", message).label(span, ""));
    }
    for present in there.into_iter().flatten() {
        parts.push(Condition::Present { paths: paths.clone(), present });
    }
    if let Some(inner) = reference {
        parts.push(Condition::Ref { paths: paths.clone(), of: conjunction(vec![inner]) });
    }
    if !tests.is_empty() {
        parts.push(Condition::Value { paths, tests: Cow::Owned(tests), default, nocase });
    }
}

fn tests_of(table: &mut Table<'_, '_>, tests: &mut Vec<Test>) {
    let sink = table.sink();
    let one = |literal: Literal| -> List<Literal> { Cow::Owned(vec![literal]) };
    tests.extend(table.literal("equals").map(|literal| Test::In(one(literal))));
    tests.extend(table.literals("in").map(|list| Test::In(Cow::Owned(list))));
    tests.extend(table.literal("not-equals").map(|literal| Test::NotIn(one(literal))));
    tests.extend(table.literals("not-in").map(|list| Test::NotIn(Cow::Owned(list))));
    for (key, make) in [("matches", Test::Matches as fn(Text) -> Test), ("not-matches", Test::NotMatches)] {
        if let Some(text) = table.string(key) {
            expression::condition(sink, &text);
            tests.push(make(Cow::Owned(text.value)));
        }
    }
    tests.extend(table.decimal("lt").map(|number| Test::Lt(number.value)));
    tests.extend(table.decimal("gt").map(|number| Test::Gt(number.value)));
    for (key, test) in [("world", Test::World), ("secretlike", Test::Secretlike)] {
        if let Some(flag) = table.boolean(key) {
            if flag.value {
                tests.push(test);
            } else {
                sink.push(
                    Diagnostic::error("bad-word", format!("`{key}` is true or not there"))
                        .label(flag.span, "")
                        .help("for the contrary, put the condition into `not`"),
                );
            }
        }
    }
    tests.extend(
        table
            .numbers("wider", 1.0, 128.0)
            .and_then(|list| list.value.first().map(|&bits| Test::Wider(bits as u8))),
    );
    tests.extend(table.boolean("literal").map(|flag| Test::Literal(flag.value)));
}

/// One path or a list of them.
fn paths(table: &mut Table<'_, '_>, key: &'static str) -> Option<Vec<Path>> {
    let sink = table.sink();
    let list = table.one_or_more(key)?;
    let mut paths = Vec::with_capacity(list.len());
    for text in &list {
        match Path::parse(&text.value) {
            Ok(path) => paths.push(path),
            Err((range, why)) => {
                let place = sink.inside(text, Span::new(range.start, range.end));
                sink.push(Diagnostic::error("bad-path", why).label(place, "").help(
                    "keys joined by `.`, `*` for any, `**` for any depth, a number for a place in a list, \"…\" around a key with dots",
                ));
            }
        }
    }
    if paths.is_empty() && list.is_empty() {
        sink.push(Diagnostic::error("no-path", format!("`{key}` is empty")).label(table.span(), ""));
    }
    Some(paths)
}

fn owned(list: Option<Vec<At<String>>>) -> List<Text> {
    Cow::Owned(list.unwrap_or_default().into_iter().map(|at| Cow::Owned(at.value)).collect())
}

/// Writes a match as the lines of a `[[rule.match]]` table, without the header.
pub(crate) fn write(structure: &Structure, out: &mut String) {
    let mut line = |key: &str, value: &str| {
        out.push_str(key);
        out.push_str(" = ");
        out.push_str(value);
        out.push('\n');
    };
    line("format", &texts(&structure.formats));
    for (key, list) in [
        ("type", &structure.kinds),
        ("keywords", &structure.keywords),
        ("files", &structure.files),
        ("not-files", &structure.not_files),
    ] {
        if !list.is_empty() {
            line(key, &texts(list));
        }
    }
    if let Some(gate) = structure.gate {
        line("gate", &quoted(gate.name()));
    }
    if !structure.note.is_empty() {
        line("note", &quoted(&structure.note));
    }
    if !structure.at.is_empty() {
        line("at", &path_list(&structure.at));
    }
    for (key, condition) in [("unless", structure.unless.as_ref()), ("bad", Some(&structure.bad))] {
        if let Some(condition) = condition {
            line(key, &written(condition));
        }
    }
}

/// A condition as an inline table.
fn written(condition: &Condition) -> String {
    let mut keys: Vec<(&str, String)> = Vec::new();
    match condition {
        Condition::All(list) => keys.push(("all", conditions(list))),
        Condition::Any(list) => keys.push(("any", conditions(list))),
        Condition::Not(list) => {
            keys.push(("not", list.first().map(written).unwrap_or_default()));
        }
        Condition::Value { paths, tests, default, nocase } => {
            keys.push(("path", path_list(paths)));
            keys.extend(tests.iter().map(test));
            keys.extend(default.as_ref().map(|default| ("default", literal(default))));
            if *nocase {
                keys.push(("nocase", "true".to_owned()));
            }
        }
        Condition::Present { paths, present } => {
            keys.push(("path", path_list(paths)));
            keys.push((if *present { "present" } else { "absent" }, "true".to_owned()));
        }
        Condition::Range { from, to, covers } => {
            keys.push(("range", format!("[{}, {}]", quoted(&from.write()), quoted(&to.write()))));
            keys.push(("covers", format!("{covers:?}")));
        }
        Condition::Each { paths, of } => {
            keys.push(("each", path_list(paths)));
            keys.push(("all", conditions(of)));
        }
        Condition::Key { name, of } => {
            keys.push(("key", quoted(name)));
            keys.push(("all", conditions(of)));
        }
        Condition::Ref { paths, of } => {
            keys.push(("path", path_list(paths)));
            keys.push(("ref", format!("{{ all = {} }}", conditions(of))));
        }
        Condition::Linked { kinds, via, outward, of } => {
            let mut link = format!("{{ type = {}, via = {}", texts(kinds), path_list(via));
            if !of.is_empty() {
                link.push_str(&format!(", where = {{ all = {} }}", conditions(of)));
            }
            link.push_str(" }");
            keys.push((if *outward { "links-to" } else { "linked" }, link));
        }
        Condition::Selects { paths, kinds, labels } => {
            let labels =
                if labels.is_empty() { String::new() } else { format!(", labels = {}", path_list(labels)) };
            let (path, kinds) = (path_list(paths), texts(kinds));
            keys.push(("selects", format!("{{ path = {path}, type = {kinds}{labels} }}")));
        }
        Condition::Kind(kinds) => keys.push(("type", texts(kinds))),
        Condition::Name(name) => keys.push(("name", quoted(name))),
    }
    let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", keys.join(", "))
}

fn test(test: &Test) -> (&'static str, String) {
    let literals = |list: &[Literal]| {
        let items: Vec<String> = list.iter().map(literal).collect();
        format!("[{}]", items.join(", "))
    };
    match test {
        Test::In(list) => ("in", literals(list)),
        Test::NotIn(list) => ("not-in", literals(list)),
        Test::Matches(text) => ("matches", quoted(text)),
        Test::NotMatches(text) => ("not-matches", quoted(text)),
        Test::Lt(number) => ("lt", format!("{number}")),
        Test::Gt(number) => ("gt", format!("{number}")),
        Test::World => ("world", "true".to_owned()),
        Test::Wider(bits) => ("wider", bits.to_string()),
        Test::Covers(ports) => ("covers", format!("{ports:?}")),
        Test::Literal(flag) => ("literal", flag.to_string()),
        Test::Secretlike => ("secretlike", "true".to_owned()),
    }
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Bool(flag) => flag.to_string(),
        Literal::Number(number) => format!("{number}"),
        Literal::Text(text) => quoted(text),
    }
}

fn conditions(list: &[Condition]) -> String {
    let items: Vec<String> = list.iter().map(written).collect();
    format!("[{}]", items.join(", "))
}

fn path_list(paths: &[Path]) -> String {
    let items: Vec<String> = paths.iter().map(|path| quoted(&path.write())).collect();
    match items.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", items.join(", ")),
    }
}

fn texts(list: &[Text]) -> String {
    let items: Vec<String> = list.iter().map(|text| quoted(text)).collect();
    match items.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", items.join(", ")),
    }
}

fn quoted(text: &str) -> String {
    let mut written = String::new();
    write_string(text, &mut written);
    written
}

/// The text by which a match decides, for digests.
pub(crate) fn deciding(structure: &Structure) -> String {
    let mut text = String::new();
    write(&Structure { note: Cow::Borrowed(""), ..structure.clone() }, &mut text);
    text
}
