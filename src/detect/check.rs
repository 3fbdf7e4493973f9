//! Offline proofs: what a credential says about itself, by a checksum, a fixed mark or its structure.
//!
//! Each is a pure function of the secret's bytes. Must not ask a network, a clock or a file, and must
//! not fail on bytes that a rule would never hand it.

mod codec;
mod encoded;
mod key;
mod marks;
mod phrase;
mod shape;
mod sum;

pub(crate) use codec::base64;
pub(crate) use encoded::is_sample_of_basic;
pub(crate) use key::is_public_nkey;
pub(crate) use marks::{is_cut, is_said};

/// What a proof says about a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// It is what the rule says: the match deserves high confidence.
    Passed,
    /// It cannot be what the rule says: the match is dropped and counted.
    Failed,
    /// It is not what samples of the form are, but the form is not published: the match stays, at medium confidence.
    Doubted,
    /// Nothing to tell by: the match stays as it is.
    Unknown,
}

/// A proof that rules ask for by name.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The name that packs use, in kebab-case.
    pub name: &'static str,
    /// What is looked at, as a phrase.
    pub title: &'static str,
    /// Looks at the bytes of the secret.
    pub run: fn(&[u8]) -> Proof,
}

/// The check with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Check> {
    let place = CHECKS.binary_search_by(|check| check.name.cmp(name)).ok()?;
    CHECKS.get(place)
}

/// What a secret that has passed the check `name` says of itself, besides: who issued it, how long it is good for.
#[must_use]
pub fn told(name: &str, secret: &[u8]) -> Option<String> {
    match name {
        "jwt" | "jwt-kubernetes" | "jwt-service-role" => encoded::jwt_terms(secret),
        "pkcs12" => key::pkcs12_terms(secret),
        _ => None,
    }
}

/// All checks, in the order of their names.
pub static CHECKS: &[Check] = &[
    check("age-key", "bech32 checksum of an age secret key", key::age),
    check("apify", "CRC-32 in base62 of all before it", sum::apify),
    check(
        "artifactory-reference",
        "base64 of a text that begins with reftkn",
        encoded::artifactory_reference,
    ),
    check("atlassian", "CRC-32 in hexadecimal of all before it", sum::atlassian),
    check("aws-bedrock-key", "base64 of a name that begins with BedrockAPIKey", encoded::aws_bedrock_key),
    check("aws-key-id", "base32 with a possible account number, no documented example", shape::aws_key_id),
    check(
        "aws-secret",
        "40 base64 characters of mixed kinds, neither hexadecimal nor a path",
        shape::aws_secret,
    ),
    check("azure-client-secret", "mark Q~ at its place", shape::azure_client_secret),
    check("azure-common-key", "mark JQQJ9 at its place", shape::azure_common_key),
    check("azure-devops-pat", "mark AZDO at its place, or base32 of the old form", shape::azure_devops_pat),
    check("azure-marked-key", "a mark of an Azure service at its place", shape::azure_marked_key),
    check("azure-storage-key", "base64 of 64 bytes, with or without the mark +ASt", shape::azure_storage_key),
    check("base32", "base32 of at least 10 bytes", encoded::base32),
    check("base58check", "base58 with its checksum", key::base58check),
    check("base64", "base64 that decodes", encoded::base64),
    check("base64-16", "base64 of 16 bytes", encoded::base64_of::<16>),
    check("base64-20", "base64 of 20 bytes", encoded::base64_of::<20>),
    check("base64-24", "base64 of 24 bytes", encoded::base64_of::<24>),
    check("base64-32", "base64 of 32 bytes", encoded::base64_of::<32>),
    check("base64-48", "base64 of 48 bytes", encoded::base64_of::<48>),
    check("base64-64", "base64 of 64 bytes", encoded::base64_of::<64>),
    check("base64-json", "base64 of a JSON object", encoded::base64_json),
    check("base64-pem", "base64 of a private key in PEM", key::base64_pem),
    check("basic-auth", "base64 of user:password", encoded::basic_auth),
    check("bip39", "words of the BIP-39 list with their checksum", phrase::bip39),
    check("bitbucket-dc", "base64 of digits, a colon and 20 bytes", encoded::bitbucket_dc),
    check(
        "bitbucket-dc-token",
        "BBDC- and base64 of digits, a colon and 20 bytes",
        encoded::bitbucket_dc_token,
    ),
    check("canva", "CRC-32 in hexadecimal of all before it", sum::canva),
    check("cloudflare", "CRC-32 in hexadecimal of the 40 characters before it", sum::cloudflare),
    check("confluent", "CRC-32 in base64 of the characters before it", sum::confluent),
    check("discord-token", "first part is the base64 of a numeric id", encoded::discord_token),
    check("docker-auth", "base64 of user:password", encoded::basic_auth),
    check("ethereum-key", "a number below the order of the curve, no development key", key::ethereum),
    check("github-crc32", "CRC-32 in base62 of the 30 characters before it", sum::github),
    check("gitlab-routable", "length and CRC-32 in base36 of all before it", sum::gitlab_routable),
    check("grafana", "CRC-32 in little-endian hexadecimal of all before it", sum::grafana),
    check("grafana-cloud", "base64 of JSON with a key and a name", encoded::grafana_key),
    check("intercom", "base64 of a text that begins with tok:", encoded::intercom),
    check("jwt", "header with alg and payload, both JSON", encoded::jwt),
    check("jwt-kubernetes", "a JWT that Kubernetes issued for a service account", encoded::jwt_kubernetes),
    check(
        "jwt-service-role",
        "a JWT with the role service_role or supabase_admin",
        encoded::jwt_service_role,
    ),
    check("letters-digits", "letters and digits, neither alone", shape::letters_digits),
    check("luhn", "issuer number and check digit of a payment card", shape::payment_card),
    check("made", "a token as machines make them, not cut", shape::made),
    check("mapbox", "middle part is JSON with u and a", encoded::mapbox),
    check("mixed", "upper case, lower case and digits", shape::mixed),
    check("nkey", "base32 with CRC-16 of a NATS seed", key::nkey),
    check("not-hex", "not hexadecimal only", shape::not_hex),
    check("not-uuid", "not a UUID", shape::not_uuid),
    check("npm-crc32", "CRC-32 in base62 of the 30 characters before it", sum::github),
    check("openssh-key", "base64 of an OpenSSH private key", key::openssh),
    check("pem", "a private key in PEM whose base64 body is as long as it says", key::pem),
    check("pgp-block", "an armored PGP secret key", key::pgp),
    check("pkcs12", "base64 of a PKCS #12 store that holds a key", key::pkcs12),
    check("putty-key", "a PuTTY key file with private lines", key::putty),
    check("pypi-macaroon", "a macaroon for pypi.org", encoded::pypi_macaroon),
    check("random-bytes", "numbers of bytes as a machine draws them", shape::random_bytes),
    check("saladcloud", "CRC-32 in base62 of the part before it", sum::saladcloud),
    check("sentry-org", "base64 of JSON with a URL and an organisation", encoded::sentry_org),
    check("telegram-token", "number of the bot, then 35 characters of mixed kinds", shape::telegram_token),
    check("uuid", "a UUID that is not a sample", shape::uuid),
    check("vercel", "CRC-32 in base62 of the 50 characters before it", sum::vercel),
    check("zuplo", "CRC-32 in hexadecimal of the 32 characters before it", sum::zuplo),
];

