//! What the next commit would add, in every state git can be in when it runs the hook.

use std::{fs, path::Path};

use abatis::source::{
    Count,
    git::{environment::Environment, repo::discover, staged::Staged},
};

use crate::support::{Recorder, Repo, feed};

/// Tells [`probe`] where to write.
const PROBE_OUT: &str = "PROBE_OUT";

/// What is staged, seen from `folder` without a hook.
fn staged_in(folder: &Path) -> Vec<String> {
    let repo = discover(folder, &Environment::default()).unwrap();
    Recorder::run(&Staged { repo, whole: false })
}

#[track_caller]
fn check(repo: &Repo, expected: &[&str]) {
    assert_eq!(staged_in(repo.path()), expected);
}

/// Not a test: what the hooks that [`hooked`] writes run, in the environment git gives them.
#[test]
fn probe() {
    let Some(out) = std::env::var_os(PROBE_OUT) else { return };
    let environment = Environment::from_vars(std::env::vars_os());
    let repo = discover(Path::new(""), &environment).unwrap();
    let lines = Recorder::run(&Staged { repo, whole: false });
    fs::write(out, lines.join("\n")).unwrap();
}

/// Runs git with `arguments` and the hook `name`, which must run, and gives what was staged then.
#[track_caller]
fn hooked_in(repo: &Repo, folder: &Path, name: &str, arguments: &[&str], input: &str) -> Vec<String> {
    let out = repo.beside("probe-out");
    // A shell script on every system: paths with `/`, quoted.
    let quote = |path: &Path| format!("'{}'", path.display().to_string().replace('\\', "/"));
    let run = std::env::current_exe().unwrap();
    let script =
        format!("{PROBE_OUT}={} exec {} --exact staged::probe -q >/dev/null", quote(&out), quote(&run));
    let hooks = repo.beside("hooks");
    fs::create_dir_all(&hooks).unwrap();
    let hook = hooks.join(name);
    fs::write(&hook, format!("#!/bin/sh\n{script}\n")).unwrap();
    crate::support::make_executable(&hook);
    let mut command = repo.command("git");
    command.current_dir(folder).arg("-c").arg(format!("core.hooksPath={}", hooks.display()));
    let output = feed(command.args(arguments), input.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&out).expect("the hook did not run");
    text.lines().map(str::to_owned).collect()
}

#[track_caller]
fn hooked(repo: &Repo, arguments: &[&str]) -> Vec<String> {
    hooked_in(repo, repo.path(), "pre-commit", arguments, "")
}

/// A repository with `a`, `b` and `dir/c`, of three lines each, committed.
fn three_files() -> Repo {
    let repo = Repo::new();
    repo.commit_files("first", &[("a", "1\n2\n3\n"), ("b", "1\n2\n3\n"), ("dir/c", "1\n2\n3\n")]);
    repo
}

#[test]
fn only_new_lines_of_changed_files_are_fresh() {
    let repo = three_files();
    check(&repo, &[]);
    repo.stage("a", "1\nnew\n3\n");
    repo.stage("dir/c", "2\n3\n");
    repo.stage("dir/new", "x\n");
    repo.write("b", "not staged\n");
    check(&repo, &["a: \"new\\n\"", "dir/c: skip not fresh", "dir/new new: \"x\\n\""]);
    let found = discover(&repo.path().join("dir"), &Environment::default()).unwrap();
    let whole = Staged { repo: found, whole: true };
    let expected = ["a: \"1\\nnew\\n3\\n\"", "dir/c: \"2\\n3\\n\"", "dir/new new: \"x\\n\""];
    assert_eq!(Recorder::run(&whole), expected);
    assert_eq!(Recorder::details(&whole).1, [(Count::Moved, 3)]);
}

#[test]
fn a_plain_commit_from_a_subfolder() {
    let repo = three_files();
    repo.stage("a", "1\n2\n3\n4\n");
    repo.write("a", "unstaged\n");
    let folder = repo.path().join("dir");
    assert_eq!(hooked_in(&repo, &folder, "pre-commit", &["commit", "-qm", "x"], ""), ["a: \"4\\n\""]);
}

