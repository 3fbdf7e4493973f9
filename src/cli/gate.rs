//! What the hooks on pushes share: a run that ends in time, and what becomes of it.
//!
//! Must not know where the updates came from.

pub(super) mod chain;
pub(super) mod glass;
pub(super) mod message;
pub(super) mod policy;
pub(super) mod pusher;
pub(super) mod record;
pub(super) mod trust;

use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::pipeline::Control;

/// Part of the budget that is kept for ending: one tenth, and no more than half a second.
const RESERVE: u32 = 10;
const MOST_RESERVED: Duration = Duration::from_millis(500);

/// Bytes of the stack that the job runs on: as much as a main thread has and more, since it does all that one does
/// elsewhere, and tables of rules pass through the stack in a build that is not optimised. Only what is used of it
/// takes memory.
const STACK: usize = 32 << 20;

/// The time that there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// All of it.
    pub(super) whole: Duration,
    /// When the process was started, as far as it knows.
    pub(super) started: Instant,
}

impl Budget {
    /// When looking is to stop, and when the answer must be given.
    fn ends(&self) -> (Instant, Instant) {
        let end = self.started + self.whole;
        (end - (self.whole / RESERVE).min(MOST_RESERVED), end)
    }
}

/// How a job came out.
#[derive(Debug)]
pub(super) enum Ended<T> {
    /// It came to its end, if only because it was told to stop.
    Done(T),
    /// It did not stop in time, and is left alone.
    Stuck,
    /// It died.
    Died,
}

/// Runs `job` on another thread. When the time runs out, `control` tells it to stop; if it does not,
/// it is left alone: the process ends all the same.
pub(super) fn within<T: Send + 'static>(
    budget: Option<Budget>,
    control: &Arc<Control>,
    job: impl FnOnce() -> T + Send + 'static,
) -> Ended<T> {
    let (sender, receiver) = mpsc::channel();
    let spawned = thread::Builder::new().name("gate".to_owned()).stack_size(STACK).spawn(move || {
        // Nobody waits any more if it is too late.
        drop(sender.send(job()));
    });
    if spawned.is_err() {
        return Ended::Died;
    }
    let Some(budget) = budget else {
        return receiver.recv().map_or(Ended::Died, Ended::Done);
    };
    let (stop, end) = budget.ends();
    let left = |until: Instant| until.saturating_duration_since(Instant::now());
    match receiver.recv_timeout(left(stop)) {
        Ok(done) => return Ended::Done(done),
        Err(mpsc::RecvTimeoutError::Disconnected) => return Ended::Died,
        Err(mpsc::RecvTimeoutError::Timeout) => control.cancel(),
    }
    match receiver.recv_timeout(left(end)) {
        Ok(done) => Ended::Done(done),
        Err(mpsc::RecvTimeoutError::Disconnected) => Ended::Died,
        Err(mpsc::RecvTimeoutError::Timeout) => Ended::Stuck,
    }
}
