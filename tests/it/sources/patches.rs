//! Patches as real git and `diff -u` style tools write them, and broken ones.

use std::io::Cursor;

use abatis::{
    origin::{Kind, ObjectId},
    source::{Skip, patch::Patch},
};

use bstr::ByteSlice as _;

use super::{Collector, Seen};
use crate::support::{Repo, make_executable};

fn read(patch: impl Into<Vec<u8>>) -> Seen {
    Collector::new().visit(&Patch::new("the patch", Box::new(Cursor::new(patch.into()))))
}

/// Path and fresh lines of every hunk.
fn fresh(seen: &Seen) -> Vec<(String, Vec<(usize, String)>)> {
    seen.parts.iter().map(|part| (part.entry.origin.path.to_string(), part.fresh_lines())).collect()
}

/// One expected hunk: the path, and its fresh lines with their numbers.
fn hunk(path: &str, lines: &[(usize, &str)]) -> (String, Vec<(usize, String)>) {
    (path.to_owned(), lines.iter().map(|(number, line)| (*number, (*line).to_owned())).collect())
}

fn lines(range: std::ops::RangeInclusive<usize>) -> String {
    range.map(|number| format!("line {number}\n")).collect()
}

/// A repository whose work tree changes an old file in two places and has a new one.
fn changed() -> Repo {
    let repo = Repo::new();
    repo.commit_files("first", &[("a b/old.txt", &lines(1..=40)), ("gone.txt", "gone\n")]);
    let text = lines(1..=40).replace("line 5\n", "line 5\nnew six\n").replace("line 30\n", "changed\n");
    repo.write("a b/old.txt", text);
    repo.write("b/new.txt", "one\ntwo");
    repo.git(&["rm", "-q", "gone.txt"]);
    repo.git(&["add", "-N", "b/new.txt"]);
    repo
}

#[test]
fn git_diff_in_every_style_of_prefix() {
    let repo = changed();
    let expected = [
        hunk("a b/old.txt", &[(6, "new six")]),
        hunk("a b/old.txt", &[(31, "changed")]),
        hunk("b/new.txt", &[(1, "one"), (2, "two")]),
    ];
    for options in [
        &["diff"][..],
        &["diff", "--no-prefix"],
        &["diff", "--default-prefix", "--full-index", "-U0"],
        &["diff", "-U1", "--patience"],
        &["-c", "diff.mnemonicPrefix=true", "diff"],
        &["-c", "diff.mnemonicPrefix=true", "diff", "HEAD"],
        &["diff", "HEAD", "--stat", "-p"],
    ] {
        let patch = repo.git_bytes(options);
        let seen = read(patch.as_slice());
        seen.assert_complete();
        assert_eq!(fresh(&seen), expected, "{options:?}\n{}", String::from_utf8_lossy(&patch));
        let new: Vec<_> = seen.parts.iter().map(|part| part.entry.new_name).collect();
        assert_eq!(new, [false, false, true]);
    }
}

#[test]
fn context_is_handed_over_but_not_fresh() {
    let seen = read(changed().git_bytes(&["diff"]));
    let part = &seen.parts[0];
    assert_eq!(part.text, b"line 3\nline 4\nline 5\nnew six\nline 6\nline 7\nline 8\n");
    assert_eq!((part.place_of("line 3"), part.place_of("line 8")), ((3, 1), (9, 1)));
    assert!(seen.parts[0].entry.offset < seen.parts[1].entry.offset);
}

#[test]
fn odd_paths() {
    let repo = Repo::new();
    let paths: [&[u8]; 6] =
        [b"b/a b", b"caf\xc3\xa9", b"esc\x1b[31m", b"new\nline", b"quote\"tab\t\\", b"raw\xff"];
    for path in paths {
        repo.stage_blob("100644", path, "text\n");
    }
    for options in
        [&["diff", "--cached"][..], &["-c", "core.quotePath=false", "diff", "--cached", "--no-prefix"]]
    {
        let seen = read(repo.git_bytes(options));
        seen.assert_complete();
        let found: Vec<_> = seen.parts.iter().map(|part| part.entry.origin.path.as_slice()).collect();
        assert_eq!(found, paths, "{options:?}");
    }
}

