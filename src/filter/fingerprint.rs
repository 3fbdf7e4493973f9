//! Identity of a finding across runs, independent of line, commit and order.
//!
//! A fingerprint is a keyed hash (HMAC-SHA-256, cut to 16 bytes) over the rule's id and the value;
//! for a rule without a value, over the rule's id and the path.
//!
//! **What an attacker can do.** Fingerprints stand in baselines and reports, so whoever reads those
//! may try values until one fits.
//! - A value that a machine made (32 random bytes or characters) is out of reach of any such search.
//! - A value that a person chose can be guessed. Without a key of its own a fingerprint is therefore
//!   stretched (PBKDF2, [`ROUNDS`] rounds, about half a millisecond a guess), and salted with what the
//!   baseline carries, so that no table made beforehand fits. This makes guessing dear, not impossible.
//! - With a secret key, nothing can be tried without that key.
//!
//! Must not keep values longer than a run, nor write anything.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, block_api::compress256};
use zeroize::Zeroize as _;

use crate::finding::{Fingerprint, RuleId};

/// Rounds of stretching: about half a millisecond, so a thousand distinct findings cost half a second
/// of one core, and a list of ten million passwords costs an hour and a half for each entry.
pub const ROUNDS: u32 = 3_000;

/// Values of this many bytes and more are not stretched: 32 hexadecimal digits hold 128 bits, and
/// texts of that length that a person made up are few.
const STRETCH_BELOW: usize = 32;

/// Told apart from any other use of the same key.
const DOMAIN: &[u8] = b"abatis fingerprint 1\0";
const DOMAIN_KEY_ID: &[u8] = b"abatis key id 1\0";
const TAG_VALUE: u8 = 1;
const TAG_PATH: u8 = 2;

type Digest = [u8; 32];

/// Makes the fingerprints of one run.
pub struct Fingerprints {
    key: Vec<u8>,
    keyed: bool,
    /// Stretched values by the hash of the value.
    stretched: Mutex<HashMap<Digest, Digest>>,
}

impl Fingerprints {
    /// With a secret `key`, or without; `salt` is what the baseline carries, and may be empty.
    #[must_use]
    pub fn new(key: Option<&[u8]>, salt: &[u8]) -> Self {
        let mut all = Vec::with_capacity(salt.len() + key.map_or(0, <[u8]>::len) + 8);
        all.extend_from_slice(&(salt.len() as u64).to_be_bytes());
        all.extend_from_slice(salt);
        all.extend_from_slice(key.unwrap_or_default());
        Self { key: all, keyed: key.is_some(), stretched: Mutex::default() }
    }

    /// The fingerprint of what `rule` found: `value`, or, where that is empty, `path`.
    #[must_use]
    pub fn of(&self, rule: &RuleId, value: &[u8], path: &[u8]) -> Fingerprint {
        let mut mac = keyed(&self.key);
        mac.update(DOMAIN);
        mac.update(rule.as_str().as_bytes());
        if value.is_empty() {
            mac.update(&[0, TAG_PATH]);
            mac.update(path);
        } else {
            mac.update(&[0, TAG_VALUE]);
            mac.update(&self.stretch(&normal(value)));
        }
        let digest: Digest = mac.finalize().into_bytes().into();
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        Fingerprint(short)
    }

    /// A short name of the secret key, to notice that another one is in use; `None` without a key.
    #[must_use]
    pub fn key_id(&self) -> Option<String> {
        self.keyed.then(|| {
            let mut mac = keyed(&self.key);
            mac.update(DOMAIN_KEY_ID);
            let digest: Digest = mac.finalize().into_bytes().into();
            digest[..4].iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }

    fn stretch(&self, value: &[u8]) -> Digest {
        let name: Digest = Sha256::digest(value).into();
        if self.keyed || value.len() >= STRETCH_BELOW {
            return name;
        }
        let known = self.stretched.lock().unwrap_or_else(PoisonError::into_inner).get(&name).copied();
        if let Some(known) = known {
            return known;
        }
        // Outside the lock: two threads may stretch the same value, and get the same.
        let long = pbkdf2(value, &self.key, ROUNDS);
        self.stretched.lock().unwrap_or_else(PoisonError::into_inner).insert(name, long);
        long
    }
}

impl fmt::Debug for Fingerprints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fingerprints").field("keyed", &self.keyed).finish_non_exhaustive()
    }
}

impl Drop for Fingerprints {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// The value with `\n` line ends, so that a checkout with `\r\n` has the same fingerprints.
fn normal(value: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if memchr::memchr(b'\r', value).is_none() {
        return value.into();
    }
    bstr::ByteSlice::replace(value, "\r\n", "\n").into()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new(&block(key).into())
}

/// The block that HMAC makes of a key: those longer than a block are hashed first.
fn block(key: &[u8]) -> [u8; 64] {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    block
}

/// What SHA-256 starts from (FIPS 180-4, 5.3.3).
const START: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];

