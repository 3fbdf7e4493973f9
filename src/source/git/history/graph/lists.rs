//! Lists of numbers that share what they have in common.
//!
//! The entries of a tree are cut into blocks where their content says so: two versions of a folder
//! are cut at the same places but near what differs, and have all other blocks in common. So a
//! version of a large folder costs a number for each block and the blocks that are new, and whoever
//! looks for something that is not in a block looks at it once for all versions.
//!
//! Must not know what the numbers stand for.

use std::hash::Hasher as _;

use rayon::prelude::*;

use super::shape::Quick;

/// Numbers in one piece of memory, as a power of two.
const CHUNK_BITS: u32 = 20;
const CHUNK: usize = 1 << CHUNK_BITS;
/// A block ends behind one of so many numbers, by their hash: about as long as a list of blocks of a
/// folder that costs the most.
const MEAN: u32 = 16;
/// Longest block.
const LONGEST: usize = 64;

/// Where a list is: chunk and place in it.
pub(in super::super::super) type At = u32;
/// Nowhere.
pub(super) const NOWHERE: At = u32::MAX;

/// Lists of numbers, each with its length before it.
#[derive(Debug, Default)]
pub(super) struct Pool {
    chunks: Vec<Vec<u32>>,
}

impl Pool {
    /// The list at a place.
    pub(super) fn get(&self, at: At) -> &[u32] {
        let list = &self.chunks[(at >> CHUNK_BITS) as usize][at as usize % CHUNK..];
        &list[1..=list[0] as usize]
    }

    /// Appends a list of fewer than [`CHUNK`] numbers. `None` if all places are taken, which are 16 GiB.
    fn put(&mut self, list: &[u32]) -> Option<At> {
        let full = self.chunks.last().is_none_or(|chunk| chunk.len() + list.len() >= CHUNK);
        if full {
            if list.len() >= CHUNK || self.chunks.len() >= 1 << (32 - CHUNK_BITS) {
                return None;
            }
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let place = self.chunks.len() - 1;
        let chunk = self.chunks.last_mut()?;
        let at = (place << CHUNK_BITS | chunk.len()) as At;
        chunk.push(list.len() as u32);
        chunk.extend_from_slice(list);
        (at != NOWHERE).then_some(at)
    }

    /// Places are below this one.
    pub(super) const fn end(&self) -> usize {
        self.chunks.len() << CHUNK_BITS
    }

    /// What `each` makes of all lists, on the threads of the pool; in the order of places.
    pub(super) fn map<T: Send>(&self, each: impl Fn(At, &[u32]) -> Option<T> + Sync) -> Vec<T> {
        let chunk = |(place, chunk): (usize, &Vec<u32>)| {
            let (mut made, mut at) = (Vec::new(), 0);
            while let Some(&length) = chunk.get(at) {
                let next = at + 1 + length as usize;
                made.extend(each((place << CHUNK_BITS | at) as At, &chunk[at + 1..next]));
                at = next;
            }
            made
        };
        self.chunks.par_iter().enumerate().flat_map_iter(chunk).collect()
    }

    /// Takes the lists of another pool, whose places are shifted by the result. `None` if there is no room.
    fn append(&mut self, mut other: Self) -> Option<At> {
        if self.chunks.len() + other.chunks.len() > 1 << (32 - CHUNK_BITS) {
            return None;
        }
        let shift = self.end() as At;
        if let Some(last) = other.chunks.last_mut() {
            last.shrink_to_fit();
        }
        self.chunks.append(&mut other.chunks);
        Some(shift)
    }
}

/// Lists of blocks, each behind the number of whose list it is; and the blocks.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) blocks: Pool,
    pub(super) lists: Pool,
}

impl Lists {
    /// The blocks of a list.
    pub(super) fn get(&self, at: At) -> &[At] {
        &self.lists.get(at)[1..]
    }

    /// Takes what a writer wrote, whose places are shifted by the result. `None` if there is no room.
    pub(super) fn append(&mut self, mut writer: Writer) -> Option<At> {
        let shift = self.blocks.append(std::mem::take(&mut writer.made.blocks))?;
        if shift > 0 {
            for chunk in &mut writer.made.lists.chunks {
                let mut at = 0;
                while let Some(&length) = chunk.get(at) {
                    let next = at + 1 + length as usize;
                    chunk[at + 2..next].iter_mut().for_each(|block| *block += shift);
                    at = next;
                }
            }
        }
        self.lists.append(writer.made.lists)
    }
}

