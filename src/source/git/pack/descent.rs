//! The walk over one pack: every base decoded once, what is built on it depth first.
//!
//! A task is a range of whole objects still to be begun and a stack of bases that still have
//! something built on them. Whenever no task waits to be taken, the next one at work offers half of
//! what it has, the oldest first, so that idle threads always find a large piece. One that no other
//! thread takes is done by the same thread later.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bstr::BString;

use super::{
    Copied, Fault, IdFormat, Kinds, Limits, Object, ObjectKind, ObjectSink, ObjectStore, Role,
    data::{PackData, Window},
    delta::{self, Delta},
    entry::{Content, Header, LONGEST_HEADER},
    index::Index,
    inflate::{Buffer, Inflater, allowed, believable, most_compressed},
    kin::Kin,
    layout::Layout,
    lock,
    pieces::Pieces,
    sibling,
    tools::{Marks, Toolbox, Tools},
};
use crate::{
    origin::ObjectId,
    source::Problem,
    text::{Fresh, Span},
};

/// Entries longer than this are not read before their header says that they must be.
const LARGE: u64 = 1 << 20;

/// Lost objects of a pack that are named one by one; the rest is counted.
const MOST_NAMED: u64 = 20;

/// Copies of an object that are remembered for the next one on the same base: more are no version of a text.
const MOST_COPIES: usize = 1 << 14;

/// A pack, laid out, and what the walk over it needs.
pub(super) struct Descent<'a, S: ObjectSink> {
    pub(super) name: BString,
    pub(super) data: &'a PackData,
    pub(super) pieces: Pieces,
    pub(super) index: &'a Index,
    pub(super) layout: &'a Layout,
    /// Whole objects of the kinds that are wanted.
    pub(super) roots: Vec<u32>,
    pub(super) format: IdFormat,
    pub(super) kinds: Kinds,
    pub(super) limits: Limits,
    /// Which entries are wanted and which are needed; all, if there is no list.
    pub(super) marks: Option<Marks>,
    /// Where objects are looked for that this pack lacks, and its place there.
    pub(super) elsewhere: Option<(&'a ObjectStore, usize)>,
    pub(super) sink: &'a S,
    pub(super) tools: &'a Toolbox<S::Worker>,
    /// Whole objects that others may have most in common with.
    pub(super) kin: Mutex<Kin<Base<S::State>>>,
    /// Number of tasks that wait to be taken.
    pub(super) offered: AtomicUsize,
    /// Number of objects that are wanted and cannot be read.
    pub(super) lost: Mutex<u64>,
}

/// Something that others are built on.
pub(super) struct Base<T> {
    /// `None` if it had to make room.
    bytes: Option<Buffer>,
    state: T,
}

/// The last one that was built on a base.
struct Sibling<T> {
    base: Arc<Base<T>>,
    /// What it copied.
    copies: Vec<Copied>,
    /// Bytes counted as live by this task.
    counted: usize,
}

/// A base on the stack.
struct Frame<T> {
    /// Tasks that share its children share it.
    base: Arc<Base<T>>,
    /// Bytes counted as live by this task.
    counted: usize,
    kind: ObjectKind,
    depth: u32,
    entry: u32,
    /// What is built on it and not begun yet; a range of the layout's children.
    children: Range<u32>,
    /// Its whole chain is in this pack and sound, so that it can be decoded again.
    again: bool,
    last: Option<Sibling<T>>,
}

/// What an object is shown as a change of.
struct Shown<'b, T> {
    bytes: &'b [u8],
    state: &'b T,
    by: By,
}

/// How that was chosen.
#[derive(Clone, Copy)]
enum By {
    /// The pack says so.
    Pack,
    Kin,
    Sibling,
}

/// An entry that is being shown.
#[derive(Clone, Copy)]
struct Place {
    entry: u32,
    kind: ObjectKind,
    depth: u32,
    /// See [`Frame::again`].
    again: bool,
}

/// A part of the walk.
pub(super) struct Task<T> {
    roots: Range<u32>,
    /// Entries on bases that are elsewhere.
    thin: Vec<(u32, ObjectId)>,
    /// Entries that cannot be decoded from this pack.
    orphans: Vec<(u32, Fault)>,
    frames: Vec<Frame<T>>,
}

