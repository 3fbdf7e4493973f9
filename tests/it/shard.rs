//! `abatis audit --shard` and `abatis merge`: all parts together are the whole, byte for byte.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    exposure::{History, token},
    support::Repo,
};

/// A history with secrets in many files, renamed, removed, encoded, in messages and on branches.
fn history() -> History {
    let history = History::new();
    let filler: String = (0..60).map(|line| format!("a line of no interest, number {line}\n")).collect();
    for number in 0..24_usize {
        let path = format!("folder{}/file{number}.txt", number % 5);
        let text = format!("{number}\n{filler}{}\n{}\n", token(number % 9), token(40 + number));
        history.commit(number as i64, &[(&path, Some(&text)), ("copy/same.txt", Some(&text))]);
        if number % 4 == 3 {
            history.commit(number as i64, &[(&path, None)]);
        }
    }
    // What is judged at tips alone was there in older versions, and what a name tells is so in several folders.
    for number in 25..29 {
        let text = format!("# {number}\nDEBUG = True\n");
        history.commit(number, &[("settings", Some(&text)), ("other/settings", Some(&text))]);
    }
    history.commit(30, &[("key.pem", Some("x")), ("settings", Some("DEBUG = True\n"))]);
    history.commit(31, &[("a/key.pem", Some("x")), ("b/key.pem", Some("x"))]);
    history.0.git(&["commit", "-q", "--allow-empty", "-m", &format!("say {}", token(3))]);
    // A name that reports tell, with a secret in it.
    let author = format!("A {} <a@example.invalid>", token(50));
    history.0.git(&["commit", "-q", "--allow-empty", "-m", "change", "--author", &author]);
    history.0.git(&["tag", "v1", "HEAD~9"]);
    history.0.git(&["repack", "-q", "-adf", "--depth=50", "--window=50"]);
    history
}

fn command(history: &History, words: &[&str]) -> Command {
    let mut command = history.0.abatis();
    command.args(words).args(["--no-default-rules", "--rules"]).arg(history.pack());
    command
}

fn parts(history: &History, of: usize, options: &[&str]) -> Vec<PathBuf> {
    (1..=of)
        .map(|number| {
            let shard = format!("{number}/{of}");
            let mut command = command(history, &["audit", "--as-of", "2024-04-10", "--shard", &shard]);
            let output = command.args(options).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8(output.stdout).unwrap();
            for secret in 0..64 {
                assert!(!text.contains(&token(secret)), "a part holds a secret");
            }
            let file = history.0.beside(&format!("part-{number}.json"));
            fs::write(&file, text).unwrap();
            file
        })
        .collect()
}

fn merged(history: &History, files: &[PathBuf], format: &str) -> std::process::Output {
    let mut command = command(history, &["merge", "--format", format]);
    command.args(files).output().unwrap()
}

#[test]
fn parts_together_are_the_whole() {
    let history = history();
    for options in [&[][..], &["--no-delta"]] {
        for of in [1, 2, 5] {
            let files = parts(&history, of, options);
            for format in [
                "json",
                "jsonl",
                "text",
                "sarif",
                "csv",
                "markdown",
                "gitlab",
                "html",
                "openmetrics",
                "junit",
            ] {
                let mut all = vec!["--format", format];
                all.extend(options);
                let whole = history.run(&all);
                let joined = merged(&history, &files, format);
                assert_eq!(
                    joined.status.code(),
                    whole.status.code(),
                    "{}",
                    String::from_utf8_lossy(&joined.stderr)
                );
                let (joined, whole) =
                    (String::from_utf8_lossy(&joined.stdout), String::from_utf8_lossy(&whole.stdout));
                assert!(
                    joined == whole,
                    "{format}, {of} parts, {options:?}:\n{joined}\n-- whole --\n{whole}"
                );
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let history = history();
    let files = parts(&history, 3, &[]);
    let refused = |files: &[PathBuf], words: &str| {
        let output = merged(&history, files, "json");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(words), "{said}");
    };
    refused(&files[..2], "parts are missing: 3/3");
    refused(&[files[0].clone(), files[1].clone(), files[2].clone(), files[2].clone()], "named twice");
    let cut = history.0.beside("cut.json");
    let text = fs::read(&files[2]).unwrap();
    fs::write(&cut, &text[..text.len() / 2]).unwrap();
    refused(&[files[0].clone(), files[1].clone(), cut.clone()], "not the result of");
    fs::write(&cut, String::from_utf8(text).unwrap().replacen("\"rules\":\"", "\"rules\":\"0", 1)).unwrap();
    refused(&[files[0].clone(), files[1].clone(), cut], "other rules");
    let output = command(&history, &["audit", "--shard", "4/3"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = command(&history, &["audit", "--shard", "1/3", "--format", "sarif"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let outside = Repo::outside();
    assert_eq!(outside.abatis().args(["merge"]).args(&files).output().unwrap().status.code(), Some(2));
}

/// What the page on shards tells to run, with GNU parallel where it is installed and a loop of the shell where not.
#[cfg(unix)]
#[test]
fn the_commands_of_the_page_work() {
    let history = history();
    let abatis = env!("CARGO_BIN_EXE_abatis");
    let pack = history.pack();
    let common = format!("--no-default-rules --rules '{}'", pack.display());
    let part = format!("'{abatis}' audit {common} --shard {{}}/4 --as-of 2024-04-10 . > ../part-{{}}.json");
    let has_parallel =
        history.0.command("parallel").arg("--version").output().is_ok_and(|output| output.status.success());
    let run = if has_parallel {
        format!("parallel --will-cite -j 2 \"{}\" ::: 1 2 3 4", part.replace('"', "\\\""))
    } else {
        eprintln!("GNU parallel is not installed: a loop runs the same commands");
        format!("for number in 1 2 3 4; do {}; done", part.replace("{}", "$number"))
    };
    let script = format!(
        "set -e\n{run}\n'{abatis}' merge {common} --repo . --format html --fail-on never ../part-*.json"
    );
    let output = history.0.command("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let whole = history.run(&["--format", "html"]);
    assert!(output.stdout == whole.stdout, "{said}");
}
