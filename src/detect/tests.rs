//! The core as a whole: rules made here, texts made here.

use proptest::prelude::*;

use super::*;
use crate::{rule, text::Copied};

fn scanner(packs: &str) -> Scanner {
    let rules = rule::read_pack("test.toml", packs).unwrap_or_else(|problems| panic!("{problems:?}"));
    let rules = rules.into_iter().map(std::borrow::Cow::Owned).collect();
    Scanner::new(Arc::new(RuleSet::new(rules, Vec::new())), Limits::default())
}

/// A pack with a rule of every kind that the core knows.
const PACK: &str = r##"
schema = 1
pack = "test"

[[rule]]
id = "acme-token"
title = "Acme token"
risk = 1
severity = "high"
confidence = "high"
keywords = ["acme_"]
pattern = '''\b(acme_[0-9a-z]{12})\b'''
binary = true
help = "Revoke it."
docs = "https://example.com/"
matches = ["acme_8k2j5h7x9q1z"]
rejects = ["acme_8k2j"]

[[rule]]
id = "block"
title = "Block of lines"
risk = 1
severity = "high"
confidence = "high"
keywords = ["-----BEGIN ACME"]
pattern = '''-----BEGIN ACME-----\s{1,4}([0-9a-z\s]{8,400}?)-----END ACME-----'''
multiline = true
help = "Revoke it."
docs = "https://example.com/"
matches = ["-----BEGIN ACME-----\n8k2j5h7x9q1z\n-----END ACME-----"]
rejects = ["-----BEGIN ACME-----"]

[[rule]]
id = "named"
title = "Password"
risk = 1
severity = "medium"
confidence = "medium"
keywords = ["passw"]
classifier = "password"
help = "Change it."
docs = "https://example.com/"
matches = ['password = "Tr0ub4dor&3"']
rejects = ['password = other']

[[rule]]
id = "pair"
title = "Pair secret"
risk = 1
severity = "high"
confidence = "medium"
keywords = ["pairs"]
value = '''[0-9a-f]{16}'''
help = "Change it."
docs = "https://example.com/"
matches = ['pairs_secret = "4f7c0b9e2d61a835"']
rejects = ['pairs_secret = "4f7c"']
[[rule.part]]
name = "the id"
pattern = '''\b(ID[0-9]{4})\b'''

[[rule]]
id = "bound"
title = "Value that the name of its provider marks"
risk = 1
severity = "high"
confidence = "high"
keywords = ["bonded"]
value = '''[0-9A-Z]{18}'''
help = "Change it."
docs = "https://example.com/"
matches = ['bonded_key = "K7Q2M9X4V8R3T6W1Z5"']
rejects = ['bonded_key = "K7Q2"']

[[rule]]
id = "pair-id"
title = "Pair id"
risk = 1
severity = "low"
confidence = "high"
keywords = ["ID1"]
pattern = '''\b(ID1[0-9]{3})\b'''
help = "Change it."
docs = "https://example.com/"
matches = ["ID1234"]
rejects = ["ID1"]

[[rule]]
id = "debug-on"
title = "Debug mode"
risk = 3
severity = "low"
confidence = "high"
keywords = ["DEBUG"]
pattern = '''^DEBUG ?= ?(True)\b'''
paths = ["settings*.py"]
help = "Switch it off."
docs = "https://example.com/"
matches = [{ path = "settings.py", text = "DEBUG = True" }]
rejects = [{ path = "settings.py", text = "DEBUG = False" }]

[[rule]]
id = "key-file"
title = "Key file"
risk = 1
severity = "high"
confidence = "medium"
help = "Remove it."
docs = "https://example.com/"
matches = [{ path = "a/b.pem", text = "x" }]
rejects = [{ path = "a/b.txt", text = "x" }]
[rule.file]
names = ["*.pem"]
"##;

fn scan_with(scanner: &Scanner, path: &str, bytes: &[u8], fresh: &Fresh) -> Vec<Match> {
    let subject = Subject {
        bytes,
        path: path.into(),
        kind: Kind::File,
        fresh,
        new_name: true,
        executable: false,
        beside: None,
    };
    let mut matches = Vec::new();
    scanner.scan(subject, &mut Scratch::default(), &mut matches);
    matches
}

