//! What every report has to hold: no secret, no control character, well-formed, the same bytes.
//!
//! How each format looks is in `reports/text.rs` and `reports/data.rs`.

mod data;
mod sample;
mod text;

use std::io;

use abatis::{
    finding::{Finding, Severity},
    pipeline::Outcome,
    report::{self, FORMATS, Input, Mode, Options},
    text::Position,
};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, proptest};
use serde_json::Value;

const MODES: [Mode; 7] =
    [Mode::Scan, Mode::Staged, Mode::Message, Mode::Push, Mode::Receive, Mode::Range, Mode::Audit];

fn bytes(format: &str, outcome: &Outcome, options: &Options) -> Vec<u8> {
    let rules = sample::rules();
    let mut target = Vec::new();
    let format = report::find(format).unwrap();
    (format.writer)(Input { outcome, rules: &rules, options }, &mut target).unwrap();
    target
}

fn written(format: &str, outcome: &Outcome, options: &Options) -> String {
    String::from_utf8(bytes(format, outcome, options)).unwrap()
}

fn json(format: &str, outcome: &Outcome, options: &Options) -> Value {
    serde_json::from_slice(&bytes(format, outcome, options)).unwrap()
}

fn all_shown() -> Options {
    Options { show_suppressed: true, ..Options::default() }
}

#[test]
fn no_format_shows_a_secret_or_a_control_character() {
    for mode in MODES {
        let options = Options { mode, ..all_shown() };
        for format in FORMATS {
            let name = format.name;
            let shown = written(name, &sample::outcome(), &options);
            for secret in [sample::token(), sample::password()] {
                assert!(!shown.contains(&secret), "{name}: {shown}");
            }
            let harmful = |it: char| it.is_control() && !matches!(it, '\n' | '\r' | '\t') || it == '\u{202e}';
            assert!(!shown.contains(harmful), "{name}: {shown}");
            assert_eq!(shown, written(name, &sample::outcome(), &options), "{name} differs between runs");
        }
    }
}

#[test]
fn secrets_are_shown_where_asked() {
    let options = Options { show_secrets: true, ..all_shown() };
    for name in ["text", "json", "jsonl", "sarif", "junit", "csv", "markdown"] {
        assert!(written(name, &sample::outcome(), &options).contains(&sample::token()), "{name}");
    }
}

#[test]
fn an_incomplete_run_is_never_taken_for_clean() {
    let mut outcome = sample::clean();
    outcome.receipt.rules = 0;
    for format in FORMATS {
        let name = format.name;
        for brief in [false, true] {
            let options = Options { brief, ..Options::default() };
            let incomplete = written(name, &outcome, &options);
            assert_ne!(incomplete, written(name, &sample::clean(), &options), "{name}");
            assert!(incomplete.contains("No rule is in force"), "{name}: {incomplete}");
        }
    }
}

#[test]
fn every_reason_to_be_incomplete_is_told() {
    type Change = fn(&mut Outcome);
    let changes: [(&str, Change); 4] = [
        ("No rule is in force", |outcome| outcome.receipt.rules = 0),
        ("ended early: time was up", |outcome| outcome.receipt.unfinished = "time was up".to_owned()),
        ("1 entry moved and none was looked at", |outcome| outcome.receipt.contents = 0),
        ("cannot be read", |outcome| outcome.problems = sample::outcome().problems),
    ];
    for (words, change) in changes {
        let mut outcome = sample::clean();
        change(&mut outcome);
        assert!(outcome.is_incomplete());
        let shown = written("text", &outcome, &Options { width: Some(500), ..Options::default() });
        assert!(shown.contains(words) && shown.contains("INCOMPLETE"), "{shown}");
    }
}

