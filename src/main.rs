//! The `abatis` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    abatis::cli::main()
}
