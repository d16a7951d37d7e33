//! The program's life: put together, run, drained.

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::{Arc, OnceLock, Weak},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    access::{
        self, Access,
        register::{By, Register},
    },
    assets::Assets,
    cli::{Erase, Task},
    clock::Clock,
    clockwork::Clockwork,
    config::{Config, Retention, TlsMode},
    demo::{self, DemoSettings},
    hub::Hub,
    ingest::idempotency::KeysInFlight,
    kitchen::Kitchen,
    listen::{
        self, ListenSettings,
        tls::{Keeper, OwnCa, TlsDoor, address_of_this_machine},
    },
    orders::{Orders, utc_offset_seconds},
    privacy, proxy, redirect,
    router::router,
    sources::{self, Sources},
    state::{App, PageSettings, Parts, Suggestions},
    store::{
        CommitSink, Committed, EraseError, Erased, Erasure, SqliteStore, Store,
        sqlite::{self, Purpose},
    },
    stream::{self, OpenStreams, Secured, Snapshots, StreamLimits, Sweepers},
    telemetry,
    trust::Trust,
    upkeep,
    webhooks::{self, Webhooks},
};
use crate::{
    domain::{Actor, ActorKind},
    wire::Seq,
};

/// Open files that the program asks for: one for each stream, and some.
const OPEN_FILES: u64 = 65_536;
/// Of those, what is not for streams: the store, other requests, the system's own.
const RESERVED_FILES: usize = 256;
/// Events that the ring is filled with at the start.
const PRELOAD: u64 = 20_000;
/// Connections of plain HTTP beside HTTPS: each asks little and goes.
const PLAIN_CONNECTIONS: usize = 512;
/// How often the log is looked through for what may go.
const PRUNE_EVERY: Duration = Duration::from_mins(1);
/// How long the command line waits for a running server to erase an order.
const ERASED_WITHIN: Duration = Duration::from_secs(30);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How what was asked for has ended, where it could begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Well,
    /// What was looked at has faults.
    Faults,
}

/// Does what was asked for, to its end.
///
/// # Errors
/// One line: why it could not begin.
pub fn run(task: Task) -> anyhow::Result<Ending> {
    let (config, purpose) = match task {
        Task::Check(config) => {
            let report = upkeep::check(&config.data)?;
            say(&report.text);
            return Ok(if report.sound { Ending::Well } else { Ending::Faults });
        }
        Task::Backup(backup) => {
            say(&upkeep::backup(&backup.config.data, &backup.to)?);
            return Ok(Ending::Well);
        }
        Task::Print(text) => {
            // A reader that has read enough closes the pipe; that is no error.
            let _ = std::io::stdout().write_all(text.as_bytes());
            return Ok(Ending::Well);
        }
        Task::Webhooks(config, errand) => {
            return webhooks::command::run(&config, errand).map(|()| Ending::Well);
        }
        Task::Access(config, command) => {
            access::command::say(&access::command::run(&config.data, command)?);
            return Ok(Ending::Well);
        }
        Task::Erase(erase) => return erase_order(&erase).map(|()| Ending::Well),
        Task::Serve(config) => (config, Purpose::Service),
        Task::Demo(config) => (config, Purpose::Demo),
    };
    check_doors(&config, purpose, config.listen)?;
    telemetry::init(&config.log)?;
    raise_file_limit();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        let listener = listen::bind(config.listen).with_context(|| {
            format!("cannot listen on {}; name another address with --listen", config.listen)
        })?;
        let shutdown = CancellationToken::new();
        tokio::spawn(stop_on_signal(shutdown.clone()));
        run_with(*config, purpose, listener, Clock::system(), shutdown).await
    })?;
    Ok(Ending::Well)
}

