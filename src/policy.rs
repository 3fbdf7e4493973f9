//! Insecure defaults and public storage, decided on structure: documents of blocks, and conditions on them.
//!
//! Must not know git, files, the clock, the environment or threads.

pub mod document;
pub mod format;
