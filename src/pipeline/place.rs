//! Where a path, as it was typed, lies in the repository.
//!
//! Reports show paths as typed; globs of the configuration and entries of the baseline are
//! relative to the top of the repository. Must not touch the file system.

use bstr::{BStr, BString, ByteSlice as _};

/// The top of a repository and the current folder in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Absolute path of the top, `/` between components, without one at the end.
    top: BString,
    /// The current folder relative to the top; empty at the top itself.
    folder: BString,
}

impl Place {
    /// The place of the current folder, if it is in the repository at `top`. Both are absolute,
    /// with `/` between components.
    #[must_use]
    pub fn new(top: &BStr, current: &BStr) -> Option<Self> {
        let top = top.strip_suffix(b"/").unwrap_or(top);
        let rest = current.strip_prefix(top)?;
        let folder = match rest.strip_prefix(b"/") {
            Some(folder) => folder,
            None if rest.is_empty() => rest,
            None => return None,
        };
        Some(Self { top: top.into(), folder: folder.trim_end_with(|character| character == '/').into() })
    }

    /// `path` relative to the top, if that is another path and lies in the repository.
    #[must_use]
    pub fn in_repository(&self, path: &BStr) -> Option<BString> {
        if let Some(inside) = path.strip_prefix(self.top.as_slice()).and_then(|rest| rest.strip_prefix(b"/"))
        {
            return Some(inside.into());
        }
        let absolute = path.starts_with(b"/") || path.get(1) == Some(&b':');
        let climbs = path.split_str("/").any(|part| part == b"..");
        if absolute || self.folder.is_empty() && !climbs {
            return None;
        }
        let mut parts: Vec<&[u8]> = self.folder.split_str("/").filter(|part| !part.is_empty()).collect();
        for part in path.split_str("/") {
            match part {
                b"" | b"." => {}
                b".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        Some(bstr::join("/", parts).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_the_repository() {
        for (current, path, expected) in [
            ("/r", "a/b", None),
            ("/r", "/r/a/b", Some("a/b")),
            ("/r/sub", "a/b", Some("sub/a/b")),
            ("/r/sub", "./a", Some("sub/a")),
            ("/r/sub", "../a", Some("a")),
            ("/r/sub", "../../a", None),
            ("/r/sub", "/other/a", None),
            ("/r", "stdin", None),
        ] {
            let place = Place::new("/r".into(), current.into()).unwrap();
            assert_eq!(place.in_repository(path.into()), expected.map(BString::from), "{current} {path}");
        }
        assert_eq!(Place::new("/r".into(), "/rest".into()), None);
    }
}
