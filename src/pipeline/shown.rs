//! A content as people read it: UTF-16 as UTF-8, with what was found in it where it stands there.
//!
//! Comments, lines and columns are those of the text and not of its bytes. Must not change what was found.

use std::borrow::Cow;

use crate::{
    detect::encoding::{self, Encoded},
    finding::Match,
    text::{Fresh, Span},
};

/// A content for readers; borrowed where it is no UTF-16.
pub(super) struct Shown<'c> {
    pub(super) text: Cow<'c, [u8]>,
    pub(super) matches: Cow<'c, [Match]>,
    pub(super) fresh: Cow<'c, Fresh>,
}

impl<'c> Shown<'c> {
    /// `matches` were found in `bytes`, of which `fresh` is new.
    pub(super) fn new(bytes: &'c [u8], matches: &'c [Match], fresh: &'c Fresh) -> Self {
        let encoded = if matches.is_empty() { Encoded::Text } else { encoding::detect(bytes) };
        let Encoded::Utf16 { big_endian, mark } = encoded else {
            let (text, matches, fresh) = (bytes.into(), matches.into(), Cow::Borrowed(fresh));
            return Self { text, matches, fresh };
        };
        let converted = encoding::convert(bytes, big_endian, mark);
        let place = |span: Span| converted.text_span(bytes, span);
        let matches = matches.iter().map(|found| Match {
            span: place(found.span),
            whole: place(found.whole),
            depends: place(found.depends),
            parts: found.parts.iter().copied().map(place).collect(),
            ..found.clone()
        });
        let fresh = match fresh {
            Fresh::All => Fresh::All,
            Fresh::Ranges(ranges) => Fresh::from_spans(ranges.iter().copied().map(place).collect()),
        };
        Self { matches: matches.collect(), fresh: Cow::Owned(fresh), text: converted.text.into() }
    }
}
