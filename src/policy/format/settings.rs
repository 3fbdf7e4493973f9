//! Settings as keys with values: INI, properties, dotenv, TOML, and `key value` lines of servers.
//!
//! Must not know what a setting means.

use super::{
    base::{Bounds, Group, after_mark, line_end, lossy, member, number, trimmed, whole},
    shell,
};
use crate::{
    policy::document::{Block, Document, Member, Node, Value},
    text::Span,
};

/// Most keys of a file whose keys are taken apart at their dots: putting one in its place looks at those beside it.
const MOST_DOTTED: usize = 10_000;

/// INI files: keys of a section are in a map of its name; those before the first are at the top.
pub(super) fn ini(text: &[u8], style: &IniStyle) -> Document {
    let mut bounds = Bounds::default();
    let mut top = Vec::new();
    let mut section: Option<(String, Span)> = None;
    let mut members: Vec<Member> = Vec::new();
    let mut at = after_mark(text);
    while at < text.len() {
        let end = line_end(text, at);
        let line = trimmed(text, at, end);
        let indented = line.start > at;
        at = end + 1;
        let content = line.of(text);
        if content.is_empty() || matches!(content[0], b'#' | b';') {
            continue;
        }
        if !bounds.take(1, line.start) {
            break;
        }
        if content[0] == b'[' && content.contains(&b']') {
            close_section(&mut top, section.take(), std::mem::take(&mut members));
            let close = content.iter().rposition(|byte| *byte == b']').unwrap_or(content.len());
            section = Some((
                lossy(content, 1, close).trim().to_owned(),
                Span::new(line.start + 1, line.start + close),
            ));
            continue;
        }
        let equals = content.iter().position(|byte| *byte == b'=' || (style.colons && *byte == b':'));
        if indented && equals.is_none() && continued(&mut members, line, content) {
            continue;
        }
        let (key_end, value) = equals.map_or((content.len(), None), |equals| {
            (equals, Some(value_span(text, line.start + equals + 1, line.end, style.comments)))
        });
        let key_span = trimmed(text, line.start, line.start + key_end);
        let mut key = lossy(text, key_span.start, key_span.end);
        if style.underscores {
            key = key.replace('-', "_");
        }
        let node = value.map_or_else(
            || Node::new(Span::new(key_span.end, key_span.end), Value::Null),
            |span| setting(text, span, style.variables),
        );
        members.push(member(key, key_span, node));
    }
    close_section(&mut top, section, members);
    let span = Span::new(after_mark(text), text.len());
    let blocks =
        if top.is_empty() { Vec::new() } else { vec![whole("", "", Node::new(span, Value::Map(top)))] };
    bounds.document(blocks)
}

/// What differs between files of this kind.
pub(super) struct IniStyle {
    /// A colon parts key and value, too.
    pub(super) colons: bool,
    /// A comment may follow a value.
    pub(super) comments: bool,
    /// `skip-grant-tables` is `skip_grant_tables`.
    pub(super) underscores: bool,
    /// `${NAME}` is filled in.
    pub(super) variables: bool,
}

fn close_section(top: &mut Vec<Member>, section: Option<(String, Span)>, members: Vec<Member>) {
    let Some((name, span)) = section else {
        top.extend(members);
        return;
    };
    let end = members.last().map_or(span.end, |last| last.node.span.end.max(last.key_span.end));
    top.push(member(name, span, Node::new(Span::new(span.start, end), Value::Map(members))));
}

/// Adds an indented line to the value before it.
fn continued(members: &mut [Member], line: Span, content: &[u8]) -> bool {
    let Some(Member { node: Node { span, value }, .. }) = members.last_mut() else { return false };
    match value {
        Value::Text(text) => {
            text.push('\n');
            text.push_str(&String::from_utf8_lossy(content));
        }
        Value::Null => *value = Value::Text(String::from_utf8_lossy(content).into_owned()),
        _ => return false,
    }
    span.end = line.end;
    true
}

/// The place of a value, without blanks, and without a comment after it.
fn value_span(text: &[u8], start: usize, end: usize, comments: bool) -> Span {
    let span = trimmed(text, start, end);
    if !comments {
        return span;
    }
    let content = span.of(text);
    let mut quote = None;
    for (index, &byte) in content.iter().enumerate() {
        match quote {
            Some(open) if byte == open => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if matches!(byte, b'#' | b';')
                && (index == 0 || content[index - 1].is_ascii_whitespace()) =>
            {
                return trimmed(text, span.start, span.start + index);
            }
            _ => {}
        }
    }
    span
}

