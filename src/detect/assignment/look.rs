//! First looks at what stands around a name: most names are only spoken of, and are given nothing.
//!
//! They read little, and what they refuse [`super::find`] finds nothing in: a test with random text holds them to that.
//! Must not judge what is given.

use super::{
    BYTES, MAX_KEY, MAX_SPACE, MAX_USER, MAX_VALUE, is_defined, is_name, is_scheme, is_type, name_part,
};
use crate::text::Span;

/// What a line may give to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// Nothing.
    Nothing,
    /// A bare word with fewer than three digits, if anything.
    Word,
    /// Whatever there is: it has to be read.
    Perhaps,
}

/// Whether what stands right behind the name around `hit` shows that it is given nothing: it ends, or goes on as something
/// else. Needs no line.
pub(crate) fn gives_nothing(text: &[u8], hit: Span) -> bool {
    let Some(name) = name_part(text, hit) else { return !names_somebody(text, hit.end) };
    let rest = &text[name.end..text.len().min(name.end + 2 * MAX_KEY)];
    let mut place = rest.iter().take_while(|byte| is_name(byte)).count();
    if place > 0 && rest[place - 1] == b'-' {
        // The dash belongs to what follows, and is a part of an arrow at most.
        return rest.get(place).is_some_and(|&byte| byte != b'>');
    }
    let mut closed = false;
    for _ in 0..4 {
        match rest.get(place) {
            Some(b'"' | b'\'' | b'`') => closed = true,
            Some(b']' | b'?' | b'!' | b'}') => {}
            Some(b'\\' | b'&' | b'[') => return false,
            _ => break,
        }
        place += 1;
    }
    if closed && rest.get(place) == Some(&b')') {
        place += 1;
    }
    let rest = &rest[place.min(rest.len())..];
    let spaces = spaces(rest);
    let rest = &rest[spaces..];
    let Some(&next) = rest.first() else { return false };
    if spaces >= MAX_SPACE {
        return false;
    }
    match next {
        b'\n' | b'\r' => !is_said_to_be_a_name(text, name.start - name_before(text, name)),
        b',' if closed => {
            ends_line(&rest[1..]) && !is_said_to_be_a_name(text, name.start - name_before(text, name))
        }
        b',' => true,
        _ if separates(rest) => false,
        _ if closed => !matches!(next, b'v' | b'c' | b'd' | b'V'),
        _ if spaces == 0 => next != b'>',
        b'"' | b'\'' => false,
        _ => {
            let typed = rest.iter().take_while(|byte| is_type(byte)).count();
            rest.get(typed).is_some_and(|&byte| byte != b'=') && !is_scheme(name.of(text)) && {
                let start = name.start - name_before(text, name);
                text[start] != b'-' && !is_defined(text, start)
            }
        }
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

/// What the rest of the line gives to the name around `hit`, as far as a look at its bytes shows.
pub(crate) fn given(text: &[u8], line: Span, hit: Span) -> Given {
    let Some(name) = name_part(text, hit) else { return Given::Perhaps };
    let rest = &text[name.end..line.end.max(name.end)];
    if rest.starts_with(b" ") && is_scheme(name.of(text)) {
        return Given::Perhaps;
    }
    let rest = &rest[rest.iter().take_while(|byte| is_name(byte)).count()..];
    let closed = matches!(rest.first(), Some(b'"' | b'\''));
    let rest = &rest[usize::from(closed)..];
    let rest = &rest[spaces(rest)..];
    let Some((&separator @ (b'=' | b':' | b'(' | b','), rest)) = rest.split_first() else {
        return Given::Perhaps;
    };
    let Some((digits, commas)) = digits_and_commas(rest) else { return Given::Perhaps };
    let start = name.start - name_before(text, name);
    let before = text.get(line.start..start).unwrap_or_default();
    let value = &rest[spaces(rest)..];
    let given = match (separator, value.first()) {
        (b'(' | b',', _) | (_, None | Some(b'{' | b'(')) => Given::Nothing,
        _ if digits >= FEW_DIGITS || matches!(before.last(), Some(b'?' | b'&' | b';')) => {
            return Given::Perhaps;
        }
        _ => Given::Word,
    };
    let in_string = || !closed && memchr::memchr3(b'"', b'\'', b'`', before).is_some();
    let below = matches!(rest.trim_ascii_end().last(), Some(b'|' | b'>' | b'-' | b'+'));
    if commas + 1 >= BYTES.0 || below || in_string() || is_said_to_be_a_name(text, start) {
        return Given::Perhaps;
    }
    given
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

/// Bytes that are counted at once.
const PART: usize = 16;
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

/// Whether a separator begins `rest`.
fn separates(rest: &[u8]) -> bool {
    let second = rest.get(1).copied().unwrap_or_default();
    match rest[0] {
        b'=' | b'(' | b',' => true,
        b':' => second != b':' || rest.get(2) == Some(&b'='),
        b'!' | b'+' | b'.' => second == b'=',
        b'<' => matches!(second, b'-' | b'=' | b'>'),
        mark @ (b'|' | b'&' | b'/') => second == mark,
        b'?' => matches!(second, b'?' | b'='),
        b'-' => second == b'>',
        b'%' => second == b'3',
        _ => false,
    }
}

fn spaces(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

fn ends_line(rest: &[u8]) -> bool {
    matches!(rest.get(spaces(rest)), Some(b'\n' | b'\r'))
}

/// Bytes of the name in front of the part `name`.
fn name_before(text: &[u8], name: Span) -> usize {
    let low = name.start.saturating_sub(MAX_KEY);
    text[low..name.start].iter().rev().take_while(|byte| is_name(byte)).count()
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
            [&b"name"[..], b"Name", b"key", b"Key"].iter().any(|word| before.ends_with(word))
        }
        _ => false,
    }
}
