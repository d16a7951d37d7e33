//! What clients wanted written, what they were answered, and what is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::history::{Change, Event, History, Post, Told};
use super::{Broken, Verdict, rules};

/// The log by order and version.
type Versions<'a> = HashMap<(&'a str, u64), &'a Event>;

pub(super) fn check(history: &History, verdict: &mut Verdict) {
    let versions: Versions<'_> =
        history.log.iter().map(|event| ((&*event.order.id, event.order.version), event)).collect();
    posts(history, &versions, verdict);
    changes(history, &versions, verdict);
    looks(history, verdict);
}

fn posts(history: &History, versions: &Versions<'_>, verdict: &mut Verdict) {
    let mut made: HashMap<&str, BTreeMap<&str, &Event>> = HashMap::new();
    for event in history.log.iter().filter(|event| event.order.version == 1) {
        made.entry(&event.order.customer.name).or_default().insert(&event.order.id, event);
    }
    for post in &history.posts {
        let there = made.remove(&*post.key).unwrap_or_default();
        one_post(post, &there, versions, verdict);
        if post.refused {
            undead(post, history, verdict);
        }
    }
    for (key, orders) in made {
        let orders: Vec<&str> = orders.into_keys().collect();
        verdict.say(Broken::MadeUp, format!("{orders:?} of {key:?}"));
    }
}

fn one_post(
    post: &Post,
    there: &BTreeMap<&str, &Event>,
    versions: &Versions<'_>,
    verdict: &mut Verdict,
) {
    let made: BTreeSet<&str> = there.keys().copied().collect();
    let told: BTreeSet<&str> = post.acknowledged.iter().map(|told| &*told.order).collect();
    if made.len() > 1 || told.len() > 1 {
        let what = format!("{}: made {made:?}, acknowledged {told:?}", post.key);
        verdict.say(Broken::TwoOrders, what);
    }
    for order in told.difference(&made) {
        verdict.say(Broken::Lost, format!("{} was acknowledged as {order}", post.key));
    }
    for event in there.values().filter(|event| !has(&event.whole, &post.asked)) {
        let what = format!("{} at {} is not what was asked for", post.key, event.seq);
        verdict.say(Broken::Differs, what);
    }
    for told in post.acknowledged.iter().filter(|told| made.contains(&*told.order)) {
        // A repeat is answered as the first was, too.
        if told.version != 1 || !is_told(told, versions) {
            verdict.say(Broken::Differs, format!("{} was answered with another order", post.key));
        }
    }
}

/// Nothing of a refused order may be there, not even in another one.
fn undead(post: &Post, history: &History, verdict: &mut Verdict) {
    let told = history.log.iter().filter(|event| tells_of(&event.whole, &post.key));
    let at: Vec<u64> = told.map(|event| event.seq).collect();
    if !at.is_empty() {
        verdict.say(Broken::Undead, format!("{} is at {at:?}", post.key));
    }
}

/// Whether a text in `there` ends with `name`, as all do that clients make of it.
fn tells_of(there: &Value, name: &str) -> bool {
    match there {
        Value::String(text) => text.ends_with(name),
        Value::Array(all) => all.iter().any(|it| tells_of(it, name)),
        Value::Object(all) => all.values().any(|it| tells_of(it, name)),
        _ => false,
    }
}

fn looks(history: &History, verdict: &mut Verdict) {
    for look in history.looks.iter().filter(|look| look.at_least > 0) {
        let known = format!("{}, acknowledged up to {}", look.order, look.at_least);
        match look.told {
            None => verdict.say(Broken::Lost, format!("{known}, was said not to be there")),
            Some(told) if told < look.at_least => {
                verdict.say(Broken::Stale, format!("{known}, was told as {told}"));
            }
            Some(_) => {}
        }
    }
}

/// Whether the log has what was told, to the byte.
fn is_told(told: &Told, versions: &Versions<'_>) -> bool {
    let event = versions.get(&(&*told.order, told.version));
    event.is_some_and(|event| event.digest == told.digest)
}

/// Whether all that was asked for is there; there may be more.
fn has(there: &Value, asked: &Value) -> bool {
    match (there, asked) {
        (_, Value::Null) => true,
        (Value::Object(there), Value::Object(asked)) => {
            asked.iter().all(|(name, asked)| there.get(name).is_some_and(|it| has(it, asked)))
        }
        (Value::Array(there), Value::Array(asked)) => {
            there.len() == asked.len() && there.iter().zip(asked).all(|(it, asked)| has(it, asked))
        }
        _ => there == asked,
    }
}

fn changes(history: &History, versions: &Versions<'_>, verdict: &mut Verdict) {
    let mut by_sign: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in &history.log {
        let (order, change) = (&event.order, &event.order.last_change);
        // What the server does by itself, by its clock, nobody has asked for.
        if order.version > 1 && change.actor.kind != "system" {
            by_sign.entry(&change.actor.id).or_default().push(event);
        }
    }
    for change in &history.changes {
        let there = by_sign.remove(&*change.sign).unwrap_or_default();
        one_change(change, &there, versions, verdict);
    }
    for (sign, events) in by_sign {
        verdict.say(Broken::MadeUp, format!("{sign:?} at {}", events[0].seq));
    }
}

fn one_change(change: &Change, there: &[&Event], versions: &Versions<'_>, verdict: &mut Verdict) {
    let wanted = format!("{} of {} version {}", change.sign, change.order, change.expected);
    if there.len() > 1 {
        let seqs: Vec<u64> = there.iter().map(|event| event.seq).collect();
        verdict.say(Broken::Doubled, format!("{wanted} is at {seqs:?}"));
    }
    for event in there {
        if event.order.id != change.order || event.order.version != change.expected + 1 {
            let what = format!("{wanted} made version {} at {}", event.order.version, event.seq);
            verdict.say(Broken::LostUpdate, what);
        }
        let done = &event.order.last_change.what;
        if *done != rules::name_of(&change.wish) || !rules::is_so(&event.order, &change.wish) {
            let what =
                format!("{wanted}, {:?}, is a change of {done} at {}", change.wish, event.seq);
            verdict.say(Broken::Differs, what);
        }
    }
    let Some(told) = &change.acknowledged else {
        if change.refused && !there.is_empty() {
            verdict.say(Broken::Undead, wanted);
        }
        return;
    };
    let version = told.version;
    let instead = versions.get(&(&*change.order, version));
    if version == change.expected {
        // It was so already; if it was.
        if !there.is_empty() {
            verdict.say(Broken::MadeUp, format!("{wanted} was to change nothing"));
        }
        if !instead.is_some_and(|event| rules::is_so(&event.order, &change.wish)) {
            let what = format!("{wanted}, {:?}, was acknowledged, and is not so", change.wish);
            return verdict.say(Broken::Lost, what);
        }
    } else if there.is_empty() {
        let broken = if instead.is_some() { Broken::LostUpdate } else { Broken::Lost };
        let by = instead.map(|event| &event.order.last_change.actor.id);
        let what = format!("{wanted} was acknowledged as {version}, which is {by:?}");
        return verdict.say(broken, what);
    } else if version != change.expected + 1 {
        return verdict.say(Broken::LostUpdate, format!("{wanted} was acknowledged as {version}"));
    }
    if told.order != change.order || !is_told(told, versions) {
        verdict.say(Broken::Differs, format!("{wanted} was answered with another order"));
    }
}
