//! What a history says of what was found: since when, at which paths, in which references, until when.
//!
//! Works after the scan, on the objects with findings only. Of the graph that the scan had, the commits
//! are taken, and of the trees those above a sought object; those that differ in nothing
//! that is sought are one ([`forest`]). Then the commits where anything may change are gone through, parents first, 64 places
//! at a time, each a bit ([`lines`]): what a commit has is what its first parent has and the difference of their trees. So
//! memory and time beyond that walk follow what was found and the number of commits, not the number
//! of versions.
//!
//! **What counts as taken out.** A commit takes a secret out of a path if it does not have it there
//! and a parent has, unless another parent had it earlier and lost it: then the commit that lost it
//! on that side is the one, and the merge only brings that over.
//!
//! Must not read blobs, nor report objects that cannot be read: the scan did.

mod bends;
pub(super) mod course;
pub(super) mod forest;
mod lines;
pub(super) mod refs;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use bstr::BString;
use rayon::prelude::*;

use super::{
    history::{
        graph::{Graph, Quickly, Set},
        message,
    },
    repo::Repo,
};
use crate::{
    finding::exposure::{Exposure, PathExposure, State},
    origin::{Introduction, Kind, ObjectId},
    source::{Problem, Sought, SourceError, Visitor},
};
use course::{Chronicle, Course, NONE};
use forest::{Forest, Needles, Nodes};
use lines::{Fate, Lines};

/// Secrets that a thread answers for at a time: some have thousands of paths.
const GROUPS: usize = 16;

/// References named for one secret: `git for-each-ref --contains COMMIT` has the others. A mirror of a large project has
/// one for each of its merge requests, and
/// all of them for each secret would be more than anyone reads.
const MOST_REFS: usize = 100;

/// Answers for each of `sought`, in the same order.
pub(super) fn trace(
    repo: &Repo,
    graph: &Graph,
    sought: &[Sought],
    visitor: &dyn Visitor,
) -> Result<Vec<Exposure>, SourceError> {
    if sought.is_empty() || visitor.cancelled() {
        return Ok(Vec::new());
    }
    let needles = Needles::new(sought);
    let commits = || refs::named(repo).map(|named| (Commits::new(graph, &named), named));
    let leaves = needles.blobs.iter().map(|(id, ways)| (*id, ways.clone()));
    let (commits, forest) = rayon::join(commits, || Forest::grow(graph, leaves));
    let (commits, named) = commits?;
    if visitor.cancelled() {
        return Ok(Vec::new());
    }
    let read = commits.with(&forest);
    let asked = Asked { sought, needles: &needles, named: &named };
    Ok(answer((&read.course, &read), (&forest.nodes, &forest.names), &asked, visitor))
}

/// What is asked for, and where references point.
pub(super) struct Asked<'a> {
    pub(super) sought: &'a [Sought],
    pub(super) needles: &'a Needles<'a>,
    pub(super) named: &'a BTreeMap<BString, ObjectId>,
}

/// Answers for each of what is sought, in the same order.
pub(super) fn answer(
    history: (&Course, &dyn Chronicle),
    nodes: (&Nodes, &[BString]),
    &Asked { sought, needles, named }: &Asked<'_>,
    visitor: &dyn Visitor,
) -> Vec<Exposure> {
    let lines = Lines::follow(history, nodes, needles, named);
    if lines.truncated {
        visitor.problem(Problem {
            subject: BString::from("history"),
            message: "what was found stands at more paths than can be followed, so not all of them are told"
                .to_owned(),
        });
    }
    (0..sought.len())
        .into_par_iter()
        .with_max_len(GROUPS)
        .map(|group| exposure(group as u32, sought, &lines))
        .collect()
}

/// A history that was just read.
pub(super) struct Read<'g> {
    pub(super) course: Course,
    graph: &'g Graph,
    forest: &'g Forest<'g>,
    /// Places of the commits by position, and the other way round.
    pub(super) order: Vec<u32>,
    positions: Vec<u32>,
}

/// The commits of a history, of which it is not known yet what their trees hold.
struct Commits<'g> {
    graph: &'g Graph,
    course: Course,
    order: Vec<u32>,
    positions: Vec<u32>,
}

impl<'g> Commits<'g> {
    fn new(graph: &'g Graph, named: &BTreeMap<BString, ObjectId>) -> Self {
        let reachable = reach(graph, named);
        let order = graph.order_by(&reachable);
        let mut positions = vec![NONE; graph.commits().len()];
        order.iter().zip(0..).for_each(|(&place, position)| positions[place as usize] = position);
        let mut course = Course::default();
        for &place in &order {
            let commit = &graph.commits()[place as usize];
            course.parents.push(graph.parents(commit).map(|parent| positions[parent as usize]));
            course.times.push(commit.time);
            course.reachable.push(reachable.has(place));
        }
        if graph.is_part() {
            course.within = order.iter().map(|&place| graph.is_within_place(place)).collect();
        }
        Self { graph, course, order, positions }
    }

    fn with(self, forest: &'g Forest<'g>) -> Read<'g> {
        let Self { graph, mut course, order, positions } = self;
        let root = |&place: &u32| forest.node(graph.commits()[place as usize].tree).unwrap_or(NONE);
        course.roots = order.iter().map(root).collect();
        Read { course, graph, forest, order, positions }
    }
}

