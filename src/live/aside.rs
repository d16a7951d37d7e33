//! What a board knows besides its orders: the intake switch, what is on no
//! screen, what is to be heard and what has been seen.
//!
//! One value with one trigger for all of it, and not a signal each: every type
//! of signal is code that each browser has to fetch, and none of this changes
//! more than once a second.

use leptos::prelude::{Notify, StoredValue, Track, Trigger, UpdateValue};

use super::{ringer::Ringer, seen::Seen};
use crate::{
    domain::{Intake, screen::Sounds},
    wire::{Heartbeat, Unseen},
};

/// The things themselves.
#[derive(Clone, Debug)]
pub struct Things {
    /// Whether new orders are taken, as the server said last.
    pub intake: Intake,
    /// Orders that are on no screen of one of their stations.
    pub unseen: Vec<Unseen>,
    /// Channels that have been silent for much longer than usual.
    pub quiet: Vec<String>,
    /// What is to be heard.
    pub ringer: Ringer,
    /// What the server knows of what this screen shows.
    pub seen: Seen,
}

/// Where they are. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Aside {
    things: StoredValue<Things>,
    told: Trigger,
}

impl Aside {
    /// As a page has it that was just opened.
    #[must_use]
    pub fn new(intake: Intake, sounds: Sounds) -> Self {
        let (ringer, seen) = (Ringer::new(sounds), Seen::default());
        let things = Things { intake, unseen: Vec::new(), quiet: Vec::new(), ringer, seen };
        Self { things: StoredValue::new(things), told: Trigger::new() }
    }

    /// Calls `look` with everything. It must not look again meanwhile.
    pub fn with(self, look: &mut dyn FnMut(&mut Things)) {
        self.things.update_value(|things| look(things));
    }

    /// Follows the switch, what is on no screen and who is quiet.
    pub fn track(self) {
        self.told.track();
    }

    /// The server has said how it stands.
    pub(super) fn heartbeat(self, heartbeat: &Heartbeat) {
        let mut told = false;
        self.with(&mut |things| {
            told = things.intake != heartbeat.intake
                || things.unseen != heartbeat.unseen
                || things.quiet != heartbeat.quiet;
            for order in &heartbeat.unseen {
                if things.unseen.iter().all(|other| other.id != order.id) {
                    things.ringer.unseen_anew();
                }
            }
            if told {
                things.intake.clone_from(&heartbeat.intake);
                things.unseen.clone_from(&heartbeat.unseen);
                things.quiet.clone_from(&heartbeat.quiet);
            }
        });
        if told {
            self.told.notify();
        }
    }

    /// The server has moved the switch for this screen.
    pub fn set_intake(self, intake: &Intake) {
        self.with(&mut |things| things.intake.clone_from(intake));
        self.told.notify();
    }
}
