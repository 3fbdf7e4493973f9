//! What the server says, what a push may say, and who may break the glass.

use std::fs;

use serde_json::Value;

use super::{Pair, said, secret};

fn configure(pair: &Pair, text: &str) {
    fs::write(pair.server.path().join("abatis.toml"), format!("schema = 1\n{text}")).unwrap();
}

#[test]
fn a_push_cannot_allow_itself() {
    let pair = Pair::new("");
    let allow = "schema = 1\n[scan]\nfail-on = \"never\"\nexclude = [\"**\"]\n[gate]\nbudget = \"1m\"\n\
                 [[allow]]\npaths = [\"**\"]\nreason = \"because\"\n[[override]]\nrule = \"github-pat\"\ngate = \"off\"\n";
    pair.client.commit_files("one", &[(".abatis.toml", allow), ("a.txt", &secret(1))]);
    let text = pair.refused(&["main"]);
    assert!(text.contains("this push changes .abatis.toml"), "{text}");
    assert!(text.contains("ignored") && text.contains(".abatis.toml:3:"), "{text}");
    assert!(!text.contains("\\n"), "{text}");
    pair.client.git(&["reset", "-q", "--hard"]);
    let marked = format!("{} # abatis:allow github-pat a made one", secret(1).trim_end());
    pair.client.commit_files("two", &[("a.txt", &marked), (".abatis.toml", "schema = 1\n")]);
    pair.refused(&["main"]);
    configure(&pair, "[gate]\ncomments = true\n");
    // The commit before still has it without the comment.
    pair.refused(&["main"]);
    pair.client.git(&["reset", "-q", "--soft", "HEAD~1"]);
    pair.client.git(&["commit", "-q", "--amend", "-m", "one"]);
    pair.accepted(&["main"]);
}

#[test]
fn a_push_can_be_stricter_with_itself() {
    let pair = Pair::new("");
    let stricter = "schema = 1\nextend = [\"rules/own.toml\"]\n";
    let own = "schema = 1\npack = \"own\"\n[[rule]]\nid = \"own-mark\"\ntitle = \"Own mark\"\nrisk = 1\nseverity = \"high\"\n\
               confidence = \"high\"\nkeywords = [\"ownmark_\"]\npattern = '''\\b(ownmark_[0-9a-z]{12})\\b'''\nhelp = \"Revoke it.\"\n\
               docs = \"https://example.com/\"\nmatches = [\"ownmark_8k2j5h7x9q1z\"]\nrejects = [\"ownmark_\"]\n";
    pair.client.commit_files("rules", &[(".abatis.toml", stricter), ("rules/own.toml", own)]);
    let output = pair.push(&["main"]);
    // The example in the rule itself is one.
    assert!(said(&output).contains("own-mark"), "{}", said(&output));
    configure(&pair, "[gate]\nrepository-config = \"ignore\"\n");
    pair.accepted(&["main"]);
}

#[test]
fn the_target_branch_may_be_trusted() {
    let pair = Pair::new("");
    configure(&pair, "[gate]\nrepository-config = \"target\"\n");
    let allow = "schema = 1\n[[allow]]\npaths = [\"fixtures/**\"]\nreason = \"made values\"\n";
    pair.client.commit_files("allow", &[(".abatis.toml", allow), ("fixtures/a.txt", &secret(1))]);
    pair.refused(&["main"]);
    pair.client.git(&["rm", "-q", "--cached", "fixtures/a.txt"]);
    pair.client.git(&["commit", "-q", "--amend", "-m", "allow"]);
    pair.accepted(&["main"]);
    pair.client.commit_files("use", &[("fixtures/a.txt", &secret(1))]);
    pair.accepted(&["main"]);
    pair.client.commit_files("elsewhere", &[("src/a.txt", &secret(1))]);
    pair.refused(&["main"]);
}

