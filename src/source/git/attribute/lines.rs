//! The commits, parents first, and which of them have what at which path.
//!
//! A place is a way of holding something, at a path. Places are gone through 64 at a time, each a bit of a word a commit.
//!
//! Must not read objects.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use bstr::BString;
use rayon::prelude::*;

use super::{
    super::history::graph::{Graph, Set},
    Numbered,
    forest::{Forest, Needles, Node},
    message_name,
};
use crate::{
    finding::exposure::RefExposure,
    origin::{Introduction, ObjectId},
};

/// No number.
const NONE: u32 = u32::MAX;
/// Places in one go: the bits of a word.
const WORD: usize = 64;
/// Paths below one tree that are followed. A few trees that name each other many times over have more paths than
/// there are atoms; no tree that people work with has that many files with findings.
const MOST_PATHS: u64 = 1 << 20;
/// Steps of all comparisons of trees together: some seconds.
const MOST_STEPS: u64 = 100_000_000;

/// What became of a place, seen from the commits that references reach or from the others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    /// Position of the first commit that has it.
    pub(super) first: Option<u32>,
    /// Time and position of the last commit that took it out.
    pub(super) removed: Option<(i64, u32)>,
    /// Commits that have it and no parent of theirs has.
    pub(super) times: u64,
}

impl Line {
    fn begins(&mut self, position: u32) {
        self.first.get_or_insert(position);
        self.times += 1;
    }
}

/// What became of a place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fate {
    pub(super) reached: Line,
    pub(super) lost: Line,
    /// Whether the tip of a reference has it.
    pub(super) open: bool,
    /// Whether something that is looked at brought it in.
    pub(super) new: bool,
}

/// A way of holding something, at a path; a message has no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    way: u32,
    path: u32,
}

/// A folder or file, by its parent and its name.
type Step = (u32, u32);

/// A reference, and the positions that show what it has now and what it reaches.
#[derive(Debug)]
struct Ref {
    name: BString,
    positions: Vec<u32>,
}

/// Where a sought thing is, the references that reach it, and those that have it now: bits by place among the
/// references.
#[derive(Clone, Debug, Default)]
struct Reached {
    places: Vec<u32>,
    all: Vec<u64>,
    tips: Vec<u64>,
}

/// What became of all places.
#[derive(Debug)]
pub(super) struct Lines<'s> {
    graph: &'s Graph,
    needles: &'s Needles<'s>,
    /// Commits by position.
    order: Vec<u32>,
    /// What follows the commits: tags with a message that is sought, and references to trees and blobs.
    extra: Vec<Option<Introduction>>,
    paths: Numbered<Step>,
    names: Vec<BString>,
    places: Numbered<Place>,
    fates: Vec<Fate>,
    refs: Vec<Ref>,
    by_group: Vec<Reached>,
    /// Whether there was more than is followed.
    pub(super) truncated: bool,
}

/// What the going through needs beside the answers.
struct Work<'w> {
    forest: &'w Forest<'w>,
    parents: Parents,
    /// Whether references reach it, by position.
    reachable: Vec<bool>,
    /// By word of places: positions with the bits that differ from the first parent, in order.
    toggles: Vec<Vec<(u32, u64)>>,
    /// The same for what a commit has in itself, and nobody takes out: its message.
    stamps: Vec<Vec<(u32, u64)>>,
    steps: u64,
}

/// Positions of the parents that are there, by position.
struct Parents {
    positions: Vec<u32>,
    /// Where those of each begin.
    starts: Vec<u32>,
}

impl Parents {
    fn of(&self, position: usize) -> &[u32] {
        match self.starts.get(position..position + 2) {
            Some(&[start, end]) => &self.positions[start as usize..end as usize],
            _ => &[],
        }
    }
}

/// What became of the places of a word.
struct Word {
    fates: Vec<Fate>,
    /// Bits of places with the number of a reference: those it reaches and those it has now.
    refs: Vec<(u32, u64, u64)>,
}

