//! Which commits and objects are looked at, where that is not all of them.
//!
//! What is old comes first in the order of commits, then what is looked at, then the rest. So the first commit that has
//! an object tells whether the object is new in what is looked at.
//!
//! Must not read objects.

use std::collections::BTreeSet;

use super::{super::scope::Chosen, Graph, NONE, Set};
use crate::origin::ObjectId;

/// What is looked at.
#[derive(Debug)]
pub(super) struct Within {
    /// By place of the commit.
    commits: Set,
    /// Those of them that nothing but `--unreachable` chooses.
    lost: Set,
    /// Commits that are old, with all that they have.
    old: Set,
    /// Tags that are looked at.
    tags: Set,
    /// Objects that something chosen leads to.
    led: Set,
    /// Objects that anything leads to.
    reached: Set,
    /// Whether what nothing leads to is looked at.
    unreachable: bool,
}

impl Graph {
    /// Whether a commit is looked at, by its place.
    pub(in super::super::super) fn is_within_place(&self, place: u32) -> bool {
        self.within.as_ref().is_none_or(|within| within.commits.has(place))
    }

    /// Number of commits that are looked at.
    pub(in super::super) fn commits_within(&self) -> u64 {
        match &self.within {
            None => self.commits().len() as u64,
            Some(within) => within.commits.0.iter().map(|word| u64::from(word.count_ones())).sum(),
        }
    }

    /// Number of blobs and messages that are looked at.
    pub(in super::super) fn contents(&self) -> u64 {
        let known = self.catalog.known() as u32;
        (0..known).filter(|&number| !self.shape.is_tree(number) && self.wants(number)).count() as u64
    }

    /// The same of those in `set`.
    pub(in super::super) fn contents_in(&self, set: &Set) -> u64 {
        let known = 0..self.catalog.known() as u32;
        known.filter(|&number| set.has(number) && !self.shape.is_tree(number) && self.wants(number)).count()
            as u64
    }

    /// Whether an object is new in what is looked at.
    pub(in super::super) fn wants(&self, number: u32) -> bool {
        let Some(within) = &self.within else { return true };
        if self.tags().contains_key(&number) {
            return within.tags.has(number);
        }
        match self.entered.first.get(number as usize).map(|first| &first.since) {
            Some(&since) if since != NONE => within.commits.has(since),
            _ => within.led.has(number) || within.unreachable && !within.reached.has(number),
        }
    }

    /// What comes first in the order of commits.
    pub(super) fn rank(&self, place: u32) -> u8 {
        match &self.within {
            Some(within) if within.old.has(place) => 0,
            Some(within) if within.commits.has(place) && !within.lost.has(place) => 1,
            _ if self.reachable.has(place) => 2,
            _ => 3,
        }
    }

