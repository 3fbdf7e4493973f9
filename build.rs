//! Turns `rules/*.toml` into tables of constants, so that the program parses nothing at start.
//!
//! Reads packs with the modules that read them at run time; a broken pack breaks the build,
//! with every problem at its place.

#![expect(clippy::disallowed_methods, reason = "cargo tells a build script through the environment")]
#![allow(dead_code, unreachable_pub, reason = "modules of the library, of which this needs a part")]
#![expect(clippy::print_stderr, reason = "how a build script talks to people")]
#![expect(clippy::use_debug, reason = "Rust literals are written by their Debug form")]

use std::{
    collections::{HashMap, hash_map::Entry},
    error::Error,
    fmt::Write as _,
    fs,
    hash::Hash,
    path::{Path, PathBuf},
    process::ExitCode,
};

#[path = "src/detect/pattern/choice.rs"]
mod choice;
#[path = "src/rule/condition.rs"]
mod condition;
#[path = "src/diagnostic.rs"]
mod diagnostic;
#[path = "src/detect/entropy.rs"]
mod entropy;
#[path = "src/rule/example.rs"]
mod example;
#[path = "src/rule/expression.rs"]
mod expression;
#[path = "src/finding/words.rs"]
mod finding;
#[path = "src/glob.rs"]
mod glob;
#[path = "src/detect/gram.rs"]
mod gram;
#[path = "src/rule/kind.rs"]
mod kind;
#[path = "src/rule/model.rs"]
mod model;
#[path = "src/rule/schema.rs"]
mod schema;
#[path = "src/detect/pattern/shape.rs"]
mod shape;
#[path = "src/detect/pattern/steps.rs"]
mod steps;
#[path = "src/rule/structure.rs"]
mod structure;
#[path = "src/rule/table.rs"]
mod table;
#[path = "src/text.rs"]
mod text;
#[path = "src/rule/validate.rs"]
mod validate;
#[path = "src/detect/pattern/write.rs"]
mod write;

use condition::{Condition, Literal, Path as Way, Step, Structure, Test};
use diagnostic::{Diagnostic, Sources};
use model::{Allow, Detector, Example, Gate, Pattern, Rule, Text};

/// Where the packs are.
const RULES: &str = "rules";

fn main() -> ExitCode {
    match generate() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the tables. False if a pack is broken, which has been said.
fn generate() -> Result<bool, Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/rule");
    println!("cargo::rerun-if-changed=src/diagnostic");
    for file in [
        "detect/entropy.rs",
        "detect/gram.rs",
        "detect/pattern/choice.rs",
        "detect/pattern/shape.rs",
        "detect/pattern/steps.rs",
        "detect/pattern/write.rs",
        "detect/trigrams.txt",
        "diagnostic.rs",
        "finding/words.rs",
        "glob.rs",
        "text.rs",
    ] {
        println!("cargo::rerun-if-changed=src/{file}");
    }
    println!("cargo::rerun-if-changed={RULES}");
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let mut packs = Packs::default();
    for path in pack_files(&root.join(RULES))? {
        packs.read(&path)?;
    }
    packs.check_ids();
    if !packs.problems.is_empty() {
        eprintln!("{}", diagnostic::render(&packs.problems, &packs.sources, false));
        return Ok(false);
    }
    packs.rules.sort_by(|one, other| one.id.cmp(&other.id));
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    fs::write(out.join("keywords.rs"), keywords(&packs.rules, &out)?)?;
    fs::write(out.join("builtin.rs"), Tables::default().write(&packs))?;
    fix_addresses();
    Ok(true)
}

