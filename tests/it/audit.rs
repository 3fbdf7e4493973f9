//! `abatis audit`: all of history, as changes and as a whole, and what history says of findings.

use std::{collections::BTreeMap, fs, io::Write as _, sync::Arc, sync::Mutex};

use abatis::{
    detect::{Change, Kept, Limits, Scanner, Scratch, Subject},
    origin::{Entry, ObjectId},
    rule::{self, RuleSet},
    source::{
        Carried, Count, Delta, Problem, Skip, Source as _, Visitor,
        git::{
            environment::Environment,
            history::{Deltas, Shallow, WholeHistory},
            repo::discover,
        },
    },
    text::Fresh,
};
use serde_json::Value;

use crate::support::Repo;

/// Rules of every kind: on one line, over several lines, on names, on paths, on files.
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
id = "block"
title = "Block of lines"
risk = 1
severity = "high"
confidence = "high"
keywords = ["-----BEGIN ACME"]
pattern = '''-----BEGIN ACME-----\s{1,4}([0-9a-z\s]{8,4000}?)-----END ACME-----'''
multiline = true
help = "Revoke it."
docs = "https://example.com/"
matches = ["-----BEGIN ACME-----\n8k2j5h7x9q1z\n-----END ACME-----"]
rejects = ["-----BEGIN ACME-----"]

[[rule]]
id = "named"
title = "Password"
risk = 1
severity = "medium"
confidence = "medium"
keywords = ["passw"]
classifier = "password"
help = "Change it."
docs = "https://example.com/"
matches = ['password = "Tr0ub4dor&3"']
rejects = ['password = other']

[[rule]]
id = "debug-on"
title = "Debug mode"
risk = 3
severity = "low"
confidence = "high"
keywords = ["DEBUG"]
pattern = '''^DEBUG ?= ?(True)\b'''
paths = ["settings*.py"]
help = "Switch it off."
docs = "https://example.com/"
matches = [{ path = "settings.py", text = "DEBUG = True" }]
rejects = [{ path = "settings.py", text = "DEBUG = False" }]

[[rule]]
id = "key-file"
title = "Key file"
risk = 1
severity = "high"
confidence = "medium"
help = "Remove it."
docs = "https://example.com/"
matches = [{ path = "a/b.pem", text = "x" }]
rejects = [{ path = "a/b.txt", text = "x" }]
[rule.file]
names = ["*.pem"]
"##;

/// Pieces of lines that find something, alone or together.
const PIECES: [&str; 19] = [
    "acme_8k2j5h7x9q1z",
    "acme_",
    "8k2j5h7x9q1z",
    "\n",
    "\n",
    "\n",
    "\r\n",
    " ",
    "password = ",
    "password:\n  ",
    "\"Tr0ub4dor&3\"",
    "-----BEGIN ACME-----\n",
    "\n-----END ACME-----\n",
    "abc123 \n",
    "\nDEBUG = True\n",
    "dG9rZW4gYWNtZV84azJqNWg3eDlxMXogZW5k",
    " a%63me%5F8k2j5h7x9q1z ",
    "\"",
    "a line of no interest that is long enough to be copied\n",
];

/// Names that rules and languages treat differently.
const NAMES: [&str; 6] =
    ["a.txt", "folder/settings.py", "folder/settings.yml", "b/key.pem", "b/c/d.go", "e.md"];

/// What was found in a blob: rule, start and end of the secret.
type Found = BTreeMap<ObjectId, Vec<(u32, usize, usize)>>;

/// Scans what it is shown, and follows deltas.
struct Looker {
    scanner: Scanner,
    found: Mutex<Found>,
    problems: Mutex<Vec<Problem>>,
    inherited: Mutex<u64>,
}

impl Looker {
    fn look(&self, entry: &Entry, bytes: &[u8], fresh: &Fresh, change: Option<Change<'_>>) -> Option<Kept> {
        let subject = Subject {
            bytes,
            path: entry.origin.rule_path(),
            kind: entry.origin.kind,
            fresh,
            new_name: entry.new_name,
            executable: entry.executable,
            beside: None,
        };
        let (mut scratch, mut matches) = (Scratch::default(), Vec::new());
        let kept = match change {
            None => {
                self.scanner.scan(subject, &mut scratch, &mut matches);
                None
            }
            Some(change) => self.scanner.scan_change(subject, change, &mut scratch, &mut matches).1,
        };
        let spans = matches.iter().map(|one| (one.rule, one.span.start, one.span.end)).collect();
        let before = self.found.lock().unwrap().insert(entry.origin.object.unwrap(), spans);
        assert!(before.is_none(), "{entry:?} is shown twice");
        kept
    }
}

