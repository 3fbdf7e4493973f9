//! What the next commit would add: the index against its parents.
//!
//! Content is read from blobs, so that what is in the working tree, diff settings, filters and
//! line-ending conversion have no say. Must not write, and must not look at the working tree.

use std::sync::Arc;

use bstr::ByteSlice as _;
use rayon::prelude::*;

use super::{
    beside,
    changes::{self, Change, Changes, Version},
    lfs,
    objects::Objects,
    repo::Repo,
    tree::PathFinder,
    version::{Job, Reader, Renamed, Renames, problem},
};
use crate::{
    origin::{Beside, ObjectId},
    source::{Count, Problem, Source, SourceError, Visitor},
};

/// Fewer changes than this are read on the calling thread: waking the others would take longer.
const PARALLEL_FROM: usize = 32;

/// What is staged.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The repository.
    pub repo: Repo,
    /// True to call all of a staged file new, not only its new lines.
    pub whole: bool,
}

impl Source for Staged {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let objects = Arc::new(self.repo.objects()?);
        let head = self.repo.head()?;
        let tree = head.map(|head| tree_of(&objects, &head)).transpose()?;
        let changes = changes::of_index(&self.repo, &objects, tree)?;
        visitor.count(Count::Moved, (changes.changed.len() + changes.unmerged.len()) as u64);
        changes.problems.iter().for_each(|problem| visitor.problem(problem.clone()));
        for path in &changes.unmerged {
            let message = "it is in conflict, so nothing of it is staged; resolve it and git add it";
            visitor.problem(Problem { subject: path.clone(), message: message.to_owned() });
        }
        let beside = beside::of_index(&objects, tree, &changes);
        let jobs = self.jobs(&objects, &changes, &beside, visitor)?;
        let reader = Reader { objects: &objects, lfs: lfs::storage(&self.repo), visitor, whole: self.whole };
        let run = |job: &Job| {
            if !visitor.cancelled() {
                reader.visit(job);
            }
        };
        if jobs.len() < PARALLEL_FROM {
            jobs.iter().for_each(run);
        } else {
            jobs.par_iter().for_each(run);
        }
        Ok(())
    }
}

impl Staged {
    /// Pairs each change with the versions of it that the parents have. What one parent has just
    /// so is not new: it is skipped here.
    fn jobs(
        &self,
        objects: &Objects,
        changes: &Changes,
        beside: &Beside,
        visitor: &dyn Visitor,
    ) -> Result<Vec<Job>, SourceError> {
        let mut parents = Vec::new();
        for commit in self.repo.merging()? {
            parents.push(PathFinder::new(objects, tree_of(objects, &commit)?));
        }
        let added: Vec<&Change> = changes.changed.iter().filter(|change| change.old.is_none()).collect();
        let renames = Renames::find(objects, &added, &changes.gone);
        let mut jobs = Vec::with_capacity(changes.changed.len());
        for change in &changes.changed {
            let mut olds: Vec<Version> = change.old.into_iter().collect();
            for parent in &mut parents {
                match parent.find(change.path.as_bstr()) {
                    Ok(found) => olds.extend(found.map(|(mode, id)| Version { mode, id })),
                    // Without it more counts as new, which is safe, but the run must say so.
                    Err(error) => visitor.problem(problem(change.path.as_bstr(), &error)),
                }
            }
            let renamed = match &renames {
                Some(renames) if change.old.is_none() => renames.of(change),
                _ => Renamed::default(),
            };
            let path = change.path.clone();
            jobs.push(Job {
                path,
                new: change.new,
                olds,
                renamed,
                beside: beside.clone(),
                known: None,
                commit: None,
                history: None,
            });
        }
        Ok(jobs)
    }
}

fn tree_of(objects: &Objects, commit: &ObjectId) -> Result<ObjectId, SourceError> {
    let subject = || format!("commit {}", commit.short());
    objects.tree_of(commit).map_err(|error| SourceError::new(subject(), error.to_string()))
}
