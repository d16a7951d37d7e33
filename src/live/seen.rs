//! Which orders the server has to be told that this screen shows: pure. An order
//! that was sent is not yet one that somebody can see.

use super::table::Table;
use crate::domain::{OrderId, UnixMillis};

/// How many orders one request names; the server takes a thousand.
const MOST: usize = 200;

/// What the screen has shown, and what the server knows of it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Since when the kitchen has each order, with all its lines, that the server
    /// knows to be seen: one for later is told of again when it fires, and any
    /// when something is added.
    told: Table<UnixMillis>,
    waiting: Vec<(OrderId, UnixMillis)>,
    /// What is on its way to the server.
    sending: Vec<(OrderId, UnixMillis)>,
}

impl Seen {
    /// The screen shows `orders`, each with the time since when the kitchen has it whole.
    pub fn drawn(&mut self, orders: &[(OrderId, UnixMillis)]) {
        self.waiting.clear();
        for order in orders {
            if self.told.get(order.0) != Some(&order.1) && !self.sending.contains(order) {
                self.waiting.push(*order);
            }
        }
    }

    /// What to tell the server now; nothing while it is being told.
    pub fn to_tell(&mut self) -> Vec<OrderId> {
        if self.sending.is_empty() {
            let some = self.waiting.len().min(MOST);
            self.sending = self.waiting.drain(..some).collect();
            return self.sending.iter().map(|(id, _)| *id).collect();
        }
        Vec::new()
    }

    /// The server has answered, or not.
    pub fn answered(&mut self, known: bool) {
        for (id, sent_at) in std::mem::take(&mut self.sending) {
            if known {
                self.told.insert(id, sent_at);
            }
        }
    }

    /// A connection begins: the server may have started anew since, and have to
    /// be told of everything that it still waits for.
    pub fn connected(&mut self) {
        self.told.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::order;

    fn drawn(numbers: &[u32]) -> Vec<(OrderId, UnixMillis)> {
        numbers.iter().map(|number| (order(*number).id, UnixMillis(1))).collect()
    }

    fn ids(numbers: &[u32]) -> Vec<OrderId> {
        numbers.iter().map(|number| order(*number).id).collect()
    }

    #[test]
    fn every_order_is_told_of_once() {
        let mut seen = Seen::default();
        seen.drawn(&drawn(&[1, 2]));
        assert_eq!(seen.to_tell(), ids(&[1, 2]));
        // While it is on its way, nothing else is sent.
        seen.drawn(&drawn(&[1, 2, 3]));
        assert_eq!(seen.to_tell(), []);
        seen.answered(true);
        assert_eq!(seen.to_tell(), ids(&[3]));
        seen.answered(true);
        seen.drawn(&drawn(&[1, 2, 3]));
        assert_eq!(seen.to_tell(), []);
    }

    #[test]
    fn what_is_no_longer_drawn_is_not_told_of() {
        let mut seen = Seen::default();
        seen.drawn(&drawn(&[1, 2]));
        seen.drawn(&drawn(&[2]));
        assert_eq!(seen.to_tell(), ids(&[2]));
    }

    #[test]
    fn a_request_that_failed_is_sent_again() {
        let mut seen = Seen::default();
        seen.drawn(&drawn(&[1]));
        assert_eq!(seen.to_tell(), ids(&[1]));
        seen.answered(false);
        assert_eq!(seen.to_tell(), []);
        seen.drawn(&drawn(&[1]));
        assert_eq!(seen.to_tell(), ids(&[1]));
    }

    #[test]
    fn a_server_that_started_anew_is_told_again() {
        let mut seen = Seen::default();
        seen.drawn(&drawn(&[1]));
        assert_eq!(seen.to_tell(), ids(&[1]));
        seen.answered(true);
        seen.connected();
        seen.drawn(&drawn(&[1]));
        assert_eq!(seen.to_tell(), ids(&[1]));
    }

    #[test]
    fn an_order_for_later_is_told_of_again_when_it_fires() {
        let mut seen = Seen::default();
        seen.drawn(&drawn(&[1]));
        assert_eq!(seen.to_tell(), ids(&[1]));
        seen.answered(true);
        seen.drawn(&[(order(1).id, UnixMillis(2))]);
        assert_eq!(seen.to_tell(), ids(&[1]));
    }

    #[test]
    fn a_request_has_an_end() {
        let mut seen = Seen::default();
        let all: Vec<u32> = (1..=500).collect();
        seen.drawn(&drawn(&all));
        let mut requests = Vec::new();
        loop {
            let next = seen.to_tell();
            if next.is_empty() {
                break;
            }
            requests.push(next.len());
            seen.answered(true);
            seen.drawn(&drawn(&all));
        }
        assert_eq!(requests, [MOST, MOST, 100]);
    }
}