/// Links the program at fixed addresses where that is known to work.
///
/// The tables are full of pointers: 35,000 addresses had to be written, and 200 pages copied for
/// it, at each start of a movable program, which is more than a third of what a commit costs.
/// What is lost is that the program itself lies at random addresses (its heap, stack and system
/// libraries still do), in a program without unsafe code.
fn fix_addresses() {
    let target = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

fn parts(parts: &[model::Part]) -> String {
    let parts = parts.iter().map(|part| {
        format!("model::Part {{ name: {}, regex: {} }}", quoted(&part.name), quoted(&part.regex))
    });
    format!("Cow::Borrowed(&[{}])", parts.collect::<Vec<_>>().join(", "))
}

/// The source text of the keywords of `rules`, near and far. Their tables are files of their own in `out`: as lists
/// of numbers they took seconds to compile.
fn keywords(rules: &[Rule], out: &Path) -> Result<String, Box<dyn Error>> {
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for (place, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.gate != Gate::Off) {
        let spans_lines = rule.spans_lines();
        for keyword in gram::keywords(&rule.detector) {
            if spans_lines {
                far.push((keyword.clone(), place, true));
            }
            near.push((keyword, place, spans_lines));
        }
    }
    Ok(keyword_table("NEAR", near, out)? + &keyword_table("FAR", far, out)? + &shapes(rules, out)?)
}

/// The source text of what is known of the expressions of `rules`, with its files in `out`.
fn shapes(rules: &[Rule], out: &Path) -> Result<String, Box<dyn Error>> {
    let mut written = write::Writer::default();
    let mut starts = Vec::new();
    for rule in rules {
        starts.extend_from_slice(&(written.bytes.len() as u32).to_le_bytes());
        match &rule.detector {
            Detector::Pattern(pattern) => {
                shape::Shape::all(pattern).iter().for_each(|shape| shape.write(&mut written));
            }
            Detector::Bound(bound) => {
                if let Some(hir) = shape::parse(&shape::value_expression(&bound.value), bound.ignore_case) {
                    let steps = steps::Steps::with_group(&hir, 1);
                    written.optional(steps.as_ref(), steps::Steps::write);
                }
            }
            _ => {}
        }
    }
    starts.extend_from_slice(&(written.bytes.len() as u32).to_le_bytes());
    let sets = written.sets.concat();
    let mut parts = String::new();
    for (part, bytes) in [("starts", &starts), ("bytes", &written.bytes), ("sets", &sets)] {
        let file = out.join(format!("shapes.{part}"));
        fs::write(&file, bytes)?;
        write!(parts, "{part}: include_bytes!({:?}), ", file.display().to_string())?;
    }
    Ok(format!("pub(super) static SHAPES: Shapes = Shapes {{ {parts} }};\n"))
}

fn keyword_table(
    name: &str,
    mut pairs: Vec<(gram::Keyword, usize, bool)>,
    out: &Path,
) -> Result<String, Box<dyn Error>> {
    pairs.sort_unstable();
    let (mut keywords, mut starts, mut users, mut spans) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (keyword, place, spans_lines) in pairs {
        if keywords.last() != Some(&keyword) {
            keywords.push(keyword);
            starts.push(users.len());
            spans.push(false);
        }
        users.push(place);
        if let Some(spans) = spans.last_mut() {
            *spans |= spans_lines;
        }
    }
    starts.push(users.len());
    let table = gram::Table::new(&keywords);
    let mut parts = String::new();
    let files: [(&str, &[u8]); 7] = [
        ("bytes", &table.bytes),
        ("ends", &table.ends),
        ("fold", &table.fold),
        ("grams", &table.grams[..]),
        ("lists", &table.lists[..]),
        ("heads", &table.heads),
        ("entries", &table.entries),
    ];
    for (part, bytes) in files {
        let file = out.join(format!("{}.{part}", name.to_ascii_lowercase()));
        fs::write(&file, bytes)?;
        let kind = if matches!(part, "grams" | "lists") { "Array::Static" } else { "Cow::Borrowed" };
        write!(parts, "{part}: {kind}(include_bytes!({:?})), ", file.display().to_string())?;
    }
    Ok(format!(
        "pub(super) static {name}: Table = Table {{ {parts} }};\n\
         pub(super) static {name}_USERS: Users = Users {{ starts: &{starts:?}, rules: &{users:?}, spans: &{spans:?} }};\n",
    ))
}

fn pack_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The packs read so far.
#[derive(Default)]
struct Packs {
    rules: Vec<Rule>,
    /// File name and full path.
    files: Vec<(String, PathBuf)>,
    sources: Sources,
    problems: Vec<Diagnostic>,
}

impl Packs {
    fn read(&mut self, path: &Path) -> Result<(), Box<dyn Error>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).map_err(|error| format!("{RULES}/{name}: {error}"))?;
        let file = format!("{RULES}/{name}");
        let sink = table::Sink::new(&file, &text);
        if let Some(document) = table::parse(&sink) {
            let mut reader = table::Table::new(&sink, "a rule pack", &document, text::Span::new(0, 0));
            let pack = schema::PackTable::read(&mut reader);
            reader.finish();
            let source = format!("built-in/{name}");
            let context = validate::Context { source: &source, built_in: true, checks: &[] };
            self.rules.extend(validate::rules(&pack, context, &sink));
        }
        self.problems.extend(sink.finish());
        self.sources.insert(file, text);
        self.files.push((name, path.to_owned()));
        Ok(())
    }

    /// Ids are unique over all packs; within one, validation has looked.
    fn check_ids(&mut self) {
        let mut ids: Vec<(&str, &str)> =
            self.rules.iter().map(|rule| (rule.id.as_str(), rule.source.as_ref())).collect();
        ids.sort_unstable();
        for pair in ids.windows(2) {
            if let [(id, one), (same, other)] = pair
                && id == same
                && one != other
            {
                let message = format!("{one} and {other} both have a rule `{id}`");
                self.problems.push(Diagnostic::error("duplicate-id", message));
            }
        }
    }
}

