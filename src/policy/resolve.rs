//! What a reference stands for: variables, locals and parameters of the same folder.
//!
//! What the folder does not say stays a reference. Must not know rules.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use bstr::{BStr, BString, ByteSlice as _};

use super::{
    document::{Block, Document, Node, Value},
    format::{self, Format},
    settle::{Settled, settle},
};
use crate::{
    origin::{Beside, Sibling, Siblings},
    text::Span,
};

/// References that lead to references: more than this is a circle.
const LONGEST_CHAIN: usize = 8;
/// Nodes looked at for one document. The largest template of a public repository takes a fiftieth; beyond it, all is unknown.
const MOST_STEPS: u64 = 20_000_000;

/// Bytes of texts beside that are searched for one document; beyond that, all of these are read.
const MOST_SEARCHED: usize = 64 << 20;

/// A document with what lies around it.
pub(crate) struct World<'w> {
    /// Its source text.
    pub(crate) text: &'w [u8],
    pub(crate) format: Format,
    pub(crate) document: &'w Document,
    beside: &'w Beside,
    path: &'w BStr,
    siblings: OnceCell<Option<Arc<Siblings>>>,
    /// Of a module that is called: what its files come to for this call. The document is what the call gives to variables.
    called: Option<Vec<OnceCell<Places>>>,
    /// Where in the document what is.
    places: OnceCell<Places>,
    /// Kinds and names that were looked for and are nowhere.
    absent: RefCell<HashSet<(String, String)>>,
    /// Parts of the document on which the answer to the present question rests.
    touched: RefCell<Vec<Span>>,
    steps: Cell<u64>,
    /// Bytes of texts beside that were searched for a word.
    searched: Cell<usize>,
}

/// The blocks of a document by what they are looked for by: their positions, in order.
#[derive(Debug, Default)]
struct Places {
    names: HashMap<String, Vec<u32>>,
    kinds: HashMap<String, Vec<u32>>,
    /// What the blocks come to, where somebody asked.
    settled: Vec<OnceLock<Settled>>,
}

/// A document of a file beside, with its places.
#[derive(Debug, Default)]
struct Neighbour {
    document: Document,
    places: Places,
}

impl Places {
    fn of(document: &Document) -> Self {
        let mut places = Self::default();
        for (at, block) in document.blocks.iter().enumerate() {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            places.names.entry(block.name.clone()).or_default().push(at);
            places.kinds.entry(block.kind.clone()).or_default().push(at);
            places.settled.push(OnceLock::new());
        }
        places
    }
}

/// Which blocks are looked for.
#[derive(Clone, Copy)]
enum By<'b> {
    Name(&'b str),
    Kind(&'b str),
    /// All whose kind begins so.
    Start(&'b str),
}

impl By<'_> {
    /// The positions of the blocks.
    fn find(self, document: &Document, places: &Places, each: &mut dyn FnMut(usize)) {
        let list = match self {
            By::Name(name) => places.names.get(name),
            By::Kind(kind) => places.kinds.get(kind),
            By::Start(start) => {
                let all = document.blocks.iter().enumerate();
                return all.filter(|(_, block)| block.kind.starts_with(start)).for_each(|(at, _)| each(at));
            }
        };
        list.into_iter().flatten().for_each(|&at| each(at as usize));
    }
}

/// Whether blocks are wanted as they are written, or as what they come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Written,
    Settled,
}

/// A block and whether it is part of the document that is judged.
#[derive(Clone, Copy)]
pub(crate) struct Found<'w> {
    pub(crate) block: &'w Block,
    pub(crate) own: bool,
    /// The file that it is in.
    pub(crate) path: &'w BStr,
    /// Values that it rests on: in which files, and where.
    rests: &'w [(BString, Span)],
}

impl<'w> Found<'w> {
    /// Values of the file at `path` that it rests on.
    pub(super) fn rests_in(&self, path: &'w BStr) -> impl Iterator<Item = Span> + use<'w> {
        self.rests.iter().filter(move |(file, _)| *file == path).map(|(_, span)| *span)
    }
}

impl Found<'_> {
    /// What of the block says the value `node`: for those of many values, that one.
    fn part(&self, node: &Node) -> Span {
        if matches!(self.block.kind.as_str(), "locals" | "variables") { node.span } else { self.block.span }
    }
}

