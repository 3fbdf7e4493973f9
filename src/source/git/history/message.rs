//! The text of commits and tags: who made them, what they say, and whatever else a tool wrote into them.
//!
//! Must not show trees, parents and signatures: numbers that are no one's secret.

use bstr::ByteSlice as _;

use super::super::pack::ObjectKind;
use crate::origin::{Entry, Kind, ObjectId, Origin};

/// The name of a commit's message, which is the name of the file that git has it edited in.
pub(in super::super) const COMMIT: &str = "COMMIT_EDITMSG";
/// The same for tags.
pub(in super::super) const TAG: &str = "TAG_EDITMSG";

/// Lines of the header, and where the message begins.
fn header(object: &[u8]) -> (&[u8], &[u8]) {
    object.find(b"\n\n").map_or((object, &[][..]), |end| (&object[..=end], &object[end + 2..]))
}

/// The header without what is no one's secret, an empty line, and the message. What a merge keeps of a tag that it
/// merged is part of the header.
pub(in super::super) fn text(object: &[u8]) -> Vec<u8> {
    const PLAIN: [&[u8]; 6] = [b"tree ", b"parent ", b"object ", b"type ", b"gpgsig ", b"gpgsig-sha256 "];
    let (header, message) = header(object);
    let mut text = Vec::with_capacity(message.len() + 256);
    let mut shown = false;
    for line in header.lines_with_terminator() {
        // A value of several lines goes on behind a space.
        if !line.starts_with(b" ") {
            shown = !PLAIN.iter().any(|word| line.starts_with(word));
        }
        if shown {
            text.extend_from_slice(line);
        }
    }
    text.push(b'\n');
    text.extend_from_slice(message);
    text
}

/// What is told of the message of a commit or tag, as long as history is not known.
pub(in super::super) fn entry(id: ObjectId, kind: ObjectKind, text: &[u8]) -> Entry {
    let size = Some(text.len() as u64);
    Entry { origin: origin(id, kind), new_name: true, size, ..Entry::default() }
}

/// Where such a message is.
pub(in super::super) fn origin(id: ObjectId, kind: ObjectKind) -> Origin {
    let (kind, name) = match kind {
        ObjectKind::Tag => (Kind::TagMessage, TAG),
        _ => (Kind::CommitMessage, COMMIT),
    };
    Origin { kind, commit: Some(id), object: Some(id), ..Origin::file(name) }
}

/// What the header of a commit or tag says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Header<'h> {
    pub(in super::super) tree: Option<ObjectId>,
    /// What a tag points at.
    pub(in super::super) object: Option<ObjectId>,
    pub(in super::super) parents: Vec<ObjectId>,
    /// Name and address.
    pub(in super::super) author: &'h [u8],
    /// Of the committer or tagger, in seconds since 1970, UTC.
    pub(in super::super) time: i64,
}

impl<'h> Header<'h> {
    /// Reads what is there; what makes no sense is left out.
    pub(in super::super) fn parse(object: &'h [u8]) -> Self {
        let mut parsed = Self::default();
        for line in header(object).0.lines() {
            let Some((word, rest)) = line.split_once_str(" ") else { continue };
            match word {
                b"tree" => parsed.tree = parsed.tree.or(ObjectId::from_hex(rest)),
                b"object" => parsed.object = parsed.object.or(ObjectId::from_hex(rest)),
                b"parent" => parsed.parents.extend(ObjectId::from_hex(rest)),
                b"author" => parsed.author = person(rest).0,
                b"committer" => parsed.time = person(rest).1,
                b"tagger" => (parsed.author, parsed.time) = person(rest),
                _ => {}
            }
        }
        parsed
    }
}

/// `NAME <ADDRESS> SECONDS ZONE`, apart.
fn person(line: &[u8]) -> (&[u8], i64) {
    let Some(end) = line.rfind_byte(b'>') else { return (line, 0) };
    let seconds = line[end + 1..].trim().split_str(" ").next().unwrap_or_default();
    let seconds = seconds.to_str().ok().and_then(|text| text.parse().ok());
    (&line[..=end], seconds.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_and_signatures_are_left_out() {
        let id = "0123456789012345678901234567890123456789";
        let commit = format!(
            "tree {id}\nparent {id}\nauthor A <a@b> 5 +0100\ncommitter C <c@d> 7 +0000\ngpgsig x\n y\nmergetag object {id}\n tag v1\n \n said\nextra z\n\nhello\n\nend\n"
        );
        let parsed = Header::parse(commit.as_bytes());
        let expected = ObjectId::from_hex(id.as_bytes());
        assert_eq!((parsed.tree, parsed.parents.first().copied()), (expected, expected));
        assert_eq!((parsed.author, parsed.time), (&b"A <a@b>"[..], 7));
        let text = text(commit.as_bytes());
        let expected = format!(
            "author A <a@b> 5 +0100\ncommitter C <c@d> 7 +0000\nmergetag object {id}\n tag v1\n \n said\nextra z\n\nhello\n\nend\n"
        );
        assert_eq!(text.as_bstr(), expected);
        assert_eq!(Header::parse(b"").time, 0);
    }
}
