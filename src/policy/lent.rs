//! What is given to a block and written elsewhere: where that is a credential, it is not to be shown beside the finding.
//!
//! Must not judge.

use super::{
    document::{Node, Value},
    resolve::World,
};
use crate::{secret::Secret, text::Span};

/// Nodes within nodes that are followed.
const DEEPEST: usize = 16;
/// Texts of one block: more are no credentials.
const MOST: usize = 64;
/// Shorter ones are not hidden: they would be found in half of all words.
const SHORTEST: usize = 5;

/// The texts that nodes below `node` lead to, of those in a part of the document if one is named. Each is in pieces between
/// what may be escaped where it is written.
pub(super) fn to(world: &World<'_>, node: &Node, within: Option<Span>) -> Vec<Secret> {
    let mut lent = Vec::new();
    look(world, (node, within.is_none()), within, 0, &mut lent);
    lent
}

fn look<'w>(
    world: &'w World<'w>,
    (node, inside): (&Node, bool),
    within: Option<Span>,
    depth: usize,
    lent: &mut Vec<Secret>,
) {
    let inside = inside || within.is_some_and(|within| !node.span.is_empty() && within.contains(node.span));
    if depth > DEEPEST || lent.len() >= MOST {
        return;
    }
    let mut down = |node| look(world, (node, inside), within, depth + 1, lent);
    match &node.value {
        Value::Reference(_) | Value::Meant(_) if inside => gather(world, node, true, depth, lent),
        Value::Map(members) => members.iter().for_each(|member| down(&member.node)),
        Value::List(items) | Value::Call(_, items) | Value::Mixed(items) => items.iter().for_each(down),
        _ => {}
    }
}

/// Takes all texts of what a node comes to.
fn gather<'w>(world: &'w World<'w>, node: &Node, own: bool, depth: usize, lent: &mut Vec<Secret>) {
    if depth > DEEPEST || lent.len() >= MOST {
        return;
    }
    let (node, own) = world.resolve(node, own);
    match &node.value {
        Value::Text(text) => {
            let pieces = text.split(['"', '\'', '\\', '\n', '\r', '\t']);
            let pieces = pieces.filter(|piece| piece.len() >= SHORTEST);
            lent.extend(pieces.take(MOST).map(|piece| Secret::new(piece.as_bytes())));
        }
        Value::Map(members) => {
            members.iter().for_each(|member| gather(world, &member.node, own, depth + 1, lent));
        }
        Value::List(items) | Value::Call(_, items) | Value::Mixed(items) => {
            items.iter().for_each(|item| gather(world, item, own, depth + 1, lent));
        }
        _ => {}
    }
}
