//! Figures of an outcome: how many are open, for how long, how long removing took, what was looked at.
//!
//! One entry a secret, as in [`super::group`]. Ages are counted to the day of the outcome. Quantiles are
//! nearest ranks: a number that occurs, no mean of two. Must not write anything.

use std::collections::BTreeMap;

use bstr::ByteSlice as _;

use super::{
    group::{self, Group},
    view::View,
};
use crate::finding::{
    Finding, RuleId, Severity,
    exposure::{Day, State},
};

/// Upper bounds of the classes of ages, in days; the last class has none.
pub(crate) const BOUNDS: [u64; 5] = [1, 7, 30, 90, 365];
/// Paths told apart in figures by path; the rest is taken together.
const MOST_PATHS: usize = 20;

/// One secret, as far as figures go.
pub(crate) struct Item<'r> {
    /// Its places.
    pub(crate) group: Group<'r>,
    /// How it stands.
    pub(crate) state: State,
    /// The day of the first commit, where one is known.
    pub(crate) since: Option<Day>,
    /// The day of its removal.
    pub(crate) removed: Option<Day>,
    /// Days for which it was or is to be read.
    pub(crate) days: Option<u64>,
}

impl<'r> Item<'r> {
    /// The place shown in full.
    pub(crate) const fn finding(&self) -> &'r Finding {
        self.group.first
    }

    /// How bad.
    pub(crate) const fn severity(&self) -> Severity {
        self.group.first.severity
    }
}

/// Numbers of open and removed secrets, and of those that no reference reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// At a tip.
    pub(crate) open: u64,
    /// In history only.
    pub(crate) removed: u64,
    /// In the object store only.
    pub(crate) unreachable: u64,
}

impl Count {
    fn add(&mut self, state: State) {
        match state {
            State::Open => self.open += 1,
            State::Removed => self.removed += 1,
            State::Unreachable => self.unreachable += 1,
        }
    }

    /// All of them.
    pub(crate) const fn total(&self) -> u64 {
        self.open + self.removed + self.unreachable
    }

    /// The number in a state.
    pub(crate) const fn of(&self, state: State) -> u64 {
        match state {
            State::Open => self.open,
            State::Removed => self.removed,
            State::Unreachable => self.unreachable,
        }
    }
}

/// Numbers of days, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Days(Vec<u64>);

impl Days {
    fn new(mut days: Vec<u64>) -> Self {
        days.sort_unstable();
        Self(days)
    }

    /// How many.
    pub(crate) const fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// All together.
    pub(crate) fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The longest.
    pub(crate) fn max(&self) -> Option<u64> {
        self.0.last().copied()
    }

    /// The number that `percent` of all do not exceed.
    pub(crate) fn quantile(&self, percent: usize) -> Option<u64> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied()
    }

    /// How many are in each class of [`BOUNDS`]: up to the bound and over the one before; the last is over all.
    pub(crate) fn classes(&self) -> [u64; BOUNDS.len() + 1] {
        let mut classes = [0; BOUNDS.len() + 1];
        for &days in &self.0 {
            classes[BOUNDS.iter().position(|&bound| days <= bound).unwrap_or(BOUNDS.len())] += 1;
        }
        classes
    }
}

/// The figures.
pub(crate) struct Metrics<'r> {
    /// All secrets, in the order of the reports.
    pub(crate) items: Vec<Item<'r>>,
    /// All together.
    pub(crate) all: Count,
    /// By severity, all of them, mildest first.
    pub(crate) by_severity: BTreeMap<Severity, Count>,
    /// By risk number.
    pub(crate) by_risk: BTreeMap<u8, Count>,
    /// By rule.
    pub(crate) by_rule: BTreeMap<RuleId, Count>,
    /// By the first part of the path, the most frequent first, then what is left over as `None`.
    pub(crate) by_path: Vec<(Option<String>, Count)>,
    /// Ages of what is open.
    pub(crate) open_days: Days,
    /// The same by severity.
    pub(crate) open_days_by_severity: BTreeMap<Severity, Days>,
    /// Days from the first commit to the removal, of what was removed.
    pub(crate) removal_days: Days,
}

