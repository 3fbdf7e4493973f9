//! The detection core: a pure function of bytes, path, fresh ranges and rule set.
//!
//! Keywords first (`prefilter`), then what their rules make of the place: an expression on a
//! window (`pattern`), a value behind its provider's name (`bound`) or the value given to a name (`assignment`, `judge`); then entropy,
//! placeholders and offline proofs (`check`); the same again in encoded text (`decode`);
//! last, one match a secret (`overlap`).
//!
//! Must not know git, files, the clock, the environment or threads.

pub(crate) mod assignment;
mod block;
pub(crate) mod bound;
mod builtin;
mod carry;
pub mod check;
mod class;
pub(crate) mod decode;
pub mod encoding;
pub mod entropy;
mod gram;
pub mod judge;
pub(crate) mod overlap;
mod parts;
pub(crate) mod pattern;
pub(crate) mod prefilter;
mod profile;
mod providers;
pub mod study;
pub(crate) mod words;

pub use carry::{Change, Kept};

use std::sync::{Arc, OnceLock};

use bstr::{BStr, BString, ByteSlice as _};

use crate::{
    detect::{
        assignment::{Behind, Candidate, Column, Given},
        check::Proof,
        decode::Decoded,
        encoding::Encoded,
        gram::{Keyword, Table},
        judge::{
            Classifier,
            place::{Language, Place},
        },
        pattern::{Engine, Memo},
        prefilter::Prefilter,
        providers::Providers,
    },
    finding::{Confidence, Encoding, Match, Severity, Structural},
    glob::{Glob, GlobMap},
    origin::{Beside, Kind},
    policy::{self, Look, Policy},
    rule::{Assignment, Bound, Detector, FileRule, Pattern, Rule, RuleSet},
    secret::Secret,
    text::{Fresh, Span},
};

/// What is scanned.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'s> {
    /// The content.
    pub bytes: &'s [u8],
    /// The path that rules see.
    pub path: &'s BStr,
    /// What kind of text it is.
    pub kind: Kind,
    /// The parts that are new.
    pub fresh: &'s Fresh,
    /// Whether rules on the name apply.
    pub new_name: bool,
    /// Whether the owner may execute it.
    pub executable: bool,
    /// What lies beside it, and its path as its source writes it. Without, it is not judged on structure: a part of a file
    /// does not show what is absent.
    pub beside: Option<(&'s Beside, &'s BStr)>,
}

/// What a scan counted besides its matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Matches dropped because an offline proof failed.
    pub disproved: u64,
    /// Whether structural rules gave the document up, so that nothing is known of a part of it.
    pub given_up: bool,
}

/// How far a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of encoding that are unwrapped.
    pub decode_depth: u8,
}

impl Default for Limits {
    /// Two levels: a token in JSON in base64 is common, a third level is not.
    fn default() -> Self {
        Self { decode_depth: 2 }
    }
}

/// A rule set made ready for scanning: immutable, shared by all threads.
#[derive(Debug)]
pub struct Scanner {
    rules: Arc<RuleSet>,
    limits: Limits,
    near: Keywords,
    /// Keywords of rules whose matches span lines, for looking back beyond a fresh range.
    far: Keywords,
    /// What is made of a rule at the first hit of one of its keywords.
    ready: Vec<OnceLock<Box<Ready>>>,
    /// Names of file rules, put together when first needed.
    files: OnceLock<GlobMap<u32>>,
    policy: Policy,
    /// What the paths of a history make of the rules, for those who ask.
    classes: OnceLock<class::Classes>,
    /// Names of providers, put together when first needed.
    providers: OnceLock<Providers>,
}

/// What is made of a rule when it is first needed.
#[derive(Debug, Default)]
struct Ready {
    /// For pattern rules.
    engine: Engine,
    /// For bound rules.
    value: bound::Engine,
    /// For rules with parts.
    parts: parts::Engine,
    /// For rules of assignments.
    classifier: Option<Classifier>,
    longer: assignment::Longer,
    others: judge::OtherWords,
    /// The paths that the rule is for.
    paths: Vec<Glob>,
}

/// Keywords, and the rules that they belong to.
#[derive(Debug)]
struct Keywords {
    prefilter: Prefilter,
    /// Those of the built-in rules, which come first.
    base: Option<&'static builtin::Users>,
    /// Where the built-in rules are in the set, if they are.
    places: Arc<[Option<u32>]>,
    /// The rules of the other keywords.
    others: Vec<Vec<u32>>,
    /// Of the other keywords: whether matches of one of its rules span lines.
    spans: Vec<bool>,
}

/// Buffers that one worker reuses from scan to scan.
#[derive(Debug, Default)]
pub struct Scratch {
    memos: Vec<Memo>,
    /// Rules whose memo holds something.
    used: Vec<u32>,
    /// Whether a rule is for the path that is being scanned, where it was asked.
    for_path: Vec<Option<bool>>,
    candidates: Vec<Candidate>,
    /// The last name that a rule of assignments looked at, by the part that its keyword is.
    named: Option<(u32, Span)>,
    hits: Vec<(u32, u32)>,
    change: carry::Lines,
    /// The last path, and what it says: all messages of a history have one.
    place: Option<(BString, Place)>,
}

impl Scratch {
    /// What a path says of the texts in it.
    fn place_of(&mut self, path: &BStr) -> Place {
        match &self.place {
            Some((last, place)) if last == path => *place,
            _ => {
                let place = Place::of(path);
                self.place = Some((path.to_owned(), place));
                place
            }
        }
    }

    /// Another text is looked at.
    fn forget(&mut self) {
        self.named = None;
    }
}

/// Longest part of a line around a key that an assignment is looked for in, to each side.
const NAME_WINDOW: (usize, usize) = (512, 1024);
/// How far a scan goes beyond a fresh range on lines longer than that: no rule on a single line
/// sees farther, nor does one that overlaps what such a rule sees.
const GIANT_LINE: usize = 16 * 1024;
/// Risk number of rules that report secrets.
const CREDENTIALS: u8 = 1;
/// Decoded bytes a scan may unwrap, as a multiple of the size of the content.
const DECODE_FACTOR: usize = 4;

