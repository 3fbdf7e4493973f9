//! What a push brings: contents, names and messages that the receiving side does not have.
//!
//! New is what the new tips reach and no reference does; that an object is in the store says
//! nothing, since a push that was refused may have left it there. All ref updates are one walk.
//! Each new commit is compared with all of its parents: a path whose content is that of a parent is
//! not looked at, and of any other those lines are new that no parent has there. So a secret that
//! one commit adds and the next one removes is seen, one that was there before is not, and a merge
//! is looked at for what is in none of its sides.
//!
//! Must not know rules, write to the repository, or run anything of it.

mod bulk;
mod gather;
pub mod held;
pub mod updates;
mod walk;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bstr::{BString, ByteSlice as _};

use super::{
    beside,
    changes::Version,
    history::graph::Commits,
    history::{message, refs},
    lfs,
    objects::{Objects, ReadError, Type},
    repo::Repo,
    tree::PathFinder,
    version::{Job, Reader, Renamed, problem},
};
use crate::{
    origin::{Beside, Entry, History, Introduction, Kind, ObjectId, Origin, Presence},
    source::{Count, Problem, Source, SourceError, Visitor},
    text::Fresh,
};
use bulk::{Bulk, Choice, Once, Sieve, Sifted, Tips};
use gather::Gatherer;
use held::Held;
use walk::{Commit, Ground, Halt};

/// Fewer steps than this are taken on the calling thread: waking the others would take longer.
const PARALLEL_FROM: usize = 32;
/// Tips in whose trees every changed path is looked for. Of more, all that is new counts as if it
/// were at a tip, which is the stricter way.
const MAX_TIPS: usize = 64;
/// Old commits on which a push is built, whose trees are asked for what was there. Of more, all at the tips counts as new.
const MAX_KNOWN: usize = 16;
/// Of the contents of a large push, one of so many may be looked at before all others.
const FIRST_PART: usize = 32;
/// Commits named when time runs out.
const MOST_NAMED: usize = 3;

/// A path with a content that none of the parents has there.
#[derive(Clone, Debug)]
struct Step {
    path: BString,
    new: Version,
    olds: Vec<Version>,
    renamed: Renamed,
    /// Its place among the commits; `None` for what a tag points at directly.
    commit: Option<usize>,
    /// The tree of a new tip that has it there.
    tip: Option<ObjectId>,
}

/// How much of a push was looked at. Shared with whoever ends the run.
#[derive(Debug, Default)]
pub struct Progress {
    /// Commits, tags and changed paths.
    pub all: AtomicU64,
    /// Those that were looked at.
    pub done: AtomicU64,
}

/// How objects are read. Both ways find the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reading {
    /// By how much there is.
    #[default]
    Auto,
    /// Commit by commit.
    Commits,
    /// Whole packs, in their order.
    Packs,
}

/// What is pushed to where.
#[derive(Clone, Debug)]
pub struct Push {
    /// The repository that has the objects.
    pub repo: Repo,
    /// What references are to point at.
    pub tips: Vec<ObjectId>,
    /// The same of references that are asked about apart.
    pub others: Vec<ObjectId>,
    /// What the receiving side has.
    pub held: Held,
    /// How objects are read.
    pub reading: Reading,
    /// Whether the time may not suffice, so that tips are looked at before all else although that takes
    /// longer as a whole.
    pub hurry: bool,
    /// Packs that were read; to be shared by all that is asked about one push.
    pub packs: Packs,
    /// A number for what decides what a content holds: where it is the same, packs are sifted once.
    pub rules: u64,
}

/// Packs that were read for a push, if they were.
#[derive(Clone, Debug, Default)]
pub struct Packs(Once);

