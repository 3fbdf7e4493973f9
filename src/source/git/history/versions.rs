//! The versions that a history has of a few files, and the paths at which it has a few blobs.
//!
//! Must not read blobs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice as _};
use rayon::prelude::*;

use super::graph::{Above, At, Graph, Label, Quickly, Set};

/// Versions of one file that are told at most: the newest. Hardly a file of settings was changed more often.
const MOST: usize = 4_096;
/// Folders and files that are gone through to blobs at most: a few trees that name each other many times over have more.
const MOST_STEPS: usize = 1 << 18;

/// A version of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// Place of the file among those asked for.
    pub(super) file: usize,
    /// Number of its blob.
    pub(super) blob: u32,
    /// Place of the first commit that has it there.
    pub(super) commit: u32,
}

/// The names on the way to the files: below a place, a name leads to another place.
#[derive(Default)]
struct Ways {
    places: HashMap<(u32, u32), u32, Quickly>,
    ends: HashMap<u32, usize, Quickly>,
    /// All names, since most entries of a tree have none of them.
    names: Set,
    /// Objects that trees call by one of them, as far as most trees do: it is asked of every entry, and names lie far apart.
    objects: Set,
}

impl Ways {
    fn to(graph: &Graph, files: &[&BStr]) -> Self {
        let words: BTreeSet<&[u8]> = files.iter().flat_map(|file| file.split_str("/")).collect();
        let numbers =
            (0..graph.names() as u32).filter(|&number| words.contains(graph.name_of(number).as_bytes()));
        let numbers: HashMap<&[u8], u32> =
            numbers.map(|number| (graph.name_of(number).as_bytes(), number)).collect();
        let mut ways = Self { names: Set::new(graph.names()), ..Self::default() };
        let mut next = 1;
        for (file, path) in files.iter().enumerate() {
            let place = path.split_str("/").try_fold(0, |place, word| {
                let name = *numbers.get(word)?;
                ways.names.put(name);
                Some(*ways.places.entry((place, name)).or_insert_with(|| {
                    next += 1;
                    next - 1
                }))
            });
            if let Some(place) = place {
                ways.ends.insert(place, file);
            }
        }
        ways.objects = graph.mostly_called(&ways.names);
        ways
    }

    /// The versions in some of the commits, in their order.
    fn walk(&self, graph: &Graph, places: &[u32]) -> Vec<Version> {
        let mut versions = Vec::new();
        let mut seen: HashSet<(u32, u32), Quickly> = HashSet::default();
        let mut blocks: HashSet<(At, u32), Quickly> = HashSet::default();
        let mut stack = Vec::new();
        for &place in places {
            let Some(root) = graph.commits().get(place as usize).and_then(|commit| graph.root(commit)) else {
                continue;
            };
            stack.push((root, 0));
            while let Some((tree, at)) = stack.pop() {
                if !seen.insert((tree, at)) {
                    continue;
                }
                // A block that stood in the same folder before says nothing new.
                for entry in graph.entries_of(tree, |block| blocks.insert((block, at))) {
                    if !Graph::is_alias(entry) && !self.objects.has(entry) {
                        continue;
                    }
                    let name = graph.label_of(entry).name();
                    if !self.names.has(name) {
                        continue;
                    }
                    let Some(&below) = self.places.get(&(at, name)) else { continue };
                    let object = graph.object_of(entry);
                    if graph.is_tree(object) {
                        stack.push((object, below));
                    } else if let Some(&file) = self.ends.get(&below)
                        && seen.insert((object, below))
                    {
                        versions.push(Version { file, blob: object, commit: place });
                    }
                }
            }
        }
        versions
    }
}

/// A place at which a blob is or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Number of the blob.
    pub(super) blob: u32,
    pub(super) path: BString,
    pub(super) label: Label,
    /// Place of the first commit that has it there.
    pub(super) commit: u32,
    /// Whether a commit that a reference points at has it there.
    pub(super) at_tip: bool,
}

/// Folders and files on the way to blobs, by what holds them and their names.
#[derive(Default)]
struct Steps {
    numbers: HashMap<(u32, u32), u32, Quickly>,
    steps: Vec<(u32, u32)>,
}