impl Visitor for Looker {
    fn wants(&self, _: &Entry) -> bool {
        true
    }

    fn content(&self, entry: &Entry, bytes: &[u8], fresh: &Fresh) {
        self.look(entry, bytes, fresh, None);
    }

    fn delta(&self, entry: &Entry, bytes: &[u8], delta: &Delta<'_>) -> Option<Carried> {
        let base = delta.base.and_then(|base| base.downcast_ref::<Kept>());
        *self.inherited.lock().unwrap() += u64::from(base.is_some());
        let kept = self.look(
            entry,
            bytes,
            delta.fresh,
            Some(Change { base, copies: delta.copies, base_bytes: delta.base_bytes, counted: delta.fresh }),
        )?;
        Some(Box::new(kept))
    }

    fn skipped(&self, _: &Entry, _: Skip) {}

    fn problem(&self, problem: Problem) {
        self.problems.lock().unwrap().push(problem);
    }

    fn count(&self, _: Count, _: u64) {}

    fn cancelled(&self) -> bool {
        false
    }
}

/// All that is found, the number of contents that had a base, and problems.
fn find(repo: &Repo, deltas: Deltas) -> (Found, u64, Vec<Problem>) {
    let rules = rule::read_pack("made.toml", PACK).unwrap().into_iter().map(std::borrow::Cow::Owned);
    let looker = Looker {
        scanner: Scanner::new(Arc::new(RuleSet::new(rules.collect(), Vec::new())), Limits::default()),
        found: Mutex::default(),
        problems: Mutex::default(),
        inherited: Mutex::default(),
    };
    let repo = discover(repo.path(), &Environment::default()).unwrap();
    WholeHistory::new(repo, deltas, Shallow::Report).visit(&looker).unwrap();
    let Looker { found, problems, inherited, .. } = looker;
    (found.into_inner().unwrap(), inherited.into_inner().unwrap(), problems.into_inner().unwrap())
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

/// Commits that put pieces in, take them out, move them and rename files.
fn import(repo: &Repo, seed: u64, commits: usize) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
    let piece = |dice: &mut Dice| PIECES[dice.roll(PIECES.len())];
    let mut files: Vec<Vec<&str>> =
        (0..NAMES.len()).map(|_| (0..dice.roll(150)).map(|_| piece(&mut dice)).collect()).collect();
    let mut stream = Vec::new();
    for commit in 0..commits {
        writeln!(stream, "commit refs/heads/main").unwrap();
        writeln!(stream, "committer C <c@example.invalid> {} +0000", 1_700_000_000 + commit).unwrap();
        writeln!(stream, "data 10\nchange {commit:03}").unwrap();
        if dice.roll(6) == 0 {
            let one = dice.roll(files.len());
            files[one] = files[dice.roll(NAMES.len())].clone();
        }
        for (place, pieces) in files.iter_mut().enumerate() {
            for _ in 0..dice.roll(4) {
                let at = dice.roll(pieces.len() + 1);
                match dice.roll(3) {
                    0 | 1 => pieces.insert(at, piece(&mut dice)),
                    _ if at < pieces.len() => drop(pieces.remove(at)),
                    _ => pieces.rotate_left(at / 2),
                }
            }
            let content = pieces.concat();
            writeln!(stream, "M 100644 inline {}\ndata {}", NAMES[place], content.len()).unwrap();
            stream.extend(content.as_bytes());
            stream.push(b'\n');
        }
    }
    repo.git_input(&["fast-import", "--quiet", "--force"], &stream);
}

