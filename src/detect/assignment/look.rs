//! First looks at what stands around a name: most names are only spoken of, and are given nothing.
//!
//! They read little, and what they refuse [`super::find`] finds nothing in: a test with random text holds them to that.
//! Must not judge what is given.

use super::{
    ATTRIBUTES, BYTES, Candidate, IN_NAME, IN_TYPE, LOOKUPS, MAX_ITEMS, MAX_KEY, MAX_SPACE, MAX_USER,
    MAX_VALUE, NAME_MARKS, NEXT_LINE, Quote, Syntax, is_defined, is_followed, is_name, is_of_numbers,
    is_scheme, length_in, separator, stops_bare, with_letters_and_digits,
};
use crate::{
    detect::{
        block::{PART, Part},
        words::{begins_with_one, ends_in_one},
    },
    text::Span,
};

/// What stands right behind a name that may be given something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Behind {
    /// The part of the name that the keyword is.
    pub(crate) part: Span,
    /// Where the name ends.
    pub(crate) end: usize,
    /// Whether a quote closes it.
    closed: bool,
    /// What separates it from a value, and where that ends; none where a closer look has to tell.
    separator: Option<(Syntax, usize)>,
}

/// Bytes behind a name that are looked at: all of a name, what may close it, spaces and a type.
const LOOK: usize = 3 * MAX_KEY;

/// What a line may give to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// Nothing.
    Nothing,
    /// This value alone.
    One(Sole),
    /// A bare word with fewer than three digits, if anything.
    Word,
    /// A call or an element in code, bare: nothing in it is a literal on its own.
    Call,
    /// Whatever there is: it has to be read.
    Perhaps,
}

/// The one value that a line gives to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sole {
    /// The whole name.
    pub(crate) key: Span,
    pub(crate) value: Span,
    pub(crate) syntax: Syntax,
    /// Whether it stands in quotes; a bare word if not.
    pub(crate) quoted: bool,
}

impl Sole {
    /// The candidate that a closer reading of the line finds, and no other.
    pub(crate) fn candidate(&self, text: &[u8], line: Span) -> Candidate {
        let quote = if self.quoted { Quote::Quoted } else { Quote::None };
        let trailing = !self.quoted && is_followed(&text[self.value.end..line.end]);
        Candidate { quote, syntax: self.syntax, trailing, ..Candidate::assigned(self.key, self.value) }
    }
}

impl Behind {
    /// What stands right behind the name with the part `name`, which is the hit without its punctuation; none if that shows
    /// that the name is given nothing: it ends, or goes on as something else. Needs no line.
    pub(crate) fn of(text: &[u8], hit: Span, name: Option<Span>) -> Option<Self> {
        let Some(part) = name else {
            let unclear = Self { part: hit, end: hit.end, closed: false, separator: None };
            return names_somebody(text, hit.end).then_some(unclear);
        };
        let rest = &text[part.end..text.len().min(part.end + LOOK)];
        let at = |place: usize| rest.get(place).copied().unwrap_or_default();
        let length = length_of_name(rest);
        // As most names in code and in prose do.
        let ends = match at(length) {
            b';' | b')' | b'{' | b'*' => true,
            b'.' => at(length + 1) != b'=',
            b'/' => at(length + 1) != b'/',
            b'<' => !matches!(at(length + 1), b'=' | b'-' | b'>'),
            _ => false,
        };
        if ends {
            return None;
        }
        let unclear = Self { part, end: part.end + length, closed: false, separator: None };
        if length > 0 && rest[length - 1] == b'-' {
            // The dash belongs to what follows, and is a part of an arrow at most.
            let ends = length == rest.len();
            return (ends || at(length) == b'>' && points_at_a_literal(&rest[length + 1..]))
                .then_some(unclear);
        }
        let mut place = length;
        let mut closed = false;
        for _ in 0..4 {
            match at(place) {
                b'"' | b'\'' | b'`' => closed = true,
                b']' | b'?' | b'!' | b'}' => {}
                b'[' if at(place + 1) == b']' => place += 1,
                b'\\' if matches!(at(place + 1), b'"' | b'\'' | b'\\') => return Some(unclear),
                b'&' if matches!(at(place + 1), b'q' | b'#' | b'a') => return Some(unclear),
                _ => break,
            }
            place += 1;
        }
        if closed && at(place) == b')' {
            place += 1;
        }
        let from = place.min(rest.len());
        let spaces = spaces(&rest[from..]);
        let rest = &rest[from + spaces..];
        let scheme = || from == 0 && spaces > 0 && is_scheme(part.of(text));
        if rest.is_empty() || spaces >= MAX_SPACE || scheme() {
            return Some(unclear);
        }
        Self { closed, ..unclear }.goes_on(text, rest, spaces, part.end + from + spaces)
    }

