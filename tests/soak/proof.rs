//! Before each run it is shown that what is looked for would be seen.

use std::time::Duration;

use anyhow::ensure;
use live_orders::wire::frame::Frame;

use crate::{
    ledger::{Follows, Ledger},
    watch::{Sample, Trend},
};

fn frame(event: &str, seq: u32, version: u32) -> Frame {
    let data = format!("{{\"id\":\"7\",\"version\":{version},\"station\":\"bar\"}}");
    Frame { id: format!("0000000a-{seq}"), event: event.to_owned(), data }
}

/// Whether all of `seen` (event, position, version) is taken for good; it is cut off and
/// resumed where the event is empty.
fn good(follows: Follows, seen: &[(&str, u32, u32)]) -> bool {
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

/// An error where a fault would not be seen, or one is seen where there is none.
pub(crate) fn show() -> anyhow::Result<()> {
    const MOVED: &str = "order.ready";
    const RUN: [(&str, u32, u32); 5] =
        [("hello", 4, 0), (MOVED, 5, 2), ("heartbeat", 5, 0), (MOVED, 6, 3), (MOVED, 7, 4)];
    let all = || Follows::Everything;
    let station = || Follows::Station("bar");
    ensure!(good(all(), &RUN) && good(station(), &RUN), "what is right is taken for wrong");
    let cut = [RUN[0], RUN[1], ("", 0, 0), ("hello", 5, 0), RUN[3]];
    ensure!(good(all(), &cut) && good(station(), &cut), "a cut is taken for wrong");

    let faults: [(&str, Follows, &[(&str, u32, u32)]); 9] = [
        ("a gap", all(), &[RUN[0], RUN[1], RUN[4]]),
        ("a heartbeat that is ahead", all(), &[RUN[0], ("heartbeat", 5, 0)]),
        ("a repetition", all(), &[RUN[0], RUN[1], RUN[1]]),
        ("a repetition of a part", station(), &[RUN[0], RUN[1], RUN[1]]),
        ("another order", station(), &[RUN[0], RUN[3], RUN[1]]),
        ("a version that is missing", station(), &[RUN[0], RUN[1], (MOVED, 7, 4)]),
        ("a snapshot after a cut", all(), &[RUN[0], ("", 0, 0), ("snapshot", 4, 0)]),
        ("a leap over a cut", station(), &[RUN[0], RUN[1], ("", 0, 0), ("hello", 6, 0)]),
        ("another station's", Follows::Station("grill"), &[RUN[0], RUN[1]]),
    ];
    for (what, follows, seen) in faults {
        ensure!(!good(follows, seen), "{what} is not seen");
    }

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
