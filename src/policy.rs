//! Insecure defaults and public storage, decided on structure: documents of blocks, and conditions on them.
//!
//! A file is parsed only if it is of a format that some rule is about and holds a word of such a rule. Only what is known to
//! be true is reported. Must not know git, files, the clock, the environment or threads.

mod called;
mod condition;
pub mod document;
pub mod format;
mod lent;
mod modules;
mod resolve;
mod settle;
mod view;

use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

use bstr::BStr;

use self::{
    condition::{Expressions, Ground, Here, Judge, Place, Truth, Verdict, is_kind},
    document::{Block, Steered},
    format::Format,
    resolve::{Found, World},
};
pub(crate) use self::{format::FOLDERS, resolve::asks_beside};
use crate::{
    finding::{Match, Severity, Structural},
    glob::Glob,
    origin::Beside,
    rule::{RuleSet, Structure},
    secret::Secret,
    text::{Fresh, Span, line_end},
};

/// Risk number of rules whose values are secrets.
const CREDENTIALS: u8 = 1;

/// Severity that what is missing reaches at most: nobody decided it, and a setting elsewhere may have.
const MISSING: Severity = Severity::Medium;

/// What is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Look<'l> {
    pub(crate) bytes: &'l [u8],
    pub(crate) path: &'l BStr,
    pub(crate) fresh: &'l Fresh,
    /// What lies beside it, and its path as its source writes it.
    pub(crate) beside: (&'l Beside, &'l BStr),
    /// Where the credential rules see something in a part of a text: this one, or one that stands for a part of it.
    pub(crate) secretlike: &'l dyn Fn(&[u8], Span) -> Option<Span>,
    /// Whether a rule is asked at all.
    pub(crate) asks: &'l dyn Fn(u32) -> bool,
}

/// The structural rules of a set, ready to be asked.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    /// Matches of rules, by the name of the format.
    formats: HashMap<String, Parts>,
    expressions: Expressions,
}

/// A match of a rule: the rule's place in the set, and the match's in the rule.
type Part = (u32, u32);

/// The matches of one format.
#[derive(Debug, Default)]
struct Parts {
    all: Vec<Part>,
    ready: OnceLock<Index>,
}

/// The matches of one format by what selects them.
#[derive(Debug, Default)]
struct Index {
    /// Words of which one is in every document that a match can be true of; `None` if there are matches without.
    words: Option<HashSet<String>>,
    /// Longer texts of the same use.
    texts: Vec<String>,
    by_kind: HashMap<String, Vec<Part>>,
    /// Matches of all kinds, or of kinds that begin with a word.
    others: Vec<Part>,
    globs: HashMap<Part, (Vec<Glob>, Vec<Glob>)>,
    /// Kinds are written in any case: they are held in small letters.
    any_case: bool,
}

