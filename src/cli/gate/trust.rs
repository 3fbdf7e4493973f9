//! What a repository says about how it is to be scanned, as far as the server listens.
//!
//! What is pushed may tighten and never loosen, else a push could allow itself. Must not merge.

use std::collections::HashSet;

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;

use super::policy::Class;
use crate::{
    config::{FILE_NAME, Layer, LayerKind, MAX_FILE, gate::RepositoryConfig},
    origin::ObjectId,
    source::git::{repo::Repo, tree_files::TreeFiles},
};

/// Configurations of tips that are read, those of the first references; pushes of more with as many
/// different ones are none of people.
const MOST: usize = 8;

/// The configuration files that a class of references brings or has.
pub(crate) fn layers(
    repo: &Repo,
    files: &TreeFiles,
    class: &Class<'_>,
    listen: RepositoryConfig,
) -> Result<Vec<Layer>> {
    let mut layers = Vec::new();
    let mut seen = HashSet::new();
    if listen == RepositoryConfig::Ignore {
        return Ok(layers);
    }
    if listen == RepositoryConfig::Target {
        for target in targets(repo, class)? {
            add(files, LayerKind::Target, target, &mut seen, &mut layers)?;
        }
    }
    for tip in &class.tips {
        add(files, LayerKind::Repository, *tip, &mut seen, &mut layers)?;
    }
    Ok(layers)
}

/// What the references point at so far; for new ones, HEAD.
pub(crate) fn targets(repo: &Repo, class: &Class<'_>) -> Result<Vec<ObjectId>> {
    let mut targets: Vec<ObjectId> = class.olds.clone();
    if class.creates {
        targets.extend(repo.head()?);
    }
    targets.dedup();
    Ok(targets)
}

fn add(
    files: &TreeFiles,
    kind: LayerKind,
    commit: ObjectId,
    seen: &mut HashSet<ObjectId>,
    layers: &mut Vec<Layer>,
) -> Result<()> {
    if layers.len() >= MOST {
        return Ok(());
    }
    if let Some((id, content)) = files.read(&commit, FILE_NAME.into(), MAX_FILE)?
        && seen.insert(id)
    {
        let file = format!("{commit}:{FILE_NAME}");
        let text = String::from_utf8(content).with_context(|| format!("{file}: it is not UTF-8"))?;
        layers.push(Layer { kind, file, text });
    }
    Ok(())
}

/// A file that a configuration in a tree extends, out of the same tree; `None` if `from` is not in one.
pub(crate) fn extended(
    files: &TreeFiles,
    from: &str,
    name: &str,
) -> Option<Result<(String, String), String>> {
    let (commit, path) = from.split_once(':')?;
    let commit = ObjectId::from_hex(commit.as_bytes())?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let parts = folder.split('/').chain(name.split('/')).filter(|part| !matches!(*part, "" | "."));
    let path = parts.collect::<Vec<_>>().join("/");
    let read = files.read(&commit, path.as_bytes().as_bstr(), MAX_FILE).map_err(|error| error.to_string());
    Some(read.and_then(|found| {
        let (_, content) = found.ok_or_else(|| format!("{path} is not in the tree of {}", commit.short()))?;
        let text = String::from_utf8(content).map_err(|_| format!("{path} is not UTF-8"))?;
        Ok((format!("{commit}:{path}"), text))
    }))
}
