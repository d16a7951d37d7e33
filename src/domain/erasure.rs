//! Forgetting whose an order was. What was made, when and for how much stays;
//! what a person may be known by, or may have written, goes.

use super::{
    ids::Version,
    order::{Actor, ActorKind, Customer, Erased, FoodOrder, LastChange, What},
    time::UnixMillis,
};

/// The names of the reasons that a board gives by itself. They are words of the
/// program, so they tell of nobody.
pub const CODED_REASONS: [&str; 8] = [
    "customer_called",
    "sold_out",
    "too_busy",
    "closing",
    "duplicate",
    "undo",
    "recall",
    "customer_cancelled",
];

impl FoodOrder {
    /// Empties every field that may tell of a person.
    pub fn forget_person(&mut self) {
        self.customer = Customer::default();
        self.fulfilment.table = None;
        self.fulfilment.address = None;
        self.fulfilment.instructions = None;
        self.fulfilment.arrived_note = None;
        for line in &mut self.items {
            line.note = None;
        }
        self.last_change.reason.take_if(|reason| !CODED_REASONS.contains(&reason.as_str()));
        let actor = &mut self.last_change.actor;
        if actor.kind == ActorKind::Customer {
            // As when it was placed: the channel spoke for its customer.
            self.source.channel.as_str().clone_into(&mut actor.id);
        }
    }

    /// Whether a field that [`forget_person`](Self::forget_person) empties says something.
    #[must_use]
    pub fn tells_of_a_person(&self) -> bool {
        let mut bare = self.clone();
        bare.forget_person();
        bare != *self
    }

    /// This state of the order as the log keeps it once the order is erased.
    #[must_use]
    pub fn without_person(mut self) -> Self {
        self.forget_person();
        self.erased = Erased(true);
        self
    }

    /// The order after `actor` has had it erased at `at`.
    #[must_use]
    pub fn erase(self, actor: Actor, at: UnixMillis) -> Self {
        let version: Version = self.version.next();
        let status = self.status;
        let last_change = LastChange {
            from: Some(status),
            to: status,
            what: What::Erased,
            at,
            actor,
            reason: None,
        };
        Self { version, last_change, ..self.without_person() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            Change, OrderStatus,
            change::Action,
            testing::{item, order_of},
        },
        wire::EventKind,
    };

    fn clerk() -> Actor {
        Actor { kind: ActorKind::Staff, id: "desk".to_owned() }
    }

    fn personal() -> FoodOrder {
        let mut order = order_of(7, vec![item("grill", "Soup", 1)]);
        order.customer = Customer { name: "Ana".to_owned(), phone: Some("555".to_owned()) };
        order.fulfilment.address = Some("12 Long Street".to_owned());
        order.fulfilment.instructions = Some("ring twice".to_owned());
        order.fulfilment.table = Some("by the window".to_owned());
        order.fulfilment.arrived_note = Some("silver estate".to_owned());
        order.items[0].note = Some("for my son".to_owned());
        order.items[0].allergens = vec!["peanut".to_owned()];
        order.last_change.reason = Some("she rang up".to_owned());
        "ana@example.org".clone_into(&mut order.last_change.actor.id);
        order
    }

    #[test]
    fn what_tells_of_a_person_goes_and_the_rest_stays() {
        let before = personal();
        assert!(before.tells_of_a_person());
        let after = before.clone().erase(clerk(), UnixMillis(9_000));
        assert!(after.erased.0 && !after.tells_of_a_person());
        assert_eq!(after.version, before.version.next());
        assert_eq!((after.id, after.number, after.times), (before.id, before.number, before.times));
        assert_eq!(after.money, before.money);
        assert_eq!(after.items[0].allergens, before.items[0].allergens);
        assert_eq!(EventKind::of(&after), EventKind::Erased);
        let json = serde_json::to_string(&after).expect("serialises");
        for gone in ["Ana", "555", "Long", "twice", "window", "silver", "son", "rang up", "example"]
        {
            assert!(!json.contains(gone), "{gone} in {json}");
        }
        assert!(json.contains("\"erased\":true"), "{json}");
    }

    #[test]
    fn an_order_that_is_not_erased_does_not_say_so() {
        let json = serde_json::to_string(&personal()).expect("serialises");
        assert!(!json.contains("erased"), "{json}");
    }

    #[test]
    fn an_erased_order_that_somebody_writes_into_is_one_no_longer() {
        let erased = personal().erase(clerk(), UnixMillis(9_000));
        let change = |reason: Option<&str>| Change {
            action: Action::Transition {
                to: OrderStatus::Accepted,
                reason: reason.map(str::to_owned),
            },
            expected_version: erased.version,
            actor: clerk(),
        };
        let at = UnixMillis(10_000);
        let plain = change(None).decide(&erased, at).expect("allowed").expect("a change");
        assert!(plain.erased.0);
        let told = change(Some("she called")).decide(&erased, at).expect("allowed");
        assert!(!told.expect("a change").erased.0);
        let coded = change(Some("too_busy")).decide(&erased, at).expect("allowed");
        let coded = coded.expect("a change");
        assert!(coded.erased.0, "no words of anybody's own");
        let again = coded.without_person();
        assert_eq!(again.last_change.reason.as_deref(), Some("too_busy"));
    }

    #[test]
    fn an_erasure_takes_no_order_on_or_off_a_board() {
        let mut order = personal();
        for status in OrderStatus::ALL {
            for cancel_unseen in [false, true] {
                order.status = status;
                order.flags.cancel_unseen = cancel_unseen;
                let after = order.clone().erase(clerk(), UnixMillis(9_000));
                assert_eq!(after.was_on_board(), order.is_on_board(), "{status}");
                assert_eq!(after.is_on_board(), order.is_on_board(), "{status}");
            }
        }
    }
}
