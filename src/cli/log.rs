//! `abatis log verify`: whether the log of overrides is as it was written.

use std::io::{self, Write as _};

use anyhow::Result;

use super::{
    args::{LogArgs, LogCommand},
    edge::Edge,
    exit::Exit,
    gate::chain,
};

/// Runs `abatis log`.
pub(super) fn run(args: &LogArgs, edge: &Edge) -> Result<Exit> {
    let LogCommand::Verify { file, expect } = &args.command;
    let verified = chain::verify(&edge.absolute(file), expect.as_deref())?;
    let lines = if verified.lines == 1 { "1 line".to_owned() } else { format!("{} lines", verified.lines) };
    writeln!(
        io::stdout(),
        "{}: {lines}, all as they were written; last hash {}",
        file.display(),
        verified.last
    )?;
    Ok(Exit::Clean)
}
