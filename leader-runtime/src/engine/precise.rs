//! The precise engine: one heap of due instants, and the wall clock.
//!
//! The wall clock is what schedules mean, and it can be set. So no sleep is longer than a second,
//! and each look at the clock is held beside the one before:
//!
//! - *ahead by more than a minute*: it was set, or the machine slept. Of each schedule that was
//!   overtaken one tick says so, and the next is its next instant: no burst.
//! - *back by more than a second*: schedules go on from the new time. What it shows again is known
//!   as *lived through*, and an instant in there is left out: nothing is run twice. An instant
//!   that the clock had only jumped over was not lived through, and is due.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use leader_core::Schedule;
use tracing::{info, warn};

use super::alarm::Alarm;
use super::lived::Lived;
use super::{Engine, Tick};
use crate::clock::{self, LONGEST_SLEEP};

/// The due instants of every schedule, soonest first.
#[derive(Debug)]
pub(crate) struct Precise {
    schedules: Vec<Arc<Schedule>>,
    /// When each is due next.
    heap: BinaryHeap<Reverse<(SystemTime, usize)>>,
    clock: fn() -> SystemTime,
    alarm: Alarm,
    /// The wall clock, when it was last looked at.
    seen: SystemTime,
    /// Since when it has not jumped.
    since: SystemTime,
    /// What it showed before it jumped.
    lived: Lived,
}

/// A tick that is found later than this is not run: the machine slept, or its clock was set.
const LATEST: Duration = Duration::from_secs(60);

impl Precise {
    /// Ticks from now on.
    pub(crate) fn new(schedules: impl IntoIterator<Item: Into<Arc<Schedule>>>) -> Self {
        Self::by_clock(schedules, clock::wall)
    }

    pub(super) fn by_clock(
        schedules: impl IntoIterator<Item: Into<Arc<Schedule>>>,
        clock: fn() -> SystemTime,
    ) -> Self {
        let now = clock();
        let mut engine = Self {
            schedules: schedules.into_iter().map(Into::into).collect(),
            heap: BinaryHeap::new(),
            clock,
            alarm: Alarm::default(),
            seen: now,
            since: now,
            lived: Lived::default(),
        };
        engine.fill();
        engine
    }

    /// The next tick that is due at `now`, in whose place the next instant of its schedule is put.
    /// After a stall, one is too late for all of those in between, and the next that runs is the
    /// next instant of the schedule: no burst.
    fn pop(&mut self, now: SystemTime) -> Option<Tick> {
        let Reverse((due, place)) = *self.heap.peek()?;
        if due > now {
            return None;
        }
        self.heap.pop();
        let mut next = self.next_after(place, due);
        let is_overtaken = next.is_some_and(|next| next <= now);
        if is_overtaken {
            next = self.next_after(place, now);
        }
        self.heap.extend(next.map(|next| Reverse((next, place))));
        let late = now.duration_since(due).unwrap_or_default();
        let too_late = (is_overtaken || late > LATEST).then_some(late);
        Some(Tick { place, due, too_late })
    }

    /// Looks at the wall clock, and notices where it jumped.
    fn look(&mut self) -> SystemTime {
        let now = (self.clock)();
        match now.duration_since(self.seen) {
            Ok(ahead) if ahead <= LATEST => self.seen = now,
            Ok(ahead) => {
                info!(?ahead, "the wall clock is ahead: it was set, or the machine slept");
                // what is not too late at `now` is run now
                self.jump(now - LATEST, now);
            }
            // within a sleep: until then, nothing is due
            Err(back) if back.duration() <= LONGEST_SLEEP => {}
            Err(back) => {
                let back = back.duration();
                warn!(
                    ?back,
                    "the wall clock was set back: jobs go on from the new time, but for what this \
                     process has run; a restart would run that again"
                );
                self.jump(now, now);
                self.fill();
            }
        }
        now
    }

    fn jump(&mut self, since: SystemTime, now: SystemTime) {
        self.lived.add(self.since, self.seen);
        (self.since, self.seen) = (since, now);
    }

    /// Puts the next instant of every schedule in place of what there was.
    fn fill(&mut self) {
        let next = |place| Some(Reverse((self.next_after(place, self.seen)?, place)));
        self.heap = (0..self.schedules.len()).filter_map(next).collect();
    }

    /// When this schedule is due next, as things stand.
    #[cfg(feature = "tokio_cron_scheduler")]
    pub(super) fn next_of(&self, place: usize) -> Option<SystemTime> {
        self.next_after(place, self.seen)
    }

    /// The next instant of this schedule that was not lived through.
    fn next_after(&self, place: usize, instant: SystemTime) -> Option<SystemTime> {
        let schedule = &self.schedules[place];
        let mut next = schedule.next_after(instant)?;
        while let Some(end) = self.lived.end_of(next) {
            next = schedule.next_after(end)?;
        }
        Some(next)
    }
}

impl Engine for Precise {
    async fn next(&mut self) -> Tick {
        loop {
            let now = self.look();
            if let Some(tick) = self.pop(now) {
                return tick;
            }
            let due = self.heap.peek().map(|Reverse((due, _))| *due);
            self.alarm.wait(due, now).await;
        }
    }

    fn try_next(&mut self) -> Option<Tick> {
        self.pop(self.seen)
    }

    fn last(&mut self) -> Option<Tick> {
        let now = self.look();
        self.pop(now)
    }
}