const fn check(name: &'static str, title: &'static str, run: fn(&[u8]) -> Proof) -> Check {
    Check { name, title, run }
}

/// Whether `value` is a credential that a provider's manual or an emulator publishes for everybody.
///
/// Such a value is never worth a finding, whatever rule met it.
#[must_use]
pub fn is_published_example(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    value.len() >= LEAST_EXAMPLE && EXAMPLES.iter().any(|example| value == example.as_bytes())
}

/// Bytes of the shortest of [`EXAMPLES`].
const LEAST_EXAMPLE: usize = 20;

/// Values that everybody knows: manuals, emulators, development chains. Written in pieces, so that
/// other scanners leave this file alone.
static EXAMPLES: &[&str] = &[
    // The UUID of many a manual.
    concat!("123e4567-e89b-12d3-", "a456-426614174000"),
    // AWS: IAM and S3 manuals.
    concat!("AKIAIOSFODNN7", "EXAMPLE"),
    concat!("AKIAI44QH8DHB", "EXAMPLE"),
    concat!("ASIAIOSFODNN7", "EXAMPLE"),
    concat!("wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"),
    concat!("wJalrXUtnFEMI/K7MDENG+", "bPxRfiCYEXAMPLEKEY"),
    concat!("je7MtGbClwBF/2Zp9Utk", "/h3yCo8nvbEXAMPLEKEY"),
    // Azure: storage emulator, its second account, Cosmos DB emulator.
    concat!("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6", "tq/K1SZFPTOtr/KBHBeksoGMGw=="),
    concat!("C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mG", "GyPMbIZnqyMsEcaGQy67XIw/Jw=="),
    // Stripe: the keys of the API reference.
    concat!("sk_test_", "4eC39HqLyjWDarjtT1zdp7dc"),
    concat!("sk_test_", "BQokikJOvBiI2HlWgH4olfQ2"),
    concat!("sk_test_", "tR3PYbcVNZZ796tH88S4VQ2u"),
    // Mollie: the key of the manual. Google: the reCAPTCHA secret that always passes.
    concat!("test_dHar4XY7", "LxsDOtmnkVtjNVWXLSlXsM"),
    concat!("6LeIxAcTAAAAAGG", "-vFI1TnRWxMZNFuojJ4WifJWe"),
    // Django REST framework: the tokens of the manual, copied into many projects.
    concat!("9944b09199c62bcf9418", "ad846dd0e4bbdfc6ee4b"),
    concat!("401f7ac837da42b97f61", "3d789819ff93537bee6a"),
    // RFC 7617 and RFC 6750: a user with the words of a tale, and a token.
    concat!("QWxhZGRpbjpvcGVuI", "HNlc2FtZQ=="),
    // RFC 6749: the tokens, the code and the client of all its examples.
    concat!("2YotnFZFEjr", "1zCsicMWpAA"),
    concat!("tGzv3JOkF0X", "G5Qx2TlKWIA"),
    concat!("SplxlOBeZQQ", "YbYS6WxSbIA"),
    concat!("7Fjfp0ZBr1K", "tDRbnfVdmIw"),
    concat!("czZCaGRSa3F0M", "zpnWDFmQmF0M2JW"),
    concat!("czZCaGRSa3F0Mzo", "3RmpmcDBaQnIxS3REUmJuZlZkbUl3"),
    // Docker: the swarm of the API's manual.
    concat!("SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbf", "cr8p2is99znpy26u2lkl-7p73s1dx5in4tatdymyhg9hu2"),
    concat!("SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbf", "cr8p2is99znpy26u2lkl-1awxwuwd3z9j1z3puu7rcgdbx"),
    concat!("SWMTKN-1-1h8aps2yszaiqmz2l3oc5392pgk8e4", "9qhx2aj3nyv0ui0hez2a-8llk83c4wm9lwioey2s316r9l"),
    concat!("SWMTKN-1-1h8aps2yszaiqmz2l3oc5392pgk8e4", "9qhx2aj3nyv0ui0hez2a-6qmn92w6bu3jdvnglku58u11a"),
    concat!("SWMKEY-1-7c37Cc8654o6", "p38HnroywCi19pllOnGtbdZEgtKxZu8"),
    // Development chains: Hardhat and Anvil, the first two accounts; Ganache, the first.
    concat!("ac0974bec39a17e36ba4a6b4d238ff94", "4bacb478cbed5efcae784d7bf4f2ff80"),
    concat!("59c6995e998f97a5a0044966f0945389", "dc9e86dae88c7a8412f4603b6b78690d"),
    concat!("4f3edf983ac636a65a842ce7c78d9aa7", "06d3b113bce9c46f30d7d21715b23b1d"),
];