/// A text at some level of decoding.
#[derive(Clone, Copy)]
struct View<'v> {
    bytes: &'v [u8],
    path: &'v BStr,
    fresh: &'v Fresh,
    place: Place,
    binary: bool,
    depth: u8,
}

/// What a scan collects.
struct Collector<'c> {
    scratch: &'c mut Scratch,
    matches: Vec<Match>,
    decode_budget: usize,
    /// Whether text outside the fresh ranges may hold a keyword of [`Scanner::far`].
    far: bool,
    /// Whether one was seen in what was searched.
    far_seen: bool,
    /// What the path makes of the rules, where it was worked out.
    class: Option<Arc<class::Class>>,
    /// The rules that are asked, if not all are.
    wanted: Option<&'c Wanted>,
}

/// Some of the rules of a set, with keywords of their own: what has none of these is not looked at again.
#[derive(Debug)]
pub struct Wanted {
    rules: Vec<bool>,
    near: Keywords,
}

impl Wanted {
    /// Those with one of `numbers`.
    #[must_use]
    pub fn new(rules: &RuleSet, numbers: impl Iterator<Item = u32>) -> Self {
        let mut wanted = vec![false; rules.len()];
        numbers.for_each(|number| wanted[number as usize] = true);
        let asked = rules.iter().enumerate().filter(|(index, _)| wanted[*index]);
        let near = asked.flat_map(|(index, rule)| {
            gram::keywords(&rule.detector).into_iter().map(move |keyword| (keyword, index as u32))
        });
        let near = near.collect();
        Self { near: Keywords::new(None, Arc::from([]), near, rules), rules: wanted }
    }

    fn has(&self, rule: u32) -> bool {
        self.rules[rule as usize]
    }
}

