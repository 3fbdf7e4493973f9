//! Scanning what is a change of something scanned before: only what is fresh is searched, and
//! what was found in a copied range is found again by moving it.
//!
//! A match is decided by the bytes of [`Match::depends`], the path and the encoding. While these
//! stay the same, so does the match; a match that depends on a fresh byte has its keyword within
//! reach of that byte and is looked for anew. Only then it is settled which match speaks where
//! several see the same secret, since that depends on all of them.
//!
//! Most changes are whole lines put in or taken out. A rule on single lines then has nothing to
//! look for on the lines around, so what is fresh for it is worked out anew, by comparing both
//! sides of each seam: see [`Lines`]. Rules that span lines take the ranges of the source, and the
//! places of their keywords are carried on, so that they need not be searched again: of expressions
//! over several lines all, of credentials with parts those at which a secret was found.
//!
//! Must not know what a base is, nor how copies were found.

use std::sync::Arc;

use super::{
    Collector, Detector, Encoded, Fresh, Kind, Match, Scanner, Scratch, Span, Subject, Tally, View,
    assignment, class::Class, encoding, overlap, pattern, set_aside,
};
use crate::text::Copied;

/// What is kept of a scanned content for those built on it.
#[derive(Debug)]
pub struct Kept {
    class: Arc<Class>,
    kind: Kind,
    encoded: Encoded,
    /// All matches on the content, those included that another one speaks for.
    matches: Vec<Match>,
    far: Far,
    names: Names,
}

/// Where the names of providers stand that bind a value, in the order of their places. They need not be searched again in
/// what was copied.
#[derive(Clone, Debug)]
enum Names {
    /// Keywords, by number, behind their places.
    At(Vec<(u32, u32)>),
    /// They are so many that it is less to search again: in lists of words only.
    Many,
}

impl Names {
    /// Of a text of so many bytes.
    fn of(mut places: Vec<(u32, u32)>, len: usize) -> Self {
        if places.len() > len / BYTES_OF_A_NAME + FEW_NAMES {
            return Self::Many;
        }
        places.sort_unstable();
        Self::At(places)
    }
}

/// So many bytes have one name at most, but for a few: then places take a fraction of the memory of the text.
const BYTES_OF_A_NAME: usize = 32;
const FEW_NAMES: usize = 64;

/// Keywords, by number, whose matches may change with lines far from them, and where they stand.
#[derive(Clone, Debug, Default)]
struct Far {
    places: Vec<(u32, u32)>,
    /// There are more than are kept.
    more: bool,
}

/// What a scan notes on its way.
#[derive(Default)]
struct Noted {
    far: Far,
    names: Vec<(u32, u32)>,
}

/// Most places that are kept of a content: more are in lists of words only.
const MOST_FAR: usize = 256;

impl Far {
    fn add(&mut self, keyword: u32, place: u32) {
        if self.places.contains(&(keyword, place)) {
            return;
        }
        if self.places.len() < MOST_FAR {
            self.places.push((keyword, place));
        } else {
            self.more = true;
        }
    }
}

/// How a content came from another one.
#[derive(Clone, Copy, Debug)]
pub struct Change<'c> {
    /// The other one, if it was scanned; without it all is fresh.
    pub base: Option<&'c Kept>,
    /// What was copied from it, in the order of the places in the new content. What does not
    /// touch the fresh ranges lies inside one of these.
    pub copies: &'c [Copied],
    /// The content of the other one.
    pub base_bytes: &'c [u8],
    /// What counts as new, whatever is known from the base.
    pub counted: &'c Fresh,
}

