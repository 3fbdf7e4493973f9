//! What whoever pushes gets to read: short lines, no colour, and what a forge wants in front of them.
//!
//! Must not decide anything.

use std::io::{self, Write as _};

/// Columns of a line: git puts `remote: ` before it, and terminals of 80 columns are common.
const WIDTH: usize = 72;
/// Columns that a prefix may take from that; a longer one makes lines longer.
const LEAST: usize = 60;

/// Writes `text` to standard error in one piece, each line behind `prefix`.
///
/// It is the client that reads it, who may be gone: that changes nothing about the verdict.
pub(crate) fn tell(text: &str, prefix: &str) {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        out.push_str(prefix);
        out.push_str(line.trim_end());
        out.push('\n');
    }
    let mut stderr = io::stderr().lock();
    drop(stderr.write_all(out.as_bytes()).and_then(|()| stderr.flush()));
}

/// Columns left for a line behind `prefix`.
pub(crate) fn width(prefix: &str) -> usize {
    WIDTH.saturating_sub(prefix.len()).max(LEAST)
}

/// Breaks long lines of `text` at blanks; what goes on is indented. Other lines stay as they are: carets point at what
/// stands above them.
pub(crate) fn wrap(text: &str, prefix: &str) -> String {
    let width = width(prefix);
    let mut out = String::new();
    for paragraph in text.lines() {
        if paragraph.chars().count() <= width {
            out.push_str(paragraph);
            out.push('\n');
            continue;
        }
        let mut column = 0;
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let long = word.chars().count();
            if column > 0 && column + 1 + long > width {
                out.push_str("\n  ");
                column = 2;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += long;
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_short() {
        let text = wrap(&"word ".repeat(60), "");
        assert!(text.lines().all(|line| line.len() <= WIDTH) && text.lines().count() > 3, "{text}");
        let carets = "1 | not = = toml\n  |       ^ here\n";
        assert_eq!(wrap(carets, ""), carets);
    }
}
