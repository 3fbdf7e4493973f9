//! Proofs by decoding: base64 with known content, JSON Web Tokens, macaroons.
//!
//! Must not look at what only a provider could tell, such as whether a token still works.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::{Proof, codec, likely, unless_failed, verdict};

/// Fewest bytes of a shared secret in base32 (TOTP asks for 16, old ones have 10).
const BASE32_LEAST: usize = 10;
/// Fields of a version 2 macaroon.
const MACAROON_LOCATION: u8 = 1;
const MACAROON_IDENTIFIER: u8 = 2;
/// Bytes of the field that ends one: its number, its length and a signature of 32 bytes.
const MACAROON_SIGNATURE: usize = 34;

/// Base64 that decodes.
pub(super) fn base64(text: &[u8]) -> Proof {
    unless_failed(codec::base64(text).is_some_and(|bytes| !bytes.is_empty()))
}

/// Base64 of exactly `LENGTH` bytes.
pub(super) fn base64_of<const LENGTH: usize>(text: &[u8]) -> Proof {
    unless_failed(codec::base64(text).is_some_and(|bytes| bytes.len() == LENGTH && !is_text(&bytes)))
}

/// Base64 of a JSON object, after whatever prefix ends with `_`.
pub(super) fn base64_json(text: &[u8]) -> Proof {
    verdict(json_after_prefix(text).is_some())
}

/// Base32 of a plausible length.
pub(super) fn base32(text: &[u8]) -> Proof {
    unless_failed(codec::base32(&text.to_ascii_uppercase()).is_some_and(|bytes| bytes.len() >= BASE32_LEAST))
}

/// Base64 of `user:password`, both printable; not the samples of manuals.
pub(super) fn basic_auth(text: &[u8]) -> Proof {
    let Some(bytes) = codec::base64(text) else { return Proof::Failed };
    let Some(colon) = memchr::memchr(b':', &bytes) else { return Proof::Failed };
    let (user, password) = (&bytes[..colon], &bytes[colon + 1..]);
    let printable = str::from_utf8(&bytes).is_ok_and(|text| !text.chars().any(char::is_control));
    let reference = matches!(password.first(), Some(b'$' | b'<' | b'{' | b'*' | b'%'));
    verdict(
        printable && !user.is_empty() && !password.is_empty() && !is_sample_password(password) && !reference,
    )
}

/// Whether it is base64 of a user and a password that manuals write, both of them.
pub(crate) fn is_sample_of_basic(text: &[u8]) -> bool {
    const USERS: [&[u8]; 5] = [b"aladdin", b"foo", b"name", b"user", b"username"];
    let Some(bytes) = codec::base64(text) else { return false };
    memchr::memchr(b':', &bytes).is_some_and(|colon| {
        let (user, password) = (&bytes[..colon], &bytes[colon + 1..]);
        USERS.iter().any(|sample| user.eq_ignore_ascii_case(sample)) && is_sample_password(password)
    })
}

/// As in RFC 7617, and in manuals.
fn is_sample_password(password: &[u8]) -> bool {
    const SAMPLES: [&[u8]; 11] = [
        // Of AngularJS, which is in many a tree.
        b"boop",
        b"open sesame",
        b"opensesame",
        b"pass",
        b"password",
        b"passwd",
        b"pwd",
        b"secret",
        b"bar",
        b"xxx",
        b"x-oauth-basic",
    ];
    SAMPLES.iter().any(|sample| password.eq_ignore_ascii_case(sample))
}

/// `ABSK`, then base64 of the name of the key.
pub(super) fn aws_bedrock_key(text: &[u8]) -> Proof {
    let text = text.strip_prefix(b"ABSK").unwrap_or(text);
    likely(codec::base64(text).is_some_and(|bytes| bytes.starts_with(b"BedrockAPIKey-")))
}

/// Base64 of `reftkn:`, digits, and more.
pub(super) fn artifactory_reference(text: &[u8]) -> Proof {
    likely(codec::base64(text).is_some_and(|bytes| bytes.starts_with(b"reftkn:")))
}

/// Base64 of `tok:` and more.
pub(super) fn intercom(text: &[u8]) -> Proof {
    verdict(codec::base64(text).is_some_and(|bytes| bytes.starts_with(b"tok:")))
}

/// The same with its prefix, which is mark enough should the form have variants.
pub(super) fn bitbucket_dc_token(text: &[u8]) -> Proof {
    likely(bitbucket_dc(text) == Proof::Passed)
}

