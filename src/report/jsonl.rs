//! JSON Lines: one finding a line, then one line with everything else.
//!
//! The same structs as `json`. The last line tells a whole report from one that was cut off.

use std::io;

use serde::Serialize;

use crate::report::{
    Format, Input,
    json::{self, Summary},
    serial,
    view::View,
};

pub(crate) const FORMAT: Format = Format {
    name: "jsonl",
    title: "JSON Lines, one finding a line and a summary (docs/json.md)",
    extension: "jsonl",
    writer: write,
};

#[derive(Serialize)]
struct Line<T> {
    r#type: &'static str,
    #[serde(flatten)]
    rest: T,
}

#[derive(Serialize)]
struct LastLine {
    version: u32,
    findings: usize,
    #[serde(flatten)]
    summary: Summary,
}

fn write(input: Input<'_>, target: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(input);
    let mut findings = 0;
    for finding in view.findings() {
        let line = Line { r#type: "finding", rest: json::finding(&view, finding) };
        serial::line(&line, target)?;
        findings += 1;
    }
    for exposed in view.exposed() {
        serial::line(&Line { r#type: "exposure", rest: json::exposure(&view, exposed) }, target)?;
    }
    let rest = LastLine { version: json::VERSION, findings, summary: json::summary(&view) };
    serial::line(&Line { r#type: "summary", rest }, target)
}
