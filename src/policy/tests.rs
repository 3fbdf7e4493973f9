//! Conditions held against made documents, and what of it is reported.

use std::sync::Arc;

use bstr::{BStr, ByteSlice as _};

use super::*;
use crate::{
    origin::{Folder, Holds, Sibling, Siblings},
    rule::{Rule, read_pack},
};

mod called;
mod settled;

/// A folder of files in memory.
struct Files(Vec<(&'static str, &'static str)>, bool);

impl Folder for Files {
    fn around(&self, _path: &BStr, endings: &'static [&'static str], holds: Holds) -> Arc<Siblings> {
        let wanted = |path: &str, text: &str| {
            endings.iter().any(|ending| path.ends_with(ending)) && holds(text.as_bytes())
        };
        let files = self.0.iter().filter(|(path, text)| wanted(path, text)).map(|(path, text)| Sibling {
            path: (*path).into(),
            bytes: text.as_bytes().to_vec(),
            ..Sibling::default()
        });
        Arc::new(Siblings { files: files.collect(), complete: self.1 })
    }

    fn siblings(&self, path: &BStr, endings: &'static [&'static str]) -> Arc<Siblings> {
        let folder = path.rfind_byte(b'/').map_or(BStr::new(""), |slash| path[..=slash].as_bstr());
        self.elsewhere(path, folder, endings)
    }

    fn elsewhere(&self, _path: &BStr, folder: &BStr, endings: &'static [&'static str]) -> Arc<Siblings> {
        let wanted = self.0.iter().filter(|(path, _)| {
            let name = path.as_bytes().strip_prefix(folder.as_bytes());
            name.is_some_and(|name| !name.contains(&b'/'))
                && endings.iter().any(|ending| path.ends_with(ending))
        });
        let files = wanted.map(|(path, text)| Sibling {
            path: (*path).into(),
            bytes: text.as_bytes().to_vec(),
            ..Sibling::default()
        });
        Arc::new(Siblings { files: files.collect(), complete: self.1 })
    }
}

fn rules(parts: &str) -> RuleSet {
    let pack = format!(
        "schema = 1\n[[rule]]\nid = \"made\"\ntitle = \"Made\"\nrisk = 3\nseverity = \"high\"\nconfidence = \"high\"\n{parts}"
    );
    let rules: Vec<Rule> = read_pack("pack.toml", &pack).unwrap_or_else(|problems| panic!("{problems:#?}"));
    RuleSet::new(rules.into_iter().map(std::borrow::Cow::Owned).collect(), Vec::new())
}

