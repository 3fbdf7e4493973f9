//! The edge: arguments, environment, terminal, hook installation, exit codes.
//!
//! The only module that prints, reads the environment or decides how the process ends.

use std::process::ExitCode;

pub(crate) mod args;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
