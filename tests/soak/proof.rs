//! Before each run it is shown that what is looked for would be seen.

use std::time::Duration;

use anyhow::ensure;
use live_orders::wire::frame::Frame;

use crate::{
    ledger::{Follows, Ledger, Stand},
    watch::{Sample, Trend},
};

fn frame(event: &str, seq: u32, version: u32) -> Frame {
    let data = format!("{{\"id\":\"7\",\"version\":{version},\"station\":\"bar\"}}");
    Frame { id: format!("0000000a-{seq}"), event: event.to_owned(), data }
}

/// What came: the event, its position, and the order's version.
type Seen = (&'static str, u32, u32);

/// Whether all of `seen` (event, position, version) is taken for good; it is cut off and
/// resumed where the event is empty.
fn good(follows: Follows, seen: &[Seen]) -> bool {
    let mut ledger = Ledger::new(follows);
    ledger.begin();
    seen.iter().all(|(event, seq, version)| {
        if event.is_empty() {
            ledger.begin();
            return true;
        }
        ledger.take(&frame(event, *seq, *version)).is_ok()
    })
}

/// Whether a reader who has had the first version of an order lacks nothing, where `open`
/// is what there is in the end.
fn whole(follows: Follows, open: &[Stand<'_>]) -> bool {
    let mut ledger = Ledger::new(follows);
    ledger.begin();
    ledger.take(&frame("order.placed", 5, 1)).is_ok() && ledger.lacks(open).is_none()
}

/// What is missing at the very end is followed by nothing that would give it away.
fn ends() -> anyhow::Result<()> {
    let bar = ["bar".to_owned()];
    let stand = |id, version| Stand { id, version, stations: &bar, called_off: false };
    let order = || Follows::Order { id: "7".to_owned(), whole: true };
    let screen = || Follows::Station { name: "bar", open: true };
    for follows in [|| Follows::Everything, screen, order] {
        ensure!(whole(follows(), &[stand("7", 1)]), "what is whole is taken for wrong");
        ensure!(!whole(follows(), &[stand("7", 2)]), "a last version that is missing is not seen");
        ensure!(!whole(follows(), &[]), "an end that is missing is not seen");
    }
    let mut ledger = Ledger::new(Follows::Everything);
    for (seq, id) in (5..).zip(["7", "8", "9"]) {
        let placed = frame("order.placed", seq, 1);
        let data = placed.data.replace("\"7\"", &format!("\"{id}\""));
        ensure!(ledger.take(&Frame { data, ..placed }).is_ok(), "what is right is taken for wrong");
    }
    let three = ["9", "7", "8"].map(|id| stand(id, 1));
    ensure!(ledger.lacks(&three).is_none(), "what is whole is taken for wrong");
    ensure!(ledger.lacks(&three[1..]).is_some(), "an end that is missing is not seen");
    let two = [stand("7", 1), stand("8", 1)];
    ensure!(!whole(screen(), &two), "an order that is missing is not seen");
    let page = Ledger::new(Follows::Page { id: "7".to_owned() });
    ensure!(page.lacks(&[]).is_some(), "a page that shows no end is not seen");
    Ok(())
}

/// An error where a fault would not be seen, or one is seen where there is none.
pub(crate) fn show() -> anyhow::Result<()> {
    const MOVED: &str = "order.ready";
    const RUN: [Seen; 5] =
        [("hello", 4, 0), (MOVED, 5, 1), ("heartbeat", 5, 0), (MOVED, 6, 2), (MOVED, 7, 3)];
    let all = || Follows::Everything;
    let at = |name| Follows::Station { name, open: false };
    let station = || at("bar");
    ensure!(good(all(), &RUN) && good(station(), &RUN), "what is right is taken for wrong");
    let cut = [RUN[0], RUN[1], ("", 0, 0), ("hello", 5, 0), RUN[3]];
    ensure!(good(all(), &cut) && good(station(), &cut), "a cut is taken for wrong");

    let faults: [(&str, Follows, &[Seen]); 11] = [
        ("a gap", all(), &[RUN[0], RUN[1], RUN[4]]),
        ("a heartbeat that is ahead", all(), &[RUN[0], ("heartbeat", 5, 0)]),
        ("a repetition", all(), &[RUN[0], RUN[1], RUN[1]]),
        ("another version at its position", all(), &[RUN[0], RUN[1], (MOVED, 6, 3)]),
        ("a repetition of a part", station(), &[RUN[0], RUN[1], RUN[1]]),
        ("another order", station(), &[RUN[0], RUN[3], RUN[1]]),
        ("a version that is missing", station(), &[RUN[0], RUN[1], (MOVED, 7, 3)]),
        ("a first version that is missing", station(), &[RUN[0], RUN[3]]),
        ("a snapshot after a cut", all(), &[RUN[0], ("", 0, 0), ("snapshot", 4, 0)]),
        ("a leap over a cut", station(), &[RUN[0], RUN[1], ("", 0, 0), ("hello", 6, 0)]),
        ("another station's", at("grill"), &[RUN[0], RUN[1]]),
    ];
    for (what, follows, seen) in faults {
        ensure!(!good(follows, seen), "{what} is not seen");
    }
    ends()?;

    let series = |growth: f64| -> Vec<Sample> {
        (0..100)
            .map(|index| Sample {
                at: Duration::from_secs(index),
                own: 1000.0
                    * (1.0 + growth * f64::from(u32::try_from(index).unwrap_or_default()) / 100.0),
                ..Sample::default()
            })
            .collect()
    };
    let grows =
        |growth| Trend::of(&series(growth), |it| it.own).is_some_and(|it| it.growth() > 0.05);
    ensure!(grows(0.10) && !grows(0.02), "growth is not seen as it is");
    Ok(())
}
