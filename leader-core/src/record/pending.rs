//! Pending instants: due in a period of time, and claimed by no leader.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, SystemTime};

use super::ClaimedRun;
use crate::schedule::Schedule;

/// Due instants that no node ran, and that will not be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MissedInstants {
    /// Number of instants.
    pub count: u64,
    /// Whether `count` is a lower bound, since counting stopped at [`MissedInstants::MOST`].
    pub or_more: bool,
    /// Oldest of the instants.
    pub oldest: Option<SystemTime>,
}

impl MissedInstants {
    /// Maximum number of instants of a cron that are counted, since they are found one by one.
    pub const MOST: u64 = 10_000;

    /// Leaves out the last instant.
    #[must_use]
    pub fn without_last(self) -> Self {
        // if there are more than were counted, the last is not among those
        let count = if self.or_more { self.count } else { self.count.saturating_sub(1) };
        Self { count, oldest: self.oldest.filter(|_| count > 0), ..self }
    }

    /// Adds later instants.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        Self {
            count: self.count + later.count,
            or_more: self.or_more || later.or_more,
            oldest: self.oldest.or(later.oldest),
        }
    }
}

/// Resolution of instants.
const MOMENT: Duration = Duration::from_nanos(1);

pub(super) struct Pending<'a> {
    schedule: &'a Schedule,
    /// Runs that were claimed at any time.
    claimed: &'a VecDeque<ClaimedRun>,
    after: SystemTime,
    until: SystemTime,
}

impl<'a> Pending<'a> {
    pub(super) const fn new(
        schedule: &'a Schedule,
        claimed: &'a VecDeque<ClaimedRun>,
        after: SystemTime,
        until: SystemTime,
    ) -> Self {
        Self { schedule, claimed, after, until }
    }

    fn next(&self, instant: SystemTime) -> Option<SystemTime> {
        let mut next = self.schedule.next_after(instant)?;
        while self.is_claimed(next) {
            next = self.schedule.next_after(next)?;
        }
        (next <= self.until).then_some(next)
    }

    pub(super) fn oldest(&self) -> Option<SystemTime> {
        self.next(self.after)
    }

    pub(super) fn newest(&self) -> Option<SystemTime> {
        let end = self.until.checked_add(MOMENT).unwrap_or(self.until);
        let last = self.schedule.previous_before(end);
        let back = |due: &SystemTime| self.schedule.previous_before(*due);
        let mut back = std::iter::successors(last, back).take_while(|due| *due > self.after);
        back.find(|due| !self.is_claimed(*due))
    }

    fn is_claimed(&self, due: SystemTime) -> bool {
        self.claimed.iter().any(|run| run.due == due)
    }

    /// All pending instants.
    pub(super) fn missing(&self) -> MissedInstants {
        let (count, or_more) = match self.schedule {
            // there may be millions
            Schedule::Every(every) => {
                let all = every.count(self.after, self.until);
                (all - self.claimed_ticks(), false)
            }
            _ => {
                let all = std::iter::successors(self.oldest(), |due| self.next(*due));
                let count = all.take(MissedInstants::MOST as usize + 1).count() as u64;
                (count.min(MissedInstants::MOST), count > MissedInstants::MOST)
            }
        };
        MissedInstants { count, or_more, oldest: self.oldest() }
    }

    /// All pending instants but the last, which is run.
    pub(super) fn missing_before_last(&self) -> MissedInstants {
        self.missing().without_last()
    }

    /// Number of due instants in the period that were claimed. A record may have claims by another
    /// schedule, and several of one instant.
    fn claimed_ticks(&self) -> u64 {
        let is_between = |due: &SystemTime| self.after < *due && *due <= self.until;
        let is_due = |due: &SystemTime| {
            due.checked_sub(Duration::from_nanos(1))
                .and_then(|before| self.schedule.next_after(before))
                == Some(*due)
        };
        let claimed = self.claimed.iter().map(|run| run.due).filter(is_between).filter(is_due);
        claimed.collect::<BTreeSet<_>>().len() as u64
    }
}