/// The first block of PBKDF2-HMAC-SHA-256 (RFC 8018).
///
/// Written on the compression function: all rounds but the first hash 32 bytes behind a block that is known, and
/// the digest types spend as long on moving those as on hashing them.
fn pbkdf2(password: &[u8], salt: &[u8], rounds: u32) -> Digest {
    let mut mac = keyed(password);
    mac.update(salt);
    mac.update(&1_u32.to_be_bytes());
    let first: Digest = mac.finalize().into_bytes().into();

    let key = block(password);
    let after = |mark: u8| {
        let mut state = START;
        compress256(&mut state, &[key.map(|byte| byte ^ mark)]);
        state
    };
    let (inner, outer) = (after(0x36), after(0x5C));
    // The rest of a block behind 32 bytes: the end mark, and the length of 64 + 32 bytes in bits.
    let mut text = [0; 64];
    text[..32].copy_from_slice(&first);
    text[32] = 0x80;
    text[62..].copy_from_slice(&(8 * 96_u16).to_be_bytes());
    let mut sum = [0; 8];
    for (sum, word) in sum.iter_mut().zip(first.as_chunks().0) {
        *sum = u32::from_be_bytes(*word);
    }
    for _ in 1..rounds {
        let mut state = inner;
        compress256(&mut state, std::slice::from_ref(&text));
        put(&mut text, state);
        state = outer;
        compress256(&mut state, std::slice::from_ref(&text));
        put(&mut text, state);
        sum.iter_mut().zip(state).for_each(|(sum, word)| *sum ^= word);
    }
    put(&mut text, sum);
    let mut digest = [0; 32];
    digest.copy_from_slice(&text[..32]);
    text.zeroize();
    digest
}

/// Writes the words of a hash to the front of a block.
fn put(block: &mut [u8; 64], state: [u32; 8]) {
    for (bytes, word) in block.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: RuleId = RuleId::from_static("some-rule");

    #[test]
    fn stretching_is_pbkdf2() {
        // Test vectors of RFC 7914, section 11: the first 32 of 64 bytes.
        let hex = |digest: Digest| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            hex(pbkdf2(b"passwd", b"salt", 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        );
    }

    #[test]
    fn many_rounds_are_what_plain_hmac_makes_of_them() {
        for password in [&b"hunter2"[..], b"", &[b'x'; 70]] {
            let mut last: Digest = [0; 32];
            let mut sum = last;
            for round in 0..50 {
                let mut mac = keyed(password);
                if round == 0 {
                    mac.update(b"salt\0\0\0\x01");
                } else {
                    mac.update(&last);
                }
                last = mac.finalize().into_bytes().into();
                sum.iter_mut().zip(last).for_each(|(byte, other)| *byte ^= other);
            }
            assert_eq!(pbkdf2(password, b"salt", 50), sum);
        }
    }

    #[test]
    fn identity_is_rule_and_value() {
        let prints = Fingerprints::new(None, b"salt");
        let one = prints.of(&RULE, b"hunter2", b"a.txt");
        assert_eq!(one, prints.of(&RULE, b"hunter2", b"b/c.txt"));
        assert_eq!(one, Fingerprints::new(None, b"salt").of(&RULE, b"hunter2", b""));
        assert_ne!(one, prints.of(&RULE, b"hunter3", b"a.txt"));
        assert_ne!(one, prints.of(&RuleId::from_static("other"), b"hunter2", b"a.txt"));
        assert_ne!(one, Fingerprints::new(None, b"pepper").of(&RULE, b"hunter2", b"a.txt"));
        assert_ne!(one, Fingerprints::new(Some(b"key"), b"salt").of(&RULE, b"hunter2", b"a.txt"));
    }

    #[test]
    fn line_ends_do_not_matter() {
        let prints = Fingerprints::new(None, b"");
        assert_eq!(prints.of(&RULE, b"a\r\nb", b""), prints.of(&RULE, b"a\nb", b""));
        assert_ne!(prints.of(&RULE, b"a\rb", b""), prints.of(&RULE, b"a\nb", b""));
    }

    #[test]
    fn without_a_value_the_path_counts() {
        let prints = Fingerprints::new(None, b"");
        assert_ne!(prints.of(&RULE, b"", b"id_rsa"), prints.of(&RULE, b"", b"old/id_rsa"));
        assert_ne!(prints.of(&RULE, b"", b"id_rsa"), prints.of(&RULE, b"id_rsa", b""));
    }

    #[test]
    fn keys_have_names() {
        assert_eq!(Fingerprints::new(None, b"").key_id(), None);
        let one = Fingerprints::new(Some(b"key"), b"");
        assert_eq!(one.key_id().map(|name| name.len()), Some(8));
        assert_ne!(one.key_id(), Fingerprints::new(Some(b"kez"), b"").key_id());
    }
}
