//! The lines around hunks: names, quoting, prefixes, and the ranges of a hunk.
//!
//! Pure functions. Formats: the "diff-generate-patch" page of git's manual, and POSIX `diff -u`.

use bstr::{BStr, BString, ByteSlice as _};

use super::Side;

/// The old and the new name of a file, as written.
pub(super) struct Names {
    pub(super) old: BString,
    pub(super) new: BString,
}

/// Prefixes that git puts in front of the old and the new name: the usual pair, and those of
/// `diff.mnemonicPrefix` (commit, index, work tree, object, and the files of `--no-index`).
const PREFIXES: [&[u8]; 8] = [b"a/", b"b/", b"i/", b"w/", b"c/", b"o/", b"1/", b"2/"];

impl Names {
    /// The names of a `diff --git` line, which are the same but for prefixes unless a rename is
    /// spelt out below. `None` where it cannot be told where one ends.
    pub(super) fn of_git_line(text: &[u8]) -> Option<Self> {
        if text.starts_with(b"\"") {
            let (old, rest) = quoted(text)?;
            return Some(Self { old, new: unquoted(rest.strip_prefix(b" ")?) });
        }
        if text.ends_with(b"\"") {
            let split = text.find(b" \"")?;
            return Some(Self { old: text[..split].into(), new: unquoted(&text[split + 1..]) });
        }
        // Names may hold spaces. Of all splits, take the one that leaves the same name twice.
        let mut spaces = memchr::memchr_iter(b' ', text);
        spaces.find_map(|space| {
            let names = Self { old: text[..space].into(), new: text[space + 1..].into() };
            (names.old == names.new || names.have_prefixes()).then_some(names)
        })
    }

    /// True if both names have a prefix of git and are the same behind it. With
    /// `diff.noprefix` the names are the same as they are.
    pub(super) fn have_prefixes(&self) -> bool {
        if is_absent(&self.old) {
            return self.new.starts_with(b"b/");
        }
        let both = prefix(&self.old).zip(prefix(&self.new));
        both.is_some_and(|(old, new)| old != new && self.old[old.len()..] == self.new[new.len()..])
    }

    /// The new path without its prefix.
    pub(super) fn path(&self) -> &BStr {
        self.new_path(self.have_prefixes())
    }

    /// The new path, without a prefix if there is one.
    pub(super) fn new_path(&self, prefixed: bool) -> &BStr {
        let cut = if prefixed { 2 } else { 0 };
        self.new.get(cut..).unwrap_or_default().as_bstr()
    }
}

fn prefix(name: &[u8]) -> Option<&'static [u8]> {
    PREFIXES.into_iter().find(|prefix| name.starts_with(prefix))
}

/// True for the name that stands for no file.
pub(super) fn is_absent(name: &BString) -> bool {
    name == "/dev/null"
}

/// The name behind `---` or `+++`: quoted, or up to the tab in front of a time.
pub(super) fn file_name(text: &[u8]) -> BString {
    if text.starts_with(b"\"") {
        return unquoted(text);
    }
    text[..memchr::memchr(b'\t', text).unwrap_or(text.len())].into()
}

/// A name that is quoted like a string of C if need be.
pub(super) fn unquoted(text: &[u8]) -> BString {
    quoted(text).map_or_else(|| text.into(), |(name, _)| name)
}

/// A quoted name at the start of `text`, and what follows it.
fn quoted(text: &[u8]) -> Option<(BString, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut name = BString::default();
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((name, rest)),
            b'\\' => {
                let (&escape, after) = rest.split_first()?;
                rest = after;
                name.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'0'..=b'3' => {
                        let digit = |byte: u8| byte.checked_sub(b'0').filter(|digit| *digit < 8);
                        let (&second, after) = rest.split_first()?;
                        let (&third, after) = after.split_first()?;
                        rest = after;
                        (escape - b'0') * 64 + digit(second)? * 8 + digit(third)?
                    }
                    other => other,
                });
            }
            other => name.push(other),
        }
    }
}

/// Lines of a hunk still to come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ranges {
    /// In each old file: one, or the parents of a merge.
    old: Vec<u64>,
    new: u64,
}

/// Parents that a combined hunk may have. The largest merge known to us has 66.
const MAX_PARENTS: usize = 1000;

/// The ranges in `@@ -1,2 +3,4 @@` or `@@@ -1,2 -1,3 +3,4 @@@`, and the first new line.
pub(super) fn hunk(line: &[u8]) -> Option<(Ranges, usize)> {
    let ats = line.iter().take_while(|&&byte| byte == b'@').count();
    let parents = ats.checked_sub(1).filter(|&parents| (1..=MAX_PARENTS).contains(&parents))?;
    let mut words = line[ats..].split(|&byte| byte == b' ').skip(1);
    let mut old = Vec::new();
    for _ in 0..parents {
        old.push(range(words.next()?, b'-')?.1);
    }
    let (first, new) = range(words.next()?, b'+')?;
    let closing = words.next()?;
    let closed = closing.len() == ats && closing.iter().all(|&byte| byte == b'@');
    closed.then_some((Ranges { old, new }, usize::try_from(first).ok()?))
}

