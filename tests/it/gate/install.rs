//! The gate put in by `abatis install`, and its doctor.

use std::fs;

use super::{Pair, said, script, secret};
use crate::support::Repo;

fn abatis(pair: &Pair, arguments: &[&str]) -> (Option<i32>, String) {
    let output = pair.server.abatis().args(arguments).output().unwrap();
    (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), said(&output)))
}

fn pair() -> Pair {
    let pair = Pair::new("");
    fs::remove_file(pair.server.path().join("hooks/pre-receive")).unwrap();
    pair.client.commit_files("one", &[("a.txt", "a\n")]);
    pair
}

#[test]
fn a_hook_that_is_there_gets_the_same_input() {
    let pair = pair();
    let seen = pair.server.path().join("seen");
    pair.server.hook("pre-receive", &format!("cat > '{}'", seen.display()));
    let before = fs::read(pair.server.path().join("hooks/pre-receive")).unwrap();
    let (code, text) = abatis(&pair, &["install", "--server", "."]);
    assert_eq!(code, Some(0), "{text}");
    pair.accepted(&["main", "main:refs/heads/other"]);
    let lines = fs::read_to_string(&seen).unwrap();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.ends_with("refs/heads/other\n"), "{lines}");
    pair.client.commit_files("two", &[("b.txt", &secret(1))]);
    pair.refused(&["main"]);
    assert_eq!(abatis(&pair, &["uninstall", "--server", "."]).0, Some(0));
    assert_eq!(fs::read(pair.server.path().join("hooks/pre-receive")).unwrap(), before);
}

#[test]
fn forges_call_the_files_of_a_folder() {
    let pair = pair();
    let folder = pair.server.path().join("hooks/pre-receive.d");
    fs::create_dir(&folder).unwrap();
    // As Gitea's own hook does.
    script(
        &pair.server.path().join("hooks/pre-receive"),
        "data=$(cat); for hook in hooks/pre-receive.d/*; do echo \"$data\" | \"$hook\" || exit 1; done",
    );
    assert_eq!(abatis(&pair, &["install", "--all", ".."]).0, Some(0));
    assert!(folder.join("abatis").is_file());
    pair.accepted(&["main"]);
    pair.client.commit_files("two", &[("b.txt", &secret(1))]);
    pair.refused(&["main"]);
    assert_eq!(abatis(&pair, &["doctor", "--server", "."]).0, Some(0));
    assert_eq!(abatis(&pair, &["uninstall", "--server", "."]).0, Some(0));
    assert!(!folder.join("abatis").exists());
    assert_eq!(abatis(&pair, &["install", "--server", ".", "--layout", "gitlab"]).0, Some(0));
    assert!(pair.server.path().join("custom_hooks/pre-receive.d/abatis").is_file());
}

#[test]
fn the_doctor_tries_a_push() {
    let pair = pair();
    assert_eq!(abatis(&pair, &["doctor", "--server", "."]).0, Some(1));
    assert_eq!(abatis(&pair, &["install", "--server", "."]).0, Some(0));
    let (code, text) = abatis(&pair, &["doctor", "--server", "."]);
    assert!(code == Some(0) && text.contains("leaves nothing behind"), "{text}");
    let config = pair.server.path().join("abatis.toml");
    fs::write(&config, "schema = 1\ndisable = [\"github-pat\"]\n[scan]\nfail-on = \"never\"\n").unwrap();
    let (code, text) = abatis(&pair, &["doctor", "--server", "."]);
    assert!(code == Some(1) && text.contains("is let in"), "{text}");
    fs::write(&config, "not toml").unwrap();
    assert_eq!(abatis(&pair, &["doctor", "--server", "."]).0, Some(1));
    let nothing = Repo::outside();
    let output = nothing.abatis().args(["install", "--all", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
