//! abatis: a git secret and policy scanner.

pub mod config;
pub mod detect;
pub mod diagnostic;
pub mod filter;
pub mod finding;
pub mod glob;
pub mod origin;
pub mod pipeline;
pub mod policy;
pub mod report;
pub mod rule;
pub mod secret;
pub mod select;
pub mod source;
pub mod text;

pub mod cli;
