//! Proofs by the look of a value: alphabet, marks at fixed places, samples everybody copies.
//!
//! Must not decode more than a few characters.

use super::{Proof, codec, is_cut, is_published_example, unless_failed, verdict};
use crate::detect::entropy::shannon;

/// Length of an AWS access key id, type included.
const AWS_KEY_ID: usize = 20;
/// Length of an AWS secret access key.
const AWS_SECRET: usize = 40;
/// Account numbers have twelve digits.
const AWS_ACCOUNTS: u64 = 1_000_000_000_000;
/// More slashes than this in 40 characters are a path: five in random base64 have a chance of one in 300.
const SLASHES_OF_A_PATH: usize = 4;
/// Different characters of the least random secret of 32 characters and more.
const LEAST_VARIETY: usize = 10;

/// Four letters, then 16 characters of base32. Keys made since 2019 begin with `Q` to `7` there and hold the
/// number of the account.
pub(super) fn aws_key_id(id: &[u8]) -> Proof {
    let Some(body) = id.get(4..AWS_KEY_ID).filter(|_| id.len() == AWS_KEY_ID) else { return Proof::Failed };
    if is_published_example(id) || body.ends_with(b"EXAMPLE") || variety(body) < 6 {
        return Proof::Failed;
    }
    let Some(bytes) = codec::base32(body) else { return Proof::Failed };
    if !matches!(body[0], b'Q'..=b'Z' | b'2'..=b'7') {
        return Proof::Unknown;
    }
    // The top bit marks the new form; the 40 below it are the account.
    let first = bytes.iter().take(6).fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    let account = (first & 0x7fff_ffff_ff80) >> 7;
    verdict(account < AWS_ACCOUNTS)
}

/// 40 characters of base64 in all three kinds; not a path, not hexadecimal, not a word list.
pub(super) fn aws_secret(secret: &[u8]) -> Proof {
    let shaped = secret.len() == AWS_SECRET
        && secret.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+'));
    if !shaped || is_published_example(secret) || contains_ignore_case(secret, b"EXAMPLE") {
        return Proof::Failed;
    }
    let slashes = memchr::memchr_iter(b'/', secret).count();
    let kinds = kinds(secret);
    unless_failed(
        kinds.upper
            && kinds.lower
            && kinds.digit
            && slashes <= SLASHES_OF_A_PATH
            && variety(secret) >= 2 * LEAST_VARIETY,
    )
}

/// Three characters, a digit, `Q~`, and 31 to 34 more.
pub(super) fn azure_client_secret(secret: &[u8]) -> Proof {
    let shaped = (37..=40).contains(&secret.len())
        && secret[3].is_ascii_digit()
        && &secret[4..6] == b"Q~"
        && secret
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'));
    verdict(shaped && variety(secret) >= LEAST_VARIETY)
}

/// 84 characters with `JQQJ9` at 52. With `AZDO` as well it is a token of Azure DevOps, which has a check of its own.
pub(super) fn azure_common_key(key: &[u8]) -> Proof {
    let devops = key.get(76..80) == Some(b"AZDO".as_slice());
    let marked = !devops && key.len() >= 80 && key.get(52..57) == Some(b"JQQJ9".as_slice());
    verdict(marked && variety(key) >= LEAST_VARIETY)
}

/// 84 characters with `AZDO` at 76, or 52 of base32 in lower case without a mark.
pub(super) fn azure_devops_pat(token: &[u8]) -> Proof {
    match token.len() {
        84 => verdict(token.get(76..80) == Some(b"AZDO".as_slice())),
        52 => {
            let base32 = token.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
            unless_failed(base32 && variety(token) >= LEAST_VARIETY && kinds(token).digit)
        }
        _ => Proof::Failed,
    }
}

/// Marks of Azure services by the length of the key and the place of the mark, counted from 0.
static AZURE_MARKS: &[(usize, usize, &[&[u8]])] = &[
    (44, 33, &[b"+ASb", b"+AEh", b"+ARm", b"AIoT", b"AzCa", b"AzEG", b"+AMQ", b"AzSe"]),
    (52, 42, &[b"AzSe", b"+ACR"]),
    (56, 44, &[b"AzFu"]),
    (88, 76, &[b"+ASt", b"ACDb", b"+ABa", b"APIM", b"AzPS", b"AMLs"]),
];

