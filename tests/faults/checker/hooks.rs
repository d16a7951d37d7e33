//! What receivers of webhooks accepted: all that was for them, each order's events in
//! order, and a repeat only as one.

use std::collections::{HashMap, HashSet};

use super::history::{Event, History};
use super::{Broken, Verdict};

/// How many are under way to a receiver at one time: so many answers may be lost at once.
const UNDER_WAY: u64 = 8;

pub(super) fn check(history: &History, verdict: &mut Verdict) {
    let known: HashMap<u64, &Event> = history.log.iter().map(|event| (event.seq, event)).collect();
    for hook in &history.hooks {
        let name = &hook.name;
        let mut messages: HashMap<u64, &str> = HashMap::new();
        let mut last: HashMap<&str, u64> = HashMap::new();
        let mut repeats = 0;
        for delivery in &hook.accepted {
            verdict.delivered += 1;
            let seq = delivery.seq;
            let Some(event) = known.get(&seq) else {
                verdict.say(Broken::MadeUp, format!("{name}: {seq} is not in the log"));
                continue;
            };
            if event.kind != delivery.kind || event.digest != delivery.digest {
                verdict.say(Broken::Differs, format!("{name}: {seq} came as {}", delivery.kind));
            }
            if !delivery.signed {
                verdict.say(Broken::MadeUp, format!("{name}: {seq} is not signed by its secret"));
            }
            if !hook.filter.wants(event) {
                verdict.say(Broken::Leak, format!("{name}: {seq}"));
            }
            let before = last.insert(&event.order.id, seq);
            match messages.insert(seq, &delivery.message) {
                // After a crash the last of an order may come again, and says so.
                Some(message) if message != delivery.message => {
                    verdict.say(Broken::Doubled, format!("{name}: {seq} under another id"));
                }
                Some(_) if before != Some(seq) => {
                    verdict
                        .say(Broken::OutOfOrder, format!("{name}: {seq} again, after {before:?}"));
                }
                Some(_) => repeats += 1,
                None if before.is_some_and(|before| before > seq) => {
                    verdict.say(Broken::OutOfOrder, format!("{name}: {seq} after {before:?}"));
                }
                _ => {}
            }
        }
        verdict.repeats += repeats;
        if repeats > history.disturbances * UNDER_WAY {
            let what = format!("{name}: {repeats} came again, by {} faults", history.disturbances);
            verdict.say(Broken::Doubled, what);
        }
        let came: HashSet<u64> = messages.into_keys().collect();
        for event in history.log.iter().filter(|event| hook.filter.wants(event)) {
            if !came.contains(&event.seq) {
                verdict.say(Broken::Lost, format!("{name}: {} was never sent", event.seq));
            }
        }
    }
}
