//! The precise engine: one heap of due instants, and the wall clock.
//!
//! Schedules follow the wall clock, and it can be set. So no sleep is longer than a second, and each
//! reading of the clock is compared with the one before:
//!
//! - *ahead by more than a minute*: the clock was set, or the machine slept. Each schedule that was
//!   overtaken has one tick that is too late, and then its next instant: no burst.
//! - *back by more than a second*: schedules go on from the new time. Instants in an interval that
//!   the clock has already shown are skipped: nothing runs twice. Instants that the clock has only
//!   jumped over were not shown, and are due.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use leader_core::Schedule;
use tracing::{info, warn};

use super::seen_intervals::SeenIntervals;
use super::timer::WallTimer;
use super::{Engine, Tick};
use crate::system::clock::{self, LONGEST_SLEEP};
use crate::unwind::shielded;

/// The due instants of every schedule, soonest first.
#[derive(Debug)]
pub(crate) struct Precise {
    schedules: Vec<Arc<Schedule>>,
    /// The next due instant of each schedule.
    heap: BinaryHeap<Reverse<(SystemTime, usize)>>,
    clock: fn() -> SystemTime,
    timer: WallTimer,
    /// The last reading of the wall clock.
    seen: SystemTime,
    /// The reading since which the clock has not jumped.
    since: SystemTime,
    /// The intervals that it showed before its jumps.
    shown: SeenIntervals,
}

/// Maximum lateness of a tick that is run: a later one was missed while the machine slept or its
/// clock was set.
const MAX_LATENESS: Duration = Duration::from_secs(60);

impl Precise {
    /// An engine whose ticks begin now.
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
            timer: WallTimer::default(),
            seen: now,
            since: now,
            shown: SeenIntervals::default(),
        };
        engine.fill();
        engine
    }

    /// Returns the next tick that is due at `now`, and puts the next instant of its schedule in its
    /// place. After a stall, one tick is too late on behalf of all instants in between, and the
    /// schedule goes on with its next instant: no burst.
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
        let too_late = (is_overtaken || late > MAX_LATENESS).then_some(late);
        Some(Tick { place, due, too_late })
    }

    /// Reads the wall clock, and notices its jumps.
    fn read_clock(&mut self) -> SystemTime {
        let now = (self.clock)();
        match now.duration_since(self.seen) {
            Ok(ahead) if ahead <= MAX_LATENESS => self.seen = now,
            Ok(ahead) => {
                shielded(|| {
                    info!(?ahead, "wall clock jumped ahead: it was set, or the machine slept")
                });
                // instants that are not too late at `now` are run now
                self.jump(now - MAX_LATENESS, now);
            }
            // within the length of a sleep: until then, nothing is due
            Err(back) if back.duration() <= LONGEST_SLEEP => {}
            Err(back) => {
                let back = back.duration();
                shielded(|| {
                    warn!(
                        ?back,
                        "wall clock set back: jobs go on from the new time, without the instants \
                         that this process has run; a restart would run them again"
                    );
                });
                self.jump(now, now);
                self.fill();
            }
        }
        now
    }

    fn jump(&mut self, since: SystemTime, now: SystemTime) {
        self.shown.add(self.since, self.seen);
        (self.since, self.seen) = (since, now);
    }

    /// Fills the heap anew with the next instant of each schedule.
    fn fill(&mut self) {
        let next = |place| Some(Reverse((self.next_after(place, self.seen)?, place)));
        self.heap = (0..self.schedules.len()).filter_map(next).collect();
    }

    /// The next due instant of this schedule.
    #[cfg(feature = "tokio-cron-scheduler")]
    pub(super) fn next_of(&self, place: usize) -> Option<SystemTime> {
        self.next_after(place, self.seen)
    }

    /// The next instant of this schedule after `instant` that the clock has not shown before.
    fn next_after(&self, place: usize, instant: SystemTime) -> Option<SystemTime> {
        let schedule = &self.schedules[place];
        let mut next = schedule.next_after(instant)?;
        while let Some(end) = self.shown.end_of(next) {
            next = schedule.next_after(end)?;
        }
        Some(next)
    }
}

impl Engine for Precise {
    async fn next(&mut self) -> Tick {
        loop {
            let now = self.read_clock();
            if let Some(tick) = self.pop(now) {
                return tick;
            }
            let due = self.heap.peek().map(|Reverse((due, _))| *due);
            self.timer.wait(due, now).await;
        }
    }

    fn try_next(&mut self) -> Option<Tick> {
        self.pop(self.seen)
    }

    fn pop_due(&mut self) -> Option<Tick> {
        let now = self.read_clock();
        self.pop(now)
    }
}
