//! `source -> select -> scan -> filter`: the one loop of all modes, and its outcome.
//!
//! A mode is a [`Plan`] and the sources it is run on. The only module that makes worker pools. Must not know reports,
//! nor which source it runs.

mod join;
mod merge;
mod outcome;
mod place;
mod shown;
mod sift;
mod snippet;
mod trace;
mod visit;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

pub use join::join;
pub use outcome::{Outcome, Receipt};
pub use place::Place;

/// What an outcome holds of its sources.
pub use crate::source::{Problem, Sought, Way};

use crate::{
    detect::Scanner,
    filter::Filter,
    finding::{Confidence, Severity},
    origin::Entry,
    rule::Gate,
    select::Selector,
    source::{Source, archive},
};
use visit::Collector;

/// All that decides what a run finds, and what of it counts.
#[derive(Debug)]
pub struct Plan {
    /// Looks for matches.
    pub scanner: Scanner,
    /// Says which entries are read.
    pub selector: Selector,
    /// Says which matches are not reported.
    pub filter: Filter,
    /// How far archives are opened; not at all if `None`.
    pub archives: Option<archive::Limits>,
    /// What is reported, and what stops the run.
    pub thresholds: Thresholds,
    /// Where typed paths lie in the repository, so that globs and the baseline mean the same from
    /// every folder.
    pub place: Option<Place>,
    /// Worker threads; 0 for one a core.
    pub threads: usize,
    /// Shared with whoever shows progress or ends the run early.
    pub control: Arc<Control>,
}

/// What is reported, and what stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Findings of this severity and above stop the run; none does if `None`.
    pub fail_on: Option<Severity>,
    /// Findings of less confidence are counted and not reported.
    pub min_confidence: Confidence,
    /// The gates whose findings are reported.
    pub gates: Gates,
}

/// The gates whose findings are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gates {
    /// What stops a commit or a push.
    pub block: bool,
    /// What is told and stops nothing.
    pub warn: bool,
    /// What is for audits.
    pub audit: ForAudit,
}

/// How much is reported of what is for audits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForAudit {
    /// Nothing, as in a hook.
    Nothing,
    /// What is written in the files, and not what is missing in them.
    Written,
    /// All of it.
    All,
}

impl Gates {
    /// For hooks: what is to be mended before it goes out.
    pub const HOOK: Self = Self { block: true, warn: true, audit: ForAudit::Nothing };
    /// For a look at files: also what is for audits, as far as somebody wrote it.
    pub const SCAN: Self = Self { block: true, warn: true, audit: ForAudit::Written };
    /// Everything.
    pub const AUDIT: Self = Self { block: true, warn: true, audit: ForAudit::All };

    /// These gates and no others.
    #[must_use]
    pub fn only(gates: &[Gate]) -> Self {
        Self {
            block: gates.contains(&Gate::Block),
            warn: gates.contains(&Gate::Warn),
            audit: if gates.contains(&Gate::Audit) { ForAudit::All } else { ForAudit::Nothing },
        }
    }
}

/// How far a run is, and the way to end it early.
#[derive(Debug, Default)]
pub struct Control {
    /// Contents scanned so far.
    pub contents: AtomicU64,
    /// Bytes of them.
    pub bytes: AtomicU64,
    /// Findings so far.
    pub findings: AtomicU64,
    /// Objects that are to be read; 0 where nobody knows, or not yet.
    pub expected: AtomicU64,
    /// Objects of them that were read.
    pub read: AtomicU64,
    cancelled: AtomicBool,
}

impl Control {
    /// Asks the run to stop at the next entry.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// How far a run came that was asked to stop, as a sentence without its end.
    fn how_far(&self) -> String {
        let (read, expected) = (self.read.load(Ordering::Relaxed), self.expected.load(Ordering::Relaxed));
        if expected == 0 {
            "it was stopped before everything was read".to_owned()
        } else {
            format!("it was stopped after {read} of {expected} objects")
        }
    }

    /// Whether the run was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Visits all sources and gives what was found, in an order that does not depend on threads.
#[must_use]
pub fn run(plan: &Plan, sources: &[&(dyn Source + Sync)]) -> Outcome {
    let collector = Collector::new(plan);
    let digest = sources.iter().any(|source| source.remembers()).then(|| plan.digest());
    let visit = || {
        for source in sources {
            if let Some(digest) = &digest {
                collector.recall(*source, digest);
            }
            if let Err(error) = source.visit(&collector) {
                let cause = error.cause.as_ref().map_or_else(String::new, |cause| format!(": {cause}"));
                collector.fail(Problem {
                    subject: error.subject.into(),
                    message: format!("{}{cause}", error.message),
                });
            }
        }
        let files = collector.named();
        for source in sources.iter().filter(|_| !files.is_empty()) {
            let show = |entry: &Entry, bytes: &[u8]| collector.at_path(entry, bytes);
            if let Err(error) = source.paths_of(&files, &show, &collector) {
                collector.fail(Problem { subject: error.subject.into(), message: error.message });
            }
        }
        collector.settle_names();
        for source in sources {
            let sought = || collector.look_for_known();
            if let Err(error) = source.before(&sought, &collector) {
                collector.fail(Problem { subject: error.subject.into(), message: error.message });
            }
        }
        collector.look_at_versions(sources, collector.judged());
        let question = collector.question();
        let answer = question.ask(sources, &collector);
        (question, answer)
    };
    // A pool costs more than a small commit: without a wish, sources use the common one if they need any.
    let (question, answer) =
        match (plan.threads > 0).then(|| rayon::ThreadPoolBuilder::new().num_threads(plan.threads).build()) {
            Some(Ok(pool)) => pool.install(visit),
            _ => visit(),
        };
    if let Some(digest) = &digest {
        collector.pass_on(digest);
    }
    collector.finish(question, answer)
}

impl Plan {
    /// A digest of all that decides in which contents something is found, and which are read.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        use sha2::{Digest as _, Sha256};
        let Self { scanner, selector, archives, .. } = self;
        let rules = scanner.rules().digest();
        let rest = format!("{} {:?} {selector:?} {archives:?}", env!("CARGO_PKG_VERSION"), scanner.limits());
        Sha256::new().chain_update(rules).chain_update(rest).finalize().into()
    }
}

#[cfg(test)]
mod tests;
