//! Markers of policy scanners, which speak for a block or a setting and name the check by that tool's id.
//!
//! An id holds for a rule that gives it among its references. Must not read beyond the block, the comment above it and the first lines
//! of the file.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use bstr::ByteSlice as _;

use super::{Text, Tool, Verdict, clean_reason, comment_text, names, reach, tools::foreign};
use crate::{
    finding::{Match, Suppression},
    rule::Rule,
    text::{Fresh, Span},
};

/// What a marker speaks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The block that it stands in, or that it stands right above.
    Block,
    /// The line that it stands on, or the one below.
    Line,
    /// The whole file, from one of its first lines.
    File,
}

/// How a marker is written: whose it is, the words in lower case, what it speaks for, and whether ids must follow.
const MARKERS: [(Tool, &str, Reach, bool); 20] = [
    (Tool::Checkov, "checkov:skip=", Reach::Block, true),
    (Tool::Checkov, METADATA, Reach::Block, true),
    (Tool::Checkov, "checkov.io/skip", Reach::Block, true),
    (Tool::Checkov, "bridgecrew:skip=", Reach::Block, true),
    (Tool::Checkov, "cortex:skip=", Reach::Block, true),
    (Tool::Tfsec, "tfsec:ignore:", Reach::Block, true),
    (Tool::Trivy, "trivy:ignore:", Reach::Block, true),
    (Tool::Kics, "kics-scan ignore-block", Reach::Block, false),
    (Tool::Kics, "kics-scan ignore-line", Reach::Line, false),
    (Tool::Kics, "kics-scan ignore", Reach::File, false),
    (Tool::Kics, "kics-scan disable=", Reach::File, true),
    (Tool::CfnNag, "rules_to_suppress", Reach::Block, true),
    (Tool::Hadolint, "hadolint ignore=", Reach::Line, true),
    (Tool::Hadolint, "hadolint global ignore=", Reach::File, true),
    (Tool::KubeLinter, "ignore-check.kube-linter.io/", Reach::Block, true),
    (Tool::KubeLinter, "kube-linter.io/ignore-all", Reach::Block, false),
    (Tool::Semgrep, "nosemgrep:", Reach::Line, true),
    (Tool::Semgrep, "nosem:", Reach::Line, true),
    (Tool::Semgrep, "nosemgrep", Reach::Line, false),
    (Tool::Semgrep, "nosem", Reach::Line, false),
];

/// The key of checkov in the metadata of a resource of AWS.
const METADATA: &str = "checkov";

/// Bytes at the start of a file in which a marker for the whole file may stand.
const HEAD: usize = 2048;
/// Most bytes of a block in which markers are looked for: more than any resource has, less than a data file.
const BLOCK: usize = 64 * 1024;
/// Most lines of comment above a block.
const ABOVE: usize = 8;
/// Most bytes behind a word in which ids are looked for: `rules_to_suppress` has them on lines of their own.
const IDS: usize = 2048;

/// Finds the words of all markers.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasickBuilder::new().ascii_case_insensitive(true).build(MARKERS.map(|(_, word, ..)| word)).ok()
});

/// The word of a marker in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// Where it begins.
    at: usize,
    /// Which of the markers.
    marker: usize,
}

/// Where markers for a match may stand.
struct Places {
    block: Span,
    /// The line of the match and that of its header, each with the one above.
    lines: [Span; 2],
    head: Span,
}

impl Places {
    fn of(bytes: &[u8], found: &Match) -> Self {
        let extent = if found.is_structural() { found.whole } else { found.span };
        let line = |place| {
            let (before, after) = reach::own_line(bytes, Span::new(place, place));
            Span::new(above(bytes, before.start, 1), after.end)
        };
        Self {
            block: block_of(bytes, extent),
            lines: [line(found.span.start), line(extent.start)],
            head: Span::new(0, bytes.len().min(HEAD)),
        }
    }

    fn all(&self) -> [Span; 4] {
        [self.block, self.lines[0], self.lines[1], self.head]
    }
}

/// Most matches for which markers are looked for around each: with more, the whole text is searched once.
const FEW: usize = 16;