impl<T> Task<T> {
    /// All of a pack.
    pub(super) fn all(layout: &Layout, roots: &[u32]) -> Self {
        Self {
            roots: 0..roots.len() as u32,
            thin: layout.thin.clone(),
            orphans: layout.broken.clone(),
            frames: Vec::new(),
        }
    }

    /// Splits half of the task off, from what was begun first.
    fn split(&mut self) -> Option<Self> {
        let mut half = Self { roots: 0..0, thin: Vec::new(), orphans: Vec::new(), frames: Vec::new() };
        let roots = self.roots.len() as u32;
        let given = if self.frames.is_empty() { roots / 2 } else { roots.div_ceil(2) };
        if given > 0 {
            half.roots = self.roots.end - given..self.roots.end;
            self.roots.end -= given;
            return Some(half);
        }
        let frame =
            self.frames.iter_mut().find(|frame| frame.children.len() > 1 && frame.base.bytes.is_some())?;
        let middle = frame.children.start + frame.children.len() as u32 / 2;
        half.frames.push(Frame {
            base: Arc::clone(&frame.base),
            counted: 0,
            children: middle..frame.children.end,
            last: None,
            ..*frame
        });
        frame.children.end = middle;
        Some(half)
    }
}

impl<'a, S: ObjectSink> Descent<'a, S> {
    /// Does a task, giving parts of it away while other threads have nothing to do.
    pub(super) fn run<'s>(&'s self, scope: &rayon::Scope<'s>, mut task: Task<S::State>)
    where
        'a: 's,
    {
        let tools = lock(self.tools).pop();
        let mut tools = tools.unwrap_or_else(|| Tools::new(self.sink.worker()));
        // What it holds may be of another pack.
        tools.window.clear();
        while !self.sink.cancelled() {
            if self.offered.load(Ordering::Relaxed) == 0
                && let Some(half) = task.split()
            {
                self.offered.fetch_add(1, Ordering::Relaxed);
                scope.spawn(move |scope| {
                    self.offered.fetch_sub(1, Ordering::Relaxed);
                    self.run(scope, half);
                });
            }
            if !self.step(&mut task, &mut tools) {
                break;
            }
        }
        tools.live = 0;
        lock(self.tools).push(tools);
    }

    /// Names what is left unread once all tasks are done.
    pub(super) fn finish(&self) -> u64 {
        let lost = *lock(&self.lost);
        if lost > MOST_NAMED {
            let more = lost - MOST_NAMED;
            let message = format!("{more} more objects of this pack cannot be read");
            self.sink.problem(Problem { subject: self.name.clone(), message });
        }
        lost
    }

    /// Reads one object; false if nothing is left.
    fn step(&self, task: &mut Task<S::State>, tools: &mut Tools<S::Worker>) -> bool {
        if let Some((entry, fault)) = task.orphans.pop() {
            self.rescue(task, tools, entry, &fault);
        } else if let Some(mut frame) = task.frames.pop() {
            match frame.children.next().map(|at| self.layout.child(at)) {
                Some(child) if self.needed(child) => self.built_on(task, tools, frame, child),
                Some(_) => task.frames.push(frame),
                None => release(tools, frame),
            }
        } else if let Some((entry, base)) = task.thin.pop() {
            self.thin(task, tools, entry, &base);
        } else if let Some(root) = task.roots.next() {
            let root = self.roots[root as usize];
            if self.needed(root) {
                self.whole(task, tools, root);
            }
        } else {
            return false;
        }
        true
    }

    /// Reads an entry that has all of its content.
    fn whole(&self, task: &mut Task<S::State>, tools: &mut Tools<S::Worker>, entry: u32) {
        let mut made = tools.buffer();
        let Tools { window, inflater, .. } = tools;
        match self.inflate(window, inflater, entry, &mut made) {
            Ok(Content::Full(kind)) => {
                tools.tally.inflated += made.bytes().len() as u64;
                let place = Place { entry, kind, depth: 0, again: true };
                match self.sink.kin(&self.id(entry), kind).filter(|_| self.wanted(entry)) {
                    Some(kin) => self.show_kin(task, tools, place, made, kin),
                    None => self.show(task, tools, place, made),
                }
            }
            Ok(_) => task.orphans.push((entry, Fault::Header)),
            Err(Fault::TooLarge { size, limit }) => {
                let head = self.header(window, entry);
                let kind = head.ok().and_then(|head| match head.content {
                    Content::Full(kind) => Some(kind),
                    _ => None,
                });
                match kind {
                    Some(kind) => self.too_large(task, entry, kind, size),
                    None => task.orphans.push((entry, Fault::TooLarge { size, limit })),
                }
            }
            Err(fault) => task.orphans.push((entry, fault)),
        }
    }

