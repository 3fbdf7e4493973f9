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

/// A file of `hooks/server`, with the program of this build in it.
fn sample(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/server").join(name);
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains("/usr/local/bin/abatis"), "{text}");
    text.replace("/usr/local/bin/abatis", &format!("'{}'", env!("CARGO_BIN_EXE_abatis")))
}

/// Writes a sample where a server would look for it.
fn place(folder: &std::path::Path, hook: &str, text: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(hook), text).unwrap();
    crate::support::make_executable(&folder.join(hook));
}

#[test]
fn samples_refuse_and_let_in() {
    for (name, variables) in [
        ("github-enterprise", &[("GITHUB_REPO_NAME", "a/b"), ("GITHUB_USER_LOGIN", "alice")][..]),
        ("pre-receive", &[("STASH_USER_NAME", "alice"), ("BB_PROJECT_KEY", "P"), ("BB_REPO_SLUG", "r")]),
        ("pre-receive", &[("GL_USER", "alice"), ("GL_REPO", "r")]),
    ] {
        let pair = pair();
        let record = pair.server.path().join("record");
        let text = sample(name).replace("pre-receive --budget 4s", "pre-receive --budget 60s");
        place(&pair.server.path().join("hooks"), "pre-receive", &text);
        fs::write(
            pair.server.path().join("abatis.toml"),
            format!("schema = 1\n[gate]\nrecord = '{}'\n", record.display()),
        )
        .unwrap();
        let push = || {
            let mut command = pair.client.command("git");
            command.envs(variables.iter().copied()).args(["push", "origin", "main"]).output().unwrap()
        };
        let output = push();
        assert!(output.status.success(), "{name}: {}", said(&output));
        let bad = pair.client.commit_files("two", &[("b.txt", &secret(1))]);
        let output = push();
        assert!(said(&output).contains("abatis: push refused"), "{name}: {}", said(&output));
        assert!(!pair.has(&bad));
        assert!(fs::read_to_string(&record).unwrap().contains("\"user\":\"alice\""));
    }
}

#[test]
fn a_folder_of_hooks_for_the_whole_machine() {
    let pair = pair();
    let folder = pair.server.beside("hooks");
    place(&folder, "pre-receive", &sample("pre-receive"));
    let system = pair.server.beside("gitconfig");
    let config = ["config", "--file", system.to_str().unwrap(), "core.hooksPath", folder.to_str().unwrap()];
    pair.server.git(&config);
    let push = || {
        let mut command = pair.client.command("git");
        command.env_remove("GIT_CONFIG_NOSYSTEM").env("GIT_CONFIG_SYSTEM", &system);
        command.args(["push", "--no-verify", "origin", "main"]).output().unwrap()
    };
    assert!(push().status.success());
    let bad = pair.client.commit_files("two", &[("b.txt", &secret(1))]);
    let output = push();
    assert!(said(&output).contains("abatis: push refused"), "{}", said(&output));
    assert!(!pair.has(&bad));
    let mut doctor = pair.server.abatis();
    doctor.env_remove("GIT_CONFIG_NOSYSTEM").env("GIT_CONFIG_SYSTEM", &system);
    let output = doctor.args(["doctor", "--server", "."]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("core.hooksPath in the system configuration"), "{text}");
    assert!(text.contains("leaves nothing behind"), "{text}");
}

#[test]
fn repositories_of_others_and_bare_ones_that_git_does_not_look_for() {
    for (key, value) in [("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1"), ("GIT_CONFIG_VALUE_0", "explicit")] {
        let pair = pair();
        let abatis = |arguments: &[&str]| {
            let mut command = pair.server.abatis();
            command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.bareRepository");
            command.env("GIT_CONFIG_VALUE_0", "all").env(key, value).args(arguments);
            let output = command.output().unwrap();
            let text = [output.stdout, output.stderr].concat();
            (output.status.code(), String::from_utf8_lossy(&text).into_owned())
        };
        let (code, text) = abatis(&["install", "--server", "."]);
        assert_eq!(code, Some(0), "{key}: {text}");
        let bad = pair.client.commit_files("two", &[("b.txt", &secret(1))]);
        pair.refused(&["main"]);
        assert!(!pair.has(&bad));
        if value == "explicit" {
            let (code, text) = abatis(&["doctor", "--server", "."]);
            assert!(code == Some(0) && text.contains("leaves nothing behind"), "{key}: {text}");
        }
        let (code, text) = abatis(&["uninstall", "--server", "."]);
        assert!(code == Some(0) && text.contains("removed"), "{key}: {text}");
    }
}

#[test]
fn all_repositories_of_a_folder() {
    let place = Repo::outside();
    let client = Repo::new();
    client.commit_files("one", &[("a.txt", &secret(1))]);
    for (folder, bare) in [("a.git", true), ("deep/er/b.git", true), ("work", false)] {
        let kind = if bare { &["--bare"][..] } else { &[] };
        place.git(&[&["init", "-q", folder], kind].concat());
    }
    let run = |verb: &str| {
        let output = place.abatis().args([verb, "--all", "."]).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        assert_eq!(output.status.code(), Some(0), "{verb}: {}", String::from_utf8_lossy(&text));
    };
    run("install");
    for folder in ["a.git", "deep/er/b.git", "work"] {
        let url = place.path().join(folder);
        let output = client.try_git(&["push", url.to_str().unwrap(), "HEAD:refs/heads/new"]);
        assert!(said(&output).contains("abatis: push refused"), "{folder}: {}", said(&output));
    }
    run("uninstall");
    for hook in ["a.git/hooks/pre-receive", "deep/er/b.git/hooks/pre-receive", "work/.git/hooks/pre-receive"]
    {
        assert!(!place.path().join(hook).exists(), "{hook}");
    }
}

