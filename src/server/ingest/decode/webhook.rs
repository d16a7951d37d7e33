//! What whoever sets webhooks up asks for.

use serde_json::Value;

use super::{Errors, Fields, Pointer};
use crate::{
    domain::{Location, UnixMillis, ids::LABEL_RULE, limits},
    server::{
        error::Problem,
        stream::resume::After,
        webhooks::{Secret, signature::SECRET_RULE},
    },
    wire::{EventId, StreamFilter},
};

/// For how many hours a secret stays good behind its successor, at most and by default.
const OVERLAP_HOURS: (i64, i64) = (7 * 24, 24);

/// A webhook as somebody wishes it.
#[derive(Debug)]
pub(in crate::server) struct WishedWebhook {
    pub(in crate::server) url: String,
    pub(in crate::server) description: Option<String>,
    pub(in crate::server) filter: StreamFilter,
    /// From where on it is sent events.
    pub(in crate::server) after: After,
}

/// What is to be changed of a webhook; what is none stays.
#[derive(Debug)]
pub(in crate::server) struct WebhookChange {
    pub(in crate::server) url: Option<String>,
    /// One that is empty takes it off.
    pub(in crate::server) description: Option<String>,
    pub(in crate::server) filter: Option<StreamFilter>,
    pub(in crate::server) on: Option<bool>,
}

/// What is to be sent again.
#[derive(Debug)]
pub(in crate::server) enum Replay {
    /// Everything after this.
    After(After),
    /// Everything that has happened since.
    Since(UnixMillis),
    /// This event alone.
    Event(EventId),
    /// The event of this attempt.
    Delivery(u64),
}

/// A secret's successor.
#[derive(Debug)]
pub(in crate::server) struct Successor {
    /// The secret that the other side has chosen; none for a new one.
    pub(in crate::server) secret: Option<Secret>,
    /// For how long the present one stays good, in milliseconds.
    pub(in crate::server) overlap_millis: i64,
    /// Where orders that are signed with it are placed; an empty list for
    /// everywhere, none for as it is.
    pub(in crate::server) locations: Option<Vec<Location>>,
}

/// The webhook that `body` wishes, whose address `is_good`, or else must be as it says.
pub(in crate::server) fn webhook(
    body: &Value,
    is_good: impl Fn(&str) -> Result<(), &'static str>,
) -> Result<WishedWebhook, Problem> {
    let mut errors = Errors::default();
    let known = ["url", "description", "filter", "after"];
    let wished = errors.object(Pointer::ROOT, body, &known).and_then(|fields| {
        let url = fields
            .required(&mut errors, "url", |errors, at, value| errors.address(at, value, &is_good));
        let description = description(&mut errors, &fields);
        let filter = fields.or(&mut errors, "filter", StreamFilter::default(), Errors::filter);
        let after = fields.or(&mut errors, "after", After::Now, Errors::after);
        Some(WishedWebhook {
            url: url?,
            description: description.filter(|text| !text.is_empty()),
            filter: filter?,
            after: after?,
        })
    });
    errors.finish(wished)
}

/// What `body` changes of a webhook.
pub(in crate::server) fn webhook_change(
    body: &Value,
    is_good: impl Fn(&str) -> Result<(), &'static str>,
) -> Result<WebhookChange, Problem> {
    let mut errors = Errors::default();
    let known = ["url", "description", "filter", "state"];
    let change = errors.object(Pointer::ROOT, body, &known).map(|fields| WebhookChange {
        url: fields
            .optional(&mut errors, "url", |errors, at, value| errors.address(at, value, &is_good)),
        description: description(&mut errors, &fields),
        filter: fields.optional(&mut errors, "filter", Errors::filter),
        on: fields.optional(&mut errors, "state", |errors, at, value| match value.as_str() {
            Some("on") => Some(true),
            Some("off") => Some(false),
            _ => errors.refuse(at, "must be on or off"),
        }),
    });
    errors.finish(change)
}

