//! The precise engine: one heap of due instants, and the wall clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, SystemTime};

use leader_core::{Due, Schedule};
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
    /// When a late tick was last told of.
    told: Option<SystemTime>,
}

/// A tick that is found later than this is not run: the machine slept, or its clock was set.
const LATEST: Duration = Duration::from_secs(60);

impl Precise {
    /// Ticks after `now`.
    pub(crate) fn new(schedules: Vec<Schedule>, now: SystemTime) -> Self {
        let next =
            |(job, schedule): (usize, &Schedule)| Some(Reverse((schedule.next_after(now)?, job)));
        let heap = schedules.iter().enumerate().filter_map(next).collect();
        Self { schedules, heap, seen: now, told: None }
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

    /// The next tick that is due at `now`. After a stall that is the next instant of the schedule,
    /// not a burst of those in between.
    fn pop(&mut self, now: SystemTime) -> Option<Tick> {
        loop {
            let Reverse((due, job)) = *self.heap.peek()?;
            let late = now.duration_since(due).ok()?;
            self.heap.pop();
            let schedule = &self.schedules[job];
            let mut next = schedule.next_after(due);
            let overtaken = next.is_some_and(|next| next <= now);
            if overtaken {
                next = schedule.next_after(now);
            }
            self.heap.extend(next.map(|next| Reverse((next, job))));
            if !overtaken && late <= LATEST {
                return Some(Tick { job, due });
            }
            self.tell_late(now, job, due, late);
        }
    }

    /// Once a minute: a job that is due more often than the machine keeps up with is late each time.
    fn tell_late(&mut self, now: SystemTime, job: usize, due: SystemTime, late: Duration) {
        let is_news = self.told.is_none_or(|told| {
            now.duration_since(told).map_or(true, |since| since >= Duration::from_secs(60))
        });
        if is_news {
            self.told = Some(now);
            let schedule = &self.schedules[job];
            warn!(%schedule, due = %Due::new(due), ?late, "found too late: not run");
        }
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

    #[test]
    fn ticks_come_in_order_on_the_shared_grid() {
        let mut engine = Precise::new(vec![every("3s"), every("2s")], at(1_500));
        let mut ticks = Vec::new();
        for now in (1_500..=6_000).step_by(100) {
            while let Some(Tick { job, due }) = engine.pop(at(now)) {
                ticks.push((job, due));
            }
        }
        assert_eq!(
            ticks,
            [(1, at(2_000)), (0, at(3_000)), (1, at(4_000)), (0, at(6_000)), (1, at(6_000))]
        );
    }

    #[test]
    fn after_a_stall_comes_the_next_instant_and_no_burst() {
        let mut engine = Precise::new(vec![every("1s")], at(0));
        assert_eq!(engine.pop(at(5_500)), None);
        assert_eq!(engine.pop(at(6_000)), Some(Tick { job: 0, due: at(6_000) }));
    }

    #[test]
    fn a_tick_that_is_late_but_not_overtaken_runs() {
        let mut engine = Precise::new(vec![every("1s")], at(0));
        assert_eq!(engine.pop(at(1_900)), Some(Tick { job: 0, due: at(1_000) }));
    }

    #[test]
    fn a_clock_that_is_set_back_runs_nothing_twice() {
        let mut engine = Precise::new(vec![every("1s")], at(10_000));
        assert!(engine.pop(at(11_000)).is_some());
        assert_eq!(engine.pop(at(5_000)), None);
        assert_eq!(engine.pop(at(11_000)), None);
        assert!(engine.pop(at(12_000)).is_some());
    }
}