impl<'s> Lines<'s> {
    pub(super) fn follow(
        forest: &Forest<'s>,
        needles: &'s Needles<'s>,
        named: &BTreeMap<BString, ObjectId>,
    ) -> Self {
        let graph = forest.graph;
        let reachable = reach(graph, named);
        let order = graph.order_by(&reachable);
        let mut positions = vec![NONE; graph.commits().len()];
        order.iter().zip(0..).for_each(|(&place, position)| positions[place as usize] = position);
        let position = |id: &ObjectId| Some(positions[graph.commit_of(graph.number(id)?)? as usize]);
        let mut parents = Parents { positions: Vec::new(), starts: vec![0] };
        for &place in &order {
            let of = graph.parents(&graph.commits()[place as usize]);
            parents.positions.extend(of.map(|parent| positions[parent as usize]));
            parents.starts.push(parents.positions.len() as u32);
        }
        let mut lines = Self {
            graph,
            needles,
            extra: Vec::new(),
            paths: Numbered::default(),
            names: forest.names.clone(),
            places: Numbered::default(),
            fates: Vec::new(),
            refs: Vec::new(),
            by_group: vec![
                Reached::default();
                needles.ways.iter().map(|way| way.0 as usize + 1).max().unwrap_or(0)
            ],
            truncated: false,
            order,
        };
        let mut work = Work {
            forest,
            parents,
            reachable: lines.order.iter().map(|&place| reachable.has(place)).collect(),
            toggles: Vec::new(),
            stamps: Vec::new(),
            steps: 0,
        };
        lines.compare(&mut work);
        lines.messages(&mut work, &position);
        lines.resolve(&mut work, named, &position);
        for (place, number) in lines.places.things.iter().zip(0..) {
            lines.by_group[needles.ways[place.way as usize].0 as usize].places.push(number);
        }
        let count = lines.places.things.len();
        let words: Vec<Word> =
            (0..count.div_ceil(WORD)).into_par_iter().map(|word| lines.go_through(&work, word)).collect();
        for (number, word) in words.into_iter().enumerate() {
            lines.at_refs(number, &word.refs);
            lines.fates.extend(word.fates);
        }
        lines
    }

    /// The places of one of the sought things that were met, with their paths.
    pub(super) fn places(&self, group: u32) -> impl Iterator<Item = (BString, &Fate)> {
        let numbers = self.by_group.get(group as usize).map_or(&[][..], |reached| &reached.places);
        numbers
            .iter()
            .map(|&number| (self.path_of(self.places.things[number as usize]), &self.fates[number as usize]))
    }

    /// The first `most` of the references that reach it, those that have it now before the others and else by name;
    /// and how many there are.
    pub(super) fn refs(&self, group: u32, most: usize) -> (Vec<RefExposure>, u64) {
        let Some(reached) = self.by_group.get(group as usize) else { return Default::default() };
        let tips = || reached.tips.iter().copied().chain(std::iter::repeat(0));
        let others = reached.all.iter().zip(tips()).map(|(&all, tips)| all & !tips);
        let first = reached.tips.iter().enumerate().flat_map(|(word, &tips)| places(word, tips));
        let then = others.enumerate().flat_map(|(word, others)| places(word, others));
        let named = first.map(|place| (place, true)).chain(then.map(|place| (place, false)));
        let named =
            named.map(|(place, tip)| RefExposure { name: self.refs[place].name.clone(), tip }).take(most);
        (named.collect(), reached.all.iter().map(|word| u64::from(word.count_ones())).sum())
    }

    /// Who made what stands at a position; `None` for a reference to a tree or blob.
    pub(super) fn introduction(&self, position: u32) -> Option<Arc<Introduction>> {
        let position = position as usize;
        match self.order.get(position) {
            Some(&place) => self.graph.introduction(place),
            None => self.extra.get(position - self.order.len()).cloned().flatten().map(Arc::new),
        }
    }