/// Base64, after an optional `BBDC-`, of digits, a colon and 20 bytes.
pub(super) fn bitbucket_dc(text: &[u8]) -> Proof {
    let text = text.strip_prefix(b"BBDC-").unwrap_or(text);
    let holds = codec::base64(text).is_some_and(|bytes| {
        let colon = memchr::memchr(b':', &bytes).unwrap_or(0);
        colon > 0 && bytes[..colon].iter().all(u8::is_ascii_digit) && bytes.len() - colon == 21
    });
    verdict(holds)
}

/// The base64 of the owner's id: 17 to 20 digits before the first dot.
pub(super) fn discord_token(text: &[u8]) -> Proof {
    let owner = text.split(|&byte| byte == b'.').next().unwrap_or_default();
    let holds = codec::base64(owner)
        .is_some_and(|id| (17..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit));
    verdict(holds)
}

/// `glc_` and base64 of JSON with the organisation and the key, or the older JSON with `k` and `n`.
pub(super) fn grafana_key(text: &[u8]) -> Proof {
    likely(json_after_prefix(text).is_some_and(|object| {
        object.contains_key("k") && (object.contains_key("n") || object.contains_key("o"))
    }))
}

/// `sntrys_`, base64 of JSON, `_`, secret.
pub(super) fn sentry_org(text: &[u8]) -> Proof {
    let claims = text.split(|&byte| byte == b'_').nth(1).and_then(json_object);
    likely(claims.is_some_and(|object| object.contains_key("url") && object.contains_key("org")))
}

/// `sk.`, base64 of JSON with the account and the id, `.`, signature.
pub(super) fn mapbox(text: &[u8]) -> Proof {
    let claims = text.split(|&byte| byte == b'.').nth(1).and_then(json_object);
    verdict(claims.is_some_and(|object| object.contains_key("u") && object.contains_key("a")))
}

/// Header with `alg`, payload and signature; not the sample of jwt.io. An encrypted one (JWE) and an unsigned one are `Unknown`.
pub(super) fn jwt(text: &[u8]) -> Proof {
    let mut parts = text.split(|&byte| byte == b'.');
    let Some(header) = parts.next().and_then(json_object) else { return Proof::Failed };
    let Some(algorithm) = header.get("alg").and_then(Value::as_str) else { return Proof::Failed };
    if header.contains_key("enc") {
        return Proof::Unknown;
    }
    let Some(claims) = parts.next().and_then(json_object) else { return Proof::Failed };
    let says = |claim: &str, value: &str| claims.get(claim).and_then(Value::as_str) == Some(value);
    if says("sub", "1234567890") || says("iss", "supabase-demo") && is_signed_by_a_demo(text) {
        return Proof::Failed;
    }
    if algorithm.eq_ignore_ascii_case("none") {
        return Proof::Unknown;
    }
    let (Some(signature), None) = (parts.next(), parts.next()) else { return Proof::Failed };
    if signature.is_empty() {
        return Proof::Failed;
    }
    likely(signature_lengths(algorithm).is_none_or(|lengths| lengths.contains(&signature.len())))
}

/// Secrets that every new installation of Supabase signs with until it is set up, as its manual and its command line have them.
const DEMOS: [&[u8]; 2] = [
    concat!("super-secret-jwt-token-", "with-at-least-32-characters-long").as_bytes(),
    concat!("your-super-secret-jwt-token-", "with-at-least-32-characters-long").as_bytes(),
];

/// Whether a JWT is signed with a secret that everybody knows: who issued it says that it is a demo, and so does who has kept its claims.
fn is_signed_by_a_demo(text: &[u8]) -> bool {
    let Some(dot) = memchr::memrchr(b'.', text) else { return false };
    let Some(signature) = codec::base64(&text[dot + 1..]) else { return false };
    DEMOS.iter().any(|secret| {
        Hmac::<Sha256>::new_from_slice(secret)
            .is_ok_and(|mac| mac.chain_update(&text[..dot]).verify_slice(&signature).is_ok())
    })
}

/// How long a signature is in base64, by the algorithm: those of RSA are as long as the key (1024 to 4096 bits), the others fixed
/// (RFC 7518, RFC 8037, RFC 8812).
fn signature_lengths(algorithm: &str) -> Option<&'static [usize]> {
    Some(match algorithm {
        "HS256" => &[43],
        "HS384" => &[64],
        "HS512" | "ES256" | "ES256K" => &[86],
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => &[171, 342, 512, 683],
        "ES384" => &[128],
        "ES512" => &[176],
        _ => return None,
    })
}

