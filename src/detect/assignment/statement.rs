//! Statements that give rows of values to columns: `INSERT INTO people (name, password) VALUES ('ann', 'x'), ('bob', 'y')`.
//!
//! Finds which text stands in which column. Must not judge names or values.

use super::{IN_WORD, MAX_VALUE};
use crate::{detect::pattern::AFTER_MULTILINE, text::Span};

/// A text given to a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// The name of the column.
    pub(crate) name: Span,
    /// The text, without quotes.
    pub(crate) value: Span,
    /// From the statement to the end of the text.
    pub(crate) seen: Span,
}

/// What stands between columns and rows.
const VALUES: &[u8] = b"values";
/// Longest name of a table, with that of its schema.
const MAX_TABLE: usize = 200;
/// Most columns.
const MAX_COLUMNS: usize = 64;
/// Most values of one statement: an export of a table shows soon enough what it is.
const MAX_FOUND: usize = 64;

/// Calls `found` with the texts that the statement at `hit` gives to columns whose names are `wanted`.
pub(crate) fn given_to_columns(
    text: &[u8],
    hit: Span,
    wanted: impl Fn(&[u8]) -> bool,
    mut found: impl FnMut(Column),
) {
    let end = text.len().min(hit.start + AFTER_MULTILINE);
    let mut reader = Reader { text: &text[..end], place: hit.end };
    let Some(columns) = reader.columns() else { return };
    if !reader.word(VALUES) || !columns.iter().any(|name| wanted(name.of(text))) {
        return;
    }
    let mut left = MAX_FOUND;
    loop {
        reader.skip_joints();
        if !reader.takes(b'(') {
            return;
        }
        for place in 0.. {
            let value = reader.item();
            let name = columns.get(place).filter(|name| wanted(name.of(text)));
            if let (Some(&name), Some(value)) = (name, value) {
                found(Column { name, value, seen: Span::new(hit.start, value.end + 1) });
                left -= 1;
            }
            if left == 0 {
                return;
            }
            if !reader.takes(b',') {
                break;
            }
        }
        if !reader.takes(b')') {
            return;
        }
        reader.skip_joints();
        if !reader.takes(b',') {
            return;
        }
    }
}

struct Reader<'t> {
    text: &'t [u8],
    place: usize,
}

impl Reader<'_> {
    fn byte(&self) -> u8 {
        self.text.get(self.place).copied().unwrap_or_default()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let there = self.byte() == byte && self.place < self.text.len();
        self.place += usize::from(there);
        there
    }

    fn skip(&mut self, of: impl Fn(&u8) -> bool) {
        let rest = &self.text[self.place.min(self.text.len())..];
        self.place += rest.iter().take_while(|&byte| of(byte)).count();
    }

    fn skip_spaces(&mut self) {
        self.skip(u8::is_ascii_whitespace);
    }

    /// Passes over spaces, and over what joins the strings that a statement is written in over several lines.
    fn skip_joints(&mut self) {
        loop {
            self.skip(|byte| byte.is_ascii_whitespace() || b"\"'`+.&".contains(byte));
            match self.text.get(self.place..self.place + 2) {
                Some(b"\\n" | b"\\r" | b"\\t" | b"\\\n") => self.place += 2,
                _ => return,
            }
        }
    }

    /// Whether the word stands next, whatever its case.
    fn word(&mut self, word: &[u8]) -> bool {
        self.skip_joints();
        let next = self.text.get(self.place..self.place + word.len());
        let there = next.is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.place += if there { word.len() } else { 0 };
        there
    }

    /// The names of the columns behind that of the table.
    fn columns(&mut self) -> Option<Vec<Span>> {
        let start = self.place;
        self.skip(|&byte| is_in_name(byte) || matches!(byte, b'.' | b' ' | b'\t' | b'\r' | b'\n'));
        if self.place - start > MAX_TABLE || !self.takes(b'(') {
            return None;
        }
        // `INSERT INTO people VALUES (…)` names no columns.
        let table = self.text[start..self.place - 1].trim_ascii();
        let last = table.len().saturating_sub(VALUES.len());
        if table[last..].eq_ignore_ascii_case(VALUES)
            && table[..last].last().is_some_and(u8::is_ascii_whitespace)
        {
            return None;
        }
        let mut columns = Vec::new();
        loop {
            self.skip(|&byte| byte.is_ascii_whitespace() || is_around_name(byte));
            let from = self.place;
            self.skip(|&byte| is_in_name(byte) && !is_around_name(byte));
            columns.push(Span::new(from, self.place));
            self.skip(|&byte| byte.is_ascii_whitespace() || is_around_name(byte));
            if self.takes(b')') {
                return Some(columns);
            }
            if !self.takes(b',') || columns.len() > MAX_COLUMNS {
                return None;
            }
        }
    }

    /// Passes over one value, and gives the text that it is, if it is one and nothing else.
    fn item(&mut self) -> Option<Span> {
        self.skip_spaces();
        let start = self.place;
        // `N'…'`, `E'…'`, `_utf8'…'`.
        self.skip(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let prefixed = self.place - start <= MAX_PREFIX;
        let value = if prefixed { self.literal() } else { None };
        self.skip_spaces();
        if matches!(self.byte(), b',' | b')') {
            return value.filter(|value| !value.is_empty() && value.len() <= MAX_VALUE);
        }
        // An expression: it ends where its brackets are closed.
        let mut depth = 0_usize;
        while self.place < self.text.len() {
            match self.byte() {
                b',' if depth == 0 => break,
                b')' if depth == 0 => break,
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\'' => {
                    if self.literal().is_none() {
                        break;
                    }
                    continue;
                }
                _ => {}
            }
            self.place += 1;
        }
        None
    }

    /// A text in quotes, which may be escaped since the statement is in a string itself. A quote in the text is doubled or
    /// escaped.
    fn literal(&mut self) -> Option<Span> {
        let escaped = usize::from(self.byte() == b'\\');
        let quote =
            self.text.get(self.place + escaped).copied().filter(|byte| matches!(byte, b'\'' | b'"'))?;
        let start = self.place + escaped + 1;
        let mut at = start;
        while let Some(&byte) = self.text.get(at) {
            let next = self.text.get(at + 1).copied();
            match byte {
                b'\\' if escaped == 1 && next == Some(quote) => {
                    self.place = at + 2;
                    return Some(Span::new(start, at));
                }
                b'\\' => at += 2,
                byte if byte == quote && next == Some(quote) => at += 2,
                byte if byte == quote => {
                    self.place = at + 1;
                    return Some(Span::new(start, at));
                }
                _ => at += 1,
            }
        }
        None
    }
}

