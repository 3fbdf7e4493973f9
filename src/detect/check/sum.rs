//! Checksums inside tokens. Nearly all are a CRC-32 of a part of the token in some base.
//!
//! A token of a length that the algorithm is not known for is `Unknown`, never `Failed`. Where the sum is not published
//! but was worked out from a few samples, a wrong one is `Doubted`: should the form have variants, a live token is
//! still reported.

use super::{
    Proof,
    codec::{self, BASE36, BASE62, BASE62_LOWER_FIRST},
    likely, verdict,
};

const BASE62_SUM: usize = 6;
const HEX_SUM: usize = 8;
/// Characters of a GitHub or npm token after the prefix: 30, then the sum.
const GITHUB_BODY: usize = 36;
/// Characters of a Vercel token after the prefix: 50, then the sum.
const VERCEL_BODY: usize = 56;
/// Digits of the length and of the sum that end a routable GitLab token.
const GITLAB_LENGTH: usize = 2;
const GITLAB_SUM: usize = 7;

/// `PREFIX_`, 30 characters, 6 digits. Of another length: `Unknown` (fine-grained, stateless, old refresh tokens).
pub(super) fn github(token: &[u8]) -> Proof {
    prefixed(token, GITHUB_BODY).map_or(Proof::Unknown, verdict)
}

/// `vcX_`, 50 characters, 6 digits.
pub(super) fn vercel(token: &[u8]) -> Proof {
    prefixed(token, VERCEL_BODY).map_or(Proof::Unknown, likely)
}

/// Whether a sum in base62 holds over what lies between the first underscore and the sum.
fn prefixed(token: &[u8], length: usize) -> Option<bool> {
    let underscore = memchr::memchr(b'_', token)?;
    let body = &token[underscore + 1..];
    if body.len() != length {
        return None;
    }
    let (covered, sum) = body.split_at(length - BASE62_SUM);
    Some(equals_base62(covered, sum, BASE62))
}

/// `apify_api_`, 30 characters, 6 digits over all before.
pub(super) fn apify(token: &[u8]) -> Proof {
    let Some((covered, sum)) = token.split_last_chunk::<BASE62_SUM>() else { return Proof::Failed };
    likely(equals_base62(covered, sum, BASE62_LOWER_FIRST))
}

/// `salad_cloud_KIND_`, characters, 6 digits over what follows the second underscore. Either order of
/// digits is taken, with and without the kind: samples are few, and a chance hit is one in a billion.
pub(super) fn saladcloud(token: &[u8]) -> Proof {
    let Some((rest, sum)) = token.split_last_chunk::<BASE62_SUM>() else { return Proof::Failed };
    let mut underscores = memchr::memchr_iter(b'_', rest).skip(1);
    let parts = [underscores.next(), underscores.next()];
    let holds = |start: usize| {
        let covered = &rest[start + 1..];
        equals_base62(covered, sum, BASE62) || equals_base62(covered, sum, BASE62_LOWER_FIRST)
    };
    likely(parts.into_iter().flatten().any(holds))
}

/// `cfut_` and its kin, 40 characters, 8 hexadecimal digits.
pub(super) fn cloudflare(token: &[u8]) -> Proof {
    let Some((rest, sum)) = token.split_last_chunk::<HEX_SUM>() else { return Proof::Failed };
    let Some(underscore) = memchr::memchr(b'_', rest) else { return Proof::Unknown };
    likely(equals_hex(&rest[underscore + 1..], sum))
}

/// `cnvca` and its kin: 8 hexadecimal digits over all before.
pub(super) fn canva(token: &[u8]) -> Proof {
    let Some((covered, sum)) = token.split_last_chunk::<HEX_SUM>() else { return Proof::Failed };
    likely(equals_hex(covered, sum))
}

/// `ATATT3…=` and 8 hexadecimal digits over all before, the equals sign included.
pub(super) fn atlassian(token: &[u8]) -> Proof {
    match token.split_last_chunk::<HEX_SUM>() {
        Some((covered, sum)) if covered.ends_with(b"=") => likely(equals_hex(covered, sum)),
        _ => Proof::Unknown,
    }
}

/// `zpka_`, 32 characters, `_`, 8 hexadecimal digits over the 32.
pub(super) fn zuplo(token: &[u8]) -> Proof {
    let mut parts = token.split(|&byte| byte == b'_').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(covered), Some(sum), None) => likely(equals_hex(covered, sum)),
        _ => Proof::Unknown,
    }
}

