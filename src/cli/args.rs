//! The command line as clap sees it. No logic, and no imports but the words of options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Finds secrets, insecure defaults and public storage in what is committed, pushed or kept in git.
///
/// Exit codes: 0 clean, 1 findings that block, 2 the job could not be done in full.
#[derive(Debug, Parser)]
#[command(name = "abatis", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    pub(crate) color: ColorWhen,
    /// Say nothing but findings and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Scan files, folders or standard input
    Scan(ScanArgs),
    /// Scan what is about to be committed (the pre-commit hook)
    Staged(StagedArgs),
    /// Scan a commit message (the commit-msg hook)
    #[command(name = "commit-msg")]
    CommitMsg(CommitMsgArgs),
    /// Scan every version of every file and every message that a repository holds
    Audit(Box<AuditArgs>),
    /// Scan new commits before they are pushed (the pre-push hook)
    #[command(name = "pre-push")]
    PrePush(PrePushArgs),
    /// Scan the commits of a range, such as those of a merge request
    Range(RangeArgs),
    /// Scan what a push brings and refuse it (the pre-receive hook of a server)
    #[command(name = "pre-receive")]
    PreReceive(PreReceiveArgs),
    /// Join the results of `audit --shard` into one report
    Merge(MergeArgs),
    /// Install git hooks
    Install(InstallArgs),
    /// Remove the git hooks that `install` made
    Uninstall(UninstallArgs),
    /// Prove that the hooks of this repository really run
    Doctor(DoctorArgs),
    /// What an installed hook calls
    #[command(hide = true)]
    Hook(HookArgs),
    /// List, show, check, test and write rules
    Rules(RulesArgs),
    /// Say why something is reported or not, and what to do about it
    Explain(ExplainArgs),
    /// Record known findings, so that only new ones are reported
    Baseline(BaselineArgs),
    /// Check the log of what was let through by push options
    Log(LogArgs),
    /// Print the merged configuration with the file that set each value
    Config(ConfigArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Write man pages to a folder
    Man(ManArgs),
}

/// Options of every scanning mode.
#[derive(Clone, Debug, Args, Default)]
pub(crate) struct CommonArgs {
    /// Format on standard output
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: String,
    /// Also write a report to a file, any number of times, such as sarif=out.sarif
    #[arg(long, value_name = "FORMAT=FILE")]
    pub(crate) report: Vec<String>,
    /// Lowest severity that makes the exit code 1: critical, high, medium, low, info or never
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<String>,
    /// Lowest confidence that is reported: high, medium or low
    #[arg(long, value_name = "CONFIDENCE")]
    pub(crate) min_confidence: Option<String>,
    /// Only rules of these risks, such as 2,3
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub(crate) risk: Vec<u8>,
    /// Only findings of these gates: block, warn or audit
    #[arg(long, value_name = "GATE,…", value_delimiter = ',')]
    pub(crate) gate: Vec<String>,
    /// Configuration in place of the repository's .abatis.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A further rule pack, any number of times
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
    /// Switch rules on, by id or tag:NAME
    #[arg(long, value_name = "RULE,…", value_delimiter = ',')]
    pub(crate) enable: Vec<String>,
    /// Switch rules off, by id or tag:NAME
    #[arg(long, value_name = "RULE,…", value_delimiter = ',')]
    pub(crate) disable: Vec<String>,
    /// Leave the built-in rules out
    #[arg(long)]
    pub(crate) no_default_rules: bool,
    /// The repository's configuration may tighten the rules and never loosen them
    #[arg(long)]
    pub(crate) locked: bool,
    /// Baseline in place of .abatis-baseline at the top of the repository
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    pub(crate) baseline: Option<PathBuf>,
    /// Report known findings too
    #[arg(long)]
    pub(crate) no_baseline: bool,
    /// Comments in the text suppress nothing
    #[arg(long)]
    pub(crate) no_inline: bool,
    /// List what was suppressed, and by what
    #[arg(long)]
    pub(crate) show_suppressed: bool,
    /// Print secrets whole
    #[arg(long)]
    pub(crate) show_secrets: bool,
    /// Levels of base64, hex, percent and escape encoding to look into
    #[arg(long, value_name = "N")]
    pub(crate) decode_depth: Option<u8>,
    /// Levels of archives to open
    #[arg(long, value_name = "N")]
    pub(crate) archive_depth: Option<u8>,
    /// Skip content larger than this, such as 20M
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_size: Option<String>,
    /// Worker threads; 0 for one a core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) threads: usize,
}

