//! `abatis rules import gitleaks|betterleaks FILE`: a configuration of another scanner as a rule pack.
//!
//! Both have one form of file. What cannot be carried is said in comments at the head of the pack, so that nobody
//! takes it for more than it is. Must not look at what the rules find.

mod expression;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use toml::{Table, Value};

use self::expression::Translated;
use super::{
    super::{args::ImportFrom, edge::Edge, exit::Exit},
    Words,
    check::number,
    files,
};
use crate::{
    config,
    rule::write::{list as string_list, literal, quoted},
};

/// Shortest prefix of a commit id that a pack may name.
const MIN_COMMIT: usize = 7;
/// Keys of a rule that mean nothing for what is found, or are read elsewhere.
const KNOWN_RULE_KEYS: [&str; 11] = [
    "id",
    "description",
    "regex",
    "secretGroup",
    "entropy",
    "keywords",
    "path",
    "tags",
    "allowlist",
    "allowlists",
    "severity",
];
/// Keys of an allowlist.
const KNOWN_ALLOW_KEYS: [&str; 9] = [
    "description",
    "paths",
    "regexes",
    "regexTarget",
    "stopwords",
    "commits",
    "condition",
    "targetRules",
    "id",
];

/// What is made of a configuration.
#[derive(Default)]
struct Import {
    /// `[[rule]]` and `[[allow]]` tables, each with the name it is reported by.
    tables: Vec<(String, String)>,
    rules: usize,
    /// What was left out or changed, a sentence each.
    report: Vec<String>,
    ids: BTreeSet<String>,
}

pub(super) fn run(
    from: ImportFrom,
    file: &Path,
    output: Option<&PathBuf>,
    edge: &Edge,
    out: &mut Vec<u8>,
) -> Result<Exit> {
    let written = files::collect(&[file.to_owned()], edge)?;
    let Some(written) = written.first() else { bail!("{}: there is no file to import", file.display()) };
    let table: Table = written.text.parse().with_context(|| format!("{}: it is not TOML", file.display()))?;
    let mut import = Import::default();
    import.read(&table);
    if import.rules == 0 && import.tables.is_empty() {
        for line in &import.report {
            writeln!(out, "{line}")?;
        }
        bail!("{}: there is nothing in it that can be carried", file.display());
    }
    let pack = import.pack(from, &written.name);
    match output {
        None => out.extend_from_slice(pack.as_bytes()),
        Some(path) => {
            let shown = path.display();
            let mut target = fs::File::create_new(edge.absolute(path))
                .with_context(|| format!("{shown}: cannot write the pack"))?;
            target.write_all(pack.as_bytes()).with_context(|| format!("{shown}: cannot write the pack"))?;
            for line in &import.report {
                writeln!(out, "{line}")?;
            }
            let rules = number(import.rules, "rule");
            writeln!(out, "wrote {shown}: {rules}, {}", number(import.report.len(), "remark"))?;
        }
    }
    Ok(Exit::Clean)
}

impl Import {
    fn read(&mut self, table: &Table) {
        self.extend(table);
        for value in tables(table, "rules") {
            self.rule(value);
        }
        for (name, value) in allowlists(table) {
            self.allow(value, &name);
        }
        for key in table.keys() {
            if !["title", "description", "extend", "rules", "allowlist", "allowlists", "minVersion"]
                .contains(&key.as_str())
            {
                self.report.push(format!("`{key}` has no counterpart"));
            }
        }
    }

    fn extend(&mut self, table: &Table) {
        let Some(extend) = table.get("extend").and_then(Value::as_table) else { return };
        if extend.get("useDefault").and_then(Value::as_bool) == Some(true) {
            self.report
                .push("`extend.useDefault`: the built-in rules here are in force unless disabled".to_owned());
        }
        for key in ["path", "url"] {
            if let Some(path) = extend.get(key).and_then(Value::as_str) {
                self.report.push(format!("`extend.{key}`: import {path} as well and name both in `extend`"));
            }
        }
        let disabled = strings(extend, "disabledRules");
        if !disabled.is_empty() {
            self.report.push(format!(
                "`extend.disabledRules`: {}: ids there are not ids here; see `abatis rules list` for what to put into `disable`",
                disabled.join(", ")
            ));
        }
    }

