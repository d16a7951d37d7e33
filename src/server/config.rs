//! The configuration: compiled-in defaults, a file, the environment, flags.
//!
//! `Leptos.toml` is the documented default and lists every key; a key that is
//! not in it does not exist. Each value is read once, here, and a bad one is
//! refused with its key, where it came from, and what is allowed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::SocketAddr,
    ops::RangeInclusive,
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, bail};
use jiff::{civil::Time, tz::TimeZone};
use leptos_config::LeptosOptions;
use toml::{Table, Value};

use super::{
    access::AccessSettings,
    cors::{CorsSettings, ORIGIN_RULE},
    hub::HubSettings,
    kitchen::KitchenSettings,
    listen::{
        ListenSettings,
        tls::{Files, is_host_name},
    },
    orders::OrderSettings,
    privacy::PrivacySettings,
    proxy::{NETWORK_RULE, ProxySettings},
    sources::SourceSettings,
    stream::{StreamLimits, StreamSettings},
    tracking::TrackingSettings,
    webhooks::{WebhookSettings, guard::Allowed, schedule::Schedule},
};
use crate::domain::{
    Channel, Currency, Location, Promises, Routing, Station, Thresholds, screen::Language,
};

/// The compiled-in defaults, documented key by key.
pub const DEFAULTS: &str = include_str!("../../Leptos.toml");
/// The file that is read where no other is named.
const FILE: &str = "Leptos.toml";
/// What the name of an environment variable begins with.
const PREFIX: &str = "LIVE_ORDERS_";

/// Keys that begin so are names of stations.
const ROUTING: &str = "routing.";
/// The table that they are of.
const ROUTING_TABLE: &str = "routing";
/// How keys ended that said after how many minutes an order is late, before they
/// said when it warns as well.
const OLD_LATE: &str = "_min";

/// How often it is looked for another certificate.
const LOOK_EVERY: Duration = Duration::from_secs(3);

const MINUTE_MILLIS: i64 = 60 * 1000;

/// What `server.log` takes.
const LOG_FILTER: &str = "error, warn, info, debug, trace or off, or a list with levels of \
                          modules such as \"warn,live_orders=debug\"";

/// What `tracking.base_url` takes.
const BASE_URL: &str = "nothing, or an address such as https://orders.example.com";

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Folder of the store.
    pub data: PathBuf,
    /// What is logged.
    pub log: String,
    /// Who is let in, and for how long.
    pub access: AccessSettings,
    /// Which pages of other origins may use the API.
    pub cors: CorsSettings,
    /// How connections behave.
    pub connections: ListenSettings,
    /// How connections are encrypted.
    pub tls: TlsSettings,
    /// Which proxies are believed.
    pub proxy: ProxySettings,
    /// How streams behave.
    pub stream: StreamSettings,
    /// How much the hub keeps.
    pub hub: HubSettings,
    /// What orders are when they do not say.
    pub orders: OrderSettings,
    /// The language of pages that are of no screen.
    pub language: Language,
    /// What the kitchen is watched for.
    pub kitchen: KitchenSettings,
    /// How channels are watched.
    pub sources: SourceSettings,
    /// How events are sent to webhooks.
    pub webhooks: WebhookSettings,
    /// How long the log is kept.
    pub retention: Retention,
    /// How long personal data is kept.
    pub privacy: PrivacySettings,
    /// What customers are told of the restaurant.
    pub tracking: TrackingSettings,
    /// How a demo plays.
    pub demo: DemoConfig,
    /// What the page needs to know of its build.
    pub leptos: LeptosOptions,
}

/// How connections are encrypted.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// Whether they are, and with whose certificate.
    pub mode: TlsMode,
    /// Another address, which sends plain HTTP to HTTPS.
    pub redirect: Option<SocketAddr>,
    /// For how many days browsers are told to use nothing else.
    pub hsts_days: Option<u32>,
    /// How often it is looked for another certificate.
    pub look_every: Duration,
}

/// Whose certificate connections are encrypted with.
#[derive(Clone, Debug)]
pub enum TlsMode {
    /// They are not.
    Off,
    /// One that somebody else keeps.
    Files(Files),
    /// One of our own, for this machine and these names.
    SelfSigned(Vec<String>),
}

/// How long the log is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Changes, in milliseconds.
    pub events_millis: i64,
    /// Idempotency keys, in milliseconds.
    pub keys_millis: i64,
}

/// How a demo plays.
#[derive(Clone, Copy, Debug)]
pub struct DemoConfig {
    /// The same seed plays the same evening.
    pub seed: u64,
    /// How many times as fast as real time.
    pub speed: u32,
    /// How many minutes of the restaurant's time are played, if there is an end.
    pub shift_minutes: Option<u32>,
    /// Orders of a whole day.
    pub orders_per_day: u32,
    /// Whether everybody may come in who can reach it.
    pub open_to_everybody: bool,
}