impl Scanner {
    /// How far a scan goes.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Makes the rules ready. Expressions are compiled when first needed.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, limits: Limits) -> Self {
        let mut places = rules.builtin_places();
        // The keywords of the program are of no use if they stand for rules that are not wanted.
        let use_base = places.iter().flatten().count() > places.len() / 2;
        if !use_base {
            places.clear();
        }
        let mut entered = vec![false; rules.len()];
        for place in builtin::NEAR_USERS.rules.iter().filter_map(|&rule| *places.get(usize::from(rule))?) {
            entered[place as usize] = true;
        }
        let (mut near, mut far) = (Vec::new(), Vec::new());
        for (index, rule) in rules.iter().enumerate().filter(|(index, _)| !entered[*index]) {
            let spans_lines = rule.spans_lines();
            for keyword in gram::keywords(&rule.detector) {
                if spans_lines {
                    far.push((keyword.clone(), index as u32));
                }
                near.push((keyword, index as u32));
            }
        }
        let places: Arc<[_]> = places.into();
        let (near_base, far_base) = if use_base {
            (Some((&builtin::NEAR, &builtin::NEAR_USERS)), Some((&builtin::FAR, &builtin::FAR_USERS)))
        } else {
            (None, None)
        };
        Self {
            limits,
            near: Keywords::new(near_base, Arc::clone(&places), near, &rules),
            far: Keywords::new(far_base, places, far, &rules),
            ready: (0..rules.len()).map(|_| OnceLock::new()).collect(),
            files: OnceLock::new(),
            policy: Policy::new(&rules),
            classes: OnceLock::new(),
            providers: OnceLock::new(),
            rules,
        }
    }

    /// What the paths of a history make of the rules.
    fn classes(&self) -> &class::Classes {
        self.classes.get_or_init(|| class::Classes::new(&self.rules, &self.near))
    }

    /// What was made of a rule.
    fn ready(&self, index: u32) -> &Ready {
        self.ready[index as usize].get_or_init(|| {
            let paths = self.rules.rule(index).paths.iter();
            let paths = paths.flat_map(|glob| Glob::parse(glob, true).unwrap_or_default()).collect();
            let builtin = self.rules.builtin_number(index);
            let mut ready = Box::new(Ready { paths, ..Ready::default() });
            match &self.rules.rule(index).detector {
                Detector::Pattern(pattern) => {
                    let shapes = builtin.and_then(|rule| builtin::SHAPES.shapes(rule));
                    ready.engine = Engine::with_shapes(pattern, shapes);
                }
                Detector::Bound(bound) => {
                    let steps = builtin.and_then(|rule| builtin::SHAPES.steps(rule));
                    ready.value = bound::Engine::with_steps(bound, steps);
                }
                Detector::Assignment(assignment) => {
                    ready.classifier = Classifier::from_name(&assignment.classifier);
                    ready.longer = assignment::Longer::of(&assignment.keywords);
                    ready.others = judge::OtherWords::of(&assignment.keywords);
                }
                _ => {}
            }
            ready
        })
    }

    /// The rules it scans with.
    #[must_use]
    pub const fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Adds the matches of `subject` that touch what is fresh, sorted by place and rule, one a secret.
    pub fn scan(&self, subject: Subject<'_>, scratch: &mut Scratch, matches: &mut Vec<Match>) -> Tally {
        let collector = self.collector(subject, scratch);
        self.scan_with(subject, collector, matches)
    }

    /// The same for some of the rules only.
    pub fn scan_for(
        &self,
        wanted: &Wanted,
        subject: Subject<'_>,
        scratch: &mut Scratch,
        matches: &mut Vec<Match>,
    ) {
        let from = matches.len();
        let collector = Collector { wanted: Some(wanted), ..self.collector(subject, scratch) };
        self.scan_with(subject, collector, matches);
        let mut place = 0..;
        matches.retain(|one| place.next().is_some_and(|place| place < from) || wanted.has(one.rule));
    }

    fn scan_with(
        &self,
        subject: Subject<'_>,
        mut collector: Collector<'_>,
        matches: &mut Vec<Match>,
    ) -> Tally {
        if subject.new_name && subject.kind == Kind::File {
            self.file_rules(subject, &mut collector);
            collector.matches.extend(self.in_name(subject.path));
        }
        let encoded = encoding::detect(subject.bytes);
        self.outermost(subject, encoded, &mut collector);
        let wanted = collector.wanted;
        let mut found = collector.matches;
        let mut tally =
            Tally { disproved: set_aside(&self.rules, &mut found, subject.fresh), ..Tally::default() };
        self.defer(subject, &mut found);
        if encoded == Encoded::Text {
            tally.given_up = !self.structure_for(wanted, subject, &mut found);
        }
        overlap::resolve(&self.rules, &mut found);
        matches.extend(
            found.into_iter().filter(|one| {
                one.is_structural() || one.whole.is_empty() || subject.fresh.touches(one.whole)
            }),
        );
        tally
    }

    /// Adds what structural rules find in `subject`: in blocks that are fresh, or rest on something that is. False if they
    /// gave the document up.
    #[must_use]
    pub fn structure(&self, subject: Subject<'_>, matches: &mut Vec<Match>) -> bool {
        self.structure_for(None, subject, matches)
    }

    /// The same, for some of the rules if not for all.
    fn structure_for(&self, wanted: Option<&Wanted>, subject: Subject<'_>, matches: &mut Vec<Match>) -> bool {
        let Some((beside, path)) = subject.beside.filter(|_| subject.kind == Kind::File) else { return true };
        let Some(format) = self.policy.format(subject.bytes, subject.path) else { return true };
        let look = Look {
            bytes: subject.bytes,
            path: subject.path,
            fresh: beside.changed().unwrap_or(subject.fresh),
            beside: (beside, path),
            secretlike: &|bytes, span| self.credential(Subject { bytes, ..subject }, span),
            asks: &|rule| wanted.is_none_or(|wanted| wanted.has(rule)),
        };
        self.policy.look(&self.rules, look, format, matches)
    }

    /// Whether structural rules may have something to say of a file, depending on what lies beside it.
    #[must_use]
    pub fn is_judged_whole(&self, bytes: &[u8], path: &BStr) -> bool {
        let format = self.policy.format(bytes, path);
        format.is_some_and(|format| self.policy.may_speak(&self.rules, bytes, format))
    }

    /// Whether structural rules may have something to say of a file of this name, whatever folder it is in.
    #[must_use]
    pub fn may_judge(&self, bytes: &[u8], name: &BStr) -> bool {
        policy::FOLDERS.iter().any(|folder| {
            let mut path = BString::from(*folder);
            path.extend_from_slice(name);
            self.is_judged_whole(bytes, path.as_bstr())
        })
    }

    /// Whether structural rules look at a file of this name together with others beside it.
    #[must_use]
    pub fn asks_beside(name: &[u8]) -> bool {
        policy::asks_beside(name)
    }

    /// Whether rules may tell a file by its name alone, or find something in its name.
    #[must_use]
    pub fn asks_name(&self, path: &BStr) -> bool {
        !self.named(path).is_empty() || !self.in_name(path).is_empty()
    }

    /// Takes back what lines say where the structure of the document decides.
    fn defer(&self, subject: Subject<'_>, matches: &mut Vec<Match>) {
        if matches.iter().all(|one| self.rules.rule(one.rule).structures.is_empty()) {
            return;
        }
        if let Some(format) = self.policy.format(subject.bytes, subject.path) {
            matches.retain(|one| !self.policy.decides(&self.rules, one.rule, (format, subject.path)));
        }
    }

    /// Where the credential rules see something in a part of the content.
    fn credential(&self, subject: Subject<'_>, span: Span) -> Option<Span> {
        let fresh = Fresh::from_spans(vec![span]);
        let subject = Subject { fresh: &fresh, ..subject };
        let mut scratch = Scratch::default();
        let mut collector = self.collector(subject, &mut scratch);
        self.outermost(subject, Encoded::Text, &mut collector);
        let mut found = collector.matches;
        set_aside(&self.rules, &mut found, &fresh);
        found.retain(|one| {
            self.rules.rule(one.rule).risk.number() == CREDENTIALS
                && one.confidence >= Confidence::Medium
                && span.contains(one.span)
        });
        overlap::resolve(&self.rules, &mut found);
        found.first().map(|one| one.span)
    }

    fn collector<'c>(&self, subject: Subject<'_>, scratch: &'c mut Scratch) -> Collector<'c> {
        scratch.forget();
        scratch.memos.resize_with(self.rules.len(), Memo::default);
        scratch.for_path.clear();
        scratch.for_path.resize(self.rules.len(), None);
        Collector {
            scratch,
            matches: Vec::new(),
            decode_budget: subject.bytes.len() * DECODE_FACTOR + (1 << 16),
            far: true,
            far_seen: false,
            class: None,
            wanted: None,
        }
    }

    /// Scans a content as what it is encoded in.
    fn outermost(&self, subject: Subject<'_>, encoded: Encoded, collector: &mut Collector<'_>) {
        let view = View {
            bytes: subject.bytes,
            path: subject.path,
            fresh: subject.fresh,
            place: collector.scratch.place_of(subject.path),
            binary: false,
            depth: 0,
        };
        match encoded {
            Encoded::Text => self.view(view, collector),
            Encoded::Binary => self.view(View { binary: true, ..view }, collector),
            Encoded::Utf16 { big_endian, mark } => self.utf16(view, big_endian, mark, collector),
        }
    }

    fn utf16(&self, view: View<'_>, big_endian: bool, mark: usize, collector: &mut Collector<'_>) {
        let source = view.bytes;
        let converted = encoding::convert(source, big_endian, mark);
        let fresh = match view.fresh {
            Fresh::All => Fresh::All,
            Fresh::Ranges(ranges) => {
                Fresh::from_spans(ranges.iter().map(|&span| converted.text_span(source, span)).collect())
            }
        };
        let from = collector.matches.len();
        self.view(View { bytes: &converted.text, fresh: &fresh, ..view }, collector);
        for one in &mut collector.matches[from..] {
            one.decoded.insert(0, Encoding::Utf16);
            for span in [&mut one.span, &mut one.whole, &mut one.depends].into_iter().chain(&mut one.parts) {
                *span = converted.source(source, *span);
            }
        }
    }

    /// Scans one text at one level of decoding, and the encoded texts in it.
    fn view(&self, view: View<'_>, collector: &mut Collector<'_>) {
        collector.scratch.forget();
        let regions = match view.fresh {
            Fresh::All => vec![Span::new(0, view.bytes.len())],
            Fresh::Ranges(_) => widen(view.bytes, view.fresh),
        };
        let near = collector.wanted.map_or(&self.near, |wanted| &wanted.near);
        for &region in &regions {
            let mut hits = std::mem::take(&mut collector.scratch.hits);
            hits.clear();
            near.prefilter.find(view.bytes, region.start, region.end, |keyword, place| {
                hits.push((keyword as u32, place as u32));
            });
            for &(keyword, place) in &hits {
                let (keyword, place) = (keyword as usize, place as usize);
                let hit = Span::new(place, place + near.prefilter.length(keyword));
                near.rules(keyword, |rule| self.hit(rule, &view, hit, collector));
            }
            collector.scratch.hits = hits;
        }
        // Only now is it known whether what is fresh holds such a keyword.
        if collector.far || collector.far_seen {
            self.far_hits(view, &regions, collector);
        }
        self.forget(collector);
        if view.depth < self.limits.decode_depth && !view.binary {
            for &region in &regions {
                self.decoded(view, region, collector);
            }
        }
    }

    /// Hits outside `regions` whose matches may span lines into them. Each byte is searched once,
    /// however many regions are near it.
    fn far_hits(&self, view: View<'_>, regions: &[Span], collector: &mut Collector<'_>) {
        if self.far.prefilter.is_empty() || regions == [Span::new(0, view.bytes.len())] {
            return;
        }
        let around = regions.iter().flat_map(|region| {
            let low = region.start.saturating_sub(pattern::AFTER_MULTILINE);
            let high = region.end + pattern::BEFORE;
            // A keyword across the border belongs to neither side's first search.
            [(low, region.start), (region.end, high)]
                .map(|(start, end)| Span::new(start.saturating_sub(64), (end + 64).min(view.bytes.len())))
        });
        let mut hits = Vec::new();
        for near in Fresh::from_spans(around.collect()).spans(view.bytes.len()) {
            self.far.prefilter.find(view.bytes, near.start, near.end, |keyword, place| {
                let hit = Span::new(place, place + self.far.prefilter.length(keyword));
                let next = regions.partition_point(|region| region.end < hit.end);
                if !regions.get(next).is_some_and(|region| region.contains(hit)) {
                    hits.push((keyword, hit));
                }
            });
        }
        for (keyword, hit) in hits {
            self.far.rules(keyword, |rule| self.hit(rule, &view, hit, collector));
        }
    }

    fn forget(&self, collector: &mut Collector<'_>) {
        while let Some(rule) = collector.scratch.used.pop() {
            collector.scratch.memos[rule as usize].clear();
        }
    }

    /// A keyword of `rule` stands at `hit`.
    fn hit(&self, index: u32, view: &View<'_>, hit: Span, collector: &mut Collector<'_>) {
        if collector.wanted.is_some_and(|wanted| !wanted.has(index)) {
            return;
        }
        let (rule, ready) = (self.rules.rule(index), self.ready(index));
        match &rule.detector {
            Detector::Pattern(pattern) if !view.binary || pattern.binary => {
                collector.far_seen |= rule.spans_lines();
                if !ready.engine.turns_away(pattern, view.bytes, hit)
                    && self.applies(index, rule, view.path, collector)
                {
                    self.pattern((index, rule, ready), pattern, view, hit, collector);
                }
            }
            Detector::Bound(bound) if !view.binary && self.applies(index, rule, view.path, collector) => {
                collector.far_seen |= rule.spans_lines();
                if let Some(first) = ready.value.first(bound, view.bytes, hit) {
                    self.bound((index, rule, ready), bound, view, (hit, first), collector);
                }
            }
            Detector::Assignment(assignment)
                if !view.binary && self.applies(index, rule, view.path, collector) =>
            {
                self.assigned((index, rule, ready), assignment, view, hit, collector);
            }
            _ => {}
        }
    }

    /// Whether the rule is for files like `path`.
    #[inline(always)]
    fn applies(&self, index: u32, rule: &Rule, path: &BStr, collector: &mut Collector<'_>) -> bool {
        rule.paths.is_empty() || self.applies_to(index, path, collector)
    }

    /// The same of a rule for some files only.
    #[inline(never)]
    fn applies_to(&self, index: u32, path: &BStr, collector: &mut Collector<'_>) -> bool {
        if let Some(class) = &collector.class {
            return class.applies(self, index as usize);
        }
        *collector.scratch.for_path[index as usize].get_or_insert_with(|| self.is_for(index, path))
    }

    /// Whether one of the rule's globs matches `path`.
    fn is_for(&self, index: u32, path: &BStr) -> bool {
        self.ready(index).paths.iter().any(|glob| glob.matches(path))
    }

    /// What is given to the name around `hit`.
    fn assigned(
        &self,
        (index, rule, ready): (u32, &Rule, &Ready),
        assignment: &Assignment,
        view: &View<'_>,
        hit: Span,
        collector: &mut Collector<'_>,
    ) {
        let Some(classifier) = ready.classifier else { return };
        // In a translation, whatever there is is known for what it is.
        if view.place.language == Language::Translation {
            return;
        }
        if assignment.is_statement() {
            collector.far_seen = true;
            self.given((index, rule, ready), (assignment, classifier), view, (hit, None), collector);
            return;
        }
        collector.far_seen |= !rule.parts.is_empty();
        let text = view.bytes;
        // What turns most hits away comes first.
        if ready.others.begin(text, hit) {
            return;
        }
        let name = assignment::name_part(text, hit);
        if let Some(name) = name {
            // `_key` and `key =` are one hit in `api_key = …`, and so are `_pass` and `passw` in `db_password`.
            let told = |&(rule, last): &(u32, Span)| rule == index && last.contains(name);
            if collector.scratch.named.as_ref().is_some_and(told) || ready.longer.has(text, name) {
                return;
            }
            collector.scratch.named = Some((index, name));
        }
        let Some(behind) = Behind::of(text, hit, name) else { return };
        if !judge::is_none_at_a_look(text, &behind, classifier) {
            self.given((index, rule, ready), (assignment, classifier), view, (hit, Some(&behind)), collector);
        }
    }

    /// What is given to the name around `hit`, or to columns by the statement that begins there, with what the other rules and the parts
    /// of this one say of it.
    #[inline(never)]
    fn given(
        &self,
        (index, rule, ready): (u32, &Rule, &Ready),
        how: (&Assignment, Classifier),
        view: &View<'_>,
        (hit, behind): (Span, Option<&Behind>),
        collector: &mut Collector<'_>,
    ) {
        let known = collector.matches.len();
        match behind {
            Some(behind) => assign((index, rule), how, view, (hit, behind), collector),
            None => insert((index, rule), how, view, hit, collector),
        }
        if collector.matches.len() == known {
            return;
        }
        if how.1 == Classifier::Token {
            // A rule that knows what the tokens of this provider look like speaks for those that do.
            let sure = |one: &&mut Match| one.confidence > Confidence::Low;
            for one in collector.matches[known..].iter_mut().filter(sure) {
                if self.is_named_after_a_provider(view.bytes, one.whole.start)
                    && !self.begins_with_a_mark(view.bytes, one.span)
                {
                    one.confidence = Confidence::Low;
                }
            }
        }
        // An id beside a value that is hardly a secret makes none of it.
        let sure = |one: &&mut Match| one.confidence > Confidence::Low && !rule.parts.is_empty();
        for one in collector.matches[known..].iter_mut().filter(sure) {
            ready.parts.complete(&rule.parts, view.bytes, hit, one);
        }
    }

    // Not a part of `hit`: what each kind of rule needs on the stack would be made ready for all of them.
    #[inline(never)]
    fn pattern(
        &self,
        (index, rule, ready): (u32, &Rule, &Ready),
        pattern: &Pattern,
        view: &View<'_>,
        hit: Span,
        collector: &mut Collector<'_>,
    ) {
        let memo = &mut collector.scratch.memos[index as usize];
        if !memo.is_used() {
            collector.scratch.used.push(index);
        }
        let (found, depends) = ready.engine.at(pattern, view.bytes, hit, memo);
        let part = |secret: Span| {
            is_inside_base64(view.bytes, secret) || judge::is_side_of_a_broken(view.bytes, secret)
        };
        let Some(found) = found.filter(|found| !part(found.secret)) else { return };
        let secret = found.secret.of(view.bytes);
        let conditions = Conditions {
            entropy: pattern.entropy,
            placeholders: pattern.placeholders,
            marked: providers::has_mark(&pattern.regex),
            check: &pattern.check,
            lengths: &pattern.lengths,
            confidence: rule.confidence,
        };
        let Some(Held { confidence, proof, disproved }) = conditions.hold(secret) else { return };
        // What is no credential and may look like a placeholder is a setting: there is nothing in it to hide.
        let setting = rule.risk.number() != CREDENTIALS && !pattern.placeholders;
        let mut one = Match {
            rule: index,
            span: found.secret,
            whole: found.whole,
            depends,
            parts: Vec::new(),
            secret: Secret::new(if setting { b"" } else { secret }),
            confidence,
            proof,
            disproved,
            decoded: Vec::new(),
            note: check::told(&pattern.check, secret),
            structure: setting.then(|| {
                let identity = String::from_utf8_lossy(secret).into_owned();
                Box::new(Structural { part: Structural::LINE, written: true, identity, lent: Vec::new() })
            }),
            at_most: if view.place.is_sample()
                && (has_tag(rule, &CHOSEN) && judge::is_chosen(secret) || has_tag(rule, &[HASH]))
            {
                Some(MILD)
            } else {
                at_most_as_key(rule, view.place)
            },
        };
        if !rule.parts.is_empty() {
            ready.parts.complete(&rule.parts, view.bytes, hit, &mut one);
        }
        collector.matches.push(one);
    }

    #[inline(never)]
    fn bound(
        &self,
        (index, rule, ready): (u32, &Rule, &Ready),
        bound: &Bound,
        view: &View<'_>,
        (hit, first): (Span, usize),
        collector: &mut Collector<'_>,
    ) {
        let mut found = Vec::new();
        let depends = ready.value.at(bound, view.bytes, (hit, first), &mut found);
        for bond in found {
            let pinned = view.path.ends_with(b".sum") && view.bytes[..bond.value.start].ends_with(GO_SUM);
            if pinned || judge::is_side_of_a_broken(view.bytes, bond.value) {
                continue;
            }
            let secret = bond.value.of(view.bytes);
            let conditions = Conditions {
                entropy: bound.entropy,
                placeholders: true,
                marked: false,
                check: &bound.check,
                lengths: &bound.lengths,
                confidence: rule.confidence.min(bond.confidence),
            };
            let Some(Held { confidence, proof, disproved }) = conditions.hold(secret) else { continue };
            let mut one = Match {
                rule: index,
                span: bond.value,
                whole: bond.whole,
                depends,
                parts: Vec::new(),
                secret: Secret::new(secret),
                confidence,
                proof,
                disproved: disproved || bond.near,
                decoded: Vec::new(),
                note: None,
                structure: None,
                at_most: None,
            };
            if !rule.parts.is_empty() {
                ready.parts.complete(&rule.parts, view.bytes, hit, &mut one);
            }
            collector.matches.push(one);
        }
    }

    /// Whether the name at `place` says that it is the token of a provider, and nothing else, of which it is known what values
    /// look like that have no mark: `acme_api_token`, `acme.key`, `acme api token`.
    fn is_named_after_a_provider(&self, text: &[u8], place: usize) -> bool {
        let mut name = bound::name_around(text, place);
        for _ in 0..NAME_WORDS {
            if self.names_a_provider(text, name) {
                return true;
            }
            let Some(longer) = bound::with_word_before(text, name) else { return false };
            name = longer;
        }
        self.names_a_provider(text, name)
    }

    /// Whether a value has the mark of a provider's tokens: of another length than they are documented to have, it may be one of
    /// a new kind.
    fn begins_with_a_mark(&self, text: &[u8], value: Span) -> bool {
        let mut found = false;
        self.near.prefilter.find(
            text,
            value.start,
            value.end.min(value.start + MAX_MARK),
            |keyword, start| {
                if start == value.start {
                    self.near.rules(keyword, |rule| {
                        let rule = self.rules.rule(rule);
                        found |= rule.risk.number() == CREDENTIALS
                            && matches!(rule.detector, Detector::Pattern(_));
                    });
                }
            },
        );
        found
    }

    fn names_a_provider(&self, text: &[u8], name: Span) -> bool {
        if self.providers.get_or_init(|| Providers::of(&self.rules)).name(name.of(text)) {
            return true;
        }
        let mut found = false;
        self.near.prefilter.find(text, name.start, name.end, |keyword, start| {
            let provider = Span::new(start, start + self.near.prefilter.length(keyword));
            if found || !bound::is_telling(provider.of(text)) || !bound::names_its_token(text, name, provider)
            {
                return;
            }
            self.near.rules(keyword, |rule| {
                let Detector::Bound(bound) = &self.rules.rule(rule).detector else { return };
                // What is bound by other words only says nothing of a token.
                found |= !self.rules.is_guest(rule) && bound::is_asked_for(bound, name.of(text));
            });
        });
        found
    }

    /// Scans the texts that are encoded in `region`.
    fn decoded(&self, view: View<'_>, region: Span, collector: &mut Collector<'_>) {
        let mut texts: Vec<Decoded> = Vec::new();
        let mut budget = collector.decode_budget;
        decode::find(view.bytes, region, &mut |decoded: Decoded| {
            if let Some(rest) = budget.checked_sub(decoded.bytes.len()) {
                budget = rest;
                texts.push(decoded);
            }
        });
        collector.decode_budget = budget;
        for decoded in texts {
            let from = collector.matches.len();
            let inner = View { bytes: &decoded.bytes, fresh: &Fresh::All, depth: view.depth + 1, ..view };
            match encoding::detect(&decoded.bytes) {
                Encoded::Utf16 { big_endian, mark } => self.utf16(inner, big_endian, mark, collector),
                _ => self.view(inner, collector),
            }
            for one in &mut collector.matches[from..] {
                one.decoded.insert(0, decoded.encoding);
                one.span = decoded.source(one.span);
                one.whole = decoded.source(one.whole);
                one.parts.iter_mut().for_each(|part| *part = decoded.source(*part));
                one.depends = decoded.run;
            }
        }
    }

    fn file_rules(&self, subject: Subject<'_>, collector: &mut Collector<'_>) {
        for index in self.named(subject.path) {
            self.file_rule(index, subject, collector);
        }
    }

    /// Secrets in the name of a file or of its folders: those that binary content is searched for, since a name
    /// says little else for certain.
    fn in_name(&self, path: &BStr) -> Vec<Match> {
        let mut perhaps = false;
        let is_searched =
            |rule| matches!(&self.rules.rule(rule).detector, Detector::Pattern(one) if one.binary);
        self.near.prefilter.find(path, 0, path.len(), |keyword, _| {
            self.near.rules(keyword, |rule| perhaps |= is_searched(rule));
        });
        if !perhaps {
            return Vec::new();
        }
        let subject = Subject {
            bytes: path,
            path,
            kind: Kind::File,
            fresh: &Fresh::All,
            new_name: false,
            executable: false,
            beside: None,
        };
        let mut scratch = Scratch::default();
        let mut collector = self.collector(subject, &mut scratch);
        self.outermost(subject, Encoded::Binary, &mut collector);
        let mut found = collector.matches;
        found.retain(|one| !one.disproved);
        overlap::resolve(&self.rules, &mut found);
        let on_file = |one: Match| Match {
            span: Span::default(),
            whole: Span::default(),
            depends: Span::default(),
            parts: Vec::new(),
            note: Some("in the name of the file".to_owned()),
            ..one
        };
        found.into_iter().map(on_file).collect()
    }

    /// The file rules that have a name like that of `path`.
    fn named(&self, path: &BStr) -> Vec<u32> {
        let files = self.files.get_or_init(|| {
            let mut globs = GlobMap::new();
            for (index, rule) in self.rules.iter().enumerate() {
                if let Detector::File(file) = &rule.detector {
                    for name in file.names.iter() {
                        // Validation has read them before; a bad glob matches nothing.
                        globs.insert(name, index as u32).unwrap_or_default();
                    }
                }
            }
            globs
        });
        files.get(path)
    }

    fn file_rule(&self, index: u32, subject: Subject<'_>, collector: &mut Collector<'_>) {
        let rule = self.rules.rule(index);
        if let Detector::File(file) = &rule.detector
            && file_matches(file, &subject)
        {
            collector.matches.push(Match {
                rule: index,
                span: Span::default(),
                whole: Span::default(),
                depends: Span::new(0, subject.bytes.len()),
                parts: Vec::new(),
                secret: Secret::new(b""),
                confidence: rule.confidence,
                proof: None,
                disproved: false,
                decoded: Vec::new(),
                note: None,
                structure: None,
                at_most: at_most_as_key(rule, Place::of(subject.path)),
            });
        }
    }
}

