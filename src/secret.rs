//! A secret value, and the only ways to show it.
//!
//! Must not be formatted, serialised or compared with anything but another secret.

use std::fmt;

use zeroize::Zeroize as _;

/// Bytes of a secret. They are wiped when dropped, and `Debug` shows the redacted form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret(Vec<u8>, Option<Box<str>>);

/// Characters left readable at the start of a long secret: enough to see which kind it is.
const SHOWN_PREFIX: usize = 4;
/// Secrets shorter than this show nothing of their value.
const SHOWN_FROM: usize = 16;

impl Secret {
    /// Takes a copy of `bytes`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec(), None)
    }

    /// A secret of which only the redacted form is known, read from the result of another run.
    #[must_use]
    pub fn told(redacted: String) -> Self {
        Self(Vec::new(), Some(redacted.into_boxed_str()))
    }

    /// The bytes themselves. For fingerprints and `--show-secrets`; never for a log.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True for a finding without a value, such as one on a file name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty() && self.1.is_none()
    }

    /// The first four characters of a value of at least sixteen, then stars and the length.
    ///
    /// A shorter value shows stars only, so that a password cannot be guessed from it.
    #[must_use]
    pub fn redacted(&self) -> String {
        self.1.as_ref().map_or_else(|| redact(&self.0), |told| told.to_string())
    }
}

/// The redacted form of `value`, as [`Secret::redacted`] gives it.
#[must_use]
pub fn redact(value: &[u8]) -> String {
    if value.is_empty() {
        return String::new();
    }
    let mut shown = String::new();
    if value.len() >= SHOWN_FROM {
        let prefix = &value[..SHOWN_PREFIX];
        if prefix.iter().all(u8::is_ascii_graphic) {
            shown.extend(prefix.iter().map(|&byte| char::from(byte)));
        }
    }
    shown.push_str("****");
    if value.len() >= SHOWN_FROM {
        shown.push_str(&format!("({} bytes)", value.len()));
    }
    shown
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secret({})", self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_prefix_of_long_values_only() {
        for (value, expected) in [
            ("", ""),
            ("hunter2", "****"),
            ("abcdefghijklmno", "****"),
            ("abcdefghijklmnop", "abcd****(16 bytes)"),
            ("a\u{1b}cdefghijklmnop", "****(16 bytes)"),
        ] {
            assert_eq!(Secret::new(value.as_bytes()).redacted(), expected, "{value:?}");
        }
    }

    #[test]
    fn debug_is_redacted() {
        assert_eq!(format!("{:?}", Secret::new(b"correct horse battery")), "Secret(corr****(21 bytes))");
    }
}
