//! Modules of the same tree, called with values.

use super::*;

/// What a rule on public buckets tells of `main.tf`, the files of `modules` being in the tree.
#[track_caller]
fn check(main: &'static str, modules: &[(&'static str, &'static str)], fresh: &Fresh, expected: &str) {
    let rules = rules(
        "[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = { any = [\n\
         { path = \"acl\", in = [\"public\", \"open\"] },\n  { path = \"rules.port\", equals = 22 },\n  { path = \"log\", absent = true },\n] }\n",
    );
    let files: Vec<_> = modules.iter().copied().chain([("main.tf", main)]).collect();
    let beside = Beside::new(Arc::new(Files(files, true)));
    assert_eq!(found_in(&rules, "main.tf", main, fresh, &beside), expected, "{main}");
}

const BUCKET: &str = "variable \"acl\" {}\nvariable \"name\" { default = \"x\" }\n\
    resource \"bucket\" \"b\" {\n  name = \"${var.name}-b\"\n  acl = var.acl\n  log = true\n}\n";

#[test]
fn what_a_call_gives_is_told_where_it_is_written() {
    let modules = [("modules/bucket/main.tf", BUCKET)];
    let all = &Fresh::All;
    for (main, expected) in [
        ("module \"m\" {\n  source = \"./modules/bucket\"\n  name = \"shop\"\n  acl = \"public\"\n}\n", "4"),
        ("module \"m\" {\n  source = \"./modules/bucket/\"\n  acl = \"private\"\n}\n", ""),
        ("module \"m\" {\n  source = \"./modules/bucket\"\n  acl = var.acl\n}\n", ""),
        (
            "locals {\n  a = \"open\"\n}\nmodule \"m\" {\n  source = \"./modules/bucket\"\n  acl = local.a\n}\n",
            "6",
        ),
        (
            "module \"m\" {\n  source = \"./modules/bucket\"\n  acl = true ? \"public\" : \"private\"\n}\n",
            "3",
        ),
        (
            "module \"m\" {\n  source = \"./modules/bucket\"\n  for_each = {a = \"private\", b = \"public\"}\n  acl = each.value\n}\n",
            "4",
        ),
        // Nothing of it is there.
        ("module \"m\" {\n  source = \"./modules/bucket\"\n  count = 0\n  acl = \"public\"\n}\n", ""),
        ("module \"m\" {\n  source = \"./modules/none\"\n  acl = \"public\"\n}\n", ""),
        ("module \"m\" {\n  source = \"../modules/bucket\"\n  acl = \"public\"\n}\n", ""),
        ("module \"m\" {\n  source = \"shop/bucket/aws\"\n  acl = \"public\"\n}\n", ""),
    ] {
        check(main, &modules, all, expected);
    }
}

#[test]
fn calls_in_called_modules_are_followed_and_circles_end() {
    let wrap = "variable \"acl\" {}\nmodule \"inner\" {\n  source = \"../bucket\"\n  acl = var.acl\n}\n\
        module \"self\" {\n  source = \"../wrap\"\n  acl = var.acl\n}\n";
    let modules = [("modules/bucket/main.tf", BUCKET), ("modules/wrap/main.tf", wrap)];
    let main = "module \"m\" {\n  source = \"./modules/wrap\"\n  acl = \"public\"\n}\n";
    check(main, &modules, &Fresh::All, "3");
    // What the module says itself is told there, not where it is called.
    let own = "variable \"acl\" {}\nmodule \"inner\" {\n  source = \"../bucket\"\n  name = var.acl\n  acl = \"public\"\n}\n";
    let modules = [("modules/bucket/main.tf", BUCKET), ("modules/wrap/main.tf", own)];
    check(main, &modules, &Fresh::All, "");
}

