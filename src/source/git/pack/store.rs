//! An object store: its folders, packs and loose objects; and reading one object by its id.

use std::{
    collections::{HashMap, VecDeque},
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use bstr::{BString, ByteSlice as _};

use super::{
    Fault, IdFormat, ObjectKind, alternates,
    data::{PackData, Window},
    delta::Delta,
    entry::{Content, Header, LONGEST_HEADER},
    index::Index,
    inflate::{Inflater, allowed, believable, fill_from_stream, most_compressed},
    layout::Layout,
    lock, loose,
    pieces::Spare,
    rebuild,
};
use crate::{
    origin::ObjectId,
    source::{Problem, SourceError},
};

/// Longest chain of deltas that is followed. git makes none over 4,095.
const LONGEST_CHAIN: usize = 10_000;

/// What the cache of bases may hold: neighbours in history are mostly a few deltas apart.
const CACHE_BYTES: usize = 32 << 20;

/// Where objects are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The `objects` folder of the repository; in a pre-receive hook, the quarantine.
    pub objects: PathBuf,
    /// Further folders, such as those of `GIT_ALTERNATE_OBJECT_DIRECTORIES`. What a folder lists
    /// in `info/alternates` need not be named.
    pub alternates: Vec<PathBuf>,
}

/// All packs and loose objects of a repository and of those it borrows from.
#[derive(Debug)]
pub struct ObjectStore {
    pub(super) format: IdFormat,
    /// The repository's own folder first.
    pub(super) folders: Vec<PathBuf>,
    /// The repository's own first, and of these the largest.
    pub(super) packs: Vec<Pack>,
    pub(super) problems: Vec<Problem>,
    cache: Mutex<Cache>,
}

/// A pack and its index.
#[derive(Debug)]
pub(super) struct Pack {
    pub(super) path: PathBuf,
    /// Which of the store's folders it is in.
    pub(super) folder: usize,
    pub(super) index: Index,
    size: u64,
    /// Opened for the first object that is read by its id.
    data: OnceLock<Option<PackData>>,
    /// Left by one walk for the next.
    laid: Mutex<Option<Arc<Laid>>>,
}

/// A pack that is open and laid out.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) data: PackData,
    pub(super) layout: Layout,
    /// Buffers that one walk leaves for the next.
    pub(super) spare: Mutex<Spare>,
}

impl Pack {
    /// The path, for problems.
    pub(super) fn name(&self) -> BString {
        BString::from(<[u8]>::from_path(&self.path).unwrap_or(b"pack"))
    }

    /// Opens the pack, and says so if it does not end the way its index says.
    pub(super) fn open(&self, format: IdFormat) -> Result<(PackData, bool), io::Error> {
        let mut data = PackData::open(&self.path, format)?;
        let whole = self.index.pack_checksum.is_empty() || data.ends_with(&self.index.pack_checksum);
        Ok((data, whole))
    }

    /// The pack laid out; `problem` is told what is wrong with it.
    pub(super) fn laid(&self, format: IdFormat, problem: &impl Fn(String)) -> Result<Arc<Laid>, io::Error> {
        if let Some(laid) = &*lock(&self.laid) {
            return Ok(Arc::clone(laid));
        }
        let (data, whole) = self.open(format)?;
        if !whole {
            let message = "does not end as its index says: cut short or changed; what can be \
                           read is read; `git fsck` tells more";
            problem(message.to_owned());
        }
        let layout = Layout::new(&data, &self.index, format);
        Ok(Arc::new(Laid { data, layout, spare: Mutex::default() }))
    }

    fn data(&self, format: IdFormat) -> Result<&PackData, Fault> {
        self.data
            .get_or_init(|| self.open(format).ok().map(|opened| opened.0))
            .as_ref()
            .ok_or_else(|| Fault::Read("the pack cannot be opened".to_owned()))
    }
}

/// A kind and a content.
pub(super) type Decoded = (ObjectKind, Vec<u8>);

/// The same, kept by the cache as well.
type Shared = (ObjectKind, Arc<Vec<u8>>);

impl ObjectStore {
    /// Lists the packs and reads their indexes. A pack whose index is missing or damaged is read
    /// through to make one. What cannot be used is a problem that the walk reports.
    ///
    /// # Errors
    ///
    /// If the folder of the repository itself cannot be read.
    pub fn open(places: &Places, format: IdFormat) -> Result<Self, SourceError> {
        if let Err(error) = fs::read_dir(&places.objects) {
            let subject = places.objects.display().to_string();
            return Err(SourceError::new(subject, format!("objects cannot be read: {error}")));
        }
        let mut problems = Vec::new();
        let mut own = vec![places.objects.clone()];
        own.extend_from_slice(&places.alternates);
        let folders = alternates::folders(&own, &mut problems);
        let mut packs = Vec::new();
        for (folder, path) in folders.iter().enumerate() {
            packs.extend(open_packs(path, folder, format, &mut problems));
        }
        // Of what several have, the repository's own one counts, so that a walk over it alone misses nothing.
        packs.sort_by_key(|pack: &Pack| (pack.folder != 0, std::cmp::Reverse(pack.size), pack.path.clone()));
        Ok(Self { format, folders, packs, problems, cache: Mutex::default() })
    }

