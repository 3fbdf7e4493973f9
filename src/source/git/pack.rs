//! Bulk reading of git object stores: packs in pack order, each delta base decoded once.
//!
//! An audit wants every version of every file. Asked for one object at a time, a store decodes the
//! same bases again and again. Here the deltas of a pack are laid out as trees first; then every
//! base is decoded once, and what is built on it follows depth first, so that a base lives just as
//! long as something still needs it. While the instructions of a delta are applied they are also
//! recorded: the object arrives with the ranges that are new in it and a map of the ranges that it
//! shares with its base. A visitor looks at the new ranges only, and inherits the rest from the
//! state that it returned for the base.
//!
//! How it reads was measured on a history of 1.2 million objects, in processor time, `gix-pack`'s
//! delta tree being 1: this walk with the pack read into memory 0.65, with a mapped pack 0.60, with
//! the pack read in windows of a few kilobytes 0.9; with `zlib-rs` in the place of `libdeflate`,
//! which can be used since an entry's size and extent are known beforehand, 0.9. So a pack is read a
//! megabyte at a time, and each is held from the first to the last entry that is read of it
//! (`pieces.rs`). It is never mapped: a mapped pack that is cut while it is read kills the
//! process, where a read gives an error. `benches/floor.rs` prints the figures of another machine.
//!
//! A damaged object is a problem, not an end: it is looked for in the other packs and among the
//! loose objects, and if it is nowhere, it and what is built on it are reported.
//!
//! Must not know paths, references or commits: an object is an id, a kind and bytes.

use std::fmt;

use crate::{origin::ObjectId, source::Problem, text::Fresh};

pub(super) mod alternates;
mod catalog;
mod data;
mod delta;
mod descent;
mod entry;
mod index;
mod inflate;
mod inventory;
mod kin;
mod layout;
mod loose;
mod pieces;
mod rebuild;
mod sibling;
mod single;
mod store;
mod tools;
mod walk;

pub(super) use self::catalog::Catalog;
pub use crate::text::Copied;

pub(super) use self::{
    inventory::Inventory,
    single::{Lack, SingleStore},
};
pub use self::{
    store::{ObjectStore, Places},
    walk::{Limits, Scope, Tally, Walk},
};

/// What a git object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// A folder.
    Tree,
    /// The content of a file.
    Blob,
    /// An annotated tag.
    Tag,
}

impl ObjectKind {
    /// The word that git uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }

    /// The kind that git calls `name`.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        [Self::Commit, Self::Tree, Self::Blob, Self::Tag]
            .into_iter()
            .find(|kind| kind.name().as_bytes() == name)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// All four.
    pub const ALL: Self = Self(0b1111);
    /// None: to be filled by [`Kinds::with`].
    pub const NONE: Self = Self(0);

    /// The set with `kind` in it.
    #[must_use]
    pub const fn with(self, kind: ObjectKind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// True if `kind` is in the set.
    #[must_use]
    pub const fn contains(self, kind: ObjectKind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }
}

/// How a repository names its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum IdFormat {
    /// SHA-1: 20 bytes.
    #[default]
    Sha1,
    /// SHA-256: 32 bytes.
    Sha256,
}

impl IdFormat {
    /// Bytes of an id, and of the checksums that end packs and indexes.
    #[must_use]
    pub const fn id_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// Why an object is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It was asked for. No id is shown twice in this role.
    Wanted,
    /// It was shown before, or the filter refused it, but something wanted is built on it: only
    /// the state it leaves for that is of use.
    Base,
}

