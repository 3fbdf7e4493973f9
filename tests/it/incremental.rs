//! `abatis audit --incremental`, and audits of many repositories.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    audit::{at, audit, audit_with_all, hide_everywhere, lines, numbered, token},
    support::Repo,
};

/// What a report says of findings and of history, without what depends on how it came about.
fn told(report: &Value) -> (Vec<String>, String) {
    let mut found = lines(report);
    found.sort();
    (found, report["exposures"].to_string())
}

/// Contents that a run looked at.
fn contents(report: &Value) -> u64 {
    report["receipt"]["contents"].as_u64().unwrap()
}

#[test]
fn a_second_run_reads_what_came_since_and_tells_all() {
    let repo = Repo::new();
    hide_everywhere(&repo);
    for number in 0..40 {
        at(&repo, 100 + number, "more", &[("noise.txt", &format!("{number} of nothing\n"))]);
    }
    let (code, whole) = audit(&repo, &[]);
    let (first_code, first) = audit(&repo, &["--incremental"]);
    assert_eq!((told(&first), first_code), (told(&whole), code));
    let (_, again) = audit(&repo, &["--incremental"]);
    let differences = apart(whole_of(again.clone()), whole_of(whole.clone()));
    assert!(differences.is_empty(), "{differences}");
    assert_eq!(again["receipt"]["skipped"], whole["receipt"]["skipped"]);
    assert!(contents(&again) + 40 < contents(&whole), "{} {}", again["receipt"], whole["receipt"]);
    assert!(
        again["receipt"]["notes"].to_string().contains("known from an earlier look"),
        "{}",
        again["receipt"]
    );

    // One more, one less, one back, one that was nowhere, a name, a reference less, and all packed anew.
    at(
        &repo,
        200,
        "new",
        &[("new.txt", &numbered(20)), ("tip.txt", "gone"), ("settings.py", "DEBUG = True\n")],
    );
    let steps: [&dyn Fn(); 6] = [
        &|| {},
        &|| drop(repo.git(&["revert", "--no-edit", "HEAD"])),
        &|| {
            let lost = repo.git_input(&["hash-object", "-w", "--stdin"], b"nothing to see\n");
            audit(&repo, &["--incremental"]);
            repo.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{lost},id.pem")]);
            repo.commit("named");
        },
        &|| drop(repo.git(&["update-ref", "-d", "refs/pull/1/head"])),
        &|| drop(repo.git(&["checkout", "-q", "-f", "-b", "back", "HEAD~5"])),
        &|| drop(repo.git(&["repack", "-q", "-A", "-d", "-f"])),
    ];
    for (number, step) in steps.iter().enumerate() {
        step();
        let (code, whole) = audit(&repo, &[]);
        let (same, now) = audit(&repo, &["--incremental"]);
        assert_eq!((told(&now), same), (told(&whole), code), "step {number}: {}", now["receipt"]);
        assert!(contents(&now) + 30 < contents(&whole), "step {number}: {}", now["receipt"]);
    }
}