/// What a reference stands for, as it is written.
pub(super) struct Base<'w> {
    pub(super) node: &'w Node,
    /// The file, and what of it says so.
    pub(super) path: &'w BStr,
    pub(super) touched: Span,
    /// Whether it is what a variable has if nothing else is said.
    pub(super) guessed: bool,
}

/// What is given to the variables of a module that nobody calls.
static EMPTY: Document = Document { blocks: Vec::new(), notes: Vec::new(), steered: Vec::new() };

/// What `AWS::NoValue` is.
static NOTHING: Node = Node::new(Span::new(0, 0), Value::Null);

impl<'w> World<'w> {
    pub(crate) fn new(
        text: &'w [u8],
        (format, document): (Format, &'w Document),
        (beside, path): (&'w Beside, &'w BStr),
    ) -> Self {
        Self {
            text,
            path,
            format,
            document,
            beside,
            siblings: OnceCell::new(),
            called: None,
            places: OnceCell::new(),
            absent: RefCell::default(),
            touched: RefCell::default(),
            steps: Cell::new(0),
            searched: Cell::new(0),
        }
    }

    /// The module whose files are `siblings`, with nothing but `arguments` given to its variables: a document that stands for a
    /// part of the one that is judged. Without arguments, the module as it is for itself.
    pub(super) fn of_module(outer: &Self, arguments: Option<&'w Document>, siblings: &Arc<Siblings>) -> Self {
        let places = || siblings.files.iter().map(|_| OnceCell::new()).collect();
        Self {
            called: Some(places()),
            siblings: OnceCell::from(Some(Arc::clone(siblings))),
            steps: Cell::new(outer.steps.get()),
            searched: Cell::new(outer.searched.get()),
            ..Self::new(outer.text, (outer.format, arguments.unwrap_or(&EMPTY)), (outer.beside, outer.path))
        }
    }

    /// The files of another folder, as the document sees it.
    pub(super) fn folder(&self, folder: &BStr) -> Option<Arc<Siblings>> {
        self.beside.elsewhere(self.path, folder, shared_endings(self.format)?)
    }

    /// Files of the folders around that may call modules.
    pub(super) fn around(&self) -> Option<Arc<Siblings>> {
        self.beside.around(self.path, shared_endings(self.format)?, super::modules::may_call)
    }

    /// The same surroundings, seen from another file.
    pub(super) fn of_file<'o>(&self, (text, document): (&'o [u8], &'o Document), path: &'o BStr) -> World<'o>
    where
        'w: 'o,
    {
        World {
            steps: Cell::new(self.steps.get()),
            ..World::new(text, (self.format, document), (self.beside, path))
        }
    }