/// Erases an order in the store of a server that may be running.
fn erase_order(Erase { config, order, while_open }: &Erase) -> anyhow::Result<()> {
    anyhow::ensure!(
        sqlite::is_in(&config.data),
        "there is no store in {}; name its folder with --data",
        config.data.display()
    );
    let done = match SqliteStore::open(&config.data, Purpose::Service, Arc::new(Relay::default())) {
        Ok(store) => {
            let actor =
                Actor { kind: ActorKind::Staff, id: access::command::COMMAND_LINE.to_owned() };
            let (at, while_open) = (Clock::system().now(), *while_open);
            let erasure = Erasure { order: *order, while_open, actor, at };
            erase_alone(&store, erasure).and_then(|()| {
                let by = By::here(access::command::COMMAND_LINE, at);
                let register = Register::open(&config.data)?;
                register.change(|to| by.note(to, "order.erased", &order.to_string()))?;
                Ok(())
            })
        }
        Err(error) if sqlite::is_in_use(&error) => {
            let until = Instant::now() + ERASED_WITHIN;
            sqlite::ask_to_erase(&config.data, *order, *while_open, || {
                // Nothing else is done on this thread, and nobody wakes it.
                std::thread::park_timeout(LOOK_EVERY);
                Instant::now() < until
            })
        }
        Err(error) => Err(error),
    };
    done?;
    say(&format!("order {order} is erased\n"));
    Ok(())
}

/// Erases an order in a store that no server uses.
fn erase_alone(store: &SqliteStore, erasure: Erasure) -> anyhow::Result<()> {
    let order = erasure.order;
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("cannot start")?;
    match runtime.block_on(store.erase(erasure)) {
        Ok(Erased { from_disk: true, .. }) => Ok(()),
        Ok(_) => anyhow::bail!(sqlite::NOT_FROM_DISK),
        Err(EraseError::NotFound) => anyhow::bail!("there is no order {order}"),
        Err(EraseError::Open(status)) => anyhow::bail!(sqlite::still_open(status)),
        Err(EraseError::Unavailable(error)) => Err(error.into()),
    }
}

/// Runs on `listener` until `shutdown`, by the time of `clock`; a test brings its own of each.
///
/// # Errors
/// One line: why it could not begin.
pub async fn run_with(
    mut config: Config,
    purpose: Purpose,
    listener: TcpListener,
    clock: Clock,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    // Rendering needs an executor; whoever has set one before has set this one.
    let _ = any_spawner::Executor::init_tokio();
    let address = listener.local_addr().context("cannot listen")?;
    check_doors(&config, purpose, address)?;
    let demo_settings = demo_settings(&config, &clock);
    if purpose == Purpose::Demo {
        clock.set(demo::opens_at(clock.now(), &demo_settings));
        if let Some(menu) = demo::routing().filter(|_| config.orders.routing.is_empty()) {
            config.orders.routing = menu;
        }
    }
    let (app, keeper) = assemble(&config, purpose, clock, address, shutdown.clone()).await?;
    let most = open_files().saturating_sub(RESERVED_FILES / 2).max(1);
    let connections = ListenSettings { most, ..config.connections };
    let beside = Beside::open(&config, purpose, address, keeper.is_some())?;
    let service = proxy::behind(strict(router(app.clone()), config.tls.hsts_days), &config.proxy);
    let door = keeper
        .map(|keeper| {
            let watching = Arc::clone(&keeper).watch(config.tls.look_every, shutdown.clone());
            tokio::spawn(watching);
            TlsDoor::new(keeper, redirect::router(app.clone(), address.port()))
        })
        .transpose()?;
    let background = [
        tokio::spawn(stream::heartbeats(Arc::clone(&app.hub), app.clone())),
        tokio::spawn(prune(app.clone(), config.retention)),
        tokio::spawn(sources::watch(app.clone())),
        tokio::spawn(Arc::clone(&app.access).watch(shutdown.clone())),
        tokio::spawn(privacy::keep(app.clone(), config.privacy)),
        {
            let (app, shutdown) = (app.clone(), shutdown.clone());
            tokio::spawn(async move { app.clockwork.run(shutdown).await })
        },
        {
            let (app, shutdown) = (app.clone(), shutdown.clone());
            tokio::spawn(async move { app.webhooks.run(shutdown).await })
        },
    ];
    let closing = {
        let (hub, shutdown) = (Arc::clone(&app.hub), shutdown.clone());
        tokio::spawn(async move {
            shutdown.cancelled().await;
            hub.close();
        })
    };
    if purpose == Purpose::Service && door.is_none() && !address.ip().is_loopback() {
        tracing::warn!(%address, "listen.plain: passwords and cookies can be read on the way");
    }
    let said = Said { address, https: door.is_some(), trust: app.trust.clone() };
    let demo = (purpose == Purpose::Demo).then(|| {
        let (clock, shutdown) = (app.clock.clone(), shutdown.clone());
        let (said, played_at) = (said.clone(), beside.played_at.unwrap_or(address));
        tokio::spawn(async move {
            let open = move || said.demo();
            demo::run(demo_settings, played_at, clock, open, announce_end, shutdown).await;
        })
    });
    let sweepers = app.sweepers.clone();
    let beside = beside.serve(&app, &service, address, connections, &shutdown);
    if purpose == Purpose::Service {
        said.listening();
        if let Some(link) = app.access.begin_setup() {
            said.setup(&link.reveal());
        }
    }
    drop(app);
    match door {
        Some(door) => listen::serve_tls(listener, service, door, connections, shutdown).await,
        None => listen::serve(listener, service, connections, shutdown).await,
    }
    for task in beside {
        let _ = task.await;
    }
    if let Some(sweepers) = sweepers {
        let _ = tokio::task::spawn_blocking(move || sweepers.stop()).await;
    }
    let _ = closing.await;
    for task in background.into_iter().chain(demo) {
        let _ = task.await;
    }
    tracing::info!("server.stopped");
    Ok(())
}