impl Scanner {
    /// Adds *all* matches of `subject`, fresh or not, as a scan of the whole of it finds them, and
    /// keeps what is needed to do the same for what is built on it.
    ///
    /// Nothing is kept of UTF-16, which is scanned whole each time.
    pub fn scan_change(
        &self,
        subject: Subject<'_>,
        change: Change<'_>,
        scratch: &mut Scratch,
        matches: &mut Vec<Match>,
    ) -> (Tally, Option<Kept>) {
        let encoded = encoding_of(subject.bytes, &change);
        let class = match change.base {
            Some(base) if base.class.path() == subject.path => Arc::clone(&base.class),
            _ => self.class(subject.path),
        };
        let alike = |base: &&Kept| {
            base.encoded == encoded
                && base.kind == subject.kind
                && (Arc::ptr_eq(&base.class, &class) || base.class.is_like(&class, self))
        };
        let base = change.base.filter(alike);
        let subject = if base.is_some() { subject } else { Subject { fresh: &Fresh::All, ..subject } };
        let mut lines = std::mem::take(&mut scratch.change);
        lines.clear();
        match base {
            Some(_) => {
                let around = self.classes().around;
                lines.compare(subject.bytes, (change.base_bytes, change.copies), around);
            }
            None => lines.all(subject.bytes.len()),
        }
        let mut collector = self.collector(subject, scratch);
        collector.class = Some(Arc::clone(&class));
        let mut noted = Noted::default();
        if matches!(encoded, Encoded::Utf16 { .. }) {
            self.outermost(subject, encoded, &mut collector);
        } else {
            let view = View {
                bytes: subject.bytes,
                path: subject.path,
                fresh: subject.fresh,
                place: class.place,
                binary: encoded == Encoded::Binary,
                depth: 0,
            };
            match base.map(|base| &base.names) {
                Some(Names::At(names)) => {
                    self.lines(view, &lines.regions, &lines.regions, &mut noted, &mut collector);
                    self.near_by(view, (names, change.copies), &lines, &mut noted, &mut collector);
                }
                _ => self.lines(view, &lines.regions, &lines.around, &mut noted, &mut collector),
            }
            if let Some(base) = base {
                let copied = (&base.far, change.copies);
                self.far_away(view, copied, &lines.regions, &mut noted.far, &mut collector);
            }
            self.forget(&mut collector);
            if self.limits.decode_depth > 0 && !view.binary {
                for &region in &lines.regions {
                    self.decoded(view, region, &mut collector);
                }
            }
        }
        let mut raw = std::mem::take(&mut collector.matches);
        if let Some(base) = base {
            let is_fresh = |one: &Match, depends: Span| {
                let fresh = if self.spans_lines(one) { subject.fresh } else { &lines.fresh };
                fresh.touches(depends)
            };
            raw.retain(|one| is_fresh(one, one.depends));
            inherit(&base.matches, change.copies, is_fresh, &mut raw);
        }
        if raw.len() > 1 {
            raw.sort_by_key(|one| (one.span, one.rule, one.whole, one.depends));
            raw.dedup();
        }
        collector.matches.clone_from(&raw);
        if subject.new_name && subject.kind == Kind::File {
            for &rule in class.files(self) {
                self.file_rule(rule, subject, &mut collector);
            }
            collector.matches.extend_from_slice(class.in_name(self));
        }
        let mut found = collector.matches;
        let disproved = set_aside(&self.rules, &mut found, change.counted);
        let mut tally = Tally { disproved, ..Tally::default() };
        self.defer(subject, &mut found);
        if encoded == Encoded::Text && class.may_have_format() {
            tally.given_up = !self.structure(Subject { fresh: &Fresh::All, ..subject }, &mut found);
        }
        overlap::resolve(&self.rules, &mut found);
        matches.append(&mut found);
        scratch.change = lines;
        let kept = (!matches!(encoded, Encoded::Utf16 { .. })).then_some(Kept {
            class,
            kind: subject.kind,
            encoded,
            matches: raw,
            far: noted.far,
            names: match base {
                Some(Kept { names: Names::Many, .. }) => Names::Many,
                _ => Names::of(noted.names, subject.bytes.len()),
            },
        });
        (tally, kept)
    }

    /// Whether the match may depend on bytes of several lines.
    fn spans_lines(&self, one: &Match) -> bool {
        one.decoded.is_empty() && self.rules.rule(one.rule).spans_lines()
    }

