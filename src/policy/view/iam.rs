//! Statements of access policies, wherever and however they are written.

use super::{each, give, made};
use crate::policy::{
    condition::{Here, Judge, Reached, with_json},
    document::{Member, Node, Value},
    resolve::is_terraform,
};

/// Which policies of a block are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// What may be done.
    Permissions,
    /// Who may take the role on.
    Trust,
}

/// Keys of policies that say who may take a role on.
const TRUST_KEYS: [&str; 3] = ["assume_role_policy", "AssumeRolePolicyDocument", "assumeRolePolicy"];
/// Levels of blocks in which a policy may lie.
const DEEPEST: usize = 12;
/// Elements of a statement, as they are written in the documentation; in use, case does not count.
const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
];

pub(super) fn statements(
    judge: &Judge<'_>,
    here: Here<'_>,
    which: Which,
    found: &mut dyn FnMut(Reached<'_>),
) {
    search(judge, here, (which, which == Which::Trust), 0, found);
}

/// Looks for policies below a node; `only` those under a key of a trust policy.
fn search(
    judge: &Judge<'_>,
    here: Here<'_>,
    (which, only): (Which, bool),
    depth: usize,
    found: &mut dyn FnMut(Reached<'_>),
) {
    if depth > DEEPEST || !judge.world.step() {
        return;
    }
    match &here.node.value {
        Value::Map(members) => {
            if !only && is_policy(here.node) {
                return policy(judge, here, found);
            }
            for member in members {
                let trust = TRUST_KEYS.contains(&member.key.as_str());
                if trust && which == Which::Permissions {
                    continue;
                }
                let span = if here.own { member.key_span } else { here.span };
                search(
                    judge,
                    Here { node: &member.node, span, ..here },
                    (which, only && !trust),
                    depth + 1,
                    found,
                );
            }
        }
        Value::List(items) => {
            for item in items {
                search(judge, Here { node: item, ..here }, (which, only), depth + 1, found);
            }
        }
        _ if only => {}
        Value::Meant(meant) => search(judge, Here { node: meant, ..here }, (which, only), depth + 1, found),
        Value::Text(text) if text.contains("Statement") => {
            with_json(judge, here, &mut |reached| inner(judge, reached, found));
        }
        Value::Mixed(_) | Value::Call(..) => with_json(judge, here, &mut |reached| {
            // A text that is put together and no policy is of no interest.
            if let Reached::Node(at) = reached {
                inner(judge, Reached::Node(at), found);
            }
        }),
        Value::Reference(reference) => follow(judge, here, reference, depth, found),
        _ => {}
    }
}

fn inner(judge: &Judge<'_>, reached: Reached<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    match reached {
        Reached::Node(at) if is_policy(at.node) => policy(judge, at, found),
        Reached::Node(_) => {}
        Reached::Unknown => found(Reached::Unknown),
    }
}

/// A policy that stands elsewhere: a data source, a local value, a variable.
fn follow(
    judge: &Judge<'_>,
    here: Here<'_>,
    reference: &[String],
    depth: usize,
    found: &mut dyn FnMut(Reached<'_>),
) {
    if let [data, kind, ..] = reference
        && data == "data"
        && kind == "aws_iam_policy_document"
    {
        return match judge.world.definition(reference) {
            Some(document) => {
                judge.world.touch(document);
                let span = if document.own { document.block.header } else { here.span };
                let at = Here { node: &document.block.root, own: document.own, span, block: here.block };
                if !document.own {
                    // What stands in another file is pointed at by the reference to it.
                    return policy(judge, at, &mut |reached| match reached {
                        Reached::Node(statement) => {
                            found(Reached::Node(Here { span: here.span, own: false, ..statement }));
                        }
                        Reached::Unknown => found(Reached::Unknown),
                    });
                }
                policy(judge, at, found);
            }
            None => found(Reached::Unknown),
        };
    }
    let (node, own) = judge.world.resolve(here.node, here.own);
    if !std::ptr::eq(node, here.node) {
        search(judge, Here { node, own, ..here }, (Which::Permissions, false), depth + 1, found);
    }
}

/// Whether a map is a policy: in JSON by its statements, in a Terraform data source by its blocks.
fn is_policy(node: &Node) -> bool {
    let Value::Map(members) = &node.value else { return false };
    members.iter().any(|member| member.key.eq_ignore_ascii_case("Statement"))
}

/// The statements of a policy.
fn policy(judge: &Judge<'_>, here: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    let Value::Map(members) = &here.node.value else { return };
    for member in members.iter().filter(|member| member.key.eq_ignore_ascii_case("Statement")) {
        let native = member.key == "statement" && is_terraform(judge.world.format);
        let (node, own) = judge.world.resolve(&member.node, here.own);
        each(node, &mut |statement| {
            if !judge.world.step() {
                return;
            }
            let Value::Map(parts) = &statement.value else { return found(Reached::Unknown) };
            let parts = if native { data_source(parts) } else { json(parts) };
            give(Here { own, ..here }, &Node::new(statement.span, Value::Map(parts)), found);
        });
    }
}

/// A statement of JSON, with its elements as the documentation writes them.
fn json(parts: &[Member]) -> Vec<Member> {
    parts
        .iter()
        .map(|part| {
            let key = ELEMENTS.iter().find(|element| element.eq_ignore_ascii_case(&part.key));
            Member { key: key.map_or_else(|| part.key.clone(), |key| (*key).to_owned()), ..part.clone() }
        })
        .collect()
}

/// A `statement` block of `data.aws_iam_policy_document` as the statement that it makes.
fn data_source(parts: &[Member]) -> Vec<Member> {
    let mut made_parts = Vec::with_capacity(parts.len());
    for part in parts {
        let key = match part.key.as_str() {
            "sid" => "Sid",
            "effect" => "Effect",
            "actions" => "Action",
            "not_actions" => "NotAction",
            "resources" => "Resource",
            "not_resources" => "NotResource",
            "condition" => "Condition",
            "principals" | "not_principals" => {
                let key = if part.key == "principals" { "Principal" } else { "NotPrincipal" };
                let mut kinds: Vec<Member> = Vec::new();
                each(&part.node, &mut |block| {
                    let kind = match block.get("type").map(|kind| &kind.value) {
                        Some(Value::Text(kind)) => kind.clone(),
                        _ => "*".to_owned(),
                    };
                    if let Some(list) = block.member("identifiers") {
                        kinds.push(Member { key: kind, key_span: list.key_span, node: list.node.clone() });
                    }
                });
                let node = Node::new(part.node.span, Value::Map(kinds));
                made_parts.push(Member { key: key.to_owned(), key_span: part.key_span, node });
                continue;
            }
            other => other,
        };
        made_parts.push(Member { key: key.to_owned(), key_span: part.key_span, node: part.node.clone() });
    }
    made_parts
}

/// One node for each policy's allowed actions on every resource: a map with the list `Action`.
pub(super) fn actions(judge: &Judge<'_>, here: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    let mut all: Vec<Node> = Vec::new();
    let mut first = None;
    statements(judge, here, Which::Permissions, &mut |reached| {
        let Reached::Node(statement) = reached else { return };
        let is = |key: &str, wanted: &str| {
            let mut yes = false;
            if let Some(node) = statement.node.get(key) {
                each(node, &mut |item| yes |= matches!(&item.value, Value::Text(text) if text == wanted));
            }
            yes
        };
        let allowed = statement.node.get("Effect").is_none() || is("Effect", "Allow");
        if !allowed || !is("Resource", "*") || statement.node.get("Condition").is_some() {
            return;
        }
        if let Some(actions) = statement.node.get("Action") {
            first.get_or_insert((statement.span, statement.own));
            each(actions, &mut |action| all.push(action.clone()));
        }
    });
    if let Some((span, own)) = first {
        let list = Node::new(span, Value::List(all));
        give(Here { own, ..here }, &Node::new(span, Value::Map(vec![made("Action", list)])), found);
    }
}