impl Policy {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        let mut formats: HashMap<String, Parts> = HashMap::new();
        for (index, rule) in rules.iter().enumerate() {
            for (place, part) in rule.structures.iter().enumerate() {
                for format in part.formats.iter() {
                    formats.entry(format.to_string()).or_default().all.push((index as u32, place as u32));
                }
            }
        }
        Self { formats, expressions: Expressions::default() }
    }

    /// The format of a file, if some rule is about it.
    pub(crate) fn format(&self, bytes: &[u8], path: &BStr) -> Option<Format> {
        if self.formats.is_empty() {
            return None;
        }
        format::detect(path, bytes).filter(|format| self.formats.contains_key(format.judged_as().name()))
    }

    /// Whether a file of `format` holds any of the words that its rules need.
    pub(crate) fn may_speak(&self, rules: &RuleSet, bytes: &[u8], format: Format) -> bool {
        let judged = format.judged_as().name();
        let parts = self.formats.get(judged);
        parts.is_some_and(|parts| {
            gives_values(format, bytes)
                || resolve::is_terraform(format) && modules::may_call(bytes)
                || parts.ready.get_or_init(|| Index::new(rules, judged, &parts.all)).may_speak(bytes)
        })
    }

    /// Whether a rule decides on the structure of a file, so that what its pattern sees there does not count.
    pub(crate) fn decides(&self, rules: &RuleSet, rule: u32, (format, path): (Format, &BStr)) -> bool {
        self.formats.get(format.name()).is_some_and(|parts| {
            let index = parts.ready.get_or_init(|| Index::new(rules, format.name(), &parts.all));
            parts.all.iter().any(|&part| part.0 == rule && index.is_for(part, path))
        })
    }

    /// Adds what the rules find in a file of `format`. False if the document was given up, being too entangled.
    #[must_use]
    pub(crate) fn look(
        &self,
        rules: &RuleSet,
        look: Look<'_>,
        format: Format,
        matches: &mut Vec<Match>,
    ) -> bool {
        let judged = format.judged_as();
        let Some(parts) = self.formats.get(judged.name()) else { return true };
        if !parts.all.iter().any(|part| (look.asks)(part.0)) {
            return true;
        }
        let index = parts.ready.get_or_init(|| Index::new(rules, judged.name(), &parts.all));
        // Where everything is looked at, other files are judged by themselves.
        let changed = matches!(look.fresh, Fresh::Ranges(_)) && gives_values(format, look.bytes);
        let calls = resolve::is_terraform(judged) && modules::may_call(look.bytes);
        if !changed && !calls && !index.may_speak(look.bytes) {
            return true;
        }
        let document = format::parse(format, look.bytes);
        let world = World::new(look.bytes, (judged, &document), look.beside);
        let mut found = Matches { list: matches, seen: HashSet::new(), steered: &document.steered };
        let judge = Judge {
            world: &world,
            expressions: &self.expressions,
            secretlike: look.secretlike,
            seen: Cell::new(None),
        };
        // Values of variables are no blocks that rules are about.
        let own = if judged == format { document.blocks.as_slice() } else { &[] };
        for (at, written) in own.iter().enumerate() {
            let of_kind = index.of(&written.kind);
            let calls = calls && written.kind == "module";
            if of_kind.is_empty() && index.others.is_empty() && !calls {
                continue;
            }
            world.settled(at, &mut |block| {
                if calls {
                    called::look(rules, (look, &judge), index, ((block, None), &mut Vec::new()), &mut found);
                }
                for &part in of_kind.iter().chain(&index.others) {
                    if !world.is_spent() {
                        ask(rules, (look, &judge), (part, index), block, &mut found);
                    }
                }
            });
            if world.is_spent() {
                return false;
            }
        }
        let values = |block: &&Block| matches!(block.kind.as_str(), "variable" | "variables" | "locals");
        if changed && document.blocks.iter().filter(values).any(|block| look.fresh.touches(block.span)) {
            world.beside(&|block| index.is_about(rules, &block.kind), &mut |block| {
                if block.block.kind == "module" {
                    called::look(rules, (look, &judge), index, ((block, None), &mut Vec::new()), &mut found);
                }
                for &part in index.of(&block.block.kind).iter().chain(&index.others) {
                    if !world.is_spent() {
                        ask(rules, (look, &judge), (part, index), block, &mut found);
                    }
                }
            });
        }
        !world.is_spent()
    }
}

impl Index {
    fn new(rules: &RuleSet, format: &str, all: &[Part]) -> Self {
        let mut index = Self { any_case: matches!(format, "arm" | "bicep"), ..Self::default() };
        let mut words = Some(HashSet::new());
        for &part in all {
            let Some(structure) = part_of(rules, part) else { continue };
            if structure.keywords.is_empty() {
                let named = !structure.kinds.is_empty()
                    && structure.kinds.iter().all(|kind| is_written(format, kind));
                match &mut words {
                    Some(words) if named => {
                        words.extend(structure.kinds.iter().map(|kind| word_of(kind).to_owned()));
                    }
                    words => *words = None,
                }
            } else {
                index.texts.extend(structure.keywords.iter().map(ToString::to_string));
            }
            let exact = !structure.kinds.is_empty() && structure.kinds.iter().all(|kind| !kind.contains('*'));
            if exact {
                for kind in structure.kinds.iter() {
                    let kind = if index.any_case { kind.to_ascii_lowercase() } else { kind.to_string() };
                    let parts = index.by_kind.entry(kind).or_default();
                    if parts.last() != Some(&part) {
                        parts.push(part);
                    }
                }
            } else {
                index.others.push(part);
            }
            let globs = [&structure.files, &structure.not_files].map(|list| {
                list.iter().flat_map(|glob| Glob::parse(glob, true).unwrap_or_default()).collect()
            });
            let [files, not_files] = globs;
            if !structure.files.is_empty() || !structure.not_files.is_empty() {
                index.globs.insert(part, (files, not_files));
            }
        }
        index.texts.sort_unstable();
        index.texts.dedup();
        index.words = words;
        index
    }

    fn of(&self, kind: &str) -> &[Part] {
        let parts =
            if self.any_case { self.by_kind.get(&kind.to_ascii_lowercase()) } else { self.by_kind.get(kind) };
        parts.map_or(&[], Vec::as_slice)
    }

    /// Whether some rule is about blocks of a kind, or the kind leads to others.
    fn is_about(&self, rules: &RuleSet, kind: &str) -> bool {
        let of_kind = |part: &Part| {
            let structure = part_of(rules, *part);
            structure.is_some_and(|structure| {
                structure.kinds.is_empty() || structure.kinds.iter().any(|pattern| is_kind(pattern, kind))
            })
        };
        kind == "module" || !self.of(kind).is_empty() || self.others.iter().any(of_kind)
    }