/// Where words of markers stand that may speak for a match of `text`, in the order of their places.
fn hits(text: &Text<'_>) -> Vec<Hit> {
    let places = if text.matches.len() > FEW {
        Fresh::All
    } else {
        Fresh::from_spans(text.matches.iter().flat_map(|found| Places::of(text.bytes, found).all()).collect())
    };
    let mut hits = Vec::new();
    for place in places.spans(text.bytes.len()) {
        let found = WORDS.iter().flat_map(|words| words.find_overlapping_iter(place.of(text.bytes)));
        hits.extend(found.map(|hit| Hit { at: place.start + hit.start(), marker: hit.pattern().as_usize() }));
    }
    hits.sort_unstable_by_key(|hit| (hit.at, hit.marker));
    hits
}

/// What the markers of policy scanners say of a match.
pub(super) fn find(text: &Text<'_>, found: &Match, rule: &Rule, tools: &[Tool]) -> Option<Verdict> {
    let bytes = text.bytes;
    if rule.refs.is_empty() && !found.is_structural() {
        return None;
    }
    let hits = text.markers.get_or_init(|| hits(text));
    if hits.is_empty() {
        return None;
    }
    let around = Places::of(bytes, found);
    let [own, header] = around.lines;
    let places =
        [(around.block, Reach::Block), (own, Reach::Line), (header, Reach::Line), (around.head, Reach::File)];
    places.into_iter().find_map(|(place, reach)| {
        let from = hits.partition_point(|hit| hit.at < place.start);
        hits[from..].iter().take_while(|hit| hit.at < place.end).find_map(|hit| {
            let (tool, word, speaks, ids) = MARKERS[hit.marker];
            let counts = speaks == reach && tools.contains(&tool) && hit.at + word.len() <= place.end;
            let suppression =
                counts.then(|| said(bytes, (place.start, hit.at), (tool, word, ids), rule))??;
            Some(Verdict::Suppressed { suppression, at: hit.at })
        })
    })
}

/// What the marker at `at`, in a part of the text that begins at `start`, says if it speaks for the rule.
fn said(
    bytes: &[u8],
    (start, at): (usize, usize),
    (tool, word, ids): (Tool, &str, bool),
    rule: &Rule,
) -> Option<Suppression> {
    let before = (at > start).then(|| bytes[at - 1]);
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        return None;
    }
    let rest = &bytes[at + word.len()..bytes.len().min(at + word.len() + IDS)];
    if ids {
        let reason = speaks_for((tool, word), rest, rule)?;
        return Some(Suppression { reason, ..foreign(word.trim_end_matches(['=', ':', '/'])) });
    }
    // An annotation is a key, with the reason as its value.
    let ended = rest.first().is_none_or(|byte| match byte {
        b':' => tool == Tool::KubeLinter,
        b'-' | b'=' => false,
        other => !other.is_ascii_alphanumeric(),
    });
    ended.then(|| foreign(word))
}

/// Whether the ids behind a marker mean the rule, and the reason given.
fn speaks_for((tool, word): (Tool, &str), rest: &[u8], rule: &Rule) -> Option<Option<String>> {
    let key = rest.trim_start_with(|letter| letter.is_whitespace() || "\"':{".contains(letter));
    if tool == Tool::CfnNag || word == METADATA && key.starts_with(b"skip") && !rest.starts_with(b":skip") {
        // Ids stand on lines of their own, as `- id: W9` or `"id": "W9"`, up to the end of the list.
        let text = rest.to_str_lossy();
        let names = text.split("id").skip(1).map(|part| {
            part.trim_start_matches(['"', '\'', ':', ' '])
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .next()
        });
        return names.flatten().any(|id| is_meant(id, rule)).then_some(None);
    }
    let line = rest.to_str_lossy();
    let text = comment_text(&line);
    let (ids, reason) = match tool {
        // An annotation is `checkov.io/skipNUMBER: ID=REASON`.
        Tool::Checkov if word.ends_with("/skip") => {
            let text = text.split_once(':').map_or("", |(_, value)| value).trim_matches([' ', '"', '\'']);
            text.split_once('=').map_or((text, None), |(ids, reason)| (ids, Some(reason)))
        }
        Tool::Checkov if word == METADATA => return None,
        Tool::Checkov => text.split_once(':').map_or((text, None), |(ids, reason)| (ids, Some(reason))),
        Tool::KubeLinter => {
            let end =
                text.find(|letter: char| !letter.is_alphanumeric() && letter != '-').unwrap_or(text.len());
            (
                &text[..end],
                text[end..].split_once(':').map(|(_, reason)| reason.trim_matches([' ', '"', '\''])),
            )
        }
        _ => (text, None),
    };
    let separators = |letter: char| matches!(letter, ',' | ' ' | '\t' | '"' | '\'');
    let meant = ids
        .split(separators)
        .take_while(|id| !id.starts_with('#'))
        .any(|id| id == "*" || is_meant(id.split_once(':').map_or(id, |(id, _)| id), rule));
    meant.then(|| reason.and_then(clean_reason))
}

