//! Makes a record of what a whole audit read.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use bstr::BString;

use super::{
    super::{
        super::{
            attribute::{
                Read,
                course::NONE,
                forest::{Forest, Needles},
                refs,
            },
            pack::Inventory,
        },
        Lost, WholeHistory,
        graph::{self, Graph},
        lock,
    },
    record::{self, AT_TIP, Ids, REACHED, Record},
};
use crate::{
    origin::{Kind, ObjectId},
    source::Sought,
};

/// What was found, as far as a record needs it.
pub struct Kept<'k> {
    /// The objects that hold what was found.
    pub sought: &'k [Sought],
    /// Objects of which it matters whether a reference has them at its tip.
    pub watched: BTreeSet<ObjectId>,
    /// What was found, for whoever reads it next time. Must hold no secret.
    pub document: Vec<u8>,
    /// Number of problems of the run: none but those of objects that are missing may be.
    pub problems: u64,
}

impl WholeHistory {
    /// Keeps a record of the visit that was made, for [`Recent::open`](super::Recent::open). Nothing is kept of a
    /// history that could not be read in full.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn keep_record(&self, digest: &[u8; 32], mut kept: Kept<'_>) -> io::Result<()> {
        let (Some(file), Some(graph)) = (self.record_file(), lock(&self.graph).take()) else { return Ok(()) };
        match self.record(&graph, &mut kept) {
            Some(record) => record::write(&file, digest, &record),
            None => Ok(()),
        }
    }

    fn record(&self, graph: &Graph, kept: &mut Kept<'_>) -> Option<Record> {
        let end = lock(&self.end).take().filter(|end| end.is_sound)?;
        let told = if self.lost == Lost::Report { graph::lines_on(graph.told_missing()) } else { 0 };
        if self.repo.missing.shallow || graph.is_part() || kept.problems != told {
            return None;
        }
        // What is looked at under several names is so at the tips of references alone.
        let files =
            kept.sought.iter().flat_map(|one| &one.carriers).filter(|(way, _)| way.kind == Kind::File);
        let has_several =
            |id: &&ObjectId| graph.number(id).is_some_and(|number| graph.has_further_names(number));
        let several = files.flat_map(|(_, objects)| objects).filter(has_several);
        kept.watched.extend(several);
        let watched = kept.watched.iter().copied();
        let at_tip = |id: &ObjectId| graph.number(id).is_some_and(|number| graph.is_at_tip(number));
        kept.watched = watched.filter(at_tip).collect();
        let named = refs::named(&self.repo).ok()?;
        let id_len = self.repo.hash.id_len();
        let (classes, objects) = classes(kept);
        let leaves = classes.iter().map(|(id, class)| (*id, vec![*class]));
        let forest = Forest::grow(graph, leaves);
        let read = Read::new(graph, &forest, &named);
        // References that moved while this ran are for the next run.
        let moved = |(at, &place): (usize, &u32)| read.course.reachable[at] != graph.is_reachable(place);
        if read.order != graph.order() || read.order.iter().enumerate().any(moved) {
            return None;
        }
        let mut record = Record {
            inventory: Inventory::of(graph.catalog().store(), graph.catalog().loose()),
            lacking: Ids::sorted(graph.lacking(), id_len),
            told_missing: Ids::sorted(graph.told_missing().iter().copied(), id_len),
            contents: graph.contents(),
            head: end.head,
            document: std::mem::take(&mut kept.document),
            several: Ids::sorted(graph.with_further_names().map(|number| graph.id(number)), id_len),
            classes: Ids::new(objects.into_iter(), id_len),
            watched: Ids::sorted(kept.watched.iter().copied(), id_len),
            ..Record::default()
        };
        let mut people = People::default();
        commits(&mut record, graph, &read, &mut people);
        tags(&mut record, graph, &mut people, id_len);
        record.people = people.names;
        let mut odd = BTreeMap::new();
        for id in named.values() {
            let mut number = graph.number(id)?;
            while let Some(tag) = graph.tags().get(&number) {
                number = tag.target;
            }
            if graph.commit_of(number).is_none() {
                odd.insert(graph.id(number), forest.node(number).unwrap_or(NONE));
            }
        }
        record.odd = Ids::new(odd.keys().copied(), id_len);
        record.odd_nodes = odd.into_values().collect();
        let is_folder_or_file = |&number: &u32| {
            graph.is_at_tip(number)
                && graph.commit_of(number).is_none()
                && !graph.tags().contains_key(&number)
        };
        record.tips =
            Ids::sorted(graph.stored().filter(is_folder_or_file).map(|number| graph.id(number)), id_len);
        holders(&mut record, (graph, &read), (&end.holders, &classes), forest.names.clone());
        record.nodes = forest.nodes;
        Some(record)
    }
}

