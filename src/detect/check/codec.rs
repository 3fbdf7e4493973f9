//! Decoders of the alphabets that credentials are written in.
//!
//! Strict: any foreign byte gives `None`. Must not know any credential.

use sha2::{Digest as _, Sha256};

/// Digits, upper case, lower case.
pub(super) const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits, lower case, upper case.
pub(super) const BASE62_LOWER_FIRST: &[u8] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Digits, lower case.
pub(super) const BASE36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Base58 takes quadratic time; the longest value of interest (an extended key) has 111 digits.
const BASE58_LONGEST: usize = 128;

/// The number that `text` writes in `digits`; `None` for a foreign byte or more than 64 bits.
pub(super) fn number(text: &[u8], digits: &[u8]) -> Option<u64> {
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = memchr::memchr(*byte, digits)?;
        number.checked_mul(digits.len() as u64)?.checked_add(digit as u64)
    })
}

/// Bytes of base64 in the standard or the URL alphabet, padded or not.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let body = text.trim_ascii();
    let data = body.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let (body, padding) = body.split_at(data);
    // One digit holds no byte; padding fills up to four, or is left out.
    if body.len() % 4 == 1
        || (!padding.is_empty() && (padding.len() > 2 || !(body.len() + padding.len()).is_multiple_of(4)))
    {
        return None;
    }
    let digit = |byte: u8| BASE64[usize::from(byte)];
    let mut bytes = Vec::with_capacity(body.len() / 4 * 3 + 2);
    let (quads, rest) = body.as_chunks::<4>();
    let mut foreign = 0;
    for quad in quads {
        let digits = quad.map(digit);
        foreign |= digits.iter().fold(0, |all, digit| all | digit);
        let [first, second, third, fourth] = digits.map(u32::from);
        let [_, three @ ..] = (first << 18 | second << 12 | third << 6 | fourth).to_be_bytes();
        bytes.extend(three);
    }
    if foreign & NO_DIGIT != 0 {
        return None;
    }
    bytes.extend(unpack(rest, 6, |byte| Some(digit(byte)).filter(|digit| digit & NO_DIGIT == 0))?);
    Some(bytes)
}

/// What no digit of base64 has.
const NO_DIGIT: u8 = 0x80;
/// For each byte, its value as a digit of base64 in the standard or the URL alphabet.
static BASE64: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut digit = 0;
    while digit < alphabet.len() {
        table[alphabet[digit] as usize] = digit as u8;
        digit += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

/// Bytes of base32 in upper case, padded or not.
pub(super) fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let data = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    unpack(&text[..data], 5, |byte| {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        })
    })
}

/// Collects digits of `width` bits into bytes, first digit highest; bits left over are dropped.
fn unpack(text: &[u8], width: u32, digit: impl Fn(u8) -> Option<u8>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut held, mut bits) = (0_u32, 0);
    for &byte in text {
        held = held << width | u32::from(digit(byte)?);
        bits += width;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// The payload of base58 with version byte, without its checksum; `None` if that does not hold.
pub(super) fn base58check(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > BASE58_LONGEST {
        return None;
    }
    // Little-endian while it grows.
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for &byte in text {
        let mut carry = memchr::memchr(byte, BASE58)? as u32;
        for place in &mut bytes {
            carry += u32::from(*place) * 58;
            *place = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    bytes.extend(text.iter().take_while(|&&byte| byte == b'1').map(|_| 0));
    bytes.reverse();
    let (payload, sum) = bytes.split_last_chunk::<4>()?;
    let twice = Sha256::digest(Sha256::digest(payload));
    twice.starts_with(sum).then(|| payload.to_vec())
}

/// Whether the bech32 checksum of `text` holds, case ignored.
pub(super) fn bech32(text: &[u8]) -> bool {
    let Some(split) = memchr::memrchr(b'1', text) else { return false };
    let (prefix, data) = (&text[..split], &text[split + 1..]);
    let mut sum = 1_u32;
    let mut feed = |value: u8| {
        let top = sum >> 25;
        sum = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        for (bit, generator) in
            [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].into_iter().enumerate()
        {
            if top >> bit & 1 == 1 {
                sum ^= generator;
            }
        }
    };
    let prefix = prefix.iter().map(u8::to_ascii_lowercase);
    prefix.clone().for_each(|byte| feed(byte >> 5));
    feed(0);
    prefix.for_each(|byte| feed(byte & 31));
    for byte in data {
        let Some(digit) = memchr::memchr(byte.to_ascii_lowercase(), BECH32) else { return false };
        feed(digit as u8);
    }
    sum == 1
}

/// CRC-16 as XMODEM and NATS use it: polynomial 1021, from 0.
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, &byte| {
        (0..8)
            .fold(sum ^ u16::from(byte) << 8, |sum, _| sum << 1 ^ if sum & 0x8000 == 0 { 0 } else { 0x1021 })
    })
}

/// CRC-24 of PGP armor (RFC 9580, 6.1.1).
pub(super) fn crc24(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(0x00b7_04ce, |sum: u32, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 16, |sum, _| {
            let shifted = sum << 1;
            if shifted & 0x0100_0000 == 0 { shifted } else { shifted ^ 0x0186_4cfb }
        })
    });
    sum & 0x00ff_ffff
}