impl<'r> Metrics<'r> {
    /// The figures of what is reported; what is suppressed does not count.
    pub(crate) fn of(view: &View<'r>) -> Self {
        let groups = group::group(&view.outcome().findings);
        let items: Vec<_> = groups.into_iter().map(|group| item(view, group)).collect();
        let mut metrics = Self {
            all: Count::default(),
            by_severity: Severity::ALL.into_iter().map(|severity| (severity, Count::default())).collect(),
            by_risk: BTreeMap::new(),
            by_rule: BTreeMap::new(),
            by_path: Vec::new(),
            open_days: Days::default(),
            open_days_by_severity: BTreeMap::new(),
            removal_days: Days::default(),
            items: Vec::new(),
        };
        let mut by_path: BTreeMap<String, Count> = BTreeMap::new();
        for item in &items {
            metrics.all.add(item.state);
            metrics.by_severity.entry(item.severity()).or_default().add(item.state);
            metrics.by_risk.entry(item.finding().risk.number()).or_default().add(item.state);
            metrics.by_rule.entry(item.finding().rule.clone()).or_default().add(item.state);
            by_path.entry(top(view, item.finding())).or_default().add(item.state);
        }
        let days = |wanted: &dyn Fn(&Item<'_>) -> bool| {
            Days::new(items.iter().filter(|item| wanted(item)).filter_map(|item| item.days).collect())
        };
        metrics.open_days = days(&|item| item.state == State::Open);
        metrics.removal_days = days(&|item| item.state == State::Removed);
        for severity in Severity::ALL {
            let open = days(&|item| item.state == State::Open && item.severity() == severity);
            metrics.open_days_by_severity.insert(severity, open);
        }
        metrics.by_path = most(by_path);
        metrics.items = items;
        metrics
    }
}

fn item<'r>(view: &View<'r>, group: Group<'r>) -> Item<'r> {
    match view.exposure(group.first) {
        // Without a history all that is found is there now.
        None => Item { group, state: State::Open, since: None, removed: None, days: None },
        Some(exposure) => Item {
            group,
            state: exposure.state,
            since: exposure.since.as_ref().map(|since| Day::of(since.time)),
            removed: exposure.removed.as_ref().map(|removed| Day::of(removed.time)),
            days: view.days(exposure),
        },
    }
}

/// The first folder of a path, or the file at the top.
fn top(view: &View<'_>, finding: &Finding) -> String {
    let path = view.raw_path(finding);
    // A content that no tree names goes by its id.
    if finding.origin.object.is_some_and(|object| object.to_string().as_bytes() == path) {
        return "(no path)".to_owned();
    }
    match path.find_byte(b'/') {
        Some(slash) if slash > 0 => view.text(&path[..=slash]),
        _ => view.text(&path),
    }
}

fn most(by_path: BTreeMap<String, Count>) -> Vec<(Option<String>, Count)> {
    let mut all: Vec<(String, Count)> = by_path.into_iter().collect();
    // The sort is stable, so equals stay in the order of their paths.
    all.sort_by_key(|(_, count)| std::cmp::Reverse((count.open, count.total())));
    let rest = all.split_off(all.len().min(MOST_PATHS));
    let mut most: Vec<_> = all.into_iter().map(|(path, count)| (Some(path), count)).collect();
    if !rest.is_empty() {
        let mut sum = Count::default();
        for (_, count) in rest {
            sum.open += count.open;
            sum.removed += count.removed;
            sum.unreachable += count.unreachable;
        }
        most.push((None, sum));
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let days = Days::new(vec![5, 1, 9, 3]);
        assert_eq!(
            (days.quantile(50), days.quantile(90), days.max(), days.sum()),
            (Some(3), Some(9), Some(9), 18)
        );
        assert_eq!((Days::default().quantile(50), Days::new(vec![7]).quantile(90)), (None, Some(7)));
        let days = Days::new((1..=10).collect());
        assert_eq!((days.quantile(50), days.quantile(90)), (Some(5), Some(9)));
    }

    #[test]
    fn classes_are_closed_above() {
        let days = Days::new(vec![0, 1, 2, 7, 8, 30, 90, 91, 365, 366, 9999]);
        assert_eq!(days.classes(), [2, 2, 2, 1, 2, 2]);
        assert_eq!(Days::default().classes(), [0; 6]);
    }

    #[test]
    fn paths_beyond_the_most_frequent_are_one() {
        let one = |open| Count { open, ..Count::default() };
        let many = (0..25).map(|number| (format!("p{number:02}"), one(number))).collect();
        let most = most(many);
        assert_eq!(most.len(), MOST_PATHS + 1);
        assert_eq!((most[0].0.as_deref(), most[0].1.open), (Some("p24"), 24));
        assert_eq!(most[MOST_PATHS], (None, one(1 + 2 + 3 + 4)));
    }
}