    /// Reads an entry whose base is an object outside of the pack.
    fn thin(&self, task: &mut Task<S::State>, tools: &mut Tools<S::Worker>, entry: u32, base: &ObjectId) {
        let found = match self.elsewhere {
            Some((store, place)) => store.read_except(base, Some(place), self.limits.object),
            None => Ok(None),
        };
        let (kind, base) = match found {
            Ok(Some(found)) => found,
            Ok(None) => return task.orphans.push((entry, Fault::BaseMissing(*base))),
            Err(fault) => return task.orphans.push((entry, fault)),
        };
        if !self.kinds.contains(kind) || !self.needed(entry) {
            return;
        }
        let mut made = tools.buffer();
        match self.apply(tools, entry, &base, &mut made) {
            Ok(()) => {
                // No one has looked at that base for this walk.
                let place = Place { entry, kind, depth: 0, again: false };
                self.show(task, tools, place, made);
            }
            Err(Fault::TooLarge { size, .. }) => self.too_large(task, entry, kind, size),
            Err(fault) => task.orphans.push((entry, fault)),
        }
    }

    /// Reads an entry built on the base of `frame`.
    fn built_on(
        &self,
        task: &mut Task<S::State>,
        tools: &mut Tools<S::Worker>,
        mut frame: Frame<S::State>,
        entry: u32,
    ) {
        if frame.base.bytes.is_none() {
            match self.reload(tools, frame.entry) {
                Ok(bytes) => {
                    frame.counted = bytes.capacity();
                    tools.live += frame.counted;
                    // A base that made room is not shared.
                    if let Some(base) = Arc::get_mut(&mut frame.base) {
                        base.bytes = Some(bytes);
                    }
                }
                Err(fault) => {
                    task.orphans.push((entry, fault));
                    return task.frames.push(frame);
                }
            }
        }
        let base = frame.base.bytes.as_ref().map_or(&[][..], Buffer::bytes);
        let mut made = tools.buffer();
        let done = self.apply(tools, entry, base, &mut made);
        let (kind, depth, again) = (frame.kind, frame.depth + 1, frame.again);
        match done {
            Ok(()) => {
                let place = Place { entry, kind, depth, again };
                let shown = Shown { bytes: base, state: &frame.base.state, by: By::Pack };
                let state = self.present_change(tools, place, made.bytes(), shown, frame.last.as_ref());
                let is_sibling = !frame.children.is_empty()
                    && tools.copies.len() <= MOST_COPIES
                    && self.sink.carries(&frame.base.state)
                    && self.sink.carries(&state);
                let is_base = !self.layout.children(entry).is_empty();
                let counted = made.capacity();
                let made = Arc::new(Base { bytes: Some(made), state });
                if is_sibling {
                    remember(tools, &mut frame, Arc::clone(&made), counted);
                }
                // Its buffer is the next one to be used, while it is still in the cache.
                self.put_back(task, tools, frame);
                if is_base {
                    self.push_base(task, tools, place, (made, counted));
                } else {
                    recycle(tools, made);
                }
            }
            Err(fault) => {
                tools.recycle(made);
                self.put_back(task, tools, frame);
                match fault {
                    Fault::TooLarge { size, .. } => self.too_large(task, entry, kind, size),
                    fault => task.orphans.push((entry, fault)),
                }
            }
        }
    }