/// A list as it was cut into blocks, for lists that have most in common with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut {
    /// Who wrote it: places of blocks mean nothing to another one.
    writer: u32,
    /// The blocks, and where in the list each ends.
    blocks: Vec<(At, u32)>,
}

impl Cut {
    /// Where a block begins.
    fn start(&self, block: usize) -> usize {
        block.checked_sub(1).map_or(0, |before| self.blocks[before].1 as usize)
    }
}

/// Writes lists; each thread has its own.
#[derive(Debug, Default)]
pub(super) struct Writer {
    number: u32,
    made: Lists,
    /// Hash and place of each block, at a place that the hash says or behind it; at most half full.
    known: Vec<(u32, At)>,
    count: usize,
    list: Vec<At>,
    /// The blocks of the last list, and where each ends.
    ends: Vec<(At, u32)>,
}

impl Writer {
    /// The writer with a number of its own.
    pub(super) fn new(number: u32) -> Self {
        Self { number, ..Self::default() }
    }

    /// Writes the list of `owner`, which may be like another one. `None` if there is no room.
    ///
    /// Where a block ends follows from its numbers, or from the end of the list: so what both lists begin with is cut
    /// alike, and what both end with is from the first place on where both are cut.
    pub(super) fn put(&mut self, owner: u32, numbers: &[u32], like: Option<(&[u32], &Cut)>) -> Option<At> {
        let none = Cut::default();
        let like = like.filter(|(_, like)| like.writer == self.number);
        let (old, like) = like.unwrap_or((&[], &none));
        let mut ends = std::mem::take(&mut self.ends);
        ends.clear();
        let same = same_start(old, numbers);
        let is_settled = |&&(_, end): &&(At, u32)| {
            let end = end as usize;
            end <= same && (end < old.len() || end == numbers.len())
        };
        ends.extend(like.blocks.iter().take_while(is_settled));
        let mut next = ends.len();
        let mut at = like.start(next);
        let same = same_end(&old[at..], &numbers[at..]);
        while at < numbers.len() {
            if at >= numbers.len() - same {
                let from = at + old.len() - numbers.len();
                while next < like.blocks.len() && like.start(next) < from {
                    next += 1;
                }
                if like.start(next) == from {
                    let moved = |&(block, end): &(At, u32)| {
                        (block, (end as usize + numbers.len() - old.len()) as u32)
                    };
                    ends.extend(like.blocks[next..].iter().map(moved));
                    break;
                }
            }
            let rest = &numbers[at..];
            let mut hash = Quick::default();
            let mut length = 0;
            for &number in rest.iter().take(LONGEST) {
                hash.write_u32(number);
                length += 1;
                if spread(number) < u32::MAX / MEAN {
                    break;
                }
            }
            at += length;
            ends.push((self.block(&rest[..length], (hash.finish() >> 32) as u32)?, at as u32));
        }
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        list.push(owner);
        list.extend(ends.iter().map(|&(block, _)| block));
        let at = self.made.lists.put(&list);
        (self.list, self.ends) = (list, ends);
        at
    }

    /// How the last list was cut.
    pub(super) fn cut(&self) -> Cut {
        Cut { writer: self.number, blocks: self.ends.clone() }
    }

    fn block(&mut self, block: &[u32], hash: u32) -> Option<At> {
        if self.count * 2 >= self.known.len() {
            let old = std::mem::take(&mut self.known);
            self.known = vec![(0, NOWHERE); (old.len() * 2).max(1024)];
            for (hash, at) in old.into_iter().filter(|known| known.1 != NOWHERE) {
                let free = self.find(hash, |_| false).0;
                self.known[free] = (hash, at);
            }
        }
        let blocks = &self.made.blocks;
        let (place, known) = self.find(hash, |at| blocks.get(at) == block);
        if known != NOWHERE {
            return Some(known);
        }
        let at = self.made.blocks.put(block)?;
        self.known[place] = (hash, at);
        self.count += 1;
        Some(at)
    }

    /// The place in the table of a block with a hash, and that of the block; or a free one.
    fn find(&self, hash: u32, is: impl Fn(At) -> bool) -> (usize, At) {
        let mask = self.known.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            match self.known[place] {
                (_, NOWHERE) => return (place, NOWHERE),
                (known, at) if known == hash && is(at) => return (place, at),
                _ => place = (place + 1) & mask,
            }
        }
    }
}

