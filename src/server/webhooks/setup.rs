//! What is done with webhooks and the secrets of channels, whoever asks for it: a
//! program over the API ([`manage`](super::manage), [`channels`])
//! or a person on a page. Each deed is noted with whoever did it; what is noted
//! names the receiver's host, never its whole address, which may hold a secret.

use serde_json::Value;

use super::{Keys, MOST, Secret, WebhookId, WebhookProblem, channels};
use crate::{
    domain::{Channel, FoodOrder, UnixMillis},
    server::{
        access::principal::Principal,
        error::Problem,
        ingest::{self, Replay, Successor, WishedWebhook},
        reads,
        state::App,
        store::{
            Unavailable,
            webhooks::{Attempt, SigningChannel, Switch, SwitchState, Waiting, Webhook},
        },
        stream::resume::{self, After, Start},
    },
    wire::Seq,
};

/// The webhook of this id.
///
/// # Errors
/// There is none.
pub(in crate::server) async fn find(app: &App, raw: &str) -> Result<Webhook, Problem> {
    let id = WebhookId::parse(raw).ok_or(WebhookProblem::NotFound)?;
    one(app, id).await
}

async fn one(app: &App, id: WebhookId) -> Result<Webhook, Problem> {
    app.store.webhooks().one(id).await?.ok_or(WebhookProblem::NotFound.into())
}

/// The webhook as it is after something was done with it.
async fn one_after(app: &App, id: WebhookId) -> Result<Webhook, Problem> {
    let webhook = app.store.webhooks().one(id).await.map_err(Unavailable::behind_a_write)?;
    webhook.ok_or(WebhookProblem::NotFound.into())
}

/// Notes that `caller` has done `what` to `webhook`.
async fn note(app: &App, caller: &Principal, what: &'static str, webhook: &Webhook) {
    app.access.note(app.access.by(caller), what, subject(webhook)).await;
}

/// What a webhook is called in the list of who did what.
pub(super) fn subject(webhook: &Webhook) -> String {
    let host: axum::http::Uri = webhook.url.parse().unwrap_or_default();
    format!("{} ({})", webhook.id, host.host().unwrap_or("no host"))
}

/// Makes the webhook that `body` wishes.
///
/// # Errors
/// It breaks a rule, or there are as many as there may be.
pub(in crate::server) async fn make(
    app: &App,
    caller: &Principal,
    body: &Value,
) -> Result<Webhook, Problem> {
    let wished: WishedWebhook = ingest::webhook(body, |url| app.webhooks.takes(url))?;
    let now = app.webhooks.shared.clock.now();
    let webhook = Webhook {
        id: WebhookId::random(),
        url: wished.url,
        description: wished.description,
        filter: wished.filter,
        keys: Keys::new(Secret::random()),
        switch: Switch::on(now),
        cursor: position(app, wished.after).await?,
        waiting: 0,
        missed: None,
        failing_since: None,
        held_until: None,
        delivered_at: None,
        created_at: now,
    };
    let kept = app
        .webhooks
        .changing(&webhook.id, &app.shutdown, async || {
            app.store.webhooks().add(webhook.clone(), MOST).await
        })
        .await?;
    if !kept {
        return Err(WebhookProblem::TooMany.into());
    }
    tracing::info!(webhook = %webhook.id, "webhook.created");
    note(app, caller, "webhook.made", &webhook).await;
    Ok(webhook)
}

/// Changes of webhook `id` what `body` names, and switches it on or off; as it is then.
///
/// # Errors
/// There is none, or the change breaks a rule.
pub(in crate::server) async fn change(
    app: &App,
    caller: &Principal,
    id: WebhookId,
    body: &Value,
) -> Result<Webhook, Problem> {
    let change = ingest::webhook_change(body, |url| app.webhooks.takes(url))?;
    let named = change.url.is_some() || change.description.is_some() || change.filter.is_some();
    let now = app.webhooks.shared.clock.now();
    let store = app.store.webhooks();
    let switched = app
        .webhooks
        .changing(&id, &app.shutdown, async || {
            let mut webhook = one(app, id.clone()).await?;
            let switch = change.on.and_then(|on| webhook.switch.turned(on, now));
            if let Some(url) = change.url {
                webhook.url = url;
            }
            if let Some(description) = change.description {
                webhook.description = Some(description).filter(|text| !text.is_empty());
            }
            if let Some(filter) = change.filter {
                webhook.filter = filter;
            }
            store.save(webhook, switch.clone()).await?;
            if let Some(switch) = &switch {
                tracing::info!(webhook = %id, state = switch.state.as_str(), "webhook.switched");
            }
            Ok::<_, Problem>(switch)
        })
        .await?;
    let webhook = one_after(app, id).await?;
    if named {
        note(app, caller, "webhook.changed", &webhook).await;
    }
    if let Some(switch) = switched {
        let on = switch.state == SwitchState::On;
        note(app, caller, if on { "webhook.on" } else { "webhook.off" }, &webhook).await;
    }
    Ok(webhook)
}

