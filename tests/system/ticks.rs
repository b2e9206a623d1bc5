//! Which node spoke for which tick of the clock, by the arrival of its lines.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use tests::{Node, clock};

/// The clock's own schedule.
pub(crate) const EVERY: Duration = Duration::from_secs(3);

/// A tick of the clock, counted from the Unix epoch: the same on every node.
pub(crate) type Tick = u64;

/// The tick that an instant belongs to.
pub(crate) fn tick_at(at: Instant) -> Tick {
    let ago = at.elapsed();
    let wall = SystemTime::now() - ago;
    let since_epoch = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (since_epoch.as_millis() / EVERY.as_millis()) as Tick
}

/// How many of these nodes said `It is`, and how many said anything, at each tick.
pub(crate) fn spoken(nodes: &[&Node]) -> BTreeMap<Tick, Spoken> {
    let mut ticks: BTreeMap<Tick, Spoken> = BTreeMap::new();
    for node in nodes {
        for line in node.lines() {
            let spoken = ticks.entry(tick_at(line.at)).or_default();
            if clock::leads(&line) {
                spoken.leading += 1;
            } else {
                assert!(clock::stands_by(&line), "{} said {:?}", node.name(), line.text);
                spoken.standing_by += 1;
            }
        }
    }
    ticks
}

/// The output of all nodes at one tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub(crate) leading: usize,
    pub(crate) standing_by: usize,
}

/// Every tick between the first and the last of these was spoken for by exactly one leader.
#[track_caller]
pub(crate) fn assert_one_leader_at_every_tick(nodes: &[&Node]) {
    let ticks = spoken(nodes);
    let range = ticks.keys().next().zip(ticks.keys().last());
    let (first, last) = range.expect("nobody said anything");
    for tick in *first..=*last {
        let spoken = ticks.get(&tick).copied().unwrap_or_default();
        assert_eq!(spoken.leading, 1, "at tick {tick} of {first}..={last}: {ticks:?}");
    }
}
