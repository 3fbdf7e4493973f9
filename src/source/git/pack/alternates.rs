//! Object folders that a repository borrows from: `objects/info/alternates`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bstr::{BString, ByteSlice as _};

use crate::source::Problem;

/// How far alternates of alternates are followed, as in git.
const DEEPEST: usize = 5;

/// The folders themselves, then all that they borrow from, each once.
pub(in crate::source::git) fn folders(own: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut seen = Vec::new();
    let mut waiting: Vec<(PathBuf, usize)> = own.iter().rev().map(|own| (own.clone(), 0)).collect();
    while let Some((folder, depth)) = waiting.pop() {
        let real = match dunce::canonicalize(&folder) {
            Ok(real) => real,
            Err(error) => {
                problems.push(problem(&folder, format!("objects cannot be read: {error}")));
                continue;
            }
        };
        if seen.contains(&real) {
            continue;
        }
        seen.push(real);
        let listed = listed(&folder, problems);
        if depth == DEEPEST && !listed.is_empty() {
            problems.push(problem(&folder, "its alternates are nested too deep".to_owned()));
        } else {
            waiting.extend(listed.into_iter().rev().map(|listed| (listed, depth + 1)));
        }
        folders.push(folder);
    }
    folders
}

/// A problem about a path.
pub(super) fn problem(path: &Path, message: String) -> Problem {
    Problem { subject: BString::from(<[u8]>::from_path(path).unwrap_or(b"objects")), message }
}

fn listed(folder: &Path, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let list = folder.join("info").join("alternates");
    let text = match fs::read(&list) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            problems.push(problem(&list, format!("cannot be read: {error}")));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && line[0] != b'#') {
        // A line that begins like a quoted one but is not is taken as it stands, as git does.
        let path = unquote(line).unwrap_or_else(|| line.to_vec());
        match path.to_path() {
            // A relative path counts from the folder that lists it.
            Ok(path) => found.push(folder.join(path)),
            Err(_) => problems.push(problem(&list, "names a path that is not UTF-8".to_owned())),
        }
    }
    found
}

/// The bytes of a C-quoted line, if it is one.
fn unquote(line: &[u8]) -> Option<Vec<u8>> {
    let inner = line.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'"' => return None,
            b'\\' => match bytes.next()? {
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                escaped @ (b'"' | b'\\') => escaped,
                high @ b'0'..=b'3' => {
                    let mut value = high - b'0';
                    for _ in 0..2 {
                        let digit = bytes.next().filter(|digit| (b'0'..=b'7').contains(digit))?;
                        value = value << 3 | (digit - b'0');
                    }
                    value
                }
                _ => return None,
            },
            _ => byte,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_lines() {
        for (line, expected) in [
            (r#""/a b""#, Some("/a b")),
            (r#""/a\n\"\\""#, Some("/a\n\"\\")),
            (r#""\303\244""#, Some("ä")),
            (r#""\400""#, None),
            (r#""a"b""#, None),
            (r#""a\""#, None),
            ("/plain", None),
        ] {
            assert_eq!(unquote(line.as_bytes()), expected.map(|text| text.as_bytes().to_vec()));
        }
    }
}