    fn rule(&mut self, table: &Table) {
        let Some(name) = table.get("id").and_then(Value::as_str) else {
            self.report.push("a rule without an id is left out".to_owned());
            return;
        };
        let id = self.unique(name);
        for key in table.keys().filter(|key| !KNOWN_RULE_KEYS.contains(&key.as_str())) {
            self.report.push(format!("rule `{name}`: `{key}` has no counterpart and is left out"));
        }
        let body =
            match (table.get("regex").and_then(Value::as_str), table.get("path").and_then(Value::as_str)) {
                (Some(regex), path) => self.pattern(name, table, regex, path),
                (None, Some(path)) => file_rule(path),
                (None, None) => Err("has neither `regex` nor `path`".to_owned()),
            };
        let (keys, sub_tables) = match body {
            Ok(body) => body,
            Err(why) => {
                self.report.push(format!("rule `{name}` is left out: {why}"));
                return;
            }
        };
        let mut text = format!("[[rule]]\nid = {}\n", quoted(&id));
        let description = table.get("description").and_then(Value::as_str).unwrap_or(name);
        let title = description.trim().trim_end_matches('.');
        let _infallible = write!(
            text,
            "title = {}\nrisk = 1\nseverity = {}\nconfidence = \"medium\"\n",
            quoted(if title.is_empty() { name } else { title }),
            quoted(severity(table)),
        );
        let tags: Vec<String> =
            strings(table, "tags").iter().map(|tag| kebab(tag)).filter(|tag| !tag.is_empty()).collect();
        if !tags.is_empty() {
            let _infallible = writeln!(text, "tags = {}", string_list(&tags));
        }
        text.push_str(&keys);
        text.push_str("help = \"Revoke it where it was issued, and replace it wherever it is used.\"\n");
        text.push_str(&sub_tables);
        for (place, value) in allowlists(table) {
            text.push_str(&self.allow_tables(value, &format!("rule `{name}`, {place}"), true));
        }
        if let Some(why) = refused(&text) {
            self.report.push(format!("rule `{name}` is left out: {why}"));
            return;
        }
        self.rules += 1;
        self.tables.push((name.to_owned(), text));
    }

    /// The keys of a pattern rule.
    fn pattern(
        &mut self,
        name: &str,
        table: &Table,
        regex: &str,
        path: Option<&str>,
    ) -> Result<(String, String), String> {
        let group = table.get("secretGroup").and_then(Value::as_integer).unwrap_or(0);
        let group = usize::try_from(group).map_err(|_| "`secretGroup` is negative".to_owned())?;
        let Translated { pattern, keywords, multiline, remarks } = expression::translate(regex, group)?;
        for remark in remarks {
            self.report.push(format!("rule `{name}`: {remark}"));
        }
        let mut keys = format!(
            "keywords = {}\nignore-case = true\npattern = {}\n",
            string_list(&keywords),
            literal(&pattern)
        );
        if multiline {
            keys.push_str("multiline = true\n");
        }
        // Other scanners have no such notion; their allowlists are carried.
        keys.push_str("placeholders = false\n");
        let entropy = table
            .get("entropy")
            .and_then(|value| value.as_float().or_else(|| Some(value.as_integer()? as f64)));
        if let Some(entropy) = entropy.filter(|entropy| *entropy > 0.0) {
            let _infallible = writeln!(keys, "entropy = {entropy:.1}");
        }
        if let Some(path) = path {
            match expression::globs(path, true) {
                Some(globs) => {
                    let _infallible = writeln!(keys, "paths = {}", string_list(&globs));
                }
                None => self.report.push(format!(
                    "rule `{name}`: its `path` is no list of globs, so it searches every file: {path}"
                )),
            }
        }
        Ok((keys, String::new()))
    }

    fn allow(&mut self, table: &Table, name: &str) {
        let text = self.allow_tables(table, name, false);
        if let Some(why) = refused(&text) {
            self.report.push(format!("{name} is left out: {why}"));
        } else if !text.is_empty() {
            self.tables.push((name.to_owned(), text));
        }
    }

