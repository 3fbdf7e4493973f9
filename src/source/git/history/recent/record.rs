//! What an audit leaves for the next one beside the ids of objects: its commits, and where what was found is in their
//! trees. Written and read as plain lists of numbers, since it is read at each run.
//!
//! Must not know what was found: that is a text of whoever keeps it.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    ops::Range,
    path::Path,
    sync::Arc,
};

use bstr::BString;

use super::super::{
    super::{
        attribute::{
            course::{NONE, Parents},
            forest::Nodes,
        },
        pack::Inventory,
    },
    past::beside,
};
use crate::origin::ObjectId;

/// What the file begins with; the number is that of its form.
const MAGIC: &[u8] = b"abatis audit record 1\n";
/// Largest file that is read.
const LARGEST: u64 = 1 << 30;

/// Ids, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    /// What they are in, and where.
    file: Arc<Vec<u8>>,
    range: Range<usize>,
    len: usize,
}

impl Ids {
    pub(super) fn new(ids: impl Iterator<Item = ObjectId>, id_len: usize) -> Self {
        let mut bytes = Vec::new();
        ids.for_each(|id| bytes.extend_from_slice(id.as_bytes()));
        Self { range: 0..bytes.len(), file: Arc::new(bytes), len: id_len }
    }

    pub(super) fn sorted(ids: impl Iterator<Item = ObjectId>, id_len: usize) -> Self {
        let mut ids: Vec<ObjectId> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        Self::new(ids.into_iter(), id_len)
    }

    pub(super) const fn id_len(&self) -> usize {
        self.len
    }

    pub(super) fn len(&self) -> usize {
        self.range.len() / self.len.max(1)
    }

    fn bytes(&self) -> &[u8] {
        &self.file[self.range.clone()]
    }

    fn raw(&self, place: usize) -> &[u8] {
        self.bytes().get(place * self.len..(place + 1) * self.len).unwrap_or_default()
    }

    pub(super) fn get(&self, place: usize) -> ObjectId {
        ObjectId::from_bytes(self.raw(place)).unwrap_or(ObjectId::NULL)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = ObjectId> {
        (0..self.len()).map(|place| self.get(place))
    }

    /// The place of an id among sorted ones.
    pub(super) fn find(&self, id: &ObjectId) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.raw(middle).cmp(id.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// Whether an id is among sorted ones.
    pub(super) fn has(&self, id: &ObjectId) -> bool {
        self.find(id).is_some()
    }
}

/// Places of ids in a list. Ids look random, so that their first bits are their place in a table as they stand.
#[derive(Debug, Default)]
pub(super) struct Table {
    places: Vec<u32>,
    shift: u32,
}

impl Table {
    fn new(ids: &Ids) -> Self {
        // At most half full.
        let bits = (ids.len().max(8) * 2).next_power_of_two().trailing_zeros();
        let mut table = Self { places: vec![NONE; 1 << bits], shift: 64 - bits };
        for place in 0..ids.len() {
            let mut at = table.start(ids.raw(place));
            while table.places[at] != NONE {
                at = (at + 1) & (table.places.len() - 1);
            }
            table.places[at] = place as u32;
        }
        table
    }

    fn start(&self, id: &[u8]) -> usize {
        let first = id.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first));
        (first >> self.shift) as usize
    }

    fn find(&self, ids: &Ids, id: &ObjectId) -> Option<u32> {
        let mut at = self.start(id.as_bytes());
        loop {
            let place = *self.places.get(at).filter(|&&place| place != NONE)?;
            if ids.raw(place as usize) == id.as_bytes() {
                return Some(place);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }
}

/// What is kept. Commits are by position, parents first.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) inventory: Inventory,
    /// Objects that something names and that are not there, and those of them that were told.
    pub(super) lacking: Ids,
    pub(super) told_missing: Ids,
    pub(super) commits: Ids,
    /// Made when it is read.
    pub(super) by_id: Table,
    pub(super) times: Vec<i64>,
    pub(super) parents: Parents,
    /// Bits: whether references reach it, and whether one points at it.
    pub(super) standing: Vec<u8>,
    pub(super) roots: Vec<u32>,
    pub(super) authors: Vec<u32>,
    pub(super) people: Vec<BString>,
    /// Tags by id, what they point at, when and by whom they were made.
    pub(super) tags: Ids,
    pub(super) tag_targets: Ids,
    pub(super) tag_times: Vec<i64>,
    pub(super) taggers: Vec<u32>,
    /// What references point at that is no commit, and its node.
    pub(super) odd: Ids,
    pub(super) odd_nodes: Vec<u32>,
    /// Nodes; of a leaf the number of its class, with an object of each class.
    pub(super) nodes: Nodes,
    pub(super) names: Vec<BString>,
    pub(super) classes: Ids,
    /// Objects of which it matters whether a reference has them at its tip; each is a class of its own.
    pub(super) watched: Ids,
    /// Objects in which something is: the position of the first commit that has it, the name by which it came in, its
    /// class, and whether it has other names.
    pub(super) holders: Ids,
    pub(super) holder_since: Vec<u32>,
    pub(super) holder_names: Vec<u32>,
    pub(super) holder_classes: Vec<u32>,
    /// Objects with several names.
    pub(super) several: Ids,
    /// Blobs and trees at the tip of references.
    pub(super) tips: Ids,
    /// Number of blobs and messages.
    pub(super) contents: u64,
    /// The tree that HEAD had.
    pub(super) head: Option<ObjectId>,
    /// What was found, as whoever keeps it wrote it.
    pub(super) document: Vec<u8>,
}

/// Bits of [`Record::standing`].
pub(super) const REACHED: u8 = 1;
/// Whether a reference points at it.
pub(super) const AT_TIP: u8 = 2;

impl Record {
    /// The position of a commit.
    pub(super) fn position(&self, id: &ObjectId) -> Option<u32> {
        self.by_id.find(&self.commits, id)
    }