    /// The path of the document.
    pub(super) const fn path(&self) -> &'w BStr {
        self.path
    }

    /// Counts what was done in another world of the same document.
    pub(super) fn spend(&self, other: &World<'_>) {
        self.steps.set(self.steps.get().max(other.steps.get()));
    }

    /// Counts a step; false once there were too many.
    pub(crate) fn step(&self) -> bool {
        self.steps.set(self.steps.get() + 1);
        self.steps.get() < MOST_STEPS
    }

    /// Whether there were too many steps: nothing more is known of this document.
    pub(crate) fn is_spent(&self) -> bool {
        self.steps.get() >= MOST_STEPS
    }

    /// The parts of the document that the last question rested on, and a new list.
    pub(crate) fn take_touched(&self) -> Vec<Span> {
        self.touched.take()
    }

    pub(crate) fn touch(&self, found: Found<'_>) {
        self.touch_part(found, found.block.span);
    }

    fn touch_part(&self, found: Found<'_>, part: Span) {
        let mut touched = self.touched.borrow_mut();
        if found.own {
            touched.push(part);
        }
        touched.extend(found.rests.iter().filter(|(path, _)| *path == self.path).map(|(_, span)| *span));
    }

    /// What the block at a position of the document comes to.
    pub(crate) fn settled(&'w self, at: usize, each: &mut dyn FnMut(Found<'w>)) {
        if has_expressions(self.format) {
            let places = self.places.get_or_init(|| Places::of(self.document));
            self.forms((self.document, places, self.path), at, Form::Settled, each);
        } else if let Some(block) = self.document.blocks.get(at) {
            each(Found { block, own: true, path: self.path, rests: &[] });
        }
    }

    /// What the block at `span` of the file at `path` beside comes to.
    pub(super) fn at(&'w self, (path, span): (&BStr, Span), each: &mut dyn FnMut(Found<'w>)) {
        self.neighbours("", &mut |document, places, file| {
            if file == path {
                let found = document.blocks.iter().position(|block| block.span == span);
                found
                    .into_iter()
                    .for_each(|at| self.forms((document, places, file), at, Form::Settled, each));
            }
        });
    }

    /// All blocks of the files beside that are `wanted`, as what they come to.
    pub(crate) fn beside(&'w self, wanted: &dyn Fn(&Block) -> bool, each: &mut dyn FnMut(Found<'w>)) {
        self.neighbours("", &mut |document, places, path| {
            for (at, block) in document.blocks.iter().enumerate() {
                if wanted(block) && self.step() {
                    self.forms((document, places, path), at, Form::Settled, each);
                }
            }
        });
    }

    fn forms(
        &'w self,
        (document, places, path): (&'w Document, &'w Places, &'w BStr),
        at: usize,
        form: Form,
        each: &mut dyn FnMut(Found<'w>),
    ) {
        let (Some(block), Some(settled)) = (document.blocks.get(at), places.settled.get(at)) else { return };
        let own = std::ptr::eq(document, self.document);
        if form == Form::Written || !has_expressions(self.format) {
            return each(Found { block, own, path, rests: &[] });
        }
        let Settled { blocks, touched } = settled.get_or_init(|| settle(self, block));
        match blocks {
            None => each(Found { block, own, path, rests: touched }),
            Some(blocks) => blocks.iter().for_each(|block| each(Found { block, own, path, rests: touched })),
        }
    }

    /// The blocks of a kind, or of all kinds that begin so where it ends in `*`: those of the document, then those beside it.
    pub(crate) fn of_kind(&'w self, kind: &str, each: &mut dyn FnMut(Found<'w>)) {
        // In a file a data source stands as `data "KIND"`.
        let word = kind.trim_end_matches('*').trim_start_matches("data.");
        let by = kind.strip_suffix('*').map_or(By::Kind(kind), By::Start);
        self.blocks(by, word, Form::Settled, each);
    }

    /// Blocks of the folder: those of the document, then those of files beside it that hold `word`.
    fn blocks(&'w self, by: By<'_>, word: &str, form: Form, each: &mut dyn FnMut(Found<'w>)) {
        let mut visit = |document: &'w Document, places: &'w Places, path: &'w BStr| {
            by.find(document, places, &mut |at| {
                if self.step() {
                    self.forms((document, places, path), at, form, each);
                }
            });
        };
        visit(self.document, self.places.get_or_init(|| Places::of(self.document)), self.path);
        self.neighbours(word, &mut visit);
    }

    /// The documents of the files beside that hold `word`.
    fn neighbours(&'w self, word: &str, each: &mut dyn FnMut(&'w Document, &'w Places, &'w BStr)) {
        let Some(endings) = shared_endings(self.format) else { return };
        let Some(siblings) = self.siblings.get_or_init(|| self.beside.siblings(self.path, endings)) else {
            return;
        };
        let finder = memchr::memmem::Finder::new(word);
        for (at, sibling) in siblings.files.iter().enumerate() {
            if sibling.path.as_bstr() == self.path {
                continue;
            }
            // To search a text for a word is cheaper than to read it; to search it for thousands is not.
            let searched = self.searched.get();
            if sibling.memo.get().is_none() && searched < MOST_SEARCHED {
                self.searched.set(searched + sibling.bytes.len());
                if finder.find(&sibling.bytes).is_none() {
                    continue;
                }
            }
            if let Some(Neighbour { document, places }) = neighbour(sibling) {
                // What the blocks of a module come to is another thing for each call.
                let own = self.called.as_ref().and_then(|called| called.get(at));
                let places = own.map_or(places, |own| own.get_or_init(|| Places::of(document)));
                each(document, places, sibling.path.as_bstr());
            }
        }
    }

    /// Whether all that may belong to the document is known.
    pub(crate) fn complete(&self) -> bool {
        let Some(endings) = shared_endings(self.format) else { return true };
        let siblings = self.siblings.get_or_init(|| self.beside.siblings(self.path, endings));
        siblings.as_ref().is_some_and(|siblings| siblings.complete)
    }

    /// The definition that `reference` leads to, if it is of the folder.
    pub(crate) fn definition(&'w self, reference: &[String]) -> Option<Found<'w>> {
        let (kind, name) = match (is_terraform(self.format), reference) {
            (true, [first, name, ..]) if first == "var" => ("variable", name),
            (true, [data, kind, name, ..]) if data == "data" => {
                let kind = format!("data.{kind}");
                return self.find(&kind, name, Form::Settled);
            }
            (true, [kind, name, ..]) => (kind.as_str(), name),
            (_, [name, ..]) => return self.find("", name, Form::Settled),
            _ => return None,
        };
        self.find(kind, name, Form::Settled)
    }

    /// The block of a kind, or of any if that is empty, and a name.
    fn find(&'w self, kind: &str, name: &str, form: Form) -> Option<Found<'w>> {
        let key = (kind.to_owned(), name.to_owned());
        if self.absent.borrow().contains(&key) {
            return None;
        }
        let mut found = None;
        self.blocks(By::Name(name), name, form, &mut |one| {
            if found.is_none() && (kind.is_empty() || one.block.kind == kind) {
                found = Some(one);
            }
        });
        if found.is_none() {
            self.absent.borrow_mut().insert(key);
        }
        found
    }

    /// The value behind a reference, where the folder says one, with whether it is of the document; else the node itself.
    pub(crate) fn resolve<'n>(&'w self, node: &'n Node, own: bool) -> (&'n Node, bool)
    where
        'w: 'n,
    {
        let (mut node, mut own) = (node, own);
        for _ in 0..LONGEST_CHAIN {
            match &node.value {
                Value::Meant(meant) => node = meant,
                Value::Reference(reference) => {
                    let Some((next, of)) = self.value_of(reference) else { break };
                    (node, own) = (next, of);
                }
                _ => break,
            }
        }
        (node, own)
    }

    /// What a local value of a module is, however many lead to it: nobody outside can say otherwise. Else the node itself.
    pub(crate) fn behind_locals<'n>(&'w self, mut node: &'n Node) -> &'n Node
    where
        'w: 'n,
    {
        for _ in 0..LONGEST_CHAIN {
            let Value::Reference(reference) = &node.value else { break };
            if !is_terraform(self.format) || reference.first().is_none_or(|first| first != "local") {
                break;
            }
            let Some((next, _)) = self.value_of(reference) else { break };
            node = next;
        }
        node
    }

    /// Whether the module has variables at all.
    pub(super) fn has_variables(&'w self) -> bool {
        let mut has = false;
        self.blocks(By::Kind("variable"), "variable", Form::Written, &mut |_| has = true);
        has
    }

    /// The value that a variable is given. Files of values are not read for a module that is called.
    fn in_variables(&'w self, name: &str, form: Form) -> Option<(Found<'w>, &'w Node)> {
        if self.called.is_none() {
            return self.in_blocks("variables", name, form);
        }
        let block = self.document.blocks.first()?;
        Some((Found { block, own: true, path: self.path, rests: &[] }, block.root.get(name)?))
    }

    /// The value of a key in one of the blocks of a kind.
    fn in_blocks(&'w self, kind: &str, key: &str, form: Form) -> Option<(Found<'w>, &'w Node)> {
        let mut found = None;
        self.blocks(By::Kind(kind), key, form, &mut |one| {
            if found.is_none() {
                found = one.block.root.get(key).map(|node| (one, node));
            }
        });
        found
    }

    fn value_of(&'w self, reference: &[String]) -> Option<(&'w Node, bool)> {
        let (found, node, rest) = self.given(reference, Form::Settled)?;
        self.touch_part(found, found.part(node));
        Some((descend(node, rest)?, found.own))
    }

    /// What a reference begins with stands for, as it is written, and the keys that are taken out of it.
    pub(super) fn stands_for<'r>(&'w self, reference: &'r [String]) -> Option<(Base<'w>, &'r [String])> {
        let (found, node, rest) = self.given(reference, Form::Written)?;
        let guessed = matches!(found.block.kind.as_str(), "parameter" | "Parameter")
            || found.block.kind == "variable" && is_terraform(self.format) && self.called.is_none();
        Some((Base { node, path: found.path, touched: found.part(node), guessed }, rest))
    }

    /// The block that says what a name stands for, that value, and the rest of the reference.
    fn given<'r>(
        &'w self,
        reference: &'r [String],
        form: Form,
    ) -> Option<(Found<'w>, &'w Node, &'r [String])> {
        if is_terraform(self.format) {
            let [first, name, rest @ ..] = reference else { return None };
            let (found, node) = match first.as_str() {
                "var" => self.in_variables(name, form).or_else(|| {
                    let variable = self.find("variable", name, form)?;
                    Some((variable, variable.block.root.get("default")?))
                })?,
                "local" => self.in_blocks("locals", name, form)?,
                _ => return None,
            };
            return Some((found, node, rest));
        }
        let [name, rest @ ..] = reference else { return None };
        if name == "AWS::NoValue" && rest.is_empty() {
            let block = self.document.blocks.first()?;
            return Some((Found { block, own: false, path: self.path, rests: &[] }, &NOTHING, rest));
        }
        let found = self.find("", name, form)?;
        let root = &found.block.root;
        let node = match found.block.kind.as_str() {
            "condition" | "mapping" if form == Form::Written => root,
            _ if !is_parameter(found.block) => return None,
            _ => ["Default", "defaultValue", "default"].iter().find_map(|key| root.get(key))?,
        };
        Some((found, node, rest))
    }
}

