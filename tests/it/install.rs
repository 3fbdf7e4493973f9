//! Hooks as people have them: installed beside others, run by real git, taken away without a trace.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::support::{Repo, github_token, make_executable, succeed};

fn token() -> String {
    github_token(0)
}

fn leak() -> String {
    format!("token = \"{}\"\n", token())
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn install(repo: &Repo, arguments: &[&str]) -> String {
    text(&succeed(repo.abatis().arg("install").args(arguments)))
}

#[track_caller]
fn uninstall(repo: &Repo, arguments: &[&str]) -> String {
    text(&succeed(repo.abatis().arg("uninstall").args(arguments)))
}

/// Tries to commit what is staged in `folder`, with hooks.
fn try_commit(repo: &Repo, folder: &Path) -> Output {
    repo.command("git").current_dir(folder).args(["commit", "-q", "-m", "change"]).output().unwrap()
}

#[track_caller]
fn check_blocked(repo: &Repo, folder: &Path) {
    let before = repo.try_git(&["rev-parse", "-q", "--verify", "HEAD"]).stdout;
    let output = try_commit(repo, folder);
    assert!(!output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("github-pat"), "{}", text(&output));
    assert!(!text(&output).contains(&token()), "{}", text(&output));
    assert_eq!(repo.try_git(&["rev-parse", "-q", "--verify", "HEAD"]).stdout, before);
}

#[track_caller]
fn check_passes(repo: &Repo, folder: &Path) {
    let output = try_commit(repo, folder);
    assert!(output.status.success(), "{}", text(&output));
}

/// All files of a folder with their content and whether they may be run.
fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>, bool)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.clone(), fs::read(&path).unwrap_or_default(), is_executable(&path)));
            }
        }
    }
    files.sort();
    files
}

fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    path.exists()
}

/// The folder of the program under test, for hooks that look on PATH.
fn path_with_program() -> std::ffi::OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_abatis")).parent().unwrap().to_owned();
    let old = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(program).chain(std::env::split_paths(&old))).unwrap()
}

/// A `git` in front of the real one that says it is `version`, and lists our hook.
fn fake_git(repo: &Repo, version: &str) -> std::ffi::OsString {
    let folder = repo.beside("fake-bin");
    fs::create_dir_all(&folder).unwrap();
    let real = succeed(repo.command("sh").args(["-c", "command -v git"])).stdout;
    let real = String::from_utf8_lossy(&real).trim().to_owned();
    let script = format!(
        "#!/bin/sh\n[ \"$1\" != version ] || {{ echo 'git version {version}'; exit 0; }}\nexec '{real}' \"$@\"\n"
    );
    fs::write(folder.join("git"), script).unwrap();
    make_executable(&folder.join("git"));
    let old = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&old))).unwrap()
}

/// The same repository with a global configuration that can be written.
fn with_global(repo: &Repo, command: &mut Command) -> Output {
    let global = repo.home().join("gitconfig");
    if !global.exists() {
        fs::write(&global, "[user]\n\tname = A\n").unwrap();
    }
    command.env("GIT_CONFIG_GLOBAL", global).output().unwrap()
}

mod blocking {
    use super::*;

    #[test]
    fn a_commit_with_a_token_is_stopped_anywhere() {
        let repo = Repo::new();
        install(&repo, &[]);
        repo.stage("a.txt", leak());
        check_blocked(&repo, repo.path());
        repo.stage("a.txt", "clean\n");
        check_passes(&repo, repo.path());
        repo.stage("sub dir/b.txt", leak());
        check_blocked(&repo, &repo.path().join("sub dir"));
    }

    #[test]
    fn in_a_linked_worktree() {
        let repo = Repo::new();
        repo.commit_files("first", &[("a.txt", "a\n")]);
        let other = repo.beside("other tree");
        repo.git(&["worktree", "add", "-q", "-b", "side", &other.to_string_lossy()]);
        succeed(repo.abatis().current_dir(&other).arg("install"));
        fs::write(other.join("b.txt"), leak()).unwrap();
        repo.git_in(&other, &["add", "b.txt"]);
        check_blocked(&repo, &other);
        repo.stage("c.txt", leak());
        check_blocked(&repo, repo.path());
    }

