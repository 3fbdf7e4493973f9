//! The alternatives that an expression is a choice of, and the keywords that each of them has for itself.
//!
//! A rule with a hundred keywords is a choice of many expressions, each of which has a few of them in every match. So a hit of a
//! keyword need ask those only that cannot match without it. `build.rs` uses this, too. Must not search.

use regex_syntax::hir::{Capture, Class, ClassBytes, Hir, HirKind, Repetition};

use super::Pattern;

/// Fewer alternatives than that are left together: going through them is cheap.
const MANY: usize = 5;
/// More are, too: no rule that was written by hand has so many.
const TOO_MANY: usize = 256;
/// Most texts that a part of an expression is written out as.
const MAX_TEXTS: usize = 128;
/// Most bytes of one: no keyword that begins behind them is looked for.
const MAX_TEXT: usize = 128;
/// Most bytes of a class, and most turns of a repetition, that are written out.
const MAX_WAYS: usize = 4;

/// Keywords of which every match of an expression has one at a known distance.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Lead {
    /// Their numbers among those of the rule, in order.
    pub(crate) keywords: Vec<usize>,
    /// Least bytes of a match before its keyword.
    pub(crate) least: usize,
    /// Most of them.
    pub(crate) most: usize,
}

/// The alternatives of an expression, with the keywords that each has in all of its matches; what has the same ones stays together. An
/// expression that is no choice of many, or has an alternative without a keyword of its own, is the only one.
pub(crate) fn alternatives(hir: Hir, rule: &Pattern) -> Vec<(Hir, Option<Lead>)> {
    let is_choice = (MANY..=TOO_MANY).contains(&choices(&hir));
    let parts = if is_choice { split(&hir) } else { Vec::new() };
    let leads: Option<Vec<Lead>> = parts.iter().map(|part| lead(part, rule)).collect();
    let mut groups: Vec<(Vec<Hir>, Lead)> = Vec::new();
    for (part, lead) in parts.into_iter().zip(leads.into_iter().flatten()) {
        match groups.iter_mut().find(|(_, known)| known.keywords == lead.keywords) {
            Some((group, known)) => {
                group.push(part);
                (known.least, known.most) = (known.least.min(lead.least), known.most.max(lead.most));
            }
            None => groups.push((vec![part], lead)),
        }
    }
    if groups.len() < 2 {
        let lead = lead(&hir, rule);
        return vec![(hir, lead)];
    }
    groups.into_iter().map(|(group, lead)| (joined(group), Some(lead))).collect()
}

/// The choice of all of `group`. What they end with in common is there once.
fn joined(mut group: Vec<Hir>) -> Hir {
    let capture = |hir: &Hir| match hir.kind() {
        HirKind::Capture(Capture { index, name, .. }) => Some((*index, name.clone())),
        _ => None,
    };
    if let [first, others @ ..] = &group[..]
        && !others.is_empty()
        && let Some((index, name)) = capture(first)
        && others.iter().all(|other| capture(other).is_some_and(|(other, _)| other == index))
    {
        let inner = group.into_iter().filter_map(|hir| match hir.into_kind() {
            HirKind::Capture(capture) => Some(*capture.sub),
            _ => None,
        });
        let sub = Box::new(joined(inner.collect()));
        return Hir::capture(Capture { index, name, sub });
    }
    let parts = |hir: &Hir| match hir.kind() {
        HirKind::Concat(parts) => parts.clone(),
        _ => vec![hir.clone()],
    };
    let lists: Vec<Vec<Hir>> = group.iter().map(parts).collect();
    let [first, others @ ..] = &lists[..] else { return Hir::alternation(group) };
    let in_common = |other: &Vec<Hir>| {
        first.iter().rev().zip(other.iter().rev()).take_while(|(part, other)| part == other).count()
    };
    let Some(count) = others.iter().map(in_common).min().filter(|&count| count > 0) else {
        return Hir::alternation(group);
    };
    let end = first[first.len() - count..].to_vec();
    group = lists.iter().map(|parts| Hir::concat(parts[..parts.len() - count].to_vec())).collect();
    Hir::concat([Hir::alternation(group)].into_iter().chain(end).collect())
}

/// How many expressions [`split`] would make.
fn choices(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Alternation(branches) => branches.iter().map(choices).sum(),
        HirKind::Capture(capture) => choices(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(choices).find(|&count| count > 1).unwrap_or(1),
        _ => 1,
    }
}

/// The expressions that `hir` is a choice of, in its order, down to the first choice of each.
fn split(hir: &Hir) -> Vec<Hir> {
    match hir.kind() {
        HirKind::Alternation(branches) => branches.iter().flat_map(split).collect(),
        HirKind::Capture(Capture { index, name, sub }) => {
            let around =
                |sub: Hir| Hir::capture(Capture { index: *index, name: name.clone(), sub: Box::new(sub) });
            split(sub).into_iter().map(around).collect()
        }
        HirKind::Concat(parts) => {
            let choice = parts.iter().enumerate().map(|(place, part)| (place, split(part)));
            let Some((place, choice)) = choice.into_iter().find(|(_, choice)| choice.len() > 1) else {
                return vec![hir.clone()];
            };
            let around = |part: Hir| {
                let after = parts[place + 1..].iter().cloned();
                Hir::concat(parts[..place].iter().cloned().chain([part]).chain(after).collect())
            };
            choice.into_iter().map(around).collect()
        }
        _ => vec![hir.clone()],
    }
}

