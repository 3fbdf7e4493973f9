//! Views: one shape for what formats and resources write in several ways.
//!
//! A view makes nodes; those that stand in the document keep their places. Must not decide anything.

mod iam;
mod workload;

use super::{
    condition::{Here, Judge, Reached},
    document::{Member, Node, Value},
};
use crate::{rule::View, text::Span};

/// Levels of blocks in blocks of a playbook.
const DEEPEST: usize = 16;

/// Everything that a view shows of where one stands.
pub(super) fn elements(judge: &Judge<'_>, view: View, here: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    match view {
        View::Statements => iam::statements(judge, here, iam::Which::Permissions, found),
        View::Trust => iam::statements(judge, here, iam::Which::Trust, found),
        View::Actions => iam::actions(judge, here, found),
        View::Pod => workload::pod(judge, here, found),
        View::Containers => workload::containers(judge, here, found),
        View::Env => workload::env(judge, here, found),
        View::Ports => workload::ports(judge, here, found),
        View::From => images(here, found),
        View::Steps => steps(here, found),
        View::Tasks => tasks(here, here.node, 0, found),
        View::Listeners => listeners(judge, here, found),
    }
}

/// A member without a place of its own.
fn made(key: &str, node: Node) -> Member {
    let at = node.span.start;
    Member { key: key.to_owned(), key_span: Span::new(at, at), node }
}

fn text(span: Span, text: impl Into<String>) -> Node {
    Node::new(span, Value::Text(text.into()))
}

/// Hands over a node that was made, standing at `span`.
fn give(here: Here<'_>, node: &Node, found: &mut dyn FnMut(Reached<'_>)) {
    let span = if here.own { node.span } else { here.span };
    found(Reached::Node(Here { node, span, ..here }));
}

/// The elements of a list, or the one that is no list.
fn each<'n>(node: &'n Node, then: &mut dyn FnMut(&'n Node)) {
    match &node.value {
        Value::List(items) => items.iter().for_each(then),
        _ => then(node),
    }
}

/// The name of an image taken apart: `registry:5000/name:tag@digest`.
fn image_parts(image: &str) -> (&str, Option<&str>, Option<&str>) {
    let (image, digest) =
        image.split_once('@').map_or((image, None), |(image, digest)| (image, Some(digest)));
    let name = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[name..].find(':') {
        Some(colon) => (&image[..name + colon], Some(&image[name + colon + 1..]), digest),
        None => (image, None, digest),
    }
}

/// `FROM` instructions of a Dockerfile.
fn images(here: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    let Value::Map(members) = &here.node.value else { return };
    for member in members.iter().filter(|member| member.key.eq_ignore_ascii_case("from")) {
        each(&member.node, &mut |node| {
            let mut parts = match &node.value {
                Value::Map(parts) => parts.clone(),
                Value::Text(image) => vec![made("image", text(node.span, image.as_str()))],
                _ => return found(Reached::Unknown),
            };
            let image = parts.iter().find(|part| part.key == "image").map(|part| part.node.clone());
            if let Some(Node { value: Value::Text(image), span }) = image {
                let (name, tag, digest) = image_parts(&image);
                parts.retain(|part| part.key != "image");
                parts.push(made("image", text(span, name)));
                for (key, part) in [("tag", tag), ("digest", digest)] {
                    if let Some(part) = part
                        && !parts.iter().any(|known| known.key == key)
                    {
                        parts.push(made(key, text(span, part)));
                    }
                }
            }
            give(here, &Node::new(node.span, Value::Map(parts)), found);
        });
    }
}

