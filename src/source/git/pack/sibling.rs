//! Changes of one base as changes of one another.
//!
//! A pack often has many versions of a file as changes of one of them, each of which says anew what sets it apart from
//! that one: what was written between it and the others. Two that follow each other are more alike than that. So the
//! walk remembers what the last one copied from their base, finds out what both copied, and shows the next one as a
//! change of the last one where that leaves less to look at.
//!
//! Which one is the last depends on the threads, so nothing that is told may depend on it.

use super::{Copied, delta::join};

/// Bytes around a seam that are looked at again, in the mean: what a seam costs, beside what is new there.
const SEAM: usize = 80;

/// Fills `shared` with what `text` has in common with `sibling`, in the order of the text. Both come with what they copied
/// from the same base.
///
/// What they copied is gone through side by side, as it is nearly always in the order of the base; of what was moved
/// nothing is found.
pub(super) fn compare(
    (sibling, others): (&[u8], &[Copied]),
    (text, copies): (&[u8], &[Copied]),
    shared: &mut Vec<Copied>,
) {
    shared.clear();
    let goes_back = |copies: &[Copied], index: usize| {
        copies.get(index + 1).is_some_and(|next| next.from < copies[index].from)
    };
    let (mut one, mut two) = (0, 0);
    // What is found of the second one's copy; the first one may have copied a part of that twice.
    let mut found = 0;
    while let (Some(other), Some(copy)) = (others.get(one), copies.get(two)) {
        let low = other.from.max(copy.from).max(found);
        let (other_end, end) = (other.from + other.len, copy.from + copy.len);
        let high = other_end.min(end);
        if low < high {
            found = high;
            let (at, from) = (copy.at + (low - copy.from), other.at + (low - other.from));
            add(shared, (sibling, text), Copied { at, from, len: high - low });
        } else if other.from >= end && goes_back(others, one) {
            // Farther on than what surrounds it.
            one += 1;
            continue;
        } else if copy.from >= other_end && goes_back(copies, two) {
            (two, found) = (two + 1, 0);
            continue;
        }
        one += usize::from(other_end <= end);
        if end <= other_end {
            (two, found) = (two + 1, 0);
        }
    }
    add(shared, (sibling, text), Copied { at: text.len(), from: sibling.len(), len: 0 });
    shared.pop_if(|last| last.len == 0);
}

/// Appends `next`, and what is the same on either side of the seam before it.
fn add(shared: &mut Vec<Copied>, (sibling, text): (&[u8], &[u8]), mut next: Copied) {
    let (at, from) = shared.last().map_or((0, 0), |last| (last.at + last.len, last.from + last.len));
    if from <= next.from && at < next.at {
        let most = (next.at - at).min(next.from - from);
        let tail = same_end(&sibling[next.from - most..next.from], &text[next.at - most..next.at]);
        next = Copied { at: next.at - tail, from: next.from - tail, len: next.len + tail };
        let most = most - tail;
        let head = same_start(&sibling[from..from + most], &text[at..at + most]);
        if head > 0 {
            join(shared, Copied { at, from, len: head });
        }
    }
    join(shared, next);
}

fn same_start(one: &[u8], other: &[u8]) -> usize {
    if one == other {
        return one.len();
    }
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

fn same_end(one: &[u8], other: &[u8]) -> usize {
    if one == other {
        return one.len();
    }
    one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count()
}

/// What a text of `len` bytes with these copies takes to be looked at.
pub(super) fn cost(copies: &[Copied], len: usize) -> usize {
    let known: usize = copies.iter().map(|copy| copy.len).sum();
    len - known + copies.len() * SEAM
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A text made of parts of a base and of what was put between them, and what it copied.
    fn made(base: &[u8], parts: &[(usize, usize, &str)]) -> (Vec<u8>, Vec<Copied>) {
        let (mut text, mut copies) = (Vec::new(), Vec::new());
        for &(from, len, inserted) in parts {
            let from = from.min(base.len());
            let len = len.min(base.len() - from);
            if len > 0 {
                join(&mut copies, Copied { at: text.len(), from, len });
                text.extend_from_slice(&base[from..from + len]);
            }
            text.extend_from_slice(inserted.as_bytes());
        }
        (text, copies)
    }

    fn shared(base: &[u8], one: &[(usize, usize, &str)], other: &[(usize, usize, &str)]) -> Vec<Copied> {
        let ((sibling, others), (text, copies)) = (made(base, one), made(base, other));
        let mut shared = Vec::new();
        compare((&sibling, &others), (&text, &copies), &mut shared);
        shared
    }

    #[test]
    fn what_both_put_in_is_no_news() {
        let base = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let one = [(0, 10, "first"), (12, 8, "second"), (20, 16, "")];
        let other = [(0, 10, "first"), (12, 8, "another"), (20, 16, "")];
        assert_eq!(
            shared(base, &one, &other),
            [Copied { at: 0, from: 0, len: 23 }, Copied { at: 30, from: 29, len: 16 }]
        );
        assert_eq!(shared(base, &one, &one), [Copied { at: 0, from: 0, len: 45 }]);
    }

    #[test]
    fn a_jump_ahead_hides_nothing_behind_it() {
        let base = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let one = [(0, 4, ""), (30, 6, ""), (4, 20, "")];
        assert_eq!(shared(base, &one, &[(0, 24, "")]).iter().map(|copy| copy.len).sum::<usize>(), 24);
        assert_eq!(shared(base, &[(0, 24, "")], &one).iter().map(|copy| copy.len).sum::<usize>(), 24);
    }

    proptest! {
        #[test]
        fn copies_are_what_they_say(
            base in "[ab\n]{0,40}",
            one in prop::collection::vec((0usize..40, 0usize..20, "[ab]{0,3}"), 0..8),
            other in prop::collection::vec((0usize..40, 0usize..20, "[ab]{0,3}"), 0..8),
        ) {
            let one: Vec<_> = one.iter().map(|(from, len, text)| (*from, *len, text.as_str())).collect();
            let other: Vec<_> = other.iter().map(|(from, len, text)| (*from, *len, text.as_str())).collect();
            let ((sibling, others), (text, copies)) = (made(base.as_bytes(), &one), made(base.as_bytes(), &other));
            let mut shared = Vec::new();
            compare((&sibling, &others), (&text, &copies), &mut shared);
            let mut end = 0;
            for copy in shared {
                prop_assert!(copy.len > 0 && copy.at >= end);
                end = copy.at + copy.len;
                prop_assert_eq!(&text[copy.at..end], &sibling[copy.from..copy.from + copy.len]);
            }
            prop_assert!(end <= text.len());
        }
    }
}