#[test]
fn a_state_that_does_not_fit_is_made_anew() {
    let repo = Repo::new();
    for number in 0..10 {
        at(&repo, number, "more", &[("a.txt", &format!("{number}\n{}\n", token(number % 4)))]);
    }
    let folder = repo.beside("states");
    let state = ["--state", folder.to_str().unwrap()];
    let (_, whole) = audit(&repo, &state);
    let file = || {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "state")).unwrap()
    };
    let held = fs::read(file()).unwrap();
    for number in 0..4 {
        let secret = token(number);
        assert!(!held.windows(secret.len()).any(|window| window == secret.as_bytes()), "a secret is kept");
    }
    let record = || {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "record"))
    };
    for (damage, expected) in [
        (&|| fs::write(file(), &held[..held.len() / 2]).unwrap(), "damaged"),
        (&|| fs::write(file(), "something else").unwrap(), "damaged"),
    ] as [(&dyn Fn(), &str); 2]
    {
        damage();
        fs::remove_file(record().unwrap()).unwrap();
        let (_, report) = audit(&repo, &state);
        assert!(report["receipt"]["notes"].to_string().contains(expected), "{}", report["receipt"]);
        assert_eq!((told(&report), contents(&report)), (told(&whole), contents(&whole)));
        assert_eq!(fs::read(file()).unwrap(), held, "it is made anew");
    }
    let (_, report) = audit(&repo, &[&state[..], &["--decode-depth", "1"]].concat());
    assert!(report["receipt"]["notes"].to_string().contains("other rules"), "{}", report["receipt"]);
    assert_eq!(contents(&report), contents(&whole));
    // What counts is decided anew each time, and needs no reading.
    fs::write(file(), &held).unwrap();
    let (code, report) = audit(&repo, &[&state[..], &["--fail-on", "never"]].concat());
    assert_eq!((code, told(&report)), (Some(0), told(&whole)));
    assert!(
        report["receipt"]["notes"].to_string().contains("known from an earlier look"),
        "{}",
        report["receipt"]
    );
    assert_eq!(audit_code(&repo, &[&state[..], &["--branches"]].concat()), Some(2));
}

#[test]
fn an_object_that_cannot_be_read_is_told_each_time() {
    let repo = Repo::new();
    for number in 0..5 {
        at(&repo, number, "more", &[("a.txt", &format!("{number}\n{}\n", token(number)))]);
    }
    let id = repo.git(&["rev-parse", "HEAD~2:a.txt"]);
    let path = repo.path().join(".git/objects").join(&id[..2]).join(&id[2..]);
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "not an object").unwrap();
    for _ in 0..2 {
        let (code, report) = audit(&repo, &["--incremental"]);
        assert_eq!((code, lines(&report).len()), (Some(2), 4), "{report}");
    }
    fs::write(&path, whole).unwrap();
    let (code, report) = audit(&repo, &["--incremental"]);
    assert_eq!((code, lines(&report).len()), (Some(1), 5), "{report}");
}

#[test]
fn a_message_that_could_not_be_read_is_looked_at_once_it_can() {
    let repo = Repo::new();
    at(&repo, 0, "nothing", &[("a.txt", "nothing\n")]);
    at(&repo, 1, &token(1), &[("a.txt", "more\n")]);
    at(&repo, 2, "nothing", &[("a.txt", "last\n")]);
    let id = repo.git(&["rev-parse", "HEAD~1"]);
    repo.git(&["repack", "-adq"]);
    let packs = fs::read_dir(repo.path().join(".git/objects/pack")).unwrap();
    let path =
        packs.map(|file| file.unwrap().path()).find(|path| path.extension().unwrap() == "pack").unwrap();
    let listed = repo.git(&["verify-pack", "-v", path.to_str().unwrap()]);
    let line = listed.lines().find(|line| line.starts_with(id.trim())).unwrap();
    let offset: usize = line.split_whitespace().nth(4).unwrap().parse().unwrap();
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[offset + 8] ^= 0xff;
    fs::remove_file(&path).unwrap();
    fs::write(&path, damaged).unwrap();
    assert_eq!(audit(&repo, &["--incremental"]).0, Some(2));
    fs::write(&path, whole).unwrap();
    let (code, report) = audit(&repo, &["--incremental"]);
    assert_eq!((code, lines(&report).len()), (Some(1), 1), "{report}");
}

/// `git` in a folder of its own below the top.
fn sub(outer: &Repo, name: &str, arguments: &[&str]) -> String {
    outer.git_in(&outer.path().join(name), arguments)
}

