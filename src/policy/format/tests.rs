//! What is read, as outlines; spans; and that nothing hostile does harm.

mod cloud;
mod hostile;
mod manifests;
mod settings;

use super::*;
use crate::policy::document::Node;

/// Checks the outline of `text` as `format`.
#[track_caller]
fn check(format: Format, text: &str, expected: &str) {
    let document = parse(format, text.as_bytes());
    assert_eq!(outline(&document, text.as_bytes()).trim_end(), expected.trim_matches('\n'), "of\n{text}");
    spans(&document, text.as_bytes());
}

/// Values that a recovering parser made up lie in the text, too.
#[test]
fn spans_of_broken_lines() {
    for text in ["=", "a =", "a = word", "[a"] {
        spans(&parse(Format::Toml, text.as_bytes()), text.as_bytes());
    }
}

/// Literals stand where their spans say, and nothing reaches beyond the text.
#[track_caller]
fn spans(document: &Document, text: &[u8]) {
    fn node(value: &Node, text: &[u8]) {
        assert!(value.span.end <= text.len(), "{value:?}");
        match &value.value {
            Value::List(items) | Value::Call(_, items) | Value::Mixed(items) => {
                items.iter().for_each(|item| node(item, text));
            }
            Value::Map(members) => members.iter().for_each(|member| {
                assert!(member.key_span.end <= text.len(), "{member:?}");
                node(&member.node, text);
            }),
            _ => {}
        }
    }
    for block in &document.blocks {
        assert!(block.span.end <= text.len() && block.header.end <= text.len(), "{block:?}");
        node(&block.root, text);
    }
}

#[test]
fn hcl_blocks_attributes_and_nested_blocks() {
    check(
        Format::Terraform,
        r#"# a comment
resource "aws_s3_bucket" "logs" {
  bucket = "logs-${var.name}"
  acl    = "public-read" // open
  tags   = { Name = "x", "a b" : true, (var.k) = 1 }
  versioning { enabled = false }
  grant {
    uri = "a"
  }
  grant {
    uri = var.uri
  }
  /* off */ lifecycle { prevent_destroy = true }
}
data "aws_iam_policy_document" "d" { statement { actions = ["s3:*"] } }
provider "aws" { region = "eu-west-1" }
"#,
        r#"
aws_s3_bucket "logs"  @2
  bucket: <"logs-", →var.name>  @3
  acl: "public-read"  @4
  tags  @5
    Name: "x"  @5
    a b: true  @5
    *: ?  @5
  versioning  @6
    -  @6
      enabled: false  @6
  grant  @7
    -  @7
      uri: "a"  @8
    -  @10
      uri: →var.uri  @11
  lifecycle  @13
    -  @13
      prevent_destroy: true  @13
data.aws_iam_policy_document "d"  @15
  statement  @15
    -  @15
      actions: ["s3:*"]  @15
provider.aws "aws"  @16
  region: "eu-west-1"  @16
"#,
    );
}

#[test]
fn hcl_expressions() {
    check(
        Format::Terraform,
        r#"locals {
  a = var.x ? "p" : local.y[0].z
  b = "${aws_s3_bucket.b.id}"
  c = jsonencode({ Statement = [{ Effect = "Allow" }] })
  d = [for s in var.l : s.a if s.b]
  e = -5 + 3
  f = !var.on
  g = aws_instance.web[*].id
  h = provider::x::f("a", [1,
    2])
  i = cidrsubnets(var.c...)
  j = (var.x)
  k = "$${no} %%{no} \"q\" \u00e9"
  l = "%{ if x }a%{ endif }"
  m = file("x").y
  n = 0640
}"#,
        r#"
locals  @1
  a: if(→var.x, "p", →local.y.0.z)  @2
  b: →aws_s3_bucket.b.id  @3
  c: jsonencode({Statement: [{Effect: "Allow"}]})  @4
  d: for("s", →var.l, null, →s.a, →s.b)  @5
  e: +(-5, 3)  @6
  f: !(→var.on)  @7
  g: →aws_instance.web.*.id  @8
  h: provider::x::f("a", [1, 2])  @9
  i: cidrsubnets(?)  @11
  j: →var.x  @12
  k: "${no} %{no} \"q\" é"  @13
  l: <?, "a", ?>  @14
  m: [](file("x"), "y")  @15
  n: "0640"  @16
"#,
    );
}

#[test]
fn hcl_heredocs_dynamics_and_labels() {
    check(
        Format::Terraform,
        "resource \"t\" \"n\" {\r\n  policy = <<EOT\r\n{\"a\": 1}\r\nEOT\r\n  user = <<-X\n    a ${var.b}\n  X\n  dynamic \"ingress\" {\n    for_each = var.p\n    content {\n      port = ingress.value\n    }\n  }\n  provisioner \"local-exec\" {\n    command = \"x\"\n  }\n}\n",
        r#"
t "n"  @1
  policy: "{\"a\": 1}\r\n"  @2
  user: <"    a ", →var.b, "\n">  @5
  ingress: [dynamic(→var.p, "ingress", {port: →ingress.value})]  @8
  provisioner  @14
    -  @14
      local-exec  @14
        command: "x"  @15
"#,
    );
}

#[test]
fn hcl_goes_on_after_an_error() {
    check(
        Format::Terraform,
        "resource \"a\" \"b\" {\n  x = \n  y = [1, 2\n  z = true\n}\nresource \"c\" \"d\" {\n  k = \"open\n  l = 1 2\n  = 3\n  m = 4\n}\nvariable x {",
        r#"
a "b"  @1
  x: ?  @2
  y: [1, 2]  @3
  z: true  @4
c "d"  @6
  k: "open"  @7
  l: 1  @8
  m: 4  @10
variable "x"  @12
note: a value was expected here  @2
note: is out of place inside brackets  @4
note: this string is never closed  @7
note: is out of place after a value  @8
note: a name was expected here  @9
note: this block is never closed  @12
"#,
    );
}

