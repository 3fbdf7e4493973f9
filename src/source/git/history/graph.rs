//! Commits, tags and trees of a store as numbers, and where and since when each blob is.
//!
//! Trees are read in pack order: an entry that a tree shares with its base is taken over from
//! there, so that only new entries are looked up. Then commits are gone through, parents first and
//! otherwise the oldest first, and each tree is entered once, from the first commit that has it.
//!
//! Whoever asks on about a few objects (which trees hold it, which commits have such a tree, which
//! came after) has [`Graph::above`], [`Graph::commits`] and [`Graph::order`]. Versions of a folder share
//! blocks of entries, and each block is looked at once.
//!
//! Must not read blobs.

mod entered;
mod keepsake;
mod lists;
mod seen;
mod shape;
mod within;

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use bstr::{BStr, BString, ByteSlice as _};
use rayon::{iter::Either, prelude::*};

use super::{
    super::pack::{Catalog, ObjectStore, Walk},
    past::Past,
    scope::Chosen,
};
use crate::{
    origin::{History, Introduction, Kind, ObjectId, Presence},
    source::{Problem, Sought, Visitor},
};
use entered::Entered;
pub(in super::super) use lists::At;
pub(in super::super) use shape::Quickly;
use shape::Shape;
pub(in super::super) use shape::{Commit, Label, Messages, Tag};
use within::Within;

/// No number.
const NONE: u32 = u32::MAX;
/// Missing objects that are named one by one; the rest is counted.
const MOST_NAMED: usize = 20;

/// A set of numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Set(Vec<u64>);

impl Set {
    /// For numbers below `len`.
    pub(in super::super) fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    /// True if nothing is in.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    /// How many are in.
    pub(in super::super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether a number is in.
    pub(in super::super) fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 != 0)
    }

    /// The numbers, in their order.
    fn iter(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.0).flat_map(|(place, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(place * 64 + bit)
            })
        })
    }

    /// Puts a number in; true if it was not there.
    pub(in super::super) fn put(&mut self, number: u32) -> bool {
        let Some(word) = self.0.get_mut(number as usize / 64) else { return false };
        let bit = 1 << (number % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}

/// Fewest commits that are entered as a part of all, and most parts.
const LEAST_PART: usize = 4096;
const MOST_PARTS: usize = 8;
/// Each part has eight bytes for every object; so many objects make 256 MB of all parts.
const MOST_FIRST: usize = 32_000_000;

/// The places of the numbers of a set in the list of all of them.
#[derive(Debug)]
struct Places(Vec<(u64, u32)>);

impl Places {
    fn new(set: &Set) -> Self {
        let mut before = 0;
        let words = set.0.iter().map(|&word| {
            let here = (word, before);
            before += word.count_ones();
            here
        });
        Self(words.collect())
    }

    /// The place of a number, if the set has it.
    fn of(&self, number: u32) -> Option<u32> {
        let &(word, before) = self.0.get(number as usize / 64)?;
        let bit = 1_u64 << (number % 64);
        (word & bit != 0).then(|| before + (word & (bit - 1)).count_ones())
    }
}

/// Deepest path that is told, as in git: `core.maxTreeDepth`.
const DEEPEST: usize = 4096;

/// Where each object is, and since when. Objects, and commits among themselves, have numbers.
#[derive(Debug)]
pub(in super::super) struct Graph {
    catalog: Arc<Catalog>,
    shape: Arc<Shape>,
    /// Place in the list of commits, by number of the object.
    commit_at: Arc<Vec<u32>>,
    /// Commits that a reference reaches, by place.
    reachable: Set,
    /// Places of the commits: parents first, then what references reach, then the oldest first.
    order: Vec<u32>,
    /// Objects that are there now.
    tip: Set,
    entered: Entered,
    /// What of it is looked at, if that is not all.
    within: Option<Within>,
    /// Made when first asked for, by place of the commit.
    introductions: Vec<OnceLock<Arc<Introduction>>>,
    /// What was told to be missing.
    missing: Vec<ObjectId>,
}

/// The commits of a store, which are known before it is known where each object is.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Commits<'g> {
    catalog: &'g Catalog,
    shape: &'g Shape,
    commit_at: &'g [u32],
}

