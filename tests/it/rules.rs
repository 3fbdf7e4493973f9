//! Rule packs and layers of configuration: what is refused, with carets, and what comes out.

use std::{collections::BTreeMap, fs, path::Path};

use abatis::{
    config::{self, Base, Choice, Config, Known, Layer, LayerKind, Rejected, Trust},
    diagnostic::{self, Diagnostic, Sources},
    finding::{Risk, Severity},
    rule::{self, Gate, Rule},
};

/// A rule that nothing is wrong with.
const GOOD: &str = r##"
[[rule]]
id = "acme-key"
title = "Acme key"
risk = 1
severity = "high"
confidence = "high"
keywords = ["acme_"]
pattern = '\b(acme_[0-9a-f]{16})\b'
help = "Revoke it."
docs = "https://example.org/keys"
matches = ["acme{cat}_{rep:a1:8}", "key: acme{cat}_{rep:b2:8}"]
rejects = ["acme_short"]
"##;

/// Known words, as the command line gives them.
const KNOWN: Known<'static> = Known { checks: &["luhn", "github-crc32"], markers: &["abatis", "gitleaks"] };

fn layer(kind: LayerKind, file: &str, text: &str) -> Layer {
    Layer { kind, file: file.to_owned(), text: text.to_owned() }
}

fn load_with(layers: Vec<Layer>, others: &[(&str, &str)], choice: &Choice) -> Result<Config, Rejected> {
    let others: BTreeMap<&str, &str> = others.iter().copied().collect();
    let read = |_: &str, wanted: &str| match others.get(wanted) {
        Some(text) => Ok((wanted.to_owned(), (*text).to_owned())),
        None => Err(format!("{wanted}: no such file")),
    };
    config::load(layers, &read, KNOWN, choice)
}

fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    diagnostic::render(diagnostics, sources, false).trim_end().to_owned()
}

/// What is said of one file, laid over no built-in rules.
fn refused(text: &str) -> String {
    let choice = Choice { base: Base::Empty, ..Choice::default() };
    match load_with(vec![layer(LayerKind::CommandLine, "pack.toml", text)], &[], &choice) {
        Err(rejected) => render(&rejected.diagnostics, &rejected.sources),
        Ok(config) => panic!("accepted; warnings: {:?}", config.warnings),
    }
}

/// What `rules check` says of one file.
fn checked(text: &str) -> String {
    let diagnostics = config::check("pack.toml", text, KNOWN);
    let mut sources = Sources::default();
    sources.insert("pack.toml", text);
    render(&diagnostics, &sources)
}

/// The good rule with one line of it replaced.
fn with(line: &str, replacement: &str) -> String {
    assert!(GOOD.contains(line), "{line}");
    format!("schema = 1{}", GOOD.replace(line, replacement))
}

fn find<'c>(config: &'c Config, id: &str) -> &'c Rule {
    config.rules.find(id).expect("the rule is there").1
}

