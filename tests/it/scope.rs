//! `abatis audit` over a part of a history: what is new in it is told, and nothing else.

use serde_json::Value;

use crate::{
    audit::{at, audit, lines, numbered},
    support::Repo,
};

/// What was found, without ids of commits.
fn found(report: &Value) -> Vec<String> {
    let mut found: Vec<String> = lines(report)
        .iter()
        .map(|line| line.rsplit_once(' ').unwrap().0.trim_start_matches("acme-token ").to_owned())
        .collect();
    found.sort();
    found
}

#[track_caller]
fn finds(repo: &Repo, options: &[&str], expected: &[&str]) -> Value {
    let (code, report) = audit(repo, options);
    assert_eq!(found(&report), expected, "{options:?}: {report}");
    assert_eq!(code, Some(i32::from(!expected.is_empty())), "{options:?}: {report}");
    report
}

/// Day of the commit with number N: 1,700,000,000 seconds are 2023-11-14.
const DAY: usize = 86_400;

fn example() -> Repo {
    let repo = Repo::new();
    let filler: String = (0..40).map(|line| format!("line {line}\n")).collect();
    at(&repo, 0, "old", &[("a.txt", &format!("{filler}{}\n", numbered(1)))]);
    at(&repo, DAY, "old too", &[("gone.txt", &numbered(2))]);
    repo.git(&["tag", "v1"]);
    at(
        &repo,
        2 * DAY,
        "new",
        &[("a.txt", &format!("more\n{filler}{}\n{}\n", numbered(1), numbered(3))), ("src/b.txt", "x")],
    );
    repo.git(&["rm", "-q", "gone.txt"]);
    at(&repo, 3 * DAY, "removed", &[("src/c.txt", &numbered(4))]);
    repo.git(&["branch", "topic/one", "HEAD~1"]);
    repo.git(&["checkout", "-q", "topic/one"]);
    at(&repo, 4 * DAY, &format!("on a branch {}", numbered(5)), &[("src/d.txt", &numbered(6))]);
    repo.git(&["tag", "-a", "v2", "-m", &numbered(7)]);
    repo.git(&["checkout", "-q", "main"]);
    at(&repo, 5 * DAY, "lost", &[("lost.txt", &numbered(8))]);
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo
}

#[test]
fn a_range_shows_what_is_new_in_it() {
    let repo = example();
    let everything = [
        "COMMIT_EDITMSG tip",
        "TAG_EDITMSG tip",
        "a.txt tip",
        "a.txt tip",
        "gone.txt tip",
        "lost.txt unreachable",
        "src/c.txt tip",
        "src/d.txt tip",
    ];
    for packed in [false, true] {
        if packed {
            repo.git(&["repack", "-q", "-adf"]);
            repo.git(&["pack-refs", "--all"]);
        }
        finds(&repo, &[], &everything);
        let report = finds(&repo, &["v1..main"], &["a.txt tip", "src/c.txt tip"]);
        assert_eq!(report["receipt"]["scope"], "v1..main");
        assert_eq!(report["receipt"]["commits"], 2);
        let text = report.to_string();
        assert!(!text.contains("gone.txt"), "what was removed in a range is not new in it: {text}");
        finds(&repo, &["main..topic/one"], &["COMMIT_EDITMSG tip", "src/d.txt tip"]);
        finds(&repo, &["main..v2"], &["COMMIT_EDITMSG tip", "src/d.txt tip"]);
        finds(&repo, &["v2", "^main"], &["COMMIT_EDITMSG tip", "TAG_EDITMSG tip", "src/d.txt tip"]);
        finds(&repo, &["main...topic/one"], &["COMMIT_EDITMSG tip", "src/c.txt tip", "src/d.txt tip"]);
        finds(&repo, &["--no-delta", "v1..main"], &["a.txt tip", "src/c.txt tip"]);
        let report = finds(&repo, &["main..main"], &[]);
        assert!(report["warnings"].to_string().contains("nothing"), "{report}");
    }
}

#[test]
fn references_and_times_limit_what_is_looked_at() {
    let repo = example();
    for packed in [false, true] {
        if packed {
            repo.git(&["repack", "-q", "-adf"]);
        }
        finds(&repo, &["--branches=main"], &["a.txt tip", "a.txt tip", "gone.txt tip", "src/c.txt tip"]);
        finds(&repo, &["--branches=topic", "^main"], &["COMMIT_EDITMSG tip", "src/d.txt tip"]);
        finds(&repo, &["--tags=v1"], &["a.txt tip", "gone.txt tip"]);
        finds(
            &repo,
            &["--tags=v2", "--since=v1"],
            &["COMMIT_EDITMSG tip", "TAG_EDITMSG tip", "a.txt tip", "src/d.txt tip"],
        );
        finds(&repo, &["--unreachable"], &["lost.txt unreachable"]);
        finds(
            &repo,
            &["--since=2023-11-17", "--branches"],
            &["COMMIT_EDITMSG tip", "src/c.txt tip", "src/d.txt tip"],
        );
        finds(&repo, &["--since=2023-11-17", "--all", "--", "src"], &["src/c.txt tip", "src/d.txt tip"]);
        finds(&repo, &["--path", "*.txt", "--tags=v1"], &["a.txt tip", "gone.txt tip"]);
        finds(&repo, &["--glob=heads/m*", "--", "gone.txt"], &["gone.txt tip"]);
    }
}

#[test]
fn what_names_nothing_is_an_error() {
    let repo = example();
    for (options, expected) in [
        (&["nowhere..main"][..], "nowhere"),
        (&["main..nowhere"], "nowhere"),
        (&["--branches=nothing*"], "--branches=nothing*"),
        (&["--remotes"], "--remotes"),
        (&["--since=nowhere"], "nowhere"),
        (&["/no/such/folder"], "/no/such/folder"),
        (&["--path", "a[b"], "a[b"),
    ] {
        let output = repo.abatis().arg("audit").args(options).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
        assert!(said.contains(expected), "{options:?}: {said}");
    }
    let (code, report) = audit(&repo, &["--", "no/such/path"]);
    assert_eq!(code, Some(2));
    assert!(report["problems"].to_string().contains("no/such/path"), "{report}");
}

#[test]
fn a_copy_is_looked_at_where_it_is() {
    let repo = Repo::new();
    at(&repo, 0, "first", &[("a/one.txt", &numbered(1)), ("a/deep/two.txt", &numbered(2))]);
    // The same content under another name, and the same folder in another place.
    at(&repo, DAY, "copies", &[("c/copy.txt", &numbered(1)), ("c/below/deep/two.txt", &numbered(2))]);
    for packed in [false, true] {
        if packed {
            repo.git(&["repack", "-q", "-adf"]);
        }
        finds(&repo, &["--path", "c/copy.txt"], &["c/copy.txt tip"]);
        finds(&repo, &["--", "c"], &["c/below/deep/two.txt tip", "c/copy.txt tip"]);
        finds(&repo, &["HEAD", "--", "a"], &["a/deep/two.txt tip", "a/one.txt tip"]);
    }
}
