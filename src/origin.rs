//! Where content comes from: object ids, origins, entries that name unread content, and the
//! reasons not to read one.
//!
//! Must not read anything. Paths are bytes with `/` between components on every system.

use std::{fmt, sync::Arc};

use bstr::{BStr, BString, ByteSlice as _};

mod beside;

pub use beside::{Beside, Folder, Holds, MOST_SIBLING_BYTES, MOST_SIBLINGS, Sibling, Siblings};

use crate::text::LineMap;

/// The id of a git object: 20 bytes (SHA-1) or 32 bytes (SHA-256).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    bytes: [u8; 32],
    len: u8,
}

impl ObjectId {
    /// The SHA-1 id of zeros, which git writes where there is no object.
    pub const NULL: Self = Self { bytes: [0; 32], len: 20 };

    /// Takes 20 or 32 raw bytes; any other length gives `None`.
    #[must_use]
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        if raw.len() != 20 && raw.len() != 32 {
            return None;
        }
        let mut bytes = [0; 32];
        bytes[..raw.len()].copy_from_slice(raw);
        Some(Self { bytes, len: raw.len() as u8 })
    }

    /// Reads 40 or 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        if hex.len() != 40 && hex.len() != 64 {
            return None;
        }
        let (mut bytes, mut all) = ([0; 32], 0);
        for (byte, pair) in bytes.iter_mut().zip(hex.as_chunks::<2>().0) {
            let [high, low] = pair.map(|digit| DIGITS[usize::from(digit)]);
            *byte = high << 4 | low;
            all |= high | low;
        }
        // Asked once for all digits: lists of references have tens of thousands of ids.
        (all != NO_DIGIT).then_some(Self { bytes, len: (hex.len() / 2) as u8 })
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// True for the id that git writes where there is no object.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.as_bytes().iter().all(|&byte| byte == 0)
    }

    /// The first ten hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        let mut hex = self.to_string();
        hex.truncate(10);
        hex
    }
}

/// What [`DIGITS`] has for a byte that is no hexadecimal digit.
const NO_DIGIT: u8 = u8::MAX;

/// The value of each hexadecimal digit.
static DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value];
        digits[digit as usize] = value as u8;
        digits[digit.to_ascii_uppercase() as usize] = value as u8;
        value += 1;
    }
    digits
};

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = [0; 64];
        for (pair, byte) in hex.as_chunks_mut::<2>().0.iter_mut().zip(self.as_bytes()) {
            *pair = [byte >> 4, byte & 15].map(|value| b"0123456789abcdef"[usize::from(value)]);
        }
        formatter.write_str(str::from_utf8(&hex[..2 * usize::from(self.len)]).unwrap_or_default())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// What kind of text an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Kind {
    /// Content of a file, in a tree, an index, an archive or a directory.
    #[default]
    File,
    /// The target of a symbolic link.
    Symlink,
    /// The message (and identity lines) of a commit.
    CommitMessage,
    /// The message (and identity line) of an annotated tag.
    TagMessage,
    /// A text that has no file: standard input.
    Stdin,
}

/// Where a content came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin {
    /// The repository, by its path below what was looked at, where that is several.
    pub repository: Option<Arc<BString>>,
    /// The path, relative to the top of the tree where there is one. For messages, a name
    /// such as `COMMIT_EDITMSG`.
    pub path: BString,
    /// Members of nested archives, outermost first.
    pub members: Vec<BString>,
    /// What the text is.
    pub kind: Kind,
    /// The commit (or tag) that it was seen in, where known.
    pub commit: Option<ObjectId>,
    /// The blob (or commit, or tag) that holds the text, where it is a git object.
    pub object: Option<ObjectId>,
}

impl Origin {
    /// A file at `path`.
    #[must_use]
    pub fn file(path: impl Into<BString>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// The path that rules see: the innermost archive member, else the path itself.
    #[must_use]
    pub fn rule_path(&self) -> &BStr {
        self.members.last().map_or(self.path.as_bstr(), |member| member.as_bstr())
    }

    /// The path for people with the repository in front, where there are several.
    #[must_use]
    pub fn full_path(&self) -> BString {
        self.below_repository(self.display_path())
    }

    /// The path without members of archives, with the repository in front, where there are several.
    #[must_use]
    pub fn path_from_top(&self) -> BString {
        self.below_repository(self.path.clone())
    }

    fn below_repository(&self, path: BString) -> BString {
        let Some(repository) = &self.repository else { return path };
        let mut full = BString::clone(repository);
        full.push(b'/');
        full.extend_from_slice(&path);
        full
    }

    /// The path for people: `a.zip!inner/b.txt` for a member of an archive.
    #[must_use]
    pub fn display_path(&self) -> BString {
        let mut path = self.path.clone();
        for member in &self.members {
            path.push(b'!');
            path.extend_from_slice(member);
        }
        path
    }
}

/// Where in the history of a repository a content stands. The order is that of how much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// In the object store, but in no history of any reference.
    Unreachable,
    /// In the history of a reference.
    Past,
    /// In the tree that a reference points at now.
    Tip,
}