#[test]
fn all_syntax_errors_at_once() {
    insta::assert_snapshot!(refused("schema = \n[[rule]\nid = 'a\ntitle = \"b\"\n"), @r#"
    error[toml-syntax]: string values must be quoted, expected literal string
     --> pack.toml:1:10
      |
    1 | schema = 
      |          ^

    error[toml-syntax]: unclosed array table, expected `]`
     --> pack.toml:2:8
      |
    2 | [[rule]
      |        ^
    "#);
}

#[test]
fn one_bad_rule_does_not_hide_another() {
    let text = r##"schema = 2
[[rule]]
id = "Bad_Id"
severity = "hgih"
confidance = "high"
keywords = "acme_"
[[rule]]
id = 7
risk = 11
severity = "high"
keywords = ["ab", "abc"]
pattern = '(abc'
unknown = true
"##;
    insta::assert_snapshot!(refused(text), @r#"
    error[bad-schema]: schema 2 is not known
     --> pack.toml:1:10
      |
    1 | schema = 2
      |          ^
      |
      = help: this version of abatis reads `schema = 1`

    error[bad-name]: `Bad_Id` is not a rule id
     --> pack.toml:3:6
      |
    3 | id = "Bad_Id"
      |      ^^^^^^^^
      |
      = help: lower-case letters and digits, words joined by `-`

    error[missing-key]: rule `Bad_Id` has no `title`, `risk`, `confidence`
     --> pack.toml:3:6
      |
    3 | id = "Bad_Id"
      |      ^^^^^^^^

    error[no-kind]: rule `Bad_Id` looks for nothing
     --> pack.toml:3:6
      |
    3 | id = "Bad_Id"
      |      ^^^^^^^^
      |
      = help: give it `pattern`, `value`, `classifier`, `[rule.file]` or `[[rule.match]]`

    error[bad-word]: `severity` cannot be `hgih`
     --> pack.toml:4:12
      |
    4 | severity = "hgih"
      |            ^^^^^^
      |
      = help: did you mean `high`? It is one of `critical`, `high`, `medium`, `low`, `info`

    error[unknown-key]: `confidance` is not a key of a rule
     --> pack.toml:5:1
      |
    5 | confidance = "high"
      | ^^^^^^^^^^
      |
      = help: did you mean `confidence`?

    error[wrong-type]: `keywords` of a rule is a list of strings, not a string
     --> pack.toml:6:12
      |
    6 | keywords = "acme_"
      |            ^^^^^^^

    error[missing-key]: a rule has no `title`, `confidence`
     --> pack.toml:7:1
      |
    7 | [[rule]]
      | ^^^^^^^^

    error[wrong-type]: `id` of a rule is a string, not a whole number
     --> pack.toml:8:6
      |
    8 | id = 7
      |      ^

    error[bad-risk]: there is no risk 11
     --> pack.toml:9:8
      |
    9 | risk = 11
      |        ^^
      |
      = help: 1 developer credentials, 2 public storage, 3 default configuration, 4 broken access control, 5 network exposure, 6 monitoring and logging, 7 inventory, 8 domain hijacking, 9 disaster recovery, 10 manual accounts

    error[short-keyword]: `ab` is too short a keyword
      --> pack.toml:11:13
       |
    11 | keywords = ["ab", "abc"]
       |             ^^^^
       |
       = help: at least 3 bytes, better 4: shorter ones are in every file

    error[bad-pattern]: this is not a regular expression: unclosed group
      --> pack.toml:12:12
       |
    12 | pattern = '(abc'
       |            ^ unclosed group

    error[unknown-key]: `unknown` is not a key of a rule
      --> pack.toml:13:1
       |
    13 | unknown = true
       | ^^^^^^^
       |
       = help: known here: `id`, `title`, `risk`, `severity`, `confidence`, `gate`, `tags`, `help`, `docs`, `refs`, `paths`, `allow`, `matches`, `rejects`, `keywords`, `pattern`, `ignore-case`, `multiline`, `entropy`, `check`, `lengths`, `placeholders`, `binary`, `classifier`, `columns`, `odds`, `value`, `near`, `part`, `file`, `match`
    "#);
}

#[test]
fn carets_go_into_the_expression() {
    insta::assert_snapshot!(refused(&with(r"'\b(acme_[0-9a-f]{16})\b'", r"'\b(acme_[0-9a-f{16})\b'")), @r#"
    error[bad-pattern]: this is not a regular expression: unclosed character class
     --> pack.toml:9:20
      |
    9 | pattern = '\b(acme_[0-9a-f{16})\b'
      |                    ^ unclosed character class
    "#);
    insta::assert_snapshot!(refused(&with(r"'\b(acme_[0-9a-f]{16})\b'", "'''\nacme_(?=x)'''")), @r#"
    error[bad-pattern]: this is not a regular expression: look-around, including look-ahead and look-behind, is not supported
      --> pack.toml:10:6
       |
    10 | acme_(?=x)'''
       |      ^^^ look-around, including look-ahead and look-behind, is not supported
       |
       = help: put what must not match into `[[rule.allow]]`, and what must surround it into `(?:…)`
    "#);
    insta::assert_snapshot!(refused(&with(r"'\b(acme_[0-9a-f]{16})\b'", r#""\\bacme_[0-9]{9,3}""#)), @r#"
    error[bad-pattern]: this is not a regular expression: invalid repetition count range, the start must be <= the end
     --> pack.toml:9:11
      |
    9 | pattern = "\\bacme_[0-9]{9,3}"
      |           ^^^^^^^^^^^^^^^^^^^^ invalid repetition count range, the start must be <= the end
    "#);
    insta::assert_snapshot!(refused(&with(r"'\b(acme_[0-9a-f]{16})\b'", r"'acme_\p{Greek}{9}'")), @r#"
    error[bad-pattern]: this is not a regular expression: Unicode not allowed here
     --> pack.toml:9:17
      |
    9 | pattern = 'acme_\p{Greek}{9}'
      |                 ^^^^^^^^^ Unicode not allowed here
      |
      = help: patterns are over bytes: spell the ASCII characters out, such as `[A-Za-z]`
    "#);
    insta::assert_snapshot!(refused(&with(r"'\b(acme_[0-9a-f]{16})\b'", r"'(acme)_([0-9a-f]{16})'")), @r#"
    error[many-groups]: the pattern has more than one capturing group
     --> pack.toml:9:19
      |
    9 | pattern = '(acme)_([0-9a-f]{16})'
      |                   ^^^^^^^^^^^^^^ which of them is the secret?
      |
      = help: name the one that holds the secret `(?<secret>…)`, or write the others `(?:…)`
    "#);
    insta::assert_snapshot!(refused(&with(r"'\b(acme_[0-9a-f]{16})\b'", r"'(?:acme_)?[0-9a-f]{0,16}'")), @r#"
    error[empty-match]: the pattern matches the empty text
     --> pack.toml:9:11
      |
    9 | pattern = '(?:acme_)?[0-9a-f]{0,16}'
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: make at least one part of it required
    "#);
    insta::assert_snapshot!(refused(&with(r"'\b(acme_[0-9a-f]{16})\b'", r"'acme_[0-9a-f]{300000}'")), @r#"
    error[large-pattern]: the pattern takes more than 4 MiB once compiled
     --> pack.toml:9:11
      |
    9 | pattern = 'acme_[0-9a-f]{300000}'
      |           ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: repeat less: every round of `{n,m}` is a copy of what is repeated
    "#);
}

#[test]
fn keywords_must_be_able_to_match() {
    insta::assert_snapshot!(checked(&with(r#"["acme_"]"#, r#"["Acme_", "akme_"]"#)), @r#"
    error[impossible-keyword]: no match can contain `Acme_`
     --> pack.toml:8:13
      |
    8 | keywords = ["Acme_", "akme_"]
      |             ^^^^^^^
    9 | pattern = '\b(acme_[0-9a-f]{16})\b'
      |           ------------------------- the pattern does not allow it
      |
      = help: case counts unless the rule says `ignore-case = true`

    error[impossible-keyword]: no match can contain `akme_`
     --> pack.toml:8:22
      |
    8 | keywords = ["Acme_", "akme_"]
      |                      ^^^^^^^
    9 | pattern = '\b(acme_[0-9a-f]{16})\b'
      |           ------------------------- the pattern does not allow it
      |
      = help: the rule would find nothing by it: take a literal that is part of the pattern
    "#);
    insta::assert_snapshot!(checked(&with(r"acme_[0-9a-f]{16}", r"acme[_-][0-9a-f]{16}")), @r#"
    warning[match-without-keyword]: the pattern also matches texts without a keyword
     --> pack.toml:9:11
      |
    8 | keywords = ["acme_"]
      |            --------- one of these has to be in every match
    9 | pattern = '\b(acme[_-][0-9a-f]{16})\b'
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: never found, for example: `acme-0000000000000000`
    "#);
    insta::assert_snapshot!(refused(&with(r#"["acme_"]"#, "[]")), @r#"
    error[no-keyword]: there has to be at least one keyword
     --> pack.toml:8:12
      |
    8 | keywords = []
      |            ^^
    "#);
    insta::assert_snapshot!(refused(&with(r#"keywords = ["acme_"]"#, "")), @r#"
    error[no-keyword]: rule `acme-key` has no `keywords`
     --> pack.toml:3:6
      |
    3 | id = "acme-key"
      |      ^^^^^^^^^^
      |
      = help: literals of which one is in every match; without them every line would be searched
    "#);
}

#[test]
fn columns_have_names() {
    let rule = |columns: &str| {
        let judged = format!("classifier = \"password\"\ncolumns = {columns}");
        let pack = with(r#"["acme_"]"#, r#"["insert into"]"#);
        refused(
            &pack
                .lines()
                .map(|line| if line.starts_with("pattern") { &judged } else { line })
                .collect::<Vec<_>>()
                .join("\n"),
        )
    };
    insta::assert_snapshot!(rule("[]"), @"
    error[no-column]: there is no column here
      --> pack.toml:10:11
       |
    10 | columns = []
       |           ^^
       |
       = help: parts of names of columns, such as `passw`; without the key, values of keys are asked
    ");
    insta::assert_snapshot!(rule(r#"["passw", ""]"#), @r#"
    error[no-column]: there is no column here
      --> pack.toml:10:21
       |
    10 | columns = ["passw", ""]
       |                     ^^
       |
       = help: parts of names of columns, such as `passw`; without the key, values of keys are asked
    "#);
}

#[test]
fn a_rule_is_of_one_kind() {
    insta::assert_snapshot!(refused(&with("help =", "classifier = \"token\"\nhelp =")), @r#"
    error[two-kinds]: rule `acme-key` has both `pattern` and `classifier`
      --> pack.toml:10:14
       |
     9 | pattern = '\b(acme_[0-9a-f]{16})\b'
       |           ------------------------- first
    10 | classifier = "token"
       |              ^^^^^^^ second
       |
       = help: make it two rules
    "#);
    insta::assert_snapshot!(refused(&with(r"pattern = '\b(acme_[0-9a-f]{16})\b'", "")), @r#"
    error[no-kind]: rule `acme-key` looks for nothing
     --> pack.toml:3:6
      |
    3 | id = "acme-key"
      |      ^^^^^^^^^^
      |
      = help: give it `pattern`, `value`, `classifier`, `[rule.file]` or `[[rule.match]]`
    "#);
    let file =
        with(r"pattern = '\b(acme_[0-9a-f]{16})\b'", "entropy = 3") + "[rule.file]\nnames = [\"*.{pem\"]\n";
    insta::assert_snapshot!(refused(&file), @r#"
    error[wrong-kind]: `keywords` means nothing beside `[rule.file]`
      --> pack.toml:8:12
       |
     8 | keywords = ["acme_"]
       |            ^^^^^^^^^
    ...
    14 | [rule.file]
       | ----------- this makes it another kind of rule

    error[wrong-kind]: `entropy` means nothing beside `[rule.file]`
      --> pack.toml:9:11
       |
     9 | entropy = 3
       |           ^
    ...
    14 | [rule.file]
       | ----------- this makes it another kind of rule

    error[bad-glob]: `*.{pem` is not a glob: unclosed `{` in glob `*.{pem`
      --> pack.toml:15:10
       |
    15 | names = ["*.{pem"]
       |          ^^^^^^^^
    "#);
}

#[test]
fn checks_and_escapes_are_known() {
    insta::assert_snapshot!(refused(&with("help =", "check = \"lunh\"\nhelp =")), @r#"
    error[unknown-check]: there is no check `lunh`
      --> pack.toml:10:9
       |
    10 | check = "lunh"
       |         ^^^^^^
       |
       = help: did you mean `luhn`?
    "#);
    insta::assert_snapshot!(refused(&with("acme_short", "a {rep:x} {b64:%%}")), @r#"
    error[bad-escape]: write `{rep:TEXT:COUNT}`
      --> pack.toml:13:15
       |
    13 | rejects = ["a {rep:x} {b64:%%}"]
       |               ^^^^^^^
    "#);
}

#[test]
fn ids_are_unique() {
    insta::assert_snapshot!(refused(&format!("schema = 1{GOOD}{GOOD}")), @r#"
    error[duplicate-id]: two rules have the id `acme-key`
      --> pack.toml:16:6
       |
     3 | id = "acme-key"
       |      ---------- first
    ...
    16 | id = "acme-key"
       |      ^^^^^^^^^^ second
    "#);
}

#[test]
fn allow_entries_have_a_condition_and_a_reason() {
    let text = format!(
        r##"schema = 1{GOOD}
[[allow]]
rules = ["acme-key"]
reason = " "
[[allow]]
paths = ["a["]
secrets = ['(x', '']
commits = ["123"]
until = "2027-01-31"
"##
    );
    insta::assert_snapshot!(refused(&text), @r#"
    error[no-condition]: an allow entry without a condition allows everything
      --> pack.toml:15:1
       |
    15 | [[allow]]
       | ^^^^^^^^^
       |
       = help: give it `paths`, `secrets`, `lines`, `stopwords` or `commits`; to switch a rule off, use `disable`

    error[no-reason]: an allow entry needs a `reason`
      --> pack.toml:17:10
       |
    17 | reason = " "
       |          ^^^
       |
       = help: say why this is not a problem, for whoever reads it in a year

    error[bad-glob]: `a[` is not a glob: unclosed `[` in glob `a[`
      --> pack.toml:19:10
       |
    19 | paths = ["a["]
       |          ^^^^

    error[bad-pattern]: this is not a regular expression: unclosed group
      --> pack.toml:20:13
       |
    20 | secrets = ['(x', '']
       |             ^ unclosed group

    error[empty-match]: the expression matches everything
      --> pack.toml:20:18
       |
    20 | secrets = ['(x', '']
       |                  ^^
       |
       = help: make at least one part of it required

    error[bad-commit]: `123` is not a commit id
      --> pack.toml:21:12
       |
    21 | commits = ["123"]
       |            ^^^^^
       |
       = help: at least 7 hexadecimal digits

    error[bad-date]: `until` of an allow entry is a day
      --> pack.toml:22:9
       |
    22 | until = "2027-01-31"
       |         ^^^^^^^^^^^^
       |
       = help: write it without quotes, such as `2027-01-31`
    "#);
}

#[test]
fn names_of_rules_are_checked() {
    let text = format!(
        r##"schema = 1
disable = ["acme-kye", "tag:nothing"]
enable = ["zzz"]
{GOOD}
[[override]]
rule = "acme-keys"
severity = "low"
[[override]]
rule = "acme-key"
[[override]]
severity = "low"
"##
    );
    insta::assert_snapshot!(refused(&text), @r#"
    error[unknown-rule]: there is no rule `acme-kye`
     --> pack.toml:2:12
      |
    2 | disable = ["acme-kye", "tag:nothing"]
      |            ^^^^^^^^^^
      |
      = help: did you mean `acme-key`?

    error[unknown-rule]: no rule has the tag `nothing`
     --> pack.toml:2:24
      |
    2 | disable = ["acme-kye", "tag:nothing"]
      |                        ^^^^^^^^^^^^^
      |
      = help: `abatis rules list` shows all of them; a tag is written `tag:NAME`

    error[unknown-rule]: there is no rule `zzz`
     --> pack.toml:3:11
      |
    3 | enable = ["zzz"]
      |           ^^^^^
      |
      = help: `abatis rules list` shows all of them; a tag is written `tag:NAME`

    error[unknown-rule]: there is no rule `acme-keys`
      --> pack.toml:19:8
       |
    19 | rule = "acme-keys"
       |        ^^^^^^^^^^^
       |
       = help: did you mean `acme-key`?

    error[no-change]: the override changes nothing
      --> pack.toml:21:1
       |
    21 | [[override]]
       | ^^^^^^^^^^^^
       |
       = help: give it `severity`, `confidence`, `gate`, `entropy`, `paths`, `tags`, `help` or `docs`

    error[missing-key]: an override needs `rule`
      --> pack.toml:23:1
       |
    23 | [[override]]
       | ^^^^^^^^^^^^
       |
       = help: name a rule by its id, or rules by `tag:NAME`
    "#);
}

#[test]
fn sections_are_checked() {
    let text = format!(
        r##"schema = 1
[scan]
fail-on = "sever"
max-size = "20X"
decode-depth = 300
excludes = ["a"]
[suppress]
markers = ["gitleak"]
[server]
quiet = true
{GOOD}"##
    );
    insta::assert_snapshot!(refused(&text), @r#"
    error[bad-word]: `fail-on` cannot be `sever`
     --> pack.toml:3:11
      |
    3 | fail-on = "sever"
      |           ^^^^^^^
      |
      = help: did you mean `never`? It is one of `critical`, `high`, `medium`, `low`, `info`, `never`

    error[bad-size]: `20X` is not a size
     --> pack.toml:4:12
      |
    4 | max-size = "20X"
      |            ^^^^^
      |
      = help: write bytes, or a number with K, M or G, such as `20M`

    error[too-large]: `decode-depth` can be 16 at most
     --> pack.toml:5:16
      |
    5 | decode-depth = 300
      |                ^^^

    error[unknown-key]: `excludes` is not a key of `[scan]`
     --> pack.toml:6:1
      |
    6 | excludes = ["a"]
      | ^^^^^^^^
      |
      = help: did you mean `exclude`?

    error[bad-word]: there are no markers of `gitleak`
     --> pack.toml:8:12
      |
    8 | markers = ["gitleak"]
      |            ^^^^^^^^^
      |
      = help: did you mean `gitleaks`?

    error[unknown-key]: `server` is not a key of a configuration file
     --> pack.toml:9:2
      |
    9 | [server]
      |  ^^^^^^
      |
      = help: known here: `schema`, `pack`, `extend`, `disable`, `enable`, `rule`, `override`, `allow`, `scan`, `suppress`, `hook`, `baseline`, `gate`
    "#);
}

#[test]
fn a_configuration_that_leaves_no_rule_is_an_error() {
    insta::assert_snapshot!(refused(&format!("schema = 1\ndisable = [\"acme-key\"]\n{GOOD}")), @r#"
    error[no-rules]: the configuration leaves no rule to look for
     |
     = help: see `abatis config`, and check `disable`, --disable, --risk and --no-default-rules
    "#);
    // An allowlist alone never replaces the rules.
    let allow = "schema = 1\n[[allow]]\npaths = [\"docs/**\"]\nreason = \"samples\"\n";
    let config =
        load_with(vec![layer(LayerKind::Repository, ".abatis.toml", allow)], &[], &Choice::default())
            .unwrap();
    let built_in = rule::builtin().iter().filter(|rule| rule.gate != Gate::Off).count();
    assert_eq!((config.rules.len(), config.rules.allow().len()), (built_in, 1));
    assert_eq!(config.rules.allow()[0].source, ".abatis.toml:2");
}

#[test]
fn extended_files_come_first_and_cycles_are_noticed() {
    let main =
        "schema = 1\nextend = [\"base.toml\"]\n[[override]]\nrule = \"acme-key\"\nseverity = \"low\"\n";
    let base = format!("schema = 1{GOOD}");
    let choice = Choice { base: Base::Empty, ..Choice::default() };
    let layers = vec![layer(LayerKind::Repository, ".abatis.toml", main)];
    let config = load_with(layers, &[("base.toml", &base)], &choice).unwrap();
    assert_eq!(find(&config, "acme-key").severity, Severity::Low);
    assert_eq!(find(&config, "acme-key").source, "base.toml");

    let main = "schema = 1\nextend = [\"base.toml\", \"../up.toml\", \"gone.toml\"]\n";
    let base = "schema = 1\nextend = [\".abatis.toml\"]\n";
    let layers = vec![layer(LayerKind::Repository, ".abatis.toml", main)];
    let rejected = load_with(layers, &[("base.toml", base), (".abatis.toml", main)], &choice).unwrap_err();
    insta::assert_snapshot!(render(&rejected.diagnostics, &rejected.sources), @r#"
    error[bad-extend]: a repository's configuration extends files of its own folder only
     --> .abatis.toml:2:24
      |
    2 | extend = ["base.toml", "../up.toml", "gone.toml"]
      |                        ^^^^^^^^^^^^

    error[bad-extend]: gone.toml: no such file
     --> .abatis.toml:2:38
      |
    2 | extend = ["base.toml", "../up.toml", "gone.toml"]
      |                                      ^^^^^^^^^^^

    error[bad-extend]: the file extends itself: .abatis.toml -> base.toml -> .abatis.toml
     --> base.toml:2:11
      |
    2 | extend = [".abatis.toml"]
      |           ^^^^^^^^^^^^^^
    "#);
}

#[test]
fn stronger_layers_win_and_say_where() {
    let user = format!("schema = 1\ndisable = [\"acme-key\"]\n[scan]\nfail-on = \"low\"\n{GOOD}");
    let repository = "schema = 1\nenable = [\"acme-key\"]\n\n[scan]\nfail-on = \"high\"\nexclude = [\"vendor/**\"]\n\
                      [[override]]\nrule = \"acme-key\"\nseverity = \"critical\"\nentropy = 3\n\
                      [[allow]]\nstopwords = [\"dummy\"]\nreason = \"made up\"\nuntil = 2030-01-31\n";
    let choice = Choice { base: Base::Empty, ..Choice::default() };
    let layers = vec![
        layer(LayerKind::User, "user.toml", &user),
        layer(LayerKind::Repository, ".abatis.toml", repository),
    ];
    let config = load_with(layers, &[], &choice).unwrap();
    insta::assert_snapshot!(config.to_toml(), @r#"
    # 1 rules in force: 0 built in, 1 others
    schema = 1
    disable = [
        "acme-key",                          # user.toml:2
    ]
    enable = [
        "acme-key",                          # .abatis.toml:2
    ]

    [scan]
    fail-on = "high"                         # .abatis.toml:5
    min-confidence = "medium"                # default
    max-size = 67108864                      # default
    decode-depth = 2                         # default
    archive-depth = 2                        # default
    threads = 0                              # default
    exclude = [
        "vendor/**",                         # .abatis.toml:6
    ]

    [hook]
    allow-bypass = true                      # default

    [[override]]
    rule = "acme-key"                        # .abatis.toml:8
    severity = "critical"                    # .abatis.toml:9
    entropy = 3.0                            # .abatis.toml:10

    [[allow]]                                # .abatis.toml:11
    stopwords = ["dummy"]
    reason = "made up"
    until = 2030-01-31

    # user.toml
    [[rule]]
    id = "acme-key"
    title = "Acme key"
    risk = 1
    severity = "critical"
    confidence = "high"
    keywords = ["acme_"]
    pattern = '\b(acme_[0-9a-f]{16})\b'
    entropy = 3.0
    help = "Revoke it."
    docs = "https://example.org/keys"
    matches = [
        "acme_a1a1a1a1a1a1a1a1",
        "key: acme_b2b2b2b2b2b2b2b2",
    ]
    rejects = [
        "acme_short",
    ]
    "#);
    // What is printed says the same when it is read.
    let again =
        load_with(vec![layer(LayerKind::CommandLine, "all.toml", &config.to_toml())], &[], &choice).unwrap();
    assert_eq!(again.rules.digest(), config.rules.digest());
    assert_eq!(again.scan.fail_on.value, config.scan.fail_on.value);
}

#[test]
fn a_locked_repository_only_tightens() {
    let user = format!("schema = 1\n[scan]\nfail-on = \"high\"\n{GOOD}");
    let repository = format!(
        r##"schema = 1
disable = ["acme-key"]
{}
[[override]]
rule = "acme-key"
severity = "low"
help = "Ask the platform team."
[[override]]
rule = "acme-key"
severity = "critical"
[[allow]]
paths = ["**"]
reason = "no"
[scan]
fail-on = "low"
min-confidence = "high"
exclude = ["**"]
[suppress]
markers = []
[baseline]
path = "all"
"##,
        GOOD.replace("acme-key", "other-key") + GOOD
    );
    let choice = Choice { base: Base::Empty, trust: Trust::Locked, ..Choice::default() };
    let layers = vec![
        layer(LayerKind::User, "user.toml", &user),
        layer(LayerKind::Repository, ".abatis.toml", &repository),
    ];
    let config = load_with(layers, &[], &choice).unwrap();
    assert_eq!(config.rules.len(), 2);
    let rule = find(&config, "acme-key");
    assert_eq!((rule.severity, rule.source.as_ref()), (Severity::Critical, "user.toml"));
    assert_eq!(rule.help, "Ask the platform team.");
    assert_eq!((config.rules.allow().len(), config.scan.exclude.len()), (0, 0));
    assert_eq!(config.scan.fail_on.value, Some(Severity::Low));
    assert_eq!(config.suppress.markers.value, Some(vec![]));
    let said: Vec<String> = config
        .warnings
        .iter()
        .map(|warning| format!("{} {}", warning.labels[0].span.start, warning.message))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    22 ignored: switching rules off is not up to the repository here
    342 ignored: replacing a rule is not up to the repository here
    662 ignored: lowering a severity is not up to the repository here
    753 ignored: allowing findings is not up to the repository here
    832 ignored: this value is not up to the repository here
    850 ignored: excluding paths is not up to the repository here
    898 ignored: choosing a baseline is not up to the repository here
    "#);
}

#[test]
fn rules_are_chosen_by_risk_gate_and_name() {
    let off = GOOD.replace("acme-key", "off-key").replace("help =", "gate = \"off\"\nhelp =");
    let other = GOOD.replace("acme-key", "open-store").replace("risk = 1", "risk = 2");
    let text = format!("schema = 1{GOOD}{off}{other}");
    let ids = |choice: Choice| {
        let choice = Choice { base: Base::Empty, ..choice };
        let config =
            load_with(vec![layer(LayerKind::CommandLine, "pack.toml", &text)], &[], &choice).unwrap();
        config.rules.iter().map(|rule| format!("{} {}", rule.id, rule.gate.name())).collect::<Vec<_>>()
    };
    assert_eq!(ids(Choice::default()), ["acme-key block", "open-store block"]);
    let risks = vec![Risk::new(2).unwrap()];
    assert_eq!(ids(Choice { risks, ..Choice::default() }), ["open-store block"]);
    let (enable, disable) = (vec!["off-key".to_owned()], vec!["acme-key".to_owned()]);
    assert_eq!(ids(Choice { enable, disable, ..Choice::default() }), ["off-key block", "open-store block"]);
    let disable = vec!["acme".to_owned()];
    let choice = Choice { base: Base::Empty, disable, ..Choice::default() };
    let rejected =
        load_with(vec![layer(LayerKind::CommandLine, "pack.toml", &text)], &[], &choice).unwrap_err();
    insta::assert_snapshot!(render(&rejected.diagnostics, &rejected.sources), @r#"
    error[unknown-rule]: there is no rule `acme`
     |
     = help: `abatis rules list` shows all of them; a tag is written `tag:NAME`
    "#);
}

#[test]
fn remarks_of_check() {
    let text = with("title = \"Acme key\"", "title = \"Acme key.\"")
        .replace("docs = \"https://example.org/keys\"\n", "")
        .replace(r"'\b(acme_[0-9a-f]{16})\b'", r#""\\bacme_[0-9a-f]+|akme""#);
    insta::assert_snapshot!(checked(&text), @r#"
    warning[incomplete-rule]: rule `acme-key` has no `docs`
     --> pack.toml:3:6
      |
    3 | id = "acme-key"
      |      ^^^^^^^^^^
      |
      = help: `docs`: a link to where the format is documented

    warning[title-stop]: a title is a noun phrase without a full stop
     --> pack.toml:4:9
      |
    4 | title = "Acme key."
      |         ^^^^^^^^^^^

    warning[escaped-pattern]: a pattern in double quotes needs every backslash twice
     --> pack.toml:9:11
      |
    9 | pattern = "\\bacme_[0-9a-f]+|akme"
      |           ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write it as a literal string: `'''…'''`

    warning[match-without-keyword]: the pattern also matches texts without a keyword
     --> pack.toml:9:11
      |
    8 | keywords = ["acme_"]
      |            --------- one of these has to be in every match
    9 | pattern = "\\bacme_[0-9a-f]+|akme"
      |           ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: never found, for example: `akme`

    warning[unbounded]: a repetition without an upper bound
     --> pack.toml:9:11
      |
    9 | pattern = "\\bacme_[0-9a-f]+|akme"
      |           ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write `{1,100}` or what the format allows: a window is searched, not the whole line
    "#);
}

/// The built-in packs as they lie in the repository.
fn packs() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut packs: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    packs.sort();
    packs
}

#[test]
fn built_in_tables_equal_the_packs_and_nothing_is_wrong_with_them() {
    let mut parsed: Vec<Rule> = Vec::new();
    let mut said = String::new();
    for (name, text) in packs() {
        let (rules, mut diagnostics) = rule::review_builtin(&name, &text, &[]);
        parsed.extend(rules);
        // A key's body is as long as it is; its pattern says where it ends.
        diagnostics.retain(|diagnostic| diagnostic.code != "unbounded");
        let mut sources = Sources::default();
        sources.insert(name.as_str(), text.as_str());
        said.push_str(&diagnostic::render(&diagnostics, &sources, false));
    }
    assert!(said.is_empty(), "\n{said}");
    parsed.sort_by(|one, other| one.id.cmp(&other.id));
    let built_in = rule::builtin();
    assert_eq!(built_in.len(), parsed.len());
    for (table, parsed) in built_in.iter().zip(&parsed) {
        assert_eq!(table.as_ref(), parsed);
    }
    let embedded: Vec<(String, String)> =
        rule::builtin_packs().iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    assert_eq!(embedded, packs());
}

/// An example without what looks like a token: what is left is its context.
fn context(text: &str) -> String {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'.');
    let mut context = String::new();
    for run in text.as_bytes().chunk_by(|&one, &other| token(one) == token(other)) {
        if run.len() < 8 || !run.iter().any(u8::is_ascii_digit) {
            context.push_str(&String::from_utf8_lossy(run));
        }
    }
    context
}

#[test]
fn credentials_are_covered_with_examples_in_different_contexts() {
    let rules = rule::builtin();
    let credentials: Vec<_> = rules
        .iter()
        .filter(|rule| {
            let by_form = matches!(rule.detector, rule::Detector::Pattern(_) | rule::Detector::Bound(_));
            rule.risk.number() == 1 && by_form
        })
        .collect();
    assert!(credentials.len() >= 1200, "{} rules for credentials", credentials.len());
    let mut poor = Vec::new();
    for rule in credentials {
        let contexts: std::collections::BTreeSet<String> = rule
            .matches
            .iter()
            .map(|example| format!("{}{}", example.path, context(&example.text)))
            .collect();
        if contexts.len() < 2 || rule.rejects.is_empty() {
            poor.push(rule.id.as_str());
        }
    }
    assert!(poor.is_empty(), "two matches in different contexts and one text to reject: {poor:?}");
}

#[test]
fn rules_written_as_toml_read_back() {
    for rule in rule::builtin() {
        let text = format!("schema = 1\n{}", rule::to_toml(&rule));
        let (read, _) = rule::review_builtin("p", &text, &[]);
        let [read] = &read[..] else { panic!("{} does not read back:\n{text}", rule.id) };
        let read = Rule { allow: rule.allow.clone(), source: rule.source.clone(), ..read.clone() };
        assert_eq!(&read, rule.as_ref());
    }
}

#[test]
fn packs_with_windows_newlines_read_the_same() {
    let unix = format!("schema = 1{GOOD}");
    let windows = unix.replace('\n', "\r\n");
    assert_eq!(rule::read_pack("p", &unix), rule::read_pack("p", &windows));
}

#[test]
fn the_digest_is_of_what_decides() {
    let digest = |text: &str| {
        let choice = Choice { base: Base::Empty, ..Choice::default() };
        load_with(vec![layer(LayerKind::CommandLine, "pack.toml", text)], &[], &choice)
            .unwrap()
            .rules
            .digest()
    };
    let plain = digest(&with("", ""));
    for (line, other, same) in [
        ("Revoke it.", "Revoke it now.", true),
        ("acme_short", "acme_shorter", true),
        ("severity = \"high\"", "severity = \"low\"", false),
        ("{16}", "{17}", false),
        ("help =", "entropy = 3\nhelp =", false),
        ("help =", "paths = [\"*.env\"]\nhelp =", false),
    ] {
        assert_eq!(digest(&with(line, other)) == plain, same, "{other}");
    }
}

#[test]
fn the_tables_in_the_readme_are_read() {
    let text = include_str!("../../rules/README.md");
    let tables = text.split("```toml\n").filter(|block| block.starts_with("[scan]")).map(|block| {
        let end = block.find("```").expect("the block ends");
        format!("schema = 1\n{}", &block[..end])
    });
    let mut count = 0;
    for table in tables {
        count += 1;
        let layers = vec![layer(LayerKind::Repository, ".abatis.toml", &table)];
        let config = load_with(layers, &[], &Choice::default()).expect("the example is valid");
        // It shows the defaults.
        let usual = load_with(Vec::new(), &[], &Choice::default()).unwrap();
        assert_eq!(config.scan.fail_on.value, usual.scan.fail_on.value);
        assert_eq!(config.scan.min_confidence.value, usual.scan.min_confidence.value);
        assert_eq!(config.scan.max_size.value, usual.scan.max_size.value);
        assert_eq!(config.scan.decode_depth.value, usual.scan.decode_depth.value);
        assert_eq!(config.scan.archive_depth.value, usual.scan.archive_depth.value);
        assert_eq!(config.hook.allow_bypass.value, usual.hook.allow_bypass.value);
    }
    assert_eq!(count, 1);
}

proptest::proptest! {
    /// Whatever is done to a pack, it is read or refused, and what is said of it can be shown.
    #[test]
    fn broken_packs_are_refused_in_peace(
        at in 0_usize..400,
        cut in 0_usize..40,
        put in "[\\[\\]{}\"'=#,.a-z0-9\\\\()|*+?\u{e9}\n\r\t\u{0}-]{0,6}",
    ) {
        let mut text = with("", "");
        let place = |wanted: usize| (0..=wanted.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let (start, end) = (place(at), place(at + cut));
        text.replace_range(start..end, &put);
        let _shown = checked(&text);
        let _read = rule::read_pack("pack.toml", &text);
    }
}
