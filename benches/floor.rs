//! How fast all of a repository's history can be read: `cargo bench --bench floor -- REPO [THREADS]`.
//!
//! Several programs in one, each in a process of its own so that memory is told apart:
//!
//! - `gix`: the floor. `gix-pack` decodes every object, without checksums, by its delta tree.
//! - `walk`: our walk decodes every object.
//! - `windows`: the same, the pack being read in windows instead of as a whole.
//! - `lines`: our walk, and every fresh range is widened to whole lines and searched for a byte.
//! - `audit`: `abatis audit` with all that it does.
//!
//! The first four must agree on the number of objects. The first line tells the bytes of the packs. Compare the ratios of one run only.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot run has nothing to tell")]
#![allow(missing_docs, reason = "a program")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use abatis::{
    origin::ObjectId,
    source::{
        Problem,
        git::pack::{IdFormat, Limits, Object, ObjectKind, ObjectSink, ObjectStore, Places, Role, Walk},
    },
    text::{Fresh, Span, lines_around},
};
use gix_pack::index::traverse::{Algorithm, Options, SafetyCheck};

const MODES: [&str; 5] = ["gix", "walk", "windows", "lines", "audit"];

/// What a mode counted.
#[derive(Default)]
struct Figures {
    objects: u64,
    bytes: u64,
    inflated: u64,
    /// Of blobs, commits and tags.
    fresh: u64,
    lines: u64,
    hits: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match arguments.as_slice() {
        [repo, threads, mode] => run(Path::new(repo), threads.parse().unwrap(), mode),
        [repo, threads] => all(repo, threads),
        [repo] => all(repo, "2"),
        _ => println!("floor: name a bare repository to read"),
    }
}

fn all(repo: &str, threads: &str) {
    let entries = fs::read_dir(Path::new(repo).join("objects/pack")).unwrap().map(|entry| entry.unwrap());
    let packs = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "pack"));
    println!("packs: {} MiB", packs.map(|pack| pack.metadata().unwrap().len()).sum::<u64>() >> 20);
    println!("mode     wall s  cpu s peak MiB  objects   bytes MiB inflated MiB fresh MiB lines MiB");
    for mode in MODES {
        let program = std::env::current_exe().unwrap();
        assert!(Command::new(program).args([repo, threads, mode]).status().unwrap().success());
    }
}

fn run(repo: &Path, threads: usize, mode: &str) {
    if mode == "audit" {
        return audit(repo, threads);
    }
    let start = Instant::now();
    let figures = match mode {
        "gix" => gix(repo, threads),
        "walk" => walk(repo, threads, Limits::default(), false),
        "windows" => walk(repo, threads, Limits { held: 0, ..Limits::default() }, false),
        _ => walk(repo, threads, Limits::default(), true),
    };
    let wall = start.elapsed().as_secs_f64();
    let (cpu, peak) = process_figures(OWN);
    let Figures { objects, bytes, inflated, fresh, lines, hits } = figures;
    // Nothing of the search may be optimised away.
    std::hint::black_box(hits);
    println!(
        "{mode:8} {wall:6.2} {cpu:>6} {peak:>8} {objects:8} {:11} {:12} {:9} {:9}",
        bytes >> 20,
        inflated >> 20,
        fresh >> 20,
        lines >> 20
    );
}

fn gix(repo: &Path, threads: usize) -> Figures {
    let (objects, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let entries = fs::read_dir(repo.join("objects/pack")).unwrap();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "idx")) {
        let index = gix_pack::index::File::at(path, gix_hash::Kind::Sha1).unwrap();
        if index.num_objects() == 0 {
            continue;
        }
        let pack = gix_pack::data::File::at(path.with_extension("pack"), gix_hash::Kind::Sha1).unwrap();
        let take = |_, content: &[u8], _: &gix_pack::index::Entry, _: &dyn gix_utils::progress::Progress| {
            objects.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(content.len() as u64, Ordering::Relaxed);
            Ok(())
        };
        let options = Options {
            traversal: Algorithm::DeltaTreeLookup,
            thread_limit: Some(threads),
            check: SafetyCheck::SkipFileAndObjectChecksumVerification,
            alloc_limit_bytes: None,
            make_pack_lookup_cache: || gix_pack::cache::Never,
        };
        let stop = AtomicBool::new(false);
        index.traverse(&pack, &mut gix_utils::progress::Discard, &stop, take, options).unwrap();
    }
    Figures { objects: objects.into_inner(), bytes: bytes.into_inner(), ..Figures::default() }
}

