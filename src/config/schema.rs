//! The sections of a configuration file besides its rules, as written.

use crate::{
    diagnostic::Diagnostic,
    finding::{Confidence, Severity},
    rule::{
        schema::{CONFIDENCES, SEVERITIES},
        table::{At, Table},
    },
};

/// `[scan]`, `[suppress]`, `[hook]` and `[baseline]`.
#[derive(Clone, Debug, Default)]
pub(super) struct Sections {
    pub(super) fail_on: Option<At<Option<Severity>>>,
    pub(super) min_confidence: Option<At<Confidence>>,
    pub(super) max_size: Option<At<u64>>,
    pub(super) decode_depth: Option<At<u8>>,
    pub(super) archive_depth: Option<At<u8>>,
    pub(super) exclude: Vec<At<String>>,
    pub(super) threads: Option<At<usize>>,
    pub(super) markers: Option<At<Vec<At<String>>>>,
    pub(super) allow_bypass: Option<At<bool>>,
    pub(super) baseline: Option<At<String>>,
}

/// The word of `fail-on` for no severity at all.
pub(super) const NEVER: &str = "never";
/// More levels than anything real has.
const MAX_DEPTH: u64 = 16;
/// More threads than any machine has.
const MAX_THREADS: u64 = 1024;

impl Sections {
    pub(super) fn read(document: &mut Table<'_, '_>) -> Self {
        let mut sections = Self::default();
        if let Some(mut table) = document.table("scan", "`[scan]`") {
            let mut words = SEVERITIES.to_vec();
            words.push(NEVER);
            sections.fail_on = table.word("fail-on", &words, |word| {
                if word == NEVER { Some(None) } else { Severity::from_name(word).map(Some) }
            });
            sections.min_confidence = table.word("min-confidence", &CONFIDENCES, Confidence::from_name);
            sections.max_size = size(&mut table, "max-size");
            sections.decode_depth = bounded(&mut table, "decode-depth", MAX_DEPTH);
            sections.archive_depth = bounded(&mut table, "archive-depth", MAX_DEPTH);
            sections.exclude = table.strings("exclude");
            sections.threads = bounded(&mut table, "threads", MAX_THREADS);
            table.finish();
        }
        if let Some(mut table) = document.table("suppress", "`[suppress]`") {
            sections.markers = table.optional_strings("markers");
            table.finish();
        }
        if let Some(mut table) = document.table("hook", "`[hook]`") {
            sections.allow_bypass = table.boolean("allow-bypass");
            table.finish();
        }
        if let Some(mut table) = document.table("baseline", "`[baseline]`") {
            sections.baseline = table.string("path");
            table.finish();
        }
        sections
    }
}

fn bounded<N: TryFrom<u64>>(table: &mut Table<'_, '_>, key: &'static str, most: u64) -> Option<At<N>> {
    let number = table.number(key)?;
    if number.value <= most
        && let Ok(value) = N::try_from(number.value)
    {
        return Some(At { value, span: number.span });
    }
    table.sink().push(
        Diagnostic::error("too-large", format!("`{key}` can be {most} at most")).label(number.span, ""),
    );
    None
}

/// A number of bytes, or a string such as `20M`.
fn size(table: &mut Table<'_, '_>, key: &'static str) -> Option<At<u64>> {
    if !table.is_string(key) {
        return table.number(key);
    }
    let text = table.string(key)?;
    let value = parse_size(&text.value);
    if value.is_none() {
        table.sink().push(
            Diagnostic::error("bad-size", format!("`{}` is not a size", text.value))
                .label(text.span, "")
                .help("write bytes, or a number with K, M or G, such as `20M`"),
        );
    }
    value.map(|value| At { value, span: text.span })
}

/// Reads a size such as `512`, `64K`, `20M`, `20MB`, `20MiB` or `1G`; powers of 1024.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = text[digits..].trim().to_ascii_lowercase();
    let shift = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" if unit.contains('i') => return None,
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("512", Some(512)),
            ("512B", Some(512)),
            ("64K", Some(65_536)),
            ("20M", Some(20 << 20)),
            (" 20 MiB ", Some(20 << 20)),
            ("1gb", Some(1 << 30)),
            ("M", None),
            ("-1", None),
            ("1T", None),
            ("1i", None),
            ("99999999999G", None),
        ] {
            assert_eq!(parse_size(text), expected, "{text}");
        }
    }
}
