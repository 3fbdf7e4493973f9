//! Which commits and tags a push brings: the walk from new tips to what is held already.
//!
//! Commits go by the newest first, painted new or held; what a held commit reaches is held. Of the
//! references those come first that a push is usually built on, and the others only if the walk
//! does not end with them: a server may have very many. Painting too little as held makes more
//! count as new, which costs time and hides nothing, so that clocks that go wrong do no harm.
//!
//! Must not look into trees.

use std::{
    collections::{BTreeSet, BinaryHeap, hash_map::Entry},
    mem,
};

use bstr::BString;

use super::{
    super::{
        history::message::Header,
        ids::IdMap,
        objects::{Objects, ReadError, Type},
    },
    held::Held,
};
use crate::origin::ObjectId;

/// Commits looked at before further references are asked.
const PATIENCE: usize = 256;
/// The same, before all of them are.
const MORE_PATIENCE: usize = 4096;
/// Tags that point at tags: more than anyone makes.
pub(super) const MAX_PEEL: usize = 64;

const NEW: u8 = 1;
const HELD: u8 = 2;
const QUEUED: u8 = 4;
const DONE: u8 = 8;

/// A commit that is new.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub(super) id: ObjectId,
    pub(super) tree: Option<ObjectId>,
    pub(super) parents: Vec<ObjectId>,
    /// Name and address.
    pub(super) author: BString,
    /// Seconds since 1970, UTC.
    pub(super) time: i64,
}

/// What a push brings.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// New commits, the oldest first.
    pub(super) commits: Vec<Commit>,
    /// New tag objects.
    pub(super) tags: Vec<ObjectId>,
    /// Trees and blobs that tags or references point at directly.
    pub(super) bare: Vec<(ObjectId, Type)>,
    /// The commits among the tips, new or not.
    pub(super) tips: Vec<ObjectId>,
}

/// Why the walk ended early.
#[derive(Debug)]
pub(super) enum Halt {
    /// An object of the push cannot be read.
    Unreadable(ReadError),
    /// A commit is there, and its parent is not.
    Torn {
        /// The commit.
        commit: ObjectId,
        /// Why the parent cannot be read.
        cause: ReadError,
    },
    /// It was asked to.
    Cancelled,
    /// There are more new commits than it was to walk over.
    Many,
}

impl From<ReadError> for Halt {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error)
    }
}

/// A commit that was read before, if it was.
pub(super) type Recall<'w> = dyn Fn(&ObjectId) -> Option<Commit> + 'w;

/// Where a walk goes.
#[derive(Clone, Copy)]
pub(super) struct Ground<'w> {
    pub(super) objects: &'w Objects,
    pub(super) held: &'w Held,
    /// Commits whose parents are left out.
    pub(super) boundary: &'w BTreeSet<ObjectId>,
    /// Commits that were read before, and how many there are.
    pub(super) known: Option<(&'w Recall<'w>, usize)>,
    /// Most new commits that are walked over.
    pub(super) most: usize,
    pub(super) cancelled: &'w dyn Fn() -> bool,
}

struct Walk<'w> {
    ground: Ground<'w>,
    /// New commits that were passed.
    passed: usize,
    marks: IdMap<u8>,
    known: IdMap<Commit>,
    queue: BinaryHeap<(i64, ObjectId)>,
    /// Commits in the queue that are new as far as is known.
    open: usize,
    walked: Walked,
}

/// Walks from `tips` to what is held.
pub(super) fn walk(ground: Ground<'_>, tips: &[ObjectId]) -> Result<Walked, Halt> {
    let held = ground.held;
    let mut walk = Walk {
        ground,
        passed: 0,
        marks: IdMap::default(),
        known: IdMap::default(),
        queue: BinaryHeap::new(),
        open: 0,
        walked: Walked::default(),
    };
    let expected = ground.known.map_or(0, |(_, count)| count);
    walk.marks.reserve(expected);
    walk.known.reserve(expected);
    let tips: BTreeSet<ObjectId> = tips.iter().copied().collect();
    for tip in tips {
        walk.tip(tip)?;
    }
    walk.seed(&held.first);
    let ended = walk.go(PATIENCE)? || {
        walk.seed(&held.second);
        walk.go(MORE_PATIENCE)?
    };
    if !ended {
        walk.seed(&held.rest);
        walk.go(usize::MAX)?;
    }
    Ok(walk.finish())
}