/// What is new in a push, found and not looked at yet.
pub struct News {
    objects: Arc<Objects>,
    lfs: std::path::PathBuf,
    commits: Vec<Commit>,
    tags: Vec<ObjectId>,
    steps: Vec<Step>,
    problems: Vec<Problem>,
    removed: HashSet<BString>,
    tips: Vec<ObjectId>,
    refs: usize,
    /// The packs, if they are to be read in their order: then steps are of no commit.
    bulk: Option<(Arc<Bulk>, Arc<Sifted>)>,
    hurry: bool,
    /// All tips, if some are asked about apart.
    all_tips: Vec<ObjectId>,
    /// How far it was looked at.
    pub progress: Arc<Progress>,
}

impl std::fmt::Debug for News {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("News").field("commits", &self.commits.len()).finish_non_exhaustive()
    }
}

/// Why what is new could not be found.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Something cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It was asked to end.
    #[error("time ran out before it was known what is new")]
    Cancelled,
}

impl Push {
    /// Finds what is new.
    ///
    /// # Errors
    ///
    /// If a commit of the push cannot be read, or `cancelled` says so.
    pub fn find(&self, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<News, PushError> {
        let objects = Arc::new(self.repo.objects()?);
        let boundary = refs::boundary(&self.repo)?;
        let most = match self.reading {
            Reading::Auto => bulk::most_commits(&self.repo),
            Reading::Commits => usize::MAX,
            Reading::Packs => 0,
        };
        let ground =
            Ground { objects: &objects, held: &self.held, boundary: &boundary, known: None, most, cancelled };
        let (walked, bulk) = match walk::walk(ground, &self.tips) {
            Ok(walked) => (walked, None),
            Err(Halt::Many) => {
                let all = |commits: Commits<'_>| {
                    let known = |id: &ObjectId| bulk::commit(commits, id);
                    let known: (&walk::Recall<'_>, usize) = (&known, commits.len());
                    let ground = Ground {
                        objects: &objects,
                        held: &self.held,
                        boundary: &boundary,
                        known: Some(known),
                        most: usize::MAX,
                        cancelled,
                    };
                    walk::walk(ground, &self.tips)
                };
                let mut walked = None;
                let meanwhile = |commits: Commits<'_>| walked = Some(all(commits));
                let bulk = self.packs.0.bulk(&self.repo, &boundary, cancelled, meanwhile)?;
                (walked.unwrap_or_else(|| all(bulk.graph.by_id())).map_err(halted)?, Some(bulk))
            }
            Err(halt) => return Err(halted(halt)),
        };
        let mut gatherer = Gatherer::new(&objects);
        if bulk.is_none() {
            for (place, commit) in walked.commits.iter().enumerate() {
                if cancelled() {
                    return Err(PushError::Cancelled);
                }
                gatherer.commit(place, commit);
            }
        }
        for (id, kind) in walked.bare {
            match kind {
                Type::Tree => gatherer.tree(id),
                _ => gatherer.blob(id),
            }
        }
        let Gatherer { mut steps, mut problems, removed, .. } = gatherer;
        if let Some(bulk) = &bulk {
            problems.extend(bulk.problems.iter().cloned());
        } else {
            mark_tips(&objects, &walked.tips, &walked.commits, &mut steps, &mut problems);
        }
        let progress = Arc::new(Progress::default());
        let all = match &bulk {
            // And the close look at what is left after that.
            Some(bulk) => bulk.contents + 1,
            None => (steps.len() + walked.commits.len() + walked.tags.len()) as u64,
        };
        progress.all.store(all, Ordering::Relaxed);
        Ok(News {
            lfs: lfs::storage(&self.repo),
            commits: walked.commits,
            tags: walked.tags,
            steps,
            problems,
            removed,
            tips: walked.tips,
            refs: self.tips.len(),
            bulk: bulk.map(|bulk| {
                let sifted = self.packs.0.sifted(self.rules, &bulk);
                (bulk, sifted)
            }),
            hurry: self.hurry,
            all_tips: self.all_tips(),
            progress,
            objects,
        })
    }
}

impl Push {
    /// All tips, if some are asked about apart.
    fn all_tips(&self) -> Vec<ObjectId> {
        let own: HashSet<&ObjectId> = self.tips.iter().collect();
        if self.others.iter().all(|tip| own.contains(tip)) {
            return Vec::new();
        }
        self.tips.iter().chain(&self.others).copied().collect()
    }
}

fn halted(halt: Halt) -> PushError {
    let fail = |subject: String, error: ReadError| SourceError::new(subject, error.to_string());
    match halt {
        Halt::Cancelled | Halt::Many => PushError::Cancelled,
        Halt::Unreadable(error) => PushError::Source(fail("push".to_owned(), error)),
        Halt::Torn { commit, cause } => {
            PushError::Source(fail(format!("parent of commit {}", commit.short()), cause))
        }
    }
}

/// Finds out which steps are still so at a tip.
fn mark_tips(
    objects: &Objects,
    tips: &[ObjectId],
    commits: &[Commit],
    steps: &mut [Step],
    problems: &mut Vec<Problem>,
) {
    let mut waiting: Vec<&mut Step> = Vec::new();
    for step in steps {
        let commit = step.commit.map(|place| &commits[place]);
        if tips.len() > MAX_TIPS || commit.is_some_and(|commit| tips.contains(&commit.id)) {
            step.tip = commit.and_then(|commit| commit.tree);
        } else if commit.is_some() {
            waiting.push(step);
        }
    }
    for tip in tips {
        if waiting.is_empty() {
            break;
        }
        let Ok(tree) = objects.tree_of(tip) else { continue };
        let mut finder = PathFinder::new(objects, tree);
        waiting.retain_mut(|step| {
            step.tip = mark_with(&mut finder, step, problems).then_some(tree);
            step.tip.is_none()
        });
    }
}

/// Whether a tree has the content of a step at its path.
fn mark_with(finder: &mut PathFinder<'_>, step: &Step, problems: &mut Vec<Problem>) -> bool {
    match finder.find(step.path.as_bstr()) {
        Ok(found) => found.is_some_and(|(_, id)| id == step.new.id),
        Err(error) => {
            problems.push(problem(step.path.as_bstr(), &error));
            false
        }
    }
}

impl News {
    /// Number of new commits.
    #[must_use]
    pub const fn commits(&self) -> usize {
        self.commits.len()
    }

