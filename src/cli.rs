//! The edge: arguments, environment, terminal, hook installation, exit codes.
//!
//! The only module that prints, reads the environment or decides how the process ends.

pub(crate) mod args;
mod audit;
mod baseline;
mod config;
mod doctor;
mod edge;
mod exit;
mod explain;
mod gate;
mod hook;
mod install;
mod interrupt;
mod load;
mod log;
mod merge;
mod pre_push;
mod pre_receive;
mod progress;
mod quick;
mod rewrite;
mod rules;
mod run;
mod scan;
mod shell;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser as _;

use args::{Cli, Command};
use edge::Edge;
use exit::Exit;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    // A panic in a worker is caught and reported as a problem; its message might quote content.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(|| run(std::env::args_os().collect()));
    outcome.unwrap_or_else(|_| exit::failure(&anyhow::anyhow!("internal error; please report it")))
}

fn run(line: Vec<OsString>) -> ExitCode {
    let cli = match quick::read(&line).map_or_else(|| Cli::try_parse_from(line), Ok) {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let edge = Edge::new(&cli);
    dispatch(cli.command, &edge).unwrap_or_else(|error| exit::failure(&error))
}

fn dispatch(command: Command, edge: &Edge) -> anyhow::Result<ExitCode> {
    let exit: Exit = match command {
        Command::Scan(args) => scan::scan(&args, edge)?,
        Command::Staged(args) => scan::staged(&args, edge)?,
        Command::Audit(args) => audit::audit(&args, edge)?,
        Command::Merge(args) => merge::merge(&args, edge)?,
        Command::CommitMsg(args) => scan::commit_msg(&args, edge)?,
        Command::PrePush(args) => pre_push::pre_push(&args, edge)?,
        Command::Range(args) => pre_push::range(&args, edge)?,
        Command::PreReceive(args) => pre_receive::pre_receive(&args, edge)?,
        Command::Install(args) => install::install(&args).map(|()| Exit::Clean)?,
        Command::Uninstall(args) => install::uninstall(&args).map(|()| Exit::Clean)?,
        Command::Doctor(args) => doctor::run(&args, edge)?,
        Command::Baseline(args) => baseline::run(&args, edge)?,
        Command::Hook(args) => match hook::prepare(&args, || may_skip(edge))? {
            hook::Call::Run(line) => return Ok(run(line)),
            hook::Call::Skipped => Exit::Clean,
        },
        Command::Log(args) => log::run(&args, edge)?,
        Command::Explain(args) => explain::run(&args, edge)?,
        Command::Rules(args) => rules::run(&args, edge)?,
        Command::Config(args) => config::run(&args, edge)?,
        Command::Completions(args) => shell::completions(&args)?,
        Command::Man(args) => shell::man(&args)?,
    };
    Ok(exit.into())
}

/// Whether the configuration lets a hook be passed by.
fn may_skip(edge: &Edge) -> anyhow::Result<bool> {
    let top = edge.repository()?.worktree;
    let config = load::load(&args::CommonArgs::default(), top.as_deref(), edge)?;
    Ok(*config.hook.allow_bypass)
}
