//! What is known of all matches of an expression without running it.
//!
//! `build.rs` uses this, too: expressions of the built-in rules are not even read when the program runs. Must not search.

use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind},
};

use super::{
    Pattern,
    choice::{Lead, alternatives, flatten},
    steps::{Reader, Set, Steps},
};

/// How far before its keyword a match may begin, in bytes.
pub(crate) const BEFORE: usize = 512;
/// How far after the start of its keyword a match on one line may end, in bytes.
pub(crate) const AFTER: usize = 4096;
/// The same for a match over several lines: a private key of 16,384 bits is 12 KiB.
pub(crate) const AFTER_MULTILINE: usize = 16 * 1024;
/// What is known of all matches of an expression, or of one of the alternatives of a choice of many, without running it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Which of the rule's keywords it is asked for, by number: every match has one of them. None are named if it is asked for all.
    pub(crate) keywords: Vec<usize>,
    pub(crate) steps: Option<Steps>,
    /// Bytes in a row that every match has.
    pub(crate) run: Option<Run>,
    pub(crate) landmark: Option<Landmark>,
    /// Bytes between the start of a match and its keyword, where every match has the same.
    pub(crate) lead: Option<usize>,
    /// Most bytes of a match before its keyword.
    pub(crate) before: usize,
    /// Most bytes of a match after the start of its keyword.
    pub(crate) after: usize,
}

/// At least so many bytes in a row out of a set.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) set: Set,
    pub(crate) least: usize,
}

/// Bytes that are looked through one by one for a landmark: most that cannot stand before it come sooner.
const NEAR: usize = 64;
/// So few bytes are looked through for a run before there is a window.
const FEW: usize = 256;
/// Shortest run that is worth looking for, in bytes: shorter ones are everywhere.
const MIN_RUN: usize = 8;

impl Shape {
    /// The shapes of the alternatives of a rule, in their order; none if its expression cannot be read.
    pub(crate) fn all(rule: &Pattern) -> Vec<Self> {
        let Some(hir) = parse(&rule.regex, rule.ignore_case) else { return Vec::new() };
        let alternatives = alternatives(hir, rule);
        let is_choice = alternatives.len() > 1;
        let shapes = alternatives.into_iter().map(|(hir, lead)| {
            let mut shape = Self::of(&hir, lead.as_ref(), rule.multiline);
            shape.keywords = lead.filter(|_| is_choice).map(|lead| lead.keywords).unwrap_or_default();
            shape
        });
        shapes.collect()
    }

    fn of(hir: &Hir, lead: Option<&Lead>, multiline: bool) -> Self {
        let reach = if multiline { AFTER_MULTILINE } else { AFTER };
        let most = hir.properties().maximum_len().unwrap_or(reach);
        Self {
            keywords: Vec::new(),
            steps: Steps::new(hir),
            run: Run::of(hir),
            landmark: Landmark::of(hir),
            lead: lead.filter(|lead| lead.least == lead.most).map(|lead| lead.most),
            before: lead.map_or(most, |lead| lead.most).min(BEFORE),
            // One byte more than the longest match, so that a closing look-around sees its neighbour.
            after: most.saturating_add(1).min(reach),
        }
    }

    /// Reads a shape of a table.
    pub(crate) fn read(from: &mut Reader) -> Option<Self> {
        let count = from.number()?;
        Some(Self {
            keywords: (0..count).map(|_| from.number()).collect::<Option<_>>()?,
            steps: from.optional(Steps::read)?,
            run: from.optional(|from| Some(Run { set: from.set()?, least: from.number()? }))?,
            landmark: from.optional(Landmark::read)?,
            lead: from.optional(Reader::number)?,
            before: from.number()?,
            after: from.number()?,
        })
    }
}

/// The expression of a bound value, with what must follow it, so that alternatives of several lengths find theirs.
pub(crate) fn value_expression(value: &str) -> String {
    format!(r"({value})(?:[^0-9A-Za-z_+=.\-]|\.(?:[^0-9A-Za-z]|$)|$)")
}

/// Reads an expression as all of rules are read: see [`pattern_syntax`](crate::rule::pattern_syntax).
pub(crate) fn parse(regex: &str, ignore_case: bool) -> Option<Hir> {
    let mut builder = ParserBuilder::new();
    builder.unicode(false).utf8(false).case_insensitive(ignore_case).multi_line(true).crlf(true);
    builder.build().parse(regex).ok()
}

/// Shapes of the built-in rules, and steps of their values, as `build.rs` leaves them in files.
#[derive(Debug)]
pub(crate) struct Shapes {
    /// For each rule, and one behind the last: where it begins in `bytes` (four bytes). A rule without an expression is empty.
    pub(crate) starts: &'static [u8],
    /// What was written.
    pub(crate) bytes: &'static [u8],
    /// All sets, each 256 bytes.
    pub(crate) sets: &'static [u8],
}

impl Shapes {
    fn of(&self, rule: usize) -> Option<Reader> {
        let at = |index: usize| {
            let start = self.starts.get(4 * index..)?.first_chunk()?;
            Some(u32::from_le_bytes(*start) as usize)
        };
        let bytes = self.bytes.get(at(rule)?..at(rule + 1)?).filter(|bytes| !bytes.is_empty())?;
        Some(Reader { bytes, sets: self.sets.as_chunks().0 })
    }