    /// Looks for matches with a keyword in one of `regions`, and for bound values with one in what is `around` them.
    fn lines(
        &self,
        view: View<'_>,
        regions: &[Span],
        around: &[Span],
        noted: &mut Noted,
        collector: &mut Collector<'_>,
    ) {
        let is_name = &self.classes().names;
        let mut hits = std::mem::take(&mut collector.scratch.hits);
        for &region in around {
            hits.clear();
            self.near.prefilter.find(view.bytes, region.start, region.end, |keyword, place| {
                hits.push((keyword as u32, place as u32));
            });
            for &(keyword, place) in &hits {
                let start = place as usize;
                let hit = Span::new(start, start + self.near.prefilter.length(keyword as usize));
                let next = regions.partition_point(|region| region.end < hit.end);
                let inside = regions.get(next).is_some_and(|region| region.contains(hit));
                if is_name[keyword as usize] {
                    noted.names.push((place, keyword));
                }
                self.near_hit((keyword, hit), inside, view, &mut noted.far, collector);
            }
        }
        collector.scratch.hits = hits;
    }

    /// Looks for bound values with a name around what is searched: where such names stand is known from the base.
    fn near_by(
        &self,
        view: View<'_>,
        (names, copies): (&[(u32, u32)], &[Copied]),
        lines: &Lines,
        noted: &mut Noted,
        collector: &mut Collector<'_>,
    ) {
        // The first of some spans that does not end before a place: only that one can have what begins there.
        let first = |spans: &[Span], mut from: usize, place: usize| {
            while spans.get(from).is_some_and(|span| span.end <= place) {
                from += 1;
            }
            from
        };
        let has = |spans: &[Span], index: usize, hit| spans.get(index).is_some_and(|span| span.contains(hit));
        let (mut next, mut region, mut window) = (0, 0, 0);
        for copy in copies.iter().filter(|_| !names.is_empty()) {
            let end = copy.from + copy.len;
            next = seek(names, next, copy.from);
            while let Some(&(place, keyword)) = names.get(next)
                && (place as usize) < end
            {
                next += 1;
                let start = place as usize - copy.from + copy.at;
                let hit = Span::new(start, start + self.near.prefilter.length(keyword as usize));
                region = first(&lines.regions, region, start);
                if hit.end > copy.at + copy.len || has(&lines.regions, region, hit) {
                    continue;
                }
                noted.names.push((start as u32, keyword));
                window = first(&lines.around, window, start);
                if has(&lines.around, window, hit) {
                    self.near_hit((keyword, hit), false, view, &mut noted.far, collector);
                }
            }
        }
    }

    /// A keyword stands `inside` of what is searched, or near it.
    fn near_hit(
        &self,
        (keyword, hit): (u32, Span),
        inside: bool,
        view: View<'_>,
        far: &mut Far,
        collector: &mut Collector<'_>,
    ) {
        let before = collector.matches.len();
        self.near.rules(keyword as usize, |rule| {
            if inside || matches!(self.rules.rule(rule).detector, Detector::Bound(_)) {
                self.hit(rule, &view, hit, collector);
            }
        });
        let found = collector.matches.len() > before;
        if self.is_far(keyword as usize, inside, found) {
            far.add(keyword, hit.start as u32);
        }
    }

    /// Whether what a keyword says may change with lines far from it: what it begins may end there, if it stands `inside` of
    /// what was searched for that; or there may be the parts of a credential whose secret was `found` at it.
    fn is_far(&self, keyword: usize, inside: bool, found: bool) -> bool {
        let mut is_far = false;
        if self.near.spans_lines(keyword) {
            self.near.rules(keyword, |rule| {
                is_far |= match &self.rules.rule(rule).detector {
                    Detector::Pattern(pattern) if pattern.multiline => inside,
                    Detector::Assignment(assignment) if assignment.is_statement() => inside,
                    _ => found,
                };
            });
        }
        is_far
    }

