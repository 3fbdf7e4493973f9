//! The short way of an audit that keeps a state: what was found before is taken as it was told, and only what came since
//! is looked at.
//!
//! A record of the history ([`Recent`]) knows where it takes more than that; then, and without a record, all is read.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use bstr::{BString, ByteSlice as _};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::super::{
    edge::Edge,
    load,
    run::{self, Done, Job},
};
use crate::{
    filter::date::Date,
    finding::{Finding, RuleId},
    origin::{Kind, ObjectId, Origin},
    pipeline::{self, Outcome, Plan},
    report::{Input, Mode, Options, shard, view::View},
    rule::RuleSet,
    secret::Secret,
    source::{
        Source,
        git::history::{
            WholeHistory,
            recent::{Again, Kept, Reason, Recent, Whole},
        },
    },
};

/// Risk number of rules that speak of old versions, too.
const CREDENTIALS: u8 = 1;

/// Versions of a file that are judged: with more, new ones take the place of old ones.
const MOST_VERSIONS: usize = 2_000;

/// An audit that may take the short way.
pub(super) struct Short {
    history: WholeHistory,
    /// What decided what is told.
    digest: [u8; 32],
    today: Date,
}

/// Runs a job over `history`, on the short way if that tells what the long one would.
pub(super) fn scan(edge: &Edge, job: &Job<'_>, history: WholeHistory) -> anyhow::Result<Done> {
    let config = load::load(job.common, job.top, edge)?;
    let plan = run::plan(edge, job, &config, run::baseline(edge, job, &config)?)?;
    let told =
        format!("{} {:?} {:?}", run::told_by(edge, job, &config)?, history.lost, load::warnings(&config));
    let short = Short { history, digest: digest(&plan, &told), today: edge.today };
    let why = match short.run(&plan) {
        Ok(Some(mut outcome)) => {
            outcome.today = job.today.map(run::day);
            return Ok(Done { plan, outcome });
        }
        Ok(None) => None,
        Err(why) => Some(why),
    };
    let mut done = run::scan_with(edge, job, &config, run::baseline(edge, job, &config)?)?;
    if let Some(why) = why {
        done.outcome.receipt.notes.push(format!("Commits and trees were read anew: {why}."));
    }
    if let Err(error) = short.keep(&done) {
        done.outcome
            .receipt
            .notes
            .push(format!("What the next audit could go on from was not kept: {error}."));
    }
    Ok(done)
}

/// All that decides what is told of what is there.
fn digest(plan: &Plan, told: &str) -> [u8; 32] {
    let thresholds = format!("{:?}", plan.thresholds);
    let parts = [told.as_bytes(), thresholds.as_bytes()].map(Sha256::digest);
    let all = Sha256::new().chain_update(plan.digest());
    parts.iter().fold(all, |all, part| all.chain_update(part)).finalize().into()
}

impl Short {
    fn run(&self, plan: &Plan) -> Result<Option<Outcome>, Reason> {
        let rules = plan.scanner.rules();
        let read = |document: &[u8]| {
            let (day, told, text) = parts(document)?;
            Some((day, told.to_vec(), shard::read(text, rules).ok()?.1))
        };
        let Some((recent, found)) = Recent::open(&self.history, &self.digest, read)? else { return Ok(None) };
        let Some((day, told, mut known)) = found else { return Ok(None) };
        let until = |one: &Finding| Date::parse(one.suppression.as_ref()?.until.as_ref()?);
        let today = self.today.days_since_1970();
        if today < day
            || known.suppressed.iter().filter_map(until).any(|until| until.days_since_1970() <= today)
        {
            return Err("what was accepted until some day may be no longer");
        }
        let gone = bring_up(&mut known, &recent, rules)?;
        let sources: [&(dyn Source + Sync); 1] = [&recent];
        let new = pipeline::run(plan, &sources);
        if let Some(why) = recent.gave_up() {
            return Err(why);
        }
        check_paths(&recent, plan, &known, &new)?;
        check_judged(&recent, rules, (&known.findings, &gone), &new.findings)?;
        let (unfinished, receipt) = (new.receipt.unfinished.clone(), &mut known.receipt);
        (receipt.rules, receipt.refs, receipt.commits) =
            (new.receipt.rules, new.receipt.refs, new.receipt.commits);
        let is_same = new.findings.is_empty() && new.suppressed.is_empty();
        let mut outcome = pipeline::join(vec![known, new], &[&Whole(&recent)], None);
        // Each of thousands of findings may name a hundred references.
        let is_new = |name: &&[u8]| told.binary_search(&mark(name)).is_err();
        if !is_same || names(&outcome).collect::<Vec<_>>().par_iter().any(is_new) {
            learn_values(plan, &recent, &mut outcome)?;
        }
        outcome.receipt.unfinished = unfinished;
        outcome.receipt.suppressed.clear();
        for suppression in outcome.suppressed.iter().filter_map(|one| one.suppression.as_ref()) {
            *outcome.receipt.suppressed.entry(suppression.kind).or_default() += 1;
        }
        // As for all that is known of a history: the program ends soon.
        std::mem::forget(recent);
        Ok(Some(outcome))
    }