#[test]
fn commit_all_uses_a_temporary_index() {
    let repo = three_files();
    repo.write("a", "1\n2\n3\nall\n");
    check(&repo, &[]);
    assert_eq!(hooked(&repo, &["commit", "-qam", "x"]), ["a: \"all\\n\""]);
}

#[test]
fn a_commit_of_a_pathspec_leaves_out_what_else_is_staged() {
    let repo = three_files();
    repo.stage("a", "1\n2\n3\nstaged\n");
    repo.write("b", "1\n2\n3\nonly\n");
    assert_eq!(hooked(&repo, &["commit", "-qm", "x", "--only", "b"]), ["b: \"only\\n\""]);
    check(&repo, &["a: \"staged\\n\""]);
    repo.write("b", "1\n2\n3\nonly\nmore\n");
    assert_eq!(
        hooked(&repo, &["commit", "-qm", "x", "--include", "b"]),
        ["a: \"staged\\n\"", "b: \"more\\n\""]
    );
}

#[test]
fn a_commit_of_chosen_hunks() {
    let repo = Repo::new();
    let lines: Vec<String> = (0..40).map(|number| format!("{number}\n")).collect();
    repo.commit_files("first", &[("a", &lines.concat())]);
    repo.write("a", format!("top\n{}bottom\n", lines.concat()));
    let found = hooked_in(&repo, repo.path(), "pre-commit", &["commit", "-p", "-m", "x"], "n\ny\n");
    assert_eq!(found, ["a: \"bottom\\n\""]);
}

#[test]
fn the_first_commit_is_all_new() {
    for repo in [Repo::new(), Repo::sha256()] {
        check(&repo, &[]);
        repo.stage("a", "x\n");
        repo.stage("dir/b", "y\n");
        let expected = ["a new: \"x\\n\"", "dir/b new: \"y\\n\""];
        check(&repo, &expected);
        assert_eq!(hooked(&repo, &["commit", "-qm", "x"]), expected);
        repo.stage("dir/b", "y\nz\n");
        check(&repo, &["dir/b: \"z\\n\""]);
        assert_eq!(hooked(&repo, &["commit", "-qm", "x"]), ["dir/b: \"z\\n\""]);
    }
}

#[test]
fn amending_and_empty_commits() {
    let repo = three_files();
    repo.commit_files("second", &[("a", "1\n2\n3\nsecond\n")]);
    repo.stage("a", "1\n2\n3\nsecond\namended\n");
    assert_eq!(hooked(&repo, &["commit", "-q", "--amend", "--no-edit"]), ["a: \"amended\\n\""]);
    assert!(hooked(&repo, &["commit", "-q", "--allow-empty", "-m", "x"]).is_empty());
}

#[test]
fn an_intent_to_add_has_no_content() {
    let repo = three_files();
    repo.write("later", "secret\n");
    repo.git(&["add", "-N", "later"]);
    check(&repo, &[]);
    repo.stage("a", "1\n2\n3\n4\n");
    assert_eq!(hooked(&repo, &["commit", "-qm", "x"]), ["a: \"4\\n\""]);
}

/// Two branches that both change the last line of `a`; `theirs` also adds a file.
fn conflict() -> Repo {
    let repo = three_files();
    repo.git(&["checkout", "-qb", "theirs"]);
    repo.commit_files(
        "theirs",
        &[("a", "1\n2\ntheirs\n"), ("t/theirs", "theirs\n"), ("b", "1\n2\n3\ntheirs\n")],
    );
    repo.git(&["checkout", "-q", "main"]);
    repo.commit_files("ours", &[("a", "1\n2\nours\n")]);
    repo
}

