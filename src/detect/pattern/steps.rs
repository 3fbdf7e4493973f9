//! A small backtracking matcher for the expressions of rules.
//!
//! A rule mostly says: this literal, so many characters of a class, a boundary. Steps for that are
//! made in microseconds, where an automaton takes a hundred times as long, and a scan asks
//! hundreds of rules a few times each. What this cannot do, or cannot do quickly, is said, and the
//! `regex-automata` crate does it; both find the same, which tests hold them to.
//!
//! Must not know windows, keywords or rules.

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use super::Found;
use crate::text::Span;

/// Most steps of one expression: longer ones are left to automata.
const MAX_STEPS: usize = 400;
/// Tries in one search, after which it is left to automata: enough for any sane text, and over in
/// a few dozen microseconds.
const FUEL: usize = 20_000;
/// Bytes of a repetition that a quick look asks for.
const QUICK: usize = 4;

/// An expression as steps.
#[derive(Debug)]
pub(crate) struct Steps {
    steps: Vec<Step>,
    sets: Vec<[bool; 256]>,
}

#[derive(Clone, Debug)]
enum Step {
    /// These bytes.
    Bytes(Box<[u8]>),
    /// So many bytes of a set, as many as possible first, or as few.
    Repeat { set: usize, least: usize, most: usize, greedy: bool },
    /// Goes on at the first, and if that fails at the second.
    Split(usize, usize),
    /// Goes on elsewhere.
    Jump(usize),
    /// The start (0) or the end (1) of the secret.
    Save(usize),
    /// What stands around the place.
    Look(Look),
    /// The end of the expression.
    End,
}

/// It would take too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooHard;

/// What is tried when something fails.
enum Retry {
    At(usize, usize),
    /// A greedy repetition that may give back down to the first place; it stands at the second.
    Fewer(usize, usize, usize),
    /// A lazy repetition at a step that may take more; with what it has taken.
    More(usize, usize, usize),
    Restore(usize, usize),
}

/// No place.
const NOWHERE: usize = usize::MAX;

impl Steps {
    /// The steps of an expression; `None` if it has what this cannot do.
    pub(crate) fn new(hir: &Hir) -> Option<Self> {
        Self::with_group(hir, secret_group(hir))
    }

    /// The same, where the secret is what the group of this number matches.
    pub(crate) fn with_group(hir: &Hir, group: u32) -> Option<Self> {
        let mut steps = Self { steps: Vec::new(), sets: Vec::new() };
        steps.add(hir, group)?;
        steps.push(Step::End)?;
        Some(steps)
    }

    fn push(&mut self, step: Step) -> Option<usize> {
        self.steps.push(step);
        (self.steps.len() <= MAX_STEPS).then(|| self.steps.len() - 1)
    }

