//! Regular expressions and globs as written in packs: read, and refused with the place of the
//! mistake inside the string.
//!
//! `build.rs` includes this file. Must not compile or run an expression.

use regex_syntax::hir::{Hir, HirKind};

use super::table::{At, Sink};
use crate::{diagnostic::Diagnostic, glob::Glob, text::Span};

/// How the pattern of a rule is read: over bytes, `\w \d \b .` ASCII, `^` and `$` the ends of
/// lines (`\n` or `\r\n`). [`super::pattern_syntax`] says the same to the engine.
pub(crate) fn pattern_parser(ignore_case: bool) -> regex_syntax::Parser {
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .case_insensitive(ignore_case)
        .multi_line(true)
        .crlf(true)
        .build()
}

/// How expressions of allow entries are read: Unicode, over bytes that need not be UTF-8.
pub(crate) fn allow_parser() -> regex_syntax::Parser {
    regex_syntax::ParserBuilder::new().utf8(false).build()
}

/// Reads the pattern of a rule, and reports what is wrong with it.
pub(crate) fn pattern(sink: &Sink<'_>, pattern: &At<String>, ignore_case: bool) -> Option<Hir> {
    let hir = parse(sink, pattern, pattern_parser(ignore_case))?;
    if hir.properties().minimum_len().is_none_or(|least| least == 0) {
        sink.push(
            Diagnostic::error("empty-match", "the pattern matches the empty text")
                .label(pattern.span, "")
                .help("make at least one part of it required"),
        );
        return None;
    }
    let mut groups = Vec::new();
    collect_groups(&hir, &mut groups);
    if groups.len() > 1 && !groups.contains(&Some("secret")) {
        sink.push(
            Diagnostic::error("many-groups", "the pattern has more than one capturing group")
                .label(second_group(sink, pattern), "which of them is the secret?")
                .help("name the one that holds the secret `(?<secret>…)`, or write the others `(?:…)`"),
        );
        return None;
    }
    Some(hir)
}

/// Reads an expression of an allow entry or of `content`, and reports what is wrong with it.
pub(crate) fn check(sink: &Sink<'_>, expression: &At<String>, parser: regex_syntax::Parser) {
    if let Some(hir) = parse(sink, expression, parser)
        && hir.properties().minimum_len() == Some(0)
        && hir.properties().look_set().is_empty()
    {
        sink.push(
            Diagnostic::error("empty-match", "the expression matches everything")
                .label(expression.span, "")
                .help("make at least one part of it required"),
        );
    }
}

/// Reads an expression of a condition, which may match the empty text, and reports what is wrong with it.
pub(crate) fn condition(sink: &Sink<'_>, expression: &At<String>) {
    parse(sink, expression, pattern_parser(false));
}

/// Reads a glob, and reports what is wrong with it.
pub(crate) fn glob(sink: &Sink<'_>, glob: &At<String>) {
    let problem = match Glob::parse(&glob.value, true) {
        _ if glob.value.is_empty() => "it is empty".to_owned(),
        Ok(_) => return,
        Err(problem) => problem,
    };
    sink.push(
        Diagnostic::error("bad-glob", format!("`{}` is not a glob: {problem}", glob.value))
            .label(glob.span, ""),
    );
}

fn parse(sink: &Sink<'_>, expression: &At<String>, mut parser: regex_syntax::Parser) -> Option<Hir> {
    let error = match parser.parse(&expression.value) {
        Ok(hir) => return Some(hir),
        Err(error) => error,
    };
    let (what, span, other) = match &error {
        regex_syntax::Error::Parse(error) => {
            (error.kind().to_string(), *error.span(), error.auxiliary_span().copied())
        }
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), *error.span(), None),
        other => {
            sink.push(Diagnostic::error("bad-pattern", other.to_string()).label(expression.span, ""));
            return None;
        }
    };
    let place = |span: regex_syntax::ast::Span| {
        sink.inside(expression, Span::new(span.start.offset, span.end.offset))
    };
    let mut diagnostic =
        Diagnostic::error("bad-pattern", format!("this is not a regular expression: {what}"))
            .label(place(span), what);
    if let Some(other) = other {
        diagnostic = diagnostic.label(place(other), "the other one");
    }
    if let Some(help) = advice(&error) {
        diagnostic = diagnostic.help(help);
    }
    sink.push(diagnostic);
    None
}

/// What to write in place of something that other engines know.
fn advice(error: &regex_syntax::Error) -> Option<&'static str> {
    use regex_syntax::{ast::ErrorKind as Ast, hir::ErrorKind as Meaning};
    match error {
        regex_syntax::Error::Parse(error) => match error.kind() {
            Ast::UnsupportedLookAround => {
                Some("put what must not match into `[[rule.allow]]`, and what must surround it into `(?:…)`")
            }
            Ast::UnsupportedBackreference => Some("write the alternatives out"),
            Ast::NestLimitExceeded(_) => Some("flatten nested groups"),
            _ => None,
        },
        regex_syntax::Error::Translate(error) => match error.kind() {
            Meaning::UnicodeNotAllowed | Meaning::UnicodePropertyNotFound => {
                Some("patterns are over bytes: spell the ASCII characters out, such as `[A-Za-z]`")
            }
            _ => None,
        },
        _ => None,
    }
}

fn collect_groups<'h>(hir: &'h Hir, groups: &mut Vec<Option<&'h str>>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            groups.push(capture.name.as_deref());
            collect_groups(&capture.sub, groups);
        }
        HirKind::Repetition(repetition) => collect_groups(&repetition.sub, groups),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| collect_groups(part, groups));
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

/// Where the second capturing group opens.
fn second_group(sink: &Sink<'_>, pattern: &At<String>) -> Span {
    let mut opened = 0;
    let Ok(ast) = regex_syntax::ast::parse::Parser::new().parse(&pattern.value) else { return pattern.span };
    let mut second = None;
    walk_groups(&ast, &mut |span| {
        opened += 1;
        if opened == 2 {
            second = Some(Span::new(span.start.offset, span.end.offset));
        }
    });
    second.map_or(pattern.span, |span| sink.inside(pattern, span))
}

fn walk_groups(ast: &regex_syntax::ast::Ast, found: &mut impl FnMut(regex_syntax::ast::Span)) {
    use regex_syntax::ast::Ast;
    match ast {
        Ast::Group(group) => {
            if group.is_capturing() {
                found(group.span);
            }
            walk_groups(&group.ast, found);
        }
        Ast::Repetition(repetition) => walk_groups(&repetition.ast, found),
        Ast::Alternation(parts) => parts.asts.iter().for_each(|part| walk_groups(part, found)),
        Ast::Concat(parts) => parts.asts.iter().for_each(|part| walk_groups(part, found)),
        _ => {}
    }
}