/// So many commits are entered in parts at the same time, if there are threads for it: that must show nowhere.
#[test]
fn long_histories_are_told_alike_on_one_thread_and_on_several() {
    let repo = Repo::bare();
    let mut dice = Dice(5);
    // By path. Contents come back under other names and in other folders, and go.
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut stream = Vec::new();
    for commit in 0..13_000 {
        writeln!(
            stream,
            "commit refs/heads/main\ncommitter C <c@example.invalid> {} +0000",
            1_600_000_000 + commit
        )
        .unwrap();
        writeln!(stream, "data 1\nx").unwrap();
        let (folder, name) = (dice.roll(6), dice.roll(9));
        let path = format!("d{folder}/{}/f{name}.{}", dice.roll(3), ["txt", "env", "py"][name % 3]);
        let content = match dice.roll(8) {
            0 => {
                writeln!(stream, "D {path}").unwrap();
                files.remove(&path);
                continue;
            }
            1 | 2 if !files.is_empty() => files.values().nth(dice.roll(files.len())).unwrap().clone(),
            3 => format!("token = {}\n# {commit}\n", crate::support::github_token(dice.roll(12) as u8)),
            _ => format!("line {}\n", dice.roll(400)),
        };
        writeln!(stream, "M 100644 inline {path}\ndata {}\n{content}", content.len()).unwrap();
        files.insert(path, content);
    }
    repo.git_input(&["fast-import", "--quiet", "--force"], &stream);
    let (code, alone) = audit_with_all(&repo, &["--threads", "1"]);
    assert_eq!(code, Some(1));
    assert_eq!(alone["receipt"]["commits"], 13_000);
    assert!(alone["findings"].as_array().unwrap().len() > 20);
    assert_eq!(audit_with_all(&repo, &["--threads", "4"]).1, alone);
}

#[test]
fn changes_and_wholes_find_the_same() {
    for seed in 1..=12 {
        let repo = Repo::bare();
        import(&repo, seed, 40);
        let mut whole = None;
        // As changes of each other in the pack, and each as a whole, which is compared with others of its path.
        for window in ["--window=20", "--window=0"] {
            repo.git(&["repack", "-q", "-adf", "--depth=50", window]);
            let whole = whole.get_or_insert_with(|| {
                let (whole, _, problems) = find(&repo, Deltas::Ignore);
                assert_eq!(problems, []);
                whole
            });
            let (changed, inherited, _) = find(&repo, Deltas::Follow);
            assert!(
                inherited > 50 && whole.values().map(Vec::len).sum::<usize>() > 500,
                "seed {seed}, {window}: {inherited}"
            );
            for (id, spans) in &*whole {
                assert_eq!(Some(spans), changed.get(id), "seed {seed}, {window}, blob {id}: `git show {id}`");
            }
            assert_eq!(whole.len(), changed.len());
        }
    }
}

/// A document's structure and its lines may tell the same value: then one of them speaks, however it was read.
#[test]
fn a_value_that_structure_and_lines_tell_is_told_once() {
    let repo = Repo::new();
    let block = |lines: usize, name: &str| {
        let value = ["Super", "Secret", "Passw0rd"].concat();
        let more: String = (0..lines).map(|line| format!("# line {line}\n")).collect();
        format!(
            "resource \"aws_directory_service_directory\" \"bar\" {{\n  name = \"{name}.example.com\"\n  password = \"{value}\"\n  type = \"MicrosoftAD\"\n}}\n{more}"
        )
    };
    at(&repo, 0, "one", &[("main.tf", &block(200, "one"))]);
    at(&repo, 1, "two", &[("main.tf", &block(210, "two"))]);
    repo.git(&["repack", "-q", "-adf"]);
    let (_, whole) = audit_with_all(&repo, &["--no-delta"]);
    let (_, changed) = audit_with_all(&repo, &[]);
    assert_eq!(lines(&changed), lines(&whole));
    // Older versions are judged by their lines.
    let tip: Vec<String> =
        lines(&whole).into_iter().filter(|one| one.contains("password main.tf tip")).collect();
    assert_eq!(tip.len(), 1, "{tip:?}");
    assert!(tip[0].starts_with("iac-literal-password"), "{tip:?}");
}

/// A token in the form that [`PACK`] knows.
pub(crate) fn token(number: usize) -> String {
    let random = ["2h6x9c4v7b1n", "8k2j5h7x9q1z", "3m9t4w8b2n6c", "7p4v1s6d9f3g", "5r2y8u4i7o1k"];
    format!("{}_{}", "acme", random[number])
}