#[test]
fn a_broken_pipe_is_passed_on() {
    struct Closed;
    impl io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (outcome, rules, options) = (sample::outcome(), sample::rules(), Options::default());
    for format in FORMATS {
        let input = Input { outcome: &outcome, rules: &rules, options: &options };
        let error = (format.writer)(input, &mut Closed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{}", format.name);
    }
}

#[test]
fn sarif_follows_its_schema() {
    let schema: Value = serde_json::from_str(include_str!("../data/sarif-2.1.0.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let root = Some("file:///srv/repo/".to_owned());
    for outcome in [sample::outcome(), sample::clean(), sample::single(), Outcome::default()] {
        for options in [Options::default(), Options { root: root.clone(), show_secrets: true, ..all_shown() }]
        {
            let document = json("sarif", &outcome, &options);
            let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new());
            // Required by readers, though not by the schema.
            let run = &document["runs"][0];
            assert_eq!(run["columnKind"], "utf16CodeUnits");
            for result in run["results"].as_array().unwrap() {
                let index = result["ruleIndex"].as_u64().unwrap() as usize;
                assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
                let region = &result["locations"][0]["physicalLocation"]["region"];
                assert!(region["startLine"].as_u64().unwrap() >= 1);
            }
        }
    }
}

#[test]
fn sarif_places_are_exact() {
    fn check(change: impl Fn(&mut Finding), root: Option<&str>, expected: &Value) {
        let mut outcome = sample::single();
        change(&mut outcome.findings[0]);
        let options = Options { root: root.map(str::to_owned), ..Options::default() };
        let document = json("sarif", &outcome, &options);
        let mut place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"].clone();
        let region = place["region"].as_object_mut().unwrap();
        region.remove("snippet");
        place.as_object_mut().unwrap().remove("contextRegion");
        assert_eq!(place, *expected);
    }
    let place = |line, column, character| Position { line, column, character };
    check(
        |finding| finding.start = place(7, 14, 12),
        Some("https://example.com/x/"),
        &serde_json::json!({
            "artifactLocation": {"uri": "app/config.rb", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 7, "startColumn": 12, "endLine": 7, "endColumn": 52},
        }),
    );
    // A secret that ends with its line ends on that line, not on the next.
    check(
        |finding| finding.end = place(9, 1, 1),
        Some("https://example.com/no-slash"),
        &serde_json::json!({
            "artifactLocation": {"uri": "app/config.rb"},
            "region": {"startLine": 7, "startColumn": 12, "endLine": 8},
        }),
    );
    // Columns that are known in bytes only are not given as characters.
    check(
        |finding| {
            (finding.start, finding.end) = (place(7, 5000, 0), place(7, 5040, 0));
            finding.origin.path = "/tmp/a b".into();
        },
        Some("file:///srv/"),
        &serde_json::json!({
            "artifactLocation": {"uri": "file:///tmp/a%20b"},
            "region": {"startLine": 7, "endLine": 7},
        }),
    );
    check(
        |finding| {
            (finding.start, finding.end) = (Position::default(), Position::default());
            finding.origin.path = b"caf\xe9/x:y".into();
        },
        None,
        &serde_json::json!({
            "artifactLocation": {"uri": "caf%E9/x%3Ay"},
            "region": {"startLine": 1},
        }),
    );
}

#[test]
fn junit_is_well_formed() {
    for outcome in [sample::outcome(), sample::clean(), Outcome::default()] {
        let xml = written("junit", &outcome, &all_shown());
        let cases = well_formed(&xml).iter().filter(|name| *name == "testcase").count();
        assert!(xml.contains(&format!("tests=\"{cases}\"")), "{xml}");
    }
}

#[test]
fn csv_reads_back() {
    let rows = parse_csv(&written("csv", &sample::outcome(), &all_shown()));
    let width = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == width && row.iter().all(|cell| !is_formula(cell))));
    let kinds: Vec<_> = rows.iter().map(|row| row[0].as_str()).collect();
    let findings = ["finding"; 7].into_iter();
    let rest = ["suppressed", "problem", "incomplete", "warning"];
    assert_eq!(kinds, ["kind"].into_iter().chain(findings).chain(rest).collect::<Vec<_>>());
    let paths = rows[0].iter().position(|name| name == "path").unwrap();
    assert!(rows.iter().any(|row| row[paths] == r#"odd/\x1b[31m\n::error::|`$(x),\xff"<b>.txt"#));
}

#[test]
fn json_lines_end_with_a_summary() {
    let lines = written("jsonl", &sample::outcome(), &all_shown());
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let document = json("json", &sample::outcome(), &all_shown());
    let (last, findings) = lines.split_last().unwrap();
    assert_eq!(last["type"], "summary");
    assert_eq!(last["findings"], findings.len());
    for (line, finding) in findings.iter().zip(document["findings"].as_array().unwrap()) {
        let mut line = line.clone();
        assert_eq!(line.as_object_mut().unwrap().remove("type"), Some("finding".into()));
        assert_eq!(&line, finding);
    }
    for key in ["receipt", "problems", "warnings", "incomplete", "version"] {
        assert_eq!(last[key], document[key], "{key}");
    }
}

#[test]
fn every_json_field_is_documented() {
    let docs = include_str!("../../docs/json.md");
    let document = json("json", &sample::outcome(), &Options { show_secrets: true, ..all_shown() });
    let mut values = vec![&document];
    while let Some(value) = values.pop() {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    if name != "skipped" && name != "suppressed" {
                        values.push(value);
                    }
                    assert!(docs.contains(&format!("`{name}`")), "docs/json.md does not name `{name}`");
                }
            }
            Value::Array(items) => values.extend(items),
            _ => {}
        }
    }
}