/// `rule@start..end` of every match, with what it was wrapped in.
fn check(path: &str, bytes: &[u8], expected: &[&str]) {
    let scanner = scanner(PACK);
    let found: Vec<String> = scan_with(&scanner, path, bytes, &Fresh::All)
        .iter()
        .map(|one| {
            let wrapped: String =
                one.decoded.iter().map(|encoding| format!("<{}", encoding.name())).collect();
            format!("{}@{}..{}{wrapped}", scanner.rules().rule(one.rule).id, one.span.start, one.span.end)
        })
        .collect();
    assert_eq!(found, expected, "{path}: {:?}", String::from_utf8_lossy(bytes));
}

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    let units = text.encode_utf16();
    units.flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[test]
fn each_kind_of_rule_finds_its_own() {
    check("a.txt", b"x acme_8k2j5h7x9q1z y", &["acme-token@2..19"]);
    check("a.txt", b"x acme_8k2j5h7x9q1zz y", &[]);
    check("a.py", br#"password = "Tr0ub4dor&3""#, &["named@12..23"]);
    check("settings.py", b"A = 1\r\nDEBUG = True\r\n", &["debug-on@15..19"]);
    check("other.py", b"DEBUG = True\n", &[]);
    check("k.pem", b"text", &["key-file@0..0"]);
    check("a.txt", b"-----BEGIN ACME-----\n8k2j5h7x\n9q1z\n-----END ACME-----", &["block@21..35"]);
}

#[test]
fn one_secret_is_one_match() {
    check("a.yml", b"password: acme_8k2j5h7x9q1z", &["acme-token@10..27"]);
    // What is inside says more than the name of the whole.
    check("a.yml", b"password: dG9rZW4gYWNtZV84azJqNWg3eDlxMXogZW5k", &["acme-token@18..42<base64"]);
}

#[test]
fn a_length_that_is_not_documented_makes_less_sure() {
    let pack = PACK.replacen("{12})\\b'''", "{12,14})\\b'''\nlengths = [17, 19]", 1);
    assert_ne!(pack, PACK);
    let scanner = scanner(&pack);
    let told = |text: &str| -> Vec<&'static str> {
        let found = scan_with(&scanner, "a.txt", text.as_bytes(), &Fresh::All);
        found.iter().map(|one| one.confidence.name()).collect()
    };
    assert_eq!(told("x acme_8k2j5h7x9q1z y"), ["high"]);
    assert_eq!(told("x acme_8k2j5h7x9q1z4 y"), ["medium"]);
    assert_eq!(told("x acme_8k2j5h7x9q1z45 y"), ["high"]);
}

#[test]
fn one_setting_is_one_match() {
    let rules = RuleSet::new(rule::builtin(), Vec::new());
    let scanner = Scanner::new(Arc::new(rules), Limits::default());
    let text = b"git clone -c http.sslVerify=false $A; git clone -c http.sslVerify=false $B\n";
    let found = scan_with(&scanner, "get.sh", text, &Fresh::All);
    let spans: Vec<_> = found.iter().map(|one| (one.span.start, one.span.end)).collect();
    assert_eq!(spans, [(13, 33), (51, 71)]);
}

#[test]
fn a_judged_secret_is_told_with_its_parts() {
    let pack = PACK.replacen(
        "rejects = ['password = other']",
        "rejects = ['password = other']\n[[rule.part]]\nname = \"the user\"\npattern = '''user: (\\w+)'''",
        1,
    );
    let scanner = scanner(&pack);
    let told = |text: &str| -> Vec<(&'static str, bool)> {
        let found = scan_with(&scanner, "a.yml", text.as_bytes(), &Fresh::All);
        found.iter().map(|one| (one.confidence.name(), one.note.is_some())).collect()
    };
    assert_eq!(told("password: Tr0ub4dor&3\n"), [("medium", false)]);
    assert_eq!(told("password: Tr0ub4dor&3\nuser: anna\n"), [("high", true)]);
    assert_eq!(told("user: anna\npassword: ${DB_PASS}\n"), []);
}

