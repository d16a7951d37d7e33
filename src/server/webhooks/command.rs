//! Webhooks and secrets of channels from the command line, on the data folder of
//! a server, running or not. One that runs notices within a second.

use std::{fmt::Write as _, io::Write as _, sync::Arc};

use anyhow::{Context as _, bail};

use super::{Keys, MOST, Secret, Target, WebhookId, WebhookProblem, channels, setup};
use crate::{
    domain::{Channel, Location, UnixMillis, ids::LABEL_RULE},
    server::{
        access::{
            command::COMMAND_LINE,
            register::{By, Register},
        },
        clock::Clock,
        config::Config,
        files::{self, Depth},
        folder,
        ingest::Successor,
        store::{
            CommitSink, Committed, SqliteStore, Store as _, WebhookStore as _, sqlite,
            webhooks::{Attempted, Switch, Webhook},
        },
        stream::resume::{self, After, Start},
    },
    wire::{Seq, StreamFilter},
};

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Errand {
    /// Makes a webhook.
    Create {
        /// Its address.
        url: String,
        /// What it is for.
        description: Option<String>,
        /// Its filter as the query of a stream.
        filter: Option<String>,
        /// After which event it begins; none: now.
        after: Option<String>,
    },
    /// Lists webhooks.
    List,
    /// Switches a webhook on or off.
    Switch {
        /// Its id.
        id: String,
        /// Whether on.
        on: bool,
    },
    /// Gives a webhook another secret.
    Rotate {
        /// Its id.
        id: String,
        /// For how many hours the one it has stays good.
        overlap_hours: u16,
    },
    /// Lists what was last tried.
    Deliveries {
        /// Its id.
        id: String,
    },
    /// Has a webhook go on after another event than it would.
    Replay {
        /// Its id.
        id: String,
        /// After which event.
        after: String,
    },
    /// Deletes a webhook.
    Delete {
        /// Its id.
        id: String,
    },
    /// Gives a channel a secret.
    CreateSecret {
        /// The channel.
        channel: String,
        /// The secret that the channel has chosen.
        secret: Option<String>,
        /// For how many hours the one it has stays good.
        overlap_hours: u16,
        /// Where its orders may be placed; none: everywhere, or as it was.
        locations: Vec<Location>,
    },
    /// Lists channels with a secret.
    ListSecrets,
    /// Takes a channel's secret away.
    DeleteSecret {
        /// The channel.
        channel: String,
    },
}

/// Attempts that are listed.
const DELIVERIES: usize = 50;

/// Nobody follows along.
struct Nobody;

impl CommitSink for Nobody {
    fn committed(&self, _: &[Committed]) {}

    fn announce(&self) {}
}

