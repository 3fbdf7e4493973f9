//! Which part of a history is looked at: revisions, references, a time, paths.
//!
//! Names mean what they mean to git. What names nothing is an error, since a run over nothing would pass for clean.
//!
//! Must not read content.

use std::{
    collections::BTreeSet,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use bstr::{BStr, BString, ByteSlice as _};

use super::super::{attribute::refs::named, repo::Repo};
use crate::{
    glob::Glob,
    origin::ObjectId,
    source::{Problem, SourceError, Visitor},
};

/// Which part of a history is looked at, as it was asked for. All of it, if nothing was.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Scope {
    /// Revisions as `git rev-list` takes them: `B`, `^A`, `A..B`, `A...B`.
    pub revisions: Vec<String>,
    /// Which references.
    pub refs: Vec<Refs>,
    /// Also (or, without revisions and references, only) what no reference reaches.
    pub unreachable: bool,
    /// Nothing that is older.
    pub since: Option<Since>,
    /// Only files at these paths, as globs, and no messages.
    pub paths: Vec<String>,
}

/// References, as options of `git rev-list` choose them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refs {
    /// The option, such as `--branches`.
    pub option: &'static str,
    /// What all of their names begin with, such as `refs/heads/`.
    pub below: &'static str,
    /// Which of them; all without one.
    pub pattern: Option<String>,
}

/// Where what is new begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// A moment, in seconds since 1970, UTC, and how it was written.
    Time(i64, String),
    /// A commit: what it has is old.
    Revision(String),
}

impl Refs {
    /// What the name of a reference is compared with: as in git, a pattern without wildcards means all below it; here
    /// it means the one of that name as well.
    fn globs(&self) -> Result<Vec<Glob>, SourceError> {
        let pattern = self.pattern.as_deref().unwrap_or("**");
        let full = if pattern.starts_with("refs/") {
            pattern.to_owned()
        } else {
            format!("{}{}", self.below, pattern.trim_start_matches('/'))
        };
        let special = full.contains(['*', '?', '[']);
        // A star of git's goes over slashes in names of references.
        let mut texts = vec![full.replace("**", "*").replace('*', "**")];
        if special {
            texts.push(full.clone());
            texts.push(format!("{}/**", full.trim_end_matches('/')));
        } else {
            texts.push(format!("{}/**", full.trim_end_matches('/')));
        }
        let mut globs = Vec::new();
        for text in texts {
            globs.extend(
                Glob::parse(&text, false).map_err(|problem| {
                    SourceError::new(self.to_string(), format!("{problem} in this glob"))
                })?,
            );
        }
        Ok(globs)
    }
}

impl fmt::Display for Refs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pattern {
            Some(pattern) => write!(formatter, "{}={pattern}", self.option),
            None => formatter.write_str(self.option),
        }
    }
}

/// For people, as one phrase.
impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.revisions.clone();
        parts.extend(self.refs.iter().map(ToString::to_string));
        parts.extend(self.unreachable.then(|| "--unreachable".to_owned()));
        parts.extend(self.since.as_ref().map(|since| match since {
            Since::Time(_, text) | Since::Revision(text) => format!("--since={text}"),
        }));
        if !self.paths.is_empty() {
            parts.push(format!("-- {}", self.paths.join(" ")));
        }
        formatter.write_str(&parts.join(" "))
    }
}

impl Scope {
    /// True if all is looked at.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// Finds what the names stand for in `repo`.
    ///
    /// # Errors
    ///
    /// If something names nothing.
    pub fn resolve(&self, repo: &Repo) -> Result<Chosen, SourceError> {
        let mut chosen = Chosen {
            all: self.revisions.iter().all(|one| one.starts_with('^'))
                && self.refs.is_empty()
                && !self.unreachable,
            unreachable: self.unreachable,
            ..Chosen::default()
        };
        let named = named(repo)?;
        for revision in &self.revisions {
            chosen.revision(repo, &|name| named.get(BStr::new(name)).copied(), revision)?;
        }
        for refs in &self.refs {
            let globs = refs.globs()?;
            let is_meant = |name: &BString| {
                // HEAD of this and of other worktrees belong to all.
                let all = refs.pattern.is_none() && refs.below == "refs/";
                all || (name.starts_with_str("refs/") && globs.iter().any(|glob| glob.matches(name)))
            };
            let ids: Vec<ObjectId> =
                named.iter().filter(|(name, _)| is_meant(name)).map(|(_, id)| *id).collect();
            if ids.is_empty() {
                return Err(SourceError::new(
                    refs.to_string(),
                    "no reference of this repository matches; `git for-each-ref` lists them",
                ));
            }
            chosen.tips.extend(ids);
        }
        match &self.since {
            None => {}
            Some(Since::Time(time, _)) => chosen.since = Some(*time),
            Some(Since::Revision(name)) => _ = chosen.old.insert(commit(repo, name)?),
        }
        for path in &self.paths {
            let globs = path_globs(path)
                .map_err(|problem| SourceError::new(path.clone(), format!("{problem} in this glob")))?;
            chosen.paths.push(PathGlob { text: path.clone(), globs, met: AtomicBool::new(false) });
        }
        Ok(chosen)
    }
}

/// A path means itself and all that is below it, as in git; a name without `/` with a wildcard is looked for in all
/// folders.
fn path_globs(text: &str) -> Result<Vec<Glob>, String> {
    let path = text.trim_start_matches("./").trim_end_matches('/');
    if path.is_empty() || path == "." {
        return Glob::parse("/**", false);
    }
    let mut globs =
        Glob::parse(&if path.contains('*') { path.to_owned() } else { format!("/{path}") }, false)?;
    globs.extend(Glob::parse(&format!("/{}/**", path.trim_start_matches('/')), false)?);
    // A glob of one component without `/` matches a file name; the rooted form needs one in it to be whole.
    Ok(globs)
}