#[test]
fn a_secret_is_told_with_its_parts() {
    let scanner = scanner(PACK);
    let notes = |text: &str| -> Vec<String> {
        let found = scan_with(&scanner, "a.env", text.as_bytes(), &Fresh::All);
        let told = |one: &Match| {
            let note = one.note.as_deref().unwrap_or_default();
            format!("{} {} {note}", scanner.rules().rule(one.rule).id, one.confidence.name())
        };
        found.iter().map(told).collect()
    };
    assert_eq!(notes("a ID1234 b"), ["pair-id high "]);
    assert_eq!(notes("PAIRS_SECRET=4f7c0b9e2d61a835\n"), ["pair medium "]);
    let redacted = Secret::new(b"ID1234").redacted();
    // One finding, and the id is not printed whole.
    assert_eq!(
        notes("PAIRS_ID=ID1234\n\nPAIRS_SECRET=4f7c0b9e2d61a835\n"),
        [format!("pair high with the id {redacted} (2 lines above)")]
    );
    assert_eq!(
        notes("PAIRS_SECRET=4f7c0b9e2d61a835\nPAIRS_ID=ID1234\n"),
        [format!("pair high with the id {redacted} (1 line below)")]
    );
    assert!(!redacted.contains("ID1234"));
    // Too far away: two findings.
    assert_eq!(notes(&format!("ID1234{}PAIRS_SECRET=4f7c0b9e2d61a835", "\n".repeat(8))).len(), 2);
}

fn builtin() -> Scanner {
    Scanner::new(Arc::new(RuleSet::new(rule::builtin(), Vec::new())), Limits::default())
}

#[test]
fn a_slip_behind_a_providers_name_is_worth_a_mention() {
    let scanner = builtin();
    let told = |name: &str, value: &str| -> Vec<(String, &str)> {
        let found = scan_with(&scanner, "a.py", format!("{name} = \"{value}\"\n").as_bytes(), &Fresh::All);
        found
            .iter()
            .map(|one| (scanner.rules().rule(one.rule).id.to_string(), one.confidence.name()))
            .collect()
    };
    let value = ["q7XbT2mNvR8wLcY5", "hKfPzJ4dGs9HtW3e"].concat();
    let generic = |confidence| vec![("generic-api-key".to_owned(), confidence)];
    assert_eq!(told("atera_api_key", &value), [("atera-api-key".to_owned(), "high")]);
    assert_eq!(told("atera_api_key", &value[..31]), generic("low"));
    assert_eq!(told("atera_api_key", &format!("{value}q7")), generic("low"));
    // Another kind of value, and a name that no rule knows the form for.
    assert_eq!(told("atera_api_key", &format!("{value}q7XbT2mN")), generic("medium"));
    assert_eq!(told("orders_api_key", &value[..31]), generic("medium"));
}

#[test]
fn a_key_of_a_test_stops_nobody() {
    let scanner = builtin();
    let at_most = |path: &str, text: &[u8]| -> Vec<Option<Severity>> {
        scan_with(&scanner, path, text, &Fresh::All).iter().map(|one| one.at_most).collect()
    };
    assert_eq!(at_most("src/test/resources/server.jks", b"\xfe\xed\xfe\xed"), [Some(Severity::Medium)]);
    assert_eq!(at_most("latest/test.jks", b"\xfe\xed\xfe\xed"), [None]);
    let body = "MC4CAQAwBQYDK2VwBCIEIPGC7R7vjKvgkR316uGfNUxme7aspI2u+VBk9Dt+cB+0";
    let key = ["-----BEGIN PRI", "VATE KEY-----\n", body, "\n-----END PRI", "VATE KEY-----\n"].concat();
    assert_eq!(at_most("tls/key_test.go", key.as_bytes()), [Some(Severity::Medium)]);
    assert_eq!(at_most("tls/key.go", key.as_bytes()), [None]);
    let hash = ["ops:$apr", "1$Y46dYnXA$8r7XAPi6Aejc2uX7Ec8vrQ"].concat();
    assert_eq!(at_most("docs/auth.md", hash.as_bytes()), [Some(Severity::Low)]);
    assert_eq!(at_most("deploy/users", hash.as_bytes()), [None]);
}