    /// Whether the text holds a word of some rule.
    fn may_speak(&self, bytes: &[u8]) -> bool {
        let Some(words) = &self.words else { return true };
        let is_word =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.' | b'/');
        let longest = words.iter().map(String::len).max().unwrap_or(0);
        let in_words = longest > 0
            && bytes
                .split(|byte| !is_word(byte))
                .filter(|word| word.len() > 2 && word.len() <= longest)
                .any(|word| std::str::from_utf8(word).is_ok_and(|word| words.contains(word)));
        in_words || self.texts.iter().any(|text| memchr::memmem::find(bytes, text.as_bytes()).is_some())
    }

    fn is_for(&self, part: Part, path: &BStr) -> bool {
        self.globs.get(&part).is_none_or(|(files, not_files)| {
            (files.is_empty() || files.iter().any(|glob| glob.matches(path)))
                && !not_files.iter().any(|glob| glob.matches(path))
        })
    }
}

/// Whether a file gives values that blocks of other files may rest on.
fn gives_values(format: Format, bytes: &[u8]) -> bool {
    match format.judged_as() {
        judged if judged != format => true,
        judged => {
            resolve::is_terraform(judged)
                && ["locals", "variable"]
                    .iter()
                    .any(|word| memchr::memmem::find(bytes, word.as_bytes()).is_some())
        }
    }
}

/// The word by which a kind stands in a text.
fn word_of(kind: &str) -> &str {
    ["data.", "ephemeral.", "provider."].iter().find_map(|start| kind.strip_prefix(start)).unwrap_or(kind)
}

/// Whether the kind of a block stands in its file as a word of its own.
fn is_written(format: &str, kind: &str) -> bool {
    !kind.contains('*')
        && match format {
            "terraform" => true,
            "cloudformation" => kind.contains("::"),
            // Types of Azure are written in any case, and those inside others by their last part: every template is read.
            _ => false,
        }
}

fn part_of(rules: &RuleSet, (rule, part): Part) -> Option<&Structure> {
    rules.rule(rule).structures.get(part as usize)
}

/// Matches of a document, each rule and place once.
struct Matches<'m> {
    list: &'m mut Vec<Match>,
    seen: HashSet<(u32, usize, usize)>,
    /// Where the document may leave out something.
    steered: &'m [Steered],
}

/// What a match of a rule says of a block that is bad by it; what that rests on is what the world was touched at.
fn judged(
    structure: &Structure,
    (look, judge): (Look<'_>, &Judge<'_>),
    (part, index): (Part, &Index),
    asked: Found<'_>,
) -> Option<Verdict> {
    let block = asked.block;
    if !(look.asks)(part.0) {
        return None;
    }
    if !structure.kinds.is_empty() && !structure.kinds.iter().any(|kind| is_kind(kind, &block.kind)) {
        return None;
    }
    if !index.is_for(part, look.path) {
        return None;
    }
    judge.world.take_touched();
    let here = Here::block(block, asked.own);
    if structure.unless.as_ref().is_some_and(|unless| judge.ask(unless, here).truth != Truth::False) {
        return None;
    }
    let verdict = judge.ask(&structure.bad, here);
    (verdict.truth == Truth::True).then_some(verdict)
}

/// Asks one match of a rule about a block.
fn ask(
    rules: &RuleSet,
    (look, judge): (Look<'_>, &Judge<'_>),
    (part, index): (Part, &Index),
    asked: Found<'_>,
    found: &mut Matches<'_>,
) {
    let block = asked.block;
    let Some(structure) = part_of(rules, part) else { return };
    let Some(verdict) = judged(structure, (look, judge), (part, index), asked) else { return };
    let here = Here::block(block, asked.own);
    // What loops and conditions of the block rest on matters to what they make, not to what is missing.
    if verdict.ground == Ground::Written {
        judge.world.touch(asked);
    }
    let touched = judge.world.take_touched();
    let value = touched.into_iter().find(|&span| look.fresh.touches(span));
    if value.is_none() && !(asked.own && look.fresh.touches(block.span)) {
        return;
    }
    // What is bad by the default of a variable may not be so in any call.
    let ground = verdict.ground;
    let overridden = || {
        ground == Ground::Written
            && resolve::is_terraform(judge.world.format)
            && called::is_overridden(rules, (look, judge), (part, index), asked)
    };
    if !asked.own {
        // The block stands in another file: what is pointed at is what changed in this one.
        let Some(value) = value else { return };
        let span = look.fresh.first_in(value);
        let place = Place { span, value: Span::default(), element: String::new(), ground };
        return report(rules, (look, judge), (part, structure), (asked, overridden()), vec![place], found);
    }
    let mut places = verdict.places;
    if !structure.at.is_empty() {
        places = pointed_at(judge, structure, here).into_iter().collect();
    }
    if places.is_empty() {
        let header = Place {
            span: block.header,
            value: Span::default(),
            element: String::new(),
            ground: verdict.ground,
        };
        places.push(header);
    }
    report(rules, (look, judge), (part, structure), (asked, overridden()), places, found);
}

