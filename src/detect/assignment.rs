//! Values given to keys: what follows a telling name, in the syntaxes that source text,
//! configuration, shells and documents use.
//!
//! Finds where the value is and how it is written. Must not judge it.

mod look;
mod statement;

pub(crate) use look::{Behind, Given, Sole};
pub(crate) use statement::{Column, given_to_columns};

use super::words::{Words, begins_with_one, ends_in_one, place_of};
use crate::text::Span;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quote {
    /// Bare: it ends at a space or a delimiter.
    None,
    /// Between quotes of one kind.
    Quoted,
    /// Between quotes that are escaped, inside another string.
    Escaped,
    /// Bare, inside a string that began before the key: `"host=x password=y"`.
    InString,
    /// A list of numbers that stand for bytes.
    Bytes,
}

/// What stands between key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Syntax {
    /// `=`, `:=`, `?=` and the like.
    Assign,
    /// `:`.
    Colon,
    /// `=>` or `->`.
    Arrow,
    /// `==`, `!=` and the like.
    Compare,
    /// `(`: the key is the name of what is called.
    Call,
    /// `,`: the key is a string in front of the value.
    Comma,
    /// Space after a flag such as `--password`, or between a name and a quote.
    Space,
    /// `<key>value</key>` or `name="key" value="…"`.
    Markup,
    /// `?key=value&`.
    Query,
    /// `name: KEY` on one line, `value: …` on the next; or a YAML block.
    NextLine,
    /// `scheme://user:value@host`.
    Userinfo,
    /// `Basic value`, `Bearer value`.
    Scheme,
}

/// A value given to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The whole name, such as `DB_PASSWORD`.
    pub(crate) key: Span,
    /// The value, without quotes.
    pub(crate) value: Span,
    /// How the value is written.
    pub(crate) quote: Quote,
    /// What stands between.
    pub(crate) syntax: Syntax,
    /// Text after a bare value on its line, that is not a comment: the value may be prose.
    pub(crate) trailing: bool,
    /// Place among the arguments or items, from 0.
    pub(crate) item: u8,
    /// The value of another key in a document that is the value of this one: `token: "{\"sig\":\"…\"}"`.
    pub(crate) nested: bool,
}

impl Candidate {
    /// `key = "value"`.
    pub(crate) const fn assigned(key: Span, value: Span) -> Self {
        let (quote, syntax) = (Quote::Quoted, Syntax::Assign);
        Self { key, value, quote, syntax, trailing: false, item: 0, nested: false }
    }
}

/// What separates a name from its value at the start of `rest`, and its length; `::` does not.
fn separator(rest: &[u8]) -> Option<(Syntax, usize)> {
    let at = |place: usize| rest.get(place).copied().unwrap_or_default();
    Some(match (at(0), at(1)) {
        (b'=', b'=') => (Syntax::Compare, if at(2) == b'=' { 3 } else { 2 }),
        (b'=', b'>') => (Syntax::Arrow, 2),
        (b'=', b'~') => (Syntax::Compare, 2),
        (b'=', _) => (Syntax::Assign, 1),
        (b':', b':') if at(2) == b'=' => (Syntax::Assign, 3),
        // The scheme of an address, such as `otpauth`.
        (b':', b'/') if at(2) == b'/' => return None,
        (b':', b':') => return None,
        (b':', b'=') => (Syntax::Assign, 2),
        (b':', _) => (Syntax::Colon, 1),
        (b'(', _) => (Syntax::Call, 1),
        (b',', _) => (Syntax::Comma, 1),
        (b'!', b'=') => (Syntax::Compare, if at(2) == b'=' { 3 } else { 2 }),
        (b'<', b'=') if at(2) == b'>' => (Syntax::Compare, 3),
        (b'|' | b'&' | b'?' | b'/', second) if second == at(0) && at(2) == b'=' => (Syntax::Assign, 3),
        (b'?' | b'+' | b'.', b'=') | (b'<', b'-') => (Syntax::Assign, 2),
        (b'-', b'>') => (Syntax::Arrow, 2),
        (b'<', b'>') => (Syntax::Compare, 2),
        (b'%', b'3') if matches!(at(2), b'D' | b'd') => (Syntax::Query, 3),
        _ => return None,
    })
}

/// Longest name, to each side of the keyword.
const MAX_KEY: usize = 64;
/// Most spaces around a separator: tables are aligned with spaces.
const MAX_SPACE: usize = 40;
/// Longest value.
const MAX_VALUE: usize = 512;
/// Most values of a list.
const MAX_ITEMS: usize = 8;
/// Fewest numbers that make a list of bytes, and the longest such list in bytes of text.
const BYTES: (usize, usize) = (8, 2048);
/// Longest user name of a URL.
const MAX_USER: usize = 100;

/// Adds the values given to the name around `hit`. `line` is the line of the hit, cut to a window.
pub(crate) fn find(text: &[u8], line: Span, hit: Span, found: &mut Vec<Candidate>) {
    let Some(hit) = name_part(text, hit) else {
        Reader { text, end: line.end, key: hit }.userinfo(line, found);
        return;
    };
    if text[hit.end..line.end.max(hit.end)].starts_with(b" ") && is_scheme(hit.of(text)) {
        Reader { text, end: line.end, key: hit }.scheme(found);
        return;
    }
    let Some(key) = key_around(text, line, hit) else { return };
    let reader = Reader { text, end: line.end, key };
    if let Some(candidate) = reader.markup_element() {
        found.push(candidate);
        return;
    }
    reader.after_key(line, found);
}

/// Attributes that say what the name in the attribute before them is given.
const ATTRIBUTES: [&[u8]; 4] = [b"value", b"content", b"default", b"Value"];
/// What begins a line whose value belongs to a name on the line before.
const NEXT_LINE: [&[u8]; 5] = [b"value:", b"Value:", b"ParameterValue:", b"\"value\":", b"\"Value\":"];

