//! All built-in structural rules, asked of one file that stands alone: the first byte of the input says which format its path
//! stands for, the rest is the file.

#![no_main]

use std::sync::{Arc, LazyLock};

use abatis::{
    detect::{Limits, Scanner, Subject},
    origin::{Beside, Kind},
    rule::{RuleSet, builtin},
    text::Fresh,
};
use libfuzzer_sys::fuzz_target;

/// A path for each format that has rules.
const PATHS: [&str; 46] = [
    "main.tf",
    "main.tf.json",
    "terraform.tfvars",
    "stack.yaml",
    "stack.json",
    "deploy.json",
    "main.bicep",
    "pod.yaml",
    "docker-compose.yml",
    "Dockerfile",
    ".github/workflows/ci.yml",
    ".gitlab-ci.yml",
    ".circleci/config.yml",
    "azure-pipelines.yml",
    "roles/a/tasks/main.yml",
    "user-data.yaml",
    "policy.json",
    "application.yml",
    "application.properties",
    "nginx.conf",
    "httpd.conf",
    "redis.conf",
    "mongod.conf",
    "elasticsearch.yml",
    "postgresql.conf",
    "pg_hba.conf",
    "daemon.json",
    "openapi.yaml",
    ".env",
    "my.cnf",
    "pip.conf",
    ".npmrc",
    "settings.xml",
    "web.config",
    "settings.py",
    "flask_app.py",
    "config/environments/production.rb",
    "config/app.php",
    "setup.sh",
    "sshd_config",
    "app.toml",
    "app.ini",
    "app.yaml",
    "app.json",
    "app.conf",
    "main.tofu",
];

static SCANNER: LazyLock<Scanner> =
    LazyLock::new(|| Scanner::new(Arc::new(RuleSet::new(builtin(), Vec::new())), Limits::default()));

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let path = PATHS[usize::from(*first) % PATHS.len()].into();
    let beside = Beside::alone();
    let subject = Subject {
        bytes,
        path,
        kind: Kind::File,
        fresh: &Fresh::All,
        new_name: false,
        executable: false,
        beside: Some((&beside, path)),
    };
    let mut matches = Vec::new();
    let _ = SCANNER.structure(subject, &mut matches);
    for one in &matches {
        assert!(one.span.end <= bytes.len() && one.span.start <= one.span.end, "{:?}", one.span);
    }
});
