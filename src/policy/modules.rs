//! Calls of Terraform modules that lie in the same tree: what a call gives to the variables of a module, and which blocks of
//! the module that makes bad.
//!
//! A value that is written in a call is told where it is written, and only what the module for itself is not. What a call does
//! not say is as the module says. Must not know files: a source hands over the folder.

use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _, ByteVec as _};

use super::{
    document::{Block, Document, Member, Node, Value},
    resolve::{Found, World},
    settle::closed,
};
use crate::{origin::Siblings, text::Span};

/// Calls in called modules. Deeper ones are rare, and each level multiplies the work.
pub(super) const DEEPEST: usize = 4;
/// Longest path of a module's folder, in bytes.
const LONGEST_PATH: usize = 4096;

/// Arguments of a call that are about the call itself.
const META: [&str; 7] = ["source", "version", "providers", "count", "for_each", "depends_on", "lifecycle"];

/// What a call gives to a variable, and where in the document that is judged.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    /// The value's place, by which it is known when a block rests on it.
    pub(super) value: Span,
    /// What is pointed at, and other values that it rests on.
    pub(super) places: Vec<Span>,
}

/// A call of a module.
#[derive(Debug)]
pub(super) struct Call {
    /// Where the module is; ends in `/`.
    pub(super) folder: BString,
    pub(super) siblings: Arc<Siblings>,
    /// The name that it is called by.
    pub(super) name: String,
    /// What it gives to variables, as a document that the module sees.
    pub(super) given: Document,
    /// Of these, those that are written in the document that is judged.
    pub(super) arguments: Vec<Argument>,
    /// The block of that document that all of it comes from, if that is a call.
    pub(super) block: Option<Span>,
}

/// Whether a text may call a module of its tree.
pub(super) fn may_call(bytes: &[u8]) -> bool {
    let holds = |word: &[u8]| memchr::memmem::find(bytes, word).is_some();
    holds(b"module") && (holds(b"\"./") || holds(b"\"../") || holds(b"\"..\""))
}

impl Call {
    /// What a block of the kind `module` calls, if that is in the tree; `outer` is the call of the module that it stands in.
    pub(super) fn of<'w>(world: &'w World<'w>, block: Found<'w>, outer: Option<&Self>) -> Option<Self> {
        let folder = target(block.block, block.path)?;
        let Value::Map(members) = &block.block.root.value else { return None };
        let (mut given, mut arguments) = (Vec::new(), Vec::new());
        for member in members.iter().filter(|member| !META.contains(&member.key.as_str())) {
            let (mut node, rests) = closed(world, &member.node);
            let rests = rests.into_iter().filter(|(path, _)| path.as_bstr() == world.path());
            let mut places: Vec<Span> = Vec::new();
            for (_, span) in rests {
                match outer.and_then(|outer| outer.arguments.iter().find(|argument| argument.value == span)) {
                    Some(argument) => places.extend(&argument.places),
                    None => places.push(span),
                }
            }
            if block.own {
                places.insert(0, Span::new(member.key_span.start, member.node.span.end));
                places.extend(block.rests_in(world.path()));
            } else {
                // What is written elsewhere has no place here but those of the values it rests on.
                node.span = places.first().copied().unwrap_or_default();
            }
            if !places.is_empty() {
                arguments.push(Argument { value: node.span, places });
            }
            given.push(Member { node, ..member.clone() });
        }
        let siblings = world.folder(folder.as_bstr()).filter(|siblings| !siblings.files.is_empty())?;
        let name = block.block.name.clone();
        let own = if block.own { Some(block.block.span) } else { outer.and_then(|outer| outer.block) };
        Some(Self { folder, siblings, name, given: document(given), arguments, block: own })
    }

    /// What it gives, without what stands at one of the `places`: that is not known.
    pub(super) fn without(&self, places: &[Span]) -> Document {
        let Some(Value::Map(members)) = self.given.blocks.first().map(|block| &block.root.value) else {
            return Document::default();
        };
        let without = |member: &Member| {
            let mut member = member.clone();
            if places.contains(&member.node.span) {
                member.node.value = Value::Unknown;
            }
            member
        };
        document(members.iter().map(without).collect())
    }
}

/// The folder of the tree that a block calls a module of.
pub(super) fn target(block: &Block, path: &BStr) -> Option<BString> {
    match &block.root.get("source")?.value {
        Value::Text(source) if block.kind == "module" => joined(path, source.as_bytes()),
        _ => None,
    }
}

/// The folder of a file; ends in `/`, or is empty.
pub(super) fn folder_of(path: &BStr) -> &BStr {
    path.rfind_byte(b'/').map_or(BStr::new(""), |slash| path[..=slash].as_bstr())
}

/// The one block of what is given to variables.
fn document(members: Vec<Member>) -> Document {
    let span = Span::default();
    let root = Node::new(span, Value::Map(members));
    let block = Block { kind: "variables".to_owned(), name: String::new(), span, header: span, root };
    Document { blocks: vec![block], ..Document::default() }
}

/// The folder that `source` names in a file at `path`; `None` if it is no path, or leads out of the tree.
fn joined(path: &BStr, source: &[u8]) -> Option<BString> {
    if !matches!(source.split_str("/").next(), Some(b"." | b"..")) {
        return None;
    }
    let folder = path.rfind_byte(b'/').map_or(&b""[..], |slash| &path[..slash]);
    let absolute = folder.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    let all = folder.split_str("/").chain(source.split_str("/"));
    for part in all.filter(|part| !part.is_empty() && *part != b".") {
        match part {
            // What lies above the start of a path is not known by name.
            b".." if parts.last().is_none_or(|last| *last == b"..") => return None,
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut joined: Vec<u8> = if absolute { b"/".to_vec() } else { Vec::new() };
    for part in parts {
        joined.push_str(part);
        joined.push(b'/');
    }
    (joined.len() <= LONGEST_PATH).then(|| joined.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_names_a_folder_of_the_tree() {
        for (path, source, expected) in [
            ("main.tf", "./modules/bucket", Some("modules/bucket/")),
            ("envs/prod/main.tf", "../../modules/bucket/", Some("modules/bucket/")),
            ("/srv/infra/main.tf", "./x", Some("/srv/infra/x/")),
            ("examples/full/main.tf", "../..", Some("")),
            ("a/main.tf", "./../b//c", Some("b/c/")),
            ("main.tf", "../elsewhere", None),
            ("../infra/main.tf", "../../other", None),
            ("main.tf", "terraform-aws-modules/vpc/aws", None),
            ("main.tf", "git::https://example.com/x.git", None),
            ("main.tf", "", None),
        ] {
            assert_eq!(
                joined(path.into(), source.as_bytes()).as_deref().map(|path| path.as_bstr()),
                expected.map(BStr::new),
                "{path} {source}"
            );
        }
    }
}
