//! What a history says of one secret: since when, where, until when.
//!
//! Plain data. Must not know a clock: ages are counted to a day that is handed in.

use std::sync::Arc;

use bstr::BString;

use super::{Fingerprint, RuleId};
use crate::origin::Introduction;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A day of the calendar (UTC), counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Day(pub i64);

impl Day {
    /// The day of a moment in seconds since 1970, UTC.
    #[must_use]
    pub const fn of(seconds: i64) -> Self {
        Self(seconds.div_euclid(DAY))
    }

    /// Its first moment, in seconds since 1970, UTC.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.saturating_mul(DAY)
    }

    /// Days from `earlier` to this one; none if clocks disagree.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        let days = self.0.saturating_sub(earlier.0);
        if days > 0 { days.unsigned_abs() } else { 0 }
    }
}

/// How a secret stands now. The order is that of how much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No reference reaches it; the object store has it still.
    Unreachable,
    /// References reach it, and no tip has it any more.
    Removed,
    /// A tip of a reference has it. A message has no later version that could be without it, so one that a
    /// reference reaches is open.
    Open,
}

impl State {
    /// The word used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Removed => "removed",
            Self::Open => "open",
        }
    }

    /// Reads the word that [`State::name`] writes.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Unreachable, Self::Removed, Self::Open].into_iter().find(|state| state.name() == name)
    }
}

/// One path that a secret stands or stood at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathExposure {
    /// The path, members of archives behind `!`.
    pub path: BString,
    /// How it stands there now.
    pub state: State,
    /// The commit that first brought it in; `None` if no commit has it.
    pub since: Option<Arc<Introduction>>,
    /// The commit that last took it out, if it is [`State::Removed`].
    pub removed: Option<Arc<Introduction>>,
    /// How often it was brought in: more than once if it was removed and came back, or came in on several branches.
    pub times: u64,
}

/// One reference that still reaches a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefExposure {
    /// Its full name.
    pub name: BString,
    /// Whether the tree that it points at has the secret now.
    pub tip: bool,
}

/// What a history says of one secret, at all its paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// How it stands now.
    pub state: State,
    /// The commit that first brought it in; `None` if no commit has it.
    pub since: Option<Arc<Introduction>>,
    /// The commit that took the last of it out, if it is [`State::Removed`].
    pub removed: Option<Arc<Introduction>>,
    /// All paths, sorted.
    pub paths: Vec<PathExposure>,
    /// References that reach it: those with it at their tip first, then by name.
    pub refs: Vec<RefExposure>,
    /// Number of all references that reach it, of which `refs` may name the first only.
    pub refs_total: u64,
    /// Number of contents (versions of files, messages) that hold it.
    pub versions: u64,
    /// Whether there are more paths than were followed.
    pub truncated: bool,
    /// Paths that had it before what was looked at began, where that is not all: nothing new there.
    pub before: Vec<BString>,
}

impl Exposure {
    /// Days from the first commit to the removal, or to `today` while it is open. `None` where no commit brought
    /// it in, and where nobody knows when the last reference to it went.
    #[must_use]
    pub fn days(&self, today: Day) -> Option<u64> {
        let since = Day::of(self.since.as_ref()?.time);
        match self.state {
            State::Open => Some(today.since(since)),
            State::Removed => Some(Day::of(self.removed.as_ref()?.time).since(since)),
            State::Unreachable => None,
        }
    }
}

impl Exposure {
    /// Takes in what another history says of the same secret.
    pub fn join(&mut self, other: Self) {
        let first = |one: Option<Arc<Introduction>>, two: Option<Arc<Introduction>>| {
            one.into_iter().chain(two).min_by_key(|since| (since.time, since.commit))
        };
        self.since = first(self.since.take(), other.since);
        let last = self.removed.take().into_iter().chain(other.removed);
        self.state = self.state.max(other.state);
        self.removed = last
            .filter(|_| self.state == State::Removed)
            .max_by_key(|removed| (removed.time, removed.commit));
        for path in other.paths {
            match self.paths.iter_mut().find(|known| known.path == path.path) {
                None => self.paths.push(path),
                Some(known) => {
                    known.since = first(known.since.take(), path.since);
                    known.state = known.state.max(path.state);
                    let last = known.removed.take().into_iter().chain(path.removed);
                    known.removed = last
                        .filter(|_| known.state == State::Removed)
                        .max_by_key(|removed| (removed.time, removed.commit));
                    known.times += path.times;
                }
            }
        }
        self.paths.sort_by(|one, two| one.path.cmp(&two.path));
        self.refs.extend(other.refs);
        self.refs.sort_by(|one, two| (!one.tip, &one.name).cmp(&(!two.tip, &two.name)));
        self.refs_total += other.refs_total;
        self.versions = self.versions.max(other.versions);
        self.truncated |= other.truncated;
        self.before.extend(other.before);
    }
}

/// A secret and its [`Exposure`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// The rule that found it.
    pub rule: RuleId,
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// What history says.
    pub exposure: Exposure,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(Day::of(-1), Day(-1));
        assert_eq!(Day::of(86_399), Day(0));
        assert_eq!((Day(5).since(Day(2)), Day(2).since(Day(5))), (3, 0));
        for state in [State::Open, State::Removed, State::Unreachable] {
            assert_eq!(State::from_name(state.name()), Some(state));
        }
    }
}
