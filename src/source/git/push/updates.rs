//! The ref updates that git writes to its hooks, read line by line.
//!
//! Must not ask whether the objects are there.

use bstr::{BString, ByteSlice as _};

use crate::{origin::ObjectId, source::git::objects::HashKind};

/// A reference that is to point at something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    /// What it points at so far; `None` if it is made.
    pub old: Option<ObjectId>,
    /// What it is to point at; `None` if it is removed.
    pub new: Option<ObjectId>,
    /// Its full name, where it is stored.
    pub name: BString,
}

/// A line that is none of git's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of standard input {what}")]
pub struct BadUpdate {
    /// Number of the line, from 1.
    pub line: usize,
    what: &'static str,
}

/// Reads `OLD NEW REF` lines, as pre-receive gets them.
///
/// # Errors
///
/// The first line that is not one: then nothing is known about what is pushed. The last line must
/// have its end, since without it a name may be cut short.
pub fn receive(input: &[u8], hash: HashKind) -> Result<Vec<RefUpdate>, BadUpdate> {
    each_line(input, |line| {
        let mut parts = line.splitn(3, |&byte| byte == b' ');
        let (old, new) = (parts.next()?, parts.next()?);
        let name = parts.next().filter(|name| !name.is_empty())?;
        Some(RefUpdate { old: id(old, hash)?, new: id(new, hash)?, name: name.into() })
    })
}

/// Reads `LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID` lines, as pre-push gets them.
///
/// # Errors
///
/// As [`receive`].
pub fn send(input: &[u8], hash: HashKind) -> Result<Vec<RefUpdate>, BadUpdate> {
    each_line(input, |line| {
        // The local name may be an expression with blanks, such as `HEAD@{1 day ago}`.
        let mut parts = line.rsplitn(4, |&byte| byte == b' ');
        let old = parts.next()?;
        let name = parts.next().filter(|name| !name.is_empty())?;
        let new = parts.next()?;
        parts.next()?;
        Some(RefUpdate { old: id(old, hash)?, new: id(new, hash)?, name: name.into() })
    })
}

fn each_line(input: &[u8], read: impl Fn(&[u8]) -> Option<RefUpdate>) -> Result<Vec<RefUpdate>, BadUpdate> {
    let mut updates = Vec::new();
    for (number, whole) in input.lines_with_terminator().enumerate() {
        let bad = |what| BadUpdate { line: number + 1, what };
        let line = whole.strip_suffix(b"\n").ok_or_else(|| bad("is cut short"))?;
        updates.push(read(line).ok_or_else(|| bad("is no ref update"))?);
    }
    Ok(updates)
}

/// An id of the repository's length; zeros are none.
fn id(hex: &[u8], hash: HashKind) -> Option<Option<ObjectId>> {
    let id = ObjectId::from_hex(hex).filter(|id| id.as_bytes().len() == hash.id_len())?;
    Some((!id.is_zero()).then_some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn updates_of_a_received_push() {
        let input = format!("{ZERO} {ONE} refs/heads/a b\n{ONE} {ZERO} refs/tags/\u{e9}\n");
        let updates = receive(input.as_bytes(), HashKind::Sha1).unwrap();
        let one = ObjectId::from_hex(ONE.as_bytes());
        let expected = [(None, one, "refs/heads/a b"), (one, None, "refs/tags/\u{e9}")]
            .map(|(old, new, name)| RefUpdate { old, new, name: name.into() });
        assert_eq!(updates, expected);
        assert_eq!(receive(b"", HashKind::Sha1), Ok(Vec::new()));
    }

    #[test]
    fn names_may_be_garbage_and_lines_may_not() {
        let mut input = format!("{ZERO} {ONE} ").into_bytes();
        input.extend(b"refs/heads/\xff\x1b[31m\r\n");
        assert_eq!(receive(&input, HashKind::Sha1).unwrap()[0].name, b"refs/heads/\xff\x1b[31m\r".as_bstr());
        for (broken, line) in [
            (format!("{ONE} {ONE} refs/heads/a\n{ONE} {ONE} refs/he"), 2),
            (format!("{ONE} {ONE}\n"), 1),
            (format!("{ONE} {ONE} \n"), 1),
            ("\n".to_owned(), 1),
            (format!("{ONE} zz refs/heads/a\n"), 1),
        ] {
            assert_eq!(receive(broken.as_bytes(), HashKind::Sha1).unwrap_err().line, line, "{broken:?}");
        }
        let line = format!("{ONE} {ONE} refs/heads/a\n");
        assert!(receive(line.as_bytes(), HashKind::Sha256).is_err());
    }

    #[test]
    fn updates_of_a_push_to_be_sent() {
        let input =
            format!("HEAD@{{1 day ago}} {ONE} refs/heads/a {ZERO}\n(delete) {ZERO} refs/heads/b {ONE}\n");
        let updates = send(input.as_bytes(), HashKind::Sha1).unwrap();
        let one = ObjectId::from_hex(ONE.as_bytes());
        assert_eq!(
            (updates[0].old, updates[0].new, updates[0].name.as_bstr()),
            (None, one, "refs/heads/a".into())
        );
        assert_eq!((updates[1].old, updates[1].new), (one, None));
        assert!(send(format!("{ONE} refs/heads/a {ZERO}\n").as_bytes(), HashKind::Sha1).is_err());
    }
}
