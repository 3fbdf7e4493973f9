//! The trees above sought objects, those that are alike being one.
//!
//! A node says which sought things are below it and under which names, and nothing else: versions of a
//! folder that differ only in what nobody looks for are one node, and two commits with one node have
//! the same things at the same paths.
//!
//! Must not know commits.

use std::collections::{BTreeMap, HashMap};

use bstr::BString;
use rayon::prelude::*;

use super::{
    super::history::graph::{Above, Graph, Quickly},
    course::NONE,
    message_name,
};
use crate::{
    origin::{Kind, ObjectId},
    source::{Sought, Way},
};

/// What is looked for.
#[derive(Debug)]
pub(in super::super) struct Needles<'s> {
    /// The ways of all of `sought`, with the place of each in it.
    pub(super) ways: Vec<(u32, &'s Way)>,
    /// Blobs, with the ways in which they hold something.
    pub(in super::super) blobs: BTreeMap<ObjectId, Vec<u32>>,
    /// Commits and tags whose messages hold something.
    pub(super) messages: BTreeMap<ObjectId, Vec<u32>>,
}

impl<'s> Needles<'s> {
    pub(in super::super) fn new(sought: &'s [Sought]) -> Self {
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

/// A folder or an object, as it is put in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Node {
    /// A sought object: the ways in which it holds something, sorted.
    Leaf(Box<[u32]>),
    /// Names with their nodes, sorted.
    Folder(Box<[(u32, u32)]>),
}

/// The nodes: those in a folder come before it.
#[derive(Debug, Default)]
pub(in super::super) struct Nodes {
    /// Names with their nodes, sorted, of folders; of leaves, ways with nothing beside them.
    pairs: Vec<(u32, u32)>,
    /// Where those of each begin.
    starts: Vec<u32>,
    is_leaf: Vec<bool>,
    /// Number of leaves below each node, as paths.
    leaves: Vec<u64>,
}

impl Nodes {
    /// Pairs, where those of each node begin, and whether it is a leaf.
    pub(in super::super) fn lists(&self) -> (&[(u32, u32)], &[u32], &[bool]) {
        (&self.pairs, &self.starts, &self.is_leaf)
    }

    /// What [`lists`](Self::lists) gives, taken back; `None` if the lists do not fit each other.
    pub(in super::super) fn from_lists(
        pairs: Vec<(u32, u32)>,
        starts: Vec<u32>,
        is_leaf: Vec<bool>,
    ) -> Option<Self> {
        let fits = starts.len() == is_leaf.len()
            && starts.is_sorted()
            && starts.last().is_none_or(|&last| last as usize <= pairs.len());
        if !fits {
            return None;
        }
        let mut nodes = Self { pairs, starts, is_leaf, leaves: Vec::new() };
        for node in 0..nodes.starts.len() as u32 {
            let leaves = nodes.count(node)?;
            nodes.leaves.push(leaves);
        }
        Some(nodes)
    }

    /// Number of leaves below a node whose own were counted; `None` if they were not.
    fn count(&self, node: u32) -> Option<u64> {
        if self.is_leaf[node as usize] {
            return Some(1);
        }
        self.folder(Some(node))
            .iter()
            .try_fold(0_u64, |sum, &(_, below)| Some(sum.saturating_add(*self.leaves.get(below as usize)?)))
    }

    /// Whether names and ways are below these ends.
    pub(in super::super) fn is_sound(&self, names: usize, ways: usize) -> bool {
        (0..self.len() as u32).all(|node| {
            self.leaf(Some(node)).iter().all(|&(way, _)| (way as usize) < ways)
                && self.folder(Some(node)).iter().all(|&(name, _)| (name as usize) < names)
        })
    }

    /// The same nodes, with the ways that `of` says for what is in each leaf.
    pub(in super::super) fn with_ways<'w>(&self, of: impl Fn(u32) -> &'w [u32]) -> Self {
        let mut nodes = Self::default();
        for node in 0..self.len() as u32 {
            if self.is_leaf(node) {
                let ways = self.leaf(Some(node)).iter().flat_map(|&(what, _)| of(what));
                nodes.push(true, ways.map(|&way| (way, NONE)));
            } else {
                nodes.push(false, self.folder(Some(node)).iter().copied());
            }
        }
        nodes
    }

