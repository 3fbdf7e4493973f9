//! What earlier looks know: which objects were read, so that only those that came since are read again.
//!
//! A file holds the ids of all objects that were there, those in which something was found, those that were at the tip
//! of a reference, and how many were not read for which reason. It holds no content and no secret: what was found is found again, by
//! reading the few objects that hold it. Everything that history says is made anew each time.
//!
//! The file is written beside itself and renamed, by one process at a time, and has a checksum: one that is damaged, of
//! another version or made with other rules is not used, which is said.
//!
//! Must not decide what is read.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    origin::{ObjectId, Skip},
    source::Learned,
};

/// What the file begins with; the number is that of its form.
const MAGIC: &[u8] = b"abatis audit state 1\n";
/// Largest file that is read: ids of a hundred million objects.
const LARGEST: u64 = 4 << 30;

/// What earlier looks know of objects. All lists are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Past {
    /// Objects that were read, or are no content.
    pub(in super::super) seen: Vec<ObjectId>,
    /// Blobs that were in the tree of a reference's tip.
    pub(in super::super) tips: Vec<ObjectId>,
    /// Blobs that no tree named.
    pub(in super::super) unnamed: Vec<ObjectId>,
}

impl Past {
    /// Takes in what another look knows.
    pub(super) fn join(&mut self, other: Self) {
        for (mine, theirs) in
            [(&mut self.seen, other.seen), (&mut self.tips, other.tips), (&mut self.unnamed, other.unnamed)]
        {
            mine.extend(theirs);
            mine.sort_unstable();
            mine.dedup();
        }
    }
}

/// Where a state is kept, and what makes it fit.
#[derive(Clone, Debug)]
pub(super) struct Place<'p> {
    pub(super) file: &'p Path,
    /// What decided what was found: rules, limits, version.
    pub(super) digest: [u8; 32],
    /// Bytes of an id.
    pub(super) id_len: usize,
}

/// Why there is no state to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// There is none yet.
    None,
    /// It was made with other rules or limits, or by another version.
    Other,
    /// It cannot be read, or its checksum is wrong.
    Damaged,
}

/// Reads what was kept.
pub(super) fn read(place: &Place<'_>) -> Result<(Past, Learned), Unfit> {
    match fs::metadata(place.file) {
        Ok(meta) if meta.len() > LARGEST => return Err(Unfit::Damaged),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unfit::None),
        Err(_) => return Err(Unfit::Damaged),
    }
    let bytes = fs::read(place.file).map_err(|_| Unfit::Damaged)?;
    let Some(body) = bytes.strip_prefix(MAGIC) else {
        return Err(if bytes.starts_with(&MAGIC[..MAGIC.len() - 2]) { Unfit::Other } else { Unfit::Damaged });
    };
    let (body, sum) = body.split_last_chunk::<4>().ok_or(Unfit::Damaged)?;
    if crc32fast::hash(body) != u32::from_be_bytes(*sum) {
        return Err(Unfit::Damaged);
    }
    let (digest, rest) = body.split_first_chunk::<32>().ok_or(Unfit::Damaged)?;
    if *digest != place.digest {
        return Err(Unfit::Other);
    }
    let mut reader = Reader { rest, id_len: place.id_len };
    let read = reader.all().ok_or(Unfit::Damaged)?;
    if reader.rest.is_empty() { Ok(read) } else { Err(Unfit::Damaged) }
}

struct Reader<'r> {
    rest: &'r [u8],
    id_len: usize,
}

impl Reader<'_> {
    fn all(&mut self) -> Option<(Past, Learned)> {
        if self.number()? != self.id_len as u64 {
            return None;
        }
        let past = Past { seen: self.ids()?, tips: self.ids()?, unnamed: self.ids()? };
        let mut learned = Learned { holders: self.ids()?, ..Learned::default() };
        for _ in 0..self.number()? {
            let len = usize::try_from(self.number()?).ok()?;
            let (name, rest) = self.rest.split_at_checked(len)?;
            self.rest = rest;
            let skip = Skip::from_name(std::str::from_utf8(name).ok()?)?;
            learned.passed.insert(skip, self.number()?);
        }
        Some((past, learned))
    }

    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.rest.split_first_chunk::<8>()?;
        self.rest = rest;
        Some(u64::from_be_bytes(*number))
    }

    fn ids(&mut self) -> Option<Vec<ObjectId>> {
        let len = usize::try_from(self.number()?).ok()?.checked_mul(self.id_len)?;
        let (ids, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        ids.chunks_exact(self.id_len).map(ObjectId::from_bytes).collect()
    }
}

