//! A fixed outcome that holds what reports have to get right, and the rules it came from.

use std::{borrow::Cow, sync::Arc};

use abatis::{
    finding::{
        Confidence, Encoding, Finding, Fingerprint, Risk, RuleId, Severity, Snippet, Suppression,
        SuppressionKind,
    },
    origin::{ObjectId, Origin},
    pipeline::{Outcome, Receipt},
    rule::{Assignment, Detector, FileRule, Gate, Pattern, Rule, RuleSet},
    secret::Secret,
    source::{Problem, Skip},
    text::{Position, Span},
};

/// A path that attacks a terminal, a table, a shell and a decoder.
pub(super) const HOSTILE: &[u8] = b"odd/\x1b[31m\n::error::|`$(x),\xff\"<b>.txt";

/// A made token, in pieces so that a scan of this file finds nothing.
pub(super) fn token() -> String {
    ["ghp", "_", "0123456789abcdefghij", "ABCDEFGHIJKLMNOP"].concat()
}

/// Another made value, found by another rule.
pub(super) fn password() -> String {
    ["correct", "-horse-", "battery-", "42"].concat()
}

/// The rules of the sample.
pub(super) fn rules() -> RuleSet {
    let pattern = || {
        Detector::Pattern(Pattern {
            keywords: Cow::Borrowed(&[]),
            ignore_case: false,
            regex: "x".into(),
            multiline: false,
            entropy: None,
            check: "".into(),
            lengths: Cow::Borrowed(&[]),
            placeholders: false,
            binary: false,
        })
    };
    let assignment = Detector::Assignment(Assignment {
        columns: Cow::Borrowed(&[]),
        keywords: Cow::Borrowed(&[]),
        classifier: "password".into(),
        odds: abatis::rule::ODDS,
    });
    let file = Detector::File(FileRule {
        names: Cow::Borrowed(&[]),
        except: Cow::Borrowed(&[]),
        min_size: None,
        max_size: None,
        executable: None,
        content: "".into(),
    });
    let list = [
        ("github-pat", "GitHub personal access token (classic)", 1, Severity::Critical, pattern()),
        ("password", "Password given to a key", 1, Severity::High, assignment),
        ("public-acl", "Storage that anyone can read", 2, Severity::Medium, pattern()),
        ("ssh-key-file", "File that holds an SSH key", 1, Severity::High, file),
    ];
    let rules = list.map(|(id, title, risk, severity, detector)| Rule {
        refs: Cow::Borrowed(&[]),
        parts: Cow::Borrowed(&[]),
        structures: Cow::Borrowed(&[]),
        id: RuleId::from_static(id),
        title: title.into(),
        risk: Risk::new(risk).unwrap(),
        severity,
        confidence: Confidence::High,
        tags: vec![Cow::Borrowed("sample")].into(),
        help: match id {
            "public-acl" => "Set the ACL to private & grant readers one by one.",
            _ => "Revoke it where it was made, then replace it wherever it is used.",
        }
        .into(),
        docs: if id == "ssh-key-file" { "".into() } else { format!("https://example.com/{id}").into() },
        gate: Gate::Block,
        detector,
        paths: Cow::Borrowed(&[]),
        allow: Cow::Borrowed(&[]),
        matches: Cow::Borrowed(&[]),
        rejects: Cow::Borrowed(&[]),
        source: "sample.toml".into(),
    });
    RuleSet::new(rules.into_iter().map(Cow::Owned).collect(), Vec::new())
}

/// A finding of `rule` with `value` in the one line that `line` gives, `@` standing for the value.
pub(super) fn finding(
    rule: &str,
    value: &str,
    path: impl Into<Vec<u8>>,
    number: usize,
    line: &str,
) -> Finding {
    let rules = rules();
    let (rule_index, rule) = rules.find(rule).unwrap();
    let secret = Secret::new(value.as_bytes());
    let column = line.find('@').unwrap();
    let redacted = secret.redacted();
    let position = |column: usize| Position { line: number, column, character: column };
    Finding {
        rule: rule.id.clone(),
        rule_index,
        title: Arc::from(rule.title.as_ref()),
        risk: rule.risk,
        severity: rule.severity,
        confidence: rule.confidence,
        origin: Origin::file(path.into()),
        span: Span::new(100 + column, 100 + column + value.len()),
        start: position(column + 1),
        end: position(column + 1 + value.len()),
        snippet: Snippet {
            first_line: number,
            text: line.replace('@', &redacted),
            mark: Span::new(column, column + redacted.len()),
        },
        secret,
        fingerprint: Fingerprint([rule_index as u8 + 1; 16]),
        proof: None,
        decoded: Vec::new(),
        note: None,
        suppression: None,
        history: None,
        blocking: true,
    }
}

