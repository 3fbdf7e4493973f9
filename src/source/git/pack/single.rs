//! Single objects by id, without reading whole indexes: for a hook, which wants a dozen of a million.
//!
//! Opening a store lists folders and nothing else. An id is looked up in the index *file*: ids are
//! evenly spread, so the place of one among those with its first byte is known to within a few
//! dozen, and one read of a few kilobytes nearly always holds it.
//!
//! Must not read an index whole, must not write, and must not walk; [`super::ObjectStore`] does.

use std::{
    collections::{HashMap, VecDeque},
    fmt, fs,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};

use super::{
    Fault, IdFormat, ObjectKind, alternates,
    data::{PackData, Window, read_exact_at},
    delta::{Delta, LONGEST_SIZES},
    entry::{Content, Header, LONGEST_HEADER},
    inflate::{Inflater, allowed, start_of_stream},
    lock, loose,
    store::inflate_entry,
};
use crate::origin::ObjectId;

/// Longest chain of deltas that is followed. git makes none over 4,095.
const LONGEST_CHAIN: usize = 10_000;
/// Bytes of objects kept for a second question: what is asked for its size is mostly read next,
/// and the trees and deltas of one commit share bases.
const KEPT: usize = 16 << 20;
/// Larger objects are not kept, in bytes.
const MAX_KEPT: usize = 1 << 20;
/// Ids read at once around the place where one is expected. The distance from there to the real
/// place has a deviation of half the square root of the number of ids that share the first byte:
/// 128 ids to each side are enough for all but one lookup in 3,000 in a pack of a million.
const IDS_AT_ONCE: usize = 256;
/// Read before an entry, in bytes: the base of a delta mostly lies there, and close.
const BEHIND: u64 = 6 << 10;
/// Read from an entry on, together with what is before it.
const AHEAD: u64 = 2 << 10;

/// A kind and a content.
pub(in crate::source::git) type Found = (ObjectKind, Arc<Vec<u8>>);

/// Why an object could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source::git) enum Lack {
    /// It is nowhere.
    Missing,
    /// It is there and cannot be read, for this reason.
    Broken(String),
}

impl From<Fault> for Lack {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault.to_string())
    }
}

/// All object stores of a repository, for reading one object at a time.
pub(in crate::source::git) struct SingleStore {
    format: IdFormat,
    /// The repository's own folder first, then those it borrows from.
    folders: Vec<PathBuf>,
    packs: RwLock<Arc<Vec<Arc<LazyPack>>>>,
    /// Whether the packs were listed a second time: another process may have packed since.
    listed_again: OnceLock<()>,
    kept: Mutex<Kept>,
}

/// What a kept object is found by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// By its id, if it was loose.
    Loose(ObjectId),
    /// By the file of its pack and its offset in it.
    Packed(usize, u64),
}

/// Objects read lately; the oldest leave first.
#[derive(Default)]
struct Kept {
    held: HashMap<Key, Found>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Kept {
    fn put(&mut self, key: Key, found: &Found) {
        if self.held.insert(key, found.clone()).is_some() {
            return;
        }
        self.order.push_back(key);
        self.bytes += found.1.len();
        while self.bytes > KEPT {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.held.remove(&oldest).map_or(0, |(_, bytes)| bytes.len());
        }
    }
}

/// Where an object is.
enum Place {
    /// In a pack, at an offset.
    Packed(Arc<LazyPack>, u64),
    /// In a file of its own, which has been opened.
    Loose(File),
}

/// A pack that is opened when it is first asked.
struct LazyPack {
    /// A number of its own, for [`Key::Packed`].
    number: usize,
    /// The path of the `.pack` file.
    path: PathBuf,
    index: OnceLock<Result<IndexFile, String>>,
    data: OnceLock<Result<PackData, String>>,
}

impl fmt::Debug for SingleStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SingleStore").field("folders", &self.folders).finish_non_exhaustive()
    }
}

impl SingleStore {
    /// A store over `own` folders (each an `objects` folder) and all that they borrow from. What
    /// is not there holds nothing.
    pub(in crate::source::git) fn new(own: &[PathBuf], format: IdFormat) -> Self {
        // A folder that is gone matters only if an object is missed, which is then said.
        let folders = alternates::folders(own, &mut Vec::new());
        let packs = RwLock::new(Arc::new(list(&folders, &[])));
        Self { format, folders, packs, listed_again: OnceLock::new(), kept: Mutex::default() }
    }

    /// A store over these packs alone.
    pub(super) fn of_packs(paths: Vec<PathBuf>, format: IdFormat) -> Self {
        let lazy = |(number, path)| {
            Arc::new(LazyPack { number, path, index: OnceLock::new(), data: OnceLock::new() })
        };
        let packs = RwLock::new(Arc::new(paths.into_iter().enumerate().map(lazy).collect()));
        Self { format, folders: Vec::new(), packs, listed_again: OnceLock::new(), kept: Mutex::default() }
    }

