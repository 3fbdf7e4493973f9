//! Repositories of every make: worktrees, submodules, partial clones, other stores, broken ones.

use std::{
    fs,
    path::{Path, PathBuf},
};

use abatis::source::git::{
    environment::Environment,
    repo::{Repo as Found, discover},
    staged::Staged,
};

use crate::support::{Recorder, Repo};

fn run(found: Found) -> Vec<String> {
    Recorder::run(&Staged { repo: found, whole: false })
}

fn staged(folder: &Path) -> Vec<String> {
    run(discover(folder, &Environment::default()).unwrap())
}

fn environment(pairs: &[(&str, &Path)]) -> Environment {
    Environment::from_vars(pairs.iter().map(|(name, value)| ((*name).into(), value.as_os_str().to_owned())))
}

/// A repository with `a` committed, and a line staged.
fn one_line() -> Repo {
    let repo = Repo::new();
    repo.commit_files("first", &[("a", "1\n"), ("dir/b", "1\n")]);
    repo.stage("a", "1\n2\n");
    repo
}

const ONE_LINE: [&str; 1] = ["a: \"2\\n\""];

#[test]
fn from_a_subfolder_and_by_variables() {
    let repo = one_line();
    let git_dir = repo.path().join(".git");
    assert_eq!(staged(&repo.path().join("dir")), ONE_LINE);
    let found = discover(repo.path(), &environment(&[("GIT_DIR", Path::new(".git"))])).unwrap();
    assert_eq!(found.worktree.as_deref(), Some(repo.path()));
    assert_eq!(run(found), ONE_LINE);
    let elsewhere = repo.beside("home");
    let variables = environment(&[("GIT_DIR", &git_dir), ("GIT_WORK_TREE", repo.path())]);
    let found = discover(&elsewhere, &variables).unwrap();
    assert_eq!(found.worktree.as_deref(), Some(repo.path()));
    assert_eq!(run(found), ONE_LINE);

    fs::copy(git_dir.join("index"), git_dir.join("other")).unwrap();
    repo.git(&["reset", "-q"]);
    assert!(staged(repo.path()).is_empty());
    for index in [PathBuf::from(".git/other"), git_dir.join("other")] {
        let found = discover(repo.path(), &environment(&[("GIT_INDEX_FILE", &index)])).unwrap();
        assert_eq!(run(found), ONE_LINE);
    }
    let missing = environment(&[("GIT_INDEX_FILE", Path::new("none"))]);
    assert!(run(discover(repo.path(), &missing).unwrap()).is_empty());
}

#[test]
fn no_repository_is_an_error() {
    let outside = Repo::outside();
    let ceilings = environment(&[("GIT_CEILING_DIRECTORIES", outside.path().parent().unwrap())]);
    let error = discover(outside.path(), &ceilings).unwrap_err().to_string();
    assert!(error.contains("no git repository"), "{error}");
    let named = environment(&[("GIT_DIR", outside.path())]);
    assert!(discover(outside.path(), &named).is_err());
}

#[test]
fn bare_repositories_have_no_worktree() {
    let repo = Repo::bare();
    let found = discover(repo.path(), &Environment::default()).unwrap();
    assert!(found.is_bare());
    assert!(run(found).is_empty());
}

#[test]
fn linked_worktrees_have_an_index_of_their_own() {
    let repo = one_line();
    let linked = repo.beside("linked");
    repo.git(&["worktree", "add", "-q", "-b", "other", linked.to_str().unwrap()]);
    assert!(staged(&linked).is_empty());
    fs::write(linked.join("dir/b"), "1\nlinked\n").unwrap();
    repo.git_in(&linked, &["add", "."]);
    let expected = ["dir/b: \"linked\\n\""];
    assert_eq!(staged(&linked.join("dir")), expected);
    assert_eq!(staged(repo.path()), ONE_LINE);
    let own = PathBuf::from(repo.git_in(&linked, &["rev-parse", "--absolute-git-dir"]));
    let found = discover(&linked, &environment(&[("GIT_DIR", &own)])).unwrap();
    assert_eq!(found.worktree.as_deref(), Some(linked.as_path()));
    assert_eq!(found.hooks_folder(&found.local_config, None), repo.path().join(".git/hooks"));
    assert_eq!(run(found), expected);
    assert_eq!(discover(&own, &Environment::default()).unwrap().worktree, Some(linked));
}