#[test]
fn gitlab_issues_have_identities_of_their_own() {
    let document = json("gitlab", &sample::outcome(), &Options::default());
    let issues = document.as_array().unwrap();
    let names: std::collections::BTreeSet<_> =
        issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(names.len(), issues.len());
    for issue in issues {
        assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
        for key in ["description", "check_name", "severity"] {
            assert!(issue[key].is_string());
        }
    }
}

#[test]
fn github_commands_stay_on_their_lines() {
    let commands = written("github", &sample::outcome(), &all_shown());
    for line in commands.lines() {
        let starts = ["::error ", "::warning ", "::notice "];
        assert!(starts.iter().any(|start| line.starts_with(start)), "{line}");
    }
}

#[test]
fn advice_fits_the_mode() {
    let words = [
        (Mode::Scan, "Rotate the secret first"),
        (Mode::Staged, "git restore --staged :/app/config.rb"),
        (Mode::Message, "Edit the message"),
        (Mode::Push, "git rebase -i 5e5e5e5e5e^"),
        (Mode::Receive, "has left the machine"),
        (Mode::Range, "git rebase -i 5e5e5e5e5e^"),
        (Mode::Audit, "History keeps the old value"),
    ];
    assert_eq!(words.map(|(mode, _)| mode), MODES);
    let mut outcome = sample::single();
    outcome.findings[0].origin.commit = abatis::origin::ObjectId::from_bytes(&[0x5e; 20]);
    for (mode, expected) in words {
        for format in ["text", "markdown"] {
            let options = Options { mode, width: Some(500), ..Options::default() };
            assert!(written(format, &outcome, &options).contains(expected), "{mode:?} {format}");
        }
    }
}

/// On Linux only: other systems do not take such names, or have no bash.
#[cfg(target_os = "linux")]
#[test]
fn the_command_to_unstage_works_from_any_folder() {
    use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _};

    use bstr::ByteSlice as _;

    use crate::support::Repo;

    let paths: [&[u8]; 7] = [
        b"plain.rs",
        b".env",
        b"-x",
        b"a[1]*.rs",
        b"it's `b`\\",
        b"!top",
        &sample::HOSTILE.replace(b"/", b""),
    ];
    let repo = Repo::new();
    repo.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
    let folder = repo.path().join("folder");
    fs::create_dir(&folder).unwrap();
    for path in paths {
        fs::write(repo.path().join(OsStr::from_bytes(path)), "x").unwrap();
        repo.git(&["add", "-A"]);
        let mut outcome = sample::single();
        outcome.findings[0].origin.path = path.into();
        let shown = written("text", &outcome, &Options { mode: Mode::Staged, ..Options::default() });
        let start = shown.find("git restore").unwrap();
        let (command, _) = shown[start..].split_once('`').unwrap();
        let status = repo.command("bash").current_dir(&folder).args(["-c", command]).status().unwrap();
        assert!(status.success(), "{command}");
        assert_eq!(repo.git(&["diff", "--cached", "--name-only"]), "", "{command}");
        fs::remove_file(repo.path().join(OsStr::from_bytes(path))).unwrap();
    }
}

