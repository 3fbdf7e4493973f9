//! What a server's gate is told: time, trust, policies for references, who may break the glass.
//!
//! Only files of the server have these sections; in a repository they are a mistake. Must not decide
//! about findings.

use std::{path::PathBuf, time::Duration};

use regex::Regex;

use super::Setting;
use crate::{
    diagnostic::Diagnostic,
    finding::Severity,
    glob::GlobMap,
    rule::table::{At, Sink, Table},
};

/// `[gate]` as it is in force.
#[derive(Clone, Debug, Default)]
pub struct GateConfig {
    /// Time that the hook may take; no limit if none is set.
    pub budget: Option<Setting<Duration>>,
    /// What becomes of a push for which it did not suffice.
    pub on_timeout: Option<Setting<OnTimeout>>,
    /// The file that gets a line of JSON for each push.
    pub record: Option<Setting<PathBuf>>,
    /// The log of overrides.
    pub log: Option<Setting<PathBuf>>,
    /// What the repository's own configuration may do.
    pub repository: Option<Setting<RepositoryConfig>>,
    /// Whether comments in pushed text suppress anything.
    pub comments: Option<Setting<bool>>,
    /// The variables that name whoever pushes, the first that is set; the usual ones if not given.
    pub user_variables: Option<Setting<Vec<String>>>,
    /// `[[gate.policy]]`, in the order of the files.
    pub policies: Vec<Policy>,
    /// `[[gate.override]]`, in the order of the files.
    pub overrides: Vec<Permission>,
}

/// What becomes of a push for which the time did not suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnTimeout {
    /// It is refused.
    #[default]
    Reject,
    /// It is let in.
    Allow,
}

/// What the repository's own configuration may do on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RepositoryConfig {
    /// Nothing: it is not read.
    Ignore,
    /// What the pushed tree says may tighten, and never loosen.
    #[default]
    Tighten,
    /// What the target branch says so far counts in full; what the pushed tree says may tighten.
    Target,
}

/// How strictly findings are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enforcement {
    /// They are not reported.
    Off,
    /// They are reported and let in.
    Warn,
    /// They are refused.
    Block,
}

impl Enforcement {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Off, Self::Warn, Self::Block].into_iter().find(|one| one.name() == name)
    }
}

/// What a policy or permission holds for.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    repositories: Option<GlobMap<()>>,
    refs: Option<GlobMap<()>>,
}

impl Reach {
    /// Whether it holds for a reference of a repository, given all names that the repository has.
    #[must_use]
    pub fn holds(&self, repositories: &[Vec<u8>], reference: &[u8]) -> bool {
        let matches = |globs: &GlobMap<()>, text: &[u8]| !globs.get(text).is_empty();
        self.repositories.as_ref().is_none_or(|globs| repositories.iter().any(|name| matches(globs, name)))
            && self.refs.as_ref().is_none_or(|globs| matches(globs, reference))
    }

    fn read(table: &mut Table<'_, '_>) -> Self {
        Self { repositories: globs(table, "repositories"), refs: globs(table, "refs") }
    }
}

/// `[[gate.policy]]`: later ones win over earlier ones.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What it holds for.
    pub reach: Reach,
    /// Lowest severity that is refused; `Some(None)` for none.
    pub fail_on: Option<Option<Severity>>,
    /// The strictest that any rule is taken.
    pub enforce: Option<Enforcement>,
    /// Rules, by id, glob of ids or `tag:NAME`, and how they are taken.
    pub rules: Vec<(Setting<String>, Enforcement)>,
    /// Paths at which findings are not refused, though reported.
    pub allow_paths: Option<GlobMap<()>>,
    /// Where it stands, as `FILE:LINE`.
    pub place: String,
}