    /// Looks in other packs and among loose objects for what this pack cannot give.
    fn rescue(&self, task: &mut Task<S::State>, tools: &mut Tools<S::Worker>, entry: u32, fault: &Fault) {
        if !self.needed(entry) {
            return;
        }
        let id = self.id(entry);
        let found = self.elsewhere.and_then(|(store, place)| {
            store.read_except(&id, Some(place), self.limits.object).ok().flatten()
        });
        if let Some((kind, bytes)) = found {
            if self.kinds.contains(kind) {
                let place = Place { entry, kind, depth: 0, again: false };
                self.show(task, tools, place, bytes.into());
            }
            return;
        }
        if self.wanted(entry) {
            let lost = {
                let mut lost = lock(&self.lost);
                *lost += 1;
                *lost
            };
            if lost <= MOST_NAMED {
                let offset = self.layout.extent(entry).start;
                let message = format!("object {id} at offset {offset} cannot be read: {fault}");
                self.sink.problem(Problem { subject: self.name.clone(), message });
            }
        }
        self.orphan_children(task, entry, fault);
    }

    fn orphan_children(&self, task: &mut Task<S::State>, entry: u32, fault: &Fault) {
        // All entries of an endless chain are broken on their own account.
        if *fault != Fault::Endless {
            let children = self.layout.children(entry).map(|at| self.layout.child(at));
            task.orphans.extend(children.map(|child| (child, Fault::BaseLost)));
        }
    }

    fn too_large(&self, task: &mut Task<S::State>, entry: u32, kind: ObjectKind, size: u64) {
        if self.wanted(entry) {
            self.sink.too_large(self.id(entry), kind, size);
        }
        self.orphan_children(task, entry, &Fault::BaseLost);
    }

    /// Shows an object as a whole, and keeps it if others are built on it.
    fn show(&self, task: &mut Task<S::State>, tools: &mut Tools<S::Worker>, place: Place, made: Buffer) {
        tools.copies.clear();
        let state = self.present(tools, place, made.bytes(), None);
        if self.layout.children(place.entry).is_empty() {
            return tools.recycle(made);
        }
        let counted = made.capacity();
        self.push_base(task, tools, place, (Arc::new(Base { bytes: Some(made), state }), counted));
    }

    /// Shows a whole object as a change of the last one of its kin, and remembers it for the next.
    fn show_kin(
        &self,
        task: &mut Task<S::State>,
        tools: &mut Tools<S::Worker>,
        place: Place,
        made: Buffer,
        kin: u32,
    ) {
        tools.copies.clear();
        let last = lock(&self.kin).last(kin);
        let bytes = last.as_ref().and_then(|last| last.bytes.as_ref());
        if let Some(bytes) = bytes {
            tools.comparer.compare(bytes.bytes(), made.bytes(), &mut tools.copies);
        }
        // Two texts that have nothing in common say nothing of each other.
        let base = last.as_ref().zip(bytes).filter(|_| !tools.copies.is_empty());
        let base = base.map(|(last, bytes)| Shown { bytes: bytes.bytes(), state: &last.state, by: By::Kin });
        let state = self.present(tools, place, made.bytes(), base);
        let made = tools.fitted(made);
        let counted = made.capacity();
        let base = Arc::new(Base { bytes: Some(made), state });
        lock(&self.kin).put(kin, &base, counted);
        drop(last);
        if self.layout.children(place.entry).is_empty() {
            recycle(tools, base);
        } else {
            self.push_base(task, tools, place, (base, counted));
        }
    }

    /// Shows what is stored as a change of `base`, as one of the last one that is, if the two are more alike.
    fn present_change(
        &self,
        tools: &mut Tools<S::Worker>,
        place: Place,
        bytes: &[u8],
        base: Shown<'_, S::State>,
        last: Option<&Sibling<S::State>>,
    ) -> S::State {
        let last = last.and_then(|last| Some((last, last.base.bytes.as_ref()?.bytes())));
        let Some((last, other)) = last.filter(|_| self.wanted(place.entry)) else {
            return self.present(tools, place, bytes, Some(base));
        };
        let Tools { copies, shared, stored, .. } = tools;
        sibling::compare((other, &last.copies), (bytes, copies), shared);
        if sibling::cost(shared, bytes.len()) >= sibling::cost(copies, bytes.len()) {
            return self.present(tools, place, bytes, Some(base));
        }
        set_fresh(stored, copies, base.bytes.len(), bytes.len());
        std::mem::swap(copies, shared);
        let shown = Shown { bytes: other, state: &last.base.state, by: By::Sibling };
        let state = self.present(tools, place, bytes, Some(shown));
        std::mem::swap(&mut tools.copies, &mut tools.shared);
        state
    }

