//! Which lines of a text are new: those that no older version of it holds.
//!
//! A set of lines, not a diff. A diff calls a moved line new, takes quadratic time on hard
//! inputs, and must choose among equal answers; whether a line *was there* has one answer, in
//! linear time, for any number of older versions (the parents of a merge). A line that was
//! there was looked at when it came in.
//!
//! Lines end at `\n`. A `\r` before it does not count, so that a change of line endings makes
//! nothing new.
//!
//! Must not read objects.

use std::collections::{HashMap, HashSet};

use crate::text::{Fresh, Span};

/// The lines of a text as spans, each with its `\n`.
fn lines(text: &[u8], part: Span) -> impl Iterator<Item = Span> {
    let mut at = part.start;
    std::iter::from_fn(move || {
        if at >= part.end {
            return None;
        }
        let end = memchr::memchr(b'\n', &text[at..part.end]).map_or(part.end, |newline| at + newline + 1);
        let line = Span::new(at, end);
        at = end;
        Some(line)
    })
}

/// A line without its ending.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The lines of older versions.
#[derive(Debug)]
pub struct OldLines<'t>(HashSet<&'t [u8]>);

impl<'t> OldLines<'t> {
    /// The lines of all of `texts`.
    #[must_use]
    pub fn new<'s>(texts: impl IntoIterator<Item = &'s &'t [u8]>) -> Self
    where
        't: 's,
    {
        let mut set = HashSet::new();
        for text in texts {
            set.extend(lines(text, Span::new(0, text.len())).map(|line| bare(line.of(text))));
        }
        Self(set)
    }

    /// Bytes of `new` in lines that are here, too. Blank lines do not count.
    #[must_use]
    pub fn shared_bytes(&self, new: &[u8]) -> usize {
        let lines = lines(new, Span::new(0, new.len())).map(|line| line.of(new));
        let shared = lines.filter(|line| !bare(line).is_empty() && self.0.contains(bare(line)));
        shared.map(<[u8]>::len).sum()
    }
}

/// Lines longer than this share one place in the table of lengths.
const LONG_LINE: usize = 255;

/// The lines of `new` that are in none of `olds`; everything if there are no older versions.
#[must_use]
pub fn fresh(new: &[u8], olds: &[&[u8]]) -> Fresh {
    let Some(first) = olds.first() else { return Fresh::All };
    // What both start and end with is not new; usually little is left that has to be looked for.
    let part = changed_part(new, first);
    let mut missing = HashSet::new();
    // Most old lines need not be hashed to know that they are none of a few.
    let mut lengths = [false; LONG_LINE + 1];
    for line in lines(new, part) {
        let line = bare(line.of(new));
        lengths[line.len().min(LONG_LINE)] = true;
        missing.insert(line);
    }
    for old in olds {
        if missing.is_empty() {
            break;
        }
        for line in lines(old, Span::new(0, old.len())) {
            let line = bare(line.of(old));
            if lengths[line.len().min(LONG_LINE)] {
                missing.remove(line);
            }
        }
    }
    Fresh::from_spans(lines(new, part).filter(|line| missing.contains(bare(line.of(new)))).collect())
}

/// Levels of pieces between lines that both have once; a piece further down counts as changed.
const DEEPEST: usize = 24;

/// What of `new` is not as it was in any of `olds`, which are not empty: lines that did not stand there, in order, and the ends of
/// lines behind which some were taken out. For what is judged by more than its lines: unlike with [`fresh`], a line is not old
/// because another place has it.
#[must_use]
pub fn changed(new: &[u8], olds: &[&[u8]]) -> Fresh {
    let spans: Vec<Span> = lines(new, Span::new(0, new.len())).collect();
    let texts: Vec<&[u8]> = spans.iter().map(|line| bare(line.of(new))).collect();
    let mut all: Option<Vec<Span>> = None;
    for old in olds {
        let old_lines: Vec<&[u8]> =
            lines(old, Span::new(0, old.len())).map(|line| bare(line.of(old))).collect();
        let mut parts = Vec::new();
        compare((&texts, 0), &old_lines, 0, &mut |from, to| {
            let start = spans.get(from).map_or(new.len(), |line| line.start);
            match spans.get(from..to) {
                Some([.., last]) => parts.push(Span::new(start, last.end)),
                // The end of the line before.
                _ if start > 0 => parts.push(Span::new(start - 1, start)),
                _ => {}
            }
        });
        all = Some(all.map_or_else(|| parts.clone(), |all| in_both(&all, &parts)));
    }
    all.map_or(Fresh::All, Fresh::from_spans)
}

