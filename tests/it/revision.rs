//! Revisions as people write them, against real git.

use abatis::source::git::{environment::Environment, repo::discover};

use crate::support::Repo;

#[track_caller]
fn same_as_git(repo: &Repo, folder: &std::path::Path, revisions: &[&str]) {
    let found = discover(folder, &Environment::default()).unwrap();
    for revision in revisions {
        // In two steps: a search for a text goes on to the end of the revision.
        let named = repo.git_in(folder, &["rev-parse", "--verify", revision]);
        let wanted = repo.git_in(folder, &["rev-parse", "--verify", &format!("{named}^{{commit}}")]);
        let commit = found.commit(revision).unwrap().map(|id| id.to_string());
        assert_eq!(commit, Some(wanted), "{revision}");
    }
}

fn history(repo: &Repo) -> String {
    repo.commit_files("one", &[("a", "1\n")]);
    repo.commit_files("two: the second", &[("a", "2\n")]);
    repo.git(&["tag", "-a", "-m", "annotated", "v1"]);
    repo.commit_files("three", &[("a", "3\n")]);
    repo.git(&["rev-parse", "--short=7", "HEAD~1"])
}

#[test]
fn what_people_write() {
    for repo in [Repo::new(), Repo::sha256()] {
        let short = history(&repo);
        let names = ["HEAD", "HEAD~2", "HEAD^", "main", "v1", "refs/tags/v1", ":/two", "main@{0}", &short];
        same_as_git(&repo, repo.path(), &names);
    }
}

#[test]
fn linked_worktrees_and_upstreams() {
    let origin = Repo::new();
    history(&origin);
    let repo = Repo::clone_of(&origin.path().display().to_string(), &[]);
    let linked = repo.beside("linked");
    repo.git(&["worktree", "add", "-q", "-b", "side", &linked.display().to_string(), "HEAD~1"]);
    same_as_git(&repo, repo.path(), &["@{upstream}", "origin/main~1"]);
    same_as_git(&repo, &linked, &["HEAD", "side", "main"]);
}

#[test]
fn what_is_no_commit() {
    let repo = Repo::new();
    history(&repo);
    let found = discover(repo.path(), &Environment::default()).unwrap();
    assert_eq!(found.commit("nowhere").unwrap(), None);
    assert_eq!(found.commit("HEAD~9").unwrap(), None);
    for revision in ["HEAD:a", "HEAD^{", ""] {
        let error = found.commit(revision).unwrap_err().to_string();
        assert!(error.contains("names no commit"), "{revision}: {error}");
    }
}