/// `abatis scan`.
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Files and folders; `-` for standard input; the current folder if none
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Do not honour .gitignore and .abatisignore
    #[arg(long)]
    pub(crate) no_ignore: bool,
    /// Scan a patch in place of files, keeping its paths and lines; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "staged", "unstaged", "untracked"])]
    pub(crate) diff: Option<PathBuf>,
    /// Scan what is staged
    #[arg(long, conflicts_with = "paths")]
    pub(crate) staged: bool,
    /// Scan changes that are not staged
    #[arg(long, conflicts_with = "paths")]
    pub(crate) unstaged: bool,
    /// Scan files that git does not track
    #[arg(long, conflicts_with = "paths")]
    pub(crate) untracked: bool,
    /// The path that standard input is taken to have
    #[arg(long, value_name = "PATH")]
    pub(crate) stdin_path: Option<String>,
    /// Options of every mode
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// `abatis staged`.
#[derive(Debug, Args)]
pub(crate) struct StagedArgs {
    /// Scan staged files whole, not only what is new in them
    #[arg(long)]
    pub(crate) whole: bool,
    /// Ignored: file names that a hook manager passes
    #[arg(hide = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Options of every mode
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// `abatis commit-msg`.
#[derive(Debug, Args)]
pub(crate) struct CommitMsgArgs {
    /// The file with the message, as git passes it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Options of every mode
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// `abatis audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// The repository (the one around the current folder if none), and revisions as git log takes them: B, ^A, A..B,
    /// A...B; all of history if none
    #[arg(value_name = "REPO|REVISION")]
    pub(crate) what: Vec<PathBuf>,
    /// Only files at these paths: files, folders, globs; no messages
    #[arg(last = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// Which part of history, and how it is read
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// All repositories below the folder, in one report
    #[arg(long)]
    pub(crate) recursive: bool,
    /// Read only what came since the last run, from a state in the git folder; report all the same
    #[arg(long)]
    pub(crate) incremental: bool,
    /// The same, with the state in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Take a history that is cut off for whole
    #[arg(long)]
    pub(crate) allow_shallow: bool,
    /// Name objects that are missing or cannot be read, and go on as if all were there
    #[arg(long)]
    pub(crate) allow_missing: bool,
    /// Scan each version as a whole: slower, with the same result
    #[arg(long)]
    pub(crate) no_delta: bool,
    /// Memory to take, about, such as 300M: what is held of packs and bases is bounded by it, and less takes more
    /// time. 150 bytes an object and the largest objects are needed in any case
    #[arg(long, value_name = "SIZE", default_value = "700M")]
    pub(crate) memory: String,
    /// The day that ages are counted to, as YYYY-MM-DD; today if none
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
    /// Look at part K of N only, and write a result for `abatis merge` in place of a report
    #[arg(long, value_name = "K/N", conflicts_with_all = ["rewrite_plan"])]
    pub(crate) shard: Option<String>,
    /// Also write the expressions with which git filter-repo takes all secrets out (a new file that HOLDS
    /// THEM, readable by you only), and FILE.rotate.md: what to rotate first
    #[arg(long, value_name = "FILE")]
    pub(crate) rewrite_plan: Option<PathBuf>,
    /// Options of every mode
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Which part of history is looked at.
#[derive(Debug, Args, Default)]
pub(crate) struct ScopeArgs {
    /// Only what is newer than a day or a commit: 2024-05-31, "2 weeks ago", v1.2
    #[arg(long, value_name = "DATE|REV")]
    pub(crate) since: Option<String>,
    /// All references
    #[arg(long)]
    pub(crate) all: bool,
    /// Branches, or those that match
    #[arg(long, value_name = "GLOB", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) branches: Vec<String>,
    /// Tags, or those that match
    #[arg(long, value_name = "GLOB", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) tags: Vec<String>,
    /// Branches of remotes, or those that match
    #[arg(long, value_name = "GLOB", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) remotes: Vec<String>,
    /// References that match, such as pull/*/head
    #[arg(long, value_name = "GLOB")]
    pub(crate) glob: Vec<String>,
    /// What no reference reaches
    #[arg(long)]
    pub(crate) unreachable: bool,
    /// Only files at paths that match, as behind `--`
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Vec<String>,
}

/// `abatis pre-push`.
#[derive(Debug, Args)]
pub(crate) struct PrePushArgs {
    /// The remote's name or URL, as git passes it; the references are read from standard input
    #[arg(value_name = "REMOTE")]
    pub(crate) remote: Option<std::ffi::OsString>,
    /// The remote's URL, as git passes it
    #[arg(value_name = "URL")]
    pub(crate) url: Option<std::ffi::OsString>,
    /// Options of every mode
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// `abatis range`.
#[derive(Debug, Args)]
pub(crate) struct RangeArgs {
    /// What the second reaches and the first does not, such as origin/main..HEAD
    #[arg(value_name = "A..B")]
    pub(crate) range: String,
    /// How objects are read; both ways find the same
    #[arg(long, value_enum, value_name = "HOW", default_value = "auto")]
    pub(crate) read: ReadObjects,
    /// Options of every mode
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// `abatis pre-receive`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PreReceiveArgs {
    /// Time that the hook may take as a whole, such as 4s or 900ms; no limit if neither this nor the
    /// configuration sets one
    #[arg(long, value_name = "TIME")]
    pub(crate) budget: Option<String>,
    /// What becomes of a push for which the time did not suffice
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) on_timeout: Option<OnTimeout>,
    /// Append a line of JSON about each push to this file, or send a short one to the system's log: `syslog`
    /// for /dev/log, `syslog:SOCKET` for another socket
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// How objects are read; both ways find the same
    #[arg(long, value_enum, value_name = "HOW", default_value = "auto")]
    pub(crate) read: ReadObjects,
    /// Options of every mode
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// How the objects of a push are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ReadObjects {
    /// By how many there are
    #[default]
    Auto,
    /// Commit by commit
    Commits,
    /// Whole packs, in their order
    Packs,
}

/// What becomes of a push for which the time did not suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnTimeout {
    /// It is refused
    Reject,
    /// It is let in, and the receipt says what was not looked at
    Allow,
}

/// `abatis merge`.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The results of all parts
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The repository that they are parts of; the one around the current folder if none
    #[arg(long, value_name = "REPO")]
    pub(crate) repo: Option<PathBuf>,
    /// Options of every mode; those on rules must be those of the parts
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// `abatis install`.
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// Hooks to install: pre-commit, commit-msg, pre-merge-commit, pre-push; all if none
    #[arg(value_name = "HOOK")]
    pub(crate) hooks: Vec<String>,
    /// For every repository of this user (core.hooksPath, or hook.* where git has it)
    #[arg(long, conflicts_with = "template")]
    pub(crate) global: bool,
    /// For every repository made or cloned from now on (init.templateDir)
    #[arg(long)]
    pub(crate) template: bool,
    /// Put files into the hooks folder even where git has hooks in its configuration (2.54), which
    /// older git and other implementations do not run
    #[arg(long)]
    pub(crate) files: bool,
    /// The gate (pre-receive) for a repository that others push to
    #[arg(long, value_name = "REPO", conflicts_with_all = ["hooks", "global", "template", "files"])]
    pub(crate) server: Vec<PathBuf>,
    /// The gate for all repositories below a folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["hooks", "global", "template", "files"])]
    pub(crate) all: Option<PathBuf>,
    /// How the server calls hooks
    #[arg(long, value_enum, default_value_t = Layout::Auto, value_name = "LAYOUT")]
    pub(crate) layout: Layout,
    /// Show what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// How a server calls hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// As what is in the repository tells
    Auto,
    /// `hooks/pre-receive`: git itself, Gitolite
    Plain,
    /// `hooks/pre-receive.d`: Gitea, Forgejo
    Gitea,
    /// `custom_hooks/pre-receive.d`: GitLab
    Gitlab,
}