#[test]
fn gerrit_passes_arguments() {
    let pair = pair();
    place(&pair.server.path().join("hooks"), "ref-update", &sample("gerrit-ref-update"));
    let strict = "schema = 1\n[[gate.policy]]\nenforce = \"warn\"\n[[gate.policy]]\nrefs = [\"refs/*/other\", \"refs/for/*\"]\nenforce = \"block\"\n";
    fs::write(pair.server.path().join("abatis.toml"), strict).unwrap();
    let zero = "0000000000000000000000000000000000000000";
    let run = |new: &str, reference: &str| {
        let mut command = pair.server.command(pair.server.path().join("hooks/ref-update"));
        command.env("GIT_DIR", pair.server.path());
        command.args(["--project", "p/q", "--refname", reference, "--uploader", "A <a@example.invalid>"]);
        command.args(["--uploader-username", "alice", "--oldrev", zero, "--newrev", new]);
        command.args(["--cmdref", reference]).output().unwrap()
    };
    // Gerrit has the objects in its store when it asks.
    let clean = pair.client.git(&["rev-parse", "HEAD"]);
    pair.accepted(&["main"]);
    let bad = pair.client.commit_files("two", &[("b.txt", &secret(1))]);
    pair.accepted(&["main:refs/heads/left"]);
    pair.server.git(&["update-ref", "-d", "refs/heads/left"]);
    let output = run(&clean, "refs/heads/other");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    // A branch has its whole name or not.
    for reference in ["refs/heads/other", "other", "refs/for/main"] {
        let output = run(&bad, reference);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("b.txt:1"), "{}", said(&output));
    }
    let mut command = pair.server.command(pair.server.path().join("hooks/ref-update"));
    assert!(!command.args(["--project", "p"]).output().unwrap().status.success());
}

#[test]
fn the_sample_of_a_configuration_can_be_used() {
    let pair = pair();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/server/server.toml");
    let text = fs::read_to_string(path).unwrap();
    fs::write(pair.server.path().join("abatis.toml"), text.replace("/var/log/abatis/", "")).unwrap();
    assert_eq!(abatis(&pair, &["install", "--server", "."]).0, Some(0));
    pair.accepted(&["main"]);
    pair.client.commit_files("two", &[("b.txt", &secret(1))]);
    pair.refused(&["main"]);
    assert!(pair.accepted(&["main:refs/heads/sandbox/a/b"]).contains("does not block"));
}

#[test]
fn gitlab_calls_the_files_of_a_folder() {
    let pair = pair();
    assert_eq!(abatis(&pair, &["install", "--server", ".", "--layout", "gitlab"]).0, Some(0));
    // As Gitaly does: each file of the folder in turn, with the same lines.
    script(
        &pair.server.path().join("hooks/pre-receive"),
        "data=$(cat); for hook in custom_hooks/pre-receive.d/*; do echo \"$data\" | \"$hook\" || exit 1; done",
    );
    let push = || {
        let mut command = pair.client.command("git");
        command.env("GL_ID", "user-1").env("GL_USERNAME", "alice").env("GL_PROTOCOL", "ssh");
        command.env("GL_REPOSITORY", "project-1").args(["push", "origin", "main"]).output().unwrap()
    };
    assert!(push().status.success());
    let bad = pair.client.commit_files("two", &[("b.txt", &secret(1))]);
    let output = push();
    let text = said(&output);
    assert!(text.contains("GL-HOOK-ERR: abatis: push refused") && !pair.has(&bad), "{text}");
    assert_eq!(abatis(&pair, &["doctor", "--server", "."]).0, Some(0));
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

/// `ABATIS_STATIC` names a program that was linked statically (docs/server.md): it is run in a root that holds
/// nothing but itself and the repository, behind a real push.
#[cfg(target_os = "linux")]
#[test]
fn a_static_program_needs_nothing_beside_it() {
    let Some(program) = std::env::var_os("ABATIS_STATIC") else {
        println!("SKIPPED: ABATIS_STATIC names no program");
        return;
    };
    let root = Repo::outside();
    let top = root.path().display().to_string();
    fs::copy(program, root.path().join("abatis")).unwrap();
    let mut probe = root.command("chroot");
    let probe = probe.arg(root.path()).args(["/abatis", "--version"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: the root cannot be changed here, or the program needs something");
        return;
    }
    root.git(&["init", "-q", "--bare", "server.git"]);
    let hook = format!(
        "for name in GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_QUARANTINE_PATH; do\n\
         eval \"value=\\$$name\"; eval \"$name=\\${{value#'{top}'}}\"; export $name; done\n\
         exec env -u HOME -u PATH GIT_DIR=/server.git /usr/sbin/chroot '{top}' /abatis pre-receive"
    );
    script(&root.path().join("server.git/hooks/pre-receive"), &hook);
    let client = Repo::new();
    let url = format!("{top}/server.git");
    let push = || client.try_git(&["push", &url, "main"]);
    client.commit_files("one", &[("a.txt", "a\n")]);
    let output = push();
    assert!(output.status.success(), "{}", said(&output));
    let bad = client.commit_files("two", &[("b.txt", &secret(1))]);
    let output = push();
    assert!(
        said(&output).contains("abatis: push refused") && said(&output).contains("b.txt:1"),
        "{}",
        said(&output)
    );
    assert!(!root.try_git(&["--git-dir", &url, "cat-file", "-e", &bad]).status.success());
    for number in 0..120 {
        client.commit_files("many", &[("b.txt", &format!("{number}\n"))]);
    }
    let output = push();
    assert!(said(&output).contains("abatis: push refused"), "{}", said(&output));
}
