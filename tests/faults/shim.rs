//! The layer between the program and the C library (`shim.c`): the time of day, a disk
//! that refuses, and what a power cut takes. Linux with a C compiler; elsewhere these
//! faults are left out, and a line says so.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rand::{Rng as _, rngs::StdRng};

const SOURCE: &str = include_str!("shim.c");

/// What writes and syncs are refused with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    NoSpace,
    ReadOnly,
    InputOutput,
}

impl Refusal {
    /// As Linux numbers them.
    fn number(self) -> i32 {
        match self {
            Self::NoSpace => 28,
            Self::ReadOnly => 30,
            Self::InputOutput => 5,
        }
    }
}

/// The layer of one run.
pub(crate) struct Shim {
    library: PathBuf,
    control: File,
    control_path: PathBuf,
    undo: PathBuf,
    data: PathBuf,
}

impl Shim {
    /// Compiles the layer into `folder`; why it cannot be had, where it cannot.
    pub(crate) fn compile(folder: &Path) -> Result<PathBuf, String> {
        if !cfg!(target_os = "linux") {
            return Err("it takes Linux".to_owned());
        }
        let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
        fs::write(&source, SOURCE).map_err(|error| error.to_string())?;
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let output = Command::new(&compiler)
            .args(["-O1", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-lpthread")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{compiler}: {error}"))?;
        if output.status.success() {
            Ok(library)
        } else {
            Err(format!("{compiler}: {}", String::from_utf8_lossy(&output.stderr)))
        }
    }

    /// One for a program with its store in `data`; `folder` is the run's own.
    pub(crate) fn new(library: &Path, folder: &Path, data: &Path) -> io::Result<Self> {
        let (control_path, undo) = (folder.join("control"), folder.join("undo"));
        fs::create_dir_all(&undo)?;
        let control = OpenOptions::new()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(&control_path)?;
        control.set_len(4096)?;
        let (library, data) = (library.to_owned(), data.to_owned());
        Ok(Self { library, control, control_path, undo, data })
    }

    /// Has `command` run under it.
    pub(crate) fn put_under(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAULTS_CONTROL", &self.control_path)
            .env("FAULTS_DATA", &self.data)
            .env("FAULTS_UNDO", &self.undo);
    }

    pub(crate) fn set_clock(&self, off_ms: i64) -> io::Result<()> {
        self.control.write_all_at(&(off_ms * 1_000_000).to_ne_bytes(), 0)
    }

    pub(crate) fn refuse_writes(&self, why: Option<Refusal>) -> io::Result<()> {
        self.set(8, why.map_or(0, Refusal::number))
    }

    pub(crate) fn refuse_syncs(&self, why: Option<Refusal>) -> io::Result<()> {
        self.set(12, why.map_or(0, Refusal::number))
    }

    /// Refuses the next `count` syncs of the store's log; where it `dies`, every write too
    /// after the first of them.
    pub(crate) fn refuse_next_syncs(&self, count: i32, dies: bool) -> io::Result<()> {
        self.set(44, i32::from(dies))?;
        self.set(40, count)
    }

    /// Has every sync say that it is done, and do nothing.
    pub(crate) fn lie(&self, lies: bool) -> io::Result<()> {
        self.set(16, i32::from(lies))
    }

    /// How many writes were refused, but for want of room.
    pub(crate) fn refused_writes(&self) -> u64 {
        self.get(20).into()
    }

    /// How many writes found no room, on a disk that is full or on one that is made up.
    pub(crate) fn no_room(&self) -> u64 {
        self.get(24).into()
    }

    /// How many syncs were refused.
    pub(crate) fn refused_syncs(&self) -> u64 {
        self.get(28).into()
    }

    /// How often the program was told another time of day.
    pub(crate) fn shifted(&self) -> u64 {
        self.get(32).into()
    }

    /// Whether the program opened its store through it whose process this is: one that
    /// needs no library, or is started by another, goes past it without a word.
    pub(crate) fn is_under(&self, process: u32) -> bool {
        self.get(36) == process
    }

    fn get(&self, offset: u64) -> u32 {
        let mut number = [0; 4];
        let read = self.control.read_exact_at(&mut number, offset);
        read.map_or(0, |()| u32::from_ne_bytes(number))
    }

    fn set(&self, offset: u64, value: i32) -> io::Result<()> {
        self.control.write_all_at(&value.to_ne_bytes(), offset)
    }

    /// The power is cut, and the program is dead: takes writes back that were not synced,
    /// each but for about `survives` of a hundred. How many were taken back.
    pub(crate) fn cut_power(&self, survives: u8, random: &mut StdRng) -> io::Result<usize> {
        let mut taken_back = 0;
        for undo in fs::read_dir(&self.undo)? {
            let undo = undo?;
            let records = fs::read(undo.path())?;
            fs::remove_file(undo.path())?;
            let Ok(file) = OpenOptions::new().write(true).open(self.data.join(undo.file_name()))
            else {
                // It is not there any more, so there is nothing to take back.
                continue;
            };
            for write in Write::all(&records).into_iter().rev() {
                if random.random_range(0..100) >= survives {
                    write.take_back(&file)?;
                    taken_back += 1;
                }
            }
        }
        for shared in fs::read_dir(&self.data)? {
            let shared = shared?.path();
            if shared.to_string_lossy().ends_with("-shm") {
                fs::remove_file(shared)?;
            }
        }
        Ok(taken_back)
    }
}

/// A write that was not synced.
struct Write<'a> {
    offset: u64,
    /// None where it changed the file's size.
    length: Option<u64>,
    old_size: u64,
    old: &'a [u8],
}

impl<'a> Write<'a> {
    /// Those of an undo file; the last is not whole where the program died on it, and
    /// was not done then.
    fn all(mut records: &'a [u8]) -> Vec<Self> {
        let mut writes = Vec::new();
        while let Some((head, rest)) = records.split_first_chunk::<32>() {
            let number = |at: usize| {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(&head[at..at + 8]);
                i64::from_ne_bytes(bytes)
            };
            let positive = |at| u64::try_from(number(at)).unwrap_or(0);
            let Some((old, rest)) =
                usize::try_from(number(24)).ok().and_then(|kept| rest.split_at_checked(kept))
            else {
                break;
            };
            let length = u64::try_from(number(8)).ok();
            writes.push(Self { offset: positive(0), length, old_size: positive(16), old });
            records = rest;
        }
        writes
    }

    fn take_back(&self, file: &File) -> io::Result<()> {
        file.write_all_at(self.old, self.offset)?;
        let Some(length) = self.length else { return file.set_len(self.old_size) };
        // What it added is gone; where something behind it stays, there is a hole.
        let (end, now) = (self.offset + length, file.metadata()?.len());
        if now <= end {
            return file.set_len(self.old_size.min(now));
        }
        let from = self.old_size.max(self.offset);
        let hole = usize::try_from(end.saturating_sub(from)).unwrap_or(0);
        file.write_all_at(&vec![0; hole], from)
    }
}
