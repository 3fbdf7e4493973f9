//! Dockerfiles: a block `stage` for every `FROM`, `final` for the last one, and `global` for what stands before the first.
//!
//! An instruction is a member of its name with the list of what it was given; `ENV`, `ARG` and `LABEL` are maps. Must not know rules.

use super::{
    base::{Bounds, Group, after_mark, as_text, line_end, lossy, member, trimmed},
    json, shell,
};
use crate::{
    policy::document::{Block, Document, Member, Node, Value},
    text::Span,
};

/// Instructions whose arguments are names with values: one map a stage.
const MAPS: [&str; 3] = ["ENV", "ARG", "LABEL"];

/// Reads a Dockerfile.
pub(super) fn read(text: &[u8]) -> Document {
    let mut reader = Reader {
        text,
        bounds: Bounds::default(),
        escape: escape(text),
        stages: vec![Stage::new("global")],
        arguments: Vec::new(),
    };
    reader.instructions();
    let mut stages = reader.stages;
    if stages[0].is_empty() {
        stages.remove(0);
    } else if stages.len() == 1 {
        // A part of a file, to be put in elsewhere.
        "final".clone_into(&mut stages[0].kind);
    }
    if let Some(last) = stages.last_mut().filter(|last| last.kind == "stage") {
        "final".clone_into(&mut last.kind);
    }
    reader.bounds.document(stages.into_iter().map(Stage::into_block).collect())
}

/// The escape that a directive in the first lines asks for.
fn escape(text: &[u8]) -> u8 {
    for line in text[after_mark(text)..].split(|byte| *byte == b'\n') {
        let Some(comment) = line.trim_ascii().strip_prefix(b"#") else { return b'\\' };
        let Some((name, value)) =
            comment.iter().position(|byte| *byte == b'=').map(|at| comment.split_at(at))
        else {
            return b'\\';
        };
        if name.trim_ascii().eq_ignore_ascii_case(b"escape") {
            return if value[1..].trim_ascii() == b"`" { b'`' } else { b'\\' };
        }
    }
    b'\\'
}

struct Stage {
    kind: String,
    name: String,
    header: Option<Span>,
    span: Option<Span>,
    lists: Group,
    maps: Vec<(String, Span, Vec<Member>)>,
    /// The last user set, of this stage or the one it begins with.
    users: Vec<Node>,
}

impl Stage {
    fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            name: String::new(),
            header: None,
            span: None,
            lists: Group::default(),
            maps: Vec::new(),
            users: Vec::new(),
        }
    }

    const fn is_empty(&self) -> bool {
        self.span.is_none()
    }

    fn into_block(self) -> Block {
        let span = self.span.unwrap_or_default();
        let mut members = self.lists.into_members();
        for (name, place, entries) in self.maps {
            let end = entries.last().map_or(place.end, |last| last.node.span.end);
            members.push(member(name, place, Node::new(Span::new(place.start, end), Value::Map(entries))));
        }
        Block {
            kind: self.kind,
            name: self.name,
            span,
            header: self.header.unwrap_or(span),
            root: Node::new(span, Value::Map(members)),
        }
    }
}

struct Reader<'t> {
    text: &'t [u8],
    bounds: Bounds,
    escape: u8,
    stages: Vec<Stage>,
    /// Arguments with defaults before the first stage: `FROM` may name them.
    arguments: Vec<(String, String)>,
}

/// Text of an instruction with its continuations joined, and where each byte of it stands.
struct Joined {
    text: Vec<u8>,
    /// Offsets in `text` from which on the difference to the offset in the file is the second.
    shifts: Vec<(usize, usize)>,
}

impl Joined {
    fn place(&self, from: usize, to: usize) -> Span {
        let at = |offset: usize| {
            let known = self.shifts.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
            self.shifts.get(known).map_or(offset, |(start, file)| file + offset - start)
        };
        Span::new(at(from), if to > from { at(to - 1) + 1 } else { at(from) })
    }
}

