//! Expressions of other scanners, written for the engine here: Go's dialect, one group for the secret,
//! and the literals that every match has.
//!
//! Must not know TOML or rules.

use regex_syntax::{
    ast::{self, Ast},
    hir::{Class, ClassBytes, Hir, HirKind},
};

/// Most literals that one of a set may be: more are no keywords but a list of words.
const MAX_LITERALS: usize = 48;
/// Shortest literal that is worth a search of its own; the shortest keyword a rule may have.
const MIN_LITERAL: usize = 3;
/// Longest literal that is kept of a longer one: more adds nothing to finding the place.
const MAX_LITERAL: usize = 24;

/// An expression that means here what it meant there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    /// The expression, with one capturing group at most.
    pub(super) pattern: String,
    /// Literals, lower case, of which every match has one.
    pub(super) keywords: Vec<String>,
    /// Whether it may match over line ends.
    pub(super) multiline: bool,
    /// What changed its meaning, a sentence each.
    pub(super) remarks: Vec<String>,
}

/// Translates a Go expression whose secret is in the group `secret_group` (0: the first there is).
///
/// # Errors
///
/// What cannot be said here, as the end of a sentence about the rule.
pub(super) fn translate(go: &str, secret_group: usize) -> Result<Translated, String> {
    let mut remarks = Vec::new();
    let written = dialect(go, &mut remarks);
    let pattern = one_group(&written, secret_group)?;
    // Keywords are looked for in any case, so case is the expression's own.
    let pattern = format!("(?-i:{pattern})");
    let hir = parser()
        .parse(&pattern)
        .map_err(|error| format!("its expression cannot be read: {}", first_line(&error.to_string())))?;
    let keywords = literals(&hir)
        .filter(|literals| literals.iter().all(|literal| literal.len() >= MIN_LITERAL))
        .ok_or("no match of its expression has a literal of three bytes and more, so every line would have to be searched")?;
    let keywords =
        keywords.iter().map(|literal| String::from_utf8(literal.clone())).collect::<Result<Vec<_>, _>>();
    let keywords = keywords.map_err(|_| "its literals are not UTF-8")?;
    Ok(Translated { multiline: spans_lines(&hir), keywords, pattern, remarks })
}

/// Reads expressions as the engine here does, which ignores case for keywords only.
fn parser() -> regex_syntax::Parser {
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .multi_line(true)
        .crlf(true)
        .case_insensitive(true)
        .build()
}

fn first_line(error: &str) -> &str {
    error.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or("it is not understood")
}

/// What Go writes in another way: quoted stretches, classes of Unicode, and braces that repeat nothing.
pub(super) fn dialect(go: &str, remarks: &mut Vec<String>) -> String {
    let mut written = String::with_capacity(go.len());
    let mut rest = go;
    while let Some(place) = rest.find(['\\', '{']) {
        written.push_str(&rest[..place]);
        let brace = rest[place..].starts_with('{');
        rest = &rest[place + 1..];
        if brace {
            written.push_str(if repeats(rest) { "{" } else { r"\{" });
            continue;
        }
        let Some(escaped) = rest.chars().next() else { break };
        rest = &rest[escaped.len_utf8()..];
        match escaped {
            'Q' => {
                let end = rest.find("\\E").unwrap_or(rest.len());
                written.push_str(&regex_syntax::escape(&rest[..end]));
                rest = rest[end..].strip_prefix("\\E").unwrap_or_default();
            }
            'E' => {}
            'C' => written.push_str("(?s:.)"),
            'p' | 'P' => {
                let length = if rest.starts_with('{') {
                    rest.find('}').map_or(rest.len(), |end| end + 1)
                } else {
                    rest.chars().next().map_or(0, char::len_utf8)
                };
                let class = rest[..length].trim_matches(['{', '}']);
                rest = &rest[length..];
                written.push_str(ascii_class(class, escaped == 'P'));
                remarks.push(format!("\\{escaped}{{{class}}} stands for ASCII characters only"));
            }
            'x' if rest.starts_with('{') => {
                written.push_str(r"\x{");
                rest = &rest[1..];
            }
            _ => {
                written.push('\\');
                written.push(escaped);
            }
        }
    }
    written.push_str(rest);
    written
}