    /// Takes what was chosen in place of all references: gives the trees and blobs that it points at now.
    pub(super) fn choose(
        &mut self,
        chosen: &Chosen,
        all: &[u32],
        boundary: &BTreeSet<ObjectId>,
        missing: &mut BTreeSet<ObjectId>,
    ) -> Vec<u32> {
        let numbers = |ids: &BTreeSet<ObjectId>| ids.iter().map(|id| self.catalog.number(id)).collect();
        let tips: Vec<u32> = if chosen.all { all.to_vec() } else { numbers(&chosen.tips) };
        let old: Vec<u32> = numbers(&chosen.old);
        let chained = std::mem::take(&mut self.tip);
        self.tip = Set::new(self.objects());
        let (mut targets, mut starts) = (Vec::new(), Vec::new());
        for tip in tips {
            if !self.catalog.has(tip) {
                missing.insert(self.catalog.id(tip));
                continue;
            }
            let number = self.follow_tags(tip);
            match self.commit_of(number) {
                Some(place) => {
                    targets.push(self.shape.commits[place as usize].tree);
                    self.tip.put(number);
                    starts.push(place);
                }
                None => targets.push(number),
            }
        }
        let unreachable = chosen.all || chosen.unreachable;
        let mut tags = self.tag_set(chosen.since, |number| self.tip.has(number));
        if unreachable {
            let lost = self.tag_set(chosen.since, |number| !chained.has(number));
            tags.0.iter_mut().zip(lost.0).for_each(|(word, more)| *word |= more);
        }
        let mut old: Vec<u32> = old
            .iter()
            .filter_map(|&number| {
                let place = self.commit_of(self.peeled(number));
                if place.is_none() {
                    missing.insert(self.catalog.id(number));
                }
                place
            })
            .collect();
        if let Some(since) = chosen.since {
            let commits = (0_u32..).zip(self.commits());
            old.extend(commits.filter(|(_, commit)| commit.time < since).map(|(place, _)| place));
        }
        let mut past = Set::new(self.commits().len());
        self.walk_back(&old, boundary, &mut past);
        for pair in &chosen.shared {
            let [mut one, mut other] = [pair.0, pair.1].map(|id| {
                let mut set = Set::new(self.commits().len());
                let start = self.number(&id).and_then(|number| self.commit_of(number));
                self.walk_back(start.as_slice(), boundary, &mut set);
                set.0
            });
            one.iter_mut().zip(&mut other).for_each(|(one, other)| *one &= *other);
            past.0.iter_mut().zip(one).for_each(|(word, more)| *word |= more);
        }
        let mut lacking = Vec::new();
        let mut commits = Set::new(self.commits().len());
        self.walk_new(&starts, &past, boundary, &mut commits, &mut lacking);
        missing.extend(lacking.into_iter().map(|number| self.catalog.id(number)));
        let mut lost = Set::new(self.commits().len());
        for place in (0..self.commits().len() as u32).filter(|_| unreachable) {
            if !self.reachable.has(place) && !past.has(place) && commits.put(place) {
                lost.put(place);
            }
        }
        self.within = Some(Within {
            commits,
            lost,
            old: past,
            tags,
            led: Set::default(),
            reached: Set::default(),
            unreachable,
        });
        targets
    }

    /// Goes on to what is reached by references that were not chosen: it is not looked at.
    pub(super) fn enter_others(&mut self, others: &[u32]) {
        if self.within.is_none() {
            return;
        }
        let led = Set(self.entered.seen.0.clone());
        for &target in others {
            self.enter(target, NONE);
        }
        let reached = Set(self.entered.seen.0.clone());
        if let Some(within) = &mut self.within {
            (within.led, within.reached) = (led, reached);
        }
    }

    /// What a tag points at in the end, and all tags on the way are at a tip.
    fn follow_tags(&mut self, mut number: u32) -> u32 {
        while let Some(target) = self.tags().get(&number).map(|tag| tag.target) {
            self.tip.put(number);
            number = target;
        }
        number
    }

    fn peeled(&self, mut number: u32) -> u32 {
        while let Some(tag) = self.tags().get(&number) {
            number = tag.target;
        }
        number
    }

    fn tag_set(&self, since: Option<i64>, chosen: impl Fn(u32) -> bool) -> Set {
        let mut set = Set::new(self.objects());
        self.tags().iter().for_each(|(&number, tag)| {
            if chosen(number) && since.is_none_or(|since| tag.time >= since) {
                set.put(number);
            }
        });
        set
    }

    /// Puts `starts` and all before them into `set`.
    fn walk_back(&self, starts: &[u32], boundary: &BTreeSet<ObjectId>, set: &mut Set) {
        self.walk_new(starts, &Set::default(), boundary, set, &mut Vec::new());
    }

    /// The same without what is in `old`; `lacking` gets the parents that references lead to and the store lacks.
    fn walk_new(
        &self,
        starts: &[u32],
        old: &Set,
        boundary: &BTreeSet<ObjectId>,
        set: &mut Set,
        lacking: &mut Vec<u32>,
    ) {
        let mut stack = starts.to_vec();
        while let Some(place) = stack.pop() {
            if old.has(place) || !set.put(place) {
                continue;
            }
            let commit = &self.shape.commits[place as usize];
            if !boundary.is_empty() && boundary.contains(&self.catalog.id(commit.object)) {
                continue;
            }
            for &parent in self.shape.parents(commit) {
                match self.commit_of(parent) {
                    Some(parent) => stack.push(parent),
                    None if self.reachable.has(place) => lacking.push(parent),
                    None => {}
                }
            }
        }
    }
}
