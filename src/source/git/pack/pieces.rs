//! The bytes of a pack in pieces, each held from the first entry that is read of it to the last.
//!
//! A walk goes through families of deltas, so it comes back to a piece for some time and then never
//! again. How many entries are still to be read of each is known beforehand; a piece with none left
//! makes room for another one. So a walk holds a small part of a pack at a time, and only of the kinds
//! that it wants. Where all the room that is allowed is taken, entries are read one by one instead,
//! which costs time and not completeness.
//!
//! Must not know what an entry is.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, AtomicUsize, Ordering},
};

use super::{data::PackData, lock};

/// Bytes of a piece: so large that few entries lie in two, and a read is worth its call.
pub(super) const PIECE: u64 = 1 << 20;

/// A piece and its place, as a thread has it at hand.
pub(super) type AtHand = Option<(usize, Arc<Vec<u8>>)>;

/// Buffers of pieces that are done. Memory that was written before is there at once, new memory is made page by page.
pub(super) type Spare = Vec<Vec<u8>>;

/// The pieces of a pack.
#[derive(Debug)]
pub(super) struct Pieces {
    pieces: Vec<Piece>,
    /// How many more may be held.
    room: AtomicUsize,
    spare: Mutex<Spare>,
}

#[derive(Debug, Default)]
struct Piece {
    /// Entries that are still to be read.
    left: AtomicU32,
    bytes: Mutex<Option<Arc<Vec<u8>>>>,
}

impl Pieces {
    /// Of a pack of which the entries that begin at `offsets` will be read; at most `most` bytes are held.
    pub(super) fn new(
        data: &PackData,
        offsets: impl Iterator<Item = u64>,
        most: u64,
        mut spare: Spare,
    ) -> Self {
        let mut pieces = Vec::new();
        pieces.resize_with((data.end() / PIECE + 1) as usize, Piece::default);
        for offset in offsets {
            if let Some(piece) = pieces.get_mut((offset / PIECE) as usize) {
                *piece.left.get_mut() += 1;
            }
        }
        let room = usize::try_from(most / PIECE).unwrap_or(usize::MAX);
        spare.truncate(room);
        Self { pieces, room: AtomicUsize::new(room - spare.len()), spare: Mutex::new(spare) }
    }

    /// What another walk may use again.
    pub(super) fn into_spare(self) -> Spare {
        self.spare.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// A piece, read now if it is not held. `None` if there is no room, nothing is left to be read of it, or it
    /// cannot be read.
    pub(super) fn get(&self, data: &PackData, place: usize) -> Option<Arc<Vec<u8>>> {
        let piece = self.pieces.get(place)?;
        let mut held = lock(&piece.bytes);
        if held.is_none() && piece.left.load(Ordering::Relaxed) > 0 {
            let taken = lock(&self.spare).pop();
            let mut bytes = match taken {
                Some(bytes) => bytes,
                None => {
                    let less = |room: usize| room.checked_sub(1);
                    self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok()?;
                    Vec::new()
                }
            };
            if data.read(place as u64 * PIECE, PIECE as usize, &mut bytes).is_err() {
                lock(&self.spare).push(bytes);
                return None;
            }
            *held = Some(Arc::new(bytes));
        }
        held.clone()
    }

    /// The entry at an offset was read by the thread that has a piece at hand.
    pub(super) fn done(&self, offset: u64, at_hand: &mut AtHand) {
        let place = (offset / PIECE) as usize;
        let Some(piece) = self.pieces.get(place) else { return };
        // One that is read a second time, since its base had made room, was not counted.
        let less = |left: u32| left.checked_sub(1);
        if piece.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) == Ok(1) {
            at_hand.take_if(|at_hand| at_hand.0 == place);
            let bytes = lock(&piece.bytes).take();
            if let Some(bytes) = bytes {
                match Arc::try_unwrap(bytes) {
                    Ok(bytes) => lock(&self.spare).push(bytes),
                    // Another thread still reads it, and drops it when it goes on to the next.
                    Err(_) => _ = self.room.fetch_add(1, Ordering::Relaxed),
                }
            }
        }
    }
}
