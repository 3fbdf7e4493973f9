//! Reads the files of configuration and merges them with the options.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use super::{args::CommonArgs, edge::Edge};
use crate::{
    config::{
        self, Base, Choice, Config, FILE_NAME, Known, Layer, LayerKind, MAX_FILE, Rejected, ScanChoice, Trust,
    },
    detect::check::CHECKS,
    diagnostic::{self, Diagnostic, Sources},
    filter::inline::Tool,
    finding::{Confidence, Risk, Severity},
    source::git::repo::Repo,
};

/// The configuration of a run: built-in, user, repository, command line.
///
/// # Errors
///
/// Problems of all files at once, rendered with their places; or a file that cannot be read.
pub(super) fn load(common: &CommonArgs, top: Option<&Path>, edge: &Edge) -> anyhow::Result<Config> {
    let mut layers = Vec::new();
    if let Some(path) = user_file()
        && let Some(layer) = optional_layer(LayerKind::User, &path)?
    {
        layers.push(layer);
    }
    match (&common.config, top) {
        (Some(path), _) => layers.push(layer(LayerKind::CommandLine, &edge.absolute(path))?),
        (None, top) => {
            let path = top.unwrap_or(&edge.folder).join(FILE_NAME);
            layers.extend(optional_layer(LayerKind::Repository, &path)?);
        }
    }
    for path in &common.rules {
        layers.push(layer(LayerKind::CommandLine, &edge.absolute(path))?);
    }
    let choice = choice(common)?;
    let checks: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    let markers = marker_names();
    config::load(layers, &read_extended, Known { checks: &checks, markers: &markers }, &choice)
        .map_err(|problems| rejection(&problems, edge))
}

/// The configuration of a server's gate: built-in, the server's file, the repository's own on the
/// server, command line, and what `pushed` trees say, which may tighten and never loosen.
///
/// # Errors
///
/// As [`load`].
pub(super) fn load_server(
    common: &CommonArgs,
    repo: &Repo,
    pushed: Vec<Layer>,
    read: &config::ReadFile<'_>,
    edge: &Edge,
) -> anyhow::Result<Config> {
    let mut layers = Vec::new();
    match &common.config {
        Some(path) => layers.push(layer(LayerKind::Server, &edge.absolute(path))?),
        None => layers.extend(optional_layer(LayerKind::Server, &server_file())?),
    }
    layers.extend(optional_layer(LayerKind::Server, &repo.common_dir.join(SERVER_FILE_NAME))?);
    for path in &common.rules {
        layers.push(layer(LayerKind::CommandLine, &edge.absolute(path))?);
    }
    layers.extend(pushed);
    let choice = Choice { trust: Trust::Locked, ..choice(common)? };
    let checks: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    let markers = marker_names();
    config::load(layers, read, Known { checks: &checks, markers: &markers }, &choice)
        .map_err(|problems| rejection(&problems, edge))
}

/// The server's configuration for one repository, in the repository's folder.
pub(super) const SERVER_FILE_NAME: &str = "abatis.toml";

/// The configuration of all gates of this machine.
pub(super) fn server_file() -> PathBuf {
    let folder = if cfg!(windows) {
        Edge::variable("PROGRAMDATA").map_or_else(|| PathBuf::from(r"C:\ProgramData"), PathBuf::from)
    } else {
        PathBuf::from("/etc")
    };
    folder.join("abatis").join("server.toml")
}

/// The names that `[suppress] markers` may list.
pub(super) fn marker_names() -> Vec<&'static str> {
    std::iter::once("abatis").chain(Tool::ALL.iter().map(|tool| tool.name())).collect()
}

/// What is worth a look in the files of configuration, a line each.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    config.warnings.iter().map(|warning| warning.on_one_line(&config.sources)).collect()
}

/// Files of configuration that cannot be used, as an error with all their problems.
pub(super) fn rejection(problems: &Rejected, edge: &Edge) -> anyhow::Error {
    rendered(&problems.diagnostics, &problems.sources, edge)
}

