//! The demo: a restaurant in its dinner rush, played against the server's
//! public HTTP API as its channels and its staff would use it.
//!
//! ```text
//! arrivals ─► baskets ─► simulation ◄─► driver ─► HTTP ─► the server
//!  (when)     (what)     (who does what  (carries it out,
//!                         when, kitchen)  sees what others do)
//! ```
//!
//! The simulation is pure and comes from a seed; only the driver does I/O.
//! Orders that a visitor posts are worked like all others, and a ticket that a
//! visitor touches is left to them for a while.

mod arrivals;
mod baskets;
mod chance;
mod client;
mod driver;
mod kitchen;
mod menu;
mod people;
mod simulation;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use tokio_util::sync::CancellationToken;

use self::{
    driver::{Driver, Stopped},
    simulation::Simulation,
};
use super::clock::Clock;
use crate::domain::{Currency, Location, Routing, UnixMillis};

/// What a demo is like.
#[derive(Clone, Debug)]
pub struct DemoSettings {
    /// The same seed on the same day gives the same orders.
    pub seed: u64,
    /// How many times as fast as time the restaurant runs: 1 to 20.
    pub speed: u32,
    /// After how many minutes of the restaurant's time the staff go home; none
    /// where they never do.
    pub shift_minutes: Option<u32>,
    /// How busy it is. The kitchen is staffed for it.
    pub orders_per_day: u32,
    /// The location's distance from UTC, in seconds east.
    pub utc_offset_s: i32,
    /// Where every order is made.
    pub location: Location,
    /// What every order is paid in.
    pub currency: Currency,
}

/// The moment the demo opens at: in the dinner rush of the local day of `now`.
#[must_use]
pub fn opens_at(now: UnixMillis, settings: &DemoSettings) -> UnixMillis {
    arrivals::rush_on_the_day_of(now, settings.utc_offset_s)
}

/// Where what the demo sells is made.
#[must_use]
pub fn routing() -> Option<Routing> {
    menu::routing()
}

/// Plays the day from its opening up to [`opens_at`] as fast as the server
/// takes it, moving `clock` along; then lets the clock run at the demo's speed
/// and goes on until the shift ends or `shutdown`. `on_open` is called once, in
/// between, and `on_end` with the number of open orders when the shift has ended:
/// from then on nobody does anything any more, and the server goes on.
///
/// `clock` must be the server's, must not run yet, and must stand somewhere on
/// the day that is played. The store must be new.
/// A server that is away is waited for.
pub async fn run(
    settings: DemoSettings,
    server: SocketAddr,
    clock: Clock,
    on_open: impl FnOnce() + Send,
    on_end: impl FnOnce(usize) + Send,
    shutdown: CancellationToken,
) {
    let rush = opens_at(clock.now(), &settings);
    let mut simulation = Simulation::new(&settings, rush);
    let mut driver = Driver::new(server, clock.clone(), shutdown);
    if let Err(Stopped) = driver.catch_up(&mut simulation, rush).await {
        return;
    }
    clock.run(settings.speed);
    tracing::info!(open_orders = simulation.open(), "demo.open");
    on_open();
    let minutes = |minutes: u32| rush.plus(i64::from(minutes) * 60_000);
    let ends = settings.shift_minutes.map(minutes);
    if let Ok(()) = driver.keep_going(&mut simulation, settings.speed, ends).await {
        tracing::info!(open_orders = simulation.open(), "demo.shift.over");
        on_end(simulation.open());
    }
}
