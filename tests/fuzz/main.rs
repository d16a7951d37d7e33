//! Feeds whatever takes what others have written with inputs that nobody has
//! thought of, and checks what comes of them.
//!
//! Inputs are made of those in `corpus/<target>` by changing their bytes and what
//! they are made of. One that brings about an answer of a new kind is changed
//! further; one after which something is not as it has to be is kept in the corpus,
//! where every run tries it first.
//!
//! ```text
//! scripts/fuzz                                the short run, the same each time
//! scripts/fuzz --seconds 600                  each target for its part of that
//! scripts/fuzz --seconds 600 orders lean      some of them
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
    env, fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use rand::{SeedableRng as _, rngs::StdRng};
use sha2::{Digest as _, Sha256};

use targets::{ALL, Entry, Target};

mod mutate;
mod server;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the tests' own server, of which this needs a part")]
mod support;
mod targets;

/// Inputs that are enough to see a fault that was made on purpose.
const FAULTY_INPUTS: usize = 2000;

fn main() -> ExitCode {
    let mut seconds: Option<u64> = None;
    let mut seed = 1;
    let mut keep = false;
    let mut given = Vec::new();
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => seconds = arguments.next().and_then(|it| it.parse().ok()),
            "--seed" => seed = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(1),
            "--keep" => keep = true,
            "--quiet" | "--nocapture" => {}
            name => given.push(name.to_owned()),
        }
    }
    let one = |name: &String| Path::new(name).is_file();
    let (files, names): (Vec<_>, Vec<_>) = given.into_iter().partition(one);
    if let Some(unknown) = names.iter().find(|it| ALL.iter().all(|entry| entry.name != **it)) {
        let known: Vec<_> = ALL.iter().map(|entry| entry.name).collect();
        eprintln!("there is no target {unknown}; there are {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    if !files.is_empty() {
        let held = files.iter().filter(|file| repeat(Path::new(file))).count();
        return if held == files.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let wanted: Vec<&Entry> = ALL
        .iter()
        .filter(|it| names.is_empty() || names.iter().any(|name| name == it.name))
        .collect();
    let part =
        seconds.map(|all| Duration::from_secs(all) / u32::try_from(wanted.len()).unwrap_or(1));
    let mut held = true;
    for entry in &wanted {
        held &= Run { entry, seed, part, keep, broken: false }.go();
    }
    // A check that holds whatever is done shows nothing.
    if held && seconds.is_none() {
        for entry in &wanted {
            held &= Run { entry, seed, part: None, keep: false, broken: true }.go();
        }
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
    let input = fs::read(file).expect("a file that can be read");
    let mut target = (entry.make)(false);
    let outcome = feed(&mut *target, &input).and_then(|kind| target.end().map(|()| kind));
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

/// A run of one target.
struct Run<'a> {
    entry: &'a Entry,
    seed: u64,
    /// For how long; else as many inputs as its short run has.
    part: Option<Duration>,
    /// Inputs of a new kind are kept in the corpus.
    keep: bool,
    /// Its check has a fault in it, which has to be seen.
    broken: bool,
}

impl Run<'_> {
    /// Whether all was as it has to be.
    fn go(&self) -> bool {
        let name = self.entry.name;
        let began = Instant::now();
        let mut target = (self.entry.make)(self.broken);
        let mut kinds = BTreeMap::new();
        let mut pool = Vec::new();
        let mut fed = 0;
        for (file, input) in corpus(name) {
            fed += 1;
            match feed(&mut *target, &input) {
                Ok(kind) => *kinds.entry(kind).or_insert(0) += 1,
                Err(_) if self.broken => return self.seen(fed),
                Err(fault) => {
                    eprintln!("{name}: {}: {fault}", file.display());
                    return false;
                }
            }
            pool.push(input);
        }
        let mutator = target.mutator();
        let most = if self.broken { FAULTY_INPUTS } else { self.entry.inputs };
        let more = |fed: usize| match self.part {
            Some(part) => began.elapsed() < part,
            None => fed < most,
        };
        while more(fed) {
            // Each input has a seed of its own, so that one says which it was.
            let mut random = StdRng::seed_from_u64(self.seed << 32 | fed as u64);
            let input = mutator.next(&pool, &mut random);
            fed += 1;
            match feed(&mut *target, &input) {
                Ok(kind) => {
                    let count = kinds.entry(kind).or_insert(0);
                    *count += 1;
                    if *count == 1 {
                        if self.keep {
                            write(name, "kept", &input);
                        }
                        pool.push(input);
                    }
                }
                Err(_) if self.broken => return self.seen(fed),
                Err(fault) => {
                    let file = write(name, "found", &input);
                    eprintln!("{name}: {fault}");
                    eprintln!("  repeat it: scripts/fuzz {}", file.display());
                    return false;
                }
            }
        }
        if let Err(fault) = target.end() {
            eprintln!("{name}: {fault}");
            eprintln!("  repeat it: scripts/fuzz --seed {} {name}", self.seed);
            return false;
        }
        if self.broken {
            eprintln!("{name}: nobody sees the fault that was made on purpose");
            return false;
        }
        let seconds = began.elapsed().as_secs_f32();
        println!("{name:<15}{fed:>8} inputs, {} kinds of answer ({seconds:.1} s)", kinds.len());
        true
    }

    fn seen(&self, fed: usize) -> bool {
        println!("{:<15}a fault on purpose is seen after {fed} inputs", self.entry.name);
        true
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
fn write(name: &str, why: &str, input: &[u8]) -> PathBuf {
    let digest = Sha256::digest(input);
    let hash = digest.iter().take(6).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
    let file = folder(name).join(format!("{why}-{hash:012x}"));
    fs::write(&file, input).expect("a file that can be written");
    file.strip_prefix(env!("CARGO_MANIFEST_DIR")).map_or(file.clone(), Path::to_path_buf)
}