impl<'g> Read<'g> {
    pub(super) fn new(graph: &'g Graph, forest: &'g Forest<'g>, named: &BTreeMap<BString, ObjectId>) -> Self {
        Commits::new(graph, named).with(forest)
    }
}

impl Read<'_> {
    /// The position of the commit at a place.
    pub(super) fn position_of(&self, place: u32) -> u32 {
        self.positions[place as usize]
    }
}

impl Chronicle for Read<'_> {
    fn position(&self, id: &ObjectId) -> Option<u32> {
        Some(self.positions[self.graph.commit_of(self.graph.number(id)?)? as usize])
    }

    fn introduction(&self, position: u32) -> Option<Arc<Introduction>> {
        self.graph.introduction(*self.order.get(position as usize)?)
    }

    fn tag(&self, id: &ObjectId) -> Option<(ObjectId, Introduction)> {
        let tag = self.graph.tags().get(&self.graph.number(id)?)?;
        let author = self.graph.tagger(tag).to_owned();
        Some((self.graph.id(tag.target), Introduction { commit: *id, author, time: tag.time }))
    }

    fn node(&self, id: &ObjectId) -> Option<u32> {
        self.forest.node(self.graph.number(id)?)
    }
}

/// Which commits references reach, by place.
fn reach(graph: &Graph, named: &BTreeMap<BString, ObjectId>) -> Set {
    let mut reachable = Set::new(graph.commits().len());
    let commit = |id: &ObjectId| {
        let mut number = graph.number(id)?;
        while let Some(tag) = graph.tags().get(&number) {
            number = tag.target;
        }
        graph.commit_of(number)
    };
    let mut stack: Vec<u32> = named.values().filter_map(commit).collect();
    while let Some(place) = stack.pop() {
        if reachable.put(place) {
            stack.extend(graph.parents(&graph.commits()[place as usize]));
        }
    }
    reachable
}

/// Puts together what is known of one of `sought`.
fn exposure(group: u32, sought: &[Sought], lines: &Lines<'_>) -> Exposure {
    let mut paths: BTreeMap<BString, Vec<&Fate>> = BTreeMap::new();
    for (path, fate) in lines.places(group) {
        paths.entry(path).or_default().push(fate);
    }
    let mut all = Vec::new();
    let (paths, before): (BTreeMap<_, _>, BTreeMap<_, _>) =
        paths.into_iter().partition(|(_, fates): &(_, Vec<&Fate>)| fates.iter().any(|fate| fate.new));
    for fates in before.values() {
        all.extend(fates.iter().copied());
    }
    let paths: Vec<PathExposure> = paths
        .into_iter()
        .map(|(path, fates)| {
            all.extend(fates.iter().copied());
            let told = told(lines, &fates);
            PathExposure {
                path,
                state: told.state,
                since: told.since,
                removed: told.removed,
                times: told.times,
            }
        })
        .collect();
    let (refs, refs_total) = lines.refs(group, MOST_REFS);
    let told = told(lines, &all);
    let versions = sought[group as usize].carriers.iter().map(|(_, objects)| objects.len() as u64).sum();
    Exposure {
        state: told.state,
        since: told.since,
        removed: told.removed,
        paths,
        refs,
        refs_total,
        versions,
        truncated: lines.truncated,
        before: before.into_keys().collect(),
    }
}

/// What several places come to together.
struct Told {
    state: State,
    since: Option<Arc<Introduction>>,
    removed: Option<Arc<Introduction>>,
    times: u64,
}

fn told(lines: &Lines<'_>, fates: &[&Fate]) -> Told {
    let reached = fates.iter().any(|fate| fate.reached.first.is_some());
    let open = fates.iter().any(|fate| fate.open);
    let state = match (open, reached) {
        (true, _) => State::Open,
        (false, true) => State::Removed,
        (false, false) => State::Unreachable,
    };
    let line = |fate: &&Fate| if reached { fate.reached } else { fate.lost };
    let first = fates.iter().map(line).filter_map(|line| line.first).min();
    let removed = fates.iter().map(line).filter_map(|line| line.removed).max();
    Told {
        state,
        since: first.and_then(|place| lines.introduction(place)),
        removed: removed.filter(|_| state == State::Removed).and_then(|(_, place)| lines.introduction(place)),
        times: fates.iter().map(line).map(|line| line.times).max().unwrap_or_default(),
    }
}

/// The name that the message of a commit or tag has.
fn message_name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::CommitMessage => Some(message::COMMIT),
        Kind::TagMessage => Some(message::TAG),
        Kind::File | Kind::Symlink | Kind::Stdin => None,
    }
}

/// Numbers for equal things, in the order of their coming.
#[derive(Debug)]
struct Numbered<T> {
    numbers: HashMap<T, u32, Quickly>,
    things: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { numbers: HashMap::default(), things: Vec::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    fn of(&mut self, thing: T) -> u32 {
        let next = self.things.len() as u32;
        *self.numbers.entry(thing).or_insert_with_key(|thing| {
            self.things.push(thing.clone());
            next
        })
    }
}