/// `glsa_`, 32 characters, `_`, 8 hexadecimal digits over all before the second underscore, lowest byte first.
pub(super) fn grafana(token: &[u8]) -> Proof {
    let Some(underscore) = memchr::memrchr(b'_', token) else { return Proof::Failed };
    let sum = hex(&token[underscore + 1..]);
    verdict(sum == Some(crc32fast::hash(&token[..underscore]).swap_bytes()))
}

/// `cflt`, 54 characters, 6 digits of base64: the four bytes of the sum, lowest first. Whether the prefix is covered
/// is taken either way.
pub(super) fn confluent(token: &[u8]) -> Proof {
    let Some((covered, sum)) = token.split_last_chunk::<6>() else { return Proof::Failed };
    let Some(sum) = codec::base64(sum).and_then(|bytes| bytes.first_chunk::<4>().copied()) else {
        return Proof::Failed;
    };
    let body = covered.strip_prefix(b"cflt").unwrap_or(covered);
    let sum = u32::from_le_bytes(sum);
    likely([covered, body].into_iter().any(|covered| crc32fast::hash(covered) == sum))
}

/// `PREFIX-PAYLOAD.01.LLCCCCCCC` (or without the version): length of the payload, then the sum over all before it.
/// A token without a dot is of the older kind, which has no sum.
pub(super) fn gitlab_routable(token: &[u8]) -> Proof {
    let Some(dot) = memchr::memchr(b'.', token) else { return Proof::Unknown };
    let tail = memchr::memrchr(b'.', token).map_or(0, |last| last + 1);
    let Some((covered, sum)) = token.split_last_chunk::<GITLAB_SUM>() else { return Proof::Failed };
    if token.len() - tail != GITLAB_LENGTH + GITLAB_SUM {
        return Proof::Failed;
    }
    let length = codec::number(&covered[tail..], BASE36);
    // The prefix may hold dashes and so may the payload, so the length is only bounded.
    let bounded = length.is_some_and(|length| length <= dot as u64);
    verdict(bounded && codec::number(sum, BASE36) == Some(u64::from(crc32fast::hash(covered))))
}

fn equals_base62(covered: &[u8], sum: &[u8], digits: &[u8]) -> bool {
    codec::number(sum, digits) == Some(u64::from(crc32fast::hash(covered)))
}

fn equals_hex(covered: &[u8], sum: &[u8]) -> bool {
    hex(sum) == Some(crc32fast::hash(covered))
}

