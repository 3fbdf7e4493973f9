//! Puts new commits among those of the record, and walks the trees that came since.
//!
//! Must not show anything.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet},
};

use bstr::{BStr, BString, ByteSlice as _};

use super::{
    super::super::{
        attribute::course::{Course, NONE},
        objects::{Object, Type},
        tree::{Mode, Tree},
    },
    AT_TIP, MOST_NEW, Place, REACHED, Reason, Recent,
};
use crate::origin::ObjectId;

/// Trees of the record that are read for one run.
const MOST_READ: usize = 20_000;
/// Deepest folder that is followed.
const DEEPEST: usize = 256;
/// Further names of one content that are told, as in a whole audit.
const MOST_NAMES: usize = 64;

/// What is read and found out while trees are walked.
#[derive(Default)]
struct Walk {
    trees: HashMap<ObjectId, Object>,
    /// Nodes of trees that are not matched by those of a parent.
    grown: HashMap<(ObjectId, BString), u32>,
    leaves: HashMap<u32, u32>,
    names: HashMap<BString, u32>,
    /// Old blobs at places where no parent has them.
    added: BTreeMap<(ObjectId, BString), (Mode, bool)>,
    read: usize,
}

/// A tree, or what a parent has in its place, with its node.
type Like = (ObjectId, u32);

impl Recent {
    /// Does all that is needed before anything is shown.
    pub(super) fn prepare(&mut self) -> Result<(), Reason> {
        let (tips, odd_tips) = self.tips()?;
        self.sort(&tips)?;
        self.nodes = std::mem::take(&mut self.record.nodes);
        self.names.clone_from(&self.record.names);
        self.classes = self.record.classes.iter().collect();
        self.classes.extend(self.news.blobs.iter().copied());
        let mut walk = Walk::default();
        walk.names.extend(self.names.iter().cloned().zip(0..));
        for node in 0..self.nodes.len() as u32 {
            if let Some(&(class, _)) = self.nodes.leaf(Some(node)).first() {
                walk.leaves.insert(class, node);
            }
        }
        self.grow_all(&mut walk)?;
        self.enter_all(&mut walk)?;
        self.walk_tips(&mut walk, &tips)?;
        self.check_added(&walk)?;
        self.find_left(&tips, &odd_tips);
        Ok(())
    }

    /// Numbers of the commits that references point at, by tags or directly, and the nodes of what else they point at.
    fn tips(&mut self) -> Result<(Vec<u32>, Vec<u32>), Reason> {
        let old = self.record.commits.len();
        let numbers = self.news.commits.iter().zip(old as u32..);
        let new: HashMap<ObjectId, u32> = numbers.map(|(commit, number)| (commit.id, number)).collect();
        let mut pointed = vec![false; old + new.len()];
        let (mut tips, mut odd, mut tags) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        // What is named directly, each once.
        let mut direct: HashSet<ObjectId> = HashSet::new();
        let mut direct_commits = vec![false; pointed.len()];
        for &named in self.named.values() {
            let mut id = named;
            loop {
                if let Some(number) = self.record.position(&id).or_else(|| new.get(&id).copied()) {
                    if !std::mem::replace(&mut pointed[number as usize], true) {
                        tips.push(number);
                    }
                    if id == named {
                        direct_commits[number as usize] = true;
                    }
                    break;
                }
                if id == named {
                    direct.insert(id);
                }
                if let Some(place) = self.record.odd.find(&id) {
                    odd.insert(self.record.odd_nodes[place]);
                    break;
                }
                tags.insert(id);
                id = self.target(&id).ok_or("a reference points at what is no commit")?;
            }
        }
        self.refs = (direct.len() + direct_commits.iter().filter(|&&named| named).count()) as u64;
        (self.pointed, self.pointed_tags) = (pointed, tags);
        Ok((tips, odd.into_iter().collect()))
    }

