//! Times and names in words. Short by hand: the general way costs the browser
//! more than everything else on the page.

use super::words::{Word, Words, say};
use crate::domain::{Lane, OrderStatus, Service, TimeOfDay, UnixMillis};

/// The reasons that the board itself gives, and what it says for them. The first
/// [`WHY_CANCELLED`] are what a kitchen cancels for.
pub const REASONS: [(&str, Word); 8] = [
    ("customer_called", Word::ReasonCustomer),
    ("sold_out", Word::ReasonSoldOut),
    ("too_busy", Word::ReasonBusy),
    ("closing", Word::ReasonClosing),
    ("duplicate", Word::ReasonDuplicate),
    ("undo", Word::Undo),
    ("recall", Word::Recall),
    (CUSTOMER_CANCELLED, Word::ReasonCustomerOnline),
];
/// Why an order is cancelled that its customer has called off by themselves.
pub const CUSTOMER_CANCELLED: &str = "customer_cancelled";
/// How many of [`REASONS`] are reasons to cancel.
pub const WHY_CANCELLED: usize = 5;

/// `at` as a time of day, `utc_offset_s` seconds east of UTC.
#[must_use]
pub fn time_of_day(at: UnixMillis, utc_offset_s: i32, seconds: bool) -> String {
    let minute = TimeOfDay::at(at, utc_offset_s);
    if seconds {
        let second = (at.0.div_euclid(1000) + i64::from(utc_offset_s)).rem_euclid(60);
        format!("{minute}:{second:02}")
    } else {
        minute.to_string()
    }
}

/// `millis` as minutes and seconds, with hours when there are any; never below nothing.
#[must_use]
pub fn span(millis: i64) -> String {
    let seconds = millis.max(0) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A lane's name.
#[must_use]
pub fn lane(lane: Lane) -> &'static str {
    say(match lane {
        Lane::New => Word::LaneNew,
        Lane::Preparing => Word::LanePreparing,
        Lane::Ready => Word::LaneReady,
        Lane::Out => Word::LaneOut,
    })
}

/// A lane's mark in ids and classes.
#[must_use]
pub fn lane_slug(lane: Lane) -> &'static str {
    match lane {
        Lane::New => "new",
        Lane::Preparing => "preparing",
        Lane::Ready => "ready",
        Lane::Out => "out",
    }
}

/// A service as the ticket's head names it.
#[must_use]
pub fn service(service: Service) -> &'static str {
    say(match service {
        Service::Pickup => Word::Pickup,
        Service::Delivery => Word::Delivery,
        Service::DineIn => Word::DineIn,
        Service::Curbside => Word::Curbside,
    })
}

/// What the button says that takes an order to `to`.
#[must_use]
pub fn bump(to: OrderStatus, by: Service) -> &'static str {
    say(match to {
        OrderStatus::Accepted => Word::BumpAccept,
        OrderStatus::Preparing => Word::BumpStart,
        OrderStatus::Ready => Word::BumpReady,
        OrderStatus::OutForDelivery => Word::BumpSendOut,
        OrderStatus::Completed => match by {
            Service::Pickup | Service::Curbside => Word::BumpHandOut,
            Service::Delivery => Word::BumpDelivered,
            Service::DineIn => Word::BumpServe,
        },
        _ => Word::Bump,
    })
}

/// Why something was done, in the reader's language: the board's own reasons go by
/// their names, what people wrote stands as it is.
#[must_use]
pub fn reason(words: Words, reason: &str) -> &str {
    let known = REASONS.iter().find(|(name, _)| *name == reason);
    known.map_or(reason, |(_, word)| words.say(*word))
}

/// A status in words.
#[must_use]
pub fn status(status: OrderStatus) -> &'static str {
    say(Word::of_status(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_board_says_by_itself_is_nothing_personal() {
        let names = REASONS.map(|(name, _)| name);
        assert_eq!(names, crate::domain::erasure::CODED_REASONS);
    }

    #[test]
    fn spans() {
        assert_eq!(span(-5_000), "0:00");
        assert_eq!(span(0), "0:00");
        assert_eq!(span(59_999), "0:59");
        assert_eq!(span(754_000), "12:34");
        assert_eq!(span(3_725_000), "1:02:05");
    }

    #[test]
    fn times_of_day_wrap_at_midnight() {
        assert_eq!(time_of_day(UnixMillis(0), 0, true), "00:00:00");
        assert_eq!(time_of_day(UnixMillis(0), -1, true), "23:59:59");
        assert_eq!(time_of_day(UnixMillis(86_399_000), 3600, false), "00:59");
        assert_eq!(time_of_day(UnixMillis(-1), 0, true), "23:59:59");
    }
}
