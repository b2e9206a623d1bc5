//! The due instants after one instant and up to another.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::Claimed;
use crate::schedule::Schedule;

/// Due instants that nobody ran, and nobody will.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// How many; where it is [`Missing::MOST`], so many or more.
    pub count: u32,
    /// The oldest of them.
    pub oldest: Option<SystemTime>,
}

impl Missing {
    /// More are not counted.
    pub const MOST: u32 = 1000;
}

pub(super) struct Pending<'a> {
    schedule: &'a Schedule,
    /// Those that were claimed, whenever that was.
    claimed: &'a VecDeque<Claimed>,
    after: SystemTime,
    until: SystemTime,
}

impl<'a> Pending<'a> {
    pub(super) const fn new(
        schedule: &'a Schedule,
        claimed: &'a VecDeque<Claimed>,
        after: SystemTime,
        until: SystemTime,
    ) -> Self {
        Self { schedule, claimed, after, until }
    }

    fn all(&self) -> impl Iterator<Item = SystemTime> {
        let first = self.oldest();
        std::iter::successors(first, |due| self.next(*due))
    }

    fn next(&self, instant: SystemTime) -> Option<SystemTime> {
        let mut next = self.schedule.next_after(instant)?;
        while self.claimed.iter().any(|run| run.due == next) {
            next = self.schedule.next_after(next)?;
        }
        (next <= self.until).then_some(next)
    }

    pub(super) fn oldest(&self) -> Option<SystemTime> {
        self.next(self.after)
    }

    /// A schedule only looks forward: so from ever further back, until there is one. Of what lies
    /// between, at most as much again is looked at as there was nothing before.
    pub(super) fn newest(&self) -> Option<SystemTime> {
        let mut back = Duration::from_millis(1);
        loop {
            let from = self.until.checked_sub(back).map_or(self.after, |from| from.max(self.after));
            if let Some(found) = self.next(from) {
                return std::iter::successors(Some(found), |due| self.next(*due)).last();
            }
            if from == self.after {
                return None;
            }
            back *= 2;
        }
    }

    pub(super) fn missing(&self) -> Missing {
        let count = self.all().take(Missing::MOST as usize).count() as u32;
        Missing { count, oldest: self.oldest() }
    }

    /// All but the last, which is run.
    pub(super) fn missing_before_last(&self) -> Missing {
        let count = self.all().skip(1).take(Missing::MOST as usize).count() as u32;
        Missing { count, oldest: self.oldest().filter(|_| count > 0) }
    }
}
