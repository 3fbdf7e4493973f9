//! Since when each object is there, and at which path.
//!
//! Commits are entered in their order, and each tree once, from the first commit that has it. The order can be cut into
//! parts that are entered at the same time: what a part has that none before it had is what entering it behind
//! them would have found. So a part costs what is new in it, and once the trees of its first commit.
//!
//! Must not know commits, nor what is reachable.

use std::collections::HashMap;

use super::{Label, NONE, Quickly, Set, Shape, lists::At};

/// Where an object was found first. Both are asked for together, and each object lies far from the next in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct First {
    pub(super) path: Label,
    /// The place of the first commit that has it.
    pub(super) since: u32,
}

impl First {
    const NOWHERE: Self = Self { path: Label::NONE, since: NONE };
}

/// Paths, each as the number of the folder that it is in and that of its name.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// A folder comes before what is in it.
    pub(super) steps: Vec<(u32, u32)>,
    pub(super) numbers: HashMap<(u32, u32), u32, Quickly>,
}

impl Paths {
    /// What `label` calls something in the folder `parent`: its path in the place of its name.
    pub(super) fn below(&mut self, parent: u32, label: Label) -> Label {
        label.renamed(self.number((parent, label.name())))
    }

    fn number(&mut self, step: (u32, u32)) -> u32 {
        let next = self.steps.len() as u32;
        let number = *self.numbers.entry(step).or_insert(next);
        if number == next {
            self.steps.push(step);
        }
        number
    }

    /// The numbers here of the paths of `other`.
    fn take(&mut self, other: &Self) -> Vec<u32> {
        let mut numbers: Vec<u32> = Vec::with_capacity(other.steps.len());
        for &(folder, name) in &other.steps {
            let folder = numbers.get(folder as usize).copied().unwrap_or(NONE);
            numbers.push(self.number((folder, name)));
        }
        numbers
    }
}

/// Further names of one content that rules on names are asked about. An empty file may have thousands.
const MOST_NAMES: usize = 64;

/// Paths of objects with other names than those by which they are known, in the order of their coming.
#[derive(Debug, Default)]
pub(super) struct Further(pub(super) HashMap<u32, Vec<Label>, Quickly>);

impl Further {
    /// Takes note of another name of a file; of several paths that end with one name the first does.
    fn meet(&mut self, paths: &mut Paths, (object, first): (u32, Label), (folder, label): (u32, Label)) {
        let name = |path: &Label| paths.steps.get(path.name() as usize).map(|step| step.1);
        let known = self.0.get(&object).map_or(&[][..], |known| known);
        if known.len() < MOST_NAMES
            && !known.iter().chain([&first]).any(|path| name(path) == Some(label.name()))
        {
            let path = paths.below(folder, label);
            self.0.entry(object).or_default().push(path);
        }
    }
}

/// What was entered.
#[derive(Debug)]
pub(super) struct Entered {
    /// Objects that a commit, a reference or a tree that no commit has leads to.
    pub(super) seen: Set,
    /// Blocks of entries whose objects are all in `seen`, with the folder that each was met in last.
    blocks: HashMap<At, u32, Quickly>,
    /// By number of the object.
    pub(super) first: Vec<First>,
    pub(super) paths: Paths,
    pub(super) further: Further,
}

impl Entered {
    /// Of objects with numbers below `objects`.
    pub(super) fn new(objects: usize) -> Self {
        Self {
            seen: Set::new(objects),
            blocks: HashMap::default(),
            first: vec![First::NOWHERE; objects],
            paths: Paths::default(),
            further: Further::default(),
        }
    }

    /// Gives `commit` to all that is in `root` and has none.
    pub(super) fn enter(&mut self, shape: &Shape, root: u32, commit: u32) {
        if root == NONE || !self.seen.put(root) {
            return;
        }
        self.first[root as usize].since = commit;
        let mut stack = vec![(root, NONE)];
        while let Some((tree, folder)) = stack.pop() {
            for &block in shape.blocks(tree) {
                // Again in the same folder, it says nothing new.
                match self.blocks.insert(block, folder) {
                    Some(before) if before == folder => continue,
                    _ => {}
                }
                for &entry in shape.block(block) {
                    let object = shape.object(entry);
                    if self.seen.put(object) {
                        let path = self.paths.below(folder, shape.entry(entry).1);
                        self.first[object as usize] = First { path, since: commit };
                        if shape.is_tree(object) {
                            stack.push((object, path.name()));
                        }
                    } else if shape.has_several_names(object) && !shape.is_tree(object) {
                        let first = self.first[object as usize].path;
                        self.further.meet(&mut self.paths, (object, first), (folder, shape.entry(entry).1));
                    }
                }
            }
        }
    }

    /// Adds what was entered for commits behind those of `self`, by itself and at the same time.
    pub(super) fn append(&mut self, shape: &Shape, later: &Self) {
        let numbers = self.paths.take(&later.paths);
        let here = |path: Label| match path {
            Label::NONE => path,
            path => path.renamed(numbers[path.name() as usize]),
        };
        for object in later.seen.iter() {
            let first = later.first[object as usize];
            let is_new = self.seen.put(object);
            if is_new {
                self.first[object as usize] = First { path: here(first.path), ..first };
            }
            if !shape.has_several_names(object) || shape.is_tree(object) {
                continue;
            }
            // Each is a path here by now, so that it is found again as what its last step is in its folder.
            let known = self.first[object as usize].path;
            let further = later.further.0.get(&object).map_or(&[][..], |further| further);
            let first = (!is_new && first.path != Label::NONE).then_some(&first.path);
            for &path in first.into_iter().chain(further) {
                let (folder, name) = self.paths.steps[here(path).name() as usize];
                self.further.meet(&mut self.paths, (object, known), (folder, path.renamed(name)));
            }
        }
    }

    /// Nothing more is entered.
    pub(super) fn finish(&mut self) {
        self.blocks = HashMap::default();
    }
}
