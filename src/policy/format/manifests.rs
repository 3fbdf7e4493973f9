//! Formats that are YAML (or JSON) and differ in what a block is: Kubernetes, compose, workflows, pipelines, Ansible.
//!
//! Must not know rules.

use super::{
    base::{Bounds, as_text, entry_block, lossy, member, whole},
    helm, json, yaml,
};
use crate::{
    policy::document::{Block, Document, MORE, Member, Node, Value},
    text::Span,
};

/// Documents of a YAML stream, or the one of a JSON file.
fn documents(text: &[u8], bounds: &mut Bounds) -> Vec<Node> {
    let first = text.iter().position(|byte| !byte.is_ascii_whitespace());
    if first.is_some_and(|first| text[first] == b'{') && memchr::memmem::find(text, b"\n---").is_none() {
        return vec![json::read(text, bounds)];
    }
    yaml::read(text, bounds).into_iter().map(|(_, root)| root).collect()
}

/// Plain YAML: a block for every document.
pub(super) fn plain(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let blanked = helm::blank(text).filter(|_| template_like(text));
    let roots = documents(blanked.as_deref().unwrap_or(text), &mut bounds);
    bounds.document(roots.into_iter().map(|root| whole("", "", root)).collect())
}

/// True where `{{` stands outside of quotes at the start of a value or of a line: YAML that must be filled in before it is YAML.
fn template_like(text: &[u8]) -> bool {
    if memchr::memmem::find(text, b"<%").is_some() {
        return true;
    }
    memchr::memmem::find_iter(text, b"{{").any(|at| {
        let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |found| found + 1);
        let before = text[line..at].trim_ascii();
        before.is_empty() || before.ends_with(b":") || before.ends_with(b"-")
    })
}

/// Kubernetes manifests: a block of the object's kind for every object; lists give their items.
pub(super) fn kubernetes(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let blanked = helm::blank(text);
    let mut blocks = Vec::new();
    for root in documents(blanked.as_deref().unwrap_or(text), &mut bounds) {
        if as_text(root.get("kind")) == Some("Kustomization") {
            patches(&root, &mut blocks);
        }
        objects(root, &mut blocks, 0);
    }
    bounds.document(blocks)
}

/// Patches that stand in a kustomization, as what they make of an object: all that they do not say is unknown. They stand where
/// their text does.
fn patches(root: &Node, blocks: &mut Vec<Block>) {
    for key in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
        let Some(Value::List(entries)) = root.get(key).map(|list| &list.value) else { continue };
        for entry in entries {
            let Some(text) = as_text(entry.get("patch").or(Some(entry))) else { continue };
            let span = entry.get("patch").map_or(entry.span, |patch| patch.span);
            let of = entry.get("target").and_then(|target| as_text(target.get("kind"))).unwrap_or_default();
            // Where in the file what of it stands cannot be told: nor is it noted what is wrong there.
            for (_, root) in yaml::read(text.as_bytes(), &mut Bounds::default()) {
                let roots = match root.value {
                    Value::List(steps) => steps.iter().filter_map(|step| patched(step, of)).collect(),
                    _ => vec![root],
                };
                for mut root in roots {
                    partial(&mut root, span, 0);
                    objects(root, blocks, 0);
                }
            }
        }
    }
}

/// What a step of a JSON patch puts into an object of a kind.
fn patched(step: &Node, kind: &str) -> Option<Node> {
    let path = as_text(step.get("path"))?;
    if !matches!(as_text(step.get("op")), Some("add" | "replace")) || path.split('/').count() > PATCH_DEPTH {
        return None;
    }
    let mut node = step.get("value")?.clone();
    for segment in path.split('/').skip(1).collect::<Vec<_>>().into_iter().rev() {
        let value = if segment == "-" || segment.bytes().all(|byte| byte.is_ascii_digit()) {
            Value::List(vec![node])
        } else {
            let key = segment.replace("~1", "/").replace("~0", "~");
            Value::Map(vec![member(key, step.span, node)])
        };
        node = Node::new(step.span, value);
    }
    if let Value::Map(members) = &mut node.value {
        members.push(member(
            "kind".to_owned(),
            step.span,
            Node::new(step.span, Value::Text(kind.to_owned())),
        ));
    }
    Some(node)
}

/// Names on the way to what a patch changes, at most.
const PATCH_DEPTH: usize = 64;

