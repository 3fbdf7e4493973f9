//! Takes what a source finds, scans and filters it, and keeps what comes out.

use std::{
    collections::{BTreeMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bstr::{BStr, ByteSlice as _};

use super::{
    ForAudit, Outcome, Plan, Receipt,
    merge::{Carriers, Identity, Merged},
    shown::Shown,
    snippet,
    trace::{Answer, Question},
};
use crate::{
    detect::{Change, Kept as Carry, Scanner, Scratch, Subject, Tally, Wanted},
    finding::{Finding, Match, Severity, Suppression},
    origin::{Beside, Entry, Kind, ObjectId, Origin, Presence},
    rule::{Gate, Rule},
    source::{
        Carried, Count, Delta, Learned, Problem, Sifted, Skip, Sought, Source, Visitor,
        archive::{self, Opened},
        shard::Outside,
    },
    text::{Fresh, Position, Positions},
};

/// The visitor of every run.
pub(super) struct Collector<'p> {
    pub(super) plan: &'p Plan,
    /// Titles by place of the rule, made at its first finding and shared by all.
    titles: Vec<OnceLock<Arc<str>>>,
    pub(super) scratches: Mutex<Vec<Scratch>>,
    kept: Mutex<Kept>,
    /// Findings with a history.
    merged: Mutex<Merged>,
    counts: Counts,
    /// Whether only what is known is looked for, in what is no part of the run.
    only_known: AtomicBool,
    /// Objects in which something is.
    holders: Mutex<HashSet<ObjectId>>,
    notes: Mutex<Vec<String>>,
    /// Each source, and what it knew.
    recalled: Mutex<Vec<(&'p (dyn Source + Sync), Past)>>,
}

/// What a source knew, and what was passed by when its turn came.
struct Past {
    learned: Learned,
    passed: BTreeMap<Skip, u64>,
}

/// A content and what was found in it.
struct Content<'c> {
    /// As it was named to this run.
    typed: &'c Entry,
    /// The same, named as in the repository.
    entry: &'c Entry,
    matches: &'c [Match],
    /// The same where they stand in the text, as people read it.
    shown: &'c [Match],
    /// What is to be hidden where its lines are shown.
    hidden: &'c snippet::Hidden<'c>,
}

#[derive(Default)]
struct Kept {
    findings: Vec<Finding>,
    problems: Vec<Problem>,
    remarks: Vec<Problem>,
    skipped: BTreeMap<Skip, u64>,
    /// Those of them that were not even begun.
    passed: BTreeMap<Skip, u64>,
}

#[derive(Default)]
struct Counts {
    fresh_bytes: AtomicU64,
    unsure: AtomicU64,
    disproved: AtomicU64,
    refs: AtomicU64,
    commits: AtomicU64,
    moved: AtomicU64,
    known: AtomicU64,
}

/// Risk number of rules that report secrets, which matter in old versions, too.
const CREDENTIALS: u8 = 1;

/// How a content is looked at.
#[derive(Clone, Copy)]
enum Look<'l> {
    /// For matches that touch what is fresh.
    At(&'l Fresh),
    /// For all matches, of which those in copied ranges are known.
    Change(&'l Fresh, Change<'l>),
}

impl<'l> Look<'l> {
    /// What is new in the content.
    const fn fresh(&self) -> &'l Fresh {
        match self {
            Self::At(fresh) | Self::Change(fresh, _) => fresh,
        }
    }

    /// What of it counts as new.
    const fn counted(&self) -> &'l Fresh {
        match self {
            Self::At(fresh) => fresh,
            Self::Change(_, change) => change.counted,
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'p> Collector<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let titles = (0..plan.scanner.rules().len()).map(|_| OnceLock::new()).collect();
        Self {
            plan,
            titles,
            scratches: Mutex::default(),
            kept: Mutex::default(),
            merged: Mutex::default(),
            counts: Counts::default(),
            only_known: AtomicBool::new(false),
            holders: Mutex::default(),
            notes: Mutex::default(),
            recalled: Mutex::default(),
        }
    }

    /// Counts bytes that were new to the scanner.
    pub(super) fn count_fresh(&self, bytes: u64) {
        self.counts.fresh_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Records a problem that ended a source.
    pub(super) fn fail(&self, problem: Problem) {
        lock(&self.kept).problems.push(problem);
    }

    /// Lets a source say what it knows from earlier runs.
    pub(super) fn recall(&self, source: &'p (dyn Source + Sync), digest: &[u8; 32]) {
        let learned = source.recall(digest, self);
        lock(&self.holders).extend(learned.holders.iter().copied());
        let mut kept = lock(&self.kept);
        let past = Past { passed: kept.passed.clone(), learned };
        for (why, number) in &past.learned.passed {
            *kept.skipped.entry(*why).or_default() += number;
        }
        drop(kept);
        lock(&self.recalled).push((source, past));
    }

    /// Lets the sources keep what was learned.
    pub(super) fn pass_on(&self, digest: &[u8; 32]) {
        if self.cancelled() {
            return;
        }
        let recalled = std::mem::take(&mut *lock(&self.recalled));
        let mut holders: Vec<ObjectId> = lock(&self.holders).iter().copied().collect();
        holders.sort_unstable();
        // What a source passed by ends where that of the next begins.
        let mut end = lock(&self.kept).passed.clone();
        for (source, past) in recalled.into_iter().rev() {
            let mut learned = Learned { holders: holders.clone(), passed: past.learned.passed };
            for (why, number) in &end {
                let new = number.saturating_sub(past.passed.get(why).copied().unwrap_or(0));
                if new > 0 {
                    *learned.passed.entry(*why).or_default() += new;
                }
            }
            end = past.passed;
            source.keep(digest, &learned, self);
        }
    }

    /// Takes note that an object is to be looked at by the next run as well.
    fn hold(&self, entry: &Entry) {
        if let Some(object) = entry.origin.object.filter(|_| entry.history.is_some()) {
            lock(&self.holders).insert(object);
        }
    }

    /// From now on only what is known already is looked for, to learn where else it is. Gives what is known.
    pub(super) fn look_for_known(&self) -> Vec<Sought> {
        self.only_known.store(true, Ordering::Relaxed);
        let merged = lock(&self.merged);
        let reported = merged.reported();
        Question::new(merged.carriers().clone(), |key| reported.contains(key)).into_things()
    }

    pub(super) fn only_known(&self) -> bool {
        self.only_known.load(Ordering::Relaxed)
    }

    /// The files in which something was found that rules see in a whole file only, and so in no older version so far; and
    /// those rules.
    pub(super) fn judged(&self) -> (Vec<Origin>, Wanted) {
        self.files(lock(&self.merged).findings().filter(|finding| finding.suppression.is_none()))
    }

    /// The files of those of `found` that a rule sees in a whole file only, each once; and those rules.
    fn files<'f>(&self, found: impl Iterator<Item = &'f Finding>) -> (Vec<Origin>, Wanted) {
        let rules = self.plan.scanner.rules();
        let whole = |rule: u32| {
            let rule = rules.rule(rule);
            rule.risk.number() != CREDENTIALS || !rule.structures.is_empty()
        };
        let is_file = |finding: &&Finding| {
            finding.origin.kind == Kind::File
                && finding.origin.members.is_empty()
                && whole(finding.rule_index)
        };
        let found: Vec<&Finding> = found.filter(is_file).collect();
        let wanted = Wanted::new(rules, found.iter().map(|finding| finding.rule_index));
        let mut files: Vec<Origin> = found.into_iter().map(|finding| finding.origin.clone()).collect();
        files.sort();
        files.dedup_by(|one, other| (&one.path, &one.repository) == (&other.path, &other.repository));
        (files, wanted)
    }

    /// What `carriers` know, and which older versions of the files of `found` hold it, too.
    pub(super) fn with_versions(
        &self,
        sources: &[&(dyn Source + Sync)],
        found: &[Finding],
        carriers: Carriers,
    ) -> Carriers {
        *lock(&self.merged) = Merged::of(carriers);
        self.look_at_versions(sources, self.files(found.iter()));
        lock(&self.merged).take_carriers()
    }

    /// Looks at older versions of files for what is known, and those rules found.
    pub(super) fn look_at_versions(
        &self,
        sources: &[&(dyn Source + Sync)],
        (files, wanted): (Vec<Origin>, Wanted),
    ) {
        for source in sources.iter().filter(|_| !files.is_empty()) {
            let show = |entry: &Entry, bytes: &[u8]| self.version(entry, bytes, &wanted);
            if let Err(error) = source.versions_of(&files, &show, self) {
                self.fail(Problem { subject: error.subject.into(), message: error.message });
            }
        }
    }

    /// What could not be done, and remarks.
    pub(super) fn into_problems(self) -> (Vec<Problem>, Vec<Problem>) {
        let kept = self.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        (kept.problems, kept.remarks)
    }

    /// The contents in which something was found by its path, each under the paths that are known.
    pub(super) fn named(&self) -> Vec<Origin> {
        lock(&self.merged).named()
    }

    /// Takes note of where a content came to a path, and looks at it there if that was not done.
    pub(super) fn at_path(&self, entry: &Entry, bytes: &[u8]) {
        if !lock(&self.merged).is_named(&entry.origin) {
            self.renamed(entry, entry, bytes);
        }
        if let Some(history) = &entry.history {
            lock(&self.merged).came_to(&entry.origin, history);
        }
    }

    /// All places of contents in which something was found by their paths are known.
    pub(super) fn settle_names(&self) {
        lock(&self.merged).settle_names();
    }

    /// Takes note of which of what is known, and `wanted` rules found, was in an older version of a file.
    pub(super) fn version(&self, entry: &Entry, bytes: &[u8], wanted: &Wanted) {
        if self.cancelled() {
            return;
        }
        let scan = || {
            let mut scratch = lock(&self.scratches).pop().unwrap_or_default();
            let subject = Subject {
                bytes,
                path: entry.origin.rule_path(),
                kind: entry.origin.kind,
                fresh: &Fresh::All,
                new_name: true,
                executable: entry.executable,
                beside: Some((&entry.beside, entry.origin.path.as_bstr())),
            };
            let mut matches = Vec::new();
            self.plan.scanner.scan_for(wanted, subject, &mut scratch, &mut matches);
            lock(&self.scratches).push(scratch);
            matches.retain(|found| found.confidence >= self.plan.thresholds.min_confidence);
            self.note_known(entry, &matches);
        };
        // The version that is there now was scanned, and is told of if it cannot be.
        drop(catch_unwind(AssertUnwindSafe(scan)));
    }

    /// What is to be asked of history: the way of all that is reported. To be asked once.
    pub(super) fn question(&self) -> Question {
        let mut merged = lock(&self.merged);
        let carriers = merged.take_carriers();
        let reported = merged.reported();
        Question::new(carriers, |key| reported.contains(key))
    }

    pub(super) fn finish(self, question: Question, answer: Answer) -> Outcome {
        let Kept { mut findings, mut problems, mut remarks, skipped, .. } =
            self.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        findings.extend(self.merged.into_inner().unwrap_or_else(PoisonError::into_inner).into_findings());
        findings.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
        findings.dedup_by(|later, earlier| later.sort_key() == earlier.sort_key());
        problems.sort();
        problems.dedup();
        let (suppressed, mut findings): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|finding| finding.suppression.is_some());
        let control = &self.plan.control;
        let mut receipt = Receipt {
            rules: self.plan.scanner.rules().len() as u64,
            refs: self.counts.refs.into_inner(),
            commits: self.counts.commits.into_inner(),
            moved: self.counts.moved.into_inner(),
            known: self.counts.known.into_inner(),
            contents: control.contents.load(Ordering::Relaxed),
            bytes: control.bytes.load(Ordering::Relaxed),
            fresh_bytes: self.counts.fresh_bytes.into_inner(),
            skipped,
            unsure: self.counts.unsure.into_inner(),
            disproved: self.counts.disproved.into_inner(),
            notes: self.notes.into_inner().unwrap_or_else(PoisonError::into_inner),
            ..Receipt::default()
        };
        for suppression in suppressed.iter().filter_map(|finding| finding.suppression.as_ref()) {
            *receipt.suppressed.entry(suppression.kind).or_default() += 1;
        }
        if control.is_cancelled() {
            receipt.unfinished = control.how_far();
        }
        let rules = self.plan.scanner.rules();
        let sought = question.into_sought(|index| rules.rule(index).id.clone());
        let exposed = answer.into_exposed(&mut findings);
        let mut warnings = self.plan.filter.warnings();
        remarks.sort();
        remarks.dedup();
        warnings.extend(remarks.iter().map(ToString::to_string));
        Outcome { findings, suppressed, exposed, sought, today: None, problems, warnings, receipt }
    }

    /// The entry under its path in the repository, if that differs from the typed one.
    pub(super) fn in_repository(&self, entry: &Entry) -> Option<Entry> {
        let path = self.plan.place.as_ref()?.in_repository(entry.origin.path.as_bstr())?;
        let mut inside = entry.clone();
        inside.origin.path = path;
        Some(inside)
    }

    fn look(&self, entry: &Entry, bytes: &[u8], look: Look<'_>) -> Option<Carry> {
        if self.cancelled() {
            return None;
        }
        if !self.only_known() {
            let control = &self.plan.control;
            control.contents.fetch_add(1, Ordering::Relaxed);
            control.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            self.counts.fresh_bytes.fetch_add(look.counted().bytes(bytes.len()), Ordering::Relaxed);
        }
        // Members of archives are opened by the one call for the outermost.
        if let Some(limits) = &self.plan.archives
            && entry.origin.members.is_empty()
            && archive::detect(bytes).is_some()
            && archive::expand(entry, bytes, limits, self) == Opened::Members
        {
            return None;
        }
        let mut scratch = lock(&self.scratches).pop().unwrap_or_default();
        // A mistake of ours must not pass for a clean file: it is a problem, and the rest is still scanned.
        match catch_unwind(AssertUnwindSafe(|| self.scan(entry, bytes, look, &mut scratch))) {
            Ok(carry) => {
                lock(&self.scratches).push(scratch);
                carry
            }
            Err(_) => {
                self.hold(entry);
                self.problem(Problem {
                    subject: entry.origin.full_path(),
                    message: "the scanner failed on this content; please report it".to_owned(),
                });
                None
            }
        }
    }

    /// Scans a content: what is fresh in it, or, given what it was made from, all of it.
    fn scan(&self, typed: &Entry, bytes: &[u8], look: Look<'_>, scratch: &mut Scratch) -> Option<Carry> {
        let inside = self.in_repository(typed);
        let entry = inside.as_ref().unwrap_or(typed);
        let origin = &entry.origin;
        let unknown = Beside::default();
        let beside = if origin.members.is_empty() { &entry.beside } else { &unknown };
        let now = entry.history.is_none() || is_tip(entry);
        let whole = entry.offset == 0 && entry.lines.is_whole() && origin.kind == Kind::File && now;
        let subject = Subject {
            bytes,
            path: origin.rule_path(),
            kind: origin.kind,
            fresh: look.fresh(),
            new_name: entry.new_name,
            executable: entry.executable,
            beside: whole.then(|| (beside, typed.origin.path.as_bstr())),
        };
        let mut matches = Vec::new();
        let (tally, carry) = match look {
            Look::At(_) => (self.plan.scanner.scan(subject, scratch, &mut matches), None),
            Look::Change(_, change) => self.plan.scanner.scan_change(subject, change, scratch, &mut matches),
        };
        if !matches.is_empty() || tally.disproved > 0 || tally.given_up {
            self.hold(entry);
        }
        self.told(entry, tally);
        let mut others = Vec::new();
        sift(&mut matches, &mut others, |found| found.confidence >= self.plan.thresholds.min_confidence);
        let unsure = others.len();
        if self.only_known() {
            self.note_known(entry, &matches);
            return carry;
        }
        self.counts.disproved.fetch_add(tally.disproved, Ordering::Relaxed);
        self.counts.unsure.fetch_add(unsure as u64, Ordering::Relaxed);
        sift(&mut matches, &mut others, |found| self.counts_here(entry, found));
        if matches.is_empty() && entry.history.is_some() {
            return carry;
        }
        // A remark that no longer suppresses anything is of no interest in an old version.
        let none = Fresh::Ranges(Vec::new());
        let marked = if entry.history.is_some() { &none } else { look.fresh() };
        // The lines around what is new are not, and may hold what was there before.
        if !matches.is_empty() && *subject.fresh != Fresh::All && matches!(look, Look::At(_)) {
            let all = Subject { fresh: &Fresh::All, new_name: false, beside: None, ..subject };
            self.plan.scanner.scan(all, scratch, &mut others);
        }
        let shown = Shown::new(bytes, &matches, marked);
        let others = Shown::new(bytes, &others, &none).matches;
        let verdicts = self.plan.filter.on_content(entry, &shown.text, &shown.fresh, &shown.matches);
        let hidden = snippet::Hidden::new(&shown.text, &shown.matches, &others);
        let content = Content { typed, entry, matches: &matches, shown: &shown.matches, hidden: &hidden };
        let mut positions = Positions::new(&shown.text);
        for (index, verdict) in verdicts.into_iter().enumerate() {
            self.keep(&content, index, verdict, &mut positions);
        }
        carry
    }

    /// A document that structural rules gave up was not looked at in full.
    fn told(&self, entry: &Entry, tally: Tally) {
        if tally.given_up {
            self.fail(Problem {
                subject: entry.origin.full_path(),
                message: "too entangled to be judged on its structure; split it, or exclude it with a reason"
                    .to_owned(),
            });
        }
    }

    /// Asks what there is to say of a further name of a content. What is there now is looked at as a whole, since what
    /// rules see in it may depend on its name, and what was told under its first name is not told again.
    fn rename(&self, entry: &Entry, bytes: &[u8], scratch: &mut Scratch) {
        let fresh = if is_tip(entry) { Fresh::All } else { Fresh::Ranges(Vec::new()) };
        let subject = Subject {
            bytes,
            path: entry.origin.rule_path(),
            kind: entry.origin.kind,
            fresh: &fresh,
            new_name: true,
            executable: entry.executable,
            beside: is_tip(entry).then(|| (&entry.beside, entry.origin.path.as_bstr())),
        };
        let mut matches = Vec::new();
        let tally = self.plan.scanner.scan(subject, scratch, &mut matches);
        if !matches.is_empty() || tally.given_up {
            self.hold(entry);
        }
        self.told(entry, tally);
        let mut others = Vec::new();
        sift(&mut matches, &mut others, |found| {
            let sure = found.confidence >= self.plan.thresholds.min_confidence;
            let print = || {
                let rule = &self.plan.scanner.rules().rule(found.rule).id;
                self.plan.filter.fingerprint_of(rule, found, &entry.origin)
            };
            sure && self.counts_here(entry, found)
                && (found.is_on_file()
                    || !lock(&self.merged).holds((found.rule, print()), entry.origin.object.as_ref()))
        });
        if matches.is_empty() {
            return;
        }
        let none = Fresh::Ranges(Vec::new());
        let shown = Shown::new(bytes, &matches, &none);
        let others = Shown::new(bytes, &others, &none).matches;
        let verdicts = self.plan.filter.on_content(entry, &shown.text, &shown.fresh, &shown.matches);
        let hidden = snippet::Hidden::new(&shown.text, &shown.matches, &others);
        let content =
            Content { typed: entry, entry, matches: &matches, shown: &shown.matches, hidden: &hidden };
        let mut positions = Positions::new(&shown.text);
        for (index, verdict) in verdicts.into_iter().enumerate() {
            self.keep(&content, index, verdict, &mut positions);
        }
    }

    /// Takes note of matches of what was found elsewhere.
    fn note_known(&self, entry: &Entry, matches: &[Match]) {
        for found in matches {
            let rule = &self.plan.scanner.rules().rule(found.rule).id;
            let identity = Identity {
                rule: found.rule,
                fingerprint: self.plan.filter.fingerprint_of(rule, found, &entry.origin),
                path: entry.origin.full_path(),
                suppressed: false,
            };
            lock(&self.merged).meets_known(
                &identity,
                &entry.origin,
                found.secret.is_empty() || found.is_on_file(),
            );
        }
    }

    /// Keeps the finding that match number `index` is, unless it is known from an older version.
    fn keep(
        &self,
        content: &Content<'_>,
        index: usize,
        verdict: Option<Suppression>,
        positions: &mut Positions<'_>,
    ) {
        let &Content { typed, entry, matches, .. } = content;
        let Some(history) = &entry.history else {
            let mut finding = self.finding(content, index, verdict, positions);
            finding.origin.path.clone_from(&typed.origin.path);
            self.plan.control.findings.fetch_add(1, Ordering::Relaxed);
            lock(&self.kept).findings.push(finding);
            return;
        };
        let found = &matches[index];
        let rule = &self.plan.scanner.rules().rule(found.rule).id;
        let identity = Identity {
            rule: found.rule,
            fingerprint: self.plan.filter.fingerprint_of(rule, found, &entry.origin),
            path: entry.origin.full_path(),
            suppressed: verdict.is_some(),
        };
        let named = found.secret.is_empty() || found.is_on_file();
        if lock(&self.merged).meets(&identity, history, (&entry.origin, found.span), named) {
            let finding = self.finding(content, index, verdict, positions);
            if lock(&self.merged).put(identity, finding) {
                self.plan.control.findings.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Whether the rule speaks in this run: by its gate, and of old versions only on credentials.
    pub(super) fn counts_here(&self, entry: &Entry, found: &Match) -> bool {
        let rule = self.plan.scanner.rules().rule(found.rule);
        let past = entry.history.as_ref().is_some_and(|history| history.presence != Presence::Tip);
        if past && rule.risk.number() != CREDENTIALS {
            return false;
        }
        let gates = self.plan.thresholds.gates;
        match gate_of(rule, found, entry) {
            Gate::Block => gates.block,
            Gate::Warn => gates.warn,
            Gate::Audit => match gates.audit {
                ForAudit::Nothing => false,
                ForAudit::Written => {
                    rule.severity > Severity::Info
                        && found.structure.as_ref().is_none_or(|structure| structure.written)
                }
                ForAudit::All => true,
            },
            Gate::Off => false,
        }
    }

    fn finding(
        &self,
        content: &Content<'_>,
        index: usize,
        suppression: Option<Suppression>,
        positions: &mut Positions<'_>,
    ) -> Finding {
        let &Content { entry, matches, shown, hidden, .. } = content;
        let found = &matches[index];
        let rule = self.plan.scanner.rules().rule(found.rule);
        let on_file = found.is_on_file();
        let (start, end) = if on_file {
            (Position::default(), Position::default())
        } else {
            (positions.at(shown[index].span.start), positions.at(shown[index].span.end))
        };
        let mut finding = Finding {
            rule: rule.id.clone(),
            rule_index: found.rule,
            title: Arc::clone(
                self.titles[found.rule as usize].get_or_init(|| Arc::from(rule.title.as_ref())),
            ),
            risk: rule.risk,
            severity: found.at_most.map_or(rule.severity, |most| rule.severity.min(most)),
            confidence: found.confidence,
            fingerprint: self.plan.filter.fingerprint_of(&rule.id, found, &entry.origin),
            origin: entry.origin.clone(),
            span: found.span.shifted(usize::try_from(entry.offset).unwrap_or(usize::MAX / 2)),
            start: entry.lines.in_file(start),
            end: entry.lines.in_file(end),
            snippet: if on_file {
                snippet::none()
            } else {
                snippet::around(hidden, index, start, &entry.lines)
            },
            secret: found.secret.clone(),
            proof: found.proof,
            decoded: found.decoded.clone(),
            note: found.note.clone(),
            suppression,
            history: entry.history.clone(),
            blocking: false,
        };
        if finding.suppression.is_none() {
            finding.suppression = self.plan.filter.on_finding(&finding);
        }
        finding.blocking = finding.suppression.is_none()
            && gate_of(rule, found, entry) == Gate::Block
            && self.plan.thresholds.fail_on.is_some_and(|least| finding.severity >= least);
        finding
    }
}

/// Where a match counts: as its rule says, or the part of its rule that found it. What is missing is told and stops nobody;
/// in samples and what tests read, where nothing runs for long, it is for audits only.
fn gate_of(rule: &Rule, found: &Match, entry: &Entry) -> Gate {
    let Some(structure) = &found.structure else { return rule.gate };
    let part = rule.structures.get(structure.part as usize).and_then(|part| part.gate);
    let gate = part.unwrap_or(rule.gate);
    match gate {
        Gate::Block | Gate::Warn if structure.written => gate,
        Gate::Block | Gate::Warn if is_sample(entry.origin.display_path().as_bytes()) => Gate::Audit,
        Gate::Block => Gate::Warn,
        other => other,
    }
}

/// Folders of samples and of what tests read.
const SAMPLES: [&[u8]; 14] = [
    b"test",
    b"tests",
    b"testdata",
    b"test-fixtures",
    b"__tests__",
    b"spec",
    b"fixture",
    b"fixtures",
    b"mocks",
    b"example",
    b"examples",
    b"sample",
    b"samples",
    b"demos",
];

/// Whether a path leads through a folder of samples or tests.
fn is_sample(path: &[u8]) -> bool {
    let Some(end) = path.iter().rposition(|byte| *byte == b'/') else { return false };
    path[..end]
        .split(|byte| *byte == b'/')
        .any(|folder| SAMPLES.iter().any(|name| folder.eq_ignore_ascii_case(name)))
}

/// Whether a version of a file is that of a reference's tip.
pub(super) fn is_tip(entry: &Entry) -> bool {
    entry.history.as_ref().is_some_and(|history| history.presence == Presence::Tip)
}

impl Visitor for Collector<'_> {
    fn wants(&self, entry: &Entry) -> bool {
        let inside = self.in_repository(entry);
        match self.plan.selector.decide(inside.as_ref().unwrap_or(entry)) {
            Ok(()) => true,
            Err(why) => {
                if !self.only_known() {
                    let mut kept = lock(&self.kept);
                    *kept.skipped.entry(why).or_default() += 1;
                    *kept.passed.entry(why).or_default() += 1;
                }
                false
            }
        }
    }

    fn content(&self, entry: &Entry, bytes: &[u8], fresh: &Fresh) {
        self.look(entry, bytes, Look::At(fresh));
    }

    fn delta(&self, entry: &Entry, bytes: &[u8], delta: &Delta<'_>) -> Option<Carried> {
        let base = delta.base.and_then(|base| base.downcast_ref::<Carry>());
        let fresh = if base.is_some() { delta.fresh } else { &Fresh::All };
        // Less counts as new than is looked at, where the base is in another part of a sharded run.
        let outside = delta.base.is_some_and(|base| base.is::<Outside>());
        let counted = if base.is_some() || outside { delta.counted } else { &Fresh::All };
        let change = Change { base, copies: delta.copies, base_bytes: delta.base_bytes, counted };
        let carry = self.look(entry, bytes, Look::Change(fresh, change))?;
        Some(Box::new(carry))
    }

    fn sift(&self, entry: &Entry, bytes: &[u8], delta: Option<&Delta<'_>>) -> Sifted {
        self.sift_content(entry, bytes, delta)
    }

    fn says(&self, entry: &Entry, text: &[u8]) -> bool {
        self.message_says(entry, text)
    }

    fn alike(&self, one: &Entry, other: &Entry) -> bool {
        self.sifts_alike(one, other)
    }

    fn asks_beside(&self, name: &[u8]) -> bool {
        Scanner::asks_beside(name)
    }

    fn judges(&self, entry: &Entry, bytes: &[u8]) -> bool {
        let inside = self.in_repository(entry);
        self.plan.scanner.is_judged_whole(bytes, inside.as_ref().unwrap_or(entry).origin.rule_path())
    }

    fn may_judge(&self, bytes: &[u8], name: &BStr) -> bool {
        self.plan.scanner.may_judge(bytes, name)
    }

    fn skipped(&self, entry: &Entry, why: Skip) {
        if self.only_known() {
            return;
        }
        self.hold(entry);
        *lock(&self.kept).skipped.entry(why).or_default() += 1;
    }

    fn problem(&self, problem: Problem) {
        lock(&self.kept).problems.push(problem);
    }

    fn note(&self, note: String) {
        lock(&self.notes).push(note);
    }

    fn holds(&self, object: &ObjectId) -> bool {
        lock(&self.holders).contains(object)
    }

    fn remark(&self, problem: Problem) {
        lock(&self.kept).remarks.push(problem);
    }

    fn renamed(&self, entry: &Entry, _first: &Entry, bytes: &[u8]) {
        let scan = || {
            let mut scratch = lock(&self.scratches).pop().unwrap_or_default();
            self.rename(entry, bytes, &mut scratch);
            lock(&self.scratches).push(scratch);
        };
        if !self.only_known() && catch_unwind(AssertUnwindSafe(scan)).is_err() {
            self.problem(Problem {
                subject: entry.origin.full_path(),
                message: "the scanner failed on this content; please report it".to_owned(),
            });
        }
    }

    fn count(&self, what: Count, number: u64) {
        let counter = match what {
            Count::Expected => &self.plan.control.expected,
            Count::Read => &self.plan.control.read,
            Count::Refs => &self.counts.refs,
            Count::Commits => &self.counts.commits,
            Count::Moved => &self.counts.moved,
            Count::Known => &self.counts.known,
        };
        counter.fetch_add(number, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.plan.control.is_cancelled()
    }
}

/// Leaves in `matches` what is to be kept, and moves all else to `others`.
fn sift(matches: &mut Vec<Match>, others: &mut Vec<Match>, keep: impl Fn(&Match) -> bool) {
    if !matches.is_empty() {
        let (kept, left): (Vec<Match>, Vec<Match>) = std::mem::take(matches).into_iter().partition(keep);
        *matches = kept;
        others.extend(left);
    }
}