/// `-12,3` or `-12`: first line and number of lines.
fn range(word: &[u8], sign: u8) -> Option<(u64, u64)> {
    let (&first, word) = word.split_first()?;
    let number = |digits: &[u8]| digits.to_str().ok().and_then(|digits| digits.parse().ok());
    let (start, count) = match word.split_once_str(b",") {
        Some((start, count)) => (number(start)?, number(count)?),
        None => (number(word)?, 1),
    };
    // Line numbers that could overflow when counted on are no line numbers.
    (first == sign && start <= u64::from(u32::MAX)).then_some((start, count))
}

impl Ranges {
    /// True if no line is to come.
    pub(super) fn is_over(&self) -> bool {
        self.new == 0 && self.old.iter().all(|&left| left == 0)
    }

    /// Takes a line: where it stands, and its text. `None` if it cannot be part of the hunk.
    pub(super) fn take<'l>(&mut self, line: &'l [u8]) -> Option<(Side, &'l [u8])> {
        let columns = self.old.len();
        // Mailers strip the spaces of empty context lines.
        let blank = line.is_empty() || line == b"\r";
        let (marks, text) = if blank { (&b""[..], line) } else { line.split_at_checked(columns)? };
        if !marks.iter().all(|mark| b" +-".contains(mark)) {
            return None;
        }
        let gone = marks.contains(&b'-');
        if !gone {
            self.new = self.new.checked_sub(1)?;
        }
        // A line that is there has a space for each file that had it, one that is gone a minus.
        let had = if gone { b'-' } else { b' ' };
        for (place, left) in self.old.iter_mut().enumerate() {
            if marks.get(place).is_none_or(|&mark| mark == had) {
                *left = left.checked_sub(1)?;
            }
        }
        let added = !blank && marks.iter().all(|&mark| mark == b'+');
        let side = if gone {
            Side::Gone
        } else if added {
            Side::Added
        } else {
            Side::Kept
        };
        Some((side, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_names(line: &str, old: &str, new: &str, path: &str) {
        let names = Names::of_git_line(line.as_bytes()).expect(line);
        assert_eq!((names.old.to_string(), names.new.to_string()), (old.into(), new.into()), "{line}");
        assert_eq!(names.path(), path, "{line}");
    }

    #[test]
    fn git_lines_give_both_names() {
        check_names("a/x b/x", "a/x", "b/x", "x");
        check_names("i/a b w/a b", "i/a b", "w/a b", "a b");
        check_names("a/b b/b b/b b/b", "a/b b/b", "b/b b/b", "b b/b");
        check_names("b/x b/x", "b/x", "b/x", "b/x");
        check_names("x x", "x", "x", "x");
        check_names(r#""a/\303\244\t" "b/\303\244\t""#, "a/\u{e4}\t", "b/\u{e4}\t", "\u{e4}\t");
        check_names(r#""a/\"" "b/\"""#, "a/\"", "b/\"", "\"");
        assert!(Names::of_git_line(b"nothing").is_none());
        assert!(Names::of_git_line(br#""open"#).is_none());
    }

    #[test]
    fn names_end_at_tabs_and_quotes() {
        for (text, expected) in [
            ("b/x", "b/x"),
            ("b/x y\t2024-01-01 00:00:00", "b/x y"),
            (r#""b/\\\"x\n""#, "b/\\\"x\n"),
            (r#""open"#, r#""open"#),
        ] {
            assert_eq!(file_name(text.as_bytes()), expected);
        }
    }

    #[test]
    fn hunk_headers_give_ranges() {
        let check = |line: &str, expected: Option<(&[u64], u64, usize)>| {
            let expected = expected.map(|(old, new, first)| (Ranges { old: old.to_vec(), new }, first));
            assert_eq!(hunk(line.as_bytes()), expected, "{line}");
        };
        check("@@ -1,2 +3,4 @@", Some((&[2], 4, 3)));
        check("@@ -1 +1 @@ fn a()", Some((&[1], 1, 1)));
        check("@@ -0,0 +1,9 @@", Some((&[0], 9, 1)));
        check("@@@ -1,2 -1,3 +1,4 @@@", Some((&[2, 3], 4, 1)));
        for bad in [
            "@@",
            "@ -1 +1 @",
            "@@ -1,2 +3,4",
            "@@ +1 -1 @@",
            "@@ -1 +99999999999999999999 @@",
            "@@ -a +1 @@",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn lines_of_hunks_are_counted_in_each_file() {
        let mut ranges = Ranges { old: vec![2, 1], new: 3 };
        let mut take =
            |line: &'static str| ranges.take(line.as_bytes()).map(|(side, text)| (side as u8, text));
        assert_eq!(take("++new"), Some((Side::Added as u8, &b"new"[..])));
        assert_eq!(take(" +half"), Some((Side::Kept as u8, &b"half"[..])));
        assert_eq!(take("- gone"), Some((Side::Gone as u8, &b"gone"[..])));
        assert_eq!(take("  kept"), None);
        assert_eq!(take("x"), None);
    }
}