#[test]
fn many_repositories_are_one_report() {
    let outer = Repo::outside();
    let made = Repo::new();
    at(&made, 0, "one", &[("a.txt", &token(1)), ("b/key.pem", "x")]);
    at(&made, 1, "two", &[("c.txt", &token(2))]);
    fs::create_dir_all(outer.path().join("team")).unwrap();
    let from = made.path().to_str().unwrap();
    outer.git(&["clone", "-q", "--bare", from, "team/one.git"]);
    outer.git(&["clone", "-q", "--shared", "team/one.git", "fork"]);
    fs::write(outer.path().join("fork/own.txt"), token(3)).unwrap();
    sub(&outer, "fork", &["add", "own.txt"]);
    sub(&outer, "fork", &["mv", "c.txt", "moved.txt"]);
    sub(&outer, "fork", &["commit", "-q", "-m", "own"]);
    fs::create_dir_all(outer.path().join("broken/.git")).unwrap();
    fs::write(outer.path().join("broken/.git/HEAD"), "nonsense").unwrap();
    let (code, report) = audit(&outer, &["."]);
    let mut found: Vec<String> =
        lines(&report).iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect();
    found.sort();
    let expected = [
        "acme-token fork/a.txt tip",
        "acme-token fork/c.txt tip",
        "acme-token fork/own.txt tip",
        "acme-token team/one.git/a.txt tip",
        "acme-token team/one.git/c.txt tip",
        "key-file fork/b/key.pem tip",
        "key-file team/one.git/b/key.pem tip",
    ];
    assert_eq!(found, expected, "{report}");
    assert_eq!(code, Some(2), "one of them is broken");
    let problems = report["problems"].to_string();
    assert!(problems.contains("broken"), "{problems}");
    assert!(report["receipt"]["notes"].to_string().contains("2 repositories"), "{}", report["receipt"]);
    let group = report["exposures"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["paths"].as_array().unwrap().iter().any(|path| path["path"] == "fork/moved.txt"));
    assert_eq!(group.unwrap()["paths"].as_array().unwrap().len(), 3, "{report}");
    fs::remove_dir_all(outer.path().join("broken")).unwrap();
    let (code, _) = audit(&outer, &["--recursive"]);
    assert_eq!(code, Some(1));
    assert_eq!(audit_code(&outer, &["."]), Some(1));
    fs::create_dir(outer.path().join("empty")).unwrap();
    assert_eq!(audit_code(&outer, &["empty"]), Some(2));
}

#[test]
fn what_several_repositories_share_is_scanned_once() {
    let outer = Repo::outside();
    let made = Repo::new();
    for number in 0..60 {
        at(&made, number, "more", &[("a.txt", &format!("{number} is of no interest\n"))]);
    }
    let from = made.path().to_str().unwrap();
    outer.git(&["clone", "-q", "--bare", from, "pool.git"]);
    let (_, one) = audit(&outer, &["pool.git"]);
    for fork in ["a", "b", "c"] {
        outer.git(&["clone", "-q", "--bare", "--shared", "pool.git", fork]);
    }
    let (_, all) = audit(&outer, &["."]);
    assert_eq!(contents(&all), contents(&one), "{}", all["receipt"]);
    assert!(Path::new(from).exists());
}

fn audit_code(repo: &Repo, options: &[&str]) -> Option<i32> {
    let mut command = repo.abatis();
    command.args(["audit", "--no-default-rules", "--rules"]).arg(repo.beside("made.toml")).args(options);
    command.output().unwrap().status.code()
}

/// A row of numbers that looks random and is the same each time.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[self.up_to(things.len())]
    }
}

/// A history that grows at random, by everything that people do to one.
struct Growing {
    repo: Repo,
    dice: Dice,
    made: usize,
    /// Whether names of files, references and people hold tokens now and then.
    names: bool,
}

const PATHS: [&str; 11] = [
    "a.txt",
    "b/settings.py",
    "b/a.txt",
    "c/d/settings.yml",
    "t/main.tf",
    "t/vars.tf",
    "n/b/Dockerfile",
    "b/Dockerfile",
    "x.pem",
    "b/y.pem",
    "c/z.md",
];