/// The source text of the tables.
///
/// What there are thousands of (texts, examples) stands in one table each, of which lists are parts: a static
/// for every list took the compiler ten times as long.
#[derive(Default)]
struct Tables {
    /// Texts of all lists.
    texts: Pool<String>,
    /// Examples of all rules: path and text.
    examples: Pool<(String, String)>,
    /// Other lists, each a static of its own: they cannot be written in place, as they have drop glue.
    lists: String,
    count: usize,
}

/// Elements of many lists in one table; equal lists are there once.
struct Pool<T> {
    elements: Vec<T>,
    starts: HashMap<Vec<T>, usize>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { elements: Vec::new(), starts: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Pool<T> {
    /// Where in the table `list` begins.
    fn place(&mut self, list: Vec<T>) -> usize {
        let start = self.elements.len();
        match self.starts.entry(list) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.elements.extend_from_slice(new.key());
                *new.insert(start)
            }
        }
    }
}

impl Tables {
    fn write(mut self, packs: &Packs) -> String {
        let mut rules = String::new();
        for rule in &packs.rules {
            let rule = self.rule(rule);
            rules.push_str(&format!("    {rule},\n"));
        }
        let mut written = std::mem::take(&mut self.lists);
        let _infallible = write!(
            written,
            "static TEXTS: [model::Text; {}] = all_texts({:?});\n\
             static EXAMPLES: [model::Example; {}] = all_examples({:?});\n\
             static BUILTIN: [model::Rule; {}] = [\n{rules}];\nstatic PACKS: [(&str, &str); {}] = [\n",
            self.texts.elements.len(),
            self.texts.elements,
            self.examples.elements.len(),
            self.examples.elements,
            packs.rules.len(),
            packs.files.len(),
        );
        for (name, path) in &packs.files {
            let _infallible =
                writeln!(written, "    ({name:?}, include_str!({:?})),", path.display().to_string());
        }
        written.push_str("];\n");
        written
    }

    fn rule(&mut self, rule: &Rule) -> String {
        format!(
            "model::Rule {{ id: words::RuleId::from_static({:?}), title: {}, risk: risk({}), severity: words::Severity::{:?}, \
             confidence: words::Confidence::{:?}, tags: {}, help: {}, docs: {}, refs: {}, gate: model::Gate::{:?}, detector: {}, structures: {}, parts: {}, \
             paths: {}, allow: {}, matches: {}, rejects: {}, source: {} }}",
            rule.id.as_str(),
            quoted(&rule.title),
            rule.risk.number(),
            rule.severity,
            rule.confidence,
            self.texts(&rule.tags),
            quoted(&rule.help),
            quoted(&rule.docs),
            self.texts(&rule.refs),
            rule.gate,
            self.detector(&rule.detector),
            self.structures(&rule.structures),
            parts(&rule.parts),
            self.texts(&rule.paths),
            self.allow(&rule.allow),
            self.examples(&rule.matches),
            self.examples(&rule.rejects),
            quoted(&rule.source),
        )
    }