/// What is listened on beside the service's own address.
#[derive(Default)]
struct Beside {
    /// Takes plain HTTP and sends it to HTTPS.
    plain: Option<TcpListener>,
    /// Where a demo plays that is seen over HTTPS: its own client trusts nobody.
    stage: Option<TcpListener>,
    played_at: Option<SocketAddr>,
}

impl Beside {
    fn open(
        config: &Config,
        purpose: Purpose,
        address: SocketAddr,
        https: bool,
    ) -> anyhow::Result<Self> {
        let mut beside = Self::default();
        if let Some(redirect) = config.tls.redirect {
            let listener = listen::bind(redirect).with_context(|| {
                format!("cannot listen on {redirect}; name another address with tls.redirect")
            })?;
            let from = listener.local_addr().context("cannot listen")?;
            say(&format!("redirecting http://{from} to https, port {}\n", address.port()));
            beside.plain = Some(listener);
        }
        if https && purpose == Purpose::Demo {
            let stage = listen::bind(([127, 0, 0, 1], 0).into()).context("cannot listen")?;
            beside.played_at = Some(stage.local_addr().context("cannot listen")?);
            beside.stage = Some(stage);
        }
        Ok(beside)
    }

    fn serve(
        self,
        app: &App,
        service: &Router,
        address: SocketAddr,
        settings: ListenSettings,
        shutdown: &CancellationToken,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let few = ListenSettings { most: PLAIN_CONNECTIONS.min(settings.most), ..settings };
        let plain = self.plain.map(|it| (it, redirect::router(app.clone(), address.port())));
        let stage = self.stage.map(|it| (it, service.clone()));
        [plain, stage]
            .into_iter()
            .flatten()
            .map(|(it, router)| tokio::spawn(listen::serve(it, router, few, shutdown.clone())))
            .collect()
    }
}

/// `router`, which tells browsers to use nothing but HTTPS for so many days.
fn strict(router: Router, days: Option<u32>) -> Router {
    let Some(days) = days else { return router };
    let seconds = u64::from(days) * 24 * 60 * 60;
    let Ok(value) = HeaderValue::try_from(format!("max-age={seconds}")) else { return router };
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let value = value.clone();
        async move {
            let secured = request.extensions().get::<Secured>().is_some();
            let mut response = next.run(request).await;
            if secured {
                response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, value);
            }
            response
        }
    }))
}

