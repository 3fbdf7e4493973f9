//! Commits, tags and trees of a store as numbers, and where and since when each blob is.
//!
//! Trees are read in pack order: an entry that a tree shares with its base is taken over from
//! there, so that only new entries are looked up. Then commits are gone through, parents first and
//! otherwise the oldest first, and each tree is entered once, from the first commit that has it.
//!
//! Must not read blobs.

mod shape;

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap},
    sync::Arc,
};

use bstr::{BString, ByteSlice as _};

use super::super::{
    pack::{IdFormat, ObjectStore},
    tree::Mode,
};
use crate::{
    origin::{History, Introduction, ObjectId, Presence},
    source::{Problem, Visitor},
};
use shape::{Commit, Shape};

/// No number.
const NONE: u32 = u32::MAX;
/// Missing objects that are named one by one; the rest is counted.
const MOST_NAMED: usize = 20;

/// Where and since when.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The tree that it was found in.
    parent: u32,
    name: u32,
    mode: Mode,
    /// Place of the commit in [`Graph::commits`].
    commit: u32,
    seen: bool,
    tip: bool,
}

const UNSEEN: Place =
    Place { parent: NONE, name: NONE, mode: Mode(0), commit: NONE, seen: false, tip: false };

/// Where each object is, and since when.
#[derive(Debug)]
pub(super) struct Graph {
    numbers: HashMap<ObjectId, u32>,
    ids: Vec<ObjectId>,
    names: Vec<Vec<u8>>,
    commits: Vec<Commit>,
    /// Whether a reference reaches each of `commits`.
    reachable: Vec<bool>,
    places: Vec<Place>,
}

/// Reads all commits, tags and trees of `store`, and tells `visitor` what references reach and the store lacks.
pub(super) fn read(
    store: &ObjectStore,
    format: IdFormat,
    visitor: &dyn Visitor,
    tips: &BTreeSet<ObjectId>,
    boundary: &BTreeSet<ObjectId>,
) -> Graph {
    let shape = shape::read(store, format, visitor);
    let mut missing = BTreeSet::new();
    let mut graph = Graph {
        places: vec![UNSEEN; shape.ids.len()],
        reachable: vec![false; shape.commits.len()],
        numbers: HashMap::new(),
        ids: Vec::new(),
        names: Vec::new(),
        commits: Vec::new(),
    };
    let by_number: HashMap<u32, u32> =
        shape.commits.iter().enumerate().map(|(place, commit)| (commit.object, place as u32)).collect();
    let targets = graph.reach(&shape, &by_number, tips, boundary, &mut missing);
    for place in graph.in_order(&shape, &by_number) {
        graph.enter(&shape, shape.commits[place as usize].tree, place);
    }
    for target in targets {
        graph.enter(&shape, target, NONE);
        graph.mark_tip(&shape, target);
    }
    let lacking = |number: usize, place: &Place| {
        let reached = place.tip || graph.reachable.get(place.commit as usize) == Some(&true);
        reached && shape.trees[number].is_none()
    };
    for (number, place) in graph.places.iter().enumerate().filter(|(_, place)| place.seen) {
        if lacking(number, place) && !store.contains(&shape.ids[number]) {
            missing.insert(shape.ids[number]);
        }
    }
    graph.enter_orphans(&shape);
    let Shape { numbers, ids, names, commits, .. } = shape;
    tell(&missing, visitor);
    Graph { numbers, ids, names, commits, ..graph }
}

fn tell(missing: &BTreeSet<ObjectId>, visitor: &dyn Visitor) {
    for id in missing.iter().take(MOST_NAMED) {
        visitor.problem(Problem {
            subject: BString::from(id.to_string()),
            message: "object is missing from the store; fetch it, or run `git fsck`".to_owned(),
        });
    }
    if let Some(more) = missing.len().checked_sub(MOST_NAMED).filter(|&more| more > 0) {
        visitor.problem(Problem {
            subject: BString::from("objects"),
            message: format!("{more} more objects are missing from the store; `git fsck` lists them"),
        });
    }
}

impl Graph {
    /// Number of commits, reachable or not.
    pub(super) const fn commits(&self) -> u64 {
        self.commits.len() as u64
    }

    /// The path of a blob and its mode; of one that no tree names, its id.
    pub(super) fn place(&self, id: &ObjectId) -> (BString, Mode) {
        let found = self.numbers.get(id).map(|&number| &self.places[number as usize]);
        let Some(place) = found.filter(|place| place.seen && place.name != NONE) else {
            return (BString::from(id.to_string()), Mode(0));
        };
        let mut names = vec![place.name];
        let mut parent = place.parent;
        while let Some(above) = self.places.get(parent as usize).filter(|above| above.name != NONE) {
            names.push(above.name);
            parent = above.parent;
        }
        let parts = names.iter().rev().map(|&name| self.names[name as usize].as_slice());
        (bstr::join("/", parts).into(), place.mode)
    }

