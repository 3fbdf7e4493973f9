//! Credentials as people keep them: whole files of many programs, made here at run time, and what the built-in
//! rules find in each.

use std::sync::Arc;

use abatis::{
    detect::{Limits, Scanner},
    finding::Confidence,
    rule::{self, RuleSet},
};

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";

/// Characters in no order, the same in each run.
fn made(seed: u64, alphabet: &str, length: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let alphabet = alphabet.as_bytes();
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(alphabet[(state >> 33) as usize % alphabet.len()])
    };
    (0..length).map(|_| next()).collect()
}

/// A password as a person makes one.
fn password(seed: u64) -> String {
    format!("Kestrel{}9", made(seed, MIXED, 6))
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = char::from(DIGITS[(bits >> (18 - 6 * place)) as usize & 63]);
            out.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    out
}

/// What is found in a file: the rule, the value and how sure.
fn found(path: &str, text: &[u8]) -> Vec<(String, String, Confidence)> {
    let rules: Vec<_> = rule::builtin().into_iter().filter(|rule| rule.gate != rule::Gate::Off).collect();
    let scanner = Scanner::new(Arc::new(RuleSet::new(rules, Vec::new())), Limits::default());
    let matches = scanner.look(text, path.into());
    let told = matches.iter().filter(|one| one.confidence >= Confidence::Medium).map(|one| {
        let value = String::from_utf8_lossy(one.span.of(text)).into_owned();
        (scanner.rules().rule(one.rule).id.as_str().to_owned(), value, one.confidence)
    });
    told.collect()
}

/// Each of `values` is found in the file, and a rule with `rule` in its name speaks.
#[track_caller]
fn check(path: &str, text: &str, rule: &str, values: &[&str]) {
    let found = found(path, text.as_bytes());
    let rules: Vec<_> = found.iter().map(|(rule, ..)| rule.as_str()).collect();
    assert!(rules.iter().any(|one| one.contains(rule)), "{path}: {rule} among {rules:?}");
    for value in values {
        let told = |(_, span, _): &(String, String, Confidence)| {
            !span.is_empty() && (span.contains(value) || value.contains(span))
        };
        assert!(found.iter().any(told), "{path}: a value of {} bytes by {rules:?}", value.len());
    }
}

#[test]
fn of_several_commands_on_a_line_each_has_its_own_password() {
    let (one, other) = (password(71), password(72));
    let hosts = ["https://ci.shop.io", "https://nexus.shop.io"];
    let line = format!("curl -u admin:{one} {} ; curl -s {} -u deploy:{other}\n", hosts[0], hosts[1]);
    check("build.sh", &line, "curl-user-password", &[&one, &other]);
}

#[test]
fn files_of_infrastructure() {
    let (secret, pass, token) = (made(1, MIXED, 40), password(2), made(3, MIXED, 40));
    let id = format!("AKIA{}", made(4, BASE32, 16));
    let state = format!(
        "{{\n  \"version\": 4,\n  \"terraform_version\": \"1.6.2\",\n  \"serial\": 3,\n  \"resources\": [\n    {{\"type\": \"aws_iam_access_key\", \"instances\": [{{\"attributes\": {{\n      \"id\": \"{id}\",\n      \"secret\": \"{secret}\",\n      \"password\": \"{pass}\"\n    }}}}]}}\n  ]\n}}\n"
    );
    check("infra/prod.tfstate", &state, "terraform-state", &[&secret, &pass]);
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: prod\n  cluster:\n    server: https://10.0.0.1:6443\nusers:\n- name: bot\n  user:\n    token: {token}\n- name: old\n  user:\n    username: admin\n    password: {pass}\n"
    );
    check("ops/cluster.yaml", &kubeconfig, "", &[&token, &pass]);
    let auth = base64(&format!("ci:{pass}"));
    let docker = format!("{{\"auths\": {{\"registry.shop.io\": {{\"auth\": \"{auth}\"}}}}}}");
    check(".docker/config.json", &docker, "docker-config-auth", &[&auth]);
    check("deploy/.dockerconfigjson", &docker, "docker-config-auth", &[&auth]);
    let wrapped = base64(&docker);
    let pull = format!(
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {wrapped}\n"
    );
    check("deploy/pull.yaml", &pull, "", &[&wrapped]);
    let profile = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    check(".aws/credentials", &profile, "aws-secret-access-key", &[&secret]);
}