    /// How the store names objects.
    #[must_use]
    pub const fn format(&self) -> IdFormat {
        self.format
    }

    /// Number of objects in all packs, counting those that several packs have several times.
    #[must_use]
    pub fn packed_objects(&self) -> u64 {
        self.packs.iter().map(|pack| pack.index.len() as u64).sum()
    }

    /// The same, of the repository's own packs alone.
    #[must_use]
    pub fn own_objects(&self) -> u64 {
        self.packs.iter().filter(|pack| pack.folder == 0).map(|pack| pack.index.len() as u64).sum()
    }

    /// What could not be used, known since the store was opened.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Ids of all objects in those of the store's folders that are among `folders`.
    pub(in crate::source::git) fn ids_in(
        &self,
        folders: &std::collections::BTreeSet<PathBuf>,
    ) -> Vec<ObjectId> {
        let real = |folder: &PathBuf| dunce::canonicalize(folder).ok();
        let among: Vec<bool> = self
            .folders
            .iter()
            .map(|folder| real(folder).is_some_and(|real| folders.contains(&real)))
            .collect();
        let chosen = |place: usize| among[place];
        let packs = self.packs.iter().filter(|pack| chosen(pack.folder));
        let mut ids: Vec<ObjectId> =
            packs.flat_map(|pack| (0..pack.index.len()).map(|place| pack.index.id(place))).collect();
        for place in (0..self.folders.len()).filter(|&place| chosen(place)) {
            ids.extend(loose::list(&self.folders[place], self.format).unwrap_or_default());
        }
        ids
    }

    /// True if the object is there, which does not say that it can be read.
    #[must_use]
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.packs.iter().any(|pack| pack.index.find(id).is_some())
            || self.folders.iter().any(|folder| loose::path(folder, id).exists())
    }

    /// Reads one object; `None` if the store does not have it. For a few objects: a walk reads
    /// many much faster.
    ///
    /// # Errors
    ///
    /// If the object is there, but no copy of it can be read, or it is larger than `limit` bytes.
    pub fn read(&self, id: &ObjectId, limit: u64) -> Result<Option<(ObjectKind, Vec<u8>)>, Problem> {
        self.read_except(id, None, limit).map_err(|fault| Problem {
            subject: BString::from(id.to_string()),
            message: format!("object cannot be read: {fault}"),
        })
    }

    /// Leaves a pack for the next walk.
    pub(super) fn keep(&self, place: usize, laid: &Arc<Laid>) {
        *lock(&self.packs[place].laid) = Some(Arc::clone(laid));
    }

    /// Leaves nothing of a pack.
    pub(super) fn forget(&self, place: usize) {
        *lock(&self.packs[place].laid) = None;
    }

    /// Reads an object from anywhere but the pack `except`.
    pub(super) fn read_except(
        &self,
        id: &ObjectId,
        except: Option<usize>,
        limit: u64,
    ) -> Result<Option<Decoded>, Fault> {
        let mut fault = None;
        for (place, pack) in self.packs.iter().enumerate() {
            if Some(place) == except {
                continue;
            }
            if let Some(at) = pack.index.find(id) {
                match self.read_packed((place, pack.index.offsets()[at]), limit) {
                    Ok(decoded) => return Ok(Some(decoded)),
                    Err(error) => fault = fault.or(Some(error)),
                }
            }
        }
        for folder in &self.folders {
            match loose::read(folder, id, limit) {
                Ok(Some(decoded)) => return Ok(Some(decoded)),
                Ok(None) => {}
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        fault.map_or(Ok(None), Err)
    }

    /// Reads the entry at an offset of a pack.
    fn read_packed(&self, place: (usize, u64), limit: u64) -> Result<Decoded, Fault> {
        let mut deltas = Vec::new();
        let mut window = Window::default();
        let mut inflater = Inflater::new();
        let mut at = place;
        let (kind, mut bytes) = loop {
            if deltas.len() > LONGEST_CHAIN {
                return Err(Fault::Endless);
            }
            if let Some((kind, bytes)) = lock(&self.cache).get(at) {
                break (kind, bytes);
            }
            let pack = &self.packs[at.0];
            let (content, bytes) = inflate_entry(
                pack.data(self.format)?,
                at.1,
                self.format,
                limit,
                (&mut window, &mut inflater),
            )?;
            let base = match content {
                Content::Full(kind) => break (kind, Arc::new(bytes)),
                Content::OffsetDelta(distance) => {
                    (at.0, at.1.checked_sub(distance).ok_or(Fault::BaseOffset)?)
                }
                Content::IdDelta(id) => match self.locate(&id, at.0) {
                    Some(base) => base,
                    None => {
                        deltas.push((at, bytes));
                        let base = self.read_loose(&id, limit)?;
                        break base.ok_or(Fault::BaseMissing(id))?;
                    }
                },
            };
            window.clear();
            deltas.push((at, bytes));
            at = base;
        };
        while let Some((next, instructions)) = deltas.pop() {
            lock(&self.cache).put(at, kind, &bytes);
            let delta = Delta::parse(&instructions)?;
            let mut made = vec![0; allowed(delta.size, limit)?];
            delta.apply(&bytes, &mut made, |_| {})?;
            bytes = Arc::new(made);
            at = next;
        }
        Ok((kind, Arc::unwrap_or_clone(bytes)))
    }

    /// Where an object is packed; in `first`, if it is there.
    fn locate(&self, id: &ObjectId, first: usize) -> Option<(usize, u64)> {
        let others = (0..self.packs.len()).filter(|&place| place != first);
        std::iter::once(first).chain(others).find_map(|place| {
            let index = &self.packs[place].index;
            index.find(id).map(|at| (place, index.offsets()[at]))
        })
    }

    fn read_loose(&self, id: &ObjectId, limit: u64) -> Result<Option<Shared>, Fault> {
        for folder in &self.folders {
            if let Some((kind, bytes)) = loose::read(folder, id, limit)? {
                return Ok(Some((kind, Arc::new(bytes))));
            }
        }
        Ok(None)
    }
}

/// Inflates one entry whose end is not known.
pub(super) fn inflate_entry(
    data: &PackData,
    offset: u64,
    format: IdFormat,
    limit: u64,
    tools: (&mut Window, &mut Inflater),
) -> Result<(Content, Vec<u8>), Fault> {
    let (window, inflater) = tools;
    let head = window.get(data, offset..offset.saturating_add(LONGEST_HEADER as u64))?;
    let header = Header::parse(head, format)?;
    let start = offset + header.len as u64;
    let len = believable(header.size, data.end().saturating_sub(start), limit)?;
    // One that takes more all the same is read as a stream.
    let most = most_compressed(header.size);
    let mut bytes = vec![0; len];
    match inflater.fill(window.get(data, start..start.saturating_add(most))?, &mut bytes) {
        Ok(()) => Ok((header.content, bytes)),
        Err(_) => Ok((header.content, fill_from_stream(data.stream(start), len)?)),
    }
}

/// The packs of a folder.
fn open_packs(folder: &Path, place: usize, format: IdFormat, problems: &mut Vec<Problem>) -> Vec<Pack> {
    let folder = folder.join("pack");
    let mut names: Vec<PathBuf> = match fs::read_dir(&folder) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            problems.push(alternates::problem(&folder, format!("cannot be read: {error}")));
            Vec::new()
        }
    };
    names.sort();
    let has = |path: &Path, wanted: &str| path.extension() == Some(OsStr::new(wanted));
    for index in names.iter().filter(|path| has(path, "idx")) {
        if names.binary_search(&index.with_extension("pack")).is_err() {
            problems.push(alternates::problem(index, "its pack is missing".to_owned()));
        }
    }
    // Those that begin otherwise are being written by someone else just now.
    let packs = names.iter().filter(|path| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        has(path, "pack") && name.starts_with("pack-")
    });
    packs.filter_map(|path| open_pack(path, place, format, problems)).collect()
}

