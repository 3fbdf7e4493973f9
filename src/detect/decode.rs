//! Encoded text inside text: base64, hexadecimal, percent and escape sequences, unwrapped one
//! level at a time, with a way back from decoded bytes to the source.
//!
//! Must not know what is looked for in the decoded text.

use super::block::{BLOCK, Part, lowest, with_block};

use crate::{finding::Encoding, text::Span};

/// Decoded text, and where each of its bytes came from.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// What was unwrapped.
    pub(crate) encoding: Encoding,
    /// The decoded bytes.
    pub(crate) bytes: Vec<u8>,
    /// The encoded run in the source.
    pub(crate) run: Span,
    map: Map,
}

#[derive(Debug)]
enum Map {
    /// Four characters for three bytes.
    Base64,
    /// Two characters a byte.
    Hex,
    /// Offset in the run of each decoded byte, and of the end.
    Offsets(Vec<u32>),
}

impl Decoded {
    /// The source bytes that hold the decoded bytes `span`.
    pub(crate) fn source(&self, span: Span) -> Span {
        let (start, end) = match &self.map {
            Map::Base64 => (span.start / 3 * 4 + span.start % 3, span.end.div_ceil(3) * 4),
            Map::Hex => (span.start * 2, span.end * 2),
            Map::Offsets(offsets) => {
                let at = |place: usize| offsets.get(place).map_or(self.run.len(), |&offset| offset as usize);
                (at(span.start), at(span.end))
            }
        };
        Span::new(self.run.start + start.min(self.run.len()), self.run.start + end.min(self.run.len()))
    }
}

/// Shortest run of base64 or hexadecimal characters that is tried, in characters.
const MIN_RUN: usize = 24;
/// Longest run that is decoded in one piece, in characters: bounds the memory of a scan.
const MAX_RUN: usize = 4 << 20;
/// Longest piece of a line that percent and escape sequences are decoded in, to each side.
const MAX_PIECE: usize = 2048;
/// Bytes at the start of a decoded run that must look like text.
const LOOK: usize = 18;

/// Calls `visit` with every encoded text that begins in `region`.
pub(crate) fn find(text: &[u8], region: Span, visit: &mut impl FnMut(Decoded)) {
    // Most regions are short and have neither.
    if runs(text, region, visit) {
        percent(text, region, visit);
        escapes(text, region, visit);
    }
}

/// Whether the byte belongs to base64, of either alphabet.
#[inline]
const fn in_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Runs of base64 or hexadecimal characters that lie in `region`, wholly or in part. Tells whether it may have percent or escape
/// sequences.
fn runs(text: &[u8], region: Span, visit: &mut impl FnMut(Decoded)) -> bool {
    // Most regions are lines, and no run goes on beyond them.
    let (mut from, mut end) = (region.start, region.end);
    if from > 0 && in_base64(text[from - 1]) {
        from = from.saturating_sub(MIN_RUN);
    }
    if end > 0 && in_base64(text[end - 1]) {
        end = text.len().min(end + MIN_RUN);
    }
    let (mut behind, mut others) = (0, false);
    while let Some(place) = in_a_row(text, (from, end), &mut others) {
        let found = around(text, place, behind);
        behind = found.end;
        if found.len() >= MIN_RUN
            && found.start < region.end
            && found.end > region.start
            && let Some(decoded) = run(text, found)
        {
            visit(decoded);
        }
        from = behind;
    }
    others
}

/// The run that goes on for [`MIN_RUN`] bytes from `place`, of what comes `behind` the one before.
fn around(text: &[u8], place: usize, behind: usize) -> Span {
    let low = place.saturating_sub(MAX_RUN).max(behind);
    let start = place - text[low..place].iter().rev().take_while(|&&byte| in_base64(byte)).count();
    let high = text.len().min(start + MAX_RUN);
    let known = high.min(place + MIN_RUN);
    Span::new(start, known + text[known..high].iter().take_while(|&&byte| in_base64(byte)).count())
}

