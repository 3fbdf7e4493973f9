//! The commits at which anything that is sought may change.
//!
//! A commit that changes nothing has what its first parent has, and so has a merge that brings over nothing: all such are
//! the one commit before them where something did change. What follows commits, such as tags, is a bend of its own.
//!
//! Must not know what is sought.

use super::course::{Course, NONE, Parents};

/// The bend at which nothing was brought in yet.
const NOTHING: u32 = 0;

/// The bends in the order of their commits; the first is that at which there is nothing.
#[derive(Debug, Default)]
pub(super) struct Bends {
    /// By position, the bend that it is, or has all of.
    of: Vec<u32>,
    /// By bend.
    positions: Vec<u32>,
    parents: Parents,
}

impl Bends {
    /// Those of `course` and of `more` positions behind it, of which something changes at those that `changed` names.
    pub(super) fn new(course: &Course, more: usize, changed: impl Iterator<Item = u32>) -> Self {
        let all = course.len() + more;
        let mut may_change = vec![false; all];
        changed.for_each(|position| may_change[position as usize] = true);
        let mut bends = Self { of: Vec::with_capacity(all), ..Self::default() };
        let mut chains = Chains::default();
        bends.add(NONE, &[]);
        chains.add(NOTHING, None);
        let mut parents = Vec::new();
        for (position, may_change) in may_change.into_iter().enumerate() {
            parents.clear();
            parents.extend(course.parents.of(position).iter().map(|&parent| bends.of[parent as usize]));
            let first = parents.first().copied();
            let is_same = !may_change && parents.iter().all(|&parent| chains.leads(parent, first));
            let bend = if is_same {
                first.unwrap_or(NOTHING)
            } else {
                let bend = bends.add(position as u32, &parents);
                chains.add(bend, first);
                bend
            };
            bends.of.push(bend);
        }
        bends
    }

    fn add(&mut self, position: u32, parents: &[u32]) -> u32 {
        self.parents.push(parents.iter().copied());
        self.positions.push(position);
        (self.positions.len() - 1) as u32
    }

    /// Number of bends.
    pub(super) const fn len(&self) -> usize {
        self.positions.len()
    }

    /// The bend that a position has all of.
    pub(super) fn of(&self, position: u32) -> u32 {
        self.of[position as usize]
    }

    /// Number, position and parents of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u32, &[u32])> {
        self.positions.iter().enumerate().map(|(bend, &position)| (bend, position, self.parents.of(bend)))
    }
}

/// Chains of bends, each the first parent of the next: what had something in its history is quickly told where both are
/// in one.
#[derive(Default)]
struct Chains {
    /// By bend.
    of: Vec<u32>,
    /// The last bend of each.
    ends: Vec<u32>,
}

impl Chains {
    /// Puts in the next bend, behind its first parent.
    fn add(&mut self, bend: u32, first: Option<u32>) {
        let chain = first.map(|first| self.of[first as usize]);
        match chain.filter(|&chain| first == Some(self.ends[chain as usize])) {
            Some(chain) => {
                self.ends[chain as usize] = bend;
                self.of.push(chain);
            }
            None => {
                self.of.push(self.ends.len() as u32);
                self.ends.push(bend);
            }
        }
    }

    /// Whether it is certain that all that `bend` had, `last` had.
    fn leads(&self, bend: u32, last: Option<u32>) -> bool {
        let Some(last) = last else { return true };
        bend == NOTHING || (bend <= last && self.of[bend as usize] == self.of[last as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_nothing_is_what_was_before() {
        // Position, parents, whether something may change there, and the position of its bend.
        let commits: [(&[u32], bool, Option<u32>); 10] = [
            (&[], false, None),
            (&[0], true, Some(1)),
            (&[1], false, Some(1)),
            (&[2], true, Some(3)),
            // A branch of something old, merged: it brings nothing.
            (&[2], false, Some(1)),
            (&[3, 4], false, Some(3)),
            // One that changed something.
            (&[4], true, Some(6)),
            (&[5, 6], false, Some(7)),
            // The other way round: what the second parent has came later.
            (&[4, 5], false, Some(8)),
            (&[0, 0], false, None),
        ];
        let mut course = Course::default();
        for (parents, ..) in commits {
            course.parents.push(parents.iter().copied());
            course.times.push(0);
        }
        let changed = commits.iter().zip(0..).filter(|(commit, _)| commit.1).map(|(_, position)| position);
        let bends = Bends::new(&course, 1, changed);
        for ((_, _, bend), position) in commits.iter().zip(0..) {
            assert_eq!(bends.positions[bends.of(position) as usize], bend.unwrap_or(NONE), "{position}");
        }
        assert_eq!((bends.of(10), bends.len()), (NOTHING, 6));
    }
}
