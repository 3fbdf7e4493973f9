//! Numbers for all objects of a store, so that what is known of an object is a place in a list.
//!
//! Packed objects are numbered in the order of the packs and of the ids in their indexes, then
//! come loose ones, then ids that something names and the store lacks. Ids look random and indexes
//! are sorted, so that the top bits of an id are its place in a table as they stand: a search is
//! one look into the table and mostly one comparison.
//!
//! Must not read objects.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use super::{Object, ObjectStore, Role, lock, loose};
use crate::origin::ObjectId;

/// No object.
const FREE: u32 = u32::MAX;

/// Numbers of objects. An object that several packs have has the number of the first.
#[derive(Debug)]
pub(in super::super) struct Catalog {
    store: Arc<ObjectStore>,
    /// The first number of each pack, and one more for the end.
    starts: Vec<u32>,
    loose: Vec<ObjectId>,
    /// Number of objects that the store has.
    known: u32,
    table: Vec<u32>,
    shift: u32,
    lacking: Mutex<Lacking>,
}

/// Ids that the store lacks.
#[derive(Debug, Default)]
struct Lacking {
    numbers: HashMap<ObjectId, u32>,
    ids: Vec<ObjectId>,
}

impl Catalog {
    /// Numbers everything in `store`. What cannot be listed is left to the walk to report.
    pub(in super::super) fn new(store: &Arc<ObjectStore>) -> Self {
        let mut starts = Vec::with_capacity(store.packs.len() + 1);
        let mut next = 0_u32;
        for pack in &store.packs {
            starts.push(next);
            next += pack.index.len() as u32;
        }
        starts.push(next);
        let mut loose = BTreeSet::new();
        for folder in &store.folders {
            loose.extend(loose::list(folder, store.format).unwrap_or_default());
        }
        let loose: Vec<ObjectId> = loose.into_iter().collect();
        let known = next + loose.len() as u32;
        // At most half full.
        let bits = (known.max(8) * 2).next_power_of_two().trailing_zeros();
        let mut catalog = Self {
            store: Arc::clone(store),
            starts,
            loose,
            known,
            table: vec![FREE; 1 << bits],
            shift: 64 - bits,
            lacking: Mutex::default(),
        };
        for number in 0..known {
            catalog.enter(number);
        }
        catalog
    }

    /// The store whose objects have these numbers.
    pub(in super::super) fn store(&self) -> &ObjectStore {
        &self.store
    }

    /// Its loose objects.
    pub(in super::super) fn loose(&self) -> &[ObjectId] {
        &self.loose
    }

    fn enter(&mut self, number: u32) {
        let mask = self.table.len() - 1;
        let id = self.stored(number);
        let mut at = self.place(id);
        while self.table[at] != FREE {
            if same(self.stored(self.table[at]), id) {
                return;
            }
            at = (at + 1) & mask;
        }
        self.table[at] = number;
    }

    /// The raw id of an object that the store has.
    fn stored(&self, number: u32) -> &[u8] {
        let packed = self.starts.len() - 1;
        if number >= self.starts[packed] {
            return self.loose[(number - self.starts[packed]) as usize].as_bytes();
        }
        let pack = if packed == 1 { 0 } else { self.starts.partition_point(|&start| start <= number) - 1 };
        self.store.packs[pack].index.raw_id((number - self.starts[pack]) as usize)
    }

    fn place(&self, id: &[u8]) -> usize {
        let mut top = [0; 8];
        top.copy_from_slice(&id[..8]);
        (u64::from_be_bytes(top) >> self.shift) as usize
    }

    /// The number of an object that the walk shows as wanted.
    pub(in super::super) fn of(&self, object: &Object<'_>) -> u32 {
        match object.packed {
            // It is wanted once, in the first pack that has it.
            Some((pack, place)) if object.role == Role::Wanted => self.starts[pack as usize] + place,
            _ => self.number(&object.id()),
        }
    }

