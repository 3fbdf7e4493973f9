//! Sources that read a git repository: what is staged, what is not, and the message of a commit.
//!
//! All but revisions as people write them is our own reading: git itself decided that the hook runs, so
//! ownership is not judged again, configuration is read only where it is asked for, no index of a
//! pack is read whole, and a start costs a fraction of a millisecond.
//!
//! Must not read the environment ([`environment::Environment`] is handed in), fetch anything, or
//! run filters, hooks and helpers that configuration names.

mod attribute;
pub mod beside;
pub mod changes;
pub mod config;
pub mod environment;
pub mod history;
mod ids;
pub mod index;
pub mod lfs;
pub mod lines;
pub mod message;
pub mod objects;
pub mod pack;
pub mod push;
pub mod repo;
mod revision;
pub mod staged;
pub mod tree;
pub mod tree_files;
mod version;
pub mod worktree;