#[test]
fn narrow_text_keeps_to_its_width() {
    for (mode, width) in [(Mode::Receive, None), (Mode::Audit, Some(60)), (Mode::Staged, Some(80))] {
        let limit = width.unwrap_or(72);
        let shown = written("text", &sample::single(), &Options { mode, width, ..Options::default() });
        for line in shown.lines() {
            assert!(line.chars().count() <= limit, "{line}");
        }
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let plain = written("text", &sample::outcome(), &all_shown());
    let coloured = written("text", &sample::outcome(), &Options { color: true, ..all_shown() });
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
    assert!(coloured.len() > plain.len());
}

/// A value of the kind that rules look for.
fn values() -> impl Strategy<Value = String> {
    "[A-Za-z0-9+/=_.&<\"'|,%$-]{16,60}"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn secrets_stay_hidden_wherever_they_stand(
        value in values(),
        other in values(),
        around in any::<Vec<u8>>(),
        mode in 0..MODES.len(),
        at in 0_usize..60,
    ) {
        let path = [&around[..], value.as_bytes(), b"/", other.as_bytes(), &around[..]].concat();
        let mut one = sample::finding("github-pat", &value, path, 3, "key = @");
        one.note = Some(format!("{value}{other}"));
        // As if the pipeline had forgotten to redact, with a mark that fits nothing.
        one.snippet.text = format!("a = {other}; b = {value}\n{value}");
        one.snippet.mark.start = at;
        one.snippet.mark.end = at + 3;
        one.origin.members = vec![format!("x{value}").into()];
        let mut two = sample::finding("password", &other, other.as_bytes(), 1, "@");
        two.severity = Severity::Low;
        two.blocking = false;
        let mut outcome = sample::outcome();
        outcome.warnings.push(format!("odd: {other}"));
        outcome.problems[0].message.push_str(&value);
        outcome.receipt.unfinished.clone_from(&value);
        outcome.findings.extend([one, two]);
        let options = Options { mode: MODES[mode], ..all_shown() };
        for format in FORMATS {
            let shown = written(format.name, &outcome, &options);
            for secret in [&value, &other] {
                let escaped = [
                    secret.clone(),
                    secret.replace('"', "\\\""),
                    secret.replace('"', "\"\""),
                    secret.replace('|', "\\|"),
                    secret.replace('%', "%25"),
                    secret.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\'', "&apos;"),
                ];
                for form in escaped {
                    prop_assert!(!shown.contains(&form), "{}: {form}", format.name);
                }
            }
        }
    }
}

/// Checks that `xml` nests, quotes and escapes as it should; gives the names of its elements.
fn well_formed(xml: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap();
    while let Some((text, after)) = rest.split_once('<') {
        references(text);
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let is_empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        while !attributes.is_empty() {
            let (key, after) = attributes.split_once("=\"").unwrap();
            assert!(key.trim().chars().all(|it| it.is_ascii_lowercase()), "{key}");
            let (value, after) = after.split_once('"').unwrap();
            references(value);
            attributes = after;
        }
        names.push(name.to_owned());
        if !is_empty {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest:?}");
    names
}

/// Checks that `&` begins one of the five named references.
fn references(text: &str) {
    for after in text.split('&').skip(1) {
        assert!(
            ["amp;", "lt;", "gt;", "quot;", "apos;"].iter().any(|name| after.starts_with(name)),
            "{text}"
        );
    }
}

/// Reads RFC 4180, strictly.
fn parse_csv(csv: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut rest = csv;
    while !rest.is_empty() {
        let mut cell = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let (part, after) = quoted.split_once('"').unwrap();
                cell.push_str(part);
                match after.strip_prefix('"') {
                    Some(more) => {
                        cell.push('"');
                        quoted = more;
                    }
                    None => {
                        rest = after;
                        break;
                    }
                }
            }
        } else {
            let end = rest.find([',', '\r', '"']).unwrap();
            cell.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        row.push(cell);
        if let Some(after) = rest.strip_prefix(',') {
            rest = after;
        } else {
            rest = rest.strip_prefix("\r\n").unwrap();
            rows.push(std::mem::take(&mut row));
        }
    }
    rows
}

fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@'])
}
