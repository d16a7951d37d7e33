//! When a ticket turns from on time to late. The server decides it once, when
//! an order is placed, and writes it into the order: every screen and every
//! figure reads the same two times, whatever the configuration says later.

use std::{fmt, str::FromStr};

use super::{
    order::{FoodOrder, Service, Times},
    time::UnixMillis,
};

const MINUTE_MILLIS: i64 = 60_000;
/// The longest a service may be given, in minutes.
const MOST_MINUTES: i64 = 600;

/// An order is for later only if it would wait for this long: one that was quoted
/// a little more than usual is better begun at once.
const HOLD_BACK_MILLIS: i64 = 15 * MINUTE_MILLIS;

/// How long an order may take from the kitchen's first sight of it to ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// After this many milliseconds the ticket warns.
    pub warn: i64,
    /// After this many milliseconds it is late. It is also how long before its
    /// due time an order for later is sent to the kitchen.
    pub late: i64,
    /// Whether only an order with a due time is promised anything.
    pub by_due_only: bool,
}

impl Thresholds {
    /// The thresholds that kitchens use, by what they call themselves; minutes.
    pub const PRESETS: [(&str, i64, i64); 6] = [
        ("bar", 3, 5),
        ("quick_service", 4, 7),
        ("fast_casual", 6, 10),
        ("delivery", 12, 20),
        ("full_service", 12, 18),
        ("catering", 45, 60),
    ];

    fn minutes(warn: i64, late: i64) -> Self {
        Self { warn: warn * MINUTE_MILLIS, late: late * MINUTE_MILLIS, by_due_only: false }
    }

    /// How long an order may take that is due at `due_at`: who is busy now takes no
    /// longer for what is begun when that is over.
    fn late_after(self, due_at: UnixMillis, busy: Busy) -> i64 {
        let begun_while_busy = due_at.plus(-self.late) < busy.until;
        self.late.saturating_add(if begun_while_busy { busy.extra } else { 0 })
    }

    /// What is promised an order that the kitchen sees at `fires_at`, or else at `sent_at`.
    fn due(
        self,
        promised: UnixMillis,
        late_after: i64,
        fires_at: Option<UnixMillis>,
        sent_at: UnixMillis,
    ) -> Promise {
        // The warning counts back from the promise: an order due tomorrow does
        // not warn today, and one that was due before it came warns at once.
        let allowed = promised.since(fires_at.unwrap_or(sent_at)).clamp(0, late_after);
        let warn_at = promised.plus(-(allowed.saturating_mul(self.late - self.warn) / self.late));
        Promise { fires_at, warn_at: Some(warn_at), promised_at: Some(promised) }
    }
}

impl FromStr for Thresholds {
    type Err = &'static str;

    /// A preset, or minutes as `warn/late`.
    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        let allowed = "bar, quick_service, fast_casual, delivery, full_service or catering, or \
                       minutes to warn and to be late after, such as 6/10, at most 600";
        if let Some((name, warn, late)) = Self::PRESETS.into_iter().find(|(name, ..)| *name == raw)
        {
            // Nobody promises a banquet by the minute: only its due time counts.
            return Ok(Self { by_due_only: name == "catering", ..Self::minutes(warn, late) });
        }
        let (warn, late) = raw.split_once('/').ok_or(allowed)?;
        let parse = |text: &str| text.trim().parse::<i64>().map_err(|_| allowed);
        let (warn, late) = (parse(warn)?, parse(late)?);
        if warn < 0 || late < 1 || warn > late || late > MOST_MINUTES {
            return Err(allowed);
        }
        Ok(Self::minutes(warn, late))
    }
}

impl fmt::Display for Thresholds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.warn / MINUTE_MILLIS, self.late / MINUTE_MILLIS)
    }
}

/// The thresholds of every service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises {
    /// For pickup.
    pub pickup: Thresholds,
    /// For delivery.
    pub delivery: Thresholds,
    /// For tables.
    pub dine_in: Thresholds,
    /// For the car park.
    pub curbside: Thresholds,
}

