//! Configuration of nginx and Apache: directives with arguments, and blocks of them.
//!
//! A directive is a member with the list of its arguments, each time one text; a block inside is a map with its own arguments as
//! `_`. Every kind of block is also a block of the document, and `main` is the whole file. Must not know rules.

use super::base::{Bounds, Group, after_mark, count, line_end, lossy, member, trimmed};
use crate::{
    policy::document::{Block, Document, Member, Node, Value},
    text::Span,
};

/// The key of a block's own arguments.
const OWN: &str = "_";

/// Reads a configuration of nginx.
pub(super) fn nginx(text: &[u8]) -> Document {
    let mut reader = Nginx { text, at: after_mark(text), bounds: Bounds::default(), blocks: Vec::new() };
    let members = reader.body(true);
    finish(text, members, reader.blocks, reader.bounds)
}

fn finish(text: &[u8], members: Vec<Member>, mut blocks: Vec<Block>, bounds: Bounds) -> Document {
    let Some(first) = members.first() else { return bounds.document(blocks) };
    let span = Span::new(first.key_span.start, text.len());
    let header = first.key_span;
    blocks.push(Block {
        kind: "main".to_owned(),
        name: String::new(),
        span,
        header,
        root: Node::new(span, Value::Map(members)),
    });
    blocks.sort_by_key(|block| (block.span.start, std::cmp::Reverse(block.span.end)));
    bounds.document(blocks)
}

struct Nginx<'t> {
    text: &'t [u8],
    at: usize,
    bounds: Bounds,
    blocks: Vec<Block>,
}

/// A word and its place.
type Word = (String, Span);

impl Nginx<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => self.at = line_end(self.text, self.at),
                byte if byte.is_ascii_whitespace() => self.at += 1,
                _ => return,
            }
        }
    }

    fn word(&mut self) -> Word {
        let start = self.at;
        if let Some(quote @ (b'"' | b'\'')) = self.peek() {
            self.at += 1;
            while let Some(byte) = self.peek() {
                self.at += 1;
                match byte {
                    b'\\' => self.at = (self.at + 1).min(self.text.len()),
                    byte if byte == quote => {
                        let word = lossy(self.text, start + 1, self.at - 1);
                        return (
                            word.replace(&format!("\\{}", char::from(quote)), &char::from(quote).to_string()),
                            Span::new(start + 1, self.at - 1),
                        );
                    }
                    _ => {}
                }
            }
            self.bounds.note(Span::new(start, start + 1), "this string is never closed");
            self.at = line_end(self.text, start).max(start + 1);
            return (lossy(self.text, start + 1, self.at), Span::new(start + 1, self.at));
        }
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.at = (self.at + 2).min(self.text.len()),
                b';' => break,
                byte if byte.is_ascii_whitespace() => break,
                // `${name}` and quantifiers of expressions are part of a word.
                b'{' => {
                    let variable = self.at > start && self.text[self.at - 1] == b'$';
                    let close = self.text[self.at..].iter().take(64).position(|byte| *byte == b'}');
                    let quantifier = self.text.get(self.at + 1).is_some_and(u8::is_ascii_digit);
                    match close {
                        Some(close) if self.at > start && (variable || quantifier) => self.at += close + 1,
                        _ => break,
                    }
                }
                b'}' if self.at == start => break,
                _ => self.at += 1,
            }
        }
        (lossy(self.text, start, self.at), Span::new(start, self.at))
    }

    /// Directives up to a closing brace or the end.
    fn body(&mut self, top: bool) -> Vec<Member> {
        let mut group = Group::default();
        loop {
            self.blanks();
            match self.peek() {
                None => break,
                Some(b'}') if !top => break,
                Some(b'}') => {
                    self.bounds.note(Span::new(self.at, self.at + 1), "closes nothing");
                    self.at += 1;
                }
                Some(b';') => self.at += 1,
                Some(_) if !self.bounds.take(2, self.at) => {
                    self.at = self.text.len();
                    break;
                }
                Some(b'{') => {
                    self.bounds.note(Span::new(self.at, self.at + 1), "opens a block without a name");
                    self.at += 1;
                }
                Some(_) => self.directive(&mut group),
            }
        }
        group.into_members()
    }

    fn directive(&mut self, group: &mut Group) {
        let (name, key_span) = self.word();
        let mut words: Vec<Word> = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'}') => {
                    self.bounds.note(key_span, "the semicolon after this directive is missing");
                    break;
                }
                Some(b';') => {
                    self.at += 1;
                    break;
                }
                Some(b'{') => {
                    self.block(&name, key_span, &words, group);
                    return;
                }
                Some(_) => words.push(self.word()),
            }
        }
        group.push(&name, key_span, joined(&words, key_span));
    }

    fn block(&mut self, name: &str, key_span: Span, words: &[Word], group: &mut Group) {
        let opened = self.at;
        let arguments = joined(words, key_span);
        if name.ends_with("_by_lua_block") || !self.bounds.down(opened) {
            self.skip_braces();
            group.push(name, key_span, Node::new(Span::new(opened, self.at), Value::Unknown));
            return;
        }
        self.at += 1;
        let mut members = vec![member(OWN.to_owned(), arguments.span, arguments.clone())];
        members.extend(self.body(false));
        self.bounds.up();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            self.bounds.note(key_span, "this block is never closed");
        }
        let span = Span::new(key_span.start, self.at);
        let root = Node::new(span, Value::Map(members));
        let title = if let Value::Text(text) = arguments.value { text } else { String::new() };
        self.blocks.extend(own_block(
            name,
            title,
            (span, Span::new(key_span.start, opened)),
            &root,
            &mut self.bounds,
        ));
        group.push(name, key_span, root);
    }

    fn skip_braces(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'{' => depth += 1,
                b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }
}

