//! Nothing that stands in a file does harm: no panic, no hang, no unbounded memory, no span beyond the text.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Format, NAMES, parse, spans};
use crate::policy::format::base::LONGEST;

/// Far more than any of these takes, and far less than anything that is not linear would.
const LIMIT: Duration = Duration::from_secs(20);

/// Reads `text` as every format.
#[track_caller]
fn all(text: &[u8]) {
    for (format, name) in NAMES {
        let start = Instant::now();
        let document = parse(*format, text);
        spans(&document, text);
        assert!(start.elapsed() < LIMIT, "{name} takes {:?}", start.elapsed());
    }
}

/// Pieces that mean something to a parser.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    "`",
    "${",
    "%{",
    "{{",
    "}}",
    "{%",
    "%}",
    "<%=",
    "%>",
    "<<EOT\n",
    "EOT\n",
    "<<-X\n",
    ":",
    ": ",
    "=",
    "==",
    " = ",
    ",",
    ";",
    "\n",
    "\r\n",
    "  ",
    "\t",
    "- ",
    "? ",
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "!Sub ",
    "!If ",
    "---\n",
    "...\n",
    "#",
    "//",
    "/*",
    "*/",
    "\\",
    "\\\n",
    "\\u12",
    "key",
    "resource \"a\" \"b\" {\n",
    "FROM a AS b\n",
    "RUN ",
    "ENV A=",
    "'''",
    "\"\"\"",
    "for x in ",
    "if ",
    "? 1 : 2",
    "true",
    "-1",
    "0x",
    "1e9",
    "$",
    "$$",
    "@secure()\n",
    "param x string = ",
    "server {\n",
    "<a b=\"c\">",
    "</a>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "Match a\n",
    "[section]\n",
    "a.b.c=",
    "return [",
    "=>",
    "\u{feff}",
    "é",
    "\u{1}",
    "\0",
    "Resources:\n  A:\n    Type: AWS::X::Y\n",
    "Fn::Sub",
    "{\"Ref\": \"A\"}",
    "[parameters('x')]",
    "- hosts: all\n  tasks:\n",
    "dynamic \"x\" {\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "reads every format some thousand times: a minute or more"]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..400)) {
        all(&text);
    }

    #[test]
    #[ignore = "reads every format some thousand times: a minute or more"]
    fn any_pieces(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..120)) {
        all(pieces.concat().as_bytes());
    }
}

#[test]
#[ignore = "reads every format some hundred times: a minute or more"]
fn deep_nesting() {
    let openings = [
        "{",
        "[",
        "(",
        "{\"a\":",
        "- ",
        "a:\n ",
        "a {\n",
        "<a>",
        "${",
        "\"${",
        "!x ",
        "&a [",
        "-",
        "!",
        "f(",
        "x[",
        "? ",
        "[for x in ",
        "<b>\n",
    ];
    for open in openings {
        all(open.repeat(20_000).as_bytes());
    }
}

#[test]
#[ignore = "reads every format some hundred times: a minute or more"]
fn many_small_things() {
    let lines = [
        "a: *b\n",
        "- &a [*a, *a]\n",
        "a = [1, 2\n",
        "x \"\n",
        "a.b = 1\n",
        "<<A\n",
        "\"\\\n",
        "k: 'v\n",
        "${\n",
        "{{ x }}\n",
        "ENV A\n",
        "a {\n}\n",
        "b: |\n",
        "</a>\n",
        "[s]\n",
        "{{- x | nindent 9 }}\n",
        "k{ ",
        "{a: b, c: [d]}, ",
        "{{ x }} ",
        "a = 1, ",
    ];
    for line in lines {
        all(line.repeat(10_000).as_bytes());
    }
}

#[test]
fn one_line_of_many_scalars() {
    for format in [Format::Yaml, Format::Compose, Format::Kubernetes] {
        let text = format!("services: {{{}}}", "a: {b: c}, ".repeat(LONGEST / 12));
        let start = Instant::now();
        spans(&parse(format, text.as_bytes()), text.as_bytes());
        assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    }
}

#[test]
fn aliases_that_double() {
    let mut text = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..60 {
        text.push_str(&format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1));
    }
    all(text.as_bytes());
}

#[test]
fn too_long_is_a_note() {
    let text = vec![b'a'; LONGEST + 1];
    for (format, _) in NAMES {
        assert_eq!(parse(*format, &text).notes.len(), 1);
    }
}
