//! The gate of a server, and the hooks on pushes before it: real pushes into real repositories.

mod bulk;
mod faults;
mod install;
mod policy;
mod send;
mod transport;

use std::{path::Path, process::Output};

use crate::support::{Repo, github_token, make_executable};

/// A bare repository with the gate, and somebody who pushes to it.
pub(crate) struct Pair {
    pub(crate) server: Repo,
    pub(crate) client: Repo,
}

impl Pair {
    /// With options of `abatis pre-receive`.
    pub(crate) fn new(options: &str) -> Self {
        Self::of(Repo::bare(), Repo::new(), options)
    }

    pub(crate) fn of(server: Repo, client: Repo, options: &str) -> Self {
        let pair = Self { server, client };
        pair.client.config("remote.origin.url", pair.server.path().to_str().unwrap());
        pair.client.config("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
        pair.close(options);
        pair
    }

    /// Installs the gate.
    pub(crate) fn close(&self, options: &str) {
        let program = env!("CARGO_BIN_EXE_abatis");
        self.server.hook("pre-receive", &format!("exec '{program}' pre-receive {options}"));
    }

    /// Takes the gate away.
    pub(crate) fn open(&self) {
        self.server.hook("pre-receive", "exit 0");
    }

    pub(crate) fn push(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["push", "origin"];
        all.extend(arguments);
        self.client.try_git(&all)
    }

    /// A push that is let in.
    #[track_caller]
    pub(crate) fn accepted(&self, arguments: &[&str]) -> String {
        let output = self.push(arguments);
        let said = said(&output);
        assert!(output.status.success(), "{arguments:?} was refused:\n{said}");
        said
    }

    /// A push that is refused by the gate; gives what the client got to read.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.push(arguments);
        let said = said(&output);
        assert!(!output.status.success(), "{arguments:?} was let in:\n{said}");
        assert!(said.contains("pre-receive hook declined"), "{said}");
        assert!(said.contains("abatis: push refused"), "{said}");
        said
    }

    /// Whether the server has an object.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.server.try_git(&["cat-file", "-e", id]).status.success()
    }
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A line with a token.
pub(crate) fn secret(number: u8) -> String {
    format!("token = \"{}\"\n", github_token(number))
}

/// Lines of nothing in particular.
pub(crate) fn filler(lines: usize) -> String {
    (0..lines).map(|line| format!("line {line} of nothing in particular\n")).collect()
}

