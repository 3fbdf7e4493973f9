//! Policy findings as people meet them: gates, samples, snippets, explanations.

use std::process::Output;

use crate::{exposure::History, support::Repo};

fn run(repo: &Repo, arguments: &[&str]) -> (i32, String) {
    let Output { status, stdout, .. } = repo.abatis().args(arguments).output().unwrap();
    (status.code().unwrap_or(-1), String::from_utf8(stdout).unwrap())
}

/// Rules found by a scan as JSON, with whether they block, sorted.
fn found(repo: &Repo, arguments: &[&str]) -> Vec<String> {
    let (_, out) = run(repo, &[&["scan", "-q", "-f", "json"], arguments].concat());
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let mut all: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let blocks = if one["blocking"] == true { " blocks" } else { "" };
            format!("{} {}{blocks}", one["rule"].as_str().unwrap(), one["severity"].as_str().unwrap())
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// A database that is public (written, blocks), has no encryption (missing), keeps logs (written, audit) and has no second zone (missing, audit).
const DATABASE: &str = r#"
resource "aws_db_instance" "shop" {
  publicly_accessible     = true
  backup_retention_period = 7
  deletion_protection     = true
  multi_az                = false
  engine                  = "oracle-ee"
}
"#;

#[test]
fn what_is_written_blocks_and_what_is_missing_is_told() {
    let repo = Repo::new();
    repo.write("db.tf", DATABASE);
    // The missing export of logs is for audits.
    let expected = ["multi-az-off low", "rds-public critical blocks", "rds-unencrypted medium"];
    assert_eq!(found(&repo, &["db.tf"]), expected);
    // A hook is told nothing that is for audits.
    repo.git(&["add", "db.tf"]);
    let (code, out) = run(&repo, &["staged", "-q", "-f", "json"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("rds-unencrypted") && !out.contains("multi-az-off"), "{out}");
}

/// The rules and places that a commit of `text` as `path` is told, `before` being there.
fn staged(path: &str, before: &str, text: &str) -> Vec<String> {
    let repo = Repo::new();
    repo.write(path, before);
    repo.git(&["add", "."]);
    repo.git(&["commit", "-qm", "before"]);
    repo.write(path, text);
    repo.git(&["add", "."]);
    let (_, out) = run(&repo, &["staged", "-q", "-f", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let mut all: Vec<String> = findings
        .filter(|one| one["blocking"] == true)
        .map(|one| format!("{} {}", one["rule"].as_str().unwrap(), one["region"]["start"]["line"]))
        .collect();
    all.sort();
    all
}

#[test]
fn a_block_is_judged_when_it_changed_even_if_no_line_of_it_is_new() {
    let rule = |port: u16, range: &str| {
        format!(
            "  ingress {{\n    from_port = {port}\n    to_port = {port}\n    cidr_blocks = [\"{range}\"]\n  }}\n"
        )
    };
    let group =
        |name: &str, rules: &str| format!("resource \"aws_security_group\" \"{name}\" {{\n{rules}}}\n");
    let (open, narrow) = ("0.0.0.0/0", "10.0.0.0/8");
    let other = group("other", &rule(3389, open));
    // The line that makes it bad stands elsewhere, too.
    let before = group("shop", &(rule(443, open) + &rule(22, narrow))) + &other;
    let after = group("shop", &(rule(443, open) + &rule(22, open))) + &other;
    assert_eq!(staged("main.tf", &before, &after), ["sg-admin-port-open 8"]);
    assert_eq!(staged("main.tf", &before, &format!("{before}# more\n")), [""; 0]);
    // What kept it in bounds is taken out.
    let statement = |condition: &str| {
        format!(
            "data \"aws_iam_policy_document\" \"shop\" {{\n  statement {{\n    actions = [\"s3:ListBucket\"]\n    \
             resources = [\"arn:aws:s3:::shop\"]\n    principals {{\n      type = \"AWS\"\n      identifiers = [\"*\"]\n    \
             }}\n{condition}  }}\n}}\n"
        )
    };
    let condition = "    condition {\n      test = \"StringEquals\"\n      variable = \"aws:PrincipalOrgID\"\n      values = [\"o-1\"]\n    }\n";
    assert_eq!(staged("main.tf", &statement(condition), &statement("")), ["resource-policy-any-principal 7"]);
    // Another block is taken out.
    let two = group("other", &rule(3389, open)) + "\n" + &group("shop", &rule(443, narrow));
    assert_eq!(staged("main.tf", &two, &group("other", &rule(3389, open))), [""; 0]);
}

#[test]
fn later_commits_of_a_push_do_not_cover_what_an_earlier_one_brought() {
    let repo = Repo::new();
    let database = |name: &str, public: bool| {
        format!("resource \"aws_db_instance\" \"{name}\" {{\n  publicly_accessible = {public}\n}}\n")
    };
    let old = database("old", true);
    repo.commit_files("old", &[("main.tf", &old)]);
    repo.commit_files("bad", &[("main.tf", &(old.clone() + &database("new", true)))]);
    repo.commit_files("other", &[("main.tf", &(old.clone() + &database("new", true) + "# more\n"))]);
    let blocking = |range: &str| {
        let (_, out) = run(&repo, &["range", range, "-q", "-f", "json"]);
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        let findings = report["findings"].as_array().unwrap().iter().filter(|one| one["blocking"] == true);
        findings.map(|one| one["region"]["start"]["line"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(blocking("HEAD~2..HEAD"), [5]);
    // The push before knew of it.
    assert_eq!(blocking("HEAD~1..HEAD"), [0; 0]);
    // What one commit brings and the next one takes back is not there.
    repo.commit_files("good", &[("main.tf", &(old + &database("new", false) + "# more\n"))]);
    assert_eq!(blocking("HEAD~3..HEAD"), [0; 0]);
}

#[test]
fn what_a_reference_was_when_it_was_packed_is_not_known_any_more() {
    let repo = Repo::new();
    let bad = "resource \"aws_db_instance\" \"shop\" {\n  publicly_accessible = true\n}\n";
    let old = repo.commit_files("old", &[("main.tf", "# shop\n")]);
    let new = repo.commit_files("bad", &[("main.tf", bad)]);
    let name = repo.git(&["symbolic-ref", "HEAD"]).trim().to_owned();
    repo.git(&["pack-refs", "--all"]);
    let refuses = || {
        let mut hook = repo.abatis();
        hook.args(["pre-receive", "-q"]).stdin(std::process::Stdio::piped());
        let mut hook =
            hook.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        let line = format!("{} {} {name}\n", old.trim(), new.trim());
        std::io::Write::write_all(&mut hook.stdin.take().unwrap(), line.as_bytes()).unwrap();
        hook.wait().unwrap().code() == Some(1)
    };
    assert!(!refuses(), "the reference has it");
    repo.git(&["update-ref", &name, old.trim()]);
    assert!(refuses());
}

#[test]
fn gates_can_be_asked_for() {
    let repo = Repo::new();
    repo.write("db.tf", DATABASE);
    assert_eq!(found(&repo, &["--gate", "block", "db.tf"]), ["rds-public critical blocks"]);
    assert_eq!(found(&repo, &["--gate", "warn", "db.tf"]), ["rds-unencrypted medium"]);
    assert_eq!(found(&repo, &["--gate", "audit", "db.tf"]), ["db-no-log medium", "multi-az-off low"]);
    let Output { status, stderr, .. } =
        repo.abatis().args(["scan", "--gate", "loud", "db.tf"]).output().unwrap();
    assert_eq!(status.code(), Some(2));
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(stderr.contains("--gate loud: give block, warn or audit"), "{stderr}");
}

#[test]
fn in_samples_only_what_is_written_is_told() {
    let repo = Repo::new();
    for path in ["examples/db.tf", "internal/testdata/db.tf"] {
        repo.write(path, DATABASE);
        let expected = ["multi-az-off low", "rds-public critical blocks"];
        assert_eq!(found(&repo, &[path]), expected, "{path}");
        assert!(
            found(&repo, &["--gate", "block,warn,audit", path])
                .contains(&"rds-unencrypted medium".to_owned())
        );
    }
    // A file's own name says nothing.
    repo.write("infra/test.tf", DATABASE);
    assert!(found(&repo, &["infra/test.tf"]).contains(&"rds-unencrypted medium".to_owned()));
}

#[test]
fn settings_are_shown_as_they_are() {
    let repo = Repo::new();
    repo.write("client.go", "package client\n\nvar c = tls.Config{InsecureSkipVerify: true}\n");
    let (code, out) = run(&repo, &["scan", "client.go"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("InsecureSkipVerify: true"), "{out}");
    assert!(!out.contains("****"), "{out}");
}

#[test]
fn two_settings_of_one_rule_are_two() {
    let repo = Repo::new();
    repo.write(
        "a.sh",
        "curl -k https://a.example.com/x\nwget --no-check-certificate https://b.example.com/y\n",
    );
    let (_, out) = run(&repo, &["scan", "-q", "-f", "json", "a.sh"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let prints: std::collections::BTreeSet<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(prints.len(), 2, "{out}");
}

#[test]
fn a_rule_explains_itself() {
    let repo = Repo::new();
    let (code, out) = run(&repo, &["explain", "s3-acl-public"]);
    assert_eq!(code, 0, "{out}");
    for part in [
        "decided on the structure of: ansible, cloudformation, terraform",
        "\nWhy\n",
        "\nWhat to do\n",
        "CKV_AWS_20",
        "\nReported\n  main.tf:\n    resource",
        "\nNot reported\n  main.tf:\n",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
}

#[test]
fn coverage_counts_formats_by_risk() {
    let repo = Repo::new();
    let (code, out) = run(&repo, &["rules", "coverage"]);
    assert_eq!(code, 0, "{out}");
    let terraform = out.lines().find(|line| line.starts_with("terraform ")).unwrap();
    assert_eq!(terraform.split_whitespace().count(), 11, "{terraform}");
}

/// 5,000 policies that each show the same 5,000 statements: more than a document is given.
#[test]
fn a_document_that_is_given_up_is_a_problem() {
    let repo = Repo::new();
    let mut text = String::from("data \"aws_iam_policy_document\" \"all\" {\n");
    text.push_str(&"  statement {\n    actions = [\"s3:Get\"]\n    resources = [\"*\"]\n  }\n".repeat(5_000));
    text.push_str("}\n");
    for number in 0..5_000 {
        text.push_str(&format!(
            "resource \"aws_iam_policy\" \"p{number}\" {{\n  policy = data.aws_iam_policy_document.all.json\n}}\n"
        ));
    }
    repo.write("main.tf", text);
    let (code, out) = run(&repo, &["scan", "-f", "json", "."]);
    assert_eq!(code, 2);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(report.to_string().contains("too entangled"), "{}", report["receipt"]);
}

#[test]
fn nothing_is_nested_too_deep_to_be_read() {
    let repo = Repo::new();
    let many = |unit: &str| unit.repeat(20_000);
    let dotted = many("a.");
    let opened = "management.endpoints.web.exposure.include";
    repo.write("application.properties", format!("{opened}=*\nspring.{dotted}b=1\n"));
    repo.write("application.yml", format!("{opened}: \"*\"\n\"{dotted}b\": 1\n"));
    let levels = "\"a.b.c.d.e.f.g.h.i.j\": {".repeat(90);
    repo.write(
        "config/application.yml",
        format!("{opened}: \"*\"\nspring: {{{levels}}}{}\n", "}".repeat(90)),
    );
    repo.write("config/elasticsearch.yml", format!("network.host: 0.0.0.0\n{dotted}b: 1\n"));
    repo.write("pyproject.toml", format!("{dotted}b = 1\n[{dotted}b]\n"));
    repo.write("main.tf", format!("x = {dotted}b\ny = {}\n", many("[")));
    repo.write("k8s.yaml", format!("apiVersion: v1\nkind: Pod\nspec: {}\n", many("{a: ")));
    repo.write("settings.py", format!("DEBUG = True\nx.{dotted}b = 1\ny = {}\n", many("(")));
    repo.write("nginx.conf", format!("http {{ {}\n", many("location / { ")));
    let (code, out) = run(&repo, &["scan", "-q", "-f", "json", "."]);
    // With problems or without, but to its end.
    assert!((0..=2).contains(&code), "{code}");
    assert!(out.contains("\"findings\""));
}

#[test]
fn a_file_with_a_finding_on_every_line_ends() {
    let repo = Repo::new();
    let bucket =
        |number| format!("resource \"aws_s3_bucket\" \"b{number}\" {{\n  acl = \"public-read\"\n}}\n");
    repo.write("main.tf", (0..4_000).map(bucket).collect::<String>());
    let (code, out) = run(&repo, &["scan", "-q", "-f", "json", "."]);
    assert_eq!(code, 1);
    assert!(out.matches("\"s3-acl-public\"").count() >= 4_000);
}

/// Since when an audit says that the rule's finding is there: the first commit and how often it came in, by path.
fn since(history: &History, rule: &str) -> Vec<(String, String)> {
    let output =
        history.0.abatis().args(["audit", "--as-of", "2024-04-10", "--format", "json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter().filter(|one| one["rule"] == rule);
    let mut all: Vec<(String, String)> = findings
        .map(|one| {
            let commit = one["history"]["since"]["commit"].as_str().unwrap_or_default();
            (one["path"].as_str().unwrap().to_owned(), commit.to_owned())
        })
        .collect();
    all.sort();
    all
}

#[test]
fn an_audit_knows_when_a_bad_value_came_in() {
    let history = History::new();
    let bucket = |acl: &str, more: &str| {
        format!("{more}resource \"aws_s3_bucket\" \"shop\" {{\n  bucket = \"shop\"\n  acl    = {acl}\n}}\n")
    };
    history.commit(0, &[("infra/main.tf", Some(&bucket("\"private\"", "")))]);
    let bad = history.commit(1, &[("infra/main.tf", Some(&bucket("\"public-read\"", "")))]);
    history.commit(2, &[("infra/main.tf", Some(&bucket("\"public-read\"", "# moved down\n")))]);
    history.commit(3, &[("README.md", Some("text\n"))]);
    assert_eq!(since(&history, "s3-acl-public"), [("infra/main.tf".to_owned(), bad)]);
}

#[test]
fn what_lay_beside_a_version_decides_on_it() {
    let history = History::new();
    let bucket = |more: &str| format!("resource \"aws_s3_bucket\" \"shop\" {{\n  acl = var.acl\n}}\n{more}");
    let variable = |value: &str| format!("variable \"acl\" {{\n  default = \"{value}\"\n}}\n");
    let first = history
        .commit(0, &[("main.tf", Some(&bucket(""))), ("variables.tf", Some(&variable("public-read")))]);
    history.commit(1, &[("main.tf", Some(&bucket("# more\n")))]);
    assert_eq!(since(&history, "s3-acl-public"), [("main.tf".to_owned(), first)]);

    let history = History::new();
    history.commit(0, &[("main.tf", Some(&bucket(""))), ("variables.tf", Some(&variable("private")))]);
    let second = history.commit(
        1,
        &[("main.tf", Some(&bucket("# more\n"))), ("variables.tf", Some(&variable("public-read")))],
    );
    assert_eq!(since(&history, "s3-acl-public"), [("main.tf".to_owned(), second)]);
}

#[test]
fn lines_that_are_settings_have_an_age_too() {
    let history = History::new();
    history.commit(0, &[("get.sh", Some("curl https://shop.io/a\n"))]);
    let bad = history.commit(1, &[("get.sh", Some("curl -k https://shop.io/a\n"))]);
    history.commit(2, &[("get.sh", Some("set -e\ncurl -k https://shop.io/a\n"))]);
    assert_eq!(since(&history, "tls-verify-off"), [("get.sh".to_owned(), bad)]);
}

#[test]
fn what_is_missing_everywhere_in_a_folder_is_one_entry() {
    let repo = Repo::new();
    for number in 0..20 {
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p{number}\nspec:\n  containers:\n    - name: a\n      image: a:1\n"
        );
        repo.write(format!("k8s/p{number:02}.yaml"), pod);
    }
    repo.write("other/p.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n    - name: a\n      image: a:1\n");
    let (_, out) = run(&repo, &["scan", "."]);
    assert_eq!(out.matches("[k8s-run-as-root]").count(), 2, "{out}");
    assert!(out.contains("also in: k8s/p01.yaml:"), "{out}");
    assert!(out.contains("9 more places"), "{out}");
    // Each is counted, and other formats have each.
    let (_, all) = run(&repo, &["scan", "-q", "-f", "json", "."]);
    assert_eq!(all.matches("\"k8s-run-as-root\"").count(), 21, "{all}");
}

/// Files that are committed first, then files that are staged; what blocks then, by rule and line.
fn staged_files(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<String> {
    let repo = Repo::new();
    let put = |files: &[(&str, &str)]| {
        for (path, text) in files {
            repo.write(path, text);
        }
    };
    put(before);
    repo.git(&["add", "."]);
    repo.git(&["commit", "-qm", "before", "--allow-empty"]);
    put(after);
    repo.git(&["add", "."]);
    // What is not staged does not count.
    for (path, _) in after {
        repo.write(path, "# not staged\n");
    }
    let (_, out) = run(&repo, &["staged", "-q", "-f", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let told = |one: &serde_json::Value| {
        let (path, line) = (one["path"].as_str().unwrap(), &one["region"]["start"]["line"]);
        format!("{} {path}:{line}", one["rule"].as_str().unwrap())
    };
    let mut all: Vec<String> = findings.filter(|one| one["blocking"] == true).map(told).collect();
    all.sort();
    all
}

const MODULE: &str = "variable \"acl\" {}\n\nresource \"aws_s3_bucket_acl\" \"b\" {\n  bucket = \"shop\"\n  acl    = var.acl\n}\n";

#[test]
fn a_call_of_a_module_is_told_when_its_value_becomes_bad() {
    let call = |acl: &str, name: &str| {
        format!("module \"b\" {{\n  source = \"./modules/b\"\n  acl    = {acl}\n  name   = \"{name}\"\n}}\n")
    };
    let (good, bad) = (call("\"private\"", "x"), call("\"public-read\"", "x"));
    let module = ("modules/b/main.tf", MODULE);
    assert_eq!(
        staged_files(&[module, ("main.tf", &good)], &[("main.tf", &bad)]),
        ["s3-acl-public main.tf:3"]
    );
    assert_eq!(staged_files(&[module, ("main.tf", &bad)], &[("main.tf", &good)]), [""; 0]);
    // It stays as bad as it was while something else changes.
    assert_eq!(
        staged_files(&[module, ("main.tf", &bad)], &[("main.tf", &format!("{bad}# more\n"))]),
        [""; 0]
    );
    // Both in one commit: the module is read as it is staged.
    assert_eq!(staged_files(&[], &[module, ("main.tf", &bad)]), ["s3-acl-public main.tf:3"]);
    // By way of a file of values, and of a variable's default in another file.
    let by_value = call("var.acl", "x");
    let variable =
        |acl: &str| format!("variable \"acl\" {{\n  type    = string\n  default = \"{acl}\"\n}}\n");
    let before =
        [module, ("main.tf", &by_value), ("variables.tf", &variable("private")), ("terraform.tfvars", "")];
    let values = ("terraform.tfvars", "acl = \"public-read\"\n");
    assert_eq!(staged_files(&before, &[values]), ["s3-acl-public terraform.tfvars:1"]);
    assert_eq!(
        staged_files(&before, &[("variables.tf", &variable("public-read"))]),
        ["s3-acl-public variables.tf:3"]
    );
    let overruled = [before[0], before[1], before[2], ("terraform.tfvars", "acl = \"private\"\n")];
    assert_eq!(staged_files(&overruled, &[("variables.tf", &variable("public-read"))]), [""; 0]);
}

#[test]
fn a_changed_value_tells_of_blocks_in_files_that_did_not_change() {
    let bucket =
        ("main.tf", "resource \"aws_s3_bucket_acl\" \"b\" {\n  bucket = \"shop\"\n  acl    = local.acl\n}\n");
    let locals =
        |acl: &str, other: &str| format!("locals {{\n  acl = \"{acl}\"\n  other = \"{other}\"\n}}\n");
    let before = [bucket, ("locals.tf", &locals("private", "a"))];
    assert_eq!(
        staged_files(&before, &[("locals.tf", &locals("public-read", "a"))]),
        ["s3-acl-public locals.tf:2"]
    );
    assert_eq!(staged_files(&before, &[("locals.tf", &locals("private", "b"))]), [""; 0]);
    // Bad before, and not by what changed.
    let before = [bucket, ("locals.tf", &locals("public-read", "a"))];
    assert_eq!(staged_files(&before, &[("locals.tf", &locals("public-read", "b"))]), [""; 0]);
    assert_eq!(staged_files(&before, &[("locals.tf", &locals("private", "a"))]), [""; 0]);
    // Values by name, on the line that has them.
    let variable = ("variables.tf", "variable \"acl\" {}\nvariable \"name\" {}\n");
    let by_variable =
        ("main.tf", "resource \"aws_s3_bucket_acl\" \"b\" {\n  bucket = var.name\n  acl    = var.acl\n}\n");
    let before = [variable, by_variable, ("prod.auto.tfvars", "name = \"shop\"\nacl = \"private\"\n")];
    let after = ("prod.auto.tfvars", "name = \"shop\"\nacl = \"public-read\"\n");
    assert_eq!(staged_files(&before, &[after]), ["s3-acl-public prod.auto.tfvars:2"]);
    let other = ("prod.auto.tfvars", "name = \"other\"\nacl = \"private\"\n");
    assert_eq!(staged_files(&before, &[other]), [""; 0]);
}

#[test]
fn finer_rules_are_known_by_the_name_of_their_check() {
    let repo = Repo::new();
    let (code, page) = run(&repo, &["explain", "credential-file-committed"]);
    assert_eq!(code, 0);
    for part in ["What is bad", "Why", "What to do", "dotenv-file", "Reported", "Not reported"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(run(&repo, &["explain", "dotenv-file"]).1.contains("Part of\n  credential-file-committed"));
    assert_eq!(run(&repo, &["explain", "public-storage-marker"]).0, 0);
    let (_, coverage) = run(&repo, &["rules", "coverage", "-f", "json"]);
    let coverage: serde_json::Value = serde_json::from_str(&coverage).unwrap();
    assert!(coverage["groups"]["cleartext-basic-auth-config"].as_u64().unwrap() > 5);
    // One finding, which names both.
    repo.write("wp-config.php", "<?php define('DB_PASSWORD', 'changeme1');\n");
    let (_, out) = run(&repo, &["scan", "-q", "-f", "json", "wp-config.php"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let files: Vec<_> =
        report["findings"].as_array().unwrap().iter().filter(|one| one["group"].is_string()).collect();
    assert_eq!(files.len(), 1, "{out}");
    assert_eq!(files[0]["group"], "credential-file-committed");
    // Its name stands for all of them.
    let (_, out) =
        run(&repo, &["scan", "-q", "-f", "json", "--disable", "credential-file-committed", "wp-config.php"]);
    assert!(!out.contains("wordpress-config-file"), "{out}");
}

#[test]
fn an_installed_hook_stops_a_commit_that_makes_a_call_bad() {
    let repo = Repo::new();
    repo.write("modules/b/main.tf", MODULE);
    let call = |acl: &str| format!("module \"b\" {{\n  source = \"./modules/b\"\n  acl    = {acl}\n}}\n");
    repo.write("main.tf", call("var.acl"));
    repo.write("variables.tf", "variable \"acl\" {}\n");
    repo.write("terraform.tfvars", "acl = \"private\"\n");
    repo.git(&["add", "."]);
    repo.git(&["commit", "-qm", "before"]);
    let (code, out) = run(&repo, &["install"]);
    assert_eq!(code, 0, "{out}");
    let commit = |path: &str, text: &str| {
        repo.write(path, text);
        repo.git(&["add", path]);
        let output = repo.command("git").args(["commit", "-qm", "change"]).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&told).into_owned())
    };
    // A value in a file of values, for a module that did not change and is called by a file that did not.
    let (done, told) = commit("terraform.tfvars", "acl = \"public-read\"\n");
    assert!(!done && told.contains("s3-acl-public") && told.contains("terraform.tfvars:1"), "{told}");
    assert!(commit("terraform.tfvars", "acl = \"log-delivery-write\"\n").0);
    let (done, told) = commit("main.tf", &call("\"public-read-write\""));
    assert!(!done && told.contains("main.tf:3"), "{told}");
    assert!(commit("main.tf", &call("\"private\"")).0);
}

/// A credential that a name leads to is hidden in the lines around the finding, in whatever file the two are.
#[test]
fn what_a_name_leads_to_is_hidden() {
    let value = ["Wq8kd02L", "mzz81Qx7T"].concat();
    let provider = "provider \"vsphere\" { password = NAME }\n";
    let local = format!("locals {{ p = \"{value}\" }}\n");
    let default = format!("variable \"p\" {{ default = \"{value}\" }}\n");
    let call = format!("module \"m\" {{\n  source = \"./m\"\n  p = \"{value}\"\n}}\n");
    let with = |name: &str| provider.replace("NAME", name);
    for files in [
        vec![("main.tf", local.clone() + &with("local.p"))],
        vec![("main.tf", default + &with("var.p"))],
        vec![("main.tf", local.clone() + &with("\"x${local.p}\""))],
        vec![("main.tf", with("local.p")), ("locals.tf", local)],
        vec![("m/main.tf", "variable \"p\" {}\n".to_owned() + &with("var.p")), ("main.tf", call)],
    ] {
        let repo = Repo::new();
        files.iter().for_each(|(path, text)| drop(repo.write(path, text)));
        for format in ["text", "json", "sarif", "html"] {
            let (_, out) = run(&repo, &["scan", "-q", "-f", format]);
            assert!(!out.contains(&value), "{files:?} {format}");
        }
        // The file that the value is in came last.
        repo.git(&["add", "."]);
        repo.git(&["commit", "-qm", "all"]);
        let (path, text) = files.last().unwrap();
        repo.write(path, text.replace(&value, "nothing"));
        repo.git(&["commit", "-qam", "without"]);
        repo.write(path, text);
        repo.git(&["add", "."]);
        let (_, out) = run(&repo, &["staged", "-q", "-f", "json"]);
        assert!(!out.contains(&value), "{files:?}");
    }
}
