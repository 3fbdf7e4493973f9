//! The index parser against bytes that lie. Real indexes are compared with git in `tests/it`.

use proptest::prelude::*;

use super::*;

/// A small index: two entries, one of them with a second word of flags where the version allows,
/// and a cache-tree.
fn sample(version: u32) -> Vec<u8> {
    let mut text = b"DIRC".to_vec();
    text.extend(version.to_be_bytes());
    text.extend(2u32.to_be_bytes());
    let mut before = "";
    for (path, extended) in [("dir/a", false), ("dir/bc", version > 2)] {
        let start = text.len();
        text.extend([0; 24]);
        text.extend(0o100_644u32.to_be_bytes());
        text.extend([0; 12]);
        text.extend([7; 20]);
        let flags = path.len() as u16 | if extended { EXTENDED } else { 0 };
        text.extend(flags.to_be_bytes());
        if extended {
            text.extend(INTENT_TO_ADD.to_be_bytes());
        }
        if version == 4 {
            let same = path.bytes().zip(before.bytes()).take_while(|(a, b)| a == b).count();
            text.push((before.len() - same) as u8);
            text.extend(path[same..].bytes());
            text.push(0);
        } else {
            text.extend(path.bytes());
            text.resize(start + ((text.len() - start + 8) & !7), 0);
        }
        before = path;
    }
    let mut tree = b"\0-1 1\ndir\x002 0\n".to_vec();
    tree.extend([9; 20]);
    text.extend(b"TREE");
    text.extend((tree.len() as u32).to_be_bytes());
    text.extend(tree);
    text.extend([0; 20]);
    text
}

/// Reads everything in every way there is.
fn read(text: &[u8]) -> Result<Vec<(String, bool)>, IndexError> {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("index");
    std::fs::write(&path, text).unwrap();
    let mut index = IndexFile::open(&path, 20)?;
    let tree = index.cache_tree()?;
    if let Some(root) = tree.as_ref().and_then(CacheTree::root) {
        root.children().iter().for_each(|child| drop((child.children(), child.valid())));
    }
    let mut listed = index.list(scratch.path())?;
    let mut found = Vec::new();
    while listed.advance()? {
        found.extend(listed.current().map(|entry| (entry.path.to_string(), entry.flags.intent_to_add)));
    }
    Ok(found)
}

#[test]
fn every_version_reads_the_same() {
    for version in 2..=4 {
        let expected = [("dir/a".to_owned(), false), ("dir/bc".to_owned(), version > 2)];
        assert_eq!(read(&sample(version)).unwrap(), expected, "version {version}");
    }
}

#[test]
fn what_is_cut_is_corrupt() {
    for version in 2..=4 {
        let text = sample(version);
        // Where the cache-tree would be the checksum: a whole index, to all who do not hash it.
        let whole = text.find(b"TREE").unwrap() + 20;
        for end in (0..text.len()).filter(|&end| end != whole) {
            assert!(read(&text[..end]).is_err(), "version {version} cut at {end}");
        }
    }
}

#[test]
fn lies_have_their_names() {
    let check = |at: usize, bytes: &[u8], expected: &str| {
        let mut text = sample(2);
        text[at..at + bytes.len()].copy_from_slice(bytes);
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} for {bytes:?} at {at}");
    };
    check(0, b"CRID", "does not start with DIRC");
    check(4, &5u32.to_be_bytes(), "version 5");
    check(8, &u32::MAX.to_be_bytes(), "corrupt");
    check(8, &1u32.to_be_bytes(), "extension");
    check(HEADER_LEN + 60, &[0, 3], "longer than it says");
    check(HEADER_LEN + 60, &[0x40, 5], "flags that its version has not");
    let tree = sample(2).find(b"TREE").unwrap();
    check(tree, b"xREE", "xREE");
    check(tree, b"linkx", "corrupt");
    check(tree + 4, &[0xff], "longer than the file");
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(
        version in 2u32..=4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut text = sample(version);
        for (place, byte) in changes {
            let place = place.index(text.len());
            text[place] = byte;
        }
        drop(read(&text));
        text.truncate(cut.index(text.len()));
        drop(read(&text));
    }
}
