//! Marks that fix how long a token is: one with such a mark and another length is cut, or mistyped.
//!
//! Read off the packs by a test, which holds this table to them. Must not say what has no mark.

/// A mark, the least and the greatest length of tokens that begin with it, the mark included. Sorted.
static MARKS: &[(&str, u16, u16)] = &[
    ("3MVG9", 35, 256),
    ("5aep861", 57, 257),
    ("ABSK", 84, 306),
    ("AGE-SECRET-KEY-1", 74, 74),
    ("AIK_CI_", 27, 75),
    ("AIK_CLIENT_", 27, 75),
    ("AIK_SECRET_", 27, 75),
    ("AIza", 39, 39),
    ("AKIA", 20, 20),
    ("AKID", 36, 36),
    ("APP_USR-", 64, 81),
    ("AQ.Ab8", 53, 53),
    ("ASIA", 20, 20),
    ("ATATT3", 26, 815),
    ("ATCTT3xFfG", 90, 820),
    ("AVNS_", 24, 24),
    ("BBDC-", 37, 67),
    ("BBFF-", 35, 43),
    ("BBUS-", 35, 43),
    ("CCDB1_", 69, 69),
    ("CCIPAT_", 68, 72),
    ("CCIPRJ_", 68, 72),
    ("CFPAT-", 49, 49),
    ("CLOJARS_", 68, 68),
    ("EAACEdEose0cBA", 34, 814),
    ("GOCSPX-", 35, 35),
    ("GR1348941", 29, 29),
    ("HRKU-", 41, 71),
    ("IQoJb3JpZ2lu", 112, 2014),
    ("LTAI", 16, 25),
    ("PMAK-", 64, 64),
    ("PMAT-", 31, 31),
    ("RGAPI-", 42, 42),
    ("SG.", 36, 100),
    ("STS.", 24, 68),
    ("SWMKEY-1-", 49, 59),
    ("SWMTKN-1-", 85, 85),
    ("WPL_AP0.", 29, 39),
    ("WPL_AP1.", 29, 39),
    ("access-development-", 55, 55),
    ("aio_", 32, 32),
    ("ak_live_", 38, 38),
    ("akab-", 38, 38),
    ("alcht_", 36, 36),
    ("amzn.mws.", 45, 45),
    ("api_org_", 42, 42),
    ("apify_api_", 44, 48),
    ("apiuser-", 37, 37),
    ("apiv3_", 92, 92),
    ("bb_ma_", 36, 36),
    ("bb_pr_", 36, 36),
    ("bedrock-api-key-", 44, 3018),
    ("bkaa_", 45, 70),
    ("bkaj_", 45, 70),
    ("bkar_", 45, 70),
    ("bkct_", 45, 70),
    ("bkpat_", 45, 70),
    ("bkps_", 45, 70),
    ("bkpt_", 45, 70),
    ("bkua_", 45, 70),
    ("cfat_", 53, 53),
    ("cfk_", 52, 52),
    ("cfsk_ma_prod_", 54, 54),
    ("cfsk_ma_test_", 54, 54),
    ("cfut_", 53, 53),
    ("cosmo_", 38, 38),
    ("csa_", 40, 40),
    ("csk-", 52, 52),
    ("ctx7sk-", 43, 43),
    ("cxth_", 35, 35),
    ("cxtp_", 35, 35),
    ("cxtu_", 35, 35),
    ("dG9rO", 55, 67),
    ("da2-", 30, 30),
    ("dapi", 36, 38),
    ("dbtc_", 45, 65),
    ("dbtu_", 45, 65),
    ("dckr_oat_", 36, 41),
    ("dckr_pat_", 36, 41),
    ("ddo_", 40, 40),
    ("ddp_", 40, 40),
    ("ddw_", 40, 40),
    ("dnkey-", 85, 85),
    ("dnsimple_a_", 43, 43),
    ("dnsimple_u_", 43, 43),
    ("doo_v1_", 71, 71),
    ("dop_v1_", 71, 71),
    ("dor_v1_", 71, 71),
    ("dp.audit.", 49, 53),
    ("dp.ct.", 46, 50),
    ("dp.pt.", 46, 50),
    ("dp.sa.", 46, 50),
    ("dp.scim.", 48, 52),
    ("dp.st.", 46, 86),
    ("duffel_live_", 55, 55),
    ("duffel_test_", 55, 55),
    ("dvc_client_", 19, 75),
    ("dvc_mobile_", 19, 75),
    ("dvc_server_", 19, 75),
    ("esecret_", 28, 48),
    ("essu_", 45, 207),
    ("figd_", 43, 60),
    ("figo_", 43, 60),
    ("figoh_", 43, 60),
    ("figor_", 43, 60),
    ("figp_", 43, 60),
    ("figr_", 43, 60),
    ("figs_", 43, 60),
    ("figu_", 43, 60),
    ("fio-u-", 70, 70),
    ("flb_live_", 29, 73),
    ("flb_test_", 29, 73),
    ("flp_", 50, 50),
    ("fo1_", 47, 47),
    ("gcntfy-", 82, 141),
    ("gho_", 40, 40),
    ("ghp_", 40, 40),
    ("ghr_", 40, 80),
    ("ghs_", 40, 1925),
    ("ghu_", 40, 40),
    ("github_pat_", 93, 93),
    ("glagent-", 58, 58),
    ("glc_", 36, 407),
    ("glcbt-", 26, 325),
    ("gldt-", 25, 25),
    ("glffct-", 27, 27),
    ("glft-", 25, 38),
    ("glimt-", 31, 31),
    ("gloas-", 70, 70),
    ("glpat-", 26, 319),
    ("glptt-", 26, 46),
    ("glrt-", 25, 321),
    ("glrtr-", 26, 319),
    ("glsa_", 46, 46),
    ("glsoat-", 27, 27),
    ("glwt-", 25, 25),
    ("gsk_", 28, 92),
    ("hcaik_", 64, 64),
    ("hcalk_", 64, 64),
    ("hcbik_", 64, 64),
    ("hcblk_", 64, 64),
    ("hcw_", 32, 32),
    ("hcxik_", 64, 64),
    ("hcxlk_", 64, 64),
    ("hf_", 37, 37),
    ("hvb.", 28, 504),
    ("hvr.", 28, 504),
    ("hvs.", 28, 504),
    ("ico-", 36, 36),
    ("ion_", 46, 46),
    ("jca_", 40, 40),
    ("jina_", 65, 65),
    ("jsrd_", 37, 69),
    ("jsrp_", 37, 69),
    ("k1.local", 24, 1824),
    ("k1.secret", 24, 1824),
    ("k2.local", 24, 1824),
    ("k2.secret", 24, 1824),
    ("k3.local", 24, 1824),
    ("k3.secret", 24, 1824),
    ("k4.local", 24, 1824),
    ("k4.secret", 24, 1824),
    ("lin_api_", 48, 48),
    ("lin_oauth_", 74, 74),
    ("lip_", 20, 64),
    ("llx-", 48, 56),
    ("lsv2_pt_", 51, 51),
    ("lsv2_sk_", 51, 51),
    ("mdb_sa_id_", 34, 34),
    ("mdb_sa_sk_", 50, 50),
    ("mergify_application_key_", 64, 224),
    ("mlsn.", 35, 105),
    ("napi_", 65, 73),
    ("nfp_", 40, 40),
    ("npm_", 40, 40),
    ("nraa-", 32, 32),
    ("nrak-", 32, 32),
    ("nrii-", 37, 37),
    ("nriq-", 37, 37),
    ("nrra-", 47, 47),
    ("nrt_", 44, 59),
    ("nsec1", 63, 63),
    ("ntn_", 44, 255),
    ("nvapi-", 66, 76),
    ("nyk_", 64, 77),
    ("oa2-client-id_", 46, 46),
    ("odt_", 36, 268),
    ("openuv-", 25, 30),
    ("os_v2_app_", 113, 113),
    ("os_v2_org_", 113, 113),
    ("p8e-", 36, 36),
    ("packagist_ack_", 42, 46),
    ("packagist_acs_", 78, 110),
    ("packagist_ort_", 78, 86),
    ("packagist_out_", 78, 86),
    ("packagist_uut_", 42, 110),
    ("pat-ap1-", 44, 44),
    ("pcsk_", 74, 75),
    ("pdl_live_apikey_", 69, 69),
    ("pdl_sdbx_apikey_", 69, 69),
    ("persona_production_", 36, 99),
    ("persona_sandbox_", 36, 99),
    ("pgar_", 32, 32),
    ("pgax_", 32, 32),
    ("phs_", 44, 54),
    ("phx_", 44, 54),
    ("pina_", 25, 205),
    ("pnb_", 40, 40),
    ("pnu_", 40, 40),
    ("polar_at_", 29, 111),
    ("polar_at_o_", 29, 111),
    ("polar_at_u_", 29, 111),
    ("polar_oat_", 29, 111),
    ("polar_pat_", 29, 111),
    ("pplx-", 45, 69),
    ("prf_", 24, 88),
    ("pscale_oauth_", 45, 77),
    ("pscale_pw_", 42, 74),
    ("pscale_tkn_", 43, 75),
    ("ptr_", 24, 64),
    ("pub-c-", 42, 42),
    ("pul-", 44, 44),
    ("pypi-", 58, 1010),
    ("r8_", 40, 40),
    ("ramp_id_", 48, 48),
    ("ramp_sec_", 57, 57),
    ("rdme_", 75, 75),
    ("rh-api-", 43, 43),
    ("rk_live_", 32, 128),
    ("rk_prod_", 24, 255),
    ("rk_test_", 32, 128),
    ("rootly_", 71, 71),
    ("rpa_", 34, 50),
    ("rubygems_", 51, 61),
    ("rzp_live_", 23, 23),
    ("rzp_test_", 23, 23),
    ("s-s4t2af-", 73, 73),
    ("s-s4t2ud-", 73, 73),
    ("salad_cloud_", 21, 260),
    ("samsara_api_", 38, 44),
    ("sb_secret_", 41, 41),
    ("sbp_", 44, 50),
    ("scp-live-", 41, 41),
    ("scp-test-", 41, 41),
    ("sec-c-", 42, 42),
    ("sgd_", 68, 68),
    ("sgp_", 44, 68),
    ("shippo_live_", 52, 52),
    ("shippo_test_", 52, 52),
    ("shltm_", 46, 46),
    ("shpat_", 38, 70),
    ("shpca_", 38, 70),
    ("shppa_", 38, 70),
    ("shpss_", 38, 70),
    ("shptka_", 39, 71),
    ("sk-None-", 51, 167),
    ("sk-admin-", 57, 165),
    ("sk-lf-", 42, 42),
    ("sk-proj-", 51, 191),
    ("sk-service-", 51, 167),
    ("sk-svcacct-", 51, 191),
    ("sk_car_", 27, 47),
    ("sk_live_a2V5", 52, 134),
    ("sk_pr_", 48, 111),
    ("sk_test_a2V5", 52, 134),
    ("sl.", 80, 1505),
    ("slk_", 68, 68),
    ("sm_aat_", 23, 23),
    ("sm_pat_", 23, 23),
    ("sm_sat_", 23, 23),
    ("sntryu_", 71, 71),
    ("snyk_sat.", 78, 279),
    ("snyk_uat.", 78, 279),
    ("spu-", 36, 36),
    ("sq0atp-", 29, 29),
    ("sq0csp-", 50, 50),
    ("sqa_", 44, 44),
    ("sqco_", 60, 69),
    ("sqp_", 44, 44),
    ("squ_", 44, 44),
    ("sub-c-", 42, 42),
    ("tfp_", 44, 68),
    ("tgp_v1_", 50, 50),
    ("thog-key-", 25, 44),
    ("thog-secret-", 25, 44),
    ("tk-us-", 54, 54),
    ("tkn.v1_", 79, 79),
    ("tskey-", 30, 83),
    ("tskey-api-", 30, 74),
    ("tskey-auth-", 31, 75),
    ("tskey-client-", 33, 77),
    ("tskey-scim-", 31, 75),
    ("tskey-webhook-", 34, 78),
    ("tss_", 24, 84),
    ("tvly-", 37, 58),
    ("ucat_", 29, 37),
    ("unkey_", 26, 38),
    ("v1.0-", 165, 185),
    ("v1.local.", 24, 4411),
    ("v1.public.", 24, 4411),
    ("v2.local.", 24, 4411),
    ("v2.public.", 24, 4411),
    ("v3.local.", 24, 4411),
    ("v3.public.", 24, 4411),
    ("v4.local.", 24, 4411),
    ("v4.public.", 24, 4411),
    ("vca_", 60, 60),
    ("vci_", 60, 60),
    ("vck_", 60, 60),
    ("vcp_", 60, 60),
    ("vcr_", 60, 60),
    ("vk1.a.", 86, 266),
    ("vtwn_", 25, 85),
    ("waka_", 41, 69),
    ("wandb_v1_", 86, 86),
    ("whsec_", 38, 78),
    ("xaat-", 41, 41),
    ("xai-", 74, 124),
    ("xapp-", 40, 100),
    ("xapt-", 41, 41),
    ("xau_", 40, 52),
    ("xkeysib-", 89, 89),
    ("xnd_development_", 71, 88),
    ("xnd_production_", 71, 88),
    ("xoxa-", 13, 100),
    ("xoxb-", 32, 69),
    ("xoxc-", 96, 114),
    ("xoxd-", 85, 405),
    ("xoxe-", 147, 187),
    ("xoxe.xoxb-", 152, 192),
    ("xoxe.xoxp-", 152, 192),
    ("xoxo-", 13, 100),
    ("xoxp-", 37, 84),
    ("xoxr-", 13, 100),
    ("xoxs-", 13, 100),
    ("xsmtpsib-", 90, 90),
    ("ya29.", 25, 1029),
    ("zpka_", 46, 46),
];

