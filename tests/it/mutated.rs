//! Examples of the rules, changed at random, read and judged by all rules: what the targets under `fuzz/` do, on a stable compiler.
//!
//! `cargo test --test it mutated -- --ignored --nocapture`, with `ABATIS_FUZZ_SECONDS` for longer than a minute and
//! `ABATIS_FUZZ_SEED` for another way.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use abatis::{
    detect::{Limits, Scanner, Subject},
    origin::{Beside, Kind},
    rule::{RuleSet, builtin},
    text::Fresh,
};

/// More than any changed example takes, in a build that is not optimized.
const LIMIT: Duration = Duration::from_secs(10);
/// Bytes up to which an example grows.
const LONGEST: usize = 64 * 1024;

/// Bytes that mean something to a parser.
const SIGNS: &[u8] = b"{}[]()\"'`$%<>:=,;\n\r\t -#/\\*&!@\0\xff";

/// Numbers that only look random.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap_or(0)
    }

    fn part(&mut self, length: usize) -> (usize, usize) {
        let start = self.below(length + 1);
        let most = [1, 4, 64, length - start][self.below(4)];
        (start, start + self.below(most.min(length - start) + 1))
    }
}

/// Another text, mostly of `text`.
fn mutate(text: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    let (start, end) = chance.part(text.len());
    match chance.below(7) {
        0 => drop(text.drain(start..end)),
        1 => {
            let piece = text[start..end].repeat(1 + chance.below(40));
            text.splice(start..start, piece);
        }
        2 => {
            let (from, to) = chance.part(other.len());
            text.splice(start..end, other[from..to].iter().copied());
        }
        3 if start < text.len() => text[start] = SIGNS[chance.below(SIGNS.len())],
        4 if start < text.len() => text[start] ^= 1 << chance.below(8),
        5 => {
            let signs: [&[u8]; 12] = [
                b"{{ if .a }}",
                b"{{ end }}",
                b"${",
                b"<<EOT\n",
                b"&a [*a]",
                b"<<: *a\n",
                b"!Sub ",
                b"\"${",
                b"---\n",
                b"\\\n",
                b"- ",
                b"]]>",
            ];
            let sign = signs[chance.below(signs.len())].to_vec();
            text.splice(start..start, sign);
        }
        _ => {
            let line =
                |at: usize| text[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |found| found + 1);
            let (first, second) = (line(start), line(chance.below(text.len() + 1)));
            let moved = text[first..end.max(first)].to_vec();
            text.splice(second..second, moved);
        }
    }
    text.truncate(LONGEST);
}

#[test]
#[ignore = "takes as long as it is told to, a minute at least"]
fn examples_of_rules() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|given| given.parse().ok()).unwrap_or(default)
    };
    let rules = Arc::new(RuleSet::new(builtin(), Vec::new()));
    let scanner = Scanner::new(Arc::clone(&rules), Limits::default());
    let examples: Vec<_> = rules
        .iter()
        .filter(|rule| !rule.structures.is_empty())
        .flat_map(|rule| rule.matches.iter().chain(rule.rejects.iter()))
        .filter(|example| !example.path.is_empty())
        .collect();
    let mut chance = Chance(number("ABATIS_FUZZ_SEED", 0x9e37_79b9_7f4a_7c15) | 1);
    let until = Instant::now() + Duration::from_secs(number("ABATIS_FUZZ_SECONDS", 60));
    let (mut runs, mut found, mut longest) = (0_u64, 0, Duration::ZERO);
    while Instant::now() < until {
        let example = examples[chance.below(examples.len())];
        let mut text = example.text.as_bytes().to_vec();
        for _ in 0..=chance.below(12) {
            let other = examples[chance.below(examples.len())].text.as_bytes();
            mutate(&mut text, other, &mut chance);
            let path = example.path.as_bytes().into();
            let (fresh, beside) = (Fresh::All, Beside::alone());
            let subject = Subject {
                bytes: &text,
                path,
                kind: Kind::File,
                fresh: &fresh,
                new_name: false,
                executable: false,
                beside: Some((&beside, path)),
            };
            let mut matches = Vec::new();
            let start = Instant::now();
            let _ = scanner.structure(subject, &mut matches);
            longest = longest.max(start.elapsed());
            assert!(longest < LIMIT, "{}: {}", example.path, text.escape_ascii());
            for one in &matches {
                let inside = one.span.start <= one.span.end && one.span.end <= text.len();
                assert!(inside, "{:?} in {}: {}", one.span, example.path, text.escape_ascii());
            }
            (runs, found) = (runs + 1, found + matches.len());
        }
    }
    println!("{runs} texts from {} examples, {found} findings, at most {longest:?} for one", examples.len());
}
