//! The walk over a whole store: its packs, the largest first, then its loose objects.

use std::{
    collections::BTreeSet,
    ops::AddAssign,
    sync::{Mutex, atomic::AtomicUsize},
};

use rayon::prelude::*;

use super::{
    Fault, Kinds, Object, ObjectSink, ObjectStore, Role,
    descent::{Descent, Task},
    kin::Kin,
    lock, loose,
    pieces::Pieces,
    tools::{Marks, Toolbox, Tools},
};
use crate::{origin::ObjectId, source::Problem, text::Fresh};

/// Bounds on memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the bases that one thread keeps. Over it, those that wait longest are dropped and
    /// decoded again later, which costs time and not completeness.
    pub bases: usize,
    /// Bytes of the largest object that is read. A thread holds two objects at the most beyond
    /// its bases: the one being made and the one that it is made from.
    pub object: u64,
    /// Bytes of whole objects that are remembered, to be compared with those that come later.
    pub kin: usize,
    /// Bytes of a pack that are held at a time: of each megabyte, from the first to the last entry that is
    /// read of it. Where that is not enough, entries are read one by one, which costs two fifths more time.
    pub held: u64,
}

impl Default for Limits {
    /// 64 MiB of bases a thread, which source text never reaches; objects of 512 MiB, 64 MiB of whole ones that are
    /// remembered, and 256 MiB of packs.
    fn default() -> Self {
        Self { bases: 64 << 20, object: 512 << 20, kin: 64 << 20, held: 256 << 20 }
    }
}

/// What is known of each object of a store while it is walked, in bytes: its entry in an index and in a layout, and
/// what a history knows of it.
const OBJECT: u64 = 150;
/// The least that is held of packs, of the bases of a thread and of whole objects, however little is allowed.
const LEAST: (u64, u64, u64) = (8 << 20, 4 << 20, 1 << 20);

impl Limits {
    /// Limits with which a run over `objects` takes about `memory` bytes with `threads`: what must be known of objects comes
    /// first, and what that leaves is shared by packs and bases. Too little costs time, and no completeness.
    #[must_use]
    pub fn within(memory: u64, objects: u64, threads: usize) -> Self {
        let most = Self::default();
        // What is not counted, such as what was found, the code, and the allocator's own.
        let free = memory.saturating_sub(objects * OBJECT) / 4 * 3;
        let bases = (free / 2 / threads.max(1) as u64).clamp(LEAST.1, most.bases as u64);
        let kin = (free / 8).clamp(LEAST.2, most.kin as u64);
        let held = free.saturating_sub(bases * threads as u64 + kin).clamp(LEAST.0, most.held);
        let bytes = |number: u64, most: usize| usize::try_from(number).unwrap_or(most);
        Self { bases: bytes(bases, most.bases), kin: bytes(kin, most.kin), held, ..most }
    }
}

/// Which folders are walked. Bases of deltas are found in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scope {
    /// The repository's own and all that it borrows from.
    #[default]
    All,
    /// Only the repository's own.
    Own,
}

/// What a walk reads.
#[derive(Clone, Copy)]
pub struct Walk<'a> {
    /// Objects of other kinds are neither decoded nor shown.
    pub kinds: Kinds,
    /// Which folders.
    pub scope: Scope,
    /// Bounds on memory.
    pub limits: Limits,
    /// Whether an object is wanted; one that is not is shown only as a base of others. Without a
    /// filter, all are.
    pub wants: Option<&'a (dyn Fn(&ObjectId) -> bool + Sync)>,
    /// Whether another walk follows: how a pack is laid out then stays in memory for it.
    pub keep: bool,
}

impl Default for Walk<'_> {
    fn default() -> Self {
        Self { kinds: Kinds::ALL, scope: Scope::All, limits: Limits::default(), wants: None, keep: false }
    }
}

/// What a walk did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Objects shown.
    pub objects: u64,
    /// Bytes of these objects.
    pub bytes: u64,
    /// Bytes that were inflated for them: whole objects and delta instructions.
    pub inflated: u64,
    /// Objects that are wanted and could not be read.
    pub lost: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.objects += other.objects;
        self.bytes += other.bytes;
        self.inflated += other.inflated;
        self.lost += other.lost;
    }
}

impl ObjectStore {
    /// Shows all objects to `sink`, in no order but that a base comes before what is built on it.
    /// Runs on the threads of the current rayon pool. Returns the sink's workers.
    ///
    /// What several packs have, or a pack and a loose file, is shown once.
    pub fn walk<S: ObjectSink>(&self, walk: &Walk<'_>, sink: &S) -> (Vec<S::Worker>, Tally) {
        for problem in &self.problems {
            sink.problem(problem.clone());
        }
        let tools = Mutex::new(Vec::new());
        let mut lost = 0;
        for place in 0..self.packs.len() {
            if self.in_scope(walk, self.packs[place].folder) && !sink.cancelled() {
                lost += self.walk_pack(place, walk, sink, &tools);
            }
        }
        if !sink.cancelled() {
            lost += self.walk_loose(walk, sink, &tools);
        }
        let tools = tools.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut tally = Tally { lost, ..Tally::default() };
        let mut workers = Vec::with_capacity(tools.len());
        for tools in tools {
            tally += tools.tally;
            workers.push(tools.worker);
        }
        (workers, tally)
    }

    /// Does beforehand what a walk begins with, so that something else can be done beside it. What is wrong with a pack is
    /// told now; of one that cannot be read, the walk tells.
    pub(in super::super) fn lay_out(&self, walk: &Walk<'_>, problem: &(dyn Fn(Problem) + Sync)) {
        for (place, pack) in self.packs.iter().enumerate() {
            if walk.keep && self.in_scope(walk, pack.folder) {
                let told = |message: String| problem(Problem { subject: pack.name(), message });
                if let Ok(laid) = pack.laid(self.format, &told) {
                    self.keep(place, &laid);
                }
            }
        }
    }

