//! Git LFS: what a pointer says, and where the local store keeps the object.
//!
//! The pointer format is `docs/spec.md` of git-lfs. Must not fetch.

use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use super::repo::Repo;

/// A pointer file is smaller than this, by the specification.
pub const MAX_POINTER_LEN: u64 = 1024;
/// What the first line of a pointer starts with; the second form is from before the project had its name.
const VERSIONS: [&[u8]; 2] =
    [b"version https://git-lfs.github.com/spec/", b"version https://hawser.github.com/spec/"];

/// What a pointer file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// SHA-256 of the object, as 64 digits.
    oid: String,
    /// Size of the object in bytes.
    pub size: u64,
}

impl Pointer {
    /// Reads a pointer; `None` if the text is something else.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() as u64 >= MAX_POINTER_LEN || !VERSIONS.iter().any(|start| text.starts_with(start)) {
            return None;
        }
        let value = |key: &[u8]| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(b" "));
        let oid = value(b"oid")?.strip_prefix(b"sha256:")?.to_str().ok()?;
        // The digits become a path.
        let sound = oid.len() == 64 && oid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let size = value(b"size")?.to_str().ok()?.parse().ok()?;
        sound.then(|| Self { oid: oid.to_owned(), size })
    }

    /// Where the object is in the store `storage`, if it is there.
    #[must_use]
    pub fn object_in(&self, storage: &Path) -> PathBuf {
        let folder = storage.join("objects").join(&self.oid[..2]).join(&self.oid[2..4]);
        folder.join(&self.oid)
    }

    /// The SHA-256 of the object, as 64 digits.
    #[must_use]
    pub fn oid(&self) -> &str {
        &self.oid
    }
}

/// The LFS store of a repository: `lfs.storage`, else `lfs` in the shared git folder.
#[must_use]
pub fn storage(repo: &Repo) -> PathBuf {
    match repo.local_config.path("lfs.storage", None) {
        Some(folder) => repo.common_dir.join(folder),
        None => repo.common_dir.join("lfs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_told_from_text() {
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n");
        let parsed = Pointer::parse(pointer.as_bytes()).unwrap();
        assert_eq!((parsed.oid(), parsed.size), (oid, 12345));
        assert!(parsed.object_in(Path::new("s")).ends_with(format!("objects/4d/7a/{oid}")));
        for other in [
            pointer.replace("version", "Version"),
            pointer.replace(oid, "../../../../etc/passwd"),
            pointer.replace("4d7a", "4D7A"),
            pointer.replace("12345", "-1"),
            pointer.replace("sha256", "md5"),
            pointer + &" ".repeat(1024),
        ] {
            assert_eq!(Pointer::parse(other.as_bytes()), None, "{other}");
        }
    }
}
