//! What an audit says of the way of a secret: first commit, paths, references, removal, days. Real git, made secrets.

use std::{fs, path::PathBuf, process::Output};

use serde_json::Value;

use crate::support::Repo;

/// A rule on made tokens, one on names of files, and one that is no secret.
const PACK: &str = r##"
schema = 1
pack = "made"

[[rule]]
id = "acme-token"
title = "Acme token"
risk = 1
severity = "high"
confidence = "high"
keywords = ["acme_"]
pattern = '''\b(acme_[0-9a-z]{12})\b'''
binary = true
help = "Revoke it."
docs = "https://example.com/"
matches = ["acme_8k2j5h7x9q1z"]
rejects = ["acme_8k2j"]

[[rule]]
id = "key-file"
title = "Key file"
risk = 1
severity = "medium"
confidence = "medium"
help = "Remove it."
docs = "https://example.com/"
matches = [{ path = "a/b.pem", text = "x" }]
rejects = [{ path = "a/b.txt", text = "x" }]
[rule.file]
names = ["*.pem"]

[[rule]]
id = "debug-on"
title = "Debug mode"
risk = 3
severity = "low"
confidence = "high"
keywords = ["DEBUG"]
pattern = '''^DEBUG ?= ?(True)\b'''
help = "Switch it off."
docs = "https://example.com/"
matches = ["DEBUG = True"]
rejects = ["DEBUG = False"]
"##;

/// 2024-01-01, the day of the first commits.
pub(crate) const START: i64 = 1_704_067_200;
const DAY: i64 = 86_400;
/// The day that ages are counted to: 100 days after [`START`].
const TODAY: &str = "2024-04-10";

/// A token in the form that [`PACK`] knows, another one for each number.
pub(crate) fn token(number: usize) -> String {
    let alphabet = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let random: String = (1..13)
        .map(|place| char::from(alphabet[(number * 37 + place * place * (number % 91 + 7)) % 36]))
        .collect();
    format!("{}_{random}", "acme")
}

/// A scratch repository whose commits are made on chosen days.
pub(crate) struct History(pub(crate) Repo);

impl History {
    pub(crate) fn new() -> Self {
        Self(Repo::new())
    }