#[test]
fn a_merge_is_compared_with_all_its_parents() {
    let repo = conflict();
    assert!(!repo.try_git(&["merge", "theirs"]).status.success());
    check(&repo, &["a: problem", "b: skip not fresh", "t/theirs: skip not fresh"]);
    repo.stage("a", "1\n2\nours\ntheirs\nevil\n");
    repo.stage("t/theirs", "theirs\nevil, too\n");
    let expected = ["a: \"evil\\n\"", "b: skip not fresh", "t/theirs: \"evil, too\\n\""];
    check(&repo, &expected);
    assert_eq!(hooked(&repo, &["commit", "-qm", "merge"]), expected);
}

#[test]
fn a_clean_merge_runs_pre_merge_commit() {
    let repo = conflict();
    repo.git(&["reset", "-q", "--hard", "HEAD^"]);
    repo.commit_files("ours", &[("dir/c", "1\n2\nours\n")]);
    let found = hooked_in(&repo, repo.path(), "pre-merge-commit", &["merge", "-q", "theirs", "-m", "m"], "");
    assert_eq!(found, ["a: skip not fresh", "b: skip not fresh", "t/theirs: skip not fresh"]);
}

#[test]
fn a_squashed_merge_is_all_new() {
    let repo = conflict();
    repo.git(&["reset", "-q", "--hard", "HEAD^"]);
    repo.git(&["merge", "-q", "--squash", "theirs"]);
    check(&repo, &["a: \"theirs\\n\"", "b: \"theirs\\n\"", "t/theirs new: \"theirs\\n\""]);
}

#[test]
fn renames_have_a_new_name_and_their_edits_are_fresh() {
    let repo = Repo::new();
    let text = "one\ntwo\nthree\nfour\nfive\n";
    repo.commit_files("first", &[("old/x", text), ("old/y", &format!("{text}y\n")), ("z", "zzz\n")]);
    repo.git(&["mv", "old/x", "moved"]);
    repo.git(&["rm", "-q", "old/y"]);
    repo.stage("new/y", format!("{text}edit\n"));
    repo.stage("other", "nothing alike\none\n");
    let expected = ["moved new: \"\"", "new/y new: \"edit\\n\"", "other new: \"nothing alike\\none\\n\""];
    check(&repo, &expected);
    for (key, value) in [("diff.renames", "copies"), ("diff.renameLimit", "1")] {
        repo.config(key, value);
    }
    assert_eq!(hooked(&repo, &["commit", "-qm", "x"]), expected);
}

#[test]
fn many_renames_are_told_by_file_name() {
    let repo = Repo::new();
    let text = |number: usize| format!("a{number}\nb{number}\nc{number}\nd{number}\n");
    for number in 0..60 {
        repo.stage_blob("100644", format!("old/{number}"), text(number));
    }
    repo.commit("first");
    repo.git(&["rm", "-rq", "--cached", "old"]);
    for number in 0..60 {
        repo.stage_blob("100644", format!("new/{number}"), text(number) + "edit\n");
    }
    let found = staged_in(repo.path());
    assert_eq!(found.len(), 60);
    assert!(found.iter().all(|line| line.ends_with(": \"edit\\n\"")), "{found:#?}");
}

#[test]
fn types_and_modes() {
    let repo = three_files();
    let commit = repo.git(&["rev-parse", "HEAD"]);
    repo.stage_blob("100755", "a", "1\n2\n3\n");
    repo.stage_blob("120000", "b", "1\n2\n3\n");
    repo.stage_blob("120000", "link", "to/secret");
    repo.stage_blob("100755", "run", "x\n");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},sub")]);
    let expected = [
        "a: skip not fresh",
        "b link: \"1\\n2\\n3\\n\"",
        "link new link: \"to/secret\"",
        "run new exec: \"x\\n\"",
        "sub: skip submodule",
    ];
    check(&repo, &expected);
}

#[test]
fn files_and_folders_that_change_places() {
    let repo = Repo::new();
    repo.commit_files(
        "first",
        &[("a", "1\n"), ("a.b", "1\n"), ("d/x", "1\n"), ("d-e", "1\n"), ("d0", "1\n")],
    );
    repo.git(&["rm", "-rq", "a", "d"]);
    repo.stage("a/x", "fresh in a\n");
    repo.stage("d", "fresh d\n");
    repo.stage("d0", "1\n2\n");
    check(&repo, &["a/x new: \"fresh in a\\n\"", "d new: \"fresh d\\n\"", "d0: \"2\\n\""]);
    assert_eq!(hooked(&repo, &["commit", "-qm", "x"]).len(), 3);
}