#[test]
fn values_of_the_module_are_not_told_of_its_calls() {
    let modules = [
        (
            "m/main.tf",
            "variable \"acl\" {\n  default = \"public\"\n}\nresource \"bucket\" \"b\" {\n  acl = var.acl\n  log = true\n}\n",
        ),
        ("m/terraform.tfvars", "acl = \"public\"\n"),
    ];
    let call = |argument: &str| -> &'static str {
        Box::leak(format!("module \"m\" {{\n  source = \"./m\"\n  {argument}\n}}\n").into_boxed_str())
    };
    check(call("name = \"x\""), &modules, &Fresh::All, "");
    // The module for itself is told of it.
    check(call("acl = \"open\""), &modules, &Fresh::All, "");
    check(call("acl = \"private\""), &modules, &Fresh::All, "");
    // What is missing in the module is told there, too.
    let modules = [("m/main.tf", "variable \"acl\" {}\nresource \"bucket\" \"b\" {\n  acl = var.acl\n}\n")];
    check(call("acl = \"private\""), &modules, &Fresh::All, "");
}

#[test]
fn a_change_is_told_when_the_value_is_new_or_what_it_rests_on() {
    let main = "locals {\n  a = \"public\"\n}\nmodule \"m\" {\n  source = \"./m\"\n  name = \"x\"\n  acl = local.a\n}\n";
    let modules = [("m/main.tf", BUCKET)];
    let at = |needle: &str| {
        let start = main.find(needle).unwrap();
        Fresh::from_spans(vec![Span::new(start, start + needle.len())])
    };
    check(main, &modules, &at("acl = local.a"), "7");
    check(main, &modules, &at("a = \"public\""), "2");
    // As a block is told when anything in it is new.
    check(main, &modules, &at("name = \"x\""), "7");
    let other = Fresh::from_spans(vec![Span::new(0, 6)]);
    check(
        "locals {\n  a = \"open\"\n}\nmodule \"m\" {\n  source = \"./m\"\n  acl = local.a\n}\n",
        &modules,
        &other,
        "",
    );
}

#[test]
fn a_default_that_every_call_overrides_does_not_stop_anybody() {
    let module = "variable \"acl\" {\n  default = \"public\"\n}\nresource \"bucket\" \"b\" {\n  acl = var.acl\n  log = true\n}\n";
    let rules = rules(
        "[[rule.match]]\nformat = \"terraform\"\ntype = \"bucket\"\nbad = { path = \"acl\", equals = \"public\" }\n",
    );
    let good = "module \"m\" {\n  source = \"../../m\"\n  acl = \"private\"\n}\n";
    let bad = "module \"m\" {\n  source = \"./m\"\n  acl = \"public\"\n}\n";
    let silent = "module \"m\" {\n  source = \"./m\"\n}\n";
    let other = "module \"m\" {\n  source = \"./other\"\n  acl = \"private\"\n}\n";
    for (calls, expected) in [
        (vec![], "5"),
        (vec![("envs/prod/main.tf", good)], "[5]"),
        (vec![("envs/prod/main.tf", good), ("main.tf", silent)], "5"),
        (vec![("envs/prod/main.tf", good), ("main.tf", bad)], "5"),
        (vec![("main.tf", other)], "5"),
    ] {
        let mut files = calls.clone();
        files.push(("m/main.tf", module));
        let beside = Beside::new(Arc::new(Files(files, true)));
        assert_eq!(found_in(&rules, "m/main.tf", module, &Fresh::All, &beside), expected, "{calls:?}");
    }
    // A call that could not be read may leave it so.
    let beside = |all_read| {
        Beside::new(Arc::new(Files(vec![("m/main.tf", module), ("envs/prod/main.tf", good)], all_read)))
    };
    assert_eq!(found_in(&rules, "m/main.tf", module, &Fresh::All, &beside(true)), "[5]");
    assert_eq!(found_in(&rules, "m/main.tf", module, &Fresh::All, &beside(false)), "5");
    // What is written in the module itself is bad in every call.
    let written = "variable \"x\" {}\nresource \"bucket\" \"b\" {\n  acl = \"public\"\n  log = var.x\n}\n";
    let beside =
        Beside::new(Arc::new(Files(vec![("m/main.tf", written), ("envs/prod/main.tf", good)], true)));
    assert_eq!(found_in(&rules, "m/main.tf", written, &Fresh::All, &beside), "3");
}
