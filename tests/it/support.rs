//! Real git in a scratch folder, with nothing of the machine's own configuration in reach.
//!
//! Must not know what a test is about.

#![allow(dead_code, reason = "not every test uses every helper")]

use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Mutex,
};

use abatis::{
    origin::{Entry, Kind},
    source::{Count, Problem, Skip, Source, Visitor},
    text::Fresh,
};
use bstr::ByteSlice as _;
use tempfile::TempDir;

/// Author and committer of every commit, and the moment of it: ids are the same in every run.
const IDENTITY: [(&str, &str); 6] = [
    ("GIT_AUTHOR_NAME", "A U Thor"),
    ("GIT_AUTHOR_EMAIL", "author@example.invalid"),
    ("GIT_AUTHOR_DATE", "2024-01-02T03:04:05Z"),
    ("GIT_COMMITTER_NAME", "C O Mitter"),
    ("GIT_COMMITTER_EMAIL", "committer@example.invalid"),
    ("GIT_COMMITTER_DATE", "2024-01-02T03:04:05Z"),
];

/// A scratch repository; the folder goes when it is dropped.
pub(crate) struct Repo {
    scratch: TempDir,
    top: PathBuf,
}

impl Repo {
    /// An empty repository with the branch `main`.
    pub(crate) fn new() -> Self {
        Self::init(&[])
    }

    /// An empty bare repository.
    pub(crate) fn bare() -> Self {
        Self::init(&["--bare"])
    }

    /// An empty repository whose ids are SHA-256.
    pub(crate) fn sha256() -> Self {
        Self::init(&["--object-format=sha256"])
    }

    /// `git init` with further options.
    pub(crate) fn init(options: &[&str]) -> Self {
        let repo = Self::outside();
        let mut arguments = vec!["init", "-q", "-b", "main"];
        arguments.extend(options);
        repo.git(&arguments);
        repo
    }

    /// `git clone OPTIONS SOURCE` into a new scratch folder.
    pub(crate) fn clone_of(source: &str, options: &[&str]) -> Self {
        let repo = Self::outside();
        let mut arguments = vec!["clone", "-q"];
        arguments.extend(options);
        arguments.extend([source, "."]);
        repo.git(&arguments);
        repo
    }

    /// A scratch folder that is no repository.
    pub(crate) fn outside() -> Self {
        let scratch = tempfile::Builder::new().prefix("abatis-it-").tempdir().unwrap();
        let root = dunce::canonicalize(scratch.path()).unwrap();
        let top = root.join("work");
        fs::create_dir(&top).unwrap();
        fs::create_dir(root.join("home")).unwrap();
        Self { scratch, top }
    }

    /// Top of the working tree (or the bare repository).
    pub(crate) fn path(&self) -> &Path {
        &self.top
    }

    /// A folder beside the working tree, in no repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.top.with_file_name(name)
    }

    /// The home folder that commands see.
    pub(crate) fn home(&self) -> PathBuf {
        self.beside("home")
    }

    /// A command that runs at the top, without the caller's git variables and configuration.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        scrub(&mut command, &self.home());
        command.current_dir(&self.top).stdin(Stdio::null());
        command
    }

    /// Runs git, which must succeed, and gives its standard output without the last newline.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.top, arguments)
    }

    /// [`Repo::git`] in another folder.
    #[track_caller]
    pub(crate) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let mut command = self.command("git");
        let output = succeed(command.current_dir(folder).args(arguments));
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    /// Runs git, which must succeed, and gives its standard output as it is.
    #[track_caller]
    pub(crate) fn git_bytes(&self, arguments: &[&str]) -> Vec<u8> {
        succeed(self.command("git").args(arguments)).stdout
    }

    /// Runs git with `input` on its standard input; it must succeed.
    #[track_caller]
    pub(crate) fn git_input(&self, arguments: &[&str], input: &[u8]) -> String {
        let output = feed(self.command("git").args(arguments), input);
        assert_success(&output, &format!("git {arguments:?}"));
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    /// Runs git and gives what came of it, whether good or bad.
    pub(crate) fn try_git(&self, arguments: &[&str]) -> Output {
        self.command("git").args(arguments).output().unwrap()
    }

    /// Writes a file in the working tree, with its folders.
    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.top.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Reads a file of the working tree.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.top.join(path)).unwrap()
    }

    /// Writes a file and stages it.
    #[track_caller]
    pub(crate) fn stage(&self, path: &str, content: impl AsRef<[u8]>) {
        self.write(path, content);
        self.git(&["add", "-f", "--", path]);
    }

    /// Stages `content` at `path` without touching the working tree, so that any mode and any
    /// path git knows works on any system.
    #[track_caller]
    pub(crate) fn stage_blob(&self, mode: &str, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> String {
        let id = self.git_input(&["hash-object", "-w", "--stdin"], content.as_ref());
        let mut line = format!("{mode} {id} 0\t").into_bytes();
        line.extend_from_slice(path.as_ref());
        line.push(0);
        self.git_input(&["update-index", "-z", "--index-info"], &line);
        id
    }

    /// Commits what is staged (an empty commit, too) without hooks, and gives the commit's id.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["commit", "-q", "--no-verify", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Writes files, stages and commits them, and gives the commit's id.
    #[track_caller]
    pub(crate) fn commit_files(&self, message: &str, files: &[(&str, &str)]) -> String {
        for (path, content) in files {
            self.stage(path, content);
        }
        self.commit(message)
    }

    /// Sets a configuration value of the repository.
    #[track_caller]
    pub(crate) fn config(&self, key: &str, value: &str) {
        self.git(&["config", key, value]);
    }

    /// Writes an executable shell script as the hook `name`, into the folder git looks in.
    #[track_caller]
    pub(crate) fn hook(&self, name: &str, script: &str) -> PathBuf {
        let folder = self.top.join(self.git(&["rev-parse", "--git-path", "hooks"]));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        make_executable(&path);
        path
    }

    /// The `abatis` binary, to run at the top.
    pub(crate) fn abatis(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_abatis"))
    }
}