    fn detector(&mut self, detector: &Detector) -> String {
        match detector {
            Detector::Pattern(pattern) => format!(
                "model::Detector::Pattern(model::Pattern {{ keywords: {}, ignore_case: {}, regex: {}, multiline: {}, \
                 entropy: {:?}, check: {}, lengths: {}, placeholders: {}, binary: {} }})",
                self.texts(&pattern.keywords),
                pattern.ignore_case,
                quoted(&pattern.regex),
                pattern.multiline,
                pattern.entropy,
                quoted(&pattern.check),
                numbers(&pattern.lengths),
                pattern.placeholders,
                pattern.binary,
            ),
            Detector::Bound(bound) => format!(
                "model::Detector::Bound(model::Bound {{ keywords: {}, value: {}, ignore_case: {}, near: {}, \
                 entropy: {:?}, check: {}, lengths: {}, least: {}, most: {} }})",
                self.texts(&bound.keywords),
                quoted(&bound.value),
                bound.ignore_case,
                self.texts(&bound.near),
                bound.entropy,
                quoted(&bound.check),
                numbers(&bound.lengths),
                bound.least,
                bound.most,
            ),
            Detector::Assignment(assignment) => format!(
                "model::Detector::Assignment(model::Assignment {{ keywords: {}, columns: {}, classifier: {}, odds: {:?} }})",
                self.texts(&assignment.keywords),
                self.texts(&assignment.columns),
                quoted(&assignment.classifier),
                assignment.odds,
            ),
            Detector::File(file) => format!(
                "model::Detector::File(model::FileRule {{ names: {}, except: {}, min_size: {:?}, max_size: {:?}, \
                 executable: {:?}, content: {} }})",
                self.texts(&file.names),
                self.texts(&file.except),
                file.min_size,
                file.max_size,
                file.executable,
                quoted(&file.content),
            ),
            Detector::Structure => "model::Detector::Structure".to_owned(),
        }
    }

    fn structures(&mut self, structures: &[Structure]) -> String {
        let mut written = Vec::with_capacity(structures.len());
        for part in structures {
            let unless = match &part.unless {
                Some(condition) => format!("Some({})", self.condition(condition)),
                None => "None".to_owned(),
            };
            let gate =
                part.gate.map_or_else(|| "None".to_owned(), |gate| format!("Some(model::Gate::{gate:?})"));
            written.push(format!(
                "condition::Structure {{ formats: {}, kinds: {}, keywords: {}, files: {}, not_files: {}, gate: {gate}, \
                 note: {}, unless: {unless}, bad: {}, at: {} }}",
                self.texts(&part.formats),
                self.texts(&part.kinds),
                self.texts(&part.keywords),
                self.texts(&part.files),
                self.texts(&part.not_files),
                quoted(&part.note),
                self.condition(&part.bad),
                self.ways(&part.at),
            ));
        }
        self.list("condition::Structure", &written)
    }

    fn condition(&mut self, condition: &Condition) -> String {
        let written = match condition {
            Condition::All(list) => format!("All({})", self.conditions(list)),
            Condition::Any(list) => format!("Any({})", self.conditions(list)),
            Condition::Not(list) => format!("Not({})", self.conditions(list)),
            Condition::Value { paths, tests, default, nocase } => {
                let default = default
                    .as_ref()
                    .map_or_else(|| "None".to_owned(), |default| format!("Some({})", literal(default)));
                let tests: Vec<String> = tests.iter().map(|test| self.test(test)).collect();
                format!(
                    "Value {{ paths: {}, tests: {}, default: {default}, nocase: {nocase} }}",
                    self.ways(paths),
                    self.list("condition::Test", &tests),
                )
            }
            Condition::Present { paths, present } => {
                format!("Present {{ paths: {}, present: {present} }}", self.ways(paths))
            }
            Condition::Range { from, to, covers } => format!(
                "Range {{ from: {}, to: {}, covers: {} }}",
                self.way(from),
                self.way(to),
                self.numbers(covers)
            ),
            Condition::Each { paths, of } => {
                format!("Each {{ paths: {}, of: {} }}", self.ways(paths), self.conditions(of))
            }
            Condition::Key { name, of } => {
                format!("Key {{ name: {}, of: {} }}", quoted(name), self.conditions(of))
            }
            Condition::Ref { paths, of } => {
                format!("Ref {{ paths: {}, of: {} }}", self.ways(paths), self.conditions(of))
            }
            Condition::Linked { kinds, via, outward, of } => format!(
                "Linked {{ kinds: {}, via: {}, outward: {outward}, of: {} }}",
                self.texts(kinds),
                self.ways(via),
                self.conditions(of)
            ),
            Condition::Selects { paths, kinds, labels } => format!(
                "Selects {{ paths: {}, kinds: {}, labels: {} }}",
                self.ways(paths),
                self.texts(kinds),
                self.ways(labels)
            ),
            Condition::Kind(kinds) => format!("Kind({})", self.texts(kinds)),
            Condition::Name(name) => format!("Name({})", quoted(name)),
        };
        format!("condition::Condition::{written}")
    }