/// Adds what a match of a rule says of a block, at each of the places.
fn report(
    rules: &RuleSet,
    (look, judge): (Look<'_>, &Judge<'_>),
    (part, structure): (Part, &Structure),
    (asked, overridden): (Found<'_>, bool),
    places: Vec<Place>,
    found: &mut Matches<'_>,
) {
    let (rule, block) = (rules.rule(part.0), asked.block);
    for place in places {
        let whole = if asked.own { block.span } else { place.span };
        let written =
            place.ground == Ground::Written && !overridden && !is_optional(found.steered, block, place.span);
        let secret = if rule.risk.number() == CREDENTIALS {
            unquoted(look.bytes, place.value)
        } else {
            Span::default()
        };
        let value = if secret.is_empty() { first_line(look.bytes, place.span) } else { secret };
        let one = Match {
            rule: part.0,
            span: value,
            whole,
            depends: whole,
            parts: Vec::new(),
            secret: Secret::new(secret.of(look.bytes)),
            confidence: rule.confidence,
            proof: None,
            decoded: Vec::new(),
            note: note(structure, asked, (place.ground, written, overridden)),
            at_most: (place.ground != Ground::Written).then_some(MISSING),
            disproved: false,
            structure: Some(Box::new(Structural {
                part: part.1,
                written,
                identity: identity(asked, &place.element),
                lent: if rule.risk.number() == CREDENTIALS {
                    // Where the block is elsewhere, what is pointed at is what it is given.
                    lent::to(judge.world, &block.root, asked.own.then_some(place.span))
                } else {
                    Vec::new()
                },
            })),
        };
        if found.seen.insert((one.rule, one.span.start, one.span.end)) {
            found.list.push(one);
        }
    }
}

/// Whether a template may leave out a place in a block that is there.
fn is_optional(steered: &[Steered], block: &Block, place: Span) -> bool {
    let before = steered.partition_point(|one| one.from <= place.start);
    let since = before.checked_sub(1).and_then(|last| steered[last].since);
    since.is_some_and(|since| since > block.header.start)
}

/// The first place that the rule wants to be pointed at.
fn pointed_at(judge: &Judge<'_>, structure: &Structure, here: Here<'_>) -> Option<Place> {
    let mut place = None;
    for path in structure.at.iter() {
        judge.walk(here, &path.0, &mut |reached| {
            if let condition::Reached::Node(at) = reached
                && place.is_none()
            {
                place = at.place();
            }
        });
    }
    place
}

/// What tells a finding of the file from others, wherever in it the block stands.
fn identity(asked: Found<'_>, element: &str) -> String {
    let Block { kind, name, .. } = asked.block;
    if asked.own { format!("{kind}\0{name}\0{element}") } else { format!("{kind}\0{name}\0{}", asked.path) }
}

/// What the report says besides the rule's title.
fn note(
    structure: &Structure,
    asked: Found<'_>,
    (ground, written, overridden): (Ground, bool, bool),
) -> Option<String> {
    let block = asked.block;
    let mut note = match (block.kind.is_empty(), block.name.is_empty()) {
        (true, true) => String::new(),
        (false, false) => format!("{}.{}", block.kind, block.name),
        (_, true) => block.kind.clone(),
        (true, _) => block.name.clone(),
    };
    if !asked.own {
        note = format!("{note} in {}, which has this value", asked.path);
    }
    if !structure.note.is_empty() {
        note.push_str(if note.is_empty() { "" } else { ": " });
        note.push_str(&structure.note);
    }
    let hedge = match (ground, written) {
        (Ground::Written, true) => "",
        (Ground::Written, false) if overridden => "by a default that no call here uses",
        (Ground::Written, false) => "if its template has it so",
        _ => "not set",
    };
    if !hedge.is_empty() {
        note.push_str(if note.is_empty() { "" } else { ", " });
        note.push_str(hedge);
    }
    (!note.is_empty()).then_some(note)
}

/// A value without its quotes.
fn unquoted(bytes: &[u8], span: Span) -> Span {
    match span.of(bytes) {
        [b'"', .., b'"'] | [b'\'', .., b'\''] if span.len() > 1 => Span::new(span.start + 1, span.end - 1),
        _ => span,
    }
}

/// The part of a span that is on its first line.
fn first_line(bytes: &[u8], span: Span) -> Span {
    let end = line_end(&bytes[..span.end.min(bytes.len())], span.start);
    Span::new(span.start, end.max(span.start))
}

#[cfg(test)]
mod tests;