#[test]
fn terraform_in_json() {
    check(
        Format::TerraformJson,
        r#"{"resource": {"aws_s3_bucket": {"b": {"acl": "${var.acl}", "bucket": "x-${var.n}"}, "c": [{"acl": "private"}]}},
 "variable": {"acl": {"default": "public-read"}}, "provider": {"aws": [{"region": "a"}, {"alias": "b"}]}}"#,
        r#"
aws_s3_bucket "b"  @1
  acl: →var.acl  @1
  bucket: <"x-", →var.n>  @1
aws_s3_bucket "c"  @1
  acl: "private"  @1
variable "acl"  @2
  default: "public-read"  @2
provider.aws "aws"  @2
  region: "a"  @2
provider.aws "aws"  @2
  alias: "b"  @2
"#,
    );
}

#[test]
fn json_as_people_write_it() {
    check(
        Format::Json,
        "\u{feff}{\n // note\n \"a\": [1, -2.5, true, null,],\n \"b\": {\"c\": \"x\\n\\u00e9\\ud83d\\ude00\"} /* x */, \"d\": \"two\nlines\"\n \"e\": 1\n}",
        r#"
-  @3
  a: [1, -2.5, true, null]  @3
  b  @4
    c: "x\né😀"  @4
  d: "two\nlines"  @4
  e: 1  @6
note: a comma is missing before this  @6
"#,
    );
    check(
        Format::Json,
        "{\"a\" 1, \"b\": , \"c\": [1}, \"d\": \"x",
        r#"
-  @1
  c: [1]  @1
note: a colon is missing after this key  @1
note: a value is missing after this key  @1
note: is never closed  @1
note: more after the end of the JSON value  @1
"#,
    );
}

#[test]
fn yaml_collections_and_scalars() {
    check(
        Format::Yaml,
        "%YAML 1.2\n---\na: 1\nb: yes # comment\nc:\n- x\n- y: 1\n  z: 'it''s'\n-\n  - n\n  - - m\nd: {k: [v, \"w\", {a: b}], l}\ne: |\n  one\n   two\n\n  three\nf: >-\n  fold\n  ed\n\n  x\ng: plain\n  goes on\n\"h h\": ~\n? i\n: j\nk: http://x:80/#y\nmode: 0644\nlast:\n---\n- second\n...\n",
        r#"
-  @3
  a: 1  @3
  b: "yes"  @4
  c  @5
    -: "x"  @6
    -  @7
      y: 1  @7
      z: "it's"  @8
    -  @10
      -: "n"  @10
      -: ["m"]  @11
  d  @12
    k  @12
      -: "v"  @12
      -: "w"  @12
      -  @12
        a: "b"  @12
    l: null  @12
  e: "one\n two\n\nthree\n"  @13
  f: "fold ed\nx"  @18
  g: "plain goes on"  @23
  h h: null  @25
  i: "j"  @26
  k: "http://x:80/#y"  @28
  mode: "0644"  @29
  last: null  @30
-  @32
  -: "second"  @32
"#,
    );
}

#[test]
fn yaml_anchors_merges_and_tags() {
    check(
        Format::Yaml,
        "base: &b\n  x: 1\n  y: 2\none:\n  <<: *b\n  y: 3\ntwo: *b\nthree:\n  <<: [*b, {z: 4}]\nfour: *none\nfive: !Sub \"${A}-x\"\nsix: !GetAtt A.B\nseven: !!str 5\neight: !If [a, !Ref B, c]\nnine: !Join\n  - ','\n  - - a\n    - !Ref C\n",
        r#"
-  @1
  base  @1
    x: 1  @2
    y: 2  @3
  one  @4
    x: 1  @2
    y: 2  @3
    y: 3  @6
  two  @7
    x: 1  @2
    y: 2  @3
  three  @8
    z: 4  @9
    x: 1  @2
    y: 2  @3
  four: ?  @10
  five: Sub("${A}-x")  @11
  six: GetAtt("A.B")  @12
  seven: "5"  @13
  eight: If(["a", Ref("B"), "c"])  @14
  nine: Join([",", ["a", Ref("C")]])  @15
note: there is no anchor of this name before it  @10
"#,
    );
}

#[test]
fn yaml_goes_on_after_an_error() {
    check(
        Format::Yaml,
        "a: 1\n   b: 2\nc: \"x\" y\nd:\n    e: 1\n  f: 2\nthis is nothing\ng: [1, 2\n",
        r#"
-  @1
  a: 1  @1
  c: "x"  @3
  d  @4
    e: 1  @5
  g: [1, 2]  @8
note: does not fit the indentation or the syntax of the lines before it  @2
note: is out of place here  @3
note: does not fit the indentation or the syntax of the lines before it  @6
note: does not fit the indentation or the syntax of the lines before it  @7
note: is never closed  @8
"#,
    );
}

#[test]
fn yaml_lists_indented_as_their_keys() {
    check(
        Format::Yaml,
        "a:\n- b:\n  - x\n  - y: 1\n    z: 2\n  c: 3\nd:\n- |\n  t\n- - u\n  - v\n",
        r#"
-  @1
  a  @1
    -  @2
      b  @2
        -: "x"  @3
        -  @4
          y: 1  @4
          z: 2  @5
      c: 3  @6
  d  @7
    -: "t\n"  @9
    -: ["u", "v"]  @10
"#,
    );
}