    /// True if a commit changes the file `path` at the top, or takes it away.
    #[must_use]
    pub fn touches(&self, path: &[u8]) -> bool {
        self.removed.contains(path.as_bstr())
            || self.steps.iter().any(|step| step.path == path)
            || self.bulk.as_ref().is_some_and(|(bulk, _)| bulk.touches(&self.objects, &self.commits, path))
    }

    /// What was not looked at, in words, if anything was left.
    #[must_use]
    pub fn left(&self) -> Option<String> {
        let (all, done) =
            (self.progress.all.load(Ordering::Relaxed), self.progress.done.load(Ordering::Relaxed));
        let left = all.saturating_sub(done);
        let oldest = self.commits.iter().take(MOST_NAMED).map(|commit| commit.id.short());
        let oldest: Vec<String> = oldest.collect();
        (left > 0).then(|| {
            format!(
                "{left} of {all} contents and messages in {} commits were not looked at; the newest \
                 come first, so look at the oldest commits: {}",
                self.commits.len(),
                oldest.join(", ")
            )
        })
    }

    fn history(&self, commit: Option<usize>, tip: bool) -> History {
        let since = commit.and_then(|place| self.commits.get(place)).map(|commit| {
            Arc::new(Introduction { commit: commit.id, author: commit.author.clone(), time: commit.time })
        });
        History { since, presence: if tip { Presence::Tip } else { Presence::Past } }
    }