/// `abatis uninstall`.
#[derive(Debug, Args)]
pub(crate) struct UninstallArgs {
    /// Hooks to remove; all if none
    #[arg(value_name = "HOOK")]
    pub(crate) hooks: Vec<String>,
    /// What `install --global` made
    #[arg(long, conflicts_with = "template")]
    pub(crate) global: bool,
    /// What `install --template` made
    #[arg(long)]
    pub(crate) template: bool,
    /// The gate of a repository that others push to
    #[arg(long, value_name = "REPO", conflicts_with_all = ["hooks", "global", "template"])]
    pub(crate) server: Vec<PathBuf>,
    /// The gate of all repositories below a folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["hooks", "global", "template"])]
    pub(crate) all: Option<PathBuf>,
    /// How the server calls hooks
    #[arg(long, value_enum, default_value_t = Layout::Auto, value_name = "LAYOUT")]
    pub(crate) layout: Layout,
    /// Show what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `abatis doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Try the gate of this repository by pushes into a scratch one
    #[arg(long, value_name = "REPO")]
    pub(crate) server: Option<PathBuf>,
}

/// `abatis hook`.
#[derive(Debug, Args)]
pub(crate) struct HookArgs {
    /// The hook's name
    #[arg(value_name = "HOOK")]
    pub(crate) name: String,
    /// What git passed to it
    #[arg(value_name = "ARG", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<std::ffi::OsString>,
}

