//! Byte spans, fresh ranges, and the way from an offset to a line and column.
//!
//! Must not know what is being searched for.

/// A half-open range of byte offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`; an end before the start gives an empty span at `start`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end: if end < start { start } else { end } }
    }

    /// Number of bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// True for a span of no bytes.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// True if both share at least one byte. An empty span touches what strictly surrounds it.
    #[must_use]
    pub const fn touches(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// True if `other` lies wholly inside.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The bytes of `text` it covers, cut to the length of `text`.
    #[must_use]
    pub fn of(self, text: &[u8]) -> &[u8] {
        let end = self.end.min(text.len());
        &text[self.start.min(end)..end]
    }

    /// The span moved by `offset` bytes to the right.
    #[must_use]
    pub const fn shifted(self, offset: usize) -> Self {
        Self { start: self.start + offset, end: self.end + offset }
    }
}

/// Which parts of a content are new to this run.
///
/// A run reports a match when its extent touches a fresh range; what was there before was
/// looked at when it came in.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Fresh {
    /// Everything.
    #[default]
    All,
    /// These ranges, sorted, disjoint and not empty.
    Ranges(Vec<Span>),
}

impl Fresh {
    /// Sorts and merges `spans` (touching neighbours become one, empty ones go).
    #[must_use]
    pub fn from_spans(mut spans: Vec<Span>) -> Self {
        spans.retain(|span| !span.is_empty());
        spans.sort_unstable();
        let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => merged.push(span),
            }
        }
        Self::Ranges(merged)
    }

    /// True if nothing is fresh.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Ranges(ranges) if ranges.is_empty())
    }

    /// True if `span` shares a byte with a fresh range.
    #[must_use]
    pub fn touches(&self, span: Span) -> bool {
        match self {
            Self::All => true,
            Self::Ranges(ranges) => {
                let next = ranges.partition_point(|range| range.end <= span.start);
                ranges.get(next).is_some_and(|range| range.start < span.end.max(span.start + 1))
            }
        }
    }

    /// The first part of `span` that is fresh; all of it if none is.
    #[must_use]
    pub fn first_in(&self, span: Span) -> Span {
        let Self::Ranges(ranges) = self else { return span };
        let first = ranges.iter().find(|range| range.start < span.end && span.start < range.end);
        first.map_or(span, |range| Span::new(range.start.max(span.start), range.end.min(span.end)))
    }

    /// The fresh ranges of a text of `len` bytes.
    #[must_use]
    pub fn spans(&self, len: usize) -> Vec<Span> {
        match self {
            Self::All if len == 0 => Vec::new(),
            Self::All => vec![Span::new(0, len)],
            Self::Ranges(ranges) => ranges
                .iter()
                .filter(|range| range.start < len)
                .map(|range| Span::new(range.start, range.end.min(len)))
                .collect(),
        }
    }

    /// Number of fresh bytes in a text of `len` bytes.
    #[must_use]
    pub fn bytes(&self, len: usize) -> u64 {
        match self {
            Self::All => len as u64,
            Self::Ranges(ranges) => ranges.iter().map(|range| range.len() as u64).sum(),
        }
    }
}

/// A range of a content that was copied from another one, its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Where it begins in the content.
    pub at: usize,
    /// Where it begins in the base.
    pub from: usize,
    /// Number of bytes.
    pub len: usize,
}

impl Copied {
    /// The range in the content.
    #[must_use]
    pub const fn span(&self) -> Span {
        Span { start: self.at, end: self.at + self.len }
    }
}

/// A place for people: line and columns, all counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Line, from 1. Lines end at `\n`, at `\r\n` or at a lone `\r`-free end of text.
    pub line: usize,
    /// Column in bytes, from 1; in UTF-16, in those of the same text as UTF-8.
    pub column: usize,
    /// Column in UTF-16 code units, from 1, as SARIF and the protocols of editors count; a
    /// byte order mark does not count. 0 where it is not known.
    pub character: usize,
}

/// Turns offsets into positions, going on from the last one asked for.
#[derive(Debug)]
pub struct Positions<'t> {
    text: &'t [u8],
    line: usize,
    line_start: usize,
    offset: usize,
    /// UTF-16 code units from `line_start` to `offset`.
    units: usize,
}

