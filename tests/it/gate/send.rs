//! The hook before a push, and ranges of commits.

use super::{said, secret};
use crate::support::Repo;

/// Somebody with a remote and a pre-push hook.
fn pair() -> (Repo, Repo) {
    let (server, client) = (Repo::bare(), Repo::new());
    client.git(&["remote", "add", "origin", server.path().to_str().unwrap()]);
    let program = env!("CARGO_BIN_EXE_abatis");
    client.hook("pre-push", &format!("exec '{program}' hook pre-push \"$@\""));
    client.commit_files("one", &[("a.txt", "a\n")]);
    (server, client)
}

#[track_caller]
fn check(client: &Repo, arguments: &[&str], passes: bool) -> String {
    let output = client.try_git(&[&["push"], arguments].concat());
    let text = format!("{}{}", said(&output), String::from_utf8_lossy(&output.stdout));
    assert_eq!(output.status.success(), passes, "{arguments:?}: {text}");
    text
}

#[test]
fn every_reference_is_looked_at() {
    let (server, client) = pair();
    check(&client, &["origin", "main"], true);
    client.git(&["checkout", "-q", "-b", "bad"]);
    let bad = client.commit_files("two", &[("b.txt", &secret(1))]);
    client.git(&["checkout", "-q", "main"]);
    client.commit_files("three", &[("c.txt", "c\n")]);
    // The one that is bad is not the first.
    let text = check(&client, &["origin", "main", "bad"], false);
    assert!(text.contains("b.txt:1") && text.contains(&bad[..10]), "{text}");
    check(&client, &["origin", "main", "main:new"], true);
    check(&client, &["origin", "--delete", "new"], true);
    // By its URL, without a name.
    let url = format!("file://{}", server.path().display());
    check(&client, &[&url, "bad"], false);
    check(&client, &[&url, "main:by-url"], true);
    // Over work that is not known here.
    let other = Repo::clone_of(&url, &[]);
    other.commit_files("theirs", &[("d.txt", "d\n")]);
    other.git(&["push", "-q", "origin", "main"]);
    client.commit_files("ours", &[("e.txt", "e\n")]);
    check(&client, &["--force", "origin", "main"], true);
    client.commit_files("ours", &[("e.txt", &secret(2))]);
    check(&client, &["--force", "origin", "main"], false);
}

#[test]
fn what_the_remote_has_is_not_new() {
    let (_server, client) = pair();
    client.commit_files("old", &[("b.txt", &secret(1))]);
    check(&client, &["--no-verify", "origin", "main"], true);
    client.commit_files("more", &[("b.txt", &format!("{}more\n", secret(1)))]);
    check(&client, &["origin", "main"], true);
    check(&client, &["origin", "HEAD:refs/heads/again"], true);
}

/// git runs no pre-commit for commits that it makes again: the hook before the push is the first to see them.
#[test]
fn commits_made_again_are_seen_before_the_push() {
    let (_server, client) = pair();
    let program = env!("CARGO_BIN_EXE_abatis");
    client.hook("pre-commit", &format!("exec '{program}' hook pre-commit \"$@\""));
    check(&client, &["origin", "main"], true);
    client.git(&["checkout", "-q", "-b", "side"]);
    let bad = client.commit_files("bad", &[("b.txt", &secret(1))]);
    client.git(&["checkout", "-q", "main"]);
    client.commit_files("more", &[("c.txt", "c\n")]);
    let mail = client.git_bytes(&["format-patch", "-1", "--stdout", "side"]);
    let mail = client.write("../change.mail", mail);
    for again in [
        &["cherry-pick", "side"][..],
        &["rebase", "-q", "main", "side"],
        &["am", "-q", mail.to_str().unwrap()],
        &["revert", "--no-edit", "HEAD"],
    ] {
        let start = client.git(&["rev-parse", "main"]);
        // The revert takes a removal back.
        if again[0] == "revert" {
            client.git(&["checkout", "-q", "-B", "work", &bad]);
            client.git(&["rm", "-q", "b.txt"]);
            client.commit("remove");
        }
        client.git(again);
        let made = client.git(&["rev-parse", "HEAD"]);
        assert_ne!(made, bad, "{again:?}");
        let text = check(&client, &["origin", "HEAD:refs/heads/again"], false);
        assert!(text.contains("b.txt:1"), "{again:?}: {text}");
        client.git(&["checkout", "-q", "-B", "main", &start]);
    }
    // By hand the hook is asked, unless somebody passes it by.
    client.stage("d.txt", secret(2));
    assert!(!client.try_git(&["commit", "-q", "-m", "by hand"]).status.success());
    client.git(&["commit", "-q", "--no-verify", "-m", "by hand"]);
    assert!(check(&client, &["origin", "HEAD:refs/heads/again"], false).contains("d.txt:1"));
}

#[test]
fn the_framework_says_it_by_variables() {
    let (_server, client) = pair();
    let from = client.git(&["rev-parse", "HEAD"]);
    let to = client.commit_files("two", &[("b.txt", &secret(1))]);
    let mut command = client.abatis();
    command.args(["hook", "pre-push"]).env("PRE_COMMIT_FROM_REF", &from).env("PRE_COMMIT_TO_REF", &to);
    command.env("PRE_COMMIT_REMOTE_NAME", "origin").env("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/main");
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    command.env_remove("PRE_COMMIT_FROM_REF").env_remove("PRE_COMMIT_TO_REF");
    assert_eq!(command.output().unwrap().status.code(), Some(1));
}

#[test]
fn ranges_are_looked_at_by_commit() {
    let (_server, client) = pair();
    client.commit_files("two", &[("b.txt", &secret(1))]);
    client.git(&["rm", "-q", "b.txt"]);
    client.commit("three");
    let range = |arguments: &[&str]| {
        let output = client.abatis().arg("range").args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(range(&["HEAD~2..HEAD"]).0, Some(1));
    assert_eq!(range(&["HEAD~2..."]).0, Some(1));
    assert_eq!(range(&["HEAD~1..HEAD"]).0, Some(0));
    assert_eq!(range(&["HEAD"]).0, Some(2));
    assert_eq!(range(&["no-such..HEAD"]).0, Some(2));
    for (format, word) in [("github", "::error"), ("sarif", "\"2.1.0\""), ("gitlab", "github-pat")] {
        let (code, text) = range(&["HEAD~2..HEAD", "--format", format]);
        assert!(code == Some(1) && text.contains(word), "{format}: {text}");
    }
}
