//! The trees above sought objects, those that are alike being one.
//!
//! A node says which sought things are below it and under which names, and nothing else: versions of a
//! folder that differ only in what nobody looks for are one node, and two commits with one node have
//! the same things at the same paths.
//!
//! Must not know commits.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Numbered, message_name, reading::Read, short};
use crate::{
    origin::{Kind, ObjectId},
    source::{Sought, Way},
};

/// What is looked for.
#[derive(Debug)]
pub(super) struct Needles<'s> {
    /// The ways of all of `sought`, with the place of each in it.
    pub(super) ways: Vec<(u32, &'s Way)>,
    /// Blobs, with the ways in which they hold something.
    pub(super) blobs: BTreeMap<ObjectId, Vec<u32>>,
    /// Commits and tags whose messages hold something.
    pub(super) messages: BTreeMap<ObjectId, Vec<u32>>,
}

impl<'s> Needles<'s> {
    pub(super) fn new(sought: &'s [Sought]) -> Self {
        let mut needles = Self { ways: Vec::new(), blobs: BTreeMap::new(), messages: BTreeMap::new() };
        for (group, sought) in sought.iter().enumerate() {
            for (way, objects) in &sought.carriers {
                let number = needles.ways.len() as u32;
                needles.ways.push((group as u32, way));
                for object in objects {
                    if message_name(way.kind).is_some() {
                        needles.messages.entry(*object).or_default().push(number);
                        continue;
                    }
                    needles.blobs.entry(*object).or_default().push(number);
                }
            }
        }
        needles
    }

    /// True if the message of this object is looked for in this way.
    pub(super) fn is_tag(&self, way: u32) -> bool {
        self.ways[way as usize].1.kind == Kind::TagMessage
    }
}

/// A folder or an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// A sought object: the ways in which it holds something, sorted.
    Leaf(Box<[u32]>),
    /// Names with their nodes, sorted.
    Folder(Box<[(u32, u32)]>),
}

/// The nodes.
#[derive(Debug, Default)]
pub(super) struct Forest {
    nodes: Numbered<Node>,
    /// Number of leaves below each node, as paths.
    leaves: Vec<u64>,
    /// By shortened id of a tree or blob.
    by_id: HashMap<u64, u32>,
}

impl Forest {
    pub(super) fn grow(read: &Read, needles: &Needles<'_>) -> Self {
        let mut forest = Self::default();
        let mut ready = Vec::new();
        for (id, ways) in &needles.blobs {
            let mut ways = ways.clone();
            ways.sort_unstable();
            ways.dedup();
            forest.put(short(id), Node::Leaf(ways.into()));
            ready.push(short(id));
        }
        // All trees above them, and how many of its entries each of these waits for.
        let mut inside: HashMap<u32, Vec<(u32, u64)>> = HashMap::new();
        let mut stack = ready.clone();
        let mut seen: HashSet<u64> = stack.iter().copied().collect();
        while let Some(child) = stack.pop() {
            for edge in read.above(child) {
                inside.entry(edge.parent).or_default().push((edge.name, child));
                let parent = read.trees[edge.parent as usize];
                if seen.insert(parent) {
                    stack.push(parent);
                }
            }
        }
        let mut waiting: HashMap<u32, usize> =
            inside.iter().map(|(&tree, inside)| (tree, inside.len())).collect();
        // From the leaves up. Ids make a circle impossible; were two of them shortened to one, the
        // trees of that circle would stay out.
        while let Some(child) = ready.pop() {
            for edge in read.above(child) {
                let Some(waits) = waiting.get_mut(&edge.parent) else { continue };
                *waits = waits.saturating_sub(1);
                if *waits > 0 {
                    continue;
                }
                waiting.remove(&edge.parent);
                let entries = inside.remove(&edge.parent).unwrap_or_default();
                let mut nodes: Vec<(u32, u32)> = entries
                    .iter()
                    .filter_map(|(name, child)| Some((*name, *forest.by_id.get(child)?)))
                    .collect();
                nodes.sort_unstable();
                nodes.dedup();
                let id = read.trees[edge.parent as usize];
                forest.put(id, Node::Folder(nodes.into()));
                ready.push(id);
            }
        }
        forest
    }

    fn put(&mut self, id: u64, node: Node) {
        let leaves = match &node {
            Node::Leaf(_) => 1,
            Node::Folder(inside) => {
                inside.iter().fold(0_u64, |sum, &(_, node)| sum.saturating_add(self.leaves[node as usize]))
            }
        };
        let number = self.nodes.of(node);
        if number as usize == self.leaves.len() {
            self.leaves.push(leaves);
        }
        self.by_id.insert(id, number);
    }

    /// The node of a tree or blob, if something sought is below it.
    pub(super) fn node(&self, id: u64) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn get(&self, node: u32) -> &Node {
        &self.nodes.things[node as usize]
    }

    /// Number of paths below a node.
    pub(super) fn paths(&self, node: u32) -> u64 {
        self.leaves[node as usize]
    }
}