/// Tells the lines of `new`, the first of which has the number `first`, that differ from `old`: from one number up to another,
/// which is the same where lines are missing.
fn compare((new, first): (&[&[u8]], usize), old: &[&[u8]], depth: usize, each: &mut dyn FnMut(usize, usize)) {
    let start = new.iter().zip(old).take_while(|(a, b)| a == b).count();
    let (new, old, first) = (&new[start..], &old[start..], first + start);
    let end = new.iter().rev().zip(old.iter().rev()).take_while(|(a, b)| a == b).count();
    let (new, old) = (&new[..new.len() - end], &old[..old.len() - end]);
    if new.is_empty() && old.is_empty() {
        return;
    }
    let pairs = if depth < DEEPEST { anchors(new, old) } else { Vec::new() };
    if pairs.is_empty() {
        return each(first, first + new.len());
    }
    let (mut at, mut old_at) = (0, 0);
    for (here, there) in pairs.into_iter().chain([(new.len(), old.len())]) {
        compare((&new[at..here], first + at), &old[old_at..there], depth + 1, each);
        (at, old_at) = (here + 1, there + 1);
    }
}

/// Lines that both have once, in an order that both have: as many as there can be.
fn anchors(new: &[&[u8]], old: &[&[u8]]) -> Vec<(usize, usize)> {
    let mut known: HashMap<&[u8], [(usize, usize); 2]> = HashMap::new();
    for (side, list) in [new, old].into_iter().enumerate() {
        for (at, line) in list.iter().enumerate() {
            let (count, place) = &mut known.entry(line).or_default()[side];
            (*count, *place) = (*count + 1, at);
        }
    }
    let mut pairs: Vec<(usize, usize)> = known
        .into_values()
        .filter(|[here, there]| here.0 == 1 && there.0 == 1)
        .map(|[here, there]| (here.1, there.1))
        .collect();
    pairs.sort_unstable();
    // The longest row of them that goes up on both sides: of each length, the one that ends lowest.
    let mut lowest: Vec<usize> = Vec::new();
    let mut before = vec![usize::MAX; pairs.len()];
    for (at, pair) in pairs.iter().enumerate() {
        let length = lowest.partition_point(|&last| pairs[last].1 < pair.1);
        if length > 0 {
            before[at] = lowest[length - 1];
        }
        if length == lowest.len() {
            lowest.push(at);
        } else {
            lowest[length] = at;
        }
    }
    let mut row = Vec::with_capacity(lowest.len());
    let mut at = lowest.last().copied();
    while let Some(pair) = at.and_then(|at| pairs.get(at)) {
        row.push(*pair);
        at = at.map(|at| before[at]);
    }
    row.reverse();
    row
}

/// What is in both of two lists of spans, each in order.
fn in_both(one: &[Span], other: &[Span]) -> Vec<Span> {
    let mut both = Vec::new();
    let (mut at, mut other_at) = (0, 0);
    while let (Some(a), Some(b)) = (one.get(at), other.get(other_at)) {
        let common = Span::new(a.start.max(b.start), a.end.min(b.end).max(a.start.max(b.start)));
        if !common.is_empty() {
            both.push(common);
        }
        if a.end < b.end { at += 1 } else { other_at += 1 }
    }
    both
}

/// The lines of `new` between those that it starts and ends with as `old` does.
fn changed_part(new: &[u8], old: &[u8]) -> Span {
    let shorter = new.len().min(old.len());
    let same_start = common(new, old);
    if same_start == shorter && new.len() == old.len() {
        return Span::default();
    }
    // Back to the start of the line that differs.
    let start = crate::text::line_start(new, same_start);
    let same_end = new[start..].iter().rev().zip(old[start.min(old.len())..].iter().rev());
    let same_end = same_end.take_while(|(a, b)| a == b).count();
    // On to the end of the line that differs: the suffix must begin at a line in both.
    let end = crate::text::line_end(new, new.len() - same_end);
    Span::new(start, (end + 1).min(new.len()))
}

