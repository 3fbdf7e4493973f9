//! Object stores made by real git, whole and damaged, read by the walk and by id.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Mutex,
};

use abatis::{
    origin::ObjectId,
    source::{
        Problem,
        git::pack::{
            CONTEXT, IdFormat, Kinds, Limits, Object, ObjectKind, ObjectSink, ObjectStore, Places, Role,
            Scope, Tally, Walk,
        },
    },
    text::Span,
};
use bstr::ByteSlice as _;

use crate::support::Repo;

/// Largest object that tests read.
const LIMIT: u64 = 64 << 20;

type Objects = BTreeMap<ObjectId, (ObjectKind, Vec<u8>)>;

/// Keeps every object, and checks that copies and fresh ranges tell the truth.
#[derive(Default)]
struct Keeper {
    objects: Mutex<Objects>,
    bases: Mutex<BTreeSet<ObjectId>>,
    large: Mutex<Vec<ObjectId>>,
    problems: Mutex<Vec<Problem>>,
    deltas: Mutex<u64>,
}

impl ObjectSink for Keeper {
    type State = Vec<u8>;
    type Worker = ();

    fn worker(&self) {}

    fn object(&self, (): &mut (), object: &Object<'_>, base: Option<&Vec<u8>>) -> Vec<u8> {
        match base {
            Some(base) => {
                check_fresh(object, base);
                *self.deltas.lock().unwrap() += 1;
            }
            None => assert!(object.copies.is_empty()),
        }
        if object.role == Role::Base {
            self.bases.lock().unwrap().insert(object.id());
        } else {
            let kept = (object.kind, object.bytes.to_vec());
            let twice = self.objects.lock().unwrap().insert(object.id(), kept);
            assert!(twice.is_none(), "{} is shown twice", object.id());
        }
        object.bytes.to_vec()
    }

    fn too_large(&self, id: ObjectId, _: ObjectKind, _: u64) {
        self.large.lock().unwrap().push(id);
    }

    fn problem(&self, problem: Problem) {
        self.problems.lock().unwrap().push(problem);
    }
}

/// The object made again from its base and its fresh ranges is the object, and what is not fresh
/// has its context in one copied range.
fn check_fresh(object: &Object<'_>, base: &[u8]) {
    let len = object.bytes.len();
    let mut made = vec![None; len];
    for copy in object.copies {
        for offset in 0..copy.len {
            made[copy.at + offset] = Some(base[copy.from + offset]);
        }
    }
    let fresh = object.fresh.spans(len);
    for span in &fresh {
        let known = span.of(object.bytes).iter().copied().map(Some);
        made.splice(span.start..span.end, known);
    }
    let made: Vec<u8> = made.into_iter().map(|byte| byte.expect("a byte is neither")).collect();
    assert!(made == object.bytes, "{} differs when replayed", object.id());
    let mut start = 0;
    for end in fresh.iter().map(|span| span.start).chain([len]) {
        let within = |copy: &abatis::source::git::pack::Copied| {
            let ends_both = copy.at + copy.len == len && copy.from + copy.len == base.len();
            let begins_both = copy.at == 0 && copy.from == 0;
            let before = if begins_both { 0 } else { CONTEXT };
            let after = if ends_both { 0 } else { CONTEXT };
            copy.span().contains(Span::new(start.max(before) - before, end + after))
        };
        assert!(start >= end || object.copies.iter().any(within), "{} {start}..{end}", object.id());
        start = fresh.iter().find(|span| span.start == end).map_or(len, |span| span.end);
    }
}

fn open(repo: &Repo, format: IdFormat) -> ObjectStore {
    let objects = repo.path().join("objects");
    ObjectStore::open(&Places { objects, alternates: Vec::new() }, format).unwrap()
}

fn walk(store: &ObjectStore, walk: &Walk<'_>, threads: usize) -> (Keeper, Tally) {
    let keeper = Keeper::default();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (_, tally) = pool.install(|| store.walk(walk, &keeper));
    (keeper, tally)
}

