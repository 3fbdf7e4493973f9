//! What is not reported, and why: markers, allowlists and the baseline, through the whole program.

use std::{fs, process::Output};

use crate::support::{Repo, github_token, succeed};

/// A line that holds the token number `number`.
fn leak(number: u8) -> String {
    format!("token = \"{}\"", github_token(number))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs abatis, which must end with `code`, and gives all it said.
#[track_caller]
fn run(repo: &Repo, code: i32, arguments: &[&str]) -> String {
    let output = repo.abatis().args(arguments).output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(code), "abatis {arguments:?}\n{said}");
    for number in 0..10 {
        assert!(!said.contains(&github_token(number)), "a secret is shown:\n{said}");
    }
    said
}

#[track_caller]
fn contains(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word}:\n{said}");
    }
}

mod inline {
    use super::*;

    #[test]
    fn a_marker_with_a_reason_suppresses_and_is_listed() {
        let repo = Repo::new();
        repo.stage("a.py", format!("{} # abatis:allow * made for this test\n", leak(1)));
        run(&repo, 0, &["staged"]);
        contains(&run(&repo, 0, &["staged", "--show-suppressed"]), &["made for this test"]);
        run(&repo, 1, &["staged", "--no-inline"]);
        repo.write(".abatis.toml", "schema = 1\n[suppress]\nmarkers = [\"gitleaks\"]\n");
        run(&repo, 1, &["staged"]);
    }

    #[test]
    fn a_marker_without_a_reason_is_told() {
        let repo = Repo::new();
        repo.stage("a.py", format!("{} # abatis:allow github-pat\n", leak(1)));
        contains(&run(&repo, 1, &["staged"]), &["a.py:1: abatis:allow without a reason suppresses nothing"]);
        repo.stage("a.py", format!("{} # abatis:allow github-pat until 2020-01-01 made\n", leak(1)));
        contains(&run(&repo, 1, &["staged"]), &["a.py:1: abatis:allow github-pat: expired on 2020-01-01"]);
    }
}

mod allow {
    use super::*;

    #[test]
    fn an_entry_suppresses_until_its_day() {
        let repo = Repo::new();
        repo.stage("docs/a.md", leak(1));
        let allow = |until: &str| {
            let text = format!("schema = 1\n[[allow]]\npaths = [\"docs/**\"]\nreason = \"samples\"\n{until}");
            repo.write(".abatis.toml", text);
        };
        allow("");
        run(&repo, 0, &["staged"]);
        contains(&run(&repo, 0, &["staged", "--show-suppressed"]), &["samples"]);
        allow("until = 2020-01-01\n");
        contains(&run(&repo, 1, &["staged"]), &["expired on 2020-01-01"]);
    }
}

mod baseline {
    use super::*;

    fn file(repo: &Repo) -> String {
        String::from_utf8(repo.read(".abatis-baseline")).unwrap()
    }

    #[test]
    fn what_is_recorded_is_not_reported_again() {
        let repo = Repo::new();
        repo.write("sub/a.py", format!("{}\n", leak(1)));
        run(&repo, 1, &["scan"]);
        run(&repo, 2, &["baseline", "prune"]);
        let said = run(&repo, 0, &["baseline", "create", "--reason", "revoked", "--owner", "Ann B"]);
        contains(&said, &["1 added, 1 in all", "merge=union"]);
        contains(&file(&repo), &[" github-pat sub/a.py owner=Ann%20B # revoked\n"]);
        run(&repo, 0, &["scan"]);
        contains(&run(&repo, 0, &["scan", "--show-suppressed"]), &["revoked"]);
        run(&repo, 1, &["scan", "--no-baseline"]);
        contains(&run(&repo, 2, &["baseline", "create"]), &["is there already"]);

        // The line moves, the file moves: known. Another file, another token: new.
        repo.write("sub/a.py", format!("\n\n{}\n", leak(1)));
        run(&repo, 0, &["scan"]);
        fs::create_dir(repo.path().join("new")).unwrap();
        fs::rename(repo.path().join("sub/a.py"), repo.path().join("new/a.py")).unwrap();
        run(&repo, 0, &["scan"]);
        repo.write("new/b.py", format!("{}\n", leak(1)));
        run(&repo, 1, &["scan"]);
        repo.write("new/b.py", format!("{}\n", leak(2)));
        run(&repo, 1, &["scan"]);

        contains(&run(&repo, 0, &["baseline", "update"]), &["1 added, 2 in all", "1 not reviewed"]);
        run(&repo, 0, &["scan"]);
        contains(&file(&repo), &["owner=Ann%20B # revoked\n", " github-pat new/b.py # not reviewed\n"]);
    }

    #[test]
    fn what_is_gone_can_be_pruned() {
        let repo = Repo::new();
        repo.write("a.py", format!("{}\n", leak(1)));
        repo.write("sub/b.py", format!("{}\n", leak(2)));
        run(&repo, 0, &["baseline", "create", "--reason", "made"]);
        fs::remove_file(repo.path().join("a.py")).unwrap();
        contains(&run(&repo, 0, &["baseline", "show"]), &["stale", "holds", "0 expired, 1 stale"]);
        contains(&run(&repo, 0, &["baseline", "prune", "sub"]), &["0 dropped, 2 left"]);
        let output = succeed(repo.abatis().current_dir(repo.path().join("sub")).args(["baseline", "prune"]));
        contains(&text(&output), &["no longer found", "1 dropped, 1 left"]);
        contains(&file(&repo), &[" github-pat sub/b.py # made\n"]);
        run(&repo, 0, &["scan"]);
    }