    /// The entries that an allowlist becomes: there any of its conditions is enough, here all of an entry hold.
    fn allow_tables(&mut self, table: &Table, name: &str, of_rule: bool) -> String {
        for key in table.keys().filter(|key| !KNOWN_ALLOW_KEYS.contains(&key.as_str())) {
            self.report.push(format!("{name}: `{key}` has no counterpart and is left out"));
        }
        let mut conditions: Vec<String> = Vec::new();
        let mut add = |key: &str, list: &[String]| {
            if !list.is_empty() {
                let list: Vec<String> = list.iter().map(|one| literal(one)).collect();
                conditions.push(format!("{key} = [{}]\n", list.join(", ")));
            }
        };
        let target = table.get("regexTarget").and_then(Value::as_str).unwrap_or("secret");
        let mut remarks = Vec::new();
        let regexes: Vec<String> =
            strings(table, "regexes").iter().map(|regex| expression::dialect(regex, &mut remarks)).collect();
        self.report.extend(remarks.into_iter().map(|remark| format!("{name}: {remark}")));
        add(if target == "secret" { "secrets" } else { "lines" }, &regexes);
        if target == "match" && !regexes.is_empty() {
            self.report
                .push(format!("{name}: `regexTarget = \"match\"` is looked for on the whole line here"));
        }
        add("stopwords", &strings(table, "stopwords"));
        let (globs, odd): (Vec<_>, Vec<_>) = strings(table, "paths")
            .into_iter()
            .map(|path| (expression::globs(&path, false), path))
            .partition(|(globs, _)| globs.is_some());
        add("paths", &globs.into_iter().flat_map(|(globs, _)| globs.unwrap_or_default()).collect::<Vec<_>>());
        let (commits, short): (Vec<_>, Vec<_>) =
            strings(table, "commits").into_iter().partition(|commit| commit.len() >= MIN_COMMIT);
        add("commits", &commits);
        for (_, path) in &odd {
            self.report.push(format!("{name}: a path is no list of globs and is left out: {path}"));
        }
        for commit in &short {
            self.report
                .push(format!("{name}: commit {commit} is too short to be told apart and is left out"));
        }
        let all = table
            .get("condition")
            .and_then(Value::as_str)
            .is_some_and(|word| matches!(word, "AND" | "and" | "&&"));
        if all && !(odd.is_empty() && short.is_empty()) {
            // Without one of its conditions it would allow more.
            self.report.push(format!(
                "{name} is left out: all its conditions have to hold, and not all can be carried"
            ));
            return String::new();
        }
        let entries = if all && !conditions.is_empty() { vec![conditions.concat()] } else { conditions };
        let reason =
            table.get("description").and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let rules: Vec<String> = strings(table, "targetRules").iter().map(|id| kebab(id)).collect();
        let mut text = String::new();
        for entry in entries {
            text.push_str(if of_rule { "\n[[rule.allow]]\n" } else { "[[allow]]\n" });
            if !rules.is_empty() && !of_rule {
                let _infallible = writeln!(text, "rules = {}", string_list(&rules));
            }
            text.push_str(&entry);
            let _infallible =
                writeln!(text, "reason = {}", quoted(reason.unwrap_or("carried over with the rules")));
        }
        text
    }

    /// An id in the form of ids here that no rule before has.
    fn unique(&mut self, name: &str) -> String {
        let mut id = kebab(name);
        if id.is_empty() {
            "imported-rule".clone_into(&mut id);
        }
        let start = id.clone();
        let mut count = 2;
        while !self.ids.insert(id.clone()) {
            id = format!("{start}-{count}");
            count += 1;
        }
        if id != name {
            self.report.push(format!("rule `{name}` is called `{id}` here"));
        }
        id
    }

    fn pack(&self, from: ImportFrom, file: &str) -> String {
        let mut pack = format!("# Made from {file} by `abatis rules import {}`.\n", from.name());
        if self.report.is_empty() {
            pack.push_str("# Everything was carried.\n");
        } else {
            pack.push_str("#\n# Not carried as it was:\n");
            for line in &self.report {
                let _infallible = writeln!(pack, "# - {}", line.replace(['\n', '\r'], " "));
            }
        }
        let _infallible = write!(pack, "\nschema = 1\npack = \"{}\"\n", from.name());
        for (_, table) in &self.tables {
            pack.push('\n');
            pack.push_str(table);
        }
        pack
    }
}

