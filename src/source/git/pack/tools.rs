//! What a thread works with on its way through a pack, and which entries it has to look at.

use std::sync::Mutex;

use rayon::prelude::*;

use super::{
    Copied, Tally,
    data::Window,
    index::Index,
    inflate::{Buffer, Inflater},
    kin::Comparer,
    layout::Layout,
};
use crate::{origin::ObjectId, text::Fresh};

/// Buffers that a thread keeps for the next objects, in bytes.
const SPARE_BYTES: usize = 16 << 20;

/// What a thread works with; taken by a task and put back.
pub(super) struct Tools<W> {
    pub(super) inflater: Inflater,
    pub(super) window: Window,
    pub(super) instructions: Buffer,
    pub(super) copies: Vec<Copied>,
    pub(super) fresh: Fresh,
    /// What is copied from another object than the pack says.
    pub(super) shared: Vec<Copied>,
    /// What is fresh by the pack, while that is so.
    pub(super) stored: Fresh,
    pub(super) comparer: Comparer,
    spare: Vec<Buffer>,
    spare_bytes: usize,
    /// Bytes of the bases on the stack.
    pub(super) live: usize,
    pub(super) tally: Tally,
    pub(super) worker: W,
}

/// Tools that no task uses just now.
pub(super) type Toolbox<W> = Mutex<Vec<Tools<W>>>;

impl<W> Tools<W> {
    pub(super) fn new(worker: W) -> Self {
        Self {
            inflater: Inflater::new(),
            window: Window::default(),
            instructions: Buffer::default(),
            copies: Vec::new(),
            fresh: Fresh::All,
            shared: Vec::new(),
            stored: Fresh::All,
            comparer: Comparer::default(),
            spare: Vec::new(),
            spare_bytes: 0,
            live: 0,
            tally: Tally::default(),
            worker,
        }
    }

    /// A buffer, one that was used lately if there is one.
    pub(super) fn buffer(&mut self) -> Buffer {
        let buffer = self.spare.pop().unwrap_or_default();
        self.spare_bytes -= buffer.capacity();
        buffer
    }

    /// The same bytes in a buffer that is not much larger than they are, for what is kept long.
    pub(super) fn fitted(&mut self, buffer: Buffer) -> Buffer {
        if buffer.capacity() / 2 <= buffer.bytes().len() {
            return buffer;
        }
        let fitted = Buffer::from(buffer.bytes().to_vec());
        self.recycle(buffer);
        fitted
    }

    /// Takes a buffer back.
    pub(super) fn recycle(&mut self, buffer: Buffer) {
        if self.spare_bytes + buffer.capacity() <= SPARE_BYTES {
            self.spare_bytes += buffer.capacity();
            self.spare.push(buffer);
        }
    }
}

/// For each entry, whether it is wanted and whether something wanted is built on it.
pub(super) struct Marks(Vec<u8>);

impl Marks {
    const WANTED: u8 = 1;
    const NEEDED: u8 = 2;

    pub(super) fn new(layout: &Layout, index: &Index, wants: impl Fn(&ObjectId) -> bool + Sync) -> Self {
        let wanted = |entry| u8::from(wants(&index.id(layout.place(entry))));
        let mut marks: Vec<u8> = (0..layout.len() as u32).into_par_iter().map(wanted).collect();
        for entry in 0..layout.len() as u32 {
            let mut next = Some(entry).filter(|&entry| marks[entry as usize] == Self::WANTED);
            while let Some(entry) = next {
                let mark = &mut marks[entry as usize];
                if *mark & Self::NEEDED != 0 {
                    break;
                }
                *mark |= Self::NEEDED;
                next = layout.base(entry);
            }
        }
        Self(marks)
    }

    /// Whether the entry is wanted itself.
    pub(super) fn wanted(&self, entry: u32) -> bool {
        self.0[entry as usize] & Self::WANTED != 0
    }

    /// Whether the entry or anything built on it is wanted.
    pub(super) fn needed(&self, entry: u32) -> bool {
        self.0[entry as usize] != 0
    }
}
