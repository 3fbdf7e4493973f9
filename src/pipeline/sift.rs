//! Whether a content holds anything at all, for sources that look closely only where it does.
//!
//! The same scan as that of a history, with nothing kept. What it finds is what could be reported of
//! the content under any circumstances: what is fresh, what suppresses a finding and which of several
//! versions is the oldest is judged by the close look. Must not miss what that look would find.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
};

use super::visit::{Collector, is_tip, lock};
use crate::{
    detect::{Change, Kept as Carry, Scratch, Subject},
    origin::{Entry, Kind},
    source::{Delta, Holds, Sifted, Visitor as _, archive},
    text::{Fresh, Span},
};

/// What nobody has looked at.
const UNKNOWN: Sifted = Sifted { carried: None, holds: Holds::Perhaps };

impl Collector<'_> {
    /// See [`Visitor::sift`](crate::source::Visitor::sift).
    pub(super) fn sift_content(&self, entry: &Entry, bytes: &[u8], delta: Option<&Delta<'_>>) -> Sifted {
        if self.cancelled() {
            return UNKNOWN;
        }
        if !self.wants(entry) {
            return Sifted { carried: None, holds: Holds::Nothing };
        }
        self.plan.control.contents.fetch_add(1, Ordering::Relaxed);
        self.plan.control.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if self.plan.archives.is_some() && archive::detect(bytes).is_some() {
            return UNKNOWN;
        }
        let mut scratch = lock(&self.scratches).pop().unwrap_or_default();
        match catch_unwind(AssertUnwindSafe(|| self.sift_text(entry, bytes, delta, &mut scratch))) {
            Ok(sifted) => {
                lock(&self.scratches).push(scratch);
                sifted
            }
            // The close look says what is wrong with it.
            Err(_) => UNKNOWN,
        }
    }

    fn sift_text(
        &self,
        typed: &Entry,
        bytes: &[u8],
        delta: Option<&Delta<'_>>,
        scratch: &mut Scratch,
    ) -> Sifted {
        let inside = self.in_repository(typed);
        let entry = inside.as_ref().unwrap_or(typed);
        let base = delta.and_then(|delta| delta.base?.downcast_ref::<Carry>());
        let change = Change {
            base,
            copies: delta.map_or(&[], |delta| delta.copies),
            base_bytes: delta.map_or(&[], |delta| delta.base_bytes),
            counted: &Fresh::All,
        };
        let fresh = delta.filter(|_| base.is_some()).map_or(&Fresh::All, |delta| delta.fresh);
        self.count_fresh(fresh.bytes(bytes.len()));
        let subject = Subject {
            bytes,
            path: entry.origin.rule_path(),
            kind: entry.origin.kind,
            fresh,
            new_name: true,
            executable: entry.executable,
            beside: None,
        };
        let mut matches = Vec::new();
        let scanner = &self.plan.scanner;
        let (_, carry) = scanner.scan_change(subject, change, scratch, &mut matches);
        let carried = carry.map(|carry| Box::new(carry) as _);
        // What a document says as a whole depends on what lies beside it.
        if is_tip(entry) && entry.origin.kind == Kind::File && scanner.is_judged_whole(bytes, subject.path) {
            return Sifted { carried, holds: Holds::Perhaps };
        }
        matches.retain(|found| {
            found.confidence >= self.plan.thresholds.min_confidence && self.counts_here(entry, found)
        });
        if matches.is_empty() {
            return Sifted { carried, holds: Holds::Nothing };
        }
        let spans: Vec<Span> =
            matches.iter().map(|found| found.whole).filter(|whole| !whole.is_empty()).collect();
        Sifted { carried, holds: Holds::Places(spans) }
    }

    /// See [`Visitor::says`](crate::source::Visitor::says).
    pub(super) fn message_says(&self, typed: &Entry, text: &[u8]) -> bool {
        let inside = self.in_repository(typed);
        let entry = inside.as_ref().unwrap_or(typed);
        if self.cancelled()
            || self.only_known()
            || self.plan.selector.decide(entry).is_err()
            || self.plan.archives.is_some() && archive::detect(text).is_some()
        {
            return true;
        }
        let subject = Subject {
            bytes: text,
            path: entry.origin.rule_path(),
            kind: entry.origin.kind,
            fresh: &Fresh::All,
            new_name: true,
            executable: false,
            beside: None,
        };
        let mut scratch = lock(&self.scratches).pop().unwrap_or_default();
        let mut matches = Vec::new();
        let scan = || self.plan.scanner.scan(subject, &mut scratch, &mut matches);
        // If it fails, the close look says so.
        let Ok(tally) = catch_unwind(AssertUnwindSafe(scan)) else { return true };
        lock(&self.scratches).push(scratch);
        if !matches.is_empty() || tally.disproved > 0 || tally.given_up {
            return true;
        }
        self.plan.control.contents.fetch_add(1, Ordering::Relaxed);
        self.plan.control.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        self.count_fresh(text.len() as u64);
        false
    }

    /// See [`Visitor::alike`](crate::source::Visitor::alike).
    pub(super) fn sifts_alike(&self, one: &Entry, other: &Entry) -> bool {
        let (inside, other_inside) = (self.in_repository(one), self.in_repository(other));
        let (one, other) = (inside.as_ref().unwrap_or(one), other_inside.as_ref().unwrap_or(other));
        one.origin.kind == other.origin.kind
            && one.executable == other.executable
            && is_tip(one) == is_tip(other)
            && self.plan.selector.decide(one).is_ok() == self.plan.selector.decide(other).is_ok()
            && self.plan.scanner.sees_alike(one.origin.rule_path(), other.origin.rule_path())
    }
}