/// Where the first [`MIN_RUN`] bytes in a row begin that belong to base64, between two places. Notes whether there are `others`
/// before them.
// Apart from what follows, which is seldom: it is called for every line.
#[inline(never)]
fn in_a_row(text: &[u8], (from, end): (usize, usize), others: &mut bool) -> Option<usize> {
    let (mut place, mut before) = (from, 0);
    while place < end {
        let block = Block::at(text, place, end);
        *others |= block.has_others;
        if before + block.base64.trailing_ones() as usize >= MIN_RUN {
            return Some(place - before);
        }
        let mut starts = block.base64;
        // Of two in a row, of four, eight, sixteen, and of as many as there must be.
        for step in [1, 2, 4, 8, MIN_RUN - 16] {
            starts &= starts >> step;
        }
        if starts != 0 {
            return Some(place + starts.trailing_zeros() as usize);
        }
        before = block.base64.leading_ones() as usize;
        place += BLOCK;
    }
    None
}

const _: () =
    assert!(16 <= MIN_RUN && MIN_RUN <= 32 && MIN_RUN <= BLOCK, "a run is found in two blocks, by doubling");

/// What a block of bytes is made of.
struct Block {
    /// Those that belong to base64: the lowest bit is that of the first one.
    base64: u64,
    /// Whether one may begin a percent or escape sequence.
    has_others: bool,
}

impl Block {
    /// The bytes from `place` on, of those before `end`.
    #[inline]
    fn at(text: &[u8], place: usize, end: usize) -> Self {
        let mut block = with_block(text, place, Self::of);
        block.base64 &= lowest(end - place);
        block
    }

    // Where it is inlined, the compiler takes the masks to pieces, bit by bit.
    #[inline(never)]
    fn of(bytes: &[u8; BLOCK]) -> Self {
        let (mut base64, mut others) = (0, 0);
        for (number, part) in Part::each(bytes).enumerate() {
            let belongs =
                part.is_letter() | part.lies(b'/', b'9') | part.is(b'+') | part.is(b'-') | part.is(b'_');
            base64 |= belongs.bits(number);
            others |= (part.is(b'%') | part.is(b'\\')).bits(0);
        }
        Self { base64, has_others: others != 0 }
    }
}

fn run(text: &[u8], run: Span) -> Option<Decoded> {
    let encoded = run.of(text);
    let head = &encoded[..MIN_RUN];
    if head.iter().all(u8::is_ascii_hexdigit) {
        let all_hex = encoded.len().is_multiple_of(2) && encoded.iter().all(u8::is_ascii_hexdigit);
        if all_hex && looks_like_text(&hex(head)) {
            return Some(Decoded { encoding: Encoding::Hex, bytes: hex(encoded), run, map: Map::Hex });
        }
    }
    // The first six bytes settle nearly all names and paths.
    let mut first = [0; 6];
    for (group, bytes) in head.chunks_exact(4).zip(first.chunks_exact_mut(3)) {
        bytes.copy_from_slice(&three(group));
    }
    if !looks_like_text(&first) || !looks_like_text(&base64(head)) {
        return None;
    }
    Some(Decoded { encoding: Encoding::Base64, bytes: base64(encoded), run, map: Map::Base64 })
}

/// Whether decoded bytes may be text in ASCII, UTF-8 or UTF-16 little endian.
fn looks_like_text(bytes: &[u8]) -> bool {
    let bytes = &bytes[..bytes.len().min(LOOK)];
    let plain = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    let text = bytes.iter().filter(|byte| plain(byte)).count();
    if text * 4 >= bytes.len() * 3 {
        return text == bytes.len()
            || bytes.iter().all(|byte| plain(byte) || *byte >= 0x80)
                && std::str::from_utf8(bytes).map_or_else(
                    |error| error.error_len().is_none() && error.valid_up_to() + 3 >= bytes.len(),
                    |_| true,
                );
    }
    bytes.iter().step_by(2).all(plain) && bytes.iter().skip(1).step_by(2).all(|&byte| byte == 0)
}

