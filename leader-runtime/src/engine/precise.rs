//! The precise engine: one heap of due instants, and the wall clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, SystemTime};

use leader_core::Schedule;
use tracing::warn;

use super::Tick;
use crate::clock::LONGEST_SLEEP;

/// The due instants of every job, soonest first.
#[derive(Debug)]
pub(crate) struct Precise {
    schedules: Vec<Schedule>,
    heap: BinaryHeap<Reverse<(SystemTime, usize)>>,
    /// The wall clock, when it was last looked at.
    seen: SystemTime,
}

/// A tick that is found later than this is not run: the machine slept, or its clock was set.
const LATEST: Duration = Duration::from_secs(60);

impl Precise {
    /// Ticks after `now`.
    pub(crate) fn new(schedules: Vec<Schedule>, now: SystemTime) -> Self {
        let next =
            |(job, schedule): (usize, &Schedule)| Some(Reverse((schedule.next_after(now)?, job)));
        let heap = schedules.iter().enumerate().filter_map(next).collect();
        Self { schedules, heap, seen: now }
    }

    /// The next tick, when it is due. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Tick {
        loop {
            if let Some(tick) = self.due_by_now() {
                return tick;
            }
            let now = self.seen;
            let due = self.heap.peek().map(|Reverse((due, _))| *due);
            let wait = due.and_then(|due| due.duration_since(now).ok()).unwrap_or(LONGEST_SLEEP);
            // the wall clock can be set, and a machine can sleep: look again soon
            tokio::time::sleep(wait.min(LONGEST_SLEEP)).await;
        }
    }

    /// The next tick, where it is due already.
    pub(crate) fn due_by_now(&mut self) -> Option<Tick> {
        let now = SystemTime::now();
        self.look(now);
        self.pop(now)
    }

    /// The next tick that is due at `now`. After a stall, one is too late for all of those in
    /// between, and the next that runs is the next instant of the schedule: no burst.
    fn pop(&mut self, now: SystemTime) -> Option<Tick> {
        let Reverse((due, job)) = *self.heap.peek()?;
        let late = now.duration_since(due).ok()?;
        self.heap.pop();
        let schedule = &self.schedules[job];
        let mut next = schedule.next_after(due);
        let is_overtaken = next.is_some_and(|next| next <= now);
        if is_overtaken {
            next = schedule.next_after(now);
        }
        self.heap.extend(next.map(|next| Reverse((next, job))));
        Some(Tick { job, due, too_late: (is_overtaken || late > LATEST).then_some(late) })
    }

    /// A clock that is set back runs nothing twice: what was due by the old one stays done.
    fn look(&mut self, now: SystemTime) {
        if let Ok(back) = self.seen.duration_since(now)
            && back > LONGEST_SLEEP
        {
            warn!(?back, "the wall clock was set back: jobs wait until it is where it was");
        }
        self.seen = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    }

    fn every(span: &str) -> Schedule {
        Schedule::Every(span.parse().unwrap())
    }

    /// The ticks that are found at `now`: job, due, whether they are run.
    fn found(engine: &mut Precise, now: u64) -> Vec<(usize, SystemTime, bool)> {
        let pop = || engine.pop(at(now));
        std::iter::from_fn(pop).map(|tick| (tick.job, tick.due, tick.too_late.is_none())).collect()
    }

    #[test]
    fn ticks_come_in_order_on_the_shared_grid() {
        let mut engine = Precise::new(vec![every("3s"), every("2s")], at(1_500));
        let ticks: Vec<_> =
            (1_500..=6_000).step_by(100).flat_map(|now| found(&mut engine, now)).collect();
        let grid = [(1, 2_000), (0, 3_000), (1, 4_000), (0, 6_000), (1, 6_000)];
        assert_eq!(ticks, grid.map(|(job, due)| (job, at(due), true)));
    }

    #[test]
    fn after_a_stall_comes_the_next_instant_and_no_burst() {
        let mut engine = Precise::new(vec![every("1s")], at(0));
        assert_eq!(found(&mut engine, 5_500), [(0, at(1_000), false)]);
        assert_eq!(found(&mut engine, 6_000), [(0, at(6_000), true)]);
    }

    #[test]
    fn a_tick_that_is_late_but_not_overtaken_runs_within_a_minute() {
        let mut engine = Precise::new(vec![every("1s"), every("1h")], at(0));
        assert_eq!(found(&mut engine, 1_900), [(0, at(1_000), true)]);
        let hour = 3_600_000;
        let ticks = found(&mut engine, hour + 60_001);
        assert!(ticks.contains(&(1, at(hour), false)), "{ticks:?}");
    }

    #[test]
    fn a_clock_that_is_set_back_runs_nothing_twice() {
        let mut engine = Precise::new(vec![every("1s")], at(10_000));
        assert_eq!(found(&mut engine, 11_000).len(), 1);
        assert_eq!(found(&mut engine, 5_000), []);
        assert_eq!(found(&mut engine, 11_000), []);
        assert_eq!(found(&mut engine, 12_000).len(), 1);
    }
}
