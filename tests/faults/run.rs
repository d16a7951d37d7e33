//! One run of one seed: the clients at their work, the faults by the plan, and in the
//! end, when nothing is wrong any more, everybody's history.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use hyper::Method;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    checker::{self, Broken, Verdict},
    clients::{
        Common, Ear,
        dead::DeadReaders,
        hooks::Receivers,
        http::{Ask, Client, Door},
        lock, pollers,
        readers::{self, Comes},
        staff, writers,
    },
    deceit::Deceit,
    disk::SmallDisk,
    filter::{ALL, Filter},
    history::{Change, History, Hook, Post, Reader, Told, Wish},
    plan::{Act, Lasting, Plan, Share},
    program::{Place, Program},
    proxy::{End, Proxy, Weather},
    shim::{Refusal, Shim},
};

/// How long the end may take, when nothing is wrong any more. It is no measure of speed,
/// it only turns waiting for ever into a verdict.
const PATIENCE: Duration = Duration::from_mins(1);

/// A few times a fault may come while there is nothing for it to hit; not so often.
const OFTEN: u64 = 10;
/// A power cut takes only what was under way: most of them nothing.
const OFTEN_CUT: u64 = 50;

const WRITERS: u64 = 5;
const STAFF: u64 = 7;
const PASSWORD: &str = "seven grey herons at noon";

/// What a run is made of.
pub(crate) struct Setting {
    pub(crate) binary: PathBuf,
    /// Where it makes its folder.
    pub(crate) folder: PathBuf,
    /// The layer, where there is one.
    pub(crate) library: Option<PathBuf>,
    pub(crate) deceit: Option<Deceit>,
}

/// What was done, in figures.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) faults: BTreeMap<&'static str, u64>,
    /// What is broken, and how often.
    pub(crate) broken: BTreeMap<Broken, usize>,
    pub(crate) requests: u64,
    pub(crate) acknowledged: u64,
    /// How many orders had to be refused, and were.
    pub(crate) refused: u64,
    pub(crate) unanswered: u64,
    pub(crate) streams: u64,
    pub(crate) events: u64,
    pub(crate) delivered: u64,
    /// How many of those came to a receiver again.
    pub(crate) repeats: u64,
    pub(crate) refused_writes: u64,
    /// How many writes found the disk full.
    pub(crate) no_room: u64,
    pub(crate) refused_syncs: u64,
    /// How often the program was told another time of day.
    pub(crate) shifted: u64,
    pub(crate) taken_back: u64,
}

impl Tally {
    /// Faults that were done often enough, and by their own counters did nothing.
    pub(crate) fn idle(&self) -> Vec<&'static str> {
        let effects = [
            ("disk full", OFTEN, self.no_room),
            ("read-only", OFTEN, self.refused_writes),
            ("sync fails", OFTEN, self.refused_syncs),
            ("power cut", OFTEN_CUT, self.taken_back),
            ("clock jump", OFTEN, self.shifted),
        ];
        let often = |name, often| self.faults.get(name).is_some_and(|count| *count >= often);
        let idle =
            effects.iter().filter(|(name, many, effect)| often(*name, *many) && *effect == 0);
        idle.map(|(name, ..)| *name).collect()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (name, count) in &other.faults {
            *self.faults.entry(name).or_default() += count;
        }
        for (which, count) in &other.broken {
            *self.broken.entry(*which).or_default() += count;
        }
        self.requests += other.requests;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self.streams += other.streams;
        self.events += other.events;
        self.delivered += other.delivered;
        self.repeats += other.repeats;
        self.refused_writes += other.refused_writes;
        self.no_room += other.no_room;
        self.refused_syncs += other.refused_syncs;
        self.shifted += other.shifted;
        self.taken_back += other.taken_back;
    }
}

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) history: History,
    pub(crate) tally: Tally,
    /// What the program wrote of itself.
    pub(crate) log: String,
}

