//! `abatis explain`: why something is reported, or not, and what to do about it.
//!
//! What is explained is named by a rule's id, a finding's fingerprint, or `FILE:LINE`; a text may be given in
//! place of a file. Prints what was judged and what spoke for and against it. Values are redacted unless
//! asked for whole.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use anyhow::{Context as _, Result, bail};
use bstr::{BStr, ByteSlice as _};

use super::{
    args::ExplainArgs,
    edge::Edge,
    exit::Exit,
    load,
    run::{self, Job},
    scan,
};
use crate::{
    config::Config,
    detect::{
        Limits, Scanner,
        judge::{self, Verdict, model},
        study::Sample,
    },
    diagnostic,
    finding::Finding,
    report::Mode,
    rule::{self, Detector, Example, Group, Rule},
    secret::Secret,
    source::{Source, files::Files},
    text::Span,
};

/// Longest file that is explained, in bytes: larger ones are not scanned by default either.
const MAX_FILE: u64 = 64 << 20;
/// Reasons told for and against.
const REASONS: usize = 6;
/// Rules of a group of which an example is shown.
const GROUP_EXAMPLES: usize = 6;
/// Hexadecimal digits of a fingerprint.
const FINGERPRINT: usize = 32;

/// Runs `abatis explain`.
pub(super) fn run(args: &ExplainArgs, edge: &Edge) -> Result<Exit> {
    let top = edge.repository().ok().and_then(|repo| repo.worktree);
    let config = load::load(&args.common, top.as_deref(), edge)?;
    let mut out = Vec::new();
    let page = Page { config: &config, show: args.common.show_secrets };
    match (&args.what, &args.text) {
        (None, None) => bail!("say what to explain: a rule, a fingerprint, FILE:LINE, or --text TEXT"),
        (None, Some(text)) => {
            let path = args.path.as_deref().unwrap_or_default();
            page.candidates(text.as_bytes(), path.into(), None, &mut out)?;
        }
        (Some(_), Some(_)) => bail!("--text stands in place of what is named"),
        (Some(what), None) => named(what, args, edge, &page, &mut out)?,
    }
    io::stdout().write_all(&out)?;
    Ok(Exit::Clean)
}

fn named(what: &str, args: &ExplainArgs, edge: &Edge, page: &Page<'_>, out: &mut Vec<u8>) -> Result<()> {
    if let Some(rule) = page.rule_named(what) {
        return Ok(rule_page(&rule, out)?);
    }
    if let Some(group) = Group::named(what) {
        return Ok(page.group_page(group, out)?);
    }
    if what.len() == FINGERPRINT && what.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return finding(what, args, edge, page, out);
    }
    if let Some((file, line)) = what.rsplit_once(':')
        && let Ok(line) = line.parse::<usize>()
    {
        let path = edge.absolute(file.as_ref());
        let bytes =
            load::read_limited(&path, MAX_FILE).with_context(|| format!("{file}: cannot read the file"))?;
        return page.candidates(&bytes, file.into(), Some(line), out);
    }
    let ids = page.config.rules.iter().map(|rule| rule.id.as_str());
    let ids = ids.chain(rule::GROUPS.iter().map(|group| group.id));
    match diagnostic::nearest(what, ids) {
        Some(near) => bail!("`{what}` is no rule, fingerprint or FILE:LINE; did you mean the rule `{near}`?"),
        None => bail!("`{what}` is no rule, fingerprint or FILE:LINE"),
    }
}

/// Looks for the finding in the files of the repository, or of the current folder outside of one.
fn finding(
    fingerprint: &str,
    args: &ExplainArgs,
    edge: &Edge,
    page: &Page<'_>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let top = edge.repository().ok().and_then(|repo| repo.worktree);
    let root = top.clone().unwrap_or_else(|| edge.folder.clone());
    let tracked = scan::tracked(std::slice::from_ref(&root), edge)?;
    let files = Files::new(vec![root]).tracked(tracked).threads(args.common.threads);
    let sources: Vec<Box<dyn Source + Sync>> = vec![Box::new(files)];
    let job = Job {
        mode: Mode::Scan,
        common: &args.common,
        top: top.as_deref(),
        sources,
        today: None,
        subject: None,
    };
    let done = run::scan(edge, &job)?;
    let all = done.outcome.findings.iter().chain(&done.outcome.suppressed);
    let Some(found) =
        all.into_iter().find(|one| one.fingerprint.to_string().eq_ignore_ascii_case(fingerprint))
    else {
        bail!(
            "{fingerprint}: no finding in the files here has this fingerprint; name one of history by FILE:LINE"
        );
    };
    page.told(found, out)?;
    let named = found.origin.path.to_path_lossy();
    let path = top.map_or_else(|| edge.absolute(&named), |top| top.join(&named));
    match load::read_limited(&path, MAX_FILE) {
        Ok(bytes) => page.candidates(&bytes, found.origin.path.as_bstr(), Some(found.start.line), out),
        // A member of an archive: the finding itself has been told.
        Err(_) => Ok(()),
    }
}