    /// Calls the sink. The copies are in `tools`.
    fn present(
        &self,
        tools: &mut Tools<S::Worker>,
        place: Place,
        bytes: &[u8],
        base: Option<Shown<'_, S::State>>,
    ) -> S::State {
        match &base {
            Some(base) => set_fresh(&mut tools.fresh, &tools.copies, base.bytes.len(), bytes.len()),
            None => tools.fresh = Fresh::All,
        }
        tools.tally.objects += 1;
        tools.tally.bytes += bytes.len() as u64;
        let object = Object {
            raw_id: self.index.raw_id(self.layout.place(place.entry)),
            packed: self.elsewhere.map(|(_, pack)| (pack as u32, self.layout.place(place.entry) as u32)),
            kind: place.kind,
            bytes,
            fresh: &tools.fresh,
            copies: &tools.copies,
            base: base.as_ref().map_or(&[], |base| base.bytes),
            stored: match base.as_ref().map(|base| base.by) {
                Some(By::Pack) => &tools.fresh,
                Some(By::Sibling) => &tools.stored,
                Some(By::Kin) | None => &Fresh::All,
            },
            depth: place.depth,
            is_base: !self.layout.children(place.entry).is_empty(),
            role: if self.wanted(place.entry) { Role::Wanted } else { Role::Base },
        };
        self.sink.object(&mut tools.worker, &object, base.map(|base| base.state))
    }

    /// Keeps an object of a number of bytes for those built on it; what waits longest makes room if need be.
    fn push_base(
        &self,
        task: &mut Task<S::State>,
        tools: &mut Tools<S::Worker>,
        place: Place,
        (base, counted): (Arc<Base<S::State>>, usize),
    ) {
        let Place { entry, kind, depth, again } = place;
        tools.live += counted;
        if tools.live > self.limits.bases {
            task.frames.iter_mut().for_each(|frame| forget(tools, frame));
            for frame in task.frames.iter_mut().filter(|frame| frame.again) {
                if tools.live <= self.limits.bases {
                    break;
                }
                if let Some(base) = Arc::get_mut(&mut frame.base) {
                    base.bytes = None;
                    tools.live -= std::mem::take(&mut frame.counted);
                }
            }
        }
        let children = self.layout.children(entry);
        task.frames.push(Frame { base, counted, kind, depth, entry, children, again, last: None });
    }

    fn put_back(&self, task: &mut Task<S::State>, tools: &mut Tools<S::Worker>, frame: Frame<S::State>) {
        if frame.children.is_empty() {
            release(tools, frame);
        } else {
            task.frames.push(frame);
        }
    }

    /// Decodes a base that had made room, from the bottom of its chain.
    fn reload(&self, tools: &mut Tools<S::Worker>, entry: u32) -> Result<Buffer, Fault> {
        let mut chain = vec![entry];
        chain.extend(std::iter::successors(self.layout.base(entry), |&base| self.layout.base(base)));
        let mut bytes = tools.buffer();
        let Tools { window, inflater, .. } = tools;
        self.inflate(window, inflater, chain.pop().unwrap_or(entry), &mut bytes)?;
        while let Some(entry) = chain.pop() {
            let mut made = tools.buffer();
            self.apply(tools, entry, bytes.bytes(), &mut made)?;
            tools.recycle(std::mem::replace(&mut bytes, made));
        }
        Ok(bytes)
    }

    /// Inflates a delta and applies it; what it copies is in `tools.copies` then.
    fn apply(
        &self,
        tools: &mut Tools<S::Worker>,
        entry: u32,
        base: &[u8],
        made: &mut Buffer,
    ) -> Result<(), Fault> {
        let Tools { window, inflater, instructions, copies, tally, .. } = tools;
        self.inflate(window, inflater, entry, instructions)?;
        tally.inflated += instructions.bytes().len() as u64;
        let delta = Delta::parse(instructions.bytes())?;
        let out = made.reset(allowed(delta.size, self.limits.object)?);
        copies.clear();
        delta.apply(base, out, |copied| delta::join(copies, copied))
    }

