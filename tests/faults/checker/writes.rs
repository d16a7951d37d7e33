//! What clients wanted written, and what is.

use std::collections::{BTreeSet, HashMap};

use super::history::{Event, History};
use super::{Broken, Verdict};

pub(super) fn check(history: &History, verdict: &mut Verdict) {
    posts(history, verdict);
    changes(history, verdict);
}

fn posts(history: &History, verdict: &mut Verdict) {
    let mut made: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for event in history.log.iter().filter(|event| event.order.version == 1) {
        made.entry(&event.order.customer.name).or_default().insert(&event.order.id);
    }
    for post in &history.posts {
        let there = made.remove(&*post.key).unwrap_or_default();
        let told: BTreeSet<&str> = post.acknowledged.iter().map(|id| &**id).collect();
        if there.len() > 1 || told.len() > 1 {
            let what = format!("{}: made {there:?}, acknowledged {told:?}", post.key);
            verdict.say(Broken::TwoOrders, what);
        }
        for order in told.difference(&there) {
            let what = format!("{} was acknowledged as {order}", post.key);
            verdict.say(Broken::Lost, what);
        }
        if post.refused && !there.is_empty() {
            verdict.say(Broken::Undead, format!("{} is {there:?}", post.key));
        }
    }
    for (key, orders) in made {
        verdict.say(Broken::MadeUp, format!("{orders:?} of {key:?}"));
    }
}

fn changes(history: &History, verdict: &mut Verdict) {
    let mut by_sign: HashMap<&str, Vec<&Event>> = HashMap::new();
    let mut by_version: HashMap<(&str, u64), &Event> = HashMap::new();
    for event in &history.log {
        let (order, change) = (&event.order, &event.order.last_change);
        by_version.insert((&order.id, order.version), event);
        // What the server does by itself, by its clock, nobody has asked for.
        if order.version > 1 && change.actor.kind != "system" {
            by_sign.entry(&change.actor.id).or_default().push(event);
        }
    }
    for change in &history.changes {
        let there = by_sign.remove(&*change.sign).unwrap_or_default();
        let wanted = format!("{} of {} version {}", change.sign, change.order, change.expected);
        if there.len() > 1 {
            let seqs: Vec<u64> = there.iter().map(|event| event.seq).collect();
            verdict.say(Broken::Doubled, format!("{wanted} is at {seqs:?}"));
        }
        for event in &there {
            if event.order.id != change.order || event.order.version != change.expected + 1 {
                let what =
                    format!("{wanted} made version {} at {}", event.order.version, event.seq);
                verdict.say(Broken::LostUpdate, what);
            }
        }
        if change.acknowledged == Some(change.expected) {
            // It was so already.
            if !there.is_empty() {
                verdict.say(Broken::MadeUp, format!("{wanted} was to change nothing"));
            }
            continue;
        }
        match change.acknowledged {
            Some(version) if there.is_empty() => {
                let instead = by_version.get(&(&*change.order, version));
                let broken = if instead.is_some() { Broken::LostUpdate } else { Broken::Lost };
                let by = instead.map(|event| &event.order.last_change.actor.id);
                let what = format!("{wanted} was acknowledged as {version}, which is {by:?}");
                verdict.say(broken, what);
            }
            Some(version) if version != change.expected + 1 => {
                let what = format!("{wanted} was acknowledged as {version}");
                verdict.say(Broken::LostUpdate, what);
            }
            _ if change.refused && !there.is_empty() => verdict.say(Broken::Undead, wanted),
            _ => {}
        }
    }
    for (sign, events) in by_sign {
        verdict.say(Broken::MadeUp, format!("{sign:?} at {}", events[0].seq));
    }
}
