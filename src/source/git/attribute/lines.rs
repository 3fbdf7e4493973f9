//! The commits, parents first, and which of them have what at which path.
//!
//! A place is a way of holding something, at a path. Places are gone through 64 at a time, each a bit of a word a commit;
//! and of the commits those alone where anything may change ([`Bends`]), which are few. References that stand at the same
//! of these are one.
//!
//! Must not read objects.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use bstr::BString;
use rayon::prelude::*;

use super::{
    Numbered,
    bends::Bends,
    course::{Chronicle, Course, NONE},
    forest::{Needles, Nodes},
    message_name,
};
use crate::{
    finding::exposure::RefExposure,
    origin::{Introduction, ObjectId},
};

/// Places in one go: the bits of a word.
const WORD: usize = 64;
/// Paths below one tree that are followed. A few trees that name each other many times over have more paths than
/// there are atoms; no tree that people work with has that many files with findings.
const MOST_PATHS: u64 = 1 << 20;
/// Steps of all comparisons of trees together: some seconds.
const MOST_STEPS: u64 = 100_000_000;
/// References that are sorted for one sought thing: where more reach it, they are met soon by going through all.
const MOST_SORTED: u64 = 4096;

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

/// Where a sought thing is, the references that reach it, and those that have it now: bits by the kinds of references.
#[derive(Clone, Debug, Default)]
struct Reached {
    places: Vec<u32>,
    all: Vec<u64>,
    tips: Vec<u64>,
}

/// What became of all places.
pub(super) struct Lines<'s> {
    course: &'s Course,
    chronicle: &'s dyn Chronicle,
    nodes: &'s Nodes,
    needles: &'s Needles<'s>,
    /// What follows the commits: tags with a message that is sought, and references to trees and blobs.
    extra: Vec<Option<Introduction>>,
    paths: Numbered<Step>,
    /// What the numbers in folders stand for, then names of blobs that no tree names.
    names: &'s [BString],
    more_names: Vec<BString>,
    places: Numbered<Place>,
    fates: Vec<Fate>,
    bends: Bends,
    /// The references by name, with the number of their kind.
    refs: Vec<(&'s BString, u32)>,
    /// By kind, the bends that show what a reference has now and what it reaches; and which references are of it.
    kinds: Numbered<Vec<u32>>,
    of_kind: Vec<Vec<u32>>,
    by_group: Vec<Reached>,
    /// Whether there was more than is followed.
    pub(super) truncated: bool,
}

/// What the going through needs beside the answers.
#[derive(Default)]
struct Work {
    /// By word of places: positions with the bits that differ from the first parent, in order.
    toggles: Vec<Vec<(u32, u64)>>,
    /// The same for what a commit has in itself, and nobody takes out: its message.
    stamps: Vec<Vec<(u32, u64)>>,
    steps: u64,
}

/// References, and the positions at which each of them stands.
#[derive(Default)]
struct Stands<'s> {
    refs: Vec<(&'s BString, Range<usize>)>,
    positions: Vec<u32>,
}

impl<'s> Stands<'s> {
    /// Gives a reference the positions that were pushed since the last one, if there are any.
    fn add(&mut self, name: &'s BString) {
        let start = self.refs.last().map_or(0, |last| last.1.end);
        if start < self.positions.len() {
            self.refs.push((name, start..self.positions.len()));
        }
    }
}

/// What became of the places of a word.
struct Word {
    fates: Vec<Fate>,
    /// By place: bits of the kinds of references that reach it, and of those that have it now.
    refs: Vec<(Vec<u64>, Vec<u64>)>,
}

