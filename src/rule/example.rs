//! The escapes of examples, which keep made tokens from looking like tokens in the pack itself.
//!
//! `build.rs` includes this file. Must not know rules.

/// Longest text that `{rep:…}` may ask for.
const MAX_REPEATED: usize = 1 << 20;

/// Replaces `{cat}` by nothing, `{rep:x:8}` by `xxxxxxxx` and `{b64:…}` by the decoded text.
///
/// # Errors
///
/// The escape's byte range in `text`, and what is wrong with it.
pub(crate) fn expand(text: &str) -> Result<String, (std::ops::Range<usize>, String)> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = 0;
    while let Some(brace) = text[rest..].find('{').map(|at| rest + at) {
        expanded.push_str(&text[rest..brace]);
        let inner = text[brace + 1..].find('}').map(|at| &text[brace + 1..brace + 1 + at]);
        let known =
            inner.filter(|inner| *inner == "cat" || inner.starts_with("rep:") || inner.starts_with("b64:"));
        let Some(inner) = known else {
            expanded.push('{');
            rest = brace + 1;
            continue;
        };
        let end = brace + inner.len() + 2;
        let refuse = |why: &str| (brace..end, why.to_owned());
        if let Some(repeated) = inner.strip_prefix("rep:") {
            expanded.push_str(&repeat(repeated).map_err(refuse)?);
        } else if let Some(encoded) = inner.strip_prefix("b64:") {
            let bytes = decode_base64(encoded).ok_or_else(|| refuse("this is not base64"))?;
            let decoded = String::from_utf8(bytes).map_err(|_| refuse("this does not decode to UTF-8"))?;
            expanded.push_str(&decoded);
        }
        rest = end;
    }
    expanded.push_str(&text[rest..]);
    Ok(expanded)
}

fn repeat(repeated: &str) -> Result<String, &'static str> {
    let form = "write `{rep:TEXT:COUNT}`";
    let (what, count) = repeated.rsplit_once(':').ok_or(form)?;
    let count: usize = count.parse().map_err(|_| form)?;
    if what.len().saturating_mul(count) > MAX_REPEATED {
        return Err("this is longer than a mebibyte");
    }
    Ok(what.repeat(count))
}

/// Base64 of the standard alphabet, with or without padding.
fn decode_base64(encoded: &str) -> Option<Vec<u8>> {
    let digits = encoded.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut buffer, mut bits) = (0_u32, 0);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = (buffer << 6 | u32::from(value)) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits & 0xff) as u8);
        }
    }
    (digits.len() % 4 != 1).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_what_it_knows_and_leaves_the_rest() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a{cat}b", "ab"),
            ("{rep:xy:3}!", "xyxyxy!"),
            ("{rep:::2}", "::"),
            ("{rep:x:0}", ""),
            ("{b64:aMOpbGxv}", "héllo"),
            ("{b64:YQ==}{b64:YWI}", "aab"),
            ("${HOME} {} {cats} {\"cat\"} {{cat}}", "${HOME} {} {cats} {\"cat\"} {}"),
            ("{cat", "{cat"),
        ] {
            assert_eq!(expand(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_broken_escapes() {
        for (text, range) in
            [("a{rep:x}", 1..8), ("{rep:x:many}", 0..12), ("{rep:x:99999999}", 0..16), ("{b64:a!}", 0..8)]
        {
            assert_eq!(expand(text).map_err(|(range, _)| range), Err(range), "{text}");
        }
        assert!(expand("{b64:/w==}").is_err());
    }
}
