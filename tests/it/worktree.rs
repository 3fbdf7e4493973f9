//! What lies in the working tree, and the message of a commit, under real git.

use std::{fs, path::Path};

use abatis::source::git::{
    environment::Environment,
    message::Message,
    repo::discover,
    worktree::{Unstaged, Untracked},
};

use crate::support::{Recorder, Repo};

fn unstaged(repo: &Repo) -> Vec<String> {
    let repo = discover(repo.path(), &Environment::default()).unwrap();
    Recorder::run(&Unstaged { repo, whole: false })
}

fn untracked(repo: &Repo) -> Vec<String> {
    let environment =
        Environment { home: Some(repo.home()), no_system_config: true, ..Environment::default() };
    let found = discover(repo.path(), &environment).unwrap();
    Recorder::run(&Untracked { repo: found, environment })
}

#[test]
fn changes_that_are_not_staged() {
    let repo = Repo::new();
    repo.commit_files(
        "first",
        &[("a", "1\n"), ("b", "1\n"), ("dir/c", "1\n"), ("gone", "1\n"), ("touched", "1\n")],
    );
    assert!(unstaged(&repo).is_empty());
    repo.stage("a", "1\nstaged\n");
    repo.write("a", "1\nstaged\nunstaged\n");
    repo.write("dir/c", "1\r\n");
    repo.write("touched", "1\n");
    repo.write("later", "intended\n");
    repo.git(&["add", "-N", "later"]);
    fs::remove_file(repo.path().join("gone")).unwrap();
    fs::remove_file(repo.path().join("b")).unwrap();
    repo.write("b/inside", "untracked\n");
    assert_eq!(
        unstaged(&repo),
        ["a: \"unstaged\\n\"", "dir/c: skip not fresh", "later new: \"intended\\n\""]
    );
    assert_eq!(untracked(&repo), ["b/inside new: \"untracked\\n\""]);
}

#[test]
fn files_in_conflict_are_compared_with_all_sides() {
    let repo = Repo::new();
    repo.commit_files("first", &[("a", "1\n")]);
    repo.git(&["checkout", "-qb", "theirs"]);
    repo.commit_files("theirs", &[("a", "theirs\n")]);
    repo.git(&["checkout", "-q", "main"]);
    repo.commit_files("ours", &[("a", "ours\n")]);
    assert!(!repo.try_git(&["merge", "theirs"]).status.success());
    let found = unstaged(&repo);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("<<<<<<<") && !found[0].contains("\\nours"), "{found:?}");
}

#[test]
fn skipped_files_and_stored_lfs_objects_are_unchanged() {
    let repo = Repo::new();
    // SHA-256 of the seven bytes below.
    let oid = "eab32d918fc1c07d87eddb59a45086666f9117538d6d9c40ee0efeda635bd330";
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 7\n");
    repo.commit_files("first", &[("a", "1\n"), ("b", "1\n"), ("big", &pointer)]);
    repo.git(&["update-index", "--skip-worktree", "a"]);
    repo.git(&["update-index", "--assume-unchanged", "b"]);
    repo.write("a", "changed\n");
    repo.write("b", "changed\n");
    repo.write("big", "object\n");
    assert!(unstaged(&repo).is_empty());
    repo.write("big", "Object\n");
    assert_eq!(unstaged(&repo), ["big: \"Object\\n\""]);
}

#[test]
fn untracked_files_that_are_not_ignored() {
    let repo = Repo::new();
    repo.commit_files("first", &[(".gitignore", "*.log\n/build/\n"), ("dir/.gitignore", "!keep.log\n")]);
    fs::write(repo.path().join(".git/info/exclude"), "excluded\n").unwrap();
    fs::create_dir_all(repo.home().join(".config/git")).unwrap();
    fs::write(repo.home().join(".config/git/ignore"), "*.swp\n").unwrap();
    for path in ["a.log", "build/x", "excluded", "b.swp", "dir/keep.log", "dir/new", ".hidden"] {
        repo.write(path, "x\n");
    }
    let nested = repo.path().join("nested");
    fs::create_dir(&nested).unwrap();
    repo.git_in(&nested, &["init", "-q"]);
    fs::write(nested.join("x"), "x\n").unwrap();
    let listed = repo.git(&["ls-files", "--others", "--exclude-standard"]);
    assert_eq!(listed, ".hidden\ndir/keep.log\ndir/new\nnested/");
    assert_eq!(
        untracked(&repo),
        [".hidden new: \"x\\n\"", "dir/keep.log new: \"x\\n\"", "dir/new new: \"x\\n\""]
    );
}

#[test]
fn bare_repositories_have_nothing_to_look_at() {
    assert!(unstaged(&Repo::bare())[0].contains("no working tree"));
}

/// What is kept of the message that git hands to its commit-msg hook.
fn message(repo: &Repo, editor: Option<&str>, arguments: &[&str]) -> Vec<String> {
    let kept = repo.beside("message");
    let variable = repo.beside("editor");
    let hooks = repo.beside("hooks");
    fs::create_dir_all(&hooks).unwrap();
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\\', "/"));
    let script =
        format!("#!/bin/sh\ncp \"$1\" {}\nprintf %s \"$GIT_EDITOR\" >{}\n", quoted(&kept), quoted(&variable));
    fs::write(hooks.join("commit-msg"), script).unwrap();
    crate::support::make_executable(&hooks.join("commit-msg"));
    repo.config("core.hooksPath", hooks.to_str().unwrap());
    let mut command = repo.command("git");
    if let Some(editor) = editor {
        command.env("GIT_EDITOR", editor);
    }
    crate::support::succeed(command.arg("commit").args(arguments));
    let environment = Environment {
        editor: Some(fs::read_to_string(variable).unwrap().into()),
        no_system_config: true,
        ..Environment::default()
    };
    let found = discover(repo.path(), &environment).unwrap();
    Recorder::run(&Message::new(&kept, &found, &environment).unwrap())
}

#[test]
fn messages_without_what_git_takes_out() {
    let repo = Repo::new();
    repo.stage("a", "secret\n");
    let write = "printf 'title\\n#1 in the text\\n' | cat - \"$1\" >\"$1.new\" && mv \"$1.new\" \"$1\" #";
    let editor = format!("sh -c '{}' x", write.replace('\'', "'\\''"));
    let edited = message(&repo, Some(&editor), &["--verbose", "--allow-empty"]);
    assert_eq!(edited.len(), 1);
    assert!(edited[0].starts_with("COMMIT_EDITMSG: \"title\\n"), "{edited:?}");
    assert!(!edited[0].contains("secret") && !edited[0].contains("Please"), "{edited:?}");

    let given = message(&repo, None, &["--allow-empty", "-m", "title\n\n# kept by git"]);
    assert_eq!(given, ["COMMIT_EDITMSG: \"title\\n\\n# kept by git\\n\""]);
    assert!(repo.git(&["log", "-1", "--format=%B"]).contains("# kept by git"));

    repo.stage("a", "secret 2\n");
    for mark in [";", "auto"] {
        repo.config("core.commentChar", mark);
        let edited = message(&repo, Some(&editor), &["--verbose", "--allow-empty"]);
        assert!(edited[0].starts_with("COMMIT_EDITMSG: \"title\\n"), "{edited:?}");
        assert!(!edited[0].contains("secret") && !edited[0].contains("Please"), "{edited:?}");
    }
}