/// What the proof of a JWT says, where it is the kind that was asked for.
fn jwt_if(right: bool, text: &[u8]) -> Proof {
    match jwt(text) {
        proof @ (Proof::Passed | Proof::Doubted) if right => proof,
        _ => Proof::Failed,
    }
}

/// Longest name of an issuer that is told.
const MAX_ISSUER: usize = 80;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// Who issued a JWT, and until when it is good, as it says itself.
pub(super) fn jwt_terms(text: &[u8]) -> Option<String> {
    let claims = claims(text)?;
    let issuer = claims.get("iss").and_then(Value::as_str);
    let issuer = issuer.filter(|name| name.len() <= MAX_ISSUER && is_text(name.as_bytes()));
    let until = claims.get("exp").and_then(Value::as_f64).filter(|&until| (0.0..1e11).contains(&until));
    let issuer = issuer.map(|name| format!("issued by {name}"));
    let until = match until {
        Some(until) => format!("good until {}", date(until as i64 / DAY)),
        None => "without an end".to_owned(),
    };
    Some(issuer.into_iter().chain([until]).collect::<Vec<_>>().join(", "))
}

/// The date of a day, counted from 1970-01-01, in the Gregorian calendar.
fn date(day: i64) -> String {
    // Years are counted from March, so that the odd day comes last; an era has 400 of them.
    let day = day + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year + month / 10, (month + 2) % 12 + 1);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A JWT that a Kubernetes API server issued for a service account.
pub(super) fn jwt_kubernetes(text: &[u8]) -> Proof {
    let issued = claims(text).is_some_and(|claims| {
        claims.keys().any(|key| key.starts_with("kubernetes.io"))
            || claims
                .get("sub")
                .and_then(Value::as_str)
                .is_some_and(|subject| subject.starts_with("system:serviceaccount:"))
    });
    jwt_if(issued, text)
}

/// A JWT with a role that passes every row policy.
pub(super) fn jwt_service_role(text: &[u8]) -> Proof {
    let role = claims(text).and_then(|claims| claims.get("role").and_then(Value::as_str).map(str::to_owned));
    jwt_if(matches!(role.as_deref(), Some("service_role" | "supabase_admin")), text)
}

/// `pypi-` and base64 of a version 2 macaroon whose location is an index. One for another place is none of theirs; what is
/// no such macaroon is doubted, since there are other versions.
pub(super) fn pypi_macaroon(text: &[u8]) -> Proof {
    let text = text.strip_prefix(b"pypi-").unwrap_or(text);
    match codec::base64(text).and_then(|bytes| is_index_macaroon(&bytes)) {
        Some(of_index) => verdict(of_index),
        None => Proof::Doubted,
    }
}

/// Version, then location and identifier as (field, length, bytes), then an end mark. Lengths are one byte here:
/// locations and identifiers of an index are shorter than 128. `None` if it is something else.
fn is_index_macaroon(bytes: &[u8]) -> Option<bool> {
    let (&version, rest) = bytes.split_first()?;
    let (location, rest) = macaroon_field(rest, MACAROON_LOCATION)?;
    let (identifier, rest) = macaroon_field(rest, MACAROON_IDENTIFIER)?;
    let signature = bytes.len().checked_sub(MACAROON_SIGNATURE).and_then(|start| bytes.get(start..start + 2));
    if version != 2 || identifier.is_empty() || rest.first() != Some(&0) || signature != Some(&[6, 32]) {
        return None;
    }
    Some(location == b"pypi.org" || location == b"test.pypi.org")
}

fn macaroon_field(bytes: &[u8], field: u8) -> Option<(&[u8], &[u8])> {
    let (&[kind, length], rest) = bytes.split_first_chunk::<2>()?;
    (kind == field).then(|| rest.split_at_checked(usize::from(length)))?
}

/// The payload of a JWT.
fn claims(text: &[u8]) -> Option<Map<String, Value>> {
    text.split(|&byte| byte == b'.').nth(1).and_then(json_object)
}

/// The object that `text` is the base64 of, after a prefix that ends with the last underscore before `ey`.
fn json_after_prefix(text: &[u8]) -> Option<Map<String, Value>> {
    let start = text.windows(3).position(|window| window == b"_ey").map_or(0, |place| place + 1);
    json_object(&text[start..])
}

