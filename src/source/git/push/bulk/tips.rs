//! What is in the trees of the new tips.
//!
//! Must not know what was found.

use std::collections::{HashMap, HashSet};

use bstr::BString;

use super::super::{
    super::{
        changes::{MAX_DEPTH, depth},
        history::graph::{Graph, Set},
        history::message::Header,
        objects::{Objects, Type},
        tree::PathFinder,
    },
    Step, mark_with,
    walk::{Commit, MAX_PEEL},
};
use crate::{origin::ObjectId, source::Problem};

/// The trees of tips, and all that is in them.
pub(in super::super) struct Tips {
    /// The tips that are commits, their trees, and the numbers of those, where they came with the push.
    trees: Vec<(ObjectId, ObjectId, Option<u32>)>,
    objects: Set,
}

impl Tips {
    pub(in super::super) fn new(graph: &Graph, objects: &Objects, tips: &[ObjectId]) -> Self {
        let mut all = Self { trees: Vec::with_capacity(tips.len()), objects: Set::new(graph.objects()) };
        tips.iter().for_each(|tip| all.put(graph, objects, *tip));
        all
    }

    /// The same of some tips only, the newest first, that have about `most` objects together: at least one.
    pub(in super::super) fn newest(graph: &Graph, objects: &Objects, tips: &[ObjectId], most: usize) -> Self {
        let time = |tip: &ObjectId| {
            let commit =
                graph.number(&peeled(graph, objects, *tip)).and_then(|number| graph.commit_of(number));
            commit.map(|place| graph.commits()[place as usize].time)
        };
        let mut timed: Vec<_> = tips.iter().map(|tip| (time(tip), *tip)).collect();
        timed.sort_unstable_by(|one, other| other.cmp(one));
        let mut newest = Self { trees: Vec::new(), objects: Set::new(graph.objects()) };
        for (_, tip) in timed {
            newest.put(graph, objects, tip);
            if newest.objects.len() >= most {
                break;
            }
        }
        newest
    }

    fn put(&mut self, graph: &Graph, objects: &Objects, tip: ObjectId) {
        let tip = &peeled(graph, objects, tip);
        let commit = graph.number(tip).and_then(|number| graph.commit_of(number));
        let root = commit.and_then(|place| graph.root(&graph.commits()[place as usize]));
        match root.filter(|&root| graph.is_tree(root)) {
            Some(root) => {
                mark(graph, root, &mut self.objects);
                self.trees.push((*tip, graph.id(root), Some(root)));
            }
            // One that cannot be read is told by whoever needs it.
            None => self.trees.extend(objects.tree_of(tip).ok().map(|tree| (*tip, tree, None))),
        }
    }

    /// Whether an object is in the tree of a tip, as far as that came with the push.
    pub(in super::super) fn has(&self, number: u32) -> bool {
        self.objects.has(number)
    }

    /// The id of every object is asked for: whether it is in a tip.
    pub(in super::super) fn hold(&self, graph: &Graph, id: &ObjectId) -> bool {
        graph.number(id).is_some_and(|number| self.has(number))
    }

    /// Finds out which steps are still so at a tip, and at the first of which.
    pub(in super::super) fn mark(
        &self,
        graph: &Graph,
        objects: &Objects,
        commits: &[Commit],
        steps: &mut [Step],
    ) -> Vec<Problem> {
        let own: HashMap<ObjectId, ObjectId> = self.trees.iter().map(|&(tip, tree, _)| (tip, tree)).collect();
        let mut sought = Sought { graph, by_object: HashMap::new(), seen: HashSet::new(), found: Vec::new() };
        for (place, step) in steps.iter_mut().enumerate() {
            let Some(commit) = step.commit else { continue };
            step.tip = own.get(&commits[commit].id).copied();
            if let (None, Some(number)) = (step.tip, graph.number(&step.new.id))
                && self.has(number)
            {
                sought.by_object.entry(number).or_default().push((step.path.clone(), place));
            }
        }
        let mut problems = Vec::new();
        for &(_, tree, root) in &self.trees {
            match root {
                Some(root)
                    if sought.by_object.is_empty() || !sought.seen.insert((root, BString::default())) => {}
                Some(root) => {
                    sought.tree(root, &mut Vec::new());
                    for place in sought.found.drain(..) {
                        steps[place].tip = steps[place].tip.or(Some(tree));
                    }
                }
                None => {
                    let mut finder = PathFinder::new(objects, tree);
                    for step in steps.iter_mut().filter(|step| step.commit.is_some() && step.tip.is_none()) {
                        step.tip = mark_with(&mut finder, step, &mut problems).then_some(tree);
                    }
                }
            }
        }
        problems
    }
}

/// What a tag points at in the end; what is no tag, itself.
fn peeled(graph: &Graph, objects: &Objects, tip: ObjectId) -> ObjectId {
    let mut id = tip;
    // Ids make a circle impossible, and a chain that is longer is refused by the walk.
    for _ in 0..MAX_PEEL {
        let number = graph.number(&id);
        if number.is_some_and(|number| graph.commit_of(number).is_some()) {
            break;
        }
        if let Some(tag) = number.and_then(|number| graph.tags().get(&number)) {
            id = graph.id(tag.target);
            continue;
        }
        let Ok(content) = objects.read(&id, Type::Tag) else { break };
        let Some(target) = Header::parse(&content).object else { break };
        id = target;
    }
    id
}

/// A search through the trees of all tips: each tree is looked into once for each path that it is at.
struct Sought<'g> {
    graph: &'g Graph,
    /// What is looked for: at which path, for which step.
    by_object: HashMap<u32, Vec<(BString, usize)>>,
    seen: HashSet<(u32, BString)>,
    /// Steps that were found in the tip at work.
    found: Vec<usize>,
}

impl Sought<'_> {
    fn tree(&mut self, tree: u32, prefix: &mut Vec<u8>) {
        if depth(prefix) > MAX_DEPTH {
            return;
        }
        let graph = self.graph;
        for entry in graph.raw_entries(tree) {
            let object = graph.object_of(entry);
            let len = prefix.len();
            if let Some(sought) = self.by_object.get(&object) {
                prefix.extend_from_slice(graph.name(graph.label_of(entry)));
                let here = sought.iter().filter(|(path, _)| path == prefix).map(|&(_, place)| place);
                self.found.extend(here);
                prefix.truncate(len);
            }
            if graph.is_tree(object) {
                prefix.extend_from_slice(graph.name(graph.label_of(entry)));
                prefix.push(b'/');
                if self.seen.insert((object, prefix.clone().into())) {
                    self.tree(object, prefix);
                }
                prefix.truncate(len);
            }
        }
    }
}

/// Puts in all that is below a tree.
fn mark(graph: &Graph, root: u32, set: &mut Set) {
    let mut stack = if set.put(root) { vec![root] } else { Vec::new() };
    while let Some(tree) = stack.pop() {
        for entry in graph.raw_entries(tree) {
            let object = graph.object_of(entry);
            if set.put(object) && graph.is_tree(object) {
                stack.push(object);
            }
        }
    }
}