    /// Looks for matches that span lines, with a keyword outside of `regions`: where such keywords
    /// stand is known from the base.
    fn far_away(
        &self,
        view: View<'_>,
        (base, copies): (&Far, &[Copied]),
        regions: &[Span],
        far: &mut Far,
        collector: &mut Collector<'_>,
    ) {
        if base.more {
            far.more = true;
            self.far_hits(view, regions, collector);
            return;
        }
        for &(keyword, place) in &base.places {
            let hit =
                Span::new(place as usize, place as usize + self.near.prefilter.length(keyword as usize));
            for copy in copies.iter().filter(|copy| Span::new(copy.from, copy.from + copy.len).contains(hit))
            {
                let start = hit.start - copy.from + copy.at;
                let hit = Span::new(start, start + hit.len());
                let next = regions.partition_point(|region| region.end < hit.end);
                if regions.get(next).is_some_and(|region| region.contains(hit)) {
                    continue;
                }
                far.add(keyword, start as u32);
                let window =
                    Span::new(start.saturating_sub(pattern::BEFORE), start + pattern::AFTER_MULTILINE);
                if view.fresh.touches(window) {
                    self.near.rules(keyword as usize, |rule| self.hit(rule, &view, hit, collector));
                }
            }
        }
    }
}

/// How what came of a change is encoded: like what it came from, if that is text and the beginning is the same.
fn encoding_of(bytes: &[u8], change: &Change<'_>) -> Encoded {
    match change {
        Change { base: Some(Kept { encoded: Encoded::Text, .. }), copies: [first, ..], .. }
            if (first.at, first.from) == (0, 0) && first.len >= bytes.len().min(encoding::LOOK) =>
        {
            Encoded::Text
        }
        _ => encoding::detect(bytes),
    }
}

/// The first of `names` that stands at `place` or behind it; it is likely a few behind `from`.
fn seek(names: &[(u32, u32)], from: usize, place: usize) -> usize {
    let is_before = |index: usize| names.get(index).is_some_and(|name| (name.0 as usize) < place);
    if from > 0 && !is_before(from - 1) {
        return names.partition_point(|name| (name.0 as usize) < place);
    }
    (from..from + 4)
        .find(|&index| !is_before(index))
        .unwrap_or_else(|| from + names[from..].partition_point(|name| (name.0 as usize) < place))
}

/// Adds the matches of a base that lie in what was copied from it.
fn inherit(
    base: &[Match],
    copies: &[Copied],
    is_fresh: impl Fn(&Match, Span) -> bool,
    found: &mut Vec<Match>,
) {
    if base.is_empty() {
        return;
    }
    let mut order: Vec<&Match> = base.iter().collect();
    order.sort_by_key(|one| one.depends.start);
    for copy in copies {
        let source = Span::new(copy.from, copy.from + copy.len);
        let first = order.partition_point(|one| one.depends.start < source.start);
        for one in order[first..].iter().take_while(|one| one.depends.start < source.end) {
            let moved =
                |span: Span| Span::new(span.start - copy.from + copy.at, span.end - copy.from + copy.at);
            if source.contains(one.depends) && !is_fresh(one, moved(one.depends)) {
                // A match lies within what it depends on.
                found.push(Match {
                    span: moved(one.span),
                    whole: moved(one.whole),
                    depends: moved(one.depends),
                    parts: one.parts.iter().map(|&part| moved(part)).collect(),
                    ..(*one).clone()
                });
            }
        }
    }
}

/// Bytes around what a rule on a single line matches that may decide whether it does: a look-around
/// sees one character, which is at most four bytes.
const CONTEXT: usize = 4;
/// How far a line that is longer is searched around what is fresh in it: no rule on a single line
/// sees farther, a name, its value and the longest keyword included.
const REACH: usize = 6 * 1024;

/// What is fresh for rules on single lines.
///
/// A line is the same as in the base if it was copied as a whole and its neighbours on both sides
/// are the ends of lines there as well. So a seam between two lines that were lines before is
/// nothing new, unless what follows is a value that belongs to a name on the line before.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// What matches must touch to be looked for anew.
    fresh: Fresh,
    /// The lines of that, to be searched.
    regions: Vec<Span>,
    /// The same, as far as the name of a provider may stand from them.
    around: Vec<Span>,
    /// Room for what is fresh.
    spare: Vec<Span>,
}

impl Lines {
    fn clear(&mut self) {
        if let Fresh::Ranges(ranges) = std::mem::take(&mut self.fresh) {
            self.spare = ranges;
        }
        self.spare.clear();
        self.regions.clear();
        self.around.clear();
    }