/// Takes git's variables, the user's configuration and colour switches out of a command's environment.
pub(crate) fn scrub(command: &mut Command, home: &Path) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["GIT_", "ABATIS_", "XDG_", "CLICOLOR"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
        .env("HOME", home)
        .env("USERPROFILE", home)
        .env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" })
        .env("GIT_CONFIG_SYSTEM", if cfg!(windows) { "NUL" } else { "/dev/null" })
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_EDITOR", "true")
        .env("GIT_ALLOW_PROTOCOL", "file")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("NO_COLOR", "1")
        .env_remove("EDITOR")
        .env_remove("VISUAL")
        .env_remove("SKIP")
        .env_remove("CI")
        .envs(IDENTITY);
}

/// Runs a command that must succeed.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert_success(&output, &format!("{command:?}"));
    output
}

/// Runs a command with `input` on its standard input.
pub(crate) fn feed(command: &mut Command, input: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A thread, since a child that writes before it has read all would block both sides; a child
    // that does not read all is no error here.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

#[track_caller]
fn assert_success(output: &Output, what: &str) {
    assert!(
        output.status.success(),
        "{what}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// Sets the executable bits where the system has them.
pub(crate) fn make_executable(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Writes down what a source finds, one line each.
///
/// `PATH MARKS: "FRESH TEXT"` for content, with the marks `new` (the name), `exec`, `link`;
/// `PATH: skip REASON`; `SUBJECT: problem`. The texts of fresh ranges are joined by ` … `.
#[derive(Default)]
pub(crate) struct Recorder {
    lines: Mutex<Vec<String>>,
    problems: Mutex<Vec<Problem>>,
    counts: Mutex<Vec<(Count, u64)>>,
}

impl Recorder {
    /// What `source` finds, sorted; an error is one line, too.
    pub(crate) fn run(source: &dyn Source) -> Vec<String> {
        let recorder = Self::default();
        let result = source.visit(&recorder);
        let mut lines = recorder.lines.into_inner().unwrap();
        lines.extend(result.err().map(|error| format!("error: {}", error.message)));
        lines.sort();
        lines
    }

    /// The problems and counts of a run.
    pub(crate) fn details(source: &dyn Source) -> (Vec<Problem>, Vec<(Count, u64)>) {
        let recorder = Self::default();
        source.visit(&recorder).unwrap();
        (recorder.problems.into_inner().unwrap(), recorder.counts.into_inner().unwrap())
    }

    fn push(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }
}

impl Visitor for Recorder {
    fn wants(&self, _: &Entry) -> bool {
        true
    }

    fn content(&self, entry: &Entry, bytes: &[u8], fresh: &Fresh) {
        let mut line = entry.origin.display_path().to_str_lossy().into_owned();
        for (mark, set) in [
            (" new", entry.new_name),
            (" exec", entry.executable),
            (" link", entry.origin.kind == Kind::Symlink),
        ] {
            if set {
                line.push_str(mark);
            }
        }
        let texts: Vec<_> =
            fresh.spans(bytes.len()).iter().map(|span| span.of(bytes).to_str_lossy()).collect();
        self.push(format!("{line}: {:?}", texts.join(" … ")));
    }

    fn skipped(&self, entry: &Entry, why: Skip) {
        self.push(format!("{}: skip {}", entry.origin.display_path(), why.name()));
    }

    fn problem(&self, problem: Problem) {
        self.push(format!("{}: problem", problem.subject));
        self.problems.lock().unwrap().push(problem);
    }

    fn count(&self, what: Count, number: u64) {
        self.counts.lock().unwrap().push((what, number));
    }

    fn cancelled(&self) -> bool {
        false
    }
}

/// A token in the form of GitHub's that nobody issued, another one for each number; put together here, so that no
/// scanner stops at this file.
pub(crate) fn github_token(number: u8) -> String {
    const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let body: String = (0..30_usize)
        .map(|place| {
            char::from(BASE62[(place * place * 7 + place * 29 + usize::from(number) * (place + 11)) % 62])
        })
        .collect();
    let mut sum = crc32fast::hash(body.as_bytes());
    let mut digits = [0; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(sum % 62) as usize];
        sum /= 62;
    }
    format!("{}{body}{}", concat!("gh", "p_"), String::from_utf8_lossy(&digits))
}
