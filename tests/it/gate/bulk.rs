//! A push that is read in pack order finds what one finds that is read commit by commit.

use std::fs;

use serde_json::Value;

use super::{Pair, filler, said, secret};
use crate::support::{Repo, feed};

const ZERO: &str = "0000000000000000000000000000000000000000";

/// What a run of the hook over `lines` finds, without what only says how it was read.
fn look(server: &Repo, how: &str, lines: &str, options: &[&str]) -> (Option<i32>, Value, Value) {
    let record = server.path().join(format!("record-{how}"));
    let mut command = server.abatis();
    command.args(["pre-receive", "--read", how, "--record"]).arg(&record).args(options);
    let output = feed(&mut command, lines.as_bytes());
    let text = fs::read_to_string(&record).unwrap_or_else(|_| panic!("{}", said(&output)));
    fs::remove_file(&record).unwrap();
    let line: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let report = &line["report"];
    (output.status.code(), report["findings"].clone(), report["problems"].clone())
}

/// Both ways, which must agree; gives the findings.
#[track_caller]
fn both(server: &Repo, lines: &str) -> Vec<Value> {
    let (code, commits, problems) = look(server, "commits", lines, &[]);
    for options in [&[][..], &["--budget", "10m"]] {
        let packs = look(server, "packs", lines, options);
        assert_eq!(packs, (code, commits.clone(), problems.clone()), "{options:?}");
    }
    commits.as_array().unwrap().clone()
}

/// A history with all that the two ways might see differently.
fn history(client: &Repo) {
    client.commit_files(
        "one",
        &[("a.txt", &filler(20)), ("lib/b.txt", &filler(30)), ("lib/deep/c.txt", "c\n")],
    );
    // Added and removed, changed around, copied, moved, moved and changed, brought back.
    client.commit_files("two", &[("lib/b.txt", &format!("{}{}", filler(10), secret(1)))]);
    client.commit_files("three", &[("lib/b.txt", &format!("{}{}more\n", filler(10), secret(1)))]);
    client.commit_files("four", &[("lib/b.txt", &filler(11))]);
    client.commit_files("five", &[("lib/b.txt", &format!("{}{}", filler(10), secret(1)))]);
    client.commit_files("copy", &[("other/b.txt", &format!("{}{}", filler(10), secret(1)))]);
    client.git(&["mv", "lib", "moved"]);
    client.commit("moved");
    client.git(&["mv", "moved/b.txt", "moved/z.yml"]);
    client.stage("moved/z.yml", format!("first\n{}{}", filler(10), secret(1)));
    client.commit("moved and changed");
    // The same content where another one of its names says more.
    client
        .commit_files("key", &[("plain.txt", "key\n"), ("store.kdbx", "key\n"), ("test/x.txt", &secret(6))]);
    client.commit_files("key again", &[("src/x.txt", &secret(6))]);
    // A merge with something that is in none of its sides, and one that is clean.
    client.git(&["checkout", "-q", "-b", "side"]);
    client.commit_files("side", &[("a.txt", &format!("{}side\n", filler(20))), ("s.txt", &secret(2))]);
    client.git(&["checkout", "-q", "main"]);
    client.commit_files("main", &[("m.txt", "m\n")]);
    client.git(&["merge", "-q", "--no-commit", "side"]);
    client.stage("a.txt", format!("{}side\n{}", filler(20), secret(3)));
    client.commit("an evil merge");
    client.git(&["checkout", "-q", "side"]);
    client.commit_files("more side", &[("t.txt", "t\n")]);
    client.git(&["checkout", "-q", "main"]);
    client.git(&["merge", "-q", "-m", &format!("clean but for {}", secret(4).trim()), "side"]);
    // What the tips say as a whole.
    let bucket = "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"b\"\n  acl = \"public-read\"\n}\n";
    client.commit_files(
        "settings",
        &[("infra/main.tf", bucket), ("Dockerfile", "FROM alpine:latest\nUSER root\n")],
    );
    client.commit_files("settings", &[("infra/main.tf", &format!("# more\n{bucket}"))]);
    for number in 0..30 {
        let text = format!("{}{number}\n{}", filler(100), secret(7));
        client.commit_files("many", &[("big.txt", &text), ("n.txt", &format!("{number}\n"))]);
    }
    // What only the tree of a tag has.
    client.commit_files(
        "gone",
        &[("big.txt", "gone\n"), ("image/Dockerfile", "FROM alpine:latest\nUSER root\n")],
    );
    client.git(&["tag", "-a", "-m", &format!("say {}", secret(5).trim()), "v1"]);
    client.git(&["rm", "-q", "image/Dockerfile"]);
    client.commit("no image");
    let blob = client.git_input(&["hash-object", "-w", "--stdin"], secret(8).as_bytes());
    client.git(&["tag", "v2", &blob]);
}