/// `abatis explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A rule's id, a finding's fingerprint, or `FILE:LINE`
    #[arg(value_name = "WHAT")]
    pub(crate) what: Option<String>,
    /// A text in place of a file, such as 'password = "…"'
    #[arg(long, value_name = "TEXT", conflicts_with = "what", allow_hyphen_values = true)]
    pub(crate) text: Option<String>,
    /// The path that the text is taken to have
    #[arg(long, value_name = "PATH", requires = "text")]
    pub(crate) path: Option<String>,
    /// Options that choose rules
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// `abatis rules`.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

/// The commands under `abatis rules`.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List the rules in force
    List {
        /// Options that choose rules
        #[command(flatten)]
        common: Box<CommonArgs>,
    },
    /// Show one rule
    Show {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// Options that choose rules
        #[command(flatten)]
        common: Box<CommonArgs>,
    },
    /// Check rule packs and configuration files, and report every problem at once
    Check {
        /// Files and folders; the built-in packs and the repository's configuration if none
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Run the examples of rules, or time the rules on real text
    Test {
        /// Files and folders; the rules in force if none
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Time every rule on the text there instead, and name keywords that are too common
        #[arg(long, value_name = "FOLDER")]
        profile: Vec<PathBuf>,
    },
    /// List the providers and risks that the rules in force speak of
    Coverage {
        /// Options that choose rules
        #[command(flatten)]
        common: Box<CommonArgs>,
    },
    /// Check the built-in packs and the configuration, as `check` does for files
    Lint {
        /// Files and folders; the built-in packs and the repository's configuration if none
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Translate a configuration of another scanner into a rule pack
    Import {
        /// Whose configuration it is
        #[arg(value_name = "SCANNER")]
        from: ImportFrom,
        /// The configuration
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Write the pack there, and the report to standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Write a rule pack to start from
    New {
        /// Its name, and the file NAME.toml
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// List the offline proofs that a rule can name
    Checks,
    /// Show files as structural rules see them: blocks, keys and values, with their lines
    ///
    /// Values are shown as they are written, credentials too.
    Tree {
        /// Files
        #[arg(value_name = "FILE", required = true)]
        paths: Vec<PathBuf>,
        /// Read them as this format, whatever their names say
        #[arg(long, value_name = "NAME")]
        format: Option<String>,
    },
}

/// Scanners whose configuration can be translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFrom {
    /// gitleaks.toml
    Gitleaks,
    /// betterleaks.toml
    Betterleaks,
}

impl ImportFrom {
    /// The word on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gitleaks => "gitleaks",
            Self::Betterleaks => "betterleaks",
        }
    }
}

/// `abatis baseline`.
#[derive(Debug, Args)]
pub(crate) struct BaselineArgs {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: BaselineCommand,
}

/// The commands under `abatis baseline`.
#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Record the findings of a scan in a new baseline
    Create(BaselineScan),
    /// Add the findings that are not in the baseline yet
    Update(BaselineScan),
    /// Drop entries that are no longer found
    Prune(BaselineScan),
    /// List the entries
    Show(BaselineScan),
}

/// Options of `abatis baseline …`.
#[derive(Debug, Args)]
pub(crate) struct BaselineScan {
    /// Files and folders; the repository if none
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Why these findings are accepted
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Who accepts them
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// Last day on which they are accepted, as YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<String>,
    /// Options of every mode
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// `abatis log`.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: LogCommand,
}

/// The commands under `abatis log`.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Check that no line was changed, dropped or moved since it was written
    Verify {
        /// The log
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A hash that one of its lines must have, noted elsewhere before: shows if lines were cut off
        #[arg(long, value_name = "HASH")]
        expect: Option<String>,
    },
}

/// `abatis config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// Options that choose configuration
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// `abatis completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// `abatis man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder, made if it is missing
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
}
