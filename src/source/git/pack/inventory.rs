//! Which packs and loose objects there are, and what came since.
//!
//! Must not read objects.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bstr::{BString, ByteVec as _};

use super::{IdFormat, ObjectStore, index::Index, loose, single::SingleStore};
use crate::origin::ObjectId;

/// Names of packs with their sizes in bytes, and loose objects. The name of a pack tells what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::source::git) struct Inventory {
    pub(in crate::source::git) packs: BTreeSet<(BString, u64)>,
    pub(in crate::source::git) loose: BTreeSet<ObjectId>,
}

impl Inventory {
    /// Of a store that was opened, with the loose objects that were listed.
    pub(in crate::source::git) fn of(store: &ObjectStore, loose: &[ObjectId]) -> Self {
        let packs = store
            .packs
            .iter()
            .filter_map(|pack| Some((name(&pack.path), fs::metadata(&pack.path).ok()?.len())));
        Self { packs: packs.collect(), loose: loose.iter().copied().collect() }
    }

    /// The objects in `folders` that came since, at most `most`; `None` if something is no longer there, or cannot
    /// be told, or if that is more.
    pub(in crate::source::git) fn since(
        &self,
        folders: &[PathBuf],
        format: IdFormat,
        most: usize,
    ) -> Option<Vec<ObjectId>> {
        let (mut known, mut new) = (Vec::new(), Vec::new());
        let mut found = BTreeSet::new();
        let mut loose = BTreeSet::new();
        for folder in folders {
            loose.extend(loose::list(folder, format).ok()?);
            for path in packs(folder)? {
                let pack = (name(&path), fs::metadata(&path).ok()?.len());
                if self.packs.contains(&pack) {
                    found.insert(pack);
                    known.push(path);
                } else {
                    new.push(path);
                }
            }
        }
        if found.len() != self.packs.len() || !self.loose.is_subset(&loose) {
            return None;
        }
        let mut ids: BTreeSet<ObjectId> = loose.difference(&self.loose).copied().collect();
        for pack in new {
            let index = Index::parse(fs::read(pack.with_extension("idx")).ok()?, format).ok()?;
            if index.len() > most {
                return None;
            }
            ids.extend((0..index.len()).map(|place| index.id(place)));
        }
        if ids.len() > most {
            return None;
        }
        let known = SingleStore::of_packs(known, format);
        Some(ids.into_iter().filter(|id| !self.loose.contains(id) && !known.contains(id)).collect())
    }
}

/// The packs of a folder that have an index, as git writes it last.
fn packs(folder: &Path) -> Option<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder.join("pack")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(Vec::new()),
        Err(_) => return None,
    };
    let mut packs = Vec::new();
    for entry in entries {
        let path = entry.ok()?.path();
        if path.extension().is_some_and(|ending| ending == "pack") {
            packs.push(path);
        }
    }
    Some(packs)
}

fn name(path: &Path) -> BString {
    Vec::from_os_string(path.file_name().unwrap_or_default().to_owned()).unwrap_or_default().into()
}
