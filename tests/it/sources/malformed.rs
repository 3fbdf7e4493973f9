//! Malformed input: cut, flipped and made up. What counts is that every source comes back.

use std::io::Cursor;

use abatis::source::{
    archive::{self, Limits},
    patch::Patch,
};

use super::{
    Collector,
    archives::{bzip2, gzip, open, tar, xz, zip, zstd},
};
use crate::support::Repo;

/// A small generator: the same bytes in every run.
struct Random(u64);

impl Random {
    fn next_word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next_word() % end as u64).unwrap()
    }

    /// Some bytes of `bytes` set, removed, doubled, or the end cut off.
    fn mutated(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let place = self.below(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match self.below(8) {
                0 => bytes.truncate(place),
                1 => drop(bytes.drain(place..(place + 1 + self.below(20)).min(bytes.len()))),
                2 => {
                    let piece = bytes[place..(place + 1 + self.below(40)).min(bytes.len())].to_vec();
                    bytes.splice(place..place, piece);
                }
                3 if !bytes.is_empty() => bytes[place] = [0, 0xff, b'9', b'-', b'@'][self.below(5)],
                _ if !bytes.is_empty() => bytes[place] ^= 1 << self.below(8),
                _ => {}
            }
        }
        bytes
    }
}

#[test]
fn archives_of_all_formats_survive_mutation() {
    let text = "some text that packs, some text that packs; ".repeat(40);
    let members = [("a.txt", text.as_bytes()), ("b/c.txt", b"x"), ("d.gz", &gzip(b"inner"))];
    let tarred = tar(&members);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let limits = Limits { total_bytes: 1 << 20, ..Limits::default() };
    for seed in [zip(&members), tarred.clone(), gzip(&tarred), xz(&tarred), zstd(&tarred), bzip2(&tarred)] {
        for _ in 0..300 {
            let bytes = random.mutated(&seed);
            let (_, seen) = open(&bytes, &limits);
            assert_eq!(seen.problems, []);
            if archive::detect(&bytes).is_none() {
                assert!(seen.parts.is_empty() && seen.skips.is_empty());
            }
            let total: usize = seen.parts.iter().map(|part| part.text.len()).sum();
            assert!(total <= bytes.len() + (1 << 20));
        }
    }
}

#[test]
fn every_cut_of_an_archive_is_noticed() {
    let tarred = tar(&[("a.txt", b"first"), ("b.txt", &[b'x'; 700])]);
    for whole in [zip(&[("a.txt", b"first")]), gzip(&tarred), tarred] {
        let all = open(&whole, &Limits::default()).1.paths();
        for cut in 0..whole.len() {
            let bytes = &whole[..cut];
            if archive::detect(bytes).is_none() {
                continue;
            }
            let (_, seen) = open(bytes, &Limits::default());
            // Nothing is lost where only the end marks are, and a tar archive may end behind any
            // of its members.
            let lost = seen.paths() != all;
            assert!(!lost || !seen.skips.is_empty() || cut == 1024, "cut at {cut} of {}", whole.len());
        }
    }
}

#[test]
fn patches_survive_mutation_and_keep_their_ranges() {
    let repo = Repo::new();
    repo.commit_files("first", &[("a b", "one\ntwo\nthree\n"), ("b", "x\n")]);
    repo.stage("a b", "one\nnew\nthree\nfour\n");
    repo.stage("caf\u{e9}", "text");
    repo.git(&["mv", "b", "c"]);
    repo.commit("second");
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let combined =
        b"diff --cc a\nindex 1,2..3\n--- a/a\n+++ b/a\n@@@ -1,2 -1,2 +1,3 @@@\n  x\n +y\n++z\n- w\n".to_vec();
    for seed in [
        repo.git_bytes(&["log", "-p", "-M"]),
        repo.git_bytes(&["format-patch", "--stdout", "--root"]),
        combined,
    ] {
        for _ in 0..500 {
            let bytes = random.mutated(&seed);
            let seen = Collector::new().visit(&Patch::new("p", Box::new(Cursor::new(bytes))));
            for part in &seen.parts {
                assert!(part.fresh.iter().all(|span| span.end <= part.text.len() && !span.is_empty()));
                part.fresh_lines();
            }
        }
    }
}