    /// Inflates the data of an entry.
    fn inflate(
        &self,
        window: &mut Window,
        inflater: &mut Inflater,
        entry: u32,
        into: &mut Buffer,
    ) -> Result<Content, Fault> {
        let content = self.inflate_entry(window, inflater, entry, into);
        self.pieces.done(self.layout.extent(entry).start, &mut window.piece);
        content
    }

    fn inflate_entry(
        &self,
        window: &mut Window,
        inflater: &mut Inflater,
        entry: u32,
        into: &mut Buffer,
    ) -> Result<Content, Fault> {
        let mut extent = self.layout.extent(entry);
        if extent.end - extent.start > LARGE {
            // An index that lacks objects makes entries look longer than they are.
            let most = most_compressed(self.header(window, entry)?.size);
            extent.end = extent.end.min(extent.start.saturating_add(most));
        }
        let bytes = window.entry(self.data, &self.pieces, extent)?;
        let header = Header::parse(bytes, self.format)?;
        let compressed = &bytes[header.len..];
        let len = believable(header.size, compressed.len() as u64, self.limits.object)?;
        // Without this, a damaged distance to the base could lead to a wrong one of the right size.
        // Where the last entry of a pack that was cut ends is not known.
        let checksum = self.layout.checksum(entry);
        let exact = self.data.is_whole() || entry as usize + 1 < self.layout.len();
        if exact && checksum.is_some_and(|checksum| checksum != crc32fast::hash(bytes)) {
            return Err(Fault::Checksum);
        }
        inflater.fill(compressed, into.reset(len))?;
        Ok(header.content)
    }

    fn header(&self, window: &mut Window, entry: u32) -> Result<Header, Fault> {
        let start = self.layout.extent(entry).start;
        let end = start.saturating_add(LONGEST_HEADER as u64);
        Header::parse(window.get(self.data, start..end)?, self.format)
    }

    fn id(&self, entry: u32) -> ObjectId {
        self.index.id(self.layout.place(entry))
    }

    fn wanted(&self, entry: u32) -> bool {
        self.marks.as_ref().is_none_or(|marks| marks.wanted(entry))
    }

    fn needed(&self, entry: u32) -> bool {
        self.marks.as_ref().is_none_or(|marks| marks.needed(entry))
    }
}

/// Fills `fresh` with what is not copied.
fn set_fresh(fresh: &mut Fresh, copies: &[Copied], base: usize, len: usize) {
    let mut spans: Vec<Span> = match std::mem::take(fresh) {
        Fresh::Ranges(spans) => spans,
        Fresh::All => Vec::new(),
    };
    spans.clear();
    delta::fresh(copies, base, len, &mut spans);
    *fresh = Fresh::Ranges(spans);
}

/// Remembers what was built on the base of a frame last; what it copied is in `tools.copies`.
fn remember<T, W>(tools: &mut Tools<W>, frame: &mut Frame<T>, base: Arc<Base<T>>, counted: usize) {
    let mut copies = match frame.last.take() {
        Some(last) => {
            tools.live -= last.counted;
            recycle(tools, last.base);
            last.copies
        }
        None => Vec::new(),
    };
    copies.clone_from(&tools.copies);
    let counted = counted + size_of_val(copies.as_slice());
    tools.live += counted;
    frame.last = Some(Sibling { base, copies, counted });
}

/// The opposite.
fn forget<T, W>(tools: &mut Tools<W>, frame: &mut Frame<T>) {
    if let Some(last) = frame.last.take() {
        tools.live -= last.counted;
        recycle(tools, last.base);
    }
}

/// Drops a base that nothing is left to be built on.
fn release<T, W>(tools: &mut Tools<W>, mut frame: Frame<T>) {
    forget(tools, &mut frame);
    tools.live -= frame.counted;
    recycle(tools, frame.base);
}

/// Takes back the buffer of an object that no one else has.
fn recycle<T, W>(tools: &mut Tools<W>, base: Arc<Base<T>>) {
    if let Some(Base { bytes: Some(bytes), .. }) = Arc::into_inner(base) {
        tools.recycle(bytes);
    }
}
