//! Marks that fix how long a token is: one with such a mark and another length is cut, or mistyped.
//!
//! Read off the packs by a test, which holds this table to them. Must not say what has no mark.

/// A mark, how long tokens that begin with it are, the mark included (each a least and a greatest length), and of what the rest of
/// them is.
type Mark = (&'static str, &'static [(u16, u16)], Rest);

/// All marks, sorted.
static MARKS: &[Mark] = &[
    ("3MVG9", &[(35, 256)], Rest::Any),
    ("5aep861", &[(57, 257)], Rest::Any),
    ("ABSK", &[(84, 306)], Rest::Any),
    ("AGE-SECRET-KEY-1", &[(74, 74)], Rest::Letters),
    ("AIK_CI_", &[(27, 51), (75, 75)], Rest::Any),
    ("AIK_CLIENT_", &[(27, 51), (75, 75)], Rest::Any),
    ("AIK_SECRET_", &[(27, 51), (75, 75)], Rest::Any),
    ("AIza", &[(39, 39)], Rest::Any),
    ("AKIA", &[(20, 20)], Rest::Letters),
    ("AKID", &[(36, 36)], Rest::Letters),
    ("APP_USR-", &[(64, 81)], Rest::Any),
    ("AQ.Ab8", &[(53, 53)], Rest::Any),
    ("ASIA", &[(20, 20)], Rest::Letters),
    ("ATATT3", &[(35, 815)], Rest::Any),
    ("ATCTT3xFfG", &[(90, 820)], Rest::Any),
    ("AVNS_", &[(24, 24)], Rest::Any),
    ("BBDC-", &[(37, 67)], Rest::Any),
    ("BBFF-", &[(35, 43)], Rest::Letters),
    ("BBUS-", &[(35, 43)], Rest::Letters),
    ("CCDB1_", &[(69, 69)], Rest::Any),
    ("CCIPAT_", &[(68, 72)], Rest::Any),
    ("CCIPRJ_", &[(68, 72)], Rest::Any),
    ("CFPAT-", &[(49, 49)], Rest::Any),
    ("CLOJARS_", &[(68, 68)], Rest::Letters),
    ("EAACEdEose0cBA", &[(34, 814)], Rest::Letters),
    ("GOCSPX-", &[(35, 35)], Rest::Any),
    ("GR1348941", &[(29, 29)], Rest::Any),
    ("HRKU-", &[(41, 41), (65, 65)], Rest::Any),
    ("IQoJb3JpZ2lu", &[(112, 2014)], Rest::Any),
    ("LTAI", &[(16, 25)], Rest::Letters),
    ("PMAK-", &[(64, 64)], Rest::Any),
    ("PMAT-", &[(31, 31)], Rest::Letters),
    ("RGAPI-", &[(42, 42)], Rest::Any),
    ("SG.", &[(36, 100)], Rest::Any),
    ("STS.", &[(24, 68)], Rest::Letters),
    ("SWMKEY-1-", &[(49, 59)], Rest::Any),
    ("SWMTKN-1-", &[(85, 85)], Rest::Any),
    ("WPL_AP0.", &[(29, 39)], Rest::Any),
    ("WPL_AP1.", &[(29, 39)], Rest::Any),
    ("access-development-", &[(55, 55)], Rest::Any),
    ("aio_", &[(32, 32)], Rest::Letters),
    ("ak_live_", &[(38, 38)], Rest::Letters),
    ("akab-", &[(38, 38)], Rest::Any),
    ("alcht_", &[(36, 36)], Rest::Letters),
    ("amzn.mws.", &[(45, 45)], Rest::Any),
    ("api_org_", &[(42, 42)], Rest::Letters),
    ("apify_api_", &[(44, 48)], Rest::Any),
    ("apiuser-", &[(37, 37)], Rest::Any),
    ("apiv3_", &[(92, 92)], Rest::Any),
    ("bb_ma_", &[(36, 36)], Rest::Hex),
    ("bb_pr_", &[(36, 36)], Rest::Hex),
    ("bedrock-api-key-", &[(44, 3018)], Rest::Any),
    ("bkaa_", &[(45, 46), (58, 59)], Rest::Letters),
    ("bkaj_", &[(45, 46), (58, 59)], Rest::Letters),
    ("bkar_", &[(45, 46), (58, 59)], Rest::Letters),
    ("bkct_", &[(45, 46), (58, 59)], Rest::Letters),
    ("bkpat_", &[(45, 46), (58, 59)], Rest::Letters),
    ("bkps_", &[(45, 46), (58, 59)], Rest::Letters),
    ("bkpt_", &[(45, 46), (58, 59)], Rest::Letters),
    ("bkua_", &[(45, 46), (58, 59)], Rest::Letters),
    ("cfat_", &[(53, 53)], Rest::Letters),
    ("cfk_", &[(52, 52)], Rest::Letters),
    ("cfsk_ma_prod_", &[(54, 54)], Rest::Any),
    ("cfsk_ma_test_", &[(54, 54)], Rest::Any),
    ("cfut_", &[(53, 53)], Rest::Letters),
    ("cosmo_", &[(38, 38)], Rest::Hex),
    ("csa_", &[(40, 40)], Rest::Letters),
    ("csk-", &[(52, 52)], Rest::Letters),
    ("ctx7sk-", &[(43, 43)], Rest::Any),
    ("cxth_", &[(35, 35)], Rest::Letters),
    ("cxtp_", &[(35, 35)], Rest::Letters),
    ("cxtu_", &[(35, 35)], Rest::Letters),
    ("dG9rO", &[(54, 67)], Rest::Any),
    ("da2-", &[(30, 30)], Rest::Letters),
    ("dapi", &[(36, 36), (38, 38)], Rest::Any),
    ("dbtc_", &[(45, 65)], Rest::Any),
    ("dbtu_", &[(45, 65)], Rest::Any),
    ("dckr_oat_", &[(41, 41)], Rest::Any),
    ("dckr_pat_", &[(36, 36)], Rest::Any),
    ("ddo_", &[(40, 40)], Rest::Letters),
    ("ddp_", &[(40, 40)], Rest::Letters),
    ("ddw_", &[(40, 40)], Rest::Letters),
    ("dnkey-", &[(85, 85)], Rest::Any),
    ("dnsimple_a_", &[(43, 43)], Rest::Letters),
    ("dnsimple_u_", &[(43, 43)], Rest::Letters),
    ("doo_v1_", &[(71, 71)], Rest::Hex),
    ("dop_v1_", &[(71, 71)], Rest::Hex),
    ("dor_v1_", &[(71, 71)], Rest::Hex),
    ("dp.audit.", &[(49, 53)], Rest::Letters),
    ("dp.ct.", &[(46, 50)], Rest::Letters),
    ("dp.pt.", &[(46, 50)], Rest::Letters),
    ("dp.sa.", &[(46, 50)], Rest::Letters),
    ("dp.scim.", &[(48, 52)], Rest::Letters),
    ("dp.st.", &[(46, 86)], Rest::Any),
    ("duffel_live_", &[(55, 55)], Rest::Any),
    ("duffel_test_", &[(55, 55)], Rest::Any),
    ("dvc_client_", &[(19, 75)], Rest::Any),
    ("dvc_mobile_", &[(19, 75)], Rest::Any),
    ("dvc_server_", &[(19, 75)], Rest::Any),
    ("esecret_", &[(28, 48)], Rest::Letters),
    ("essu_", &[(45, 207)], Rest::Any),
    ("figd_", &[(43, 60)], Rest::Any),
    ("figo_", &[(43, 60)], Rest::Any),
    ("figoh_", &[(43, 60)], Rest::Any),
    ("figor_", &[(43, 60)], Rest::Any),
    ("figp_", &[(43, 60)], Rest::Any),
    ("figr_", &[(43, 60)], Rest::Any),
    ("figs_", &[(43, 60)], Rest::Any),
    ("figu_", &[(43, 60)], Rest::Any),
    ("fio-u-", &[(70, 70)], Rest::Any),
    ("flb_live_", &[(29, 73)], Rest::Letters),
    ("flb_test_", &[(29, 73)], Rest::Letters),
    ("flp_", &[(50, 50)], Rest::Letters),
    ("fo1_", &[(47, 47)], Rest::Any),
    ("gcntfy-", &[(82, 141)], Rest::Any),
    ("gho_", &[(40, 40)], Rest::Letters),
    ("ghp_", &[(40, 40)], Rest::Letters),
    ("ghr_", &[(40, 40), (80, 80)], Rest::Letters),
    ("ghs_", &[(40, 40), (94, 1925)], Rest::Any),
    ("ghu_", &[(40, 40)], Rest::Letters),
    ("github_pat_", &[(93, 93)], Rest::Any),
    ("glagent-", &[(58, 58)], Rest::Any),
    ("glc_", &[(36, 407)], Rest::Any),
    ("glcbt-", &[(26, 26), (28, 32), (43, 325)], Rest::Any),
    ("gldt-", &[(25, 25)], Rest::Any),
    ("glffct-", &[(27, 27)], Rest::Any),
    ("glft-", &[(25, 25), (27, 38)], Rest::Any),
    ("glimt-", &[(31, 31)], Rest::Any),
    ("gloas-", &[(70, 70)], Rest::Any),
    ("glpat-", &[(26, 26), (43, 319)], Rest::Any),
    ("glptt-", &[(46, 46)], Rest::Any),
    ("glrt-", &[(25, 25), (28, 28), (42, 321)], Rest::Any),
    ("glrtr-", &[(26, 26), (43, 319)], Rest::Any),
    ("glsa_", &[(46, 46)], Rest::Any),
    ("glsoat-", &[(27, 27)], Rest::Any),
    ("glwt-", &[(25, 25)], Rest::Any),
    ("gsk_", &[(28, 92)], Rest::Any),
    ("hcaik_", &[(64, 64)], Rest::Letters),
    ("hcalk_", &[(64, 64)], Rest::Letters),
    ("hcbik_", &[(64, 64)], Rest::Letters),
    ("hcblk_", &[(64, 64)], Rest::Letters),
    ("hcw_", &[(32, 32)], Rest::Letters),
    ("hcxik_", &[(64, 64)], Rest::Letters),
    ("hcxlk_", &[(64, 64)], Rest::Letters),
    ("hf_", &[(37, 37)], Rest::Letters),
    ("hvb.", &[(142, 504)], Rest::Any),
    ("hvr.", &[(28, 134)], Rest::Any),
    ("hvs.", &[(28, 28), (94, 134)], Rest::Any),
    ("ico-", &[(36, 36)], Rest::Letters),
    ("ion_", &[(46, 46)], Rest::Letters),
    ("jca_", &[(40, 40)], Rest::Letters),
    ("jina_", &[(65, 65)], Rest::Letters),
    ("jsrd_", &[(37, 69)], Rest::Letters),
    ("jsrp_", &[(37, 69)], Rest::Letters),
    ("k1.local", &[(24, 1824)], Rest::Any),
    ("k1.secret", &[(24, 1824)], Rest::Any),
    ("k2.local", &[(24, 1824)], Rest::Any),
    ("k2.secret", &[(24, 1824)], Rest::Any),
    ("k3.local", &[(24, 1824)], Rest::Any),
    ("k3.secret", &[(24, 1824)], Rest::Any),
    ("k4.local", &[(24, 1824)], Rest::Any),
    ("k4.secret", &[(24, 1824)], Rest::Any),
    ("lin_api_", &[(48, 48)], Rest::Letters),
    ("lin_oauth_", &[(74, 74)], Rest::Hex),
    ("lip_", &[(20, 64)], Rest::Any),
    ("llx-", &[(48, 56)], Rest::Any),
    ("lsv2_pt_", &[(51, 51)], Rest::Any),
    ("lsv2_sk_", &[(51, 51)], Rest::Any),
    ("mdb_sa_id_", &[(34, 34)], Rest::Hex),
    ("mdb_sa_sk_", &[(50, 50)], Rest::Any),
    ("mergify_application_key_", &[(64, 224)], Rest::Any),
    ("mlsn.", &[(35, 105)], Rest::Letters),
    ("napi_", &[(69, 69)], Rest::Letters),
    ("nfp_", &[(40, 40)], Rest::Letters),
    ("npm_", &[(40, 40)], Rest::Letters),
    ("nraa-", &[(32, 32)], Rest::Hex),
    ("nrak-", &[(32, 32)], Rest::Letters),
    ("nrii-", &[(37, 37)], Rest::Any),
    ("nriq-", &[(37, 37)], Rest::Any),
    ("nrra-", &[(47, 47)], Rest::Hex),
    ("nrt_", &[(44, 59)], Rest::Any),
    ("nsec1", &[(63, 63)], Rest::Letters),
    ("ntn_", &[(44, 255)], Rest::Any),
    ("nvapi-", &[(66, 76)], Rest::Any),
    ("nyk_", &[(71, 71)], Rest::Any),
    ("oa2-client-id_", &[(46, 46)], Rest::Any),
    ("odt_", &[(36, 268)], Rest::Any),
    ("openuv-", &[(25, 30)], Rest::Any),
    ("os_v2_app_", &[(113, 113)], Rest::Letters),
    ("os_v2_org_", &[(113, 113)], Rest::Letters),
    ("p8e-", &[(36, 36)], Rest::Any),
    ("packagist_ack_", &[(42, 110)], Rest::Hex),
    ("packagist_acs_", &[(78, 110)], Rest::Hex),
    ("packagist_ort_", &[(78, 86)], Rest::Hex),
    ("packagist_out_", &[(78, 86)], Rest::Hex),
    ("packagist_uut_", &[(42, 110)], Rest::Hex),
    ("pat-ap1-", &[(44, 44)], Rest::Any),
    ("pcsk_", &[(74, 75)], Rest::Any),
    ("pdl_live_apikey_", &[(69, 69)], Rest::Any),
    ("pdl_sdbx_apikey_", &[(69, 69)], Rest::Any),
    ("persona_production_", &[(36, 99)], Rest::Any),
    ("persona_sandbox_", &[(36, 99)], Rest::Any),
    ("pgar_", &[(32, 32)], Rest::Letters),
    ("pgax_", &[(32, 32)], Rest::Letters),
    ("phs_", &[(44, 54)], Rest::Any),
    ("phx_", &[(44, 54)], Rest::Any),
    ("pina_", &[(25, 205)], Rest::Any),
    ("pnb_", &[(40, 40)], Rest::Letters),
    ("pnu_", &[(40, 40)], Rest::Letters),
    ("polar_at_", &[(29, 111)], Rest::Any),
    ("polar_at_o_", &[(29, 111)], Rest::Any),
    ("polar_at_u_", &[(29, 111)], Rest::Any),
    ("polar_oat_", &[(29, 111)], Rest::Any),
    ("polar_pat_", &[(29, 111)], Rest::Any),
    ("pplx-", &[(45, 69)], Rest::Any),
    ("prf_", &[(24, 88)], Rest::Any),
    ("pscale_oauth_", &[(45, 77)], Rest::Any),
    ("pscale_pw_", &[(42, 74)], Rest::Any),
    ("pscale_tkn_", &[(43, 75)], Rest::Any),
    ("ptr_", &[(24, 64)], Rest::Any),
    ("pub-c-", &[(42, 42)], Rest::Any),
    ("pul-", &[(44, 44)], Rest::Letters),
    ("pypi-", &[(58, 1010)], Rest::Any),
    ("r8_", &[(40, 40)], Rest::Any),
    ("ramp_id_", &[(48, 48)], Rest::Letters),
    ("ramp_sec_", &[(57, 57)], Rest::Letters),
    ("rdme_", &[(75, 75)], Rest::Letters),
    ("rh-api-", &[(43, 43)], Rest::Any),
    ("rk_live_", &[(32, 42), (103, 128)], Rest::Letters),
    ("rk_prod_", &[(32, 42), (103, 128)], Rest::Letters),
    ("rk_test_", &[(32, 42), (103, 128)], Rest::Letters),
    ("rootly_", &[(71, 71)], Rest::Hex),
    ("rpa_", &[(34, 34), (50, 50)], Rest::Letters),
    ("rubygems_", &[(51, 61)], Rest::Letters),
    ("rzp_live_", &[(23, 23)], Rest::Letters),
    ("rzp_test_", &[(23, 23)], Rest::Letters),
    ("s-s4t2af-", &[(73, 73)], Rest::Hex),
    ("s-s4t2ud-", &[(73, 73)], Rest::Hex),
    ("salad_cloud_", &[(21, 260)], Rest::Any),
    ("samsara_api_", &[(38, 44)], Rest::Letters),
    ("sb_secret_", &[(41, 41)], Rest::Any),
    ("sbp_", &[(44, 44), (47, 47), (50, 50)], Rest::Any),
    ("scp-live-", &[(41, 41)], Rest::Letters),
    ("scp-test-", &[(41, 41)], Rest::Letters),
    ("sec-c-", &[(42, 42)], Rest::Any),
    ("sgd_", &[(68, 68)], Rest::Hex),
    ("sgp_", &[(44, 44), (50, 50), (61, 61), (68, 68)], Rest::Any),
    ("shippo_live_", &[(52, 52)], Rest::Hex),
    ("shippo_test_", &[(52, 52)], Rest::Hex),
    ("shltm_", &[(46, 46)], Rest::Any),
    ("shpat_", &[(38, 38), (44, 70)], Rest::Letters),
    ("shpca_", &[(38, 38), (44, 70)], Rest::Letters),
    ("shppa_", &[(38, 38), (44, 70)], Rest::Letters),
    ("shpss_", &[(38, 38), (44, 70)], Rest::Letters),
    ("shptka_", &[(39, 39), (45, 71)], Rest::Letters),
    ("sk-None-", &[(51, 167)], Rest::Any),
    ("sk-admin-", &[(51, 167)], Rest::Any),
    ("sk-lf-", &[(42, 42)], Rest::Any),
    ("sk-proj-", &[(51, 191)], Rest::Any),
    ("sk-service-", &[(51, 167)], Rest::Any),
    ("sk-svcacct-", &[(51, 191)], Rest::Any),
    ("sk_car_", &[(27, 47)], Rest::Any),
    ("sk_live_a2V5", &[(52, 134)], Rest::Any),
    ("sk_pr_", &[(48, 111)], Rest::Any),
    ("sk_test_a2V5", &[(52, 134)], Rest::Any),
    ("sl.", &[(80, 1505)], Rest::Any),
    ("slk_", &[(68, 68)], Rest::Hex),
    ("sm_aat_", &[(23, 23)], Rest::Letters),
    ("sm_pat_", &[(23, 23)], Rest::Letters),
    ("sm_sat_", &[(23, 23)], Rest::Letters),
    ("sntryu_", &[(71, 71)], Rest::Hex),
    ("snyk_sat.", &[(78, 279)], Rest::Any),
    ("snyk_uat.", &[(78, 279)], Rest::Any),
    ("spu-", &[(36, 36)], Rest::Letters),
    ("sq0atp-", &[(29, 29)], Rest::Any),
    ("sq0csp-", &[(50, 50)], Rest::Any),
    ("sqa_", &[(44, 44)], Rest::Letters),
    ("sqco_", &[(60, 69)], Rest::Any),
    ("sqp_", &[(44, 44)], Rest::Letters),
    ("squ_", &[(44, 44)], Rest::Letters),
    ("sub-c-", &[(42, 42)], Rest::Any),
    ("tfp_", &[(44, 64)], Rest::Any),
    ("tgp_v1_", &[(50, 50)], Rest::Any),
    ("thog-key-", &[(25, 25), (44, 44)], Rest::Any),
    ("thog-secret-", &[(25, 25), (44, 44)], Rest::Any),
    ("tk-us-", &[(54, 54)], Rest::Any),
    ("tkn.v1_", &[(79, 79)], Rest::Any),
    ("tskey-", &[(30, 83)], Rest::Any),
    ("tskey-api-", &[(49, 67)], Rest::Any),
    ("tskey-auth-", &[(50, 68)], Rest::Any),
    ("tskey-client-", &[(33, 77)], Rest::Any),
    ("tskey-scim-", &[(31, 75)], Rest::Any),
    ("tskey-webhook-", &[(34, 78)], Rest::Any),
    ("tss_", &[(24, 84)], Rest::Any),
    ("tvly-", &[(37, 58)], Rest::Any),
    ("ucat_", &[(29, 37)], Rest::Letters),
    ("unkey_", &[(26, 38)], Rest::Letters),
    ("v1.0-", &[(165, 185)], Rest::Any),
    ("v1.local.", &[(24, 4411)], Rest::Any),
    ("v1.public.", &[(24, 4411)], Rest::Any),
    ("v2.local.", &[(24, 4411)], Rest::Any),
    ("v2.public.", &[(24, 4411)], Rest::Any),
    ("v3.local.", &[(24, 4411)], Rest::Any),
    ("v3.public.", &[(24, 4411)], Rest::Any),
    ("v4.local.", &[(24, 4411)], Rest::Any),
    ("v4.public.", &[(24, 4411)], Rest::Any),
    ("vca_", &[(60, 60)], Rest::Any),
    ("vci_", &[(60, 60)], Rest::Any),
    ("vck_", &[(60, 60)], Rest::Any),
    ("vcp_", &[(60, 60)], Rest::Any),
    ("vcr_", &[(60, 60)], Rest::Any),
    ("vk1.a.", &[(86, 266)], Rest::Any),
    ("vtwn_", &[(25, 85)], Rest::Any),
    ("waka_", &[(41, 69)], Rest::Any),
    ("wandb_v1_", &[(86, 86)], Rest::Any),
    ("whsec_", &[(38, 78)], Rest::Any),
    ("xaat-", &[(41, 41)], Rest::Any),
    ("xai-", &[(74, 124)], Rest::Any),
    ("xapp-", &[(40, 44), (89, 100)], Rest::Any),
    ("xapt-", &[(41, 41)], Rest::Any),
    ("xau_", &[(40, 52)], Rest::Letters),
    ("xkeysib-", &[(89, 89)], Rest::Any),
    ("xnd_development_", &[(71, 88)], Rest::Any),
    ("xnd_production_", &[(71, 88)], Rest::Any),
    ("xoxa-", &[(13, 100)], Rest::Any),
    ("xoxb-", &[(32, 69)], Rest::Any),
    ("xoxc-", &[(96, 114)], Rest::Any),
    ("xoxd-", &[(85, 405)], Rest::Any),
    ("xoxe-", &[(153, 154)], Rest::Any),
    ("xoxe.xoxb-", &[(174, 178)], Rest::Any),
    ("xoxe.xoxp-", &[(174, 178)], Rest::Any),
    ("xoxo-", &[(13, 100)], Rest::Any),
    ("xoxp-", &[(37, 84)], Rest::Any),
    ("xoxr-", &[(13, 100)], Rest::Any),
    ("xoxs-", &[(13, 100)], Rest::Any),
    ("xsmtpsib-", &[(90, 90)], Rest::Any),
    ("ya29.", &[(25, 1029)], Rest::Any),
    ("zpka_", &[(46, 46)], Rest::Any),
];

