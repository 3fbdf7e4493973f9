//! Layers of configuration: built-in, user, repository, command line; merged and validated.
//!
//! Must not read files: it is given their text.