fn walk(repo: &Path, threads: usize, limits: Limits, lines: bool) -> Figures {
    let places = Places { objects: repo.join("objects"), alternates: Vec::new() };
    let store = ObjectStore::open(&places, IdFormat::Sha1).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let options = Walk { limits, ..Walk::default() };
    let (workers, tally) = pool.install(|| store.walk(&options, &Reader { lines }));
    let mut figures = Figures { inflated: tally.inflated, ..Figures::default() };
    for worker in workers {
        figures.objects += worker.objects;
        figures.bytes += worker.bytes;
        figures.fresh += worker.fresh;
        figures.lines += worker.lines;
        figures.hits += worker.hits;
    }
    figures
}

/// Runs the program itself, and asks every few milliseconds how much memory it has taken.
fn audit(repo: &Path, threads: usize) {
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_abatis"));
    command.arg("audit").arg(repo).args(["--allow-missing", "--allow-shallow", "--threads"]);
    command.args([&threads.to_string(), "--format", "json", "--fail-on", "never"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut most = None;
    let status = loop {
        most = peak(&child.id().to_string()).max(most);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let wall = start.elapsed().as_secs_f64();
    assert!(status.success(), "{status}");
    let (cpu, _) = process_figures(CHILDREN);
    println!("{:8} {wall:6.2} {cpu:>6} {:>8}", "audit", told(most));
}

/// Counts, and with `lines` looks at what is new.
struct Reader {
    lines: bool,
}

impl ObjectSink for Reader {
    type State = ();
    type Worker = Figures;

    fn worker(&self) -> Figures {
        Figures::default()
    }

    fn object(&self, figures: &mut Figures, object: &Object<'_>, _base: Option<&()>) {
        figures.objects += u64::from(object.role == Role::Wanted);
        figures.bytes += object.bytes.len() as u64;
        if object.kind == ObjectKind::Tree || !self.lines {
            return;
        }
        figures.fresh += object.fresh.bytes(object.bytes.len());
        let whole = [Span::new(0, object.bytes.len())];
        let spans = match object.fresh {
            Fresh::All => &whole[..],
            Fresh::Ranges(spans) => spans,
        };
        let mut done = 0;
        for span in spans.iter().filter(|span| !span.is_empty()) {
            let wide = lines_around(object.bytes, *span);
            let wide = Span::new(wide.start.max(done), wide.end);
            done = done.max(wide.end);
            figures.lines += wide.len() as u64;
            // A byte that is in no text: the search runs through all of it.
            figures.hits += memchr::memchr_iter(1, wide.of(object.bytes)).count() as u64;
        }
    }

    fn too_large(&self, id: ObjectId, kind: ObjectKind, size: u64) {
        println!("{kind} {id} has {size} bytes");
    }

    fn problem(&self, problem: Problem) {
        println!("{problem}");
    }
}

/// Behind the name of a process, which is in brackets, the words that tell its user and system time…
const OWN: usize = 11;
/// …and those of its children that have ended.
const CHILDREN: usize = 13;

/// Seconds of all threads, and the most memory of this process in MiB so far, where the system tells.
fn process_figures(times: usize) -> (String, String) {
    /// Clock ticks a second, the same on every Linux.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let words = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = words.skip(times).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
    let cpu = (ticks > 0.0).then(|| format!("{:.2}", ticks / TICKS));
    (told(cpu), told(peak("self")))
}

/// The most memory that a process has had so far, in MiB.
fn peak(process: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().strip_suffix(" kB")?.parse::<u64>().ok()? >> 10)
}

fn told(figure: Option<impl ToString>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| figure.to_string())
}
