//! `abatis scan` as a whole, on trees and inputs that are not as they should be.

use std::{
    io::Write as _,
    process::{Output, Stdio},
};

use serde_json::Value;

use crate::support::{Repo, github_token};

fn leak(number: u8) -> String {
    format!("token = \"{}\"\n", github_token(number))
}

fn scan(repo: &Repo, arguments: &[&str]) -> Output {
    repo.abatis().arg("scan").args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Paths with a GitHub token, sorted.
fn found(repo: &Repo, arguments: &[&str]) -> Vec<String> {
    let report = json(&scan(repo, &[arguments, &["--format", "json"]].concat()));
    let mut paths: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["rule"] == "github-pat")
        .map(|one| one["path"].as_str().unwrap().to_owned())
        .collect();
    paths.sort();
    paths
}

/// One tracked file of each way to be ignored, and untracked ones beside them.
fn ignored() -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", "local.env\nlogs/\n*.tmp\n");
    repo.write(".abatisignore", "*.tmp\n");
    for (number, path) in (1..).zip(["local.env", "logs/run/a.txt", "kept.tmp", "plain.txt"]) {
        repo.stage(path, leak(number));
    }
    repo.write("logs/untracked.txt", leak(9));
    repo.write("untracked.txt", leak(8));
    repo
}

#[test]
fn what_git_tracks_is_scanned_although_gitignore_names_it() {
    let repo = ignored();
    assert_eq!(found(&repo, &["."]), ["local.env", "logs/run/a.txt", "plain.txt", "untracked.txt"]);
    assert_eq!(found(&repo, &["logs"]), ["logs/run/a.txt", "logs/untracked.txt"]);
    assert_eq!(
        found(&repo, &[".", "logs/run"]),
        ["local.env", "logs/run/a.txt", "plain.txt", "untracked.txt"]
    );
    let from_outside = Repo::outside();
    let path = repo.path().to_str().unwrap();
    assert_eq!(found(&from_outside, &[path]).len(), 4);
    assert_eq!(found(&repo, &["--no-ignore", "."]).len(), 6);
    // Gone from disk is not hidden.
    std::fs::remove_file(repo.path().join("local.env")).unwrap();
    assert_eq!(found(&repo, &["."]), ["logs/run/a.txt", "plain.txt", "untracked.txt"]);
}

#[cfg(unix)]
#[test]
fn utf_16_has_the_lines_and_columns_of_its_text() {
    // The second letter has a byte that ends lines elsewhere.
    let text = format!("one\r\n\u{a05}\u{1f511} {}last\n", leak(1));
    let marked = format!("# {}:allow github-pat made for this test\n{}", "abatis", leak(2));
    let write = |repo: &Repo, encode: &dyn Fn(&str) -> Vec<u8>| {
        repo.write("a.txt", encode(&text));
        repo.write("b.txt", encode(&marked));
    };
    let told = |repo: &Repo| {
        let report = json(&scan(repo, &["--format", "json", "."]));
        let [found] = &report["findings"].as_array().unwrap()[..] else { panic!("{report}") };
        assert_eq!(report["receipt"]["suppressed"]["inline"], 1, "{report}");
        let region = &found["region"];
        [region["start"].clone(), region["end"].clone(), found["snippet"].clone()]
    };
    let repo = Repo::new();
    write(&repo, &|text| text.as_bytes().to_vec());
    let expected = told(&repo);
    assert_eq!(expected[0], serde_json::json!({ "line": 2, "column": 14 }));
    for mark in ["", "\u{feff}"] {
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let encode =
                |text: &str| mark.encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect();
            write(&repo, &encode);
            assert_eq!(told(&repo), expected, "{mark:?}");
        }
    }
}

#[test]
fn of_secrets_that_the_shown_part_of_a_line_cuts_nothing_is_shown() {
    // Each of a long line stands at another distance from the others; the last two have a value that no rule finds there again.
    let tokens: Vec<String> = (1..40).map(github_token).collect();
    let parts = tokens.iter().enumerate();
    let line: String = parts.map(|(index, token)| format!("{} '{token}'", "z ".repeat(40 + index))).collect();
    let again = format!("{}q{}q{}'{}'\n", tokens[0], tokens[1], "y ".repeat(70), tokens[2]);
    let repo = Repo::new();
    repo.write("a.txt", format!("{line}\n{again}"));
    let report = json(&scan(&repo, &["--format", "json", "."]));
    let found = report["findings"].as_array().unwrap();
    assert!(found.len() >= tokens.len(), "{}", found.len());
    let mut shown = 0;
    for finding in found {
        let text = finding["snippet"]["text"].as_str().unwrap();
        shown += text.len();
        for token in &tokens {
            for place in 4..token.len() - 8 {
                assert!(!text.contains(&token[place..place + 8]), "{token} {text}");
            }
        }
    }
    assert!(shown > 200 * found.len(), "{shown}");
}

