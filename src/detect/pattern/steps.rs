//! A small backtracking matcher for the expressions of rules.
//!
//! A rule mostly says: this literal, so many characters of a class, a boundary. Steps for that are
//! made in microseconds, where an automaton takes a hundred times as long, and a scan asks
//! hundreds of rules a few times each. What this cannot do, or cannot do quickly, is said, and the
//! `regex-automata` crate does it; both find the same, which tests hold them to.
//!
//! Must not know windows, keywords or rules.

use std::{borrow::Cow, fmt};

use regex_syntax::hir::{Class, ClassBytes, Hir, HirKind, Look, Repetition};

use crate::text::Span;

/// Most steps of one expression: longer ones are left to automata.
const MAX_STEPS: usize = 1200;
/// Tries in one search, after which it is left to automata: enough for any sane text, and over in
/// a few dozen microseconds.
const FUEL: usize = 20_000;
/// Bytes of a repetition that a quick look asks for.
const QUICK: usize = 4;
/// Choices that a quick look follows one after the other.
const TURNS: u32 = 3;

/// What an expression matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The whole match.
    pub(crate) whole: Span,
    /// The secret group.
    pub(crate) secret: Span,
}

/// An expression as steps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) steps: Vec<Step>,
    /// The bytes that a match may begin with; none are named if one may be empty.
    pub(crate) begin: Option<Set>,
    /// Where the expression is a choice of many.
    starts: Option<Starts>,
}

/// The alternatives that an expression is a choice of, by the byte that they begin with.
#[derive(Debug, PartialEq, Eq)]
struct Starts {
    /// The step of the choice; only the start of the secret comes before it.
    place: usize,
    /// The alternatives, in their order, for each byte; and those alone that may begin inside a word.
    of_byte: Vec<[Box<[Start]>; 2]>,
    /// For each byte [`AT_WORD`] and [`INSIDE`], where one of them may begin with it.
    begin: Box<[u8; 256]>,
}

/// Where a word begins or ends.
const AT_WORD: u8 = 1;
/// Elsewhere.
const INSIDE: u8 = 2;

/// An alternative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Start {
    step: u16,
    /// Its first bytes as far as they are known, of up to four, and which of these are.
    head: u32,
    mask: u32,
}

impl Start {
    /// The one that begins with a step.
    fn of(steps: &Steps, step: usize) -> Self {
        let is_empty = |step: &&Step| matches!(step, Step::Save(_) | Step::Look(_));
        let (mut head, mut mask) = ([0; 4], [0; 4]);
        if let Some(Step::Bytes(bytes)) = steps.steps[step..].iter().find(|step| !is_empty(step)) {
            for ((head, mask), &byte) in head.iter_mut().zip(&mut mask).zip(bytes.iter()) {
                (*head, *mask) = (byte, u8::MAX);
            }
        }
        Self { step: step as u16, head: u32::from_le_bytes(head), mask: u32::from_le_bytes(mask) }
    }
}

/// A choice of fewer is gone through one by one.
const MANY: usize = 8;

impl Starts {
    fn of(steps: &Steps) -> Option<Self> {
        let place = usize::from(steps.steps.first() == Some(&Step::Save(0)));
        let (mut all, mut next) = (Vec::new(), place);
        while let Some(Step::Split(first, second, begin)) = steps.steps.get(next) {
            all.push((*first as u16, begin.as_ref()));
            next = *second;
        }
        if all.len() < MANY {
            return None;
        }
        let last = steps.first_bytes(next);
        all.push((next as u16, last.as_ref()));
        let begins_word =
            |first: u16| matches!(steps.steps.get(usize::from(first)), Some(Step::Look(Look::WordAscii)));
        let of_byte = |byte: u8| {
            let begins = all.iter().filter(|(_, begin)| begin.is_none_or(|begin| begin.holds(byte)));
            let begins: Box<[Start]> =
                begins.map(|(first, _)| Start::of(steps, usize::from(*first))).collect();
            let inside = begins.iter().copied().filter(|start| !begins_word(start.step)).collect();
            [begins, inside]
        };
        let of_byte: Vec<[Box<[Start]>; 2]> = (0..=u8::MAX).map(of_byte).collect();
        let mut begin = Box::new([0; 256]);
        for (begin, [all, inside]) in begin.iter_mut().zip(&of_byte) {
            let bit = |starts: &[Start], bit| if starts.is_empty() { 0 } else { bit };
            *begin = bit(all, AT_WORD) | bit(inside, INSIDE);
        }
        Some(Self { place, of_byte, begin })
    }