/// What is found in `path`: the lines pointed at, those decided by something missing in brackets.
fn found_in(rules: &RuleSet, path: &str, text: &str, fresh: &Fresh, beside: &Beside) -> String {
    let policy = Policy::new(rules);
    let bytes = text.as_bytes();
    let path = BStr::new(path);
    let secretlike = |text: &[u8], span: Span| {
        span.of(text).find("s3cr3t").map(|at| Span::new(span.start + at, span.start + at + 6))
    };
    let look = Look { bytes, path, fresh, beside: (beside, path), secretlike: &secretlike, asks: &|_| true };
    let mut matches = Vec::new();
    if let Some(format) = policy.format(bytes, path) {
        assert!(policy.look(rules, look, format, &mut matches));
    }
    matches.sort_by_key(|one| one.span);
    let lines = matches.iter().map(|one| {
        let line = bytes[..one.span.start].iter().filter(|&&byte| byte == b'\n').count() + 1;
        if one.structure.as_ref().is_some_and(|structure| structure.written) {
            line.to_string()
        } else {
            format!("[{line}]")
        }
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// A condition on `bucket` blocks of Terraform, asked of each body: `expected` as above.
#[track_caller]
fn check(bad: &str, cases: &[(&str, &str)]) {
    let rules = rules(&format!("[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = {bad}\n"));
    for (body, expected) in cases {
        let text = format!("resource \"bucket\" \"b\" {{\n{body}\n}}\n");
        let found = found_in(&rules, "main.tf", &text, &Fresh::All, &Beside::alone());
        assert_eq!(&found, expected, "{bad}\n{text}");
    }
}

#[test]
fn values_are_compared_by_what_they_mean() {
    check(
        "{ path = \"a\", equals = true }",
        &[
            ("a = true", "2"),
            ("a = \"true\"", "2"),
            ("a = false", ""),
            ("a = null", ""),
            ("a = [false, true]", "2"),
            ("b = true", ""),
            ("a = var.a", ""),
            ("a = f(true)", ""),
            ("a = var.a ? true : true", "2"),
            ("a = var.a ? true : false", ""),
        ],
    );
    check(
        "{ path = \"a\", in = [22, \"x\"], nocase = true }",
        &[("a = \"22\"", "2"), ("a = \"X\"", "2"), ("a = 23", "")],
    );
    check(
        "{ path = \"a\", not-equals = \"x\" }",
        &[("a = \"x\"", ""), ("a = \"y\"", "2"), ("", ""), ("a = var.a", "")],
    );
    check(
        "{ path = \"a\", lt = 7 }",
        &[("a = 6", "2"), ("a = \"6\"", "2"), ("a = 7", ""), ("a = \"x\"", "")],
    );
    check("{ path = \"a\", matches = '^x.z$' }", &[("a = \"xyz\"", "2"), ("a = \"xyzz\"", "")]);
    check(
        "{ path = \"a\", matches = ':policy/x$' }",
        &[("a = \"arn:${var.p}:policy/x\"", "2"), ("a = \"arn:${var.p}\"", "")],
    );
}

#[test]
fn what_is_missing_is_a_default_or_not_there() {
    check(
        "{ path = \"a\", equals = false, default = false }",
        &[("", "[1]"), ("a = false", "2"), ("a = true", ""), ("a = null", "[1]"), ("a = var.x", "")],
    );
    check(
        "{ path = \"a.b\", absent = true }",
        &[("", "[1]"), ("a {\n}", "[1]"), ("a {\nb = 1\n}", ""), ("a = var.x", "")],
    );
    check(
        "{ path = \"a\", present = true }",
        &[("", ""), ("a {\n}", "2"), ("a = var.x", "2"), ("a = []", "")],
    );
    check("{ not = { path = \"a\", equals = 1 } }", &[("", "[1]"), ("a = 1", ""), ("a = var.x", "")]);
    check(
        "{ all = [{ path = \"a\", equals = 1 }, { path = \"b\", equals = 2, default = 2 }] }",
        &[("a = 1", "[2]"), ("a = 1\nb = 2", "3"), ("a = 1\nb = 3", "")],
    );
}

#[test]
fn conditions_meet_in_one_element() {
    let bad = "{ each = \"rule\", all = [{ path = \"cidr\", world = true }, { range = [\"from\", \"to\"], covers = [22] }] }";
    check(
        bad,
        &[
            ("rule {\ncidr = [\"0.0.0.0/0\"]\nfrom = 20\nto = 25\n}", "4"),
            (
                "rule {\ncidr = [\"0.0.0.0/0\"]\nfrom = 80\nto = 80\n}\nrule {\ncidr = [\"10.0.0.0/8\"]\nfrom = 22\nto = 22\n}",
                "",
            ),
            (
                "rule {\ncidr = [\"::/0\"]\nfrom = 22\nto = 22\n}\nrule {\ncidr = [\"0.0.0.0/0\"]\nfrom = 0\nto = 65535\n}",
                "4 9",
            ),
            ("rule {\ncidr = var.cidr\nfrom = 22\nto = 22\n}", ""),
            ("rule {\ncidr = [var.a, \"0.0.0.0/0\"]\nfrom = 22\nto = 22\n}", "4"),
            (
                "dynamic \"rule\" {\nfor_each = var.r\ncontent {\ncidr = [\"0.0.0.0/0\"]\nfrom = 22\nto = 22\n}\n}",
                "6",
            ),
        ],
    );
    check(
        "{ path = \"p\", covers = [22] }",
        &[("p = [\"20-25\"]", "2"), ("p = \"*\"", "2"), ("p = [80, 443]", ""), ("p = 22", "2")],
    );
    check(
        "{ key = '(?i)password$', literal = true }",
        &[("a {\nb = { masterPassword = \"x\" }\n}", "3"), ("password = var.p", "")],
    );
    check(
        "{ path = \"a\", secretlike = true }",
        &[("a = <<-E\nexport A=1\nexport B=s3cr3t\nE", "4"), ("a = \"x\"", "")],
    );
}

#[test]
fn a_secret_is_seen_where_it_is_given() {
    check(
        "{ path = \"a\", secretlike = true }",
        &[
            ("a = local.x\n}\nlocals {\nx = \"my s3cr3t\"", "2"),
            ("a = base64encode(local.x)\n}\nlocals {\nx = \"my s3cr3t\"", "2"),
            ("a = \"b ${local.x}\"\n}\nlocals {\nx = \"my s3cr3t\"", "2"),
            ("a = local.x\n}\nlocals {\nx = \"nothing at all\"", ""),
            ("a = var.x\n}\nvariable \"x\" {\ndefault = \"my s3cr3t\"", "2"),
        ],
    );
    check(
        "{ path = \"a\", literal = true, matches = 'x' }",
        &[
            ("a = local.x\n}\nlocals {\nx = local.y\ny = \"x\"", "2"),
            ("a = local.x\n}\nlocals {\nx = var.y\n}\nvariable \"y\" {\ndefault = \"x\"", ""),
        ],
    );
}

#[test]
fn json_is_read_on() {
    let bad = "{ each = \"@statements\", all = [{ path = \"Effect\", equals = \"Allow\" }, { path = \"Action\", equals = \"*\" }] }";
    let statement = "{\"Statement\": [\n{\"Effect\": \"Allow\",\n\"Action\": \"*\"}]}";
    check(
        bad,
        &[
            (&format!("policy = <<EOF\n{statement}\nEOF"), "5"),
            (
                "policy = jsonencode({\nStatement = [{\nEffect = \"Allow\"\nAction = [\"a\", \"*\"]\n}]\n})",
                "5",
            ),
            ("policy = jsonencode({ Statement = { Effect = \"Deny\", Action = \"*\" } })", ""),
            (
                "policy = \"{\\\"Statement\\\": [{\\\"Effect\\\": \\\"Allow\\\", \\\"Action\\\": \\\"*\\\"}]}\"",
                "2",
            ),
            ("assume_role_policy = jsonencode({ Statement = { Effect = \"Allow\", Action = \"*\" } })", ""),
        ],
    );
}

#[test]
fn the_folder_answers() {
    let parts = "[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = { any = [\n\
        { path = \"acl\", equals = \"public\" },\n\
        { not = { linked = { type = \"versions\", via = \"bucket\", where = { path = \"on\", equals = true } } } },\n] }\n";
    let rules = rules(parts);
    let bucket = "resource \"bucket\" \"b\" {\nacl = var.acl\n}\n";
    let on = "resource \"versions\" \"v\" {\nbucket = bucket.b.id\non = true\n}\n";
    let other = "resource \"versions\" \"v\" {\nbucket = bucket.c.id\non = true\n}\n";
    let module = "resource \"versions\" \"v\" {\nbucket = module.b.id\non = true\n}\n";
    let public = "variable \"acl\" {\ndefault = \"public\"\n}\n";
    for (files, complete, expected) in [
        (vec![], true, "[1]"),
        (vec![], false, ""),
        (vec![("v.tf", on)], true, ""),
        (vec![("v.tf", other)], true, "[1]"),
        (vec![("v.tf", module)], true, ""),
        (vec![("v.tf", on), ("variables.tf", public)], true, "2"),
        (vec![("v.tf", on), ("variables.txt", public)], true, ""),
    ] {
        let beside = Beside::new(Arc::new(Files(files.clone(), complete)));
        assert_eq!(found_in(&rules, "main.tf", bucket, &Fresh::All, &beside), expected, "{files:?}");
    }
}

#[test]
fn only_what_is_fresh_or_rests_on_it_is_told() {
    let rules = rules(
        "[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = { path = \"acl\", equals = \"public\" }\n",
    );
    let text = "variable \"v\" {\n  default = \"public\"\n}\nresource \"bucket\" \"a\" {\n  acl = var.v\n}\nresource \"bucket\" \"b\" {\n  acl = \"public\"\n}\n";
    let at = |needle: &str| {
        let start = text.find(needle).unwrap();
        Fresh::from_spans(vec![Span::new(start, start + 1)])
    };
    for (fresh, expected) in [
        (Fresh::All, "5 8"),
        (at("default"), "5"),
        (at("acl = \"public\""), "8"),
        (at("variable"), "5"),
        (Fresh::Ranges(Vec::new()), ""),
    ] {
        assert_eq!(found_in(&rules, "main.tf", text, &fresh, &Beside::alone()), expected, "{fresh:?}");
    }
}

#[test]
fn of_a_list_over_lines_the_element_is_pointed_at() {
    let run = rules(
        "[[rule.match]]\nformat = \"dockerfile\"\nkeywords = [\"x\"]\nbad = { path = \"RUN\", matches = 'x -k' }\n",
    );
    let text = "FROM a\nRUN one\nRUN two && \\\n  x -k\nRUN three\n";
    assert_eq!(found_in(&run, "Dockerfile", text, &Fresh::All, &Beside::alone()), "3");
    check(
        "{ path = \"a\", world = true }",
        &[
            ("a = [\n  \"10.0.0.0/8\",\n  \"0.0.0.0/0\",\n]", "4"),
            ("a = [\"10.0.0.0/8\", \"0.0.0.0/0\"]", "2"),
        ],
    );
}

#[test]
fn types_of_azure_are_of_any_case() {
    let made = rules(
        "[[rule.match]]\nformat = [\"arm\", \"bicep\"]\ntype = \"Microsoft.Cache/redis\"\nbad = { path = \"properties.a\", equals = true }\n",
    );
    let of = |kind: &str| {
        format!(
            "{{\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n\"resources\": [{{\"type\": \"{kind}\",\n\"properties\": {{\"a\": true}}}}]}}"
        )
    };
    for (kind, expected) in
        [("Microsoft.Cache/redis", "3"), ("microsoft.cache/Redis", "3"), ("Microsoft.Cache/x", "")]
    {
        let found = found_in(&made, "a.json", &of(kind), &Fresh::All, &Beside::alone());
        assert_eq!(found, expected, "{kind}");
    }
    let bicep = "resource r 'microsoft.cache/Redis@2023-08-01' = {\n  properties: {\n    a: true\n  }\n}\n";
    assert_eq!(found_in(&made, "a.bicep", bicep, &Fresh::All, &Beside::alone()), "3");
}

#[test]
fn what_serverless_hands_on_is_a_template() {
    let made = rules(
        "[[rule.match]]\nformat = \"cloudformation\"\ntype = \"AWS::S3::Bucket\"\nbad = { path = \"Properties.A\", equals = true }\n",
    );
    let text = "service: shop\nresources:\n  Resources:\n    B:\n      Type: AWS::S3::Bucket\n      Properties:\n        A: true\n";
    assert_eq!(found_in(&made, "serverless.yml", text, &Fresh::All, &Beside::alone()), "7");
    assert_eq!(found_in(&made, "other.yml", text, &Fresh::All, &Beside::alone()), "");
}

#[test]
fn formats_are_the_ones_that_rules_may_name() {
    let mut names = Format::names();
    names.sort_unstable();
    assert_eq!(names, crate::rule::FORMATS);
}

/// Pieces of documents, put together at random.
const PIECES: [&str; 54] = [
    "resource \"aws_s3_bucket\" \"b\" {\n",
    "resource \"aws_security_group\" \"g\" {\n",
    "}\n",
    "ingress {\n",
    "acl = ",
    "policy = ",
    "\"public-read\"",
    "var.x",
    "local.x",
    "[",
    "]",
    "{",
    "jsonencode(",
    ")",
    ",",
    "\n",
    "<<EOF\n",
    "\nEOF\n",
    "${",
    "\"",
    "cidr_blocks = ",
    "\"0.0.0.0/0\"",
    "from_port = ",
    "-1",
    "65536",
    "1e99",
    "true ? ",
    " : ",
    "null",
    "variable \"x\" {\n",
    "locals {\n",
    "x = merge(local.x, ",
    "each.value",
    "for_each = ",
    "dynamic \"ingress\" {\n",
    "content {\n",
    "[count.index]",
    " == \"x\" ? ",
    "!If [A, ",
    "x = local.x\n",
    "default = var.x\n",
    "{\"Statement\": [",
    "{\"Effect\": \"Allow\", \"Action\": \"*\"}",
    "]}",
    "AWSTemplateFormatVersion: x\nResources:\n",
    "  A:\n    Type: AWS::S3::Bucket\n    Properties:\n",
    "      AccessControl: ",
    "!Ref A\n",
    "&a ",
    "*a\n",
    "- ",
    "<<: ",
    "\u{fffc}",
    "\t",
];

proptest::proptest! {
    #[test]
    fn nothing_that_is_put_together_breaks_the_evaluation(pieces in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
        let rules = builtin_structures();
        for path in ["main.tf", "stack.yaml", "main.tf.json", "policy.json", "main.bicep"] {
            let all = found_in(rules, path, &text, &Fresh::All, &Beside::alone());
            // What is said of an older text is said of no other when nothing is fresh.
            let none = found_in(rules, path, &text, &Fresh::Ranges(Vec::new()), &Beside::alone());
            proptest::prop_assert!(none.is_empty(), "{all}");
        }
    }

    #[test]
    fn twice_not_is_the_same(value in "[a-z0-9./*\"${}]{0,12}", bad in 0..4_usize) {
        let test = ["equals = \"a\"", "matches = 'a'", "world = true", "present = true"][bad];
        let once = format!("{{ path = \"a\", {test} }}");
        let twice = format!("{{ not = {{ not = {once} }} }}");
        let text = format!("resource \"bucket\" \"b\" {{\na = \"{value}\"\n}}\n");
        let ask = |bad: &str| {
            let rules = rules(&format!("[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = {bad}\n"));
            !found_in(&rules, "main.tf", &text, &Fresh::All, &Beside::alone()).is_empty()
        };
        proptest::prop_assert_eq!(ask(&once), ask(&twice));
    }
}

/// The built-in rules that look at structure.
fn builtin_structures() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(|| {
        let rules = crate::rule::builtin().into_iter().filter(|rule| !rule.structures.is_empty());
        RuleSet::new(rules.collect(), Vec::new())
    })
}

#[test]
fn what_a_template_may_leave_out_is_not_written_for_certain() {
    let rules = rules(
        "[[rule.match]]\nformat = \"kubernetes\"\ntype = \"Pod\"\nbad = { path = \"spec.hostNetwork\", equals = true }\n",
    );
    let pod = |before: &str, spec: &str| {
        let text =
            format!("{before}apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n{spec}  nodeName: b\n");
        found_in(&rules, "pod.yaml", &text, &Fresh::All, &Beside::alone())
    };
    assert_eq!(pod("", "  hostNetwork: true\n"), "6");
    assert_eq!(pod("", "  {{- if .Values.host }}\n  hostNetwork: true\n  {{- end }}\n"), "[7]");
    assert_eq!(pod("", "  {{- if .Values.a }}\n  {{- else }}\n  hostNetwork: true\n  {{- end }}\n"), "[8]");
    assert_eq!(pod("", "  {{- with .Values.a }}\n  a: b\n  {{- end }}\n  hostNetwork: true\n"), "9");
    // What decides about the whole object is not about the setting.
    assert_eq!(pod("{{- if .Values.pod }}\n", "  hostNetwork: true\n"), "7");
    assert_eq!(pod("{{- if .Values.pod }}\n", "  {{- if .b }}\n  hostNetwork: true\n  {{- end }}\n"), "[8]");
    assert_eq!(pod("{{- define \"x\" }}\n", "  hostNetwork: true\n"), "7");
    // An action that is never closed, and one that closes nothing.
    assert_eq!(pod("{{- end }}{{- end }}\n", "  hostNetwork: true\n  {{- if .a }}\n"), "7");
}

#[test]
fn patches_in_a_kustomization_are_parts_of_objects() {
    let rules = rules(
        "[[rule.match]]\nformat = \"kubernetes\"\ntype = \"Deployment\"\nbad = { each = \"@containers\", any = [{ path = \"securityContext.privileged\", equals = true }, { path = \"image\", absent = true }] }\n",
    );
    let one = |patches: &str| {
        let text = format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{patches}");
        found_in(&rules, "kustomization.yaml", &text, &Fresh::All, &Beside::alone())
    };
    let containers = "/spec/template/spec/containers";
    let step = |path: &str, value: &str| {
        format!(
            "patches:\n- target:\n    kind: Deployment\n  patch: |-\n    - op: replace\n      path: {path}\n      value: {value}\n"
        )
    };
    assert_eq!(one(&step(&format!("{containers}/0/securityContext/privileged"), "true")), "7");
    assert_eq!(one(&step(&format!("{containers}/0/securityContext/privileged"), "false")), "");
    assert_eq!(one(&step(&format!("{containers}/-"), "{securityContext: {privileged: true}}")), "7");
    assert_eq!(one(&step("/metadata/labels/a~1b", "c")), "");
    let merge = "  kind: Deployment\n  metadata:\n    name: a\n  spec:\n    template:\n      spec:\n        containers:\n        - name: a\n          securityContext:\n            privileged: true\n";
    assert_eq!(one(&format!("patchesStrategicMerge:\n- |-\n{merge}")), "5");
    assert_eq!(one(&format!("patches:\n- patch: |-\n  {}", merge.replace('\n', "\n  "))), "5");
    assert_eq!(one("patches:\n- path: a.yaml\n"), "");
}

#[test]
fn a_pattern_speaks_where_the_structure_does_not_decide() {
    let rules = rules(
        "keywords = [\"tls_off\"]\npattern = '(tls_off)'\n[[rule.match]]\nformat = \"terraform\"\nfiles = [\"acl*.hcl\"]\nbad = { path = \"a\", equals = 1 }\n",
    );
    let policy = Policy::new(&rules);
    let decides = |path: &str| {
        let path = BStr::new(path);
        policy.decides(&rules, 0, (format::detect(path, b"a = 1\n").unwrap(), path))
    };
    assert!(decides("acl1.hcl"));
    assert!(!decides("vault.hcl"));
}