/// The certificate that connections are encrypted with, if they are, and what
/// devices have to trust for it.
async fn certificate(
    config: &Config,
    address: SocketAddr,
) -> anyhow::Result<(Option<Arc<Keeper>>, Option<Trust>)> {
    let (mode, folder) = (config.tls.mode.clone(), config.data.join("tls"));
    let opened = move || -> anyhow::Result<(Option<Arc<Keeper>>, Option<Trust>)> {
        match mode {
            TlsMode::Off => Ok((None, None)),
            TlsMode::Files(files) => Ok((Some(Arc::new(Keeper::of_files(files)?)), None)),
            TlsMode::SelfSigned(names) => {
                let ca = OwnCa::open(&folder, &names)?;
                let trust = Trust { authority: ca.trusted(), port: address.port() };
                Ok((Some(Arc::new(Keeper::of_own(ca)?)), Some(trust)))
            }
        }
    };
    tokio::task::spawn_blocking(opened).await.context("cannot begin TLS")?
}

/// A demo asks nobody who they are, so it is for this machine alone unless
/// somebody has said otherwise in so many words.
fn check_doors(config: &Config, purpose: Purpose, address: SocketAddr) -> anyhow::Result<()> {
    let open = purpose == Purpose::Demo && !config.demo.open_to_everybody;
    if open && !address.ip().is_loopback() {
        bail!(
            "a demo lets everybody in, and {address} can be reached from other machines; listen \
             on 127.0.0.1, or start it with --open-to-everybody"
        );
    }
    Ok(())
}

/// Puts the parts together: the store first, then what stands on it.
async fn assemble(
    config: &Config,
    purpose: Purpose,
    clock: Clock,
    address: SocketAddr,
    shutdown: CancellationToken,
) -> anyhow::Result<(App, Option<Arc<Keeper>>)> {
    let assets = Assets::find(&config.leptos);
    assets.refuse_gaps(cfg!(debug_assertions))?;
    let relay = Arc::new(Relay::default());
    let sink: Arc<dyn CommitSink> = Arc::clone(&relay) as _;
    let folder = config.data.clone();
    let opened = move || {
        if purpose == Purpose::Service && folder.is_dir() {
            // Before the store is opened: if this is no good, that stays as it is.
            access::register::look(&folder)?;
        }
        SqliteStore::open(&folder, purpose, sink)
    };
    let store = tokio::task::spawn_blocking(opened).await.context("cannot open the store")??;
    let demo = store.is_demo();
    let head = store.head_at_start();
    let hub = Hub::new(store.epoch(), head, config.hub);
    let store: Arc<dyn Store> = Arc::new(store);
    let kitchen = Kitchen::new(Arc::clone(&store), Arc::clone(&hub), clock.clone(), config.kitchen);
    kitchen.restore().await?;
    let kitchen = Arc::new(kitchen);
    let clockwork = Clockwork::new(Arc::clone(&store), Arc::clone(&kitchen), clock.clone());
    let clockwork = Arc::new(clockwork);
    let sources = Arc::new(Sources::new(Arc::clone(&hub), config.sources, config.orders.clone()));
    let ends = Ends {
        hub: Arc::clone(&hub),
        kitchen: Arc::downgrade(&kitchen),
        clockwork: Arc::downgrade(&clockwork),
        sources: Arc::clone(&sources),
    };
    let promised = store.promise_the_old(config.orders.promises).await?;
    if promised > 0 {
        tracing::info!(orders = promised, "store.promised");
    }
    fill(&hub, &kitchen, &clockwork, &*store, head, &clock).await?;
    for (channel, at) in store.arrivals(clock.now().plus(-sources::LOOK_BACK_MILLIS)).await? {
        sources.came(&channel, at);
    }
    let _ = relay.ends.set(ends);

    let (keeper, trust) = certificate(config, address).await?;
    let access = match purpose {
        Purpose::Service => {
            let (folder, hub) = (config.data.clone(), Arc::clone(&hub));
            let (clock, settings) = (clock.clone(), config.access);
            tokio::task::spawn_blocking(move || Access::open(&folder, hub, clock, settings))
                .await
                .context("cannot open the register of users and keys")??
        }
        Purpose::Demo => Access::of_everybody(Arc::clone(&hub), clock.clone(), config.access)?,
    };
    let sweepers = Sweepers::of(config).context("cannot start the sweepers")?;
    let orders =
        Orders::new(Arc::clone(&store), clock.clone(), Arc::clone(&kitchen), config.orders.clone());
    let webhooks = Webhooks::new(Arc::clone(&store), Arc::clone(&hub), config.webhooks.clone());
    let page = PageSettings {
        location: config.orders.location.clone(),
        currency: config.orders.currency,
        time_zone: config.orders.time_zone.clone(),
        language: config.language,
        demo,
        tracking: config.tracking.clone(),
    };
    let app = App::new(Parts {
        store,
        hub,
        access,
        cors: config.cors.clone(),
        orders,
        kitchen,
        sources,
        webhooks: Arc::new(webhooks),
        clockwork,
        clock,
        stream: config.stream,
        open_streams: OpenStreams::new(within_files(config.stream.limits)),
        snapshots: Snapshots::default(),
        sweepers,
        suggestions: Suggestions::default(),
        keys_in_flight: KeysInFlight::default(),
        assets,
        page,
        trust,
        shutdown,
    });
    Ok((app, keeper))
}