#[test]
fn renames_modes_binaries_links_and_submodules() {
    let repo = Repo::new();
    repo.commit_files("first", &[("from.txt", &lines(1..=20)), ("edit.txt", &lines(1..=20)), ("run", "x\n")]);
    repo.git(&["mv", "from.txt", "moved to.txt"]);
    repo.git(&["mv", "edit.txt", "edited.txt"]);
    repo.stage("edited.txt", lines(1..=20) + "added\n");
    repo.stage("binary.bin", b"\0\x01\x02");
    repo.stage("empty", "");
    repo.stage_blob("120000", "link", "target");
    let id = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},module")]);
    make_executable(&repo.path().join("run"));
    repo.stage("run", "x\ny\n");
    repo.git(&["update-index", "--chmod=+x", "run"]);
    for binary in ["--no-color", "--binary"] {
        let seen = read(repo.git_bytes(&["diff", "--cached", "-M", binary]));
        let expected = [
            hunk("binary.bin", &[]),
            hunk("edited.txt", &[(21, "added")]),
            hunk("empty", &[]),
            hunk("link", &[(1, "target")]),
            hunk("moved to.txt", &[]),
            hunk("run", &[(2, "y")]),
        ];
        assert_eq!(fresh(&seen), expected, "{binary}");
        let flags: Vec<_> =
            seen.parts.iter().map(|part| (part.entry.new_name, part.entry.executable)).collect();
        let (new, runs) = ((true, false), (false, true));
        assert_eq!(flags, [new, new, new, new, new, runs]);
        assert_eq!(seen.parts[3].entry.origin.kind, Kind::Symlink);
        let skipped = [("binary.bin".to_owned(), Skip::BinaryPatch), ("module".to_owned(), Skip::Submodule)];
        assert_eq!(seen.skipped(), skipped);
        assert_eq!(seen.problems, []);
    }
}

#[test]
fn logs_and_mails_give_commits_and_messages() {
    let repo = Repo::new();
    let first = repo.commit_files("first message", &[("a", "one\n")]);
    let second = repo.commit_files("second message\n\ncommit of words", &[("a", "one\ntwo\n")]);
    for options in [
        &["log", "-p"][..],
        &["log", "-p", "--format=fuller", "--decorate=full", "--reverse"],
        &["format-patch", "--stdout", "--root"],
        &["show", &first, &second],
    ] {
        let seen = read(repo.git_bytes(options));
        seen.assert_complete();
        let found = |kind: Kind, commit: &str, text: &str| {
            seen.parts.iter().any(|part| {
                let origin = &part.entry.origin;
                origin.kind == kind
                    && origin.commit == ObjectId::from_hex(commit.as_bytes())
                    && String::from_utf8_lossy(&part.text).contains(text)
            })
        };
        for (commit, message, line) in
            [(&first, "first message", "one\n"), (&second, "second message", "two\n")]
        {
            assert!(found(Kind::CommitMessage, commit, message), "{options:?} {message}");
            assert!(found(Kind::File, commit, line), "{options:?} {line}");
        }
        assert_eq!(seen.parts.len(), 4);
    }
}

#[test]
fn merges_give_what_is_in_no_parent() {
    let repo = Repo::new();
    repo.commit_files("base", &[("a", &lines(1..=9))]);
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.commit_files("side", &[("a", &lines(1..=9).replace("line 4", "side 4"))]);
    repo.git(&["checkout", "-q", "main"]);
    repo.commit_files("main", &[("a", &lines(1..=9).replace("line 4", "main 4"))]);
    assert!(!repo.try_git(&["merge", "-q", "side"]).status.success());
    repo.stage("a", lines(1..=9).replace("line 4\n", "main 4\nside 4\nevil\n"));
    repo.commit("merge");
    for options in [&["show", "HEAD"][..], &["show", "-c", "HEAD"], &["log", "-1", "-p", "--cc"]] {
        let seen = read(repo.git_bytes(options));
        seen.assert_complete();
        let hunks: Vec<_> = fresh(&seen).into_iter().filter(|(path, _)| path == "a").collect();
        assert_eq!(hunks, [hunk("a", &[(6, "evil")])], "{options:?}");
    }
}

