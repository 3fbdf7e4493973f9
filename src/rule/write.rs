//! Rules as TOML again: what `rules show` and the merged configuration print.
//!
//! What is written reads back as the same rule. Must not print.

use super::{
    model::{Allow, Detector, Example, Gate, ODDS, Rule, Text},
    structure,
    table::write_string,
};

/// The rule as a `[[rule]]` table, ending in a newline.
#[must_use]
pub fn to_toml(rule: &Rule) -> String {
    let mut written = "[[rule]]\n".to_owned();
    let out = &mut written;
    string(out, "id", rule.id.as_str());
    string(out, "title", &rule.title);
    line(out, "risk", rule.risk.number());
    string(out, "severity", rule.severity.name());
    string(out, "confidence", rule.confidence.name());
    if rule.gate != Gate::Block {
        string(out, "gate", rule.gate.name());
    }
    strings(out, "tags", &rule.tags);
    strings(out, "paths", &rule.paths);
    match &rule.detector {
        Detector::Pattern(pattern) => {
            strings(out, "keywords", &pattern.keywords);
            line(out, "pattern", literal(&pattern.regex));
            flag(out, "ignore-case", pattern.ignore_case, false);
            flag(out, "multiline", pattern.multiline, false);
            if let Some(entropy) = pattern.entropy {
                line(out, "entropy", format!("{entropy:?}"));
            }
            optional(out, "check", &pattern.check);
            lengths(out, &pattern.lengths);
            flag(out, "placeholders", pattern.placeholders, true);
            flag(out, "binary", pattern.binary, false);
        }
        Detector::Bound(bound) => {
            strings(out, "keywords", &bound.keywords);
            line(out, "value", literal(&bound.value));
            flag(out, "ignore-case", bound.ignore_case, false);
            strings(out, "near", &bound.near);
            if let Some(entropy) = bound.entropy {
                line(out, "entropy", format!("{entropy:?}"));
            }
            optional(out, "check", &bound.check);
            lengths(out, &bound.lengths);
        }
        Detector::Assignment(assignment) => {
            strings(out, "keywords", &assignment.keywords);
            strings(out, "columns", &assignment.columns);
            string(out, "classifier", &assignment.classifier);
            if assignment.odds != ODDS {
                let [high, medium, low] = assignment.odds.map(|least| f64::from(least) / 1000.0);
                line(out, "odds", format!("{{ high = {high:?}, medium = {medium:?}, low = {low:?} }}"));
            }
        }
        Detector::File(_) | Detector::Structure => {}
    }
    optional(out, "help", &rule.help);
    optional(out, "docs", &rule.docs);
    strings(out, "refs", &rule.refs);
    examples(out, "matches", &rule.matches);
    examples(out, "rejects", &rule.rejects);
    sub_tables(out, rule);
    written
}

/// Tables come after all plain keys: TOML would put the keys into the table.
fn sub_tables(out: &mut String, rule: &Rule) {
    match &rule.detector {
        Detector::File(file) => {
            out.push_str("\n[rule.file]\n");
            strings(out, "names", &file.names);
            strings(out, "except", &file.except);
            for (key, size) in [("min-size", file.min_size), ("max-size", file.max_size)] {
                if let Some(size) = size {
                    line(out, key, size);
                }
            }
            if let Some(executable) = file.executable {
                line(out, "executable", executable);
            }
            if !file.content.is_empty() {
                line(out, "content", literal(&file.content));
            }
        }
        Detector::Pattern(_) | Detector::Bound(_) | Detector::Assignment(_) | Detector::Structure => {}
    }
    for part in rule.parts.iter() {
        out.push_str("\n[[rule.part]]\n");
        string(out, "name", &part.name);
        line(out, "pattern", literal(&part.regex));
    }
    for part in rule.structures.iter() {
        out.push_str("\n[[rule.match]]\n");
        structure::write(part, out);
    }
    for allow in rule.allow.iter() {
        out.push_str("\n[[rule.allow]]\n");
        allow_keys(out, allow);
    }
}

/// The keys of an allow entry, one a line.
pub(crate) fn allow_keys(out: &mut String, allow: &Allow) {
    strings(out, "rules", &allow.rules);
    strings(out, "paths", &allow.paths);
    for (key, expressions) in [("secrets", &allow.secrets), ("lines", &allow.lines)] {
        if !expressions.is_empty() {
            let list: Vec<String> = expressions.iter().map(|text| literal(text)).collect();
            line(out, key, format!("[{}]", list.join(", ")));
        }
    }
    strings(out, "stopwords", &allow.stopwords);
    strings(out, "commits", &allow.commits);
    string(out, "reason", &allow.reason);
    if !allow.until.is_empty() {
        line(out, "until", &allow.until);
    }
}

fn line(out: &mut String, key: &str, value: impl std::fmt::Display) {
    out.push_str(&format!("{key} = {value}\n"));
}

fn string(out: &mut String, key: &str, text: &str) {
    line(out, key, quoted(text));
}

fn optional(out: &mut String, key: &str, text: &str) {
    if !text.is_empty() {
        string(out, key, text);
    }
}

fn lengths(out: &mut String, lengths: &[u16]) {
    if !lengths.is_empty() {
        line(out, "lengths", format!("{lengths:?}"));
    }
}

fn flag(out: &mut String, key: &str, flag: bool, default: bool) {
    if flag != default {
        line(out, key, flag);
    }
}

fn strings(out: &mut String, key: &str, texts: &[Text]) {
    if !texts.is_empty() {
        line(out, key, list(texts));
    }
}

/// A list of strings in one line.
pub(crate) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", quoted.join(", "))
}

fn examples(out: &mut String, key: &str, examples: &[Example]) {
    if examples.is_empty() {
        return;
    }
    out.push_str(&format!("{key} = [\n"));
    for example in examples {
        if example.path.is_empty() {
            out.push_str(&format!("    {},\n", quoted(&example.text)));
        } else {
            let (path, text) = (quoted(&example.path), quoted(&example.text));
            out.push_str(&format!("    {{ path = {path}, text = {text} }},\n"));
        }
    }
    out.push_str("]\n");
}

/// A TOML string in double quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    write_string(text, &mut written);
    written
}

/// A TOML string as people write expressions: literal where that is possible.
pub(crate) fn literal(text: &str) -> String {
    let plain = !text.chars().any(char::is_control);
    if plain && !text.contains('\'') {
        format!("'{text}'")
    } else if plain && !text.contains("'''") && !text.ends_with('\'') {
        format!("'''{text}'''")
    } else {
        quoted(text)
    }
}