    /// Adds one.
    pub(in super::super) fn push(&mut self, is_leaf: bool, pairs: impl Iterator<Item = (u32, u32)>) -> u32 {
        let start = self.pairs.len();
        self.starts.push(start as u32);
        self.pairs.extend(pairs);
        self.is_leaf.push(is_leaf);
        let node = self.leaves.len() as u32;
        self.leaves.push(self.count(node).unwrap_or(0));
        node
    }

    /// Number of nodes.
    pub(in super::super) const fn len(&self) -> usize {
        self.leaves.len()
    }

    fn pairs(&self, node: Option<u32>, leaf: bool) -> &[(u32, u32)] {
        let Some(node) = node.map(|node| node as usize).filter(|&node| self.is_leaf[node] == leaf) else {
            return &[];
        };
        let end = self.starts.get(node + 1).map_or(self.pairs.len(), |&end| end as usize);
        &self.pairs[self.starts[node] as usize..end]
    }

    /// Names with their nodes, sorted; nothing for what is no folder.
    pub(in super::super) fn folder(&self, node: Option<u32>) -> &[(u32, u32)] {
        self.pairs(node, false)
    }

    /// The ways in which a leaf holds something, sorted, each in front; nothing for what is no leaf.
    pub(in super::super) fn leaf(&self, node: Option<u32>) -> &[(u32, u32)] {
        self.pairs(node, true)
    }

    /// Whether it is no folder.
    pub(in super::super) fn is_leaf(&self, node: u32) -> bool {
        self.is_leaf[node as usize]
    }

    /// Number of paths below a node.
    pub(super) fn paths(&self, node: u32) -> u64 {
        self.leaves[node as usize]
    }
}

/// What blocks of entries say, each thing once. The blocks go by their places in [`Above::blocks`].
#[derive(Debug)]
struct Said {
    of_block: Vec<u32>,
    numbers: HashMap<Vec<(u32, u32)>, u32, Quickly>,
    lists: Vec<Vec<(u32, u32)>>,
}

impl Said {
    fn new(blocks: usize) -> Self {
        Self { of_block: vec![NONE; blocks], numbers: HashMap::default(), lists: Vec::new() }
    }

    fn put(&mut self, block: u32, inside: Vec<(u32, u32)>) {
        let next = self.lists.len() as u32;
        let number = *self.numbers.entry(inside).or_insert_with_key(|inside| {
            self.lists.push(inside.clone());
            next
        });
        self.of_block[block as usize] = number;
    }

    /// The number of what a block says, if that is known.
    fn of(&self, block: u32) -> Option<u32> {
        Some(self.of_block[block as usize]).filter(|&number| number != NONE)
    }
}

/// What the blocks of a tree say, by number. Nearly all trees have few that lead on, which then are where this is.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Parts {
    /// With [`NONE`] behind the last.
    Few([u32; FEW]),
    Many(Box<[u32]>),
}

/// Numbers that have a place in [`Parts`] itself.
const FEW: usize = 6;

impl Parts {
    /// The numbers of these blocks; or a block of which that is not known yet.
    fn of(said: &Said, blocks: impl Iterator<Item = u32>) -> Result<Self, u32> {
        let (mut few, mut many, mut count) = ([NONE; FEW], Vec::new(), 0);
        for block in blocks {
            let part = said.of(block).ok_or(block)?;
            match few.get_mut(count) {
                Some(place) => *place = part,
                None if many.is_empty() => many.extend(few.into_iter().chain([part])),
                None => many.push(part),
            }
            count += 1;
        }
        Ok(if many.is_empty() { Self::Few(few) } else { Self::Many(many.into()) })
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        let parts = match self {
            Self::Few(few) => &few[..few.iter().position(|&part| part == NONE).unwrap_or(FEW)],
            Self::Many(many) => many,
        };
        parts.iter().map(|&part| part as usize)
    }
}

/// What a round makes of a tree.
enum Round {
    /// A node that was there before.
    Known(u32),
    New(Parts),
}

/// What grows.
#[derive(Debug)]
pub(in super::super) struct Forest<'g> {
    graph: &'g Graph,
    known: HashMap<Node, u32, Quickly>,
    pub(in super::super) nodes: Nodes,
    /// By number of a tree or blob in the graph.
    of_object: Vec<u32>,
    /// What the numbers in folders stand for.
    pub(in super::super) names: Vec<BString>,
}