/// Least bytes of base64 around a match that make it a part of something else: an image, a certificate.
const MIN_AROUND: usize = 200;
/// So many on one side are no path: these have dots and dashes.
const FAR_AROUND: usize = 128;

/// Whether `secret` is an accident in a long run of base64: one goes on beyond `+` or `/` on a side where the secret ends.
fn is_inside_base64(text: &[u8], secret: Span) -> bool {
    let joint = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|byte| b"+/".contains(byte));
    if !joint(secret.start.checked_sub(1)) && !joint(Some(secret.end)) {
        return false;
    }
    let inside = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'+' | b'/');
    let before = &text[secret.start.saturating_sub(MIN_AROUND)..secret.start];
    let after = &text[secret.end..text.len().min(secret.end + MIN_AROUND)];
    let long =
        |mut bytes: std::slice::Iter<'_, u8>| bytes.len() >= FAR_AROUND && bytes.all(|byte| inside(&byte));
    let far = |start: usize| text[start..text.len().min(start + FAR_AROUND)].iter();
    if long(far(secret.end)) || secret.start.checked_sub(FAR_AROUND).is_some_and(|start| long(far(start))) {
        return true;
    }
    let before = &before[before.len() - before.iter().rev().take_while(inside).count()..];
    let after = &after[..after.iter().take_while(inside).count()];
    // A path has slashes, too, but no plus; nor do paths go on for long without a dot or a dash.
    before.len() + after.len() >= MIN_AROUND && (before.contains(&b'+') || after.contains(&b'+'))
}