    const fn in_scope(&self, walk: &Walk<'_>, folder: usize) -> bool {
        matches!(walk.scope, Scope::All) || folder == 0
    }

    fn walk_pack<S: ObjectSink>(
        &self,
        place: usize,
        walk: &Walk<'_>,
        sink: &S,
        tools: &Toolbox<S::Worker>,
    ) -> u64 {
        let pack = &self.packs[place];
        let problem = |message: String| sink.problem(Problem { subject: pack.name(), message });
        let laid = match pack.laid(self.format, &problem) {
            Ok(laid) => laid,
            Err(error) => {
                let objects = pack.index.len();
                problem(format!("cannot be read ({error}); {objects} objects are in it"));
                return objects as u64;
            }
        };
        if walk.keep {
            self.keep(place, &laid);
        } else {
            self.forget(place);
        }
        let layout = &laid.layout;
        let earlier = &self.packs[..place];
        let shown_before = |id: &ObjectId| {
            earlier.iter().any(|pack| self.in_scope(walk, pack.folder) && pack.index.find(id).is_some())
        };
        let marks = (walk.wants.is_some() || !earlier.is_empty()).then(|| {
            let wants = |id: &ObjectId| walk.wants.is_none_or(|wants| wants(id)) && !shown_before(id);
            Marks::new(layout, &pack.index, wants)
        });
        let needed = |entry| marks.as_ref().is_none_or(|marks| marks.needed(entry));
        let offsets = layout.offsets_of(walk.kinds, needed);
        let spare = std::mem::take(&mut *lock(&laid.spare));
        let pieces = Pieces::new(&laid.data, offsets, walk.limits.held, spare);
        let descent = Descent {
            name: pack.name(),
            data: &laid.data,
            pieces,
            index: &pack.index,
            layout,
            roots: layout.roots(walk.kinds),
            format: self.format,
            kinds: walk.kinds,
            limits: walk.limits,
            marks,
            elsewhere: Some((self, place)),
            sink,
            tools,
            kin: Mutex::new(Kin::new(walk.limits.kin)),
            offered: AtomicUsize::new(0),
            lost: Mutex::new(0),
        };
        let lost = descend(&descent);
        if walk.keep {
            *lock(&laid.spare) = descent.pieces.into_spare();
        }
        lost
    }

    fn walk_loose<S: ObjectSink>(&self, walk: &Walk<'_>, sink: &S, tools: &Toolbox<S::Worker>) -> u64 {
        let mut ids = BTreeSet::new();
        for (place, folder) in self.folders.iter().enumerate() {
            if !self.in_scope(walk, place) {
                continue;
            }
            match loose::list(folder, self.format) {
                Ok(found) => ids.extend(found),
                Err(error) => sink.problem(super::alternates::problem(
                    folder,
                    format!("loose objects cannot be listed: {error}"),
                )),
            }
        }
        let packed = |id: &ObjectId| {
            self.packs.iter().any(|pack| self.in_scope(walk, pack.folder) && pack.index.find(id).is_some())
        };
        let wanted = |id: &ObjectId| walk.wants.is_none_or(|wants| wants(id)) && !packed(id);
        let ids: Vec<ObjectId> = ids.into_iter().filter(wanted).collect();
        let lost = ids.par_iter().map(|id| {
            if sink.cancelled() {
                return 0;
            }
            let taken = lock(tools).pop();
            let mut taken = taken.unwrap_or_else(|| Tools::new(sink.worker()));
            let lost = self.walk_one_loose(walk, sink, &mut taken, id);
            lock(tools).push(taken);
            lost
        });
        lost.sum()
    }

    fn walk_one_loose<S: ObjectSink>(
        &self,
        walk: &Walk<'_>,
        sink: &S,
        tools: &mut Tools<S::Worker>,
        id: &ObjectId,
    ) -> u64 {
        match self.read_except(id, None, walk.limits.object) {
            Ok(Some((kind, bytes))) if walk.kinds.contains(kind) => {
                tools.tally.objects += 1;
                tools.tally.bytes += bytes.len() as u64;
                tools.tally.inflated += bytes.len() as u64;
                let object = Object {
                    raw_id: id.as_bytes(),
                    packed: None,
                    kind,
                    bytes: &bytes,
                    fresh: &Fresh::All,
                    copies: &[],
                    base: &[],
                    stored: &Fresh::All,
                    depth: 0,
                    is_base: false,
                    role: Role::Wanted,
                };
                let _state = sink.object(&mut tools.worker, &object, None);
                0
            }
            Ok(_) => 0,
            Err(fault) => {
                let subject = self.folders.iter().map(|folder| loose::path(folder, id));
                let subject = subject.into_iter().find(|path| path.exists()).unwrap_or_default();
                let message = match fault {
                    Fault::TooLarge { .. } => format!("loose object is too large: {fault}"),
                    fault => format!("loose object cannot be read: {fault}"),
                };
                sink.problem(super::alternates::problem(&subject, message));
                1
            }
        }
    }
}

/// Walks a pack with the threads of the current pool. Returns the number of lost objects.
pub(super) fn descend<S: ObjectSink>(descent: &Descent<'_, S>) -> u64 {
    rayon::scope(|scope| {
        let all = Task::all(descent.layout, &descent.roots);
        scope.spawn(move |scope| descent.run(scope, all));
    });
    descent.finish()
}