#[cfg(test)]
mod tests {
    use super::{BASE36, base32, base58check, base64, bech32, crc16, crc24, number};

    #[test]
    fn base64_takes_both_alphabets_and_any_padding() {
        assert_eq!(base64(b"aGVsbG8=").as_deref(), Some(b"hello".as_slice()));
        assert_eq!(base64(b"aGVsbG8").as_deref(), Some(b"hello".as_slice()));
        assert_eq!(base64(b"+/-_").as_deref(), Some(b"\xfb\xff\xbf".as_slice()));
        assert_eq!(base64(b""), Some(Vec::new()));
        for wrong in ["a", "aGVsb", "aGVsbG8==", "aGV=bG8=", "a b=", "===="] {
            assert_eq!(base64(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn base64_tells_each_byte_at_each_place() {
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (byte, place) in (0..=u8::MAX).flat_map(|byte| (0..7).map(move |place| (byte, place))) {
            let mut text = *b"QUJDREV";
            text[place] = byte;
            let digit = match byte {
                b'-' => Some(62),
                b'_' => Some(63),
                _ => memchr::memchr(byte, digits),
            };
            let known = |byte: &u8| memchr::memchr(*byte, digits).unwrap_or_default();
            let bits = text.iter().enumerate().try_fold(0_u64, |bits, (at, byte)| {
                let digit = if at == place { digit? } else { known(byte) };
                Some(bits << 6 | digit as u64)
            });
            // Seven digits hold five bytes and two bits; white space and padding at the ends are none of them.
            let bytes = bits.map(|bits| (bits >> 2).to_be_bytes()[3..].to_vec());
            let ends = matches!(place, 0 | 6) && (byte.is_ascii_whitespace() || byte == b'=');
            assert!(ends || base64(&text) == bytes, "{byte} at {place}");
        }
    }

    #[test]
    fn base32_decodes() {
        assert_eq!(base32(b"NBSWY3DP").as_deref(), Some(b"hello".as_slice()));
        assert_eq!(base32(b"nbswy3dp"), None);
    }

    #[test]
    fn numbers_in_any_base() {
        assert_eq!(number(b"zz", BASE36), Some(35 * 36 + 35));
        assert_eq!(number(b"Z", BASE36), None);
        assert_eq!(number(&[b'z'; 20], BASE36), None);
    }

    #[test]
    fn base58_checks_its_sum() {
        // The address of the first block: version 0 and 20 bytes.
        let address = b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
        assert_eq!(base58check(address).map(|payload| payload.len()), Some(21));
        assert_eq!(base58check(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"), None);
    }

    #[test]
    fn bech32_checks_its_sum() {
        // From BIP 173.
        assert!(bech32(b"A12UEL5L"));
        assert!(bech32(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
        assert!(!bech32(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxx"));
    }

    #[test]
    fn cyclic_sums_of_the_usual_text() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
    }
}