impl Growing {
    fn new(seed: u64) -> Self {
        let mut growing = Self { repo: Repo::new(), dice: Dice(seed), made: 0, names: seed % 4 == 3 };
        for _ in 0..4 {
            growing.commit();
        }
        growing
    }

    fn content(&mut self, path: &str) -> String {
        self.made += 1;
        let (made, dice) = (self.made, &mut self.dice);
        let found = match path {
            "t/main.tf" => {
                format!("resource \"aws_s3_bucket\" \"b{}\" {{\n  acl = var.acl\n}}\n", dice.up_to(2))
            }
            "t/vars.tf" => {
                let acl = dice.of(&["private", "public-read"]);
                format!("variable \"acl\" {{\n  default = \"{acl}\"\n}}\n")
            }
            "b/Dockerfile" => {
                let (image, user) = (*dice.of(&["debian:latest", "debian:12.1", "scratch"]), dice.up_to(3));
                format!("FROM {image}\nUSER {}\n", ["root", "nobody", "root"][user])
            }
            _ => match dice.up_to(6) {
                0 => format!("{}\n", token(dice.up_to(4))),
                1 => "DEBUG = True\n".to_owned(),
                2 => format!("{}\nDEBUG = True\n", token(dice.up_to(4))),
                3 => String::new(),
                _ => "nothing to see\n".to_owned(),
            },
        };
        if dice.up_to(4) == 0 { found } else { format!("# {}\n{found}", made % 7) }
    }

    fn commit(&mut self) {
        for _ in 0..=self.dice.up_to(2) {
            let path = *self.dice.of(&PATHS);
            let content = self.content(path);
            if self.names && self.dice.up_to(6) == 0 {
                let path = format!("{path}-{}", token(self.dice.up_to(4)));
                self.repo.stage(&path, content);
            } else {
                self.repo.stage(path, content);
            }
        }
        self.save();
    }

    /// Commits what is staged, mostly later than before.
    fn save(&mut self) {
        self.made += 1;
        let back = if self.dice.up_to(5) == 0 { self.dice.up_to(90) } else { 0 };
        let date = format!("{} +0000", 1_700_000_000 + 10 * self.made - 10 * back.min(self.made));
        let message = match self.dice.up_to(8) {
            0 => format!("say {}", token(self.dice.up_to(4))),
            _ => format!("change {}", self.made),
        };
        let mut command = self.repo.command("git");
        if self.names && self.dice.up_to(8) == 0 {
            command.env("GIT_AUTHOR_NAME", token(self.dice.up_to(4)));
        }
        command.env("GIT_COMMITTER_DATE", &date).args(["commit", "-q", "--allow-empty", "-m", &message]);
        assert!(command.status().unwrap().success());
    }

    fn branches(&self) -> Vec<String> {
        self.repo.git(&["branch", "--format=%(refname:short)"]).lines().map(str::to_owned).collect()
    }

