//! Layers laid on one another, weakest first.
//!
//! Must not read text.

use std::{borrow::Cow, collections::BTreeSet, path::PathBuf};

use super::{
    Base, Change, ChangeKind, Choice, Config, HookConfig, Known, Layer, LayerKind, ReadFile, Rejected,
    ScanConfig, Setting, SuppressConfig, Trust,
    gate::GateConfig,
    read::{File, Reader},
};
use crate::{
    diagnostic::{self, Diagnostic},
    rule::{
        self, Detector, Gate, Rule, RuleRef, RuleSet, Text,
        schema::OverrideTable,
        table::At,
        write::{list, quoted},
    },
    text::Span,
};

/// What a place on the command line is called.
const COMMAND_LINE: &str = "command line";
/// The word that names a tag in place of a rule.
const TAG: &str = "tag:";

/// Reads and merges `layers`, given weakest first; `read` gives the files that they extend.
///
/// # Errors
///
/// All problems of all files, if one of them is an error.
pub fn load(
    layers: Vec<Layer>,
    read: &ReadFile<'_>,
    known: Known<'_>,
    choice: &Choice,
) -> Result<Config, Rejected> {
    let mut reader = Reader::new(known, read);
    for layer in layers {
        reader.layer(layer);
    }
    let Reader { files, mut problems, sources, .. } = reader;
    let mut merge = Merge::new(choice);
    problems.extend(unknown_names(&files, choice));
    if !problems.iter().any(Diagnostic::is_error) {
        files.iter().for_each(|file| merge.file(file));
        merge.command_line();
        match merge.finish() {
            Ok((mut config, warnings)) => {
                problems.extend(warnings);
                diagnostic::sort(&mut problems);
                config.warnings = problems;
                config.sources = sources;
                return Ok(config);
            }
            Err(none) => problems.push(*none),
        }
    }
    diagnostic::sort(&mut problems);
    Err(Rejected { diagnostics: problems, sources })
}

/// A rule and whether it was switched on or off by name.
struct Slot {
    rule: RuleRef,
    switched: Option<bool>,
    /// Whether a layer has added it that may not loosen.
    guest: bool,
}

struct Merge<'c> {
    choice: &'c Choice,
    /// In the order of ids.
    slots: Vec<Slot>,
    allow: Vec<rule::Allow>,
    scan: ScanConfig,
    suppress: SuppressConfig,
    hook: HookConfig,
    gate: GateConfig,
    baseline: Setting<Option<PathBuf>>,
    changes: Vec<Change>,
    warnings: Vec<Diagnostic>,
}

