//! The program's life: put together, run, drained.

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    assets::Assets,
    cli::Task,
    clock::Clock,
    clockwork::Clockwork,
    config::{Config, Retention},
    demo::{self, DemoSettings},
    hub::Hub,
    ingest::idempotency::KeysInFlight,
    kitchen::Kitchen,
    listen::{self, ListenSettings},
    orders::{Orders, utc_offset_seconds},
    router::router,
    sources::{self, Sources},
    state::{App, PageSettings, Parts},
    store::{CommitSink, Committed, SqliteStore, Store, sqlite::Purpose},
    stream::{self, OpenStreams, Snapshots, StreamLimits, Sweepers},
    telemetry,
};
use crate::wire::Seq;

/// Open files that the program asks for: one for each stream, and some.
const OPEN_FILES: u64 = 65_536;
/// Of those, what is not for streams: the store, other requests, the system's own.
const RESERVED_FILES: usize = 256;
/// Events that the ring is filled with at the start.
const PRELOAD: u64 = 20_000;
/// How often the log is looked through for what may go.
const PRUNE_EVERY: Duration = Duration::from_mins(1);

/// Does what was asked for, to its end.
///
/// # Errors
/// One line: why it could not begin.
pub fn run(task: Task) -> anyhow::Result<()> {
    let (config, purpose) = match task {
        Task::Print(text) => {
            // A reader that has read enough closes the pipe; that is no error.
            let _ = std::io::stdout().write_all(text.as_bytes());
            return Ok(());
        }
        Task::Serve(config) => (config, Purpose::Service),
        Task::Demo(config) => (config, Purpose::Demo),
    };
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
    })
}

/// Runs on `listener` until `shutdown`, by the time of `clock`; a test brings its own of each.
///
/// # Errors
/// One line: why it could not begin.
pub async fn run_with(
    config: Config,
    purpose: Purpose,
    listener: TcpListener,
    clock: Clock,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    // Rendering needs an executor; whoever has set one before has set this one.
    let _ = any_spawner::Executor::init_tokio();
    let address = listener.local_addr().context("cannot listen")?;
    let demo_settings = demo_settings(&config, &clock);
    if purpose == Purpose::Demo {
        clock.set(demo::opens_at(clock.now(), &demo_settings));
    }
    let app = assemble(&config, purpose, clock, shutdown.clone()).await?;
    let background = [
        tokio::spawn(stream::heartbeats(Arc::clone(&app.hub), app.clone())),
        tokio::spawn(prune(app.clone(), config.retention)),
        tokio::spawn(sources::watch(app.clone())),
        {
            let (app, shutdown) = (app.clone(), shutdown.clone());
            tokio::spawn(async move { app.clockwork.run(shutdown).await })
        },
    ];
    let closing = {
        let (hub, shutdown) = (Arc::clone(&app.hub), shutdown.clone());
        tokio::spawn(async move {
            shutdown.cancelled().await;
            hub.close();
        })
    };
    let demo = (purpose == Purpose::Demo).then(|| {
        let (clock, shutdown) = (app.clock.clone(), shutdown.clone());
        tokio::spawn(async move {
            let open = move || announce_demo(address);
            demo::run(demo_settings, address, clock, open, announce_end, shutdown).await;
        })
    });
    if purpose == Purpose::Service {
        announce(address);
    }
    let sweepers = app.sweepers.clone();
    let most = open_files().saturating_sub(RESERVED_FILES / 2).max(1);
    let connections = ListenSettings { most, ..config.connections };
    listen::serve(listener, router(app), connections, shutdown).await;
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

/// Puts the parts together: the store first, then what stands on it.
async fn assemble(
    config: &Config,
    purpose: Purpose,
    clock: Clock,
    shutdown: CancellationToken,
) -> anyhow::Result<App> {
    let relay = Arc::new(Relay::default());
    let sink: Arc<dyn CommitSink> = Arc::clone(&relay) as _;
    let folder = config.data.clone();
    let store = tokio::task::spawn_blocking(move || SqliteStore::open(&folder, purpose, sink))
        .await
        .context("cannot open the store")??;
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

    let sweepers = Sweepers::of(config).context("cannot start the sweepers")?;
    let assets = Assets::find(&config.leptos);
    if !assets.complete() {
        tracing::warn!("assets.missing: this build has no scripts; build with `make build`");
    }
    let orders =
        Orders::new(Arc::clone(&store), clock.clone(), Arc::clone(&kitchen), config.orders.clone());
    let page = PageSettings {
        location: config.orders.location.clone(),
        currency: config.orders.currency,
        time_zone: config.orders.time_zone.clone(),
        language: config.language,
        demo,
    };
    Ok(App::new(Parts {
        store,
        hub,
        orders,
        kitchen,
        sources,
        clockwork,
        clock,
        stream: config.stream,
        open_streams: OpenStreams::new(within_files(config.stream.limits)),
        snapshots: Snapshots::default(),
        sweepers,
        keys_in_flight: KeysInFlight::default(),
        assets,
        page,
        shutdown,
    }))
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
    tracing::info!("server.stopping");
    shutdown.cancel();
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
        Ok(limit) => tracing::info!(open_files = limit, "server.file_limit"),
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

/// One line for people and for whoever started the program and waits for it.
fn announce(address: SocketAddr) {
    say(&format!("listening on http://{address}\n"));
}

/// A demo is announced when its day has been played up to the rush: whoever
/// opened the board before would see the morning rush by.
fn announce_demo(address: SocketAddr) {
    announce(address);
    say(&format!(
        "\nThe dinner rush is on. The board:\n\n  http://{address}/\n\nPost an order of your own and watch it come in:\n\n  curl --json '{{\"items\":[{{\"name\":\"Cheeseburger\",\"quantity\":2}}]}}' http://{address}/api/orders\n\n"
    ));
}

/// The end of a demo's shift, for whoever waits for it.
fn announce_end(open: usize) {
    say(&format!("The shift is over; open orders: {open}\n"));
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