impl<'t> Positions<'t> {
    /// Starts at the first line of `text`.
    #[must_use]
    pub const fn new(text: &'t [u8]) -> Self {
        Self { text, line: 1, line_start: 0, offset: 0, units: 0 }
    }

    /// The position of `offset`, cut to the end of the text. Costs what lies between it and the last one.
    pub fn at(&mut self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        if offset < self.offset {
            self.back_to_line_of(offset);
        }
        for newline in memchr::memchr_iter(b'\n', &self.text[self.offset..offset]) {
            self.line += 1;
            self.line_start = self.offset + newline + 1;
        }
        if self.line_start > self.offset {
            self.units = 0;
            self.offset = self.line_start;
        }
        self.units += utf16_units(&self.text[self.offset..offset]);
        self.offset = offset;
        let mark = self.line == 1 && offset >= BOM.len() && self.text.starts_with(BOM);
        let character = self.units + 1 - usize::from(mark);
        Position { line: self.line, column: offset - self.line_start + 1, character }
    }

    /// Goes back to `offset` where that is on the same line, else to the start of the line that holds it.
    fn back_to_line_of(&mut self, offset: usize) {
        if offset >= self.line_start {
            self.units -= utf16_units(&self.text[offset..self.offset]);
            self.offset = offset;
            return;
        }
        self.line -= memchr::memchr_iter(b'\n', &self.text[offset..self.line_start]).count();
        self.line_start = line_start(self.text, offset);
        self.offset = self.line_start;
        self.units = 0;
    }
}

/// Where the lines of a content lie in the file that it is a part of.
///
/// The default is that of a whole file: line 1 is line 1.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LineMap {
    /// Sorted by `line`; each holds up to the next.
    runs: Vec<Run>,
}

/// Lines that follow each other in the content and in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// The first of them in the content, from 1.
    line: usize,
    /// The same line in the file, from 1.
    file_line: usize,
    /// Bytes of that line in front of the content: 0 but where a part begins within a line.
    skipped: usize,
}

impl LineMap {
    /// The map of a content whose first byte lies at `first` in its file.
    #[must_use]
    pub fn starting_at(first: Position) -> Self {
        if first.line <= 1 && first.column <= 1 {
            return Self::default();
        }
        let skipped = first.column.saturating_sub(1);
        Self { runs: vec![Run { line: 1, file_line: first.line.max(1), skipped }] }
    }

    /// From `line` of the content on, lines follow `file_line` of the file. Lines must grow from
    /// call to call.
    pub fn push(&mut self, line: usize, file_line: usize) {
        let run = Run { line, file_line, skipped: 0 };
        let follows = match self.runs.last() {
            Some(last) => last.file_line + line.saturating_sub(last.line) == file_line,
            None => line == file_line,
        };
        if !follows {
            self.runs.push(run);
        }
    }

    /// True if lines are those of the file.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.runs.is_empty()
    }

    /// The place in the file of a place in the content. Line 0 (no place) stays.
    #[must_use]
    pub fn in_file(&self, position: Position) -> Position {
        let after = self.runs.partition_point(|run| run.line <= position.line);
        let Some(run) = after.checked_sub(1).and_then(|last| self.runs.get(last)) else {
            return position;
        };
        let line = run.file_line + (position.line - run.line);
        if position.line == run.line && run.skipped > 0 {
            return Position { line, column: position.column + run.skipped, character: 0 };
        }
        Position { line, ..position }
    }
}

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Number of UTF-16 code units that UTF-8 `text` takes: one for each byte that starts a
/// character, two where it starts one of four bytes. Can be summed over pieces.
fn utf16_units(text: &[u8]) -> usize {
    text.iter().map(|&byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0)).sum()
}

/// Start of the line that holds `offset`.
#[must_use]
pub fn line_start(text: &[u8], offset: usize) -> usize {
    memchr::memrchr(b'\n', &text[..offset.min(text.len())]).map_or(0, |newline| newline + 1)
}

/// End of the line that holds `offset`: the place of its `\n`, or the end of the text.
#[must_use]
pub fn line_end(text: &[u8], offset: usize) -> usize {
    let offset = offset.min(text.len());
    memchr::memchr(b'\n', &text[offset..]).map_or(text.len(), |newline| offset + newline)
}