/// Where a value came from, for messages.
#[derive(Clone, Debug)]
enum Origin {
    Default,
    File(PathBuf),
    Environment(String),
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("the default"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Environment(name) => write!(formatter, "the environment, {name}"),
            Self::Flag => formatter.write_str("a flag"),
        }
    }
}

impl Config {
    /// Reads the configuration: `file`, or else `Leptos.toml` in the working
    /// directory where there is one; `environment`; `flags` as `key=value`.
    ///
    /// # Errors
    /// One line: a file that cannot be read, a key that does not exist, a
    /// value that is not allowed.
    pub fn load(
        file: Option<PathBuf>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> anyhow::Result<Self> {
        Self::read(file, environment, flags).map_err(|error| on_one_line(&error))
    }

    fn read(
        file: Option<PathBuf>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> anyhow::Result<Self> {
        let mut values = Values::default();
        values.add_file(DEFAULTS, &Origin::Default)?;
        let chosen = file.clone().or_else(|| Some(PathBuf::from(FILE)).filter(|it| it.exists()));
        let mut leptos = DEFAULTS.to_owned();
        if let Some(path) = chosen {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read the configuration {}", path.display()))?;
            values.add_file(&text, &Origin::File(path))?;
            if text.lines().any(|line| line.trim() == "[package.metadata.leptos]") {
                leptos = text;
            }
        }
        for (name, value) in environment {
            values.add_environment(&name, value)?;
        }
        for (key, value) in flags {
            values.set(key, Value::String(value.clone()), Origin::Flag)?;
        }
        let leptos = leptos_config::get_config_from_str(&leptos)
            .map_err(|error| anyhow::anyhow!("[package.metadata.leptos]: {error}"))?;
        values.read(leptos)
    }
}

/// Where `text` ceases to be TOML, and why. The reader's own words would be a picture of
/// several lines.
fn not_toml(text: &str, origin: &Origin, error: &toml::de::Error) -> anyhow::Error {
    let at = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = at.matches('\n').count() + 1;
    let column = at.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let why = error.message().trim().replace('\n', ", ");
    anyhow::anyhow!("cannot read {origin} as TOML: line {line}, column {column}: {why}")
}

/// `error` as one line, whatever the names in a file are made of.
fn on_one_line(error: &anyhow::Error) -> anyhow::Error {
    let mut line = String::new();
    for sign in format!("{error:#}").chars() {
        if sign.is_control() {
            line.extend(sign.escape_default());
        } else {
            line.push(sign);
        }
    }
    anyhow::anyhow!(line)
}

/// Every key's value and where it came from.
#[derive(Default)]
struct Values(BTreeMap<String, (Value, Origin)>);

impl Values {
    fn add_file(&mut self, text: &str, origin: &Origin) -> anyhow::Result<()> {
        let file: Table = text.parse().map_err(|error| not_toml(text, origin, &error))?;
        for (table, values) in file {
            // For cargo-leptos' part of the file there is a reader of its own.
            if table == "package" {
                continue;
            }
            let Value::Table(values) = values else {
                let name = if table.is_empty() { "\"\"" } else { &table };
                bail!("{origin}: {name} stands outside of a table; see `live-orders config`");
            };
            for (name, value) in values {
                let key = format!("{table}.{name}");
                if matches!(origin, Origin::Default) {
                    self.0.insert(key, (value, Origin::Default));
                } else {
                    self.set(&key, value, origin.clone())?;
                }
            }
        }
        Ok(())
    }

    fn add_environment(&mut self, name: &str, value: String) -> anyhow::Result<()> {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            return Ok(());
        };
        let key =
            self.0.keys().find(|key| key.replace('.', "_").eq_ignore_ascii_case(rest)).cloned();
        if let Some(key) = key {
            return self.set(&key, Value::String(value), Origin::Environment(name.to_owned()));
        }
        // The table of the restaurant's own may have no key yet.
        if let Some((ROUTING_TABLE, station)) = rest.to_ascii_lowercase().split_once('_') {
            let key = format!("{ROUTING}{station}");
            return self.set(&key, Value::String(value), Origin::Environment(name.to_owned()));
        }
        if let Some((table, key)) = rest.to_ascii_lowercase().split_once('_') {
            renamed(&format!("{table}.{key}"), &Origin::Environment(name.to_owned()))?;
        }
        // A variable that names a table but none of its keys is a slip of the
        // pen. Others belong to the programs around this one.
        let table = rest.split('_').next().unwrap_or_default().to_ascii_lowercase();
        let keys = self.of_table(&table);
        if !keys.is_empty() {
            bail!("{name} names no key; of {table} there are {}", keys.join(", "));
        }
        Ok(())
    }

    /// The keys of `table`, with its name.
    fn of_table(&self, table: &str) -> Vec<&str> {
        let keys = self.0.keys().map(String::as_str);
        keys.filter(|key| key.split('.').next() == Some(table)).collect()
    }

    /// What there is where somebody wrote `key`: the keys of its table, or the tables.
    fn known_beside(&self, key: &str) -> String {
        let table = key.split('.').next().unwrap_or_default();
        let keys = self.of_table(table);
        if !keys.is_empty() {
            return format!("of {table} there are {}", keys.join(", "));
        }
        // That of the restaurant's own keys is not among the defaults.
        let tables = self.0.keys().filter_map(|key| key.split('.').next());
        let tables: BTreeSet<&str> = tables.chain([ROUTING_TABLE]).collect();
        let tables: Vec<&str> = tables.into_iter().collect();
        format!("there are the tables {}", tables.join(", "))
    }

    fn set(&mut self, key: &str, value: Value, origin: Origin) -> anyhow::Result<()> {
        // A table of the restaurant's own: its keys are the names of stations.
        if key.starts_with(ROUTING) {
            self.0.insert(key.to_owned(), (value, origin));
            return Ok(());
        }
        renamed(key, &origin)?;
        let Some(slot) = self.0.get_mut(key) else {
            bail!("there is no key {key} ({origin}); {}", self.known_beside(key));
        };
        *slot = (value, origin);
        Ok(())
    }

    /// The value of `key` as `parse` understands its text.
    fn get<T>(
        &self,
        key: &str,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> anyhow::Result<T> {
        let (value, origin) = self.0.get(key).with_context(|| format!("{key} has no default"))?;
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        parse(&text).with_context(|| format!("{key} = {text:?} ({origin}): it takes {allowed}"))
    }

    /// Where the value of `key` came from.
    fn origin(&self, key: &str) -> String {
        self.0.get(key).map_or_else(String::new, |(_, origin)| origin.to_string())
    }

    fn whole<T: TryFrom<i64>>(&self, key: &str, range: RangeInclusive<i64>) -> anyhow::Result<T> {
        let allowed = format!("a whole number from {} to {}", range.start(), range.end());
        self.get(key, &allowed, |text| {
            let number = text.parse().ok().filter(|number| range.contains(number))?;
            T::try_from(number).ok()
        })
    }

    fn millis(&self, key: &str, range: RangeInclusive<i64>) -> anyhow::Result<Duration> {
        self.whole(key, range).map(Duration::from_millis)
    }

    fn switch(&self, key: &str) -> anyhow::Result<bool> {
        self.get(key, "true or false", |text| text.parse().ok())
    }

    fn thresholds(&self, key: &str) -> anyhow::Result<Thresholds> {
        let allowed = "bar, quick_service, fast_casual, delivery, full_service or catering, or \
                       minutes to warn and to be late after, such as 6/10";
        self.get(key, allowed, |text| text.parse().ok())
    }

    /// The texts of a list, which may stand in one text parted by commas.
    fn list<T>(
        &self,
        key: &str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> anyhow::Result<Vec<T>> {
        let (value, origin) = self.0.get(key).with_context(|| format!("{key} has no default"))?;
        let texts: Option<Vec<&str>> = match value {
            Value::String(text) => {
                Some(text.split(',').map(str::trim).filter(|it| !it.is_empty()).collect())
            }
            Value::Array(texts) => texts.iter().map(Value::as_str).collect(),
            _ => None,
        };
        texts
            .and_then(|texts| texts.into_iter().map(parse).collect())
            .with_context(|| format!("{key} = {value} ({origin}): it takes {allowed}"))
    }

    fn tls(&self) -> anyhow::Result<TlsSettings> {
        let path = |key: &str| {
            self.get(key, "the path of a file", |text| {
                Some(Some(PathBuf::from(text)).filter(|_| !text.is_empty()))
            })
        };
        let own = self.get("tls.mode", "files or self-signed", |text| match text {
            "files" => Some(false),
            "self-signed" => Some(true),
            _ => None,
        })?;
        let names = self.list("tls.names", "names and addresses of this machine", |name| {
            is_host_name(name).then(|| name.to_lowercase())
        })?;
        let mode = match (own, path("tls.cert")?, path("tls.key")?) {
            (true, None, None) => TlsMode::SelfSigned(names),
            (false, None, None) => TlsMode::Off,
            (false, Some(cert), Some(key)) => TlsMode::Files(Files { cert, key }),
            (true, ..) => {
                let mode = self.origin("tls.mode");
                bail!(
                    "tls.mode = \"self-signed\" ({mode}) makes its own: leave out tls.cert and tls.key"
                )
            }
            (false, Some(_), None) => {
                let cert = self.origin("tls.cert");
                bail!("tls.cert needs its key ({cert}): name it with tls.key (--tls-key)")
            }
            (false, None, Some(_)) => {
                let key = self.origin("tls.key");
                bail!("tls.key needs its certificate ({key}): name it with tls.cert (--tls-cert)")
            }
        };
        let redirect = self.get("tls.redirect", "nothing, or an address and a port", |text| {
            if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
        })?;
        let hsts_days = Some(self.whole("tls.hsts_days", 0..=730)?).filter(|days| *days > 0);
        if redirect.is_some() && matches!(mode, TlsMode::Off) {
            bail!(
                "tls.redirect sends to HTTPS, which is off ({}): name tls.cert and tls.key, or --tls self-signed",
                self.origin("tls.redirect")
            );
        }
        if hsts_days.is_some() && !matches!(mode, TlsMode::Files(_)) {
            bail!(
                "tls.hsts_days ({}) needs a certificate that everybody trusts: name tls.cert and tls.key",
                self.origin("tls.hsts_days")
            );
        }
        Ok(TlsSettings { mode, redirect, hsts_days, look_every: LOOK_EVERY })
    }

    fn webhooks(&self) -> anyhow::Result<WebhookSettings> {
        let rule = Allowed::RULE;
        let hosts = self.list("webhooks.allow_hosts", rule, |host| {
            Allowed::parse([host]).map(|_| host.to_owned())
        })?;
        let allowed = Allowed::parse(hosts.iter().map(String::as_str)).with_context(|| {
            let origin = self.origin("webhooks.allow_hosts");
            format!("webhooks.allow_hosts = {hosts:?} ({origin}): it takes {rule}")
        })?;
        let broken_days: i64 = self.whole("webhooks.broken_after_days", 1..=30)?;
        let keep_days: i64 = self.whole("webhooks.keep_deliveries_days", 1..=365)?;
        Ok(WebhookSettings {
            allowed,
            timeout: self.millis("webhooks.timeout_ms", 100..=60_000)?,
            schedule: self.get("webhooks.retry", Schedule::RULE, |text| text.parse().ok())?,
            broken_after_millis: broken_days * 24 * 60 * MINUTE_MILLIS,
            attempts_millis: keep_days * 24 * 60 * MINUTE_MILLIS,
        })
    }

    /// The table from items to stations: a list of items for each station.
    fn routing(&self) -> anyhow::Result<Routing> {
        let mut routes = Vec::new();
        for (key, (value, origin)) in &self.0 {
            let Some(name) = key.strip_prefix(ROUTING) else { continue };
            let station = Station::parse(name)
                .map_err(|rule| anyhow::anyhow!("{key} ({origin}): a station is {rule}"))?;
            let items: Vec<String> = match value {
                Value::String(text) => text.split(',').map(|item| item.trim().to_owned()).collect(),
                Value::Array(items) => items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect::<Option<_>>()
                    .with_context(|| format!("{key} ({origin}): it takes a list of item names"))?,
                _ => bail!("{key} = {value} ({origin}): it takes a list of item names"),
            };
            routes.extend(items.into_iter().map(|item| (item, station.clone())));
        }
        // Who routes nothing has one station; who routes must hear of what is missing.
        let fallback = if routes.is_empty() { "kitchen" } else { Routing::UNROUTED };
        let fallback = Station::parse(fallback).map_err(anyhow::Error::msg)?;
        Routing::new(routes, fallback).map_err(|bad| {
            let stations = self.0.keys().filter(|key| key.starts_with(ROUTING));
            let origins: BTreeSet<String> = stations.map(|key| self.origin(key)).collect();
            let origins = origins.into_iter().collect::<Vec<_>>().join(", ");
            anyhow::anyhow!("routing ({origins}): {bad}")
        })
    }

    fn access(&self) -> anyhow::Result<AccessSettings> {
        let idle_min: i64 = self.whole("access.session_idle_min", 1..=43_200)?;
        let max_days: i64 = self.whole("access.session_max_days", 1..=365)?;
        Ok(AccessSettings {
            idle_millis: idle_min * MINUTE_MILLIS,
            session_millis: max_days * 24 * 60 * MINUTE_MILLIS,
            writes_per_minute: self.whole("access.writes_per_min", 1..=1_000_000)?,
        })
    }

    fn cors(&self) -> anyhow::Result<CorsSettings> {
        let origins = self.list("cors.origins", ORIGIN_RULE, |text| text.parse().ok())?;
        Ok(CorsSettings { origins })
    }

    fn stream(&self) -> anyhow::Result<StreamSettings> {
        let retry = self.millis("stream.retry_ms", 100..=60_000)?;
        let max_age: u64 = self.whole("stream.max_age_min", 1..=10_080)?;
        Ok(StreamSettings {
            heartbeat: self.millis("stream.heartbeat_ms", 100..=60_000)?,
            retry,
            max_age: Duration::from_secs(max_age * 60),
            spread: retry,
            gzip: self.switch("stream.gzip")?,
            take_sockets: self.switch("stream.take_sockets")?,
            limits: StreamLimits {
                most: self.whole("stream.max", 1..=1_000_000)?,
                most_per_address: Some(self.whole("stream.max_per_address", 0..=1_000_000)?)
                    .filter(|most| *most > 0),
                most_each: Some(self.whole("stream.max_each", 0..=1_000_000)?)
                    .filter(|most| *most > 0),
            },
        })
    }

    fn read(&self, leptos: LeptosOptions) -> anyhow::Result<Config> {
        let drain = self.millis("server.drain_ms", 100..=60_000)?;
        let ring_mib: usize = self.whole("stream.ring_mib", 1..=1024)?;
        let keep_days: i64 = self.whole("log.keep_days", 1..=3650)?;
        let keep_keys_hours: i64 = self.whole("log.keep_keys_hours", 1..=8760)?;
        let label = crate::domain::ids::LABEL_RULE;
        Ok(Config {
            listen: self.get(
                "server.listen",
                "an address and a port, such as 127.0.0.1:3000 or [::]:3000",
                |text| text.parse().ok(),
            )?,
            data: self.get("server.data", "the path of a folder", |text| {
                Some(PathBuf::from(text)).filter(|path| !path.as_os_str().is_empty())
            })?,
            log: self
                .get("server.log", LOG_FILTER, |text| log_levels(text).then(|| text.to_owned()))?,
            access: self.access()?,
            cors: self.cors()?,
            connections: ListenSettings {
                write_timeout: self.millis("stream.write_timeout_ms", 1000..=600_000)?,
                drain,
                most: usize::MAX,
            },
            tls: self.tls()?,
            proxy: ProxySettings {
                trusted: self.list("proxy.trusted", NETWORK_RULE, |text| text.parse().ok())?,
                header: self.get("proxy.header", "x-forwarded-for or forwarded", |text| {
                    text.parse().ok()
                })?,
            },
            stream: self.stream()?,
            hub: HubSettings { ring_bytes: ring_mib * 1024 * 1024 },
            orders: OrderSettings {
                location: self.get("orders.location", label, |text| Location::parse(text).ok())?,
                currency: self.get(
                    "orders.currency",
                    "an ISO 4217 code: three capital letters, such as EUR",
                    |text| Currency::parse(text).ok(),
                )?,
                channel: Channel::parse("api").map_err(anyhow::Error::msg)?,
                routing: self.routing()?,
                promises: Promises {
                    pickup: self.thresholds("kitchen.pickup")?,
                    delivery: self.thresholds("kitchen.delivery")?,
                    dine_in: self.thresholds("kitchen.dine_in")?,
                    curbside: self.thresholds("kitchen.curbside")?,
                },
                time_zone: self.get(
                    "orders.time_zone",
                    "\"system\", or an IANA time zone such as Europe/Berlin",
                    |text| match text {
                        "system" => Some(TimeZone::system()),
                        name => TimeZone::get(name).ok(),
                    },
                )?,
                business_day_starts: self.get(
                    "orders.business_day_starts",
                    "hours and minutes, such as 04:00",
                    |text| Time::strptime("%H:%M", text).ok(),
                )?,
            },
            language: self.get("board.language", "en, de or ar", |text| text.parse().ok())?,
            kitchen: KitchenSettings {
                unseen_after: Some(self.whole("kitchen.unseen_after_s", 0..=3600)?)
                    .filter(|seconds| *seconds > 0)
                    .map(|seconds: i64| seconds * 1000),
            },
            sources: SourceSettings {
                quiet_after: Some(self.whole("kitchen.quiet_after_s", 0..=86_400)?)
                    .filter(|seconds| *seconds > 0)
                    .map(|seconds: i64| seconds * 1000),
            },
            webhooks: self.webhooks()?,
            retention: Retention {
                events_millis: keep_days * 24 * 60 * MINUTE_MILLIS,
                keys_millis: keep_keys_hours * 60 * MINUTE_MILLIS,
            },
            privacy: PrivacySettings {
                erase_after: Some(self.whole("privacy.erase_after_days", 0..=3650)?)
                    .filter(|days| *days > 0)
                    .map(|days: i64| days * 24 * 60 * MINUTE_MILLIS),
            },
            tracking: TrackingSettings {
                base_url: self.get("tracking.base_url", BASE_URL, base_url)?,
                contact: self.get("tracking.contact", "up to 200 characters", |text| {
                    let text = crate::domain::text::clean(text);
                    (text.chars().count() <= 200).then_some(text)
                })?,
            },
            demo: DemoConfig {
                seed: self.whole("demo.seed", 0..=i64::from(u32::MAX))?,
                speed: self.whole("demo.speed", 1..=20)?,
                shift_minutes: Some(self.whole("demo.shift_minutes", 0..=1440)?)
                    .filter(|minutes| *minutes > 0),
                orders_per_day: self.whole("demo.orders_per_day", 20..=5000)?,
                open_to_everybody: self.switch("demo.open_to_everybody")?,
            },
            leptos,
        })
    }
}

/// Refuses a key of an earlier version with the one that it is now.
fn renamed(key: &str, origin: &Origin) -> anyhow::Result<()> {
    let services = ["pickup", "delivery", "dine_in", "curbside"];
    let old = key.strip_prefix("kitchen.").and_then(|name| name.strip_suffix(OLD_LATE));
    if let Some(service) = old.filter(|service| services.contains(service)) {
        bail!(
            "{key} ({origin}) is kitchen.{service} now: minutes to warn and to be late after, \
             such as \"11/15\", or what kitchens of a kind use, such as fast_casual"
        );
    }
    Ok(())
}

/// The address of this server as customers have it, without a slash at its end.
fn base_url(text: &str) -> Option<String> {
    let text = text.trim_end_matches('/');
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"<>@".contains(&byte))
    };
    (text.is_empty() || host.is_some_and(plain)).then(|| text.to_owned())
}

/// Whether every part of the log filter `text` has a level. The filter's own
/// reader takes a word that is none for the name of a module, and then logs
/// nothing of all others.
fn log_levels(text: &str) -> bool {
    text.split(',').all(|part| {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level).trim();
        ["error", "warn", "info", "debug", "trace", "off"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(level))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::cors::Origin;

    fn load(flags: &[(&str, &str)], environment: &[(&str, &str)]) -> anyhow::Result<Config> {
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        Config::load(None, owned(environment), &owned(flags))
    }

    #[test]
    fn the_documented_defaults_are_the_defaults() {
        let config = load(&[], &[]).expect("the defaults are allowed");
        assert_eq!(config.listen, "127.0.0.1:3000".parse().expect("an address"));
        assert_eq!(config.stream.heartbeat, Duration::from_secs(5));
        assert_eq!(config.orders.promises.pickup.to_string(), "11/15");
        assert_eq!(&*config.leptos.output_name, "live-orders");
    }

    #[test]
    fn a_flag_wins_over_the_environment() {
        let environment = [("LIVE_ORDERS_STREAM_HEARTBEAT_MS", "700")];
        let config = load(&[], &environment).expect("allowed");
        assert_eq!(config.stream.heartbeat, Duration::from_millis(700));
        let config = load(&[("stream.heartbeat_ms", "900")], &environment).expect("allowed");
        assert_eq!(config.stream.heartbeat, Duration::from_millis(900));
    }

    #[test]
    fn a_file_wins_over_the_defaults_and_the_environment_over_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("live-orders.toml");
        let text = "[stream]\nheartbeat_ms = 300\nretry_ms = 400\n";
        std::fs::write(&file, text).expect("written");
        let environment = [("LIVE_ORDERS_STREAM_RETRY_MS".to_owned(), "500".to_owned())];
        let config = Config::load(Some(file.clone()), environment, &[]).expect("allowed");
        assert_eq!(config.stream.heartbeat, Duration::from_millis(300));
        assert_eq!(config.stream.retry, Duration::from_millis(500));
        assert_eq!(config.orders.promises.pickup.to_string(), "11/15", "the rest stays");
        assert_eq!(&*config.leptos.output_name, "live-orders");

        std::fs::write(&file, "[stream]\nheartbeat_ms = 1\n").expect("written");
        let message = Config::load(Some(file.clone()), [], &[]).expect_err("refused").to_string();
        let origin = format!("({})", file.display());
        assert!(message.contains("stream.heartbeat_ms") && message.contains(&origin), "{message}");
        std::fs::write(&file, "heartbeat_ms = 300\n").expect("written");
        let message = Config::load(Some(file), [], &[]).expect_err("refused").to_string();
        assert!(message.contains("outside of a table"), "{message}");
        let missing = folder.path().join("missing.toml");
        let message = Config::load(Some(missing), [], &[]).expect_err("refused").to_string();
        assert!(message.starts_with("cannot read the configuration"), "{message}");
    }

    #[test]
    fn what_is_no_toml_is_refused_on_one_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("own.toml");
        let refused = |text: &str| {
            std::fs::write(&file, text).expect("written");
            Config::load(Some(file.clone()), [], &[]).expect_err("refused").to_string()
        };
        let syntax = refused("[stream]\nmax = 5\nheartbeat_ms = \n");
        assert!(syntax.contains("own.toml as TOML: line 3, column "), "{syntax}");
        assert!(!syntax.contains('\n'), "{syntax}");
        let nameless = refused("\"\" = 5\n");
        assert!(nameless.contains("own.toml: \"\" stands outside of a table"), "{nameless}");
        let key = refused("[stream]\n\"a\\nb\" = 1\n");
        assert!(key.starts_with("there is no key stream.a\\nb ("), "{key}");
    }

