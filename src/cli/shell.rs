//! Completions and man pages, made from the definition of the arguments.

use std::{fs, io};

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::{
    args::{Cli, CompletionsArgs, ManArgs},
    exit::Exit,
};

/// `abatis completions SHELL`.
pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "abatis", &mut script);
    io::Write::write_all(&mut io::stdout(), &script)?;
    Ok(Exit::Clean)
}

/// `abatis man DIR`.
pub(super) fn man(args: &ManArgs) -> anyhow::Result<Exit> {
    let shown = args.dir.display();
    fs::create_dir_all(&args.dir).with_context(|| format!("{shown}: cannot make the folder"))?;
    clap_mangen::generate_to(Cli::command(), &args.dir)
        .with_context(|| format!("{shown}: cannot write man pages"))?;
    Ok(Exit::Clean)
}
