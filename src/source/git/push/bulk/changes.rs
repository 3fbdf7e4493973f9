//! Which commits bring in something that may matter: commits against their parents, in numbers.
//!
//! Says the same as [`Gatherer`] of the paths that it finds; what it cannot tell, since a tree lies
//! outside of what came, is left to that. Must not read objects.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};

use bstr::{BStr, BString, ByteSlice as _};
use rayon::prelude::*;

use super::{
    super::{
        super::{
            changes::{MAX_DEPTH, Version, depth},
            history::graph::{Graph, Label},
            objects::Objects,
            tree::Mode,
            version::Renamed,
        },
        Step,
        gather::Gatherer,
        walk::Commit,
    },
    sieve::Known,
};
use crate::{
    origin::{Entry, Kind, ObjectId, Origin},
    source::Problem,
};

/// A folder at which nothing was found first.
const NOWHERE: Option<u32> = None;
/// The number that stands for the top.
const TOP: u32 = u32::MAX;

/// What is compared, and with what.
#[derive(Clone, Copy)]
pub(in super::super) struct Ground<'g> {
    pub(in super::super) objects: &'g Objects,
    pub(in super::super) commits: &'g [Commit],
    pub(in super::super) known: Known<'g>,
    /// Whether what was not sifted is left for later.
    pub(in super::super) later: bool,
}

/// Steps to be looked at closely.
#[derive(Default)]
pub(in super::super) struct Picked {
    pub(in super::super) steps: Vec<Step>,
    pub(in super::super) problems: Vec<Problem>,
}

/// A path that a commit changes, whose content holds something.
struct Item {
    path: BString,
    version: Version,
    /// What the parents have there, as far as that is known.
    olds: Vec<Version>,
    /// In a line that no parent has.
    new: bool,
}

/// Picks the steps that may bring in something, in the order of the commits. `bare` has steps of what
/// no commit names.
pub(in super::super) fn pick(ground: Ground<'_>, bare: Vec<Step>) -> Picked {
    // `None` for a commit that has to be asked in the other way.
    let found: Vec<Option<Vec<Item>>> =
        ground.commits.par_iter().map(|commit| ground.items(commit)).collect();
    let unknown = |place: &usize| found[*place].is_none();
    let mut gathered = ground.gather((0..found.len()).filter(unknown).collect());
    let mut picked = Picked::default();
    let mut seen: HashSet<(BString, ObjectId)> = HashSet::new();
    let mut wanted: Vec<(usize, Vec<Item>)> = Vec::new();
    for (place, items) in found.into_iter().enumerate() {
        let items = match items {
            Some(items) => items,
            None => {
                let Some((steps, problems)) = gathered.get(&place) else { continue };
                picked.problems.extend(problems.iter().cloned());
                steps.iter().filter_map(|step| ground.item(step)).collect()
            }
        };
        let mut items: Vec<Item> = items;
        items.retain(|item| seen.insert((item.path.clone(), item.version.id)) && item.new);
        if !items.is_empty() {
            wanted.push((place, items));
        }
    }
    // What came to a path may have gone from another one, which the whole commit tells.
    let came = |items: &[Item]| items.iter().any(|item| item.olds.is_empty());
    let missing = wanted.iter().filter(|(place, items)| !gathered.contains_key(place) && came(items));
    gathered.extend(ground.gather(missing.map(|&(place, _)| place).collect()));
    for (place, items) in wanted {
        match gathered.remove(&place) {
            Some((steps, _)) => {
                let is_wanted = |step: &Step| {
                    items.iter().any(|item| item.path == step.path && item.version.id == step.new.id)
                };
                picked.steps.extend(steps.into_iter().filter(is_wanted));
            }
            None => picked.steps.extend(items.into_iter().map(|Item { path, version, olds, .. }| Step {
                path,
                new: version,
                olds,
                renamed: Renamed::default(),
                commit: Some(place),
                tip: None,
            })),
        }
    }
    // No tree of a tip has these, so that nobody knows yet what they say as a whole.
    picked.steps.extend(bare.into_iter().filter(|step| seen.insert((step.path.clone(), step.new.id))));
    picked
}