    /// Whether all numbers lead somewhere.
    fn is_sound(&self) -> bool {
        let commits = self.commits.len();
        let all = |list: &[u32], end: usize| list.iter().all(|&one| (one as usize) < end || one == NONE);
        let lists = [self.times.len(), self.standing.len(), self.roots.len(), self.authors.len()];
        let nodes = self.nodes.len();
        lists.iter().all(|&len| len == commits)
            && self.parents.is_sound(commits)
            && all(&self.roots, nodes)
            && all(&self.authors, self.people.len())
            && self.tags.len() == self.tag_targets.len()
            && self.tags.len() == self.tag_times.len()
            && self.tags.len() == self.taggers.len()
            && all(&self.taggers, self.people.len())
            && self.odd.len() == self.odd_nodes.len()
            && all(&self.odd_nodes, nodes)
            && self.nodes.is_sound(self.names.len(), self.classes.len())
            && self.holders.len() == self.holder_since.len()
            && self.holders.len() == self.holder_names.len()
            && self.holders.len() == self.holder_classes.len()
            && all(&self.holder_since, commits)
            && all(&self.holder_names, self.names.len())
            && all(&self.holder_classes, self.classes.len())
    }
}

/// Reads what was kept; `None` if there is nothing that fits.
pub(super) fn read(file: &Path, digest: &[u8; 32], id_len: usize) -> Option<Record> {
    if fs::metadata(file).ok()?.len() > LARGEST {
        return None;
    }
    let file = Arc::new(fs::read(file).ok()?);
    let (body, sum) = file.strip_prefix(MAGIC)?.split_last_chunk::<4>()?;
    let rest = body.strip_prefix(digest)?;
    let end = file.len() - sum.len();
    let read = || {
        let mut reader = Reader { file: &file, end, rest, id_len };
        let mut record = reader.record().filter(|_| reader.rest.is_empty())?;
        let (by_id, is_sound) = rayon::join(|| Table::new(&record.commits), || record.is_sound());
        record.by_id = by_id;
        is_sound.then_some(record)
    };
    let (fits, record) = rayon::join(|| crc32fast::hash(body) == u32::from_be_bytes(*sum), read);
    record.filter(|_| fits)
}

/// Keeps a record, in the place of an older one. Another process that does the same just now wins.
pub(super) fn write(file: &Path, digest: &[u8; 32], record: &Record) -> io::Result<()> {
    let lock = File::create(beside(file, "lock"))?;
    if lock.try_lock().is_err() {
        return Err(io::Error::other("another audit is writing it"));
    }
    let mut writer = Writer(digest.to_vec());
    writer.record(record);
    let sum = crc32fast::hash(&writer.0).to_be_bytes();
    let new = beside(file, "new");
    let mut target = File::create(&new)?;
    let written = [MAGIC, &writer.0, &sum].iter().try_for_each(|part| target.write_all(part));
    // What is not on the disk when the machine stops has a wrong checksum, and is made again.
    drop(target);
    written.and_then(|()| fs::rename(&new, file)).inspect_err(|_| drop(fs::remove_file(&new)))
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn words(&mut self, words: &[u32]) {
        self.number(words.len() as u64);
        words.iter().for_each(|word| self.0.extend_from_slice(&word.to_le_bytes()));
    }

    fn times(&mut self, times: &[i64]) {
        self.number(times.len() as u64);
        times.iter().for_each(|time| self.0.extend_from_slice(&time.to_le_bytes()));
    }

    fn texts(&mut self, texts: &[BString]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.bytes(text));
    }