struct Page<'p> {
    config: &'p Config,
    show: bool,
}

impl Page<'_> {
    fn rule_named(&self, id: &str) -> Option<Rule> {
        let here = self.config.rules.find(id).map(|(_, rule)| rule.clone());
        here.or_else(|| rule::builtin_refs().find(|rule| rule.id.as_str() == id).map(|rule| (*rule).clone()))
    }

    /// What several rules look for together, with examples of some of them.
    fn group_page(&self, group: &Group, out: &mut Vec<u8>) -> io::Result<()> {
        let rules: Vec<&Rule> = self.config.rules.iter().filter(|rule| group.has(rule)).collect();
        writeln!(out, "{}: {}", group.id, group.title)?;
        if let Some(first) = rules.first() {
            writeln!(out, "  risk {}: {}", first.risk.number(), first.risk.title())?;
            writeln!(out, "\nWhat is bad\n  {}", group.about)?;
            writeln!(out, "\nWhy\n  {}", first.risk.reason())?;
        }
        writeln!(out, "\nWhat to do\n  {}", group.help)?;
        writeln!(out, "\nRules that report it, each with a page of its own")?;
        let width = rules.iter().map(|rule| rule.id.as_str().len()).max().unwrap_or_default();
        for rule in &rules {
            let (id, title) = (rule.id.as_str(), &rule.title);
            writeln!(out, "  {id:width$}  {:8}  {:5}  {title}", rule.severity.name(), rule.gate.name())?;
        }
        let some = |examples: fn(&Rule) -> &[Example]| {
            let of_rules = rules.iter().filter_map(move |rule| examples(rule).first());
            of_rules.filter(|example| !example.text.is_empty()).take(GROUP_EXAMPLES)
        };
        examples("Reported", some(|rule| &rule.matches), out)?;
        examples("Not reported", some(|rule| &rule.rejects), out)?;
        writeln!(
            out,
            "\nIn `disable`, `enable`, allowlists and markers, {} means all of these rules.",
            group.id
        )
    }

    fn told(&self, finding: &Finding, out: &mut Vec<u8>) -> io::Result<()> {
        let place = &finding.origin.path;
        writeln!(out, "{place}:{}: {} ({})", finding.start.line, finding.title, finding.rule)?;
        writeln!(out, "  severity {}, confidence {}", finding.severity.name(), finding.confidence.name())?;
        if let Some(proof) = finding.proof {
            writeln!(out, "  proved by `{proof}`")?;
        }
        if let Some(suppression) = &finding.suppression {
            writeln!(out, "  suppressed: {}", suppression.kind.name())?;
        }
        if let Some((_, rule)) = self.config.rules.find(finding.rule.as_str()) {
            writeln!(out, "  what to do: {}", rule.help)?;
        }
        writeln!(out)
    }

    /// What the rules that judge values think of the candidates in `text`, on one line or on all.
    fn candidates(&self, text: &[u8], path: &BStr, line: Option<usize>, out: &mut Vec<u8>) -> Result<()> {
        let scanner = Scanner::new(self.config.rules.clone().into(), Limits::default());
        let number = |place: usize| text[..place].iter().filter(|&&byte| byte == b'\n').count() + 1;
        let mut samples = scanner.study(text, path);
        samples.retain(|sample| {
            line.is_none_or(|line| (number(sample.key.start)..=number(sample.value.end)).contains(&line))
        });
        // Several keywords may stand in one name: the verdict that counts is the best.
        samples.sort_by_key(|sample| (sample.value, std::cmp::Reverse(odds(sample)), sample.rule));
        samples.dedup_by_key(|sample| sample.value);
        let matches = scanner.look(text, path);
        for found in matches.iter().filter(|one| line.is_none_or(|line| number(one.span.start) == line)) {
            let rule = scanner.rules().rule(found.rule);
            let proof = found.proof.map_or_else(String::new, |proof| format!(", proved by `{proof}`"));
            writeln!(
                out,
                "line {}: {} ({}), confidence {}{proof}",
                number(found.span.start),
                rule.title,
                rule.id,
                found.confidence.name()
            )?;
        }
        if samples.is_empty() && matches.is_empty() {
            writeln!(
                out,
                "nothing here is given to a name that speaks of a secret, and no known form is met"
            )?;
        }
        for sample in &samples {
            writeln!(out)?;
            let rule = scanner.rules().rule(sample.rule);
            writeln!(
                out,
                "line {}: the value {} of `{}`, judged for {}",
                number(sample.value.start),
                self.value(text, sample.value),
                sample.key.of(text).as_bstr(),
                rule.id
            )?;
            verdict(&sample.verdict, rule, out)?;
        }
        Ok(())
    }

    fn value(&self, text: &[u8], span: Span) -> String {
        if self.show {
            return format!("`{}`", span.of(text).as_bstr());
        }
        format!("`{}`", Secret::new(span.of(text)).redacted())
    }
}