fn hex(encoded: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    encoded.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Base64 of either alphabet, without padding; bits left over at the end are dropped.
pub(crate) fn base64(encoded: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    for group in encoded.chunks(4) {
        bytes.extend_from_slice(&three(group)[..group.len().saturating_sub(1)]);
    }
    bytes
}

/// The bytes that up to four characters stand for.
fn three(group: &[u8]) -> [u8; 3] {
    let mut bits = 0_u32;
    for place in 0..4 {
        bits = bits << 6 | group.get(place).map_or(0, |&byte| sextet(byte));
    }
    let [_, one, two, three] = bits.to_be_bytes();
    [one, two, three]
}

const fn sextet(byte: u8) -> u32 {
    (match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        _ => 63,
    }) as u32
}

/// A piece of text between spaces and quotes around `place`.
fn piece(text: &[u8], place: usize) -> Span {
    let ends = |byte: &u8| *byte <= b' ' || matches!(byte, b'"' | b'`' | b'<' | b'>');
    let low = place.saturating_sub(MAX_PIECE);
    let start = place - text[low..place].iter().rev().take_while(|byte| !ends(byte)).count();
    let high = text.len().min(place + MAX_PIECE);
    Span::new(start, place + text[place..high].iter().take_while(|byte| !ends(byte)).count())
}

fn percent(text: &[u8], region: Span, visit: &mut impl FnMut(Decoded)) {
    let mut from = region.start;
    while let Some(offset) = memchr::memchr(b'%', &text[from..region.end]) {
        let place = from + offset;
        from = place + 1;
        if percent_byte(text, place).is_none() {
            continue;
        }
        let run = piece(text, place);
        from = run.end.max(from);
        let mut unwrap = Unwrap::new(run);
        let mut at = run.start;
        while at < run.end {
            match percent_byte(text, at).filter(|_| text[at] == b'%') {
                Some(byte) => at = unwrap.push(byte, at, 3),
                None => at = unwrap.push(text[at], at, 1),
            }
        }
        visit(unwrap.finish(Encoding::Percent));
        if from >= region.end {
            return;
        }
    }
}

fn percent_byte(text: &[u8], place: usize) -> Option<u8> {
    let pair = text.get(place + 1..place + 3)?;
    let high = char::from(pair[0]).to_digit(16)?;
    let low = char::from(pair[1]).to_digit(16)?;
    Some((high * 16 + low) as u8)
}

fn escapes(text: &[u8], region: Span, visit: &mut impl FnMut(Decoded)) {
    let mut from = region.start;
    while from < region.end
        && let Some(offset) = memchr::memchr(b'\\', &text[from..region.end])
    {
        let place = from + offset;
        from = place + 2;
        // Only a piece that hides printable characters is worth unwrapping.
        if !matches!(escape(text, place), Some((Some(character), _)) if (' '..='~').contains(&character)) {
            continue;
        }
        let run = piece(text, place);
        from = run.end.max(from);
        let mut unwrap = Unwrap::new(run);
        let mut at = run.start;
        while at < run.end {
            match escape(text, at) {
                Some((Some(character), length)) => {
                    let mut utf8 = [0; 4];
                    let next = at + length;
                    for &byte in character.encode_utf8(&mut utf8).as_bytes() {
                        unwrap.push(byte, at, length);
                    }
                    at = next;
                }
                Some((None, length)) => at = unwrap.push(text[at + length - 1], at, length),
                None => at = unwrap.push(text[at], at, 1),
            }
        }
        visit(unwrap.finish(Encoding::Escapes));
    }
}