    pub(crate) fn on(&self, day: i64, arguments: &[&str]) {
        let date = format!("{} +0000", START + day * DAY + 3600);
        let mut command = self.0.command("git");
        command.env("GIT_COMMITTER_DATE", &date).env("GIT_AUTHOR_DATE", &date).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Commits `files` (`None` removes one) on a day; gives the id of the commit.
    pub(crate) fn commit(&self, day: i64, files: &[(&str, Option<&str>)]) -> String {
        for (path, content) in files {
            match content {
                Some(content) => self.0.stage(path, content),
                None => drop(self.0.git(&["rm", "-q", "-f", path])),
            }
        }
        self.on(day, &["commit", "-q", "--allow-empty", "-m", "change"]);
        self.id("HEAD")
    }

    pub(crate) fn id(&self, name: &str) -> String {
        self.0.git(&["rev-parse", name])
    }

    pub(crate) fn pack(&self) -> PathBuf {
        let pack = self.0.beside("made.toml");
        fs::write(&pack, PACK).unwrap();
        pack
    }

    pub(crate) fn run(&self, options: &[&str]) -> Output {
        let mut command = self.0.abatis();
        command.args(["audit", "--no-default-rules", "--as-of", TODAY, "--rules"]).arg(self.pack());
        command.args(options).output().unwrap()
    }

    fn audit(&self) -> Value {
        let output = self.run(&["--format", "json"]);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The one thing that is found, in short.
    fn only(&self) -> Told {
        let report = self.audit();
        let exposures = report["exposures"].as_array().cloned().unwrap_or_default();
        assert_eq!(exposures.len(), 1, "{report:#}");
        Told(exposures[0].clone())
    }
}

/// One entry of `exposures`.
struct Told(Value);

impl Told {
    fn text(&self, way: &[&str]) -> String {
        let value = way.iter().fold(&self.0, |value, key| &value[*key]);
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// `STATE since COMMIT removed COMMIT days N`.
    fn line(&self) -> (String, String, String, String) {
        let since = self.text(&["since", "commit"]);
        let removed = self.text(&["removed", "commit"]);
        (self.text(&["state"]), since, removed, self.text(&["days"]))
    }

    /// `PATH STATE TIMES` of each.
    fn paths(&self) -> Vec<String> {
        let paths = self.0["paths"].as_array().unwrap().iter();
        paths
            .map(|one| {
                format!(
                    "{} {} {}",
                    one["path"].as_str().unwrap(),
                    one["state"].as_str().unwrap(),
                    one["times"]
                )
            })
            .collect()
    }

    /// Names; those with it at their tip end in `*`.
    fn refs(&self) -> Vec<String> {
        let refs = self.0["refs"].as_array().unwrap().iter();
        refs.map(|one| {
            let tip = if one["tip"] == Value::Bool(true) { "*" } else { "" };
            format!("{}{tip}", one["name"].as_str().unwrap())
        })
        .collect()
    }
}

fn expect(told: &Told, state: &str, since: &str, removed: Option<&str>, days: Option<i64>) {
    let text = |value: Option<String>| value.unwrap_or_else(|| "null".to_owned());
    let expected = (
        state.to_owned(),
        since.to_owned(),
        text(removed.map(str::to_owned)),
        text(days.map(|days| days.to_string())),
    );
    assert_eq!(told.line(), expected, "{:#}", told.0);
}

#[test]
fn open_and_removed() {
    let history = History::new();
    let secret = token(1);
    history.commit(0, &[("b.txt", Some("nothing"))]);
    let came = history.commit(10, &[("a/b/c.txt", Some(&secret))]);
    history.commit(20, &[("a/b/c.txt", Some(&format!("more\n{secret}\n")))]);
    let told = history.only();
    expect(&told, "open", &came, None, Some(90));
    assert_eq!(
        (told.paths(), told.refs()),
        (vec!["a/b/c.txt open 1".to_owned()], vec!["refs/heads/main*".to_owned()])
    );
    assert_eq!(
        (told.text(&["since", "date"]), told.text(&["versions"])),
        ("2024-01-11".to_owned(), "2".to_owned())
    );
    assert_eq!(told.text(&["since", "author"]), "A U Thor <author@example.invalid>");
    let went = history.commit(50, &[("a/b/c.txt", Some("clean"))]);
    history.commit(60, &[("b.txt", Some("other"))]);
    let told = history.only();
    expect(&told, "removed", &came, Some(&went), Some(40));
    assert_eq!(told.refs(), ["refs/heads/main"]);
}

#[test]
fn a_file_that_is_deleted_and_comes_back() {
    let history = History::new();
    let secret = token(2);
    let first = history.commit(0, &[("a.txt", Some(&secret)), ("x", Some("x"))]);
    let gone = history.commit(5, &[("a.txt", None)]);
    expect(&history.only(), "removed", &first, Some(&gone), Some(5));
    history.on(9, &["revert", "--no-edit", "HEAD"]);
    let told = history.only();
    expect(&told, "open", &first, None, Some(100));
    assert_eq!(told.paths(), ["a.txt open 2"]);
    let again = history.commit(30, &[("a.txt", Some("clean"))]);
    expect(&history.only(), "removed", &first, Some(&again), Some(30));
}

#[test]
fn renames_and_copies_are_further_paths() {
    let history = History::new();
    let secret = token(3);
    let filler: String = (0..40).map(|line| format!("line {line}\n")).collect();
    let text = format!("{filler}{secret}\n");
    let first = history.commit(0, &[("old/name.txt", Some(&text))]);
    // The same content under another name, and in a folder that is copied as it is.
    let moved = history.commit(7, &[("old/name.txt", None), ("new/name.txt", Some(&text))]);
    history.commit(8, &[("copy/old/name.txt", Some(&text)), ("copy/new/name.txt", Some(&text))]);
    let told = history.only();
    expect(&told, "open", &first, None, Some(100));
    let expected = [
        "copy/new/name.txt open 1",
        "copy/old/name.txt open 1",
        "new/name.txt open 1",
        "old/name.txt removed 1",
    ];
    assert_eq!(told.paths(), expected);
    let old = told.0["paths"].as_array().unwrap().iter().find(|one| one["path"] == "old/name.txt").unwrap();
    assert_eq!(old["removed"]["commit"].as_str(), Some(moved.as_str()));
    history.commit(20, &[("new/name.txt", None)]);
    let last = history.commit(21, &[("copy/old/name.txt", None), ("copy/new/name.txt", None)]);
    expect(&history.only(), "removed", &first, Some(&last), Some(21));
}

#[test]
fn branches_and_merges() {
    let history = History::new();
    let secret = token(4);
    history.commit(0, &[("x", Some("x"))]);
    history.0.git(&["checkout", "-q", "-b", "side"]);
    let came = history.commit(10, &[("a.txt", Some(&secret))]);
    history.0.git(&["checkout", "-q", "main"]);
    history.commit(11, &[("y", Some("y"))]);
    let told = history.only();
    expect(&told, "open", &came, None, Some(90));
    assert_eq!(told.refs(), ["refs/heads/side*"]);
    history.on(12, &["merge", "-q", "--no-ff", "--no-edit", "side"]);
    let told = history.only();
    expect(&told, "open", &came, None, Some(90));
    assert_eq!(
        (told.paths(), told.refs()),
        (vec!["a.txt open 1".into()], vec!["refs/heads/main*".into(), "refs/heads/side*".into()])
    );
    // Removed on the side only, then the removal is merged: the commit on the side took it out.
    history.0.git(&["checkout", "-q", "side"]);
    let went = history.commit(20, &[("a.txt", None), ("z", Some("z"))]);
    let told = history.only();
    expect(&told, "open", &came, None, Some(90));
    assert_eq!(told.refs(), ["refs/heads/main*", "refs/heads/side"]);
    history.0.git(&["checkout", "-q", "main"]);
    history.commit(25, &[("y", Some("other"))]);
    history.on(30, &["merge", "-q", "--no-ff", "--no-edit", "side"]);
    expect(&history.only(), "removed", &came, Some(&went), Some(10));
}

#[test]
fn a_merge_can_bring_in_and_take_out() {
    let history = History::new();
    history.commit(0, &[("x", Some("x"))]);
    history.0.git(&["checkout", "-q", "-b", "side"]);
    history.commit(1, &[("y", Some("y"))]);
    history.0.git(&["checkout", "-q", "main"]);
    history.commit(2, &[("z", Some("z"))]);
    history.on(3, &["merge", "-q", "--no-commit", "--no-ff", "side"]);
    let secret = token(5);
    let merge = history.commit(3, &[("only.txt", Some(&secret))]);
    expect(&history.only(), "open", &merge, None, Some(97));
    // A branch that never had it is merged with its own tree: the merge takes it out.
    history.0.git(&["checkout", "-q", "-b", "clean", "HEAD^1"]);
    history.commit(4, &[("w", Some("w"))]);
    history.on(9, &["merge", "-q", "-s", "ours", "--no-edit", "main"]);
    history.0.git(&["branch", "-q", "-f", "main", "clean"]);
    let taken = history.id("HEAD");
    expect(&history.only(), "removed", &merge, Some(&taken), Some(6));
}

#[test]
fn in_a_tag_only_and_in_no_reference() {
    let history = History::new();
    history.commit(0, &[("x", Some("x"))]);
    history.0.git(&["checkout", "-q", "-b", "release"]);
    let came = history.commit(10, &[("a.txt", Some(&token(6)))]);
    history.0.git(&["tag", "-a", "-m", "first", "v1"]);
    history.0.git(&["tag", "light"]);
    let went = history.commit(40, &[("a.txt", None)]);
    let told = history.only();
    expect(&told, "open", &came, None, Some(90));
    assert_eq!(told.refs(), ["refs/tags/light*", "refs/tags/v1*", "refs/heads/release"]);
    history.0.git(&["tag", "-d", "v1", "light"]);
    expect(&history.only(), "removed", &came, Some(&went), Some(30));
    history.0.git(&["checkout", "-q", "main"]);
    history.0.git(&["branch", "-q", "-D", "release"]);
    let told = history.only();
    expect(&told, "unreachable", &came, None, None);
    assert_eq!((told.paths(), told.refs()), (vec!["a.txt unreachable 1".into()], vec![]));
}

#[test]
fn references_to_trees_and_blobs_and_the_stash() {
    let history = History::new();
    let first = history.commit(0, &[("a.txt", Some(&token(7)))]);
    let tree = history.id("HEAD^{tree}");
    let blob = history.id("HEAD:a.txt");
    history.commit(1, &[("a.txt", Some("clean"))]);
    history.0.git(&["tag", "tree", &tree]);
    history.0.git(&["tag", "blob", &blob]);
    let told = history.only();
    expect(&told, "open", &first, None, Some(100));
    assert_eq!(told.refs(), ["refs/tags/blob*", "refs/tags/tree*", "refs/heads/main"]);
    let history = History::new();
    history.commit(0, &[("a.txt", Some("clean"))]);
    history.0.write("new.txt", token(8));
    history.on(4, &["stash", "push", "-q", "--include-untracked"]);
    let told = history.only();
    assert_eq!((told.text(&["state"]), told.refs()), ("open".to_owned(), vec!["refs/stash*".to_owned()]));
}

#[test]
fn messages_names_and_settings() {
    let history = History::new();
    history.commit(0, &[("a.pem", Some("x")), ("copy.txt", Some("x")), ("settings", Some("DEBUG = True\n"))]);
    let secret = token(9);
    history.on(5, &["commit", "-q", "--allow-empty", "-m", &format!("say {secret}")]);
    let said = history.id("HEAD");
    history.commit(6, &[("a.pem", None), ("settings", Some("DEBUG = False\n"))]);
    let report = history.audit();
    let exposures = report["exposures"].as_array().unwrap();
    let lines: Vec<_> = exposures
        .iter()
        .map(|one| {
            let paths = one["paths"].as_array().unwrap().iter().map(|path| path["path"].as_str().unwrap());
            format!(
                "{} {} {}",
                one["rule"].as_str().unwrap(),
                one["state"].as_str().unwrap(),
                paths.collect::<Vec<_>>().join(",")
            )
        })
        .collect();
    // A setting of old is of no interest. The name of a file counts at its own path only.
    assert_eq!(lines, ["acme-token open COMMIT_EDITMSG", "key-file removed a.pem"]);
    assert_eq!(exposures[0]["since"]["commit"].as_str(), Some(said.as_str()));
    history.0.git(&["tag", "-a", "-m", &format!("tag {}", token(10)), "v1"]);
    let report = history.audit();
    let tag = report["exposures"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["paths"][0]["path"] == "TAG_EDITMSG")
        .unwrap();
    assert_eq!(
        (&tag["state"], &tag["refs"][0]["name"]),
        (&Value::from("open"), &Value::from("refs/tags/v1"))
    );
}

#[test]
fn a_thousand_versions_are_one_secret() {
    let repo = Repo::bare();
    let (mut stream, secret) = (String::new(), token(11));
    for version in 0..1000 {
        let text = format!("{version}\n{secret}\n");
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter C <c@example.invalid> {} +0000\ndata 1\nx\nM 100644 inline f.txt\ndata {}\n{text}\n",
            START + version * 60,
            text.len()
        ));
    }
    repo.git_input(&["fast-import", "--quiet"], stream.as_bytes());
    let history = History(repo);
    let told = history.only();
    let first = history.0.git(&["rev-list", "--max-parents=0", "main"]);
    expect(&told, "open", &first, None, Some(100));
    assert_eq!(
        (told.text(&["versions"]), told.paths()),
        ("1000".to_owned(), vec!["f.txt open 1".to_owned()])
    );
}

/// A commit of a random history: its parents, and the number of the token at each path.
struct Made {
    parents: Vec<usize>,
    has: [Option<usize>; 3],
}

/// Secrets come and go at random on two branches that are merged now and then.
#[test]
fn a_random_history_is_told_as_it_was_made() {
    const NAMES: [&str; 3] = ["a.txt", "d/b.txt", "d/e/c.txt"];
    for seed in 1..9_usize {
        let mut dice = seed * 7919;
        let mut roll = |sides: usize| {
            dice = (dice * 1_103_515_245 + 12_345) % (1 << 31);
            dice / 65_536 % sides
        };
        let repo = Repo::bare();
        let (mut stream, mut made, mut tips) = (String::new(), Vec::<Made>::new(), [None, None]);
        for commit in 0..150_usize {
            let branch = usize::from(commit > 0 && roll(4) == 0);
            let date = START + commit as i64 * DAY / 2;
            let mark = commit + 1;
            stream.push_str(&format!(
                "commit refs/heads/{}\nmark :{mark}\ncommitter C <c@example.invalid> {date} +0000\ndata 1\nx\n",
                ["main", "side"][branch]
            ));
            let mut parents: Vec<usize> = tips[branch].into_iter().collect();
            if let Some(other) = tips[1 - branch].filter(|_| roll(5) == 0 && !parents.is_empty()) {
                stream.push_str(&format!("merge :{}\n", other + 1));
                parents.push(other);
            }
            let mut has = parents.first().map_or([None; 3], |&parent| made[parent].has);
            let path = roll(NAMES.len());
            has[path] = (roll(3) > 0).then(|| roll(6));
            let text = has[path]
                .map_or_else(|| "clean".to_owned(), |number| format!("{commit}\n{}\n", token(20 + number)));
            stream.push_str(&format!("M 100644 inline {}\ndata {}\n{text}\n", NAMES[path], text.len()));
            made.push(Made { parents, has });
            tips[branch] = Some(commit);
        }
        repo.git_input(&["fast-import", "--quiet", "--export-marks=../marks"], stream.as_bytes());
        let marks = fs::read_to_string(repo.beside("marks")).unwrap();
        let id = |commit: usize| {
            let mark = format!(":{} ", commit + 1);
            marks.lines().find_map(|line| line.strip_prefix(&mark)).unwrap().to_owned()
        };
        let mut expected: Vec<String> = (0..6)
            .map(|number| model(&made, tips, number, &NAMES, &id))
            .filter(|line| !line.is_empty())
            .collect();
        let report = History(repo).audit();
        let mut told: Vec<String> = report["exposures"].as_array().unwrap().iter().map(in_short).collect();
        expected.sort();
        told.sort();
        assert_eq!(told, expected, "seed {seed}");
    }
}

/// `PATH STATE TIMES SINCE REMOVED; …` of an entry.
fn in_short(one: &Value) -> String {
    let line = |path: &Value| {
        let text = |way: [&str; 2]| path[way[0]][way[1]].as_str().unwrap_or("-").to_owned();
        let words = [path["path"].as_str().unwrap(), path["state"].as_str().unwrap()];
        format!(
            "{} {} {} {}",
            words.join(" "),
            path["times"],
            text(["since", "commit"]),
            text(["removed", "commit"])
        )
    };
    one["paths"].as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("; ")
}

/// The same, from how the history was made and by the definitions alone.
fn model(
    made: &[Made],
    tips: [Option<usize>; 2],
    number: usize,
    names: &[&str],
    id: &dyn Fn(usize) -> String,
) -> String {
    let mut lines = Vec::new();
    for (path, name) in names.iter().enumerate() {
        let has = |commit: usize| made[commit].has[path] == Some(number);
        let had = |commit: usize| {
            let mut stack = vec![commit];
            let mut seen = std::collections::BTreeSet::new();
            while let Some(commit) = stack.pop() {
                if has(commit) {
                    return true;
                }
                stack.extend(made[commit].parents.iter().filter(|parent| seen.insert(**parent)));
            }
            false
        };
        let parents = |commit: usize| made[commit].parents.iter().copied();
        let came: Vec<usize> = (0..made.len()).filter(|&it| has(it) && !parents(it).any(has)).collect();
        let Some(&first) = came.first() else { continue };
        let took_out = |commit: &usize| {
            !has(*commit)
                && parents(*commit).any(has)
                && !parents(*commit).any(|parent| !has(parent) && had(parent))
        };
        let open = tips.into_iter().flatten().any(has);
        let removed = (0..made.len()).rfind(took_out).filter(|_| !open);
        let state = if open { "open" } else { "removed" };
        let removed = removed.map_or_else(|| "-".to_owned(), id);
        lines.push(format!("{name} {state} {} {} {removed}", came.len(), id(first)));
    }
    lines.join("; ")
}

#[test]
fn every_format_tells_and_none_tells_the_secret() {
    let history = History::new();
    let secret = token(12);
    history.commit(10, &[("a.txt", Some(&secret)), ("copy.txt", Some(&secret))]);
    let went = history.commit(30, &[("a.txt", None)]);
    for (format, wanted) in [
        ("text", &["state: open for 90 days", "removed 2024-01-31", "at the tip of refs/heads/main"][..]),
        ("markdown", &["State: open for 90 days", "<!-- abatis:", "References: `at the tip of"]),
        ("csv", &["state,since,", "open,2024-01-11,"]),
        ("sarif", &["\"exposure\"", "\"days\": 90"]),
        ("gitlab", &["; open, since 2024-01-11 by A U Thor"]),
        ("json", &[went.as_str(), "\"today\": \"2024-04-10\""]),
        ("jsonl", &["\"type\":\"exposure\""]),
    ] {
        let output = history.run(&["--format", format]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        for words in wanted {
            assert!(text.contains(words), "{format} lacks {words}:\n{text}");
        }
        assert!(!text.contains(&secret), "{format}");
        assert_eq!(
            history.run(&["--format", format]).stdout,
            output.stdout,
            "{format} differs between two runs"
        );
    }
    let csv = String::from_utf8_lossy(&history.run(&["--format", "csv"]).stdout).into_owned();
    assert_eq!(csv.lines().count(), 2, "one row a secret: {csv}");
}

/// Counts of what is open: one critical place in JSON, the same in Prometheus' format and on the page.
#[test]
fn figures_agree_in_all_formats() {
    let history = History::new();
    history.commit(
        0,
        &[("a/x.txt", Some(&token(30))), ("b/y.txt", Some(&token(31))), ("z.txt", Some(&token(32)))],
    );
    history.commit(10, &[("a/x.txt", Some("clean"))]);
    history.commit(40, &[("b/y.txt", None), ("c.pem", Some("x"))]);
    let report = history.audit();
    let metrics = &report["metrics"];
    let count =
        |open: u64, removed: u64| serde_json::json!({ "open": open, "removed": removed, "unreachable": 0 });
    assert_eq!((&metrics["total"], &metrics["by_severity"]["high"]), (&count(2, 2), &count(1, 2)));
    assert_eq!((&metrics["by_path"]["a/"], &metrics["by_rule"]["key-file"]), (&count(0, 1), &count(1, 0)));
    let days = |count: u64, median: u64, p90: u64, max: u64| serde_json::json!({ "count": count, "median": median, "p90": p90, "max": max });
    assert_eq!(
        (&metrics["open_days"], &metrics["removal_days"]),
        (&days(2, 60, 100, 100), &days(2, 10, 40, 40))
    );
    let prom = String::from_utf8(history.run(&["--format", "openmetrics"]).stdout).unwrap();
    for line in [
        "abatis_secrets{severity=\"high\",state=\"open\"} 1",
        "abatis_secrets{severity=\"high\",state=\"removed\"} 2",
        "abatis_secrets{severity=\"critical\",state=\"open\"} 0",
        "abatis_open_age_seconds_bucket{severity=\"high\",le=\"31536000.0\"} 1",
        "abatis_open_age_seconds_gcount{severity=\"medium\"} 1",
        "abatis_oldest_open_seconds{severity=\"medium\"} 5184000",
        "abatis_removal_seconds{quantile=\"0.9\"} 3456000",
        "abatis_scan_commits 3",
        "abatis_scan_timestamp_seconds 1712707200",
    ] {
        assert!(prom.lines().any(|it| it == line), "{line} is not in\n{prom}");
    }
    check_openmetrics(&prom);
    let html = String::from_utf8(history.run(&["--format", "html"]).stdout).unwrap();
    for words in [
        "<b class=\"bad\">2</b><span>open, 1 of them critical or high",
        "<b>100 days</b>",
        "(90th percentile 40 days)",
    ] {
        assert!(html.contains(words), "{words}");
    }
}

/// What the specification asks of every exposition: metadata first and once, families together, `# EOF` at the end.
fn check_openmetrics(text: &str) {
    assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1);
    let mut seen = std::collections::BTreeSet::new();
    let mut family = String::new();
    let mut series = std::collections::BTreeSet::new();
    for line in text.lines().take_while(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (keyword, name, value) =
                (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            match keyword {
                "TYPE" => {
                    assert!(seen.insert(name.to_owned()), "{name} comes twice");
                    name.clone_into(&mut family);
                    let known = ["gauge", "info", "summary", "gaugehistogram"];
                    assert!(known.contains(&value), "{line}");
                }
                "UNIT" => assert!(name == family && name.ends_with(&format!("_{value}")), "{line}"),
                "HELP" => assert_eq!(name, family),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        value.parse::<f64>().unwrap();
        let bare = name.split('{').next().unwrap();
        let suffix =
            bare.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line} is not of {family}"));
        assert!(["", "_info", "_bucket", "_gcount", "_gsum", "_count", "_sum"].contains(&suffix), "{line}");
        assert!(series.insert(name.to_owned()), "{name} comes twice");
    }
}

#[test]
fn the_page_needs_no_network_and_runs_no_text() {
    let history = History::new();
    let odd = "<img src=x onerror=alert(1)>&\"'.txt";
    let secret = token(33);
    history.commit(3, &[(odd, Some(&format!("<script>x</script> {secret}\n"))), ("b.txt", Some(&secret))]);
    let html = String::from_utf8(history.run(&["--format", "html", "--show-secrets"]).stdout).unwrap();
    assert!(!html.contains(&secret), "a page is passed on");
    let policy = "content=\"default-src 'none'; style-src 'sha256-";
    assert!(html.contains(policy) && html.starts_with("<!DOCTYPE html>"));
    assert!(
        !html.contains("<img") && html.contains("&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;.txt")
    );
    assert_eq!(html.matches("<script>").count(), 1, "only our own");
    // Nothing is loaded: the only addresses are links for people.
    for word in [" src=", "<link", "@import", "url(", "style=\"", "onclick"] {
        assert!(!html.replace("src=x", "").contains(word), "{word}");
    }
    // Every element that is opened is closed.
    for element in
        ["div", "section", "dl", "table", "tbody", "tr", "td", "details", "svg", "ul", "ol", "main"]
    {
        let opened =
            html.matches(&format!("<{element}>")).count() + html.matches(&format!("<{element} ")).count();
        assert_eq!(opened, html.matches(&format!("</{element}>")).count(), "{element}");
    }
    let clean = History::new();
    clean.commit(1, &[("a.txt", Some("nothing"))]);
    let html = String::from_utf8(clean.run(&["--format", "html"]).stdout).unwrap();
    assert!(html.contains("Nothing was found") && html.contains("<b class=\"good\">0</b>"));
}

#[test]
fn a_second_run_names_the_same_entries() {
    let history = History::new();
    let (one, two) = (token(34), token(35));
    history.commit(0, &[("a.txt", Some(&one)), ("b.txt", Some(&two))]);
    let keys = || {
        let issues: Value = serde_json::from_slice(&history.run(&["--format", "gitlab"]).stdout).unwrap();
        let issues: Vec<String> = issues
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["fingerprint"].as_str().unwrap().to_owned())
            .collect();
        let markdown = String::from_utf8(history.run(&["--format", "markdown"]).stdout).unwrap();
        let mut marks: Vec<String> =
            markdown.lines().filter(|line| line.starts_with("<!-- abatis:")).map(str::to_owned).collect();
        let csv = String::from_utf8(history.run(&["--format", "csv"]).stdout).unwrap();
        let mut rows: Vec<String> =
            csv.lines().skip(1).map(|row| row.split(',').nth(14).unwrap().to_owned()).collect();
        marks.sort();
        rows.sort();
        (issues.into_iter().collect::<std::collections::BTreeSet<_>>(), marks, rows)
    };
    let before = keys();
    assert_eq!((before.0.len(), before.1.len(), before.2.len()), (2, 2, 2));
    // Moved, copied, edited and removed: still the same two entries.
    history.commit(
        5,
        &[("a.txt", None), ("moved/a.txt", Some(&format!("more\n{one}\n"))), ("copy.txt", Some(&one))],
    );
    history.commit(6, &[("b.txt", None)]);
    assert_eq!(keys(), before);
}

#[test]
fn a_rewrite_plan_is_private_and_takes_the_secrets_out() {
    let history = History::new();
    let secret = token(36);
    history.commit(0, &[("a.txt", Some(&format!("one {secret} two\n"))), ("key.pem", Some("x"))]);
    history.on(1, &["commit", "-q", "--allow-empty", "-m", &format!("say {secret}")]);
    let plan = history.0.beside("plan.txt");
    let output = history.run(&["--rewrite-plan", plan.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("HOLDS 1 SECRET IN CLEAR TEXT"), "{said}");
    assert_eq!(fs::read_to_string(&plan).unwrap(), format!("literal:{secret}==>***REMOVED***\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for path in [plan.clone(), history.0.beside("plan.txt.rotate.md")] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    let list = fs::read_to_string(history.0.beside("plan.txt.rotate.md")).unwrap();
    assert!(
        list.contains("1. high, open for 100 days: Acme token") && list.contains("- `key.pem`"),
        "{list}"
    );
    assert!(!list.contains(&secret) && !String::from_utf8_lossy(&output.stdout).contains(&secret));
    // What is there is never written over.
    let again = history.run(&["--rewrite-plan", plan.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(fs::read_to_string(&plan).unwrap(), format!("literal:{secret}==>***REMOVED***\n"));
    let tool = history.0.command("git-filter-repo").arg("--version").output();
    if !tool.is_ok_and(|output| output.status.success()) {
        eprintln!("git-filter-repo is not installed: the rewrite itself is not tried");
        return;
    }
    let clone = Repo::clone_of(&format!("file://{}", history.0.path().display()), &["--mirror"]);
    let mut command = clone.command("git-filter-repo");
    command.arg("--force").arg("--replace-text").arg(&plan).arg("--replace-message").arg(&plan);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(clone.git(&["show", "main:a.txt"]), "one ***REMOVED*** two");
    let clean = History(clone);
    let rules: Vec<Value> =
        clean.audit()["exposures"].as_array().unwrap().iter().map(|one| one["rule"].clone()).collect();
    assert_eq!(rules, ["key-file"]);
}
