//! `abatis rules tree`: files as structural rules see them.

use std::{fs, io::Write as _, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use bstr::BStr;

use super::super::exit::Exit;
use crate::policy::format::{self, Format};

pub(super) fn run(paths: &[PathBuf], name: Option<&str>, out: &mut Vec<u8>) -> Result<Exit> {
    let wanted = match name {
        Some(name) => match Format::named(name).first() {
            Some(format) => Some(*format),
            None => {
                bail!("--format {name}: there is no such format; there are {}", Format::names().join(", "))
            }
        },
        None => None,
    };
    for path in paths {
        let text = fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        let Some(format) =
            wanted.or_else(|| format::detect(BStr::new(path.as_os_str().as_encoded_bytes()), &text))
        else {
            writeln!(out, "{}: no format that is read for policy", path.display())?;
            continue;
        };
        writeln!(out, "{}: {}", path.display(), format.name())?;
        write!(out, "{}", format::outline(&format::parse(format, &text), &text))?;
    }
    Ok(Exit::Clean)
}