    fn conditions(&mut self, list: &[Condition]) -> String {
        let written: Vec<String> = list.iter().map(|condition| self.condition(condition)).collect();
        self.list("condition::Condition", &written)
    }

    fn test(&mut self, test: &Test) -> String {
        let mut literals =
            |list: &[Literal]| self.list("condition::Literal", &list.iter().map(literal).collect::<Vec<_>>());
        let written = match test {
            Test::In(list) => format!("In({})", literals(list)),
            Test::NotIn(list) => format!("NotIn({})", literals(list)),
            Test::Matches(text) => format!("Matches({})", quoted(text)),
            Test::NotMatches(text) => format!("NotMatches({})", quoted(text)),
            Test::Lt(number) => format!("Lt({number:?})"),
            Test::Gt(number) => format!("Gt({number:?})"),
            Test::Covers(ports) => format!("Covers({})", self.numbers(ports)),
            Test::World | Test::Wider(_) | Test::Literal(_) | Test::Secretlike => format!("{test:?}"),
        };
        format!("condition::Test::{written}")
    }

    fn numbers(&mut self, numbers: &[u16]) -> String {
        self.list("u16", &numbers.iter().map(u16::to_string).collect::<Vec<_>>())
    }

    fn ways(&mut self, paths: &[Way]) -> String {
        let written: Vec<String> = paths.iter().map(|path| self.way(path)).collect();
        self.list("condition::Path", &written)
    }

    fn way(&mut self, path: &Way) -> String {
        let written: Vec<String> = path.0.iter().map(step).collect();
        format!("condition::Path({})", self.list("condition::Step", &written))
    }

    fn texts(&mut self, texts: &[Text]) -> String {
        let list: Vec<String> = texts.iter().map(|text| text.clone().into_owned()).collect();
        format!("texts({}, {})", self.texts.place(list), texts.len())
    }

    fn examples(&mut self, examples: &[Example]) -> String {
        let list =
            examples.iter().map(|example| (example.path.to_string(), example.text.to_string())).collect();
        format!("examples({}, {})", self.examples.place(list), examples.len())
    }

    fn allow(&mut self, allow: &[Allow]) -> String {
        let written = allow
            .iter()
            .map(|allow| {
                format!(
                    "model::Allow {{ rules: {}, paths: {}, secrets: {}, lines: {}, stopwords: {}, commits: {}, \
                     reason: {}, until: {}, source: {} }}",
                    self.texts(&allow.rules),
                    self.texts(&allow.paths),
                    self.texts(&allow.secrets),
                    self.texts(&allow.lines),
                    self.texts(&allow.stopwords),
                    self.texts(&allow.commits),
                    quoted(&allow.reason),
                    quoted(&allow.until),
                    quoted(&allow.source),
                )
            })
            .collect::<Vec<_>>();
        self.list("model::Allow", &written)
    }

    fn list(&mut self, item: &str, written: &[String]) -> String {
        if written.is_empty() {
            return "Cow::Borrowed(&[])".to_owned();
        }
        let name = format!("LIST_{}", self.count);
        self.count += 1;
        let _infallible =
            writeln!(self.lists, "static {name}: [{item}; {}] = [{}];", written.len(), written.join(", "));
        format!("Cow::Borrowed(&{name})")
    }
}

/// A list of numbers.
fn numbers(list: &[u16]) -> String {
    format!("Cow::Borrowed(&{list:?})")
}

fn quoted(written: &str) -> String {
    format!("text({written:?})")
}

fn literal(literal: &Literal) -> String {
    let written = match literal {
        Literal::Bool(flag) => format!("Bool({flag})"),
        Literal::Number(number) => format!("Number({number:?})"),
        Literal::Text(text) => format!("Text({})", quoted(text)),
    };
    format!("condition::Literal::{written}")
}

fn step(step: &Step) -> String {
    let written = match step {
        Step::Key(key) => format!("Key({})", quoted(key)),
        Step::View(view) => format!("View(condition::View::{view:?})"),
        Step::Any | Step::Deep | Step::Json | Step::Index(_) => format!("{step:?}"),
    };
    format!("condition::Step::{written}")
}