/// What a rule asks of a value that has its form.
struct Conditions<'r> {
    entropy: Option<f64>,
    placeholders: bool,
    /// Whether such values have a mark: what follows it was made by a machine, and is no words.
    marked: bool,
    check: &'r str,
    lengths: &'r [u16],
    confidence: Confidence,
}

/// What conditions make of a value.
struct Held {
    confidence: Confidence,
    proof: Option<&'static str>,
    disproved: bool,
}

impl Conditions<'_> {
    /// How sure the value is then, and what proved or disproved it; `None` if it is no finding.
    fn hold(&self, secret: &[u8]) -> Option<Held> {
        if self.entropy.is_some_and(|least| entropy::shannon(secret) < least)
            || self.placeholders && (judge::is_placeholder(secret) || self.marked && judge::is_worded(secret))
        {
            return None;
        }
        let is_usual =
            self.lengths.is_empty() || self.lengths.iter().any(|&length| usize::from(length) == secret.len());
        let confidence = if is_usual { self.confidence } else { self.confidence.min(Confidence::Medium) };
        let held = Held { confidence, proof: None, disproved: false };
        if check::is_published_example(secret) {
            return Some(Held { disproved: true, ..held });
        }
        let Some(check) = check::find(self.check) else { return Some(held) };
        Some(match (check.run)(secret) {
            Proof::Passed => Held { confidence: Confidence::High, proof: Some(check.name), ..held },
            Proof::Doubted => Held { confidence: confidence.min(Confidence::Medium), ..held },
            Proof::Unknown => held,
            Proof::Failed => Held { disproved: true, ..held },
        })
    }
}