#[test]
fn configuration_of_diffs_has_no_say() {
    let repo = three_files();
    repo.commit_files("attributes", &[(".gitattributes", "* diff=evil\n*.bin -diff\n")]);
    for (key, value) in [
        ("diff.evil.textconv", "echo nothing"),
        ("diff.evil.command", "false"),
        ("diff.external", "false"),
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.ignoreSubmodules", "all"),
        ("color.ui", "always"),
        ("core.quotePath", "false"),
        ("core.pager", "false"),
    ] {
        repo.config(key, value);
    }
    repo.stage("a", "1\n2\n3\n4\n");
    repo.stage("b.bin", b"\0\n");
    assert_eq!(hooked(&repo, &["commit", "-qm", "x"]), ["a: \"4\\n\"", "b.bin new: \"\\0\\n\""]);
}

#[test]
fn content_is_what_git_stores() {
    let repo = three_files();
    repo.config("core.autocrlf", "true");
    repo.config("filter.rot.clean", "tr a-z b-za");
    let attributes = "u working-tree-encoding=UTF-16LE\nf filter=rot\n";
    repo.commit_files("attributes", &[(".gitattributes", attributes)]);
    repo.stage("a", "1\r\n2\r\n3\r\n4\r\n");
    repo.stage("f", "abc\n");
    repo.stage("u", b"x\0\n\0");
    check(&repo, &["a: \"4\\n\"", "f new: \"bcd\\n\"", "u new: \"x\\n\""]);
}

#[test]
fn a_change_of_line_endings_is_nothing_new() {
    let repo = three_files();
    repo.stage_blob("100644", "a", "1\r\n2\r\nnew\r\n");
    check(&repo, &["a: \"new\\r\\n\""]);
}

#[test]
fn lfs_objects_come_from_the_local_store() {
    let repo = three_files();
    let pointer = |digit: &str| {
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 7\n", digit.repeat(64))
    };
    let store = |digit: &str, content: &str| {
        let folder = repo.path().join(".git/lfs/objects").join(digit.repeat(2)).join(digit.repeat(2));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(digit.repeat(64)), content).unwrap();
    };
    store("1", "old\n");
    store("2", "old\nnew\n");
    repo.commit_files("lfs", &[("here", &pointer("1"))]);
    repo.stage("here", pointer("2"));
    repo.stage("lost", pointer("3"));
    repo.stage("like", pointer("2").replace("oid", "id"));
    let expected = ["here: \"new\\n\"", "lost: skip LFS object missing"];
    let found = staged_in(repo.path());
    assert_eq!(&found[..1], &expected[..1]);
    assert!(found[1].starts_with("like new: \"version https"));
    assert_eq!(&found[2..], &expected[1..]);
}

#[test]
fn odd_paths() {
    let repo = Repo::new();
    let long = format!("{}/f", vec!["d".repeat(200); 25].join("/"));
    for path in [&b"new\nline"[..], b"\xff\xfe", b"quote\"d\\", long.as_bytes()] {
        repo.stage_blob("100644", path, "x\n");
    }
    let found = staged_in(repo.path());
    assert_eq!(found.len(), 4);
    assert!(found.iter().any(|line| line.starts_with(&long)), "{found:#?}");
    repo.commit("first");
    repo.stage_blob("100644", long.as_bytes(), "x\ny\n");
    check(&repo, &[&format!("{long}: \"y\\n\"")]);
}

#[test]
fn many_new_files_are_read_by_all_threads() {
    let repo = Repo::new();
    for number in 0..100 {
        repo.write(format!("{}/{number}", number % 7), format!("{number}\n"));
    }
    repo.git(&["add", "."]);
    assert_eq!(staged_in(repo.path()).len(), 100);
}
