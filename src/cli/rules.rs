//! `abatis rules list|show|check|test|lint|coverage|import|new|checks|tree`.

mod check;
mod coverage;
mod files;
mod import;
mod profile;
mod test;
mod tree;

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::{
    args::{CommonArgs, RulesArgs, RulesCommand},
    edge::Edge,
    exit::Exit,
    load,
};
use crate::{
    config::{Config, Known},
    detect::check::CHECKS,
    diagnostic,
    rule::{self, Detector, Gate, Rule},
};

/// Runs `abatis rules …`.
pub(super) fn run(args: &RulesArgs, edge: &Edge) -> Result<Exit> {
    // Written at the end, in one go: a reader that goes away early is then seen in one place.
    let mut out = Vec::new();
    let exit = match &args.command {
        RulesCommand::List { common } => list(common, edge, &mut out)?,
        RulesCommand::Show { id, common } => show(id, common, edge, &mut out)?,
        RulesCommand::Check { paths } => check::run(paths, edge, &mut out)?,
        RulesCommand::Lint { paths } => check::run(paths, edge, &mut out)?,
        RulesCommand::Test { paths, profile } => test::run(paths, profile, edge, &mut out)?,
        RulesCommand::Coverage { common } => coverage::run(common, edge, &mut out)?,
        RulesCommand::Import { from, file, output } => {
            import::run(*from, file, output.as_ref(), edge, &mut out)?
        }
        RulesCommand::New { name } => new(name, edge, &mut out)?,
        RulesCommand::Checks => checks(&mut out)?,
        RulesCommand::Tree { paths, format } => tree::run(paths, format.as_deref(), &mut out)?,
    };
    io::stdout().write_all(&out)?;
    Ok(exit)
}

/// The names that packs may use and that only detection and filters know.
struct Words {
    checks: Vec<&'static str>,
    markers: Vec<&'static str>,
}

impl Words {
    fn new() -> Self {
        Self { checks: CHECKS.iter().map(|check| check.name).collect(), markers: load::marker_names() }
    }

    fn known(&self) -> Known<'_> {
        Known { checks: &self.checks, markers: &self.markers }
    }
}

fn load_here(common: &CommonArgs, edge: &Edge) -> Result<Config> {
    let top = edge.repository().ok().and_then(|repo| repo.worktree);
    load::load(common, top.as_deref(), edge)
}

/// A rule in the JSON list. Fields are added, never renamed.
#[derive(Serialize)]
struct Listed<'r> {
    id: &'r str,
    title: &'r str,
    kind: &'static str,
    risk: u8,
    severity: &'static str,
    confidence: &'static str,
    gate: &'static str,
    tags: &'r [rule::Text],
    help: &'r str,
    docs: &'r str,
    source: &'r str,
}

impl<'r> Listed<'r> {
    fn new(rule: &'r Rule) -> Self {
        Self {
            id: rule.id.as_str(),
            title: &rule.title,
            kind: kind(rule),
            risk: rule.risk.number(),
            severity: rule.severity.name(),
            confidence: rule.confidence.name(),
            gate: rule.gate.name(),
            tags: &rule.tags,
            help: &rule.help,
            docs: &rule.docs,
            source: &rule.source,
        }
    }
}

/// What kind of rule it is, in a word.
fn kind(rule: &Rule) -> &'static str {
    match rule.detector {
        Detector::Pattern(_) => "pattern",
        Detector::Bound(_) => "bound",
        Detector::Assignment(_) => "assignment",
        Detector::File(_) => "file",
        Detector::Structure => "structure",
    }
}

fn list(common: &CommonArgs, edge: &Edge, out: &mut Vec<u8>) -> Result<Exit> {
    let config = load_here(common, edge)?;
    let rules: Vec<Listed<'_>> = config.rules.iter().map(Listed::new).collect();
    match common.format.as_str() {
        "json" => {
            serde_json::to_writer_pretty(&mut *out, &rules)?;
            writeln!(out)?;
        }
        "text" => {
            let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
            writeln!(out, "{:width$}  SEVERITY  CONFIDENCE  GATE   RISK  TITLE", "RULE")?;
            for rule in &rules {
                let Listed { id, title, risk, severity, confidence, gate, .. } = rule;
                writeln!(out, "{id:width$}  {severity:8}  {confidence:10}  {gate:5}  {risk:>4}  {title}")?;
            }
            let off = rule::builtin_refs().filter(|rule| rule.gate == Gate::Off).count();
            write!(out, "\n{} in force", check::number(rules.len(), "rule"))?;
            if off > 0 {
                write!(out, "; {off} built-in rules are off unless enabled")?;
            }
            writeln!(out)?;
        }
        other => bail!("--format {other}: rules are listed as text or json"),
    }
    Ok(Exit::Clean)
}

fn show(id: &str, common: &CommonArgs, edge: &Edge, out: &mut Vec<u8>) -> Result<Exit> {
    let config = load_here(common, edge)?;
    let idle = rule::builtin_refs().find(|rule| rule.id.as_str() == id);
    let (rule, state) = match (config.rules.find(id), &idle) {
        (Some((_, rule)), _) => (rule, "in force"),
        (None, Some(rule)) => (&**rule, "not in force here"),
        (None, None) => {
            let ids = config.rules.iter().map(|rule| rule.id.as_str());
            match diagnostic::nearest(id, ids) {
                Some(near) => bail!("there is no rule `{id}`; did you mean `{near}`?"),
                None => bail!("there is no rule `{id}`; `abatis rules list` shows all of them"),
            }
        }
    };
    writeln!(out, "# {}, {state}", rule.source)?;
    writeln!(out, "# risk {}: {}", rule.risk.number(), rule.risk.title())?;
    out.extend_from_slice(rule::to_toml(rule).as_bytes());
    Ok(Exit::Clean)
}

fn checks(out: &mut Vec<u8>) -> Result<Exit> {
    let width = CHECKS.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in CHECKS {
        writeln!(out, "{:width$}  {}", check.name, check.title)?;
    }
    Ok(Exit::Clean)
}

/// The pack that `abatis rules new` writes; `NAME` stands for the name.
const STARTER: &str = include_str!("rules/starter.toml");

fn new(name: &str, edge: &Edge, out: &mut Vec<u8>) -> Result<Exit> {
    if !rule::is_kebab(name) {
        bail!("`{name}` is not the name of a pack: give lower-case letters and digits, words joined by `-`");
    }
    let file = PathBuf::from(format!("{name}.toml"));
    let path = edge.absolute(&file);
    let shown = file.display();
    let mut written = File::create_new(&path).with_context(|| format!("{shown}: cannot write the pack"))?;
    written.write_all(STARTER.replace("NAME", name).as_bytes())?;
    writeln!(out, "wrote {shown}")?;
    writeln!(out, "next: change it, then `abatis rules check {shown}` and `abatis rules test {shown}`;")?;
    writeln!(out, "use it with `--rules {shown}`, or with `extend = [\"{shown}\"]` in .abatis.toml")?;
    Ok(Exit::Clean)
}