    /// Keeps what the next audit can go on from.
    fn keep(&self, done: &Done) -> io::Result<()> {
        let (outcome, rules) = (&done.outcome, done.plan.scanner.rules());
        if !outcome.receipt.unfinished.is_empty() {
            return Ok(());
        }
        let options = Options { mode: Mode::Audit, ..Options::default() };
        // How it came about is told of each run anew.
        let mut outcome = outcome.clone();
        forget_work(&mut outcome);
        let outcome = &outcome;
        let view = View::new(Input { outcome, rules, options: &options });
        let is_plain = |name: &&[u8]| view.raw(name) == **name;
        let mut places = outcome.findings.iter().chain(&outcome.suppressed).map(|one| &one.origin);
        if !places
            .all(|origin| origin.members.iter().chain([&origin.path]).all(|name| is_plain(&name.as_slice())))
        {
            return Ok(());
        }
        let told: BTreeSet<Mark> = names(outcome).filter(is_plain).map(mark).collect();
        let mut document = self.today.days_since_1970().to_le_bytes().to_vec();
        document.extend_from_slice(&(told.len() as u64).to_le_bytes());
        told.iter().for_each(|mark| document.extend_from_slice(mark));
        shard::write(Input { outcome, rules, options: &options }, (1, 1), &mut document)?;
        let at_tips = |rule: &RuleId| depends_on_tips(rules, rule);
        let sought = outcome.sought.iter().filter(|(rule, ..)| at_tips(rule));
        let files = sought.flat_map(|(.., sought)| &sought.carriers).filter(|(way, _)| is_file(way.kind));
        let mut watched: BTreeSet<ObjectId> = files.flat_map(|(_, objects)| objects).copied().collect();
        let suppressed =
            outcome.suppressed.iter().filter(|one| is_file(one.origin.kind) && at_tips(&one.rule));
        watched.extend(suppressed.filter_map(|one| one.origin.object));
        let sought: Vec<_> = outcome.sought.iter().map(|(.., sought)| sought.clone()).collect();
        let kept = Kept { sought: &sought, watched, document, problems: outcome.problems.len() as u64 };
        self.history.keep_record(&self.digest, kept)
    }
}

/// What is kept of a name that was told: whether it is a new one must be known, and not what it is.
type Mark = [u8; 8];

fn mark(name: &[u8]) -> Mark {
    let digest: [u8; 32] = Sha256::digest(name).into();
    let mut mark = Mark::default();
    mark.copy_from_slice(&digest[..8]);
    mark
}

/// The day of a document, the marks of the names that it told, and what was found.
fn parts(document: &[u8]) -> Option<(i64, &[Mark], &[u8])> {
    let (day, rest) = document.split_first_chunk::<8>()?;
    let (len, rest) = rest.split_first_chunk::<8>()?;
    let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
    let (told, text) = rest.split_at_checked(len.checked_mul(size_of::<Mark>())?)?;
    Some((i64::from_le_bytes(*day), told.as_chunks().0, text))
}