/// Number of bytes that both start with.
fn common(a: &[u8], b: &[u8]) -> usize {
    // Blocks are compared by memcmp; the block that differs by the byte.
    const BLOCK: usize = 4096;
    let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK)).take_while(|(a, b)| a == b).count() * BLOCK;
    blocks + a[blocks..].iter().zip(&b[blocks..]).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(new: &str, olds: &[&str], expected: &[&str]) {
        let olds: Vec<&[u8]> = olds.iter().map(|old| old.as_bytes()).collect();
        let fresh = fresh(new.as_bytes(), &olds);
        let spans = fresh.spans(new.len());
        let found: Vec<&str> = spans.iter().map(|span| &new[span.start..span.end]).collect();
        assert_eq!(found, expected, "{new:?} against {olds:?}");
    }

    #[test]
    fn lines_that_were_not_there() {
        check("a\nb\n", &[], &["a\nb\n"]);
        check("a\nb\n", &[""], &["a\nb\n"]);
        check("a\nb\n", &["a\nb\n"], &[]);
        check("a\nb\nc", &["a\nc"], &["b\n"]);
        check("a\nb", &["a\nb\n"], &[]);
        check("a\nb\n", &["a\nb"], &[]);
        check("a\r\nb\r\n", &["a\nb\n"], &[]);
        check("b\na\n", &["a\nb\n"], &[]);
        check("xa\na\nax\n", &["a\n"], &["xa\n", "ax\n"]);
        check("a\nb\nc\nd\n", &["a\n", "b\nd\n"], &["c\n"]);
        check("aab\n", &["ab\n"], &["aab\n"]);
        check("ab\nab\nnew", &["ab\n"], &["new"]);
        check("", &["a\n"], &[]);
    }

    #[track_caller]
    fn check_changed(new: &str, olds: &[&str], expected: &[&str]) {
        let olds: Vec<&[u8]> = olds.iter().map(|old| old.as_bytes()).collect();
        let spans = changed(new.as_bytes(), &olds).spans(new.len());
        let found: Vec<&str> = spans.iter().map(|span| &new[span.start..span.end]).collect();
        assert_eq!(found, expected, "{new:?} against {olds:?}");
    }

    #[test]
    fn lines_that_are_not_as_they_were() {
        check_changed("a\nb\n", &["a\nb\n"], &[]);
        check_changed("a\nb\nc", &["a\nc"], &["b\n"]);
        // The same line, at another place.
        check_changed("x\na\ny\na\n", &["x\na\ny\nb\n"], &["a\n"]);
        check_changed("x\ny\n", &["x\na\ny\n"], &["\n"]);
        check_changed("y\n", &["a\ny\n"], &[]);
        check_changed("x\n", &["x\na\n"], &["\n"]);
        check_changed("b\na\n", &["a\nb\n"], &["b\n", "\n"]);
        check_changed("1\n2\nx\n3\n4\ny\n5\n", &["1\n2\n3\n4\n5\n"], &["x\n", "y\n"]);
        check_changed("a\r\nb\r\n", &["a\nb\n"], &[]);
        check_changed("a\nb\nc\nd\n", &["a\nc\nd\n", "a\nb\nd\n"], &[]);
        check_changed("a\nb\nc\nd\n", &["a\nd\n", "a\nb\nd\n"], &["c\n"]);
        check_changed("", &["a\n"], &[]);
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(&b"aab\n\n\r"[..]), 0..40)
    }

    proptest! {
        #[test]
        fn fresh_lines_are_the_new_lines_that_no_old_version_has(
            new in text(),
            olds in prop::collection::vec(text(), 1..4),
        ) {
            let olds: Vec<&[u8]> = olds.iter().map(Vec::as_slice).collect();
            let fresh = fresh(&new, &olds);
            let split = |text: &[u8]| -> Vec<Vec<u8>> {
                let mut all: Vec<Vec<u8>> = text.split(|&byte| byte == b'\n').map(|line| {
                    line.strip_suffix(b"\r").unwrap_or(line).to_vec()
                }).collect();
                if text.is_empty() || text.ends_with(b"\n") {
                    all.pop();
                }
                all
            };
            let old_lines: HashSet<Vec<u8>> = olds.iter().flat_map(|old| split(old)).collect();
            let mut at = 0;
            for line in new.split_inclusive(|&byte| byte == b'\n') {
                let wanted = !old_lines.contains(bare(line));
                for offset in at..at + line.len() {
                    prop_assert_eq!(fresh.touches(Span::new(offset, offset + 1)), wanted);
                }
                at += line.len();
            }
        }

        #[test]
        fn what_no_old_version_has_is_changed(new in text(), old in text()) {
            let changed = changed(&new, &[&old]);
            for span in fresh(&new, &[&old]).spans(new.len()) {
                for offset in span.start..span.end {
                    prop_assert!(changed.touches(Span::new(offset, offset + 1)));
                }
            }
            // Where nothing is changed, nothing is missing, but at the very start.
            if changed.is_empty() {
                let split = |text: &[u8]| -> Vec<Vec<u8>> {
                    lines(text, Span::new(0, text.len())).map(|line| bare(line.of(text)).to_vec()).collect()
                };
                prop_assert!(split(&old).ends_with(&split(&new)));
            }
        }

        #[test]
        fn edits_of_long_texts(
            lines in prop::collection::vec("[a-z]{0,3}", 0..3000),
            edits in prop::collection::vec((0usize..3000, "[a-z]{4}"), 0..5),
        ) {
            let old = lines.join("\n");
            let mut edited = lines;
            for (place, text) in &edits {
                edited.insert(place % (edited.len() + 1), text.clone());
            }
            let new = edited.join("\n");
            let fresh = fresh(new.as_bytes(), &[old.as_bytes()]);
            let mut found: Vec<&str> =
                fresh.spans(new.len()).iter().flat_map(|span| new[span.start..span.end].lines()).collect();
            let mut expected: Vec<&str> = edits.iter().map(|(_, text)| text.as_str()).collect();
            found.retain(|line| !line.is_empty());
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