/// Readers from the beginning on: what they ask for, how they come, and whether
/// compressed.
const READERS: [(Filter, Comes, bool); 14] = [
    (ALL, Comes::Earliest, false),
    (ALL, Comes::Earliest, true),
    (ALL, Comes::WithSnapshot, true),
    (ALL, Comes::Now, false),
    (Filter { channels: &["web"], ..ALL }, Comes::Earliest, true),
    (Filter { channels: &["kiosk"], ..ALL }, Comes::WithSnapshot, false),
    (Filter { stations: &["grill"], ..ALL }, Comes::WithSnapshot, true),
    (Filter { stations: &["fry", "bar"], ..ALL }, Comes::Earliest, false),
    (Filter { statuses: &["placed"], ..ALL }, Comes::Earliest, false),
    (Filter { statuses: &["ready", "out_for_delivery"], ..ALL }, Comes::WithSnapshot, true),
    (Filter { types: &["order.ready", "order.completed"], ..ALL }, Comes::Earliest, true),
    (Filter { types: &["order.updated"], ..ALL }, Comes::Now, false),
    (Filter { services: &["delivery"], ..ALL }, Comes::Earliest, false),
    (Filter { channels: &["phone"], statuses: &["preparing"], ..ALL }, Comes::WithSnapshot, false),
];

/// Boards that are opened in the middle of it.
const LATE: [(Filter, Comes, bool); 4] = [
    (ALL, Comes::WithSnapshot, false),
    (ALL, Comes::WithSnapshot, true),
    (Filter { stations: &["bar"], ..ALL }, Comes::WithSnapshot, true),
    (ALL, Comes::Now, true),
];

const POLLERS: [Filter; 3] = [
    ALL,
    Filter { channels: &["web", "phone"], ..ALL },
    Filter { types: &["order.placed", "order.cancelled"], ..ALL },
];

const HOOKS: [Filter; 2] =
    [ALL, Filter { types: &["order.ready", "order.completed"], channels: &["web"], ..ALL }];

/// What one run has; it is taken down in this order, however it ends.
struct Stage {
    program: Option<Program>,
    dead: DeadReaders,
    disk: Option<SmallDisk>,
    shim: Option<Shim>,
    place: Place,
    weather: watch::Sender<Weather>,
    receivers: Receivers,
    hook_weather: watch::Sender<Weather>,
    common: Arc<Common>,
    ears: Vec<Ear>,
    /// What is known so far; in the end, what everybody saw.
    history: History,
    cookie: Arc<str>,
    random: StdRng,
    tally: Tally,
    disk_trouble: bool,
    _folder: tempfile::TempDir,
}

/// Runs `plan`. Where it does not come to its end, that is the verdict.
pub(crate) async fn run(setting: &Setting, plan: &Plan) -> Result<Outcome, String> {
    let mut stage = Stage::set(setting, plan.seed).await?;
    let ended = stage.play(setting, plan).await;
    Ok(stage.end(ended, setting.deceit).await)
}