impl Walk<'_> {
    /// Takes a new tip, through tags.
    fn tip(&mut self, tip: ObjectId) -> Result<(), Halt> {
        let mut id = tip;
        for _ in 0..MAX_PEEL {
            let (kind, _) = self.ground.objects.header(&id)?;
            match kind {
                Type::Commit => {
                    self.walked.tips.push(id);
                    if !self.ground.held.ids.contains(&id) {
                        self.found(id)?;
                    }
                    return Ok(());
                }
                Type::Tag => {
                    if !self.ground.held.ids.contains(&id) && !self.walked.tags.contains(&id) {
                        self.walked.tags.push(id);
                    }
                    let content = self.ground.objects.read(&id, Type::Tag)?;
                    let Some(target) = Header::parse(&content).object else {
                        return Err(ReadError::Unreadable(id, "it is a tag of nothing".to_owned()).into());
                    };
                    id = target;
                }
                kind => {
                    if !self.ground.held.ids.contains(&id) && !self.walked.bare.contains(&(id, kind)) {
                        self.walked.bare.push((id, kind));
                    }
                    return Ok(());
                }
            }
        }
        Err(ReadError::Unreadable(tip, "tags of tags go too deep".to_owned()).into())
    }

    fn read(&mut self, id: ObjectId) -> Result<&Commit, ReadError> {
        let ground = self.ground;
        let free = match self.known.entry(id) {
            Entry::Occupied(known) => return Ok(known.into_mut()),
            Entry::Vacant(free) => free,
        };
        if let Some(commit) = ground.known.and_then(|(known, _)| known(&id)) {
            return Ok(free.insert(commit));
        }
        let content = ground.objects.read(&id, Type::Commit)?;
        let header = Header::parse(&content);
        Ok(free.insert(Commit {
            id,
            tree: header.tree,
            parents: header.parents,
            author: header.author.into(),
            time: header.time,
        }))
    }

    /// A commit that is new as far as is known.
    fn found(&mut self, id: ObjectId) -> Result<(), ReadError> {
        let marks = self.marks.get(&id).copied().unwrap_or_default();
        if marks & (NEW | HELD) != 0 {
            return Ok(());
        }
        let time = self.read(id)?.time;
        self.marks.insert(id, marks | NEW | QUEUED);
        self.queue.push((time, id));
        self.open += 1;
        Ok(())
    }

    /// A commit that is held. One that cannot be read makes more count as new.
    fn hold(&mut self, id: ObjectId) {
        let marks = self.marks.get(&id).copied().unwrap_or_default();
        if marks & HELD != 0 {
            return;
        }
        if marks & (NEW | QUEUED) == NEW | QUEUED {
            self.open -= 1;
        }
        self.marks.insert(id, (marks | HELD | QUEUED) & !DONE);
        if marks & QUEUED == 0
            && let Ok(time) = self.read(id).map(|commit| commit.time)
        {
            self.queue.push((time, id));
        }
    }

    fn seed(&mut self, held: &[ObjectId]) {
        // Once nothing is open, nothing can be painted that matters.
        if self.open == 0 {
            return;
        }
        for id in held {
            match self.read(*id) {
                Ok(_) => self.hold(*id),
                Err(ReadError::WrongType(_)) => self.hold_tag(*id),
                // What is not there holds nothing.
                Err(_) => {}
            }
        }
    }

    fn hold_tag(&mut self, tag: ObjectId) {
        let mut id = tag;
        for _ in 0..MAX_PEEL {
            let Ok(content) = self.ground.objects.read(&id, Type::Tag) else { break };
            let Some(target) = Header::parse(&content).object else { return };
            drop(content);
            id = target;
        }
        if self.read(id).is_ok() {
            self.hold(id);
        }
    }

    /// Walks on until no new commit waits, or `patience` commits went by; true in the first case.
    fn go(&mut self, patience: usize) -> Result<bool, Halt> {
        let mut gone_by = 0;
        while self.open > 0 {
            if gone_by >= patience {
                return Ok(false);
            }
            gone_by += 1;
            if (self.ground.cancelled)() {
                return Err(Halt::Cancelled);
            }
            let Some((_, id)) = self.queue.pop() else { break };
            let marks = self.marks.get(&id).copied().unwrap_or_default();
            if marks & DONE != 0 {
                continue;
            }
            self.marks.insert(id, (marks & !QUEUED) | DONE);
            if marks & HELD != 0 {
                let parents = self.read(id).map(|commit| commit.parents.clone());
                parents.unwrap_or_default().into_iter().for_each(|parent| self.hold(parent));
                continue;
            }
            self.open -= 1;
            self.passed += 1;
            if self.passed > self.ground.most {
                return Err(Halt::Many);
            }
            let parents = self.read(id)?.parents.clone();
            if self.ground.boundary.contains(&id) {
                continue;
            }
            for parent in parents {
                if self.ground.held.ids.contains(&parent) {
                    self.hold(parent);
                } else {
                    self.found(parent).map_err(|cause| Halt::Torn { commit: id, cause })?;
                }
            }
        }
        Ok(true)
    }

    fn finish(mut self) -> Walked {
        let mut known = mem::take(&mut self.known);
        let is_new = |id: &ObjectId| self.marks.get(id).is_some_and(|marks| marks & (NEW | HELD) == NEW);
        known.retain(|id, _| is_new(id));
        let mut walked = self.walked;
        walked.commits = parents_first(known);
        walked
    }
}

/// Parents before children, and otherwise the oldest first.
fn parents_first(mut commits: IdMap<Commit>) -> Vec<Commit> {
    let mut by_age: Vec<(i64, ObjectId)> = commits.values().map(|commit| (commit.time, commit.id)).collect();
    by_age.sort_unstable();
    let mut sorted = Vec::with_capacity(by_age.len());
    let mut stack: Vec<ObjectId> = Vec::new();
    for (_, id) in by_age {
        stack.push(id);
        while let Some(&top) = stack.last() {
            let Some(commit) = commits.get(&top) else {
                stack.pop();
                continue;
            };
            // Ids make a circle impossible, so that this ends.
            let before = stack.len();
            stack.extend(commit.parents.iter().copied().filter(|parent| commits.contains_key(parent)));
            if stack.len() == before {
                stack.pop();
                sorted.extend(commits.remove(&top));
            }
        }
    }
    sorted
}