/// What git has to say.
fn truth(repo: &Repo) -> Objects {
    let output = repo.git_bytes(&["cat-file", "--batch-all-objects", "--batch"]);
    let mut objects = Objects::new();
    let mut rest = output.as_slice();
    while let Some(end) = rest.find_byte(b'\n') {
        let words: Vec<&[u8]> = rest[..end].split_str(" ").collect();
        let size: usize = words[2].to_str().unwrap().parse().unwrap();
        let content = rest[end + 1..end + 1 + size].to_vec();
        let kind = ObjectKind::from_name(words[1]).unwrap();
        objects.insert(ObjectId::from_hex(words[0]).unwrap(), (kind, content));
        rest = &rest[end + size + 2..];
    }
    objects
}

#[track_caller]
fn assert_same(found: &Objects, expected: &Objects) {
    let missing: Vec<_> = expected.keys().filter(|id| !found.contains_key(id)).collect();
    let extra: Vec<_> = found.keys().filter(|id| !expected.contains_key(id)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing {missing:?}, extra {extra:?}");
    assert!(found == expected, "an object differs");
}

#[track_caller]
fn assert_reads_all(repo: &Repo, format: IdFormat) {
    let expected = truth(repo);
    let store = open(repo, format);
    let small = Limits { bases: 4096, held: 0, ..Limits::default() };
    for (limits, threads) in [(Limits::default(), 1), (Limits::default(), 4), (small, 3)] {
        let (keeper, tally) = walk(&store, &Walk { limits, ..Walk::default() }, threads);
        assert_eq!(keeper.problems.into_inner().unwrap(), []);
        assert_same(&keeper.objects.into_inner().unwrap(), &expected);
        assert_eq!(tally.lost, 0);
    }
    for (id, content) in &expected {
        assert_eq!(store.read(id, LIMIT).unwrap().as_ref(), Some(content), "{id}");
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }

    fn line(&mut self) -> Vec<u8> {
        let mut line: Vec<u8> = (0..self.roll(60)).map(|_| b'!' + self.roll(90) as u8).collect();
        line.push(b'\n');
        line
    }
}

/// Imports `commits` commits, each of which edits, moves, adds or drops lines of a few files.
fn import(repo: &Repo, seed: u64, commits: usize) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut files: Vec<Vec<Vec<u8>>> =
        (0..6).map(|_| (0..dice.roll(200)).map(|_| dice.line()).collect()).collect();
    let mut stream = Vec::new();
    for commit in 0..commits {
        writeln!(stream, "commit refs/heads/main").unwrap();
        writeln!(stream, "committer C <c@example.invalid> {} +0000", 1_700_000_000 + commit).unwrap();
        writeln!(stream, "data 10\nchange {commit:03}").unwrap();
        for (place, lines) in files.iter_mut().enumerate() {
            match dice.roll(6) {
                0 => {
                    let line = dice.line();
                    lines.insert(dice.roll(lines.len() + 1), line);
                }
                1 if !lines.is_empty() => drop(lines.remove(dice.roll(lines.len()))),
                2 => {
                    let middle = dice.roll(lines.len());
                    lines.rotate_left(middle);
                }
                3 if dice.roll(8) == 0 => lines.clear(),
                4 if lines.len() < 2000 && dice.roll(4) == 0 => lines.extend(lines.clone()),
                _ => {}
            }
            let content = lines.concat();
            writeln!(stream, "M 100644 inline folder/{}/file {place}\ndata {}", place % 3, content.len())
                .unwrap();
            stream.extend(content);
            stream.push(b'\n');
        }
    }
    writeln!(stream, "tag v{seed}\nfrom refs/heads/main\ntagger C <c@example.invalid> 1 +0000\ndata 4\ndone")
        .unwrap();
    repo.git_input(&["fast-import", "--quiet", "--force"], &stream);
}

/// A repository of one pack with deep chains.
fn packed(seed: u64, commits: usize) -> Repo {
    let repo = Repo::bare();
    import(&repo, seed, commits);
    repo.git(&["repack", "-q", "-adf", "--depth=250", "--window=20"]);
    repo
}

fn files(repo: &Repo, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repo.path().join("objects/pack")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
}