/// What may stand behind a mark; each has what those before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rest {
    Hex,
    Letters,
    Any,
}

impl Rest {
    const fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Letters => byte.is_ascii_alphanumeric(),
            Self::Any => true,
        }
    }
}

/// Whether `value` begins with the mark of some provider and is no token of any whose mark it has.
pub(crate) fn is_cut(value: &[u8]) -> bool {
    let mut marked = false;
    for place in marks_of(value) {
        let (mark, lengths, rest) = MARKS[place];
        let fits =
            |&(least, most): &(u16, u16)| (usize::from(least)..=usize::from(most)).contains(&value.len());
        if lengths.iter().any(fits) && value[mark.len()..].iter().all(|&byte| rest.has(byte)) {
            return false;
        }
        marked = true;
    }
    marked && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Whether words follow the mark of some provider in `value`, or one block over and over: `glpat-put-the-token-in`.
pub(crate) fn is_said(value: &[u8]) -> bool {
    let Some(mark) = marks_of(value).map(|place| MARKS[place].0.len()).max() else { return false };
    let rest = &value[mark..];
    if repeats(rest) {
        return true;
    }
    let word = |part: &&[u8]| WORD.contains(&part.len()) && part.iter().all(u8::is_ascii_lowercase);
    let words = || rest.split(|byte| b"-_.".contains(byte)).filter(word);
    words().count() > 1 && words().map(<[u8]>::len).sum::<usize>() * 3 > rest.len() * 2
}

/// Whether a text is one block at least four times, the last of which may be cut.
fn repeats(text: &[u8]) -> bool {
    text.len() >= LEAST_REPEATED
        && (1..=text.len() / 4)
            .any(|period| text[period] == text[0] && text[period..] == text[..text.len() - period])
}

/// Least length of what repeats so that it is no accident.
const LEAST_REPEATED: usize = 16;

/// Letters of words that are put in place of a token.
const WORD: std::ops::RangeInclusive<usize> = 2..=14;

/// Places of the marks that `value` begins with, the shortest first.
fn marks_of(value: &[u8]) -> impl Iterator<Item = usize> {
    let head = value.first_chunk::<SHORTEST>().filter(|head| {
        let (part, bit) = place_of(**head);
        HEADS[part] & bit != 0
    });
    let from =
        head.map_or(MARKS.len(), |head| MARKS.partition_point(|(mark, ..)| mark.as_bytes() < &head[..]));
    let alike = move |place: &usize| head.is_some_and(|head| MARKS[*place].0.as_bytes().starts_with(head));
    (from..MARKS.len()).take_while(alike).filter(|&place| value.starts_with(MARKS[place].0.as_bytes()))
}

/// The bit of what a mark begins with.
const fn place_of([first, second, third]: [u8; SHORTEST]) -> (usize, u64) {
    let place = (first & 31) as usize | ((second & 31) as usize) << 5 | ((third & 7) as usize) << 10;
    (place / 64, 1 << (place % 64))
}

/// A bit for all that marks begin with: hardly a value begins so.
static HEADS: [u64; 128] = {
    let mut heads = [0; 128];
    let mut place = 0;
    while place < MARKS.len() {
        let mark = MARKS[place].0.as_bytes();
        let (part, bit) = place_of([mark[0], mark[1], mark[2]]);
        heads[part] |= bit;
        place += 1;
    }
    heads
};

/// Bytes of the shortest mark that is one.
const SHORTEST: usize = 3;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use regex_syntax::hir::{Class, Hir, HirKind};

    use super::*;
    use crate::rule::{Detector, builtin, pattern_syntax};

    /// Bytes of the longest mark that is one: longer ones are no marks of a provider.
    const LONGEST: usize = 24;

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
    /// Most lengths that are told apart.
    const LENGTHS: usize = 8;
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
            HirKind::Class(Class::Bytes(class)) => {
                let bytes: Vec<u8> = class.iter().flat_map(|range| range.start()..=range.end()).collect();
                if bytes.len() <= 6 {
                    (bytes.into_iter().map(|byte| vec![byte]).collect(), true)
                } else {
                    (vec![Vec::new()], false)
                }
            }
            HirKind::Class(Class::Unicode(class)) => {
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

    type Lengths = Vec<(u16, u16)>;

    /// Lengths of what `hir` matches, sorted, those that touch as one.
    fn lengths(hir: &Hir) -> Lengths {
        let whole = || {
            let least = hir.properties().minimum_len().unwrap_or(0).min(9999) as u16;
            let most = hir.properties().maximum_len().unwrap_or(9999).min(9999) as u16;
            vec![(least, most)]
        };
        let all = match hir.kind() {
            HirKind::Capture(capture) => lengths(&capture.sub),
            HirKind::Alternation(parts) => parts.iter().flat_map(lengths).collect(),
            HirKind::Concat(parts) => parts.iter().fold(vec![(0, 0)], |all: Lengths, part| {
                let next = lengths(part);
                let sum = |one: (u16, u16), two: &(u16, u16)| {
                    ((one.0 + two.0).min(9999), (one.1 + two.1).min(9999))
                };
                joined(all.iter().flat_map(|&one| next.iter().map(move |two| sum(one, two))).collect())
            }),
            HirKind::Repetition(repetition) if repetition.max == Some(1) && repetition.min == 0 => {
                lengths(&repetition.sub).into_iter().chain([(0, 0)]).collect()
            }
            _ => whole(),
        };
        let all = joined(all);
        if all.len() > LENGTHS { whole() } else { all }
    }

    fn joined(mut all: Lengths) -> Lengths {
        all.sort_unstable();
        let mut joined: Lengths = Vec::new();
        for (least, most) in all {
            match joined.last_mut() {
                Some(last) if least <= last.1 + 1 => last.1 = last.1.max(most),
                _ => joined.push((least, most)),
            }
        }
        joined
    }

    /// What `hir` matches is made of.
    fn rest(hir: &Hir) -> Rest {
        let of = |byte: u8| {
            [Rest::Hex, Rest::Letters].into_iter().find(|rest| rest.has(byte)).unwrap_or(Rest::Any)
        };
        let of_class = |class: &Class| match class {
            Class::Bytes(class) => class.iter().flat_map(|range| range.start()..=range.end()).map(of).max(),
            Class::Unicode(class) if class.is_ascii() => {
                class.iter().flat_map(|range| range.start()..=range.end()).map(|one| of(one as u8)).max()
            }
            Class::Unicode(_) => None,
        };
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Rest::Hex,
            HirKind::Literal(literal) => literal.0.iter().map(|&byte| of(byte)).max().unwrap_or(Rest::Any),
            HirKind::Class(class) => of_class(class).unwrap_or(Rest::Any),
            HirKind::Repetition(repetition) => rest(&repetition.sub),
            HirKind::Capture(capture) => rest(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                parts.iter().map(rest).max().unwrap_or(Rest::Any)
            }
        }
    }

    /// What stands in `part` behind the texts that it begins with.
    fn rest_behind_mark(part: &Hir) -> Rest {
        match part.kind() {
            HirKind::Concat(parts) => {
                let fixed = parts.iter().take_while(|part| begins(part).1).count();
                parts[fixed..].iter().map(rest).max().unwrap_or(Rest::Any)
            }
            _ => Rest::Any,
        }
    }

    /// The table that the packs make.
    fn table() -> BTreeMap<String, (Lengths, Rest)> {
        let mut table: BTreeMap<String, (Lengths, Rest)> = BTreeMap::new();
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
                let least = part.properties().minimum_len().unwrap_or(0);
                let part_lengths = lengths(part);
                let part_rest = rest_behind_mark(part);
                for mark in begins(part).0 {
                    let Ok(mark) = String::from_utf8(mark) else { continue };
                    let fixed = mark.len() < least;
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
                    let long = (SHORTEST..=LONGEST).contains(&mark.len());
                    if plain && fixed && telling && !common && !encoded && long {
                        let entry = table.entry(mark).or_insert((Vec::new(), Rest::Hex));
                        entry.0.extend(&part_lengths);
                        entry.1 = entry.1.max(part_rest);
                    }
                }
            }
        }
        for (lengths, _) in table.values_mut() {
            *lengths = joined(std::mem::take(lengths));
        }
        table
    }

    #[test]
    fn the_packs_have_these_marks() {
        let table = table();
        let written: Vec<_> =
            table.iter().map(|(mark, (lengths, rest))| (mark.as_str(), lengths.as_slice(), *rest)).collect();
        let lines: String = written
            .iter()
            .map(|(mark, lengths, rest)| format!("    ({mark:?}, &{lengths:?}, Rest::{rest:?}),\n"))
            .collect();
        assert!(written == MARKS, "the table should be\n{lines}");
    }

    #[test]
    fn a_token_of_another_length_is_cut() {
        let body = "q7XbT2mNvR8wLcY5hKfPzJ4dGs3EaU6iQo9t";
        assert!(!is_cut(concat!("gh", "p_q7XbT2mNvR8wLcY5hKfPzJ4dGs3EaU6iQo9t").as_bytes()));
        assert!(is_cut(concat!("gh", "p_q7XbT2mNvR8wLcY5hKfP").as_bytes()));
        assert!(is_cut(concat!("gh", "p_q7XbT2mNvR8wLcY5hKfPzJ4dGs3EaU6iQo9tq7XbT").as_bytes()));
        assert!(!is_cut(body.as_bytes()));
        assert!(is_cut(concat!("gh", "p_q7XbT2mNvR8wLcY5hK-PzJ4dGs3EaU6iQo9t").as_bytes()));
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
            (concat!("da", "pi4f7c4f7c4f7c4f7c4f7c4f7c4f7c4f7c"), true),
            (concat!("da", "pi4f7c0b9e2d61a8354f7c0b9e2d61a835"), false),
        ] {
            assert_eq!(is_said(value.as_bytes()), said, "{value}");
        }
    }
}