/// The names of people, paths and references that a report tells beside what was found, and remarks.
fn names(outcome: &Outcome) -> impl Iterator<Item = &[u8]> {
    let findings = outcome.findings.iter().chain(&outcome.suppressed);
    let since = findings.filter_map(|one| one.history.as_ref()?.since.as_ref());
    let exposures = || outcome.exposed.iter().map(|one| &one.exposure);
    let paths = || exposures().flat_map(|one| &one.paths);
    let acts = exposures().flat_map(|one| [&one.since, &one.removed]);
    let acts = acts.chain(paths().flat_map(|one| [&one.since, &one.removed])).flatten();
    let refs = exposures().flat_map(|one| &one.refs).map(|one| &one.name);
    let people = since.chain(acts).map(|act| &act.author);
    let names = people.chain(paths().map(|one| &one.path)).chain(refs).map(|name| name.as_slice());
    let problems = outcome.problems.iter().map(|one| one.subject.as_slice());
    names.chain(problems).chain(outcome.warnings.iter().map(String::as_bytes))
}

/// Reads the values of what was known again, so that they are hidden where something new tells them.
fn learn_values(plan: &Plan, recent: &Recent, outcome: &mut Outcome) -> Result<(), Reason> {
    let is_told = |one: &&Finding| !one.secret.is_empty() && one.secret.expose().is_empty();
    let key = |one: &Finding| (one.rule.clone(), one.fingerprint);
    let all = || outcome.findings.iter().chain(&outcome.suppressed);
    let places = all().filter(is_told).filter_map(|one| Some((&one.origin, one.history.as_ref()?)));
    let again = pipeline::run(plan, &[&Again::new(recent, places)]);
    let values: BTreeMap<_, Secret> = all()
        .chain(again.findings.iter().chain(&again.suppressed))
        .filter(|one| !one.secret.expose().is_empty())
        .map(|one| (key(one), one.secret.clone()))
        .collect();
    for finding in outcome.findings.iter_mut().chain(&mut outcome.suppressed) {
        if is_told(&&*finding) {
            finding.secret = values.get(&key(finding)).ok_or("what was found is not found again")?.clone();
        }
    }
    Ok(())
}

fn forget_work(outcome: &mut Outcome) {
    let receipt = &mut outcome.receipt;
    receipt.notes.clear();
    (receipt.contents, receipt.bytes, receipt.fresh_bytes, receipt.known) = (0, 0, 0, 0);
}

const fn is_file(kind: Kind) -> bool {
    matches!(kind, Kind::File | Kind::Symlink)
}

/// Whether what a rule says of a file depends on whether it is at the tip of a reference.
fn depends_on_tips(rules: &RuleSet, rule: &RuleId) -> bool {
    rules
        .find(rule.as_str())
        .is_none_or(|(_, rule)| rule.risk.number() != CREDENTIALS || !rule.structures.is_empty())
}

/// What is judged at tips is told with the older versions of its file: there must be none that nobody has judged.
fn check_judged(
    recent: &Recent,
    rules: &RuleSet,
    (known, gone): (&[Finding], &[Finding]),
    new: &[Finding],
) -> Result<(), Reason> {
    const WHY: Reason = "older versions of a file are to be judged";
    let judged = |one: &&Finding| is_file(one.origin.kind) && depends_on_tips(rules, &one.rule);
    let key = |one: &Finding| (one.rule.clone(), one.fingerprint, one.origin.path.clone());
    let before: BTreeSet<_> = known.iter().chain(gone).filter(judged).map(key).collect();
    if new.iter().filter(judged).any(|one| !before.contains(&key(one))) {
        return Err(WHY);
    }
    if known.iter().chain(new).filter(judged).any(|one| recent.has_versions(&one.origin.path)) {
        return Err(WHY);
    }
    Ok(())
}

/// What is told by its path is told at each of its paths: there must be none that nobody has looked at.
fn check_paths(recent: &Recent, plan: &Plan, known: &Outcome, new: &Outcome) -> Result<(), Reason> {
    let is_asked = |path: &BString| plan.scanner.asks_name(path.as_bstr());
    let is_told = |path: &BString, object: &ObjectId| {
        let ways = known.sought.iter().flat_map(|(.., sought)| &sought.carriers);
        ways.into_iter().any(|(way, objects)| way.only.as_ref() == Some(path) && objects.contains(object))
    };
    if recent.holders_at(is_asked).any(|(path, object)| !is_told(path, object)) {
        return Err("a file that its name tells came to another path");
    }
    // What came to several paths is told of all of them with the commit that brought it to the first.
    let all = new.findings.iter().chain(&new.suppressed).filter(|one| is_file(one.origin.kind));
    let named = all.filter(|one| one.is_of_name() && one.origin.members.is_empty());
    for object in named.filter_map(|one| one.origin.object) {
        if recent.paths_of(&object).nth(1).is_some() {
            return Err("a new file that its name tells is at several paths");
        }
    }
    Ok(())
}