/// The keys of a rule on names, and its sub-table.
fn file_rule(path: &str) -> Result<(String, String), String> {
    let globs =
        expression::globs(path, true).ok_or_else(|| format!("its `path` is no list of globs: {path}"))?;
    Ok((String::new(), format!("\n[rule.file]\nnames = {}\n", string_list(&globs))))
}

/// What a reader of packs would say of a table, if it is an error.
fn refused(table: &str) -> Option<String> {
    let text = format!("schema = 1\npack = \"import\"\n{table}");
    let words = Words::new();
    let problems = config::check("import.toml", &text, words.known());
    // Names of other rules are known only once the whole pack is there.
    problems
        .iter()
        .find(|problem| problem.is_error() && problem.code != "unknown-rule")
        .map(|problem| problem.message.clone())
}

fn severity(table: &Table) -> &'static str {
    let word = table.get("severity").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    ["critical", "high", "medium", "low", "info"].into_iter().find(|one| *one == word).unwrap_or("high")
}

/// `[allowlist]` and `[[allowlists]]`, with the words they are reported by.
fn allowlists(table: &Table) -> Vec<(String, &Table)> {
    let mut lists: Vec<(String, &Table)> = Vec::new();
    for key in ["allowlist", "allowlists"] {
        for (place, value) in tables(table, key).into_iter().enumerate() {
            lists.push((format!("allowlist {}", place + 1), value));
        }
    }
    lists
}

/// The tables under a key, one or several.
fn tables<'t>(table: &'t Table, key: &str) -> Vec<&'t Table> {
    match table.get(key) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_table).collect(),
        Some(Value::Table(one)) => vec![one],
        _ => Vec::new(),
    }
}

fn strings(table: &Table, key: &str) -> Vec<String> {
    match table.get(key) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    }
}

/// Lower-case letters and digits in words joined by `-`.
fn kebab(name: &str) -> String {
    let words: Vec<String> = name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str) -> Import {
        let mut import = Import::default();
        import.read(&text.parse().unwrap());
        import
    }

    const CONFIG: &str = r#"
title = "acme"
[extend]
useDefault = true
[[rules]]
id = "Acme_Token"
description = "Acme token."
regex = '''(?i)\b(acme_(live|test)_[a-z0-9]{24})\b'''
entropy = 3
keywords = ["acme_"]
tags = ["Acme Cloud"]
[[rules.allowlists]]
condition = "AND"
paths = ['''(^|/)docs/''']
regexes = ['''acme_test_''']
[[rules]]
id = "hex"
regex = '''[0-9a-f]{40}'''
[[rules]]
id = "keystore"
path = '''\.jks$'''
[[rules]]
id = "ahead"
regex = '''acme(?!x)'''
[allowlist]
description = "build output"
paths = ['''\.lock$''', '''(a|b)+c''']
stopwords = ["sample"]
commits = ["abc", "0123456789abcdef"]
"#;

    #[test]
    fn a_configuration_becomes_a_pack() {
        let import = import(CONFIG);
        assert_eq!(import.rules, 2);
        let pack = import.pack(ImportFrom::Gitleaks, "gitleaks.toml");
        let words = Words::new();
        let problems = config::check("pack.toml", &pack, words.known());
        assert!(problems.iter().all(|problem| !problem.is_error()), "{problems:?}\n{pack}");
        for line in [
            "id = \"acme-token\"",
            "keywords = [\"acme_live_\", \"acme_test_\"]",
            "entropy = 3.0",
            "tags = [\"acme-cloud\"]",
            "paths = ['**/docs/**']",
            "names = [\"**/*.jks\"]",
            "stopwords = ['sample']",
            "commits = ['0123456789abcdef']",
        ] {
            assert!(pack.contains(line), "{line}\n{pack}");
        }
    }

    #[test]
    fn what_cannot_be_carried_is_said() {
        let report = import(CONFIG).report.join("\n");
        for part in [
            "rule `hex` is left out",
            "rule `ahead` is left out",
            "(a|b)+c",
            "commit abc",
            "useDefault",
            "Acme_Token",
        ] {
            assert!(report.contains(part), "{part}\n{report}");
        }
    }
}