/// The escape sequence at `place`: the character it stands for (none for one that only quotes
/// what follows), and its length.
fn escape(text: &[u8], place: usize) -> Option<(Option<char>, usize)> {
    if *text.get(place)? != b'\\' {
        return None;
    }
    let hex = |from: usize, most: usize| {
        let digits = text.get(from..(from + most).min(text.len()))?;
        let length = digits.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let value = digits[..length]
            .iter()
            .fold(0, |sum, &byte| sum * 16 + char::from(byte).to_digit(16).unwrap_or(0));
        (length > 0).then_some((value, length))
    };
    match *text.get(place + 1)? {
        b'x' => {
            hex(place + 2, 2).filter(|&(_, length)| length == 2).map(|(value, _)| (char::from_u32(value), 4))
        }
        b'u' if text.get(place + 2) == Some(&b'{') => {
            let (value, length) = hex(place + 3, 6)?;
            (text.get(place + 3 + length) == Some(&b'}')).then(|| (char::from_u32(value), length + 4))
        }
        b'u' => {
            hex(place + 2, 4).filter(|&(_, length)| length == 4).map(|(value, _)| (char::from_u32(value), 6))
        }
        b'U' => {
            hex(place + 2, 8).filter(|&(_, length)| length == 8).map(|(value, _)| (char::from_u32(value), 10))
        }
        b'0'..=b'3' => {
            let digits = text.get(place + 1..place + 4)?;
            let octal = digits.iter().all(|byte| (b'0'..=b'7').contains(byte));
            let value = digits.iter().fold(0, |sum, &byte| sum * 8 + u32::from(byte.wrapping_sub(b'0')));
            octal.then(|| (char::from_u32(value), 4))
        }
        // JSON writers escape the slash of a URL.
        b'/' => Some((Some('/'), 2)),
        _ => None,
    }
}

/// Builds decoded text byte by byte.
struct Unwrap {
    run: Span,
    bytes: Vec<u8>,
    offsets: Vec<u32>,
}

impl Unwrap {
    fn new(run: Span) -> Self {
        Self { run, bytes: Vec::with_capacity(run.len()), offsets: Vec::with_capacity(run.len() + 1) }
    }

    /// Adds `byte`, which stands at `place` in the source; gives the place behind it.
    fn push(&mut self, byte: u8, place: usize, length: usize) -> usize {
        self.bytes.push(byte);
        self.offsets.push((place - self.run.start) as u32);
        place + length
    }

    fn finish(mut self, encoding: Encoding) -> Decoded {
        self.offsets.push(self.run.len() as u32);
        Decoded { encoding, bytes: self.bytes, run: self.run, map: Map::Offsets(self.offsets) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8]) -> Vec<(Encoding, String, Span)> {
        let mut found = Vec::new();
        find(text, Span::new(0, text.len()), &mut |decoded: Decoded| {
            found.push((decoded.encoding, String::from_utf8_lossy(&decoded.bytes).into_owned(), decoded.run));
        });
        found
    }