    /// The trees of the commits on which the new ones are built; none if there are so many that all at the tips counts as new.
    fn known(&self) -> Arc<[ObjectId]> {
        let new: HashSet<&ObjectId> = self.commits.iter().map(|commit| &commit.id).collect();
        let parents = self.commits.iter().flat_map(|commit| &commit.parents);
        let parents: HashSet<&ObjectId> = parents.filter(|parent| !new.contains(parent)).collect();
        if parents.len() > MAX_KNOWN {
            return Arc::new([]);
        }
        let mut trees: Vec<ObjectId> =
            parents.into_iter().filter_map(|parent| self.objects.tree_of(parent).ok()).collect();
        trees.sort_unstable();
        trees.dedup();
        trees.into()
    }

    fn step(
        &self,
        reader: &Reader<'_>,
        (beside, known): (&HashMap<ObjectId, Beside>, &Arc<[ObjectId]>),
        step: &Step,
    ) {
        reader.visit(&Job {
            path: step.path.clone(),
            new: step.new,
            olds: step.olds.clone(),
            renamed: step.renamed.clone(),
            commit: step.commit.map(|place| self.commits[place].id),
            history: Some(self.history(step.commit, step.tip.is_some() || step.commit.is_none())),
            beside: step.tip.and_then(|tree| beside.get(&tree).cloned()).unwrap_or_default(),
            known: step.tip.map(|_| Arc::clone(known)),
        });
    }

    fn message(&self, visitor: &dyn Visitor, id: ObjectId, place: Option<usize>) {
        let (kind, name, object) = match place {
            Some(_) => (Kind::CommitMessage, message::COMMIT, Type::Commit),
            None => (Kind::TagMessage, message::TAG, Type::Tag),
        };
        let content = match self.objects.read(&id, object) {
            Ok(content) => content,
            Err(error) => return visitor.problem(problem(id.to_string().as_bytes().as_bstr(), &error)),
        };
        let text = message::text(&content);
        let tip = place.is_none() || self.tips.contains(&id);
        let mut history = self.history(place, tip);
        if place.is_none() {
            let header = message::Header::parse(&content);
            let author = header.author.into();
            history.since = Some(Arc::new(Introduction { commit: id, author, time: header.time }));
        }
        let entry = Entry {
            origin: Origin { kind, commit: Some(id), object: Some(id), ..Origin::file(name) },
            size: Some(text.len() as u64),
            new_name: true,
            history: Some(history),
            ..Entry::default()
        };
        if visitor.wants(&entry) {
            visitor.content(&entry, &text, &Fresh::All);
        }
    }
}

/// Runs `job` on all of `tasks` with the threads of the current pool, the first ones first: when
/// time runs out, what was not done is what came last.
fn in_order<T: Sync>(tasks: &[T], job: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|_| {
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    job(task);
                }
            });
        }
    });
}

/// One thing to look at.
enum Task<'t> {
    Step(&'t Step),
    Message(ObjectId, Option<usize>),
}