fn overwrite(path: &Path, content: &[u8]) {
    // git makes packs read-only.
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn random_histories_with_deep_chains() {
    let mut deltas = 0;
    for seed in 1..=6 {
        let repo = packed(seed, 60);
        assert_reads_all(&repo, IdFormat::Sha1);
        let (keeper, _) = walk(&open(&repo, IdFormat::Sha1), &Walk::default(), 2);
        deltas += keeper.deltas.into_inner().unwrap();
    }
    assert!(deltas > 300, "only {deltas} deltas");
}

#[test]
fn bases_named_by_id() {
    let repo = packed(11, 40);
    repo.config("repack.useDeltaBaseOffset", "false");
    repo.git(&["repack", "-q", "-adf", "--depth=50"]);
    assert_reads_all(&repo, IdFormat::Sha1);
}

#[test]
fn sha256_stores() {
    let repo = Repo::init(&["--bare", "--object-format=sha256"]);
    import(&repo, 12, 40);
    assert_reads_all(&repo, IdFormat::Sha256);
    repo.git(&["repack", "-q", "-adf"]);
    assert_reads_all(&repo, IdFormat::Sha256);
}

#[test]
fn loose_objects_several_packs_and_their_companions() {
    let repo = Repo::bare();
    repo.config("fastimport.unpackLimit", "100000");
    import(&repo, 13, 12);
    assert!(files(&repo, "pack").is_empty());
    assert_reads_all(&repo, IdFormat::Sha1);
    repo.git(&["repack", "-q", "-d"]);
    import(&repo, 14, 12);
    repo.git(&["repack", "-q"]);
    // Loose objects and two packs, which share some.
    assert_reads_all(&repo, IdFormat::Sha1);
    repo.git(&["pack-objects", "--all", "-q", "objects/pack/pack"]);
    repo.git(&["multi-pack-index", "write"]);
    fs::write(files(&repo, "pack")[0].with_extension("keep"), "").unwrap();
    assert!(files(&repo, "pack").len() > 2);
    assert_reads_all(&repo, IdFormat::Sha1);
    // What nothing refers to moves to a cruft pack.
    repo.git(&["update-ref", "-d", "refs/tags/v13"]);
    repo.git(&["repack", "-q", "--cruft", "-d"]);
    assert!(!files(&repo, "mtimes").is_empty());
    assert_reads_all(&repo, IdFormat::Sha1);
}

#[test]
fn empty_stores() {
    let repo = Repo::bare();
    assert_reads_all(&repo, IdFormat::Sha1);
    let places = Places { objects: repo.beside("nowhere"), alternates: Vec::new() };
    assert!(ObjectStore::open(&places, IdFormat::Sha1).is_err());
}

#[test]
fn alternates_are_followed() {
    let lender = packed(15, 20);
    let borrower = Repo::outside();
    borrower.git(&["init", "-q", "--bare", "."]);
    let folder = lender.path().join("objects");
    let info = borrower.path().join("objects/info/alternates");
    let own = borrower.git_input(&["hash-object", "-w", "--stdin"], b"own");
    for line in [format!("{}\n", folder.display()), format!("# why\n\"{}\"\n", folder.display())] {
        fs::write(&info, line).unwrap();
        assert_reads_all(&borrower, IdFormat::Sha1);
    }
    let scope = Walk { scope: Scope::Own, ..Walk::default() };
    let (keeper, _) = walk(&open(&borrower, IdFormat::Sha1), &scope, 1);
    let found: Vec<String> = keeper.objects.into_inner().unwrap().keys().map(ToString::to_string).collect();
    assert_eq!(found, [own]);
    // Relative, with a ring and a folder that is gone.
    let root = folder.ancestors().nth(3).unwrap();
    let relative = folder.strip_prefix(root).unwrap();
    let up = "../"
        .repeat(borrower.path().join("objects").strip_prefix(root).map_or(3, |p| p.components().count()));
    fs::write(&info, format!("{up}{}\n.\n../gone\n", relative.display())).unwrap();
    let (keeper, _) = walk(&open(&borrower, IdFormat::Sha1), &Walk::default(), 1);
    assert_eq!(keeper.objects.into_inner().unwrap().len(), truth(&lender).len() + 1);
    let problems = keeper.problems.into_inner().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].subject.ends_with(b"gone"), "{problems:?}");
}

