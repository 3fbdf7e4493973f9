//! The cache-tree of an index: which folders are unchanged, and what their tree objects are.
//!
//! Must not read objects. A folder that git marked as changed has no id here.

use bstr::{BStr, ByteSlice as _};

use crate::origin::ObjectId;

/// The cache-tree: the folders of an index in the order they are written.
#[derive(Clone, Debug)]
pub struct CacheTree {
    text: Vec<u8>,
    nodes: Vec<Node>,
}

/// One folder.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Where its name is in the text.
    name: (u32, u32),
    /// Number of entries below it and its tree; `None` if git marked it as changed.
    valid: Option<(u32, ObjectId)>,
    /// Number of the first folder that is not below it.
    end: u32,
}

/// A folder of a [`CacheTree`].
#[derive(Clone, Copy, Debug)]
pub struct Folder<'c> {
    tree: &'c CacheTree,
    number: usize,
}

impl CacheTree {
    /// Reads the content of the `TREE` extension; `None` if it is empty or makes no sense.
    #[must_use]
    pub fn parse(content: &[u8], hash_len: usize) -> Option<Self> {
        let mut nodes: Vec<Node> = Vec::new();
        // Folders whose subfolders are being read, with how many of them are to come.
        let mut open: Vec<(usize, u32)> = Vec::new();
        let mut at = 0;
        loop {
            let end = at + memchr::memchr(0, content.get(at..)?)?;
            let name = (u32::try_from(at).ok()?, u32::try_from(end).ok()?);
            let line_end = end + memchr::memchr(b'\n', content.get(end..)?)?;
            let (count, children) = content.get(end + 1..line_end)?.to_str().ok()?.split_once(' ')?;
            let count: i64 = count.parse().ok()?;
            let children: u32 = children.parse().ok()?;
            at = line_end + 1;
            let valid = match u32::try_from(count) {
                Ok(count) => {
                    let id = ObjectId::from_bytes(content.get(at..at + hash_len)?)?;
                    at += hash_len;
                    Some((count, id))
                }
                Err(_) => None,
            };
            let number = nodes.len();
            nodes.push(Node { name, valid, end: u32::try_from(number + 1).ok()? });
            open.push((number, children));
            while let Some((folder, left)) = open.last_mut() {
                if *left > 0 {
                    *left -= 1;
                    break;
                }
                nodes[*folder].end = u32::try_from(nodes.len()).ok()?;
                open.pop();
            }
            if open.is_empty() {
                let text = content.to_vec();
                return (at == content.len()).then_some(Self { text, nodes });
            }
        }
    }

    /// The top folder.
    #[must_use]
    pub fn root(&self) -> Option<Folder<'_>> {
        (!self.nodes.is_empty()).then_some(Folder { tree: self, number: 0 })
    }
}

impl<'c> Folder<'c> {
    /// Its name, empty for the top.
    #[must_use]
    pub fn name(self) -> &'c BStr {
        let (start, end) = self.node().name;
        self.tree.text[start as usize..end as usize].as_bstr()
    }

    /// Number of index entries below it, and its tree; `None` if git marked it as changed.
    #[must_use]
    pub fn valid(self) -> Option<(u32, ObjectId)> {
        self.node().valid
    }

    /// Its subfolders, sorted by name.
    #[must_use]
    pub fn children(self) -> Vec<Self> {
        let mut children = Vec::new();
        let mut number = self.number + 1;
        while number < self.node().end as usize {
            children.push(Self { tree: self.tree, number });
            number = self.tree.nodes[number].end as usize;
        }
        children.sort_unstable_by_key(|child| child.name());
        children
    }

    fn node(self) -> &'c Node {
        &self.tree.nodes[self.number]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &mut Vec<u8>, name: &str, count: i32, children: u32) {
        text.extend(format!("{name}\0{count} {children}\n").bytes());
        if count >= 0 {
            text.extend([count as u8; 20]);
        }
    }

    fn sample() -> Vec<u8> {
        let mut text = Vec::new();
        node(&mut text, "", -1, 2);
        node(&mut text, "b", 3, 1);
        node(&mut text, "x", 1, 0);
        node(&mut text, "aa", -1, 0);
        text
    }

    #[test]
    fn folders_nest() {
        let tree = CacheTree::parse(&sample(), 20).unwrap();
        let root = tree.root().unwrap();
        assert_eq!(root.valid(), None);
        let names: Vec<_> = root.children().iter().map(|child| child.name().to_string()).collect();
        assert_eq!(names, ["aa", "b"]);
        let b = root.children()[1];
        assert_eq!(b.valid().unwrap().0, 3);
        assert_eq!(b.children()[0].name(), "x");
        assert!(b.children()[0].children().is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_none() {
        let text = sample();
        for end in 0..text.len() {
            assert!(CacheTree::parse(&text[..end], 20).is_none(), "cut at {end}");
        }
        let mut longer = text;
        longer.push(0);
        assert!(CacheTree::parse(&longer, 20).is_none());
        assert!(CacheTree::parse(b"\x001 4294967295\n", 20).is_none());
    }
}
