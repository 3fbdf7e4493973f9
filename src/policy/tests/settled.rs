//! What expressions come to.

use super::*;

/// `bucket` blocks whose `a` is "x", or one of whose `r` is open and for port 22.
fn found(text: &str) -> String {
    let rules = rules(
        "[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = { any = [{ path = \"a\", equals = \"x\" }, \
         { each = \"r\", all = [{ path = \"cidr\", world = true }, { path = \"port\", equals = 22 }] }] }\n",
    );
    found_in(&rules, "main.tf", text, &Fresh::All, &Beside::alone())
}

#[track_caller]
fn check_expression(cases: &[(&str, &str)]) {
    const AROUND: &str = "variable \"env\" {\n  default = \"dev\"\n}\nvariable \"none\" {}\nlocals {\n  bad = \"x\"\n  \
        map = { dev = \"x\", prod = \"y\" }\n  list = [\"y\", \"x\"]\n  chosen = var.env == \"dev\" ? \"x\" : \"y\"\n  \
        both = merge({ k = \"y\" }, { k = local.bad })\n}\n";
    for (expression, expected) in cases {
        let text = format!("resource \"bucket\" \"b\" {{\n  a = {expression}\n}}\n{AROUND}");
        assert_eq!(&found(&text), expected, "{expression}");
    }
}

#[test]
fn conditions_that_are_known_take_their_branch() {
    check_expression(&[
        ("var.env == \"dev\" ? \"x\" : \"y\"", "2"),
        ("var.env != \"dev\" ? \"x\" : \"y\"", ""),
        ("var.none == \"dev\" ? \"x\" : \"y\"", ""),
        ("var.none == \"dev\" ? \"x\" : \"x\"", "2"),
        ("!(var.env == \"dev\") ? \"y\" : \"x\"", "2"),
        ("var.env == \"dev\" && var.none == 1 ? \"x\" : \"y\"", ""),
        ("var.env == \"prod\" && var.none == 1 ? \"y\" : \"x\"", "2"),
        ("var.env == \"dev\" || var.none == 1 ? \"x\" : \"y\"", "2"),
        ("1 + 2 * 3 == 7 ? \"x\" : \"y\"", "2"),
        ("length(local.list) > 1 ? \"x\" : \"y\"", "2"),
        ("contains(local.list, var.env) ? \"y\" : \"x\"", "2"),
        ("contains([\"a\", var.none], \"b\") ? \"x\" : \"y\"", ""),
        ("var.none == null ? \"x\" : \"y\"", ""),
        ("null == null ? \"x\" : \"y\"", "2"),
        ("local.chosen", "2"),
    ]);
}

#[test]
fn functions_give_what_is_known() {
    check_expression(&[
        ("lookup(local.map, var.env, \"y\")", "2"),
        ("lookup(local.map, \"z\", \"x\")", "2"),
        ("lookup(var.none, \"z\", \"x\")", ""),
        ("local.map[var.env]", "2"),
        ("local.map[var.none]", ""),
        ("local.map[\"prod\"]", ""),
        ("local.list[1]", "2"),
        ("element(local.list, 3)", "2"),
        ("local.both.k", "2"),
        ("merge(local.map, { dev = \"y\" })[\"dev\"]", ""),
        ("merge(local.map, var.none)[\"dev\"]", ""),
        ("{ a = \"x\" }.a", "2"),
        ("concat([\"y\"], local.list)", "2"),
        ("coalesce(null, \"\", local.bad)", "2"),
        ("try(var.none.x, \"x\")", ""),
        ("try(local.bad, \"y\")", "2"),
        ("format(\"%s\", local.bad)", "2"),
        ("format(\"%5s\", local.bad)", ""),
        ("join(\"\", [\"\", local.bad])", "2"),
        ("lower(\"X\")", "2"),
        ("split(\",\", \"y,x\")[1]", "2"),
        ("replace(\"xz\", \"z\", \"\")", "2"),
        ("replace(\"xz\", \"/z/\", \"\")", ""),
        ("[for v in local.list : v]", "2"),
        ("[for v in local.list : v if v != \"x\"]", ""),
        ("[for i, v in local.list : v if i == 1]", "2"),
        ("[for k, v in local.map : upper(v)]", ""),
        ("[for v in local.map : lower(upper(v))]", "2"),
        ("{ for k, v in local.map : \"${k}!\" => v }[\"dev!\"]", "2"),
        ("{ for k, v in local.map : k => v if k == \"prod\" }[\"dev\"]", ""),
        ("[for v in var.none : v]", ""),
        ("{ for v in local.list : v => v... }[\"x\"]", ""),
        ("[for v in local.list v]", ""),
        ("flatten([for v in local.list : [v]])", "2"),
        ("file(\"x\")", ""),
        ("\"${local.bad}\"", "2"),
        ("1 + 1", ""),
        ("!true", ""),
    ]);
}

