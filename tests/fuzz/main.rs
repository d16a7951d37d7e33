//! Feeds whatever takes what others have written with inputs that nobody has
//! thought of, and checks what comes of them.
//!
//! Inputs are made of those in `corpus/<target>` by changing their bytes and what
//! they are made of. One that brings about an answer of a new kind is changed
//! further; one after which something is not as it has to be is kept in the corpus,
//! where every run tries it first. Each is written to `target/fuzz/<target>/last`
//! before it is fed, and is there still where the program ends with it.
//!
//! ```text
//! scripts/fuzz                                the short run, the same each time
//! scripts/fuzz --seconds 600                  each target for its part of that
//! scripts/fuzz --seconds 600 orders lean      some of them
//! scripts/fuzz --seed 7 --inputs 5000 lean    so many inputs
//! scripts/fuzz tests/fuzz/corpus/lean/deep    one input alone
//! ```

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test may stop at the first thing that is not as it should be, and says so"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Seek as _, Write as _},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use rand::{SeedableRng as _, rngs::StdRng};
use sha2::{Digest as _, Sha256};

use targets::{ALL, Entry, Fault, Target, Wrong};

mod mutate;
mod server;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the tests' own server, of which this needs a part")]
mod support;
mod targets;
mod watch;

/// Feeds what takes input from others, and checks what comes of it.
#[derive(Parser)]
struct Arguments {
    /// For how many seconds, each target its part; else the short run.
    #[arg(long, conflicts_with = "inputs")]
    seconds: Option<u64>,
    /// How many inputs for each target.
    #[arg(long)]
    inputs: Option<usize>,
    /// What other inputs follow from.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Keeps inputs that are answered in a new way.
    #[arg(long)]
    keep: bool,
    /// Asked by cargo of its own harness.
    #[arg(long, hide = true)]
    quiet: bool,
    /// Targets, or files of inputs.
    given: Vec<String>,
}

fn main() -> ExitCode {
    watch::begin();
    if held(&Arguments::parse()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Does what is asked. Whether all was as it has to be.
fn held(arguments: &Arguments) -> bool {
    let (files, names): (Vec<_>, Vec<_>) =
        arguments.given.iter().partition(|name| Path::new(name).is_file());
    if let Some(unknown) = names.iter().find(|it| ALL.iter().all(|entry| entry.name != **it)) {
        let known: Vec<_> = ALL.iter().map(|entry| entry.name).collect();
        eprintln!("there is no target and no file {unknown}; there are {}", known.join(", "));
        return false;
    }
    if !files.is_empty() && !names.is_empty() {
        eprintln!("name either targets or files");
        return false;
    }
    if !files.is_empty() {
        return files.iter().filter(|file| repeat(Path::new(file))).count() == files.len();
    }
    let wanted: Vec<&Entry> = ALL
        .iter()
        .filter(|it| names.is_empty() || names.iter().any(|name| *name == it.name))
        .collect();
    let part = arguments
        .seconds
        .map(|all| Duration::from_secs(all) / u32::try_from(wanted.len()).unwrap_or(1));
    let run = |entry, fault| Run { entry, arguments, part, fault };
    let mut held = true;
    for entry in &wanted {
        held &= run(entry, None).go();
    }
    // A check that holds whatever is done shows nothing.
    if held && part.is_none() && arguments.inputs.is_none() {
        for entry in &wanted {
            for fault in entry.faults {
                held &= run(entry, Some(fault)).go();
            }
        }
    }
    held
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name)
}

/// Tries one input alone. Whether all is as it has to be.
fn repeat(file: &Path) -> bool {
    let of =
        |entry: &&Entry| file.parent().and_then(Path::file_name).is_some_and(|it| it == entry.name);
    let Some(entry) = ALL.iter().find(of) else {
        eprintln!("{} is in the folder of no target", file.display());
        return false;
    };
    watch::feeds(entry.name);
    let input = fs::read(file).expect("a file that can be read");
    let mut target = (entry.make)(None);
    let outcome = feed(&mut *target, &input)
        .and_then(|kind| end(&mut *target).map(|()| kind).map_err(|wrong| wrong.what));
    match &outcome {
        Ok(kind) => println!("{}: {kind}", file.display()),
        Err(fault) => eprintln!("{}: {fault}", file.display()),
    }
    outcome.is_ok()
}

fn feed(target: &mut dyn Target, input: &[u8]) -> Result<String, String> {
    let fed = panic::catch_unwind(AssertUnwindSafe(|| target.feed(input)));
    fed.unwrap_or_else(|_| Err("it panics".to_owned()))
}

fn end(target: &mut dyn Target) -> Result<(), Wrong> {
    let ended = panic::catch_unwind(AssertUnwindSafe(|| target.end()));
    ended.unwrap_or_else(|_| Err(Wrong { what: "it panics in the end".to_owned(), input: None }))
}

/// Where an input lies while it is fed. It stays where the program ends with it.
struct UnderWay {
    path: PathBuf,
    file: File,
}

impl UnderWay {
    fn of(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz").join(name);
        fs::create_dir_all(&folder).expect("a folder for what is under way");
        let path = folder.join("last");
        let file = File::create(&path).expect("a file for what is under way");
        Self { path, file }
    }

    /// Stays open: a file that is made anew each time is brought to the disk each time.
    fn note(&mut self, input: &[u8]) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(input)?;
        self.file.set_len(input.len() as u64)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // Nobody looks for it any more.
        let _ = fs::remove_file(&self.path);
    }
}