/// Takes out of what was known what is no longer so, and gives what was taken out: it may be found again in a newer version
/// of its file.
fn bring_up(known: &mut Outcome, recent: &Recent, rules: &RuleSet) -> Result<Vec<Finding>, Reason> {
    const LEFT: Reason = "a file in which something is left the tips of references";
    known.problems.clear();
    let only_tips =
        |rule: &RuleId| rules.find(rule.as_str()).is_none_or(|(_, rule)| rule.risk.number() != CREDENTIALS);
    let left = recent.left();
    let is_left = |object: Option<ObjectId>| object.is_some_and(|object| left.contains(&object));
    let suppressed = known.suppressed.iter().filter(|one| is_file(one.origin.kind));
    if suppressed.filter(|one| is_left(one.origin.object)).any(|one| depends_on_tips(rules, &one.rule)) {
        return Err(LEFT);
    }
    for (rule, fingerprint, sought) in &known.sought {
        let mine = |one: &&Finding| one.rule == *rule && one.fingerprint == *fingerprint;
        let files = sought.carriers.iter().filter(|(way, _)| is_file(way.kind));
        let files: Vec<&ObjectId> = files.flat_map(|(_, objects)| objects).collect();
        if files.len() > MOST_VERSIONS && depends_on_tips(rules, rule) {
            return Err("a file has very many versions");
        }
        let gone: Vec<&ObjectId> = files.iter().filter(|object| left.contains(**object)).copied().collect();
        if gone.is_empty() {
            continue;
        }
        if !only_tips(rule) {
            if depends_on_tips(rules, rule) || gone.iter().any(|object| recent.is_ambiguous(object)) {
                return Err(LEFT);
            }
            continue;
        }
        // It is an older version of its file now, as long as the file has it; and nothing that was found before stands
        // where it did, or all would have to be looked at for the next oldest.
        let told: BTreeSet<ObjectId> =
            known.findings.iter().filter(mine).filter_map(|one| one.origin.object).collect();
        if gone.iter().any(|object| !told.contains(object)) || files.iter().any(|one| recent.is_at_tip(one)) {
            return Err(LEFT);
        }
    }
    let (gone, here) = std::mem::take(&mut known.findings)
        .into_iter()
        .partition(|one| only_tips(&one.rule) && is_left(one.origin.object));
    known.findings = here;
    let gone: Vec<Finding> = gone;
    if gone.iter().any(|one| !one.secret.is_empty()) {
        return Err("a value that is hidden where others were found left the tips of references");
    }
    for finding in known.findings.iter_mut().chain(&mut known.suppressed) {
        if is_file(finding.origin.kind) && finding.origin.commit.is_none() {
            continue;
        }
        let history = recent.history_of(&finding.origin).ok_or("something in which something was is gone")?;
        finding.history = Some(history);
    }
    for (rule, fingerprint, sought) in &known.sought {
        let messages = sought.carriers.iter().filter(|(way, _)| !is_file(way.kind));
        let carriers = messages.flat_map(|(way, objects)| objects.iter().map(|object| (way.kind, *object)));
        let standing = carriers.filter_map(|(kind, object)| {
            let origin = Origin { kind, commit: Some(object), object: Some(object), ..Origin::default() };
            Some((kind, recent.history_of(&origin)?.presence))
        });
        for (kind, presence) in standing {
            let mine = known.findings.iter_mut().filter(|one| {
                one.origin.kind == kind && one.rule == *rule && one.fingerprint == *fingerprint
            });
            for history in mine.filter_map(|one| one.history.as_mut()) {
                history.presence = history.presence.max(presence);
            }
        }
    }
    Ok(gone)
}