fn open_pack(path: &Path, folder: usize, format: IdFormat, problems: &mut Vec<Problem>) -> Option<Pack> {
    let beside = path.with_extension("idx");
    let index = fs::read(&beside)
        .map_err(|error| error.to_string())
        .and_then(|bytes| Index::parse(bytes, format).map_err(|error| error.to_string()));
    let index = match index {
        Ok(index) => index,
        Err(error) => {
            let rebuilt = rebuild::index(path, format, problems)?;
            let message = format!(
                "index cannot be used ({error}), so the pack was read through to make one; \
                 `git index-pack` makes it again"
            );
            problems.push(alternates::problem(&beside, message));
            rebuilt
        }
    };
    let size = fs::metadata(path).map_or(0, |meta| meta.len());
    Some(Pack { path: path.to_owned(), folder, index, size, data: OnceLock::new(), laid: Mutex::default() })
}

/// Bases decoded lately, by pack and offset; the oldest leave first.
#[derive(Debug, Default)]
struct Cache {
    held: HashMap<(usize, u64), Shared>,
    order: VecDeque<(usize, u64)>,
    bytes: usize,
}

impl Cache {
    fn get(&self, place: (usize, u64)) -> Option<Shared> {
        self.held.get(&place).cloned()
    }

    fn put(&mut self, place: (usize, u64), kind: ObjectKind, bytes: &Arc<Vec<u8>>) {
        // One object must not push out all the others.
        if bytes.len() > CACHE_BYTES / 8 || self.held.contains_key(&place) {
            return;
        }
        self.bytes += bytes.len();
        self.held.insert(place, (kind, Arc::clone(bytes)));
        self.order.push_back(place);
        while self.bytes > CACHE_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.held.remove(&oldest).map_or(0, |(_, bytes)| bytes.len());
        }
    }
}