impl<'g> Forest<'g> {
    /// Grows one above the blobs that have leaves.
    pub(in super::super) fn grow(
        graph: &'g Graph,
        blobs: impl Iterator<Item = (ObjectId, Vec<u32>)>,
    ) -> Self {
        let mut forest = Self {
            graph,
            known: HashMap::default(),
            nodes: Nodes::default(),
            of_object: vec![NONE; graph.objects()],
            names: Vec::new(),
        };
        let mut sought = Vec::new();
        for (id, mut ways) in blobs {
            let Some(number) = graph.number(&id) else { continue };
            ways.sort_unstable();
            ways.dedup();
            forest.put(number, Node::Leaf(ways.into()));
            sought.push(number);
        }
        forest.grow_up(&graph.above(&sought));
        forest
    }

    /// Makes the nodes of all trees, those below others first: in each round, those are made that wait for none. Blocks of
    /// entries are looked at, and not the entries of each tree: versions of a folder have most blocks in common.
    fn grow_up(&mut self, above: &Above) {
        let graph = self.graph;
        let mut numbers = vec![NONE; graph.names()];
        let mut said = Said::new(above.blocks.len());
        let mut folders: HashMap<Parts, u32, Quickly> = HashMap::default();
        // Each with what it waits for: a block for an object, a tree for a block.
        let mut blocks: Vec<(u32, u32)> = (0..above.blocks.len() as u32).map(|block| (block, NONE)).collect();
        let mut left: Vec<(u32, u32)> = above.trees.iter().map(|&tree| (tree, NONE)).collect();
        while !left.is_empty() {
            let look = |(block, waits): &mut (u32, u32)| {
                if *waits != NONE && self.of_object[*waits as usize] == NONE {
                    return None;
                }
                let entries = graph.entries_in(above.blocks[*block as usize], above);
                let inside = self.inside(entries, false).map_err(|object| *waits = object).ok()?;
                Some((*block, inside))
            };
            let round: Vec<_> = blocks.par_iter_mut().filter_map(look).collect();
            round.into_iter().for_each(|(block, inside)| said.put(block, inside));
            blocks.retain(|&(block, _)| said.of(block).is_none());
            let look = |(tree, waits): &mut (u32, u32)| {
                if *waits != NONE && said.of(*waits).is_none() {
                    return None;
                }
                let parts = Parts::of(&said, graph.blocks_above(*tree, above));
                let parts = parts.map_err(|block| *waits = block).ok()?;
                let known = folders.get(&parts).copied();
                Some((*tree, known.map_or_else(|| Round::New(parts), Round::Known)))
            };
            let round: Vec<_> = left.par_iter_mut().filter_map(look).collect();
            let before = left.len();
            for (tree, round) in round {
                match round {
                    Round::Known(node) => self.of_object[tree as usize] = node,
                    Round::New(parts) => {
                        if let Some(&node) = folders.get(&parts) {
                            self.of_object[tree as usize] = node;
                            continue;
                        }
                        let inside = parts.iter().flat_map(|part| &said.lists[part]).copied().collect();
                        self.put_folder(tree, inside, &mut numbers);
                        folders.insert(parts, self.of_object[tree as usize]);
                    }
                }
            }
            left.retain(|&(tree, _)| self.of_object[tree as usize] == NONE);
            if left.len() == before {
                // Damaged trees that hold themselves: without that, so that this ends.
                for (tree, _) in std::mem::take(&mut left) {
                    let inside = self.inside(graph.entries_above(tree, above), true).unwrap_or_default();
                    self.put_folder(tree, inside, &mut numbers);
                }
            }
        }
    }

    /// Names, by their numbers in the graph, and nodes of what entries lead to; or the first object that has no
    /// node yet, if it is not to be left out.
    fn inside(&self, entries: impl Iterator<Item = u32>, leave_out: bool) -> Result<Vec<(u32, u32)>, u32> {
        let mut inside = Vec::new();
        for entry in entries {
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
        let number = match self.known.get(&node) {
            Some(&number) => number,
            None => {
                let number = match &node {
                    Node::Leaf(ways) => self.nodes.push(true, ways.iter().map(|&way| (way, NONE))),
                    Node::Folder(inside) => self.nodes.push(false, inside.iter().copied()),
                };
                self.known.insert(node, number);
                number
            }
        };
        self.of_object[object as usize] = number;
    }

    /// The node of a tree or blob, if something sought is below it.
    pub(in super::super) fn node(&self, object: u32) -> Option<u32> {
        self.of_object.get(object as usize).copied().filter(|&node| node != NONE)
    }
}
