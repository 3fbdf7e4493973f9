//! The packs and configuration files that a command is given.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::super::{edge::Edge, load};
use crate::config::MAX_FILE;

/// A file and its text.
pub(super) struct Written {
    /// Its path as it was given, with `/`.
    pub(super) name: String,
    pub(super) text: String,
}

/// The files named by `paths`, and the TOML files right inside the folders named.
pub(super) fn collect(paths: &[PathBuf], edge: &Edge) -> Result<Vec<Written>> {
    let mut files = Vec::new();
    for path in paths {
        if edge.absolute(path).is_dir() {
            let inside = inside(path, edge)?;
            if inside.is_empty() {
                bail!("{}: there is no .toml file in this folder", path.display());
            }
            files.extend(inside);
        } else {
            files.push(path.clone());
        }
    }
    files.iter().map(|path| read(path, edge)).collect()
}

fn inside(folder: &Path, edge: &Edge) -> Result<Vec<PathBuf>> {
    let cannot = || format!("{}: cannot list the folder", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(edge.absolute(folder)).with_context(cannot)? {
        let name = PathBuf::from(entry.with_context(cannot)?.file_name());
        if name.extension().is_some_and(|extension| extension == "toml") {
            files.push(folder.join(name));
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path, edge: &Edge) -> Result<Written> {
    let shown = path.display();
    let bytes = load::read_limited(&edge.absolute(path), MAX_FILE)
        .with_context(|| format!("{shown}: cannot read the file"))?;
    let text = String::from_utf8(bytes).ok().with_context(|| format!("{shown}: it is not UTF-8"))?;
    Ok(Written { name: shown.to_string().replace('\\', "/"), text })
}
