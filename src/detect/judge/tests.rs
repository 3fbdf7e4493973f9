//! Values that are secrets, and values that are not.

use super::*;
use crate::{
    detect::{
        assignment::{self, Behind},
        study,
    },
    rule::ODDS,
    text::Span,
};

/// Whether the value given to the name with `keyword` is reported by default; what is not as expected.
fn wrong(path: &str, text: &str, keyword: &str, classifier: Classifier, expected: bool) -> Option<String> {
    let bytes = text.as_bytes();
    let at = text.to_ascii_lowercase().find(keyword).unwrap();
    let hit = Span::new(at, at + keyword.len());
    let line = study::window(bytes, hit);
    let mut found = Vec::new();
    assignment::find(bytes, line, hit, &mut found);
    let ask = Ask { keyword: hit.of(bytes), classifier, place: Place::of(path.as_bytes()), odds: ODDS };
    let best = found.iter().filter_map(|one| judge(bytes, line, one, ask)).map(|one| one.confidence).max();
    ((best >= Some(Confidence::Medium)) != expected).then(|| format!("{path}: {text}: {best:?}"))
}

/// What is thought of the first value that `text` gives to a name with the keyword.
fn seen(path: &str, text: &str, keyword: &str, classifier: Classifier) -> Option<Verdict> {
    let start = text.find(keyword).or_else(|| text.to_ascii_lowercase().find(keyword))?;
    let hit = Span::new(start, start + keyword.len());
    let keyword = &text[start..start + keyword.len()];
    let line = study::window(text.as_bytes(), hit);
    let mut found = Vec::new();
    assignment::find(text.as_bytes(), line, hit, &mut found);
    let ask = Ask { keyword: keyword.as_bytes(), classifier, place: Place::of(path.as_bytes()), odds: ODDS };
    found.first().map(|one| verdict(text.as_bytes(), line, one, ask))
}