fn commit(repo: &Repo, name: &str) -> Result<ObjectId, SourceError> {
    let name = if name.is_empty() { "HEAD" } else { name };
    repo.commit(name)?.ok_or_else(|| {
        SourceError::new(
            name,
            "there is no such branch, tag or commit here; `git rev-parse` tells what a name means",
        )
    })
}

/// A glob of paths.
#[derive(Debug)]
struct PathGlob {
    text: String,
    globs: Vec<Glob>,
    /// Whether anything matched it.
    met: AtomicBool,
}

/// Which part of a history is looked at, as ids of this repository.
#[derive(Debug, Default)]
pub struct Chosen {
    /// Whether what is looked at begins at all references, and at what none reaches.
    pub(super) all: bool,
    /// Commits and tags that it begins at.
    pub(super) tips: BTreeSet<ObjectId>,
    /// Commits that are old, with all that they have.
    pub(super) old: BTreeSet<ObjectId>,
    /// Pairs of commits: what both reach is old.
    pub(super) shared: Vec<(ObjectId, ObjectId)>,
    /// Commits before this moment are old.
    pub(super) since: Option<i64>,
    /// Whether what no reference reaches is looked at as well.
    pub(super) unreachable: bool,
    paths: Vec<PathGlob>,
}

impl Chosen {
    fn revision(
        &mut self,
        repo: &Repo,
        reference: &dyn Fn(&str) -> Option<ObjectId>,
        text: &str,
    ) -> Result<(), SourceError> {
        if let Some(old) = text.strip_prefix('^') {
            self.old.insert(commit(repo, old)?);
        } else if let Some((one, other)) = text.split_once("...") {
            let (one, other) = (commit(repo, one)?, commit(repo, other)?);
            self.tips.extend([one, other]);
            self.shared.push((one, other));
        } else if let Some((old, new)) = text.split_once("..") {
            self.old.insert(commit(repo, old)?);
            self.tips.insert(commit(repo, new)?);
        } else {
            self.tips.insert(commit(repo, text)?);
            // The message of a tag belongs to it.
            self.tips.extend(reference(&format!("refs/tags/{text}")).or_else(|| reference(text)));
        }
        Ok(())
    }

    /// Whether messages are looked at: they have no path.
    pub(super) const fn has_messages(&self) -> bool {
        self.paths.is_empty()
    }

    /// The same as [`has_path`](Self::has_path), of which nothing is noted.
    pub(super) fn would_have(&self, path: &[u8]) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|one| one.globs.iter().any(|glob| glob.matches(path)))
    }

    /// Whether a path is looked at. It counts as met then.
    pub(super) fn has_path(&self, path: &[u8]) -> bool {
        let mut has = self.paths.is_empty();
        for one in &self.paths {
            if one.globs.iter().any(|glob| glob.matches(path)) {
                one.met.store(true, Ordering::Relaxed);
                has = true;
            }
        }
        has
    }

    /// Says which globs matched nothing.
    pub(super) fn tell(&self, visitor: &dyn Visitor) {
        for one in self.paths.iter().filter(|one| !one.met.load(Ordering::Relaxed)) {
            visitor.problem(Problem {
                subject: BString::from(one.text.as_str()),
                message: "no file that is new in what is looked at has a path that matches this".to_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_of_references_are_those_of_git() {
        let matches = |below, pattern: Option<&str>, name: &str| {
            let refs = Refs { option: "--glob", below, pattern: pattern.map(str::to_owned) };
            refs.globs().unwrap().iter().any(|glob| glob.matches(name.as_bytes()))
        };
        assert!(matches("refs/heads/", None, "refs/heads/a/b"));
        assert!(matches("refs/heads/", Some("main"), "refs/heads/main"));
        assert!(matches("refs/heads/", Some("team"), "refs/heads/team/x"));
        assert!(!matches("refs/heads/", Some("team"), "refs/heads/team2"));
        assert!(matches("refs/tags/", Some("v1.*"), "refs/tags/v1.2"));
        assert!(matches("refs/heads/", Some("rel*"), "refs/heads/release/2"));
        assert!(!matches("refs/tags/", Some("v1.*"), "refs/tags/v2.0"));
        assert!(!matches("refs/heads/", None, "refs/tags/x"));
        assert!(matches("refs/", Some("pull/*/head"), "refs/pull/7/head"));
        assert!(matches("refs/", Some("refs/pull"), "refs/pull/7/head"));
    }

    #[test]
    fn a_path_means_itself_and_what_is_below() {
        let matches = |text: &str, path: &str| {
            path_globs(text).unwrap().iter().any(|glob| glob.matches(path.as_bytes()))
        };
        for (text, path, expected) in [
            ("src", "src/a/b.rs", true),
            ("src/", "src/a.rs", true),
            ("src", "lib/src/a.rs", false),
            ("a.txt", "a.txt", true),
            ("a.txt", "b/a.txt", false),
            ("*.py", "b/c/a.py", true),
            ("src/**/*.rs", "src/a/b/c.rs", true),
            ("src/*.rs", "src/a/b.rs", false),
            ("./src", "src/x", true),
            (".", "any/thing", true),
        ] {
            assert_eq!(matches(text, path), expected, "{text} {path}");
        }
    }
}