/// The number that exactly eight hexadecimal digits write.
fn hex(text: &[u8]) -> Option<u32> {
    if text.len() != HEX_SUM || !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(str::from_utf8(text).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::check::find;

    /// A made token with a right sum passes, and with its first changeable character changed it fails.
    fn check(name: &str, token: &str, changed: &str) {
        let check = find(name).unwrap();
        assert_eq!((check.run)(token.as_bytes()), Proof::Passed, "{name}");
        let published = ["github-crc32", "npm-crc32", "grafana", "gitlab-routable"].contains(&name);
        let wrong = if published { Proof::Failed } else { Proof::Doubted };
        assert_eq!((check.run)(changed.as_bytes()), wrong, "{name}");
    }

    // The sums were computed by a separate script in another language.
    #[test]
    fn github_sum() {
        check(
            "github-crc32",
            concat!("ghp", "_xOI7qL9OuUTgnOPGjKxLfLGYvmzjBj3kGGy1"),
            concat!("ghp", "_xOI7qL9OxUTgnOPGjKxLfLGYvmzjBj3kGGy1"),
        );
    }

    #[test]
    fn npm_sum() {
        check(
            "npm-crc32",
            concat!("npm", "_vyA2dBKKpwBC9ebt062HURMxjij1xP2u4NT9"),
            concat!("npm", "_vyA2dBKKxwBC9ebt062HURMxjij1xP2u4NT9"),
        );
    }

    #[test]
    fn vercel_sum() {
        check(
            "vercel",
            concat!("vcp", "_nyXp7cjbKouB6e4kiF8ikuUzMQlfnShDgPkQPjljaAqHSornUg2GQtLl"),
            concat!("vcp", "_nyXp7cjbxouB6e4kiF8ikuUzMQlfnShDgPkQPjljaAqHSornUg2GQtLl"),
        );
    }

    #[test]
    fn apify_sum() {
        check(
            "apify",
            concat!("apify_", "api_h07oKzawIMEiMxolIG2rKGtSIIJX9f2oGJvl"),
            concat!("apify_", "api_h07oKxawIMEiMxolIG2rKGtSIIJX9f2oGJvl"),
        );
    }

    #[test]
    fn cloudflare_sum() {
        check(
            "cloudflare",
            concat!("cfu", "t_nmJPxuXyDDfvSkiw2INwsB1IRmuxGBvrVv751ezY07b7a75d"),
            concat!("cfu", "t_nmJPxuXxDDfvSkiw2INwsB1IRmuxGBvrVv751ezY07b7a75d"),
        );
    }

    #[test]
    fn canva_sum() {
        check(
            "canva",
            concat!("cnv", "ca0hyj3orP47rZQCbT5Sgi2SieMCKZ03HNcpRMGoLSCbe4fa7290e"),
            concat!("cnv", "ca0hyj3orx47rZQCbT5Sgi2SieMCKZ03HNcpRMGoLSCbe4fa7290e"),
        );
    }

    #[test]
    fn atlassian_sum() {
        check(
            "atlassian",
            concat!(
                "ATATT",
                "3xFfGF0QY6QZkI5Jr2JV4Li_c3IOnRWDJUqE2cQQveo2K_fK3OdWi0aa_8k0xQFwj0gQqpkJf3w48Jx0CtCkYEjGuSU-RPmzvLf3J1kBw3YcyfTPbtwSpDdKWTtrRfYrKnO2ygmLIjdhJ_sdk2_lGwcAayCy8Xv_1spoFoabH9lsLAd5GA=BE279BC1"
            ),
            concat!(
                "ATATT",
                "3xFfGF0QY6QZkI5xr2JV4Li_c3IOnRWDJUqE2cQQveo2K_fK3OdWi0aa_8k0xQFwj0gQqpkJf3w48Jx0CtCkYEjGuSU-RPmzvLf3J1kBw3YcyfTPbtwSpDdKWTtrRfYrKnO2ygmLIjdhJ_sdk2_lGwcAayCy8Xv_1spoFoabH9lsLAd5GA=BE279BC1"
            ),
        );
    }

    #[test]
    fn zuplo_sum() {
        check(
            "zuplo",
            concat!("zpk", "a_po3jmyp18boqdy2n6agd26m12kbzm7jt_c001f330"),
            concat!("zpk", "a_po3jmypx8boqdy2n6agd26m12kbzm7jt_c001f330"),
        );
    }

    #[test]
    fn grafana_sum() {
        check(
            "grafana",
            concat!("gls", "a_6OwfbqeTto6E2TJfxxoKy2xcyIW9OTEn_d813ae0e"),
            concat!("gls", "a_6Owfbqexto6E2TJfxxoKy2xcyIW9OTEn_d813ae0e"),
        );
    }

    #[test]
    fn confluent_sum() {
        check(
            "confluent",
            concat!("cfl", "tQ1199VzgQYjqs6yhQ+fl0iYoDgLeQjmomS0NcP7dWDGLuOwS4rEuFncoHAeg"),
            concat!("cfl", "tQ1199VzgxYjqs6yhQ+fl0iYoDgLeQjmomS0NcP7dWDGLuOwS4rEuFncoHAeg"),
        );
    }

    #[test]
    fn saladcloud_sum() {
        check(
            "saladcloud",
            concat!("salad_cl", "oud_user_UZ5U1A2uVEV6SyCPOH911lKNSAJgwrGwzI1plUFX1MkWFe"),
            concat!("salad_cl", "oud_user_UZ5U1A2uVxV6SyCPOH911lKNSAJgwrGwzI1plUFX1MkWFe"),
        );
    }

    #[test]
    fn gitlab_routable_sum() {
        check(
            "gitlab-routable",
            concat!("glpa", "t-bzoxCnU6MnM1ZhaHOab2A0Vt9mZqV5fJ1IsQ.01.10059hgdb"),
            concat!("glpa", "t-bzoxCnU6Mnx1ZhaHOab2A0Vt9mZqV5fJ1IsQ.01.10059hgdb"),
        );
    }

    #[test]
    fn other_lengths_are_unknown() {
        for token in [concat!("github_", "pat_11AAAAAAA0_x"), concat!("gh", "r_short"), "no prefix"] {
            assert_eq!(github(token.as_bytes()), Proof::Unknown, "{token}");
        }
        assert_eq!(gitlab_routable(concat!("gl", "pat-abcdefghijklmnopqrst").as_bytes()), Proof::Unknown);
    }
}
