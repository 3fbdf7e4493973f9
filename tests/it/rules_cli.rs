//! `abatis rules …` and `abatis config`, run as people run them.

use std::process::Output;

use crate::support::{Repo, github_token};

fn run(repo: &Repo, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = repo.abatis().args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// A rule with room for its examples.
fn pack(matches: &str, rejects: &str) -> String {
    format!(
        "schema = 1\npack = \"acme\"\n[[rule]]\nid = \"acme-key\"\ntitle = \"Acme key\"\nrisk = 1\n\
         severity = \"high\"\nconfidence = \"high\"\nkeywords = [\"acme_\"]\npattern = '(acme_[0-9a-f]{{8}})'\n\
         help = \"Revoke it.\"\ndocs = \"https://example.org/\"\nmatches = [{matches}]\nrejects = [{rejects}]\n"
    )
}

#[test]
fn a_new_pack_is_in_order_and_passes_its_tests() {
    let repo = Repo::new();
    let (code, out, _) = run(&repo, &["rules", "new", "acme"]);
    assert_eq!(code, 0, "{out}");
    let checked = run(&repo, &["rules", "check", "acme.toml"]);
    assert_eq!(checked, (0, "1 file: 0 errors, 0 warnings\n".to_owned(), String::new()));
    let tested = run(&repo, &["rules", "test", "acme.toml"]);
    assert_eq!(tested, (0, "1 rule, 4 examples: all pass\n".to_owned(), String::new()));
    // It is not written over, and a name is a name.
    assert_eq!(run(&repo, &["rules", "new", "acme"]).0, 2);
    assert_eq!(run(&repo, &["rules", "new", "../acme"]).0, 2);
    // It finds something.
    repo.write("notes.txt", concat!("token = acme_", "tok_a1B2a1B2a1B2a1B2a1B2a1B2\n"));
    let (code, out, _) = run(&repo, &["scan", "--rules", "acme.toml", "notes.txt"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("acme-token"), "{out}");
}

#[test]
fn examples_that_fail_are_named() {
    let repo = Repo::new();
    let matches = "'acme{cat}_1f3a5c7e', 'acme{cat}_00000000', 'ACME{cat}_1f3a5c7e', 'nothing here'";
    repo.write("packs/acme.toml", pack(matches, "{ path = 'a.txt', text = 'acme{cat}_2f4a6c8e' }"));
    let (code, out, _) = run(&repo, &["rules", "test", "packs"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(out, @r#"
    acme-key: nothing is found in `matches` 2, which looks like a placeholder (`placeholders = false` keeps such): acme_00000000 (packs/acme.toml)
    acme-key: nothing is found in `matches` 3, which differs in case: ACME_1f3a5c7e (packs/acme.toml)
    acme-key: nothing is found in `matches` 4: nothing here (packs/acme.toml)
    acme-key: something is found in `rejects` 1: a.txt: acme_2f4a6c8e (packs/acme.toml)
    1 rule, 5 examples: 4 fail
    "#);
}

#[test]
fn check_reports_all_files_at_once() {
    let repo = Repo::new();
    repo.write("packs/one.toml", pack("'acme{cat}_00000000'", "'x'").replace("'(acme_", "'(acme_("));
    repo.write("packs/two.toml", "schema = 1\ndisable = ['acme-keys']\nnonsense = 1\n");
    repo.write("packs/readme.md", "not a pack");
    let (code, out, _) = run(&repo, &["rules", "check", "packs"]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(out, @r#"
    error[bad-pattern]: this is not a regular expression: unclosed group
      --> packs/one.toml:10:12
       |
    10 | pattern = '(acme_([0-9a-f]{8})'
       |            ^ unclosed group

    warning[one-match]: rule `acme-key` has one example that matches
      --> packs/one.toml:13:12
       |
    13 | matches = ['acme{cat}_00000000']
       |            ^^^^^^^^^^^^^^^^^^^^
       |
       = help: give another form, too (JSON, YAML, a header, a URL, another path): a rule that knows one form only shows there

    error[unknown-rule]: there is no rule `acme-keys`
     --> packs/two.toml:2:12
      |
    2 | disable = ['acme-keys']
      |            ^^^^^^^^^^^
      |
      = help: did you mean `acme-key`?

    error[unknown-key]: `nonsense` is not a key of a configuration file
     --> packs/two.toml:3:1
      |
    3 | nonsense = 1
      | ^^^^^^^^
      |
      = help: known here: `schema`, `pack`, `extend`, `disable`, `enable`, `rule`, `override`, `allow`, `scan`, `suppress`, `hook`, `baseline`, `gate`

    2 files: 3 errors, 1 warning
    "#);
    // Such a pack is not tested, and nothing is scanned with it.
    assert_eq!(run(&repo, &["rules", "test", "packs"]).0, 2);
    let (code, out, error) = run(&repo, &["scan", "--rules", "packs/one.toml", "."]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("packs/one.toml:10:"), "{error}");
}

#[test]
fn built_in_packs_pass() {
    let repo = Repo::new();
    let (code, out, _) = run(&repo, &["rules", "test"]);
    assert_eq!(code, 0, "{out}");
    let (code, out, _) = run(&repo, &["rules", "check"]);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn rules_are_listed_and_shown() {
    let repo = Repo::new();
    repo.write("acme.toml", pack("'acme{cat}_00000000'", "'x'"));
    let only = ["--no-default-rules", "--rules", "acme.toml"];
    let (code, out, _) = run(&repo, &[&["rules", "list"], &only[..]].concat());
    assert_eq!(code, 0);
    insta::assert_snapshot!(out, @r#"
    RULE      SEVERITY  CONFIDENCE  GATE   RISK  TITLE
    acme-key  high      high        block     1  Acme key

    1 rule in force
    "#);
    let (_, out, _) = run(&repo, &[&["rules", "list", "--format", "json"], &only[..]].concat());
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json[0]["id"], "acme-key");
    assert_eq!(json[0]["tags"][0], "acme");
    let (_, out, _) = run(&repo, &[&["rules", "show", "acme-key"], &only[..]].concat());
    assert!(out.contains("pattern = '(acme_[0-9a-f]{8})'"), "{out}");
    let (code, _, error) = run(&repo, &[&["rules", "show", "acme-kye"], &only[..]].concat());
    assert_eq!(
        (code, error.trim_end()),
        (2, "abatis: error: there is no rule `acme-kye`; did you mean `acme-key`?")
    );
    let (code, out, _) = run(&repo, &["rules", "checks"]);
    assert!(code == 0 && out.contains("github-crc32"), "{out}");
}

#[test]
fn config_says_which_file_set_what() {
    let repo = Repo::new();
    let folder = repo.home().join(".config/abatis");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "schema = 1\n[scan]\nfail-on = \"low\"\n").unwrap();
    repo.write(".abatis.toml", "schema = 1\ndisable = [\"tag:github\"]\n\n[scan]\nmax-size = \"1M\"\n");
    let mut command = repo.abatis();
    command.env("XDG_CONFIG_HOME", repo.home().join(".config")).env("APPDATA", repo.home().join(".config"));
    let output = command.args(["config", "--decode-depth", "1"]).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    for (line, place) in [
        ("fail-on = \"low\"", "config.toml:3"),
        ("max-size = 1048576", ".abatis.toml:5"),
        ("\"tag:github\",", ".abatis.toml:2"),
        ("decode-depth = 1", "command line"),
        ("archive-depth = 2", "default"),
    ] {
        let found = out.lines().any(|shown| shown.trim().starts_with(line) && shown.ends_with(place));
        assert!(found, "{line} from {place} in\n{out}");
    }
    assert!(!out.contains("github-pat"));
    // Locked, the repository cannot switch rules off.
    let output = repo.abatis().args(["config", "--locked"]).output().unwrap();
    let (out, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(said.contains("ignored: switching rules off") && !out.contains("tag:github"), "{said}{out}");
}

/// A rule of the repository for what a built-in rule finds, with the same proof and an id in front of it.
fn rival(rated: &str) -> String {
    format!(
        "schema = 1\n[[rule]]\nid = \"a-mine\"\ntitle = \"Mine\"\nrisk = 1\nconfidence = \"high\"\nkeywords = [\"ghp_\"]\n\
         pattern = '(ghp_[0-9A-Za-z]{{36}})'\ncheck = \"github-crc32\"\nhelp = \"None.\"\n{rated}\n"
    )
}

#[test]
fn a_rule_of_a_locked_repository_takes_the_place_of_no_stricter_one() {
    let repo = Repo::new();
    repo.stage("a.txt", format!("value {}\n", github_token(1)));
    let staged = |options: &[&str]| {
        let (code, out, error) = run(&repo, &[&["staged", "--format", "csv"], options].concat());
        let told = |id: &str| out.contains(&format!(",{id},"));
        (code, told("github-pat"), told("a-mine"), error)
    };
    let rivals = [
        "severity = \"low\"\ngate = \"warn\"",
        "severity = \"critical\"\n[[rule.allow]]\npaths = [\"**\"]\nreason = \"none\"",
    ];
    for rated in rivals {
        repo.write(".abatis.toml", rival(rated));
        let (code, builtin, own, error) = staged(&["--locked"]);
        assert_eq!((code, builtin, own), (1, true, false), "{rated}\n{error}");
        // Whoever may loosen, may do this, too.
        let (code, builtin, _, error) = staged(&[]);
        assert_eq!((code, builtin), (0, false), "{rated}\n{error}");
    }
    // What is stricter is told, and does not hide the other.
    repo.write(".abatis.toml", rival("severity = \"critical\""));
    repo.write("lax.toml", "schema = 1\n[[override]]\nrule = \"github-pat\"\nseverity = \"low\"\n");
    let (code, builtin, own, error) = staged(&["--locked", "--rules", "lax.toml"]);
    assert_eq!((code, builtin, own), (1, true, true), "{error}");
}

#[test]
fn a_configuration_of_another_scanner_becomes_a_pack() {
    let repo = Repo::new();
    let config = r#"
[[rules]]
id = "acme"
description = "Acme token."
regex = '''(?i)\bacme_([a-z0-9]{24})\b'''
keywords = ["acme_"]
[[rules]]
id = "bare"
regex = '''[0-9a-f]{40}'''
[allowlist]
paths = ['''\.lock$''']
"#;
    repo.write("gitleaks.toml", config);
    let (code, out, error) =
        run(&repo, &["rules", "import", "gitleaks", "gitleaks.toml", "--output", "acme.toml"]);
    assert_eq!(code, 0, "{out}{error}");
    insta::assert_snapshot!(out, @"
    rule `bare` is left out: no match of its expression has a literal of three bytes and more, so every line would have to be searched
    wrote acme.toml: 1 rule, 1 remark
    ");
    assert_eq!(run(&repo, &["rules", "check", "acme.toml"]).0, 0);
    let line = concat!("token = acme", "_4f7c0b9e2d61a8350c94fe7d\n");
    repo.write("notes.txt", line);
    repo.write("notes.lock", line);
    let scan = ["scan", "--rules", "acme.toml", "--no-ignore", "--format", "json", "notes.txt", "notes.lock"];
    let (code, out, _) = run(&repo, &scan);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("\"notes.txt\"") && !out.contains("\"path\": \"notes.lock\""), "{out}");
    // Nothing is written over, and nothing is made of nothing.
    assert_eq!(run(&repo, &["rules", "import", "gitleaks", "gitleaks.toml", "-o", "acme.toml"]).0, 2);
    repo.write("empty.toml", "title = 'x'\n");
    assert_eq!(run(&repo, &["rules", "import", "betterleaks", "empty.toml"]).0, 2);
    repo.write("broken.toml", "[[rules\n");
    assert_eq!(run(&repo, &["rules", "import", "gitleaks", "broken.toml"]).0, 2);
}

#[test]
fn coverage_lists_risks_and_providers() {
    let repo = Repo::new();
    let (code, out, _) = run(&repo, &["rules", "coverage"]);
    assert_eq!(code, 0);
    assert!(out.contains("developer credentials (") && out.contains("github.com"), "{out}");
    let (code, out, _) = run(&repo, &["rules", "coverage", "--format", "json"]);
    assert_eq!(code, 0);
    let coverage: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(coverage["risks"].as_array().map(Vec::len), Some(10));
    assert!(coverage["providers"].as_array().is_some_and(|providers| providers.len() > 500));
    assert_eq!(run(&repo, &["rules", "coverage", "--format", "csv"]).0, 2);
}

#[test]
fn rules_are_timed_on_real_text() {
    let repo = Repo::new();
    repo.write("acme.toml", pack("'acme{cat}_1f3a5c7e'", "'acme{cat}_short'"));
    repo.write("text/a.txt", concat!("acme", "_1f3a5c7e acme acme_\n").repeat(200));
    let (code, out, _) = run(&repo, &["rules", "test", "acme.toml", "--profile", "text"]);
    assert!(code == 0 || code == 1, "{out}");
    assert!(out.contains("acme-key") && out.contains(" 400  ") && out.contains("COMMON KEYWORD"), "{out}");
    assert_eq!(run(&repo, &["rules", "test", "acme.toml", "--profile", "nowhere"]).0, 2);
}