/// A run of one target.
struct Run<'a> {
    entry: &'static Entry,
    arguments: &'a Arguments,
    /// For how long; else as many inputs as are asked for, or as its short run has.
    part: Option<Duration>,
    /// Its check has this fault in it, which has to be seen and told so.
    fault: Option<&'static (Fault, &'static str)>,
}

impl Run<'_> {
    /// Whether all was as it has to be.
    fn go(&self) -> bool {
        let name = self.entry.name;
        let began = Instant::now();
        let mut under_way = UnderWay::of(name);
        watch::feeds(name);
        let mut target = (self.entry.make)(self.fault.map(|(fault, _)| *fault));
        let mutator = target.mutator();
        let mut answer = |input: &[u8]| {
            under_way.note(input).expect("it can be written down");
            watch::feeds(name);
            feed(&mut *target, input)
        };
        let mut kinds = BTreeMap::new();
        let mut pool = Vec::new();
        let mut fed = 0;
        for (file, input) in corpus(name) {
            fed += 1;
            match answer(&input) {
                Ok(kind) => *kinds.entry(kind).or_insert(0) += 1,
                Err(what) => return self.stumbles(fed, &what, || file.display().to_string()),
            }
            pool.push(input);
        }
        let most = self.arguments.inputs.unwrap_or(self.entry.inputs);
        let more = |fed: usize| match self.part {
            Some(part) => began.elapsed() < part,
            None => fed < most,
        };
        while more(fed) {
            // Each input has a seed of its own, so that one says which it was.
            let seed = u64::from(self.arguments.seed) << 32 | fed as u64;
            let input = mutator.next(&pool, &mut StdRng::seed_from_u64(seed));
            fed += 1;
            match answer(&input) {
                Ok(kind) => {
                    let count = kinds.entry(kind).or_insert(0);
                    *count += 1;
                    if *count == 1 {
                        if self.arguments.keep && self.fault.is_none() {
                            write(name, "kept", &input);
                        }
                        pool.push(input);
                    }
                }
                Err(what) => return self.stumbles(fed, &what, || write(name, "found", &input)),
            }
        }
        if let Err(Wrong { what, input }) = end(&mut *target) {
            return self.stumbles(fed, &what, || match input {
                Some(input) => write(name, "found", &input),
                // As many as these: time alone would end it elsewhere.
                None => format!("--seed {} --inputs {fed} {name}", self.arguments.seed),
            });
        }
        if let Some((fault, _)) = self.fault {
            eprintln!("{name}: nobody sees the fault that was made on purpose: {fault:?}");
            return false;
        }
        let seconds = began.elapsed().as_secs_f32();
        println!("{name:<15}{fed:>8} inputs, {} kinds of answer ({seconds:.1} s)", kinds.len());
        true
    }

    /// Says that something is not as it has to be, and how to have it again. Whether it
    /// was to be so.
    fn stumbles(&self, fed: usize, what: &str, again: impl FnOnce() -> String) -> bool {
        let name = self.entry.name;
        match self.fault {
            None => {
                eprintln!("{name}: {what}");
                eprintln!("  repeat it: scripts/fuzz {}", again());
                false
            }
            Some((fault, told)) if what.starts_with(told) => {
                println!("{name:<15}a fault on purpose is seen after {fed} inputs: {fault:?}");
                true
            }
            Some((fault, _)) => {
                eprintln!("{name}: a fault on purpose ({fault:?}) is taken for another: {what}");
                false
            }
        }
    }
}

/// What the corpus has for `name`, by the names of the files.
fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(folder(name)).expect("a folder of inputs");
    let files: BTreeSet<PathBuf> = files.map(|it| it.expect("an entry").path()).collect();
    let read = |file: PathBuf| {
        let input = fs::read(&file).expect("a file that can be read");
        (file, input)
    };
    files.into_iter().map(read).collect()
}

/// Keeps `input` in the corpus. Where it is.
fn write(name: &str, why: &str, input: &[u8]) -> String {
    let digest = Sha256::digest(input);
    let hash = digest.iter().take(6).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
    let file = folder(name).join(format!("{why}-{hash:012x}"));
    fs::write(&file, input).expect("a file that can be written");
    file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&file).display().to_string()
}