    /// What `rest`, which begins at `place` and behind so many spaces, shows of what the name may be given.
    fn goes_on(self, text: &[u8], rest: &[u8], spaces: usize, place: usize) -> Option<Self> {
        let separated =
            |syntax: Syntax, length: usize| Self { separator: Some((syntax, place + length)), ..self };
        let start = || self.part.start - name_before(text, self.part);
        let unclear = match rest[0] {
            b'\n' | b'\r' => self.goes_on_below(text, rest),
            b',' if !self.closed => false,
            b',' if ends_line(&rest[1..]) => self.goes_on_below(text, &rest[1..]),
            b'(' if spaces > 1 => false,
            next => match separator(rest) {
                Some((Syntax::Arrow, 2)) if next == b'-' && !points_at_a_literal(&rest[2..]) => false,
                Some((syntax, length)) => {
                    return (!gives_no_literal(syntax, &rest[length..])).then(|| separated(syntax, length));
                }
                None if self.closed => begins_with_one(rest, &ATTRIBUTES),
                None if spaces == 0 => {
                    next == b'>'
                        && matches!(text[start().saturating_sub(1)], b'<' | b':' | b'.')
                        && holds_an_element(&rest[1..])
                }
                None if matches!(next, b'"' | b'\'') => return Some(separated(Syntax::Space, 0)),
                None => {
                    let start = start();
                    if text[start..].starts_with(b"--") || is_defined(text, start) {
                        return Some(separated(Syntax::Space, 0));
                    }
                    // `var password string = "x"`.
                    let equals = memchr::memchr(b'=', &rest[..rest.len().min(MAX_KEY + 1)]);
                    equals.is_some_and(|equals| length_in(&rest[..equals], &IN_TYPE) == equals)
                }
            },
        };
        unclear.then_some(self)
    }

    /// Whether the name at the end of a line, which `rest` is, is said to be one, and the next line says what it is given.
    fn goes_on_below(&self, text: &[u8], rest: &[u8]) -> bool {
        is_said_to_be_a_name(text, self.part.start - name_before(text, self.part))
            && memchr::memchr(b'\n', rest).is_none_or(|newline| {
                let mut below = &rest[newline + 1..];
                // Eight spaces at once: entries of a document stand far in.
                while let Some(deeper) = below.strip_prefix(b"        ") {
                    below = deeper;
                }
                let below = below.trim_ascii_start();
                // What is cut off may be anything.
                below.len() < MAX_SPACE || begins_with_one(below, &NEXT_LINE)
            })
    }