/// Longest mark in front of a text that says in which letters it is.
const MAX_PREFIX: usize = 8;

fn is_around_name(byte: u8) -> bool {
    matches!(byte, b'"' | b'`' | b'[' | b']' | b'\\' | b'\'')
}

fn is_in_name(byte: u8) -> bool {
    IN_WORD[usize::from(byte)] || is_around_name(byte) || matches!(byte, b'_' | b'$' | b'-' | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> String {
        let start = text.find("INSERT INTO").unwrap_or_default();
        let hit = Span::new(start, start + "INSERT INTO".len());
        let mut all = Vec::new();
        given_to_columns(
            text.as_bytes(),
            hit,
            |name| name.starts_with(b"pw"),
            |one| {
                assert!(one.seen.contains(one.value) && one.seen.start == start);
                all.push(format!(
                    "{}={}",
                    &text[one.name.start..one.name.end],
                    &text[one.value.start..one.value.end]
                ));
            },
        );
        all.join("|")
    }

    #[test]
    fn texts_are_given_to_columns_by_their_place() {
        for (text, expected) in [
            ("INSERT INTO t (a, pw) VALUES ('x', 'y')", "pw=y"),
            ("INSERT INTO `s`.`t` (`a`,`pw1`) values (1,'y'),(2,'z');", "pw1=y|pw1=z"),
            ("INSERT INTO [t]([pw],[b])\nVALUES\n  (N'y', 3),\n  (N'it''s', 4);", "pw=y|pw=it''s"),
            ("INSERT INTO values (pw) VALUES ('y')", "pw=y"),
            ("INSERT INTO my_values(pw) VALUES ('y')", "pw=y"),
            ("INSERT INTO t VALUES (pw, 'x') VALUES ('y', 'z')", ""),
            ("INSERT INTO t (pw, pw2) VALUES (md5('q'), 'y')", "pw2=y"),
            ("INSERT INTO t (a, pw) VALUES ('x, \\'(', 'y')", "pw=y"),
            ("q(\"INSERT INTO t (a, pw) \" +\n \"VALUES ('x', 'y')\")", "pw=y"),
            (r#"{"q": "INSERT INTO t (a, pw) VALUES (\"x\", \"y\")"}"#, "pw=y"),
            (r"INSERT INTO t (a, pw)\nVALUES ('x', 'y'),\n('x2', 'y2')", "pw=y|pw=y2"),
            ("INSERT INTO t (a, pw) VALUES ('x', 'y' || 'z')", ""),
            ("INSERT INTO t (a, pw) VALUES (?, ?)", ""),
            ("INSERT INTO t (a, b) VALUES ('x', 'y')", ""),
            ("INSERT INTO t VALUES ('x', 'y')", ""),
            ("INSERT INTO t (a, pw) SELECT 'x', 'y'", ""),
            ("INSERT INTO t (a, pw) VALUES ('x', 'y", ""),
            ("INSERT INTO t (a, pw) VALUES ('x')", ""),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn odd_text_is_harmless() {
        let pieces = [
            "INSERT INTO ",
            "t",
            "(",
            ")",
            "pw",
            ",",
            "'",
            "\"",
            "\\",
            " VALUES ",
            "\n",
            "x",
            "é",
            "N",
            "''",
        ];
        let mut state = 11_u64;
        for _ in 0..20_000 {
            let mut text = String::from("INSERT INTO t(pw,");
            for _ in 0..16 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            given_to_columns(
                text.as_bytes(),
                Span::new(0, 11),
                |_| true,
                |one| {
                    assert!(one.value.end < text.len() && one.name.end <= one.value.start, "{text}");
                },
            );
        }
    }
}