#[test]
fn references_have_policies() {
    let pair = Pair::new("");
    configure(
        &pair,
        "[[gate.policy]]\nrefs = [\"refs/heads/sandbox/**\"]\nenforce = \"warn\"\n\
         [[gate.policy]]\nallow-paths = [\"testdata/**\"]\n\
         [[gate.policy]]\nrefs = [\"refs/heads/quiet\"]\noff = [\"github-*\"]\n\
         [[gate.policy]]\nrepositories = [\"no/such\"]\noff = [\"*\"]\n",
    );
    pair.client.commit_files("one", &[("a.txt", &secret(1))]);
    pair.refused(&["main"]);
    // What is let into one branch is not let into another by the same push.
    pair.refused(&["main:refs/heads/sandbox/x", "main"]);
    let text = pair.accepted(&["main:refs/heads/sandbox/x"]);
    assert!(text.contains("does not block"), "{text}");
    pair.accepted(&["--delete", "sandbox/x"]);
    assert!(!pair.accepted(&["main:refs/heads/quiet"]).contains("github-pat"));
    pair.accepted(&["--delete", "quiet"]);
    pair.client.git(&["mv", "a.txt", "b.txt"]);
    fs::create_dir(pair.client.path().join("testdata")).unwrap();
    pair.client.git(&["mv", "b.txt", "testdata/a.txt"]);
    pair.client.git(&["commit", "-q", "--amend", "-m", "one"]);
    pair.accepted(&["main"]);
}

#[test]
fn repositories_and_rules_have_policies() {
    let pair = Pair::new("");
    let push = |repository: &str, reference: &str| {
        let mut command = pair.client.command("git");
        command.env("GL_PROJECT_PATH", repository).args(["push", "origin", &format!("main:{reference}")]);
        command.output().unwrap()
    };
    pair.client.commit_files("one", &[("a.txt", &secret(1))]);
    // Mild in general, and strict for what is protected: by severity, or by a rule.
    configure(
        &pair,
        "[scan]\nfail-on = \"never\"\n\
         [[gate.policy]]\nrefs = [\"refs/heads/release/*\"]\nfail-on = \"low\"\n\
         [[gate.policy]]\nrepositories = [\"secure/**\"]\nblock = [\"github-pat\"]\n\
         [[gate.policy]]\nrepositories = [\"quiet/**\"]\nenforce = \"off\"\n",
    );
    for (repository, reference, passes) in [
        ("any/one", "refs/heads/release/1", false),
        ("secure/one", "refs/heads/main", false),
        ("any/one", "refs/heads/main", true),
    ] {
        let output = push(repository, reference);
        assert_eq!(output.status.success(), passes, "{repository} {reference}: {}", said(&output));
    }
    pair.server.git(&["update-ref", "-d", "refs/heads/main"]);
    let output = push("quiet/one", "refs/heads/release/1");
    assert!(output.status.success() && !said(&output).contains("github-pat"), "{}", said(&output));
}

#[test]
fn the_baseline_of_the_server_holds() {
    let pair = Pair::new("");
    pair.client.commit_files("one", &[("a.txt", &secret(1))]);
    pair.refused(&["main"]);
    let mut command = pair.client.abatis();
    command.args(["baseline", "create", "--reason", "it was there before"]);
    assert!(command.output().unwrap().status.success());
    let baseline = pair.client.path().join(".abatis-baseline");
    fs::copy(&baseline, pair.server.path().join(".abatis-baseline")).unwrap();
    fs::remove_file(baseline).unwrap();
    pair.accepted(&["main"]);
    pair.client.commit_files("two", &[("a.txt", &secret(2))]);
    pair.refused(&["main"]);
}