/// A value as written: quoted text, a boolean, a number or text.
fn setting(text: &[u8], span: Span, variables: bool) -> Node {
    let content = span.of(text);
    let (span, quoted) = match content {
        [first @ (b'"' | b'\''), .., last] if first == last => {
            (Span::new(span.start + 1, span.end - 1), Some(*first))
        }
        _ => (span, None),
    };
    let content = span.of(text);
    let value = match content {
        b"" if quoted.is_none() => Value::Null,
        b"true" | b"True" | b"TRUE" if quoted.is_none() => Value::Bool(true),
        b"false" | b"False" | b"FALSE" if quoted.is_none() => Value::Bool(false),
        _ if variables && quoted != Some(b'\'') && content.contains(&b'$') => {
            shell::filled(text, &lossy(text, span.start, span.end), span)
        }
        _ => number(content)
            .filter(|_| quoted.is_none())
            .map_or_else(|| Value::Text(lossy(text, span.start, span.end)), Value::Number),
    };
    Node::new(span, value)
}

/// `.env` files.
pub(super) fn dotenv(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let mut members = Vec::new();
    let mut at = after_mark(text);
    while at < text.len() {
        let mut end = line_end(text, at);
        let line = trimmed(text, at, end);
        let content = line.of(text);
        if content.is_empty() || content[0] == b'#' {
            at = end + 1;
            continue;
        }
        if !bounds.take(1, line.start) {
            break;
        }
        let from = content
            .strip_prefix(b"export ")
            .map_or(line.start, |rest| line.end - rest.trim_ascii_start().len());
        let Some(equals) = memchr::memchr(b'=', &text[from..line.end]).map(|equals| from + equals) else {
            bounds.note(line, "has no equals sign");
            at = end + 1;
            continue;
        };
        let key_span = trimmed(text, from, equals);
        let value_start = trimmed(text, equals + 1, line.end).start;
        // A quoted value may go on over lines.
        let span = match text.get(value_start).filter(|_| value_start < line.end) {
            Some(quote @ (b'"' | b'\'')) => match closing(text, value_start, *quote) {
                Some(close) => {
                    end = line_end(text, close);
                    Span::new(value_start, close + 1)
                }
                None => value_span(text, value_start, line.end, false),
            },
            _ => value_span(text, equals + 1, line.end, true),
        };
        members.push(member(lossy(text, key_span.start, key_span.end), key_span, setting(text, span, true)));
        at = end + 1;
    }
    single(bounds, text, members)
}

/// Where the quote at `start` is closed; within 64 KiB, as a certificate would be.
fn closing(text: &[u8], start: usize, quote: u8) -> Option<usize> {
    let end = text.len().min(start + (64 << 10));
    let mut at = start + 1;
    while at < end {
        let found = at + memchr::memchr2(quote, b'\\', &text[at..end])?;
        if text[found] == quote {
            return Some(found);
        }
        at = found + 2;
    }
    None
}

fn single(bounds: Bounds, text: &[u8], members: Vec<Member>) -> Document {
    let span = Span::new(after_mark(text), text.len());
    let blocks = if members.is_empty() {
        Vec::new()
    } else {
        vec![whole("", "", Node::new(span, Value::Map(members)))]
    };
    bounds.document(blocks)
}

/// Java properties; dots in keys are levels.
pub(super) fn properties(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let mut members = Vec::new();
    let mut keys = 0;
    let mut at = after_mark(text);
    while at < text.len() {
        let line = trimmed(text, at, line_end(text, at));
        if line.is_empty() || matches!(text[line.start], b'#' | b'!') {
            at = line_end(text, at) + 1;
            continue;
        }
        let (joined, next) = shell::logical_line(text, line.start, b'\\');
        at = next;
        keys += 1;
        if keys > MOST_DOTTED || !bounds.take(1, line.start) {
            bounds.note(line, format!("more than {MOST_DOTTED} keys; the rest is not read"));
            break;
        }
        let key_end = joined.find(['=', ':', ' ', '\t']).unwrap_or(joined.len());
        let key_span = Span::new(line.start, (line.start + key_end).min(line.end));
        let rest = joined[key_end..].trim_start();
        let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim();
        let exact = memchr::memmem::find(&text[line.start..next], value.as_bytes()).is_some();
        let start = if exact {
            // The last occurrence of what may stand in the key, too, is the value.
            memchr::memmem::rfind(&text[line.start..next], value.as_bytes())
                .map_or(line.end, |found| line.start + found)
        } else {
            key_span.end
        };
        let span = if exact {
            Span::new(start, start + value.len())
        } else {
            Span::new(start, trimmed(text, start, next).end)
        };
        let node = match value {
            "" => Node::new(span, Value::Null),
            "true" => Node::new(span, Value::Bool(true)),
            "false" => Node::new(span, Value::Bool(false)),
            _ if value.contains("${") => Node::new(span, shell::filled(text, value, span)),
            _ => Node::new(
                span,
                number(value.as_bytes()).map_or_else(|| Value::Text(value.to_owned()), Value::Number),
            ),
        };
        put(&mut members, &joined[..key_end], key_span, node);
    }
    single(bounds, text, members)
}