    /// What stands between the name and the end of its line, if what it is given is there and nowhere else.
    pub(crate) fn rest(&self, text: &[u8]) -> Option<Span> {
        let (_, place) = self.separator?;
        let rest = &text[place..text.len().min(place + 2 * MAX_VALUE)];
        let rest = &rest[..memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())];
        (!goes_on_as_block(rest)).then(|| Span::new(place, place + rest.len()))
    }

    /// The literal that the name is given right behind it, or called with alone; none if it is longer than `longest`, has
    /// escapes in it, or may be a name or a type itself.
    pub(crate) fn literal(&self, text: &[u8], longest: usize) -> Option<Span> {
        let (syntax, place) = self.separator?;
        let rest = &text[place..];
        let start = place + spaces(rest) + 1;
        let Some((&quote @ (b'"' | b'\''), rest)) = text.get(start - 1..)?.split_first() else { return None };
        let length = rest.iter().take(longest + 1).position(|&byte| byte == quote || byte == b'\\')?;
        let after = &rest[length + 1..];
        let alone = match after.get(spaces(after)) {
            Some(b':' | b'=' | b'|') => false,
            Some(b')') => true,
            _ => syntax != Syntax::Call,
        };
        (rest[length] == quote && alone && length > 0).then(|| Span::new(start, start + length))
    }

    /// Whether the name is called with literals and nothing else, but for an object behind them, and all of them are no
    /// longer than `longest` and such as `are` says: `cookie("name", "value", { secure })`.
    pub(crate) fn is_called_with(&self, text: &[u8], longest: usize, are: impl Fn(Span) -> bool) -> bool {
        let Some((Syntax::Call, mut place)) = self.separator else { return false };
        for argument in 0..MAX_ITEMS {
            let Some(rest) = text.get(place..) else { return false };
            let start = place + spaces(rest) + 1;
            let quote = match text.get(start - 1) {
                Some(&quote @ (b'"' | b'\'')) => quote,
                next => return argument > 0 && next == Some(&b'{'),
            };
            let literal = &text[start..text.len().min(start + longest + 1)];
            let Some(length) = literal.iter().position(|&byte| byte == quote || byte == b'\\') else {
                return false;
            };
            if literal[length] != quote || !are(Span::new(start, start + length)) {
                return false;
            }
            let end = start + length + 1;
            place = end + spaces(&text[end..]) + 1;
            match text.get(place - 1) {
                Some(b')') => return true,
                Some(b',') => {}
                _ => return false,
            }
        }
        false
    }

    /// What the rest of the line gives to the name, as far as a look at its bytes shows.
    pub(crate) fn gives(&self, text: &[u8], line: Span) -> Given {
        let Some((syntax, place)) = self.separator.filter(|(syntax, _)| *syntax != Syntax::Query) else {
            return Given::Perhaps;
        };
        let Some(rest) = text.get(place..line.end) else { return Given::Perhaps };
        let key = Span::new(self.part.start - name_before(text, self.part), self.end);
        let long = self.part.start - key.start >= MAX_KEY || self.end - self.part.end >= MAX_KEY;
        let Some(before) = text.get(line.start..key.start).filter(|_| !long) else { return Given::Perhaps };
        let asked = matches!(before.last(), Some(b'?' | b'&' | b';'));
        let in_string = || !self.closed && has_quotes(before);
        let spaces = spaces(rest);
        let value = &rest[spaces..];
        let bare = matches!(syntax, Syntax::Assign | Syntax::Colon | Syntax::Space);
        if !asked && spaces < MAX_SPACE {
            let one = only_value(value, syntax).filter(|(_, quoted)| *quoted || bare && !in_string());
            if let Some((value, quoted)) = one {
                let place = place + spaces;
                let value = Span::new(place + value.start, place + value.end);
                return Given::One(Sole { key, value, syntax, quoted });
            }
            if bare && is_call(value, syntax) {
                return Given::Call;
            }
        }
        let Some((digits, commas)) = digits_and_commas(rest) else { return Given::Perhaps };
        let given = match value.first() {
            None | Some(b'{' | b'(') => Given::Nothing,
            _ if !bare => Given::Nothing,
            _ if digits >= FEW_DIGITS || asked || syntax == Syntax::Space => return Given::Perhaps,
            _ => Given::Word,
        };
        let numbers = commas + 1 >= BYTES.0 && digits >= BYTES.0;
        if numbers || goes_on_as_block(rest) || in_string() {
            return Given::Perhaps;
        }
        given
    }
}

/// Whether the address that begins at `from` may have a user and a password in front of its host.
fn names_somebody(text: &[u8], from: usize) -> bool {
    let rest = &text[from..text.len().min(from + MAX_USER + MAX_VALUE)];
    let mut colon = false;
    for byte in rest {
        match byte {
            b':' => colon = true,
            b'@' if colon => return true,
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'|' => return false,
            byte if byte.is_ascii_whitespace() => return false,
            _ => {}
        }
    }
    false
}

/// How many digits and commas there are, if there are no quotes, nor entities that may be some.
fn digits_and_commas(rest: &[u8]) -> Option<(usize, usize)> {
    let mut counts = 0_u32;
    for (at, part) in rest.chunks(PART).enumerate() {
        let before = counts;
        counts += part.iter().map(|byte| COUNTED[usize::from(*byte)]).sum::<u32>();
        if counts - before < MARK {
            continue;
        }
        counts %= MARK;
        let entity = |place: usize| matches!(rest.get(place + 1), Some(b'q' | b'#' | b'a'));
        let quotes = part.iter().enumerate().any(|(place, byte)| match byte {
            b'"' | b'\'' | b'`' => true,
            b'&' => entity(at * PART + place),
            _ => false,
        });
        if quotes {
            return None;
        }
    }
    Some(((counts % COMMA) as usize, (counts / COMMA) as usize))
}

