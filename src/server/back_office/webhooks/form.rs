//! The forms of a webhook, as the API would be sent them, so that both go by the
//! same rules.

use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value, json};

use crate::{
    server::{
        error::FieldError, forms::Form, store::webhooks::Webhook, webhooks::manage::filter_as_sent,
    },
    wire::{EventId, StreamFilter},
};

/// Hours for which a secret stays good behind its successor, where nobody says.
pub(super) const OVERLAP_HOURS: &str = "24";

/// The form that says what `webhook` says.
pub(super) fn of_webhook(webhook: &Webhook) -> Form {
    let mut form = Form::default();
    form.set("url", &webhook.url);
    form.set("description", webhook.description.as_deref().unwrap_or_default());
    if let Value::Object(lists) = filter_as_sent(&webhook.filter) {
        for (name, values) in lists {
            let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
            if is_ticked(&name) {
                values.for_each(|value| form.add(&name, value));
            } else {
                form.set(&name, &values.collect::<Vec<_>>().join(", "));
            }
        }
    }
    form
}

/// Whether the values of a parameter are boxes to be ticked.
fn is_ticked(name: &str) -> bool {
    matches!(name, "types" | "service" | "status")
}

/// The webhook that a form wishes; a new one also says from where on.
pub(super) fn wished(form: &Form, is_new: bool) -> Value {
    let mut filter = Map::new();
    for name in StreamFilter::PARAMETERS {
        let typed = form.all(name).flat_map(|value| value.split(','));
        let values: Vec<&str> = typed.map(str::trim).filter(|value| !value.is_empty()).collect();
        if !values.is_empty() {
            filter.insert(name.to_owned(), json!(values));
        }
    }
    let mut body = json!({
        "url": form.text("url").trim(),
        "description": form.text("description").trim(),
        "filter": filter,
    });
    if is_new {
        body["after"] = match form.text("from") {
            "earliest" => json!("earliest"),
            "event" => json!(form.text("after").trim()),
            _ => json!("now"),
        };
    }
    body
}

/// A secret's successor, as a form has it.
pub(in crate::server::back_office) fn rotated(form: &Form) -> Value {
    let typed = form.text("overlap_hours").trim();
    json!({"overlap_hours": typed.parse::<i64>().map_or_else(|_| json!(typed), |it| json!(it))})
}

/// What a form has sent again.
///
/// # Errors
/// The time is none.
pub(super) fn replayed(form: &Form, zone: &TimeZone) -> Result<Value, FieldError> {
    let event = form.text("event").trim();
    Ok(match form.text("from") {
        "delivery" => json!({"delivery": form.text("delivery").parse::<u64>().unwrap_or(0)}),
        "event" => json!({"event": event}),
        "after" => json!({"after": event}),
        "earliest" => json!({"after": "earliest"}),
        _ => {
            let at = form.text("time").trim().parse::<DateTime>().ok();
            let at = at.and_then(|at| at.to_zoned(zone.clone()).ok());
            let at = at.ok_or_else(|| FieldError {
                pointer: "/time".to_owned(),
                detail: "must be a day and a time, such as 2026-09-21 18:30".to_owned(),
            })?;
            json!({"since": at.timestamp().as_millisecond().max(0)})
        }
    })
}

/// The field of a form that a refusal of the API's body means.
pub(super) fn own_field(error: FieldError) -> FieldError {
    let FieldError { pointer, detail } = error;
    let pointer = pointer.strip_prefix("/filter").unwrap_or(&pointer);
    match pointer {
        // Now and the beginning are chosen beside these fields, not typed into them.
        "/after" | "/event" => {
            FieldError { pointer: pointer.to_owned(), detail: format!("must be {}", EventId::FORM) }
        }
        pointer => FieldError { pointer: pointer.to_owned(), detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ingest;

    #[test]
    fn a_form_says_what_the_api_is_sent() {
        let form = Form::parse(
            b"url=+https%3A%2F%2Fa.example%2Fx+&description=Till&types=order.ready&types=order.updated\
              &station=grill%2C+fry&status=ready&from=event&after=9f3a01c4-42",
        );
        let body = wished(&form, true);
        let webhook = ingest::webhook(&body, |_| Ok(())).expect("a webhook");
        assert_eq!(webhook.url, "https://a.example/x");
        assert_eq!(webhook.filter.types.len(), 2);
        assert_eq!(webhook.filter.stations.len(), 2);
        assert_eq!(body["after"], "9f3a01c4-42");
        assert!(ingest::webhook_change(&wished(&form, false), |_| Ok(())).is_ok());
    }

    #[test]
    fn a_time_is_the_wall_s() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let form = Form::parse(b"from=time&time=2026-09-21T18%3A30");
        let millis = 1_790_008_200_000_i64;
        assert_eq!(replayed(&form, &zone), Ok(json!({"since": millis})));
        let form = Form::parse(b"from=time&time=soon");
        assert_eq!(replayed(&form, &zone).expect_err("no time").pointer, "/time");
    }

    #[test]
    fn what_is_wrong_in_the_filter_stands_beside_its_field() {
        let error = FieldError { pointer: "/filter/types/0".to_owned(), detail: String::new() };
        assert_eq!(own_field(error).pointer, "/types/0");
    }
}
