//! An index for a pack that has none: entries are found by inflating one after the other, ids by
//! hashing what they decode to.

use std::{
    io::Read as _,
    path::Path,
    sync::{Mutex, atomic::AtomicUsize},
};

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::{
    IdFormat, Kinds, Limits, Object, ObjectKind, ObjectSink,
    alternates::problem,
    data::{PACK_HEADER, PackData, Window},
    descent::Descent,
    entry::{Header, LONGEST_HEADER},
    index::Index,
    kin::Kin,
    layout::Layout,
    pieces::{Pieces, Spare},
    walk::descend,
};
use crate::{origin::ObjectId, source::Problem};

/// What is read ahead while entries are looked for.
const READ_AHEAD: usize = 64 << 10;

/// Reads a pack through and returns its index; `None` if it cannot be read at all. Objects behind
/// the first damage cannot be found, which is a problem.
pub(super) fn index(path: &Path, format: IdFormat, problems: &mut Vec<Problem>) -> Option<Index> {
    let data = match PackData::open(path, format) {
        Ok(data) => data,
        Err(error) => {
            problems.push(problem(path, format!("cannot be read: {error}")));
            return None;
        }
    };
    let offsets = offsets(&data, format, path, problems);
    let mut known: Vec<(ObjectId, u64)> = Vec::new();
    // Deltas by id need the id of their base first; each round knows those of the one before.
    loop {
        let before = known.len();
        known.sort_unstable_by_key(|entry| entry.1);
        let is_known = |offset: u64| known.binary_search_by_key(&offset, |entry| entry.1).is_ok();
        let unknown = offsets.iter().filter(|&&offset| !is_known(offset));
        let mut entries = known.clone();
        entries.extend(unknown.map(|&offset| (stand_in(offset, format), offset)));
        let round = Index::from_entries(entries, format);
        let found = hash_all(&data, &round, format);
        let fresh = found.into_iter().filter(|(_, offset)| !is_known(*offset)).collect::<Vec<_>>();
        known.extend(fresh);
        if known.len() == before || known.len() == offsets.len() {
            break;
        }
    }
    let lost = offsets.len() - known.len();
    if lost > 0 {
        problems.push(problem(path, format!("{lost} of its objects cannot be read")));
    }
    Some(Index::from_entries(known, format))
}

/// Where entries begin.
fn offsets(data: &PackData, format: IdFormat, path: &Path, problems: &mut Vec<Problem>) -> Vec<u64> {
    let mut offsets = Vec::new();
    let mut window = Window::default();
    let mut at = PACK_HEADER;
    while at < data.end() {
        let head = window.get(data, at..at.saturating_add(LONGEST_HEADER as u64));
        let next = head
            .and_then(|bytes| Header::parse(bytes, format))
            .map_err(|fault| fault.to_string())
            .and_then(|header| skip(data, at + header.len as u64, header.size));
        match next {
            Ok(next) => {
                offsets.push(at);
                at = next;
            }
            Err(error) => {
                let message = format!("damaged at offset {at} ({error}); what follows cannot be found");
                problems.push(problem(path, message));
                break;
            }
        }
    }
    offsets
}

/// The offset after the compressed data of `size` bytes that begins at `start`.
fn skip(data: &PackData, start: u64, size: u64) -> Result<u64, String> {
    let input = std::io::BufReader::with_capacity(READ_AHEAD, data.stream(start));
    let mut stream = flate2::bufread::ZlibDecoder::new(input);
    let len = std::io::copy(&mut stream.by_ref().take(size.saturating_add(1)), &mut std::io::sink())
        .map_err(|error| error.to_string())?;
    if len == size { Ok(start + stream.total_in()) } else { Err("its size is wrong".to_owned()) }
}

/// An id that no object has, for an entry whose own is not known: its offset.
fn stand_in(offset: u64, format: IdFormat) -> ObjectId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&offset.to_be_bytes());
    ObjectId::from_bytes(&bytes[..format.id_len()]).unwrap_or(ObjectId::NULL)
}

/// Ids and offsets of all that can be decoded with what `index` knows.
fn hash_all(data: &PackData, index: &Index, format: IdFormat) -> Vec<(ObjectId, u64)> {
    let layout = Layout::new(data, index, format);
    let sink = Hasher { index, format };
    let tools = Mutex::new(Vec::new());
    let limits = Limits::default();
    let descent = Descent {
        name: Default::default(),
        data,
        pieces: Pieces::new(data, layout.offsets_of(Kinds::ALL, |_| true), limits.held, Spare::new()),
        index,
        layout: &layout,
        roots: layout.roots(Kinds::ALL),
        format,
        kinds: Kinds::ALL,
        limits,
        marks: None,
        elsewhere: None,
        sink: &sink,
        tools: &tools,
        kin: Mutex::new(Kin::new(0)),
        offered: AtomicUsize::new(0),
        lost: Mutex::new(0),
    };
    descend(&descent);
    let tools = tools.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    tools.into_iter().flat_map(|tools| tools.worker).collect()
}

/// The id of an object: the hash of its header and its content.
fn hash(kind: ObjectKind, content: &[u8], format: IdFormat) -> Option<ObjectId> {
    let header = format!("{kind} {}\0", content.len());
    match format {
        IdFormat::Sha1 => {
            ObjectId::from_bytes(&Sha1::new().chain_update(header).chain_update(content).finalize())
        }
        IdFormat::Sha256 => {
            ObjectId::from_bytes(&Sha256::new().chain_update(header).chain_update(content).finalize())
        }
    }
}

struct Hasher<'a> {
    index: &'a Index,
    format: IdFormat,
}

impl ObjectSink for Hasher<'_> {
    type State = ();
    type Worker = Vec<(ObjectId, u64)>;

    fn worker(&self) -> Self::Worker {
        Vec::new()
    }

    fn object(&self, found: &mut Self::Worker, object: &Object<'_>, _base: Option<&()>) {
        let offset = self.index.find(&object.id()).map(|place| self.index.offsets()[place]);
        let id = hash(object.kind, object.bytes, self.format);
        found.extend(id.zip(offset));
    }

    fn too_large(&self, _id: ObjectId, _kind: ObjectKind, _size: u64) {}

    fn problem(&self, _problem: Problem) {}
}