/// Runs `abatis audit` with the rules of [`PACK`]; exit code, and the report as JSON.
pub(crate) fn audit(repo: &Repo, options: &[&str]) -> (Option<i32>, Value) {
    audit_with_all(repo, &[&["--no-default-rules"], options].concat())
}

/// As [`audit`], with the built-in rules as well.
pub(crate) fn audit_with_all(repo: &Repo, options: &[&str]) -> (Option<i32>, Value) {
    let pack = repo.beside("made.toml");
    fs::write(&pack, PACK).unwrap();
    let mut command = repo.abatis();
    command.args(["audit", "--format", "json", "--rules"]).arg(pack).args(options);
    let output = command.output().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    (output.status.code(), report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}

/// `RULE PATH PRESENCE COMMIT` of each finding.
pub(crate) fn lines(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|one| {
            let history = &one["history"];
            let words = [&one["rule"], &one["path"], &history["presence"], &history["since"]["commit"]];
            words.map(text).join(" ")
        })
        .collect()
}

pub(crate) fn at(repo: &Repo, seconds: usize, message: &str, files: &[(&str, &str)]) -> String {
    for (path, content) in files {
        repo.stage(path, content);
    }
    let date = format!("{} +0000", 1_700_000_000 + seconds);
    let mut command = repo.command("git");
    command.env("GIT_COMMITTER_DATE", &date).args(["commit", "-q", "--allow-empty", "-m", message]);
    assert!(command.status().unwrap().success());
    repo.git(&["rev-parse", "HEAD"])
}

#[test]
fn a_file_told_by_its_name_is_told_since_any_of_its_contents_was_there() {
    let repo = Repo::new();
    at(&repo, 0, "one", &[("a/key.pem", "first\n")]);
    at(&repo, 10, "two", &[("a/key.pem", "second\n")]);
    // What was second there is first here, and has come in elsewhere.
    let third = at(&repo, 20, "three", &[("b/key.pem", "second\n")]);
    at(&repo, 30, "four", &[("b/key.pem", "third\n")]);
    let second = repo.git(&["rev-parse", &format!("{third}:b/key.pem")]);
    for options in [&[][..], &["--no-delta"]] {
        let (_, report) = audit(&repo, options);
        let found = report["findings"].as_array().unwrap();
        let found = found.iter().find(|one| one["path"] == "b/key.pem").unwrap();
        let history = &found["history"];
        let told = [&found["commit"], &found["object"], &history["since"]["commit"], &history["presence"]];
        assert_eq!(told.map(|it| it.as_str().unwrap()), [&third, &second, &third, "tip"], "{options:?}");
    }
}

#[test]
fn findings_know_since_when_and_whether_they_are_still_there() {
    let repo = Repo::new();
    let (removed, kept, lost, said) = (token(1), token(2), token(3), token(4));
    let filler: String = (0..50).map(|line| format!("line {line}\n")).collect();
    let first =
        at(&repo, 0, "one", &[("a.txt", &format!("{filler}{removed}\n")), ("settings.py", "DEBUG = True\n")]);
    for version in 1..20 {
        let content = format!("{version}\n{filler}{removed}\n");
        at(&repo, version, "more", &[("a.txt", &content), ("settings.py", "")]);
    }
    let second = at(&repo, 20, "two", &[("a.txt", &filler), ("folder/b.txt", &kept)]);
    let third = at(&repo, 21, &format!("say {said}"), &[("settings.py", "\nDEBUG = True\n")]);
    repo.git(&["checkout", "-q", "-b", "gone"]);
    let dangling = at(&repo, 22, "lost", &[("lost.txt", &lost)]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["branch", "-q", "-D", "gone"]);
    let expected = [
        format!("acme-token COMMIT_EDITMSG tip {third}"),
        format!("acme-token a.txt past {first}"),
        format!("acme-token folder/b.txt tip {second}"),
        format!("acme-token lost.txt unreachable {dangling}"),
        format!("debug-on settings.py tip {first}"),
    ];
    for packed in [false, true] {
        if packed {
            // What nothing reaches stays loose; the rest is made of deltas.
            repo.git(&["repack", "-q", "-adf"]);
        }
        for options in [&[][..], &["--no-delta"], &["--threads", "1"], &["--memory", "1M"]] {
            let (code, report) = audit(&repo, options);
            let mut found = lines(&report);
            found.sort();
            assert_eq!(found, expected, "{options:?}, packed: {packed}");
            assert_eq!(code, Some(1));
            assert_eq!(report["receipt"]["commits"].as_u64(), Some(23));
        }
    }
    let output = repo.abatis().args(["audit", "--rules"]).arg(repo.beside("made.toml")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("since 2023-11-14 by A U Thor"), "{text}");
}