/// Lets go of `webhook` and of all that waits for it.
///
/// # Errors
/// It is gone already.
pub(in crate::server) async fn remove(
    app: &App,
    caller: &Principal,
    webhook: &Webhook,
) -> Result<(), Problem> {
    let id = &webhook.id;
    let gone = app
        .webhooks
        .changing(id, &app.shutdown, async || app.store.webhooks().remove(id.clone()).await)
        .await?;
    if !gone {
        return Err(WebhookProblem::NotFound.into());
    }
    tracing::info!(webhook = %id, "webhook.deleted");
    note(app, caller, "webhook.deleted", webhook).await;
    Ok(())
}

/// Gives webhook `id` a new secret, as `body` says; the webhook with it.
///
/// # Errors
/// There is none, or `body` breaks a rule.
pub(in crate::server) async fn rotate(
    app: &App,
    caller: &Principal,
    id: WebhookId,
    body: &Value,
) -> Result<Webhook, Problem> {
    let Successor { overlap_millis, .. } = ingest::successor(body, false)?;
    let now = app.webhooks.shared.clock.now();
    let webhook = app
        .webhooks
        .changing(&id, &app.shutdown, async || {
            let webhook = one(app, id.clone()).await?;
            let keys = webhook.keys.rotated(Secret::random(), now, overlap_millis);
            let keys = keys.ok_or(WebhookProblem::TooManySecrets)?;
            let webhook = Webhook { keys, ..webhook };
            app.store.webhooks().save(webhook.clone(), None).await?;
            Ok::<_, Problem>(webhook)
        })
        .await?;
    tracing::info!(webhook = %id, "webhook.rotated");
    note(app, caller, "webhook.rotated", &webhook).await;
    Ok(webhook)
}

/// Sends webhook `id` again what `body` names, as if for the first time; as it
/// is then.
///
/// # Errors
/// There is none, `body` breaks a rule, or the log has no such event.
pub(in crate::server) async fn replay(
    app: &App,
    caller: &Principal,
    id: WebhookId,
    body: &Value,
) -> Result<Webhook, Problem> {
    let store = app.store.webhooks();
    let now = app.webhooks.shared.clock.now();
    let whence = match ingest::replay(body)? {
        Replay::After(after) => Err(position(app, after).await?),
        Replay::Since(at) => Err(position_at(app, at).await?),
        Replay::Event(event) if event.epoch == app.store.epoch() => Ok(event.seq),
        Replay::Event(_) => return Err(WebhookProblem::EventNotKept.into()),
        Replay::Delivery(number) => {
            let attempted = store.attempt(id.clone(), number).await?;
            let attempted = attempted.ok_or(WebhookProblem::DeliveryNotFound)?;
            let (seq, _) = attempted.attempt.event.ok_or(WebhookProblem::DeliveryNotFound)?;
            Ok(seq)
        }
    };
    match whence {
        Err(after) => {
            app.webhooks
                .changing(&id, &app.shutdown, async || store.rewind(id.clone(), after).await)
                .await?;
        }
        Ok(seq) => {
            let waiting = waiting(app, seq, now).await?;
            app.webhooks
                .changing(&id, &app.shutdown, async || {
                    let webhook = one(app, id.clone()).await?;
                    // What it has not come to yet is sent in its turn.
                    if seq <= webhook.cursor {
                        store.enqueue(id.clone(), waiting).await?;
                    }
                    Ok::<_, Problem>(())
                })
                .await?;
        }
    }
    let webhook = one_after(app, id).await?;
    note(app, caller, "webhook.replayed", &webhook).await;
    Ok(webhook)
}

