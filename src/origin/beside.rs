//! The files that lie beside an entry, for rules that look at several files of a folder together.
//!
//! Must not read anything; sources do, when asked.

use std::{
    any::Any,
    fmt,
    sync::{Arc, OnceLock},
};

use bstr::{BStr, BString};

use crate::text::Fresh;

/// A source's view of folders: of a work tree, an index, the tree of a commit.
pub trait Folder: Send + Sync {
    /// Files in the folder of the file at `path` whose names end in one of `endings`, that file included.
    fn siblings(&self, path: &BStr, endings: &'static [&'static str]) -> Arc<Siblings>;

    /// Files in the folder `folder`, which ends in `/` or is empty, as whoever has the file at `path` sees it; nothing of what
    /// is not part of what is looked at.
    fn elsewhere(&self, path: &BStr, folder: &BStr, endings: &'static [&'static str]) -> Arc<Siblings>;

    /// Files of the folders around that of the file at `path`, some levels above and below, of which `holds` is true; as many
    /// as there are within the bounds.
    fn around(&self, path: &BStr, endings: &'static [&'static str], holds: Holds) -> Arc<Siblings>;
}

/// Whether the content of a file is wanted.
pub type Holds = fn(&[u8]) -> bool;

/// Files of a folder.
#[derive(Debug, Default)]
pub struct Siblings {
    /// In the order of their paths.
    pub files: Vec<Sibling>,
    /// True if none is missing: unreadable, too large, too many.
    pub complete: bool,
}

/// A file of a folder.
#[derive(Debug, Default)]
pub struct Sibling {
    /// Its path, as the entry's path is written.
    pub path: BString,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// What whoever reads it made of it.
    pub memo: OnceLock<Box<dyn Any + Send + Sync>>,
}

/// Most files of one folder that are looked at together.
pub const MOST_SIBLINGS: usize = 400;
/// Most bytes of them.
pub const MOST_SIBLING_BYTES: u64 = 8 << 20;

/// How to get at what lies beside an entry, and what of the entry is not as it was; nothing is known by default.
#[derive(Clone, Default)]
pub struct Beside {
    folder: Option<Arc<dyn Folder>>,
    changed: Option<Arc<Fresh>>,
}

impl Beside {
    /// What `folder` tells.
    #[must_use]
    pub fn new(folder: Arc<dyn Folder>) -> Self {
        Self { folder: Some(folder), changed: None }
    }

    /// Nothing lies beside it, and that is known.
    #[must_use]
    pub fn alone() -> Self {
        Self::new(Arc::new(Alone))
    }

    /// The same for an entry of which this is not as it was: lines that did not stand there, and the ends of lines behind which
    /// some were taken out. More than what is new: a new line may have been elsewhere before.
    #[must_use]
    pub fn of_changed(self, changed: Fresh) -> Self {
        Self { changed: Some(Arc::new(changed)), ..self }
    }

    /// What of the entry is not as it was, where somebody compared.
    #[must_use]
    pub fn changed(&self) -> Option<&Fresh> {
        self.changed.as_deref()
    }

    /// The files beside the one at `path`, if the source can tell.
    #[must_use]
    pub fn siblings(&self, path: &BStr, endings: &'static [&'static str]) -> Option<Arc<Siblings>> {
        self.folder.as_ref().map(|folder| folder.siblings(path, endings))
    }

    /// Files of the folders around, if the source can tell.
    #[must_use]
    pub fn around(
        &self,
        path: &BStr,
        endings: &'static [&'static str],
        holds: Holds,
    ) -> Option<Arc<Siblings>> {
        self.folder.as_ref().map(|folder| folder.around(path, endings, holds))
    }

    /// The files in another folder, as the file at `path` sees it, if the source can tell.
    #[must_use]
    pub fn elsewhere(
        &self,
        path: &BStr,
        folder: &BStr,
        endings: &'static [&'static str],
    ) -> Option<Arc<Siblings>> {
        self.folder.as_ref().map(|source| source.elsewhere(path, folder, endings))
    }
}

struct Alone;

impl Folder for Alone {
    fn siblings(&self, _path: &BStr, _endings: &'static [&'static str]) -> Arc<Siblings> {
        Arc::new(Siblings { files: Vec::new(), complete: true })
    }

    fn elsewhere(&self, path: &BStr, _folder: &BStr, endings: &'static [&'static str]) -> Arc<Siblings> {
        self.siblings(path, endings)
    }

    fn around(&self, path: &BStr, endings: &'static [&'static str], _holds: Holds) -> Arc<Siblings> {
        self.siblings(path, endings)
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.folder.is_some() { "Beside" } else { "Beside(unknown)" })
    }
}

// Where an entry is does not depend on how its neighbours are read.
impl PartialEq for Beside {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Beside {}