/// What `body` has sent again.
pub(in crate::server) fn replay(body: &Value) -> Result<Replay, Problem> {
    let mut errors = Errors::default();
    let known = ["after", "since", "event", "delivery"];
    let replay = errors.object(Pointer::ROOT, body, &known).and_then(|fields| {
        let named = known.iter().filter(|name| fields.get(name).is_some()).count();
        if named != 1 {
            return errors.refuse(Pointer::ROOT, "has one of after, since, event and delivery");
        }
        let after = fields.optional(&mut errors, "after", Errors::after).map(Replay::After);
        let since = fields.optional(&mut errors, "since", |errors, at, value| {
            let millis = errors.whole(at, value, &(0..=i64::MAX))?;
            Some(Replay::Since(UnixMillis(millis)))
        });
        let event =
            fields.optional(&mut errors, "event", Errors::parsed::<EventId>).map(Replay::Event);
        let delivery = fields.optional(&mut errors, "delivery", |errors, at, value| {
            let number = errors.whole(at, value, &(1..=i64::MAX))?;
            u64::try_from(number).ok().map(Replay::Delivery)
        });
        after.or(since).or(event).or(delivery)
    });
    errors.finish(replay)
}

/// What `body` says of a secret's successor. It may bring one where `given`, and
/// say where it is good.
pub(in crate::server) fn successor(body: &Value, given: bool) -> Result<Successor, Problem> {
    let mut errors = Errors::default();
    let of_channel = ["overlap_hours", "secret", "locations"];
    let known = if given { &of_channel[..] } else { &of_channel[..1] };
    let successor = errors.object(Pointer::ROOT, body, known).and_then(|fields| {
        let (most, usual) = OVERLAP_HOURS;
        let hours = fields.or(&mut errors, "overlap_hours", usual, |errors, at, value| {
            errors.whole(at, value, &(0..=most))
        });
        let secret = fields.optional(&mut errors, "secret", |errors, at, value| {
            match value.as_str().map(Secret::parse) {
                Some(Ok(secret)) => Some(secret),
                _ => errors.refuse(at, format!("must be {SECRET_RULE}")),
            }
        });
        let locations = fields.optional(&mut errors, "locations", Errors::locations);
        Some(Successor { secret, overlap_millis: hours? * 3_600_000, locations })
    });
    errors.finish(successor)
}

fn description(errors: &mut Errors, fields: &Fields<'_>) -> Option<String> {
    fields.optional(errors, "description", |errors, at, value| {
        errors.text(at, value, limits::CUSTOMER_NAME)
    })
}

impl Errors {
    fn address(
        &mut self,
        at: Pointer,
        value: &Value,
        is_good: impl Fn(&str) -> Result<(), &'static str>,
    ) -> Option<String> {
        let Some(raw) = value.as_str() else {
            return self.refuse(at, "must be a string");
        };
        match is_good(raw.trim()) {
            Ok(()) => Some(raw.trim().to_owned()),
            Err(rule) => self.refuse(at, format!("must be {rule}")),
        }
    }

    /// A stream's filter: an object of its parameters, each a list.
    fn filter(&mut self, at: Pointer, value: &Value) -> Option<StreamFilter> {
        let fields = self.object(at, value, &StreamFilter::PARAMETERS)?;
        let mut filter = StreamFilter::default();
        let mut good = true;
        for name in StreamFilter::PARAMETERS {
            let Some(value) = fields.get(name) else { continue };
            let at = fields.at.field(name);
            let Some(values) = self.array(&at, value, &(1..=limits::FILTER_VALUES)) else {
                good = false;
                continue;
            };
            for (index, value) in values.iter().enumerate() {
                let added = match value.as_str().filter(|raw| !raw.contains(',')) {
                    Some(raw) => filter.add(name, raw).map(drop).map_err(|error| error.detail),
                    None => Err("must be a string without a comma".to_owned()),
                };
                if let Err(detail) = added {
                    self.refuse::<()>(at.index(index), detail);
                    good = false;
                }
            }
        }
        good.then_some(filter)
    }

    fn locations(&mut self, at: Pointer, value: &Value) -> Option<Vec<Location>> {
        let values = self.array(&at, value, &(0..=limits::FILTER_VALUES))?;
        let mut locations = Vec::new();
        for (index, value) in values.iter().enumerate() {
            match value.as_str().map(Location::parse) {
                Some(Ok(location)) => locations.push(location),
                _ => {
                    self.refuse::<()>(at.index(index), format!("must be {LABEL_RULE}"));
                }
            }
        }
        locations.sort_unstable();
        locations.dedup();
        Some(locations)
    }

    fn after(&mut self, at: Pointer, value: &Value) -> Option<After> {
        match value.as_str() {
            Some("earliest") => Some(After::Earliest),
            Some("now") => Some(After::Now),
            Some(raw) if raw.parse::<EventId>().is_ok() => raw.parse().map(After::Id).ok(),
            _ => self.refuse(at, format!("must be now, earliest or {}", EventId::FORM)),
        }
    }
}