#[test]
fn kinds_and_filters() {
    let repo = packed(16, 30);
    let expected = truth(&repo);
    let store = open(&repo, IdFormat::Sha1);
    let blobs = Walk { kinds: Kinds::NONE.with(ObjectKind::Blob), ..Walk::default() };
    let found = walk(&store, &blobs, 2).0.objects.into_inner().unwrap();
    let only: Objects =
        expected.clone().into_iter().filter(|(_, (kind, _))| *kind == ObjectKind::Blob).collect();
    assert_same(&found, &only);
    let some = |id: &ObjectId| id.as_bytes()[0] < 50;
    let filtered = Walk { wants: Some(&some), ..Walk::default() };
    let (keeper, tally) = walk(&store, &filtered, 2);
    let only: Objects = expected.clone().into_iter().filter(|(id, _)| some(id)).collect();
    assert_same(&keeper.objects.into_inner().unwrap(), &only);
    assert!(keeper.bases.into_inner().unwrap().iter().all(|id| !some(id)));
    assert!((tally.objects as usize) < expected.len());
}

#[test]
fn objects_over_the_limit_are_told() {
    let repo = Repo::bare();
    let id = repo.git_input(&["hash-object", "-w", "--stdin"], &vec![b'x'; 5000]);
    let limits = Limits { object: 4000, ..Limits::default() };
    let small = Walk { limits, ..Walk::default() };
    let (keeper, _) = walk(&open(&repo, IdFormat::Sha1), &small, 1);
    assert_eq!(keeper.problems.into_inner().unwrap().len(), 1);
    let list = repo.git_input(&["pack-objects", "-q", "objects/pack/pack"], format!("{id}\n").as_bytes());
    assert!(!list.is_empty());
    let (keeper, tally) = walk(&open(&repo, IdFormat::Sha1), &small, 1);
    let large = keeper.large.into_inner().unwrap();
    assert_eq!((large, tally.lost), (vec![ObjectId::from_hex(id.as_bytes()).unwrap()], 0));
}

/// Offset, end and base of every object of the only pack.
fn entries(repo: &Repo) -> BTreeMap<ObjectId, (u64, u64, Option<ObjectId>)> {
    let index = &files(repo, "idx")[0];
    let listing = repo.git(&["verify-pack", "-v", index.to_str().unwrap()]);
    let mut found = BTreeMap::new();
    for line in listing.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(id) = ObjectId::from_hex(words[0].as_bytes()).filter(|_| words.len() >= 5) else { continue };
        let offset: u64 = words[4].parse().unwrap();
        let len: u64 = words[3].parse().unwrap();
        let base = words.get(6).and_then(|hex| ObjectId::from_hex(hex.as_bytes()));
        found.insert(id, (offset, offset + len, base));
    }
    found
}

#[test]
fn a_pack_cut_short_gives_what_is_before_the_cut() {
    let repo = packed(17, 30);
    let (expected, entries) = (truth(&repo), entries(&repo));
    assert_eq!(entries.len(), expected.len());
    let path = files(&repo, "pack").remove(0);
    let whole = fs::read(&path).unwrap();
    for cut in [0, 5, 12, 13, whole.len() / 3, whole.len() / 2, whole.len() - 30, whole.len() - 1] {
        overwrite(&path, &whole[..cut]);
        let (keeper, tally) = walk(&open(&repo, IdFormat::Sha1), &Walk::default(), 2);
        let found = keeper.objects.into_inner().unwrap();
        for (id, (_, end, _)) in &entries {
            assert_eq!(found.contains_key(id), *end <= cut as u64, "{id} with a cut at {cut}");
        }
        assert!(found.iter().all(|(id, content)| expected[id] == *content));
        assert_eq!(tally.lost as usize + found.len(), expected.len(), "cut at {cut}");
        let problems = keeper.problems.into_inner().unwrap();
        assert!(!problems.is_empty() && problems.len() < 30, "{problems:?}");
        assert!(problems[0].subject.ends_with(b".pack"), "{problems:?}");
    }
}

