//! Values that are secrets, and values that are not.

use super::*;
use crate::text::Span;

fn check(path: &str, text: &str, keyword: &str, classifier: Classifier, expected: Option<Confidence>) {
    let bytes = text.as_bytes();
    let at = text.to_ascii_lowercase().find(keyword).unwrap();
    let hit = Span::new(at, at + keyword.len());
    let line = crate::text::lines_around(bytes, hit);
    let mut found = Vec::new();
    super::super::assignment::find(bytes, line, hit, &mut found);
    let best = found
        .iter()
        .filter_map(|one| judge(bytes, one, keyword.as_bytes(), classifier, Language::of(path.as_bytes())))
        .max();
    assert_eq!(best, expected, "{path}: {text}");
}

#[test]
fn passwords() {
    use Confidence::{Low, Medium};
    for (path, text, expected) in [
        ("a.py", r#"password = "Tr0ub4dor&3""#, Some(Medium)),
        ("a.py", r#"password = "sunshine""#, Some(Medium)),
        ("a.py", "password = other_value1", None),
        ("a.py", r#"password = "Enter your password""#, None),
        ("a.py", r#"password_field = "sunshine4""#, None),
        ("a.py", r#"password = "password""#, None),
        ("a.py", r#"password = "changeme""#, None),
        ("a.py", r#"password = "${DB_PASS}""#, None),
        ("a.yml", "password: Tr0ub4dor3", Some(Medium)),
        ("a.yml", "password: sunshine", Some(Low)),
        ("a.yml", "password: {{ vault_pw }}", None),
        ("a.py", r#"("username", "password", "message")"#, None),
        ("a.py", r#"for word in ["password", "kestrel", "heron"]"#, None),
        ("a.py", r#"pairs = [["password", "kestrel"]]"#, Some(Medium)),
        ("a.py", r#"connect("host", "password", "k1estrel982")"#, Some(Medium)),
        ("a.py", r#"put("password", "kestrel")"#, Some(Medium)),
        ("a.py", r#"run("tool", "--password", "kestrel")"#, Some(Medium)),
        ("a.rb", r#"attach("../etc/passwd", "kestrel9")"#, None),
        ("a.c", r#"puts("db://u:PASSWORD@localhost:6379/0");"#, None),
        ("a.md", "run `generate user password:digest`", None),
        ("a.go", r#"password: "i-am-invalid""#, None),
        ("a.go", r#"password: "s3cr3t""#, None),
        ("a.rb", r#""POSTGRES_PASSWORD" => "postgres""#, None),
        ("config/locales/de.yml", "password: 'Passwort'", None),
    ] {
        check(path, text, "passw", Classifier::Password, expected);
    }
}

#[test]
fn tokens() {
    for (path, text, expected) in [
        ("a.js", r#"apiKey: "k3Jx9Qm2Vt7Rb4Wn8Zc1""#, Some(Confidence::Medium)),
        ("a.js", r#"apiKey: "configurationManager""#, None),
        ("a.js", r#"apiKeyName: "k3Jx9Qm2Vt7Rb4Wn8Zc1""#, None),
        ("a.js", r#"publicApiKey: "k3Jx9Qm2Vt7Rb4Wn8Zc1""#, None),
        ("a.js", r#"apiKey: "a-name-of-a-thing-1""#, None),
        ("a.js", r#"apiKey: "12345678901234567890""#, None),
        ("a.js", r#"apiKey: "bca4ef0123756789bca4ef0123756789""#, None),
        ("a.js", r#"csrf_apikey: "k3Jx9Qm2Vt7Rb4Wn8Zc1""#, Some(Confidence::Low)),
    ] {
        check(path, text, "apikey", Classifier::Token, expected);
    }
}

#[test]
fn placeholders() {
    for value in
        ["xxxxxxxxxxxx", "AKIAIOSFODNN7EXAMPLE", "********", "your_token_here", "abcdefghijkl", "1234567890"]
    {
        assert!(is_placeholder(value.as_bytes()), "{value}");
    }
    for value in ["k3Jx9Qm2Vt7Rb4Wn8Zc1", "Tr0ub4dor&3"] {
        assert!(!is_placeholder(value.as_bytes()), "{value}");
    }
}
