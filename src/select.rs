//! Scan or skip, with the reason: decided on the entry, before its content is read.
//!
//! Must not read content, nor know rules.
