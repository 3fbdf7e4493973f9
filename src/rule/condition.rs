//! What a structural rule says of a document: which blocks it is about, and what must be true of one.
//!
//! Plain data that can stand in a constant; `build.rs` includes this file. Must not know documents: `policy` holds
//! conditions against them.

use super::model::{Gate, List, Text};

/// Names of the formats that documents are read from.
pub const FORMATS: [&str; 43] = [
    "ansible",
    "apache",
    "arm",
    "azure-pipelines",
    "bicep",
    "circleci",
    "cloud-init",
    "cloudformation",
    "compose",
    "conf",
    "django",
    "docker-daemon",
    "dockerfile",
    "elasticsearch",
    "env",
    "flask",
    "github-actions",
    "gitlab-ci",
    "ini",
    "json",
    "kubernetes",
    "laravel",
    "maven",
    "mongod",
    "mysql",
    "nginx",
    "npmrc",
    "openapi",
    "pg-hba",
    "pip",
    "policy",
    "postgresql",
    "properties",
    "rails",
    "redis",
    "shell",
    "spring",
    "sshd",
    "terraform",
    "tfvars",
    "toml",
    "xml",
    "yaml",
];

/// One `[[rule.match]]`: the rule speaks wherever one of its matches does.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    /// Formats of the documents that it is about: some of [`FORMATS`].
    pub formats: List<Text>,
    /// Kinds of blocks; a `*` at the end stands for any rest. All kinds if empty.
    pub kinds: List<Text>,
    /// Literals of which one is in every document that it can be true of; by default, the kinds.
    pub keywords: List<Text>,
    /// Only files whose path matches one of these globs, if there are any.
    pub files: List<Text>,
    /// Not those whose path matches one of these.
    pub not_files: List<Text>,
    /// Where it counts, if elsewhere than the rule.
    pub gate: Option<Gate>,
    /// What is wrong, if the rule's title does not say it.
    pub note: Text,
    /// Blocks of which this may be true are passed over.
    pub unless: Option<Condition>,
    /// What is reported: only what is known to be true.
    pub bad: Condition,
    /// Where the report points, if elsewhere than at what decided.
    pub at: List<Path>,
}

/// Something that is true, false or unknown of a node of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All hold.
    All(List<Self>),
    /// At least one holds.
    Any(List<Self>),
    /// This one does not hold. Exactly one condition: a list, so that it can stand in a constant.
    Not(List<Self>),
    /// Some value at one of the paths passes all tests.
    Value {
        /// Where the values are.
        paths: List<Path>,
        /// What is asked of a value.
        tests: List<Test>,
        /// The value that the product takes where none is written.
        default: Option<Literal>,
        /// Whether texts are compared without regard to ASCII case.
        nocase: bool,
    },
    /// There is something at one of the paths; or there is nothing at any.
    Present {
        /// Where to look.
        paths: List<Path>,
        /// Whether something must be there.
        present: bool,
    },
    /// The range between two values includes one of the numbers.
    Range {
        /// The lower end.
        from: Path,
        /// The upper end.
        to: Path,
        /// The numbers.
        covers: List<u16>,
    },
    /// All of the conditions hold for one element at one of the paths.
    Each {
        /// Where the elements are.
        paths: List<Path>,
        /// What must hold for one of them.
        of: List<Self>,
    },
    /// All of the conditions hold for the value of some key at any depth.
    Key {
        /// An expression on the key.
        name: Text,
        /// What must hold for its value.
        of: List<Self>,
    },
    /// The value at the path refers to a parameter or variable for which all of the conditions hold.
    Ref {
        /// Where the reference is.
        paths: List<Path>,
        /// What must hold for the definition.
        of: List<Self>,
    },
    /// Some other block of the folder belongs to this one, and all of the conditions hold for it.
    Linked {
        /// Its kind.
        kinds: List<Text>,
        /// The path of the reference between the two.
        via: List<Path>,
        /// True if this block refers to the other, false if the other refers to this one.
        outward: bool,
        /// What must hold for it.
        of: List<Self>,
    },
    /// What stands at the path selects another block of the document: by labels that this has among its own, or, where the other
    /// has no labels, by its name. Unknown if the document has no block of such a kind.
    Selects {
        /// Where the labels or the name are.
        paths: List<Path>,
        /// Kinds of blocks that may be selected.
        kinds: List<Text>,
        /// Where these have their labels.
        labels: List<Path>,
    },
    /// The block is of one of these kinds.
    Kind(List<Text>),
    /// The block's name matches.
    Name(Text),
}

/// What is asked of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is one of these. Booleans and numbers are compared by what they mean: `"true"`, `yes` and `true` are equal.
    In(List<Literal>),
    /// It is none of these.
    NotIn(List<Literal>),
    /// The expression matches it.
    Matches(Text),
    /// The expression does not match it.
    NotMatches(Text),
    /// It is a number less than this.
    Lt(f64),
    /// It is a number greater than this.
    Gt(f64),
    /// It is an address range of the whole internet, or a word for it.
    World,
    /// It is an address range with a shorter prefix than this.
    Wider(u8),
    /// It is a port, a range of ports or a word for all of them, and includes one of these.
    Covers(List<u16>),
    /// It is written out, or it is not.
    Literal(bool),
    /// The credential rules report it.
    Secretlike,
}