/// Whether what follows a brace makes it a repetition: `3}`, `3,}`, `3,5}`.
fn repeats(rest: &str) -> bool {
    let Some(end) = rest.find('}') else { return false };
    let (least, most) = rest[..end].split_once(',').unwrap_or((&rest[..end], ""));
    !least.is_empty() && least.bytes().chain(most.bytes()).all(|byte| byte.is_ascii_digit())
}

/// The ASCII part of a class of Unicode. It may stand inside brackets, so it has none of its own.
fn ascii_class(name: &str, negated: bool) -> &'static str {
    match (name, negated) {
        ("L" | "Letter", false) => "A-Za-z",
        ("Lu", false) => "A-Z",
        ("Ll", false) => "a-z",
        ("N" | "Nd", false) => "0-9",
        (_, false) => "!-~",
        (_, true) => r"\x00-\x20",
    }
}

/// Makes every group but the one of the secret a group that captures nothing, and that one the only one.
fn one_group(written: &str, secret_group: usize) -> Result<String, String> {
    let ast = ast::parse::Parser::new()
        .parse(written)
        .map_err(|error| format!("its expression cannot be read: {}", error.kind()))?;
    let mut groups = Vec::new();
    collect(&ast, &mut groups);
    if secret_group > groups.len() {
        return Err(format!("its expression has no group {secret_group}"));
    }
    let secret = secret_group.max(1) - 1;
    let mut pattern = String::with_capacity(written.len());
    let mut from = 0;
    for (number, (start, end)) in groups.into_iter().enumerate() {
        pattern.push_str(&written[from..start]);
        pattern.push_str(if number == secret { "(" } else { "(?:" });
        from = end;
    }
    pattern.push_str(&written[from..]);
    Ok(pattern)
}

/// Where the capturing groups open, from the parenthesis to what they hold, in the order of their numbers.
fn collect(ast: &Ast, groups: &mut Vec<(usize, usize)>) {
    match ast {
        Ast::Group(group) => {
            if group.is_capturing() {
                groups.push((group.span.start.offset, group.ast.span().start.offset));
            }
            collect(&group.ast, groups);
        }
        Ast::Repetition(repetition) => collect(&repetition.ast, groups),
        Ast::Alternation(parts) => parts.asts.iter().for_each(|part| collect(part, groups)),
        Ast::Concat(parts) => parts.asts.iter().for_each(|part| collect(part, groups)),
        _ => {}
    }
}

/// Literals, lower case, of which every match has one; the most telling set there is.
fn literals(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Capture(capture) => literals(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => literals(&repetition.sub),
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(literals(branch)?);
            }
            tidy(all)
        }
        HirKind::Concat(parts) => sequences(parts),
        _ => letters(hir).and_then(|bytes| tidy(vec![bytes])),
    }
}

/// The best of a sequence: a run of fixed bytes (with what few choices follow it), or a part of its own.
fn sequences(parts: &[Hir]) -> Option<Vec<Vec<u8>>> {
    let mut best: Option<Vec<Vec<u8>>> = None;
    let mut better = |found: Option<Vec<Vec<u8>>>| {
        if let Some(found) = found
            && best.as_ref().is_none_or(|best| worth(&found) > worth(best))
        {
            best = Some(found);
        }
    };
    let mut run: Vec<Vec<u8>> = vec![Vec::new()];
    for part in parts {
        let choices = choices(part);
        match choices {
            Some(choices) if run.len() * choices.len() <= MAX_LITERALS => {
                run = run
                    .iter()
                    .flat_map(|start| choices.iter().map(move |choice| [start.as_slice(), choice].concat()))
                    .collect();
            }
            _ => {
                better(tidy(std::mem::replace(&mut run, vec![Vec::new()])));
                better(literals(part));
            }
        }
    }
    better(tidy(run));
    best
}