/// Whether another tool's id is one of the rule's references: in any case, with or without the database's prefix and the dash
/// before its number, an identifier by its first digits, a long name by its last part or what it is known as.
fn is_meant(id: &str, rule: &Rule) -> bool {
    let id = id.trim().trim_matches(['[', ']']);
    let short = id.get(..4).filter(|start| start.eq_ignore_ascii_case("avd-")).map_or(id, |_| &id[4..]);
    let last = id.rsplit('.').next().unwrap_or(id);
    let start = id.get(..8).filter(|_| id.len() == 36);
    let named = names::id_of(id);
    // Of old, ids of containers had three digits and no dash.
    let old = ["DS", "KSV", "KCV"].iter().find_map(|kind| Some((kind, short.strip_prefix(kind)?)));
    let dashed =
        old.filter(|(_, digits)| digits.len() == 3).map(|(kind, digits)| format!("{kind}-0{digits}"));
    !id.is_empty()
        && rule.refs.iter().any(|known| {
            [Some(short), Some(last), start, named, dashed.as_deref()]
                .into_iter()
                .flatten()
                .any(|name| name.eq_ignore_ascii_case(known))
        })
}

/// A block with the comment above it.
fn block_of(bytes: &[u8], extent: Span) -> Span {
    let (before, after) = reach::own_line(bytes, extent);
    let end = after.end.min(extent.start + BLOCK).max(extent.start);
    Span::new(above(bytes, before.start, ABOVE), end)
}