#[test]
fn a_secret_is_refused_and_leaves_nothing_behind() {
    let pair = Pair::new("");
    pair.client.commit_files("one", &[("a.txt", "hello\n")]);
    assert!(!pair.accepted(&["main"]).contains("remote: "));
    let bad = pair.client.commit_files("two", &[("b.txt", &secret(1))]);
    let blob = pair.client.git(&["rev-parse", "HEAD:b.txt"]);
    let text = pair.refused(&["main"]);
    for part in ["b.txt:1:", "github-pat", &bad[..10], "git rebase", "Rotate"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    assert!(!text.contains(&github_token(1)));
    for line in text.lines().filter(|line| line.starts_with("remote:") && !line.contains("https://")) {
        assert!(line.trim_end().len() <= 80, "{line:?}");
    }
    assert!(!pair.has(&bad) && !pair.has(&blob));
    // A long path has the commit on a line of its own.
    let long = "a/folder/whose/name/is/rather/long/and/a/file/b.txt";
    pair.client.write(long, secret(2));
    pair.client.git(&["add", long]);
    pair.client.git(&[
        "commit",
        "-q",
        "--amend",
        "-m",
        "two",
        "--author",
        "Somebody with a long name <s@example.invalid>",
    ]);
    let text = pair.refused(&["main"]);
    assert!(text.contains(long) && text.contains("(commit"), "{text}");
    for line in text.lines().filter(|line| line.starts_with("remote:") && !line.contains("https://")) {
        assert!(line.trim_end().len() <= 80, "{line:?}");
    }
    pair.client.git(&["rm", "-q", long]);
    pair.client.git(&["commit", "-q", "--amend", "-m", "two"]);
    // Added and removed again, it is still sent.
    pair.client.git(&["rm", "-q", "b.txt"]);
    pair.client.commit("three");
    let text = pair.refused(&["main"]);
    assert!(text.contains("not at the tip"), "{text}");
    assert!(!pair.has(&blob));
    pair.client.git(&["reset", "-q", "--hard", "HEAD~2"]);
    pair.client.commit_files("four", &[("b.txt", "clean\n")]);
    pair.accepted(&["main"]);
}

#[test]
fn references_of_all_kinds() {
    let pair = Pair::new("");
    let client = &pair.client;
    client.commit_files("one", &[("a.txt", "hello\n")]);
    client.commit_files("two", &[("a.txt", "hello\nagain\n")]);
    pair.accepted(&["main", "main:refs/heads/other", "HEAD~1:refs/tags/light"]);
    pair.accepted(&["--force", "HEAD~1:refs/heads/other"]);
    pair.accepted(&["--delete", "other", "light"]);

    client.git(&["tag", "-a", "-m", &format!("release {}", github_token(2)), "v1", "HEAD~1"]);
    assert!(pair.refused(&["v1"]).contains("TAG_EDITMSG"));
    let blob = client.git_input(&["hash-object", "-w", "--stdin"], secret(3).as_bytes());
    client.git(&["tag", "-a", "-m", "a blob", "v2", &blob]);
    pair.refused(&["v2"]);
    client.git(&["tag", "v3", &blob]);
    pair.refused(&["v3"]);
    assert!(!pair.has(&blob));
    client.stage("deep/er.txt", secret(4));
    let tree = client.git(&["write-tree"]);
    client.git(&["reset", "-q", "--hard"]);
    client.git(&["tag", "-a", "-m", "a tree", "v4", &tree]);
    assert!(pair.refused(&["v4"]).contains("deep/er.txt"));
    client.git(&["notes", "add", "-m", &secret(5)]);
    pair.refused(&["refs/notes/commits"]);
    client.git(&["tag", "-a", "-m", "clean", "v5", "HEAD~1"]);
    client.git(&["tag", "-a", "-m", "of a tag", "v6", "v5"]);
    pair.accepted(&["v5", "v6"]);
    // By a symbolic reference of the server.
    pair.server.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    client.commit_files("three", &[("a.txt", &secret(9))]);
    pair.refused(&["HEAD:refs/heads/alias"]);
    client.git(&["reset", "-q", "--hard", "HEAD~1"]);
    client.commit_files("three", &[("a.txt", "clean\n")]);
    pair.accepted(&["HEAD:refs/heads/alias"]);
}

#[test]
fn messages_and_names_are_looked_at() {
    let pair = Pair::new("");
    pair.client.commit_files(&format!("say {}", github_token(6)), &[("a.txt", "hello\n")]);
    assert!(pair.refused(&["main"]).contains("COMMIT_EDITMSG"));
    pair.client.git(&["commit", "-q", "--amend", "-m", "clean"]);
    pair.accepted(&["main"]);
    for path in [format!("x-{}.txt", github_token(7)), format!("dir/{}/empty", github_token(7))] {
        pair.client.commit_files("name", &[(&path, "")]);
        let text = pair.refused(&["main"]);
        assert!(text.contains("github-pat") && text.contains("in the name of the file"), "{text}");
        assert!(!text.contains(&github_token(7)), "{text}");
        pair.client.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }
}

#[test]
fn many_references_at_one_tip_are_told_once() {
    let pair = Pair::new("");
    pair.client.commit_files("one", &[("a.txt", &secret(1))]);
    let refs: Vec<String> = (0..40).map(|number| format!("main:refs/heads/b{number}")).collect();
    let text = pair.refused(&refs.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(text.matches("[github-pat]").count(), 1, "{text}");
}

/// A first push may bring in hundreds: nobody reads them all behind `remote: `.
#[test]
fn many_findings_are_counted_after_the_first_ones() {
    let pair = Pair::new("--report json=gate.json");
    let files: Vec<(String, String)> =
        (1..31).map(|number| (format!("f{number}.txt"), secret(number))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    pair.client.commit_files("one", &files);
    let text = pair.refused(&["main"]);
    assert_eq!(text.matches("[github-pat]").count(), 20, "{text}");
    assert!(text.contains("10 more findings, of which 10 block: `abatis range BASE..HEAD`"), "{text}");
    assert!(text.contains("30 findings"), "{text}");
    let json: serde_json::Value = serde_json::from_slice(&pair.server.read("gate.json")).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), 30);
}

#[test]
fn what_the_server_has_is_not_in_the_way() {
    let pair = Pair::new("");
    let client = &pair.client;
    pair.open();
    let old = format!("{}{}{}", filler(30), secret(1), filler(30));
    client.commit_files("old", &[("a.txt", &old), ("b.txt", "b\n")]);
    pair.accepted(&["main"]);
    pair.close("");
    // A change elsewhere in the file, a new name, and both at once.
    client.commit_files("more", &[("a.txt", &format!("{old}more\n"))]);
    pair.accepted(&["main"]);
    client.git(&["mv", "a.txt", "c.txt"]);
    client.commit("moved");
    pair.accepted(&["main"]);
    client.git(&["mv", "c.txt", "d.txt"]);
    client.stage("d.txt", format!("first\n{old}"));
    client.commit("moved and changed");
    pair.accepted(&["main"]);
    // Many objects come as a pack, whose bases are appended to it.
    for number in 0..40 {
        client
            .commit_files("many", &[("d.txt", &format!("{number}\n{old}")), ("e.txt", &format!("{number}"))]);
    }
    pair.accepted(&["main"]);
    // What references hold that are hidden from clients is there, too.
    pair.server.config("receive.hideRefs", "refs/hidden");
    pair.open();
    client.commit_files("hidden", &[("h.txt", &secret(3))]);
    pair.accepted(&["main:refs/heads/shown"]);
    let hidden = client.git(&["rev-parse", "HEAD"]);
    pair.server.git(&["update-ref", "refs/hidden/one", &hidden]);
    pair.accepted(&["--delete", "shown"]);
    pair.close("");
    pair.accepted(&["main"]);
    // The line in another file is new there, and another secret in this one is new.
    client.commit_files("copy", &[("f.txt", &secret(1))]);
    pair.refused(&["main"]);
    client.git(&["reset", "-q", "--hard", "HEAD~1"]);
    client.git(&["mv", "d.txt", "g.txt"]);
    client.stage("g.txt", format!("{}{old}", secret(2)));
    client.commit("another");
    let text = pair.refused(&["main"]);
    assert_eq!(text.matches("[github-pat]").count(), 1, "{text}");
}

#[test]
fn merges_are_looked_at_for_what_is_in_no_parent() {
    let pair = Pair::new("");
    let client = &pair.client;
    client.commit_files("base", &[("a.txt", "a\n"), ("b.txt", "b\n")]);
    client.git(&["checkout", "-q", "-b", "side"]);
    client.commit_files("side", &[("a.txt", "a\nside\n")]);
    client.git(&["checkout", "-q", "main"]);
    client.commit_files("main", &[("b.txt", "b\nmain\n")]);
    pair.accepted(&["main", "side"]);
    client.git(&["merge", "-q", "--no-commit", "side"]);
    client.stage("a.txt", format!("a\nside\n{}", secret(1)));
    client.commit("an evil merge");
    assert!(pair.refused(&["main"]).contains("a.txt:3"));
    client.git(&["reset", "-q", "--hard", "HEAD~1"]);
    client.git(&["merge", "-q", "-m", "clean", "side"]);
    pair.accepted(&["main"]);
}

#[test]
fn an_object_that_is_there_and_unreachable_is_new() {
    let pair = Pair::new("");
    let client = &pair.client;
    client.commit_files("one", &[("a.txt", "a\n")]);
    pair.accepted(&["main"]);
    client.commit_files("two", &[("b.txt", &secret(1))]);
    pair.open();
    pair.accepted(&["main:refs/heads/left"]);
    pair.accepted(&["--delete", "left"]);
    pair.close("");
    assert!(pair.has(&client.git(&["rev-parse", "HEAD"])));
    pair.refused(&["main"]);
    // Nor does the blob under a new commit pass.
    client.git(&["reset", "-q", "--soft", "HEAD~1"]);
    client.commit("two again");
    pair.refused(&["main"]);
}

#[test]
fn shallow_clients_and_other_hashes() {
    let pair = Pair::new("");
    for number in 0..5 {
        pair.client.commit_files("more", &[("a.txt", &format!("{number}\n"))]);
    }
    pair.accepted(&["main"]);
    let url = format!("file://{}", pair.server.path().display());
    let shallow = Repo::clone_of(&url, &["--depth=1"]);
    shallow.commit_files("clean", &[("b.txt", "b\n")]);
    assert!(shallow.try_git(&["push", "origin", "main"]).status.success());
    shallow.commit_files("not", &[("b.txt", &secret(1))]);
    assert!(said(&shallow.try_git(&["push", "origin", "main"])).contains("push refused"));
    // A server that takes histories without their beginning.
    pair.server.config("receive.shallowUpdate", "true");
    let cut = Repo::clone_of(&url, &["--depth=2"]);
    cut.commit_files("clean", &[("c.txt", "c\n")]);
    let empty = Pair::of(Repo::bare(), cut, "");
    empty.server.config("receive.shallowUpdate", "true");
    empty.accepted(&["main"]);
    empty.client.commit_files("not", &[("c.txt", &secret(2))]);
    empty.refused(&["main"]);

    let pair = Pair::of(Repo::init(&["--bare", "--object-format=sha256"]), Repo::sha256(), "");
    pair.client.commit_files("one", &[("a.txt", "a\n")]);
    pair.accepted(&["main"]);
    pair.client.commit_files("two", &[("a.txt", &secret(1))]);
    pair.refused(&["main"]);
}

#[test]
fn object_pools_and_replaced_objects() {
    let pool = Repo::bare();
    let client = Repo::new();
    client.commit_files("pool", &[("a.txt", &secret(1))]);
    client.git(&["push", "-q", pool.path().to_str().unwrap(), "main"]);
    let fork = Repo::bare();
    let pool_objects = format!("{}\n", pool.path().join("objects").display());
    std::fs::write(fork.path().join("objects/info/alternates"), pool_objects).unwrap();
    let pair = Pair::of(fork, client, "");
    pair.accepted(&["main"]);
    pair.client.commit_files("more", &[("b.txt", "b\n")]);
    pair.accepted(&["main"]);
    let bad = pair.client.commit_files("bad", &[("c.txt", &secret(2))]);
    pair.refused(&["main"]);
    // What the pool's references reach is there already only if the pool may be asked.
    let other = Repo::bare();
    std::fs::write(
        other.path().join("objects/info/alternates"),
        format!("{}\n", pool.path().join("objects").display()),
    )
    .unwrap();
    other.config("core.alternateRefsCommand", "exit 0 #");
    let Pair { client, .. } = pair;
    let pair = Pair::of(other, client, "");
    pair.refused(&["HEAD~2:refs/heads/main"]);

    // A replacement of the server does not hide what is pushed.
    let pair = Pair::of(Repo::bare(), pair.client, "");
    pair.client.git(&["reset", "-q", "--hard", "HEAD~2"]);
    pair.open();
    pair.accepted(&["main"]);
    let clean = pair.client.git(&["rev-parse", "HEAD"]);
    pair.accepted(&[&format!("HEAD:refs/replace/{bad}")]);
    pair.close("");
    pair.client.git(&["reset", "-q", "--hard", &bad]);
    assert_ne!(clean, bad);
    pair.refused(&["main"]);
}

/// git quotes the path of the object store for its hooks if a colon or a quote is in it.
#[cfg(unix)]
#[test]
fn a_server_whose_path_must_be_quoted() {
    let place = Repo::outside();
    for name in ["with:colon.git", "\"quoted\".git", "ä \\ tab\t.git"] {
        place.git(&["init", "-q", "--bare", "-b", "main", name]);
        let server = place.path().join(name);
        script(
            &server.join("hooks/pre-receive"),
            &format!("exec '{}' pre-receive", env!("CARGO_BIN_EXE_abatis")),
        );
        let client = Repo::new();
        let url = format!("{}", server.display());
        client.git(&["remote", "add", "origin", &url]);
        let old = format!("{}{}", filler(20), "last\n");
        client.commit_files("one", &[("a.txt", &old), ("kept.txt", "kept\n")]);
        let output = client.try_git(&["push", "origin", "main"]);
        assert!(output.status.success(), "{name}: {}", said(&output));
        // What is compared with, and what is not sent again, is in the store that is quoted.
        client.commit_files("two", &[("a.txt", &format!("{old}more\n"))]);
        let output = client.try_git(&["push", "origin", "main"]);
        assert!(output.status.success(), "{name}: {}", said(&output));
        let bad = client.commit_files("three", &[("a.txt", &format!("{old}{}", secret(1)))]);
        let output = client.try_git(&["push", "origin", "main"]);
        assert!(said(&output).contains("abatis: push refused"), "{name}: {}", said(&output));
        assert!(!client.try_git(&["--git-dir", &url, "cat-file", "-e", &bad]).status.success());
    }
}

#[test]
fn the_record_has_a_line_for_each_push() {
    let record = Repo::outside();
    let path = record.path().join("pushes.jsonl");
    let pair = Pair::new(&format!("--record '{}'", path.display()));
    pair.client.commit_files("one", &[("a.txt", "a\n")]);
    pair.accepted(&["main"]);
    pair.client.commit_files("two", &[("b.txt", &secret(1))]);
    pair.refused(&["main"]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&github_token(1)));
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<_> = lines.iter().map(|line| line["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["accepted", "refused"]);
    assert_eq!(lines[1]["updates"][0]["ref"], "refs/heads/main");
    assert_eq!(lines[1]["report"]["findings"][0]["rule"], "github-pat");
}

#[cfg(unix)]
#[test]
fn reports_are_written_beside_the_message() {
    let pair = Pair::new("--report sarif=gate.sarif --report json=gate.json");
    pair.client.commit_files("one", &[("b.txt", &secret(1))]);
    pair.refused(&["main"]);
    let json: serde_json::Value = serde_json::from_slice(&pair.server.read("gate.json")).unwrap();
    assert_eq!(json["findings"][0]["rule"], "github-pat");
    let sarif: serde_json::Value = serde_json::from_slice(&pair.server.read("gate.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "github-pat");
    // A report that cannot be written is no report.
    pair.close("--report sarif=missing/gate.sarif");
    pair.client.git(&["checkout", "-q", "--orphan", "clean"]);
    pair.client.git(&["rm", "-rfq", "--cached", "."]);
    pair.client.commit_files("two", &[("a.txt", "hello\n")]);
    assert!(pair.refused(&["clean"]).contains("cannot write the report"));
}

#[cfg(unix)]
#[test]
fn the_record_goes_to_the_log_of_the_system() {
    let place = Repo::outside();
    let socket = place.path().join("log");
    let log = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    log.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let pair = Pair::new(&format!("--record 'syslog:{}'", socket.display()));
    pair.client.commit_files("one", &[("a.txt", &secret(1))]);
    pair.refused(&["main"]);
    let mut message = vec![0; 1 << 16];
    let length = log.recv(&mut message).unwrap();
    let message = String::from_utf8_lossy(&message[..length]);
    let (head, json) = message.split_once(": ").unwrap();
    assert!(head.starts_with("<36>abatis["), "{head}");
    let record: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(record["verdict"], "refused");
    assert_eq!(record["findings"][0]["rule"], "github-pat");
    assert!(!json.contains(&github_token(1)));
    // Nobody listens: what cannot be written down is not let in.
    drop(log);
    pair.client.git(&["commit", "-q", "--amend", "-m", "clean", "--allow-empty"]);
    pair.client.git(&["rm", "-q", "a.txt"]);
    pair.client.git(&["commit", "-q", "--amend", "--allow-empty", "-m", "clean"]);
    assert!(pair.refused(&["main"]).contains("cannot write the record"));
}

#[test]
fn forges_get_their_prefix() {
    let pair = Pair::new("");
    pair.client.commit_files("one", &[("a.txt", &secret(1))]);
    let mut command = pair.client.command("git");
    command.env("GL_REPOSITORY", "project-1").args(["push", "origin", "main"]);
    let text = said(&command.output().unwrap());
    let ours: Vec<&str> = text.lines().filter(|line| line.starts_with("remote:")).collect();
    assert!(!ours.is_empty() && ours.iter().all(|line| line.contains("GL-HOOK-ERR:")), "{text}");
}

/// Writes an executable script.
pub(crate) fn script(path: &Path, text: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    make_executable(path);
}