#[test]
fn a_flipped_byte_loses_only_what_it_touches() {
    let repo = packed(18, 12);
    let (expected, entries) = (truth(&repo), entries(&repo));
    let path = files(&repo, "pack").remove(0);
    let whole = fs::read(&path).unwrap();
    let mut dice = Dice(99);
    for round in 0..150 {
        let at = 12 + dice.roll(whole.len() - 12);
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << dice.roll(8);
        overwrite(&path, &damaged);
        let limits = Limits { held: [0, 1 << 20][round % 2], ..Limits::default() };
        let (keeper, tally) = walk(&open(&repo, IdFormat::Sha1), &Walk { limits, ..Walk::default() }, 2);
        let found = keeper.objects.into_inner().unwrap();
        assert!(found.iter().all(|(id, content)| expected[id] == *content), "wrong content, byte {at}");
        assert_eq!(tally.lost as usize + found.len(), expected.len(), "byte {at}");
        for lost in expected.keys().filter(|id| !found.contains_key(id)) {
            let mut chain = std::iter::successors(Some(*lost), |id| entries[id].2);
            let touched = chain.any(|id| (entries[&id].0..entries[&id].1).contains(&(at as u64)));
            assert!(touched, "{lost} is lost without need, byte {at}");
        }
        if round % 10 == 0 {
            let store = open(&repo, IdFormat::Sha1);
            let read = expected.keys().filter(|id| store.read(id, LIMIT).is_ok()).count();
            assert!(read >= found.len(), "{read} read by id, byte {at}");
        }
    }
}

#[test]
fn damaged_indexes_never_panic() {
    let repo = packed(19, 6);
    let expected = truth(&repo);
    let path = files(&repo, "idx").remove(0);
    let whole = fs::read(&path).unwrap();
    let mut dice = Dice(7);
    for _ in 0..60 {
        let mut damaged = whole.clone();
        if dice.roll(3) == 0 {
            damaged.truncate(dice.roll(whole.len()));
        } else {
            let at = dice.roll(whole.len());
            damaged[at] ^= 1 << dice.roll(8);
        }
        overwrite(&path, &damaged);
        let (keeper, _) = walk(&open(&repo, IdFormat::Sha1), &Walk::default(), 2);
        let found = keeper.objects.into_inner().unwrap();
        assert!(found.len() + 40 > expected.len() / 2, "{} of {}", found.len(), expected.len());
    }
}

#[test]
fn a_missing_index_is_made_again() {
    for by_id in [false, true] {
        let repo = packed(20, 20);
        if by_id {
            repo.config("repack.useDeltaBaseOffset", "false");
            repo.git(&["repack", "-q", "-adf"]);
        }
        let expected = truth(&repo);
        fs::remove_file(files(&repo, "idx").remove(0)).unwrap();
        let store = open(&repo, IdFormat::Sha1);
        let (keeper, _) = walk(&store, &Walk::default(), 2);
        assert_same(&keeper.objects.into_inner().unwrap(), &expected);
        assert_eq!(keeper.problems.into_inner().unwrap().len(), 1);
        let (id, content) = expected.iter().next_back().unwrap();
        assert_eq!(store.read(id, LIMIT).unwrap().as_ref(), Some(content));
    }
}

#[test]
fn what_one_copy_lost_another_gives() {
    let repo = packed(21, 20);
    let expected = truth(&repo);
    let path = files(&repo, "pack").remove(0);
    let whole = fs::read(&path).unwrap();
    // The same objects once more, without deltas.
    let prefix = repo.path().join("objects/pack/pack");
    let all = ["pack-objects", "--all", "-q", "--window=0", prefix.to_str().unwrap()];
    repo.git(&all);
    assert_eq!(files(&repo, "pack").len(), 2);
    overwrite(&path, &whole[..whole.len() / 2]);
    let (keeper, tally) = walk(&open(&repo, IdFormat::Sha1), &Walk::default(), 2);
    assert_same(&keeper.objects.into_inner().unwrap(), &expected);
    assert_eq!((tally.lost, keeper.problems.into_inner().unwrap().len()), (0, 1));
}

/// Writes a pack of hand-made entries with its index.
fn craft(repo: &Repo, entries: &[([u8; 20], Vec<u8>)]) {
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend((entries.len() as u32).to_be_bytes());
    let mut rows = Vec::new();
    for (id, bytes) in entries {
        rows.push((*id, pack.len() as u32, crc32fast::hash(bytes)));
        pack.extend(bytes);
    }
    pack.extend([0xcc; 20]);
    rows.sort_unstable();
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=255 {
        let count = rows.iter().filter(|row| row.0[0] <= first).count() as u32;
        index.extend(count.to_be_bytes());
    }
    rows.iter().for_each(|row| index.extend(row.0));
    rows.iter().for_each(|row| index.extend(row.2.to_be_bytes()));
    rows.iter().for_each(|row| index.extend(row.1.to_be_bytes()));
    index.extend([0xcc; 20]);
    index.extend([0xdd; 20]);
    let folder = repo.path().join("objects/pack");
    fs::write(folder.join("pack-made.pack"), pack).unwrap();
    fs::write(folder.join("pack-made.idx"), index).unwrap();
}