/// The lines that `span` touches, without the last line's ending.
#[must_use]
pub fn lines_around(text: &[u8], span: Span) -> Span {
    let last = if span.is_empty() { span.end } else { span.end - 1 };
    Span::new(line_start(text, span.start), line_end(text, last).max(span.end.min(text.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_ranges_merge_and_answer() {
        let fresh =
            Fresh::from_spans(vec![Span::new(8, 9), Span::new(2, 4), Span::new(4, 6), Span::new(7, 7)]);
        assert_eq!(fresh, Fresh::Ranges(vec![Span::new(2, 6), Span::new(8, 9)]));
        for (start, end, expected) in
            [(0, 2, false), (0, 3, true), (6, 8, false), (8, 8, true), (9, 20, false)]
        {
            assert_eq!(fresh.touches(Span::new(start, end)), expected, "{start}..{end}");
        }
        assert_eq!(fresh.bytes(100), 5);
        assert_eq!(fresh.spans(5), vec![Span::new(2, 5)]);
    }

    #[test]
    fn positions_count_from_one_and_may_go_back() {
        let text = b"ab\r\nc\n\nd";
        let mut positions = Positions::new(text);
        for (offset, line, column) in [(0, 1, 1), (4, 2, 1), (7, 4, 1), (99, 4, 2), (1, 1, 2)] {
            let expected = Position { line, column, character: column };
            assert_eq!(positions.at(offset), expected, "offset {offset}");
        }
        for text in ["ab\r\nc\n\nd", "\u{feff}a\n\nb\u{1f511}\nc\n"] {
            let places: Vec<_> = (0..=text.len()).filter(|&offset| text.is_char_boundary(offset)).collect();
            for (&from, &to) in places.iter().flat_map(|from| places.iter().map(move |to| (from, to))) {
                let mut positions = Positions::new(text.as_bytes());
                positions.at(from);
                assert_eq!(positions.at(to), Positions::new(text.as_bytes()).at(to), "{from} to {to}");
            }
        }
    }

    #[test]
    fn characters_are_utf16_units_without_the_byte_order_mark() {
        let text = "\u{feff}a\u{e9}\u{1f511}b\n\u{e9}x";
        for (character, line, units) in [('a', 1, 1), ('b', 1, 5), ('x', 2, 2)] {
            let offset = text.find(character).unwrap();
            let position = Positions::new(text.as_bytes()).at(offset);
            assert_eq!((position.line, position.character), (line, units), "{character}");
        }
        let mut positions = Positions::new(text.as_bytes());
        let steps: Vec<_> = (0..=text.len()).map(|offset| positions.at(offset)).collect();
        for (offset, step) in steps.into_iter().enumerate() {
            if text.is_char_boundary(offset) {
                assert_eq!(step, Positions::new(text.as_bytes()).at(offset), "offset {offset}");
            }
        }
    }

    #[test]
    fn line_maps_give_places_in_the_file() {
        let place = |line, column| Position { line, column, character: column };
        assert_eq!(LineMap::default().in_file(place(3, 4)), place(3, 4));
        let within = LineMap::starting_at(place(7, 11));
        assert_eq!(within.in_file(place(1, 2)), Position { line: 7, column: 12, character: 0 });
        assert_eq!(within.in_file(place(2, 2)), place(8, 2));
        let mut hunks = LineMap::default();
        for (line, file_line) in [(1, 1), (2, 2), (3, 10), (4, 11), (5, 12), (6, 20)] {
            hunks.push(line, file_line);
        }
        for (line, file_line) in [(0, 0), (1, 1), (2, 2), (3, 10), (5, 12), (6, 20), (8, 22)] {
            assert_eq!(hunks.in_file(place(line, 1)), place(file_line, 1), "line {line}");
        }
        assert!(!hunks.is_whole() && LineMap::starting_at(place(1, 1)).is_whole());
    }

    #[test]
    fn lines_around_a_span() {
        let text = b"one\ntwo\nthree";
        assert_eq!(lines_around(text, Span::new(5, 6)), Span::new(4, 7));
        assert_eq!(lines_around(text, Span::new(4, 8)), Span::new(4, 8));
        assert_eq!(lines_around(text, Span::new(9, 9)), Span::new(8, 13));
    }
}