/// Takes out what was disproved, and gives the number of places in what is fresh. What was disproved behind the name of its
/// provider is worth a mention at low confidence where another name makes a token of it.
fn set_aside(rules: &RuleSet, matches: &mut Vec<Match>, fresh: &Fresh) -> u64 {
    let mut disproved: Vec<Match> = matches.extract_if(.., |one| one.disproved).collect();
    let is_bound = |one: &&Match| {
        matches!(rules.rule(one.rule).detector, Detector::Bound(_)) && !rules.is_guest(one.rule)
    };
    for one in disproved.iter().filter(is_bound) {
        let named = |other: &&mut Match| {
            other.span == one.span
                && other.decoded == one.decoded
                && matches!(&rules.rule(other.rule).detector, Detector::Assignment(named) if named.classifier == TOKEN)
        };
        matches.iter_mut().filter(named).for_each(|other| other.confidence = Confidence::Low);
    }
    disproved.retain(|one| fresh.touches(one.whole));
    disproved.sort_unstable_by_key(|one| (one.span, one.rule));
    disproved.dedup_by_key(|one| (one.span, one.rule));
    disproved.len() as u64
}

/// Keywords, each once, and the rules of each.
fn by_keyword(mut pairs: Vec<(Keyword, u32)>) -> (Vec<Keyword>, Vec<Vec<u32>>) {
    pairs.sort_unstable();
    let (mut keywords, mut users): (Vec<Keyword>, Vec<Vec<u32>>) = (Vec::new(), Vec::new());
    for (keyword, rule) in pairs {
        match users.last_mut() {
            Some(last) if keywords.last() == Some(&keyword) => last.push(rule),
            _ => {
                keywords.push(keyword);
                users.push(vec![rule]);
            }
        }
    }
    (keywords, users)
}