#[test]
fn the_glass_is_broken_only_where_it_may_be_and_never_unseen() {
    let pair = Pair::new("");
    pair.server.config("receive.advertisePushOptions", "true");
    pair.client.commit_files("one", &[("a.txt", &secret(1))]);
    let option = ["-o", "abatis.allow=github-pat", "-o", "abatis.reason=SEC-17 made for a test", "main"];
    let push = |user: &str, arguments: &[&str]| {
        let mut command = pair.client.command("git");
        command.env("GL_USERNAME", user).args(["push", "origin"]).args(arguments).output().unwrap()
    };
    assert!(said(&push("alice", &option)).contains("does not permit"));
    configure(
        &pair,
        "[gate]\nlog = \"override.log\"\n[[gate.override]]\nrules = [\"github-*\"]\nusers = [\"alice\"]\nreason = '^SEC-[0-9]+'\n\
         until = 2999-01-01\nrefs = [\"refs/heads/main\"]\n",
    );
    let log = pair.server.path().join("override.log");
    // Permissions end, and begin.
    let given = fs::read_to_string(pair.server.path().join("abatis.toml")).unwrap();
    for days in ["until = 2001-01-01", "from = 2998-01-01\nuntil = 2999-01-01"] {
        fs::write(pair.server.path().join("abatis.toml"), given.replace("until = 2999-01-01", days)).unwrap();
        assert!(!push("alice", &option).status.success());
    }
    fs::write(pair.server.path().join("abatis.toml"), given).unwrap();
    for (user, arguments) in [
        ("bob", &option[..]),
        ("alice", &["-o", "abatis.allow=github-pat", "main"]),
        ("alice", &["-o", "abatis.allow=github-pat", "-o", "abatis.reason=no ticket", "main"]),
        ("alice", &["-o", "abatis.allow=aws-*", "-o", "abatis.reason=SEC-17 made", "main"]),
        ("alice", &["-o", "abatis.allow=*", "-o", "abatis.reason=SEC-17 made", "main:refs/heads/other"]),
    ] {
        let output = push(user, arguments);
        assert!(!output.status.success(), "{user} {arguments:?}: {}", said(&output));
    }
    assert!(!log.exists());
    let output = push("alice", &option);
    assert!(output.status.success(), "{}", said(&output));
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.contains("alice") && text.contains("SEC-17") && !text.contains(secret(1).trim()));
    let verify = |expected: i32| {
        let output = pair.server.abatis().args(["log", "verify"]).arg(&log).output().unwrap();
        assert_eq!(output.status.code(), Some(expected), "{}", said(&output));
    };
    verify(0);
    fs::write(&log, text.replace("alice", "mallory")).unwrap();
    verify(2);
    // A log that does not hold takes no further entry.
    pair.client.commit_files("two", &[("a.txt", &secret(2))]);
    assert!(!push("alice", &option).status.success());
}

/// Overrides at once are one chain; `ABATIS_HEAVY=1` makes them 50.
#[test]
fn overrides_at_once_are_one_chain() {
    let number = if std::env::var_os("ABATIS_HEAVY").is_some() { 50 } else { 8 };
    let pair = Pair::new("");
    pair.server.config("receive.advertisePushOptions", "true");
    configure(&pair, "[gate]\nlog = \"override.log\"\n[[gate.override]]\nrules = [\"github-pat\"]\n");
    pair.client.commit_files("base", &[("a.txt", "a\n")]);
    for place in 0..number {
        pair.client.git(&["checkout", "-q", "-b", &format!("b{place}"), "main"]);
        pair.client.commit_files("more", &[("b.txt", &format!("{place}\n{}", secret(1)))]);
    }
    std::thread::scope(|scope| {
        for place in 0..number {
            let pair = &pair;
            scope.spawn(move || {
                let reason = format!("abatis.reason=SEC-{place} made");
                pair.accepted(&["-o", "abatis.allow=github-pat", "-o", &reason, &format!("b{place}")]);
            });
        }
    });
    let log = pair.server.path().join("override.log");
    let text = fs::read_to_string(&log).unwrap();
    let verify = |text: &str, options: &[&str]| {
        fs::write(&log, text).unwrap();
        let output = pair.server.abatis().args(["log", "verify"]).arg(&log).args(options).output().unwrap();
        output.status.code()
    };
    assert_eq!(verify(&text, &[]), Some(0));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), number);
    for place in 0..number {
        assert_eq!(text.matches(&format!("SEC-{place} made")).count(), 1, "{text}");
    }
    // Moved, dropped and doubled lines are found; those cut off at the end with the hash that was noted.
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let mut moved = lines.clone();
    moved.swap(1, 2);
    let last: Value = serde_json::from_str(lines[number - 1]).unwrap();
    let hash = last["hash"].as_str().unwrap();
    assert_eq!(verify(&joined(&moved), &[]), Some(2));
    assert_eq!(verify(&joined(&[&lines[..2], &lines[3..]].concat()), &[]), Some(2));
    assert_eq!(verify(&joined(&[&lines[..2], &lines[1..]].concat()), &[]), Some(2));
    assert_eq!(verify(text.trim_end(), &[]), Some(2));
    assert_eq!(verify(&joined(&lines[..number - 1]), &[]), Some(0));
    assert_eq!(verify(&joined(&lines[..number - 1]), &["--expect", hash]), Some(2));
    assert_eq!(verify(&text, &["--expect", hash]), Some(0));
}