#[test]
fn submodules() {
    let inner = Repo::new();
    inner.commit_files("inner", &[("x", "1\n")]);
    let outer = one_line();
    outer.git(&["submodule", "--quiet", "add", inner.path().to_str().unwrap(), "sub"]);
    let found = staged(outer.path());
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[2], "sub: skip submodule");
    let sub = outer.path().join("sub");
    fs::write(sub.join("x"), "1\nin the submodule\n").unwrap();
    outer.git_in(&sub, &["add", "."]);
    assert_eq!(staged(&sub), ["x: \"in the submodule\\n\""]);
    let found = discover(&sub, &Environment::default()).unwrap();
    assert_eq!(found.worktree.map(|top| dunce::canonicalize(top).unwrap()), Some(sub));
}

#[test]
fn references_loose_packed_detached_and_in_tables() {
    let repo = one_line();
    repo.git(&["branch", "main-2"]);
    repo.git(&["pack-refs", "--all"]);
    assert_eq!(staged(repo.path()), ONE_LINE);
    repo.git(&["checkout", "-q", "--detach"]);
    assert_eq!(staged(repo.path()), ONE_LINE);
    repo.git(&["checkout", "-q", "--orphan", "fresh/start"]);
    assert_eq!(staged(repo.path()), ["a new: \"1\\n2\\n\"", "dir/b new: \"1\\n\""]);
    repo.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    repo.git(&["symbolic-ref", "HEAD", "refs/heads/alias"]);
    assert_eq!(staged(repo.path()), ONE_LINE);

    let tables = Repo::outside();
    if !tables.try_git(&["init", "-q", "-b", "main", "--ref-format=reftable"]).status.success() {
        return;
    }
    tables.stage("a", "1\n");
    assert_eq!(staged(tables.path()), ["a new: \"1\\n\""]);
    tables.commit("first");
    tables.stage("a", "1\n2\n");
    assert_eq!(staged(tables.path()), ONE_LINE);
}

#[test]
fn object_stores_of_the_environment_and_alternates() {
    let repo = one_line();
    let objects = repo.path().join(".git/objects");
    let moved = repo.beside("moved \"objects\"");
    let shared = Repo::clone_of(repo.path().to_str().unwrap(), &["--shared"]);
    shared.stage("a", "1\n2\n");
    assert_eq!(staged(shared.path()), ONE_LINE);
    fs::rename(&objects, &moved).unwrap();
    fs::create_dir(&objects).unwrap();
    assert_eq!(
        run(discover(repo.path(), &environment(&[("GIT_OBJECT_DIRECTORY", &moved)])).unwrap()),
        ONE_LINE
    );
    let alternates = environment(&[("GIT_ALTERNATE_OBJECT_DIRECTORIES", &moved)]);
    assert_eq!(run(discover(repo.path(), &alternates).unwrap()), ONE_LINE);
    let error = staged(repo.path());
    assert!(error[0].contains("not in the object store"), "{error:?}");
}

#[test]
fn packed_objects() {
    let repo = one_line();
    repo.git(&["gc", "-q"]);
    assert_eq!(staged(repo.path()), ONE_LINE);
    let repo = Repo::sha256();
    repo.commit_files("first", &[("a", "1\n")]);
    repo.git(&["gc", "-q"]);
    repo.stage("a", "1\n2\n");
    assert_eq!(staged(repo.path()), ONE_LINE);
}

#[test]
fn replacements_have_no_say() {
    let repo = one_line();
    let empty = repo.git(&["hash-object", "-w", "-t", "tree", "--stdin"]);
    let other = repo.git(&["commit-tree", "-m", "other", &empty]);
    repo.git(&["replace", "HEAD", &other]);
    let blob = repo.git(&["rev-parse", ":a"]);
    let harmless = repo.git_input(&["hash-object", "-w", "--stdin"], b"harmless\n");
    repo.git(&["replace", &blob, &harmless]);
    assert_eq!(staged(repo.path()), ONE_LINE);
}