/// Names, each once.
#[derive(Default)]
struct People {
    numbers: BTreeMap<BString, u32>,
    names: Vec<BString>,
}

impl People {
    fn of(&mut self, name: BString) -> u32 {
        let next = self.names.len() as u32;
        *self.numbers.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        })
    }
}

/// The class of each object that holds something, and an object of each: objects that hold the same in the same ways
/// are one, but for those that are watched.
fn classes(kept: &Kept<'_>) -> (BTreeMap<ObjectId, u32>, Vec<ObjectId>) {
    let needles = Needles::new(kept.sought);
    let (mut classes, mut objects) = (BTreeMap::new(), Vec::new());
    let mut numbers: BTreeMap<(&[u32], Option<ObjectId>), u32> = BTreeMap::new();
    let blobs = needles.blobs.iter().map(|(id, ways)| (*id, ways.as_slice()));
    let watched = kept.watched.iter().filter(|id| !needles.blobs.contains_key(*id));
    for (id, ways) in blobs.chain(watched.map(|id| (*id, &[][..]))) {
        let next = objects.len() as u32;
        let own = kept.watched.contains(&id).then_some(id);
        let class = *numbers.entry((ways, own)).or_insert_with(|| {
            objects.push(id);
            next
        });
        classes.insert(id, class);
    }
    (classes, objects)
}

fn commits(record: &mut Record, graph: &Graph, read: &Read<'_>, people: &mut People) {
    let id_len = record.classes.id_len();
    let commit = |place: &u32| &graph.commits()[*place as usize];
    record.commits = Ids::new(read.order.iter().map(|place| graph.id(commit(place).object)), id_len);
    for (position, place) in read.order.iter().enumerate() {
        let commit = commit(place);
        record.parents.push(read.course.parents.of(position).iter().copied());
        record.times.push(commit.time);
        let reached = if read.course.reachable[position] { REACHED } else { 0 };
        let at_tip = if graph.is_at_tip(commit.object) { AT_TIP } else { 0 };
        record.standing.push(reached | at_tip);
        record.roots.push(read.course.roots[position]);
        record.authors.push(people.of(graph.author(commit).to_owned()));
    }
}

fn tags(record: &mut Record, graph: &Graph, people: &mut People, id_len: usize) {
    let tags: BTreeMap<ObjectId, _> =
        graph.tags().iter().map(|(&number, tag)| (graph.id(number), *tag)).collect();
    record.tags = Ids::new(tags.keys().copied(), id_len);
    record.tag_targets = Ids::new(tags.values().map(|tag| graph.id(tag.target)), id_len);
    for tag in tags.values() {
        record.tag_times.push(tag.time);
        record.taggers.push(people.of(graph.tagger(tag).to_owned()));
    }
}

fn holders(
    record: &mut Record,
    (graph, read): (&Graph, &Read<'_>),
    (holders, classes): (&[ObjectId], &BTreeMap<ObjectId, u32>),
    mut names: Vec<BString>,
) {
    let id_len = record.classes.id_len();
    let mut numbers: BTreeMap<BString, u32> = names.iter().cloned().zip(0..).collect();
    let all: BTreeSet<ObjectId> = holders.iter().chain(classes.keys()).copied().collect();
    let known = all.into_iter().filter_map(|id| Some((id, graph.number(&id)?)));
    let known: Vec<(ObjectId, u32)> = known.filter(|&(_, number)| graph.catalog().has(number)).collect();
    record.holders = Ids::new(known.iter().map(|(id, _)| *id), id_len);
    for (id, number) in known {
        let since = graph.since_place(number).map_or(NONE, |place| read.position_of(place));
        record.holder_since.push(since);
        record.holder_names.push(graph.first_name(number).map_or(NONE, |name| {
            let next = names.len() as u32;
            *numbers.entry(name.to_owned()).or_insert_with_key(|name| {
                names.push(name.clone());
                next
            })
        }));
        record.holder_classes.push(classes.get(&id).copied().unwrap_or(NONE));
    }
    record.names = names;
}