/// How much longer a kitchen takes that has too much to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    /// By how many milliseconds.
    pub extra: i64,
    /// Until when.
    pub until: UnixMillis,
}

impl Busy {
    /// A kitchen that takes no longer than usual.
    pub const NOT: Self = Self { extra: 0, until: UnixMillis(0) };
}

/// What an order is promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promise {
    /// When the kitchen is to see it, if that is later.
    pub fires_at: Option<UnixMillis>,
    /// When it warns.
    pub warn_at: Option<UnixMillis>,
    /// When it is late.
    pub promised_at: Option<UnixMillis>,
}

impl Promises {
    /// The thresholds of `service`.
    #[must_use]
    pub fn of(&self, service: Service) -> Thresholds {
        match service {
            Service::Pickup => self.pickup,
            Service::Delivery => self.delivery,
            Service::DineIn => self.dine_in,
            Service::Curbside => self.curbside,
        }
    }

    /// What an order of `service` is promised that comes at `at`: its due time,
    /// or else what the service may take, and as much more as the kitchen is `busy`.
    #[must_use]
    pub fn promise(
        &self,
        service: Service,
        due_at: Option<UnixMillis>,
        at: UnixMillis,
        busy: Busy,
    ) -> Promise {
        let thresholds = self.of(service);
        match due_at {
            Some(due_at) => {
                let late_after = thresholds.late_after(due_at, busy);
                let fires_at = due_at.plus(-late_after);
                let waits = fires_at.since(at) >= HOLD_BACK_MILLIS;
                thresholds.due(due_at, late_after, waits.then_some(fires_at), at)
            }
            None if thresholds.by_due_only => Promise::default(),
            None => {
                let late_after = thresholds.late.saturating_add(busy.extra);
                thresholds.due(at.plus(late_after), late_after, None, at)
            }
        }
    }

    /// What `order` is promised that is due at `due_at` from `at` on. What has been
    /// begun does not wait, and what waits already goes on for as long as it can.
    #[must_use]
    pub fn promise_anew(
        &self,
        order: &FoodOrder,
        due_at: UnixMillis,
        at: UnixMillis,
        busy: Busy,
    ) -> Promise {
        let thresholds = self.of(order.fulfilment.service);
        let late_after = thresholds.late_after(due_at, busy);
        let fires_at = due_at.plus(-late_after);
        let least = if order.flags.scheduled { 1 } else { HOLD_BACK_MILLIS };
        let waits = !order.is_begun() && fires_at.since(at) >= least;
        let sent_at = if order.flags.scheduled { at } else { order.times.sent_at() };
        thresholds.due(due_at, late_after, waits.then_some(fires_at), sent_at)
    }
}

/// How a ticket stands against its promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ageing {
    /// There is time.
    OnTime,
    /// There is little left.
    Warn,
    /// The promise is broken.
    Late,
}

impl Times {
    /// When the kitchen first saw the order: when it was placed, or fired. A
    /// recall never moves it.
    #[must_use]
    pub fn sent_at(&self) -> UnixMillis {
        self.fired_at.unwrap_or(self.placed_at)
    }

    /// When the order was promised to be ready, if it was.
    #[must_use]
    pub fn promised(&self) -> Option<UnixMillis> {
        self.promised_at.or(self.due_at)
    }
}

