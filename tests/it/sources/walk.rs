//! Walking folders, and reading long contents in parts.

use std::{fs, io::Read, path::PathBuf};

use abatis::{
    origin::Kind,
    select::Options,
    source::{
        Skip,
        files::{Files, IgnoreFiles},
        stdin::Stdin,
    },
};

use super::{Collector, Seen};
use crate::support::Repo;

/// Scans `roots` below the scratch folder and takes its path off the origins.
fn scan(repo: &Repo, roots: &[&str]) -> Seen {
    scan_with(repo, roots, IgnoreFiles::Honour)
}

fn scan_with(repo: &Repo, roots: &[&str], ignore_files: IgnoreFiles) -> Seen {
    let files =
        Files::new(roots.iter().map(|root| repo.path().join(root))).ignore_files(ignore_files).threads(2);
    let mut seen = Collector::new().visit(&files);
    let top = format!("{}/", repo.path().to_str().unwrap().replace('\\', "/"));
    let cut = |path: &mut bstr::BString| *path = path.strip_prefix(top.as_bytes()).unwrap_or(path).into();
    seen.parts.iter_mut().for_each(|part| cut(&mut part.entry.origin.path));
    seen.skips.iter_mut().for_each(|(path, _)| cut(path));
    seen.problems.iter_mut().for_each(|problem| cut(&mut problem.subject));
    seen
}

fn tree() -> Repo {
    let repo = Repo::new();
    for (path, text) in [
        (".gitignore", "*.log\n/build/\n"),
        (".abatisignore", "fixtures/\n!keep.log\n"),
        (".env", "A=1\n"),
        ("a.rs", "fn a() {}\n"),
        ("x.log", "log\n"),
        ("keep.log", "kept\n"),
        ("build/out.txt", "out\n"),
        ("fixtures/f.txt", "f\n"),
        ("sub/.gitignore", "only-here\n"),
        ("sub/only-here", "x\n"),
        ("sub/b.rs", ""),
        ("sub/.git/config", "x\n"),
        ("sub/.hg/store", "x\n"),
    ] {
        repo.write(path, text);
    }
    repo
}

#[test]
fn ignore_files_hidden_files_and_control_folders() {
    let repo = tree();
    let seen = scan(&repo, &["."]);
    let expected = [".abatisignore", ".env", ".gitignore", "a.rs", "keep.log", "sub/.gitignore", "sub/b.rs"];
    assert_eq!(seen.paths(), expected);
    seen.assert_complete();
    let all = scan_with(&repo, &["."], IgnoreFiles::Disregard).paths();
    assert_eq!(all.len(), expected.len() + 4);
    assert!(!all.iter().any(|path| path.contains(".git/") || path.contains(".hg/")), "{all:?}");
}

#[test]
fn explicit_roots_are_read_even_if_ignored_and_only_once() {
    let repo = tree();
    assert_eq!(scan(&repo, &["x.log", "build", "x.log"]).paths(), ["build/out.txt", "x.log"]);
    assert_eq!(scan(&repo, &[".", "sub", "./sub/b.rs", "build/out.txt"]).paths().len(), 8);
    // The ignore files above a root count up to the top of the repository.
    repo.write("deep/down/y.log", "y");
    repo.write("deep/down/y.txt", "y");
    assert_eq!(scan(&repo, &["deep/down"]).paths(), ["deep/down/y.txt"]);
    // The folder of git itself, asked for.
    assert!(scan(&repo, &[".git"]).paths().contains(&".git/config".to_owned()));
}

#[test]
fn outside_of_a_repository_gitignore_counts_from_the_root_down() {
    let repo = Repo::outside();
    repo.write(".gitignore", "*\n");
    repo.write("tree/.gitignore", "*.log\n");
    repo.write("tree/a.txt", "a");
    repo.write("tree/a.log", "a");
    assert_eq!(scan(&repo, &["tree"]).paths(), ["tree/.gitignore", "tree/a.txt"]);
}

#[test]
fn a_bad_line_in_our_ignore_file_is_a_problem_and_hides_nothing() {
    let repo = Repo::new();
    repo.write(".gitignore", "{a,\n");
    repo.write(".abatisignore", "# fine\n{a,b\n");
    repo.write("a", "a");
    let seen = scan(&repo, &["."]);
    assert_eq!(seen.paths(), [".abatisignore", ".gitignore", "a"]);
    assert_eq!(seen.problems.len(), 1, "{:?}", seen.problems);
    assert_eq!(seen.problems[0].subject, ".abatisignore");
    assert!(seen.problems[0].message.starts_with("line 2: "), "{:?}", seen.problems);
}

