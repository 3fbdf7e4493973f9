//! Malformed input: cut, flipped and made up. What counts is that every source comes back.
