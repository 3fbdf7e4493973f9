//! The entries of a pack in order, and which of them are built on which.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use rayon::prelude::*;

use super::{
    Fault, IdFormat, Kinds, ObjectKind,
    data::{PACK_HEADER, PackData, Window},
    entry::{Content, Header, LONGEST_HEADER},
    index::Index,
    lock,
};
use crate::origin::ObjectId;

/// Entries that one task reads the headers of: enough to read the pack in large pieces.
const HEADERS_A_TASK: usize = 4096;

/// Stands for "no base": the entry is whole, or its base is elsewhere.
const NONE: u32 = u32::MAX;

/// No kind.
const UNKNOWN: u8 = u8::MAX;

/// Where an entry gets its content from, in eight bytes: a kind of [`link`] in the lowest bits, and
/// above them the entry that is the base or the kind of the object.
type Link = u64;

mod link {
    pub(super) const BITS: u32 = 2;
    pub(super) const FULL: u64 = 0;
    pub(super) const BASE: u64 = 1;
    /// What it is stands in a list of exceptions.
    pub(super) const OTHER: u64 = 2;
}

/// What is rare: a base named by its id, or a header that cannot be read.
type Exception = Result<ObjectId, Fault>;

/// A pack laid out for the walk. Entries are numbered in the order of the pack.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Offsets of the entries, and one more for the end of the last.
    offsets: Vec<u64>,
    /// Place of each entry in the index.
    places: Vec<u32>,
    /// CRC-32 of each entry, in the order of the pack since they are asked for in that order; empty
    /// if the index has none.
    checksums: Vec<u32>,
    /// The entry that each is built on.
    bases: Vec<u32>,
    /// For each entry, where its list in `children` begins; and one more for the end.
    first_child: Vec<u32>,
    children: Vec<u32>,
    /// Whole objects, by kind.
    roots: [Vec<u32>; 4],
    /// The kind of each entry, by its number; [`UNKNOWN`] where the chain of deltas does not tell.
    kinds: Vec<u8>,
    /// Entries built on an object that is not in this pack.
    pub(super) thin: Vec<(u32, ObjectId)>,
    /// Entries that are broken before they are decoded.
    pub(super) broken: Vec<(u32, Fault)>,
}

impl Layout {
    /// Reads the header of every entry of `index` in `data`.
    pub(super) fn new(data: &PackData, index: &Index, format: IdFormat) -> Self {
        let mut order: Vec<(u64, u32)> =
            index.offsets().iter().zip(0..).map(|(&offset, place)| (offset, place)).collect();
        order.par_sort_unstable();
        let mut offsets: Vec<u64> = Vec::with_capacity(order.len() + 1);
        offsets.extend(order.iter().map(|entry| entry.0));
        let places: Vec<u32> = order.into_iter().map(|entry| entry.1).collect();
        let checksums = places.par_iter().filter_map(|&place| index.checksum(place as usize)).collect();
        let last = offsets.last().copied().unwrap_or(PACK_HEADER);
        offsets.push(data.end().max(last));
        let mut layout = Self { offsets, places, checksums, ..Self::default() };
        let (links, exceptions) = layout.links(data, format);
        layout.join(&links, exceptions, index);
        layout
    }

    /// Whole objects of the kinds wanted, in the order of the pack. It is not known of thin
    /// entries what kind they have.
    pub(super) fn roots(&self, kinds: Kinds) -> Vec<u32> {
        let wanted = self.roots.iter().enumerate().filter(|(kind, _)| kinds.0 & 1 << kind != 0);
        let mut roots: Vec<u32> = wanted.flat_map(|(_, roots)| roots).copied().collect();
        roots.sort_unstable();
        roots
    }

    /// Number of entries.
    pub(super) const fn len(&self) -> usize {
        self.places.len()
    }

    /// Where an entry begins and ends.
    pub(super) fn extent(&self, entry: u32) -> std::ops::Range<u64> {
        self.offsets[entry as usize]..self.offsets[entry as usize + 1]
    }

