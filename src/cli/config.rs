//! `abatis config`: the merged configuration, with the file and line that set each value.

use std::io::{self, Write as _};

use anyhow::Result;

use super::{args::ConfigArgs, edge::Edge, exit::Exit, load};
use crate::diagnostic;

/// Runs `abatis config`.
#[expect(clippy::print_stderr, reason = "remarks stay out of the TOML")]
pub(super) fn run(args: &ConfigArgs, edge: &Edge) -> Result<Exit> {
    let top = edge.repository().ok().and_then(|repo| repo.worktree);
    let config = load::load(&args.common, top.as_deref(), edge)?;
    eprint!("{}", diagnostic::render(&config.warnings, &config.sources, edge.color_err));
    io::stdout().write_all(config.to_toml().as_bytes())?;
    Ok(Exit::Clean)
}
