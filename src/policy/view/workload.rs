//! Pods, containers and what is given to them, from manifests, compose files, task definitions and Terraform.

use super::{each, give, image_parts, made, text};
use crate::{
    policy::{
        condition::{Here, Judge, Reached, with_json},
        document::{Member, Node, Value},
        resolve::is_terraform,
    },
    text::Span,
};

/// Where the pod of a workload stands below its root, longest first.
const POD_PATHS: [&[&str]; 5] = [
    &["spec", "jobTemplate", "spec", "template", "spec"],
    &["spec", "job_template", "spec", "template", "spec"],
    &["spec", "template", "spec"],
    &["template", "spec"],
    &["spec"],
];
/// Lists of containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];
/// What a container takes from its pod's security context.
const INHERITED: [&str; 8] = [
    "runAsUser",
    "runAsGroup",
    "runAsNonRoot",
    "seccompProfile",
    "seLinuxOptions",
    "windowsOptions",
    "appArmorProfile",
    "supplementalGroups",
];
/// Levels of maps whose keys are rewritten.
const DEEPEST: usize = 24;

/// The pod of a workload; keys in the spelling of manifests.
pub(super) fn pod(judge: &Judge<'_>, here: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    let terraform = is_terraform(judge.world.format);
    let made;
    let root = if terraform {
        made = manifest(here.node);
        &made
    } else {
        here.node
    };
    if matches!(root.get("kind").map(|kind| &kind.value), Some(Value::Text(kind)) if kind == "List") {
        if let Some(items) = root.get("items") {
            each(items, &mut |item| one_pod(here, item, found));
        }
        return;
    }
    one_pod(here, root, found);
}

fn one_pod(here: Here<'_>, root: &Node, found: &mut dyn FnMut(Reached<'_>)) {
    for path in POD_PATHS {
        let Some(pod) = path.iter().try_fold(root, |node, key| first(node).get(key)) else { continue };
        let pod = first(pod);
        let is_pod = CONTAINERS.iter().any(|key| pod.get(key).is_some());
        if is_pod || path.len() > 1 {
            return give(here, pod, found);
        }
    }
}

/// A block that HCL makes a list of one.
fn first(node: &Node) -> &Node {
    match &node.value {
        Value::List(items) if items.len() == 1 => &items[0],
        _ => node,
    }
}

/// Terraform's resource as the manifest that it stands for.
fn manifest(node: &Node) -> Node {
    fn convert(node: &Node, depth: usize) -> Node {
        let value = match &node.value {
            Value::Map(members) if depth < DEEPEST => Value::Map(
                members
                    .iter()
                    .map(|member| Member {
                        key: match member.key.as_str() {
                            "container" => "containers".to_owned(),
                            "init_container" => "initContainers".to_owned(),
                            "volume" => "volumes".to_owned(),
                            "volume_mount" => "volumeMounts".to_owned(),
                            "port" => "ports".to_owned(),
                            key => camel(key),
                        },
                        key_span: member.key_span,
                        node: convert(&member.node, depth + 1),
                    })
                    .collect(),
            ),
            Value::List(items) if depth < DEEPEST => {
                Value::List(items.iter().map(|item| convert(item, depth + 1)).collect())
            }
            other => other.clone(),
        };
        Node::new(node.span, value)
    }
    match node.get("manifest") {
        Some(manifest) => manifest.clone(),
        None => convert(node, 0),
    }
}