    /// Kind and content of an object.
    pub(in crate::source::git) fn read(&self, id: &ObjectId) -> Result<Found, Lack> {
        self.anywhere(id, |place| match place {
            Place::Packed(pack, offset) => self.read_packed(&pack, offset, 0),
            Place::Loose(file) => self.read_loose(id, file),
        })
    }

    /// Kind and size of an object, mostly without reading all of it.
    pub(in crate::source::git) fn header(&self, id: &ObjectId) -> Result<(ObjectKind, u64), Lack> {
        self.anywhere(id, |place| match place {
            Place::Packed(pack, offset) => self.packed_header(&pack, offset),
            Place::Loose(mut file) => {
                // A small one is kept, since it is read next.
                if file.metadata()?.len() <= MAX_KEPT as u64 / 4 {
                    let (kind, bytes) = self.read_loose(id, file)?;
                    return Ok((kind, bytes.len() as u64));
                }
                loose::header(&mut file)
            }
        })
    }

    /// True if the object is there, which does not say that it can be read.
    pub(in crate::source::git) fn contains(&self, id: &ObjectId) -> bool {
        self.anywhere(id, |_| Ok(())).is_ok()
    }

    /// Does `read` at the first place of an object where that works.
    fn anywhere<T>(&self, id: &ObjectId, mut read: impl FnMut(Place) -> Result<T, Fault>) -> Result<T, Lack> {
        if id.as_bytes().len() != self.format.id_len() {
            return Err(Lack::Missing);
        }
        let mut lack = Lack::Missing;
        let mut note = |fault: Fault| {
            if lack == Lack::Missing {
                lack = fault.into();
            }
        };
        // What is being committed is loose in the repository's own folder; most else is packed.
        let (own, borrowed) = self.folders.split_at(self.folders.len().min(1));
        for folder in own {
            match loose_at(folder, id).and_then(|place| place.map(&mut read).transpose()) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(fault) => note(fault),
            }
        }
        let mut packs = self.packs();
        loop {
            for pack in packs.iter() {
                let place = pack.find(id, self.format);
                let place = place.map(|offset| offset.map(|at| Place::Packed(Arc::clone(pack), at)));
                match place.and_then(|place| place.map(&mut read).transpose()) {
                    Ok(Some(found)) => return Ok(found),
                    Ok(None) => {}
                    Err(fault) => note(fault),
                }
            }
            let Some(newer) = self.list_again() else { break };
            packs = newer;
        }
        for folder in borrowed {
            match loose_at(folder, id).and_then(|place| place.map(&mut read).transpose()) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(fault) => note(fault),
            }
        }
        Err(lack)
    }

    fn packs(&self) -> Arc<Vec<Arc<LazyPack>>> {
        Arc::clone(&self.packs.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The packs that have come since they were listed first; once.
    fn list_again(&self) -> Option<Arc<Vec<Arc<LazyPack>>>> {
        self.listed_again.set(()).ok()?;
        let mut held = self.packs.write().unwrap_or_else(PoisonError::into_inner);
        let newer = list(&self.folders, &held);
        if newer.is_empty() {
            return None;
        }
        let newer = Arc::new(newer);
        *held = Arc::new(held.iter().chain(newer.iter()).cloned().collect());
        Some(newer)
    }

    fn read_loose(&self, id: &ObjectId, file: File) -> Result<Found, Fault> {
        let key = Key::Loose(*id);
        if let Some(found) = self.kept(key) {
            return Ok(found);
        }
        let (kind, bytes) = loose::read_file(file, u64::MAX)?;
        let found = (kind, Arc::new(bytes));
        self.keep(key, &found);
        Ok(found)
    }

    /// Reads the entry at `offset`; `depth` bases were followed across packs before.
    fn read_packed(&self, pack: &Arc<LazyPack>, offset: u64, depth: usize) -> Result<Found, Fault> {
        let data = pack.data(self.format)?;
        let mut deltas = Vec::new();
        let (mut window, mut inflater) = (Window::default(), Inflater::new());
        let mut at = offset;
        let mut read_from = u64::MAX;
        let mut found = loop {
            if deltas.len() + depth > LONGEST_CHAIN {
                return Err(Fault::Endless);
            }
            if let Some(found) = self.kept(Key::Packed(pack.number, at)) {
                break found;
            }
            if at < read_from {
                read_from = at.saturating_sub(BEHIND);
                window.get(data, read_from..at.saturating_add(AHEAD))?;
            }
            let (content, bytes) =
                inflate_entry(data, at, self.format, u64::MAX, (&mut window, &mut inflater))?;
            match content {
                Content::Full(kind) => {
                    let found = (kind, Arc::new(bytes));
                    self.keep(Key::Packed(pack.number, at), &found);
                    break found;
                }
                Content::OffsetDelta(distance) => {
                    deltas.push((at, bytes));
                    at = at.checked_sub(distance).ok_or(Fault::BaseOffset)?;
                }
                Content::IdDelta(id) => {
                    deltas.push((at, bytes));
                    match pack.find(&id, self.format)? {
                        Some(base) => at = base,
                        None => break self.base_elsewhere(&id, pack, depth + deltas.len())?,
                    }
                }
            }
        };
        while let Some((at, instructions)) = deltas.pop() {
            let delta = Delta::parse(&instructions)?;
            let mut made = vec![0; allowed(delta.size, u64::MAX)?];
            delta.apply(&found.1, &mut made, |_| {})?;
            found = (found.0, Arc::new(made));
            self.keep(Key::Packed(pack.number, at), &found);
        }
        Ok(found)
    }

    /// A base that is not in the pack of its delta.
    fn base_elsewhere(&self, id: &ObjectId, not: &LazyPack, depth: usize) -> Result<Found, Fault> {
        for pack in self.packs().iter().filter(|pack| pack.number != not.number) {
            if let Some(offset) = pack.find(id, self.format)? {
                return self.read_packed(pack, offset, depth);
            }
        }
        for folder in &self.folders {
            if let Some(Place::Loose(file)) = loose_at(folder, id)? {
                return self.read_loose(id, file);
            }
        }
        Err(Fault::BaseMissing(*id))
    }

    /// Kind and size of a packed object: its kind is that of the content below all its deltas, its
    /// size stands at the start of the first of them.
    fn packed_header(&self, pack: &LazyPack, offset: u64) -> Result<(ObjectKind, u64), Fault> {
        let mut window = Window::default();
        let mut size = None;
        let mut at = offset;
        for _ in 0..LONGEST_CHAIN {
            if let Some((kind, bytes)) = self.kept(Key::Packed(pack.number, at)) {
                return Ok((kind, size.unwrap_or(bytes.len() as u64)));
            }
            let data = pack.data(self.format)?;
            let head = window.get(data, at..at.saturating_add(LONGEST_HEADER as u64))?;
            let header = Header::parse(head, self.format)?;
            if size.is_none() && !matches!(header.content, Content::Full(_)) {
                let sizes = start_of_stream(data.stream(at + header.len as u64), LONGEST_SIZES)?;
                size = Some(Delta::sizes(&sizes)?.1);
            }
            match header.content {
                Content::Full(kind) => return Ok((kind, size.unwrap_or(header.size))),
                Content::OffsetDelta(distance) => at = at.checked_sub(distance).ok_or(Fault::BaseOffset)?,
                Content::IdDelta(id) => match pack.find(&id, self.format)? {
                    Some(base) => at = base,
                    None => {
                        let (kind, bytes) = self.base_elsewhere(&id, pack, 0)?;
                        return Ok((kind, size.unwrap_or(bytes.len() as u64)));
                    }
                },
            }
        }
        Err(Fault::Endless)
    }

    fn kept(&self, key: Key) -> Option<Found> {
        lock(&self.kept).held.get(&key).cloned()
    }

    fn keep(&self, key: Key, found: &Found) {
        if found.1.len() <= MAX_KEPT {
            lock(&self.kept).put(key, found);
        }
    }
}

/// Opens the file of a loose object, if there is one.
fn loose_at(folder: &Path, id: &ObjectId) -> Result<Option<Place>, Fault> {
    match File::open(loose::path(folder, id)) {
        Ok(file) => Ok(Some(Place::Loose(file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The packs in `folders` that are not among `known`, in a steady order.
fn list(folders: &[PathBuf], known: &[Arc<LazyPack>]) -> Vec<Arc<LazyPack>> {
    let mut packs = Vec::new();
    for folder in folders {
        // A folder that cannot be listed holds nothing that can be read; what is missed is said.
        let Ok(entries) = fs::read_dir(folder.join("pack")) else { continue };
        let names = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut names: Vec<PathBuf> =
            names.filter(|path| path.extension().is_some_and(|extension| extension == "idx")).collect();
        names.sort();
        for index in names {
            let path = index.with_extension("pack");
            if known.iter().all(|pack| pack.path != path) {
                packs.push(Arc::new(LazyPack {
                    number: known.len() + packs.len(),
                    path,
                    index: OnceLock::new(),
                    data: OnceLock::new(),
                }));
            }
        }
    }
    packs
}

impl LazyPack {
    fn find(&self, id: &ObjectId, format: IdFormat) -> Result<Option<u64>, Fault> {
        let index = self.index.get_or_init(|| {
            IndexFile::open(&self.path.with_extension("idx"), format).map_err(|error| error.to_string())
        });
        match index {
            Ok(index) => index.find(id),
            Err(error) => Err(Fault::Read(format!("the index of a pack cannot be used ({error})"))),
        }
    }

    fn data(&self, format: IdFormat) -> Result<&PackData, Fault> {
        let data =
            self.data.get_or_init(|| PackData::open(&self.path, format).map_err(|error| error.to_string()));
        data.as_ref().map_err(|error| Fault::Read(format!("its pack cannot be opened ({error})")))
    }
}

/// An index of which only the table of first bytes is in memory. Format: `gitformat-pack(5)`.
#[derive(Debug)]
struct IndexFile {
    file: File,
    id_len: usize,
    /// Version 2 has ids and offsets apart; version 1 each id behind its offset.
    second: bool,
    /// For each first byte of an id, the number of ids that do not come after it.
    fanout: Vec<u32>,
}

/// `\377tOc` and the version.
const MAGIC: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];
/// Bytes of the table of first bytes.
const FANOUT_BYTES: usize = 256 * 4;

impl IndexFile {
    fn open(path: &Path, format: IdFormat) -> Result<Self, Fault> {
        let file = File::open(path)?;
        let mut head = [0; MAGIC.len() + FANOUT_BYTES];
        read_exact_at(&file, &mut head, 0)?;
        let second = head.starts_with(&MAGIC[..4]);
        if second && !head.starts_with(&MAGIC) {
            return Err(Fault::Header);
        }
        let table = if second { &head[MAGIC.len()..] } else { &head[..FANOUT_BYTES] };
        let fanout: Vec<u32> = table.chunks_exact(4).map(be32).collect();
        if !fanout.is_sorted() {
            return Err(Fault::Header);
        }
        Ok(Self { file, id_len: format.id_len(), second, fanout })
    }

    /// Where the entry of `id` begins in the pack.
    fn find(&self, id: &ObjectId) -> Result<Option<u64>, Fault> {
        let id = id.as_bytes();
        let first = usize::from(id[0]);
        let mut high = self.fanout[first] as usize;
        let mut low = if first == 0 { 0 } else { self.fanout[first - 1] as usize };
        let (start, step) = if self.second {
            (MAGIC.len() + FANOUT_BYTES, self.id_len)
        } else {
            (FANOUT_BYTES, self.id_len + 4)
        };
        // Of the four bytes behind the first: how far down the list they lie.
        let share = be32(&id[1..5]) as usize;
        let mut expected = low + (((high - low) as u64 * share as u64) >> 32) as usize;
        let mut rows = Vec::new();
        while low < high {
            let from = expected.saturating_sub(IDS_AT_ONCE / 2).clamp(low, high - 1);
            let to = (from + IDS_AT_ONCE).min(high);
            rows.resize((to - from) * step, 0);
            read_exact_at(&self.file, &mut rows, (start + from * step) as u64)?;
            let id_of = |row: &[u8]| -> std::cmp::Ordering { row[step - self.id_len..].cmp(id) };
            let place = rows.chunks_exact(step).position(|row| id_of(row).is_ge());
            match place {
                Some(0) if from > low && id_of(&rows[..step]).is_gt() => high = from,
                Some(place) if id_of(&rows[place * step..][..step]).is_eq() => {
                    return self.offset(from + place, &rows[place * step..][..step]).map(Some);
                }
                Some(_) => return Ok(None),
                None => low = to,
            }
            // The guess was bad: by halves from here.
            expected = low.midpoint(high);
        }
        Ok(None)
    }

    fn offset(&self, place: usize, row: &[u8]) -> Result<u64, Fault> {
        const FAR: u32 = 1 << 31;
        if !self.second {
            return Ok(u64::from(be32(row)));
        }
        let count = self.fanout[255] as usize;
        let near_start = MAGIC.len() + FANOUT_BYTES + count * (self.id_len + 4);
        let mut near = [0; 4];
        read_exact_at(&self.file, &mut near, (near_start + place * 4) as u64)?;
        let near = be32(&near);
        if near & FAR == 0 {
            return Ok(u64::from(near));
        }
        let mut far = [0; 8];
        let far_start = near_start + count * 4;
        read_exact_at(&self.file, &mut far, (far_start + (near & !FAR) as usize * 8) as u64)?;
        Ok(u64::from_be_bytes(far))
    }
}

fn be32(bytes: &[u8]) -> u32 {
    bytes[..4].iter().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

#[cfg(test)]
mod tests;