#[test]
fn encodings_and_line_endings() {
    let line = "x acme_8k2j5h7x9q1z\r\n";
    check("a.txt", format!("\u{feff}{line}").as_bytes(), &["acme-token@5..22"]);
    check("a.txt", &utf16(line, false), &["acme-token@4..38<utf-16"]);
    check("a.txt", &utf16(&format!("\u{feff}{line}"), true), &["acme-token@6..40<utf-16"]);
    check("a.bin", b"\0\x01\xff acme_8k2j5h7x9q1z\0password = \"Tr0ub4dor&3\"", &["acme-token@4..21"]);
    check("a.txt", b"caf\xe9 acme_8k2j5h7x9q1z \xff", &["acme-token@5..22"]);
}

#[test]
fn encoded_text_is_looked_into() {
    // The same line in base64, hexadecimal, percent and escape sequences, then base64 of base64.
    check("a.txt", b"data: dG9rZW4gYWNtZV84azJqNWg3eDlxMXogZW5k", &["acme-token@14..38<base64"]);
    check("a.txt", b"746f6b656e2061636d655f386b326a356837783971317a20656e64", &["acme-token@12..46<hex"]);
    check("a.txt", b"u?a%63me%5F8k2j5h7x9q1z", &["acme-token@2..23<percent"]);
    check("a.js", br"x = '\x61cme\u005f8k2j5h7x9q1z'", &["acme-token@5..30<escapes"]);
    check(
        "a.txt",
        b"data: ZEc5clpXNGdZV050WlY4NGF6SnFOV2czZURseE1Yb2daVzVr",
        &["acme-token@16..50<base64<base64"],
    );
}

#[test]
fn long_lines_and_many_lines() {
    let mut text = vec![b'x'; 3 << 20];
    text.extend_from_slice(b" acme_8k2j5h7x9q1z ");
    text.extend(std::iter::repeat_n(b'y', 1 << 20));
    let at = (3 << 20) + 1;
    check("a.txt", &text, &[&format!("acme-token@{at}..{}", at + 17)]);
}

/// Pieces that make interesting texts when thrown together.
const PIECES: [&str; 22] = [
    "acme_8k2j5h7x9q1z",
    "acme_",
    "8k2j5h7x9q1z",
    "\n",
    "\r\n",
    " ",
    "password = ",
    "\"Tr0ub4dor&3\"",
    "-----BEGIN ACME-----\n",
    "\n-----END ACME-----",
    "abc123 \n",
    "DEBUG = True\n",
    "dG9rZW4gYWNtZV84azJqNWg3eDlxMXogZW5k",
    "a%63me%5F8k2j5h7x9q1z",
    "\"",
    "é",
    "pairs_secret = 4f7c0b9e2d61a835\n",
    "pairs:\n",
    "  key: 9b2e4f7c0d61a835\n",
    "ID1234\n",
    "bonded:\n",
    "key: K7Q2M9X4V8R3T6W1Z5\n",
];

/// Lines that name and value of several rules may be parted into.
const LINES: [&str; 12] = [
    "bonded:\n",
    "  key: K7Q2M9X4V8R3T6W1Z5\n",
    "  url: here\n",
    "bonded_key = K7Q2M9X4V8R3T6W1Z5\n",
    "\n",
    "pairs:\n",
    "  secret: 4f7c0b9e2d61a835\n",
    "ID1234\n",
    "password: |\n",
    "  Tr0ub4dor&3\n",
    "- name: db_password\n",
    "  value: Tr0ub4dor&3\n",
];