impl Steps {
    /// The number of a step; `None` if there are too many.
    fn of(&mut self, step: (u32, u32)) -> Option<u32> {
        if let Some(&known) = self.numbers.get(&step) {
            return Some(known);
        }
        // The top has the number 0.
        let number = u32::try_from(self.steps.len() + 1).ok().filter(|_| self.steps.len() < MOST_STEPS)?;
        self.steps.push(step);
        self.numbers.insert(step, number);
        Some(number)
    }

    fn path(&self, graph: &Graph, mut step: u32) -> BString {
        let mut names = Vec::new();
        while let Some(&(up, name)) = (step as usize).checked_sub(1).and_then(|step| self.steps.get(step)) {
            names.push(graph.name_of(name));
            step = up;
        }
        names.reverse();
        bstr::join("/", names).into()
    }

    /// Where in `commits` blobs are that `above` leads to: the first commit that has each at each step.
    fn walk(
        &mut self,
        graph: &Graph,
        above: &Above,
        commits: impl Iterator<Item = u32>,
    ) -> BTreeMap<(u32, u32), (Label, u32)> {
        let mut found = BTreeMap::new();
        let mut seen: HashSet<(u32, u32), Quickly> = HashSet::default();
        let mut stack = Vec::new();
        for place in commits {
            let root = graph.commits().get(place as usize).and_then(|commit| graph.root(commit));
            stack.extend(root.map(|root| (root, 0)));
            while let Some((tree, at)) = stack.pop() {
                if !seen.insert((tree, at)) {
                    continue;
                }
                for entry in graph.entries_above(tree, above) {
                    let (object, label) = (graph.object_of(entry), graph.label_of(entry));
                    let Some(step) = self.of((at, label.name())) else { continue };
                    if graph.is_tree(object) {
                        stack.push((object, step));
                    } else {
                        found.entry((object, step)).or_insert((label, place));
                    }
                }
            }
        }
        found
    }
}

/// All places of `blobs` in commits.
pub(super) fn places(graph: &Graph, blobs: &[u32]) -> Vec<Spot> {
    let above = graph.above(blobs);
    let is_tip = |place: &u32| {
        graph.commits().get(*place as usize).is_some_and(|commit| graph.is_at_tip(commit.object))
    };
    let walk = |commits: &mut dyn Iterator<Item = u32>| {
        let mut steps = Steps::default();
        let found = steps.walk(graph, &above, commits);
        let spot = |((blob, step), (label, commit))| ((blob, steps.path(graph, step)), (label, commit));
        found.into_iter().map(spot).collect::<Vec<_>>()
    };
    let order = graph.order();
    let (tips, stretches): (HashMap<_, _>, Vec<_>) = rayon::join(
        || walk(&mut order.iter().copied().filter(is_tip)).into_iter().collect(),
        || {
            order
                .par_chunks(STRETCH)
                .with_max_len(1)
                .map(|places| walk(&mut places.iter().copied()))
                .collect()
        },
    );
    // What a stretch begins with, an earlier one had.
    let mut all = BTreeMap::new();
    for (spot, first) in stretches.into_iter().flatten() {
        all.entry(spot).or_insert(first);
    }
    let spots = all.into_iter().map(|((blob, path), (label, commit))| {
        let at_tip = tips.contains_key(&(blob, path.clone()));
        Spot { blob, path, label, commit, at_tip }
    });
    spots.collect()
}

/// Commits that one thread goes through at a time.
const STRETCH: usize = 8_192;

/// The versions of `files` in all commits, each with the first commit that has it, parents before what they led to.
pub(super) fn of(graph: &Graph, files: &[&BStr]) -> Vec<Version> {
    let ways = Ways::to(graph, files);
    let stretches: Vec<Vec<Version>> =
        graph.order().par_chunks(STRETCH).with_max_len(1).map(|places| ways.walk(graph, places)).collect();
    let mut versions: Vec<Vec<Version>> = vec![Vec::new(); files.len()];
    // What a stretch begins with, an earlier one had.
    let mut seen: HashSet<(u32, u32), Quickly> = HashSet::default();
    for version in stretches.into_iter().flatten() {
        if seen.insert((version.blob, version.file as u32)) {
            versions[version.file].push(version);
        }
    }
    for list in &mut versions {
        list.drain(..list.len().saturating_sub(MOST));
    }
    versions.into_iter().flatten().collect()
}