    /// The number of a raw id, if the store has it.
    pub(in super::super) fn find(&self, id: &[u8]) -> Option<u32> {
        if id.len() != self.store.format.id_len() {
            return None;
        }
        let mask = self.table.len() - 1;
        let mut at = self.place(id);
        while self.table[at] != FREE {
            if same(self.stored(self.table[at]), id) {
                return Some(self.table[at]);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// The numbers of raw ids; [`u32::MAX`] for those that the store lacks.
    pub(in super::super) fn find_all<'i>(
        &self,
        ids: impl Iterator<Item = &'i [u8]> + Clone,
        numbers: &mut Vec<u32>,
    ) {
        let known_len = self.store.format.id_len();
        numbers.clear();
        // First all that the table has, then all that is compared: none waits for another.
        numbers.extend(
            ids.clone().map(|id| if id.len() == known_len { self.table[self.place(id)] } else { FREE }),
        );
        for (id, number) in ids.zip(numbers) {
            if *number != FREE && !same(self.stored(*number), id) {
                *number = self.find(id).unwrap_or(FREE);
            }
        }
    }

    /// The number of an id, which gets one if the store lacks it.
    pub(in super::super) fn number(&self, id: &ObjectId) -> u32 {
        self.find(id.as_bytes()).unwrap_or_else(|| {
            let mut lacking = lock(&self.lacking);
            let Lacking { numbers, ids } = &mut *lacking;
            *numbers.entry(*id).or_insert_with(|| {
                ids.push(*id);
                self.known + ids.len() as u32 - 1
            })
        })
    }

    /// The number of an id that was numbered before.
    pub(in super::super) fn numbered(&self, id: &ObjectId) -> Option<u32> {
        self.find(id.as_bytes()).or_else(|| lock(&self.lacking).numbers.get(id).copied())
    }

    /// The id of a number.
    pub(in super::super) fn id(&self, number: u32) -> ObjectId {
        if number < self.known {
            return ObjectId::from_bytes(self.stored(number)).unwrap_or(ObjectId::NULL);
        }
        lock(&self.lacking).ids.get((number - self.known) as usize).copied().unwrap_or(ObjectId::NULL)
    }

    /// True if the store has it, which does not say that it can be read.
    pub(in super::super) const fn has(&self, number: u32) -> bool {
        number < self.known
    }

    /// Number of objects that the store has.
    pub(in super::super) const fn known(&self) -> usize {
        self.known as usize
    }

    /// Number of all that was numbered so far.
    pub(in super::super) fn len(&self) -> usize {
        self.known as usize + lock(&self.lacking).ids.len()
    }
}

/// Whether both are one id; the length of nearly all is known when this is compiled.
fn same(one: &[u8], other: &[u8]) -> bool {
    match (<&[u8; 20]>::try_from(one), <&[u8; 20]>::try_from(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::source::git::pack::{IdFormat, Places};

    #[test]
    fn loose_and_lacking_objects_have_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let ids: Vec<ObjectId> = [1, 1, 200]
            .iter()
            .zip(0..)
            .map(|(&first, last)| {
                let mut id = [7; 20];
                (id[0], id[19]) = (first, last);
                ObjectId::from_bytes(&id).unwrap()
            })
            .collect();
        for id in &ids {
            let hex = id.to_string();
            fs::create_dir_all(folder.path().join(&hex[..2])).unwrap();
            fs::write(folder.path().join(&hex[..2]).join(&hex[2..]), "").unwrap();
        }
        let places = Places { objects: folder.path().to_owned(), alternates: Vec::new() };
        let store = Arc::new(ObjectStore::open(&places, IdFormat::Sha1).unwrap());
        let catalog = Catalog::new(&store);
        let numbers: Vec<u32> = ids.iter().map(|id| catalog.number(id)).collect();
        assert_eq!(numbers, [0, 1, 2]);
        let other = ObjectId::from_bytes(&[1; 20]).unwrap();
        assert_eq!((catalog.numbered(&other), catalog.number(&other)), (None, 3));
        assert_eq!((catalog.number(&other), catalog.len(), catalog.has(3)), (3, 4, false));
        assert_eq!([0, 1, 2, 3].map(|number| catalog.id(number)), [ids[0], ids[1], ids[2], other]);
        let asked = [ids[2].as_bytes(), other.as_bytes(), ids[0].as_bytes(), &[1; 7], ids[1].as_bytes()];
        let mut numbers = vec![9];
        catalog.find_all(asked.into_iter(), &mut numbers);
        assert_eq!(numbers, [2, FREE, 0, FREE, 1]);
    }
}
