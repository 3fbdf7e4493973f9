//! What the process was given by its surroundings, read once: folder, environment, terminal, date.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use super::args::{Cli, ColorWhen};
use crate::{
    filter::date::Date,
    source::{
        SourceError,
        git::{
            environment::Environment,
            repo::{Repo, discover},
        },
    },
};

/// The surroundings of the process.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// The current folder.
    pub(crate) folder: PathBuf,
    /// What git's variables say.
    pub(crate) git: Environment,
    /// Colour on standard output.
    pub(crate) color: bool,
    /// Colour on standard error.
    pub(crate) color_err: bool,
    /// Columns of the terminal, if standard output is one.
    pub(crate) width: Option<usize>,
    /// Whether progress may be drawn.
    pub(crate) progress: bool,
    /// Whether only findings and errors are said.
    pub(crate) quiet: bool,
    /// Today, UTC.
    pub(crate) today: Date,
}

impl Edge {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the surroundings")]
    pub(super) fn new(cli: &Cli) -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let terminal = io::stdout().is_terminal();
        let progress = io::stderr().is_terminal() && !cli.quiet;
        Self {
            folder: env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            git: Environment::from_vars(env::vars_os()),
            color: color(cli.color, terminal),
            color_err: color(cli.color, io::stderr().is_terminal()),
            width: terminal.then(|| terminal_width().unwrap_or(80)),
            progress,
            quiet: cli.quiet,
            today: Date::from_unix_seconds(seconds),
        }
    }

    /// A variable of the environment, if it is set and not empty.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the surroundings")]
    pub(crate) fn variable(name: &str) -> Option<OsString> {
        env::var_os(name).filter(|value| !value.is_empty())
    }

    /// The repository around the current folder (or around the one that the environment names).
    pub(crate) fn repository(&self) -> Result<Repo, SourceError> {
        discover(&self.folder, &self.git)
    }

    /// `path` seen from the current folder.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// `NO_COLOR` and `CLICOLOR_FORCE` as their pages say: <https://no-color.org>, <https://bixense.com/clicolors>.
fn color(when: ColorWhen, terminal: bool) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if Edge::variable("NO_COLOR").is_some() => false,
        ColorWhen::Auto if Edge::variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        ColorWhen::Auto => terminal && Edge::variable("TERM").is_none_or(|term| term != "dumb"),
    }
}

fn terminal_width() -> Option<usize> {
    let columns =
        Edge::variable("COLUMNS").and_then(|value| value.to_str().and_then(|text| text.parse().ok()));
    columns.or_else(|| terminal_columns(console::Term::stdout().size_checked()))
}

fn terminal_columns(size: Option<(u16, u16)>) -> Option<usize> {
    size.map(|(_, columns)| usize::from(columns))
}