/// `[[gate.override]]`: who may let what through with a push option.
#[derive(Clone, Debug)]
pub struct Permission {
    /// What it holds for.
    pub reach: Reach,
    /// Rules, by id, glob of ids or `tag:NAME`.
    pub rules: Vec<Setting<String>>,
    /// Names of users; anyone if empty.
    pub users: Vec<String>,
    /// First day, as `YYYY-MM-DD`.
    pub from: Option<String>,
    /// Last day, as `YYYY-MM-DD`.
    pub until: Option<String>,
    /// What the reason must contain, such as the number of a ticket.
    pub reason: Option<Regex>,
    /// Where it stands, as `FILE:LINE`.
    pub place: String,
}

/// The sections as one file has them.
#[derive(Clone, Debug, Default)]
pub(super) struct GateSections {
    pub(super) gate: GateConfig,
    /// Where the first of them is, if any.
    pub(super) at: Option<crate::text::Span>,
}

impl GateSections {
    /// Reads them; `place` gives the `FILE:LINE` of a span.
    pub(super) fn read(document: &mut Table<'_, '_>, sink: &Sink<'_>, file: &str) -> Self {
        let Some(mut table) = document.table("gate", "`[gate]`") else { return Self::default() };
        let place = |span| format!("{file}:{}", sink.line(span));
        let at = Some(table.span());
        let gate = GateConfig {
            budget: duration(&mut table, "budget").map(|at| setting(at, &place)),
            on_timeout: table
                .word("on-timeout", &["reject", "allow"], |word| match word {
                    "reject" => Some(OnTimeout::Reject),
                    "allow" => Some(OnTimeout::Allow),
                    _ => None,
                })
                .map(|at| setting(at, &place)),
            record: table.string("record").map(|at| setting(at, &place).map(PathBuf::from)),
            log: table.string("log").map(|at| setting(at, &place).map(PathBuf::from)),
            repository: table
                .word("repository-config", &["ignore", "tighten", "target"], |word| match word {
                    "ignore" => Some(RepositoryConfig::Ignore),
                    "tighten" => Some(RepositoryConfig::Tighten),
                    "target" => Some(RepositoryConfig::Target),
                    _ => None,
                })
                .map(|at| setting(at, &place)),
            comments: table.boolean("comments").map(|at| setting(at, &place)),
            user_variables: table.optional_strings("user-variables").map(|at| {
                let names = at.value.into_iter().map(|name| name.value).collect();
                Setting { value: names, place: place(at.span).into() }
            }),
            policies: table
                .tables("policy", "a policy of the gate")
                .into_iter()
                .map(|policy| read_policy(policy, &place))
                .collect(),
            overrides: table
                .tables("override", "an override of the gate")
                .into_iter()
                .filter_map(|permission| read_permission(permission, &place))
                .collect(),
        };
        table.finish();
        Self { gate, at }
    }
}

impl GateConfig {
    /// Lays the sections of a stronger file on these.
    pub(super) fn lay(&mut self, other: Self) {
        let Self {
            policies,
            overrides,
            budget,
            on_timeout,
            record,
            log,
            repository,
            comments,
            user_variables,
        } = other;
        self.budget = budget.or(self.budget.take());
        self.on_timeout = on_timeout.or(self.on_timeout.take());
        self.record = record.or(self.record.take());
        self.log = log.or(self.log.take());
        self.repository = repository.or(self.repository.take());
        self.comments = comments.or(self.comments.take());
        self.user_variables = user_variables.or(self.user_variables.take());
        self.policies.extend(policies);
        self.overrides.extend(overrides);
    }
}

fn read_policy(mut table: Table<'_, '_>, place: &dyn Fn(crate::text::Span) -> String) -> Policy {
    let span = table.span();
    let mut words = crate::rule::schema::SEVERITIES.to_vec();
    words.push(super::schema::NEVER);
    let fail_on = table.word("fail-on", &words, |word| {
        if word == super::schema::NEVER { Some(None) } else { Severity::from_name(word).map(Some) }
    });
    let mut rules = Vec::new();
    for (key, how) in [("off", Enforcement::Off), ("warn", Enforcement::Warn), ("block", Enforcement::Block)]
    {
        rules.extend(table.strings(key).into_iter().map(|name| (setting(name, place), how)));
    }
    let policy = Policy {
        reach: Reach::read(&mut table),
        fail_on: fail_on.map(|at| at.value),
        enforce: table.word("enforce", &["off", "warn", "block"], Enforcement::from_name).map(|at| at.value),
        rules,
        allow_paths: globs(&mut table, "allow-paths"),
        place: place(span),
    };
    table.finish();
    policy
}