    fn step(&mut self) -> &'static str {
        let name = match self.names && self.dice.up_to(4) == 0 {
            true => format!("n{}-{}", self.made, token(self.dice.up_to(4))),
            false => format!("n{}", self.made),
        };
        let old = format!("HEAD~{}", self.dice.up_to(4));
        match self.dice.up_to(20) {
            0..=5 => {
                self.commit();
                "commit"
            }
            6 => {
                let gone = self.repo.try_git(&["rm", "-q", "--ignore-unmatch", *self.dice.of(&PATHS)]);
                assert!(gone.status.success());
                self.save();
                "remove"
            }
            7 => {
                let (from, to) =
                    (*self.dice.of(&PATHS), *self.dice.of(&["moved.txt", "b/moved.pem", "q/a.txt"]));
                drop(fs::create_dir_all(self.repo.path().join("q")));
                self.repo.try_git(&["mv", "-f", from, to]);
                self.save();
                "move"
            }
            8 | 9 => {
                self.repo.try_git(&["checkout", "-q", "-f", "-B", &name, &old]);
                self.commit();
                "branch"
            }
            10 | 11 => {
                let branches = self.branches();
                let other = self.dice.of(&branches).clone();
                let merged = self.repo.try_git(&["merge", "-q", "--no-edit", "-X", "ours", &other]);
                if !merged.status.success() {
                    self.repo.git(&["add", "-A"]);
                    self.repo.try_git(&["commit", "-q", "--no-edit"]);
                    self.repo.try_git(&["merge", "--abort"]);
                }
                "merge"
            }
            12 => {
                let branches = self.branches();
                let other = self.dice.of(&branches).clone();
                self.repo.try_git(&["checkout", "-q", "-f", &other]);
                "checkout"
            }
            13 => {
                let branches = self.branches();
                self.repo.try_git(&["branch", "-q", "-D", self.dice.of(&branches).as_str()]);
                "branch gone"
            }
            14 => {
                self.repo.try_git(&["reset", "-q", "--hard", &old]);
                self.commit();
                "force"
            }
            15 => {
                let message =
                    if self.dice.up_to(2) == 0 { token(self.dice.up_to(4)) } else { "a tag".to_owned() };
                self.repo.try_git(&["tag", "-a", "-m", &message, &name, &old]);
                "tag"
            }
            16 => {
                self.repo.try_git(&["revert", "--no-edit", "HEAD"]);
                self.repo.try_git(&["revert", "--abort"]);
                "revert"
            }
            17 => {
                let content = self.content("lost");
                let id = self.repo.git_input(&["hash-object", "-w", "--stdin"], content.as_bytes());
                if self.dice.up_to(3) == 0 {
                    self.repo.git(&["update-ref", &format!("refs/odd/{name}"), &id]);
                }
                "blob"
            }
            18 => {
                self.repo.git(&["repack", "-q", "-d"]);
                "pack"
            }
            _ => {
                self.repo.git(&["reflog", "expire", "--expire=now", "--all"]);
                self.repo.git(&["gc", "-q", "--prune=now"]);
                "clean"
            }
        }
    }
}

/// A report without what depends on how it came about.
fn whole_of(mut report: Value) -> Value {
    let receipt = &mut report["receipt"];
    for part in ["contents", "known", "bytes", "fresh_bytes", "notes"] {
        receipt[part] = Value::Null;
    }
    report
}

/// What only one of two reports has: findings and exposures, or else lines.
fn apart(now: Value, whole: Value) -> String {
    if now == whole {
        return String::new();
    }
    let all = |report: &Value| -> Vec<String> {
        let lists =
            ["findings", "exposures"].map(|name| report[name].as_array().cloned().unwrap_or_default());
        lists.concat().iter().map(Value::to_string).collect()
    };
    let (mine, theirs) = (all(&now), all(&whole));
    let only = |these: &[String], those: &[String], sign: &str| -> String {
        these.iter().filter(|one| !those.contains(one)).map(|one| format!("{sign}{one}\n")).collect()
    };
    let lists = only(&mine, &theirs, "+") + &only(&theirs, &mine, "-");
    if !lists.is_empty() {
        return lists;
    }
    let [now, whole] = [now, whole].map(|report| serde_json::to_string_pretty(&report).unwrap());
    let (now, whole): (Vec<_>, Vec<_>) = (now.lines().collect(), whole.lines().collect());
    let only = |these: &[&str], those: &[&str], sign: &str| -> String {
        these.iter().filter(|line| !those.contains(line)).map(|line| format!("{sign}{line}\n")).collect()
    };
    let apart = only(&now, &whole, "+") + &only(&whole, &now, "-");
    if apart.is_empty() && now != whole { "another order".to_owned() } else { apart }
}

/// Whether only what came since was read.
fn was_short(report: &Value) -> bool {
    report["receipt"]["notes"].to_string().contains("as is the history before them")
}

