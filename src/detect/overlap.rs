//! One secret, one match: where credential rules see the same bytes, the most specific speaks.
//!
//! What a guest sees ([`RuleSet::is_guest`]) never takes the place of what another rule sees: else whoever may only add
//! rules could add one that is laxer. It gives way to what is as strict, and is told beside what is not.
//!
//! Must not drop a match without another in its place.

use std::collections::BTreeMap;

use crate::{
    finding::{Confidence, Match, Structural},
    rule::{Detector, RuleSet},
    text::Span,
};

/// Risk number of rules that report secrets: only these compete.
const CREDENTIALS: u8 = 1;

/// Sorts matches by place and rule, and keeps the best of those whose secrets overlap.
pub(crate) fn resolve(rules: &RuleSet, matches: &mut Vec<Match>) {
    if matches.len() > 1 {
        let mut order: Vec<usize> = (0..matches.len()).collect();
        // Guests come last.
        order.sort_by_key(|&index| (rules.is_guest(matches[index].rule), rank(rules, &matches[index])));
        let (mut taken, mut taken_by_guests) = (Taken::new(), Taken::new());
        let mut keep = vec![true; matches.len()];
        for index in order {
            let one = &matches[index];
            if rules.rule(one.rule).risk.number() != CREDENTIALS || one.secret.is_empty() || one.is_on_file()
            {
                continue;
            }
            let guest = rules.is_guest(one.rule);
            let enough = |&(_, other): &(usize, usize)| is_as_strict(rules, &matches[other], one);
            let given_way = guest && overlapping(&taken, one.span).any(|other| enough(&other));
            let mine = if guest { &mut taken_by_guests } else { &mut taken };
            if given_way || overlapping(mine, one.span).next().is_some() {
                keep[index] = false;
            } else {
                mine.insert(one.span.start, (one.span.end, index));
            }
        }
        // A part is told with its secret: an id alone would be told twice.
        let kept = matches.iter().zip(&keep).filter(|(_, keep)| **keep);
        let parts: Vec<_> =
            kept.flat_map(|(one, _)| one.parts.iter().map(|part| (part, rules.is_guest(one.rule)))).collect();
        let told: Vec<bool> = matches
            .iter()
            .map(|one| {
                let credential = rules.rule(one.rule).risk.number() == CREDENTIALS
                    && !one.secret.is_empty()
                    && !one.is_on_file();
                let tells = |&(part, guest): &(&Span, bool)| {
                    part.contains(one.span) && (!guest || rules.is_guest(one.rule))
                };
                credential && one.parts.is_empty() && parts.iter().any(tells)
            })
            .collect();
        keep.iter_mut().zip(told).for_each(|(keep, told)| *keep &= !told);
        let mut kept = keep.iter();
        matches.retain(|_| kept.next().copied().unwrap_or(true));
    }
    matches.sort_by_key(|one| (one.span, one.rule));
    once_each(matches);
    matches.dedup_by(|later, earlier| later.span == earlier.span && later.rule == earlier.rule);
}

/// Where a rule sees the same setting more than once, by several of its keywords, it tells the one that begins first. They are
/// in the order of their places.
fn once_each(matches: &mut Vec<Match>) {
    let mut last: Vec<(u32, usize)> = Vec::new();
    matches.retain(|one| {
        if one.structure.as_ref().is_none_or(|structure| structure.part != Structural::LINE) {
            return true;
        }
        match last.iter_mut().find(|(rule, _)| *rule == one.rule) {
            Some((_, end)) if one.span.start < *end => return false,
            Some((_, end)) => *end = one.span.end,
            None => last.push((one.rule, one.span.end)),
        }
        true
    });
}

/// Where secrets begin that are told, with their end and the number of their match: disjoint.
type Taken = BTreeMap<usize, (usize, usize)>;

/// Those that overlap `span`, the last first.
fn overlapping(taken: &Taken, span: Span) -> impl Iterator<Item = (usize, usize)> {
    taken.range(..span.end).rev().map(|(_, &found)| found).take_while(move |&(end, _)| end > span.start)
}

/// Whether `one` stops whatever `other` would stop.
fn is_as_strict(rules: &RuleSet, one: &Match, other: &Match) -> bool {
    let severity = |one: &Match| {
        let own = rules.rule(one.rule).severity;
        one.at_most.map_or(own, |most| own.min(most))
    };
    rules.rule(one.rule).gate <= rules.rule(other.rule).gate
        && severity(one) >= severity(other)
        && one.confidence >= other.confidence
}

/// Smallest is best: no guess, fewest layers of encoding (a name counts as one more), a proof, a form before a name,
/// the surer, the longer.
fn rank(rules: &RuleSet, one: &Match) -> impl Ord + use<> {
    let by_name = matches!(rules.rule(one.rule).detector, Detector::Assignment(_));
    (
        // What a document says of a value is more than what the value says of itself.
        !one.is_structural(),
        one.confidence == Confidence::Low,
        one.decoded.len() + usize::from(by_name),
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