impl Reader<'_> {
    fn instructions(&mut self) {
        let mut at = after_mark(self.text);
        while at < self.text.len() {
            let end = line_end(self.text, at);
            let line = trimmed(self.text, at, end);
            if line.is_empty() || self.text[line.start] == b'#' {
                at = end + 1;
                continue;
            }
            let (joined, mut next) = self.join(line.start);
            next = self.heredocs(&joined, next);
            let span = Span::new(line.start, trimmed(self.text, line.start, next).end);
            if !self.bounds.take(4, at) {
                return;
            }
            self.instruction(&joined, span);
            at = next;
        }
    }

    /// The instruction that begins at `start`, and the offset after it. Blank lines and comments inside are passed over.
    fn join(&self, start: usize) -> (Joined, usize) {
        let mut joined = Joined { text: Vec::new(), shifts: Vec::new() };
        let mut at = start;
        let mut first = true;
        while at < self.text.len() {
            let end = line_end(self.text, at);
            let line = trimmed(self.text, at, end);
            let content = line.of(self.text);
            if !first && (content.is_empty() || content[0] == b'#') {
                at = end + 1;
                continue;
            }
            joined.shifts.push((joined.text.len(), line.start));
            at = (end + 1).min(self.text.len());
            first = false;
            if content.last() == Some(&self.escape) {
                joined.text.extend_from_slice(&content[..content.len() - 1]);
                joined.text.push(b' ');
            } else {
                joined.text.extend_from_slice(content);
                break;
            }
        }
        (joined, at)
    }

    /// The offset after the here-documents of a `RUN`, `COPY` or `ADD`.
    fn heredocs(&self, joined: &Joined, next: usize) -> usize {
        let word = joined.text.split(u8::is_ascii_whitespace).next().unwrap_or_default().to_ascii_uppercase();
        if !matches!(word.as_slice(), b"RUN" | b"COPY" | b"ADD") {
            return next;
        }
        let mut at = next;
        let mut from = 0;
        while let Some(found) = memchr::memmem::find(&joined.text[from..], b"<<") {
            from += found + 2;
            let rest = &joined.text[from..];
            let rest = rest.strip_prefix(b"-").unwrap_or(rest);
            let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
            let marker: Vec<u8> = rest
                .iter()
                .copied()
                .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                .collect();
            if marker.is_empty() || !marker[0].is_ascii_alphabetic() && marker[0] != b'_' {
                continue;
            }
            let mut line = at;
            while line < self.text.len() {
                let end = line_end(self.text, line);
                let over = self.text[line..end].trim_ascii() == marker;
                line = (end + 1).min(self.text.len());
                if over {
                    at = line;
                    break;
                }
            }
        }
        at
    }

    fn instruction(&mut self, joined: &Joined, span: Span) {
        let word_end = joined.text.iter().position(u8::is_ascii_whitespace).unwrap_or(joined.text.len());
        let name = lossy(&joined.text, 0, word_end).to_ascii_uppercase();
        let key_span = joined.place(0, word_end);
        let from =
            word_end + joined.text[word_end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if !name.bytes().all(|byte| byte.is_ascii_alphabetic()) || name.is_empty() {
            self.bounds.note(key_span, "an instruction was expected here");
            return;
        }
        if name == "FROM" {
            let stage = self.from(joined, (from, key_span), span);
            self.stages.push(stage);
            return;
        }
        let before = self.stages.len() == 1;
        let arguments =
            if MAPS.contains(&name.as_str()) { self.pairs(joined, from, &name) } else { Vec::new() };
        if before && name == "ARG" {
            self.arguments.extend(arguments.iter().filter_map(|argument| match &argument.node.value {
                Value::Text(default) => Some((argument.key.clone(), default.clone())),
                _ => None,
            }));
        }
        let node = self.arguments_of(&name, joined, from, span);
        let Some(stage) = self.stages.last_mut() else { return };
        stage.header.get_or_insert(Span::new(span.start, line_end(self.text, span.start).min(span.end)));
        let whole = stage.span.get_or_insert(span);
        whole.end = span.end;
        if MAPS.contains(&name.as_str()) {
            match stage.maps.iter_mut().find(|(known, ..)| *known == name) {
                Some((.., entries)) => entries.extend(arguments),
                None => stage.maps.push((name, key_span, arguments)),
            }
            return;
        }
        if name == "USER" {
            stage.users = vec![node.clone()];
        }
        match node.value {
            Value::List(items) => items.into_iter().for_each(|item| stage.lists.push(&name, key_span, item)),
            _ => stage.lists.push(&name, key_span, node),
        }
    }

    /// `FROM image AS name`.
    fn from(&mut self, joined: &Joined, (from, key_span): (usize, Span), span: Span) -> Stage {
        let mut members = Vec::new();
        let mut stage = Stage::new("stage");
        let mut words = words(&joined.text, from).into_iter().peekable();
        while let Some((start, end)) = words.next() {
            let word = lossy(&joined.text, start, end);
            let place = joined.place(start, end);
            if let Some(platform) = word.strip_prefix("--platform=") {
                members.push(member("platform".to_owned(), place, self.value(platform, place)));
            } else if word.eq_ignore_ascii_case("as") {
                if let Some((start, end)) = words.next() {
                    stage.name = lossy(&joined.text, start, end);
                    let place = joined.place(start, end);
                    members.push(member(
                        "alias".to_owned(),
                        place,
                        Node::new(place, Value::Text(stage.name.clone())),
                    ));
                }
            } else if !members.iter().any(|member| member.key == "image") {
                let image = self.value(&word, place);
                if let Some(base) = as_text(Some(&image)).and_then(|image| {
                    self.stages
                        .iter()
                        .rev()
                        .find(|stage| !stage.name.is_empty() && stage.name.eq_ignore_ascii_case(image))
                }) {
                    stage.users.clone_from(&base.users);
                    members.push(member(
                        "stage".to_owned(),
                        place,
                        Node::new(place, Value::Text(base.name.clone())),
                    ));
                }
                members.push(member("image".to_owned(), place, image));
            }
        }
        stage.header = Some(Span::new(span.start, line_end(self.text, span.start).min(span.end)));
        stage.span = Some(span);
        stage.lists.push("FROM", key_span, Node::new(span, Value::Map(members)));
        for user in &stage.users {
            stage.lists.push("USER", key_span, user.clone());
        }
        stage
    }

    /// A word with arguments of the file filled in.
    fn value(&self, word: &str, place: Span) -> Node {
        let word = word.trim_matches(['"', '\'']);
        let mut value = if word.contains('$') {
            shell::filled(self.text, word, place)
        } else {
            Value::Text(word.to_owned())
        };
        let known = |name: &[String]| {
            let name = name.first()?;
            self.arguments
                .iter()
                .rev()
                .find(|(argument, _)| argument == name)
                .map(|(_, default)| Value::Text(default.clone()))
        };
        match &mut value {
            Value::Reference(name) => {
                if let Some(default) = known(name) {
                    value = default;
                }
            }
            Value::Mixed(parts) => {
                for part in parts.iter_mut() {
                    if let Value::Reference(name) = &part.value
                        && let Some(default) = known(name)
                    {
                        part.value = default;
                    }
                }
                let texts: Option<Vec<&str>> = parts.iter().map(|part| as_text(Some(part))).collect();
                if let Some(texts) = texts {
                    value = Value::Text(texts.concat());
                }
            }
            _ => {}
        }
        Node::new(place, value)
    }

    /// What an instruction is given.
    fn arguments_of(&mut self, name: &str, joined: &Joined, from: usize, span: Span) -> Node {
        let to = joined.text.len();
        let place = Span::new(joined.place(from, to).start, span.end);
        let rest = &joined.text[from.min(to)..];
        match name {
            "COPY" | "ADD" => self.copied(joined, from, place),
            "EXPOSE" | "VOLUME" if !rest.starts_with(b"[") => {
                let items = words(&joined.text, from)
                    .into_iter()
                    .map(|(start, end)| {
                        self.value(&lossy(&joined.text, start, end), joined.place(start, end))
                    })
                    .collect();
                Node::new(place, Value::List(items))
            }
            "USER" | "WORKDIR" | "STOPSIGNAL" => self.value(&lossy(&joined.text, from, to), place),
            _ => {
                let list = rest.starts_with(b"[").then(|| json_words(rest)).flatten();
                let string =
                    list.map_or_else(|| self.with_heredoc(rest, joined, span), |words| words.join(" "));
                Node::new(place, Value::Text(string))
            }
        }
    }

    /// The rest of an instruction with what its here-documents hold.
    fn with_heredoc(&self, rest: &[u8], joined: &Joined, span: Span) -> String {
        let mut string = String::from_utf8_lossy(rest).into_owned();
        let end = joined.place(0, joined.text.len()).end;
        if end < span.end {
            string.push_str(&lossy(self.text, end, span.end));
        }
        string
    }

    /// `--flag=value`, sources and the destination of `COPY` and `ADD`.
    fn copied(&self, joined: &Joined, from: usize, place: Span) -> Node {
        let mut members = Vec::new();
        let mut paths: Vec<Node> = Vec::new();
        let rest = &joined.text[from.min(joined.text.len())..];
        let flags_end = words(&joined.text, from)
            .into_iter()
            .take_while(|(start, _)| joined.text[*start..].starts_with(b"--"))
            .last()
            .map_or(from, |(_, end)| end);
        let after = flags_end - from;
        let list = rest[after..]
            .trim_ascii_start()
            .starts_with(b"[")
            .then(|| json_words(rest[after..].trim_ascii()))
            .flatten();
        for (start, end) in words(&joined.text, from) {
            let word = lossy(&joined.text, start, end);
            let at = joined.place(start, end);
            if let Some((flag, value)) = word.strip_prefix("--").and_then(|flag| flag.split_once('=')) {
                members.push(member(flag.to_owned(), at, self.value(value, at)));
            } else if list.is_none() && !word.starts_with("--") {
                paths.push(self.value(&word, at));
            }
        }
        if let Some(list) = list {
            paths = list.into_iter().map(|path| Node::new(place, Value::Text(path))).collect();
        }
        if let Some(destination) = paths.pop() {
            members.push(member("destination".to_owned(), destination.span, destination));
        }
        members.push(member("sources".to_owned(), place, Node::new(place, Value::List(paths))));
        Node::new(place, Value::Map(members))
    }

    /// Names and values of `ENV`, `ARG` and `LABEL`.
    fn pairs(&self, joined: &Joined, from: usize, name: &str) -> Vec<Member> {
        let text = &joined.text;
        let words = words(text, from);
        let Some(&(first, first_end)) = words.first() else { return Vec::new() };
        if name != "ARG" && !text[first..first_end].contains(&b'=') {
            // The old form: one name, and the rest of the line is its value.
            let start = words.get(1).map_or(text.len(), |(start, _)| *start);
            let place = joined.place(start, text.len());
            let node = self.value_of_pair(&lossy(text, start, text.len()), place);
            return vec![member(lossy(text, first, first_end), joined.place(first, first_end), node)];
        }
        let mut members = Vec::new();
        for (start, end) in words {
            let Some(equals) = text[start..end].iter().position(|byte| *byte == b'=').map(|at| start + at)
            else {
                let place = joined.place(start, end);
                members.push(member(
                    lossy(text, start, end),
                    place,
                    Node::new(Span::new(place.end, place.end), Value::Null),
                ));
                continue;
            };
            let (mut from, mut to) = (equals + 1, end);
            if to > from + 1 && matches!(text[from], b'"' | b'\'') && text[to - 1] == text[from] {
                (from, to) = (from + 1, to - 1);
            }
            let node = self.value_of_pair(&lossy(text, from, to), joined.place(from, to));
            members.push(member(lossy(text, start, equals), joined.place(start, equals), node));
        }
        members
    }

    fn value_of_pair(&self, string: &str, place: Span) -> Node {
        let value = if string.contains('$') {
            shell::filled(self.text, string, place)
        } else {
            Value::Text(string.to_owned())
        };
        Node::new(place, value)
    }
}

/// The strings of an instruction in JSON form.
fn json_words(text: &[u8]) -> Option<Vec<String>> {
    let mut bounds = Bounds::default();
    let Value::List(items) = json::read(text, &mut bounds).value else { return None };
    if !bounds.into_notes().is_empty() {
        return None;
    }
    items.into_iter().map(|item| if let Value::Text(text) = item.value { Some(text) } else { None }).collect()
}

/// Words from `from` on; quotes hold them together.
fn words(text: &[u8], from: usize) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut at = from;
    while at < text.len() {
        if text[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let mut quote = None;
        while at < text.len() {
            match (quote, text[at]) {
                (None, byte) if byte.is_ascii_whitespace() => break,
                (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
                (Some(open), byte) if open == byte => quote = None,
                (_, b'\\') => at += 1,
                _ => {}
            }
            at += 1;
        }
        at = at.min(text.len());
        words.push((start, at));
    }
    words
}
