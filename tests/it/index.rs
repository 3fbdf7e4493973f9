//! The index parser, and the comparison built on it, against what git itself says.

use std::fmt::Write as _;

use abatis::source::git::{
    changes,
    environment::Environment,
    index::{Cursor as _, IndexFile},
    repo::{Repo as Found, discover},
};
use bstr::ByteSlice as _;
use proptest::{prelude::*, test_runner::TestRunner};

use crate::support::Repo;

fn found(repo: &Repo) -> Found {
    discover(repo.path(), &Environment::default()).unwrap()
}

/// All entries, in the form of `git ls-files --stage -z`.
fn listing(repo: &Repo) -> String {
    let found = found(repo);
    let mut entries =
        IndexFile::open(&found.index, found.hash.id_len()).unwrap().list(&found.git_dir).unwrap();
    let mut text = String::new();
    while entries.advance().unwrap() {
        let entry = entries.current().unwrap();
        let id: String = entry.id.iter().map(|byte| format!("{byte:02x}")).collect();
        write!(text, "{:06o} {id} {}\t{}\0", entry.mode.0, entry.stage, entry.path).unwrap();
    }
    text
}

/// Changed paths, in the form of `git diff-index --cached --raw -z --no-renames`, without what is gone.
fn difference(repo: &Repo) -> String {
    let found = found(repo);
    let objects = found.objects().unwrap();
    let head = found.head().unwrap().map(|head| objects.tree_of(&head).unwrap());
    let changes = changes::of_index(&found, &objects, head).unwrap();
    assert!(changes.problems.is_empty());
    let mut text = String::new();
    for change in &changes.changed {
        writeln!(text, "{:06o} {} {}", change.new.mode.0, change.new.id, change.path).unwrap();
    }
    for gone in changes::files_below(&objects, &changes.gone, 1000) {
        writeln!(text, "gone {}", gone.path).unwrap();
    }
    text
}

/// What git says that [`difference`] should be.
fn difference_by_git(repo: &Repo) -> String {
    let raw =
        repo.git_bytes(&["diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "HEAD"]);
    let mut fields = raw.split(|&byte| byte == 0);
    let (mut text, mut gone) = (String::new(), String::new());
    while let (Some(meta), Some(path)) = (fields.next().filter(|meta| !meta.is_empty()), fields.next()) {
        let meta: Vec<_> = meta.to_str().unwrap().split(' ').collect();
        let path = path.as_bstr();
        match meta[4] {
            "D" => writeln!(gone, "gone {path}").unwrap(),
            _ => writeln!(text, "{} {} {path}", meta[1], meta[3]).unwrap(),
        }
    }
    text + &gone
}

#[track_caller]
fn check(repo: &Repo) {
    let expected = repo.git_bytes(&["ls-files", "--stage", "--sparse", "-z"]);
    assert_eq!(listing(repo), expected.to_str_lossy());
    assert_eq!(difference(repo), difference_by_git(repo));
}

/// A path from a handful of names, so that files and folders get in each other's way.
fn path() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "a.b", "a-b", "ab", "b", "a0", "\u{e9}", "longer-name"]);
    prop::collection::vec(name, 1..4).prop_map(|parts| parts.join("/"))
}

/// Puts blobs at paths as `update-index --index-info` takes them; what is in the way goes.
fn stage_all(repo: &Repo, id: &str, paths: &[(String, bool)]) {
    let mut input = String::new();
    for (path, keep) in paths {
        let mode = if *keep { "100644" } else { "0" };
        write!(input, "{mode} {id} 0\t{path}\0").unwrap();
    }
    repo.git_input(&["update-index", "-z", "--replace", "--index-info"], input.as_bytes());
}