fn read_permission(
    mut table: Table<'_, '_>,
    place: &dyn Fn(crate::text::Span) -> String,
) -> Option<Permission> {
    let span = table.span();
    let rules = table.optional_strings("rules");
    if rules.as_ref().is_none_or(|rules| rules.value.is_empty()) {
        table.missing("rules", "name the rules that may be overridden; `*` for all of them");
    }
    let reason = table.string("reason");
    let reason = match reason.map(|at| (Regex::new(&at.value), at)) {
        None => None,
        Some((Ok(regex), _)) => Some(regex),
        Some((Err(error), at)) => {
            // The last line says what is wrong; those above draw the place.
            let why = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            table.sink().push(Diagnostic::error("bad-regex", why).label(at.span, ""));
            return None;
        }
    };
    let texts = |list: Vec<At<String>>| list.into_iter().map(|at| at.value).collect::<Vec<_>>();
    let permission = Permission {
        reach: Reach::read(&mut table),
        rules: rules
            .map(|rules| rules.value.into_iter().map(|name| setting(name, place)).collect())
            .unwrap_or_default(),
        users: texts(table.strings("users")),
        from: table.day("from").map(|at| at.value),
        until: table.day("until").map(|at| at.value),
        reason,
        place: place(span),
    };
    table.finish();
    Some(permission)
}

fn globs(table: &mut Table<'_, '_>, key: &'static str) -> Option<GlobMap<()>> {
    let list = table.optional_strings(key)?;
    let mut globs = GlobMap::new();
    for glob in &list.value {
        if let Err(why) = globs.insert(&glob.value, ()) {
            table.sink().push(Diagnostic::error("bad-glob", why).label(glob.span, ""));
        }
    }
    Some(globs)
}

fn setting<T>(at: At<T>, place: &dyn Fn(crate::text::Span) -> String) -> Setting<T> {
    Setting { value: at.value, place: place(at.span).into() }
}

impl<T> Setting<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), place: self.place }
    }
}

fn duration(table: &mut Table<'_, '_>, key: &'static str) -> Option<At<Duration>> {
    let text = table.string(key)?;
    let value = parse_duration(&text.value);
    if value.is_none() {
        table.sink().push(
            Diagnostic::error("bad-time", format!("`{}` is not a time", text.value))
                .label(text.span, "")
                .help("write a number with ms, s or m, such as `4s`"),
        );
    }
    Some(At { value: value?, span: text.span })
}

/// Reads a time such as `900ms`, `4s`, `4.5s` or `2m`; nothing that is not more than zero.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    // More than a day is a mistake.
    const MOST: f64 = 86_400.0;
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let number: f64 = text[..digits].parse().ok()?;
    let seconds = match text[digits..].trim() {
        "ms" => number / 1000.0,
        "s" => number,
        "m" | "min" => number * 60.0,
        _ => return None,
    };
    (seconds > 0.0 && seconds <= MOST).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, expected) in [
            ("4s", Some(4000)),
            ("4.5s", Some(4500)),
            ("900ms", Some(900)),
            ("2m", Some(120_000)),
            ("4", None),
            ("0s", None),
            ("-1s", None),
            ("s", None),
            ("9999999m", None),
        ] {
            assert_eq!(parse_duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn references_are_matched_from_their_start() {
        let mut refs = GlobMap::new();
        refs.insert("refs/heads/release/*", ()).unwrap();
        let reach = Reach { repositories: None, refs: Some(refs) };
        assert!(reach.holds(&[], b"refs/heads/release/1"));
        assert!(!reach.holds(&[], b"refs/heads/x/refs/heads/release/1"));
    }
}