/// Whether what is found on the line before the one that begins at `start` may be on this one.
pub(crate) fn reaches_back(text: &[u8], start: usize) -> bool {
    let before = text[start.saturating_sub(MAX_SPACE)..start].trim_ascii_end();
    let block = match before {
        [block @ .., b'-' | b'+'] => block,
        _ => before,
    };
    if matches!(block.last(), Some(b'|' | b'>')) {
        return true;
    }
    let line = &text[start..text.len().min(start + MAX_VALUE)];
    let line = line.trim_ascii_start();
    begins_with_one(line, &NEXT_LINE)
}

/// The hit without the punctuation that a keyword such as `key":` may end in; none if it is only that.
pub(crate) fn name_part(text: &[u8], hit: Span) -> Option<Span> {
    let is_part = |byte: &u8| IN_WORD[usize::from(*byte)];
    let bytes = hit.of(text);
    let start = bytes.iter().position(is_part)?;
    let behind = bytes.iter().rev().position(is_part)?;
    Some(Span::new(hit.start + start, hit.end - behind))
}

/// Keywords of a rule that begin as the whole part of another does, which is then no hit of its own: `passw` beside `_pass`.
#[derive(Debug, Default)]
pub(crate) struct Longer {
    /// The part that the shorter one is, and what follows it in the longer one, in lower case.
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Longer {
    /// Of keywords in lower case.
    pub(crate) fn of<K: AsRef<str>>(keywords: &[K]) -> Self {
        let part = |keyword: &[u8]| name_part(keyword, Span::new(0, keyword.len()));
        let is_whole = |keyword: &&[u8]| part(keyword).is_some_and(|part| part.len() == keyword.len());
        let keywords = || keywords.iter().map(|keyword| keyword.as_ref().as_bytes());
        let mut pairs = Vec::new();
        for keyword in keywords() {
            let Some(part) = part(keyword).map(|part| part.of(keyword)) else { continue };
            let begins_so = keywords().filter(|longer| longer.len() > part.len() && longer.starts_with(part));
            pairs.extend(
                begins_so.filter(is_whole).map(|longer| (part.to_vec(), longer[part.len()..].to_vec())),
            );
        }
        pairs.sort();
        pairs.dedup();
        Self { pairs }
    }

    /// Whether the part `name` is the beginning of a longer keyword that stands there.
    pub(crate) fn has(&self, text: &[u8], name: Span) -> bool {
        self.pairs.iter().any(|(part, more)| {
            part.len() == name.len()
                && text[name.end..].get(..more.len()).is_some_and(|rest| rest.eq_ignore_ascii_case(more))
                && name.of(text).eq_ignore_ascii_case(part)
        })
    }
}

/// Whether `word` is the scheme of an `Authorization` header.
pub(crate) fn is_scheme(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"basic") || word.eq_ignore_ascii_case(b"bearer")
}

/// Schemes of `Authorization` that parameters with names follow.
const SCHEMES_WITH_PARAMETERS: [&[u8]; 4] = [b"Digest ", b"Hawk ", b"OAuth ", b"Signature "];

/// Whether a byte may be part of a name.
fn is_name(byte: &u8) -> bool {
    IN_NAME[usize::from(*byte)]
}

/// For each byte, whether it is a letter or a digit: it is asked of every keyword.
static IN_WORD: [bool; 256] = with_letters_and_digits(b"");
/// [`is_name`] for each byte: it is asked of every byte around a keyword.
static IN_NAME: [bool; 256] = with_letters_and_digits(&NAME_MARKS);
/// What may be part of a name beside letters and digits.
const NAME_MARKS: [u8; 4] = *b"_-$@";
/// For each byte, whether it may be part of a type that stands between a name and its value.
static IN_TYPE: [bool; 256] = with_letters_and_digits(b"_<>&'?[].| ");

/// Bytes at the start of `text` that are in a table.
fn length_in(text: &[u8], table: &[bool; 256]) -> usize {
    text.iter().position(|&byte| !table[usize::from(byte)]).unwrap_or(text.len())
}

const fn with_letters_and_digits(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut place = 0;
    while place < others.len() {
        table[others[place] as usize] = true;
        place += 1;
    }
    table
}

/// Words in front of a name that a value follows with nothing but space between them.
const DEFINES: [&[u8]; 12] = [
    b"#define",
    b"ENV",
    b"ARG",
    b"setx",
    b"SetEnv",
    b"export",
    b"requirepass",
    b"masterauth",
    // fish.
    b"set -x",
    b"set -gx",
    b"set -Ux",
    b"set -lx",
];

/// Whether the name that begins at `start` is the one in `#define KEY x`, `ENV KEY x`, `set KEY x` and the like.
fn is_defined(text: &[u8], start: usize) -> bool {
    ends_in_one(text[start.saturating_sub(16)..start].trim_ascii_end(), &DEFINES)
}

/// Words of calls that ask for something by name, which is not the value itself.
static LOOKUPS: Words<{ OF_LOOKUPS.len() }> = Words::new(&[(1, OF_LOOKUPS)]);
const OF_LOOKUPS: &[&str] = &[
    "env", "get", "param", "config", "fetch", "lookup", "read", "prompt", "ask", "find", "var", "load",
    "require", "input",
];

/// Whether a byte may be part of a list of numbers.
const fn is_of_numbers(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'X' | b',' | b' ')
}

/// Whether a number of a list stands for a byte: it is below 256.
fn is_byte(number: &[u8]) -> bool {
    let number = number.trim_ascii();
    if let Some(digits) = number.strip_prefix(b"0x").or_else(|| number.strip_prefix(b"0X")) {
        return digits.len() <= 2;
    }
    let decimal = number.iter().all(u8::is_ascii_digit);
    !decimal
        || number.is_empty()
        || std::str::from_utf8(number).is_ok_and(|number| number.parse::<u8>().is_ok())
}