/// What a comma, a quote or the beginning of an entity adds to a count in which a digit is 1: a line is a window of it, and
/// has fewer digits and commas than these have room for.
const COMMA: u32 = 1 << 12;
const MARK: u32 = 1 << 24;
/// What each byte adds.
static COUNTED: [u32; 256] = {
    let mut table = [0; 256];
    let mut digit = b'0';
    while digit <= b'9' {
        table[digit as usize] = 1;
        digit += 1;
    }
    table[b',' as usize] = COMMA;
    table[b'"' as usize] = MARK;
    table[b'\'' as usize] = MARK;
    table[b'`' as usize] = MARK;
    table[b'&' as usize] = MARK;
    table
};

/// With fewer digits than these, a bare word in code is a name.
const FEW_DIGITS: usize = 3;

/// Whether what follows a separator behind which bare words are not taken begins with no literal, and no list or call that may
/// hold one: `key(name)`, `key == NULL`. Needs no line.
fn gives_no_literal(syntax: Syntax, rest: &[u8]) -> bool {
    if !matches!(syntax, Syntax::Call | Syntax::Compare | Syntax::Arrow | Syntax::Comma) {
        return false;
    }
    let spaces = spaces(rest);
    let value = &rest[spaces..];
    let length = length_in(&value[..value.len().min(MAX_KEY)], &IN_ARGUMENT);
    let further = match value.get(length) {
        None | Some(b'(' | b'{' | b']' | b'"' | b'\'' | b'`' | b'\\' | b'&' | b'%') => true,
        Some(b'[') => !matches!(value.get(length + 1), Some(b'"' | b'\'')) || length == 0,
        Some(b',') => syntax == Syntax::Call,
        _ => length == MAX_KEY,
    };
    spaces < MAX_SPACE && !further
}

/// Whether an element that `rest` is the content of is closed on its line, or goes on below.
fn holds_an_element(rest: &[u8]) -> bool {
    let from = spaces(rest);
    if matches!(rest.get(from), None | Some(b'\n' | b'\r')) {
        return true;
    }
    memchr::memchr2(b'<', b'\n', rest).is_none_or(|end| matches!(rest[end..], [b'<'] | [b'<', b'/', ..]))
}

/// Whether what an arrow points at may be a literal.
fn points_at_a_literal(rest: &[u8]) -> bool {
    matches!(rest.get(spaces(rest)), None | Some(b'"' | b'\''))
}

/// The value that `rest` begins with, and whether it stands in quotes, if what follows shows that it is the only one: a plain
/// literal, or a word in front of what ends a statement or an item.
fn only_value(rest: &[u8], syntax: Syntax) -> Option<(Span, bool)> {
    let ends = |after: &[u8]| {
        let spaced = spaces(after);
        match after.get(spaced) {
            Some(b')') => true,
            _ if syntax == Syntax::Call => false,
            None | Some(b',' | b';' | b'}') => true,
            Some(b'#') => spaced > 0,
            _ => false,
        }
    };
    let look = &rest[..rest.len().min(MAX_VALUE / 2)];
    let &first = look.first()?;
    if matches!(first, b'"' | b'\'') {
        let length = look[1..].iter().position(|&byte| byte == first || byte == b'\\')?;
        let value = Span::new(1, 1 + length);
        let after = &rest[value.end + 1..];
        let written = value.of(rest);
        let document = written.contains(&b':') && written.trim_ascii_start().starts_with(b"{");
        let opens = length == 0 && after.first() == Some(&first);
        let strict =
            matches!(syntax, Syntax::Call | Syntax::Comma) || syntax == Syntax::Colon && first == b'\'';
        let plain = rest[value.end] == first && !document && !opens;
        return (plain && (!strict || ends(after))).then_some((value, true));
    }
    let length = match begins_with_one(look, &[b"http://", b"https://"]) {
        true => look.iter().take_while(|&&byte| !stops_bare(byte)).count(),
        false => length_in(look, &IN_PLAIN),
    };
    if length == 0 || length == MAX_VALUE / 2 || !ends(&rest[length..]) {
        return None;
    }
    let end =
        look[length..].iter().position(|&byte| stops_bare(byte)).map_or(look.len(), |more| length + more);
    (end < MAX_VALUE / 2).then_some((Span::new(0, end), false))
}