/// Several findings of one secret, a hostile path, a decoded value, one on a file as a whole, one
/// that does not block, a suppressed one, problems and a warning.
pub(super) fn outcome() -> Outcome {
    let token = token();
    let password = password();
    let commit = |byte| ObjectId::from_bytes(&[byte; 20]);

    let mut first = finding("github-pat", &token, "deploy/settings.py", 12, "TOKEN = \"@\"");
    first.proof = Some("github-crc32");
    first.snippet.text.insert_str(0, "import os\n");
    first.snippet.text.push_str("\nDEBUG = False\n");
    first.snippet.first_line = 11;
    first.snippet.mark = first.snippet.mark.shifted("import os\n".len());
    let again = finding("github-pat", &token, "scripts/run.sh", 3, "export T=@");
    let mut in_commit = finding("github-pat", &token, format!("old/{token}.txt"), 1, "@");
    in_commit.origin.commit = commit(0xab);
    in_commit.origin.object = commit(0xcd);

    let mut hostile = finding("password", &password, HOSTILE, 2, "\t鍵 = \"@\" # note");
    hostile.decoded = vec![Encoding::Base64, Encoding::Percent];
    hostile.note = Some(format!("key is `{password}`\u{202e}"));
    let mut multiline = finding("password", &password, "a.pem", 3, "@");
    multiline.end = Position { line: 8, column: 1, character: 1 };
    multiline.fingerprint = Fingerprint([9; 16]);

    let mut setting = finding("public-acl", "", "infra/main.tf", 40, "  acl = @\"public-read\"");
    setting.snippet.mark.end += "\"public-read\"".len();
    setting.end.column += "\"public-read\"".len();
    setting.end.character = setting.end.column;
    setting.note = Some("acl is public-read".to_owned());
    setting.blocking = false;

    let mut file = finding("ssh-key-file", "", "backup.zip", 0, "@");
    file.origin.members = vec!["home/id_rsa".into()];
    (file.start, file.end) = (Position::default(), Position::default());
    file.snippet = Snippet::default();

    let mut suppressed = finding("password", &password, "tests/fixture.yml", 5, "password: @");
    suppressed.blocking = false;
    suppressed.suppression = Some(Suppression {
        kind: SuppressionKind::Inline,
        reason: Some(format!("=made for tests, was {password}")),
        owner: Some("team-a".to_owned()),
        until: Some("2030-01-31".to_owned()),
        place: "tests/fixture.yml:5".to_owned(),
    });

    Outcome {
        findings: vec![multiline, file, first, setting, hostile, in_commit, again],
        suppressed: vec![suppressed],
        exposed: Vec::new(),
        sought: Vec::new(),
        today: None,
        problems: vec![Problem {
            subject: b"lost/\x07file".into(),
            message: format!("cannot be read near {token}; check its permissions"),
        }],
        warnings: vec!["abatis-baseline:3: expired on 2024-01-01".to_owned()],
        receipt: Receipt {
            rules: 4,
            refs: 2,
            commits: 1234,
            moved: 9,
            known: 0,
            contents: 2048,
            bytes: 3_565_158,
            fresh_bytes: 4096,
            skipped: [(Skip::TooLarge, 1), (Skip::Media, 12)].into(),
            suppressed: [(SuppressionKind::Inline, 1)].into(),
            unsure: 0,
            disproved: 3,
            unfinished: String::new(),
            scope: String::new(),
            notes: Vec::new(),
        },
    }
}

/// An outcome with nothing to say.
pub(super) fn clean() -> Outcome {
    let receipt =
        Receipt { rules: 4, moved: 1, contents: 1, bytes: 640, fresh_bytes: 640, ..Receipt::default() };
    Outcome { receipt, ..Outcome::default() }
}

/// One finding and no problems.
pub(super) fn single() -> Outcome {
    let finding = finding("github-pat", &token(), "app/config.rb", 7, "  token = '@'");
    Outcome { findings: vec![finding], ..clean() }
}