#[test]
fn loops_make_what_they_go_through() {
    let one = |inside: &str| found(&format!("resource \"bucket\" \"b\" {{\n{inside}\n}}\n"));
    assert_eq!(one("for_each = toset([\"y\", \"x\"])\na = each.value"), "3");
    assert_eq!(one("for_each = toset([\"y\", \"z\"])\na = each.key"), "");
    assert_eq!(one("for_each = { p = { acl = \"y\" }, q = { acl = \"x\" } }\na = each.value.acl"), "3");
    assert_eq!(one("for_each = { x = 1 }\na = each.key"), "3");
    assert_eq!(one("for_each = {}\na = \"x\""), "");
    assert_eq!(one("for_each = toset([])\na = \"x\""), "");
    assert_eq!(one("for_each = var.none\na = \"x\""), "3");
    assert_eq!(one("for_each = var.none\na = each.value"), "");
    assert_eq!(one("for_each = { for v in [\"x\"] : v => { acl = v } }\na = each.value.acl"), "3");
    assert_eq!(one("count = 0\na = \"x\""), "");
    assert_eq!(one("count = false ? 1 : 0\na = \"x\""), "");
    assert_eq!(one("count = 2\na = [\"y\", \"x\"][count.index]"), "3");
    // The default of a variable makes nothing go away: another may be given.
    let text =
        "variable \"n\" {\n  default = 0\n}\nresource \"bucket\" \"b\" {\n  count = var.n\n  a = \"x\"\n}\n";
    assert_eq!(found(text), "6");
    assert_eq!(
        found("locals {\n  n = 0\n}\nresource \"bucket\" \"b\" {\n  count = local.n\n  a = \"x\"\n}\n"),
        ""
    );
}

#[test]
fn dynamic_blocks_are_what_they_make() {
    let one = |over: &str, content: &str| {
        let dynamic =
            format!("dynamic \"r\" {{\n    for_each = {over}\n    content {{\n{content}\n    }}\n  }}");
        found(&format!("resource \"bucket\" \"b\" {{\n  {dynamic}\n}}\n"))
    };
    let open = "      cidr = \"0.0.0.0/0\"\n      port = r.value";
    assert_eq!(one("[443, 22]", open), "6");
    assert_eq!(one("[443, 80]", open), "");
    assert_eq!(one("var.ports", open), "");
    assert_eq!(one("[]", "      cidr = \"0.0.0.0/0\"\n      port = 22"), "");
    assert_eq!(one("var.ports", "      cidr = \"0.0.0.0/0\"\n      port = 22"), "6");
    let both = "      cidr = r.value.cidr\n      port = r.value[\"port\"]";
    assert_eq!(one("{ a = { cidr = [\"0.0.0.0/0\"], port = 22 } }", both), "6");
    assert_eq!(
        one("[{ cidr = \"0.0.0.0/0\", port = 80 }, { cidr = \"10.0.0.0/8\", port = 22 }]", both),
        "",
        "of one element"
    );
    let named = "resource \"bucket\" \"b\" {\n  dynamic \"r\" {\n    iterator = it\n    for_each = [22]\n    content {\n      \
                 cidr = \"::/0\"\n      port = it.value\n    }\n  }\n}\n";
    assert_eq!(found(named), "7");
    let json = r#"{"resource": {"bucket": {"b": {"dynamic": {"r": {"for_each": [22], "content":
        {"cidr": "::/0", "port": "${r.value}"}}}}}}}"#;
    let rules = rules(
        "[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = { each = \"r\", path = \"port\", equals = 22 }\n",
    );
    assert_eq!(found_in(&rules, "main.tf.json", json, &Fresh::All, &Beside::alone()), "2");
}

#[test]
fn a_change_of_what_a_value_rests_on_is_a_change_of_the_block() {
    let rules = rules(
        "[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = { path = \"a\", equals = \"x\" }\n",
    );
    let text = "locals {\n  map = { dev = \"x\" }\n}\nresource \"bucket\" \"b\" {\n  a = lookup(local.map, \"dev\", \"y\")\n}\n\
                resource \"bucket\" \"c\" {\n  a = \"x\"\n}\n";
    let fresh = Fresh::Ranges(vec![Span::new(11, 20)]);
    assert_eq!(found_in(&rules, "main.tf", text, &fresh, &Beside::alone()), "5");
    let missing = super::rules(
        "[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = { path = \"z\", absent = true }\n",
    );
    assert_eq!(
        found_in(&missing, "main.tf", text, &fresh, &Beside::alone()),
        "",
        "what is missing was missing before"
    );
}