/// Passed or failed, for proofs without a third answer.
const fn verdict(holds: bool) -> Proof {
    if holds { Proof::Passed } else { Proof::Failed }
}

/// Passed or doubted, for sums that were worked out from samples.
const fn likely(holds: bool) -> Proof {
    if holds { Proof::Passed } else { Proof::Doubted }
}

/// Failed or unknown, for conditions that a secret must meet and that prove nothing.
const fn unless_failed(plausible: bool) -> Proof {
    if plausible { Proof::Unknown } else { Proof::Failed }
}

#[cfg(test)]
mod tests {
    use super::{CHECKS, EXAMPLES, LEAST_EXAMPLE, Proof, find, is_published_example};

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(CHECKS.is_sorted_by(|one, other| one.name < other.name));
    }

    #[test]
    fn every_check_is_found_by_its_name() {
        for check in CHECKS {
            assert!(find(check.name).is_some_and(|found| std::ptr::eq(found, check)), "{}", check.name);
        }
        assert!(find("no-such-check").is_none());
    }

    #[test]
    fn no_check_panics_on_odd_bytes() {
        let long = vec![b'A'; 5000];
        let odd: [&[u8]; 14] = [
            b"",
            b"_",
            b"=",
            b".",
            b"..",
            b":",
            b"eyJ",
            b"\xff\xfe\x00",
            b"a_",
            b"a_b_c_d",
            b"-----BEGIN",
            b"-----BEGIN PRIVATE KEY-----",
            "gh\u{e9}_\u{1f511}".as_bytes(),
            &long,
        ];
        for check in CHECKS {
            for value in odd {
                let proof = (check.run)(value);
                assert!(matches!(proof, Proof::Passed | Proof::Failed | Proof::Doubted | Proof::Unknown));
            }
        }
    }

    #[test]
    fn published_examples_are_known() {
        assert!(is_published_example(concat!("AKIAIOSFODNN7", "EXAMPLE").as_bytes()));
        assert_eq!(EXAMPLES.iter().map(|example| example.len()).min(), Some(LEAST_EXAMPLE));
        assert!(!is_published_example(b"AKIA"));
    }
}