impl Presence {
    /// The word used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Past => "past",
            Self::Tip => "tip",
        }
    }
}

/// The commit that first brought a content in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The commit (or the tag, for the message of a tag).
    pub commit: ObjectId,
    /// Name and address of its author.
    pub author: BString,
    /// When it was committed, in seconds since 1970, UTC.
    pub time: i64,
}

/// What the history of a repository says of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Since when it is there; `None` if no commit has it.
    pub since: Option<Arc<Introduction>>,
    /// Where it is still.
    pub presence: Presence,
}

impl History {
    /// The earlier of two is the smaller; what a reference reaches comes before what none does.
    #[must_use]
    pub fn age_key(&self) -> (bool, bool, i64, Option<ObjectId>) {
        let unreachable = self.presence == Presence::Unreachable;
        let since = self.since.as_ref();
        (unreachable, since.is_none(), since.map_or(0, |since| since.time), since.map(|since| since.commit))
    }
}

/// A named, unread piece of content.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Entry {
    /// Where it is.
    pub origin: Origin,
    /// Size in bytes, where known before reading.
    pub size: Option<u64>,
    /// True if the owner may execute it.
    pub executable: bool,
    /// True if the *name* is new to this run, so that rules on names apply.
    pub new_name: bool,
    /// Bytes in front of this content, where it is a part of something longer: added to a span, it
    /// gives an order over all parts. 0 for what is whole.
    pub offset: u64,
    /// Where the content's lines lie in the file.
    pub lines: LineMap,
    /// What history says of it, where that was asked.
    pub history: Option<History>,
    /// How to get at what lies beside it.
    pub beside: Beside,
}

impl Entry {
    /// A file at `path` of unknown size, its name being new.
    #[must_use]
    pub fn file(path: impl Into<BString>) -> Self {
        Self { origin: Origin::file(path), new_name: true, ..Self::default() }
    }
}

/// Why an entry, or the rest of it, is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// Larger than the limit.
    TooLarge,
    /// A kind of file that holds no text: pictures, sound, fonts.
    Media,
    /// Excluded by configuration, `.abatisignore` or an option.
    Excluded,
    /// Nothing in it is new.
    NotFresh,
    /// A commit of another repository.
    Submodule,
    /// A pointer whose LFS object is not in the local store.
    LfsMissing,
    /// A device, socket or pipe.
    Special,
    /// An archive or a member of one, from where a limit on depth, count or size is reached.
    ArchiveLimit,
    /// An archive or a member of one that cannot be unpacked (to its end): cut off, corrupt, or
    /// of a method that is not known.
    Damaged,
    /// An archive member that needs a password.
    Encrypted,
    /// A change of a binary file in a patch.
    BinaryPatch,
}

impl Skip {
    /// All of them.
    const ALL: [Self; 11] = [
        Self::TooLarge,
        Self::Media,
        Self::Excluded,
        Self::NotFresh,
        Self::Submodule,
        Self::LfsMissing,
        Self::Special,
        Self::ArchiveLimit,
        Self::Damaged,
        Self::Encrypted,
        Self::BinaryPatch,
    ];

    /// Reads the word that [`Skip::name`] writes.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|skip| skip.name() == name)
    }

    /// The word used in the coverage receipt.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too large",
            Self::Media => "media",
            Self::Excluded => "excluded",
            Self::NotFresh => "not fresh",
            Self::Submodule => "submodule",
            Self::LfsMissing => "LFS object missing",
            Self::Special => "special file",
            Self::ArchiveLimit => "archive limit",
            Self::Damaged => "damaged archive",
            Self::Encrypted => "encrypted",
            Self::BinaryPatch => "binary patch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_ids_read_and_write_hex() {
        let sha1 = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let sha256 = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";
        for hex in [sha1, sha256] {
            let id = ObjectId::from_hex(hex.as_bytes()).unwrap();
            assert_eq!(id.to_string(), hex);
            assert_eq!(ObjectId::from_bytes(id.as_bytes()), Some(id));
        }
        assert_eq!(ObjectId::from_hex(b"4b82"), None);
        assert!(ObjectId::from_bytes(&[0; 20]).unwrap().is_zero());
    }

    #[test]
    fn members_show_behind_the_path() {
        let mut origin = Origin::file("lib/a.jar");
        origin.members.push("META-INF/x.properties".into());
        assert_eq!(origin.display_path(), "lib/a.jar!META-INF/x.properties");
        assert_eq!(origin.rule_path(), "META-INF/x.properties");
    }
}