impl<'g> Commits<'g> {
    /// The commit with an id.
    pub(in super::super) fn get(&self, id: &ObjectId) -> Option<&'g Commit> {
        let place = *self.commit_at.get(self.catalog.numbered(id)? as usize)?;
        self.shape.commits.get(place as usize)
    }

    /// How many there are.
    pub(in super::super) const fn len(&self) -> usize {
        self.shape.commits.len()
    }

    /// The id of the tree of a commit; `None` if it names none.
    pub(in super::super) fn tree(&self, commit: &Commit) -> Option<ObjectId> {
        (commit.tree != NONE).then(|| self.catalog.id(commit.tree))
    }

    /// Ids of the parents of a commit, those included that the store lacks.
    pub(in super::super) fn parents(&self, commit: &Commit) -> impl Iterator<Item = ObjectId> {
        self.shape.parents(commit).iter().map(|&parent| self.catalog.id(parent))
    }

    /// Name and address of who made a commit.
    pub(in super::super) fn author(&self, commit: &Commit) -> &'g BStr {
        self.shape.names[commit.author as usize].as_bstr()
    }
}

/// Reads all commits, tags and trees of `store`, and tells `visitor` what references reach and the store lacks. Once the
/// commits are there, `meanwhile` is called with them, on another thread than that which goes on.
pub(in super::super) fn read(
    store: &Arc<ObjectStore>,
    walk: &Walk<'_>,
    (visitor, messages): (&dyn Visitor, Messages),
    (tips, chosen): (&BTreeSet<ObjectId>, Option<&Chosen>),
    (boundary, partial): (&BTreeSet<ObjectId>, bool),
    meanwhile: impl FnOnce(Commits<'_>) + Send,
) -> Graph {
    let lay_out = || store.lay_out(walk, &|problem| visitor.problem(problem));
    let (catalog, ()) = rayon::join(|| Arc::new(Catalog::new(store)), lay_out);
    let shape = Arc::new(shape::read(store, &catalog, walk, (visitor, messages)));
    // What references name and the store lacks is numbered as well.
    let tips: Vec<u32> = tips.iter().map(|tip| catalog.number(tip)).collect();
    let objects = catalog.len();
    let mut commit_at = vec![NONE; objects];
    for (place, commit) in (0..).zip(&shape.commits) {
        commit_at[commit.object as usize] = place;
    }
    let commits = shape.commits.len();
    let mut graph = Graph {
        catalog,
        shape,
        commit_at: Arc::new(commit_at),
        reachable: Set::new(commits),
        order: Vec::new(),
        tip: Set::new(objects),
        entered: Entered::new(objects),
        within: None,
        introductions: (0..commits).map(|_| OnceLock::new()).collect(),
        missing: Vec::new(),
    };
    let mut missing = BTreeSet::new();
    let mut targets = graph.reach(&tips, boundary, &mut missing);
    let mut others = Vec::new();
    if let Some(chosen) = chosen {
        missing.clear();
        let theirs = graph.choose(chosen, &tips, boundary, &mut missing);
        others = std::mem::replace(&mut targets, theirs);
    }
    let mut tip = std::mem::take(&mut graph.tip);
    let (catalog, shape, commit_at) =
        (Arc::clone(&graph.catalog), Arc::clone(&graph.shape), Arc::clone(&graph.commit_at));
    let aside = || {
        meanwhile(Commits { catalog: &catalog, shape: &shape, commit_at: &commit_at });
        mark_tips(&shape, &targets, &mut tip);
    };
    let enter = || {
        graph.sort();
        graph.enter_all(&targets);
    };
    rayon::join(aside, enter);
    graph.tip = tip;
    graph.enter_others(&others);
    for number in graph.catalog.known() as u32..objects as u32 {
        let reached = graph.tip.has(number) || graph.is_reachable(graph.entered.first[number as usize].since);
        if graph.entered.seen.has(number) && reached && graph.wants(number) {
            missing.insert(graph.id(number));
        }
    }
    graph.enter_orphans();
    if let Some(chosen) = chosen.filter(|chosen| !chosen.has_messages()) {
        graph.move_into(chosen);
    }
    graph.entered.finish();
    graph.missing = missing.into_iter().collect();
    tell(&graph.missing, partial, visitor);
    graph
}

/// Marks all that is in `targets` as being there now.
fn mark_tips(shape: &Shape, targets: &[u32], tip: &mut Set) {
    let mut blocks = Set::new(shape.blocks_end());
    let mut stack = Vec::new();
    for &target in targets {
        if target != NONE && tip.put(target) {
            stack.push(target);
        }
        while let Some(tree) = stack.pop() {
            for &block in shape.blocks(tree) {
                if !blocks.put(block) {
                    continue;
                }
                for &entry in shape.block(block) {
                    let object = shape.object(entry);
                    if tip.put(object) && shape.is_tree(object) {
                        stack.push(object);
                    }
                }
            }
        }
    }
}

/// Number of problems that [`tell`] has.
pub(super) fn lines_on(missing: &[ObjectId]) -> u64 {
    missing.len().min(MOST_NAMED + 1) as u64
}

/// Tells what is missing, in the order of ids.
pub(super) fn tell(missing: &[ObjectId], partial: bool, visitor: &dyn Visitor) {
    let what = if partial {
        "was left out of this partial clone; fetch it (`git backfill`, or `git fetch --refetch --no-filter`), or allow it \
         with --allow-missing"
    } else {
        "is missing from the store; fetch it, run `git fsck`, or allow it with --allow-missing"
    };
    for id in missing.iter().take(MOST_NAMED) {
        visitor
            .problem(Problem { subject: BString::from(id.to_string()), message: format!("object {what}") });
    }
    if let Some(more) = missing.len().checked_sub(MOST_NAMED).filter(|&more| more > 0) {
        visitor.problem(Problem {
            subject: BString::from("objects"),
            message: format!("{more} more objects are missing, as those that are named"),
        });
    }
}

/// The trees that lead to something.
#[derive(Debug)]
pub(in super::super) struct Above {
    /// In the order of their numbers.
    pub(in super::super) trees: Vec<u32>,
    /// Blocks with an entry that leads there, in the order of where they are.
    pub(in super::super) blocks: Vec<At>,
    /// The places of the blocks in that list.
    places: Places,
    /// The trees, and what was sought.
    leads: Set,
}

/// Asking about single objects, and about all.
impl Graph {
    /// The commits by id.
    pub(in super::super) fn by_id(&self) -> Commits<'_> {
        Commits { catalog: &self.catalog, shape: &self.shape, commit_at: &self.commit_at }
    }

    /// All commits, reachable or not, by place.
    pub(in super::super) fn commits(&self) -> &[Commit] {
        &self.shape.commits
    }

    /// Places of the commits: parents first, then what references reach, then the oldest first.
    pub(in super::super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// Places of the parents of a commit, without those that the store lacks.
    pub(in super::super) fn parents(&self, commit: &Commit) -> impl Iterator<Item = u32> {
        self.shape.parents(commit).iter().filter_map(|&parent| self.commit_of(parent))
    }

    /// The place of the commit that an object is.
    pub(in super::super) fn commit_of(&self, object: u32) -> Option<u32> {
        self.commit_at.get(object as usize).copied().filter(|&place| place != NONE)
    }

    /// All tag objects, by number of the object; in no order.
    pub(in super::super) fn tags(&self) -> &HashMap<u32, Tag> {
        &self.shape.tags
    }

    /// Places of the commits: parents first, then those in `reachable`, then the oldest first.
    pub(in super::super) fn order_by(&self, reachable: &Set) -> Vec<u32> {
        // Where all is looked at, that is the order at hand.
        if self.within.is_none() && self.reachable == *reachable {
            return self.order.clone();
        }
        self.sorted(|place| !reachable.has(place))
    }

    /// Whether not all of the history is looked at.
    pub(in super::super) const fn is_part(&self) -> bool {
        self.within.is_some()
    }

    /// Whether a reference reaches a commit.
    pub(in super::super) fn is_reachable(&self, place: u32) -> bool {
        self.reachable.has(place)
    }

    /// The blocks of a tree that lead on, by their places in [`Above::blocks`].
    pub(in super::super) fn blocks_above(&self, tree: u32, above: &Above) -> impl Iterator<Item = u32> {
        self.shape.blocks(tree).iter().filter_map(|&block| above.places.of(block))
    }

    /// The entries of a block that lead on. See [`object_of`](Self::object_of) and [`label_of`](Self::label_of).
    pub(in super::super) fn entries_in(&self, block: At, above: &Above) -> impl Iterator<Item = u32> {
        let entries = self.shape.block(block).iter().copied();
        entries.filter(|&entry| above.leads.has(self.shape.object(entry)))
    }

    /// The entries of a tree that lead on.
    pub(in super::super) fn entries_above(&self, tree: u32, above: &Above) -> impl Iterator<Item = u32> {
        let blocks = self.blocks_above(tree, above).map(|place| above.blocks[place as usize]);
        blocks.flat_map(|block| self.entries_in(block, above))
    }

    /// What a tree holds, without commits of other repositories; nothing for what is no tree. See
    /// [`object_of`](Self::object_of) and [`label_of`](Self::label_of).
    pub(in super::super) fn raw_entries(&self, tree: u32) -> impl Iterator<Item = u32> + Clone {
        self.shape.blocks(tree).iter().flat_map(|&block| self.shape.block(block)).copied()
    }

    /// The entries of a tree in blocks that `block` wants; nothing for what is no tree.
    pub(in super::super) fn entries_of(
        &self,
        tree: u32,
        mut block: impl FnMut(At) -> bool,
    ) -> impl Iterator<Item = u32> {
        let blocks = self.shape.blocks(tree).iter().filter(move |&&at| block(at));
        blocks.flat_map(|&block| self.shape.block(block)).copied()
    }

    /// What two trees hold, without blocks of entries that both begin with or end with.
    pub(in super::super) fn entries_apart(&self, one: u32, other: u32) -> (Vec<u32>, Vec<u32>) {
        let (mut one, mut other) = (self.shape.blocks(one), self.shape.blocks(other));
        let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
        (one, other) = (&one[same..], &other[same..]);
        let same = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
        let all = |blocks: &[At]| {
            let blocks = blocks[..blocks.len() - same].iter();
            blocks.flat_map(|&block| self.shape.block(block)).copied().collect()
        };
        (all(one), all(other))
    }

    /// The number of the object that an entry of a tree names.
    pub(in super::super) fn object_of(&self, entry: u32) -> u32 {
        self.shape.object(entry)
    }

    /// What an entry of a tree calls it.
    pub(in super::super) fn label_of(&self, entry: u32) -> Label {
        self.shape.entry(entry).1
    }

    /// Whether an entry calls its object otherwise than most do; if not, it is the number of the object.
    pub(in super::super) const fn is_alias(entry: u32) -> bool {
        Shape::is_alias(entry)
    }

    /// The objects that most trees call by one of `names`.
    pub(in super::super) fn mostly_called(&self, names: &Set) -> Set {
        let mut objects = Set::new(self.objects());
        let labels = (0..).zip(self.shape.usual_labels());
        labels.filter(|(_, label)| names.has(label.name())).for_each(|(object, _)| _ = objects.put(object));
        objects
    }

    /// The name in a label.
    pub(in super::super) fn name(&self, label: Label) -> &BStr {
        self.name_of(label.name())
    }

    /// The name that has a number. See [`Label::name`].
    pub(in super::super) fn name_of(&self, name: u32) -> &BStr {
        self.shape.names.get(name as usize).map_or(b"".as_bstr(), |name| name.as_bstr())
    }

    /// Names have numbers below this one.
    pub(in super::super) fn names(&self) -> usize {
        self.shape.names.len()
    }

    /// Name and address of who made a tag.
    pub(in super::super) fn tagger(&self, tag: &Tag) -> &BStr {
        self.shape.names[tag.author as usize].as_bstr()
    }

    /// Name and address of who made a commit.
    pub(in super::super) fn author(&self, commit: &Commit) -> &BStr {
        self.shape.names[commit.author as usize].as_bstr()
    }

    /// True if an object is a tree that was read.
    pub(in super::super) fn is_tree(&self, number: u32) -> bool {
        self.shape.is_tree(number)
    }

    /// The tree of a commit; `None` if it names none.
    pub(in super::super) fn root(&self, commit: &Commit) -> Option<u32> {
        (commit.tree != NONE).then_some(commit.tree)
    }

    /// Number of parents that a commit names.
    pub(in super::super) fn parent_count(&self, commit: &Commit) -> usize {
        self.shape.parents(commit).len()
    }

    /// Where an object was found first: its path, as a number, in the place of a name.
    pub(in super::super) fn first_path(&self, number: u32) -> Label {
        self.entered.first.get(number as usize).map_or(Label::NONE, |first| first.path)
    }

    /// The number of the path at which an object was found first: what versions of one file have in common.
    pub(in super::super) fn kin(&self, id: &ObjectId) -> Option<u32> {
        let path = self.first_path(self.number(id)?);
        (path != Label::NONE).then(|| path.name())
    }

    /// What `label` calls something in a folder, given by the number of its path, in the same form; `None`
    /// for a path at which nothing was found first.
    pub(in super::super) fn path_below(&self, folder: u32, label: Label) -> Option<Label> {
        self.entered.paths.numbers.get(&(folder, label.name())).map(|&number| label.renamed(number))
    }

    /// The trees that lead to one of `sought`. All blocks are looked at in the order of memory, as often as folders are
    /// nested, which is faster than to follow each tree to what it holds.
    pub(in super::super) fn above(&self, sought: &[u32]) -> Above {
        let mut leading_blocks = Set::new(self.shape.blocks_end());
        let mut blocks = Vec::new();
        let mut leads = Set::new(self.objects());
        sought.iter().for_each(|&object| _ = leads.put(object));
        let leading =
            |leads: &Set, entries: &[u32]| entries.iter().any(|&entry| leads.has(self.shape.object(entry)));
        let first = self.shape.map_blocks(|block, entries| {
            let trees = || entries.iter().any(|&entry| self.shape.is_tree(self.shape.object(entry)));
            let leading = leading(&leads, entries);
            (leading || trees()).then_some((block, leading))
        });
        let (mut new, mut others): (Vec<_>, Vec<_>) = first.into_iter().partition(|&(_, leading)| leading);
        let mut with_trees = Set::new(self.shape.blocks_end());
        others.iter().for_each(|&(block, _)| _ = with_trees.put(block));
        // Trees that may lead on by a tree in them. Only the first time all are looked at.
        let mut open: Option<Vec<At>> = None;
        while !new.is_empty() {
            new.iter().for_each(|&(block, _)| _ = leading_blocks.put(block));
            blocks.extend(new.iter().map(|&(block, _)| block));
            let leads_on = |inside: &[At]| inside.iter().any(|&block| leading_blocks.has(block));
            let may_lead = |inside: &[At]| inside.iter().any(|&block| with_trees.has(block));
            let (trees, rest): (Vec<_>, Vec<_>) = match open {
                None => self
                    .shape
                    .map_trees(|at, tree, inside| {
                        let leading = leads_on(inside);
                        (!leads.has(tree) && (leading || may_lead(inside))).then_some((at, leading))
                    })
                    .into_par_iter()
                    .partition_map(
                        |(at, leading)| if leading { Either::Left(at) } else { Either::Right(at) },
                    ),
                Some(open) => open.into_par_iter().partition(|&at| leads_on(self.shape.tree_at(at).1)),
            };
            open = Some(rest);
            if trees.is_empty() {
                break;
            }
            trees.iter().for_each(|&at| _ = leads.put(self.shape.tree_at(at).0));
            (new, others) =
                others.into_par_iter().partition(|&(block, _)| leading(&leads, self.shape.block(block)));
        }
        // Those sought are no trees, as a rule; one that is one stays what it is.
        let mut trees = self.shape.map_trees(|_, tree, _| leads.has(tree).then_some(tree));
        trees.sort_unstable();
        blocks.sort_unstable();
        Above { trees, blocks, places: Places::new(&leading_blocks), leads }
    }

    /// Number of messages that were looked at when they were read, and say nothing.
    pub(in super::super) fn silent(&self) -> u64 {
        self.shape.silent.len() as u64
    }

    /// The other commits and tags.
    pub(in super::super) fn telling(&self) -> Vec<u32> {
        let mut silent = Set::new(self.objects());
        self.shape.silent.iter().for_each(|&number| _ = silent.put(number));
        let commits = self.shape.commits.iter().map(|commit| commit.object);
        commits.chain(self.shape.tags.keys().copied()).filter(|&number| !silent.has(number)).collect()
    }

    /// The numbers of all objects.
    pub(in super::super) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The number of an object.
    pub(in super::super) fn number(&self, id: &ObjectId) -> Option<u32> {
        self.catalog.numbered(id)
    }

    /// The id of a number.
    pub(in super::super) fn id(&self, number: u32) -> ObjectId {
        self.catalog.id(number)
    }

    /// Numbers are below this one.
    pub(in super::super) const fn objects(&self) -> usize {
        self.entered.first.len()
    }

    /// The path of a blob and its kind; of one that no tree names, its id.
    pub(in super::super) fn place(&self, number: Option<u32>, id: &ObjectId) -> (BString, Label) {
        let known = number.and_then(|number| self.entered.first.get(number as usize)).map(|first| first.path);
        let Some(known) = known.filter(|&known| known != Label::NONE) else {
            return (BString::from(id.to_string()), Label::NONE);
        };
        (self.path_text(known), known)
    }

    /// The paths of a blob with other names than that of [`place`](Self::place).
    pub(in super::super) fn further_places(&self, number: u32) -> impl Iterator<Item = (BString, Label)> {
        let further = self.entered.further.0.get(&number).map_or(&[][..], |further| further);
        further.iter().map(|&path| (self.path_text(path), path))
    }

    fn path_text(&self, known: Label) -> BString {
        let step = |&(up, _): &(u32, u32)| self.entered.paths.steps.get(up as usize).copied();
        let last = self.entered.paths.steps.get(known.name() as usize).copied();
        let mut names = [0; 32];
        let mut deep = Vec::new();
        let mut count = 0;
        for (_, name) in std::iter::successors(last, step).take(DEEPEST) {
            match names.get_mut(count) {
                Some(place) => *place = name,
                None => deep.push(name),
            }
            count += 1;
        }
        let mut path = Vec::with_capacity(64);
        for &name in deep.iter().rev().chain(names[..count.min(32)].iter().rev()) {
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(&self.shape.names[name as usize]);
        }
        path.into()
    }

    /// What history says of a blob, commit or tag.
    pub(in super::super) fn history(&self, number: Option<u32>) -> History {
        let Some(number) = number.filter(|&number| (number as usize) < self.entered.first.len()) else {
            return History { since: None, presence: Presence::Unreachable };
        };
        let place = self.entered.first[number as usize].since;
        let presence = match (self.tip.has(number), self.is_reachable(place)) {
            (true, _) => Presence::Tip,
            (false, true) => Presence::Past,
            (false, false) => Presence::Unreachable,
        };
        History { since: self.introduction(place), presence }
    }

    /// Who made a tag, and when.
    pub(in super::super) fn tag_introduction(&self, number: u32) -> Option<Arc<Introduction>> {
        let tag = self.shape.tags.get(&number)?;
        let author = self.tagger(tag).to_owned();
        Some(Arc::new(Introduction { commit: self.id(number), author, time: tag.time }))
    }

    /// Who made the commit at a place, and when.
    pub(in super::super) fn introduction(&self, place: u32) -> Option<Arc<Introduction>> {
        let commit = self.shape.commits.get(place as usize)?;
        let introduction = self.introductions[place as usize].get_or_init(|| {
            Arc::new(Introduction {
                commit: self.catalog.id(commit.object),
                author: self.shape.names[commit.author as usize].as_bstr().to_owned(),
                time: commit.time,
            })
        });
        Some(Arc::clone(introduction))
    }
}

/// What was known before, and what is known now.
impl Graph {
    /// Objects of `past` that nothing new is to be said of: not those in which something is, nor those that came to
    /// the tip of a reference or got a name since, nor those beside something new in the tree of `head`.
    pub(super) fn known(
        &self,
        past: &Past,
        head: Option<&ObjectId>,
        holds: &dyn Fn(&ObjectId) -> bool,
    ) -> Set {
        let set = |ids: &[ObjectId]| {
            let mut set = Set::new(self.objects());
            ids.iter()
                .filter_map(|id| self.catalog.find(id.as_bytes()))
                .for_each(|number| _ = set.put(number));
            set
        };
        let (mut known, tips, unnamed) = (set(&past.seen), set(&past.tips), set(&past.unnamed));
        let mut beside = Set::new(self.objects());
        let place = head.and_then(|head| self.commit_of(self.number(head)?));
        let mut trees: Vec<u32> =
            place.map(|place| self.shape.commits[place as usize].tree).into_iter().collect();
        while let Some(tree) = trees.pop() {
            if known.has(tree) || !beside.put(tree) {
                continue;
            }
            for entry in self.raw_entries(tree) {
                let object = self.shape.object(entry);
                if self.shape.is_tree(object) {
                    trees.push(object);
                } else {
                    beside.put(object);
                }
            }
        }
        // What a new tree names may have a new name.
        for tree in 0..self.catalog.known() as u32 {
            if !known.has(tree) {
                let objects = self.raw_entries(tree).map(|entry| self.shape.object(entry));
                objects
                    .filter(|object| self.entered.further.0.contains_key(object))
                    .for_each(|object| _ = beside.put(object));
            }
        }
        for number in 0..self.catalog.known() as u32 {
            if !known.has(number) || self.shape.is_tree(number) {
                continue;
            }
            let again = self.tip.has(number) && !tips.has(number)
                || unnamed.has(number) && self.entered.first[number as usize].path != Label::NONE
                || beside.has(number)
                || holds(&self.id(number));
            if again {
                known.0[number as usize / 64] &= !(1 << (number % 64));
            }
        }
        known
    }

    /// What there is, for a later run.
    pub(super) fn past(&self) -> Past {
        let numbers = || 0..self.catalog.known() as u32;
        let sorted = |ids: &mut dyn Iterator<Item = u32>| {
            let mut ids: Vec<ObjectId> = ids.map(|number| self.id(number)).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let is_blob = |number: u32| {
            !self.shape.is_tree(number)
                && self.commit_of(number).is_none()
                && !self.tags().contains_key(&number)
        };
        Past {
            seen: sorted(&mut numbers()),
            tips: sorted(
                &mut numbers().filter(|&number| self.tip.has(number) && !self.shape.is_tree(number)),
            ),
            unnamed: sorted(&mut numbers().filter(|&number| {
                self.entered.first[number as usize].path == Label::NONE && is_blob(number)
            })),
        }
    }
}

/// Older versions of what was found.
impl Graph {
    /// The blobs at the paths of `sought` blobs in commits that are not looked at.
    pub(super) fn older_versions(&self, sought: &[Sought]) -> Set {
        let blobs = sought.iter().flat_map(|one| &one.carriers).filter(|(way, _)| way.kind == Kind::File);
        let blobs: BTreeSet<u32> = blobs.flat_map(|(_, ids)| ids).filter_map(|id| self.number(id)).collect();
        // Paths as steps from folder to name, as they are in all trees that lead to one of them.
        let mut steps: HashMap<(u32, u32), u32, Quickly> = HashMap::default();
        let above = self.above(&Vec::from_iter(blobs));
        let mut ends = BTreeSet::new();
        let mut next = 1;
        let mut visited: HashSet<(u32, u32), Quickly> = HashSet::default();
        for &place in self.order.iter().filter(|&&place| self.is_within_place(place)) {
            let mut stack = vec![(self.shape.commits[place as usize].tree, 0)];
            while let Some((tree, folder)) = stack.pop() {
                if !visited.insert((tree, folder)) {
                    continue;
                }
                for entry in self.entries_above(tree, &above) {
                    let (object, label) = self.shape.entry(entry);
                    let step = *steps.entry((folder, label.name())).or_insert_with(|| {
                        next += 1;
                        next - 1
                    });
                    if self.shape.is_tree(object) {
                        stack.push((object, step));
                    } else {
                        ends.insert(step);
                    }
                }
            }
        }
        let mut old = Set::new(self.objects());
        let mut visited: HashSet<(u32, u32), Quickly> = HashSet::default();
        for &place in self.order.iter().filter(|&&place| !self.is_within_place(place)) {
            let mut stack = vec![(self.shape.commits[place as usize].tree, 0)];
            while let Some((tree, folder)) = stack.pop() {
                if !visited.insert((tree, folder)) {
                    continue;
                }
                for entry in self.raw_entries(tree) {
                    let (object, label) = self.shape.entry(entry);
                    let Some(&step) = steps.get(&(folder, label.name())) else { continue };
                    if self.shape.is_tree(object) {
                        stack.push((object, step));
                    } else if ends.contains(&step) && self.catalog.has(object) {
                        old.put(object);
                    }
                }
            }
        }
        old
    }
}

/// Making it.
impl Graph {
    /// Marks what references reach. Gives the trees and blobs that they point at, directly or by a
    /// commit: what is there now.
    fn reach(
        &mut self,
        tips: &[u32],
        boundary: &BTreeSet<ObjectId>,
        missing: &mut BTreeSet<ObjectId>,
    ) -> Vec<u32> {
        let mut targets = Vec::new();
        let mut stack = Vec::new();
        for &tip in tips {
            if !self.catalog.has(tip) {
                missing.insert(self.catalog.id(tip));
                continue;
            }
            let mut number = tip;
            // A tag may point at a tag; ids make a circle impossible.
            while let Some(target) = self.tags().get(&number).map(|tag| tag.target) {
                self.tip.put(number);
                number = target;
            }
            match self.commit_of(number) {
                Some(place) => {
                    targets.push(self.shape.commits[place as usize].tree);
                    self.tip.put(number);
                    stack.push(place);
                }
                None => targets.push(number),
            }
        }
        while let Some(place) = stack.pop() {
            if !self.reachable.put(place) {
                continue;
            }
            let commit = &self.shape.commits[place as usize];
            if !boundary.is_empty() && boundary.contains(&self.catalog.id(commit.object)) {
                continue;
            }
            for &parent in self.shape.parents(commit) {
                match self.commit_of(parent) {
                    Some(parent) => stack.push(parent),
                    // One that is elsewhere is none of this walk.
                    None if self.catalog.has(parent) => {}
                    None => _ = missing.insert(self.catalog.id(parent)),
                }
            }
        }
        targets
    }

    /// Puts all commits in order.
    fn sort(&mut self) {
        self.order = self.sorted(|place| self.rank(place));
        for &place in &self.order {
            // The message of a commit came in with itself.
            self.entered.first[self.shape.commits[place as usize].object as usize].since = place;
        }
    }

    /// Places of all commits: parents first, then those of the least rank, then the oldest first.
    fn sorted<R: Ord>(&self, rank: impl Fn(u32) -> R) -> Vec<u32> {
        let commits = &self.shape.commits;
        let pairs = || {
            let pairs = (0_u32..).zip(commits);
            pairs.flat_map(|(place, commit)| self.parents(commit).map(move |parent| (parent, place)))
        };
        // Children of all commits in one list; those of a place end where those of the next begin.
        let mut ends = vec![0_u32; commits.len() + 1];
        let mut waiting = vec![0_u32; commits.len()];
        for (parent, child) in pairs() {
            ends[parent as usize + 1] += 1;
            waiting[child as usize] += 1;
        }
        for place in 1..ends.len() {
            ends[place] += ends[place - 1];
        }
        let mut children = vec![0_u32; ends.last().map_or(0, |&end| end as usize)];
        for (parent, child) in pairs() {
            let end = &mut ends[parent as usize];
            children[*end as usize] = child;
            *end += 1;
        }
        let key = |place: u32| {
            let commit = &commits[place as usize];
            let id = self.catalog.id(commit.object);
            Reverse((rank(place), commit.time, id, place))
        };
        let ready = (0..commits.len() as u32).filter(|&place| waiting[place as usize] == 0);
        let mut heap: BinaryHeap<_> = ready.map(key).collect();
        let mut order = Vec::with_capacity(commits.len());
        while let Some(Reverse((.., place))) = heap.pop() {
            order.push(place);
            let start = if place == 0 { 0 } else { ends[place as usize - 1] };
            for &child in &children[start as usize..ends[place as usize] as usize] {
                waiting[child as usize] -= 1;
                if waiting[child as usize] == 0 {
                    heap.push(key(child));
                }
            }
        }
        order
    }

    /// Gives `commit` to all that is in `root` and has none.
    fn enter(&mut self, root: u32, commit: u32) {
        self.entered.enter(&self.shape, root, commit);
    }

    /// Gives all that is in a commit, or among `targets`, the first commit that has it.
    fn enter_all(&mut self, targets: &[u32]) {
        let Self { shape, order, entered, .. } = self;
        let enter = |entered: &mut Entered, places: &[u32]| {
            places.iter().for_each(|&place| entered.enter(shape, shape.commits[place as usize].tree, place));
        };
        let threads = rayon::current_num_threads();
        let most = if threads > 1 { (2 * threads).min(MOST_PARTS) } else { 1 };
        let parts = most.min(order.len() / LEAST_PART).min(MOST_FIRST / entered.first.len().max(1)).max(1);
        let (first, rest) = order.split_at(order.len().div_ceil(parts));
        let objects = entered.first.len();
        let mut later: Vec<Option<Entered>> = Vec::new();
        later.resize_with(rest.chunks(first.len().max(1)).len(), || None);
        rayon::scope(|scope| {
            for (places, made) in rest.chunks(first.len().max(1)).zip(&mut later) {
                scope.spawn(move |_| {
                    let mut part = Entered::new(objects);
                    enter(&mut part, places);
                    *made = Some(part);
                });
            }
            enter(entered, first);
        });
        later.iter().flatten().for_each(|part| entered.append(shape, part));
        targets.iter().for_each(|&target| self.enter(target, NONE));
    }

    /// Files that were found first at a path that is not looked at get one that is, if they have one in the commits that are
    /// looked at: a copy is there as much as what it was made of.
    fn move_into(&mut self, chosen: &Chosen) {
        let mut visited: HashSet<(u32, u32), Quickly> = HashSet::default();
        let mut blocks: HashSet<(At, u32), Quickly> = HashSet::default();
        // Files at a path that is looked at, from the first or by now.
        let mut settled = Set::new(self.entered.first.len());
        let mut stack = Vec::new();
        for at in 0..self.order.len() {
            let place = self.order[at];
            if !self.is_within_place(place) {
                continue;
            }
            stack.push((self.shape.commits[place as usize].tree, NONE));
            while let Some((tree, folder)) = stack.pop() {
                if !visited.insert((tree, folder)) {
                    continue;
                }
                for &block in self.shape.blocks(tree) {
                    if !blocks.insert((block, folder)) {
                        continue;
                    }
                    for &entry in self.shape.block(block) {
                        let (object, label) = self.shape.entry(entry);
                        let path = self.entered.paths.below(folder, label);
                        if self.shape.is_tree(object) {
                            stack.push((object, path.name()));
                            continue;
                        }
                        if settled.has(object) {
                            continue;
                        }
                        let first = self.entered.first[object as usize].path;
                        if chosen.would_have(&self.path_text(first)) {
                            settled.put(object);
                        } else if first != path && chosen.would_have(&self.path_text(path)) {
                            self.entered.first[object as usize].path = path;
                            settled.put(object);
                        }
                    }
                }
            }
        }
    }

    /// Gives names to what only trees have that no commit has.
    fn enter_orphans(&mut self) {
        let mut within = Set::new(self.objects());
        let orphan = |&tree: &u32| self.shape.is_tree(tree) && !self.entered.seen.has(tree);
        let mut trees: Vec<u32> = (0..self.objects() as u32).filter(orphan).collect();
        for &tree in &trees {
            for &block in self.shape.blocks(tree) {
                self.shape.block(block).iter().for_each(|&entry| _ = within.put(self.object_of(entry)));
            }
        }
        trees.retain(|&tree| !within.has(tree));
        trees.sort_by_key(|&tree| self.catalog.id(tree));
        for tree in trees {
            self.enter(tree, NONE);
        }
    }
}