    /// The first place from `start` on and before `end` where one of them may begin.
    fn next(&self, text: &[u8], start: usize, end: usize) -> Option<usize> {
        let mut before = start.checked_sub(1).is_some_and(|place| is_word(text[place]));
        (start..end).zip(&text[start..end]).find_map(|(place, &byte)| {
            let word = is_word(byte);
            let begins = if std::mem::replace(&mut before, word) == word { INSIDE } else { AT_WORD };
            (self.begin[usize::from(byte)] & begins != 0).then_some(place)
        })
    }
}

/// A set of bytes: 1 for each that is in it.
#[derive(Clone)]
pub(crate) enum Set {
    /// Of a table.
    Known(&'static [u8; 256]),
    /// Of this run.
    Made(Box<[u8; 256]>),
}

impl Set {
    pub(crate) fn of(class: &ClassBytes) -> Self {
        let mut set = Box::new([0; 256]);
        for range in class.ranges() {
            for byte in range.start()..=range.end() {
                set[usize::from(byte)] = 1;
            }
        }
        Self::Made(set)
    }

    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8; 256] {
        match self {
            Self::Known(set) => set,
            Self::Made(set) => set,
        }
    }

    #[inline(always)]
    pub(crate) fn holds(&self, byte: u8) -> bool {
        self.bytes()[usize::from(byte)] != 0
    }
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Set {}

impl fmt::Debug for Set {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries((0..=u8::MAX).filter(|&byte| self.holds(byte))).finish()
    }
}

/// A step of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// These bytes.
    Bytes(Cow<'static, [u8]>),
    /// So many bytes of a set, as many as possible first, or as few.
    Repeat { set: Set, least: usize, most: usize, greedy: bool },
    /// Goes on at the first, and if that fails at the second; at once, if the first begins with another byte.
    Split(usize, usize, Option<Set>),
    /// Goes on elsewhere.
    Jump(usize),
    /// The start (0) or the end (1) of the secret.
    Save(usize),
    /// What stands around the place.
    Look(Look),
    /// The end of the expression.
    End,
}