impl Stage {
    /// Plays `plan` from the first start to where everybody has heard of everything.
    async fn play(&mut self, setting: &Setting, plan: &Plan) -> Result<(), String> {
        self.begin().await?;
        self.cookie = self.log_in().await?;
        let said = |error: std::io::Error| error.to_string();
        let (cookie, common) = (Arc::clone(&self.cookie), Arc::clone(&self.common));
        let door = |proxy: &Proxy| Door {
            address: proxy.address,
            cookie: Arc::clone(&cookie),
            common: Arc::clone(&common),
        };
        let meddles =
            setting.deceit.filter(|deceit| matches!(deceit, Deceit::Forge | Deceit::Smuggle));
        let edits = setting.deceit.filter(|deceit| deceit.editor().is_some());
        let office = Proxy::start(self.weather.subscribe(), meddles).await.map_err(said)?;
        let network = Proxy::start(self.weather.subscribe(), None).await.map_err(said)?;
        let deceived = Proxy::start(self.weather.subscribe(), edits).await.map_err(said)?;
        let hook_proxy = Proxy::start(self.hook_weather.subscribe(), None).await.map_err(said)?;
        self.make_hooks(&hook_proxy).await?;

        let (end, until) = watch::channel(None);
        let mut listeners = JoinSet::new();
        let late = LATE.map(|it| (it, self.random.random_range(500..4000)));
        for (index, (asked, after_ms)) in
            READERS.map(|it| (it, 0)).into_iter().chain(late).enumerate()
        {
            let (filter, comes, gzip) = asked;
            let ear = self.ear("reader", index, filter, comes == Comes::Earliest);
            let door = door(if index == 0 { &deceived } else { &network });
            let (seed, until) = (plan.seed.wrapping_add(index as u64), until.clone());
            listeners.spawn(async move {
                sleep(Duration::from_millis(after_ms)).await;
                readers::read(door, comes, gzip, ear, until, seed).await;
            });
        }
        for (index, filter) in POLLERS.into_iter().enumerate() {
            let ear = self.ear("poller", index, filter, true);
            let seed = plan.seed.wrapping_add(index as u64);
            listeners.spawn(pollers::poll(door(&office), ear, until.clone(), seed));
        }
        let (mut writers, mut staff) = (JoinSet::new(), JoinSet::new());
        for index in 0..WRITERS {
            writers.spawn(writers::place(door(&office), plan.seed, index));
        }
        for index in 0..STAFF {
            staff.spawn(staff::work(door(&office), plan.seed, index));
        }

        let began = Instant::now();
        for (at, act) in &plan.steps {
            sleep_until(began + *at).await;
            self.act(*act).await?;
        }
        sleep_until(began + plan.length).await;
        self.calm().await?;

        common.close();
        timeout(PATIENCE, writers.join_all()).await.map_err(|_| "writers never ended")?;
        timeout(PATIENCE, staff.join_all()).await.map_err(|_| "staff never ended")?;
        self.something_was_done();
        self.is_well(plan.seed).await?;
        self.leave_nothing_under_way().await?;
        let mut client = self.client()?;
        self.history.log = pollers::log(&mut client).await?;
        let head = self.history.log.last().map_or(0, |event| event.seq);
        self.history.head = head;
        end.send(Some(head)).map_err(|_| "nobody reads")?;
        // Whoever has not come to the end by then is told of by the checker.
        let _ = timeout(PATIENCE, async { while listeners.join_next().await.is_some() {} }).await;
        let _ = timeout(PATIENCE, self.hooks_are_done()).await;
        for filter in READERS.iter().chain(&LATE).map(|(filter, _, _)| filter.parameters()) {
            let (at, list) = pollers::list(&mut client, &filter).await?;
            if at != head {
                self.history.odd.push(format!("a list stands at {at}, the log at {head}"));
            }
            self.history.lists.insert(filter, list);
        }
        Ok(())
    }

    /// What one reader hears; kept for the end, however it comes.
    fn ear(&mut self, name: &str, index: usize, filter: Filter, from_earliest: bool) -> Ear {
        let name = format!("{name} {index}{}", filter.parameters());
        let reader = Reader { name, filter, from_earliest, heard: Vec::new() };
        let ear: Ear = Arc::new(Mutex::new(reader));
        self.ears.push(Arc::clone(&ear));
        ear
    }

    /// Where nobody was let write, nothing could be lost, and nothing is shown; the same of
    /// what was to be refused.
    fn something_was_done(&self) {
        if lock(&self.common.posts).iter().all(|post| post.acknowledged.is_empty()) {
            self.common.say_odd("no order was acknowledged".to_owned());
        }
        if lock(&self.common.changes).iter().all(|change| change.acknowledged.is_none()) {
            self.common.say_odd("no change was acknowledged".to_owned());
        }
        if self.common.refused.load(Ordering::Relaxed) == 0 {
            self.common.say_odd("no order was refused".to_owned());
        }
    }

