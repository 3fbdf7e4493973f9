//! How far from a secret its line and the line above are looked at.
//!
//! Must not know what is looked for there.

use crate::text::{Span, line_end, line_start};

/// Bytes looked at on either side of a secret: a comment is nearer than this, and the thousand
/// matches of a minified file of one line would otherwise each read all of it.
pub(super) const REACH: usize = 4096;

/// What stands before `span` on its first line, and after it on its last, without the line's end.
pub(super) fn own_line(bytes: &[u8], span: Span) -> (Span, Span) {
    let start = span.start.min(bytes.len());
    let end = span.end.clamp(start, bytes.len());
    let far = start.saturating_sub(REACH);
    let before = Span::new(far + line_start(&bytes[far..start], start - far), start);
    let ended = end > start && bytes[end - 1] == b'\n';
    let far = if ended { end } else { (end + REACH).min(bytes.len()) };
    (before, Span::new(end, end + line_end(&bytes[end..far], 0)))
}

/// The line above the one that holds `offset`, if both begin within reach.
pub(super) fn line_above(bytes: &[u8], offset: usize) -> Option<Span> {
    let offset = offset.min(bytes.len());
    let far = offset.saturating_sub(REACH);
    let newline = far + memchr::memrchr(b'\n', &bytes[far..offset])?;
    let far = newline.saturating_sub(REACH);
    let start = match memchr::memrchr(b'\n', &bytes[far..newline]) {
        Some(previous) => far + previous + 1,
        None if far == 0 => 0,
        None => return None,
    };
    Some(Span::new(start, newline))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, secret: &str, before: &str, after: &str, above: Option<&str>) {
        let start = text.find(secret).unwrap();
        let span = Span::new(start, start + secret.len());
        let (left, right) = own_line(text.as_bytes(), span);
        assert_eq!(
            (left.of(text.as_bytes()), right.of(text.as_bytes())),
            (before.as_bytes(), after.as_bytes())
        );
        let line = line_above(text.as_bytes(), span.start).map(|line| line.of(text.as_bytes()));
        assert_eq!(line, above.map(str::as_bytes));
    }

    #[test]
    fn own_line_and_the_one_above() {
        check("S", "S", "", "", None);
        check("a\nb S c\nd", "S", "b ", " c", Some("a"));
        check("\nb S", "S", "b ", "", Some(""));
        check("x\ny\na S\nT c\nd", "S\nT", "a ", " c", Some("y"));
        check("a S\nnext", "S\n", "a ", "", None);
    }

    #[test]
    fn nothing_beyond_reach() {
        let long = "x".repeat(REACH + 10);
        check(&format!("{long}\nS {long}"), "S", "", &format!(" {}", &long[..REACH - 1]), None);
        check(&format!("up\n{long}S"), "S", &long[..REACH], "", None);
    }
}