/// What is in a file beside, read once.
fn neighbour(sibling: &Sibling) -> Option<&Neighbour> {
    let memo = sibling.memo.get_or_init(|| {
        let format = format::detect(sibling.path.as_bstr(), &sibling.bytes);
        let document = format.map(|format| format::parse(format, &sibling.bytes)).unwrap_or_default();
        let places = Places::of(&document);
        Box::new(Neighbour { document, places })
    });
    memo.downcast_ref::<Neighbour>()
}

/// The document of a file beside.
pub(super) fn document_of(sibling: &Sibling) -> Option<&Document> {
    neighbour(sibling).map(|neighbour| &neighbour.document)
}

/// Whether expressions of the format are worked out.
fn has_expressions(format: Format) -> bool {
    matches!(format.name(), "terraform" | "cloudformation" | "arm" | "bicep")
}

/// Endings of the files that are one module with a file of the format; `None` where every file is for itself.
fn shared_endings(format: Format) -> Option<&'static [&'static str]> {
    is_terraform(format).then_some(MODULE)
}

/// Endings of the files of a module. Of those with values of variables, these are read without being named.
const MODULE: &[&str] = &[".tf", ".tofu", ".tf.json", ".tofu.json", "terraform.tfvars", ".auto.tfvars"];

/// Whether a file of this name may be part of a module, or look at those that are.
pub(crate) fn asks_beside(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    MODULE.iter().chain(&[".hcl", ".tfvars", ".tfvars.json"]).any(|ending| lower.ends_with(ending.as_bytes()))
}

/// Whether blocks are named as Terraform names them.
pub(crate) fn is_terraform(format: Format) -> bool {
    format.name() == "terraform"
}

/// Whether a block declares a value that is given from outside.
pub(crate) fn is_parameter(block: &Block) -> bool {
    matches!(block.kind.as_str(), "variable" | "parameter" | "Parameter")
}

fn descend<'n>(node: &'n Node, keys: &[String]) -> Option<&'n Node> {
    keys.iter().try_fold(node, |node, key| match &node.value {
        Value::List(items) => items.get(key.parse::<usize>().ok()?),
        _ => node.get(key),
    })
}