/// Does `errand` on the store of `config` and says what came of it.
///
/// # Errors
/// One line: why it was not done.
pub fn run(config: &Config, errand: Errand) -> anyhow::Result<()> {
    let data = &config.data;
    let is_there = files::look(sqlite::KIND, data, Depth::Header)?.is_some();
    if !is_there && !matches!(errand, Errand::Create { .. } | Errand::CreateSecret { .. }) {
        bail!("there is no store in {} yet: is it the server's --data?", data.display());
    }
    let store = SqliteStore::open_beside(data, Arc::new(Nobody))?;
    if !is_there {
        folder::tell_that_new(data);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let said = runtime.block_on(carry_out(&store, config, errand))?;
    std::io::stdout().lock().write_all(said.as_bytes()).context("cannot say what was done")
}

async fn carry_out(store: &SqliteStore, config: &Config, errand: Errand) -> anyhow::Result<String> {
    let now = Clock::system().now();
    match errand {
        Errand::Create { url, description, filter, after } => {
            let webhook = Webhook {
                id: WebhookId::random(),
                url,
                description,
                filter: read_filter(filter.as_deref().unwrap_or_default())?,
                keys: Keys::new(Secret::random()),
                switch: Switch::on(now),
                cursor: position(store, after.as_deref()).await?,
                waiting: 0,
                missed: None,
                failing_since: None,
                held_until: None,
                delivered_at: None,
                created_at: now,
            };
            create(store, config, webhook).await
        }
        Errand::List => {
            let mut lines = String::new();
            for webhook in store.all().await? {
                let state = webhook.switch.state.as_str();
                let filter = webhook.filter.to_query();
                // Writing to text cannot fail.
                let _ = writeln!(lines, "{}  {state:6}  {}  {filter}", webhook.id, webhook.url);
            }
            Ok(lines)
        }
        Errand::Switch { id, on } => {
            let webhook = find(store, &id).await?;
            let told = setup::subject(&webhook);
            if switch(store, webhook, on, now).await? {
                note(config, now, if on { "webhook.on" } else { "webhook.off" }, &told)?;
            }
            Ok(String::new())
        }
        Errand::Rotate { id, overlap_hours } => {
            let webhook = find(store, &id).await?;
            let told = setup::subject(&webhook);
            let secret = rotate(store, webhook, overlap_hours, now).await?;
            note(config, now, "webhook.rotated", &told)?;
            Ok(secret)
        }
        Errand::Deliveries { id } => {
            let webhook = find(store, &id).await?;
            let attempts = store.attempts(webhook.id, None, DELIVERIES).await?;
            Ok(attempts.iter().map(delivery).collect())
        }
        Errand::Replay { id, after } => {
            let webhook = find(store, &id).await?;
            let after = position(store, Some(&after)).await?;
            if store.is_beside() {
                // A server that runs knows better where the webhook is than the store.
                bail!(
                    "a server uses this folder, and only it can say where its webhooks go on: \
                     POST /api/webhooks/{id}/replay, or stop it first"
                );
            }
            store.rewind(webhook.id.clone(), after).await?;
            note(config, now, "webhook.replayed", &setup::subject(&webhook))?;
            Ok(String::new())
        }
        Errand::Delete { id } => {
            let webhook = find(store, &id).await?;
            store.remove(webhook.id.clone()).await?;
            note(config, now, "webhook.deleted", &setup::subject(&webhook))?;
            Ok(String::new())
        }
        Errand::CreateSecret { channel, secret, overlap_hours, locations } => {
            let channel = read_channel(&channel)?;
            let secret = secret.as_deref().map(Secret::parse).transpose();
            let secret = secret.map_err(|rule| anyhow::anyhow!("--secret: it takes {rule}"))?;
            let overlap_millis = i64::from(overlap_hours) * 3_600_000;
            let locations = Some(locations).filter(|locations| !locations.is_empty());
            let successor = Successor { secret, overlap_millis, locations };
            let given = channels::give(store, channel, successor, now).await;
            let (signing, is_new) =
                given.map_err(|problem| anyhow::anyhow!("{}", problem.detail()))?;
            let what = if is_new { "secret.given" } else { "secret.rotated" };
            note(config, now, what, signing.channel.as_str())?;
            Ok(format!("secret  {}\n", signing.keys.current.reveal()))
        }
        Errand::ListSecrets => {
            let mut lines = String::new();
            for signing in store.channels().await? {
                let _ = writeln!(lines, "{}", signing.channel);
            }
            Ok(lines)
        }
        Errand::DeleteSecret { channel } => {
            let channel = read_channel(&channel)?;
            if !store.remove_channel(channel.clone()).await? {
                bail!("channel {channel} has no secret");
            }
            note(config, now, "secret.deleted", channel.as_str())?;
            Ok(String::new())
        }
    }
}

/// Keeps `webhook`, and tells its secret.
async fn create(store: &SqliteStore, config: &Config, webhook: Webhook) -> anyhow::Result<String> {
    Target::parse(&webhook.url, &config.webhooks.allowed)
        .map_err(|rule| anyhow::anyhow!("--url {:?}: it takes {rule}", webhook.url))?;
    if !store.add(webhook.clone(), MOST).await? {
        bail!("there are {MOST} webhooks, and there may be no more; delete one");
    }
    note(config, webhook.created_at, "webhook.made", &setup::subject(&webhook))?;
    Ok(format!("id      {}\nsecret  {}\n", webhook.id, webhook.keys.current.reveal()))
}

/// Adds to the list of who did what.
fn note(config: &Config, now: UnixMillis, what: &str, subject: &str) -> anyhow::Result<()> {
    let register = Register::open(&config.data)?;
    register.change(|to| By::here(COMMAND_LINE, now).note(to, what, subject))?;
    Ok(())
}

async fn find(store: &SqliteStore, id: &str) -> anyhow::Result<Webhook> {
    let found = match WebhookId::parse(id) {
        Some(id) => store.one(id).await?,
        None => None,
    };
    found.with_context(|| {
        format!("there is no webhook {id}; `live-orders webhook list` lists those there are")
    })
}

/// Switches `webhook` on or off; whether it was not so already.
async fn switch(
    store: &SqliteStore,
    webhook: Webhook,
    on: bool,
    now: UnixMillis,
) -> anyhow::Result<bool> {
    let Some(switch) = webhook.switch.turned(on, now) else { return Ok(false) };
    store.switch(webhook.id, switch).await?;
    Ok(true)
}

/// Another secret for `webhook`, as it is told.
async fn rotate(
    store: &SqliteStore,
    webhook: Webhook,
    overlap_hours: u16,
    now: UnixMillis,
) -> anyhow::Result<String> {
    let overlap_millis = i64::from(overlap_hours) * 3_600_000;
    let keys = webhook.keys.clone().rotated(Secret::random(), now, overlap_millis);
    let keys = keys.with_context(|| WebhookProblem::TooManySecrets.detail())?;
    let secret = keys.current.reveal();
    store.save(Webhook { keys, ..webhook }, None).await?;
    Ok(format!("secret  {secret}\n"))
}

/// One line of what was tried.
fn delivery(Attempted { number, attempt }: &Attempted) -> String {
    let at = jiff::Timestamp::from_millisecond(attempt.at.0).unwrap_or_default();
    let order = attempt.event.map_or_else(|| "-".to_owned(), |(_, order)| order.to_string());
    let (kind, outcome) = (&attempt.kind, attempt.outcome.as_str());
    let error = attempt.error.as_deref().unwrap_or_default();
    format!("{number}\t{at}\t{kind}\t{order}\t{outcome}\t{error}\n")
}

fn read_channel(raw: &str) -> anyhow::Result<Channel> {
    Channel::parse(raw).map_err(|_| anyhow::anyhow!("--channel {raw:?}: it takes {LABEL_RULE}"))
}

fn read_filter(query: &str) -> anyhow::Result<StreamFilter> {
    let mut filter = StreamFilter::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let known = filter.add(&name, &value);
        if !known.map_err(|error| anyhow::anyhow!("--filter: {}", error.detail))? {
            let known = StreamFilter::PARAMETERS.join(", ");
            bail!("--filter: there is no parameter {name:?}; there are {known}");
        }
    }
    Ok(filter)
}

async fn position(store: &SqliteStore, after: Option<&str>) -> anyhow::Result<Seq> {
    let after = match after {
        None | Some("now") => After::Now,
        Some("earliest") => After::Earliest,
        Some(raw) => raw
            .parse()
            .map(After::Id)
            .map_err(|form| anyhow::anyhow!("--after {raw:?}: it takes now, earliest or {form}"))?,
    };
    let bounds = store.events(Seq::START, 0).await?;
    match resume::start(after, store.epoch(), bounds.floor, bounds.head, false) {
        Start::After(seq) => Ok(seq),
        Start::Snapshot(_) => bail!("--after: this log does not have that event, or no longer"),
    }
}
