//! What is to be done to the program and its connections, and when: drawn from the seed
//! and from nothing else, so that the same seed plays the same faults.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

/// For how long syncs do nothing, where that is to be noticed.
const LIE: Duration = Duration::from_millis(1200);

/// The schedule of one run.
#[derive(Debug)]
pub(crate) struct Plan {
    /// From this each client draws for itself.
    pub(crate) seed: u64,
    /// For how long there are faults.
    pub(crate) length: Duration,
    /// What is done, by time.
    pub(crate) steps: Vec<(Duration, Act)>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// `kill -9`, and a start after so long.
    Kill { down: Duration },
    /// The same, and of what was not synced about so many of a hundred writes survive.
    PowerCut { down: Duration, survives: u8 },
    /// `SIGTERM`, and a start.
    Restart,
    /// `SIGSTOP` for so long.
    Pause { lasts: Duration },
    /// Connections are closed.
    Cut(Share),
    /// Connections are reset.
    Reset(Share),
    /// Connections carry nothing.
    Stall { which: Share, lasts: Duration },
    /// Connections carry so many bytes in a tick of ten milliseconds.
    Throttle { which: Share, bytes: usize, lasts: Duration },
    /// The disk is full.
    FullDisk { lasts: Duration },
    /// The data folder cannot be written.
    ReadOnly { lasts: Duration },
    /// A sync fails.
    SyncFails { lasts: Duration },
    /// So many of the next syncs of the store's log fail; what comes after them does not.
    NextSyncsFail { count: i32, lasts: Duration },
    /// A sync of the store's log fails, and nothing can be written after it.
    DiskDies { lasts: Duration },
    /// The wall clock is off by so many milliseconds from now on.
    Clock { off_ms: i64 },
    /// Receivers of webhooks refuse.
    HookTrouble { lasts: Duration },
    /// Readers come that never read.
    DeadReaders { count: usize },
    /// Whatever lasts is over.
    Lift(Lasting),
    /// Syncs do nothing for so long, and then the power is cut: only where that is to
    /// be noticed.
    Lie { lasts: Duration },
}

/// So many of a hundred connections, drawn anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) percent: u64,
    pub(crate) salt: u64,
}

/// What lasts until it is lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    Stall,
    Throttle,
    Disk,
    /// The same, to the end of the process, which is killed: what it could not bring to the
    /// disk it must not find there when it starts again.
    DiskAndProcess,
    Hooks,
}

impl Act {
    /// What it is called in what is printed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill { .. } => "kill -9",
            Self::PowerCut { .. } => "power cut",
            Self::Restart => "restart",
            Self::Pause { .. } => "stopped and continued",
            Self::Cut(_) => "cut",
            Self::Reset(_) => "reset",
            Self::Stall { .. } => "stalled",
            Self::Throttle { .. } => "throttled",
            Self::FullDisk { .. } => "disk full",
            Self::ReadOnly { .. } => "read-only",
            Self::SyncFails { .. } => "sync fails",
            Self::NextSyncsFail { .. } => "next syncs fail",
            Self::DiskDies { .. } => "disk dies",
            Self::Clock { .. } => "clock jump",
            Self::HookTrouble { .. } => "receivers refuse",
            Self::DeadReaders { .. } => "readers that never read",
            Self::Lift(_) => "lifted",
            Self::Lie { .. } => "sync does nothing",
        }
    }
}

impl Act {
    /// Whether the disk refuses until that is lifted.
    pub(crate) fn is_of_the_disk(self) -> bool {
        matches!(self, Self::FullDisk { .. } | Self::ReadOnly { .. })
            || self.leaves_something_behind()
    }

    /// Whether a write that failed may stand on the disk all the same.
    fn leaves_something_behind(self) -> bool {
        matches!(self, Self::SyncFails { .. } | Self::NextSyncsFail { .. } | Self::DiskDies { .. })
    }
}

impl Plan {
    /// The plan of `seed`, over `length`.
    pub(crate) fn draw(seed: u64, length: Duration) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let mut steps = Vec::new();
        let mut kinds: Vec<u8> = Vec::new();
        // The first moments belong to the clients: there must be something to lose.
        let mut at = 400 + random.random_range(0..300);
        while at + 500 < millis {
            let kind = kinds.pop().unwrap_or_else(|| {
                // Each kind comes before any comes again; a process dies more often.
                kinds = (0..16).chain([0, 1, 1]).collect();
                kinds.shuffle(&mut random);
                kinds.pop().unwrap_or(0)
            });
            let lasts = Duration::from_millis(random.random_range(150..900));
            let act = Self::act(kind, lasts, &mut random);
            steps.push((Duration::from_millis(at), act));
            let lift = match act {
                Act::Stall { .. } => Some(Lasting::Stall),
                Act::Throttle { .. } => Some(Lasting::Throttle),
                act if act.leaves_something_behind() && random.random() => {
                    Some(Lasting::DiskAndProcess)
                }
                act if act.is_of_the_disk() => Some(Lasting::Disk),
                Act::HookTrouble { .. } => Some(Lasting::Hooks),
                _ => None,
            };
            if let Some(lift) = lift {
                steps.push((Duration::from_millis(at) + lasts, Act::Lift(lift)));
            }
            at += random.random_range(120..650);
        }
        steps.sort_by_key(|(at, _)| *at);
        Self { seed, length, steps }
    }

    /// The same with a while in which syncs do nothing, before the power is cut. Nothing
    /// else stands in its way.
    pub(crate) fn with_lies(mut self) -> Self {
        let begin = self.length / 2;
        let around = begin.saturating_sub(2 * LIE)..begin + LIE;
        self.steps.retain(|(at, act)| matches!(act, Act::Lift(_)) || !around.contains(at));
        self.steps.push((begin, Act::Lie { lasts: LIE }));
        self.steps.sort_by_key(|(at, _)| *at);
        self
    }

    fn act(kind: u8, lasts: Duration, random: &mut StdRng) -> Act {
        let down = Duration::from_millis(random.random_range(0..300));
        let which = Share { percent: random.random_range(20..=100), salt: random.random() };
        match kind {
            0 => Act::Kill { down },
            1 => Act::PowerCut { down, survives: [0, 0, 50, 90][random.random_range(0..4)] },
            2 => Act::Restart,
            3 => Act::Pause { lasts: 2 * lasts },
            4 => Act::Cut(which),
            5 => Act::Reset(which),
            6 => Act::Stall { which, lasts },
            7 => Act::Throttle { which, bytes: random.random_range(20..400), lasts },
            8 => Act::FullDisk { lasts },
            9 => Act::ReadOnly { lasts },
            10 => Act::SyncFails { lasts },
            11 => {
                let far = [2_000, 90_000, 5_400_000, 100_000_000, 259_200_000];
                let far: i64 = far[random.random_range(0..far.len())];
                Act::Clock { off_ms: random.random_range(-far..=far) }
            }
            12 => Act::HookTrouble { lasts },
            13 => Act::NextSyncsFail { count: random.random_range(1..=2), lasts },
            14 => Act::DiskDies { lasts },
            _ => Act::DeadReaders { count: random.random_range(5..40) },
        }
    }
}