/// Steps of a workflow, or of a composite action.
fn steps(here: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    let mut with_job = |job: Option<(&str, &Node)>, list: &Node| {
        let job = job.map(|(name, job)| {
            let mut about: Vec<Member> = match &job.value {
                Value::Map(all) => all.iter().filter(|member| member.key != "steps").cloned().collect(),
                _ => Vec::new(),
            };
            about.push(made("id", text(job.span, name)));
            made("job", Node::new(job.span, Value::Map(about)))
        });
        each(list, &mut |step| {
            let Value::Map(members) = &step.value else { return found(Reached::Unknown) };
            let members = members.iter().chain(&job).cloned().collect();
            give(here, &Node::new(step.span, Value::Map(members)), found);
        });
    };
    if let Some(list) = here.node.get("steps") {
        let id = here.block.name.as_str();
        with_job((!id.is_empty()).then_some((id, here.node)), list);
    }
    if let Some(list) = here.node.get("runs").and_then(|runs| runs.get("steps")) {
        with_job(None, list);
    }
    if let Some(Node { value: Value::Map(jobs), .. }) = here.node.get("jobs") {
        for job in jobs {
            if let Some(list) = job.node.get("steps") {
                with_job(Some((&job.key, &job.node)), list);
            }
        }
    }
}

/// Keys of a task, a block or a play that are not the name of a module.
const TASK_KEYS: &[&str] = &[
    "action",
    "any_errors_fatal",
    "args",
    "async",
    "become",
    "become_exe",
    "become_flags",
    "become_method",
    "become_user",
    "block",
    "changed_when",
    "check_mode",
    "collections",
    "connection",
    "debugger",
    "delay",
    "delegate_facts",
    "delegate_to",
    "diff",
    "environment",
    "failed_when",
    "force_handlers",
    "gather_facts",
    "handlers",
    "hosts",
    "ignore_errors",
    "ignore_unreachable",
    "listen",
    "local_action",
    "loop",
    "loop_control",
    "max_fail_percentage",
    "module_defaults",
    "name",
    "no_log",
    "notify",
    "order",
    "poll",
    "port",
    "post_tasks",
    "pre_tasks",
    "register",
    "remote_user",
    "rescue",
    "retries",
    "roles",
    "run_once",
    "serial",
    "strategy",
    "tags",
    "tasks",
    "throttle",
    "timeout",
    "until",
    "vars",
    "vars_files",
    "vars_prompt",
    "when",
    "always",
    "with_dict",
    "with_fileglob",
    "with_items",
    "with_lines",
    "with_nested",
    "with_sequence",
    "with_subelements",
    "with_together",
];

/// Tasks of a playbook or a task file, at any depth.
fn tasks(here: Here<'_>, node: &Node, depth: usize, found: &mut dyn FnMut(Reached<'_>)) {
    if depth > DEEPEST {
        return;
    }
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| tasks(here, item, depth + 1, found)),
        Value::Map(members) => {
            let mut inner = false;
            for member in members {
                let list = matches!(
                    member.key.as_str(),
                    "tasks" | "pre_tasks" | "post_tasks" | "handlers" | "block" | "rescue" | "always"
                );
                if list && matches!(member.node.value, Value::List(_)) {
                    inner = true;
                    tasks(here, &member.node, depth + 1, found);
                }
            }
            let module = members.iter().find(|member| {
                !TASK_KEYS.contains(&member.key.as_str())
                    && !member.key.starts_with("with_")
                    && member.key != "*"
            });
            let Some(module) = module.filter(|_| !inner) else { return };
            let short = module.key.rsplit('.').next().unwrap_or_default();
            let mut task = members.clone();
            task.push(made("module", text(module.key_span, short)));
            task.push(made("args", module.node.clone()));
            give(here, &Node::new(node.span, Value::Map(task)), found);
        }
        _ => {}
    }
}

/// Listeners of load balancers: blocks of their own are their own only listener.
fn listeners(judge: &Judge<'_>, here: Here<'_>, found: &mut dyn FnMut(Reached<'_>)) {
    let own = matches!(
        here.block.kind.as_str(),
        "aws_lb_listener" | "aws_alb_listener" | "AWS::ElasticLoadBalancingV2::Listener"
    );
    if own {
        return found(Reached::Node(here));
    }
    for path in [&["listener"][..], &["Properties", "Listeners"]] {
        let node = path.iter().try_fold(here.node, |node, key| node.get(key));
        if let Some(node) = node {
            let (node, own) = judge.world.resolve(node, here.own);
            each(node, &mut |item| give(Here { own, ..here }, item, found));
        }
    }
}