/// The fixed texts that a part can be, if they are few.
fn choices(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Look(_) | HirKind::Empty => Some(vec![Vec::new()]),
        HirKind::Capture(capture) => choices(&capture.sub),
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(choices(branch)?);
            }
            (all.len() <= MAX_LITERALS).then_some(all)
        }
        HirKind::Concat(parts) => {
            let mut all = vec![Vec::new()];
            for part in parts {
                let choices = choices(part)?;
                if all.len() * choices.len() > MAX_LITERALS {
                    return None;
                }
                all = all
                    .iter()
                    .flat_map(|start: &Vec<u8>| {
                        choices.iter().map(move |choice| [start.as_slice(), choice].concat())
                    })
                    .collect();
            }
            Some(all)
        }
        _ => letters(hir).map(|bytes| vec![bytes]),
    }
}

/// The bytes of a literal, or of a letter in either case, in lower case.
fn letters(hir: &Hir) -> Option<Vec<u8>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(literal.0.to_ascii_lowercase()),
        HirKind::Class(Class::Bytes(class)) => match class.ranges() {
            [upper, lower]
                if upper.start() == upper.end()
                    && lower.start() == lower.end()
                    && upper.start().to_ascii_lowercase() == lower.start() =>
            {
                Some(vec![lower.start()])
            }
            _ => None,
        },
        _ => None,
    }
}

/// How telling a set is: its shortest literal, then how few they are.
fn worth(literals: &[Vec<u8>]) -> (usize, usize) {
    let least = literals.iter().map(Vec::len).min().unwrap_or_default();
    (least.min(8), MAX_LITERALS.saturating_sub(literals.len()))
}

/// A set without repetitions, cut to what a search needs; nothing if one of it is too short to be of use.
fn tidy(mut literals: Vec<Vec<u8>>) -> Option<Vec<Vec<u8>>> {
    for literal in &mut literals {
        literal.truncate(MAX_LITERAL);
    }
    literals.sort();
    literals.dedup();
    (literals.len() <= MAX_LITERALS && literals.iter().all(|literal| literal.len() >= MIN_LITERAL))
        .then_some(literals)
}

/// Whether a match may hold a line end besides white space that a line has at its end.
fn spans_lines(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Class(Class::Bytes(class)) => {
            // White space alone is there for what stands in a line.
            let newline = class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b'\n'));
            let letters = class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b'a'));
            let everything = class.ranges().iter().any(|range| range.start() == 0 && range.end() == u8::MAX);
            newline && (letters && everything)
        }
        HirKind::Repetition(repetition) => repetition.max != Some(0) && spans_lines(&repetition.sub),
        HirKind::Capture(capture) => spans_lines(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(spans_lines),
        _ => false,
    }
}

/// Globs that match what an expression on a path does, or less, if it is one of the usual forms: names, and what they begin
/// and end with. Where globs ignore case anyway, they are `folded`.
pub(super) fn globs(expression: &str, folded: bool) -> Option<Vec<String>> {
    let expression = if folded { expression.trim_start_matches("(?i)") } else { expression };
    let mut parser = regex_syntax::ParserBuilder::new();
    let hir = parser.unicode(false).utf8(false).build().parse(expression).ok()?;
    let mut parts: Vec<&Hir> = Vec::new();
    flatten(&hir, &mut parts);
    let (mut from_start, mut to_end) = (false, false);
    if let Some(HirKind::Look(regex_syntax::hir::Look::Start)) = parts.first().map(|part| part.kind()) {
        parts.remove(0);
        from_start = true;
    }
    if let Some(HirKind::Look(regex_syntax::hir::Look::End)) = parts.last().map(|part| part.kind()) {
        parts.pop();
        to_end = true;
    }
    let mut names = vec![String::new()];
    for part in parts {
        let options = path_part(part)?;
        if names.len() * options.len() > MAX_LITERALS {
            return None;
        }
        names = names
            .iter()
            .flat_map(|name| options.iter().map(move |option| format!("{name}{option}")))
            .collect();
    }
    names.iter().map(|name| glob(name, from_start, to_end)).collect()
}

fn flatten<'h>(hir: &'h Hir, parts: &mut Vec<&'h Hir>) {
    match hir.kind() {
        HirKind::Concat(inner) => inner.iter().for_each(|part| flatten(part, parts)),
        HirKind::Capture(capture) => flatten(&capture.sub, parts),
        _ => parts.push(hir),
    }
}