/// The first bytes of every match of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) length: usize,
    /// The step behind them.
    step: usize,
    /// Whether a word begins or ends in front of them.
    word: bool,
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
        let mut steps = Self { steps: Vec::new(), begin: None, starts: None };
        steps.add(hir, group)?;
        steps.push(Step::End)?;
        steps.begin = steps.first_bytes(0);
        for place in 0..steps.steps.len() {
            if let Step::Split(first, ..) = steps.steps[place] {
                let bytes = steps.first_bytes(first);
                if let Step::Split(.., begin) = &mut steps.steps[place] {
                    *begin = bytes;
                }
            }
        }
        steps.starts = Starts::of(&steps);
        Some(steps)
    }

    /// The bytes that what matches from a step on may begin with; `None` if that may be nothing.
    fn first_bytes(&self, from: usize) -> Option<Set> {
        let mut begin = Box::new([0; 256]);
        let (mut seen, mut left) = (vec![false; self.steps.len()], vec![from]);
        while let Some(step) = left.pop() {
            if std::mem::replace(&mut seen[step], true) {
                continue;
            }
            match &self.steps[step] {
                Step::Bytes(bytes) => match bytes.first() {
                    Some(&first) => begin[usize::from(first)] = 1,
                    None => left.push(step + 1),
                },
                Step::Repeat { set, least, .. } => {
                    begin.iter_mut().zip(set.bytes()).for_each(|(begin, held)| *begin |= held);
                    if *least == 0 {
                        left.push(step + 1);
                    }
                }
                Step::Split(first, second, _) => left.extend([*first, *second]),
                Step::Jump(to) => left.push(*to),
                Step::Save(_) | Step::Look(_) => left.push(step + 1),
                Step::End => return None,
            }
        }
        Some(Set::Made(begin))
    }

    fn push(&mut self, step: Step) -> Option<usize> {
        self.steps.push(step);
        (self.steps.len() <= MAX_STEPS).then(|| self.steps.len() - 1)
    }

    fn add(&mut self, hir: &Hir, group: u32) -> Option<()> {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => {
                self.push(Step::Bytes(literal.0.to_vec().into()))?;
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
                    let split = self.push(Step::Split(0, 0, None))?;
                    self.add(branch, group)?;
                    ends.push(self.push(Step::Jump(0))?);
                    self.steps[split] = Step::Split(split + 1, self.steps.len(), None);
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
        self.push(Step::Repeat { set: Set::of(&class), least, most, greedy })?;
        Some(())
    }

    fn repetition(&mut self, repetition: &Repetition, group: u32) -> Option<()> {
        let least = repetition.min as usize;
        let most = repetition.max.map_or(usize::MAX, |most| most as usize);
        let split = |first: usize, second: usize| {
            let (first, second) = if repetition.greedy { (first, second) } else { (second, first) };
            Step::Split(first, second, None)
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
    pub(crate) fn may_begin(&self, text: &[u8], at: usize) -> bool {
        self.may_go_on(0, text, at, TURNS)
    }

    /// The same where it is known that what stands at `at` has the first bytes of every match.
    #[inline]
    pub(crate) fn may_begin_with(&self, head: Head, text: &[u8], at: usize) -> bool {
        (!head.word || holds(Look::WordAscii, text, at))
            && self.may_go_on(head.step, text, at + head.length, TURNS)
    }

    /// The first bytes of every match, if there are as many as `length`.
    pub(crate) fn head(&self, length: usize) -> Option<Head> {
        let (mut step, mut word, mut left) = (0, false, length);
        while left > 0 {
            match &self.steps[step] {
                Step::Save(_) => {}
                Step::Look(Look::WordAscii) if left == length => word = true,
                Step::Bytes(bytes) => left = left.checked_sub(bytes.len())?,
                Step::Repeat { least, most, .. } if least == most => left = left.checked_sub(*least)?,
                _ => return None,
            }
            step += 1;
        }
        Some(Head { length, step, word })
    }

    /// The same from a step on; `turns` bounds how many choices are followed.
    fn may_go_on(&self, mut step: usize, text: &[u8], mut at: usize, mut turns: u32) -> bool {
        loop {
            match &self.steps[step] {
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
                    let asked = (*least).min(QUICK);
                    let some = text.get(at..at + asked);
                    if !some.is_some_and(|some| some.iter().all(|&byte| set.holds(byte))) {
                        return false;
                    }
                    at += asked;
                    if asked != *most {
                        return true;
                    }
                }
                Step::Split(..) | Step::Jump(_) if turns == 0 => return true,
                Step::Jump(to) => {
                    (step, turns) = (*to, turns - 1);
                    continue;
                }
                Step::Split(..)
                    if let Some(starts) = self.starts_at(step)
                        && let Some(&byte) = text.get(at) =>
                {
                    return self.able(starts, byte, text, at).next().is_some();
                }
                Step::Split(first, second, begin) => {
                    turns -= 1;
                    let fits = |begin: &Set| text.get(at).is_some_and(|&byte| begin.holds(byte));
                    if begin.as_ref().is_none_or(fits) && self.may_go_on(*first, text, at, turns) {
                        return true;
                    }
                    step = *second;
                    continue;
                }
                Step::End => return true,
            }
            step += 1;
        }
    }

    /// The alternatives, if the choice of many is at a step.
    fn starts_at(&self, step: usize) -> Option<&Starts> {
        self.starts.as_ref().filter(|starts| starts.place == step)
    }

    /// The alternatives that may match at `at`, where `byte` stands, in their order.
    fn able<'s>(
        &'s self,
        starts: &'s Starts,
        byte: u8,
        text: &'s [u8],
        at: usize,
    ) -> impl DoubleEndedIterator<Item = usize> + 's {
        let mut four = [0; 4];
        four.iter_mut().zip(&text[at..]).for_each(|(one, &byte)| *one = byte);
        let four = u32::from_le_bytes(four);
        let able = move |&next: &usize| self.may_go_on(next, text, at, TURNS);
        // Most places are inside a word, where most of them need not be asked.
        let inside = usize::from(!holds(Look::WordAscii, text, at));
        let starts = starts.of_byte[usize::from(byte)][inside].iter();
        let starts = starts.filter(move |start| (four ^ start.head) & start.mask == 0);
        starts.map(|start| usize::from(start.step)).filter(able)
    }

    /// The match that begins at `start`, and does not go beyond `end`.
    pub(crate) fn at(&self, text: &[u8], start: usize, end: usize) -> Result<Option<Found>, TooHard> {
        let mut fuel = FUEL;
        self.run(text, start, end, &mut Vec::new(), &mut fuel)
    }

    /// The first match that begins at `start` or behind it, at `last` the latest, and does not go beyond `end`.
    pub(crate) fn first(
        &self,
        text: &[u8],
        (start, last): (usize, usize),
        end: usize,
    ) -> Result<Option<Found>, TooHard> {
        let (mut retries, mut fuel) = (Vec::new(), FUEL);
        let mut at = start;
        while at <= last {
            let high = end.min(last + 1);
            if let (Some(starts), Some(_)) = (&self.starts, &self.begin) {
                let Some(next) = starts.next(text, at, high) else { break };
                at = next;
            } else if let Some(begin) = &self.begin {
                let Some(skipped) = text[at..high].iter().position(|&byte| begin.holds(byte)) else { break };
                at += skipped;
            }
            if self.may_begin(text, at)
                && let Some(found) = self.run(text, at, end, &mut retries, &mut fuel)?
            {
                return Ok(Some(found));
            }
            at += 1;
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
                    // Where there is nothing to go back to, nobody asks what it was.
                    if !retries.is_empty() {
                        retries.push(Retry::Restore(*slot, saved[*slot]));
                    }
                    saved[*slot] = at;
                    Some((step + 1, at))
                }
                Step::Jump(to) => Some((*to, at)),
                Step::Split(..)
                    if let Some(starts) = self.starts_at(step)
                        && let Some(&byte) = text[..end].get(at) =>
                {
                    retries.extend(self.able(starts, byte, text, at).rev().map(|next| Retry::At(next, at)));
                    self.retry(text, end, retries, &mut saved)
                }
                Step::Split(_, second, Some(begin))
                    if !text[..end].get(at).is_some_and(|&byte| begin.holds(byte)) =>
                {
                    Some((*second, at))
                }
                Step::Split(first, second, _) => {
                    retries.push(Retry::At(*second, at));
                    Some((*first, at))
                }
                Step::Repeat { set, least, most, greedy } => {
                    let most = (*most).min(end - at);
                    let wanted = if *greedy { most } else { (*least).min(most) };
                    let taken = run_of(set, &text[at..at + wanted]);
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
                    if at >= end || !set.holds(text[at]) {
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

/// Number of bytes that `text` begins with that are in a set.
fn run_of(set: &Set, text: &[u8]) -> usize {
    text.iter().position(|&byte| !set.holds(byte)).unwrap_or(text.len())
}

/// Reads what `write` has written; what was never written reads as `None`.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) bytes: &'static [u8],
    pub(crate) sets: &'static [[u8; 256]],
}

impl Reader {
    pub(crate) fn number(&mut self) -> Option<usize> {
        let mut number = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= usize::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number.wrapping_sub(1));
            }
        }
        None
    }

    pub(crate) fn set(&mut self) -> Option<Set> {
        let place = self.number()?;
        self.sets.get(place).map(Set::Known)
    }

    pub(crate) fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.number()? {
            0 => Some(None),
            _ => read(self).map(Some),
        }
    }
}

