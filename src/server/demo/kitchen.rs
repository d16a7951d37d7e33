//! The stations of the demo's kitchen: each has room for so many dishes at
//! once and a queue of those that wait for room. Tickets become late here,
//! not by a drawn number.

use std::collections::{BTreeMap, VecDeque};

use super::simulation::TicketId;

/// Every station.
#[derive(Debug, Default)]
pub(super) struct Kitchen {
    stations: BTreeMap<String, Line>,
}

/// One line of a ticket, waiting for room.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Job {
    /// The ticket.
    pub(super) ticket: TicketId,
    /// Which of its lines.
    pub(super) line: usize,
    /// How long it will take, in minutes.
    pub(super) minutes: f64,
}

#[derive(Debug)]
struct Line {
    capacity: usize,
    busy: usize,
    waiting: VecDeque<Job>,
}

/// Room at a station that nobody planned for.
const UNPLANNED_CAPACITY: usize = 4;

/// How full a well-staffed station is in the rush.
const PLANNED_LOAD: f64 = 0.68;

/// No station is manned with less.
const LEAST_CAPACITY: usize = 2;

impl Kitchen {
    /// Gives `station` the room that `busy` dishes being made at once, on
    /// average in the rush, need.
    pub(super) fn staff(&mut self, station: &str, busy: f64) {
        let needed = (busy / PLANNED_LOAD).ceil().max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small whole number that is not negative"
        )]
        let capacity = (needed as usize).max(LEAST_CAPACITY);
        self.line(station).capacity = capacity;
    }

    /// Puts a job in the queue of `station`, before the others when it is in a rush.
    pub(super) fn enqueue(&mut self, station: &str, job: Job, rush: bool) {
        let line = self.line(station);
        if rush {
            line.waiting.push_front(job);
        } else {
            line.waiting.push_back(job);
        }
    }

    /// The next job that `station` has room for. The room is taken.
    pub(super) fn start(&mut self, station: &str) -> Option<Job> {
        let line = self.line(station);
        if line.busy >= line.capacity {
            return None;
        }
        let job = line.waiting.pop_front()?;
        line.busy += 1;
        Some(job)
    }

    /// Gives back the room of one job at `station`.
    pub(super) fn finish(&mut self, station: &str) {
        let line = self.line(station);
        line.busy = line.busy.saturating_sub(1);
    }

    /// How long a new dish waits for room at the fullest station, in minutes,
    /// as somebody who looks at the rail would guess it.
    pub(super) fn backlog_minutes(&self) -> f64 {
        self.stations
            .values()
            .map(|line| {
                let waiting: f64 = line.waiting.iter().map(|job| job.minutes).sum();
                #[expect(clippy::cast_precision_loss, reason = "a small number")]
                let capacity = line.capacity.max(1) as f64;
                waiting / capacity
            })
            .fold(0.0, f64::max)
    }

    fn line(&mut self, station: &str) -> &mut Line {
        self.stations.entry(station.to_owned()).or_insert_with(|| Line {
            capacity: UNPLANNED_CAPACITY,
            busy: 0,
            waiting: VecDeque::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(ticket: u64) -> Job {
        Job { ticket: TicketId(ticket), line: 0, minutes: 6.0 }
    }

    #[test]
    fn a_full_station_makes_the_next_wait_and_a_rush_goes_first() {
        let mut kitchen = Kitchen::default();
        kitchen.staff("grill", 1.0);
        for ticket in 1..=4 {
            kitchen.enqueue("grill", job(ticket), false);
        }
        assert_eq!(kitchen.start("grill"), Some(job(1)));
        assert_eq!(kitchen.start("grill"), Some(job(2)));
        assert_eq!(kitchen.start("grill"), None);
        assert!((kitchen.backlog_minutes() - 6.0).abs() < 1e-9);
        kitchen.enqueue("grill", job(5), true);
        kitchen.finish("grill");
        assert_eq!(kitchen.start("grill"), Some(job(5)));
        assert_eq!(kitchen.start("grill"), None);
    }
}