impl<'s> Lines<'s> {
    pub(super) fn follow(
        (course, chronicle): (&'s Course, &'s dyn Chronicle),
        (nodes, names): (&'s Nodes, &'s [BString]),
        needles: &'s Needles<'s>,
        named: &'s BTreeMap<BString, ObjectId>,
    ) -> Self {
        let mut lines = Self {
            course,
            chronicle,
            nodes,
            needles,
            extra: Vec::new(),
            paths: Numbered::default(),
            names,
            more_names: Vec::new(),
            places: Numbered::default(),
            fates: Vec::new(),
            bends: Bends::default(),
            refs: Vec::new(),
            kinds: Numbered::default(),
            of_kind: Vec::new(),
            by_group: vec![
                Reached::default();
                needles.ways.iter().map(|way| way.0 as usize + 1).max().unwrap_or(0)
            ],
            truncated: false,
        };
        let mut work = Work::default();
        lines.compare(&mut work);
        lines.messages(&mut work);
        let stands = lines.resolve(&mut work, named);
        let changed = work.toggles.iter().chain(&work.stamps).flatten().map(|&(position, _)| position);
        lines.bends = Bends::new(course, lines.extra.len(), changed);
        lines.sort_refs(&stands);
        for (place, number) in lines.places.things.iter().zip(0..) {
            lines.by_group[needles.ways[place.way as usize].0 as usize].places.push(number);
        }
        let count = lines.places.things.len();
        let words: Vec<Word> =
            (0..count.div_ceil(WORD)).into_par_iter().map(|word| lines.go_through(&work, word)).collect();
        for (number, word) in words.into_iter().enumerate() {
            lines.at_refs(number, word.refs);
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
        let others: Vec<u64> =
            reached.all.iter().zip(&reached.tips).map(|(&all, &tips)| all & !tips).collect();
        let (mut named, mut total) = (Vec::new(), 0);
        for (kinds, tip) in [(&reached.tips, true), (&others, false)] {
            let count: u64 = set(kinds).map(|kind| self.of_kind[kind].len() as u64).sum();
            let numbers: Vec<u32> = if count > MOST_SORTED {
                let has = |kind: u32| kinds[kind as usize / WORD] >> (kind as usize % WORD) & 1 == 1;
                let numbers = self.refs.iter().zip(0..).filter(|((_, kind), _)| has(*kind));
                numbers.map(|(_, number)| number).take(most - named.len()).collect()
            } else {
                let mut numbers: Vec<u32> =
                    set(kinds).flat_map(|kind| self.of_kind[kind].iter().copied()).collect();
                numbers.sort_unstable();
                numbers.truncate(most - named.len());
                numbers
            };
            let name = |number: u32| self.refs[number as usize].0.clone();
            named.extend(numbers.into_iter().map(|number| RefExposure { name: name(number), tip }));
            total += count;
        }
        (named, total)
    }

    /// Who made what stands at a position; `None` for a reference to a tree or blob.
    pub(super) fn introduction(&self, position: u32) -> Option<Arc<Introduction>> {
        let position = position as usize;
        match position.checked_sub(self.course.len()) {
            None => self.chronicle.introduction(position as u32),
            Some(extra) => self.extra.get(extra).cloned().flatten().map(Arc::new),
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
            let name = name as usize;
            let more = || &self.more_names[name - self.names.len()];
            names.push(self.names.get(name).unwrap_or_else(more).as_slice());
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
    fn compare(&mut self, work: &mut Work) {
        let course = self.course;
        for position in 0..course.len() {
            let before = course.parents.of(position).first().and_then(|&parent| course.root(parent));
            let after = course.root(position as u32);
            if before != after {
                self.differ(work, position as u32, before, after);
            }
        }
    }

    /// Notes for `position` which places are in one of two nodes only.
    fn differ(&mut self, work: &mut Work, position: u32, before: Option<u32>, after: Option<u32>) {
        let nodes = self.nodes;
        let mut stack = vec![(before, after, NONE)];
        while let Some((before, after, path)) = stack.pop() {
            if before == after {
                continue;
            }
            work.steps += 1;
            let most = before.into_iter().chain(after).map(|node| nodes.paths(node)).max();
            if work.steps > MOST_STEPS || most > Some(MOST_PATHS) {
                self.truncated = true;
                continue;
            }
            let (old, new) = (nodes.leaf(before), nodes.leaf(after));
            let changed = old
                .iter()
                .filter(|way| !new.contains(way))
                .chain(new.iter().filter(|way| !old.contains(way)));
            for &(way, _) in changed {
                if let Some(place) = self.place(way, path) {
                    note(&mut work.toggles, position, place);
                }
            }
            for (name, before, after) in both(nodes.folder(before), nodes.folder(after)) {
                if before != after {
                    stack.push((before, after, self.paths.of((path, name))));
                }
            }
        }
    }

    /// Notes the messages of commits and tags that are sought.
    fn messages(&mut self, work: &mut Work) {
        for (id, ways) in &self.needles.messages {
            for &way in ways {
                // Each message is a place of its own: its position stands for a path.
                let at = if self.needles.is_tag(way) {
                    let Some((_, who)) = self.chronicle.tag(id) else { continue };
                    let at = (self.course.len() + self.extra.len()) as u32;
                    self.extra.push(Some(who));
                    at
                } else {
                    let Some(at) = self.chronicle.position(id) else { continue };
                    at
                };
                let place = self.places.of(Place { way, path: NONE - 1 - at }) as usize;
                note(&mut work.stamps, at, place);
            }
        }
        work.stamps.iter_mut().for_each(|word| word.sort_unstable());
    }

    /// Finds the positions of all references that stand anywhere.
    fn resolve(&mut self, work: &mut Work, named: &'s BTreeMap<BString, ObjectId>) -> Stands<'s> {
        let mut stands = Stands::default();
        let tags: BTreeMap<ObjectId, u32> = self
            .extra
            .iter()
            .zip(self.course.len() as u32..)
            .filter_map(|(tag, at)| Some((tag.as_ref()?.commit, at)))
            .collect();
        // Each is somewhere else in memory, and there may be tens of thousands.
        let chronicle = self.chronicle;
        let at: Vec<_> = named.par_iter().map(|(_, id)| chronicle.position(id)).collect();
        for ((name, &id), mut position) in named.iter().zip(at) {
            let positions = &mut stands.positions;
            let mut id = id;
            // A tag may point at a tag; ids make a circle impossible.
            while position.is_none()
                && let Some((target, _)) = self.chronicle.tag(&id)
            {
                positions.extend(tags.get(&id));
                id = target;
                position = self.chronicle.position(&id);
            }
            match position {
                Some(at) => {
                    positions.push(at);
                    // What was stashed away from the index and beside it is in the further parents.
                    if name == "refs/stash" {
                        positions.extend(self.course.parents.of(at as usize).iter().skip(1));
                    }
                }
                None => {
                    if let Some(node) = self.chronicle.node(&id) {
                        let at = (self.course.len() + self.extra.len()) as u32;
                        self.extra.push(None);
                        if self.nodes.is_leaf(node) {
                            // No tree names it: its id is its name.
                            self.more_names.push(BString::from(id.to_string()));
                            let name = self.names.len() + self.more_names.len() - 1;
                            let path = self.paths.of((NONE, name as u32));
                            self.enter_blob(work, at, node, path);
                        } else {
                            self.differ(work, at, None, Some(node));
                        }
                        positions.push(at);
                    }
                }
            }
            stands.add(name);
        }
        stands
    }

    /// Sorts references by where they stand.
    fn sort_refs(&mut self, stands: &Stands<'s>) {
        let mut ends = Vec::new();
        for (number, (name, range)) in stands.refs.iter().enumerate() {
            let positions = &stands.positions[range.clone()];
            ends.clear();
            ends.extend(positions.iter().map(|&position| self.bends.of(position)));
            ends.sort_unstable();
            ends.dedup();
            let kind = match self.kinds.numbers.get(&ends) {
                Some(&kind) => kind,
                None => {
                    self.of_kind.push(Vec::new());
                    self.kinds.of(ends.clone())
                }
            };
            self.refs.push((name, kind));
            self.of_kind[kind as usize].push(number as u32);
        }
    }

    fn enter_blob(&mut self, work: &mut Work, at: u32, node: u32, path: u32) {
        for &(way, _) in self.nodes.leaf(Some(node)) {
            if let Some(place) = self.place(way, path) {
                note(&mut work.toggles, at, place);
            }
        }
    }

    /// Goes through all bends with the places of one word.
    fn go_through(&self, work: &Work, word: usize) -> Word {
        let all = self.bends.len();
        let (mut has, mut had) = (vec![0_u64; all], vec![0_u64; all]);
        let count = WORD.min(self.places.things.len() - word * WORD);
        let mut fates = vec![Fate::default(); count];
        let [mut toggles, mut stamps] = [&work.toggles, &work.stamps]
            .map(|list| list.get(word).map_or(&[][..], Vec::as_slice).iter().peekable());
        let mut stamped = 0;
        for (bend, position, parents) in self.bends.iter() {
            let (mut in_parents, mut before, mut lost_before) = (0, 0, 0);
            for &parent in parents {
                let (theirs, earlier) = (has[parent as usize], had[parent as usize]);
                in_parents |= theirs;
                before |= earlier;
                lost_before |= earlier & !theirs;
            }
            let mut now = parents.first().map_or(0, |&parent| has[parent as usize]);
            while let Some((_, bits)) = toggles.next_if(|&&(at, _)| at == position) {
                now ^= bits;
            }
            let mut own = 0;
            while let Some((_, bits)) = stamps.next_if(|&&(at, _)| at == position) {
                own |= bits;
            }
            stamped |= own;
            has[bend] = now;
            had[bend] = before | now | own;
            let came = (now & !in_parents) | own;
            let went = in_parents & !now & !lost_before;
            if came | went != 0 {
                self.record(&mut fates, position as usize, (came, went));
            }
        }
        let (mut reached_by_any, mut at_any_tip) = (0, 0);
        let blocks = self.of_kind.len().div_ceil(WORD);
        // Made one by one: memory that was never written need not be copied.
        let mut refs: Vec<_> = (0..count).map(|_| (vec![0; blocks], vec![0; blocks])).collect();
        for (number, block) in self.kinds.things.chunks(WORD).enumerate() {
            let (mut reached, mut now) = ([0; WORD], [0; WORD]);
            for (place, ends) in block.iter().enumerate() {
                let of = |list: &[u64]| ends.iter().fold(0, |all, &at| all | list[at as usize]);
                reached[place] = of(&had);
                now[place] = of(&has) | (reached[place] & stamped);
                reached_by_any |= reached[place];
                at_any_tip |= now[place];
            }
            transpose(&mut reached);
            transpose(&mut now);
            for ((all, tips), (reached, now)) in refs.iter_mut().zip(reached.into_iter().zip(now)) {
                all[number] = reached;
                tips[number] = now;
            }
        }
        for bit in bits(reached_by_any) {
            let fate = &mut fates[bit];
            fate.open |= at_any_tip >> bit & 1 == 1;
            // What only a tag or a reference to a tree has was met at no commit.
            if fate.reached.first.is_none()
                && fate.lost.first.is_some_and(|at| at as usize >= self.course.len())
            {
                fate.reached = fate.lost;
            }
        }
        Word { fates, refs }
    }

    /// Writes down which places came and went at a position.
    fn record(&self, fates: &mut [Fate], at: usize, (came, went): (u64, u64)) {
        let reachable = self.course.reachable.get(at) == Some(&true);
        let time = self.course.times.get(at).copied().unwrap_or(0);
        let within = self.course.is_within(at);
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
    fn at_refs(&mut self, word: usize, refs: Vec<(Vec<u64>, Vec<u64>)>) {
        for (place, (all, tips)) in self.places.things[word * WORD..].iter().zip(refs) {
            let reached = &mut self.by_group[self.needles.ways[place.way as usize].0 as usize];
            for (mine, theirs) in [(&mut reached.all, all), (&mut reached.tips, tips)] {
                if mine.is_empty() {
                    *mine = theirs;
                } else {
                    mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine |= theirs);
                }
            }
        }
    }
}

/// All names of two folders, with what each has there.
fn both(one: &[(u32, u32)], other: &[(u32, u32)]) -> impl Iterator<Item = (u32, Option<u32>, Option<u32>)> {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    std::iter::from_fn(move || {
        let name = match (one.peek(), other.peek()) {
            (Some(one), Some(other)) => one.0.min(other.0),
            (Some(one), None) => one.0,
            (None, Some(other)) => other.0,
            (None, None) => return None,
        };
        let of = |side: &mut std::iter::Peekable<std::slice::Iter<'_, (u32, u32)>>| {
            let first = side.next_if(|pair| pair.0 == name)?.1;
            // A damaged tree may have a name twice.
            while side.next_if(|pair| pair.0 == name).is_some() {}
            Some(first)
        };
        Some((name, of(&mut one), of(&mut other)))
    })
}

/// Turns rows of bits into columns.
fn transpose(rows: &mut [u64; WORD]) {
    let (mut width, mut mask) = (WORD / 2, u64::MAX >> (WORD / 2));
    while width > 0 {
        let mut row = 0;
        while row < WORD {
            let moved = (rows[row] >> width ^ rows[row + width]) & mask;
            rows[row + width] ^= moved;
            rows[row] ^= moved << width;
            row = (row + width + 1) & !width;
        }
        width /= 2;
        mask ^= mask << width;
    }
}

/// Numbers of the bits that are set in a list.
fn set(list: &[u64]) -> impl Iterator<Item = usize> {
    list.iter().enumerate().flat_map(|(word, &set)| bits(set).map(move |bit| word * WORD + bit))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows() {
        let mut state = 7_u64;
        let rows: [u64; WORD] = std::array::from_fn(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        });
        let mut turned = rows;
        transpose(&mut turned);
        for (row, bits) in rows.iter().enumerate() {
            for (column, turned) in turned.iter().enumerate() {
                assert_eq!(bits >> column & 1, turned >> row & 1, "{row} {column}");
            }
        }
    }

    #[test]
    fn folders_are_compared_by_name() {
        let pairs = |pairs: &[(u32, u32)]| pairs.to_vec();
        let (one, other) = (pairs(&[(1, 5), (2, 6), (2, 7)]), pairs(&[(2, 6), (4, 9)]));
        let all: Vec<_> = both(&one, &other).collect();
        assert_eq!(all, [(1, Some(5), None), (2, Some(6), Some(6)), (4, None, Some(9))]);
    }
}