#[test]
fn a_changed_value_tells_what_it_does_in_other_files() {
    let rules = rules(
        "[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = { path = \"a\", equals = \"x\" }\n",
    );
    let main = "resource \"bucket\" \"b\" {\n  a = local.a\n}\nresource \"bucket\" \"c\" {\n  a = upper(lower(var.v)) == \"X\" ? \"x\" : \"y\"\n}\n";
    let one = |path: &'static str, text: &'static str, fresh: &str| {
        let beside = Beside::new(Arc::new(Files(vec![("main.tf", main), (path, text)], true)));
        let at = text.find(fresh).unwrap();
        let fresh = Fresh::Ranges(vec![Span::new(at, at + fresh.len())]);
        found_in(&rules, path, text, &fresh, &beside)
    };
    let locals = "locals {\n  b = 1\n  a = \"x\"\n}\nvariable \"v\" {\n  default = \"x\"\n}\n";
    assert_eq!(one("vars.tf", locals, "a = \"x\""), "3");
    assert_eq!(one("vars.tf", locals, "b = 1"), "");
    assert_eq!(one("vars.tf", locals, "default"), "6");
    assert_eq!(one("terraform.tfvars", "w = \"x\"\nv = \"x\"\n", "v = \"x\""), "2");
    assert_eq!(one("terraform.tfvars", "w = \"x\"\nv = \"x\"\n", "w = \"x\""), "");
    assert_eq!(one("terraform.tfvars", "v = \"z\"\n", "v = \"z\""), "");
    // Where all is looked at, the other file is judged by itself.
    let beside = Beside::new(Arc::new(Files(vec![("main.tf", main), ("vars.tf", locals)], true)));
    assert_eq!(found_in(&rules, "vars.tf", locals, &Fresh::All, &beside), "");
    assert_eq!(found_in(&rules, "main.tf", main, &Fresh::All, &beside), "2 5");
}

#[test]
fn conditions_of_templates_of_aws() {
    let rules = rules(
        "[[rule.match]]\nformat = \"cloudformation\"\ntype = \"AWS::B\"\nbad = { path = \"Properties.A\", equals = \"x\" }\n",
    );
    let one = |value: &str| {
        let text = format!(
            "Resources:\n  B:\n    Type: AWS::B\n    Properties:\n      A: {value}\nParameters:\n  Env:\n    Default: dev\n  \
             None:\n    Type: String\nConditions:\n  Dev: !Equals [!Ref Env, dev]\n  Prod: !Not [!Condition Dev]\n  \
             Unclear: !Equals [!Ref None, dev]\nMappings:\n  M:\n    dev:\n      a: x\n    prod:\n      a: y\n"
        );
        found_in(&rules, "stack.yaml", &text, &Fresh::All, &Beside::alone())
    };
    for bad in [
        "!If [Dev, x, y]",
        "!If [Prod, y, x]",
        "!If [Unclear, x, x]",
        "!FindInMap [M, !Ref Env, a]",
        "!Select [1, [y, x]]",
        "!Join ['', [x, '']]",
        "!If [Unclear, x, !If [Dev, x, y]]",
    ] {
        assert_eq!(one(bad), "5", "{bad}");
    }
    for good in [
        "!If [Prod, x, y]",
        "!If [Unclear, x, y]",
        "!If [Nowhere, x, y]",
        "!FindInMap [M, prod, a]",
        "!FindInMap [M, !Ref None, a]",
        "!If [Prod, x, !Ref AWS::NoValue]",
        "!Ref AWS::NoValue",
    ] {
        assert_eq!(one(good), "", "{good}");
    }
}

#[test]
fn expressions_of_templates_of_azure() {
    let rules = rules(
        "[[rule.match]]\nformat = [\"arm\", \"bicep\"]\ntype = \"A.B/c\"\nbad = { path = \"properties.a\", equals = \"x\" }\n",
    );
    let arm = |value: &str, more: &str| {
        let text = format!(
            "{{\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n\
             \"parameters\": {{\"env\": {{\"type\": \"string\", \"defaultValue\": \"dev\"}}, \"none\": {{\"type\": \"string\"}}}},\n\
             \"variables\": {{\"map\": {{\"dev\": \"x\", \"prod\": \"y\"}}}},\n\
             \"resources\": [{{\"type\": \"A.B/c\", {more}\"properties\": {{\"a\": \"{value}\"}}}}]}}\n"
        );
        found_in(&rules, "t.json", &text, &Fresh::All, &Beside::alone())
    };
    assert_eq!(arm("[if(equals(parameters('env'), 'dev'), 'x', 'y')]", ""), "4");
    assert_eq!(arm("[if(equals(parameters('none'), 'dev'), 'x', 'y')]", ""), "");
    assert_eq!(arm("[variables('map')[parameters('env')]]", ""), "4");
    assert_eq!(arm("[variables('map').prod]", ""), "");
    assert_eq!(arm("[variables('map').dev]", ""), "4");
    assert_eq!(arm("[toLower('X')]", ""), "4");
    assert_eq!(arm("[format('{0}', 'x')]", ""), "4");
    assert_eq!(arm("x", "\"condition\": false, "), "");
    assert_eq!(arm("x", "\"condition\": \"[parameters('none')]\", "), "4");
    let bicep = |value: &str| {
        let text = format!(
            "param env string = 'dev'\nvar map = {{\n  dev: 'x'\n}}\nresource b 'A.B/c@2024-01-01' = {{\n  properties: {{\n    \
             a: {value}\n  }}\n}}\n"
        );
        found_in(&rules, "main.bicep", &text, &Fresh::All, &Beside::alone())
    };
    assert_eq!(bicep("env == 'dev' ? 'x' : 'y'"), "7");
    assert_eq!(bicep("env != 'dev' ? 'x' : 'y'"), "");
    assert_eq!(bicep("map[env]"), "7");
    assert_eq!(bicep("map.dev"), "7");
}