    /// All is fresh.
    fn all(&mut self, len: usize) {
        self.fresh = Fresh::All;
        if len > 0 {
            self.regions.push(Span::new(0, len));
            self.around.push(Span::new(0, len));
        }
    }

    /// What is fresh in `text`, which has `copies` of `base`, and what is so far `around`.
    fn compare(&mut self, text: &[u8], (base, copies): (&[u8], &[Copied]), around: (usize, usize)) {
        let mut fresh = std::mem::take(&mut self.spare);
        let mut gap = |from: (usize, usize), to: (usize, usize)| {
            if let Some(span) = Self::gap(text, base, from, to) {
                push(&mut fresh, span);
            }
        };
        // Places in text and base.
        let mut end = (0, 0);
        for copy in copies {
            let start = (copy.at, copy.from);
            if start != end {
                gap(end, start);
            }
            end = (copy.at + copy.len, copy.from + copy.len);
        }
        if end != (text.len(), base.len()) {
            gap(end, (text.len(), base.len()));
        }
        for &span in &fresh {
            push(&mut self.regions, Self::widen(text, span));
        }
        for region in &self.regions {
            let (before, after) = around;
            let wide = Span::new(region.start.saturating_sub(before), text.len().min(region.end + after));
            push(&mut self.around, wide);
        }
        self.fresh = Fresh::Ranges(fresh);
    }

    /// What is fresh around a gap between two copies, if anything: `from` is where the first ends, `to` where
    /// the second begins, each in text and base.
    fn gap(text: &[u8], base: &[u8], from: (usize, usize), to: (usize, usize)) -> Option<Span> {
        let ends = |text: &[u8], place: usize| text.get(place).is_none_or(|&byte| byte == b'\n');
        let begins = |text: &[u8], place: usize| place == 0 || text[place - 1] == b'\n';
        let (start, end) = (from.0, to.0);
        // The line that the first copy ends in may be as it was.
        let whole = begins(text, start) && begins(base, from.1);
        let low = if whole && from.1 == base.len() {
            // The end of a text says something, too: here it ended.
            start.saturating_sub(1)
        } else if whole {
            start
        } else if ends(text, start) && ends(base, from.1) {
            // Its end, if that came in anew, says nothing new of it.
            end.min(start + 1)
        } else {
            let low = start.saturating_sub(CONTEXT);
            memchr::memrchr(b'\n', &text[low..start]).map_or(low, |newline| low + newline + 1)
        };
        // And so may the line that the second begins in.
        let after = begins(text, end) && begins(base, to.1);
        if after {
            if low >= end || end < text.len() && assignment::reaches_back(text, end) {
                // Its name may stand on the line before, which may be another one than it was; and where lines
                // were taken out, a value has come closer to the name of its provider.
                let span = Span::new(low.min(end).saturating_sub(1), text.len().min(end + 1));
                return (!span.is_empty()).then_some(span);
            }
            return Some(Span::new(low, end));
        }
        let high = text.len().min(end + CONTEXT);
        let high = memchr::memchr(b'\n', &text[end..high]).map_or(high, |newline| end + newline);
        (low < high).then_some(Span::new(low, high))
    }

    /// The lines of `span`, and the one before if a value on the first may belong to a name there.
    fn widen(text: &[u8], span: Span) -> Span {
        let low = span.start.saturating_sub(REACH);
        let mut start =
            memchr::memrchr(b'\n', &text[low..span.start]).map_or(low, |newline| low + newline + 1);
        if start > low && assignment::reaches_back(text, start) {
            let low = start.saturating_sub(REACH);
            start = memchr::memrchr(b'\n', &text[low..start - 1]).map_or(low, |newline| low + newline + 1);
        }
        let last = span.end - 1;
        let high = text.len().min(span.end + REACH);
        let end = memchr::memchr(b'\n', &text[last..high]).map_or(high, |newline| last + newline + 1);
        Span::new(start, end)
    }
}

/// Appends a span that does not begin before those of the last ones that it does not touch.
fn push(spans: &mut Vec<Span>, mut span: Span) {
    while let Some(last) = spans.pop_if(|last| span.start <= last.end) {
        span = Span::new(span.start.min(last.start), span.end.max(last.end));
    }
    spans.push(span);
}
