//! JUnit XML: one test case a finding, so that any CI server lists them.
//!
//! What blocks is a failure, what does not is a passed case with a remark, what is suppressed is
//! skipped, what could not be read is an error. A clean run is one passed case.

use std::io::{self, Write};

use crate::{
    finding::Finding,
    report::{Format, Input, plain, view::View},
};

pub(crate) const FORMAT: Format =
    Format { name: "junit", title: "JUnit XML", extension: "xml", writer: write };

fn write(input: Input<'_>, target: &mut dyn Write) -> io::Result<()> {
    let view = View::new(input);
    let mut cases: Vec<Case> = view.findings().map(|finding| case(&view, finding)).collect();
    for (subject, message) in view.problems() {
        cases.push(Case {
            name: subject,
            class: "abatis.problem".to_owned(),
            result: Outcome::Error(message),
        });
    }
    for reason in view.incomplete() {
        let (name, class) = ("incomplete run".to_owned(), "abatis".to_owned());
        cases.push(Case { name, class, result: Outcome::Error(reason) });
    }
    if cases.is_empty() {
        let (name, class) = ("no findings".to_owned(), "abatis".to_owned());
        cases.push(Case { name, class, result: Outcome::Passed(String::new()) });
    }
    let number = |is: fn(&Outcome) -> bool| cases.iter().filter(|case| is(&case.result)).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        cases.len(),
        number(|it| matches!(it, Outcome::Failed { .. })),
        number(|it| matches!(it, Outcome::Error(_))),
        number(|it| matches!(it, Outcome::Skipped(_))),
    );
    writeln!(target, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(target, "<testsuites name=\"abatis\" {counts}>")?;
    writeln!(target, "  <testsuite name=\"abatis\" {counts}>")?;
    for case in &cases {
        write_case(case, target)?;
    }
    let warnings: Vec<_> = view.warnings().collect();
    if !warnings.is_empty() {
        writeln!(target, "    <system-err>{}</system-err>", escape(&warnings.join("\n")))?;
    }
    writeln!(target, "  </testsuite>\n</testsuites>")
}

struct Case {
    name: String,
    class: String,
    result: Outcome,
}

enum Outcome {
    Passed(String),
    Failed { message: String, kind: &'static str, text: String },
    Error(String),
    Skipped(String),
}

fn case(view: &View<'_>, finding: &Finding) -> Case {
    let rule = view.text(finding.rule.as_str());
    let place = view.place(finding);
    let title = view.text(finding.title.as_bytes());
    let text = details(view, finding, &title, &place);
    let result = if let Some(suppression) = &finding.suppression {
        Outcome::Skipped(view.suppression(suppression))
    } else if finding.blocking {
        Outcome::Failed { message: format!("{title} at {place}"), kind: finding.severity.name(), text }
    } else {
        Outcome::Passed(text)
    };
    Case { name: place, class: format!("abatis.{rule}"), result }
}

fn details(view: &View<'_>, finding: &Finding, title: &str, place: &str) -> String {
    let mut lines = vec![
        format!("{title} at {place}"),
        format!("severity: {}, confidence: {}", finding.severity, finding.confidence),
        format!("risk: {} {}", finding.risk.number(), finding.risk.title()),
    ];
    lines.extend(view.redacted(finding).map(|redacted| format!("value: {redacted}")));
    lines.extend(view.secret(finding).map(|secret| format!("secret: {}", plain::line(secret))));
    lines.extend(finding.origin.commit.map(|commit| format!("commit: {commit}")));
    lines.extend(finding.note.as_ref().map(|note| format!("note: {}", view.text(note))));
    lines.push(format!("fingerprint: {}", finding.fingerprint));
    if let Some((_, rule)) = view.rule(finding) {
        for (label, text) in [("help", &rule.help), ("docs", &rule.docs)] {
            if !text.is_empty() {
                lines.push(format!("{label}: {}", view.text(text.as_bytes())));
            }
        }
    }
    lines.join("\n")
}

fn write_case(case: &Case, target: &mut dyn Write) -> io::Result<()> {
    let start =
        format!("    <testcase classname=\"{}\" name=\"{}\"", escape(&case.class), escape(&case.name));
    let inside = match &case.result {
        Outcome::Passed(text) if text.is_empty() => return writeln!(target, "{start}/>"),
        Outcome::Passed(text) => format!("<system-out>{}</system-out>", escape(text)),
        Outcome::Failed { message, kind, text } => {
            format!("<failure message=\"{}\" type=\"{kind}\">{}</failure>", escape(message), escape(text))
        }
        Outcome::Error(message) => format!("<error message=\"{}\" type=\"incomplete\"/>", escape(message)),
        Outcome::Skipped(why) => format!("<skipped message=\"{}\"/>", escape(why)),
    };
    writeln!(target, "{start}>\n      {inside}\n    </testcase>")
}

/// Escapes for content and for attributes in double quotes. Characters that XML cannot hold are
/// gone already: every text came through `plain`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            _ => escaped.push(character),
        }
    }
    escaped
}