/// Puts a value where the dots of its key say. What is further down than a document may be deep stays one key.
pub(super) fn put(members: &mut Vec<Member>, key: &str, key_span: Span, node: Node) {
    put_below(members, (key, 0), key_span, node);
}

/// The same for members that are so deep in a document.
fn put_below(members: &mut Vec<Member>, (key, depth): (&str, usize), key_span: Span, node: Node) {
    let mut members = members;
    let mut rest = key;
    let mut depth = depth;
    while let Some((first, more)) = rest.split_once('.') {
        if first.is_empty() || more.is_empty() || depth >= super::base::DEEPEST {
            break;
        }
        depth += 1;
        let known = members
            .iter()
            .rposition(|member| member.key == first && matches!(member.node.value, Value::Map(_)));
        let place = known.unwrap_or_else(|| {
            members.push(member(first.to_owned(), key_span, Node::new(node.span, Value::Map(Vec::new()))));
            members.len() - 1
        });
        let inner = &mut members[place].node;
        inner.span.end = inner.span.end.max(node.span.end);
        let Value::Map(inner) = &mut inner.value else { return };
        members = inner;
        rest = more;
    }
    members.push(member(rest.to_owned(), key_span, node));
}

/// A tree in which dots in keys are levels: settings of Spring and Elasticsearch may be written either way.
pub(super) fn undotted(node: Node, depth: usize) -> Node {
    let value = match node.value {
        Value::Map(members) if depth < super::base::DEEPEST && members.len() <= MOST_DOTTED => {
            let mut out: Vec<Member> = Vec::with_capacity(members.len());
            for part in members {
                let dots = memchr::memchr_iter(b'.', part.key.as_bytes()).count();
                let inner = undotted(part.node, depth + dots + 1);
                if dots > 0 {
                    put_below(&mut out, (&part.key, depth), part.key_span, inner);
                } else {
                    out.push(member(part.key, part.key_span, inner));
                }
            }
            Value::Map(out)
        }
        value => value,
    };
    Node::new(node.span, value)
}

/// TOML. What stands after an error is read, too.
pub(super) fn toml(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    // Offsets stay as they are when bytes that are no text are replaced one by one.
    let string = match str::from_utf8(text) {
        Ok(string) => std::borrow::Cow::Borrowed(string),
        Err(_) => text
            .iter()
            .map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' })
            .collect::<String>()
            .into(),
    };
    let (table, errors) = ::toml::de::DeTable::parse_recoverable(&string);
    for error in errors {
        let span = error.span().unwrap_or_default();
        bounds.note(
            Span::new(span.start, span.end),
            error.message().lines().next().unwrap_or_default().to_owned(),
        );
    }
    let members = table_members(table.get_ref(), &mut bounds, 0);
    single(bounds, text, members)
}

fn table_members(table: &::toml::de::DeTable<'_>, bounds: &mut Bounds, depth: usize) -> Vec<Member> {
    let mut members: Vec<Member> = table
        .iter()
        .map(|(key, value)| {
            let place = key.span();
            let node = toml_node(value, bounds, depth + 1);
            member(key.get_ref().to_string(), Span::new(place.start, place.end), node)
        })
        .collect();
    members.sort_by_key(|member| member.key_span);
    members
}

fn toml_node(value: &::toml::Spanned<::toml::de::DeValue<'_>>, bounds: &mut Bounds, depth: usize) -> Node {
    use ::toml::de::DeValue;
    let place = value.span();
    let mut span = Span::new(place.start, place.end);
    if depth > super::base::DEEPEST || !bounds.take(1, span.start) {
        return Node::new(span, Value::Unknown);
    }
    let value = match value.get_ref() {
        DeValue::String(text) => {
            let long = text.len() + 6 <= span.len() && text.contains('\n');
            // A value that was recovered from a broken line has none.
            let quotes = if span.len() < text.len() + 2 {
                0
            } else if long {
                3
            } else {
                1
            };
            span = Span::new(span.start + quotes, span.end.saturating_sub(quotes));
            Value::Text(text.to_string())
        }
        DeValue::Integer(number) => number.as_str().parse().map_or(Value::Unknown, Value::Number),
        DeValue::Float(number) => number.as_str().parse().map_or(Value::Unknown, Value::Number),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| toml_node(item, bounds, depth + 1)).collect())
        }
        DeValue::Table(table) => Value::Map(table_members(table, bounds, depth)),
    };
    Node::new(span, value)
}

