//! Ordered verdicts on findings, which keep what they remove: inline markers, allowlists, baseline.
//!
//! Must not know how a match was found.