#[test]
fn random_indexes_read_as_git_reads_them() {
    let mut runner = TestRunner::new(ProptestConfig::with_cases(24));
    let paths = || prop::collection::vec((path(), prop::bool::weighted(0.8)), 0..30);
    let version = prop::sample::select(vec!["2", "3", "4"]);
    let strategy = (version, any::<bool>(), any::<bool>(), paths(), paths());
    runner
        .run(&strategy, |(version, sha256, write_tree, first, second)| {
            let repo = if sha256 { Repo::sha256() } else { Repo::new() };
            repo.config("index.version", version);
            let ids: Vec<String> =
                (0..2).map(|text| repo.stage_blob("100644", "seed", format!("{text}"))).collect();
            stage_all(&repo, &ids[0], &first);
            repo.commit("first");
            stage_all(&repo, &ids[1], &second);
            repo.git(&["update-index", "--index-version", version]);
            check(&repo);
            if write_tree {
                // Brings the cache-tree up to date, as a commit does before its hook.
                repo.git(&["write-tree"]);
                check(&repo);
            }
            Ok(())
        })
        .unwrap();
}

/// Forty files in four folders, committed, with one changed and one removed.
fn forty_files() -> Repo {
    let repo = Repo::new();
    for number in 0..40 {
        repo.write(format!("{}/{number}", number % 4), format!("{number}\n"));
    }
    repo.git(&["add", "."]);
    repo.commit("first");
    repo
}

fn change_some(repo: &Repo) {
    repo.stage("1/5", "changed\n");
    repo.stage("1/new", "new\n");
    repo.git(&["rm", "-q", "--cached", "2/6"]);
}

#[test]
fn split_indexes() {
    for version in ["2", "4"] {
        let repo = forty_files();
        repo.git(&["update-index", "--index-version", version]);
        repo.config("splitIndex.maxPercentChange", "100");
        repo.git(&["update-index", "--split-index"]);
        change_some(&repo);
        let raw = std::fs::read(repo.path().join(".git/index")).unwrap();
        assert!(raw.find(b"link").is_some(), "the index is not split");
        check(&repo);
        repo.git(&["write-tree"]);
        check(&repo);
    }
}

#[test]
fn sparse_indexes() {
    let repo = forty_files();
    repo.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "1"]);
    repo.stage("1/5", "changed\n");
    check(&repo);
    assert!(listing(&repo).contains("040000"), "the index is not sparse");
    // A closed folder that differs: HEAD goes back to before it was changed.
    repo.git(&["sparse-checkout", "disable"]);
    repo.commit_files("second", &[("2/6", "changed\n"), ("3/new", "new\n")]);
    repo.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "1"]);
    repo.git(&["reset", "-q", "--soft", "HEAD^"]);
    let expected = difference_by_git(&repo);
    assert_eq!(difference(&repo), expected);
    assert!(expected.contains("2/6"));
}

#[test]
fn extensions_that_speed_git_up() {
    let repo = forty_files();
    for (key, value) in [
        ("core.untrackedCache", "true"),
        ("index.threads", "2"),
        ("index.recordEndOfIndexEntries", "true"),
        ("index.recordOffsetTable", "true"),
        ("index.skipHash", "true"),
        ("feature.manyFiles", "true"),
    ] {
        repo.config(key, value);
    }
    repo.git(&["update-index", "--untracked-cache", "--fsmonitor"]);
    repo.git(&["status"]);
    change_some(&repo);
    check(&repo);
    repo.git(&["write-tree"]);
    check(&repo);
}

#[test]
fn an_index_longer_than_any_buffer() {
    let repo = Repo::new();
    let id = repo.stage_blob("100644", "seed", "x");
    let paths: Vec<_> = (0..8000).map(|number| (format!("{}/{:0>60}", number % 50, number), true)).collect();
    stage_all(&repo, &id, &paths);
    repo.commit("first");
    repo.stage("7/new", "new\n");
    check(&repo);
    repo.git(&["update-index", "--index-version", "4"]);
    repo.stage("9/new", "new\n");
    check(&repo);
}