#[test]
fn loops_of_bicep() {
    let rules = rules(
        "[[rule.match]]\nformat = \"bicep\"\ntype = \"A.B/c\"\nbad = { path = [\"a\", \"list.a\"], equals = \"x\" }\n",
    );
    let bicep = |head: &str, body: &str, end: &str| {
        let text = format!(
            "param none array\nparam empty array = []\nvar all = [ 'x', 'y' ]\nvar maps = [ {{ a: 'x' }} ]\n\
             resource b 'A.B/c@2024-01-01' = {head}{{\n  {body}\n}}{end}\n"
        );
        found_in(&rules, "main.bicep", &text, &Fresh::All, &Beside::alone())
    };
    for (head, body, expected) in [
        ("[for one in all: ", "a: one", "6"),
        ("[for (one, number) in maps: ", "a: one.a", "6"),
        ("[for (one, number) in maps: ", "a: all[number]", "6"),
        ("[for number in range(1, 1): ", "a: all[number]", ""),
        ("[for one in none: ", "a: one", ""),
        ("[for one in none: ", "a: 'x'", "6"),
        ("[for one in []: ", "a: 'x'", ""),
        ("[for one in empty: ", "a: 'x'", "6"),
        ("[for one in all: if (one == 'y') ", "a: 'x'", "6"),
    ] {
        assert_eq!(bicep(head, body, "]"), expected, "{head}{body}");
    }
    for (head, body, expected) in [
        ("", "list: [for one in all: { a: one }]", "6"),
        ("", "list: [for one in all: if (one != 'x') { a: one }]", ""),
        ("", "list: [for one in none: { a: 'x' }]", ""),
        ("if (1 == 2) ", "a: 'x'", ""),
        ("if (none == 2) ", "a: 'x'", "6"),
    ] {
        assert_eq!(bicep(head, body, ""), expected, "{head}{body}");
    }
}

#[test]
fn references_in_circles_and_large_loops_come_to_an_end() {
    let circle = "locals {\n  a = merge(local.b, local.b)\n  b = merge(local.a, local.a)\n}\nresource \"bucket\" \"b\" {\n  a = local.a[\"k\"]\n}\n";
    assert_eq!(found(circle), "");
    let doubling: String =
        (0..40).map(|at| format!("  l{} = concat(local.l{at}, local.l{at})\n", at + 1)).collect();
    let text = format!(
        "locals {{\n  l0 = [\"x\"]\n{doubling}}}\nresource \"bucket\" \"b\" {{\n  a = local.l40\n}}\n"
    );
    found(&text);
    let long = "x".repeat(1 << 20);
    let doubling: String =
        (0..40).map(|at| format!("  l{} = \"${{local.l{at}}}${{local.l{at}}}\"\n", at + 1)).collect();
    let text = format!(
        "locals {{\n  l0 = \"{long}\"\n{doubling}}}\nresource \"bucket\" \"b\" {{\n  a = local.l40\n  c = upper(local.l40)\n}}\n"
    );
    found(&text);
    let nested = "dynamic \"r\" {\nfor_each = local.many\ncontent {\n".repeat(12);
    let many = vec!["1"; 500].join(", ");
    let closing = "}\n}\n".repeat(12);
    let text = format!(
        "locals {{\n  many = [{many}]\n}}\nresource \"bucket\" \"b\" {{\n{nested}x = r.value\n{closing}}}\n"
    );
    found(&text);
    let chain = vec!["local.a"; 100_000].join(" + ");
    found(&format!("resource \"bucket\" \"b\" {{\n  a = {chain}\n  b = f(){}\n}}\n", ".a".repeat(100_000)));
}