    fn add(&mut self, hir: &Hir, group: u32) -> Option<()> {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => {
                self.push(Step::Bytes(literal.0.clone()))?;
            }
            HirKind::Class(class) => self.repeat(class, 1, 1, true)?,
            HirKind::Look(look) => {
                is_known(*look).then_some(())?;
                self.push(Step::Look(*look))?;
            }
            HirKind::Repetition(repetition) => self.repetition(repetition, group)?,
            HirKind::Capture(capture) if capture.index == group => {
                self.push(Step::Save(0))?;
                self.add(&capture.sub, group)?;
                self.push(Step::Save(1))?;
            }
            HirKind::Capture(capture) => self.add(&capture.sub, group)?,
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.add(part, group))?,
            HirKind::Alternation(branches) => {
                let (last, others) = branches.split_last()?;
                let mut ends = Vec::new();
                for branch in others {
                    let split = self.push(Step::Split(0, 0))?;
                    self.add(branch, group)?;
                    ends.push(self.push(Step::Jump(0))?);
                    self.steps[split] = Step::Split(split + 1, self.steps.len());
                }
                self.add(last, group)?;
                for end in ends {
                    self.steps[end] = Step::Jump(self.steps.len());
                }
            }
        }
        Some(())
    }

    fn repeat(&mut self, class: &Class, least: usize, most: usize, greedy: bool) -> Option<()> {
        let class = match class {
            Class::Bytes(class) => class.clone(),
            Class::Unicode(class) => class.to_byte_class()?,
        };
        let mut set = [false; 256];
        for range in class.ranges() {
            for byte in range.start()..=range.end() {
                set[usize::from(byte)] = true;
            }
        }
        let place = self.sets.iter().position(|held| *held == set).unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        });
        self.push(Step::Repeat { set: place, least, most, greedy })?;
        Some(())
    }

    fn repetition(&mut self, repetition: &Repetition, group: u32) -> Option<()> {
        let least = repetition.min as usize;
        let most = repetition.max.map_or(usize::MAX, |most| most as usize);
        let split = |first: usize, second: usize| {
            if repetition.greedy { Step::Split(first, second) } else { Step::Split(second, first) }
        };
        if let HirKind::Class(class) = repetition.sub.kind() {
            return self.repeat(class, least, most, repetition.greedy);
        }
        // Turns that take nothing would go on for ever.
        if repetition.sub.properties().minimum_len() == Some(0) {
            return None;
        }
        for _ in 0..least {
            self.add(&repetition.sub, group)?;
        }
        if most == usize::MAX {
            let turn = self.push(Step::Jump(0))?;
            self.add(&repetition.sub, group)?;
            self.push(Step::Jump(turn))?;
            self.steps[turn] = split(turn + 1, self.steps.len());
            return Some(());
        }
        let mut splits = Vec::new();
        for _ in least..most {
            splits.push(self.push(Step::Jump(0))?);
            self.add(&repetition.sub, group)?;
        }
        for place in splits {
            self.steps[place] = split(place + 1, self.steps.len());
        }
        Some(())
    }

    /// False if no match begins at `at`; costs a few comparisons.
    pub(crate) fn may_begin(&self, text: &[u8], mut at: usize) -> bool {
        for step in &self.steps {
            match step {
                Step::Save(_) => {}
                Step::Look(look) => {
                    if !holds(*look, text, at) {
                        return false;
                    }
                }
                Step::Bytes(bytes) => {
                    if !text.get(at..).is_some_and(|rest| rest.starts_with(bytes)) {
                        return false;
                    }
                    at += bytes.len();
                }
                Step::Repeat { set, least, most, .. } => {
                    let set = &self.sets[*set];
                    let asked = (*least).min(QUICK);
                    let some = text.get(at..at + asked);
                    if !some.is_some_and(|some| some.iter().all(|&byte| set[usize::from(byte)])) {
                        return false;
                    }
                    at += asked;
                    if asked != *most {
                        return true;
                    }
                }
                Step::Split(..) | Step::Jump(_) | Step::End => return true,
            }
        }
        true
    }

    /// The match that begins at `start`, and does not go beyond `end`.
    pub(crate) fn at(&self, text: &[u8], start: usize, end: usize) -> Result<Option<Found>, TooHard> {
        let mut fuel = FUEL;
        self.run(text, start, end, &mut Vec::new(), &mut fuel)
    }

    /// The first match that begins at or after `start`, and does not go beyond `end`.
    pub(crate) fn first(&self, text: &[u8], start: usize, end: usize) -> Result<Option<Found>, TooHard> {
        let (mut retries, mut fuel) = (Vec::new(), FUEL);
        for at in start..=end {
            if self.may_begin(text, at)
                && let Some(found) = self.run(text, at, end, &mut retries, &mut fuel)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn run(
        &self,
        text: &[u8],
        start: usize,
        end: usize,
        retries: &mut Vec<Retry>,
        fuel: &mut usize,
    ) -> Result<Option<Found>, TooHard> {
        retries.clear();
        let (mut step, mut at) = (0, start);
        let mut saved = [NOWHERE; 2];
        loop {
            *fuel = fuel.checked_sub(1).ok_or(TooHard)?;
            let next = match &self.steps[step] {
                Step::End => {
                    let whole = Span::new(start, at);
                    let secret = if saved.contains(&NOWHERE) { whole } else { Span::new(saved[0], saved[1]) };
                    return Ok(Some(Found { whole, secret }));
                }
                Step::Bytes(bytes) => {
                    let there = text[at..end].starts_with(bytes);
                    there.then(|| (step + 1, at + bytes.len()))
                }
                Step::Look(look) => holds(*look, text, at).then_some((step + 1, at)),
                Step::Save(slot) => {
                    retries.push(Retry::Restore(*slot, saved[*slot]));
                    saved[*slot] = at;
                    Some((step + 1, at))
                }
                Step::Jump(to) => Some((*to, at)),
                Step::Split(first, second) => {
                    retries.push(Retry::At(*second, at));
                    Some((*first, at))
                }
                Step::Repeat { set, least, most, greedy } => {
                    let most = (*most).min(end - at);
                    let wanted = if *greedy { most } else { (*least).min(most) };
                    let taken = self.run_of(*set, &text[at..at + wanted]);
                    if taken < *least {
                        None
                    } else {
                        if *greedy && taken > *least {
                            retries.push(Retry::Fewer(step + 1, at + least, at + taken));
                        } else if !*greedy && taken < most {
                            retries.push(Retry::More(step, at, taken));
                        }
                        Some((step + 1, at + taken))
                    }
                }
            };
            let next = next.or_else(|| self.retry(text, end, retries, &mut saved));
            let Some(next) = next else { return Ok(None) };
            (step, at) = next;
        }
    }

    /// Number of bytes that `text` begins with that are in a set.
    fn run_of(&self, set: usize, text: &[u8]) -> usize {
        let set = &self.sets[set];
        text.iter().position(|&byte| !set[usize::from(byte)]).unwrap_or(text.len())
    }

    /// Where to go on after a failure.
    fn retry(
        &self,
        text: &[u8],
        end: usize,
        retries: &mut Vec<Retry>,
        saved: &mut [usize; 2],
    ) -> Option<(usize, usize)> {
        loop {
            match retries.pop()? {
                Retry::At(step, at) => return Some((step, at)),
                Retry::Restore(slot, value) => saved[slot] = value,
                Retry::Fewer(step, least, at) => {
                    let at = at - 1;
                    if at > least {
                        retries.push(Retry::Fewer(step, least, at));
                    }
                    return Some((step, at));
                }
                Retry::More(step, from, taken) => {
                    let Step::Repeat { set, most, .. } = &self.steps[step] else { continue };
                    let at = from + taken;
                    if at >= end || !self.sets[*set][usize::from(text[at])] {
                        continue;
                    }
                    if taken + 1 < *most {
                        retries.push(Retry::More(step, from, taken + 1));
                    }
                    return Some((step + 1, at + 1));
                }
            }
        }
    }
}

/// The number of the group named `secret`, else 1.
fn secret_group(hir: &Hir) -> u32 {
    match hir.kind() {
        HirKind::Capture(capture) if capture.name.as_deref() == Some("secret") => capture.index,
        HirKind::Capture(capture) => secret_group(&capture.sub),
        HirKind::Repetition(repetition) => secret_group(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(secret_group).find(|&group| group != 1).unwrap_or(1)
        }
        _ => 1,
    }
}

const fn is_known(look: Look) -> bool {
    matches!(
        look,
        Look::Start
            | Look::End
            | Look::StartLF
            | Look::EndLF
            | Look::StartCRLF
            | Look::EndCRLF
            | Look::WordAscii
            | Look::WordAsciiNegate
    )
}

fn holds(look: Look, text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| text.get(at)).copied();
    let after = text.get(at).copied();
    let word = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match look {
        Look::Start => before.is_none(),
        Look::End => after.is_none(),
        Look::StartLF => matches!(before, None | Some(b'\n')),
        Look::EndLF => matches!(after, None | Some(b'\n')),
        Look::StartCRLF => match before {
            None | Some(b'\n') => true,
            Some(b'\r') => after != Some(b'\n'),
            _ => false,
        },
        Look::EndCRLF => match after {
            None | Some(b'\r') => true,
            Some(b'\n') => before != Some(b'\r'),
            _ => false,
        },
        Look::WordAscii => word(before) != word(after),
        Look::WordAsciiNegate => word(before) == word(after),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
