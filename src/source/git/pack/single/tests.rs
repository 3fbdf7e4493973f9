//! Single objects of made and broken stores.

use super::*;

/// An index of version 2 with these ids, sorted, the offset of each being its place plus 12.
fn index_bytes(ids: &[[u8; 20]]) -> Vec<u8> {
    let mut file = MAGIC.to_vec();
    for byte in 0..=255_u8 {
        let count = ids.iter().filter(|id| id[0] <= byte).count() as u32;
        file.extend(count.to_be_bytes());
    }
    file.extend(ids.iter().flatten());
    file.extend(vec![0; ids.len() * 4]);
    for place in 0..ids.len() as u32 {
        file.extend((place + 12).to_be_bytes());
    }
    file.extend([0; 40]);
    file
}

fn open(folder: &Path, bytes: &[u8]) -> Result<IndexFile, Fault> {
    let path = folder.join("pack-a.idx");
    fs::write(&path, bytes).unwrap();
    IndexFile::open(&path, IdFormat::Sha1)
}

/// Ids that crowd at one place of what they could be, so that guesses are bad.
fn crowded() -> Vec<[u8; 20]> {
    let mut ids = Vec::new();
    for step in 0..3000_u32 {
        let mut id = [0xff; 20];
        id[0] = 7;
        id[1..5].copy_from_slice(&(step / 2 * step).to_be_bytes());
        id[5] = (step % 2) as u8;
        ids.push(id);
    }
    ids.push([0; 20]);
    ids.push([0xff; 20]);
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[test]
fn every_id_of_an_index_is_found_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let ids = crowded();
    let index = open(folder.path(), &index_bytes(&ids)).unwrap();
    for (place, id) in ids.iter().enumerate() {
        let found = index.find(&ObjectId::from_bytes(id).unwrap()).unwrap();
        assert_eq!(found, Some(place as u64 + 12), "{id:?}");
        for change in [-1_i8, 1] {
            let mut other = *id;
            other[19] = other[19].wrapping_add_signed(change);
            if ids.binary_search(&other).is_err() {
                assert_eq!(index.find(&ObjectId::from_bytes(&other).unwrap()), Ok(None));
            }
        }
    }
}

#[test]
fn an_index_that_lies_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let whole = index_bytes(&crowded()[..40]);
    let id = ObjectId::from_bytes(&crowded()[20]).unwrap();
    for len in (0..whole.len()).step_by(7) {
        if let Ok(index) = open(folder.path(), &whole[..len]) {
            // What is cut behind the offsets is not looked at.
            let found = index.find(&id);
            assert!(found.is_err() || found == Ok(Some(32)), "{len}: {found:?}");
        }
        let mut flipped = whole.clone();
        flipped[len] ^= 0xff;
        if let Ok(index) = open(folder.path(), &flipped) {
            let _found = index.find(&id);
        }
    }
}