/// The start of the lines of comment, up to so many, that stand right above the line that begins at `start`.
fn above(bytes: &[u8], mut start: usize, lines: usize) -> usize {
    for _ in 0..lines {
        let Some(newline) = start.checked_sub(1) else { break };
        if bytes[newline] != b'\n' {
            break;
        }
        let Some(line) = reach::line_above(bytes, start) else { break };
        let before = line.start;
        let line = line.of(bytes).trim_ascii();
        let comment = [&b"#"[..], b"//", b"/*", b"*", b"<!--", b";", b"--"];
        if !comment.iter().any(|opening| line.starts_with(opening)) {
            break;
        }
        start = before;
    }
    start
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::{
        filter::tests::rule,
        finding::{Confidence, Structural},
        secret::Secret,
    };

    /// The marker that speaks for the block that begins with `block` in `text`, with its reason; the setting is `acl`.
    #[track_caller]
    fn check(text: &str, expected: Option<(&str, Option<&str>)>) {
        let whole = Span::new(text.find("block").unwrap(), text.rfind('}').unwrap() + 1);
        let start = text.find("acl").unwrap();
        let found = Match {
            rule: 0,
            span: Span::new(start, start + 3),
            whole,
            depends: whole,
            parts: Vec::new(),
            secret: Secret::new(b""),
            confidence: Confidence::High,
            at_most: None,
            disproved: false,
            proof: None,
            decoded: Vec::new(),
            note: None,
            structure: Some(Box::new(Structural {
                part: 0,
                written: true,
                identity: String::new(),
                lent: Vec::new(),
            })),
        };
        let refs = [
            "CKV_AWS_20",
            "AWS-0092",
            "W31",
            "57b9893d",
            "s3-public-read-bucket",
            "privileged",
            "DL3002",
            "DS-0002",
        ];
        let rule = Rule { refs: refs.map(Cow::Borrowed).to_vec().into(), ..rule("one") };
        let verdict =
            find(&Text::new(text.as_bytes(), std::slice::from_ref(&found)), &found, &rule, &Tool::ALL);
        let said = verdict.map(|verdict| match verdict {
            Verdict::Suppressed { suppression, .. } => (suppression.place, suppression.reason),
            Verdict::Void { remark, .. } => (remark, None),
        });
        let said = said.as_ref().map(|(place, reason)| (place.as_str(), reason.as_deref()));
        assert_eq!(said, expected, "{text}");
    }

    #[test]
    fn markers_speak_for_the_rules_that_refer_to_their_ids() {
        check(
            "block {\n  #checkov:skip=CKV_AWS_20:a public site\n  acl\n}",
            Some(("checkov:skip", Some("a public site"))),
        );
        check("block {\n  #checkov:skip=CKV_AWS_21:versions\n  acl\n}", None);
        check("#tfsec:ignore:AVD-AWS-0092\nblock {\n  acl\n}", Some(("tfsec:ignore", None)));
        check(
            "#trivy:ignore:AWS-0092 trivy:ignore:AWS-0093\nblock {\n  acl\n}",
            Some(("trivy:ignore", None)),
        );
        check("#trivy:ignore:AWS-0093\nblock {\n  acl\n}", None);
        check("#trivy:ignore:AWS-0092\n\nblock {\n  acl\n}", None);
        check("# kics-scan ignore-block\nblock {\n  acl\n}", Some(("kics-scan ignore-block", None)));
        check(
            "# kics-scan disable=57b9893d-33b1-4419-bcea-a717ea87e139\n\n\nblock {\n  acl\n}",
            Some(("kics-scan disable", None)),
        );
        check(
            "block {\n  rules_to_suppress:\n    - id: W31\n      reason: a site\n  acl\n}",
            Some(("rules_to_suppress", None)),
        );
        check("block {\n  rules_to_suppress:\n    - id: W32\n  acl\n}", None);
        check("block {\n  checkov:\n    skip:\n      - id: CKV_AWS_20\n  acl\n}", Some(("checkov", None)));
        check("block { \"checkov\": {\"skip\": [{\"id\": \"CKV_AWS_20\"}]}, acl\n}", Some(("checkov", None)));
        check("block {\n  checkov:\n    skip:\n      - id: CKV_AWS_21\n  acl\n}", None);
        check("block {\n  checkov: CKV_AWS_20\n  acl\n}", None);
        check(
            "block {\n  checkov.io/skip1: CKV_AWS_20=it has to be\n  acl\n}",
            Some(("checkov.io/skip", Some("it has to be"))),
        );
        check("block {\n  checkov.io/skip1: CKV_AWS_2=other\n  acl\n}", None);
        check(
            "#tfsec:ignore:aws-s3-no-public-access-with-acl\nblock {\n  acl\n}",
            Some(("tfsec:ignore", None)),
        );
        check("#tfsec:ignore:aws-s3-enable-versioning\nblock {\n  acl\n}", None);
        check("#trivy:ignore:DS002\nblock {\n  acl\n}", Some(("trivy:ignore", None)));
        check("# kics-scan ignore\n\nblock {\n  acl\n}", Some(("kics-scan ignore", None)));
        check("# kics-scan ignored\n\nblock {\n  acl\n}", None);
        check(
            "block {\n  ignore-check.kube-linter.io/privileged: \"it has to be\"\n  acl\n}",
            Some(("ignore-check.kube-linter.io", Some("it has to be"))),
        );
        check("block {\n  # kics-scan ignore-line\n  acl\n}", Some(("kics-scan ignore-line", None)));
        check(
            "# hadolint global ignore=DL3002\n\n\nblock {\n  acl\n}",
            Some(("hadolint global ignore", None)),
        );
        check(
            "block {\n  kube-linter.io/ignore-all: \"a sample\"\n  acl\n}",
            Some(("kube-linter.io/ignore-all", None)),
        );
        check("block {\n  # hadolint ignore=DL3006,DL3002\n  acl\n}", Some(("hadolint ignore", None)));
        check("block {\n  acl # nosemgrep\n}", Some(("nosemgrep", None)));
        check(
            "block {\n  acl # nosemgrep: terraform.aws.s3-public-read-bucket\n}",
            Some(("nosemgrep", None)),
        );
        check("block {\n  acl # nosemgrep: other-rule\n}", None);
        check("block {\n  other # nosemgrep\n\n  acl\n}", None);
    }

    #[test]
    fn a_line_of_megabytes_is_not_read_for_every_match_on_it() {
        let far = "x".repeat(reach::REACH);
        check("block { acl nosemgrep }", Some(("nosemgrep", None)));
        check(&format!("nosemgrep {far} block {{ acl }}"), None);
        check(&format!("block {{ acl }} {far} tfsec:ignore:AWS-0092"), None);
        check(&format!("block {{ acl {far} tfsec:ignore:AWS-0092 }}"), Some(("tfsec:ignore", None)));
    }
}