/// Widens `hit` to the whole name.
fn key_around(text: &[u8], line: Span, hit: Span) -> Option<Span> {
    let low = line.start.max(hit.start.saturating_sub(MAX_KEY));
    let start = hit.start - text[low..hit.start].iter().rev().take_while(|byte| is_name(byte)).count();
    let high = line.end.min(hit.end + MAX_KEY);
    let mut end = hit.end + length_in(&text[hit.end..high], &IN_NAME);
    // `password-` or `key->x`: a dash at the end belongs to what follows.
    while end > hit.end && text[end - 1] == b'-' {
        end -= 1;
    }
    (start > low || low == line.start).then_some(())?;
    (end < high || high == line.end).then(|| Span::new(start, end))
}

struct Reader<'t> {
    text: &'t [u8],
    end: usize,
    key: Span,
}

impl Reader<'_> {
    fn byte(&self, place: usize) -> u8 {
        if place < self.end { self.text[place] } else { 0 }
    }

    /// Where the next line begins.
    fn below(&self) -> usize {
        (self.end + 1 + usize::from(self.text[self.end..].starts_with(b"\r\n"))).min(self.text.len())
    }

    fn starts(&self, place: usize, literal: &[u8]) -> bool {
        self.text[place.min(self.end)..self.end].starts_with(literal)
    }

    fn skip_spaces(&self, place: usize) -> usize {
        let high = self.end.min(place + MAX_SPACE);
        let from = place.min(high);
        from + self.text[from..high].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    fn candidate(&self, value: Span, quote: Quote, syntax: Syntax) -> Candidate {
        Candidate { key: self.key, value, quote, syntax, trailing: false, item: 0, nested: false }
    }

    /// `scheme://user:value@host`, from the `://` on.
    fn userinfo(&self, line: Span, found: &mut Vec<Candidate>) {
        let from = self.key.end;
        let low = line.start.max(self.key.start.saturating_sub(MAX_KEY));
        let scheme = self.text[low..self.key.start]
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(byte))
            .count();
        let high = self.end.min(from + MAX_USER + MAX_VALUE);
        let stops = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`<>\\|".contains(byte);
        let rest = &self.text[from.min(high)..high];
        let rest = &rest[..rest.iter().position(stops).unwrap_or(rest.len())];
        // The host begins behind the last `@` in front of the path; a password may hold one, too.
        let authority = &rest[..rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len())];
        let (Some(colon), Some(at)) = (memchr::memchr(b':', authority), memchr::memrchr(b'@', authority))
        else {
            return;
        };
        let host =
            authority.get(at + 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"[{$%".contains(byte));
        if scheme == 0 || colon + 1 >= at || colon > MAX_USER || !host {
            return;
        }
        let key = Span::new(self.key.start - scheme, from + colon);
        let value = Span::new(from + colon + 1, from + at);
        found.push(Candidate { key, ..self.candidate(value, Quote::None, Syntax::Userinfo) });
    }

    /// `Basic value`, from the word on.
    fn scheme(&self, found: &mut Vec<Candidate>) {
        // The end of a name: `AuthenticationTypeBasic AuthenticationType`.
        if self.key.start > 0 && self.text[self.key.start - 1].is_ascii_alphanumeric() {
            return;
        }
        let from = self.skip_spaces(self.key.end);
        let high = self.end.min(from + 4 * MAX_VALUE);
        let length = self.text[from.min(high)..high]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=_.~-".contains(byte))
            .count();
        let written = &self.text[from..from + length];
        let value = Span::new(from, from + length - usize::from(written.ends_with(b".")));
        // The next word of a sentence is no credential.
        let plain = value.of(self.text).iter().all(u8::is_ascii_lowercase) || written.len() < 8;
        if !plain && !matches!(self.byte(from + length), b'$' | b'{' | b'(' | b'<' | b'%') {
            found.push(self.candidate(value, Quote::InString, Syntax::Scheme));
        }
    }

    // abatis:allow generic-password the form of an element, no value
    /// `<password>value</password>`.
    fn markup_element(&self) -> Option<Candidate> {
        let before = self.key.start.checked_sub(1).map(|place| self.text[place])?;
        if before != b'<' && before != b':' && before != b'.' || self.byte(self.key.end) != b'>' {
            return None;
        }
        let open = self.text[self.key.start.saturating_sub(MAX_KEY)..self.key.start]
            .iter()
            .rposition(|&byte| byte == b'<')?;
        let open = self.key.start.saturating_sub(MAX_KEY) + open;
        if self.text[open + 1..self.key.start]
            .iter()
            .any(|byte| !byte.is_ascii_alphanumeric() && !b".:_-".contains(byte))
        {
            return None;
        }
        let from = self.skip_spaces(self.key.end + 1);
        if from >= self.end {
            return self.element_below();
        }
        let length = memchr::memchr2(b'<', b'\n', &self.text[from..self.end.min(from + MAX_VALUE)])?;
        let value = trim(self.text, Span::new(from, from + length));
        if !self.starts(from + length, b"</") {
            return None;
        }
        Some(self.candidate(value, Quote::Quoted, Syntax::Markup))
    }

    /// `<password>` with the value alone on the next line.
    fn element_below(&self) -> Option<Candidate> {
        let start = self.below();
        let high = self.text.len().min(start + MAX_VALUE);
        let rest = self.text.get(start..high)?;
        let end = start + memchr::memchr(b'\n', rest)?;
        let value = trim(self.text, Span::new(start, end));
        let alone = !value.is_empty() && !value.of(self.text).iter().any(|byte| b" \t<>".contains(byte));
        alone.then(|| self.candidate(value, Quote::Quoted, Syntax::NextLine))
    }

    fn after_key(&self, line: Span, found: &mut Vec<Candidate>) {
        let mut place = self.key.end;
        let mut closed = None;
        // What may close the key: a quote (escaped or not), a subscript, `?` of an optional name.
        for _ in 0..4 {
            match self.byte(place) {
                b'\\' if matches!(self.byte(place + 1), b'"' | b'\'') => {
                    closed = Some(self.byte(place + 1));
                    place += 2;
                }
                b'\\' if self.starts(place, b"\\\\\\\"") => {
                    closed = Some(b'"');
                    place += 4;
                }
                quote @ (b'"' | b'\'' | b'`') => {
                    closed = Some(quote);
                    place += 1;
                }
                b'&' if self.entity(place).is_some() => {
                    closed = Some(b'"');
                    place += self.entity(place).map_or(1, <[u8]>::len);
                }
                b']' | b'?' | b'!' | b'}' => place += 1,
                b'[' if self.byte(place + 1) == b']' => place += 2,
                _ => break,
            }
        }
        if closed.is_some() && self.pair(place, line, found) {
            return;
        }
        // `get("password") == "x"`.
        if closed.is_some() && self.byte(place) == b')' {
            place += 1;
        }
        let spaced = self.skip_spaces(place);
        if spaced >= self.end {
            self.next_line(line, found);
            return;
        }
        let Some((syntax, after)) = self.separator(place, spaced, closed.is_some()) else {
            if closed.is_some() {
                self.attribute_value(spaced, found);
            }
            return;
        };
        let in_string = closed.is_none() && self.inside_string(line);
        let syntax = if syntax == Syntax::Assign && self.is_query() { Syntax::Query } else { syntax };
        self.values(after, syntax, in_string, closed.is_some(), found);
    }

    /// The separator at `spaced`, and where it ends.
    fn separator(&self, place: usize, spaced: usize, closed: bool) -> Option<(Syntax, usize)> {
        if let Some((syntax, length)) = separator(&self.text[spaced..self.end]) {
            match syntax {
                Syntax::Comma if !closed => return None,
                Syntax::Call if spaced > place + 1 => return None,
                // `->name` is an access, not an arrow, unless a literal follows.
                Syntax::Arrow if self.byte(spaced) == b'-' && !self.is_literal(spaced + length) => {
                    return None;
                }
                _ => {}
            }
            return Some((syntax, spaced + length));
        }
        if self.starts(spaced, b"::") {
            return None;
        }
        // `--password x`, `#define PASSWORD "x"`, `PASSWORD 'x'`, `ENV PASSWORD x`.
        let flag =
            self.text[..self.key.start].ends_with(b"--") || self.text[self.key.start..].starts_with(b"--");
        let quoted = matches!(self.byte(spaced), b'"' | b'\'');
        if spaced > place && !closed && (flag || quoted || is_defined(self.text, self.key.start)) {
            return Some((Syntax::Space, spaced));
        }
        // `var password string = "x"`: the type stands behind the name.
        let typed = (spaced > place && !closed).then(|| self.after_type(spaced)).flatten()?;
        matches!(self.byte(self.string_prefix(typed)), b'"' | b'\'' | b'`').then_some((Syntax::Assign, typed))
    }

    /// Whether a quote comes next.
    fn is_literal(&self, place: usize) -> bool {
        matches!(self.byte(self.skip_spaces(place)), b'"' | b'\'')
    }

    /// Whether the key stands in a string that began before it, by counting quotes on its line.
    fn inside_string(&self, line: Span) -> bool {
        let before = &self.text[line.start..self.key.start];
        let mut open = None;
        for place in memchr::memchr3_iter(b'"', b'\'', b'`', before) {
            let quote = before[place];
            if open.is_some_and(|open| open != quote) {
                continue;
            }
            let escapes = before[..place].iter().rev().take_while(|byte| **byte == b'\\').count();
            if escapes.is_multiple_of(2) {
                open = if open.is_none() { Some(quote) } else { None };
            }
        }
        // A lone apostrophe is a word's, as in `don't`.
        let closed = || memchr::memchr(b'\'', &self.text[self.key.end..self.end]).is_some();
        open.is_some_and(|open| open != b'\'' || closed())
    }

    fn is_query(&self) -> bool {
        let before = self.key.start.checked_sub(1).map_or(0, |place| self.text[place]);
        matches!(before, b'?' | b'&') || self.text[..self.key.start].ends_with(b"&amp;")
    }

    /// `name="password" value="x"`.
    fn attribute_value(&self, place: usize, found: &mut Vec<Candidate>) {
        for word in ATTRIBUTES {
            if self.starts(place, word) {
                let equals = self.skip_spaces(place + word.len());
                if self.byte(equals) == b'='
                    && let Some((value, _)) = self.quoted(self.skip_spaces(equals + 1))
                {
                    found.push(self.candidate(value, Quote::Quoted, Syntax::Markup));
                }
            }
        }
    }

    /// `- name: DB_PASSWORD` with `value: x` on the next line.
    fn next_line(&self, line: Span, found: &mut Vec<Candidate>) {
        let before = self.text[line.start..self.key.start].trim_ascii_end();
        let before = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
        const NAMES: [&[u8]; 5] = [b"name:", b"key:", b"Name:", b"Key:", b"ParameterKey:"];
        let named = NAMES.iter().any(|word| before.trim_ascii_end().ends_with(word));
        if line.end >= self.text.len() || !named {
            return;
        }
        let start = self.below();
        let high = self.text.len().min(start + MAX_VALUE);
        let end = memchr::memchr(b'\n', &self.text[start..high]).map_or(high, |newline| start + newline);
        let reader = Reader { text: self.text, end, key: self.key };
        let place =
            start + self.text[start..end].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let word = NEXT_LINE.into_iter().find(|word| reader.starts(place, word));
        let Some(word) = word else { return };
        let mut values = Vec::new();
        reader.values(place + word.len(), Syntax::NextLine, false, false, &mut values);
        found.append(&mut values);
    }

    /// `{"key": "password", "value": "x"}`, on one line or over two; whether it is such a pair.
    fn pair(&self, place: usize, line: Span, found: &mut Vec<Candidate>) -> bool {
        const NAMES: [&[u8]; 4] = [b"\"key\":", b"\"name\":", b"\"Key\":", b"\"Name\":"];
        let before = self.text[line.start..self.key.start].trim_ascii_end();
        let before = before.strip_suffix(b"\"").unwrap_or(before).trim_ascii_end();
        if self.byte(place) != b',' || !NAMES.iter().any(|name| before.ends_with(name)) {
            return false;
        }
        let mut from = self.skip_spaces(place + 1);
        let mut end = self.end;
        if from >= self.end {
            let start = self.below();
            let high = self.text.len().min(start + MAX_VALUE);
            end = memchr::memchr(b'\n', &self.text[start..high]).map_or(high, |newline| start + newline);
            from = start + self.text[start..end].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        }
        let reader = Reader { text: self.text, end, key: self.key };
        let word = NEXT_LINE.into_iter().find(|word| word.starts_with(b"\"") && reader.starts(from, word));
        if let Some(word) = word {
            reader.values(from + word.len(), Syntax::NextLine, false, true, found);
        }
        word.is_some()
    }

    /// Reads the value or the values from `place` on.
    fn values(
        &self,
        place: usize,
        syntax: Syntax,
        in_string: bool,
        closed: bool,
        found: &mut Vec<Candidate>,
    ) {
        let mut place = self.skip_spaces(place);
        if syntax == Syntax::Colon
            && let Some(after) = self.after_type(place)
        {
            place = after;
        }
        if let Some(value) = self.byte_list(place) {
            found.push(self.candidate(value, Quote::Bytes, syntax));
            return;
        }
        if matches!(self.byte(place), b'[' | b'(' | b'{') && !in_string && !self.starts(place, b"[]") {
            self.list(place, syntax, found);
            return;
        }
        if let Some((value, quote)) = self.quoted(self.string_prefix(place)) {
            if value.of(self.text).trim_ascii_start().starts_with(b"{") {
                self.nested(value, syntax, found);
            }
            found.push(self.candidate(value, quote, syntax));
            if syntax == Syntax::Call {
                self.further_arguments(value.end + 1, 1, found);
            }
            return;
        }
        // Without a quote there is no literal further on.
        let rest = &self.text[place.min(self.end)..self.end];
        let quotes =
            memchr::memchr3(b'"', b'\'', b'`', rest).is_some() || memchr::memchr(b'&', rest).is_some();
        if quotes && let Some((value, quote)) = self.wrapped(place) {
            found.push(self.candidate(value, quote, syntax));
            return;
        }
        if quotes && syntax == Syntax::Call {
            self.further_arguments(self.skip_argument(place), 1, found);
        }
        if matches!(syntax, Syntax::Call | Syntax::Comma | Syntax::Compare | Syntax::Arrow) {
            return;
        }
        if syntax == Syntax::Colon && self.block(place, found) {
            return;
        }
        if let Some((value, trailing)) = self.bare(place, syntax == Syntax::Query, in_string) {
            let quote = if in_string && !closed { Quote::InString } else { Quote::None };
            found.push(Candidate { trailing, ..self.candidate(value, quote, syntax) });
        }
    }

    /// `password: |` with the value on the next line, deeper.
    fn block(&self, place: usize, found: &mut Vec<Candidate>) -> bool {
        let mark = self.text[place.min(self.end)..self.end].trim_ascii();
        if !matches!(mark, b"|" | b">" | b"|-" | b">-" | b"|+" | b">+") {
            return false;
        }
        let start = self.below();
        let high = self.text.len().min(start + MAX_VALUE);
        let end = memchr::memchr(b'\n', &self.text[start..high]).map_or(high, |newline| start + newline);
        let value = trim(self.text, Span::new(start, end));
        if value.start > start && !value.is_empty() && !value.of(self.text).contains(&b' ') {
            found.push(self.candidate(value, Quote::None, Syntax::NextLine));
        }
        true
    }

    /// The strings of a document inside a string: `"{\"name\":\"x\",\"sig\":\"y\"}"`.
    fn nested(&self, value: Span, syntax: Syntax, found: &mut Vec<Candidate>) {
        let reader = Reader { text: self.text, end: value.end, key: self.key };
        let mut place = value.start;
        for _ in 0..MAX_ITEMS {
            let Some(colon) = memchr::memchr(b':', &self.text[place..value.end]) else { return };
            place = reader.skip_spaces(place + colon + 1);
            if let Some((inner, quote)) = reader.quoted(place) {
                if inner.end <= value.end {
                    found.push(Candidate { nested: true, ..self.candidate(inner, quote, syntax) });
                }
                place = inner.end.min(value.end);
            }
        }
    }

    /// `[]byte{70, 114, …}`, `[0x46, 0x72, …]`: the numbers.
    fn byte_list(&self, place: usize) -> Option<Span> {
        memchr::memchr(b',', &self.text[place.min(self.end)..self.end])?;
        let high = self.end.min(place + MAX_KEY);
        let open = self.text[place.min(high)..high]
            .iter()
            .take_while(|&&byte| byte.is_ascii_alphanumeric() || b"_[]. ".contains(&byte))
            .count();
        let mut open = place + open;
        if !matches!(self.byte(open), b'{' | b'(') {
            open = place;
        }
        if !matches!(self.byte(open), b'{' | b'[' | b'(') {
            return None;
        }
        let high = self.end.min(open + BYTES.1);
        let length =
            self.text[(open + 1).min(high)..high].iter().take_while(|&&byte| is_of_numbers(byte)).count();
        let value = trim(self.text, Span::new(open + 1, open + 1 + length));
        let numbers = value.of(self.text).iter().filter(|&&byte| byte == b',').count() + 1;
        // A long list goes on in the next line.
        let ends =
            matches!(self.byte(open + 1 + length), b'}' | b']' | b')') || open + 1 + length >= self.end;
        (numbers >= BYTES.0 && ends && value.of(self.text).split(|&byte| byte == b',').all(is_byte))
            .then_some(value)
    }

    /// The entity of a quote at `place`, if there is one.
    fn entity(&self, place: usize) -> Option<&'static [u8]> {
        if self.byte(place) != b'&' {
            return None;
        }
        [&b"&quot;"[..], b"&#39;", b"&#34;", b"&#x27;", b"&apos;"]
            .into_iter()
            .find(|entity| self.starts(place, entity))
    }

    /// `password: String = "x"`: where the value begins, if a type stands in front of it.
    fn after_type(&self, place: usize) -> Option<usize> {
        let high = self.end.min(place + MAX_KEY);
        let length = length_in(&self.text[place.min(high)..high], &IN_TYPE);
        let equals = place + length;
        // A type in quotes is closed in front of the sign: `'x=y'` is a value.
        let quotes =
            self.byte(place) != b'\'' || memchr::memrchr(b'\'', &self.text[place..equals]) != Some(0);
        // `Authorization: Digest username="x"`: the first parameter of a scheme.
        let scheme = begins_with_one(&self.text[place.min(self.end)..self.end], &SCHEMES_WITH_PARAMETERS);
        let assigned =
            length > 0 && quotes && !scheme && self.byte(equals) == b'=' && self.byte(equals + 1) != b'=';
        assigned.then(|| self.skip_spaces(equals + 1))
    }

    /// Skips `b`, `r`, `f`, `u`, `L`, `N`, `@`, `$` before a quote.
    fn string_prefix(&self, place: usize) -> usize {
        if matches!(self.byte(place), b'"' | b'\'') {
            return place;
        }
        let length = self.text[place.min(self.end)..self.end]
            .iter()
            .take(3)
            .take_while(|byte| b"bBrRuUfFLN@$&%q".contains(byte))
            .count();
        if matches!(self.byte(place + length), b'"' | b'\'' | b'`') { place + length } else { place }
    }

    /// A quoted text at `place`: its content.
    fn quoted(&self, place: usize) -> Option<(Span, Quote)> {
        let high = self.end.min(place + MAX_VALUE);
        if self.byte(place) == b'\\' && matches!(self.byte(place + 1), b'"' | b'\'') {
            let close = [b'\\', self.byte(place + 1)];
            let from = place + 2;
            let length = place_of(&self.text[from.min(high)..high], &close)?;
            return Some((Span::new(from, from + length), Quote::Escaped));
        }
        if let Some(entity) = self.entity(place) {
            let from = place + entity.len();
            let length = place_of(&self.text[from.min(high)..high], entity)?;
            return Some((Span::new(from, from + length), Quote::Escaped));
        }
        if self.starts(place, b"\\\\\\\"") {
            let from = place + 4;
            let length = place_of(&self.text[from.min(high)..high], b"\\\\\\\"")?;
            return Some((Span::new(from, from + length), Quote::Escaped));
        }
        let quote = self.byte(place);
        if !matches!(quote, b'"' | b'\'' | b'`') {
            return None;
        }
        let mut from = place + 1;
        if self.starts(from, &[quote, quote]) {
            from += 2;
        }
        let mut at = from;
        while at < high {
            match self.text[at] {
                b'\\' => at += 2,
                byte if byte == quote => return Some((Span::new(from, at), Quote::Quoted)),
                _ => at += 1,
            }
        }
        None
    }

    /// `String::from("x")`, `[]byte("x")`, `Buffer.from('x')`, `new Secret("x")`: one call around a literal.
    fn wrapped(&self, place: usize) -> Option<(Span, Quote)> {
        let high = self.end.min(place + MAX_KEY);
        let length = self.text[place.min(high)..high]
            .iter()
            .take_while(|&&byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'[' | b']' | b' ')
            })
            .count();
        let open = place + length;
        if length == 0 || self.byte(open) != b'(' {
            return None;
        }
        let (value, quote) = self.quoted(self.string_prefix(self.skip_spaces(open + 1)))?;
        if !matches!(self.byte(value.end + 1), b')' | b',') {
            return None;
        }
        let asks = LOOKUPS.within(&self.text[place..open]) != 0;
        (!asks).then_some((value, quote))
    }

    /// `tokens: ["a", "b"]`, `password("x")` is read elsewhere.
    fn list(&self, open: usize, syntax: Syntax, found: &mut Vec<Candidate>) {
        let mut place = open + 1;
        for item in 0..MAX_ITEMS {
            place = self.string_prefix(self.skip_spaces(place));
            let Some((value, quote)) = self.quoted(place) else { return };
            let after = self.skip_spaces(self.past(value, quote));
            // A key of a nested object is not an item.
            if !matches!(self.byte(after), b',' | b']' | b')' | b'}' | 0) {
                return;
            }
            found.push(Candidate { item: item as u8, ..self.candidate(value, quote, syntax) });
            if self.byte(after) != b',' {
                return;
            }
            place = after + 1;
        }
    }

    /// The place behind the quote that ends `value`.
    fn past(&self, value: Span, quote: Quote) -> usize {
        let closing = match quote {
            Quote::Escaped => self.entity(value.end).map_or(2, <[u8]>::len),
            _ => 1,
        };
        value.end + closing
    }

    /// `setCredentials("user", "secret")`: the arguments from the comma at `place` on.
    fn further_arguments(&self, place: usize, first: u8, found: &mut Vec<Candidate>) {
        let mut place = place;
        for item in first..first + 3 {
            let comma = self.skip_spaces(place);
            if self.byte(comma) != b',' {
                return;
            }
            let start = self.string_prefix(self.skip_spaces(comma + 1));
            match self.quoted(start) {
                Some((value, quote)) => {
                    found.push(Candidate { item, ..self.candidate(value, quote, Syntax::Call) });
                    place = self.past(value, quote);
                }
                None => place = self.skip_argument(start),
            }
        }
    }

    /// Where an argument that is a name, a number or a plain call ends.
    fn skip_argument(&self, place: usize) -> usize {
        let high = self.end.min(place + MAX_KEY);
        let length = self.text[place.min(high)..high]
            .iter()
            .take_while(|&&byte| byte.is_ascii_alphanumeric() || b"_.&*$@:>- ".contains(&byte))
            .count();
        place + length + if self.starts(place + length, b"()") { 2 } else { 0 }
    }

    /// A value without quotes, and whether text follows it that is no comment.
    fn bare(&self, place: usize, query: bool, in_string: bool) -> Option<(Span, bool)> {
        let high = self.end.min(place + MAX_VALUE);
        let stops = |byte: u8| {
            stops_bare(byte) && !(byte == b',' && query)
                || (query || in_string) && matches!(byte, b'&' | b'#' | b'\\' | b')' | b'}' | b']')
        };
        let length = self.text[place.min(high)..high].iter().take_while(|&&byte| !stops(byte)).count();
        if length == 0 {
            return None;
        }
        let value = Span::new(place, place + length);
        Some((value, is_followed(&self.text[value.end.min(self.end)..self.end])))
    }
}