#[test]
fn what_was_there_before_is_hidden_around_what_is_new() {
    let repo = Repo::new();
    let (old, new) = (github_token(1), github_token(2));
    repo.stage("a.txt", format!("x\ntoken = \"{old}\"\ny\n"));
    repo.commit("one");
    repo.stage("a.txt", format!("x\ntoken = \"{old}\"\nz = \"{new}\"\n"));
    let told = |arguments: &[&str]| {
        let report = json(&repo.abatis().args(arguments).args(["--format", "json"]).output().unwrap());
        let found = report["findings"].as_array().unwrap();
        let found = found.iter().find(|one| one["region"]["start"]["line"] == 3).unwrap();
        let text = found["snippet"]["text"].as_str().unwrap().to_owned();
        assert!(text.starts_with("token = \"ghp_****(40 bytes)\"\nz = \"ghp_****"), "{arguments:?}: {text}");
    };
    told(&["staged"]);
    told(&["scan", "."]);
    repo.commit("two");
    told(&["range", "HEAD~1..HEAD"]);
    told(&["audit"]);
    repo.git(&["repack", "-q", "-adf"]);
    told(&["audit"]);
    told(&["range", "HEAD~1..HEAD"]);
}

#[test]
fn names_hold_secrets_too() {
    let repo = Repo::new();
    let path = format!("dir-{}/plain.txt", github_token(1));
    repo.stage(&path, "plain\n");
    let told = |arguments: &[&str]| {
        let output = repo.abatis().args(arguments).args(["--format", "json"]).output().unwrap();
        let report = json(&output);
        let [found] = &report["findings"].as_array().unwrap()[..] else { panic!("{report}") };
        assert_eq!(
            (&found["rule"], &found["note"]),
            (&"github-pat".into(), &"in the name of the file".into())
        );
        assert!(!String::from_utf8_lossy(&output.stdout).contains(&github_token(1)), "{report}");
        found["fingerprint"].clone()
    };
    let staged = told(&["staged"]);
    assert_eq!(told(&["scan", "."]), staged);
    repo.commit("first");
    repo.commit_files("more", &[("a.txt", "a\n")]);
    assert_eq!(told(&["audit"]), staged);
    // What was there before is not new.
    repo.stage(&path, "plain\nand more\n");
    let output = repo.abatis().arg("staged").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // The same blob under a clean name, and the name taken back.
    repo.git(&["mv", &path, "plain.txt"]);
    repo.commit("clean");
    let report = json(&repo.abatis().args(["audit", "--format", "json"]).output().unwrap());
    assert_eq!(report["exposures"][0]["state"], "removed", "{report}");
    assert_eq!(report["exposures"][0]["paths"].as_array().unwrap().len(), 1, "{report}");
}

#[cfg(unix)]
#[test]
fn odd_names_do_no_harm_and_stay_apart() {
    use std::os::unix::ffi::OsStrExt as _;
    let repo = Repo::outside();
    for (number, name) in (1..).zip([&b"new\nline.env"[..], b"bell\x07\x1b]0;title\x07.env", b"caf\xe9.env"])
    {
        repo.write(std::ffi::OsStr::from_bytes(name), leak(number));
    }
    assert_eq!(found(&repo, &["."]).len(), 3);
    let text = scan(&repo, &["."]).stdout;
    assert!(!text.contains(&0x07) && !text.contains(&0x1b), "{}", String::from_utf8_lossy(&text));
}

/// Feeds `head`, then `megabytes` of one line, then `tail`; gives the output and the paths found.
fn giant(megabytes: usize) -> (Output, Value) {
    let repo = Repo::outside();
    let mut child = repo
        .abatis()
        .args(["scan", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let block = "var a=b.c;".repeat(100_000);
        for _ in 0..megabytes {
            input.write_all(block.as_bytes()).unwrap();
        }
        input.write_all(leak(5).as_bytes()).unwrap();
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let report = json(&output);
    (output, report)
}

fn check_giant(megabytes: usize) {
    let (output, report) = giant(megabytes);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let found = &report["findings"][0];
    assert_eq!(found["rule"], "github-pat");
    assert_eq!(found["region"]["start"]["line"], 1);
    let start = found["region"]["bytes"]["start"].as_u64().unwrap();
    assert_eq!(start, (megabytes * 1_000_000 + "token = \"".len()) as u64);
}

#[test]
fn a_long_line_is_read_in_parts() {
    check_giant(40);
}

/// Half a minute and more in a debug build.
#[test]
#[ignore = "slow"]
fn a_line_of_two_gigabytes_is_read_in_parts() {
    check_giant(2_048);
}

#[test]
fn a_repository_that_lost_an_object_is_incomplete_and_says_which() {
    let repo = Repo::new();
    repo.stage("a.txt", leak(1));
    let id = repo.git(&["rev-parse", ":a.txt"]);
    std::fs::remove_file(repo.path().join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    let output = repo.abatis().arg("staged").output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("a.txt"), "{said}");
}