/// A key with the mark of an Azure service at its place; without a mark it is of the older kind.
pub(super) fn azure_marked_key(key: &[u8]) -> Proof {
    let marked = AZURE_MARKS
        .iter()
        .filter(|(length, ..)| key.len() == *length)
        .any(|&(_, place, marks)| marks.iter().any(|&mark| key.get(place..place + 4) == Some(mark)));
    if is_published_example(key) || variety(key) < LEAST_VARIETY {
        Proof::Failed
    } else if marked {
        Proof::Passed
    } else {
        Proof::Unknown
    }
}

/// Base64 of 64 bytes that is not the key of the storage or Cosmos DB emulator.
pub(super) fn azure_storage_key(key: &[u8]) -> Proof {
    match codec::base64(key) {
        Some(bytes) if bytes.len() == 64 => azure_marked_key(key),
        _ => Proof::Failed,
    }
}

/// A bot's number without leading zero, a colon, and 35 characters of at least two kinds.
pub(super) fn telegram_token(token: &[u8]) -> Proof {
    let Some(colon) = memchr::memchr(b':', token) else { return Proof::Failed };
    let (number, rest) = (&token[..colon], &token[colon + 1..]);
    let numbered =
        (8..=10).contains(&number.len()) && number[0] != b'0' && number.iter().all(u8::is_ascii_digit);
    let kinds = kinds(rest);
    let random =
        rest.len() == 35 && kinds.upper && kinds.lower && kinds.digit && variety(rest) >= LEAST_VARIETY;
    unless_failed(numbered && random && number != b"123456789" && number != b"1234567890")
}