impl News {
    /// Looks closely at steps and messages: what is at a tip matters most, then what is newest, so that if
    /// time runs out the rest is left.
    fn look(&self, visitor: &dyn Visitor, steps: &mut [&Step], messages: &[(ObjectId, Option<usize>)]) {
        steps.sort_by_key(|step| (step.tip.is_none(), std::cmp::Reverse(step.commit)));
        let mut beside = HashMap::new();
        for tree in steps.iter().filter_map(|step| step.tip) {
            beside.entry(tree).or_insert_with(|| beside::of_tree(&self.objects, tree));
        }
        let known = self.known();
        let reader = Reader { objects: &self.objects, lfs: self.lfs.clone(), visitor, whole: false };
        let (at_tips, older) = steps.split_at(steps.partition_point(|step| step.tip.is_some()));
        let mut tasks: Vec<Task<'_>> = at_tips.iter().map(|step| Task::Step(step)).collect();
        tasks.extend(messages.iter().map(|&(id, place)| Task::Message(id, place)));
        tasks.extend(older.iter().map(|step| Task::Step(step)));
        let run = |task: &Task<'_>| {
            if visitor.cancelled() {
                return;
            }
            match *task {
                Task::Step(step) => self.step(&reader, (&beside, &known), step),
                Task::Message(id, place) => self.message(visitor, id, place),
            }
            if !visitor.cancelled() && self.bulk.is_none() {
                self.progress.done.fetch_add(1, Ordering::Relaxed);
            }
        };
        if tasks.len() < PARALLEL_FROM {
            tasks.iter().for_each(run);
        } else {
            in_order(&tasks, run);
        }
    }

    /// All messages, the newest first.
    fn messages(&self) -> impl Iterator<Item = (ObjectId, Option<usize>)> {
        let commits = self.commits.iter().enumerate().rev();
        let tags = self.tags.iter().map(|id| (*id, None));
        tags.chain(commits.map(|(place, commit)| (commit.id, Some(place))))
    }

    /// Sifts packs, and looks closely at what is left.
    fn sift(&self, (bulk, sifted): (&Bulk, &Sifted), visitor: &dyn Visitor) {
        let graph = &bulk.graph;
        let tips = Tips::new(graph, &self.objects, &self.tips);
        let others = (!self.all_tips.is_empty()).then(|| Tips::new(graph, &self.objects, &self.all_tips));
        let all_tips = others.as_ref().unwrap_or(&tips);
        let sieve = Sieve::new(visitor, graph, all_tips, (&self.progress, sifted));
        let in_stages = self.hurry && !sifted.is_all();
        // What is there now comes first; not so much of it that most bases are read twice.
        let most = usize::try_from(bulk.contents).unwrap_or(usize::MAX) / FIRST_PART;
        let first = in_stages.then(|| Tips::newest(graph, &self.objects, &self.tips, most));
        let in_first = |id: &ObjectId| first.as_ref().is_some_and(|tips| tips.hold(graph, id));
        let elsewhere = |id: &ObjectId| !in_first(id);
        let stages: &[Option<&Choice<'_>>] =
            if in_stages { &[Some(&in_first), Some(&elsewhere)] } else { &[None] };
        let mut done: HashSet<(BString, ObjectId)> = HashSet::new();
        for (place, wants) in stages.iter().enumerate() {
            let last = place + 1 == stages.len();
            if !sifted.is_all() {
                bulk.sift(&sieve, *wants);
            }
            if visitor.cancelled() {
                return;
            }
            if last {
                sifted.end();
            }
            let (picked, messages) = sieve.known(|known| {
                let ground =
                    bulk::Ground { objects: &self.objects, commits: &self.commits, known, later: !last };
                let bare = if last { self.steps.clone() } else { Vec::new() };
                let says = |(id, _): &(ObjectId, _)| last && !known.says_nothing(id);
                (bulk::pick(ground, bare), self.messages().filter(says).collect::<Vec<_>>())
            });
            let bulk::Picked { mut steps, problems } = picked;
            steps.retain(|step| done.insert((step.path.clone(), step.new.id)));
            let marked = tips.mark(graph, &self.objects, &self.commits, &mut steps);
            problems.into_iter().chain(marked).for_each(|problem| visitor.problem(problem));
            self.look(visitor, &mut steps.iter().collect::<Vec<_>>(), &messages);
        }
        if !visitor.cancelled() {
            let all = self.progress.all.load(Ordering::Relaxed);
            self.progress.done.store(all, Ordering::Relaxed);
        }
    }
}

impl Source for News {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        visitor.count(Count::Refs, self.refs as u64);
        visitor.count(Count::Commits, self.commits.len() as u64);
        visitor.count(Count::Moved, self.progress.all.load(Ordering::Relaxed));
        self.problems.iter().for_each(|problem| visitor.problem(problem.clone()));
        match &self.bulk {
            Some((bulk, sifted)) => self.sift((bulk, sifted), visitor),
            None => {
                let messages: Vec<_> = self.messages().collect();
                self.look(visitor, &mut self.steps.iter().collect::<Vec<_>>(), &messages);
            }
        }
        Ok(())
    }
}