    fn path_of(&self, place: Place) -> BString {
        let way = self.needles.ways[place.way as usize].1;
        let mut path = match message_name(way.kind) {
            Some(name) => BString::from(name),
            None => self.path_text(place.path),
        };
        path.extend_from_slice(&way.suffix);
        path
    }

    fn path_text(&self, path: u32) -> BString {
        let mut names = Vec::new();
        let mut at = path;
        while let Some(&(parent, name)) = self.paths.things.get(at as usize) {
            names.push(self.names[name as usize].as_slice());
            at = parent;
        }
        names.reverse();
        bstr::join("/", names).into()
    }

    /// The number of a place; `None` if the name at this path is not what was found.
    fn place(&mut self, way: u32, path: u32) -> Option<usize> {
        let place = Place { way, path };
        if let Some(&known) = self.places.numbers.get(&place) {
            return Some(known as usize);
        }
        let only = self.needles.ways[way as usize].1.only.as_ref();
        if only.is_some_and(|only| *only != self.path_text(path)) {
            return None;
        }
        Some(self.places.of(place) as usize)
    }

    /// Compares the tree of each commit with that of its first parent.
    fn compare(&mut self, work: &mut Work<'_>) {
        for position in 0..self.order.len() {
            let node = |position: u32| {
                work.forest.node(self.graph.commits()[self.order[position as usize] as usize].tree)
            };
            let before = work.parents.of(position).first().and_then(|&parent| node(parent));
            let after = node(position as u32);
            self.differ(work, position as u32, before, after);
        }
    }

