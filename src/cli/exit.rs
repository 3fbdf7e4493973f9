//! How the process ends: 0 clean, 1 findings that block, 2 the job could not be done in full.

use std::{io, process::ExitCode};

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done, nothing that blocks.
    Clean,
    /// Done, with findings that block.
    Findings,
    /// Not done in full.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Incomplete => 2,
        })
    }
}

/// Ends with what clap has to say: help is success, a mistake is 2.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let shown = error.print();
    match shown {
        Ok(()) if !error.use_stderr() => Exit::Clean.into(),
        Err(broken) if broken.kind() == io::ErrorKind::BrokenPipe && !error.use_stderr() => {
            Exit::Clean.into()
        }
        _ => Exit::Incomplete.into(),
    }
}

/// Ends with an error: its causes in one line, hints below it. A broken pipe is success.
#[expect(clippy::print_stderr, reason = "the one place that says why the process failed")]
pub(super) fn failure(error: &anyhow::Error) -> ExitCode {
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(broken_pipe) {
        return Exit::Clean.into();
    }
    eprintln!("abatis: error: {error:#}");
    Exit::Incomplete.into()
}