#[test]
fn missing_roots_are_problems() {
    let repo = tree();
    let seen = scan(&repo, &["sub/b.rs", "nothing", "no/where"]);
    assert_eq!(seen.paths(), ["sub/b.rs"]);
    let subjects: Vec<_> = seen.problems.iter().map(|problem| problem.to_string()).collect();
    assert_eq!(subjects, ["no/where: no such file or folder", "nothing: no such file or folder"]);
}

#[test]
fn sizes_and_names_decide_before_reading() {
    let repo = Repo::outside();
    repo.write("small.txt", "12345");
    repo.write("large.txt", "123456");
    repo.write("a.png", "text");
    // Nobody could read that many bytes in a test: it is not read.
    fs::File::create(repo.path().join("sparse")).unwrap().set_len(200 << 20).unwrap();
    let options = Options { max_size: 5, ..Options::default() };
    let seen = Collector::with(&options, None).visit(&Files::new([repo.path().to_owned()]));
    assert_eq!(seen.only().text, b"12345");
    let reasons: Vec<_> = seen.skips.iter().map(|(_, why)| *why).collect();
    assert_eq!(reasons, [Skip::Media, Skip::TooLarge, Skip::TooLarge]);
}

#[test]
fn a_huge_line_comes_in_overlapping_parts() {
    let repo = Repo::outside();
    let path = repo.write("huge", "first\n");
    let length = 40 << 20;
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(length).unwrap();
    let seen = scan(&repo, &["huge"]);
    seen.assert_complete();
    assert_eq!(seen.parts.len(), 3);
    let fresh: u64 =
        seen.parts.iter().map(|part| part.fresh.iter().map(|span| span.len() as u64).sum::<u64>()).sum();
    assert_eq!(fresh, length);
    let mut end = 0;
    for part in &seen.parts {
        assert_eq!(part.entry.new_name, part.entry.offset == 0);
        let repeated = end - part.entry.offset;
        assert!(part.entry.offset == 0 || repeated == 64 << 10);
        assert_eq!(part.fresh[0].start as u64, repeated);
        end = part.entry.offset + part.text.len() as u64;
    }
    let last = &seen.parts[2];
    assert_eq!(last.place_of("\0"), (2, usize::try_from(last.entry.offset).unwrap() - 6 + 1));
}

/// Many numbered lines, one longer than a part.
fn numbered() -> Vec<u8> {
    let mut text = Vec::new();
    for line in 1..=1_200_000 {
        text.extend_from_slice(format!("this is line {line}\n").as_bytes());
    }
    text
}

#[test]
fn parts_of_long_texts_end_at_lines_and_know_their_lines() {
    let text = numbered();
    let reader: Box<dyn Read + Send> = Box::new(std::io::Cursor::new(text.clone()));
    let seen = Collector::new().visit(&Stdin::new("input.txt", reader));
    seen.assert_complete();
    assert!(seen.parts.len() > 1);
    let mut joined = Vec::new();
    for part in &seen.parts {
        assert_eq!(
            (part.entry.origin.kind, part.entry.origin.path.to_string()),
            (Kind::Stdin, "input.txt".into())
        );
        assert!(part.text.ends_with(b"\n") && part.text.starts_with(b"this is line "));
        joined.extend_from_slice(part.fresh[0].of(&part.text));
        let number =
            part.text.split(|&byte| byte == b'\n').next().unwrap().rsplit(|&byte| byte == b' ').next();
        let number: usize = std::str::from_utf8(number.unwrap()).unwrap().parse().unwrap();
        assert_eq!(part.place_of("this is line"), (number, 1));
    }
    assert!(joined == text);
}