    /// The shapes of a pattern rule.
    pub(crate) fn shapes(&self, rule: usize) -> Option<Vec<Shape>> {
        let mut from = self.of(rule)?;
        let mut shapes = Vec::new();
        while !from.bytes.is_empty() {
            shapes.push(Shape::read(&mut from)?);
        }
        Some(shapes)
    }

    /// The steps of the value of a bound rule; `Some(None)` if it is known to have none.
    pub(crate) fn steps(&self, rule: usize) -> Option<Option<Steps>> {
        self.of(rule)?.optional(Steps::read)
    }
}

/// A byte that every match has behind its start.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Landmark {
    pub(crate) byte: u8,
    /// Bytes of a match before those that are said next.
    pub(crate) skip: usize,
    /// Where few bytes may stand between these and the landmark: which.
    pub(crate) among: Option<Set>,
}

/// More bytes than that are no few.
const MANY_BYTES: usize = 128;

impl Landmark {
    /// The last byte of the last literal that stands behind the first item of the sequence of `hir`.
    fn of(hir: &Hir) -> Option<Self> {
        let mut items = Vec::new();
        flatten(hir, &mut items);
        items.retain(|item| !matches!(item.kind(), HirKind::Look(_)));
        let (place, byte) =
            items.iter().enumerate().skip(1).rev().find_map(|(place, item)| match item.kind() {
                HirKind::Literal(literal) => Some((place, *literal.0.last()?)),
                _ => None,
            })?;
        let (skip, first) = match items.first()?.kind() {
            HirKind::Literal(literal) => (literal.0.len(), 1),
            _ => (0, 0),
        };
        let mut among = [0; 256];
        items[first..=place].iter().for_each(|item| add_bytes(item, &mut among));
        let are_few = among.iter().filter(|&&held| held != 0).count() <= MANY_BYTES;
        Some(Self { byte, skip, among: are_few.then(|| Set::Made(Box::new(among))) })
    }

    /// Reads one of a table.
    fn read(from: &mut Reader) -> Option<Self> {
        Some(Self {
            byte: u8::try_from(from.number()?).ok()?,
            skip: from.number()?,
            among: from.optional(Reader::set)?,
        })
    }

    /// Whether a match that begins `text` may have it.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        memchr::memchr(self.byte, text).is_some()
    }

    /// The same of a match of so many bytes at most at `start`, as far as a look at the bytes that may stand before it tells.
    #[inline]
    pub(crate) fn is_near(&self, text: &[u8], start: usize, most: usize) -> bool {
        let Some(among) = &self.among else { return true };
        let rest = text[..text.len().min(start + most)].get(start + self.skip..).unwrap_or_default();
        let near = &rest[..rest.len().min(NEAR)];
        match near.iter().find(|&&byte| byte == self.byte || !among.holds(byte)) {
            Some(&byte) => byte == self.byte,
            None => rest.len() > NEAR,
        }
    }
}

/// Adds all bytes that what matches `hir` may have.
fn add_bytes(hir: &Hir, all: &mut [u8; 256]) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => literal.0.iter().for_each(|&byte| all[usize::from(byte)] = 1),
        HirKind::Class(Class::Bytes(class)) => {
            let bytes = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            bytes.for_each(|byte| all[usize::from(byte)] = 1);
        }
        HirKind::Class(Class::Unicode(_)) => all.fill(1),
        HirKind::Repetition(repetition) => add_bytes(&repetition.sub, all),
        HirKind::Capture(capture) => add_bytes(&capture.sub, all),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| add_bytes(part, all));
        }
    }
}

impl Run {
    /// The longest run that the sequence of `hir` requires.
    fn of(hir: &Hir) -> Option<Self> {
        let mut items = Vec::new();
        flatten(hir, &mut items);
        let runs = items.into_iter().filter_map(|item| {
            let HirKind::Repetition(repetition) = item.kind() else { return None };
            let HirKind::Class(Class::Bytes(class)) = repetition.sub.kind() else { return None };
            Some((repetition.min as usize, class))
        });
        let (least, class) = runs.max_by_key(|(least, _)| *least).filter(|(least, _)| *least >= MIN_RUN)?;
        let set = Set::of(class);
        Some(Self { set, least })
    }

    /// Whether a match at `start` with its keyword at `hit` may have it, if no more than so many bytes of it are behind the start of
    /// that, on its line or over several; true where these are many.
    #[inline]
    pub(crate) fn is_near(
        &self,
        text: &[u8],
        (start, hit): (usize, usize),
        after: usize,
        multiline: bool,
    ) -> bool {
        if after > FEW {
            return true;
        }
        let high = text.len().min(hit + after);
        let newline = if multiline { None } else { memchr::memchr(b'\n', &text[hit..high]) };
        self.is_in(&text[start..newline.map_or(high, |newline| hit + newline)])
    }

    /// Whether `text` has such a run. None begins before a byte that does not belong, which is looked for from the back of
    /// where it would be.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        let mut begin = 0;
        while let Some(run) = text.get(begin..begin + self.least) {
            match run.iter().rposition(|&byte| !self.set.holds(byte)) {
                Some(other) => begin += other + 1,
                None => return true,
            }
        }
        false
    }
}
