//! Proofs for private keys: armored blocks and self-checking encodings.
//!
//! A block may come out of source code: escaped line ends, quotes and comment marks between its lines are passed over.
//! Must not parse more of a key than its outer length.

use bstr::ByteSlice as _;

use super::{
    Proof, codec, is_published_example,
    shape::{contains_ignore_case, variety},
    unless_failed, verdict,
};

/// Fewest bytes of a private key in DER: 32 of an Ed25519 key and its frame.
const DER_LEAST: usize = 44;
/// What every private key of OpenSSH's own form begins with.
const OPENSSH_MAGIC: &[u8] = b"openssh-key-v1\0";
/// Packet tags of PGP: secret key, secret subkey.
const PGP_SECRET_TAGS: [u8; 2] = [5, 7];
/// Order of secp256k1; a private key is below it.
const SECP256K1_ORDER: &[u8] = b"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

/// A PEM block. Encrypted keys are `Unknown`: they need a passphrase that may be weak or elsewhere.
pub(super) fn pem(text: &[u8]) -> Proof {
    let Some(block) = Block::read(text) else { return Proof::Failed };
    if contains_ignore_case(block.label, b"PGP") {
        return pgp_block(&block);
    }
    if contains_ignore_case(block.label, b"OPENSSH") {
        return openssh_body(&block);
    }
    if contains_ignore_case(block.label, b"ENCRYPTED") || contains_ignore_case(block.content, b"ENCRYPTED") {
        // Encrypted bytes have no structure (or that of PKCS#8): only their number can be judged.
        return unless_failed(block.bytes().is_some_and(|bytes| bytes.len() >= DER_LEAST));
    }
    block.bytes().map_or(Proof::Failed, |bytes| der(&bytes))
}

/// A PEM block or its bare body with OpenSSH's own form.
pub(super) fn openssh(text: &[u8]) -> Proof {
    let bare = Block { label: b"", content: b"", body: text.to_vec(), sum: None };
    openssh_body(&Block::read(text).unwrap_or(bare))
}

/// An armored PGP secret key.
pub(super) fn pgp(text: &[u8]) -> Proof {
    Block::read(text).map_or(Proof::Failed, |block| pgp_block(&block))
}

/// Base64 of a whole PEM file.
pub(super) fn base64_pem(text: &[u8]) -> Proof {
    codec::base64(text).map_or(Proof::Failed, |bytes| match pem(&bytes) {
        // The match may have been cut short; the header alone is telling once it is encoded.
        Proof::Failed if bytes.len() > 200 && contains_ignore_case(&bytes, b"PRIVATE KEY-----") => {
            Proof::Unknown
        }
        proof => proof,
    })
}

/// A PuTTY key file.
pub(super) fn putty(text: &[u8]) -> Proof {
    let value_of = |name: &[u8]| {
        let start = text.find(name)? + name.len();
        text[start..].lines().next().map(<[u8]>::trim_ascii)
    };
    let lines = value_of(b"Private-Lines:").and_then(|count| codec::number(count, b"0123456789"));
    match (value_of(b"Encryption:"), lines) {
        (_, None | Some(0)) => Proof::Failed,
        (Some(b"none"), Some(_)) => Proof::Passed,
        _ => Proof::Unknown,
    }
}

/// An age secret key: its bech32 sum.
pub(super) fn age(text: &[u8]) -> Proof {
    verdict(codec::bech32(text))
}

/// Base58 with version and checksum: private keys and extended keys of Bitcoin and its kin.
pub(super) fn base58check(text: &[u8]) -> Proof {
    verdict(codec::base58check(text).is_some())
}

/// Version 3 in the outermost sequence of a PKCS #12 store.
const PKCS12_VERSION: &[u8] = &[0x02, 0x01, 0x03, 0x30];
/// Object identifiers in it: a key as it is, and one under a password (RFC 7292, 4.2).
const KEY_BAG: &[u8] = &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x01];
const SHROUDED_BAG: &[u8] = &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02];

