//! The one integration test binary.

#![allow(clippy::unwrap_used, reason = "a test whose set-up fails has failed; helpers are not seen as tests")]
#![allow(clippy::disallowed_methods, reason = "tests make environments for others")]

mod audit;
mod checkouts;
mod credentials;
mod exposure;
mod filter;
mod gate;
mod incremental;
mod index;
mod install;
mod mutated;
mod pack;
mod places;
mod policy;
mod readme;
mod reports;
mod revision;
mod rules;
mod rules_cli;
mod scan;
mod scope;
mod shard;
mod sources;
mod staged;
mod support;
mod tidy;
mod worktree;
