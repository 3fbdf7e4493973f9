//! `abatis audit --incremental`, and audits of many repositories.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    audit::{at, audit, hide_everywhere, lines, numbered, token},
    support::Repo,
};

/// What a report says of findings and of history, without what depends on how it came about.
fn told(report: &Value) -> (Vec<String>, String) {
    let mut found = lines(report);
    found.sort();
    (found, report["exposures"].to_string())
}

/// Contents that a run looked at.
fn contents(report: &Value) -> u64 {
    report["receipt"]["contents"].as_u64().unwrap()
}

#[test]
fn a_second_run_reads_what_came_since_and_tells_all() {
    let repo = Repo::new();
    hide_everywhere(&repo);
    for number in 0..40 {
        at(&repo, 100 + number, "more", &[("noise.txt", &format!("{number} of nothing\n"))]);
    }
    let (code, whole) = audit(&repo, &[]);
    let (first_code, first) = audit(&repo, &["--incremental"]);
    assert_eq!((told(&first), first_code), (told(&whole), code));
    let (_, again) = audit(&repo, &["--incremental"]);
    assert_eq!(told(&again), told(&whole), "{}", again["receipt"]);
    assert_eq!(again["receipt"]["skipped"], whole["receipt"]["skipped"]);
    assert!(contents(&again) + 40 < contents(&whole), "{} {}", again["receipt"], whole["receipt"]);
    assert!(
        again["receipt"]["notes"].to_string().contains("known from an earlier look"),
        "{}",
        again["receipt"]
    );

    // One more, one less, one back, one that was nowhere, a name, a reference less, and all packed anew.
    at(
        &repo,
        200,
        "new",
        &[("new.txt", &numbered(20)), ("tip.txt", "gone"), ("settings.py", "DEBUG = True\n")],
    );
    let steps: [&dyn Fn(); 6] = [
        &|| {},
        &|| drop(repo.git(&["revert", "--no-edit", "HEAD"])),
        &|| {
            let lost = repo.git_input(&["hash-object", "-w", "--stdin"], b"nothing to see\n");
            audit(&repo, &["--incremental"]);
            repo.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{lost},id.pem")]);
            repo.commit("named");
        },
        &|| drop(repo.git(&["update-ref", "-d", "refs/pull/1/head"])),
        &|| drop(repo.git(&["checkout", "-q", "-f", "-b", "back", "HEAD~5"])),
        &|| drop(repo.git(&["repack", "-q", "-A", "-d", "-f"])),
    ];
    for (number, step) in steps.iter().enumerate() {
        step();
        let (code, whole) = audit(&repo, &[]);
        let (same, now) = audit(&repo, &["--incremental"]);
        assert_eq!((told(&now), same), (told(&whole), code), "step {number}: {}", now["receipt"]);
        assert!(contents(&now) + 30 < contents(&whole), "step {number}: {}", now["receipt"]);
    }
}

#[test]
fn a_state_that_does_not_fit_is_made_anew() {
    let repo = Repo::new();
    for number in 0..10 {
        at(&repo, number, "more", &[("a.txt", &format!("{number}\n{}\n", token(number % 4)))]);
    }
    let folder = repo.beside("states");
    let state = ["--state", folder.to_str().unwrap()];
    let (_, whole) = audit(&repo, &state);
    let file = || {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "state")).unwrap()
    };
    let held = fs::read(file()).unwrap();
    for number in 0..4 {
        let secret = token(number);
        assert!(!held.windows(secret.len()).any(|window| window == secret.as_bytes()), "a secret is kept");
    }
    for (damage, expected) in [
        (&|| fs::write(file(), &held[..held.len() / 2]).unwrap(), "damaged"),
        (&|| fs::write(file(), "something else").unwrap(), "damaged"),
    ] as [(&dyn Fn(), &str); 2]
    {
        damage();
        let (_, report) = audit(&repo, &state);
        assert!(report["receipt"]["notes"].to_string().contains(expected), "{}", report["receipt"]);
        assert_eq!((told(&report), contents(&report)), (told(&whole), contents(&whole)));
        assert_eq!(fs::read(file()).unwrap(), held, "it is made anew");
    }
    let (_, report) = audit(&repo, &[&state[..], &["--decode-depth", "1"]].concat());
    assert!(report["receipt"]["notes"].to_string().contains("other rules"), "{}", report["receipt"]);
    assert_eq!(contents(&report), contents(&whole));
    // What counts is decided anew each time, and needs no reading.
    fs::write(file(), &held).unwrap();
    let (code, report) = audit(&repo, &[&state[..], &["--fail-on", "never"]].concat());
    assert_eq!((code, told(&report)), (Some(0), told(&whole)));
    assert!(
        report["receipt"]["notes"].to_string().contains("known from an earlier look"),
        "{}",
        report["receipt"]
    );
    assert_eq!(audit_code(&repo, &[&state[..], &["--branches"]].concat()), Some(2));
}