/// Base64 of a PKCS #12 store. A key in the open passes; one under a password may be safe. Certificates alone are none.
pub(super) fn pkcs12(text: &[u8]) -> Proof {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let Some(bytes) = codec::base64(&text) else { return Proof::Failed };
    let versioned = bytes.get(2..12).is_some_and(|head| head.find(PKCS12_VERSION).is_some());
    if !versioned || der(&bytes) == Proof::Failed {
        return Proof::Failed;
    }
    match (bytes.find(KEY_BAG), bytes.find(SHROUDED_BAG)) {
        (Some(_), _) => Proof::Passed,
        (None, Some(_)) => Proof::Unknown,
        // Bags may be encrypted as a whole, key and all.
        (None, None) => Proof::Doubted,
    }
}

/// Whether the key in a PKCS #12 store is under a password.
pub(super) fn pkcs12_terms(text: &[u8]) -> Option<String> {
    match pkcs12(text) {
        Proof::Passed => Some("its key is not encrypted".to_owned()),
        Proof::Unknown => Some("its key is encrypted with a password".to_owned()),
        _ => None,
    }
}

/// A seed of NATS: two bytes of prefix, 32 of seed, two of CRC-16.
pub(super) fn nkey(text: &[u8]) -> Proof {
    let holds = codec::base32(text).is_some_and(|bytes| {
        bytes.len() == 36
            && bytes
                .split_last_chunk::<2>()
                .is_some_and(|(seed, sum)| codec::crc16(seed) == u16::from_le_bytes(*sum))
    });
    verdict(holds)
}

/// Whether it is the public half of a NATS key: a byte of prefix, 32 of key, two of CRC-16, in base32. Seeds begin with `S`.
pub(crate) fn is_public_nkey(text: &[u8]) -> bool {
    text.len() == 56 && !text.starts_with(b"S") && !text.starts_with(b"P") && {
        let bytes = codec::base32(text).unwrap_or_default();
        let key = bytes.split_last_chunk::<2>();
        key.is_some_and(|(key, sum)| codec::crc16(key) == u16::from_le_bytes(*sum))
    }
}

/// 64 hexadecimal digits, optionally after `0x`, that are a random number below the order of the curve.
pub(super) fn ethereum(text: &[u8]) -> Proof {
    let digits = text.strip_prefix(b"0x").unwrap_or(text).to_ascii_lowercase();
    // SHA-256 of nothing is the 64 digits that turn up most in source code.
    let sample = is_published_example(&digits) || digits.starts_with(b"e3b0c44298fc1c149afbf4c8996fb924");
    let number =
        digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit) && digits.as_slice() < SECP256K1_ORDER;
    unless_failed(number && !sample && variety(&digits) >= 10)
}

/// An armored block taken apart.
struct Block<'t> {
    /// What stands after BEGIN.
    label: &'t [u8],
    /// All between the marks.
    content: &'t [u8],
    /// The base64 of the body, without anything between.
    body: Vec<u8>,
    /// The base64 of PGP's checksum.
    sum: Option<Vec<u8>>,
}

