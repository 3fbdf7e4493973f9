//! The one integration test binary.

mod reports;
mod sources;
mod support;