/// Makes every map of a tree one that may have more, all of it standing at `span`.
fn partial(node: &mut Node, span: Span, depth: usize) {
    node.span = span;
    match &mut node.value {
        _ if depth > super::base::DEEPEST => node.value = Value::Unknown,
        Value::List(items) => items.iter_mut().for_each(|item| partial(item, span, depth + 1)),
        Value::Map(members) => {
            for member in members.iter_mut() {
                member.key_span = Span::new(span.start, span.start);
                partial(&mut member.node, span, depth + 1);
            }
            members.push(member(MORE.to_owned(), span, Node::new(span, Value::Unknown)));
        }
        _ => {}
    }
}

fn objects(root: Node, blocks: &mut Vec<Block>, depth: usize) {
    let kind = as_text(root.get("kind")).unwrap_or_default().to_owned();
    if kind.ends_with("List") && depth < 4 {
        if let Value::Map(members) = root.value {
            for items in members.into_iter().filter(|member| member.key == "items") {
                if let Value::List(items) = items.node.value {
                    items.into_iter().for_each(|item| objects(item, blocks, depth + 1));
                }
            }
        }
        return;
    }
    let name = root
        .get("metadata")
        .and_then(|metadata| as_text(metadata.get("name")))
        .unwrap_or_default()
        .to_owned();
    if !matches!(root.value, Value::Map(_)) {
        return;
    }
    blocks.push(whole(&kind, &name, root));
}

/// A compose file: blocks `service`, `network`, `volume`, `secret` and `config`.
pub(super) fn compose(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let mut blocks = Vec::new();
    for mut root in documents(text, &mut bounds) {
        variables(text, &mut root, 0);
        let Value::Map(members) = root.value else { continue };
        let sections = members.iter().any(|member| member.key == "services");
        for section in members {
            let kind = match section.key.as_str() {
                "services" => "service",
                "networks" => "network",
                "volumes" => "volume",
                "secrets" => "secret",
                "configs" => "config",
                // The first version of the format had services at the top.
                _ if !sections
                    && matches!(&section.node.value, Value::Map(_))
                    && !section.key.starts_with("x-") =>
                {
                    blocks.push(entry_block("service", section));
                    continue;
                }
                _ => continue,
            };
            if let Value::Map(entries) = section.node.value {
                blocks.extend(entries.into_iter().map(|entry| entry_block(kind, entry)));
            }
        }
    }
    bounds.document(blocks)
}

/// `$NAME` and `${NAME:-default}` in text that is filled in from the environment.
fn variables(text: &[u8], node: &mut Node, depth: usize) {
    match &mut node.value {
        Value::Text(string) if string.contains('$') => {
            node.value = super::shell::filled(text, string, node.span);
        }
        Value::List(items) if depth < super::base::DEEPEST => {
            items.iter_mut().for_each(|item| variables(text, item, depth + 1));
        }
        Value::Map(members) if depth < super::base::DEEPEST => {
            members.iter_mut().for_each(|member| variables(text, &mut member.node, depth + 1));
        }
        _ => {}
    }
}

/// One block of `kind` for a whole document: workflows, actions, pipelines.
pub(super) fn single(text: &[u8], kind: &str) -> Document {
    let mut bounds = Bounds::default();
    let blocks = documents(text, &mut bounds)
        .into_iter()
        .filter(|root| matches!(root.value, Value::Map(_)))
        .map(|mut root| {
            events(&mut root);
            let name = as_text(root.get("name")).unwrap_or_default().to_owned();
            let kind = if kind == "workflow" && root.get("runs").is_some() { "action" } else { kind };
            whole(kind, &name, root)
        })
        .collect();
    bounds.document(blocks)
}

/// An event of a workflow is there although nothing is said of it.
fn events(root: &mut Node) {
    let Value::Map(members) = &mut root.value else { return };
    for on in members.iter_mut().filter(|member| member.key == "on") {
        let Value::Map(events) = &mut on.node.value else { continue };
        for event in events.iter_mut().filter(|event| event.node.value == Value::Null) {
            event.node.value = Value::Map(Vec::new());
        }
    }
}

/// Words at the top of a GitLab pipeline that are no jobs.
const PIPELINE_WORDS: &[&str] = &[
    "stages",
    "variables",
    "include",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "spec",
];

