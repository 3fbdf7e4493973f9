//! One secret, one match: where credential rules see the same bytes, the most specific speaks.
//!
//! Must not drop a match without another in its place.

use crate::{
    finding::Match,
    rule::{Detector, RuleSet},
};

/// Risk number of rules that report secrets: only these compete.
const CREDENTIALS: u8 = 1;

/// Sorts matches by place and rule, and keeps the best of those whose secrets overlap.
pub(crate) fn resolve(rules: &RuleSet, matches: &mut Vec<Match>) {
    if matches.len() > 1 {
        let mut order: Vec<usize> = (0..matches.len()).collect();
        order.sort_by_key(|&index| rank(rules, &matches[index]));
        let mut taken = std::collections::BTreeMap::new();
        let mut keep = vec![true; matches.len()];
        for index in order {
            let one = &matches[index];
            if rules.rule(one.rule).risk.number() != CREDENTIALS || one.secret.is_empty() {
                continue;
            }
            // Spans taken so far are disjoint: only the last that begins before the end can overlap.
            let before = taken.range(..one.span.end).next_back();
            if before.is_some_and(|(_, &end): (&usize, &usize)| end > one.span.start) {
                keep[index] = false;
            } else {
                taken.insert(one.span.start, one.span.end);
            }
        }
        // A part is told with its secret: an id alone would be told twice.
        let parts: Vec<_> =
            matches.iter().zip(&keep).filter(|(_, keep)| **keep).flat_map(|(one, _)| &one.parts).collect();
        let told: Vec<bool> = matches
            .iter()
            .map(|one| {
                let credential = rules.rule(one.rule).risk.number() == CREDENTIALS && !one.secret.is_empty();
                credential && one.parts.is_empty() && parts.iter().any(|part| part.contains(one.span))
            })
            .collect();
        keep.iter_mut().zip(told).for_each(|(keep, told)| *keep &= !told);
        let mut kept = keep.iter();
        matches.retain(|_| kept.next().copied().unwrap_or(true));
    }
    matches.sort_by_key(|one| (one.span, one.rule));
    matches.dedup_by(|later, earlier| later.span == earlier.span && later.rule == earlier.rule);
}

/// Smallest is best: fewest layers of encoding, a proof, a form before a name, the surer, the longer.
fn rank(rules: &RuleSet, one: &Match) -> impl Ord + use<> {
    let by_name = matches!(rules.rule(one.rule).detector, Detector::Assignment(_));
    (
        // What a document says of a value is more than what the value says of itself.
        !one.is_structural(),
        one.decoded.len(),
        one.parts.is_empty(),
        one.proof.is_none(),
        by_name,
        std::cmp::Reverse(one.confidence),
        std::cmp::Reverse(one.span.len()),
        one.span.start,
        one.rule,
        // Two names may bind the same value: which was met first depends on what is fresh.
        one.whole,
        one.depends,
    )
}