    /// Notes for `position` which places are in one of two nodes only.
    fn differ(&mut self, work: &mut Work<'_>, position: u32, before: Option<u32>, after: Option<u32>) {
        let mut stack = vec![(before, after, NONE)];
        while let Some((before, after, path)) = stack.pop() {
            if before == after {
                continue;
            }
            work.steps += 1;
            let forest = work.forest;
            let most = before.into_iter().chain(after).map(|node| forest.paths(node)).max();
            if work.steps > MOST_STEPS || most > Some(MOST_PATHS) {
                self.truncated = true;
                continue;
            }
            let [before, after] = [before, after].map(|node| node.map(|node| forest.get(node)));
            let ways = |node: Option<&Node>| match node {
                Some(Node::Leaf(ways)) => ways.clone(),
                _ => Box::default(),
            };
            let (old, new) = (ways(before), ways(after));
            let changed = old
                .iter()
                .filter(|way| !new.contains(way))
                .chain(new.iter().filter(|way| !old.contains(way)));
            for &way in changed {
                if let Some(place) = self.place(way, path) {
                    note(&mut work.toggles, position, place);
                }
            }
            let inside = |node: Option<&'_ Node>| match node {
                Some(Node::Folder(inside)) => inside.clone(),
                _ => Box::default(),
            };
            let (old, new) = (inside(before), inside(after));
            let names: BTreeSet<u32> = old.iter().chain(new.iter()).map(|&(name, _)| name).collect();
            for name in names {
                let find = |inside: &[(u32, u32)]| {
                    let at = inside.binary_search_by_key(&name, |&(name, _)| name).ok()?;
                    Some(inside[at].1)
                };
                let (before, after) = (find(&old), find(&new));
                if before != after {
                    stack.push((before, after, self.paths.of((path, name))));
                }
            }
        }
    }

    /// Notes the messages of commits and tags that are sought.
    fn messages(&mut self, work: &mut Work<'_>, position: &dyn Fn(&ObjectId) -> Option<u32>) {
        for (id, ways) in &self.needles.messages {
            for &way in ways {
                // Each message is a place of its own: its position stands for a path.
                let at = if self.needles.is_tag(way) {
                    let number = self.graph.number(id);
                    let Some(tag) = number.and_then(|number| self.graph.tags().get(&number)) else {
                        continue;
                    };
                    let at = (self.order.len() + self.extra.len()) as u32;
                    self.extra.push(Some(Introduction {
                        commit: *id,
                        author: self.graph.tagger(tag).to_owned(),
                        time: tag.time,
                    }));
                    at
                } else {
                    let Some(at) = position(id) else { continue };
                    at
                };
                let place = self.places.of(Place { way, path: NONE - 1 - at }) as usize;
                note(&mut work.stamps, at, place);
            }
        }
        work.stamps.iter_mut().for_each(|word| word.sort_unstable());
    }

    /// Finds the positions of all references.
    fn resolve(
        &mut self,
        work: &mut Work<'_>,
        named: &BTreeMap<BString, ObjectId>,
        position: &dyn Fn(&ObjectId) -> Option<u32>,
    ) {
        let tags: HashMap<u32, u32> = self
            .extra
            .iter()
            .zip(self.order.len() as u32..)
            .filter_map(|(tag, at)| Some((self.graph.number(&tag.as_ref()?.commit)?, at)))
            .collect();
        for (name, id) in named {
            let mut positions = Vec::new();
            // What the graph does not know was missed by the scan.
            let Some(mut number) = self.graph.number(id) else { continue };
            // A tag may point at a tag; ids make a circle impossible.
            while let Some(tag) = self.graph.tags().get(&number) {
                positions.extend(tags.get(&number));
                number = tag.target;
            }
            let id = self.graph.id(number);
            match position(&id) {
                Some(at) => {
                    positions.push(at);
                    // What was stashed away from the index and beside it is in the further parents.
                    if name == "refs/stash" {
                        positions.extend(work.parents.of(at as usize).iter().skip(1));
                    }
                }
                None => {
                    if let Some(node) = work.forest.node(number) {
                        let at = (self.order.len() + self.extra.len()) as u32;
                        self.extra.push(None);
                        let is_blob = matches!(work.forest.get(node), Node::Leaf(_));
                        if is_blob {
                            // No tree names it: its id is its name.
                            self.names.push(BString::from(id.to_string()));
                            let path = self.paths.of((NONE, self.names.len() as u32 - 1));
                            self.enter_blob(work, at, node, path);
                        } else {
                            self.differ(work, at, None, Some(node));
                        }
                        positions.push(at);
                    }
                }
            }
            if !positions.is_empty() {
                self.refs.push(Ref { name: name.clone(), positions });
            }
        }
    }

    fn enter_blob(&mut self, work: &mut Work<'_>, at: u32, node: u32, path: u32) {
        let Node::Leaf(ways) = work.forest.get(node) else { return };
        for &way in ways {
            if let Some(place) = self.place(way, path) {
                note(&mut work.toggles, at, place);
            }
        }
    }

    /// Goes through all commits with the places of one word.
    fn go_through(&self, work: &Work<'_>, word: usize) -> Word {
        let all = self.order.len() + self.extra.len();
        let (mut has, mut had) = (vec![0_u64; all], vec![0_u64; all]);
        let mut fates = vec![Fate::default(); WORD.min(self.places.things.len() - word * WORD)];
        let [mut toggles, mut stamps] = [&work.toggles, &work.stamps]
            .map(|list| list.get(word).map_or(&[][..], Vec::as_slice).iter().peekable());
        let mut stamped = 0;
        for at in 0..all {
            let parents = work.parents.of(at);
            let (mut in_parents, mut before, mut lost_before) = (0, 0, 0);
            for &parent in parents {
                let (theirs, earlier) = (has[parent as usize], had[parent as usize]);
                in_parents |= theirs;
                before |= earlier;
                lost_before |= earlier & !theirs;
            }
            let mut now = parents.first().map_or(0, |&parent| has[parent as usize]);
            while let Some((_, bits)) = toggles.next_if(|&&(position, _)| position as usize == at) {
                now ^= bits;
            }
            let mut own = 0;
            while let Some((_, bits)) = stamps.next_if(|&&(position, _)| position as usize == at) {
                own |= bits;
            }
            stamped |= own;
            has[at] = now;
            had[at] = before | now | own;
            let came = (now & !in_parents) | own;
            let went = in_parents & !now & !lost_before;
            if came | went != 0 {
                self.record(work, &mut fates, at, (came, went));
            }
        }
        let mut refs = Vec::new();
        for (number, one) in self.refs.iter().enumerate() {
            let of = |list: &[u64]| one.positions.iter().fold(0, |all, &at| all | list[at as usize]);
            let reached = of(&had);
            if reached == 0 {
                continue;
            }
            let now = of(&has) | (reached & stamped);
            refs.push((number as u32, reached, now));
            for bit in bits(reached) {
                let fate = &mut fates[bit];
                fate.open |= now >> bit & 1 == 1;
                // What only a tag or a reference to a tree has was met at no commit.
                if fate.reached.first.is_none()
                    && fate.lost.first.is_some_and(|at| at as usize >= work.reachable.len())
                {
                    fate.reached = fate.lost;
                }
            }
        }
        Word { fates, refs }
    }

    /// Writes down which places came and went at a position.
    fn record(&self, work: &Work<'_>, fates: &mut [Fate], at: usize, (came, went): (u64, u64)) {
        let reachable = work.reachable.get(at) == Some(&true);
        let place = self.order.get(at).copied();
        let time = place.map_or(0, |place| self.graph.commits()[place as usize].time);
        let within = place.is_none_or(|place| self.graph.is_within_place(place));
        for bit in bits(came | went) {
            let fate = &mut fates[bit];
            let line = if reachable { &mut fate.reached } else { &mut fate.lost };
            if came >> bit & 1 == 1 {
                line.begins(at as u32);
                fate.new |= within;
            }
            if went >> bit & 1 == 1 {
                line.removed = line.removed.max(Some((time, at as u32)));
            }
        }
    }

    /// Notes for the sought things with places in a word which references reach them and have them now.
    fn at_refs(&mut self, word: usize, refs: &[(u32, u64, u64)]) {
        let places = &self.places.things[word * WORD..];
        let mut groups: BTreeMap<u32, u64> = BTreeMap::new();
        for (bit, place) in places.iter().take(WORD).enumerate() {
            *groups.entry(self.needles.ways[place.way as usize].0).or_default() |= 1 << bit;
        }
        for (group, mask) in groups {
            let reached = &mut self.by_group[group as usize];
            for &(number, all, now) in refs {
                if all & mask != 0 {
                    set(&mut reached.all, number as usize);
                }
                if now & mask != 0 {
                    set(&mut reached.tips, number as usize);
                }
            }
        }
    }
}