/// A GitLab pipeline: a block `job` for every job, and `pipeline` for what is said for all.
pub(super) fn gitlab(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let mut blocks = Vec::new();
    for root in documents(text, &mut bounds) {
        let span = root.span;
        let Value::Map(members) = root.value else { continue };
        let (global, jobs): (Vec<Member>, Vec<Member>) = members.into_iter().partition(|member| {
            PIPELINE_WORDS.contains(&member.key.as_str()) || !matches!(member.node.value, Value::Map(_))
        });
        if !global.is_empty() {
            blocks.push(whole("pipeline", "", Node::new(span, Value::Map(global))));
        }
        blocks.extend(jobs.into_iter().map(|job| {
            let kind = if job.key == "default" { "default" } else { "job" };
            entry_block(kind, job)
        }));
    }
    bounds.document(blocks)
}

/// Keys of a task that are not its module.
const TASK_WORDS: &[&str] = &[
    "name",
    "when",
    "register",
    "become",
    "become_user",
    "become_method",
    "become_flags",
    "become_exe",
    "vars",
    "tags",
    "notify",
    "loop",
    "loop_control",
    "ignore_errors",
    "ignore_unreachable",
    "changed_when",
    "failed_when",
    "environment",
    "delegate_to",
    "delegate_facts",
    "run_once",
    "no_log",
    "args",
    "until",
    "retries",
    "delay",
    "listen",
    "check_mode",
    "diff",
    "async",
    "poll",
    "any_errors_fatal",
    "connection",
    "remote_user",
    "throttle",
    "timeout",
    "module_defaults",
    "collections",
    "debugger",
    "port",
    "first_available_file",
];

/// Lists of tasks inside plays and blocks.
const TASK_LISTS: &[&str] = &["tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"];

/// A playbook, a file of tasks or one of variables: blocks of the module's short name for tasks, `play` and `vars`.
pub(super) fn ansible(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    let mut blocks = Vec::new();
    for mut root in documents(text, &mut bounds) {
        templates(text, &mut root, 0);
        match root.value {
            Value::List(items) => items.into_iter().for_each(|item| task(text, item, &mut blocks, 0)),
            Value::Map(_) => blocks.push(whole("vars", "", root)),
            _ => {}
        }
    }
    bounds.document(blocks)
}

fn task(text: &[u8], node: Node, blocks: &mut Vec<Block>, depth: usize) {
    let span = node.span;
    let Value::Map(members) = node.value else { return };
    if depth > 16 {
        return;
    }
    let header = members.first().map_or(span, |first| first.key_span);
    let mut own = Vec::new();
    let mut nested = false;
    for part in members {
        match part.node.value {
            Value::List(items) if TASK_LISTS.contains(&part.key.as_str()) => {
                nested = true;
                items.into_iter().for_each(|item| task(text, item, blocks, depth + 1));
            }
            value => own.push(Member { node: Node::new(part.node.span, value), ..part }),
        }
    }
    let name = own
        .iter()
        .find(|member| member.key == "name")
        .and_then(|member| as_text(Some(&member.node)))
        .unwrap_or_default()
        .to_owned();
    let play = own.iter().any(|member| matches!(member.key.as_str(), "hosts" | "import_playbook"));
    let (kind, own) = if play {
        ("play".to_owned(), own)
    } else if nested {
        ("block".to_owned(), own)
    } else {
        module(text, own)
    };
    blocks.push(Block { kind, name, span, header, root: Node::new(span, Value::Map(own)) });
}

/// The short name of a task's module, and its members with `args` as a map of what the module is given.
fn module(text: &[u8], mut members: Vec<Member>) -> (String, Vec<Member>) {
    let place = members.iter().position(|member| {
        let key = member.key.as_str();
        !TASK_WORDS.contains(&key) && !key.starts_with("with_") && key != MORE
    });
    let Some(place) = place else { return (String::new(), members) };
    let mut called = members[place].key.clone();
    let mut arguments = members[place].node.clone();
    if matches!(called.as_str(), "action" | "local_action") {
        match &arguments.value {
            Value::Text(line) => {
                let (name, _) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
                called = name.to_owned();
                arguments = pairs(text, &arguments, name.len());
            }
            Value::Map(_) => called = as_text(arguments.get("module")).unwrap_or_default().to_owned(),
            _ => {}
        }
    } else if matches!(arguments.value, Value::Text(_)) {
        arguments = pairs(text, &arguments, 0);
    }
    let short = called.rsplit('.').next().unwrap_or_default().to_owned();
    let key_span = members[place].key_span;
    let extra = members.iter().position(|member| member.key == "args").map(|at| members.remove(at));
    if let (Some(Member { node: Node { value: Value::Map(extra), .. }, .. }), Value::Map(given)) =
        (extra, &mut arguments.value)
    {
        given.extend(extra);
    }
    members.push(member("args".to_owned(), key_span, arguments));
    (short, members)
}