/// The seeds of random histories: few, or those that `ABATIS_TEST_SEEDS=FROM..TO` names.
fn seeds() -> std::ops::Range<u64> {
    let Ok(named) = std::env::var("ABATIS_TEST_SEEDS") else { return 0..4 };
    let (from, to) = named.split_once("..").unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}

#[test]
fn whatever_came_since_the_report_is_that_of_a_whole_audit() {
    let (mut short, mut all) = (0, 0);
    for seed in seeds() {
        // Those of the set of our own rules judge files by what is beside them, and tell since when.
        let audit = if seed % 2 == 1 { audit_with_all } else { audit };
        let mut growing = Growing::new(seed);
        let mut steps = Vec::new();
        audit(&growing.repo, &["--incremental"]);
        for _ in 0..16 {
            steps.push(growing.step());
            let (code, whole) = audit(&growing.repo, &[]);
            let (same, now) = audit(&growing.repo, &["--incremental"]);
            (short, all) = (short + usize::from(was_short(&now)), all + 1);
            let notes = now["receipt"]["notes"].to_string();
            let apart = apart(whole_of(now), whole_of(whole));
            assert!(apart.is_empty() && same == code, "seed {seed}: {steps:?} {notes}\n{apart}");
        }
    }
    assert!(short * 5 > all, "{short} of {all} took the short way");
}

#[test]
fn the_first_of_files_told_by_name_is_that_of_a_whole_audit_whatever_the_clock_says() {
    let repo = Repo::new();
    at(&repo, 50, "one", &[("x.pem", "no key\n")]);
    at(&repo, 0, "the same elsewhere", &[("b/y.pem", "no key\n")]);
    audit(&repo, &["--incremental"]);
    at(&repo, 20, "another", &[("b/y.pem", "no key, too\n")]);
    let (_, whole) = audit(&repo, &[]);
    let (_, now) = audit(&repo, &["--incremental"]);
    assert_eq!(lines(&whole).len(), 2, "{whole}");
    let apart = apart(whole_of(now), whole_of(whole));
    assert!(apart.is_empty(), "{apart}");
}