    #[test]
    fn what_git_tracks_is_recorded_although_gitignore_names_it() {
        let repo = Repo::new();
        repo.stage(".gitignore", "*.local\n");
        repo.stage("a.local", leak(1));
        run(&repo, 1, &["scan"]);
        contains(&run(&repo, 0, &["baseline", "create", "--reason", "known"]), &["1 added"]);
        run(&repo, 0, &["scan"]);
    }

    #[test]
    fn entries_that_nothing_is_found_for_are_told() {
        let repo = Repo::new();
        repo.write("a.txt", leak(1));
        repo.write("deep/b.txt", leak(2));
        run(&repo, 0, &["baseline", "create", "--reason", "known"]);
        let said = run(&repo, 0, &["scan"]);
        assert!(!said.contains("any more"), "{said}");
        fs::remove_file(repo.path().join("a.txt")).unwrap();
        contains(&run(&repo, 0, &["scan"]), &["1 entry of the baseline", "abatis baseline prune"]);
        // Only a scan of everything knows.
        for part in [&["scan", "deep"][..], &["scan", "--risk", "2"]] {
            let said = run(&repo, 0, part);
            assert!(!said.contains("any more"), "{said}");
        }
    }

    #[test]
    fn what_has_expired_returns() {
        let repo = Repo::new();
        repo.write("a.py", format!("{}\n", leak(1)));
        run(&repo, 0, &["baseline", "create", "--until", "2020-01-01"]);
        contains(&run(&repo, 1, &["scan"]), &[".abatis-baseline:3: expired on 2020-01-01"]);
        contains(&run(&repo, 0, &["baseline", "show"]), &["expired", "1 expired, 0 stale"]);
        run(&repo, 0, &["baseline", "update", "--until", "2999-01-01", "--reason", "renewed"]);
        run(&repo, 0, &["scan"]);
        contains(&run(&repo, 2, &["baseline", "update", "--until", "soon"]), &["--until soon", "YYYY-MM-DD"]);
    }

    #[test]
    fn the_same_findings_give_the_same_file() {
        let repo = Repo::new();
        for number in 1..6 {
            repo.write(format!("{number}.py"), format!("{}\n", leak(number)));
        }
        run(&repo, 0, &["baseline", "create", "--reason", "made"]);
        let before = file(&repo);
        run(&repo, 0, &["baseline", "update", "--reason", "other", "--threads", "2"]);
        assert_eq!(file(&repo), before);
        let mut lines: Vec<&str> = before.lines().skip(2).collect();
        assert_eq!(lines.len(), 5);
        lines.sort_unstable();
        assert_eq!(lines, before.lines().skip(2).collect::<Vec<_>>());
    }

    #[test]
    fn two_branches_merge_without_a_conflict() {
        let repo = Repo::new();
        repo.write(".gitattributes", ".abatis-baseline merge=union\n");
        repo.write("a.py", format!("{}\n", leak(1)));
        run(&repo, 0, &["baseline", "create", "--reason", "made"]);
        repo.git(&["add", "."]);
        repo.commit("first");
        for (branch, number) in [("one", 2), ("two", 3)] {
            repo.git(&["checkout", "-q", "-b", branch, "main"]);
            repo.write(format!("{branch}.py"), format!("{}\n", leak(number)));
            run(&repo, 0, &["baseline", "update", "--reason", branch]);
            repo.git(&["add", "."]);
            repo.commit(branch);
        }
        repo.git(&["merge", "-q", "-m", "merge", "one"]);
        run(&repo, 0, &["scan"]);
        let merged = file(&repo);
        run(&repo, 0, &["baseline", "update"]);
        assert_eq!(file(&repo).lines().count(), merged.lines().count());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        let repo = Repo::new();
        repo.write("a.py", format!("{}\n", leak(1)));
        repo.write(".abatis-baseline", "# abatis baseline v1\n<<<<<<< HEAD\nnonsense\n");
        let said = run(&repo, 2, &["scan"]);
        contains(&said, &[".abatis-baseline:2:", "a conflict of a merge is left", ".abatis-baseline:3:"]);
        run(&repo, 2, &["baseline", "update"]);
        run(&repo, 2, &["scan", "--baseline", "missing"]);
    }

    #[test]
    fn a_key_makes_other_fingerprints_and_its_absence_is_told() {
        let repo = Repo::new();
        repo.write("a.py", format!("{}\n", leak(1)));
        let keyed = |key: &str, arguments: &[&str]| {
            repo.abatis().env("ABATIS_KEY", key).args(arguments).output().unwrap()
        };
        assert!(keyed("one", &["baseline", "create"]).status.success());
        assert!(file(&repo).contains("\n# key "));
        assert!(keyed("one", &["scan"]).status.success());
        contains(&text(&keyed("two", &["scan"])), &["another fingerprint key"]);
        contains(&run(&repo, 1, &["scan"]), &["this run has none"]);
        contains(&run(&repo, 2, &["baseline", "update"]), &["another fingerprint key"]);
    }
}