#[test]
fn an_archive_longer_than_a_part_is_handed_over_whole() {
    let mut noise = vec![0_u8; 20 << 20];
    let mut state = 1_u32;
    for byte in &mut noise {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    noise[..4].copy_from_slice(b"PK\x03\x04");
    let repo = Repo::outside();
    repo.write("a.zip", &noise);
    let seen = scan(&repo, &["a.zip"]);
    assert!(seen.only().text == noise);
}

#[test]
fn standard_input_may_be_empty_and_may_fail() {
    struct Failing(usize);
    impl Read for Failing {
        fn read(&mut self, target: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 0 {
                return Err(std::io::Error::other("the pipe burst"));
            }
            self.0 -= 1;
            target[0] = b'x';
            Ok(1)
        }
    }
    let seen = Collector::new().visit(&Stdin::new("-", Box::new(std::io::empty())));
    assert_eq!(seen.only().text, b"");
    seen.assert_complete();
    let seen = Collector::new().visit(&Stdin::new("-", Box::new(Failing(3))));
    assert_eq!(seen.only().text, b"xxx");
    assert_eq!(seen.problems[0].to_string(), "-: cannot be read to its end: the pipe burst");
}

#[test]
fn relative_roots_stay_as_typed() {
    // The test runs at the top of the crate.
    let seen = Collector::new().visit(&Files::new([PathBuf::from("./rules/")]));
    assert!(seen.paths().contains(&"rules/README.md".to_owned()), "{:?}", seen.paths());
    let seen = Collector::new().visit(&Files::new([PathBuf::from("src/../build.rs")]));
    assert_eq!(seen.paths(), ["src/../build.rs"]);
}

#[cfg(unix)]
mod unix {
    use std::{
        ffi::OsStr,
        os::unix::{
            ffi::OsStrExt as _,
            fs::{PermissionsExt as _, symlink},
            net::UnixListener,
        },
        process::Command,
    };

    use super::*;

    #[test]
    fn symbolic_links_are_texts_and_not_followed() {
        let repo = Repo::outside();
        fs::write(repo.beside("secret"), "outside").unwrap();
        repo.write("tree/a", "a");
        symlink("../../secret", repo.path().join("tree/out")).unwrap();
        symlink("..", repo.path().join("tree/up")).unwrap();
        symlink("nowhere", repo.path().join("tree/dangling")).unwrap();
        let seen = scan(&repo, &["tree"]);
        seen.assert_complete();
        let texts =
            [("tree/a", "a"), ("tree/dangling", "nowhere"), ("tree/out", "../../secret"), ("tree/up", "..")];
        let texts = texts.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let mut found = seen.texts();
        found.sort();
        assert_eq!(found, texts);
        let links = seen.parts.iter().filter(|part| part.entry.origin.kind == Kind::Symlink).count();
        assert_eq!(links, 3);
    }

    #[test]
    fn a_root_that_is_a_link_is_followed() {
        let repo = Repo::outside();
        repo.write("real/a", "a");
        symlink("real", repo.path().join("folder")).unwrap();
        symlink("real/a", repo.path().join("file")).unwrap();
        symlink("gone", repo.path().join("dangling")).unwrap();
        let seen = scan(&repo, &["folder", "file", "dangling"]);
        let mut texts = seen.texts();
        texts.sort();
        let expected = [("dangling", "gone"), ("file", "a"), ("folder/a", "a")];
        assert_eq!(texts, expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
    }

    #[test]
    fn special_files_are_not_opened() {
        let repo = Repo::outside();
        let fifo = repo.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let _socket = UnixListener::bind(repo.path().join("socket")).unwrap();
        let seen = scan(&repo, &["."]);
        assert_eq!(
            seen.skipped(),
            [("fifo".to_owned(), Skip::Special), ("socket".to_owned(), Skip::Special)]
        );
        assert_eq!(scan(&repo, &["fifo"]).skipped(), [("fifo".to_owned(), Skip::Special)]);
    }

    #[test]
    fn odd_names_are_kept_as_bytes() {
        let repo = Repo::outside();
        let names: [&[u8]; 4] = [b"\x1b[31mred", b"a\nb", b"back\\slash", b"\xff\xfe"];
        for name in names {
            // Some systems refuse names that are not UTF-8.
            let _written = fs::write(repo.path().join(OsStr::from_bytes(name)), "x");
        }
        let there = names.iter().filter(|name| repo.path().join(OsStr::from_bytes(name)).exists());
        let seen = scan(&repo, &["."]);
        let found: Vec<_> = seen.parts.iter().map(|part| part.entry.origin.path.as_slice()).collect();
        assert_eq!(found, there.copied().collect::<Vec<_>>());
        repo.write("-", "dash");
        let files = Files::new([repo.path().join("-")]);
        assert_eq!(Collector::new().visit(&files).only().text, b"dash");
    }

    #[test]
    fn executables_are_known() {
        let repo = Repo::outside();
        crate::support::make_executable(&repo.write("run", "x"));
        repo.write("text", "x");
        let seen = scan(&repo, &["."]);
        let bits: Vec<_> = seen.parts.iter().map(|part| part.entry.executable).collect();
        assert_eq!(bits, [true, false]);
    }

    #[test]
    fn what_cannot_be_read_is_a_problem() {
        let repo = Repo::outside();
        let file = repo.write("file", "x");
        let folder = repo.write("folder/a", "x").with_file_name("");
        for path in [&file, &folder] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
        }
        // The superuser reads everything.
        let readable = fs::read(&file).is_ok();
        let seen = scan(&repo, &["."]);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        if readable {
            return;
        }
        let subjects: Vec<_> = seen.problems.iter().map(|problem| problem.subject.to_string()).collect();
        assert_eq!(subjects, ["file", "folder"]);
        assert!(seen.problems.iter().all(|problem| problem.message.starts_with("no permission")));
    }
}