/// An entry: kind and size, the id of a base if it is a delta, and compressed data.
fn entry(kind: u8, size: usize, base: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = size >> 4;
    let mut byte = kind << 4 | (size & 15) as u8;
    while rest > 0 {
        bytes.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    bytes.push(byte);
    bytes.extend(base);
    let mut encoder = flate2::write::ZlibEncoder::new(bytes, flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// "Copy the first three bytes, then insert one."
const DELTA: [u8; 6] = [5, 4, 0x90, 3, 1, b'!'];

#[test]
fn thin_spots_find_their_base_elsewhere() {
    let repo = Repo::bare();
    let base = repo.git_input(&["hash-object", "-w", "--stdin"], b"abcde");
    let base = ObjectId::from_hex(base.as_bytes()).unwrap();
    craft(&repo, &[([7; 20], entry(7, 6, base.as_bytes(), &DELTA))]);
    let store = open(&repo, IdFormat::Sha1);
    let (keeper, tally) = walk(&store, &Walk::default(), 2);
    let id = ObjectId::from_bytes(&[7; 20]).unwrap();
    let found = keeper.objects.into_inner().unwrap();
    assert_eq!((found.len(), &found[&id], tally.lost), (2, &(ObjectKind::Blob, b"abc!".to_vec()), 0));
    assert_eq!(store.read(&id, LIMIT).unwrap(), Some((ObjectKind::Blob, b"abc!".to_vec())));
    craft(&repo, &[([7; 20], entry(7, 6, &[9; 20], &DELTA))]);
    let (keeper, tally) = walk(&open(&repo, IdFormat::Sha1), &Walk::default(), 2);
    assert_eq!((keeper.objects.into_inner().unwrap().len(), tally.lost), (1, 1));
}

#[test]
fn hostile_packs() {
    let blob = entry(3, 5, &[], b"hello");
    let one = |kind, size, base: &[u8], data: &[u8]| ([1; 20], entry(kind, size, base, data));
    let mut huge_delta = vec![5, 0x80, 0x80, 0x80, 0x80, 0x01];
    huge_delta.extend(&DELTA[2..]);
    for (what, bad) in [
        ("size that lies", vec![one(3, 400 << 20, &[], b"x")]),
        ("size beyond all limits", vec![one(3, usize::MAX >> 8, &[], b"x")]),
        ("size too small", vec![one(3, 2, &[], b"hello")]),
        ("its own base", vec![one(7, 6, &[1; 20], &DELTA)]),
        ("ring", vec![one(7, 6, &[2; 20], &DELTA), ([2; 20], entry(7, 6, &[1; 20], &DELTA))]),
        ("offset before the pack", vec![one(6, 6, &[0xff, 0x7f], &DELTA)]),
        ("offset between entries", vec![one(6, 6, &[3], &DELTA)]),
        ("huge delta", vec![one(7, huge_delta.len(), &[8; 20], &huge_delta)]),
        ("copy beyond the base", vec![one(7, 6, &[8; 20], &[5, 9, 0x91, 1, 9, 0])]),
        ("wrong base", vec![one(7, 6, &[8; 20], &[6, 4, 0x90, 3, 1, b'!'])]),
        ("kind 5", vec![one(5, 1, &[], b"x")]),
        ("no data", vec![([1; 20], vec![0x35])]),
    ] {
        let repo = Repo::bare();
        let mut all = vec![([8; 20], blob.clone())];
        all.extend(bad);
        craft(&repo, &all);
        let store = open(&repo, IdFormat::Sha1);
        let (keeper, tally) = walk(&store, &Walk::default(), 2);
        let found = keeper.objects.into_inner().unwrap();
        let unread = tally.lost as usize + keeper.large.into_inner().unwrap().len();
        assert_eq!((found.len(), unread), (1, all.len() - 1), "{what}");
        for (id, _) in &all[1..] {
            assert!(store.read(&ObjectId::from_bytes(id).unwrap(), LIMIT).is_err(), "{what}");
        }
    }
}