#[test]
fn files_of_registries_and_databases() {
    let (pass, other, token) = (password(11), password(12), made(13, LOWER, 36));
    let auth = base64(&format!("deploy:{pass}"));
    let npmrc = format!(
        "registry=https://npm.shop.io/\n//npm.shop.io/:_authToken={token}\n//old.shop.io/:_auth={auth}\n"
    );
    check(".npmrc", &npmrc, "npmrc-literal-auth", &[&token, &auth]);
    let pypirc = format!("[internal]\nrepository: https://pypi.shop.io\nusername: ci\npassword: {pass}\n");
    check(".pypirc", &pypirc, "pypirc-password", &[&pass]);
    let netrc = format!(
        "machine git.shop.io login ci password {pass}\nmachine api.shop.io\n  login bot\n  password {other}\n"
    );
    check(".netrc", &netrc, "netrc-password", &[&pass, &other]);
    check(".pgpass", &format!("# host\ndb.shop.io:5432:shop:app:{pass}\n"), "pgpass-password", &[&pass]);
    check(".my.cnf", &format!("[client]\nuser=root\npassword={pass}\n"), "my-cnf", &[&pass]);
    let maven = format!(
        "<settings>\n  <servers>\n    <server>\n      <id>nexus</id>\n      <password>{pass}</password>\n    </server>\n  </servers>\n</settings>\n"
    );
    check("build/settings.xml", &maven, "maven-settings-password", &[&pass]);
    let dump = format!(
        "-- MySQL dump 10.13\nINSERT INTO `settings` VALUES (3,'smtp_password','{other}');\nCREATE USER 'shop'@'%' IDENTIFIED BY '{pass}';\n"
    );
    check("db/dump.sql", &dump, "data-dump", &[&pass, &other]);
}

#[test]
fn files_of_web_programs() {
    let (pass, key) = (password(21), made(22, MIXED, 48));
    let config = format!(
        "<configuration>\n  <connectionStrings>\n    <add name=\"Db\" connectionString=\"Data Source=db;User ID=shop;Password={pass}\" />\n  </connectionStrings>\n  <appSettings>\n    <add key=\"ApiSecret\" value=\"{key}\" />\n  </appSettings>\n</configuration>\n"
    );
    check("site/web.config", &config, "connection-string-password", &[&pass, &key]);
    let wordpress = format!(
        "<?php\ndefine( 'DB_USER', 'wp' );\ndefine( 'DB_PASSWORD', '{pass}' );\ndefine('AUTH_KEY', '{key}');\n"
    );
    check("wp-config.php", &wordpress, "php-define-secret", &[&pass, &key]);
    let notebook = format!(
        "{{\"cells\": [{{\"source\": [\"api_key = \\\"{key}\\\"\\n\"], \"outputs\": [{{\"text\": [\"environ({{'DB_PASSWORD': '{pass}', 'HOME': '/root'}})\\n\"]}}]}}]}}"
    );
    check("notebooks/run.ipynb", &notebook, "generic", &[&pass, &key]);
    let har = format!(
        "{{\"log\": {{\"entries\": [{{\"request\": {{\"headers\": [\n  {{\n    \"name\": \"Authorization\",\n    \"value\": \"Bearer {key}\"\n  }},\n  {{\n    \"name\": \"X-Api-Key\",\n    \"value\": \"{}\"\n  }}\n]}}}}]}}}}\n",
        made(23, MIXED, 40)
    );
    check("debug/session.har", &har, "har-file", &[&key, &made(23, MIXED, 40)]);
    let postman = format!(
        "{{\"auth\": {{\"bearer\": [{{\"key\": \"token\", \"value\": \"{key}\", \"type\": \"string\"}}]}},\n\"basic\": [\n  {{\n    \"key\": \"password\",\n    \"value\": \"{pass}\"\n  }}\n]}}\n"
    );
    check("shop.postman_collection.json", &postman, "generic", &[&pass, &key]);
    let google = format!(
        "{{\"installed\": {{\"client_id\": \"123456789012-{}.apps.googleusercontent.com\", \"client_secret\": \"GOCSPX-{}\"}}}}",
        made(24, LOWER, 32),
        made(25, MIXED, 28)
    );
    check("credentials.json", &google, "google-oauth-client-secret", &[&made(25, MIXED, 28)]);
}