    fn record(&mut self, record: &Record) {
        self.number(record.inventory.packs.len() as u64);
        for (name, size) in &record.inventory.packs {
            self.bytes(name);
            self.number(*size);
        }
        let id_len = record.commits.len;
        self.bytes(Ids::new(record.inventory.loose.iter().copied(), id_len).bytes());
        for ids in [
            &record.lacking,
            &record.told_missing,
            &record.commits,
            &record.tags,
            &record.tag_targets,
            &record.odd,
            &record.classes,
            &record.watched,
            &record.holders,
            &record.several,
            &record.tips,
        ] {
            self.bytes(ids.bytes());
        }
        let (parents, starts) = record.parents.lists();
        let (pairs, node_starts, leaves) = record.nodes.lists();
        for words in [
            parents,
            starts,
            &record.roots,
            &record.authors,
            &record.taggers,
            &record.odd_nodes,
            &record.holder_since,
            &record.holder_names,
            &record.holder_classes,
            node_starts,
        ] {
            self.words(words);
        }
        self.number(pairs.len() as u64);
        for (name, node) in pairs {
            self.0.extend_from_slice(&name.to_le_bytes());
            self.0.extend_from_slice(&node.to_le_bytes());
        }
        self.bytes(&leaves.iter().map(|&leaf| u8::from(leaf)).collect::<Vec<u8>>());
        self.times(&record.times);
        self.times(&record.tag_times);
        self.bytes(&record.standing);
        self.texts(&record.people);
        self.texts(&record.names);
        self.number(record.contents);
        self.bytes(record.head.as_ref().map_or(&[], |head| head.as_bytes()));
        self.bytes(&record.document);
    }
}

struct Reader<'r> {
    file: &'r Arc<Vec<u8>>,
    /// Where what is left ends in it.
    end: usize,
    rest: &'r [u8],
    id_len: usize,
}

impl<'r> Reader<'r> {
    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.rest.split_first_chunk::<8>()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*number))
    }

    /// So many things of `size` bytes each.
    fn things(&mut self, size: usize) -> Option<&'r [u8]> {
        let len = usize::try_from(self.number()?).ok()?.checked_mul(size)?;
        let (things, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(things)
    }

    fn bytes(&mut self) -> Option<&'r [u8]> {
        self.things(1)
    }

    fn ids(&mut self) -> Option<Ids> {
        let len = self.bytes()?.len();
        let end = self.end - self.rest.len();
        let range = end - len..end;
        (len % self.id_len == 0).then(|| Ids { file: Arc::clone(self.file), range, len: self.id_len })
    }

    fn words(&mut self) -> Option<Vec<u32>> {
        let words = self.things(4)?.as_chunks::<4>().0;
        Some(words.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }

    fn times(&mut self) -> Option<Vec<i64>> {
        let times = self.things(8)?.as_chunks::<8>().0;
        Some(times.iter().map(|time| i64::from_le_bytes(*time)).collect())
    }

    fn texts(&mut self) -> Option<Vec<BString>> {
        (0..self.number()?).map(|_| self.bytes().map(BString::from)).collect()
    }

    fn record(&mut self) -> Option<Record> {
        let mut record = Record::default();
        for _ in 0..self.number()? {
            let name = BString::from(self.bytes()?);
            record.inventory.packs.insert((name, self.number()?));
        }
        record.inventory.loose = self.ids()?.iter().collect();
        for ids in [
            &mut record.lacking,
            &mut record.told_missing,
            &mut record.commits,
            &mut record.tags,
            &mut record.tag_targets,
            &mut record.odd,
            &mut record.classes,
            &mut record.watched,
            &mut record.holders,
            &mut record.several,
            &mut record.tips,
        ] {
            *ids = self.ids()?;
        }
        record.parents = Parents::from_lists(self.words()?, self.words()?);
        for words in [
            &mut record.roots,
            &mut record.authors,
            &mut record.taggers,
            &mut record.odd_nodes,
            &mut record.holder_since,
            &mut record.holder_names,
            &mut record.holder_classes,
        ] {
            *words = self.words()?;
        }
        let node_starts = self.words()?;
        let pairs = self.things(8)?.as_chunks::<8>().0;
        let half = |pair: &[u8; 8], at: usize| {
            u32::from_le_bytes([pair[at], pair[at + 1], pair[at + 2], pair[at + 3]])
        };
        let pairs = pairs.iter().map(|pair| (half(pair, 0), half(pair, 4))).collect();
        let leaves = self.bytes()?.iter().map(|&leaf| leaf != 0).collect();
        record.nodes = Nodes::from_lists(pairs, node_starts, leaves)?;
        record.times = self.times()?;
        record.tag_times = self.times()?;
        record.standing = self.bytes()?.to_vec();
        record.people = self.texts()?;
        record.names = self.texts()?;
        record.contents = self.number()?;
        let head = self.bytes()?;
        record.head = if head.is_empty() { None } else { Some(ObjectId::from_bytes(head)?) };
        record.document = self.bytes()?.to_vec();
        Some(record)
    }
}