    /// What history says of a blob, commit or tag.
    pub(super) fn history(&self, id: &ObjectId) -> History {
        let place = self.numbers.get(id).map_or(UNSEEN, |&number| self.places[number as usize]);
        let commit = self.commits.get(place.commit as usize);
        let reachable = self.reachable.get(place.commit as usize) == Some(&true);
        let presence = match (place.tip, reachable) {
            (true, _) => Presence::Tip,
            (false, true) => Presence::Past,
            (false, false) => Presence::Unreachable,
        };
        let since = commit.map(|commit| {
            Arc::new(Introduction {
                commit: self.ids[commit.object as usize],
                author: self.names[commit.author as usize].as_bstr().to_owned(),
                time: commit.time,
            })
        });
        History { since, presence }
    }

    /// Marks what references reach. Gives the trees and blobs that they point at, directly or by a
    /// commit: what is there now.
    fn reach(
        &mut self,
        shape: &Shape,
        by_number: &HashMap<u32, u32>,
        tips: &BTreeSet<ObjectId>,
        boundary: &BTreeSet<ObjectId>,
        missing: &mut BTreeSet<ObjectId>,
    ) -> Vec<u32> {
        let mut targets = Vec::new();
        let mut stack = Vec::new();
        for tip in tips {
            let Some(&number) = shape.numbers.get(tip) else {
                missing.insert(*tip);
                continue;
            };
            let mut number = number;
            // A tag may point at a tag; ids make a circle impossible.
            while let Some(&target) = shape.tags.get(&number) {
                self.places[number as usize].tip = true;
                number = target;
            }
            match by_number.get(&number) {
                Some(&commit) => {
                    targets.push(shape.commits[commit as usize].tree);
                    self.places[number as usize].tip = true;
                    stack.push(commit);
                }
                None => targets.push(number),
            }
        }
        while let Some(place) = stack.pop() {
            if std::mem::replace(&mut self.reachable[place as usize], true) {
                continue;
            }
            let commit = &shape.commits[place as usize];
            let cut = boundary.contains(&shape.ids[commit.object as usize]);
            for parent in commit.parents.iter().filter(|_| !cut) {
                match by_number.get(parent) {
                    Some(&parent) => stack.push(parent),
                    None => _ = missing.insert(shape.ids[*parent as usize]),
                }
            }
        }
        targets
    }

    /// All commits: parents first, then what references reach, then the oldest first.
    fn in_order(&mut self, shape: &Shape, by_number: &HashMap<u32, u32>) -> Vec<u32> {
        let count = shape.commits.len();
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); count];
        let mut waiting = vec![0_u32; count];
        for (place, commit) in shape.commits.iter().enumerate() {
            for parent in commit.parents.iter().filter_map(|parent| by_number.get(parent)) {
                children[*parent as usize].push(place as u32);
                waiting[place] += 1;
            }
        }
        let key = |place: u32, reachable: &[bool]| {
            let commit = &shape.commits[place as usize];
            Reverse((!reachable[place as usize], commit.time, shape.ids[commit.object as usize], place))
        };
        let ready = (0..count as u32).filter(|&place| waiting[place as usize] == 0);
        let mut heap: BinaryHeap<_> = ready.map(|place| key(place, &self.reachable)).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(Reverse((.., place))) = heap.pop() {
            order.push(place);
            // The message of a commit came in with itself.
            let own = &mut self.places[shape.commits[place as usize].object as usize];
            own.commit = place;
            for &child in &children[place as usize] {
                waiting[child as usize] -= 1;
                if waiting[child as usize] == 0 {
                    heap.push(key(child, &self.reachable));
                }
            }
        }
        order
    }

    /// Gives `commit` to all that is in `root` and has none.
    fn enter(&mut self, shape: &Shape, root: u32, commit: u32) {
        if root == NONE || self.places[root as usize].seen {
            return;
        }
        let place = &mut self.places[root as usize];
        (place.seen, place.commit) = (true, commit);
        let mut stack = vec![root];
        while let Some(tree) = stack.pop() {
            for entry in shape.entries_of(tree) {
                let place = &mut self.places[entry.object as usize];
                if !place.seen {
                    let tip = place.tip;
                    *place =
                        Place { parent: tree, name: entry.name, mode: entry.mode, commit, seen: true, tip };
                    stack.push(entry.object);
                }
            }
        }
    }

    /// Marks all that is in `root` as being there now.
    fn mark_tip(&mut self, shape: &Shape, root: u32) {
        let mut stack = vec![root];
        while let Some(number) = stack.pop() {
            if number != NONE && !std::mem::replace(&mut self.places[number as usize].tip, true) {
                stack.extend(shape.entries_of(number).map(|entry| entry.object));
            }
        }
    }

    /// Gives names to what only trees have that no commit has.
    fn enter_orphans(&mut self, shape: &Shape) {
        let mut within = vec![false; shape.ids.len()];
        let orphan = |&tree: &u32| shape.trees[tree as usize].is_some() && !self.places[tree as usize].seen;
        let mut trees: Vec<u32> = (0..shape.ids.len() as u32).filter(orphan).collect();
        for &tree in &trees {
            for entry in shape.entries_of(tree) {
                within[entry.object as usize] = true;
            }
        }
        trees.retain(|&tree| !within[tree as usize]);
        trees.sort_by_key(|&tree| shape.ids[tree as usize]);
        for tree in trees {
            self.enter(shape, tree, NONE);
        }
    }
}