    #[test]
    fn a_routing_table_is_a_list_of_items_for_each_station() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("live-orders.toml");
        std::fs::write(&file, "[routing]\ngrill = [\"*burger\"]\nfry = [\"Fries\"]\n")
            .expect("written");
        let config = Config::load(Some(file.clone()), [], &[]).expect("allowed");
        let routing = config.orders.routing;
        assert_eq!(routing.of("Cheeseburger").station.as_str(), "grill");
        assert_eq!(routing.of("Lemonade").station.as_str(), Routing::UNROUTED);
        let flag = load(&[("routing.bar", "cola, *ade")], &[]).expect("allowed");
        assert_eq!(flag.orders.routing.of("Lemonade").station.as_str(), "bar");
        let none = load(&[], &[]).expect("allowed").orders.routing;
        assert_eq!(none.of("Lemonade").station.as_str(), "kitchen");
        for text in
            ["[routing]\ngrill = 7\n", "[routing]\ngrill = [7]\n", "[routing]\ngrill = [\"*\"]\n"]
        {
            std::fs::write(&file, text).expect("written");
            let message =
                Config::load(Some(file.clone()), [], &[]).expect_err("refused").to_string();
            assert!(message.starts_with("routing"), "{message}");
        }
    }

    #[test]
    fn a_route_of_the_environment_needs_none_of_a_file() {
        let environment = [("LIVE_ORDERS_ROUTING_GRILL", "*burger")];
        let routing = load(&[], &environment).expect("allowed").orders.routing;
        assert_eq!(routing.of("Cheeseburger").station.as_str(), "grill");
        assert_eq!(routing.of("Lemonade").station.as_str(), Routing::UNROUTED);
        let flags = [("routing.grill", "Fries"), ("routing.fry", "fries")];
        let message = load(&flags, &[]).expect_err("refused").to_string();
        assert!(message.contains("fry") && message.contains("grill"), "{message}");
    }

    #[test]
    fn a_key_that_was_renamed_is_refused_with_its_new_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("live-orders.toml");
        std::fs::write(&file, "[kitchen]\ndine_in_min = 15\n").expect("written");
        let message = Config::load(Some(file), [], &[]).expect_err("refused").to_string();
        assert!(message.contains("is kitchen.dine_in now"), "{message}");
        let environment = [("LIVE_ORDERS_KITCHEN_PICKUP_MIN", "15")];
        let message = load(&[], &environment).expect_err("refused").to_string();
        assert!(message.contains("is kitchen.pickup now"), "{message}");
        let flag = load(&[("kitchen.delivery_min", "20")], &[]).expect_err("refused");
        assert!(flag.to_string().contains("is kitchen.delivery now"), "{flag}");
    }

    #[test]
    fn origins_are_a_list_and_none_by_default() {
        assert_eq!(load(&[], &[]).expect("allowed").cors.origins, []);
        let flags = [("cors.origins", "https://shop.example.com, http://localhost:8080")];
        let origins = load(&flags, &[]).expect("allowed").cors.origins;
        let parsed = |text: &str| text.parse::<Origin>().expect("an origin");
        assert_eq!(origins, [parsed("https://shop.example.com"), parsed("http://localhost:8080")]);
    }

    #[test]
    fn encryption_is_asked_for_whole_or_not_at_all() {
        let tls = |flags: &[(&str, &str)]| load(flags, &[]).map(|config| config.tls);
        assert!(matches!(tls(&[]).expect("allowed").mode, TlsMode::Off));
        let files = [("tls.cert", "a.pem"), ("tls.key", "b.pem")];
        assert!(matches!(tls(&files).expect("allowed").mode, TlsMode::Files(_)));
        let own = [("tls.mode", "self-signed"), ("tls.names", "Orders.example.com, 203.0.113.7")];
        let TlsMode::SelfSigned(names) = tls(&own).expect("allowed").mode else {
            panic!("its own")
        };
        assert_eq!(names, ["orders.example.com", "203.0.113.7"]);
        for (flags, part) in [
            (&[("tls.cert", "a.pem")][..], "tls.cert needs its key"),
            (&[("tls.key", "a.pem")], "tls.key needs its certificate"),
            (&[("tls.mode", "self-signed"), ("tls.cert", "a.pem")], "makes its own"),
            (&[("tls.redirect", "127.0.0.1:80")], "tls.redirect"),
            (&[("tls.mode", "self-signed"), ("tls.hsts_days", "1")], "tls.hsts_days"),
            (&[("tls.names", "no name")], "tls.names"),
            (&[("proxy.trusted", "10.0.0.0/33")], "proxy.trusted"),
        ] {
            let message = tls(flags).expect_err("refused").to_string();
            assert!(message.contains(part) && message.lines().count() == 1, "{message}");
        }
        let trusted = load(&[("proxy.trusted", "127.0.0.1, fd00::/8")], &[]).expect("allowed");
        assert_eq!(trusted.proxy.trusted.len(), 2);
    }

    #[test]
    fn a_log_filter_is_a_level_or_a_list_with_levels() {
        for filter in ["info", "OFF", "warn,live_orders=debug", "warn, live_orders::server=trace"] {
            let config = load(&[("server.log", filter)], &[]).expect("allowed");
            assert_eq!(config.log, filter);
        }
        let message = load(&[("server.log", "chatty")], &[]).expect_err("refused").to_string();
        assert!(message.contains("(a flag)") && message.contains("trace or off"), "{message}");
    }

    #[test]
    fn a_bad_value_is_refused_with_key_value_origin_and_what_is_allowed() {
        let refused =
            |key: &str, value: &str| load(&[(key, value)], &[]).expect_err("refused").to_string();
        assert_eq!(
            refused("stream.heartbeat_ms", "fast"),
            "stream.heartbeat_ms = \"fast\" (a flag): it takes a whole number from 100 to 60000"
        );
        for (key, value) in [
            ("server.listen", "3000"),
            ("stream.heartbeat_ms", "99"),
            ("orders.currency", "euro"),
            ("orders.time_zone", "Mars/Olympus"),
            ("orders.business_day_starts", "25:00"),
            ("orders.location", "a,b"),
            ("kitchen.pickup", "0"),
            ("webhooks.timeout_ms", "99"),
            ("webhooks.retry", "5"),
            ("demo.speed", "21"),
            ("tls.mode", "on"),
            ("tls.redirect", "80"),
            ("tls.hsts_days", "731"),
            ("proxy.header", "via"),
            ("demo.shift_minutes", "1441"),
            ("privacy.erase_after_days", "soon"),
            ("tracking.base_url", "orders.example.com"),
            ("tracking.base_url", "https://"),
            ("tracking.base_url", "javascript:alert(1)"),
            ("server.log", "chatty"),
            ("server.log", "info,live_orders"),
            ("server.log", "live_orders=loud"),
            ("server.log", ""),
        ] {
            let message = refused(key, value);
            assert!(message.starts_with(&format!("{key} = {value:?}")), "{message}");
        }
        for origin in
            ["*", "https://*.example.com", "https://shop.example.com/", "shop.example.com"]
        {
            let message = refused("cors.origins", origin);
            assert!(message.starts_with("cors.origins") && message.contains("no *"), "{message}");
        }
        let message = refused("webhooks.allow_hosts", "pos.lan, 10.0.0.0/99");
        assert!(message.contains("(a flag): it takes a list of host names"), "{message}");
        let message = refused("stream.beat", "1");
        assert!(message.starts_with("there is no key stream.beat (a flag); of stream there are "));
        assert!(
            message.contains("stream.heartbeat_ms") && !message.contains("orders."),
            "{message}"
        );
        let message = refused("steam.heartbeat_ms", "1");
        assert!(message.contains("; there are the tables access, "), "{message}");
        assert!(message.contains(", stream, ") && !message.contains("stream."), "{message}");
        let message = refused("routings.grill", "Fries");
        assert!(message.contains(", routing, "), "{message}");
        let slip = load(&[], &[("LIVE_ORDERS_STREAM_HEARTBEAT", "700")]).expect_err("refused");
        assert!(slip.to_string().contains("stream.heartbeat_ms"), "{slip}");
        let message = load(&[], &[("LIVE_ORDERS_DEMO_SPEED", "x")]).expect_err("refused");
        assert!(message.to_string().contains("(the environment, LIVE_ORDERS_DEMO_SPEED)"));
    }
}