/// Look-arounds that steps know, by the number that they are written as.
pub(crate) const LOOKS: [Look; 8] = [
    Look::Start,
    Look::End,
    Look::StartLF,
    Look::EndLF,
    Look::StartCRLF,
    Look::EndCRLF,
    Look::WordAscii,
    Look::WordAsciiNegate,
];

impl Steps {
    /// Reads steps of a table.
    pub(crate) fn read(from: &mut Reader) -> Option<Self> {
        let count = from.number()?;
        let mut steps = Vec::with_capacity(count.min(MAX_STEPS + 1));
        for _ in 0..count {
            steps.push(match from.number()? {
                0 => {
                    let length = from.number()?;
                    let (bytes, rest) = from.bytes.split_at_checked(length)?;
                    from.bytes = rest;
                    Step::Bytes(Cow::Borrowed(bytes))
                }
                kind @ (1 | 2) => Step::Repeat {
                    set: from.set()?,
                    least: from.number()?,
                    most: from.number()?,
                    greedy: kind == 2,
                },
                3 => Step::Split(from.number()?, from.number()?, from.optional(Reader::set)?),
                4 => Step::Jump(from.number()?),
                5 => Step::Save(from.number()?),
                6 => Step::Look(*LOOKS.get(from.number()?)?),
                _ => Step::End,
            });
        }
        let begin = from.optional(Reader::set)?;
        let mut steps = Self { steps, begin, starts: None };
        steps.starts = Starts::of(&steps);
        Some(steps)
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

fn is_known(look: Look) -> bool {
    LOOKS.contains(&look)
}

/// Whether a byte belongs to a word, as look-arounds have it.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[inline]
fn holds(look: Look, text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| text.get(at)).copied();
    let after = text.get(at).copied();
    let word = |byte: Option<u8>| byte.is_some_and(is_word);
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

// `build.rs` reads this file from another place.
#[cfg(test)]
#[path = "steps/tests.rs"]
mod tests;