#[test]
fn plain_diffs_have_times_and_no_git() {
    let patch = "\
Only in new: other\n\
diff -ru old/src/a.c new/src/a.c\n\
--- old/src/a.c\t2024-01-01 00:00:00.000000000 +0000\n\
+++ new/src/a.c\t2024-01-02 00:00:00.000000000 +0000\n\
@@ -1,2 +1,2 @@\n kept\n--- looks like a header\n+++ added\n\
--- /dev/null\n\
+++ b/made.c\n\
@@ -0,0 +1 @@\n+made\n\\ No newline at end of file\n\
--- a/gone.c\n\
+++ /dev/null\n\
@@ -1 +0,0 @@\n-gone\n";
    let seen = read(patch);
    seen.assert_complete();
    assert_eq!(fresh(&seen), [hunk("made.c", &[(1, "made")]), hunk("new/src/a.c", &[(2, "++ added")])]);
    // The same with line ends of Windows all over.
    let seen = read(patch.replace('\n', "\r\n"));
    seen.assert_complete();
    assert_eq!(fresh(&seen)[0], hunk("made.c", &[(1, "made\r")]));
}

#[test]
fn files_with_windows_line_ends_keep_them() {
    let repo = Repo::new();
    repo.stage("dos.txt", "one\r\ntwo\r\n");
    let seen = read(repo.git_bytes(&["diff", "--cached"]));
    assert_eq!(seen.only().text, b"one\r\ntwo\r\n");
}

#[test]
fn long_hunks_and_long_lines_come_in_parts() {
    let long = format!("{}\n{}", "x".repeat(20 << 20), lines(1..=900_000));
    let added = long.replace('\n', "\n+");
    let patch =
        format!("--- /dev/null\n+++ b/long.txt\n@@ -0,0 +1,900001 @@\n+{}", &added[..added.len() - 1]);
    let seen = read(patch);
    seen.assert_complete();
    assert!(seen.parts.len() > 1);
    let mut joined = Vec::new();
    for part in &seen.parts {
        assert_eq!(part.entry.new_name, part.entry.offset == 0);
        for span in &part.fresh {
            joined.extend_from_slice(span.of(&part.text));
        }
    }
    assert!(joined == long.as_bytes());
    assert_eq!(seen.parts.last().unwrap().place_of("line 900000\n"), (900_001, 1));
}

#[test]
fn broken_patches_are_problems_and_give_what_is_there() {
    let check = |patch: &str, texts: &[&str], problem: &str| {
        let seen = read(patch);
        let found: Vec<_> = seen.parts.iter().map(|part| part.text.to_str_lossy().into_owned()).collect();
        assert_eq!(found, texts, "{patch}");
        let problems: Vec<_> = seen.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 1, "{patch}: {problems:?}");
        assert!(problems[0].contains(problem), "{problems:?}");
    };
    let head = "--- a/x\n+++ b/x\n";
    check("just some words\n", &[], "no patch found");
    check("--- a/x\n+++ b/x", &[], "names a file");
    check(&format!("{head}@@ -1,2 +1,3 @@\n a\n+b\n"), &["a\nb\n"], "ends within a hunk");
    check(
        &format!("{head}@@ -1,2 +1,3 @@\n a\n+b\ndiff --git a/y b/y\n"),
        &["a\nb\n"],
        "line 6: the hunk is shorter",
    );
    check(&format!("{head}@@ nonsense @@\n+b\n"), &[], "line 3: not the header of a hunk");
    check(&format!("{head}@@ -1 +99999999999999999999 @@\n+b\n"), &[], "line 3: not the header");
    check(
        &format!("{head}@@ -1,18446744073709551615 +1,18446744073709551615 @@\n+b\n"),
        &["b\n"],
        "ends within",
    );
    assert_eq!(read("").problems, []);
    assert_eq!(read("\n \n").problems, []);
}