    /// The place of an entry in the index.
    pub(super) fn place(&self, entry: u32) -> usize {
        self.places[entry as usize] as usize
    }

    /// The CRC-32 of an entry, if the index has it.
    pub(super) fn checksum(&self, entry: u32) -> Option<u32> {
        self.checksums.get(entry as usize).copied()
    }

    /// Where the entries begin that are of one of `kinds`, or of none that is known, and `needed`.
    pub(super) fn offsets_of(&self, kinds: Kinds, needed: impl Fn(u32) -> bool) -> impl Iterator<Item = u64> {
        let entries = (0..).zip(self.offsets.iter().zip(&self.kinds));
        let wanted = entries.filter(move |&(entry, (_, &kind))| {
            (kind == UNKNOWN || kinds.0 & 1 << kind != 0) && needed(entry)
        });
        wanted.map(|(_, (&offset, _))| offset)
    }

    /// The entry that this one is built on, if it is in this pack.
    pub(super) fn base(&self, entry: u32) -> Option<u32> {
        Some(self.bases[entry as usize]).filter(|&base| base != NONE)
    }

    /// Where the list of what is built on an entry lies; see [`Layout::child`].
    pub(super) fn children(&self, entry: u32) -> std::ops::Range<u32> {
        self.first_child[entry as usize]..self.first_child[entry as usize + 1]
    }

    /// The entry at a place of such a list.
    pub(super) fn child(&self, at: u32) -> u32 {
        self.children[at as usize]
    }