impl Keywords {
    fn new(
        base: Option<(&'static Table, &'static builtin::Users)>,
        places: Arc<[Option<u32>]>,
        others: Vec<(Keyword, u32)>,
        rules: &RuleSet,
    ) -> Self {
        let (keywords, others) = by_keyword(others);
        let (table, users) = base.unzip();
        let spans_lines = |&rule: &u32| rules.rule(rule).spans_lines();
        let spans = others.iter().map(|users| users.iter().any(spans_lines)).collect();
        Self { prefilter: Prefilter::new(table, &keywords), base: users, places, others, spans }
    }

    /// Whether matches of one of the rules of a keyword span lines.
    fn spans_lines(&self, keyword: usize) -> bool {
        let base = self.base.map_or(&[][..], |base| base.spans);
        match keyword.checked_sub(base.len()) {
            None => base[keyword],
            Some(other) => self.spans[other],
        }
    }

    /// Calls `each` with every rule of a keyword.
    fn rules(&self, keyword: usize, mut each: impl FnMut(u32)) {
        let count = self.base.map_or(0, |base| base.starts.len() - 1);
        match (self.base, keyword.checked_sub(count)) {
            (Some(base), None) => {
                let users = usize::from(base.starts[keyword])..usize::from(base.starts[keyword + 1]);
                base.rules[users].iter().filter_map(|&rule| self.places[usize::from(rule)]).for_each(each);
            }
            (_, Some(other)) => self.others[other].iter().for_each(|&rule| each(rule)),
            (None, None) => {}
        }
    }
}

/// The classifier of rules for what a machine made.
const TOKEN: &str = "token";

/// Tags of rules for passwords that people choose: in a sample, a word is a word there, too.
const CHOSEN: [&str; 4] = ["url", "http", "command-line", "credential-file"];

/// Tag of rules for hashes of passwords: that of a sample opens nothing.
const HASH: &str = "hash";

fn has_tag(rule: &Rule, tags: &[&str]) -> bool {
    rule.tags.iter().any(|tag| tags.contains(&tag.as_ref()))
}

/// Severity of what is reported and need not stop anybody: a sample password in a test.
const MILD: Severity = Severity::Low;

/// What stands before the checksum of a module in `go.sum`.
const GO_SUM: &[u8] = b" h1:";

/// Tag of rules for private keys and what they are kept in.
const KEY: &str = "private-key";

/// How severe a private key can be where it is. A test of anything that signs, encrypts or talks TLS brings keys of its
/// own, which nothing else trusts: that one is there is said, but no commit is stopped for it.
fn at_most_as_key(rule: &Rule, place: Place) -> Option<Severity> {
    (place.of_tests && has_tag(rule, &[KEY])).then_some(Severity::Medium)
}