impl<'t> Block<'t> {
    fn read(text: &'t [u8]) -> Option<Self> {
        let begin = text.find(b"-----BEGIN ")? + b"-----BEGIN ".len();
        let label_end = begin + text[begin..].find(b"-----")?;
        let start = label_end + b"-----".len();
        let end = text[start..].find(b"-----END").map_or(text.len(), |end| start + end);
        let content = &text[start..end];
        let mut block = Self { label: &text[begin..label_end], content, body: Vec::new(), sum: None };
        for line in split_lines(content) {
            let bare = bare_line(line);
            // Headers such as `DEK-Info: …` and `Version: …`.
            if bare.contains(&b':') || bare.is_empty() {
                continue;
            }
            if let Some(sum) = bare.strip_prefix(b"=").filter(|sum| sum.len() == 4) {
                block.sum = Some(sum.to_vec());
                break;
            }
            // An environment variable has spaces where the file had line ends.
            block.body.extend(bare.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
        Some(block)
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        codec::base64(&self.body).filter(|_| variety(&self.body) >= 10)
    }
}

/// Lines, where a line may also end in the escapes `\n` and `\r\n`.
fn split_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n' || byte == b'\r')
        .flat_map(|line| line.split_str(b"\\n"))
        .flat_map(|line| line.split_str(b"\\r"))
}

/// A line of the body without the syntax that a language or a comment puts around it.
fn bare_line(line: &[u8]) -> &[u8] {
    let mut line = line.trim_ascii();
    for mark in [&b"//"[..], b"#", b"*", b">", b"+", b"."] {
        // Slash and plus are base64 as well, so a mark stands apart or alone.
        if let Some(rest) = line
            .strip_prefix(mark)
            .filter(|rest| rest.first().is_none_or(|&byte| byte == b' ' || byte == b'\t'))
        {
            line = rest.trim_ascii_start();
        }
    }
    line = line.trim_ascii_end();
    // `"…" +`, `"…" .`, `"…",`, `"…" \`.
    if let Some(stripped) =
        line.strip_suffix(b"+").or_else(|| line.strip_suffix(b".")).map(<[u8]>::trim_ascii_end)
        && matches!(stripped.last(), Some(b'"' | b'\''))
    {
        line = stripped;
    }
    line.trim_with(|character| {
        matches!(character, '"' | '\'' | '`' | ',' | ';' | '\\' | ' ' | '\t' | '(' | ')')
    })
}

/// A SEQUENCE as long as it says. A truncated one is a sample more often than not, but may be the window's end.
fn der(bytes: &[u8]) -> Proof {
    let (length, head) = match *bytes {
        [0x30, length @ 0..=0x7f, ..] => (usize::from(length), 2),
        [0x30, 0x81, length, ..] => (usize::from(length), 3),
        [0x30, 0x82, high, low, ..] => (usize::from(high) << 8 | usize::from(low), 4),
        _ => return Proof::Failed,
    };
    if length < DER_LEAST {
        return Proof::Failed;
    }
    match bytes.len() {
        there if there == head + length => Proof::Passed,
        // Nine tenths are there: enough for a key, and worth a look.
        there if there * 10 >= (head + length) * 9 => Proof::Unknown,
        _ => Proof::Failed,
    }
}

/// The magic, then the name of the cipher: `none` for a key without passphrase.
fn openssh_body(block: &Block<'_>) -> Proof {
    let Some(bytes) = codec::base64(&block.body) else { return Proof::Failed };
    match bytes.strip_prefix(OPENSSH_MAGIC) {
        Some(rest) if rest.starts_with(b"\0\0\0\x04none") && rest.len() > 100 => Proof::Passed,
        Some(rest) if rest.len() > 100 => Proof::Unknown,
        _ => Proof::Failed,
    }
}

/// The first packet must be a secret key. A right checksum proves it.
fn pgp_block(block: &Block<'_>) -> Proof {
    let Some(bytes) = block.bytes() else { return Proof::Failed };
    let Some(&first) = bytes.first() else { return Proof::Failed };
    // New format: six bits of tag; old format: four.
    let tag = if first & 0x40 == 0 { first >> 2 & 0x0f } else { first & 0x3f };
    if first & 0x80 == 0 || !PGP_SECRET_TAGS.contains(&tag) {
        return Proof::Failed;
    }
    let sum = block.sum.as_deref().and_then(codec::base64);
    match sum.as_deref() {
        Some(&[high, middle, low]) if u32::from_be_bytes([0, high, middle, low]) == codec::crc24(&bytes) => {
            Proof::Passed
        }
        _ => Proof::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::Proof;
    use crate::detect::check::find;

    fn check(name: &str, value: &str, expected: Proof) {
        assert_eq!((find(name).unwrap().run)(value.as_bytes()), expected, "{name} {value}");
    }

    const EC: &[&str] = &[
        "MHcCAQEEIKj0gAmo1MU9HC1Tq9Rf72QyFjbc5Gj7zhbdskPqDGJloAoGCCqGSM49",
        "AwEHoUQDQgAEjLLVbYNn0G5hHYyA335eLeFcGmKigbCKEgmiO83jzX2y1fDCXGY4",
        "gF4IKkprUaFnVVankzrScNp4g8PQUUc3Ag==",
    ];
    const PKCS8: &[&str] = &[
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqPSACajUxT0cLVOr",
        "1F/vZDIWNtzkaPvOFt2yQ+oMYmWhRANCAASMstVtg2fQbmEdjIDffl4t4VwaYqKB",
        "sIoSCaI7zePNfbLV8MJcZjiAXggqSmtRoWdVVqeTOtJw2niDw9BRRzcC",
    ];
    const PKCS8_ENCRYPTED: &[&str] = &[
        "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhtZC/r1ujiuwICCAAw",
        "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEFLM/Zs1CsUGOlyJkqn+00wEgZBT",
        "fo3Jsh8cUQ3QlRt9RPHr+glo84wlJzFd3hy/++Az3rQTwi6KlYaUmzF+mYl6QozX",
        "Gn/Tf7je7mm88RvEEYwxX/0CFTopwJkU/V69N5pewlCDkho4q34XA5qgTHJ6mvnM",
        "YZOYs1uNsZJbkaLLPCmGgfTD89uVn4w0HPGDLX+o/paMzlTasnwthQapK0YLY9U=",
    ];
    const OPENSSH: &[&str] = &[
        "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW",
        "QyNTUxOQAAACCn6BU0FZKo+8kHSifqK+T72n5bSZAWTo8Txqq0Jelt1QAAAIhgPk/DYD5P",
        "wwAAAAtzc2gtZWQyNTUxOQAAACCn6BU0FZKo+8kHSifqK+T72n5bSZAWTo8Txqq0Jelt1Q",
        "AAAED9i5Q3RkQGSGB0xwCPiqxQUPoO9TbhQFg0Qh/aJVHf9afoFTQVkqj7yQdKJ+or5Pva",
        "fltJkBZOjxPGqrQl6W3VAAAAAXQBAgME",
    ];
    const OPENSSH_ENCRYPTED: &[&str] = &[
        "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBLFYSNQs",
        "XDwzFuROi0bQycAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIG9Ua8bXbg6uEqPl",
        "Is+24NzhGhl4QO+afur/A5RAouQuAAAAkLtwiuZ7IcM+kveK5GaCYYl1guktaKl3HEtJAa",
        "rE5v3N10RZy2z1AdQpcG1Y02vZG+3nxnS0cvCmUMNPilC/8hEVM77l8yc1KYLMCthTd6rQ",
        "cvyu/FfksKAkonjgqKOIErAaCXmfkUFwSs2ZmPRYpUm3B/m/TQ1Jn4MxXPsv7gNvjxAuoQ",
        "jvZUqd6JkLMFL4YA==",
    ];
    const PGP: &[&str] = &[
        "lFgEawJc6RYJKwYBBAHaRw8BAQdA+CEyLz4QK00VbC65RP619lzPpTbh3CncqeEm",
        "oSXJ07cAAP9M1e4Zi2MGFfjBOHT3EV4h24QZkKsGtJTZpuNiKb6XWhC5tAF0iJAE",
        "ExYIADgWIQTJ19ScSar0Oafn1EU6cwLEZyq5lAUCawJc6QIbAwULCQgHAgYVCgkI",
        "CwIEFgIDAQIeAQIXgAAKCRA6cwLEZyq5lGRIAQCPYVn3qrrEGvHN+IUywGoOYZzS",
        "Ni8XI4FS7YggJxE5zAEA/uhGLgxn3v0N2AAXTpJKqV/4jXAZAGW+yy0niyGqxgQ=",
        "=XSdn",
    ];
    const PGP_PUBLIC: &[&str] = &[
        "mDMEawJc6RYJKwYBBAHaRw8BAQdA+CEyLz4QK00VbC65RP619lzPpTbh3CncqeEm",
        "oSXJ07e0AXSIkAQTFggAOBYhBMnX1JxJqvQ5p+fURTpzAsRnKrmUBQJrAlzpAhsD",
        "BQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEDpzAsRnKrmUZEgBAI9hWfequsQa",
        "8c34hTLAag5hnNI2LxcjgVLtiCAnETnMAQD+6EYuDGfe/Q3YABdOkkqpX/iNcBkA",
        "Zb7LLSeLIarGBA==",
        "=1hx9",
    ];
    const EC_ENCRYPTED: &[&str] = &[
        "Proc-Type: 4,ENCRYPTED",
        "DEK-Info: AES-128-CBC,2EC7B0E0B08D39324FD3BEF4E1F5EDA1",
        "",
        "ngxdZTl1q/Ij3qhZi6FDBwETuab74UIp8rIVWGceQsIkibz2TCNkEVS4q6u0bmWC",
        "PlVl86YF6ETttdf6sIk4BcpwhT+u2BZ36cno1voiPDjZbrvTYLtWLeLnEIDnUqbW",
        "GV2fbsPGiPlANyF+o0uphLp/KbNnhI/eQqEXgYuWaJM=",
    ];
    /// Lines of a block, with a label that does not stand in this file in one piece.
    fn block(label: &str, lines: &[&str], end: &str) -> String {
        let mut text = format!("-----BEGIN {label}-----{end}");
        for line in lines {
            text.push_str(line);
            text.push_str(end);
        }
        text + &format!("-----END {label}-----")
    }

    const EC_LABEL: &str = concat!("EC PRIV", "ATE KEY");
    const PKCS8_LABEL: &str = concat!("PRIV", "ATE KEY");
    const OPENSSH_LABEL: &str = concat!("OPENSSH PRIV", "ATE KEY");
    const PGP_LABEL: &str = concat!("PGP PRIV", "ATE KEY BLOCK");

    #[test]
    fn pem_blocks() {
        check("pem", &block(EC_LABEL, EC, "\n"), Proof::Passed);
        check("pem", &block(EC_LABEL, EC, "\r\n"), Proof::Passed);
        check("pem", &block(PKCS8_LABEL, PKCS8, "\n    "), Proof::Passed);
        check("pem", &block(PKCS8_LABEL, PKCS8, "\\n"), Proof::Passed);
        check("pem", &block(PKCS8_LABEL, PKCS8, "\\n\" +\n  \""), Proof::Passed);
        check("pem", &block(PKCS8_LABEL, PKCS8, "\n# "), Proof::Passed);
        check("pem", &block(PKCS8_LABEL, PKCS8, ""), Proof::Passed);
        check("pem", &block(OPENSSH_LABEL, OPENSSH, "\n"), Proof::Passed);
        check("pem", &block(PGP_LABEL, PGP, "\n"), Proof::Passed);
    }

    #[test]
    fn encrypted_blocks() {
        check("pem", &block(concat!("ENCRYPTED PRIV", "ATE KEY"), PKCS8_ENCRYPTED, "\n"), Proof::Unknown);
        check("pem", &block(EC_LABEL, EC_ENCRYPTED, "\n"), Proof::Unknown);
        check("pem", &block(OPENSSH_LABEL, OPENSSH_ENCRYPTED, "\n"), Proof::Unknown);
    }

    #[test]
    fn blocks_without_a_key() {
        check("pem", &block(PKCS8_LABEL, &["..."], "\n"), Proof::Failed);
        check("pem", &block(PKCS8_LABEL, &["MIIEpAIBAAKCAQEA..."], "\n"), Proof::Failed);
        check("pem", &block(PKCS8_LABEL, &PKCS8[..1], "\n"), Proof::Failed);
        check("pem", &block(PKCS8_LABEL, &["your key here"], "\n"), Proof::Failed);
        check(
            "pem",
            &block(PKCS8_LABEL, &["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"], "\n"),
            Proof::Failed,
        );
        check("pem", "no block", Proof::Failed);
    }

    #[test]
    fn openssh_blocks() {
        check("openssh-key", &block(OPENSSH_LABEL, OPENSSH, "\n"), Proof::Passed);
        check("openssh-key", &OPENSSH.concat(), Proof::Passed);
        check("openssh-key", &block(OPENSSH_LABEL, EC, "\n"), Proof::Failed);
    }

    #[test]
    fn pgp_blocks() {
        check("pgp-block", &block(PGP_LABEL, PGP, "\n"), Proof::Passed);
        check("pgp-block", &block(PGP_LABEL, &PGP[..PGP.len() - 1], "\n"), Proof::Unknown);
        check("pgp-block", &block(PGP_LABEL, PGP_PUBLIC, "\n"), Proof::Failed);
    }

    #[test]
    fn encoded_blocks() {
        check(
            "base64-pem",
            concat!(
                "LS0tL",
                "S1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JR0hBZ0VBTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSEJHMHdhd0lCQVFRZ3FQU0FDYWpVeFQwY0xWT3IKMUYvdlpESVdOdHprYVB2T0Z0MnlRK29NWW1XaFJBTkNBQVNNc3RWdGcyZlFibUVkaklEZmZsNHQ0VndhWXFLQgpzSW9TQ2FJN3plUE5mYkxWOE1KY1pqaUFYZ2dxU210Um9XZFZWcWVUT3RKdzJuaUR3OUJSUnpjQwotLS0tLUVORCBQUklWQVRFIEtFWS0tLS0tCg=="
            ),
            Proof::Passed,
        );
        check("base64-pem", "aGVsbG8=", Proof::Failed);
    }

    #[test]
    fn putty_files() {
        let file = |cipher: &str, lines: &str| {
            format!(
                "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: {cipher}\r\nComment: t\r\nPublic-Lines: 2\r\nPrivate-Lines: {lines}\r\n"
            )
        };
        check("putty-key", &file("none", "1"), Proof::Passed);
        check("putty-key", &file("aes256-cbc", "1"), Proof::Unknown);
        check("putty-key", &file("none", "0"), Proof::Failed);
        check("putty-key", "PuTTY-User-Key-File-3", Proof::Failed);
    }

    #[test]
    fn age_key() {
        check(
            "age-key",
            concat!("AGE-SE", "CRET-KEY-18M4VD39HQEW9TA75M99H3430SQ5LY9N9FC0ZN6CEY6XA90ZLQWGQWQS0PJ"),
            Proof::Passed,
        );
        check(
            "age-key",
            concat!("AGE-SE", "CRET-KEY-18M4VD39HQEW9TAB5M99H3430SQ5LY9N9FC0ZN6CEY6XA90ZLQWGQWQS0PJ"),
            Proof::Failed,
        );
    }

    #[test]
    fn base58check() {
        check(
            "base58check",
            concat!("KwbycU", "w6axjN8iq5j5umKm2QTwKqpVD5Mg7qFomYe7Lk6vHLnTPT"),
            Proof::Passed,
        );
        check(
            "base58check",
            concat!("KwbycU", "w6axjN8iq5j5umKm2QTwKqpVB5Mg7qFomYe7Lk6vHLnTPT"),
            Proof::Failed,
        );
    }

    #[test]
    fn nkey() {
        check(
            "nkey",
            concat!("SUAEZS", "Z7KHDTRPGRKAEPOP76CVYQS5HBLZMQGFXE7EUNX5I6IM6WBK2YSY"),
            Proof::Passed,
        );
        check(
            "nkey",
            concat!("SUAEZS", "Z7KHDTRPGRKAEPOP76CVYQS5BBLZMQGFXE7EUNX5I6IM6WBK2YSY"),
            Proof::Failed,
        );
    }

    #[test]
    fn ethereum_key() {
        check(
            "ethereum-key",
            concat!("0x130a13fcf93e3e3f13", "c90335515c5d368d565a03f0ab4e9df161652e9639911b"),
            Proof::Unknown,
        );
        check(
            "ethereum-key",
            concat!("ac0974bec39a17e36ba4", "a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
            Proof::Failed,
        );
        check("ethereum-key", &"f".repeat(64), Proof::Failed);
        check("ethereum-key", &"0".repeat(64), Proof::Failed);
    }
}
