//! Templates of Helm (and of Go, Jinja and ERB at large) made into something that can be read, at the same places.
//!
//! Actions that print are overwritten with [`HOLE`]s, those that only steer with blanks. Must not know what the text is about.

use super::{super::document::Steered, yaml::HOLE};

/// Words that begin an action on which it depends whether, or how often, what follows is there.
const STEERING: &[&[u8]] = &[b"if", b"unless", b"with", b"range", b"for"];

/// Words that begin an action which prints nothing.
const SILENT: &[&[u8]] = &[
    b"if",
    b"else",
    b"end",
    b"with",
    b"range",
    b"define",
    b"block",
    b"break",
    b"continue",
    b"/*",
    b"$",
    b"fail",
    b"endif",
    b"for",
    b"endfor",
    b"set",
    b"elif",
    b"macro",
    b"endmacro",
    b"raw",
    b"endraw",
    b"import",
    b"include_vars",
    b"-}",
];

/// `text` with its actions overwritten, if it has any.
pub(super) fn blank(text: &[u8]) -> Option<Vec<u8>> {
    if !has_actions(text) {
        return None;
    }
    let mut out = text.to_vec();
    for action in actions(text) {
        overwrite(&mut out, action.open, action.end, action.inner, action.close);
    }
    Some(out)
}

/// Where in a template begins and ends what is there only if a condition holds, or as often as there is something to repeat.
pub(super) fn steered(text: &[u8]) -> Vec<Steered> {
    let mut places = Vec::new();
    if !has_actions(text) {
        return places;
    }
    // Of what is open: whether it steers, and where the innermost begins that does.
    let mut open: Vec<(bool, Option<usize>)> = Vec::new();
    for action in actions(text) {
        let is = |words: &[&[u8]]| words.iter().any(|word| begins_with(action.inner, word));
        let outer = open.last().and_then(|&(_, since)| since);
        if is(STEERING) {
            open.push((true, Some(action.end)));
        } else if is(&[b"define", b"block", b"macro", b"raw"]) {
            open.push((false, outer));
        } else if is(&[b"else", b"elif", b"elsif"]) {
            if let Some((true, since)) = open.last_mut() {
                *since = Some(action.end);
            }
        } else if action.inner.starts_with(b"end") {
            open.pop();
        } else {
            continue;
        }
        places.push(Steered { from: action.end, since: open.last().and_then(|&(_, since)| since) });
    }
    places
}

fn has_actions(text: &[u8]) -> bool {
    [&b"{{"[..], b"{%", b"<%"].iter().any(|action| memchr::memmem::find(text, action).is_some())
}

/// An action of a template.
struct Action<'t> {
    open: usize,
    end: usize,
    /// What it says, without the marks that trim blanks.
    inner: &'t [u8],
    close: &'static [u8],
}

fn actions(text: &[u8]) -> impl Iterator<Item = Action<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let open = at + memchr::memchr2(b'{', b'<', &text[at..])?;
            let close = match text.get(open + 1) {
                Some(b'{') if text[open] == b'{' => &b"}}"[..],
                Some(b'%') if text[open] == b'<' => b"%>",
                Some(b'%') => b"%}",
                Some(b'#') if text[open] == b'{' && open > 0 && text[open - 1] == b'\n' => b"#}",
                _ => {
                    at = open + 1;
                    continue;
                }
            };
            at = end_of_action(text, open + 2, close)?;
            let inner = text[open + 2..at - 2].trim_ascii();
            let inner = inner.strip_prefix(b"-").unwrap_or(inner).trim_ascii_start();
            return Some(Action { open, end: at, inner, close });
        }
    })
}

/// The offset after the action that began before `from`.
fn end_of_action(text: &[u8], from: usize, close: &[u8]) -> Option<usize> {
    let rest = &text[from..];
    if rest
        .trim_ascii_start()
        .trim_ascii_start()
        .strip_prefix(b"-")
        .unwrap_or(rest)
        .trim_ascii_start()
        .starts_with(b"/*")
    {
        let comment = memchr::memmem::find(rest, b"*/")?;
        return memchr::memmem::find(&rest[comment..], close)
            .map(|found| from + comment + found + close.len());
    }
    memchr::memmem::find(rest, close).map(|found| from + found + close.len())
}

fn overwrite(out: &mut [u8], open: usize, end: usize, inner: &[u8], close: &[u8]) {
    let silent =
        close != b"}}" || SILENT.iter().any(|word| begins_with(inner, word)) && !prints_variable(inner);
    let line = memchr::memrchr(b'\n', &out[..open]).map_or(0, |found| found + 1);
    let line_end = memchr::memchr(b'\n', &out[end..]).map_or(out.len(), |found| end + found);
    let alone = out[line..open].iter().all(|&byte| byte == b' ' || byte == b'\t')
        && out[end..line_end].trim_ascii().is_empty();
    let fill = if silent { b' ' } else { HOLE };
    for byte in &mut out[open..end] {
        if *byte != b'\n' && *byte != b'\r' {
            *byte = fill;
        }
    }
    // `{{- toYaml .Values.x | nindent 8 }}` on a line of its own prints at column 8, wherever it stands.
    if let Some(indent) = alone.then(|| indentation(inner)).flatten().filter(|_| !silent) {
        let from = (line + indent).min(end - 1);
        for byte in &mut out[line..from] {
            if *byte != b'\n' && *byte != b'\r' {
                *byte = b' ';
            }
        }
        for byte in &mut out[from..end] {
            if *byte != b'\n' && *byte != b'\r' {
                *byte = HOLE;
            }
        }
    }
}

fn begins_with(inner: &[u8], word: &[u8]) -> bool {
    inner.strip_prefix(word).is_some_and(|rest| {
        !word[word.len() - 1].is_ascii_alphabetic()
            || rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_' && *byte != b'.')
    })
}

/// `$x` prints, `$x := …` does not.
fn prints_variable(inner: &[u8]) -> bool {
    inner.starts_with(b"$")
        && memchr::memmem::find(inner, b"=").is_none_or(|at| inner.get(at + 1) == Some(&b'='))
}

/// The argument of the last `indent` or `nindent`.
fn indentation(inner: &[u8]) -> Option<usize> {
    let at = memchr::memmem::rfind(inner, b"indent")?;
    let digits: Vec<u8> =
        inner[at + 6..].trim_ascii_start().iter().copied().take_while(u8::is_ascii_digit).collect();
    str::from_utf8(&digits).ok()?.parse().ok()
}