/// A block of the document with a copy of the tree, as long as there is room.
fn own_block(
    kind: &str,
    name: String,
    (span, header): (Span, Span),
    root: &Node,
    bounds: &mut Bounds,
) -> Option<Block> {
    bounds.take(count(root), span.start).then(|| Block {
        kind: kind.to_owned(),
        name,
        span,
        header,
        root: root.clone(),
    })
}

/// Arguments as one text, each apart by a blank; `null` if there are none.
fn joined(words: &[Word], key_span: Span) -> Node {
    let (Some((_, first)), Some((_, last))) = (words.first(), words.last()) else {
        return Node::new(Span::new(key_span.end, key_span.end), Value::Text(String::new()));
    };
    let text: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
    Node::new(Span::new(first.start, last.end), Value::Text(text.join(" ")))
}

/// A section of Apache that is open.
struct Section {
    name: String,
    title: Node,
    key_span: Span,
    header: Span,
    group: Group,
}

/// Reads a configuration of Apache. Names are given small: they are the same in capitals.
pub(super) fn apache(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let mut blocks = Vec::new();
    let mut open: Vec<Section> = Vec::new();
    let mut main = Group::default();
    let mut at = after_mark(text);
    while at < text.len() {
        let start = trimmed(text, at, line_end(text, at)).start;
        let (line, next) = super::shell::logical_line(text, start.min(text.len()), b'\\');
        let span = trimmed(text, start, next.max(start));
        at = next.max(at + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !bounds.take(2, span.start) {
            break;
        }
        if let Some(name) = line.strip_prefix("</") {
            let name = name.trim_end_matches('>').trim().to_ascii_lowercase();
            close(&name, span, &mut open, &mut main, (&mut blocks, &mut bounds));
            continue;
        }
        let section = line.starts_with('<');
        let inner = line.trim_start_matches('<').trim_end_matches('>');
        let (name, rest) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let name_start = span.start + usize::from(section);
        let key_span = Span::new(name_start, (name_start + name.len()).min(span.end));
        let place = Span::new(
            trimmed(text, key_span.end, span.end).start,
            span.end.saturating_sub(usize::from(section)),
        );
        let node = Node::new(place, Value::Text(unquoted(rest)));
        let name = name.to_ascii_lowercase();
        if section && open.len() < super::base::DEEPEST {
            open.push(Section { name, title: node, key_span, header: span, group: Group::default() });
        } else {
            open.last_mut().map_or(&mut main, |section| &mut section.group).push(&name, key_span, node);
        }
    }
    while let Some(section) = open.last() {
        let (name, span) = (section.name.clone(), Span::new(text.len(), text.len()));
        bounds.note(section.header, "this section is never closed");
        close(&name, span, &mut open, &mut main, (&mut blocks, &mut bounds));
    }
    finish(text, main.into_members(), blocks, bounds)
}

/// Arguments with single blanks between them and without their quotes.
fn unquoted(arguments: &str) -> String {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    words.join(" ").replace('"', "")
}

fn close(
    name: &str,
    span: Span,
    open: &mut Vec<Section>,
    main: &mut Group,
    (blocks, bounds): (&mut Vec<Block>, &mut Bounds),
) {
    if !open.iter().any(|section| section.name == name) {
        bounds.note(span, "closes a section that is not open");
        return;
    }
    while let Some(section) = open.pop() {
        let whole = Span::new(section.header.start, span.end);
        let title = if let Value::Text(title) = &section.title.value { title.clone() } else { String::new() };
        let mut members = vec![member(OWN.to_owned(), section.title.span, section.title)];
        members.extend(section.group.into_members());
        let root = Node::new(whole, Value::Map(members));
        blocks.extend(own_block(&section.name, title, (whole, section.header), &root, bounds));
        open.last_mut().map_or(&mut *main, |outer| &mut outer.group).push(
            &section.name,
            section.key_span,
            root,
        );
        if section.name == name {
            return;
        }
    }
}
