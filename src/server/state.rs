//! What every request handler shares.

use std::{ops::Deref, sync::Arc};

use tokio_util::sync::CancellationToken;

pub use super::order_form::Suggestions;
use super::{
    access::Access,
    assets::Assets,
    clock::Clock,
    clockwork::Clockwork,
    cors::CorsSettings,
    hub::Hub,
    ingest::idempotency::KeysInFlight,
    kitchen::Kitchen,
    orders::Orders,
    orders::{clock_change, utc_offset_seconds},
    sources::Sources,
    store::Store,
    stream::{OpenStreams, Snapshots, StreamSettings, Sweepers},
    tracking::TrackingSettings,
    trust::Trust,
    webhooks::Webhooks,
};
use crate::{
    domain::{
        Currency, Location,
        screen::{Language, View},
    },
    wire::BoardSettings,
};

/// What every request handler shares. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
pub struct Parts {
    /// What is durable.
    pub store: Arc<dyn Store>,
    /// Where commits go out from.
    pub hub: Arc<Hub>,
    /// Who is let in.
    pub access: Arc<Access>,
    /// Which pages of other origins may use the API.
    pub cors: CorsSettings,
    /// What can be done with orders.
    pub orders: Orders,
    /// What the kitchen as a whole is told.
    pub kitchen: Arc<Kitchen>,
    /// Whether orders still come.
    pub sources: Arc<Sources>,
    /// Who else is told of events, wherever they are.
    pub webhooks: Arc<Webhooks>,
    /// What happens by itself.
    pub clockwork: Arc<Clockwork>,
    /// The server's time.
    pub clock: Clock,
    /// How streams behave.
    pub stream: StreamSettings,
    /// The streams that are open.
    pub open_streams: Arc<OpenStreams>,
    /// The snapshots that are being sent.
    pub snapshots: Snapshots,
    /// Who writes to sockets that were taken from hyper; none when none are.
    pub sweepers: Option<Arc<Sweepers>>,
    /// What is suggested to whoever enters an order.
    pub suggestions: Suggestions,
    /// Keys of requests that are being worked on.
    pub keys_in_flight: KeysInFlight,
    /// The browser's files.
    pub assets: Assets,
    /// What pages show of the configuration.
    pub page: PageSettings,
    /// What devices are to trust, where the server signs its own certificate.
    pub trust: Option<Trust>,
    /// Cancelled when the server is to stop.
    pub shutdown: CancellationToken,
}

/// What pages show of the configuration.
#[derive(Clone, Debug)]
pub struct PageSettings {
    /// The location in the page's head.
    pub location: Location,
    /// The currency of orders that name none.
    pub currency: Currency,
    /// Time zone of the location.
    pub time_zone: jiff::tz::TimeZone,
    /// The language of pages that are of no screen.
    pub language: Language,
    /// Whether the store holds demo data.
    pub demo: bool,
    /// What customers are told of the restaurant.
    pub tracking: TrackingSettings,
}

impl App {
    /// Shares `parts`.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// What the board needs to know of the configuration.
    #[must_use]
    pub fn board_settings(&self, language: Language) -> BoardSettings {
        let (now, zone) = (self.clock.now(), &self.page.time_zone);
        BoardSettings {
            version: crate::VERSION.to_owned(),
            location: self.page.location.to_string(),
            currency: self.page.currency,
            heartbeat_ms: u64::try_from(self.stream.heartbeat.as_millis()).unwrap_or(u64::MAX),
            utc_offset_s: utc_offset_seconds(now, zone),
            clock_change: clock_change(now, zone),
            clock_rate: self.clock.rate(),
            language,
            demo: self.page.demo,
            view: View::default(),
            screen: None,
            actor: None,
        }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