/// Odds of a candidate, least where it is known to be no secret.
fn odds(sample: &Sample) -> i32 {
    match &sample.verdict {
        Verdict::Known(_) | Verdict::Easy(..) => i32::MIN,
        Verdict::Odds(features) => model::score(features),
    }
}

fn verdict(verdict: &Verdict, rule: &Rule, out: &mut Vec<u8>) -> io::Result<()> {
    let features = match verdict {
        Verdict::Known(known) | Verdict::Easy(known, _) => {
            return writeln!(out, "  no secret: it is {}", known.words());
        }
        Verdict::Odds(features) => features,
    };
    let score = model::score(features);
    let chance = 100.0 / (1.0 + f64::exp(-f64::from(score) / f64::from(model::SCALE)));
    let mild = if judge::is_mild(features) {
        ", of low severity: a sample, or a word that everybody knows"
    } else {
        ""
    };
    let odds = match &rule.detector {
        Detector::Assignment(named) => named.odds,
        _ => rule::ODDS,
    };
    match judge::confidence(score, odds) {
        Some(confidence) => {
            writeln!(
                out,
                "  a secret, confidence {} ({chance:.0} % in the training data){mild}",
                confidence.name()
            )?;
        }
        None => writeln!(out, "  likely no secret ({chance:.0} % in the training data)")?,
    }
    let shares = model::shares(features);
    let told = |title: &str, wanted: fn(i32) -> bool, out: &mut Vec<u8>| -> io::Result<()> {
        let mut reasons = shares.iter().filter(|(_, share)| wanted(*share)).take(REASONS).peekable();
        if reasons.peek().is_some() {
            writeln!(out, "  {title}")?;
        }
        for (feature, share) in reasons {
            let number = features[*feature as usize];
            let weight = f64::from(*share) / f64::from(model::SCALE);
            writeln!(out, "    {weight:+.2}  {}: {number}", feature.words())?;
        }
        Ok(())
    };
    told("for it:", |share| share > 0, out)?;
    told("against it:", |share| share < 0, out)
}

/// What a rule is about, why it matters and how to mend it, with its own examples.
fn rule_page(rule: &Rule, out: &mut Vec<u8>) -> io::Result<()> {
    writeln!(out, "{}: {}", rule.id, rule.title)?;
    writeln!(out, "  risk {}: {}", rule.risk.number(), rule.risk.title())?;
    writeln!(
        out,
        "  severity {}, confidence {}, gate {}",
        rule.severity.name(),
        rule.confidence.name(),
        rule.gate.name()
    )?;
    let formats: BTreeSet<&str> =
        rule.structures.iter().flat_map(|part| part.formats.iter()).map(AsRef::as_ref).collect();
    if !formats.is_empty() {
        let formats: Vec<&str> = formats.into_iter().collect();
        writeln!(out, "  decided on the structure of: {}", formats.join(", "))?;
    }
    writeln!(out, "\nWhy\n  {}", rule.risk.reason())?;
    writeln!(out, "\nWhat to do\n  {}", rule.help)?;
    if !rule.docs.is_empty() {
        writeln!(out, "  {}", rule.docs)?;
    }
    if !rule.refs.is_empty() {
        writeln!(out, "\nOther tools call it\n  {}", rule.refs.join(", "))?;
    }
    if let Some(group) = Group::of(rule) {
        writeln!(out, "\nPart of\n  {}: {}", group.id, group.title)?;
    }
    examples("Reported", rule.matches.iter(), out)?;
    examples("Not reported", rule.rejects.iter(), out)?;
    writeln!(out, "\n`abatis rules show {}` prints the rule itself.", rule.id)
}

fn examples<'e>(
    title: &str,
    examples: impl Iterator<Item = &'e Example>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    for (at, example) in examples.enumerate() {
        if at == 0 {
            writeln!(out, "\n{title}")?;
        }
        if !example.path.is_empty() {
            writeln!(out, "  {}:", example.path)?;
        }
        for line in example.text.trim_matches('\n').lines() {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}