impl Ground<'_> {
    /// All steps of commits, by their place.
    fn gather(&self, places: Vec<usize>) -> HashMap<usize, (Vec<Step>, Vec<Problem>)> {
        let gather = |place: usize| {
            let mut gatherer = Gatherer::new(self.objects);
            gatherer.commit(place, &self.commits[place]);
            (place, (gatherer.steps, gatherer.problems))
        };
        places.into_par_iter().map(gather).collect()
    }

    const fn graph(&self) -> &Graph {
        self.known.sieve.graph
    }

    /// What a step brings in, if it is not clear.
    fn item(&self, step: &Step) -> Option<Item> {
        if step.new.mode.is_gitlink() {
            return None;
        }
        let number = self.graph().number(&step.new.id).filter(|&number| !self.known.is_unknown(number));
        let new = match number {
            None if self.later => return None,
            None => true,
            Some(number) => {
                let first = self.known.sieve.first_entry(number);
                let here = Entry {
                    origin: Origin {
                        kind: if step.new.mode.is_symlink() { Kind::Symlink } else { Kind::File },
                        ..Origin::file(step.path.clone())
                    },
                    executable: step.new.mode.is_executable(),
                    history: first.history.clone(),
                    ..Entry::default()
                };
                let like = (first.origin.path == here.origin.path
                    && first.origin.kind == here.origin.kind
                    && first.executable == here.executable)
                    || self.known.sieve.visitor.alike(&first, &here);
                if like && self.known.is_clear(number) {
                    return None;
                }
                let old = |old: &Version| old.mode.is_file().then(|| self.graph().number(&old.id)).flatten();
                let olds: Vec<u32> = step.olds.iter().filter_map(old).collect();
                !like || olds.len() != step.olds.len() || self.known.is_new(number, &olds)
            }
        };
        Some(Item { path: step.path.clone(), version: step.new, olds: step.olds.clone(), new })
    }

    /// What a commit brings in, if it can be told.
    fn items(&self, commit: &Commit) -> Option<Vec<Item>> {
        let graph = self.graph();
        let commit = &graph.commits()[graph.commit_of(graph.number(&commit.id)?)? as usize];
        let root = graph.root(commit)?;
        let mut olds = Vec::with_capacity(2);
        for parent in graph.parents(commit) {
            olds.push(graph.root(&graph.commits()[parent as usize])?);
        }
        if olds.len() != graph.parent_count(commit) {
            return None;
        }
        let mut items = Vec::new();
        if !olds.contains(&root) {
            self.trees((&mut Vec::new(), Some(TOP)), root, &olds, &mut items)?;
        }
        Some(items)
    }

    /// Compares a tree with those of the parents in its place; `None` if one of them is elsewhere.
    fn trees(
        &self,
        (prefix, folder): (&mut Vec<u8>, Option<u32>),
        new: u32,
        olds: &[u32],
        items: &mut Vec<Item>,
    ) -> Option<()> {
        let graph = self.graph();
        if !graph.is_tree(new) || !olds.iter().all(|&old| graph.is_tree(old)) || depth(prefix) > MAX_DEPTH {
            return None;
        }
        let (list, lists) = match *olds {
            [old] => {
                let (new, old) = graph.entries_apart(new, old);
                (new, vec![old])
            }
            _ => {
                let all = |tree| graph.raw_entries(tree).collect();
                (all(new), olds.iter().map(|&old| all(old)).collect::<Vec<Vec<u32>>>())
            }
        };
        let mut cursors: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
        let mut entries = list.as_slice();
        if let [old] = &mut cursors[..] {
            let same = entries.iter().zip(*old).take_while(|(new, old)| new == old).count();
            (entries, *old) = (&entries[same..], &old[same..]);
            let same = entries.iter().rev().zip(old.iter().rev()).take_while(|(new, old)| new == old).count();
            (entries, *old) = (&entries[..entries.len() - same], &old[..old.len() - same]);
        }
        let mut found = Vec::with_capacity(cursors.len());
        for &entry in entries {
            let heads = cursors.iter_mut().filter(|cursor| cursor.first() == Some(&entry));
            if heads.map(|cursor| *cursor = &cursor[1..]).count() > 0 {
                continue;
            }
            let (object, label) = (graph.object_of(entry), graph.label_of(entry));
            found.clear();
            for cursor in &mut cursors {
                found.extend(pass_to(graph, cursor, entry, label));
            }
            let same = |&(old, of): &(u32, Label)| old == object && of.is_symlink() == label.is_symlink();
            if found.iter().any(same) {
                continue;
            }
            let len = prefix.len();
            prefix.extend_from_slice(graph.name(label));
            let path = folder.and_then(|folder| graph.path_below(folder, label));
            if label.is_folder() {
                prefix.push(b'/');
                let below: Vec<u32> =
                    found.iter().filter(|(_, of)| of.is_folder()).map(|&(old, _)| old).collect();
                let folder = path.map_or(NOWHERE, |path| Some(path.name()));
                self.trees((prefix, folder), object, &below, items)?;
            } else {
                items.extend(self.blob(prefix.as_bstr(), (object, label, path), &found));
            }
            prefix.truncate(len);
        }
        Some(())
    }

    /// What a version of a file brings in, if it is not clear.
    fn blob(
        &self,
        path: &BStr,
        (object, label, place): (u32, Label, Option<Label>),
        found: &[(u32, Label)],
    ) -> Option<Item> {
        let known = self.known;
        let graph = self.graph();
        let unknown = known.is_unknown(object);
        if unknown && self.later {
            return None;
        }
        let like = !unknown
            && (place == Some(graph.first_path(object)) || {
                let here = known.sieve.entry(path.to_owned(), label, object);
                known.sieve.visitor.alike(&known.sieve.first_entry(object), &here)
            });
        if like && known.is_clear(object) {
            return None;
        }
        let file = |of: &Label| !of.is_folder() && !of.is_symlink();
        let olds: Vec<u32> = found.iter().filter(|(_, of)| file(of)).map(|&(old, _)| old).collect();
        let new = !like || olds.len() != found.len() || known.is_new(object, &olds);
        let version = |object, label| Version { mode: mode_of(label), id: graph.id(object) };
        let olds = found.iter().map(|&(old, of)| version(old, of)).collect();
        Some(Item { path: path.to_owned(), version: version(object, label), olds, new })
    }
}