/// A key with a telling name stands at `hit`, and it may be given something.
fn assign(
    (index, rule): (u32, &Rule),
    (assignment, classifier): (&Assignment, Classifier),
    view: &View<'_>,
    (hit, behind): (Span, &Behind),
    collector: &mut Collector<'_>,
) {
    let text = view.bytes;
    let line = study::window(text, hit);
    let ask = judge::Ask { keyword: hit.of(text), classifier, place: view.place, odds: assignment.odds };
    let given = behind.gives(text, line);
    match given {
        Given::Nothing | Given::Call => return,
        Given::Word if judge::words_are_names(text, line, view.place) => return,
        Given::One(sole) if judge::is_nothing_alone(text, line, &sole, ask) => return,
        _ => {}
    }
    let mut candidates = std::mem::take(&mut collector.scratch.candidates);
    candidates.clear();
    match given {
        Given::One(sole) => candidates.push(sole.candidate(text, line)),
        // What is left of the hit without the punctuation around it need not be looked for again.
        _ => assignment::find(text, line, behind.part, &mut candidates),
    }
    for candidate in &candidates {
        let Some(opinion) = judge::judge(text, line, candidate, ask) else {
            continue;
        };
        collector.matches.push(Match {
            whole: Span::new(candidate.key.start, candidate.value.end),
            depends: Span::new(line.start, line.end.max(candidate.value.end)),
            ..judged((index, rule), candidate.value, text, opinion)
        });
    }
    collector.scratch.candidates = candidates;
}

/// A value at `span` that was taken for a secret; it rests on nothing but itself so far.
fn judged((index, rule): (u32, &Rule), span: Span, text: &[u8], opinion: judge::Opinion) -> Match {
    Match {
        rule: index,
        span,
        whole: span,
        depends: span,
        parts: Vec::new(),
        secret: Secret::new(span.of(text)),
        confidence: opinion.confidence.min(rule.confidence),
        proof: None,
        disproved: false,
        decoded: Vec::new(),
        note: None,
        structure: None,
        at_most: opinion.mild.then_some(MILD),
    }
}

/// A statement that gives rows of values to columns begins at `hit`. A value is judged as if it were given to its column alone.
fn insert(
    (index, rule): (u32, &Rule),
    (assignment, classifier): (&Assignment, Classifier),
    view: &View<'_>,
    hit: Span,
    collector: &mut Collector<'_>,
) {
    let holds = |name: &[u8], part: &[u8]| {
        let Some(first) = part.first() else { return true };
        let begins = |place: usize| {
            name[place].eq_ignore_ascii_case(first)
                && name[place..place + part.len()].eq_ignore_ascii_case(part)
        };
        (part.len()..=name.len()).any(|end| begins(end - part.len()))
    };
    let part = |name: &[u8]| assignment.columns.iter().find(|part| holds(name, part.as_bytes()));
    assignment::given_to_columns(
        view.bytes,
        hit,
        |name| part(name).is_some(),
        |Column { name, value, seen }| {
            let (name, secret) = (name.of(view.bytes), value.of(view.bytes));
            let Some(keyword) = part(name) else { return };
            let written = [name, b" = '", secret, b"'"].concat();
            let start = name.len() + " = '".len();
            let candidate =
                Candidate::assigned(Span::new(0, name.len()), Span::new(start, start + secret.len()));
            let ask = judge::Ask {
                keyword: keyword.as_bytes(),
                classifier,
                place: view.place,
                odds: assignment.odds,
            };
            let line = Span::new(0, written.len());
            let Some(opinion) = judge::judge(&written, line, &candidate, ask) else { return };
            // Tables keep digests of passwords rather than passwords.
            if judge::is_as_long_as_a_digest(secret) && classifier == Classifier::Password {
                return;
            }
            collector
                .matches
                .push(Match { depends: seen, ..judged((index, rule), value, view.bytes, opinion) });
        },
    );
}

/// Longest mark of a token.
const MAX_MARK: usize = 32;

/// Words before a name that may belong to it: `acme api token`.
const NAME_WORDS: usize = 2;

/// The group of a file rule's expression that holds a value: where it only stands for one, the match does not count.
const VALUE: &str = "value";

/// Bytes at the start of a file that a file rule's expression is asked on.
const CONTENT_LOOK: usize = 1 << 20;

fn file_matches(file: &FileRule, subject: &Subject<'_>) -> bool {
    let size = subject.bytes.len() as u64;
    let excepted = || {
        file.except
            .iter()
            .flat_map(|glob| Glob::parse(glob, true).unwrap_or_default())
            .any(|glob| glob.matches(subject.path))
    };
    let content = || {
        let look = &subject.bytes[..subject.bytes.len().min(CONTENT_LOOK)];
        let found = |content: regex::bytes::Regex| match content
            .capture_names()
            .flatten()
            .any(|name| name == VALUE)
        {
            true => content
                .captures_iter(look)
                .any(|found| found.name(VALUE).is_none_or(|value| !judge::stands_in(value.as_bytes()))),
            false => content.is_match(look),
        };
        file.content.is_empty()
            || regex::bytes::RegexBuilder::new(&file.content).unicode(false).build().is_ok_and(found)
    };
    file.min_size.is_none_or(|least| size >= least)
        && file.max_size.is_none_or(|most| size <= most)
        && file.executable.is_none_or(|wanted| wanted == subject.executable)
        && !excepted()
        && content()
}

/// Lines before a fresh range that a rule may begin in: the name that a value is bound by stands two above at most.
const LINES_BEFORE: usize = 2;

/// Fresh ranges widened to what rules on single lines and bound values may see.
fn widen(text: &[u8], fresh: &Fresh) -> Vec<Span> {
    let spans = fresh.spans(text.len()).into_iter().map(|span| {
        let low = span.start.saturating_sub(GIANT_LINE);
        let mut start = span.start;
        for _ in 0..=LINES_BEFORE {
            start = memchr::memrchr(b'\n', &text[low..start]).map_or(low, |newline| low + newline);
        }
        if start > low {
            start += 1;
        }
        let high = text.len().min(span.end + GIANT_LINE);
        let last = span.end - 1;
        let end = memchr::memchr(b'\n', &text[last..high]).map_or(high, |newline| last + newline + 1);
        Span::new(start, end)
    });
    match Fresh::from_spans(spans.collect()) {
        Fresh::Ranges(ranges) => ranges,
        Fresh::All => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
