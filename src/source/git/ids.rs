//! Tables by the id of an object.
//!
//! An id is a hash itself, so that a few of its bytes and a multiplication place it. The key of that is made anew for each
//! table, so that nobody can make up commits whose ids meet in one place.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
};

use crate::origin::ObjectId;

/// A table by id.
pub(super) type IdMap<T> = HashMap<ObjectId, T, Keyed>;

/// Makes hashes with a key of its own.
#[derive(Clone, Debug)]
pub(super) struct Keyed(u64);

impl Default for Keyed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u8))
    }
}

impl BuildHasher for Keyed {
    type Hasher = Leading;

    fn build_hasher(&self) -> Leading {
        Leading(self.0)
    }
}

/// The hash of an id by its first bytes.
#[derive(Debug)]
pub(super) struct Leading(u64);

impl Hasher for Leading {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut word = [0; 8];
        let length = bytes.len().min(8);
        word[..length].copy_from_slice(&bytes[..length]);
        let product = u128::from(self.0 ^ u64::from_le_bytes(word)) * 0x9E37_79B9_7F4A_7C15;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    /// The length of an id, which its kind says.
    fn write_usize(&mut self, _: usize) {}

    fn write_u8(&mut self, _: u8) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_spread_and_keys_differ() {
        let id = |number: u32| ObjectId::from_hex(format!("{number:040x}").as_bytes()).unwrap();
        let other = |number: u32| ObjectId::from_hex(format!("{number:08x}{:032x}", 0).as_bytes()).unwrap();
        let (one, two) = (Keyed::default(), Keyed::default());
        let hashes: std::collections::HashSet<u64> =
            (0..10_000).map(|number| one.hash_one(other(number)) >> 40).collect();
        assert!(hashes.len() > 9_900, "{}", hashes.len());
        assert_ne!(one.hash_one(id(1)), two.hash_one(id(1)));
        let map: IdMap<u32> = (0..1000).map(|number| (id(number), number)).collect();
        assert!((0..1000).all(|number| map[&id(number)] == number));
    }
}