fn camel(key: &str) -> String {
    let mut words = key.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// Containers: of a pod with what they inherit, of a task definition, services of a compose file.
pub(super) fn containers(judge: &Judge<'_>, here: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    let node = here.node;
    for path in
        [&["container_definitions"][..], &["Properties", "ContainerDefinitions"], &["container_properties"]]
    {
        if let Some(list) = path.iter().try_fold(node, |node, key| node.get(key)) {
            return with_json(
                judge,
                Here { node: list, span: list.span, ..here },
                &mut |reached| match reached {
                    Reached::Node(at) => each(at.node, &mut |item| give(at, &lower_first(item), found)),
                    Reached::Unknown => found(Reached::Unknown),
                },
            );
        }
    }
    if judge.world.format.name() == "compose" {
        return match node.get("services").map(|services| &services.value) {
            Some(Value::Map(services)) => {
                services.iter().for_each(|service| give(here, &service.node, found));
            }
            _ => found(Reached::Node(here)),
        };
    }
    pod(judge, here, &mut |reached| match reached {
        Reached::Node(pod) => of_pod(pod, found),
        Reached::Unknown => found(Reached::Unknown),
    });
}

fn of_pod(pod: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    let context = pod.node.get("securityContext").map(first);
    for key in CONTAINERS {
        let Some(list) = pod.node.get(key) else { continue };
        each(list, &mut |container| {
            let Value::Map(members) = &container.value else { return found(Reached::Unknown) };
            let mut members = members.clone();
            let own = members.iter().rposition(|member| member.key == "securityContext");
            let mut own_context = match own {
                Some(place) => {
                    let member = members.remove(place);
                    Member { node: first(&member.node).clone(), ..member }
                }
                None => made("securityContext", Node::new(container.span, Value::Map(Vec::new()))),
            };
            if let (Value::Map(parts), Some(context)) = (&mut own_context.node.value, context) {
                for key in INHERITED {
                    if !parts.iter().any(|part| part.key == key) {
                        parts.extend(context.member(key).cloned());
                    }
                }
                if context.has_more() {
                    parts.extend(context.member(crate::policy::document::MORE).cloned());
                } else if !matches!(context.value, Value::Map(_) | Value::Null) {
                    // What the pod says cannot be seen: neither can what its containers take from it.
                    parts.push(Member {
                        key: crate::policy::document::MORE.to_owned(),
                        ..made("", Node::new(context.span, Value::Unknown))
                    });
                }
            }
            if own.is_some() || !matches!(&own_context.node.value, Value::Map(parts) if parts.is_empty()) {
                members.push(own_context);
            }
            split_image(&mut members);
            give(pod, &Node::new(container.span, Value::Map(members)), found);
        });
    }
}

/// Adds `@tag`, `@digest` and `@name` of the image.
fn split_image(members: &mut Vec<Member>) {
    let image = members.iter().find(|member| member.key == "image").cloned();
    if let Some(Member { node: Node { value: Value::Text(image), span }, .. }) = image {
        let (name, tag, digest) = image_parts(&image);
        members.push(made("imageName", text(span, name)));
        members.extend(tag.map(|tag| made("imageTag", text(span, tag))));
        members.extend(digest.map(|digest| made("imageDigest", text(span, digest))));
    }
}

/// `Privileged` as `privileged`: one spelling for task definitions in JSON and in templates.
fn lower_first(node: &Node) -> Node {
    let Value::Map(members) = &node.value else { return node.clone() };
    let lowered = members
        .iter()
        .map(|member| {
            let mut letters = member.key.chars();
            let head = letters.next().map(|letter| letter.to_ascii_lowercase());
            Member { key: head.into_iter().chain(letters).collect(), ..member.clone() }
        })
        .collect();
    Node::new(node.span, Value::Map(lowered))
}

/// Environment variables as maps of `name` and `value`.
pub(super) fn env(judge: &Judge<'_>, here: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    let node = here.node;
    let lambda = [&["environment", "variables"][..], &["Properties", "Environment", "Variables"]];
    for path in lambda {
        if let Some(map) = path.iter().try_fold(node, |node, key| first(node).get(key)) {
            return pairs(here, map, found);
        }
    }
    for key in ["environment_variables", "environmentVariables", "ENV", "ARG"] {
        if let Some(list) = node.get(key) {
            pairs(here, list, found);
        }
    }
    let mut of_containers = false;
    containers(judge, here, &mut |reached| {
        let Reached::Node(container) = reached else { return };
        of_containers = true;
        for key in ["env", "environment"] {
            if let Some(list) = container.node.get(key) {
                pairs(container, list, found);
            }
        }
    });
    if !of_containers {
        for key in ["env", "environment"] {
            if let Some(list) = node.get(key) {
                pairs(here, list, found);
            }
        }
    }
}

fn pairs(here: Here<'_>, node: &Node, found: &mut dyn FnMut(Reached<'_>)) {
    let pair = |name: Node, value: Node, span: Span| {
        Node::new(span, Value::Map(vec![made("name", name), made("value", value)]))
    };
    match &node.value {
        Value::Map(members) => {
            for member in members {
                let span = Span::new(member.key_span.start, member.node.span.end);
                let made = pair(text(member.key_span, member.key.as_str()), member.node.clone(), span);
                give(here, &made, found);
            }
        }
        Value::List(items) => {
            for item in items {
                match &item.value {
                    Value::Map(_) => give(here, &lower_first(item), found),
                    Value::Text(line) => {
                        if let Some((name, value)) = line.split_once('=') {
                            give(
                                here,
                                &pair(text(item.span, name), text(item.span, value), item.span),
                                found,
                            );
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Published ports of a compose service: `host`, `published`, `target`, `protocol`.
pub(super) fn ports(judge: &Judge<'_>, here: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    containers(judge, here, &mut |reached| {
        let Reached::Node(service) = reached else { return };
        let Some(list) = service.node.get("ports") else { return };
        each(list, &mut |port| {
            let span = port.span;
            let written = match &port.value {
                Value::Text(written) => written.clone(),
                Value::Number(number) => number.to_string(),
                Value::Map(_) => {
                    let mut node = port.clone();
                    if let Value::Map(members) = &mut node.value {
                        let host = members.iter().find(|member| member.key == "host_ip").cloned();
                        members.extend(host.map(|host| Member { key: "host".to_owned(), ..host }));
                    }
                    return give(service, &node, found);
                }
                _ => return,
            };
            give(service, &Node::new(span, Value::Map(port_parts(&written, span))), found);
        });
    });
}

fn port_parts(written: &str, span: Span) -> Vec<Member> {
    let (written, protocol) =
        written.split_once('/').map_or((written, "tcp"), |(ports, protocol)| (ports, protocol));
    let (rest, target) = written.rsplit_once(':').map_or(("", written), |(rest, target)| (rest, target));
    let (host, published) = match rest.rsplit_once(':') {
        Some((host, published)) => (Some(host), Some(published)),
        None if rest.contains('.') => (Some(rest), None),
        None => (None, (!rest.is_empty()).then_some(rest)),
    };
    let mut parts = vec![made("target", text(span, target)), made("protocol", text(span, protocol))];
    parts.extend(host.map(|host| made("host", text(span, host.trim_matches(['[', ']'])))));
    parts.extend(published.map(|published| made("published", text(span, published))));
    parts
}