/// The store is opened before the hub can be made, so what it commits goes
/// through here; nothing is committed before the ends are set.
#[derive(Default)]
struct Relay {
    ends: OnceLock<Ends>,
}

/// Who hears of commits. Those who write themselves hold the store, which holds
/// this: it must not hold them.
struct Ends {
    hub: Arc<Hub>,
    kitchen: Weak<Kitchen>,
    clockwork: Weak<Clockwork>,
    sources: Arc<Sources>,
}

impl CommitSink for Relay {
    fn committed(&self, changes: &[Committed]) {
        if let Some(ends) = self.ends.get() {
            ends.hub.committed(changes);
            let (kitchen, clockwork) = (ends.kitchen.upgrade(), ends.clockwork.upgrade());
            for Committed { order, .. } in changes {
                ends.sources.note(order);
                if let Some(kitchen) = &kitchen {
                    kitchen.note(order);
                }
                if let Some(clockwork) = &clockwork {
                    clockwork.note(order);
                }
            }
        }
    }

    fn announce(&self) {
        if let Some(ends) = self.ends.get() {
            ends.hub.announce();
        }
    }
}

/// Tells everyone what happened before the start.
async fn fill(
    hub: &Hub,
    kitchen: &Kitchen,
    clockwork: &Clockwork,
    store: &dyn Store,
    head: Seq,
    clock: &Clock,
) -> anyhow::Result<()> {
    let mut after = Seq(head.0.saturating_sub(PRELOAD));
    while after < head {
        let page = store.events(after, 1000).await?;
        let Some(last) = page.events.last() else { break };
        after = last.seq;
        hub.preload(&page.events);
    }
    hub.preload_sides(store.sides().await?);
    let recent = store.recent(clock.now().plus(-60 * 60 * 1000)).await?;
    hub.preload_figures(&recent);
    for order in &recent {
        kitchen.preload(order);
        clockwork.note(order);
    }
    Ok(())
}

/// Lets go of what is older than it is kept, a step at a time.
async fn prune(app: App, retention: Retention) {
    let mut ticks = tokio::time::interval(PRUNE_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.shutdown.cancelled() => return,
        }
        let now = app.clock.now();
        let (before, keys_before) =
            (now.plus(-retention.events_millis), now.plus(-retention.keys_millis));
        while !app.shutdown.is_cancelled() {
            match app.store.prune(before, keys_before).await {
                Ok(0) => break,
                Ok(events) => tracing::info!(events, "store.pruned"),
                Err(error) => {
                    tracing::warn!(error = %error, "store.prune.failed");
                    break;
                }
            }
        }
    }
}