#[test]
fn histories_and_memory() {
    let values: Vec<String> = (30..38).map(password).collect();
    let history = format!(
        "cd /srv\nmysql -u root -p{} shop\nexport DB_PASSWORD={}\ncurl -u ada:{} https://api.shop.io\nsshpass -p {} ssh ada@host\npsql postgresql://ada:{}@db/shop\nPGPASSWORD={} psql -h db\nredis-cli -a {} ping\ndocker login -u ci -p {} registry.shop.io\n",
        values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7],
    );
    let all: Vec<&str> = values.iter().map(String::as_str).collect();
    check(".bash_history", &history, "shell-history", &all);

    let token = format!(
        "xox{}-{}-{}-{}",
        "b",
        made(41, "123456789", 12),
        made(42, "123456789", 12),
        made(43, MIXED, 24)
    );
    // What a core's header says of it, behind its sixteen bytes of marks: type 4.
    let mut memory = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0".to_vec();
    memory.extend((0..3000_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8));
    memory.extend_from_slice(format!("\0SLACK_TOKEN={token}\0").as_bytes());
    memory.extend([0; 100]);
    let program = [&memory[..16], b"\x02\0", &memory[18..]].concat();
    assert!(found("bin/core", &program).iter().all(|(rule, ..)| rule != "core-dump-file"));
    let found = found("core.1234", &memory);
    assert!(found.iter().any(|(rule, ..)| rule == "core-dump-file"), "{found:?}");
    assert!(found.iter().any(|(_, value, _)| *value == token), "{found:?}");
}

/// An id and its secret within some lines are one finding.
#[test]
fn both_halves_of_a_credential() {
    let sid = format!("AC{}", made(51, HEX, 32));
    let cases = [
        (
            format!(
                "AWS_ACCESS_KEY_ID=AKIA{}\nAWS_SECRET_ACCESS_KEY={}\n",
                made(52, BASE32, 16),
                made(53, MIXED, 40)
            ),
            "aws-secret-access-key",
        ),
        (format!("TWILIO_ACCOUNT_SID={sid}\nTWILIO_AUTH_TOKEN={}\n", made(54, HEX, 32)), "twilio-auth-token"),
        (
            format!(
                "client_id: 123456789012-{}.apps.googleusercontent.com\n# of the shop\nclient_secret: GOCSPX-{}\n",
                made(55, LOWER, 32),
                made(56, MIXED, 28)
            ),
            "google-oauth-client-secret",
        ),
        (
            format!(
                "AZURE_TENANT_ID=5b1f7c3e-8a29-4d06-9e4b-{}\nAZURE_CLIENT_ID=c07de9a4-31b5-4f28-8d6a-{}\nAZURE_CLIENT_SECRET={}8Q~{}\n",
                made(57, HEX, 12),
                made(58, HEX, 12),
                made(59, MIXED, 3),
                made(60, MIXED, 34)
            ),
            "azure-client-secret",
        ),
    ];
    for (text, rule) in cases {
        let rules: Vec<_> = rule::builtin().into_iter().filter(|rule| rule.gate != rule::Gate::Off).collect();
        let scanner = Scanner::new(Arc::new(RuleSet::new(rules, Vec::new())), Limits::default());
        let matches = scanner.look(text.as_bytes(), "deploy/settings.txt".into());
        let told: Vec<_> = matches
            .iter()
            .filter(|one| one.confidence >= Confidence::Medium)
            .map(|one| (scanner.rules().rule(one.rule).id.as_str(), one.parts.len(), one.note.clone()))
            .collect();
        assert_eq!(told.len(), 1, "{rule}: {told:?}");
        assert_eq!(told[0].0, rule, "{told:?}");
        assert!(
            told[0].1 > 0 && told[0].2.as_ref().is_some_and(|note| note.starts_with("with the ")),
            "{told:?}"
        );
        let note = told[0].2.clone().unwrap_or_default();
        assert!(!note.contains(&sid), "{note}");
    }
}