/// Numbers of the bits that are set in a word of a list.
fn places(word: usize, set: u64) -> impl Iterator<Item = usize> {
    bits(set).map(move |bit| word * WORD + bit)
}

/// Adds a place to the words of a position; positions come in order.
fn note(words: &mut Vec<Vec<(u32, u64)>>, position: u32, place: usize) {
    if words.len() <= place / WORD {
        words.resize_with(place / WORD + 1, Vec::new);
    }
    let bit = 1 << (place % WORD);
    let word = &mut words[place / WORD];
    match word.last_mut().filter(|last| last.0 == position) {
        Some(last) => last.1 |= bit,
        None => word.push((position, bit)),
    }
}

/// Places of the bits that are set.
fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(bit)
    })
}

fn set(bits: &mut Vec<u64>, place: usize) {
    if bits.len() <= place / WORD {
        bits.resize(place / WORD + 1, 0);
    }
    bits[place / WORD] |= 1 << (place % WORD);
}

/// Which commits references reach, by place.
fn reach(graph: &Graph, named: &BTreeMap<BString, ObjectId>) -> Set {
    let mut reachable = Set::new(graph.commits().len());
    let commit = |id: &ObjectId| {
        let mut number = graph.number(id)?;
        while let Some(tag) = graph.tags().get(&number) {
            number = tag.target;
        }
        graph.commit_of(number)
    };
    let mut stack: Vec<u32> = named.values().filter_map(commit).collect();
    while let Some(place) = stack.pop() {
        if reachable.put(place) {
            stack.extend(graph.parents(&graph.commits()[place as usize]));
        }
    }
    reachable
}
