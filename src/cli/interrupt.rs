//! Ctrl-C and requests to end: the run stops at the next object and says how far it came. A second one ends at once.
//!
//! Must not be used by hooks, which git ends itself.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::pipeline::Control;

/// Stops `control` when the user or the system asks the process to end.
pub(super) fn watch(control: &Arc<Control>) {
    let control = Arc::clone(control);
    let asked = AtomicBool::new(false);
    let handler = move || {
        if asked.swap(true, Ordering::SeqCst) {
            #[expect(
                clippy::exit,
                clippy::disallowed_methods,
                reason = "whoever asks twice does not want to wait for anything"
            )]
            std::process::exit(2);
        }
        control.cancel();
    };
    // Where no handler can be set the process ends as any other does: without a report, and with no exit code of ours.
    let _unset = ctrlc::set_handler(handler);
}
