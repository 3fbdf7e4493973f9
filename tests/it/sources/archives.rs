//! Archives of every format, nested, harmful and broken.

use std::io::{Cursor, Read as _, Write as _};

use abatis::{
    origin::{Entry, Kind},
    select::Options,
    source::{
        Skip,
        archive::{self, Format, Limits, Opened},
    },
};
use flate2::{Compression, write::GzEncoder};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{Collector, Seen};

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(super) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    bzip2::read::BzEncoder::new(bytes, bzip2::Compression::best()).read_to_end(&mut packed).unwrap();
    packed
}

pub(super) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(super) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(members, SimpleFileOptions::default())
}

fn zip_with(members: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(super) fn open(bytes: &[u8], limits: &Limits) -> (Opened, Seen) {
    let collector = Collector::new();
    let opened = archive::expand(&Entry::file("dir/a.bin"), bytes, limits, &collector);
    (opened, collector.finish())
}

/// Opens an archive and expects these members, and nothing skipped.
#[track_caller]
fn check(bytes: &[u8], expected: &[(&str, &str)]) {
    let (_, seen) = open(bytes, &Limits::default());
    seen.assert_complete();
    let expected: Vec<_> =
        expected.iter().map(|(name, text)| (format!("dir/a.bin!{name}"), (*text).to_owned())).collect();
    assert_eq!(seen.texts(), expected);
}

const TWO: [(&str, &[u8]); 2] = [("b/c.txt", b"second"), ("a.txt", b"first")];
const BOTH: [(&str, &str); 2] = [("a.txt", "first"), ("b/c.txt", "second")];

#[test]
fn every_format_is_detected_and_opened() {
    let tarred = tar(&TWO);
    for (bytes, format) in [
        (zip(&TWO), Format::Zip),
        (tarred.clone(), Format::Tar),
        (gzip(&tarred), Format::Gzip),
        (xz(&tarred), Format::Xz),
        (zstd(&tarred), Format::Zstd),
        (bzip2(&tarred), Format::Bzip2),
    ] {
        assert_eq!(archive::detect(&bytes), Some(format));
        check(&bytes, &BOTH);
    }
    for text in [&b""[..], b"PK", b"plain text", &[b'x'; 600], &[0; 1024], b"BZh is no magic"] {
        assert_eq!(archive::detect(text), None);
    }
}

#[test]
fn zip_methods_and_layouts() {
    let options = SimpleFileOptions::default();
    check(&zip_with(&TWO, options.compression_method(zip::CompressionMethod::Stored)), &BOTH);
    check(&zip_with(&TWO, options.large_file(true)), &BOTH);
    // Bytes in front, as in an executable that unpacks itself, are not counted by the places.
    let mut shifted = b"PK\x03\x04 not a header".to_vec();
    shifted.extend(zip(&TWO));
    check(&shifted, &BOTH);
    check(&zip(&[]), &[]);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("folder/", options).unwrap();
    writer.add_symlink("link", "target", options).unwrap();
    writer.start_file("run", options.unix_permissions(0o755)).unwrap();
    let (_, seen) = open(&writer.finish().unwrap().into_inner(), &Limits::default());
    assert_eq!(seen.paths(), ["dir/a.bin!link", "dir/a.bin!run"]);
    assert_eq!((seen.parts[0].entry.origin.kind, &seen.parts[0].text[..]), (Kind::Symlink, &b"target"[..]));
    assert!(seen.parts[1].entry.executable);
}

#[test]
fn tar_members_of_every_kind() {
    let mut builder = tar::Builder::new(Vec::new());
    let long = format!("{}/end.txt", "long".repeat(60));
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o755);
    builder.append_data(&mut header.clone(), &long, &b"x"[..]).unwrap();
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Symlink);
    builder.append_link(&mut header.clone(), "link", "target").unwrap();
    header.set_entry_type(tar::EntryType::Fifo);
    builder.append_data(&mut header.clone(), "fifo", std::io::empty()).unwrap();
    header.set_entry_type(tar::EntryType::Directory);
    builder.append_data(&mut header, "folder/", std::io::empty()).unwrap();
    let pax = "p".repeat(300);
    builder.append_pax_extensions([("path", pax.as_bytes()), ("mtime", b"1.5")]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(2);
    builder.append_data(&mut header, "short", &b"yz"[..]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(3);
    // Long enough for the prefix field.
    let split = format!("{}/name", "d".repeat(120));
    builder.append_data(&mut header, &split, &b"abc"[..]).unwrap();
    let (_, seen) = open(&builder.into_inner().unwrap(), &Limits::default());
    let texts = [(split.as_str(), "abc"), ("link", "target"), (long.as_str(), "x"), (pax.as_str(), "yz")];
    assert_eq!(seen.texts(), texts.map(|(name, text)| (format!("dir/a.bin!{name}"), text.to_owned())));
    assert_eq!(seen.parts[1].entry.origin.kind, Kind::Symlink);
    assert!(seen.parts[2].entry.executable && !seen.parts[0].entry.executable);
    assert_eq!(seen.skipped(), [("dir/a.bin!fifo".to_owned(), Skip::Special)]);
}

#[test]
fn compressed_files_are_named_without_the_ending() {
    for (path, name) in [("x/a.json.gz", "a.json"), ("a.XZ", "a"), (".gz", ".gz"), ("noext", "noext")] {
        let collector = Collector::new();
        let opened = archive::expand(&Entry::file(path), &gzip(b"text"), &Limits::default(), &collector);
        assert_eq!(opened, Opened::Members);
        assert_eq!(collector.finish().paths(), [format!("{path}!{name}")]);
    }
    // Frames and members that follow each other are one content.
    let twice = |packed: Vec<u8>| [packed.clone(), packed].concat();
    for packed in [twice(gzip(b"ab")), twice(xz(b"ab")), twice(zstd(b"ab")), twice(bzip2(b"ab"))] {
        check(&packed, &[("a.bin", "abab")]);
    }
}

#[test]
fn archives_inside_of_archives() {
    let inner = zip(&[("deep.txt", b"deep")]);
    let middle = gzip(&tar(&[("inner.jar", &inner), ("side.txt.xz", &xz(b"side"))]));
    let outer = zip(&[("middle.tgz", &middle), ("top.txt", b"top")]);
    check(
        &outer,
        &[
            ("middle.tgz!inner.jar!deep.txt", "deep"),
            ("middle.tgz!side.txt.xz!side.txt", "side"),
            ("top.txt", "top"),
        ],
    );
}

#[test]
fn depth_is_limited() {
    let mut packed = b"core".to_vec();
    for _ in 0..30 {
        packed = gzip(&packed);
    }
    for depth in [1, 3, u8::MAX] {
        let (opened, seen) = open(&packed, &Limits { depth, ..Limits::default() });
        assert_eq!((opened, seen.parts.len()), (Opened::Members, 0));
        let levels = usize::from(depth.min(8));
        assert_eq!(seen.skipped(), [(format!("dir/a.bin{}", "!a.bin".repeat(levels)), Skip::ArchiveLimit)]);
    }
}

#[test]
fn bombs_are_cut_and_recorded() {
    let zeros = vec![0; 40 << 20];
    let one = |why| vec![("dir/a.bin".to_owned(), why)];
    // By the ratio: some 40 KB may not become more than 16 MiB.
    for bomb in [gzip(&zeros), zip(&[("zeros", &zeros)]), xz(&zeros), bzip2(&zeros)] {
        let (_, seen) = open(&bomb, &Limits::default());
        assert_eq!(seen.skipped(), one(Skip::ArchiveLimit));
        let bytes: usize = seen.parts.iter().map(|part| part.text.len()).sum();
        assert!(bytes <= 17 << 20, "{bytes}");
    }
    let small = tar(&[("a", &[b'x'; 1000]), ("b", &[b'y'; 10]), ("c", b"")]);
    let limits = Limits { member_bytes: 100, ..Limits::default() };
    let (_, seen) = open(&small, &limits);
    assert_eq!(seen.skipped(), [("dir/a.bin!a".to_owned(), Skip::ArchiveLimit)]);
    assert_eq!(seen.parts.iter().map(|part| part.text.len()).collect::<Vec<_>>(), [100, 10, 0]);
    let (_, seen) = open(&small, &Limits { members: 2, ..Limits::default() });
    assert_eq!((seen.paths().len(), seen.skipped()), (2, one(Skip::ArchiveLimit)));
    let (_, seen) = open(&gzip(&small), &Limits { total_bytes: 600, ..Limits::default() });
    assert_eq!(seen.skipped(), one(Skip::ArchiveLimit));
    // Records of a zip that share the same bytes.
    let (_, seen) = open(&overlapping(40), &Limits { total_bytes: 15_000, ..Limits::default() });
    assert_eq!((seen.paths().len(), seen.skipped()), (15, one(Skip::ArchiveLimit)));
}

/// A zip with one stored member of 1,000 bytes that the directory names `count` times.
fn overlapping(count: usize) -> Vec<u8> {
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let bytes = zip_with(&[("a", &[b'x'; 1000])], stored);
    let central = bstr::ByteSlice::find(&bytes[..], b"PK\x01\x02").unwrap();
    let end = bstr::ByteSlice::find(&bytes[..], b"PK\x05\x06").unwrap();
    let mut made = bytes[..central].to_vec();
    made.extend(bytes[central..end].repeat(count));
    let length = u32::try_from((end - central) * count).unwrap();
    made.extend_from_slice(&bytes[end..end + 12]);
    made.extend_from_slice(&length.to_le_bytes());
    made.extend_from_slice(&bytes[end + 16..]);
    made
}

#[test]
fn claims_of_size_allocate_nothing() {
    let mut bytes = tar(&[("a", b"x")]);
    bytes[124..136].copy_from_slice(b"77777777777\0");
    let sum: u32 = bytes[..512].iter().map(|&byte| u32::from(byte)).sum::<u32>()
        - bytes[148..156].iter().map(|&byte| u32::from(byte)).sum::<u32>()
        + 8 * 32;
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let collector = Collector::with(&Options { max_size: u64::MAX, ..Options::default() }, None);
    archive::expand(&Entry::file("a.tar"), &bytes, &Limits::default(), &collector);
    let seen = collector.finish();
    assert!(seen.parts[0].text.starts_with(b"x"));
    assert_eq!(seen.skipped(), [("a.tar".to_owned(), Skip::Damaged)]);
}

#[test]
fn cut_and_corrupt_archives_give_what_can_be_read() {
    let text: String = (0..20_000).map(|number| format!("{number} ")).collect();
    let members = [("a.txt", &b"first"[..]), ("b.txt", text.as_bytes())];
    let damaged = vec![("dir/a.bin".to_owned(), Skip::Damaged)];
    let whole = tar(&members);
    for packed in [whole.clone(), gzip(&whole), zip(&members)] {
        let (opened, seen) = open(&packed[..packed.len() * 2 / 3], &Limits::default());
        assert_eq!(opened, Opened::Members);
        assert_eq!(seen.paths(), ["dir/a.bin!a.txt", "dir/a.bin!b.txt"]);
        assert_eq!(seen.parts[0].text, b"first");
        assert!(text.as_bytes().starts_with(&seen.parts[1].text) && !seen.parts[1].text.is_empty());
        assert!(seen.skipped().contains(&damaged[0]), "{:?}", seen.skipped());
    }
    // A bad header in the middle: the members behind it are found again.
    let mut bytes = tar(&[("a", b"1"), ("b", b"2"), ("c", b"3")]);
    bytes[1024..1100].fill(b'?');
    let (_, seen) = open(&bytes, &Limits::default());
    assert_eq!((seen.paths(), seen.skipped()), (vec!["dir/a.bin!a".into(), "dir/a.bin!c".into()], damaged));
    // Nothing but a magic.
    for magic in [&b"PK\x03\x04"[..], b"\x1f\x8b\x08 text", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh91AY&SY"]
    {
        let (opened, seen) = open(magic, &Limits::default());
        assert_eq!((opened, seen.parts.len()), (Opened::Nothing, 0), "{magic:?}");
        assert_eq!(seen.skipped().len(), 1, "{magic:?}");
    }
}

#[test]
fn encrypted_and_unknown_members_have_their_reason() {
    let mut bytes = zip(&[("locked", b"x"), ("odd", b"y"), ("open", b"z")]);
    let mut records = Vec::new();
    let mut from = 0;
    while let Some(place) = bstr::ByteSlice::find(&bytes[from..], b"PK\x01\x02") {
        records.push(from + place);
        from += place + 4;
    }
    bytes[records[0] + 8] |= 1;
    bytes[records[1] + 10] = 97;
    let (_, seen) = open(&bytes, &Limits::default());
    assert_eq!(seen.only().text, b"z");
    let expected =
        [("dir/a.bin!locked".to_owned(), Skip::Encrypted), ("dir/a.bin!odd".to_owned(), Skip::Damaged)];
    assert_eq!(seen.skipped(), expected);
}

#[test]
fn names_are_only_names() {
    let names = ["../../etc/passwd", "/absolute", "c:\\x", "new\nline", "\u{1b}[31m"];
    let members: Vec<_> = names.iter().map(|name| (*name, &b"x"[..])).collect();
    let (_, seen) = open(&zip(&members), &Limits::default());
    let mut expected: Vec<_> = names.iter().map(|name| format!("dir/a.bin!{name}")).collect();
    expected.sort();
    assert_eq!(seen.paths(), expected);
}

#[test]
fn members_are_selected_before_they_are_unpacked() {
    let bytes = zip(&[("logo.png", b"x"), ("big.txt", &[b'x'; 50]), ("ok.txt", b"ok")]);
    let collector = Collector::with(&Options { max_size: 20, ..Options::default() }, None);
    archive::expand(&Entry::file("a.zip"), &bytes, &Limits::default(), &collector);
    let seen = collector.finish();
    assert_eq!(seen.only().text, b"ok");
    let expected = [("a.zip!big.txt".to_owned(), Skip::TooLarge), ("a.zip!logo.png".to_owned(), Skip::Media)];
    assert_eq!(seen.skipped(), expected);
}