/// Anything in a component, folders left out; `*` stands for anything.
const IN_COMPONENT: &str = "\r";
/// Most bytes that a class is repeated for one by one.
const MAX_TIMES: u32 = 4;

/// The ways to write a part of a path, `*` for anything, `\r` for anything in a component and `\n` for the start of one.
fn path_part(hir: &Hir) -> Option<Vec<String>> {
    Some(match hir.kind() {
        HirKind::Literal(literal) => {
            let text = String::from_utf8(literal.0.to_vec()).ok()?;
            vec![if text.contains(['*', '?', '[', '{', '\\']) { return None } else { text }]
        }
        HirKind::Capture(capture) => return path_part(&capture.sub),
        HirKind::Alternation(branches) => {
            let start = branches.iter().all(|branch| {
                matches!(branch.kind(), HirKind::Look(_)) || path_part(branch).is_some_and(|one| one == ["/"])
            });
            if start {
                return Some(vec!["\n".to_owned()]);
            }
            let mut all = Vec::new();
            for branch in branches {
                all.extend(path_part(branch)?);
            }
            all
        }
        HirKind::Concat(inner) => {
            let mut all = vec![String::new()];
            for part in inner {
                let options = path_part(part)?;
                all = all
                    .iter()
                    .flat_map(|start| options.iter().map(move |end| format!("{start}{end}")))
                    .collect();
            }
            all
        }
        HirKind::Repetition(repetition) if repetition.min == 0 && repetition.max == Some(1) => {
            let mut all = path_part(&repetition.sub)?;
            all.push(String::new());
            all
        }
        HirKind::Repetition(repetition) if repetition.max.is_none() && is_anything(&repetition.sub) => {
            let component = !holds(&repetition.sub, b'/');
            vec![if component { IN_COMPONENT.to_owned() } else { "*".to_owned() }]
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.filter(|&most| most <= MAX_TIMES)?;
            let one = path_part(&repetition.sub)?;
            let mut all = Vec::new();
            for times in repetition.min..=most {
                let mut ways = vec![String::new()];
                for _ in 0..times {
                    ways = ways
                        .iter()
                        .flat_map(|start| one.iter().map(move |end| format!("{start}{end}")))
                        .collect();
                    if ways.len() > MAX_LITERALS {
                        return None;
                    }
                }
                all.append(&mut ways);
            }
            all
        }
        HirKind::Class(Class::Bytes(_)) if is_anything(hir) => vec!["?".to_owned()],
        HirKind::Class(Class::Bytes(class)) => vec![class_of_glob(class)?],
        _ => return None,
    })
}

/// Whether a class holds all that names are made of: a narrower one would allow less than `*` does.
fn is_anything(hir: &Hir) -> bool {
    b"aZ0-_.".iter().all(|&one| holds(hir, one))
}

/// Whether it is a class with `byte` in it.
fn holds(hir: &Hir, byte: u8) -> bool {
    let HirKind::Class(Class::Bytes(class)) = hir.kind() else { return false };
    class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&byte))
}