    fn encode64(bytes: &[u8]) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for group in bytes.chunks(3) {
            let bits =
                group.iter().fold(0_u32, |sum, &byte| sum << 8 | u32::from(byte)) << (8 * (3 - group.len()));
            for place in 0..=group.len() {
                text.push(char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63]));
            }
        }
        text
    }

    #[test]
    fn unwraps_each_encoding() {
        let hidden = "few words=correct horse staple";
        let base64 = encode64(hidden.as_bytes());
        let hex: String = hidden.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            all(format!("x: {base64}==").as_bytes())[0],
            (Encoding::Base64, hidden.into(), Span::new(3, 43))
        );
        assert_eq!(all(format!("x: {hex}").as_bytes())[0], (Encoding::Hex, hidden.into(), Span::new(3, 63)));
        assert_eq!(
            all(b"a?b=p%40ss%3Dw c"),
            vec![(Encoding::Percent, "a?b=p@ss=w".into(), Span::new(0, 14))]
        );
        assert_eq!(
            all(br#"k "a\x3db\u0063\/" "#),
            vec![(Encoding::Escapes, "a=bc/".into(), Span::new(3, 17))]
        );
    }

    #[test]
    fn names_and_noise_are_left_alone() {
        for text in [
            "activerecord/lib/active_record/connection_adapters",
            "100% sure, %d and %s",
            r"C:\new\table \n \t",
        ] {
            assert_eq!(all(text.as_bytes()), Vec::new(), "{text}");
        }
    }

    #[test]
    fn each_byte_of_a_block_is_seen_as_what_it_is() {
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK {
                let mut bytes = [b'.'; BLOCK];
                bytes[place] = byte;
                let block = Block::of(&bytes);
                assert_eq!(block.base64, u64::from(in_base64(byte)) << place, "{byte} at {place}");
                assert_eq!(block.has_others, matches!(byte, b'%' | b'\\'), "{byte} at {place}");
            }
        }
    }

    #[test]
    fn a_run_longer_than_a_piece_is_decoded_piece_by_piece() {
        let text = encode64(&b"few words=correct horse staple, ".repeat(MAX_RUN / 16));
        let runs: Vec<Span> = all(text.as_bytes()).into_iter().map(|one| one.2).collect();
        assert_eq!(
            runs,
            [(0, MAX_RUN), (MAX_RUN, 2 * MAX_RUN), (2 * MAX_RUN, text.len())]
                .map(|(from, to)| Span::new(from, to))
        );
    }

    proptest! {
        #[test]
        fn runs_are_found_wherever_the_region_cuts_them(
            parts in prop::collection::vec((prop_oneof![0usize..40, 0usize..160], 0usize..4), 1..6),
            cut in any::<(u16, u16)>(),
        ) {
            let word = encode64("few words=correct horse staple".repeat(4).as_bytes());
            let mut text = Vec::new();
            let mut expected = Vec::new();
            for (length, gap) in parts {
                let start = text.len();
                text.extend_from_slice(&word.as_bytes()[..length]);
                if length >= MIN_RUN && gap > 0 {
                    expected.push(Span::new(start, start + length));
                }
                text.extend(std::iter::repeat_n(b' ', gap));
                if gap == 0 {
                    text.extend_from_slice(b". ");
                    if length >= MIN_RUN {
                        expected.push(Span::new(start, start + length));
                    }
                }
            }
            let (one, other) = (usize::from(cut.0) % (text.len() + 1), usize::from(cut.1) % (text.len() + 1));
            let region = Span::new(one.min(other), one.max(other));
            expected.retain(|run| run.start < region.end && run.end > region.start);
            let mut found = Vec::new();
            runs(&text, region, &mut |decoded: Decoded| found.push(decoded.run));
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn decoding_inverts_encoding(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(base64(encode64(&bytes).as_bytes()), bytes);
        }

        #[test]
        fn spans_lead_back_to_the_source(text in "[a-z=:]{18,60}", start in 0usize..18, length in 1usize..18) {
            let encoded = encode64(text.as_bytes());
            let mut back = None;
            find(format!("<{encoded}>").as_bytes(), Span::new(0, encoded.len() + 2), &mut |decoded: Decoded| {
                let end = (start + length).min(decoded.bytes.len());
                back = Some((decoded.source(Span::new(start, end)), end));
            });
            let (source, end) = back.unwrap();
            let (from, to) = ((source.start - 1) / 4 * 4, (source.end - 1).div_ceil(4) * 4);
            let part = base64(&encoded.as_bytes()[from..to.min(encoded.len())]);
            let wanted = &text.as_bytes()[start..end];
            prop_assert!(memchr::memmem::find(&part, wanted).is_some());
        }

        #[test]
        fn odd_text_never_panics(text in r#"[%\\xu0-9a-fA-F{}"/ ]{0,80}"#) {
            all(text.as_bytes());
        }
    }
}