    /// Nothing is wrong any more, so whoever comes now is served: has one more order
    /// placed, and accepted.
    async fn is_well(&mut self, seed: u64) -> Result<(), String> {
        let key = format!("{seed}-last");
        let mut client = self.client()?;
        let asked = json!({"items": [{"name": "Soup", "quantity": 1}], "customer": {"name": key}});
        let headers = [("idempotency-key", &*key)];
        let ask = Ask { headers: &headers, ..Ask::post("/api/orders", &asked, &[201, 503]) };
        let answer = client.insist(ask).await?;
        let told = Told::read(&answer.body).filter(|_| answer.status == 201);
        let told = told.ok_or_else(|| format!("the last order was answered {}", answer.status))?;
        let (order, expected) = (told.order.clone(), told.version);
        let post = Post { key: key.clone(), asked, acknowledged: vec![told], refused: false };
        lock(&self.common.posts).push(post);

        let (sign, wish) = (format!("last {seed}"), Wish::To("accepted".to_owned()));
        let (method, path, mut body) = staff::request(&order, &wish);
        body["expected_version"] = expected.into();
        body["actor"] = json!({"kind": "staff", "id": sign});
        let ask = Ask {
            method,
            path: &path,
            headers: &[],
            body: Some(body.to_string()),
            due: &[200, 503],
        };
        let answer = client.insist(ask).await?;
        let acknowledged = Told::read(&answer.body).filter(|_| answer.status == 200);
        if acknowledged.is_none() {
            return Err(format!("the last change was answered {}", answer.status));
        }
        let change = Change { sign, order, expected, wish, acknowledged, refused: false };
        lock(&self.common.changes).push(change);
        Ok(())
    }