/// For each byte, whether it may be part of a bare word that is nothing but a word: no type, no call and no list.
static IN_PLAIN: [bool; 256] = with_letters_and_digits(b"_-./+@$%");

/// Whether `value`, which stands bare, begins with a call or an element of which no literal is taken: `os.getenv("X")`, but
/// not `String::from("x")`.
fn is_call(value: &[u8], syntax: Syntax) -> bool {
    let value = value.strip_prefix(b"await ").unwrap_or(value);
    let look = &value[..value.len().min(MAX_KEY)];
    let length = length_in(look, &IN_CALLED);
    let (called, rest) = value.split_at(length);
    let Some((&open, inside)) = rest.split_first().filter(|_| length > 0) else { return false };
    let inside = &inside[spaces(inside)..];
    match open {
        b'[' => syntax == Syntax::Assign && matches!(inside, [b'"' | b'\'', ..]),
        b'(' if inside.iter().take(4).any(|byte| matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b'&')) => {
            LOOKUPS.within(called) != 0
        }
        b'(' => {
            let numbers = inside.iter().take_while(|&&byte| is_of_numbers(byte));
            numbers.filter(|&&byte| byte == b',').count() + 1 < BYTES.0
        }
        _ => false,
    }
}

/// Whether the value of a line that ends so is on the next one.
fn goes_on_as_block(rest: &[u8]) -> bool {
    matches!(rest.trim_ascii_end().last(), Some(b'|' | b'>' | b'-' | b'+'))
}

/// For each byte, whether an argument that is a name, a number or a member may have it.
static IN_ARGUMENT: [bool; 256] = with_letters_and_digits(b"_.*$@:>- ");
/// For each byte, whether it may be part of what is called.
static IN_CALLED: [bool; 256] = with_letters_and_digits(b"_.:");

fn has_quotes(text: &[u8]) -> bool {
    memchr::memchr3(b'"', b'\'', b'`', text).is_some()
}

/// Bytes at the start of `rest` that may be part of a name: sixteen are asked at once, since where a name ends is guessed wrong
/// each time.
fn length_of_name(rest: &[u8]) -> usize {
    if rest.first().is_none_or(|byte| !is_name(byte)) {
        return 0;
    }
    let mut length = 0;
    while let Some(bytes) = rest[length..].first_chunk() {
        match of_names(bytes).trailing_ones() as usize {
            PART => length += PART,
            more => return length + more,
        }
    }
    length + length_in(&rest[length..], &IN_NAME)
}

/// For each of some bytes, whether it may be part of a name.
fn of_names(bytes: &[u8; PART]) -> u64 {
    let bytes = Part::new(bytes);
    let marks = NAME_MARKS.map(|mark| bytes.is(mark)).into_iter().reduce(|one, other| one | other);
    let words = bytes.is_letter() | bytes.lies(b'0', b'9');
    marks.map_or(words, |marks| marks | words).bits(0)
}

fn spaces(text: &[u8]) -> usize {
    text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len())
}

fn ends_line(rest: &[u8]) -> bool {
    matches!(rest.get(spaces(rest)), Some(b'\n' | b'\r'))
}

/// Bytes of the name in front of the part `name`.
fn name_before(text: &[u8], name: Span) -> usize {
    let before = &text[name.start.saturating_sub(MAX_KEY)..name.start];
    before.iter().rev().position(|byte| !is_name(byte)).unwrap_or(before.len())
}

/// Whether what begins at `start` is said to be a name, as in `- name: KEY` and `"key": "KEY"`: then its value may be on the
/// next line.
fn is_said_to_be_a_name(text: &[u8], start: usize) -> bool {
    let is_quote = |byte: u8| matches!(byte, b'"' | b'\'');
    let before = text[start.saturating_sub(MAX_KEY)..start].trim_ascii_end();
    let before = match before {
        [before @ .., quote] if is_quote(*quote) => before.trim_ascii_end(),
        _ => before,
    };
    match before {
        // What is farther away is not looked for.
        [] => true,
        [before @ .., b':'] => {
            let before = before.strip_suffix(b"\"").unwrap_or(before);
            ends_in_one(before, &[b"name", b"Name", b"key", b"Key"])
        }
        _ => false,
    }
}