/// What was copied from `base`: lines that both begin and end with.
fn copies(base: &str, text: &str) -> Vec<Copied> {
    let common = |one: Vec<&str>, other: Vec<&str>| -> usize {
        one.iter().zip(&other).take_while(|(one, other)| one == other).map(|(one, _)| one.len()).sum()
    };
    let head = common(base.split_inclusive('\n').collect(), text.split_inclusive('\n').collect());
    let (rest, new) = (&base[head..], &text[head..]);
    let tail = common(rest.split_inclusive('\n').rev().collect(), new.split_inclusive('\n').rev().collect());
    let head = Copied { at: 0, from: 0, len: head };
    let tail = Copied { at: text.len() - tail, from: base.len() - tail, len: tail };
    [head, tail].into_iter().filter(|copy| copy.len > 0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Versions are scanned as changes, each of the one before: what is copied is not looked at again, and yet all is found.
    #[test]
    fn a_change_finds_what_a_full_scan_finds(
        head in prop::collection::vec(0usize..LINES.len(), 0..5),
        versions in prop::collection::vec(prop::collection::vec(0usize..LINES.len(), 0..3), 2..5),
        tail in prop::collection::vec(0usize..LINES.len(), 0..5),
    ) {
        let text = |middle: &Vec<usize>| -> String {
            head.iter().chain(middle).chain(&tail).map(|&pick| LINES[pick]).collect()
        };
        let versions: Vec<String> = versions.iter().map(text).collect();
        let scanner = scanner(PACK);
        let scan = |bytes: &str, fresh: &Fresh, change: Change<'_>| {
            let subject = Subject {
                bytes: bytes.as_bytes(),
                path: "a.yml".into(),
                kind: Kind::File,
                fresh,
                new_name: true,
                executable: false,
                beside: None,
            };
            let mut matches = Vec::new();
            let kept = scanner.scan_change(subject, change, &mut Scratch::default(), &mut matches).1;
            // What is looked at ends where the text does.
            matches.iter_mut().for_each(|one| one.depends = Span::default());
            (matches, kept)
        };
        let whole = Change { base: None, copies: &[], base_bytes: b"", counted: &Fresh::All };
        let mut kept = scan(&versions[0], &Fresh::All, whole).1;
        for (base, text) in versions.iter().zip(&versions[1..]) {
            let copies = copies(base, text);
            // As sources say it: what was not copied, and the seams.
            let mut fresh = Vec::new();
            let mut end = 0_usize;
            for copy in copies.iter().copied().chain([Copied { at: text.len(), from: base.len(), len: 0 }]) {
                if (end, copy.at) != (0, 0) {
                    fresh.push(Span::new(end.saturating_sub(1), (copy.at + 1).min(text.len())));
                }
                end = copy.at + copy.len;
            }
            let fresh = Fresh::from_spans(fresh);
            let base_bytes = base.as_bytes();
            let change = Change { base: kept.as_ref(), copies: &copies, base_bytes, counted: &fresh };
            let (found, next) = scan(text, &fresh, change);
            prop_assert_eq!(found, scan(text, &Fresh::All, whole).0, "{:?} of {:?}", text, base);
            kept = next;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn fresh_ranges_find_what_a_full_scan_finds_there(
        picks in prop::collection::vec(0usize..PIECES.len(), 0..40),
        cuts in prop::collection::vec((0usize..1000, 1usize..40), 0..4),
    ) {
        let text: String = picks.iter().map(|&pick| PIECES[pick]).collect();
        let bytes = text.as_bytes();
        let spans = cuts.iter().map(|&(start, length)| {
            let start = start.min(bytes.len());
            Span::new(start, (start + length).min(bytes.len()))
        });
        let fresh = Fresh::from_spans(spans.collect());
        let scanner = scanner(PACK);
        let full = scan_with(&scanner, "settings.py", bytes, &Fresh::All);
        let expected: Vec<Match> = full.into_iter().filter(|one| fresh.touches(one.whole)).collect();
        prop_assert_eq!(scan_with(&scanner, "settings.py", bytes, &fresh), expected);
    }

    #[test]
    fn spans_hold_the_secret(picks in prop::collection::vec(0usize..PIECES.len(), 0..40)) {
        let text: String = picks.iter().map(|&pick| PIECES[pick]).collect();
        let scanner = scanner(PACK);
        for one in scan_with(&scanner, "a.txt", text.as_bytes(), &Fresh::All) {
            prop_assert!(one.whole.contains(one.span) && one.whole.end <= text.len());
            if one.decoded.is_empty() {
                prop_assert_eq!(one.span.of(text.as_bytes()), one.secret.expose());
            }
        }
    }
}

/// Rules of the program have their keywords from tables, copies of them enter theirs at run time.
#[test]
fn tables_of_keywords_find_what_rules_entered_one_by_one_find() {
    // Copies of all rules need more room in a debug build than the thread of a test has.
    let tall = std::thread::Builder::new().stack_size(16 << 20).spawn(compare_tables).unwrap();
    tall.join().unwrap();
}

fn compare_tables() {
    let wanted = |rule: &Rule| rule.gate != rule::Gate::Off;
    let built: Vec<_> = rule::builtin().into_iter().filter(|rule| wanted(rule)).collect();
    let copies: Vec<_> =
        built.iter().map(|rule| std::borrow::Cow::Owned(rule.clone().into_owned())).collect();
    let half = copies.iter().step_by(3).chain(built.iter().skip(1).step_by(3)).cloned();
    let half = half.chain(built.iter().skip(2).step_by(3).cloned()).collect();
    let [tables, entered, mixed] = [built, copies, half]
        .map(|rules: Vec<_>| Scanner::new(Arc::new(RuleSet::new(rules, Vec::new())), Limits::default()));
    assert!(tables.near.base.is_some() && entered.near.base.is_none() && mixed.near.base.is_some());
    for rule in tables.rules.iter() {
        for example in rule.matches.iter() {
            let text = example.text.replace("{cat}", "");
            let found = |scanner: &Scanner| {
                let mut matches = Vec::new();
                let subject = Subject {
                    bytes: text.as_bytes(),
                    path: (*example.path).into(),
                    kind: Kind::File,
                    fresh: &Fresh::All,
                    new_name: true,
                    executable: false,
                    beside: None,
                };
                scanner.scan(subject, &mut Scratch::default(), &mut matches);
                matches.into_iter().map(|one| (one.rule, one.span)).collect::<Vec<_>>()
            };
            let expected = found(&tables);
            assert_eq!(found(&entered), expected, "{}: {text}", rule.id);
            assert_eq!(found(&mixed), expected, "{}: {text}", rule.id);
        }
    }
}

/// Rules for which something was made.
fn made(scanner: &Scanner) -> Vec<&str> {
    let made = scanner.ready.iter().zip(scanner.rules.iter()).filter(|(ready, _)| ready.get().is_some());
    made.map(|(_, rule)| rule.id.as_str()).collect()
}

#[test]
fn a_start_makes_nothing_and_a_keyword_its_rule_only() {
    let rules = rule::builtin().into_iter().filter(|rule| rule.gate != rule::Gate::Off).collect();
    let scanner = Scanner::new(Arc::new(RuleSet::new(rules, Vec::new())), Limits::default());
    let find = |text: &str| {
        let subject = Subject {
            bytes: text.as_bytes(),
            path: "a.txt".into(),
            kind: Kind::File,
            fresh: &Fresh::All,
            new_name: false,
            executable: false,
            beside: None,
        };
        scanner.scan(subject, &mut Scratch::default(), &mut Vec::new());
    };
    assert!(scanner.near.prefilter.is_as_built() && scanner.far.prefilter.is_as_built());
    find("A few words.\n");
    assert_eq!(made(&scanner), Vec::<&str>::new());
    assert!(scanner.files.get().is_none() && scanner.classes.get().is_none());
    find(concat!("x ", "gh", "p_short\n"));
    assert_eq!(made(&scanner), ["github-pat"]);
    assert!(!scanner.ready(scanner.rules.find("github-pat").unwrap().0).engine.has_automaton());
}