/// The first part of every match that has one of the rule's keywords, if there is one.
fn lead(hir: &Hir, rule: &Pattern) -> Option<Lead> {
    let mut items = Vec::new();
    flatten(hir, &mut items);
    let mut lead = Lead::default();
    for place in 0..items.len() {
        let texts = sequence(&items[place..], rule.ignore_case);
        let found: Option<Vec<_>> = texts.iter().map(|text| longest_keyword(&text.bytes, rule)).collect();
        if let Some(found) = found.filter(|found| !found.is_empty()) {
            lead.keywords = found.iter().map(|(keyword, _)| *keyword).collect();
            lead.keywords.sort_unstable();
            lead.keywords.dedup();
            let offsets = || found.iter().map(|(_, offset)| *offset);
            lead.least = lead.least.saturating_add(offsets().min()?);
            lead.most = lead.most.saturating_add(offsets().max()?);
            return Some(lead);
        }
        let properties = items[place].properties();
        lead.least = lead.least.saturating_add(properties.minimum_len()?);
        lead.most = lead.most.saturating_add(properties.maximum_len().unwrap_or(usize::MAX));
    }
    None
}

/// The longest keyword in `text`: the rarest. With its place there.
fn longest_keyword(text: &[u8], rule: &Pattern) -> Option<(usize, usize)> {
    let folded = if rule.ignore_case { text.to_ascii_lowercase() } else { text.to_vec() };
    let found = rule.keywords.iter().enumerate().filter_map(|(number, keyword)| {
        let keyword = if rule.ignore_case { keyword.to_ascii_lowercase() } else { keyword.to_string() };
        Some((number, memchr::memmem::find(&folded, keyword.as_bytes())?))
    });
    found.max_by_key(|(number, place)| (rule.keywords[*number].len(), std::cmp::Reverse(*place)))
}

/// The items that a match is a sequence of; groups are looked through.
pub(super) fn flatten<'h>(hir: &'h Hir, items: &mut Vec<&'h Hir>) {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().for_each(|part| flatten(part, items)),
        HirKind::Capture(capture) => flatten(&capture.sub, items),
        HirKind::Empty => {}
        _ => items.push(hir),
    }
}

/// What a match begins with.
#[derive(Clone, Debug, Default)]
struct Text {
    bytes: Vec<u8>,
    /// Whether anything may follow, so that no more can be said.
    ends: bool,
}

/// All that the sequence of `items` begins with, as far as it can be written out.
fn sequence(items: &[&Hir], fold: bool) -> Vec<Text> {
    let mut texts = vec![Text::default()];
    for item in items {
        let next = written_out(item, fold);
        let nothing = [Text::default()];
        let longer = texts.iter().flat_map(|text| {
            let nexts = if text.ends { &nothing[..] } else { &next };
            nexts.iter().map(move |next| Text {
                bytes: [&text.bytes[..], &next.bytes].concat(),
                ends: text.ends || next.ends || text.bytes.len() + next.bytes.len() > MAX_TEXT,
            })
        });
        let longer: Vec<Text> = longer.take(MAX_TEXTS + 1).collect();
        if longer.len() > MAX_TEXTS {
            texts.iter_mut().for_each(|text| text.ends = true);
            break;
        }
        texts = longer;
        if texts.iter().all(|text| text.ends) {
            break;
        }
    }
    texts
}

/// All that one item begins with.
fn written_out(item: &Hir, fold: bool) -> Vec<Text> {
    let whole = |bytes: Vec<u8>| Text { bytes, ends: false };
    let anything = || vec![Text { ends: true, ..Text::default() }];
    let texts = match item.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![Text::default()],
        HirKind::Literal(literal) => vec![whole(literal.0.to_vec())],
        HirKind::Class(Class::Bytes(class)) => match folded_letter(class).filter(|_| fold) {
            Some(letter) => vec![whole(vec![letter])],
            None => {
                let bytes = class.ranges().iter().flat_map(|range| range.start()..=range.end());
                let bytes: Vec<u8> = bytes.take(MAX_WAYS + 1).collect();
                if bytes.len() > MAX_WAYS {
                    return anything();
                }
                bytes.into_iter().map(|byte| whole(vec![byte])).collect()
            }
        },
        HirKind::Class(Class::Unicode(_)) => anything(),
        HirKind::Capture(capture) => written_out(&capture.sub, fold),
        HirKind::Repetition(Repetition { min, max, sub, .. }) => {
            let bounded = max.map(|max| max as usize).filter(|&max| max < MAX_WAYS);
            let turns = |count: usize| sequence(&vec![&**sub; count], fold);
            match bounded {
                Some(max) => (*min as usize..=max).flat_map(turns).collect(),
                None => {
                    let mut texts = turns((*min as usize).min(MAX_WAYS));
                    texts.iter_mut().for_each(|text| text.ends = true);
                    texts
                }
            }
        }
        HirKind::Concat(parts) => sequence(&parts.iter().collect::<Vec<_>>(), fold),
        HirKind::Alternation(branches) => {
            branches.iter().flat_map(|branch| written_out(branch, fold)).collect()
        }
    };
    if texts.len() > MAX_TEXTS { anything() } else { texts }
}

/// The lower-case letter that `[Aa]` stands for.
fn folded_letter(class: &ClassBytes) -> Option<u8> {
    match class.ranges() {
        [upper, lower]
            if upper.start() == upper.end()
                && lower.start() == lower.end()
                && upper.start().to_ascii_lowercase() == lower.start()
                && upper.start().is_ascii_uppercase() =>
        {
            Some(lower.start())
        }
        _ => None,
    }
}

// `build.rs` reads this file from another place.
#[cfg(test)]
#[path = "choice/tests.rs"]
mod tests;