/// Numbers that are compared at once.
const TOGETHER: usize = 32;

/// How many numbers two lists both begin with.
fn same_start(one: &[u32], other: &[u32]) -> usize {
    let chunks = one.chunks_exact(TOGETHER).zip(other.chunks_exact(TOGETHER));
    let same = TOGETHER * chunks.take_while(|(one, other)| one == other).count();
    same + one[same..].iter().zip(&other[same..]).take_while(|(one, other)| one == other).count()
}

/// How many both end with.
fn same_end(one: &[u32], other: &[u32]) -> usize {
    let chunks = one.rchunks_exact(TOGETHER).zip(other.rchunks_exact(TOGETHER));
    let same = TOGETHER * chunks.take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[..one.len() - same], &other[..other.len() - same]);
    same + one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count()
}

/// A number, its bits spread.
const fn spread(number: u32) -> u32 {
    // Odd, and near the golden ratio.
    let mixed = number.wrapping_mul(0x9E37_79B9);
    mixed ^ mixed >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lists: &Lists, at: At) -> Vec<u32> {
        lists.get(at).iter().flat_map(|&block| lists.blocks.get(block)).copied().collect()
    }

    #[test]
    fn versions_share_what_they_have_in_common() {
        let (mut one, mut other) = (Writer::new(1), Writer::new(2));
        let mut version: Vec<u32> = (0..1000).map(|number| number * 7).collect();
        let mut written = Vec::new();
        for change in 0..500_usize {
            version[change * 37 % 1000] = 1_000_000 + change as u32;
            let writer = if change % 3 == 0 { &mut other } else { &mut one };
            written.push((change % 3 == 0, writer.put(7, &version, None).unwrap(), version.clone()));
        }
        let empty = one.put(8, &[], None).unwrap();
        let words: usize = one.made.blocks.chunks.iter().map(Vec::len).sum();
        assert!(words < 40_000, "{words}");
        let mut lists = Lists::default();
        let shifts = [lists.append(one).unwrap(), lists.append(other).unwrap()];
        for (second, at, expected) in written {
            assert_eq!(all(&lists, at + shifts[usize::from(second)]), expected);
        }
        assert!(all(&lists, empty).is_empty());
    }

    #[test]
    fn a_list_is_cut_alike_whatever_it_is_compared_with() {
        let mut writer = Writer::new(1);
        let mut state = 7_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let mut last: (Vec<u32>, _) = (Vec::new(), Cut::default());
        for _ in 0..3_000 {
            let mut numbers: Vec<u32> = last.0.clone();
            for _ in 0..random(4) {
                let (from, to) = (random(numbers.len() + 1), random(numbers.len() + 1));
                let new = (0..random(40)).map(|_| random(2_000) as u32).collect::<Vec<_>>();
                numbers.splice(from.min(to)..from.max(to).min(from.min(to) + 50), new);
            }
            let alone = writer.put(7, &numbers, None).unwrap();
            let at = writer.put(7, &numbers, Some((&last.0, &last.1))).unwrap();
            assert_eq!(writer.made.get(at), writer.made.get(alone));
            assert_eq!(all(&writer.made, at), numbers);
            last = (numbers, writer.cut());
        }
        let other = Writer::new(2).put(7, &last.0, Some((&last.0, &last.1)));
        assert!(other.is_some(), "places of another writer are of no use to it");
    }

    #[test]
    fn full_chunks_are_followed_by_others() {
        let mut writer = Writer::default();
        let places: Vec<At> = (0..40_000_u32)
            .map(|list| {
                let numbers: Vec<_> = (0..60).map(|number| list * 64 + number).collect();
                writer.put(list, &numbers, None).unwrap()
            })
            .collect();
        let mut lists = Lists::default();
        let shift = lists.append(writer).unwrap();
        assert!(lists.blocks.end() > CHUNK);
        let owners = lists.lists.map(|_, list| Some(list[0]));
        assert_eq!(owners, (0..40_000).collect::<Vec<_>>());
        for (list, at) in (0..).zip(places) {
            assert_eq!(all(&lists, at + shift), (0..60).map(|number| list * 64 + number).collect::<Vec<_>>());
        }
    }
}
