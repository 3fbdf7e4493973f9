//! What README tells people to type does what it says.
//!
//! Fenced commands that build or test abatis itself are what the gate runs; all others run here.

use std::{fs, path::Path};

use crate::support::{Repo, github_token};

/// The lines of the blocks fenced as `console`.
fn commands() -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut commands = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match line.trim_end() {
            "```console" => inside = true,
            "```" => inside = false,
            line if inside => {
                commands.push(line.split(" #").next().unwrap_or_default().trim_end().to_owned());
            }
            _ => {}
        }
    }
    commands
}

fn with_history() -> Repo {
    let repo = Repo::new();
    repo.commit_files("one", &[("deploy.sh", &format!("export TOKEN={}\n", github_token(1)))]);
    repo
}

#[test]
fn the_commands_of_readme_run() {
    let repo = with_history();
    let mut ran = 0;
    for command in commands() {
        let Some(arguments) = command.strip_prefix("abatis ") else { continue };
        let (arguments, target) = match arguments.split_once(" > ") {
            Some((arguments, target)) => (arguments, Some(target.trim())),
            None => (arguments, None),
        };
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        if arguments.iter().any(|word| word.ends_with(".git") || word.contains("…")) {
            continue;
        }
        let output = repo.abatis().args(&arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{command}: {said}");
        assert!(!said.contains(&github_token(1)), "{command}");
        if let Some(target) = target {
            assert!(!output.stdout.is_empty(), "{command}");
            repo.write(target, &output.stdout);
        }
        ran += 1;
    }
    assert!(ran >= 5, "{:?}", commands());
}

#[test]
fn the_first_command_makes_a_hook_that_blocks() {
    let set_up = commands().into_iter().find(|command| command.starts_with("cargo install")).unwrap();
    let (_, install) = set_up.split_once("&& abatis ").unwrap();
    let repo = Repo::new();
    let output = repo.abatis().args(install.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    repo.stage("deploy.sh", format!("export TOKEN={}\n", github_token(1)));
    let output = repo.try_git(&["commit", "-m", "deploy"]);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!output.status.success() && said.contains("[github-pat]"), "{said}");
    assert!(said.contains("--> deploy.sh:1:14"), "{said}");
    assert!(!said.contains(&github_token(1)), "{said}");
}

#[test]
fn every_command_of_the_table_exists() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let repo = Repo::outside();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `abatis "));
    let mut asked = 0;
    for row in rows {
        let row = row.split('`').next().unwrap_or_default();
        // A command and, if it is one alone, its part, as in `baseline create`.
        let is_name = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let names: Vec<&str> = row
            .split_whitespace()
            .take(2)
            .take_while(is_name)
            .filter(|word| !word.starts_with('-'))
            .collect();
        let name = names.join(" ");
        let output = repo.abatis().args(&names).arg("--help").output().unwrap();
        assert!(output.status.success(), "{name}");
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        for option in
            row.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| word.starts_with("--"))
        {
            assert!(help.contains(option), "{name} {option}");
        }
        asked += 1;
    }
    assert!(asked >= 8, "{asked}");
}
