//! What every format is read into: blocks with a type and a name, each a tree whose nodes know their place.
//!
//! Conditions see nothing else of a format, so a parser decides here what a value is: a literal, a reference that may be
//! resolved, or something that cannot be known. Must not know rules or conditions.

use crate::text::Span;

/// The key of a member, unknown in value, that says: this map has members that the file does not show, as a template or an
/// expression puts them there. A key that is not found in such a map is unknown, not absent. In a list, an unknown element says the same.
pub const MORE: &str = "*";

/// A parsed file.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Document {
    /// In the order of the file.
    pub blocks: Vec<Block>,
    /// Where something could not be read. What could be read is in `blocks` all the same.
    pub notes: Vec<Note>,
    /// Of a template: where conditions begin and end, in order.
    pub steered: Vec<Steered>,
}

/// A place in a template from which on other conditions say whether the text is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steered {
    /// The place.
    pub from: usize,
    /// Where what the innermost of them is about begins; none if there is no condition.
    pub since: Option<usize>,
}

/// A part of a document that rules are asked about on its own: a resource, a manifest, a stage, a service, a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// What rules select by: `aws_s3_bucket`, `data.aws_iam_policy_document`, `AWS::S3::Bucket`, `Deployment`, `server`.
    /// Empty where the format has only one kind.
    pub kind: String,
    /// Its name in the file; empty if it has none.
    pub name: String,
    /// All of it.
    pub span: Span,
    /// What is reported where no attribute can be: the line that opens it.
    pub header: Span,
    /// Its content.
    pub root: Node,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub span: Span,
    /// What is wrong, as a clause without full stop.
    pub message: String,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value itself; of a member, without its key.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The key as written, unquoted.
    pub key: String,
    /// The key's place.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Written as nothing: `null`, `~`, an empty value.
    Null,
    /// A boolean of the format.
    Bool(bool),
    /// A number; its text is in the source.
    Number(f64),
    /// Literal text, unescaped, without anything to be filled in.
    Text(String),
    /// Elements in order. Repeated blocks of HCL and repeated directives are a list of maps.
    List(Vec<Node>),
    /// Members in order; a key may repeat.
    Map(Vec<Member>),
    /// A reference to another block, variable or parameter and nothing else: `aws_s3_bucket.logs.id` is
    /// `["aws_s3_bucket", "logs", "id"]`, `!Ref Logs` is `["Logs"]`, `var.name` is `["var", "name"]`.
    Reference(Vec<String>),
    /// A function of the format with its arguments, such as `jsonencode(…)` or `Fn::Join`.
    Call(String, Vec<Node>),
    /// Text with parts to be filled in, or an expression: the literal parts and the references in it, in order.
    Mixed(Vec<Node>),
    /// What an expression comes to: a value that is not written where the expression stands.
    Meant(Box<Node>),
    /// Cannot be known from the file.
    Unknown,
}

impl Node {
    /// A node of `value` at `span`.
    #[must_use]
    pub const fn new(span: Span, value: Value) -> Self {
        Self { span, value }
    }

    /// The last member named `key`, if this is a map that has one.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Member> {
        match &self.value {
            Value::Map(members) => members.iter().rev().find(|member| member.key == key),
            _ => None,
        }
    }

    /// True for a map that has members which the file does not show.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.member(MORE).is_some_and(|more| more.node.value == Value::Unknown)
    }

    /// The value of the last member named `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.member(key).map(|member| &member.node)
    }
}
