//! Layers of configuration: built-in, user, repository, command line; merged and validated.
//!
//! Must not read files: it is given their text.

use std::{borrow::Cow, ops::Deref, path::PathBuf};

use crate::{
    diagnostic::{Diagnostic, Sources},
    finding::{Confidence, Risk, Severity},
    rule::RuleSet,
};

pub mod gate;
mod merge;
mod read;
mod schema;
mod show;

pub use merge::load;
pub use read::{check, rules};
pub use schema::parse_size;

/// Name of a repository's configuration, at its top.
pub const FILE_NAME: &str = ".abatis.toml";

/// Largest file that is read: far more than people write.
pub const MAX_FILE: u64 = 4 << 20;

/// Findings from this severity on make the exit code 1.
const FAIL_ON: Severity = Severity::Medium;
/// Hints are for those who ask for them.
const MIN_CONFIDENCE: Confidence = Confidence::Medium;
/// Larger contents are data, not something people wrote.
const MAX_SIZE: u64 = 64 << 20;
/// Base64 in base64 is what manifests and mails make; deeper nesting is rare.
const DECODE_DEPTH: u8 = 2;
/// A package, and the archive inside.
const ARCHIVE_DEPTH: u8 = 2;

/// Everything a run is told by files and options.
#[derive(Clone, Debug)]
pub struct Config {
    /// The rules in force, with what is allowed.
    pub rules: RuleSet,
    /// How to scan.
    pub scan: ScanConfig,
    /// What comments in the text may do.
    pub suppress: SuppressConfig,
    /// What a hook may do.
    pub hook: HookConfig,
    /// What a server's gate is told.
    pub gate: gate::GateConfig,
    /// The baseline's path, relative to the top of the repository; `None` for the usual one.
    pub baseline: Setting<Option<PathBuf>>,
    /// What is worth a look in the files, and what a locked repository tried.
    pub warnings: Vec<Diagnostic>,
    /// The texts that `warnings` point into.
    pub sources: Sources,
    /// What layers changed about rules, in the order of the layers.
    changes: Vec<Change>,
}

/// A value, and the file and line that set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// `FILE:LINE`, `default` or `command line`.
    pub place: Cow<'static, str>,
}

impl<T> Setting<T> {
    const fn default(value: T) -> Self {
        Self { value, place: Cow::Borrowed("default") }
    }
}

impl<T> Deref for Setting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// How to scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanConfig {
    /// Lowest severity that makes the exit code 1; `None` for never.
    pub fail_on: Setting<Option<Severity>>,
    /// Lowest confidence that is reported.
    pub min_confidence: Setting<Confidence>,
    /// Largest content that is scanned, in bytes.
    pub max_size: Setting<u64>,
    /// Levels of encoding to look into.
    pub decode_depth: Setting<u8>,
    /// Levels of archives to open.
    pub archive_depth: Setting<u8>,
    /// Globs of paths that are not scanned.
    pub exclude: Vec<Setting<String>>,
    /// Worker threads; 0 for one a core.
    pub threads: Setting<usize>,
}

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            fail_on: Setting::default(Some(FAIL_ON)),
            min_confidence: Setting::default(MIN_CONFIDENCE),
            max_size: Setting::default(MAX_SIZE),
            decode_depth: Setting::default(DECODE_DEPTH),
            archive_depth: Setting::default(ARCHIVE_DEPTH),
            exclude: Vec::new(),
            threads: Setting::default(0),
        }
    }
}

/// What comments in the text may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressConfig {
    /// The tools whose markers count, ours being `abatis`; `None` for all.
    pub markers: Setting<Option<Vec<String>>>,
}

/// What a hook may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookConfig {
    /// Whether a hook can be passed by with a reason.
    pub allow_bypass: Setting<bool>,
}

/// Where a layer comes from, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerKind {
    /// The user's configuration directory.
    User,
    /// The server that receives a push.
    Server,
    /// The branch that a push is for, as the server has it.
    Target,
    /// The repository.
    Repository,
    /// A file named on the command line.
    CommandLine,
}

/// A file of configuration or rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Where it comes from.
    pub kind: LayerKind,
    /// Its path, as the user would name it.
    pub file: String,
    /// What it says.
    pub text: String,
}

/// Reads a file that another one names in `extend`: given the naming file and the name, gives the
/// path (the same for the same file) and the text, or a sentence on why not.
pub type ReadFile<'r> = dyn Fn(&str, &str) -> Result<(String, String), String> + 'r;

/// Words that files may use and that this layer does not know itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'k> {
    /// Names of offline proofs; not checked if empty.
    pub checks: &'k [&'k str],
    /// Tools whose markers are understood; not checked if empty.
    pub markers: &'k [&'k str],
}

/// What the command line says, apart from files.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Values that win over those of files.
    pub scan: ScanChoice,
    /// Rules to switch on, by id or `tag:NAME`.
    pub enable: Vec<String>,
    /// Rules to switch off.
    pub disable: Vec<String>,
    /// Only rules of these risks, if any are given.
    pub risks: Vec<Risk>,
    /// What the layers begin with.
    pub base: Base,
    /// Who may loosen rules.
    pub trust: Trust,
}

/// What the layers begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Base {
    /// The built-in rules.
    #[default]
    BuiltIn,
    /// No rules.
    Empty,
}

/// Who may loosen rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Trust {
    /// Every layer.
    #[default]
    Everyone,
    /// Not the repository: it may add rules and make others stricter, and nothing else.
    Locked,
}

/// Values of the command line that win over those of files.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ScanChoice {
    /// See [`ScanConfig::fail_on`].
    pub fail_on: Option<Option<Severity>>,
    /// See [`ScanConfig::min_confidence`].
    pub min_confidence: Option<Confidence>,
    /// See [`ScanConfig::max_size`].
    pub max_size: Option<u64>,
    /// See [`ScanConfig::decode_depth`].
    pub decode_depth: Option<u8>,
    /// See [`ScanConfig::archive_depth`].
    pub archive_depth: Option<u8>,
    /// See [`ScanConfig::threads`].
    pub threads: Option<usize>,
}

/// Configuration that cannot be used.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// All problems of all files, sorted.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts they point into.
    pub sources: Sources,
}

/// Something a layer changed about rules.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    what: ChangeKind,
    /// The rule or tag.
    name: String,
    place: Cow<'static, str>,
}

/// What was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ChangeKind {
    Disable,
    Enable,
    /// Keys with their values as TOML, and where they were written.
    Override(Vec<(&'static str, String, Cow<'static, str>)>),
}