/// Diagnostics, rendered, as an error.
pub(super) fn rendered(problems: &[Diagnostic], sources: &Sources, edge: &Edge) -> anyhow::Error {
    let text = diagnostic::render(problems, sources, edge.color_err);
    anyhow::anyhow!("the configuration cannot be used\n\n{}", text.trim_end())
}

fn choice(common: &CommonArgs) -> anyhow::Result<Choice> {
    let fail_on = match common.fail_on.as_deref() {
        None => None,
        Some("never") => Some(None),
        Some(word) => Some(Some(Severity::from_name(word).with_context(|| {
            format!("--fail-on {word}: give critical, high, medium, low, info or never")
        })?)),
    };
    let min_confidence = match common.min_confidence.as_deref() {
        None => None,
        Some(word) => Some(
            Confidence::from_name(word)
                .with_context(|| format!("--min-confidence {word}: give high, medium or low"))?,
        ),
    };
    let max_size = match common.max_size.as_deref() {
        None => None,
        Some(size) => Some(
            config::parse_size(size)
                .with_context(|| format!("--max-size {size}: give a number of bytes, or such as 20M"))?,
        ),
    };
    let risks = common.risk.iter().map(|&number| {
        Risk::new(number).with_context(|| format!("--risk {number}: risks have the numbers 1 to 10"))
    });
    Ok(Choice {
        scan: ScanChoice {
            fail_on,
            min_confidence,
            max_size,
            decode_depth: common.decode_depth,
            archive_depth: common.archive_depth,
            threads: (common.threads > 0).then_some(common.threads),
        },
        enable: common.enable.clone(),
        disable: common.disable.clone(),
        risks: risks.collect::<anyhow::Result<_>>()?,
        base: if common.no_default_rules { Base::Empty } else { Base::BuiltIn },
        trust: if common.locked { Trust::Locked } else { Trust::Everyone },
    })
}

/// `config.toml` in the user's configuration folder, as the system has it.
fn user_file() -> Option<PathBuf> {
    let folder = if cfg!(windows) {
        PathBuf::from(Edge::variable("APPDATA")?)
    } else if let Some(folder) = Edge::variable("XDG_CONFIG_HOME") {
        PathBuf::from(folder)
    } else if cfg!(target_os = "macos") {
        PathBuf::from(Edge::variable("HOME")?).join("Library/Application Support")
    } else {
        PathBuf::from(Edge::variable("HOME")?).join(".config")
    };
    Some(folder.join("abatis").join("config.toml"))
}

fn optional_layer(kind: LayerKind, path: &Path) -> anyhow::Result<Option<Layer>> {
    match text(path) {
        Ok(text) => Ok(Some(Layer { kind, file: path.display().to_string(), text })),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => {
            Err(error).with_context(|| format!("{}: cannot read the configuration", path.display()))
        }
    }
}

fn layer(kind: LayerKind, path: &Path) -> anyhow::Result<Layer> {
    let text = text(path).with_context(|| format!("{}: cannot read the file", path.display()))?;
    Ok(Layer { kind, file: path.display().to_string(), text })
}

/// A file that another one names in `extend`, relative to that file.
pub(super) fn read_extended(from: &str, name: &str) -> Result<(String, String), String> {
    let path = Path::new(from).parent().unwrap_or_else(|| Path::new("")).join(name);
    // The same file has one name however it is reached, so that cycles are seen.
    let path = dunce::canonicalize(path).map_err(|error| error.to_string())?;
    let text = text(&path).map_err(|error| error.to_string())?;
    Ok((path.display().to_string(), text))
}

fn text(path: &Path) -> io::Result<String> {
    let bytes = read_limited(path, MAX_FILE)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// The bytes of a regular file of at most `limit` bytes.
pub(super) fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {limit} bytes")));
    }
    Ok(bytes)
}

/// Problems of one file, as an error.
pub(super) fn refuse(problems: &[Diagnostic], file: &str, text: &str, edge: &Edge) -> anyhow::Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let mut sources = Sources::default();
    sources.insert(file, text);
    let shown = diagnostic::render(problems, &sources, edge.color_err);
    bail!("{file} cannot be used\n\n{}", shown.trim_end());
}