#[test]
fn an_object_that_cannot_be_read_is_told_each_time() {
    let repo = Repo::new();
    for number in 0..5 {
        at(&repo, number, "more", &[("a.txt", &format!("{number}\n{}\n", token(number)))]);
    }
    let id = repo.git(&["rev-parse", "HEAD~2:a.txt"]);
    let path = repo.path().join(".git/objects").join(&id[..2]).join(&id[2..]);
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "not an object").unwrap();
    for _ in 0..2 {
        let (code, report) = audit(&repo, &["--incremental"]);
        assert_eq!((code, lines(&report).len()), (Some(2), 4), "{report}");
    }
    fs::write(&path, whole).unwrap();
    let (code, report) = audit(&repo, &["--incremental"]);
    assert_eq!((code, lines(&report).len()), (Some(1), 5), "{report}");
}

/// `git` in a folder of its own below the top.
fn sub(outer: &Repo, name: &str, arguments: &[&str]) -> String {
    outer.git_in(&outer.path().join(name), arguments)
}

#[test]
fn many_repositories_are_one_report() {
    let outer = Repo::outside();
    let made = Repo::new();
    at(&made, 0, "one", &[("a.txt", &token(1)), ("b/key.pem", "x")]);
    at(&made, 1, "two", &[("c.txt", &token(2))]);
    fs::create_dir_all(outer.path().join("team")).unwrap();
    let from = made.path().to_str().unwrap();
    outer.git(&["clone", "-q", "--bare", from, "team/one.git"]);
    outer.git(&["clone", "-q", "--shared", "team/one.git", "fork"]);
    fs::write(outer.path().join("fork/own.txt"), token(3)).unwrap();
    sub(&outer, "fork", &["add", "own.txt"]);
    sub(&outer, "fork", &["mv", "c.txt", "moved.txt"]);
    sub(&outer, "fork", &["commit", "-q", "-m", "own"]);
    fs::create_dir_all(outer.path().join("broken/.git")).unwrap();
    fs::write(outer.path().join("broken/.git/HEAD"), "nonsense").unwrap();
    let (code, report) = audit(&outer, &["."]);
    let mut found: Vec<String> =
        lines(&report).iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect();
    found.sort();
    let expected = [
        "acme-token fork/a.txt tip",
        "acme-token fork/c.txt tip",
        "acme-token fork/own.txt tip",
        "acme-token team/one.git/a.txt tip",
        "acme-token team/one.git/c.txt tip",
        "key-file fork/b/key.pem tip",
        "key-file team/one.git/b/key.pem tip",
    ];
    assert_eq!(found, expected, "{report}");
    assert_eq!(code, Some(2), "one of them is broken");
    let problems = report["problems"].to_string();
    assert!(problems.contains("broken"), "{problems}");
    assert!(report["receipt"]["notes"].to_string().contains("2 repositories"), "{}", report["receipt"]);
    let group = report["exposures"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["paths"].as_array().unwrap().iter().any(|path| path["path"] == "fork/moved.txt"));
    assert_eq!(group.unwrap()["paths"].as_array().unwrap().len(), 3, "{report}");
    fs::remove_dir_all(outer.path().join("broken")).unwrap();
    let (code, _) = audit(&outer, &["--recursive"]);
    assert_eq!(code, Some(1));
    assert_eq!(audit_code(&outer, &["."]), Some(1));
    fs::create_dir(outer.path().join("empty")).unwrap();
    assert_eq!(audit_code(&outer, &["empty"]), Some(2));
}

#[test]
fn what_several_repositories_share_is_scanned_once() {
    let outer = Repo::outside();
    let made = Repo::new();
    for number in 0..60 {
        at(&made, number, "more", &[("a.txt", &format!("{number} is of no interest\n"))]);
    }
    let from = made.path().to_str().unwrap();
    outer.git(&["clone", "-q", "--bare", from, "pool.git"]);
    let (_, one) = audit(&outer, &["pool.git"]);
    for fork in ["a", "b", "c"] {
        outer.git(&["clone", "-q", "--bare", "--shared", "pool.git", fork]);
    }
    let (_, all) = audit(&outer, &["."]);
    assert_eq!(contents(&all), contents(&one), "{}", all["receipt"]);
    assert!(Path::new(from).exists());
}

fn audit_code(repo: &Repo, options: &[&str]) -> Option<i32> {
    let mut command = repo.abatis();
    command.args(["audit", "--no-default-rules", "--rules"]).arg(repo.beside("made.toml")).args(options);
    command.output().unwrap().status.code()
}