/// The mode that git writes for what a label says.
const fn mode_of(label: Label) -> Mode {
    Mode(match () {
        () if label.is_folder() => 0o040_000,
        () if label.is_symlink() => 0o120_000,
        () if label.is_executable() => 0o100_755,
        () => 0o100_644,
    })
}

/// Goes on in the entries of an older tree to what stands where `entry` does.
fn pass_to(graph: &Graph, cursor: &mut &[u32], entry: u32, label: Label) -> Option<(u32, Label)> {
    while let Some((&old, rest)) = cursor.split_first() {
        if old == entry {
            *cursor = rest;
            return Some((graph.object_of(old), label));
        }
        let of = graph.label_of(old);
        match order(graph, of, label) {
            Ordering::Less => *cursor = rest,
            Ordering::Equal => {
                *cursor = rest;
                return Some((graph.object_of(old), of));
            }
            Ordering::Greater => return None,
        }
    }
    None
}

/// The order of trees: by name, that of a folder having a slash behind it.
fn order(graph: &Graph, one: Label, other: Label) -> Ordering {
    let (one_name, other_name) = (graph.name(one), graph.name(other));
    let shorter = one_name.len().min(other_name.len());
    let next = |name: &BStr, label: Label| match name.get(shorter) {
        Some(&byte) => byte,
        None if label.is_folder() => b'/',
        None => 0,
    };
    one_name[..shorter]
        .cmp(&other_name[..shorter])
        .then_with(|| next(one_name, one).cmp(&next(other_name, other)))
}