/// Lines of a key and its arguments.
pub(super) struct LineStyle {
    /// Keys are the same in capitals; they are given small.
    pub(super) small: bool,
    /// Words that begin a block of their own, given small: `match`.
    pub(super) sections: &'static [&'static str],
    /// A number sign after a value begins a comment.
    pub(super) comments: bool,
}

/// `key value`, `key = value` and `key: value` lines: every key has the list of its values, in the order of the file.
pub(super) fn lines(text: &[u8], style: &LineStyle) -> Document {
    let mut bounds = Bounds::default();
    let mut blocks: Vec<(String, String, Span, Group)> =
        vec![(String::new(), String::new(), Span::new(0, 0), Group::default())];
    let mut at = after_mark(text);
    let mut end = at;
    while at < text.len() {
        let line = trimmed(text, at, line_end(text, at));
        at = line_end(text, at) + 1;
        let content = line.of(text);
        if content.is_empty() || matches!(content[0], b'#' | b';') {
            continue;
        }
        if !bounds.take(2, line.start) {
            break;
        }
        end = line.end;
        let key_end = content
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b':'))
            .unwrap_or(content.len());
        let key_span = Span::new(line.start, line.start + key_end);
        let mut key = lossy(content, 0, key_end);
        if style.small {
            key.make_ascii_lowercase();
        }
        let mut from = trimmed(text, key_span.end, line.end).start;
        if matches!(text.get(from), Some(b'=' | b':')) && from < line.end {
            from += 1;
        }
        let span = value_span(text, from, line.end, style.comments);
        let node =
            setting(text, if span.is_empty() { Span::new(key_span.end, key_span.end) } else { span }, false);
        if style.sections.contains(&key.as_str()) {
            if let Some(last) = blocks.last_mut() {
                last.2.end = last.2.end.max(last.2.start);
            }
            blocks.push((
                key,
                lossy(text, span.start, span.end),
                Span::new(line.start, line.end),
                Group::default(),
            ));
            continue;
        }
        if let Some((_, _, whole, group)) = blocks.last_mut() {
            if whole.is_empty() {
                *whole = line;
            }
            whole.end = line.end;
            group.push(&key, key_span, node);
        }
    }
    let blocks = blocks
        .into_iter()
        .filter(|(kind, _, span, _)| !kind.is_empty() || !span.is_empty())
        .map(|(kind, name, span, group)| {
            let header = Span::new(span.start, line_end(text, span.start).min(span.end).max(span.start));
            Block {
                kind,
                name,
                span,
                header,
                root: Node::new(Span::new(span.start, span.end.min(end)), Value::Map(group.into_members())),
            }
        })
        .collect();
    bounds.document(blocks)
}

/// `pg_hba.conf`: a block `hba` for every line.
pub(super) fn pg_hba(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let mut blocks = Vec::new();
    let mut at = after_mark(text);
    while at < text.len() {
        let end = line_end(text, at);
        let line = value_span(text, at, end, true);
        at = end + 1;
        let content = line.of(text);
        if content.is_empty() || content[0] == b'#' {
            continue;
        }
        if !bounds.take(6, line.start) {
            break;
        }
        let mut words = words(text, line).into_iter();
        let mut members = Vec::new();
        let Some(kind) = words.next() else { continue };
        let local = kind.of(text) == b"local";
        let mut put = |name: &str, span: Option<Span>| {
            if let Some(span) = span {
                let inner = match span.of(text) {
                    [b'"', .., b'"'] => Span::new(span.start + 1, span.end - 1),
                    _ => span,
                };
                members.push(member(
                    name.to_owned(),
                    span,
                    Node::new(inner, Value::Text(lossy(text, inner.start, inner.end))),
                ));
            }
        };
        put("type", Some(kind));
        put("database", words.next());
        put("user", words.next());
        if !local {
            put("address", words.next());
            let rest = words.clone();
            // An address may be two words: network and mask.
            if rest.clone().next().is_some_and(|word| word.of(text).first().is_some_and(u8::is_ascii_digit)) {
                put("mask", words.next());
            }
        }
        put("method", words.next());
        if let Some(first) = words.next() {
            put("options", Some(Span::new(first.start, line.end)));
        }
        let name = lossy(text, kind.start, kind.end);
        blocks.push(Block {
            kind: "hba".to_owned(),
            name,
            span: line,
            header: line,
            root: Node::new(line, Value::Map(members)),
        });
    }
    bounds.document(blocks)
}

fn words(text: &[u8], line: Span) -> Vec<Span> {
    let mut words = Vec::new();
    let mut at = line.start;
    while at < line.end {
        if text[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        while at < line.end && !text[at].is_ascii_whitespace() {
            at += 1;
        }
        words.push(Span::new(start, at));
    }
    words
}