    /// Puts all commits in order: parents first, then what references reach, then the oldest first.
    fn sort(&mut self, tips: &[u32]) -> Result<(), Reason> {
        let record = &self.record;
        let (old, new) = (record.commits.len(), self.news.commits.len());
        let all = old + new;
        let numbers: HashMap<ObjectId, u32> =
            self.news.commits.iter().zip(old as u32..).map(|(commit, number)| (commit.id, number)).collect();
        let number = |id: &ObjectId| record.position(id).or_else(|| numbers.get(id).copied());
        let mut parents_of_new = Vec::with_capacity(new);
        for commit in &self.news.commits {
            let parents: Option<Vec<u32>> = commit.parents.iter().map(number).collect();
            parents_of_new.push(parents.ok_or("a commit came whose parents are not there")?);
        }
        let parents = |number: u32| match (number as usize).checked_sub(old) {
            Some(place) => &parents_of_new[place][..],
            None => record.parents.of(number as usize),
        };
        let mut reached = vec![false; all];
        let mut stack = tips.to_vec();
        while let Some(number) = stack.pop() {
            if !std::mem::replace(&mut reached[number as usize], true) {
                stack.extend(parents(number));
            }
        }
        let mut dropped = false;
        for (&before, &now) in record.standing.iter().zip(&reached) {
            match (before & REACHED != 0, now) {
                (false, true) => return Err("a reference reaches again what none did"),
                (true, false) => dropped = true,
                _ => {}
            }
        }
        if dropped {
            let is_dropped =
                |&number: &u32| record.standing[number as usize] & REACHED != 0 && !reached[number as usize];
            let brought = record.holder_since.iter().filter(|&&since| since != NONE);
            if brought.copied().any(|since| is_dropped(&since)) {
                return Err("a reference lost commits that brought something in");
            }
            let lost = (0..old).filter(|&number| record.standing[number] & REACHED == 0);
            if lost.flat_map(|number| record.parents.of(number)).any(is_dropped) {
                return Err("references lost commits on which others are built");
            }
        }
        let places = self.order(&reached, &parents, dropped);
        self.positions = vec![NONE; all];
        places.iter().zip(0..).for_each(|(&number, position)| self.positions[number as usize] = position);
        let mut course = Course::default();
        for &number in &places {
            course.parents.push(parents(number).iter().map(|&parent| self.positions[parent as usize]));
            course.reachable.push(reached[number as usize]);
            let place = (number as usize).checked_sub(old);
            course.times.push(match place {
                Some(place) => self.news.commits[place].time,
                None => record.times[number as usize],
            });
            course.roots.push(if place.is_some() { NONE } else { record.roots[number as usize] });
        }
        let new_positions = self.news.commits.iter().zip(&self.positions[old..]);
        self.new_positions = new_positions.map(|(commit, &position)| (commit.id, position)).collect();
        self.positions.truncate(old);
        self.places = places;
        self.course = course;
        Ok(())
    }