/// Whether `rest`, the line behind a bare value, has text that is no comment: then the value may be prose.
fn is_followed(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii();
    !rest.is_empty() && !begins_with_one(rest, &[b"#", b"//", b";"])
}

/// Whether a byte ends a bare value wherever it stands; but a comma is part of one in an address.
const fn stops_bare(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'\'' | b'`' | b';' | b'<' | b'>' | b',')
}

/// `span` without surrounding white space.
fn trim(text: &[u8], span: Span) -> Span {
    let inner = span.of(text);
    let start = span.start + (inner.len() - inner.trim_ascii_start().len());
    Span::new(start, start + inner.trim_ascii().len())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::detect::study::window;

    /// `text` has the keyword `pass`; the expected values are joined by `|`.
    fn check(text: &str, expected: &str, quote: Quote, syntax: Syntax) {
        let bytes = text.as_bytes();
        let hit = text.find("pass").unwrap();
        let line = window(bytes, Span::new(hit, hit + 4));
        let mut found = Vec::new();
        find(bytes, line, Span::new(hit, hit + 4), &mut found);
        let values: Vec<_> = found.iter().map(|one| &text[one.value.start..one.value.end]).collect();
        assert_eq!(values.join("|"), expected, "{text}");
        for one in found {
            assert_eq!((one.quote, one.syntax), (quote, syntax), "{text}");
        }
    }

    #[test]
    fn values_in_many_syntaxes() {
        for (text, expected, syntax) in [
            (r#"db_password = "x1""#, "x1", Syntax::Assign),
            (r#"password := "x1""#, "x1", Syntax::Assign),
            (r#"let password: String = "x1";"#, "x1", Syntax::Colon),
            (r#""password": "x1","#, "x1", Syntax::Colon),
            (r#":password => 'x1'"#, "x1", Syntax::Arrow),
            (r#"password: 'eDEyMzQ=',"#, "eDEyMzQ=", Syntax::Colon),
            (r#"password: 'Optional[str]' = "x1""#, "x1", Syntax::Colon),
            (r#"define('DB_password', 'x1');"#, "x1", Syntax::Comma),
            (r#"WithpassWord("x1")"#, "x1", Syntax::Call),
            (r#"pass("u", "x1")"#, "u|x1", Syntax::Call),
            (r#"if password == "x1" {"#, "x1", Syntax::Compare),
            (r#"passwords: ["x1", 'x2']"#, "x1|x2", Syntax::Colon),
            (r#"#define password "x1""#, "x1", Syntax::Space),
            (r#"config["password"] = "x1""#, "x1", Syntax::Assign),
            (r#"<password>x1</password>"#, "x1", Syntax::Markup),
            (r#"<add key="password" value="x1"/>"#, "x1", Syntax::Markup),
            (r#"password = []byte("x1")"#, "x1", Syntax::Assign),
        ] {
            check(text, expected, Quote::Quoted, syntax);
        }
        check(r#"{\"password\":\"x1\"}"#, "x1", Quote::Escaped, Syntax::Colon);
        check(r#"dsn = "user=u password=x1 host=h""#, "x1", Quote::InString, Syntax::Assign);
        check("https://h/?passtoken=x1&b=2", "x1", Quote::None, Syntax::Query);
        check("mysql --password x1 -h h", "x1", Quote::None, Syntax::Space);
        check("password: x1 # why", "x1", Quote::None, Syntax::Colon);
        check("- name: DB_password\n  value: x1\n", "x1", Quote::None, Syntax::NextLine);
        check("- name: DB_password\r\n  value: x1\r\n", "x1", Quote::None, Syntax::NextLine);
        check("password: |\r\n  x1\r\n", "x1", Quote::None, Syntax::NextLine);
        check("<password>\r\n  x1\r\n</password>", "x1", Quote::Quoted, Syntax::NextLine);
    }

    #[test]
    fn what_has_no_value() {
        for text in [
            r#"os.getenv("password")"#,
            "password)",
            "x.password()",
            "password->length",
            r#"password = os.environ.get("X")"#,
            "the password is",
        ] {
            let bytes = text.as_bytes();
            let hit = text.find("pass").unwrap();
            let mut found = Vec::new();
            find(bytes, Span::new(0, bytes.len()), Span::new(hit, hit + 4), &mut found);
            let bare = found.iter().all(|one| one.quote == Quote::None);
            assert!(bare, "{text}: {found:?}");
        }
    }

    #[test]
    fn what_is_given_alone_is_all_that_is_found() {
        let long = "n".repeat(MAX_KEY);
        let before = [
            "", "", "  ", "\"", "don't ", "name: ", "{", "x=\"", "<a ", "?a=1&", "&amp;", "# ", "set -x ",
            "ENV ", "f(",
        ];
        let heads = ["", "db_", "\"db_", "'", "x.", "--", "$", "@", "[\"", ":", "`", "a-", &long];
        let tails = ["", "word", "\"", "'", "\"]", "']", "?", "!", "[]", "_x", "-", "`", "\")", &long];
        let separators = [
            " = ", "=", ": ", ":", " => ", "(", ", ", " == ", " := ", " -> ", "->", " != ", "||=", " ", "",
            "=\t",
        ];
        let values = r##""x1"|'x y'|`q`|x1|a.b|http://h/x|"a\"b"|""|"{\"a\":1}"|{a|String|b"x"|f("x")|"é"|x&y|%s|$X|a="b"|''|["x"]|a,b
            |[0x1,2,3,4,5,6,7,8,9]|&quot;x&quot;|'a=b'|'a=b=='|"a=b"|'T' = "x"|'T'=b|&'a T = "x"|"x"##;
        let values: Vec<&str> = values.split('|').map(str::trim).collect();
        let after = [
            "",
            ", \"b\")",
            ", 'c', {d}",
            ", d, 'c')",
            ",",
            ";",
            ")",
            " }",
            " # c",
            "#c",
            " // c",
            " + \"b\"",
            ", \"b\"",
            " \"b\"",
            "\n",
            "\r\n",
            " |",
            "  -",
            ":",
            " x",
            ",,,,,,,,1",
            " => 1",
            "\n  value: x\n",
            ") # c",
            ", x",
        ];
        let mut state = 11_u64;
        let mut any = |pieces: &[&str]| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            pieces[(state >> 33) as usize % pieces.len()].to_owned()
        };
        let (mut alone, mut called) = (0, 0);
        for _ in 0..100_000 {
            let lead = any(&before) + &any(&heads);
            let text =
                format!("{lead}pass{}{}{}{}", any(&tails), any(&separators), any(&values), any(&after));
            let hit = Span::new(lead.len(), lead.len() + 4);
            let bytes = text.as_bytes();
            let line = window(bytes, hit);
            let behind = Behind::of(bytes, hit, name_part(bytes, hit));
            let literals = RefCell::new(Vec::new());
            let add = |literal: Span| {
                literals.borrow_mut().push(literal);
                true
            };
            if behind.is_some_and(|behind| behind.is_called_with(bytes, MAX_VALUE, add)) {
                let mut found = Vec::new();
                find(bytes, line, hit, &mut found);
                let within =
                    |one: &Candidate| literals.borrow().iter().any(|literal| literal.contains(one.value));
                assert!(found.iter().all(within), "{text}: {found:?}");
                called += 1;
            }
            if let Some(Given::One(sole)) = behind.map(|behind| behind.gives(bytes, line)) {
                let mut found = Vec::new();
                find(bytes, line, hit, &mut found);
                assert_eq!(found, [sole.candidate(bytes, line)], "{text}");
                alone += 1;
            }
        }
        assert!(alone > 10_000 && called > 250, "{alone} {called}");
    }

    #[test]
    fn a_longer_keyword_speaks_for_one_that_it_begins_as() {
        let longer = Longer::of(&["_pass", "passw", "pass=", "pass word", "compass"]);
        for (text, expected) in [
            ("db_password", true),
            ("DB_PASSWD", true),
            ("db_passe", false),
            ("db_pass word", true),
            ("db_pass", false),
        ] {
            assert_eq!(longer.has(text.as_bytes(), Span::new(3, 7)), expected, "{text}");
        }
        assert!(!longer.has(b"passw", Span::new(0, 5)));
    }

    #[test]
    fn odd_text_is_harmless() {
        let pieces = [
            "pass", "\"", "'", "=", ":", "(", "[", "\\", "<", ">", "&", "\n", " ", "é", "value:", "name:",
            ",", ")", ".", "|", "/", "-", "%3D", "::", "?", "!", "}", "]", "`", "@", "\t", "x", "x y", "123",
            "--", "export ", "value=", "://", "bearer ", "\r\n", "#", ";", "\"key\":", "%", "+", "null",
            "get", "x.y(", "z[", "await ", "=>", "==",
        ];
        let mut state = 7_u64;
        for _ in 0..100_000 {
            let mut text = String::new();
            for part in 0..14 {
                if part == 3 {
                    text.push_str("pass");
                }
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            let bytes = text.as_bytes();
            for (hit, word) in ["pass", "://", "bearer "].iter().flat_map(|word| text.match_indices(word)) {
                let span = Span::new(hit, hit + word.len());
                let line = window(bytes, span);
                let mut found = Vec::new();
                find(bytes, line, span, &mut found);
                assert!(found.iter().all(|one| one.value.end <= bytes.len()));
                let behind = Behind::of(bytes, span, name_part(bytes, span));
                let plain = found.iter().all(|one| one.quote == Quote::None);
                match behind.map_or(Given::Nothing, |behind| behind.gives(bytes, line)) {
                    Given::Nothing => assert!(found.is_empty(), "{text}: {found:?}"),
                    Given::One(sole) => {
                        assert_eq!(found, [sole.candidate(bytes, line)], "{text}");
                    }
                    Given::Word => assert!(found.len() < 2 && plain, "{text}: {found:?}"),
                    Given::Call => {
                        let bare = |one: &Candidate| matches!(one.quote, Quote::None | Quote::InString);
                        let calls = |one: &Candidate| {
                            one.value.of(bytes) == b"await"
                                || one.value.of(bytes).iter().any(|byte| b"([".contains(byte))
                        };
                        assert!(
                            found.len() < 2 && found.iter().all(|one| bare(one) && calls(one)),
                            "{text}: {found:?}"
                        );
                    }
                    Given::Perhaps => {}
                }
            }
        }
    }
}