    #[test]
    fn in_a_submodule() {
        let inner = Repo::new();
        inner.commit_files("first", &[("a.txt", "a\n")]);
        let repo = Repo::new();
        repo.git(&[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "add",
            "-q",
            &inner.path().to_string_lossy(),
            "sub",
        ]);
        let sub = repo.path().join("sub");
        succeed(repo.abatis().current_dir(&sub).arg("install"));
        fs::write(sub.join("b.txt"), leak()).unwrap();
        repo.git_in(&sub, &["add", "b.txt"]);
        check_blocked(&repo, &sub);
    }

    #[test]
    fn with_spaces_and_quotes_in_the_path() {
        let repo = Repo::outside();
        let top = repo.path().join("it's a \"place\" $HOME");
        fs::create_dir(&top).unwrap();
        repo.git_in(&top, &["init", "-q"]);
        succeed(repo.abatis().current_dir(&top).arg("install"));
        fs::write(top.join("b.txt"), leak()).unwrap();
        repo.git_in(&top, &["add", "b.txt"]);
        check_blocked(&repo, &top);
    }

    #[test]
    fn with_the_short_path_of_a_desktop() {
        let repo = Repo::new();
        install(&repo, &[]);
        repo.stage("a.txt", leak());
        let git = succeed(repo.command("sh").args(["-c", "command -v git"])).stdout;
        let git = PathBuf::from(String::from_utf8_lossy(&git).trim());
        let short =
            std::env::join_paths([git.parent().unwrap(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let output = repo.command(git).env("PATH", short).args(["commit", "-qm", "x"]).output().unwrap();
        assert!(text(&output).contains("github-pat"), "{}", text(&output));
        assert!(!output.status.success());
    }

    #[test]
    fn a_message_with_a_token_is_stopped() {
        let repo = Repo::new();
        install(&repo, &["commit-msg"]);
        repo.stage("a.txt", "clean\n");
        let message = format!("use {}", token());
        let output = repo.try_git(&["commit", "-q", "-m", &message]);
        assert!(!output.status.success(), "{}", text(&output));
        assert!(text(&output).contains("github-pat"), "{}", text(&output));
    }

    #[test]
    fn a_merge_is_stopped_only_for_what_is_in_no_parent() {
        let repo = Repo::new();
        repo.commit_files("first", &[("a.txt", "a\n")]);
        repo.git(&["checkout", "-q", "-b", "other"]);
        repo.commit_files("known", &[("b.txt", &leak())]);
        repo.git(&["checkout", "-q", "main"]);
        repo.commit_files("more", &[("c.txt", "c\n")]);
        install(&repo, &["pre-merge-commit"]);
        repo.git(&["merge", "-q", "-m", "merge", "other"]);
    }

    #[test]
    fn without_the_program_nothing_is_committed() {
        let repo = Repo::new();
        install(&repo, &["pre-commit"]);
        let hook = repo.path().join(".git/hooks/pre-commit");
        let script = fs::read_to_string(&hook).unwrap();
        let lines: Vec<_> = script
            .lines()
            .map(|line| if line.starts_with("abatis=") { "abatis='/nowhere/abatis'" } else { line })
            .collect();
        fs::write(&hook, lines.join("\n")).unwrap();
        repo.stage("a.txt", "clean\n");
        let output = try_commit(&repo, repo.path());
        assert!(!output.status.success());
        assert!(
            text(&output).contains("abatis: not found, so pre-commit checked nothing"),
            "{}",
            text(&output)
        );
        let path = path_with_program();
        succeed(repo.command("git").env("PATH", path).args(["commit", "-qm", "found on PATH"]));
    }
}

mod files {
    use super::*;

    #[test]
    fn again_changes_nothing_and_uninstall_leaves_nothing() {
        let repo = Repo::new();
        let hooks = repo.path().join(".git");
        let before = snapshot(&hooks);
        let dry = install(&repo, &["--dry-run"]);
        assert!(dry.contains("would write"), "{dry}");
        assert_eq!(snapshot(&hooks), before);
        install(&repo, &[]);
        let after = snapshot(&hooks);
        assert_ne!(after, before);
        assert!(install(&repo, &[]).contains("already installed"));
        assert_eq!(snapshot(&hooks), after);
        uninstall(&repo, &["--dry-run"]);
        assert_eq!(snapshot(&hooks), after);
        uninstall(&repo, &[]);
        assert_eq!(snapshot(&hooks), before);
        assert!(uninstall(&repo, &[]).contains("nothing of abatis"));
    }

    #[test]
    fn a_hook_that_was_there_runs_after_ours() {
        let repo = Repo::new();
        let hook = repo.hook("pre-commit", "echo \"theirs $# $0\" >> ran.log\n[ ! -e fail ] || exit 7");
        let before = snapshot(&repo.path().join(".git/hooks"));
        install(&repo, &["pre-commit"]);
        repo.stage("a.txt", leak());
        check_blocked(&repo, repo.path());
        assert!(!repo.path().join("ran.log").exists(), "theirs must not run when ours stops the commit");
        repo.stage("a.txt", "clean\n");
        check_passes(&repo, repo.path());
        assert!(String::from_utf8(repo.read("ran.log")).unwrap().starts_with("theirs 0 "));
        repo.stage("a.txt", "clean 2\n");
        repo.write("fail", "");
        assert!(!try_commit(&repo, repo.path()).status.success());
        // git gives 1 for any failing hook; the hook itself keeps its code.
        assert_eq!(repo.command(&hook).status().unwrap().code(), Some(7));
        install(&repo, &["pre-commit"]);
        uninstall(&repo, &[]);
        assert_eq!(snapshot(&repo.path().join(".git/hooks")), before);
    }

    #[test]
    fn a_hook_that_was_switched_off_stays_off() {
        let repo = Repo::new();
        let hook = repo.hook("pre-commit", "echo ran >> ran.log");
        let plain = repo.write("plain", fs::read(&hook).unwrap());
        fs::remove_file(&hook).unwrap();
        fs::rename(plain, &hook).unwrap();
        if is_executable(&hook) {
            return;
        }
        let said = install(&repo, &["pre-commit"]);
        assert!(said.contains("not executable"), "{said}");
        repo.stage("a.txt", "clean\n");
        check_passes(&repo, repo.path());
        assert!(!repo.path().join("ran.log").exists());
    }

    #[test]
    fn arguments_reach_the_hook_behind() {
        let repo = Repo::new();
        repo.hook("commit-msg", "cp \"$1\" seen.txt");
        install(&repo, &["commit-msg"]);
        repo.stage("a.txt", "clean\n");
        check_passes(&repo, repo.path());
        assert_eq!(repo.read("seen.txt"), b"change\n");
    }

    #[test]
    fn two_hooks_behind_are_refused() {
        let repo = Repo::new();
        repo.hook("pre-commit", "true");
        repo.hook("pre-commit.abatis-chained", "true # another one");
        let before = snapshot(&repo.path().join(".git/hooks"));
        let output = repo.abatis().args(["install", "pre-commit"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert_eq!(snapshot(&repo.path().join(".git/hooks")), before);
    }

    #[test]
    fn unknown_hooks_and_no_repository_are_refused() {
        let repo = Repo::new();
        let output = repo.abatis().args(["install", "post-commit"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output).contains("it knows pre-commit, commit-msg"), "{}", text(&output));
        let outside = Repo::outside();
        let output = outside.abatis().arg("install").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output).contains("no git repository"), "{}", text(&output));
    }
}

mod beside_others {
    use super::*;

    #[test]
    fn a_shared_folder_names_no_path_of_this_machine() {
        let repo = Repo::new();
        repo.config("core.hooksPath", ".githooks");
        let said = install(&repo, &["pre-commit"]);
        assert!(said.contains("commit what changes there"), "{said}");
        let hook = String::from_utf8(repo.read(".githooks/pre-commit")).unwrap();
        assert!(!hook.contains(&*repo.path().to_string_lossy()) && !hook.contains("target"), "{hook}");
        repo.stage("sub/a.txt", leak());
        let output = repo
            .command("git")
            .current_dir(repo.path().join("sub"))
            .env("PATH", path_with_program())
            .args(["commit", "-qm", "x"])
            .output()
            .unwrap();
        assert!(text(&output).contains("github-pat"), "{}", text(&output));
    }

    #[test]
    fn an_absolute_folder_and_one_under_home() {
        for value in ["ABSOLUTE", "~/my hooks"] {
            let repo = Repo::new();
            let folder = repo.home().join("my hooks");
            repo.config("core.hooksPath", &value.replace("ABSOLUTE", &folder.to_string_lossy()));
            install(&repo, &["pre-commit"]);
            assert!(folder.join("pre-commit").is_file(), "{value}");
            repo.stage("a.txt", leak());
            check_blocked(&repo, repo.path());
            uninstall(&repo, &[]);
            assert!(!folder.join("pre-commit").exists());
        }
    }

    #[test]
    fn a_folder_for_all_repositories_is_not_written_to_by_the_way() {
        let repo = Repo::new();
        let folder = repo.home().join("all hooks");
        let global = repo.home().join("gitconfig");
        fs::write(&global, format!("[core]\n\thooksPath = \"{}\"\n", folder.display())).unwrap();
        let output = with_global(&repo, repo.abatis().arg("install"));
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output).contains("abatis install --global"), "{}", text(&output));
        assert!(!folder.exists());
        assert!(with_global(&repo, repo.abatis().args(["install", "--global"])).status.success());
        assert!(folder.join("pre-commit").is_file());
        assert!(with_global(&repo, repo.abatis().args(["uninstall", "--global"])).status.success());
        assert!(!folder.join("pre-commit").exists());
    }

    /// The folder that husky 9 makes, in our own words.
    fn husky(repo: &Repo) {
        repo.write(".husky/_/h", "s=\"${0%/_/*}/${0##*/}\"\n[ -f \"$s\" ] || exit 0\nsh -e \"$s\" \"$@\"\n");
        repo.write(".husky/_/pre-commit", "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"\n");
        make_executable(&repo.path().join(".husky/_/pre-commit"));
        repo.config("core.hooksPath", ".husky/_");
    }

    #[test]
    fn husky_calls_us_from_its_own_files() {
        for content in [None, Some("echo theirs >> ran.log\n")] {
            let repo = Repo::new();
            husky(&repo);
            if let Some(content) = content {
                repo.write(".husky/pre-commit", content);
            }
            let before = snapshot(&repo.path().join(".husky"));
            install(&repo, &["pre-commit"]);
            install(&repo, &["pre-commit"]);
            repo.stage("a.txt", leak());
            let commit = || {
                let mut command = repo.command("git");
                command.env("PATH", path_with_program()).args(["commit", "-qm", "x"]).output().unwrap()
            };
            assert!(text(&commit()).contains("github-pat"));
            assert!(!repo.path().join("ran.log").exists());
            repo.stage("a.txt", "clean\n");
            let output = commit();
            assert!(output.status.success(), "{}", text(&output));
            assert_eq!(repo.path().join("ran.log").exists(), content.is_some());
            uninstall(&repo, &[]);
            assert_eq!(snapshot(&repo.path().join(".husky")), before);
        }
    }

    #[test]
    fn husky_gives_the_lines_of_a_push_to_us_and_to_others() {
        for content in [None, Some("cat >> seen.log\n")] {
            let (server, repo) = (Repo::bare(), Repo::new());
            husky(&repo);
            repo.write(".husky/_/pre-push", "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"\n");
            make_executable(&repo.path().join(".husky/_/pre-push"));
            if let Some(content) = content {
                repo.write(".husky/pre-push", content);
            }
            let before = snapshot(&repo.path().join(".husky"));
            install(&repo, &["pre-push"]);
            install(&repo, &["pre-push"]);
            repo.git(&["remote", "add", "origin", server.path().to_str().unwrap()]);
            let push = || {
                let mut command = repo.command("git");
                command.env("PATH", path_with_program()).args(["push", "origin", "main", "main:other"]);
                command.output().unwrap()
            };
            repo.commit_files("clean", &[("a.txt", "clean\n")]);
            let output = push();
            assert!(output.status.success(), "{}", text(&output));
            let seen = fs::read_to_string(repo.path().join("seen.log")).unwrap_or_default();
            assert_eq!(seen.lines().count(), if content.is_some() { 2 } else { 0 }, "{seen}");
            repo.commit_files("not", &[("a.txt", &leak())]);
            let output = push();
            assert!(!output.status.success() && text(&output).contains("github-pat"), "{}", text(&output));
            uninstall(&repo, &[]);
            assert_eq!(snapshot(&repo.path().join(".husky")), before);
        }
    }

    #[test]
    fn the_pre_commit_framework_before_and_after_us() {
        let framework = "echo framework >> ran.log\nl=\"$(dirname \"$0\")/pre-commit.legacy\"\n\
                         [ ! -x \"$l\" ] || \"$l\" \"$@\" || exit 1";
        let repo = Repo::new();
        repo.hook("pre-commit", framework);
        install(&repo, &["pre-commit"]);
        repo.stage("a.txt", leak());
        check_blocked(&repo, repo.path());
        assert!(!repo.path().join("ran.log").exists());

        let repo = Repo::new();
        install(&repo, &["pre-commit"]);
        let hooks = repo.path().join(".git/hooks");
        fs::rename(hooks.join("pre-commit"), hooks.join("pre-commit.legacy")).unwrap();
        repo.hook("pre-commit", framework);
        repo.stage("a.txt", leak());
        check_blocked(&repo, repo.path());
        let said = install(&repo, &["pre-commit"]);
        assert!(said.contains("already installed, runs before"), "{said}");
        check_blocked(&repo, repo.path());
        uninstall(&repo, &[]);
        assert!(!hooks.join("pre-commit.legacy").exists() && hooks.join("pre-commit").exists());
    }

    #[test]
    fn the_pre_commit_framework_before_us_and_again_after_us() {
        let framework = "[ -z \"$LEGACY\" ] || exit 5\nLEGACY=1; export LEGACY\nl=\"$(dirname \"$0\")/pre-commit.legacy\"\n\
                         [ ! -x \"$l\" ] || \"$l\" \"$@\" || exit 1";
        let repo = Repo::new();
        repo.hook("pre-commit", framework);
        let hooks = repo.path().join(".git/hooks");
        let before = snapshot(&hooks);
        install(&repo, &["pre-commit"]);
        fs::rename(hooks.join("pre-commit"), hooks.join("pre-commit.legacy")).unwrap();
        repo.hook("pre-commit", framework);
        repo.stage("a.txt", "clean\n");
        check_passes(&repo, repo.path());
        repo.stage("a.txt", leak());
        check_blocked(&repo, repo.path());
        uninstall(&repo, &[]);
        assert_eq!(snapshot(&hooks), before);
    }

    #[test]
    fn lefthook_makes_its_files_again() {
        let theirs = |version: u8| {
            format!("# version {version}\ncall_lefthook() {{ true; }}\ncall_lefthook run pre-commit")
        };
        let repo = Repo::new();
        let hook = repo.hook("pre-commit", &theirs(1));
        let hooks = repo.path().join(".git/hooks");
        install(&repo, &["pre-commit"]);
        assert!(hooks.join("pre-commit.abatis-chained").exists());
        // It moves what it did not make out of the way, and calls it no more.
        fs::rename(&hook, hooks.join("pre-commit.old")).unwrap();
        repo.hook("pre-commit", &theirs(2));
        let before = fs::read(&hook).unwrap();
        install(&repo, &["pre-commit"]);
        assert!(!hooks.join("pre-commit.old").exists(), "lefthook would stop here the next time");
        assert_eq!(fs::read(hooks.join("pre-commit.abatis-chained")).unwrap(), before);
        repo.stage("a.txt", leak());
        check_blocked(&repo, repo.path());
        fs::rename(&hook, hooks.join("pre-commit.old")).unwrap();
        repo.hook("pre-commit", &theirs(2));
        uninstall(&repo, &[]);
        let left =
            snapshot(&hooks).into_iter().filter(|(path, ..)| path.to_string_lossy().contains("pre-commit"));
        let left: Vec<_> = left.filter(|(path, ..)| !path.to_string_lossy().ends_with(".sample")).collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(fs::read(&hook).unwrap(), before);
    }

    #[test]
    fn git_with_hooks_in_its_configuration() {
        let repo = Repo::new();
        let before = snapshot(&repo.path().join(".git"));
        let path = fake_git(&repo, "2.54.0");
        let run = |arguments: &[&str]| text(&succeed(repo.abatis().env("PATH", &path).args(arguments)));
        run(&["install"]);
        assert_eq!(repo.git(&["config", "--local", "hook.abatis-pre-commit.event"]), "pre-commit");
        assert_eq!(repo.git(&["config", "--local", "hook.abatis-commit-msg.event"]), "commit-msg");
        assert!(!repo.path().join(".git/hooks/pre-commit").exists());
        assert!(run(&["install"]).contains("already installed"));
        // The way git runs it: the value, with the hook's arguments behind it.
        let command = repo.git(&["config", "--local", "hook.abatis-pre-commit.command"]);
        repo.stage("a.txt", leak());
        let output =
            repo.command("sh").args(["-c", &format!("{command} \"$@\""), &command]).output().unwrap();
        assert!(text(&output).contains("github-pat"), "{}", text(&output));
        run(&["uninstall"]);
        let keys = repo.try_git(&["config", "--local", "--get-regexp", "^hook"]);
        assert_eq!(text(&keys), "");
        run(&["install", "--files", "pre-commit"]);
        assert!(repo.path().join(".git/hooks/pre-commit").is_file());
        run(&["uninstall"]);
        repo.git(&["rm", "-q", "--cached", "a.txt"]);
        let hooks = |files: Vec<(PathBuf, Vec<u8>, bool)>| -> Vec<_> {
            files
                .into_iter()
                .filter(|(path, ..)| path.ends_with("config") || path.parent().unwrap().ends_with("hooks"))
                .collect()
        };
        assert_eq!(hooks(snapshot(&repo.path().join(".git"))), hooks(before));
        let path = fake_git(&repo, "2.53.9");
        succeed(repo.abatis().env("PATH", &path).arg("install"));
        assert!(repo.path().join(".git/hooks/pre-commit").is_file());
    }

    #[test]
    fn for_every_repository_of_a_user() {
        let repo = Repo::new();
        repo.hook("pre-commit", "echo own >> ran.log");
        repo.hook("post-commit", "echo after >> ran.log");
        let before = fs::read(repo.home().join("gitconfig")).ok();
        let output = with_global(&repo, repo.abatis().args(["install", "--global"]));
        assert!(output.status.success(), "{}", text(&output));
        repo.stage("a.txt", leak());
        let commit = || with_global(&repo, repo.command("git").args(["commit", "-qm", "x"]));
        let output = commit();
        assert!(text(&output).contains("github-pat"), "{}", text(&output));
        assert!(!repo.path().join("ran.log").exists());
        repo.stage("a.txt", "clean\n");
        let output = commit();
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(repo.read("ran.log"), b"own\nafter\n");
        let output = with_global(&repo, repo.abatis().arg("install"));
        assert!(text(&output).contains("already installed for every repository"), "{}", text(&output));

        repo.git(&["worktree", "add", "-q", "../tree"]);
        let other = repo.beside("tree");
        fs::write(other.join("b.txt"), "clean\n").unwrap();
        repo.git_in(&other, &["add", "b.txt"]);
        let output = with_global(&repo, repo.command("git").current_dir(&other).args(["commit", "-qm", "x"]));
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(fs::read(other.join("ran.log")).unwrap(), b"own\nafter\n");

        let output = with_global(&repo, repo.abatis().args(["uninstall", "--global"]));
        assert!(output.status.success(), "{}", text(&output));
        assert!(!repo.home().join(".local/share/abatis/hooks").exists());
        let after = fs::read(repo.home().join("gitconfig")).unwrap();
        assert_eq!(String::from_utf8_lossy(&after), "[user]\n\tname = A\n");
        assert_eq!(before, None);
    }

    #[test]
    fn for_repositories_to_come() {
        let repo = Repo::outside();
        let output = with_global(&repo, repo.abatis().args(["install", "--template"]));
        assert!(output.status.success(), "{}", text(&output));
        let top = repo.beside("later");
        with_global(&repo, repo.command("git").args(["init", "-q", &top.to_string_lossy()]));
        fs::write(top.join("a.txt"), leak()).unwrap();
        repo.git_in(&top, &["add", "a.txt"]);
        check_blocked(&repo, &top);
        let output = with_global(&repo, repo.abatis().args(["uninstall", "--template"]));
        assert!(output.status.success(), "{}", text(&output));
        assert!(!repo.home().join(".local/share/abatis/template").exists());
    }
}

mod bypass {
    use super::*;

    fn commit(repo: &Repo, reason: &str) -> Output {
        repo.command("git").env("ABATIS_SKIP", reason).args(["commit", "-qm", "x"]).output().unwrap()
    }

    #[test]
    fn a_bypass_is_loud_and_written_down() {
        let repo = Repo::new();
        repo.config("user.email", "ann@example.invalid");
        install(&repo, &["pre-commit"]);
        repo.stage("a.txt", leak());
        let output = commit(&repo, "the key\nis revoked");
        assert!(output.status.success(), "{}", text(&output));
        let said = text(&output);
        assert!(said.contains("SKIPPED pre-commit: 1 staged file was not scanned"), "{said}");
        assert!(said.contains("a.txt") && said.contains("the key is revoked"), "{said}");
        let log = String::from_utf8(repo.read(".git/abatis/bypass.log")).unwrap();
        let fields: Vec<_> = log.trim_end().split('\t').collect();
        assert_eq!(fields[1..], ["ann@example.invalid", "pre-commit", "-", "the key is revoked"], "{log}");
        repo.stage("b.txt", leak());
        commit(&repo, "once more");
        let log = String::from_utf8(repo.read(".git/abatis/bypass.log")).unwrap();
        assert_eq!(log.lines().count(), 2, "{log}");
    }

    #[test]
    fn a_bypass_of_a_push_names_the_references() {
        let repo = Repo::new();
        repo.commit_files("one", &[("a.txt", &leak())]);
        repo.git(&["branch", "other"]);
        repo.stage("b.txt", "staged, and not pushed\n");
        let remote = Repo::bare();
        let url = remote.path().to_str().unwrap();
        install(&repo, &["pre-push"]);
        let push = |reason: &str| {
            let mut git = repo.command("git");
            git.env("ABATIS_SKIP", reason).args(["push", "-q", url, "main", "other"]).output().unwrap()
        };
        let said = text(&push("1"));
        assert!(said.contains("the reason is missing"), "{said}");
        let output = push("the key is revoked");
        let said = text(&output);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("SKIPPED pre-push: 2 references were not scanned"), "{said}");
        assert!(said.contains("not scanned: refs/heads/other") && !said.contains("b.txt"), "{said}");
    }

    #[test]
    fn a_bypass_needs_a_reason() {
        let repo = Repo::new();
        install(&repo, &["pre-commit"]);
        repo.stage("a.txt", leak());
        for reason in ["", " ", "1", "yes"] {
            let output = commit(&repo, reason);
            assert!(!output.status.success(), "{reason:?}");
        }
        assert!(text(&commit(&repo, "1")).contains("the reason is missing"));
        assert!(!repo.path().join(".git/abatis/bypass.log").exists());
    }

    #[test]
    fn a_bypass_can_be_forbidden() {
        let repo = Repo::new();
        repo.write(".abatis.toml", "schema = 1\n[hook]\nallow-bypass = false\n");
        install(&repo, &["pre-commit"]);
        repo.stage("a.txt", leak());
        let output = commit(&repo, "the key is revoked");
        assert!(!output.status.success() && text(&output).contains("allow-bypass"), "{}", text(&output));
    }
}

mod doctor {
    use super::*;

    /// Runs doctor, which must leave everything as it was.
    #[track_caller]
    fn check(repo: &Repo, folder: &Path, code: i32, says: &str) {
        let before = snapshot(&repo.path().join(".git"));
        let output = repo.abatis().current_dir(folder).arg("doctor").output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(says), "{says}:\n{said}");
        let after = snapshot(&repo.path().join(".git"));
        let names =
            |files: &[(PathBuf, Vec<u8>, bool)]| files.iter().map(|file| file.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(&after), names(&before));
        assert!(after == before, "a file changed");
    }

    #[test]
    fn a_hook_that_works_is_proved() {
        let repo = Repo::new();
        install(&repo, &[]);
        check(&repo, repo.path(), 0, "pre-commit stops the trial");
        repo.commit_files("first", &[("sub/a.txt", "a\n")]);
        repo.stage("b.txt", "b\n");
        check(&repo, &repo.path().join("sub"), 0, "commit-msg stops the trial");
        let other = repo.beside("tree");
        repo.git(&["worktree", "add", "-q", "-b", "side", &other.to_string_lossy()]);
        check(&repo, &other, 0, "pre-commit stops the trial");
        check(&repo, repo.path(), 0, "pre-push stops the trial");
        repo.hook("pre-push", "exit 0");
        check(&repo, repo.path(), 0, "pre-push is another tool's");
    }

    #[test]
    fn no_hook() {
        let repo = Repo::new();
        check(&repo, repo.path(), 1, "pre-commit is not installed");
    }

    #[test]
    fn a_hook_of_another_tool() {
        let repo = Repo::new();
        repo.hook("pre-commit", "true");
        check(&repo, repo.path(), 1, "is another tool's, and does not call abatis");
        repo.hook("pre-commit", "exit 3");
        check(&repo, repo.path(), 1, "before abatis is reached");
    }

    #[test]
    fn a_hook_in_the_wrong_folder() {
        let repo = Repo::new();
        install(&repo, &["pre-commit"]);
        repo.config("core.hooksPath", "elsewhere");
        check(&repo, repo.path(), 1, "makes git look in");
    }

    #[cfg(unix)]
    #[test]
    fn a_hook_that_is_not_executable() {
        use std::os::unix::fs::PermissionsExt as _;
        let repo = Repo::new();
        install(&repo, &["pre-commit"]);
        let hook = repo.path().join(".git/hooks/pre-commit");
        fs::set_permissions(hook, fs::Permissions::from_mode(0o644)).unwrap();
        check(&repo, repo.path(), 1, "is not executable");
    }

    #[test]
    fn a_worktree_without_the_folder() {
        let repo = Repo::new();
        repo.config("core.hooksPath", ".githooks");
        install(&repo, &["pre-commit"]);
        repo.commit("first");
        let other = repo.beside("tree");
        repo.git(&["worktree", "add", "-q", "-b", "side", &other.to_string_lossy()]);
        let mut command = repo.abatis();
        let output = command.env("PATH", path_with_program()).arg("doctor").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output).contains("has no pre-commit hook"), "{}", text(&output));
    }

    #[test]
    fn a_configuration_that_cannot_be_used() {
        let repo = Repo::new();
        install(&repo, &["pre-commit"]);
        repo.write(".abatis.toml", "schema = 1\nnonsense = 2\n");
        check(&repo, repo.path(), 2, "nonsense");
    }

    #[test]
    fn rules_that_hide_the_token() {
        let repo = Repo::new();
        install(&repo, &["pre-commit"]);
        repo.write(".abatis.toml", "schema = 1\n[[allow]]\npaths = [\"*\"]\nreason = \"none\"\n");
        check(&repo, repo.path(), 1, "abatis itself lets the token of the trial pass");
    }
}