    fn links(&self, data: &PackData, format: IdFormat) -> (Vec<Link>, HashMap<u32, Exception>) {
        let mut links = vec![link::OTHER; self.len()];
        let finder = Finder::new(&self.offsets[..self.len()]);
        let exceptions = Mutex::new(HashMap::new());
        links
            .par_chunks_mut(HEADERS_A_TASK)
            .zip(self.offsets.par_chunks(HEADERS_A_TASK))
            .enumerate()
            .for_each_init(Window::default, |window, (task, (links, offsets))| {
                let first = task * HEADERS_A_TASK;
                for (at, (link, &offset)) in links.iter_mut().zip(offsets).enumerate() {
                    let base = |offset| finder.find(&self.offsets, offset).ok_or(Fault::BaseOffset);
                    let exception = match read_link(window, data, offset, format) {
                        Ok(Base::None(kind)) => {
                            *link = (kind as u64) << link::BITS | link::FULL;
                            continue;
                        }
                        Ok(Base::At(offset)) => match base(offset) {
                            Ok(base) => {
                                *link = u64::from(base) << link::BITS | link::BASE;
                                continue;
                            }
                            Err(fault) => Err(fault),
                        },
                        Ok(Base::Named(id)) => Ok(id),
                        Err(fault) => Err(fault),
                    };
                    lock(&exceptions).insert((first + at) as u32, exception);
                }
            });
        (links, exceptions.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Turns links into lists of children.
    fn join(&mut self, links: &[Link], mut exceptions: HashMap<u32, Exception>, index: &Index) {
        let mut entry_of_place = Vec::new();
        self.bases = vec![NONE; self.len()];
        self.kinds = vec![UNKNOWN; self.len()];
        for (entry, &link) in (0_u32..).zip(links) {
            let value = link >> link::BITS;
            let base = match link & ((1 << link::BITS) - 1) {
                link::FULL => {
                    self.roots[value as usize & 3].push(entry);
                    self.kinds[entry as usize] = value as u8 & 3;
                    continue;
                }
                link::BASE => Ok(value as u32),
                _ => match exceptions.remove(&entry).unwrap_or(Err(Fault::Header)) {
                    Ok(id) => {
                        let Some(place) = index.find(&id) else {
                            self.thin.push((entry, id));
                            continue;
                        };
                        if entry_of_place.is_empty() {
                            entry_of_place = inverse(&self.places);
                        }
                        Ok(entry_of_place[place])
                    }
                    Err(fault) => Err(fault),
                },
            };
            match base {
                Ok(base) => {
                    self.bases[entry as usize] = base;
                    // A base stands before what is built on it, but for one that is named by its id.
                    self.kinds[entry as usize] = self.kinds[base as usize];
                }
                Err(fault) => self.broken.push((entry, fault)),
            }
        }
        self.fill_children();
        if !entry_of_place.is_empty() {
            self.tell_kinds();
            self.find_endless();
        }
    }

    /// Gives what is built on bases behind it the kind of these.
    fn tell_kinds(&mut self) {
        let mut waiting: Vec<u32> = self.roots.concat();
        while let Some(entry) = waiting.pop() {
            for at in self.children(entry) {
                let child = self.child(at);
                self.kinds[child as usize] = self.kinds[entry as usize];
                waiting.push(child);
            }
        }
    }

    /// Chains by id can go round; what hangs on such a ring is reached from nowhere.
    fn find_endless(&mut self) {
        let mut reached = vec![false; self.len()];
        // Roots of unwanted kinds begin chains as well, so this starts from all that have no base.
        let mut waiting: Vec<u32> =
            (0..self.len() as u32).filter(|&entry| self.bases[entry as usize] == NONE).collect();
        while let Some(entry) = waiting.pop() {
            reached[entry as usize] = true;
            waiting.extend(self.children(entry).map(|at| self.child(at)));
        }
        let lost = (0..).zip(reached).filter(|(_, reached)| !reached);
        self.broken.extend(lost.map(|(entry, _)| (entry, Fault::Endless)));
    }

    fn fill_children(&mut self) {
        let mut ends = vec![0_u32; self.len() + 1];
        for &base in self.bases.iter().filter(|&&base| base != NONE) {
            ends[base as usize] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        self.children = vec![0; sum as usize];
        // Filled from the back, which leaves the beginnings where the ends were.
        for (entry, &base) in self.bases.iter().enumerate().rev() {
            if base != NONE {
                let end = &mut ends[base as usize];
                *end -= 1;
                self.children[*end as usize] = entry as u32;
            }
        }
        self.first_child = ends;
    }
}

/// What the header of an entry says of what it is built on.
enum Base {
    /// It is whole, an object of this kind.
    None(ObjectKind),
    /// Where the base begins.
    At(u64),
    Named(ObjectId),
}

/// The base of the entry at `offset`.
fn read_link(window: &mut Window, data: &PackData, offset: u64, format: IdFormat) -> Result<Base, Fault> {
    if offset < PACK_HEADER {
        return Err(Fault::Header);
    }
    let end = offset.saturating_add(LONGEST_HEADER as u64);
    let header = Header::parse(window.get(data, offset..end)?, format)?;
    Ok(match header.content {
        Content::Full(kind) => Base::None(kind),
        Content::OffsetDelta(distance) => Base::At(offset.checked_sub(distance).ok_or(Fault::BaseOffset)?),
        Content::IdDelta(id) => Base::Named(id),
    })
}

fn inverse(places: &[u32]) -> Vec<u32> {
    let mut entries = vec![0; places.len()];
    for (entry, &place) in (0..).zip(places) {
        entries[place as usize] = entry;
    }
    entries
}

/// Finds an offset among sorted ones: a table says where to begin, a few steps do the rest.
struct Finder {
    shift: u32,
    starts: Vec<u32>,
}

impl Finder {
    fn new(offsets: &[u64]) -> Self {
        let last = offsets.last().copied().unwrap_or(0);
        let mut shift = 0;
        while (last >> shift) as usize > offsets.len() {
            shift += 1;
        }
        let mut starts = vec![0; (last >> shift) as usize + 2];
        for &offset in offsets {
            starts[(offset >> shift) as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { shift, starts }
    }

    fn find(&self, offsets: &[u64], offset: u64) -> Option<u32> {
        let bucket = usize::try_from(offset >> self.shift).ok()?;
        let end = *self.starts.get(bucket + 1)?;
        let start = self.starts[bucket];
        let among = &offsets[start as usize..end as usize];
        among.binary_search(&offset).ok().map(|at| start + at as u32)
    }
}