    async fn set(setting: &Setting, seed: u64) -> Result<Self, String> {
        let said = |error: std::io::Error| error.to_string();
        let folder =
            tempfile::Builder::new().prefix("run-").tempdir_in(&setting.folder).map_err(said)?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data).map_err(said)?;
        let disk = SmallDisk::mount(&data);
        let data = data.canonicalize().map_err(said)?;
        let shim = match &setting.library {
            Some(library) => Some(Shim::new(library, folder.path(), &data).map_err(said)?),
            None => None,
        };
        let place =
            Place { binary: setting.binary.clone(), folder: folder.path().to_owned(), data };
        let user = ["user", "create", "faults", "--role", "manager", "--password-stdin"];
        place.run(&user, &format!("{PASSWORD}\n"))?;
        let hook = |(index, filter): (usize, &Filter)| Hook {
            name: format!("webhook {index}{}", filter.parameters()),
            filter: *filter,
            accepted: Vec::new(),
        };
        let hooks = HOOKS.iter().enumerate().map(hook).collect();
        let stage = Self {
            program: None,
            dead: DeadReaders::default(),
            disk,
            shim,
            place,
            weather: watch::Sender::default(),
            receivers: Receivers::start(hooks).await.map_err(said)?,
            hook_weather: watch::Sender::default(),
            common: Arc::default(),
            ears: Vec::new(),
            history: History::default(),
            cookie: Arc::from(""),
            random: StdRng::seed_from_u64(seed ^ 0x5EED),
            tally: Tally::default(),
            disk_trouble: false,
            _folder: folder,
        };
        let receivers = stage.receivers.address;
        stage.hook_weather.send_modify(|now| now.upstream = Some(receivers));
        Ok(stage)
    }

    /// A client with a way of its own to the program, on which nothing is done to it.
    fn client(&self) -> Result<Client, String> {
        let address = self.program.as_ref().ok_or("it is down")?.address;
        let (cookie, common) = (Arc::clone(&self.cookie), Arc::clone(&self.common));
        Ok(Client::patient(Door { address, cookie, common }, PATIENCE))
    }

    async fn log_in(&self) -> Result<Arc<str>, String> {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("name=faults&password={}", PASSWORD.replace(' ', "+"));
        let ask = Ask {
            method: Method::POST,
            path: "/login",
            headers: &form,
            body: Some(body),
            due: &[303],
        };
        let answer = self.client()?.insist(ask).await?;
        let cookies = answer.headers.get_all("set-cookie").iter();
        let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let session = cookies.find(|cookie| cookie.contains("live-orders-session="));
        session.map(Arc::from).ok_or_else(|| format!("nobody could log in: {}", answer.status))
    }

    async fn make_hooks(&self, proxy: &Proxy) -> Result<(), String> {
        let mut client = self.client()?;
        for (index, filter) in HOOKS.iter().enumerate() {
            let url = format!("http://{}/{index}", proxy.address);
            let body = json!({"url": url, "filter": filter.object()});
            let answer = client.insist(Ask::post("/api/webhooks", &body, &[201])).await?;
            if answer.status != 201 {
                return Err(String::from_utf8_lossy(&answer.body).into_owned());
            }
            let made: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let secret = made["secret"].as_str().and_then(|it| self.receivers.book.trust(it));
            secret.ok_or("a webhook without a secret")?;
        }
        Ok(())
    }

    /// Starts the program. With a disk that refuses it may not begin: then that ends.
    async fn begin(&mut self) -> Result<(), String> {
        self.weather.send_modify(|now| now.upstream = None);
        let mut program = Program::start(&self.place, self.shim.as_ref()).await;
        if program.is_err() && self.disk_trouble {
            self.lift_disk()?;
            program = Program::start(&self.place, self.shim.as_ref()).await;
        }
        let program = program?;
        let address = program.address;
        self.program = Some(program);
        self.weather.send_modify(|now| now.upstream = Some(address));
        Ok(())
    }

    fn count(&mut self, act: Act) {
        *self.tally.faults.entry(act.name()).or_default() += 1;
    }

    async fn act(&mut self, act: Act) -> Result<(), String> {
        let said = |error: std::io::Error| error.to_string();
        if self.program.as_mut().is_some_and(Program::has_ended) {
            self.common.say_odd("it has ended by itself".to_owned());
            self.begin().await?;
        }
        match act {
            Act::Kill { down } => {
                self.program = None;
                sleep(down).await;
                self.begin().await?;
            }
            Act::PowerCut { .. } if self.shim.is_none() => return Ok(()),
            Act::PowerCut { down, survives } => self.cut_power(down, survives).await?,
            Act::Restart => {
                if let Some(program) = self.program.take()
                    && !program.stop().await
                    && !self.disk_trouble
                {
                    self.common.say_odd("it did not stop well".to_owned());
                }
                self.begin().await?;
            }
            Act::Pause { lasts } => {
                if let Some(program) = &self.program {
                    program.pause();
                    sleep(lasts).await;
                    program.go_on();
                }
            }
            Act::Cut(share) => {
                self.end_connections(share, End::Closed);
            }
            Act::Reset(share) => {
                self.end_connections(share, End::Reset);
            }
            Act::Stall { which, .. } => self.everywhere(|now| now.stalled = Some(which)),
            Act::Throttle { which, bytes, .. } => {
                self.everywhere(|now| now.throttled = Some((which, bytes)));
            }
            Act::FullDisk { .. } => match (&self.disk, &self.shim) {
                (Some(disk), _) => disk.fill().map_err(said)?,
                (None, Some(shim)) => {
                    shim.refuse_writes(Some(Refusal::NoSpace)).map_err(said)?;
                }
                (None, None) => return Ok(()),
            },
            Act::ReadOnly { .. } => match &self.shim {
                Some(shim) => shim.refuse_writes(Some(Refusal::ReadOnly)).map_err(said)?,
                None => return Ok(()),
            },
            Act::SyncFails { .. } => match &self.shim {
                Some(shim) => shim.refuse_syncs(Some(Refusal::InputOutput)).map_err(said)?,
                None => return Ok(()),
            },
            Act::NextSyncsFail { count, .. } => match &self.shim {
                Some(shim) => shim.refuse_next_syncs(count, false).map_err(said)?,
                None => return Ok(()),
            },
            Act::DiskDies { .. } => match &self.shim {
                Some(shim) => shim.refuse_next_syncs(1, true).map_err(said)?,
                None => return Ok(()),
            },
            Act::Clock { off_ms } => match &self.shim {
                Some(shim) => shim.set_clock(off_ms).map_err(said)?,
                None => return Ok(()),
            },
            Act::HookTrouble { .. } => self.receivers.book.trouble.store(true, Ordering::SeqCst),
            Act::DeadReaders { count } => {
                let address = self.program.as_ref().map(|program| program.address);
                for _ in 0..count {
                    if let Some(address) = address {
                        // One that is not let in has nothing to not read.
                        let _ = timeout(PATIENCE, self.dead.come(address, &self.cookie)).await;
                    }
                }
            }
            Act::Lift(Lasting::Stall) => self.everywhere(|now| now.stalled = None),
            Act::Lift(Lasting::Throttle) => self.everywhere(|now| now.throttled = None),
            Act::Lift(Lasting::Disk) => self.lift_disk()?,
            Act::Lift(Lasting::DiskAndProcess) => {
                self.program = None;
                self.lift_disk()?;
                self.begin().await?;
                self.count(Act::Kill { down: Duration::ZERO });
                self.history.disturbances += 1;
            }
            Act::Lift(Lasting::Hooks) => {
                self.receivers.book.trouble.store(false, Ordering::SeqCst);
            }
            Act::Lie { lasts } => {
                let shim = self.shim.as_ref().ok_or("that cannot be tried here")?;
                shim.lie(true).map_err(said)?;
                sleep(lasts).await;
                self.cut_power(Duration::ZERO, 0).await?;
            }
        }
        self.disk_trouble |= act.is_of_the_disk();
        if !matches!(act, Act::Lift(_)) {
            self.count(act);
        }
        // Readers and receivers that refuse have no say in what others have accepted.
        let aside = matches!(act, Act::DeadReaders { .. } | Act::HookTrouble { .. } | Act::Lift(_));
        self.history.disturbances += u64::from(!aside);
        Ok(())
    }

    /// Kills the program, and takes back what was not synced.
    async fn cut_power(&mut self, down: Duration, survives: u8) -> Result<(), String> {
        let said = |error: std::io::Error| error.to_string();
        self.program = None;
        self.weather.send_modify(|now| now.upstream = None);
        self.lift_disk()?;
        if let Some(shim) = &self.shim {
            let taken_back = shim.cut_power(survives, &mut self.random).map_err(said)?;
            self.tally.taken_back += taken_back as u64;
            shim.lie(false).map_err(said)?;
        }
        sleep(down).await;
        self.begin().await
    }

    fn end_connections(&self, share: Share, end: End) {
        self.everywhere(|now| now.ended = (now.ended.0 + 1, Some((share, end))));
    }

    fn everywhere(&self, change: impl Fn(&mut Weather)) {
        self.weather.send_modify(&change);
        self.hook_weather.send_modify(&change);
    }

    fn lift_disk(&mut self) -> Result<(), String> {
        self.disk_trouble = false;
        if let Some(disk) = &self.disk {
            disk.make_room();
        }
        let Some(shim) = &self.shim else { return Ok(()) };
        let lifted = shim
            .refuse_next_syncs(0, false)
            .and_then(|()| shim.refuse_writes(None))
            .and_then(|()| shim.refuse_syncs(None));
        lifted.map_err(|error| error.to_string())
    }

    /// Lifts whatever lasts, and sees to it that the program runs.
    async fn calm(&mut self) -> Result<(), String> {
        for lasting in [Lasting::Stall, Lasting::Throttle, Lasting::Disk, Lasting::Hooks] {
            self.act(Act::Lift(lasting)).await?;
        }
        match &self.shim {
            Some(shim) => shim.set_clock(0).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    /// Has every request ended that a client has given up: one that was stalled on its way
    /// would still come to the program, after its log was read.
    async fn leave_nothing_under_way(&mut self) -> Result<(), String> {
        self.end_connections(Share { percent: 100, salt: 0 }, End::Closed);
        self.act(Act::Restart).await
    }

    /// Waits until every webhook was sent what it wants.
    async fn hooks_are_done(&self) {
        let book = &self.receivers.book;
        loop {
            let done = lock(&book.hooks).iter().all(|hook| {
                let came: HashSet<u64> = hook.accepted.iter().map(|it| it.seq).collect();
                self.history.log.iter().all(|it| !hook.filter.wants(it) || came.contains(&it.seq))
            });
            if done {
                return;
            }
            book.news.notified().await;
        }
    }

    /// Ends the program, has it check its store, and says what is to be said; where the
    /// run did not come to its end, that and what was seen until then.
    async fn end(mut self, ended: Result<(), String>, deceit: Option<Deceit>) -> Outcome {
        let mut history = std::mem::take(&mut self.history);
        history.posts = std::mem::take(&mut lock(&self.common.posts));
        history.changes = std::mem::take(&mut lock(&self.common.changes));
        history.looks = std::mem::take(&mut lock(&self.common.looks));
        if deceit == Some(Deceit::Forge) {
            // Whoever is told of an order that is none may find that out.
            history.looks.retain(|look| look.told.is_some());
        }
        history.readers = self.ears.iter().map(|ear| lock(ear).clone()).collect();
        history.hooks.clone_from(&lock(&self.receivers.book.hooks));
        if let Some(program) = self.program.take()
            && ended.is_ok()
        {
            if !program.stop().await {
                history.odd.push("it did not stop well".to_owned());
            }
            if let Err(why) = self.place.run(&["check"], "") {
                history.odd.push(why);
            }
        }
        let log = self.place.log();
        if log.contains("panicked") {
            history.odd.push("it panicked".to_owned());
        }
        history.odd.append(&mut lock(&self.common.odd));
        let verdict = match ended {
            Ok(()) => checker::check(&history),
            Err(why) => Verdict::stuck(why, &history),
        };
        let mut tally = self.tally;
        tally.requests = self.common.requests.load(Ordering::Relaxed);
        tally.acknowledged = self.common.acknowledged.load(Ordering::Relaxed);
        tally.refused = self.common.refused.load(Ordering::Relaxed);
        tally.unanswered = self.common.unanswered.load(Ordering::Relaxed);
        tally.streams = self.common.streams.load(Ordering::Relaxed);
        tally.broken = verdict.counts();
        tally.events = history.head;
        tally.delivered = verdict.delivered as u64;
        tally.repeats = verdict.repeats;
        if let Some(shim) = &self.shim {
            tally.refused_writes = shim.refused_writes();
            tally.no_room = shim.no_room();
            tally.refused_syncs = shim.refused_syncs();
            tally.shifted = shim.shifted();
        }
        Outcome { verdict, history, tally, log }
    }
}

/// Leaves what a run has seen in `folder`, to be looked at.
pub(crate) fn leave(folder: &Path, seed: u64, outcome: &Outcome) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!("seed-{seed}.json"));
    let broken: Vec<String> =
        outcome.verdict.broken.iter().map(|(kind, what)| format!("{kind}: {what}")).collect();
    let all = json!({"broken": broken, "log": outcome.log, "history": outcome.history});
    std::fs::write(&path, all.to_string())?;
    Ok(path)
}
