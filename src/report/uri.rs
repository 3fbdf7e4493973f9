//! Paths as URIs (RFC 3986), byte for byte.
//!
//! Must not look at the file system: what a path is, is decided by its form alone.

use std::fmt::Write as _;

/// The URI reference of a path: `file:///…` for an absolute one, relative otherwise.
pub(crate) fn from_path(path: &[u8]) -> String {
    match path {
        [drive, b':', rest @ ..] if drive.is_ascii_alphabetic() && rest.first() == Some(&b'/') => {
            format!("file:///{}:{}", char::from(*drive), percent(rest))
        }
        [b'/', b'/', ..] => format!("file:{}", percent(path)),
        [b'/', ..] => format!("file://{}", percent(path)),
        _ => percent(path),
    }
}

/// `bytes` with all but unreserved characters and `/` written as `%XX`.
pub(crate) fn percent(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~/!".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// True for a web address that can stand in a document as it is.
pub(crate) fn is_web(text: &str) -> bool {
    let is_web = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
    is_web && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        for (path, expected) in [
            (&b"src/a b.rs"[..], "src/a%20b.rs"),
            (b"a:b/c", "a%3Ab/c"),
            (b"/etc/x#y", "file:///etc/x%23y"),
            (b"C:/Users/x", "file:///C:/Users/x"),
            (b"//server/share/x", "file://server/share/x"),
            (b"caf\xe9\n\\", "caf%E9%0A%5C"),
            (b"a.zip!in/b", "a.zip!in/b"),
        ] {
            assert_eq!(from_path(path), expected);
        }
    }
}
