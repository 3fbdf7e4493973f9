//! Lines for a screen: tabs, wide characters, cutting around a mark, wrapping.
//!
//! Takes text that is harmless already. Must not know findings.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::text::Span;

/// Columns that a tab takes. Fixed, so that a caret stays under its text.
const TAB: &str = "    ";
/// Longest code that is kept on one line, in bytes; beyond it two stray backticks are likelier.
const CODE: usize = 1000;
/// Stands where a line was cut.
const CUT: char = '…';

/// One line ready to be drawn, and where its mark lies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What is drawn.
    pub(crate) text: String,
    /// The marked part of `text`, in bytes.
    pub(crate) mark: Span,
    /// Columns before the mark.
    pub(crate) indent: usize,
    /// Columns that the mark takes; at least 1.
    pub(crate) carets: usize,
}

/// Fits `line` into `width` columns. `mark` is in bytes of `line`; as much of it as possible
/// stays in view, with some text before it.
pub(crate) fn fit(line: &str, mark: Span, width: usize) -> Line {
    let start = floor(line, mark.start);
    let end = floor(line, mark.end.max(start));
    let [before, marked, after] =
        [&line[..start], &line[start..end], &line[end..]].map(|part| part.replace('\t', TAB));
    let total = before.width() + marked.width() + after.width();
    if total <= width {
        return assemble(&before, &marked, &after);
    }
    // A third for what comes before: it names the value. What is not needed after goes there too.
    let after_least = after.width().min(width / 4);
    let marked = keep_start(&marked, width.saturating_sub(width / 3 + after_least).max(1));
    let room = width.saturating_sub(marked.width() + after_least);
    let before = keep_end(&before, room);
    let after = keep_start(&after, width.saturating_sub(before.width() + marked.width()));
    assemble(&before, &marked, &after)
}

/// Breaks `text` at spaces into lines of at most `width` columns. A word that is longer, and
/// code between backticks, stays whole, so that links, paths and commands can be copied.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line: Option<String> = None;
    for word in words(text) {
        line = match line {
            Some(mut line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
                Some(line)
            }
            Some(full) => {
                lines.push(full);
                Some(word.to_owned())
            }
            None => Some(word.to_owned()),
        };
    }
    lines.extend(line);
    lines
}

/// The pieces of `text` between spaces that do not stand in code.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut from = 0;
        let end = loop {
            let Some(place) = text[from..].find([' ', '`']).map(|place| from + place) else {
                break text.len();
            };
            if text[place..].starts_with(' ') {
                break place;
            }
            // Past the code, or past a backtick that nothing closes.
            let code = text[place + 1..].find('`').filter(|&length| length <= CODE);
            from = place + 1 + code.map_or(0, |length| length + 1);
        };
        rest = text.get(end + 1..);
        Some(&text[..end])
    })
}

fn assemble(before: &str, marked: &str, after: &str) -> Line {
    let mark = Span::new(before.len(), before.len() + marked.len());
    Line {
        indent: before.width(),
        carets: marked.width().max(1),
        text: format!("{before}{marked}{after}"),
        mark,
    }
}

/// The last character boundary at or before `offset`.
fn floor(line: &str, offset: usize) -> usize {
    let mut offset = offset.min(line.len());
    while !line.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// As much of the start of `text` as `width` columns hold, with a sign where it was cut.
fn keep_start(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let kept = take(text.chars(), width);
    let mut kept: String = text.chars().take(kept).collect();
    if width > 0 {
        kept.push(CUT);
    }
    kept
}

/// As much of the end of `text` as `width` columns hold, with a sign where it was cut.
fn keep_end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let kept = take(text.chars().rev(), width);
    let skipped = text.chars().count() - kept;
    let cut = (width > 0).then_some(CUT);
    cut.into_iter().chain(text.chars().skip(skipped)).collect()
}

/// How many of `characters` fit into `width` columns beside the sign of a cut.
fn take(characters: impl Iterator<Item = char>, width: usize) -> usize {
    let room = width.saturating_sub(1);
    let mut used = 0;
    characters
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used <= room
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, marked: &str, width: usize, expected: &str, carets: &str) {
        let start = line.find(marked).unwrap();
        let fitted = fit(line, Span::new(start, start + marked.len()), width);
        assert_eq!(fitted.text, expected);
        assert_eq!(" ".repeat(fitted.indent) + &"^".repeat(fitted.carets), carets);
        assert!(fitted.text.width() <= width, "{:?}", fitted.text);
    }

    #[test]
    fn carets_stand_under_the_mark() {
        check("key = ****", "****", 40, "key = ****", "      ^^^^");
        check("\tkey\t= ****", "****", 40, "    key    = ****", "             ^^^^");
        check("鍵 = 秘密", "秘密", 40, "鍵 = 秘密", "     ^^^^");
        check("e\u{301} = x", "x", 40, "e\u{301} = x", "    ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let long = format!("{}key = **** {}", "a ".repeat(50), "b ".repeat(50));
        check(&long, "****", 30, "…a a a a a a key = **** b b b…", &format!("{}^^^^", " ".repeat(19)));
        let wide = format!("{}****{}", "秘".repeat(30), "密".repeat(30));
        check(&wide, "****", 20, "…秘秘秘秘秘****密密…", &format!("{}^^^^", " ".repeat(11)));
        let all = "x".repeat(100);
        check(&all, &all, 10, "xxxxxx…", "^^^^^^^");
    }

    #[test]
    fn odd_marks_do_no_harm() {
        for (start, end) in [(0, 0), (1, 2), (9, 3), (50, 60)] {
            for width in [0, 1, 5, 80] {
                let fitted = fit("鍵 = 秘密", Span { start, end }, width);
                assert!(fitted.carets > 0);
            }
        }
    }

    #[test]
    fn words_wrap_and_stay_whole() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("see https://example.com/a/long/one now", 10),
            ["see", "https://example.com/a/long/one", "now"]
        );
        assert_eq!(wrap("run `git add x` now", 7), ["run", "`git add x`", "now"]);
        assert_eq!(wrap("a  b ` c", 20), ["a  b ` c"]);
        assert_eq!(wrap("a ` b", 1), ["a", "`", "b"]);
        assert_eq!(wrap("", 7), [""]);
    }
}