#[test]
fn partial_clones_fetch_nothing() {
    let origin = one_line();
    origin.commit("second");
    origin.config("uploadpack.allowFilter", "true");
    let url = format!("file://{}", origin.path().display());
    let clone = Repo::clone_of(&url, &["--filter=blob:none", "--no-checkout"]);
    let found = discover(clone.path(), &Environment::default()).unwrap();
    assert!(found.missing.partial && !found.missing.shallow);
    // What is staged is here; what was there before is not, so all of it counts as new.
    clone.git(&["read-tree", "HEAD"]);
    clone.stage_blob("100644", "a", "1\n2\n3\n");
    assert_eq!(run(found), ["a: \"1\\n2\\n3\\n\""]);
    // A staged blob that is not here cannot be looked at.
    let lost = origin.git(&["rev-parse", "HEAD:dir/b"]);
    clone.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{lost},c")]);
    assert_eq!(staged(clone.path()), ["a: \"1\\n2\\n3\\n\"", "c: problem"]);
    let missing = clone.git(&["rev-list", "--objects", "--all", "--missing=print"]);
    assert!(missing.contains(&format!("?{lost}")), "something was fetched");
}

#[test]
fn shallow_clones() {
    let origin = one_line();
    origin.commit("second");
    let url = format!("file://{}", origin.path().display());
    let clone = Repo::clone_of(&url, &["--depth=1"]);
    clone.stage("a", "1\n2\n3\n");
    let found = discover(clone.path(), &Environment::default()).unwrap();
    assert!(found.missing.shallow);
    assert_eq!(run(found), ["a: \"3\\n\""]);
}

/// Removes the loose object that `name` resolves to.
fn lose(repo: &Repo, name: &str) {
    let id = repo.git(&["rev-parse", name]);
    fs::remove_file(repo.path().join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
}

#[test]
fn lost_and_broken_objects_are_problems() {
    let repo = one_line();
    repo.stage("dir/b", "1\nb\n");
    lose(&repo, ":a");
    let id = repo.git(&["rev-parse", ":dir/b"]);
    let path = repo.path().join(".git/objects").join(&id[..2]).join(&id[2..]);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "no zlib").unwrap();
    assert_eq!(staged(repo.path()), ["a: problem", "dir/b: problem"]);

    let repo = one_line();
    repo.stage("dir/b", "1\nb\n");
    lose(&repo, "HEAD:dir");
    assert_eq!(staged(repo.path()), ["a: \"2\\n\"", "dir/: problem", "dir/b new: \"1\\nb\\n\""]);
    lose(&repo, "HEAD^{tree}");
    assert_eq!(staged(repo.path())[0], "HEAD: problem");
    lose(&repo, "HEAD");
    assert!(staged(repo.path())[0].starts_with("error: object"));
}

#[test]
fn broken_repositories_are_errors() {
    let repo = one_line();
    let index = repo.path().join(".git/index");
    let good = fs::read(&index).unwrap();
    for bad in [&b""[..], b"no index at all", &good[..good.len() / 2], &good[..11]] {
        fs::write(&index, bad).unwrap();
        let found = staged(repo.path());
        assert!(found.len() == 1 && found[0].contains("corrupt"), "{found:?}");
    }
    fs::write(&index, &good).unwrap();
    assert_eq!(staged(repo.path()), ONE_LINE);
    fs::write(repo.path().join(".git/refs/heads/main"), "no id\n").unwrap();
    assert!(staged(repo.path())[0].contains("no object id"));
}

#[test]
fn hooks_folders() {
    let repo = one_line();
    let home = repo.home();
    let variables = || vec![("HOME", home.clone())];
    let folder = |mut pairs: Vec<(&'static str, PathBuf)>| {
        pairs.extend(variables());
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_path())).collect();
        let environment = environment(&pairs);
        let found = discover(repo.path(), &environment).unwrap();
        let config = found.config(&Environment { no_system_config: true, ..environment }).unwrap();
        found.hooks_folder(&config, Some(&home))
    };
    assert_eq!(folder(vec![]), repo.path().join(".git/hooks"));
    fs::write(home.join(".gitconfig"), "[core]\nhooksPath = ~/hooks\n").unwrap();
    assert_eq!(folder(vec![]), home.join("hooks"));
    let other = repo.beside("config");
    fs::write(&other, "[core] hooksPath = /global\n").unwrap();
    assert_eq!(folder(vec![("GIT_CONFIG_GLOBAL", other)]), Path::new("/global"));
    repo.config("core.hooksPath", "in/tree");
    assert_eq!(folder(vec![]), repo.path().join("in/tree"));
    repo.config("extensions.worktreeConfig", "true");
    repo.git(&["config", "--worktree", "core.hooksPath", "of/worktree"]);
    assert_eq!(folder(vec![]), repo.path().join("of/worktree"));
    let line = PathBuf::from("'core.hookspath'='/line'");
    assert_eq!(folder(vec![("GIT_CONFIG_PARAMETERS", line)]), Path::new("/line"));
}
