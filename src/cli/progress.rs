//! The progress line of long runs: on standard error, on a terminal only.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::pipeline::Control;

/// Runs shorter than this show nothing.
const PATIENCE: Duration = Duration::from_millis(700);
/// Time between two drawings.
const TICK: Duration = Duration::from_millis(100);

/// Draws until it is dropped.
pub(super) struct Progress {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts to watch `control`, if progress may be drawn.
    pub(super) fn new(control: &Arc<Control>, drawn: bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = drawn.then(|| {
            let (control, stop) = (Arc::clone(control), Arc::clone(&stop));
            thread::spawn(move || watch(&control, &stop))
        });
        Self { stop, thread }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The line is gone either way; a thread that failed has nothing more to say.
            drop(thread.join());
        }
    }
}

fn watch(control: &Control, stop: &AtomicBool) {
    thread::park_timeout(PATIENCE);
    if stop.load(Ordering::Relaxed) {
        return;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    let mut known = false;
    while !stop.load(Ordering::Relaxed) {
        let expected = control.expected.load(Ordering::Relaxed);
        let read = control.read.load(Ordering::Relaxed);
        // Before the first is read nobody can say how long it takes.
        if expected > 0 && (known || read > 0) {
            if !known {
                known = true;
                bar.set_length(expected);
                bar.reset_eta();
                let template =
                    "{spinner} {elapsed} [{bar:20}] {human_pos}/{human_len} objects, {msg}, {eta} left";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style.progress_chars("=> "));
                }
            }
            bar.set_length(expected);
            bar.set_position(read.min(expected));
        }
        let contents = control.contents.load(Ordering::Relaxed);
        let bytes = HumanBytes(control.bytes.load(Ordering::Relaxed));
        let findings = control.findings.load(Ordering::Relaxed);
        bar.set_message(if known {
            format!("{bytes}, {findings} findings")
        } else {
            format!("{contents} contents, {bytes}, {findings} findings")
        });
        bar.tick();
        thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}