/// `key=value` pairs of a module that is given text, and the text itself as `_raw`.
fn pairs(text: &[u8], node: &Node, skip: usize) -> Node {
    let Value::Text(line) = &node.value else { return node.clone() };
    let exact = node.span.of(text) == line.as_bytes();
    let place = |from: usize, to: usize| {
        if exact { Span::new(node.span.start + from, node.span.start + to) } else { node.span }
    };
    let mut members = vec![member(
        "_raw".to_owned(),
        node.span,
        Node::new(node.span, Value::Text(line[skip..].trim_start().to_owned())),
    )];
    let bytes = line.as_bytes();
    let mut at = skip;
    while at < bytes.len() {
        while at < bytes.len() && bytes[at].is_ascii_whitespace() {
            at += 1;
        }
        let start = at;
        while at < bytes.len() && !bytes[at].is_ascii_whitespace() && bytes[at] != b'=' {
            at += 1;
        }
        let key = start..at;
        if bytes.get(at) != Some(&b'=')
            || key.is_empty()
            || !bytes[key.clone()].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        {
            while at < bytes.len() && !bytes[at].is_ascii_whitespace() {
                at += 1;
            }
            continue;
        }
        at += 1;
        let quote = bytes.get(at).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let from = at + usize::from(quote.is_some());
        at = from;
        while at < bytes.len()
            && quote.map_or_else(|| !bytes[at].is_ascii_whitespace(), |quote| bytes[at] != quote)
        {
            at += 1;
        }
        let span = place(from, at);
        let mut value = Node::new(span, Value::Text(lossy(bytes, from, at)));
        templates(text, &mut value, 0);
        members.push(member(lossy(bytes, key.start, key.end), place(key.start, key.end), value));
        at += usize::from(quote.is_some());
    }
    Node::new(node.span, Value::Map(members))
}

/// `{{ name }}` in text is filled in by Ansible; what else is in braces is unknown.
fn templates(text: &[u8], node: &mut Node, depth: usize) {
    match &mut node.value {
        Value::Text(string) if string.contains("{{") || string.contains("{%") => {
            node.value = braces(text, string, node.span);
        }
        Value::List(items) if depth < super::base::DEEPEST => {
            items.iter_mut().for_each(|item| templates(text, item, depth + 1));
        }
        Value::Map(members) if depth < super::base::DEEPEST => {
            members.iter_mut().for_each(|member| templates(text, &mut member.node, depth + 1));
        }
        _ => {}
    }
}

fn braces(text: &[u8], string: &str, span: Span) -> Value {
    let exact = span.of(text) == string.as_bytes();
    let place =
        |from: usize, to: usize| if exact { Span::new(span.start + from, span.start + to) } else { span };
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = [string[at..].find("{{"), string[at..].find("{%")].into_iter().flatten().min() {
        let open = at + found;
        let end = if string[open..].starts_with("{{") { "}}" } else { "%}" };
        let Some(close) = string[open + 2..].find(end).map(|close| open + 2 + close) else { break };
        if open > at {
            parts.push(Node::new(place(at, open), Value::Text(string[at..open].to_owned())));
        }
        let inner = string[open + 2..close].trim();
        let name = inner.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.'));
        let value = if name && end == "}}" {
            Value::Reference(inner.split('.').map(str::to_owned).collect())
        } else {
            Value::Unknown
        };
        parts.push(Node::new(place(open, close + 2), value));
        at = close + 2;
    }
    if at < string.len() {
        parts.push(Node::new(place(at, string.len()), Value::Text(string[at..].to_owned())));
    }
    if parts.len() == 1 { parts.pop().map_or(Value::Unknown, |only| only.value) } else { Value::Mixed(parts) }
}
