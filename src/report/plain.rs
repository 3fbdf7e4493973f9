//! Text made harmless: no control sequence, no reordering, no invalid bytes.
//!
//! The one place that decides what a report may pass on as it is. Must not know secrets: those
//! are taken out before (`view`).

use std::fmt::Write as _;

use bstr::ByteSlice as _;

/// `text` on one line: what is not plain is written as an escape such as `\x1b` or `\u{202e}`.
pub(crate) fn line(text: &[u8]) -> String {
    escape(text, |_| false)
}

/// `text` with its line breaks (`\r\n` becomes `\n`) and tabs; everything else as in [`line()`].
pub(crate) fn block(text: &[u8]) -> String {
    escape(&text.replace("\r\n", "\n"), |character| matches!(character, '\n' | '\t'))
}

/// Whether a terminal, an editor or a browser may do something other than draw `character`:
/// C0 and C1 controls, bidirectional overrides, invisible marks, separators, non-characters.
pub(crate) fn is_harmful(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    matches!(character,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fdd0}'..='\u{fdef}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
        // The last two places of every plane are no characters, and not allowed in XML.
        || u32::from(character) & 0xfffe == 0xfffe
}

fn escape(text: &[u8], keep: fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if !is_harmful(character) || keep(character) {
                shown.push(character);
            } else {
                push_escape(&mut shown, character);
            }
        }
        for byte in chunk.invalid() {
            push_byte(&mut shown, *byte);
        }
    }
    shown
}

fn push_escape(shown: &mut String, character: char) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        _ if character.is_ascii() => push_byte(shown, character as u8),
        _ => shown.extend(character.escape_unicode()),
    }
}

fn push_byte(shown: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(shown, "\\x{byte:02x}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_is_not_drawn() {
        for (text, expected) in [
            (&b"a b/\xc3\xa9.txt"[..], "a b/\u{e9}.txt"),
            (b"\x1b[31mred\x07\x7f", r"\x1b[31mred\x07\x7f"),
            (b"a\nb\r\tc\0", r"a\nb\r\tc\x00"),
            (b"caf\xe9\xff!", r"caf\xe9\xff!"),
            ("x\u{9b}31m".as_bytes(), r"x\u{9b}31m"),
            ("a\u{202e}b\u{2066}\u{200f}".as_bytes(), r"a\u{202e}b\u{2066}\u{200f}"),
            ("\u{feff}\u{ffff}\u{1fffe}".as_bytes(), r"\u{feff}\u{ffff}\u{1fffe}"),
            ("\u{1f469}\u{200d}\u{1f680}".as_bytes(), "\u{1f469}\u{200d}\u{1f680}"),
        ] {
            assert_eq!(line(text), expected);
        }
    }

    #[test]
    fn blocks_keep_lines_and_tabs() {
        assert_eq!(block(b"a\n\tb\r\n\x1bc\rd"), "a\n\tb\n\\x1bc\\rd");
    }
}
