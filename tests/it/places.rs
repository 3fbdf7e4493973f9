//! One secret in each place that is easily forgotten, in stores of every shape: found, and told with the right
//! commit, days and references. Real git, made secrets.

use std::fs;

use serde_json::Value;

use crate::{
    exposure::{History, START, token},
    support::Repo,
};

/// What must be told of one token.
struct Place {
    what: &'static str,
    path: String,
    state: &'static str,
    since: Option<String>,
    removed: Option<String>,
    days: Option<i64>,
    /// Some of the references; those with it at their tip end in `*`.
    refs: &'static [&'static str],
}

/// Secrets in names and addresses of people, messages, headers, names of files, indexes that are stashed, and
/// objects that references lead to without a commit.
fn hide(history: &History) -> Vec<Place> {
    let repo = &history.0;
    let mut places = Vec::new();
    let mut put = |what, path: &str, state, since: Option<&str>, days, refs| {
        let since = since.map(str::to_owned);
        places.push(Place { what, path: path.to_owned(), state, since, removed: None, days, refs });
    };
    let as_person = |day: i64, variable: &str, value: &str, arguments: &[&str]| {
        let date = format!("{} +0000", START + day * 86_400 + 3600);
        let mut command = repo.command("git");
        command.env("GIT_COMMITTER_DATE", &date).env("GIT_AUTHOR_DATE", &date).env(variable, value);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    history.commit(0, &[("x", Some("x")), ("mixed.txt", Some("1\n2\n3\n"))]);
    let empty = ["commit", "-q", "--allow-empty", "-m", "by"];
    for (day, number, what, variable) in [
        (1, 40, "name of an author", "GIT_AUTHOR_NAME"),
        (2, 41, "address of an author", "GIT_AUTHOR_EMAIL"),
        (3, 42, "name of a committer", "GIT_COMMITTER_NAME"),
        (4, 43, "address of a committer", "GIT_COMMITTER_EMAIL"),
    ] {
        as_person(day, variable, &token(number), &empty);
        put(what, "COMMIT_EDITMSG", "open", Some(&history.id("HEAD")), Some(100 - day), &["refs/heads/main"]);
    }
    for (day, number, what, variable, name, told) in [
        (5, 44, "name of a tagger", "GIT_COMMITTER_NAME", "v1", &["refs/tags/v1*"]),
        (6, 45, "address of a tagger", "GIT_COMMITTER_EMAIL", "v2", &["refs/tags/v2*"]),
    ] {
        as_person(day, variable, &token(number), &["tag", "-a", "-m", "t", name]);
        put(what, "TAG_EDITMSG", "open", Some(&history.id(name)), Some(100 - day), told);
    }
    history.on(7, &["tag", "-a", "-m", &token(46), "inner"]);
    history.on(8, &["tag", "-a", "-m", "of a tag", "outer", "inner"]);
    put("inner tag", "TAG_EDITMSG", "open", Some(&history.id("inner")), Some(93), &["refs/tags/inner*"]);
    let path = format!("keys/{}.txt", token(47));
    let named = history.commit(9, &[(&path, Some("nothing"))]);
    put("name of a file", "", "open", Some(&named), Some(91), &["refs/heads/main*"]);
    let folder = format!("a/{}/b.txt", token(48));
    let named = history.commit(10, &[(&folder, Some("nothing"))]);
    put("name of a folder", "", "removed", Some(&named), Some(2), &["refs/heads/main"]);
    let gone = history.commit(12, &[(&folder, None)]);
    places.last_mut().unwrap().removed = Some(gone);
    let mut put = |what, path: &str, state, since: Option<&str>, days, refs| {
        let since = since.map(str::to_owned);
        places.push(Place { what, path: path.to_owned(), state, since, removed: None, days, refs });
    };
    // Of several stashes references lead to the last one only; the index of a stash holds what its working tree has not.
    repo.write("mixed.txt", format!("1\n2\n3\n{}\n", token(49)));
    history.on(13, &["stash", "push", "-q"]);
    put("older stash", "mixed.txt", "unreachable", Some(&history.id("stash")), None, &[]);
    repo.stage("mixed.txt", format!("1\n{}\n2\n3\n", token(50)));
    repo.write("mixed.txt", "1\n2\n3\nother\n");
    history.on(14, &["stash", "push", "-q"]);
    let index = history.id("stash^2");
    put("index of a stash", "mixed.txt", "", Some(&index), None, &["refs/stash"]);
    let blob = |number: usize| repo.git_input(&["hash-object", "-w", "--stdin"], token(number).as_bytes());
    let one = blob(51);
    repo.git(&["update-ref", "refs/blobs/one", &one]);
    put("reference to a blob", &one, "open", None, None, &["refs/blobs/one*"]);
    let two = blob(52);
    let tree = repo.git_input(&["mktree"], format!("100644 blob {two}\tin a tree.txt\n").as_bytes());
    repo.git(&["update-ref", "refs/trees/one", &tree]);
    put("reference to a tree", "in a tree.txt", "open", None, None, &["refs/trees/one*"]);
    let three = blob(53);
    history.on(16, &["tag", "-a", "-m", "of a blob", "of-blob", &three]);
    put("tag of a blob", &three, "open", None, None, &["refs/tags/of-blob*"]);
    // Objects that nothing leads to, not even a log.
    let tree = history.id("HEAD^{tree}");
    let date = format!("{} +0000", START + 17 * 86_400);
    let mut command = repo.command("git");
    command.env("GIT_COMMITTER_DATE", &date).args(["commit-tree", "-m", &token(54), &tree]);
    let lost = String::from_utf8(command.output().unwrap().stdout).unwrap();
    put("lost commit", "COMMIT_EDITMSG", "unreachable", Some(lost.trim()), None, &[]);
    let head = history.id("HEAD");
    let text = format!(
        "object {head}\ntype commit\ntag lost\ntagger T <t@example.invalid> {date}\n\n{}\n",
        token(55)
    );
    let lost = repo.git_input(&["mktag"], text.as_bytes());
    put("lost tag", "TAG_EDITMSG", "unreachable", Some(&lost), None, &[]);
    // A merge of a tag keeps the text of the tag in its header.
    let side = history.id("HEAD~1");
    let text = format!(
        "tree {tree}\nparent {head}\nparent {side}\nauthor A <a@example.invalid> {date}\n\
         committer C <c@example.invalid> {date}\nmergetag object {side}\n type commit\n tag gone\n \
         tagger T <t@example.invalid> {date}\n \n {}\nencoding ISO-8859-1\nnote {}\n\nmerged\n",
        token(56),
        token(57)
    );
    let merge = repo.git_input(&["hash-object", "-w", "-t", "commit", "--stdin"], text.as_bytes());
    repo.git(&["reset", "-q", "--hard", &merge]);
    put("merged tag", "COMMIT_EDITMSG", "open", Some(&merge), None, &["refs/heads/main*"]);
    put("other header", "COMMIT_EDITMSG", "open", Some(&merge), None, &["refs/heads/main*"]);
    places
}

/// Fails with the names of those places that are not told as they should be.
fn check(step: &str, report: &Value, places: &[Place]) {
    let mut wrong = Vec::new();
    for (number, place) in (40..).zip(places) {
        let exposures = report["exposures"].as_array().unwrap();
        // Values are not told: a token is known by what surrounds it in the list.
        let fits = |one: &&Value| {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let refs = one["refs"].as_array().unwrap().iter().map(|one| {
                format!(
                    "{}{}",
                    one["name"].as_str().unwrap(),
                    if one["tip"] == Value::Bool(true) { "*" } else { "" }
                )
            });
            let refs: Vec<String> = refs.collect();
            let has = |name: &&str| refs.iter().any(|one| one == name || one.trim_end_matches('*') == *name);
            (place.path.is_empty() || one["paths"][0]["path"] == place.path.as_str())
                && (place.state.is_empty() || one["state"] == place.state)
                && (place.since.is_none() || text(&one["since"]["commit"]) == place.since)
                && text(&one["removed"]["commit"]) == place.removed
                && (place.days.is_none() || one["days"].as_i64() == place.days)
                && place.refs.iter().all(has)
        };
        if !exposures.iter().any(|one| fits(&one)) {
            wrong.push(format!("{number} {}", place.what));
        }
    }
    assert!(wrong.is_empty(), "{step}: {wrong:#?}\n{:#}", report["exposures"]);
    assert_eq!(
        report["exposures"].as_array().unwrap().len(),
        places.len(),
        "{step}: {:#}",
        report["exposures"]
    );
    for number in 40..60 {
        assert!(!report.to_string().contains(&token(number)), "{step}: {number} is told in clear");
    }
}

#[test]
fn places_that_are_easily_forgotten() {
    for format in ["sha1", "sha256"] {
        let history = History(Repo::init(&[&format!("--object-format={format}")]));
        let places = hide(&history);
        for step in ["loose", "packed", "kept"] {
            match step {
                "packed" => drop(history.0.git(&["repack", "-q", "-a", "-d", "--cruft"])),
                "kept" => {
                    for pack in packs(&history.0) {
                        fs::write(pack.with_extension("keep"), "").unwrap();
                    }
                    history.0.git(&["multi-pack-index", "write"]);
                }
                _ => {}
            }
            for options in [&[][..], &["--no-delta"]] {
                let output = history.run(&[&["--format", "json"], options].concat());
                let report: Value = serde_json::from_slice(&output.stdout)
                    .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
                check(&format!("{format}, {step}, {options:?}"), &report, &places);
                assert_eq!(output.status.code(), Some(1));
            }
        }
    }
}

fn packs(repo: &Repo) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(repo.path().join(".git/objects/pack")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "pack")).collect()
}