/// A value in a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(Text),
}

/// A way through a document. Without steps it is the node that one stands at.
#[derive(Clone, Debug, PartialEq)]
pub struct Path(pub List<Step>);

/// A step of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// To the value of a key; lists on the way are walked through.
    Key(Text),
    /// To every value of a map, or every element of a list.
    Any,
    /// To every node at any depth, and the one that one stands at.
    Deep,
    /// To an element of a list by its place; negative ones count from the end.
    Index(i32),
    /// On into the text, read as JSON (or as the map that `jsonencode` was given).
    Json,
    /// To the elements of a view.
    View(View),
}

/// One shape for what formats write in several ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Statements of the policies of a block: `Effect`, `Action`, `NotAction`, `Resource`, `Principal`, `NotPrincipal`, `Condition`.
    Statements,
    /// Statements of the policy that says who may take a role on.
    Trust,
    /// The allowed actions of all statements whose resource is everything, one list.
    Actions,
    /// The pod of a workload of any kind.
    Pod,
    /// Containers of a workload of any kind, with what they inherit from the pod; services of compose; containers of a task definition.
    Containers,
    /// `FROM` instructions: `image`, `tag`, `digest`, `alias`, `stage`.
    From,
    /// Steps of a workflow, each with `job`.
    Steps,
    /// Names and values of environment variables: `name`, `value`.
    Env,
    /// Published ports: `host`, `published`, `target`, `protocol`.
    Ports,
    /// Tasks of a playbook at any depth: `module`, `args`, and the task's own keys.
    Tasks,
    /// Listeners of a load balancer.
    Listeners,
}

impl View {
    /// All of them, with their words in paths.
    pub const ALL: [(&'static str, Self); 11] = [
        ("@statements", Self::Statements),
        ("@trust", Self::Trust),
        ("@actions", Self::Actions),
        ("@pod", Self::Pod),
        ("@containers", Self::Containers),
        ("@from", Self::From),
        ("@steps", Self::Steps),
        ("@env", Self::Env),
        ("@ports", Self::Ports),
        ("@tasks", Self::Tasks),
        ("@listeners", Self::Listeners),
    ];
}

impl Path {
    /// Reads `a.b."c.d".*.**.-1.@view.@json`; `.` for the node itself.
    ///
    /// # Errors
    ///
    /// What is wrong, and with which bytes of the text.
    pub fn parse(text: &str) -> Result<Self, (std::ops::Range<usize>, String)> {
        let mut steps = Vec::new();
        if text == "." {
            return Ok(Self(List::Owned(steps)));
        }
        let mut place = 0;
        while place <= text.len() {
            let rest = &text[place..];
            if let Some(quoted) = rest.strip_prefix('"') {
                let Some(end) = quoted.find('"') else {
                    return Err((place..text.len(), "a quoted key does not end".to_owned()));
                };
                steps.push(Step::Key(Text::Owned(quoted[..end].to_owned())));
                place += end + 2;
                match text[place..].strip_prefix('.') {
                    Some(_) => place += 1,
                    None if place == text.len() => break,
                    None => return Err((place..text.len(), "a `.` belongs here".to_owned())),
                }
                continue;
            }
            let end = rest.find('.').unwrap_or(rest.len());
            steps.push(Step::parse(&rest[..end]).map_err(|why| (place..place + end, why))?);
            place += end + 1;
        }
        Ok(Self(List::Owned(steps)))
    }

    /// Writes what [`Path::parse`] reads.
    #[must_use]
    pub fn write(&self) -> String {
        if self.0.is_empty() {
            return ".".to_owned();
        }
        let steps: Vec<String> = self.0.iter().map(Step::write).collect();
        steps.join(".")
    }
}

impl Step {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "" => return Err("an empty step".to_owned()),
            "*" => Self::Any,
            "**" => Self::Deep,
            "@json" => Self::Json,
            _ if text.starts_with('@') => {
                let view = View::ALL.iter().find(|(word, _)| *word == text);
                let Some((_, view)) = view else { return Err(format!("there is no view `{text}`")) };
                Self::View(*view)
            }
            _ => match text.parse::<i32>() {
                Ok(index) => Self::Index(index),
                Err(_) => Self::Key(Text::Owned(text.to_owned())),
            },
        })
    }

    fn write(&self) -> String {
        match self {
            Self::Key(key) if key.contains('.') || Self::parse(key) != Ok(self.clone()) => {
                format!("\"{key}\"")
            }
            Self::Key(key) => key.to_string(),
            Self::Any => "*".to_owned(),
            Self::Deep => "**".to_owned(),
            Self::Json => "@json".to_owned(),
            Self::Index(index) => index.to_string(),
            Self::View(view) => {
                let word = View::ALL.iter().find(|(_, other)| other == view).map_or("", |(word, _)| word);
                word.to_owned()
            }
        }
    }
}