/// Whether `value` begins with the mark of some provider and is no token of any whose mark it has.
pub(crate) fn is_cut(value: &[u8]) -> bool {
    let mut marked = false;
    for place in marks_of(value) {
        let (_, least, most) = MARKS[place];
        if (usize::from(least)..=usize::from(most)).contains(&value.len()) {
            return false;
        }
        marked = true;
    }
    marked && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Whether words follow the mark of some provider in `value`: `glpat-put-the-token-in`.
pub(crate) fn is_said(value: &[u8]) -> bool {
    let Some(mark) = marks_of(value).map(|place| MARKS[place].0.len()).max() else { return false };
    let rest = &value[mark..];
    let word = |part: &&[u8]| WORD.contains(&part.len()) && part.iter().all(u8::is_ascii_lowercase);
    let words = || rest.split(|byte| b"-_.".contains(byte)).filter(word);
    words().count() > 1 && words().map(<[u8]>::len).sum::<usize>() * 3 > rest.len() * 2
}

/// Letters of words that are put in place of a token.
const WORD: std::ops::RangeInclusive<usize> = 2..=14;

/// Places of the marks that `value` begins with, the shortest first.
fn marks_of(value: &[u8]) -> impl Iterator<Item = usize> {
    let known = value.get(..SHORTEST).is_some_and(|head| {
        let from = MARKS.partition_point(|(mark, ..)| mark.as_bytes() < head);
        MARKS.get(from).is_some_and(|(mark, ..)| mark.as_bytes().starts_with(head))
    });
    // The marks of a value are among those up to it.
    let lengths = if known { SHORTEST..value.len().min(LONGEST) + 1 } else { 0..0 };
    lengths
        .filter_map(|length| MARKS.binary_search_by(|(mark, ..)| mark.as_bytes().cmp(&value[..length])).ok())
}

/// Bytes of the shortest mark that is one, and of the longest.
const SHORTEST: usize = 3;
const LONGEST: usize = 24;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use regex_syntax::hir::{Hir, HirKind};

    use super::*;
    use crate::rule::{Detector, builtin, pattern_syntax};

    /// Words that tokens of many kinds begin with.
    const COMMON: &[&str] = &[
        "access",
        "act",
        "api",
        "apikey",
        "apk",
        "app",
        "auth",
        "cog",
        "dal",
        "eu",
        "fra",
        "hawk",
        "key",
        "live",
        "mob",
        "na",
        "oauth",
        "pat",
        "pk",
        "prd",
        "pri",
        "private",
        "prod",
        "production",
        "project",
        "pub",
        "public",
        "rnd",
        "sandbox",
        "sat",
        "sbx",
        "sdk",
        "secret",
        "server",
        "sk",
        "skey",
        "south",
        "stage",
        "test",
        "token",
        "us",
        "user",
        "web",
        "west",
    ];
    /// Short marks that everybody knows.
    const KNOWN: &[&str] =
        &["ABSK", "AIza", "AKIA", "AKID", "ASIA", "LTAI", "SG.", "dapi", "hf_", "r8_", "sk-", "sl."];
    /// Most marks that one expression may have.
    const MOST: usize = 24;

    /// What the texts that `hir` matches begin with, and whether that is all of them.
    fn begins(hir: &Hir) -> (Vec<Vec<u8>>, bool) {
        match hir.kind() {
            HirKind::Literal(literal) => (vec![literal.0.to_vec()], true),
            HirKind::Capture(capture) => begins(&capture.sub),
            HirKind::Concat(parts) => {
                let mut all = vec![Vec::new()];
                for part in parts {
                    let (next, whole) = begins(part);
                    if all.len() * next.len() > MOST || next.is_empty() {
                        return (all, false);
                    }
                    all = all
                        .iter()
                        .flat_map(|one| next.iter().map(move |two| [&one[..], two].concat()))
                        .collect();
                    if !whole {
                        return (all, false);
                    }
                }
                (all, true)
            }
            HirKind::Alternation(parts) => {
                let all: Vec<_> = parts.iter().map(begins).collect();
                let whole = all.iter().all(|(_, whole)| *whole);
                (all.into_iter().flat_map(|(one, _)| one).collect(), whole)
            }
            HirKind::Class(regex_syntax::hir::Class::Bytes(class)) => {
                let bytes: Vec<u8> = class.iter().flat_map(|range| range.start()..=range.end()).collect();
                if bytes.len() <= 6 {
                    (bytes.into_iter().map(|byte| vec![byte]).collect(), true)
                } else {
                    (vec![Vec::new()], false)
                }
            }
            HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
                let count: usize =
                    class.iter().map(|range| range.end() as usize - range.start() as usize + 1).sum();
                if count > 6 || !class.is_ascii() {
                    return (vec![Vec::new()], false);
                }
                (
                    class
                        .iter()
                        .flat_map(|range| range.start()..=range.end())
                        .map(|one| vec![one as u8])
                        .collect(),
                    true,
                )
            }
            _ => (vec![Vec::new()], hir.properties().maximum_len() == Some(0)),
        }
    }

    fn group(hir: &Hir) -> Option<&Hir> {
        match hir.kind() {
            HirKind::Capture(capture) => Some(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().find_map(group),
            HirKind::Repetition(repetition) => group(&repetition.sub),
            _ => None,
        }
    }

    /// The table that the packs make.
    fn table() -> BTreeMap<String, (u16, u16)> {
        let mut table: BTreeMap<String, (u16, u16)> = BTreeMap::new();
        for rule in builtin().iter().filter(|rule| rule.risk.number() == 1) {
            // A mark in other letters than the packs have it is left to the rules.
            let expression = match &rule.detector {
                Detector::Pattern(pattern) => format!("({})", pattern.regex),
                Detector::Bound(bound) => format!("({})", bound.value),
                _ => continue,
            };
            let is_pattern = matches!(rule.detector, Detector::Pattern(_));
            let Ok(hir) = regex_automata::util::syntax::parse_with(&expression, &pattern_syntax(false))
            else {
                continue;
            };
            let Some(whole) = group(&hir) else { continue };
            let token = if is_pattern { group(whole).unwrap_or(whole) } else { whole };
            let parts: Vec<&Hir> = match token.kind() {
                HirKind::Alternation(parts) => parts.iter().collect(),
                _ => vec![token],
            };
            for part in parts {
                let least = part.properties().minimum_len().unwrap_or(0).min(9999) as u16;
                let most = part.properties().maximum_len().unwrap_or(9999).min(9999) as u16;
                for mark in begins(part).0 {
                    let Ok(mark) = String::from_utf8(mark) else { continue };
                    let fixed = mark.len() < usize::from(least);
                    let telling = mark.len() > 3
                        && (mark.ends_with(['-', '_', '.'])
                            || mark.len() >= 5 && mark.bytes().any(|byte| byte.is_ascii_digit()))
                        || KNOWN.contains(&&*mark);
                    let plain =
                        mark.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
                    let common = mark
                        .split(|byte: char| !byte.is_ascii_alphanumeric())
                        .map(|word| word.trim_end_matches(|byte: char| byte.is_ascii_digit()))
                        .all(|word| word.is_empty() || COMMON.contains(&&*word.to_ascii_lowercase()));
                    let encoded = mark.starts_with("eyJ");
                    if plain
                        && fixed
                        && telling
                        && !common
                        && !encoded
                        && (SHORTEST..=LONGEST).contains(&mark.len())
                    {
                        let entry = table.entry(mark).or_insert((least, most));
                        *entry = (entry.0.min(least), entry.1.max(most));
                    }
                }
            }
        }
        table
    }

    #[test]
    fn the_packs_have_these_marks() {
        let table = table();
        let written: Vec<_> =
            table.iter().map(|(mark, &(least, most))| (mark.as_str(), least, most)).collect();
        let lines: String =
            written.iter().map(|(mark, least, most)| format!("    ({mark:?}, {least}, {most}),\n")).collect();
        assert!(written == MARKS, "the table should be\n{lines}");
    }

    #[test]
    fn a_token_of_another_length_is_cut() {
        let body = "q7XbT2mNvR8wLcY5hKfPzJ4dGs3EaU6iQo9t";
        assert!(!is_cut(concat!("gh", "p_q7XbT2mNvR8wLcY5hKfPzJ4dGs3EaU6iQo9t").as_bytes()));
        assert!(is_cut(concat!("gh", "p_q7XbT2mNvR8wLcY5hKfP").as_bytes()));
        assert!(is_cut(concat!("gh", "p_q7XbT2mNvR8wLcY5hKfPzJ4dGs3EaU6iQo9tq7XbT").as_bytes()));
        assert!(!is_cut(body.as_bytes()));
    }

    #[test]
    fn words_behind_a_mark_are_no_token() {
        for (value, said) in [
            (concat!("glpat", "-put-the-token-in-here"), true),
            (concat!("sk-proj", "-your-key-goes-here-and-not-elsewhere-at-all"), true),
            (concat!("glsoat", "-session_default-gate"), true),
            (concat!("glpat", "-token"), false),
            (concat!("glpat", "-a-secret-XZ7q_1mkT0bW9"), false),
            (concat!("dp.st", ".dev_backend.q7XbT2mNvR8wLcY5hKfPzJ4dGs3EaU6iQo9tq7Xb"), false),
            ("put-the-token-in-here", false),
        ] {
            assert_eq!(is_said(value.as_bytes()), said, "{value}");
        }
    }
}