impl<'c> Merge<'c> {
    fn new(choice: &'c Choice) -> Self {
        let rules = (choice.base == Base::BuiltIn).then(rule::builtin_refs);
        Self {
            choice,
            slots: rules
                .into_iter()
                .flatten()
                .map(|rule| Slot { rule, switched: None, guest: false })
                .collect(),
            allow: Vec::new(),
            scan: ScanConfig::default(),
            suppress: SuppressConfig { markers: Setting::default(None) },
            hook: HookConfig { allow_bypass: Setting::default(true) },
            gate: GateConfig::default(),
            baseline: Setting::default(None),
            changes: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn file(&mut self, file: &File) {
        self.add_rules(file);
        let table = &file.pack.table;
        for change in &table.overrides {
            self.change(file, change);
        }
        for name in &table.disable {
            if self.may_loosen(file, name.span, "switching rules off") {
                self.switch(&name.value, false, file.place(name.span).into());
            }
        }
        for name in &table.enable {
            self.switch(&name.value, true, file.place(name.span).into());
        }
        for (entry, written) in file.pack.allow.iter().zip(&table.allow) {
            if self.may_loosen(file, written.span, "allowing findings") {
                self.allow.push(entry.clone());
            }
        }
        self.sections(file);
        if let Some(at) = file.gate.at {
            // Wherever it comes from, a repository has no say in the gate that judges it.
            if matches!(file.kind, LayerKind::Repository | LayerKind::Target) {
                let warning = Diagnostic::warning("gate", "ignored: `[gate]` is up to the server")
                    .in_file(file.name.as_str())
                    .label(at, "");
                self.warnings.push(warning);
            } else {
                self.gate.lay(file.gate.gate.clone());
            }
        }
    }

    fn command_line(&mut self) {
        let choice = self.choice;
        for name in &choice.disable {
            self.switch(name, false, COMMAND_LINE.into());
        }
        for name in &choice.enable {
            self.switch(name, true, COMMAND_LINE.into());
        }
        choose(&mut self.scan.fail_on, choice.scan.fail_on);
        choose(&mut self.scan.min_confidence, choice.scan.min_confidence);
        choose(&mut self.scan.max_size, choice.scan.max_size);
        choose(&mut self.scan.decode_depth, choice.scan.decode_depth);
        choose(&mut self.scan.archive_depth, choice.scan.archive_depth);
        choose(&mut self.scan.threads, choice.scan.threads);
    }

    fn finish(self) -> Result<(Config, Vec<Diagnostic>), Box<Diagnostic>> {
        let risks = &self.choice.risks;
        let mut guests = Vec::new();
        let rules: Vec<RuleRef> = self
            .slots
            .into_iter()
            .filter(|slot| risks.is_empty() || risks.contains(&slot.rule.risk))
            .filter(|slot| slot.switched.unwrap_or(slot.rule.gate != Gate::Off))
            .map(|Slot { mut rule, guest, .. }| {
                // Switched on by name: then it counts like any other.
                if rule.gate == Gate::Off {
                    rule.to_mut().gate = Gate::Block;
                }
                if guest {
                    guests.push(rule.id.clone());
                }
                rule
            })
            .collect();
        if rules.is_empty() {
            return Err(Box::new(
                Diagnostic::error("no-rules", "the configuration leaves no rule to look for").help(
                    "see `abatis config`, and check `disable`, --disable, --risk and --no-default-rules",
                ),
            ));
        }
        let config = Config {
            rules: RuleSet::from_refs(rules, self.allow).with_guests(|rule| guests.contains(&rule.id)),
            scan: self.scan,
            suppress: self.suppress,
            hook: self.hook,
            gate: self.gate,
            baseline: self.baseline,
            warnings: Vec::new(),
            sources: diagnostic::Sources::default(),
            changes: self.changes,
        };
        Ok((config, self.warnings))
    }

    /// True for a layer that may tighten rules and not loosen them.
    fn is_bound(&self, file: &File) -> bool {
        self.choice.trust == Trust::Locked && file.kind == LayerKind::Repository
    }

    /// True if the layer may loosen rules; if not, the user is told what was ignored.
    fn may_loosen(&mut self, file: &File, span: Span, what: &str) -> bool {
        if !self.is_bound(file) {
            return true;
        }
        let warning =
            Diagnostic::warning("locked", format!("ignored: {what} is not up to the repository here"))
                .in_file(file.name.as_str())
                .label(span, "")
                .help("locked: the repository may add rules and make others stricter");
        self.warnings.push(warning);
        false
    }

    fn add_rules(&mut self, file: &File) {
        for (rule, table) in file.pack.rules.iter().zip(&file.pack.table.rules) {
            match self.slots.binary_search_by(|slot| slot.rule.id.cmp(&rule.id)) {
                Ok(place) => {
                    if self.may_loosen(file, table.place(), "replacing a rule") {
                        self.slots[place] = Slot { rule: rule.clone().into(), switched: None, guest: false };
                    }
                }
                Err(place) => {
                    let guest = self.is_bound(file);
                    self.slots.insert(place, Slot { rule: rule.clone().into(), switched: None, guest });
                }
            }
        }
    }

    fn switch(&mut self, name: &str, on: bool, place: Cow<'static, str>) {
        for slot in self.slots.iter_mut().filter(|slot| names(name, &slot.rule)) {
            slot.switched = Some(on);
        }
        let what = if on { ChangeKind::Enable } else { ChangeKind::Disable };
        self.changes.push(Change { what, name: name.to_owned(), place });
    }

    fn change(&mut self, file: &File, table: &OverrideTable) {
        let Some(name) = &table.rule else { return };
        let chosen: Vec<usize> = (0..self.slots.len())
            .filter(|&place| self.slots.get(place).is_some_and(|slot| names(&name.value, &slot.rule)))
            .collect();
        let mut done = Vec::new();
        if let Some(at) = &table.severity
            && self.may_set(file, at.span, "lowering a severity", &chosen, |rule| at.value >= rule.severity)
        {
            self.set(&chosen, |rule| rule.severity = at.value);
            done.push(("severity", quoted(at.value.name()), file.place(at.span).into()));
        }
        if let Some(at) = &table.confidence
            && self
                .may_set(file, at.span, "lowering a confidence", &chosen, |rule| at.value >= rule.confidence)
        {
            self.set(&chosen, |rule| rule.confidence = at.value);
            done.push(("confidence", quoted(at.value.name()), file.place(at.span).into()));
        }
        if let Some(at) = &table.gate
            && self.may_set(file, at.span, "opening a gate", &chosen, |rule| at.value <= rule.gate)
        {
            self.set(&chosen, |rule| rule.gate = at.value);
            done.push(("gate", quoted(at.value.name()), file.place(at.span).into()));
        }
        if let Some(at) = &table.entropy
            && self.may_set(file, at.span, "raising an entropy", &chosen, |rule| {
                entropy(rule).is_some_and(|least| at.value <= least)
            })
        {
            self.set(&chosen, |rule| match &mut rule.detector {
                Detector::Pattern(pattern) => pattern.entropy = Some(at.value),
                Detector::Bound(bound) => bound.entropy = Some(at.value),
                _ => {}
            });
            done.push(("entropy", format!("{:?}", at.value), file.place(at.span).into()));
        }
        self.change_lists(file, table, &chosen, &mut done);
        if !done.is_empty() {
            self.changes.push(Change {
                what: ChangeKind::Override(done),
                name: name.value.clone(),
                place: file.place(name.span).into(),
            });
        }
    }

    fn change_lists(
        &mut self,
        file: &File,
        table: &OverrideTable,
        chosen: &[usize],
        done: &mut Vec<(&'static str, String, Cow<'static, str>)>,
    ) {
        if let Some(at) = &table.paths
            && self.may_loosen(file, at.span, "changing the paths of a rule")
        {
            let paths = texts(&at.value);
            self.set(chosen, |rule| rule.paths = Cow::Owned(paths.clone()));
            done.push(("paths", list(&paths), file.place(at.span).into()));
        }
        if let Some(at) = &table.tags
            && self.may_loosen(file, at.span, "changing the tags of a rule")
        {
            let tags = texts(&at.value);
            self.set(chosen, |rule| rule.tags = Cow::Owned(tags.clone()));
            done.push(("tags", list(&tags), file.place(at.span).into()));
        }
        if let Some(at) = &table.help {
            self.set(chosen, |rule| rule.help = Cow::Owned(at.value.clone()));
            done.push(("help", quoted(&at.value), file.place(at.span).into()));
        }
        if let Some(at) = &table.docs {
            self.set(chosen, |rule| rule.docs = Cow::Owned(at.value.clone()));
            done.push(("docs", quoted(&at.value), file.place(at.span).into()));
        }
    }

    /// True if the layer may do it, because it tightens every chosen rule or is free to loosen.
    fn may_set(
        &mut self,
        file: &File,
        span: Span,
        loosening: &str,
        chosen: &[usize],
        tightens: impl Fn(&Rule) -> bool,
    ) -> bool {
        let tighter =
            chosen.iter().filter_map(|&place| self.slots.get(place)).all(|slot| tightens(&slot.rule));
        tighter || self.may_loosen(file, span, loosening)
    }

    fn set(&mut self, chosen: &[usize], change: impl Fn(&mut Rule)) {
        for &place in chosen {
            if let Some(slot) = self.slots.get_mut(place) {
                change(slot.rule.to_mut());
            }
        }
    }

    fn sections(&mut self, file: &File) {
        let given = &file.sections;
        let mut scan = self.scan.clone();
        // "Never" is the laxest of all.
        let strictness = |fail_on: Option<crate::finding::Severity>| fail_on.map(std::cmp::Reverse);
        self.value(file, given.fail_on.as_ref(), &mut scan.fail_on, |new, old| {
            strictness(*new) >= strictness(*old)
        });
        self.value(file, given.min_confidence.as_ref(), &mut scan.min_confidence, |new, old| new <= old);
        // More of these is not stricter but slower: a server's limits protect the server.
        self.value(file, given.max_size.as_ref(), &mut scan.max_size, |_, _| false);
        self.value(file, given.decode_depth.as_ref(), &mut scan.decode_depth, |_, _| false);
        self.value(file, given.archive_depth.as_ref(), &mut scan.archive_depth, |_, _| false);
        self.value(file, given.threads.as_ref(), &mut scan.threads, |_, _| false);
        for glob in &given.exclude {
            if self.may_loosen(file, glob.span, "excluding paths") {
                let place = file.place(glob.span).into();
                scan.exclude.push(Setting { value: glob.value.clone(), place });
            }
        }
        self.scan = scan;
        if let Some(at) = &given.markers {
            let markers: Vec<String> = at.value.iter().map(|marker| marker.value.clone()).collect();
            let fewer = match &self.suppress.markers.value {
                None => true,
                Some(old) => markers.iter().all(|marker| old.contains(marker)),
            };
            if fewer || self.may_loosen(file, at.span, "honouring more markers") {
                self.suppress.markers = Setting { value: Some(markers), place: file.place(at.span).into() };
            }
        }
        let mut bypass = self.hook.allow_bypass.clone();
        self.value(file, given.allow_bypass.as_ref(), &mut bypass, |new, old| new <= old);
        self.hook.allow_bypass = bypass;
        if let Some(at) = &given.baseline
            && self.may_loosen(file, at.span, "choosing a baseline")
        {
            let place = file.place(at.span).into();
            self.baseline = Setting { value: Some(PathBuf::from(&at.value)), place };
        }
    }

    fn value<T: Clone>(
        &mut self,
        file: &File,
        given: Option<&At<T>>,
        setting: &mut Setting<T>,
        tightens: impl Fn(&T, &T) -> bool,
    ) {
        let Some(at) = given else { return };
        if tightens(&at.value, &setting.value) || self.may_loosen(file, at.span, "this value") {
            *setting = Setting { value: at.value.clone(), place: file.place(at.span).into() };
        }
    }
}

/// Names that no rule of any layer has: a typing error there would silently do nothing.
fn unknown_names(files: &[File], choice: &Choice) -> Vec<Diagnostic> {
    let mut used: Vec<(Option<&File>, Span, &str)> = Vec::new();
    for file in files {
        let table = &file.pack.table;
        let names = table.disable.iter().chain(&table.enable);
        let names = names.chain(table.overrides.iter().filter_map(|change| change.rule.as_ref()));
        let names = names.chain(table.allow.iter().flat_map(|entry| &entry.rules));
        used.extend(names.map(|name| (Some(file), name.span, name.value.as_str())));
    }
    let command_line = choice.disable.iter().chain(&choice.enable);
    used.extend(command_line.map(|name| (None, Span::default(), name.as_str())));
    if used.is_empty() {
        return Vec::new();
    }
    // All rules there are, even those that this run does without.
    let builtin: Vec<RuleRef> = rule::builtin_refs().collect();
    let own = files.iter().flat_map(|file| &file.pack.rules);
    let rules: Vec<&Rule> = builtin.iter().map(|rule| &**rule).chain(own).collect();
    let mut known: BTreeSet<String> = rules.iter().map(|rule| rule.id.as_str().to_owned()).collect();
    known.extend(rule::GROUPS.iter().map(|group| group.id.to_owned()));
    known.extend(rules.iter().flat_map(|rule| rule.tags.iter()).map(|tag| format!("{TAG}{tag}")));
    let given =
        files.iter().flat_map(|file| &file.pack.table.overrides).filter_map(|change| change.tags.as_ref());
    known.extend(given.flat_map(|tags| &tags.value).map(|tag| format!("{TAG}{}", tag.value)));
    // A rule that something is wrong with is not unknown: its own problem is told.
    let tables = files.iter().flat_map(|file| &file.pack.table.rules);
    known.extend(tables.filter_map(|table| table.id.as_ref()).map(|id| id.value.clone()));
    let words: Vec<&str> = known.iter().map(String::as_str).collect();
    used.into_iter().filter(|(_, _, name)| !known.contains(*name)).map(|used| unknown(used, &words)).collect()
}

fn unknown((file, span, name): (Option<&File>, Span, &str), known: &[&str]) -> Diagnostic {
    let what = match name.strip_prefix(TAG) {
        Some(tag) => format!("no rule has the tag `{tag}`"),
        None => format!("there is no rule `{name}`"),
    };
    let (prefix, bare) = name.strip_prefix(TAG).map_or(("", name), |tag| (TAG, tag));
    let same = known.iter().filter(|candidate| candidate.starts_with(TAG) == name.starts_with(TAG));
    let help = match diagnostic::nearest(bare, same.map(|candidate| &candidate[prefix.len()..])) {
        Some(near) => format!("did you mean `{prefix}{near}`?"),
        None => "`abatis rules list` shows all of them; a tag is written `tag:NAME`".to_owned(),
    };
    let diagnostic = Diagnostic::error("unknown-rule", what).help(help);
    match file {
        Some(file) => diagnostic.in_file(file.name.as_str()).label(span, ""),
        None => diagnostic,
    }
}

/// True if `name` is the rule's id or its group's, or one of its tags behind `tag:`.
fn names(name: &str, rule: &Rule) -> bool {
    match name.strip_prefix(TAG) {
        Some(tag) => rule.tags.iter().any(|own| own == tag),
        None => rule::is_called(rule, name),
    }
}

fn entropy(rule: &Rule) -> Option<f64> {
    match &rule.detector {
        Detector::Pattern(pattern) => Some(pattern.entropy.unwrap_or(0.0)),
        Detector::Bound(bound) => Some(bound.entropy.unwrap_or(0.0)),
        _ => None,
    }
}

fn texts(list: &[At<String>]) -> Vec<Text> {
    list.iter().map(|at| Cow::Owned(at.value.clone())).collect()
}

fn choose<T>(setting: &mut Setting<T>, chosen: Option<T>) {
    if let Some(value) = chosen {
        *setting = Setting { value, place: Cow::Borrowed(COMMAND_LINE) };
    }
}