/// Keeps what is known for the next time. Another process that does the same just now wins.
pub(super) fn write(place: &Place<'_>, past: &Past, learned: &Learned) -> io::Result<()> {
    if let Some(folder) = place.file.parent() {
        fs::create_dir_all(folder)?;
    }
    let lock = File::create(beside(place.file, "lock"))?;
    if lock.try_lock().is_err() {
        return Err(io::Error::other("another audit is writing it"));
    }
    let mut body = Vec::with_capacity((past.seen.len() + past.tips.len()) * place.id_len + 4096);
    body.extend_from_slice(&place.digest);
    let number = |body: &mut Vec<u8>, number: u64| body.extend_from_slice(&number.to_be_bytes());
    number(&mut body, place.id_len as u64);
    for ids in [&past.seen, &past.tips, &past.unnamed, &learned.holders] {
        number(&mut body, ids.len() as u64);
        ids.iter().for_each(|id| body.extend_from_slice(id.as_bytes()));
    }
    number(&mut body, learned.passed.len() as u64);
    for (skip, count) in &learned.passed {
        number(&mut body, skip.name().len() as u64);
        body.extend_from_slice(skip.name().as_bytes());
        number(&mut body, *count);
    }
    let new = beside(place.file, "new");
    let mut file = File::create(&new)?;
    let sum = crc32fast::hash(&body).to_be_bytes();
    let written = [MAGIC, &body, &sum].iter().try_for_each(|part| file.write_all(part));
    // What is not on the disk when the machine stops has a wrong checksum, and is made again.
    drop(file);
    written.and_then(|()| fs::rename(&new, place.file)).inspect_err(|_| drop(fs::remove_file(&new)))
}

pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// A phrase for the receipt.
pub(super) fn why(unfit: Unfit) -> Option<&'static str> {
    match unfit {
        Unfit::None => None,
        Unfit::Other => Some("was made with other rules, limits or another version"),
        Unfit::Damaged => Some("is damaged"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(first: u8) -> ObjectId {
        ObjectId::from_bytes(&[first; 20]).unwrap()
    }

    #[test]
    fn a_state_reads_back_and_a_bad_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/state");
        let place = Place { file: &file, digest: [7; 32], id_len: 20 };
        assert_eq!(read(&place).err(), Some(Unfit::None));
        let past = Past { seen: vec![id(1), id(2)], tips: vec![id(2)], unnamed: Vec::new() };
        let learned =
            Learned { holders: vec![id(1)], passed: [(Skip::Media, 2), (Skip::TooLarge, 1)].into() };
        write(&place, &past, &learned).unwrap();
        assert_eq!(read(&place), Ok((past.clone(), learned.clone())));
        assert_eq!(read(&Place { digest: [8; 32], ..place.clone() }).err(), Some(Unfit::Other));
        assert_eq!(read(&Place { id_len: 32, ..place.clone() }).err(), Some(Unfit::Damaged));
        let whole = fs::read(&file).unwrap();
        for len in 0..whole.len() {
            fs::write(&file, &whole[..len]).unwrap();
            assert!(read(&place).is_err(), "{len}");
        }
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 0x10;
            fs::write(&file, &bad).unwrap();
            assert!(read(&place).is_err(), "{at}");
        }
        write(&place, &past, &learned).unwrap();
        assert!(read(&place).is_ok());
        let held = File::create(beside(&file, "lock")).unwrap();
        held.lock().unwrap();
        assert!(write(&place, &past, &learned).is_err());
    }
}