impl FoodOrder {
    /// How the order stands at `now`. One that is made stands as it stood then.
    #[must_use]
    pub fn ageing(&self, now: UnixMillis) -> Ageing {
        let now = self.times.ready_at.unwrap_or(now);
        if self.times.promised().is_some_and(|promised| now > promised) {
            Ageing::Late
        } else if self.times.warn_at.is_some_and(|warn| now >= warn) {
            Ageing::Warn
        } else {
            Ageing::OnTime
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = MINUTE_MILLIS;

    fn promises() -> Promises {
        let of = |raw: &str| raw.parse().expect("allowed");
        Promises {
            pickup: of("fast_casual"),
            delivery: of("12/20"),
            dine_in: of("full_service"),
            curbside: of("catering"),
        }
    }

    #[test]
    fn a_promise_counts_from_when_the_order_came() {
        let at = UnixMillis(1_000 * MINUTE);
        let promise = promises().promise(Service::Pickup, None, at, Busy::NOT);
        assert_eq!(promise.fires_at, None);
        assert_eq!(promise.warn_at, Some(at.plus(6 * MINUTE)));
        assert_eq!(promise.promised_at, Some(at.plus(10 * MINUTE)));
    }

    #[test]
    fn a_busy_kitchen_promises_later() {
        let at = UnixMillis(0);
        let busy = Busy { extra: 10 * MINUTE, until: at.plus(30 * MINUTE) };
        let promise = promises().promise(Service::Pickup, None, at, busy);
        assert_eq!(promise.promised_at, Some(at.plus(20 * MINUTE)));
        assert_eq!(promise.warn_at, Some(at.plus(12 * MINUTE)));
    }

    #[test]
    fn a_kitchen_that_is_busy_tonight_fires_nothing_of_tomorrow_earlier() {
        let at = UnixMillis(0);
        let busy = Busy { extra: 30 * MINUTE, until: at.plus(60 * MINUTE) };
        let tomorrow = at.plus(16 * 60 * MINUTE);
        let promise = |due, busy| promises().promise(Service::Pickup, Some(due), at, busy);
        assert_eq!(promise(tomorrow, busy), promise(tomorrow, Busy::NOT));
        assert_eq!(promise(tomorrow, busy).fires_at, Some(tomorrow.plus(-10 * MINUTE)));
        // What would be begun while it is busy has to be begun earlier.
        let tonight = at.plus(60 * MINUTE);
        assert_eq!(promise(tonight, busy).fires_at, Some(tonight.plus(-40 * MINUTE)));
    }

    #[test]
    fn an_order_for_later_fires_when_its_preparation_has_to_begin() {
        let at = UnixMillis(0);
        let due = at.plus(120 * MINUTE);
        let promise = promises().promise(Service::Delivery, Some(due), at, Busy::NOT);
        assert_eq!(promise.fires_at, Some(at.plus(100 * MINUTE)));
        assert_eq!(promise.warn_at, Some(at.plus(112 * MINUTE)));
        assert_eq!(promise.promised_at, Some(due));
        let soon = promises().promise(Service::Delivery, Some(at.plus(34 * MINUTE)), at, Busy::NOT);
        assert_eq!(soon.fires_at, None, "it is not worth the wait");
    }

    #[test]
    fn an_order_that_was_due_before_it_came_is_late_at_once() {
        let at = UnixMillis(100 * MINUTE);
        let promise = promises().promise(Service::Pickup, Some(UnixMillis(0)), at, Busy::NOT);
        assert_eq!(
            (promise.warn_at, promise.promised_at),
            (Some(UnixMillis(0)), Some(UnixMillis(0)))
        );
        assert_eq!(promise.fires_at, None);
    }

    #[test]
    fn catering_is_promised_its_due_time_alone() {
        let none = promises().promise(Service::Curbside, None, UnixMillis(0), Busy::NOT);
        assert_eq!(none, Promise::default());
        let due = UnixMillis(200 * MINUTE);
        let promise = promises().promise(Service::Curbside, Some(due), UnixMillis(0), Busy::NOT);
        assert_eq!(promise.fires_at, Some(UnixMillis(140 * MINUTE)));
        assert_eq!(promise.warn_at, Some(UnixMillis(185 * MINUTE)));
    }

    #[test]
    fn thresholds_are_presets_or_minutes() {
        for (name, warn, late) in Thresholds::PRESETS {
            let preset: Thresholds = name.parse().expect("a preset");
            assert_eq!((preset.warn, preset.late), (warn * MINUTE, late * MINUTE));
        }
        assert_eq!("6/10".parse(), "fast_casual".parse::<Thresholds>());
        for raw in ["", "10", "10/6", "-1/6", "0/0", "6/601", "slow", "6/x"] {
            raw.parse::<Thresholds>().expect_err(raw);
        }
    }
}