fn json_object(text: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(&codec::base64(text)?).ok()
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

#[cfg(test)]
mod tests {
    use super::Proof;
    use crate::detect::check::find;

    fn check(name: &str, value: &str, expected: Proof) {
        assert_eq!((find(name).unwrap().run)(value.as_bytes()), expected, "{name} {value}");
    }

    #[test]
    fn dates() {
        for (day, expected) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (19_723, "2024-01-01"),
            (19_782, "2024-02-29"),
            (20_088, "2024-12-31"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(super::date(day), expected);
        }
    }

    #[test]
    fn terms_of_a_jwt() {
        // {"alg":"HS256"} . {"iss":"https://id.shop.io","exp":1735689600} and {"sub":"a"}
        let head = concat!("eyJhbGciOiJI", "UzI1NiJ9");
        let terms = |claims: &str| super::jwt_terms(format!("{head}.{claims}.c2ln").as_bytes());
        assert_eq!(
            terms("eyJpc3MiOiJodHRwczovL2lkLnNob3AuaW8iLCJleHAiOjE3MzU2ODk2MDB9").as_deref(),
            Some("issued by https://id.shop.io, good until 2025-01-01")
        );
        assert_eq!(terms("eyJzdWIiOiJhIn0").as_deref(), Some("without an end"));
        assert_eq!(terms("no"), None);
    }

    #[test]
    fn basic_auth() {
        check("basic-auth", concat!("ZGVwbG95O", "mg3R3EheDI="), Proof::Passed);
        check("basic-auth", concat!("QWxhZGRpb", "jpvcGVuIHNlc2FtZQ=="), Proof::Failed);
        check("basic-auth", concat!("dXNlcjokU", "EFTU1dPUkQ="), Proof::Failed);
        check("basic-auth", concat!("bm9jb2xvb", "mhlcmU="), Proof::Failed);
        check("basic-auth", "not base64!", Proof::Failed);
    }

    #[test]
    fn base64_32() {
        check("base64-32", concat!("pzKp8kE4E", "iKn+uSNpAzYfxTJF4dUjJisRZL+NhidOJE="), Proof::Unknown);
        check("base64-32", concat!("pWKhFNTr3", "PUZ0mgodEBC378Mfll7WPgy+P3ELB3YUw=="), Proof::Failed);
        check("base64-32", concat!("dGhpcnR5L", "XR3byBwcmludGFibGUgY2hhcmFjdGVycyE="), Proof::Failed);
    }

    #[test]
    fn base64_json() {
        check("base64-json", concat!("pfx_eyJhI", "joxfQ=="), Proof::Passed);
        check("base64-json", concat!("WzEsMiwzX", "Q=="), Proof::Failed);
    }

    #[test]
    fn base32() {
        check("base32", "JBSWY3DPEHPK3PXP", Proof::Unknown);
        check("base32", "jbswy3dpehpk3pxp", Proof::Unknown);
        check("base32", "01890189", Proof::Failed);
    }

    #[test]
    fn aws_bedrock_key() {
        check(
            "aws-bedrock-key",
            concat!(
                "ABSKQmVkc",
                "m9ja0FQSUtleS1hYjEyLWF0LTEyMzQ1Njc4OTAxMjq1jP/iPddNmnpVVkzyd+ENGnSTbLmxRQnpIA1iBLpAXg=="
            ),
            Proof::Passed,
        );
        check(
            "aws-bedrock-key",
            concat!(
                "ABSKRGk+X",
                "q+W3fduSbEt7Kc9GpMz467rtnbuPL2G1eTPqZbbQUCREUltjgCzXju5zw7HwjnpxKE7IqH/mM8IAXu27w=="
            ),
            Proof::Doubted,
        );
    }

    #[test]
    fn artifactory_reference() {
        check(
            "artifactory-reference",
            concat!("cmVmdGtuO", "jAxOjE3MDAwMDAwMDA6aU5Sb0NwTDROS3dnMzJkbXQwMkJadU0yM3RWQQ=="),
            Proof::Passed,
        );
        check(
            "artifactory-reference",
            concat!("7CeJ+hqE7", "2EhWtyjF4CZTNrJXfSVLNOmvTSM/h9G3KFNg57miLOLKw=="),
            Proof::Doubted,
        );
    }

    #[test]
    fn intercom() {
        check(
            "intercom",
            concat!("dG9rOjM4Z", "jI4ZjQxZWMzNmYyZTVmYThiNGVjZmU1ZGM5NGZhNzhlNQ=="),
            Proof::Passed,
        );
        check(
            "intercom",
            concat!("a0lwfKaVE", "ZP9XkKGWqY0Ues2SOte3COZWifaug+B4wXKHPYYQ/f1xg=="),
            Proof::Failed,
        );
    }

    #[test]
    fn bitbucket_dc() {
        check(
            "bitbucket-dc",
            concat!("BBDC-NDg2", "MzkzNjk4OTE3Opo1/yldedMDLRrTLcHQK7e7MBPb"),
            Proof::Passed,
        );
        check("bitbucket-dc", concat!("YGr3IPkc6", "gTcSSHQ0w7iz4wbMvJ+DGFVaP/1OlXD5cTb"), Proof::Failed);
    }

    #[test]
    fn discord_token() {
        check(
            "discord-token",
            concat!("MTIzNDUwO", "Tg3NjEyMzQ1MDk4Nw.GabcdE.72xqVuS55zArB8lhte_2IHZ1aM2EeSGj6UK1K1"),
            Proof::Passed,
        );
        check(
            "discord-token",
            concat!("MTIzbm90Y", "W5pZA.GabcdE.BXjsPptxSppC3-Jh1KlkNpNeBPaH-2l56xMk6r"),
            Proof::Failed,
        );
    }

    #[test]
    fn grafana_cloud() {
        check(
            "grafana-cloud",
            concat!("glc_eyJvI", "joiMSIsIm4iOiJzdGFjay0xLXgiLCJrIjoiYm1FSTlJRWY3ODlkUjdtTVBoelZFWVF4In0="),
            Proof::Passed,
        );
        check("grafana-cloud", concat!("glc_eyJ4I", "joxfQ=="), Proof::Doubted);
    }

    #[test]
    fn sentry_org() {
        check(
            "sentry-org",
            concat!(
                "sntrys_ey",
                "JpYXQiOjE3MDAwMDAwMDAsInVybCI6Imh0dHBzOi8vc2VudHJ5LmlvIiwicmVnaW9uX3VybCI6Imh0dHBzOi8vdXMuc2VudHJ5LmlvIiwib3JnIjoiYWNtZSJ9_j9YfrIcK5dLd1gJ3w2BaTCFk84iAu5f0jfIKsRLGEuc"
            ),
            Proof::Passed,
        );
        check("sentry-org", concat!("sntrys_e3", "0=_x"), Proof::Doubted);
    }

    #[test]
    fn mapbox() {
        check(
            "mapbox",
            concat!("sk.eyJ1Ij", "oiYWNtZSIsImEiOiJjazAifQ.DXfMzpcVfCWeQHgUyYgtO7"),
            Proof::Passed,
        );
        check("mapbox", concat!("sk.eyJ1Ij", "oxfQ.x"), Proof::Failed);
    }

    #[test]
    fn jwt() {
        check(
            "jwt",
            concat!(
                "eyJhbGciO",
                "iAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJzdWIiOiAidS03NyIsICJpYXQiOiAxNzAwMDAwMDAwfQ.lJMl4BhYvzj20FDB-D7DEOR8FUa9DVHmZhw64EPLSJr"
            ),
            Proof::Passed,
        );
        check(
            "jwt",
            concat!("eyJ0eXAiO", "iAiSldUIn0.eyJzdWIiOiAidSJ9.rKQCLbDX7hi4vGMFKQIezikq60zgzBj6AJZ3huLvojo"),
            Proof::Failed,
        );
        check(
            "jwt",
            concat!(
                "eyJhbGciO",
                "iAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJzdWIiOiAiMTIzNDU2Nzg5MCIsICJuYW1lIjogIkpvaG4gRG9lIn0.2V5NtR53vAygEEzwHBlPkgvhkvWAPPPtUDvvgTzPQnt"
            ),
            Proof::Failed,
        );
        check("jwt", concat!("eyJhbGciO", "iAibm9uZSJ9.eyJzdWIiOiAidSJ9."), Proof::Unknown);
        check(
            "jwt",
            concat!("eyJhbGciO", "iJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.aaa.bbb.ccc.ddd"),
            Proof::Unknown,
        );
        check(
            "jwt",
            concat!("eyJhbGciO", "iAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJzdWIiOiAidSJ9."),
            Proof::Failed,
        );
        check("jwt", "eyJub3QganNvbg.eyJhIjoxfQ.x", Proof::Failed);
        // The demo of Supabase, and its claims with another secret.
        check(
            "jwt",
            concat!(
                "eyJhbGciO",
                "iJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6InNlcnZpY2Vfcm9sZSIsImV4cCI6MTk4MzgxMjk5Nn0.EGIM96RAZx35lJzdJsyH-qQwv8Hdp7fsn3W0YpN81IU"
            ),
            Proof::Failed,
        );
        check(
            "jwt",
            concat!(
                "eyJhbGciO",
                "iJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6InNlcnZpY2Vfcm9sZSIsImV4cCI6MTk4MzgxMjk5Nn0.zSSfjQ6nbX3v3NAGVqcFbymuxV2iz0q8_SL3O7G8tlo"
            ),
            Proof::Passed,
        );
        // A signature that was cut.
        check(
            "jwt",
            concat!(
                "eyJhbGciO",
                "iAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJzdWIiOiAidS03NyIsICJpYXQiOiAxNzAwMDAwMDAwfQ.lJMl4BhYvzj20FDB-D7DEOR8FUa9DVHmZhw64EPL"
            ),
            Proof::Doubted,
        );
    }

    #[test]
    fn jwt_kubernetes() {
        check(
            "jwt-kubernetes",
            concat!(
                "eyJhbGciO",
                "iAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAia3ViZXJuZXRlcy9zZXJ2aWNlYWNjb3VudCIsICJzdWIiOiAic3lzdGVtOnNlcnZpY2VhY2NvdW50OmRlZmF1bHQ6Y2kifQ.xq9PATIiujlE7cVM5Q66LpNiS_DBvn91HTmjRa0VIXc"
            ),
            Proof::Passed,
        );
        check(
            "jwt-kubernetes",
            concat!(
                "eyJhbGciO",
                "iAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAib3RoZXIifQ.0caWNowqr_pl1hjx3ZfEtnh8UBAQSp_jaDN-XyH1whY"
            ),
            Proof::Failed,
        );
    }

    #[test]
    fn jwt_service_role() {
        check(
            "jwt-service-role",
            concat!(
                "eyJhbGciO",
                "iAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAic3VwYWJhc2UiLCAicm9sZSI6ICJzZXJ2aWNlX3JvbGUifQ.A4eUKd1pKgWs1yRSPxwtKj3JNoBLOVc5zqWFFKLgt1l"
            ),
            Proof::Passed,
        );
        check(
            "jwt-service-role",
            concat!(
                "eyJhbGciO",
                "iAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAic3VwYWJhc2UiLCAicm9sZSI6ICJhbm9uIn0.7GdhW2UnmgfVzduJ5GPMZZES7srKNokRbH0IhEWY7lx"
            ),
            Proof::Failed,
        );
    }

    #[test]
    fn pypi_macaroon() {
        check(
            "pypi-macaroon",
            concat!(
                "pypi-Ag",
                "EIcHlwaS5vcmcCJXsidmVyc2lvbiI6IDEsICJwZXJtaXNzaW9ucyI6ICJ1c2VyIn0AAAYgteMm1oPkIUPf9vjZZqfVKczHkIPDdx53dF4m3Bo8W78"
            ),
            Proof::Passed,
        );
        check(
            "pypi-macaroon",
            concat!(
                "pypi-Ag",
                "ENdGVzdC5weXBpLm9yZwIleyJ2ZXJzaW9uIjogMSwgInBlcm1pc3Npb25zIjogInVzZXIifQAABiD7GqemWrkRhmSC6yvRqS2wEqXR2yyaik7BY3MeIJe2Xg"
            ),
            Proof::Passed,
        );
        check(
            "pypi-macaroon",
            concat!(
                "pypi-Ag",
                "EMZXZpbC5leGFtcGxlAiV7InZlcnNpb24iOiAxLCAicGVybWlzc2lvbnMiOiAidXNlciJ9AAAGIMtfvSbtIcF7jKxiwoVQbkvCidDhLJby_F-q7rvSo0KZ"
            ),
            Proof::Failed,
        );
        check("pypi-macaroon", "pypi-AgEI", Proof::Doubted);
        check(
            "pypi-macaroon",
            concat!(
                "pypi-Ag",
                "EIcHlwaS5vcmcCJXsidmVyc2lvbiI6IDEsICJwZXJtaXNzaW9ucyI6ICJ1c2VyIn0AAAYgteMm1oPkIUPf9vjZZqfVKczHkIPDdx53dF4m3Bo8"
            ),
            Proof::Doubted,
        );
    }
}