/// 13 to 19 digits with the issuer's beginning, the issuer's length and a right last digit; no test number.
pub(super) fn payment_card(text: &[u8]) -> Proof {
    let mut digits = Vec::with_capacity(19);
    for &byte in text {
        match byte {
            b'0'..=b'9' => digits.push(byte - b'0'),
            b' ' | b'-' => {}
            _ => return Proof::Failed,
        }
    }
    if !(13..=19).contains(&digits.len()) {
        return Proof::Failed;
    }
    let beginning =
        |count: usize| digits.iter().take(count).fold(0_u32, |number, &digit| number * 10 + u32::from(digit));
    let length = digits.len();
    let issued = match beginning(4) {
        // Visa.
        4000..=4999 => matches!(length, 13 | 16 | 19),
        // American Express; Diners Club.
        3400..=3499 | 3700..=3799 => length == 15,
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => (14..=19).contains(&length),
        // JCB.
        3528..=3589 => (16..=19).contains(&length),
        // Mastercard; Mir.
        5100..=5599 | 2221..=2720 | 2200..=2204 => length == 16,
        // Discover; UnionPay.
        6011 | 6440..=6599 | 6200..=6299 => (16..=19).contains(&length),
        _ => false,
    };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let value = u32::from(digit) << (place % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    // Numbers for tests repeat digits: 4242…, 4111…, 5555….
    verdict(issued && sum.is_multiple_of(10) && variety(&digits) >= 5)
}

/// Fails on what is not 8-4-4-4-12 hexadecimal digits that are not all alike or in order. A UUID proves nothing of whose it is.
pub(super) fn uuid(text: &[u8]) -> Proof {
    // Eight different digits: 32 random ones have fewer once in a million.
    unless_failed(
        is_uuid(text)
            && variety(text) > 8
            && !contains_ignore_case(text, b"12345678-1234")
            && !contains_ignore_case(text, b"01234567-89ab"),
    )
}

/// Fails on a UUID.
pub(super) fn not_uuid(text: &[u8]) -> Proof {
    unless_failed(!is_uuid(text))
}

/// Different numbers of the least random list of as many as a key has.
const LEAST_NUMBERS: usize = 32;

/// Numbers of bytes as a machine draws them: many different ones, and some in the upper half. Tables of programs count up, or repeat.
pub(super) fn random_bytes(text: &[u8]) -> Proof {
    let mut seen = [false; 256];
    for number in text.split(|byte| !byte.is_ascii_digit()).filter(|number| !number.is_empty()) {
        let Some(number) = str::from_utf8(number).ok().and_then(|number| number.parse::<u8>().ok()) else {
            return Proof::Failed;
        };
        seen[usize::from(number)] = true;
    }
    let variety = seen.iter().filter(|seen| **seen).count();
    unless_failed(variety >= LEAST_NUMBERS && seen[128..].contains(&true))
}

/// Fails on hexadecimal digits only.
pub(super) fn not_hex(text: &[u8]) -> Proof {
    unless_failed(!text.iter().all(u8::is_ascii_hexdigit))
}

/// Fails unless there are upper case, lower case and digits.
pub(super) fn mixed(text: &[u8]) -> Proof {
    let kinds = kinds(text);
    unless_failed(kinds.upper && kinds.lower && kinds.digit)
}

/// Fails unless there are letters and digits.
pub(super) fn letters_digits(text: &[u8]) -> Proof {
    let kinds = kinds(text);
    unless_failed((kinds.upper || kinds.lower) && kinds.digit)
}

/// Shortest token that its form alone shows to be made by a machine: of letters in both cases, and of hexadecimal digits.
const MADE: (usize, usize) = (20, 32);
/// Bits a character of what is made, in each.
const MADE_ENTROPY: (f64, f64) = (3.5, 3.0);

/// Fails on a token that its mark shows to be cut, doubts one that may have been thought up.
pub(super) fn made(text: &[u8]) -> Proof {
    if is_cut(text) {
        return Proof::Failed;
    }
    let kinds = kinds(text);
    let mixed = kinds.upper && kinds.lower && kinds.digit;
    let (least, entropy) = if mixed { (MADE.0, MADE_ENTROPY.0) } else { (MADE.1, MADE_ENTROPY.1) };
    if kinds.digit && text.len() >= least && shannon(text) >= entropy {
        Proof::Unknown
    } else {
        Proof::Doubted
    }
}

/// Which kinds of characters there are.
struct Kinds {
    upper: bool,
    lower: bool,
    digit: bool,
}

fn kinds(text: &[u8]) -> Kinds {
    Kinds {
        upper: text.iter().any(u8::is_ascii_uppercase),
        lower: text.iter().any(u8::is_ascii_lowercase),
        digit: text.iter().any(u8::is_ascii_digit),
    }
}

/// Number of different bytes.
pub(super) fn variety(text: &[u8]) -> usize {
    let mut seen = [false; 256];
    text.iter().for_each(|&byte| seen[usize::from(byte)] = true);
    seen.iter().filter(|&&seen| seen).count()
}

pub(super) fn contains_ignore_case(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::{AZURE_MARKS, Proof};
    use crate::detect::check::find;

    fn check(name: &str, value: &str, expected: Proof) {
        assert_eq!((find(name).unwrap().run)(value.as_bytes()), expected, "{name} {value}");
    }

    #[test]
    fn aws_key_id() {
        check("aws-key-id", concat!("AKIARZ", "PUZDIKMYBNBMSA"), Proof::Passed);
        check("aws-key-id", concat!("AKIA73", "SIQCQAFEDDDAZS"), Proof::Failed);
        check("aws-key-id", concat!("AKIAIP", "MHS6PJARB7LMYL"), Proof::Unknown);
        check("aws-key-id", concat!("AKIAIOSFODNN", "7EXAMPLE"), Proof::Failed);
        check("aws-key-id", concat!("AKIAAA", "AAAAAAAAAAAAAA"), Proof::Failed);
        check("aws-key-id", "AKIA", Proof::Failed);
    }

    #[test]
    fn aws_secret() {
        check("aws-secret", concat!("qpPLh8acYJKZ4JMbqLM7", "KNi4PsHzfc8zRxBEG/Ft"), Proof::Unknown);
        check("aws-secret", concat!("d38f1f34920fbd01f400", "72e3cf347862554017cd"), Proof::Failed);
        check("aws-secret", "src/main/java/com/Acme1/service/impl/Abc", Proof::Failed);
        check("aws-secret", concat!("wJalrXUtnFEMI/K7MDEN", "G/bPxRfiCYEXAMPLEKEY"), Proof::Failed);
    }

    #[test]
    fn azure_client_secret() {
        check("azure-client-secret", concat!("VWH8Q", "~cru6UdQIYHITtC1bV421l905gu6WDh5nRA"), Proof::Passed);
        check("azure-client-secret", concat!("6yg8Q", "_OITuVYiqnPCurfRsGItvt5sXKKwCnHNmkh"), Proof::Failed);
        check("azure-client-secret", "abc8Q~", Proof::Failed);
    }

    #[test]
    fn azure_common_key() {
        check(
            "azure-common-key",
            concat!(
                "UlnnfXPWYPtGOluZrjgJx5Hh698Nxoi3DwqbdZchb3X1skzb7eiqJQ",
                "QJ998HoAfL3hXkdbzO5uiJ5NTfdls0"
            ),
            Proof::Passed,
        );
        check(
            "azure-common-key",
            concat!(
                "3Slr9VPoYsq4R072On82woepGqcxGewqBYvg542ZkOWj4BlUDYanlK",
                "KUECVaRyaOlgtZoCPi6DodffJfgLLz"
            ),
            Proof::Failed,
        );
    }

    #[test]
    fn azure_devops_pat() {
        check(
            "azure-devops-pat",
            concat!(
                "fRCWWMofDGMoEyAMg9rGXzSIJVFiy6Ubh4HIBz0wIbQRXXdRiPuqp6hSptYMUVwOvAOOtZRdmG1zAZ",
                "DOcJyI"
            ),
            Proof::Passed,
        );
        check(
            "azure-devops-pat",
            concat!("44beyvxrhwwjh4jkd7sv", "wfqilv3b6g3omc6g3bfbdw75rzemxock"),
            Proof::Unknown,
        );
        check(
            "azure-devops-pat",
            concat!(
                "BrZoDHMyJ3lYY5XCNeSj",
                "gUyF7YUSkOkQbT6NA7eVEIpoWzKlGLyUNlKEvp121zzZFnzcqs1Rt5yDklhREcVj"
            ),
            Proof::Failed,
        );
        check("azure-devops-pat", "short", Proof::Failed);
    }

    #[test]
    fn azure_storage_key() {
        check(
            "azure-storage-key",
            concat!(
                "fnqeOq+/Xz90TXDEGVCu+g7Lj2M7ERv7XNUilOvg",
                "BUli4c0grWA9XED3xbyQPnNrnb7fiyNQDODR+AStn1O5jA=="
            ),
            Proof::Passed,
        );
        check(
            "azure-storage-key",
            concat!(
                "dSdPnzE6AiEJtnQ9J/STrgv90dPEavGGJgypJuh9",
                "IMZUw9Z+nSWUzxs1BhbqLq+1ewtOVlgWfJq1TPG7cOughQ=="
            ),
            Proof::Unknown,
        );
        check(
            "azure-storage-key",
            concat!("kNzdOWdCO8XF2cm2zgaIbh8YFGZL919hoVH0ta4H", "vmU="),
            Proof::Failed,
        );
        check(
            "azure-storage-key",
            concat!(
                "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50u",
                "SRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
            ),
            Proof::Failed,
        );
    }

    #[test]
    fn azure_marked_key() {
        check("azure-marked-key", concat!("1CD2dDPvR76Z9XtbpxMc", "wWaXl9AzJSi8v+ASbC4Y440="), Proof::Passed);
        check(
            "azure-marked-key",
            concat!("QnpoxHPI9wXElvTq1QsT", "QPGNsjuh2r7EJ3Xdo6JqI6AzSeBSmRDr"),
            Proof::Passed,
        );
        check(
            "azure-marked-key",
            concat!("RK4w1IRKuhIJ1JifHM5C", "xuev1VWU7isLtOxnwg3ulamqAzFuOrJFgA=="),
            Proof::Passed,
        );
        check(
            "azure-marked-key",
            concat!("ftZjAbE0PuyV2RzgyyPN", "dmJ521YktEOWtIw0FPNThzr="),
            Proof::Unknown,
        );
        check("azure-marked-key", "AAAAAAAA", Proof::Failed);
    }

    #[test]
    fn telegram_token() {
        check(
            "telegram-token",
            concat!("7856890696:A", "A3YBGNL8lZrric7WqQvtHU1R2wzXFM2RbV"),
            Proof::Unknown,
        );
        check("telegram-token", concat!("026128053:AA", "exCG-8-8OEnU9jCHMW9PunLwBdRIO9tOg"), Proof::Failed);
        check("telegram-token", "110201543:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Proof::Failed);
    }

    #[test]
    fn luhn() {
        check("luhn", concat!("453201", "8751394066"), Proof::Passed);
        check("luhn", concat!("4532 0", "187 5139 4066"), Proof::Passed);
        check("luhn", concat!("453201", "8751394067"), Proof::Failed);
        check("luhn", concat!("953201", "8751394065"), Proof::Failed);
        check("luhn", "4242424242424242", Proof::Failed);
        check("luhn", "4532-x", Proof::Failed);
    }

    #[test]
    fn uuid() {
        check("uuid", "8dfa93ee-3419-4300-aed2-e779eda31455", Proof::Unknown);
        check("uuid", "00000000-0000-0000-0000-000000000000", Proof::Failed);
        check("uuid", "12345678-1234-1234-1234-123456789abc", Proof::Failed);
        check("uuid", "8dfa93ee-3419-4300-aed2-e779eda3145", Proof::Failed);
    }

    #[test]
    fn not_uuid() {
        check("not-uuid", "8dfa93ee-3419-4300-aed2-e779eda31455", Proof::Failed);
        check("not-uuid", "zebra", Proof::Unknown);
    }

    #[test]
    fn random_bytes() {
        let list = |of: fn(u32) -> u32| (0..64).map(|at| of(at).to_string()).collect::<Vec<_>>().join(", ");
        check("random-bytes", &list(|at| at * at * 37 % 251), Proof::Unknown);
        // In an order, in zigzag or over and over.
        check("random-bytes", &list(|at| at), Proof::Failed);
        check("random-bytes", &list(|at| at * 29 % 64), Proof::Failed);
        check("random-bytes", &list(|at| 5 + at % 4 * 60), Proof::Failed);
        check("random-bytes", &list(|at| at * 5), Proof::Failed);
    }

    #[test]
    fn not_hex() {
        check("not-hex", "0123abcdef", Proof::Failed);
        check("not-hex", "0123abcdeg", Proof::Unknown);
    }

    #[test]
    fn made() {
        check("made", "q7XbT2mNvR8wLcY5hKfPzJ4dGs", Proof::Unknown);
        check("made", "4f7c0b9e2d61a8350c94fe7d18b3a265", Proof::Unknown);
        check("made", "the-second-token-of-2019", Proof::Doubted);
        check("made", "token12token12token12token12token12", Proof::Doubted);
        check("made", concat!("gh", "p_q7XbT2mNvR8wLcY5h"), Proof::Failed);
    }

    #[test]
    fn mixed() {
        check("mixed", "abcDEF123", Proof::Unknown);
        check("mixed", "abcdef123", Proof::Failed);
    }

    #[test]
    fn letters_digits() {
        check("letters-digits", "abc123", Proof::Unknown);
        check("letters-digits", "abcdef", Proof::Failed);
        check("letters-digits", "123456", Proof::Failed);
    }

    #[test]
    fn azure_marks_lie_inside_their_keys() {
        for (length, place, marks) in AZURE_MARKS {
            assert!(place + 4 < *length && marks.iter().all(|mark| mark.len() == 4));
        }
    }
}