/// A decoded object.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    /// See [`Object::id`].
    raw_id: &'a [u8],
    /// The pack that it is in, and its place there in the order of ids.
    packed: Option<(u32, u32)>,
    /// What it is.
    pub kind: ObjectKind,
    /// Its content, without the header.
    pub bytes: &'a [u8],
    /// What is not in the base: inserted ranges and the seams between copied ones, each widened by
    /// [`CONTEXT`] bytes. A range that does not touch them lies, with that much context around it,
    /// inside one of `copies`. [`Fresh::All`] if there is no base.
    pub fresh: &'a Fresh,
    /// The ranges copied from the base, in the order of `at`. Neighbours that are neighbours in
    /// the base as well are one range.
    pub copies: &'a [Copied],
    /// What it was copied from; empty if there is no base. That is the object it is stored as a change of, or
    /// one it has more in common with: a [sibling](ObjectSink::carries), or the last of its [kin](ObjectSink::kin).
    /// Which one depends on the threads.
    pub base: &'a [u8],
    /// What is not in the object it is stored as a change of, as `fresh` has it.
    pub stored: &'a Fresh,
    /// Number of deltas between the object and the first full content below it.
    pub depth: u32,
    /// Whether others are built on it, so that the state that it leaves is of use.
    pub is_base: bool,
    /// Why it is shown.
    pub role: Role,
}

impl Object<'_> {
    /// Its id, as the index has it; the content is not hashed.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        // The length of an id is always one of the two that there are.
        ObjectId::from_bytes(self.raw_id).unwrap_or(ObjectId::NULL)
    }
}

/// Bytes around a match that may decide whether it is one: a word boundary looks at one character,
/// which is at most four bytes.
pub const CONTEXT: usize = 4;

/// Takes the objects of a store. Called from many threads.
pub trait ObjectSink: Sync {
    /// What an object leaves for those built on it: dropped after the last of them.
    type State: Send + Sync;
    /// What one thread at a time works with; the walk makes as many as it has threads at work and
    /// returns them all.
    type Worker: Send;

    /// A new worker.
    fn worker(&self) -> Self::Worker;

    /// Takes an object. `base` is the state of its delta base; without one, everything in the
    /// object is fresh.
    fn object(
        &self,
        worker: &mut Self::Worker,
        object: &Object<'_>,
        base: Option<&Self::State>,
    ) -> Self::State;

    /// An object larger than [`Limits::object`]; neither it nor what is built on it is read.
    fn too_large(&self, id: ObjectId, kind: ObjectKind, size: u64);

    /// Something that could not be read.
    fn problem(&self, problem: Problem);

    /// Whether the object is wanted at all; one that is not is shown only as a base of others.
    fn wants(&self, id: &ObjectId) -> bool {
        let _ = id;
        true
    }

    /// What an object is likely to have most in common with: one that is stored as a whole is shown as a change of
    /// the last such object that the sink gave the same number for.
    fn kin(&self, id: &ObjectId, kind: ObjectKind) -> Option<u32> {
        let _ = (id, kind);
        None
    }

    /// Whether a state says as much of an object as another one's: then what is built on the same base may be shown
    /// as a change of it.
    fn carries(&self, state: &Self::State) -> bool {
        let _ = state;
        false
    }

    /// True if the walk is to end: it returns as soon as it can.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Why an object cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("the pack ends before it")]
    BeyondEnd,
    #[error("its header is damaged")]
    Header,
    #[error("its bytes are not those that the index has the checksum of")]
    Checksum,
    #[error("its compressed data is damaged or cut short")]
    Compressed,
    #[error("its size is impossible for so few compressed bytes")]
    Size,
    #[error("its delta is damaged")]
    Delta,
    #[error("its delta does not fit its base")]
    WrongBase,
    #[error("its delta base {0} is missing")]
    BaseMissing(ObjectId),
    #[error("its delta base is not an object of this pack")]
    BaseOffset,
    #[error("its delta base cannot be read")]
    BaseLost,
    #[error("its chain of deltas never reaches a full content")]
    Endless,
    #[error("it has {size} bytes, more than the limit of {limit}")]
    TooLarge { size: u64, limit: u64 },
    #[error("reading failed: {0}")]
    Read(String),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            Self::BeyondEnd
        } else {
            Self::Read(error.to_string())
        }
    }
}

/// Locks `mutex`; one that a panic left behind holds nothing half done here.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
