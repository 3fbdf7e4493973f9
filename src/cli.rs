//! The edge: arguments, environment, terminal, hook installation, exit codes.
//!
//! The only module that prints, reads the environment or decides how the process ends.

use std::{ffi::OsString, process::ExitCode};

use anyhow::Result;
use clap::Parser as _;

pub(crate) mod args;
mod doctor;
mod hook;
mod install;

use args::{Cli, Command};

/// Runs the command line of this process.
#[must_use]
#[expect(clippy::print_stderr, reason = "this is where errors end")]
pub fn main() -> ExitCode {
    run(std::env::args_os().collect()).unwrap_or_else(|error| {
        eprintln!("abatis: {error:#}");
        ExitCode::from(2)
    })
}

fn run(line: Vec<OsString>) -> Result<ExitCode> {
    match Cli::parse_from(line).command {
        Command::Install(args) => install::install(&args).map(|()| ExitCode::SUCCESS),
        Command::Uninstall(args) => install::uninstall(&args).map(|()| ExitCode::SUCCESS),
        Command::Doctor(_) => doctor::run(),
        Command::Hook(args) => match hook::prepare(&args, || Ok(true))? {
            hook::Call::Run(line) => run(line),
            hook::Call::Skipped => Ok(ExitCode::SUCCESS),
        },
        command => anyhow::bail!("{command:?}: not part of this build"),
    }
}
