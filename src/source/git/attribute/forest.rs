//! The trees above sought objects, those that are alike being one.
//!
//! A node says which sought things are below it and under which names, and nothing else: versions of a
//! folder that differ only in what nobody looks for are one node, and two commits with one node have
//! the same things at the same paths.
//!
//! Must not know commits.

use std::collections::BTreeMap;

use bstr::BString;
use rayon::prelude::*;

use super::{
    super::history::graph::{Above, Graph},
    Numbered, message_name,
};
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
#[derive(Debug)]
pub(super) struct Forest<'g> {
    pub(super) graph: &'g Graph,
    nodes: Numbered<Node>,
    /// Number of leaves below each node, as paths.
    leaves: Vec<u64>,
    /// By number of a tree or blob in the graph.
    of_object: Vec<u32>,
    /// What the numbers in folders stand for.
    pub(super) names: Vec<BString>,
}

/// No node.
const NONE: u32 = u32::MAX;

impl<'g> Forest<'g> {
    pub(super) fn grow(graph: &'g Graph, needles: &Needles<'_>) -> Self {
        let mut forest = Self {
            graph,
            nodes: Numbered::default(),
            leaves: Vec::new(),
            of_object: vec![NONE; graph.objects()],
            names: Vec::new(),
        };
        let mut sought = Vec::new();
        for (id, ways) in &needles.blobs {
            let Some(number) = graph.number(id) else { continue };
            let mut ways = ways.clone();
            ways.sort_unstable();
            ways.dedup();
            forest.put(number, Node::Leaf(ways.into()));
            sought.push(number);
        }
        forest.grow_up(&graph.above(&sought));
        forest
    }

    /// Makes the nodes of all trees, those below others first: in each round, those are made that wait for none.
    fn grow_up(&mut self, above: &Above) {
        let graph = self.graph;
        let mut numbers = vec![NONE; graph.names()];
        // Each with the object that it waits for.
        let mut left: Vec<(u32, u32)> = above.trees.iter().map(|&tree| (tree, NONE)).collect();
        while !left.is_empty() {
            let look = |&(tree, waits): &(u32, u32)| match waits {
                NONE => (tree, self.inside(tree, above, false)),
                waits if self.of_object[waits as usize] == NONE => (tree, Err(waits)),
                _ => (tree, self.inside(tree, above, false)),
            };
            let round: Vec<_> = left.par_iter().map(look).collect();
            let before = left.len();
            left.clear();
            for (tree, inside) in round {
                match inside {
                    Ok(inside) => self.put_folder(tree, inside, &mut numbers),
                    Err(waits) => left.push((tree, waits)),
                }
            }
            if left.len() == before {
                // Damaged trees that hold themselves: without that, so that this ends.
                for (tree, _) in std::mem::take(&mut left) {
                    let inside = self.inside(tree, above, true).unwrap_or_default();
                    self.put_folder(tree, inside, &mut numbers);
                }
            }
        }
    }

    /// Names, by their numbers in the graph, and nodes of what leads on in a tree; or the first object that has no
    /// node yet, if it is not to be left out.
    fn inside(&self, tree: u32, above: &Above, leave_out: bool) -> Result<Vec<(u32, u32)>, u32> {
        let mut inside = Vec::new();
        for entry in self.graph.entries_above(tree, above) {
            let object = self.graph.object_of(entry);
            match self.of_object[object as usize] {
                NONE if leave_out => {}
                NONE => return Err(object),
                node => inside.push((self.graph.label_of(entry).name(), node)),
            }
        }
        Ok(inside)
    }

    fn put_folder(&mut self, tree: u32, mut inside: Vec<(u32, u32)>, numbers: &mut [u32]) {
        for (name, _) in &mut inside {
            let number = &mut numbers[*name as usize];
            if *number == NONE {
                *number = self.names.len() as u32;
                self.names.push(self.graph.name_of(*name).to_owned());
            }
            *name = *number;
        }
        inside.sort_unstable();
        inside.dedup();
        self.put(tree, Node::Folder(inside.into()));
    }

    fn put(&mut self, object: u32, node: Node) {
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
        self.of_object[object as usize] = number;
    }

    /// The node of a tree or blob, if something sought is below it.
    pub(super) fn node(&self, object: u32) -> Option<u32> {
        self.of_object.get(object as usize).copied().filter(|&node| node != NONE)
    }

    pub(super) fn get(&self, node: u32) -> &Node {
        &self.nodes.things[node as usize]
    }

    /// Number of paths below a node.
    pub(super) fn paths(&self, node: u32) -> u64 {
        self.leaves[node as usize]
    }
}
