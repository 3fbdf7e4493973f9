//! Formats: which one a file is, and what it is read into.
//!
//! [`detect`] looks at the path and, where that does not tell, searches the content for a few words; [`parse`] reads. Neither fails: what
//! cannot be read is a note of the document. What the blocks and the tree of every format look like is written down in
//! `docs/policy-formats.md`. Must not know rules or conditions.

mod base;
mod hcl;
mod json;
mod outline;
mod terraform;
mod yaml;

#[cfg(test)]
mod tests;

use bstr::BStr;

use self::base::{Bounds, LONGEST};
use super::document::{Block, Document, Node, Note, Value};
use crate::text::Span;

pub use self::outline::outline;

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Terraform and other HCL: `.tf`, `.tofu`, `.hcl`.
    Terraform,
    /// Terraform in JSON syntax.
    TerraformJson,
    /// `.tfvars`.
    TerraformVariables,
    /// JSON of no other format.
    Json,
    /// YAML of no other format.
    Yaml,
}

/// Every format with the name that rules use, in the order of the list in the documentation. Several formats may share a name.
const NAMES: &[(Format, &str)] = &[
    (Format::Terraform, "terraform"),
    (Format::TerraformJson, "terraform"),
    (Format::TerraformVariables, "tfvars"),
    (Format::Json, "json"),
    (Format::Yaml, "yaml"),
];

impl Format {
    /// The name that rules use.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(format, _)| *format == self).map_or("", |(_, name)| name)
    }

    /// All formats of this name; none where there is no such name.
    #[must_use]
    pub fn named(name: &str) -> Vec<Self> {
        NAMES.iter().filter(|(_, known)| *known == name).map(|(format, _)| *format).collect()
    }

    /// All names, each once.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
        names.dedup();
        names
    }
}

/// The format of the file at `path`, if it is one of those that are read. Cheap: the ending decides, then a few searches for a word.
#[must_use]
pub fn detect(path: &BStr, text: &[u8]) -> Option<Format> {
    let name = path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let _ = text;
    if name.ends_with(b".tfvars") {
        return Some(Format::TerraformVariables);
    }
    if [&b".tf"[..], b".tofu", b".hcl"].iter().any(|ending| name.ends_with(ending)) {
        return Some(Format::Terraform);
    }
    if [&b".tf.json"[..], b".tofu.json", b".tfvars.json"].iter().any(|ending| name.ends_with(ending)) {
        return Some(Format::TerraformJson);
    }
    if name.ends_with(b".json") {
        return Some(Format::Json);
    }
    if name.ends_with(b".yml") || name.ends_with(b".yaml") {
        return Some(Format::Yaml);
    }
    None
}

/// Reads `text` as `format`.
#[must_use]
pub fn parse(format: Format, text: &[u8]) -> Document {
    if text.len() > LONGEST {
        let message = format!("is longer than {LONGEST} bytes and is not read for policy");
        return Document { blocks: Vec::new(), notes: vec![Note { span: Span::new(0, 0), message }] };
    }
    match format {
        Format::Terraform | Format::TerraformVariables => terraform::read(text),
        Format::TerraformJson => terraform::read_json(text, false),
        Format::Json => {
            let mut bounds = Bounds::default();
            let root = json::read(text, &mut bounds);
            bounds.document(vec![whole("", root)])
        }
        Format::Yaml => {
            let mut bounds = Bounds::default();
            let blocks = yaml::read(text, &mut bounds).into_iter().map(|(_, root)| whole("", root)).collect();
            bounds.document(blocks)
        }
    }
}

/// One block for all of `root`.
fn whole(kind: &str, root: Node) -> Block {
    let span = root.span;
    let header = match &root.value {
        Value::Map(members) => members.first().map_or(span, |first| first.key_span),
        _ => Span::new(span.start, span.start),
    };
    Block { kind: kind.to_owned(), name: String::new(), span, header, root }
}