#[test]
fn settings_are_judged_as_in_a_whole_audit() {
    let run = |repo: &Repo, options: &[&str]| -> Value {
        let mut command = repo.abatis();
        let output = command.args(["audit", "--format", "json"]).args(options).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let docker = |version: usize| format!("FROM debian:latest\nRUN echo {version}\nUSER root\n");
    let bucket = "resource \"aws_s3_bucket\" \"b\" {\n  acl = var.acl\n}\n";
    let variable = |acl: &str| format!("variable \"acl\" {{\n  default = \"{acl}\"\n}}\n");
    let repo = Repo::new();
    at(&repo, 0, "one", &[("b/Dockerfile", &docker(0)), ("t/main.tf", bucket), ("a.rb", "nothing\n")]);
    run(&repo, &["--incremental"]);
    let mut short = Vec::new();
    let files: [(&str, String); 7] = [
        ("a.rb", "more of nothing\n".to_owned()),
        ("b/Dockerfile", docker(1)),
        ("t/vars.tf", variable("private")),
        ("t/vars.tf", variable("public-read")),
        ("b/Dockerfile", "FROM scratch\n".to_owned()),
        ("a.rb", "and more\n".to_owned()),
        ("b/Dockerfile", docker(0)),
    ];
    for (number, (path, content)) in files.iter().enumerate() {
        at(&repo, number + 1, "more", &[(path, content)]);
        let now = run(&repo, &["--incremental"]);
        short.push(was_short(&now));
        let apart = apart(whole_of(now), whole_of(run(&repo, &[])));
        assert!(apart.is_empty(), "{path} {number}\n{apart}");
    }
    assert!(short[0] && short[1] && !short[2] && short[5], "{short:?}");
}

#[test]
fn what_was_accepted_until_a_day_is_looked_at_again_on_it() {
    let repo = Repo::new();
    at(&repo, 0, "one", &[("a.txt", &format!("{} # abatis:allow until=2020-01-01 reason\n", token(1)))]);
    at(&repo, 1, "two", &[("b.txt", &format!("{}\n", token(2)))]);
    audit(&repo, &["--incremental"]);
    let (_, now) = audit(&repo, &["--incremental"]);
    assert!(was_short(&now), "{}", now["receipt"]);
    // Another baseline decides anew, and what is shown whole is read.
    let baseline = repo.beside("accepted");
    fs::write(&baseline, "").unwrap();
    for options in
        [&["--baseline", baseline.to_str().unwrap()][..], &["--show-secrets"], &["--min-confidence", "high"]]
    {
        let (_, now) = audit(&repo, &[&["--incremental"], options].concat());
        let (_, whole) = audit(&repo, options);
        assert!(!was_short(&now) || options[0] == "--show-secrets", "{options:?} {}", now["receipt"]);
        assert_eq!(whole_of(now), whole_of(whole), "{options:?}");
    }
}

#[test]
fn a_known_secret_is_hidden_in_new_names() {
    let repo = Repo::new();
    at(&repo, 0, "one", &[("a.txt", &format!("{}\n", token(1))), ("b.txt", &format!("{}\n", token(2)))]);
    audit(&repo, &["--incremental"]);
    let [one, two] = [1, 2].map(token);
    let steps: [&dyn Fn(); 4] = [
        &|| drop(repo.git(&["update-ref", &format!("refs/heads/for-{one}"), "HEAD"])),
        &|| drop(at(&repo, 1, "more", &[(&format!("folder-{two}/c.txt"), &format!("{}\n", token(3)))])),
        &|| {
            repo.git(&["config", "user.name", &one]);
            let mut command = repo.command("git");
            command.env_remove("GIT_AUTHOR_NAME").args(["rm", "-q", "a.txt"]);
            assert!(command.status().unwrap().success());
            let mut command = repo.command("git");
            command.env("GIT_AUTHOR_NAME", &one).args(["commit", "-q", "-m", "gone"]);
            assert!(command.status().unwrap().success());
        },
        &|| {},
    ];
    let mut short = 0;
    for (number, step) in steps.iter().enumerate() {
        step();
        let (_, whole) = audit(&repo, &[]);
        let (_, now) = audit(&repo, &["--incremental"]);
        short += usize::from(was_short(&now));
        for secret in [&one, &two] {
            assert!(!now.to_string().contains(secret.as_str()), "{number}: {now}");
        }
        let apart = apart(whole_of(now), whole_of(whole));
        assert!(apart.is_empty(), "{number}\n{apart}");
    }
    assert!(short >= 2, "{short}");
}

#[test]
fn a_record_holds_no_secret_and_a_damaged_one_is_not_used() {
    let repo = Repo::new();
    for number in 0..5 {
        at(&repo, number, "more", &[("a.txt", &format!("{number}\n{}\n", token(number)))]);
    }
    let folder = repo.beside("states");
    let state = ["--state", folder.to_str().unwrap()];
    let (_, whole) = audit(&repo, &state);
    let files = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files().find(|path| path.extension().is_some_and(|ending| ending == "record")).unwrap();
    let held = fs::read(&file).unwrap();
    for number in 0..5 {
        let secret = token(number);
        assert!(!held.windows(secret.len()).any(|window| window == secret.as_bytes()), "a secret is kept");
    }
    assert!(was_short(&audit(&repo, &state).1));
    for at in (0..held.len()).step_by(held.len() / 20) {
        let mut bad = held.clone();
        bad[at] ^= 0x10;
        for bad in [&bad[..], &held[..at]] {
            fs::write(&file, bad).unwrap();
            let (_, report) = audit(&repo, &state);
            assert_eq!(told(&report), told(&whole), "{at}");
            assert_eq!(fs::read(&file).unwrap(), held, "it is made anew");
        }
    }
}