#[test]
fn members_of_a_document_that_say_who_are_not_the_secret() {
    for (text, told) in [
        (
            r#"token = "{\"name\":\"root\",\"sig\":\"427d6803b78311e68afd0242ac130006\"}""#,
            vec!["427d6803b78311e68afd0242ac130006"],
        ),
        (
            r#"token = '{"id": "zk81Qm2w", "value": "q7XbT2mNvR8wLcY5hKfPzJ4dGs"}'"#,
            vec!["q7XbT2mNvR8wLcY5hKfPzJ4dGs"],
        ),
        (r#"token = '{"key": "q7XbT2mNvR8wLcY5hKfPzJ4dGs"}'"#, vec!["q7XbT2mNvR8wLcY5hKfPzJ4dGs"]),
    ] {
        let (bytes, line) = (text.as_bytes(), Span::new(0, text.len()));
        let hit = Span::new(0, "token".len());
        let mut found = Vec::new();
        assignment::find(bytes, line, hit, &mut found);
        let place = Place::of(b"a.js");
        let ask = Ask { keyword: b"token", classifier: Classifier::Token, place, odds: ODDS };
        let seen = found.iter().filter(|one| one.nested && judge(bytes, line, one, ask).is_some());
        assert_eq!(
            seen.map(|one| one.value.of(bytes)).collect::<Vec<_>>(),
            told.iter().map(|told| told.as_bytes()).collect::<Vec<_>>(),
            "{text}"
        );
    }
}

#[test]
fn passwords() {
    let cases = [
        ("a.py", r#"password = "Tr0ub4dor&3""#, true),
        ("a.py", r#"password = "sunshine""#, true),
        ("a.py", "password = other_value1", false),
        ("a.py", r#"password = "Enter your password""#, false),
        ("a.py", r#"password_field = "sunshine4""#, false),
        ("a.py", r#"password = "password""#, false),
        ("a.py", r#"password = "changeme""#, false),
        ("a.py", r#"password = "${DB_PASS}""#, false),
        ("a.yml", "password: Tr0ub4dor3", true),
        ("a.yml", "password: sunshine", true),
        ("a.yml", "password: {{ vault_pw }}", false),
        ("a.py", r#"("username", "password", "message")"#, false),
        ("a.py", r#"for word in ["password", "kestrel", "heron"]"#, false),
        ("a.py", r#"pairs = [["password", "kestrel"]]"#, true),
        ("a.json", r#""keywords": ["password", "hashing"]"#, false),
        ("package-lock.json", r#""gopassword": "^5.0.0 || ^6.0.2 || ^7.0.0""#, false),
        ("yarn.lock", r#""gopassword": "npm:^5.0.0 || ^6.0.2""#, false),
        ("fixtures.json", r#""password": "md5$seasalt$1e9bf2bf5606aa5c39852cc30f0f6f22""#, false),
        ("a.cs", r#"_passwordSendGuid = Guid.Parse("da36fa27-f0e8-4701-a585-d3d8c2f67c4b")"#, false),
        ("a.cs", r#"MasterPasswordHash = "c55hlJ/cfdvTd4awTXUqow6X3cOQCfGwn11o3HblnPs=""#, false),
        ("a.py", r#"FIELDS = ["db", "password", "correct-horse-battery"]"#, false),
        ("a.ts", r#"PasswordManager = "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4""#, false),
        (
            "a.go",
            r#"[]string{"administrator_login_password", "azuread_administrator.0.azuread_only"}"#,
            false,
        ),
        ("a.php", "'password' => 'required|alpha_dash|string|max:255'", false),
        ("a.php", "'password' => ['required', 'confirmed', Password::defaults()]", false),
        ("a.php", "form(['name' => 'password', 'autocomplete' => 'new-password2'])", false),
        ("a.js", r#"["isTestEnv","injectNpmPassword","injectNpm2FaToken","zipData"]"#, false),
        ("a.cs", r#"var password = $"Initial{number}Secret9";"#, false),
        (".env", "MSSQL_PASSWORD=SET_A_PASSWORD_HERE_123", false),
        ("a.go", r#"passwordArg := regexp.MustCompile("^-{1,2}(user|pass|auth)(=.*)?$")"#, false),
        ("A.java", r#"PASSWORD_CIPHER_DEFAULT = "AES/CBC/PKCS5Padding""#, false),
        ("a.py", r#"connect("host", "password", "k1estrel982")"#, true),
        ("a.py", r#"put("password", "kestrel982")"#, true),
        ("a.py", r#"run("tool", "--password", "kestrel")"#, true),
        ("a.rb", r#"attach("../etc/passwd", "kestrel9")"#, false),
        ("a.c", r#"puts("db://u:PASSWORD@localhost:6379/0");"#, false),
        ("a.go", r#"password: "i-am-invalid""#, false),
        ("a.go", r#"password: "s3cr3t""#, true),
        ("a.php", r#""POSTGRES_PASSWORD" => "postgres""#, false),
        ("a.txt", "user password:digest", false),
        ("config/locales/de.yml", "password: 'Passwort'", false),
        ("config_sv_SE.properties", "Password=L\u{f6}senord", false),
        ("config_sv_SE.properties", "Password=kestrel982", true),
    ];
    let wrong: Vec<_> = cases
        .into_iter()
        .filter_map(|(path, text, expected)| wrong(path, text, "passw", Classifier::Password, expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn tokens() {
    let cases = [
        ("a.js", r#"apiKey: "k3Jx9Qm2Vt7Rb4Wn8Zc1""#, true),
        ("a.js", r#"apiKey: "configurationManager""#, false),
        ("a.js", r#"apiKeyName: "k3Jx9Qm2Vt7Rb4Wn8Zc1""#, false),
        ("a.js", r#"publicApiKey: "k3Jx9Qm2Vt7Rb4Wn8Zc1""#, false),
        ("a.js", r#"apiKey: "a-name-of-a-thing-1""#, false),
        ("a.js", r#"apiKey: "12345678901234567890""#, false),
        ("a.go", "apiKey = [...]uint16{0, 4, 16, 25, 39, 53, 167, 281, 394, 112, 129, 14}", false),
        ("a.go", "apiKey = []byte{0, 4, 16, 25, 39, 53, 167, 81, 194, 112, 129, 14, 222, 7, 91, 83}", true),
        ("a.go", r#""apiKey", "Q3XY3UQ867SPQQB43P2F/20210315/us-east-1/s3/aws4_request""#, false),
        ("a.js", r#"apiKey: "A1B2C3D4E5F6G7H8I9J0""#, false),
        ("a.js", r#"apiKey: "a1b2c3d4-e5f6-7890-abcd-ef1234567890""#, false),
        ("a.js", r#"apiKey: "a1b2c3k9wq7xm2vt4rb8wn5zc1""#, true),
        ("a.js", r#"apiKey: "bca4ef0123756789bca4ef0123756789""#, false),
        ("a.js", r#"csrf_apikey: "k3Jx9Qm2Vt7Rb4Wn8Zc1""#, false),
    ];
    let wrong: Vec<_> = cases
        .into_iter()
        .filter_map(|(path, text, expected)| wrong(path, text, "apikey", Classifier::Token, expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_far_below_is_seen_early_and_what_is_not_is_summed_up() {
    let mut state = 3_u64;
    for _ in 0..20_000 {
        let features: features::Features = std::array::from_fn(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if state >> 62 == 0 { (state >> 33) as i16 % 1000 } else { (state >> 40) as i16 & 1 }
        });
        let score = model::score(&features);
        for least in [-4000, -1000, -500, -250, 0, score, score + 1] {
            assert_eq!(model::score_from(&features, least), (score >= least).then_some(score));
        }
    }
}

#[test]
fn names_stand_in_lists_not_in_calls() {
    let seen = |text: &str| seen("a.ps1", text, "passw", Classifier::Password);
    assert!(matches!(
        seen(r#"create("user", "password", "NetCredentialsOnly", "x")"#),
        Some(Verdict::Odds(_))
    ));
    for text in [
        r#"["user", "password", "NetCredentialsOnly", "x"]"#,
        r#"{"a", f(1), "password", "net_credentials_only"}"#,
    ] {
        assert_eq!(seen(text), Some(Verdict::Known(Known::ListOfNames)), "{text}");
    }
}

#[test]
fn types_and_modules_are_no_tokens() {
    let cases = [
        ("a.json", r#""minipass": "k3Jx9Qm2""#, "pass\"", false),
        (
            "a.kt",
            "Public Key: d107beecc17325f55da976bcbab207ba4df68bd3f8fce7c3b5850311128264fd",
            "key",
            false,
        ),
        ("a.sh", "curl --token @%SRCDIR/data/data-httpsig-ed25519.key", "token", false),
        ("a.sh", r#"GSSAPI_INCS=`$PKGCONFIG --cflags mit-krb5-gssapi`"#, "api_", false),
        ("a.sh", r#"TOKEN=`$PKGCONFIG --cflags mit-krb5-gssapi2`"#, "token", false),
        ("a.http", r#"Authorization: Digest username="fddc3bc7b753b73ab0848fd83cb20cbb""#, "auth", false),
        ("a.txt", r#"[rspauth=81f903eb4823ae922db5f04cb58ccdeb]"#, "auth", false),
        ("a.txt", "x?token=%2Fvar%2Fssl%2Fprivate%2Fworker-key.pem", "token", false),
        (
            "a.json",
            r#""sha3_256_hash_of_signing_key": "af98fdf9fd9bcf1f44c424a15c54a0dd26073f26bfdb32c1""#,
            "key",
            false,
        ),
        ("a.go", r#"{nkey: "UBO2MQV67TQTVIRV3XFTEZOACM4WLOCMCDMAWN5QVN5PI2N6JHTVDRON"}"#, "nkey", false),
        ("a.py", r#"TAG_KEY = re.compile(r"[A-Za-z]([A-Za-z0-9]{0,61}x12)?")"#, "key", false),
        ("a.csproj", "<UserSecretsId>e0dba0c6-d131-43bd-9143-2260f11a14ad</UserSecretsId>", "secret", false),
        ("a.yml", r#"secrets: "SIGNING-CERT-ID,SIGNING-CERT-KEY""#, "secret", false),
        (
            "a.json",
            r#""S3Key": "serverless/dlq/1701682216701-2023-12-04T09:30:16.701Z/dlq.zip""#,
            "key",
            false,
        ),
        ("a.http", "Authorization: AWS4-HMAC-SHA256 Credential=x", "auth", false),
        ("a.json", r#""RUNTIME_TOKEN": "<xray-daemon-address:1>:9001""#, "token", false),
        (
            "a.gradle",
            r#"implementation "com.google.auth:google-auth-library-oauth2-http:1.42.1""#,
            "auth",
            false,
        ),
        ("a.json", r#""NextToken": "9f4d9f69-275a-41fe-b58e-2b837bd9ba48""#, "token", false),
        ("a.py", "EMRFS_SSE_KEY = 'fs.s3.enableServerSideEncryption'", "key", false),
        (
            "a.yml",
            "provider: arn:aws:secretsmanager:us-east-1:123456789012:secret:oauth-creds2",
            "secret:",
            false,
        ),
        ("a.swift", r#"webSocketRequestKey = "OfS0wDaT5NoxF2gqm7Zj2YtetzM=""#, "key", false),
        ("a.go", r#"Path = "/valid-token?token=" + jwt.TokenIssuer1 + "&second=1""#, "token=", false),
        ("a.json", r#""token_at": "2024-01-01T00:00:00Z""#, "token", false),
        ("a.py", r#"{"authorization": "Basic dXNlcm5hbWU6cGFzc3dvcmQ="}"#, "auth", false),
        (
            "a.go",
            "Cookies = &ID{0x2b0f765d, 0xc0e9, 0x4171, 8, 14, 17, 166, 17, 99, 79, 89}",
            "cookies",
            false,
        ),
        ("a.go", r#"token = "cGxhY2Vob2xkZXIxIQ==""#, "token", false),
        ("a.go", "TokenAlg = oidc.SigningAlgSomethingUsingP384AndSHA384", "token", false),
        ("a.go", "Token = oidc.SigningAlgSomethingUsingP384AndSHA384", "token", false),
        ("a.go", "// Token = q7Xb2mN3vR8wL1cY5hK6f.q7Xb2mN3vR8wL1cY5hK6f", "token", true),
        ("a.go", r#"tableOAuth2ConsentPreConfiguration = "oauth2_consent_preconfiguration""#, "auth", false),
        (
            "a.json",
            r#""url":"otptoken://totp/:john?algorithm=SHA1\u0026digits=6\u0026issuer=""#,
            "token",
            false,
        ),
        ("a.yml", "token_endpoint_alg: 'A128CBC-HS256'", "token", false),
        ("a.yml", "token_scopes: 'read:q7Xb2mN3vR8wL1cY5h'", "token", false),
        ("a.py", r#""webhook": "V1WebhookConversion""#, "webhook", false),
        ("a.py", r#""webhooks": "List[V1MutatingWebhook]""#, "webhook", false),
        ("a.java", r#""token": "Map<String, SecretKey>""#, "token", false),
        ("a.py", r#""V1TokenReview": ".models.v1_token_review""#, "token", false),
        ("a.py", r#"TOKEN_GROUP = "metrics.k8s.example""#, "token", false),
        ("a.py", r#"token = "webhookV1k3Jx9Qm2Vt7Rb4Wn8Zc1""#, "token", true),
        ("a.py", r#"token = "QTokenk3Jx9Qm2Vt7Rb4Wn8Zc1""#, "token", true),
        ("a.py", r#"token = "k3jx9qm2vt7.rb4wn8zc1.x8dq""#, "token", true),
    ];
    let wrong: Vec<_> = cases
        .into_iter()
        .filter_map(|(path, text, keyword, expected)| wrong(path, text, keyword, Classifier::Token, expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(form::is_password_hash(b"pbkdf2:sha256:600000$x$0123"));
}

#[test]
fn placeholders() {
    for value in [
        "xxxxxxxxxxxx",
        "AKIAIOSFODNN7EXAMPLE",
        "********",
        "your_token_here",
        "abcdefghijkl",
        "1234567890",
        "1111111111:bab-AB_1abab1baab1",
        "acme01.A7A7A7A7A7A7A7A7A7A7.A7A7A7A7A7A7A7A7A7A7A7A7",
    ] {
        assert!(is_placeholder(value.as_bytes()), "{value}");
    }
    for value in ["k3Jx9Qm2Vt7Rb4Wn8Zc1", "Tr0ub4dor&3", "+/!-ab1.,;:?(_)#"] {
        assert!(!is_placeholder(value.as_bytes()), "{value}");
    }
}

#[test]
fn tokens_of_words_are_told_from_made_ones() {
    for value in ["acme_defaultCustomerContextHandler", "/acme-preferencesResolverAcc"] {
        assert!(is_worded(value.as_bytes()), "{value}");
    }
    for value in ["acme_k3Jx9Qm2Vt7Rb4Wn8Zc1", "acme_kjxqmvtrbwnzcHQzXkWvJqYp", "acme_default", "Tr0ub4dor&3"]
    {
        assert!(!is_worded(value.as_bytes()), "{value}");
    }
}

#[test]
fn settings_that_hide_nothing() {
    for value in [
        "",
        "changeme",
        "xxxxxxxx",
        "${TOKEN}",
        "{{ token }}",
        "vault:prod/db",
        "op://infra/acme/key",
        "null",
    ] {
        assert!(stands_in(value.as_bytes()), "{value}");
    }
    for value in ["k3Jx9Qm2", "Quince5740!", "hunter42"] {
        assert!(!stands_in(value.as_bytes()), "{value}");
    }
}

#[test]
fn a_test_that_passed_has_no_password() {
    for (text, keyword, expected) in [
        ("    --- PASS: TestAccProvider_Zone10 (12.70s)", "PASS", true),
        ("PASS: testaccount-10 (0.2s)", "PASS", true),
        ("gui--askpass: clarify-the-wording9", "pass", true),
        ("PASS: Quince5740! (my own)", "PASS", false),
        ("DB_PASS: Quince5740! (2.1s)", "PASS", false),
    ] {
        let seen = seen("a.txt", text, keyword, Classifier::Password);
        assert_eq!(seen == Some(Verdict::Known(Known::OtherName)), expected, "{text}: {seen:?}");
    }
}

#[test]
fn no_token_has_a_space_or_a_mark_inside() {
    for (text, expected) in [
        (r#"token = "q7XbT2mNvR8wLcY5h KfPzJ4dGs3EaU""#, true),
        (r#"token = "4f7c0b9e2d61 8350c94fe7d18b3a265""#, true),
        (r#"token = "Bearer q7XbT2mNvR8wLcY5hKfPzJ4dGs3EaU""#, false),
        (r#"token = "q7XbT2mNvR8wLcY5hKfPzJ4dGs3EaU""#, false),
        (r#"token = "q7XbT2mNvR8wLc;5hKfPzJ4dGs3EaU""#, true),
        (r#"token = "id=q7XbT2mNvR8wLc5hKfPzJ;path=/a""#, false),
        (r#"token = "q7XbT2m*vR8wLcY5hKf?zJ4dGs3EaU""#, true),
        (r#"token = "q7X!T2m*vR8w#cY5hKf?zJ4dGs3EaU""#, false),
        (r#"token = "q7XbT2mNvR8wLcY5hKfPzJ4dGs3%3D""#, false),
    ] {
        let seen = seen("a.py", text, "token", Classifier::Token);
        assert_eq!(seen == Some(Verdict::Known(Known::Broken)), expected, "{text}: {seen:?}");
    }
}

#[test]
fn a_few_letters_and_versions_are_no_tokens() {
    for (text, expected) in [
        (r#"token = "orchid""#, Some(Known::Short)),
        (r#"token = "orchids_shop""#, Some(Known::Short)),
        (r#"token = "^1.0.12""#, Some(Known::Version)),
        (r#"token = ">=2.0.0 <3.1""#, Some(Known::Version)),
        (r#"token = "orchid7q""#, None),
        (r#"token = "Orchids_Shop""#, None),
    ] {
        let seen = seen("a.py", text, "token", Classifier::Token);
        let known = match seen {
            Some(Verdict::Known(known) | Verdict::Easy(known, _)) => Some(known),
            _ => None,
        };
        assert_eq!(known, expected, "{text}");
    }
}

#[test]
fn what_values_are_is_said() {
    for (path, text, expected) in [
        ("a.py", "password = other_value", Known::Code),
        ("a.yml", "password: ${DB_PASS}", Known::Template),
        ("a.yml", "password: null", Known::Type),
        ("a.py", r#"password = "password""#, Known::OwnName),
        ("a.py", r#"password = "changeme""#, Known::Placeholder),
        ("a.py", r#"password = "xxxxxxxx""#, Known::Mask),
        ("a.py", r#"password = "vault:prod/db""#, Known::Reference),
        ("a.py", r#"password = "the one that you were given by us""#, Known::Prose),
        ("locale/de.yml", r#"password: "Passwort""#, Known::Translation),
        ("a.py", r#"password_field = "Quince5740!""#, Known::About),
        ("a.conf", "password = 0x8000000D", Known::Number),
    ] {
        let seen = seen(path, text, "password", Classifier::Password);
        assert_eq!(seen, Some(Verdict::Known(expected)), "{path}: {text}");
    }
}

#[test]
fn what_looks_like_a_token_is_known() {
    use Known::{
        Broken, Code, Identifier, ListOfNames, Mask, Number, OwnName, PublicKey, Published, Reference, Short,
        Type,
    };
    for (path, text, keyword, expected) in [
        ("a.yml", r#""identitytoken": "9cbaf023786cd7...""#, "token", Some(Broken)),
        ("a.yml", r#""identitytoken": "9cbaf023786cd7…""#, "token", Some(Broken)),
        ("a.yml", "api_token: 8dfa93ee-3419-4300-aed2-e779ed", "token", Some(Broken)),
        ("a.yml", "api_token: 8dfa93ee-3419-4300-aed2-e779eda314550", "token", Some(Broken)),
        ("a.yml", "api_token: 8dfa93ee-3419-4300-aed2-e779eda31455", "token", None),
        ("a.java", "api_token = \"eyJhbGciOiJSUzI1NiIs\"\n  + \"ImtpZCI6ImxlZ2Fj\";", "token", None),
        ("a.yml", "api_token: '2pagSwcNPy2IJi uGjqTyyFjKM'", "token", Some(Broken)),
        ("a.yml", "api_token: eyJhbGciOiJSUzI1NiIs", "token", Some(Broken)),
        ("a.yml", "api_token: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1LTc'", "token", Some(Broken)),
        (
            "a.yml",
            "api_token: eyJrIjoiT0tTcG1pUlY2RnVKZTFVaDFsNFZXdE9ZWmNrMkZYbk4iLCJuIjoieCJ9",
            "token",
            None,
        ),
        ("a.yml", r#"SecretID: "fpjqlhnwb19zds35k8wn80lq9""#, "secret", Some(Identifier)),
        // An identifier of Nomad is its secret.
        ("a.yml", r#"SecretID: "2b778dd9-f5f1-6f29-b4b4-9a5fa948757a""#, "secret", None),
        ("a.go", r#"Token = "badc0deb-adc0-deba-dc0d-ebadc0debadc""#, "token", Some(Mask)),
        ("a.py", r#"("webhook", "0012_webhook_filterable_slugs_idx"),"#, "webhook", Some(Code)),
        ("a.rs", "auth_token: 0xAABB_CCDD_EEFF_0011,", "auth", Some(Number)),
        ("a.php", "const MODEL_OAUTH2_PROVIDER_LIST = 'oAuth2ProviderList';", "auth", Some(OwnName)),
        ("a.go", r#"mergedKey := "cdp|switch02|24|cisco01|Fa0/8""#, "key", Some(ListOfNames)),
        ("a.go", r#"vkey := "peter+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4""#, "key", Some(PublicKey)),
        (
            "a.java",
            r#"oauth2 = of("org.acme.security.oauth2.client.OAuth2Client",""#,
            "auth",
            Some(Identifier),
        ),
        ("a.conf", "api_key = encrypted:kDnCy25dRvI8xs4nrJ6hp34ffL0ODKAzHrT6R8eO", "key", Some(Reference)),
        ("a.sh", r"API_KEY=${AUTH_BASEURL:-http://localhost:8888}", "auth", Some(Reference)),
        ("a.toml", "core-auth = 'com.acme:acme-core:0.31.9.RELEASE'", "auth", Some(Reference)),
        ("a.java", r#"newSecretKey("PBKDF2WithHmacSHA256","#, "key", Some(Type)),
        ("a.java", r#"{"access_token": "2YotnFZFEjr1zCsicMWpAA"}"#, "token", Some(Published)),
        ("a.go", r#"webhookAction = "synchronized""#, "webhook", Some(Short)),
        ("a.py", r#"set_cookie("cookie4", "value4")"#, "cookie", Some(Short)),
        ("a.py", r#"token = "value437""#, "token", None),
        ("a.js", "mention_keys: 'testUser,testUser2,testKey1,testKey2'", "key", Some(ListOfNames)),
        ("a.js", "mention_keys: 'q7XbT2mNvR,8wLcY5hKf,PzJ4dGs'", "key", None),
        ("a.py", r#""key": "ssh-dss AAAAB3NzaC1kc3MAAACBAM7nxK2g""#, "key", Some(PublicKey)),
        ("a.md", "Authorization: Basic dXNlcjpwYXNz", "basic", Some(Published)),
        ("a.md", "Authorization: Basic ZGVwbG95Omg3R3EheDI=", "basic", None),
        ("a.md", "Authorization: Basic cG9zdG1hbjpwYXNzd29yZA==", "basic", None),
    ] {
        let known = match seen(path, text, keyword, Classifier::Token) {
            Some(Verdict::Known(known) | Verdict::Easy(known, _)) => Some(known),
            _ => None,
        };
        assert_eq!(known, expected, "{text}");
    }
}

#[test]
fn what_looks_like_a_password_is_known() {
    for (path, text, expected) in [
        ("messages_de.properties", r"x.emptyPassword=Ung\u00FCltiges Kennwort", Some(Known::Translation)),
        ("messages_de.properties", r"x.password=Ung\u00FCltig7", None),
        ("a.properties", r"x.password=\u8a8d\u8a3c\u30aa\u30d6", Some(Known::Translation)),
        ("a.properties", r"x.password=\u8a8d\u8a3c\u30aa47", None),
        (
            "a.java",
            r#"password = "{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6""#,
            Some(Known::PasswordHash),
        ),
        ("a.java", r#"password = "{noop}Quince5740!""#, None),
        ("a.json", r#""lastPasswordChangeUSec": 1641941238208691,"#, Some(Known::Number)),
        ("a.yml", "krbpasswordexpiration: 20200119235959", Some(Known::Number)),
        ("a.yml", "password: 20201319235959", None),
        ("a.yml", "password: 9641941238208691", None),
        ("a.php", "'password' => 'hashed',", Some(Known::Type)),
        ("a.php", "'password' => 'VARCHAR(191) NOT NULL',", Some(Known::Type)),
        ("nsswitch.conf", "passwd:         compat", Some(Known::Type)),
        (
            "a.yml",
            "MONGO_URL=mongodb://app:PASSWORD@localhost:27017/app?replicaSet=rs0",
            Some(Known::PartOfPlace),
        ),
        ("a.cs", r#"$"overlay=eof_action=pass:repeatlast=0{format}""#, Some(Known::Code)),
        ("a.cs", r#""--passin=pass:kJ8sWv3mQ2Zx==""#, None),
        ("a.cs", r#"firstPass = "vpp_rkrga=format=bgra:afbc=1";"#, Some(Known::Code)),
        ("a.sh", r#"USER_PWD="\$PWD""#, Some(Known::Template)),
        ("a.sh", r#"USER_PWD="\$up3rS3cret""#, None),
        ("a.sql", "CREATE LOGIN a WITH PASSWORD = 'YourStrongPassword!';", Some(Known::Placeholder)),
    ] {
        let keyword = if text.contains("PWD") { "pwd" } else { "pass" };
        let known = match seen(path, text, keyword, Classifier::Password) {
            Some(Verdict::Known(known) | Verdict::Easy(known, _)) => Some(known),
            _ => None,
        };
        assert_eq!(known, expected, "{text}");
    }
}

#[test]
fn shares_add_up_to_the_score() {
    let text = br#"password = "Quince5740!""#;
    let hit = Span::new(0, 8);
    let mut found = Vec::new();
    assignment::find(text, Span::new(0, text.len()), hit, &mut found);
    let ask =
        Ask { keyword: b"password", classifier: Classifier::Password, place: Place::of(b"a.py"), odds: ODDS };
    let Verdict::Odds(features) = verdict(text, Span::new(0, text.len()), &found[0], ask) else {
        panic!("a password is known for something else");
    };
    let shares: i32 = model::shares(&features).iter().map(|(_, share)| share).sum();
    assert_eq!(model::start() + shares, model::score(&features));
}

fn judged(path: &str, text: &str, keyword: &str, classifier: Classifier) -> Option<Opinion> {
    let start = text.to_ascii_lowercase().find(keyword).unwrap();
    let hit = Span::new(start, start + keyword.len());
    let bytes = text.as_bytes();
    let line = study::window(bytes, hit);
    let mut found = Vec::new();
    assignment::find(bytes, line, hit, &mut found);
    let ask = Ask { keyword: hit.of(bytes), classifier, place: Place::of(path.as_bytes()), odds: ODDS };
    found.first().and_then(|one| judge(bytes, line, one, ask))
}

#[test]
fn identifiers_and_symbols_are_no_keys() {
    for (text, keyword) in [
        (r#""first_key": "9E858021-953F-4DD3-8842-F2C782780422","#, "key"),
        ("apt-key adv --keyserver keys.example.org --recv-keys 40976EAF437D05B5", "keys 4"),
        ("KEY=13B6F51ECDDE430D", "key"),
        (r#""token": "WITHMATCHLEN","#, "token"),
        (r#""oauth_client_id": "9E858021-953F-4DD3-8842-F2C782780422","#, "auth"),
        (r#""authUserId": "q8s7d6f5g4h3j2k1","#, "auth"),
    ] {
        let keyword = keyword.trim_end_matches(" 4");
        assert_eq!(judged("a.json", text, keyword, Classifier::Token), None, "{text}");
    }
    for (text, keyword) in [
        (r#""api_key": "9E858021-953F-4DD3-8842-F2C782780422","#, "api_key"),
        (r#""token": "WITHM4TCHLENQ8ZK2VNP","#, "token"),
        (r#""client_auth_token": "q8s7d6f5g4h3j2k1","#, "token"),
    ] {
        assert!(judged("a.json", text, keyword, Classifier::Token).is_some(), "{text}");
    }
}

#[test]
fn pages_of_manuals_and_sessions_that_are_over_show_samples() {
    let key = r#"SECRET_KEY = "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc""#;
    for (path, mild) in [("docs/config.rst", true), ("app/config.py", false), ("README.md", false)] {
        let opinion = judged(path, key, "secret_key", Classifier::Token).unwrap();
        assert_eq!(opinion.mild, mild, "{path}");
    }
    let session = r##"# => {"session_id"=>"e29b9ea315edf98aad94cc78c34cc9b2"}"##;
    assert!(
        judged("lib/session.rb", session, "session", Classifier::Token).is_none_or(|opinion| opinion.mild)
    );
}

#[test]
fn places_words_and_constants_are_no_keys() {
    for (path, text, keyword) in [
        ("stack.yml", r#""S3Key": "ci/beanstalk/shop-626-1313.war""#, "key"),
        (
            "a.java",
            r#".containsKeys("70bb7a3115f3d5c01099852112c7e05bf593789e510468edb06b6a9a11fa3b73/layer.tar","#,
            "keys",
        ),
        ("a.c", r#"#define PROCESSOR_REG_KEY L"HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0""#, "_key"),
        ("a.c", "#define AT_KEY RSAKeyExchangeKeySpec2048", "_key"),
        ("a.c", r#"#define HINT_HIDAPI_PS5_LED "SDL_JOYSTICK_HIDAPI_PS5_LED""#, "api_"),
        ("a.go", r#"clientauthv1 "k8s.io/client-go/pkg/apis/clientauth/v1""#, "auth"),
        ("Info.plist", "<key>7E950B8C-5E49-4B9E-B7D0-B3608A08E8F6</key>", "key>"),
        (
            "sbom.json",
            r#""cpe": "cpe:2.3:a:jakarta.annotation_api:jakarta.annotation-api:2.1.1:*:*:*","#,
            "_api",
        ),
        ("a.adoc", "creationToken = 1643842562", "token"),
        ("a.json", r#""key": "TransactionName""#, "key"),
    ] {
        assert_eq!(judged(path, text, keyword, Classifier::Token), None, "{text}");
    }
    for (path, text, keyword) in [
        ("a.yml", r#""S3_secret_key": "yRyCOikXi1ZDNE0xN3yiFsJjg7LGimoLrGFcLZgQoVk=""#, "_key"),
        ("a.c", r#"#define API_KEY "k3Jx9Qm2Vt7Rb4Wn8Zc1""#, "_key"),
        ("a.xml", "<apikey>7E950B8C-5E49-4B9E-B7D0-B3608A08E8F6</apikey>", "key>"),
    ] {
        assert!(judged(path, text, keyword, Classifier::Token).is_some(), "{text}");
    }
}

#[test]
fn options_and_expressions_are_no_passwords() {
    for (path, text) in [
        ("a.py", r#"run('openssl', 'passwd', '-stdin', data=x)"#),
        ("a.py", r#"PASSWD_ARG_RE = re.compile(r'^[-]{0,2}pass[-]?(word|wd)?')"#),
    ] {
        assert_eq!(judged(path, text, "passwd", Classifier::Password), None, "{text}");
    }
}

#[test]
fn another_word_is_seen_at_once() {
    for (text, keyword, expected) in [
        ("@author Marguerite", "auth", true),
        ("this.tokenizer = x", "token", true),
        ("nextTokenizer(", "Token", true),
        ("authorization: x", "auth", false),
        ("authorizationHeader: x", "auth", false),
        ("authentication: x", "auth", false),
        ("X-Authentication: x", "Auth", false),
        ("authenticationNotFound=x", "auth", true),
        ("new AuthenticationManager(", "Auth", true),
        ("2AuthorizedClient x", "Auth", true),
        ("OAUTHORIZE = x", "AUTH", false),
        ("AUTHor = x", "AUTH", false),
        ("auth_token: x", "auth", false),
        ("authOrder: x", "auth", false),
        ("oauthority: x", "auth", false),
        ("tokens: x", "token", false),
    ] {
        let start = text.find(keyword).unwrap();
        let hit = Span::new(start, start + keyword.len());
        let others = OtherWords::of(&["auth", "token"]);
        assert_eq!(others.begin(text.as_bytes(), hit), expected, "{text}");
        let end = start + text[start..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
        let whole = Name::of(&text.as_bytes()[..end], keyword.as_bytes());
        assert!(!expected || whole.is_other_word(), "{text}");
    }
}

#[test]
fn words_of_their_own_are_seen_behind_any_keyword() {
    let others = OtherWords::of(&["aut"]);
    let begin = |text: &str| others.begin(text.as_bytes(), Span::new(0, 3));
    assert!(begin("author: x") && begin("authenticated: x") && begin("authorize: x"));
    assert!(!begin("authorization: x") && !begin("Authentication: x") && !begin("auth: x"));
}

#[test]
fn a_key_of_an_entry_is_seen_at_once() {
    let heads = ["foreign", "primary", "Cache", "SORT", "api", "my", "i18n", "Stripe", ""];
    let joints = ["_", "-", "", "__"];
    let keys =
        ["key", "Key", "KEY", "keys", "key_x", "keys_fn", "Key-id", "key_secret_key", "keySpace", "keyed"];
    let values = [
        ": \"order.id\"",
        " => 'name'",
        " = \"k3Jx9Qm2\"",
        "(\"name\")",
        ", 'name'",
        "=\"\"",
        ": [\"name\"]",
        ": \"one\\\"k3Jx9Qm2zz81\"",
        ": 'one' | 'two' = \"k3Jx9Qm2zz81\"",
        ", \"value\": \"k3Jx9Qm2zz81\"",
    ];
    let mut seen = 0;
    for name in heads.iter().flat_map(|head| {
        let names = joints.iter().flat_map(move |joint| keys.map(|key| format!("{head}{joint}{key}")));
        names.flat_map(|name| ["", "x_", "db", "X"].map(|lead| format!("{lead}{name}")))
    }) {
        for text in values.iter().flat_map(|value| {
            [
                format!(" {name}{value}"),
                format!(" \"{name}\"{value}"),
                format!("{{\"name\": \"{name}\"{value}}}"),
            ]
        }) {
            let start = text.to_ascii_lowercase().find("key").unwrap();
            let hit = Span::new(start, start + 3);
            let line = Span::new(0, text.len());
            let mut found = Vec::new();
            assignment::find(text.as_bytes(), line, hit, &mut found);
            let ask = Ask {
                keyword: b"key",
                classifier: Classifier::Token,
                place: Place::of(b"a.yml"),
                odds: ODDS,
            };
            let known =
                |one: &Candidate| !matches!(verdict(text.as_bytes(), line, one, ask), Verdict::Odds(_));
            let behind = Behind::of(text.as_bytes(), hit, Some(hit));
            let at_once =
                behind.is_some_and(|behind| is_none_at_a_look(text.as_bytes(), &behind, Classifier::Token));
            assert!(!at_once || found.iter().all(known), "{text}");
            seen += usize::from(at_once);
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn what_a_look_at_a_name_says_a_verdict_says() {
    let mut seen = 0;
    for head in ["", "db_", "x", "DB"] {
        for keyword in ["pass", "PASS", "Pass", "token", "api_"] {
            for tail in [
                "", "_", "file", "File", "FILE", "_file", "_FILE", "-type", "x_type", "Types", "s_len",
                "9url",
            ] {
                let text = format!("{head}{keyword}{tail} = \"Xw7ki93nQz0ak\"");
                let text = text.as_bytes();
                let hit = Span::new(head.len(), head.len() + keyword.len());
                let mut found = Vec::new();
                assignment::find(text, Span::new(0, text.len()), hit, &mut found);
                let behind = Behind::of(text, hit, assignment::name_part(text, hit)).unwrap();
                let ask = Ask {
                    keyword: keyword.as_bytes(),
                    classifier: Classifier::Password,
                    place: Place::of(b"a.yml"),
                    odds: ODDS,
                };
                let verdict = verdict(text, Span::new(0, text.len()), &found[0], ask);
                let about = matches!(verdict, Verdict::Known(Known::About));
                let at_a_look = is_none_at_a_look(text, &behind, Classifier::Password);
                assert!(about || !at_a_look, "{}", text.escape_ascii());
                assert!(at_a_look || verdict != Verdict::Known(Known::About), "{}", text.escape_ascii());
                seen += usize::from(at_a_look);
            }
        }
    }
    assert!(seen > 50, "{seen}");
}