/// A bare repository with all objects of `client` in a pack, and no references.
fn with_objects(client: &Repo) -> Repo {
    let server = Repo::bare();
    let ids = client.git(&["rev-list", "--objects", "--no-object-names", "--all"]);
    let base = server.path().join("objects/pack/pack");
    client.git_input(&["pack-objects", "-q", base.to_str().unwrap()], format!("{ids}\n").as_bytes());
    server
}

fn lines(client: &Repo) -> String {
    let refs = client.git(&["for-each-ref", "--format=%(objectname) %(refname)"]);
    refs.lines().map(|line| format!("{ZERO} {line}\n")).collect()
}

#[test]
fn both_ways_of_reading_find_the_same() {
    let client = Repo::new();
    history(&client);
    let server = with_objects(&client);
    let findings = both(&server, &lines(&client));
    let paths: Vec<&str> = findings.iter().filter_map(|finding| finding["path"].as_str()).collect();
    for path in [
        "lib/b.txt",
        "other/b.txt",
        "s.txt",
        "a.txt",
        "big.txt",
        "COMMIT_EDITMSG",
        "TAG_EDITMSG",
        "Dockerfile",
        "image/Dockerfile",
        "store.kdbx",
    ] {
        assert!(paths.contains(&path), "{path} is not in {paths:?}");
    }
    // One reference alone, and what is built on something that is there.
    let main = client.git(&["rev-parse", "main"]);
    both(&server, &format!("{ZERO} {main} refs/heads/main\n"));
    for base in ["main~12", "main~34", "main~37", "main~40", "side~1"] {
        let base = client.git(&["rev-parse", base]);
        server.git(&["update-ref", "refs/heads/main", &base]);
        both(&server, &format!("{base} {main} refs/heads/main\n"));
    }
}

#[test]
fn objects_that_are_missing_or_broken_are_told_in_both_ways() {
    let client = Repo::new();
    history(&client);
    let server = with_objects(&client);
    // Without the blob, which only a pack that was made so lacks.
    let blob = client.git(&["rev-parse", "main:big.txt"]);
    let ids = client.git(&["rev-list", "--objects", "--no-object-names", "--all"]);
    let kept: String = ids.lines().filter(|id| *id != blob).map(|id| format!("{id}\n")).collect();
    for file in fs::read_dir(server.path().join("objects/pack")).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    let base = server.path().join("objects/pack/pack");
    client.git_input(&["pack-objects", "-q", base.to_str().unwrap()], kept.as_bytes());
    let main = client.git(&["rev-parse", "main"]);
    let line = format!("{ZERO} {main} refs/heads/main\n");
    let (code, _, problems) = look(&server, "commits", &line, &[]);
    assert_eq!(look(&server, "packs", &line, &[]).2, problems);
    assert!(code == Some(2) && problems.to_string().contains(&blob), "{problems}");
}

#[test]
fn packs_in_a_quarantine_are_read_beside_what_is_there() {
    let pair = Pair::new("--read packs");
    let client = &pair.client;
    pair.open();
    client.commit_files("old", &[("a.txt", &format!("{}{}", filler(40), secret(1))), ("dir/b.txt", "b\n")]);
    pair.accepted(&["main"]);
    pair.close("--read packs");
    for number in 0..60 {
        client.commit_files("many", &[("a.txt", &format!("{number}\n{}{}", filler(40), secret(1)))]);
    }
    // A pack whose bases were appended; what was there before is in nobody's way.
    pair.accepted(&["main"]);
    client.commit_files("bad", &[("dir/b.txt", &format!("b\n{}", secret(2)))]);
    client.commit_files("gone", &[("dir/b.txt", "b\n")]);
    for number in 0..60 {
        client.commit_files("many", &[("c.txt", &format!("{number}\n"))]);
    }
    let text = pair.refused(&["main"]);
    assert!(text.contains("dir/b.txt:2") && text.matches("[github-pat]").count() == 1, "{text}");
    // An old content under a new name was there; a new tree of old contents, too.
    client.git(&["reset", "-q", "--hard", "HEAD~62"]);
    client.git(&["mv", "a.txt", "z.txt"]);
    client.commit("moved");
    pair.accepted(&["main"]);
    client.commit_files("changes the gate", &[(".abatis.toml", "schema = 1\n")]);
    assert!(pair.accepted(&["main"]).contains("changes .abatis.toml"));
    client.git(&["rm", "-q", ".abatis.toml"]);
    client.commit("and back");
    assert!(pair.accepted(&["main"]).contains("changes .abatis.toml"));
}

#[test]
fn references_under_several_policies_share_what_was_sifted() {
    let client = Repo::new();
    history(&client);
    let server = with_objects(&client);
    let policy = "[[gate.policy]]\nrefs = [\"refs/heads/side\"]\nenforce = \"warn\"\n\
                  [[gate.policy]]\nrefs = [\"refs/tags/*\"]\nfail-on = \"low\"\n";
    fs::write(server.path().join("abatis.toml"), format!("schema = 1\n{policy}")).unwrap();
    assert!(!both(&server, &lines(&client)).is_empty());
}