/// A class as a glob has it; none if it has bytes that mean something there.
fn class_of_glob(class: &ClassBytes) -> Option<String> {
    // Either way to separate components; here it is one.
    if class.ranges().iter().all(|range| b"/\\".contains(&range.start()) && range.len() == 1) {
        return Some("/".to_owned());
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_. @+=~#-".contains(&byte);
    let mut written = String::from("[");
    let mut dash = "";
    for range in class.ranges() {
        let (start, end) = (range.start(), range.end());
        if !(start..=end).all(plain) {
            return None;
        }
        match (start, end) {
            (b'-', b'-') => dash = "-",
            _ if start == end => written.push(start.into()),
            _ if start == b'-' || end == b'-' => return None,
            _ => written.extend([start.into(), '-', end.into()]),
        }
    }
    Some(written + dash + "]")
}

fn glob(name: &str, from_start: bool, to_end: bool) -> Option<String> {
    if name.trim_matches(['*', '?', '\r', '\n', '/']).is_empty() {
        return None;
    }
    // Anything after a separator may be folders as well.
    let name = &name.replace("/*", "/**/*");
    let mut glob = match name.strip_prefix('\n') {
        Some(rest) => format!("**/{rest}"),
        None if from_start => name.to_owned(),
        None if name.starts_with('/') => format!("**{name}"),
        None => format!("**/*{name}"),
    };
    if glob.contains('\n') {
        return None;
    }
    if !to_end {
        glob.push_str(if glob.ends_with('/') { "**" } else { "*" });
    }
    Some(glob.replace(IN_COMPONENT, "*").replace("***", "**").replace("**/**/", "**/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_literals_of_every_match() {
        for (go, keywords) in [
            (r"\b(acme_[0-9a-z]{32})\b", &["acme_"][..]),
            (r"(?i)\b(acme-(?:live|test)_[a-z]{8})", &["acme-live_", "acme-test_"]),
            (
                r"(?i)[\w.-]{0,50}?(?:beacon|lantern)(?:[ \t\w.-]{0,20})=([a-z0-9]{16})",
                &["beacon", "lantern"],
            ),
            (r"(?:A3T[A-Z0-9]|QKIA|QSIA)[A-Z2-7]{16}", &["a3t", "qkia", "qsia"]),
            (r"-----BEGIN[ A-Z]{0,20}KEY-----[\s\S]{64,}?END", &["-----begin"]),
        ] {
            assert_eq!(translate(go, 0).unwrap().keywords, keywords, "{go}");
        }
        for go in [r"[0-9a-f]{32}", r"(?:ab|[a-z]{9})", r"\b\d+x\b"] {
            assert!(translate(go, 0).is_err(), "{go}");
        }
    }

    #[test]
    fn one_group_is_left() {
        assert_eq!(
            translate(r"(acme)(?P<x>_[a-z]+)(z)", 2).unwrap().pattern,
            r"(?-i:(?:acme)(_[a-z]+)(?:z))"
        );
        assert_eq!(translate(r"(acme_)(y)", 0).unwrap().pattern, r"(?-i:(acme_)(?:y))");
        assert!(translate(r"(acme_)", 2).unwrap_err().contains("no group 2"));
    }

    #[test]
    fn what_go_writes_otherwise() {
        let translated = translate(r"\Qac.me\E_[\p{L}\d]{8}", 0).unwrap();
        assert_eq!(translated.pattern, r"(?-i:ac\.me_[A-Za-z\d]{8})");
        assert_eq!(translated.remarks.len(), 1);
        assert_eq!(translate(r"acme_${{x}[0-9]{4}", 0).unwrap().pattern, r"(?-i:acme_$\{\{x}[0-9]{4})");
        assert!(translate(r"acme_(?=x)", 0).unwrap_err().contains("cannot be read"));
        assert!(translate(r"acme_[\s\S]{9}", 0).unwrap().multiline);
        assert!(!translate(r"acme_\s{0,3}=", 0).unwrap().multiline);
    }

    #[test]
    fn paths_become_globs_where_they_can() {
        for (expression, globs_wanted) in [
            (r"\.[ot]tf$", Some(&["**/*.[ot]tf"][..])),
            (r"(?:^|[\\/])v\d{1,2}/[^/]+\.json$", Some(&["**/v[0-9]/*.json", "**/v[0-9][0-9]/*.json"])),
            (r"jquery-.\.js$", Some(&["**/*jquery-?.js"])),
            (r"\.tfstate$", Some(&["**/*.tfstate"])),
            (r"(?i)\.(?:png|jpe?g)$", Some(&["**/*.png", "**/*.jpeg", "**/*.jpg"])),
            (r"(?:^|/)go\.sum$", Some(&["**/go.sum"])),
            (r"(^|/)vendor/", Some(&["**/vendor/**"])),
            (r"^docs/.*\.md$", Some(&["docs/**/*.md"])),
            (r"[a-z]{3}\.x$", Some(&["**/*[a-z][a-z][a-z].x"])),
            (r"[a-z]{9}\.x$", None),
            (r"[{}]\.x$", None),
            (r"[a-z]+\.x$", None),
            (r".*", None),
        ] {
            let wanted =
                globs_wanted.map(|list| list.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>());
            assert_eq!(globs(expression, true), wanted, "{expression}");
        }
        assert_eq!(globs(r"(?i)\.js$", false), Some(vec!["**/*.[Jj][Ss]".to_owned()]));
    }
}