#[test]
fn a_cut_off_history_is_incomplete_unless_allowed() {
    let origin = Repo::new();
    for number in 0..3 {
        at(&origin, number, "more", &[("a.txt", &token(number))]);
    }
    let url = format!("file://{}", origin.path().display());
    let repo = Repo::clone_of(&url, &["--depth=1"]);
    let (code, report) = audit(&repo, &[]);
    assert_eq!((code, lines(&report).len()), (Some(2), 1));
    let (code, _) = audit(&repo, &["--allow-shallow"]);
    assert_eq!(code, Some(1));
}

#[test]
fn what_is_missing_is_named_and_the_rest_is_read() {
    let repo = Repo::new();
    at(&repo, 0, "one", &[("a.txt", "nothing"), ("b.txt", &token(1))]);
    let id = repo.git(&["rev-parse", "HEAD:a.txt"]);
    fs::remove_file(repo.path().join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    let (code, report) = audit(&repo, &[]);
    assert_eq!((code, lines(&report).len()), (Some(2), 1));
    assert!(report.to_string().contains(&id), "{report}");
}

#[test]
fn an_empty_repository_and_none_at_all() {
    let repo = Repo::bare();
    assert_eq!(audit(&repo, &[]).0, Some(0));
    let output = Repo::outside().abatis().arg("audit").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// A token that no other place has.
pub(crate) fn numbered(number: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut dice = Dice((number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let random: String = (0..12).map(|_| char::from(LETTERS[dice.roll(LETTERS.len())])).collect();
    format!("{}_{random}", "acme")
}

/// A place that keeps text: path, presence, and the commit that brought it in.
pub(crate) type Hidden = (String, &'static str, Option<String>);

/// Puts a token in every place of a repository that keeps text.
pub(crate) fn hide_everywhere(repo: &Repo) -> Vec<Hidden> {
    let mut places = Vec::new();
    let head = || Some(repo.git(&["rev-parse", "HEAD"]));
    let mut put =
        |path: &str, presence, since: Option<String>| places.push((path.to_owned(), presence, since));
    let first = at(repo, 0, "one", &[("tip.txt", &numbered(1)), ("same.txt", "1\n2\n3\n4\n5\n6\n7\n8\n")]);
    put("tip.txt", "tip", head());
    at(repo, 1, &format!("say {}", numbered(2)), &[]);
    put("COMMIT_EDITMSG", "past", head());
    let mut author = repo.command("git");
    author.env("GIT_AUTHOR_NAME", numbered(3)).args(["commit", "-q", "--allow-empty", "-m", "by"]);
    assert!(author.status().unwrap().success());
    put("COMMIT_EDITMSG", "tip", head());
    repo.git(&["tag", "-a", "v1", "-m", &numbered(4)]);
    put("TAG_EDITMSG", "tip", Some(repo.git(&["rev-parse", "v1"])));
    repo.git(&["notes", "add", "-m", &numbered(5), &first]);
    put(&first, "tip", Some(repo.git(&["rev-parse", "refs/notes/commits"])));
    repo.stage_blob("120000", "link", numbered(6));
    repo.stage("packed.txt.gz", gzip(numbered(7).as_bytes()));
    repo.stage("b/key.pem", "only here");
    repo.stage("large.bin", pointer(repo, &numbered(8)));
    repo.commit("more");
    repo.git(&["checkout", "-q", "-f"]);
    for path in ["link", "packed.txt.gz", "large.bin"] {
        put(path, "tip", head());
    }
    repo.git(&["checkout", "-q", "-b", "side", "HEAD~1"]);
    at(repo, 5, "side", &[("side.txt", "nothing")]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-commit", "--no-ff", "side"]);
    at(repo, 6, "merge", &[("merged.txt", &numbered(9))]);
    put("merged.txt", "tip", head());
    repo.write("same.txt", format!("1\n2\n3\n4\n{}\n5\n6\n7\n8\n", numbered(10)));
    repo.write("untracked.txt", numbered(11));
    repo.git(&["stash", "push", "-q", "-u"]);
    put("same.txt", "tip", Some(repo.git(&["rev-parse", "stash"])));
    put("untracked.txt", "tip", Some(repo.git(&["rev-parse", "stash^3"])));
    at(repo, 7, "lost", &[("lost.txt", &numbered(12))]);
    put("lost.txt", "tip", head());
    repo.git(&["update-ref", "refs/pull/1/head", "HEAD"]);
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    at(repo, 8, "undone", &[("undone.txt", &numbered(13))]);
    put("undone.txt", "unreachable", head());
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let dangling = repo.git_input(&["hash-object", "-w", "--stdin"], numbered(14).as_bytes());
    put(dangling.trim(), "unreachable", None);
    let linked = repo.beside("linked");
    repo.git(&["worktree", "add", "-q", "--detach", linked.to_str().unwrap()]);
    fs::write(linked.join("linked.txt"), numbered(15)).unwrap();
    repo.git_in(&linked, &["add", "linked.txt"]);
    repo.git_in(&linked, &["commit", "-q", "-m", "linked"]);
    put("linked.txt", "tip", Some(repo.git_in(&linked, &["rev-parse", "HEAD"])));
    places
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// Puts an object in the LFS store, and gives the pointer to it.
pub(crate) fn pointer(repo: &Repo, content: &str) -> String {
    let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    let folder = repo.path().join(".git/lfs/objects").join(&oid[..2]).join(&oid[2..4]);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(oid), content).unwrap();
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {}\n", content.len())
}

/// Compares the dates of a report with what git says of the commits.
fn dates_are_those_of_git(repo: &Repo, report: &Value) {
    let mut compared = 0;
    for since in report["findings"].as_array().unwrap().iter().map(|one| &one["history"]["since"]) {
        let Some(id) = since["commit"].as_str() else { continue };
        if repo.git(&["cat-file", "-t", id]) == "commit" {
            assert_eq!(since["time"].to_string(), repo.git(&["show", "-s", "--format=%ct", id]), "{id}");
            compared += 1;
        }
    }
    assert!(compared >= 12, "{compared}");
}

#[test]
fn what_a_name_tells_is_told_at_each_path() {
    let repo = Repo::new();
    let first = at(&repo, 0, "one", &[("a/key.pem", "the same"), ("a/x.txt", "nothing")]);
    let second = at(&repo, 1, "two", &[("b/key.pem", "the same")]);
    // A folder that is the same altogether, and a path that it has no more.
    repo.stage("c/d/key.pem", "the same");
    repo.stage("c/d/x.txt", "nothing");
    let third = at(&repo, 2, "three", &[]);
    repo.git(&["rm", "-q", "-r", "b"]);
    at(&repo, 3, "four", &[]);
    let expected = [
        format!("key-file a/key.pem tip {first}"),
        format!("key-file b/key.pem past {second}"),
        format!("key-file c/d/key.pem tip {third}"),
    ];
    for options in [&[][..], &["--no-delta"], &["--incremental"], &["--incremental"]] {
        let (_, report) = audit(&repo, options);
        assert_eq!(lines(&report), expected, "{options:?}");
        assert_eq!(report["exposures"].as_array().unwrap().len(), 3, "{report}");
    }
    // What comes later is found on the short way as on the long one.
    for (number, path) in [(4, "e/key.pem"), (5, "f/key.pem")] {
        at(&repo, number, "more", &[(path, if number == 4 { "the same" } else { "another" })]);
        let (_, whole) = audit(&repo, &[]);
        let (_, now) = audit(&repo, &["--incremental"]);
        assert_eq!(
            (lines(&now), now["exposures"].to_string()),
            (lines(&whole), whole["exposures"].to_string())
        );
    }
}

#[test]
fn every_place_that_keeps_text_is_read() {
    let repo = Repo::new();
    let places = hide_everywhere(&repo);
    for step in ["loose", "cruft", "several packs"] {
        match step {
            "cruft" => {
                repo.git(&["repack", "-q", "-a", "-d", "--cruft"]);
            }
            "several packs" => {
                at(&repo, 9, "again", &[("again.txt", "nothing")]);
                repo.git(&["repack", "-q", "-d"]);
                repo.git(&["multi-pack-index", "write"]);
            }
            _ => {}
        }
        for options in [&[][..], &["--no-delta"]] {
            let (code, report) = audit(&repo, options);
            let found = lines(&report);
            assert_eq!(code, Some(1), "{report}");
            for (path, presence, since) in &places {
                let line = format!("acme-token {path} {presence} {}", since.as_deref().unwrap_or("-"));
                assert!(found.contains(&line), "{step}: {line} in {found:#?}");
            }
            dates_are_those_of_git(&repo, &report);
            let said = found.iter().filter(|one| one.starts_with("acme-token COMMIT_EDITMSG")).count();
            assert_eq!(said, 2, "{step}: a message and an author: {found:#?}");
            assert!(found.iter().any(|one| one.starts_with("key-file b/key.pem tip")), "{step}: {found:#?}");
        }
    }
}

#[test]
fn stores_of_other_kinds_are_read() {
    let sha256 = Repo::sha256();
    at(&sha256, 0, "one", &[("a.txt", &token(1))]);
    at(&sha256, 1, "two", &[("a.txt", "")]);
    sha256.git(&["repack", "-q", "-adf"]);
    let (code, report) = audit(&sha256, &[]);
    assert_eq!((code, lines(&report).len()), (Some(1), 1), "{report}");

    let origin = Repo::new();
    at(&origin, 0, "one", &[("a.txt", &token(2))]);
    let shared = Repo::clone_of(origin.path().to_str().unwrap(), &["--shared", "--bare"]);
    let (code, report) = audit(&shared, &[]);
    assert_eq!((code, lines(&report).len()), (Some(1), 1), "{report}");
}

#[test]
fn a_pack_that_is_damaged_in_the_middle_still_tells_what_can_be_read() {
    let repo = Repo::new();
    let mut dice = Dice(7);
    let files: Vec<(String, String)> = (0..60)
        .map(|number| {
            let noise: String = (0..400).map(|_| format!("{:x}\n", dice.roll(1 << 30))).collect();
            (format!("f{number}.txt"), format!("{noise}{}\n", numbered(number)))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    at(&repo, 0, "all", &files);
    repo.git(&["repack", "-q", "-adf"]);
    let packs = repo.path().join(".git/objects/pack");
    let pack = fs::read_dir(packs).unwrap().map(|entry| entry.unwrap().path());
    let pack = pack.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "pack")).unwrap();
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2000].fill(0x55);
    fs::remove_file(&pack).unwrap();
    fs::write(&pack, bytes).unwrap();
    let (code, report) = audit(&repo, &[]);
    let found = lines(&report).len();
    assert_eq!(code, Some(2), "{report}");
    assert!((40..60).contains(&found), "{found}");
    let problems = report["problems"].as_array().unwrap();
    assert!(problems.iter().any(|problem| problem.to_string().contains("cannot be read")), "{problems:?}");
}

#[test]
fn every_name_of_a_content_is_asked_about() {
    let repo = Repo::new();
    let content = "a line that nobody would take for a key\n";
    at(&repo, 0, "one", &[("notes.txt", content), ("settings.py.old", "DEBUG = True\n")]);
    let second = at(&repo, 1, "two", &[("keys/server.pem", content), ("settings.py", "DEBUG = True\n")]);
    for packed in [false, true] {
        if packed {
            repo.git(&["repack", "-q", "-adf"]);
        }
        for options in [&[][..], &["--no-delta"]] {
            let (_, report) = audit(&repo, options);
            let mut found = lines(&report);
            found.sort();
            let expected = [
                format!("debug-on settings.py tip {second}"),
                format!("key-file keys/server.pem tip {second}"),
            ];
            assert_eq!(found, expected, "{report}");
        }
    }
}

#[test]
fn a_partial_clone_is_incomplete_unless_allowed() {
    let origin = Repo::new();
    for number in 0..30 {
        at(&origin, number, "more", &[(&format!("f{number}.txt"), &numbered(number))]);
    }
    origin.config("uploadpack.allowFilter", "true");
    let url = format!("file://{}", origin.path().display());
    let repo = Repo::clone_of(&url, &["--filter=blob:none", "--no-checkout"]);
    let (code, report) = audit(&repo, &[]);
    assert_eq!((code, lines(&report).len()), (Some(2), 0));
    let problems = report["problems"].to_string();
    assert!(problems.contains("10 more objects") && problems.contains("partial clone"), "{problems}");
    // What has been fetched since is in a pack of its own, and is read.
    repo.git(&["checkout", "-q", "HEAD", "--", "f7.txt"]);
    let (code, report) = audit(&repo, &[]);
    assert_eq!((code, lines(&report).len()), (Some(2), 1));
    let (code, report) = audit(&repo, &["--allow-missing"]);
    assert_eq!((code, lines(&report).len()), (Some(1), 1));
    assert_eq!(report["problems"], serde_json::json!([]));
    assert!(report["warnings"].to_string().contains("more objects"), "{report}");
}

#[test]
fn kept_packs_are_read_and_what_a_fetch_left_half_done_is_told() {
    let repo = Repo::new();
    let noise: String = (0..60).map(|line| format!("line {line} {}\n", numbered(line + 100))).collect();
    at(&repo, 0, "one", &[("a.txt", &format!("{noise}{}\n", token(1)))]);
    repo.git(&["repack", "-q", "-adf"]);
    let packs = repo.path().join(".git/objects/pack");
    let pack = fs::read_dir(&packs).unwrap().map(|entry| entry.unwrap().path());
    let pack = pack.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "pack")).unwrap();
    fs::write(pack.with_extension("keep"), "").unwrap();
    let first = repo.git(&["rev-parse", "HEAD"]);
    at(&repo, 1, "two", &[("a.txt", &format!("{noise}{}\n{}\n", token(1), token(2)))]);
    // A pack whose bases are elsewhere, without an index, as an interrupted fetch may leave it.
    let mut command = repo.command("git");
    command.args(["pack-objects", "--thin", "--revs", "--stdout", "-q"]);
    let bytes = crate::support::feed(&mut command, format!("main\n^{first}\n").as_bytes()).stdout;
    assert!(bytes.starts_with(b"PACK"));
    let ids = ["HEAD", "HEAD^{tree}", "HEAD:a.txt"].map(|name| repo.git(&["rev-parse", name]));
    for id in ids {
        fs::remove_file(repo.path().join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    }
    fs::write(packs.join(format!("pack-{}.pack", "0".repeat(40))), bytes).unwrap();
    fs::write(packs.join("tmp_pack_x1"), "not whole").unwrap();
    let (code, report) = audit(&repo, &[]);
    let found = lines(&report);
    assert!(found.iter().any(|one| one.starts_with("acme-token a.txt ")), "{report}");
    assert_eq!(code, Some(2), "{report}");
    assert!(report["problems"].to_string().contains("cannot be read"), "{}", report["problems"]);
    assert_eq!(audit(&repo, &["--allow-missing"]).0, Some(1));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_run_with_what_was_found() {
    use std::process::Stdio;
    let repo = Repo::bare();
    import(&repo, 3, 40);
    let mut stream = Vec::new();
    let mut dice = Dice(99);
    writeln!(stream, "commit refs/heads/large\ncommitter C <c@example.invalid> 1700000000 +0000\ndata 1\nx")
        .unwrap();
    for number in 0..4_000 {
        let text: String = (0..300).map(|_| format!("{:x} {}\n", dice.roll(1 << 30), PIECES[18])).collect();
        writeln!(stream, "M 100644 inline d{}/f{number}.txt\ndata {}", number % 50, text.len()).unwrap();
        stream.extend(text.as_bytes());
        stream.push(b'\n');
    }
    repo.git_input(&["fast-import", "--quiet", "--force"], &stream);
    let mut command = repo.abatis();
    command
        .args(["audit", "--format", "json", "--threads", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let child = command.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_000));
    let kill = repo.command("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(kill.success(), "the run was over before it could be stopped");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(report["receipt"]["unfinished"].to_string().contains("stopped"), "{}", report["receipt"]);
    assert_eq!(report["incomplete"], true);
}