fn demo_settings(config: &Config, clock: &Clock) -> DemoSettings {
    DemoSettings {
        seed: config.demo.seed,
        speed: config.demo.speed,
        shift_minutes: config.demo.shift_minutes,
        orders_per_day: config.demo.orders_per_day,
        utc_offset_s: utc_offset_seconds(clock.now(), &config.orders.time_zone),
        location: config.orders.location.clone(),
        currency: config.orders.currency,
    }
}

/// Cancels `shutdown` at SIGTERM or Ctrl-C; a second one ends the program at once.
async fn stop_on_signal(shutdown: CancellationToken) {
    stop_signal().await;
    // First this: a log that nobody takes lines from would stop it here.
    shutdown.cancel();
    tracing::info!("server.stopping");
    stop_signal().await;
    std::process::exit(130);
}

#[cfg(unix)]
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn stop_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

fn raise_file_limit() {
    match rlimit::increase_nofile_limit(OPEN_FILES) {
        Ok(limit) => tracing::debug!(open_files = limit, "server.file_limit"),
        Err(error) => tracing::warn!(error = %error, "server.file_limit.failed"),
    }
}

/// How many files may be open.
#[cfg(unix)]
fn open_files() -> usize {
    let files = rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    usize::try_from(files).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn open_files() -> usize {
    usize::MAX
}

/// Each stream is an open file, and some must be left for everything else.
fn within_files(limits: StreamLimits) -> StreamLimits {
    let files = open_files();
    let most = limits.most.min(files.saturating_sub(RESERVED_FILES).max(1));
    tracing::info!(most, open_files = files, "stream.limits");
    StreamLimits { most, ..limits }
}

/// What is said of where the service is.
#[derive(Clone)]
struct Said {
    address: SocketAddr,
    https: bool,
    trust: Option<Trust>,
}

impl Said {
    fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// One line for people and for whoever started the program and waits for it,
    /// and what devices have to compare.
    fn listening(&self) {
        say(&format!("listening on {}://{}\n", self.scheme(), self.address));
        if let Some(trust) = &self.trust {
            let address = self.reachable();
            say(&format!(
                "\nDevices come to trust this server at\n\n  http://{}/trust\n\nwhere they must find \
                 this fingerprint (SHA-256):\n\n  {}\n\n",
                address, trust.authority.fingerprint
            ));
        }
    }

    /// A demo is announced when its day has been played up to the rush: whoever
    /// opened the board before would see the morning rush by.
    fn demo(&self) {
        self.listening();
        let (scheme, address) = (self.scheme(), self.address);
        let insecure = if self.trust.is_some() { "--insecure " } else { "" };
        say(&format!(
            "\nThe dinner rush is on. The board:\n\n  {scheme}://{address}/\n\nPost an order of your own and watch it come in:\n\n  curl {insecure}--json '{{\"items\":[{{\"name\":\"Cheeseburger\",\"quantity\":2}}]}}' {scheme}://{address}/api/orders\n\n"
        ));
    }

    /// How the first manager comes in. Only who reads what the program says gets it.
    fn setup(&self, link: &str) {
        let (scheme, address) = (self.scheme(), self.reachable());
        say(&format!(
            "\nThere is no manager yet. This link makes the first manager, once and within 15 \
             minutes:\n\n  {scheme}://{address}/setup?link={link}\n\nOr, without a browser: \
             live-orders user create --data DIR NAME --role manager\n\n"
        ));
    }

    /// Where others find it, who come from elsewhere and need an address that is one.
    fn reachable(&self) -> SocketAddr {
        match address_of_this_machine() {
            Some(ip) if self.address.ip().is_unspecified() => {
                SocketAddr::new(ip, self.address.port())
            }
            _ => self.address,
        }
    }
}

/// The end of a demo's shift, for whoever waits for it.
fn announce_end(open: usize) {
    say(&format!("The shift is over; open orders: {open}\n"));
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