    /// Numbers in order: those of the record are in order already, unless references lost some.
    fn order<'p>(&self, reached: &[bool], parents: &impl Fn(u32) -> &'p [u32], dropped: bool) -> Vec<u32> {
        let record = &self.record;
        let (old, all) = (record.commits.len(), reached.len());
        let moving = if dropped { 0..all } else { old..all };
        let key = |number: u32| {
            let place = number as usize;
            let (time, id) = match place.checked_sub(old) {
                Some(new) => (self.news.commits[new].time, self.news.commits[new].id),
                None => (record.times[place], record.commits.get(place)),
            };
            (!reached[place], time, id, number)
        };
        let mut waiting = vec![0_u32; all];
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for child in moving.clone() {
            for &parent in parents(child as u32) {
                waiting[child] += 1;
                children.entry(parent).or_default().push(child as u32);
            }
        }
        let ready = moving.clone().filter(|&number| waiting[number] == 0);
        let mut heap: BinaryHeap<_> = ready.map(|number| Reverse(key(number as u32))).collect();
        let mut steady = 0..moving.start as u32;
        let mut order = Vec::with_capacity(all);
        loop {
            let next = match (heap.peek(), steady.start < steady.end) {
                (Some(Reverse(new)), true) if *new < key(steady.start) => heap.pop(),
                (_, true) => steady.next().map(|number| Reverse((false, 0, ObjectId::NULL, number))),
                _ => heap.pop(),
            };
            let Some(Reverse((.., number))) = next else { break };
            order.push(number);
            if children.is_empty() {
                continue;
            }
            for &child in children.get(&number).map_or(&[][..], Vec::as_slice) {
                waiting[child as usize] -= 1;
                if waiting[child as usize] == 0 {
                    heap.push(Reverse(key(child)));
                }
            }
        }
        order
    }

    fn tree(&self, walk: &mut Walk, id: ObjectId) -> Result<Object, Reason> {
        if let Some(tree) = walk.trees.get(&id) {
            return Ok(tree.clone());
        }
        walk.read += usize::from(!self.news.trees.contains(&id));
        if walk.read > MOST_READ {
            return Err("too many folders differ");
        }
        let tree = self.objects.read(&id, Type::Tree).map_err(|_| "a tree cannot be read")?;
        if !Tree::new(&tree, self.objects.hash_len()).is_sound() {
            return Err("a tree is damaged");
        }
        walk.trees.insert(id, tree.clone());
        Ok(tree)
    }

    /// The tree of a commit.
    fn root(&self, id: &ObjectId) -> Result<ObjectId, Reason> {
        match self.new_positions.get(id).and_then(|&position| self.is_new(position)) {
            Some(commit) => Ok(commit.tree),
            None => self.objects.tree_of(id).map_err(|_| "a commit cannot be read"),
        }
    }

    /// New commits, in order.
    fn new_in_order(&self) -> Vec<u32> {
        let mut new: Vec<u32> = self.new_positions.values().copied().collect();
        new.sort_unstable();
        new
    }

    /// Makes the nodes of new commits' trees.
    fn grow_all(&mut self, walk: &mut Walk) -> Result<(), Reason> {
        for position in self.new_in_order() {
            let Some(commit) = self.is_new(position) else { continue };
            let (tree, parents) = (commit.tree, commit.parents.clone());
            let mut like = Vec::new();
            for parent in parents {
                let at = self.new_positions.get(&parent).copied();
                let at = at.or_else(|| Some(self.positions[self.record.position(&parent)? as usize]));
                let node = at.map_or(NONE, |at| self.course.roots[at as usize]);
                like.push((self.root(&parent)?, node));
            }
            let before = walk.added.len();
            let node = self.grow(walk, tree, &like, (&BString::default(), 0))?;
            self.course.roots[position as usize] = node;
            if walk.added.len() > before {
                self.check_since(walk, position)?;
            }
        }
        Ok(())
    }

    /// Makes the node of a tree, against what parents have in its place.
    fn grow(
        &mut self,
        walk: &mut Walk,
        tree: ObjectId,
        like: &[Like],
        (path, depth): (&BString, usize),
    ) -> Result<u32, Reason> {
        if let Some(&(_, node)) = like.iter().find(|like| like.0 == tree) {
            return Ok(node);
        }
        let key = (tree, path.clone());
        if let Some(&node) = walk.grown.get(&key) {
            return Ok(node);
        }
        if depth > DEEPEST {
            return Err("folders are nested too deep");
        }
        let content = self.tree(walk, tree)?;
        let is_new = self.news.trees.contains(&tree);
        let hash_len = self.objects.hash_len();
        let mut contents = Vec::new();
        for &(id, node) in like {
            contents.push((self.tree(walk, id)?, node));
        }
        let mut by_name: HashMap<&BStr, Vec<(ObjectId, bool, u32)>> = HashMap::new();
        for (content, node) in &contents {
            let node = Some(*node).filter(|&node| node != NONE);
            for entry in Tree::new(content, hash_len) {
                let Some(id) = entry.object().filter(|_| !entry.mode.is_gitlink()) else { continue };
                let child = walk.names.get(entry.name.as_bytes()).and_then(|name| {
                    let inside = self.nodes.folder(node);
                    let at = inside.binary_search_by_key(name, |pair| pair.0).ok()?;
                    Some(inside[at].1)
                });
                let known = (id, entry.mode.is_folder(), child.unwrap_or(NONE));
                by_name.entry(entry.name).or_default().push(known);
            }
        }
        let mut inside = Vec::new();
        for entry in Tree::new(&content, hash_len) {
            let Some(id) = entry.object().filter(|_| !entry.mode.is_gitlink()) else { continue };
            let known = by_name.get(entry.name).map_or(&[][..], Vec::as_slice);
            let same = known.iter().find(|known| (known.0, known.1) == (id, entry.mode.is_folder()));
            let node = match same {
                Some(&(.., node)) => node,
                None => {
                    let mut path = path.clone();
                    if !path.is_empty() {
                        path.push(b'/');
                    }
                    path.extend_from_slice(entry.name);
                    if entry.mode.is_folder() {
                        let like: Vec<Like> =
                            known.iter().filter(|known| known.1).map(|known| (known.0, known.2)).collect();
                        self.grow(walk, id, &like, (&path, depth + 1))?
                    } else {
                        self.leaf(walk, id, path, (entry.mode, is_new))
                    }
                }
            };
            if node != NONE {
                inside.push((self.name(walk, entry.name), node));
            }
        }
        let node = if inside.is_empty() {
            NONE
        } else {
            inside.sort_unstable();
            inside.dedup();
            self.nodes.push(false, inside.into_iter())
        };
        walk.grown.insert(key, node);
        Ok(node)
    }

    fn name(&mut self, walk: &mut Walk, name: &BStr) -> u32 {
        if let Some(&number) = walk.names.get(name.as_bytes()) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        walk.names.insert(name.to_owned(), number);
        number
    }

    /// The node of a blob at a place where no parent has it.
    fn leaf(&mut self, walk: &mut Walk, id: ObjectId, path: BString, (mode, direct): (Mode, bool)) -> u32 {
        let class = if self.news.blobs.contains(&id) {
            self.placed.entry(path).or_default().insert(id);
            let place = self.news.blobs.range(..id).count();
            (self.record.classes.len() + place) as u32
        } else {
            self.placed.entry(path.clone()).or_default().insert(id);
            walk.added.insert((id, path), (mode, direct));
            match self.record.holders.find(&id).map(|place| self.record.holder_classes[place]) {
                Some(class) => class,
                None => NONE,
            }
        };
        if class == NONE {
            return NONE;
        }
        let nodes = &mut self.nodes;
        *walk.leaves.entry(class).or_insert_with(|| nodes.push(true, std::iter::once((class, NONE))))
    }

    /// What a new commit has at new places must not have come in with it, in the order of commits.
    fn check_since(&self, walk: &Walk, position: u32) -> Result<(), Reason> {
        for (id, _) in walk.added.keys() {
            let Some(place) = self.record.holders.find(id) else { continue };
            let since = self.record.holder_since[place];
            if since == NONE || self.positions[since as usize] > position {
                return Err("a commit came that has something earlier than others");
            }
        }
        Ok(())
    }

    /// Gives new blobs their paths and first commits, as a whole audit does.
    fn enter_all(&mut self, walk: &mut Walk) -> Result<(), Reason> {
        let mut entered = HashSet::new();
        for position in self.new_in_order() {
            if let Some(commit) = self.is_new(position) {
                let tree = commit.tree;
                self.enter(walk, &mut entered, tree, Some(position))?;
            }
        }
        let mut orphans: BTreeSet<ObjectId> =
            self.news.trees.iter().filter(|tree| !entered.contains(*tree)).copied().collect();
        let hash_len = self.objects.hash_len();
        for tree in orphans.clone() {
            let content = self.tree(walk, tree)?;
            for entry in Tree::new(&content, hash_len) {
                entry.object().map(|id| orphans.remove(&id));
            }
        }
        for tree in orphans {
            self.enter(walk, &mut entered, tree, None)?;
        }
        Ok(())
    }

    fn enter(
        &mut self,
        walk: &mut Walk,
        entered: &mut HashSet<ObjectId>,
        root: ObjectId,
        since: Option<u32>,
    ) -> Result<(), Reason> {
        if !self.news.trees.contains(&root) || !entered.insert(root) {
            return Ok(());
        }
        let hash_len = self.objects.hash_len();
        let mut stack = vec![(root, BString::default())];
        while let Some((tree, folder)) = stack.pop() {
            let content = self.tree(walk, tree)?;
            for entry in Tree::new(&content, hash_len) {
                let Some(id) = entry.object().filter(|_| !entry.mode.is_gitlink()) else { continue };
                let mut path = folder.clone();
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(entry.name);
                if self.news.trees.contains(&id) {
                    if entered.insert(id) {
                        stack.push((id, path));
                    }
                } else if self.news.blobs.contains(&id) {
                    match self.blobs.get_mut(&id) {
                        None => {
                            let mode = entry.mode;
                            self.blobs.insert(id, Place { path, mode, since, further: Vec::new() });
                        }
                        Some(known) => {
                            let mut names = known.further.iter().map(|one| &one.0).chain([&known.path]);
                            let is_known = names.any(|one| last(one.as_bstr()) == entry.name);
                            drop(names);
                            if known.further.len() < MOST_NAMES && !is_known {
                                known.further.push((path, entry.mode));
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Finds what is at the tip of a reference and was not.
    fn walk_tips(&mut self, walk: &mut Walk, tips: &[u32]) -> Result<(), Reason> {
        let mut visited = HashSet::new();
        let hash_len = self.objects.hash_len();
        for &tip in tips {
            let place = tip as usize;
            let root = match self.record.standing.get(place) {
                Some(standing) if standing & AT_TIP != 0 => continue,
                Some(_) => self.root(&self.record.commits.get(place))?,
                None => self.news.commits[place - self.record.commits.len()].tree,
            };
            let mut stack = vec![root];
            while let Some(tree) = stack.pop() {
                if self.record.tips.has(&tree) || !visited.insert(tree) {
                    continue;
                }
                let content = self.tree(walk, tree)?;
                for entry in Tree::new(&content, hash_len) {
                    let Some(id) = entry.object().filter(|_| !entry.mode.is_gitlink()) else { continue };
                    if entry.mode.is_folder() {
                        stack.push(id);
                    } else if self.news.blobs.contains(&id) {
                        self.at_tip.insert(id);
                    } else if !self.record.tips.has(&id) {
                        self.came.insert((id, entry.name.to_owned()));
                    }
                }
                if self.came.len() > MOST_NEW {
                    return Err("too many files are at tips that were not");
                }
            }
        }
        Ok(())
    }

    /// Old blobs at new places, and those that came to a tip, must be such that nothing new is to be said of them.
    fn check_added(&mut self, walk: &Walk) -> Result<(), Reason> {
        let record = &self.record;
        let mut came = HashSet::new();
        for (id, _) in &self.came {
            came.insert(*id);
            if record.holders.has(id) || record.several.has(id) {
                return Err("an older version in which something is is at a tip again");
            }
        }
        for ((id, path), (mode, direct)) in &walk.added {
            if !direct {
                continue;
            }
            let name = last(path.as_bstr());
            match record.holders.find(id) {
                Some(place) => {
                    let first = record.names.get(record.holder_names[place] as usize);
                    if record.several.has(id) || first.is_none_or(|first| first != name) {
                        return Err("a file in which something is has a new name");
                    }
                }
                None if came.contains(id) => return Err("an older version of a file is back"),
                None => {
                    self.renamed.insert((*id, path.clone(), mode.0));
                }
            }
        }
        Ok(())
    }

    /// Finds which of the watched objects are no longer at the tip of a reference.
    fn find_left(&mut self, tips: &[u32], odd: &[u32]) {
        let mut visited = vec![false; self.nodes.len()];
        let old = self.record.commits.len();
        let roots = tips.iter().map(|&tip| match (tip as usize).checked_sub(old) {
            Some(new) => self.course.roots[self.new_positions[&self.news.commits[new].id] as usize],
            None => self.record.roots[tip as usize],
        });
        let mut stack: Vec<u32> = roots.chain(odd.iter().copied()).filter(|&node| node != NONE).collect();
        let mut there = vec![false; self.classes.len()];
        while let Some(node) = stack.pop() {
            if std::mem::replace(&mut visited[node as usize], true) {
                continue;
            }
            for leaf in self.nodes.leaf(Some(node)) {
                there[leaf.0 as usize] = true;
            }
            stack.extend(self.nodes.folder(Some(node)).iter().map(|inside| inside.1));
        }
        let left = self.record.watched.iter().filter(|id| {
            let class = self.record.holders.find(id).map(|place| self.record.holder_classes[place]);
            class.is_none_or(|class| there.get(class as usize) != Some(&true))
        });
        self.left = left.collect();
    }

    /// Says if what changed in the tree of HEAD since the record matters to files beside it, `asks` being which names do.
    pub(super) fn compare_heads(&self, asks: &dyn Fn(&[u8]) -> bool) -> Result<(), Reason> {
        const WHY: Reason = "files that are judged together with others beside them changed";
        let mut walk = Walk::default();
        let hash_len = self.objects.hash_len();
        let mut stack = vec![(self.record.head, self.head())];
        while let Some((old, new)) = stack.pop() {
            if old == new {
                continue;
            }
            let mut content = |id: Option<ObjectId>| id.map(|id| self.tree(&mut walk, id)).transpose();
            let (old, new) = (content(old)?, content(new)?);
            let entries = |content: &Option<Object>| -> BTreeMap<BString, (Mode, ObjectId)> {
                let content = content.as_ref().map_or(&[][..], |content| content);
                let entries = Tree::new(content, hash_len).filter(|entry| !entry.mode.is_gitlink());
                entries
                    .filter_map(|entry| Some((entry.name.to_owned(), (entry.mode, entry.object()?))))
                    .collect()
            };
            let (old, new) = (entries(&old), entries(&new));
            let names: BTreeSet<&BString> = old.keys().chain(new.keys()).collect();
            let mut came = false;
            for name in names {
                let (before, after) = (old.get(name), new.get(name));
                if before == after {
                    continue;
                }
                let folder =
                    |one: Option<&(Mode, ObjectId)>| one.filter(|one| one.0.is_folder()).map(|one| one.1);
                stack.push((folder(before), folder(after)));
                if asks(name) {
                    if before.is_some_and(|one| !one.0.is_folder()) {
                        return Err(WHY);
                    }
                    came |= after.is_some_and(|one| !one.0.is_folder());
                }
            }
            let is_old = |(name, (mode, id)): (&BString, &(Mode, ObjectId))| {
                !mode.is_folder() && asks(name) && !self.news.blobs.contains(id)
            };
            if came && new.iter().any(is_old) {
                return Err(WHY);
            }
        }
        Ok(())
    }
}

/// The last name of a path.
fn last(path: &BStr) -> &BStr {
    path.rsplit_once_str("/").map_or(path, |at| at.1.as_bstr())
}