/// Sends `webhook` a message that concerns no order, on or off; what came of it.
///
/// # Errors
/// It cannot be noted.
pub(in crate::server) async fn test(
    app: &App,
    caller: &Principal,
    webhook: &Webhook,
) -> Result<Attempt, Problem> {
    let attempt = app.webhooks.test(webhook).await;
    let noted = app.store.webhooks().note_attempt(webhook.id.clone(), attempt.clone()).await;
    noted.map_err(Unavailable::behind_a_write)?;
    note(app, caller, "webhook.tested", webhook).await;
    Ok(attempt)
}

/// Gives `channel` a secret, or another one, as `body` says; whether it is its first.
///
/// # Errors
/// `body` breaks a rule.
pub(in crate::server) async fn give_secret(
    app: &App,
    caller: &Principal,
    channel: Channel,
    body: &Value,
) -> Result<(SigningChannel, bool), Problem> {
    let successor = ingest::successor(body, true)?;
    let now = app.webhooks.shared.clock.now();
    let (signing, is_new) = channels::give(app.store.webhooks(), channel, successor, now).await?;
    tracing::info!(channel = %signing.channel, "webhook.channel.secret");
    let what = if is_new { "secret.given" } else { "secret.rotated" };
    app.access.note(app.access.by(caller), what, signing.channel.to_string()).await;
    Ok((signing, is_new))
}

/// Takes the secret of `channel` away at once.
///
/// # Errors
/// It has none.
pub(in crate::server) async fn remove_secret(
    app: &App,
    caller: &Principal,
    channel: &Channel,
) -> Result<(), Problem> {
    if !app.store.webhooks().remove_channel(channel.clone()).await? {
        return Err(WebhookProblem::SecretNotFound.into());
    }
    tracing::info!(%channel, "webhook.channel.deleted");
    app.access.note(app.access.by(caller), "secret.deleted", channel.to_string()).await;
    Ok(())
}

/// Where `after` is in the log.
async fn position(app: &App, after: After) -> Result<Seq, Problem> {
    let bounds = app.store.events(Seq::START, 0).await?;
    match resume::start(after, app.store.epoch(), bounds.floor, bounds.head, false) {
        Start::After(seq) => Ok(seq),
        Start::Snapshot(_) => Err(WebhookProblem::EventNotKept.into()),
    }
}

/// The position before the first event at or after `at`. Events stand in the
/// order of their times, so it is found by halving.
async fn position_at(app: &App, at: UnixMillis) -> Result<Seq, Problem> {
    let bounds = app.store.events(Seq::START, 0).await?;
    let (mut low, mut high) = (bounds.floor.0, bounds.head.0);
    while low < high {
        let middle = low + (high - low) / 2;
        let page = app.store.events(Seq(middle), 1).await?;
        // What was let go of meanwhile was before it.
        let is_before = match page.events.first() {
            Some(event) => reads::parse::<FoodOrder>(&event.order_json)?.last_change.at < at,
            None => true,
        };
        if is_before {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(Seq(low.max(bounds.floor.0)))
}

/// The event at `seq`, to be sent now.
async fn waiting(app: &App, seq: Seq, now: UnixMillis) -> Result<Waiting, Problem> {
    let page = app.store.events(Seq(seq.0.saturating_sub(1)), 1).await?;
    let event = page.events.into_iter().next().filter(|event| event.seq == seq);
    let facts = event.ok_or(WebhookProblem::EventNotKept)?.facts;
    let (order, kind) = (facts.order, facts.kind);
    Ok(Waiting {
        seq,
        order,
        kind,
        attempts: 0,
        failed_at: None,
        next_at: now,
        due_at: None,
        not_before: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_of_a_webhook_is_its_host_alone() {
        let webhook = Webhook {
            id: WebhookId::random(),
            url: "https://hooks.example.com/services/T0/s3cr3t?key=alsosecret".to_owned(),
            description: None,
            filter: crate::wire::StreamFilter::default(),
            keys: Keys::new(Secret::random()),
            switch: Switch::on(UnixMillis(0)),
            cursor: Seq(0),
            waiting: 0,
            missed: None,
            failing_since: None,
            held_until: None,
            delivered_at: None,
            created_at: UnixMillis(0),
        };
        let noted = subject(&webhook);
        assert_eq!(noted, format!("{} (hooks.example.com)", webhook.id));
    }
}
